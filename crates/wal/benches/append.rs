//! What an append costs on a real file, and how fast a long log opens.
//!
//! `cargo bench -p bramah-wal`. Each run writes to the folder in `TMPDIR`: point it at the disk in
//! question, and not at one in memory.

use std::hint::black_box;
use std::time::{Duration, Instant};

use bramah_wal::{DirDisk, Entry, Options, SnapshotMeta, Wal};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

fn entries(first: u64, count: u64) -> Vec<Entry> {
    let data = |index: u64| vec![index as u8; 100].into();
    (first..first + count)
        .map(|index| Entry { term: 1, index, kind: 0, data: data(index) })
        .collect()
}

fn append(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("append");
    for count in [1, 16, 128] {
        let folder = tempfile::tempdir().expect("a folder");
        let disk = DirDisk::open(folder.path()).expect("a disk");
        let (mut wal, _) = Wal::open(disk, Options::default()).expect("a log");
        group.throughput(Throughput::Elements(count));
        group.bench_function(BenchmarkId::from_parameter(count), |bencher| {
            bencher.iter_custom(|iterations| {
                let mut spent = Duration::ZERO;
                for _ in 0..iterations {
                    let batch = entries(wal.last_index() + 1, count);
                    let start = Instant::now();
                    wal.append(None, &batch).expect("an append");
                    spent += start.elapsed();
                    if wal.bytes_since_snapshot() > 64 << 20 {
                        let meta =
                            SnapshotMeta { index: wal.last_index(), term: 1, members: vec![] };
                        wal.save_snapshot(&meta, b"").expect("a snapshot");
                    }
                }
                spent
            });
        });
    }
    group.finish();
}

/// Ways to make 200 bytes durable at the end of what is written, in a file of zeros.
#[cfg(target_os = "linux")]
fn sync(criterion: &mut Criterion) {
    use std::os::unix::fs::FileExt;

    use rustix::fs::{Mode, OFlags};
    use rustix::io::{ReadWriteFlags, pwritev2};

    const FILE_BYTES: u64 = 16 << 20;
    let mut group = criterion.benchmark_group("sync");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("file");
    std::fs::write(&path, vec![0; FILE_BYTES as usize]).expect("a file");
    std::fs::File::open(&path).expect("the file").sync_all().expect("a sync");
    let open = |flags| {
        let opened = rustix::fs::open(&path, OFlags::RDWR | OFlags::CLOEXEC | flags, Mode::empty());
        std::fs::File::from(opened.expect("the file"))
    };
    let mut offset = 0;
    let mut next = move |step: u64| {
        offset = (offset + step) % (FILE_BYTES - 8192);
        offset
    };
    let bytes = [7; 200];

    let file = open(OFlags::empty());
    group.bench_function("write and fdatasync", |bencher| {
        bencher.iter(|| {
            file.write_all_at(&bytes, next(200)).expect("a write");
            file.sync_data().expect("a sync");
        });
    });
    group.bench_function("pwritev2 with DSYNC", |bencher| {
        bencher.iter(|| {
            let slices = [std::io::IoSlice::new(&bytes)];
            pwritev2(&file, &slices, next(200), ReadWriteFlags::DSYNC).expect("a write")
        });
    });
    let file = open(OFlags::DSYNC);
    group.bench_function("O_DSYNC", |bencher| {
        bencher.iter(|| file.write_all_at(&bytes, next(200)).expect("a write"));
    });
    let file = open(OFlags::DSYNC | OFlags::DIRECT);
    let buffer = vec![7; 8192];
    let aligned = &buffer[buffer.as_ptr().align_offset(4096)..][..4096];
    group.bench_function("O_DIRECT and O_DSYNC, 4 KiB", |bencher| {
        bencher.iter(|| file.write_all_at(aligned, next(200) & !4095).expect("a write"));
    });
    group.finish();
}

#[cfg(not(target_os = "linux"))]
fn sync(_: &mut Criterion) {}

fn open(criterion: &mut Criterion) {
    const ENTRIES: u64 = 1_000_000;
    let folder = tempfile::tempdir().expect("a folder");
    let (mut wal, _) = Wal::open(DirDisk::open(folder.path()).expect("a disk"), Options::default())
        .expect("a log");
    for first in (1..ENTRIES).step_by(1000) {
        wal.append(None, &entries(first, 1000)).expect("an append");
    }
    drop(wal);
    let mut group = criterion.benchmark_group("open");
    group.throughput(Throughput::Elements(ENTRIES)).sample_size(10);
    group.bench_function("1000000 entries", |bencher| {
        bencher.iter(|| {
            let disk = DirDisk::open(folder.path()).expect("a disk");
            let (_, recovered) = Wal::open(disk, Options::default()).expect("a log");
            assert_eq!(black_box(recovered).entries.len() as u64, ENTRIES);
        });
    });
    group.finish();
}

criterion_group!(benches, append, sync, open);
criterion_main!(benches);
