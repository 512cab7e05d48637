//! Real servers, networks and clients, broken at random and judged by the simulator's audit.

use std::process::ExitCode;

use bramah_sim::chaos;
use clap::{Parser, Subcommand};

/// Runs servers in network namespaces of their own under the load of real clients, breaks them at
/// random, and looks whether every promise is kept.
///
/// Exit codes: 0 all kept, or skipped since namespaces are not to be had here; 1 a promise broken;
/// 64 it could not run.
#[derive(Debug, Parser)]
#[command(name = "bramah-chaos", version, args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(flatten)]
    args: chaos::Args,
    #[command(subcommand)]
    role: Option<Role>,
}

#[derive(Debug, Subcommand)]
enum Role {
    /// One client: started by the run itself
    #[command(hide = true)]
    Client(chaos::ClientArgs),
}

fn main() -> ExitCode {
    let cli = Cli::try_parse().unwrap_or_else(|error| {
        let _ = error.print();
        std::process::exit(if error.use_stderr() { 64 } else { 0 });
    });
    let ran = match &cli.role {
        Some(Role::Client(args)) => chaos::run_client(args),
        None => {
            if let Some(why) = chaos::why_not() {
                println!("SKIPPED: {why}");
                return ExitCode::SUCCESS;
            }
            chaos::enter().and_then(|()| chaos::run(&cli.args))
        }
    };
    ran.unwrap_or_else(|error| {
        eprintln!("bramah-chaos: {error:#}");
        ExitCode::from(64)
    })
}
