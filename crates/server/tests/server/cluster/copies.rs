//! Copies of a data folder, which nobody should start.

use std::path::Path;

use bramah_server::{Config, ServeError};
use tempfile::TempDir;

use super::{folder, joining, status, text_of, until, until_voters};
use crate::running::{Running, config};

/// Copies the files of a folder.
fn copy(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        std::fs::copy(entry.path(), to.join(entry.file_name())).expect("it is copied");
    }
}

/// A cluster of three, the last of which has a folder that was copied while it did not run.
struct Copied {
    first: Running,
    second: Running,
    /// What starts the last one again.
    third: Config,
    copy: Config,
    _folders: [TempDir; 4],
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
    Copied { first, second, third: again, copy, _folders: folders }
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
    let Copied { first, second, third, copy, _folders } = copied();
    let third = Running::start(third).expect("it starts again");
    until("it reaches the others", || reaches_all(&third));
    let copy = Running::start(copy).expect("it starts");
    assert_eq!(copy.started.node_id, third.started.node_id);
    let error = copy.wait().expect_err("it ends");
    assert!(matches!(error, ServeError::Join(_)), "{error:?}");
    let text = text_of(&error);
    assert!(text.contains("another process runs as node"), "{text}");
    assert!(text.contains("was copied") && text.contains("delete its folder"), "{text}");
    for other in [&first, &second] {
        until_reached(other, &third);
    }
    third.stop().expect("it ran on, and stops");
}

#[test]
fn a_member_that_was_not_there_when_its_copy_was_started_comes_too_late() {
    let Copied { first, second, third, copy, _folders } = copied();
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
    let Copied { first, third, _folders, second: _second, .. } = copied();
    for _ in 0..3 {
        let running = Running::start(third.clone()).expect("it starts again");
        until("it reaches the others", || reaches_all(&running));
        until_reached(&first, &running);
        running.kill();
    }
}

#[test]
fn a_member_is_found_again_after_a_copy_of_its_folder_ran_elsewhere() {
    let Copied { first, second, third, copy, _folders } = copied();
    let copy = Running::start(copy).expect("it starts");
    until("it told both others where it is", || reaches_all(&copy));
    copy.kill();
    let third = Running::start(third).expect("it starts again");
    for other in [&first, &second] {
        until_reached(other, &third);
    }
}
