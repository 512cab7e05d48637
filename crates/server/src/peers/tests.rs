//! What members say to each other, over the loopback.

use std::collections::VecDeque;
use std::time::Duration;

use bramah_node::Input;
use bramah_wire::link::{
    Farewell, Hello, LINK_FRAME_BYTES_MAX, Place, Purpose, Reason, Start, Welcome, opening,
};
use bramah_wire::peer::{Forwarded, Message, Raft};
use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, timeout};

use super::call::read_frame;
use super::starts::START_SILENCE_TIME_MAX;
use super::*;
use crate::hall::{Hall, Inbox};
use crate::limits::{
    PEER_CALLS_MAX, PEER_HELLO_TIME_MAX, PEER_IN_BYTES_MAX, PEER_OUT_BYTES_MAX, PEER_OUT_LEN_MAX,
    PEER_STRANGERS_MAX,
};

const PATIENCE: Duration = Duration::from_secs(10);
const CLUSTER: u64 = 300;

/// A node that others can call.
struct Node {
    hall: Arc<Hall>,
    post: Arc<Post>,
    address: String,
    inbox: Inbox,
}

async fn listener() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("it listens");
    let address = listener.local_addr().expect("an address").to_string();
    (listener, address)
}

fn post(node_id: u64) -> (Arc<Hall>, Arc<Post>) {
    let hall = Arc::new(Hall::default());
    let identity = Identity { cluster_id: CLUSTER, node_id };
    (hall.clone(), Arc::new(Post::new(identity, hall, Places::default())))
}

impl Node {
    async fn start(node_id: u64) -> Node {
        let (listener, address) = listener().await;
        let (hall, post) = post(node_id);
        tokio::spawn(accept(listener.into(), post.clone()));
        Node { hall, post, address, inbox: Inbox::default() }
    }

    /// The next message of another member.
    async fn message(&mut self) -> (u64, Message) {
        loop {
            if !self.inbox.inputs.is_empty() {
                match self.inbox.inputs.remove(0) {
                    Input::Peer { from, message } => return (from, message),
                    other => panic!("no message: {other:?}"),
                }
            }
            self.inbox.news.clear();
            timeout(PATIENCE, self.hall.wait()).await.expect("something comes");
            self.hall.swap(&mut self.inbox);
        }
    }
}

fn place(address: &str) -> Place {
    let (peer, client) = (address.to_owned(), String::new());
    Place { stamp: 1, removed: false, peer, client }
}

fn message(number: u64) -> Message {
    let refused = Vec::new();
    Message::Forwarded(Forwarded { term: 1, incarnation: 1, taken_below: number, refused })
}

fn long_message(bytes: usize) -> Message {
    Message::Raft(Box::new(Raft { context: vec![7; bytes].into(), ..Raft::default() }))
}

fn hello(from: u64, to: u64) -> Hello {
    let (release, places) = ("9.9.9".to_owned(), Places::default());
    let (purpose, start, log_end) = (Purpose::Messages, None, None);
    Hello { cluster_id: CLUSTER, from, to, purpose, release, places, start, log_end }
}

/// A connection that opens with these bytes, and what a node answers to them.
async fn answer(address: &str, opening: &[u8], hello: Hello) -> (TcpStream, Frame) {
    let mut stream = TcpStream::connect(address).await.expect("it connects");
    let mut out = BytesMut::from(opening);
    Frame::Hello(hello).put(&mut out);
    stream.write_all(&out).await.expect("it is sent");
    let reading = async {
        let mut buffer = BytesMut::new();
        read_frame(&mut stream, &mut buffer, LINK_FRAME_BYTES_MAX).await.expect("an answer")
    };
    let frame = timeout(PATIENCE, reading).await.expect("it answers");
    (stream, frame)
}

async fn refusal(address: &str, opening: &[u8], hello: Hello) -> Reason {
    match answer(address, opening, hello).await.1 {
        Frame::Farewell(Farewell { reason, .. }) => reason,
        other => panic!("no refusal: {other:?}"),
    }
}

#[tokio::test]
async fn who_does_not_belong_here_is_refused_with_the_reason() {
    let node = Node::start(7).await;
    let (at, first) = (node.address.as_str(), opening());
    let other_cluster = Hello { cluster_id: 301, ..hello(8, 7) };
    assert_eq!(refusal(at, &first, other_cluster).await, Reason::OtherCluster);
    assert_eq!(refusal(at, &first, hello(8, 9)).await, Reason::OtherNode);
    assert_eq!(refusal(at, &first, hello(7, 7)).await, Reason::OtherNode);
    node.post.places().remove(8);
    assert_eq!(refusal(at, &first, hello(8, 7)).await, Reason::Removed);
    let newer = [&first[..8], &[200, 201]].concat();
    assert_eq!(refusal(at, &newer, hello(9, 7)).await, Reason::VersionsApart);
    assert_eq!(refusal(at, b"GET / HTTP", hello(9, 7)).await, Reason::NotAMember);
    // A release that speaks more versions is met at the newest common one.
    let wider = [&first[..8], &[1, 201]].concat();
    let (_, Frame::Welcome(Welcome { version, .. })) = answer(at, &wider, hello(9, 7)).await else {
        panic!("no welcome")
    };
    assert_eq!(version, 1);
}

#[tokio::test]
async fn those_who_say_nothing_keep_no_member_out() {
    let node = Node::start(7).await;
    let mut silent = VecDeque::new();
    for _ in 0..3 * PEER_STRANGERS_MAX {
        silent.push_back(TcpStream::connect(&node.address).await.expect("it connects"));
    }
    let began = Instant::now();
    let _member = welcomed(&node.address, hello(8, 7)).await;
    assert!(began.elapsed() < PEER_HELLO_TIME_MAX, "nobody waits for their end");
    let mut first = silent.pop_front().expect("the first");
    let end = timeout(PATIENCE, first.read(&mut [0])).await.expect("it is sent away");
    assert_eq!(end.expect("an end"), 0);
    assert!(began.elapsed() < PEER_HELLO_TIME_MAX / 2, "not because its time was up");
}

#[tokio::test]
async fn no_more_members_are_connected_than_may_be_and_the_next_is_told() {
    let node = Node::start(7).await;
    let mut members = Vec::new();
    for from in 100..100 + PEER_CALLS_MAX as u64 {
        members.push(welcomed(&node.address, hello(from, 7)).await);
    }
    assert_eq!(refusal(&node.address, &opening(), hello(8, 7)).await, Reason::TooMany);
    members.pop();
    while let Frame::Farewell(_) = answer(&node.address, &opening(), hello(8, 7)).await.1 {}
}

/// Of a start that has run for so long.
fn hello_of(incarnation: u64, age_ms: u64) -> Hello {
    Hello { start: Some(Start { incarnation, age_ms }), ..hello(8, 7) }
}

/// A connection that was welcomed.
async fn welcomed(address: &str, hello: Hello) -> TcpStream {
    match answer(address, &opening(), hello).await {
        (stream, Frame::Welcome(_)) => stream,
        (_, other) => panic!("no welcome: {other:?}"),
    }
}

/// Answers whoever calls, and lets it go on.
async fn welcome(stream: &mut TcpStream) {
    let mut out = BytesMut::new();
    let (release, places) = (String::new(), Places::default());
    Frame::Welcome(Welcome { version: 1, release, places }).put(&mut out);
    stream.write_all(&out).await.expect("it is sent");
}

#[tokio::test]
async fn a_second_start_of_a_node_is_refused_until_the_first_is_silent_or_gone() {
    let node = Node::start(7).await;
    let (at, first) = (node.address.as_str(), opening());
    let one = welcomed(at, hello_of(1, 60_000)).await;
    assert_eq!(refusal(at, &first, hello_of(2, 0)).await, Reason::AnotherStart);
    let snapshot = Hello { purpose: Purpose::Snapshot, ..hello_of(2, 0) };
    assert_eq!(refusal(at, &first, snapshot).await, Reason::AnotherStart);
    // An older release does not tell its start, and is taken as ever; so is who comes after it.
    drop(welcomed(at, hello(8, 7)).await);
    drop(one);
    let mut two = welcomed(at, hello_of(2, 0)).await;
    // The one that has run longer stays, and ends the connection of the other.
    let one = welcomed(at, hello_of(1, 60_000)).await;
    let mut rest = BytesMut::new();
    let ended = async {
        while let Ok(frame) = read_frame(&mut two, &mut rest, LINK_FRAME_BYTES_MAX).await {
            assert_eq!(frame, Frame::Alive);
        }
    };
    timeout(PATIENCE, ended).await.expect("it ends");
    // It says nothing more.
    let began = Instant::now();
    let taken = async {
        while !matches!(answer(at, &first, hello_of(3, 0)).await.1, Frame::Welcome(_)) {
            // tidy: paced because only time that passes makes the difference
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(PATIENCE * 12, taken).await.expect("it is taken");
    assert!(began.elapsed() >= START_SILENCE_TIME_MAX - Duration::from_secs(1));
    assert_eq!(refusal(at, &first, hello_of(1, 63_000)).await, Reason::AnotherStart);
    drop(one);
}

#[tokio::test]
async fn a_node_that_says_nothing_else_says_that_it_is_there() {
    let (listener, address) = listener().await;
    let (_, post) = post(8);
    post.places().note(7, place(&address));
    let link = Link::start(7, post);
    let (mut stream, _) = listener.accept().await.expect("it calls");
    let mut opening = [0; bramah_wire::link::OPENING_BYTES];
    stream.read_exact(&mut opening).await.expect("an opening");
    let mut buffer = BytesMut::new();
    let hello = read_frame(&mut stream, &mut buffer, LINK_FRAME_BYTES_MAX).await.expect("a hello");
    let Frame::Hello(Hello { start: Some(start), .. }) = hello else { panic!("{hello:?}") };
    assert_ne!(start.incarnation, 0);
    welcome(&mut stream).await;
    for _ in 0..2 {
        let reading = read_frame(&mut stream, &mut buffer, LINK_FRAME_BYTES_MAX);
        let frame = timeout(START_SILENCE_TIME_MAX, reading).await.expect("in time");
        assert_eq!(frame.expect("a frame"), Frame::Alive);
    }
    link.stop();
}

#[tokio::test]
async fn a_node_that_is_called_says_that_it_is_there_too() {
    let node = Node::start(7).await;
    let mut stream = welcomed(&node.address, hello(8, 7)).await;
    let mut buffer = BytesMut::new();
    for _ in 0..2 {
        let reading = read_frame(&mut stream, &mut buffer, LINK_FRAME_BYTES_MAX);
        let frame = timeout(START_SILENCE_TIME_MAX, reading).await.expect("in time");
        assert_eq!(frame.expect("a frame"), Frame::Alive);
    }
}

/// A node with a connection to another one, whose process this test is.
struct Caller {
    hall: Arc<Hall>,
    post: Arc<Post>,
    link: Arc<Link>,
    listener: TcpListener,
    stream: TcpStream,
}

impl Caller {
    /// It was welcomed.
    async fn start() -> Caller {
        let (listener, address) = listener().await;
        let (hall, post) = post(8);
        post.places().note(7, place(&address));
        let link = Link::start(7, post.clone());
        let (mut stream, _) = listener.accept().await.expect("it calls");
        welcome(&mut stream).await;
        Caller { hall, post, link, listener, stream }
    }

    fn has_lost(&self) -> bool {
        let mut inbox = Inbox::default();
        self.hall.swap(&mut inbox);
        inbox.news.iter().any(|news| matches!(news, News::Lost(7)))
    }

    /// It calls again. Nothing was closed: the kernel goes on acknowledging.
    async fn calls_again(&self) {
        timeout(PATIENCE, self.listener.accept()).await.expect("in time").expect("it calls");
        assert!(self.has_lost());
        self.link.stop();
    }
}

#[tokio::test]
async fn a_node_that_hangs_is_called_again_though_its_kernel_acknowledges() {
    // An older release never says that it is there.
    let old = Caller::start().await;
    let mut hanging = Caller::start().await;
    let mut out = BytesMut::new();
    Frame::Alive.put(&mut out);
    hanging.stream.write_all(&out).await.expect("it is sent");
    let began = Instant::now();
    hanging.calls_again().await;
    assert!(began.elapsed() > Duration::from_secs(2), "not before it is taken for dead");
    assert!(!old.has_lost());
    old.link.stop();
}

#[tokio::test]
async fn whoever_took_the_place_of_one_that_hangs_is_called_instead() {
    let caller = Caller::start().await;
    let from = |incarnation| Hello { from: 7, to: 8, ..hello_of(incarnation, 1_000) };
    caller.post.begin_call(&from(1));
    let silent = async {
        while !caller.post.is_to_replace(&from(2)) {
            // tidy: paced because only time that passes makes the difference
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(PATIENCE, silent).await.expect("it is silent for long enough");
    assert!(!caller.has_lost());
    caller.post.begin_call(&from(2));
    caller.calls_again().await;
}

#[tokio::test]
async fn a_node_whose_other_start_stays_gives_up_with_the_reason() {
    let (listener, address) = listener().await;
    let (hall, post) = post(8);
    post.places().note(7, place(&address));
    let began = Instant::now();
    let link = Link::start(7, post);
    let refusing = async {
        loop {
            let (mut stream, _) = listener.accept().await.expect("it calls");
            let mut out = BytesMut::new();
            let (reason, text) = (Reason::AnotherStart, "another runs".to_owned());
            Frame::Farewell(Farewell { reason, text }).put(&mut out);
            stream.write_all(&out).await.expect("it is sent");
            // Until it hangs up, so that it gets to read this.
            let _ = stream.read_to_end(&mut Vec::new()).await;
        }
    };
    let told = async {
        let mut inbox = Inbox::default();
        loop {
            hall.wait().await;
            hall.swap(&mut inbox);
            for news in inbox.news.drain(..) {
                if let News::Refused(text) = news {
                    return text;
                }
            }
        }
    };
    let text = tokio::select! {
        () = refusing => unreachable!("it goes on for ever"),
        told = timeout(PATIENCE * 12, told) => told.expect("it gives up"),
    };
    assert_eq!(text, "another runs");
    // Not before one that is dead would have been taken for dead.
    assert!(began.elapsed() > START_SILENCE_TIME_MAX);
    link.stop();
}

#[tokio::test]
async fn messages_come_in_order_and_again_after_the_connection_was_lost() {
    let mut node = Node::start(7).await;
    let (hall, post) = post(8);
    post.places().note(7, place(&node.address));
    let link = Link::start(7, post);
    for round in 0..3 {
        // What is said before there is a connection is lost, as it may be.
        let first = loop {
            link.put(&Frame::Message(message(round * 1_000).encode().into()));
            link.flush();
            if let Ok(first) = timeout(Duration::from_millis(20), node.message()).await {
                break first;
            }
        };
        assert_eq!(first, (8, message(round * 1_000)));
        for number in 1..500 {
            link.put(&Frame::Message(message(round * 1_000 + number).encode().into()));
        }
        link.flush();
        let mut number = 0;
        while number < 499 {
            let next = node.message().await;
            // The first may have been said more than once.
            if next != first {
                number += 1;
                assert_eq!(next, (8, message(round * 1_000 + number)));
            }
        }
        node.post.hang_up(8);
        let lost = async {
            let mut inbox = Inbox::default();
            while !inbox.news.iter().any(|news| matches!(news, News::Lost(7))) {
                hall.wait().await;
                hall.swap(&mut inbox);
            }
        };
        timeout(PATIENCE, lost).await.expect("the loss is noticed");
    }
    link.stop();
}

#[tokio::test]
async fn what_waits_for_a_member_that_does_not_read_is_bounded() {
    let (listener, address) = listener().await;
    let (_, post) = post(8);
    post.places().note(7, place(&address));
    let link = Link::start(7, post);
    let (mut stream, _) = listener.accept().await.expect("it calls");
    welcome(&mut stream).await;
    let part = Bytes::from(long_message(100_000).encode());
    let connected = async {
        while link.waiting() == (0, 0) {
            link.put(&Frame::Message(part.clone()));
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, connected).await.expect("it is connected");
    for _ in 0..1_000 {
        link.put(&Frame::Message(part.clone()));
    }
    let (bytes, _) = link.waiting();
    assert!((PEER_OUT_BYTES_MAX..PEER_OUT_BYTES_MAX + 200_000).contains(&bytes), "{bytes}");
    link.stop();
    assert_eq!(link.waiting(), (0, 0));
    assert!(PEER_OUT_LEN_MAX * message(1).encode().len() < PEER_OUT_BYTES_MAX);
}

#[tokio::test]
async fn a_member_that_says_more_than_the_node_takes_has_to_wait() {
    let mut node = Node::start(7).await;
    let post = node.post.clone();
    let bytes = PEER_IN_BYTES_MAX / 2;
    post.deliver(8, message(1), bytes).await;
    post.deliver(8, message(2), bytes).await;
    let third = tokio::spawn(async move { post.deliver(8, message(3), bytes).await });
    tokio::task::yield_now().await;
    assert!(!third.is_finished());
    assert_eq!(node.message().await, (8, message(1)));
    timeout(PATIENCE, third).await.expect("there is room").expect("no panic");
    assert_eq!(node.message().await, (8, message(2)));
    assert_eq!(node.message().await, (8, message(3)));
}

#[tokio::test]
async fn addresses_are_told_when_members_meet() {
    let mut node = Node::start(7).await;
    node.post.places().note(9, place("db9:7421"));
    let (hall, post) = post(8);
    post.places().note(7, place(&node.address));
    post.places().note(10, place("db10:7421"));
    let link = Link::start(7, post);
    let told = |inbox: &Inbox, node: u64| {
        inbox.news.iter().any(|news| match news {
            News::Places(places) => places.get(node).is_some(),
            _ => false,
        })
    };
    let both = async {
        let mut inbox = Inbox::default();
        while !told(&inbox, 9) {
            hall.wait().await;
            hall.swap(&mut inbox);
        }
        while !told(&node.inbox, 10) {
            node.hall.wait().await;
            node.hall.swap(&mut node.inbox);
        }
    };
    timeout(PATIENCE, both).await.expect("both hear of both");
    link.stop();
}
