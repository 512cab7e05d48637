//! Leaders that are removed.

use bramah_core::{FencingToken, OnDisconnect};
use bramah_node::{Input, MemberChange, Reply, Unavailable};
use bramah_wire::request::What;

use crate::cluster::Cluster;
use crate::harness::open;

/// Removes the leader, and tells who that was.
fn remove_leader(cluster: &mut Cluster) -> u64 {
    let leader = cluster.leader();
    let refused = cluster.change(leader, MemberChange::Remove(leader));
    assert_eq!(refused, Reply::Unavailable(Unavailable::NoLeader), "another is to do that");
    cluster.run(200);
    let next = cluster.leader();
    assert_ne!(next, leader, "it leads without an election time-out");
    let removed = cluster.change(next, MemberChange::Remove(leader));
    assert!(matches!(removed, Reply::Membership(_)), "{removed:?}");
    leader
}

#[test]
fn a_leader_that_is_removed_hands_over_and_is_gone() {
    let mut cluster = Cluster::new(3);
    let leader = cluster.leader();
    cluster.connect(leader, 1);
    let session = cluster.open(leader, 1, 60_000);
    cluster.hold(leader, 1, session, "x");
    assert_eq!(remove_leader(&mut cluster), leader);
    cluster.run(3_000);
    assert!(cluster.node(leader).is_removed() && !cluster.node(leader).is_leader());
    cluster.crash(leader);
    cluster.members.remove(&leader);
    cluster.run(3_000);
    assert_eq!(cluster.agree(), 1);
}

#[test]
fn a_follower_whose_leader_is_removed_leads_alone_from_the_moment_that_this_is_said() {
    let mut cluster = Cluster::new(2);
    let follower = cluster.follower();
    let removed = remove_leader(&mut cluster);
    cluster.crash(removed);
    assert_eq!(cluster.leader(), follower);
    cluster.connect(follower, 1);
    let session = cluster.open(follower, 1, 60_000);
    let attached = cluster.ask(follower, 1, What::Attach { session, after: FencingToken(0) });
    assert!(matches!(attached, Reply::Attached { .. }));
}

/// Of two, one is to be removed, and leads before that is agreed on: it and the other one.
fn doomed_leader() -> (Cluster, u64, u64) {
    let mut cluster = Cluster::new(2);
    let (other, doomed) = (cluster.leader(), cluster.follower());
    cluster.begin_change(other, MemberChange::Remove(doomed));
    while cluster.members[&doomed].disk.entries.last().is_none_or(|entry| entry.kind != 2) {
        let (from, to, parcel) = cluster.on_the_way.pop_front().expect("something is on the way");
        cluster.deliver(from, to, parcel);
    }
    cluster.crash(other);
    cluster.on_the_way.clear();
    cluster.start(other);
    while cluster.node(doomed).leader() != Some(doomed) {
        let Some((from, to, parcel)) = cluster.on_the_way.pop_front() else {
            // It is the first to miss a leader.
            cluster.now += 10;
            cluster.step(doomed, [Input::Tick]);
            assert!(cluster.now < 60_000, "it does not come to lead");
            continue;
        };
        cluster.deliver(from, to, parcel);
    }
    (cluster, doomed, other)
}

#[test]
fn a_leader_that_finds_itself_removed_stays_until_another_leads_that_knows_it() {
    let (mut cluster, doomed, other) = doomed_leader();
    // The other one has all entries, and never hears that they are agreed on.
    while cluster.node(doomed).membership().contains(doomed) {
        let (from, to, parcel) = cluster.on_the_way.pop_front().expect("something is on the way");
        cluster.deliver(from, to, parcel);
    }
    cluster.on_the_way.clear();
    cluster.isolate(doomed);
    cluster.run(300);
    assert!(!cluster.node(doomed).is_removed() && !cluster.node(doomed).is_leader());
    assert_eq!(cluster.node(other).membership().voters.len(), 2);
    // Not even when it starts again.
    cluster.crash(doomed);
    cluster.start(doomed);
    cluster.run(2_000);
    assert!(!cluster.node(doomed).is_removed());
    cluster.heal();
    cluster.run(2_000);
    assert_eq!(cluster.leader(), other);
    assert_eq!(cluster.node(other).membership().voters, [other]);
    cluster.run(10_000);
    assert!(cluster.node(doomed).is_removed());
}

#[test]
fn who_is_left_alone_does_not_lead_with_entries_that_are_not_durable() {
    let (mut cluster, doomed, other) = doomed_leader();
    cluster.member(other).writes_at_once = false;
    cluster.connect(doomed, 1);
    cluster.settle();
    // The first entry of the new term, and with it the change, is durable; what follows is not.
    while cluster.node(doomed).membership().contains(doomed) {
        assert!(cluster.write_next(other));
        cluster.settle();
        cluster.send(doomed, 1, What::Command(open(60_000, OnDisconnect::Keep)));
        cluster.settle();
    }
    cluster.run(3_000);
    assert_eq!(cluster.node(other).membership().voters, [other]);
    assert!(!cluster.node(other).is_leader());
    cluster.member(other).writes_at_once = true;
    cluster.write(other);
    cluster.run(100);
    assert_eq!(cluster.leader(), other);
}
