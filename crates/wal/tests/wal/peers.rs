//! Bugs that users of other lock services met, as far as a log can have them. Each is named after
//! who had it; `docs/internals/peer-bugs.md` has them all.

use bramah_wal::{HardState, SimDisk};

use crate::model::{Model, append, snapshot};

/// A server that restarted had forgotten what it had confirmed, and a majority was none.
#[test]
fn godistlock_restart_what_was_acknowledged_is_there_after_a_power_loss() {
    let disk = SimDisk::new(1);
    let (mut wal, mut model) = Model::open(&disk);
    for index in 1..=5 {
        let step = append(1, index..=index, 100);
        step.run(&mut wal).unwrap();
        model.apply(&step);
        let left = disk.restart(|_| false);
        assert_eq!(Model::open(&left).1, model.recovered(), "after entry {index}");
    }
}

/// One of five restarted empty, and a second client had its majority too.
#[test]
fn redsync_186_a_vote_is_remembered_over_a_power_loss() {
    let disk = SimDisk::new(1);
    let (mut wal, _) = Model::open(&disk);
    append(1, 1..=2, 100).run(&mut wal).unwrap();
    let voted = HardState { term: 7, vote: 3, commit: 2 };
    wal.append(Some(&voted), &[]).unwrap();
    let (wal, model) = Model::open(&disk.restart(|_| false));
    assert_eq!((model.hard_state, wal.hard_state()), (voted, voted));
}

/// After a restart of all, locks were frozen: their holders were forgotten and they were not.
#[test]
fn hazelcast_17436_a_restart_finds_the_snapshot_and_all_that_came_after() {
    let disk = SimDisk::new(1);
    let (mut wal, mut model) = Model::open(&disk);
    for step in [append(1, 1..=6, 100), snapshot(4, 1), append(2, 7..=9, 100)] {
        step.run(&mut wal).unwrap();
        model.apply(&step);
    }
    let (_, found) = Model::open(&disk.restart(|_| false));
    assert_eq!(found, model.recovered());
}
