//! What members of a cluster tell each other.
//!
//! ```text
//! version u8 = 1 · message
//! ```
//! Most of it is the consensus engine's own ([`Raft`]), in a form of our own: no parser of another
//! project sees a byte from outside. The rest brings commands from the member that was asked to the
//! one that leads ([`Forward`]), and says which were taken ([`Forwarded`]).

use bramah_core::Command;
use bytes::Bytes;

use crate::codec::{Code, DecodeError, Reader, Writer, code_enum, code_struct};

/// The version of the form that is written here.
pub const PEER_VERSION: u8 = 1;
/// Most bytes of one message: some entries, or one that is longer than usual.
pub const MESSAGE_BYTES_MAX: usize = 16 * 1024 * 1024;

/// A message from one member to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// Of the consensus engine.
    Raft(Box<Raft>),
    /// Commands for the leader.
    Forward(Forward),
    /// Which commands the leader took.
    Forwarded(Forwarded),
}

code_enum!(Message, "message of a member" {
    1 => Raft(raft),
    2 => Forward(forward),
    3 => Forwarded(forwarded),
});

/// A message of the consensus engine. What a field means depends on the kind; 0 and empty mean
/// nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Raft {
    /// What it is.
    pub kind: RaftKind,
    /// The sender's term, or the one that it stands for.
    pub term: u64,
    /// The term of the entry at `index`.
    pub log_term: u64,
    /// The entry before the first one here, or the one that is told of.
    pub index: u64,
    /// What is committed, as far as it concerns the receiver.
    pub commit: u64,
    /// The term of that.
    pub commit_term: u64,
    /// It is a refusal.
    pub reject: bool,
    /// Where the receiver should look for what both have.
    pub reject_hint: u64,
    /// Comes back with the answer.
    pub context: Bytes,
    /// Entries of the log.
    pub entries: Vec<Entry>,
    /// What the snapshot is of that goes with this message.
    pub snapshot: Option<SnapshotHead>,
}

code_struct!(Raft {
    kind,
    term,
    log_term,
    index,
    commit,
    commit_term,
    reject,
    reject_hint,
    context,
    entries,
    snapshot,
});

/// What a message of the consensus engine is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RaftKind {
    /// Entries of the leader.
    #[default]
    Append,
    /// They are there, or do not fit.
    AppendResponse,
    /// A candidate asks for a vote.
    Vote,
    /// The vote.
    VoteResponse,
    /// A leader's snapshot.
    Snapshot,
    /// The leader is there.
    Heartbeat,
    /// So is the follower.
    HeartbeatResponse,
    /// Stand for election at once.
    TimeoutNow,
    /// What is committed now, with proof?
    ReadIndex,
    /// This.
    ReadIndexResponse,
    /// Would I get your vote?
    PreVote,
    /// Yes or no.
    PreVoteResponse,
}

code_enum!(RaftKind, "kind of consensus message" {
    1 => Append,
    2 => AppendResponse,
    3 => Vote,
    4 => VoteResponse,
    5 => Snapshot,
    6 => Heartbeat,
    7 => HeartbeatResponse,
    8 => TimeoutNow,
    9 => ReadIndex,
    10 => ReadIndexResponse,
    11 => PreVote,
    12 => PreVoteResponse,
});

/// An entry of the log on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its term.
    pub term: u64,
    /// Its index.
    pub index: u64,
    /// What it is: 0 commands, 2 a change of the membership.
    pub kind: u32,
    /// Its content.
    pub data: Bytes,
}

code_struct!(Entry { term, index, kind, data });

/// What a snapshot is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnapshotHead {
    /// The last entry in it.
    pub index: u64,
    /// That entry's term.
    pub term: u64,
}

code_struct!(SnapshotHead { index, term });

/// Commands that clients gave to the sender, for the leader of a term.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forward {
    /// The leader of this term takes them, and no other.
    pub term: u64,
    /// The sender since its last start: a number that no other start of any member has.
    pub incarnation: u64,
    /// The lowest number in this term that has not been answered; where a leader that knows nothing
    /// of the sender begins.
    pub floor: u64,
    /// The number of the first command.
    pub first: u64,
    /// The commands, numbered one after the other.
    pub commands: Vec<Command>,
}

code_struct!(Forward { term, incarnation, floor, first, commands });

/// What a leader took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forwarded {
    /// The term of it all.
    pub term: u64,
    /// Whose commands.
    pub incarnation: u64,
    /// The numbers below this one were taken or refused.
    pub taken_below: u64,
    /// Those that were refused, and did nothing.
    pub refused: Vec<(u64, Refused)>,
}

code_struct!(Forwarded { term, incarnation, taken_below, refused });

/// Why a leader does not take a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// It is stopping.
    Draining,
    /// Its disk has no room.
    DiskFull,
}

code_enum!(Refused, "reason of a leader" {
    1 => Draining,
    2 => DiskFull,
});

impl Message {
    /// Its bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        let mut to = Writer { out: &mut out, owners: None };
        to.byte(PEER_VERSION);
        self.put(&mut to);
        out
    }

    /// Reads it again.
    ///
    /// # Errors
    /// [`DecodeError`] when the bytes are of no message that this version knows.
    pub fn decode(bytes: &[u8]) -> Result<Message, DecodeError> {
        if bytes.len() > MESSAGE_BYTES_MAX {
            return Err(DecodeError::OutOfRange("length of a message"));
        }
        let mut from = Reader { rest: bytes, owners: None };
        match from.byte()? {
            PEER_VERSION => {}
            found => return Err(DecodeError::Version { found }),
        }
        let message = Message::take(&mut from)?;
        from.end()?;
        Ok(message)
    }
}
