//! Members that lag, come, and go.

use bramah_core::{
    Action, Command, Happening, HoldAction, OnDisconnect, Outcome, RequestRef, RequestSeq, Value,
    WaitEnd,
};
use bramah_node::{ChangeRefused, ClientId, Input, MemberChange, Notice, Reply, Unavailable};
use bramah_wire::request::{Watched, What};

use crate::cluster::Cluster;
use crate::harness::{is_grant_of, name, open};

/// More entries than a leader keeps in memory behind what is applied, for nobody that it heard of
/// of late.
pub(crate) fn outrun(cluster: &mut Cluster, id: u64) {
    cluster.run(11_000);
    send_many(cluster, id);
}

fn send_many(cluster: &mut Cluster, id: u64) {
    let session = cluster.open(id, 1, 600_000);
    for _ in 0..1_100 {
        let keepalive = What::Command(Command::Renew(vec![session]));
        let request = cluster.send(id, 1, keepalive);
        cluster.settle();
        assert!(cluster.reply(id, 1, request).is_some());
    }
}

/// More bytes than a leader keeps for anybody.
fn outweigh(cluster: &mut Cluster, id: u64) {
    let session = cluster.open(id, 1, 600_000);
    let hold = cluster.hold(id, 1, session, "heavy").hold;
    let value = Value::new(&[7; 64 * 1024]).expect("a value of the longest kind");
    for _ in 0..1_100 {
        let action = HoldAction::SetValue(Some(value.clone()));
        let request = cluster.send(id, 1, What::Command(Command::ByHold { hold, action }));
        cluster.settle();
        assert!(cluster.reply(id, 1, request).is_some());
    }
}

fn others(cluster: &Cluster, id: u64) -> Vec<u64> {
    cluster.members.keys().copied().filter(|other| *other != id).collect()
}

#[test]
fn a_member_that_lags_too_far_gets_a_snapshot_and_goes_on_from_it() {
    let mut cluster = Cluster::new(3);
    let (leader, follower) = (cluster.leader(), cluster.follower());
    cluster.connect(leader, 1);
    cluster.isolate(follower);
    outrun(&mut cluster, leader);
    cluster.heal();
    cluster.run(1_000);
    assert_eq!(cluster.members[&follower].snapshots_received, 1);
    let session = cluster.open(follower, 2, 60_000);
    cluster.hold(follower, 2, session, "x");
    assert_eq!(cluster.agree(), 1);
    // What it wrote is enough to start again from.
    cluster.crash(follower);
    cluster.start(follower);
    assert_eq!(cluster.agree(), 1);
    assert_eq!(cluster.members[&follower].snapshots_received, 1);
}

#[test]
fn a_member_that_was_heard_of_lately_gets_what_it_missed_without_a_snapshot() {
    let mut cluster = Cluster::new(3);
    let (leader, follower) = (cluster.leader(), cluster.follower());
    cluster.connect(leader, 1);
    cluster.isolate(follower);
    send_many(&mut cluster, leader);
    cluster.heal();
    cluster.agree();
    assert_eq!(cluster.members[&follower].snapshots_received, 0);
}

/// What sessions were told.
pub(crate) fn news_in(notices: Vec<(u64, Notice)>) -> Vec<Happening> {
    let of_session = |(_, notice)| match notice {
        Notice::Session(event) => Some(event.what),
        _ => None,
    };
    notices.into_iter().filter_map(of_session).collect()
}

#[test]
fn a_snapshot_tells_the_sessions_and_watches_of_its_node_what_they_missed() {
    let mut cluster = Cluster::new(3);
    let (leader, follower) = (cluster.leader(), cluster.follower());
    cluster.connect(leader, 1);
    cluster.connect(follower, 2);
    let holder = cluster.open(leader, 1, 600_000);
    let grant = cluster.hold(leader, 1, holder, "x");
    let waiter = cluster.open(follower, 2, 600_000);
    let lost = cluster.open(follower, 2, 600_000);
    let kept = cluster.hold(follower, 2, waiter, "kept");
    let gone = cluster.hold(follower, 2, waiter, "gone");
    let command = cluster.acquire_command(waiter, "x");
    assert!(matches!(cluster.command(follower, 2, command), Outcome::Queued { .. }));
    let watch = cluster.send(follower, 2, What::Watch(Watched::Name(name("x"))));
    assert!(matches!(cluster.wait(follower, 2, watch), Reply::WatchStarted(_)));
    cluster.isolate(follower);
    cluster.release(leader, 1, grant.hold);
    cluster.release(leader, 1, gone.hold);
    let close = Command::CloseSession { session: lost, cause: bramah_core::SessionClose::Asked };
    cluster.command(leader, 1, close);
    outrun(&mut cluster, leader);
    cluster.member(follower).notices.clear();
    cluster.heal();
    cluster.run(1_000);
    let notices = std::mem::take(&mut cluster.member(follower).notices);
    let lagged = notices.iter().any(|(client, notice)| {
        let is_mine = matches!(notice, Notice::WatchLagged { watch_id, .. } if *watch_id == watch);
        *client == 2 && is_mine
    });
    assert!(lagged);
    let news = news_in(notices);
    assert!(news.iter().any(|what| is_grant_of(what, "x")), "{news:?}");
    let token_ended = |what: &Happening| match what {
        Happening::HoldEnded { token, .. } => Some(*token),
        _ => None,
    };
    assert_eq!(news.iter().find_map(token_ended), Some(gone.hold.token), "{news:?}");
    let session_ended = |what: &Happening| match what {
        Happening::SessionEnded { session, .. } => Some(*session),
        _ => None,
    };
    assert_eq!(news.iter().find_map(session_ended), Some(lost.id), "{news:?}");
    assert_eq!(news.len(), 3, "{news:?} and not {:?}", kept.hold.token);
}

#[test]
fn waits_whose_answers_nobody_keeps_are_told_after_a_snapshot_by_what_they_hold() {
    let mut cluster = Cluster::new(3);
    let (leader, follower) = (cluster.leader(), cluster.follower());
    cluster.connect(leader, 1);
    cluster.connect(follower, 2);
    let holder = cluster.open(leader, 1, 600_000);
    let waiter = cluster.open(follower, 2, 600_000);
    let x = cluster.hold(leader, 1, holder, "x");
    cluster.hold(leader, 1, holder, "y");
    for lock in ["x", "y"] {
        let command = cluster.acquire_command(waiter, lock);
        assert!(matches!(cluster.command(follower, 2, command), Outcome::Queued { .. }));
    }
    let of_y = RequestSeq(cluster.last_seq);
    // It says that it has the answers of all before it: they were queued.
    cluster.hold(follower, 2, waiter, "later");
    cluster.isolate(follower);
    cluster.release(leader, 1, x.hold);
    cluster.last_seq += 1;
    let seq = RequestSeq(cluster.last_seq);
    let request = RequestRef { seq, answered_below: seq };
    let action = Action::Cancel { seq: of_y };
    cluster.command(leader, 1, Command::Request { session: waiter, request, action });
    outrun(&mut cluster, leader);
    cluster.member(follower).notices.clear();
    cluster.heal();
    cluster.run(1_000);
    let news = news_in(std::mem::take(&mut cluster.member(follower).notices));
    assert!(news.iter().any(|what| is_grant_of(what, "x")), "{news:?}");
    let asks_again = |what: &Happening| match what {
        Happening::WaitEnded { seq, reason, .. } => *seq == of_y && *reason == WaitEnd::Cancelled,
        _ => false,
    };
    assert!(news.iter().any(asks_again), "{news:?}");
    assert_eq!(news.len(), 2, "{news:?}");
}

#[test]
fn what_was_handed_over_before_a_snapshot_came_is_of_unknown_outcome() {
    let mut cluster = Cluster::new(3);
    let (leader, follower) = (cluster.leader(), cluster.follower());
    cluster.connect(leader, 1);
    cluster.connect(follower, 2);
    // It can speak, and does not hear.
    for other in others(&cluster, follower) {
        cluster.cut.insert((other, follower));
    }
    let request = cluster.send(follower, 2, What::Command(open(600_000, OnDisconnect::Keep)));
    cluster.settle();
    outweigh(&mut cluster, leader);
    cluster.heal();
    cluster.run(1_000);
    assert_eq!(cluster.members[&follower].snapshots_received, 1);
    assert_eq!(cluster.reply(follower, 2, request), Some(Reply::OutcomeUnknown));
}

#[test]
fn the_end_of_a_bound_session_outlives_a_snapshot_that_comes_before_it_is_done() {
    let mut cluster = Cluster::new(3);
    let (leader, follower) = (cluster.leader(), cluster.follower());
    cluster.connect(leader, 1);
    cluster.connect(follower, 2);
    let bound = cluster.command(follower, 2, open(600_000, OnDisconnect::Release));
    assert!(matches!(bound, Outcome::SessionOpened { .. }), "{bound:?}");
    cluster.isolate(follower);
    cluster.step(follower, [Input::Disconnected(ClientId(2))]);
    outweigh(&mut cluster, leader);
    cluster.heal();
    cluster.run(1_000);
    assert_eq!(cluster.members[&follower].snapshots_received, 1);
    let sessions = cluster.node(leader).applied().0.sizes().sessions;
    assert_eq!(sessions, 1, "the other one: nobody else would end it before its TTL");
}

#[test]
fn an_empty_node_joins_learns_votes_and_serves() {
    let mut cluster = Cluster::new(1);
    cluster.connect(1, 1);
    let session = cluster.open(1, 1, 600_000);
    cluster.hold(1, 1, session, "x");
    for node in 2..=3 {
        cluster.join(node);
        cluster.run(3_000);
        assert!(cluster.leader() == 1 && !cluster.node(node).is_leader());
        let Reply::Membership(members) = cluster.change(1, MemberChange::AddLearner(node)) else {
            panic!("not added")
        };
        assert_eq!(members.learners, [node]);
        cluster.run(1_000);
        let Reply::Membership(members) = cluster.change(1, MemberChange::Promote(node)) else {
            panic!("not promoted")
        };
        assert_eq!(members.voters, (1..=node).collect::<Vec<_>>());
        assert!(members.learners.is_empty());
    }
    assert_eq!(cluster.agree(), 1);
    cluster.connect(3, 1);
    let session = cluster.open(3, 1, 60_000);
    cluster.hold(3, 1, session, "y");
    cluster.crash(1);
    cluster.run(2_000);
    assert_ne!(cluster.leader(), 1);
    cluster.hold(3, 1, session, "z");
    assert_eq!(cluster.agree(), 3);
    assert_eq!(cluster.node(2).membership().voters, [1, 2, 3]);
}

#[test]
fn a_learner_far_behind_gets_no_vote() {
    let mut cluster = Cluster::new(1);
    cluster.connect(1, 1);
    let added = cluster.change(1, MemberChange::AddLearner(2));
    assert!(matches!(added, Reply::Membership(_)));
    // It has something, and then too little.
    cluster.join(2);
    cluster.run(1_000);
    cluster.crash(2);
    outrun(&mut cluster, 1);
    let refused = Reply::ChangeRefused(ChangeRefused::NotCaughtUp);
    assert_eq!(cluster.change(1, MemberChange::Promote(2)), refused);
    cluster.start(2);
    cluster.run(1_000);
    assert!(matches!(cluster.change(1, MemberChange::Promote(2)), Reply::Membership(_)));
}

#[test]
fn a_learner_with_nothing_gets_no_vote_however_short_the_log_is() {
    let mut cluster = Cluster::new(1);
    let added = cluster.change(1, MemberChange::AddLearner(2));
    assert!(matches!(added, Reply::Membership(_)));
    let refused = Reply::ChangeRefused(ChangeRefused::NotCaughtUp);
    assert_eq!(cluster.change(1, MemberChange::Promote(2)), refused);
    cluster.join(2);
    cluster.run(1_000);
    assert!(matches!(cluster.change(1, MemberChange::Promote(2)), Reply::Membership(_)));
}

#[test]
fn nobody_is_removed_whom_the_others_cannot_spare() {
    let mut cluster = Cluster::new(3);
    let leader = cluster.leader();
    let others: Vec<u64> = cluster.members.keys().copied().filter(|id| *id != leader).collect();
    let (away, spared) = (others[0], others[1]);
    cluster.crash(away);
    cluster.run(3_000);
    let refused = Reply::ChangeRefused(ChangeRefused::QuorumAtRisk);
    assert_eq!(cluster.change(leader, MemberChange::Remove(spared)), refused);
    assert_eq!(cluster.change(leader, MemberChange::Remove(leader)), refused);
    cluster.start(away);
    cluster.run(1_000);
    let removed = cluster.change(leader, MemberChange::Remove(spared));
    assert!(matches!(removed, Reply::Membership(_)));
}

#[test]
fn a_change_that_cannot_be_is_refused_with_the_reason() {
    let mut cluster = Cluster::new(3);
    let (leader, follower) = (cluster.leader(), cluster.follower());
    let refused = Reply::ChangeRefused;
    let mut change = |id, change| cluster.change(id, change);
    let no_leader = Reply::Unavailable(Unavailable::NoLeader);
    assert_eq!(change(follower, MemberChange::AddLearner(9)), no_leader);
    let already = refused(ChangeRefused::AlreadyMember);
    assert_eq!(change(leader, MemberChange::AddLearner(follower)), already);
    assert_eq!(change(leader, MemberChange::Promote(follower)), already);
    let unknown = refused(ChangeRefused::UnknownMember);
    assert_eq!(change(leader, MemberChange::Promote(9)), unknown);
    assert_eq!(change(leader, MemberChange::Remove(9)), unknown);
    for node in 4..=7 {
        assert!(matches!(change(leader, MemberChange::AddLearner(node)), Reply::Membership(_)));
    }
    let too_many = refused(ChangeRefused::TooManyMembers);
    assert_eq!(change(leader, MemberChange::AddLearner(8)), too_many);
    let mut alone = Cluster::new(1);
    let last = refused(ChangeRefused::LastVoter);
    assert_eq!(alone.change(1, MemberChange::Remove(1)), last);
}

#[test]
fn a_second_change_waits_until_the_first_is_done() {
    let mut cluster = Cluster::new(3);
    let leader = cluster.leader();
    let change = |id, node| Input::Change {
        client: ClientId(1),
        id,
        change: MemberChange::AddLearner(node),
    };
    cluster.step(leader, [change(500, 8), change(501, 9)]);
    let refused = Reply::ChangeRefused(ChangeRefused::OneAtATime);
    assert_eq!(cluster.reply(leader, 1, 501), Some(refused));
    assert!(matches!(cluster.wait(leader, 1, 500), Reply::Membership(_)));
}

#[test]
fn a_removed_follower_knows_it_and_disturbs_nobody() {
    let mut cluster = Cluster::new(3);
    let (leader, follower) = (cluster.leader(), cluster.follower());
    let term = cluster.node(leader).term();
    assert!(matches!(cluster.change(leader, MemberChange::Remove(follower)), Reply::Membership(_)));
    cluster.run(5_000);
    assert!(cluster.node(follower).is_removed() && !cluster.node(leader).is_removed());
    assert_eq!((cluster.leader(), cluster.node(leader).term()), (leader, term));
    cluster.crash(follower);
    cluster.run(1_000);
    assert_eq!(cluster.node(leader).membership().voters.len(), 2);
}

#[test]
fn the_last_of_two_goes_on_alone_also_after_a_restart() {
    let mut cluster = Cluster::new(2);
    let (leader, follower) = (cluster.leader(), cluster.follower());
    assert!(matches!(cluster.change(leader, MemberChange::Remove(follower)), Reply::Membership(_)));
    cluster.crash(follower);
    cluster.crash(leader);
    cluster.start(leader);
    cluster.connect(leader, 1);
    let session = cluster.open(leader, 1, 60_000);
    cluster.hold(leader, 1, session, "x");
    assert!(cluster.node(leader).next_tick().is_some_and(|at| at.0 > cluster.now + 1_000));
}

#[test]
fn a_change_is_answered_when_a_restart_will_know_it() {
    let mut cluster = Cluster::new(2);
    let (leader, follower) = (cluster.leader(), cluster.follower());
    cluster.member(leader).writes_at_once = false;
    let request = cluster.begin_change(leader, MemberChange::Remove(follower));
    cluster.settle();
    while cluster.node(leader).membership().voters.len() == 2 {
        assert!(cluster.write_next(leader), "the change is applied when it is durable");
    }
    cluster.step(leader, [Input::Tick]);
    assert_eq!(cluster.reply(leader, 0, request), None);
    cluster.write(leader);
    assert!(matches!(cluster.reply(leader, 0, request), Some(Reply::Membership(_))));
}

#[test]
fn nobody_stands_for_election_between_two_logs() {
    let mut cluster = Cluster::new(3);
    let (leader, follower) = (cluster.leader(), cluster.follower());
    cluster.connect(leader, 1);
    cluster.isolate(follower);
    outrun(&mut cluster, leader);
    cluster.heal();
    cluster.member(follower).writes_at_once = false;
    while cluster.members[&follower].snapshots_received == 0 {
        cluster.run(10);
        while cluster.members[&follower].snapshots_received == 0 && cluster.write_next(follower) {}
    }
    let term = cluster.node(follower).term();
    cluster.isolate(follower);
    cluster.run(3_000);
    assert_eq!(cluster.node(follower).term(), term);
    cluster.member(follower).writes_at_once = true;
    cluster.write(follower);
    cluster.heal();
    cluster.agree();
}
