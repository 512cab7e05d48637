use crate::ask::{exclusive, permits, shared};
use crate::table::Table;

#[test]
fn permits_are_given_up_to_the_limit() {
    let mut table = Table::with(["s1", "s2", "s3"]);
    table.acquire("s1", permits("p", 2, 5));
    table.acquire("s2", permits("p", 3, 5));
    assert_eq!(table.try_acquire("s3", permits("p", 1, 5)), "busy p by s1 #1, place 1");
    table.release("s1", "p");
    assert_eq!(table.acquire("s3", permits("p", 2, 5)), "granted p #3");
    assert_eq!(table.view("p").limit, Some(5));
}

#[test]
fn many_permits_are_not_starved_by_few() {
    let mut table = Table::with(["s1", "s2", "s3"]);
    table.acquire("s1", permits("p", 2, 5));
    table.acquire("s2", permits("p", 4, 5));
    assert_eq!(table.try_acquire("s3", permits("p", 1, 5)), "busy p by s1 #1, place 2");
    assert_eq!(table.acquire("s3", permits("p", 1, 5)), "queued 2 of 2");
    table.release("s1", "p");
    assert_eq!(table.holders("p"), "s2 s3");
}

#[test]
fn permits_must_be_at_least_one_and_at_most_the_limit() {
    let mut table = Table::with(["s1"]);
    let refused = "invalid: permits must be at least 1 and at most the limit";
    assert_eq!(table.acquire("s1", permits("p", 0, 5)), refused);
    assert_eq!(table.acquire("s1", permits("p", 6, 5)), refused);
    assert_eq!(table.acquire("s1", permits("p", 0, 0)), refused);
    assert_eq!(table.acquire("s1", permits("p", 5, 5)), "granted p #1");
}

#[test]
fn another_limit_counts_once_all_who_named_the_old_one_are_gone() {
    let mut table = Table::with(["s1", "s2", "s3", "s4"]);
    table.acquire("s1", permits("p", 1, 2));
    table.acquire("s2", permits("p", 1, 2));
    // One more would fit by either limit, but by which would it be counted?
    table.release("s2", "p");
    assert_eq!(table.try_acquire("s3", permits("p", 1, 3)), "busy p by s1 #1, place 1, limit 2");
    assert_eq!(table.acquire("s3", permits("p", 2, 3)), "queued 1 of 1");
    table.release("s1", "p");
    assert_eq!(table.holders("p"), "s3");
    assert_eq!(table.view("p").limit, Some(3));
    assert_eq!(table.acquire("s4", permits("p", 1, 3)), "granted p #4");
}

#[test]
fn who_names_the_old_limit_does_not_pass_who_waits_with_a_new_one() {
    let mut table = Table::with(["s1", "s2", "s3", "s4"]);
    table.acquire("s1", permits("p", 1, 2));
    table.acquire("s2", permits("p", 1, 3));
    assert_eq!(table.acquire("s3", permits("p", 1, 2)), "queued 2 of 2");
    assert_eq!(table.acquire("s4", permits("p", 1, 3)), "queued 3 of 3");
    table.release("s1", "p");
    assert_eq!(table.holders("p"), "s2");
    table.release("s2", "p");
    assert_eq!(table.holders("p"), "s3");
    table.release("s3", "p");
    assert_eq!(table.holders("p"), "s4");
}

#[test]
fn who_holds_a_permit_and_waits_with_another_limit_would_wait_for_itself() {
    let mut table = Table::with(["s1", "s2"]);
    table.acquire("s1", permits("p", 1, 2));
    table.acquire("s2", "x");
    assert_eq!(table.acquire("s2", permits("p", 1, 3)), "queued 1 of 1");
    assert_eq!(table.acquire("s1", "x"), "deadlock: s1 for x s2 for p");
}

#[test]
fn a_name_is_a_lock_or_a_semaphore_while_it_is_in_use() {
    let mut table = Table::with(["s1", "s2"]);
    table.acquire("s1", "x");
    assert_eq!(table.acquire("s2", permits("x", 1, 2)), "it is a plain lock");
    table.release("s1", "x");
    table.acquire("s1", permits("x", 1, 2));
    assert_eq!(table.acquire("s2", exclusive("x")), "it is a semaphore");
    assert_eq!(table.acquire("s2", shared("x")), "it is a semaphore");
}

#[test]
fn who_only_asked_does_not_decide_what_a_resting_name_is() {
    let mut table = Table::with(["s1", "s2"]);
    table.acquire("s1", exclusive("x").lock_delay(5_000));
    table.at(9_000).renew("s2");
    table.at(10_000);
    assert_eq!(
        table.try_acquire("s2", permits("x", 1, 5)),
        "busy x by nobody, place 1, rests until 15000"
    );
    assert_eq!(table.view("x").limit, None);
    assert_eq!(table.acquire("s2", exclusive("x")), "queued 1 of 1");
}

#[test]
fn re_entry_counts_for_permits_too() {
    let mut table = Table::with(["s1", "s2"]);
    table.acquire("s1", permits("p", 1, 1));
    assert_eq!(table.acquire("s1", permits("p", 1, 1).reenter()), "granted p #1 x2");
    table.release("s1", "p");
    assert_eq!(table.try_acquire("s2", permits("p", 1, 1)), "busy p by s1 #1, place 1");
}
