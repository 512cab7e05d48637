//! What a node answers and tells, in the words of the core. The wire gives it bytes.

use std::sync::Arc;

use bramah_core::{
    Ended, Event, FencingToken, LockName, LockView, Outcome, Refusal, SessionGrants, SessionView,
    Sizes, Time, Verdict,
};
use bramah_wire::membership::Membership;

/// The answer to one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// Of a command.
    Outcome(Outcome),
    /// Of a keepalive.
    KeptAlive {
        /// Each session's new deadline, in the order asked.
        renewals: Vec<Result<Time, Refusal>>,
        /// The last ended holds of those that are not attached to the asking connection, which
        /// hears of them by no notice.
        ended: Vec<Ended>,
    },
    /// Of an attach.
    Attached {
        /// The session.
        session: SessionGrants,
        /// Its holds above this token were asked for.
        after: FencingToken,
    },
    /// Of a look at one session.
    Session {
        /// The session.
        session: SessionGrants,
        /// Its holds above this token were asked for.
        after: FencingToken,
    },
    /// Of a look at one lock; no view if nobody holds or waits.
    Lock {
        /// Which.
        name: LockName,
        /// How it is.
        view: Option<Box<LockView>>,
    },
    /// Of a listing of locks.
    Locks(Listing<LockView>),
    /// Of a listing of sessions.
    Sessions(Listing<SessionView>),
    /// Of a look into the past, newest first.
    History(Listing<Ended>),
    /// Of a verification.
    Verdict(Verdict),
    /// Of a watch: the locks as they were. Notices of what follows come after it.
    WatchStarted(Listing<LockView>),
    /// Of an unwatch; false if there was no such watch.
    WatchEnded(bool),
    /// Of a look at the server.
    Info(Info),
    /// Of a change of the membership: the members after it.
    Membership(Membership),
    /// Of a change of the membership that cannot be; it did nothing.
    ChangeRefused(ChangeRefused),
    /// It was not served, and did nothing.
    Unavailable(Unavailable),
    /// It may or may not have happened.
    OutcomeUnknown,
}

/// Why a change of the membership cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeRefused {
    /// No member has that number.
    UnknownMember,
    /// A member has that number already.
    AlreadyMember,
    /// Another change is not done yet.
    OneAtATime,
    /// The learner lacks too much of the log to vote.
    NotCaughtUp,
    /// Nobody would be left to vote.
    LastVoter,
    /// Of those who would vote then, too few answer now and have the log.
    QuorumAtRisk,
    /// There are as many members as may be.
    TooManyMembers,
}

/// A part of a list, as it was at a revision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing<T> {
    /// The revision.
    pub revision: u64,
    /// The first of what there is: one more than `len_max` if there is more.
    pub items: Vec<T>,
    /// How many were asked for.
    pub len_max: usize,
}

/// Why a request is not served right now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unavailable {
    /// There is no leader.
    NoLeader,
    /// The server is stopping, and takes nothing new.
    Draining,
    /// The disk has no room for more.
    DiskFull,
    /// More requests wait to be written than may.
    Overloaded,
    /// There are as many watches as may be.
    TooManyWatches,
}

/// How a node is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Info {
    /// Which node this is.
    pub node_id: u64,
    /// Of which cluster.
    pub cluster_id: u64,
    /// What it acknowledges survives a crash.
    pub durable: bool,
    /// How much there is in the table.
    pub sizes: Sizes,
    /// The revision of the last change.
    pub revision: u64,
    /// The last token granted.
    pub last_token: u64,
}

/// News for one connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// Of a session that is attached to it.
    Session(Event),
    /// Of a watch: what happened, to which lock, and how it is now.
    Change {
        /// The watch.
        watch_id: u64,
        /// What happened.
        event: Arc<Event>,
        /// The lock after it.
        lock: Arc<LockView>,
    },
    /// Changes of this watch were dropped, and it is over: its reader was too slow.
    WatchLagged {
        /// The watch.
        watch_id: u64,
        /// The last revision.
        revision: u64,
    },
}
