//! A machine's CLOCK_BOOTTIME, which runs a little fast or slow, and jumps if a plan says so.

use crate::time::SimTime;

/// A clock whose rate may change, and never goes back.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    /// It showed `shown_us` at `since`, and runs at its rate from there on.
    since: SimTime,
    shown_us: u64,
    /// Parts per million that it runs too fast.
    rate_ppm: i64,
}

impl Clock {
    /// A clock that shows `shown_us` at the beginning.
    #[must_use]
    pub fn new(shown_us: u64, rate_ppm: i64) -> Clock {
        Clock { since: SimTime(0), shown_us, rate_ppm }
    }

    /// The clock of a machine that starts at `now`.
    #[must_use]
    pub fn starts(now: SimTime, rate_ppm: i64) -> Clock {
        Clock { since: now, shown_us: 0, rate_ppm }
    }

    /// Parts per million that it runs too fast.
    #[must_use]
    pub fn rate_ppm(&self) -> i64 {
        self.rate_ppm
    }

    /// Microseconds that it shows at `now`.
    #[must_use]
    pub fn shows(&self, now: SimTime) -> u64 {
        let passed = i128::from(now.0.saturating_sub(self.since.0));
        let shown = passed + passed * i128::from(self.rate_ppm) / 1_000_000;
        self.shown_us + u64::try_from(shown).unwrap_or_default()
    }

    /// The first instant at which it shows at least `shown_us`, unless its rate changes before.
    #[must_use]
    pub fn when(&self, shown_us: u64) -> SimTime {
        let ahead = i128::from(shown_us.saturating_sub(self.shown_us));
        let rate = 1_000_000 + i128::from(self.rate_ppm);
        let passed = (ahead * 1_000_000 + rate - 1) / rate;
        let mut at = self.since.plus_us(u64::try_from(passed).unwrap_or(u64::MAX));
        while self.shows(at) < shown_us {
            at = at.plus_us(1);
        }
        at
    }

    /// From `now` on it runs so many parts per million too fast.
    pub fn set_rate(&mut self, now: SimTime, rate_ppm: i64) {
        *self = Clock { since: now, shown_us: self.shows(now), rate_ppm };
    }

    /// It goes ahead at once.
    pub fn jump(&mut self, now: SimTime, us: u64) {
        *self = Clock { since: now, shown_us: self.shows(now) + us, ..*self };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fast_clock_shows_an_instant_early_and_not_before_it_says() {
        let mut clock = Clock::new(500, 5_000);
        assert_eq!(clock.shows(SimTime(2_000_000)), 2_010_500);
        for shown in [500, 501, 777_777, 2_010_500] {
            let at = clock.when(shown);
            assert!(clock.shows(at) >= shown);
            assert!(at.0 == 0 || clock.shows(SimTime(at.0 - 1)) < shown);
        }
        clock.set_rate(SimTime(2_000_000), -5_000);
        clock.jump(SimTime(3_000_000), 7);
        assert_eq!(clock.shows(SimTime(4_000_000)), 2_010_500 + 2 * 995_000 + 7);
    }
}
