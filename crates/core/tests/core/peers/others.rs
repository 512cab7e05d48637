//! Databases, file systems, schedulers and other users of locks.

use bramah_core::{Outcome, Time, Ttl};

use crate::ask::{exclusive, shared};
use crate::table::Table;

/// A lost reply to the first set let two clients think that they held the lock.
#[test]
fn libkv_186_a_repeated_acquire_with_a_lost_reply_is_one_grant() {
    let mut table = Table::with(["s1", "s2"]);
    let ask = table.asking("x");
    table.repeat("s1", 1, ask.clone());
    table.acquire("s2", "x");
    assert_eq!(table.repeat("s1", 1, ask), "granted x #1");
    assert_eq!((table.holders("x"), table.waiters("x")), ("s1".into(), "s2".into()));
}

/// One busy job blocked others that did not need the same resource.
#[test]
fn lockable_resources_88_waiting_for_one_lock_does_not_block_another() {
    let mut table = Table::with(["s1", "s2", "s3"]);
    table.acquire("s1", "a");
    table.acquire("s2", "a");
    assert_eq!(table.acquire("s3", "b"), "granted b #2");
}

/// The session's holder is asked for in an issue that has been open for years.
#[test]
fn hazelcast_1055_the_holder_can_be_seen() {
    let mut table = Table::with(["s1"]);
    table.acquire("s1", "x");
    assert_eq!(table.view("x").holders[0].owner.host, "s1");
}

/// Without a lease, the key of a process that had crashed stayed for ever.
#[test]
fn vault_2526_nobody_holds_without_a_session_that_ends() {
    let mut table = Table::with(["s1"]);
    table.acquire("s1", "x");
    table.acquire_many("s1", ["y", "z"]);
    assert_eq!(table.state.next_due(), Some(Time(10_000)));
    table.at(10_000);
    assert_eq!((table.state.sizes().locks, table.state.next_due()), (0, None));
}

/// A stuck lock could be neither found nor freed without the id that nobody had printed.
#[test]
fn terraform_28710_an_operator_finds_and_frees_a_lock_by_its_name() {
    let mut table = Table::with(["s1", "s2"]);
    table.acquire("s1", "state/prod");
    table.acquire("s2", "state/prod");
    let views: Vec<_> = table.state.lock_views("state/", None, 0).collect();
    assert_eq!((views.len(), views[0].holders[0].owner.host.as_str()), (1, "s1"));
    assert_eq!(table.revoke("state/prod"), "revoked #1");
    assert_eq!(table.holders("state/prod"), "s2");
}

/// Locks did not time out as advertised.
#[test]
fn terragrunt_371_a_lock_ends_when_its_holder_was_told_that_it_would() {
    let mut table = Table::with(["s1"]);
    table.at(3).acquire("s1", exclusive("x").max_hold(700));
    let Outcome::Granted(grants) = &table.outcome else { panic!("{:?}", table.outcome) };
    let deadline = grants[0].deadline.0;
    assert_eq!((deadline, table.at(deadline - 1).holders("x").as_str()), (703, "s1"));
    assert_eq!(table.at(deadline).holders("x"), "");
}

/// Stale locks stayed, and operators had to ask for a list by age.
#[test]
fn minio_2898_a_listing_tells_how_old_a_hold_is_and_one_hold_can_be_cleared() {
    let mut table = Table::with(["s1", "s2"]);
    table.at(100).acquire("s1", shared("x"));
    table.at(200).acquire("s2", shared("x"));
    let ages: Vec<_> = table.view("x").holders.iter().map(|holder| holder.granted_at.0).collect();
    assert_eq!(ages, [100, 200]);
    assert_eq!(table.revoke_hold("x", 1), "revoked #1");
    assert_eq!(table.holders("x"), "s2");
}

/// The holder and the member that knew it restarted, and the lock was nobody's for ever.
#[test]
fn hazelcast_15405_a_hold_that_comes_from_a_snapshot_ends_like_any_other() {
    let mut table = Table::with(["s1", "s2"]);
    table.acquire("s1", exclusive("x").max_hold(60_000));
    table.acquire("s2", "x");
    table.at(9_000).renew("s2");
    table.reload();
    assert_eq!(table.at(10_000).holders("x"), "s2");
}

/// The length of a lease was taken from the asker's settings, not from the holder's record.
#[test]
fn kubernetes_114872_a_lease_is_as_long_as_its_holder_said_whoever_asks() {
    let mut table = Table::new();
    table.open_with("long", |open| open.ttl = Ttl::from_ms(60_000).unwrap());
    table.open_with("short", |open| open.ttl = Ttl::from_ms(500).unwrap());
    table.acquire("long", "x");
    table.acquire("short", "x");
    table.at(500).open_with("short", |open| open.ttl = Ttl::from_ms(500).unwrap());
    table.acquire("short", "x");
    assert_eq!(table.view("x").holders[0].deadline, Time(60_000));
    assert_eq!(table.at(59_999).holders("x"), "long");
}

/// The holder's identity did not rise, so that nothing could tell a late write from a new one.
#[test]
fn dynamodb_lock_client_1_every_grant_has_a_token_above_all_before() {
    let mut table = Table::with(["s1", "s2"]);
    let mut last = 0;
    for turn in 0..6 {
        let (session, name) = [("s1", "x"), ("s2", "y")][turn % 2];
        table.acquire(session, name);
        let token = table.hold(session, name).token.0;
        assert!(token > last, "{token} after {last}");
        last = token;
        match turn {
            0 | 3 => drop(table.revoke(name)),
            _ => drop(table.release(session, name)),
        }
        table.reload();
    }
}

/// How long to hold at most could not be guessed before the work began.
#[test]
fn shedlock_9_a_hold_lasts_as_long_as_its_session_is_renewed() {
    let mut table = Table::with(["s1"]);
    table.acquire("s1", "x");
    for ms in (0..1_000_000).step_by(9_999) {
        table.at(ms).renew("s1");
    }
    assert_eq!(table.holders("x"), "s1");
}

/// The order of priorities was the wrong way round.
#[test]
fn lockable_resources_560_the_higher_priority_is_granted_first() {
    let mut table = Table::with(["s1", "low", "high", "usual"]);
    table.acquire("s1", "x");
    table.acquire("low", exclusive("x").priority(-1));
    table.acquire("usual", "x");
    table.acquire("high", exclusive("x").priority(1));
    assert_eq!(table.waiters("x"), "high usual low");
}

/// An acquire was dropped as it was granted, and the lock stayed taken by nobody.
#[test]
fn sqlx_4198_a_cancel_that_comes_after_the_grant_gives_it_back() {
    let mut table = Table::with(["s1", "s2"]);
    table.acquire("s1", "x");
    table.acquire("s2", "x");
    table.release("s1", "x");
    assert_eq!(table.cancel("s2", 1), "cancelled and released");
    assert!(table.is_gone("x"));
}

/// Waiters that had given up were counted for ever, until nobody was let in.
#[test]
fn rustfs_2795_who_gave_up_is_not_counted_as_waiting() {
    let mut table = Table::with(["s1", "s2"]);
    table.acquire("s1", "x");
    for _ in 0..100 {
        assert_eq!(table.acquire("s2", exclusive("x").max_waiters(1)), "queued 1 of 1");
        let seq = table.seq("s2");
        table.cancel("s2", seq);
    }
    assert_eq!(table.state.sizes().waiters, 0);
}
