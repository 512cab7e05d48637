//! A server killed with SIGKILL at random moments under load, and started again on the same folder.
//!
//! Clients keep a ledger of what was acknowledged to them. After each restart all of it must be
//! there, with its token; later tokens must be above all earlier ones; and who waited goes on
//! waiting, in order.

mod ledger;
mod server;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use bramah::{Locker, Released};
use tempfile::TempDir;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::ledger::Ledger;
use crate::server::Server;

/// Kills of an ordinary run; a full one has [`KILLS_FULL`].
const KILLS: usize = 20;
const KILLS_FULL: usize = 100;
/// Enough for the server to write the log beside its serving thread too.
const WORKERS: usize = 96;
/// Locks that each worker takes and gives back in turn.
const LOCKS_PER_WORKER: usize = 8;
const WAITERS: usize = 20;
const TTL: Duration = Duration::from_secs(120);
/// Longest wait for what must come.
const PATIENCE: Duration = Duration::from_secs(60);

#[tokio::test]
async fn a_server_killed_at_random_moments_loses_nothing_that_it_acknowledged() {
    let folder = TempDir::new().expect("a folder");
    let mut server = Server::start(folder.path(), 0);
    let url = server.url();
    let ledger = Arc::new(Ledger::default());
    let stop = Arc::new(AtomicBool::new(false));

    let chief = locker(&url).await;
    let hot = chief.lock("hot").expect("a name").acquire().await.expect("it is free");
    let (granted, mut in_order) = mpsc::channel(WAITERS);
    let mut waiters = Vec::new();
    for number in 0..WAITERS {
        waiters.push(queue_up(&url, number, granted.clone()).await);
    }
    let workers: Vec<_> = (0..WORKERS)
        .map(|worker| tokio::spawn(work(url.clone(), worker, ledger.clone(), stop.clone())))
        .collect();

    let kills = if std::env::var_os("BRAMAH_TEST_FULL").is_some() { KILLS_FULL } else { KILLS };
    let checker = locker(&url).await;
    for kill in 0..kills {
        // tidy: paced because the moment of the kill is what is tried
        tokio::time::sleep(Duration::from_millis(random_below(120))).await;
        server.kill();
        server = Server::start(folder.path(), server.port());
        let checked = ledger.check(&checker).await;
        assert!(hot.is_held(), "the hold of the lock that others wait for was lost at kill {kill}");
        println!("kill {kill}: {checked} holds are there, {} grants so far", ledger.grants());
    }
    stop.store(true, Ordering::Relaxed);
    for worker in workers {
        timeout(PATIENCE, worker).await.expect("it ends").expect("it did not fail");
    }
    assert!(ledger.grants() > kills as u64 * 10, "there was hardly any load");

    assert!(in_order.try_recv().is_err(), "a waiter was granted what was held");
    assert_eq!(hot.release().await.expect("released"), Released::Released);
    for expected in 0..WAITERS {
        let number = timeout(PATIENCE, in_order.recv()).await.expect("the next is granted");
        assert_eq!(number, Some(expected), "not in the order of arrival");
    }
    for waiter in waiters {
        waiter.await.expect("it did not fail");
    }
}

async fn locker(url: &str) -> Locker {
    let builder = Locker::builder().url(url).ttl(TTL).connect_timeout(PATIENCE);
    builder.connect().await.expect("it connects")
}

/// Queues for the hot lock, and returns once its place is known.
async fn queue_up(url: &str, number: usize, granted: mpsc::Sender<usize>) -> JoinHandle<()> {
    let locks = locker(url).await;
    let (queued, mut is_queued) = mpsc::channel(1);
    let waiter = tokio::spawn(async move {
        let builder = locks.lock("hot").expect("a name");
        let builder = builder.on_queued(move |position, _| {
            let _ = queued.try_send(position);
        });
        let guard = builder.acquire().await.expect("it is granted in the end");
        granted.send(number).await.expect("the test listens");
        assert_eq!(guard.release().await.expect("released"), Released::Released);
    });
    let position = timeout(PATIENCE, is_queued.recv()).await.expect("it queues");
    assert_eq!(position, Some(number + 1));
    waiter
}

/// Takes locks and gives them back, and writes down what was acknowledged.
async fn work(url: String, worker: usize, ledger: Arc<Ledger>, stop: Arc<AtomicBool>) {
    let locks = locker(&url).await;
    let mut held = std::collections::VecDeque::new();
    let mut turn = 0;
    while !stop.load(Ordering::Relaxed) {
        let name = format!("worker-{worker}/{}", turn % LOCKS_PER_WORKER);
        turn += 1;
        let floor = ledger.newest_token();
        let builder = locks.lock(&name).expect("a name").value(&name);
        let guard = match builder.acquire().await {
            Ok(guard) => guard,
            Err(error) => panic!("{name}: {error}"),
        };
        ledger.granted(&name, guard.token().0, floor);
        held.push_back(guard);
        if held.len() == LOCKS_PER_WORKER / 2
            && let Some(oldest) = held.pop_front()
        {
            ledger.releasing(oldest.name().as_str());
            assert_eq!(oldest.release().await.expect("released"), Released::Released);
        }
    }
    for guard in held {
        assert!(guard.is_held());
        ledger.releasing(guard.name().as_str());
        assert_eq!(guard.release().await.expect("released"), Released::Released);
    }
}

/// A number that differs from run to run. The moment of a kill cannot be repeated, so neither need
/// this.
fn random_below(bound: u64) -> u64 {
    use std::hash::{BuildHasher, Hasher};
    let mut hasher = std::collections::hash_map::RandomState::new().build_hasher();
    hasher.write_u128(Instant::now().elapsed().as_nanos());
    hasher.finish() % bound
}
