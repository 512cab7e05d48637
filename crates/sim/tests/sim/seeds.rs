//! Seeds: always the same ones, and fresh ones.

use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

use bramah_sim::plan::{Plan, Wishes};
use bramah_sim::runner;
use bramah_sim::trace::Sink;

/// A place for a trace.
#[derive(Clone, Default)]
pub(crate) struct Pages(pub(crate) Arc<Mutex<Vec<u8>>>);

impl Write for Pages {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn trace(seed: u64) -> (Vec<u8>, Option<u64>) {
    let pages = Pages::default();
    let plan = Plan::draw(seed, &Wishes::default());
    let report = runner::run(plan, Sink::Text(Box::new(pages.clone())));
    let bytes = pages.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
    (bytes, report.digest)
}

fn keeps_every_promise(seeds: impl Iterator<Item = u64>) {
    for seed in seeds {
        let report = runner::run(Plan::draw(seed, &Wishes::default()), Sink::Nowhere);
        if let Some(broken) = report.broken {
            panic!(
                "{broken}\nsee it again with: cargo run --release -p bramah-sim -- --seed {seed} \
                 --trace"
            );
        }
    }
}

#[test]
fn the_same_seed_is_the_same_run_byte_for_byte() {
    for seed in 1..4 {
        let (first, digest) = trace(seed);
        assert!(first.len() > 100_000, "seed {seed} has {} bytes", first.len());
        assert_eq!((first, digest), trace(seed), "seed {seed}");
        let quiet = runner::run(Plan::draw(seed, &Wishes::default()), Sink::Digest);
        assert_eq!(quiet.digest, digest, "seed {seed} without its text");
    }
}

#[test]
fn every_promise_is_kept_in_the_seeds_of_every_day() {
    keeps_every_promise(1..13);
}

#[test]
fn every_promise_is_kept_in_seeds_that_nobody_has_seen() {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).expect("the system gives random numbers");
    let first = u64::from_le_bytes(bytes) >> 28;
    keeps_every_promise(first..first + 6);
}

#[test]
fn a_panic_in_a_run_is_reported_like_a_promise_that_was_not_kept() {
    let mut plan = Plan::draw(1, &Wishes::default());
    // Nobody is there to connect to.
    plan.members = 0;
    let broken = runner::run(plan, Sink::Nowhere).broken.expect("it is reported");
    assert_eq!(broken.promise, "no panic");
    assert!(broken.what.contains("divisor of zero"), "{}", broken.what);
}
