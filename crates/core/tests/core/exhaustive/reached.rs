//! Which answers and which news were met on the way.

use std::collections::BTreeSet;

use bramah_core::{EndReason, Happening, Outcome, Refusal, WaitEnd};

/// The names of an enum's variants, and which of them a value is. A variant that is not listed does
/// not compile.
macro_rules! variants {
    ($all:ident, $index:ident, $type:ident: $($name:ident)+) => {
        pub(crate) const $all: &[&str] =
            &[$(concat!(stringify!($type), "::", stringify!($name))),+];

        pub(crate) fn $index(value: &$type) -> usize {
            #[derive(Clone, Copy)]
            enum Index { $($name),+ }
            (match value { $($type::$name { .. } => Index::$name),+ }) as usize
        }
    };
}

variants!(OUTCOMES, outcome_index, Outcome: SessionOpened Renewed SessionClosed Granted AlreadyHeld
    Queued Busy WaitTimedOut Cancelled Released ValueSet Downgraded HoldRenewed Revoked Refused);
variants!(REFUSALS, refusal_index, Refusal: SessionUnknown SessionEnded NotHolder RequestStale
    RequestCancelled QueueFull LimitExceeded KindMismatch Deadlock Invalid);
variants!(HAPPENINGS, happening_index, Happening: Granted HoldEnded Queued WaitEnded ValueSet
    Downgraded SessionEnded);
variants!(ENDS, end_index, EndReason: Released Expired SessionClosed Disconnected Revoked MaxHold
    Upgraded Cancelled);
variants!(WAIT_ENDS, wait_end_index, WaitEnd: TimedOut Cancelled SessionEnded HoldEnded);

/// A number for each kind of answer.
pub(crate) fn index_of(outcome: &Outcome) -> u64 {
    outcome_index(outcome) as u64
}

/// The variants that were met.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reached(BTreeSet<&'static str>);

impl Reached {
    pub(crate) fn outcome(&mut self, outcome: &Outcome) {
        self.0.insert(OUTCOMES[outcome_index(outcome)]);
        match outcome {
            Outcome::Refused(refusal) => self.refusal(refusal),
            Outcome::Renewed(all) => {
                all.iter().filter_map(|one| one.as_ref().err()).for_each(|r| self.refusal(r));
            }
            _ => {}
        }
    }

    fn refusal(&mut self, refusal: &Refusal) {
        self.0.insert(REFUSALS[refusal_index(refusal)]);
    }

    pub(crate) fn happening(&mut self, what: &Happening) {
        self.0.insert(HAPPENINGS[happening_index(what)]);
        match what {
            Happening::HoldEnded { reason, .. } | Happening::SessionEnded { reason, .. } => {
                self.0.insert(ENDS[end_index(reason)]);
            }
            Happening::WaitEnded { reason, .. } => {
                self.0.insert(WAIT_ENDS[wait_end_index(reason)]);
            }
            _ => {}
        }
    }

    /// All variants there are, but those that were met.
    pub(crate) fn missed(&self) -> Vec<&'static str> {
        let all = [OUTCOMES, REFUSALS, HAPPENINGS, ENDS, WAIT_ENDS].concat();
        all.into_iter().filter(|name| !self.0.contains(name)).collect()
    }
}
