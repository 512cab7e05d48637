//! Locks a mutex, whatever became of whoever held it before.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks it. Whoever panicked elsewhere left nothing half done here.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
