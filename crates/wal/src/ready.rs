//! Segments made ready ahead of need, so that an append finds one, and a full disk is noticed while
//! the current segment still has room.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError, sync_channel};

use crate::disk::Disk;
use crate::error::{Failure, WalError};
use crate::segment::{Segment, spare_name_of};
use crate::shared::Shared;
use crate::wal::Options;

type Prepared<D> = Result<Segment<<D as Disk>::File>, Failure>;

pub(crate) struct Ready<D: Disk> {
    shared: Arc<Shared<D>>,
    options: Options,
    segments: VecDeque<Segment<D::File>>,
    next_sequence: u64,
    running: Option<Running<D>>,
    /// Names of freed segments of the right length.
    spares: Vec<String>,
    full: Option<WalError>,
}

struct Running<D: Disk> {
    result: Receiver<Prepared<D>>,
    spare: Option<String>,
}

impl<D: Disk> Ready<D> {
    pub(crate) fn new(
        shared: Arc<Shared<D>>,
        options: Options,
        segments: VecDeque<Segment<D::File>>,
        next_sequence: u64,
        spares: Vec<String>,
    ) -> Ready<D> {
        Ready { shared, options, segments, next_sequence, running: None, spares, full: None }
    }

    /// Starts to make a segment ready, unless one is or is about to be.
    pub(crate) fn start(&mut self) {
        self.collect();
        if !self.segments.is_empty() || self.running.is_some() || self.shared.check().is_err() {
            return;
        }
        let (shared, sequence) = (Arc::clone(&self.shared), self.next_sequence);
        let (bytes, spare) = (self.options.segment_bytes, self.spares.pop());
        let (sender, result) = sync_channel(1);
        let used = spare.clone();
        self.running = Some(Running { result, spare });
        self.shared.disk.start(Box::new(move || {
            let prepared = Segment::prepare(&shared.disk, sequence, bytes, used.as_deref());
            // The folder first: whoever has the result may give up the log and open it again.
            drop(shared);
            let _ = sender.send(prepared);
        }));
        self.collect();
    }

    /// The next segment; waits for it, if it comes to that.
    pub(crate) fn take(&mut self) -> Result<Segment<D::File>, WalError> {
        self.start();
        if self.segments.is_empty()
            && let Some(Running { result, spare }) = self.running.take()
        {
            let prepared = result.recv().unwrap_or_else(|_| self.prepare_here(spare.as_deref()));
            self.finish(prepared, spare);
        }
        self.shared.check()?;
        match (self.segments.pop_front(), &self.full) {
            (Some(segment), _) => Ok(segment),
            (None, Some(full)) => Err(full.clone()),
            (None, None) => unreachable!("a preparation ends with a segment or an error"),
        }
    }

    /// Takes over what a preparation has brought.
    pub(crate) fn collect(&mut self) {
        let Some(Running { result, spare }) = self.running.take() else { return };
        match result.try_recv() {
            Ok(prepared) => self.finish(prepared, spare),
            Err(TryRecvError::Empty) => self.running = Some(Running { result, spare }),
            Err(TryRecvError::Disconnected) => {
                let prepared = self.prepare_here(spare.as_deref());
                self.finish(prepared, spare);
            }
        }
    }

    /// Keeps a segment for its next use, or removes it. A reader that has it keeps what it reads:
    /// such a segment is not written again.
    pub(crate) fn free(&mut self, segment: Segment<D::File>) -> Result<(), WalError> {
        let (name, spare) = (segment.name(), spare_name_of(segment.sequence));
        let read = Arc::strong_count(&segment.file) > 1;
        let fits = segment.bytes == self.options.segment_bytes;
        let disk = &self.shared.disk;
        if fits && !read && self.spares.len() < self.options.spare_segments_max {
            disk.rename(&name, &spare)
                .map_err(Failure::of("rename", &name))
                .map(|()| self.spares.push(spare))
        } else {
            disk.remove(&name).map_err(Failure::of("remove", &name))
        }
        .map_err(|failure| self.shared.stop(failure))
    }

    /// Bytes for frames in segments that wait.
    pub(crate) fn left(&self) -> u64 {
        self.segments.iter().map(Segment::left).sum()
    }

    /// What the last preparation lacked, if it found no room.
    pub(crate) fn shortage(&self) -> Option<&WalError> {
        self.full.as_ref()
    }

    fn prepare_here(&self, spare: Option<&str>) -> Prepared<D> {
        let disk = &self.shared.disk;
        Segment::prepare(disk, self.next_sequence, self.options.segment_bytes, spare)
    }

    fn finish(&mut self, prepared: Prepared<D>, spare: Option<String>) {
        self.full = None;
        match prepared {
            Ok(segment) => {
                self.next_sequence += 1;
                self.segments.push_back(segment);
            }
            Err(failure) => {
                self.spares.extend(spare);
                let error = self.shared.stop_unless_full(failure);
                self.full = matches!(error, WalError::DiskFull(_)).then_some(error);
            }
        }
    }
}

impl<D: Disk> Drop for Ready<D> {
    /// The folder must not be given up while something still writes into it.
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            let _ = running.result.recv();
        }
    }
}

impl<D: Disk> fmt::Debug for Ready<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ready")
            .field("next_sequence", &self.next_sequence)
            .field("spares", &self.spares)
            .field("full", &self.full)
            .finish_non_exhaustive()
    }
}
