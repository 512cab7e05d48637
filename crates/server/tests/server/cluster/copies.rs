//! Copies of a data folder, which nobody should start.

use std::path::Path;

use bramah_server::Storage;

use super::{folder, joining, status, until, until_voters};
use crate::running::{Running, config};

/// Copies the files of a folder.
fn copy(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        std::fs::copy(entry.path(), to.join(entry.file_name())).expect("it is copied");
    }
}

#[test]
fn a_member_is_found_again_after_a_copy_of_its_folder_ran_elsewhere() {
    let folders = [(); 2].map(|()| tempfile::tempdir().expect("a folder"));
    let first = Running::in_memory();
    let second = Running::start(joining(Storage::Memory, &[&first])).expect("it starts");
    let third = Running::start(joining(folder(folders[0].path()), &[&first])).expect("it starts");
    until_voters(&first, 3);
    let again = third.same_addresses(folders[0].path());
    third.stop().expect("it stops");
    copy(folders[0].path(), folders[1].path());
    let third = Running::start(again).expect("it starts again");
    let node_id = third.started.node_id;
    let peer_address = third.started.peer_address.expect("a port for members").to_string();

    let elsewhere = Running::start(config(folder(folders[1].path()))).expect("it starts");
    assert_eq!(elsewhere.started.node_id, node_id);
    until("it told both others where it is", || {
        status(&elsewhere).members.iter().all(|member| member.reachable).then_some(())
    });
    elsewhere.kill();
    for other in [&first, &second] {
        until("the member is reached where it is", || {
            let member = status(other).members.into_iter().find(|it| it.node_id == node_id)?;
            (member.peer_address == peer_address && member.reachable).then_some(())
        });
    }
}
