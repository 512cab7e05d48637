//! What happened to sessions while a snapshot came in place of the entries that would have told.

use std::collections::{BTreeMap, BTreeSet};

use bramah_core::facts::{Fact, HoldFact, SessionFact, WaitFact};
use bramah_core::{
    EndReason, Event, FencingToken, Happening, LockName, Outcome, Refusal, RequestSeq,
    SessionHandle, SessionId, State, WaitEnd,
};

/// What a table knows of some sessions.
#[derive(Default)]
struct Known {
    sessions: BTreeMap<SessionId, SessionFact>,
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
                Fact::Hold(hold) if ids.contains(&hold.session) && hold.lingers.is_none() => {
                    known.holds.insert(hold.hold.token, hold);
                }
                Fact::Wait(wait) if ids.contains(&wait.session) => {
                    known.waits.insert((wait.session, wait.seq), wait);
                }
                _ => {}
            }
        }
        known
    }
}

/// The news for the clients of these sessions that lead from one table to a later one: waits that
/// ended, holds that ended, and sessions that did.
pub(crate) fn missed(before: &State, after: &State, sessions: &[SessionHandle]) -> Vec<Event> {
    let ids = sessions.iter().map(|session| session.id).collect();
    let (was, is) = (Known::of(before, &ids), Known::of(after, &ids));
    let mut news = Vec::new();
    for (&(session, seq), wait) in &was.waits {
        let Some(now) = is.sessions.get(&session) else { continue };
        if !is.waits.contains_key(&(session, seq)) {
            let answer = now.answers.iter().find(|(answered, _)| *answered == seq);
            news.extend(end_of_wait(after, wait, answer.map(|(_, outcome)| outcome)));
        }
    }
    for (token, hold) in &was.holds {
        if is.sessions.contains_key(&hold.session) && !is.holds.contains_key(token) {
            news.push(end_of_hold(after, hold.session, &hold.name, *token));
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

/// How a wait ended, as far as its answer says, or what it holds.
fn end_of_wait(after: &State, wait: &WaitFact, answer: Option<&Outcome>) -> Vec<Happening> {
    let (session, seq) = (wait.session, wait.seq);
    let names = || wait.items.iter().map(|item| item.name.clone()).collect();
    match answer {
        Some(Outcome::Granted(grants)) => {
            let over =
                grants.iter().filter(|grant| !after.verify(&grant.name, grant.hold.token).held);
            let over = over.map(|grant| end_of_hold(after, session, &grant.name, grant.hold.token));
            let over: Vec<_> = over.collect();
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
            // Its client said "queued" was answer enough, so none is kept: what it has it is told.
            let grants = after.grants_of_request(session, seq);
            if grants.len() == wait.items.len() {
                return vec![Happening::Granted { session, seq, waited: true, grants }];
            }
            // Asked again, the table says what it knows.
            let reason = WaitEnd::Cancelled;
            vec![Happening::WaitEnded { session, seq, names: names(), reason }]
        }
    }
}

fn end_of_hold(
    after: &State,
    session: SessionId,
    name: &LockName,
    token: FencingToken,
) -> Happening {
    // Of those that are forgotten, the client at least need not hope.
    let forgotten = EndReason::Expired { renewed_at: after.now() };
    let reason = after.verify(name, token).ended.unwrap_or(forgotten);
    Happening::HoldEnded { name: name.clone(), token, session, reason }
}
