//! G4 no zombies: a session that is not renewed ends within its TTL and a stated slack of the last
//! renewal, not counting the time in which no leader could do its work. A change of the leader
//! alone does not make it longer.
//!
//! Time in which the service could not serve does not count: while no majority is whole, while
//! disks are full or slow, and, when the leader changes, from the last commit of the old to the
//! first of the new one.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bramah_core::{SessionId, Time};

use super::Witness;
use super::report::{Promise, Report};
use super::table::Table;
use crate::plan::{Fault, Plan};
use crate::time::SimTime;

/// How much later than its TTL, on the slowest clock, a session may end: the time that a commit
/// takes over a bad network, and that a keepalive waits for company.
pub(crate) const SLACK: Duration = Duration::from_secs(2);
/// How long a commit takes where messages are neither lost nor late.
const STAMP_SLACK: Duration = Duration::from_millis(500);
/// While something runs out, a leader with other members writes the time down so often.
const TOLD_EVERY: Duration = Duration::from_secs(1);
/// Messages between members that may be lost, in a million, without being felt.
const DROP_PPM_STEADY: u32 = 2_000;
/// How often the cluster is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(2);

/// When each session must be gone, by a clock that stands still while nobody can serve.
#[derive(Debug)]
pub(crate) struct NoZombies {
    is_checked: bool,
    rate_ppm_max: u64,
    delay_us_max: u64,
    /// How long nobody could serve so far.
    unserved_us: u64,
    looked_at: SimTime,
    was_whole: bool,
    /// Disks are full or slow until then.
    hampered_until: SimTime,
    /// The last commit, and how long nobody could serve until then; and of the last one at an
    /// earlier instant, since a new leader's first commit brings what the old one left.
    last_commit: (SimTime, u64),
    commit_before: (SimTime, u64),
    term: u64,
    due: BTreeSet<(u64, SessionId)>,
    due_of: BTreeMap<SessionId, u64>,
    /// As `unserved_us`, and the change of leaders counts.
    down_us: u64,
    /// Messages are not lost and not late for long.
    is_steady: bool,
    /// When each member applied a stamped entry last, or started, and `down_us` then.
    applied: BTreeMap<u64, (SimTime, u64)>,
    /// The term and the time of the last stamped entry.
    stamp: (u64, Time),
    /// How long nobody could serve until that, and whether the next one may be asked to come soon.
    at_stamp: (u64, bool),
    /// Somebody can serve since then.
    served_since: SimTime,
}

impl NoZombies {
    pub(crate) fn new(plan: &Plan) -> NoZombies {
        NoZombies {
            is_checked: !plan.clocks.beyond_bounds,
            rate_ppm_max: u64::from(plan.clocks.rate_ppm_max),
            delay_us_max: plan.network.delay_us.1,
            unserved_us: 0,
            looked_at: SimTime(0),
            was_whole: false,
            hampered_until: SimTime(0),
            last_commit: (SimTime(0), 0),
            commit_before: (SimTime(0), 0),
            term: 0,
            due: BTreeSet::new(),
            due_of: BTreeMap::new(),
            down_us: 0,
            is_steady: plan.network.late_ppm == 0 && plan.network.drop_ppm <= DROP_PPM_STEADY,
            applied: BTreeMap::new(),
            stamp: (0, Time(0)),
            at_stamp: (0, false),
            served_since: SimTime(0),
        }
    }

    /// Looks whether somebody could serve, now and then.
    pub(crate) fn look(&mut self, now: SimTime, witness: &dyn Witness) {
        if now.since(self.looked_at) >= LOOK_EVERY {
            self.change(now, witness);
        }
    }

    /// Looks whether somebody can serve from now on.
    pub(crate) fn change(&mut self, now: SimTime, witness: &dyn Witness) {
        let passed = now.0.saturating_sub(self.looked_at.0);
        let is_whole = witness.is_majority_whole() && now >= self.hampered_until;
        if !(is_whole && self.was_whole) {
            self.unserved_us += passed;
            self.down_us += passed;
            self.served_since = now;
        }
        self.was_whole = is_whole;
        self.looked_at = now;
    }

    pub(crate) fn fault(&mut self, now: SimTime, fault: &Fault, witness: &dyn Witness) {
        let until = match fault {
            Fault::FullDisk { for_ms, .. } | Fault::SlowDisk { for_ms, .. } => {
                now.plus_us((for_ms + 1_000) * 1_000)
            }
            _ => now,
        };
        self.hampered_until = self.hampered_until.max(until);
        self.change(now, witness);
    }

    fn served_us(&self, now: SimTime) -> u64 {
        now.0.saturating_sub(self.unserved_us)
    }

    /// What is applied next goes up to an entry of this term. The leader of a new one first commits
    /// what the old one left, and that comes as late as the new leader did.
    pub(crate) fn led(&mut self, now: SimTime, term: u64) {
        if term > self.term {
            self.committed(now, term);
        }
    }

    /// An entry is committed in this term. Before what it did is looked at.
    pub(crate) fn committed(&mut self, now: SimTime, term: u64) {
        if now != self.last_commit.0 {
            self.commit_before = self.last_commit;
        }
        if term > self.term {
            self.term = term;
            let (last, unserved_us) = self.commit_before;
            let since = now.0.saturating_sub(last.0);
            self.unserved_us = self.unserved_us.max(unserved_us + since);
        }
        self.last_commit = (now, self.unserved_us);
    }

    /// A member's clock is set: it started, or applied an entry with a time.
    pub(crate) fn clock_set(&mut self, now: SimTime, member: u64) {
        self.applied.insert(member, (now, self.down_us));
    }

    /// An entry with this time is committed, under this leader. The first of a term has the time of
    /// the last one, and what passed on the leader's clock since it applied that. Until now there
    /// was something to run out or not (`is_due`), and other members (`has_others`) to be told.
    pub(crate) fn stamped(
        &mut self,
        now: SimTime,
        (term, leader): (u64, Option<u64>),
        time: Time,
        (is_due, has_others): (bool, bool),
        report: &mut Report,
    ) {
        let (last_term, last_time) = std::mem::replace(&mut self.stamp, (term, time));
        // What is committed once somebody can serve again was stamped long before.
        let is_fresh = now.since(self.served_since) > SLACK;
        let at_stamp = (self.unserved_us, has_others && is_fresh);
        let (unserved_us, is_counted) = std::mem::replace(&mut self.at_stamp, at_stamp);
        let is_to_tell = is_due && has_others && is_counted && last_term == term;
        if is_to_tell && self.is_checked && self.is_steady {
            let untold = Duration::from_millis(time.ms_since(last_time));
            let unserved = Duration::from_micros(self.unserved_us - unserved_us);
            report.check(Promise::NoZombies, untold <= TOLD_EVERY + SLACK + unserved, || {
                format!(
                    "for {untold:?} nobody was told the time, {unserved:?} of which nobody served: \
                     who had led next would have gone on from {last_time:?}"
                )
            });
        }
        let Some(leader) = leader else { return };
        let Some((since, down_us)) = self.applied.get(&leader) else { return };
        // What a leader left to the next one was stamped at a time that nobody told.
        let was_left = term < self.term;
        if last_term == term || was_left || !self.is_checked || !self.is_steady {
            return;
        }
        let passed = now.0.saturating_sub(since.0).saturating_sub(self.down_us - down_us);
        let slow = 1_000_000 - self.rate_ppm_max.min(500_000);
        let least_us =
            (passed / 1_000 * slow / 1_000).saturating_sub(STAMP_SLACK.as_micros() as u64);
        let stamped_ms = time.ms_since(last_time);
        report.check(Promise::NoZombies, stamped_ms * 1_000 >= least_us, || {
            format!(
                "the first time of term {term} is {stamped_ms} ms after the last one, and {passed} \
                 us passed since its leader, member {leader}, set its clock by a time or started"
            )
        });
    }

    /// A session was opened or renewed, and has this TTL.
    pub(crate) fn renewed(&mut self, now: SimTime, session: SessionId, ttl_ms: u64) {
        let ttl_us = u128::from(ttl_ms) * 1_000;
        let slow = 1_000_000 - u128::from(self.rate_ppm_max.min(500_000));
        let longest = u64::try_from(ttl_us * 1_000_000 / slow).unwrap_or(u64::MAX);
        let slack = SLACK.as_micros() as u64 + 4 * self.delay_us_max;
        let due = self.served_us(now).saturating_add(longest).saturating_add(slack);
        self.ended(session);
        self.due.insert((due, session));
        self.due_of.insert(session, due);
    }

    pub(crate) fn ended(&mut self, session: SessionId) {
        if let Some(due) = self.due_of.remove(&session) {
            self.due.remove(&(due, session));
        }
    }

    /// An entry was applied: nobody may be there any more whose time is over, by the true time and
    /// by the cluster's.
    pub(crate) fn settled(&self, now: SimTime, time: Time, table: &Table, report: &mut Report) {
        if self.is_checked
            && let Some((due, session)) = self.due.first()
        {
            let served = self.served_us(now);
            report.check(Promise::NoZombies, served <= *due, || {
                let late = Duration::from_micros(served - due);
                let renewed = table.sessions.get(session).map(|s| (s.renewed_at, s.ttl_ms));
                format!(
                    "session {session} is still there {late:?} after it had to be gone; renewed at \
                     and TTL in ms by the cluster's clock: {renewed:?}, which shows {time:?}"
                )
            });
        }
    }
}
