//! What sessions are told behind a snapshot, of holds that ended meanwhile.

use std::ops::Range;
use std::time::Instant;

use bramah_core::{Action, Command, EndReason, HoldAction, HoldId, Outcome};
use bramah_node::{ClientId, Input, Reply};
use bramah_wire::request::What;

use crate::cluster::Cluster;
use crate::harness::end_of;
use crate::members::{news_in, outrun};

/// Holds of locks with these numbers.
fn acquire_many(cluster: &mut Cluster, id: u64, numbers: Range<u64>) -> Vec<HoldId> {
    let session = cluster.open(id, 2, 600_000);
    let requests = numbers.clone().map(|number| {
        let what = What::Command(cluster.acquire_command(session, &number.to_string()));
        Input::Request { client: ClientId(2), id: 1_000_000 + number, what }
    });
    let requests: Vec<_> = requests.collect();
    cluster.step(id, requests);
    cluster.run(1_000);
    let hold_of = |number| match cluster.reply(id, 2, 1_000_000 + number) {
        Some(Reply::Outcome(Outcome::Granted(grants))) => grants[0].hold,
        other => panic!("not granted: {other:?}"),
    };
    numbers.map(hold_of).collect()
}

#[test]
fn a_hold_that_lingers_behind_a_snapshot_was_released_and_did_not_expire() {
    let mut cluster = Cluster::new(3);
    let (leader, follower) = (cluster.leader(), cluster.follower());
    cluster.connect(leader, 1);
    cluster.connect(follower, 2);
    let session = cluster.open(follower, 2, 600_000);
    let mut command = cluster.acquire_command(session, "x");
    if let Command::Request { action: Action::Acquire(acquire), .. } = &mut command {
        acquire.terms.min_hold_ms = 600_000;
    }
    let Outcome::Granted(grants) = cluster.command(follower, 2, command) else { panic!("refused") };
    cluster.isolate(follower);
    let released = cluster.release(leader, 1, grants[0].hold);
    assert!(matches!(released, Outcome::Released { free_at: Some(_), .. }), "{released:?}");
    outrun(&mut cluster, leader);
    cluster.member(follower).notices.clear();
    cluster.heal();
    cluster.run(1_000);
    assert_eq!(cluster.members[&follower].snapshots_received, 1);
    let news = news_in(std::mem::take(&mut cluster.member(follower).notices));
    assert_eq!(news.iter().map(end_of).collect::<Vec<_>>(), [Some(EndReason::Released)]);
}

#[test]
fn to_tell_of_many_lost_holds_is_no_look_at_all_that_ended_for_each_of_them() {
    const HOLDS: u64 = 10_000;
    let mut cluster = Cluster::new(3);
    let (leader, follower) = (cluster.leader(), cluster.follower());
    cluster.connect(leader, 1);
    cluster.connect(follower, 2);
    let mut holds = acquire_many(&mut cluster, follower, 0..HOLDS);
    holds.extend(acquire_many(&mut cluster, follower, HOLDS..2 * HOLDS));
    cluster.isolate(follower);
    let releases = holds.into_iter().zip(2_000_000..).map(|(hold, id)| {
        let what = What::Command(Command::ByHold { hold, action: HoldAction::Release });
        Input::Request { client: ClientId(1), id, what }
    });
    let releases: Vec<_> = releases.collect();
    let began = Instant::now();
    cluster.step(leader, releases);
    cluster.run(1_000);
    let to_lose = began.elapsed();
    outrun(&mut cluster, leader);
    cluster.member(follower).notices.clear();
    cluster.heal();
    let began = Instant::now();
    cluster.run(1_000);
    let to_tell = began.elapsed();
    assert_eq!(cluster.members[&follower].snapshots_received, 1);
    let news = news_in(std::mem::take(&mut cluster.member(follower).notices));
    assert_eq!(news.len() as u64, 2 * HOLDS);
    // It is about the same work; the look at all that ended would be twenty times as much.
    assert!(to_tell < 10 * to_lose, "{to_tell:?} to tell, {to_lose:?} to lose");
}
