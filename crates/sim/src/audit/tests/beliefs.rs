//! G1, G2 and G3: what is granted, and what holders believe.

use std::sync::Arc;

use bramah_core::{
    Action, Command, EndReason, Happening, HoldAction, Mode, RevokeTarget, Time, Wait,
};
use bramah_wire::request::What;

use super::{Scene, acquire, granted, held, hold_id, name, open, release, request};
use crate::fact::{Fact, LetCause};

const X: Mode = Mode::Exclusive;
const S: Mode = Mode::Shared;

fn permits(count: u32) -> Mode {
    Mode::Permits { count, limit: 3 }
}

#[test]
fn a_lock_that_is_handed_over_after_its_release_is_fine() {
    let mut scene = Scene::new();
    let (a, b) = (scene.open(10), scene.open(10));
    scene.commit(20, &[acquire(a, 1, X, Wait::Try), acquire(b, 1, X, Wait::Forever)]);
    scene.believe(&held(0, a, 1, X));
    scene.clients.0.clear();
    scene.fact(&Fact::Lets { client: 0, token: hold_id(1).token, why: LetCause::Releases });
    scene.commit(30, &[release(a, 2, 1)]);
    scene.believe(&held(1, b, 2, X));
    scene.kept();
    assert_eq!(scene.audit.counts().grants, 2);
    assert!(scene.audit.checks().all(|(name, n)| n > 0 || !name.starts_with("G1 ")));
}

#[test]
fn a_lock_that_is_granted_twice_is_seen_without_a_look_at_the_table() {
    for (first, second) in [(X, X), (X, S), (S, X), (permits(2), permits(2))] {
        let mut scene = Scene::new();
        let (a, b) = (scene.open(10), scene.open(10));
        scene.forge(20, None, &[granted(a, 1, 1, first), granted(b, 1, 2, second)]);
        scene.broken("G1");
    }
}

#[test]
fn readers_and_permits_within_the_limit_stand_beside_each_other() {
    for mode in [S, permits(1)] {
        let mut scene = Scene::new();
        let (a, b) = (scene.open(10), scene.open(10));
        scene.commit(20, &[acquire(a, 1, mode, Wait::Try), acquire(b, 1, mode, Wait::Try)]);
        scene.believe(&held(0, a, 1, mode));
        scene.believe(&held(1, b, 2, mode));
        scene.kept();
    }
}

#[test]
fn two_who_believe_to_hold_one_lock_are_seen() {
    let mut scene = Scene::new();
    let (a, b) = (scene.open(10), scene.open(10));
    scene.commit(20, &[acquire(a, 1, X, Wait::Try)]);
    scene.commit(30, &[release(a, 2, 1)]);
    scene.commit(40, &[acquire(b, 1, X, Wait::Try)]);
    scene.believe(&held(1, b, 2, X));
    scene.kept();
    scene.believe(&held(0, a, 1, X));
    scene.broken("G1");
}

#[test]
fn a_token_that_does_not_rise_and_one_that_was_never_granted_are_seen() {
    let mut scene = Scene::new();
    let a = scene.open(10);
    scene.forge(20, None, &[granted(a, 1, 5, S), granted(a, 2, 5, S)]);
    scene.broken("G2");
    let mut scene = Scene::new();
    let (a, b) = (scene.open(10), scene.open(10));
    scene.commit(20, &[acquire(a, 1, X, Wait::Try)]);
    scene.believe(&held(0, b, 1, X));
    scene.broken("G2");
}

#[test]
fn a_grant_while_the_last_holder_still_believes_is_seen() {
    let mut scene = Scene::new();
    let (a, b) = (scene.open(10), scene.open(10));
    scene.commit(20, &[acquire(a, 1, X, Wait::Try), acquire(b, 1, X, Wait::Forever)]);
    scene.believe(&held(0, a, 1, X));
    scene.kept();
    scene.commit(30, &[release(a, 2, 1)]);
    scene.broken("G3");
}

#[test]
fn a_holder_that_believes_beyond_its_expiry_is_seen_though_nobody_waits() {
    let mut scene = Scene::new();
    scene.commit(0, &[open(10_000)]);
    let a = super::of(1);
    scene.commit(20, &[acquire(a, 1, X, Wait::Try)]);
    scene.believe(&held(0, a, 1, X));
    scene.commit(10_000, &[]);
    scene.broken("G3");
}

#[test]
fn a_hold_that_is_revoked_at_once_is_the_stated_exception_and_one_that_is_waited_for_is_not() {
    for wait_for_deadline in [false, true] {
        let mut scene = Scene::new();
        let (a, b) = (scene.open(10), scene.open(10));
        scene.commit(20, &[acquire(a, 1, X, Wait::Try), acquire(b, 1, X, Wait::Forever)]);
        scene.believe(&held(0, a, 1, X));
        let (target, by) = (RevokeTarget::Lock(name("a")), Arc::from("op"));
        scene.commit(30, &[Command::Revoke { target, wait_for_deadline, by }]);
        scene.kept();
        scene.commit(9_000, &[Command::Renew(vec![a, b])]);
        scene.commit(10_010, &[]);
        match wait_for_deadline {
            false => scene.kept(),
            true => scene.broken("G3"),
        }
    }
}

#[test]
fn a_holder_that_has_not_heard_of_its_upgrade_is_excused_when_that_is_revoked_at_once() {
    let mut scene = Scene::new();
    let (a, b) = (scene.open(10), scene.open(10));
    scene.commit(20, &[acquire(a, 1, S, Wait::Try), acquire(b, 1, X, Wait::Forever)]);
    scene.believe(&held(0, a, 1, S));
    let (hold, key) = (hold_id(1), hold_id(1).key);
    let (target, by) = (RevokeTarget::Lock(name("a")), Arc::from("op"));
    let revoke = Command::Revoke { target, wait_for_deadline: false, by };
    scene.commit(30, &[request(a, 2, Action::Upgrade { hold, key, wait: Wait::Try }), revoke]);
    scene.kept();
    assert_eq!(scene.audit.counts().grants, 3);
}

#[test]
fn a_holder_that_asked_to_share_counts_as_a_reader_before_it_is_answered() {
    let mut scene = Scene::new();
    let (a, b) = (scene.open(10), scene.open(10));
    scene.commit(20, &[acquire(a, 1, X, Wait::Try), acquire(b, 1, S, Wait::Forever)]);
    scene.believe(&held(0, a, 1, X));
    let downgrade = request(a, 2, Action::Hold(hold_id(1), HoldAction::Downgrade));
    scene.call(&What::Command(downgrade.clone()));
    scene.commit(30, &[downgrade]);
    scene.believe(&held(1, b, 2, S));
    scene.kept();
}

#[test]
fn a_holder_is_not_in_the_way_of_its_own_upgrade() {
    let mut scene = Scene::new();
    let a = scene.open(10);
    scene.commit(20, &[acquire(a, 1, S, Wait::Try)]);
    scene.believe(&held(0, a, 1, S));
    let (hold, key) = (hold_id(1), hold_id(1).key);
    scene.commit(30, &[request(a, 2, Action::Upgrade { hold, key, wait: Wait::Try })]);
    scene.kept();
    let reason = EndReason::MaxHold;
    let ended =
        Happening::HoldEnded { name: name("a"), token: hold_id(2).token, session: a.id, reason };
    scene.believe(&held(0, a, 2, X));
    scene.forge(40, None, &[ended]);
    scene.broken("G");
    assert_eq!(scene.audit.table.now, Time(40));
}
