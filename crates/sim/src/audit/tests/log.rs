//! G10 and one log: what members write, keep and apply.

use bramah_node::MemberChange;
use bramah_wal::{Entry, HardState};

use super::Scene;
use crate::fact::{Fact, StopCause};
use crate::time::SimTime;

/// Three members have an entry durably, the first applied it.
fn agreed() -> (Scene, Entry) {
    let mut scene = Scene::of(3);
    let persist = scene.entry(1, 10, &[]);
    for member in 1..=3 {
        scene.audit.ordered(member, &persist);
        scene.audit.durable(member, persist.number);
    }
    scene.apply(1);
    scene.kept();
    (scene, persist.entries[0].clone())
}

#[test]
fn an_entry_that_a_majority_has_on_disk_may_be_applied_by_all() {
    let (mut scene, _) = agreed();
    scene.apply(2);
    scene.apply(3);
    scene.kept();
    assert_eq!(scene.audit.counts().entries, 1);
}

#[test]
fn an_entry_that_is_applied_before_a_majority_has_it_on_disk_is_seen() {
    let mut scene = Scene::of(3);
    let persist = scene.entry(1, 10, &[]);
    for member in 1..=3 {
        scene.audit.ordered(member, &persist);
    }
    scene.audit.durable(1, persist.number);
    scene.apply(1);
    scene.broken("G10");
}

#[test]
fn a_majority_of_the_voters_before_a_change_is_none_once_the_leader_has_applied_it() {
    for has_applied in [false, true] {
        let (mut scene, _) = agreed();
        scene.audit.logs.leads(1, 1, &mut scene.audit.report);
        for change in [MemberChange::AddLearner(4), MemberChange::Promote(4)] {
            let mut persist = scene.entry(1, 10, &[]);
            persist.entries[0].kind = 2;
            persist.entries[0].data = change.encode().into();
            for member in 1..=3 {
                scene.audit.ordered(member, &persist);
                scene.audit.durable(member, persist.number);
            }
            scene.apply(1);
        }
        if has_applied {
            scene.audit.logs.stepped(1);
        }
        let persist = scene.entry(1, 11, &[]);
        for member in [1, 2] {
            scene.audit.ordered(member, &persist);
            scene.audit.durable(member, persist.number);
        }
        scene.kept();
        scene.apply(1);
        match has_applied {
            true => scene.broken("G10"),
            false => scene.kept(),
        }
    }
}

#[test]
fn another_entry_at_the_same_place_is_seen() {
    let (mut scene, _) = agreed();
    scene.index -= 1;
    let other = scene.entry(2, 11, &[]);
    scene.audit.ordered(2, &other);
    scene.audit.durable(2, other.number);
    scene.apply(2);
    scene.broken("one log");
}

#[test]
fn an_entry_that_was_never_written_here_is_seen() {
    let (mut scene, _) = agreed();
    scene.index += 1;
    scene.apply(1);
    scene.broken("one log");
}

#[test]
fn a_disk_that_gave_up_what_was_durable_is_seen_whether_it_was_applied_or_not() {
    for member in [1, 2] {
        let (mut scene, _) = agreed();
        scene.audit.recovered(SimTime(1), member, (1, 1), &[]);
        scene.broken("G10");
        let (mut scene, entry) = agreed();
        scene.audit.recovered(SimTime(1), member, (1, 1), &[Entry { term: 9, ..entry }]);
        scene.broken("G10");
        let (mut scene, entry) = agreed();
        scene.audit.recovered(SimTime(1), member, (1, 1), &[entry]);
        scene.audit.recovered(SimTime(1), member, (2, 1), &[]);
        scene.kept();
    }
}

#[test]
fn what_an_unfinished_write_replaces_may_be_gone_and_so_may_a_disk_that_was_found_damaged() {
    let (mut scene, entry) = agreed();
    let replaced = Entry { index: 3, ..entry.clone() };
    let write =
        |entries: Vec<Entry>, number| bramah_node::Persist { number, hard_state: None, entries };
    scene.audit.ordered(2, &write(vec![replaced.clone()], 3));
    scene.audit.durable(2, 3);
    scene.audit.ordered(2, &write(vec![Entry { term: 2, ..replaced }], 4));
    scene.audit.recovered(SimTime(1), 2, (1, 1), &[entry]);
    scene.kept();
    scene.fact(&Fact::Stopped { member: 3, why: StopCause::DiskDamaged });
    scene.audit.recovered(SimTime(1), 3, (0, 0), &[]);
    scene.kept();
}

#[test]
fn a_second_leader_of_a_term_and_a_second_vote_are_seen() {
    let (mut scene, _) = agreed();
    let Scene { audit, .. } = &mut scene;
    audit.logs.leads(1, 4, &mut audit.report);
    audit.logs.leads(2, 5, &mut audit.report);
    audit.logs.leads(1, 4, &mut audit.report);
    scene.kept();
    let Scene { audit, .. } = &mut scene;
    audit.logs.leads(1, 5, &mut audit.report);
    scene.broken("one log");

    let (mut scene, _) = agreed();
    let vote = |vote, number| bramah_node::Persist {
        number,
        hard_state: Some(HardState { term: 7, vote, commit: 0 }),
        entries: Vec::new(),
    };
    scene.audit.ordered(1, &vote(2, 8));
    scene.audit.durable(1, 8);
    scene.audit.ordered(1, &vote(2, 9));
    scene.kept();
    scene.audit.ordered(1, &vote(3, 10));
    scene.broken("one log");
}

#[test]
fn a_member_whose_table_is_another_is_seen() {
    let (mut scene, _) = agreed();
    let state = scene.audit.reference.state.clone();
    scene.audit.compare(2, 2, &state);
    scene.kept();
    scene.audit.compare(3, 2, &bramah_core::State::new(1));
    scene.broken("one log");
}
