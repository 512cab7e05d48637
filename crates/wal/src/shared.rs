//! What the log, its snapshot writers and the preparation of segments have in common: the disk, and
//! the first failure, which stops them all.

use std::io;
use std::sync::{Arc, OnceLock};

use crate::disk::Disk;
use crate::error::{Failure, WalError};

#[derive(Debug)]
pub(crate) struct Shared<D> {
    pub(crate) disk: D,
    failed: OnceLock<Arc<Failure>>,
}

impl<D: Disk> Shared<D> {
    /// Stops the log unless `name` still leads to this file of it.
    pub(crate) fn check_in_place(&self, name: &str, file: &D::File) -> Result<(), WalError> {
        let failure = match self.disk.is_in_place(name, file) {
            Ok(true) => return Ok(()),
            Ok(false) => Failure::of("find", name)(io::Error::new(
                io::ErrorKind::NotFound,
                "it or the data folder was moved, replaced or removed while the log was open",
            )),
            Err(source) => Failure::of("find", name)(source),
        };
        Err(self.stop(failure))
    }
}

impl<D> Shared<D> {
    pub(crate) fn new(disk: D) -> Arc<Shared<D>> {
        Arc::new(Shared { disk, failed: OnceLock::new() })
    }

    /// Whether nothing has failed so far.
    pub(crate) fn check(&self) -> Result<(), WalError> {
        self.failed.get().map_or(Ok(()), |first| Err(WalError::Failed(Arc::clone(first))))
    }

    /// Stops the log. What a failed write or sync left on the disk cannot be known: the system may
    /// have dropped the bytes and call the next sync a success, so nothing is tried again.
    pub(crate) fn stop(&self, failure: Failure) -> WalError {
        WalError::Failed(Arc::clone(self.failed.get_or_init(|| Arc::new(failure))))
    }

    /// For a failure on a file aside, of which nothing depends yet: a full disk does not stop the
    /// log, nor do too many open files.
    pub(crate) fn stop_unless_full(&self, failure: Failure) -> WalError {
        if failure.is_shortage() {
            WalError::DiskFull(Arc::new(failure))
        } else {
            self.stop(failure)
        }
    }
}
