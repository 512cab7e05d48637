//! The `bramah` program: flags in, output and exit codes out, no logic of its own.
//!
//! Reading order: [`args`] (what can be said), [`commands`] (what each does), [`child`] (the
//! command that runs under a lock), [`keeper`] (the process that ends it in time), [`output`] (how
//! things read), [`exit`] (how it ends).

mod args;
mod bench;
mod child;
mod commands;
mod exit;
mod keeper;
mod output;
mod runtime;
mod signals;
mod stderr;

use std::process::ExitCode;

use clap::builder::Resettable;
use clap::{CommandFactory, FromArgMatches};

use args::{Args, Command};
use exit::Exit;

fn main() -> ExitCode {
    let matches = match command_line().try_get_matches() {
        Ok(matches) => matches,
        Err(error) => return exit::of_usage(&error).end(),
    };
    let args = match Args::from_arg_matches(&matches) {
        Ok(args) => args,
        Err(error) => return exit::of_usage(&error).end(),
    };
    let result = match args.command {
        Command::Serve(serve) => commands::serve::run(serve, &matches),
        Command::Restore(args) => commands::backup::restore(args),
        Command::Recover(args) => commands::backup::recover(args),
        Command::Completions { shell } => commands::completions(shell),
        Command::Keep(args) => keeper::run(&args).map_err(Into::into),
        command => runtime::start().map_err(Into::into).and_then(|it| it.block_on(run(command))),
    };
    let exit = result.unwrap_or_else(|error| exit::explain(&error));
    stderr::flush();
    exit.end()
}

/// An empty BRAMAH_URL is none.
fn command_line() -> clap::Command {
    let command = Args::command();
    if std::env::var_os("BRAMAH_URL").is_none_or(|url| !url.is_empty()) {
        return command;
    }
    command.mut_subcommands(|command| {
        command.mut_args(|arg| match arg.get_id() == "on" {
            true => arg.env(Resettable::Reset),
            false => arg,
        })
    })
}

async fn run(command: Command) -> anyhow::Result<Exit> {
    match command {
        Command::Lock(args) => commands::lock::run(args).await,
        Command::Try(args) => commands::lock::run(args.at_once()).await,
        Command::Acquire(args) => commands::holds::acquire(args).await,
        Command::Renew(args) => commands::holds::renew(args).await,
        Command::Release(args) => commands::holds::release(args).await,
        Command::Set(args) => commands::holds::set(args).await,
        Command::Revoke(args) => commands::holds::revoke(args).await,
        Command::Ls(args) => commands::look::list(args).await,
        Command::Who(args) => commands::look::who(args).await,
        Command::Queue(args) => commands::look::queue(args).await,
        Command::Get(args) => commands::look::get(args).await,
        Command::Sessions(args) => commands::look::sessions(args).await,
        Command::History(args) => commands::history::run(args).await,
        Command::Verify(args) => commands::history::verify(args).await,
        Command::Watch(args) => commands::watch::run(args).await,
        Command::Cluster { command } => commands::cluster::run(command).await,
        Command::Backup(args) => commands::backup::backup(args).await,
        Command::Bench(args) => bench::run(args).await,
        Command::Serve(_)
        | Command::Restore(_)
        | Command::Recover(_)
        | Command::Keep(_)
        | Command::Completions { .. } => unreachable!("main runs these itself"),
    }
}
