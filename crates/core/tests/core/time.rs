use bramah_core::Time;

use crate::ask::{exclusive, shared};
use crate::table::Table;

#[test]
fn time_never_goes_back() {
    let mut table = Table::with(["s1"]);
    table.at(9_000).renew("s1");
    assert_eq!(table.at(2_000).renew("s1"), "renewed until 19000");
    assert_eq!(table.state.now(), Time(9_000));
    table.acquire("s1", "x");
    assert_eq!(table.view("x").holders[0].granted_at, Time(9_000));
}

#[test]
fn the_next_thing_due_is_the_earliest_of_all_kinds() {
    let mut table = Table::with(["s1", "s2"]);
    assert_eq!(table.state.next_due(), Some(Time(10_000)));
    table.acquire("s1", exclusive("x").max_hold(8_000));
    assert_eq!(table.state.next_due(), Some(Time(8_000)));
    table.acquire("s2", exclusive("x").for_ms(6_000));
    assert_eq!(table.state.next_due(), Some(Time(6_000)));
    table.acquire("s1", exclusive("y").min_hold(4_000));
    assert_eq!(table.state.next_due(), Some(Time(6_000)));
    table.release("s1", "y");
    assert_eq!(table.state.next_due(), Some(Time(4_000)));
    table.acquire("s2", exclusive("z").lock_delay(2_000));
    table.disconnect("s2");
    assert_eq!(table.state.next_due(), Some(Time(2_000)));
    for (now, next) in [(2_000, 4_000), (4_000, 8_000), (8_000, 10_000)] {
        assert_eq!(table.at(now).state.next_due(), Some(Time(next)));
    }
    assert_eq!(table.at(10_000).state.next_due(), None);
}

#[test]
fn what_is_due_happens_before_the_command_of_the_same_time() {
    let mut table = Table::with(["s1"]);
    table.acquire("s1", "x");
    table.at(5_000).open("s2");
    table.now = Time(10_000);
    assert_eq!(table.acquire("s2", "x"), "granted x #2");
    assert_eq!(table.renew("s1"), "session ended at 10000: expired, renewed at 0");
}

#[test]
fn a_renewal_at_the_deadline_is_too_late_and_one_before_is_not() {
    let mut table = Table::with(["s1", "s2"]);
    table.now = Time(9_999);
    assert_eq!(table.renew("s1"), "renewed until 19999");
    table.now = Time(10_000);
    assert_eq!(table.renew("s2"), "session ended at 10000: expired, renewed at 0");
}

#[test]
fn nothing_is_granted_to_a_session_that_ends_at_the_same_time() {
    let mut table = Table::with(["s1", "s2"]);
    table.acquire("s1", "x");
    table.acquire("s2", "x");
    table.news();
    assert_eq!(
        table.at(10_000).news(),
        [
            "s1 has x #1 no more: expired, renewed at 0",
            "s1 ended: expired, renewed at 0",
            "s2 waits no more for x: session ended",
            "s2 ended: expired, renewed at 0"
        ]
    );
    assert!(table.is_gone("x"));
}

#[test]
fn a_jump_over_many_deadlines_leaves_nothing_behind() {
    let mut table = Table::with(["s1", "s2", "s3"]);
    table.acquire("s1", exclusive("x").lock_delay(50).max_hold(700));
    table.acquire("s2", exclusive("x").for_ms(800));
    table.acquire("s3", shared("y").min_hold(3_000));
    table.release("s3", "y");
    table.at(1_000_000);
    let sizes = table.state.sizes();
    assert_eq!((sizes.sessions, sizes.holds, sizes.waiters), (0, 0, 0));
    assert!(table.is_gone("y"));
    assert!(table.at(1_000_050).is_gone("x"));
    assert_eq!(table.state.next_due(), None);
}

#[test]
fn the_end_of_time_does_not_wrap() {
    let mut table = Table::new();
    table.at(u64::MAX - 5).open("s1");
    assert_eq!(table.acquire("s1", exclusive("x").max_hold(1_000)), "granted x #1");
    assert_eq!(table.state.next_due(), Some(Time(u64::MAX)));
}

#[test]
fn revisions_rise_by_one_with_each_event() {
    let mut table = Table::with(["s1", "s2"]);
    table.acquire("s1", "x");
    table.acquire("s2", "x");
    table.set_value("s1", "x", "v");
    table.at(10_000);
    let revisions: Vec<u64> = table.events().iter().map(|event| event.revision).collect();
    assert_eq!(revisions, (1..=revisions.len() as u64).collect::<Vec<_>>());
    assert_eq!(table.state.counters().revision, revisions.len() as u64);
}
