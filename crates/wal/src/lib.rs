//! The write-ahead log: what a Raft node must not forget.
//!
//! [`Wal`] keeps entries, the hard state and one snapshot in a folder. It is synchronous and small:
//! a call that returns `Ok` has made its content durable, with one write and one sync. It knows
//! indexes and terms, and nothing of Raft's messages or of what entries mean.
//!
//! ```
//! use bramah_wal::{Entry, HardState, Options, SimDisk, Wal};
//!
//! let disk = SimDisk::new(1); // or DirDisk::open("/var/lib/bramah")?
//! let (mut wal, _) = Wal::open(disk.clone(), Options::default())?;
//! let entry = Entry { term: 1, index: 1, kind: 0, data: "a grant".into() };
//! wal.append(Some(&HardState { term: 1, vote: 1, commit: 0 }), &[entry.clone()])?;
//! drop(wal);
//!
//! let (_, recovered) = Wal::open(disk, Options::default())?;
//! assert_eq!(recovered.entries, [entry]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What must never be
//! * Acknowledged data is never missing without a word: a log that cannot give it back does not
//!   open ([`OpenError::Damaged`]). What was not acknowledged may be there whole or be cut off.
//! * A failed write or sync is never tried again. It stops the log ([`WalError::Failed`]): the
//!   system may have thrown the bytes away and call the next sync a success.
//! * A full disk is never found out in the middle of an append: segments are written to their end
//!   before they are used, one ahead of need ([`Wal::is_disk_full`]).
//! * Bytes of an earlier life of a segment, or shaped by a client, are never taken for a frame:
//!   every checksum starts from the segment's number and a secret salt.
//! * Two processes never write one folder ([`DirDisk::open`]).
//!
//! # For the caller
//! The log takes calls from one thread. A [`Reader`] and a [`SnapshotWriter`] go to others:
//! together they let a snapshot be made from what is on the disk, while the log goes on. Say
//! [`Wal::seal`] when the log falls idle: it closes the one gap between a torn tail and damage.
//!
//! Reading order: [`limits`], `entry`, `error` (the vocabulary); `disk`, `dir_disk`, `sim_disk`
//! (below); `batch`, `segment`, `snapshot` (what the files hold); `outline`, `shared`, `ready` (the
//! parts); `wal`, `recover`, `reader` (the log). DESIGN.md beside this crate gives the mechanism
//! and the reasons.

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
