//! Whoever knows what everybody was told, and compares it with what was promised.
//!
//! The audit follows the committed log with a table of its own, and hears of everything that
//! clients ask, are told, and believe. It has one checker for each promise, in a file of its name.

use bramah_core::{LockName, State};
use bramah_node::{Node, Persist};
use bramah_wal::Entry;

use crate::fact::{Fact, Held};
use crate::plan::Plan;
use crate::time::SimTime;

/// What the audit may ask about this instant.
pub trait Witness {
    /// The holds on a lock that clients which are alive believe in right now, each by its own
    /// clock. One that stands still is asked as if it looked now.
    fn believers(&self, name: &LockName) -> Vec<Held>;

    /// Members that can reach each other make up a majority, and none of them stands still: a
    /// leader could do its work.
    fn is_majority_whole(&self) -> bool;
}

/// A promise that was not kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// Which, as `guarantees.md` names it.
    pub promise: &'static str,
    /// When.
    pub at: SimTime,
    /// What happened.
    pub what: String,
}

/// The audit of one run.
#[derive(Debug)]
pub struct Audit {
    broken: Option<Broken>,
}

impl Audit {
    /// The audit of a run by this plan.
    #[must_use]
    pub fn new(_plan: &Plan) -> Audit {
        Audit { broken: None }
    }

    /// A member was started from its disk: with a snapshot at this index and term, and these
    /// entries behind it. Everything up to `snapshot.0` counts as applied by it.
    pub fn recovered(
        &mut self,
        _now: SimTime,
        _member: u64,
        _snapshot: (u64, u64),
        _entries: &[Entry],
    ) {
    }

    /// A member was ordered to write this.
    pub fn ordered(&mut self, _member: u64, _persist: &Persist) {}

    /// What a member was ordered to write, up to this number, is durable.
    pub fn durable(&mut self, _member: u64, _number: u64) {}

    /// A member replaced its log by a snapshot with this table.
    pub fn installed(&mut self, _now: SimTime, _member: u64, _at: (u64, u64), _state: &State) {}

    /// A member was stepped: it may have applied more, and lead or not. Before the replies and
    /// notices of that step are delivered to anybody.
    pub fn stepped(&mut self, _now: SimTime, _member: u64, _node: &Node, _witness: &dyn Witness) {}

    /// Something was seen.
    pub fn fact(&mut self, _now: SimTime, _fact: &Fact<'_>, _witness: &dyn Witness) {}

    /// The run is over: everything that waited should have come to its end.
    pub fn end(&mut self, _now: SimTime, _witness: &dyn Witness) {}

    /// The first promise that was not kept.
    #[must_use]
    pub fn broken(&self) -> Option<&Broken> {
        self.broken.as_ref()
    }
}
