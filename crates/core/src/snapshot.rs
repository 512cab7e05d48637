//! A snapshot of the table, read in parts while it changes, and how many bytes the table is.

use crate::command::{Action, Command, HoldAction, Item};
use crate::facts::{Counters, Fact, WaitFact};
use crate::ids::Value;
use crate::limits::VALUE_BYTES_MAX;
use crate::state::{DUE_BYTES, State};
use crate::table::{ALLOCATION_BYTES, Row, Table};

/// How far a snapshot is read.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Snapshot(Option<Reading>);

#[derive(Clone, Copy, Debug)]
struct Reading {
    /// The counters as they were when it began.
    counters: Counters,
    part: Part,
}

/// In the order in which facts come.
#[derive(Clone, Copy, Debug)]
enum Part {
    Counters,
    Sessions,
    Holds,
    Waits,
    Rests,
    Ended,
    EndedSessions,
}

/// That one is being read is no part of what a table says.
impl PartialEq for Snapshot {
    fn eq(&self, _: &Snapshot) -> bool {
        true
    }
}

impl Eq for Snapshot {}

impl State {
    /// Begins a snapshot of the table as it is now, in place of one that was not read to its end.
    /// It is read with [`State::next_facts`], whatever is applied meanwhile.
    pub fn begin_snapshot(&mut self) {
        self.sessions.begin_reading();
        self.holds.begin_reading();
        self.waits.begin_reading();
        self.locks.begin_reading();
        self.history.holds.rows.begin_reading();
        self.history.sessions.rows.begin_reading();
        self.snapshot = Snapshot(Some(Reading { counters: self.counters, part: Part::Counters }));
    }

    /// Adds the next facts of the snapshot to `out`, in the order in which
    /// [`Restore`](crate::facts::Restore) wants them: about as many as `rows_max`, less where they
    /// are large. Gives whether there may be more. None are given of a snapshot that was not begun,
    /// was given up, or is at its end.
    pub fn next_facts(&mut self, rows_max: usize, out: &mut Vec<Fact>) -> bool {
        let Some(Reading { counters, mut part }) = self.snapshot.0 else { return false };
        let mut left = rows_max;
        loop {
            let from = out.len();
            let (rest, next) = match part {
                Part::Counters => {
                    out.push(Fact::Counters(counters));
                    (Some(left), Some(Part::Sessions))
                }
                Part::Sessions => (self.sessions.read(left, out), Some(Part::Holds)),
                Part::Holds => (self.holds.read(left, out), Some(Part::Waits)),
                Part::Waits => (self.waits.read(left, out), Some(Part::Rests)),
                Part::Rests => {
                    let rest = self.locks.read(left, out);
                    let rests = out.split_off(from);
                    out.extend(rests.into_iter().filter(|fact| !is_over(fact, counters)));
                    (rest, Some(Part::Ended))
                }
                Part::Ended => (self.history.holds.rows.read(left, out), Some(Part::EndedSessions)),
                Part::EndedSessions => (self.history.sessions.rows.read(left, out), None),
            };
            match (rest, next) {
                (None, _) => break,
                (Some(_), None) => {
                    self.end_snapshot();
                    return false;
                }
                (Some(rest), Some(next)) => (left, part) = (rest, next),
            }
        }
        self.snapshot = Snapshot(Some(Reading { counters, part }));
        true
    }

    /// Gives up the snapshot that is being read, if one is.
    pub fn end_snapshot(&mut self) {
        self.sessions.end_reading();
        self.holds.end_reading();
        self.waits.end_reading();
        self.locks.end_reading();
        self.history.holds.rows.end_reading();
        self.history.sessions.rows.end_reading();
        self.snapshot = Snapshot(None);
    }

    /// About the bytes that are kept for the snapshot that is being read: of what changed before it
    /// was read.
    #[must_use]
    pub fn kept_bytes(&self) -> usize {
        self.sessions.kept_bytes()
            + self.holds.kept_bytes()
            + self.waits.kept_bytes()
            + self.locks.kept_bytes()
            + self.history.holds.rows.kept_bytes()
            + self.history.sessions.rows.kept_bytes()
    }

    /// About the bytes that the table takes in memory, by the same count on every replica. Rather
    /// too many than too few: what rows share counts for each of them, as it would be after a
    /// restart.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.sessions.bytes()
            + self.holds.bytes()
            + self.waits.bytes()
            + self.locks.bytes()
            + self.history.bytes()
    }

    /// The facts of a snapshot of the table as it is, for who has it to himself meanwhile.
    pub fn facts(&self) -> impl Iterator<Item = Fact> + '_ {
        fn of<R: Row>(rows: &Table<R>) -> impl Iterator<Item = Fact> + '_ {
            rows.iter().filter_map(|(key, row)| row.fact(key))
        }
        let counters = self.counters;
        let rests = of(&self.locks).filter(move |fact| !is_over(fact, counters));
        std::iter::once(Fact::Counters(counters))
            .chain(of(&self.sessions))
            .chain(of(&self.holds))
            .chain(of(&self.waits))
            .chain(rests)
            .chain(of(&self.history.holds.rows))
            .chain(of(&self.history.sessions.rows))
    }

    /// About the bytes by which the table may grow when this command is applied and all that it
    /// asks is granted in the end.
    #[must_use]
    pub fn growth_bytes(command: &Command) -> usize {
        /// The rows of a hold and its lock, or of a waiter, and of what is remembered of it.
        const ITEM_BYTES: usize = 1_024;
        /// An answer that is kept.
        const ANSWER_BYTES: usize = 1_024;
        let value = |value: &Option<Value>| value.as_ref().map_or(0, |it| it.as_bytes().len());
        // In the lock, its hold, an answer and the history.
        let item = |it: &Item| ITEM_BYTES + 6 * it.name.as_str().len() + value(&it.value);
        let on_hold = |action: &HoldAction| match action {
            HoldAction::SetValue(of) => ANSWER_BYTES + value(of),
            HoldAction::Release | HoldAction::Downgrade | HoldAction::Renew(_) => ANSWER_BYTES,
        };
        match command {
            Command::OpenSession(open) => ITEM_BYTES + 2 * open.owner.bytes(),
            Command::Request { action, .. } => match action {
                Action::Acquire(acquire) => ANSWER_BYTES + item(&acquire.item),
                Action::AcquireMany(many) => {
                    ANSWER_BYTES + many.items.iter().map(item).sum::<usize>()
                }
                // It takes the name and the value of the hold that it exchanges.
                Action::Upgrade { .. } => ANSWER_BYTES + ITEM_BYTES + VALUE_BYTES_MAX,
                Action::Cancel { .. } => 2 * ANSWER_BYTES,
                Action::Hold(_, action) => on_hold(action),
            },
            Command::ByHold { action, .. } => on_hold(action),
            Command::Renew(_) | Command::CloseSession { .. } | Command::Revoke { .. } => 0,
        }
    }
}

/// A rest that ended, and was not noticed yet, is not told.
fn is_over(fact: &Fact, counters: Counters) -> bool {
    matches!(fact, Fact::Rest { until, .. } if *until <= counters.now)
}

impl Row for WaitFact {
    type Key = u64;

    fn more_bytes(&self, _: &u64) -> usize {
        let item = |item: &Item| {
            let value = item.value.as_ref().map_or(0, |value| value.as_bytes().len());
            size_of::<Item>() + item.name.as_str().len() + value + 2 * ALLOCATION_BYTES
        };
        let items: usize = self.items.iter().map(item).sum();
        items + ALLOCATION_BYTES + DUE_BYTES
    }

    fn fact(&self, _: &u64) -> Option<Fact> {
        Some(Fact::Wait(self.clone()))
    }
}
