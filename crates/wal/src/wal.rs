//! The log itself: append, snapshot, and what may be asked of it.

use std::collections::VecDeque;
use std::sync::Arc;

use bramah_core::mutant::{self, Mutant};

use crate::batch::{self, END_MARK};
use crate::disk::{Disk, DiskFile};
use crate::entry::{Entry, HardState, SnapshotMeta};
use crate::error::{Failure, OpenError, WalError};
use crate::limits::{
    BATCH_BYTES_MAX, SEGMENT_BYTES, SEGMENT_BYTES_MAX, SEGMENT_BYTES_MIN, SPARE_SEGMENTS_MAX,
};
use crate::outline::Outline;
use crate::reader::Reader;
use crate::ready::Ready;
use crate::recover::{self, Recovered};
use crate::segment::{self, Segment};
use crate::shared::Shared;
use crate::snapshot::{self, FinishedSnapshot, Snapshot, SnapshotWriter, Standing};

/// How a log uses its disk. May change from one opening to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Bytes of a segment file; a multiple of 512.
    pub segment_bytes: u64,
    /// Freed segments kept for their next use.
    pub spare_segments_max: usize,
}

/// The write-ahead log of one node. Synchronous: what returned `Ok` is durable.
#[derive(Debug)]
pub struct Wal<D: Disk> {
    pub(crate) shared: Arc<Shared<D>>,
    pub(crate) options: Options,
    /// Full segments, oldest first.
    pub(crate) older: VecDeque<Segment<D::File>>,
    /// The segment with the last batch.
    pub(crate) active: Segment<D::File>,
    pub(crate) ready: Ready<D>,
    pub(crate) outline: Outline,
    pub(crate) hard_state: HardState,
    /// Number of the last batch.
    pub(crate) batch: u64,
    pub(crate) snapshot: Option<Snapshot<D::File>>,
    pub(crate) snapshots_begun: u64,
    pub(crate) bytes_since_snapshot: u64,
    /// Kept between appends, so that they allocate nothing.
    pub(crate) frame: Vec<u8>,
}

impl<D: Disk> Wal<D> {
    /// Opens the log of a folder, or starts a new one, and gives back what it holds.
    ///
    /// A torn tail is cut off and reported. Damage to acknowledged data is refused.
    pub fn open(disk: D, options: Options) -> Result<(Wal<D>, Recovered), OpenError> {
        recover::open(disk, options)
    }

    /// Writes entries and hard state in one batch; durable on return.
    ///
    /// The entries follow each other. The first may have the index of an entry in the log: it
    /// replaces that one and all behind it. Without a hard state the last one stays. Nothing given
    /// and nothing changed writes nothing.
    ///
    /// Entries beyond [`BATCH_BYTES_MAX`] are written as several batches, so after
    /// [`WalError::DiskFull`] the first of them may be in the log; giving them again is right.
    pub fn append(
        &mut self,
        hard_state: Option<&HardState>,
        entries: &[Entry],
    ) -> Result<(), WalError> {
        self.shared.check()?;
        self.check_order(entries)?;
        let hard_state = hard_state.copied().unwrap_or(self.hard_state);
        let is_old = hard_state == self.hard_state || mutant::is_on(Mutant::VoteNotWritten);
        if entries.is_empty() && is_old {
            return Ok(());
        }
        let mut later = entries;
        loop {
            let fit = batch::entries_that_fit(later, self.batch_bytes_max());
            let (now, rest) = later.split_at(fit);
            later = rest;
            // Until the last batch is there the log may end before the commit index.
            let last = now.last().map_or(self.last_index(), |entry| entry.index);
            let commit = match later {
                [] => hard_state.commit,
                _ => hard_state.commit.min(last),
            };
            self.write_batch(HardState { commit, ..hard_state }, now)?;
            if later.is_empty() {
                return Ok(());
            }
        }
    }

    /// Writes a batch of nothing, which says that all before it is durable. Until a later batch
    /// says so, damage to the last one looks like a torn tail: worth one sync when the log falls
    /// idle, and before it is closed.
    pub fn seal(&mut self) -> Result<(), WalError> {
        self.shared.check()?;
        self.write_batch(self.hard_state, &[])
    }

    /// Looks whether the folder and the log's files are still where they were opened. If not, the
    /// log stops: another process may have begun on what stands in their place. Appending looks so
    /// itself; this is for times without.
    pub fn check_in_place(&self) -> Result<(), WalError> {
        self.shared.check()?;
        for segment in self.older.iter().chain([&self.active]) {
            self.shared.check_in_place(&segment.name(), &segment.file)?;
        }
        self.snapshot.as_ref().map_or(Ok(()), |snapshot| {
            let name = snapshot::name_of(snapshot.meta.index);
            self.shared.check_in_place(&name, &snapshot.file)
        })
    }

    /// Writes a snapshot and publishes it: the three steps [`Wal::begin_snapshot`],
    /// [`SnapshotWriter::finish`] and [`Wal::publish_snapshot`] at once, for data that is at hand.
    pub fn save_snapshot(&mut self, meta: &SnapshotMeta, data: &[u8]) -> Result<(), WalError> {
        self.check_snapshot_index(meta)?;
        let mut writer = self.begin_snapshot(meta)?;
        writer.write(data)?;
        self.publish_snapshot(writer.finish()?)
    }

    /// Begins to write a snapshot aside. The writer may go to another thread; the log goes on.
    pub fn begin_snapshot(&mut self, meta: &SnapshotMeta) -> Result<SnapshotWriter<D>, WalError> {
        self.snapshots_begun += 1;
        SnapshotWriter::new(Arc::clone(&self.shared), self.snapshots_begun, meta.clone())
    }

    /// Makes a finished snapshot the start of the log, and frees the segments before it.
    ///
    /// If the log has the snapshot's last entry, the entries behind it stay. If it has not, the
    /// snapshot comes from another history (a leader sent it): it takes the place of all entries.
    pub fn publish_snapshot(&mut self, mut finished: FinishedSnapshot<D>) -> Result<(), WalError> {
        self.try_publish(&mut finished)
    }

    /// As [`Wal::publish_snapshot`], for a caller who can do nothing without it: after
    /// [`WalError::DiskFull`] the snapshot is as finished as before, and may be given again.
    pub fn try_publish(&mut self, finished: &mut FinishedSnapshot<D>) -> Result<(), WalError> {
        self.shared.check()?;
        let meta = finished.meta().clone();
        self.check_snapshot_index(&meta)?;
        let own = self.outline.term(meta.index) == Some(meta.term);
        let before = self.snapshot.as_ref().map(|snapshot| snapshot.meta.index);
        let void_upto = if own { self.outline.void_upto() } else { self.batch };
        let published = finished.publish(Standing { durable_upto: self.batch, void_upto })?;
        self.snapshot = Some(published);
        self.bytes_since_snapshot = 0;

        if own {
            self.outline.start_behind(&meta);
        } else {
            self.outline = Outline::behind(&meta, void_upto);
        }
        while let Some(oldest) = self.older.front()
            && (!own || oldest.index_max <= meta.index)
            && let Some(freed) = self.older.pop_front()
        {
            self.ready.free(freed)?;
        }
        self.outline.forget_before(self.older.front().unwrap_or(&self.active).first_batch);
        if let Some(before) = before {
            let name = snapshot::name_of(before);
            let removed = self.shared.disk.remove(&name).map_err(Failure::of("remove", &name));
            removed.map_err(|failure| self.shared.stop(failure))?;
        }
        self.ready.start();
        self.shared.check()
    }

    /// A view of the log as it is now, for another thread.
    pub fn reader(&self) -> Reader<D::File> {
        let snapshot = self.snapshot.as_ref();
        Reader {
            snapshot: snapshot.map(|snapshot| (snapshot.meta.index, Arc::clone(&snapshot.file))),
            segments: self.older.iter().chain([&self.active]).map(Segment::view).collect(),
            outline: self.outline.clone(),
        }
    }

    /// Index of the last entry, or of the snapshot if there is none behind it.
    pub fn last_index(&self) -> u64 {
        self.outline.last_index()
    }

    /// The term of the entry with this index, if it is in the log or the snapshot's last one.
    pub fn term(&self, index: u64) -> Option<u64> {
        self.outline.term(index)
    }

    /// The last hard state that was written.
    pub fn hard_state(&self) -> HardState {
        self.hard_state
    }

    /// What the snapshot stands for, if there is one.
    pub fn snapshot(&self) -> Option<&SnapshotMeta> {
        self.snapshot.as_ref().map(|snapshot| &snapshot.meta)
    }

    /// Bytes of frames appended since the last snapshot was published: when to make the next.
    pub fn bytes_since_snapshot(&self) -> u64 {
        self.bytes_since_snapshot
    }

    /// Bytes of frames that can be appended for certain, on a full disk too. A batch that does not
    /// fit into the end of a segment leaves that end unused, so keep a reserve of some batches.
    pub fn space_left(&mut self) -> u64 {
        self.ready.collect();
        self.active.left() + self.ready.left()
    }

    /// Whether there was no room when the next segment was to be made ready. Appends still work for
    /// [`Wal::space_left`] bytes: time to refuse grants and go on recording releases. Ends by
    /// itself once a preparation succeeds: at the next segment, at a snapshot, or by
    /// [`Wal::prepare_next`].
    pub fn is_disk_full(&mut self) -> bool {
        self.shortage().is_some()
    }

    /// Why there was no room: [`Wal::is_disk_full`] with its cause.
    pub fn shortage(&mut self) -> Option<&WalError> {
        self.ready.collect();
        self.ready.shortage()
    }

    /// Tries again to make the next segment ready; does nothing if one is. For a caller that sees
    /// [`Wal::is_disk_full`], about once a second.
    pub fn prepare_next(&mut self) {
        self.ready.start();
    }

    /// The largest frame.
    fn batch_bytes_max(&self) -> u64 {
        BATCH_BYTES_MAX.min(self.options.segment_bytes - segment::HEADER_BYTES)
    }

    fn check_order(&self, entries: &[Entry]) -> Result<(), WalError> {
        let index_min = self.snapshot().map_or(1, |meta| meta.index + 1);
        let mut index_max = self.last_index().saturating_add(1);
        let mut lower = index_min;
        for entry in entries {
            if entry.index < lower || entry.index > index_max {
                return Err(WalError::OutOfOrder {
                    found: entry.index,
                    index_min: lower,
                    index_max,
                });
            }
            (lower, index_max) = (entry.index.saturating_add(1), entry.index.saturating_add(1));
            let bytes = batch::frame_bytes(std::slice::from_ref(entry));
            let bytes_max = self.batch_bytes_max();
            if bytes > bytes_max {
                return Err(WalError::EntryTooLarge { index: entry.index, bytes, bytes_max });
            }
        }
        Ok(())
    }

    fn check_snapshot_index(&self, meta: &SnapshotMeta) -> Result<(), WalError> {
        match self.snapshot() {
            Some(SnapshotMeta { index: current, .. }) if meta.index <= *current => {
                Err(WalError::StaleSnapshot { index: meta.index, current: *current })
            }
            _ => Ok(()),
        }
    }

    fn write_batch(&mut self, hard_state: HardState, entries: &[Entry]) -> Result<(), WalError> {
        let frame_bytes = batch::frame_bytes(entries);
        if frame_bytes > self.active.left() {
            let next = self.ready.take()?;
            let full = std::mem::replace(&mut self.active, next);
            self.older.push_back(full);
        }
        self.shared.check_in_place(&self.active.name(), &self.active.file)?;
        let number = self.batch + 1;
        self.frame.clear();
        batch::encode(self.active.seed, number, hard_state, entries, &mut self.frame);
        if self.active.left() > frame_bytes {
            self.frame.extend_from_slice(&END_MARK);
        }
        let (file, end) = (&self.active.file, self.active.end);
        let written = match mutant::is_on(Mutant::AppendNotSynced) {
            true => file.write_at(end, &self.frame),
            false => file.write_durably_at(end, &self.frame),
        };
        if let Err(source) = written {
            return Err(self.shared.stop(Failure::of("write", &self.active.name())(source)));
        }

        self.active.end += frame_bytes;
        if self.active.first_batch == 0 {
            self.active.first_batch = number;
        }
        self.batch = number;
        self.hard_state = hard_state;
        self.bytes_since_snapshot += frame_bytes;
        for entry in entries {
            self.outline.record(number, entry.index, entry.term);
        }
        let last = entries.last().map_or(0, |entry| entry.index);
        self.active.index_max = self.active.index_max.max(last);
        if self.active.first_batch == number {
            self.ready.start();
        }
        Ok(())
    }
}

impl Default for Options {
    fn default() -> Options {
        Options { segment_bytes: SEGMENT_BYTES, spare_segments_max: SPARE_SEGMENTS_MAX }
    }
}

impl Options {
    pub(crate) fn check(&self) -> Result<(), OpenError> {
        let (min, max) = (SEGMENT_BYTES_MIN, SEGMENT_BYTES_MAX);
        let segment_bytes = self.segment_bytes;
        if (min..=max).contains(&segment_bytes) && segment_bytes.is_multiple_of(512) {
            Ok(())
        } else {
            Err(OpenError::SegmentBytes { segment_bytes, min, max })
        }
    }
}
