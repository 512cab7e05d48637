//! A refusal of the lock core, as a row of the table of errors and in words.

use std::fmt;

use bramah_core::limits::CYCLE_STEPS_MAX;
use bramah_core::{DeadlockStep, EndReason, Refusal, Time};

use crate::error::{Error, ErrorCode};

impl Error {
    /// The error that tells of `refusal`, at the time `now`.
    #[must_use]
    pub fn from_refusal(refusal: &Refusal, now: Time) -> Error {
        let error = |message: String| Error::new(code(refusal), message);
        match refusal {
            Refusal::SessionUnknown => error(
                "find the session: no session has this number and key; open a new one".to_owned(),
            ),
            Refusal::SessionEnded { at, reason } => error(format!(
                "use the session: it {}; open a new one",
                Ended { at: *at, reason, now }
            )),
            Refusal::NotHolder { ended: Some((at, reason)) } => {
                error(format!("act on the hold: it {}", Ended { at: *at, reason, now }))
            }
            Refusal::NotHolder { ended: None } => error(
                "act on the hold: it ended some time ago, or there never was one of this id"
                    .to_owned(),
            ),
            Refusal::RequestStale => error(
                "repeat the request: its client said that it has the answer, so that was \
                 forgotten; look before asking under a new number"
                    .to_owned(),
            ),
            Refusal::RequestCancelled => {
                error("serve the request: it was cancelled; ask under a new number".to_owned())
            }
            Refusal::QueueFull { waiters, waiters_max } => error(format!(
                "queue: {waiters} wait, and at most {waiters_max} may (waiters_max); try later"
            )),
            Refusal::LimitExceeded { limit, max } => {
                error(format!("go beyond {limit}_max: it is {max}"))
            }
            Refusal::KindMismatch { semaphore: true } => {
                error("take the name as a plain lock: it is in use as a semaphore".to_owned())
            }
            Refusal::KindMismatch { semaphore: false } => {
                error("take the name as a semaphore: it is in use as a plain lock".to_owned())
            }
            Refusal::Deadlock { cycle } => {
                let mut error = error(format!(
                    "wait: it would close a circle ({}); release what the others wait for first",
                    Circle(cycle)
                ));
                error.cycle.clone_from(cycle);
                error
            }
            Refusal::Invalid(reason) => error(format!("serve the request: {reason}")),
        }
    }
}

fn code(refusal: &Refusal) -> ErrorCode {
    match refusal {
        Refusal::SessionUnknown => ErrorCode::SessionUnknown,
        Refusal::SessionEnded { reason: EndReason::Expired { .. }, .. } => {
            ErrorCode::SessionExpired
        }
        Refusal::SessionEnded { .. } => ErrorCode::SessionEnded,
        Refusal::NotHolder { .. } => ErrorCode::NotHolder,
        Refusal::RequestStale => ErrorCode::RequestStale,
        Refusal::RequestCancelled => ErrorCode::RequestCancelled,
        Refusal::QueueFull { .. } => ErrorCode::QueueFull,
        Refusal::LimitExceeded { .. } => ErrorCode::LimitExceeded,
        Refusal::KindMismatch { .. } => ErrorCode::KindMismatch,
        Refusal::Deadlock { .. } => ErrorCode::Deadlock,
        Refusal::Invalid(_) => ErrorCode::InvalidRequest,
    }
}

/// How something ended, and how long ago.
struct Ended<'a> {
    at: Time,
    reason: &'a EndReason,
    now: Time,
}

impl fmt::Display for Ended<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ago = Length(self.now.ms_since(self.at));
        match self.reason {
            EndReason::Released => write!(f, "was released {ago} ago"),
            EndReason::Expired { renewed_at } => {
                let silent = Length(self.at.ms_since(*renewed_at));
                write!(f, "expired {ago} ago, {silent} after its last keepalive")
            }
            EndReason::SessionClosed => write!(f, "ended {ago} ago, when the session was closed"),
            EndReason::Disconnected => write!(f, "ended {ago} ago, when the connection was lost"),
            EndReason::Revoked { by } => write!(f, "was revoked {ago} ago ({by})"),
            EndReason::MaxHold => write!(f, "reached its maximum hold {ago} ago"),
            EndReason::Upgraded => write!(f, "was upgraded to another hold {ago} ago"),
            EndReason::Cancelled => write!(f, "was cancelled {ago} ago"),
        }
    }
}

/// A length of time in milliseconds, for reading.
struct Length(u64);

impl fmt::Display for Length {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            ms @ ..1_000 => write!(f, "{ms} ms"),
            ms @ ..120_000 => write!(f, "{}.{} s", ms / 1_000, ms % 1_000 / 100),
            ms @ ..7_200_000 => write!(f, "{} min", ms / 60_000),
            ms => write!(f, "{} h", ms / 3_600_000),
        }
    }
}

/// A circle of waiters, or its first part.
struct Circle<'a>(&'a [DeadlockStep]);

impl fmt::Display for Circle<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const STEPS_TOLD: usize = 4;
        for (index, step) in self.0.iter().take(STEPS_TOLD).enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            write!(f, "{comma}session {} for {:?}", step.session, step.waits_for.as_str())?;
        }
        match self.0.len().saturating_sub(STEPS_TOLD) {
            0 => Ok(()),
            // The core names no more of it.
            more if self.0.len() == CYCLE_STEPS_MAX => write!(f, ", and at least {more} more"),
            more => write!(f, ", and {more} more"),
        }
    }
}
