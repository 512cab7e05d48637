//! A log whose files were spoilt: it opens with what was written, or says why not.

#![no_main]

use bramah_wal::{Disk, DiskFile, Entry, HardState, Options, SimDisk, SnapshotMeta, Wal};
use libfuzzer_sys::fuzz_target;

/// So few bits no checksum takes for others.
const FLIPS_MAX: usize = 3;

fuzz_target!(|bytes: &[u8]| {
    let [file, is_flipped, rest @ ..] = bytes else { return };
    let (disk, written) = log();
    let mut names = disk.list().expect("a list");
    names.sort();
    let name = &names[usize::from(*file) % names.len()];
    if is_flipped % 2 == 0 {
        for [low, high, bit] in rest.as_chunks().0.iter().take(FLIPS_MAX) {
            disk.flip_bit(name, usize::from(u16::from_le_bytes([*low, *high])), *bit);
        }
    } else if let [low, high, content @ ..] = rest {
        let at = u64::from(u16::from_le_bytes([*low, *high]));
        let file = disk.open(name).expect("it is there");
        file.write_durably_at(at % 4096, content).expect("there is room");
    }
    let Ok((_, recovered)) = Wal::open(disk, options()) else { return };
    if is_flipped % 2 == 0 {
        for entry in recovered.entries {
            assert_eq!(Some(&entry), written.get(entry.index as usize - 1));
        }
    }
});

fn options() -> Options {
    Options { segment_bytes: 4096, ..Options::default() }
}

/// Some segments and a snapshot.
fn log() -> (SimDisk, Vec<Entry>) {
    let disk = SimDisk::new(1);
    let (mut wal, _) = Wal::open(disk.clone(), options()).expect("a new log");
    let entry = |index| Entry { term: 1, index, kind: 0, data: vec![index as u8; 300].into() };
    let entries: Vec<Entry> = (1..=30).map(entry).collect();
    for entry in &entries {
        let state = HardState { term: 1, vote: 1, commit: entry.index - 1 };
        wal.append(Some(&state), std::slice::from_ref(entry)).expect("it is appended");
        if entry.index == 10 {
            let meta = SnapshotMeta { index: 9, term: 1, members: vec![7] };
            wal.save_snapshot(&meta, &[9; 1000]).expect("it is saved");
        }
    }
    drop(wal);
    (disk, entries)
}
