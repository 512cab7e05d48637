use bramah_core::{Action, HoldAction, Key, Wait};

use crate::ask::{exclusive, permits, shared};
use crate::table::Table;

#[test]
fn the_only_reader_becomes_the_writer_under_a_new_token() {
    let mut table = Table::with(["s1"]);
    table.acquire("s1", shared("x").value("v"));
    table.news();
    assert_eq!(table.upgrade("s1", "x", Wait::Try), "granted x #2");
    assert_eq!(table.news(), ["s1 has x #1 no more: upgraded", "s1 is granted x #2"]);
    assert_eq!(table.view("x").holders[0].value, Some(crate::table::value("v")));
}

#[test]
fn an_upgrade_waits_for_the_other_readers_and_passes_who_waits() {
    let mut table = Table::with(["s1", "s2", "s3", "s4"]);
    table.acquire("s1", shared("x"));
    table.acquire("s2", shared("x"));
    table.acquire("s3", exclusive("x").priority(i8::MAX));
    assert_eq!(table.upgrade("s1", "x", Wait::Forever), "queued 1 of 2");
    assert_eq!(table.acquire("s4", shared("x")), "queued 3 of 3");
    table.news();
    table.release("s2", "x");
    assert_eq!(
        table.news(),
        [
            "s2 has x #2 no more: released",
            "s1 has x #1 no more: upgraded",
            "s1 is granted at last x #3"
        ]
    );
    assert_eq!(table.waiters("x"), "s3 s4");
}

#[test]
fn a_try_to_upgrade_names_the_other_reader() {
    let mut table = Table::with(["s1", "s2"]);
    table.acquire("s1", shared("x"));
    table.acquire("s2", shared("x"));
    assert_eq!(table.upgrade("s1", "x", Wait::Try), "busy x by s2 #2, place 1");
    assert_eq!(table.holders("x"), "s1 s2");
}

#[test]
fn two_readers_that_both_upgrade_are_a_deadlock() {
    let mut table = Table::with(["s1", "s2"]);
    table.acquire("s1", shared("x"));
    table.acquire("s2", shared("x"));
    table.upgrade("s1", "x", Wait::Forever);
    assert_eq!(table.upgrade("s2", "x", Wait::Forever), "deadlock: s2 for x s1 for x");
    table.release("s2", "x");
    assert_eq!(table.hold("s1", "x").token.0, 3);
}

#[test]
fn two_users_of_one_session_that_both_upgrade_are_a_deadlock() {
    let mut table = Table::with(["s1"]);
    table.acquire("s1", shared("x").many_users());
    let first = table.hold("s1", "x");
    table.acquire("s1", shared("x").many_users());
    table.upgrade("s1", "x", Wait::Forever);
    assert_eq!(table.upgrade("s1", "x", Wait::Forever), "deadlock: s1 for x s1 for x");
    table.act("s1", first, HoldAction::Release);
    assert_eq!(table.waiters("x"), "");
}

#[test]
fn an_upgrade_that_times_out_keeps_the_shared_hold() {
    let mut table = Table::with(["s1", "s2"]);
    table.acquire("s1", shared("x"));
    table.acquire("s2", shared("x"));
    table.upgrade("s1", "x", Wait::ForMs(50));
    table.at(50);
    assert_eq!((table.holders("x"), table.waiters("x")), ("s1 s2".into(), String::new()));
}

#[test]
fn an_upgrade_ends_with_the_hold_it_was_of() {
    let mut table = Table::with(["s1", "s2", "s3"]);
    table.acquire("s1", shared("x"));
    table.acquire("s2", shared("x"));
    table.upgrade("s1", "x", Wait::Forever);
    table.acquire("s3", shared("x"));
    table.news();
    table.release("s1", "x");
    assert_eq!(
        table.news(),
        [
            "s1 has x #1 no more: released",
            "s1 waits no more for x: hold ended",
            "s3 is granted at last x #3"
        ]
    );
    let again = Action::Upgrade { hold: table.hold("s2", "x"), key: Key(0), wait: Wait::Forever };
    assert_eq!(table.repeat("s1", 2, again), "not holder");
}

#[test]
fn an_upgrade_ends_also_with_a_hold_that_lingers_for_its_minimum() {
    let mut table = Table::with(["s1", "s2"]);
    table.acquire("s1", shared("x").min_hold(1_000));
    table.acquire("s2", shared("x"));
    table.upgrade("s1", "x", Wait::Forever);
    table.release("s1", "x");
    assert_eq!(table.waiters("x"), "");
    table.release("s2", "x");
    assert!(table.view("x").holders[0].lingers);
}

#[test]
fn an_upgrade_needs_a_living_shared_hold_of_the_same_session() {
    let mut table = Table::with(["s1", "s2"]);
    table.acquire("s1", permits("p", 1, 2));
    assert_eq!(table.upgrade("s1", "p", Wait::Try), "invalid: permits cannot be upgraded");
    table.acquire("s1", "x");
    assert_eq!(table.upgrade("s1", "x", Wait::Try), "already held x #2");
    table.acquire("s1", shared("y"));
    let upgrade = Action::Upgrade { hold: table.hold("s1", "y"), key: Key(0), wait: Wait::Try };
    let refused = "invalid: the hold is of another session";
    assert_eq!(table.request("s2", upgrade.clone()), refused);
    table.release("s1", "y");
    assert_eq!(table.request("s1", upgrade), "not holder since 0: released");
}

#[test]
fn a_re_entered_hold_is_not_upgraded() {
    let mut table = Table::with(["s1"]);
    table.acquire("s1", shared("x"));
    table.acquire("s1", shared("x").reenter());
    let refused = "invalid: a hold with re-entries cannot be upgraded";
    assert_eq!(table.upgrade("s1", "x", Wait::Try), refused);
    table.release("s1", "x");
    assert_eq!(table.upgrade("s1", "x", Wait::Try), "granted x #2");
}

#[test]
fn a_hold_may_go_down_and_up_again() {
    let mut table = Table::with(["s1", "s2"]);
    table.acquire("s1", "x");
    let first = table.hold("s1", "x");
    table.downgrade("s1", "x");
    assert_eq!(table.upgrade("s1", "x", Wait::Try), "granted x #2");
    assert_eq!(table.by_hold(first, HoldAction::Release), "not holder since 0: upgraded");
    assert_eq!(table.try_acquire("s2", shared("x")), "busy x by s1 #2, place 1");
}

#[test]
fn a_hold_is_not_re_entered_while_its_upgrade_waits() {
    let mut table = Table::with(["s1", "s2"]);
    table.acquire("s1", shared("x"));
    table.acquire("s2", shared("x"));
    table.upgrade("s1", "x", Wait::Forever);
    assert_eq!(table.acquire("s1", shared("x").reenter()), "already held x #1");
}
