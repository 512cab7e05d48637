//! Kills the leader again and again, and measures how long nobody is granted anything.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use bramah::{FencingToken, Guard, Locker, Released};
use tokio::task::JoinHandle;
use tokio::time::sleep;

use super::scene::Scene;

/// What is promised of the time without a grant, and how often.
const MEDIAN_GOAL: Duration = Duration::from_secs(1);
const P99_GOAL: Duration = Duration::from_secs(2);
/// Programs that ask for locks which nobody else wants, all the time.
const PROBES: usize = 6;
/// Holds that must outlive every kill, with the usual TTL.
const HOLDS: usize = 20;
/// How long the next grant is waited for.
const GRANT_TIME_MAX: Duration = Duration::from_secs(20);
const PAUSE_MS_MAX: u64 = 700;
const PROBE_EVERY: Duration = Duration::from_millis(5);

/// A grant of a probe: when it was asked for and when it was there.
#[derive(Clone, Copy, Debug)]
struct Granted {
    asked: Instant,
    at: Instant,
    token: FencingToken,
}

type Grants = Arc<Mutex<Vec<Granted>>>;

/// Gives whether times are as promised.
pub(super) async fn run(scene: &mut Scene, kills: u32) -> anyhow::Result<bool> {
    let mut probes = Vec::new();
    for no in 0..PROBES {
        probes.push(Probe::new(scene.connect(no).await?, no));
    }
    let held = hold(scene).await?;
    scene.start_clients()?;
    let mut gaps = Gaps::default();
    for kill in 1..=kills {
        gaps.add(one(scene, &mut probes).await.with_context(|| format!("kill {kill}"))?);
        let lost = held.iter().filter(|guard| !guard.is_held()).count();
        ensure!(lost == 0, "{lost} of {HOLDS} holds were lost with kill {kill}");
    }
    for guard in held {
        let released = guard.release().await?;
        ensure!(matches!(released, Released::Released), "a hold was {released:?}");
    }
    for probe in &mut probes {
        probe.ensure_runs().await?;
        probe.task.abort();
    }
    let tokens = tokens(&probes)?;
    println!("{tokens} grants of probes, no token twice; {HOLDS} holds outlived {kills} kills");
    Ok(gaps.tell())
}

/// Times without a grant, over all kills.
#[derive(Debug, Default)]
struct Gaps {
    /// Until somebody was granted something.
    of_service: Vec<Duration>,
    /// Until each of the probes was.
    of_probes: Vec<Duration>,
}

impl Gaps {
    fn add(&mut self, mut of_probes: Vec<Duration>) {
        of_probes.sort();
        self.of_service.extend(of_probes.first());
        self.of_probes.extend(of_probes);
    }

    /// Says how long they were, and whether that is as promised.
    fn tell(mut self) -> bool {
        let mut are_met = true;
        for (whose, gaps) in
            [("anybody", &mut self.of_service), ("one certain client", &mut self.of_probes)]
        {
            gaps.sort();
            let (p50, p99, max) = (at(gaps, 50), at(gaps, 99), at(gaps, 100));
            println!(
                "from a kill to the next grant of {whose}: p50 {p50:?}, p99 {p99:?}, max {max:?}"
            );
            are_met &= p50 <= MEDIAN_GOAL && p99 <= P99_GOAL;
        }
        let word = if are_met { "kept" } else { "MISSED" };
        println!("goal (p50 {MEDIAN_GOAL:?}, p99 {P99_GOAL:?}): {word}");
        are_met
    }
}

/// The value below which so many of a hundred are.
fn at(sorted: &[Duration], percent: usize) -> Duration {
    let place = (sorted.len() * percent).div_ceil(100).max(1) - 1;
    let found = sorted.get(place).copied().unwrap_or_default();
    Duration::from_millis(u64::try_from(found.as_millis()).unwrap_or(u64::MAX))
}

/// Kills the leader, and waits until everything is as before. Gives how long each probe had no
/// grant.
async fn one(scene: &mut Scene, probes: &mut [Probe]) -> anyhow::Result<Vec<Duration>> {
    let pause = scene.random.below(PAUSE_MS_MAX);
    sleep(Duration::from_millis(pause)).await;
    let leader = scene.leader().await.context("nobody leads")?;
    scene.note(format!("kill {leader}, which leads"));
    let killed = Instant::now();
    scene.servers[leader].kill()?;
    let mut gaps = Vec::new();
    for probe in probes {
        let next = loop {
            if let Some(next) = probe.first_since(killed) {
                break next;
            }
            probe.ensure_runs().await?;
            ensure!(killed.elapsed() < GRANT_TIME_MAX, "no grant since the kill");
            sleep(PROBE_EVERY).await;
        };
        gaps.push(next.at - killed);
    }
    scene.start_server(leader)?;
    scene.wait_until_whole().await?;
    Ok(gaps)
}

/// A client of its own, with a lock of its own.
struct Probe {
    no: usize,
    grants: Grants,
    task: JoinHandle<anyhow::Error>,
}

impl Probe {
    fn new(locker: Locker, no: usize) -> Probe {
        let grants = Grants::default();
        let into = grants.clone();
        let task = tokio::spawn(async move {
            loop {
                match grant(&locker, no).await {
                    Ok(granted) => lock(&into).push(granted),
                    Err(error) => return error,
                }
                sleep(PROBE_EVERY).await;
            }
        });
        Probe { no, grants, task }
    }

    /// The first grant that was asked for since then.
    fn first_since(&self, killed: Instant) -> Option<Granted> {
        lock(&self.grants).iter().find(|granted| granted.asked >= killed).copied()
    }

    /// It never ends but with an error.
    async fn ensure_runs(&mut self) -> anyhow::Result<()> {
        if self.task.is_finished() {
            let error = (&mut self.task).await?;
            return Err(error.context(format!("probe {} ended", self.no)));
        }
        Ok(())
    }
}

async fn grant(locker: &Locker, no: usize) -> anyhow::Result<Granted> {
    let asked = Instant::now();
    let guard = locker.lock(format!("probe/{no}"))?.acquire().await?;
    let granted = Granted { asked, at: Instant::now(), token: guard.token() };
    // If nobody can be told, it goes on by itself, and the next acquire waits for it.
    drop(guard.release().await);
    Ok(granted)
}

async fn hold(scene: &Scene) -> anyhow::Result<Vec<Guard>> {
    let locker = scene.connect(0).await?;
    let mut held = Vec::new();
    for number in 0..HOLDS {
        held.push(locker.lock(format!("held/{number}"))?.acquire().await?);
    }
    Ok(held)
}

/// How many tokens the probes had; none of them twice, and each probe's in rising order.
fn tokens(probes: &[Probe]) -> anyhow::Result<usize> {
    let mut all = BTreeSet::new();
    for probe in probes {
        let grants = lock(&probe.grants);
        let tokens: Vec<FencingToken> = grants.iter().map(|granted| granted.token).collect();
        ensure!(tokens.is_sorted(), "G2 fencing: the tokens of one lock fall");
        for token in tokens {
            ensure!(all.insert(token), "G2 fencing: token {token} was granted twice");
        }
    }
    Ok(all.len())
}

fn lock(grants: &Grants) -> std::sync::MutexGuard<'_, Vec<Granted>> {
    grants.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_hundred_times_the_median_is_the_fiftieth_and_p99_the_last_but_one() {
        let times: Vec<Duration> = (1..=100).map(Duration::from_millis).collect();
        assert_eq!(at(&times, 50), Duration::from_millis(50));
        assert_eq!(at(&times, 99), Duration::from_millis(99));
        assert_eq!(at(&times, 100), Duration::from_millis(100));
        assert_eq!(at(&times[..1], 50), Duration::from_millis(1));
        assert_eq!(at(&[], 50), Duration::ZERO);
    }
}
