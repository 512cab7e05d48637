//! Makes a snapshot out of the last one and the log behind it: for a thread of its own.
//!
//! The node's table is not touched, so the node does not stall, whatever the table's size. The
//! price is a second table in memory while this runs. What it does is what a restart does, so every
//! snapshot also proves that the log can be read again.

use std::io::{self, Write};

use bramah_core::State;
use bramah_wal::{Disk, FinishedSnapshot, OpenError, ReadError, Reader, SnapshotWriter, WalError};
use bramah_wire::membership::Membership;
use bramah_wire::{DecodeError, snapshot as wire};
use thiserror::Error;

use crate::restore::{NodeError, Replay};

/// Why there is no new snapshot.
#[derive(Debug, Error)]
pub enum CompactionError {
    /// The last snapshot cannot be opened.
    #[error("the last snapshot cannot be opened")]
    Open(#[from] OpenError),
    /// The log cannot be read again.
    #[error("the log cannot be read again")]
    Read(#[from] ReadError),
    /// What the log holds cannot be applied again.
    #[error("what the log holds cannot be applied again")]
    Node(#[from] NodeError),
    /// The snapshot cannot be written.
    #[error("the snapshot cannot be written")]
    Write(#[from] WalError),
    /// The table has a fact that no snapshot can hold.
    #[error("the table has a fact that no snapshot can hold")]
    Form(#[source] io::Error),
    /// Who the members are cannot be read.
    #[error("who the members are cannot be read")]
    Members(#[source] DecodeError),
    /// The log has no snapshot to start from.
    #[error("the log has no snapshot to start from")]
    NoSnapshot,
}

/// Rebuilds the table as of `index` from the disk, and writes it. Gives back the snapshot, to be
/// published, and its length in bytes.
///
/// # Errors
/// [`CompactionError`]; the log is as it was.
pub fn run<D: Disk>(
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
    let finished = write_or(&state, writer, CompactionError::Form)?;
    let bytes = finished.data_bytes();
    Ok((finished, bytes))
}

/// Writes a table as a snapshot.
///
/// # Errors
/// [`WalError`] of the log that `writer` belongs to.
///
/// # Panics
/// When the table has a fact that no snapshot can hold, which the bounds of the core rule out.
pub fn write<D: Disk>(
    state: &State,
    writer: SnapshotWriter<D>,
) -> Result<FinishedSnapshot<D>, WalError> {
    write_or(state, writer, |form| unreachable!("a fact that no snapshot can hold: {form}"))
}

/// `of_form` makes an error of what is not the log's own.
fn write_or<D: Disk, E: From<WalError>>(
    state: &State,
    writer: SnapshotWriter<D>,
    of_form: impl FnOnce(io::Error) -> E,
) -> Result<FinishedSnapshot<D>, E> {
    let mut aside = Aside { writer, error: None };
    match write_facts(state, &mut aside) {
        Ok(()) => Ok(aside.writer.finish()?),
        Err(error) => Err(aside.error.map_or_else(|| of_form(error), E::from)),
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
