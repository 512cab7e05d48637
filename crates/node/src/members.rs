//! Changes of the membership, and snapshots that come from other members.

use bramah_core::State;
use bramah_wire::membership::{MemberChange, Membership};
use bramah_wire::peer::Message;

use crate::clock::BootTime;
use crate::hub::ClientId;
use crate::node::{Node, Output, Room};
use crate::pending::{Origin, REQUEST_TIME_MS_MAX};
use crate::reply::{ChangeRefused, Reply, Unavailable};
use crate::restore::NodeError;

/// How long those who would vote after a change may take to say that they are there.
const ROLL_TIME_MS_MAX: u64 = 2_000;

/// How long a member leads before it lets another lead because its disk is full.
const FULL_LEADER_TIME_MS: u64 = 10_000;

/// A change that somebody wants, and who is to be answered.
#[derive(Debug)]
pub(crate) struct Change {
    client: ClientId,
    id: u64,
    stage: Stage,
    since: BootTime,
}

#[derive(Debug)]
enum Stage {
    /// Those who would vote after it are asked whether they are there, in this term.
    Asked { change: MemberChange, term: u64 },
    /// It is proposed: the entry's index and term.
    Proposed(u64, u64),
}

impl Change {
    fn is_proposed_up_to(&self, last: u64) -> bool {
        matches!(self.stage, Stage::Proposed(index, _) if index <= last)
    }
}

impl Node {
    /// Begins a change, or says why not.
    pub(crate) fn begin_change(
        &mut self,
        now: BootTime,
        client: ClientId,
        id: u64,
        change: MemberChange,
    ) -> Option<Reply> {
        if !self.consensus.can_propose_change() {
            return Some(Reply::Unavailable(Unavailable::NoLeader));
        }
        if self.change.is_some() || self.changed.is_some() {
            return Some(Reply::ChangeRefused(ChangeRefused::OneAtATime));
        }
        if let Err(why) = self.consensus.check_change(&self.membership, change) {
            return Some(Reply::ChangeRefused(why));
        }
        let term = self.consensus.term();
        self.consensus.call_roll();
        let stage = Stage::Asked { change, term };
        self.change = Some(Change { client, id, stage, since: now });
        None
    }

    /// Proposes the change that waits as soon as enough of those who would vote after it are there:
    /// a member that only was there lately may be dead, and then nothing would ever be agreed on.
    pub(crate) fn pursue_change(&mut self, now: BootTime, out: &mut Vec<Output>) {
        let Some(Change { client, id, stage: Stage::Asked { change, term }, since }) = self.change
        else {
            return;
        };
        let refusal = if !self.consensus.can_propose_change() || self.consensus.term() != term {
            Reply::Unavailable(Unavailable::NoLeader)
        } else if !self.consensus.leaves_a_quorum(&self.membership, change) {
            if now.0 < since.0 + ROLL_TIME_MS_MAX {
                return self.consensus.repeat_roll();
            }
            Reply::ChangeRefused(ChangeRefused::QuorumAtRisk)
        } else if change == MemberChange::Remove(self.membership.node_id) {
            // Those who stay are to know of it: another is to lead, and remove this one.
            self.consensus.transfer(None);
            Reply::Unavailable(Unavailable::NoLeader)
        } else {
            match self.consensus.propose_change(&self.membership, change) {
                Ok(index) => {
                    let stage = Stage::Proposed(index, term);
                    self.change = Some(Change { client, id, stage, since });
                    return;
                }
                Err(why) => Reply::ChangeRefused(why),
            }
        };
        self.change = None;
        self.reply(now, client, id, refusal, out);
    }

    /// A committed change takes effect.
    pub(crate) fn apply_change(&mut self, index: u64, data: &[u8]) -> Result<(), NodeError> {
        let change = MemberChange::decode(data);
        let change = change.map_err(|source| NodeError::Entry { index, source })?;
        let before = self.membership.clone();
        self.membership.change(change);
        if self.membership != before {
            self.consensus.apply_change(index, change)?;
        }
        Ok(())
    }

    /// Takes note that a change was made, or another entry in its place.
    pub(crate) fn answer_change(
        &mut self,
        now: BootTime,
        index: u64,
        term: u64,
        out: &mut Vec<Output>,
    ) {
        let is_past = |change: &mut Change| change.is_proposed_up_to(index);
        let Some(change) = self.change.take_if(is_past) else { return };
        if matches!(change.stage, Stage::Proposed(at, of) if (at, of) == (index, term)) {
            self.changed = Some((change.client, change.id, self.membership.clone()));
        } else {
            let reply = Reply::Unavailable(Unavailable::NoLeader);
            self.reply(now, change.client, change.id, reply, out);
        }
    }

    /// Whoever asked for a change may stop those who are gone once he is answered. So a restart
    /// must not need them: that the change is committed is durable here before.
    pub(crate) fn answer_saved_change(&mut self, now: BootTime, out: &mut Vec<Output>) {
        if self.consensus.has_saved()
            && let Some((client, id, membership)) = self.changed.take()
        {
            self.reply(now, client, id, Reply::Membership(membership), out);
        }
    }

    /// What a leader has no room for, nobody is granted: another leads, which may have some. If
    /// that has none either, it keeps the lead for a while, or the lead would go round for ever.
    pub(crate) fn hand_over_if_full(&mut self, now: BootTime) {
        // Also one that could not write the first entry of its term.
        if self.leader() != Some(self.membership.node_id) {
            self.hands_over_at = BootTime(now.0 + FULL_LEADER_TIME_MS);
        } else if self.room != Room::Enough && now >= self.hands_over_at {
            self.hands_over_at = BootTime(now.0 + FULL_LEADER_TIME_MS);
            self.consensus.transfer(None);
        }
    }

    pub(crate) fn give_up_change(&mut self, now: BootTime, out: &mut Vec<Output>) {
        let is_late = |change: &mut Change| change.since.0 + REQUEST_TIME_MS_MAX <= now.0;
        if let Some(change) = self.change.take_if(is_late) {
            self.reply(now, change.client, change.id, Reply::OutcomeUnknown, out);
        }
    }

    /// A leader's snapshot came: it goes in place of the log, or is of no use.
    pub(crate) fn receive_snapshot(
        &mut self,
        from: u64,
        message: Message,
        membership: Membership,
        state: State,
        out: &mut Vec<Output>,
    ) {
        let Message::Raft(message) = message else { return };
        let index = message.snapshot.as_ref().map_or(0, |head| head.index);
        let is_mine = membership.cluster_id == self.membership.cluster_id;
        if is_mine && self.consensus.step_snapshot(from, *message, &membership) {
            let node_id = self.membership.node_id;
            self.installing = Some((state, Membership { node_id, ..membership }));
        } else {
            out.push(Output::DiscardSnapshot { index });
        }
    }

    /// The snapshot stands in place of the log: the table is what it says. What was handed over
    /// before may be in it or not, and who watched or was attached missed what led to it.
    pub(crate) fn finish_install(&mut self, now: BootTime, out: &mut Vec<Output>) {
        let Some((state, membership)) = self.installing.take() else { return };
        let before = std::mem::replace(&mut self.state, state);
        self.membership = membership;
        let (index, term) = self.consensus.applied();
        self.term_applied = self.term_applied.max(term);
        self.restart_clock(now);
        while let Some(waiting) = self.pending.pop_handed() {
            self.answer_all(now, &waiting.origin, &Reply::OutcomeUnknown, out);
            if waiting.origin == Origin::Node {
                // Nobody asked, and nobody else will.
                self.pending.push(now, waiting.origin, waiting.command);
            }
        }
        if let Some(change) = self.change.take_if(|change| change.is_proposed_up_to(index)) {
            self.reply(now, change.client, change.id, Reply::OutcomeUnknown, out);
        }
        self.tell_what_was_missed(&before, out);
    }
}
