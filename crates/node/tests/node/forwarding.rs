//! The way of commands from a follower to its leader.

use bramah_core::{
    Action, Command, HoldAction, Key, OnDisconnect, Outcome, SessionHandle, SessionId, Value,
    limits,
};
use bramah_node::{ClientId, Input, Reply, Unavailable};
use bramah_wire::peer::Message;
use bramah_wire::request::What;

use crate::cluster::{Cluster, Parcel};
use crate::harness::open;

fn request(id: u64, command: Command) -> Input {
    Input::Request { client: ClientId(1), id, what: What::Command(command) }
}

/// Acquires of different locks with values so long that a message takes a few of them.
fn heavy_requests(cluster: &mut Cluster, id: u64, count: u64) -> Vec<Input> {
    let session = cluster.open(id, 1, 600_000);
    let value = Value::new(&[7; 60_000]).expect("a long value");
    let requests = (0..count).map(|number| {
        let mut command = cluster.acquire_command(session, &number.to_string());
        if let Command::Request { action: Action::Acquire(acquire), .. } = &mut command {
            acquire.item.value = Some(value.clone());
        }
        request(1_000_000 + number, command)
    });
    requests.collect()
}

#[test]
fn many_requests_that_were_lost_together_come_to_the_leader_in_time() {
    let mut cluster = Cluster::new(3);
    let (leader, follower) = (cluster.leader(), cluster.follower());
    cluster.connect(follower, 1);
    let requests = heavy_requests(&mut cluster, follower, 300);
    cluster.member(follower).replies.clear();
    cluster.cut.insert((follower, leader));
    cluster.step(follower, requests);
    cluster.run(50);
    cluster.heal();
    cluster.run(1_000);
    let replies = cluster.members[&follower].replies.values();
    let granted = replies.filter(|reply| matches!(reply, Reply::Outcome(Outcome::Granted(_))));
    assert_eq!(granted.count(), 300);
}

#[test]
fn a_leader_serves_its_own_clients_beside_others_whose_commands_fill_entries() {
    let mut cluster = Cluster::new(3);
    let (leader, follower) = (cluster.leader(), cluster.follower());
    cluster.connect(leader, 1);
    cluster.member(leader).writes_at_once = false;
    let session = SessionHandle { id: SessionId(1 << 60), key: Key(1 << 60) };
    let renew = |_| Command::Renew(vec![session; limits::RENEW_SESSIONS_MAX]);
    let renewals = (0..10).map(renew).zip(1_000_000..).map(|(renew, id)| request(id, renew));
    cluster.step(follower, renewals.collect::<Vec<_>>());
    cluster.settle();
    let own = cluster.send(leader, 1, What::Command(open(60_000, OnDisconnect::Keep)));
    let mut writes = 0;
    while cluster.reply(leader, 1, own).is_none() {
        assert!(cluster.write_next(leader), "it is answered");
        cluster.settle();
        writes += 1;
    }
    assert_eq!(writes, 2, "the one that was under way, and the next");
}

#[test]
fn a_new_leader_writes_no_entries_without_commands_for_what_was_refused_by_the_last() {
    let mut cluster = Cluster::new(3);
    let (last, next) = (cluster.leader(), cluster.follower());
    let third = *cluster.members.keys().find(|id| ![last, next].contains(id)).expect("a third");
    cluster.connect(next, 1);
    let session = cluster.open(next, 1, 600_000);
    // The third one will vote, and cannot lead.
    cluster.isolate(third);
    let holds = ["a", "b"].map(|lock| cluster.hold(next, 1, session, lock).hold);
    cluster.step(last, [Input::Drain]);
    let [first, second] = holds.map(|hold| Command::ByHold { hold, action: HoldAction::Release });
    let opening = open(600_000, OnDisconnect::Keep);
    cluster.step(next, [request(901, first), request(902, opening), request(903, second)]);
    let (from, to, parcel) = cluster.on_the_way.pop_front().expect("the commands");
    cluster.deliver(from, to, parcel);
    let is_receipt = |parcel: &Parcel| matches!(parcel, Parcel::Message(Message::Forwarded(_)));
    cluster.on_the_way.retain(|(_, _, parcel)| is_receipt(parcel));
    cluster.settle();
    let refused = cluster.reply(next, 1, 902);
    assert_eq!(refused, Some(Reply::Unavailable(Unavailable::Draining)));
    cluster.crash(last);
    cluster.heal();
    let entries = cluster.members[&next].disk.entries.len();
    for id in [901, 903] {
        let reply = cluster.wait(next, 1, id);
        assert!(matches!(reply, Reply::Outcome(Outcome::Released { .. })), "{reply:?}");
    }
    assert!(cluster.node(next).is_leader());
    let entries = cluster.members[&next].disk.entries.len() - entries;
    assert_eq!(entries, 3, "one that begins the term, and one for each of the two");
}
