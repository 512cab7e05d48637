//! What a snapshot of the table holds: plain facts, from which [`crate::State`] is built again.
//!
//! Everything that can be derived (deadlines, indexes, the order of queues, which locks exist) is
//! left out, so that it cannot contradict the facts. [`State::facts`](crate::State::facts) gives
//! them one by one, so that a large table never stands in memory twice; [`Restore`] takes them in
//! the same order.

use std::fmt;
use std::sync::Arc;

use crate::command::{IfHeld, Item, Mode, OnDisconnect, Owner, Terms};
use crate::event::EndReason;
use crate::history::Ended;
use crate::ids::{
    FencingToken, HoldId, Key, LockName, Priority, RequestSeq, SessionHandle, SessionId, Time, Ttl,
    Value,
};
use crate::outcome::Outcome;

pub use crate::state::Restore;

/// One fact of a snapshot. They come in the order of the variants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    /// The counters; exactly one, first.
    Counters(Counters),
    /// An open session, in the order of their numbers.
    Session(SessionFact),
    /// A hold, in the order of tokens.
    Hold(HoldFact),
    /// A waiter, in the order of arrival.
    Wait(WaitFact),
    /// A lock that rests after an unclean end.
    Rest {
        /// Which.
        name: LockName,
        /// Until when.
        until: Time,
    },
    /// A hold that ended, oldest first.
    Ended(Ended),
    /// A session that ended, oldest first.
    EndedSession(EndedSession),
}

/// The table's counters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// The latest time that was applied.
    pub now: Time,
    /// The last revision given to an event.
    pub revision: u64,
    /// The last token granted: no later grant may be at or below it.
    pub last_token: FencingToken,
    /// The last session number given.
    pub last_session: SessionId,
    /// The last arrival number given to a waiter.
    pub last_wait: u64,
}

/// An open session. Its deadline is `renewed_at + ttl`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionFact {
    /// Number and key.
    pub handle: SessionHandle,
    /// Its TTL.
    pub ttl: Ttl,
    /// When it was opened.
    pub opened_at: Time,
    /// When it was renewed last.
    pub renewed_at: Time,
    /// What the end of its connection means.
    pub on_disconnect: OnDisconnect,
    /// Who it is.
    pub owner: Arc<Owner>,
    /// Below this its client has all answers.
    pub answered_below: RequestSeq,
    /// The answers it may still ask for again, in the order of their requests.
    pub answers: Vec<(RequestSeq, Outcome)>,
}

/// A hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HoldFact {
    /// Token and key.
    pub hold: HoldId,
    /// Whose it is, or was if it only lingers.
    pub session: SessionId,
    /// Which lock.
    pub name: LockName,
    /// How.
    pub mode: Mode,
    /// Since when.
    pub granted_at: Time,
    /// How often, with re-entries.
    pub count: u32,
    /// Its value.
    pub value: Option<Value>,
    /// Its conditions.
    pub terms: Terms,
    /// The request that asked for it.
    pub seq: RequestSeq,
    /// Its holder is gone, for this reason, and it only waits for its minimum hold to be over; with
    /// the owner to be named until then.
    pub lingers: Option<(EndReason, Arc<Owner>)>,
}

/// A waiter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitFact {
    /// Its arrival number.
    pub arrival: u64,
    /// Whose it is.
    pub session: SessionId,
    /// The request that asked.
    pub seq: RequestSeq,
    /// What it wants: one lock, or many at once.
    pub items: Vec<Item>,
    /// The secret half of the hold ids to be.
    pub key: Key,
    /// Its urgency.
    pub priority: Priority,
    /// Since when it waits.
    pub queued_at: Time,
    /// Until when, if not as long as its session lives.
    pub deadline: Option<Time>,
    /// What it said about holding already.
    pub if_held: IfHeld,
    /// The conditions of the holds to be.
    pub terms: Terms,
    /// It is the upgrade of this shared hold.
    pub upgrade_of: Option<FencingToken>,
}

/// A session that ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndedSession {
    /// Number and key.
    pub handle: SessionHandle,
    /// When it ended.
    pub at: Time,
    /// How.
    pub reason: EndReason,
}

/// Facts contradict each other: they are of no state that ever was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contradiction(pub(crate) String);

impl fmt::Display for Contradiction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "snapshot contradicts itself: {}", self.0)
    }
}

impl std::error::Error for Contradiction {}
