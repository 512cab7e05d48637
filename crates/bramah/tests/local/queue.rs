//! Who is next.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bramah::backend::{Backend, Freshness, OnQueued, Wait};
use bramah::{ErrorKind, LostReason, Mode, Priority};
use rustix::process::Signal;
use tempfile::tempdir;
use tokio::sync::watch;

use crate::child::Process;
use crate::{DEADLINE, acquire, hold, name, open, refusal, request, try_hold, until_waiters};

#[tokio::test]
async fn waiters_are_granted_in_the_order_of_their_arrival() {
    let dir = tempdir().unwrap();
    let local = Arc::new(open(dir.path()));
    let held = hold(&local, "a", Mode::Exclusive).await;
    let order = Arc::new(Mutex::new(Vec::new()));
    let mut waiting = Vec::new();
    for at in 0..10 {
        let (local, order) = (local.clone(), order.clone());
        waiting.push(tokio::spawn(async move {
            let _held = hold(&local, "a", Mode::Exclusive).await;
            order.lock().unwrap().push(at);
        }));
        until_waiters(&open(dir.path()), "a", at + 1).await;
    }
    drop(held);
    for waiting in waiting {
        waiting.await.unwrap();
    }
    assert_eq!(*order.lock().unwrap(), (0..10).collect::<Vec<_>>());
}

#[tokio::test]
async fn the_more_urgent_is_granted_first() {
    let dir = tempdir().unwrap();
    let local = open(dir.path());
    let held = hold(&local, "a", Mode::Exclusive).await;
    let order = Mutex::new(Vec::new());
    let wait = async |urgency: i8| {
        let mut request = request("a", Mode::Exclusive, Wait::Forever);
        request.priority = Priority(urgency);
        let _held = acquire(&local, request).await.unwrap();
        order.lock().unwrap().push(urgency);
    };
    tokio::join!(wait(0), wait(1), wait(-1), async {
        until_waiters(&local, "a", 3).await;
        drop(held);
    });
    assert_eq!(*order.lock().unwrap(), [1, 0, -1]);
}

#[tokio::test]
async fn a_dropped_future_leaves_the_queue() {
    let dir = tempdir().unwrap();
    let local = open(dir.path());
    let held = hold(&local, "a", Mode::Exclusive).await;
    tokio::select! {
        _ = hold(&local, "a", Mode::Exclusive) => panic!("it is held"),
        () = until_waiters(&local, "a", 1) => {}
    }
    assert_eq!(
        local.get(&name("a"), Freshness::Current).await.unwrap().answer.unwrap().waiters_total,
        0
    );
    drop(held);
    try_hold(&local, "a", Mode::Exclusive).await.unwrap();
}

#[tokio::test]
async fn a_wait_that_is_over_says_at_which_place_and_behind_whom() {
    let dir = tempdir().unwrap();
    let local = open(dir.path());
    let held = hold(&local, "a", Mode::Exclusive).await;
    let wait = |ms| request("a", Mode::Exclusive, Wait::For(Duration::from_millis(ms)));
    let (_, busy) = tokio::join!(acquire(&local, wait(200)), async {
        until_waiters(&local, "a", 1).await;
        acquire(&local, wait(50)).await.unwrap_err()
    });
    assert_eq!((busy.position, busy.waiters, busy.holders), (2, 2, 1));
    let holder = busy.holder.unwrap();
    assert_eq!((holder.token, holder.owner.pid), (held.token(), std::process::id()));
    assert_eq!(
        local.get(&name("a"), Freshness::Current).await.unwrap().answer.unwrap().waiters_total,
        0
    );
}

#[tokio::test]
async fn a_stopped_waiter_whose_time_is_over_is_passed_and_told_so_when_it_goes_on() {
    let dir = tempdir().unwrap();
    let local = open(dir.path());
    let held = hold(&local, "a", Mode::Exclusive).await;
    let mut stopped = Process::start("wait for 300 ms", dir.path());
    assert_eq!(stopped.says(), "1 of 1");
    stopped.signal(Signal::STOP);
    let (told, mut place) = watch::channel((0, 0));
    let mut behind = request("a", Mode::Exclusive, Wait::For(DEADLINE));
    behind.on_queued = Some(OnQueued(Arc::new(move |place, of| {
        told.send_replace((place, of));
    })));
    let (behind, ()) = tokio::join!(acquire(&local, behind), async {
        place.wait_for(|place| *place == (1, 1)).await.unwrap();
        drop(held);
    });
    // It would have been granted as well, only too late.
    drop(behind.expect("granted in time"));
    stopped.signal(Signal::CONT);
    // It may have seen who came behind it before it was stopped.
    let mut says = stopped.says();
    if says == "1 of 2" {
        says = stopped.says();
    }
    assert_eq!(says, "in vain");
}

#[tokio::test]
async fn a_queue_as_long_as_it_may_be_is_refused() {
    let dir = tempdir().unwrap();
    let local = open(dir.path());
    let _held = hold(&local, "a", Mode::Exclusive).await;
    let mut short = request("a", Mode::Exclusive, Wait::Forever);
    short.max_waiters = Some(0);
    assert_eq!(refusal(&local, short.clone()).await.kind(), ErrorKind::QueueFull);
    short.max_waiters = Some(1);
    tokio::select! {
        _ = acquire(&local, short.clone()) => panic!("it is held"),
        error = async {
            until_waiters(&local, "a", 1).await;
            refusal(&local, short.clone()).await
        } => assert_eq!(error.kind(), ErrorKind::QueueFull),
    }
}

#[tokio::test]
async fn closing_ends_holds_and_waits() {
    let dir = tempdir().unwrap();
    let local = open(dir.path());
    let held = hold(&local, "a", Mode::Exclusive).await;
    let (error, ()) =
        tokio::join!(refusal(&local, request("a", Mode::Exclusive, Wait::Forever)), async {
            until_waiters(&local, "a", 1).await;
            local.close().await.unwrap();
        });
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert_eq!(held.lost().await, LostReason::SessionClosed);
    try_hold(&open(dir.path()), "a", Mode::Exclusive).await.unwrap();
    let error = refusal(&local, request("a", Mode::Exclusive, Wait::Try)).await;
    assert_eq!(error.kind(), ErrorKind::Unavailable);
}

#[tokio::test]
async fn what_needs_a_server_is_refused_with_advice() {
    let dir = tempdir().unwrap();
    let local = open(dir.path());
    let plain = request("a", Mode::Exclusive, Wait::Try);
    let second = Duration::from_secs(1);
    let mut requests = vec![plain.clone(); 3];
    requests[0].detached = true;
    requests[1].min_hold = second;
    requests[2].lock_delay = second;
    for request in requests {
        assert_eq!(refusal(&local, request).await.kind(), ErrorKind::Unsupported);
    }
    let mut ttl = plain;
    ttl.ttl = Some(second);
    acquire(&local, ttl).await.expect("a TTL is for other backends");
    let error = local.revoke(&name("a"), None, false, "me").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
}
