//! Clients of several protocols, alike but for the bytes: one connection each, one request at a
//! time.

use std::io::Cursor;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bramah_wire::frame::{OPENING, put_frame, take_frame};
use bramah_wire::json;
use bramah_wire::proto::message::Kind;
use bramah_wire::proto::reply::Outcome;
use bramah_wire::proto::request::Op;
use bramah_wire::proto::{self, event, wait::How};
use bytes::{Buf, BufMut, BytesMut};
use prost::Message as _;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tungstenite::protocol::frame::FrameHeader;
use tungstenite::protocol::frame::coding::{Data, OpCode};

/// Longer than any run.
const SESSION_TTL: Duration = Duration::from_secs(60);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Protocol {
    Bramah,
    /// Over WebSocket.
    Binary,
    /// Likewise.
    Json,
    Http,
    Redis,
    Echo,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Workload {
    /// Each client has a lock of its own.
    Own,
    /// All want the same one.
    Hot,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Run {
    pub(crate) cycles_per_second: f64,
    pub(crate) p50_us: u64,
}

/// Drives a server from one thread.
pub(crate) fn run(
    protocol: Protocol,
    address: SocketAddr,
    clients: usize,
    workload: Workload,
    length: Duration,
) -> Run {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(async move {
        let mut connections = Vec::new();
        for number in 0..clients {
            let mut connection = Connection::open(protocol, address).await;
            let session = match protocol {
                Protocol::Bramah | Protocol::Binary | Protocol::Json => {
                    Some(connection.begin(SESSION_TTL).await)
                }
                _ => None,
            };
            if protocol == Protocol::Http {
                connection.http_begin().await;
            }
            let name = match workload {
                Workload::Own => format!("bench/{number}"),
                Workload::Hot => "bench/hot".to_owned(),
            };
            connections.push((connection, session, name));
        }
        let start = Instant::now();
        let wait = workload == Workload::Hot;
        let tasks: Vec<_> = connections
            .into_iter()
            .map(|(mut connection, session, name)| {
                tokio::spawn(async move {
                    let mut cycles_us = Vec::new();
                    while start.elapsed() < length {
                        let begin = Instant::now();
                        match (protocol, session) {
                            (_, Some(session)) => connection.cycle(session, &name).await,
                            (Protocol::Http, _) => connection.http_cycle(&name, wait).await,
                            (Protocol::Redis, _) => connection.redis_cycle(&name).await,
                            _ => connection.echo_cycle().await,
                        }
                        cycles_us.push(begin.elapsed().as_micros() as u64);
                    }
                    cycles_us
                })
            })
            .collect();
        let mut all = Vec::new();
        for task in tasks {
            all.extend(task.await.expect("no panic"));
        }
        let cycles_per_second = all.len() as f64 / start.elapsed().as_secs_f64();
        all.sort_unstable();
        Run { cycles_per_second, p50_us: all[all.len() / 2] }
    })
}

/// A connection with a session that is kept alive.
pub(crate) struct Keeper {
    connection: Connection,
    session: proto::Handle,
}

impl Keeper {
    pub(crate) async fn open(protocol: Protocol, address: SocketAddr, ttl: Duration) -> Keeper {
        let mut connection = Connection::open(protocol, address).await;
        let session = connection.begin(ttl).await;
        Keeper { connection, session }
    }

    pub(crate) async fn keep_alive(&mut self) {
        self.connection.seq += 1;
        let sessions = vec![self.session];
        match self.connection.ask(Op::KeepAlive(proto::KeepAlive { sessions })).await {
            Outcome::KeptAlive(kept) => match kept.renewals[0].result {
                Some(proto::renewal::Result::DeadlineMs(_)) => {}
                _ => panic!("not renewed: {kept:?}"),
            },
            other => panic!("not kept alive: {other:?}"),
        }
    }
}

struct Connection {
    protocol: Protocol,
    stream: TcpStream,
    input: BytesMut,
    output: BytesMut,
    seq: u64,
    /// Over HTTP: the session, as a field of the body.
    http_session: String,
}

impl Connection {
    async fn open(protocol: Protocol, address: SocketAddr) -> Connection {
        let stream = TcpStream::connect(address).await.expect("it connects");
        stream.set_nodelay(true).expect("no delay");
        let (input, output) = (BytesMut::new(), BytesMut::new());
        Connection { protocol, stream, input, output, seq: 0, http_session: String::new() }
    }

    async fn begin(&mut self, ttl: Duration) -> proto::Handle {
        match self.protocol {
            Protocol::Binary => self.upgrade("bramah.v1.proto").await,
            Protocol::Json => self.upgrade("bramah.v1.json").await,
            _ => self.stream.write_all(&OPENING).await.expect("it is sent"),
        }
        let ttl_ms = ttl.as_millis() as u64;
        let open = proto::OpenSession { ttl_ms, ..Default::default() };
        match self.ask(Op::OpenSession(open)).await {
            Outcome::SessionOpened(opened) => opened.session.expect("a session"),
            other => panic!("no session: {other:?}"),
        }
    }

    /// Makes a WebSocket of the connection.
    async fn upgrade(&mut self, subprotocol: &str) {
        let request = format!(
            "GET /v1/ws HTTP/1.1\r\nHost: bench\r\nConnection: Upgrade\r\n\
             Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
             Sec-WebSocket-Protocol: {subprotocol}\r\n\r\n"
        );
        self.stream.write_all(request.as_bytes()).await.expect("it is sent");
        while !self.input.ends_with(b"\r\n\r\n") {
            self.read().await;
        }
        assert!(self.input.starts_with(b"HTTP/1.1 101"), "it is no WebSocket");
        self.input.clear();
    }

    async fn cycle(&mut self, session: proto::Handle, name: &str) {
        let acquire = proto::Acquire {
            request: Some(self.request(session)),
            item: Some(proto::Item {
                name: name.to_owned(),
                mode: proto::Mode::Exclusive.into(),
                ..Default::default()
            }),
            wait: Some(proto::Wait { how: Some(How::Forever(true)) }),
            if_held: proto::IfHeld::Queue.into(),
            ..Default::default()
        };
        let hold = match self.ask(Op::Acquire(acquire)).await {
            Outcome::Granted(grants) => grants.grants[0].hold,
            Outcome::Queued(_) => self.granted().await,
            other => panic!("not granted: {other:?}"),
        };
        let request = Some(self.request(session));
        match self.ask(Op::Release(proto::Release { request, hold })).await {
            Outcome::Released(_) => {}
            other => panic!("not released: {other:?}"),
        }
    }

    fn request(&mut self, session: proto::Handle) -> proto::RequestRef {
        self.seq += 1;
        proto::RequestRef { session: Some(session), seq: self.seq, answered_below: self.seq }
    }

    async fn ask(&mut self, op: Op) -> Outcome {
        self.output.clear();
        let request = proto::Request { id: self.seq + 1, op: Some(op) };
        match self.protocol {
            Protocol::Binary => {
                let bytes = request.encode_to_vec();
                self.put_masked(Data::Binary, &bytes);
            }
            Protocol::Json => {
                let mut text = BytesMut::new();
                json::put_request(&request, &mut text).expect("it has JSON");
                self.put_masked(Data::Text, &text);
            }
            _ => put_frame(&request, &mut self.output).expect("it fits"),
        }
        self.stream.write_all(&self.output).await.expect("it is sent");
        loop {
            if let Kind::Reply(reply) = self.message().await {
                return reply.outcome.expect("an outcome");
            }
        }
    }

    fn put_masked(&mut self, data: Data, payload: &[u8]) {
        const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];
        let opcode = OpCode::Data(data);
        let header = FrameHeader { opcode, mask: Some(MASK), ..FrameHeader::default() };
        let length = payload.len() as u64;
        header.format(length, &mut (&mut self.output).writer()).expect("there is room");
        let masked = payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask);
        self.output.extend(masked);
    }

    /// The next whole message of a WebSocket, if it has come.
    fn take_websocket(&mut self) -> Option<proto::Message> {
        let mut cursor = Cursor::new(&self.input[..]);
        let (header, length) = FrameHeader::parse(&mut cursor).expect("a frame")?;
        let start = cursor.position() as usize;
        let end = start + length as usize;
        if self.input.len() < end {
            return None;
        }
        let message = self.input.split_to(end).freeze().slice(start..);
        Some(match header.opcode {
            OpCode::Data(Data::Text) => {
                json::take_message(std::str::from_utf8(&message).expect("UTF-8")).expect("JSON")
            }
            _ => proto::Message::decode(message).expect("a message"),
        })
    }

    async fn granted(&mut self) -> Option<proto::Handle> {
        loop {
            if let Kind::Event(event) = self.message().await
                && let Some(event::What::Granted(granted)) = event.what
            {
                return granted.grants[0].hold;
            }
        }
    }

    async fn message(&mut self) -> Kind {
        loop {
            let message = match self.protocol {
                Protocol::Binary | Protocol::Json => self.take_websocket(),
                _ => take_frame(&mut self.input)
                    .expect("a frame")
                    .map(|frame| proto::Message::decode(frame).expect("a message")),
            };
            if let Some(message) = message {
                return message.kind.expect("a kind");
            }
            self.read().await;
        }
    }

    /// Sessions as native clients have them, so that a cycle is two commands for both.
    async fn http_begin(&mut self) {
        let opened = self.http("POST", "/v1/sessions", "{\"ttl\":\"60s\"}").await;
        self.http_session = format!("\"session\":\"{}\"", text_of(&opened, "session"));
    }

    async fn http_cycle(&mut self, name: &str, wait: bool) {
        let name = name.replace('/', "%2F");
        let wait = if wait { ",\"wait\":\"60s\"" } else { "" };
        let body = format!("{{{}{wait}}}", self.http_session);
        let held = self.http("POST", &format!("/v1/locks/{name}"), &body).await;
        let path = format!("/v1/holds/{}", text_of(&held, "hold"));
        self.http("DELETE", &path, "").await;
    }

    /// The body of the answer to a request on a connection that is kept alive.
    async fn http(&mut self, method: &str, path: &str, body: &str) -> String {
        let length = body.len();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: b\r\ncontent-length: {length}\r\n\r\n{body}"
        );
        self.stream.write_all(request.as_bytes()).await.expect("it is sent");
        loop {
            if let Some(head) = self.input.windows(4).position(|part| part == b"\r\n\r\n") {
                let text = std::str::from_utf8(&self.input[..head]).expect("text");
                assert!(text.starts_with("HTTP/1.1 20"), "{text}");
                let length = text.split("content-length: ").nth(1).expect("a length");
                let length = length.lines().next().expect("a line").parse().expect("a number");
                while self.input.len() < head + 4 + length {
                    self.read().await;
                }
                self.input.advance(head + 4);
                let body = self.input.split_to(length);
                return String::from_utf8(body.to_vec()).expect("text");
            }
            self.read().await;
        }
    }

    async fn redis_cycle(&mut self, name: &str) {
        let len = name.len();
        let set = format!(
            "*6\r\n$3\r\nSET\r\n${len}\r\n{name}\r\n$16\r\n0123456789abcdef\r\n\
             $2\r\nNX\r\n$2\r\nPX\r\n$5\r\n60000\r\n"
        );
        assert_eq!(self.redis(&set).await, b'+', "not granted");
        let del = format!("*2\r\n$3\r\nDEL\r\n${len}\r\n{name}\r\n");
        assert_eq!(self.redis(&del).await, b':', "not released");
    }

    /// The first byte of the reply, which is one line.
    async fn redis(&mut self, command: &str) -> u8 {
        self.stream.write_all(command.as_bytes()).await.expect("it is sent");
        while !self.input.ends_with(b"\r\n") {
            self.read().await;
        }
        let first = self.input[0];
        self.input.clear();
        first
    }

    async fn echo_cycle(&mut self) {
        const BYTES: usize = 60;
        for _ in 0..2 {
            self.stream.write_all(&[7; BYTES]).await.expect("it is sent");
            while self.input.len() < BYTES {
                self.read().await;
            }
            self.input.advance(BYTES);
        }
    }

    async fn read(&mut self) {
        self.input.reserve(4096);
        assert_ne!(
            self.stream.read_buf(&mut self.input).await.expect("it answers"),
            0,
            "it closed"
        );
    }
}

/// The text of a field of JSON.
fn text_of<'a>(json: &'a str, field: &str) -> &'a str {
    let after = json.split(&format!("\"{field}\":\"")).nth(1).expect("the field");
    after.split('"').next().expect("its end")
}
