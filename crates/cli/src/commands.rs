//! What each command does.

mod asking;
pub(crate) mod backup;
pub(crate) mod cluster;
pub(crate) mod history;
pub(crate) mod holds;
pub(crate) mod lock;
pub(crate) mod look;
mod reentry;
pub(crate) mod serve;
mod settings;
pub(crate) mod watch;

use clap::CommandFactory;

use crate::args::Args;
use crate::exit::Exit;
use crate::output;

/// Prints the script that completes commands and flags in `shell`.
pub(crate) fn completions(shell: clap_complete::Shell) -> anyhow::Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Args::command(), "bramah", &mut script);
    output::bytes(&script)?;
    Ok(Exit::OK)
}
