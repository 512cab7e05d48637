//! What can be said on the command line.

mod backup;
mod cluster;
mod duration;
mod keep;
mod lock;
mod serve;

use std::time::Duration;

use clap::{Parser, Subcommand};

pub(crate) use backup::{BackupArgs, RECOVERY, RecoverArgs, RestoreArgs};
pub(crate) use cluster::ClusterCommand;
pub(crate) use duration::{parse as parse_duration, parse_ttl};
pub(crate) use keep::KeepArgs;
pub(crate) use lock::{AcquireArgs, LockArgs, Wish};
pub(crate) use serve::{Listen, LogLevel, ServeArgs, Settings};

use crate::exit;

/// Distributed locks: run a command under one, see who holds what, serve them.
#[derive(Debug, Parser)]
#[command(name = "bramah", version, max_term_width = 100, after_help = exit::TABLE)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve locks
    Serve(ServeArgs),
    /// Run a command under a lock
    #[command(override_usage = "bramah lock [OPTIONS] NAME [--] COMMAND [ARGUMENT]...\n       \
                                bramah lock [OPTIONS] -c STRING NAME",
              after_help = lock::after_help())]
    Lock(LockArgs),
    /// Run a command under a lock if it is free: `lock -n`
    #[command(override_usage = "bramah try [OPTIONS] NAME [--] COMMAND [ARGUMENT]...",
              after_help = lock::after_help())]
    Try(LockArgs),
    /// Acquire a lock that outlives this program, until its TTL or its release
    Acquire(AcquireArgs),
    /// Renew a hold of `acquire`
    Renew(RenewArgs),
    /// Release a hold of `acquire`
    Release(HoldArgs),
    /// Show locks that are held or waited for
    Ls(PrefixArgs),
    /// Show who holds a lock
    Who(NameArgs),
    /// Show who waits for a lock, in order
    Queue(NameArgs),
    /// Show how holds ended, newest first
    History(HistoryArgs),
    /// Show open sessions
    Sessions(ReadArgs),
    /// Follow the changes of a lock, or of all with a prefix
    Watch(WatchArgs),
    /// Print the value of a held lock: into a pipe byte for byte, with no newline behind it
    Get(NameArgs),
    /// Change the value of a hold
    Set(SetArgs),
    /// Tell whether a fencing token is of a living hold; exit 65 if not
    Verify(VerifyArgs),
    /// Take a lock away from whoever holds it
    Revoke(RevokeArgs),
    /// Look at the servers of a cluster, and change which they are
    #[command(after_help = cluster::EXAMPLES)]
    Cluster {
        #[command(subcommand)]
        command: ClusterCommand,
    },
    /// Write a backup of all locks, sessions and history to a file, and read it back
    #[command(after_help = backup::EXAMPLES)]
    Backup(BackupArgs),
    /// Make a backup the data of a new server, which is a cluster of its own
    #[command(after_help = backup::EXAMPLES)]
    Restore(RestoreArgs),
    /// Make the one member that is left of a lost cluster a cluster of its own
    #[command(after_help = RECOVERY)]
    Recover(RecoverArgs),
    /// Keep the command of a `lock` that started this
    #[command(hide = true)]
    Keep(KeepArgs),
    /// Measure a service: lock cycles a second and their latency
    Bench(BenchArgs),
    /// Print a script that completes commands and flags in a shell
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
}

/// Which service is asked.
#[derive(Debug, clap::Args)]
pub(crate) struct ServiceArgs {
    /// Where the locks are: bramah://HOST:PORT[,HOST:PORT...], or local: for this host without a
    /// server
    #[arg(long, value_name = "URL", env = "BRAMAH_URL", default_value = "bramah://127.0.0.1:7420")]
    pub(crate) on: String,

    /// Give up when the service is out of reach for so long
    #[arg(long, value_name = "DURATION", default_value = "5s", value_parser = parse_duration)]
    pub(crate) connect_timeout: Duration,
}

impl ServiceArgs {
    pub(crate) fn builder(&self) -> bramah::LockerBuilder {
        bramah::Locker::builder().url(self.on.clone()).connect_timeout(self.connect_timeout)
    }
}

/// Which service is asked, and how the answer is shown.
#[derive(Debug, clap::Args)]
pub(crate) struct PlainArgs {
    #[command(flatten)]
    pub(crate) service: ServiceArgs,

    /// Print JSON instead of a table
    #[arg(long)]
    pub(crate) json: bool,
}

/// A question.
#[derive(Debug, clap::Args)]
pub(crate) struct ReadArgs {
    #[command(flatten)]
    pub(crate) plain: PlainArgs,

    /// Be content with what the server at hand knows: also while nobody leads, and perhaps from
    /// before the last changes
    #[arg(long)]
    pub(crate) stale: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct NameArgs {
    /// Name of the lock
    pub(crate) name: String,

    #[command(flatten)]
    pub(crate) read: ReadArgs,
}

#[derive(Debug, clap::Args)]
pub(crate) struct PrefixArgs {
    /// Only names that start so
    #[arg(default_value = "", hide_default_value = true)]
    pub(crate) prefix: String,

    #[command(flatten)]
    pub(crate) read: ReadArgs,
}

#[derive(Debug, clap::Args)]
pub(crate) struct HoldArgs {
    /// What `acquire` printed, or BRAMAH_HOLD_ID
    pub(crate) hold_id: String,

    #[command(flatten)]
    pub(crate) plain: PlainArgs,
}

#[derive(Debug, clap::Args)]
pub(crate) struct RenewArgs {
    #[command(flatten)]
    pub(crate) hold: HoldArgs,

    /// Change its TTL too
    #[arg(long, value_name = "DURATION", value_parser = parse_ttl)]
    pub(crate) ttl: Option<Duration>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct SetArgs {
    /// What `acquire` printed, or BRAMAH_HOLD_ID
    pub(crate) hold_id: String,

    /// The value, at most 64 KiB; - reads it from stdin
    pub(crate) value: std::ffi::OsString,

    #[command(flatten)]
    pub(crate) plain: PlainArgs,
}

#[derive(Debug, clap::Args)]
pub(crate) struct HistoryArgs {
    /// Only this lock
    pub(crate) name: Option<String>,

    /// Show at most so many
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub(crate) limit: usize,

    #[command(flatten)]
    pub(crate) read: ReadArgs,
}

#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("what").required(true))]
pub(crate) struct WatchArgs {
    /// Name of the lock
    #[arg(group = "what")]
    pub(crate) name: Option<String>,

    /// All locks whose names start so
    #[arg(long, group = "what")]
    pub(crate) prefix: Option<String>,

    #[command(flatten)]
    pub(crate) plain: PlainArgs,
}

#[derive(Debug, clap::Args)]
pub(crate) struct VerifyArgs {
    /// Name of the lock
    pub(crate) name: String,

    /// The fencing token
    pub(crate) token: u64,

    #[command(flatten)]
    pub(crate) read: ReadArgs,
}

#[derive(Debug, clap::Args)]
pub(crate) struct RevokeArgs {
    /// Name of the lock
    pub(crate) name: String,

    /// Only the hold with this fencing token
    #[arg(long, value_name = "N")]
    pub(crate) token: Option<u64>,

    /// Grant the lock again only when its holder would have expired
    #[arg(long)]
    pub(crate) wait_for_deadline: bool,

    /// Say why, for the holder and the history
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: Option<String>,

    #[command(flatten)]
    pub(crate) plain: PlainArgs,
}

#[derive(Debug, clap::Args)]
pub(crate) struct BenchArgs {
    /// How many clients; several numbers are several runs
    #[arg(long, value_name = "N,N,..", value_delimiter = ',', default_value = "1,16,64",
          value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) clients: Vec<u32>,

    /// Let the clients share so many connections and sessions, as the tasks of a process do;
    /// without, each has its own
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) connections: Option<u32>,

    /// How long each run takes
    #[arg(long, value_name = "DURATION", default_value = "5s", value_parser = parse_duration)]
    pub(crate) seconds: Duration,

    /// A lock for each client, one hot lock that all hand over, or first the one and then the other
    #[arg(long, value_enum, default_value = "both")]
    pub(crate) mode: BenchMode,

    /// Hold so many other locks meanwhile, acquired before the first run
    #[arg(long, value_name = "LOCKS", default_value_t = 0)]
    pub(crate) held: usize,

    #[command(flatten)]
    pub(crate) plain: PlainArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum BenchMode {
    Own,
    Hot,
    Both,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_flags_fit_together() {
        Args::command().debug_assert();
    }
}
