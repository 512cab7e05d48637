//! Backups of a running cluster, and what is made of them and of a lost one.

use std::fs;

use bramah_server::{RestoreError, inspect, recover, restore};
use bramah_wire::proto;
use bramah_wire::proto::reply::Outcome;
use bramah_wire::proto::request::Op;

use super::{folder, joining, three, until_voters};
use crate::client::Client;
use crate::running::Running;

/// All of a backup.
fn backup(client: &mut Client) -> Vec<u8> {
    let mut all = Vec::new();
    loop {
        let op = Op::Backup(proto::Backup { from: all.len() as u64 });
        match client.ask(op) {
            Outcome::BackupPart(part) => {
                all.extend_from_slice(&part.data);
                if part.last {
                    return all;
                }
            }
            other => panic!("no backup: {other:?}"),
        }
    }
}

#[test]
fn a_backup_of_any_member_becomes_a_cluster_that_grants_above_all_that_was_granted() {
    let servers = three();
    let mut client = Client::connect(servers[1].address());
    let session = client.open(60_000);
    let hold = client.hold(session, "x");
    let value = Some(vec![7; 60_000].into());
    for number in 0..20 {
        let hold = Some(client.hold(session, &format!("big-{number}")));
        let set = proto::SetValue { request: None, hold, value: value.clone() };
        assert!(matches!(client.ask(Op::SetValue(set)), Outcome::ValueSet(_)));
    }
    let bytes = backup(&mut client);
    assert!(bytes.len() > 20 * 60_000, "it comes in several parts");
    let last = client.hold(session, "after the backup");

    let folder = tempfile::tempdir().expect("a folder");
    let mut damaged = bytes.clone();
    damaged[bytes.len() / 2] ^= 1;
    assert!(restore(&damaged[..], folder.path()).is_err());
    assert!(restore(&bytes[..bytes.len() - 1], folder.path()).is_err());
    let restored = restore(&bytes[..], folder.path()).expect("it is restored");
    assert_eq!(restored.sizes.holds, 21);
    assert_eq!(restored.from_cluster_id, servers[0].started.cluster_id);
    let again = restore(&bytes[..], folder.path()).expect_err("there is something");
    assert!(matches!(again, RestoreError::NotEmpty), "{again:?}");

    let server = Running::in_folder(folder.path());
    assert_eq!(server.started.cluster_id, restored.cluster_id);
    assert_ne!(server.started.cluster_id, servers[0].started.cluster_id);
    let mut client = Client::connect(server.address());
    // The holder of then holds, the one after the backup does not.
    assert!(matches!(client.release(hold), Outcome::Released(_)));
    assert!(matches!(client.release(last), Outcome::Error(_)));
    let session = client.open(60_000);
    assert!(client.hold(session, "x").number > last.number);
}

#[test]
fn a_backup_has_what_was_acknowledged_before_also_if_there_was_an_older_snapshot() {
    let (data, copy) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("one"));
    let server = Running::in_folder(data.path());
    let mut client = Client::connect(server.address());
    let session = client.open(60_000);
    for number in 1..=3 {
        client.hold(session, &format!("x{number}"));
        let bytes = backup(&mut client);
        let folder = copy.path().join(number.to_string());
        assert_eq!(restore(&bytes[..], &folder).expect("it is restored").sizes.holds, number);
    }
}

#[test]
fn a_backup_that_is_not_under_way_cannot_go_on() {
    let server = Running::in_memory();
    let mut client = Client::connect(server.address());
    let error = client.error(Op::Backup(proto::Backup { from: 5 }));
    assert_eq!(error.code, "invalid_request");
    let whole = backup(&mut client);
    let from = whole.len() as u64;
    assert_eq!(client.error(Op::Backup(proto::Backup { from })).code, "invalid_request");
}

#[test]
fn a_backup_for_which_the_disk_has_no_room_is_refused_as_soon_as_that_is_known() {
    let data = tempfile::tempdir().expect("a folder");
    let server = Running::in_folder(data.path());
    let mut client = Client::connect(server.address());
    let session = client.open(60_000);
    client.hold(session, "x");
    // What is written aside next goes to a disk that has no room.
    for number in 1..9 {
        let aside = data.path().join(format!("snapshot-{number}.new"));
        std::os::unix::fs::symlink("/dev/full", aside).expect("it is made");
    }
    for _ in 0..2 {
        let error = client.error(Op::Backup(proto::Backup { from: 0 }));
        assert_eq!(error.code, "disk_full", "{error:?}");
    }
    client.hold(session, "y");
}

#[test]
fn what_one_member_has_of_a_lost_cluster_becomes_a_cluster() {
    let folders = [(); 2].map(|()| tempfile::tempdir().expect("a folder"));
    let first = Running::in_folder(folders[0].path());
    let second = Running::start(joining(folder(folders[1].path()), &[&first])).expect("it starts");
    until_voters(&second, 2);
    let mut client = Client::connect(first.address());
    let session = client.open(60_000);
    let hold = client.hold(session, "x");
    let (cluster_id, gone) = (first.started.cluster_id, second.started.node_id);
    let first_id = first.started.node_id;
    first.kill();
    second.kill();

    let found = super::until("the folder is free", || inspect(folders[0].path()).ok());
    assert_eq!((found.cluster_id, found.node_id), (cluster_id, first_id));
    assert_eq!((found.sizes.holds, found.voters.len(), found.is_alone()), (1, 2, false));
    let recovered = recover(folders[0].path()).expect("nobody runs in it");
    assert_eq!((recovered.index, recovered.sizes), (found.index, found.sizes));
    assert_eq!((recovered.from_cluster_id, recovered.sizes.holds), (cluster_id, 1));
    let server = Running::in_folder(folders[0].path());
    assert_eq!(server.started.cluster_id, recovered.cluster_id);
    let status = until_voters(&server, 1);
    assert!(status.members.iter().all(|member| member.node_id != gone));
    let mut client = Client::connect(server.address());
    assert!(matches!(client.release(hold), Outcome::Released(_)));
    let session = client.open(60_000);
    assert!(client.hold(session, "x").number > recovered.last_token.0);
    // The other, should it come back, is of a cluster that is no more.
    let other = Running::in_folder(folders[1].path());
    assert_eq!(other.started.cluster_id, cluster_id);
}

#[test]
fn a_restore_that_ends_before_there_is_a_log_may_begin_again() {
    let server = Running::in_memory();
    let bytes = backup(&mut Client::connect(server.address()));
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("snapshot-1.new"), "half a table").expect("it is written");
    let restored = restore(&bytes[..], folder.path()).expect("there is nothing in it yet");
    assert_eq!(Running::in_folder(folder.path()).started.cluster_id, restored.cluster_id);
}

#[test]
fn a_folder_that_never_had_a_table_cannot_be_recovered() {
    let folder = tempfile::tempdir().expect("a folder");
    let error = recover(folder.path()).expect_err("there is none");
    assert!(matches!(error, RestoreError::NoTable), "{error:?}");
}

#[test]
fn who_decides_alone_already_is_not_recovered() {
    let folders = [(); 2].map(|()| tempfile::tempdir().expect("a folder"));
    let first = Running::in_folder(folders[0].path());
    let mut learner = joining(folder(folders[1].path()), &[&first]);
    learner.cluster.learner = true;
    let second = Running::start(learner).expect("it starts");
    let cluster_id = first.started.cluster_id;
    super::until("it is a learner", || (super::status(&first).members.len() == 2).then_some(()));
    first.stop().expect("it stops");
    second.kill();
    let found = inspect(folders[0].path()).expect("nobody runs in it");
    assert_eq!((found.is_alone(), found.learners.len()), (true, 1));
    let error = recover(folders[0].path()).expect_err("nothing is lost");
    assert!(matches!(error, RestoreError::Alone), "{error:?}");
    assert_eq!(Running::in_folder(folders[0].path()).started.cluster_id, cluster_id);
}
