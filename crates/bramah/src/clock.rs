//! The clock of this machine on which leases are counted.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// An instant of this machine's CLOCK_BOOTTIME, in microseconds since the machine started.
///
/// Unlike [`std::time::Instant`] this clock goes on while the machine is suspended, as the lease
/// does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LocalTime(pub u64);

impl LocalTime {
    /// This instant.
    #[must_use]
    pub fn now() -> LocalTime {
        let time = clock_gettime(ClockId::Boottime);
        let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
        let nanos = u64::try_from(time.tv_nsec).unwrap_or_default();
        LocalTime(seconds * 1_000_000 + nanos / 1_000)
    }

    /// The instant this much later.
    #[must_use]
    pub fn plus(self, duration: Duration) -> LocalTime {
        LocalTime(self.0.saturating_add(u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)))
    }

    /// The instant this much earlier.
    #[must_use]
    pub fn minus(self, duration: Duration) -> LocalTime {
        LocalTime(self.0.saturating_sub(u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)))
    }

    /// How long after `earlier` this is, zero if it is before.
    #[must_use]
    pub fn since(self, earlier: LocalTime) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0))
    }
}
