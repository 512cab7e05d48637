//! What each call does and refuses, without faults.

use bramah_wal::limits::SNAPSHOT_MEMBERS_BYTES_MAX;
use bramah_wal::{
    Disk, Entry, HardState, OpenError, Options, SimDisk, SnapshotMeta, Wal, WalError,
};

use crate::model::{Model, OPTIONS, append, entry, snapshot};

#[test]
fn a_new_log_is_empty() {
    let (wal, model) = Model::open(&SimDisk::new(1));
    assert_eq!(model, Model::default());
    assert_eq!((wal.last_index(), wal.term(0), wal.term(1)), (0, Some(0), None));
}

#[test]
fn an_append_of_nothing_new_writes_nothing() {
    let disk = SimDisk::new(1);
    let (mut wal, _) = Model::open(&disk);
    append(1, 1..=3, 50).run(&mut wal).unwrap();
    let operations = disk.operations();
    wal.append(None, &[]).unwrap();
    wal.append(Some(&wal.hard_state()), &[]).unwrap();
    assert_eq!(disk.operations(), operations);
}

#[test]
fn an_append_is_one_write_and_one_sync() {
    let disk = SimDisk::new(1);
    let (mut wal, _) = Model::open(&disk);
    append(1, 1..=1, 50).run(&mut wal).unwrap();
    let operations = disk.operations();
    append(1, 2..=5, 50).run(&mut wal).unwrap();
    assert_eq!(disk.operations(), operations + 2);
}

#[test]
fn entries_with_a_gap_are_refused_and_change_nothing() {
    let (mut wal, _) = Model::open(&SimDisk::new(1));
    append(1, 1..=3, 50).run(&mut wal).unwrap();
    let refused = wal.append(None, &[entry(5, 1, 10)]).unwrap_err();
    assert!(matches!(refused, WalError::OutOfOrder { found: 5, index_min: 1, index_max: 4 }));
    let refused = wal.append(None, &[entry(4, 1, 10), entry(6, 1, 10)]).unwrap_err();
    assert!(matches!(refused, WalError::OutOfOrder { found: 6, index_min: 5, index_max: 5 }));
    assert_eq!(wal.last_index(), 3);
    append(1, 4..=4, 50).run(&mut wal).unwrap();
}

#[test]
fn an_entry_inside_of_the_snapshot_is_refused() {
    let (mut wal, _) = Model::open(&SimDisk::new(1));
    append(1, 1..=3, 50).run(&mut wal).unwrap();
    snapshot(2, 1).run(&mut wal).unwrap();
    let refused = wal.append(None, &[entry(2, 2, 10)]).unwrap_err();
    assert!(matches!(refused, WalError::OutOfOrder { found: 2, index_min: 3, index_max: 4 }));
}

#[test]
fn terms_are_known_for_what_is_in_the_log() {
    let (mut wal, _) = Model::open(&SimDisk::new(1));
    append(1, 1..=4, 50).run(&mut wal).unwrap();
    append(2, 3..=6, 50).run(&mut wal).unwrap();
    snapshot(4, 2).run(&mut wal).unwrap();
    let terms: Vec<_> = (0..9).map(|index| wal.term(index)).collect();
    let two = Some(2);
    assert_eq!(terms, [None, None, None, None, two, two, two, None, None]);
}

#[test]
fn the_largest_entry_fits_and_one_byte_more_is_refused() {
    let disk = SimDisk::new(1);
    let (mut wal, _) = Model::open(&disk);
    // A segment without its header, less a frame's header and an entry's.
    let bytes_max = OPTIONS.segment_bytes as usize - 512 - 64 - 13;
    let refused = wal.append(None, &[entry(1, 1, bytes_max + 1)]).unwrap_err();
    assert!(matches!(refused, WalError::EntryTooLarge { index: 1, .. }), "{refused}");
    for index in 1..=3 {
        wal.append(None, &[entry(index, 1, bytes_max)]).unwrap();
    }
    wal.append(None, &[entry(4, 1, bytes_max - 1)]).unwrap();
    drop(wal);
    let (_, model) = Model::open(&disk);
    assert_eq!(model.entries.len(), 4);
    assert_eq!(model.entries[2], entry(3, 1, bytes_max));
}

#[test]
fn a_long_append_takes_several_segments() {
    let disk = SimDisk::new(1);
    let (mut wal, mut model) = Model::open(&disk);
    let step = append(1, 1..=100, 90);
    step.run(&mut wal).unwrap();
    model.apply(&step);
    drop(wal);
    assert_eq!(Model::open(&disk).1, model);
    assert!(disk.list().unwrap().iter().filter(|name| name.starts_with("segment")).count() > 5);
}

#[test]
fn a_stale_snapshot_is_refused() {
    let (mut wal, _) = Model::open(&SimDisk::new(1));
    append(1, 1..=5, 50).run(&mut wal).unwrap();
    snapshot(3, 1).run(&mut wal).unwrap();
    for index in [2, 3] {
        let refused = snapshot(index, 1).run(&mut wal).unwrap_err();
        assert!(matches!(refused, WalError::StaleSnapshot { current: 3, .. }));
    }
    snapshot(4, 1).run(&mut wal).unwrap();
}

#[test]
fn members_are_bounded() {
    let (mut wal, _) = Model::open(&SimDisk::new(1));
    append(1, 1..=5, 50).run(&mut wal).unwrap();
    let mut meta =
        SnapshotMeta { index: 3, term: 1, members: vec![7; SNAPSHOT_MEMBERS_BYTES_MAX + 1] };
    let refused = wal.save_snapshot(&meta, b"").unwrap_err();
    assert!(matches!(refused, WalError::MembersTooLarge { .. }));
    meta.members.pop();
    wal.save_snapshot(&meta, b"").unwrap();
}

#[test]
fn a_snapshot_of_many_blocks_comes_back_as_it_was() {
    let disk = SimDisk::new(1);
    let (mut wal, _) = Model::open(&disk);
    let data: Vec<u8> = (0..3_000_001_u32).map(|place| (place % 251) as u8).collect();
    let mut writer =
        wal.begin_snapshot(&SnapshotMeta { index: 9, term: 2, members: vec![] }).unwrap();
    for part in data.chunks(77_777) {
        writer.write(part).unwrap();
    }
    // The log goes on meanwhile.
    append(1, 1..=5, 50).run(&mut wal).unwrap();
    wal.publish_snapshot(writer.finish().unwrap()).unwrap();
    drop(wal);
    let (wal, model) = Model::open(&disk);
    assert!(model.snapshot.unwrap().1 == data);
    assert_eq!(wal.last_index(), 9);
    assert_eq!(model.hard_state, HardState { term: 2, vote: 0, commit: 9 });
}

#[test]
fn an_unfinished_snapshot_leaves_nothing_behind() {
    let disk = SimDisk::new(1);
    let (mut wal, _) = Model::open(&disk);
    let before = disk.list().unwrap();
    let mut writer = wal.begin_snapshot(&SnapshotMeta::default()).unwrap();
    writer.write(&[1; 1000]).unwrap();
    assert_ne!(disk.list().unwrap(), before);
    drop(writer);
    assert_eq!(disk.list().unwrap(), before);
}

#[test]
fn a_long_life_takes_bounded_room() {
    let disk = SimDisk::new(1);
    let (mut wal, _) = Model::open(&disk);
    let mut index = 0;
    for round in 0..300 {
        append(1, index + 1..=index + 20, 100).run(&mut wal).unwrap();
        index += 20;
        if round % 2 == 1 {
            snapshot(index - 3, 1).run(&mut wal).unwrap();
        }
        // Two rounds take 4 segments; then the active one, the next one and the spare ones.
        assert!(disk.used_bytes() < 10 * OPTIONS.segment_bytes, "{}", disk.used_bytes());
    }
    drop(wal);
    assert_eq!(Model::open(&disk).1.last_index(), index);
}

#[test]
fn a_reader_sees_the_log_as_it_was() {
    let disk = SimDisk::new(1);
    let (mut wal, _) = Model::open(&disk);
    append(1, 1..=20, 100).run(&mut wal).unwrap();
    snapshot(5, 1).run(&mut wal).unwrap();
    append(2, 18..=30, 100).run(&mut wal).unwrap();
    let reader = wal.reader();
    let expected: Vec<Entry> = (6..=17)
        .map(|index| entry(index, 1, 100))
        .chain((18..=30).map(|index| entry(index, 2, 100)))
        .collect();
    let read = |upto| reader.entries(upto).collect::<Result<Vec<_>, _>>().unwrap();
    assert_eq!(read(30), expected);

    // Appends, replaced suffixes, freed and reused segments and a new snapshot change nothing for
    // it.
    append(3, 25..=60, 100).run(&mut wal).unwrap();
    snapshot(50, 3).run(&mut wal).unwrap();
    append(3, 61..=200, 100).run(&mut wal).unwrap();
    snapshot(190, 3).run(&mut wal).unwrap();
    append(3, 201..=300, 100).run(&mut wal).unwrap();
    assert_eq!(read(99), expected);
    assert_eq!(read(20), expected[..15]);
    assert_eq!(read(5), []);
    let snapshot = reader.snapshot().unwrap().unwrap();
    assert_eq!(snapshot.meta().index, 5);
    assert_eq!(reader.last_index(), 30);
}

#[test]
fn segments_are_used_again() {
    let disk = SimDisk::new(1);
    let (mut wal, _) = Model::open(&disk);
    append(1, 1..=40, 100).run(&mut wal).unwrap();
    snapshot(40, 1).run(&mut wal).unwrap();
    let spares = |disk: &SimDisk| {
        disk.list().unwrap().iter().filter(|name| name.starts_with("spare")).count()
    };
    assert_eq!(spares(&disk), OPTIONS.spare_segments_max);
    let operations = disk.operations();
    append(1, 41..=52, 100).run(&mut wal).unwrap();
    assert_eq!(spares(&disk), OPTIONS.spare_segments_max - 1);
    // One batch, and of the spare segment: names, header and its sync, name, names. No zeros are
    // written.
    assert_eq!(disk.operations() - operations, 2 + 5);
    drop(wal);
    let (_, model) = Model::open(&disk);
    assert_eq!(model.entries.len(), 12);
}

#[test]
fn the_size_of_segments_may_change() {
    let disk = SimDisk::new(1);
    let (mut wal, mut model) = Model::open(&disk);
    let steps = [append(1, 1..=40, 100), snapshot(20, 1), append(1, 41..=50, 100), snapshot(48, 1)];
    for (step, segment_bytes) in steps.iter().zip([2048, 4096, 8192, 2048]) {
        step.run(&mut wal).unwrap();
        model.apply(step);
        drop(wal);
        let options = Options { segment_bytes, ..OPTIONS };
        let recovered;
        (wal, recovered) = Wal::open(disk.clone(), options).unwrap();
        assert_eq!(Model::of(&wal, recovered), model.recovered());
    }
}

#[test]
fn an_impossible_size_of_segments_is_refused() {
    for segment_bytes in [0, 1024, 2049, u64::MAX] {
        let options = Options { segment_bytes, ..OPTIONS };
        let refused = Wal::open(SimDisk::new(1), options).unwrap_err();
        assert!(matches!(refused, OpenError::SegmentBytes { .. }), "{refused}");
    }
}

#[test]
fn a_failed_write_stops_the_log_for_good() {
    let disk = SimDisk::new(1);
    let (mut wal, _) = Model::open(&disk);
    append(1, 1..=2, 50).run(&mut wal).unwrap();
    let mut writer =
        wal.begin_snapshot(&SnapshotMeta { index: 1, term: 1, members: vec![] }).unwrap();
    disk.fail_at(disk.operations() + 1, std::io::ErrorKind::Other);
    let first = append(1, 3..=4, 50).run(&mut wal).unwrap_err().to_string();
    assert!(first.contains("could not write segment-"), "{first}");
    assert_eq!(append(1, 3..=4, 50).run(&mut wal).unwrap_err().to_string(), first);
    assert_eq!(wal.append(None, &[]).unwrap_err().to_string(), first);
    assert_eq!(wal.seal().unwrap_err().to_string(), first);
    assert_eq!(snapshot(1, 1).run(&mut wal).unwrap_err().to_string(), first);
    writer.write(&[1; 10]).unwrap();
    assert_eq!(writer.finish().err().unwrap().to_string(), first);
}
