//! What is said about many runs.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

use crate::audit::Counts;
use crate::coverage::Coverage;
use crate::observe;
use crate::register::Figures;
use crate::runner::speed;
use crate::time::SimTime;
use crate::world::Report;

/// Many runs.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    /// How many.
    pub runs: u64,
    /// Those that broke a promise: seed and what.
    pub failures: Vec<(u64, String)>,
    /// Those that ended early, and rightly so.
    pub ended_early: u64,
    /// Simulated time, all together.
    pub time: SimTime,
    /// Faults that happened.
    pub faults: u64,
    /// Events.
    pub events: u64,
    /// What clients did.
    pub counts: Counts,
    /// How often each promise was looked at.
    pub checks: BTreeMap<&'static str, u64>,
    /// What was reached.
    pub coverage: Coverage,
    /// What fencing tokens were good for.
    pub registers: Figures,
    /// The digests of all runs, in one that does not depend on their order.
    pub digest: Option<u64>,
}

impl Summary {
    /// Adds a run.
    pub fn add(&mut self, report: &Report) {
        self.runs += 1;
        if let Some(broken) = &report.broken {
            self.failures.push((report.seed, broken.to_string()));
        }
        self.ended_early += u64::from(report.note.is_some());
        self.time = self.time.plus_us(report.time.0);
        self.faults += report.faults as u64;
        self.events += report.events;
        self.counts.grants += report.counts.grants;
        self.counts.commands += report.counts.commands;
        self.counts.entries += report.counts.entries;
        self.counts.calls += report.counts.calls;
        for (promise, checks) in &report.checks {
            *self.checks.entry(promise).or_default() += checks;
        }
        self.coverage.merge(&report.coverage);
        self.registers.merge(&report.registers);
        if let Some(digest) = report.digest {
            let own = digest.wrapping_mul(report.seed | 1);
            self.digest = Some(self.digest.unwrap_or_default().wrapping_add(own));
        }
    }

    /// One line while it goes on.
    #[must_use]
    pub fn progress(&self, took: Duration) -> String {
        format!(
            "{} seeds, {:.1} simulated hours, {:.0} x real time, {} grants, {} failures",
            self.runs,
            self.time.0 as f64 / 3.6e9,
            speed(self.time, took),
            self.counts.grants,
            self.failures.len()
        )
    }

    /// What can be reached and was not.
    #[must_use]
    pub fn never_reached(&self) -> Vec<(&'static str, &'static str)> {
        observe::never_reached(&self.coverage)
    }

    /// All of it.
    #[must_use]
    pub fn text(&self, took: Duration) -> String {
        let mut out = String::new();
        // Writing into a string does not fail.
        let _ = writeln!(out, "{} in {:.1} s", self.progress(took), took.as_secs_f64());
        let Counts { grants, commands, entries, calls } = self.counts;
        let _ = writeln!(
            out,
            "{calls} requests, {commands} commands in {entries} entries, {grants} grants, {} \
             faults, {} events, {} runs ended early as they must",
            self.faults, self.events, self.ended_early
        );
        let _ = writeln!(out, "{}", self.registers);
        if let Some(digest) = self.digest {
            let _ = writeln!(out, "digest {digest:016x}");
        }
        let _ = writeln!(out, "\nchecks");
        for (promise, checks) in &self.checks {
            let _ = writeln!(out, "  {promise:<24}{checks:>14}");
        }
        let mut last = "";
        for (kind, name, count) in self.coverage.iter() {
            if kind != last {
                let _ = writeln!(out, "\n{kind}");
                last = kind;
            }
            let _ = writeln!(out, "  {name:<40}{count:>14}");
        }
        let never = self.never_reached();
        if !never.is_empty() {
            let _ = writeln!(out, "\nnever reached");
            for (kind, name) in never {
                let _ = writeln!(out, "  {kind}: {name}");
            }
        }
        out
    }

    /// All of it, for programs.
    #[must_use]
    pub fn json(&self, took: Duration) -> serde_json::Value {
        let mut coverage = BTreeMap::<_, BTreeMap<_, u64>>::new();
        for (kind, name, count) in self.coverage.iter() {
            coverage.entry(kind).or_default().insert(name, count);
        }
        let never = self.never_reached();
        let failures: Vec<_> = self
            .failures
            .iter()
            .map(|(seed, what)| serde_json::json!({ "seed": seed, "what": what }))
            .collect();
        serde_json::json!({
            "seeds": self.runs,
            "failures": failures,
            "ended_early": self.ended_early,
            "simulated_seconds": self.time.0 as f64 / 1e6,
            "seconds": took.as_secs_f64(),
            "speed": speed(self.time, took),
            "requests": self.counts.calls,
            "commands": self.counts.commands,
            "entries": self.counts.entries,
            "grants": self.counts.grants,
            "faults": self.faults,
            "events": self.events,
            "writes": self.registers.writes,
            "late_writes_refused": self.registers.late_refused,
            "updates_lost_without_tokens": self.registers.updates_lost,
            "digest": self.digest.map(|digest| format!("{digest:016x}")),
            "checks": self.checks,
            "coverage": coverage,
            "never_reached": never,
        })
    }
}
