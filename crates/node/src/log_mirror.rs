//! The newest part of the log in memory, which is what raft reads.
//!
//! The log itself is on disk. Only what raft may still ask for stands here: what is not applied,
//! and a bounded tail behind it, so that memory does not grow with the log.

use std::cell::Cell;
use std::collections::{BTreeMap, VecDeque};

use raft::eraftpb::{ConfState, Entry, HardState, Snapshot};
use raft::{GetEntriesContext, RaftState, Result, Storage, StorageError};

use crate::consensus::snapshot_in;

/// Applied entries that stay in memory, and their bytes; the bound that is reached first counts.
const APPLIED_LEN_MAX: u64 = 1024;
const APPLIED_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Bytes of entries past which those go that another member still needs. It gets a snapshot then.
const NEEDED_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Raft's view of the log.
#[derive(Debug)]
pub(crate) struct LogMirror {
    hard_state: HardState,
    members: ConfState,
    /// Index and term of the entry before the first one here.
    before: (u64, u64),
    entries: VecDeque<Entry>,
    /// Bytes of their data.
    bytes: usize,
    /// Index and term of the snapshot on this node's disk.
    published: (u64, u64),
    /// The index at which a member became one, if it is not known to be in the snapshot.
    since: BTreeMap<u64, u64>,
    /// Raft asked for a snapshot that is not there.
    wanted: Cell<bool>,
}

impl LogMirror {
    pub(crate) fn new(hard_state: HardState, members: ConfState, before: (u64, u64)) -> LogMirror {
        LogMirror {
            hard_state,
            members,
            before,
            entries: VecDeque::new(),
            bytes: 0,
            published: before,
            since: BTreeMap::new(),
            wanted: Cell::new(false),
        }
    }

    /// A snapshot stands in place of all that was here.
    pub(crate) fn restart_at(&mut self, snapshot: (u64, u64)) {
        self.entries.clear();
        self.bytes = 0;
        (self.before, self.published) = (snapshot, snapshot);
        self.since.clear();
    }

    /// A snapshot of the applied log is on disk.
    pub(crate) fn published(&mut self, snapshot: (u64, u64)) {
        if snapshot.0 > self.published.0 {
            self.published = snapshot;
            self.since.retain(|_, index| *index > snapshot.0);
        }
    }

    pub(crate) fn set_members(&mut self, members: ConfState) {
        self.members = members;
    }

    /// A snapshot before this index would not tell this member that it is one.
    pub(crate) fn member_since(&mut self, node: u64, index: u64) {
        self.since.insert(node, index);
    }

    pub(crate) fn member_gone(&mut self, node: u64) {
        self.since.remove(&node);
    }

    /// Raft asked for a snapshot that is not there, since this was last asked.
    pub(crate) fn take_wanted(&self) -> bool {
        self.wanted.take()
    }

    /// The index before the first entry here, and that of the snapshot on disk.
    pub(crate) fn bounds(&self) -> (u64, u64) {
        (self.before.0, self.published.0)
    }

    /// Takes new entries; one at an index that is there already replaces it and all behind it.
    pub(crate) fn append(&mut self, entries: Vec<Entry>) {
        for entry in entries {
            let position = entry.index.saturating_sub(self.before.0 + 1);
            let position = usize::try_from(position).unwrap_or(usize::MAX);
            if position < self.entries.len() {
                let replaced = self.entries.drain(position..);
                self.bytes -= replaced.map(|entry| entry.data.len()).sum::<usize>();
            }
            self.bytes += entry.data.len();
            self.entries.push_back(entry);
        }
    }

    /// Everything up to `index` is applied: what is far behind it may go, but for what other
    /// members need, from `needed` on.
    pub(crate) fn applied(&mut self, index: u64, needed: u64) {
        while let Some(first) = self.entries.front()
            && first.index < index
            && (first.index + APPLIED_LEN_MAX <= index || self.bytes > APPLIED_BYTES_MAX)
            && (first.index < needed || self.bytes > NEEDED_BYTES_MAX)
        {
            self.bytes -= first.data.len();
            self.before = (first.index, first.term);
            self.entries.pop_front();
        }
    }

    fn last(&self) -> (u64, u64) {
        self.entries.back().map_or(self.before, |entry| (entry.index, entry.term))
    }

    fn get(&self, index: u64) -> Option<&Entry> {
        let position = index.checked_sub(self.before.0 + 1)?;
        self.entries.get(usize::try_from(position).ok()?)
    }
}

impl Storage for LogMirror {
    fn initial_state(&self) -> Result<RaftState> {
        Ok(RaftState { hard_state: self.hard_state.clone(), conf_state: self.members.clone() })
    }

    fn entries(
        &self,
        low: u64,
        high: u64,
        max_size: impl Into<Option<u64>>,
        _context: GetEntriesContext,
    ) -> Result<Vec<Entry>> {
        if low <= self.before.0 {
            return Err(StorageError::Compacted.into());
        }
        let mut bytes_left = max_size.into().unwrap_or(u64::MAX);
        let mut found = Vec::new();
        for index in low..high {
            let Some(entry) = self.get(index) else { return Err(StorageError::Unavailable.into()) };
            let bytes = entry.data.len() as u64;
            if bytes > bytes_left && !found.is_empty() {
                break;
            }
            bytes_left = bytes_left.saturating_sub(bytes);
            found.push(entry.clone());
        }
        Ok(found)
    }

    fn term(&self, index: u64) -> Result<u64> {
        if index == self.before.0 {
            return Ok(self.before.1);
        }
        if index < self.before.0 {
            return Err(StorageError::Compacted.into());
        }
        self.get(index).map(|entry| entry.term).ok_or(StorageError::Unavailable.into())
    }

    fn first_index(&self) -> Result<u64> {
        Ok(self.before.0 + 1)
    }

    fn last_index(&self) -> Result<u64> {
        Ok(self.last().0)
    }

    fn snapshot(&self, request_index: u64, to: u64) -> Result<Snapshot> {
        let (index, _) = self.published;
        let knows_member = self.since.get(&to).is_none_or(|since| *since <= index);
        // One that the log here does not go on from would only lead to the next.
        if index < self.before.0 || index < request_index || !knows_member {
            self.wanted.set(true);
            return Err(StorageError::SnapshotTemporarilyUnavailable.into());
        }
        Ok(snapshot_in(self.published, self.members.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(index: u64, bytes: usize) -> Entry {
        Entry { index, term: 2, data: vec![7; bytes].into(), ..Entry::default() }
    }

    fn mirror(entries: impl Iterator<Item = Entry>) -> LogMirror {
        let mut mirror = LogMirror::new(HardState::default(), ConfState::default(), (1, 1));
        mirror.append(entries.collect());
        mirror
    }

    #[test]
    fn what_is_applied_and_far_behind_goes_by_number_and_by_bytes() {
        let last = APPLIED_LEN_MAX + 10;
        let mut small = mirror((2..=last).map(|index| entry(index, 1)));
        small.applied(last, u64::MAX);
        assert_eq!(small.first_index().expect("it knows"), last - APPLIED_LEN_MAX + 1);
        let mut large = mirror((2..=20).map(|index| entry(index, APPLIED_BYTES_MAX / 4)));
        large.applied(10, u64::MAX);
        assert_eq!(large.first_index().expect("it knows"), 10, "what is not applied stays");
        large.applied(20, u64::MAX);
        assert_eq!(large.first_index().expect("it knows"), 17);
        assert_eq!(
            (large.term(16).expect("of the one before"), large.bytes),
            (2, APPLIED_BYTES_MAX)
        );
    }

    #[test]
    fn an_entry_replaces_its_index_and_all_behind_it() {
        let mut mirror = mirror((2..=9).map(|index| entry(index, 10)));
        mirror.append(vec![entry(5, 1)]);
        assert_eq!((mirror.last(), mirror.bytes), ((5, 2), 31));
        let found = mirror.entries(2, 6, None, GetEntriesContext::empty(false));
        assert_eq!(found.expect("they are there").len(), 4);
    }
}
