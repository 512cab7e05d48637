//! Members whose disks are full, and who leads then.

use bramah_core::{OnDisconnect, Outcome};
use bramah_node::{ClientId, Input, Reply, Room, Unavailable};
use bramah_wire::peer::{Message, RaftKind};
use bramah_wire::request::What;

use crate::cluster::{Cluster, Parcel};
use crate::harness::open;

#[test]
fn a_leader_without_room_lets_one_lead_that_has_some() {
    for room in [Room::Low, Room::Out] {
        let mut cluster = Cluster::new(3);
        let (full, other) = (cluster.leader(), cluster.follower());
        cluster.connect(full, 1);
        cluster.connect(other, 2);
        if room == Room::Out {
            cluster.member(full).writes_at_once = false;
            cluster.send(full, 1, What::Command(open(60_000, OnDisconnect::Keep)));
        }
        cluster.step(full, [Input::Room(room)]);
        cluster.run(500);
        assert_ne!(cluster.leader(), full, "{room:?}");
        let session = cluster.open(other, 2, 60_000);
        cluster.hold(other, 2, session, "x");
    }
}

#[test]
fn the_lead_does_not_go_round_where_nobody_has_room() {
    let mut cluster = Cluster::new(3);
    let ids: Vec<u64> = cluster.members.keys().copied().collect();
    for id in &ids {
        cluster.step(*id, [Input::Room(Room::Low)]);
    }
    let (before, seconds) = (cluster.node(ids[0]).term(), 31);
    cluster.run(seconds * 1_000);
    let changes = cluster.node(ids[0]).term() - before;
    assert!((1..=seconds / 10 + 1).contains(&changes), "{changes} changes in {seconds} s");
}

#[test]
fn a_leader_that_nobody_follows_up_serves_what_it_can_meanwhile() {
    let mut cluster = Cluster::new(3);
    let leader = cluster.leader();
    cluster.connect(leader, 1);
    let session = cluster.open(leader, 1, 60_000);
    let grant = cluster.hold(leader, 1, session, "x");
    cluster.step(leader, [Input::Room(Room::Low)]);
    let is_order = |parcel: &Parcel| match parcel {
        Parcel::Message(Message::Raft(raft)) => raft.kind == RaftKind::TimeoutNow,
        _ => false,
    };
    for _ in 0..300 {
        cluster.on_the_way.retain(|(_, _, parcel)| !is_order(parcel));
        cluster.run(10);
    }
    assert_eq!(cluster.leader(), leader, "nobody was told to lead");
    let began = cluster.now;
    assert!(matches!(cluster.release(leader, 1, grant.hold), Outcome::Released { .. }));
    assert!(cluster.now <= began + 100, "it took {} ms", cluster.now - began);
}

#[test]
fn a_keepalive_is_refused_by_a_leader_that_can_write_nothing_for_just_that_reason() {
    let mut cluster = Cluster::new(1);
    cluster.connect(1, 1);
    let session = cluster.open(1, 1, 60_000);
    cluster.step(1, [Input::Room(Room::Out)]);
    let reply = cluster.ask(1, 1, What::KeepAlive(vec![session]));
    assert_eq!(reply, Reply::Unavailable(Unavailable::DiskFull));
}

#[test]
fn a_keepalive_without_a_leader_is_answered_in_time() {
    let mut cluster = Cluster::new(3);
    let (leader, follower) = (cluster.leader(), cluster.follower());
    cluster.connect(leader, 1);
    cluster.connect(follower, 2);
    let session = cluster.open(leader, 1, 60_000);
    cluster.isolate(follower);
    cluster.run(2_000);
    let request = cluster.send(follower, 2, What::KeepAlive(vec![session]));
    cluster.run(4_900);
    assert_eq!(cluster.reply(follower, 2, request), None);
    cluster.run(200);
    let reply = cluster.reply(follower, 2, request);
    assert_eq!(reply, Some(Reply::Unavailable(Unavailable::NoLeader)));
    // The next one is no part of it.
    cluster.heal();
    cluster.run(2_000);
    let reply = cluster.ask(follower, 2, What::KeepAlive(vec![session]));
    assert!(matches!(reply, Reply::KeptAlive { .. }), "{reply:?}");
}

#[test]
fn a_session_bound_to_its_connection_ends_with_it_as_soon_as_the_leader_has_room_for_that() {
    let mut cluster = Cluster::new(3);
    let ids: Vec<u64> = cluster.members.keys().copied().collect();
    for id in &ids {
        cluster.connect(*id, 1);
        let bound = cluster.command(*id, 1, open(600_000, OnDisconnect::Release));
        assert!(matches!(bound, Outcome::SessionOpened { .. }), "{bound:?}");
    }
    for id in &ids {
        cluster.step(*id, [Input::Room(Room::Out)]);
    }
    cluster.run(3_000);
    let (leader, follower) = (cluster.leader(), cluster.follower());
    cluster.step(follower, [Input::Disconnected(ClientId(1))]);
    cluster.run(2_500);
    assert_eq!(cluster.leader(), leader, "who leads next would be asked anyway");
    assert_eq!(cluster.node(leader).applied().0.sizes().sessions, 3);
    for id in &ids {
        cluster.step(*id, [Input::Room(Room::Enough)]);
    }
    cluster.run(1_500);
    assert_eq!(cluster.leader(), leader);
    assert_eq!(cluster.node(leader).applied().0.sizes().sessions, 2);
}
