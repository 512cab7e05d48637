//! A client alone: what it is told is made up here, and what it orders is looked at.

use bramah_core::{
    Acquire, Grant, IfHeld, Item, Key, Mode, OnDisconnect, Outcome, Priority, Refusal, Terms, Time,
    Ttl, Wait,
};
use bramah_node::{Reply, Unavailable};

use super::*;
use crate::client::Believes as _;
use crate::client::Client;

const TTL_MS: u64 = 3_000;
const SESSION: SessionHandle = SessionHandle { id: SessionId(9), key: Key(1) };

/// A client that does only what it is told to, and the world that tells it.
struct Script {
    client: Plain,
    now: LocalTime,
    out: Vec<ClientOutput>,
    facts: Vec<String>,
}

impl Script {
    /// With a connection and an open session.
    fn new() -> Script {
        let terms = WorkloadTerms {
            locks: 4,
            sessions_max: 2,
            ttl_ms: (TTL_MS, TTL_MS),
            think_ms: 10,
            hold_ms: 1_000_000,
        };
        let client = Plain::new(0, 0, Random::new(1, "client"), &terms, 3);
        let (now, out, facts) = (LocalTime(5_000_000), Vec::new(), Vec::new());
        let mut script = Script { client, now, out, facts };
        script.client.act_at = LocalTime(u64::MAX);
        script.connect();
        script.with(|client, turn| {
            let ttl = Ttl::from_ms(TTL_MS).expect("a TTL within bounds");
            let on_disconnect = OnDisconnect::Keep;
            let owner = client.owner.clone();
            let open = bramah_core::OpenSession { key: Key(0), ttl, on_disconnect, owner };
            let what = What::Command(Command::OpenSession(open));
            client.call(turn, what, Purpose::Open { ttl_ms: TTL_MS, on_disconnect }, None);
        });
        let deadline = Time(TTL_MS);
        script.answer(0, Outcome::SessionOpened { session: SESSION, deadline });
        script.out.clear();
        script
    }

    fn with(&mut self, act: impl FnOnce(&mut Plain, &mut Turn<'_, '_>)) {
        let Script { client, now, out, facts } = self;
        let mut tell = |fact: Fact<'_>| facts.push(format!("{fact:?}"));
        act(client, &mut Turn { now: *now, out, tell: &mut tell });
    }

    fn input(&mut self, input: ClientInput) {
        let Script { client, now, out, facts } = self;
        client.handle(*now, input, out, &mut |fact| facts.push(format!("{fact:?}")));
    }

    /// Lets time pass, and the client look each time it wants to.
    fn pass(&mut self, ms: u64) {
        let end = LocalTime(self.now.0 + ms * 1_000);
        while let Some(wake) = self.client.next_wake().filter(|wake| *wake <= end) {
            self.now = self.now.max(wake);
            self.input(ClientInput::Wake);
        }
        self.now = end;
    }

    fn connect(&mut self) {
        self.input(ClientInput::Wake);
        while !self.out.iter().any(|order| matches!(order, ClientOutput::Connect { .. })) {
            self.pass(50);
        }
        let connection = self.connection();
        self.out.clear();
        self.input(ClientInput::Connected { connection, member: 1 });
    }

    fn connection(&self) -> ConnectionNo {
        match self.client.link {
            Link::Opening { connection, .. } | Link::Up { connection, .. } => connection,
            Link::Down { .. } => panic!("it has no connection"),
        }
    }

    fn break_connection(&mut self) {
        let connection = self.connection();
        self.out.clear();
        self.input(ClientInput::Disconnected(connection));
    }

    /// What was sent since the last look, and the ids.
    fn sent(&self) -> Vec<(u64, What)> {
        let sent = self.out.iter().filter_map(|order| match order {
            ClientOutput::Send { id, what, .. } => Some((*id, what.clone())),
            _ => None,
        });
        sent.collect()
    }

    /// The numbers of the requests that were sent since the last look.
    fn numbers(&self) -> Vec<(u64, u64)> {
        let numbers = self.sent().into_iter().filter_map(|(_, what)| call::number_of(&what));
        numbers.map(|number| (number.seq.0, number.answered_below.0)).collect()
    }

    /// Answers the `index`th of what was sent since the last look.
    fn answer(&mut self, index: usize, outcome: Outcome) {
        self.reply(index, Reply::Outcome(outcome));
    }

    fn reply(&mut self, index: usize, reply: Reply) {
        let (id, connection) = (self.sent()[index].0, self.connection());
        self.input(ClientInput::Reply { connection, id, now: Time(1), reply });
    }

    fn acquire(&mut self, wait: Wait) {
        self.with(|client, turn| {
            let key = client.by_number[&SESSION.id];
            let item = Item { name: name(), mode: Mode::Exclusive, value: None };
            let acquire = Acquire {
                item,
                key: Key(0),
                wait,
                priority: Priority(0),
                if_held: IfHeld::Queue,
                max_waiters: None,
                terms: Terms::default(),
            };
            client.request(turn, key, Action::Acquire(acquire), Purpose::Acquire);
        });
    }

    fn believes(&self) -> bool {
        !self.client.believes(self.now, &name()).is_empty()
    }

    fn has_told(&self, what: &str) -> bool {
        self.facts.iter().any(|fact| fact.contains(what))
    }
}

fn name() -> LockName {
    LockName::new("a/0").expect("a valid name")
}

fn granted() -> Outcome {
    let grant = Grant {
        hold: HoldId { token: FencingToken(5), key: Key(5) },
        name: name(),
        mode: Mode::Exclusive,
        granted_at: Time(1),
        deadline: Time(TTL_MS),
        ttl: Ttl::from_ms(TTL_MS).expect("a TTL within bounds"),
        max_hold_deadline: None,
        count: 1,
    };
    Outcome::Granted(vec![grant])
}

fn queued() -> Outcome {
    Outcome::Queued { position: 1, waiters: 1 }
}

#[test]
fn after_a_break_sessions_come_over_first_and_then_requests_under_their_old_numbers() {
    let mut script = Script::new();
    script.acquire(Wait::Forever);
    script.acquire(Wait::Forever);
    script.answer(0, queued());
    script.break_connection();
    script.connect();
    assert!(matches!(script.sent()[0].1, What::Attach { session: SESSION, .. }));
    // The first waits in the queue, which is an answer.
    assert_eq!(script.numbers(), [(1, 1), (2, 2)]);
}

#[test]
fn answered_below_is_the_first_number_without_an_answer() {
    let mut script = Script::new();
    for _ in 0..3 {
        script.acquire(Wait::Try);
    }
    script.answer(1, granted());
    script.acquire(Wait::Try);
    script.answer(0, Outcome::Refused(Refusal::RequestCancelled));
    script.acquire(Wait::Try);
    assert_eq!(script.numbers(), [(1, 1), (2, 1), (3, 1), (4, 1), (5, 3)]);
}

#[test]
fn what_is_cancelled_counts_as_unanswered_until_its_cancel_is_answered() {
    let mut script = Script::new();
    script.acquire(Wait::Forever);
    script.answer(0, queued());
    let no = script.sent()[0].0;
    script.with(|client, turn| client.abandon(turn, no));
    script.acquire(Wait::Try);
    script.answer(1, Outcome::Cancelled { was_held: false });
    script.acquire(Wait::Try);
    assert_eq!(script.numbers(), [(1, 1), (2, 1), (3, 1), (4, 3)]);
}

#[test]
fn a_request_that_was_given_up_unsent_needs_no_cancel_and_one_in_doubt_does() {
    let mut script = Script::new();
    script.acquire(Wait::Forever);
    script.break_connection();
    script.acquire(Wait::Forever);
    let nos: Vec<CallNo> = script.client.calls.keys().copied().collect();
    for no in nos {
        script.with(|client, turn| client.abandon(turn, no));
    }
    let cancels = script.client.calls.values().map(|call| call.purpose.clone());
    assert_eq!(cancels.collect::<Vec<_>>(), [Purpose::Cancel(RequestSeq(1))]);
}

#[test]
fn a_not_now_after_a_break_leaves_the_first_sending_in_doubt() {
    let mut script = Script::new();
    script.acquire(Wait::Forever);
    script.break_connection();
    script.connect();
    let index = script.sent().iter().position(|(_, what)| call::number_of(what).is_some());
    let no = script.sent()[index.expect("the acquire is sent again")].0;
    script.reply(
        index.expect("the acquire is sent again"),
        Reply::Unavailable(Unavailable::NoLeader),
    );
    script.with(|client, turn| client.abandon(turn, no));
    let mut calls = script.client.calls.values();
    assert!(calls.any(|call| call.purpose == Purpose::Cancel(RequestSeq(1))));
}

#[test]
fn belief_begins_with_the_grant_and_ends_before_the_lease_can() {
    let mut script = Script::new();
    let opened_at = script.now;
    script.acquire(Wait::Try);
    assert!(!script.believes());
    script.answer(0, granted());
    assert!(script.believes() && script.has_told("Holds("));
    // No keepalive is answered any more.
    script.now = LocalTime(opened_at.0 + TTL_MS * 1_000 - TTL_MS * 10 - 10_000 - 1);
    assert!(script.believes());
    script.now = LocalTime(script.now.0 + 1);
    assert!(!script.believes());
}

#[test]
fn the_first_look_after_a_pause_past_the_deadline_ends_belief_whatever_it_brings() {
    let mut script = Script::new();
    script.acquire(Wait::Try);
    script.acquire(Wait::Try);
    script.answer(0, granted());
    script.now = LocalTime(script.now.0 + TTL_MS * 1_000);
    script.answer(1, granted());
    assert!(script.has_told("Deadline") && script.has_told("SessionOver"));
    assert!(!script.believes());
}

#[test]
fn a_release_ends_belief_before_it_is_sent() {
    let mut script = Script::new();
    script.acquire(Wait::Try);
    script.answer(0, granted());
    script.break_connection();
    script.with(|client, turn| {
        let key = client.by_number[&SESSION.id];
        client.release(turn, key, FencingToken(5));
    });
    assert!(!script.believes() && script.has_told("Releases"));
}

#[test]
fn keepalives_go_out_three_times_in_a_ttl_and_move_the_deadline_when_answered() {
    let mut script = Script::new();
    script.pass(TTL_MS / 3);
    let keepalives = script.sent();
    assert!(matches!(&keepalives[..], [(_, What::KeepAlive(of))] if of == &[SESSION]));
    script.reply(0, Reply::KeptAlive { renewals: vec![Ok(Time(2 * TTL_MS))], ended: vec![] });
    script.out.clear();
    script.pass(TTL_MS / 3);
    script.reply(0, Reply::KeptAlive { renewals: vec![Ok(Time(2 * TTL_MS))], ended: vec![] });
    script.pass(TTL_MS * 7 / 8);
    assert!(!script.has_told("SessionOver"));
    script.pass(TTL_MS / 8);
    assert!(script.has_told("SessionOver"));
}

#[test]
fn winding_down_waits_for_what_waits_then_releases_and_closes_all() {
    let mut script = Script::new();
    script.acquire(Wait::Forever);
    script.answer(0, queued());
    script.input(ClientInput::WindDown);
    assert!(!script.client.is_idle());
    script.out.clear();
    let event = bramah_core::Event {
        revision: 1,
        what: bramah_core::Happening::Granted {
            session: SESSION.id,
            seq: RequestSeq(1),
            waited: true,
            grants: match granted() {
                Outcome::Granted(grants) => grants,
                _ => Vec::new(),
            },
        },
    };
    let notice = bramah_node::Notice::Session(event);
    let connection = script.connection();
    script.input(ClientInput::Notice { connection, now: Time(1), notice });
    script.pass(50);
    assert_eq!(script.numbers(), [(2, 2)]);
    script.answer(0, Outcome::Released { reentries_left: 0, free_at: None });
    script.pass(50);
    let closes = script.sent().len() - 1;
    script.answer(closes, Outcome::SessionClosed { holds: 0 });
    assert!(script.client.is_idle() && script.has_told("SessionOver"));
}

#[test]
fn a_client_is_the_same_for_the_same_seed() {
    let run = || {
        let terms = WorkloadTerms {
            locks: 4,
            sessions_max: 2,
            ttl_ms: (500, 900),
            think_ms: 5,
            hold_ms: 20,
        };
        let mut client = Client::new(0, 0, Random::new(7, "client"), &terms, 3);
        let (mut out, mut told) = (Vec::new(), Vec::new());
        for ms in 0..500 {
            let input = match ms {
                1 => ClientInput::Connected { connection: 1, member: 1 },
                _ => ClientInput::Wake,
            };
            let now = LocalTime(ms * 1_000);
            client.handle(now, input, &mut out, &mut |fact| told.push(format!("{fact:?}")));
            assert!(client.believes(now, &name()).is_empty());
        }
        (format!("{out:?}"), told)
    };
    assert_eq!(run(), run());
}
