//! What is known of the log's entries without reading them: where they start and end, their terms,
//! and which of them were replaced. Its size follows the number of leader changes, not of entries.

use bramah_core::mutant::{self, Mutant};

use crate::entry::SnapshotMeta;

/// The shape of the log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Outline {
    /// Index and term of the snapshot, or zeros.
    start: (u64, u64),
    /// Entries in batches up to this number are no part of the log: a snapshot took their place.
    void_upto: u64,
    /// Index of the entry that was written last.
    written: Option<u64>,
    /// First index and term of each run of entries with one term.
    runs: Vec<(u64, u64)>,
    /// A batch, and the index from which on it replaced what earlier batches hold. Both rise
    /// strictly: a later replacement from the same index or before makes an earlier one needless.
    replacements: Vec<(u64, u64)>,
}

impl Outline {
    /// The log behind a snapshot. With `void_upto`, older batches hold no entries of it.
    pub(crate) fn behind(meta: &SnapshotMeta, void_upto: u64) -> Outline {
        Outline { start: (meta.index, meta.term), void_upto, ..Outline::default() }
    }

    /// Index of the last entry, or of the snapshot.
    pub(crate) fn last_index(&self) -> u64 {
        self.written.unwrap_or(0).max(self.start.0)
    }

    /// Index of the first entry behind the snapshot, whether it is there or not.
    pub(crate) fn first_index(&self) -> u64 {
        self.start.0.saturating_add(1)
    }

    /// Batches up to this number hold no entries of the log.
    pub(crate) fn void_upto(&self) -> u64 {
        self.void_upto
    }

    /// The index that may be written next at most.
    pub(crate) fn next_index_max(&self) -> u64 {
        self.written.unwrap_or(self.start.0).saturating_add(1)
    }

    /// Whether that batch holds entries of the log at all.
    pub(crate) fn is_void(&self, batch: u64) -> bool {
        batch <= self.void_upto
    }

    /// Takes note of an entry. Its index is at most [`Outline::next_index_max`], or the first of
    /// all.
    pub(crate) fn record(&mut self, batch: u64, index: u64, term: u64) {
        if self.written.is_some_and(|written| index <= written) {
            while self.replacements.last().is_some_and(|(_, from)| *from >= index) {
                self.replacements.pop();
            }
            self.replacements.push((batch, index));
            while self.runs.last().is_some_and(|(first, _)| *first >= index) {
                self.runs.pop();
            }
        }
        let returns = mutant::is_on(Mutant::ReplacedEntriesReturn);
        self.written = if returns { self.written.max(Some(index)) } else { Some(index) };
        if self.runs.last().is_none_or(|(_, last)| *last != term) {
            self.runs.push((index, term));
        }
    }

    /// The term of an entry of the log, or of the snapshot.
    pub(crate) fn term(&self, index: u64) -> Option<u64> {
        if index == self.start.0 {
            return Some(self.start.1);
        }
        if index < self.start.0 || index > self.last_index() {
            return None;
        }
        let after = self.runs.partition_point(|(first, _)| *first <= index);
        Some(self.runs[after.checked_sub(1)?].1)
    }

    /// Whether the entry with this index, in this batch, is part of the log.
    pub(crate) fn holds(&self, batch: u64, index: u64) -> bool {
        let after = self.replacements.partition_point(|(number, _)| *number <= batch);
        let replaced = self.replacements.get(after).is_some_and(|(_, from)| index >= *from);
        index > self.start.0 && !self.is_void(batch) && !replaced
    }

    /// The log starts behind this snapshot now; its entries after it stay.
    pub(crate) fn start_behind(&mut self, meta: &SnapshotMeta) {
        self.start = (meta.index, meta.term);
        let needed = self.runs.partition_point(|(first, _)| *first <= meta.index);
        self.runs.drain(..needed.saturating_sub(1));
    }

    /// Batches before this one are gone.
    pub(crate) fn forget_before(&mut self, batch: u64) {
        self.replacements.retain(|(number, _)| *number > batch);
    }
}
