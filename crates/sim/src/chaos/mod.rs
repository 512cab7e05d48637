//! Real servers on real networks, real clients with guards, and faults from outside; judged by the
//! same audit as a simulated run.
//!
//! `place` has the network namespaces and disks, which are all gone with the process; `server`
//! is a `bramah serve` in one of them, `client` a program that uses the library in another, and
//! `operator` asks the cluster how it is. A run is the usual one (`run`), in which `faults` breaks
//! things at random, or `kills`, or `rolling`; all end alike (`ending`). Everything that a client
//! says, is told and believes is written down (`record`) by the one clock of this machine, and
//! `judge` puts it into one order with the log of a witness, a member without a vote that no fault
//! touches.

mod client;
mod ending;
mod faults;
mod hear;
mod history;
mod installs;
mod judge;
mod kills;
mod load;
mod logs;
mod operator;
mod place;
mod record;
mod rolling;
mod run;
mod scene;
mod server;
mod wall_clock;

pub use self::client::ClientArgs;
use self::faults::Kind;
pub use self::place::{enter, why_not};
use self::scene::Scene;

use std::path::PathBuf;
use std::process::ExitCode;

/// What to run.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Break things for so many minutes
    #[arg(long, default_value_t = 1.0)]
    pub minutes: f64,
    /// Members of the cluster
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..=7))]
    pub members: u8,
    /// Decides which faults there are and what clients do; drawn and printed, if not given
    #[arg(long)]
    pub seed: Option<u64>,
    /// Instead, kill the leader so many times, and measure how long nobody is granted anything
    #[arg(long, value_name = "COUNT", conflicts_with_all = ["minutes", "faults", "rolling"])]
    pub kills: Option<u32>,
    /// Instead, restart every member once, under 200 holders and 200 that wait
    #[arg(long, conflicts_with_all = ["minutes", "faults"])]
    pub rolling: bool,
    /// Only these kinds of faults; "none" for none
    #[arg(long, value_delimiter = ',')]
    pub faults: Option<Vec<String>>,
    /// Processes of clients
    #[arg(long, default_value_t = 6)]
    pub clients: u8,
    /// Write records and logs into this folder, and leave them there
    #[arg(long)]
    pub keep: Option<PathBuf>,
    /// Judge once more what a run left in this folder
    #[arg(long, conflicts_with_all = ["keep", "faults", "minutes"])]
    pub again: Option<PathBuf>,
}

/// Runs what was asked for, inside of the place that [`enter`] made.
///
/// # Errors
/// Whatever kept the run from being one: then nothing is known.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let is_broken = match &args.again {
        Some(folder) => judge::judge(folder)?,
        None => {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(run_new(args))?
        }
    };
    Ok(ExitCode::from(u8::from(is_broken)))
}

/// Gives whether a promise was broken.
async fn run_new(args: &Args) -> anyhow::Result<bool> {
    let mut kinds = Kind::named(args.faults.as_deref())?;
    let seed = args.seed.map_or_else(draw_seed, Ok)?;
    println!("seed {seed}, {} members, {} clients", args.members, args.clients);
    let is_usual = args.kills.is_none() && !args.rolling;
    let mut faketime = None;
    if is_usual && kinds.contains(&Kind::ClockJump) {
        match wall_clock::library() {
            Ok(library) => faketime = Some(library),
            Err(why) => {
                println!("SKIPPED: clock_jump: {why}");
                kinds.retain(|kind| *kind != Kind::ClockJump);
            }
        }
    }
    let mut scene = Scene::new(args, seed, faketime).await?;
    let went = match args.kills {
        Some(kills) => kills::run(&mut scene, kills).await,
        None if args.rolling => rolling::run(&mut scene).await,
        None => run::run(&mut scene, kinds, seed, args.minutes).await.map(|()| true),
    };
    let ended = match went {
        Ok(is_as_promised) => ending::end(&mut scene).await.map(|broken| broken || !is_as_promised),
        Err(error) => Err(error),
    };
    let is_broken = ended.unwrap_or_else(|error| {
        println!("BROKEN: {error:#}");
        true
    });
    if args.keep.is_some() {
        scene.keep_data()?;
    }
    if is_broken && is_usual {
        let minutes = args.minutes;
        println!("the same faults, if not the same run: --seed {seed} --minutes {minutes}");
    }
    Ok(is_broken)
}

/// Short enough to be read out.
fn draw_seed() -> anyhow::Result<u64> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).map_err(|error| anyhow::anyhow!("no random seed: {error}"))?;
    Ok(u64::from_le_bytes(bytes) >> 28)
}

/// The program of one client, inside of its namespace.
///
/// # Errors
/// It could not begin.
pub fn run_client(args: &ClientArgs) -> anyhow::Result<ExitCode> {
    client::run(args)
}
