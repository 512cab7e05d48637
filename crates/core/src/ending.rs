//! How holds, waits and sessions end.

use crate::command::Mode;
use crate::event::{EndReason, Happening, WaitEnd};
use crate::facts::{EndedSession, WaitFact};
use crate::history::Ended;
use crate::ids::{FencingToken, LockName, SessionId, Time};
use crate::mutant::{self, Mutant};
use crate::outcome::{Outcome, Refusal};
use crate::queue::Place;
use crate::state::{Due, State};

impl State {
    /// Ends a hold, or lets it linger until its minimum is over.
    pub(crate) fn end_hold(&mut self, token: FencingToken, reason: EndReason) {
        let now = self.counters.now;
        let Some(mut hold) = self.holds.get_mut(&token) else { return };
        let (holder, name, is_shared) =
            (hold.session, hold.name.clone(), hold.mode == Mode::Shared);
        if let Some(due) = hold.due(token) {
            self.due.remove(&due);
        }
        let overrides = overrides_min_hold(&reason) || mutant::is_on(Mutant::MinHoldIgnored);
        let cut_short = hold.min_hold_until() > now && !overrides;
        if cut_short && hold.lingers().is_none() {
            let until = hold.min_hold_until();
            let owner = self.sessions.get(&holder).map(|session| session.fact.owner.clone());
            hold.linger(reason, owner.unwrap_or_default());
            drop(hold);
            self.due.insert((until, Due::MinHold(token)));
        } else {
            drop(hold);
            self.remove_hold(token, reason);
        }
        if let Some(mut session) = self.sessions.get_mut(&holder) {
            session.holds.remove(&token);
        }
        // The upgrade of a hold that its holder has no more has nothing to upgrade.
        if is_shared
            && let Some(upgrade) = self.waiting_upgrade(&name)
            && upgrade.upgrade_of == Some(token)
        {
            self.end_wait(upgrade.arrival, WaitEnd::HoldEnded);
        }
    }

    /// The minimum hold of a hold whose holder is gone is over.
    pub(crate) fn finish_lingering(&mut self, token: FencingToken) {
        let lingers = self.holds.get(&token).and_then(|hold| hold.lingers().cloned());
        if let Some((reason, _)) = lingers {
            self.remove_hold(token, reason);
        }
    }

    fn remove_hold(&mut self, token: FencingToken, reason: EndReason) {
        let now = self.counters.now;
        let Some(hold) = self.holds.remove(&token) else { return };
        let name = hold.name.clone();
        let owner = match hold.lingers() {
            Some((_, owner)) => owner.clone(),
            None => self.owner(hold.session),
        };
        if let Some(mut lock) = self.locks.get_mut(&name) {
            lock.remove_hold(token, hold.mode);
        }
        let forgets = mutant::is_on(Mutant::LockDelayForgotten);
        let lock_delay_ms = if forgets { 0 } else { hold.terms().lock_delay_ms };
        if lock_delay_ms != 0 && reason.is_unclean() {
            self.rest(&name, now.plus_ms(lock_delay_ms));
        }
        self.history.push(Ended {
            name: name.clone(),
            token,
            session: hold.session,
            owner,
            mode: hold.mode,
            granted_at: hold.granted_at,
            ended_at: now,
            reason: reason.clone(),
        });
        self.touched.push(name.clone());
        self.emit(Happening::HoldEnded { name, token, session: hold.session, reason });
    }

    /// The lock is not granted before `until`.
    pub(crate) fn rest(&mut self, name: &LockName, until: Time) {
        let mut lock = self.locks.get_or_insert(name);
        if lock.rests_until < until {
            self.due.remove(&(lock.rests_until, Due::Rest(name.clone())));
            lock.rests_until = until;
            self.due.insert((until, Due::Rest(name.clone())));
        }
    }

    /// The lock has rested.
    pub(crate) fn finish_resting(&mut self, name: LockName) {
        if let Some(mut lock) = self.locks.get_mut(&name) {
            lock.rests_until = Time::default();
        }
        self.touched.push(name);
    }

    pub(crate) fn time_out_wait(&mut self, arrival: u64) {
        if mutant::is_on(Mutant::GrantAtTimeOut) {
            let granted = self.leave_queues(arrival).map(|wait| self.grant(wait, true));
            return drop(granted);
        }
        let Some(wait) = self.waits.get(&arrival) else { return };
        let busy = self.busy(wait);
        self.end_wait(arrival, WaitEnd::TimedOut(busy));
    }

    /// Takes a waiter out of all its queues, with nothing left behind.
    pub(crate) fn end_wait(&mut self, arrival: u64, reason: WaitEnd) {
        let Some(wait) = self.leave_queues(arrival) else { return };
        if let Some(mut session) = self.sessions.get_mut(&wait.session) {
            let answer = match &reason {
                WaitEnd::TimedOut(busy) => Outcome::WaitTimedOut(busy.clone()),
                WaitEnd::Cancelled => Outcome::Refused(Refusal::RequestCancelled),
                WaitEnd::HoldEnded => Outcome::Refused(Refusal::NotHolder { ended: None }),
                WaitEnd::SessionEnded => Outcome::Refused(Refusal::SessionUnknown),
            };
            session.remember(wait.seq, answer);
        }
        let names: Vec<LockName> = wait.items.into_iter().map(|item| item.name).collect();
        self.emit(Happening::WaitEnded { session: wait.session, seq: wait.seq, names, reason });
    }

    /// Removes a waiter from the table, granted or not.
    pub(crate) fn leave_queues(&mut self, arrival: u64) -> Option<WaitFact> {
        let wait = self.waits.remove(&arrival)?;
        let place = Place::of(&wait);
        for item in &wait.items {
            if let Some(mut lock) = self.locks.get_mut(&item.name) {
                lock.dequeue(place);
            }
            if !mutant::is_on(Mutant::LostWakeUp) {
                self.touched.push(item.name.clone());
            }
        }
        if let Some(deadline) = wait.deadline {
            self.due.remove(&(deadline, Due::Wait(arrival)));
        }
        if let Some(mut session) = self.sessions.get_mut(&wait.session) {
            session.remove_wait(&wait);
        }
        Some(wait)
    }

    /// Ends a session: its waits leave, its holds end, and nothing is granted to it any more.
    pub(crate) fn end_session(&mut self, id: SessionId, reason: EndReason) {
        let Some(session) = self.sessions.get(&id) else { return };
        let handle = session.fact.handle;
        self.due.remove(&(session.deadline(), Due::Session(id)));
        let waits: Vec<u64> = session.waits.values().copied().collect();
        let holds: Vec<FencingToken> = session.holds.iter().copied().collect();
        let stays = mutant::is_on(Mutant::WaitOutlivesSession);
        for arrival in waits.into_iter().filter(|_| !stays) {
            self.end_wait(arrival, WaitEnd::SessionEnded);
        }
        let stays = mutant::is_on(Mutant::HoldOutlivesSession);
        for token in holds.into_iter().filter(|_| !stays) {
            self.end_hold(token, reason.clone());
        }
        self.sessions.remove(&id);
        self.history.push_session(EndedSession {
            handle,
            at: self.counters.now,
            reason: reason.clone(),
        });
        self.emit(Happening::SessionEnded { session: id, reason });
    }
}

/// A minimum hold keeps others out after a release or a death. It does not bind an operator, and a
/// hold that its client never had, or has exchanged, is over at once.
fn overrides_min_hold(reason: &EndReason) -> bool {
    matches!(
        reason,
        EndReason::Revoked { .. } | EndReason::Upgraded | EndReason::Cancelled | EndReason::MaxHold
    )
}
