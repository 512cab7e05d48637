//! What can be asked of a lock table. Everything a decision needs stands in the command, also the
//! random keys that its shell drew for it.

use std::sync::Arc;

use crate::ids::{
    FencingToken, HoldId, Key, LockName, Priority, RequestSeq, SessionHandle, Ttl, Value,
};

/// One order to the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Starts a session.
    OpenSession(OpenSession),
    /// Sets the remaining life of each session to its TTL (never adds to it). A session that ended
    /// is reported, the others are renewed all the same.
    Renew(Vec<SessionHandle>),
    /// Ends a session: all its holds are released, all its waits leave their queues.
    CloseSession {
        /// The session.
        session: SessionHandle,
        /// Whether its client asked, or its connection was lost.
        cause: SessionClose,
    },
    /// A numbered request of a session's client, done once and answered the same however often it
    /// is repeated; but a grant that has ended since is not told again as if it were held.
    Request {
        /// The session that asks.
        session: SessionHandle,
        /// Which of its requests this is.
        request: RequestRef,
        /// What it asks.
        action: Action,
    },
    /// An act on a hold by whoever can name its hold id, in no session.
    ByHold {
        /// The proof.
        hold: HoldId,
        /// The act.
        action: HoldAction,
    },
    /// An operator takes a hold away.
    Revoke {
        /// What is taken.
        target: RevokeTarget,
        /// The next grant waits until the old holder's own deadline has passed, so that a holder
        /// which cannot be told is not overlapped.
        wait_for_deadline: bool,
        /// Who did it and why, for the history.
        by: Arc<str>,
    },
}

/// Starts a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenSession {
    /// The secret half of the session's handle.
    pub key: Key,
    /// How long it lives without a keepalive.
    pub ttl: Ttl,
    /// What the end of its connection means.
    pub on_disconnect: OnDisconnect,
    /// Who it is, for every listing.
    pub owner: Arc<Owner>,
}

/// What the end of a session's connection means for the session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnDisconnect {
    /// It lives on until its deadline; its client may come back over another connection.
    #[default]
    Keep,
    /// It ends at once.
    Release,
}

/// Why a session is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionClose {
    /// Its client said so.
    Asked,
    /// Its connection ended, and it was opened with [`OnDisconnect::Release`].
    Disconnected,
}

/// Who holds or waits, in the holder's own words. Nothing here is checked or trusted.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Owner {
    /// Host name.
    pub host: String,
    /// Process id, 0 if unknown.
    pub pid: u32,
    /// User name.
    pub user: String,
    /// Command line.
    pub command: String,
    /// Free text: why it holds.
    pub reason: String,
    /// Where to look it up, such as a build's page.
    pub url: String,
}

impl Owner {
    /// Bytes of all its texts together.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let texts = [&self.host, &self.user, &self.command, &self.reason, &self.url];
        texts.iter().map(|text| text.len()).sum()
    }
}

/// Which of a session's requests this is, and which answers its client already has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestRef {
    /// The request's own number.
    pub seq: RequestSeq,
    /// The client has an answer to every request below this number: the table may forget those.
    /// What still waits, or was granted and is held, is found again by its number all the same;
    /// anything else below it is refused, never done a second time.
    pub answered_below: RequestSeq,
}

/// What a numbered request asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Takes a lock or a place in its queue.
    Acquire(Acquire),
    /// Takes several locks, all at once or none.
    AcquireMany(AcquireMany),
    /// Turns a shared hold into an exclusive one, under a new fencing token.
    Upgrade {
        /// The shared hold; it stays while the upgrade waits.
        hold: HoldId,
        /// The secret half of the new hold's id.
        key: Key,
        /// How long to wait for the other readers.
        wait: Wait,
    },
    /// Wants nothing any more from an earlier acquire or upgrade: its waiter leaves the queue, and
    /// a hold that it was granted in the meantime is released. Also works before the acquire
    /// arrives.
    Cancel {
        /// The number of the earlier request.
        seq: RequestSeq,
    },
    /// Acts on a hold.
    Hold(HoldId, HoldAction),
}

/// An act on a hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HoldAction {
    /// Gives it back, or undoes one re-entry.
    Release,
    /// Changes its value in place.
    SetValue(Option<Value>),
    /// Turns an exclusive hold into a shared one, under the same fencing token.
    Downgrade,
    /// Renews the session it belongs to; `Some` also makes that session's TTL longer.
    Renew(Option<Ttl>),
}

/// Takes one lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acquire {
    /// The lock and how it is wanted.
    pub item: Item,
    /// The secret half of the hold's id.
    pub key: Key,
    /// How long to wait.
    pub wait: Wait,
    /// Urgency.
    pub priority: Priority,
    /// What the session's own hold on this lock means.
    pub if_held: IfHeld,
    /// Refuse rather than queue behind this many waiters.
    pub max_waiters: Option<u32>,
    /// Conditions of the hold.
    pub terms: Terms,
}

/// Takes several locks, all at once or none. While it waits it holds none of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AcquireMany {
    /// The locks, each name once, in any order.
    pub items: Vec<Item>,
    /// The secret half of every hold's id.
    pub key: Key,
    /// How long to wait.
    pub wait: Wait,
    /// Urgency.
    pub priority: Priority,
    /// What the session's own hold on one of the locks means; [`IfHeld::Reenter`] acts as
    /// [`IfHeld::Refuse`].
    pub if_held: IfHeld,
    /// Conditions of every hold.
    pub terms: Terms,
}

/// A lock, and how it is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Which lock.
    pub name: LockName,
    /// How.
    pub mode: Mode,
    /// The value the hold starts with.
    pub value: Option<Value>,
}

/// How a lock is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mode {
    /// Alone.
    Exclusive,
    /// Together with other readers.
    Shared,
    /// A part of a semaphore.
    Permits {
        /// How many, at least 1.
        count: u32,
        /// Out of how many. All who hold or wait must name the same number.
        limit: u32,
    },
}

/// How long an acquire waits when it is not granted at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// Not at all.
    Try,
    /// This many milliseconds; 0 is as [`Wait::Try`].
    ForMs(u64),
    /// As long as its session lives.
    Forever,
}

/// What it means that the asking session itself holds the lock already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum IfHeld {
    /// The session is one thread of control, and waiting for itself would never end: it is told of
    /// its hold ([`crate::Outcome::AlreadyHeld`]). Its waits take part in the search for deadlocks.
    #[default]
    Refuse,
    /// As `Refuse`, but the hold is counted once more and must be released once more.
    Reenter,
    /// The session has several independent users, such as the tasks of a process: they queue as
    /// anyone else does, and are left out of the search for deadlocks.
    Queue,
}

/// Conditions of a hold beside its session's TTL, each in milliseconds; 0 is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Terms {
    /// After an unclean end the lock rests this long before its next grant.
    pub lock_delay_ms: u64,
    /// A release earlier than this after the grant takes effect only then.
    pub min_hold_ms: u64,
    /// The hold ends this long after its grant, however often it is renewed.
    pub max_hold_ms: u64,
}

/// What an operator takes away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RevokeTarget {
    /// All holds of a lock.
    Lock(LockName),
    /// One hold of a lock, by the token that listings show.
    Hold(LockName, FencingToken),
}
