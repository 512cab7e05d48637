//! What the checkers found, and how often they looked.

use std::fmt;

use crate::time::SimTime;

/// A promise, as `guarantees.md` names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Promise {
    Exclusion,
    Fencing,
    ToldInTime,
    NoZombies,
    Fair,
    Idempotent,
    NoFalseSuccess,
    RideThrough,
    HonestDoubt,
    Durable,
    WatchOrder,
    Reads,
    OneLog,
}

impl Promise {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Promise; 13] = [
        Promise::Exclusion,
        Promise::Fencing,
        Promise::ToldInTime,
        Promise::NoZombies,
        Promise::Fair,
        Promise::Idempotent,
        Promise::NoFalseSuccess,
        Promise::RideThrough,
        Promise::HonestDoubt,
        Promise::Durable,
        Promise::WatchOrder,
        Promise::Reads,
        Promise::OneLog,
    ];

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Promise::Exclusion => "G1 exclusion",
            Promise::Fencing => "G2 fencing",
            Promise::ToldInTime => "G3 told in time",
            Promise::NoZombies => "G4 no zombies",
            Promise::Fair => "G5 fair, live",
            Promise::Idempotent => "G6 idempotent",
            Promise::NoFalseSuccess => "G7 no false success",
            Promise::RideThrough => "G8 ride-through",
            Promise::HonestDoubt => "G9 honest doubt",
            Promise::Durable => "G10 durable",
            Promise::WatchOrder => "watch order",
            Promise::Reads => "reads",
            Promise::OneLog => "one log",
        }
    }
}

/// A promise that was not kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// Which, as `guarantees.md` names it.
    pub promise: &'static str,
    /// When.
    pub at: SimTime,
    /// What happened.
    pub what: String,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}: {}", self.promise, self.at, self.what)
    }
}

/// Takes what the checkers find: the first promise that was not kept, and how often each was looked
/// at.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// This instant.
    pub now: SimTime,
    checks: [u64; Promise::ALL.len()],
    broken: Option<Broken>,
}

impl Report {
    /// `is_kept` should be true; `what` says what it means that it is not.
    pub fn check(&mut self, promise: Promise, is_kept: bool, what: impl FnOnce() -> String) {
        self.checks[promise as usize] += 1;
        if !is_kept && self.broken.is_none() {
            self.broken = Some(Broken { promise: promise.name(), at: self.now, what: what() });
        }
    }

    /// The first promise that was not kept.
    #[must_use]
    pub fn broken(&self) -> Option<&Broken> {
        self.broken.as_ref()
    }

    /// How often each promise was looked at.
    pub fn checks(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        Promise::ALL.iter().map(|promise| (promise.name(), self.checks[*promise as usize]))
    }
}
