//! Backups, and what is made of them.

use std::path::PathBuf;

use super::PlainArgs;

pub(crate) const EXAMPLES: &str = "\
Examples:
  bramah backup locks.backup                     # of any member, while clients go on
  bramah backup --check locks.backup             # reads it all, asks no server; - is stdin
  bramah restore locks.backup /var/lib/bramah    # a new cluster of one, to be started and joined";

/// What whoever recovers must know.
pub(crate) const RECOVERY: &str = "\
Only when most members are lost for ever. First stop every server of the cluster, make sure that
the lost ones cannot come back, and copy the folder. What the lost members acknowledged without
this one is missing: holders of such locks are told, and fencing tokens go on above all that were
ever granted. Then start a server on the folder without --join, and let others join it.";

#[derive(Debug, clap::Args)]
pub(crate) struct BackupArgs {
    /// Where to write it, a file that is not there yet; - writes to stdout, and with
    /// --check reads from stdin
    pub(crate) file: PathBuf,

    /// Write nothing: read this backup from its beginning to its end, and tell what it holds
    #[arg(long)]
    pub(crate) check: bool,

    #[command(flatten)]
    pub(crate) plain: PlainArgs,
}

#[derive(Debug, clap::Args)]
pub(crate) struct RestoreArgs {
    /// What `backup` wrote; - reads from stdin
    pub(crate) file: PathBuf,

    /// The data folder of the server, which must have no data yet
    pub(crate) folder: PathBuf,

    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct RecoverArgs {
    /// The data folder of the member that is left; no server may run in it
    pub(crate) folder: PathBuf,

    /// It is understood what may be lost; without it only what is there is told
    #[arg(long)]
    pub(crate) yes: bool,

    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}
