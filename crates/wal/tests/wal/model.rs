//! The log as it should be: a list of entries, and nothing about disks.

use std::io::Read;

use bramah_wal::{
    Disk, Entry, HardState, Options, Recovered, SimDisk, SnapshotMeta, Wal, WalError,
};

/// Small enough for a few entries to fill a segment.
pub const OPTIONS: Options = Options { segment_bytes: 2048, spare_segments_max: 2 };

/// What a log holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Model {
    pub hard_state: HardState,
    pub snapshot: Option<(SnapshotMeta, Vec<u8>)>,
    pub entries: Vec<Entry>,
}

/// A call on a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    Append(Option<HardState>, Vec<Entry>),
    Snapshot(SnapshotMeta, Vec<u8>),
    Seal,
}

impl Model {
    /// What the log of that disk holds when it is opened.
    pub fn open(disk: &SimDisk) -> (Wal<SimDisk>, Model) {
        let (wal, recovered) = Wal::open(disk.clone(), OPTIONS).unwrap();
        let model = Model::of(&wal, recovered);
        (wal, model)
    }

    pub fn of<D: Disk>(wal: &Wal<D>, recovered: Recovered) -> Model {
        let snapshot = wal.reader().snapshot().unwrap().map(|mut reader| {
            let mut data = Vec::new();
            reader.read_to_end(&mut data).unwrap();
            (reader.meta().clone(), data)
        });
        assert_eq!(recovered.snapshot.as_ref(), snapshot.as_ref().map(|(meta, _)| meta));
        Model { hard_state: recovered.hard_state, snapshot, entries: recovered.entries }
    }

    pub fn apply(&mut self, step: &Step) {
        match step {
            Step::Append(hard_state, entries) => {
                self.hard_state = hard_state.unwrap_or(self.hard_state);
                let Some(first) = entries.first() else { return };
                self.entries.retain(|entry| entry.index < first.index);
                self.entries.extend_from_slice(entries);
            }
            Step::Snapshot(meta, data) => {
                let own = self
                    .entries
                    .iter()
                    .any(|entry| (entry.index, entry.term) == (meta.index, meta.term));
                self.entries.retain(|entry| own && entry.index > meta.index);
                self.snapshot = Some((meta.clone(), data.clone()));
            }
            Step::Seal => {}
        }
    }

    /// The hard state as it comes back: it cannot be behind the snapshot.
    pub fn recovered(&self) -> Model {
        let mut model = self.clone();
        if let Some((meta, _)) = &self.snapshot {
            if model.hard_state.term < meta.term {
                model.hard_state = HardState { term: meta.term, vote: 0, ..model.hard_state };
            }
            model.hard_state.commit = model.hard_state.commit.max(meta.index);
        }
        model
    }

    pub fn last_index(&self) -> u64 {
        let snapshot = self.snapshot.as_ref().map_or(0, |(meta, _)| meta.index);
        self.entries.last().map_or(snapshot, |entry| entry.index)
    }
}

impl Step {
    pub fn run<D: Disk>(&self, wal: &mut Wal<D>) -> Result<(), WalError> {
        match self {
            Step::Append(hard_state, entries) => wal.append(hard_state.as_ref(), entries),
            Step::Snapshot(meta, data) => wal.save_snapshot(meta, data),
            Step::Seal => wal.seal(),
        }
    }
}

pub fn entry(index: u64, term: u64, bytes: usize) -> Entry {
    let text = format!("entry {index} of term {term};");
    let data: Vec<u8> = text.bytes().cycle().take(bytes).collect();
    Entry { term, index, kind: index as u8, data: data.into() }
}

/// Appends entries of one term.
pub fn append(term: u64, indexes: std::ops::RangeInclusive<u64>, bytes: usize) -> Step {
    let hard_state = HardState { term, vote: term % 3, commit: indexes.start() - 1 };
    Step::Append(Some(hard_state), indexes.map(|index| entry(index, term, bytes)).collect())
}

pub fn snapshot(index: u64, term: u64) -> Step {
    let members = vec![1, 2, 3, index as u8];
    Step::Snapshot(
        SnapshotMeta { index, term, members },
        format!("state at {index};").repeat(60).into(),
    )
}
