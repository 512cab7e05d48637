//! Made-up histories: good ones, with which no checker finds fault, and one for each way in which a
//! promise can be broken.

mod answers;
mod beliefs;
mod endings;
mod log;
mod order;

use std::sync::Arc;

use bramah_core::{
    Acquire, Action, Command, Event, Grant, Happening, HoldAction, HoldId, IfHeld, Item, Key,
    LockName, Mode, OnDisconnect, OpenSession, Outcome, Owner, Priority, RequestRef, RequestSeq,
    SessionHandle, SessionId, Terms, Time, Ttl, Wait,
};
use bramah_node::{Persist, Reply};
use bramah_wal::Entry;
use bramah_wire::entry::{Run, encode_command, encode_entry};
use bramah_wire::request::What;

use super::step::Step;
use super::{Audit, Witness};
use crate::fact::{Fact, Held};
use crate::plan::{ClockTerms, NetworkTerms, Plan, WorkloadTerms};
use crate::time::SimTime;

/// A cluster of one member, as far as the audit sees it, and what its clients believe.
struct Scene {
    audit: Audit,
    index: u64,
    commands: u64,
    calls: u64,
    now: SimTime,
    clients: Believing,
}

#[derive(Clone, Default)]
struct Believing(Vec<Held>);

impl Witness for Believing {
    fn believers(&self, name: &LockName) -> Vec<Held> {
        self.0.iter().filter(|held| held.name == *name).cloned().collect()
    }

    fn is_majority_whole(&self) -> bool {
        true
    }
}

impl Scene {
    fn new() -> Scene {
        Scene::of(1)
    }

    fn of(members: u64) -> Scene {
        let mut audit = Audit::new(&plan(members));
        for member in 1..=members {
            audit.recovered(SimTime(0), member, (1, 1), &[]);
        }
        let clients = Believing::default();
        Scene { audit, index: 1, commands: 0, calls: 0, now: SimTime(0), clients }
    }

    /// Commits an entry at a time of the cluster and of the world.
    fn commit(&mut self, ms: u64, commands: &[Command]) {
        self.now = SimTime::from_ms(ms);
        let persist = self.entry(1, ms, commands);
        self.audit.ordered(1, &persist);
        self.audit.durable(1, persist.number);
        self.apply(1);
    }

    /// The next entry, as an order to write it.
    fn entry(&mut self, term: u64, ms: u64, commands: &[Command]) -> Persist {
        self.index += 1;
        let mut bytes = Vec::new();
        for command in commands {
            encode_command(command, &mut bytes);
        }
        let runs = [Run { incarnation: 7, first: self.commands + 1, count: commands.len() }];
        self.commands += commands.len() as u64;
        let mut data = Vec::new();
        let runs = if commands.is_empty() { &[][..] } else { &runs[..] };
        encode_entry(Time(ms), &bytes, runs, &mut data);
        let entry = Entry { term, index: self.index, kind: 0, data: data.into() };
        Persist { number: self.index, hard_state: None, entries: vec![entry] }
    }

    fn apply(&mut self, member: u64) {
        self.audit.report.now = self.now;
        self.audit.apply(self.now, member, self.index, &self.clients.clone());
    }

    /// Lets the log do something that the lock core would not.
    fn forge(&mut self, ms: u64, command: Option<(&Command, &Outcome)>, what: &[Happening]) {
        self.now = SimTime::from_ms(ms);
        self.audit.report.now = self.now;
        self.audit.table.now = Time(ms);
        let last = self.audit.reference.counters().revision;
        let events: Vec<Event> = what
            .iter()
            .zip(last + 1..)
            .map(|(what, revision)| Event { revision, what: what.clone() })
            .collect();
        let step = Step { time: Time(ms), command, events: &events };
        self.audit.step(&step, false, &self.clients.clone());
    }

    fn fact(&mut self, fact: &Fact<'_>) {
        self.audit.fact(self.now, fact, &self.clients.clone());
    }

    /// A client makes a call and sends it once.
    fn call(&mut self, what: &What) -> u64 {
        self.calls += 1;
        let call = self.calls;
        self.fact(&Fact::Called { client: 0, call, what });
        self.send(call);
        call
    }

    fn send(&mut self, call: u64) {
        self.fact(&Fact::Sent { client: 0, call, connection: 1, id: call, member: 1 });
    }

    fn answer(&mut self, call: u64, reply: &Reply) {
        let now = self.audit.reference.state.now();
        self.fact(&Fact::Returned { client: 0, call, member: 1, now, reply });
    }

    fn believe(&mut self, held: &Held) {
        self.clients.0.push(held.clone());
        self.fact(&Fact::Holds(held.clone()));
    }

    /// Opens a session with a TTL of ten seconds.
    fn open(&mut self, ms: u64) -> SessionHandle {
        self.commit(ms, &[open(10_000)]);
        let id = self.audit.reference.counters().last_session;
        SessionHandle { id, key: Key(5) }
    }

    #[track_caller]
    fn kept(&self) {
        if let Some(broken) = self.audit.broken() {
            panic!("{broken}");
        }
    }

    #[track_caller]
    fn broken(&self, promise: &str) {
        match self.audit.broken() {
            Some(broken) => assert!(broken.promise.starts_with(promise), "{broken}"),
            None => panic!("nobody saw that {promise} was broken"),
        }
    }
}

fn plan(members: u64) -> Plan {
    Plan {
        seed: 1,
        members,
        clients: 2,
        calm_at: SimTime::from_ms(60_000),
        network: NetworkTerms {
            delay_us: (100, 1_000),
            drop_ppm: 0,
            duplicate_ppm: 0,
            late_ppm: 0,
            break_ppm: 0,
        },
        workload: WorkloadTerms {
            locks: 2,
            sessions_max: 2,
            ttl_ms: (10_000, 10_000),
            think_ms: 10,
            hold_ms: 10,
        },
        clocks: ClockTerms { rate_ppm_max: 5_000, beyond_bounds: false },
        faults: Vec::new(),
    }
}

fn name(text: &str) -> LockName {
    LockName::new(text).expect("a valid name")
}

fn open(ttl_ms: u64) -> Command {
    Command::OpenSession(OpenSession {
        key: Key(5),
        ttl: Ttl::from_ms(ttl_ms).expect("within bounds"),
        on_disconnect: OnDisconnect::Keep,
        owner: Arc::new(Owner::default()),
    })
}

fn request(session: SessionHandle, seq: u64, action: Action) -> Command {
    let request = RequestRef { seq: RequestSeq(seq), answered_below: RequestSeq(0) };
    Command::Request { session, request, action }
}

fn acquire(session: SessionHandle, seq: u64, mode: Mode, wait: Wait) -> Command {
    let acquire = Acquire {
        item: Item { name: name("a"), mode, value: None },
        key: Key(9),
        wait,
        priority: Priority(0),
        if_held: IfHeld::Queue,
        max_waiters: None,
        terms: Terms::default(),
    };
    request(session, seq, Action::Acquire(acquire))
}

fn release(session: SessionHandle, seq: u64, token: u64) -> Command {
    request(session, seq, Action::Hold(hold_id(token), HoldAction::Release))
}

fn hold_id(token: u64) -> HoldId {
    HoldId { token: bramah_core::FencingToken(token), key: Key(9) }
}

fn held(client: u32, session: SessionHandle, token: u64, mode: Mode) -> Held {
    Held { client, session: session.id, hold: hold_id(token), name: name("a"), mode }
}

fn grant(token: u64, mode: Mode, ms: u64) -> Grant {
    Grant {
        hold: hold_id(token),
        name: name("a"),
        mode,
        granted_at: Time(ms),
        deadline: Time(ms + 10_000),
        ttl: Ttl::from_ms(10_000).expect("within bounds"),
        max_hold_deadline: None,
        count: 1,
    }
}

fn granted(session: SessionHandle, seq: u64, token: u64, mode: Mode) -> Happening {
    Happening::Granted {
        session: session.id,
        seq: RequestSeq(seq),
        waited: false,
        grants: vec![grant(token, mode, 0)],
    }
}

fn of(session: u64) -> SessionHandle {
    SessionHandle { id: SessionId(session), key: Key(5) }
}
