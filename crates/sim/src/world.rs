//! The time, everything that happens in it, and who sees it.
//!
//! One event after the other, in the order of time; of those at one instant, in the order in which
//! they were planned. The files below it say what follows from an event: `members`, `clients`,
//! `faults`, and the `operator` who adds and removes members.

mod clients;
mod faults;
mod members;
mod operator;
mod queue;
mod told;
mod witness;

use std::collections::BTreeMap;

use bramah_core::{FencingToken, LockName};
use bramah_node::{Input, Output};

use crate::audit::{Audit, Broken};
use crate::client::ClientOutput;
use crate::clock::Clock;
use crate::coverage::Coverage;
use crate::fact::{ClientNo, ConnectionNo, Fact};
use crate::member::{Member, Parcel};
use crate::network::{Members, Network, ToClient, ToMember, bit};
use crate::observe;
use crate::plan::{MEMBERS_MAX, Plan, machine_of_client, machine_of_member};
use crate::random::Random;
use crate::register::{Figures, Registers};
use crate::time::SimTime;
use crate::trace::{Sink, Trace};

use self::clients::Host;
use self::operator::Operator;
use self::queue::Queue;
use self::told::Told;
use self::witness::Eyes;

/// How long after the faults everything that waits may take to come to its end, beyond the longest
/// TTL of the plan, four times.
const CALM_TIME_MAX_US: u64 = 90_000_000;
/// How often it is looked whether everything came to its end.
const LOOK_EVERY_US: u64 = 100_000;
/// How many events may happen at one instant: more is an endless loop.
const EVENTS_AT_ONCE_MAX: u32 = 100_000;

/// A run.
pub struct World {
    plan: Plan,
    now: SimTime,
    queue: Queue<Event>,
    clocks: Vec<Clock>,
    members: Vec<Member>,
    clients: Vec<Host>,
    network: Network,
    operator: Operator,
    registers: Registers,
    audit: Audit,
    coverage: Coverage,
    trace: Trace,
    /// What members and clients do in time that nobody else decides.
    random: Random,
    incarnations: Random,
    /// Who votes, as of the last entry that anybody applied, and its index.
    voters: (Members, u64),
    is_calm: bool,
    /// Something that must not be, besides what the audit finds.
    broken: Option<Broken>,
    /// Why the run ended early, and rightly so.
    note: Option<String>,
    faults_done: usize,
    events: u64,
    seen: observe::Seen,
    // Kept between steps, so that they allocate nothing.
    outputs: Vec<Output>,
    client_outputs: Vec<ClientOutput>,
    told: Vec<Told>,
}

/// Something that is to happen.
#[derive(Debug)]
enum Event {
    /// A member's own time has come.
    MemberWakes { member: u64 },
    /// A member was left with something to do.
    MemberGoesOn { member: u64, life: u64 },
    /// A member's write is done.
    Written { member: u64, life: u64 },
    /// A member's compaction is done.
    Compacted { member: u64, life: u64 },
    /// A member goes on after a pause.
    MemberResumes { member: u64, life: u64 },
    /// A member was told to stop, and has taken too long.
    DrainEnds { member: u64, life: u64 },
    /// The power goes, if it has not yet.
    PowerGoes { member: u64, life: u64 },
    /// A member starts.
    Starts { member: u64 },
    /// There is room on a disk again.
    RoomAgain { member: u64 },
    /// A message comes to a member.
    Peer { to: u64, from: u64, bytes: Vec<u8> },
    /// A member learns that its connections with another ended.
    HungUp { to: u64, from: u64 },
    /// A snapshot comes to a member.
    Snapshot { to: u64, from: (u64, u64), parcel: Box<Parcel> },
    /// A member hears what became of a snapshot that it sent.
    SnapshotSent { member: u64, life: u64, to: u64, ok: bool },
    /// Something comes to a member on a connection.
    ToMember { connection: ConnectionNo, what: Box<ToMember> },
    /// A member learns that a connection is broken.
    MemberLearns { connection: ConnectionNo },
    /// Something comes to a client on a connection.
    ToClient { connection: ConnectionNo, what: Box<ToClient> },
    /// A client learns that a connection is broken.
    ClientLearns { connection: ConnectionNo },
    /// A client's own time has come.
    ClientWakes { client: ClientNo },
    /// A client goes on after a pause.
    ClientResumes { client: ClientNo, life: u32 },
    /// A write comes to a register.
    Register { client: ClientNo, name: LockName, token: FencingToken },
    /// The next fault of the plan.
    Fault { place: usize },
    /// A cut may be over.
    Heals,
    /// The operator does what comes next.
    Operator,
    /// The faults are over.
    Calm,
    /// Has everything come to its end?
    Look,
}

// The queue moves them about.
const _: () = assert!(size_of::<Event>() <= 56);

/// What came of a run.
#[derive(Clone, Debug)]
pub struct Report {
    /// The seed.
    pub seed: u64,
    /// The promise that was not kept.
    pub broken: Option<Broken>,
    /// Why it ended early, and rightly so.
    pub note: Option<String>,
    /// How long it was, for those in it.
    pub time: SimTime,
    /// Faults that happened.
    pub faults: usize,
    /// Events.
    pub events: u64,
    /// What was reached.
    pub coverage: Coverage,
    /// How often each promise was looked at.
    pub checks: BTreeMap<&'static str, u64>,
    /// How much clients did.
    pub counts: crate::audit::Counts,
    /// What fencing tokens were good for.
    pub registers: Figures,
    /// The digest of the trace, if it was asked for.
    pub digest: Option<u64>,
}

impl World {
    /// The beginning of a run.
    #[must_use]
    pub fn new(plan: Plan, sink: Sink) -> World {
        let seed = plan.seed;
        let mut clocks = Random::new(seed, "clocks");
        let machines = MEMBERS_MAX as usize + plan.clients as usize;
        let rate = |random: &mut Random| {
            let max = u64::from(plan.clocks.rate_ppm_max);
            random.below(2 * max + 1) as i64 - max as i64
        };
        let shown_us_max = 30 * 24 * 3_600 * 1_000_000;
        let clocks = (0..machines)
            .map(|_| Clock::new(clocks.between(1_000_000, shown_us_max), rate(&mut clocks)))
            .collect();
        let founders: Vec<u64> = (1..=plan.members).collect();
        let member = |no: &u64| {
            Member::new(*no, founders.clone(), Random::new(seed, &format!("member {no}")))
        };
        let members = founders.iter().map(member).collect();
        let clients = (0..plan.clients).map(|no| Host::new(no, &plan)).collect();
        let voters = founders.iter().map(|no| bit(*no)).sum();
        let mut world = World {
            now: SimTime(0),
            queue: Queue::default(),
            clocks,
            members,
            clients,
            network: Network::new(plan.network, Random::new(seed, "network")),
            operator: Operator::new(Random::new(seed, "operator")),
            registers: Registers::default(),
            audit: Audit::new(&plan),
            coverage: Coverage::default(),
            trace: Trace::new(sink),
            random: Random::new(seed, "world"),
            incarnations: Random::new(seed, "incarnations"),
            voters: (voters, 0),
            is_calm: false,
            broken: None,
            note: None,
            faults_done: 0,
            events: 0,
            seen: observe::Seen::default(),
            outputs: Vec::new(),
            client_outputs: Vec::new(),
            told: Vec::new(),
            plan,
        };
        world.plan_beginning();
        world
    }

    fn plan_beginning(&mut self) {
        for member in 1..=self.plan.members {
            let at = SimTime(self.random.below(300_000));
            self.members[member as usize - 1].starts_at = Some(at);
            self.queue.push(at, Event::Starts { member });
        }
        for client in 0..self.plan.clients {
            let at = SimTime(self.random.below(1_000_000));
            self.wake_client_at(client, at);
        }
        for (place, planned) in self.plan.faults.iter().enumerate() {
            if planned.at < self.plan.calm_at {
                self.queue.push(planned.at, Event::Fault { place });
            }
        }
        self.queue.push(self.plan.calm_at, Event::Calm);
    }

    /// Runs to the end.
    pub fn run(&mut self) -> Report {
        let (mut last, mut at_once) = (SimTime(0), 0);
        while self.broken.is_none() && self.audit.broken().is_none() && self.note.is_none() {
            let Some((at, event)) = self.queue.pop() else { break };
            (last, at_once) = if at == last { (last, at_once + 1) } else { (at, 0) };
            assert!(at_once < EVENTS_AT_ONCE_MAX, "time stands still at {at}: {event:?}");
            self.now = at;
            self.events += 1;
            if matches!(event, Event::Look) && self.has_ended() {
                let (audit, eyes) = self.audit_and_eyes();
                audit.end(at, &eyes);
                break;
            }
            self.happen(event);
        }
        self.report()
    }

    /// The run ended in a panic of somebody in it.
    pub fn panicked(&mut self, what: String) -> Report {
        self.fail("no panic", what);
        self.report()
    }

    fn report(&mut self) -> Report {
        let broken = self.audit.broken().cloned().or_else(|| self.broken.take());
        if let Some(broken) = &broken {
            self.trace.add(self.now, format_args!("BROKEN {broken}"));
        }
        self.coverage.add("operations", "grants", self.audit.counts().grants);
        Report {
            seed: self.plan.seed,
            broken,
            note: self.note.take(),
            time: self.now,
            faults: self.faults_done,
            events: self.events,
            coverage: std::mem::take(&mut self.coverage),
            checks: self.audit.checks().collect(),
            counts: self.audit.counts(),
            registers: self.registers.figures(),
            digest: self.trace.digest(),
        }
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::MemberWakes { member } => self.member_wakes(member),
            Event::MemberGoesOn { member, life } if self.lives(member, life) => {
                self.go_on(member);
            }
            Event::Written { member, life } if self.lives(member, life) => self.written(member),
            Event::Compacted { member, life } if self.lives(member, life) => {
                self.compacted(member);
            }
            Event::MemberResumes { member, life } if self.lives(member, life) => {
                self.resume_member(member);
            }
            Event::DrainEnds { member, life } if self.lives(member, life) => {
                self.stop(member, crate::fact::StopCause::Killed);
            }
            Event::PowerGoes { member, life } if self.lives(member, life) => {
                if self.members[member as usize - 1].is_armed {
                    self.stop(member, crate::fact::StopCause::PowerLost);
                }
            }
            Event::Starts { member } => self.start(member),
            Event::RoomAgain { member } => {
                self.members[member as usize - 1].disk.set_capacity_bytes(None);
            }
            Event::Peer { to, from, bytes } => self.peer_arrives(to, from, &bytes),
            Event::HungUp { to, from } => self.give(to, Input::HungUp(from)),
            Event::Snapshot { to, from, parcel } => self.snapshot_arrives(to, from, parcel),
            Event::SnapshotSent { member, life, to, ok } if self.lives(member, life) => {
                self.give(member, Input::SnapshotSent { to, ok });
            }
            Event::ToMember { connection, what } => self.member_gets(connection, *what),
            Event::MemberLearns { connection } => self.member_learns(connection),
            Event::ToClient { connection, what } => self.client_gets(connection, *what),
            Event::ClientLearns { connection } => self.client_learns(connection),
            Event::ClientWakes { client } => self.client_wakes(client),
            Event::ClientResumes { client, life } => self.client_resumes(client, life),
            Event::Register { client, name, token } => self.register_written(client, name, token),
            Event::Fault { place } => self.fault(place),
            Event::Heals => self.heal(),
            Event::Operator => self.operate(),
            Event::Calm => self.calm(),
            Event::Look => self.queue.push(self.now.plus_us(LOOK_EVERY_US), Event::Look),
            // Of a process that is no more.
            Event::MemberGoesOn { .. }
            | Event::Written { .. }
            | Event::Compacted { .. }
            | Event::MemberResumes { .. }
            | Event::DrainEnds { .. }
            | Event::PowerGoes { .. }
            | Event::SnapshotSent { .. } => {}
        }
    }

    /// That process of the member still runs.
    fn lives(&self, member: u64, life: u64) -> bool {
        let member = &self.members[member as usize - 1];
        member.process.is_some() && member.life == life
    }

    /// Everything that waited came to its end, or took too long.
    fn has_ended(&mut self) -> bool {
        if self.clients.iter().all(Host::is_idle) {
            return true;
        }
        let longest = self.plan.workload.ttl_ms.1 * 4_000 + CALM_TIME_MAX_US;
        if self.now < self.plan.calm_at.plus_us(longest) {
            return false;
        }
        let waits = self.clients.iter().filter(|host| !host.is_idle()).map(|host| host.no);
        let what = format!(
            "{:?} after the faults clients {:?} still wait for something",
            self.now.since(self.plan.calm_at),
            waits.collect::<Vec<_>>()
        );
        self.fail("G5 fair, live", what);
        false
    }

    /// Something is not as it must be.
    fn fail(&mut self, promise: &'static str, what: String) {
        let at = self.now;
        self.broken.get_or_insert(Broken { promise, at, what });
    }

    /// Shows a fact to the coverage, the trace and the audit.
    fn see(&mut self, fact: &Fact<'_>) {
        observe::count(fact, &mut self.coverage, &mut self.seen);
        self.trace.add(self.now, format_args!("{fact:?}"));
        let now = self.now;
        let (audit, eyes) = self.audit_and_eyes();
        audit.fact(now, fact, &eyes);
    }

    fn audit_and_eyes(&mut self) -> (&mut Audit, Eyes<'_>) {
        let World { audit, clients, clocks, members, network, voters, now, .. } = self;
        (audit, Eyes { now: *now, clients, clocks, members, network, voters: voters.0 })
    }

    fn clock_of_member(&self, member: u64) -> &Clock {
        &self.clocks[machine_of_member(member)]
    }

    fn clock_of_client(&self, client: ClientNo) -> &Clock {
        &self.clocks[machine_of_client(client)]
    }

    /// The faults are over, everything runs and is connected; clients end what they began.
    fn calm(&mut self) {
        self.is_calm = true;
        self.network.calm();
        self.calm_members();
        self.see(&Fact::Calm);
        self.let_through();
        self.calm_clients();
        self.queue.push(self.now.plus_us(LOOK_EVERY_US), Event::Look);
    }
}
