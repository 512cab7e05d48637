//! Who holds and who waits, as anybody could tell who hears of every event and command: simple,
//! slow and written apart from the table that it is compared with.

use std::collections::{BTreeMap, BTreeSet};

use bramah_core::{
    Action, Command, EndReason, Event, FencingToken, Grant, Happening, HoldAction, HoldId,
    LockName, Mode, OnDisconnect, Outcome, RequestSeq, RevokeTarget, SessionHandle, SessionId,
    Terms, Time, Wait,
};

use super::step::{Numbered, Step};

/// A request that waits: whose, and its number.
pub(crate) type WaitKey = (SessionId, RequestSeq);

/// A hold that has not ended.
#[derive(Clone, Debug)]
pub(crate) struct Hold {
    pub(crate) hold: HoldId,
    pub(crate) session: SessionId,
    pub(crate) seq: RequestSeq,
    pub(crate) name: LockName,
    pub(crate) mode: Mode,
    pub(crate) granted_at: Time,
    pub(crate) terms: Terms,
    /// Its holder gave it back or is gone, and only the minimum keeps it.
    pub(crate) lingers: bool,
}

impl Hold {
    pub(crate) fn max_hold_deadline(&self) -> Option<Time> {
        let max = self.terms.max_hold_ms;
        (max != 0).then(|| self.granted_at.plus_ms(max))
    }

    pub(crate) fn min_hold_until(&self) -> Time {
        self.granted_at.plus_ms(self.terms.min_hold_ms)
    }
}

/// A request that waits.
#[derive(Clone, Debug)]
pub(crate) struct Waiter {
    pub(crate) items: Vec<(LockName, Mode)>,
    pub(crate) place: Place,
    pub(crate) terms: Terms,
    pub(crate) deadline: Option<Time>,
    pub(crate) upgrade_of: Option<FencingToken>,
}

/// Where a request stands: the smaller before the greater. First rank, then arrival.
pub(crate) type Place = (i16, u64);

/// A lock that is held, waited for, or resting.
#[derive(Clone, Debug, Default)]
pub(crate) struct Line {
    pub(crate) holders: Vec<FencingToken>,
    /// In the order in which they should be granted.
    pub(crate) queue: Vec<(Place, WaitKey)>,
    pub(crate) rests_until: Time,
}

/// An open session.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    pub(crate) handle: SessionHandle,
    pub(crate) ttl_ms: u64,
    pub(crate) renewed_at: Time,
    pub(crate) on_disconnect: OnDisconnect,
}

impl Session {
    pub(crate) fn deadline(&self) -> Time {
        self.renewed_at.plus_ms(self.ttl_ms)
    }
}

/// What an acquire, an acquire of many or an upgrade asks for.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) items: Vec<(LockName, Mode)>,
    pub(crate) rank: i16,
    pub(crate) terms: Terms,
    wait: Wait,
    pub(crate) upgrade_of: Option<FencingToken>,
}

/// Everything that is.
#[derive(Clone, Debug, Default)]
pub(crate) struct Table {
    pub(crate) now: Time,
    pub(crate) sessions: BTreeMap<SessionId, Session>,
    /// Sessions that ended: when and how.
    pub(crate) ended: BTreeMap<SessionId, (SessionHandle, Time, EndReason)>,
    pub(crate) holds: BTreeMap<FencingToken, Hold>,
    pub(crate) waits: BTreeMap<WaitKey, Waiter>,
    pub(crate) locks: BTreeMap<LockName, Line>,
    /// Locks that rest, by when they have rested.
    resting: BTreeSet<(Time, LockName)>,
    arrivals: u64,
    /// The terms of the hold that was exchanged last.
    exchanged: Option<(FencingToken, Terms)>,
}

impl Table {
    /// The session of this handle, if it is open and the key is its own.
    pub(crate) fn session(&self, handle: SessionHandle) -> Option<&Session> {
        self.sessions.get(&handle.id).filter(|session| session.handle == handle)
    }

    /// The holds on a lock, in the order of grant.
    pub(crate) fn holders(&self, name: &LockName) -> impl Iterator<Item = &Hold> + '_ {
        let tokens = self.locks.get(name).map_or(&[][..], |line| &line.holders);
        tokens.iter().filter_map(|token| self.holds.get(token))
    }

    /// What a request asks for, if it asks for locks.
    pub(crate) fn asked(&self, request: Numbered<'_>) -> Option<Asked> {
        Some(match request.action {
            Action::Acquire(acquire) => Asked {
                items: vec![(acquire.item.name.clone(), acquire.item.mode)],
                rank: -i16::from(acquire.priority.0),
                terms: acquire.terms,
                wait: acquire.wait,
                upgrade_of: None,
            },
            Action::AcquireMany(many) => Asked {
                items: many.items.iter().map(|item| (item.name.clone(), item.mode)).collect(),
                rank: -i16::from(many.priority.0),
                terms: many.terms,
                wait: many.wait,
                upgrade_of: None,
            },
            Action::Upgrade { hold, wait, .. } => {
                let shared = self.holds.get(&hold.token)?;
                Asked {
                    items: vec![(shared.name.clone(), Mode::Exclusive)],
                    rank: i16::MIN,
                    terms: shared.terms,
                    wait: *wait,
                    upgrade_of: Some(hold.token),
                }
            }
            Action::Cancel { .. } | Action::Hold(..) => return None,
        })
    }

    /// Whether a waiter could be granted: it is first in all its lines, and fits in beside whoever
    /// holds.
    pub(crate) fn is_grantable(&self, key: WaitKey) -> bool {
        let Some(waiter) = self.waits.get(&key) else { return false };
        waiter.items.iter().all(|(name, mode)| {
            let Some(line) = self.locks.get(name) else { return true };
            line.queue.first().is_none_or(|(_, first)| *first == key)
                && line.rests_until <= self.now
                && self.fits(name, *mode, waiter.upgrade_of)
        })
    }

    /// One more hold of this mode could stand beside those there are, without `except`.
    pub(crate) fn fits(&self, name: &LockName, mode: Mode, except: Option<FencingToken>) -> bool {
        let others = || self.holders(name).filter(|hold| Some(hold.hold.token) != except);
        match mode {
            Mode::Permits { count, limit } => {
                let out: u64 = others().map(|hold| permits(hold.mode)).sum();
                let agreed = others().all(|hold| match hold.mode {
                    Mode::Permits { limit: other, .. } => other == limit,
                    _ => true,
                });
                agreed && out + u64::from(count) <= u64::from(limit)
            }
            mode => others().all(|hold| !conflict(hold.mode, mode)),
        }
    }

    /// When a hold ends unless renewed.
    fn deadline(&self, hold: &Hold) -> Time {
        match self.sessions.get(&hold.session) {
            Some(session) if !hold.lingers => {
                let deadline = session.deadline();
                hold.max_hold_deadline().map_or(deadline, |max| max.min(deadline))
            }
            _ => hold.min_hold_until(),
        }
    }

    /// Takes over one event of a step.
    pub(crate) fn apply(&mut self, step: &Step<'_>, event: &Event) {
        match &event.what {
            Happening::Granted { session, seq, waited, grants } => {
                self.granted(step, (*session, *seq), *waited, grants);
            }
            Happening::HoldEnded { token, reason, .. } => self.hold_ended(step, *token, reason),
            Happening::Queued { name, session, seq, .. } => {
                self.queued(step, name, (*session, *seq));
            }
            Happening::WaitEnded { session, seq, .. } => self.leave((*session, *seq)),
            Happening::ValueSet { .. } => {}
            Happening::Downgraded { token, .. } => {
                if let Some(hold) = self.holds.get_mut(token) {
                    hold.mode = Mode::Shared;
                }
            }
            Happening::SessionEnded { session, reason } => {
                if let Some(open) = self.sessions.remove(session) {
                    self.ended.insert(*session, (open.handle, step.time, reason.clone()));
                }
                for hold in self.holds.values_mut().filter(|hold| hold.session == *session) {
                    hold.lingers = true;
                }
            }
        }
    }

    /// Takes over what a step's command came to, beside its events. `is_repeated`: it was made
    /// before, so that it did nothing.
    pub(crate) fn settle(&mut self, step: &Step<'_>, is_repeated: bool) {
        let Some((command, outcome)) = step.command else { return };
        match (command, outcome) {
            (Command::OpenSession(open), Outcome::SessionOpened { session, .. }) => {
                let session = Session {
                    handle: *session,
                    ttl_ms: open.ttl.as_ms(),
                    renewed_at: step.time,
                    on_disconnect: open.on_disconnect,
                };
                self.sessions.insert(session.handle.id, session);
            }
            (Command::Renew(handles), Outcome::Renewed(_)) => {
                for handle in handles {
                    if let Some(session) = self.sessions.get_mut(&handle.id)
                        && session.handle == *handle
                    {
                        session.renewed_at = step.time;
                    }
                }
            }
            (_, Outcome::HoldRenewed(grant)) if !is_repeated => {
                let hold = self.holds.get(&grant.hold.token);
                let session = hold.and_then(|hold| self.sessions.get_mut(&hold.session));
                if let Some(session) = session {
                    session.renewed_at = step.time;
                    session.ttl_ms = grant.ttl.as_ms();
                }
            }
            (_, Outcome::Released { reentries_left: 0, .. }) if !is_repeated => {
                if let Some((hold, HoldAction::Release)) = step.act()
                    && let Some(hold) = self.holds.get_mut(&hold.token)
                {
                    hold.lingers = true;
                }
            }
            _ => {}
        }
    }

    /// Time passed. Gives the locks that have rested.
    pub(crate) fn advance(&mut self, time: Time) -> Vec<LockName> {
        self.now = time;
        let mut rested = Vec::new();
        while self.resting.first().is_some_and(|(until, _)| *until <= time)
            && let Some((_, name)) = self.resting.pop_first()
        {
            if self.locks.get(&name).is_some_and(|line| is_unused(line, time)) {
                self.locks.remove(&name);
            }
            rested.push(name);
        }
        rested
    }

    fn granted(&mut self, step: &Step<'_>, key: WaitKey, waited: bool, grants: &[Grant]) {
        let terms = match (waited, step.numbered().map(|request| request.action)) {
            (true, _) => self.waits.get(&key).map(|waiter| waiter.terms),
            // The hold that an upgrade exchanges is gone by now.
            (false, Some(Action::Upgrade { hold, .. })) => {
                self.exchanged.filter(|(token, _)| *token == hold.token).map(|(_, terms)| terms)
            }
            (false, _) => step.numbered().and_then(|r| self.asked(r)).map(|asked| asked.terms),
        };
        let terms = terms.unwrap_or_default();
        self.leave(key);
        for grant in grants {
            let hold = Hold {
                hold: grant.hold,
                session: key.0,
                seq: key.1,
                name: grant.name.clone(),
                mode: grant.mode,
                granted_at: step.time,
                terms,
                lingers: false,
            };
            self.locks.entry(grant.name.clone()).or_default().holders.push(grant.hold.token);
            self.holds.insert(grant.hold.token, hold);
        }
    }

    fn hold_ended(&mut self, step: &Step<'_>, token: FencingToken, reason: &EndReason) {
        let Some(hold) = self.holds.get(&token).cloned() else { return };
        let rests_until = match (reason, step.command) {
            (EndReason::Revoked { .. }, Some((Command::Revoke { wait_for_deadline, .. }, _))) => {
                wait_for_deadline.then(|| self.deadline(&hold))
            }
            (reason, _) if reason.is_unclean() => Some(step.time.plus_ms(hold.terms.lock_delay_ms)),
            _ => None,
        };
        self.holds.remove(&token);
        if *reason == EndReason::Upgraded {
            self.exchanged = Some((token, hold.terms));
        }
        if let Some(line) = self.locks.get_mut(&hold.name) {
            line.holders.retain(|holder| *holder != token);
            if let Some(until) = rests_until.filter(|until| *until > line.rests_until) {
                line.rests_until = until;
                self.resting.insert((until, hold.name.clone()));
            }
            if is_unused(line, step.time) {
                self.locks.remove(&hold.name);
            }
        }
    }

    fn queued(&mut self, step: &Step<'_>, name: &LockName, key: WaitKey) {
        if !self.waits.contains_key(&key) {
            let Some(asked) = step.numbered().and_then(|request| self.asked(request)) else {
                return;
            };
            self.arrivals += 1;
            let waiter = Waiter {
                items: asked.items,
                place: (asked.rank, self.arrivals),
                terms: asked.terms,
                deadline: match asked.wait {
                    Wait::ForMs(ms) => Some(step.time.plus_ms(ms)),
                    Wait::Try | Wait::Forever => None,
                },
                upgrade_of: asked.upgrade_of,
            };
            self.waits.insert(key, waiter);
        }
        let Some(place) = self.waits.get(&key).map(|waiter| waiter.place) else { return };
        let queue = &mut self.locks.entry(name.clone()).or_default().queue;
        let at = queue.partition_point(|(other, _)| *other < place);
        queue.insert(at, (place, key));
    }

    fn leave(&mut self, key: WaitKey) {
        let Some(waiter) = self.waits.remove(&key) else { return };
        for (name, _) in &waiter.items {
            let Some(line) = self.locks.get_mut(name) else { continue };
            line.queue.retain(|(_, other)| *other != key);
            if is_unused(line, self.now) {
                self.locks.remove(name);
            }
        }
    }

    /// Whether a revocation is of this hold.
    pub(crate) fn is_target(target: &RevokeTarget, hold: &Hold) -> bool {
        match target {
            RevokeTarget::Lock(name) => hold.name == *name,
            RevokeTarget::Hold(name, token) => hold.name == *name && hold.hold.token == *token,
        }
    }
}

fn is_unused(line: &Line, now: Time) -> bool {
    line.holders.is_empty() && line.queue.is_empty() && line.rests_until <= now
}

/// Two plain modes that exclude each other.
pub(crate) fn conflict(one: Mode, other: Mode) -> bool {
    matches!((one, other), (Mode::Exclusive, Mode::Exclusive | Mode::Shared))
        || matches!((one, other), (Mode::Shared, Mode::Exclusive))
}

/// Permits of a semaphore that a hold has.
pub(crate) fn permits(mode: Mode) -> u64 {
    match mode {
        Mode::Exclusive | Mode::Shared => 0,
        Mode::Permits { count, .. } => u64::from(count),
    }
}
