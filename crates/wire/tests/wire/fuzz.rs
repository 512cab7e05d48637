//! Valid bytes, spoilt at random, for a bounded time: no parser may panic, and what it accepts must
//! come out the same when it is written and read again.
//!
//! `BRAMAH_FUZZ_MS` sets how long each runs (1,000), `BRAMAH_FUZZ_SEED` repeats a run; both are
//! printed.

use std::time::{Duration, Instant};

use bramah_core::{Ended, Grant, Key, LockView, SessionView, Time, Verdict};
use bramah_wire::entry::decode_entry;
use bramah_wire::frame::take_frame;
use bramah_wire::peer::Message;
use bramah_wire::{Error, answer, ask, proto, request};
use bytes::BytesMut;
use prost::Message as _;

use crate::{entries, golden, samples, snapshots};

#[test]
fn no_bytes_make_the_entry_reader_panic() {
    let seeds = samples::commands().into_iter().map(|(_, c)| entries::encode(Time(9), &[c]));
    fuzz("entry", seeds.collect(), |bytes| {
        let Ok(entry) = decode_entry(bytes) else { return false };
        // Version 1 is not written any more.
        if bytes[0] > 1 {
            let again = entries::encode_of(entry.now, &entry.origins, &entry.commands);
            assert_eq!(decode_entry(&again), Ok(entry));
        }
        true
    });
}

#[test]
fn no_bytes_make_the_snapshot_reader_panic() {
    // Below the checksums, or else nearly nothing would reach the facts.
    let seeds = samples::facts().into_iter().map(|fact| snapshots::write(&[fact]));
    let seal = |bytes: &mut Vec<u8>| {
        let Some(payload) = bytes.len().checked_sub(8 + 8 + 16) else { return };
        let crc = |block: u64, len: u32, payload: &[u8]| {
            let crc = crc32c::crc32c(&block.to_le_bytes());
            crc32c::crc32c_append(crc32c::crc32c_append(crc, &len.to_le_bytes()), payload)
        };
        bytes[8..12].copy_from_slice(&(payload as u32).to_le_bytes());
        let sum = crc(0, payload as u32, &bytes[16..16 + payload]);
        bytes[12..16].copy_from_slice(&sum.to_le_bytes());
    };
    fuzz("snapshot", seeds.collect(), |bytes| {
        let mut sealed = bytes.to_vec();
        seal(&mut sealed);
        let accepted = [bytes, sealed.as_slice()].map(|bytes| match snapshots::read(bytes) {
            Ok(facts) => {
                assert_eq!(snapshots::read(&snapshots::write(&facts)).unwrap(), facts);
                true
            }
            Err(_) => false,
        });
        accepted[0] || accepted[1]
    });
}

#[test]
fn no_bytes_make_the_request_reader_panic() {
    let commands = samples::commands().into_iter().map(|(_, c)| ask::request(7, &c));
    let questions = golden::questions().into_iter();
    let questions = questions.map(|(_, op)| proto::Request { id: 7, op: Some(op) });
    let seeds = commands.chain(questions).map(|request| request.encode_to_vec());
    fuzz("request", seeds.collect(), |bytes| {
        let drawn = &mut || Key(1);
        let Ok(parsed) = request::read(bytes.to_vec().into(), drawn) else { return false };
        if let request::Ask::Service(request::What::Command(command)) = &parsed.ask {
            let again = ask::request(parsed.id, command).encode_to_vec();
            assert_eq!(request::read(again.into(), drawn), Ok(parsed));
        }
        true
    });
}

#[test]
fn no_bytes_make_the_reader_of_members_panic() {
    let seeds = samples::peer_messages().into_iter().map(|(_, message)| message.encode());
    fuzz("peer", seeds.collect(), |bytes| {
        let Ok(message) = Message::decode(bytes) else { return false };
        assert_eq!(Message::decode(&message.encode()), Ok(message));
        true
    });
}

#[test]
fn no_bytes_make_the_frame_reader_panic() {
    let seeds = vec![vec![0, 0, 0, 3, 1, 2, 3, 0, 0, 0, 0, 0, 0, 0, 1, 9], vec![0, 0x10, 0, 1]];
    fuzz("frame", seeds, |bytes| {
        let mut buffer = BytesMut::from(bytes);
        let mut taken = 0;
        while let Ok(Some(frame)) = take_frame(&mut buffer) {
            taken += 4 + frame.len();
        }
        assert_eq!(taken + buffer.len(), bytes.len());
        taken > 0
    });
}

#[test]
fn no_bytes_make_the_answer_reader_panic() {
    let seeds = golden::messages().into_iter().map(|(_, message)| message.encode_to_vec());
    fuzz("answer", seeds.collect(), |bytes| {
        use proto::message::Kind;
        use proto::reply::Outcome;
        let Ok(message) = proto::Message::decode(bytes) else { return false };
        let Some(Kind::Reply(reply)) = message.kind else { return false };
        match reply.outcome {
            Some(Outcome::Error(error)) => drop(Error::from(error)),
            Some(Outcome::Granted(grants)) => {
                drop(grants.grants.iter().map(Grant::try_from).next())
            }
            Some(Outcome::Busy(busy)) => drop(answer::busy(&busy, Time(reply.now_ms))),
            Some(Outcome::Lock(lock)) => return LockView::try_from(&lock).is_ok(),
            Some(Outcome::SessionList(list)) => {
                return list.sessions.iter().all(|s| SessionView::try_from(s).is_ok());
            }
            Some(Outcome::History(history)) => {
                return history.ended.iter().all(|e| Ended::try_from(e).is_ok());
            }
            Some(Outcome::Verdict(verdict)) => return Verdict::try_from(&verdict).is_ok(),
            _ => return false,
        }
        true
    });
}

/// Feeds `parse` with spoilt `seeds` until the time is over; `parse` says whether it accepted them.
fn fuzz(name: &str, seeds: Vec<Vec<u8>>, mut parse: impl FnMut(&[u8]) -> bool) {
    let number = |variable| std::env::var(variable).ok().and_then(|text| text.parse().ok());
    let time = Duration::from_millis(number("BRAMAH_FUZZ_MS").unwrap_or(1_000));
    let seed = number("BRAMAH_FUZZ_SEED").unwrap_or_else(|| {
        std::time::UNIX_EPOCH.elapsed().map_or(1, |elapsed| elapsed.as_nanos() as u64)
    });
    println!("fuzz {name}: BRAMAH_FUZZ_SEED={seed}, {} valid inputs, {time:?}", seeds.len());
    let mut random = Random(seed | 1);
    let (mut tried, mut accepted) = (0_u64, 0_u64);
    let end = Instant::now() + time;
    while tried < 1_000 || Instant::now() < end {
        let mut bytes = seeds[random.below(seeds.len())].clone();
        for _ in 0..random.below(4) + 1 {
            spoil(&mut bytes, &seeds, &mut random);
        }
        tried += 1;
        accepted += u64::from(parse(&bytes));
    }
    println!("fuzz {name}: {tried} inputs, {accepted} of them accepted");
    assert!(accepted > 0 && accepted < tried, "{accepted} of {tried} accepted");
}

fn spoil(bytes: &mut Vec<u8>, seeds: &[Vec<u8>], random: &mut Random) {
    const TELLING: [u8; 8] = [0, 1, 2, 0x7f, 0x80, 0xff, b'\n', 0xc3];
    let at = random.below(bytes.len() + 1);
    match random.below(7) {
        0 => bytes.truncate(at),
        1 => bytes.insert(at, random.0 as u8),
        2 => bytes.insert(at, TELLING[random.below(8)]),
        3 => {
            let other = &seeds[random.below(seeds.len())];
            let from = random.below(other.len() + 1);
            let len = random.below(other.len() - from + 1).min(64);
            bytes.splice(at..at, other[from..from + len].iter().copied());
        }
        choice if at < bytes.len() => match choice {
            4 => bytes[at] ^= 1 << random.below(8),
            5 => bytes[at] = TELLING[random.below(8)],
            _ => drop(bytes.remove(at)),
        },
        _ => {}
    }
}

struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound as u64) as usize
    }
}
