use bramah_core::{Action, HoldAction, Key, RequestSeq, Wait};

use crate::ask::{exclusive, many, shared};
use crate::table::Table;

#[test]
fn a_repeated_acquire_is_granted_once() {
    let mut table = Table::with(["s1"]);
    let ask = table.asking("x");
    assert_eq!(table.repeat("s1", 1, ask.clone()), "granted x #1");
    table.news();
    assert_eq!(table.repeat("s1", 1, ask), "granted x #1");
    assert!(table.news().is_empty());
    assert_eq!(table.state.sizes().holds, 1);
}

#[test]
fn a_repeated_wait_keeps_its_place() {
    let mut table = Table::with(["s1", "s2", "s3", "s4"]);
    table.acquire("s1", "x");
    let ask = table.asking("x");
    table.repeat("s2", 1, ask.clone());
    table.acquire("s3", "x");
    table.news();
    assert_eq!(table.repeat("s2", 1, ask.clone()), "queued 1 of 2");
    assert!(table.news().is_empty());
    table.release("s1", "x");
    assert_eq!(table.repeat("s2", 1, ask), "granted x #2");
}

#[test]
fn a_repeated_refusal_is_the_first_one() {
    let mut table = Table::with(["s1", "s2"]);
    table.acquire("s1", "x");
    let ask = table.asking(exclusive("x").try_once());
    table.repeat("s2", 1, ask.clone());
    table.release("s1", "x");
    assert_eq!(table.repeat("s2", 1, ask.clone()), "busy x by s1 #1, place 1");
    assert_eq!(table.repeat("s2", 2, ask), "granted x #2");
}

#[test]
fn a_repeated_release_is_answered_and_does_nothing() {
    let mut table = Table::with(["s1"]);
    table.acquire("s1", "x");
    let release = Action::Hold(table.hold("s1", "x"), HoldAction::Release);
    table.repeat("s1", 2, release.clone());
    table.repeat("s1", 3, Action::Cancel { seq: RequestSeq(9) });
    let again = table.asking("x");
    table.repeat("s1", 4, again);
    assert_eq!(table.repeat("s1", 2, release), "released");
    assert_eq!(table.holders("x"), "s1");
}

#[test]
fn a_repeated_acquire_is_not_told_of_a_hold_that_ended() {
    let mut table = Table::with(["s1", "s2"]);
    let ask = table.asking("x");
    table.repeat("s1", 1, ask.clone());
    table.acquire("s2", "x");
    table.at(5).revoke("x");
    assert_eq!(table.repeat("s1", 1, ask.clone()), "not holder since 5: revoked by ops");
    assert_eq!(table.holders("x"), "s2");
    let mut table = Table::with(["s1"]);
    table.acquire("s1", "x");
    table.repeat("s1", 2, ask.clone());
    table.at(7).release("s1", "x");
    assert_eq!(table.repeat("s1", 2, ask), "not holder since 7: released");
}

#[test]
fn numbers_start_at_one_and_answers_are_acknowledged_up_to_the_request_at_most() {
    let mut table = Table::with(["s1"]);
    let ask = table.asking("x");
    let refused =
        "invalid: request numbers start at 1, and answered_below is at most the request's own";
    assert_eq!(table.repeat("s1", 0, ask.clone()), refused);
    let session = table.handle("s1");
    let mut with = |seq, below, action| {
        let (seq, answered_below) = (RequestSeq(seq), RequestSeq(below));
        let request = bramah_core::RequestRef { seq, answered_below };
        table.apply(bramah_core::Command::Request { session, request, action })
    };
    assert_eq!(with(3, 4, ask.clone()), refused);
    assert_eq!(with(3, 3, ask), "granted x #1");
}

#[test]
fn an_acknowledged_request_is_stale_and_never_done_again() {
    let mut table = Table::with(["s1"]);
    let ask = table.asking("x");
    table.repeat("s1", 1, ask.clone());
    table.release("s1", "x");
    table.acknowledge_below("s1", 5);
    let other = table.asking("y");
    table.repeat("s1", 5, other);
    table.acknowledge_below("s1", 0);
    assert_eq!(table.repeat("s1", 1, ask.clone()), "request stale");
    assert_eq!(table.repeat("s1", 4, ask), "request stale");
    assert_eq!(table.holders("x"), "");
}

#[test]
fn what_is_held_is_found_by_its_number_after_the_answer_was_acknowledged() {
    let mut table = Table::with(["s1", "s2"]);
    table.acquire("s1", "x");
    let ask = table.asking("x");
    table.repeat("s2", 1, ask.clone());
    table.acknowledge_below("s2", 2);
    let other = table.asking("y");
    table.repeat("s2", 2, other);
    table.acknowledge_below("s2", 0);
    assert_eq!(table.repeat("s2", 1, ask.clone()), "queued 1 of 1");
    table.release("s1", "x");
    assert_eq!(table.repeat("s2", 1, ask.clone()), "granted x #3");
    table.release("s2", "x");
    assert_eq!(table.repeat("s2", 1, ask), "request stale");
}

#[test]
fn a_part_of_several_does_not_pass_for_all_of_them_and_is_undone_by_their_number() {
    let mut table = Table::with(["s1", "s2"]);
    table.acquire("s1", "b");
    let asks = Action::AcquireMany(many(["a", "b"].map(exclusive)).with_key(Key(7)));
    table.repeat("s2", 1, asks.clone());
    table.acknowledge_below("s2", 2);
    let other = table.asking("y");
    table.repeat("s2", 2, other);
    table.acknowledge_below("s2", 0);
    table.release("s1", "b");
    assert_eq!(table.repeat("s2", 1, asks.clone()), "granted a #3 and b #4");
    table.revoke("a");
    assert_eq!(table.repeat("s2", 1, asks), "not holder");
    let cancel = Action::Cancel { seq: RequestSeq(1) };
    assert_eq!(table.repeat("s2", 3, cancel), "cancelled and released");
    assert!(table.is_gone("b"));
}

#[test]
fn a_cancel_before_the_acquire_arrives_prevents_it() {
    let mut table = Table::with(["s1"]);
    let ask = table.asking("x");
    assert_eq!(table.repeat("s1", 2, Action::Cancel { seq: RequestSeq(1) }), "cancelled");
    assert_eq!(table.repeat("s1", 1, ask), "request cancelled");
    assert!(table.is_gone("x"));
}

#[test]
fn a_cancel_after_the_grant_releases() {
    let mut table = Table::with(["s1", "s2"]);
    let ask = table.asking("x");
    table.repeat("s1", 1, ask.clone());
    table.acquire("s2", "x");
    table.news();
    let cancel = Action::Cancel { seq: RequestSeq(1) };
    assert_eq!(table.repeat("s1", 2, cancel.clone()), "cancelled and released");
    assert_eq!(table.news(), ["s1 has x #1 no more: cancelled", "s2 is granted at last x #2"]);
    assert_eq!(table.repeat("s1", 1, ask), "request cancelled");
    assert_eq!(table.repeat("s1", 2, cancel.clone()), "cancelled and released");
    assert_eq!(table.repeat("s1", 3, cancel), "cancelled");
    assert_eq!(table.holders("x"), "s2");
}

#[test]
fn a_cancel_of_an_acknowledged_grant_releases_it_too() {
    let mut table = Table::with(["s1"]);
    table.acquire("s1", "x");
    table.acknowledge_below("s1", 2);
    assert_eq!(table.cancel("s1", 1), "cancelled and released");
    assert!(table.is_gone("x"));
}

#[test]
fn a_cancel_undoes_one_re_entry_only() {
    let mut table = Table::with(["s1"]);
    table.acquire("s1", "x");
    table.acquire("s1", exclusive("x").reenter());
    assert_eq!(table.cancel("s1", 2), "cancelled and released");
    assert_eq!(table.holders("x"), "s1");
    assert_eq!(table.cancel("s1", 2), "cancelled");
    assert_eq!(table.release("s1", "x"), "released");
}

#[test]
fn a_cancel_of_a_hold_that_ended_releases_nothing() {
    let mut table = Table::with(["s1"]);
    table.acquire("s1", exclusive("x").min_hold(1_000));
    table.release("s1", "x");
    assert_eq!(table.cancel("s1", 1), "cancelled");
    assert!(table.view("x").holders[0].lingers);
}

#[test]
fn a_cancel_overrides_the_minimum_hold() {
    let mut table = Table::with(["s1"]);
    table.acquire("s1", exclusive("x").min_hold(1_000));
    assert_eq!(table.cancel("s1", 1), "cancelled and released");
    assert!(table.is_gone("x"));
}

#[test]
fn a_cancel_leaves_answers_of_other_requests_alone() {
    let mut table = Table::with(["s1"]);
    table.acquire("s1", "x");
    let release = Action::Hold(table.hold("s1", "x"), HoldAction::Release);
    table.request("s1", release.clone());
    assert_eq!(table.cancel("s1", 2), "cancelled");
    assert_eq!(table.repeat("s1", 2, release), "released");
}

#[test]
fn a_cancelled_upgrade_keeps_the_shared_hold() {
    let mut table = Table::with(["s1", "s2"]);
    table.acquire("s1", shared("x"));
    table.acquire("s2", shared("x"));
    table.upgrade("s1", "x", Wait::Forever);
    assert_eq!(table.cancel("s1", 2), "cancelled");
    assert_eq!((table.holders("x"), table.waiters("x")), ("s1 s2".into(), String::new()));
}

#[test]
fn a_cancelled_upgrade_that_was_granted_leaves_nothing() {
    let mut table = Table::with(["s1"]);
    table.acquire("s1", shared("x"));
    table.upgrade("s1", "x", Wait::Forever);
    assert_eq!(table.cancel("s1", 2), "cancelled and released");
    assert!(table.is_gone("x"));
}

#[test]
fn requests_may_overtake_each_other() {
    let mut table = Table::with(["s1"]);
    let (x, y) = (table.asking("x"), table.asking("y"));
    assert_eq!(table.repeat("s1", 7, y), "granted y #1");
    assert_eq!(table.repeat("s1", 3, x), "granted x #2");
}
