//! Consul, and who uses its locks.

use bramah_core::{Outcome, Time};

use crate::ask::exclusive;
use crate::table::Table;

/// A wait that timed out was answered without an error, so that every waiter "had" the lock.
#[test]
fn vitess_8309_a_wait_that_times_out_is_not_a_grant() {
    let mut table = Table::with(["s1", "s2"]);
    table.acquire("s1", "x");
    let ask = table.asking(exclusive("x").for_ms(100));
    table.repeat("s2", 1, ask.clone());
    table.at(100);
    table.release("s1", "x");
    assert_eq!(table.repeat("s2", 1, ask), "timed out x by s1 #1, place 1");
    assert!(matches!(table.outcome, Outcome::WaitTimedOut(_)));
    assert!(table.is_gone("x"));
}

/// All waiters woke at each release.
#[test]
fn consul_7523_a_release_wakes_only_who_is_granted() {
    let mut table = Table::new();
    table.open("holder");
    table.acquire("holder", "x");
    for waiter in 0..20 {
        let waiter = format!("w{waiter}");
        table.open(&waiter);
        table.acquire(&waiter, "x");
    }
    table.news();
    table.release("holder", "x");
    assert_eq!(table.news(), ["holder has x #1 no more: released", "w0 is granted at last x #2"]);
}

/// A holder and its successor after an election were kept out by the rest of its own dead lock.
#[test]
fn consul_430_a_clean_release_starts_no_lock_delay() {
    let mut table = Table::with(["s1"]);
    table.acquire("s1", exclusive("x").lock_delay(15_000));
    table.release("s1", "x");
    assert_eq!(table.acquire("s1", exclusive("x").lock_delay(15_000)), "granted x #2");
}

/// The next holder came seconds after the release, whoever waited.
#[test]
fn consul_1006_a_release_and_the_next_grant_are_one_step() {
    let mut table = Table::with(["s1", "s2"]);
    table.acquire("s1", "x");
    table.acquire("s2", "x");
    table.at(1_234).release("s1", "x");
    assert_eq!(table.view("x").holders[0].granted_at, Time(1_234));
}

/// A wait of 20 minutes was over after 2, since every change of holder was taken off it.
#[test]
fn consul_2399_a_wait_is_as_long_as_was_asked_whoever_holds_meanwhile() {
    let mut table = Table::with(["s1", "s2", "s3"]);
    table.acquire("s1", "x");
    table.acquire("s2", exclusive("x").for_ms(1_000));
    for ms in (0..1_000).step_by(50) {
        // The more urgent pass all the time.
        table.at(ms).acquire("s3", exclusive("x").priority(1));
        let holder = if table.holders("x") == "s1" { "s1" } else { "s3" };
        table.release(holder, "x");
        table.acquire("s1", exclusive("x").priority(1));
        if table.holders("x") == "s3" {
            table.release("s3", "x");
        }
        assert_eq!(table.waiters("x"), "s2", "at {ms}");
    }
    assert_eq!(table.at(999).waiters("x"), "s2");
    assert_eq!(table.at(1_000).waiters("x"), "");
}
