//! What it costs to write and read a command of the log and a fact of a snapshot.
#![allow(missing_docs, clippy::unwrap_used)]

use std::hint::black_box;
use std::io;
use std::sync::Arc;

use bramah_core::facts::{Fact, HoldFact, SessionFact};
use bramah_core::{
    Acquire, Action, Command, FencingToken, HoldAction, HoldId, IfHeld, Item, Key, LockName, Mode,
    OnDisconnect, Owner, Priority, RequestRef, RequestSeq, SessionHandle, SessionId, Terms, Time,
    Ttl, Wait,
};
use bramah_wire::entry::{Run, decode_entry, encode_command, encode_entry};
use bramah_wire::frame::{put_frame, take_frame};
use bramah_wire::snapshot::{SnapshotReader, SnapshotWriter};
use bramah_wire::{ask, request};
use bytes::BytesMut;
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};

const BATCH_LEN: usize = 100;
const HOLDS_LEN: u64 = 100_000;

fn numbered(seq: u64, action: Action) -> Command {
    let session = SessionHandle { id: SessionId(4_242), key: Key(0x9f3a_c81d_2b4e_6f70) };
    let request = RequestRef { seq: RequestSeq(seq), answered_below: RequestSeq(seq) };
    Command::Request { session, request, action }
}

fn acquire(seq: u64) -> Command {
    let name = LockName::new(&format!("orders/shard-{seq}/rebuild")).unwrap();
    numbered(
        seq,
        Action::Acquire(Acquire {
            item: Item { name, mode: Mode::Exclusive, value: None },
            key: Key(seq.wrapping_mul(0x9e37_79b9_7f4a_7c15)),
            wait: Wait::ForMs(60_000),
            priority: Priority(0),
            if_held: IfHeld::Refuse,
            max_waiters: None,
            terms: Terms::default(),
        }),
    )
}

fn release(seq: u64) -> Command {
    let hold = HoldId { token: FencingToken(1_000_000 + seq), key: Key(seq) };
    numbered(seq, Action::Hold(hold, HoldAction::Release))
}

fn encode(commands: &[Command], bytes: &mut Vec<u8>, entry: &mut Vec<u8>) {
    bytes.clear();
    entry.clear();
    for command in commands {
        encode_command(command, bytes);
    }
    let origins = [Run { incarnation: 1 << 52, first: 1, count: commands.len() }];
    encode_entry(Time(123_456_789), bytes, &origins, entry);
}

fn entries(c: &mut Criterion) {
    let mut group = c.benchmark_group("entry");
    group.throughput(Throughput::Elements(BATCH_LEN as u64));
    for (name, command) in [("acquire", acquire as fn(u64) -> Command), ("release", release)] {
        let commands: Vec<_> = (1_000..).take(BATCH_LEN).map(command).collect();
        let (mut bytes, mut entry) = (Vec::new(), Vec::new());
        group.bench_function(format!("write {BATCH_LEN} {name}"), |b| {
            b.iter(|| encode(black_box(&commands), &mut bytes, &mut entry));
        });
        group.bench_function(format!("read {BATCH_LEN} {name}"), |b| {
            b.iter_with_large_drop(|| decode_entry(black_box(&entry)).unwrap());
        });
        println!("{name}: {} bytes", entry.len() / BATCH_LEN);
    }
}

fn requests(c: &mut Criterion) {
    let mut group = c.benchmark_group("request");
    let command = acquire(1_000);
    let mut frame = BytesMut::new();
    group.bench_function("write acquire", |b| {
        b.iter(|| {
            frame.clear();
            put_frame(&ask::request(7, black_box(&command)), &mut frame).unwrap();
        });
    });
    group.bench_function("read acquire", |b| {
        b.iter_batched(
            || frame.clone(),
            |mut buffer| {
                let frame = take_frame(&mut buffer).unwrap().unwrap();
                request::read(frame, &mut || Key(1)).unwrap()
            },
            BatchSize::SmallInput,
        );
    });
}

/// A session for every ten holds.
fn facts() -> Vec<Fact> {
    let sessions = (0..HOLDS_LEN / 10).map(|id| {
        Fact::Session(SessionFact {
            handle: SessionHandle { id: SessionId(id), key: Key(id) },
            ttl: Ttl::from_ms(15_000).unwrap(),
            opened_at: Time(123_000),
            renewed_at: Time(123_456),
            on_disconnect: OnDisconnect::Keep,
            owner: Arc::new(Owner {
                host: format!("worker-{id}.example.org"),
                pid: 4_711,
                user: "deploy".to_owned(),
                command: "/usr/bin/worker --queue orders".to_owned(),
                ..Owner::default()
            }),
            answered_below: RequestSeq(10),
            answers: Vec::new(),
        })
    });
    let holds = (0..HOLDS_LEN).map(|token| {
        Fact::Hold(HoldFact {
            hold: HoldId { token: FencingToken(token), key: Key(token << 17) },
            session: SessionId(token / 10),
            name: LockName::new(&format!("orders/shard-{token}/rebuild")).unwrap(),
            mode: Mode::Exclusive,
            granted_at: Time(123_000),
            count: 1,
            value: None,
            terms: Terms::default(),
            seq: RequestSeq(token % 10),
            lingers: None,
        })
    });
    sessions.chain(holds).collect()
}

fn snapshots(c: &mut Criterion) {
    let facts = facts();
    let mut group = c.benchmark_group("snapshot");
    group.throughput(Throughput::Elements(HOLDS_LEN)).sample_size(20);
    group.bench_function(format!("write {HOLDS_LEN} holds"), |b| {
        b.iter(|| {
            let mut writer = SnapshotWriter::new(io::sink()).unwrap();
            for fact in &facts {
                writer.write(fact).unwrap();
            }
            writer.finish().unwrap()
        });
    });
    let mut writer = SnapshotWriter::new(Vec::new()).unwrap();
    facts.iter().for_each(|fact| writer.write(fact).unwrap());
    let bytes = writer.finish().unwrap();
    println!("snapshot: {} bytes a hold", bytes.len() as u64 / HOLDS_LEN);
    group.bench_function(format!("read {HOLDS_LEN} holds"), |b| {
        b.iter(|| {
            for fact in SnapshotReader::new(black_box(bytes.as_slice())).unwrap() {
                black_box(fact.unwrap());
            }
        });
    });
}

criterion_group!(benches, entries, requests, snapshots);
criterion_main!(benches);
