//! A lock in the hand.

use std::fmt;
use std::future::Future;
use std::os::fd::OwnedFd;
use std::pin::pin;
use std::task::Poll;
use std::time::{Duration, Instant};

use bramah_core::{FencingToken, LockName};

use crate::acquire_error::AcquireError;
use crate::backend::{Hold, Wait};
use crate::clock::LocalTime;
use crate::error::{Error, ErrorKind};
use crate::info::{Acquired, LostReason, Released};
use crate::locker::parse_value;

/// Holds a lock until it is released, dropped or lost.
///
/// Keepalives are sent for it while it exists. It can be **lost** all the same: the service may be
/// out of reach for longer than the TTL, this process may be stopped, an operator may revoke it. So
/// look at it before each effect ([`Guard::is_held`]), or let [`Guard::run`] do that, and give the
/// [`token`](Guard::token) along, for whatever must be safe in every case.
///
/// Dropping it starts a release and cannot promise it: the lease is what guarantees the end.
#[must_use = "the lock is released when the guard is dropped"]
pub struct Guard {
    /// None only once it was released or detached.
    hold: Option<Box<dyn Hold>>,
}

impl Guard {
    pub(crate) fn new(hold: Box<dyn Hold>) -> Guard {
        Guard { hold: Some(hold) }
    }

    /// Which lock.
    #[must_use]
    pub fn name(&self) -> &LockName {
        self.hold().name()
    }

    /// A number above that of every earlier grant of this lock. Send it along with each write, and
    /// let what is written to refuse a number below the highest it has seen.
    #[must_use]
    pub fn token(&self) -> FencingToken {
        self.hold().token()
    }

    /// The proof with which any process may release or renew this hold. Keep it secret from those
    /// who may not.
    #[must_use]
    pub fn hold_id(&self) -> String {
        self.hold().hold_id()
    }

    /// The public number of its session, as listings show it; 0 where there are no sessions.
    #[must_use]
    pub fn session(&self) -> u64 {
        self.hold().session()
    }

    /// How long it outlives its holder.
    #[must_use]
    pub fn ttl(&self) -> Duration {
        self.hold().ttl()
    }

    /// Until when it surely is held, on this machine's CLOCK_BOOTTIME, as renewed so far. It rises
    /// while keepalives are answered.
    #[must_use]
    pub fn deadline(&self) -> LocalTime {
        self.hold().deadline()
    }

    /// With `local:`, another descriptor of the open file that holds the lock. Give it to a process
    /// that acts under the lock: should this one be killed, nobody else is granted the lock before
    /// that one ends too. None where the lock is not held by a file.
    #[must_use]
    pub fn lock_file(&self) -> Option<OwnedFd> {
        self.hold().lock_file()
    }

    /// The same as an [`Instant`], whose clock stands still while the machine is suspended: good
    /// for time-outs, not for proof.
    #[must_use]
    pub fn deadline_instant(&self) -> Instant {
        Instant::now() + self.remaining()
    }

    /// How long it surely is held from now on, as renewed so far; zero if it is lost.
    #[must_use]
    pub fn remaining(&self) -> Duration {
        match self.is_held() {
            true => self.deadline().since(LocalTime::now()),
            false => Duration::ZERO,
        }
    }

    /// Whether it is held, as far as can be known here and now. Costs one look at the clock, no
    /// message.
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.lost_reason().is_none()
    }

    /// Why it was lost, if it was.
    #[must_use]
    pub fn lost_reason(&self) -> Option<LostReason> {
        self.hold().lost_reason()
    }

    /// Waits until it is lost, which may be never. It is told no later than the
    /// [`Guard::deadline`].
    pub async fn lost(&self) -> LostReason {
        self.hold().lost().await
    }

    /// Runs a future under the lock. It is dropped, wherever it stands, when the lock is lost.
    ///
    /// # Errors
    /// [`Lost`] when the lock was lost before the future was done.
    ///
    /// # Example
    /// ```no_run
    /// # async fn close_month(_: bramah::FencingToken) {}
    /// # async fn example(guard: bramah::Guard) -> Result<(), Box<dyn std::error::Error>> {
    /// guard.run(close_month(guard.token())).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn run<F: Future>(&self, future: F) -> Result<F::Output, Lost> {
        let mut future = pin!(future);
        let mut lost = self.hold().lost();
        let done = std::future::poll_fn(|cx| {
            // First: what was lost must not go on, however ready it is.
            if let Poll::Ready(reason) = lost.as_mut().poll(cx) {
                return Poll::Ready(Err(reason));
            }
            future.as_mut().poll(cx).map(Ok)
        });
        let done = done.await.and_then(|output| match self.lost_reason() {
            None => Ok(output),
            Some(reason) => Err(reason),
        });
        done.map_err(|reason| Lost { name: self.name().clone(), token: self.token(), reason })
    }

    /// Changes (or with `None` removes) the value that everybody can read of this hold.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`] for more than 64 KiB; [`ErrorKind::NotHolder`] or
    /// [`ErrorKind::SessionEnded`] if it is lost; [`ErrorKind::Unsupported`];
    /// [`ErrorKind::Unavailable`]; [`ErrorKind::OutcomeUnknown`] if the answer was lost.
    pub async fn set_value(&self, value: Option<&[u8]>) -> Result<(), Error> {
        let value = value.map(|bytes| parse_value("set the value", bytes)).transpose()?;
        self.hold().set_value(value).await
    }

    /// Becomes shared, under the same token. Whoever waits shared is let in.
    ///
    /// # Errors
    /// As [`Guard::set_value`], and [`ErrorKind::Invalid`] for permits or a hold with re-entries.
    pub async fn downgrade(&self) -> Result<(), Error> {
        self.hold().downgrade().await
    }

    /// A shared hold becomes an exclusive one, under a new token, before anybody else who waits. It
    /// stays shared while it waits for the other readers, and when it waits in vain.
    ///
    /// Limit the wait by `wait`: if the future is dropped, or fails with
    /// [`ErrorKind::OutcomeUnknown`], nobody can know which of both holds there is, and both are
    /// given up ([`LostReason::Cancelled`]).
    ///
    /// # Errors
    /// [`AcquireError::Busy`] when the wait is over. [`AcquireError::Failed`] with
    /// [`ErrorKind::Deadlock`] when another reader already waits for its upgrade, and as
    /// [`Guard::set_value`].
    pub async fn upgrade(&mut self, wait: Wait) -> Result<(), AcquireError> {
        let acquired = self.hold().upgrade(wait).await?;
        match acquired {
            Acquired::Busy(busy) => Err(AcquireError::Busy(busy)),
            Acquired::Held(mut holds) => {
                let Some(exclusive) = holds.pop() else {
                    let message = "the backend granted nothing";
                    return Err(Error::new(ErrorKind::Internal, "upgrade", message).into());
                };
                self.hold = Some(exclusive);
                Ok(())
            }
        }
    }

    /// Gives it back, and waits until that is certain. [`Released::AlreadyLost`] says that others
    /// may have had it before.
    ///
    /// Once called, the release goes on even if the future is dropped.
    ///
    /// # Errors
    /// [`ErrorKind::Unavailable`] if the service could not be told, [`ErrorKind::OutcomeUnknown`]
    /// if its answer was lost. In both cases the release goes on by itself as long as there is its
    /// [`crate::Locker`], and without that the hold ends with its TTL.
    pub async fn release(mut self) -> Result<Released, Error> {
        match self.hold.take() {
            Some(hold) => hold.release().await,
            None => Ok(Released::AlreadyLost(None)),
        }
    }

    /// Lets go of it without releasing it, and tells its hold id, with which any process can
    /// release it ([`crate::Locker::release`]; empty where only its own can). It lives on as long
    /// as its [`crate::Locker`] does, and its TTL longer; if it was acquired
    /// [`detached`](crate::LockBuilder::detached), its TTL.
    pub fn detach(mut self) -> String {
        let id = self.hold().detach();
        self.hold = None;
        id
    }

    fn hold(&self) -> &dyn Hold {
        match &self.hold {
            Some(hold) => hold.as_ref(),
            None => unreachable!("only methods that take the guard itself take its hold"),
        }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(hold) = &self.hold {
            hold.abandon();
        }
    }
}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Guard");
        if let Some(hold) = &self.hold {
            shown.field("name", &hold.name().as_str()).field("token", &hold.token().0);
        }
        shown.finish_non_exhaustive()
    }
}

/// A lock was lost while something ran under it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lost {
    /// Which lock.
    pub name: LockName,
    /// The token under which it was held.
    pub token: FencingToken,
    /// Why.
    pub reason: LostReason,
}

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "lock '{}' (token {}) was lost: {}", self.name, self.token, self.reason)
    }
}

impl std::error::Error for Lost {}
