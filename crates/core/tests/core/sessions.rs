use bramah_core::{Command, HoldAction, Key, OnDisconnect, SessionHandle, SessionId, Ttl};

use crate::ask::exclusive;
use crate::table::Table;

#[test]
fn a_session_lives_for_its_ttl() {
    let mut table = Table::new();
    assert_eq!(table.open("s1"), "open until 10000");
    table.at(9_999).news();
    assert_eq!(table.state.sizes().sessions, 1);
    assert_eq!(table.at(10_000).news(), ["s1 ended: expired, renewed at 0"]);
    assert_eq!(table.state.sizes().sessions, 0);
}

#[test]
fn a_renewal_sets_the_remaining_life_and_never_adds_to_it() {
    let mut table = Table::with(["s1"]);
    assert_eq!(table.at(4_000).renew("s1"), "renewed until 14000");
    assert_eq!(table.renew("s1"), "renewed until 14000");
    assert_eq!(table.renew("s1"), "renewed until 14000");
    assert_eq!(table.at(14_000).renew("s1"), "session ended at 14000: expired, renewed at 4000");
}

#[test]
fn one_renewal_renews_many_sessions_and_reports_those_that_ended() {
    let mut table = Table::with(["s1", "s2", "s3"]);
    table.close("s2");
    let all = ["s1", "s2", "s3"].map(|session| table.handle(session));
    let text = table.at(100).apply(Command::Renew(all.to_vec()));
    assert_eq!(
        text,
        "renewed until 10100, session ended at 0: session closed, renewed until 10100"
    );
}

#[test]
fn a_session_is_acted_in_only_by_who_knows_its_key() {
    let mut table = Table::with(["s1"]);
    let forged = SessionHandle { key: Key(999), ..table.handle("s1") };
    assert_eq!(table.apply(Command::Renew(vec![forged])), "session unknown");
    assert!(table.state.session_grants(forged).is_err());
    table.close("s1");
    assert_eq!(table.apply(Command::Renew(vec![forged])), "session unknown");
    let never = SessionHandle { id: SessionId(77), key: Key(1) };
    assert_eq!(table.apply(Command::Renew(vec![never])), "session unknown");
}

#[test]
fn closing_a_session_releases_its_holds_and_removes_its_waits() {
    let mut table = Table::with(["s1", "s2", "s3"]);
    table.acquire("s1", "a");
    table.acquire("s1", "b");
    table.acquire("s2", "a");
    table.acquire("s3", "c");
    table.acquire("s1", "c");
    table.news();
    assert_eq!(table.close("s1"), "closed, 2 released");
    assert_eq!(
        table.news(),
        [
            "s1 waits no more for c: session ended",
            "s1 has a #1 no more: session closed",
            "s1 has b #2 no more: session closed",
            "s1 ended: session closed",
            "s2 is granted at last a #4",
        ]
    );
    assert_eq!((table.holders("a"), table.waiters("c")), ("s2".into(), String::new()));
    assert!(table.is_gone("b"));
    assert_eq!(table.close("s1"), "session ended at 0: session closed");
}

#[test]
fn a_session_that_ended_can_do_nothing_more() {
    let mut table = Table::with(["s1", "s2"]);
    table.acquire("s1", "x");
    let hold = table.hold("s1", "x");
    table.at(10_000);
    let ended = "session ended at 10000: expired, renewed at 0";
    assert_eq!(table.acquire("s1", "y"), ended);
    assert_eq!(table.acquire_many("s1", ["y", "z"]), ended);
    assert_eq!(table.act("s1", hold, HoldAction::Release), ended);
    assert_eq!(table.cancel("s1", 1), ended);
    assert_eq!(table.close("s1"), ended);
    assert_eq!(table.renew("s1"), ended);
    assert_eq!(
        table.by_hold(hold, HoldAction::Renew(None)),
        "not holder since 10000: expired, renewed at 0"
    );
}

#[test]
fn a_lost_connection_ends_a_session_that_asked_for_it() {
    let mut table = Table::new();
    table.open_with("s1", |open| open.on_disconnect = OnDisconnect::Release);
    table.open("s2");
    assert_eq!(table.state.on_disconnect(table.handle("s1")), Some(OnDisconnect::Release));
    assert_eq!(table.state.on_disconnect(table.handle("s2")), Some(OnDisconnect::Keep));
    table.acquire("s1", "x");
    table.acquire("s2", "x");
    table.news();
    assert_eq!(table.disconnect("s1"), "closed, 1 released");
    assert_eq!(table.state.on_disconnect(table.handle("s1")), None);
    assert_eq!(
        table.news(),
        [
            "s1 has x #1 no more: disconnected",
            "s1 ended: disconnected",
            "s2 is granted at last x #2"
        ]
    );
}

#[test]
fn renewing_a_hold_renews_its_session_with_all_its_holds() {
    let mut table = Table::with(["s1"]);
    table.acquire("s1", "x");
    table.acquire("s1", "y");
    let hold = table.hold("s1", "x");
    assert_eq!(table.at(5_000).by_hold(hold, HoldAction::Renew(None)), "renewed x #1 until 15000");
    assert_eq!(table.at(14_999).holders("y"), "s1");
    assert_eq!(table.at(15_000).holders("y"), "");
}

#[test]
fn renewing_a_hold_may_make_its_ttl_longer_and_never_shorter() {
    let mut table = Table::with(["s1"]);
    table.acquire("s1", "x");
    let hold = table.hold("s1", "x");
    let renew = |ms| HoldAction::Renew(Some(Ttl::from_ms(ms).unwrap()));
    assert_eq!(table.act("s1", hold, renew(60_000)), "renewed x #1 until 60000");
    assert_eq!(table.act("s1", hold, renew(60_000)), "renewed x #1 until 60000");
    // The client of the session goes on counting with what it was told.
    let refused = table.at(20_000).by_hold(hold, renew(59_999));
    assert!(refused.starts_with("invalid: a TTL can be made longer"), "{refused}");
    assert_eq!(table.at(59_999).holders("x"), "s1");
    assert_eq!(table.at(60_000).holders("x"), "");
}

#[test]
fn session_numbers_and_tokens_start_at_the_epoch() {
    let mut table = Table::new();
    table.state = bramah_core::State::new(3);
    table.open("s1");
    assert_eq!(table.handle("s1").id, SessionId((3 << 48) + 1));
    assert_eq!(table.acquire("s1", exclusive("x")), format!("granted x #{}", (3_u64 << 48) + 1));
}
