//! Where a server keeps its log: in a folder, or nowhere.

use std::io::{self, Cursor, Read};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use bramah_core::State;
use bramah_node::compaction::{self, CompactionError};
use bramah_node::{Node, Persist, Recovered, Replay};
use bramah_wal::{
    DirDisk, FinishedSnapshot, Options, SnapshotMeta, SnapshotWriter as AsideWriter, Wal, WalError,
};
use bramah_wire::membership::Membership;
use bramah_wire::snapshot::{SnapshotReader, SnapshotWriter};
use bytes::Bytes;
use tracing::{info, warn};

use crate::config::Storage;
use crate::hall::Hall;
use crate::keys::random_number;

/// A snapshot is made after at least so many times the bytes of the last one in log, so that
/// writing snapshots stays a small part of all writing.
const LOG_PER_SNAPSHOT: u64 = 2;

/// How long after a snapshot could not be made the next is tried: it reads the whole log to get
/// there.
pub(crate) const COMPACTION_REST: Duration = Duration::from_secs(60);

/// Why the log cannot be used or written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LogError {
    /// There is no room on the disk. Nothing was lost, and it may be tried again.
    #[error(transparent)]
    Full(WalError),
    /// The disk failed, or what it holds cannot be used.
    #[error(transparent)]
    Failed(#[from] Box<dyn std::error::Error + Send + Sync>),
}

impl LogError {
    pub(crate) fn thread_ended() -> LogError {
        boxed(io::Error::other("the thread that writes the log has ended"))
    }
}

/// How an empty log is begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Beginning {
    /// As the only member of a new cluster, whose tokens are of this epoch.
    Cluster { cluster_id: u64, node_id: u64, epoch: u16 },
    /// As a node that waits until it is a member.
    Joining { cluster_id: u64, node_id: u64 },
}

/// A server's log.
pub(crate) enum Log {
    /// Everything counts as durable at once, and is gone with the process.
    Memory(Option<MemorySnapshot>),
    /// In a folder.
    Folder(Box<FolderLog>),
}

/// A snapshot that is nowhere but in memory, for other members.
pub(crate) struct MemorySnapshot {
    meta: SnapshotMeta,
    data: Bytes,
}

/// The snapshot that is published, to be read.
pub(crate) struct Published {
    pub(crate) meta: SnapshotMeta,
    pub(crate) bytes: u64,
    pub(crate) data: Box<dyn Read + Send>,
}

/// A log, and what was in it.
pub(crate) struct Opened {
    pub(crate) log: Log,
    pub(crate) recovered: Recovered,
    pub(crate) torn: Option<String>,
}

impl Log {
    /// Opens the log and reads all that is in it. An empty one is begun as `beginning` says. A
    /// snapshot is made after so many bytes of log, at least.
    pub(crate) fn open(
        storage: &Storage,
        beginning: Beginning,
        bytes_before_snapshot: u64,
    ) -> Result<Opened, LogError> {
        let incarnation = random_number().map_err(boxed)?;
        let begin = |durable| match beginning {
            Beginning::Cluster { cluster_id, node_id, epoch } => {
                let (voters, learners) = (vec![node_id], Vec::new());
                let membership = Membership { cluster_id, node_id, voters, learners };
                let state = State::new(epoch);
                Recovered { state, ..Recovered::new(membership, durable, incarnation) }
            }
            Beginning::Joining { cluster_id, node_id } => {
                Recovered::joining(cluster_id, node_id, durable, incarnation)
            }
        };
        let Storage::Folder(path) = storage else {
            return Ok(Opened { log: Log::Memory(None), recovered: begin(false), torn: None });
        };
        let disk = DirDisk::open(path).map_err(boxed)?;
        let (mut wal, found) = Wal::open(disk, Options::default()).map_err(boxed)?;
        let snapshot = wal.reader().snapshot().map_err(boxed)?;
        let (recovered, snapshot_bytes) = match snapshot {
            None => {
                let begun = begin(true);
                if matches!(beginning, Beginning::Cluster { .. }) {
                    save_genesis(&mut wal, &begun)?;
                }
                let (hard_state, entries) = (found.hard_state, found.entries);
                (Recovered { hard_state, entries, ..begun }, 0)
            }
            Some(snapshot) => {
                let meta = snapshot.meta().clone();
                let bytes = snapshot.data_bytes();
                let facts = SnapshotReader::new(snapshot).map_err(boxed)?;
                let recovered = Recovered {
                    membership: Membership::decode(&meta.members).map_err(boxed)?,
                    durable: true,
                    state: Replay::read_state(facts).map_err(boxed)?,
                    snapshot: (meta.index, meta.term),
                    hard_state: found.hard_state,
                    entries: found.entries,
                    incarnation,
                };
                (recovered, bytes)
            }
        };
        let torn = found.torn.map(|torn| format!("{} at byte {}", torn.name, torn.offset));
        let log = FolderLog {
            wal,
            snapshot_bytes,
            bytes_before_snapshot,
            compaction: None,
            compaction_rests: None,
            sealed: true,
        };
        Ok(Opened { log: Log::Folder(Box::new(log)), recovered, torn })
    }

    /// Makes it durable.
    pub(crate) fn append(&mut self, persist: &Persist) -> Result<(), LogError> {
        let Log::Folder(log) = self else { return Ok(()) };
        log.sealed = false;
        log.wal.append(persist.hard_state.as_ref(), &persist.entries).map_err(full_or_failed)
    }

    /// Puts a snapshot that was received in place of the whole log. Where there is no room it stays
    /// as it is, to be given again.
    pub(crate) fn install(
        &mut self,
        finished: &mut FinishedSnapshot<DirDisk>,
    ) -> Result<(), LogError> {
        let Log::Folder(log) = self else { return Ok(()) };
        log.sealed = false;
        log.wal.try_publish(finished).map_err(full_or_failed)?;
        log.snapshot_bytes = finished.data_bytes();
        Ok(())
    }

    /// Begins to write a snapshot aside that is received; none in memory.
    pub(crate) fn begin_received(
        &mut self,
        meta: &SnapshotMeta,
    ) -> Result<Option<AsideWriter<DirDisk>>, LogError> {
        let Log::Folder(log) = self else { return Ok(None) };
        log.wal.begin_snapshot(meta).map(Some).map_err(full_or_failed)
    }

    /// Why there is no room for the next part of the log. What is appended still fits, for a while.
    pub(crate) fn shortage(&mut self) -> Option<String> {
        match self {
            Log::Memory(_) => None,
            Log::Folder(log) => log.wal.shortage().map(ToString::to_string),
        }
    }

    /// Tries again to find room for the next part of the log.
    pub(crate) fn prepare_next(&mut self) {
        if let Log::Folder(log) = self {
            log.wal.prepare_next();
        }
    }

    /// What can be done while nobody waits: looks whether the folder is still the log's, and says
    /// of the last write that it is durable, so that later damage to it cannot be taken for a torn
    /// tail.
    pub(crate) fn idle(&mut self) -> Result<(), LogError> {
        let Log::Folder(log) = self else { return Ok(()) };
        log.wal.check_in_place().map_err(boxed)?;
        if !log.sealed && !log.wal.is_disk_full() {
            log.sealed = true;
            match log.wal.seal() {
                Ok(()) | Err(WalError::DiskFull(_)) => {}
                Err(error) => return Err(boxed(error)),
            }
        }
        Ok(())
    }

    /// Begins to make a snapshot when the log has grown long or when one is ordered, and puts a
    /// finished one in place: its index and term are given back. `hall` is woken when one is made.
    pub(crate) fn keep_short(
        &mut self,
        node: &Node,
        ordered: &mut bool,
        hall: &Arc<Hall>,
    ) -> Result<Option<(u64, u64)>, LogError> {
        let log = match self {
            Log::Folder(log) => log,
            Log::Memory(_) if !*ordered => return Ok(None),
            Log::Memory(snapshot) => {
                *ordered = false;
                let made = MemorySnapshot::of(node).map_err(boxed)?;
                let is = (made.meta.index, made.meta.term);
                *snapshot = Some(made);
                return Ok(Some(is));
            }
        };
        if let Some(compacted) = log.take_compacted()? {
            return log.publish(compacted);
        }
        let enough = log.bytes_before_snapshot.max(LOG_PER_SNAPSHOT * log.snapshot_bytes);
        let is_due = log.wal.bytes_since_snapshot() >= enough;
        if log.compaction.is_none() && (is_due || *ordered) && log.rests().is_none() {
            let has_news = log.begin(node, hall)?;
            if std::mem::take(ordered) && !has_news {
                return Ok(log.wal.snapshot().map(|meta| (meta.index, meta.term)));
            }
        }
        Ok(None)
    }

    /// Why the last snapshot could not be made, and none is made for a while.
    pub(crate) fn makes_no_snapshots(&self) -> Option<String> {
        match self {
            Log::Memory(_) => None,
            Log::Folder(log) => log.rests().map(str::to_owned),
        }
    }

    /// The published snapshot, if there is one.
    pub(crate) fn published(&self) -> Result<Option<Published>, LogError> {
        match self {
            Log::Memory(made) => Ok(made.as_ref().map(|made| Published {
                meta: made.meta.clone(),
                bytes: made.data.len() as u64,
                data: Box::new(Cursor::new(made.data.clone())),
            })),
            Log::Folder(log) => {
                let reader = log.wal.reader().snapshot().map_err(boxed)?;
                Ok(reader.map(|reader| Published {
                    meta: reader.meta().clone(),
                    bytes: reader.data_bytes(),
                    data: Box::new(reader),
                }))
            }
        }
    }

    /// Leaves a snapshot of the table, so that the next start has nothing to replay. Without room
    /// for it the log does.
    pub(crate) fn close(&mut self, node: &Node) -> Result<(), LogError> {
        let Log::Folder(log) = self else { return Ok(()) };
        match log.snapshot_now(node) {
            Ok(()) => Ok(()),
            Err(WalError::DiskFull(error)) => {
                warn!(%error, "no room for a snapshot: the next start replays the log");
                Ok(())
            }
            Err(error) => Err(boxed(error)),
        }
    }
}

type Compacted = Result<(FinishedSnapshot<DirDisk>, u64), CompactionError>;

/// A log in a folder.
pub(crate) struct FolderLog {
    wal: Wal<DirDisk>,
    snapshot_bytes: u64,
    bytes_before_snapshot: u64,
    /// Where a snapshot that is being made comes from.
    compaction: Option<Receiver<Compacted>>,
    /// The next one is not tried before that, and why.
    compaction_rests: Option<(Instant, String)>,
    sealed: bool,
}

impl FolderLog {
    fn snapshot_now(&mut self, node: &Node) -> Result<(), WalError> {
        let (state, index, term) = node.applied();
        // A node that waits to become a member has nothing yet.
        if index > 0 && self.wal.snapshot().is_none_or(|snapshot| snapshot.index < index) {
            let meta = SnapshotMeta { index, term, members: node.membership().encode() };
            let finished = compaction::write(state, self.wal.begin_snapshot(&meta)?)?;
            self.wal.publish_snapshot(finished)?;
        }
        self.wal.seal()
    }

    /// Begins to make a snapshot of what is applied; false if there is one of that already.
    fn begin(&mut self, node: &Node, hall: &Arc<Hall>) -> Result<bool, LogError> {
        let (_, index, term) = node.applied();
        if self.wal.snapshot().is_none_or(|snapshot| snapshot.index >= index) {
            return Ok(false);
        }
        let meta = SnapshotMeta { index, term, members: node.membership().encode() };
        let writer = match self.wal.begin_snapshot(&meta) {
            Ok(writer) => writer,
            Err(full @ WalError::DiskFull(_)) => {
                self.rest(full.to_string());
                return Ok(true);
            }
            Err(error) => return Err(boxed(error)),
        };
        let (reader, hall) = (self.wal.reader(), hall.clone());
        let (made, compacted) = sync_channel(1);
        let work = move || {
            let compacted = compaction::run(&reader, index, writer);
            // First: a segment that somebody reads is not used again.
            drop(reader);
            let _ = made.send(compacted);
            hall.wake();
        };
        let thread = std::thread::Builder::new().name("compaction".into()).spawn(work);
        self.await_compaction(thread, compacted);
        Ok(true)
    }

    /// A thread makes a snapshot, if it could be started.
    fn await_compaction(
        &mut self,
        thread: io::Result<JoinHandle<()>>,
        compacted: Receiver<Compacted>,
    ) {
        match thread {
            Ok(_) => self.compaction = Some(compacted),
            Err(error) => self.rest(format!("no thread could be started: {error}")),
        }
    }

    /// What came of the snapshot that was being made, once that is known.
    fn take_compacted(&mut self) -> Result<Option<Compacted>, LogError> {
        let Some(compaction) = &self.compaction else { return Ok(None) };
        match compaction.try_recv() {
            Ok(compacted) => {
                self.compaction = None;
                Ok(Some(compacted))
            }
            Err(TryRecvError::Empty) => Ok(None),
            Err(TryRecvError::Disconnected) => Err(boxed(io::Error::other("compaction panicked"))),
        }
    }

    fn publish(&mut self, compacted: Compacted) -> Result<Option<(u64, u64)>, LogError> {
        match compacted {
            Ok((finished, bytes)) => {
                let (index, term) = (finished.meta().index, finished.meta().term);
                match self.wal.publish_snapshot(finished) {
                    Err(full @ WalError::DiskFull(_)) => self.rest(full.to_string()),
                    // One that was received meanwhile is newer.
                    Err(WalError::StaleSnapshot { .. }) => {}
                    published => {
                        published.map_err(boxed)?;
                        info!(index, bytes, "snapshot made");
                        self.snapshot_bytes = bytes;
                        return Ok(Some((index, term)));
                    }
                }
            }
            Err(CompactionError::Write(full @ WalError::DiskFull(_))) => {
                self.rest(full.to_string())
            }
            Err(error) => return Err(boxed(error)),
        }
        Ok(None)
    }

    fn rests(&self) -> Option<&str> {
        let resting = self.compaction_rests.as_ref().filter(|(until, _)| Instant::now() < *until);
        resting.map(|(_, why)| why.as_str())
    }

    fn rest(&mut self, why: String) {
        warn!(why, "no snapshot can be made; trying again in {COMPACTION_REST:?}");
        self.compaction_rests = Some((Instant::now() + COMPACTION_REST, why));
    }
}

impl MemorySnapshot {
    fn of(node: &Node) -> io::Result<MemorySnapshot> {
        let (state, index, term) = node.applied();
        let mut facts = SnapshotWriter::new(Vec::new())?;
        for fact in state.facts() {
            facts.write(&fact)?;
        }
        let meta = SnapshotMeta { index, term, members: node.membership().encode() };
        Ok(MemorySnapshot { meta, data: facts.finish()?.into() })
    }
}

/// The first snapshot of a new node holds nothing but who it is.
fn save_genesis(wal: &mut Wal<DirDisk>, recovered: &Recovered) -> Result<(), LogError> {
    let (index, term) = recovered.snapshot;
    let meta = SnapshotMeta { index, term, members: recovered.membership.encode() };
    let writer = wal.begin_snapshot(&meta).map_err(boxed)?;
    let finished = compaction::write(&recovered.state, writer).map_err(boxed)?;
    wal.publish_snapshot(finished).map_err(boxed)
}

fn full_or_failed(error: WalError) -> LogError {
    match error {
        full @ WalError::DiskFull(_) => LogError::Full(full),
        error => boxed(error),
    }
}

fn boxed(error: impl std::error::Error + Send + Sync + 'static) -> LogError {
    LogError::Failed(Box::new(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// More than any machine has.
    const STACK_BYTES: usize = 1 << 60;

    #[test]
    fn a_snapshot_without_a_thread_to_make_it_is_tried_again_later() {
        let folder = tempfile::tempdir().expect("a folder");
        let storage = Storage::Folder(folder.path().to_owned());
        let beginning = Beginning::Cluster { cluster_id: 300, node_id: 7, epoch: 0 };
        let opened = Log::open(&storage, beginning, 0).expect("it opens");
        let Log::Folder(mut log) = opened.log else { panic!("it is in a folder") };
        let (made, compacted) = sync_channel(1);
        let work = move || drop(made);
        let thread = std::thread::Builder::new().stack_size(STACK_BYTES).spawn(work);
        assert!(thread.is_err(), "there is no room for its stack");
        log.await_compaction(thread, compacted);
        assert!(log.take_compacted().expect("nothing failed").is_none());
        let why = log.rests().expect("none is made for a while");
        assert!(why.starts_with("no thread could be started: "), "{why}");
        log.compaction_rests = Some((Instant::now(), String::new()));
        assert_eq!(log.rests(), None, "a while later");
    }
}
