//! G7, G9, reads: what clients are told.

use bramah_core::{
    Action, Command, FencingToken, Happening, HoldAction, Mode, Outcome, Refusal, Time, Value, Wait,
};
use bramah_node::{Reply, Unavailable};
use bramah_wire::request::{Query, What};

use super::{Scene, acquire, grant, hold_id, name, of, release, request};
use crate::fact::Fact;
use crate::time::SimTime;

const X: Mode = Mode::Exclusive;

#[test]
fn what_the_log_made_of_a_request_may_be_told() {
    let mut scene = Scene::new();
    let a = scene.open(0);
    let command = acquire(a, 1, X, Wait::Try);
    let call = scene.call(&What::Command(command.clone()));
    scene.commit(10, &[command]);
    scene.answer(call, &Reply::Outcome(Outcome::Granted(vec![grant(1, X, 10)])));
    scene.broken("G7");

    let mut scene = Scene::new();
    let a = scene.open(0);
    let command = acquire(a, 1, X, Wait::Try);
    let call = scene.call(&What::Command(command.clone()));
    scene.commit(10, &[command]);
    let right = grant(1, X, 10);
    let right = bramah_core::Grant { deadline: Time(10_000), ..right };
    scene.answer(call, &Reply::Outcome(Outcome::Granted(vec![right])));
    scene.kept();
    assert_eq!(scene.audit.calls.open().count(), 0);
}

#[test]
fn a_success_that_is_told_before_it_is_in_the_log_is_seen() {
    let mut scene = Scene::new();
    let a = scene.open(0);
    let command = release(a, 1, 1);
    let call = scene.call(&What::Command(command));
    let outcome = Outcome::Released { reentries_left: 0, free_at: None };
    scene.answer(call, &Reply::Outcome(outcome));
    scene.broken("G7");
}

#[test]
fn an_answer_to_an_earlier_request_of_another_is_no_answer_to_this_one() {
    let mut scene = Scene::new();
    let a = scene.open(0);
    scene.commit(10, &[release(a, 1, 1)]);
    let call = scene.call(&What::Command(release(a, 1, 1)));
    let refused = Outcome::Refused(Refusal::NotHolder { ended: None });
    scene.answer(call, &Reply::Outcome(refused));
    scene.broken("G9");
}

#[test]
fn a_keepalive_is_told_what_it_came_to() {
    for (told, promise) in
        [(Ok(Time(10_010)), None), (Ok(Time(10_011)), Some("G7")), (Err(()), Some("G9"))]
    {
        let mut scene = Scene::new();
        let a = scene.open(0);
        let call = scene.call(&What::KeepAlive(vec![a]));
        scene.commit(10, &[Command::Renew(vec![of(77), a])]);
        let told = told.map_err(|()| Refusal::SessionUnknown);
        scene.answer(call, &Reply::KeptAlive { renewals: vec![told], ended: vec![] });
        match promise {
            None => scene.kept(),
            Some(promise) => scene.broken(promise),
        }
    }
}

#[test]
fn what_was_refused_as_often_as_it_was_sent_must_not_be_in_the_log() {
    let refused = Reply::Unavailable(Unavailable::NoLeader);
    let mut scene = Scene::new();
    let a = scene.open(0);
    let command = acquire(a, 1, X, Wait::Try);
    let call = scene.call(&What::Command(command.clone()));
    scene.answer(call, &refused);
    scene.send(call);
    scene.commit(10, std::slice::from_ref(&command));
    scene.kept();
    scene.answer(call, &refused);
    scene.broken("G9");

    let mut scene = Scene::new();
    let a = scene.open(0);
    let call = scene.call(&What::Command(command.clone()));
    scene.answer(call, &refused);
    assert_eq!(a, of(1));
    scene.commit(10, &[command]);
    scene.broken("G9");
}

#[test]
fn what_is_in_the_log_more_often_than_it_was_sent_is_seen() {
    let mut scene = Scene::new();
    let a = scene.open(0);
    let call = scene.call(&What::KeepAlive(vec![a]));
    scene.commit(10, &[Command::Renew(vec![a])]);
    scene.send(call);
    scene.commit(20, &[Command::Renew(vec![a])]);
    scene.kept();
    scene.commit(30, &[Command::Renew(vec![a])]);
    scene.broken("G6");
}

#[test]
fn a_refusal_of_a_sending_that_was_done_is_seen_though_another_was_not() {
    let refused = Reply::Unavailable(Unavailable::NoLeader);
    let mut scene = Scene::new();
    let a = scene.open(0);
    let call = scene.call(&What::KeepAlive(vec![a]));
    scene.send(call);
    scene.commit(10, &[Command::Renew(vec![a])]);
    scene.answer(call, &refused);
    scene.kept();
    scene.answer(call, &refused);
    scene.broken("G9");
}

#[test]
fn a_value_that_is_told_and_not_kept_is_seen() {
    let mut scene = Scene::new();
    let a = scene.open(0);
    scene.commit(10, &[acquire(a, 1, X, Wait::Try)]);
    let set =
        |value: Value| request(a, 2, Action::Hold(hold_id(1), HoldAction::SetValue(Some(value))));
    let value = Value::new(b"seven").expect("short");
    scene.commit(20, &[set(value.clone())]);
    scene.kept();
    let value = Some(Value::new(b"eight").expect("short"));
    scene.forge(
        30,
        None,
        &[Happening::ValueSet { name: name("a"), token: FencingToken(1), value }],
    );
    scene.broken("reads");
}

#[test]
fn what_is_unknown_may_be_in_the_log() {
    let mut scene = Scene::new();
    let a = scene.open(0);
    let command = acquire(a, 1, X, Wait::Try);
    let call = scene.call(&What::Command(command.clone()));
    scene.answer(call, &Reply::OutcomeUnknown);
    scene.commit(10, &[command]);
    scene.kept();
    assert_eq!(scene.audit.calls.open().count(), 0, "it has been answered");
}

#[test]
fn a_read_may_show_any_state_since_it_was_asked_and_none_before() {
    let ask = What::Query(Query::GetLock { name: name("a"), waiters_max: 10 });
    let nobody = Reply::Lock { name: name("a"), view: None };
    let mut scene = Scene::new();
    let a = scene.open(0);
    let call = scene.call(&ask);
    scene.commit(10, &[acquire(a, 1, X, Wait::Try)]);
    scene.commit(20, &[release(a, 2, 1)]);
    let held = scene.audit.calls.get(call).expect("it is open").answers[1].clone();
    assert_ne!(held, nobody);
    scene.answer(call, &held);
    scene.kept();
    let call = scene.call(&ask);
    scene.answer(call, &nobody);
    scene.kept();
    let call = scene.call(&ask);
    scene.answer(call, &held);
    scene.broken("reads");
}

#[test]
fn a_call_without_an_answer_at_the_end_is_seen_but_not_of_the_dead() {
    let mut scene = Scene::new();
    let a = scene.open(0);
    scene.call(&What::Command(acquire(a, 1, X, Wait::Try)));
    scene.fact(&Fact::ClientDied { client: 0 });
    scene.audit.end(SimTime::from_ms(90_000), &scene.clients.clone());
    scene.kept();
    scene.call(&What::Command(acquire(a, 1, X, Wait::Try)));
    scene.audit.end(SimTime::from_ms(90_000), &scene.clients.clone());
    scene.broken("G5");
}
