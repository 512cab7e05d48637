//! The one table of errors: what each code means, whether the request may have happened, and what
//! HTTP and the command line make of it.

use std::fmt;

use bramah_core::DeadlockStep;

use crate::proto;

/// Longest message of an error, in bytes. What is longer is cut.
pub const MESSAGE_BYTES_MAX: usize = 2048;

/// Why a request was not served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// Which row of the table.
    pub code: ErrorCode,
    /// What happened, and what to do. Lower case, no full stop, fits after "could not".
    pub message: String,
    /// Of [`ErrorCode::Deadlock`]: who waits for what, at most
    /// [`CYCLE_STEPS_MAX`](bramah_core::limits::CYCLE_STEPS_MAX) of them.
    pub cycle: Vec<DeadlockStep>,
    /// Of [`ErrorCode::NoLeader`] and [`ErrorCode::Draining`]: addresses for clients where to ask
    /// instead, the likeliest first.
    pub servers: Vec<String>,
}

impl Error {
    /// An error of this code.
    #[must_use]
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Error {
        let mut message = message.into();
        let mut end = message.len().min(MESSAGE_BYTES_MAX);
        while !message.is_char_boundary(end) {
            end -= 1;
        }
        message.truncate(end);
        Error { code, message, cycle: Vec::new(), servers: Vec::new() }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

impl From<&Error> for proto::Error {
    fn from(error: &Error) -> proto::Error {
        let cycle = error.cycle.iter().map(|step| proto::DeadlockStep {
            session: step.session.0,
            waits_for: step.waits_for.as_str().to_owned(),
        });
        let effect = match error.code.effect() {
            Effect::NotApplied => proto::Effect::NotApplied,
            Effect::Unknown => proto::Effect::Unknown,
        };
        proto::Error {
            code: error.code.as_str().to_owned(),
            message: error.message.clone(),
            effect: effect.into(),
            cycle: cycle.collect(),
            servers: error.servers.clone(),
        }
    }
}

/// Whether the request that failed has happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It has not.
    NotApplied,
    /// It may have. Repeat it with the same number, or look.
    Unknown,
}

macro_rules! error_codes {
    ($($variant:ident $text:literal $effect:ident $http:literal $exit:literal
        $meaning:literal;)*) => {
        /// A row of the table of errors.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum ErrorCode {
            $(#[doc = $meaning] $variant,)*
        }

        impl ErrorCode {
            /// The whole table, in the order of the reference.
            pub const ALL: &[ErrorCode] = &[$(ErrorCode::$variant),*];

            /// Its name on the wire.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(ErrorCode::$variant => $text,)* }
            }

            /// Whether the request has happened.
            #[must_use]
            pub const fn effect(self) -> Effect {
                match self { $(ErrorCode::$variant => Effect::$effect,)* }
            }

            /// The status of an HTTP response that carries it.
            #[must_use]
            pub const fn http_status(self) -> u16 {
                match self { $(ErrorCode::$variant => $http,)* }
            }

            /// The exit code of the command line.
            #[must_use]
            pub const fn exit_code(self) -> u8 {
                match self { $(ErrorCode::$variant => $exit,)* }
            }

            /// One line that says what it means.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(ErrorCode::$variant => $meaning,)* }
            }

            /// The code of this name, if there is one.
            #[must_use]
            pub fn from_name(name: &str) -> Option<ErrorCode> {
                match name { $($text => Some(ErrorCode::$variant),)* _ => None }
            }
        }
    };
}

error_codes! {
    // Contention. Over the native protocol it is a value; HTTP and the command line need a number
    // for it.
    Busy "busy" NotApplied 409 75
        "somebody else has the lock, and waiting was not asked for";
    WaitTimedOut "wait_timed_out" NotApplied 409 75
        "the wait reached its deadline in the queue";
    Deadlock "deadlock" NotApplied 409 75
        "waiting would close a circle in which everybody waits for the next";
    QueueFull "queue_full" NotApplied 429 75
        "as many as may wait for the lock are waiting";
    RequestCancelled "request_cancelled" NotApplied 409 75
        "the request was cancelled before it was granted";

    // Holds and sessions.
    NotHolder "not_holder" NotApplied 412 65
        "the hold id is of no living hold: it ended, or never was";
    StaleFencingToken "stale_fencing_token" NotApplied 412 65
        "the fencing token is not of a living hold of the lock";
    SessionUnknown "session_unknown" NotApplied 404 76
        "no session has this number and key, now or in the remembered past";
    SessionExpired "session_expired" NotApplied 410 76
        "the session got no keepalive in time: its holds were released";
    SessionEnded "session_ended" NotApplied 410 76
        "the session was closed, or its connection ended: its holds were released";
    RequestStale "request_stale" Unknown 409 74
        "the request's number lies below what its client said it has answers for";

    // How a lock is used.
    KindMismatch "kind_mismatch" NotApplied 409 64
        "the name is in use the other way: as a plain lock or as a semaphore";
    LimitExceeded "limit_exceeded" NotApplied 429 69
        "a bound of the service is reached; the message names it";

    // The request itself.
    InvalidRequest "invalid_request" NotApplied 400 64
        "a field of the request is missing, out of bounds or contradicts another";
    InvalidFrame "invalid_frame" NotApplied 400 64
        "the bytes are not a request";
    FrameTooLarge "frame_too_large" NotApplied 413 64
        "the message is longer than a frame may be";
    Unsupported "unsupported" NotApplied 501 64
        "the service or the backend does not know how to do this";
    UnsupportedVersion "unsupported_version" NotApplied 400 64
        "the peers have no version of the protocol in common";
    NotFound "not_found" NotApplied 404 64
        "there is nothing at this path";
    MethodNotAllowed "method_not_allowed" NotApplied 405 64
        "the path does not take this method";
    Denied "denied" NotApplied 403 77
        "the caller may not do this";

    // The service.
    TooManyRequests "too_many_requests" NotApplied 429 69
        "as many requests as one connection may have are under way";
    Unreachable "unreachable" NotApplied 503 69
        "no server answered, and nothing was sent";
    NoLeader "no_leader" NotApplied 503 69
        "the cluster has no leader at the moment";
    Draining "draining" NotApplied 503 69
        "the server is stopping and takes nothing new";
    DiskFull "disk_full" NotApplied 507 69
        "the server's disk is full, so nothing can be made durable";
    StorageFailed "storage_failed" Unknown 500 74
        "the server's disk failed, and the server stops";
    OutcomeUnknown "outcome_unknown" Unknown 504 74
        "the answer was lost: the request may have happened";
    Internal "internal" Unknown 500 70
        "a defect in the service; please report it";
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
