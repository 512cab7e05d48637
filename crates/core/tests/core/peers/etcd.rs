//! etcd, and what is built on it.

use bramah_core::{Action, HoldAction, Outcome, Time, Ttl};

use crate::table::{TTL_MS, Table};

/// The lock was reported as taken to a waiter whose own lease had expired while it waited.
#[test]
fn etcd_11456_a_waiter_whose_session_expired_is_never_granted() {
    let mut table = Table::with(["s1", "s2", "s3"]);
    let ask = table.asking("x");
    table.acquire("s1", "x");
    table.repeat("s2", 1, ask.clone());
    table.acquire("s3", "x");
    table.at(9_000).renew("s1");
    table.renew("s3");
    table.at(10_000);
    table.release("s1", "x");
    assert_eq!(table.holders("x"), "s3");
    assert_eq!(table.repeat("s2", 1, ask), "session ended at 10000: expired, renewed at 0");
}

/// A repeated unlock deleted a newer lock of the same session.
#[test]
fn etcd_22082_a_repeated_release_never_releases_a_newer_hold() {
    let mut table = Table::with(["s1"]);
    table.acquire("s1", "x");
    let old = table.hold("s1", "x");
    let release = Action::Hold(old, HoldAction::Release);
    table.repeat("s1", 10, release.clone());
    table.acquire("s1", "x");
    assert_eq!(table.repeat("s1", 10, release.clone()), "released");
    assert_eq!(table.request("s1", release), "not holder since 0: released");
    assert_eq!(table.by_hold(old, HoldAction::Release), "not holder since 0: released");
    assert_eq!(table.hold("s1", "x").token.0, 2);
}

/// The time to live began anew with every leader, so that a dead holder's lock never expired.
#[test]
fn etcd_9395_a_deadline_is_the_same_after_every_restore() {
    let mut table = Table::with(["s1", "s2"]);
    table.acquire("s1", "x");
    table.at(9_000).renew("s2");
    table.acquire("s2", "x");
    for ms in (9_000..10_000).step_by(100) {
        table.at(ms).reload();
    }
    assert_eq!(table.at(10_000).holders("x"), "s2");
}

/// A session was kept alive for whoever had gone away.
#[test]
fn etcd_17470_a_session_that_nobody_renews_ends() {
    let mut table = Table::with(["s1", "s2"]);
    table.acquire("s1", "x");
    table.at(9_000).renew("s2");
    // To be seen, waited for and written to by others renews nothing.
    table.acquire("s2", "x");
    table.view("x");
    assert_eq!(table.at(10_000).holders("x"), "s2");
}

/// A time to live under a second was not to be had.
#[test]
fn etcd_11746_half_a_second_is_a_ttl_and_exact() {
    let mut table = Table::new();
    table.open_with("s1", |open| open.ttl = Ttl::from_ms(500).unwrap());
    table.acquire("s1", "x");
    assert_eq!(table.at(499).holders("x"), "s1");
    assert_eq!(table.at(500).holders("x"), "");
}

/// What was left of a time to live was saved now and then, and a new leader took it for the whole.
#[test]
fn etcd_13294_a_longer_ttl_is_as_long_after_every_restore() {
    let mut table = Table::with(["s1"]);
    table.acquire("s1", "x");
    let hold = table.hold("s1", "x");
    table.at(4_000).by_hold(hold, HoldAction::Renew(Some(Ttl::from_ms(20_000).unwrap())));
    for ms in (4_000..24_000).step_by(500) {
        table.at(ms).reload();
        assert_eq!(table.holders("x"), "s1", "at {ms}");
    }
    assert_eq!(table.at(24_000).holders("x"), "");
}

/// Without a lease of its own, a lock had one that nobody knew of and nobody renewed.
#[test]
fn dotnet_etcd_321_every_grant_tells_the_ttl_it_lives_by() {
    let mut table = Table::with(["s1"]);
    table.acquire("s1", "x");
    let Outcome::Granted(grants) = &table.outcome else { panic!("{:?}", table.outcome) };
    assert_eq!((grants[0].ttl.as_ms(), grants[0].deadline), (TTL_MS, Time(TTL_MS)));
}
