//! Waiting in a circle is refused, and the circle is named.
//!
//! The graph has an edge from each session that waits, and is one thread of control
//! ([`IfHeld::Refuse`] or [`IfHeld::Reenter`]), to each session that must do something first: those
//! that hold what it waits for, and those that stand before it in line. A session with several
//! independent users ([`IfHeld::Queue`]) is never stuck as a whole, so its waits make no edge. A
//! new wait is the only way to close a circle, so looking for one through the new wait, when it
//! comes, finds them all.
//!
//! Whoever stands next before a waiter waits itself for all that are further ahead. So an edge to
//! it is enough, and a long line costs one edge for each who stands in it.

use std::collections::BTreeMap;

use crate::command::{IfHeld, Mode};
use crate::facts::WaitFact;
use crate::ids::{LockName, SessionId};
use crate::limits;
use crate::outcome::{DeadlockStep, Refusal};
use crate::queue::Place;
use crate::state::State;

impl State {
    /// Refuses `wait`, which is not queued yet, if it would close a circle.
    pub(crate) fn check_deadlock(&self, wait: &WaitFact) -> Result<(), Refusal> {
        if wait.if_held == IfHeld::Queue || !self.may_be_waited_for(wait) {
            return Ok(());
        }
        // Depth first from the new wait; `came_from` remembers who led to whom, and over which
        // lock.
        let origin = wait.session;
        let mut came_from: BTreeMap<SessionId, (SessionId, LockName)> = BTreeMap::new();
        let mut edges_left = limits::DEADLOCK_EDGES_MAX;
        let mut stack = vec![origin];
        while let Some(session) = stack.pop() {
            for (blocker, name) in self.blockers(session, wait, &mut edges_left) {
                if blocker == origin {
                    return Err(Refusal::Deadlock {
                        cycle: cycle(&came_from, origin, session, name),
                    });
                }
                if blocker != session && !came_from.contains_key(&blocker) {
                    came_from.insert(blocker, (session, name));
                    stack.push(blocker);
                }
            }
        }
        Ok(())
    }

    /// Whether anybody waits for this session: for a lock that it holds, or behind it in line.
    fn may_be_waited_for(&self, new: &WaitFact) -> bool {
        let Some(session) = self.sessions.get(&new.session) else { return false };
        let last_waiter = |name| self.locks.get(name).and_then(|lock| lock.last_waiter());
        let mut holds = session.holds.iter().filter_map(|token| self.holds.get(token));
        let queued = session.waits.values().filter_map(|arrival| self.waits.get(arrival));
        holds.any(|hold| last_waiter(&hold.name).is_some())
            || queued.chain([new]).any(|wait| {
                let place = Some(Place::of(wait));
                wait.items.iter().any(|item| last_waiter(&item.name) > place)
            })
    }

    /// Whom `session` waits for, and over which lock. `new` is its wait that is not queued yet.
    fn blockers(
        &self,
        session: SessionId,
        new: &WaitFact,
        edges_left: &mut usize,
    ) -> Vec<(SessionId, LockName)> {
        let queued =
            self.sessions.get(&session).into_iter().flat_map(|session| session.waits.values());
        let queued = queued.filter_map(|arrival| self.waits.get(arrival));
        let waits = queued.chain((session == new.session).then_some(new));
        let mut found = Vec::new();
        for wait in waits.filter(|wait| wait.if_held != IfHeld::Queue) {
            let place = Place::of(wait);
            for item in &wait.items {
                let Some(lock) = self.locks.get(&item.name) else { continue };
                let passes =
                    Place::of(new) < place && new.items.iter().any(|i| i.name == item.name);
                let mut blockers: Vec<SessionId> =
                    passes.then_some(new.session).into_iter().collect();
                let mut before =
                    lock.before(place).filter_map(|place| self.waits.get(&place.arrival));
                let next = before.rfind(|other| {
                    blockers.push(other.session);
                    other.if_held != IfHeld::Queue
                });
                let is_semaphore = matches!(item.mode, Mode::Permits { .. });
                if next.is_none() || is_semaphore {
                    let holders = lock.holds.iter().filter(|token| wait.upgrade_of != Some(*token));
                    let holders = holders.filter_map(|token| self.holds.get(&token));
                    let mut out = BTreeMap::new();
                    for hold in holders.filter(|hold| hold.lingers().is_none()) {
                        *out.entry(hold.session).or_default() += hold.mode.permits();
                    }
                    out.retain(|_, permits| is_needed(item.mode, *permits));
                    blockers.extend(out.into_keys());
                }
                // Its own holds and waits do not make a session wait for itself: had they stood in
                // the way of one thread of control, the request would have been answered with them.
                blockers.retain(|blocker| *blocker != session);
                blockers.truncate(*edges_left);
                *edges_left -= blockers.len();
                found.extend(blockers.into_iter().map(|blocker| (blocker, item.name.clone())));
            }
        }
        found
    }
}

/// Whether a wait cannot end before a session that has `permits` out gives some back. Of a
/// semaphore others may do so in its place; that all of them are stuck together is not looked for,
/// so that what is refused is a deadlock for certain.
fn is_needed(mode: Mode, permits: u32) -> bool {
    match mode {
        Mode::Exclusive | Mode::Shared => true,
        Mode::Permits { count, limit } => limit.saturating_sub(permits) < count,
    }
}

/// The way from `origin` to `last`, which waits for `origin` over `name`.
fn cycle(
    came_from: &BTreeMap<SessionId, (SessionId, LockName)>,
    origin: SessionId,
    last: SessionId,
    name: LockName,
) -> Vec<DeadlockStep> {
    let mut steps = vec![DeadlockStep { session: last, waits_for: name }];
    let mut session = last;
    while session != origin
        && let Some((before, name)) = came_from.get(&session)
    {
        steps.push(DeadlockStep { session: *before, waits_for: name.clone() });
        session = *before;
    }
    steps.reverse();
    steps
}
