//! Questions that wait until this node knows that it knows enough to answer.
//!
//! A leader says what is committed, after a majority of the members said that it still leads; once
//! that is applied here, whatever was asked before may be answered here. Many questions share one
//! round. A round that takes too long is asked again under a new name: under the old one, the late
//! answer to an old question would do for a newer one.

use std::collections::VecDeque;

use bramah_core::mutant::{self, Mutant};
use bramah_wire::request::What;

use crate::clock::BootTime;
use crate::hub::ClientId;
use crate::looks::LOOKS_LEN_MAX;
use crate::pending::REQUEST_TIME_MS_MAX;

/// After so long a round is asked again.
const ROUND_MS_MAX: u64 = 200;

/// A question, and who asked it.
#[derive(Debug)]
pub(crate) struct Question {
    pub(crate) client: ClientId,
    pub(crate) id: u64,
    pub(crate) what: What,
    since: BootTime,
}

#[derive(Debug)]
struct Round {
    name: u64,
    since: BootTime,
    /// So many of the first questions are answered by it.
    covers: usize,
    /// What must be applied before, once that is known.
    index: Option<u64>,
}

/// The questions that wait for a round.
#[derive(Debug, Default)]
pub(crate) struct Reads {
    waiting: VecDeque<Question>,
    round: Option<Round>,
    last: u64,
}

impl Reads {
    /// Takes a question; gives false if too many wait.
    pub(crate) fn push(&mut self, now: BootTime, client: ClientId, id: u64, what: What) -> bool {
        let has_room = self.waiting.len() < LOOKS_LEN_MAX;
        if has_room {
            self.waiting.push_back(Question { client, id, what, since: now });
        }
        has_room
    }

    /// The name of a round that is to be asked now.
    pub(crate) fn poll_round(&mut self, now: BootTime) -> Option<u64> {
        let is_under_way = self
            .round
            .as_ref()
            .is_some_and(|round| round.index.is_some() || now.0 < round.since.0 + ROUND_MS_MAX);
        if self.waiting.is_empty() || is_under_way {
            return None;
        }
        if self.round.is_none() || !mutant::is_on(Mutant::ReadNameReused) {
            self.last += 1;
        }
        let (name, covers) = (self.last, self.waiting.len());
        self.round = Some(Round { name, since: now, covers, index: None });
        Some(name)
    }

    /// The round of this name needs everything up to `index` to be applied.
    pub(crate) fn confirm(&mut self, name: u64, index: u64) {
        if let Some(round) = self.round.as_mut().filter(|round| round.name == name) {
            round.index = Some(index);
        }
    }

    /// The next question that may be answered, with everything up to `applied` applied.
    pub(crate) fn pop(&mut self, applied: u64) -> Option<Question> {
        let round = self.round.as_mut()?;
        round.index.filter(|index| *index <= applied)?;
        if round.covers == 0 {
            self.round = None;
            return None;
        }
        round.covers -= 1;
        self.waiting.pop_front()
    }

    /// The next question, whatever it waits for.
    pub(crate) fn pop_any(&mut self) -> Option<Question> {
        self.round = None;
        self.waiting.pop_front()
    }

    /// The first question if it has waited too long.
    pub(crate) fn pop_late(&mut self, now: BootTime) -> Option<Question> {
        let first = self.waiting.front()?;
        if now.0 < first.since.0 + REQUEST_TIME_MS_MAX {
            return None;
        }
        self.uncover(1);
        self.waiting.pop_front()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// The client is gone, and nobody wants its answers.
    pub(crate) fn forget(&mut self, client: ClientId) {
        let covers = self.round.as_ref().map_or(0, |round| round.covers);
        let theirs = self.waiting.iter().take(covers).filter(|asked| asked.client == client);
        self.uncover(theirs.count());
        self.waiting.retain(|asked| asked.client != client);
    }

    /// So many of the questions that the round covers go without its answer.
    fn uncover(&mut self, count: usize) {
        if let Some(round) = &mut self.round {
            round.covers = round.covers.saturating_sub(count);
        }
        self.round.take_if(|round| round.covers == 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn push(reads: &mut Reads, now: u64, client: u64, id: u64) -> bool {
        reads.push(BootTime(now), ClientId(client), id, What::ServerInfo)
    }

    fn answered(reads: &mut Reads, applied: u64) -> Vec<u64> {
        std::iter::from_fn(|| reads.pop(applied).map(|asked| asked.id)).collect()
    }

    #[test]
    fn a_round_answers_what_was_asked_before_it_once_enough_is_applied() {
        let mut reads = Reads::default();
        push(&mut reads, 0, 1, 1);
        push(&mut reads, 0, 1, 2);
        let round = reads.poll_round(BootTime(0)).expect("a round");
        push(&mut reads, 1, 1, 3);
        assert_eq!(reads.poll_round(BootTime(1)), None, "one is under way");
        reads.confirm(round, 50);
        assert!(answered(&mut reads, 49).is_empty());
        assert_eq!(answered(&mut reads, 50), [1, 2]);
        assert!(reads.poll_round(BootTime(2)).is_some_and(|next| next != round));
    }

    #[test]
    fn the_late_answer_to_an_old_round_does_not_do_for_a_newer_one() {
        let mut reads = Reads::default();
        push(&mut reads, 0, 1, 1);
        let old = reads.poll_round(BootTime(0)).expect("a round");
        push(&mut reads, 199, 1, 2);
        assert_eq!(reads.poll_round(BootTime(199)), None);
        let new = reads.poll_round(BootTime(200)).expect("a new round");
        assert_ne!(old, new);
        reads.confirm(old, 10);
        assert!(answered(&mut reads, 100).is_empty());
        reads.confirm(new, 20);
        assert_eq!(answered(&mut reads, 20), [1, 2]);
    }

    #[test]
    fn questions_of_the_gone_and_the_late_are_not_answered_in_anothers_place() {
        let mut reads = Reads::default();
        push(&mut reads, 0, 1, 1);
        push(&mut reads, 0, 2, 2);
        let round = reads.poll_round(BootTime(0)).expect("a round");
        push(&mut reads, 10, 1, 3);
        push(&mut reads, 10, 3, 4);
        reads.forget(ClientId(1));
        reads.confirm(round, 5);
        assert_eq!(answered(&mut reads, 5), [2]);
        assert!(reads.pop_late(BootTime(REQUEST_TIME_MS_MAX + 9)).is_none());
        let late = reads.pop_late(BootTime(REQUEST_TIME_MS_MAX + 10)).expect("the last one");
        assert!(late.id == 4 && reads.is_empty());
    }

    #[test]
    fn no_more_wait_than_may() {
        let mut reads = Reads::default();
        let taken = (0..=LOOKS_LEN_MAX as u64).filter(|id| push(&mut reads, 0, 1, *id));
        assert_eq!(taken.count(), LOOKS_LEN_MAX);
    }
}
