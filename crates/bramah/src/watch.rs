//! Following locks as they change.

use crate::backend::WatchSource;
use crate::error::Error;
use crate::info::Change;

/// The changes of one lock or of many, in order. Made by [`crate::Locker::watch`] and
/// [`crate::Locker::watch_prefix`].
///
/// It begins with a [`crate::ChangeKind::Snapshot`] of each lock, and after an interruption (the
/// service was out of reach, or the reader was too slow) it begins so again: what happened in
/// between is not told one by one, how it came out is.
#[derive(Debug)]
pub struct Changes {
    source: Box<dyn WatchSource>,
}

impl Changes {
    pub(crate) fn new(source: Box<dyn WatchSource>) -> Changes {
        Changes { source }
    }

    /// The next change; none once the [`crate::Locker`] is closed.
    ///
    /// It is cancel-safe: if it is dropped before it is ready, as in `tokio::select!`, no change is
    /// lost, and the next call goes on where it was.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Unavailable`] while the service is out of reach for longer than the
    /// connect time-out; calling it again goes on.
    pub async fn next(&mut self) -> Option<Result<Change, Error>> {
        self.source.next().await
    }
}
