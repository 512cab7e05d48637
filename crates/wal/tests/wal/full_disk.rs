//! A disk without room: noticed early, nothing lost, and over when there is room again.

use bramah_wal::{HardState, OpenError, SimDisk, SnapshotMeta, Wal, WalError};

use crate::model::{Model, OPTIONS, Step, append, entry, snapshot};

/// A log whose next segment found no room.
fn full() -> (SimDisk, Wal<SimDisk>, Model) {
    let disk = SimDisk::new(1);
    // Room for three segments.
    disk.set_capacity_bytes(Some(3 * OPTIONS.segment_bytes + 100));
    let (mut wal, mut model) = Model::open(&disk);
    let mut index = 1;
    while !wal.is_disk_full() {
        let step = append(1, index..=index, 200);
        step.run(&mut wal).unwrap();
        model.apply(&step);
        index += 1;
    }
    (disk, wal, model)
}

#[test]
fn a_full_disk_is_noticed_while_a_segment_is_still_free() {
    let (_, mut wal, _) = full();
    let used = 64 + 13 + 200_u64;
    assert!(wal.space_left() + used.next_multiple_of(8) >= OPTIONS.segment_bytes - 512);
}

#[test]
fn what_space_left_promises_can_be_appended() {
    let (disk, mut wal, mut model) = full();
    while wal.space_left() >= 64 {
        let hard_state = HardState { term: 1, vote: 1, commit: wal.hard_state().commit + 1 };
        wal.append(Some(&hard_state), &[]).unwrap();
        model.hard_state = hard_state;
    }
    let hard_state = HardState { term: 2, ..wal.hard_state() };
    let refused = wal.append(Some(&hard_state), &[]).unwrap_err();
    assert!(matches!(refused, WalError::DiskFull(_)), "{refused}");
    drop(wal);
    assert_eq!(Model::open(&disk).1, model.recovered());
}

#[test]
fn the_log_goes_on_when_there_is_room_again() {
    let (disk, mut wal, mut model) = full();
    let mut index = wal.last_index() + 1;
    let refused = loop {
        let step = append(1, index..=index, 200);
        match step.run(&mut wal) {
            Ok(()) => model.apply(&step),
            Err(refused) => break refused,
        }
        index += 1;
    };
    assert!(matches!(refused, WalError::DiskFull(_)), "{refused}");
    assert_eq!(wal.last_index(), index - 1);

    disk.set_capacity_bytes(None);
    assert!(wal.is_disk_full());
    wal.prepare_next();
    assert!(!wal.is_disk_full());
    let step = append(1, index..=index + 20, 200);
    step.run(&mut wal).unwrap();
    model.apply(&step);
    drop(wal);
    assert_eq!(Model::open(&disk).1, model.recovered());
}

#[test]
fn an_append_over_several_segments_may_be_given_again() {
    let (disk, mut wal, _) = full();
    // Room for one more segment, and the append needs three.
    disk.set_capacity_bytes(Some(4 * OPTIONS.segment_bytes + 100));
    wal.prepare_next();
    let first = wal.last_index() + 1;
    let Step::Append(_, entries) = append(2, first..=first + 20, 200) else { unreachable!() };
    let hard_state = HardState { term: 2, vote: 1, commit: first + 20 };
    let step = Step::Append(Some(hard_state), entries);
    assert!(matches!(step.run(&mut wal), Err(WalError::DiskFull(_))));
    assert!(wal.last_index() > first);
    // What is there of it is a log of its own: nothing is committed that is not there.
    assert_eq!(wal.hard_state(), HardState { commit: wal.last_index(), ..hard_state });
    disk.set_capacity_bytes(None);
    step.run(&mut wal).unwrap();
    drop(wal);
    let (wal, model) = Model::open(&disk);
    assert_eq!(wal.last_index(), first + 20);
    assert_eq!(model.entries.last(), Some(&entry(first + 20, 2, 200)));
}

#[test]
fn a_snapshot_makes_room() {
    let (disk, mut wal, mut model) = full();
    // Nothing but a little room for the snapshot itself.
    disk.set_capacity_bytes(Some(disk.used_bytes() + 1000));
    let step = snapshot(wal.last_index(), 1);
    step.run(&mut wal).unwrap();
    model.apply(&step);
    assert!(!wal.is_disk_full(), "a freed segment is the next one");
    let first = wal.last_index() + 1;
    let step = append(1, first..=first + 7, 200);
    step.run(&mut wal).unwrap();
    model.apply(&step);
    drop(wal);
    assert_eq!(Model::open(&disk).1, model.recovered());
}

#[test]
fn a_snapshot_without_room_is_given_up_and_stops_nothing() {
    let (disk, mut wal, mut model) = full();
    let used = disk.used_bytes();
    let meta = SnapshotMeta { index: 2, term: 1, members: vec![] };
    let refused = wal.save_snapshot(&meta, &[7; 4000]).unwrap_err();
    assert!(matches!(refused, WalError::DiskFull(_)), "{refused}");
    assert_eq!(disk.used_bytes(), used);
    let step = append(1, wal.last_index() + 1..=wal.last_index() + 1, 10);
    step.run(&mut wal).unwrap();
    model.apply(&step);
    drop(wal);
    assert_eq!(Model::open(&disk).1, model.recovered());
}

#[test]
fn a_snapshot_that_finds_no_room_for_its_header_or_name_can_be_published_later() {
    // The write and the sync of its header, and its change of names.
    for operation in 0..3 {
        let disk = SimDisk::new(1);
        let (mut wal, mut model) = Model::open(&disk);
        let step = append(1, 1..=5, 50);
        step.run(&mut wal).unwrap();
        model.apply(&step);
        let Step::Snapshot(meta, data) = snapshot(9, 2) else { unreachable!() };
        let mut writer = wal.begin_snapshot(&meta).unwrap();
        writer.write(&data).unwrap();
        let mut finished = writer.finish().unwrap();
        disk.fail_at(disk.operations() + operation, std::io::ErrorKind::StorageFull);
        let refused = wal.try_publish(&mut finished).unwrap_err();
        assert!(matches!(refused, WalError::DiskFull(_)), "{refused}");
        assert_eq!((wal.snapshot(), wal.last_index()), (None, 5), "the log is as it was");
        wal.try_publish(&mut finished).unwrap();
        drop(finished);
        model.apply(&Step::Snapshot(meta, data));
        drop(wal);
        let after_a_loss_of_power = disk.restart(|_| false);
        assert_eq!(Model::open(&after_a_loss_of_power).1, model.recovered());
    }
}

#[test]
fn a_new_log_without_room_says_so() {
    let disk = SimDisk::new(1);
    disk.set_capacity_bytes(Some(OPTIONS.segment_bytes - 1));
    let refused = Wal::open(disk.clone(), OPTIONS).unwrap_err();
    assert!(matches!(refused, OpenError::DiskFull { .. }), "{refused}");
    disk.set_capacity_bytes(Some(OPTIONS.segment_bytes));
    // One segment is enough to begin.
    let (mut wal, _) = Model::open(&disk);
    assert!(wal.is_disk_full());
    append(1, 1..=1, 100).run(&mut wal).unwrap();
}

#[test]
fn a_write_that_fails_for_room_half_way_stops_the_log() {
    let disk = SimDisk::new(1);
    let (mut wal, _) = Model::open(&disk);
    disk.fail_at(disk.operations(), std::io::ErrorKind::StorageFull);
    let refused = append(1, 1..=3, 100).run(&mut wal).unwrap_err();
    assert!(matches!(refused, WalError::Failed(_)), "{refused}");
}
