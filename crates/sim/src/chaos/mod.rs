//! Real servers on real networks, real clients with guards, and faults from outside; judged by the
//! same audit as a simulated run.
//!
//! `place` has the network namespaces and disks, which are all gone with the process; `server`
//! is a `bramah serve` in one of them, `client` a program that uses the library in another, and
//! `operator` asks the cluster how it is. `faults` breaks things at random. Everything that a
//! client says, is told and believes is written down (`record`) by the one clock of this machine,
//! and `judge` puts it into one order with the log of a witness, a member without a vote that no
//! fault touches.

mod client;
mod faults;
mod hear;
mod history;
mod judge;
mod kills;
mod load;
mod logs;
mod operator;
mod place;
mod record;
mod rolling;
mod run;
mod scene;
mod server;

pub use self::client::ClientArgs;
pub use self::place::{enter, why_not};

use std::path::PathBuf;
use std::process::ExitCode;

/// What to run.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Break things for so many minutes
    #[arg(long, default_value_t = 1.0)]
    pub minutes: f64,
    /// Members of the cluster
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..=7))]
    pub members: u8,
    /// Decides which faults there are and what clients do; drawn and printed, if not given
    #[arg(long)]
    pub seed: Option<u64>,
    /// Instead, kill the leader so many times, and measure how long nobody is granted anything
    #[arg(long, value_name = "COUNT", conflicts_with_all = ["minutes", "faults", "rolling"])]
    pub kills: Option<u32>,
    /// Instead, restart every member once, under 200 holders and 200 that wait
    #[arg(long, conflicts_with_all = ["minutes", "faults"])]
    pub rolling: bool,
    /// Only these kinds of faults; "none" for none
    #[arg(long, value_delimiter = ',')]
    pub faults: Option<Vec<String>>,
    /// Processes of clients
    #[arg(long, default_value_t = 6)]
    pub clients: u8,
    /// Write records and logs into this folder, and leave them there
    #[arg(long)]
    pub keep: Option<PathBuf>,
    /// Judge once more what a run left in this folder
    #[arg(long, conflicts_with_all = ["keep", "faults", "minutes"])]
    pub again: Option<PathBuf>,
}

/// Runs what was asked for, inside of the place that [`enter`] made.
///
/// # Errors
/// Whatever kept the run from being one: then nothing is known.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    if let Some(folder) = &args.again {
        return Ok(ExitCode::from(u8::from(judge::judge(folder)?)));
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        match args.kills {
            Some(kills) => kills::run(args, kills).await,
            None if args.rolling => rolling::run(args).await,
            None => run::run(args).await,
        }
    })
}

/// The program of one client, inside of its namespace.
///
/// # Errors
/// It could not begin.
pub fn run_client(args: &ClientArgs) -> anyhow::Result<ExitCode> {
    client::run(args)
}
