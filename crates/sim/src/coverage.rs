//! How often each kind of fault, command, outcome and transition was reached, so that a run in
//! which something never happened says so.

use std::collections::BTreeMap;

/// Counts by kind and name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    counts: BTreeMap<(&'static str, &'static str), u64>,
}

impl Coverage {
    /// It happened once more.
    pub fn count(&mut self, kind: &'static str, name: &'static str) {
        self.add(kind, name, 1);
    }

    /// It happened so many times more.
    pub fn add(&mut self, kind: &'static str, name: &'static str, times: u64) {
        *self.counts.entry((kind, name)).or_default() += times;
    }

    /// How often it happened.
    #[must_use]
    pub fn get(&self, kind: &'static str, name: &'static str) -> u64 {
        self.counts.get(&(kind, name)).copied().unwrap_or_default()
    }

    /// Adds what another run reached.
    pub fn merge(&mut self, other: &Coverage) {
        for ((kind, name), times) in &other.counts {
            self.add(kind, name, *times);
        }
    }

    /// Everything that was counted, by kind and name.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &'static str, u64)> + '_ {
        self.counts.iter().map(|((kind, name), times)| (*kind, *name, *times))
    }
}
