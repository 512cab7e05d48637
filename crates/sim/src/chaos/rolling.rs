//! Restarts all members one by one, as an upgrade does, under holders and waiters that must not
//! notice.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, ensure};
use bramah::{FencingToken, Guard, Locker, Released};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use super::scene::Scene;

/// Clients that hold, and as many that wait.
const CLIENTS: usize = 10;
const HOLDS: usize = 200;
const WAITS: usize = 200;
/// Locks that are waited for.
const QUEUES: usize = 20;
/// How long those who wait may take one after the other, when nobody holds any more.
const GRANTING_TIME_MAX: Duration = Duration::from_secs(30);
const WORK_EVERY: Duration = Duration::from_millis(5);

/// Gives whether nobody noticed.
pub(super) async fn run(scene: &mut Scene) -> anyhow::Result<bool> {
    let mut lockers = Vec::new();
    for number in 0..2 * CLIENTS {
        lockers.push(scene.connect(number).await?);
    }
    let (holding, waiting) = lockers.split_at(CLIENTS);
    let mut held = Vec::new();
    for number in 0..HOLDS {
        held.push(holding[number % CLIENTS].lock(name(number))?.acquire().await?);
    }
    let mut waits = Vec::new();
    for number in 0..WAITS {
        waits.push(wait(&waiting[number / QUEUES % CLIENTS], number % QUEUES).await?);
    }
    scene.start_clients()?;
    let work: Vec<Work> = lockers.iter().enumerate().map(|(no, it)| Work::new(it, no)).collect();
    for at in 0..scene.servers.len() {
        scene.note(format!("restart {at}"));
        scene.servers[at].terminate()?;
        scene.wait_until_stopped(at).await?;
        scene.start_server(at)?;
        scene.wait_until_whole().await?;
    }
    let (mut done, mut failed) = (0, 0);
    for work in work {
        work.task.abort();
        done += work.done.load(Ordering::Relaxed);
        failed += work.failed.load(Ordering::Relaxed);
    }
    let lost = held.iter().filter(|guard| !guard.is_held()).count();
    let granted = release(held, waits).await?;
    println!(
        "{HOLDS} holds, {lost} lost; {granted} of {WAITS} waits granted, in their order; {done} \
         other requests, {failed} failed"
    );
    Ok(lost == 0 && failed == 0)
}

fn name(number: usize) -> String {
    format!("rolling/{number}")
}

/// One that waits: for which lock, and what comes of it.
struct Waiting {
    queue: usize,
    task: JoinHandle<anyhow::Result<FencingToken>>,
}

/// Waits for a lock, behind all who wait for it already; gives it back as soon as it is granted.
async fn wait(locker: &Locker, queue: usize) -> anyhow::Result<Waiting> {
    let (tell, queued) = oneshot::channel();
    let tell = std::sync::Mutex::new(Some(tell));
    let lock = locker.lock(name(queue))?.on_queued(move |_, _| {
        let tell = tell.lock().ok().and_then(|mut tell| tell.take());
        // Its first place is what is waited for.
        tell.map(|tell| tell.send(()));
    });
    let task = tokio::spawn(async move {
        let guard = lock.acquire().await?;
        let token = guard.token();
        ensure!(matches!(guard.release().await?, Released::Released), "it was lost at once");
        Ok(token)
    });
    queued.await.context("it does not wait")?;
    Ok(Waiting { queue, task })
}

/// What a client does besides, all the time.
struct Work {
    task: JoinHandle<()>,
    done: Arc<AtomicU64>,
    failed: Arc<AtomicU64>,
}

impl Work {
    fn new(locker: &Locker, no: usize) -> Work {
        let (done, failed) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
        let (locker, counts) = (locker.clone(), (done.clone(), failed.clone()));
        let task = tokio::spawn(async move {
            loop {
                let count = match cycle(&locker, no).await {
                    Ok(()) => &counts.0,
                    Err(error) => {
                        println!("client {no}: {error:#}");
                        &counts.1
                    }
                };
                count.fetch_add(1, Ordering::Relaxed);
                sleep(WORK_EVERY).await;
            }
        });
        Work { task, done, failed }
    }
}

async fn cycle(locker: &Locker, no: usize) -> anyhow::Result<()> {
    let guard = locker.lock(format!("work/{no}"))?.acquire().await?;
    guard.set_value(Some(b"busy")).await?;
    locker.get(format!("work/{no}")).await?.context("it is not there, and it is held")?;
    ensure!(matches!(guard.release().await?, Released::Released), "it was lost");
    Ok(())
}

/// Gives everything back, and looks whether those who wait are granted in their order. Gives how
/// many were.
async fn release(held: Vec<Guard>, waits: Vec<Waiting>) -> anyhow::Result<usize> {
    for guard in held {
        ensure!(matches!(guard.release().await?, Released::Released), "a hold was lost");
    }
    let mut last: BTreeMap<usize, FencingToken> = BTreeMap::new();
    let count = waits.len();
    for Waiting { queue, task } in waits {
        let token = timeout(GRANTING_TIME_MAX, task).await.context("one waits for ever")???;
        let before = last.insert(queue, token);
        ensure!(before < Some(token), "G5 fair: {token} came after {before:?} in queue {queue}");
    }
    Ok(count)
}
