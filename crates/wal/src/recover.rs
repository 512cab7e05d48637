//! Opening: finds the end of the log, tells a torn tail from damage, and repairs the first.

use std::collections::VecDeque;
use std::sync::Arc;

use bramah_core::mutant::{self, Mutant};

use crate::batch::{Batch, END_MARK, Header};
use crate::disk::{Disk, DiskFile};
use crate::entry::{Entry, HardState, SnapshotMeta};
use crate::error::{Failure, OpenError};
use crate::outline::Outline;
use crate::ready::Ready;
use crate::segment::{self, Segment};
use crate::shared::Shared;
use crate::snapshot::{self, Snapshot, SnapshotReader, Standing};
use crate::wal::{Options, Wal};

/// What the log held when it was opened. All of it is durable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovered {
    /// The last hard state. Its commit is at least the snapshot's index.
    pub hard_state: HardState,
    /// The snapshot that the log starts from; [`Wal::reader`] reads its data.
    pub snapshot: Option<SnapshotMeta>,
    /// Every entry after the snapshot, in order and without a gap.
    pub entries: Vec<Entry>,
    /// What was found behind the last whole batch, and was cut off.
    pub torn: Option<TornTail>,
}

/// The remains of a write that was never acknowledged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TornTail {
    /// The file.
    pub name: String,
    /// Where the last whole batch ends.
    pub offset: u64,
}

/// The names in a data folder.
#[derive(Debug, Default)]
struct Names {
    segments: Vec<u64>,
    snapshots: Vec<u64>,
    spares: Vec<String>,
    aside: Vec<String>,
}

/// What the frames say, taken one after another.
struct Scan {
    outline: Outline,
    entries: Vec<Entry>,
    first_kept: u64,
    hard_state: HardState,
    /// Number of the last batch.
    batch: u64,
    bytes_since_snapshot: u64,
}

/// Where the frame after the last one must start.
struct Place {
    name: String,
    offset: u64,
    /// Whether it is marked there that no frame follows.
    clean: bool,
}

pub(crate) fn open<D: Disk>(disk: D, options: Options) -> Result<(Wal<D>, Recovered), OpenError> {
    options.check()?;
    let names = Names::list(&disk)?;
    // An earlier process may have ended between a change of names and its sync. What is decided
    // here by names, above all which older snapshot may go, must not be undone.
    disk.sync_names().map_err(Failure::of("sync", "the data folder"))?;
    for name in &names.aside {
        disk.remove(name).map_err(Failure::of("remove", name))?;
    }
    let shared = Shared::new(disk);
    let disk = &shared.disk;

    let (snapshot, standing) = match names.snapshots.last() {
        Some(index) => {
            let (snapshot, standing) = open_snapshot(disk, *index)?;
            (Some(snapshot), standing)
        }
        None => (None, Standing { durable_upto: 0, void_upto: 0 }),
    };
    let mut segments = open_segments(disk, &options, &names, snapshot.is_some())?;

    let mut scan = Scan::new(snapshot.as_ref(), standing);
    let (active, torn) = scan.find_tail(&mut segments, standing)?;
    let waiting = segments.split_off(active + 1);
    let Some(active) = segments.pop_back() else { unreachable!("the active one is among them") };

    let first = segments.front().unwrap_or(&active);
    scan.outline.forget_before(first.first_batch);
    let (first, last) = (first.sequence, active.sequence + waiting.len() as u64);
    let spares = sweep(disk, &options, names, first)?;
    let ready = Ready::new(Arc::clone(&shared), options, waiting, last + 1, spares);

    let meta = snapshot.as_ref().map(|snapshot| snapshot.meta.clone());
    let mut hard_state = scan.hard_state;
    if let Some(meta) = &meta {
        // A snapshot is published before the hard state that knows of it needs to be written.
        if hard_state.term < meta.term {
            hard_state = HardState { term: meta.term, vote: 0, ..hard_state };
        }
        hard_state.commit = hard_state.commit.max(meta.index);
    }
    let recovered = Recovered { hard_state, snapshot: meta, entries: scan.entries, torn };
    let mut wal = Wal {
        shared,
        options,
        older: segments,
        active,
        ready,
        outline: scan.outline,
        hard_state,
        batch: scan.batch,
        snapshot,
        snapshots_begun: 0,
        bytes_since_snapshot: scan.bytes_since_snapshot,
        frame: Vec::new(),
    };
    wal.ready.start();
    Ok((wal, recovered))
}

impl Names {
    fn list<D: Disk>(disk: &D) -> Result<Names, OpenError> {
        let mut names = Names::default();
        for name in disk.list().map_err(Failure::of("list", "the data folder"))? {
            if let Some(sequence) = segment::number_in(&name, "segment-") {
                names.segments.push(sequence);
            } else if let Some(index) = segment::number_in(&name, "snapshot-") {
                names.snapshots.push(index);
            } else if segment::number_in(&name, "spare-").is_some() {
                names.spares.push(name);
            } else if name.ends_with(".new") {
                names.aside.push(name);
            }
        }
        names.segments.sort_unstable();
        names.snapshots.sort_unstable();
        names.spares.sort_unstable();
        Ok(names)
    }

    /// The segments of the log: the last ones without a gap. A crash while several are freed may
    /// keep some of their names, in any order; whether one is missing is seen by what is in the
    /// others.
    fn chain(&self) -> impl Iterator<Item = u64> {
        let last = self.segments.last().copied().unwrap_or(0);
        let ends = self.segments.iter().rev().zip(0..);
        let length = ends.take_while(|(sequence, back)| **sequence == last - back).count();
        self.segments[self.segments.len() - length..].iter().copied()
    }
}

impl Scan {
    fn new<F>(snapshot: Option<&Snapshot<F>>, standing: Standing) -> Scan {
        let meta = snapshot.map(|snapshot| snapshot.meta.clone()).unwrap_or_default();
        Scan {
            outline: Outline::behind(&meta, standing.void_upto),
            entries: Vec::new(),
            first_kept: meta.index + 1,
            hard_state: HardState::default(),
            batch: 0,
            bytes_since_snapshot: 0,
        }
    }

    /// Reads all frames. Gives the position of the segment that holds the last one, and repairs
    /// what stands behind it.
    fn find_tail<F: DiskFile>(
        &mut self,
        segments: &mut VecDeque<Segment<F>>,
        standing: Standing,
    ) -> Result<(usize, Option<TornTail>), OpenError> {
        let mut image = Vec::new();
        let mut last_frame = Vec::new();
        let mut active = 0;
        let mut dirty = Vec::new();
        let mut place = Place { name: String::new(), offset: 0, clean: true };
        for (position, segment) in segments.iter_mut().enumerate() {
            segment.read(segment.bytes, &mut image)?;
            while let Some(batch) = Batch::read(segment.seed, &image[segment.end as usize..])
                .filter(|batch| self.follows(batch, segment.sequence))
            {
                self.take(&batch, segment)?;
                let frame = &image[segment.end as usize..][..batch.header.frame_bytes()];
                last_frame.clear();
                last_frame.extend_from_slice(frame);
                segment.end += frame.len() as u64;
            }
            let found = segment.first_batch > 0;
            let behind = &image[segment.end as usize..];
            let clean = behind.is_empty() || behind.starts_with(&END_MARK);
            if found || place.clean {
                place = Place { name: segment.name(), offset: segment.end, clean };
            }
            if found {
                active = position;
                dirty.clear();
            }
            if !clean {
                dirty.push(position);
            }
            let later = Header::find_durable(segment.seed, behind, self.batch + 1);
            // Only a segment that followed others can be the first now, and then it has a frame.
            let freed_before = position == 0 && segment.sequence > 1;
            let cuts = mutant::is_on(Mutant::RotTakenForTornTail);
            if !cuts && (later.is_some() || (freed_before && !found)) {
                let what = match later {
                    Some((offset, _)) => format!(
                        "batch {} cannot be read, and the frame at byte {} of {} says that it was \
                         acknowledged",
                        self.batch + 1,
                        segment.end + offset as u64,
                        segment.name()
                    ),
                    None => "the first batch of the log cannot be read".to_owned(),
                };
                return Err(place.damaged(what));
            }
        }
        if !mutant::is_on(Mutant::RotTakenForTornTail) {
            self.check_against(standing, &segments[0], &place)?;
        }
        if mutant::is_on(Mutant::TornTailRefused) && !dirty.is_empty() {
            return Err(place.damaged("what is behind the last batch is no batch".to_owned()));
        }
        let torn = (!dirty.is_empty())
            .then(|| TornTail { name: place.name.clone(), offset: place.offset });
        repair(&segments[active], &last_frame)?;
        for position in dirty.into_iter().filter(|position| *position != active) {
            repair(&segments[position], &[])?;
        }
        Ok((active, torn))
    }

    fn follows(&self, batch: &Batch<'_>, sequence: u64) -> bool {
        let number = batch.header.number;
        number == self.batch + 1 || (self.batch == 0 && sequence > 1)
    }

    fn take<F: DiskFile>(
        &mut self,
        batch: &Batch<'_>,
        segment: &mut Segment<F>,
    ) -> Result<(), OpenError> {
        let number = batch.header.number;
        self.batch = number;
        self.hard_state = batch.header.hard_state;
        if segment.first_batch == 0 {
            segment.first_batch = number;
        }
        let mut counts = batch.header.entries == 0;
        for entry in batch.entries() {
            segment.index_max = segment.index_max.max(entry.index);
            if self.outline.is_void(number) {
                continue;
            }
            if entry.index > self.outline.next_index_max() {
                let place = Place { name: segment.name(), offset: segment.end, clean: false };
                return Err(place.damaged(format!(
                    "entry {} follows, and entry {} is missing",
                    entry.index,
                    self.outline.next_index_max()
                )));
            }
            self.outline.record(number, entry.index, entry.term);
            let kept = entry.index.saturating_sub(self.first_kept) as usize;
            if mutant::is_on(Mutant::ReplacedEntriesReturn) && kept < self.entries.len() {
                self.entries[kept] = entry.to_entry();
                continue;
            }
            self.entries.truncate(kept);
            if entry.index >= self.first_kept {
                self.entries.push(entry.to_entry());
                counts = true;
            }
        }
        if counts {
            self.bytes_since_snapshot += batch.header.frame_bytes() as u64;
        }
        Ok(())
    }

    /// The snapshot knows what had been acknowledged when it was published.
    fn check_against<F>(
        &self,
        standing: Standing,
        first: &Segment<F>,
        place: &Place,
    ) -> Result<(), OpenError> {
        if self.batch < standing.durable_upto {
            return Err(place.damaged(format!(
                "batch {} cannot be read, and the snapshot says that it was acknowledged",
                self.batch + 1
            )));
        }
        if first.first_batch > standing.durable_upto + 1 {
            let name = segment::name_of(first.sequence.saturating_sub(1));
            let place = Place { name, offset: 0, clean: false };
            return Err(place.damaged(format!(
                "the file is missing, and with it batches from {} on",
                standing.durable_upto + 1
            )));
        }
        Ok(())
    }
}

impl Place {
    fn damaged(&self, what: String) -> OpenError {
        OpenError::Damaged { name: self.name.clone(), offset: self.offset, what }
    }
}

/// Reads a snapshot to its end, so that damage is found now.
fn open_snapshot<D: Disk>(
    disk: &D,
    index: u64,
) -> Result<(Snapshot<D::File>, Standing), OpenError> {
    let name = snapshot::name_of(index);
    let file = Arc::new(disk.open(&name).map_err(Failure::of("open", &name))?);
    let mut reader = SnapshotReader::open(Arc::clone(&file), index)?;
    while reader.next_block()?.is_some() {}
    Ok((Snapshot { meta: reader.meta().clone(), file }, reader.standing()))
}

fn open_segments<D: Disk>(
    disk: &D,
    options: &Options,
    names: &Names,
    has_snapshot: bool,
) -> Result<VecDeque<Segment<D::File>>, OpenError> {
    let segments = names.chain().map(|sequence| Segment::open(disk, sequence));
    let mut segments = segments.collect::<Result<VecDeque<_>, _>>()?;
    if segments.is_empty() {
        if has_snapshot {
            let place = Place { name: segment::name_of(1), offset: 0, clean: false };
            return Err(place.damaged("there is a snapshot, and no segment at all".to_owned()));
        }
        segments.push_back(Segment::prepare(disk, 1, options.segment_bytes, None)?);
    }
    Ok(segments)
}

/// Makes the last batch durable, and marks that nothing follows it.
///
/// The last batch is written again, and not only synced: if its sync failed in an earlier process,
/// the system may show the bytes and have given up on writing them. Batches before it were
/// acknowledged. The mark destroys the header of a torn frame; what is left of its body is no
/// frame.
fn repair<F: DiskFile>(segment: &Segment<F>, last_frame: &[u8]) -> Result<(), OpenError> {
    let name = segment.name();
    let start = segment.end - last_frame.len() as u64;
    let mut bytes = last_frame.to_vec();
    bytes.extend_from_slice(&END_MARK[..END_MARK.len().min(segment.left() as usize)]);
    segment.file.write_durably_at(start, &bytes).map_err(Failure::of("write", &name))?;
    Ok(())
}

/// Clears away what a crash left behind. Gives the spare segments that may be used.
fn sweep<D: Disk>(
    disk: &D,
    options: &Options,
    names: Names,
    first: u64,
) -> Result<Vec<String>, OpenError> {
    let mut spares = Vec::new();
    let older = names.snapshots.iter().rev().skip(1).map(|index| snapshot::name_of(*index));
    let freed = names.segments.iter().filter(|sequence| **sequence < first);
    let freed = freed.map(|sequence| segment::name_of(*sequence));
    let mut gone: Vec<String> = older.chain(freed).collect();
    for spare in names.spares {
        let file = disk.open(&spare).map_err(Failure::of("open", &spare))?;
        let bytes = file.bytes().map_err(Failure::of("measure", &spare))?;
        if bytes == options.segment_bytes && spares.len() < options.spare_segments_max {
            spares.push(spare);
        } else {
            gone.push(spare);
        }
    }
    for name in gone {
        disk.remove(&name).map_err(Failure::of("remove", &name))?;
    }
    Ok(spares)
}
