//! The table, and the one way in which it changes.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::command::{Command, OpenSession, Owner, RevokeTarget, SessionClose};
use crate::event::{EndReason, Event, Happening};
use crate::facts::{Contradiction, Counters, Fact, HoldFact, SessionFact, WaitFact};
use crate::history::History;
use crate::holding::Hold;
use crate::ids::{FencingToken, LockName, SessionHandle, SessionId, Time};
use crate::limits;
use crate::lock::Lock;
use crate::mutant::{self, Mutant};
use crate::outcome::{Outcome, Refusal};
use crate::queue::Place;
use crate::session::Session;
use crate::snapshot::Snapshot;
use crate::table::Table;

/// All sessions, locks, holds and waiters of a lock service.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    pub(crate) counters: Counters,
    pub(crate) sessions: Table<Session>,
    pub(crate) locks: Table<Lock>,
    pub(crate) holds: Table<Hold>,
    pub(crate) waits: Table<WaitFact>,
    pub(crate) history: History,
    pub(crate) snapshot: Snapshot,
    /// What happens by itself, and when.
    pub(crate) due: BTreeSet<(Time, Due)>,
    /// Locks whose next waiter may be grantable, or whose entry may be unused. Empty between
    /// commands.
    pub(crate) touched: Vec<LockName>,
    /// News of the command that is being applied. Empty between commands.
    pub(crate) news: Vec<Event>,
}

/// What the passing of time does.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Due {
    /// A session expires.
    Session(SessionId),
    /// A wait reaches its deadline.
    Wait(u64),
    /// A hold reaches its maximum.
    MaxHold(FencingToken),
    /// A hold that was given back early reaches its minimum.
    MinHold(FencingToken),
    /// A lock has rested.
    Rest(LockName),
}

/// What an entry of `due` takes.
pub(crate) const DUE_BYTES: usize = 2 * size_of::<(Time, Due)>();

impl State {
    /// An empty table, whose first token is the first of `epoch`.
    #[must_use]
    pub fn new(epoch: u16) -> State {
        let counters = Counters {
            last_token: FencingToken::before_epoch(epoch),
            last_session: SessionId(FencingToken::before_epoch(epoch).0),
            ..Counters::default()
        };
        State { counters, ..State::default() }
    }

    /// Applies one command at the time `now` (an earlier `now` than the last counts as the last)
    /// and adds what changed to `events`. All that is due by `now` happens first.
    pub fn apply(&mut self, now: Time, command: Command, events: &mut Vec<Event>) -> Outcome {
        self.pass_time(now);
        let outcome = match command {
            Command::OpenSession(open) => self.open_session(open),
            Command::Renew(sessions) => self.renew_all(sessions),
            Command::CloseSession { session, cause } => self.close_session(session, cause),
            Command::Request { session, request, action } => self.request(session, request, action),
            Command::ByHold { hold, action } => self.act_on_hold(hold, action),
            Command::Revoke { target, wait_for_deadline, by } => {
                self.revoke(&target, wait_for_deadline, &by)
            }
        };
        self.settle();
        events.append(&mut self.news);
        outcome
    }

    /// Lets everything happen that is due by `now`.
    pub fn advance(&mut self, now: Time, events: &mut Vec<Event>) {
        self.pass_time(now);
        events.append(&mut self.news);
    }

    /// The earliest time at which something happens by itself.
    #[must_use]
    pub fn next_due(&self) -> Option<Time> {
        self.due.first().map(|(time, _)| *time)
    }

    /// The latest time that was applied.
    #[must_use]
    pub fn now(&self) -> Time {
        self.counters.now
    }

    /// The counters: the last revision, token and session number given.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.counters
    }

    /// Everything ends that is over by `now`; only then is anything granted, so that nobody is
    /// granted a lock whose session or wait is over at the same time.
    fn pass_time(&mut self, now: Time) {
        let mut now = now.max(self.counters.now);
        self.counters.now = now;
        if mutant::is_on(Mutant::DueEarly) {
            now = now.plus_ms(1_000);
        }
        while let Some((time, _)) = self.due.first()
            && *time <= now
            && let Some((_, due)) = self.due.pop_first()
        {
            match due {
                Due::Session(id) => {
                    if let Some(session) = self.sessions.get(&id) {
                        let renewed_at = session.fact.renewed_at;
                        self.end_session(id, EndReason::Expired { renewed_at });
                    }
                }
                Due::Wait(arrival) => self.time_out_wait(arrival),
                Due::MaxHold(token) => self.end_hold(token, EndReason::MaxHold),
                Due::MinHold(token) => self.finish_lingering(token),
                Due::Rest(name) => self.finish_resting(name),
            }
        }
        self.settle();
    }

    /// Grants what became grantable and drops entries that nothing needs.
    fn settle(&mut self) {
        while let Some(name) = self.touched.pop() {
            let Some(lock) = self.locks.get(&name) else { continue };
            if lock.is_unused(self.counters.now) {
                self.locks.remove(&name);
            } else {
                self.grant_waiting(&name);
            }
        }
    }

    pub(crate) fn emit(&mut self, what: Happening) {
        self.counters.revision += 1;
        self.news.push(Event { revision: self.counters.revision, what });
    }

    fn open_session(&mut self, open: OpenSession) -> Outcome {
        if self.sessions.len() >= limits::SESSIONS_MAX {
            return Outcome::Refused(limit("sessions", limits::SESSIONS_MAX));
        }
        if open.owner.bytes() > limits::OWNER_BYTES_MAX {
            return Outcome::Refused(limit("owner_bytes", limits::OWNER_BYTES_MAX));
        }
        let now = self.counters.now;
        let id = SessionId(self.counters.last_session.0 + 1);
        self.counters.last_session = id;
        let handle = SessionHandle { id, key: open.key };
        let session = Session::new(SessionFact {
            handle,
            ttl: open.ttl,
            opened_at: now,
            renewed_at: now,
            on_disconnect: open.on_disconnect,
            owner: open.owner,
            answered_below: Default::default(),
            answers: Vec::new(),
        });
        let deadline = session.deadline();
        self.due.insert((deadline, Due::Session(id)));
        self.sessions.insert(id, session);
        Outcome::SessionOpened { session: handle, deadline }
    }

    /// The session of this handle, if it is open and the key is its own.
    pub(crate) fn check_session(&self, handle: SessionHandle) -> Result<&Session, Refusal> {
        if let Some(session) = self.sessions.get(&handle.id) {
            return match session.fact.handle.key == handle.key {
                true => Ok(session),
                false => Err(Refusal::SessionUnknown),
            };
        }
        match self.history.session(handle.id) {
            Some(ended) if ended.handle.key == handle.key => {
                Err(Refusal::SessionEnded { at: ended.at, reason: ended.reason.clone() })
            }
            _ => Err(Refusal::SessionUnknown),
        }
    }

    fn renew_all(&mut self, sessions: Vec<SessionHandle>) -> Outcome {
        if sessions.len() > limits::RENEW_SESSIONS_MAX {
            return Outcome::Refused(limit("renew_sessions", limits::RENEW_SESSIONS_MAX));
        }
        Outcome::Renewed(sessions.into_iter().map(|session| self.renew(session)).collect())
    }

    fn renew(&mut self, handle: SessionHandle) -> Result<Time, Refusal> {
        if !mutant::is_on(Mutant::EndedSessionRenewed) {
            self.check_session(handle)?;
        }
        Ok(self.renew_session(handle.id))
    }

    /// Sets the session's remaining life to its TTL.
    pub(crate) fn renew_session(&mut self, id: SessionId) -> Time {
        let now = self.counters.now;
        let Some(mut session) = self.sessions.get_mut(&id) else { return now };
        self.due.remove(&(session.deadline(), Due::Session(id)));
        let adds = mutant::is_on(Mutant::RenewAdds);
        session.fact.renewed_at = if adds { session.deadline() } else { now };
        let deadline = session.deadline();
        self.due.insert((deadline, Due::Session(id)));
        deadline
    }

    fn close_session(&mut self, handle: SessionHandle, cause: SessionClose) -> Outcome {
        match self.check_session(handle) {
            Err(refusal) => Outcome::Refused(refusal),
            Ok(session) => {
                let holds = session.holds.len();
                let reason = match cause {
                    SessionClose::Asked => EndReason::SessionClosed,
                    SessionClose::Disconnected => EndReason::Disconnected,
                };
                self.end_session(handle.id, reason);
                Outcome::SessionClosed { holds }
            }
        }
    }

    fn revoke(&mut self, target: &RevokeTarget, wait_for_deadline: bool, by: &Arc<str>) -> Outcome {
        if by.len() > limits::OWNER_BYTES_MAX {
            return Outcome::Refused(limit("owner_bytes", limits::OWNER_BYTES_MAX));
        }
        let (name, only) = match target {
            RevokeTarget::Lock(name) => (name, None),
            RevokeTarget::Hold(name, token) => (name, Some(*token)),
        };
        let holds = self.locks.get(name).into_iter().flat_map(|lock| lock.holds.iter());
        let by_name = mutant::is_on(Mutant::RevokeByName);
        let is_meant = |token: &FencingToken| only.is_none_or(|only| only == *token || by_name);
        let tokens: Vec<_> = holds.filter(is_meant).collect();
        if tokens.is_empty() {
            let ended = only.and_then(|token| self.history.hold(token));
            let ended = ended.filter(|ended| ended.name == *name);
            let ended = ended.map(|ended| (ended.ended_at, ended.reason.clone()));
            return Outcome::Refused(Refusal::NotHolder { ended });
        }
        for token in &tokens {
            let deadline = self.hold_deadline(*token);
            self.end_hold(*token, EndReason::Revoked { by: by.clone() });
            if wait_for_deadline && let Some(deadline) = deadline {
                self.rest(name, deadline);
            }
        }
        Outcome::Revoked { tokens }
    }
}

pub(crate) fn limit(name: &'static str, max: usize) -> Refusal {
    Refusal::LimitExceeded { limit: name, max: max as u64 }
}

/// Builds a table again from the facts of a snapshot.
#[derive(Debug, Default)]
pub struct Restore {
    state: State,
    counted: bool,
}

impl Restore {
    /// Takes the next fact, in the order in which [`State::facts`] gave them.
    ///
    /// # Errors
    /// [`Contradiction`] when it cannot be true beside the facts before it.
    pub fn push(&mut self, fact: Fact) -> Result<(), Contradiction> {
        if matches!(fact, Fact::Counters(_)) == self.counted {
            return Err(contradiction("its counters must come first and once"));
        }
        match fact {
            Fact::Counters(counters) => {
                self.state.counters = counters;
                self.counted = true;
            }
            Fact::Session(fact) => self.push_session(fact)?,
            Fact::Hold(fact) => self.push_hold(fact)?,
            Fact::Wait(fact) => self.push_wait(fact)?,
            Fact::Rest { .. } if mutant::is_on(Mutant::SnapshotLosesRest) => {}
            Fact::Rest { name, until } => self.state.rest(&name, until),
            Fact::Ended(ended) => self.state.history.push(ended),
            Fact::EndedSession(ended) => self.state.history.push_session(ended),
        }
        Ok(())
    }

    /// The table, once all facts are in.
    ///
    /// # Errors
    /// [`Contradiction`] when there were no facts.
    pub fn finish(mut self) -> Result<State, Contradiction> {
        if !self.counted {
            return Err(contradiction("it has no counters"));
        }
        if mutant::is_on(Mutant::TokenMarkLost) {
            self.state.counters.last_token = mutant::highest_held(&self.state);
        }
        Ok(self.state)
    }

    fn push_session(&mut self, fact: SessionFact) -> Result<(), Contradiction> {
        let id = fact.handle.id;
        if id > self.state.counters.last_session {
            return Err(contradiction(format!("session {id} is above the last one")));
        }
        let mut session = Session::new(fact);
        if mutant::is_on(Mutant::RestoreRenews) {
            session.fact.renewed_at = self.state.counters.now;
        }
        self.state.due.insert((session.deadline(), Due::Session(id)));
        match self.state.sessions.insert(id, session) {
            None => Ok(()),
            Some(_) => Err(contradiction(format!("session {id} is there twice"))),
        }
    }

    fn push_hold(&mut self, fact: HoldFact) -> Result<(), Contradiction> {
        let token = fact.hold.token;
        let state = &mut self.state;
        let newest = state.holds.last_key_value().map(|(token, _)| *token);
        if token > state.counters.last_token || newest.is_some_and(|newest| newest >= token) {
            return Err(contradiction(format!("token {token} is out of order")));
        }
        let mut lock = state.locks.get_or_insert(&fact.name);
        let agreed = lock.check_kind(fact.mode).is_ok();
        if !agreed || !lock.admits(fact.mode, Time(u64::MAX), None) {
            return Err(contradiction(format!(
                "{:?} is held more than it can be",
                fact.name.as_str()
            )));
        }
        lock.add_hold(token, fact.mode);
        drop(lock);
        if fact.lingers.is_none() {
            match state.sessions.get_mut(&fact.session) {
                Some(mut session) => session.holds.insert(token),
                None => return Err(contradiction(format!("hold {token} has no session"))),
            };
        }
        let hold = Hold::from(fact);
        state.due.extend(hold.due(token));
        state.holds.insert(token, hold);
        Ok(())
    }

    fn push_wait(&mut self, fact: WaitFact) -> Result<(), Contradiction> {
        let state = &mut self.state;
        let arrival = fact.arrival;
        let newest = state.waits.last_key_value().map(|(arrival, _)| *arrival);
        if arrival > state.counters.last_wait || newest.is_some_and(|newest| newest >= arrival) {
            return Err(contradiction(format!("waiter {arrival} is out of order")));
        }
        let Some(mut session) = state.sessions.get_mut(&fact.session) else {
            return Err(contradiction(format!("waiter {arrival} has no session")));
        };
        if fact.items.is_empty() {
            return Err(contradiction(format!("waiter {arrival} waits for nothing")));
        }
        session.add_wait(&fact);
        drop(session);
        for item in &fact.items {
            let mut lock = state.locks.get_or_insert(&item.name);
            if lock.check_kind(item.mode).is_err() {
                return Err(contradiction(format!("waiter {arrival} is of another kind of lock")));
            }
            lock.enqueue(Place::of(&fact), item.mode);
        }
        if let Some(deadline) = fact.deadline {
            state.due.insert((deadline, Due::Wait(arrival)));
        }
        state.waits.insert(arrival, fact);
        Ok(())
    }
}

fn contradiction(what: impl Into<String>) -> Contradiction {
    Contradiction(what.into())
}

/// Who a session says it is; nobody, for a session that is not open.
impl State {
    pub(crate) fn owner(&self, id: SessionId) -> Arc<Owner> {
        self.sessions.get(&id).map(|session| session.fact.owner.clone()).unwrap_or_default()
    }
}
