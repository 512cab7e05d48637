//! A client's process: the library over real sockets, with tasks that use it, and a record of what
//! goes over the wire and of what the tasks believe to hold.

use std::path::PathBuf;
use std::process::ExitCode;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bramah::sim::Tapped;
use bramah::{Locker, Owner};
use tokio::task::LocalSet;

use super::load::{Load, live};
use super::record::{Line, Recorder};
use crate::random::Random;

/// Tasks that use one locker.
const TASKS: usize = 5;
/// How long the client waits until it reaches somebody first.
const BEGINNING_TIME_MAX: Duration = Duration::from_secs(60);

/// What a client's process is told.
#[derive(Clone, Debug, clap::Args)]
pub struct ClientArgs {
    /// Which client
    #[arg(long)]
    no: u32,
    /// Which of its processes
    #[arg(long)]
    life: u32,
    /// Decides what its tasks do
    #[arg(long)]
    seed: u64,
    /// Addresses of servers
    #[arg(long)]
    servers: String,
    /// Where to write down what it sees
    #[arg(long)]
    record: PathBuf,
}

/// Works until its input ends, then until everything came to its end.
pub(super) fn run(args: &ClientArgs) -> anyhow::Result<ExitCode> {
    let recorder = Arc::new(Recorder::new(&args.record)?);
    let tap = recorder.clone();
    bramah::sim::listen(move |connection, what| {
        tap.now(&match what {
            Tapped::Connected(address) => {
                Line::Connected { connection, address: address.to_string() }
            }
            Tapped::Says(bytes) => Line::Says { connection, bytes: bytes.to_owned() },
            Tapped::Hears(bytes) => Line::Hears { connection, bytes: bytes.to_owned() },
            Tapped::Ended => Line::Ended { connection },
        });
    });
    let ends = Arc::new(AtomicBool::new(false));
    let ending = ends.clone();
    std::thread::spawn(move || {
        // Whatever comes, and the end most of all.
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        ending.store(true, Ordering::Relaxed);
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, work(args, recorder, ends))?;
    Ok(ExitCode::SUCCESS)
}

async fn work(
    args: &ClientArgs,
    recorder: Arc<Recorder>,
    ends: Arc<AtomicBool>,
) -> anyhow::Result<()> {
    let mut random = Random::new(args.seed, "client");
    let owner = Owner { host: format!("client-{}", args.no), pid: args.life, ..Owner::default() };
    let locker = Locker::builder()
        .url(format!("bramah://{}", args.servers))
        .ttl(Duration::from_millis(random.between(1_000, 5_000)))
        .owner(owner)
        .on_disconnect_release(random.chance(100_000))
        .connect_timeout(BEGINNING_TIME_MAX)
        .connect()
        .await?;
    let tasks: Vec<_> = (0..TASKS)
        .map(|task| {
            let random = Random::new(random.number(), &format!("task {task}"));
            let load = Load::new(locker.clone(), recorder.clone(), ends.clone(), random);
            tokio::task::spawn_local(live(Rc::new(load)))
        })
        .collect();
    for task in tasks {
        task.await?;
    }
    // It may be told too late that nobody is there any more.
    let _ = locker.close().await;
    Ok(())
}
