//! `local:` between real processes: some are killed, none is believed.

#![allow(clippy::unwrap_used, reason = "a test may say so where it fails")]

mod child;
mod crash;
mod detached;
mod exclusion;
mod many;
mod queue;
mod shows;

use std::path::Path;
use std::time::{Duration, Instant};

use bramah::backend::{AcquireRequest, Backend, Freshness, Hold, Item, Wait};
use bramah::local::Local;
use bramah::{Acquired, Busy, Error, LockName, Mode, Priority};

/// No state is waited for longer.
const DEADLINE: Duration = Duration::from_secs(20);

fn open(dir: &Path) -> Local {
    Local::open(Some(dir)).unwrap()
}

fn name(text: &str) -> LockName {
    LockName::new(text).unwrap()
}

fn request(lock: &str, mode: Mode, wait: Wait) -> AcquireRequest {
    AcquireRequest {
        items: vec![Item { name: name(lock), mode, value: None }],
        wait,
        priority: Priority(0),
        max_waiters: None,
        lock_delay: Duration::ZERO,
        min_hold: Duration::ZERO,
        max_hold: Duration::ZERO,
        reentrant: false,
        ttl: None,
        detached: false,
        owner: None,
        on_queued: None,
    }
}

async fn acquire(local: &Local, request: AcquireRequest) -> Result<Box<dyn Hold>, Box<Busy>> {
    match local.acquire(request).await.unwrap() {
        Acquired::Held(mut holds) => Ok(holds.remove(0)),
        Acquired::Busy(busy) => Err(busy),
    }
}

async fn hold(local: &Local, lock: &str, mode: Mode) -> Box<dyn Hold> {
    acquire(local, request(lock, mode, Wait::For(DEADLINE))).await.expect("granted in time")
}

async fn try_hold(local: &Local, lock: &str, mode: Mode) -> Result<Box<dyn Hold>, Box<Busy>> {
    acquire(local, request(lock, mode, Wait::Try)).await
}

async fn refusal(local: &Local, request: AcquireRequest) -> Error {
    local.acquire(request).await.expect_err("refused")
}

/// Waits until so many wait for a lock.
async fn until_waiters(local: &Local, lock: &str, waiters: usize) {
    let end = Instant::now() + DEADLINE;
    loop {
        let seen = local
            .get(&name(lock), Freshness::Current)
            .await
            .unwrap()
            .answer
            .map_or(0, |lock| lock.waiters_total);
        if seen == waiters {
            return;
        }
        assert!(Instant::now() < end, "{seen} wait, not {waiters}");
        // tidy: paced because other processes change the state
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}
