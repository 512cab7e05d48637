//! Connections that take their time, in a time that does not pass by itself.

use std::task::Context;

use bramah_core::{
    Action, Command, FencingToken, Grant, HoldId, HolderView, Key, LockName, LockView, Mode,
    OnDisconnect, OpenSession, Outcome, Refusal, RequestSeq, SessionHandle, SessionId, Time, Ttl,
    Value,
};
use bramah_node::{Notice, Reply};
use bramah_wire::ErrorCode;
use bramah_wire::request::{Ask, What};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::acquire::{Attempt, granted, in_session};
use super::numbers::{REDRAWS_MAX, first_number};
use super::wanted::AcquireBody;
use super::*;
use crate::formation::Lobby;
use crate::limits::{HTTP_BODY_TIME_MAX, HTTP_WAIT_SLACK};
use crate::memory::plenty;
use crate::service::slow::Slow;
use crate::service::{Answer, Outlet};

/// The client of a connection to this service.
async fn served(service: Arc<dyn Service>, version: Version) -> (TcpStream, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("it listens");
    let address = listener.local_addr().expect("its address");
    let client = TcpStream::connect(address).await.expect("it connects");
    let (stream, _) = listener.accept().await.expect("a connection");
    let front = Front::new(service, Arc::default(), usize::MAX);
    (client, tokio::spawn(serve(front, plenty(), stream, BytesMut::new(), version)))
}

/// Sends each part and waits for its answer, if it is a whole request; then reads until the server
/// closes. Tells how long that took, and what came last.
async fn until_closed(parts: &[&str]) -> (Duration, String) {
    let (mut client, serving) = served(Arc::new(Lobby::new(1, None)), Version::One).await;
    let mut came = Vec::new();
    for part in parts {
        client.write_all(part.as_bytes()).await.expect("it is sent");
        if part.ends_with("\r\n\r\n") && !part.contains("content-length") {
            came = vec![0; 4096];
            let bytes = client.read(&mut came).await.expect("an answer");
            came.truncate(bytes);
        }
    }
    let since = Instant::now();
    let _ = client.read_to_end(&mut came).await;
    let took = since.elapsed();
    drop(client);
    serving.await.expect("no panic");
    (took, String::from_utf8_lossy(&came).into_owned())
}

const REQUEST: &str = "GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n";

#[tokio::test(start_paused = true)]
async fn half_a_head_is_waited_for_only_so_long() {
    let (took, _) = until_closed(&["GET /healthz HT"]).await;
    let longest = HTTP_HEAD_TIME_MAX + GOODBYE_TIME_MAX;
    assert!((HTTP_HEAD_TIME_MAX..=longest + SLACK).contains(&took), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_silent_connection_is_kept_for_the_next_request_and_not_for_ever() {
    let (took, answer) = until_closed(&[REQUEST, REQUEST]).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let longest = HTTP_IDLE_TIME_MAX + HTTP_HEAD_TIME_MAX + GOODBYE_TIME_MAX;
    assert!((HTTP_IDLE_TIME_MAX..=longest + SLACK).contains(&took), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn half_a_head_after_a_request_is_not_waited_for_either() {
    let (took, _) = until_closed(&[REQUEST, "GET /hea"]).await;
    let longest = HTTP_IDLE_TIME_MAX + HTTP_HEAD_TIME_MAX * 2 + GOODBYE_TIME_MAX;
    assert!(took <= longest + SLACK, "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn half_a_body_is_answered_with_an_error_in_time() {
    let head = "POST /v1/sessions HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\n";
    let (took, answer) = until_closed(&[head, "{"]).await;
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    assert!(answer.contains("did not end within"), "{answer}");
    let longest = HTTP_BODY_TIME_MAX + HTTP_IDLE_TIME_MAX * 2 + GOODBYE_TIME_MAX;
    assert!((HTTP_BODY_TIME_MAX..=longest + SLACK).contains(&took), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn so_much_may_be_said_behind_a_request_that_waits_and_no_more() {
    // What is read with the request's head is not counted.
    let kept = HTTP_UNREAD_BYTES_MAX as usize;
    for (bytes, is_kept) in [(kept, true), (kept + 4 * HTTP_HEAD_BYTES_MAX, false)] {
        let service = Arc::new(Slow::default());
        let (mut client, serving) = served(service.clone(), Version::One).await;
        let waiting = "GET /v1/locks/x HTTP/1.1\r\nhost: x\r\n\r\n";
        client.write_all(waiting.as_bytes()).await.expect("it is sent");
        while service.asked() == 0 {
            tokio::task::yield_now().await;
        }
        client.write_all(&vec![b'G'; bytes]).await.expect("it is sent");
        let mut byte = [0];
        let longest = HTTP_UNREAD_TIME_MAX * 2 + SLACK;
        let ended = timeout(longest, client.read(&mut byte)).await;
        assert_eq!(ended.is_err(), is_kept, "{bytes}: {ended:?}");
        drop(client);
        serving.await.expect("no panic");
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_of_many_streams_that_answers_no_ping_is_ended() {
    let service = Arc::new(Slow::default());
    let (mut client, serving) = served(service.clone(), Version::Two).await;
    // Settings, and a request that is not answered: GET http://x/v1/locks/x.
    let mut opening = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    opening.extend(b"\0\0\0\x04\0\0\0\0\0");
    let head = b"\x82\x86\x41\x01x\x04\x0b/v1/locks/x";
    opening.extend([0, 0, head.len() as u8, 1, 5, 0, 0, 0, 1]);
    opening.extend(head);
    client.write_all(&opening).await.expect("it is sent");
    while service.asked() == 0 {
        tokio::task::yield_now().await;
    }
    let since = Instant::now();
    client.read_to_end(&mut Vec::new()).await.expect("it is closed");
    let took = since.elapsed();
    let longest = HTTP2_PING_INTERVAL + HTTP2_PING_TIME_MAX;
    assert!((HTTP2_PING_TIME_MAX..=longest + SLACK).contains(&took), "{took:?}");
    drop(client);
    serving.await.expect("no panic");
}

#[tokio::test(start_paused = true)]
async fn an_acquire_of_which_no_news_come_is_given_up_and_taken_back() {
    let service = Arc::new(Slow::default());
    let desk = Desk::open(service.clone(), Arc::new(Numbers::new(0)));
    let body: AcquireBody = serde_json::from_str("{\"wait\":\"3s\"}").expect("JSON");
    let Ok(wanted) = body.check(LockName::new("x").expect("a name")) else { panic!("it is good") };
    let session = SessionHandle { id: SessionId(7), key: Key(7) };
    let asking = tokio::spawn({
        let desk = desk.clone();
        async move {
            let attempt = Attempt::alone(&desk, session);
            granted(&attempt, &wanted).await.map(|_| ())
        }
    });
    while service.asked() == 0 {
        tokio::task::yield_now().await;
    }
    let queued = Outcome::Queued { position: 1, waiters: 1 };
    for (id, _) in service.take_asked() {
        service.outlet().reply(id, Time(1), Answer::Node(Reply::Outcome(queued.clone())));
    }
    let since = Instant::now();
    let problem = asking.await.expect("no panic").expect_err("nothing came");
    let took = since.elapsed();
    assert!(problem.is(ErrorCode::OutcomeUnknown), "{problem:?}");
    let longest = Duration::from_secs(3) + HTTP_WAIT_SLACK;
    assert!((longest..=longest + SLACK).contains(&took), "{took:?}");
    let (_, last) = service.take_asked().pop().expect("it was taken back");
    let Ask::Service(What::Command(Command::CloseSession { session: closed, .. })) = last else {
        panic!("{last:?}")
    };
    assert_eq!(closed, session);
}

/// The number of the one request that is under way, which cancels the one of `of`.
async fn cancel(service: &Slow, of: RequestSeq) -> (u64, RequestSeq) {
    while service.asked() == 0 {
        tokio::task::yield_now().await;
    }
    let (id, ask) = service.take_asked().pop().expect("it asks");
    let Ask::Service(What::Command(Command::Request { request, action, .. })) = ask else {
        panic!("{ask:?}")
    };
    assert_eq!(action, Action::Cancel { seq: of });
    (id, request.seq)
}

#[tokio::test]
async fn what_is_taken_back_gets_another_number_while_other_servers_know_a_later_time() {
    let service = Arc::new(Slow::default());
    let desk = Desk::open(service.clone(), Arc::new(Numbers::new(0)));
    let session = SessionHandle { id: SessionId(7), key: Key(7) };
    let acquire = desk.draw_request().seq;
    desk.take_back(session, acquire);
    // Its connection ends with the request.
    desk.close();
    let mut before = acquire;
    for answer in 0..=REDRAWS_MAX {
        let (id, seq) = cancel(&service, acquire).await;
        let now = Time(1_000 * (answer as u64 + 1));
        assert!(seq >= before, "{seq:?} after {before:?}");
        before = RequestSeq(first_number(now.0));
        let stale = Outcome::Refused(Refusal::RequestStale);
        service.outlet().reply(id, now, Answer::Node(Reply::Outcome(stale)));
    }
    while !service.is_gone() {
        tokio::task::yield_now().await;
    }
    assert_eq!(service.asked(), 0, "it is given up");
}

/// The number of requests that are under way, which all end this session.
fn ends(service: &Slow, session: SessionHandle) -> usize {
    let asked = service.take_asked();
    for (_, ask) in &asked {
        let Ask::Service(What::Command(Command::CloseSession { session: closed, .. })) = ask else {
            panic!("{ask:?}")
        };
        assert_eq!(*closed, session);
    }
    asked.len()
}

#[tokio::test]
async fn a_session_that_was_opened_for_a_client_that_left_meanwhile_is_ended() {
    let session = SessionHandle { id: SessionId(7), key: Key(7) };
    let opened = || Reply::Outcome(Outcome::SessionOpened { session, deadline: Time(2) });
    let no_leader = || Reply::Unavailable(bramah_node::Unavailable::NoLeader);
    for path in ["/v1/sessions", "/v1/locks/x"] {
        for (reply, is_open) in [(opened(), true), (no_leader(), false)] {
            let service = Arc::new(Slow::default());
            let (mut client, serving) = served(service.clone(), Version::One).await;
            let head = format!("POST {path} HTTP/1.1\r\nhost: x\r\n\r\n");
            client.write_all(head.as_bytes()).await.expect("it is sent");
            while service.asked() == 0 {
                tokio::task::yield_now().await;
            }
            drop(client);
            serving.await.expect("no panic");
            assert!(!service.is_gone(), "{path}");
            let (id, _) = service.take_asked().pop().expect("it asks");
            service.outlet().reply(id, Time(1), Answer::Node(reply));
            assert_eq!(ends(&service, session), usize::from(is_open), "{path}");
            assert!(service.is_gone(), "{path}");
        }
    }
    // It may also be open before it is seen that the client left.
    let service = Arc::new(Slow::default());
    let desk = Desk::open(service.clone(), Arc::new(Numbers::new(0)));
    let open = OpenSession {
        key: session.key,
        ttl: Ttl::from_ms(60_000).expect("a TTL"),
        on_disconnect: OnDisconnect::Keep,
        owner: Arc::default(),
    };
    let mut opening = Box::pin(desk.open_session(open));
    let mut context = Context::from_waker(std::task::Waker::noop());
    assert!(opening.as_mut().poll(&mut context).is_pending());
    let (id, _) = service.take_asked().pop().expect("it asks");
    service.outlet().reply(id, Time(1), Answer::Node(opened()));
    assert_eq!(service.asked(), 0);
    drop(opening);
    assert_eq!(ends(&service, session), 1);
}

#[tokio::test]
async fn a_server_that_only_hears_knows_the_time_too() {
    let desk = Desk::open(Arc::new(Slow::default()), Arc::new(Numbers::new(0)));
    desk.notice(Time(5_000), Notice::WatchLagged { watch_id: 1, revision: 1 });
    assert!(desk.draw_request().seq >= RequestSeq(first_number(5_000)));
}

#[tokio::test]
async fn what_another_server_got_by_the_same_number_is_its_own() {
    for (queued_first, key_differs) in [(false, true), (true, true), (false, false)] {
        let service = Arc::new(Slow::default());
        let desk = Desk::open(service.clone(), Arc::new(Numbers::new(0)));
        let body: AcquireBody = serde_json::from_str("{\"wait\":\"3s\"}").expect("JSON");
        let name = LockName::new("x").expect("a name");
        let Ok(wanted) = body.check(name.clone()) else { panic!("it is good") };
        let session = SessionHandle { id: SessionId(7), key: Key(7) };
        let asking = tokio::spawn({
            let desk = desk.clone();
            async move { in_session(&desk, session, &wanted).await.map(|_| ()) }
        });
        let mut grants = 0;
        let mut seqs = std::collections::BTreeSet::new();
        let mut is_queued = !queued_first;
        while !asking.is_finished() {
            for (id, ask) in service.take_asked() {
                let reply = match ask {
                    Ask::Service(What::Command(Command::Request { request, action, .. })) => {
                        let Action::Acquire(acquire) = action else {
                            panic!("nothing is taken back: {action:?}")
                        };
                        seqs.insert(request.seq);
                        if std::mem::replace(&mut is_queued, true) {
                            grants += 1;
                            let mut grant = granted_of(&name, acquire.key);
                            if grants == 1 && key_differs {
                                grant.hold.key.0 ^= 1;
                            } else if grants == 1 {
                                grant.name = LockName::new("y").expect("a name");
                            }
                            Reply::Outcome(Outcome::Granted(vec![grant]))
                        } else {
                            Reply::Outcome(Outcome::Queued { position: 1, waiters: 1 })
                        }
                    }
                    Ask::Service(What::Watch(_)) => {
                        let (items, len_max) = (Vec::new(), 1);
                        Reply::WatchStarted(bramah_node::Listing { revision: 1, items, len_max })
                    }
                    _ => Reply::WatchEnded(true),
                };
                service.outlet().reply(id, Time(1), Answer::Node(reply));
            }
            tokio::task::yield_now().await;
        }
        asking.await.expect("no panic").expect("it is granted");
        assert_eq!((grants, seqs.len()), (2, 2), "it got another number");
    }
}

/// A lock with these holders, and nobody who waits.
pub(super) fn view_of(name: &LockName, holders: Vec<HolderView>) -> LockView {
    LockView {
        name: name.clone(),
        limit: None,
        holders_total: holders.len(),
        holders,
        waiters: Vec::new(),
        waiters_total: 0,
        rests_until: None,
    }
}

pub(super) fn holder_of(token: u64, value: Option<Value>) -> HolderView {
    HolderView {
        token: FencingToken(token),
        session: SessionId(1),
        owner: Arc::default(),
        mode: Mode::Exclusive,
        granted_at: Time(0),
        deadline: Time(0),
        count: 1,
        value,
        lingers: false,
    }
}

pub(super) fn granted_of(name: &LockName, key: Key) -> Grant {
    Grant {
        hold: HoldId { token: FencingToken(1), key },
        name: name.clone(),
        mode: Mode::Exclusive,
        granted_at: Time(1),
        deadline: Time(1),
        ttl: Ttl::from_ms(60_000).expect("a TTL"),
        max_hold_deadline: None,
        count: 1,
    }
}

/// What timers are late by.
const SLACK: Duration = Duration::from_millis(100);

/// A frame of HTTP/2.
fn frame(kind: u8, flags: u8, stream: u32, body: &[u8]) -> Vec<u8> {
    let len = u32::try_from(body.len()).expect("it is short").to_be_bytes();
    [&len[1..], &[kind, flags], &stream.to_be_bytes(), body].concat()
}

#[tokio::test(start_paused = true)]
async fn answers_over_http2_that_nobody_takes_end_their_connection() {
    let (mut client, serving) = served(Arc::new(Lobby::new(1, None)), Version::Two).await;
    const INITIAL_WINDOW: [u8; 6] = [0, 4, 0, 0, 0, 0];
    let path = b"/openapi.json";
    let head = [&[0x82, 0x86, 0x04, path.len() as u8], &path[..], &[0x01, 1, b'x']].concat();
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    let parts = [preface, frame(4, 0, 0, &INITIAL_WINDOW), frame(1, 5, 1, &head)];
    client.write_all(&parts.concat()).await.expect("it is sent");
    let since = Instant::now();
    let _ = client.read_to_end(&mut Vec::new()).await;
    let took = since.elapsed();
    assert!(took >= HTTP2_UNTAKEN_TIME_MAX && took < 2 * HTTP2_UNTAKEN_TIME_MAX, "{took:?}");
    serving.await.expect("no panic");
}
