use bramah_core::{Priority, Time};

use crate::ask::exclusive;
use crate::table::Table;

#[test]
fn first_come_first_served() {
    let mut table = Table::with(["s1", "s2", "s3", "s4"]);
    table.acquire("s1", "x");
    for (index, waiter) in ["s3", "s2", "s4"].into_iter().enumerate() {
        let place = index + 1;
        assert_eq!(table.acquire(waiter, "x"), format!("queued {place} of {place}"));
    }
    for next in ["s3", "s2", "s4"] {
        let holder = table.holders("x");
        table.release(&holder, "x");
        assert_eq!(table.holders("x"), next);
    }
}

#[test]
fn a_higher_priority_is_served_first() {
    let mut table = Table::with(["s1", "s2", "s3", "s4", "s5"]);
    table.acquire("s1", "x");
    table.acquire("s2", exclusive("x").priority(-1));
    table.acquire("s3", "x");
    table.news();
    assert_eq!(table.acquire("s4", exclusive("x").priority(i8::MAX)), "queued 1 of 3");
    assert_eq!(table.news(), ["s4 waits for x at 1"]);
    assert_eq!(table.acquire("s5", exclusive("x").priority(i8::MIN)), "queued 4 of 4");
    assert_eq!(table.waiters("x"), "s4 s3 s2 s5");
}

#[test]
fn a_cancelled_waiter_leaves_at_once() {
    let mut table = Table::with(["s1", "s2", "s3"]);
    table.acquire("s1", "x");
    table.acquire("s2", "x");
    table.acquire("s3", "x");
    table.news();
    assert_eq!(table.cancel("s2", 1), "cancelled");
    assert_eq!(table.news(), ["s2 waits no more for x: cancelled"]);
    assert_eq!(table.waiters("x"), "s3");
}

#[test]
fn a_wait_ends_at_its_deadline_and_says_who_was_in_the_way() {
    let mut table = Table::with(["s1", "s2", "s3"]);
    table.acquire("s1", "x");
    table.acquire("s2", "x");
    table.acquire("s3", exclusive("x").for_ms(300));
    table.at(299).news();
    assert_eq!(table.waiters("x"), "s2 s3");
    assert_eq!(table.at(300).news(), ["s3 waits no more for x: timed out x by s1 #1, place 2"]);
    let again = table.asking("x");
    assert_eq!(table.repeat("s3", 1, again), "timed out x by s1 #1, place 2");
}

#[test]
fn a_waiter_is_not_granted_at_the_instant_its_wait_is_over() {
    let mut table = Table::with(["s1", "s2"]);
    table.acquire("s1", exclusive("x").max_hold(300));
    table.acquire("s2", exclusive("x").for_ms(300));
    table.news();
    assert_eq!(
        table.at(300).news(),
        ["s2 waits no more for x: timed out x by s1 #1, place 1", "s1 has x #1 no more: max hold"]
    );
    assert!(table.is_gone("x"));
}

#[test]
fn a_wait_whose_end_was_slept_through_is_over_though_the_lock_was_free_before() {
    let mut table = Table::with(["s1", "s2"]);
    table.acquire("s1", exclusive("x").max_hold(200));
    table.acquire("s2", exclusive("x").for_ms(300));
    table.at(400);
    assert!(table.is_gone("x"));
    let again = table.asking("x");
    assert_eq!(table.repeat("s2", 1, again), "timed out x by nobody, place 1");
}

#[test]
fn a_session_that_dies_waiting_is_passed_over() {
    let mut table = Table::with(["s1", "s2", "s3"]);
    table.acquire("s1", "x");
    table.acquire("s2", "x");
    table.acquire("s3", "x");
    table.at(9_000).renew("s1");
    table.renew("s3");
    table.at(10_000);
    assert_eq!(table.waiters("x"), "s3");
    table.release("s1", "x");
    assert_eq!(table.holders("x"), "s3");
}

#[test]
fn a_queue_can_be_refused_beyond_a_length_of_the_askers_choice() {
    let mut table = Table::with(["s1", "s2", "s3"]);
    table.acquire("s1", "x");
    assert_eq!(table.acquire("s2", exclusive("x").max_waiters(0)), "queue full: 0 of 0");
    assert_eq!(table.acquire("s2", exclusive("x").max_waiters(1)), "queued 1 of 1");
    assert_eq!(table.acquire("s3", exclusive("x").max_waiters(1)), "queue full: 1 of 1");
    assert_eq!(table.acquire("s3", exclusive("x").max_waiters(2)), "queued 2 of 2");
}

#[test]
fn the_queue_shows_places_priorities_and_deadlines() {
    let mut table = Table::with(["s1", "s2", "s3"]);
    table.acquire("s1", "x");
    table.at(10).acquire("s2", exclusive("x").for_ms(90));
    table.at(20).acquire("s3", exclusive("x").priority(3));
    let waiters = table.view("x").waiters;
    let first = &waiters[0];
    assert_eq!((first.position, first.priority, first.deadline), (1, Priority(3), None));
    let second = &waiters[1];
    assert_eq!((second.position, second.queued_at), (2, Time(10)));
    assert_eq!((second.deadline, second.owner.host.as_str()), (Some(Time(100)), "s2"));
}
