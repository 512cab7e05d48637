//! What other members said that they have of the log. One that comes back with less was given an
//! old data folder, or lost what it wrote: it would vote for what it forgot.
//!
//! Only who led when they said it knows. What was said stays true: nothing that a member has as of
//! a term goes away in that term, and the next one makes it say so again.

use std::collections::BTreeMap;

use bramah_wire::link::LogEnd;

/// The most that each member said, and in which term.
#[derive(Debug, Default)]
pub(crate) struct Acked(BTreeMap<u64, LogEnd>);

impl Acked {
    /// A member said to this node, which leads in this term, that it has the log up to `index`.
    pub(crate) fn note(&mut self, node: u64, said: LogEnd) {
        if said.index == 0 {
            return;
        }
        let most = self.0.entry(node).or_insert(said);
        *most = said.max(*most);
    }

    /// It is a member no more.
    pub(crate) fn forget(&mut self, node: u64) {
        self.0.remove(&node);
    }

    /// What a member said that it has, if its log ends before that.
    pub(crate) fn lost(&self, node: u64, has: Option<LogEnd>) -> Option<LogEnd> {
        let said = *self.0.get(&node)?;
        (has? < said).then_some(said)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end(term: u64, index: u64) -> LogEnd {
        LogEnd { term, index }
    }

    #[test]
    fn who_has_less_than_it_said_lost_it_in_that_term_or_before() {
        let mut acked = Acked::default();
        acked.note(7, end(2, 0));
        assert_eq!(acked.lost(7, Some(end(1, 0))), None, "it said nothing yet");
        acked.note(7, end(2, 26));
        acked.note(7, end(2, 25));
        for has in [end(2, 25), end(1, 26), end(1, 99), end(0, 0)] {
            assert_eq!(acked.lost(7, Some(has)), Some(end(2, 26)), "{has:?}");
        }
        // A leader of a later term may have had it drop what was never committed.
        for has in [end(2, 26), end(2, 27), end(3, 20)] {
            assert_eq!(acked.lost(7, Some(has)), None, "{has:?}");
        }
        assert_eq!(acked.lost(7, None), None, "an older release");
        assert_eq!(acked.lost(8, Some(end(0, 0))), None, "another node");
    }

    #[test]
    fn what_was_said_in_a_later_term_counts_though_it_is_less() {
        let mut acked = Acked::default();
        acked.note(7, end(2, 26));
        acked.note(7, end(3, 0));
        assert_eq!(acked.lost(7, Some(end(2, 25))), Some(end(2, 26)));
        acked.note(7, end(3, 20));
        assert_eq!(acked.lost(7, Some(end(3, 20))), None);
        assert_eq!(acked.lost(7, Some(end(2, 26))), Some(end(3, 20)));
        acked.forget(7);
        assert_eq!(acked.lost(7, Some(end(0, 0))), None);
    }
}
