//! The way of commands from a follower to its leader.

use bramah_core::{Action, Command, Outcome, Value};
use bramah_node::{ClientId, Input, Reply};
use bramah_wire::request::What;

use crate::cluster::Cluster;

/// Acquires of different locks with values so long that a message takes a few of them.
fn heavy_requests(cluster: &mut Cluster, id: u64, count: u64) -> Vec<Input> {
    let session = cluster.open(id, 1, 600_000);
    let value = Value::new(&[7; 60_000]).expect("a long value");
    let requests = (0..count).map(|number| {
        let mut command = cluster.acquire_command(session, &number.to_string());
        if let Command::Request { action: Action::Acquire(acquire), .. } = &mut command {
            acquire.item.value = Some(value.clone());
        }
        let what = What::Command(command);
        Input::Request { client: ClientId(1), id: 1_000_000 + number, what }
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
