//! Who leads, and what becomes of requests when that changes.

use bramah_core::{Command, FencingToken, OnDisconnect, Outcome};
use bramah_node::{BootTime, Input, Reply, Unavailable};
use bramah_wire::request::{Query, What};

use crate::cluster::Cluster;
use crate::harness::{name, open};

fn look(lock: &str) -> What {
    What::Query(Query::GetLock { name: name(lock), waiters_max: 10 })
}

fn holders(reply: &Reply) -> usize {
    match reply {
        Reply::Lock { view, .. } => view.as_ref().map_or(0, |view| view.holders.len()),
        other => panic!("no view: {other:?}"),
    }
}

#[test]
fn a_new_cluster_finds_one_leader_and_all_know_it() {
    for size in [2, 3, 5, 7] {
        let cluster = Cluster::new(size);
        let leader = cluster.leader();
        let leaders = cluster.members.keys().filter(|id| cluster.node(**id).is_leader()).count();
        assert_eq!(leaders, 1);
        assert!(cluster.members.keys().all(|id| cluster.node(*id).leader() == Some(leader)));
    }
}

#[test]
fn followers_elect_at_once_when_their_leader_hangs_up() {
    let mut cluster = Cluster::new(3);
    let gone = cluster.leader();
    let followers: Vec<u64> = cluster.members.keys().copied().filter(|id| *id != gone).collect();
    cluster.isolate(gone);
    for id in &followers {
        cluster.step(*id, [Input::HungUp(gone)]);
    }
    // Less than any member waits that does not know.
    cluster.run(300);
    let leads = |id: &&u64| cluster.node(**id).is_leader();
    assert_eq!(followers.iter().filter(leads).count(), 1);
}

#[test]
fn a_leader_that_lives_is_not_disturbed_by_one_whose_connections_with_it_broke() {
    let mut cluster = Cluster::new(3);
    let leader = cluster.leader();
    let term = cluster.node(leader).term();
    let follower = cluster.follower();
    for _ in 0..20 {
        cluster.step(follower, [Input::HungUp(leader)]);
        cluster.run(50);
    }
    assert_eq!((cluster.leader(), cluster.node(leader).term()), (leader, term));
}

#[test]
fn every_member_takes_every_request_and_answers_from_its_own_table() {
    let mut cluster = Cluster::new(3);
    for id in 1..=3 {
        cluster.connect(id, id);
        let session = cluster.open(id, id, 60_000);
        let lock = format!("lock-{id}");
        let grant = cluster.hold(id, id, session, &lock);
        assert_eq!(holders(&cluster.ask(id, id, look(&lock))), 1);
        let other = id % 3 + 1;
        assert_eq!(holders(&cluster.ask(other, id, look(&lock))), 1);
        assert!(matches!(cluster.release(other, id, grant.hold), Outcome::Released { .. }));
        let keepalive = cluster.ask(id, id, What::KeepAlive(vec![session]));
        assert!(matches!(keepalive, Reply::KeptAlive { renewals, .. } if renewals[0].is_ok()));
        let attached = cluster.ask(other, id, What::Attach { session, after: FencingToken(0) });
        assert!(matches!(attached, Reply::Attached { .. } | Reply::Outcome(_)));
    }
    assert_eq!(cluster.agree(), 0);
}

#[test]
fn a_request_that_was_forwarded_twice_happens_once() {
    let mut cluster = Cluster::new(3);
    cluster.doubles = true;
    let follower = cluster.follower();
    cluster.connect(follower, 1);
    for _ in 0..20 {
        cluster.open(follower, 1, 60_000);
    }
    cluster.agree();
    assert_eq!(cluster.node(1).applied().0.sizes().sessions, 20);
}

#[test]
fn what_is_lost_on_the_way_to_the_leader_is_sent_again() {
    let mut cluster = Cluster::new(3);
    let (leader, follower) = (cluster.leader(), cluster.follower());
    cluster.connect(follower, 1);
    cluster.cut.insert((follower, leader));
    let request = cluster.send(follower, 1, What::Command(open(60_000, OnDisconnect::Keep)));
    cluster.run(100);
    assert_eq!(cluster.reply(follower, 1, request), None);
    cluster.heal();
    let reply = cluster.wait(follower, 1, request);
    assert!(matches!(reply, Reply::Outcome(Outcome::SessionOpened { .. })), "{reply:?}");
}

#[test]
fn a_request_whose_leader_is_lost_before_it_was_committed_happens_once_under_the_next() {
    let mut cluster = Cluster::new(3);
    let (leader, follower) = (cluster.leader(), cluster.follower());
    cluster.connect(follower, 1);
    // The leader takes it and can tell nobody.
    let others: Vec<u64> = cluster.members.keys().copied().filter(|id| *id != leader).collect();
    cluster.cut.extend(others.iter().map(|other| (leader, *other)));
    let request = cluster.send(follower, 1, What::Command(open(60_000, OnDisconnect::Keep)));
    cluster.settle();
    cluster.crash(leader);
    cluster.heal();
    let reply = cluster.wait(follower, 1, request);
    assert!(matches!(reply, Reply::Outcome(Outcome::SessionOpened { .. })), "{reply:?}");
    cluster.start(leader);
    cluster.agree();
    assert_eq!(cluster.node(leader).applied().0.sizes().sessions, 1);
}

#[test]
fn a_request_whose_leader_is_lost_after_it_was_committed_happens_once() {
    let mut cluster = Cluster::new(3);
    let (leader, follower) = (cluster.leader(), cluster.follower());
    let other = (1..=3).find(|id| *id != leader && *id != follower).expect("a third");
    cluster.connect(follower, 1);
    // The third has the entry, and the one that was asked has not.
    cluster.cut.insert((leader, follower));
    let request = cluster.send(follower, 1, What::Command(open(60_000, OnDisconnect::Keep)));
    cluster.settle();
    assert_eq!(cluster.node(leader).applied().0.sizes().sessions, 1, "committed");
    cluster.crash(leader);
    cluster.heal();
    let reply = cluster.wait(follower, 1, request);
    assert!(matches!(reply, Reply::Outcome(Outcome::SessionOpened { .. })), "{reply:?}");
    assert_eq!(cluster.leader(), other);
    cluster.start(leader);
    cluster.agree();
    assert_eq!(cluster.node(leader).applied().0.sizes().sessions, 1);
}

#[test]
fn a_deposed_leader_hands_on_what_it_could_not_commit() {
    let mut cluster = Cluster::new(3);
    let leader = cluster.leader();
    cluster.connect(leader, 1);
    cluster.isolate(leader);
    let request = cluster.send(leader, 1, What::Command(open(60_000, OnDisconnect::Keep)));
    cluster.run(2_000);
    assert_ne!(cluster.leader(), leader);
    assert!(!cluster.node(leader).is_leader(), "a leader without a majority steps down");
    cluster.heal();
    let reply = cluster.wait(leader, 1, request);
    assert!(matches!(reply, Reply::Outcome(Outcome::SessionOpened { .. })), "{reply:?}");
    cluster.agree();
    assert_eq!(cluster.node(leader).applied().0.sizes().sessions, 1);
}

#[test]
fn a_deposed_leader_answers_no_question_from_its_old_table() {
    let mut cluster = Cluster::new(3);
    let leader = cluster.leader();
    cluster.connect(leader, 1);
    let session = cluster.open(leader, 1, 60_000);
    let grant = cluster.hold(leader, 1, session, "x");
    cluster.isolate(leader);
    // While it still takes itself for the leader, and after.
    let early = cluster.send(leader, 1, look("x"));
    cluster.run(2_000);
    let next = cluster.leader();
    assert_ne!(next, leader);
    assert!(matches!(cluster.release(next, 2, grant.hold), Outcome::Released { .. }));
    let late = cluster.send(leader, 1, look("x"));
    cluster.run(500);
    assert!(cluster.reply(leader, 1, early).is_none() && cluster.reply(leader, 1, late).is_none());
    cluster.heal();
    assert_eq!(holders(&cluster.wait(leader, 1, late)), 0);
    assert_eq!(holders(&cluster.wait(leader, 1, early)), 0);
}

#[test]
fn without_a_majority_requests_end_in_doubt_or_in_no_leader_and_nothing_expires() {
    let mut cluster = Cluster::new(3);
    let leader = cluster.leader();
    cluster.connect(leader, 1);
    let session = cluster.open(leader, 1, 1_000);
    cluster.hold(leader, 1, session, "x");
    cluster.agree();
    let others: Vec<u64> = cluster.members.keys().copied().filter(|id| *id != leader).collect();
    for other in &others {
        cluster.crash(*other);
    }
    let handed = cluster.send(leader, 1, What::Command(open(60_000, OnDisconnect::Keep)));
    let asked = cluster.send(leader, 1, look("x"));
    cluster.run(4_000);
    let not_handed = cluster.send(leader, 1, What::Command(open(60_000, OnDisconnect::Keep)));
    cluster.run(6_000);
    let no_leader = Some(Reply::Unavailable(Unavailable::NoLeader));
    assert_eq!(cluster.reply(leader, 1, handed), Some(Reply::OutcomeUnknown));
    assert_eq!(cluster.reply(leader, 1, not_handed), no_leader);
    assert_eq!(cluster.reply(leader, 1, asked), no_leader);
    assert_eq!(cluster.node(leader).applied().0.sizes().holds, 1, "nothing expires");
    for other in &others {
        cluster.start(*other);
    }
    cluster.run(3_000);
    assert_eq!(cluster.agree(), 0, "it expires once somebody leads");
}

#[test]
fn a_lost_leader_does_not_start_a_ttl_anew() {
    let mut cluster = Cluster::new(3);
    let leader = cluster.leader();
    let follower = cluster.follower();
    // Time that the followers did not see pass themselves.
    for id in (1..=3).filter(|id| *id != leader) {
        cluster.crash(id);
        cluster.connect(leader, 9);
        cluster.run(2_000);
        cluster.open(leader, 9, 600_000);
        cluster.start(id);
    }
    cluster.connect(follower, 1);
    let session = cluster.open(follower, 1, 5_000);
    cluster.hold(follower, 1, session, "x");
    let granted = cluster.now;
    cluster.run(3_000);
    cluster.crash(leader);
    while cluster.node(follower).applied().0.sizes().holds > 0 {
        cluster.run(10);
        assert!(cluster.now < granted + 5_200, "it should be over by now");
    }
    assert!(cluster.now >= granted + 4_900, "too early: {}", cluster.now - granted);
}

#[test]
fn an_entry_that_a_lost_leader_left_does_not_stop_time() {
    let mut cluster = Cluster::new(3);
    let leader = cluster.leader();
    cluster.connect(leader, 1);
    let session = cluster.open(leader, 1, 5_000);
    cluster.hold(leader, 1, session, "x");
    let granted = cluster.now;
    cluster.run(3_000);
    // The others have its entry, and it does not hear so.
    let others: Vec<u64> = cluster.members.keys().copied().filter(|id| *id != leader).collect();
    cluster.cut.extend(others.iter().map(|other| (*other, leader)));
    cluster.send(leader, 1, What::Command(open(60_000, OnDisconnect::Keep)));
    cluster.settle();
    cluster.crash(leader);
    cluster.heal();
    while cluster.node(others[0]).applied().0.sizes().holds > 0 {
        cluster.run(10);
        assert!(cluster.now < granted + 5_200, "it should be over by now");
    }
    assert!(cluster.now >= granted + 4_900, "too early: {}", cluster.now - granted);
    assert_eq!(cluster.node(others[0]).applied().0.sizes().sessions, 1, "it was left");
}

#[test]
fn what_a_leader_stamped_that_was_late_itself_gets_its_whole_ttl_from_the_next_one() {
    let mut cluster = Cluster::new(3);
    let leader = cluster.leader();
    let late = cluster.follower();
    cluster.connect(leader, 1);
    cluster.open(leader, 1, 600_000);
    cluster.run(10_000);
    // What it finds on its disk is from right now, as far as it knows.
    cluster.crash(late);
    cluster.start(late);
    cluster.run(1_000);
    cluster.step(leader, [Input::TransferLeadership { to: Some(late) }]);
    cluster.run(1_000);
    assert_eq!(cluster.leader(), late);
    // The others have its entry, and it does not hear so.
    let others: Vec<u64> = cluster.members.keys().copied().filter(|id| *id != late).collect();
    cluster.cut.extend(others.iter().map(|other| (*other, late)));
    cluster.connect(late, 2);
    let opened = cluster.now;
    cluster.send(late, 2, What::Command(open(5_000, OnDisconnect::Keep)));
    cluster.settle();
    cluster.crash(late);
    cluster.heal();
    cluster.run(3_000);
    assert_eq!(cluster.node(others[0]).applied().0.sizes().sessions, 2, "it was left");
    while cluster.node(others[0]).applied().0.sizes().sessions > 1 {
        cluster.run(10);
        assert!(cluster.now < opened + 5_200, "it should be over by now");
    }
    assert!(cluster.now >= opened + 5_000, "too early: {}", cluster.now - opened);
}

#[test]
fn whoever_leads_next_is_behind_by_what_clocks_are_rounded_and_never_ahead() {
    let mut cluster = Cluster::new(3);
    let (leader, next) = (cluster.leader(), cluster.follower());
    cluster.connect(leader, 1);
    cluster.open(leader, 1, 60_000);
    cluster.run(500);
    let now = BootTime(cluster.now);
    let (stamped, would_stamp) = (cluster.node(leader).time(now), cluster.node(next).time(now));
    assert!(would_stamp < stamped, "{would_stamp:?} of {stamped:?}");
    assert!(stamped.ms_since(would_stamp) < 20, "{would_stamp:?} of {stamped:?}");
}

#[test]
fn where_nobody_asks_leases_end_in_time_all_the_same_whoever_leads_next() {
    let mut cluster = Cluster::new(3);
    let (leader, next) = (cluster.leader(), cluster.follower());
    cluster.connect(leader, 1);
    // One hears of the session only 57 s later, and one restarts meanwhile.
    cluster.cut.insert((leader, next));
    let session = cluster.open(leader, 1, 60_000);
    cluster.hold(leader, 1, session, "x");
    let granted = cluster.now;
    let third = cluster.members.keys().copied().find(|id| *id != leader && *id != next);
    cluster.run(57_000);
    cluster.crash(third.expect("a third"));
    cluster.start(third.expect("a third"));
    cluster.heal();
    cluster.run(1_500);
    cluster.step(leader, [Input::TransferLeadership { to: Some(next) }]);
    cluster.run(200);
    assert_eq!(cluster.leader(), next);
    while cluster.node(next).applied().0.sizes().holds > 0 {
        cluster.run(10);
        assert!(cluster.now < granted + 61_000, "it should be over by now");
    }
    assert!(cluster.now >= granted + 60_000, "too early: {}", cluster.now - granted);
}

#[test]
fn a_leader_that_may_propose_nothing_now_does_not_wake_for_what_is_due() {
    let mut cluster = Cluster::new(3);
    let (leader, next) = (cluster.leader(), cluster.follower());
    cluster.connect(leader, 1);
    let opened = cluster.now;
    cluster.open(leader, 1, 1_000);
    cluster.run(700);
    // Whom it hands over to does not hear of it.
    cluster.cut.insert((leader, next));
    cluster.step(leader, [Input::TransferLeadership { to: Some(next) }]);
    while cluster.now < opened + 1_100 {
        cluster.run(10);
        let at = cluster.node(leader).next_tick().expect("there are others");
        assert!(at.0 > cluster.now, "{at:?} at {}", cluster.now);
    }
    assert_eq!(cluster.node(leader).applied().0.sizes().sessions, 1, "it is due, and waits");
}

#[test]
fn all_that_was_answered_is_there_after_all_were_off() {
    let mut cluster = Cluster::new(3);
    cluster.connect(1, 1);
    let session = cluster.open(1, 1, 60_000);
    for at in 0..10 {
        cluster.hold(1, 1, session, &format!("lock-{at}"));
    }
    for id in 1..=3 {
        cluster.crash(id);
    }
    cluster.now += 1_000_000;
    for id in 1..=3 {
        cluster.start(id);
    }
    cluster.run(2_000);
    assert_eq!(cluster.agree(), 10);
}

#[test]
fn leadership_goes_over_to_whom_it_is_told_and_requests_with_it() {
    let mut cluster = Cluster::new(3);
    let (leader, next) = (cluster.leader(), cluster.follower());
    cluster.connect(leader, 1);
    cluster.step(leader, [Input::TransferLeadership { to: Some(next) }]);
    let request = cluster.send(leader, 1, What::Command(open(60_000, OnDisconnect::Keep)));
    let before = cluster.now;
    let reply = cluster.wait(leader, 1, request);
    assert!(matches!(reply, Reply::Outcome(Outcome::SessionOpened { .. })), "{reply:?}");
    assert_eq!(cluster.leader(), next);
    assert!(cluster.now - before <= 200, "no election had to be waited for");
    cluster.step(next, [Input::TransferLeadership { to: None }]);
    cluster.run(100);
    assert_ne!(cluster.leader(), next);
}

#[test]
fn a_leader_sends_its_entries_before_it_has_them_on_disk() {
    let mut cluster = Cluster::new(3);
    let leader = cluster.leader();
    cluster.connect(leader, 1);
    cluster.member(leader).writes_at_once = false;
    let request = cluster.send(leader, 1, What::Command(open(60_000, OnDisconnect::Keep)));
    cluster.settle();
    let others = cluster.members.iter().filter(|(id, _)| **id != leader);
    let longest = others.map(|(_, member)| member.disk.entries.len()).min().expect("others");
    assert!(longest > cluster.members[&leader].disk.entries.len());
    assert_eq!(cluster.reply(leader, 1, request), None, "it answers from what is durable here");
    cluster.member(leader).writes_at_once = true;
    cluster.write(leader);
    assert!(cluster.reply(leader, 1, request).is_some());
}

#[test]
fn a_follower_promises_nothing_that_is_not_on_its_disk() {
    let mut cluster = Cluster::new(3);
    let leader = cluster.leader();
    cluster.connect(leader, 1);
    for id in (1..=3).filter(|id| *id != leader) {
        cluster.member(id).writes_at_once = false;
    }
    let request = cluster.send(leader, 1, What::Command(open(60_000, OnDisconnect::Keep)));
    cluster.run(300);
    assert_eq!(cluster.reply(leader, 1, request), None);
    let follower = cluster.follower();
    cluster.member(follower).writes_at_once = true;
    cluster.write(follower);
    cluster.settle();
    assert!(cluster.reply(leader, 1, request).is_some());
}

#[test]
fn a_session_that_was_bound_to_a_connection_ends_with_it_on_a_follower_too() {
    let mut cluster = Cluster::new(3);
    let follower = cluster.follower();
    cluster.connect(follower, 1);
    let command = open(60_000, OnDisconnect::Release);
    assert!(matches!(cluster.command(follower, 1, command), Outcome::SessionOpened { .. }));
    cluster.step(follower, [Input::Disconnected(bramah_node::ClientId(1))]);
    cluster.agree();
    assert_eq!(cluster.node(follower).applied().0.sizes().sessions, 0);
}

#[test]
fn a_command_without_a_number_of_its_own_is_not_repeated_by_the_next_leader() {
    let mut cluster = Cluster::new(5);
    let follower = cluster.follower();
    cluster.connect(follower, 1);
    let session = cluster.open(follower, 1, 60_000);
    for round in 0..5 {
        let grant = cluster.hold(follower, 1, session, "x");
        let release =
            Command::ByHold { hold: grant.hold, action: bramah_core::HoldAction::Release };
        let leader = cluster.leader();
        let request = cluster.send(follower, 1, What::Command(release));
        if round % 2 == 0 {
            cluster.settle();
        }
        if leader != follower {
            cluster.crash(leader);
        }
        let reply = cluster.wait(follower, 1, request);
        assert!(matches!(reply, Reply::Outcome(Outcome::Released { .. })), "{round}: {reply:?}");
        if leader != follower {
            cluster.start(leader);
        }
        cluster.run(1_000);
    }
    assert_eq!(cluster.agree(), 0);
}

#[test]
fn the_lead_is_handed_over_at_whatever_moment_that_is_asked() {
    let mut cluster = Cluster::new(3);
    for _ in 0..12 {
        let leader = cluster.leader();
        cluster.now += 50;
        // Between a look at who is there, and what they say to it.
        cluster.step(leader, [Input::Tick]);
        cluster.step(leader, [Input::TransferLeadership { to: None }]);
        cluster.run(500);
        assert_ne!(cluster.leader(), leader);
        // Another moment the next time.
        cluster.run(300);
    }
}
