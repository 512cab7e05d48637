//! The log on a real folder.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, Stdio};

use bramah_wal::{DirDisk, HardState, OpenError, Options, SnapshotMeta, Wal, WalError};

use crate::model::{Model, append, entry, snapshot};

const OPTIONS: Options = Options { segment_bytes: 64 * 1024, spare_segments_max: 2 };

fn open(path: &Path) -> (Wal<DirDisk>, Model) {
    let (wal, recovered) = Wal::open(DirDisk::open(path).unwrap(), OPTIONS).unwrap();
    assert_eq!(recovered.torn, None);
    let model = Model::of(&wal, recovered);
    (wal, model)
}

#[test]
fn what_was_appended_is_there_after_reopening() {
    let folder = tempfile::tempdir().unwrap();
    // The folder is made, with those above it.
    let path = folder.path().join("deep/down");
    let (mut wal, mut model) = open(&path);
    for round in 0..40 {
        let first = 1 + round * 20;
        let step = append(round / 3, first..=first + 22, 300);
        step.run(&mut wal).unwrap();
        model.apply(&step);
        if round % 10 == 9 {
            let step = snapshot(first, round / 3);
            step.run(&mut wal).unwrap();
            model.apply(&step);
            drop(wal);
            let found;
            (wal, found) = open(&path);
            assert_eq!(found, model.recovered());
            model = found;
        }
    }
    let used: u64 = std::fs::read_dir(&path)
        .unwrap()
        .map(|found| found.unwrap().metadata().unwrap().len())
        .sum();
    assert!(used < 8 * OPTIONS.segment_bytes, "{used}");
}

#[test]
fn a_second_opening_is_refused_and_names_the_holder() {
    let folder = tempfile::tempdir().unwrap();
    let first = DirDisk::open(folder.path()).unwrap();
    let refused = DirDisk::open(folder.path()).unwrap_err();
    let OpenError::Locked { holder, .. } = &refused else { panic!("{refused}") };
    assert_eq!(*holder, Some(std::process::id()));
    drop(first);
    DirDisk::open(folder.path()).unwrap();
}

#[test]
fn a_killed_process_gives_the_folder_back_with_all_it_was_told() {
    const CHILD: &str = "BRAMAH_WAL_CHILD";
    if let Some(path) = std::env::var_os(CHILD) {
        // This is the child: it appends until it is killed, and says what was acknowledged.
        let (mut wal, _) = open(Path::new(&path));
        for index in 1.. {
            append(1, index..=index, 1000).run(&mut wal).unwrap();
            println!("\nacknowledged {index}");
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--nocapture", "--exact"])
        .arg("real_disk::a_killed_process_gives_the_folder_back_with_all_it_was_told")
        .env(CHILD, folder.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut acknowledged = 0;
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        if let Some(index) = line.unwrap().strip_prefix("acknowledged ") {
            acknowledged = index.parse().unwrap();
        }
        if acknowledged == 150 {
            let refused = DirDisk::open(folder.path()).unwrap_err();
            assert!(refused.to_string().contains(&format!("process {}", child.id())), "{refused}");
            child.kill().unwrap();
        }
    }
    child.wait().unwrap();
    assert!(acknowledged >= 150);
    let (_, model) = open(folder.path());
    assert!(model.last_index() >= acknowledged);
    let expected: Vec<_> = (1..=model.last_index()).map(|index| entry(index, 1, 1000)).collect();
    assert_eq!(model.entries, expected);
}

#[test]
fn too_many_open_files_stop_nothing_and_pass() {
    const CHILD: &str = "BRAMAH_WAL_FILES_CHILD";
    if let Some(path) = std::env::var_os(CHILD) {
        // This is the child, which may open few files.
        let (mut wal, _) = open(Path::new(&path));
        let files: Vec<File> = std::iter::from_fn(|| File::open("/dev/null").ok()).collect();
        let meta = SnapshotMeta { index: 1, term: 1, members: Vec::new() };
        let refused = wal.save_snapshot(&meta, b"data").unwrap_err().to_string();
        assert!(refused.contains("too many files are open: could not create"), "{refused}");
        let mut index = 1;
        let refused = loop {
            match append(1, index..=index, 1000).run(&mut wal) {
                Ok(()) => index += 1,
                Err(refused) => break refused,
            }
        };
        assert!(matches!(refused, WalError::DiskFull(_)), "{refused}");
        drop(files);
        wal.prepare_next();
        append(1, index..=index + 200, 1000).run(&mut wal).unwrap();
        assert!(!wal.is_disk_full());
        wal.save_snapshot(&meta, b"data").unwrap();
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let child = Command::new("sh")
        .args(["-c", "ulimit -n 32; exec \"$0\" \"$@\""])
        .arg(std::env::current_exe().unwrap())
        .args(["--nocapture", "--exact", "real_disk::too_many_open_files_stop_nothing_and_pass"])
        .env(CHILD, folder.path())
        .output()
        .unwrap();
    assert!(child.status.success(), "{}", String::from_utf8_lossy(&child.stderr));
}

#[test]
fn a_compactor_on_another_thread_does_not_stop_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let (mut wal, _) = open(folder.path());
    append(1, 1..=500, 200).run(&mut wal).unwrap();
    for round in 1..=5 {
        let upto = wal.last_index();
        let reader = wal.reader();
        let term = wal.term(upto).unwrap();
        let meta = SnapshotMeta { index: upto, term, members: vec![round] };
        let mut writer = wal.begin_snapshot(&meta).unwrap();
        let compactor = std::thread::spawn(move || {
            // The state here is just all data, one after another.
            if let Some(mut before) = reader.snapshot().unwrap() {
                let mut data = Vec::new();
                before.read_to_end(&mut data).unwrap();
                writer.write(&data).unwrap();
            }
            for entry in reader.entries(upto) {
                writer.write(&entry.unwrap().data).unwrap();
            }
            writer.finish().unwrap()
        });
        for index in upto + 1..=upto + 200 {
            append(1, index..=index, 200).run(&mut wal).unwrap();
        }
        wal.publish_snapshot(compactor.join().unwrap()).unwrap();
    }
    drop(wal);
    let (_, model) = open(folder.path());
    let (meta, data) = model.snapshot.clone().unwrap();
    let expected: Vec<u8> =
        (1..=meta.index).flat_map(|index| entry(index, 1, 200).data.to_vec()).collect();
    assert_eq!(meta.index, 1300);
    assert!(data == expected);
    assert_eq!(model.last_index(), 1500);
    assert_eq!(model.hard_state, HardState { term: 1, vote: 1, commit: 1499 });
}

#[test]
fn what_it_makes_is_for_its_user_only() {
    use std::os::unix::fs::PermissionsExt;
    let above = tempfile::tempdir().unwrap();
    let folder = above.path().join("made/here");
    let disk = DirDisk::open(&folder).unwrap();
    let (mut wal, _) = Wal::open(disk, Options::default()).unwrap();
    wal.save_snapshot(&SnapshotMeta { index: 1, term: 1, members: Vec::new() }, b"data").unwrap();
    let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&above.path().join("made")), mode(&folder)), (0o700, 0o700));
    let mut files = 0;
    for file in std::fs::read_dir(&folder).unwrap() {
        assert_eq!(mode(&file.unwrap().path()), 0o600);
        files += 1;
    }
    assert!(files >= 3);
}

/// What somebody may do to the folder of a log that is open.
fn tampering(path: &Path, what: &str) {
    let aside = path.with_extension("aside");
    let segment = || {
        let names = std::fs::read_dir(path).unwrap().map(|found| found.unwrap().path());
        // The one that is written; the next is prepared already.
        names.filter(|path| path.to_string_lossy().contains("/segment-")).min().unwrap()
    };
    match what {
        "the folder is moved" => std::fs::rename(path, aside).unwrap(),
        "the folder is replaced" => {
            std::fs::rename(path, &aside).unwrap();
            std::fs::create_dir(path).unwrap();
            for found in std::fs::read_dir(&aside).unwrap() {
                let found = found.unwrap();
                std::fs::rename(found.path(), path.join(found.file_name())).unwrap();
            }
        }
        "a segment is removed" => std::fs::remove_file(segment()).unwrap(),
        "a segment is replaced by a copy" => {
            std::fs::copy(segment(), path.join("copy")).unwrap();
            std::fs::rename(path.join("copy"), segment()).unwrap();
        }
        _ => unreachable!("{what}"),
    }
}

#[test]
fn a_log_whose_folder_or_file_is_moved_removed_or_replaced_stops() {
    for what in [
        "the folder is moved",
        "the folder is replaced",
        "a segment is removed",
        "a segment is replaced by a copy",
    ] {
        let above = tempfile::tempdir().unwrap();
        let path = above.path().join("data");
        let (mut wal, _) = open(&path);
        append(1, 1..=1, 100).run(&mut wal).unwrap();
        wal.check_in_place().unwrap();
        tampering(&path, what);
        // An append that is acknowledged would be lost to whoever opens the folder next.
        let refused = append(1, 2..=2, 100).run(&mut wal).unwrap_err();
        assert!(matches!(refused, WalError::Failed(_)), "{what}: {refused:?}");
        assert!(wal.check_in_place().is_err(), "{what}: it goes on");
    }
}

#[test]
fn a_removed_lock_file_lets_no_second_process_in() {
    let folder = tempfile::tempdir().unwrap();
    let (mut wal, _) = open(folder.path());
    std::fs::remove_file(folder.path().join("lock")).unwrap();
    let refused = DirDisk::open(folder.path()).unwrap_err();
    assert!(matches!(refused, OpenError::Locked { .. }), "{refused}");
    append(1, 1..=1, 100).run(&mut wal).unwrap();
}

#[test]
fn the_files_of_an_open_log_are_refused_in_another_folder_too() {
    let above = tempfile::tempdir().unwrap();
    let path = above.path().join("data");
    let (wal, _) = open(&path);
    tampering(&path, "the folder is replaced");
    std::fs::remove_file(path.join("lock")).unwrap();
    let refused = Wal::open(DirDisk::open(&path).unwrap(), OPTIONS).unwrap_err();
    let OpenError::Io { source, .. } = &refused else { panic!("{refused}") };
    assert!(source.to_string().contains("another process"), "{source}");
    drop(wal);
    open(&path);
}
