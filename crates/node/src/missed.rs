//! What happened to sessions while a snapshot came in place of the entries that would have told.

use std::collections::{BTreeMap, BTreeSet};

use bramah_core::facts::{Fact, HoldFact, SessionFact, WaitFact};
use bramah_core::{
    EndReason, Event, FencingToken, Grant, Happening, LockName, Outcome, Refusal, RequestSeq,
    SessionHandle, SessionId, State, WaitEnd,
};

/// What a table knows of some sessions.
#[derive(Default)]
struct Known {
    sessions: BTreeMap<SessionId, SessionFact>,
    /// Also those that linger.
    holds: BTreeMap<FencingToken, HoldFact>,
    waits: BTreeMap<(SessionId, RequestSeq), WaitFact>,
}

impl Known {
    fn of(state: &State, ids: &BTreeSet<SessionId>) -> Known {
        let mut known = Known::default();
        for fact in state.facts() {
            match fact {
                Fact::Session(session) if ids.contains(&session.handle.id) => {
                    known.sessions.insert(session.handle.id, session);
                }
                Fact::Hold(hold) if ids.contains(&hold.session) => {
                    known.holds.insert(hold.hold.token, hold);
                }
                Fact::Wait(wait) if ids.contains(&wait.session) => {
                    known.waits.insert((wait.session, wait.seq), wait);
                }
                // The past comes after them, and is long.
                Fact::Rest { .. } | Fact::Ended(_) | Fact::EndedSession(_) => break,
                Fact::Counters(_) | Fact::Session(_) | Fact::Hold(_) | Fact::Wait(_) => {}
            }
        }
        known
    }
}

/// The later table.
struct After<'a> {
    state: &'a State,
    known: Known,
    /// What is held, by the request that asked for it.
    grants: BTreeMap<(SessionId, RequestSeq), Vec<Grant>>,
}

/// The news for the clients of these sessions that lead from one table to a later one: waits that
/// ended, holds that ended, and sessions that did.
pub(crate) fn missed(before: &State, after: &State, sessions: &[SessionHandle]) -> Vec<Event> {
    let ids = sessions.iter().map(|session| session.id).collect();
    let was = Known::of(before, &ids);
    let is = After::of(after, &ids, sessions);
    let mut news = Vec::new();
    for wait in was.waits.values() {
        if !is.known.waits.contains_key(&(wait.session, wait.seq)) {
            news.extend(is.end_of_wait(wait));
        }
    }
    for (token, hold) in was.holds.iter().filter(|(_, hold)| hold.lingers.is_none()) {
        if is.known.sessions.contains_key(&hold.session) && !is.is_held(*token) {
            news.push(is.end_of_hold(hold.session, &hold.name, *token));
        }
    }
    for session in sessions {
        let reason = match after.session_deadline(*session) {
            Ok(_) => continue,
            Err(Refusal::SessionEnded { reason, .. }) => reason,
            // It ended so long ago that nobody remembers how.
            Err(_) => EndReason::Expired { renewed_at: before.now() },
        };
        news.push(Happening::SessionEnded { session: session.id, reason });
    }
    let revision = after.counters().revision;
    news.into_iter().map(|what| Event { revision, what }).collect()
}

impl After<'_> {
    fn of<'a>(
        state: &'a State,
        ids: &BTreeSet<SessionId>,
        sessions: &[SessionHandle],
    ) -> After<'a> {
        let known = Known::of(state, ids);
        let mut grants: BTreeMap<_, Vec<Grant>> = BTreeMap::new();
        for session in sessions {
            let held = state.session_grants(*session).map(|session| session.holds);
            for grant in held.unwrap_or_default() {
                if let Some(hold) = known.holds.get(&grant.hold.token) {
                    grants.entry((session.id, hold.seq)).or_default().push(grant);
                }
            }
        }
        After { state, known, grants }
    }

    fn is_held(&self, token: FencingToken) -> bool {
        self.known.holds.get(&token).is_some_and(|hold| hold.lingers.is_none())
    }

    /// How a wait ended, as far as its answer says, or what it holds; nothing if its session did.
    fn end_of_wait(&self, wait: &WaitFact) -> Vec<Happening> {
        let (session, seq) = (wait.session, wait.seq);
        let Some(now) = self.known.sessions.get(&session) else { return Vec::new() };
        let names = || wait.items.iter().map(|item| item.name.clone()).collect();
        let answer = now.answers.binary_search_by_key(&seq, |(answered, _)| *answered);
        match answer.ok().map(|at| &now.answers[at].1) {
            Some(Outcome::Granted(grants)) => {
                let over = grants.iter().filter(|grant| !self.is_held(grant.hold.token));
                let over: Vec<_> = over
                    .map(|grant| self.end_of_hold(session, &grant.name, grant.hold.token))
                    .collect();
                let grants = grants.clone();
                std::iter::once(Happening::Granted { session, seq, waited: true, grants })
                    .chain(over)
                    .collect()
            }
            Some(Outcome::WaitTimedOut(busy)) => {
                let reason = WaitEnd::TimedOut(busy.clone());
                vec![Happening::WaitEnded { session, seq, names: names(), reason }]
            }
            _ => {
                // Its client said "queued" was answer enough, so none is kept: what it has it is
                // told.
                let grants = self.grants.get(&(session, seq)).cloned().unwrap_or_default();
                if grants.len() == wait.items.len() {
                    return vec![Happening::Granted { session, seq, waited: true, grants }];
                }
                // Asked again, the table says what it knows.
                let reason = WaitEnd::Cancelled;
                vec![Happening::WaitEnded { session, seq, names: names(), reason }]
            }
        }
    }

    fn end_of_hold(&self, session: SessionId, name: &LockName, token: FencingToken) -> Happening {
        let lingers = self.known.holds.get(&token).and_then(|hold| hold.lingers.as_ref());
        let reason =
            lingers.map(|(reason, _)| reason).or_else(|| self.state.ending_of(name, token));
        // Of those that are forgotten, the client at least need not hope.
        let forgotten = || EndReason::Expired { renewed_at: self.state.now() };
        let reason = reason.cloned().unwrap_or_else(forgotten);
        Happening::HoldEnded { name: name.clone(), token, session, reason }
    }
}
