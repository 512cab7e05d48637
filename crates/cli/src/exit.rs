//! How the program ends: one table of exit codes, kept for ever.

use std::fmt;
use std::io;
use std::process::{ExitCode, ExitStatus};

use bramah::{Effect, Error, ErrorKind};
use bramah_server::ServeError;

use crate::output::{Plain, reader_left};
use crate::stderr;

/// The table, as `bramah --help` shows it.
pub(crate) const TABLE: &str = "\
Exit codes:
  0        done; of `lock`: the command returned 0 and the lock was held to its end
  1-255    of `lock`: the command's own code, 128+N if signal N ended it
  64       usage
  65       the hold is gone, or the token is stale
  69       the service is unreachable or out of room; of `serve`: the address is taken
  70       a mistake in this program
  74       it is unknown what happened, or the data cannot be read or written
  75       not acquired (-E changes it)
  76       the session ended
  77       denied
  78       of `serve`: the cluster does not take this node, or has removed it; or it is to begin a
           cluster where others know a member of theirs
  80       the lock was lost and the command stopped
  126,127  the command cannot be executed, was not found";

/// An exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Exit(pub(crate) u8);

impl Exit {
    pub(crate) const OK: Exit = Exit(0);
    pub(crate) const USAGE: Exit = Exit(64);
    pub(crate) const STALE: Exit = Exit(65);
    pub(crate) const UNAVAILABLE: Exit = Exit(69);
    pub(crate) const INTERNAL: Exit = Exit(70);
    pub(crate) const UNKNOWN: Exit = Exit(74);
    pub(crate) const NOT_ACQUIRED: Exit = Exit(75);
    pub(crate) const SESSION_ENDED: Exit = Exit(76);
    pub(crate) const DENIED: Exit = Exit(77);
    pub(crate) const NOT_A_MEMBER: Exit = Exit(78);
    pub(crate) const LOST: Exit = Exit(80);
    pub(crate) const NOT_EXECUTABLE: Exit = Exit(126);
    pub(crate) const NOT_FOUND: Exit = Exit(127);

    /// As a shell reports a process that signal `number` ended.
    pub(crate) fn of_signal(number: i32) -> Exit {
        Exit(u8::try_from(128 + number).unwrap_or(u8::MAX))
    }

    /// As a shell reports a process that ended so.
    pub(crate) fn of_status(status: ExitStatus) -> Exit {
        use std::os::unix::process::ExitStatusExt;
        match (status.code(), status.signal()) {
            (Some(code), _) => Exit(u8::try_from(code).unwrap_or(u8::MAX)),
            (None, Some(signal)) => Exit::of_signal(signal),
            (None, None) => Exit::INTERNAL,
        }
    }

    fn of_error(error: &Error) -> Exit {
        match error.kind() {
            // A full disk took nothing, a failed one nobody knows what.
            ErrorKind::Storage if error.effect() == Effect::NotApplied => Exit::UNAVAILABLE,
            ErrorKind::Unavailable | ErrorKind::LimitExceeded => Exit::UNAVAILABLE,
            ErrorKind::NotHolder => Exit::STALE,
            ErrorKind::SessionEnded => Exit::SESSION_ENDED,
            ErrorKind::QueueFull | ErrorKind::Deadlock => Exit::NOT_ACQUIRED,
            ErrorKind::Mismatch | ErrorKind::Invalid | ErrorKind::Unsupported => Exit::USAGE,
            ErrorKind::Denied => Exit::DENIED,
            ErrorKind::OutcomeUnknown | ErrorKind::Storage => Exit::UNKNOWN,
            _ => Exit::INTERNAL,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit.0)
    }
}

/// An error that brings its own exit code.
#[derive(Debug)]
pub(crate) struct Failure {
    exit: Exit,
    message: String,
}

impl Failure {
    /// `message` is a whole sentence: could not ....
    pub(crate) fn new(exit: Exit, message: impl Into<String>) -> Failure {
        Failure { exit, message: message.into() }
    }

    pub(crate) fn usage(message: impl Into<String>) -> Failure {
        Failure::new(Exit::USAGE, message)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

/// Says on stderr what went wrong, and tells the exit code for it.
pub(crate) fn explain(error: &anyhow::Error) -> Exit {
    if reader_left(error) {
        return Exit::OK;
    }
    say(format_args!("{error:#}"));
    if let Some(failure) = error.downcast_ref::<Failure>() {
        return failure.exit;
    }
    match error.downcast_ref::<ServeError>() {
        Some(ServeError::Listen { source, .. }) => {
            if source.kind() == io::ErrorKind::AddrInUse {
                say("does another server run there? choose another address with --listen");
            }
            return Exit::UNAVAILABLE;
        }
        Some(ServeError::Alone(_) | ServeError::Join(_) | ServeError::Removed { .. }) => {
            return Exit::NOT_A_MEMBER;
        }
        Some(ServeError::Open(_) | ServeError::Stopped(_)) => return Exit::UNKNOWN,
        None => {}
    }
    if error.chain().any(|cause| cause.is::<io::Error>()) && !error.is::<Error>() {
        return Exit::UNKNOWN;
    }
    let Some(error) = error.downcast_ref::<Error>() else { return Exit::INTERNAL };
    if let Some(advice) = advice(error) {
        say(advice);
    }
    Exit::of_error(error)
}

/// Shows clap's own words: help on stdout is no error.
pub(crate) fn of_usage(error: &clap::Error) -> Exit {
    // With stderr gone there is nobody to tell.
    let _ = error.print();
    if error.use_stderr() { Exit::USAGE } else { Exit::OK }
}

/// One line on stderr. Nothing in it can move the cursor of a terminal.
pub(crate) fn say(line: impl fmt::Display) {
    stderr::write(format!("bramah: {}\n", Plain(&line.to_string())).as_bytes());
}

fn advice(error: &Error) -> Option<&'static str> {
    match error.kind() {
        ErrorKind::Unavailable if error.to_string().contains("leader") => Some(
            "most members of a cluster must run and reach each other: `bramah cluster status` \
             shows them, and --stale what the others remember",
        ),
        ErrorKind::Unavailable => Some(
            "start a server there with `bramah serve`, or name another service with --on or \
             BRAMAH_URL (`--on local:` locks on this host only)",
        ),
        ErrorKind::OutcomeUnknown => {
            Some("look with `bramah who NAME` before you do it again: it may have happened")
        }
        ErrorKind::NotHolder => Some("`bramah history NAME` tells how it ended"),
        ErrorKind::Mismatch => {
            Some("use it one way: all with --of, as a semaphore, or all without")
        }
        _ => None,
    }
}
