//! The machine without a socket: what it sends, what it makes of answers, and what it does when
//! they do not come. Time is whatever a test says.

mod cancel;
mod failover;
mod gathering;
mod goodbye;
mod lease;
mod reconnect;
mod requests;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use bramah_core::Owner;
use bramah_wire::frame::{self, OPENING};
use bramah_wire::proto::reply::Outcome;
use bramah_wire::proto::request::Op;
use bramah_wire::proto::{self, event::What};
use bramah_wire::{Error as WireError, ErrorCode};
use bytes::{Buf, BytesMut};
use prost::Message as _;

use super::call::{Answer, CallId, Failure, Purpose};
use super::machine::Machine;
use super::session::{SessionKey, SessionTerms};
use crate::clock::LocalTime;
use crate::error::ErrorKind;
use crate::info::LostReason;

const TTL: Duration = Duration::from_secs(15);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// The number of the session that the tests' server opens first.
const SESSION: u64 = 40;

/// A machine, and the server's side of its connection.
struct Bench {
    machine: Machine,
    now: LocalTime,
    opened: u64,
    woken: Arc<Woken>,
}

#[derive(Default)]
struct Woken(AtomicUsize);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

fn terms() -> SessionTerms {
    SessionTerms {
        ttl: TTL,
        owner: Owner::default(),
        release_on_disconnect: false,
        kept_alive: true,
        of_one_hold: false,
    }
}

fn own_terms() -> SessionTerms {
    SessionTerms { of_one_hold: true, ..terms() }
}

fn acquire(name: &str) -> Op {
    let item = proto::Item { name: name.into(), mode: 1, ..Default::default() };
    Op::Acquire(proto::Acquire { item: Some(item), ..Default::default() })
}

fn hold(token: u64) -> proto::Handle {
    proto::Handle { number: token, key: 77 }
}

fn grant(token: u64) -> proto::Grant {
    proto::Grant { hold: Some(hold(token)), name: "x".into(), ..Default::default() }
}

fn granted(token: u64) -> Outcome {
    Outcome::Granted(proto::Grants { grants: vec![grant(token)] })
}

fn queued() -> Outcome {
    Outcome::Queued(proto::Queued { position: 2, waiters: 3 })
}

fn refused(code: ErrorCode) -> Outcome {
    Outcome::Error((&WireError::new(code, "do that: it is a test")).into())
}

fn number_of(op: &Op) -> proto::RequestRef {
    let number = match op {
        Op::Acquire(op) => op.request,
        Op::Upgrade(op) => op.request,
        Op::Cancel(op) => op.request,
        Op::Release(op) => op.request,
        Op::SetValue(op) => op.request,
        other => panic!("{other:?} is not numbered"),
    };
    number.expect("a number")
}

impl Bench {
    /// Not connected.
    fn down() -> Bench {
        let mut machine = Machine::new(terms(), CONNECT_TIMEOUT, vec!["here".to_owned()]);
        machine.next_server(LocalTime(0));
        Bench { machine, now: LocalTime(1_000_000_000), opened: 0, woken: Arc::default() }
    }

    fn up() -> Bench {
        let mut bench = Bench::down();
        bench.connect();
        bench
    }

    /// Connected, with an open session that holds a lock under this token.
    fn holding(token: u64) -> (Bench, SessionKey) {
        Bench::holding_for(token, TTL)
    }

    /// The same with another TTL.
    fn holding_for(token: u64, ttl: Duration) -> (Bench, SessionKey) {
        let mut bench = Bench::up();
        bench.machine.shared_terms.ttl = ttl;
        let (key, call) = bench.acquire("held");
        bench.open_session();
        bench.reply_to_acquire(granted(token));
        assert!(matches!(bench.poll(call), Poll::Ready(Ok(_))));
        (bench, key)
    }

    fn connect(&mut self) {
        self.machine.handle_connected(self.now);
        assert_eq!(self.machine.out[..OPENING.len()], OPENING);
        self.machine.out.advance(OPENING.len());
    }

    /// There are other servers besides the one it is connected to.
    fn knows(&mut self, others: &[&str]) {
        let members = ["here"].iter().chain(others).zip(1..);
        self.machine.servers.learn(0, members.map(|(it, node)| (node, (*it).to_owned())).collect());
    }

    /// Calls the server that it chooses next, which answers; tells its address.
    fn call(&mut self) -> String {
        let next = self.machine.next_server(self.now).expect("a server");
        self.pass(next.pause);
        self.connect();
        next.address
    }

    fn disconnect(&mut self) {
        self.machine.handle_disconnected(self.now, "the cable was cut");
    }

    fn pass(&mut self, time: Duration) {
        self.now = self.now.plus(time);
        self.machine.handle_time(self.now);
    }

    fn acquire(&mut self, name: &str) -> (SessionKey, CallId) {
        self.acquire_within(name, None)
    }

    fn acquire_within(&mut self, name: &str, wait: Option<Duration>) -> (SessionKey, CallId) {
        let key = self.machine.session_for(self.now, None);
        let call = self.machine.submit_acquire(self.now, acquire(name), key, wait);
        (key, call.expect("a call"))
    }

    fn ask(&mut self, op: Op, purpose: Purpose, key: Option<SessionKey>) -> CallId {
        self.machine.submit(self.now, op, purpose, key).expect("a call")
    }

    fn release(&mut self, token: u64, key: SessionKey) -> CallId {
        let op = Op::Release(proto::Release { request: None, hold: Some(hold(token)) });
        self.ask(op, Purpose::OnHold, Some(key))
    }

    /// All requests that the machine sent since the last look.
    fn sent(&mut self) -> Vec<(u64, Op)> {
        let mut sent = Vec::new();
        while let Some(bytes) = frame::take_frame(&mut self.machine.out).expect("whole frames") {
            let request = proto::Request::decode(bytes).expect("a request");
            sent.push((request.id, request.op.expect("an op")));
        }
        sent
    }

    /// The one request that was sent.
    fn sent_one(&mut self) -> (u64, Op) {
        let mut sent = self.sent();
        assert_eq!(sent.len(), 1, "{sent:?}");
        sent.remove(0)
    }

    fn receive(&mut self, kind: proto::message::Kind) {
        let mut bytes = BytesMut::new();
        frame::put_frame(&proto::Message { kind: Some(kind) }, &mut bytes).expect("it fits");
        self.machine.handle_bytes(self.now, &mut bytes).expect("understood");
    }

    fn reply(&mut self, id: u64, outcome: Outcome) {
        let reply =
            proto::Reply { id, now_ms: 5_000, outcome: Some(outcome), ..Default::default() };
        self.receive(proto::message::Kind::Reply(reply));
    }

    fn tell(&mut self, what: What) {
        let event = proto::Event { revision: 1, now_ms: 5_000, watch_id: 0, what: Some(what) };
        self.receive(proto::message::Kind::Event(event));
    }

    /// The machine asks for a session and gets it.
    fn open_session(&mut self) {
        let (id, op) = self.sent_one();
        assert!(matches!(op, Op::OpenSession(_)), "{op:?}");
        self.reply_opened(id);
    }

    fn reply_opened(&mut self, id: u64) {
        let handle = proto::Handle { number: SESSION + self.opened, key: 5 };
        self.opened += 1;
        let opened = proto::SessionOpened { session: Some(handle), deadline_ms: 20_000 };
        self.reply(id, Outcome::SessionOpened(opened));
    }

    fn reply_to_acquire(&mut self, outcome: Outcome) -> proto::RequestRef {
        let (id, op) = self.sent_one();
        assert!(matches!(op, Op::Acquire(_)), "{op:?}");
        self.reply(id, outcome);
        number_of(&op)
    }

    /// Answers the attach with these tokens; what else was sent before and after that is returned.
    fn attached(&mut self, tokens: &[u64]) -> Vec<(u64, Op)> {
        let mut sent = self.sent();
        let (id, op) = sent.remove(0);
        assert!(matches!(op, Op::AttachSession(_)), "{op:?}");
        let holds = tokens.iter().map(|token| grant(*token)).collect();
        let attached = proto::SessionAttached { holds, ..Default::default() };
        self.reply(id, Outcome::SessionAttached(attached));
        sent.extend(self.sent());
        sent.retain(|(_, op)| !matches!(op, Op::KeepAlive(_)));
        sent
    }

    fn poll(&mut self, call: CallId) -> Poll<Result<Answer, Failure>> {
        let waker = Waker::from(self.woken.clone());
        let polled = self.machine.poll_call(self.now, call, &mut Context::from_waker(&waker));
        polled.unwrap_or(Poll::Pending)
    }

    fn failure(&mut self, call: CallId) -> Failure {
        match self.poll(call) {
            Poll::Ready(Err(failure)) => failure,
            other => panic!("{other:?} is no failure"),
        }
    }

    fn outcome(&mut self, call: CallId) -> Outcome {
        match self.poll(call) {
            Poll::Ready(Ok(answer)) => answer.outcome,
            other => panic!("{other:?} is no answer"),
        }
    }

    fn abandon(&mut self, call: CallId) {
        self.machine.abandon(self.now, call);
    }

    fn lost(&mut self, key: SessionKey, token: u64) -> Option<LostReason> {
        self.machine.lost_reason(self.now, key, token)
    }
}
