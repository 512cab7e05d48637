//! Two sessions and two locks, and everything that can be done with them: every command in every
//! order is tried, to the end, and the promises are checked in every world and at every step.
//!
//! A world is a table and what its clients know. Times count from now, and tokens only by their
//! order, so that with a few kinds of asks there are only so many worlds, however long one goes on;
//! `form` says when two are the same, `bounds` what is asked, `worlds` and `steps` what is
//! checked.
//!
//! With `BRAMAH_TEST_FULL=1` more is asked, which takes a minute or two. A broken promise is told
//! with the shortest way there.

mod bounds;
mod form;
mod reached;
mod search;
mod steps;
mod world;
mod worlds;

use bounds::{Bounds, Size};
use search::{Report, explore};

/// More worlds than any bounds here allow: an endless search ends, and fails.
const WORLDS_MAX: usize = 5_000_000;

fn explored(name: &str, bounds: fn(Size) -> Bounds) -> Report {
    let full = std::env::var_os("BRAMAH_TEST_FULL").is_some();
    let report = explore(&bounds(if full { Size::Full } else { Size::Usual }), WORLDS_MAX);
    let Report { worlds, steps, depth, .. } = report;
    println!("{name}: {worlds} worlds, {steps} steps, {depth} acts to the furthest");
    assert!(report.is_complete, "worlds were left out");
    report
}

#[test]
fn every_kind_of_command_keeps_the_promises_in_every_order() {
    let report = explored("every kind of command", Bounds::every_kind);
    let missed = report.reached.missed();
    // Its bounds are thousands of times as large: `limits` has them.
    assert_eq!(missed, ["Refusal::LimitExceeded"]);
}

#[test]
fn readers_and_writers_keep_the_promises_in_every_order() {
    let report = explored("readers and writers", Bounds::modes);
    report.expect(["Refusal::Deadlock", "EndReason::Upgraded", "WaitEnd::HoldEnded"]);
}

#[test]
fn three_clients_keep_the_promises_in_every_order() {
    let report = explored("three clients", Bounds::three_clients);
    report.expect(["Refusal::Deadlock", "WaitEnd::Cancelled", "WaitEnd::SessionEnded"]);
}

#[test]
fn semaphores_keep_the_promises_in_every_order() {
    let report = explored("semaphores", Bounds::semaphores);
    report.expect(["Refusal::KindMismatch", "Refusal::Deadlock"]);
}

#[test]
fn sessions_of_several_users_keep_the_promises_in_every_order() {
    let report = explored("several users", Bounds::users);
    report.expect(["Outcome::AlreadyHeld", "EndReason::Cancelled", "EndReason::Upgraded"]);
}

#[test]
fn conditions_of_holds_keep_the_promises_in_every_order() {
    let report = explored("conditions of holds", Bounds::terms);
    report.expect(["EndReason::MaxHold", "EndReason::Disconnected", "EndReason::Revoked"]);
}

#[test]
fn repeated_requests_keep_the_promises_in_every_order() {
    let report = explored("repeated requests", Bounds::answers);
    report.expect(["Outcome::WaitTimedOut", "Refusal::RequestCancelled", "Refusal::RequestStale"]);
}
