//! Each scene fails when the line that guards it is broken: with the bug put back that the others
//! had, or one that leads to the same. For some bugs there is nothing but a scene.

use std::panic::{AssertUnwindSafe, catch_unwind};

use bramah_core::mutant::{self, Mutant};

use super::{answers, clocks, elections, restarts};
use crate::rare;
use crate::story::Reached;

/// A bug, and a scene that must find it. Several are found before the scene gets to its point: what
/// they break is looked at all the time.
type Proof = (Mutant, fn() -> Reached);

/// Seeds in which a bug is looked for that shows in nearly each.
const SEEDS: u64 = 10;
/// And one that shows in few.
const SEEDS_OF_VOTES: u64 = 100;

const PROOFS: &[Proof] = &[
    (Mutant::KeepaliveTooRare, elections::holders_over_elections),
    (Mutant::ElectionRenews, elections::dead_holders_under_many_leaders),
    (Mutant::ElectionStopsTime, elections::dead_holders_under_many_leaders),
    (Mutant::RestoreRenews, elections::dead_holders_under_restored_leaders),
    (Mutant::ExpiresByOwnClock, || elections::holders_over_a_sleeping_leader(elections::paused)),
    (Mutant::KeepaliveAnsweredEarly, || {
        elections::holders_over_a_sleeping_leader(elections::paused)
    }),
    (Mutant::ExpiresByOwnClock, || {
        elections::holders_over_a_sleeping_leader(elections::with_a_slow_disk)
    }),
    (Mutant::AppendNotSynced, restarts::holds_of_a_lost_majority),
    (Mutant::AppendNotSynced, || restarts::members_restart_one_by_one(SEEDS)),
    // Two seldom stand in one term: each that is left after its leader waits for its own turn.
    (Mutant::VoteNotWritten, || restarts::members_restart_one_by_one(SEEDS_OF_VOTES)),
    (Mutant::VoteBeforeDurable, || restarts::members_restart_one_by_one(SEEDS_OF_VOTES)),
    (Mutant::AckBeforeDurable, || restarts::members_restart_one_by_one(SEEDS)),
    (Mutant::HoldOutlivesSession, restarts::holders_on_both_sides_of_a_split),
    (Mutant::KeepaliveAnsweredEarly, restarts::holders_on_both_sides_of_a_split),
    (Mutant::CancelLeavesWaiter, restarts::acquires_without_members),
    (Mutant::WaitOutlivesSession, restarts::acquires_without_members),
    (Mutant::CancelMarkLost, restarts::acquires_without_members),
    (Mutant::TimeOfOwnClock, clocks::holders_under_jumping_clocks),
    (Mutant::TimeOfOwnClock, clocks::expiries_under_drifting_clocks),
    (Mutant::NoDriftMargin, clocks::deadlines_under_slow_clocks),
    (Mutant::DueEarly, clocks::expiries_under_drifting_clocks),
    (Mutant::ReadNameReused, answers::reads_asked_again),
    (Mutant::GrantAtTimeOut, answers::waits_whose_end_was_lost),
    (Mutant::RepeatDoneAgain, answers::waits_whose_end_was_lost),
    (Mutant::WaitOutlivesSession, answers::waits_of_the_expired),
    (Mutant::AnswerToLastSent, rare::keepalives_answered_after_the_next),
    (Mutant::LeaseFromLastSent, rare::keepalives_answered_after_the_next),
    (Mutant::LeaseFromAnswer, rare::keepalives_answered_after_the_next),
    (Mutant::InstallTellsNothing, rare::waits_that_end_behind_a_snapshot),
];

#[test]
fn each_scene_finds_the_bug_that_it_is_for() {
    let missed: Vec<&str> = PROOFS
        .iter()
        .filter_map(|(mutant, scene)| {
            mutant::switch_on(Some(*mutant));
            let found = catch_unwind(AssertUnwindSafe(scene));
            mutant::switch_on(None);
            found.is_ok_and(|reached| reached.is_ok()).then(|| mutant.name())
        })
        .collect();
    assert!(missed.is_empty(), "not found: {missed:?}");
}
