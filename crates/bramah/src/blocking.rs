//! The same without `async`: for programs that have no runtime.
//!
//! One background thread keeps the locks alive; calls block the thread that makes them. The names
//! are those of the crate's root, and so are the errors. Inside an async runtime these calls panic,
//! as blocking there would stop other tasks.
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let url = format!("local:{}", folder.path().display());
//! let locks = bramah::blocking::connect(url)?;
//! let guard = locks.lock("billing/close-month", |lock| lock.value("ci-7"))?.acquire()?;
//! println!("held under token {}", guard.token());
//! assert_eq!(guard.release()?, bramah::Released::Released);
//! # Ok(())
//! # }
//! ```

use std::fmt;
use std::future::Future;
use std::ops::Deref;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

use crate::backend::Wait;
use crate::error::{Error, ErrorKind};
use crate::info::{Change, Ended, LockInfo, LostReason, Page, Released, SessionInfo, Verdict};
use crate::lock_builder::FromGuards;
use crate::locker::LockerBuilder;
use crate::{AcquireError, FencingToken};

/// Connects to the lock service at `url`; see [`crate::connect`].
///
/// # Errors
/// As [`crate::connect`], and [`ErrorKind::Internal`] if the background thread cannot be started.
pub fn connect(url: impl Into<String>) -> Result<Locker, Error> {
    Locker::connect(crate::Locker::builder().url(url))
}

/// See [`crate::Locker`].
#[derive(Clone, Debug)]
pub struct Locker {
    locker: crate::Locker,
    runtime: Background,
}

impl Locker {
    /// Connects as the builder says.
    ///
    /// # Errors
    /// As [`connect`].
    pub fn connect(builder: LockerBuilder) -> Result<Locker, Error> {
        let runtime = Background::start()?;
        let locker = runtime.wait(builder.connect())?;
        Ok(Locker { locker, runtime })
    }

    /// Begins a request for one lock. `refine` says how it is wanted; `|lock| lock` for the usual.
    ///
    /// # Errors
    /// As [`crate::Locker::lock`].
    pub fn lock(
        &self,
        name: impl AsRef<str>,
        refine: impl FnOnce(crate::LockBuilder) -> crate::LockBuilder,
    ) -> Result<LockBuilder<crate::Guard>, Error> {
        let lock = refine(self.locker.lock(name)?);
        Ok(LockBuilder { lock, runtime: self.runtime.clone() })
    }

    /// Begins a request for several locks, all or none.
    ///
    /// # Errors
    /// As [`crate::Locker::lock_many`].
    pub fn lock_many<N: AsRef<str>>(
        &self,
        names: impl IntoIterator<Item = N>,
        refine: impl FnOnce(
            crate::LockBuilder<Vec<crate::Guard>>,
        ) -> crate::LockBuilder<Vec<crate::Guard>>,
    ) -> Result<LockBuilder<Vec<crate::Guard>>, Error> {
        let lock = refine(self.locker.lock_many(names)?);
        Ok(LockBuilder { lock, runtime: self.runtime.clone() })
    }

    /// See [`crate::Locker::get`].
    ///
    /// # Errors
    /// As there.
    pub fn get(&self, name: impl AsRef<str>) -> Result<Option<LockInfo>, Error> {
        self.runtime.wait(self.locker.get(name))
    }

    /// See [`crate::Locker::list`].
    ///
    /// # Errors
    /// As there.
    pub fn list(&self, prefix: &str, after: Option<&str>) -> Result<Page<LockInfo>, Error> {
        self.runtime.wait(self.locker.list(prefix, after))
    }

    /// See [`crate::Locker::sessions`].
    ///
    /// # Errors
    /// As there.
    pub fn sessions(&self, after: u64) -> Result<Page<SessionInfo>, Error> {
        self.runtime.wait(self.locker.sessions(after))
    }

    /// See [`crate::Locker::watch_prefix`].
    ///
    /// # Errors
    /// As there.
    pub fn watch_prefix(&self, prefix: impl Into<String>) -> Result<Changes, Error> {
        let changes = self.runtime.wait(self.locker.watch_prefix(prefix))?;
        Ok(Changes { changes, runtime: self.runtime.clone() })
    }

    /// See [`crate::Locker::watch`].
    ///
    /// # Errors
    /// As there.
    pub fn watch(&self, name: impl AsRef<str>) -> Result<Changes, Error> {
        let changes = self.runtime.wait(self.locker.watch(name))?;
        Ok(Changes { changes, runtime: self.runtime.clone() })
    }

    /// See [`crate::Locker::history`].
    ///
    /// # Errors
    /// As there.
    pub fn history(&self, name: Option<&str>, len_max: usize) -> Result<Vec<Ended>, Error> {
        self.runtime.wait(self.locker.history(name, len_max))
    }

    /// See [`crate::Locker::verify`].
    ///
    /// # Errors
    /// As there.
    pub fn verify(&self, name: impl AsRef<str>, token: FencingToken) -> Result<Verdict, Error> {
        self.runtime.wait(self.locker.verify(name, token))
    }

    /// See [`crate::Locker::release`].
    ///
    /// # Errors
    /// As there.
    pub fn release(&self, hold_id: &str) -> Result<Released, Error> {
        self.runtime.wait(self.locker.release(hold_id))
    }

    /// See [`crate::Locker::renew`].
    ///
    /// # Errors
    /// As there.
    pub fn renew(&self, hold_id: &str, ttl: Option<Duration>) -> Result<Duration, Error> {
        self.runtime.wait(self.locker.renew(hold_id, ttl))
    }

    /// See [`crate::Locker::set_value`].
    ///
    /// # Errors
    /// As there.
    pub fn set_value(&self, hold_id: &str, value: Option<&[u8]>) -> Result<(), Error> {
        self.runtime.wait(self.locker.set_value(hold_id, value))
    }

    /// See [`crate::Locker::revoke`].
    ///
    /// # Errors
    /// As there.
    pub fn revoke(
        &self,
        name: impl AsRef<str>,
        token: Option<FencingToken>,
        wait_for_deadline: bool,
        by: &str,
    ) -> Result<Vec<FencingToken>, Error> {
        self.runtime.wait(self.locker.revoke(name, token, wait_for_deadline, by))
    }

    /// See [`crate::Locker::stale`]. What it answers is awaited with [`Locker::wait`].
    #[must_use]
    pub fn stale(&self) -> crate::Stale {
        self.locker.stale()
    }

    /// See [`crate::Locker::cluster`]. What it answers is awaited with [`Locker::wait`].
    #[must_use]
    pub fn cluster(&self) -> crate::Cluster {
        self.locker.cluster()
    }

    /// Blocks until a future of this library is ready, as in
    /// `locks.wait(locks.cluster().status())`.
    pub fn wait<F: Future>(&self, future: F) -> F::Output {
        self.runtime.wait(future)
    }

    /// See [`crate::Locker::close`].
    ///
    /// # Errors
    /// As there.
    pub fn close(&self) -> Result<(), Error> {
        self.runtime.wait(self.locker.close())
    }
}

/// See [`crate::LockBuilder`], which the closure of [`Locker::lock`] refined.
#[derive(Debug)]
#[must_use = "nothing is acquired before `acquire`, `try_acquire` or `acquire_until` is called"]
pub struct LockBuilder<G: FromGuards> {
    lock: crate::LockBuilder<G>,
    runtime: Background,
}

impl LockBuilder<crate::Guard> {
    /// See [`crate::LockBuilder::acquire`].
    ///
    /// # Errors
    /// As there.
    pub fn acquire(self) -> Result<Guard, AcquireError> {
        let guard = self.runtime.wait(self.lock.acquire())?;
        Ok(Guard { guard, runtime: self.runtime })
    }

    /// See [`crate::LockBuilder::try_acquire`].
    ///
    /// # Errors
    /// As there.
    pub fn try_acquire(self) -> Result<Option<Guard>, Error> {
        let guard = self.runtime.wait(self.lock.try_acquire())?;
        Ok(guard.map(|guard| Guard { guard, runtime: self.runtime }))
    }

    /// See [`crate::LockBuilder::acquire_until`].
    ///
    /// # Errors
    /// As there.
    pub fn acquire_until(self, deadline: Instant) -> Result<Guard, AcquireError> {
        let guard = self.runtime.wait(self.lock.acquire_until(deadline))?;
        Ok(Guard { guard, runtime: self.runtime })
    }
}

impl LockBuilder<Vec<crate::Guard>> {
    /// See [`crate::LockBuilder::acquire`].
    ///
    /// # Errors
    /// As there.
    pub fn acquire(self) -> Result<Vec<Guard>, AcquireError> {
        let guards = self.runtime.wait(self.lock.acquire())?;
        let guard = |guard| Guard { guard, runtime: self.runtime.clone() };
        Ok(guards.into_iter().map(guard).collect())
    }

    /// See [`crate::LockBuilder::try_acquire`].
    ///
    /// # Errors
    /// As there.
    pub fn try_acquire(self) -> Result<Option<Vec<Guard>>, Error> {
        let guards = self.runtime.wait(self.lock.try_acquire())?;
        let guard = |guard| Guard { guard, runtime: self.runtime.clone() };
        Ok(guards.map(|guards| guards.into_iter().map(guard).collect()))
    }
}

/// See [`crate::Guard`]; whatever does not wait is called through to it.
#[derive(Debug)]
#[must_use = "the lock is released when the guard is dropped"]
pub struct Guard {
    guard: crate::Guard,
    runtime: Background,
}

impl Guard {
    /// Waits at most `limit` for the loss of the lock; none if it is still held then.
    pub fn lost_within(&self, limit: Duration) -> Option<LostReason> {
        self.runtime.wait(async { tokio::time::timeout(limit, self.guard.lost()).await.ok() })
    }

    /// See [`crate::Guard::set_value`].
    ///
    /// # Errors
    /// As there.
    pub fn set_value(&self, value: Option<&[u8]>) -> Result<(), Error> {
        self.runtime.wait(self.guard.set_value(value))
    }

    /// See [`crate::Guard::downgrade`].
    ///
    /// # Errors
    /// As there.
    pub fn downgrade(&self) -> Result<(), Error> {
        self.runtime.wait(self.guard.downgrade())
    }

    /// See [`crate::Guard::upgrade`].
    ///
    /// # Errors
    /// As there.
    pub fn upgrade(&mut self, wait: Wait) -> Result<(), AcquireError> {
        self.runtime.wait(self.guard.upgrade(wait))
    }

    /// See [`crate::Guard::release`].
    ///
    /// # Errors
    /// As there.
    pub fn release(self) -> Result<Released, Error> {
        self.runtime.wait(self.guard.release())
    }

    /// See [`crate::Guard::detach`].
    pub fn detach(self) -> String {
        self.guard.detach()
    }
}

impl Deref for Guard {
    type Target = crate::Guard;

    fn deref(&self) -> &crate::Guard {
        &self.guard
    }
}

/// See [`crate::Changes`].
#[derive(Debug)]
pub struct Changes {
    changes: crate::Changes,
    runtime: Background,
}

impl Iterator for Changes {
    type Item = Result<Change, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        self.runtime.wait(self.changes.next())
    }
}

/// The thread that keeps locks alive; it ends with the last handle.
#[derive(Clone)]
struct Background {
    handle: Handle,
    _ends: Arc<oneshot::Sender<()>>,
}

impl Background {
    fn start() -> Result<Background, Error> {
        let failed = |error: std::io::Error| {
            Error::new(ErrorKind::Internal, "start a background thread", error.to_string())
        };
        let runtime = Builder::new_current_thread().enable_all().build().map_err(failed)?;
        let handle = runtime.handle().clone();
        let (ends, ended) = oneshot::channel::<()>();
        let run = move || {
            let _ = runtime.block_on(ended);
        };
        thread::Builder::new().name("bramah".into()).spawn(run).map_err(failed)?;
        Ok(Background { handle, _ends: Arc::new(ends) })
    }

    fn wait<F: Future>(&self, future: F) -> F::Output {
        self.handle.block_on(future)
    }
}

impl fmt::Debug for Background {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Background(..)")
    }
}
