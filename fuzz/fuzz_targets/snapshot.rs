//! A block of facts, in a snapshot whose checksums are right, and a snapshot as it comes.

#![no_main]

use bramah_core::facts::Fact;
use bramah_wire::snapshot::{SnapshotReader, SnapshotWriter};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = read(bytes);
    let Some(facts) = read(&sealed(bytes)) else { return };
    let mut writer = SnapshotWriter::new(Vec::new()).expect("memory takes it");
    facts.iter().for_each(|fact| writer.write(fact).expect("memory takes it"));
    assert_eq!(read(&writer.finish().expect("memory takes it")), Some(facts));
});

fn read(bytes: &[u8]) -> Option<Vec<Fact>> {
    SnapshotReader::new(bytes).ok()?.collect::<Result<_, _>>().ok()
}

/// The number of facts is in the first byte.
fn sealed(bytes: &[u8]) -> Vec<u8> {
    let Some((facts, block)) = bytes.split_first() else { return Vec::new() };
    let mut out = b"BRAMSNP\x01".to_vec();
    put_block(0, block.len() as u32, block, &mut out);
    put_block(1, 0, &u64::from(*facts).to_le_bytes(), &mut out);
    out
}

fn put_block(number: u64, length: u32, content: &[u8], out: &mut Vec<u8>) {
    let length = length.to_le_bytes();
    let checksum = crc32c::crc32c_append(crc32c::crc32c(&number.to_le_bytes()), &length);
    out.extend_from_slice(&length);
    out.extend_from_slice(&crc32c::crc32c_append(checksum, content).to_le_bytes());
    out.extend_from_slice(content);
}
