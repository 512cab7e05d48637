//! G4, G6 and G8: how holds and sessions end, and what is done twice.

use bramah_core::{
    Action, Command, EndReason, Happening, Key, Mode, Outcome, RequestSeq, SessionClose, Time, Wait,
};
use bramah_node::Reply;
use bramah_wire::entry::Run;
use bramah_wire::request::What;

use super::{Scene, acquire, granted, hold_id, name, of, open, release, request};
use crate::fact::{Fact, LetCause};
use crate::plan::Fault;
use crate::time::SimTime;

const X: Mode = Mode::Exclusive;

fn ended(session: u64, reason: EndReason) -> Happening {
    Happening::SessionEnded { session: of(session).id, reason }
}

fn hold_ended(token: u64, reason: EndReason) -> Happening {
    let session = of(1).id;
    Happening::HoldEnded { name: name("a"), token: hold_id(token).token, session, reason }
}

#[test]
fn a_session_that_expires_at_its_ttl_is_fine_and_one_that_never_does_is_seen() {
    let mut scene = Scene::new();
    scene.commit(0, &[open(1_000)]);
    scene.commit(1_000, &[]);
    scene.kept();
    assert!(scene.audit.table.sessions.is_empty());

    // The cluster's time stands still while entries are committed.
    let mut scene = Scene::new();
    scene.commit(0, &[open(1_000)]);
    for second in 1..=3 {
        scene.now = SimTime::from_ms(second * 1_000);
        let persist = scene.entry(1, 1, &[]);
        scene.audit.ordered(1, &persist);
        scene.audit.durable(1, persist.number);
        scene.apply(1);
    }
    scene.kept();
    scene.now = SimTime::from_ms(3_100);
    let persist = scene.entry(1, 1, &[]);
    scene.audit.ordered(1, &persist);
    scene.audit.durable(1, persist.number);
    scene.apply(1);
    scene.broken("G4");
}

#[test]
fn time_in_which_nobody_could_serve_does_not_count() {
    let mut scene = Scene::new();
    scene.commit(0, &[open(1_000)]);
    // From the last commit of term 1 to the first of term 2.
    scene.now = SimTime::from_ms(20_000);
    let persist = scene.entry(2, 1, &[]);
    scene.audit.ordered(1, &persist);
    scene.audit.durable(1, persist.number);
    scene.apply(1);
    scene.kept();
    scene.now = SimTime::from_ms(20_010);
    scene.fact(&Fact::Fault(&Fault::FullDisk { member: 0, for_ms: 60_000 }));
    for ms in 20_010..50_000 {
        scene.audit.no_zombies.look(SimTime::from_ms(ms), &scene.clients);
    }
    scene.now = SimTime::from_ms(50_000);
    let persist = scene.entry(2, 2, &[]);
    scene.audit.ordered(1, &persist);
    scene.audit.durable(1, persist.number);
    scene.apply(1);
    scene.kept();
}

#[test]
fn a_session_that_expires_early_is_seen_by_the_cluster_s_clock_and_by_the_true_one() {
    let mut scene = Scene::new();
    scene.commit(0, &[open(10_000)]);
    let expired = EndReason::Expired { renewed_at: Time(0) };
    scene.forge(9_999, None, &[ended(1, expired)]);
    scene.broken("G8");

    let mut scene = Scene::new();
    let open = open(10_000);
    let call = scene.call(&What::Command(open.clone()));
    scene.commit(0, &[open]);
    let session = of(1);
    scene.answer(call, &Reply::Outcome(Outcome::SessionOpened { session, deadline: Time(10_000) }));
    scene.now = SimTime::from_ms(5_000);
    let keepalive = scene.call(&What::KeepAlive(vec![session]));
    scene.commit(5_000, &[Command::Renew(vec![session])]);
    scene.answer(keepalive, &Reply::KeptAlive { renewals: vec![Ok(Time(15_000))], ended: vec![] });
    scene.kept();
    // The cluster's time runs away.
    scene.now = SimTime::from_ms(14_000);
    let persist = scene.entry(1, 15_000, &[]);
    scene.audit.ordered(1, &persist);
    scene.audit.durable(1, persist.number);
    scene.apply(1);
    scene.broken("G8");
}

#[test]
fn a_session_ends_only_for_a_reason() {
    let close = Command::CloseSession { session: of(1), cause: SessionClose::Disconnected };
    let closed = Outcome::SessionClosed { holds: 0 };
    for (reason, command) in [
        (EndReason::SessionClosed, None),
        (EndReason::SessionClosed, Some((&close, &closed))),
        // It was opened to outlive its connection.
        (EndReason::Disconnected, Some((&close, &closed))),
        (EndReason::Expired { renewed_at: Time(0) }, None),
    ] {
        let mut scene = Scene::new();
        scene.commit(0, &[open(10_000)]);
        scene.forge(20, command, &[ended(1, reason)]);
        scene.broken("G8");
    }
}

#[test]
fn a_hold_ends_only_for_a_reason() {
    let stranger = release(of(2), 1, 7);
    let released = Outcome::Released { reentries_left: 0, free_at: None };
    let cancel = request(of(1), 9, Action::Cancel { seq: RequestSeq(8) });
    let cancelled = Outcome::Cancelled { was_held: true };
    for (reason, command, promise) in [
        (EndReason::Released, None, "G6"),
        (EndReason::Released, Some((&stranger, &released)), "G6"),
        (EndReason::Cancelled, Some((&cancel, &cancelled)), "G6"),
        (EndReason::MaxHold, None, "G8"),
        (EndReason::Upgraded, None, "G8"),
        (EndReason::Revoked { by: "op".into() }, None, "G8"),
        (EndReason::Expired { renewed_at: Time(0) }, None, "G8"),
    ] {
        let mut scene = Scene::new();
        scene.open(0);
        scene.open(0);
        scene.commit(10, &[acquire(of(1), 1, X, Wait::Try)]);
        scene.kept();
        scene.forge(20, command, &[hold_ended(1, reason)]);
        scene.broken(promise);
    }
}

#[test]
fn a_lease_that_is_lost_where_nothing_goes_wrong_is_seen_but_not_of_the_forgetful() {
    let asks: [(&[u64], bool); 3] = [(&[4_000], true), (&[9_000], true), (&[4_000, 9_000], false)];
    for (asks_ms, is_right) in asks {
        let mut scene = Scene::new();
        let a = scene.open(0);
        scene.commit(10, &[acquire(a, 1, X, Wait::Try)]);
        scene.audit.ride_through.acknowledged(a.id, SimTime::from_ms(0), 10_000);
        for asked_ms in asks_ms {
            scene.now = SimTime::from_ms(*asked_ms);
            scene.call(&What::KeepAlive(vec![a]));
        }
        scene.now = SimTime::from_ms(9_900);
        let (token, why) = (hold_id(1).token, LetCause::Deadline);
        scene.fact(&Fact::Lets { client: 0, token, why });
        if is_right {
            scene.kept();
        } else {
            scene.broken("G8");
        }
    }
}

#[test]
fn a_hold_that_is_given_back_before_its_minimum_and_lets_others_in_is_seen() {
    let mut scene = Scene::new();
    let a = scene.open(0);
    let Command::Request { action: Action::Acquire(mut wanted), .. } = acquire(a, 1, X, Wait::Try)
    else {
        panic!("an acquire")
    };
    wanted.terms.min_hold_ms = 100;
    scene.commit(10, &[request(a, 1, Action::Acquire(wanted)), release(a, 2, 1)]);
    scene.kept();
    scene.forge(109, None, &[hold_ended(1, EndReason::Released)]);
    scene.broken("G8");
}

#[test]
fn a_request_that_is_repeated_is_fine_and_one_that_is_done_twice_is_seen() {
    let mut scene = Scene::new();
    let a = scene.open(0);
    let command = acquire(a, 1, X, Wait::Try);
    scene.commit(10, &[command.clone(), command.clone()]);
    scene.commit(20, &[release(a, 2, 1), release(a, 2, 1), command.clone()]);
    scene.kept();

    let mut scene = Scene::new();
    let a = scene.open(0);
    let mode = Mode::Shared;
    let command = acquire(a, 1, mode, Wait::Try);
    scene.commit(10, std::slice::from_ref(&command));
    let outcome = Outcome::Granted(vec![super::grant(2, mode, 20)]);
    scene.forge(20, Some((&command, &outcome)), &[granted(a, 1, 2, mode)]);
    scene.broken("G6");
}

#[test]
fn a_second_answer_that_contradicts_the_first_is_seen() {
    let mut scene = Scene::new();
    let a = scene.open(0);
    let command = release(a, 1, 1);
    scene.commit(10, std::slice::from_ref(&command));
    let outcome = Outcome::Released { reentries_left: 0, free_at: None };
    scene.forge(20, Some((&command, &outcome)), &[]);
    scene.broken("G6");
}

#[test]
fn a_command_that_is_in_the_log_twice_is_seen() {
    let mut scene = Scene::new();
    let run = |first, count| Run { incarnation: 3, first, count };
    let Scene { audit, .. } = &mut scene;
    audit.idempotent.origins(2, &[run(1, 2), run(5, 1)], &mut audit.report);
    scene.kept();
    let Scene { audit, .. } = &mut scene;
    audit.idempotent.origins(3, &[run(4, 1)], &mut audit.report);
    scene.kept();
    let Scene { audit, .. } = &mut scene;
    audit.idempotent.origins(3, &[run(4, 1)], &mut audit.report);
    scene.broken("G6");
}

#[test]
fn a_refusal_that_did_something_and_a_grant_to_a_session_that_is_over_are_seen() {
    let mut scene = Scene::new();
    let a = scene.open(0);
    let refused = Outcome::Refused(bramah_core::Refusal::RequestStale);
    let command = acquire(a, 1, X, Wait::Try);
    scene.forge(20, Some((&command, &refused)), &[granted(a, 1, 1, X)]);
    scene.broken("G9");

    let mut scene = Scene::new();
    scene.forge(20, None, &[granted(of(4), 1, 1, X)]);
    scene.broken("G7");
    assert_eq!(of(4).key, Key(5));
}
