use bramah_core::HoldAction;

use crate::ask::{exclusive, shared};
use crate::table::{Table, value};

#[test]
fn a_hold_starts_with_the_value_it_was_asked_with() {
    let mut table = Table::with(["s1"]);
    table.acquire("s1", exclusive("x").value("host-7:80"));
    assert_eq!(table.view("x").holders[0].value, Some(value("host-7:80")));
}

#[test]
fn a_waiter_brings_its_value_when_it_is_granted() {
    let mut table = Table::with(["s1", "s2"]);
    table.acquire("s1", exclusive("x").value("one"));
    table.acquire("s2", exclusive("x").value("two"));
    table.release("s1", "x");
    assert_eq!(table.view("x").holders[0].value, Some(value("two")));
}

#[test]
fn a_holder_changes_and_removes_its_value_in_place() {
    let mut table = Table::with(["s1"]);
    table.acquire("s1", "x");
    table.news();
    assert_eq!(table.set_value("s1", "x", "v"), "value set");
    assert_eq!(table.news(), ["x #1 has value v"]);
    let hold = table.hold("s1", "x");
    assert_eq!(table.by_hold(hold, HoldAction::SetValue(None)), "value set");
    assert_eq!(table.news(), ["x #1 has value none"]);
    assert_eq!(table.view("x").holders[0].value, None);
}

#[test]
fn a_new_value_leaves_the_terms_alone() {
    let mut table = Table::with(["s1"]);
    table.acquire("s1", exclusive("x").max_hold(500).min_hold(100));
    table.set_value("s1", "x", "v");
    assert_eq!(table.release("s1", "x"), "released, free at 100");
}

#[test]
fn who_holds_no_more_changes_no_value() {
    let mut table = Table::with(["s1", "s2"]);
    table.acquire("s1", shared("x"));
    table.acquire("s2", shared("x"));
    let hold = table.hold("s1", "x");
    table.release("s1", "x");
    let set = HoldAction::SetValue(Some(value("late")));
    assert_eq!(table.by_hold(hold, set), "not holder since 0: released");
    assert_eq!(table.view("x").holders[0].value, None);
}

#[test]
fn each_reader_has_a_value_of_its_own() {
    let mut table = Table::with(["s1", "s2"]);
    table.acquire("s1", shared("x").value("one"));
    table.acquire("s2", shared("x").value("two"));
    let values = table.view("x").holders.into_iter().map(|holder| holder.value);
    assert_eq!(values.collect::<Vec<_>>(), [Some(value("one")), Some(value("two"))]);
}
