//! ZooKeeper and its recipes.

use bramah_core::{Action, HoldAction, RequestSeq};

use crate::ask::{exclusive, shared};
use crate::table::Table;

/// A reader watched a writer that had come after it, and both waited for ever.
#[test]
fn kazoo_649_a_reader_does_not_wait_for_a_later_writer() {
    let mut table = Table::with(["s1", "s2", "s3", "s4"]);
    table.acquire("s1", "x");
    table.acquire("s2", shared("x"));
    table.acquire("s3", "x");
    table.acquire("s4", shared("x"));
    table.release("s1", "x");
    assert_eq!(table.holders("x"), "s2");
    table.release("s2", "x");
    assert_eq!(table.holders("x"), "s3");
    table.release("s3", "x");
    assert_eq!(table.holders("x"), "s4");
}

/// A contender that gave up left its place behind, and the lock was dead for all.
#[test]
fn kazoo_412_a_waiter_that_gave_up_leaves_no_place_behind() {
    let mut table = Table::with(["s1", "s2", "s3"]);
    table.acquire("s1", "x");
    table.acquire("s2", exclusive("x").for_ms(10));
    table.acquire("s2", "x");
    table.acquire("s3", "x");
    table.cancel("s2", 2);
    table.at(10);
    table.release("s1", "x");
    assert_eq!(table.holders("x"), "s3");
    table.release("s3", "x");
    assert!(table.is_gone("x"));
}

/// Empty parents of locks stayed for ever.
#[test]
fn curator_29_a_name_that_nobody_uses_leaves_nothing() {
    let mut table = Table::with(["s1", "s2"]);
    for n in 0..50 {
        let name = format!("dir/{n}");
        table.acquire("s1", &*name);
        table.try_acquire("s2", &*name);
        table.release("s1", &name);
    }
    assert_eq!(table.state.sizes().locks, 0);
}

/// The connection was lost while the lock was released: gone for its client, there for all others.
#[test]
fn curator_678_a_release_whose_answer_was_lost_is_repeated() {
    let mut table = Table::with(["s1", "s2"]);
    table.acquire("s1", "x");
    let release = Action::Hold(table.hold("s1", "x"), HoldAction::Release);
    table.acquire("s2", "x");
    table.repeat("s1", 2, release.clone());
    assert_eq!(table.repeat("s1", 2, release), "released");
    assert_eq!(table.holders("x"), "s2");
}

/// A new session took the dying node of the old one for its own: two held the lock.
#[test]
fn curator_604_a_new_session_has_nothing_of_the_one_before() {
    let mut table = Table::with(["s1", "s2"]);
    table.acquire("s1", "x");
    let old = table.hold("s1", "x");
    table.acquire("s2", "x");
    table.at(9_999).renew("s2");
    let ended = "session ended at 10000: expired, renewed at 0";
    assert_eq!(table.at(10_000).renew("s1"), ended);
    table.open("s1");
    assert_eq!(table.acquire("s1", "x"), "queued 1 of 1");
    assert_eq!(
        table.by_hold(old, HoldAction::Renew(None)),
        "not holder since 10000: expired, renewed at 0"
    );
    assert_eq!(table.holders("x"), "s2");
}

/// The lock came free between looking and waiting, and nobody said so again.
#[test]
fn curator_1046_there_is_nothing_between_asking_and_waiting() {
    let mut table = Table::with(["s1", "s2"]);
    table.acquire("s1", "x");
    let hold = table.hold("s1", "x");
    // Either the release comes first, or the waiter does; it is granted both ways.
    table.act("s1", hold, HoldAction::Release);
    assert_eq!(table.acquire("s2", "x"), "granted x #2");
    assert_eq!(table.acquire("s1", "x"), "queued 1 of 1");
    table.release("s2", "x");
    assert_eq!(table.holders("x"), "s1");
}

/// A contender that was interrupted at its creation left its node, and nobody was next.
#[test]
fn kazoo_732_a_cancel_that_overtakes_its_acquire_leaves_no_waiter() {
    let mut table = Table::with(["s1", "s2"]);
    table.acquire("s1", "x");
    let ask = table.asking("x");
    table.repeat("s2", 2, Action::Cancel { seq: RequestSeq(1) });
    assert_eq!(table.repeat("s2", 1, ask), "request cancelled");
    assert_eq!(table.waiters("x"), "");
}

/// An ephemeral node was made again after the session had ended, and stayed.
#[test]
fn zk_ruby_49_a_request_that_comes_after_the_end_of_its_session_leaves_nothing() {
    let mut table = Table::with(["s1"]);
    let ask = table.asking("x");
    table.close("s1");
    assert_eq!(table.repeat("s1", 1, ask), "session ended at 0: session closed");
    assert!(table.is_gone("x"));
}
