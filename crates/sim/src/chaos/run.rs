//! The usual run: load, and faults until the time is over.

use std::time::{Duration, Instant};

use tokio::signal::unix::{SignalKind, signal};
use tokio::time::sleep;

use super::faults::{Faults, Kind};
use super::scene::{LOOK_EVERY, Scene};
use crate::random::Random;

pub(super) async fn run(
    scene: &mut Scene,
    kinds: Vec<Kind>,
    seed: u64,
    minutes: f64,
) -> anyhow::Result<()> {
    let mut faults = Faults::new(kinds, Random::new(seed, "faults"));
    let length = Duration::from_secs_f64(minutes * 60.0);
    let ran = go(scene, &mut faults, length).await;
    let all: Vec<String> = faults.counts.iter().map(|(name, n)| format!("{name} {n}")).collect();
    println!("faults: {}", if all.is_empty() { "none".to_owned() } else { all.join(", ") });
    ran
}

async fn go(scene: &mut Scene, faults: &mut Faults, length: Duration) -> anyhow::Result<()> {
    let mut interrupted = signal(SignalKind::interrupt())?;
    let mut told = signal(SignalKind::terminate())?;
    scene.start_clients()?;
    let began = Instant::now();
    while began.elapsed() < length {
        faults.step(scene).await?;
        tokio::select! {
            () = sleep(LOOK_EVERY) => {}
            _ = interrupted.recv() => break,
            _ = told.recv() => break,
        }
    }
    faults.heal(scene).await
}
