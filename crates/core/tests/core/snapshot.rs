use bramah_core::facts::{Counters, Fact};
use bramah_core::{FencingToken, Mode, SessionId, Time, Wait};

use crate::ask::{exclusive, permits, shared};
use crate::table::{Table, lock_name, restored};

/// A table with a bit of everything.
fn full() -> Table {
    let mut table = Table::with(["s1", "s2", "s3", "s4", "s5"]);
    table.acquire("s1", exclusive("x").value("v").max_hold(9_000).lock_delay(700));
    table.acquire("s2", "x");
    table.acquire("s3", exclusive("x").priority(2).for_ms(8_000));
    table.acquire("s1", shared("r"));
    table.acquire("s5", shared("r"));
    table.upgrade("s1", "r", Wait::Forever);
    table.acquire("s1", permits("p", 2, 5));
    table.acquire("s3", exclusive("m").min_hold(3_000));
    table.release("s3", "m");
    table.acquire("s4", exclusive("d").lock_delay(4_000));
    table.disconnect("s4");
    table.acquire_many("s3", ["m", "d"]);
    table.acquire("s1", exclusive("again").reenter());
    table.acquire("s1", exclusive("again").reenter());
    table.acquire("s2", "gone");
    table.release("s2", "gone");
    table.events();
    table
}

#[test]
fn a_restored_table_has_the_same_facts() {
    let table = full();
    let copy = restored(table.facts()).unwrap();
    assert_eq!(copy.facts().collect::<Vec<_>>(), table.facts());
    assert_eq!(copy, table.state);
}

#[test]
fn a_restored_table_does_the_same_from_then_on() {
    let (mut table, mut copy) = (full(), full());
    copy.replace(table.facts());
    for ms in [2_999, 3_000, 4_000, 8_000, 9_000, 9_700, 10_000, 50_000] {
        assert_eq!(table.at(ms).events(), copy.at(ms).events(), "at {ms}");
        assert_eq!(table.facts(), copy.facts(), "at {ms}");
    }
}

#[test]
fn a_token_does_not_come_back_over_a_snapshot() {
    let mut table = Table::with(["s1"]);
    table.acquire("s1", "x");
    table.release("s1", "x");
    table.reload();
    assert_eq!(table.acquire("s1", "x"), "granted x #2");
}

#[test]
fn a_lock_rests_on_over_a_snapshot() {
    let mut table = Table::with(["s1", "s2"]);
    table.acquire("s1", exclusive("x").lock_delay(3_000));
    table.disconnect("s1");
    table.reload();
    assert_eq!(table.acquire("s2", "x"), "queued 1 of 1");
    assert_eq!(table.at(2_999).holders("x"), "");
    assert_eq!(table.at(3_000).holders("x"), "s2");
}

/// What is said about the facts of [`full`] after `change`.
fn refused(change: impl FnOnce(&mut Vec<Fact>)) -> String {
    let mut facts = full().facts();
    change(&mut facts);
    restored(facts).expect_err("the facts contradict each other")
}

fn position(facts: &[Fact], wanted: impl Fn(&Fact) -> bool) -> usize {
    facts.iter().position(wanted).unwrap()
}

#[test]
fn counters_come_first_and_once() {
    let text = "snapshot contradicts itself: its counters must come first and once";
    assert_eq!(refused(|facts| drop(facts.remove(0))), text);
    assert_eq!(refused(|facts| facts.push(Fact::Counters(Counters::default()))), text);
    assert_eq!(refused(Vec::clear), "snapshot contradicts itself: it has no counters");
}

#[test]
fn a_number_above_its_counter_is_a_contradiction() {
    let counters = |change: fn(&mut Counters)| {
        refused(|facts| {
            let Fact::Counters(counters) = &mut facts[0] else { panic!("counters") };
            change(counters);
        })
    };
    let text = counters(|counters| counters.last_session = SessionId(2));
    assert_eq!(text, "snapshot contradicts itself: session 3 is above the last one");
    let text = counters(|counters| counters.last_token = FencingToken(4));
    assert_eq!(text, "snapshot contradicts itself: token 5 is out of order");
    let text = counters(|counters| counters.last_wait = 3);
    assert_eq!(text, "snapshot contradicts itself: waiter 4 is out of order");
}

#[test]
fn nothing_is_there_twice() {
    let twice = |wanted: fn(&Fact) -> bool| {
        refused(|facts| {
            let index = position(facts, wanted);
            facts.insert(index, facts[index].clone());
        })
    };
    let text = twice(|fact| matches!(fact, Fact::Session(_)));
    assert_eq!(text, "snapshot contradicts itself: session 1 is there twice");
    let text = twice(|fact| matches!(fact, Fact::Hold(_)));
    assert_eq!(text, "snapshot contradicts itself: token 1 is out of order");
    let text = twice(|fact| matches!(fact, Fact::Wait(_)));
    assert_eq!(text, "snapshot contradicts itself: waiter 1 is out of order");
}

#[test]
fn holds_and_waits_belong_to_open_sessions() {
    let without = |session: u64| {
        refused(|facts| {
            facts.retain(
                |fact| !matches!(fact, Fact::Session(fact) if fact.handle.id == SessionId(session)),
            );
        })
    };
    assert_eq!(without(1), "snapshot contradicts itself: hold 1 has no session");
    assert_eq!(without(3), "snapshot contradicts itself: waiter 2 has no session");
}

#[test]
fn holds_that_exclude_each_other_are_a_contradiction() {
    let text = refused(|facts| {
        let index =
            position(facts, |fact| matches!(fact, Fact::Hold(hold) if hold.name.as_str() == "r"));
        let Fact::Hold(hold) = &mut facts[index] else { panic!("hold") };
        hold.name = lock_name("x");
    });
    assert_eq!(text, "snapshot contradicts itself: \"x\" is held more than it can be");
    let text = refused(|facts| {
        for fact in facts {
            if let Fact::Hold(hold) = fact
                && let Mode::Permits { count, .. } = &mut hold.mode
            {
                *count = 6;
            }
        }
    });
    assert_eq!(text, "snapshot contradicts itself: \"p\" is held more than it can be");
}

#[test]
fn a_waiter_of_another_kind_or_for_nothing_is_a_contradiction() {
    let waiter = |change: fn(&mut Vec<bramah_core::Item>)| {
        refused(|facts| {
            let index = position(facts, |fact| matches!(fact, Fact::Wait(_)));
            let Fact::Wait(wait) = &mut facts[index] else { panic!("wait") };
            change(&mut wait.items);
        })
    };
    let text = waiter(|items| items[0].mode = Mode::Permits { count: 1, limit: 2 });
    assert_eq!(text, "snapshot contradicts itself: waiter 1 is of another kind of lock");
    let text = waiter(Vec::clear);
    assert_eq!(text, "snapshot contradicts itself: waiter 1 waits for nothing");
}

#[test]
fn facts_come_in_the_order_of_their_kinds() {
    let kinds = full()
        .facts()
        .iter()
        .map(|fact| match fact {
            Fact::Counters(_) => 0,
            Fact::Session(_) => 1,
            Fact::Hold(_) => 2,
            Fact::Wait(_) => 3,
            Fact::Rest { .. } => 4,
            Fact::Ended(_) => 5,
            Fact::EndedSession(_) => 6,
        })
        .collect::<Vec<_>>();
    assert!(kinds.is_sorted());
    assert_eq!((kinds[0], kinds.last()), (0, Some(&6)));
    assert!((0..=6).all(|kind| kinds.contains(&kind)), "{kinds:?}");
}

#[test]
fn the_time_of_a_snapshot_is_kept() {
    let mut table = full();
    table.at(1_234);
    assert_eq!(restored(table.facts()).unwrap().now(), Time(1_234));
}
