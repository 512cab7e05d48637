//! What can be known of locks, holders and waiters; all ages are counted at the moment of the
//! answer.

use std::time::Duration;

use bramah_core::{FencingToken, LockName, Mode, Owner, Priority, Value};

use crate::backend::Hold;

/// The answer to an acquire.
#[derive(Debug)]
pub enum Acquired {
    /// Held: one hold for each lock asked for, in that order.
    Held(Vec<Box<dyn Hold>>),
    /// Not to be had within the wait that was asked for.
    Busy(Box<Busy>),
}

/// Who stands in the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Busy {
    /// The lock.
    pub name: LockName,
    /// The first holder, if the service can name one.
    pub holder: Option<BusyHolder>,
    /// How many hold it.
    pub holders: usize,
    /// How many wait for it.
    pub waiters: usize,
    /// The place in the queue at which the wait ended or would have begun; 0 if there is no queue.
    pub position: usize,
    /// The lock rests after an unclean end, for this long.
    pub rests_for: Option<Duration>,
    /// The semaphore is held with this limit, and another was asked for: that one counts once all
    /// who hold it now are gone.
    pub other_limit: Option<u32>,
}

/// The holder that stands in the way. [`crate::Locker::get`] tells more of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BusyHolder {
    /// Its fencing token.
    pub token: FencingToken,
    /// Its session's public number, 0 where there are none.
    pub session: u64,
    /// Who it says it is.
    pub owner: Owner,
    /// For how long it has held.
    pub held_for: Duration,
    /// How long it lives unless renewed; none where a hold lives as long as its process.
    pub expires_in: Option<Duration>,
}

impl From<HolderInfo> for BusyHolder {
    fn from(holder: HolderInfo) -> BusyHolder {
        let HolderInfo { token, session, owner, held_for, expires_in, .. } = holder;
        BusyHolder { token, session, owner, held_for, expires_in }
    }
}

/// One holder, as everybody may see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HolderInfo {
    /// Its fencing token.
    pub token: FencingToken,
    /// Its session's public number, 0 where there are none.
    pub session: u64,
    /// Who it says it is.
    pub owner: Owner,
    /// How it holds.
    pub mode: Mode,
    /// For how long it has held.
    pub held_for: Duration,
    /// How long it lives unless renewed; none where a hold lives as long as its process.
    pub expires_in: Option<Duration>,
    /// How often, with re-entries.
    pub count: u32,
    /// Its value.
    pub value: Option<Value>,
    /// Given back, and kept until its minimum hold is over.
    pub lingers: bool,
}

/// One waiter, as everybody may see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaiterInfo {
    /// Its place; 1 is next.
    pub position: usize,
    /// Its session's public number.
    pub session: u64,
    /// Who it says it is.
    pub owner: Owner,
    /// How it wants the lock.
    pub mode: Mode,
    /// Its urgency.
    pub priority: Priority,
    /// For how long it has waited.
    pub waited_for: Duration,
    /// How long it will wait; none if for ever.
    pub gives_up_in: Option<Duration>,
}

/// One lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockInfo {
    /// Its name.
    pub name: LockName,
    /// Of a semaphore: its limit.
    pub limit: Option<u32>,
    /// Who holds it.
    pub holders: Vec<HolderInfo>,
    /// The first of those who wait.
    pub waiters: Vec<WaiterInfo>,
    /// How many wait.
    pub waiters_total: usize,
    /// It rests after an unclean end, for this long.
    pub rests_for: Option<Duration>,
}

/// One open session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionInfo {
    /// Its public number.
    pub id: u64,
    /// Who it says it is.
    pub owner: Owner,
    /// Its TTL.
    pub ttl: Duration,
    /// For how long it has been open.
    pub open_for: Duration,
    /// How long it lives unless renewed.
    pub expires_in: Duration,
    /// How many holds it has.
    pub holds: usize,
    /// How many waits it has.
    pub waits: usize,
}

/// A part of a long list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// The part.
    pub items: Vec<T>,
    /// There is more after the last one.
    pub more: bool,
}

/// An answer, and how old it may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Aged<T> {
    /// The answer.
    pub answer: T,
    /// What changed within this time may be missing from it; zero if it is current. Nobody knows
    /// how much is missing if there is none: the server has heard of no leader since it started.
    pub age: Option<Duration>,
    /// The revision of the table that it is of, if it was asked of a table that may be behind.
    pub revision: Option<u64>,
}

impl<T> Aged<T> {
    /// An answer that is current.
    pub fn current(answer: T) -> Aged<T> {
        Aged { answer, age: Some(Duration::ZERO), revision: None }
    }
}

/// A hold that ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// Which lock.
    pub name: LockName,
    /// Which hold.
    pub token: FencingToken,
    /// Whose.
    pub session: u64,
    /// Who that was.
    pub owner: Owner,
    /// How it was held.
    pub mode: Mode,
    /// For how long it was held.
    pub held_for: Duration,
    /// How long ago it ended.
    pub ended_ago: Duration,
    /// How it ended.
    pub reason: LostReason,
}

/// What is known of a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// It is of a living hold.
    pub held: bool,
    /// The newest token known of that lock.
    pub newest: Option<FencingToken>,
    /// How its hold ended, if that is remembered.
    pub ended: Option<LostReason>,
}

/// How a hold ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LostReason {
    /// No keepalive was answered before the deadline.
    NotRenewed,
    /// The service saw no keepalive in time.
    Expired {
        /// How long before the end it saw the last one, if known.
        renewed_ago: Option<Duration>,
    },
    /// It was given back, perhaps by another process with its hold id.
    Released,
    /// Its session was closed.
    SessionClosed,
    /// Its connection ended, and it was opened to end with it.
    Disconnected,
    /// An operator took it.
    Revoked {
        /// Who and why.
        by: String,
    },
    /// Its maximum hold was over.
    MaxHold,
    /// It became an exclusive hold under a new token.
    Upgraded,
    /// Its request was cancelled as it was granted.
    Cancelled,
    /// The service knows the session no more, for instance since it lost its data.
    SessionUnknown,
    /// It ended while the service was out of reach; the history of its lock knows how.
    EndedUnseen,
}

/// Whether a release found something to release.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "a hold that was lost before its release may have been overlapped"]
pub enum Released {
    /// It was still held, and is free now (or after its minimum hold, or one re-entry less).
    Released,
    /// It had been lost before.
    AlreadyLost(Option<LostReason>),
}

/// One change that a watch tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Rises with every change of the service.
    pub revision: u64,
    /// What happened.
    pub kind: ChangeKind,
    /// The lock after it.
    pub lock: LockInfo,
    /// The hold it is about, if it is about one.
    pub token: Option<FencingToken>,
}

/// What happened to a lock.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ChangeKind {
    /// It was so when the watch began, or began again: after the reader was too slow, or when it
    /// went on with another server. What happened in between is not told.
    Snapshot,
    /// It was granted.
    Granted,
    /// A hold ended.
    Ended(LostReason),
    /// Somebody queued.
    Queued,
    /// A wait ended without a grant.
    WaitEnded,
    /// A holder changed its value.
    ValueSet,
    /// An exclusive hold became shared.
    Downgraded,
}
