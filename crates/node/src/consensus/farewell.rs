//! A leader that finds itself removed, by a change that another began: it stays until another leads
//! that knows it, or for a while. Two of which one is removed agree on that by both; if that one is
//! gone before the other has heard so, the other asks it for its vote for ever.

use bramah_wire::peer::{Raft, RaftKind};
use raft::StateRole;

use super::Consensus;

/// Ticks after which a removed member is gone whatever others know.
const FAREWELL_TICKS_MAX: u64 = 200;

/// The removal that another leader is to know of.
#[derive(Debug)]
pub(super) struct Farewell {
    index: u64,
    until_tick: u64,
}

impl Consensus {
    /// This member was removed by the entry of this index. Unless another leader told it so, nobody
    /// else may know.
    pub(super) fn begin_farewell(&mut self, index: u64) {
        let raft = &self.raw.raft;
        if raft.state == StateRole::Leader || raft.leader_id == raft::INVALID_ID {
            let until_tick = self.ticks + FAREWELL_TICKS_MAX;
            self.farewell = Some(Farewell { index, until_tick });
        }
    }

    /// It was removed, and nobody else may know that.
    pub(crate) fn says_farewell(&self) -> bool {
        self.farewell.as_ref().is_some_and(|farewell| self.ticks < farewell.until_tick)
    }

    /// A leader that knows of the removal needs this member no more.
    pub(super) fn hear_farewell(&mut self, message: &Raft) {
        let is_leaders = matches!(message.kind, RaftKind::Append | RaftKind::Heartbeat);
        if is_leaders && message.term >= self.term() {
            self.farewell.take_if(|farewell| message.commit >= farewell.index);
        }
    }
}
