//! Members that come, go, lag behind and hand over.

use bramah_wire::membership::{MemberChange, Membership};
use bramah_wire::peer;
use raft::{ProgressState, SnapshotStatus, StateRole};

use super::{Consensus, ELECTION_TICKS, forms};
use crate::NodeError;
use crate::reply::ChangeRefused;

/// Most members of a cluster.
const MEMBERS_LEN_MAX: usize = 7;

/// Entries that a member may lack and still be given a vote, or be counted on.
const LAG_LEN_MAX: u64 = 256;
/// Ticks after which a member counts as away that was not heard of: nothing is kept for it.
const SILENCE_TICKS_MAX: u64 = 200;
/// Ticks after which a snapshot is ordered again that did not come.
const SNAPSHOT_TICKS_MAX: u64 = 200;

impl Consensus {
    /// Says what is wrong with a change, as far as that is known without asking anybody.
    pub(crate) fn check_change(
        &self,
        membership: &Membership,
        change: MemberChange,
    ) -> Result<(), ChangeRefused> {
        if self.raw.raft.has_pending_conf() {
            return Err(ChangeRefused::OneAtATime);
        }
        check(membership, change)?;
        match change {
            MemberChange::Promote(node) if !self.is_caught_up(node) => {
                Err(ChangeRefused::NotCaughtUp)
            }
            _ => Ok(()),
        }
    }

    /// Of those who would vote after a change, a majority is there and has the log: they answered
    /// the last roll call. A change that touches no vote needs nobody.
    pub(crate) fn leaves_a_quorum(&self, membership: &Membership, change: MemberChange) -> bool {
        let mut after = membership.clone();
        after.change(change);
        let voters = after.voters;
        let able = voters.iter().filter(|voter| self.is_able(**voter)).count();
        voters == membership.voters || able > voters.len() / 2
    }

    /// Proposes a change of the membership, and tells the index it will have if it is committed.
    pub(crate) fn propose_change(
        &mut self,
        membership: &Membership,
        change: MemberChange,
    ) -> Result<u64, ChangeRefused> {
        self.check_change(membership, change)?;
        // What the engine does with a proposed change, but for reading it: it is in our form.
        let raft = &mut self.raw.raft;
        if !raft.append_entry(&mut [forms::entry_of(change)]) {
            return Err(ChangeRefused::OneAtATime);
        }
        raft.pending_conf_index = raft.raft_log.last_index();
        raft.bcast_append();
        Ok(raft.raft_log.last_index())
    }

    /// A member has nearly all of the log, and not merely little to lack: one with nothing at all
    /// may be waiting for a snapshot.
    fn is_caught_up(&self, node: u64) -> bool {
        let raft = &self.raw.raft;
        let matched = raft.prs().get(node).map_or(0, |progress| progress.matched);
        matched > 0 && matched + LAG_LEN_MAX >= raft.raft_log.last_index()
    }

    /// A voter that can be counted on right now.
    fn is_able(&self, node: u64) -> bool {
        node == self.node_id || (self.is_present(node) && self.is_caught_up(node))
    }

    /// A committed change takes effect. A leader that is no member any more leads no longer: the
    /// engine would stop the process at the next write.
    pub(crate) fn apply_change(
        &mut self,
        index: u64,
        change: MemberChange,
    ) -> Result<(), NodeError> {
        let members = self.raw.apply_conf_change(&forms::change_in(change));
        let members = members.map_err(NodeError::Consensus)?;
        self.raw.mut_store().set_members(members);
        let node = change.node();
        match change {
            MemberChange::AddLearner(_) => self.raw.mut_store().member_since(node, index),
            MemberChange::Promote(_) => {}
            MemberChange::Remove(_) => {
                self.raw.mut_store().member_gone(node);
                self.heard.remove(&node);
            }
        }
        if change == MemberChange::Remove(self.node_id) {
            self.begin_farewell(index);
        }
        let term = self.term();
        let raft = &mut self.raw.raft;
        if raft.state == StateRole::Leader && !raft.promotable() {
            if let Some(next) = self.most_advanced() {
                self.raw.raft.send_timeout_now(next);
            }
            self.raw.raft.become_follower(term, raft::INVALID_ID);
        }
        self.fix_jitter();
        // A restart must not count the votes of those who are gone, so what is committed is saved.
        self.must_save = true;
        Ok(())
    }

    /// The last entry that a member has, as a leader knows it.
    pub(crate) fn match_index(&self, node: u64) -> Option<u64> {
        let raft = &self.raw.raft;
        let progress = raft.prs().get(node).filter(|_| raft.state == StateRole::Leader);
        progress.map(|progress| progress.matched)
    }

    /// Lets another voter lead: this one, or the one that has most of the log.
    pub(crate) fn transfer(&mut self, to: Option<u64>) {
        if self.raw.raft.state == StateRole::Leader
            && let Some(to) = to.or_else(|| self.most_advanced())
        {
            self.raw.transfer_leader(to);
        }
    }

    /// The other voter that has most of the log; of several, the one with the lowest number.
    fn most_advanced(&self) -> Option<u64> {
        let prs = self.raw.raft.prs();
        // The engine forgets now and then who is there.
        let others = prs.iter().filter(|(id, _)| {
            **id != self.node_id
                && self.was_heard(**id, ELECTION_TICKS as u64)
                && prs.conf().voters().contains(**id)
        });
        let best = others.max_by_key(|(id, progress)| (progress.matched, std::cmp::Reverse(**id)));
        best.map(|(id, _)| *id)
    }

    /// A snapshot is wanted that nobody has made yet.
    pub(crate) fn poll_make_snapshot(&mut self) -> bool {
        let is_wanted = self.raw.store().take_wanted();
        if self.raw.raft.state != StateRole::Leader {
            self.making = None;
        }
        if !is_wanted || self.raw.raft.state != StateRole::Leader {
            return false;
        }
        let is_due = |since: u64| since + SNAPSHOT_TICKS_MAX <= self.ticks;
        let make = self.making.is_none_or(|(_, since)| is_due(since));
        if make {
            self.making = Some((self.applied.0, self.ticks));
        }
        make
    }

    /// A snapshot is published in this node's log.
    pub(crate) fn handle_snapshot_made(&mut self, snapshot: (u64, u64)) {
        self.raw.mut_store().published(snapshot);
        self.making = self.making.filter(|(index, _)| *index > snapshot.0);
    }

    pub(crate) fn handle_snapshot_sent(&mut self, to: u64, ok: bool) {
        let status = if ok { SnapshotStatus::Finish } else { SnapshotStatus::Failure };
        self.raw.report_snapshot(to, status);
    }

    /// A leader's snapshot came. Tells whether it goes in place of the log.
    pub(crate) fn step_snapshot(
        &mut self,
        from: u64,
        message: peer::Raft,
        membership: &Membership,
    ) -> bool {
        let Some(head) = message.snapshot.clone() else { return false };
        if message.kind != peer::RaftKind::Snapshot
            || !self.admits(from, &message)
            || head.term > message.term
            || !is_valid(membership)
        {
            return false;
        }
        self.hear(from);
        let Ok(mut message) = forms::message_in(from, self.node_id, message) else { return false };
        let members = forms::members_in(membership);
        message.set_snapshot(forms::snapshot_in((head.index, head.term), members.clone()));
        self.step_in(message);
        let is_taken = self.raw.snap().is_some();
        if is_taken {
            self.raw.mut_store().set_members(members);
            // At once, so that no entry comes into the same order.
            self.collect();
        }
        is_taken
    }

    /// The first index that some other member still needs from here, besides what stays anyway.
    pub(super) fn needed_from(&self) -> u64 {
        let raft = &self.raw.raft;
        if raft.state != StateRole::Leader || raft.prs().iter().len() == 1 {
            return u64::MAX;
        }
        let (before, published) = self.raw.store().bounds();
        let others = raft
            .prs()
            .iter()
            .filter(|(id, _)| **id != self.node_id && self.was_heard(**id, SILENCE_TICKS_MAX));
        let needed = others.map(|(_, progress)| match progress.state {
            ProgressState::Snapshot => progress.pending_snapshot,
            _ if progress.matched < before => published,
            _ => progress.matched,
        });
        let making = self.making.map(|(index, _)| index);
        needed.chain(making).min().map_or(u64::MAX, |index| index + 1)
    }
}

/// A change that makes sense for these members.
fn check(membership: &Membership, change: MemberChange) -> Result<(), ChangeRefused> {
    let Membership { voters, learners, .. } = membership;
    match change {
        MemberChange::AddLearner(node) if membership.contains(node) || node == raft::INVALID_ID => {
            Err(ChangeRefused::AlreadyMember)
        }
        MemberChange::AddLearner(_) if voters.len() + learners.len() >= MEMBERS_LEN_MAX => {
            Err(ChangeRefused::TooManyMembers)
        }
        MemberChange::Promote(node) if voters.contains(&node) => Err(ChangeRefused::AlreadyMember),
        MemberChange::Promote(node) | MemberChange::Remove(node) if !membership.contains(node) => {
            Err(ChangeRefused::UnknownMember)
        }
        MemberChange::Remove(node) if voters[..] == [node] => Err(ChangeRefused::LastVoter),
        _ => Ok(()),
    }
}

/// Some vote, and nobody is there twice.
fn is_valid(membership: &Membership) -> bool {
    let Membership { voters, learners, .. } = membership;
    let mut all: Vec<u64> = voters.iter().chain(learners).copied().collect();
    all.sort_unstable();
    let is_single = all.windows(2).all(|pair| pair[0] != pair[1]);
    !voters.is_empty() && is_single && all[0] != raft::INVALID_ID && all.len() <= MEMBERS_LEN_MAX
}
