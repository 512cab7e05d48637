//! What is left after a crash.

use bramah_core::{FencingToken, Outcome, State};
use bramah_node::{Node, NodeError, Recovered, Replay, Reply};
use bramah_wal::Entry;
use bramah_wire::request::What;

use crate::harness::{Shell, is_grant_of, membership};

#[test]
fn every_answered_hold_is_there_after_a_crash_with_its_token() {
    let mut shell = Shell::new();
    shell.connect(1);
    let session = shell.open(1, 60_000);
    let grants: Vec<_> = (0..100).map(|i| shell.hold(1, session, &format!("lock-{i}"))).collect();
    let mut shell = shell.restart(5);
    shell.connect(2);
    let after = FencingToken(0);
    let Reply::Attached { session: found, .. } = shell.ask(2, What::Attach { session, after })
    else {
        panic!("not attached")
    };
    let ids =
        |grants: &[bramah_core::Grant]| grants.iter().map(|grant| grant.hold).collect::<Vec<_>>();
    assert_eq!(ids(&found.holds), ids(&grants));
    let next = shell.hold(2, session, "another");
    assert!(next.hold.token > grants[99].hold.token);
}

#[test]
fn what_was_not_durable_is_gone_and_its_token_was_told_to_nobody() {
    let mut shell = Shell::new();
    shell.connect(1);
    let session = shell.open(1, 60_000);
    shell.hold(1, session, "x");
    shell.writes_at_once = false;
    let command = shell.acquire_command(session, "y");
    let id = shell.send(1, What::Command(command));
    assert!(!shell.replies.contains_key(&(1, id)));
    let shell = shell.restart(5);
    assert_eq!(shell.node.applied().0.sizes().holds, 1);
}

#[test]
fn waiters_go_on_waiting_in_their_order_after_a_crash() {
    let mut shell = Shell::new();
    shell.connect(1);
    let sessions: Vec<_> = (0..5).map(|_| shell.open(1, 60_000)).collect();
    let first = shell.hold(1, sessions[0], "x");
    for session in &sessions[1..] {
        assert!(matches!(shell.acquire(1, *session, "x"), Outcome::Queued { .. }));
    }
    let mut shell = shell.restart(5);
    shell.connect(2);
    let mut hold = first.hold;
    for session in &sessions[1..] {
        shell.ask(2, What::Attach { session: *session, after: FencingToken(0) });
        shell.release(2, hold);
        let news = shell.news(2);
        let granted = news.iter().find(|what| is_grant_of(what, "x")).expect("the next is granted");
        let bramah_core::Happening::Granted { session: to, grants, .. } = granted else {
            panic!("no grant")
        };
        assert_eq!(*to, session.id);
        hold = grants[0].hold;
    }
}

#[test]
fn a_request_repeated_after_a_crash_gets_its_first_answer() {
    let mut shell = Shell::new();
    shell.connect(1);
    let session = shell.open(1, 60_000);
    let command = shell.acquire_command(session, "x");
    let first = shell.command(1, command.clone());
    let mut shell = shell.restart(5);
    shell.connect(2);
    let Outcome::Granted(first) = first else { panic!("not granted") };
    let Outcome::Granted(again) = shell.command(2, command) else { panic!("not granted again") };
    assert_eq!(first[0].hold, again[0].hold);
    assert_eq!(shell.node.applied().0.sizes().holds, 1);
}

#[test]
fn a_log_with_a_gap_or_without_its_committed_end_is_an_error() {
    let mut shell = Shell::new();
    shell.connect(1);
    let session = shell.open(1, 60_000);
    shell.hold(1, session, "x");
    let recovered = |spoil: fn(&mut Recovered)| {
        let mut recovered = Recovered::new(membership(), true, 2);
        recovered.hard_state = shell.hard_state;
        recovered.entries.clone_from(&shell.entries);
        spoil(&mut recovered);
        Node::new(recovered).err()
    };
    assert!(recovered(|_| {}).is_none());
    let gap = recovered(|recovered| drop(recovered.entries.remove(1)));
    assert!(matches!(gap, Some(NodeError::Gap { index: 4 })), "{gap:?}");
    let fall = recovered(|recovered| recovered.entries[1].term = 0);
    assert!(matches!(fall, Some(NodeError::Gap { index: 3 })), "{fall:?}");
    let short = recovered(|recovered| recovered.hard_state.commit = 100);
    assert!(matches!(short, Some(NodeError::CommitBehindEnd { commit: 100, .. })), "{short:?}");
    let kind = recovered(|recovered| recovered.entries[1].kind = 9);
    assert!(matches!(kind, Some(NodeError::EntryKind { index: 3, kind: 9 })), "{kind:?}");
}

#[test]
fn a_change_of_the_members_that_cannot_be_read_is_an_error_for_compaction_too() {
    let mut replay = Replay::new(State::new(0), membership(), 1, 1);
    let error = replay.apply(&Entry { term: 1, index: 2, kind: 2, data: Vec::new().into() });
    assert!(matches!(error, Err(NodeError::Entry { index: 2, .. })), "{error:?}");
}
