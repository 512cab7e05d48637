//! Locks that are held while a service is measured: a full table, or the first part of one.

use std::io::Write;
use std::time::{Duration, Instant};

use anyhow::Context;
use bramah::{Guard, Locker};
use tokio::task::JoinSet;

use crate::args::ServiceArgs;

/// Locks of one session; a service allows 10,000.
const LOCKS_PER_SESSION: usize = 5_000;
/// Requests under way at a time.
const REQUESTS: usize = 512;
/// Longer than any pause of a machine that is busy with being measured.
const TTL: Duration = Duration::from_secs(60);

/// Holds, for as long as this lives.
pub(crate) struct Held {
    sessions: Vec<(Locker, Vec<Guard>)>,
}

impl Held {
    /// Acquires so many locks.
    pub(crate) async fn acquire(
        service: &ServiceArgs,
        locks: usize,
        shows_progress: bool,
    ) -> anyhow::Result<Held> {
        let started = Instant::now();
        let mut sessions = Vec::new();
        let mut held = 0;
        while held < locks {
            let locker = service.builder().ttl(TTL).connect().await?;
            let upto = locks.min(held + LOCKS_PER_SESSION);
            let guards = acquire_all(&locker, held..upto).await?;
            sessions.push((locker, guards));
            held = upto;
            if shows_progress {
                let seconds = started.elapsed().as_secs_f64();
                // Nobody is hurt by a line that cannot be shown.
                let _ = write!(
                    std::io::stderr(),
                    "\r\x1b[K{held} of {locks} locks held after {seconds:.0} s"
                );
            }
        }
        if shows_progress {
            let _ = write!(std::io::stderr(), "\r\x1b[K");
        }
        Ok(Held { sessions })
    }

    /// Gives all of them back, a session at a time.
    pub(crate) async fn release(self) -> anyhow::Result<()> {
        for (locker, guards) in self.sessions {
            drop(guards);
            locker.close().await?;
        }
        Ok(())
    }
}

async fn acquire_all(
    locker: &Locker,
    mut numbers: std::ops::Range<usize>,
) -> anyhow::Result<Vec<Guard>> {
    let mut guards = Vec::with_capacity(numbers.len());
    let mut asked = JoinSet::new();
    loop {
        while asked.len() < REQUESTS
            && let Some(number) = numbers.next()
        {
            let name = format!("bramah-bench/{}/held/{number}", std::process::id());
            let wish = locker.lock(name)?;
            asked.spawn(wish.acquire());
        }
        let Some(granted) = asked.join_next().await else { return Ok(guards) };
        guards.push(granted.context("could not go on with a request")??);
    }
}
