//! From this machine's clock to the cluster's.

use bramah_core::Time;

/// Milliseconds of this machine's CLOCK_BOOTTIME, which goes on while the machine is suspended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct BootTime(pub u64);

/// The cluster's time as this node would stamp it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    /// The cluster's time when this node took over, and when that was.
    since: (Time, BootTime),
}

impl Clock {
    /// The cluster's time is `time` at `now`, and passes from here on.
    pub(crate) fn start(time: Time, now: BootTime) -> Clock {
        Clock { since: (time, now) }
    }

    pub(crate) fn time(&self, now: BootTime) -> Time {
        let (time, start) = self.since;
        time.plus_ms(now.0.saturating_sub(start.0))
    }

    /// When the cluster's time will be `time`.
    pub(crate) fn when(&self, time: Time) -> BootTime {
        let (base, start) = self.since;
        BootTime(start.0.saturating_add(time.ms_since(base)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_goes_on_from_where_the_last_entry_left_it() {
        let clock = Clock::start(Time(5_000), BootTime(77));
        assert_eq!(clock.time(BootTime(77)), Time(5_000));
        assert_eq!(clock.time(BootTime(177)), Time(5_100));
        assert_eq!(clock.when(Time(5_100)), BootTime(177));
    }

    #[test]
    fn time_does_not_go_back_with_the_machine_s_clock() {
        let clock = Clock::start(Time(5_000), BootTime(77));
        assert_eq!(clock.time(BootTime(10)), Time(5_000));
    }
}
