//! How every run ends: calm, clients that come to their end, servers that stop, and the verdict.

use std::time::{Duration, Instant};

use anyhow::bail;
use tokio::time::sleep;

use super::history::read_running;
use super::judge::judge;
use super::logs::Log;
use super::record::Line;
use super::scene::{ClientProcess, LOOK_EVERY, Scene};

/// How long everything goes on after the last fault.
const CALM_TIME: Duration = Duration::from_secs(4);
/// How long everything that waits may need to come to its end. The longest wait is 10 s, the
/// longest TTL 5 s.
const ENDING_TIME_MAX: Duration = Duration::from_secs(45);
/// How long the witness may need for what members sent it before they stopped.
const WITNESS_TIME_MAX: Duration = Duration::from_secs(5);
/// How far the clocks of members are set ahead in the end: the first so far, the next twice.
const AHEAD_SECONDS: i64 = 3_600;

/// Ends a run whose cluster is whole. Gives whether a promise was broken.
pub(super) async fn end(scene: &mut Scene) -> anyhow::Result<bool> {
    scene.recorder.now(&Line::Calm);
    let began = Instant::now();
    while began.elapsed() < CALM_TIME {
        scene.note_whole();
        sleep(LOOK_EVERY).await;
    }
    end_clients(scene).await?;
    scene.wait_until_whole().await?;
    stop_servers(scene).await?;
    judge(&scene.folder)
}

/// Lets clients come to their end.
async fn end_clients(scene: &mut Scene) -> anyhow::Result<()> {
    scene.clients.iter_mut().for_each(ClientProcess::wind_down);
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
async fn stop_servers(scene: &mut Scene) -> anyhow::Result<()> {
    // Every server says when it is told to stop: its wall clock is seen to jump while it runs.
    let mut set = Vec::new();
    for (server, ahead) in scene.servers.iter().zip((1..).map(|hours| hours * AHEAD_SECONDS)) {
        if server.set_wall_clock(ahead)? {
            set.push(ahead);
        }
    }
    // All at about the same time.
    scene.servers.iter_mut().try_for_each(|server| server.terminate())?;
    for at in 0..scene.servers.len() {
        scene.wait_until_stopped(at).await?;
    }
    for (server, ahead) in scene.servers.iter().zip(&set) {
        server.ensure_wall_clock(*ahead)?;
    }
    if !set.is_empty() {
        println!("wall clocks: the jump was seen in the logs of {} servers", set.len());
    }
    let members = scene.servers.iter().map(|server| Log::read(&server.disk.data()));
    let members = members.collect::<anyhow::Result<Vec<Log>>>()?;
    let commit = members.iter().map(|member| member.commit).max().unwrap_or_default();
    let has_all = |scene: &mut Scene| {
        scene.witness.ended()?;
        let log = read_running(&scene.witness.disk.data(), &scene.folder.join("witness.copy"))?;
        Ok(log.is_some_and(|log| log.last() >= commit))
    };
    // What a member did not send before it stopped does not come: then its own disk tells it.
    scene.wait_for(WITNESS_TIME_MAX, has_all).await?;
    scene.witness.kill()?;
    match scene.history.take() {
        Some(history) => history.end(),
        None => Ok(()),
    }
}
