//! What can go wrong, and what it means for the log.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use thiserror::Error;

/// Why a log was not opened. Unless the error is `Io`, nothing was changed but unfinished files
/// removed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum OpenError {
    /// Another process has the folder.
    #[error(
        "data folder {} is in use by {}: stop it first, or use another folder",
        path.display(), holder_text(*holder)
    )]
    Locked {
        /// The folder.
        path: PathBuf,
        /// Process id of the holder, as it wrote it down.
        holder: Option<u32>,
    },
    /// A file was written by a later version, or is not the log's at all.
    #[error(
        "{name} has format version {version}, and this program reads version {known}: use a newer \
         program, or check that the file is what its name says"
    )]
    UnknownVersion {
        /// The file.
        name: String,
        /// What its header says.
        version: u32,
        /// What this program reads.
        known: u32,
    },
    /// Acknowledged data cannot be read as it was written. A torn tail is no such case.
    #[error(
        "{name} is damaged at byte {offset}: {what}. Acknowledged data would be lost, so the log \
         is not opened. A member of a cluster: remove it, empty its data folder and add it again. \
         A single node: check the disk and restore a backup"
    )]
    Damaged {
        /// The file.
        name: String,
        /// Where in the file.
        offset: u64,
        /// What is wrong there.
        what: String,
    },
    /// There is no room for the first segments.
    #[error("could not {operation} {name}: the disk is full")]
    DiskFull {
        /// What was tried.
        operation: &'static str,
        /// On which file.
        name: String,
        /// The system's error.
        source: io::Error,
    },
    /// The system refused.
    #[error("could not {operation} {name}")]
    Io {
        /// What was tried.
        operation: &'static str,
        /// On which file.
        name: String,
        /// The system's error.
        source: io::Error,
    },
    /// An option is out of its bounds.
    #[error("segment_bytes {segment_bytes}: must be a multiple of 512 from {min} to {max}")]
    SegmentBytes {
        /// What was asked for.
        segment_bytes: u64,
        /// The least.
        min: u64,
        /// The most.
        max: u64,
    },
}

/// Why a call on an open log did not do what it says.
#[derive(Clone, Debug, Error)]
#[non_exhaustive]
pub enum WalError {
    /// A write or a sync failed, now or earlier, and nobody knows what reached the disk. Every
    /// later call fails with the same cause. Stop the process: only opening the log again tells
    /// what is there.
    #[error("the log stopped: {0}: {cause}", cause = .0.source)]
    Failed(Arc<Failure>),
    /// There was no room, or no file could be opened any more, and nothing was written. The same
    /// call may succeed once there is.
    #[error("{}: could not {}", .0.shortage(), .0.what())]
    DiskFull(Arc<Failure>),
    /// The entry does not fit into a segment.
    #[error("entry {index} takes {bytes} bytes in the log (entry_bytes_max {bytes_max})")]
    EntryTooLarge {
        /// Its index.
        index: u64,
        /// What it takes.
        bytes: u64,
        /// What it may take.
        bytes_max: u64,
    },
    /// Entries must follow each other, the log and its snapshot without a gap.
    #[error("entry {found} cannot be written: must be from {index_min} to {index_max}")]
    OutOfOrder {
        /// Its index.
        found: u64,
        /// The first index behind the snapshot.
        index_min: u64,
        /// The index after the entry before it.
        index_max: u64,
    },
    /// The log has this snapshot already, or a later one.
    #[error("snapshot {index} is not after snapshot {current}, which the log has")]
    StaleSnapshot {
        /// The index offered.
        index: u64,
        /// The index of the log's snapshot.
        current: u64,
    },
    /// The membership is longer than a snapshot carries.
    #[error("membership of {bytes} bytes (snapshot_members_bytes_max {bytes_max})")]
    MembersTooLarge {
        /// What was offered.
        bytes: usize,
        /// What is allowed.
        bytes_max: usize,
    },
}

/// Why something written earlier could not be read again.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The system refused.
    #[error("could not read {name}")]
    Io {
        /// The file.
        name: String,
        /// The system's error.
        source: io::Error,
    },
    /// The bytes are not what was written.
    #[error("{name} is damaged at byte {offset}: {what}")]
    Damaged {
        /// The file.
        name: String,
        /// Where in the file.
        offset: u64,
        /// What is wrong there.
        what: String,
    },
}

/// A refusal of the system, and what was being done.
#[derive(Debug, Error)]
#[error("could not {operation} {name}")]
pub struct Failure {
    pub(crate) operation: &'static str,
    pub(crate) name: String,
    pub(crate) source: io::Error,
}

impl Failure {
    /// For `map_err`: what was being done, to which file.
    pub(crate) fn of(operation: &'static str, name: &str) -> impl FnOnce(io::Error) -> Failure {
        let name = name.to_owned();
        move |source| Failure { operation, name, source }
    }

    pub(crate) fn is_disk_full(&self) -> bool {
        matches!(self.source.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
    }

    /// What there was not enough of will be there again: room, or files that may be open.
    pub(crate) fn is_shortage(&self) -> bool {
        self.is_disk_full() || self.lacks_files()
    }

    fn lacks_files(&self) -> bool {
        // Of this process; of all processes.
        const EMFILE: i32 = 24;
        const ENFILE: i32 = 23;
        matches!(self.source.raw_os_error(), Some(EMFILE | ENFILE))
    }

    fn shortage(&self) -> &'static str {
        if self.lacks_files() { "too many files are open" } else { "the disk is full" }
    }

    fn what(&self) -> String {
        format!("{} {}", self.operation, self.name)
    }
}

impl From<Failure> for OpenError {
    fn from(failure: Failure) -> OpenError {
        let is_disk_full = failure.is_disk_full();
        let Failure { operation, name, source } = failure;
        if is_disk_full {
            OpenError::DiskFull { operation, name, source }
        } else {
            OpenError::Io { operation, name, source }
        }
    }
}

impl From<ReadError> for OpenError {
    fn from(error: ReadError) -> OpenError {
        match error {
            ReadError::Io { name, source } => OpenError::Io { operation: "read", name, source },
            ReadError::Damaged { name, offset, what } => OpenError::Damaged { name, offset, what },
        }
    }
}

fn holder_text(holder: Option<u32>) -> String {
    holder.map_or("another process".to_owned(), |pid| format!("process {pid}"))
}
