//! G5 fair and live: within a priority whoever came first is granted first; at no commit is a lock
//! free that its first waiter could have; a waiter that is over leaves nothing behind; waits and
//! holds end at their deadlines; and once the faults are over, every call gets its answer, and
//! whoever waits is told how that ended.

use std::collections::BTreeSet;
use std::time::Duration;

use bramah_core::{Action, Command, Event, Happening, LockName, State};
use bramah_wire::request::What;

use super::calls::{Call, Calls};
use super::reference::Reference;
use super::report::{Promise, Report};
use super::step::Step;
use super::table::{Table, WaitKey};
use crate::time::SimTime;

/// How long it may take, without faults, until somebody is told that his wait is over: he may have
/// to notice that his connection is gone, and to find another member.
const TELLING_TIME_MAX: Duration = Duration::from_secs(15);

/// The locks that a step touched.
#[derive(Debug, Default)]
pub(crate) struct Fair {
    touched: BTreeSet<LockName>,
    /// Since when there are no faults.
    calm_at: Option<SimTime>,
}

impl Fair {
    pub(crate) fn calm(&mut self, now: SimTime) {
        self.calm_at = Some(now);
    }

    /// A client waits no longer for this answer. Its wait was not over for long.
    pub(crate) fn gave_up(
        &self,
        now: SimTime,
        call: &Call,
        reference: &Reference,
        report: &mut Report,
    ) {
        let Some(calm_at) = self.calm_at else { return };
        let What::Command(Command::Request { session, request, action }) = &call.what else {
            return;
        };
        if !matches!(action, Action::Acquire(_) | Action::AcquireMany(_) | Action::Upgrade { .. }) {
            return;
        }
        let ended = reference.end_of_wait(session.id, request.seq);
        let since = ended.map(|at| now.since(at.max(calm_at)));
        report.check(Promise::Fair, since.is_none_or(|since| since < TELLING_TIME_MAX), || {
            let (client, what) = (call.client, &call.what);
            format!("client {client} still waits by {what:?}, which ended {since:?} ago")
        });
    }

    /// A lock may be granted now that could not before.
    pub(crate) fn touch(&mut self, name: &LockName) {
        self.touched.insert(name.clone());
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
            Happening::Granted { session, seq, waited, grants } => {
                let key = (*session, *seq);
                for grant in grants {
                    self.touch(&grant.name);
                    let passed = passed_over(step, key, *waited, &grant.name, table);
                    report.check(Promise::Fair, passed.is_none(), || {
                        let (name, token) = (&grant.name, grant.hold.token);
                        format!("{name} is granted under token {token}, past {passed:?} before it")
                    });
                }
                let waits = table.waits.get(&key);
                report.check(Promise::Fair, waits.is_some() == *waited, || {
                    format!("request {key:?} is granted, having waited: {waited}; waits: {waits:?}")
                });
                let deadline = waits.and_then(|waiter| waiter.deadline);
                let in_time = deadline.is_none_or(|deadline| step.time < deadline);
                report.check(Promise::NoFalseSuccess, in_time, || {
                    format!("request {key:?} is granted at {:?}, its wait {waits:?}", step.time)
                });
            }
            Happening::HoldEnded { name, .. } | Happening::Downgraded { name, .. } => {
                self.touch(name);
            }
            Happening::WaitEnded { session, seq, names, .. } => {
                let waits = table.waits.contains_key(&(*session, *seq));
                report.check(Promise::Fair, waits, || {
                    format!("the wait of {session} {seq:?} ends, and it does not wait")
                });
                names.iter().for_each(|name| self.touch(name));
            }
            Happening::Queued { name, position, session, seq } => {
                self.touch(name);
                let place = new_place(step, table);
                let line = table.locks.get(name);
                let before = line.map_or(0, |line| {
                    line.queue.iter().filter(|(other, _)| *other < place).count()
                });
                report.check(Promise::Fair, before + 1 == *position, || {
                    format!(
                        "request {session} {seq:?} queues for {name} at {position}, behind {before}"
                    )
                });
            }
            Happening::ValueSet { .. } | Happening::SessionEnded { .. } => {}
        }
    }

    /// After a step: nobody waits in vain, and the reference knows of nobody else.
    pub(crate) fn settled(&mut self, table: &Table, state: &State, report: &mut Report) {
        while let Some(name) = self.touched.pop_first() {
            let Some(line) = table.locks.get(&name) else { continue };
            let Some((_, first)) = line.queue.first() else { continue };
            report.check(Promise::Fair, !table.is_grantable(*first), || {
                let (session, seq) = first;
                format!("{name} could be granted to the first in line: session {session} {seq:?}")
            });
        }
        let sizes = state.sizes();
        let real = (sizes.locks, sizes.sessions, sizes.holds, sizes.waiters);
        let right = (table.locks.len(), table.sessions.len(), table.holds.len(), table.waits.len());
        report.check(Promise::Fair, real == right, || {
            format!("locks, sessions, holds and waiters are {real:?}; by the events {right:?}")
        });
    }

    /// Time passed: nothing is there that is over.
    pub(crate) fn passed(table: &Table, state: &State, report: &mut Report) {
        let next = state.next_due();
        report.check(Promise::Fair, next.is_none_or(|next| next > table.now), || {
            format!("something was due at {next:?}, and it is {:?}", table.now)
        });
        let over = |deadline: &bramah_core::Time| *deadline <= table.now;
        let mut waits = table.waits.iter();
        let wait = waits.find(|(_, waiter)| waiter.deadline.as_ref().is_some_and(over));
        report.check(Promise::Fair, wait.is_none(), || {
            format!("it is {:?}, and this still waits: {wait:?}", table.now)
        });
        let mut holds = table.holds.values();
        let hold = holds.find(|hold| hold.max_hold_deadline().as_ref().is_some_and(over));
        report.check(Promise::Fair, hold.is_none(), || {
            format!("it is {:?}, and this is still held: {hold:?}", table.now)
        });
        let mut sessions = table.sessions.values();
        let session = sessions.find(|session| over(&session.deadline()));
        report.check(Promise::NoZombies, session.is_none(), || {
            format!("it is {:?}, and this is still open: {session:?}", table.now)
        });
    }

    /// The run is over, and nothing was in the way for long.
    pub(crate) fn end(calls: &Calls, report: &mut Report) {
        let open = calls.open().next();
        report.check(Promise::Fair, open.is_none(), || {
            let Some((no, call)) = open else { return String::new() };
            let (client, what, at) = (call.client, &call.what, call.called_at);
            format!("call {no} of client {client}, made at {at}, has no answer: {what:?}")
        });
    }
}

/// A waiter that stands before the one that is granted, if there is any.
fn passed_over(
    step: &Step<'_>,
    key: WaitKey,
    waited: bool,
    name: &LockName,
    table: &Table,
) -> Option<WaitKey> {
    let line = table.locks.get(name)?;
    let (place, first) = line.queue.first()?;
    let is_behind = match waited {
        true => *first == key,
        false => *place > new_place(step, table),
    };
    (!is_behind).then_some(*first)
}

/// Where the request of this step would stand.
fn new_place(step: &Step<'_>, table: &Table) -> (i16, u64) {
    let request = step.numbered();
    let rank = match request.and_then(|request| table.asked(request)) {
        Some(asked) => asked.rank,
        // The hold that an upgrade exchanges is gone already, or it is no request at all.
        None => i16::MIN,
    };
    (rank, u64::MAX)
}
