//! The files of version 1, as they are on disks out there: they must be written and read like this
//! for ever. A change of the format is a new version beside these files, never a change of them.

use std::fs;
use std::path::PathBuf;

use bramah_wal::{Disk, DiskFile, OpenError, SimDisk, Wal};

use crate::model::{Model, OPTIONS, Step, append, snapshot};

/// Writes the golden files anew when it is set; read the difference before committing it.
const REWRITE: &str = "BRAMAH_REWRITE_GOLDEN";

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/v1")
}

/// Everything that the format has: entries and none, replaced ones, a snapshot, several segments.
fn write() -> (SimDisk, Model) {
    let disk = SimDisk::new(1);
    let (mut wal, mut model) = Model::open(&disk);
    let steps = [
        append(1, 1..=3, 30),
        append(1, 4..=13, 120),
        append(2, 12..=14, 0),
        snapshot(5, 1),
        append(3, 14..=18, 100),
        Step::Seal,
    ];
    for step in &steps {
        step.run(&mut wal).unwrap();
        model.apply(step);
    }
    (disk, model.recovered())
}

/// A disk with the golden files.
fn load() -> SimDisk {
    let disk = SimDisk::new(99);
    for found in fs::read_dir(folder()).unwrap() {
        let path = found.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        let file = disk.create(name).unwrap();
        file.write_durably_at(0, &fs::read(&path).unwrap()).unwrap();
    }
    disk.sync_names().unwrap();
    disk
}

#[test]
fn version_1_is_written_byte_for_byte() {
    let (disk, _) = write();
    if std::env::var_os(REWRITE).is_some() {
        fs::create_dir_all(folder()).unwrap();
        for name in disk.list().unwrap() {
            fs::write(folder().join(&name), disk.content(&name).unwrap()).unwrap();
        }
    }
    let golden = load();
    assert_eq!(disk.list().unwrap(), golden.list().unwrap());
    for name in disk.list().unwrap() {
        assert!(disk.content(&name) == golden.content(&name), "{name} differs");
    }
}

#[test]
fn version_1_is_read() {
    let (_, model) = write();
    assert_eq!(Model::open(&load()).1, model);
}

#[test]
fn a_later_version_is_refused_by_its_name() {
    for name in load().list().unwrap() {
        let disk = load();
        let file = disk.open(&name).unwrap();
        file.write_durably_at(8, &2_u32.to_le_bytes()).unwrap();
        let refused = Wal::open(disk, OPTIONS).unwrap_err();
        let text = refused.to_string();
        let OpenError::UnknownVersion { name: named, version, known } = refused else {
            panic!("{text}")
        };
        assert_eq!((named, version, known), (name, 2, 1));
        assert!(text.contains("format version 2"), "{text}");
    }
}
