//! The scripted peer.

use std::collections::VecDeque;
use std::future::Future;
use std::time::Duration;

use bramah_wire::frame::{self, OPENING};
use bramah_wire::proto::message::Kind;
use bramah_wire::proto::reply::Outcome;
use bramah_wire::proto::request::Op;
use bramah_wire::proto::{self, event::What};
use bytes::{Buf, BytesMut};
use prost::Message as _;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Everything in these tests happens sooner than this, on however slow a machine.
pub(crate) const SOON: Duration = Duration::from_secs(20);

/// The future's output, or a panic that says what did not happen.
pub(crate) async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(SOON, future).await {
        Ok(output) => output,
        Err(_) => panic!("{what} did not happen"),
    }
}

pub(crate) struct Peer {
    listener: TcpListener,
}

/// One connection of a client.
pub(crate) struct Link {
    stream: TcpStream,
    input: BytesMut,
    /// Requests that came before their turn.
    early: VecDeque<(u64, Op)>,
}

impl Peer {
    pub(crate) async fn start() -> Peer {
        Peer { listener: TcpListener::bind("127.0.0.1:0").await.unwrap() }
    }

    pub(crate) fn address(&self) -> String {
        self.listener.local_addr().unwrap().to_string()
    }

    pub(crate) fn url(&self) -> String {
        format!("bramah://{}", self.address())
    }

    pub(crate) async fn accept(&self) -> Link {
        let (stream, _) = soon("a connection", self.listener.accept()).await.unwrap();
        let mut link = Link { stream, input: BytesMut::new(), early: VecDeque::new() };
        let mut opening = [0; OPENING.len()];
        soon("the opening", link.stream.read_exact(&mut opening)).await.unwrap();
        assert_eq!(opening, OPENING);
        link
    }

    /// Accepts a connection and answers its question for the cluster: this one is alone.
    pub(crate) async fn welcome(&self) -> Link {
        let member = proto::Member {
            node_id: 1,
            client_address: self.address(),
            is_leader: true,
            ..Default::default()
        };
        self.welcome_to(&[member]).await
    }

    /// The same, with these members.
    pub(crate) async fn welcome_to(&self, members: &[proto::Member]) -> Link {
        let mut link = self.accept().await;
        let (id, op) = link.next().await;
        assert!(matches!(op, Op::GetClusterStatus(_)), "{op:?}");
        let members = members.to_vec();
        let has_quorum = members.iter().any(|member| member.is_leader);
        let status = proto::ClusterStatus { node_id: 1, has_quorum, members, ..Default::default() };
        link.reply(id, Outcome::ClusterStatus(status)).await;
        link
    }
}

impl Link {
    /// The next request; none when the client has hung up.
    pub(crate) async fn next_or_end(&mut self) -> Option<(u64, Op)> {
        if let Some(early) = self.early.pop_front() {
            return Some(early);
        }
        loop {
            if let Some(bytes) = frame::take_frame(&mut self.input).unwrap() {
                let request = proto::Request::decode(bytes).unwrap();
                return Some((request.id, request.op.unwrap()));
            }
            match soon("a request", self.stream.read_buf(&mut self.input)).await {
                Ok(0) | Err(_) => return None,
                Ok(_) => {}
            }
        }
    }

    pub(crate) async fn next(&mut self) -> (u64, Op) {
        self.next_or_end().await.expect("a request, not the end of the connection")
    }

    pub(crate) async fn reply(&mut self, id: u64, outcome: Outcome) {
        let reply =
            proto::Reply { id, now_ms: 5_000, outcome: Some(outcome), ..Default::default() };
        self.send(Kind::Reply(reply)).await;
    }

    pub(crate) async fn tell(&mut self, watch_id: u64, revision: u64, what: What) {
        let event = proto::Event { revision, now_ms: 5_000, watch_id, what: Some(what) };
        self.send(Kind::Event(event)).await;
    }

    async fn send(&mut self, kind: Kind) {
        let mut bytes = BytesMut::new();
        frame::put_frame(&proto::Message { kind: Some(kind) }, &mut bytes).unwrap();
        self.send_bytes(bytes.chunk()).await;
    }

    pub(crate) async fn send_bytes(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.unwrap();
    }

    /// The client opens its session.
    pub(crate) async fn open_session(&mut self, ttl: Duration) {
        let (id, op) = self.next().await;
        let Op::OpenSession(open) = op else { panic!("{op:?}") };
        assert_eq!(Duration::from_millis(open.ttl_ms), ttl);
        let session = Some(proto::Handle { number: 40, key: 5 });
        let deadline_ms = 5_000 + open.ttl_ms;
        let opened = proto::SessionOpened { session, deadline_ms };
        self.reply(id, Outcome::SessionOpened(opened)).await;
    }

    /// The client acquires; this is its request.
    pub(crate) async fn acquire(&mut self) -> (u64, proto::Acquire) {
        match self.next().await {
            (id, Op::Acquire(acquire)) => (id, acquire),
            (_, other) => panic!("{other:?} is no acquire"),
        }
    }

    /// The client brings its session, which holds these tokens; its keepalive is answered too.
    pub(crate) async fn attach(&mut self, tokens: &[u64]) {
        let (id, op) = self.next().await;
        assert!(matches!(op, Op::AttachSession(_)), "{op:?}");
        let holds = tokens.iter().map(|token| grant(*token)).collect();
        let attached = proto::SessionAttached { holds, ..Default::default() };
        self.reply(id, Outcome::SessionAttached(attached)).await;
        // What was under way may be asked again before.
        let mut early = VecDeque::new();
        let id = loop {
            match self.next().await {
                (id, Op::KeepAlive(_)) => break id,
                other => early.push_back(other),
            }
        };
        self.early = early;
        let result = Some(proto::renewal::Result::DeadlineMs(90_000));
        let renewals = vec![proto::Renewal { result }];
        self.reply(id, Outcome::KeptAlive(proto::KeptAlive { renewals, ended: vec![] })).await;
    }
}

pub(crate) fn grant(token: u64) -> proto::Grant {
    let hold = Some(proto::Handle { number: token, key: 0xabc });
    proto::Grant { hold, name: "x".into(), ttl_ms: 15_000, ..Default::default() }
}

pub(crate) fn granted(token: u64) -> Outcome {
    Outcome::Granted(proto::Grants { grants: vec![grant(token)] })
}

pub(crate) fn released() -> Outcome {
    Outcome::Released(proto::Released::default())
}
