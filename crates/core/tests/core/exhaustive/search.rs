//! Goes to every world there is, nearest first, and tells the way to one where a promise breaks.

use std::collections::{HashSet, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use super::bounds::Bounds;
use super::form::fingerprint;
use super::reached::Reached;
use super::steps::check_step;
use super::world::World;
use super::worlds::check_world;

/// What a search has seen.
#[derive(Debug, Default)]
pub(crate) struct Report {
    pub(crate) worlds: usize,
    pub(crate) steps: u64,
    /// Acts from the empty table to the furthest world.
    pub(crate) depth: u32,
    /// No world was left out.
    pub(crate) is_complete: bool,
    pub(crate) reached: Reached,
}

impl Report {
    /// These variants were met: the bounds allow them.
    pub(crate) fn expect<const N: usize>(&self, variants: [&str; N]) {
        let missed = self.reached.missed();
        let wanted = variants.iter().filter(|variant| missed.contains(variant));
        assert_eq!(wanted.collect::<Vec<_>>(), Vec::<&&str>::new(), "never met");
    }
}

/// How a world was come to first: from which, by which of its acts, after how many.
#[derive(Clone, Copy)]
struct Came {
    from: u32,
    by: u16,
    depth: u32,
}

/// Explores all that the bounds allow, or until there are `worlds_max` worlds.
pub(crate) fn explore(bounds: &Bounds, worlds_max: usize) -> Report {
    let mut search = Search { bounds, came: Vec::new(), report: Report::default() };
    let start = World::empty(bounds.clients);
    let mut seen = HashSet::from([fingerprint(&start, bounds)]);
    search.came.push(Came { from: 0, by: 0, depth: 0 });
    let mut ahead = VecDeque::from([(0_u32, start)]);
    let mut is_cut = false;
    while let Some((index, world)) = ahead.pop_front() {
        search.guarded(index, None, |reached| check_world(&world, reached));
        for (by, act) in world.acts(bounds).iter().enumerate() {
            search.report.steps += 1;
            let after = search.guarded(index, Some(by), |reached| {
                let step = world.step(act);
                check_step(&world, act, &step, reached);
                step.after
            });
            if !seen.insert(fingerprint(&after, bounds)) {
                continue;
            }
            if search.came.len() == worlds_max {
                is_cut = true;
                continue;
            }
            let depth = search.came[index as usize].depth + 1;
            let next = u32::try_from(search.came.len()).expect("fewer than 4 billion worlds");
            search.came.push(Came { from: index, by: u16::try_from(by).expect("few acts"), depth });
            search.report.depth = depth;
            ahead.push_back((next, after));
        }
    }
    Report { worlds: search.came.len(), is_complete: !is_cut, ..search.report }
}

struct Search<'a> {
    bounds: &'a Bounds,
    came: Vec<Came>,
    report: Report,
}

impl Search<'_> {
    /// Does `work` in a world; if it panics, tells how that world was come to.
    fn guarded<T>(
        &mut self,
        index: u32,
        by: Option<usize>,
        work: impl FnOnce(&mut Reached) -> T,
    ) -> T {
        let work = AssertUnwindSafe(|| work(&mut self.report.reached));
        catch_unwind(work).unwrap_or_else(|panic| {
            self.tell(index, by);
            resume_unwind(panic)
        })
    }

    fn tell(&self, index: u32, by: Option<usize>) {
        let mut way: Vec<usize> = by.into_iter().collect();
        let mut at = index;
        while at != 0 {
            way.push(usize::from(self.came[at as usize].by));
            at = self.came[at as usize].from;
        }
        eprintln!("\nThe shortest way there, in {} acts:", way.len());
        let mut world = World::empty(self.bounds.clients);
        while let Some(by) = way.pop() {
            let act = world.acts(self.bounds).swap_remove(by);
            eprintln!("at {} {act:?}", world.now().0);
            let step = catch_unwind(AssertUnwindSafe(|| world.step(&act)));
            let Ok(step) = step else { return };
            for event in &step.events {
                eprintln!("    {:?}", event.what);
            }
            if let Some(outcome) = &step.outcome {
                eprintln!("    -> {outcome:?}");
            }
            world = step.after;
        }
    }
}
