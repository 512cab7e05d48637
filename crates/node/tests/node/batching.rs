//! What becomes one write, and when anybody is answered.

use bramah_core::{Command, OnDisconnect, Outcome, SessionId};
use bramah_node::{ClientId, Input, Reply, Room, Unavailable};
use bramah_wire::request::{Query, What};

use crate::harness::{Shell, acquire, open};

fn request(id: u64, command: Command) -> Input {
    Input::Request { client: ClientId(1), id, what: What::Command(command) }
}

#[test]
fn nobody_is_answered_before_the_write_is_durable() {
    let mut shell = Shell::new();
    shell.connect(1);
    shell.writes_at_once = false;
    let id = shell.send(1, What::Command(open(5_000, OnDisconnect::Keep)));
    assert_eq!(shell.writing.len(), 1);
    assert!(shell.replies.is_empty());
    shell.writes_at_once = true;
    shell.write();
    assert!(shell.replies.contains_key(&(1, id)));
}

#[test]
fn what_comes_during_a_write_becomes_one_entry() {
    let mut shell = Shell::new();
    shell.connect(1);
    let session = shell.open(1, 5_000);
    shell.writes_at_once = false;
    for seq in 1..=10 {
        shell.step([request(100 + seq, acquire(session, seq, &format!("lock-{seq}")))]);
    }
    assert_eq!(shell.writing.len(), 1, "only the first is being written");
    let entries = shell.entries.len();
    shell.writes_at_once = true;
    shell.write();
    assert_eq!(shell.entries.len(), entries + 2, "the other nine are one entry");
    assert_eq!(shell.replies.len(), 10);
}

#[test]
fn facts_that_come_together_become_one_entry() {
    let mut shell = Shell::new();
    shell.connect(1);
    let session = shell.open(1, 5_000);
    let entries = shell.entries.len();
    shell.step(
        (1..=10).map(|seq| request(100 + seq, acquire(session, seq, &format!("lock-{seq}")))),
    );
    assert_eq!(shell.entries.len(), entries + 1);
}

#[test]
fn keepalives_of_many_clients_share_one_entry_per_tick() {
    let mut shell = Shell::new();
    let sessions: Vec<_> = (1..=5)
        .map(|client| {
            shell.connect(client);
            shell.open(client, 5_000)
        })
        .collect();
    let entries = shell.entries.len();
    for (client, session) in (1..).zip(&sessions) {
        shell.send(client, What::KeepAlive(vec![*session]));
        shell.pass(10);
    }
    assert_eq!(shell.entries.len(), entries, "they wait for company");
    shell.pass(100);
    assert_eq!(shell.entries.len(), entries + 1);
    let answered = shell.replies.values().filter(|reply| matches!(reply, Reply::KeptAlive { .. }));
    assert_eq!(answered.count(), 5);
}

#[test]
fn a_keepalive_rides_with_any_other_entry() {
    let mut shell = Shell::new();
    shell.connect(1);
    let session = shell.open(1, 5_000);
    let id = shell.send(1, What::KeepAlive(vec![session]));
    shell.hold(1, session, "x");
    let Some(Reply::KeptAlive { renewals, .. }) = shell.replies.get(&(1, id)) else {
        panic!("no answer to the keepalive")
    };
    assert!(matches!(renewals[..], [Ok(_)]));
}

#[test]
fn a_low_disk_refuses_what_grows_and_takes_what_ends() {
    let mut shell = Shell::new();
    shell.connect(1);
    let session = shell.open(1, 5_000);
    let grant = shell.hold(1, session, "x");
    shell.step([Input::Room(Room::Low)]);
    let command = shell.acquire_command(session, "y");
    let refused = shell.ask(1, What::Command(command));
    assert_eq!(refused, Reply::Unavailable(Unavailable::DiskFull));
    assert!(matches!(shell.release(1, grant.hold), Outcome::Released { .. }));
    shell.step([Input::Room(Room::Enough)]);
    shell.hold(1, session, "y");
}

#[test]
fn a_full_disk_refuses_every_change_at_once_and_keeps_what_was_being_written() {
    let mut shell = Shell::new();
    shell.connect(1);
    let session = shell.open(1, 5_000);
    shell.writes_at_once = false;
    let command = shell.acquire_command(session, "x");
    let stuck = shell.send(1, What::Command(command));
    shell.step([Input::Room(Room::Out)]);
    let command = shell.acquire_command(session, "y");
    let refused = shell.ask(1, What::Command(command));
    assert_eq!(refused, Reply::Unavailable(Unavailable::DiskFull));
    shell.writes_at_once = true;
    shell.step([Input::Room(Room::Enough)]);
    assert!(matches!(shell.replies.get(&(1, stuck)), Some(Reply::Outcome(Outcome::Granted(_)))));
}

#[test]
fn a_draining_node_takes_nothing_new_and_says_when_it_is_done() {
    let mut shell = Shell::new();
    shell.connect(1);
    let session = shell.open(1, 5_000);
    let grant = shell.hold(1, session, "x");
    shell.writes_at_once = false;
    let release = Command::ByHold { hold: grant.hold, action: bramah_core::HoldAction::Release };
    shell.send(1, What::Command(release));
    shell.step([Input::Drain]);
    assert!(!shell.drained, "a release is being written");
    let refused = shell.ask(1, What::Command(open(5_000, OnDisconnect::Keep)));
    assert_eq!(refused, Reply::Unavailable(Unavailable::Draining));
    shell.writes_at_once = true;
    shell.write();
    assert!(shell.drained);
}

#[test]
fn a_draining_node_answers_keepalives_and_questions_that_wait_before_it_is_done() {
    let mut shell = Shell::new();
    shell.connect(1);
    let session = shell.open(1, 5_000);
    let keepalive = shell.send(1, What::KeepAlive(vec![session]));
    shell.step([Input::Drain]);
    assert!(!shell.drained, "a keepalive waits for company");
    shell.pass(100);
    assert!(shell.drained && shell.replies.contains_key(&(1, keepalive)));

    let mut shell = Shell::new();
    shell.connect(1);
    let list = |id| {
        let what = What::Query(Query::ListSessions { after: SessionId(0), len_max: 10 });
        Input::Request { client: ClientId(1), id, what }
    };
    let asked = [101, 102, 103];
    shell.step(asked.map(list).into_iter().chain([Input::Drain]));
    assert!(!shell.drained, "one question is answered in a step");
    while !shell.drained {
        assert!(shell.node.has_questions(), "what else is it waiting for?");
        shell.step([]);
    }
    assert!(asked.iter().all(|id| shell.replies.contains_key(&(1, *id))));
}

#[test]
fn a_request_that_was_served_is_answered_again_whatever_the_node_refuses_now() {
    for trouble in [Input::Room(Room::Low), Input::Drain] {
        let mut shell = Shell::new();
        shell.connect(1);
        let session = shell.open(1, 5_000);
        let command = shell.acquire_command(session, "x");
        let Outcome::Granted(first) = shell.command(1, command.clone()) else { panic!("refused") };
        shell.step([trouble]);
        let Outcome::Granted(again) = shell.command(1, command) else { panic!("refused") };
        assert_eq!(first[0].hold, again[0].hold);
        let fresh = shell.acquire_command(session, "y");
        assert!(matches!(shell.ask(1, What::Command(fresh)), Reply::Unavailable(_)));
    }
}
