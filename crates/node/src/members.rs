//! Changes of the membership, and snapshots that come from other members.

use bramah_core::State;
use bramah_wire::membership::{MemberChange, Membership};
use bramah_wire::peer::Message;

use crate::clock::BootTime;
use crate::hub::ClientId;
use crate::node::{Node, Output};
use crate::pending::REQUEST_TIME_MS_MAX;
use crate::reply::{ChangeRefused, Reply, Unavailable};
use crate::restore::NodeError;

/// A change that this node proposed, and who is to be answered.
#[derive(Debug)]
pub(crate) struct Change {
    client: ClientId,
    id: u64,
    /// The entry's index and term.
    entry: (u64, u64),
    /// Since when it waits: the first step after it came.
    since: Option<BootTime>,
}

impl Node {
    /// Proposes a change, or says why not.
    pub(crate) fn begin_change(
        &mut self,
        client: ClientId,
        id: u64,
        change: MemberChange,
    ) -> Option<Reply> {
        if !self.consensus.can_propose_change() {
            return Some(Reply::Unavailable(Unavailable::NoLeader));
        }
        if self.change.is_some() {
            return Some(Reply::ChangeRefused(ChangeRefused::OneAtATime));
        }
        match self.consensus.propose_change(&self.membership, change) {
            Err(why) => Some(Reply::ChangeRefused(why)),
            Ok(index) => {
                let entry = (index, self.consensus.term());
                self.change = Some(Change { client, id, entry, since: None });
                None
            }
        }
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
        let Some(change) = self.change.take_if(|change| change.entry.0 <= index) else { return };
        if change.entry == (index, term) {
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

    pub(crate) fn give_up_change(&mut self, now: BootTime, out: &mut Vec<Output>) {
        let is_late = |change: &mut Change| {
            let since = change.since.get_or_insert(now);
            since.0 + REQUEST_TIME_MS_MAX <= now.0
        };
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
        }
        if let Some(change) = self.change.take_if(|change| change.entry.0 <= index) {
            self.reply(now, change.client, change.id, Reply::OutcomeUnknown, out);
        }
        self.tell_what_was_missed(&before, out);
    }
}
