//! Known bugs, put back one at a time: whether the simulator finds each, and in how many seeds.
//!
//! A bug that is not found is a hole in a checker, or something that clients or faults never do. A
//! run that stops with a panic of the product has found its bug too.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context;
use bramah_core::mutant::{self, Mutant};

use crate::plan::{Plan, Wishes};
use crate::runner;
use crate::trace::Sink;

/// Seeds that are tried for each bug, unless another number is asked for.
pub const SEEDS_MAX: u64 = 2_000;

/// Rows that wait for the one before them.
const ROWS_LEN_MAX: usize = 256;

/// What came of one bug.
#[derive(Clone, Debug)]
pub struct Row {
    /// Which.
    pub mutant: Mutant,
    /// The seeds that were run.
    pub seeds: u64,
    /// The promise that broke in the last of them, and what happened.
    pub found: Option<(String, String)>,
    /// How long it took.
    pub took: Duration,
}

/// The bugs of these names; all, if none is named.
///
/// # Errors
/// When there is none of a name.
pub fn named(names: &[String]) -> anyhow::Result<Vec<Mutant>> {
    if names.is_empty() {
        return Ok(Mutant::ALL.to_vec());
    }
    let parse = |name: &String| {
        Mutant::parse(name).with_context(|| format!("there is no mutant named {name}"))
    };
    names.iter().map(parse).collect()
}

/// Puts the bug of this name back for all that this thread runs.
///
/// # Errors
/// When there is none of that name.
pub fn switch_on(name: Option<&str>) -> anyhow::Result<()> {
    let mutant = name.map(|name| named(&[name.to_owned()])).transpose()?;
    mutant::switch_on(mutant.and_then(|mutants| mutants.first().copied()));
    Ok(())
}

/// Runs seeds from 1 on with this bug put back, until one finds it or `seeds_max` did not.
#[must_use]
pub fn hunt(mutant: Mutant, seeds_max: u64) -> Row {
    let began = Instant::now();
    let found = (1..=seeds_max).find_map(|seed| {
        let found = broken_by(seed, Some(mutant))?;
        // A seed that finds something without the bug says nothing about it.
        broken_by(seed, None).is_none().then_some((seed, found))
    });
    let seeds = found.as_ref().map_or(seeds_max, |(seed, _)| *seed);
    Row { mutant, seeds, found: found.map(|(_, found)| found), took: began.elapsed() }
}

/// The promise that this seed breaks with this bug put back, and how.
fn broken_by(seed: u64, mutant: Option<Mutant>) -> Option<(String, String)> {
    mutant::switch_on(mutant);
    let report = runner::run(Plan::draw(seed, &Wishes::default()), Sink::Nowhere);
    mutant::switch_on(None);
    report.broken.map(|broken| (broken.promise.to_owned(), broken.what))
}

/// Hunts these bugs, several at once, and writes a row for each as it comes, in their order. Gives
/// those that were not found.
///
/// # Errors
/// Of `out`.
pub fn table(
    mutants: &[Mutant],
    seeds_max: u64,
    jobs: usize,
    out: &mut impl Write,
) -> io::Result<Vec<Mutant>> {
    writeln!(out, "{:26} {:>6} {:>7}  what it breaks", "bug", "seeds", "time")?;
    let (next, (sender, rows)) = (AtomicUsize::new(0), mpsc::sync_channel(ROWS_LEN_MAX));
    thread::scope(|scope| {
        for _ in 0..jobs.max(1) {
            let (next, sender) = (&next, sender.clone());
            scope.spawn(move || {
                while let Some(mutant) = mutants.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let _ = sender.send(hunt(*mutant, seeds_max));
                }
            });
        }
        drop(sender);
        let mut early = BTreeMap::new();
        let mut missed = Vec::new();
        let mut order = mutants.iter();
        let mut wanted = order.next();
        for row in rows {
            early.insert(row.mutant, row);
            while let Some(row) = wanted.and_then(|mutant| early.remove(mutant)) {
                writeln!(out, "{row}")?;
                out.flush()?;
                missed.extend(row.found.is_none().then_some(row.mutant));
                wanted = order.next();
            }
        }
        Ok(missed)
    })
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, took) = (self.mutant.name(), self.took.as_secs_f64());
        match &self.found {
            Some((promise, what)) => {
                let what = what.lines().next().unwrap_or_default();
                let what: String = what.chars().take(WHAT_CHARS_MAX).collect();
                write!(f, "{name:26} {:>6} {took:>6.1}s  {promise}: {what}", self.seeds)
            }
            None => write!(
                f,
                "{name:26} {:>6} {took:>6.1}s  NOT FOUND: {}",
                self.seeds,
                self.mutant.what()
            ),
        }
    }
}

/// Characters of what happened that a row shows.
const WHAT_CHARS_MAX: usize = 120;
