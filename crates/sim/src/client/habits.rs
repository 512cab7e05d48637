//! What clients of both kinds have in common: which locks they want, how, and for how long.

use std::time::Duration;

use bramah_core::{Item, LockName, Mode, Terms, Value, Wait};

use crate::plan::WorkloadTerms;
use crate::random::Random;

/// Of a million locks that are named, how many are named the other way: as a semaphore, or with
/// another limit.
const MISMATCH_PPM: u32 = 15_000;

/// How a client is.
#[derive(Debug)]
pub(super) struct Habits {
    locks: Vec<LockName>,
    pub(super) sessions_max: usize,
    pub(super) ttl_ms: (u64, u64),
    think_ms: u64,
    hold_ms: u64,
    /// How long it tries to have something sent.
    pub(super) patience: Duration,
}

impl Habits {
    pub(super) fn draw(random: &mut Random, terms: &WorkloadTerms) -> Habits {
        let name = |index: u32| {
            let text = format!("{}/{index}", ["a", "b"][index as usize % 2]);
            LockName::new(&text).expect("a short name without control characters")
        };
        Habits {
            locks: (0..terms.locks.max(1)).map(name).collect(),
            sessions_max: (terms.sessions_max.max(1)) as usize,
            ttl_ms: terms.ttl_ms,
            think_ms: terms.think_ms.max(1),
            hold_ms: terms.hold_ms.max(1),
            patience: Duration::from_millis(random.between(1_000, 8_000)),
        }
    }

    /// Until the next act.
    pub(super) fn think(&self, random: &mut Random) -> Duration {
        about(random, self.think_ms)
    }

    /// How long a hold is kept; now and then far longer than usual.
    pub(super) fn hold_time(&self, random: &mut Random) -> Duration {
        let times = if random.chance(50_000) { 20 } else { 1 };
        about(random, self.hold_ms * times)
    }

    /// Until the next write of a holder.
    pub(super) fn write_pause(&self, random: &mut Random) -> Duration {
        about(random, self.hold_ms / 3 + 1)
    }

    pub(super) fn name(&self, index: usize) -> LockName {
        self.locks[index].clone()
    }

    /// A lock: the first of them more often.
    pub(super) fn lock(&self, random: &mut Random) -> usize {
        random.skewed(self.locks.len() as u64 - 1) as usize
    }

    /// A lock and how it is wanted: every fourth is a semaphore.
    pub(super) fn item(&self, random: &mut Random, index: usize) -> Item {
        let is_semaphore = (index % 4 == 3) ^ random.chance(MISMATCH_PPM);
        let mode = match is_semaphore {
            true => {
                let other = u32::from(random.chance(MISMATCH_PPM));
                let limit = 2 + index as u32 % 3 + other;
                Mode::Permits { count: random.between(1, u64::from(limit)) as u32, limit }
            }
            false if random.chance(400_000) => Mode::Shared,
            false => Mode::Exclusive,
        };
        let value = random.chance(200_000).then(|| value(random));
        Item { name: self.locks[index].clone(), mode, value }
    }
}

/// From a tenth of `mean_ms` to nearly twice as long.
pub(super) fn about(random: &mut Random, mean_ms: u64) -> Duration {
    let mean_us = mean_ms * 1_000;
    Duration::from_micros(random.between(mean_us / 10 + 1, mean_us * 19 / 10))
}

pub(super) fn value(random: &mut Random) -> Value {
    let bytes = random.number().to_le_bytes();
    let len = random.below(9) as usize;
    Value::new(&bytes[..len]).expect("a few bytes")
}

pub(super) fn wait(random: &mut Random) -> Wait {
    match random.below(10) {
        0..3 => Wait::Try,
        3..8 => Wait::ForMs(random.skewed(10_000)),
        _ => Wait::Forever,
    }
}

pub(super) fn terms(random: &mut Random) -> Terms {
    let mut now_and_then = |ppm: u32, first_ms: u64, last_ms: u64| match random.chance(ppm) {
        true => random.between(first_ms, last_ms),
        false => 0,
    };
    Terms {
        lock_delay_ms: now_and_then(150_000, 20, 1_500),
        min_hold_ms: now_and_then(80_000, 50, 800),
        max_hold_ms: now_and_then(120_000, 100, 4_000),
    }
}
