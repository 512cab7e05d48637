//! What a wrapper says to the keeper that it starts.

use std::ffi::OsString;
use std::os::fd::RawFd;

#[derive(Debug, clap::Args)]
pub(crate) struct KeepArgs {
    /// Open descriptor of the socket to the wrapper
    #[arg(long)]
    pub(crate) socket: RawFd,

    /// Open descriptor of what holds the lock while it is open
    #[arg(long)]
    pub(crate) lock_file: Option<RawFd>,

    /// Process group of the command; without it, one of its own
    #[arg(long)]
    pub(crate) group: Option<i32>,

    /// First deadline, in microseconds of CLOCK_BOOTTIME
    #[arg(long)]
    pub(crate) deadline_us: u64,

    /// Time between asking to end and killing, in microseconds
    #[arg(long)]
    pub(crate) grace_us: u64,

    /// Most that may be given up of a lease for being late, in microseconds
    #[arg(long)]
    pub(crate) lateness_max_us: u64,

    /// Command to run, and its arguments
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
    pub(crate) command: Vec<OsString>,
}
