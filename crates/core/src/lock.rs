//! One entry of the lock table, and the rule by which it can be held by one more.

use std::collections::BTreeSet;

use crate::command::Mode;
use crate::facts::Fact;
use crate::ids::{FencingToken, LockName, Time};
use crate::mutant::{self, Mutant};
use crate::outcome::Refusal;
use crate::queue::{Place, Queue};
use crate::table::{ALLOCATION_BYTES, Row};

/// The limit of a semaphore that nobody holds, but somebody waits for: whoever is granted next says
/// which counts. It is above [`crate::limits::PERMITS_MAX`].
const UNDECIDED: u32 = u32::MAX;

/// A lock that is held, waited for or resting. Small, since there may be millions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Lock {
    pub(crate) holds: Tokens,
    queue: Option<Box<Queue>>,
    /// No grant before this.
    pub(crate) rests_until: Time,
    /// Of a semaphore, as all its holders named it, or [`UNDECIDED`]; 0 for a plain lock.
    limit: u32,
    /// Permits that are out, of a semaphore; whether it is held exclusively, of a plain lock.
    used: u32,
}

impl Lock {
    /// Nothing needs this entry any more.
    pub(crate) fn is_unused(&self, now: Time) -> bool {
        self.is_idle() && self.rests_until <= now
    }

    /// Nobody holds it and nobody waits.
    fn is_idle(&self) -> bool {
        self.holds.is_empty() && self.queue.is_none()
    }

    /// Of a semaphore that is held: how many permits it has.
    pub(crate) fn limit(&self) -> Option<u32> {
        (self.limit != 0 && self.limit != UNDECIDED).then_some(self.limit)
    }

    /// The limit that those who hold the semaphore named, if this mode names another: it is not
    /// admitted before they are gone.
    pub(crate) fn other_limit(&self, mode: Mode) -> Option<u32> {
        self.limit().filter(|limit| *limit != limit_of(mode))
    }

    fn forget_limit(&mut self) {
        if self.is_idle() {
            self.limit = 0;
        } else if self.holds.is_empty() && self.limit != 0 {
            self.limit = UNDECIDED;
        }
    }

    /// Whoever holds or waits decides if this is a lock or a semaphore.
    pub(crate) fn check_kind(&self, mode: Mode) -> Result<(), Refusal> {
        match (self.limit != 0, limit_of(mode) != 0) {
            _ if self.is_idle() => Ok(()),
            (semaphore, asked) if semaphore == asked => Ok(()),
            (semaphore, _) => Err(Refusal::KindMismatch { semaphore }),
        }
    }

    /// One more hold of this mode may stand beside those there are. `except` is a hold that would
    /// be given up in exchange.
    pub(crate) fn admits(&self, mode: Mode, now: Time, except: Option<FencingToken>) -> bool {
        if self.rests_until > now {
            return false;
        }
        match mode {
            Mode::Exclusive => {
                let beside = except.is_some() && mutant::is_on(Mutant::UpgradeBesideReader);
                beside || self.holds.iter().all(|token| Some(token) == except)
            }
            Mode::Shared => self.used == 0,
            Mode::Permits { .. } if self.other_limit(mode).is_some() => false,
            Mode::Permits { count, limit } => {
                let extra = u32::from(mutant::is_on(Mutant::PermitsOffByOne));
                count <= (limit + extra).saturating_sub(self.used)
            }
        }
    }

    pub(crate) fn add_hold(&mut self, token: FencingToken, mode: Mode) {
        self.limit = limit_of(mode);
        self.holds.push(token);
        self.used += weight(mode);
        debug_assert!(self.limit == 0 || self.used <= self.limit);
    }

    pub(crate) fn remove_hold(&mut self, token: FencingToken, mode: Mode) {
        if self.holds.remove(token) {
            self.used -= weight(mode);
        }
        self.forget_limit();
    }

    /// An exclusive hold becomes shared.
    pub(crate) fn share(&mut self) {
        self.used = 0;
    }

    pub(crate) fn enqueue(&mut self, place: Place, mode: Mode) {
        if self.holds.is_empty() && limit_of(mode) != 0 {
            self.limit = UNDECIDED;
        }
        self.queue.get_or_insert_default().insert(place);
    }

    pub(crate) fn dequeue(&mut self, place: Place) {
        if let Some(queue) = &mut self.queue {
            queue.remove(place);
            if queue.is_empty() {
                self.queue = None;
            }
        }
        self.forget_limit();
    }

    pub(crate) fn first_waiter(&self) -> Option<Place> {
        self.queue.as_ref().and_then(|queue| queue.first())
    }

    pub(crate) fn last_waiter(&self) -> Option<Place> {
        self.queue.as_ref().and_then(|queue| queue.last())
    }

    pub(crate) fn waiters(&self) -> usize {
        self.queue.as_ref().map_or(0, |queue| queue.len())
    }

    /// Where `place` stands, or would stand, in the queue, counted from 1.
    pub(crate) fn position(&self, place: Place) -> usize {
        self.queue.as_ref().map_or(1, |queue| queue.position(place))
    }

    pub(crate) fn before(&self, place: Place) -> impl DoubleEndedIterator<Item = Place> + '_ {
        self.queue.iter().flat_map(move |queue| queue.before(place))
    }

    pub(crate) fn queue(&self) -> impl Iterator<Item = Place> + '_ {
        self.queue.iter().flat_map(|queue| queue.iter())
    }
}

impl Row for Lock {
    type Key = LockName;

    fn more_bytes(&self, name: &LockName) -> usize {
        const TOKEN_BYTES: usize = 2 * size_of::<FencingToken>();
        const PLACE_BYTES: usize = 3 * size_of::<Place>();
        let many = if self.holds.len() > 1 { self.holds.len() * TOKEN_BYTES } else { 0 };
        // The name as its own allocation.
        ALLOCATION_BYTES + name.as_str().len() + many + self.waiters() * PLACE_BYTES
    }

    fn fact(&self, name: &LockName) -> Option<Fact> {
        let rests = self.rests_until != Time::default();
        rests.then(|| Fact::Rest { name: name.clone(), until: self.rests_until })
    }
}

fn limit_of(mode: Mode) -> u32 {
    match mode {
        Mode::Exclusive | Mode::Shared => 0,
        Mode::Permits { limit, .. } => limit,
    }
}

impl Mode {
    /// How many permits of a semaphore it takes.
    pub(crate) fn permits(self) -> u32 {
        match self {
            Mode::Exclusive | Mode::Shared => 0,
            Mode::Permits { count, .. } => count,
        }
    }
}

fn weight(mode: Mode) -> u32 {
    match mode {
        Mode::Exclusive => 1,
        Mode::Shared => 0,
        Mode::Permits { count, .. } => count,
    }
}

/// The tokens of a lock's holds in rising order. Nearly every lock has just one, and some have
/// hundreds of thousands of readers, which may all end together: so taking one out must not move
/// the others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Tokens {
    #[default]
    None,
    One(FencingToken),
    Many(BTreeSet<FencingToken>),
}

impl Tokens {
    fn push(&mut self, token: FencingToken) {
        match self {
            Tokens::None => *self = Tokens::One(token),
            Tokens::One(first) => *self = Tokens::Many(BTreeSet::from([*first, token])),
            Tokens::Many(all) => drop(all.insert(token)),
        }
    }

    fn remove(&mut self, token: FencingToken) -> bool {
        match self {
            Tokens::One(only) if *only == token => *self = Tokens::None,
            Tokens::Many(all) => {
                if !all.remove(&token) {
                    return false;
                }
                if let (1, Some(only)) = (all.len(), all.first()) {
                    *self = Tokens::One(*only);
                }
            }
            _ => return false,
        }
        true
    }

    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = FencingToken> + '_ {
        let (one, many) = match self {
            Tokens::None => (None, None),
            Tokens::One(only) => (Some(*only), None),
            Tokens::Many(all) => (None, Some(all)),
        };
        one.into_iter().chain(many.into_iter().flatten().copied())
    }

    pub(crate) fn len(&self) -> usize {
        match self {
            Tokens::None => 0,
            Tokens::One(_) => 1,
            Tokens::Many(all) => all.len(),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        matches!(self, Tokens::None)
    }
}
