//! The log on a real folder.

use bramah_wal::{DirDisk, Entry, HardState, OpenError, Options, SnapshotMeta, Wal};

fn entry(index: u64, term: u64) -> Entry {
    Entry { term, index, kind: 0, data: format!("entry {index} of term {term}").into() }
}

#[test]
fn what_was_appended_is_there_after_reopening() {
    let folder = tempfile::tempdir().unwrap();
    let (mut wal, recovered) =
        Wal::open(DirDisk::open(folder.path()).unwrap(), Options::default()).unwrap();
    assert!(recovered.entries.is_empty());
    let hard_state = HardState { term: 2, vote: 1, commit: 1 };
    wal.append(Some(&hard_state), &[entry(1, 1), entry(2, 2)]).unwrap();
    wal.append(None, &[entry(3, 2)]).unwrap();
    drop(wal);

    let (mut wal, recovered) =
        Wal::open(DirDisk::open(folder.path()).unwrap(), Options::default()).unwrap();
    assert_eq!(recovered.hard_state, hard_state);
    assert_eq!(recovered.entries, [entry(1, 1), entry(2, 2), entry(3, 2)]);
    assert_eq!(recovered.torn, None);

    let meta = SnapshotMeta { index: 2, term: 2, members: vec![1, 2, 3] };
    wal.save_snapshot(&meta, b"state").unwrap();
    drop(wal);
    let (wal, recovered) =
        Wal::open(DirDisk::open(folder.path()).unwrap(), Options::default()).unwrap();
    assert_eq!(recovered.snapshot, Some(meta));
    assert_eq!(recovered.entries, [entry(3, 2)]);
    let mut data = Vec::new();
    std::io::Read::read_to_end(&mut wal.reader().snapshot().unwrap().unwrap(), &mut data).unwrap();
    assert_eq!(data, b"state");
}

#[test]
fn a_second_opening_is_refused_and_names_the_holder() {
    let folder = tempfile::tempdir().unwrap();
    let first = DirDisk::open(folder.path()).unwrap();
    let refused = DirDisk::open(folder.path()).unwrap_err();
    assert!(
        matches!(refused, OpenError::Locked { holder, .. } if holder == Some(std::process::id()))
    );
    drop(first);
    DirDisk::open(folder.path()).unwrap();
}
