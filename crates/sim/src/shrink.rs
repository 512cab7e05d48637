//! Makes a plan that breaks a promise smaller, as long as the same promise breaks.

use std::time::{Duration, Instant};

use crate::audit::Broken;
use crate::plan::{Plan, Planned};
use crate::time::SimTime;

/// Runs that are tried to make a plan smaller.
const RUNS_MAX: u32 = 600;

/// A smaller plan, and what it breaks.
#[derive(Debug)]
pub struct Shrunk {
    /// The plan.
    pub plan: Plan,
    /// What it breaks.
    pub broken: Broken,
    /// How many runs that took.
    pub runs: u32,
}

/// The smallest plan that is found from `plan` within `time_max` and still breaks the same promise
/// in the same way; none if `plan` itself does not break one. `run` runs a plan, and gives what it
/// breaks.
pub fn shrink<F>(plan: &Plan, time_max: Duration, mut run: F) -> Option<Shrunk>
where
    F: FnMut(Plan) -> Option<Broken>,
{
    let broken = run(plan.clone())?;
    let until = Instant::now() + time_max;
    let best = Shrunk { plan: plan.clone(), broken, runs: 1 };
    let mut shrinker = Shrinker { best, until, run };
    // What comes after the end matters to nobody.
    shrinker.drop_what_comes_later();
    loop {
        let before = shrinker.best.plan.clone();
        shrinker.drop_faults();
        shrinker.drop_clients();
        shrinker.calm_the_rest();
        if shrinker.best.plan == before || shrinker.is_over() {
            return Some(shrinker.best);
        }
    }
}

struct Shrinker<F> {
    best: Shrunk,
    until: Instant,
    run: F,
}

impl<F: FnMut(Plan) -> Option<Broken>> Shrinker<F> {
    fn is_over(&self) -> bool {
        self.best.runs >= RUNS_MAX || Instant::now() >= self.until
    }

    /// Takes a plan over if it breaks the same promise.
    fn try_plan(&mut self, plan: Plan) -> bool {
        if self.is_over() || plan == self.best.plan {
            return false;
        }
        self.best.runs += 1;
        match (self.run)(plan.clone()) {
            Some(broken) if kind_of(&broken) == kind_of(&self.best.broken) => {
                (self.best.plan, self.best.broken) = (plan, broken);
                true
            }
            _ => false,
        }
    }

    fn drop_what_comes_later(&mut self) {
        let (mut plan, end) = (self.best.plan.clone(), self.best.broken.at);
        plan.faults.retain(|planned| planned.at <= end);
        self.try_plan(plan);
        let calm_at = end.plus_us(1_000_000).min(self.best.plan.calm_at);
        self.try_plan(Plan { calm_at, ..self.best.plan.clone() });
    }

    /// Halves first, then smaller parts, down to one by one.
    fn drop_faults(&mut self) {
        let mut size = self.best.plan.faults.len().div_ceil(2);
        while size > 0 {
            let mut from = 0;
            while from < self.best.plan.faults.len() && !self.is_over() {
                let mut plan = self.best.plan.clone();
                let end = (from + size).min(plan.faults.len());
                plan.faults.drain(from..end);
                if !self.try_plan(plan) {
                    from += size;
                }
            }
            size = if size == 1 { 0 } else { size.div_ceil(2) };
        }
    }

    fn drop_clients(&mut self) {
        while self.best.plan.clients > 1 {
            let clients = self.best.plan.clients;
            let fewer = |clients| Plan { clients, ..self.best.plan.clone() };
            let (half, one_less) = (fewer(clients / 2), fewer(clients - 1));
            if !self.try_plan(half) && !self.try_plan(one_less) {
                return;
            }
        }
    }

    /// Without what is not a fault of its own: a bad network, clocks that drift, more time.
    fn calm_the_rest(&mut self) {
        let plan = self.best.plan.clone();
        for kind in 0..4 {
            let mut network = self.best.plan.network;
            match kind {
                0 => network.drop_ppm = 0,
                1 => network.duplicate_ppm = 0,
                2 => network.late_ppm = 0,
                _ => network.break_ppm = 0,
            }
            self.try_plan(Plan { network, ..self.best.plan.clone() });
        }
        let mut clocks = plan.clocks;
        clocks.rate_ppm_max = 0;
        self.try_plan(Plan { clocks, ..self.best.plan.clone() });
        let last = self.best.plan.faults.last().map_or(SimTime(0), |planned: &Planned| planned.at);
        for share in [2, 4, 8, 16] {
            let calm_at = self.best.plan.calm_at.0;
            let calm_at = SimTime(calm_at - calm_at / share);
            if calm_at > last {
                self.try_plan(Plan { calm_at, ..self.best.plan.clone() });
            }
        }
    }
}

/// The promise, and how what happened begins: one promise can be broken in several ways.
fn kind_of(broken: &Broken) -> (&str, Option<&str>) {
    (broken.promise, broken.what.split(' ').next())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Fault, Wishes};

    /// Breaks when a kill comes after a partition, however it is put.
    fn run(plan: Plan) -> Option<Broken> {
        let place = |name| plan.faults.iter().position(|of| of.fault.name() == name);
        let kill = plan.faults.iter().rposition(|of| matches!(of.fault, Fault::Kill { .. }))?;
        let is_broken = place("partition").is_some_and(|cut| cut < kill) && plan.clients >= 2;
        let at = plan.faults[kill].at;
        is_broken.then(|| Broken { promise: "test", at, what: String::new() })
    }

    #[test]
    fn a_plan_is_made_as_small_as_what_it_shows() {
        let wishes = Wishes { members: Some(3), faults: Some(Fault::NAMES.to_vec()) };
        let is_large = |plan: &Plan| plan.faults.len() > 20 && plan.network.drop_ppm > 0;
        let plan = (0..)
            .map(|seed| Plan { clients: 5, ..Plan::draw(seed, &wishes) })
            .find(|plan| is_large(plan) && run(plan.clone()).is_some())
            .expect("there is one");
        let shrunk = shrink(&plan, Duration::from_secs(60), run).expect("it breaks");
        let names: Vec<&str> = shrunk.plan.faults.iter().map(|of| of.fault.name()).collect();
        assert_eq!(names, ["partition", "kill"]);
        assert_eq!(shrunk.plan.clients, 2);
        assert_eq!(shrunk.plan.network.drop_ppm, 0);
        assert!(shrunk.plan.calm_at < plan.calm_at);
    }

    #[test]
    fn a_plan_that_breaks_nothing_is_not_made_smaller() {
        let plan = Plan::draw(5, &Wishes { members: Some(3), faults: Some(Vec::new()) });
        assert!(shrink(&plan, Duration::from_secs(60), run).is_none());
    }
}
