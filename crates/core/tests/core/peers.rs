//! Bugs that users of other lock services met, as far as the table alone can have them. Each is
//! named after the thread that reports it.

use bramah_core::{Action, HoldAction, HoldId, Key, OnDisconnect, Outcome, Wait};

use crate::ask::{exclusive, permits, shared};
use crate::table::Table;

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

/// A wait that timed out was answered without an error, so that every waiter "had" the lock.
#[test]
fn vitess_8309_a_wait_that_times_out_is_not_a_grant() {
    let mut table = Table::with(["s1", "s2"]);
    table.acquire("s1", "x");
    let ask = table.asking(exclusive("x").for_ms(100));
    table.repeat("s2", 1, ask.clone());
    table.at(100);
    table.release("s1", "x");
    assert_eq!(table.repeat("s2", 1, ask), "timed out x by s1 #1, place 1");
    assert!(matches!(table.outcome, Outcome::WaitTimedOut(_)));
    assert!(table.is_gone("x"));
}

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

/// A reader watched a writer that had come after it, and both waited for ever.
#[test]
fn kazoo_649_a_reader_does_not_wait_for_a_later_writer() {
    let mut table = Table::with(["s1", "s2", "s3", "s4"]);
    table.acquire("s1", "x");
    table.acquire("s2", shared("x"));
    table.acquire("s3", "x");
    table.acquire("s4", shared("x"));
    table.release("s1", "x");
    assert_eq!(table.holders("x"), "s2");
    table.release("s2", "x");
    assert_eq!(table.holders("x"), "s3");
    table.release("s3", "x");
    assert_eq!(table.holders("x"), "s4");
}

/// A contender that gave up left its place behind, and the lock was dead for all.
#[test]
fn kazoo_412_a_waiter_that_gave_up_leaves_no_place_behind() {
    let mut table = Table::with(["s1", "s2", "s3"]);
    table.acquire("s1", "x");
    table.acquire("s2", exclusive("x").for_ms(10));
    table.acquire("s2", "x");
    table.acquire("s3", "x");
    table.cancel("s2", 2);
    table.at(10);
    table.release("s1", "x");
    assert_eq!(table.holders("x"), "s3");
    table.release("s3", "x");
    assert!(table.is_gone("x"));
}

/// Empty parents of locks stayed for ever.
#[test]
fn curator_29_a_name_that_nobody_uses_leaves_nothing() {
    let mut table = Table::with(["s1", "s2"]);
    for n in 0..50 {
        let name = format!("dir/{n}");
        table.acquire("s1", &*name);
        table.try_acquire("s2", &*name);
        table.release("s1", &name);
    }
    assert_eq!(table.state.sizes().locks, 0);
}

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

/// All waiters woke at each release.
#[test]
fn consul_7523_a_release_wakes_only_who_is_granted() {
    let mut table = Table::new();
    table.open("holder");
    table.acquire("holder", "x");
    for waiter in 0..20 {
        let waiter = format!("w{waiter}");
        table.open(&waiter);
        table.acquire(&waiter, "x");
    }
    table.news();
    table.release("holder", "x");
    assert_eq!(table.news(), ["holder has x #1 no more: released", "w0 is granted at last x #2"]);
}

/// A holder and its successor after an election were kept out by the rest of its own dead lock.
#[test]
fn consul_430_a_clean_release_starts_no_lock_delay() {
    let mut table = Table::with(["s1"]);
    table.acquire("s1", exclusive("x").lock_delay(15_000));
    table.release("s1", "x");
    assert_eq!(table.acquire("s1", exclusive("x").lock_delay(15_000)), "granted x #2");
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

/// lockgate: a shared lock that an exclusive waiter took over still let readers in.
#[test]
fn lockgate_1_exclusive_after_shared_is_exclusive() {
    let mut table = Table::with(["s1", "s2", "s3"]);
    table.acquire("s1", shared("x"));
    table.acquire("s2", "x");
    table.release("s1", "x");
    assert_eq!(table.holders("x"), "s2");
    assert_eq!(table.try_acquire("s3", shared("x")), "busy x by s2 #2, place 1");
    let mut table = Table::with(["s1", "s2", "s3"]);
    table.acquire("s1", shared("x"));
    table.upgrade("s1", "x", Wait::Forever);
    assert_eq!(table.try_acquire("s3", shared("x")), "busy x by s1 #2, place 1");
}

/// lockgate: readers shared one identity; one of them, releasing twice, freed the other's share.
#[test]
fn lockgate_2_a_reader_that_releases_twice_frees_nobody_else() {
    let mut table = Table::with(["s1", "s2", "s3"]);
    table.acquire("s1", shared("x"));
    table.acquire("s2", shared("x"));
    let hold = table.hold("s1", "x");
    table.by_hold(hold, HoldAction::Release);
    assert_eq!(table.by_hold(hold, HoldAction::Release), "not holder since 0: released");
    assert_eq!(table.try_acquire("s3", "x"), "busy x by s2 #2, place 1");
}

/// lockgate: to release a lock that was lost blocked for ever.
#[test]
fn lockgate_3_a_release_of_a_lost_hold_is_answered() {
    let mut table = Table::with(["s1"]);
    table.acquire("s1", "x");
    let hold = table.hold("s1", "x");
    table.at(10_000);
    let lost = "not holder since 10000: expired, renewed at 0";
    assert_eq!(table.by_hold(hold, HoldAction::Release), lost);
}

/// lockgate: an acquire that timed out said that it was acquired, and left an entry behind.
#[test]
fn lockgate_4_an_acquire_that_times_out_holds_nothing_and_leaves_nothing() {
    let mut table = Table::with(["s1", "s2"]);
    table.acquire("s1", "x");
    table.acquire("s2", exclusive("x").for_ms(10));
    table.at(10);
    assert_eq!(table.state.sizes().waiters, 0);
    table.release("s1", "x");
    assert!(table.is_gone("x"));
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

/// elock: one key with different numbers of slots had no limit at all.
#[test]
fn elock_slots_different_limits_of_one_name_are_refused() {
    let mut table = Table::with(["s1", "s2"]);
    table.acquire("s1", permits("x", 1, 1));
    assert_eq!(table.acquire("s2", permits("x", 1, 2)), "limit is 1, not 2");
}

/// elock: a repeated request collided with its own entry and waited for itself.
#[test]
fn elock_retry_a_repeated_acquire_does_not_wait_for_itself() {
    let mut table = Table::with(["s1"]);
    table.acquire("s1", "x");
    assert_eq!(table.acquire("s1", "x"), "already held x #1");
}

/// switchman: more permits than there are were waited for without end.
#[test]
fn switchman_over_request_more_permits_than_the_limit_are_refused() {
    let mut table = Table::with(["s1"]);
    let refused = "invalid: permits must be at least 1 and at most the limit";
    assert_eq!(table.acquire("s1", permits("cpu", 9, 8)), refused);
}

/// distrilock: a session that dropped its connection rudely kept its locks until the daemon's end.
#[test]
fn distrilock_ws_leak_a_lost_connection_frees_all_locks() {
    let mut table = Table::new();
    table.open_with("s1", |open| open.on_disconnect = OnDisconnect::Release);
    for n in 0..100 {
        table.acquire("s1", &*format!("n{n}"));
    }
    assert_eq!(table.disconnect("s1"), "closed, 100 released");
    assert_eq!(table.state.sizes().locks, 0);
}

/// distrilock: to acquire a lock that is one's own is no error, and one release frees it.
#[test]
fn distrilock_acquire_twice_needs_one_release() {
    let mut table = Table::with(["s1"]);
    table.acquire("s1", "x");
    table.acquire("s1", "x");
    let hold = table.hold("s1", "x");
    assert_eq!(table.release("s1", "x"), "released");
    assert_eq!(table.by_hold(hold, HoldAction::Release), "not holder since 0: released");
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
