//! Copies of a data folder, which nobody should start.

use std::path::Path;

use bramah_server::{Config, ServeError};
use tempfile::TempDir;

use super::{folder, joining, status, text_of, until, until_voters};
use crate::client::Client;
use crate::running::{Running, config};

/// Copies the files of a folder.
fn copy(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        std::fs::copy(entry.path(), to.join(entry.file_name())).expect("it is copied");
    }
}

/// Puts the log of one folder in place of that of another.
fn copy_log(from: &Path, to: &Path) {
    let node = std::fs::read(to.join("node")).expect("it has one");
    for entry in std::fs::read_dir(to).expect("a folder") {
        std::fs::remove_file(entry.expect("an entry").path()).expect("it is removed");
    }
    copy(from, to);
    std::fs::write(to.join("node"), node).expect("it is written");
}

/// A cluster of three, the last of which has a folder that was copied while it did not run.
struct Copied {
    first: Running,
    second: Running,
    /// What starts the last one again.
    third: Config,
    copy: Config,
    folders: [TempDir; 4],
}

fn copied() -> Copied {
    let folders = [(); 4].map(|()| tempfile::tempdir().expect("a folder"));
    let first = Running::in_folder(folders[2].path());
    let second = Running::start(joining(folder(folders[3].path()), &[&first])).expect("it starts");
    let third = Running::start(joining(folder(folders[0].path()), &[&first])).expect("it starts");
    until_voters(&first, 3);
    let again = third.same_addresses(folders[0].path());
    third.stop().expect("it stops");
    copy(folders[0].path(), folders[1].path());
    let copy = config(folder(folders[1].path()));
    Copied { first, second, third: again, copy, folders }
}

/// Waits until a member reaches this one at the address where it is.
fn until_reached(by: &Running, member: &Running) {
    let node_id = member.started.node_id;
    let peer_address = member.started.peer_address.expect("a port for members").to_string();
    until("the member is reached where it is", || {
        let member = status(by).members.into_iter().find(|it| it.node_id == node_id)?;
        (member.peer_address == peer_address && member.reachable).then_some(())
    });
}

fn reaches_all(server: &Running) -> Option<()> {
    status(server).members.iter().all(|member| member.reachable).then_some(())
}

#[test]
fn a_copy_of_a_folder_that_is_started_beside_its_member_is_refused_and_ends() {
    let Copied { first, second, third, copy, folders: _folders } = copied();
    let third = Running::start(third).expect("it starts again");
    until("it reaches the others", || reaches_all(&third));
    let copy = Running::start(copy).expect("it starts");
    assert_eq!(copy.started.node_id, third.started.node_id);
    let error = copy.wait().expect_err("it ends");
    assert!(matches!(error, ServeError::Join(_)), "{error:?}");
    let text = text_of(&error);
    assert!(text.contains("another process runs as node"), "{text}");
    assert!(text.contains("was copied") && text.contains("never start it again"), "{text}");
    for other in [&first, &second] {
        until_reached(other, &third);
    }
    third.stop().expect("it ran on, and stops");
}

#[test]
fn a_member_that_was_not_there_when_its_copy_was_started_comes_too_late() {
    let Copied { first, second, third, copy, folders: _folders } = copied();
    let copy = Running::start(copy).expect("it starts");
    until("it reaches the others", || reaches_all(&copy));
    let error = Running::start(third).and_then(Running::wait).expect_err("it ends");
    assert!(text_of(&error).contains("another process runs as node"), "{error:?}");
    for other in [&first, &second] {
        until_reached(other, &copy);
    }
}

#[test]
fn a_member_that_is_killed_and_started_again_is_not_taken_for_a_copy_of_itself() {
    let Copied { first, third, folders: _folders, second: _second, .. } = copied();
    for _ in 0..3 {
        let running = Running::start(third.clone()).expect("it starts again");
        until("it reaches the others", || reaches_all(&running));
        until_reached(&first, &running);
        running.kill();
    }
}

#[test]
fn a_member_is_found_again_after_a_copy_of_its_folder_ran_elsewhere() {
    let Copied { first, second, third, copy, folders } = copied();
    let copy = Running::start(copy).expect("it starts");
    until("it told both others where it is", || reaches_all(&copy));
    copy.kill();
    // What the copy acknowledged must not get lost; what it told of itself stays with it.
    copy_log(folders[1].path(), folders[0].path());
    let third = Running::start(third).expect("it starts again");
    for other in [&first, &second] {
        until_reached(other, &third);
    }
}

/// Up to where the leader knows that a node has the log.
fn acked(servers: [&Running; 2], node_id: u64) -> Option<u64> {
    servers.into_iter().find_map(|server| {
        let status = status(server);
        let member = status.members.into_iter().find(|member| member.node_id == node_id)?;
        member.match_index.filter(|_| status.leader == server.started.node_id)
    })
}

#[test]
fn a_member_whose_folder_lacks_what_its_copy_acknowledged_is_refused_and_ends() {
    let Copied { first, second, third, copy, folders: _folders } = copied();
    let copy = Running::start(copy).expect("it starts");
    let node_id = copy.started.node_id;
    until("it reaches the others", || reaches_all(&copy));
    let before = until("it acknowledges", || acked([&first, &second], node_id));
    let mut client = Client::connect(first.address());
    let session = client.open(60_000);
    client.hold(session, "x");
    until("it acknowledges more", || {
        acked([&first, &second], node_id).filter(|index| *index > before)
    });
    copy.stop().expect("it stops");
    let error = Running::start(third).and_then(Running::wait).expect_err("it ends");
    assert!(matches!(error, ServeError::Join(_)), "{error:?}");
    let text = text_of(&error);
    assert!(text.contains(&format!("node {node_id} said that it has the log")), "{text}");
    assert!(text.contains("is an old one") && text.contains("remove the node"), "{text}");
}
