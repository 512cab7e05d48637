use bramah_core::HoldAction;

use crate::ask::{exclusive, permits, shared};
use crate::table::Table;

#[test]
fn a_lock_rests_after_its_holder_died() {
    let mut table = Table::with(["s1", "s2"]);
    table.acquire("s1", exclusive("x").lock_delay(3_000));
    table.acquire("s2", "x");
    table.at(9_000).renew("s2");
    table.news();
    assert_eq!(table.at(10_000).news().len(), 2);
    assert_eq!((table.holders("x"), table.waiters("x")), (String::new(), "s2".into()));
    assert_eq!(table.at(12_999).holders("x"), "");
    assert_eq!(table.at(13_000).holders("x"), "s2");
}

#[test]
fn a_lock_rests_after_a_lost_connection_and_after_its_maximum() {
    let mut table = Table::with(["s1", "s2"]);
    table.acquire("s1", exclusive("x").lock_delay(3_000));
    table.disconnect("s1");
    let busy = "busy x by nobody, place 1, rests until 3000";
    assert_eq!(table.try_acquire("s2", "x"), busy);
    table.acquire("s2", exclusive("y").max_hold(1_000).lock_delay(5_000));
    table.at(1_000);
    let busy = "busy y by nobody, place 1, rests until 6000";
    assert_eq!(table.try_acquire("s2", "y"), busy);
    assert!(table.at(6_000).is_gone("y"));
}

#[test]
fn a_lock_does_not_rest_after_a_clean_end() {
    let mut table = Table::with(["s1", "s2"]);
    table.acquire("s1", exclusive("x").lock_delay(3_000));
    table.release("s1", "x");
    assert_eq!(table.acquire("s1", exclusive("x").lock_delay(3_000)), "granted x #2");
    table.revoke("x");
    assert_eq!(table.acquire("s1", exclusive("x").lock_delay(3_000)), "granted x #3");
    table.close("s1");
    assert_eq!(table.acquire("s2", "x"), "granted x #4");
}

#[test]
fn the_longest_rest_counts() {
    let mut table = Table::with(["s1", "s2"]);
    table.acquire("s1", shared("x").lock_delay(3_000));
    table.acquire("s2", shared("x").lock_delay(1_000));
    table.disconnect("s1");
    table.at(100).disconnect("s2");
    assert_eq!(table.view("x").rests_until.map(|until| until.0), Some(3_000));
}

#[test]
fn nobody_joins_the_readers_of_a_lock_that_rests() {
    let mut table = Table::with(["s1", "s2", "s3"]);
    table.acquire("s1", shared("x").lock_delay(3_000));
    table.acquire("s2", shared("x"));
    table.disconnect("s1");
    assert_eq!(table.acquire("s3", shared("x")), "queued 1 of 1");
    assert_eq!(table.at(3_000).holders("x"), "s2 s3");
}

#[test]
fn an_early_release_takes_effect_when_the_minimum_is_over() {
    let mut table = Table::with(["s1", "s2"]);
    table.acquire("s1", exclusive("x").min_hold(1_000));
    table.acquire("s2", "x");
    let hold = table.hold("s1", "x");
    table.news();
    assert_eq!(table.at(300).release("s1", "x"), "released, free at 1000");
    assert!(table.news().is_empty());
    assert_eq!(table.by_hold(hold, HoldAction::Renew(None)), "not holder since 300: released");
    assert!(!table.verify("x", 1).held);
    assert!(table.view("x").holders[0].lingers);
    assert_eq!(table.at(999).holders("x"), "s1");
    assert_eq!(
        table.at(1_000).news(),
        ["s1 has x #1 no more: released", "s2 is granted at last x #2"]
    );
}

#[test]
fn a_release_at_or_after_the_minimum_takes_effect_at_once() {
    let mut table = Table::with(["s1"]);
    table.acquire("s1", exclusive("x").min_hold(1_000));
    assert_eq!(table.at(1_000).release("s1", "x"), "released");
    assert!(table.is_gone("x"));
}

#[test]
fn a_lingering_hold_is_no_longer_its_sessions() {
    let mut table = Table::with(["s1"]);
    table.acquire("s1", exclusive("x").min_hold(1_000));
    table.release("s1", "x");
    assert_eq!(table.acquire("s1", "x"), "queued 1 of 1");
    table.close("s1");
    assert_eq!(table.view("x").holders[0].owner.host, "s1");
    assert!(table.at(1_000).is_gone("x"));
}

#[test]
fn a_hold_lingers_when_its_session_dies_early_and_then_rests() {
    let mut table = Table::with(["s1", "s2"]);
    table.at(8_000).acquire("s1", exclusive("x").min_hold(5_000).lock_delay(1_000));
    table.renew("s2");
    table.at(10_000).news();
    assert_eq!(table.try_acquire("s2", "x"), "busy x by s1 #1, place 1");
    assert_eq!(table.at(13_000).news(), ["s1 has x #1 no more: expired, renewed at 0"]);
    assert_eq!(table.view("x").rests_until.map(|until| until.0), Some(14_000));
}

#[test]
fn a_hold_ends_at_its_maximum_however_often_it_is_renewed() {
    let mut table = Table::with(["s1"]);
    table.acquire("s1", exclusive("x").max_hold(15_000));
    let hold = table.hold("s1", "x");
    table.at(9_000).renew("s1");
    let renewed = table.by_hold(hold, HoldAction::Renew(None));
    assert_eq!(renewed, "renewed x #1 until 15000");
    assert_eq!(table.at(14_999).holders("x"), "s1");
    table.news();
    assert_eq!(table.at(15_000).news(), ["s1 has x #1 no more: max hold"]);
    assert_eq!(table.renew("s1"), "renewed until 25000");
}

#[test]
fn a_maximum_overrides_a_minimum_of_the_same_length() {
    let mut table = Table::with(["s1"]);
    table.acquire("s1", permits("x", 1, 2).min_hold(1_000).max_hold(1_000));
    assert!(table.at(1_000).is_gone("x"));
}

#[test]
fn a_minimum_longer_than_the_maximum_is_refused() {
    let mut table = Table::with(["s1"]);
    let refused = "invalid: the minimum hold is longer than the maximum hold";
    assert_eq!(table.acquire("s1", exclusive("x").min_hold(1_001).max_hold(1_000)), refused);
    assert_eq!(table.acquire("s1", exclusive("x").min_hold(1_001)), "granted x #1");
}

#[test]
fn re_entries_do_not_linger_before_the_last_release() {
    let mut table = Table::with(["s1"]);
    table.acquire("s1", exclusive("x").min_hold(1_000));
    table.acquire("s1", exclusive("x").reenter());
    assert_eq!(table.release("s1", "x"), "released, 1 left");
    assert_eq!(table.release("s1", "x"), "released, free at 1000");
}
