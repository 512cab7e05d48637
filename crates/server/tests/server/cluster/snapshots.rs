//! Members that get the table as a snapshot.

use bramah_server::Storage;
use bramah_wire::proto;
use bramah_wire::proto::reply::Outcome;
use bramah_wire::proto::request::Op;

use super::{folder, joining, status, until, until_voters};
use crate::client::Client;
use crate::running::Running;

#[test]
fn one_that_joins_late_gets_everything_also_what_is_no_longer_in_the_log() {
    let folders = [(); 2].map(|()| tempfile::tempdir().expect("a folder"));
    let first = Running::in_folder(folders[0].path());
    let mut client = Client::connect(first.address());
    let session = client.open(60_000);
    for number in 0..500 {
        client.hold(session, &format!("before-{number}"));
    }
    drop(client);
    drop(first);
    // The end left a snapshot and nothing behind it.
    let first = Running::in_folder(folders[0].path());
    assert_eq!(first.started.found.locks, 500);
    let second = Running::start(joining(folder(folders[1].path()), &[&first])).expect("it starts");
    until_voters(&second, 2);
    let mut client = Client::connect(second.address());
    let session = client.open(60_000);
    client.hold(session, "after");
    let list =
        |stale| Op::ListLocks(proto::ListLocks { len_max: 1_000, stale, ..Default::default() });
    let Outcome::LockList(all) = client.ask(list(false)) else { panic!("no list") };
    assert_eq!(all.locks.len(), 501);
    // Its own table has them, and its own disk.
    until("it has applied all", || {
        let Outcome::LockList(own) = client.ask(list(true)) else { panic!("no list") };
        (own.locks == all.locks).then_some(())
    });
    drop(client);
    let second = second.restarted(folders[1].path());
    assert_eq!(second.started.found.locks, 501);
    until_voters(&second, 2);
}

#[test]
fn one_in_memory_that_comes_back_is_a_new_member() {
    let first = Running::in_memory();
    let second = Running::start(joining(Storage::Memory, &[&first])).expect("it starts");
    until_voters(&first, 2);
    let gone = second.started.node_id;
    let mut client = Client::connect(second.address());
    let session = client.open(60_000);
    client.hold(session, "x");
    let third = Running::start(joining(Storage::Memory, &[&second])).expect("it starts");
    until_voters(&first, 3);
    drop(second);
    let leader = until("one of two leads", || {
        [&first, &third].into_iter().find(|it| status(it).leader == it.started.node_id)
    });
    let remove = Op::ClusterRemove(proto::ClusterRemove { node_id: gone });
    let outcome = Client::connect(leader.address()).ask(remove);
    assert!(matches!(outcome, Outcome::ClusterStatus(_)), "{outcome:?}");
    let fourth = Running::start(joining(Storage::Memory, &[&third])).expect("it starts");
    until_voters(&fourth, 3);
    let mut client = Client::connect(fourth.address());
    let get = Op::GetLock(proto::GetLock { name: "x".to_owned(), ..Default::default() });
    let Outcome::Lock(lock) = client.ask(get) else { panic!("no lock") };
    assert_eq!(lock.holders.len(), 1);
}
