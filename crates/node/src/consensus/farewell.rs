//! A leader that was removed: it stays until others know that, since they may need its vote and its
//! log until then. Two of which one is removed agree on that by both; if the removed one is gone
//! before the other has heard that it is agreed, the other asks it for its vote for ever.

use bramah_wire::peer::{Raft, RaftKind};
use raft::StateRole;

use super::Consensus;

/// Ticks after which a removed member is gone whatever others know.
const FAREWELL_TICKS_MAX: u64 = 200;

/// The removal that others are to know of.
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
        let was_told = raft.state != StateRole::Leader && raft.leader_id != raft::INVALID_ID;
        if !was_told {
            let until_tick = self.ticks + FAREWELL_TICKS_MAX;
            self.farewell = Some(Farewell { index, until_tick });
        }
    }

    /// It was removed, and others may not know that.
    pub(crate) fn says_farewell(&self) -> bool {
        self.farewell.is_some()
    }

    /// A leader that knows of the removal needs this member no more.
    pub(super) fn hear_farewell(&mut self, message: &Raft) {
        let is_leaders = matches!(message.kind, RaftKind::Append | RaftKind::Heartbeat);
        if is_leaders && message.term >= self.term() {
            self.farewell.take_if(|farewell| message.commit >= farewell.index);
        }
    }

    /// Leads no longer as soon as enough of the others know of the removal.
    pub(crate) fn end_farewell(&mut self) {
        let Some(Farewell { index, until_tick }) = self.farewell else { return };
        let raft = &self.raw.raft;
        let (leads, prs) = (raft.state == StateRole::Leader, raft.prs());
        let votes = |id: &u64| prs.conf().voters().contains(*id);
        let knows = |voter: &u64| prs.get(*voter).is_some_and(|it| it.committed_index >= index);
        let voters: Vec<u64> = prs.iter().map(|(id, _)| *id).filter(votes).collect();
        let known = leads && voters.iter().filter(|voter| knows(voter)).count() > voters.len() / 2;
        if !known && self.ticks < until_tick {
            return;
        }
        self.farewell = None;
        if leads {
            let term = self.term();
            if let Some(next) = self.most_advanced() {
                self.raw.raft.send_timeout_now(next);
            }
            self.raw.raft.become_follower(term, raft::INVALID_ID);
            self.fix_jitter();
        }
    }
}
