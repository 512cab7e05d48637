//! Whoever knows what everybody was told, and compares it with what was promised.
//!
//! The audit follows the committed log with a table of its own, and hears of everything that
//! clients ask, are told, and believe. It has one checker for each promise, in a file of its name.
//!
//! `log` finds out what is committed, from what the members write and apply. `reference`
//! applies it once more, with the real lock core, so that members and answers can be compared with
//! it; and `table` follows the events of that, written apart from the core, so that the core
//! itself can be compared too. A `step::Step` is what all checkers look at.

mod beliefs;
mod calls;
mod g01_exclusion;
mod g02_fencing;
mod g03_told_in_time;
mod g04_no_zombies;
mod g05_fair;
mod g06_idempotent;
mod g08_ride_through;
mod log;
mod reads;
mod real;
mod reference;
mod report;
mod step;
mod table;
#[cfg(test)]
mod tests;
mod watch_order;

use std::collections::BTreeMap;

use bramah_core::{Command, Event, Happening, LockName, Outcome, State, Time};
use bramah_node::{Node, Notice, Persist, Reply};
use bramah_wal::Entry;
use bramah_wire::entry::decode_entry;
use bramah_wire::peer::Message;
use bramah_wire::request::What;

pub use self::report::{Broken, Promise, Report};

use self::beliefs::Beliefs;
use self::calls::{Calls, Sending, grants_of, request_of};
use self::g02_fencing::Fencing;
use self::g04_no_zombies::NoZombies;
use self::g05_fair::Fair;
use self::g06_idempotent::Idempotent;
use self::g08_ride_through::RideThrough;
use self::log::{Committed, FIRST, Logs};
use self::reference::Reference;
use self::step::Step;
use self::table::Table;
use self::watch_order::WatchOrder;
use crate::fact::{CallNo, ClientNo, ConnectionNo, Fact, Held, LetCause, StopCause};
use crate::plan::Plan;
use crate::time::SimTime;

/// How many entries a member may apply before its whole table is compared again.
const COMPARE_EVERY: u64 = 256;
/// How many entries may be committed before what is over is forgotten.
const FORGET_EVERY: u64 = 256;

/// What the audit may ask about this instant.
pub trait Witness {
    /// The holds on a lock that clients which are alive believe in right now, each by its own
    /// clock. One that stands still is asked as if it looked now.
    fn believers(&self, name: &LockName) -> Vec<Held>;

    /// Members that can reach each other make up a majority, and none of them stands still: a
    /// leader could do its work.
    fn is_majority_whole(&self) -> bool;
}

/// The audit of one run.
#[derive(Debug)]
pub struct Audit {
    /// Beliefs depend on clocks, and are not checked beyond their stated bounds.
    are_beliefs_checked: bool,
    report: Report,
    logs: Logs,
    /// The index up to which each member's whole table was compared.
    compared: BTreeMap<u64, u64>,
    reference: Reference,
    table: Table,
    calls: Calls,
    beliefs: Beliefs,
    fencing: Fencing,
    no_zombies: NoZombies,
    fair: Fair,
    idempotent: Idempotent,
    ride_through: RideThrough,
    watch_order: WatchOrder,
    counts: Counts,
    /// When the entry that is looked at was proposed, where its commit is only known to be later.
    proposed: Option<SimTime>,
}

/// How much happened in a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Locks that were granted.
    pub grants: u64,
    /// Commands that were applied.
    pub commands: u64,
    /// Entries that were committed.
    pub entries: u64,
    /// Requests that clients made.
    pub calls: u64,
}

impl Audit {
    /// The audit of a run by this plan.
    #[must_use]
    pub fn new(plan: &Plan) -> Audit {
        Audit {
            are_beliefs_checked: !plan.clocks.beyond_bounds,
            report: Report::default(),
            logs: Logs::new(plan.members),
            compared: BTreeMap::new(),
            reference: Reference::new(),
            table: Table::default(),
            calls: Calls::default(),
            beliefs: Beliefs::default(),
            fencing: Fencing::default(),
            no_zombies: NoZombies::new(plan),
            fair: Fair::default(),
            idempotent: Idempotent::default(),
            ride_through: RideThrough::new(plan),
            watch_order: WatchOrder::default(),
            counts: Counts::default(),
            proposed: None,
        }
    }

    /// A member was started from its disk: with a snapshot at this index and term, and these
    /// entries behind it. Everything up to `snapshot.0` counts as applied by it.
    pub fn recovered(
        &mut self,
        now: SimTime,
        member: u64,
        snapshot: (u64, u64),
        entries: &[Entry],
    ) {
        self.report.now = now;
        self.logs.recovered(member, snapshot, entries, &mut self.report);
        self.no_zombies.clock_set(now, member);
        self.compared.remove(&member);
    }

    /// A member was ordered to write this.
    pub fn ordered(&mut self, member: u64, persist: &Persist) {
        self.logs.ordered(member, persist, &mut self.report);
    }

    /// What a member was ordered to write, up to this number, is durable.
    pub fn durable(&mut self, member: u64, number: u64) {
        self.logs.durable(member, number);
    }

    /// A member sends a message to another.
    pub fn said(&mut self, now: SimTime, member: u64, to: u64, message: &Message) {
        self.report.now = now;
        if let Message::Raft(message) = message {
            self.logs.said(member, to, message, &mut self.report);
        }
    }

    /// A member replaced its log by a snapshot with this table, as the order of this number said.
    pub fn installed(
        &mut self,
        now: SimTime,
        member: u64,
        number: u64,
        at: (u64, u64),
        state: &State,
    ) {
        self.report.now = now;
        self.logs.installed(member, number, at, state.counters(), &mut self.report);
        self.reference.installed(state.counters().revision);
        self.no_zombies.clock_set(now, member);
        self.compared.remove(&member);
    }

    /// A member was stepped: it may have applied more, and lead or not. Before the replies and
    /// notices of that step are delivered to anybody.
    pub fn stepped(&mut self, now: SimTime, member: u64, node: &Node, witness: &dyn Witness) {
        self.report.now = now;
        self.no_zombies.look(now, witness);
        if node.is_leader() && node.term() != 0 {
            self.logs.leads(member, node.term(), &mut self.report);
        }
        let (state, index, term) = node.applied();
        let before = self.logs.stepped(member);
        if index > before {
            self.no_zombies.led(now, term);
        }
        for index in before + 1..=index {
            self.apply(now, member, index, witness);
            if self.logs.get(index).is_some_and(Committed::has_time) {
                self.no_zombies.clock_set(now, member);
            }
        }
        if index > before || !self.compared.contains_key(&member) {
            self.compare(member, index, state);
        }
    }

    /// What a fault does is done. Nobody may be stepped for long after it.
    pub fn fault_began(&mut self, now: SimTime, witness: &dyn Witness) {
        self.no_zombies.change(now, witness);
    }

    /// Something was seen.
    pub fn fact(&mut self, now: SimTime, fact: &Fact<'_>, witness: &dyn Witness) {
        self.report.now = now;
        match fact {
            Fact::Started { .. } => self.no_zombies.change(now, witness),
            Fact::Stopped { member, why } => {
                self.no_zombies.change(now, witness);
                if *why == StopCause::DiskDamaged {
                    self.logs.wiped(*member);
                }
            }
            Fact::Called { client, call, what } => {
                self.counts.calls += 1;
                self.beliefs.called(what);
                self.ride_through.called(now, what);
                let answer = self.reference.answer(what);
                self.calls.called(now, *client, *call, what, answer);
            }
            Fact::Sent { call, connection, id, member, .. } => {
                let sending = Sending { connection: *connection, id: *id, member: *member };
                self.calls.sent(*call, sending);
            }
            Fact::Returned { call, member, reply, .. } => self.returned(*call, *member, reply),
            Fact::GaveUp { call, .. } => {
                if let Some(call) = self.calls.get(*call) {
                    self.fair.gave_up(now, call, &self.reference, &mut self.report);
                }
                self.calls.over(now, *call);
            }
            Fact::Calm => self.fair.calm(now),
            Fact::Noticed { client, connection, notice, .. } => {
                self.noticed(now, *client, *connection, notice);
            }
            Fact::Holds(held) => {
                let (hold, name) = (held.hold, &held.name);
                self.fencing.told(Some(held.session), hold, name, &mut self.report);
                if self.are_beliefs_checked {
                    g01_exclusion::holds(held, &self.beliefs, witness, &mut self.report);
                }
            }
            Fact::Lets { token, why: LetCause::Deadline, .. } => {
                self.ride_through.lost(*token, &self.table, &mut self.report);
            }
            Fact::Lets { .. } => {}
            Fact::SessionOver { session, .. } => self.calls.session_over(now, *session),
            Fact::ClientDied { client } => {
                self.calls.died(now, *client);
                self.watch_order.died(*client);
            }
            Fact::Fault(fault) => self.no_zombies.fault(now, fault, witness),
            Fact::Leads { .. } | Fact::LeadsNoMore { .. } | Fact::Wrote { .. } => {}
        }
    }

    /// The run is over: everything that waited should have come to its end.
    pub fn end(&mut self, now: SimTime, _witness: &dyn Witness) {
        self.report.now = now;
        Fair::end(&self.calls, &mut self.report);
        self.watch_order.end(&self.reference, &mut self.report);
    }

    /// The first promise that was not kept.
    #[must_use]
    pub fn broken(&self) -> Option<&Broken> {
        self.report.broken()
    }

    /// How often each promise was looked at.
    pub fn checks(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        self.report.checks()
    }

    /// How much happened.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// A member applied an entry. The first time that anybody does, it counts.
    fn apply(&mut self, now: SimTime, member: u64, index: u64, witness: &dyn Witness) {
        let Some(entry) = self.logs.apply(member, index, &mut self.report) else { return };
        self.counts.entries += 1;
        self.no_zombies.committed(now, entry.term);
        if entry.has_time() {
            match decode_entry(&entry.data) {
                Ok(decoded) => {
                    let led = (entry.term, self.logs.leader_of(entry.term));
                    let is_due = self.reference.state.next_due().is_some();
                    let told = (is_due, self.logs.has_others());
                    self.no_zombies.stamped(now, led, decoded.now, told, &mut self.report);
                    self.idempotent.origins(entry.term, &decoded.origins, &mut self.report);
                    self.commit(index, decoded.now, decoded.commands, witness);
                }
                Err(error) => self.report.check(Promise::OneLog, false, || {
                    format!("the entry at {index} cannot be read: {error}")
                }),
            }
        }
        self.logs.set_counters(self.reference.counters());
        if index.is_multiple_of(FORGET_EVERY) {
            self.calls.forget(now, &self.table);
        }
    }

    fn commit(&mut self, index: u64, time: Time, commands: Vec<Command>, witness: &dyn Witness) {
        let last = self.reference.state.now();
        self.report.check(Promise::OneLog, time >= last, || {
            format!("the entry at {index} has the time {time:?}, after {last:?}")
        });
        let is_watched = self.watch_order.is_any() || self.calls.is_asking_to_watch();
        let mut events = Vec::new();
        self.reference.state.advance(time, &mut events);
        for name in self.table.advance(self.reference.state.now()) {
            self.fair.touch(&name);
        }
        let step = Step { time: self.table.now, command: None, events: &events };
        self.step(&step, is_watched, witness);
        Fair::passed(&self.table, &self.reference.state, &mut self.report);
        for command in commands {
            events.clear();
            let asked = command.clone();
            let outcome = self.reference.state.apply(time, command, &mut events);
            let command = Some((&asked, &outcome));
            let step = Step { time: self.table.now, command, events: &events };
            self.step(&step, is_watched, witness);
        }
        let now = self.proposed.unwrap_or(self.report.now).min(self.report.now);
        self.no_zombies.settled(now, self.table.now, &self.table, &mut self.report);
        self.calls.refresh(|what| self.reference.answer(what));
    }

    /// Lets every checker look at a step, and the table take it over.
    fn step(&mut self, step: &Step<'_>, is_watched: bool, witness: &dyn Witness) {
        self.reference.remember(self.report.now, step.events, is_watched);
        for event in step.events {
            self.event(step, event, witness);
        }
        let Audit { table, report, .. } = self;
        let is_repeated = self.idempotent.outcome(step, table, report);
        RideThrough::outcome(step, table, report);
        self.calls.logged(step, report);
        table.settle(step, is_repeated);
        self.renewals(step, is_repeated);
        if step.command.is_some() {
            self.counts.commands += 1;
        }
        self.fair.settled(&self.table, &self.reference.state, &mut self.report);
    }

    fn event(&mut self, step: &Step<'_>, event: &Event, witness: &dyn Witness) {
        let Audit { table, report, .. } = self;
        g01_exclusion::event(event, table, report);
        self.fencing.event(event, report);
        self.fair.event(step, event, table, report);
        self.idempotent.event(step, event, table, report);
        self.ride_through.event(step, event, table, report);
        self.beliefs.event(step, event);
        if self.are_beliefs_checked {
            g03_told_in_time::event(event, &self.beliefs, witness, report);
        }
        reads::value_set(event, &self.reference.state, report);
        match &event.what {
            Happening::Granted { grants, .. } => self.counts.grants += grants.len() as u64,
            Happening::SessionEnded { session, .. } => self.no_zombies.ended(*session),
            _ => {}
        }
        table.apply(step, event);
    }

    /// Sessions that a step opened or renewed.
    fn renewals(&mut self, step: &Step<'_>, is_repeated: bool) {
        let now = self.report.now;
        let mut renew = |session| {
            if let Some(session) = self.table.sessions.get(&session) {
                self.no_zombies.renewed(now, session.handle.id, session.ttl_ms);
            }
        };
        match step.command {
            Some((_, Outcome::SessionOpened { session, .. })) => renew(session.id),
            Some((Command::Renew(sessions), _)) => sessions.iter().for_each(|s| renew(s.id)),
            Some((_, Outcome::HoldRenewed(grant))) if !is_repeated => {
                if let Some(hold) = self.table.holds.get(&grant.hold.token) {
                    renew(hold.session);
                }
            }
            _ => {}
        }
    }

    /// A member's table must be the reference's: by its counters at any index, and whole now and
    /// then, when both stand at the same one.
    fn compare(&mut self, member: u64, index: u64, state: &State) {
        if index > FIRST
            && let Some(right) = self.logs.get(index)
        {
            let (counters, right) = (state.counters(), right.counters);
            self.report.check(Promise::OneLog, counters == right, || {
                format!("member {member} has {counters:?} at {index}, right is {right:?}")
            });
        }
        let due = self.compared.get(&member).is_none_or(|last| index >= last + COMPARE_EVERY);
        if due && index == self.logs.last() {
            self.compared.insert(member, index);
            self.report.check(Promise::OneLog, *state == self.reference.state, || {
                let mut pairs = state.facts().zip(self.reference.state.facts());
                let differs = pairs.find(|(own, right)| own != right);
                format!("member {member} has another table at {index}: {differs:?}")
            });
        }
    }

    fn returned(&mut self, no: CallNo, member: u64, reply: &Reply) {
        let was_over = self.calls.get(no).is_some_and(|call| call.over.is_some());
        self.calls.returned(no, reply, &mut self.report);
        let Some(call) = self.calls.get(no) else { return };
        let report = &mut self.report;
        // Once nobody waits for it, the right answers are not followed any more.
        if !was_over {
            reads::returned(call, member, reply, report);
            self.watch_order.returned(call, member, reply);
        }
        match reply {
            Reply::Outcome(outcome) => {
                let session = request_of(&call.what).map(|(session, _)| session);
                for grant in grants_of(outcome) {
                    self.fencing.told(session, grant.hold, &grant.name, report);
                }
                if let (Outcome::SessionOpened { session, .. }, What::Command(command)) =
                    (outcome, &call.what)
                    && let Command::OpenSession(open) = command
                {
                    let ttl_ms = open.ttl.as_ms();
                    self.ride_through.acknowledged(session.id, call.called_at, ttl_ms);
                }
            }
            Reply::KeptAlive { renewals, ended } => {
                for told in ended {
                    let right = self.reference.state.ending_of(&told.name, told.token);
                    report.check(Promise::NoFalseSuccess, right == Some(&told.reason), || {
                        format!("a keepalive is told of {told:?}; right is {right:?}")
                    });
                }
                let What::KeepAlive(sessions) = &call.what else { return };
                for (session, result) in sessions.iter().zip(renewals) {
                    let open = self.table.sessions.get(&session.id).filter(|_| result.is_ok());
                    if let Some(open) = open {
                        self.ride_through.acknowledged(session.id, call.called_at, open.ttl_ms);
                    }
                }
            }
            Reply::Attached { session, .. } | Reply::Session { session, .. } => {
                for grant in &session.holds {
                    self.fencing.told(None, grant.hold, &grant.name, report);
                }
            }
            _ => {}
        }
    }

    fn noticed(
        &mut self,
        now: SimTime,
        client: ClientNo,
        connection: ConnectionNo,
        notice: &Notice,
    ) {
        let report = &mut self.report;
        self.watch_order.noticed(client, connection, notice, &self.reference, report);
        let Notice::Session(event) = notice else { return };
        match &event.what {
            Happening::Granted { session, seq, grants, .. } => {
                for grant in grants {
                    self.fencing.told(Some(*session), grant.hold, &grant.name, report);
                }
                self.calls.settled(now, *session, *seq);
            }
            Happening::WaitEnded { session, seq, .. } => self.calls.settled(now, *session, *seq),
            _ => {}
        }
    }
}
