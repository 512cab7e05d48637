//! G6 idempotent: a request that is repeated is never done twice, and its answer does not
//! contradict the first one; a command is in the log once, however often it was handed to a leader;
//! and a hold is given back or cancelled only by a request that names it.

use std::collections::{BTreeMap, BTreeSet};

use bramah_core::{
    Action, EndReason, Event, FencingToken, Happening, HoldAction, Outcome, Refusal, RequestSeq,
    SessionId,
};

use bramah_wire::entry::Run;

use super::calls::grants_of;
use super::report::{Promise, Report};
use super::step::Step;
use super::table::{Hold, Table};

/// What each numbered request of each open session came to first.
#[derive(Debug, Default)]
pub(crate) struct Idempotent {
    first: BTreeMap<SessionId, BTreeMap<RequestSeq, Outcome>>,
    granted: BTreeMap<SessionId, BTreeSet<RequestSeq>>,
    cancelled: BTreeMap<SessionId, BTreeSet<RequestSeq>>,
    /// Of each start of a member: a term, and the last of its commands in it, by its own numbers.
    origins: BTreeMap<u64, (u64, u64)>,
}

impl Idempotent {
    /// The commands of an entry of this term come from there: within a term each of them is in the
    /// log once, and those of one member are in their order. In another term the same number may be
    /// of another command.
    pub(crate) fn origins(&mut self, term: u64, origins: &[Run], report: &mut Report) {
        for Run { incarnation, first, count } in origins {
            let (of, last) = self.origins.entry(*incarnation).or_default();
            if *of != term {
                (*of, *last) = (term, 0);
            }
            report.check(Promise::Idempotent, first > last, || {
                format!("command {first} of {incarnation:x} is in term {term} after {last}")
            });
            *last = (first + *count as u64).saturating_sub(1).max(*last);
        }
    }

    /// Whether a step's request was made before, also if it still waits.
    pub(crate) fn is_repeated(&self, step: &Step<'_>) -> bool {
        step.numbered().is_some_and(|request| {
            let (session, seq) = request.key();
            self.first.get(&session).is_some_and(|first| first.contains_key(&seq))
        })
    }

    /// Before an event is taken over by the table.
    pub(crate) fn event(
        &mut self,
        step: &Step<'_>,
        event: &Event,
        table: &Table,
        report: &mut Report,
    ) {
        match &event.what {
            Happening::Granted { session, seq, .. } => {
                let is_new = self.granted.entry(*session).or_default().insert(*seq);
                report.check(Promise::Idempotent, is_new, || {
                    format!("request {seq:?} of session {session} is granted a second time")
                });
                let cancelled = self.cancelled.get(session);
                let is_wanted = cancelled.is_none_or(|cancelled| !cancelled.contains(seq));
                report.check(Promise::Idempotent, is_wanted, || {
                    format!("request {seq:?} of session {session} is granted, and was cancelled")
                });
                let is_open = table.sessions.contains_key(session);
                report.check(Promise::NoFalseSuccess, is_open, || {
                    format!("session {session} is granted {seq:?}, and is over")
                });
            }
            Happening::HoldEnded { token, reason, name, .. } => {
                let hold = table.holds.get(token);
                let is_right = hold.is_some_and(|hold| self.may_end(step, hold, reason));
                report.check(Promise::Idempotent, is_right, || {
                    let by = step.command.map(|(command, _)| command);
                    format!("the hold of {name} under token {token} ends by {reason:?} in {by:?}")
                });
            }
            Happening::SessionEnded { session, .. } => {
                self.first.remove(session);
                self.granted.remove(session);
                self.cancelled.remove(session);
            }
            _ => {}
        }
    }

    /// The end of a hold is one that its holder asked for, or not of this kind.
    fn may_end(&self, step: &Step<'_>, hold: &Hold, reason: &EndReason) -> bool {
        let lingered = step.command.is_none() && hold.lingers;
        match reason {
            EndReason::Released => {
                let released = step
                    .act()
                    .is_some_and(|(id, action)| id == hold.hold && *action == HoldAction::Release);
                lingered || released && !self.is_repeated(step)
            }
            EndReason::Cancelled => step.numbered().is_some_and(|request| {
                let Action::Cancel { seq } = request.action else { return false };
                request.session.id == hold.session
                    && (hold.seq == *seq || self.told(hold.session, *seq, hold.hold.token))
            }),
            _ => true,
        }
    }

    fn told(&self, session: SessionId, seq: RequestSeq, token: FencingToken) -> bool {
        let first = self.first.get(&session).and_then(|first| first.get(&seq));
        first.is_some_and(|first| grants_of(first).iter().any(|grant| grant.hold.token == token))
    }

    /// What a step's request came to. Gives whether it was made before.
    pub(crate) fn outcome(&mut self, step: &Step<'_>, table: &Table, report: &mut Report) -> bool {
        let Some(outcome) = step.outcome() else { return false };
        let nothing =
            matches!(outcome, Outcome::Refused(_) | Outcome::Busy(_) | Outcome::AlreadyHeld(_));
        report.check(Promise::HonestDoubt, !nothing || step.events.is_empty(), || {
            format!("{outcome:?} is said to have done nothing, and did {:?}", step.events)
        });
        let Some(request) = step.numbered() else { return false };
        let (session, seq) = request.key();
        if table.session(request.session).is_none() {
            report.check(Promise::NoFalseSuccess, matches!(outcome, Outcome::Refused(_)), || {
                format!("session {session} is over, and its request {seq:?} came to {outcome:?}")
            });
            return false;
        }
        if let (Action::Cancel { seq }, Outcome::Cancelled { .. }) = (request.action, outcome) {
            self.cancelled.entry(session).or_default().insert(*seq);
        }
        let requests = self.first.entry(session).or_default();
        let Some(first) = requests.get(&seq) else {
            requests.insert(seq, outcome.clone());
            return false;
        };
        report.check(Promise::Idempotent, step.events.is_empty(), || {
            format!("request {seq:?} of session {session} is repeated, and did {:?}", step.events)
        });
        let agrees = agree(first, outcome);
        report.check(Promise::Idempotent, agrees, || {
            format!("request {seq:?} of session {session} came to {first:?}, then {outcome:?}")
        });
        // What was queued has one end, and that is told again from then on.
        if matches!(first, Outcome::Queued { .. }) {
            requests.insert(seq, outcome.clone());
        }
        true
    }
}

/// The second answer does not contradict the first.
fn agree(first: &Outcome, second: &Outcome) -> bool {
    let tokens = |outcome: &Outcome| -> Vec<FencingToken> {
        grants_of(outcome).iter().map(|grant| grant.hold.token).collect()
    };
    match (first, second) {
        // It has been forgotten, its hold has ended since, or it was cancelled.
        (
            _,
            Outcome::Refused(
                Refusal::RequestStale | Refusal::NotHolder { .. } | Refusal::RequestCancelled,
            ),
        ) => true,
        (Outcome::Queued { .. }, _) => true,
        // Of an acquire of many some may have ended since.
        (first, Outcome::Granted(_)) if !tokens(first).is_empty() => {
            let first = tokens(first);
            tokens(second).iter().all(|token| first.contains(token))
        }
        (first, second) if !tokens(first).is_empty() => tokens(first) == tokens(second),
        (first, second) => first == second,
    }
}
