//! The usual run: load, faults, calm, and the verdict.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::bail;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::sleep;

use super::Args;
use super::faults::{Faults, Kind};
use super::history::History;
use super::judge::judge;
use super::record::Line;
use super::scene::{LOOK_EVERY, Scene};
use crate::random::Random;

/// How long everything goes on after the last fault.
const CALM_TIME: Duration = Duration::from_secs(4);
/// How long members may need to be a whole cluster again.
const HEALING_TIME_MAX: Duration = Duration::from_secs(60);
/// How long everything that waits may need to come to its end. The longest wait is 10 s, the
/// longest TTL 5 s.
const ENDING_TIME_MAX: Duration = Duration::from_secs(45);
/// How long servers may take to stop.
const STOPPING_TIME_MAX: Duration = Duration::from_secs(20);

pub(super) async fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let kinds = Kind::named(args.faults.as_deref())?;
    let seed = args.seed.map_or_else(draw_seed, Ok)?;
    println!("seed {seed}, {} members, {} clients", args.members, args.clients);
    let mut scene = Scene::new(args, seed).await?;
    let mut faults = Faults::new(kinds, Random::new(seed, "faults"));
    let broke = go(args, &mut scene, &mut faults).await;
    let broken = match broke {
        Ok(()) => {
            if args.keep.is_some() {
                scene.keep_data()?;
            }
            judge(&scene.folder)?
        }
        Err(error) => {
            println!("BROKEN: {error:#}");
            true
        }
    };
    let all: Vec<String> = faults.counts.iter().map(|(name, n)| format!("{name} {n}")).collect();
    println!("faults: {}", if all.is_empty() { "none".to_owned() } else { all.join(", ") });
    if broken {
        let minutes = args.minutes;
        println!("the same faults, if not the same run: --seed {seed} --minutes {minutes}");
    }
    Ok(ExitCode::from(u8::from(broken)))
}

async fn go(args: &Args, scene: &mut Scene, faults: &mut Faults) -> anyhow::Result<()> {
    let mut interrupted = signal(SignalKind::interrupt())?;
    let mut told = signal(SignalKind::terminate())?;
    for client in 0..scene.clients.len() {
        scene.start_client(client)?;
    }
    let length = Duration::from_secs_f64(args.minutes * 60.0);
    let mut history = History::new(scene)?;
    let began = Instant::now();
    while began.elapsed() < length {
        history.look(scene)?;
        faults.step(scene).await?;
        tokio::select! {
            () = sleep(LOOK_EVERY) => {}
            _ = interrupted.recv() => break,
            _ = told.recv() => break,
        }
    }
    faults.heal(scene).await?;
    let voters = scene.servers.len();
    scene.operator.wait_until_whole(voters, HEALING_TIME_MAX).await?;
    scene.recorder.now(&Line::Calm);
    let began = Instant::now();
    while began.elapsed() < CALM_TIME {
        history.look(scene)?;
        scene.note_whole();
        sleep(LOOK_EVERY).await;
    }
    end_clients(scene).await?;
    scene.operator.wait_until_whole(voters, HEALING_TIME_MAX).await?;
    stop_servers(scene).await
}

/// Lets clients come to their end.
pub(super) async fn end_clients(scene: &mut Scene) -> anyhow::Result<()> {
    scene.clients.iter_mut().for_each(super::scene::ClientProcess::wind_down);
    let began = Instant::now();
    loop {
        let mut left = Vec::new();
        for client in &mut scene.clients {
            let Some(child) = &mut client.child else { continue };
            match child.try_wait()? {
                None => left.push(client.no),
                Some(status) => {
                    let (client_no, life) = (client.no, client.life);
                    client.child = None;
                    scene.recorder.now(&Line::Dies { client: client_no, life });
                    if !status.success() {
                        let name = format!("client-{client_no}-{life}.log");
                        let said = std::fs::read_to_string(scene.folder.join(name))?;
                        bail!("client {client_no} ended with {status}: {}", said.trim());
                    }
                }
            }
        }
        if left.is_empty() {
            return Ok(());
        }
        if began.elapsed() > ENDING_TIME_MAX {
            bail!(
                "G5 fair, live: something still waits in clients {left:?}, {ENDING_TIME_MAX:?} \
                 after they were told to end"
            );
        }
        sleep(LOOK_EVERY).await;
    }
}

/// Stops all members, then the witness.
pub(super) async fn stop_servers(scene: &mut Scene) -> anyhow::Result<()> {
    for server in &mut scene.servers {
        server.terminate()?;
    }
    for at in 0..scene.servers.len() {
        let has_ended = |scene: &mut Scene| {
            Ok(scene.servers[at].ended()?.is_some() || !scene.servers[at].is_running())
        };
        if !scene.wait_for(STOPPING_TIME_MAX, has_ended).await? {
            bail!("member {at} does not stop:\n    {}", scene.servers[at].last_words());
        }
    }
    // What a leader sent last is written at once.
    sleep(Duration::from_millis(200)).await;
    scene.witness.kill()
}

/// Short enough to be read out.
pub(super) fn draw_seed() -> anyhow::Result<u64> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).map_err(|error| anyhow::anyhow!("no random seed: {error}"))?;
    Ok(u64::from_le_bytes(bytes) >> 28)
}
