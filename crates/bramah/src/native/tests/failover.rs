//! Several servers: which is called, and when one is left for another.

use super::*;
use crate::native::limits::{
    LEADER_ASKED_AFTER, LEAVING_MAX, MEMBERS_ASKED_EVERY, PAUSE_MAX, PAUSE_MIN, PAUSE_RESET,
};
use crate::native::machine::Link;

/// A machine that asks for the members of the cluster, connected to the first of these servers
/// that it chose; its address, and the question.
fn following(servers: &[&str]) -> (Bench, String, u64) {
    let mut bench = Bench::down();
    let servers = servers.iter().map(|it| (*it).to_owned()).collect();
    bench.machine = Machine::new(terms(), CONNECT_TIMEOUT, servers);
    (bench.machine.follows_members, bench.machine.asks_if_silent) = (true, true);
    let address = bench.call();
    let id = asks_for_members(&mut bench);
    (bench, address, id)
}

fn asks_for_members(bench: &mut Bench) -> u64 {
    let (id, op) = bench.sent().remove(0);
    assert!(matches!(op, Op::GetClusterStatus(_)), "{op:?}");
    id
}

/// What a member tells of `members`, which are numbered from 1.
fn status(node_id: u64, members: &[&str], has_quorum: bool) -> Outcome {
    let members = members.iter().zip(1..).map(|(address, node_id)| proto::Member {
        node_id,
        client_address: (*address).to_owned(),
        ..Default::default()
    });
    let members = members.collect();
    Outcome::ClusterStatus(proto::ClusterStatus {
        node_id,
        has_quorum,
        members,
        ..Default::default()
    })
}

fn draining(servers: &[&str]) -> What {
    let servers = servers.iter().map(|it| (*it).to_owned()).collect();
    What::Draining(proto::Draining { servers })
}

/// The connection breaks; the addresses that are called one after the other, in vain.
fn called_in_vain(bench: &mut Bench, calls: usize) -> Vec<String> {
    let mut called = Vec::new();
    for _ in 0..calls {
        let next = bench.machine.next_server(bench.now).expect("a server");
        bench.pass(next.pause);
        bench.disconnect();
        called.push(next.address);
    }
    called
}

#[test]
fn the_members_of_the_cluster_are_learned_and_called_when_the_server_is_gone() {
    let (mut bench, address, id) = following(&["a"]);
    assert_eq!(address, "a");
    bench.reply(id, status(1, &["a", "b", "c"], true));
    bench.disconnect();
    let mut called = called_in_vain(&mut bench, 2);
    called.sort();
    assert_eq!(called, ["b", "c"]);
}

#[test]
fn a_member_that_is_gone_from_the_cluster_is_called_no_more() {
    let (mut bench, _, id) = following(&["a"]);
    bench.reply(id, status(1, &["a", "b", "c"], true));
    bench.pass(MEMBERS_ASKED_EVERY);
    let id = asks_for_members(&mut bench);
    bench.reply(id, status(1, &["a", "d"], true));
    bench.disconnect();
    assert_eq!(called_in_vain(&mut bench, 1), ["d"]);
    assert!(called_in_vain(&mut bench, 20).iter().all(|it| it == "a" || it == "d"));
}

#[test]
fn a_server_that_is_alone_is_called_by_the_address_of_the_url_and_not_by_its_own() {
    let (mut bench, _, id) = following(&["a"]);
    bench.reply(id, status(1, &["172.17.0.2:7420"], true));
    bench.disconnect();
    assert_eq!(called_in_vain(&mut bench, 3), ["a", "a", "a"]);
}

#[test]
fn a_member_is_called_by_the_address_by_which_it_was_reached() {
    let (mut bench, _, id) = following(&["a"]);
    bench.reply(id, status(1, &["172.17.0.2:7420", "b"], true));
    bench.disconnect();
    let called = called_in_vain(&mut bench, 20);
    assert!(called.iter().all(|it| it == "a" || it == "b"), "{called:?}");
}

#[test]
fn a_dead_server_is_called_ever_more_seldom_and_the_living_at_once() {
    let (mut bench, _, _) = following(&["a"]);
    bench.disconnect();
    let began = bench.now;
    called_in_vain(&mut bench, 100);
    assert!(bench.now.since(began) > PAUSE_MAX * 20, "{:?}", bench.now.since(began));
    bench.machine.servers.learn(0, vec![(1, "a".to_owned()), (2, "b".to_owned())]);
    let next = bench.machine.next_server(bench.now).expect("a server");
    assert_eq!(next.address, "b");
    assert!(next.pause <= Duration::from_millis(20), "{next:?}");
}

#[test]
fn clients_spread_over_the_servers() {
    let mut first = std::collections::BTreeSet::new();
    for _ in 0..100 {
        first.insert(following(&["a", "b", "c"]).1);
    }
    assert_eq!(first.len(), 3);
}

#[test]
fn all_servers_are_called_within_the_time_that_is_asked_even_if_none_ever_answers() {
    let mut bench = Bench::down();
    bench.knows(&["b", "c", "d", "e"]);
    let mut time = Duration::ZERO;
    let mut called = std::collections::BTreeSet::new();
    bench.disconnect();
    called.insert("here".to_owned());
    for _ in 0..4 {
        let next = bench.machine.next_server(bench.now).expect("a server");
        time += next.pause + next.dial_max;
        bench.pass(next.pause + next.dial_max);
        bench.disconnect();
        called.insert(next.address);
    }
    assert!(time < CONNECT_TIMEOUT / 2, "{time:?}");
    assert_eq!(called.len(), 5, "none is called twice before all were: {called:?}");
}

#[test]
fn a_server_that_answered_for_long_is_called_as_soon_as_a_fresh_one() {
    let mut bench = Bench::up();
    for _ in 0..20 {
        bench.disconnect();
        bench.call();
    }
    bench.pass(PAUSE_RESET);
    bench.disconnect();
    let next = bench.machine.next_server(bench.now).expect("a server");
    assert_eq!(next.pause, PAUSE_MIN);
}

#[test]
fn troubles_of_the_past_are_not_told_when_a_new_one_comes() {
    let (mut bench, address, _) = following(&["a", "b"]);
    bench.machine.handle_disconnected(bench.now, "an old story");
    assert_ne!(bench.call(), address);
    let id = asks_for_members(&mut bench);
    bench.reply(id, status(2, &["a", "b"], true));
    bench.disconnect();
    let (_, call) = bench.acquire("x");
    bench.pass(CONNECT_TIMEOUT);
    let told = bench.failure(call).message;
    assert!(told.contains("the cable was cut") && !told.contains("an old story"), "{told}");
}

#[test]
fn nobody_to_be_reached_is_told_with_the_reason_of_each() {
    let mut bench = Bench::down();
    bench.knows(&["b"]);
    let (_, call) = bench.acquire("x");
    bench.machine.handle_disconnected(bench.now, "refused");
    bench.machine.next_server(bench.now);
    bench.machine.handle_disconnected(bench.now, "unreachable");
    bench.pass(CONNECT_TIMEOUT);
    let failure = bench.failure(call);
    assert_eq!(failure.kind, ErrorKind::Unavailable);
    assert_eq!(failure.message, "here: refused; b: unreachable");
}

#[test]
fn a_stopping_server_is_left_for_one_that_it_names_with_all_that_is_under_way() {
    let (mut bench, key) = Bench::holding(7);
    (bench.machine.follows_members, bench.machine.asks_if_silent) = (true, true);
    bench.knows(&["b", "c"]);
    let (_, waiting) = bench.acquire("y");
    bench.reply_to_acquire(queued());
    let (_, asking) = bench.acquire("z");
    bench.tell(draining(&["c"]));
    assert!(bench.machine.hang_up.is_some());
    bench.disconnect();
    assert_eq!(bench.call(), "c");
    bench.sent();
    assert_eq!(bench.lost(key, 7), None);
    assert!(bench.poll(waiting).is_pending() && bench.poll(asking).is_pending());
}

#[test]
fn a_server_that_was_named_is_preferred_until_it_fails() {
    for _ in 0..10 {
        let mut bench = Bench::up();
        (bench.machine.follows_members, bench.machine.asks_if_silent) = (true, true);
        bench.knows(&["b", "c", "d", "e"]);
        bench.tell(draining(&["d"]));
        bench.disconnect();
        assert_eq!(called_in_vain(&mut bench, 1), ["d"]);
        bench.pass(PAUSE_MAX);
        assert_ne!(called_in_vain(&mut bench, 1), ["d"]);
    }
}

#[test]
fn a_stopping_server_may_first_answer_what_cannot_be_asked_again() {
    let mut bench = Bench::up();
    bench.knows(&["b"]);
    let revoke = Op::Revoke(proto::Revoke { name: "x".into(), ..Default::default() });
    let act = bench.ask(revoke.clone(), Purpose::Act, None);
    let (id, _) = bench.sent_one();
    bench.tell(draining(&["b"]));
    assert!(bench.machine.hang_up.is_none());
    // What is asked now goes to the next server.
    let question = bench.ask(Op::GetLock(proto::GetLock::default()), Purpose::Ask, None);
    assert_eq!(bench.sent(), []);
    bench.reply(id, Outcome::Revoked(proto::Revoked { tokens: vec![4], total: 1 }));
    assert!(matches!(bench.outcome(act), Outcome::Revoked(_)));
    assert!(bench.machine.hang_up.is_some());
    bench.disconnect();
    assert_eq!(bench.call(), "b");
    assert!(matches!(bench.sent_one().1, Op::GetLock(_)));
    assert!(bench.poll(question).is_pending());
}

#[test]
fn a_stopping_server_is_not_waited_for_for_ever() {
    let mut bench = Bench::up();
    bench.knows(&["b"]);
    bench.ask(Op::Revoke(proto::Revoke::default()), Purpose::Act, None);
    bench.tell(draining(&["b"]));
    bench.pass(LEAVING_MAX - Duration::from_millis(1));
    assert!(bench.machine.hang_up.is_none());
    bench.pass(Duration::from_millis(1));
    assert!(bench.machine.hang_up.is_some());
}

#[test]
fn a_stopping_server_that_is_the_only_one_is_used_to_its_end() {
    let mut bench = Bench::up();
    bench.tell(draining(&[]));
    assert!(bench.machine.hang_up.is_none());
    bench.acquire("x");
    assert!(matches!(bench.sent_one().1, Op::OpenSession(_)));
}

#[test]
fn a_server_that_reaches_no_leader_is_left_for_another() {
    let (mut bench, _) = Bench::holding(7);
    bench.knows(&["b"]);
    let (_, call) = bench.acquire("x");
    bench.reply_to_acquire(refused(ErrorCode::NoLeader));
    assert!(bench.machine.hang_up.is_some());
    bench.disconnect();
    assert_eq!(bench.call(), "b");
    let again = bench.attached(&[7]);
    bench.pass(PAUSE_MAX);
    let again = again.into_iter().chain(bench.sent()).find(|(_, op)| matches!(op, Op::Acquire(_)));
    bench.reply(again.expect("it is asked again").0, granted(8));
    assert!(matches!(bench.outcome(call), Outcome::Granted(_)));
}

#[test]
fn a_server_that_knows_of_no_leader_for_a_while_is_left() {
    let (mut bench, address, id) = following(&["a", "b"]);
    bench.reply(id, status(1, &["a", "b"], false));
    assert!(bench.machine.hang_up.is_none());
    bench.pass(LEADER_ASKED_AFTER);
    let id = asks_for_members(&mut bench);
    bench.reply(id, status(1, &["a", "b"], false));
    assert!(bench.machine.hang_up.is_some());
    bench.disconnect();
    assert_ne!(bench.call(), address);
}

#[test]
fn a_server_that_finds_a_leader_in_time_is_kept() {
    let (mut bench, _, id) = following(&["a", "b"]);
    bench.reply(id, status(1, &["a", "b"], false));
    bench.pass(LEADER_ASKED_AFTER);
    let id = asks_for_members(&mut bench);
    bench.reply(id, status(1, &["a", "b"], true));
    assert!(bench.machine.hang_up.is_none());
}

#[test]
fn a_server_that_lost_its_leader_once_more_gets_its_time_again() {
    let (mut bench, _, mut id) = following(&["a", "b"]);
    for has_quorum in [false, true, false] {
        bench.reply(id, status(1, &["a", "b"], has_quorum));
        assert!(bench.machine.hang_up.is_none());
        bench.pass(if has_quorum { MEMBERS_ASKED_EVERY } else { LEADER_ASKED_AFTER });
        id = asks_for_members(&mut bench);
    }
}

#[test]
fn a_silent_server_leaves_time_for_the_others_before_the_lease_is_over() {
    let (mut bench, key) = Bench::holding(7);
    bench.knows(&["b", "c"]);
    let began = bench.now;
    let mut left_at = Vec::new();
    while bench.lost(key, 7).is_none() {
        bench.pass(Duration::from_millis(10));
        bench.sent();
        if bench.machine.hang_up.take().is_some() {
            bench.disconnect();
            bench.call();
            left_at.push(bench.now.since(began));
        }
    }
    assert_eq!(bench.machine.link, Link::Up);
    // The keepalive was sent after a third of the TTL.
    let late = TTL / 3 + TTL / 6 + Duration::from_millis(100);
    assert!(left_at[0] < late && left_at.len() >= 4, "{left_at:?}");
}

fn kept_alive(sessions: usize) -> Outcome {
    let result = Some(proto::renewal::Result::DeadlineMs(20_000));
    let renewals = vec![proto::Renewal { result }; sessions];
    Outcome::KeptAlive(proto::KeptAlive { renewals, ..Default::default() })
}

/// The servers that are called from now on until the hold is lost or `time` is over. Each says who
/// the members are when it is asked; those in `cut_off` answer nothing else, the others everything.
fn left_for(bench: &mut Bench, key: SessionKey, cut_off: &[&str], time: Duration) -> Vec<String> {
    let (mut called, until) = (vec!["here".to_owned()], bench.now.plus(time));
    while bench.now < until && bench.lost(key, 7).is_none() {
        bench.pass(Duration::from_millis(1));
        for (id, op) in bench.sent() {
            let is_cut_off = called.last().is_some_and(|it| cut_off.contains(&it.as_str()));
            match op {
                Op::GetClusterStatus(_) => {
                    bench.reply(id, status(0, &["here", "b", "c"], true));
                }
                _ if is_cut_off => {}
                Op::AttachSession(_) => {
                    let holds = vec![grant(7)];
                    let attached = proto::SessionAttached { holds, ..Default::default() };
                    bench.reply(id, Outcome::SessionAttached(attached));
                }
                Op::KeepAlive(op) => {
                    bench.reply(id, kept_alive(op.sessions.len()));
                }
                other => panic!("{other:?}"),
            }
        }
        if bench.machine.hang_up.take().is_some() {
            bench.disconnect();
            called.push(bench.call());
        }
    }
    called
}

#[test]
fn a_follower_that_keeps_no_session_alive_is_left_in_time_whatever_else_it_answers() {
    for ttl_ms in [500, 1_000, 4_000, 15_000] {
        let ttl = Duration::from_millis(ttl_ms);
        let (mut bench, key) = Bench::holding_for(7, ttl);
        (bench.machine.follows_members, bench.machine.asks_if_silent) = (true, true);
        bench.knows(&["b", "c"]);
        let called = left_for(&mut bench, key, &["here"], ttl * 5);
        assert_eq!(bench.lost(key, 7), None, "{ttl:?}: {called:?}");
        assert_eq!(called.len(), 2, "{ttl:?}: {called:?}");
    }
}

#[test]
fn a_session_survives_a_second_follower_that_keeps_nothing_alive_either() {
    for ttl_ms in [1_000, 4_000, 15_000] {
        let ttl = Duration::from_millis(ttl_ms);
        let (mut bench, key) = Bench::holding_for(7, ttl);
        (bench.machine.follows_members, bench.machine.asks_if_silent) = (true, true);
        bench.knows(&["b", "c"]);
        let called = left_for(&mut bench, key, &["here", "b"], ttl * 5);
        assert_eq!(bench.lost(key, 7), None, "{ttl:?}: {called:?}");
        assert_eq!(called.last().map(String::as_str), Some("c"), "{ttl:?}: {called:?}");
    }
}

#[test]
fn the_only_server_gets_half_of_the_ttl_to_answer_a_keepalive() {
    let (mut bench, _) = Bench::holding(7);
    bench.pass(TTL / 3);
    let (id, op) = bench.sent_one();
    assert!(matches!(op, Op::KeepAlive(_)), "{op:?}");
    bench.pass(TTL / 2 - Duration::from_millis(1));
    assert!(bench.machine.hang_up.is_none());
    bench.reply(id, kept_alive(1));
    // One that says nothing at all is still left while there is time to call it again.
    bench.acquire("y");
    bench.pass(TTL / 2);
    assert!(bench.machine.hang_up.is_some());
}

#[test]
fn a_server_whose_answer_takes_its_time_is_kept_while_it_shows_that_it_lives() {
    let (mut bench, _, id) = following(&["a", "b"]);
    bench.reply(id, status(1, &["a", "b"], true));
    let call = bench.ask(Op::Backup(proto::Backup::default()), Purpose::Ask, None);
    let (backup, _) = bench.sent_one();
    for _ in 0..20 {
        bench.pass(bench.machine.silence_max() / 2);
        let id = asks_for_members(&mut bench);
        bench.reply(id, status(1, &["a", "b"], true));
        assert!(bench.machine.hang_up.is_none());
    }
    bench.reply(backup, Outcome::BackupPart(proto::BackupPart::default()));
    assert!(matches!(bench.outcome(call), Outcome::BackupPart(_)));
    // Without a sign of life it is left.
    bench.ask(Op::Backup(proto::Backup::default()), Purpose::Ask, None);
    bench.pass(bench.machine.silence_max() / 2);
    bench.pass(bench.machine.silence_max() / 2);
    assert!(bench.machine.hang_up.is_some());
}

#[test]
fn a_server_that_cannot_get_a_keepalive_through_is_left() {
    for why in [ErrorCode::OutcomeUnknown, ErrorCode::DiskFull] {
        let (mut bench, key) = Bench::holding(7);
        bench.knows(&["b"]);
        bench.pass(TTL / 3);
        let (id, op) = bench.sent_one();
        assert!(matches!(op, Op::KeepAlive(_)), "{op:?}");
        bench.reply(id, refused(why));
        assert!(bench.machine.hang_up.is_some());
        bench.disconnect();
        assert_eq!(bench.call(), "b");
        bench.attached(&[7]);
        assert_eq!(bench.lost(key, 7), None);
    }
}

#[test]
fn goodbye_goes_to_another_server_when_the_connection_just_broke() {
    let (mut bench, _) = Bench::holding(7);
    bench.knows(&["b"]);
    bench.disconnect();
    bench.machine.say_goodbye(bench.now);
    assert!(!bench.machine.is_over(bench.now));
    assert_eq!(bench.call(), "b");
    let closes = bench.sent().into_iter().find(|(_, op)| matches!(op, Op::CloseSession(_)));
    let (id, _) = closes.expect("it closes its session");
    bench.reply(id, Outcome::SessionClosed(proto::SessionClosed { holds: 1 }));
    let rest: Vec<u64> = bench.machine.sent.iter().copied().collect();
    rest.into_iter().for_each(|id| bench.reply(id, refused(ErrorCode::SessionEnded)));
    assert!(bench.machine.is_over(bench.now) || !bench.machine.out.is_empty());
}
