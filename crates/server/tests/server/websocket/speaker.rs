//! A client with one session, over any transport.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use bramah_wire::proto::message::Kind;
use bramah_wire::proto::reply::Outcome;
use bramah_wire::proto::request::Op;
use bramah_wire::proto::{self, Handle, event, wait::How};

use super::transport::Transport;

pub(crate) struct Speaker<T> {
    pub(crate) transport: T,
    pub(crate) session: Handle,
    last_id: u64,
    last_seq: u64,
    events: Vec<proto::Event>,
}

impl<T: Transport> Speaker<T> {
    /// With a session that outlives its connection.
    pub(crate) fn new(address: SocketAddr) -> Speaker<T> {
        Speaker::with(T::connect(address), proto::OnDisconnect::Keep)
    }

    /// With a session that is bound to its connection.
    pub(crate) fn bound(address: SocketAddr) -> Speaker<T> {
        Speaker::with(T::connect(address), proto::OnDisconnect::Release)
    }

    pub(crate) fn bound_from(source: Ipv4Addr, address: SocketAddr) -> Speaker<T> {
        Speaker::with(T::connect_from(source, address), proto::OnDisconnect::Release)
    }

    fn with(transport: T, on_disconnect: proto::OnDisconnect) -> Speaker<T> {
        let session = Handle::default();
        let mut speaker =
            Speaker { transport, session, last_id: 0, last_seq: 0, events: Vec::new() };
        let open = proto::OpenSession {
            ttl_ms: 600_000,
            on_disconnect: on_disconnect.into(),
            owner: None,
        };
        match speaker.ask(Op::OpenSession(open)) {
            Outcome::SessionOpened(opened) => {
                speaker.session = opened.session.expect("a session");
                speaker
            }
            other => panic!("no session: {other:?}"),
        }
    }

    pub(crate) fn patient(self, patience: Duration) -> Speaker<T> {
        self.transport.socket().set_read_timeout(Some(patience)).expect("a time-out");
        self
    }

    pub(crate) fn ask(&mut self, op: Op) -> Outcome {
        self.last_id += 1;
        self.transport.send(&proto::Request { id: self.last_id, op: Some(op) });
        loop {
            match self.kind() {
                Kind::Event(event) => self.events.push(event),
                Kind::Reply(reply) => {
                    assert_eq!(reply.id, self.last_id);
                    return reply.outcome.expect("an outcome");
                }
            }
        }
    }

    fn kind(&mut self) -> Kind {
        self.transport.receive().expect("the connection is open").kind.expect("a message")
    }

    fn request(&mut self) -> Option<proto::RequestRef> {
        self.last_seq += 1;
        let (session, seq) = (Some(self.session), self.last_seq);
        Some(proto::RequestRef { session, seq, answered_below: seq })
    }

    fn acquire(&mut self, name: &str, how: How) -> Outcome {
        let acquire = proto::Acquire {
            request: self.request(),
            item: Some(proto::Item {
                name: name.to_owned(),
                mode: proto::Mode::Exclusive.into(),
                ..Default::default()
            }),
            wait: Some(proto::Wait { how: Some(how) }),
            ..Default::default()
        };
        self.ask(Op::Acquire(acquire))
    }

    /// Asks for a lock, and does not wait.
    pub(crate) fn try_acquire(&mut self, name: &str) -> Outcome {
        self.acquire(name, How::Try(true))
    }

    /// Gets a lock that is free.
    pub(crate) fn take(&mut self, name: &str) -> Handle {
        hold_of(self.try_acquire(name))
    }

    /// Asks for a lock that another has, and takes a place in its queue.
    pub(crate) fn queue(&mut self, name: &str) {
        match self.acquire(name, How::Forever(true)) {
            Outcome::Queued(_) => {}
            other => panic!("not queued: {other:?}"),
        }
    }

    /// Gets a lock, however long it takes.
    pub(crate) fn hold(&mut self, name: &str) -> Handle {
        match self.acquire(name, How::Forever(true)) {
            Outcome::Queued(_) => self.granted(),
            granted => hold_of(granted),
        }
    }

    /// Waits for what was queued.
    pub(crate) fn granted(&mut self) -> Handle {
        loop {
            let event = match self.events.is_empty() {
                false => self.events.remove(0),
                true => match self.kind() {
                    Kind::Event(event) => event,
                    Kind::Reply(reply) => panic!("a reply that nobody asked for: {reply:?}"),
                },
            };
            if let Some(event::What::Granted(granted)) = event.what {
                return granted.grants[0].hold.expect("a hold");
            }
        }
    }

    pub(crate) fn release(&mut self, hold: Handle) -> Outcome {
        let request = self.request();
        self.ask(Op::Release(proto::Release { request, hold: Some(hold) }))
    }

    /// Gives back what is held.
    pub(crate) fn give_back(&mut self, hold: Handle) {
        match self.release(hold) {
            Outcome::Released(_) => {}
            other => panic!("not released: {other:?}"),
        }
    }

    /// Gives back a hold of another session, by its id alone.
    pub(crate) fn give_back_by_id(&mut self, hold: Handle) {
        match self.ask(Op::Release(proto::Release { request: None, hold: Some(hold) })) {
            Outcome::Released(_) => {}
            other => panic!("not released: {other:?}"),
        }
    }

    /// Brings a session here, and tells what it holds.
    pub(crate) fn attach(&mut self, session: Handle) -> Vec<Handle> {
        let attach = proto::AttachSession { session: Some(session), after: 0 };
        match self.ask(Op::AttachSession(attach)) {
            Outcome::SessionAttached(attached) => {
                attached.holds.iter().map(|grant| grant.hold.expect("a hold")).collect()
            }
            other => panic!("not attached: {other:?}"),
        }
    }

    /// The code of the error that a release is answered with.
    pub(crate) fn release_error(&mut self, hold: Handle) -> String {
        match self.release(hold) {
            Outcome::Error(error) => error.code,
            other => panic!("no error: {other:?}"),
        }
    }

    /// Whether the hold lives.
    pub(crate) fn verify(&mut self, name: &str, token: u64) -> bool {
        let verify = proto::Verify { name: name.to_owned(), token, stale: false };
        match self.ask(Op::Verify(verify)) {
            Outcome::Verdict(verdict) => verdict.held,
            other => panic!("no verdict: {other:?}"),
        }
    }

    /// Whether somebody has the lock.
    pub(crate) fn peek(&mut self, name: &str) -> bool {
        let get = proto::GetLock { name: name.to_owned(), ..Default::default() };
        match self.ask(Op::GetLock(get)) {
            Outcome::Lock(lock) => lock.holders_total > 0,
            other => panic!("no lock: {other:?}"),
        }
    }
}

/// The hold of a grant.
pub(crate) fn hold_of(outcome: Outcome) -> Handle {
    match outcome {
        Outcome::Granted(grants) => grants.grants[0].hold.expect("a hold"),
        other => panic!("not granted: {other:?}"),
    }
}

/// Whose lock it is that could not be had.
pub(crate) fn holder_of(outcome: Outcome) -> u64 {
    match outcome {
        Outcome::Busy(busy) => busy.holder.expect("a holder").session,
        other => panic!("not busy: {other:?}"),
    }
}
