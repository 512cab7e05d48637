//! What a run of real servers needs besides: there nobody sees the instant of a commit or the
//! members' orders, only a log that is committed as a whole, and what clients said and heard, as
//! bytes.

use bramah_core::{Ended, Event, LockView, Outcome, Refusal, State, Time};
use bramah_node::{Persist, Reply};
use bramah_wal::Entry;
use bramah_wire::membership::Membership;

use super::log::{FIRST, Logs};
use super::report::Promise;
use super::{Audit, Witness};
use crate::fact::CallNo;
use crate::plan::Plan;
use crate::time::SimTime;

impl Audit {
    /// The audit of a run that begins with this table, in which nobody has a session yet, and these
    /// members. Its entries count from 2 on.
    #[must_use]
    pub fn since(plan: &Plan, state: State, membership: Membership, term: u64) -> Audit {
        let mut audit = Audit::new(plan);
        audit.table.now = state.now();
        audit.reference.state = state;
        let voters = membership.voters.clone();
        audit.logs = Logs::of(membership);
        for voter in voters {
            audit.recovered(SimTime(0), voter, (FIRST, term), &[]);
        }
        audit
    }

    /// The next entry was proposed about then and is committed by `now`.
    ///
    /// Nobody sees the disks meanwhile, so all voters are taken to have it: G10 cannot be broken
    /// here. Whoever judges the run looks at the disks in the end.
    pub fn committed(
        &mut self,
        now: SimTime,
        proposed: SimTime,
        entry: &Entry,
        before: u64,
        witness: &dyn Witness,
    ) {
        self.report.now = now;
        self.proposed = Some(proposed);
        self.no_zombies.look(now, witness);
        self.no_zombies.led(now, entry.term);
        let Entry { index, .. } = *entry;
        for voter in self.logs.voters() {
            if self.logs.applied(voter) + 1 < index {
                self.logs.recovered(voter, (index - 1, before), &[], &mut self.report);
            }
            let persist = Persist { number: index, hard_state: None, entries: vec![entry.clone()] };
            self.ordered(voter, &persist);
            self.durable(voter, index);
        }
        for voter in self.logs.voters() {
            self.apply(now, voter, index, witness);
        }
    }

    /// What may rightly be answered to a call by now.
    pub fn possible(&self, call: CallNo) -> impl Iterator<Item = Reply> + '_ {
        let call = self.calls.get(call);
        let outcomes = call.into_iter().flat_map(|call| call.outcomes());
        let answers = call.into_iter().flat_map(|call| &call.answers);
        outcomes.map(|outcome| Reply::Outcome(Outcome::clone(outcome))).chain(answers.cloned())
    }

    /// What may rightly be answered to the keepalive of the session at this place of a call.
    pub fn renewed(
        &self,
        call: CallNo,
        place: usize,
    ) -> impl Iterator<Item = &Result<Time, Refusal>> {
        self.calls.get(call).into_iter().flat_map(move |call| call.renewals_of(place))
    }

    /// A change that was committed, and the locks after it if somebody watched.
    #[must_use]
    pub fn change(&self, revision: u64) -> Option<(&Event, &[LockView])> {
        self.reference.change(revision).map(|change| (&change.event, &change.locks[..]))
    }

    /// What was committed, the last first.
    pub fn past(&self) -> impl Iterator<Item = &Event> {
        self.reference.past().rev()
    }

    /// The ended holds that the table remembers.
    pub fn ended(&self) -> impl Iterator<Item = &Ended> {
        self.reference.state.ended(None)
    }

    /// Some member has a snapshot of just this table in place of its log.
    pub fn installed_now(&mut self) {
        self.reference.installed(self.reference.state.counters().revision);
    }

    /// Some member has a snapshot of this revision in place of its log.
    #[must_use]
    pub fn is_installed(&self, revision: u64) -> bool {
        self.reference.is_installed(revision)
    }

    /// The table after what is committed so far.
    #[must_use]
    pub fn state(&self) -> &State {
        &self.reference.state
    }

    /// Something else was looked at, and should have been so.
    pub fn check(
        &mut self,
        now: SimTime,
        promise: Promise,
        is_kept: bool,
        what: impl FnOnce() -> String,
    ) {
        self.report.now = now;
        self.report.check(promise, is_kept, what);
    }
}
