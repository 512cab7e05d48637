//! One session, and the answers it may still ask for.

use std::collections::{BTreeMap, BTreeSet};

use crate::facts::{Fact, SessionFact, WaitFact};
use crate::ids::{FencingToken, RequestSeq, SessionId, Time};
use crate::limits::{SESSION_ANSWERS_BYTES_MAX, SESSION_ANSWERS_MAX, SESSION_HOLDS_MAX};
use crate::mutant::{self, Mutant};
use crate::outcome::{Outcome, Refusal};
use crate::state::{DUE_BYTES, limit};
use crate::table::{ALLOCATION_BYTES, Row};

/// An open session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Session {
    pub(crate) fact: SessionFact,
    pub(crate) holds: BTreeSet<FencingToken>,
    /// Arrival numbers of its waiters, by the request that asked.
    pub(crate) waits: BTreeMap<RequestSeq, u64>,
    /// Holds that its waits will become, if all are granted.
    holds_to_be: usize,
    /// Of all answers that are kept.
    answers_bytes: usize,
}

impl Session {
    pub(crate) fn new(fact: SessionFact) -> Session {
        let answers_bytes = fact.answers.iter().map(|(_, answer)| answer.bytes()).sum();
        let (holds, waits) = (BTreeSet::new(), BTreeMap::new());
        Session { fact, holds, waits, holds_to_be: 0, answers_bytes }
    }

    pub(crate) fn deadline(&self) -> Time {
        self.fact.renewed_at.plus_ms(self.fact.ttl.as_ms())
    }

    /// Forgets the answers that the client says it has.
    pub(crate) fn acknowledge(&mut self, below: RequestSeq) {
        if below > self.fact.answered_below {
            self.fact.answered_below = below;
            let early = u64::from(mutant::is_on(Mutant::AnswerForgottenEarly));
            let kept = self.fact.answers.partition_point(|(seq, _)| seq.0 < below.0 + early);
            for (_, answer) in self.fact.answers.drain(..kept) {
                self.answers_bytes -= answer.bytes();
            }
        }
    }

    pub(crate) fn answer(&self, seq: RequestSeq) -> Option<&Outcome> {
        let index = self.fact.answers.binary_search_by_key(&seq, |(seq, _)| *seq).ok()?;
        Some(&self.fact.answers[index].1)
    }

    pub(crate) fn add_wait(&mut self, wait: &WaitFact) {
        self.waits.insert(wait.seq, wait.arrival);
        self.holds_to_be += new_holds(wait);
    }

    pub(crate) fn remove_wait(&mut self, wait: &WaitFact) {
        self.waits.remove(&wait.seq);
        self.holds_to_be -= new_holds(wait);
    }

    /// Its holds will not be too many, even if all that it waits for and this one are granted.
    pub(crate) fn has_room_for_holds(&self, wait: &WaitFact) -> bool {
        self.holds.len() + self.holds_to_be + new_holds(wait) <= SESSION_HOLDS_MAX
    }

    /// So many more answers may be kept, beside those that its waits will leave.
    pub(crate) fn check_room_for_answers(&self, answers: usize) -> Result<(), Refusal> {
        let kept = self.fact.answers.len() + self.waits.len();
        if kept + answers > SESSION_ANSWERS_MAX {
            return Err(limit("session_answers", SESSION_ANSWERS_MAX));
        }
        if self.answers_bytes >= SESSION_ANSWERS_BYTES_MAX {
            return Err(limit("session_answers_bytes", SESSION_ANSWERS_BYTES_MAX));
        }
        Ok(())
    }

    /// Keeps an answer, unless the client has said already that it needs it no more.
    pub(crate) fn remember(&mut self, seq: RequestSeq, outcome: Outcome) {
        if seq < self.fact.answered_below {
            return;
        }
        self.answers_bytes += outcome.bytes();
        match self.fact.answers.binary_search_by_key(&seq, |(seq, _)| *seq) {
            Ok(index) => {
                let before = std::mem::replace(&mut self.fact.answers[index].1, outcome);
                self.answers_bytes -= before.bytes();
            }
            Err(index) => self.fact.answers.insert(index, (seq, outcome)),
        }
    }
}

impl Row for Session {
    type Key = SessionId;

    fn more_bytes(&self, _: &SessionId) -> usize {
        const HOLD_BYTES: usize = 3 * size_of::<FencingToken>();
        const WAIT_BYTES: usize = 3 * size_of::<(RequestSeq, u64)>();
        // Where its answers stand may be twice as long as they are.
        2 * self.answers_bytes
            + self.fact.owner.bytes()
            + self.holds.len() * HOLD_BYTES
            + self.waits.len() * WAIT_BYTES
            + DUE_BYTES
            + 4 * ALLOCATION_BYTES
    }

    fn fact(&self, _: &SessionId) -> Option<Fact> {
        Some(Fact::Session(self.fact.clone()))
    }
}

/// An upgrade exchanges a hold that is there.
fn new_holds(wait: &WaitFact) -> usize {
    match wait.upgrade_of {
        Some(_) => 0,
        None => wait.items.len(),
    }
}
