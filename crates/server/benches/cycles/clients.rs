//! Clients of four protocols, alike but for the bytes: one connection each, one request at a time.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bramah_wire::frame::{OPENING, put_frame, take_frame};
use bramah_wire::proto::message::Kind;
use bramah_wire::proto::reply::Outcome;
use bramah_wire::proto::request::Op;
use bramah_wire::proto::{self, event, wait::How};
use bytes::{Buf, BytesMut};
use prost::Message as _;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Protocol {
    Bramah,
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
            let mut connection = Connection::open(address).await;
            let session = match protocol {
                Protocol::Bramah => Some(connection.begin().await),
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
                            (Protocol::Bramah, Some(session)) => {
                                connection.cycle(session, &name).await
                            }
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

struct Connection {
    stream: TcpStream,
    input: BytesMut,
    output: BytesMut,
    seq: u64,
    /// Over HTTP: the session, as a field of the body.
    http_session: String,
}

impl Connection {
    async fn open(address: SocketAddr) -> Connection {
        let stream = TcpStream::connect(address).await.expect("it connects");
        stream.set_nodelay(true).expect("no delay");
        let (input, output) = (BytesMut::new(), BytesMut::new());
        Connection { stream, input, output, seq: 0, http_session: String::new() }
    }

    async fn begin(&mut self) -> proto::Handle {
        self.stream.write_all(&OPENING).await.expect("it is sent");
        let open = proto::OpenSession { ttl_ms: 60_000, ..Default::default() };
        match self.ask(Op::OpenSession(open)).await {
            Outcome::SessionOpened(opened) => opened.session.expect("a session"),
            other => panic!("no session: {other:?}"),
        }
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
        put_frame(&request, &mut self.output).expect("it fits");
        self.stream.write_all(&self.output).await.expect("it is sent");
        loop {
            if let Kind::Reply(reply) = self.message().await {
                return reply.outcome.expect("an outcome");
            }
        }
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
            if let Some(frame) = take_frame(&mut self.input).expect("a frame") {
                return proto::Message::decode(frame).expect("a message").kind.expect("a kind");
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
