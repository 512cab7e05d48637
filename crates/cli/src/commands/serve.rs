//! `bramah serve`: a server, from its settings to its last signal.

use std::path::Path;

use anyhow::Context;
use bramah_server::{Started, Storage};
use clap::ArgMatches;
use serde::Serialize;
use tokio::sync::oneshot;
use tracing_subscriber::filter::LevelFilter;

use super::settings::Plan;
use crate::args::{LogLevel, ServeArgs};
use crate::exit::{Exit, say};
use crate::output;
use crate::runtime;
use crate::signals::Signals;
use crate::stderr;

/// The line on stdout when the server takes connections.
#[derive(Serialize)]
struct Ready<'a> {
    /// With the port that it really has.
    address: String,
    /// None in memory.
    data: Option<&'a Path>,
    /// `synced`: on disk before it is acknowledged. `none`: in memory.
    durability: &'static str,
    connections_max: usize,
    /// Where it listens for other members.
    peer_address: Option<String>,
    node_id: u64,
    cluster_id: u64,
    pid: u32,
}

/// `matches` are those that `args` were made of.
pub(crate) fn run(args: ServeArgs, matches: &ArgMatches) -> anyhow::Result<Exit> {
    let plan = Plan::new(&args, matches)?;
    if args.print_config {
        output::line(plan)?;
        return Ok(Exit::OK);
    }
    stderr::make_lossy().context("could not start the thread that writes the log")?;
    tracing_subscriber::fmt()
        .with_writer(|| stderr::Log)
        .with_max_level(level(plan.log_level()))
        .with_target(false)
        .init();
    runtime::start()?.block_on(serve(plan.config(), args.json))
}

/// The server is alone on its thread.
async fn serve(config: bramah_server::Config, json: bool) -> anyhow::Result<Exit> {
    let mut signals = Signals::take().context("could not take signals")?;
    let (stop, stopped) = oneshot::channel();
    tokio::spawn(async move {
        signals.ending().await;
        // With the server gone there is nothing to stop.
        let _ = stop.send(());
        let second = signals.ending().await;
        say("stopped at once: what was under way may or may not have happened");
        stderr::flush();
        std::process::exit(Exit::Signal(second.as_raw()).code().into());
    });
    let announce = move |started: Started| {
        // On a thread of its own: whoever does not read it keeps no client waiting.
        std::thread::spawn(move || {
            if let Err(error) = announce(&started, json) {
                say(format_args!("could not say on stdout that the server is ready: {error:#}"));
            }
        });
    };
    // A sender that is gone means that the task with the signals is: nothing can stop the server
    // then.
    let stopped = async {
        if stopped.await.is_err() {
            std::future::pending().await
        }
    };
    bramah_server::serve(config, announce, stopped).await?;
    Ok(Exit::OK)
}

fn announce(started: &Started, json: bool) -> anyhow::Result<()> {
    let Started {
        address,
        peer_address,
        node_id,
        cluster_id,
        storage,
        connections_max,
        found,
        torn,
    } = started;
    let (data, durability) = match storage {
        Storage::Folder(folder) => (Some(folder.as_path()), "synced"),
        Storage::Memory => (None, "none"),
    };
    let place = match data {
        Some(folder) => {
            format!("data in {}, on disk before it is acknowledged", folder.display())
        }
        None => "data in memory only, gone when the server stops".to_owned(),
    };
    let count = |count: usize, what| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
    let found = match (found.locks, found.sessions) {
        (0, 0) => "no locks known yet".to_owned(),
        (locks, sessions) => format!(
            "found {} and {} that are known to be committed",
            count(locks, "lock"),
            count(sessions, "session")
        ),
    };
    say(format_args!(
        "serving bramah://{address}; {place}; {found}; at most {}",
        count(*connections_max, "connection"),
    ));
    match peer_address {
        Some(peers) => {
            say(format_args!("node {node_id} of cluster {cluster_id}; other members call {peers}"))
        }
        None => {
            say(format_args!("node {node_id} of cluster {cluster_id}; no port for other members"))
        }
    }
    if let Some(torn) = torn {
        say(format_args!(
            "the last write before a crash was cut off, and never acknowledged: {torn}"
        ));
    }
    if json {
        output::object(&Ready {
            address: address.to_string(),
            data,
            durability,
            connections_max: *connections_max,
            peer_address: peer_address.map(|address| address.to_string()),
            node_id: *node_id,
            cluster_id: *cluster_id,
            pid: std::process::id(),
        })?;
    }
    Ok(())
}

fn level(level: LogLevel) -> LevelFilter {
    match level {
        LogLevel::Off => LevelFilter::OFF,
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    }
}
