//! What the log needs of a disk: one flat folder of files, and a say in when bytes are durable.
//!
//! Two things may be lost in a crash and are made durable apart: the content of a file
//! ([`DiskFile::sync`]) and the names in the folder ([`Disk::sync_names`]).

use std::io;

/// Work that may run beside the log.
pub type Job = Box<dyn FnOnce() + Send>;

/// A folder.
pub trait Disk: Send + Sync + 'static {
    /// An open file. It stays readable while it is renamed or removed.
    type File: DiskFile;

    /// All file names, in any order.
    fn list(&self) -> io::Result<Vec<String>>;

    /// A new empty file for reading and writing; a file of that name is emptied.
    fn create(&self, name: &str) -> io::Result<Self::File>;

    /// An existing file for reading and writing.
    fn open(&self, name: &str) -> io::Result<Self::File>;

    /// Gives a file another name, in place of a file that has it.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;

    /// Takes a name away.
    fn remove(&self, name: &str) -> io::Result<()>;

    /// Whether `name`, in the folder that was opened, is still the name of this open file. False
    /// once somebody moved, replaced or removed it or the folder.
    fn is_in_place(&self, name: &str, file: &Self::File) -> io::Result<bool> {
        let _ = (name, file);
        Ok(true)
    }

    /// Returns when all names created, changed and removed so far are durable.
    fn sync_names(&self) -> io::Result<()>;

    /// A number that nobody can guess, different each time. Frames of an earlier life of a segment,
    /// and bytes that a client made to look like a frame, fail their checksum because of it.
    fn salt(&self) -> u64;

    /// Runs a job, now or on another thread. A job that is dropped is done later by the log itself.
    fn start(&self, job: Job) {
        job();
    }
}

/// An open file. Shared between threads, so every call says where.
pub trait DiskFile: Send + Sync + 'static {
    /// The length in bytes.
    fn bytes(&self) -> io::Result<u64>;

    /// Fills `bytes` from `offset` on; fewer bytes than that are an error.
    fn read_at(&self, offset: u64, bytes: &mut [u8]) -> io::Result<()>;

    /// Writes all of `bytes`.
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()>;

    /// Returns when the content and the length are durable.
    fn sync(&self) -> io::Result<()>;

    /// Writes all of `bytes` and returns when they are durable. Other bytes of the file, written
    /// before and not synced, may stay so.
    fn write_durably_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.write_at(offset, bytes)?;
        self.sync()
    }
}
