//! Why a lock was not acquired.

use std::fmt;

use crate::error::Error;
use crate::info::Busy;

/// Why [`crate::LockBuilder::acquire`] came back without the lock. Its `Debug` is the sentence too.
#[non_exhaustive]
pub enum AcquireError {
    /// Somebody else has it, and the wait is over. Nothing is wrong.
    Busy(Box<Busy>),
    /// It could not be asked for, or the answer is not known.
    Failed(Error),
}

impl AcquireError {
    /// Who was in the way, if that was all.
    #[must_use]
    pub fn busy(&self) -> Option<&Busy> {
        match self {
            AcquireError::Busy(busy) => Some(busy),
            AcquireError::Failed(_) => None,
        }
    }
}

impl From<Error> for AcquireError {
    fn from(error: Error) -> AcquireError {
        AcquireError::Failed(error)
    }
}

impl fmt::Display for AcquireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AcquireError::Busy(busy) => busy.fmt(f),
            AcquireError::Failed(error) => error.fmt(f),
        }
    }
}

impl fmt::Debug for AcquireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AcquireError::Busy(busy) => fmt::Display::fmt(busy, f),
            AcquireError::Failed(error) => fmt::Debug::fmt(error, f),
        }
    }
}

impl std::error::Error for AcquireError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            AcquireError::Busy(_) => None,
            AcquireError::Failed(error) => std::error::Error::source(error),
        }
    }
}
