//! G5 and watch order: who is granted first, and who is told what.

use std::sync::Arc;

use bramah_core::{
    Acquire, Action, Command, Happening, Key, LockView, Mode, Outcome, Priority, RequestSeq, Wait,
    WaitEnd,
};
use bramah_node::{Notice, Reply};
use bramah_wire::request::{Query, Watched, What};

use super::{Scene, acquire, grant, hold_id, name, of, release, request};
use crate::fact::Fact;
use crate::time::SimTime;

const X: Mode = Mode::Exclusive;

fn urgent(command: Command) -> Command {
    match command {
        Command::Request { session, request, action: Action::Acquire(acquire) } => {
            let acquire = Acquire { priority: Priority(3), ..acquire };
            Command::Request { session, request, action: Action::Acquire(acquire) }
        }
        other => other,
    }
}

/// One holds, and two wait.
fn line() -> Scene {
    let mut scene = Scene::new();
    for _ in 0..3 {
        scene.open(0);
    }
    let commands = [
        acquire(of(1), 1, X, Wait::Try),
        acquire(of(2), 1, X, Wait::Forever),
        acquire(of(3), 1, X, Wait::ForMs(500)),
    ];
    scene.commit(10, &commands);
    scene.kept();
    scene
}

fn ended(token: u64) -> Happening {
    Happening::HoldEnded {
        name: name("a"),
        token: hold_id(token).token,
        session: of(1).id,
        reason: bramah_core::EndReason::Released,
    }
}

fn waited(session: u64, token: u64) -> Happening {
    Happening::Granted {
        session: of(session).id,
        seq: RequestSeq(1),
        waited: true,
        grants: vec![grant(token, X, 20)],
    }
}

#[test]
fn first_come_first_granted_is_fine_and_so_is_the_more_urgent_one() {
    let mut scene = line();
    scene.open(12);
    scene.commit(15, &[urgent(acquire(of(4), 1, X, Wait::Forever))]);
    for (ms, holder) in [(20, 1), (30, 4), (40, 2), (50, 3)] {
        let token = scene.audit.reference.counters().last_token.0;
        scene.commit(ms, &[release(of(holder), 2, token)]);
    }
    scene.kept();
}

#[test]
fn who_is_granted_out_of_turn_is_seen() {
    let command = release(of(1), 2, 1);
    let outcome = Outcome::Released { reentries_left: 0, free_at: None };
    let mut scene = line();
    scene.forge(20, Some((&command, &outcome)), &[ended(1), waited(3, 2)]);
    scene.broken("G5");
}

#[test]
fn a_lock_that_nobody_is_granted_though_one_waits_is_seen() {
    let command = release(of(1), 2, 1);
    let outcome = Outcome::Released { reentries_left: 0, free_at: None };
    let mut scene = line();
    scene.forge(20, Some((&command, &outcome)), &[ended(1)]);
    scene.broken("G5");
}

#[test]
fn a_waiter_that_left_nothing_behind_but_an_event_is_seen() {
    let mut scene = line();
    let left = Happening::WaitEnded {
        session: of(2).id,
        seq: RequestSeq(1),
        names: vec![name("a")],
        reason: WaitEnd::Cancelled,
    };
    scene.forge(20, None, &[left]);
    scene.broken("G5");
}

#[test]
fn a_wait_or_an_upgrade_whose_end_nobody_told_is_seen_when_it_is_given_up() {
    for (is_upgrade, late_ms) in [(false, 14_000), (false, 16_000), (true, 14_000), (true, 16_000)]
    {
        let mut scene = Scene::new();
        let (a, b) = (scene.open(0), scene.open(0));
        let shared = |session| acquire(session, 1, Mode::Shared, Wait::Try);
        scene.commit(10, &[shared(a), shared(b)]);
        let upgrade = Action::Upgrade { hold: hold_id(1), key: Key(9), wait: Wait::Forever };
        let asks = match is_upgrade {
            true => request(a, 2, upgrade),
            false => acquire(a, 2, X, Wait::ForMs(50)),
        };
        let call = scene.call(&What::Command(asks.clone()));
        scene.commit(20, &[asks]);
        scene.fact(&Fact::Calm);
        scene.commit(80, &[release(b, 2, 2)]);
        scene.now = SimTime::from_ms(80 + late_ms);
        scene.kept();
        scene.fact(&Fact::GaveUp { client: 0, call });
        match late_ms {
            16_000 => scene.broken("G5"),
            _ => scene.kept(),
        }
    }
}

#[test]
fn a_wait_that_goes_on_beyond_its_deadline_is_seen() {
    let mut scene = line();
    scene.commit(510, &[]);
    scene.kept();
    let mut scene = line();
    scene.forge(510, None, &[]);
    let Scene { audit, .. } = &mut scene;
    super::super::Fair::passed(&audit.table, &audit.reference.state, &mut audit.report);
    scene.broken("G5");
}

#[test]
fn a_grant_at_the_time_out_is_seen() {
    let mut scene = line();
    scene.commit(400, &[release(of(1), 2, 1)]);
    let command = release(of(2), 2, 2);
    let outcome = Outcome::Released { reentries_left: 0, free_at: None };
    let ended = match ended(2) {
        Happening::HoldEnded { name, token, reason, .. } => {
            Happening::HoldEnded { name, token, session: of(2).id, reason }
        }
        other => other,
    };
    scene.kept();
    scene.forge(510, Some((&command, &outcome)), &[ended, waited(3, 3)]);
    scene.broken("G7");
}

/// Watches a lock, and lets it be taken and given back twice; gives the news of it.
fn watched() -> (Scene, Vec<Notice>) {
    let mut scene = Scene::new();
    let a = scene.open(0);
    let call = scene.call(&What::Watch(Watched::Name(name("a"))));
    let start = scene.audit.calls.get(call).expect("it is open").answers[0].clone();
    assert!(matches!(start, Reply::WatchStarted(_)));
    scene.answer(call, &start);
    for (ms, seq) in [(10, 1), (20, 3)] {
        scene.commit(ms, &[acquire(a, seq, X, Wait::Try)]);
        let token = scene.audit.reference.counters().last_token.0;
        scene.commit(ms + 5, &[release(a, seq + 1, token)]);
    }
    let notice = |revision| {
        let change = scene.audit.reference.change(revision).expect("it happened");
        let (event, lock) = (Arc::new(change.event.clone()), Arc::new(change.locks[0].clone()));
        Notice::Change { watch_id: call, event, lock }
    };
    let news = (1..=4).map(notice).collect();
    (scene, news)
}

fn tell(scene: &mut Scene, notice: &Notice) {
    let now = scene.audit.table.now;
    scene.fact(&Fact::Noticed { client: 0, connection: 1, member: 1, now, notice });
}

#[test]
fn a_watch_that_is_told_everything_is_fine_and_one_that_misses_something_is_seen() {
    let (mut scene, news) = watched();
    news.iter().for_each(|notice| tell(&mut scene, notice));
    scene.audit.end(SimTime::from_ms(90_000), &scene.clients.clone());
    scene.kept();

    let (mut scene, news) = watched();
    tell(&mut scene, &news[0]);
    tell(&mut scene, &news[2]);
    scene.broken("watch order");

    let (mut scene, news) = watched();
    tell(&mut scene, &news[0]);
    tell(&mut scene, &news[0]);
    scene.broken("watch order");

    // News that are still under way are none that were missed, until an answer comes behind them.
    let (mut scene, news) = watched();
    tell(&mut scene, &news[0]);
    scene.now = SimTime::from_ms(90);
    scene.audit.end(SimTime::from_ms(90), &scene.clients.clone());
    scene.kept();
    let call = scene.call(&What::Query(Query::GetLock { name: name("a"), waiters_max: 1 }));
    scene.answer(call, &Reply::Lock { name: name("a"), view: None });
    scene.audit.end(SimTime::from_ms(90), &scene.clients.clone());
    scene.broken("watch order");
}

#[test]
fn a_watch_that_is_shown_a_lock_as_it_was_not_is_seen() {
    let (mut scene, news) = watched();
    let Notice::Change { watch_id, event, lock } = news[0].clone() else { panic!("a change") };
    let lock = Arc::new(LockView { holders_total: 2, ..LockView::clone(&lock) });
    tell(&mut scene, &Notice::Change { watch_id, event, lock });
    scene.broken("watch order");
}

#[test]
fn news_of_what_did_not_happen_are_seen() {
    let (mut scene, news) = watched();
    let Notice::Change { event, .. } = news[0].clone() else { panic!("a change") };
    tell(&mut scene, &Notice::Session(bramah_core::Event::clone(&event)));
    scene.kept();
    let event = bramah_core::Event { revision: 2, ..bramah_core::Event::clone(&event) };
    tell(&mut scene, &Notice::Session(event));
    scene.broken("G7");
}
