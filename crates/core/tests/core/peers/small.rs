//! The small lock services and libraries.

use bramah_core::{FencingToken, HoldAction, HoldId, Key, OnDisconnect, Wait};

use crate::ask::{exclusive, permits, shared};
use crate::table::Table;

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

/// elock: one key with different numbers of slots had no limit at all.
#[test]
fn elock_slots_different_limits_of_one_name_are_never_held_together() {
    let mut table = Table::with(["s1", "s2"]);
    table.acquire("s1", permits("x", 1, 1));
    assert_eq!(table.acquire("s2", permits("x", 1, 2)), "queued 1 of 1");
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

/// GoDistLock: the second to ask for a lock crashed the server.
#[test]
fn godistlock_contended_on_the_second_to_ask_is_answered() {
    let mut table = Table::with(["s1", "s2"]);
    table.acquire("s1", "x");
    assert_eq!(table.acquire("s2", "x"), "queued 1 of 1");
    assert_eq!(table.try_acquire("s2", "x"), "busy x by s1 #1, place 2");
}

/// GoDistLock: to give one lock back made the server forget the others of the connection.
#[test]
fn godistlock_remove_lock_the_others_of_a_session_end_with_it() {
    let mut table = Table::with(["s1"]);
    for name in ["x", "y", "z"] {
        table.acquire("s1", name);
    }
    table.release("s1", "y");
    assert_eq!(table.disconnect("s1"), "closed, 2 released");
    assert_eq!(table.state.sizes().locks, 0);
}

/// GoDistLock: to release what one does not hold was never answered.
#[test]
fn godistlock_off_a_release_of_what_was_never_held_is_answered() {
    let mut table = Table::with(["s1"]);
    let hold = HoldId { token: FencingToken(7), key: Key(7) };
    assert_eq!(table.act("s1", hold, HoldAction::Release), "not holder");
}

/// locker: who held was told by the value, so that two with equal values both did.
#[test]
fn locker_value_identity_equal_values_are_not_one_holder() {
    let mut table = Table::with(["s1", "s2"]);
    table.acquire("s1", exclusive("x").value("10.0.0.1"));
    assert_eq!(table.acquire("s2", exclusive("x").value("10.0.0.1")), "queued 1 of 1");
}

/// locker: a value could not be changed but by giving the lock up.
#[test]
fn locker_1_a_value_changes_while_the_lock_is_held() {
    let mut table = Table::with(["s1"]);
    table.acquire("s1", exclusive("x").value("red"));
    table.set_value("s1", "x", "green");
    assert_eq!(table.view("x").holders[0].token.0, 1);
    assert_eq!(table.view("x").holders[0].value, Some(crate::table::value("green")));
}

/// lockgate: readers that kept coming starved a writer.
#[test]
fn lockgate_starvation_a_reader_does_not_pass_a_waiting_writer() {
    let mut table = Table::with(["s1", "s2", "s3"]);
    table.acquire("s1", shared("x"));
    table.acquire("s2", "x");
    assert_eq!(table.acquire("s3", shared("x")), "queued 2 of 2");
    table.release("s1", "x");
    assert_eq!(table.holders("x"), "s2");
}

/// elock: a lock that was given back could not be taken again.
#[test]
fn elock_single_use_a_lock_is_taken_again_and_again() {
    let mut table = Table::with(["s1"]);
    for token in 1..5 {
        assert_eq!(table.acquire("s1", "x"), format!("granted x #{token}"));
        table.release("s1", "x");
    }
}
