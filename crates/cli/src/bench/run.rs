//! One run: so many clients, over so many connections, as fast as they can.

use std::cell::{Cell, RefCell};
use std::io::Write;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::Context;
use bramah::{Locker, Released};
use tokio::task::coop::consume_budget;
use tokio::task::{JoinSet, LocalSet, yield_now};
use tokio::time::sleep;

use super::histogram::Histogram;
use crate::args::ServiceArgs;
use crate::exit::{Exit, Failure};

/// How often the progress is shown.
const PROGRESS_INTERVAL: Duration = Duration::from_secs(1);

/// What the clients lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Contention {
    /// Each a lock of its own.
    Own,
    /// All the same one.
    Hot,
}

/// Who asks for what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Load {
    pub(crate) contention: Contention,
    pub(crate) clients: u32,
    /// Not more than clients, which take them in turn.
    pub(crate) connections: u32,
}

/// What was measured.
pub(crate) struct Measured {
    /// Of cycles: acquire and release, both acknowledged. Of the hot lock: from asking for it to
    /// having it.
    pub(crate) times: Histogram,
    /// From the first request to the last answer.
    pub(crate) elapsed: Duration,
}

/// Runs `load` for `length`.
pub(crate) async fn run(
    service: &ServiceArgs,
    load: Load,
    length: Duration,
    shows_progress: bool,
) -> anyhow::Result<Measured> {
    let mut lockers = Vec::new();
    for _ in 0..load.connections {
        lockers.push(service.builder().connect().await?);
    }
    let local = LocalSet::new();
    let measured = local.run_until(measure(&lockers, load, length, shows_progress)).await?;
    for locker in &lockers {
        locker.close().await?;
    }
    Ok(measured)
}

async fn measure(
    lockers: &[Locker],
    load: Load,
    length: Duration,
    shows_progress: bool,
) -> anyhow::Result<Measured> {
    let Load { contention, clients, .. } = load;
    let times = Rc::new(RefCell::new(Histogram::new()));
    let is_over = Rc::new(Cell::new(false));
    let mut running = JoinSet::new();
    let started = Instant::now();
    for (number, locker) in (0..clients).zip(lockers.iter().cycle()) {
        let name = match contention {
            Contention::Own => format!("bramah-bench/{}/{number}", std::process::id()),
            Contention::Hot => format!("bramah-bench/{}/hot", std::process::id()),
        };
        let (times, is_over) = (times.clone(), is_over.clone());
        running.spawn_local(client(locker.clone(), name, contention, times, is_over));
    }
    let tell = async {
        while started.elapsed() < length {
            let left = length.saturating_sub(started.elapsed());
            sleep(left.min(PROGRESS_INTERVAL)).await;
            if shows_progress {
                show_progress(load, started.elapsed(), &times.borrow());
            }
        }
        is_over.set(true);
        std::future::pending::<()>().await;
    };
    let all_done = async {
        while let Some(done) = running.join_next().await {
            done.context("could not go on with a client")??;
        }
        anyhow::Ok(())
    };
    tokio::select! {
        done = all_done => done?,
        () = tell => {}
    }
    let elapsed = started.elapsed();
    if shows_progress {
        // The line of the progress makes room for the result.
        let _ = write!(std::io::stderr(), "\r\x1b[K");
    }
    Ok(Measured { times: times.replace(Histogram::new()), elapsed })
}

async fn client(
    locker: Locker,
    name: String,
    contention: Contention,
    times: Rc<RefCell<Histogram>>,
    is_over: Rc<Cell<bool>>,
) -> anyhow::Result<()> {
    while !is_over.get() {
        // A service that never makes one wait must not keep the others from their turn.
        consume_budget().await;
        let asked = Instant::now();
        let guard = locker.lock(&name)?.acquire().await?;
        let granted = Instant::now();
        if contention == Contention::Hot {
            // The others get to ask while it is held, also where nothing else makes one wait.
            yield_now().await;
        }
        if let Released::AlreadyLost(reason) = guard.release().await? {
            let why = reason.map_or_else(String::new, |reason| format!(": {reason}"));
            let message = format!("could not measure: lock '{name}' was lost{why}");
            return Err(Failure::new(Exit::LOST, message).into());
        }
        let end = if contention == Contention::Hot { granted } else { Instant::now() };
        times.borrow_mut().record(end - asked);
    }
    Ok(())
}

fn show_progress(load: Load, elapsed: Duration, times: &Histogram) {
    let Load { contention, clients, .. } = load;
    let what = if contention == Contention::Own { "own locks" } else { "one hot lock" };
    // Nobody is hurt by a line that cannot be shown.
    let _ = write!(
        std::io::stderr(),
        "\r\x1b[K{what}, {clients} clients: {:.0} cycles/s after {:.0} s",
        super::report::per_second(times.total(), elapsed),
        elapsed.as_secs_f64()
    );
}
