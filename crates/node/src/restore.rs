//! From what the disk holds to a state that goes on.

use bramah_core::facts::{Contradiction, Fact, Restore};
use bramah_core::{Event, Outcome, State};
use bramah_wal::{Entry, HardState};
use bramah_wire::DecodeError;
use bramah_wire::entry::decode_entry;
use bramah_wire::membership::{MemberChange, Membership};
use bramah_wire::snapshot::SnapshotError;
use thiserror::Error;

/// The kind of an entry with commands, and of one that changes the membership.
pub(crate) const ENTRY_COMMANDS: u8 = 0;
pub(crate) const ENTRY_CHANGE: u8 = 2;

/// Why a node cannot be.
#[derive(Debug, Error)]
pub enum NodeError {
    /// The consensus engine refused.
    #[error("consensus engine refused")]
    Consensus(#[source] raft::Error),
    /// An entry of the log is of a kind that this version does not know.
    #[error("log entry {index} is of unknown kind {kind}: it was written by a newer version")]
    EntryKind {
        /// Which entry.
        index: u64,
        /// Its kind.
        kind: u8,
    },
    /// A committed entry cannot be read.
    #[error("log entry {index} cannot be read")]
    Entry {
        /// Which entry.
        index: u64,
        /// Why.
        #[source]
        source: DecodeError,
    },
    /// The log lacks an entry, or has two of one index, or a term that falls.
    #[error("log entry {index} does not follow the one before it")]
    Gap {
        /// The entry that is wrong.
        index: u64,
    },
    /// The log ends before what is known to be committed.
    #[error("log ends at {last} and is committed up to {commit}: some of it is missing")]
    CommitBehindEnd {
        /// What is committed.
        commit: u64,
        /// The last entry.
        last: u64,
    },
    /// The snapshot cannot be read.
    #[error("snapshot cannot be read")]
    Snapshot(#[source] SnapshotError),
    /// The snapshot is of no state that ever was.
    #[error(transparent)]
    Contradiction(#[from] Contradiction),
}

/// What was found on disk.
#[derive(Debug)]
pub struct Recovered {
    /// Who this is.
    pub membership: Membership,
    /// What is ordered to be written survives a crash; said to whoever asks.
    pub durable: bool,
    /// The table as of the snapshot.
    pub state: State,
    /// Index and term of the snapshot.
    pub snapshot: (u64, u64),
    /// Raft's own.
    pub hard_state: HardState,
    /// The log behind the snapshot.
    pub entries: Vec<Entry>,
    /// A number that no node ever had before, at any start: drawn by whoever starts this one.
    pub incarnation: u64,
}

impl Recovered {
    /// A member of a new cluster: an empty table, as of a snapshot that holds nothing.
    #[must_use]
    pub fn new(membership: Membership, durable: bool, incarnation: u64) -> Recovered {
        Recovered {
            membership,
            durable,
            state: State::new(0),
            snapshot: (1, 1),
            hard_state: HardState::default(),
            entries: Vec::new(),
            incarnation,
        }
    }

    /// A node that is to become a member of a cluster, and knows only its own number and the
    /// cluster's: it waits until a leader sends it everything, and does not stand for election.
    #[must_use]
    pub fn joining(cluster_id: u64, node_id: u64, durable: bool, incarnation: u64) -> Recovered {
        let (voters, learners) = (Vec::new(), Vec::new());
        let membership = Membership { cluster_id, node_id, voters, learners };
        Recovered { snapshot: (0, 0), ..Recovered::new(membership, durable, incarnation) }
    }
}

/// A table that follows the log from a snapshot on, without a node around it: for compaction.
#[derive(Debug)]
pub struct Replay {
    state: State,
    membership: Membership,
    index: u64,
    term: u64,
    events: Vec<Event>,
}

impl Replay {
    /// The table and the members as of a snapshot at this index and term.
    #[must_use]
    pub fn new(state: State, membership: Membership, index: u64, term: u64) -> Replay {
        Replay { state, membership, index, term, events: Vec::new() }
    }

    /// Reads the table out of the facts of a snapshot.
    ///
    /// # Errors
    /// [`NodeError`] when they cannot be read or contradict each other.
    pub fn read_state<I>(facts: I) -> Result<State, NodeError>
    where
        I: IntoIterator<Item = Result<Fact, SnapshotError>>,
    {
        let mut restore = Restore::default();
        for fact in facts {
            restore.push(fact.map_err(NodeError::Snapshot)?)?;
        }
        Ok(restore.finish()?)
    }

    /// Applies the next committed entry.
    ///
    /// # Errors
    /// [`NodeError::Entry`] when it cannot be read.
    pub fn apply(&mut self, entry: &Entry) -> Result<(), NodeError> {
        match entry.kind {
            ENTRY_CHANGE => {
                let index = entry.index;
                let change = MemberChange::decode(&entry.data);
                let change = change.map_err(|source| NodeError::Entry { index, source })?;
                self.membership.change(change);
            }
            ENTRY_COMMANDS if !entry.data.is_empty() => {
                let ignore = |_: &State, _, events: &mut Vec<Event>| events.clear();
                apply_entry(&mut self.state, entry.index, &entry.data, &mut self.events, ignore)?;
            }
            _ => {}
        }
        (self.index, self.term) = (entry.index, entry.term);
        Ok(())
    }

    /// The members as of the last entry.
    #[must_use]
    pub fn membership(&self) -> &Membership {
        &self.membership
    }

    /// The table and the members, and the index and term of the last entry in them.
    #[must_use]
    pub fn finish(self) -> (State, Membership, u64, u64) {
        (self.state, self.membership, self.index, self.term)
    }
}

/// A log must go on from its snapshot without a gap, to what is committed at least.
pub(crate) fn check_log(
    snapshot: (u64, u64),
    hard_state: &HardState,
    entries: &[Entry],
) -> Result<(), NodeError> {
    let mut last = snapshot;
    for entry in entries {
        if entry.index != last.0 + 1 || entry.term < last.1 {
            return Err(NodeError::Gap { index: entry.index });
        }
        last = (entry.index, entry.term);
    }
    let (commit, last) = (hard_state.commit, last.0);
    if commit > last { Err(NodeError::CommitBehindEnd { commit, last }) } else { Ok(()) }
}

/// Applies an entry of the log: first what its time brings about, then its commands in order.
/// `each` is told the outcome, and the incarnation and number of its command if that has any (none
/// of all that for the time), and takes the events.
pub(crate) fn apply_entry(
    state: &mut State,
    index: u64,
    data: &[u8],
    events: &mut Vec<Event>,
    mut each: impl FnMut(&State, Option<(Outcome, Option<(u64, u64)>)>, &mut Vec<Event>),
) -> Result<(), NodeError> {
    let entry = decode_entry(data).map_err(|source| NodeError::Entry { index, source })?;
    state.advance(entry.now, events);
    each(state, None, events);
    let mut origins = entry.origins.iter().flat_map(|run| {
        (0..run.count as u64).map(|at| (run.incarnation, run.first.wrapping_add(at)))
    });
    for command in entry.commands {
        let outcome = state.apply(entry.now, command, events);
        each(state, Some((outcome, origins.next())), events);
    }
    Ok(())
}
