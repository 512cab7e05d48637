use bramah_core::limits::DEADLOCK_LOOKS_MAX;
use bramah_core::{IfHeld, Outcome, Refusal, Wait};

use crate::ask::{exclusive, many, permits, shared};
use crate::table::Table;

#[test]
fn two_sessions_that_wait_for_each_other_are_a_deadlock() {
    let mut table = Table::with(["s1", "s2"]);
    table.acquire("s1", "a");
    table.acquire("s2", "b");
    assert_eq!(table.acquire("s1", "b"), "queued 1 of 1");
    table.news();
    assert_eq!(table.acquire("s2", "a"), "deadlock: s2 for a s1 for b");
    assert!(table.news().is_empty());
    assert_eq!(table.waiters("a"), "");
    table.release("s2", "b");
    assert_eq!(table.holders("b"), "s1");
}

#[test]
fn a_long_circle_is_named_whole() {
    let mut table = Table::with(["s1", "s2", "s3", "s4"]);
    for (session, name) in [("s1", "a"), ("s2", "b"), ("s3", "c"), ("s4", "d")] {
        table.acquire(session, name);
    }
    for (session, name) in [("s1", "b"), ("s2", "c"), ("s3", "d")] {
        assert_eq!(table.acquire(session, name), "queued 1 of 1");
    }
    assert_eq!(table.acquire("s4", "a"), "deadlock: s4 for a s1 for b s2 for c s3 for d");
}

/// So many sessions of which each waits for the next, and then the last for the first: its answer.
fn circle_of(sessions: usize) -> (Table, String) {
    let mut table = Table::large();
    let name = |n: usize| format!("s{n}");
    for n in 0..sessions {
        table.open(&name(n));
        table.acquire(&name(n), &*name(n));
    }
    for n in 1..sessions {
        assert_eq!(table.acquire(&name(n - 1), &*name(n)), "queued 1 of 1");
    }
    let answer = table.acquire(&name(sessions - 1), "s0");
    (table, answer)
}

#[test]
fn of_a_very_long_circle_the_first_steps_are_named() {
    for (sessions, named) in [(63, 63), (64, 64), (65, 64), (200, 64)] {
        let (table, answer) = circle_of(sessions);
        let last = format!("deadlock: s{} for s0 s0 for s1 s1 for s2 ", sessions - 1);
        assert!(answer.starts_with(&last), "{answer}");
        let Outcome::Refused(Refusal::Deadlock { cycle }) = &table.outcome else { panic!() };
        assert_eq!(cycle.len(), named);
    }
}

#[test]
fn a_circle_beyond_what_is_looked_at_is_allowed_to_wait() {
    // Of each in it its wait, the lock and the holder are looked at.
    let sessions = DEADLOCK_LOOKS_MAX / 3;
    assert!(circle_of(sessions - 1).1.starts_with("deadlock"));
    assert_eq!(circle_of(sessions + 2).1, "queued 1 of 1");
}

#[test]
fn a_circle_beside_a_long_line_is_found_and_short() {
    let mut table = Table::with(["s1", "s2"]);
    table.acquire("s1", "a");
    table.acquire("s2", "b");
    for n in 0..50 {
        table.open(&format!("w{n}"));
        table.acquire(&format!("w{n}"), "a");
    }
    table.acquire("s1", "b");
    assert_eq!(table.acquire("s2", "a"), "deadlock: s2 for a s1 for b");
}

#[test]
fn a_try_does_not_wait_and_is_no_deadlock() {
    let mut table = Table::with(["s1", "s2"]);
    table.acquire("s1", "a");
    table.acquire("s2", "b");
    table.acquire("s1", "b");
    assert_eq!(table.try_acquire("s2", "a"), "busy a by s1 #1, place 1");
}

#[test]
fn a_wait_with_a_deadline_is_refused_all_the_same() {
    let mut table = Table::with(["s1", "s2"]);
    table.acquire("s1", "a");
    table.acquire("s2", "b");
    table.acquire("s1", exclusive("b").for_ms(100));
    let refused = "deadlock: s2 for a s1 for b";
    assert_eq!(table.acquire("s2", exclusive("a").for_ms(100)), refused);
    table.at(100);
    assert_eq!(table.acquire("s2", exclusive("a").for_ms(100)), "queued 1 of 1");
}

#[test]
fn a_session_with_many_users_is_never_stuck_as_a_whole() {
    let mut table = Table::with(["s1", "s2"]);
    table.acquire("s1", "a");
    table.acquire("s2", "b");
    table.acquire("s1", exclusive("b").many_users());
    assert_eq!(table.acquire("s2", "a"), "queued 1 of 1");
}

#[test]
fn one_of_many_users_who_stands_in_line_is_not_stuck_with_its_session() {
    let mut table = Table::with(["s1", "s2", "s3"]);
    table.acquire("s1", "a");
    table.acquire("s3", "b");
    table.acquire("s2", exclusive("a").many_users());
    assert_eq!(table.acquire("s2", "b"), "queued 1 of 1");
    assert_eq!(table.acquire("s3", "a"), "queued 2 of 2");
    // That user has the lock next, and gives it back whatever s2 waits for.
    table.release("s1", "a");
    table.release("s2", "a");
    assert_eq!(table.holders("a"), "s3");
}

#[test]
fn a_wait_is_not_refused_for_a_circle_that_it_is_no_part_of() {
    let mut table = Table::with(["s1", "s2", "s3"]);
    table.acquire("s1", "a");
    table.acquire("s1", "c");
    table.acquire("s3", "b");
    table.acquire("s2", exclusive("a").many_users());
    table.acquire("s2", "b");
    table.acquire("s3", "a");
    // As far as can be seen from outside, s2 and s3 wait for each other from now on.
    table.release("s1", "a");
    assert_eq!(table.acquire("s2", "c"), "queued 1 of 1");
}

#[test]
fn a_circle_through_an_earlier_wait_of_one_who_passes_another_is_found() {
    let mut table = Table::with(["s1", "s2", "s3"]);
    table.acquire("s1", "a");
    table.acquire("s2", "b");
    table.acquire("s2", "a");
    table.acquire("s3", "b");
    // s2 would wait behind s3, who waits for s2 already.
    let ask = exclusive("a").priority(1);
    assert_eq!(table.acquire("s3", ask), "deadlock: s3 for b s2 for a");
    assert_eq!(table.acquire("s3", "a"), "queued 2 of 2");
}

#[test]
fn a_circle_through_one_who_stands_in_line_is_found() {
    let mut table = Table::with(["s1", "s2", "s3"]);
    table.acquire("s1", shared("x"));
    table.acquire("s3", "y");
    table.acquire("s2", "x");
    table.acquire("s1", "y");
    assert_eq!(table.acquire("s3", shared("x")), "deadlock: s3 for x s2 for x s1 for y");
}

#[test]
fn a_circle_through_one_who_is_passed_by_a_higher_priority_is_found() {
    let mut table = Table::with(["s1", "s2", "s3", "s4"]);
    table.acquire("s1", "l");
    table.acquire("s2", "n");
    table.acquire("s3", "m");
    table.acquire("s2", "l");
    table.acquire("s3", "n");
    // s4 would pass s2 at l, and wait for s3 at m, who waits for s2 at n.
    let ask = many(["l", "m"].map(exclusive)).priority(1);
    assert_eq!(table.acquire_many("s4", ask), "deadlock: s4 for m s3 for n s2 for l");
    let ask = many(["l", "m"].map(exclusive));
    assert_eq!(table.acquire_many("s4", ask), "queued 2 of 2");
}

#[test]
fn a_circle_behind_one_who_has_many_users_is_found() {
    let mut table = Table::with(["s1", "s2", "s3"]);
    table.acquire("s1", "a");
    table.acquire("s3", "b");
    table.acquire("s2", exclusive("a").many_users());
    table.acquire("s1", "b");
    assert_eq!(table.acquire("s3", "a"), "deadlock: s3 for a s1 for b");
}

#[test]
fn a_circle_through_a_second_wait_is_found() {
    let mut table = Table::with(["s1", "s2", "s3"]);
    table.acquire("s1", "a");
    table.acquire("s3", "b");
    table.acquire("s2", "a");
    table.acquire("s3", "a");
    assert_eq!(table.acquire("s2", "b"), "deadlock: s2 for b s3 for a");
}

#[test]
fn a_circle_through_one_of_several_locks_is_found() {
    let mut table = Table::with(["s1", "s2"]);
    table.acquire("s1", "a");
    table.acquire("s2", "b");
    table.acquire_many("s1", ["c", "b"]);
    let refused = "deadlock: s2 for a s1 for b";
    assert_eq!(table.acquire_many("s2", ["d", "a"]), refused);
    assert!(table.is_gone("d"));
    let ask = many(["d", "a"].map(exclusive)).if_held(IfHeld::Queue);
    assert_eq!(table.acquire_many("s2", ask), "queued 1 of 1");
}

#[test]
fn a_hold_that_lingers_is_waited_for_without_a_deadlock() {
    let mut table = Table::with(["s1", "s2"]);
    table.acquire("s1", exclusive("a").min_hold(1_000));
    table.acquire("s2", "b");
    table.release("s1", "a");
    table.acquire("s1", "b");
    assert_eq!(table.acquire("s2", "a"), "queued 1 of 1");
    table.at(1_000);
    assert_eq!(table.holders("a"), "s2");
}

#[test]
fn an_upgrade_can_close_a_circle() {
    let mut table = Table::with(["s1", "s2"]);
    table.acquire("s1", shared("x"));
    table.acquire("s2", shared("x"));
    table.acquire("s1", "y");
    table.acquire("s2", "y");
    assert_eq!(table.upgrade("s1", "x", Wait::Forever), "deadlock: s1 for x s2 for y");
}

/// s1 held b too once, and wants to read it again, behind s4, which wants c of s2 as well.
fn a_reader_behind_one_that_waits_for_another_lock(ahead: crate::ask::Many) -> String {
    let mut table = Table::with(["s1", "s2", "s3", "s4"]);
    table.acquire("s3", shared("b"));
    table.acquire("s1", exclusive("a"));
    table.acquire("s2", permits("c", 1, 3));
    assert_eq!(table.acquire("s3", "a"), "queued 1 of 1");
    table.acquire_many("s4", ahead);
    table.acquire("s1", shared("b"))
}

#[test]
fn a_reader_waits_for_no_reader_that_holds_beside_it() {
    // s4 waits for s2, which waits for nobody; then both read b beside s3.
    let wanted = || many([permits("c", 3, 3), shared("b")]);
    let answer = "queued 2 of 2";
    assert_eq!(a_reader_behind_one_that_waits_for_another_lock(wanted()), answer);
    let independent = wanted().if_held(IfHeld::Queue);
    assert_eq!(a_reader_behind_one_that_waits_for_another_lock(independent), answer);
}

#[test]
fn a_reader_waits_for_readers_that_a_writer_before_it_waits_for() {
    let wanted = || many([permits("c", 3, 3), exclusive("b")]);
    let refused = "deadlock: s1 for b s4 for b s3 for a";
    assert_eq!(a_reader_behind_one_that_waits_for_another_lock(wanted()), refused);
    let independent = wanted().if_held(IfHeld::Queue);
    let refused = "deadlock: s1 for b s3 for a";
    assert_eq!(a_reader_behind_one_that_waits_for_another_lock(independent), refused);
}

#[test]
fn a_semaphore_whose_other_holders_may_give_back_enough_is_no_deadlock() {
    let mut table = Table::with(["s1", "s2", "s3"]);
    table.acquire("s1", permits("pool", 1, 2));
    table.acquire("s2", permits("pool", 1, 2));
    table.acquire("s3", "x");
    assert_eq!(table.acquire("s1", "x"), "queued 1 of 1");
    assert_eq!(table.acquire("s3", permits("pool", 1, 2)), "queued 1 of 1");
    table.release("s2", "pool");
    assert_eq!(table.holders("pool"), "s1 s3");
}

#[test]
fn a_semaphore_that_cannot_do_without_one_holder_can_close_a_circle() {
    let mut table = Table::with(["s1", "s2", "s3"]);
    table.acquire("s1", permits("pool", 2, 3));
    table.acquire("s2", permits("pool", 1, 3));
    table.acquire("s3", "x");
    assert_eq!(table.acquire("s1", "x"), "queued 1 of 1");
    let refused = "deadlock: s3 for pool s1 for x";
    assert_eq!(table.acquire("s3", permits("pool", 2, 3)), refused);
}

#[test]
fn a_session_that_holds_much_is_not_overlooked() {
    let mut table = Table::with(["s1", "s2"]);
    for n in 0..300 {
        table.acquire("s1", &*format!("n{n}"));
    }
    table.acquire("s2", "b");
    table.acquire("s2", "n299");
    assert_eq!(table.acquire("s1", "b"), "deadlock: s1 for b s2 for n299");
}

#[test]
fn a_wait_of_nothing_is_a_try() {
    let mut table = Table::with(["s1", "s2"]);
    table.acquire("s1", "a");
    assert_eq!(table.acquire("s2", exclusive("a").for_ms(0)), "busy a by s1 #1, place 1");
}
