//! What the table tells to whom it concerns: holders, waiters, watchers.

use std::sync::Arc;

use crate::ids::{FencingToken, LockName, RequestSeq, SessionId, Time, Value};
use crate::outcome::{Busy, Grant};

/// A change of the table. Revisions rise by one with each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The change's number.
    pub revision: u64,
    /// What happened.
    pub what: Happening,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Happening {
    /// A lock is held.
    Granted {
        /// Whose.
        session: SessionId,
        /// The request that asked.
        seq: RequestSeq,
        /// It had been queued, so its client waits for this news.
        waited: bool,
        /// The grants: one, or all of an acquire of many.
        grants: Vec<Grant>,
    },
    /// A hold ended.
    HoldEnded {
        /// Which lock.
        name: LockName,
        /// Which hold.
        token: FencingToken,
        /// Whose it was.
        session: SessionId,
        /// How it ended.
        reason: EndReason,
    },
    /// Somebody waits.
    Queued {
        /// For which lock (once for each lock of an acquire of many).
        name: LockName,
        /// Who.
        session: SessionId,
        /// By which request.
        seq: RequestSeq,
        /// At which place.
        position: usize,
    },
    /// A wait ended without a grant.
    WaitEnded {
        /// Whose.
        session: SessionId,
        /// Which request's.
        seq: RequestSeq,
        /// The locks it waited for.
        names: Vec<LockName>,
        /// How it ended.
        reason: WaitEnd,
    },
    /// A holder changed its value.
    ValueSet {
        /// Which lock.
        name: LockName,
        /// Which hold.
        token: FencingToken,
        /// The value now.
        value: Option<Value>,
    },
    /// An exclusive hold became shared.
    Downgraded {
        /// Which lock.
        name: LockName,
        /// Which hold.
        token: FencingToken,
    },
    /// A session ended.
    SessionEnded {
        /// Which.
        session: SessionId,
        /// How.
        reason: EndReason,
    },
}

/// How a wait ended without a grant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WaitEnd {
    /// At its deadline.
    TimedOut(Busy),
    /// Its client wanted no more.
    Cancelled,
    /// Its session ended.
    SessionEnded,
    /// The shared hold that was to be upgraded ended.
    HoldEnded,
}

/// How a hold or a session ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EndReason {
    /// The holder gave it back.
    Released,
    /// No keepalive came in time.
    Expired {
        /// When the last one did.
        renewed_at: Time,
    },
    /// The session was closed by its client.
    SessionClosed,
    /// The session's connection ended, and the session with it.
    Disconnected,
    /// An operator took it.
    Revoked {
        /// Who and why.
        by: Arc<str>,
    },
    /// Its maximum hold was over.
    MaxHold,
    /// It became an exclusive hold under a new token.
    Upgraded,
    /// Its request was cancelled as it was granted.
    Cancelled,
}

impl EndReason {
    /// Bytes that it takes beyond its own size.
    pub(crate) fn more_bytes(&self) -> usize {
        match self {
            EndReason::Revoked { by } => by.len(),
            _ => 0,
        }
    }

    /// It is the end of a whole session, which all of the session's holds share.
    #[must_use]
    pub fn is_of_session(&self) -> bool {
        matches!(
            self,
            EndReason::Expired { .. } | EndReason::SessionClosed | EndReason::Disconnected
        )
    }

    /// The holder did not choose this end, so what it guarded may be half done: the lock delay
    /// applies.
    #[must_use]
    pub fn is_unclean(&self) -> bool {
        matches!(self, EndReason::Expired { .. } | EndReason::Disconnected | EndReason::MaxHold)
    }
}
