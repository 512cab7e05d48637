//! Raft behind a small door: bytes go in, committed bytes come out, and what must be durable first
//! goes to whoever writes it. Nothing outside this file knows which engine it is, and the engine
//! never looks inside an entry.

use std::collections::VecDeque;

use bramah_wal::{Entry as LogEntry, HardState as LogHardState};
use raft::eraftpb::{ConfState, Entry, EntryType, HardState};
use raft::{Config, RawNode, StateRole};

use crate::NodeError;
use crate::log_mirror::LogMirror;

/// What raft knows when it starts.
#[derive(Debug)]
pub(crate) struct Start {
    pub(crate) node_id: u64,
    pub(crate) voters: Vec<u64>,
    /// Index and term of the snapshot.
    pub(crate) snapshot: (u64, u64),
    pub(crate) hard_state: LogHardState,
    pub(crate) entries: Vec<LogEntry>,
}

/// Something that must be durable before raft may go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Persist {
    /// Say this number when it is durable.
    pub number: u64,
    /// Raft's term, vote and commit index, if they changed.
    pub hard_state: Option<LogHardState>,
    /// New entries; one at an index that is there already replaces it and all behind it.
    pub entries: Vec<LogEntry>,
}

/// A committed entry with something in it.
#[derive(Debug)]
pub(crate) struct Committed {
    pub(crate) index: u64,
    pub(crate) data: bytes::Bytes,
}

/// One member of a raft group.
pub(crate) struct Consensus {
    raw: RawNode<LogMirror>,
    /// A commit index that is not on disk. It may be lost, so it waits for the next write.
    unsaved: Option<LogHardState>,
    applied: u64,
    committed: VecDeque<Committed>,
}

impl std::fmt::Debug for Consensus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Consensus").field("applied", &self.applied).finish_non_exhaustive()
    }
}

impl Consensus {
    pub(crate) fn new(start: Start) -> Result<Consensus, NodeError> {
        let mut members = ConfState::default();
        members.set_voters(start.voters);
        let alone = members.get_voters() == [start.node_id];
        // A disk that knows only the snapshot knows nothing of its term.
        let mut hard_state = hard_state_in(&start.hard_state);
        hard_state.term = hard_state.term.max(start.snapshot.1);
        hard_state.commit = hard_state.commit.max(start.snapshot.0);
        let mut mirror = LogMirror::new(hard_state, members, start.snapshot);
        let entries = start.entries.into_iter().map(entry_in).collect::<Result<Vec<_>, _>>()?;
        mirror.append(entries);
        let config = Config {
            id: start.node_id,
            election_tick: 10,
            heartbeat_tick: 1,
            applied: start.snapshot.0,
            check_quorum: true,
            pre_vote: true,
            max_size_per_msg: 1 << 20,
            max_inflight_msgs: 256,
            ..Config::default()
        };
        let logger = slog::Logger::root(slog::Discard, slog::o!());
        let mut raw = RawNode::new(&config, mirror, &logger).map_err(NodeError::Consensus)?;
        if alone {
            raw.campaign().map_err(NodeError::Consensus)?;
        }
        let applied = start.snapshot.0;
        Ok(Consensus { raw, unsaved: None, applied, committed: VecDeque::new() })
    }

    /// It leads, and everything committed before its term is applied: what it proposes and reads is
    /// current.
    pub(crate) fn is_leader(&self) -> bool {
        self.raw.raft.state == StateRole::Leader
            && self.raw.raft.commit_to_current_term()
            && self.raw.raft.raft_log.applied >= self.raw.raft.raft_log.committed
    }

    /// Proposes an entry and tells the index it will have if it is committed.
    pub(crate) fn propose(&mut self, data: Vec<u8>) -> Result<u64, NodeError> {
        self.raw.propose(Vec::new(), data).map_err(NodeError::Consensus)?;
        Ok(self.raw.raft.raft_log.last_index())
    }

    /// What must be written next, if anything.
    pub(crate) fn poll_persist(&mut self) -> Option<Persist> {
        while self.raw.has_ready() {
            let mut ready = self.raw.ready();
            self.commit(ready.take_committed_entries());
            let entries = ready.take_entries();
            let must_sync = ready.must_sync();
            if let Some(hard_state) = ready.hs() {
                self.unsaved = Some(hard_state_out(hard_state));
                self.raw.mut_store().set_hard_state(hard_state.clone());
            }
            let log_entries: Vec<LogEntry> = entries.iter().map(entry_out).collect();
            self.raw.mut_store().append(entries);
            let number = ready.number();
            self.raw.advance_append_async(ready);
            if must_sync {
                return Some(Persist {
                    number,
                    hard_state: self.unsaved.take(),
                    entries: log_entries,
                });
            }
        }
        None
    }

    /// Everything up to this number is durable.
    pub(crate) fn handle_persisted(&mut self, number: u64) {
        self.raw.on_persist_ready(number);
    }

    /// The next committed entry. All that were given out count as applied once there is none left.
    pub(crate) fn poll_committed(&mut self) -> Option<Committed> {
        let next = self.committed.pop_front();
        if let Some(entry) = &next {
            self.applied = entry.index;
        } else {
            self.raw.advance_apply_to(self.applied);
            self.raw.mut_store().applied(self.applied);
        }
        next
    }

    /// The last index that was given out by [`Consensus::poll_committed`].
    pub(crate) fn applied(&self) -> u64 {
        self.applied
    }

    /// The term of an applied index that is still in memory.
    pub(crate) fn term_of(&self, index: u64) -> Option<u64> {
        self.raw.raft.raft_log.term(index).ok()
    }

    fn commit(&mut self, entries: Vec<Entry>) {
        self.committed.extend(
            entries.into_iter().map(|entry| Committed { index: entry.index, data: entry.data }),
        );
    }
}

fn entry_out(entry: &Entry) -> LogEntry {
    let kind = match entry.get_entry_type() {
        EntryType::EntryNormal => 0,
        EntryType::EntryConfChange => 1,
        EntryType::EntryConfChangeV2 => 2,
    };
    LogEntry { term: entry.term, index: entry.index, kind, data: entry.data.clone() }
}

fn entry_in(entry: LogEntry) -> Result<Entry, NodeError> {
    let kind = match entry.kind {
        0 => EntryType::EntryNormal,
        1 => EntryType::EntryConfChange,
        2 => EntryType::EntryConfChangeV2,
        kind => return Err(NodeError::EntryKind { index: entry.index, kind }),
    };
    let mut out = Entry::default();
    out.set_entry_type(kind);
    out.term = entry.term;
    out.index = entry.index;
    out.data = entry.data;
    Ok(out)
}

fn hard_state_out(hard_state: &HardState) -> LogHardState {
    LogHardState { term: hard_state.term, vote: hard_state.vote, commit: hard_state.commit }
}

fn hard_state_in(hard_state: &LogHardState) -> HardState {
    let LogHardState { term, vote, commit } = *hard_state;
    HardState { term, vote, commit, ..HardState::default() }
}
