use bramah_core::HoldAction;

use crate::ask::{exclusive, permits, shared};
use crate::table::Table;

#[test]
fn a_revoked_lock_goes_to_the_next_in_line_and_the_holder_is_told_by_whom() {
    let mut table = Table::with(["s1", "s2"]);
    table.acquire("s1", "x");
    table.acquire("s2", "x");
    let hold = table.hold("s1", "x");
    table.news();
    assert_eq!(table.at(5).revoke("x"), "revoked #1");
    assert_eq!(table.news(), ["s1 has x #1 no more: revoked by ops", "s2 is granted at last x #2"]);
    assert_eq!(table.by_hold(hold, HoldAction::Release), "not holder since 5: revoked by ops");
    assert_eq!(table.renew("s1"), "renewed until 10005");
}

#[test]
fn all_holds_of_a_lock_or_one_of_them_are_revoked() {
    let mut table = Table::with(["s1", "s2", "s3"]);
    for session in ["s1", "s2", "s3"] {
        table.acquire(session, permits("p", 1, 3));
    }
    assert_eq!(table.revoke_hold("p", 2), "revoked #2");
    assert_eq!(table.holders("p"), "s1 s3");
    assert_eq!(table.revoke("p"), "revoked #1 #3");
    assert!(table.is_gone("p"));
}

#[test]
fn the_next_grant_may_wait_for_the_old_holders_deadline() {
    let mut table = Table::with(["s1", "s2"]);
    table.at(1_000).acquire("s1", "x");
    table.acquire("s2", "x");
    table.renew("s2");
    table.news();
    table.revoke_after_deadline("x");
    assert_eq!(table.news(), ["s1 has x #1 no more: revoked by ops"]);
    assert_eq!(table.view("x").rests_until.map(|until| until.0), Some(10_000));
    assert_eq!(table.at(9_999).holders("x"), "");
    assert_eq!(table.at(10_000).holders("x"), "s2");
}

#[test]
fn the_deadline_waited_for_is_the_earlier_of_session_and_max_hold() {
    let mut table = Table::with(["s1"]);
    table.acquire("s1", exclusive("x").max_hold(2_000));
    table.revoke_after_deadline("x");
    assert_eq!(table.view("x").rests_until.map(|until| until.0), Some(2_000));
    assert!(table.at(2_000).is_gone("x"));
}

#[test]
fn the_latest_deadline_of_several_holders_counts() {
    let mut table = Table::with(["s1"]);
    table.acquire("s1", shared("x"));
    table.at(500).open("s2");
    table.acquire("s2", shared("x"));
    table.open_with("s3", |open| open.ttl = bramah_core::Ttl::from_ms(600).unwrap());
    table.acquire("s3", shared("x"));
    table.revoke_after_deadline("x");
    assert_eq!(table.view("x").rests_until.map(|until| until.0), Some(10_500));
}

#[test]
fn revoking_what_nobody_holds_is_refused() {
    let mut table = Table::with(["s1"]);
    assert_eq!(table.revoke("x"), "not holder");
    table.acquire("s1", "x");
    table.at(4).release("s1", "x");
    assert_eq!(table.revoke_hold("x", 1), "not holder since 4: released");
    assert_eq!(table.revoke_hold("y", 1), "not holder");
    assert_eq!(table.revoke_hold("x", 9), "not holder");
}

#[test]
fn a_minimum_hold_does_not_bind_an_operator() {
    let mut table = Table::with(["s1", "s2"]);
    table.acquire("s1", exclusive("x").min_hold(5_000));
    table.acquire("s2", "x");
    assert_eq!(table.revoke("x"), "revoked #1");
    assert_eq!(table.holders("x"), "s2");
}

#[test]
fn an_operator_also_takes_a_hold_that_only_lingers() {
    let mut table = Table::with(["s1", "s2"]);
    table.acquire("s1", exclusive("x").min_hold(5_000));
    table.acquire("s2", "x");
    table.release("s1", "x");
    assert_eq!(table.revoke("x"), "revoked #1");
    assert_eq!(table.holders("x"), "s2");
}

#[test]
fn a_revocation_lets_a_waiting_upgrade_go() {
    let mut table = Table::with(["s1", "s2"]);
    table.acquire("s1", shared("x"));
    table.acquire("s2", shared("x"));
    table.upgrade("s1", "x", bramah_core::Wait::Forever);
    assert_eq!(table.revoke_hold("x", 1), "revoked #1");
    assert_eq!((table.holders("x"), table.waiters("x")), ("s2".into(), String::new()));
}
