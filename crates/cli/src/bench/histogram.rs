//! Counts of times, each kept to less than 1 %.

use std::time::Duration;

/// Buckets for each doubling.
const STEPS: u64 = 128;
const STEP_BITS: u32 = STEPS.ilog2();
/// Enough for every number of nanoseconds.
const BUCKETS: usize = (64 - STEP_BITS as usize + 1) * STEPS as usize;

/// Times by their length: exact below 128 ns, then 128 buckets for each doubling.
pub(crate) struct Histogram {
    counts: Vec<u64>,
    total: u64,
    max_ns: u64,
}

impl Histogram {
    pub(crate) fn new() -> Histogram {
        Histogram { counts: vec![0; BUCKETS], total: 0, max_ns: 0 }
    }

    pub(crate) fn record(&mut self, time: Duration) {
        let ns = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.counts[bucket(ns)] += 1;
        self.total += 1;
        self.max_ns = self.max_ns.max(ns);
    }

    /// How many times were recorded.
    pub(crate) fn total(&self) -> u64 {
        self.total
    }

    /// The time that this share of all, 0 to 1, does not exceed; zero of nothing.
    pub(crate) fn quantile(&self, share: f64) -> Duration {
        // Precision of f64 is ample for counts.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to total")]
        #[expect(clippy::cast_precision_loss, reason = "2^53 times are never recorded")]
        let rank = ((self.total as f64 * share).ceil() as u64).max(1);
        let mut seen = 0;
        for (bucket, count) in self.counts.iter().enumerate() {
            seen += count;
            if seen >= rank {
                return Duration::from_nanos(largest(bucket).min(self.max_ns));
            }
        }
        self.max()
    }

    pub(crate) fn max(&self) -> Duration {
        Duration::from_nanos(self.max_ns)
    }
}

fn bucket(ns: u64) -> usize {
    if ns < STEPS {
        return ns as usize;
    }
    let shift = ns.ilog2() - STEP_BITS;
    // The leading bit is known, so the step counts from it.
    (u64::from(shift + 1) * STEPS + (ns >> shift) - STEPS) as usize
}

/// The largest time of a bucket.
fn largest(bucket: usize) -> u64 {
    let bucket = bucket as u64;
    if bucket < STEPS {
        return bucket;
    }
    let shift = bucket / STEPS - 1;
    (((bucket % STEPS + STEPS + 1) as u128) << shift).saturating_sub(1) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_time_is_kept_to_less_than_one_percent() {
        let mut ns = 1_u64;
        while ns < u64::MAX / 2 {
            let kept = largest(bucket(ns));
            assert!(kept >= ns && kept - ns <= ns / 100, "{ns} {kept}");
            ns += ns / 97 + 1;
        }
        assert_eq!(largest(bucket(u64::MAX)), u64::MAX);
        assert!(bucket(u64::MAX) < BUCKETS);
    }

    #[test]
    fn quantiles_are_those_of_the_sorted_times() {
        let mut histogram = Histogram::new();
        for us in 1..=1_000 {
            histogram.record(Duration::from_micros(us));
        }
        for (share, us) in [(0.5, 500), (0.9, 900), (0.99, 990), (0.999, 999), (1.0, 1_000)] {
            let exact = Duration::from_micros(us);
            let kept = histogram.quantile(share);
            assert!(kept >= exact && kept <= exact + exact / 100, "{share}: {kept:?}");
        }
        assert_eq!(Histogram::new().quantile(0.5), Duration::ZERO);
    }
}
