use bramah_core::limits::HOLDERS_SHOWN_MAX;
use bramah_core::{SessionId, Time};

use crate::ask::{permits, shared};
use crate::table::Table;

fn listed(table: &Table, prefix: &str, after: Option<&str>) -> String {
    let views = table.state.lock_views(prefix, after, 0);
    views.map(|view| view.name.as_str().to_owned()).collect::<Vec<_>>().join(" ")
}

#[test]
fn locks_are_listed_by_prefix_in_the_order_of_names() {
    let mut table = Table::with(["s1"]);
    for name in ["b/2", "a/1", "b/1", "c", "b", "b/3"] {
        table.acquire("s1", name);
    }
    assert_eq!(listed(&table, "", None), "a/1 b b/1 b/2 b/3 c");
    assert_eq!(listed(&table, "b/", None), "b/1 b/2 b/3");
    assert_eq!(listed(&table, "d", None), "");
}

#[test]
fn a_listing_goes_on_after_a_name() {
    let mut table = Table::with(["s1"]);
    for name in ["a", "b/1", "b/2", "b/3", "c"] {
        table.acquire("s1", name);
    }
    assert_eq!(listed(&table, "b/", Some("b/1")), "b/2 b/3");
    assert_eq!(listed(&table, "b/", Some("b/15")), "b/2 b/3");
    assert_eq!(listed(&table, "b/", Some("a")), "b/1 b/2 b/3");
    assert_eq!(listed(&table, "b/", Some("b/3")), "");
    assert_eq!(listed(&table, "b/", Some("z")), "");
}

#[test]
fn a_view_shows_as_many_waiters_as_asked_for_and_counts_all() {
    let mut table = Table::with(["s1", "s2", "s3", "s4"]);
    for session in ["s1", "s2", "s3", "s4"] {
        table.acquire(session, permits("p", 2, 2));
    }
    let view = table.state.lock_view(&crate::table::lock_name("p"), 2).unwrap();
    assert_eq!((view.waiters.len(), view.waiters_total), (2, 3));
    assert_eq!(view.holders[0].deadline, Time(10_000));
}

#[test]
fn sessions_are_listed_with_what_they_hold_and_wait_for() {
    let mut table = Table::with(["s1", "s2"]);
    table.acquire("s1", shared("x"));
    table.acquire("s1", shared("y"));
    table.acquire("s2", "x");
    let all: Vec<_> = table.state.session_views(SessionId(0)).collect();
    let counts =
        |index: usize| (all[index].owner.host.as_str(), all[index].holds, all[index].waits);
    assert_eq!((counts(0), counts(1)), (("s1", 2, 0), ("s2", 0, 1)));
    let after = table.state.session_views(all[0].id).map(|view| view.id).collect::<Vec<_>>();
    assert_eq!(after, [all[1].id]);
}

#[test]
fn a_client_sees_all_that_its_session_holds() {
    let mut table = Table::with(["s1"]);
    table.acquire("s1", "y");
    table.acquire("s1", "x");
    let grants = table.state.session_grants(table.handle("s1")).unwrap();
    assert_eq!((grants.ttl.as_ms(), grants.deadline), (10_000, Time(10_000)));
    let names: Vec<_> = grants.holds.iter().map(|grant| grant.name.as_str()).collect();
    assert_eq!(names, ["y", "x"]);
}

#[test]
fn sizes_count_what_there_is() {
    let mut table = Table::with(["s1", "s2"]);
    table.acquire("s1", "x");
    table.acquire_many("s2", ["x", "y"]);
    let sizes = table.state.sizes();
    assert_eq!((sizes.locks, sizes.sessions, sizes.holds, sizes.waiters), (2, 2, 1, 1));
}

#[test]
fn a_view_names_the_first_holders_and_counts_all() {
    let mut table = Table::with(["s1"]);
    for _ in 0..=HOLDERS_SHOWN_MAX {
        table.acquire("s1", shared("x").many_users());
    }
    let view = table.view("x");
    assert_eq!(
        (view.holders.len(), view.holders_total),
        (HOLDERS_SHOWN_MAX, HOLDERS_SHOWN_MAX + 1)
    );
}
