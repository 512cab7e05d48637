//! Chance, for what must spread and need be no secret: pauses, and whom to ask first.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use super::limits::PAUSE_MIN;

/// A stream of random numbers.
#[derive(Debug)]
pub(super) struct Dice(u64);

impl Dice {
    /// One that differs from process to process and from call to call.
    pub(super) fn of_this_process() -> Dice {
        Dice(RandomState::new().hash_one(0))
    }

    /// The one that a simulation wants.
    #[cfg(feature = "sim")]
    pub(super) fn of_seed(seed: u64) -> Dice {
        Dice(seed)
    }

    /// Any number.
    pub(super) fn number(&mut self) -> u64 {
        // SplitMix64: a counter whose bits are stirred.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let stirred = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let stirred = (stirred ^ (stirred >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        stirred ^ (stirred >> 31)
    }

    /// A random pause, longer after each attempt, between [`PAUSE_MIN`] and `pause_max`.
    pub(super) fn pause(&mut self, attempt: u32, pause_max: Duration) -> Duration {
        let longest = PAUSE_MIN.saturating_mul(1 << attempt.min(16)).min(pause_max).max(PAUSE_MIN);
        PAUSE_MIN + self.up_to(longest - PAUSE_MIN)
    }

    /// A random time up to `longest`, to the microsecond.
    pub(super) fn up_to(&mut self, longest: Duration) -> Duration {
        Duration::from_micros(self.number() % (longest.as_micros() as u64 + 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::native::limits::PAUSE_MAX;

    #[test]
    fn pauses_grow_and_stay_in_their_bounds() {
        let mut dice = Dice::of_this_process();
        for attempt in 0..40 {
            let pause = dice.pause(attempt, PAUSE_MAX);
            assert!((PAUSE_MIN..=PAUSE_MAX).contains(&pause), "{attempt}: {pause:?}");
        }
        assert_eq!(dice.pause(0, PAUSE_MAX), PAUSE_MIN);
        assert_eq!(dice.pause(40, Duration::ZERO), PAUSE_MIN);
        let many: std::collections::BTreeSet<Duration> =
            (0..20).map(|_| dice.pause(10, PAUSE_MAX)).collect();
        assert!(many.len() > 10, "pauses are not random: {many:?}");
    }
}
