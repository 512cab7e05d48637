//! Kills the leader again and again, and measures how long nobody is granted anything.

use std::collections::BTreeSet;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use bramah::{FencingToken, Guard, Locker, Released};
use tokio::task::JoinHandle;
use tokio::time::sleep;

use super::Args;
use super::judge::judge;
use super::record::Line;
use super::run::{draw_seed, end_clients, stop_servers};
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
const HEALING_TIME_MAX: Duration = Duration::from_secs(60);
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

pub(super) async fn run(args: &Args, kills: u32) -> anyhow::Result<ExitCode> {
    let seed = args.seed.map_or_else(draw_seed, Ok)?;
    println!("seed {seed}, {} members, {kills} kills of the leader", args.members);
    let mut scene = Scene::new(args, seed).await?;
    let probes = probes(&scene).await?;
    let held = hold(&scene).await?;
    for client in 0..scene.clients.len() {
        scene.start_client(client)?;
    }
    let mut gaps = Gaps::default();
    for kill in 1..=kills {
        gaps.add(one(&mut scene, &probes).await.with_context(|| format!("kill {kill}"))?);
        let lost = held.iter().filter(|guard| !guard.is_held()).count();
        ensure!(lost == 0, "{lost} of {HOLDS} holds were lost with kill {kill}");
    }
    let failed = probes.iter().filter(|(_, probe)| probe.is_finished()).count();
    ensure!(failed == 0, "{failed} probes ended with an error");
    for guard in held {
        let released = guard.release().await?;
        ensure!(matches!(released, Released::Released), "a hold was {released:?}");
    }
    let tokens = tokens(&probes)?;
    probes.iter().for_each(|(_, probe)| probe.abort());
    println!("{tokens} grants of probes, no token twice; {HOLDS} holds outlived {kills} kills");
    let are_met = gaps.tell();
    scene.recorder.now(&Line::Calm);
    end_clients(&mut scene).await?;
    stop_servers(&mut scene).await?;
    if args.keep.is_some() {
        scene.keep_data()?;
    }
    let is_broken = judge(&scene.folder)?;
    Ok(ExitCode::from(u8::from(is_broken || !are_met)))
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
async fn one(
    scene: &mut Scene,
    probes: &[(Grants, JoinHandle<()>)],
) -> anyhow::Result<Vec<Duration>> {
    let pause = scene.random.below(PAUSE_MS_MAX);
    sleep(Duration::from_millis(pause)).await;
    let leader = scene.leader().await.context("nobody leads")?;
    scene.note(format!("kill {leader}, which leads"));
    let killed = Instant::now();
    scene.servers[leader].kill()?;
    let mut gaps = Vec::new();
    for (grants, _) in probes {
        let next = loop {
            let next = lock(grants).iter().find(|granted| granted.asked >= killed).copied();
            match next {
                Some(next) => break next,
                None => ensure!(killed.elapsed() < GRANT_TIME_MAX, "no grant since the kill"),
            }
            sleep(PROBE_EVERY).await;
        };
        gaps.push(next.at - killed);
    }
    scene.start_server(leader)?;
    scene.operator.wait_until_whole(scene.servers.len(), HEALING_TIME_MAX).await?;
    Ok(gaps)
}

/// Each is a client of its own, with a lock of its own.
async fn probes(scene: &Scene) -> anyhow::Result<Vec<(Grants, JoinHandle<()>)>> {
    let mut probes = Vec::new();
    for probe in 0..PROBES {
        let locker = connect(scene, probe).await?;
        let grants = Grants::default();
        let into = grants.clone();
        let task = tokio::spawn(async move {
            loop {
                let asked = Instant::now();
                let Ok(lock) = locker.lock(format!("probe/{probe}")) else { return };
                let Ok(guard) = lock.acquire().await else { return };
                let (at, token) = (Instant::now(), guard.token());
                self::lock(&into).push(Granted { asked, at, token });
                // If nobody can be told, it goes on by itself, and the next acquire waits for it.
                drop(guard.release().await);
                sleep(PROBE_EVERY).await;
            }
        });
        probes.push((grants, task));
    }
    Ok(probes)
}

/// A client with the usual options, which turns to another member first than its brothers.
pub(super) async fn connect(scene: &Scene, number: usize) -> anyhow::Result<Locker> {
    let mut servers = scene.terms.servers.clone();
    let count = servers.len();
    servers.rotate_left(number % count);
    Ok(bramah::connect(format!("bramah://{}", servers.join(","))).await?)
}

async fn hold(scene: &Scene) -> anyhow::Result<Vec<Guard>> {
    let locker = connect(scene, 0).await?;
    let mut held = Vec::new();
    for number in 0..HOLDS {
        held.push(locker.lock(format!("held/{number}"))?.acquire().await?);
    }
    Ok(held)
}

/// How many tokens the probes had; none of them twice, and each probe's in rising order.
fn tokens(probes: &[(Grants, JoinHandle<()>)]) -> anyhow::Result<usize> {
    let mut all = BTreeSet::new();
    for (grants, _) in probes {
        let tokens: Vec<FencingToken> = lock(grants).iter().map(|granted| granted.token).collect();
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
