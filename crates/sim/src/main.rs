//! The simulator as a program: runs seeds, and says of each failure how to see it again.

use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use bramah_sim::plan::{Fault, Plan, Wishes};
use bramah_sim::runner::{self, Batch, News};
use bramah_sim::shrink;
use bramah_sim::summary::Summary;
use bramah_sim::trace::Sink;
use bramah_sim::world::Report;
use clap::Parser;

/// From so many seeds on everything that can be reached should have been.
const SEEDS_FOR_ALL: u64 = 1_000;
/// How long a failing plan is made smaller.
const SHRINK_TIME_MAX: Duration = Duration::from_secs(120);
/// How often the progress is said where no terminal is.
const PROGRESS_EVERY: Duration = Duration::from_secs(10);

/// Runs a whole lock service, its clients, network, disks and clocks in one thread, from one seed,
/// and looks whether every promise is kept.
///
/// Exit codes: 0 all kept, 1 a promise broken, 2 something was never reached in 1,000 seeds or
/// more, 64 usage.
#[derive(Debug, Parser)]
#[command(name = "bramah-sim", version)]
struct Args {
    /// Run this seed; with --seeds, the first of so many
    #[arg(long)]
    seed: Option<u64>,
    /// Run so many seeds, from a fresh one on unless --seed is given
    #[arg(long)]
    seeds: Option<u64>,
    /// Begin no run after so many minutes
    #[arg(long)]
    minutes: Option<f64>,
    /// Members at the beginning; drawn, if not given
    #[arg(long, value_parser = ["1", "3", "5"])]
    members: Option<String>,
    /// Only these kinds of faults, and all of them; "none" for none
    #[arg(long, value_delimiter = ',')]
    faults: Option<Vec<String>>,
    /// Run the plan in this file
    #[arg(long, conflicts_with_all = ["seed", "seeds", "minutes", "members", "faults"])]
    plan: Option<PathBuf>,
    /// Print the plan of --seed, and run nothing
    #[arg(long, requires = "seed", conflicts_with_all = ["seeds", "minutes"])]
    print_plan: bool,
    /// Print everything that happens in the run
    #[arg(long, conflicts_with_all = ["seeds", "minutes"])]
    trace: bool,
    /// Print a digest of everything that happened
    #[arg(long)]
    digest: bool,
    /// Runs at one time; as many as there are processors, if not given
    #[arg(long)]
    jobs: Option<usize>,
    /// Print the summary as JSON
    #[arg(long)]
    json: bool,
    /// Do not make a failing plan smaller
    #[arg(long)]
    no_shrink: bool,
    /// Exit with 0 also when something was never reached
    #[arg(long)]
    allow_unreached: bool,
    /// Put known bugs back, and see whether each is found: those named, or all
    #[cfg(feature = "mutants")]
    #[arg(long, value_name = "NAME", num_args = 0.., value_delimiter = ',')]
    mutants: Option<Vec<String>>,
    /// Run with this known bug
    #[cfg(feature = "mutants")]
    #[arg(long, value_name = "NAME", conflicts_with = "mutants")]
    mutant: Option<String>,
    /// Seeds that --mutants tries for each
    #[cfg(feature = "mutants")]
    #[arg(long, requires = "mutants", default_value_t = bramah_sim::mutants::SEEDS_MAX)]
    seeds_max: u64,
}

fn main() -> ExitCode {
    let args = Args::try_parse().unwrap_or_else(|error| {
        let _ = error.print();
        std::process::exit(if error.use_stderr() { 64 } else { 0 });
    });
    match run(&args) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("bramah-sim: {error:#}");
            ExitCode::from(64)
        }
    }
}

fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let wishes = wishes(args)?;
    #[cfg(feature = "mutants")]
    if let Some(names) = &args.mutants {
        return hunt_mutants(names, args.seeds_max, jobs(args));
    }
    #[cfg(feature = "mutants")]
    bramah_sim::mutants::switch_on(args.mutant.as_deref())?;
    if let Some(path) = &args.plan {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("could not read {}", path.display()))?;
        let plan = Plan::from_text(&text)?;
        return Ok(run_one(args, plan, &format!("--plan {}", path.display())));
    }
    let is_one = args.seeds.is_none() && args.minutes.is_none();
    match args.seed {
        Some(seed) if is_one => {
            let plan = Plan::draw(seed, &wishes);
            if args.print_plan {
                print!("{}", plan.to_text());
                return Ok(ExitCode::SUCCESS);
            }
            warn_of_no_fault(&wishes, plan.faults.len());
            Ok(run_one(args, plan, &replay_of(args, seed)))
        }
        seed => run_many(args, wishes, seed),
    }
}

fn wishes(args: &Args) -> anyhow::Result<Wishes> {
    let members = args.members.as_ref().map(|members| members.parse()).transpose()?;
    let Some(names) = &args.faults else { return Ok(Wishes { members, faults: None }) };
    let mut faults = Vec::new();
    for name in names.iter().filter(|name| *name != "none") {
        match Fault::NAMES.iter().find(|known| *known == name) {
            Some(known) => faults.push(*known),
            None => bail!("there is no fault named {name}; there are {}", Fault::NAMES.join(", ")),
        }
    }
    Ok(Wishes { members, faults: Some(faults) })
}

/// Without a fault, that all went well says little to somebody who asked for some.
fn warn_of_no_fault(wishes: &Wishes, faults: usize) {
    let wanted = wishes.faults.as_deref().unwrap_or_default();
    if faults == 0 && !wanted.is_empty() {
        let wanted = wanted.join(", ");
        eprintln!("no fault at all happened: none of {wanted} was drawn; try other seeds");
    }
}

fn run_one(args: &Args, plan: Plan, replay: &str) -> ExitCode {
    let begun = Instant::now();
    let sink = match (args.trace, args.digest) {
        (true, _) => Sink::Text(Box::new(std::io::BufWriter::new(std::io::stdout()))),
        (false, true) => Sink::Digest,
        (false, false) => Sink::Nowhere,
    };
    let report = runner::run(plan.clone(), sink);
    let mut summary = Summary::default();
    summary.add(&report);
    let is_broken = report.broken.is_some();
    if let Some(note) = &report.note {
        eprintln!("ended at {}: {note}", report.time);
    }
    if is_broken {
        tell_failure(&report, replay);
    }
    if args.digest
        && let Some(digest) = report.digest
    {
        println!("seed {} digest {digest:016x}", report.seed);
    } else if !args.trace {
        print_summary(args, &summary, begun.elapsed());
    }
    if is_broken && !args.no_shrink && !args.trace {
        make_smaller(&plan);
    }
    ExitCode::from(u8::from(is_broken))
}

fn run_many(args: &Args, wishes: Wishes, first: Option<u64>) -> anyhow::Result<ExitCode> {
    let first = match first {
        Some(first) => first,
        None => fresh_seed()?,
    };
    let all_day = args.minutes.is_some() && args.seeds.is_none();
    let batch = Batch {
        first,
        seeds: if all_day { u64::MAX } else { args.seeds.unwrap_or(100) },
        time_max: args.minutes.map(|minutes| Duration::from_secs_f64(minutes * 60.0)),
        jobs: jobs(args),
        wishes,
        digest: args.digest,
    };
    eprintln!("seeds from {first} on, {} at a time", batch.jobs);
    let begun = Instant::now();
    let mut summary = Summary::default();
    let mut progress = Progress::new();
    runner::run_batch(&batch, |news| {
        if let News::Done(report) = news {
            summary.add(&report);
            if report.broken.is_some() {
                progress.clear();
                tell_failure(&report, &replay_of(args, report.seed));
            }
        }
        progress.tell(|| summary.progress(begun.elapsed()));
    });
    progress.clear();
    let took = begun.elapsed();
    print_summary(args, &summary, took);
    warn_of_no_fault(&batch.wishes, usize::try_from(summary.faults).unwrap_or(usize::MAX));
    if let Some((seed, _)) = summary.failures.first() {
        if !args.no_shrink {
            make_smaller(&Plan::draw(*seed, &batch.wishes));
        }
        return Ok(ExitCode::from(1));
    }
    Ok(judge_coverage(args, &summary))
}

fn jobs(args: &Args) -> usize {
    let processors = || std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    args.jobs.unwrap_or_else(processors)
}

/// Exit code 1 if one is not found.
#[cfg(feature = "mutants")]
fn hunt_mutants(names: &[String], seeds_max: u64, jobs: usize) -> anyhow::Result<ExitCode> {
    let mutants = bramah_sim::mutants::named(names)?;
    let begun = Instant::now();
    let missed =
        bramah_sim::mutants::table(&mutants, seeds_max, jobs, &mut std::io::stdout().lock())?;
    let (all, found) = (mutants.len(), mutants.len() - missed.len());
    println!("{found} of {all} were found, in {:.0} s", begun.elapsed().as_secs_f64());
    Ok(ExitCode::from(u8::from(!missed.is_empty())))
}

/// Something that many seeds never reached is as bad as a test that does not run.
fn judge_coverage(args: &Args, summary: &Summary) -> ExitCode {
    let never = summary.never_reached().len();
    if never == 0 || args.faults.is_some() || args.members.is_some() {
        return ExitCode::SUCCESS;
    }
    if summary.runs < SEEDS_FOR_ALL {
        eprintln!("{never} things were never reached: {} seeds are too few to say", summary.runs);
        return ExitCode::SUCCESS;
    }
    eprintln!("{never} things were never reached in {} seeds", summary.runs);
    ExitCode::from(if args.allow_unreached { 0 } else { 2 })
}

fn fresh_seed() -> anyhow::Result<u64> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).map_err(|error| anyhow::anyhow!("no random seed: {error}"))?;
    // Short enough to be read out.
    Ok(u64::from_le_bytes(bytes) >> 28)
}

fn print_summary(args: &Args, summary: &Summary, took: Duration) {
    if args.json {
        println!("{:#}", summary.json(took));
    } else {
        print!("{}", summary.text(took));
    }
}

fn replay_of(args: &Args, seed: u64) -> String {
    let mut replay = format!("--seed {seed}");
    if let Some(members) = &args.members {
        replay = format!("{replay} --members {members}");
    }
    if let Some(faults) = &args.faults {
        replay = format!("{replay} --faults {}", faults.join(","));
    }
    replay
}

fn tell_failure(report: &Report, replay: &str) {
    let Some(broken) = &report.broken else { return };
    eprintln!(
        "\nseed {} breaks {broken}\n  version {} ({}), {} faults before it\n  see it again with: \
         cargo run --release -p bramah-sim -- {replay} --trace",
        report.seed,
        env!("CARGO_PKG_VERSION"),
        commit(),
        report.faults
    );
}

/// The commit of the working folder, if that is one.
fn commit() -> String {
    let output = Command::new("git").args(["describe", "--always", "--dirty"]).output();
    let text = output.ok().filter(|output| output.status.success());
    text.and_then(|output| String::from_utf8(output.stdout).ok())
        .map_or_else(|| "unknown commit".to_owned(), |text| text.trim().to_owned())
}

fn make_smaller(plan: &Plan) {
    eprintln!("\nmaking the plan of seed {} smaller ...", plan.seed);
    let run = |plan| runner::run(plan, Sink::Nowhere).broken;
    let Some(shrunk) = shrink::shrink(plan, SHRINK_TIME_MAX, run) else {
        eprintln!("it does not break anything when it is run again");
        return;
    };
    eprintln!(
        "after {} runs it has {} of {} faults, and breaks {}\n  write this to a file and run it \
         with: cargo run --release -p bramah-sim -- --trace --plan FILE\n\n{}",
        shrunk.runs,
        shrunk.plan.faults.len(),
        plan.faults.len(),
        shrunk.broken,
        shrunk.plan.to_text()
    );
}

/// A line on stderr that says how far it is.
struct Progress {
    is_terminal: bool,
    told: Instant,
    has_line: bool,
}

impl Progress {
    fn new() -> Progress {
        let is_terminal = std::io::stderr().is_terminal();
        Progress { is_terminal, told: Instant::now(), has_line: false }
    }

    fn tell(&mut self, line: impl FnOnce() -> String) {
        let every = if self.is_terminal { Duration::from_millis(200) } else { PROGRESS_EVERY };
        if self.told.elapsed() < every {
            return;
        }
        self.told = Instant::now();
        if self.is_terminal {
            eprint!("\r\x1b[K{}", line());
            let _ = std::io::stderr().flush();
            self.has_line = true;
        } else {
            eprintln!("{}", line());
        }
    }

    /// Makes room for other lines.
    fn clear(&mut self) {
        if std::mem::take(&mut self.has_line) {
            eprint!("\r\x1b[K");
        }
    }
}
