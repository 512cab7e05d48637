//! Each kind of fault does what its name says, and everything goes on after it.

use bramah_sim::plan::{Fault, Plan, Planned, Wishes};
use bramah_sim::runner;
use bramah_sim::time::SimTime;
use bramah_sim::trace::Sink;
use bramah_sim::world::Report;

/// A run of 20 s with three members and these faults, from the fifth second on, two seconds apart.
fn run(seed: u64, faults: &[Fault]) -> Report {
    let wishes = Wishes { members: Some(3), faults: Some(Vec::new()) };
    let mut plan = Plan::draw(seed, &wishes);
    plan.clients = 4;
    plan.calm_at = SimTime::from_ms(20_000);
    plan.faults = (0..)
        .zip(faults)
        .map(|(place, fault)| Planned {
            at: SimTime::from_ms(5_000 + 2_000 * place),
            fault: *fault,
        })
        .collect();
    let report = runner::run(plan, Sink::Nowhere);
    assert_eq!(report.broken, None, "seed {seed}");
    report
}

/// How often that was reached in some runs with these faults.
fn reaches(faults: &[Fault], kind: &'static str, name: &'static str) -> u64 {
    (1..5).map(|seed| run(seed, faults).coverage.get(kind, name)).sum()
}

#[test]
fn a_member_that_is_killed_starts_again_from_its_disk() {
    let kill = Fault::Kill { member: 1, back_after_ms: 500 };
    assert_eq!(reaches(&[kill, kill], "stop", "killed"), 8);
    assert_eq!(reaches(&[kill, kill], "member", "started"), 4 * 3 + 8);
}

#[test]
fn power_takes_what_is_not_synced_and_a_torn_tail_is_cut() {
    let powers: Vec<Fault> =
        (0..7).map(|member| Fault::LosePower { member, back_after_ms: 300 }).collect();
    assert!(reaches(&powers, "stop", "power lost") >= 20);
    // Only a write under way is torn, and few of these so that it shows.
    let is_torn = |seed| run(seed, &powers).coverage.get("member", "torn tail cut") > 0;
    assert!((1..150).any(is_torn));
    assert_eq!(reaches(&[Fault::LoseAllPower { back_after_ms: 10 }], "stop", "power lost"), 12);
}

#[test]
fn a_member_that_is_told_to_stop_does_what_is_under_way_first() {
    let drain = Fault::Drain { member: 0, back_after_ms: 500 };
    assert_eq!(reaches(&[drain, drain, drain], "stop", "drained"), 12);
}

#[test]
fn a_leader_that_is_alone_is_replaced() {
    let isolate = Fault::IsolateLeader { one_way: false, for_ms: 4_000 };
    assert!(reaches(&[isolate], "member", "leads no more") >= 4);
    assert!(reaches(&[isolate], "member", "leads") >= 8);
}

#[test]
fn a_full_disk_is_said_and_is_over_when_there_is_room() {
    let faults: Vec<Fault> =
        (0..3).map(|member| Fault::FullDisk { member, for_ms: 10_000 }).collect();
    assert!(reaches(&faults, "member", "little room") > 0);
    assert!(reaches(&faults, "member", "room again") > 0);
}

#[test]
fn a_failed_sync_stops_the_member() {
    let fail = Fault::FailDisk { member: 0, back_after_ms: 300 };
    assert_eq!(reaches(&[fail], "stop", "disk failed"), 4);
}

#[test]
fn a_damaged_disk_is_refused_and_another_machine_takes_its_place() {
    let rot = Fault::Rot { member: 1, back_after_ms: 100 };
    let faults = [rot, rot, rot, rot];
    assert!(reaches(&faults, "member", "damaged disk refused") > 0);
    assert!(reaches(&faults, "operator", "learner promoted") > 0);
    assert!(reaches(&faults, "member", "snapshot installed") > 0);
}

#[test]
fn members_come_and_go() {
    let faults = [Fault::AddMember {}, Fault::AddMember {}, Fault::RemoveMember { member: 0 }];
    assert_eq!(reaches(&faults, "operator", "learner promoted"), 8);
    assert_eq!(reaches(&faults, "operator", "member removed"), 4);
    assert_eq!(reaches(&faults, "stop", "removed"), 4);
}
