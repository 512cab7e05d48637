//! How the program ends: one table of exit codes, kept for ever.

use std::fmt;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::{ExitCode, ExitStatus};

use bramah::{Effect, Error, ErrorKind};
use bramah_server::ServeError;

use crate::output::{Plain, reader_left};
use crate::signals::die_of;
use crate::stderr;

/// The table, as `bramah --help` shows it.
pub(crate) const TABLE: &str = "\
Exit codes:
  0        done; of `lock`: the command returned 0 and the lock was held to its end
  1-255    of `lock`: the command's own code, 128+N if signal N ended it (whoever sent that signal
           to `lock` sees `lock` die of it too)
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

/// How this program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// With this code.
    Code(u8),
    /// Of a signal that was sent to it, as it would have without being told so: a shell around it
    /// ends only then at ctrl-C.
    Signal(i32),
}

impl Exit {
    pub(crate) const OK: Exit = Exit::Code(0);
    pub(crate) const USAGE: Exit = Exit::Code(64);
    pub(crate) const STALE: Exit = Exit::Code(65);
    pub(crate) const UNAVAILABLE: Exit = Exit::Code(69);
    pub(crate) const INTERNAL: Exit = Exit::Code(70);
    pub(crate) const UNKNOWN: Exit = Exit::Code(74);
    pub(crate) const NOT_ACQUIRED: Exit = Exit::Code(75);
    pub(crate) const SESSION_ENDED: Exit = Exit::Code(76);
    pub(crate) const DENIED: Exit = Exit::Code(77);
    pub(crate) const NOT_A_MEMBER: Exit = Exit::Code(78);
    pub(crate) const LOST: Exit = Exit::Code(80);
    pub(crate) const NOT_EXECUTABLE: Exit = Exit::Code(126);
    pub(crate) const NOT_FOUND: Exit = Exit::Code(127);

    /// As a shell reports a process that ended so.
    pub(crate) fn of_status(status: ExitStatus) -> Exit {
        match (status.code(), status.signal()) {
            (Some(code), _) => Exit::Code(u8::try_from(code).unwrap_or(u8::MAX)),
            (None, Some(signal)) => Exit::Code(Exit::Signal(signal).code()),
            (None, None) => Exit::INTERNAL,
        }
    }

    /// As a shell reports it: 128 and its number for a signal.
    pub(crate) fn code(self) -> u8 {
        match self {
            Exit::Code(code) => code,
            Exit::Signal(number) => u8::try_from(128 + number).unwrap_or(u8::MAX),
        }
    }

    /// Ends this program so, or tells `main` with which code to return.
    pub(crate) fn end(self) -> ExitCode {
        if let Exit::Signal(number) = self {
            die_of(number);
        }
        // Process 1 of a container dies of no signal of its own.
        self.code().into()
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
        Some(ServeError::TooFewFiles { .. }) => return Exit::UNAVAILABLE,
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
        ErrorKind::Mismatch => Some("all who use a semaphore must say the same --of"),
        _ => None,
    }
}
