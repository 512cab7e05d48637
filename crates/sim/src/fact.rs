//! What is seen in a run, told to the audit, the coverage and the trace in the order of time.

use bramah_core::{FencingToken, HoldId, LockName, Mode, SessionId, Time};
use bramah_node::{Notice, Reply};
use bramah_wire::request::What;

use crate::plan::Fault;

/// A client of the run.
pub type ClientNo = u32;
/// A request as its caller sees it, whatever it takes to get an answer; unique in a run.
pub type CallNo = u64;
/// A connection of a client to a member; unique in a run.
pub type ConnectionNo = u64;

/// Something that happened.
#[derive(Clone, Debug)]
pub enum Fact<'a> {
    /// A member began to run.
    Started { member: u64 },
    /// A member runs no more.
    Stopped { member: u64, why: StopCause },
    /// A member leads, in this term, and may serve.
    Leads { member: u64, term: u64 },
    /// A member leads no more.
    LeadsNoMore { member: u64 },
    /// A client makes a request. The random keys in it are drawn anew each time it is sent, as a
    /// server draws them, and so are `answered_below` and what is left of a wait. A request that
    /// is repeated on purpose after its answer is a call of its own, with the old number.
    Called { client: ClientNo, call: CallNo, what: &'a What },
    /// It is sent to a member, for the first time or again.
    Sent { client: ClientNo, call: CallNo, connection: ConnectionNo, id: u64, member: u64 },
    /// An answer came to a call, for its caller or not: there may be several, since "not now" and
    /// "unknown" make the client ask again, since a request may be sent twice, and since one that
    /// is queued ends later: with a notice, or asked for again, with another answer. `now` is the
    /// cluster's time in it.
    Returned { client: ClientNo, call: CallNo, member: u64, now: Time, reply: &'a Reply },
    /// The caller gave up without an answer.
    GaveUp { client: ClientNo, call: CallNo },
    /// A client was told something without having asked just now.
    Noticed {
        client: ClientNo,
        connection: ConnectionNo,
        member: u64,
        now: Time,
        notice: &'a Notice,
    },
    /// A client begins to believe that it holds; or, under a token that it believes in already,
    /// that it holds in another mode.
    Holds(Held),
    /// A client believes no more that it holds.
    Lets { client: ClientNo, token: FencingToken, why: LetCause },
    /// A session of a client is over for its client.
    SessionOver { client: ClientNo, session: SessionId },
    /// A client's process is gone, and with it all that it believed.
    ClientDied { client: ClientNo },
    /// A holder's write came to the register that its lock protects. `before` is the highest token
    /// that the register had seen; `guarded` is what the register with a check of tokens did.
    Wrote { client: ClientNo, name: &'a LockName, token: FencingToken, before: FencingToken },
    /// A fault begins.
    Fault(&'a Fault),
    /// All faults are over, everything runs and is connected.
    Calm,
}

/// A hold as its holder sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// Who.
    pub client: ClientNo,
    /// Of which session.
    pub session: SessionId,
    /// The proof.
    pub hold: HoldId,
    /// Of which lock.
    pub name: LockName,
    /// How.
    pub mode: Mode,
}

/// Why a member stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopCause {
    /// Its process was killed.
    Killed,
    /// Its machine lost power.
    PowerLost,
    /// It was told to stop, and did all that was under way.
    Drained,
    /// Its disk failed.
    DiskFailed,
    /// Its disk holds damage.
    DiskDamaged,
    /// It was removed from the cluster.
    Removed,
}

/// Why a client believes no more that it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LetCause {
    /// It begins to release.
    Releases,
    /// It was told so.
    Told,
    /// Its own deadline passed.
    Deadline,
    /// It closes its session, or forgets it.
    Closes,
    /// Its connection ended, and its session was opened to end with it.
    Disconnects,
}
