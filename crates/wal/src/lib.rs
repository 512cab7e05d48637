//! The write-ahead log.
mod batch;
mod dir_disk;
mod disk;
mod entry;
mod error;
pub mod limits;
mod outline;
mod reader;
mod ready;
mod recover;
mod segment;
mod shared;
mod sim_disk;
mod snapshot;
mod wal;

pub use dir_disk::DirDisk;
pub use disk::{Disk, DiskFile, Job};
pub use entry::{Entry, HardState, SnapshotMeta};
pub use error::{Failure, OpenError, ReadError, WalError};
pub use reader::{Entries, Reader};
pub use recover::{Recovered, TornTail};
pub use sim_disk::{SECTOR_BYTES, SimDisk, SimFile};
pub use snapshot::{FinishedSnapshot, SnapshotReader, SnapshotWriter};
pub use wal::{Options, Wal};
