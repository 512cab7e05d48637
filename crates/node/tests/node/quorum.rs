//! Changes of votes, and who must be there for them.

use bramah_node::{ChangeRefused, MemberChange, Reply};

use crate::cluster::Cluster;

const AT_RISK: Reply = Reply::ChangeRefused(ChangeRefused::QuorumAtRisk);

/// The leader and the two others, of three.
fn three() -> (Cluster, u64, u64, u64) {
    let cluster = Cluster::new(3);
    let leader = cluster.leader();
    let others: Vec<u64> = cluster.members.keys().copied().filter(|id| *id != leader).collect();
    (cluster, leader, others[0], others[1])
}

#[test]
fn a_member_that_died_a_moment_ago_is_not_counted_on_when_another_is_removed() {
    for dead_ms in [0, 10, 300, 500, 1_000, 1_500, 1_990] {
        let (mut cluster, leader, dead, spared) = three();
        cluster.crash(dead);
        cluster.run(dead_ms);
        let removal = cluster.change(leader, MemberChange::Remove(spared));
        assert_eq!(removal, AT_RISK, "{dead_ms} ms after");
        assert_eq!(cluster.leader(), leader);
        // The cluster goes on, and the dead one can be removed instead.
        cluster.connect(leader, 1);
        cluster.open(leader, 1, 60_000);
        let removal = cluster.change(leader, MemberChange::Remove(dead));
        assert!(matches!(removal, Reply::Membership(_)), "{removal:?}");
    }
}

#[test]
fn an_answer_from_before_the_question_does_not_do() {
    let (mut cluster, leader, dead, spared) = three();
    // What it said last is still under way when it dies.
    cluster.now += 100;
    cluster.step(leader, [bramah_node::Input::Tick]);
    while let Some((from, to, parcel)) = cluster.on_the_way.pop_front() {
        if from == leader && to == dead {
            cluster.deliver(from, to, parcel);
            break;
        }
    }
    assert!(cluster.on_the_way.iter().any(|(from, to, _)| (*from, *to) == (dead, leader)));
    cluster.member(dead).node = None;
    assert_eq!(cluster.change(leader, MemberChange::Remove(spared)), AT_RISK);
}

#[test]
fn nobody_gets_a_vote_with_whom_the_others_could_not_agree() {
    let mut cluster = Cluster::new(3);
    let leader = cluster.leader();
    let dead = cluster.follower();
    cluster.join(4);
    assert!(matches!(cluster.change(leader, MemberChange::AddLearner(4)), Reply::Membership(_)));
    cluster.run(1_000);
    // Three of four must agree then, and there are two.
    cluster.crash(dead);
    cluster.crash(4);
    assert_eq!(cluster.change(leader, MemberChange::Promote(4)), AT_RISK);
    cluster.start(4);
    cluster.run(500);
    assert!(matches!(cluster.change(leader, MemberChange::Promote(4)), Reply::Membership(_)));
}

#[test]
fn a_change_waits_a_little_for_those_who_are_slow_to_answer() {
    let (mut cluster, leader, away, spared) = three();
    cluster.isolate(away);
    let request = cluster.begin_change(leader, MemberChange::Remove(spared));
    cluster.settle();
    cluster.run(1_200);
    assert_eq!(cluster.reply(leader, 0, request), None);
    cluster.heal();
    let removal = cluster.wait(leader, 0, request);
    assert!(matches!(removal, Reply::Membership(_)), "{removal:?}");
}

#[test]
fn a_change_that_waits_ends_with_its_leader() {
    let (mut cluster, leader, ..) = three();
    cluster.isolate(leader);
    let request = cluster.begin_change(leader, MemberChange::Remove(leader));
    cluster.run(1_900);
    let no_leader = Reply::Unavailable(bramah_node::Unavailable::NoLeader);
    assert_eq!(cluster.reply(leader, 0, request), Some(no_leader));
}
