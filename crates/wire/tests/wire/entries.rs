use bramah_core::{Command, Time};
use bramah_wire::DecodeError;
use bramah_wire::entry::{Entry, Run, decode_entry, encode_command, encode_entry};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::{any, samples};

pub(crate) fn encode(now: Time, commands: &[Command]) -> Vec<u8> {
    encode_of(now, &origins(commands.len()), commands)
}

pub(crate) fn encode_of(now: Time, origins: &[Run], commands: &[Command]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for command in commands {
        encode_command(command, &mut bytes);
    }
    let mut entry = Vec::new();
    encode_entry(now, &bytes, origins, &mut entry);
    entry
}

/// The first command is of one member, the others are of another.
fn origins(count: usize) -> Vec<Run> {
    let of = |incarnation, first, count| Run { incarnation, first, count };
    match count {
        0 => Vec::new(),
        1 => vec![of(7, 300, 1)],
        more => vec![of(7, 300, 1), of(u64::MAX, 1, more - 1)],
    }
}

proptest! {
    #[test]
    fn every_entry_is_read_as_it_was_written(
        now in any::time(),
        commands in vec(any::command(), 0..4),
    ) {
        let bytes = encode(now, &commands);
        let origins = origins(commands.len());
        prop_assert_eq!(decode_entry(&bytes), Ok(Entry { now, origins, commands }));
    }
}

#[test]
fn every_cut_of_an_entry_is_refused() {
    for (name, command) in samples::commands() {
        let bytes = encode(Time(1), &[command]);
        for len in 0..bytes.len() {
            assert_eq!(decode_entry(&bytes[..len]), Err(DecodeError::Truncated), "{name} {len}");
        }
    }
}

#[test]
fn bytes_after_an_entry_are_refused() {
    let mut bytes = encode(Time(1), &[]);
    bytes.push(0);
    assert_eq!(decode_entry(&bytes), Err(DecodeError::TrailingBytes { bytes: 1 }));
}

#[test]
fn an_entry_of_another_version_is_refused_by_its_number() {
    let mut bytes = encode(Time(1), &[]);
    bytes[0] = 3;
    let error = decode_entry(&bytes).unwrap_err();
    assert_eq!(error, DecodeError::Version { found: 3 });
    assert!(error.to_string().contains("newer"), "{error}");
}

#[test]
fn a_count_that_nothing_follows_is_refused_at_once() {
    let mut bytes = encode(Time(1), &[]);
    bytes.pop();
    bytes.extend([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]);
    assert_eq!(decode_entry(&bytes), Err(DecodeError::Truncated));
}

#[test]
fn runs_that_count_more_than_can_be_are_refused() {
    let mut bytes = Vec::new();
    let run = Run { incarnation: 1, first: 1, count: usize::MAX };
    encode_entry(Time(1), &[], &[run, run], &mut bytes);
    assert_eq!(decode_entry(&bytes), Err(DecodeError::OutOfRange("number of commands")));
    bytes.clear();
    encode_entry(Time(1), &[], &[run], &mut bytes);
    assert_eq!(decode_entry(&bytes), Err(DecodeError::Truncated));
}

#[test]
fn a_number_above_64_bits_is_refused() {
    let bytes = [1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02, 0];
    assert_eq!(decode_entry(&bytes), Err(DecodeError::OutOfRange("varint")));
    let bytes = [1, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0];
    assert_eq!(decode_entry(&bytes), Err(DecodeError::OutOfRange("varint")));
}

#[test]
fn a_name_with_a_line_break_is_refused_in_an_entry_too() {
    let (_, acquire) = samples::commands().remove(5);
    let mut bytes = encode(Time(1), &[acquire]);
    let at = bytes.windows(7).position(|window| window == b"billing").unwrap();
    bytes[at] = b'\n';
    assert!(matches!(decode_entry(&bytes), Err(DecodeError::Name(_))));
}
