//! A backup behind its magic and version: its head, its snapshot, its end.

#![no_main]

use std::io::{Read, sink};

use bramah_wire::backup::{BACKUP_VERSION, BackupReader};
use bramah_wire::snapshot::SnapshotReader;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let backup = [b"BRAMBKP".as_slice(), &[BACKUP_VERSION], bytes].concat();
    let Ok((_, mut reader)) = BackupReader::new(backup.as_slice()) else { return };
    if let Ok(snapshot) = SnapshotReader::new(reader.by_ref()) {
        snapshot.for_each(drop);
    }
    let _ = std::io::copy(&mut reader.by_ref().take(8), &mut sink());
    let _ = reader.finish();
});
