//! Where a server keeps its log: in a folder, or nowhere.

use std::io;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use bramah_node::compaction::{self, CompactionError};
use bramah_node::{Node, Persist, Recovered, Replay};
use bramah_wal::{DirDisk, FinishedSnapshot, Options, SnapshotMeta, Wal, WalError};
use bramah_wire::membership::Membership;
use bramah_wire::snapshot::SnapshotReader;
use tracing::{info, warn};

use crate::config::Storage;

/// Bytes of log after which a snapshot is made, at least.
const LOG_BYTES_BEFORE_SNAPSHOT: u64 = 64 * 1024 * 1024;
/// And at least so many times the bytes of the last snapshot, so that writing snapshots stays a
/// small part of all writing.
const LOG_PER_SNAPSHOT: u64 = 2;

/// How long after a snapshot found no room the next is tried: it reads the whole log to get there.
const COMPACTION_REST: Duration = Duration::from_secs(60);

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

/// A server's log.
pub(crate) enum Log {
    /// Everything counts as durable at once, and is gone with the process.
    Memory,
    /// In a folder.
    Folder(Box<FolderLog>),
}

/// A log, and what was in it.
pub(crate) struct Opened {
    pub(crate) log: Log,
    pub(crate) recovered: Recovered,
    pub(crate) torn: Option<String>,
}

impl Log {
    /// Opens the log and reads all that is in it; a new folder becomes a node of a new cluster.
    pub(crate) fn open(storage: &Storage) -> Result<Opened, LogError> {
        let Storage::Folder(path) = storage else {
            let recovered = Recovered::new(new_membership()?, false, random_number()?);
            return Ok(Opened { log: Log::Memory, recovered, torn: None });
        };
        let disk = DirDisk::open(path).map_err(boxed)?;
        let (mut wal, found) = Wal::open(disk, Options::default()).map_err(boxed)?;
        let snapshot = wal.reader().snapshot().map_err(boxed)?;
        let (recovered, snapshot_bytes) = match snapshot {
            None => {
                let recovered = Recovered::new(new_membership()?, true, random_number()?);
                save_genesis(&mut wal, &recovered)?;
                (recovered, 0)
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
                    incarnation: random_number()?,
                };
                (recovered, bytes)
            }
        };
        let torn = found.torn.map(|torn| format!("{} at byte {}", torn.name, torn.offset));
        let members = recovered.membership.encode();
        let log = FolderLog {
            wal,
            members,
            snapshot_bytes,
            compaction: None,
            compaction_rests_until: None,
            sealed: true,
        };
        Ok(Opened { log: Log::Folder(Box::new(log)), recovered, torn })
    }

    /// Makes it durable.
    pub(crate) fn append(&mut self, persist: &Persist) -> Result<(), LogError> {
        let Log::Folder(log) = self else { return Ok(()) };
        log.sealed = false;
        match log.wal.append(persist.hard_state.as_ref(), &persist.entries) {
            Ok(()) => Ok(()),
            Err(full @ WalError::DiskFull(_)) => Err(LogError::Full(full)),
            Err(error) => Err(boxed(error)),
        }
    }

    /// The disk had no room for the next part of the log. What is appended still fits, for a while.
    pub(crate) fn is_low(&mut self) -> bool {
        match self {
            Log::Memory => false,
            Log::Folder(log) => log.wal.is_disk_full(),
        }
    }

    /// Tries again to find room for the next part of the log.
    pub(crate) fn prepare_next(&mut self) {
        if let Log::Folder(log) = self {
            log.wal.prepare_next();
        }
    }

    /// What can be done while nobody waits: says of the last write that it is durable, so that
    /// later damage to it cannot be taken for a torn tail.
    pub(crate) fn idle(&mut self) -> Result<(), LogError> {
        let Log::Folder(log) = self else { return Ok(()) };
        if !log.sealed && !log.wal.is_disk_full() {
            log.sealed = true;
            match log.wal.seal() {
                Ok(()) | Err(WalError::DiskFull(_)) => {}
                Err(error) => return Err(boxed(error)),
            }
        }
        Ok(())
    }

    /// Begins to make a snapshot when the log has grown long, and puts a finished one in place.
    pub(crate) fn keep_short(&mut self, node: &Node) -> Result<(), LogError> {
        let Log::Folder(log) = self else { return Ok(()) };
        if let Some(thread) = log.compaction.take_if(|thread| thread.is_finished()) {
            return log.publish(thread);
        }
        let enough = LOG_BYTES_BEFORE_SNAPSHOT.max(LOG_PER_SNAPSHOT * log.snapshot_bytes);
        let rests = log.compaction_rests_until.is_some_and(|until| Instant::now() < until);
        let is_due = log.wal.bytes_since_snapshot() >= enough;
        match log.compaction.is_none() && is_due && !rests {
            true => log.begin(node),
            false => Ok(()),
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
    members: Vec<u8>,
    snapshot_bytes: u64,
    compaction: Option<JoinHandle<Compacted>>,
    /// No room for the last one: the next is not tried before this.
    compaction_rests_until: Option<Instant>,
    sealed: bool,
}

impl FolderLog {
    fn snapshot_now(&mut self, node: &Node) -> Result<(), WalError> {
        let (state, index, term) = node.applied();
        if self.wal.snapshot().is_none_or(|snapshot| snapshot.index < index) {
            let meta = SnapshotMeta { index, term, members: self.members.clone() };
            let finished = compaction::write(state, self.wal.begin_snapshot(&meta)?)?;
            self.wal.publish_snapshot(finished)?;
        }
        self.wal.seal()
    }

    fn begin(&mut self, node: &Node) -> Result<(), LogError> {
        let (_, index, term) = node.applied();
        let meta = SnapshotMeta { index, term, members: self.members.clone() };
        let writer = match self.wal.begin_snapshot(&meta) {
            Ok(writer) => writer,
            Err(WalError::DiskFull(error)) => {
                self.rest(&error);
                return Ok(());
            }
            Err(error) => return Err(boxed(error)),
        };
        let reader = self.wal.reader();
        let work = move || compaction::run(&reader, index, writer);
        let thread = std::thread::Builder::new().name("compaction".into()).spawn(work);
        self.compaction = Some(thread.map_err(boxed)?);
        Ok(())
    }

    fn publish(&mut self, thread: JoinHandle<Compacted>) -> Result<(), LogError> {
        let compacted =
            thread.join().map_err(|_| boxed(io::Error::other("compaction panicked")))?;
        match compacted {
            Ok((finished, bytes)) => {
                info!(index = finished.meta().index, bytes, "snapshot made");
                self.snapshot_bytes = bytes;
                match self.wal.publish_snapshot(finished) {
                    Err(WalError::DiskFull(error)) => self.rest(&error),
                    published => published.map_err(boxed)?,
                }
            }
            Err(CompactionError::Write(WalError::DiskFull(error))) => self.rest(&error),
            Err(error) => return Err(boxed(error)),
        }
        Ok(())
    }

    fn rest(&mut self, error: &dyn std::error::Error) {
        warn!(%error, "no room for a snapshot");
        self.compaction_rests_until = Some(Instant::now() + COMPACTION_REST);
    }
}

fn new_membership() -> Result<Membership, LogError> {
    let (cluster_id, node_id) = (random_number()?, random_number()?);
    Ok(Membership { cluster_id, node_id, voters: vec![node_id], learners: Vec::new() })
}

/// A number that nobody else draws. Never 0, which raft takes for nobody; within 53 bits, so that
/// every JSON reader gets it right.
fn random_number() -> Result<u64, LogError> {
    let mut random = [0; 8];
    getrandom::fill(&mut random).map_err(|error| boxed(io::Error::other(error)))?;
    Ok(u64::from_be_bytes(random) >> 11 | 1)
}

/// The first snapshot of a new node holds nothing but who it is.
fn save_genesis(wal: &mut Wal<DirDisk>, recovered: &Recovered) -> Result<(), LogError> {
    let (index, term) = recovered.snapshot;
    let meta = SnapshotMeta { index, term, members: recovered.membership.encode() };
    let writer = wal.begin_snapshot(&meta).map_err(boxed)?;
    let finished = compaction::write(&recovered.state, writer).map_err(boxed)?;
    wal.publish_snapshot(finished).map_err(boxed)
}

fn boxed(error: impl std::error::Error + Send + Sync + 'static) -> LogError {
    LogError::Failed(Box::new(error))
}
