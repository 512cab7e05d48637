use bramah_core::{IfHeld, Wait};

use crate::ask::{exclusive, many, permits, shared};
use crate::table::Table;

#[test]
fn several_free_locks_are_granted_at_once_in_the_order_asked() {
    let mut table = Table::with(["s1"]);
    assert_eq!(table.acquire_many("s1", ["b", "a"]), "granted b #1 and a #2");
    assert_eq!(table.news(), ["s1 is granted b #1 and a #2"]);
}

#[test]
fn nothing_is_held_while_one_of_several_is_missing() {
    let mut table = Table::with(["s1", "s2", "s3"]);
    table.acquire("s1", "b");
    table.news();
    assert_eq!(table.acquire_many("s2", ["a", "b"]), "queued 1 of 1");
    assert_eq!(table.news(), ["s2 waits for a at 1", "s2 waits for b at 1"]);
    assert_eq!(table.holders("a"), "");
    assert_eq!(table.try_acquire("s3", "a"), "busy a by nobody, place 2");
    table.news();
    table.release("s1", "b");
    assert_eq!(
        table.news(),
        ["s1 has b #1 no more: released", "s2 is granted at last a #2 and b #3"]
    );
}

#[test]
fn a_try_of_several_names_the_first_that_is_busy() {
    let mut table = Table::with(["s1", "s2"]);
    table.acquire("s1", "b");
    let ask = many(["a", "b"].map(exclusive)).wait(Wait::Try);
    assert_eq!(table.acquire_many("s2", ask), "busy b by s1 #1, place 1");
    assert!(table.is_gone("a"));
}

#[test]
fn opposite_orders_of_names_do_not_block_each_other() {
    let mut table = Table::with(["s1", "s2", "s3"]);
    table.acquire("s1", "a");
    table.acquire_many("s2", ["a", "b"]);
    table.acquire_many("s3", ["b", "a"]);
    table.release("s1", "a");
    assert_eq!((table.holders("a"), table.holders("b")), ("s2".into(), "s2".into()));
    table.release("s2", "a");
    assert_eq!((table.holders("a"), table.holders("b")), (String::new(), "s2".into()));
    table.release("s2", "b");
    assert_eq!((table.holders("a"), table.holders("b")), ("s3".into(), "s3".into()));
}

#[test]
fn those_behind_move_up_when_one_that_wants_several_gives_up() {
    let mut table = Table::with(["s1", "s2", "s3", "s4"]);
    table.acquire("s1", "a");
    table.acquire_many("s2", ["a", "b", "c"]);
    table.acquire("s3", "b");
    table.acquire("s4", "c");
    table.news();
    table.cancel("s2", 1);
    assert_eq!((table.holders("b"), table.holders("c")), ("s3".into(), "s4".into()));
    assert_eq!(table.waiters("a"), "");
}

#[test]
fn modes_may_be_mixed() {
    let mut table = Table::with(["s1", "s2"]);
    table.acquire("s1", shared("r"));
    table.acquire("s1", permits("p", 1, 3));
    let ask = many([shared("r"), permits("p", 2, 3), exclusive("x")]);
    assert_eq!(table.acquire_many("s2", ask), "granted r #3 and p #4 and x #5");
}

#[test]
fn no_name_and_one_name_twice_are_refused() {
    let mut table = Table::with(["s1"]);
    let refused = "invalid: name at least one lock, and each lock once";
    assert_eq!(table.acquire_many("s1", []), refused);
    assert_eq!(table.acquire_many("s1", ["a", "b", "a"]), refused);
}

#[test]
fn a_refusal_for_one_of_several_leaves_no_trace_of_the_others() {
    let mut table = Table::with(["s1", "s2"]);
    table.acquire("s1", permits("p", 1, 2));
    let ask = many([exclusive("a"), exclusive("p")]);
    assert_eq!(table.acquire_many("s2", ask), "it is a semaphore");
    assert!(table.is_gone("a"));
    assert_eq!(table.state.sizes().locks, 1);
}

#[test]
fn who_holds_one_of_several_is_told_of_it() {
    let mut table = Table::with(["s1"]);
    table.acquire("s1", "b");
    assert_eq!(table.acquire_many("s1", ["a", "b"]), "already held b #1");
    let ask = many(["a", "b"].map(exclusive)).if_held(IfHeld::Reenter);
    assert_eq!(table.acquire_many("s1", ask), "already held b #1");
    assert!(table.is_gone("a"));
}

#[test]
fn a_wait_for_several_times_out_as_one() {
    let mut table = Table::with(["s1", "s2"]);
    table.acquire("s1", "b");
    table.acquire_many("s2", many(["a", "b"].map(exclusive)).wait(Wait::ForMs(100)));
    table.news();
    assert_eq!(
        table.at(100).news(),
        ["s2 waits no more for a and b: timed out b by s1 #1, place 1"]
    );
    assert!(table.is_gone("a"));
}

#[test]
fn several_locks_are_released_one_by_one_or_cancelled_together() {
    let mut table = Table::with(["s1"]);
    table.acquire_many("s1", ["a", "b", "c"]);
    table.release("s1", "b");
    assert_eq!(table.cancel("s1", 1), "cancelled and released");
    assert!(table.is_gone("a") && table.is_gone("c"));
}
