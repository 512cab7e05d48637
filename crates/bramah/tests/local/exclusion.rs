//! Who may be inside together.

use std::collections::BTreeSet;
use std::fs;
use std::time::Duration;

use bramah::backend::{AcquireRequest, Backend, Freshness, Wait};
use bramah::{Acquired, ErrorKind, Mode, Released, Value};
use tempfile::tempdir;

use crate::child::Process;
use crate::{DEADLINE, acquire, hold, name, open, refusal, request, try_hold};

const ONE_OF_3: Mode = Mode::Permits { count: 1, limit: 3 };
const TWO_OF_3: Mode = Mode::Permits { count: 2, limit: 3 };

#[test]
fn eight_processes_that_add_lose_nothing_and_no_token_comes_twice() {
    let dir = tempdir().unwrap();
    fs::write(dir.path().join("sum"), "0").unwrap();
    fs::write(dir.path().join("tokens"), "").unwrap();
    let children: Vec<_> = (0..8).map(|_| Process::start("add", dir.path())).collect();
    children.into_iter().for_each(Process::ends_well);
    assert_eq!(fs::read_to_string(dir.path().join("sum")).unwrap(), "4000");
    let tokens = fs::read_to_string(dir.path().join("tokens")).unwrap();
    let tokens: Vec<u64> = tokens.lines().map(|line| line.parse().unwrap()).collect();
    assert_eq!(tokens.len(), 4000);
    assert!(tokens.is_sorted_by(|a, b| a < b), "each grant's token is above the last");
}

#[test]
fn a_semaphore_of_three_never_shows_four_inside() {
    let dir = tempdir().unwrap();
    let enter = || Process::start("enter the semaphore", dir.path());
    let children: Vec<_> = (0..6).map(|_| enter()).collect();
    children.into_iter().for_each(Process::ends_well);
}

#[tokio::test]
async fn two_handles_of_one_process_exclude_each_other() {
    let dir = tempdir().unwrap();
    let (one, two) = (open(dir.path()), open(dir.path()));
    let held = hold(&one, "a", Mode::Exclusive).await;
    try_hold(&two, "a", Mode::Exclusive).await.unwrap_err();
    try_hold(&one, "a", Mode::Exclusive).await.unwrap_err();
    try_hold(&two, "a", Mode::Shared).await.unwrap_err();
    try_hold(&two, "b", Mode::Exclusive).await.unwrap();
    assert_eq!(held.release().await.unwrap(), Released::Released);
    try_hold(&two, "a", Mode::Exclusive).await.unwrap();
}

#[tokio::test]
async fn readers_share_and_keep_a_writer_out() {
    let dir = tempdir().unwrap();
    let local = open(dir.path());
    let first = hold(&local, "a", Mode::Shared).await;
    let second = try_hold(&local, "a", Mode::Shared).await.unwrap();
    assert!(second.token() > first.token());
    let busy = try_hold(&local, "a", Mode::Exclusive).await.unwrap_err();
    assert_eq!((busy.holders, busy.position), (2, 1));
    drop(first);
    try_hold(&local, "a", Mode::Exclusive).await.unwrap_err();
    drop(second);
    try_hold(&local, "a", Mode::Exclusive).await.unwrap();
}

#[tokio::test]
async fn permits_are_given_all_or_none() {
    let dir = tempdir().unwrap();
    let local = open(dir.path());
    let two = hold(&local, "a", TWO_OF_3).await;
    try_hold(&local, "a", TWO_OF_3).await.unwrap_err();
    let one = try_hold(&local, "a", ONE_OF_3).await.unwrap();
    try_hold(&local, "a", ONE_OF_3).await.unwrap_err();
    drop((two, one));
    try_hold(&local, "a", TWO_OF_3).await.unwrap();
}

#[tokio::test]
async fn all_must_agree_on_the_limit_while_anybody_holds() {
    let dir = tempdir().unwrap();
    let local = open(dir.path());
    let held = hold(&local, "a", ONE_OF_3).await;
    let of_4 = Mode::Permits { count: 1, limit: 4 };
    for other in [Mode::Exclusive, Mode::Shared] {
        let error = refusal(&local, request("a", other, Wait::Try)).await;
        assert_eq!(error.kind(), ErrorKind::Mismatch);
        assert!(error.to_string().contains("a semaphore"), "{error}");
    }
    let busy = try_hold(&local, "a", of_4).await.expect_err("another limit holds");
    assert_eq!(busy.other_limit, Some(3));
    drop(held);
    try_hold(&local, "a", of_4).await.unwrap();
}

#[tokio::test]
async fn impossible_permits_are_refused() {
    let dir = tempdir().unwrap();
    let local = open(dir.path());
    for (count, limit) in [(0, 3), (4, 3), (1, 1_000_001)] {
        let asked = request("a", Mode::Permits { count, limit }, Wait::Try);
        assert_eq!(refusal(&local, asked).await.kind(), ErrorKind::Invalid);
    }
}

#[tokio::test]
async fn a_hold_can_be_re_entered_only_when_asked_for() {
    let dir = tempdir().unwrap();
    let local = open(dir.path());
    let first = hold(&local, "a", Mode::Exclusive).await;
    let mut again = request("a", Mode::Exclusive, Wait::Try);
    acquire(&local, again.clone()).await.unwrap_err();
    again.reentrant = true;
    acquire(&open(dir.path()), again.clone()).await.unwrap_err();
    let second = acquire(&local, again).await.unwrap();
    assert_eq!(second.token(), first.token());
    assert_eq!(first.release().await.unwrap(), Released::Released);
    try_hold(&local, "a", Mode::Exclusive).await.expect_err("one entry is left");
    assert_eq!(second.release().await.unwrap(), Released::Released);
    try_hold(&local, "a", Mode::Exclusive).await.unwrap();
}

#[tokio::test]
async fn a_hold_is_not_re_entered_otherwise_than_it_is_held() {
    let dir = tempdir().unwrap();
    let local = open(dir.path());
    let held = hold(&local, "a", Mode::Exclusive).await;
    let mut again = request("a", Mode::Shared, Wait::Forever);
    again.reentrant = true;
    let refused = tokio::time::timeout(DEADLINE, refusal(&local, again.clone())).await;
    let error = refused.expect("it does not wait for itself");
    assert_eq!(error.kind(), ErrorKind::Mismatch);
    assert!(error.to_string().contains("otherwise than asked for"), "{error}");
    held.downgrade().await.unwrap();
    acquire(&local, again).await.expect("the same mode by now");
}

#[tokio::test]
async fn a_hold_whose_time_is_over_is_not_re_entered_but_taken_anew() {
    let dir = tempdir().unwrap();
    let local = open(dir.path());
    let mut again = request("a", Mode::Exclusive, Wait::For(DEADLINE));
    again.max_hold = Duration::from_millis(1);
    again.reentrant = true;
    let first = acquire(&local, again.clone()).await.unwrap();
    // Granted when the time of the first is over, which its own Local does not look at.
    drop(hold(&open(dir.path()), "a", Mode::Exclusive).await);
    let second = acquire(&local, again).await.unwrap();
    assert!(second.token() > first.token());
}

#[tokio::test]
async fn an_exclusive_hold_becomes_shared_and_lets_waiting_readers_in() {
    let dir = tempdir().unwrap();
    let local = open(dir.path());
    let held = hold(&local, "a", Mode::Exclusive).await;
    let token = held.token();
    let (reader, ()) = tokio::join!(hold(&local, "a", Mode::Shared), async {
        crate::until_waiters(&local, "a", 1).await;
        held.downgrade().await.unwrap();
    });
    assert_eq!(held.token(), token);
    assert!(held.lost_reason().is_none());
    assert!(reader.token() > token);
}

#[tokio::test]
async fn a_shared_hold_becomes_exclusive_under_a_new_token() {
    let dir = tempdir().unwrap();
    let local = open(dir.path());
    let shared = hold(&local, "a", Mode::Shared).await;
    let other = hold(&local, "a", Mode::Shared).await;
    let mut both = Vec::new();
    let upgraded = {
        let upgrade = shared.upgrade(Wait::For(DEADLINE));
        let rest = async {
            crate::until_waiters(&local, "a", 1).await;
            let error = other.upgrade(Wait::For(DEADLINE)).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Deadlock);
            let _ = other.release().await.unwrap();
        };
        tokio::join!(upgrade, rest).0.unwrap()
    };
    match upgraded {
        Acquired::Held(holds) => both.extend(holds),
        Acquired::Busy(busy) => panic!("{busy:?}"),
    }
    assert!(both[0].token() > shared.token());
    assert_eq!(shared.lost_reason(), Some(bramah::LostReason::Upgraded));
    drop(shared);
    try_hold(&local, "a", Mode::Shared).await.unwrap_err();
    let tokens: BTreeSet<_> = both.iter().map(|hold| hold.token()).collect();
    assert_eq!(tokens.len(), 1);
}

#[tokio::test]
async fn what_waits_to_be_upgraded_is_not_re_entered() {
    let dir = tempdir().unwrap();
    let local = open(dir.path());
    let shared = hold(&local, "a", Mode::Shared).await;
    let other = hold(&open(dir.path()), "a", Mode::Shared).await;
    let again = AcquireRequest { reentrant: true, ..request("a", Mode::Shared, Wait::Try) };
    {
        let mut upgrade = Box::pin(shared.upgrade(Wait::Forever));
        tokio::select! {
            _ = &mut upgrade => unreachable!("another reader is there"),
            () = crate::until_waiters(&local, "a", 1) => {}
        }
        // It would be lost with the shared hold.
        assert_eq!(refusal(&local, again.clone()).await.kind(), ErrorKind::Mismatch);
    }
    acquire(&local, again).await.expect("nothing waits to be upgraded any more");
    drop(other);
    assert!(shared.lost_reason().is_none());
}

#[tokio::test]
async fn an_upgrade_keeps_the_value() {
    let dir = tempdir().unwrap();
    let local = open(dir.path());
    let shared = hold(&local, "a", Mode::Shared).await;
    let value = Value::new(b"10.0.0.1:80").unwrap();
    shared.set_value(Some(value.clone())).await.unwrap();
    let upgraded = shared.upgrade(Wait::Try).await.unwrap();
    assert!(matches!(upgraded, Acquired::Held(_)), "{upgraded:?}");
    let lock = local.get(&name("a"), Freshness::Current).await.unwrap().answer.unwrap();
    assert_eq!(lock.holders[0].mode, Mode::Exclusive);
    assert_eq!(lock.holders[0].value, Some(value));
}
