//! Random calls against the naive model, with the process or the power gone in between.

use bramah_wal::{HardState, Options, Reader, SimDisk, SimFile, SnapshotMeta, Wal};
use proptest::prelude::*;

use crate::model::{Model, OPTIONS, Step, entry};

/// A call whose indexes still depend on the log.
#[derive(Clone, Debug)]
enum Call {
    Append { back: u64, count: u64, bytes: usize, new_term: bool, with_hard_state: bool },
    Snapshot { back: u64, bytes: usize },
    ForeignSnapshot { ahead: u64 },
    Seal,
    Read,
    Reopen { segment_bytes: u64 },
    LosePower { kept: u64 },
}

fn call() -> impl Strategy<Value = Call> {
    let append = (0..6_u64, 0..12_u64, 0..400_usize, any::<bool>(), any::<bool>()).prop_map(
        |(back, count, bytes, new_term, with_hard_state)| Call::Append {
            // Mostly at the end.
            back: back.saturating_sub(3),
            count,
            bytes,
            new_term,
            with_hard_state,
        },
    );
    let segment_bytes = prop_oneof![Just(2048_u64), Just(4096)];
    prop_oneof![
        10 => append,
        2 => (0..20_u64, 0..3000_usize).prop_map(|(back, bytes)| Call::Snapshot { back, bytes }),
        1 => (0..5_u64).prop_map(|ahead| Call::ForeignSnapshot { ahead }),
        1 => Just(Call::Seal),
        2 => Just(Call::Read),
        1 => segment_bytes.prop_map(|segment_bytes| Call::Reopen { segment_bytes }),
        1 => any::<u64>().prop_map(|kept| Call::LosePower { kept }),
    ]
}

fn step(call: &Call, model: &Model, term: &mut u64) -> Option<Step> {
    let start = model.snapshot.as_ref().map_or(0, |(meta, _)| meta.index);
    let last = model.last_index();
    match call {
        Call::Append { back, count, bytes, new_term, with_hard_state } => {
            *term += u64::from(*new_term);
            let first = (last + 1).saturating_sub(*back).max(start + 1);
            let entries = (first..first + count).map(|index| entry(index, *term, *bytes)).collect();
            let hard_state = HardState { term: *term, vote: last % 3, commit: first - 1 };
            Some(Step::Append(with_hard_state.then_some(hard_state), entries))
        }
        Call::Snapshot { back, bytes } => {
            let index = last.saturating_sub(*back);
            let found = model.entries.iter().find(|entry| entry.index == index)?;
            let meta =
                SnapshotMeta { index, term: found.term, members: vec![1; index as usize % 9] };
            Some(Step::Snapshot(meta, vec![index as u8; *bytes]))
        }
        Call::ForeignSnapshot { ahead } => {
            *term += 1;
            let meta = SnapshotMeta { index: last.max(1) + ahead, term: *term, members: vec![] };
            (meta.index > start).then(|| Step::Snapshot(meta, b"from a leader".to_vec()))
        }
        Call::Seal => Some(Step::Seal),
        Call::Read | Call::Reopen { .. } | Call::LosePower { .. } => None,
    }
}

fn read(reader: &Reader<SimFile>) -> Vec<bramah_wal::Entry> {
    reader.entries(u64::MAX).collect::<Result<_, _>>().unwrap()
}

fn run(calls: Vec<Call>) {
    let mut disk = SimDisk::new(1);
    let (mut wal, mut model) = Model::open(&disk);
    let mut term = 1;
    // A reader is kept while the log goes on below it.
    let mut kept = (wal.reader(), Vec::new());
    for call in &calls {
        if let Some(step) = step(call, &model, &mut term) {
            step.run(&mut wal).unwrap();
            model.apply(&step);
        }
        if let Call::Read = call {
            assert_eq!(read(&kept.0), kept.1);
            kept = (wal.reader(), model.entries.clone());
            assert_eq!(read(&kept.0), kept.1);
        }
        let options = match call {
            Call::Reopen { segment_bytes } => Options { segment_bytes: *segment_bytes, ..OPTIONS },
            Call::LosePower { kept } => {
                disk = disk.restart(|place| kept >> (place % 64) & 1 == 1);
                OPTIONS
            }
            _ => continue,
        };
        let recovered;
        (wal, recovered) = Wal::open(disk.clone(), options).unwrap();
        assert_eq!(recovered.torn, None);
        model = model.recovered();
        assert_eq!(Model::of(&wal, recovered), model);
        // A reader does not outlive its log: the next one may use its segments again.
        kept = (wal.reader(), model.entries.clone());
    }
    assert_eq!(wal.last_index(), model.last_index());
    assert_eq!(read(&wal.reader()), model.entries);
    for entry in &model.entries {
        assert_eq!(wal.term(entry.index), Some(entry.term));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn the_log_is_a_list_of_entries(calls in prop::collection::vec(call(), 1..60)) {
        run(calls);
    }
}
