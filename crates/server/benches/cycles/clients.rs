//! Clients of three protocols, alike but for the bytes: one connection each, one request at a time.

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

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    Bramah,
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
            let name = match workload {
                Workload::Own => format!("bench/{number}"),
                Workload::Hot => "bench/hot".to_owned(),
            };
            connections.push((connection, session, name));
        }
        let start = Instant::now();
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
}

impl Connection {
    async fn open(address: SocketAddr) -> Connection {
        let stream = TcpStream::connect(address).await.expect("it connects");
        stream.set_nodelay(true).expect("no delay");
        let (input, output) = (BytesMut::new(), BytesMut::new());
        Connection { stream, input, output, seq: 0 }
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
