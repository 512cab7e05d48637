//! A client that speaks bytes.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use bramah_wire::frame::{OPENING, put_frame, take_frame};
use bramah_wire::proto::message::Kind;
use bramah_wire::proto::reply::Outcome;
use bramah_wire::proto::request::Op;
use bramah_wire::proto::{self, wait::How};
use bytes::BytesMut;
use prost::Message as _;

/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(10);

pub(crate) struct Client {
    stream: TcpStream,
    buffer: BytesMut,
    last_id: u64,
    last_seq: u64,
    pub(crate) events: Vec<proto::Event>,
}

impl Client {
    pub(crate) fn connect(address: SocketAddr) -> Client {
        let mut client = Client::silent(address);
        client.send_bytes(&OPENING);
        client
    }

    /// A connection, if there is somebody.
    pub(crate) fn try_connect(address: SocketAddr) -> Option<Client> {
        drop(TcpStream::connect(address).ok()?);
        Some(Client::connect(address))
    }

    /// The same client on a connection to another server.
    pub(crate) fn moved(&self, address: SocketAddr) -> Client {
        Client { last_id: self.last_id, last_seq: self.last_seq, ..Client::connect(address) }
    }

    /// A connection on which nothing was said.
    pub(crate) fn silent(address: SocketAddr) -> Client {
        let stream = TcpStream::connect(address).expect("it connects");
        stream.set_read_timeout(Some(PATIENCE)).expect("a time-out");
        stream.set_nodelay(true).expect("no delay");
        Client { stream, buffer: BytesMut::new(), last_id: 0, last_seq: 0, events: Vec::new() }
    }

    pub(crate) fn send_bytes(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).expect("it is sent");
    }

    /// Ends the connection with a reset.
    pub(crate) fn reset(self) {
        let linger = Some(Duration::ZERO);
        socket2::SockRef::from(&self.stream).set_linger(linger).expect("no linger");
    }

    /// Sends a request and tells its id.
    pub(crate) fn send(&mut self, op: Op) -> u64 {
        self.last_id += 1;
        let request = proto::Request { id: self.last_id, op: Some(op) };
        let mut out = BytesMut::new();
        put_frame(&request, &mut out).expect("it fits a frame");
        self.send_bytes(&out);
        self.last_id
    }

    /// The next message; none if the server closed the connection.
    pub(crate) fn receive(&mut self) -> Option<proto::Message> {
        loop {
            if let Some(frame) = take_frame(&mut self.buffer).expect("a frame") {
                return Some(proto::Message::decode(frame).expect("a message"));
            }
            let mut part = [0; 16 * 1024];
            match self.stream.read(&mut part) {
                Ok(0) => return None,
                Ok(bytes) => self.buffer.extend_from_slice(&part[..bytes]),
                Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => return None,
                Err(error) => panic!("nothing came: {error}"),
            }
        }
    }

    /// Everything up to the end of the connection, as text.
    pub(crate) fn rest(mut self) -> String {
        let mut rest = Vec::new();
        let _ = self.stream.read_to_end(&mut rest);
        String::from_utf8_lossy(&rest).into_owned()
    }

    /// The next reply, with its id; events that come before it are kept.
    pub(crate) fn reply(&mut self) -> (u64, Outcome) {
        loop {
            match self.receive().expect("the connection is open").kind.expect("a message") {
                Kind::Reply(reply) => return (reply.id, reply.outcome.expect("an outcome")),
                Kind::Event(event) => self.events.push(event),
            }
        }
    }

    /// The next event.
    pub(crate) fn event(&mut self) -> proto::Event {
        if !self.events.is_empty() {
            return self.events.remove(0);
        }
        match self.receive().expect("the connection is open").kind.expect("a message") {
            Kind::Event(event) => event,
            Kind::Reply(reply) => panic!("a reply that nobody asked for: {reply:?}"),
        }
    }

    pub(crate) fn ask(&mut self, op: Op) -> Outcome {
        let asked = self.send(op);
        let (id, outcome) = self.reply();
        assert_eq!(id, asked);
        outcome
    }

    /// The whole reply to a request.
    pub(crate) fn whole_reply(&mut self, op: Op) -> proto::Reply {
        self.send(op);
        loop {
            match self.receive().expect("the connection is open").kind.expect("a message") {
                Kind::Reply(reply) => return reply,
                Kind::Event(event) => self.events.push(event),
            }
        }
    }

    /// How the server sees its cluster.
    pub(crate) fn status(&mut self) -> proto::ClusterStatus {
        match self.ask(Op::GetClusterStatus(proto::GetClusterStatus {})) {
            Outcome::ClusterStatus(status) => status,
            other => panic!("no status: {other:?}"),
        }
    }

    pub(crate) fn error(&mut self, op: Op) -> proto::Error {
        match self.ask(op) {
            Outcome::Error(error) => error,
            other => panic!("no error: {other:?}"),
        }
    }

    pub(crate) fn open(&mut self, ttl_ms: u64) -> proto::Handle {
        let open = proto::OpenSession { ttl_ms, ..Default::default() };
        match self.ask(Op::OpenSession(open)) {
            Outcome::SessionOpened(opened) => opened.session.expect("a session"),
            other => panic!("no session: {other:?}"),
        }
    }

    pub(crate) fn acquire_op(&mut self, session: proto::Handle, name: &str) -> Op {
        self.last_seq += 1;
        let (seq, session) = (self.last_seq, Some(session));
        Op::Acquire(proto::Acquire {
            request: Some(proto::RequestRef { session, seq, answered_below: seq }),
            item: Some(proto::Item {
                name: name.to_owned(),
                mode: proto::Mode::Exclusive.into(),
                ..Default::default()
            }),
            wait: Some(proto::Wait { how: Some(How::Forever(true)) }),
            if_held: proto::IfHeld::Queue.into(),
            ..Default::default()
        })
    }

    pub(crate) fn acquire(&mut self, session: proto::Handle, name: &str) -> Outcome {
        let op = self.acquire_op(session, name);
        self.ask(op)
    }

    /// Acquires a lock, however long it takes.
    pub(crate) fn hold(&mut self, session: proto::Handle, name: &str) -> proto::Handle {
        match self.acquire(session, name) {
            Outcome::Granted(grants) => grants.grants[0].hold.expect("a hold"),
            Outcome::Queued(_) => self.granted(),
            other => panic!("not granted: {other:?}"),
        }
    }

    /// The grant of a request that is queued; other events are kept.
    fn granted(&mut self) -> proto::Handle {
        let mut others = Vec::new();
        loop {
            let event = self.event();
            if let Some(proto::event::What::Granted(granted)) = &event.what {
                self.events.append(&mut others);
                return granted.grants[0].hold.expect("a hold");
            }
            others.push(event);
        }
    }

    pub(crate) fn release(&mut self, hold: proto::Handle) -> Outcome {
        self.ask(Op::Release(proto::Release { request: None, hold: Some(hold) }))
    }

    pub(crate) fn info(&mut self) -> proto::ServerInfo {
        match self.ask(Op::GetServerInfo(proto::GetServerInfo {})) {
            Outcome::ServerInfo(info) => info,
            other => panic!("no info: {other:?}"),
        }
    }
}
