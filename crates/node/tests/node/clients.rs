//! Connections, the sessions they speak for, and who is told what.

use std::sync::Arc;

use bramah_core::{
    Command, EndReason, FencingToken, Happening, OnDisconnect, Outcome, Refusal, RevokeTarget,
    SessionId,
};
use bramah_node::{ClientId, Input, Reply};
use bramah_wire::request::{Query, What};

use crate::harness::{Shell, end_of, is_grant_of};

#[test]
fn a_waiter_is_told_of_its_grant_and_the_releaser_only_of_its_release() {
    let mut shell = Shell::new();
    shell.connect(1);
    shell.connect(2);
    let (one, two) = (shell.open(1, 5_000), shell.open(2, 5_000));
    let grant = shell.hold(1, one, "x");
    assert!(matches!(shell.acquire(2, two, "x"), Outcome::Queued { position: 1, waiters: 1 }));
    shell.release(1, grant.hold);
    assert_eq!(shell.news(1), []);
    let news = shell.news(2);
    assert!(matches!(&news[..], [granted] if is_grant_of(granted, "x")), "{news:?}");
}

#[test]
fn a_holder_is_told_when_somebody_else_releases_its_hold() {
    let mut shell = Shell::new();
    shell.connect(1);
    shell.connect(2);
    let session = shell.open(1, 5_000);
    let grant = shell.hold(1, session, "x");
    shell.release(2, grant.hold);
    let reasons: Vec<_> = shell.news(1).iter().filter_map(end_of).collect();
    assert_eq!(reasons, [EndReason::Released]);
}

#[test]
fn a_session_bound_to_its_connection_ends_with_it() {
    let mut shell = Shell::new();
    shell.connect(1);
    shell.connect(2);
    let bound = shell.open_with(1, 60_000, OnDisconnect::Release);
    let kept = shell.open(1, 60_000);
    shell.hold(1, bound, "bound");
    shell.hold(1, kept, "kept");
    let other = shell.open(2, 60_000);
    shell.acquire(2, other, "bound");
    shell.acquire(2, other, "kept");
    shell.step([Input::Disconnected(ClientId(1))]);
    let news = shell.news(2);
    assert!(matches!(&news[..], [granted] if is_grant_of(granted, "bound")), "{news:?}");
}

#[test]
fn a_bound_session_whose_client_is_gone_before_it_opens_ends_at_once() {
    let mut shell = Shell::new();
    shell.connect(1);
    shell.writes_at_once = false;
    shell.send(1, What::Command(crate::harness::open(60_000, OnDisconnect::Release)));
    shell.step([Input::Disconnected(ClientId(1))]);
    shell.writes_at_once = true;
    shell.write();
    shell.step([Input::Tick]);
    assert_eq!(shell.node.applied().0.sizes().sessions, 0);
}

#[test]
fn a_client_that_comes_back_finds_its_holds_and_hears_of_its_grants() {
    let mut shell = Shell::new();
    shell.connect(1);
    shell.connect(2);
    let (one, two) = (shell.open(1, 5_000), shell.open(2, 5_000));
    let grant = shell.hold(1, one, "x");
    let own = shell.hold(2, two, "y");
    shell.acquire(2, two, "x");
    shell.step([Input::Disconnected(ClientId(2))]);
    shell.connect(3);
    let after = FencingToken(0);
    let Reply::Attached { session, .. } = shell.ask(3, What::Attach { session: two, after }) else {
        panic!("not attached")
    };
    assert_eq!(session.holds, [own]);
    shell.release(1, grant.hold);
    let news = shell.news(3);
    assert!(matches!(&news[..], [granted] if is_grant_of(granted, "x")), "{news:?}");
}

#[test]
fn a_keepalive_over_a_connection_that_hears_no_news_of_a_session_tells_what_ended() {
    let mut shell = Shell::new();
    shell.connect(1);
    shell.connect(2);
    let (one, two) = (shell.open(1, 60_000), shell.open(2, 60_000));
    let (gone, stays) = (shell.hold(1, one, "gone"), shell.hold(1, one, "stays"));
    let keep_alive = |shell: &mut Shell, client| {
        let id = shell.send(client, What::KeepAlive(vec![two, one]));
        shell.pass(200);
        match shell.replies.remove(&(client, id)) {
            Some(Reply::KeptAlive { renewals, ended }) => {
                assert!(matches!(renewals[..], [Ok(_), Ok(_)]), "{renewals:?}");
                let ended = ended.into_iter().map(|ended| (ended.token, ended.reason));
                ended.collect::<Vec<_>>()
            }
            other => panic!("not kept alive: {other:?}"),
        }
    };
    assert_eq!(keep_alive(&mut shell, 2), []);
    let target = RevokeTarget::Hold(gone.name.clone(), gone.hold.token);
    let by: Arc<str> = "ops".into();
    shell
        .ask(2, What::Command(Command::Revoke { target, wait_for_deadline: true, by: by.clone() }));
    let reason = EndReason::Revoked { by };
    for _ in 0..2 {
        assert_eq!(keep_alive(&mut shell, 2), [(gone.hold.token, reason.clone())]);
    }
    let news = shell.news(1);
    assert!(matches!(&news[..], [Happening::HoldEnded { .. }]), "{news:?}");
    assert_eq!(keep_alive(&mut shell, 1), [], "its news came");
    // A look tells the same, and takes the news from nobody.
    let session = Query::GetSession { session: one, after: FencingToken(0) };
    let Reply::Session { session, .. } = shell.ask(2, What::Query(session)) else {
        panic!("no session")
    };
    let held: Vec<_> = session.holds.iter().map(|grant| grant.hold).collect();
    assert_eq!((held, session.ended[0].token), (vec![stays.hold], gone.hold.token));
    shell.release(2, stays.hold);
    assert!(matches!(&shell.news(1)[..], [Happening::HoldEnded { .. }]));
}

#[test]
fn attaching_with_a_wrong_key_gets_nothing() {
    let mut shell = Shell::new();
    shell.connect(1);
    shell.connect(2);
    let mut session = shell.open(1, 5_000);
    session.key.0 += 1;
    let after = FencingToken(0);
    let reply = shell.ask(2, What::Attach { session, after });
    assert_eq!(reply, Reply::Outcome(Outcome::Refused(Refusal::SessionUnknown)));
    shell.pass(6_000);
    let told = shell.news(1);
    assert!(told.iter().any(|what| matches!(what, Happening::SessionEnded { .. })), "{told:?}");
}

#[test]
fn an_answer_to_a_question_tells_the_time_though_nothing_happened_since() {
    let mut shell = Shell::new();
    shell.connect(1);
    let session = shell.open(1, 60_000);
    let grant = shell.hold(1, session, "x");
    shell.pass(5_000);
    shell.send(1, What::ServerInfo);
    assert_eq!(shell.told_at.0, grant.granted_at.0 + 5_000);
}

#[test]
fn whoever_asks_much_keeps_nobody_waiting() {
    let mut shell = Shell::new();
    shell.connect(1);
    shell.connect(2);
    let session = shell.open(2, 60_000);
    let list = || Query::ListSessions { after: SessionId(0), len_max: 10 };
    let ask = |client, id, what| Input::Request { client: ClientId(client), id, what };
    let mut inputs: Vec<_> = (1_001..=2_000).map(|id| ask(1, id, What::Query(list()))).collect();
    inputs.push(ask(2, 1, What::Query(list())));
    inputs.push(ask(2, 2, What::Command(shell.acquire_command(session, "x"))));
    shell.writes_at_once = false;
    shell.step(inputs);
    assert_eq!(shell.replies.len(), 1, "one question is answered, and the write is ordered");
    assert_eq!(shell.writing.len(), 1);
    shell.write();
    assert!(shell.replies.contains_key(&(2, 1)) && shell.replies.contains_key(&(2, 2)));
    while shell.node.has_questions() {
        shell.step([]);
    }
    assert_eq!(shell.replies.len(), 1_002, "and in the end each is answered");
}
