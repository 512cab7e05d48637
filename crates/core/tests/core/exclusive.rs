use bramah_core::{HoldAction, HoldId, Key, Outcome, Time};

use crate::ask::{exclusive, shared};
use crate::table::Table;

#[test]
fn a_free_lock_is_granted_at_once() {
    let mut table = Table::with(["s1"]);
    assert_eq!(table.at(7).acquire("s1", "x"), "granted x #1");
    let Outcome::Granted(grants) = &table.outcome else { panic!("granted") };
    assert_eq!(grants[0].granted_at, Time(7));
    assert_eq!(grants[0].deadline, Time(10_000));
    assert_eq!(grants[0].ttl.as_ms(), 10_000);
    assert_eq!((grants[0].count, grants[0].max_hold_deadline), (1, None));
    assert_eq!(table.news(), ["s1 is granted x #1"]);
}

#[test]
fn a_held_lock_is_busy_and_names_its_holder() {
    let mut table = Table::with(["s1", "s2", "s3"]);
    table.at(5).acquire("s1", "x");
    table.acquire("s2", "x");
    table.news();
    assert_eq!(table.at(9).try_acquire("s3", "x"), "busy x by s1 #1, place 2");
    let Outcome::Busy(busy) = &table.outcome else { panic!("busy") };
    let holder = busy.holder.as_ref().unwrap();
    assert_eq!((holder.owner.host.as_str(), holder.granted_at), ("s1", Time(5)));
    assert_eq!((holder.deadline, busy.now), (Time(10_000), Time(9)));
    assert_eq!((busy.holders, busy.waiters), (1, 1));
    assert!(table.news().is_empty());
}

#[test]
fn a_try_on_a_busy_lock_leaves_nothing_behind() {
    let mut table = Table::with(["s1", "s2"]);
    table.acquire("s1", "x");
    table.try_acquire("s2", "x");
    table.release("s1", "x");
    assert!(table.is_gone("x"));
    assert_eq!(table.state.sizes().waiters, 0);
}

#[test]
fn a_release_hands_over_in_the_same_command() {
    let mut table = Table::with(["s1", "s2"]);
    table.acquire("s1", "x");
    assert_eq!(table.acquire("s2", "x"), "queued 1 of 1");
    table.news();
    assert_eq!(table.release("s1", "x"), "released");
    assert_eq!(table.news(), ["s1 has x #1 no more: released", "s2 is granted at last x #2"]);
}

#[test]
fn a_second_release_is_told_when_the_first_was() {
    let mut table = Table::with(["s1"]);
    table.acquire("s1", "x");
    let hold = table.hold("s1", "x");
    table.at(3).by_hold(hold, HoldAction::Release);
    assert_eq!(table.at(8).by_hold(hold, HoldAction::Release), "not holder since 3: released");
}

#[test]
fn only_the_hold_id_releases() {
    let mut table = Table::with(["s1", "s2"]);
    table.acquire("s1", "x");
    let hold = table.hold("s1", "x");
    let forged = HoldId { key: Key(hold.key.0 + 1), ..hold };
    assert_eq!(table.by_hold(forged, HoldAction::Release), "not holder");
    assert_eq!(table.act("s2", forged, HoldAction::Release), "not holder");
    assert_eq!(table.holders("x"), "s1");
    assert_eq!(table.by_hold(hold, HoldAction::Release), "released");
}

#[test]
fn who_holds_already_is_told_so_and_does_not_wait_for_itself() {
    let mut table = Table::with(["s1"]);
    table.acquire("s1", "x");
    assert_eq!(table.acquire("s1", "x"), "already held x #1");
    assert_eq!(table.acquire("s1", shared("x")), "already held x #1");
    assert_eq!(table.acquire("s1", exclusive("x").reenter()), "granted x #1 x2");
}

#[test]
fn a_hold_that_was_re_entered_is_released_as_often() {
    let mut table = Table::with(["s1", "s2"]);
    table.acquire("s1", exclusive("x").reenter());
    table.acquire("s1", exclusive("x").reenter());
    table.acquire("s1", exclusive("x").reenter());
    table.acquire("s2", "x");
    assert_eq!(table.release("s1", "x"), "released, 2 left");
    assert_eq!(table.release("s1", "x"), "released, 1 left");
    assert_eq!(table.holders("x"), "s1");
    assert_eq!(table.release("s1", "x"), "released");
    assert_eq!(table.holders("x"), "s2");
}

#[test]
fn re_entry_in_another_mode_is_not_counted() {
    let mut table = Table::with(["s1"]);
    table.acquire("s1", "x");
    assert_eq!(table.acquire("s1", shared("x").reenter()), "already held x #1");
    assert_eq!(table.release("s1", "x"), "released");
}

#[test]
fn the_users_of_one_session_queue_as_strangers_do() {
    let mut table = Table::with(["s1"]);
    assert_eq!(table.acquire("s1", exclusive("x").many_users()), "granted x #1");
    assert_eq!(table.acquire("s1", exclusive("x").many_users()), "queued 1 of 1");
    table.release("s1", "x");
    assert_eq!(table.hold("s1", "x").token.0, 2);
}

#[test]
fn a_hold_found_among_many_of_its_session_is_found_all_the_same() {
    let mut table = Table::with(["s1", "s2", "s3"]);
    table.acquire("s1", shared("y"));
    table.acquire("s2", shared("x"));
    table.acquire("s3", shared("x"));
    table.acquire("s1", shared("x"));
    assert_eq!(table.acquire("s1", shared("x")), "already held x #4");
    assert_eq!(table.acquire("s1", shared("y")), "already held y #1");
}
