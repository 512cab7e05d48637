//! How a lock is asked for, waited for and granted.

use std::collections::BTreeSet;

use crate::command::{Acquire, AcquireMany, IfHeld, Item, Mode, Terms, Wait};
use crate::event::{EndReason, Happening};
use crate::facts::{HoldFact, WaitFact};
use crate::holding::Hold;
use crate::ids::{FencingToken, HoldId, Key, LockName, Priority, RequestSeq, SessionId};
use crate::limits;
use crate::mutant::{self, Mutant};
use crate::outcome::{Busy, BusyHolder, Grant, Outcome, Refusal};
use crate::queue::Place;
use crate::state::{Due, State, limit};

impl State {
    pub(crate) fn acquire(&mut self, id: SessionId, seq: RequestSeq, acquire: Acquire) -> Outcome {
        if let Some(held) = self.already_held(id, &acquire.item, acquire.if_held) {
            return held;
        }
        let wait = WaitFact {
            arrival: self.counters.last_wait + 1,
            session: id,
            seq,
            items: vec![acquire.item],
            key: acquire.key,
            priority: acquire.priority,
            queued_at: self.counters.now,
            deadline: None,
            if_held: acquire.if_held,
            terms: acquire.terms,
            upgrade_of: None,
        };
        self.ask(wait, acquire.wait, acquire.max_waiters)
    }

    pub(crate) fn acquire_many(
        &mut self,
        id: SessionId,
        seq: RequestSeq,
        acquire: AcquireMany,
    ) -> Outcome {
        let if_held = match acquire.if_held {
            IfHeld::Reenter => IfHeld::Refuse,
            other => other,
        };
        let names: BTreeSet<&LockName> = acquire.items.iter().map(|item| &item.name).collect();
        if names.len() < acquire.items.len() || names.is_empty() {
            return Outcome::Refused(Refusal::Invalid(
                "name at least one lock, and each lock once",
            ));
        }
        if acquire.items.len() > limits::MANY_ITEMS_MAX {
            return Outcome::Refused(limit("many_items", limits::MANY_ITEMS_MAX));
        }
        for item in &acquire.items {
            if let Some(held) = self.already_held(id, item, if_held) {
                return held;
            }
        }
        let wait = WaitFact {
            arrival: self.counters.last_wait + 1,
            session: id,
            seq,
            items: acquire.items,
            key: acquire.key,
            priority: acquire.priority,
            queued_at: self.counters.now,
            deadline: None,
            if_held,
            terms: acquire.terms,
            upgrade_of: None,
        };
        self.ask(wait, acquire.wait, None)
    }

    pub(crate) fn upgrade(
        &mut self,
        id: SessionId,
        seq: RequestSeq,
        hold: HoldId,
        key: Key,
        wait: Wait,
    ) -> Outcome {
        let shared = match self.check_hold(hold) {
            Ok(hold) if hold.session != id => {
                return Outcome::Refused(Refusal::Invalid("the hold is of another session"));
            }
            Ok(hold) => hold,
            Err(refusal) => return Outcome::Refused(refusal),
        };
        match shared.mode {
            Mode::Exclusive => {
                return self
                    .grant_of(hold.token)
                    .map_or_else(Outcome::Refused, Outcome::AlreadyHeld);
            }
            Mode::Permits { .. } => {
                return Outcome::Refused(Refusal::Invalid("permits cannot be upgraded"));
            }
            Mode::Shared => {}
        }
        if shared.count > 1 {
            return Outcome::Refused(Refusal::Invalid("a hold with re-entries cannot be upgraded"));
        }
        let name = shared.name.clone();
        // Two readers that both wait for the other to leave would wait for ever.
        if let Some(other) = self.waiting_upgrade(&name) {
            let step = |session| crate::DeadlockStep { session, waits_for: name.clone() };
            let cycle = vec![step(id), step(other.session)];
            return Outcome::Refused(Refusal::Deadlock { cycle });
        }
        let wait_fact = WaitFact {
            arrival: self.counters.last_wait + 1,
            session: id,
            seq,
            items: vec![Item { name, mode: Mode::Exclusive, value: shared.value().cloned() }],
            key,
            priority: Priority::default(),
            queued_at: self.counters.now,
            deadline: None,
            if_held: IfHeld::Refuse,
            terms: shared.terms(),
            upgrade_of: Some(hold.token),
        };
        self.ask(wait_fact, wait, None)
    }

    /// The upgrade that waits for this lock. There is one at most, and it stands first in line.
    pub(crate) fn waiting_upgrade(&self, name: &LockName) -> Option<&WaitFact> {
        let first = self.locks.get(name)?.first_waiter()?;
        self.waits.get(&first.arrival).filter(|first| first.upgrade_of.is_some())
    }

    /// What to answer if the session holds this lock already and said that this is no reason to
    /// queue.
    fn already_held(&mut self, id: SessionId, item: &Item, if_held: IfHeld) -> Option<Outcome> {
        if if_held == IfHeld::Queue {
            return None;
        }
        let of_session = self.sessions.get(&id).map(|session| &session.holds)?;
        if of_session.is_empty() {
            return None;
        }
        let of_lock = &self.locks.get(&item.name)?.holds;
        let token = if of_lock.len() <= of_session.len() {
            of_lock.iter().find(|token| of_session.contains(token))
        } else {
            let of_name = |token: &&FencingToken| {
                self.holds.get(token).is_some_and(|hold| hold.name == item.name)
            };
            of_session.iter().find(of_name).copied()
        }?;
        // A re-entry would be lost with the hold that an upgrade exchanges.
        let upgrades =
            self.waiting_upgrade(&item.name).is_some_and(|w| w.upgrade_of == Some(token));
        let mut hold = self.holds.get_mut(&token)?;
        if if_held == IfHeld::Reenter && hold.mode == item.mode && !upgrades {
            if hold.count >= limits::REENTRIES_MAX {
                return Some(Outcome::Refused(limit("reentries", limits::REENTRIES_MAX as usize)));
            }
            hold.count += u32::from(!mutant::is_on(Mutant::ReentryNotCounted));
            drop(hold);
            return Some(
                self.grant_of(token).map_or_else(Outcome::Refused, |g| Outcome::Granted(vec![g])),
            );
        }
        drop(hold);
        Some(self.grant_of(token).map_or_else(Outcome::Refused, Outcome::AlreadyHeld))
    }

    /// Grants at once if nobody stands before it and it is admitted everywhere; else it queues or
    /// is told who is in the way.
    fn ask(&mut self, mut wait: WaitFact, how_long: Wait, max_waiters: Option<u32>) -> Outcome {
        if let Err(refusal) = self.check_request(&wait, how_long) {
            return Outcome::Refused(refusal);
        }
        if self.is_grantable(&wait) {
            let grants = self.grant(wait, false);
            return Outcome::Granted(grants);
        }
        let now = self.counters.now;
        wait.deadline = match how_long {
            Wait::Try | Wait::ForMs(0) => return Outcome::Busy(self.busy(&wait)),
            Wait::ForMs(ms) => Some(now.plus_ms(ms)),
            Wait::Forever => None,
        };
        if let Err(refusal) = self.check_queues(&wait, max_waiters) {
            return Outcome::Refused(refusal);
        }
        self.enqueue(wait)
    }

    fn enqueue(&mut self, wait: WaitFact) -> Outcome {
        let place = Place::of(&wait);
        let (session, seq, arrival) = (wait.session, wait.seq, wait.arrival);
        self.counters.last_wait = arrival;
        for item in &wait.items {
            let mut lock = self.locks.get_or_insert(&item.name);
            lock.enqueue(place, item.mode);
            let position = lock.position(place);
            drop(lock);
            self.emit(Happening::Queued { name: item.name.clone(), session, seq, position });
        }
        if let Some(deadline) = wait.deadline
            && !mutant::is_on(Mutant::WaitDeadlineForgotten)
        {
            self.due.insert((deadline, Due::Wait(arrival)));
        }
        if let Some(mut session) = self.sessions.get_mut(&session) {
            session.add_wait(&wait);
        }
        let outcome = self.queued(&wait);
        self.waits.insert(arrival, wait);
        outcome
    }

    /// Grants the first waiters of a lock for as long as they are compatible with whoever holds it.
    pub(crate) fn grant_waiting(&mut self, name: &LockName) {
        while let Some(place) = self.locks.get(name).and_then(|lock| lock.first_waiter())
            && let Some(wait) = self.waits.get(&place.arrival)
            && self.is_grantable(wait)
            && let Some(wait) = self.leave_queues(place.arrival)
        {
            self.grant(wait, true);
        }
    }

    /// Nobody stands before it in any of its queues, and each of its locks admits it.
    fn is_grantable(&self, wait: &WaitFact) -> bool {
        let place = Place::of(wait);
        let is_free = |item: &Item| match self.locks.get(&item.name) {
            None => true,
            Some(lock) => {
                let passes = mutant::is_on(Mutant::SharedPassesExclusive);
                let passes = passes && item.mode == Mode::Shared;
                (passes || lock.first_waiter().is_none_or(|first| first >= place))
                    && lock.admits(item.mode, self.counters.now, wait.upgrade_of)
            }
        };
        if mutant::is_on(Mutant::ManyInPart) {
            return wait.items.iter().any(is_free);
        }
        wait.items.iter().all(is_free)
    }

    /// Makes the holds. The caller has seen that they are compatible, and that the session is open.
    pub(crate) fn grant(&mut self, wait: WaitFact, waited: bool) -> Vec<Grant> {
        debug_assert!(self.sessions.contains_key(&wait.session), "granted to a session that ended");
        if let Some(shared) = wait.upgrade_of {
            self.end_hold(shared, EndReason::Upgraded);
        }
        let (session, seq) = (wait.session, wait.seq);
        let mut grants = Vec::with_capacity(wait.items.len());
        for item in wait.items {
            if mutant::is_on(Mutant::TokenFromHolders) {
                self.counters.last_token = mutant::highest_held(self);
            }
            let token = self.counters.last_token.next();
            self.counters.last_token = token;
            self.locks.get_or_insert(&item.name).add_hold(token, item.mode);
            let hold = Hold::from(HoldFact {
                hold: HoldId { token, key: wait.key },
                session,
                name: item.name,
                mode: item.mode,
                granted_at: self.counters.now,
                count: 1,
                value: item.value,
                terms: wait.terms,
                seq,
                lingers: None,
            });
            self.due.extend(hold.due(token));
            self.holds.insert(token, hold);
            if let Some(mut session) = self.sessions.get_mut(&session) {
                session.holds.insert(token);
            }
            grants.extend(self.grant_of(token));
        }
        if waited && let Some(mut session) = self.sessions.get_mut(&session) {
            session.remember(seq, Outcome::Granted(grants.clone()));
        }
        self.emit(Happening::Granted { session, seq, waited, grants: grants.clone() });
        grants
    }

    /// Who is in the way of a waiter, queued or not.
    pub(crate) fn busy(&self, wait: &WaitFact) -> Busy {
        let now = self.counters.now;
        let (items, place) = (&wait.items, Place::of(wait));
        let blocks = |item: &&Item| {
            self.locks.get(&item.name).is_some_and(|lock| {
                lock.first_waiter().is_some_and(|first| first < place)
                    || !lock.admits(item.mode, now, wait.upgrade_of)
            })
        };
        let Some(item) = items.iter().find(blocks).or(items.first()) else {
            unreachable!("every request names a lock")
        };
        let lock = self.locks.get(&item.name);
        let others = |token: &FencingToken| wait.upgrade_of != Some(*token);
        let first = lock.and_then(|lock| lock.holds.iter().find(others));
        let first = first.and_then(|token| Some((token, self.holds.get(&token)?)));
        let holder = first.map(|(token, hold)| BusyHolder {
            token,
            session: hold.session,
            owner: match hold.lingers() {
                Some((_, owner)) => owner.clone(),
                None => self.owner(hold.session),
            },
            granted_at: hold.granted_at,
            deadline: self.hold_deadline(token).unwrap_or(now),
        });
        Busy {
            name: item.name.clone(),
            holder,
            holders: lock.map_or(0, |lock| lock.holds.len()),
            waiters: lock.map_or(0, |lock| lock.waiters()),
            position: lock.map_or(1, |lock| lock.position(place)),
            rests_until: lock.map(|lock| lock.rests_until).filter(|until| *until > now),
            other_limit: lock.and_then(|lock| lock.other_limit(item.mode)),
            now,
        }
    }

    /// Refuses what can never be granted.
    fn check_request(&self, wait: &WaitFact, how_long: Wait) -> Result<(), Refusal> {
        if matches!(how_long, Wait::ForMs(ms) if ms > limits::WAIT_MS_MAX) {
            return Err(limit("wait_ms", limits::WAIT_MS_MAX as usize));
        }
        let Terms { lock_delay_ms, min_hold_ms, max_hold_ms } = wait.terms;
        if lock_delay_ms.max(min_hold_ms).max(max_hold_ms) > limits::TERM_MS_MAX {
            return Err(limit("term_ms", limits::TERM_MS_MAX as usize));
        }
        if max_hold_ms != 0 && min_hold_ms > max_hold_ms {
            return Err(Refusal::Invalid("the minimum hold is longer than the maximum hold"));
        }
        if !self.sessions.get(&wait.session).is_some_and(|s| s.has_room_for_holds(wait)) {
            return Err(limit("session_holds", limits::SESSION_HOLDS_MAX));
        }
        let mut new_locks = 0;
        for item in &wait.items {
            if let Mode::Permits { count, limit: of } = item.mode {
                if of > limits::PERMITS_MAX {
                    return Err(limit("permits", limits::PERMITS_MAX as usize));
                }
                if count == 0 || count > of {
                    return Err(Refusal::Invalid(
                        "permits must be at least 1 and at most the limit",
                    ));
                }
            }
            match self.locks.get(&item.name) {
                Some(lock) => lock.check_kind(item.mode)?,
                None => new_locks += 1,
            }
        }
        if self.locks.len() + new_locks > limits::LOCKS_MAX {
            return Err(limit("locks", limits::LOCKS_MAX));
        }
        Ok(())
    }

    fn check_queues(&self, wait: &WaitFact, max_waiters: Option<u32>) -> Result<(), Refusal> {
        let asked = max_waiters.map_or(usize::MAX, |max| max as usize);
        let waiters_max = asked.min(limits::LOCK_WAITERS_MAX);
        for item in &wait.items {
            let waiters = self.locks.get(&item.name).map_or(0, |lock| lock.waiters());
            if waiters >= waiters_max {
                return Err(Refusal::QueueFull { waiters, waiters_max });
            }
        }
        self.check_deadlock(wait)
    }
}
