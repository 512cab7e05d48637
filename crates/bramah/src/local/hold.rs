//! A lock that is held through a [`super::Local`].

use std::collections::BTreeMap;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use bramah_core::limits::REENTRIES_MAX;
use bramah_core::{FencingToken, LockName, Mode, Owner, Priority, Value};
use tokio::sync::watch;

use super::bell::Bell;
use super::claim::{Claim, Grant, Seated, rung};
use super::folder::Folder;
use super::give_up_at;
use super::table::Seat;
use crate::backend::{BoxFuture, Hold, Item, Wait};
use crate::clock::LocalTime;
use crate::error::{Error, ErrorKind};
use crate::info::{Acquired, LostReason, Released};

/// How often a holder that asks to be told of its loss looks whether its file is still in place,
/// beside being told by the kernel.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What all holds of one [`super::Local`] share.
#[derive(Debug)]
pub(super) struct Home {
    pub(super) folder: Arc<Folder>,
    pub(super) closed: watch::Sender<bool>,
    holds: Mutex<BTreeMap<(LockName, FencingToken), Weak<Held>>>,
    /// Entries whose handles were detached. None once nobody is left for whom to keep them.
    detached: Mutex<Option<Vec<Arc<Held>>>>,
}

impl Home {
    pub(super) fn new(folder: Folder) -> Home {
        let (folder, closed) = (Arc::new(folder), watch::Sender::new(false));
        let (holds, detached) = (Mutex::default(), Mutex::new(Some(Vec::new())));
        Home { folder, closed, holds, detached }
    }

    /// Waits for locks and keeps them.
    pub(super) async fn acquire(self: &Arc<Home>, claim: Claim) -> Result<Acquired, Error> {
        let closed = self.closed.subscribe();
        let grants = match claim.take(&self.folder, closed.clone()).await? {
            Ok(grants) => grants,
            Err(busy) => return Ok(Acquired::Busy(busy)),
        };
        let granted = grants.into_iter().zip(&claim.items);
        let held: Vec<_> = granted.map(|(grant, item)| self.add(grant, item, &claim)).collect();
        // Looked at only now, so that whoever closes ends these holds, or it is seen here.
        if *closed.borrow() {
            for held in &held {
                held.end(LostReason::SessionClosed);
            }
            return Err(is_closed(claim.doing()));
        }
        Ok(Acquired::Held(held.iter().map(Held::handle).collect()))
    }

    fn add(self: &Arc<Home>, grant: Grant, item: &Item, claim: &Claim) -> Arc<Held> {
        let Grant { seated, token, until } = grant;
        let Claim { priority, max_hold, owner, .. } = claim;
        let state =
            State { seated: Some(Arc::new(seated)), mode: item.mode, entries: 1, upgrades: 0 };
        let held = Arc::new(Held {
            home: self.clone(),
            name: item.name.clone(),
            token,
            until,
            terms: Terms { priority: *priority, max_hold: *max_hold, owner: owner.clone() },
            state: Mutex::new(state),
            ended: watch::Sender::new(None),
        });
        self.holds().insert((item.name.clone(), token), Arc::downgrade(&held));
        held
    }

    /// Refuses a lock that is held here already.
    ///
    /// # Errors
    /// [`ErrorKind::Mismatch`], as for a re-entry in another mode.
    pub(super) fn check_not_held(&self, name: &LockName) -> Result<(), Error> {
        let held = self.living(name);
        let kept = held.iter().find(|held| held.is_kept());
        kept.map_or(Ok(()), |held| Err(held.is_held_otherwise()))
    }

    /// Counts the hold that is here already. None if there is none.
    ///
    /// # Errors
    /// [`ErrorKind::Mismatch`] if it is held in another mode: to wait would be to wait for
    /// itself.
    pub(super) async fn re_enter(
        &self,
        name: &LockName,
        mode: Mode,
    ) -> Result<Option<Box<dyn Hold>>, Error> {
        let held = self.living(name);
        for held in &held {
            if let Some(handle) = held.enter_again(mode).await? {
                return Ok(Some(handle));
            }
        }
        drop(held);
        self.check_not_held(name).map(|()| None)
    }

    /// The holds of this lock that are not over.
    fn living(&self, name: &LockName) -> Vec<Arc<Held>> {
        let first = (name.clone(), FencingToken(0));
        let last = (name.clone(), FencingToken(u64::MAX));
        let held: Vec<_> =
            self.holds().range(first..=last).filter_map(|(_, held)| held.upgrade()).collect();
        held.into_iter().filter(|held| held.lost_reason().is_none()).collect()
    }

    /// Ends all holds.
    pub(super) fn close(&self) {
        self.closed.send_replace(true);
        let holds: Vec<_> = self.holds().values().filter_map(Weak::upgrade).collect();
        for held in holds {
            held.end(LostReason::SessionClosed);
        }
        self.keep_no_more();
    }

    /// Keeps an entry that has no handle any more. There are no more of them than seats of the
    /// living: what has ended makes room for the next.
    fn keep(&self, held: Arc<Held>) {
        if let Some(detached) = &mut *self.detached() {
            detached.retain(|held| held.over().is_none());
            return detached.push(held);
        }
        held.abandon();
    }

    /// Gives back what was detached, and whatever will be.
    pub(super) fn keep_no_more(&self) {
        // Taken out first: whoever ends a hold may not have this locked.
        let detached = self.detached().take();
        for held in detached.into_iter().flatten() {
            held.abandon();
        }
    }

    fn detached(&self) -> MutexGuard<'_, Option<Vec<Arc<Held>>>> {
        self.detached.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn holds(&self) -> MutexGuard<'_, BTreeMap<(LockName, FencingToken), Weak<Held>>> {
        self.holds.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The error of a wait that was closed.
pub(super) fn is_closed(doing: String) -> Error {
    Error::new(ErrorKind::Unavailable, doing, "the connection was closed here")
}

/// One grant. It has a handle for each entry.
#[derive(Debug)]
struct Held {
    home: Arc<Home>,
    name: LockName,
    token: FencingToken,
    until: LocalTime,
    terms: Terms,
    state: Mutex<State>,
    /// Why it ended, if it did.
    ended: watch::Sender<Option<LostReason>>,
}

/// What its successor by an upgrade has from it.
#[derive(Debug)]
struct Terms {
    priority: Priority,
    max_hold: Duration,
    owner: Owner,
}

#[derive(Debug)]
struct State {
    /// None when it ended but by its maximum: then the file is closed, and the kernel's locks with
    /// it.
    seated: Option<Arc<Seated>>,
    mode: Mode,
    entries: u32,
    /// How many upgrades wait to take its place.
    upgrades: u32,
}

impl Held {
    fn handle(self: &Arc<Held>) -> Box<dyn Hold> {
        Box::new(Handle { held: self.clone(), is_given_back: AtomicBool::new(false) })
    }

    /// Counts one more entry. None if it ended, is held in another mode, or is to be upgraded: the
    /// entry would be lost with it.
    async fn enter_again(self: &Arc<Held>, mode: Mode) -> Result<Option<Box<dyn Hold>>, Error> {
        {
            let mut state = self.state();
            let is_open = state.seated.is_some() && state.entries > 0 && state.upgrades == 0;
            if !is_open || state.mode != mode {
                return Ok(None);
            }
            if state.entries >= REENTRIES_MAX {
                let message = format!("it is held {REENTRIES_MAX} times (REENTRIES_MAX)");
                return Err(Error::new(ErrorKind::LimitExceeded, self.doing("re-enter"), message));
            }
            state.entries += 1;
        }
        // Made at once, so that it takes the entry back if this is dropped while it writes.
        let handle = self.handle();
        self.write("re-enter", |seat, entries| seat.entries = entries).await?;
        Ok(Some(handle))
    }

    /// It did not end, and is not being released.
    fn is_kept(&self) -> bool {
        self.over().is_none() && self.state().entries > 0
    }

    fn is_held_otherwise(&self) -> Error {
        let message = "this Locker holds it already, otherwise than asked for now";
        Error::new(ErrorKind::Mismatch, self.doing("acquire"), message)
    }

    /// Changes its record.
    async fn write(&self, verb: &str, change: impl FnOnce(&mut Seat, u32)) -> Result<(), Error> {
        let not_held = |reason| {
            Error::new(ErrorKind::NotHolder, self.doing(verb), format!("it ended: {reason:?}"))
        };
        if let Some(reason) = self.lost_reason() {
            return Err(not_held(reason));
        }
        let Some(seated) = self.state().seated.clone() else {
            return Err(not_held(LostReason::Released));
        };
        if let Some(mut section) = seated.file.enter(&self.name).await?
            && let Some(seat) = section.table.seat_mut(seated.ticket)
        {
            change(seat, self.state().entries);
            return section.store();
        }
        Err(not_held(self.end(LostReason::SessionUnknown)))
    }

    async fn release(&self) -> Result<Released, Error> {
        if let Some(reason) = self.over() {
            return Ok(Released::AlreadyLost(Some(reason)));
        }
        if self.leave_entry() {
            self.write("release", |seat, entries| seat.entries = entries).await?;
            return Ok(Released::Released);
        }
        let seated = self.state().seated.clone();
        let was_there = match &seated {
            // Whatever becomes of the record: closing the file is what releases.
            Some(seated) => seated.leave().await.unwrap_or(true),
            None => false,
        };
        drop(seated);
        if was_there {
            self.end(LostReason::Released);
            return Ok(Released::Released);
        }
        Ok(Released::AlreadyLost(Some(self.end(LostReason::SessionUnknown))))
    }

    /// Gives back one entry, as far as that can be done at once.
    fn abandon(&self) {
        if !self.leave_entry() && self.over().is_none() {
            self.end(LostReason::Released);
        }
    }

    /// One entry less. False if it was the last.
    fn leave_entry(&self) -> bool {
        let mut state = self.state();
        state.entries = state.entries.saturating_sub(1);
        state.entries > 0
    }

    /// Why it is over, as far as that can be told without a look at its file.
    fn over(&self) -> Option<LostReason> {
        let ended = self.ended.borrow().clone();
        ended.or_else(|| (LocalTime::now() >= self.until).then(|| self.end(LostReason::MaxHold)))
    }

    fn lost_reason(&self) -> Option<LostReason> {
        self.over().or_else(|| {
            let seated = self.state().seated.clone()?;
            // A folder that cannot be read is no proof that the file is gone.
            let is_in_place = seated.file.is_in_place().unwrap_or(true);
            (!is_in_place).then(|| self.end(LostReason::SessionUnknown))
        })
    }

    async fn lost(&self) -> LostReason {
        let mut ended = self.ended.subscribe();
        let seated = self.state().seated.clone();
        let mut bell = seated.and_then(|seated| Bell::on_file(seated.file.fd()));
        loop {
            if let Some(reason) = self.lost_reason() {
                return reason;
            }
            let pause = LOOK_EVERY.min(self.until.since(LocalTime::now()));
            tokio::select! {
                _ = ended.changed() => {}
                () = rung(&mut bell) => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// Ends it for this reason, unless it ended before. Tells for which reason it did.
    fn end(&self, reason: LostReason) -> LostReason {
        let mut ended = reason.clone();
        self.ended.send_if_modified(|slot| match slot {
            Some(earlier) => {
                ended = earlier.clone();
                false
            }
            None => {
                *slot = Some(reason);
                true
            }
        });
        self.home.holds().remove(&(self.name.clone(), self.token));
        // Whoever is told that the maximum is over acts on it until the others see so by the clock.
        if ended != LostReason::MaxHold {
            // Dropped here unless somebody uses it just now.
            let seated = self.state().seated.take();
            drop(seated);
        }
        ended
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn doing(&self, verb: &str) -> String {
        format!("{verb} \"{}\"", self.name)
    }
}

/// One entry of a hold.
#[derive(Debug)]
struct Handle {
    held: Arc<Held>,
    is_given_back: AtomicBool,
}

impl Handle {
    /// True the first time.
    fn give_back(&self) -> bool {
        !self.is_given_back.swap(true, Ordering::Relaxed)
    }

    async fn downgrade(&self) -> Result<(), Error> {
        let held = &self.held;
        let refuse = |why| Err(Error::new(ErrorKind::Invalid, held.doing("downgrade"), why));
        {
            let state = held.state();
            match state.mode {
                Mode::Shared => return Ok(()),
                Mode::Permits { .. } => return refuse("permits cannot be downgraded"),
                Mode::Exclusive if state.entries > 1 => return refuse("it was re-entered"),
                Mode::Exclusive => {}
            }
        }
        held.write("downgrade", |seat, _| seat.mode = Mode::Shared).await?;
        let mut state = held.state();
        state.mode = Mode::Shared;
        if let Some(seated) = &state.seated {
            seated.file.ring();
        }
        Ok(())
    }

    async fn upgrade(&self, wait: Wait) -> Result<Acquired, Error> {
        let held = &self.held;
        let refuse = |kind, why: &str| Err(Error::new(kind, held.doing("upgrade"), why));
        if let Some(reason) = held.lost_reason() {
            return refuse(ErrorKind::NotHolder, &format!("it ended: {reason:?}"));
        }
        let seated = {
            let mut state = held.state();
            let is_fit = state.mode == Mode::Shared && state.entries == 1;
            let Some(seated) = state.seated.clone().filter(|_| is_fit) else {
                drop(state);
                let why = "only a shared hold without re-entries can be upgraded";
                return refuse(ErrorKind::Invalid, why);
            };
            state.upgrades += 1;
            seated
        };
        let _waits = Upgrade(held);
        let Terms { priority, max_hold, owner } = &held.terms;
        let claim = Claim {
            items: vec![Item { name: held.name.clone(), mode: Mode::Exclusive, value: None }],
            priority: *priority,
            upgrades: Some(seated.ticket),
            max_hold: *max_hold,
            max_waiters: None,
            owner: owner.clone(),
            on_queued: None,
            give_up_at: give_up_at(wait),
        };
        let acquired = held.home.acquire(claim).await?;
        if matches!(acquired, Acquired::Held(_)) {
            self.give_back();
            held.end(LostReason::Upgraded);
        }
        Ok(acquired)
    }
}

impl Hold for Handle {
    fn name(&self) -> &LockName {
        &self.held.name
    }

    fn token(&self) -> FencingToken {
        self.held.token
    }

    /// Empty: nobody but this process can release it.
    fn hold_id(&self) -> String {
        String::new()
    }

    /// From now on the hold ends with its [`super::Local`] and not with this handle.
    fn detach(&self) -> String {
        if self.give_back() {
            self.held.home.keep(self.held.clone());
        }
        self.hold_id()
    }

    fn session(&self) -> u64 {
        0
    }

    /// For ever: the hold lives as long as its process.
    fn ttl(&self) -> Duration {
        Duration::MAX
    }

    fn deadline(&self) -> LocalTime {
        self.held.until
    }

    fn lock_file(&self) -> Option<OwnedFd> {
        let seated = self.held.state().seated.clone()?;
        seated.file.fd().as_fd().try_clone_to_owned().ok()
    }

    fn lost_reason(&self) -> Option<LostReason> {
        self.held.lost_reason()
    }

    fn lost(&self) -> BoxFuture<'_, LostReason> {
        Box::pin(self.held.lost())
    }

    fn release(&self) -> BoxFuture<'_, Result<Released, Error>> {
        Box::pin(async {
            if self.give_back() {
                self.held.release().await
            } else {
                Ok(Released::AlreadyLost(Some(LostReason::Released)))
            }
        })
    }

    fn abandon(&self) {
        if self.give_back() {
            self.held.abandon();
        }
    }

    fn set_value(&self, value: Option<Value>) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(self.held.write("set the value of", |seat, _| seat.value = value))
    }

    fn downgrade(&self) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(self.downgrade())
    }

    fn upgrade(&self, wait: Wait) -> BoxFuture<'_, Result<Acquired, Error>> {
        Box::pin(self.upgrade(wait))
    }
}

/// An upgrade that waits, or the end of it.
struct Upgrade<'a>(&'a Held);

impl Drop for Upgrade<'_> {
    fn drop(&mut self) {
        self.0.state().upgrades -= 1;
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.abandon();
    }
}
