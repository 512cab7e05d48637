//! Runs plans: one, or as many as there is time for, on as many threads as there are.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use crate::plan::{Plan, Wishes};
use crate::time::SimTime;
use crate::trace::Sink;
use crate::world::{Report, World};

/// Reports that wait to be told of; with more, runs wait.
const REPORTS_LEN_MAX: usize = 64;
/// As many failing runs are enough.
const FAILURES_MAX: u64 = 10;

/// Which seeds are run.
#[derive(Clone, Debug)]
pub struct Batch {
    /// The first seed; the others follow it.
    pub first: u64,
    /// So many, if that many fit into the time.
    pub seeds: u64,
    /// No run begins after so long.
    pub time_max: Option<Duration>,
    /// Runs at one time.
    pub jobs: usize,
    /// What plans are drawn.
    pub wishes: Wishes,
    /// The digests of their traces are wanted.
    pub digest: bool,
}

/// Something to tell about a batch.
#[derive(Debug)]
pub enum News {
    /// A run is over.
    Done(Box<Report>),
    /// Nothing new, but time has passed.
    Nothing,
}

thread_local! {
    static PANIC: RefCell<Option<String>> = const { RefCell::new(None) };
    static IS_RUNNING: RefCell<bool> = const { RefCell::new(false) };
}

/// Runs a plan. A panic in it is a promise broken like another.
#[must_use]
pub fn run(plan: Plan, sink: Sink) -> Report {
    keep_panics();
    let mut world = World::new(plan, sink);
    IS_RUNNING.set(true);
    // The world is only asked what it had counted.
    let result = catch_unwind(AssertUnwindSafe(|| world.run()));
    IS_RUNNING.set(false);
    result.unwrap_or_else(|_| {
        let what = PANIC.take().unwrap_or_else(|| "of unknown cause".to_owned());
        world.panicked(what)
    })
}

/// Keeps what a panic in a run says for its report, in place of printing it.
fn keep_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if IS_RUNNING.with_borrow(|is_running| *is_running) {
                PANIC.set(Some(info.to_string().replace('\n', " ")));
            } else {
                before(info);
            }
        }));
    });
}

/// Runs a batch, and tells `hear` what comes of it, in no order.
pub fn run_batch(batch: &Batch, mut hear: impl FnMut(News)) {
    let begun = Instant::now();
    let next = AtomicU64::new(0);
    let failures = AtomicU64::new(0);
    let (tell, news) = sync_channel(REPORTS_LEN_MAX);
    std::thread::scope(|scope| {
        for _ in 0..batch.jobs.max(1) {
            let (next, failures, tell) = (&next, &failures, tell.clone());
            scope.spawn(move || work(batch, begun, next, failures, &tell));
        }
        drop(tell);
        loop {
            match news.recv_timeout(Duration::from_millis(500)) {
                Ok(report) => hear(News::Done(report)),
                Err(RecvTimeoutError::Timeout) => hear(News::Nothing),
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    });
}

fn work(
    batch: &Batch,
    begun: Instant,
    next: &AtomicU64,
    failures: &AtomicU64,
    tell: &SyncSender<Box<Report>>,
) {
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        let is_late = batch.time_max.is_some_and(|max| begun.elapsed() >= max);
        if number >= batch.seeds || is_late || failures.load(Ordering::Relaxed) >= FAILURES_MAX {
            return;
        }
        let plan = Plan::draw(batch.first.wrapping_add(number), &batch.wishes);
        let report = run(plan, if batch.digest { Sink::Digest } else { Sink::Nowhere });
        failures.fetch_add(u64::from(report.broken.is_some()), Ordering::Relaxed);
        if tell.send(Box::new(report)).is_err() {
            return;
        }
    }
}

/// How fast the simulated time of all runs was, against the time that they took.
#[must_use]
pub fn speed(simulated: SimTime, took: Duration) -> f64 {
    simulated.0 as f64 / 1e6 / took.as_secs_f64().max(1e-9)
}
