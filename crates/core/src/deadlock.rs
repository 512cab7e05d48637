//! Waiting in a circle is refused, and the circle is named.
//!
//! The graph has an edge from each session that waits, and is one thread of control
//! ([`IfHeld::Refuse`] or [`IfHeld::Reenter`]), to each session that must do something first: those
//! that hold what it waits for, and those that stand before it in line. A wait of one of several
//! independent users ([`IfHeld::Queue`]) makes no edge, neither from its session, which is never
//! stuck as a whole, nor to it: that user goes on whatever the others wait for.
//!
//! A new wait closes a circle through itself. So the search begins with what that one waits for,
//! not with all that its session waits for; those come in only where somebody is passed by the new
//! one and waits for it from then on. It goes in breadth, so that of several circles a short one is
//! found first.
//!
//! Whoever stands next before a waiter waits itself for all that are further ahead. So an edge to
//! it is enough, and a long line costs one edge for each who stands in it.
//!
//! Every replica does the search for every request, so it bounds what it looks at
//! ([`limits::DEADLOCK_LOOKS_MAX`]), not only what it finds.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::ControlFlow;

use crate::command::{IfHeld, Item, Mode};
use crate::facts::WaitFact;
use crate::ids::{LockName, SessionId, Time};
use crate::limits;
use crate::lock::Lock;
use crate::outcome::{DeadlockStep, Refusal};
use crate::queue::Place;
use crate::state::State;

#[cfg(test)]
mod tests;

/// Holds and waits of the asker that are looked at to spare the search. With more it is cheaper to
/// search: what the new wait waits for is most often a session that waits for nothing.
const OWN_LOOKS_MAX: usize = 100;

impl State {
    /// Refuses `wait`, which is not queued yet, if it would close a circle.
    pub(crate) fn check_deadlock(&self, wait: &WaitFact) -> Result<(), Refusal> {
        if wait.if_held == IfHeld::Queue || !self.may_be_waited_for(wait) {
            return Ok(());
        }
        match Search::new(self, wait).run() {
            ControlFlow::Break(Some(cycle)) => Err(Refusal::Deadlock { cycle }),
            ControlFlow::Break(None) | ControlFlow::Continue(()) => Ok(()),
        }
    }

    /// Whether anybody waits for this session: for a lock that it holds, or behind it in line.
    fn may_be_waited_for(&self, new: &WaitFact) -> bool {
        let Some(session) = self.sessions.get(&new.session) else { return false };
        let holds = session.holds.iter().filter_map(|token| self.holds.get(token));
        let held = holds.map(|hold| (&hold.name, None));
        let waits = session.waits.values().filter_map(|arrival| self.waits.get(arrival));
        let queued = waits.flat_map(|wait| {
            let place = Some(Place::of(wait));
            wait.items.iter().map(move |item| (&item.name, place))
        });
        let mut all = held.chain(queued);
        self.passes(new)
            || all.by_ref().take(OWN_LOOKS_MAX).any(|(name, place)| self.last_place(name) > place)
            || all.next().is_some()
    }

    /// It would stand before somebody who waits already.
    fn passes(&self, new: &WaitFact) -> bool {
        let place = Some(Place::of(new));
        new.items.iter().any(|item| self.last_place(&item.name) > place)
    }

    fn last_place(&self, name: &LockName) -> Option<Place> {
        self.locks.get(name).and_then(|lock| lock.last_waiter())
    }
}

/// Ends with the circle, or with none once enough was looked at.
type Found<T = ()> = ControlFlow<Option<Vec<DeadlockStep>>, T>;

/// No lock rests until then.
const NEVER: Time = Time(u64::MAX);

struct Search<'a> {
    state: &'a State,
    /// The wait that is not queued yet, its place, and the locks that it wants.
    new: &'a WaitFact,
    place: Place,
    wanted: BTreeSet<&'a LockName>,
    /// Who led to whom, and over which lock.
    came_from: BTreeMap<SessionId, (SessionId, &'a LockName)>,
    /// Those that were found and not looked at yet.
    found: VecDeque<SessionId>,
    holders: BTreeMap<&'a LockName, Holders>,
    /// Only who is passed by the new wait closes a circle: all others had it before.
    by_passing: bool,
    looks_left: usize,
}

/// The living holds of one lock.
#[derive(Default)]
struct Holders {
    /// Permits of the session that asks, if it is one.
    of_origin: Option<u32>,
    /// Permits of the others, the fewest first. Whoever was found once is left out.
    of_others: Vec<(u32, SessionId)>,
}

impl<'a> Search<'a> {
    fn new(state: &'a State, new: &'a WaitFact) -> Search<'a> {
        Search {
            state,
            new,
            place: Place::of(new),
            wanted: new.items.iter().map(|item| &item.name).collect(),
            came_from: BTreeMap::new(),
            found: VecDeque::new(),
            holders: BTreeMap::new(),
            by_passing: false,
            looks_left: limits::DEADLOCK_LOOKS_MAX,
        }
    }

    fn run(&mut self) -> Found {
        self.add_blockers(self.new)?;
        self.follow()?;
        if self.state.passes(self.new) {
            self.by_passing = true;
            self.add_waits(self.new.session)?;
            self.follow()?;
        }
        ControlFlow::Continue(())
    }

    fn follow(&mut self) -> Found {
        while let Some(session) = self.found.pop_front() {
            self.add_waits(session)?;
        }
        ControlFlow::Continue(())
    }

    /// Adds whom a session waits for.
    fn add_waits(&mut self, session: SessionId) -> Found {
        let state = self.state;
        let waits = state.sessions.get(&session).into_iter().flat_map(|s| s.waits.values());
        for arrival in waits.take(self.share()) {
            self.look()?;
            let wait = state.waits.get(arrival);
            if let Some(wait) = wait.filter(|wait| wait.if_held != IfHeld::Queue) {
                self.add_blockers(wait)?;
            }
        }
        ControlFlow::Continue(())
    }

    fn add_blockers(&mut self, wait: &'a WaitFact) -> Found {
        for item in &wait.items {
            self.look()?;
            if let Some(lock) = self.state.locks.get(&item.name) {
                let passes_writer = self.add_next_before(wait, &item.name, lock)?;
                // A reader waits for no reader that holds, unless a writer between them does. With
                // a = held by R1, b = read by R2 and queue of b = R3 (which wants c too), R1: R1
                // waits for R3, so for c, and not for R2, which may wait for a.
                let shares = item.mode == Mode::Shared && lock.admits(item.mode, NEVER, None);
                if !shares || passes_writer {
                    self.add_holders(wait.session, item, lock)?;
                }
            }
        }
        ControlFlow::Continue(())
    }

    fn add_holders(&mut self, waiter: SessionId, item: &'a Item, lock: &Lock) -> Found {
        if !self.holders.contains_key(&item.name) {
            let holders = self.holders_of(lock)?;
            self.holders.insert(&item.name, holders);
        }
        let Some(holders) = self.holders.get_mut(&item.name) else { unreachable!("added above") };
        let limit_changes = lock.other_limit(item.mode).is_some();
        let is_needed = |permits| limit_changes || is_needed(item.mode, permits);
        let of_origin = holders.of_origin.filter(|permits| is_needed(*permits));
        let others = &mut holders.of_others;
        let needed = others.partition_point(|(permits, _)| !is_needed(*permits));
        let needed = others.split_off(needed);
        if of_origin.is_some() && !self.by_passing {
            self.add(waiter, &item.name, self.new.session)?;
        }
        for (_, holder) in needed {
            self.add(waiter, &item.name, holder)?;
        }
        ControlFlow::Continue(())
    }

    /// A hold that lingers ends by itself.
    fn holders_of(&mut self, lock: &Lock) -> Found<Holders> {
        let mut permits_of: BTreeMap<SessionId, u32> = BTreeMap::new();
        for token in lock.holds.iter().take(self.share()) {
            self.look()?;
            let hold = self.state.holds.get(&token);
            if let Some(hold) = hold.filter(|hold| hold.lingers().is_none()) {
                *permits_of.entry(hold.session).or_default() += hold.mode.permits();
            }
        }
        let of_origin = permits_of.remove(&self.new.session);
        let others = permits_of.into_iter().map(|(session, permits)| (permits, session));
        let mut of_others: Vec<_> = others.collect();
        of_others.sort_unstable();
        ControlFlow::Continue(Holders { of_origin, of_others })
    }

    /// Adds the last of those who stand before `wait` and may be stuck, if there is one. Whether a
    /// writer stands between it and `wait`, whose own wait makes no edges.
    fn add_next_before(&mut self, wait: &WaitFact, name: &'a LockName, lock: &Lock) -> Found<bool> {
        let (state, place) = (self.state, Place::of(wait));
        if self.place < place && self.wanted.contains(name) {
            self.add(wait.session, name, self.new.session)?;
        }
        let mut passes_writer = false;
        for before in lock.before(place).rev().take(self.share()) {
            self.look()?;
            let Some(other) = state.waits.get(&before.arrival) else { continue };
            if other.if_held != IfHeld::Queue && other.session != wait.session {
                if other.session != self.new.session || !self.by_passing {
                    self.add(wait.session, name, other.session)?;
                }
                break;
            }
            passes_writer |=
                other.items.iter().any(|item| item.name == *name && item.mode == Mode::Exclusive);
        }
        ControlFlow::Continue(passes_writer)
    }

    /// `from` waits for `blocker`, over this lock. Its own holds and waits do not make a session
    /// wait for itself: had they stood in the way of one thread of control, the request would have
    /// been answered with them.
    fn add(&mut self, from: SessionId, name: &'a LockName, blocker: SessionId) -> Found {
        let origin = self.new.session;
        if blocker == from {
            return ControlFlow::Continue(());
        }
        if blocker == origin {
            return ControlFlow::Break(Some(self.cycle(from, name)));
        }
        if let Entry::Vacant(new) = self.came_from.entry(blocker) {
            new.insert((from, name));
            self.found.push_back(blocker);
        }
        ControlFlow::Continue(())
    }

    /// How much of one list may be looked at, so that a long one leaves something for the others.
    fn share(&self) -> usize {
        self.looks_left / 2
    }

    /// One more hold, wait or place in line is looked at.
    fn look(&mut self) -> Found {
        match self.looks_left.checked_sub(1) {
            Some(left) => self.looks_left = left,
            None => return ControlFlow::Break(None),
        }
        ControlFlow::Continue(())
    }

    /// The way from the session that asks to `last`, which waits for it over `name`.
    fn cycle(&self, last: SessionId, name: &'a LockName) -> Vec<DeadlockStep> {
        let mut steps = vec![(last, name)];
        let mut session = last;
        while session != self.new.session
            && let Some((before, name)) = self.came_from.get(&session)
        {
            steps.push((*before, *name));
            session = *before;
        }
        let first = steps.into_iter().rev().take(limits::CYCLE_STEPS_MAX);
        first.map(|(session, name)| DeadlockStep { session, waits_for: name.clone() }).collect()
    }
}

/// Whether a wait cannot end before a session that has `permits` out gives some back, where all
/// name the same limit; whoever names another waits for all. Of a
/// semaphore others may do so in its place; that all of them are stuck together is not looked for,
/// so that what is refused is a deadlock for certain.
fn is_needed(mode: Mode, permits: u32) -> bool {
    match mode {
        Mode::Exclusive | Mode::Shared => true,
        Mode::Permits { count, limit } => limit.saturating_sub(permits) < count,
    }
}
