use bramah_core::limits::{HISTORY_LEN_MAX, SESSION_ENDED_SHOWN_MAX};
use bramah_core::{EndReason, Time};

use crate::ask::{exclusive, permits, shared};
use crate::table::{Table, lock_name};

#[test]
fn ended_holds_are_remembered_newest_first_with_their_reason() {
    let mut table = Table::with(["s1"]);
    table.acquire("s1", shared("x"));
    table.at(5).release("s1", "x");
    table.acquire("s1", "y");
    table.at(9).revoke("y");
    let ended: Vec<_> = table.state.ended(None).cloned().collect();
    assert_eq!((ended[0].name.as_str(), ended[0].ended_at), ("y", Time(9)));
    assert_eq!(ended[0].reason, EndReason::Revoked { by: "ops".into() });
    assert_eq!((ended[1].token.0, ended[1].granted_at, ended[1].ended_at), (1, Time(0), Time(5)));
    assert_eq!(ended[1].owner.host, "s1");
    let name = lock_name("x");
    assert_eq!(table.state.ended(Some(&name)).count(), 1);
}

#[test]
fn a_session_is_told_what_it_holds_no_more_and_not_what_others_do_not() {
    let mut table = Table::with(["s1", "s2"]);
    for name in ["a", "b", "c", "d"] {
        table.acquire("s1", name);
    }
    table.acquire("s2", "e");
    table.at(1).release("s1", "a");
    table.at(2).revoke("b");
    table.at(3).revoke("e");
    let told = |table: &Table, session: &str| {
        let grants = table.state.session_grants(table.handle(session)).expect("it is open");
        let held: Vec<_> = grants.holds.iter().map(|grant| grant.name.to_string()).collect();
        let ended = grants.ended.iter().map(|ended| (ended.name.to_string(), ended.ended_at.0));
        (held, ended.collect::<Vec<_>>())
    };
    let expected = vec![("b".to_owned(), 2), ("a".to_owned(), 1)];
    assert_eq!(told(&table, "s1"), (vec!["c".to_owned(), "d".to_owned()], expected));
    assert_eq!(told(&table, "s2"), (vec![], vec![("e".to_owned(), 3)]));
    // What ends with its session has nobody to be told.
    let id = table.handle("s1").id;
    table.close("s1");
    let last: Vec<_> = table.state.ended_of_session(id).map(|ended| ended.ended_at.0).collect();
    assert_eq!(last, [2, 1]);
}

#[test]
fn a_session_is_told_of_its_last_ends_and_of_no_forgotten_one() {
    let mut table = Table::large();
    table.open("s1");
    for at in 0..=SESSION_ENDED_SHOWN_MAX as u64 {
        table.acquire("s1", "x");
        table.release("s1", "x");
        let id = table.handle("s1").id;
        let newest = table.state.ended_of_session(id).next().expect("it ended").token;
        assert_eq!(newest.0, at + 1);
    }
    let id = table.handle("s1").id;
    let tokens: Vec<_> = table.state.ended_of_session(id).map(|ended| ended.token.0).collect();
    assert_eq!(tokens.len(), SESSION_ENDED_SHOWN_MAX);
    assert!(tokens.is_sorted_by(|a, b| a > b) && tokens.last() == Some(&2), "{tokens:?}");
    for n in 0..HISTORY_LEN_MAX {
        let other = format!("s{}", 2 + n / 1_000);
        if n % 1_000 == 0 {
            table.open(&other);
        }
        table.acquire(&other, "y");
        table.release(&other, "y");
    }
    assert_eq!(table.state.ended_of_session(id).count(), 0);
}

#[test]
fn an_expiry_remembers_the_last_renewal() {
    let mut table = Table::with(["s1"]);
    table.acquire("s1", "x");
    table.at(4_000).renew("s1");
    table.at(14_000);
    let ended = table.state.ended(None).next().unwrap();
    assert_eq!(ended.reason, EndReason::Expired { renewed_at: Time(4_000) });
}

#[test]
fn a_token_is_verified_against_its_lock() {
    let mut table = Table::with(["s1", "s2"]);
    table.acquire("s1", "x");
    table.acquire("s2", "y");
    let verdict = table.verify("x", 1);
    assert!(verdict.held && verdict.ended.is_none());
    assert_eq!(verdict.newest.map(|token| token.0), Some(1));
    let verdict = table.verify("y", 1);
    assert!(!verdict.held && verdict.ended.is_none());
    assert_eq!(table.verify("z", 1).newest, None);
    table.release("s1", "x");
    let verdict = table.verify("x", 1);
    assert!(!verdict.held);
    assert_eq!(verdict.ended, Some(EndReason::Released));
    assert_eq!(table.verify("y", 1).ended, None);
}

#[test]
fn the_newest_token_is_the_highest_and_not_the_last_to_end() {
    let mut table = Table::with(["s1", "s2"]);
    table.acquire("s1", permits("p", 1, 2));
    table.acquire("s2", permits("p", 1, 2));
    table.release("s2", "p");
    assert_eq!(table.verify("p", 1).newest.map(|token| token.0), Some(2));
    table.release("s1", "p");
    assert_eq!(table.verify("p", 1).newest.map(|token| token.0), Some(2));
}

#[test]
fn a_token_ended_on_another_lock_is_not_told_as_ended_on_this_one() {
    let mut table = Table::with(["s1"]);
    table.acquire("s1", exclusive("x"));
    table.release("s1", "x");
    assert_eq!(table.revoke_hold("y", 1), "not holder");
}
