//! One log, and G10 durable: what any member applied at an index is what every member applies
//! there, it was on the disks of a majority by then, and no disk gives up what it made durable.
//!
//! Followed from outside: by what each member was ordered to write, what of it became durable, what
//! it found when it started again, and how far it applied.

use std::collections::{BTreeMap, VecDeque};

use bramah_core::facts::Counters;
use bramah_node::Persist;
use bramah_wal::{Entry, HardState};
use bramah_wire::membership::{MemberChange, Membership};
use bramah_wire::peer::{self, RaftKind};
use bytes::Bytes;

use super::report::{Promise, Report};

/// The kind of an entry with commands.
const ENTRY_COMMANDS: u8 = 0;
/// The kind of an entry that changes the membership.
const ENTRY_CHANGE: u8 = 2;
/// The entry that a new cluster begins behind.
pub(crate) const FIRST: u64 = 1;

/// An entry that is committed, and what the table's counters must be after it.
#[derive(Clone, Debug)]
pub(crate) struct Committed {
    pub(crate) term: u64,
    pub(crate) kind: u8,
    pub(crate) data: Bytes,
    pub(crate) counters: Counters,
}

impl Committed {
    /// It has commands, or at least a time.
    pub(crate) fn has_time(&self) -> bool {
        self.kind == ENTRY_COMMANDS && !self.data.is_empty()
    }
}

/// The logs of all members, and the one log that they agree on.
#[derive(Debug)]
pub(crate) struct Logs {
    members: BTreeMap<u64, Member>,
    /// From the entry behind [`FIRST`] on.
    committed: Vec<Committed>,
    /// The voters as of the last committed entry, and as of the change before the last.
    membership: Membership,
    voters_before: Vec<u64>,
    /// The index of that change.
    changed_at: u64,
    /// Who led in which term.
    leaders: BTreeMap<u64, u64>,
}

#[derive(Debug, Default)]
struct Member {
    /// What it was ordered to write, behind what it applied.
    ordered: Log,
    /// What of that is durable, behind what it applied.
    disk: Log,
    /// Orders that are not known to be durable.
    pending: VecDeque<Persist>,
    applied: u64,
    /// What it had applied before its last step.
    settled: u64,
    /// Its term and vote, as far as they are durable.
    hard_state: HardState,
    /// Whom it told that it has its vote, in which term.
    votes: BTreeMap<u64, u64>,
    /// Its disk was thrown away.
    wiped: bool,
    /// What was on it then: a leader that heard of that may count on it, and be told late.
    lost: Log,
}

/// Part of a log: what comes behind a base.
#[derive(Clone, Debug, Default)]
struct Log {
    base: u64,
    entries: VecDeque<Entry>,
}

impl Log {
    fn append(&mut self, entries: &[Entry]) {
        for entry in entries {
            let keep = entry.index.saturating_sub(self.base + 1);
            self.entries.truncate(usize::try_from(keep).unwrap_or(usize::MAX));
            if entry.index > self.base {
                self.entries.push_back(entry.clone());
            }
        }
    }

    fn get(&self, index: u64) -> Option<&Entry> {
        let place = index.checked_sub(self.base + 1)?;
        self.entries.get(usize::try_from(place).ok()?)
    }

    fn last(&self) -> u64 {
        self.base + self.entries.len() as u64
    }

    fn forget_upto(&mut self, index: u64) {
        while self.base < index && self.entries.pop_front().is_some() {
            self.base += 1;
        }
        self.base = self.base.max(index);
    }
}

impl Logs {
    /// A cluster that begins with so many voters.
    pub(crate) fn new(members: u64) -> Logs {
        let voters: Vec<u64> = (1..=members).collect();
        Logs::of(Membership { cluster_id: 0, node_id: 0, voters, learners: Vec::new() })
    }

    /// A cluster that begins with these members.
    pub(crate) fn of(membership: Membership) -> Logs {
        Logs {
            members: BTreeMap::new(),
            committed: Vec::new(),
            voters_before: membership.voters.clone(),
            changed_at: 0,
            membership,
            leaders: BTreeMap::new(),
        }
    }

    /// Who votes, as of the last committed entry.
    pub(crate) fn voters(&self) -> Vec<u64> {
        self.membership.voters.clone()
    }

    /// There is more than one member, as of the last committed entry.
    pub(crate) fn has_others(&self) -> bool {
        self.membership.voters.len() + self.membership.learners.len() > 1
    }

    /// The last committed entry.
    pub(crate) fn last(&self) -> u64 {
        FIRST + self.committed.len() as u64
    }

    /// A committed entry; none below the first one.
    pub(crate) fn get(&self, index: u64) -> Option<&Committed> {
        self.committed.get(usize::try_from(index.checked_sub(FIRST + 1)?).ok()?)
    }

    /// The table stood so after the last committed entry.
    pub(crate) fn set_counters(&mut self, counters: Counters) {
        if let Some(last) = self.committed.last_mut() {
            last.counters = counters;
        }
    }

    pub(crate) fn recovered(
        &mut self,
        member: u64,
        snapshot: (u64, u64),
        entries: &[Entry],
        report: &mut Report,
    ) {
        let (index, term) = snapshot;
        if let Some(snapshot) = self.get(index) {
            report.check(Promise::Durable, snapshot.term == term, || {
                let right = snapshot.term;
                format!("member {member} has a snapshot of {index} in term {term}, not {right}")
            });
        }
        let before = self.members.remove(&member).unwrap_or_default();
        let mut found = Log { base: index, entries: VecDeque::new() };
        found.append(entries);
        if !before.wiped {
            // What an unfinished order replaces may be gone.
            let replaced = before.pending.iter().flat_map(|persist| persist.entries.first());
            let safe = replaced.map(|entry| entry.index - 1).min().unwrap_or(u64::MAX);
            let durable = before.disk.last().min(safe);
            report.check(Promise::Durable, found.last() >= durable, || {
                let last = found.last();
                format!("member {member} had made {durable} durable, and its disk ends at {last}")
            });
            for entry in found.entries.iter().filter(|entry| entry.index <= durable) {
                let index = entry.index;
                let (term, data) = match (before.disk.get(index), self.get(index)) {
                    (Some(before), _) => (before.term, &before.data),
                    (None, Some(before)) => (before.term, &before.data),
                    (None, None) => continue,
                };
                report.check(Promise::Durable, entry.term == term && entry.data == *data, || {
                    let now = entry.term;
                    format!("member {member} had durably {index} of {term}, and finds one of {now}")
                });
            }
        }
        let member_now = Member {
            ordered: found.clone(),
            disk: found,
            pending: VecDeque::new(),
            applied: index,
            settled: 0,
            hard_state: if before.wiped { HardState::default() } else { before.hard_state },
            votes: before.votes,
            wiped: false,
            lost: before.lost,
        };
        self.members.insert(member, member_now);
    }

    /// A member's disk is thrown away.
    pub(crate) fn wiped(&mut self, member: u64) {
        let member = self.members.entry(member).or_default();
        let lost = std::mem::take(&mut member.disk);
        *member = Member { wiped: true, lost, ..Member::default() };
    }

    pub(crate) fn ordered(&mut self, member: u64, persist: &Persist, report: &mut Report) {
        let state = self.members.entry(member).or_default();
        if let Some(entry) = persist.entries.first() {
            let (first, applied) = (entry.index, state.applied);
            report.check(Promise::OneLog, first > applied, || {
                format!("member {member} applied {applied}, and writes {first} again")
            });
        }
        if let Some(new) = &persist.hard_state {
            let old = state.hard_state;
            let changed = new.term < old.term
                || new.term == old.term && old.vote != 0 && new.vote != old.vote;
            report.check(Promise::OneLog, !changed, || {
                format!("member {member} had voted {old:?} durably, and votes {new:?}")
            });
        }
        state.ordered.append(&persist.entries);
        state.pending.push_back(persist.clone());
    }

    pub(crate) fn durable(&mut self, member: u64, number: u64) {
        let Some(state) = self.members.get_mut(&member) else { return };
        while state.pending.front().is_some_and(|next| next.number <= number)
            && let Some(persist) = state.pending.pop_front()
        {
            state.disk.append(&persist.entries);
            state.hard_state = persist.hard_state.unwrap_or(state.hard_state);
        }
    }

    /// A member's log is a snapshot from here on, and what was ordered behind that.
    pub(crate) fn installed(
        &mut self,
        member: u64,
        number: u64,
        at: (u64, u64),
        counters: Counters,
        report: &mut Report,
    ) {
        let (index, term) = at;
        let right = self.get(index).map(|entry| (entry.term, entry.counters));
        if index > FIRST {
            report.check(Promise::OneLog, right == Some((term, counters)), || {
                format!(
                    "member {member} installs a snapshot of {index} in term {term} with \
                     {counters:?}; right is {right:?}"
                )
            });
        }
        let state = self.members.entry(member).or_default();
        state.ordered = Log { base: index, entries: VecDeque::new() };
        state.disk = state.ordered.clone();
        state.pending.retain(|persist| persist.entries.is_empty() || persist.number > number);
        for persist in state.pending.iter().filter(|persist| persist.number > number) {
            state.ordered.append(&persist.entries);
        }
        state.applied = state.applied.max(index);
        state.wiped = false;
    }

    /// A member leads.
    pub(crate) fn leads(&mut self, member: u64, term: u64, report: &mut Report) {
        let leader = *self.leaders.entry(term).or_insert(member);
        report.check(Promise::OneLog, leader == member, || {
            format!("members {leader} and {member} both lead in term {term}")
        });
    }

    /// Who leads in a term, as far as anybody said.
    pub(crate) fn leader_of(&self, term: u64) -> Option<u64> {
        self.leaders.get(&term).copied()
    }

    /// A member answers another: it promises nothing that is not on its disk.
    pub(crate) fn said(&mut self, member: u64, to: u64, said: &peer::Raft, report: &mut Report) {
        let Some(state) = self.members.get_mut(&member).filter(|_| !said.reject) else { return };
        match said.kind {
            RaftKind::VoteResponse => {
                let HardState { term, vote, .. } = state.hard_state;
                let asked = said.term;
                // In a term that is over on its disk, it cannot vote once more.
                let is_safe = term > asked || (term, vote) == (asked, to);
                report.check(Promise::Durable, is_safe, || {
                    format!(
                        "member {member} gives {to} its vote of term {asked}, and has on disk one \
                         of term {term} for {vote}"
                    )
                });
                let given = *state.votes.entry(asked).or_insert(to);
                report.check(Promise::OneLog, given == to, || {
                    format!("member {member} gives its vote of term {asked} to {given} and {to}")
                });
            }
            RaftKind::AppendResponse => {
                let last = state.disk.last();
                // Of a term that is over on its disk, entries of a later leader may have taken the
                // place of these in the same step. That one was elected by a majority none of which
                // had them, so nobody commits them by this answer.
                let is_safe = said.index <= last || state.hard_state.term > said.term;
                report.check(Promise::Durable, is_safe, || {
                    let index = said.index;
                    format!("member {member} says that it has {index}, and its disk ends at {last}")
                });
            }
            _ => {}
        }
    }

    /// A member was stepped. Gives how far it had applied before that.
    pub(crate) fn stepped(&mut self, member: u64) -> u64 {
        let Some(member) = self.members.get_mut(&member) else { return FIRST };
        member.settled = member.applied;
        member.applied
    }

    /// How far a member was known to have applied.
    pub(crate) fn applied(&self, member: u64) -> u64 {
        self.members.get(&member).map_or(FIRST, |member| member.applied)
    }

    /// A member applied the entry at `index`. Gives it if nobody did before: it is committed now.
    pub(crate) fn apply(
        &mut self,
        member: u64,
        index: u64,
        report: &mut Report,
    ) -> Option<Committed> {
        let state = self.members.entry(member).or_default();
        state.applied = index;
        let own = state.ordered.get(index).cloned();
        state.ordered.forget_upto(index);
        let durable = state.disk.last();
        if let Some(right) = self.get(index) {
            // Below its snapshot, the snapshot is what was checked.
            if let Some(own) = own {
                let same = (own.term, own.kind, &own.data) == (right.term, right.kind, &right.data);
                report.check(Promise::OneLog, same, || {
                    let (own, right) = (own.term, right.term);
                    format!(
                        "member {member} applied an entry of term {own} at {index}, where one of \
                         term {right} was applied before"
                    )
                });
            }
            let disk = &mut self.members.entry(member).or_default().disk;
            if disk.last() >= index {
                disk.forget_upto(index);
            }
            return None;
        }
        let Some(own) = own else {
            report.check(Promise::OneLog, false, || {
                format!("member {member} applied {index}, which it never wrote")
            });
            return None;
        };
        let copies = |voters: &[u64]| {
            let has = |voter: &&u64| {
                self.members.get(voter).is_some_and(|other| {
                    let mut copies = [&other.disk, &other.lost].into_iter();
                    let is_it = |copy: &Entry| copy.term == own.term && copy.data == own.data;
                    copies.any(|log| log.get(index).is_some_and(is_it))
                })
            };
            (voters.iter().filter(has).count(), voters.len())
        };
        let (now, before) = (copies(&self.membership.voters), copies(&self.voters_before));
        let is_majority = |(copies, voters): (usize, usize)| copies * 2 > voters;
        // A leader counts by the voters that it knows: those before the change, until it has
        // applied that. What it commits with the change, it commits in the same step. It is the
        // first that applies an entry, also in a term of which it was not seen to lead yet.
        let leader = self.members.get(&member);
        let is_of_before = leader.is_none_or(|leader| leader.settled < self.changed_at);
        let is_safe = is_majority(now) || is_of_before && is_majority(before);
        report.check(Promise::Durable, is_safe, || {
            let (copies, voters) = now;
            format!(
                "member {member} applied {index} when {copies} of {voters} voters had had it on \
                 disk; its own disk ends at {durable}"
            )
        });
        let last_term = self.committed.last().map_or(0, |last| last.term);
        report.check(Promise::OneLog, own.term >= last_term, || {
            format!("the entry at {index} is of term {}, after one of {last_term}", own.term)
        });
        if own.kind == ENTRY_CHANGE
            && let Ok(change) = MemberChange::decode(&own.data)
        {
            self.voters_before.clone_from(&self.membership.voters);
            self.changed_at = index;
            self.membership.change(change);
        }
        let committed = Committed {
            term: own.term,
            kind: own.kind,
            data: own.data,
            counters: Counters::default(),
        };
        self.committed.push(committed.clone());
        Some(committed)
    }
}
