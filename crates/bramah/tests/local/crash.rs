//! Ends that nobody announced.

use std::fs;
use std::time::{Duration, Instant};

use bramah::backend::{Backend, Freshness, Wait};
use bramah::{ErrorKind, LocalTime, LostReason, Mode, Released};
use tempfile::tempdir;

use crate::child::Process;
use crate::{DEADLINE, acquire, hold, name, open, refusal, request, try_hold, until_waiters};

#[tokio::test]
async fn a_killed_holder_hands_over_at_once_and_the_token_rises() {
    let dir = tempdir().unwrap();
    let local = open(dir.path());
    let mut holder = Process::start("hold", dir.path());
    let first: u64 = holder.says().parse().unwrap();
    let waiting = tokio::spawn(async move { hold(&local, "a", Mode::Exclusive).await });
    until_waiters(&open(dir.path()), "a", 1).await;
    let killed_at = Instant::now();
    holder.kill();
    let next = waiting.await.unwrap();
    let took = killed_at.elapsed();
    assert!(next.token().0 > first);
    assert!(took < Duration::from_millis(500), "the next was granted after {took:?}");
}

#[tokio::test]
async fn a_killed_waiter_leaves_nothing() {
    let dir = tempdir().unwrap();
    let local = open(dir.path());
    let held = hold(&local, "a", Mode::Exclusive).await;
    let mut waiter = Process::start("wait", dir.path());
    assert_eq!(waiter.says(), "1 of 1");
    waiter.kill();
    until_waiters(&local, "a", 0).await;
    let _ = held.release().await.unwrap();
    try_hold(&local, "a", Mode::Exclusive).await.unwrap();
    assert_eq!(local.get(&name("a"), Freshness::Current).await.unwrap().answer, None);
}

#[tokio::test]
async fn a_killed_waiter_is_passed_by_the_one_behind_it() {
    let dir = tempdir().unwrap();
    let local = open(dir.path());
    let held = hold(&local, "a", Mode::Exclusive).await;
    let mut first = Process::start("wait", dir.path());
    assert_eq!(first.says(), "1 of 1");
    let mut second = Process::start("wait", dir.path());
    assert_eq!(second.says(), "2 of 2");
    first.kill();
    assert_eq!(second.says(), "1 of 1");
    let _ = held.release().await.unwrap();
    assert!(second.says().parse::<u64>().unwrap() > held.token().0);
}

#[tokio::test]
async fn a_daemon_that_a_holder_started_does_not_keep_the_lock() {
    let dir = tempdir().unwrap();
    let mut holder = Process::start("hold and start a daemon", dir.path());
    let daemon = rustix::process::Pid::from_raw(holder.says().parse().unwrap()).unwrap();
    holder.kill();
    // A kernel closes the files of a process that begins to be another one a moment later than it
    // lets its parent go on.
    hold(&open(dir.path()), "a", Mode::Exclusive).await;
    rustix::process::test_kill_process(daemon).expect("the daemon still runs");
    rustix::process::kill_process(daemon, rustix::process::Signal::KILL).unwrap();
}

#[tokio::test]
async fn a_dead_holder_is_not_believed() {
    let dir = tempdir().unwrap();
    let local = open(dir.path());
    let mut holder = Process::start("hold a value", dir.path());
    let token: u64 = holder.says().parse().unwrap();
    let seen =
        local.get(&name("a"), Freshness::Current).await.unwrap().answer.unwrap().holders.remove(0);
    assert_eq!((seen.token.0, seen.owner.pid), (token, holder.pid()));
    assert_eq!(seen.value.unwrap().as_bytes(), b"of the child");
    assert!(local.verify(&name("a"), seen.token, Freshness::Current).await.unwrap().answer.held);
    holder.kill();
    assert_eq!(local.get(&name("a"), Freshness::Current).await.unwrap().answer, None);
    let verdict = local.verify(&name("a"), seen.token, Freshness::Current).await.unwrap().answer;
    assert_eq!((verdict.held, verdict.newest), (false, Some(seen.token)));
}

#[tokio::test]
async fn a_token_stays_below_the_next_when_its_file_is_gone() {
    let dir = tempdir().unwrap();
    let local = open(dir.path());
    let old = hold(&local, "a", Mode::Exclusive).await.token();
    fs::remove_file(dir.path().join("a.lock")).unwrap();
    // The promise is for a file that is lost over a reboot: the clock has moved on by a second.
    let second = || std::time::UNIX_EPOCH.elapsed().unwrap().as_secs();
    let now = second();
    while second() == now {
        // tidy: paced because the state is the wall clock's
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(hold(&local, "a", Mode::Exclusive).await.token() > old);
}

#[tokio::test]
async fn a_holder_is_told_that_its_file_was_removed() {
    let dir = tempdir().unwrap();
    let local = open(dir.path());
    let held = hold(&local, "a", Mode::Exclusive).await;
    let (reason, ()) = tokio::join!(tokio::time::timeout(DEADLINE, held.lost()), async {
        fs::remove_file(dir.path().join("a.lock")).unwrap();
    });
    assert_eq!(reason.unwrap(), LostReason::SessionUnknown);
    assert!(matches!(held.release().await.unwrap(), Released::AlreadyLost(Some(_))));
}

#[tokio::test]
async fn a_holder_whose_file_was_replaced_does_not_release_the_other() {
    let dir = tempdir().unwrap();
    let local = open(dir.path());
    let held = hold(&local, "a", Mode::Exclusive).await;
    fs::rename(dir.path().join("a.lock"), dir.path().join("elsewhere")).unwrap();
    let other = try_hold(&local, "a", Mode::Exclusive).await.unwrap();
    assert!(matches!(held.release().await.unwrap(), Released::AlreadyLost(Some(_))));
    assert!(other.lost_reason().is_none());
    try_hold(&local, "a", Mode::Exclusive).await.unwrap_err();
}

#[tokio::test]
async fn a_waiter_whose_file_was_removed_queues_anew() {
    let dir = tempdir().unwrap();
    let local = open(dir.path());
    let held = hold(&local, "a", Mode::Exclusive).await;
    let (next, ()) = tokio::join!(hold(&local, "a", Mode::Exclusive), async {
        until_waiters(&local, "a", 1).await;
        fs::remove_file(dir.path().join("a.lock")).unwrap();
    });
    assert!(next.lost_reason().is_none() && held.lost_reason().is_some());
}

#[tokio::test]
async fn a_damaged_file_is_a_clear_error() {
    let dir = tempdir().unwrap();
    let local = open(dir.path());
    let path = dir.path().join("a.lock");
    fs::write(&path, "what is this?").unwrap();
    let error = refusal(&local, request("a", Mode::Exclusive, Wait::Try)).await;
    assert_eq!(error.kind(), ErrorKind::Storage);
    assert!(error.to_string().contains("a.lock: it is damaged"), "{error}");
    assert!(local.get(&name("a"), Freshness::Current).await.is_err());
}

#[tokio::test]
async fn damage_under_a_holder_lets_nobody_in() {
    let dir = tempdir().unwrap();
    let local = open(dir.path());
    let held = hold(&local, "a", Mode::Exclusive).await;
    let path = dir.path().join("a.lock");
    let whole = fs::read(&path).unwrap();
    fs::write(&path, vec![0; whole.len()]).unwrap();
    for wait in [Wait::Try, Wait::Forever] {
        let error = refusal(&local, request("a", Mode::Exclusive, wait)).await;
        assert_eq!(error.kind(), ErrorKind::Storage);
    }
    // Once nobody holds, zeros are a new file.
    drop(held);
    try_hold(&local, "a", Mode::Exclusive).await.unwrap();
}

#[tokio::test]
async fn the_file_of_another_lock_is_refused() {
    let dir = tempdir().unwrap();
    let local = open(dir.path());
    drop(hold(&local, "a", Mode::Exclusive).await);
    fs::copy(dir.path().join("a.lock"), dir.path().join("b.lock")).unwrap();
    let error = refusal(&local, request("b", Mode::Exclusive, Wait::Try)).await;
    assert!(error.to_string().contains("another lock, \"a\""), "{error}");
}

#[tokio::test]
async fn a_maximum_hold_is_over_for_its_holder_before_anybody_else_has_the_lock() {
    let dir = tempdir().unwrap();
    let local = open(dir.path());
    let mut short = request("a", Mode::Exclusive, Wait::Try);
    // Of the shorter one half is the holder's.
    for (max_hold_ms, margin_ms) in [(100, 10), (12, 6)] {
        short.max_hold = Duration::from_millis(max_hold_ms);
        let held = acquire(&local, short.clone()).await.unwrap();
        // The next one does not ask the holder, but sees by the clock that its time is over.
        let other = open(dir.path());
        let next = async { (hold(&other, "a", Mode::Exclusive).await, LocalTime::now()) };
        let (reason, (next, granted_at)) = tokio::join!(held.lost(), next);
        assert_eq!(reason, LostReason::MaxHold);
        assert!(granted_at.since(held.deadline()) >= Duration::from_millis(margin_ms));
        let released = held.release().await.unwrap();
        assert_eq!(released, Released::AlreadyLost(Some(LostReason::MaxHold)));
        assert!(next.lost_reason().is_none());
        try_hold(&local, "a", Mode::Exclusive).await.unwrap_err();
    }
}
