//! A view of the log for another thread, which re-reads it while it goes on.
//!
//! Frames up to where the log ended when the reader was made never change: appends go behind them.
//! The reader holds the files themselves, so it reads on when names go; and the log sees by that
//! which segments are being read, and removes such a one instead of writing it again.

use std::sync::Arc;

use crate::batch::Batch;
use crate::disk::DiskFile;
use crate::entry::Entry;
use crate::error::{OpenError, ReadError};
use crate::outline::Outline;
use crate::segment::{HEADER_BYTES, Segment};
use crate::snapshot::SnapshotReader;

/// The snapshot, and all entries that were durable when the reader was made.
#[derive(Debug)]
pub struct Reader<F> {
    pub(crate) snapshot: Option<(u64, Arc<F>)>,
    pub(crate) segments: Vec<Segment<F>>,
    pub(crate) outline: Outline,
}

/// The entries of a [`Reader`], in order. Holds one segment in memory.
#[derive(Debug)]
pub struct Entries<'a, F> {
    reader: &'a Reader<F>,
    upto: u64,
    next_index: u64,
    /// Which segment is in `image`, and where its next frame stands.
    segment: usize,
    image: Vec<u8>,
    offset: usize,
    /// Entries of the current batch that were not given out yet, last first.
    batch: Vec<Entry>,
}

impl<F: DiskFile> Reader<F> {
    /// Index of the last entry it may give.
    pub fn last_index(&self) -> u64 {
        self.outline.last_index()
    }

    /// The snapshot from its start, if there is one.
    pub fn snapshot(&self) -> Result<Option<SnapshotReader<F>>, OpenError> {
        let open = |(index, file): &(u64, Arc<F>)| SnapshotReader::open(Arc::clone(file), *index);
        self.snapshot.as_ref().map(open).transpose()
    }

    /// Entries after the snapshot, up to that index or the last one. Ends at the first error.
    pub fn entries(&self, upto: u64) -> Entries<'_, F> {
        Entries {
            reader: self,
            upto: upto.min(self.last_index()),
            next_index: self.outline.first_index(),
            segment: 0,
            image: Vec::new(),
            offset: 0,
            batch: Vec::new(),
        }
    }
}

impl<F: DiskFile> Iterator for Entries<'_, F> {
    type Item = Result<Entry, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.next_index > self.upto {
            return None;
        }
        let entry = self.read_next();
        match &entry {
            Ok(_) => self.next_index += 1,
            Err(_) => self.upto = 0,
        }
        Some(entry)
    }
}

impl<F: DiskFile> Entries<'_, F> {
    fn read_next(&mut self) -> Result<Entry, ReadError> {
        while self.batch.is_empty() {
            self.read_batch()?;
        }
        match self.batch.pop() {
            Some(entry) if entry.index == self.next_index => Ok(entry),
            _ => Err(self.damaged("an entry is missing")),
        }
    }

    fn read_batch(&mut self) -> Result<(), ReadError> {
        while self.offset == self.image.len() {
            if !self.image.is_empty() {
                self.segment += 1;
            }
            let Some(segment) = self.reader.segments.get(self.segment) else {
                self.segment -= 1;
                return Err(self.damaged("an entry is missing"));
            };
            segment.read(segment.end, &mut self.image)?;
            self.offset = HEADER_BYTES as usize;
        }
        let seed = self.reader.segments[self.segment].seed;
        let Some(batch) = Batch::read(seed, &self.image[self.offset..]) else {
            return Err(self.damaged("a frame cannot be read"));
        };
        self.offset += batch.header.frame_bytes();
        let outline = &self.reader.outline;
        let held = batch.entries().filter(|entry| outline.holds(batch.header.number, entry.index));
        self.batch.extend(held.map(|entry| entry.to_entry()));
        self.batch.reverse();
        Ok(())
    }

    fn damaged(&self, what: &str) -> ReadError {
        let name = self.reader.segments[self.segment].name();
        ReadError::Damaged { name, offset: self.offset as u64, what: what.to_owned() }
    }
}
