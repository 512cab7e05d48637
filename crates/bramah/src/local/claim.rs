//! How a lock is asked for, waited for and granted.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bramah_core::limits::LOCK_WAITERS_MAX;
use bramah_core::{FencingToken, LockName, Mode, Owner, Priority, Value};
use tokio::sync::watch;

use super::bell::Bell;
use super::folder::Folder;
use super::hold::is_closed;
use super::lock_file::{LockFile, Section};
use super::look;
use super::table::{NEVER, Seat, Table};
use crate::backend::OnQueued;
use crate::clock::LocalTime;
use crate::error::{Error, ErrorKind};
use crate::info::Busy;
use crate::lease_keeper::MARGIN;

/// How soon the next in line looks again after the bell: the kernel rings just before it drops the
/// locks of somebody killed.
const NEXT_LOOKS_AFTER: Duration = Duration::from_millis(1);
/// How soon those behind it do, who must notice only that all before them died.
const OTHERS_LOOK_AFTER: Duration = Duration::from_millis(20);
/// Each look that finds nothing doubles the pause, up to this where a bell rings,
const PAUSE_MAX: Duration = Duration::from_secs(1);
/// and up to this where none does.
const PAUSE_WITHOUT_BELL_MAX: Duration = Duration::from_millis(20);

/// No seat's ticket.
const NOBODY: u64 = 0;

/// What is asked for.
#[derive(Debug)]
pub(super) struct Claim {
    pub(super) name: LockName,
    pub(super) mode: Mode,
    pub(super) priority: Priority,
    /// The ticket of the shared hold that it replaces.
    pub(super) upgrades: Option<u64>,
    pub(super) value: Option<Value>,
    pub(super) max_hold: Duration,
    pub(super) max_waiters: Option<u32>,
    pub(super) owner: Owner,
    pub(super) on_queued: Option<OnQueued>,
    /// When to give up; an instant that has passed is a try.
    pub(super) give_up_at: LocalTime,
}

/// What is granted.
#[derive(Debug)]
pub(super) struct Grant {
    pub(super) seated: Seated,
    pub(super) token: FencingToken,
    /// Until when the holder may act on it.
    pub(super) until: LocalTime,
}

/// A seat in a lock's table. Dropping it leaves the table and closes the file.
#[derive(Debug)]
pub(super) struct Seated {
    pub(super) file: LockFile,
    pub(super) name: LockName,
    pub(super) ticket: u64,
    has_left: AtomicBool,
}

impl Seated {
    fn new(file: LockFile, name: LockName, ticket: u64) -> Seated {
        Seated { file, name, ticket, has_left: AtomicBool::new(false) }
    }

    /// Leaves the table. False if there was no such seat, or the file is not in its place any more.
    pub(super) async fn leave(&self) -> Result<bool, Error> {
        let section = self.file.enter(&self.name).await?;
        self.leave_by(section)
    }

    fn leave_by(&self, section: Option<Section<'_>>) -> Result<bool, Error> {
        self.has_left.store(true, Ordering::Relaxed);
        let Some(mut section) = section else { return Ok(false) };
        if section.table.remove(self.ticket).is_none() {
            return Ok(false);
        }
        section.store()?;
        Ok(true)
    }
}

impl Drop for Seated {
    fn drop(&mut self) {
        if !self.has_left.load(Ordering::Relaxed) {
            // If the section is taken, or the disk full, the record stays until the next one in the
            // section finds its byte free, which it is as soon as the file is closed.
            let _ = self.file.enter_now(&self.name).and_then(|section| self.leave_by(section));
        }
    }
}

/// What a look at the queue comes to.
enum Turn {
    Granted(FencingToken, LocalTime),
    Wait,
    Busy(Box<Busy>),
    /// The file was removed or moved, so the queue is elsewhere now; or others saw that the time
    /// of this wait was over.
    Gone,
}

impl Claim {
    /// Takes the lock, or says who is in the way. `closed` turns true when nobody needs it any
    /// more.
    pub(super) async fn take(
        &self,
        folder: &Arc<Folder>,
        mut closed: watch::Receiver<bool>,
    ) -> Result<Result<Grant, Box<Busy>>, Error> {
        let mut has_waited = false;
        loop {
            let file = LockFile::open(folder, &self.name)?;
            let Some((ticket, turn)) = self.arrive(&file, has_waited).await? else { continue };
            if let Turn::Busy(busy) = turn {
                return Ok(Err(busy));
            }
            let seated = Seated::new(file, self.name.clone(), ticket);
            let turn = match turn {
                Turn::Wait => self.wait(&seated, &mut closed).await?,
                other => other,
            };
            match turn {
                Turn::Granted(token, until) => return Ok(Ok(Grant { seated, token, until })),
                Turn::Busy(busy) => return Ok(Err(busy)),
                Turn::Wait | Turn::Gone => has_waited = true,
            }
        }
    }

    /// Takes a seat, and the lock with it if nobody is in the way. None if the file went away.
    ///
    /// Who waited until its time was over, and lost its seat by that, has waited in vain.
    async fn arrive(
        &self,
        file: &LockFile,
        has_waited: bool,
    ) -> Result<Option<(u64, Turn)>, Error> {
        let Some(mut section) = file.enter(&self.name).await? else { return Ok(None) };
        let now = LocalTime::now();
        section.clear_the_dead(NOBODY, now);
        self.check_kind(&section.table)?;
        let seat = Seat {
            ticket: section.take_seat()?,
            token: None,
            mode: self.mode,
            priority: self.priority,
            upgrades: self.upgrades,
            since: now,
            until: self.give_up_at,
            entries: 1,
            owner: self.owner.clone(),
            // Others see it when it holds.
            value: None,
        };
        let ticket = seat.ticket;
        let gives_up = now >= self.give_up_at;
        let is_late = has_waited && gives_up;
        if !is_late && section.table.in_the_way(&seat, |_| true).is_none() {
            section.table.seats.push(seat);
            return self.grant(section, ticket, now).map(|turn| Some((ticket, turn)));
        }
        if gives_up {
            return Ok(Some((ticket, Turn::Busy(look::busy(&section.table, &seat, now)))));
        }
        self.check_queue(&section.table)?;
        section.table.seats.push(seat);
        section.store()?;
        Ok(Some((ticket, Turn::Wait)))
    }

    async fn wait(
        &self,
        seated: &Seated,
        closed: &mut watch::Receiver<bool>,
    ) -> Result<Turn, Error> {
        let Seated { file, ticket, .. } = seated;
        // Hung up before the first look, so that nothing after that look is missed.
        let mut bell = Bell::on_file(file.fd());
        let pause_max = if bell.is_some() { PAUSE_MAX } else { PAUSE_WITHOUT_BELL_MAX };
        let mut pause = None;
        let mut place_told = None;
        loop {
            let now = LocalTime::now();
            let table = if file.is_in_place()? { file.read().await? } else { None };
            let Some((mut table, me)) = table.and_then(|table| {
                let me = table.seat(*ticket)?.clone();
                Some((table, me))
            }) else {
                return Ok(Turn::Gone);
            };
            let Some(blocker) = table.in_the_way(&me, |seat| file.lives(seat, now)) else {
                match self.grant_if_free(file, *ticket).await? {
                    Turn::Wait => continue,
                    turn => return Ok(turn),
                }
            };
            let is_next = blocker.token.is_some();
            let gives_up = now >= self.give_up_at;
            if gives_up || self.on_queued.is_some() {
                table.seats.retain(|seat| seat.ticket == *ticket || file.lives(seat, now));
                let busy = look::busy(&table, &me, now);
                if gives_up {
                    return Ok(Turn::Busy(busy));
                }
                let place = Some((busy.position, busy.waiters));
                if let (Some(OnQueued(tell)), true) = (&self.on_queued, place != place_told) {
                    tell(busy.position, busy.waiters);
                    place_told = place;
                }
            }
            let first_pause = if is_next { NEXT_LOOKS_AFTER } else { OTHERS_LOOK_AFTER };
            let looks_after = *pause.get_or_insert(first_pause.min(pause_max));
            let time_acts_after = table.changes_at(now).since(now);
            tokio::select! {
                () = rung(&mut bell) => pause = None,
                () = tokio::time::sleep(looks_after.min(time_acts_after)) => {
                    pause = Some((looks_after * 2).min(pause_max));
                }
                _ = closed.wait_for(|closed| *closed) => return Err(is_closed(self.doing())),
            }
        }
    }

    /// Takes the lock if, for certain, nobody is in the way.
    async fn grant_if_free(&self, file: &LockFile, ticket: u64) -> Result<Turn, Error> {
        let Some(mut section) = file.enter(&self.name).await? else { return Ok(Turn::Gone) };
        let now = LocalTime::now();
        section.clear_the_dead(ticket, now);
        let Some(me) = section.table.seat(ticket) else { return Ok(Turn::Gone) };
        if section.table.in_the_way(me, |_| true).is_some() {
            return Ok(Turn::Wait);
        }
        self.grant(section, ticket, now)
    }

    /// Makes the seat a holder's.
    fn grant(&self, mut section: Section<'_>, ticket: u64, now: LocalTime) -> Result<Turn, Error> {
        let token = section.take_token()?;
        let until = if self.max_hold.is_zero() { NEVER } else { now.plus(self.max_hold) };
        let shared = self.upgrades.and_then(|shared| section.table.remove(shared));
        if let Some(seat) = section.table.seat_mut(ticket) {
            // An upgrade keeps what its shared hold shows.
            let value = shared.map_or_else(|| self.value.clone(), |shared| shared.value);
            *seat = Seat { token: Some(token), since: now, until, value, ..seat.clone() };
        }
        section.store()?;
        Ok(Turn::Granted(token, self.surely_until(until)))
    }

    /// The holder must know its end before the others, who see by the same clock that it has come.
    fn surely_until(&self, until: LocalTime) -> LocalTime {
        match until {
            NEVER => NEVER,
            until => until.minus(MARGIN.min(self.max_hold / 2)),
        }
    }

    /// All who hold or wait must use the lock in the same way.
    fn check_kind(&self, table: &Table) -> Result<(), Error> {
        let limit = |mode| match mode {
            Mode::Permits { limit, .. } => Some(limit),
            Mode::Exclusive | Mode::Shared => None,
        };
        let kind = |mode| match limit(mode) {
            Some(limit) => format!("a semaphore of {limit}"),
            None => "a plain lock".to_owned(),
        };
        match table.seats.iter().find(|seat| limit(seat.mode) != limit(self.mode)) {
            None => Ok(()),
            Some(other) => {
                let message = format!("it is in use as {}", kind(other.mode));
                let doing = format!("{} as {}", self.doing(), kind(self.mode));
                Err(Error::new(ErrorKind::Mismatch, doing, message))
            }
        }
    }

    /// Whether one more may wait.
    fn check_queue(&self, table: &Table) -> Result<(), Error> {
        let queue = table.queue();
        if self.upgrades.is_some() && queue.iter().any(|seat| seat.upgrades.is_some()) {
            let message = "another holder waits to upgrade, too, and each keeps its shared hold";
            return Err(Error::new(ErrorKind::Deadlock, self.doing(), message));
        }
        let asked = self.max_waiters.map_or(usize::MAX, |max| max as usize);
        let allowed = asked.min(LOCK_WAITERS_MAX);
        if queue.len() >= allowed {
            let message = format!("{} wait, at most {allowed} may", queue.len());
            return Err(Error::new(ErrorKind::QueueFull, self.doing(), message));
        }
        Ok(())
    }

    fn doing(&self) -> String {
        format!("acquire \"{}\"", self.name)
    }
}

/// Never, if there is no bell.
pub(super) async fn rung(bell: &mut Option<Bell>) {
    match bell {
        Some(bell) => bell.rung().await,
        None => std::future::pending().await,
    }
}
