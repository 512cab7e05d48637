//! Locks a mutex, whatever became of whoever held it before.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks it. A panic elsewhere ends the process; what it left here is never half done.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
