//! One client, one peer that misbehaves.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use bramah::{AcquireError, ErrorKind, LocalTime, Locker, LostReason, Released, TTL_DEFAULT, Wait};
use bramah_wire::proto;
use bramah_wire::proto::event::What;
use bramah_wire::proto::reply::Outcome;
use bramah_wire::proto::request::Op;

use crate::peer::{Link, Peer, granted, released, soon};

/// A client, and its first connection as the peer sees it.
async fn connected(peer: &Peer) -> (Locker, Link) {
    let (locks, link) = tokio::join!(bramah::connect(peer.url()), peer.welcome());
    (locks.unwrap(), link)
}

/// A guard with token 7.
async fn holding(locks: &Locker, link: &mut Link) -> bramah::Guard {
    let acquire = locks.lock("x").unwrap().acquire();
    let serve = async {
        link.open_session(TTL_DEFAULT).await;
        let (id, _) = link.acquire().await;
        link.reply(id, granted(7)).await;
    };
    let (guard, ()) = soon("an acquire", async { tokio::join!(acquire, serve) }).await;
    guard.unwrap()
}

#[tokio::test]
async fn a_lock_is_acquired_and_released() {
    let peer = Peer::start().await;
    let (locks, mut link) = connected(&peer).await;
    let guard = holding(&locks, &mut link).await;
    assert_eq!(guard.token().0, 7);
    assert_eq!(guard.hold_id(), "7-0000000000000abc");
    assert_eq!(guard.session(), 40);
    assert_eq!(guard.ttl(), TTL_DEFAULT);
    assert!(guard.is_held() && guard.remaining() > Duration::from_secs(10));
    let serve = async {
        let (id, op) = link.next().await;
        assert!(matches!(op, Op::Release(_)), "{op:?}");
        link.reply(id, released()).await;
    };
    let (released, ()) = tokio::join!(guard.release(), serve);
    assert_eq!(released.unwrap(), Released::Released);
}

#[tokio::test]
async fn a_grant_whose_news_was_lost_is_found_by_its_number() {
    let peer = Peer::start().await;
    let (locks, mut link) = connected(&peer).await;
    let acquire = locks.lock("x").unwrap().acquire();
    let serve = async {
        link.open_session(TTL_DEFAULT).await;
        let (_, first) = link.acquire().await;
        drop(link);
        let mut link = peer.welcome().await;
        link.attach(&[7]).await;
        let (id, again) = link.acquire().await;
        assert_eq!(again, first);
        link.reply(id, granted(7)).await;
        link
    };
    let (guard, _link) = soon("an acquire", async { tokio::join!(acquire, serve) }).await;
    assert_eq!(guard.unwrap().token().0, 7);
}

#[tokio::test]
async fn garbage_ends_the_connection_and_not_the_hold() {
    let peer = Peer::start().await;
    let (locks, mut link) = connected(&peer).await;
    let guard = holding(&locks, &mut link).await;
    link.send_bytes(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
    assert_eq!(link.next_or_end().await, None);
    let mut link = peer.welcome().await;
    link.attach(&[7]).await;
    assert!(guard.is_held());
    let serve = async {
        let (id, op) = link.next().await;
        assert!(matches!(op, Op::Release(_)), "{op:?}");
        link.reply(id, released()).await;
    };
    let (released, ()) = soon("a release", async { tokio::join!(guard.release(), serve) }).await;
    assert_eq!(released.unwrap(), Released::Released);
}

#[tokio::test]
async fn the_words_of_a_server_that_refuses_to_talk_are_told() {
    let peer = Peer::start().await;
    let builder = Locker::builder().url(peer.url()).connect_timeout(Duration::from_millis(200));
    let refuse = async {
        loop {
            let mut link = peer.accept().await;
            let error = bramah_wire::Error::new(
                bramah_wire::ErrorCode::UnsupportedVersion,
                "speak version 1: this is a test",
            );
            link.reply(0, Outcome::Error((&error).into())).await;
            assert!(matches!(link.next_or_end().await, None | Some((_, Op::GetClusterStatus(_)))));
        }
    };
    let error = tokio::select! {
        refused = soon("a refusal", builder.connect()) => refused.unwrap_err(),
        () = refuse => unreachable!("it goes on"),
    };
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(error.to_string().contains("could not speak version 1: this is a test"), "{error}");
}

#[tokio::test]
async fn a_server_that_falls_silent_costs_the_lock_at_its_deadline_and_stops_what_runs_under_it() {
    let ttl = Duration::from_millis(600);
    let peer = Peer::start().await;
    let connect = Locker::builder().url(peer.url()).ttl(ttl).connect();
    let (locks, mut link) = tokio::join!(connect, peer.welcome());
    let acquire = locks.unwrap().lock("x").unwrap().acquire();
    let serve = async {
        link.open_session(ttl).await;
        let (id, _) = link.acquire().await;
        link.reply(id, granted(7)).await;
    };
    let (guard, ()) = tokio::join!(acquire, serve);
    let guard = guard.unwrap();
    let (running, stopped) = mpsc::sync_channel::<()>(1);
    let run = guard.run(async move {
        let _running = running;
        std::future::pending::<()>().await;
    });
    let lost = soon("the loss", run).await.unwrap_err();
    assert_eq!(lost.reason, LostReason::NotRenewed);
    assert_eq!(lost.token.0, 7);
    assert!(LocalTime::now() >= guard.deadline());
    assert_eq!(stopped.try_recv(), Err(mpsc::TryRecvError::Disconnected));
    assert!(!guard.is_held() && guard.remaining().is_zero());
    let released = guard.release().await.unwrap();
    assert_eq!(released, Released::AlreadyLost(Some(LostReason::NotRenewed)));
}

#[tokio::test]
async fn a_silent_connection_is_left_and_the_hold_goes_on_over_the_next() {
    let ttl = Duration::from_millis(1_500);
    let peer = Peer::start().await;
    let connect = Locker::builder().url(peer.url()).ttl(ttl).connect();
    let (locks, mut link) = tokio::join!(connect, peer.welcome());
    let acquire = locks.unwrap().lock("x").unwrap().acquire();
    let serve = async {
        link.open_session(ttl).await;
        let (id, _) = link.acquire().await;
        link.reply(id, granted(7)).await;
        let silent = link;
        let mut link = peer.welcome().await;
        link.attach(&[7]).await;
        (silent, link)
    };
    let (guard, _links) = soon("a new connection", async { tokio::join!(acquire, serve) }).await;
    assert!(guard.unwrap().is_held());
}

#[tokio::test]
async fn a_revocation_is_heard_at_once() {
    let peer = Peer::start().await;
    let (locks, mut link) = connected(&peer).await;
    let guard = holding(&locks, &mut link).await;
    let end = proto::End { reason: "revoked".into(), by: "alice".into(), ..Default::default() };
    let (name, end) = ("x".into(), Some(end));
    let ended = proto::HoldEnded { session: 40, name, token: 7, end };
    let tell = link.tell(0, 3, What::HoldEnded(ended));
    let (reason, ()) = soon("the loss", async { tokio::join!(guard.lost(), tell) }).await;
    assert_eq!(reason, LostReason::Revoked { by: "alice".into() });
}

#[tokio::test]
async fn a_waiter_hears_its_place_and_who_was_in_the_way() {
    let peer = Peer::start().await;
    let (locks, mut link) = connected(&peer).await;
    let (place, heard) = mpsc::sync_channel(8);
    let lock = locks.lock("x").unwrap().wait(Duration::from_secs(5));
    let lock = lock.on_queued(move |position, waiters| {
        let _ = place.send((position, waiters));
    });
    let serve = async {
        link.open_session(TTL_DEFAULT).await;
        let (id, acquire) = link.acquire().await;
        let how = acquire.wait.and_then(|wait| wait.how);
        assert_eq!(how, Some(proto::wait::How::ForMs(5_000)));
        link.reply(id, Outcome::Queued(proto::Queued { position: 2, waiters: 4 })).await;
        let owner = proto::Owner { host: "ci-7".into(), ..Default::default() };
        let holder = proto::Holder { token: 3, owner: Some(owner), ..Default::default() };
        let busy = proto::Busy {
            name: "x".into(),
            holder: Some(holder),
            holders: 1,
            waiters: 4,
            position: 2,
            rests_until_ms: None,
            other_limit: None,
        };
        let how = Some(proto::wait_ended::How::TimedOut(busy));
        let seq = acquire.request.map(|request| request.seq).unwrap_or_default();
        link.tell(0, 1, What::WaitEnded(proto::WaitEnded { session: 40, seq, how })).await;
    };
    let (refused, ()) = soon("an answer", async { tokio::join!(lock.acquire(), serve) }).await;
    let Err(AcquireError::Busy(busy)) = refused else { panic!("{refused:?}") };
    assert_eq!(busy.holder.map(|holder| holder.owner.host).as_deref(), Some("ci-7"));
    assert!(heard.try_iter().all(|place| place == (2, 4)));
}

#[tokio::test]
async fn a_dropped_waiter_leaves_the_queue() {
    let peer = Peer::start().await;
    let (locks, mut link) = connected(&peer).await;
    let acquire = tokio::spawn(locks.lock("x").unwrap().acquire());
    link.open_session(TTL_DEFAULT).await;
    let (id, acquired) = link.acquire().await;
    link.reply(id, Outcome::Queued(proto::Queued { position: 1, waiters: 1 })).await;
    acquire.abort();
    let (_, op) = link.next().await;
    let seq = acquired.request.map(|request| request.seq);
    assert!(matches!(&op, Op::Cancel(cancel) if Some(cancel.seq) == seq), "{op:?}");
}

#[tokio::test]
async fn an_upgrade_that_is_dropped_in_flight_costs_the_hold_and_gives_it_back_once() {
    let peer = Peer::start().await;
    let (locks, mut link) = connected(&peer).await;
    let mut guard = holding(&locks, &mut link).await;
    tokio::select! {
        upgraded = guard.upgrade(Wait::Forever) => panic!("{upgraded:?}"),
        (_, op) = link.next() => assert!(matches!(op, Op::Upgrade(_)), "{op:?}"),
    }
    assert_eq!(guard.lost_reason(), Some(LostReason::Cancelled));
    let (_, op) = link.next().await;
    assert!(matches!(op, Op::Cancel(_)), "{op:?}");
    let (_, op) = link.next().await;
    assert!(matches!(op, Op::Release(_)), "{op:?}");
    drop(guard);
    let last = async { link.next().await.1 };
    let (_, op) = soon("a close", async { tokio::join!(locks.close(), last) }).await;
    assert!(matches!(op, Op::CloseSession(_)), "{op:?}");
}

#[tokio::test]
async fn another_server_is_tried_when_one_is_not_there() {
    let gone = Peer::start().await.address();
    let peer = Peer::start().await;
    for _ in 0..4 {
        let url = format!("bramah://{gone},{}", peer.address());
        let (locks, _link) =
            soon("a connection", async { tokio::join!(bramah::connect(url), peer.welcome()) })
                .await;
        locks.unwrap();
    }
}

#[tokio::test]
async fn nobody_to_be_reached_is_said_with_the_reason_of_each() {
    let (one, two) = (Peer::start().await.address(), Peer::start().await.address());
    let builder = Locker::builder().url(format!("bramah://{one},{two}"));
    let connect = builder.connect_timeout(Duration::from_millis(500)).connect();
    let error = soon("an error", connect).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    let text = error.to_string();
    assert!(text.contains(&format!("{one}: Connection refused")), "{text}");
    assert!(text.contains(&format!("{two}: Connection refused")), "{text}");
}

#[tokio::test]
async fn closing_releases_and_then_refuses() {
    let peer = Peer::start().await;
    let (locks, mut link) = connected(&peer).await;
    let guard = holding(&locks, &mut link).await;
    let serve = async {
        let (id, op) = link.next().await;
        assert!(matches!(op, Op::CloseSession(_)), "{op:?}");
        link.reply(id, Outcome::SessionClosed(proto::SessionClosed { holds: 1 })).await;
        assert_eq!(link.next_or_end().await, None);
    };
    let (closed, ()) = soon("the end", async { tokio::join!(locks.close(), serve) }).await;
    closed.unwrap();
    assert_eq!(guard.lost_reason(), Some(LostReason::SessionClosed));
    let refused = locks.lock("x").unwrap().try_acquire().await.unwrap_err();
    assert_eq!(refused.to_string(), "could not acquire \"x\": this Locker is closed");
}

/// Runs a peer in a thread of its own, for clients that block or stop running.
fn peer_thread<T: Send + 'static>(
    serve: impl AsyncFnOnce(Peer) -> T + Send + 'static,
) -> (String, thread::JoinHandle<T>) {
    let (url, urls) = mpsc::sync_channel(1);
    let serve = move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let peer = Peer::start().await;
            url.send(peer.url()).unwrap();
            serve(peer).await
        })
    };
    let peer = thread::spawn(serve);
    (urls.recv().unwrap(), peer)
}

#[test]
fn a_dropped_guard_is_released_even_if_the_runtime_never_runs_again() {
    let (url, peer) = peer_thread(async |peer: Peer| {
        let mut link = peer.welcome().await;
        link.open_session(TTL_DEFAULT).await;
        let (id, _) = link.acquire().await;
        link.reply(id, granted(7)).await;
        let (_, question) = link.next().await;
        assert!(matches!(question, Op::GetLock(_)), "{question:?}");
        link.next().await.1
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let guard = runtime.block_on(async {
        let locks = bramah::connect(url).await.unwrap();
        let guard = locks.lock("x").unwrap().acquire().await.unwrap();
        // A question under way, whose answer the task waits for.
        tokio::spawn(async move { locks.get("y").await });
        tokio::task::yield_now().await;
        guard
    });
    drop(guard);
    drop(runtime);
    let op = peer.join().unwrap();
    assert!(matches!(op, Op::Release(_)), "{op:?}");
}

#[test]
fn requests_of_a_runtime_that_is_gone_fail() {
    let (url, peer) = peer_thread(async |peer: Peer| {
        peer.welcome().await;
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let locks = runtime.block_on(bramah::connect(url)).unwrap();
    drop(runtime);
    let other = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let error = other.block_on(locks.get("x")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    peer.join().unwrap();
}

#[test]
fn the_blocking_facade_needs_no_runtime() {
    let (url, peer) = peer_thread(async |peer: Peer| {
        let mut link = peer.welcome().await;
        link.open_session(TTL_DEFAULT).await;
        let (id, _) = link.acquire().await;
        link.reply(id, granted(7)).await;
        let (id, _) = link.next().await;
        link.reply(id, released()).await;
        link.next_or_end().await
    });
    let locks = bramah::blocking::connect(url).unwrap();
    let guard = locks.lock("x", |lock| lock).unwrap().acquire().unwrap();
    assert!(guard.is_held());
    assert_eq!(guard.lost_within(Duration::from_millis(1)), None);
    assert_eq!(guard.release().unwrap(), Released::Released);
    drop(locks);
    let goodbye = peer.join().unwrap();
    assert!(matches!(goodbye, Some((_, Op::CloseSession(_)))), "{goodbye:?}");
}
