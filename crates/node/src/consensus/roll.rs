//! Who is there right now: the others are asked, and only an answer to this very question counts.

use std::collections::BTreeSet;

use bramah_wire::peer::{Raft, RaftKind};
use bytes::Bytes;

use super::{Consensus, ELECTION_TICKS, HEARTBEAT_TICKS, Order};

/// What a question is called begins with this; names of reads are of another length.
const NAME_PREFIX: &[u8] = b"roll";

/// The last question, and who answered it.
#[derive(Debug, Default)]
pub(super) struct Roll {
    number: u64,
    answered: BTreeSet<u64>,
    /// In ticks: when it was put first, and when last.
    called_at: u64,
    asked_at: u64,
}

impl Roll {
    fn name(&self) -> Bytes {
        [NAME_PREFIX, &self.number.to_le_bytes()].concat().into()
    }
}

impl Consensus {
    /// Asks all other members whether they are there. Whatever they said before counts no more.
    pub(crate) fn call_roll(&mut self) {
        self.roll.number += 1;
        self.roll.answered.clear();
        self.roll.called_at = self.ticks;
        self.send_roll();
    }

    /// Asks again those who did not answer, as their answer or the question may be lost; and
    /// everybody when even the answers are no longer news.
    pub(crate) fn repeat_roll(&mut self) {
        if self.ticks >= self.roll.called_at + ELECTION_TICKS as u64 {
            self.call_roll();
        } else if self.ticks >= self.roll.asked_at + HEARTBEAT_TICKS as u64 {
            self.send_roll();
        }
    }

    /// A heartbeat with a name: whoever has the leader for one answers with that name.
    fn send_roll(&mut self) {
        self.roll.asked_at = self.ticks;
        let (term, name) = (self.term(), self.roll.name());
        let raft = &self.raw.raft;
        let silent = raft
            .prs()
            .iter()
            .filter(|(id, _)| **id != self.node_id && !self.roll.answered.contains(*id));
        self.orders.extend(silent.map(|(to, progress)| {
            let commit = progress.matched.min(raft.raft_log.committed);
            let context = name.clone();
            let kind = RaftKind::Heartbeat;
            let message = Raft { kind, term, commit, context, ..Raft::default() };
            Order::Send { to: *to, message: Box::new(message) }
        }));
    }

    /// Takes note of an answer.
    pub(super) fn hear_roll(&mut self, from: u64, message: &Raft) {
        let is_answer = message.kind == RaftKind::HeartbeatResponse
            && message.term == self.term()
            && message.context == self.roll.name();
        if is_answer {
            self.roll.answered.insert(from);
        }
    }

    /// It answered the last question.
    pub(super) fn is_present(&self, node: u64) -> bool {
        self.roll.answered.contains(&node)
    }
}
