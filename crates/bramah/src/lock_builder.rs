//! How a lock is wanted.

use std::marker::PhantomData;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bramah_core::{LockName, Mode, Owner, Priority};

use crate::acquire_error::AcquireError;
use crate::backend::{AcquireRequest, Backend, Item, OnQueued, Wait};
use crate::error::{Error, ErrorKind};
use crate::guard::Guard;
use crate::info::{Acquired, Busy};
use crate::locker::{check_ttl, parse_value};

/// A request for a lock (`G` is [`Guard`]) or for several at once (`G` is `Vec<Guard>`, in the
/// order asked).
///
/// It is made by [`crate::Locker::lock`] or [`crate::Locker::lock_many`], refined by its methods,
/// and used by [`LockBuilder::acquire`], [`LockBuilder::try_acquire`] or
/// [`LockBuilder::acquire_until`]. Exclusive, at the usual priority, and for as long as it takes,
/// unless something else is said.
///
/// Dropping the future of these three at any point leaves nothing behind: a place in the queue is
/// given up, a lock that was being granted is released.
#[derive(Debug)]
#[must_use = "nothing is acquired before `acquire`, `try_acquire` or `acquire_until` is awaited"]
pub struct LockBuilder<G = Guard> {
    backend: Arc<dyn Backend>,
    request: AcquireRequest,
    invalid: Option<Error>,
    makes: PhantomData<fn() -> G>,
}

impl<G: FromGuards> LockBuilder<G> {
    pub(crate) fn new(backend: Arc<dyn Backend>, names: Vec<LockName>) -> LockBuilder<G> {
        let item = |name| Item { name, mode: Mode::Exclusive, value: None };
        let request = AcquireRequest {
            items: names.into_iter().map(item).collect(),
            wait: Wait::Forever,
            priority: Priority::default(),
            max_waiters: None,
            lock_delay: Duration::ZERO,
            min_hold: Duration::ZERO,
            max_hold: Duration::ZERO,
            reentrant: false,
            ttl: None,
            detached: false,
            owner: None,
            on_queued: None,
        };
        LockBuilder { backend, request, invalid: None, makes: PhantomData }
    }

    /// Held together with others who want it shared.
    pub fn shared(mut self) -> Self {
        for item in &mut self.request.items {
            item.mode = Mode::Shared;
        }
        self
    }

    /// Waits at most this long; with zero not at all. The service counts it, from when it hears of
    /// it; a server takes no more than 24 h, or for ever.
    pub fn wait(mut self, wait: Duration) -> Self {
        self.request.wait = if wait.is_zero() { Wait::Try } else { Wait::For(wait) };
        self
    }

    /// The higher is granted first; 0 is usual. First come, first served among equals.
    pub fn priority(mut self, priority: i8) -> Self {
        self.request.priority = Priority(priority);
        self
    }

    /// Fails with [`ErrorKind::QueueFull`] rather than queue behind this many.
    pub fn max_waiters(mut self, waiters: u32) -> Self {
        self.request.max_waiters = Some(waiters);
        self
    }

    /// How long the hold outlives its holder, when it is not the TTL of the [`crate::Locker`]: 500
    /// ms to 24 h, all else is refused when it is acquired. The hold gets a session of its own,
    /// which costs another round trip.
    pub fn ttl(mut self, ttl: Duration) -> Self {
        self.request.ttl = Some(ttl);
        self.invalid = check_ttl("acquire", ttl).err().or(self.invalid);
        self
    }

    /// After a hold ended uncleanly (it expired, was cut off, or reached its maximum) the lock
    /// rests this long, for work of the old holder that is still on its way.
    pub fn lock_delay(mut self, delay: Duration) -> Self {
        self.request.lock_delay = delay;
        self
    }

    /// A release earlier than this after the grant takes effect only then: a job that ran on one
    /// host is not run again by another whose clock is a little late.
    pub fn min_hold(mut self, min: Duration) -> Self {
        self.request.min_hold = min;
        self
    }

    /// The hold ends this long after its grant, however often it is renewed.
    pub fn max_hold(mut self, max: Duration) -> Self {
        self.request.max_hold = max;
        self
    }

    /// If this [`crate::Locker`] holds it already, its hold is counted once more, and must be
    /// released once more, instead of waiting for itself.
    pub fn reentrant(mut self) -> Self {
        self.request.reentrant = true;
        self
    }

    /// Nobody renews the hold: it lives for its TTL, and longer only by [`crate::Locker::renew`]
    /// with its hold id. For a process that acquires, tells the hold id ([`Guard::detach`]) and
    /// exits.
    pub fn detached(mut self) -> Self {
        self.request.detached = true;
        self
    }

    /// Who holds, when it is not the owner of the [`crate::Locker`]. The hold gets a session of its
    /// own, which costs another round trip.
    pub fn owner(mut self, owner: Owner) -> Self {
        self.request.owner = Some(owner);
        self
    }

    /// Says why it is wanted, for listings; the rest of the owner is this process, or what
    /// [`LockBuilder::owner`] said before. Costs what that costs.
    pub fn reason(mut self, reason: impl Into<String>) -> Self {
        let owner = self.request.owner.get_or_insert_with(crate::owner::of_this_process);
        owner.reason = reason.into();
        self
    }

    /// Is called when the request queues, with its place (1 is next) and the number of waiters, and
    /// again when the place is seen to change. It is called by the future that waits, and should
    /// not block.
    pub fn on_queued(mut self, call: impl Fn(usize, usize) + Send + Sync + 'static) -> Self {
        self.request.on_queued = Some(OnQueued(Arc::new(call)));
        self
    }

    /// Takes it, and waits as long as [`LockBuilder::wait`] says, or as long as it takes.
    ///
    /// # Errors
    /// [`AcquireError::Busy`] when the wait is over, naming who is in the way;
    /// [`AcquireError::Failed`] for all else, above all [`ErrorKind::Unavailable`] when the service
    /// cannot be reached.
    pub async fn acquire(self) -> Result<G, AcquireError> {
        match self.ask().await? {
            Ok(made) => Ok(made),
            Err(busy) => Err(AcquireError::Busy(busy)),
        }
    }

    /// Takes it if that is possible at once; none if somebody else has it or waits for it.
    ///
    /// # Errors
    /// Whatever is not contention.
    pub async fn try_acquire(mut self) -> Result<Option<G>, Error> {
        self.request.wait = Wait::Try;
        Ok(self.ask().await?.ok())
    }

    /// Takes it, and waits until `deadline` at most.
    ///
    /// # Errors
    /// As [`LockBuilder::acquire`].
    pub async fn acquire_until(self, deadline: Instant) -> Result<G, AcquireError> {
        self.wait(deadline.saturating_duration_since(Instant::now())).acquire().await
    }

    async fn ask(self) -> Result<Result<G, Box<Busy>>, Error> {
        if let Some(error) = self.invalid {
            return Err(error);
        }
        match self.backend.acquire(self.request).await? {
            Acquired::Busy(busy) => Ok(Err(busy)),
            Acquired::Held(holds) => {
                let guards = holds.into_iter().map(Guard::new).collect();
                G::from_guards(guards).map(Ok).ok_or_else(|| {
                    let message = "the backend granted another number of locks than asked for";
                    Error::new(ErrorKind::Internal, "acquire", message)
                })
            }
        }
    }
}

impl LockBuilder<Guard> {
    /// Takes `permits` of a semaphore; say out of how many with [`PermitsBuilder::of`].
    pub fn permits(self, permits: u32) -> PermitsBuilder {
        PermitsBuilder { lock: self, permits }
    }

    /// What everybody can read of the hold: at most 64 KiB. More is refused when it is acquired.
    pub fn value(mut self, bytes: impl AsRef<[u8]>) -> Self {
        match parse_value("acquire with a value", bytes.as_ref()) {
            Ok(value) => self.request.items[0].value = Some(value),
            Err(error) => self.invalid = Some(error),
        }
        self
    }
}

/// Half a request for permits of a semaphore.
#[derive(Debug)]
#[must_use = "say out of how many, with `of`"]
pub struct PermitsBuilder {
    lock: LockBuilder<Guard>,
    permits: u32,
}

impl PermitsBuilder {
    /// The semaphore has `limit` permits. Who says another limit than its holders waits until they
    /// are gone; then the new one counts.
    pub fn of(mut self, limit: u32) -> LockBuilder<Guard> {
        self.lock.request.items[0].mode = Mode::Permits { count: self.permits, limit };
        self.lock
    }
}

/// What a [`LockBuilder`] makes: one [`Guard`], or several.
pub trait FromGuards: private::Sealed + Sized {
    #[doc(hidden)]
    fn from_guards(guards: Vec<Guard>) -> Option<Self>;
}

impl FromGuards for Guard {
    fn from_guards(mut guards: Vec<Guard>) -> Option<Guard> {
        guards.pop().filter(|_| guards.is_empty())
    }
}

impl FromGuards for Vec<Guard> {
    fn from_guards(guards: Vec<Guard>) -> Option<Vec<Guard>> {
        Some(guards).filter(|guards| !guards.is_empty())
    }
}

mod private {
    pub trait Sealed {}
    impl Sealed for crate::Guard {}
    impl Sealed for Vec<crate::Guard> {}
}
