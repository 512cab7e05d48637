//! How a lock is asked for, waited for and granted.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bramah_core::limits::LOCK_WAITERS_MAX;
use bramah_core::{FencingToken, LockName, Mode, Owner, Priority};
use tokio::sync::watch;

use super::bell::Bell;
use super::folder::Folder;
use super::hold::is_closed;
use super::lock_file::{LockFile, Section};
use super::look;
use super::table::{NEVER, Seat, Table};
use crate::backend::{Item, OnQueued};
use crate::clock::LocalTime;
use crate::error::{Error, ErrorKind};
use crate::info::Busy;
use crate::lease_keeper::MARGIN;

/// How soon the next in line looks again after the bell: the kernel rings just before it drops the
/// locks of somebody killed.
const NEXT_LOOKS_AFTER: Duration = Duration::from_millis(1);
/// How soon those behind it do, who must notice only that all before them died.
const OTHERS_LOOK_AFTER: Duration = Duration::from_millis(20);
/// Each look that finds nothing doubles the pause, up to this where a bell rings: hundreds may
/// wait.
const PAUSE_MAX: Duration = Duration::from_secs(10);
/// and up to this where none does.
const PAUSE_WITHOUT_BELL_MAX: Duration = Duration::from_millis(20);

/// No seat's ticket.
const NOBODY: u64 = 0;

/// What is asked for.
#[derive(Debug)]
pub(super) struct Claim {
    /// All or none of these, in the order of names.
    pub(super) items: Vec<Item>,
    pub(super) priority: Priority,
    /// The ticket of the shared hold that it replaces.
    pub(super) upgrades: Option<u64>,
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

/// A lock's file, and mostly a seat in its table. Dropping it leaves the table and closes the file.
#[derive(Debug)]
pub(super) struct Seated {
    pub(super) file: LockFile,
    pub(super) name: LockName,
    /// [`NOBODY`] without a seat.
    pub(super) ticket: u64,
    has_left: AtomicBool,
}

impl Seated {
    /// Opens the file, and takes no seat.
    fn open(folder: &Arc<Folder>, name: &LockName) -> Result<Seated, Error> {
        let file = LockFile::open(folder, name)?;
        Ok(Seated { file, name: name.clone(), ticket: NOBODY, has_left: AtomicBool::new(false) })
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
        if self.ticket != NOBODY && !self.has_left.load(Ordering::Relaxed) {
            // If the section is taken, or the disk full, the record stays until the next one in the
            // section finds its byte free, which it is as soon as the file is closed.
            let _ = self.file.enter_now(&self.name).and_then(|section| self.leave_by(section));
        }
    }
}

/// What a look at the queues comes to.
enum Turn {
    /// With the ticket and the token of each lock.
    Granted(Vec<(u64, FencingToken)>, LocalTime),
    /// There is a seat in the queue of this one of the locks.
    Wait(usize),
    Busy(Box<Busy>),
    /// A file was removed or moved, so the queue is elsewhere now; or others saw that the time of
    /// this wait was over.
    Gone,
}

/// How a wait for one lock ends.
enum Waited {
    /// Nobody seems to be in the way any more.
    First,
    Over(Box<Busy>),
    Gone,
}

impl Claim {
    /// Takes the locks, or says who is in the way. `closed` turns true when nobody needs them any
    /// more.
    ///
    /// While it waits it has a seat in one queue and holds nothing: whoever holds one of the locks
    /// may still get the others.
    pub(super) async fn take(
        &self,
        folder: &Arc<Folder>,
        mut closed: watch::Receiver<bool>,
    ) -> Result<Result<Vec<Grant>, Box<Busy>>, Error> {
        let mut came_at = None;
        let mut place_told = None;
        loop {
            let open = |item: &Item| Seated::open(folder, &item.name);
            let mut places = self.items.iter().map(open).collect::<Result<Vec<Seated>, Error>>()?;
            loop {
                let at = match self.ask(&mut places, &mut came_at).await? {
                    Turn::Granted(grants, until) => {
                        let seated = places.into_iter().zip(grants);
                        let grant = |(mut seated, (ticket, token)): (Seated, _)| {
                            seated.ticket = ticket;
                            Grant { seated, token, until }
                        };
                        return Ok(Ok(seated.map(grant).collect()));
                    }
                    Turn::Busy(busy) => return Ok(Err(busy)),
                    Turn::Wait(at) => at,
                    Turn::Gone => break,
                };
                match self.wait(&places[at], &mut closed, &mut place_told).await? {
                    Waited::First => {}
                    Waited::Over(busy) => return Ok(Err(busy)),
                    Waited::Gone => break,
                }
            }
        }
    }

    /// Takes all locks if nobody is in the way of any; else a seat where somebody is, and no other.
    ///
    /// Who waited until its time was over, and lost its seat by that, has waited in vain.
    async fn ask(
        &self,
        places: &mut [Seated],
        came_at: &mut Option<LocalTime>,
    ) -> Result<Turn, Error> {
        let files: Vec<_> = places.iter().map(|place| (&place.file, &place.name)).collect();
        let Some(mut sections) = LockFile::enter_all(&files).await? else { return Ok(Turn::Gone) };
        let now = LocalTime::now();
        let has_waited = came_at.is_some();
        let since = *came_at.get_or_insert(now);
        let mut in_the_way = None;
        let mut has_seat = false;
        for (at, (section, place)) in sections.iter_mut().zip(&*places).enumerate() {
            section.clear_the_dead(place.ticket, now);
            if place.ticket != NOBODY {
                has_seat = true;
                if section.table.seat(place.ticket).is_none() {
                    return Ok(Turn::Gone);
                }
            }
            self.check_kind(&section.table, &self.items[at])?;
            let me = self.seat(at, place.ticket, since);
            if in_the_way.is_none() && section.table.in_the_way(&me, |_| true).is_some() {
                in_the_way = Some(at);
            }
        }
        let gives_up = now >= self.give_up_at;
        let is_late = gives_up && has_waited && !has_seat;
        if in_the_way.is_none() && !is_late {
            return self.grant(sections, places, since, now);
        }
        let at = in_the_way.unwrap_or(0);
        if places[at].ticket != NOBODY {
            return Ok(Turn::Wait(at));
        }
        let section = &mut sections[at];
        if gives_up {
            let me = self.seat(at, NOBODY, since);
            return Ok(Turn::Busy(look::busy(&section.table, &me, now)));
        }
        self.check_queue(&section.table, &self.items[at])?;
        let ticket = section.take_seat()?;
        section.table.seats.push(self.seat(at, ticket, since));
        section.store()?;
        for (section, place) in sections.iter_mut().zip(&*places) {
            if place.ticket != NOBODY && section.table.remove(place.ticket).is_some() {
                section.store()?;
                // Nothing is closed here that would do so.
                place.file.ring();
            }
        }
        drop(sections);
        places.iter_mut().for_each(|place| place.ticket = NOBODY);
        places[at].ticket = ticket;
        Ok(Turn::Wait(at))
    }

    /// As it stands in a queue.
    fn seat(&self, at: usize, ticket: u64, since: LocalTime) -> Seat {
        Seat {
            ticket,
            token: None,
            mode: self.items[at].mode,
            priority: self.priority,
            upgrades: self.upgrades,
            since,
            until: self.give_up_at,
            entries: 1,
            owner: self.owner.clone(),
            // Others see it when it holds.
            value: None,
        }
    }

    /// Waits in the queue of one lock.
    async fn wait(
        &self,
        seated: &Seated,
        closed: &mut watch::Receiver<bool>,
        place_told: &mut Option<(usize, usize)>,
    ) -> Result<Waited, Error> {
        let Seated { file, ticket, .. } = seated;
        // Hung up before the first look, so that nothing after that look is missed.
        let mut bell = Bell::on_file(file.fd());
        let pause_max = if bell.is_some() { PAUSE_MAX } else { PAUSE_WITHOUT_BELL_MAX };
        let mut pause = None;
        loop {
            let now = LocalTime::now();
            let table = if file.is_in_place()? { file.read().await? } else { None };
            let Some((mut table, me)) = table.and_then(|table| {
                let me = table.seat(*ticket)?.clone();
                Some((table, me))
            }) else {
                return Ok(Waited::Gone);
            };
            let Some(blocker) = table.in_the_way(&me, |seat| file.lives(seat, now)) else {
                return Ok(Waited::First);
            };
            let is_next = blocker.token.is_some();
            let gives_up = now >= self.give_up_at;
            // To ask for each seat whether somebody lives there is dear, and nothing has changed.
            let is_quiet = bell.is_some() && pause == Some(pause_max);
            if gives_up || self.on_queued.is_some() && !is_quiet {
                table.seats.retain(|seat| seat.ticket == *ticket || file.lives(seat, now));
                let busy = look::busy(&table, &me, now);
                if gives_up {
                    return Ok(Waited::Over(busy));
                }
                let place = Some((busy.position, busy.waiters));
                if let (Some(OnQueued(tell)), true) = (&self.on_queued, place != *place_told) {
                    tell(busy.position, busy.waiters);
                    *place_told = place;
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

    /// Makes the seats holders', and takes those that are missing.
    fn grant(
        &self,
        sections: Vec<Section<'_>>,
        places: &[Seated],
        since: LocalTime,
        now: LocalTime,
    ) -> Result<Turn, Error> {
        let until = if self.max_hold.is_zero() { NEVER } else { now.plus(self.max_hold) };
        let mut grants = Vec::with_capacity(places.len());
        for (at, (mut section, place)) in sections.into_iter().zip(places).enumerate() {
            let seat = match section.table.remove(place.ticket) {
                Some(seat) => seat,
                None => self.seat(at, section.take_seat()?, since),
            };
            let (ticket, token) = (seat.ticket, section.take_token()?);
            let shared = self.upgrades.and_then(|shared| section.table.remove(shared));
            // An upgrade keeps what its shared hold shows.
            let value = shared.map_or_else(|| self.items[at].value.clone(), |shared| shared.value);
            let seat = Seat { token: Some(token), since: now, until, value, ..seat };
            section.table.seats.push(seat);
            section.store()?;
            grants.push((ticket, token));
        }
        Ok(Turn::Granted(grants, self.surely_until(until)))
    }

    /// The holder must know its end before the others, who see by the same clock that it has come.
    fn surely_until(&self, until: LocalTime) -> LocalTime {
        match until {
            NEVER => NEVER,
            until => until.minus(MARGIN.min(self.max_hold / 2)),
        }
    }

    /// All who hold or wait must use it as a lock, or all as a semaphore.
    fn check_kind(&self, table: &Table, item: &Item) -> Result<(), Error> {
        let kind = |mode| match mode {
            Mode::Permits { .. } => "a semaphore",
            Mode::Exclusive | Mode::Shared => "a plain lock",
        };
        match table.seats.iter().find(|seat| kind(seat.mode) != kind(item.mode)) {
            None => Ok(()),
            Some(other) => {
                let message = format!("it is in use as {}", kind(other.mode));
                let doing = format!("acquire \"{}\" as {}", item.name, kind(item.mode));
                Err(Error::new(ErrorKind::Mismatch, doing, message))
            }
        }
    }

    /// Whether one more may wait.
    fn check_queue(&self, table: &Table, item: &Item) -> Result<(), Error> {
        let queue = table.queue();
        let doing = format!("acquire \"{}\"", item.name);
        if self.upgrades.is_some() && queue.iter().any(|seat| seat.upgrades.is_some()) {
            let message = "another holder waits to upgrade, too, and each keeps its shared hold";
            return Err(Error::new(ErrorKind::Deadlock, doing, message));
        }
        let asked = self.max_waiters.map_or(usize::MAX, |max| max as usize);
        let allowed = asked.min(LOCK_WAITERS_MAX);
        if queue.len() >= allowed {
            let message = format!("{} wait, at most {allowed} may", queue.len());
            return Err(Error::new(ErrorKind::QueueFull, doing, message));
        }
        Ok(())
    }

    pub(super) fn doing(&self) -> String {
        let names: Vec<String> = self.items.iter().map(|i| format!("\"{}\"", i.name)).collect();
        format!("acquire {}", names.join(", "))
    }
}

/// Never, if there is no bell.
pub(super) async fn rung(bell: &mut Option<Bell>) {
    match bell {
        Some(bell) => bell.rung().await,
        None => std::future::pending().await,
    }
}
