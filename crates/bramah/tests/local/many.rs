//! Several locks at once.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use bramah::backend::{AcquireRequest, Backend, Freshness, Hold, Wait};
use bramah::local::Local;
use bramah::{Acquired, ErrorKind, Mode};
use tempfile::tempdir;

use crate::child::Process;
use crate::{DEADLINE, acquire, hold, name, open, refusal, request, try_hold, until_waiters};

pub(crate) fn all(locks: &[&str], wait: Wait) -> AcquireRequest {
    let items = locks.iter().flat_map(|lock| request(lock, Mode::Exclusive, wait).items);
    AcquireRequest { items: items.collect(), ..request("-", Mode::Exclusive, wait) }
}

pub(crate) async fn hold_all(local: &Local, locks: &[&str]) -> Vec<Box<dyn Hold>> {
    match local.acquire(all(locks, Wait::For(DEADLINE))).await.unwrap() {
        Acquired::Held(holds) => holds,
        Acquired::Busy(busy) => panic!("{busy}"),
    }
}

#[tokio::test]
async fn several_locks_are_taken_all_or_none() {
    let dir = tempdir().unwrap();
    let local = open(dir.path());
    let in_the_way = hold(&local, "b", Mode::Exclusive).await;
    let busy = acquire(&local, all(&["c", "a", "b"], Wait::Try)).await.unwrap_err();
    assert_eq!(busy.name.as_str(), "b");
    try_hold(&local, "a", Mode::Exclusive).await.expect("not kept");
    drop(in_the_way);
    let holds = hold_all(&local, &["c", "a", "b"]).await;
    let names: Vec<_> = holds.iter().map(|hold| hold.name().as_str()).collect();
    assert_eq!(names, ["c", "a", "b"], "in the order asked for");
    for lock in names {
        try_hold(&local, lock, Mode::Exclusive).await.unwrap_err();
    }
}

#[tokio::test]
async fn who_waits_for_several_holds_none_of_them() {
    let dir = tempdir().unwrap();
    let (local, other) = (open(dir.path()), open(dir.path()));
    let a = hold(&other, "a", Mode::Exclusive).await;
    let c = hold(&other, "c", Mode::Exclusive).await;
    let (holds, ()) = tokio::join!(hold_all(&local, &["a", "b", "c"]), async {
        until_waiters(&other, "a", 1).await;
        drop(try_hold(&other, "b", Mode::Exclusive).await.expect("nobody holds it"));
        // Once the first is free, whoever holds the last may still have the first: the wait is for
        // the last now.
        drop(a);
        until_waiters(&other, "c", 1).await;
        until_waiters(&other, "a", 0).await;
        for lock in ["a", "b"] {
            drop(try_hold(&other, lock, Mode::Exclusive).await.expect("nobody holds it"));
        }
        drop(c);
    });
    assert_eq!(holds.len(), 3);
}

#[tokio::test]
async fn who_changes_queues_lets_those_behind_it_go_on_and_keeps_its_age() {
    let dir = tempdir().unwrap();
    let (local, other) = (open(dir.path()), open(dir.path()));
    let a = hold(&other, "a", Mode::Exclusive).await;
    let b = hold(&other, "b", Mode::Exclusive).await;
    let order = std::sync::Mutex::new(Vec::new());
    let wait = async |who, locks: &[&str]| {
        let _held = hold_all(&local, locks).await;
        order.lock().unwrap().push(who);
    };
    tokio::join!(wait("both", &["a", "b"]), async {
        until_waiters(&other, "a", 1).await;
        tokio::join!(wait("a", &["a"]), wait("b", &["b"]), async {
            until_waiters(&other, "a", 2).await;
            until_waiters(&other, "b", 1).await;
            drop(a);
            // The second gets what the first cannot use yet.
            until_waiters(&other, "a", 0).await;
            until_waiters(&other, "b", 2).await;
            drop(b);
        });
    });
    assert_eq!(*order.lock().unwrap(), ["a", "both", "b"]);
}

#[tokio::test]
async fn the_maximum_hold_of_several_begins_when_all_are_granted() {
    let dir = tempdir().unwrap();
    let (local, other) = (open(dir.path()), open(dir.path()));
    let b = hold(&other, "b", Mode::Exclusive).await;
    let mut both = all(&["a", "b"], Wait::For(DEADLINE));
    both.max_hold = Duration::from_secs(60);
    let (granted, dropped_at) = tokio::join!(local.acquire(both), async {
        until_waiters(&other, "b", 1).await;
        drop(b);
        bramah::LocalTime::now()
    });
    let Acquired::Held(holds) = granted.unwrap() else { panic!("it waits") };
    for hold in holds {
        assert!(hold.deadline().since(dropped_at) > Duration::from_secs(59));
    }
}

#[tokio::test]
async fn several_are_not_re_entered() {
    let dir = tempdir().unwrap();
    let local = open(dir.path());
    let _held = hold(&local, "b", Mode::Exclusive).await;
    let mut both = all(&["a", "b"], Wait::Try);
    both.reentrant = true;
    assert_eq!(refusal(&local, both).await.kind(), ErrorKind::Mismatch);
    try_hold(&local, "a", Mode::Exclusive).await.unwrap();
}

#[tokio::test]
async fn a_dropped_wait_for_several_leaves_no_seat() {
    let dir = tempdir().unwrap();
    let local = open(dir.path());
    let b = hold(&local, "b", Mode::Exclusive).await;
    tokio::select! {
        _ = hold_all(&local, &["a", "b"]) => panic!("it is held"),
        () = until_waiters(&local, "b", 1) => {}
    }
    drop(b);
    for lock in ["a", "b"] {
        let seen = local.get(&name(lock), Freshness::Current).await.unwrap().answer;
        assert_eq!(seen, None);
    }
}

#[test]
fn processes_that_want_two_of_three_in_any_order_all_come_to_their_end() {
    let dir = tempdir().unwrap();
    for sum in ["sum-a", "sum-b", "sum-c"] {
        fs::write(dir.path().join(sum), "0").unwrap();
    }
    let children: Vec<_> = (0..6).map(|_| Process::start("add to two", dir.path())).collect();
    children.into_iter().for_each(Process::ends_well);
    for sum in ["sum-a", "sum-b", "sum-c"] {
        assert_eq!(fs::read_to_string(dir.path().join(sum)).unwrap(), "384");
    }
}

#[tokio::test]
async fn tasks_that_want_all_of_three_pass_them_on_without_end() {
    let dir = tempdir().unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let local = Arc::new(open(dir.path()));
        tasks.spawn(async move {
            for _ in 0..50 {
                drop(hold_all(&local, &["c", "b", "a"]).await);
            }
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
}
