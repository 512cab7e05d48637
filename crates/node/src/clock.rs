//! From this machine's clock to the cluster's.

use std::collections::VecDeque;

use bramah_core::Time;
use bramah_core::mutant::{self, Mutant};

/// Milliseconds of this machine's CLOCK_BOOTTIME, which goes on while the machine is suspended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct BootTime(pub u64);

/// Milliseconds between two of the steps in which members count how long they heard nothing.
pub(crate) const TICK_MS: u64 = 50;
/// Most ticks that are made up for at once: whoever was suspended, or kept from running, first
/// hears what the others said meanwhile.
const TICKS_AT_ONCE_MAX: u64 = 2;

/// Counts ticks.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Ticker {
    last: Option<BootTime>,
}

impl Ticker {
    /// How many have passed since this was last asked.
    pub(crate) fn count(&mut self, now: BootTime) -> u64 {
        let last = self.last.unwrap_or(now);
        let passed = now.0.saturating_sub(last.0) / TICK_MS;
        let is_behind = passed > TICKS_AT_ONCE_MAX || now < last;
        self.last = Some(if is_behind { now } else { BootTime(last.0 + passed * TICK_MS) });
        passed.min(TICKS_AT_ONCE_MAX)
    }

    pub(crate) fn next(&self) -> Option<BootTime> {
        self.last.map(|last| BootTime(last.0 + TICK_MS))
    }
}

/// The cluster's time as this node would stamp it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Clock {
    /// The time of an entry, and when this node got it.
    since: (Time, BootTime),
}

impl Clock {
    /// The cluster's time is `time` at `now`, and passes from here on.
    pub(crate) fn start(time: Time, now: BootTime) -> Clock {
        Clock { since: (time, now) }
    }

    pub(crate) fn time(&self, now: BootTime) -> Time {
        if mutant::is_on(Mutant::TimeOfOwnClock) {
            return Time(now.0);
        }
        let (time, start) = self.since;
        time.plus_ms(now.0.saturating_sub(start.0))
    }

    /// When the cluster's time will be `time`.
    pub(crate) fn when(&self, time: Time) -> BootTime {
        let (base, start) = self.since;
        BootTime(start.0.saturating_add(time.ms_since(base)))
    }
}

/// When the entries of the log that are not applied yet came here. Whoever stamped them did so
/// before.
#[derive(Clone, Debug, Default)]
pub(crate) struct Receipts {
    /// From which entry on, in rising order. No longer than the part of the log that waits.
    since: VecDeque<(u64, BootTime)>,
}

impl Receipts {
    /// Entries from `first` on come now, in place of those that were there before.
    pub(crate) fn came(&mut self, first: u64, now: BootTime) {
        while self.since.back().is_some_and(|(index, _)| *index >= first) {
            self.since.pop_back();
        }
        if self.since.back().is_none_or(|(_, at)| *at != now) {
            self.since.push_back((first, now));
        }
    }

    /// When the entry came that is applied now, if it did since the start.
    pub(crate) fn take(&mut self, index: u64) -> Option<BootTime> {
        while self.since.get(1).is_some_and(|(next, _)| *next <= index) {
            self.since.pop_front();
        }
        self.since.front().filter(|(first, _)| *first <= index).map(|(_, at)| *at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_came_with_those_beside_it_and_what_replaces_it_came_later() {
        let mut receipts = Receipts::default();
        assert_eq!(receipts.take(4), None);
        receipts.came(5, BootTime(10));
        receipts.came(7, BootTime(10));
        receipts.came(8, BootTime(20));
        receipts.came(10, BootTime(30));
        receipts.came(9, BootTime(40));
        assert_eq!(
            [4, 5, 7, 8, 9, 12].map(|index| receipts.take(index)),
            [
                None,
                Some(BootTime(10)),
                Some(BootTime(10)),
                Some(BootTime(20)),
                Some(BootTime(40)),
                Some(BootTime(40)),
            ]
        );
        assert_eq!(receipts.since.len(), 1);
    }

    #[test]
    fn time_goes_on_from_where_the_last_entry_left_it() {
        let clock = Clock::start(Time(5_000), BootTime(77));
        assert_eq!(clock.time(BootTime(77)), Time(5_000));
        assert_eq!(clock.time(BootTime(177)), Time(5_100));
        assert_eq!(clock.when(Time(5_100)), BootTime(177));
    }

    #[test]
    fn ticks_are_counted_over_steps_and_forgiven_after_a_pause() {
        let mut ticker = Ticker::default();
        let mut count = |now| ticker.count(BootTime(now));
        assert_eq!([count(1_000), count(1_049), count(1_050), count(1_149)], [0, 0, 1, 1]);
        assert_eq!([count(9_000), count(9_049), count(9_050)], [2, 0, 1]);
        assert_eq!([count(10), count(60)], [0, 1], "a clock that went back");
    }

    #[test]
    fn time_does_not_go_back_with_the_machine_s_clock() {
        let clock = Clock::start(Time(5_000), BootTime(77));
        assert_eq!(clock.time(BootTime(10)), Time(5_000));
    }
}
