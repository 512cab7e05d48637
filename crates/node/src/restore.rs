//! From what the disk holds to a state that goes on.

use bramah_core::facts::{Contradiction, Fact, Restore};
use bramah_core::{Event, Outcome, State};
use bramah_wal::{Entry, HardState};
use bramah_wire::DecodeError;
use bramah_wire::entry::decode_entry;
use bramah_wire::membership::Membership;
use bramah_wire::snapshot::SnapshotError;
use thiserror::Error;

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
}

impl Recovered {
    /// A node that never was before: an empty table, as of a snapshot that holds nothing.
    #[must_use]
    pub fn new(membership: Membership, durable: bool) -> Recovered {
        let (state, hard_state) = (State::new(0), HardState::default());
        Recovered { membership, durable, state, snapshot: (1, 1), hard_state, entries: Vec::new() }
    }
}

/// A table that follows the log from a snapshot on, without a node around it: for compaction.
#[derive(Debug)]
pub struct Replay {
    state: State,
    index: u64,
    term: u64,
    events: Vec<Event>,
}

impl Replay {
    /// The table as of a snapshot at this index and term.
    #[must_use]
    pub fn new(state: State, index: u64, term: u64) -> Replay {
        Replay { state, index, term, events: Vec::new() }
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
        if entry.kind == 0 && !entry.data.is_empty() {
            let ignore = |_: &State, _, events: &mut Vec<Event>| events.clear();
            apply_entry(&mut self.state, entry.index, &entry.data, &mut self.events, ignore)?;
        }
        (self.index, self.term) = (entry.index, entry.term);
        Ok(())
    }

    /// The table, and the index and term of the last entry in it.
    #[must_use]
    pub fn finish(self) -> (State, u64, u64) {
        (self.state, self.index, self.term)
    }
}

/// Applies an entry of the log: first what its time brings about, then its commands in order.
/// `each` is told the outcome (none for the time) and takes the events.
pub(crate) fn apply_entry(
    state: &mut State,
    index: u64,
    data: &[u8],
    events: &mut Vec<Event>,
    mut each: impl FnMut(&State, Option<Outcome>, &mut Vec<Event>),
) -> Result<(), NodeError> {
    let entry = decode_entry(data).map_err(|source| NodeError::Entry { index, source })?;
    state.advance(entry.now, events);
    each(state, None, events);
    for command in entry.commands {
        let outcome = state.apply(entry.now, command, events);
        each(state, Some(outcome), events);
    }
    Ok(())
}
