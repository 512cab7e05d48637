//! One request under way, from being asked for to its answer.

use std::task::{Context, Waker};

use bramah_wire::proto::reply::Outcome;
use bramah_wire::proto::request::Op;
use bramah_wire::proto::{Request, RequestRef};
use bramah_wire::{ErrorCode, proto};

use super::session::SessionKey;
use crate::clock::LocalTime;
use crate::error::{Effect, Error, ErrorKind};

/// A request's id on the wire, the same on every connection it is sent over.
pub(super) type CallId = u64;

/// What a request is for, which decides what becomes of it when its answer or its asker is lost.
#[derive(Debug)]
pub(super) enum Purpose {
    /// A question: can be asked again.
    Ask,
    /// A change of the cluster: can be asked again as well, and whoever asks decides when.
    Change,
    /// An act outside of a session: cannot be repeated, so its outcome may stay unknown.
    Act,
    /// Numbered, and cancelled when its asker goes: an acquire or an upgrade.
    Acquire,
    /// Numbered, and done even when its asker goes.
    OnHold,
    /// Numbered: undoes the request of this number.
    Cancel(u64),
    /// Opens its session.
    Open,
    /// Closes its session.
    Close,
    /// Brings its session to this connection. It is not sent again, a new connection makes its own.
    Attach {
        /// Tokens that the server named so far.
        named: Vec<u64>,
    },
    /// Renews these sessions. It is not sent again.
    KeepAlive(Vec<SessionKey>),
    /// Who the members of the cluster are. It is not sent again.
    Members,
}

impl Purpose {
    pub(super) fn is_numbered(&self) -> bool {
        matches!(self, Purpose::Acquire | Purpose::OnHold | Purpose::Cancel(_))
    }

    /// If nobody waits for it any more, it goes on for as long as its session lives.
    pub(super) fn goes_with_session(&self) -> bool {
        self.is_numbered() || matches!(self, Purpose::Close)
    }

    /// A lease is over unless it is answered.
    pub(super) fn renews(&self) -> bool {
        matches!(self, Purpose::Attach { .. } | Purpose::KeepAlive(_))
    }

    /// It belongs to one connection.
    pub(super) fn is_of_connection(&self) -> bool {
        matches!(self, Purpose::Attach { .. } | Purpose::KeepAlive(_) | Purpose::Members)
    }
}

/// Where a request is.
#[derive(Debug)]
pub(super) enum State {
    /// Not sent over this connection.
    Pending,
    /// Sent over this connection.
    Sent,
    /// Answered: it waits in the queue, at this place of so many.
    Queued(usize, usize),
    /// Finally answered, for its asker to take.
    Done(Box<Result<Answer, Failure>>),
}

#[derive(Debug)]
pub(super) struct Call {
    pub(super) request: Request,
    pub(super) purpose: Purpose,
    pub(super) session: Option<SessionKey>,
    /// Its number in the session; 0 until it is sent.
    pub(super) seq: u64,
    pub(super) state: State,
    /// It was sent, and no refusal says that it did nothing.
    pub(super) maybe_done: bool,
    /// One of its sendings has no answer, and will have none: whatever a later one is told, it may
    /// be done.
    pub(super) in_doubt: bool,
    /// It was in the queue, on this or an earlier connection.
    pub(super) was_queued: bool,
    /// When it was sent last.
    pub(super) sent_at: LocalTime,
    /// It fails if it is still not sent by then.
    pub(super) gives_up_at: Option<LocalTime>,
    /// The end of the wait it asks for.
    pub(super) waits_until: Option<LocalTime>,
    /// Nobody waits for its answer.
    pub(super) abandoned: bool,
    pub(super) waker: Option<Waker>,
}

impl Call {
    pub(super) fn wake_by(&mut self, cx: &Context<'_>) {
        if !self.waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
            self.waker = Some(cx.waker().clone());
        }
    }

    /// It gives a hold back, or undoes what may have been granted: it must come to the server's
    /// ears for as long as the session lives.
    pub(super) fn undoes(&self) -> bool {
        self.purpose.is_numbered()
            && matches!(self.request.op, Some(Op::Release(_) | Op::Cancel(_)))
    }

    /// The shared hold that an upgrade wants to exchange.
    pub(super) fn upgrades(&self) -> Option<proto::Handle> {
        match &self.request.op {
            Some(Op::Upgrade(upgrade)) => upgrade.hold,
            _ => None,
        }
    }
}

/// A final answer that is no refusal.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) outcome: Outcome,
    /// The cluster's time of the answer.
    pub(super) now_ms: u64,
    /// How old it may be, if an old one was good enough.
    pub(super) staleness: Option<proto::Staleness>,
    pub(super) session: Option<SessionKey>,
}

/// Why there is no such answer.
#[derive(Clone, Debug)]
pub(super) struct Failure {
    pub(super) kind: ErrorKind,
    pub(super) effect: Effect,
    /// What the server called it, if it is a server's refusal.
    pub(super) code: Option<ErrorCode>,
    pub(super) message: String,
}

impl Failure {
    pub(super) fn new(kind: ErrorKind, message: impl Into<String>) -> Failure {
        let effect = match kind {
            ErrorKind::OutcomeUnknown => Effect::Unknown,
            _ => Effect::NotApplied,
        };
        Failure { kind, effect, code: None, message: message.into() }
    }

    /// What a server's refusal means.
    pub(super) fn of_reply(error: &proto::Error) -> Failure {
        let code = ErrorCode::from_name(&error.code);
        let kind = code.map_or(ErrorKind::Internal, kind_of);
        let effect = match proto::Effect::try_from(error.effect) {
            Ok(proto::Effect::NotApplied) => Effect::NotApplied,
            _ => Effect::Unknown,
        };
        Failure { kind, effect, code, message: format!("could not {}", error.message) }
    }

    pub(super) fn during(self, operation: impl Into<String>) -> Error {
        let operation = operation.into();
        let message = once(&operation, &self.message);
        Error::new(self.kind, operation, message).with_effect(self.effect)
    }
}

/// A server's "could not acquire: REASON" without what this side says already.
fn once<'a>(operation: &str, message: &'a str) -> &'a str {
    let verb = |of: &str| of.split(' ').next().map(str::to_owned);
    let said = message.strip_prefix("could not ").and_then(|rest| rest.split_once(": "));
    match said {
        Some((what, reason))
            if ["act on the hold", "change the cluster", "serve the request"].contains(&what)
                || verb(what) == verb(operation) =>
        {
            reason
        }
        _ => message,
    }
}

fn kind_of(code: ErrorCode) -> ErrorKind {
    match code {
        ErrorCode::Deadlock => ErrorKind::Deadlock,
        ErrorCode::QueueFull => ErrorKind::QueueFull,
        ErrorCode::NotHolder | ErrorCode::StaleFencingToken => ErrorKind::NotHolder,
        ErrorCode::SessionUnknown | ErrorCode::SessionExpired | ErrorCode::SessionEnded => {
            ErrorKind::SessionEnded
        }
        ErrorCode::RequestStale | ErrorCode::OutcomeUnknown => ErrorKind::OutcomeUnknown,
        ErrorCode::KindMismatch => ErrorKind::Mismatch,
        ErrorCode::LimitExceeded => ErrorKind::LimitExceeded,
        ErrorCode::InvalidRequest
        | ErrorCode::InvalidFrame
        | ErrorCode::FrameTooLarge
        | ErrorCode::NotFound => ErrorKind::Invalid,
        ErrorCode::Unsupported | ErrorCode::UnsupportedVersion => ErrorKind::Unsupported,
        ErrorCode::Denied => ErrorKind::Denied,
        ErrorCode::NoLeader
        | ErrorCode::Draining
        | ErrorCode::Unreachable
        | ErrorCode::TooManyRequests => ErrorKind::Unavailable,
        ErrorCode::DiskFull | ErrorCode::StorageFailed => ErrorKind::Storage,
        _ => ErrorKind::Internal,
    }
}

/// The server cannot answer now, and may a little later, or another server can.
pub(super) fn is_not_now(code: &str) -> bool {
    matches!(
        ErrorCode::from_name(code),
        Some(
            ErrorCode::NoLeader
                | ErrorCode::Draining
                | ErrorCode::Unreachable
                | ErrorCode::TooManyRequests
        )
    )
}

/// Writes its number into a numbered request.
pub(super) fn set_number(request: &mut Request, number: RequestRef) {
    let number = Some(number);
    let Some(op) = &mut request.op else { return };
    match op {
        Op::Acquire(op) => op.request = number,
        Op::AcquireMany(op) => op.request = number,
        Op::Upgrade(op) => op.request = number,
        Op::Cancel(op) => op.request = number,
        Op::Release(op) => op.request = number,
        Op::SetValue(op) => op.request = number,
        Op::Downgrade(op) => op.request = number,
        _ => {}
    }
}

/// Writes how long is left to wait into an acquire or upgrade.
pub(super) fn set_wait(request: &mut Request, left_ms: u64) {
    let Some(op) = &mut request.op else { return };
    let how = match left_ms {
        0 => proto::wait::How::Try(true),
        ms => proto::wait::How::ForMs(ms),
    };
    let wait = Some(proto::Wait { how: Some(how) });
    match op {
        Op::Acquire(op) => op.wait = wait,
        Op::AcquireMany(op) => op.wait = wait,
        Op::Upgrade(op) => op.wait = wait,
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_says_once_what_could_not_be_done() {
        for (operation, message, expected) in [
            ("acquire \"foo\"", "could not acquire: it is long", "it is long"),
            ("renew a hold", "could not act on the hold: it expired", "it expired"),
            ("acquire \"foo\"", "could not open a session: no", "could not open a session: no"),
            ("acquire \"foo\"", "could not serve the request: too long", "too long"),
            ("acquire \"foo\"", "no answer", "no answer"),
            ("remove member 3", "could not change the cluster: too few", "too few"),
        ] {
            assert_eq!(once(operation, message), expected);
        }
    }
}
