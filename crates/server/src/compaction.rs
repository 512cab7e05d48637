//! Makes a snapshot out of the last one and the log behind it, on a thread of its own.
//!
//! The serving thread's table is not touched, so it does not stall, whatever the table's size. The
//! price is a second table in memory while this runs. What it does is what a restart does, so every
//! snapshot also proves that the log can be read again.

use std::io::{self, Write};

use bramah_core::State;
use bramah_node::{NodeError, Replay};
use bramah_wal::{Disk, FinishedSnapshot, OpenError, ReadError, Reader, SnapshotWriter, WalError};
use bramah_wire::membership::Membership;
use bramah_wire::{DecodeError, snapshot as wire};

/// Why there is no new snapshot.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CompactionError {
    #[error("the last snapshot cannot be opened")]
    Open(#[from] OpenError),
    #[error("the log cannot be read again")]
    Read(#[from] ReadError),
    #[error("what the log holds cannot be applied again")]
    Node(#[from] NodeError),
    #[error("the snapshot cannot be written")]
    Write(#[from] WalError),
    #[error("who the members are cannot be read")]
    Members(#[source] DecodeError),
    #[error("the log has no snapshot to start from")]
    NoSnapshot,
}

/// Rebuilds the table as of `index` from the disk, and writes it. Gives back the snapshot, to be
/// published, and its length in bytes.
pub(crate) fn run<D: Disk>(
    reader: &Reader<D::File>,
    index: u64,
    writer: SnapshotWriter<D>,
) -> Result<(FinishedSnapshot<D>, u64), CompactionError> {
    let snapshot = reader.snapshot()?.ok_or(CompactionError::NoSnapshot)?;
    let meta = snapshot.meta().clone();
    let facts = wire::SnapshotReader::new(snapshot).map_err(NodeError::Snapshot)?;
    let membership = Membership::decode(&meta.members).map_err(CompactionError::Members)?;
    let state = Replay::read_state(facts)?;
    let mut replay = Replay::new(state, membership, meta.index, meta.term);
    for entry in reader.entries(index) {
        replay.apply(&entry?)?;
    }
    let (state, ..) = replay.finish();
    let finished = write(&state, writer)?;
    let bytes = finished.data_bytes();
    Ok((finished, bytes))
}

/// Writes a table as a snapshot.
pub(crate) fn write<D: Disk>(
    state: &State,
    writer: SnapshotWriter<D>,
) -> Result<FinishedSnapshot<D>, WalError> {
    let mut aside = Aside { writer, error: None };
    match write_facts(state, &mut aside) {
        Ok(()) => aside.writer.finish(),
        // Writing into the log's own writer fails in no other way.
        Err(_) => Err(aside.error.unwrap_or_else(|| unreachable!("an error without a cause"))),
    }
}

fn write_facts<D: Disk>(state: &State, aside: &mut Aside<D>) -> io::Result<()> {
    let mut facts = wire::SnapshotWriter::new(aside)?;
    for fact in state.facts() {
        facts.write(&fact)?;
    }
    facts.finish().map(drop)
}

/// The log's writer of snapshots as a stream of bytes, which keeps the log's own error.
struct Aside<D: Disk> {
    writer: SnapshotWriter<D>,
    error: Option<WalError>,
}

impl<D: Disk> Write for Aside<D> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writer.write(bytes).map_err(|error| {
            let kind = io::Error::other(error.to_string());
            self.error = Some(error);
            kind
        })?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
