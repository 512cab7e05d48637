//! Locks on Redis.

use bramah_core::{HoldAction, HoldId, Key, Time, Ttl, Wait};

use crate::ask::{exclusive, many, shared};
use crate::table::Table;

/// Extending added to the time that was left, and locks lived far into the future.
#[test]
fn redis_py_629_a_renewal_sets_the_time_left_and_does_not_add_to_it() {
    let mut table = Table::with(["s1"]);
    table.acquire("s1", "x");
    let hold = table.hold("s1", "x");
    for _ in 0..100 {
        assert_eq!(table.by_hold(hold, HoldAction::Renew(None)), "renewed x #1 until 10000");
    }
    assert_eq!(table.at(10_000).holders("x"), "");
}

/// Extending a lock of no time to live deleted the lock, and said that it was extended.
#[test]
fn redis_py_4279_there_is_no_ttl_of_nothing() {
    assert!(bramah_core::Ttl::from_ms(0).is_err());
    let mut table = Table::with(["s1"]);
    table.acquire("s1", "x");
    let hold = table.hold("s1", "x");
    table.by_hold(hold, HoldAction::Renew(None));
    assert_eq!(table.holders("x"), "s1");
}

/// Two threads of control took two keys in opposite orders.
#[test]
fn redsync_30_locks_taken_in_opposite_orders_are_refused_or_taken_at_once() {
    let mut table = Table::with(["s1", "s2"]);
    table.acquire("s1", "a");
    table.acquire("s2", "b");
    table.acquire("s1", "b");
    assert_eq!(table.acquire("s2", "a"), "deadlock: s2 for a s1 for b");
    let mut table = Table::with(["s1", "s2"]);
    assert_eq!(table.acquire_many("s1", ["a", "b"]), "granted a #1 and b #2");
    assert_eq!(table.acquire_many("s2", ["b", "a"]), "queued 1 of 1");
}

/// redislock: a token that was a prefix of the holder's took the lock away.
#[test]
fn redislock_token_prefix_a_hold_id_is_compared_whole() {
    let mut table = Table::with(["s1"]);
    table.acquire("s1", "x");
    let hold = table.hold("s1", "x");
    let bits = (0..64).map(|bit| HoldId { key: Key(hold.key.0 ^ (1 << bit)), ..hold });
    let halves = [HoldId { key: Key(hold.key.0 & 0xffff_ffff_0000_0000), ..hold }];
    for forged in bits.chain(halves) {
        assert_eq!(table.by_hold(forged, HoldAction::Release), "not holder");
    }
    let short = hold.to_string();
    assert!(short[..short.len() - 1].parse::<HoldId>().is_err());
    assert_eq!(table.holders("x"), "s1");
}

/// redisson: a client that lost its subscription slept until the holder's lease was over.
#[test]
fn redisson_763_a_waiter_that_missed_the_news_finds_its_grant_by_asking_again() {
    let mut table = Table::with(["s1", "s2"]);
    table.acquire("s1", "x");
    let ask = table.asking("x");
    table.repeat("s2", 1, ask.clone());
    table.release("s1", "x");
    table.events();
    assert_eq!(table.repeat("s2", 1, ask), "granted x #2");
    assert_eq!(table.state.session_grants(table.handle("s2")).unwrap().holds.len(), 1);
}

/// A renewal that raced the unlock kept a lock for ever that nobody had.
#[test]
fn redisson_7272_a_renewal_does_not_bring_back_a_hold_that_was_released() {
    let mut table = Table::with(["s1", "s2"]);
    table.acquire("s1", "x");
    let hold = table.hold("s1", "x");
    table.release("s1", "x");
    assert_eq!(table.by_hold(hold, HoldAction::Renew(None)), "not holder since 0: released");
    table.renew("s1");
    assert_eq!(table.acquire("s2", "x"), "granted x #2");
}

/// The watchdog outlived the thread that held, and everybody else waited for ever.
#[test]
fn redisson_1626_a_maximum_hold_ends_what_is_renewed_without_end() {
    let mut table = Table::with(["s1", "s2"]);
    table.acquire("s1", exclusive("x").max_hold(30_000));
    table.acquire("s2", "x");
    for ms in (0..30_000).step_by(5_000) {
        table.at(ms).renew("s1");
        table.renew("s2");
        assert_eq!(table.holders("x"), "s1", "at {ms}");
    }
    assert_eq!(table.at(30_000).holders("x"), "s2");
}

/// After an expiry, what was acquired again was never renewed.
#[test]
fn redisson_3712_a_lock_taken_again_after_an_expiry_lives_as_long_as_any() {
    let mut table = Table::with(["s1"]);
    table.acquire("s1", "x");
    table.at(10_000);
    table.open("s1");
    table.acquire("s1", "x");
    for ms in (10_000..100_000).step_by(9_999) {
        table.at(ms).renew("s1");
        assert_eq!(table.holders("x"), "s1", "at {ms}");
    }
}

/// In the fair queue every dead waiter cost the others five seconds.
#[test]
fn redisson_1104_dead_waiters_cost_the_living_no_time() {
    let mut table = Table::with(["s1"]);
    table.acquire("s1", "x");
    for n in 0..10 {
        let dead = format!("dead{n}");
        table.open(&dead);
        table.acquire(&dead, "x");
    }
    table.at(5_000).open("s2");
    table.acquire("s2", "x");
    table.renew("s1");
    // All that never renewed are gone at once; the next release reaches the one that lives.
    assert_eq!(table.at(10_000).waiters("x"), "s2");
    table.release("s1", "x");
    assert_eq!(table.view("x").holders[0].granted_at, Time(10_000));
}

/// In the fair queue nobody was next after a waiter that had given up.
#[test]
fn redisson_2099_a_waiter_that_gives_up_lets_the_next_one_through() {
    let mut table = Table::with(["s1", "s2", "s3"]);
    table.acquire("s1", shared("x"));
    table.acquire("s2", exclusive("x").for_ms(100));
    table.acquire("s3", shared("x"));
    assert_eq!(table.at(100).holders("x"), "s1 s3");
    table.acquire("s2", "x");
    let seq = table.seq("s2");
    table.open("s4");
    table.acquire("s4", shared("x"));
    table.cancel("s2", seq);
    assert_eq!(table.holders("x"), "s1 s3 s4");
}

/// One process acquires, another releases.
#[test]
fn redis_py_656_whoever_can_name_the_hold_id_may_release() {
    let mut table = Table::with(["s1", "s2"]);
    table.acquire("s1", "x");
    let text = table.hold("s1", "x").to_string();
    let told = text.parse::<HoldId>().unwrap();
    assert_eq!(table.act("s2", told, HoldAction::Release), "released");
}

/// Two keys in one script, and only one of them taken.
#[test]
fn redsync_30_many_are_taken_all_or_none() {
    let mut table = Table::with(["s1", "s2"]);
    table.acquire("s1", "b");
    assert_eq!(
        table.acquire_many("s2", many(["a", "b"].map(exclusive)).wait(Wait::Try)),
        "busy b by s1 #1, place 1"
    );
    assert!(table.is_gone("a"));
}

/// A clock that jumped made every lock expire at once.
#[test]
fn redis_416_a_time_before_the_last_ends_nothing_and_is_not_taken_over() {
    let mut table = Table::with(["s1"]);
    table.at(5_000).renew("s1");
    table.acquire("s1", "x");
    table.at(1_000);
    assert_eq!((table.state.now(), table.holders("x")), (Time(5_000), "s1".into()));
    assert_eq!(table.at(14_999).holders("x"), "s1");
}

/// Less than a millisecond became a time to live of none: taken, and gone.
#[test]
fn redislock_ttl_truncated_a_ttl_that_is_too_short_is_no_ttl() {
    for ms in 0..500 {
        assert!(Ttl::from_ms(ms).is_err(), "{ms}");
    }
}
