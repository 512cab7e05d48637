use std::sync::Arc;

use bramah_core::facts::Fact;
use bramah_core::{Command, OpenSession, State, Time};
use bramah_wire::snapshot::{SnapshotError, SnapshotReader, SnapshotWriter};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::{any, samples};

const HEAD_BYTES: usize = 8;

pub(crate) fn write(facts: &[Fact]) -> Vec<u8> {
    let mut writer = SnapshotWriter::new(Vec::new()).unwrap();
    for fact in facts {
        writer.write(fact).unwrap();
    }
    writer.finish().unwrap()
}

pub(crate) fn read(bytes: &[u8]) -> Result<Vec<Fact>, SnapshotError> {
    SnapshotReader::new(bytes)?.collect()
}

/// More than two blocks.
fn many() -> Vec<Fact> {
    let mut facts = samples::facts();
    let ended = facts.pop().unwrap();
    while facts.len() < 20_000 {
        facts.push(ended.clone());
    }
    facts
}

proptest! {
    #[test]
    fn every_snapshot_is_read_as_it_was_written(facts in vec(any::fact(), 0..20)) {
        prop_assert_eq!(read(&write(&facts)).unwrap(), facts);
    }
}

#[test]
fn a_snapshot_of_many_blocks_is_read_as_it_was_written() {
    let bytes = write(&many());
    assert!(bytes.len() > 2 * 64 * 1024, "{} bytes", bytes.len());
    assert_eq!(read(&bytes).unwrap(), many());
}

#[test]
fn a_fact_longer_than_a_block_is_read_as_it_was_written() {
    let mut facts = samples::facts();
    let Fact::Session(session) = &mut facts[1] else { panic!("{:?}", facts[1]) };
    let answers = session.answers.clone();
    while session.answers.len() < 20_000 {
        session.answers.extend(answers.iter().cloned());
    }
    let bytes = write(&facts);
    assert!(bytes.len() > 4 * 64 * 1024, "{} bytes", bytes.len());
    assert_eq!(read(&bytes).unwrap(), facts);
}

#[test]
fn an_owner_is_written_once_and_shared_again() {
    let facts = read(&write(&samples::facts())).unwrap();
    let owners: Vec<_> = facts
        .iter()
        .filter_map(|fact| match fact {
            Fact::Session(fact) => Some(&fact.owner),
            Fact::Hold(fact) => fact.lingers.as_ref().map(|(_, owner)| owner),
            Fact::Ended(fact) => Some(&fact.owner),
            _ => None,
        })
        .collect();
    assert!(owners.len() > 5);
    assert!(owners.iter().all(|owner| Arc::ptr_eq(owner, owners[0])));
}

#[test]
fn every_cut_of_a_snapshot_is_refused() {
    let bytes = write(&samples::facts());
    for len in 0..bytes.len() {
        let error = read(&bytes[..len]).unwrap_err();
        assert!(matches!(error, SnapshotError::Truncated { block: 0 | 1 }), "{len}: {error}");
    }
}

#[test]
fn a_snapshot_without_its_last_block_is_refused() {
    let facts = many();
    let bytes = write(&facts);
    let block_bytes = u32::from_le_bytes(bytes[HEAD_BYTES..][..4].try_into().unwrap()) as usize;
    let end = bytes.len() - 16;
    let mut cut = bytes[..HEAD_BYTES + 8 + block_bytes].to_vec();
    cut.extend_from_slice(&bytes[end..]);
    assert!(matches!(read(&cut), Err(SnapshotError::Corrupt { block: 1 })));
}

#[test]
fn blocks_that_changed_places_are_found() {
    let bytes = write(&many());
    let block = |at: usize| {
        let len = u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
        &bytes[at..at + 8 + len as usize]
    };
    let first = block(HEAD_BYTES);
    let second = block(HEAD_BYTES + first.len());
    let rest = &bytes[HEAD_BYTES + first.len() + second.len()..];
    let swapped = [&bytes[..HEAD_BYTES], second, first, rest].concat();
    assert!(matches!(read(&swapped), Err(SnapshotError::Corrupt { block: 0 })));
}

#[test]
fn a_count_that_is_not_that_of_the_facts_is_found_under_a_good_checksum() {
    let mut bytes = write(&[]);
    let count = 1_u64.to_le_bytes();
    let sum = crc32c::crc32c(&[&[0; 12], &count[..]].concat());
    bytes[HEAD_BYTES + 4..HEAD_BYTES + 8].copy_from_slice(&sum.to_le_bytes());
    bytes[HEAD_BYTES + 8..].copy_from_slice(&count);
    assert!(matches!(read(&bytes), Err(SnapshotError::Corrupt { block: 0 })));
    bytes[HEAD_BYTES + 8] = 0;
    bytes[HEAD_BYTES + 4..HEAD_BYTES + 8].copy_from_slice(&crc32c::crc32c(&[0; 20]).to_le_bytes());
    assert_eq!(read(&bytes).unwrap(), []);
}

#[test]
fn every_flipped_bit_of_a_snapshot_is_found() {
    let facts = samples::facts();
    let bytes = write(&facts);
    for at in 0..bytes.len() {
        for bit in 0..8 {
            let mut rotten = bytes.clone();
            rotten[at] ^= 1 << bit;
            assert!(read(&rotten).is_err(), "byte {at}, bit {bit}");
        }
    }
}

#[test]
fn rot_is_located_by_its_block() {
    let mut bytes = write(&many());
    let first = u32::from_le_bytes(bytes[HEAD_BYTES..][..4].try_into().unwrap()) as usize;
    let second = HEAD_BYTES + 8 + first;
    bytes[second + 100] ^= 1;
    assert!(matches!(read(&bytes), Err(SnapshotError::Corrupt { block: 1 })));
}

#[test]
fn another_file_and_another_version_are_told_apart() {
    assert!(matches!(read(b"GET / HTTP/1.1"), Err(SnapshotError::NotASnapshot)));
    let mut bytes = write(&[]);
    bytes[7] = 2;
    let error = read(&bytes).unwrap_err();
    assert!(matches!(error, SnapshotError::Version { found: 2 }));
    assert!(error.to_string().contains("newer"), "{error}");
}

#[test]
fn nothing_follows_an_error() {
    let mut bytes = write(&many());
    bytes[HEAD_BYTES + 20] ^= 1;
    let mut reader = SnapshotReader::new(bytes.as_slice()).unwrap();
    assert!(reader.next().unwrap().is_err());
    assert!(reader.next().is_none());
}

#[test]
fn a_table_comes_back_whole() {
    let mut state = State::new(3);
    let mut events = Vec::new();
    let open = OpenSession {
        key: samples::session().key,
        ttl: samples::ttl(),
        on_disconnect: bramah_core::OnDisconnect::Keep,
        owner: samples::owner(),
    };
    state.apply(Time(1), Command::OpenSession(open), &mut events);
    for (at, (_, command)) in samples::commands().into_iter().enumerate() {
        state.apply(Time(2 + at as u64), command, &mut events);
    }
    let facts: Vec<_> = state.facts().collect();
    let mut restore = bramah_core::facts::Restore::default();
    for fact in read(&write(&facts)).unwrap() {
        restore.push(fact).unwrap();
    }
    assert_eq!(restore.finish().unwrap(), state);
}
