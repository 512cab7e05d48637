use proptest::prelude::*;

use super::*;

const SEED: u32 = 0x1234_5678;

fn entries(first: u64, count: u64, bytes: usize) -> Vec<Entry> {
    let data = |index: u64| vec![index as u8; bytes].into();
    (first..first + count)
        .map(|index| Entry { term: 3, index, kind: 9, data: data(index) })
        .collect()
}

fn frame(number: u64, entries: &[Entry]) -> Vec<u8> {
    let mut out = Vec::new();
    encode(SEED, number, HardState { term: 3, vote: 2, commit: 1 }, entries, &mut out);
    out
}

#[test]
fn a_frame_comes_back_as_it_was() {
    for (count, bytes) in [(0, 0), (1, 0), (1, 5), (7, 100)] {
        let written = entries(11, count, bytes);
        let frame = frame(4, &written);
        assert_eq!(frame.len() as u64, frame_bytes(&written));
        let batch = Batch::read(SEED, &frame).unwrap();
        assert_eq!((batch.header.number, batch.header.durable_upto), (4, 3));
        assert_eq!(batch.header.hard_state, HardState { term: 3, vote: 2, commit: 1 });
        let read: Vec<Entry> = batch.entries().map(EntryRef::to_entry).collect();
        assert_eq!(read, written);
    }
}

#[test]
fn a_frame_of_another_segment_is_none() {
    assert!(Batch::read(SEED + 1, &frame(1, &entries(1, 2, 10))).is_none());
}

#[test]
fn a_cut_frame_is_none() {
    let frame = frame(1, &entries(1, 3, 10));
    for length in 0..frame.len() {
        assert!(Batch::read(SEED, &frame[..length]).is_none(), "{length}");
    }
}

#[test]
fn what_fits_is_counted_with_its_header() {
    let entries = entries(1, 10, 100);
    let bytes = |count: usize| frame_bytes(&entries[..count]);
    assert_eq!(entries_that_fit(&entries, bytes(4)), 4);
    assert_eq!(entries_that_fit(&entries, bytes(4) - 8), 3);
    assert_eq!(entries_that_fit(&entries, u64::MAX), 10);
    assert_eq!(entries_that_fit(&entries, 0), 0);
}

#[test]
fn the_search_finds_the_first_header_that_tells() {
    let image = [vec![7; 40], frame(5, &entries(1, 1, 10)), frame(6, &[]), frame(7, &[])].concat();
    let find =
        |batch| Header::find_durable(SEED, &image, batch).map(|(at, found)| (at, found.number));
    assert_eq!(find(4), Some((40, 5)));
    assert_eq!(find(5), Some((40 + 88, 6)));
    assert_eq!(find(6), Some((40 + 88 + 64, 7)));
    assert_eq!(find(7), None);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(Batch::read(SEED, &bytes).is_none());
        prop_assert!(Header::find_durable(SEED, &bytes, 0).is_none());
    }

    /// Lengths and counts that cannot be, under checksums that are right.
    #[test]
    fn any_fields_are_read_without_a_panic(
        fields in prop::collection::vec(any::<u8>(), HEADER_BYTES),
        body in prop::collection::vec(any::<u8>(), 0..200),
        body_bytes in 0..260_u32,
        count in 0..6_u32,
        first_index in prop_oneof![Just(0), Just(1), Just(u64::MAX), any::<u64>()],
    ) {
        let mut frame = [fields, body].concat();
        let end = frame.len().min(HEADER_BYTES + body_bytes as usize);
        let checksum = crc32c_append(SEED, &frame[HEADER_BYTES..end]);
        frame[4..8].copy_from_slice(&checksum.to_le_bytes());
        frame[8..12].copy_from_slice(&body_bytes.to_le_bytes());
        frame[12..16].copy_from_slice(&count.to_le_bytes());
        frame[32..40].copy_from_slice(&first_index.to_le_bytes());
        let checksum = crc32c_append(SEED, &frame[4..HEADER_BYTES]);
        frame[..4].copy_from_slice(&checksum.to_le_bytes());
        if let Some(batch) = Batch::read(SEED, &frame) {
            prop_assert_eq!(batch.entries().count(), batch.header.entries as usize);
        }
    }

    #[test]
    fn a_mutated_frame_is_none(
        count in 0..5_u64,
        bytes in 0..60_usize,
        changes in prop::collection::vec((any::<prop::sample::Index>(), 1..=255_u8), 1..4),
    ) {
        let whole = frame(3, &entries(1, count, bytes));
        let mut changed = whole.clone();
        for (at, by) in changes {
            let at = at.index(whole.len());
            changed[at] ^= by;
        }
        let padding = HEADER_BYTES + count as usize * (ENTRY_HEADER_BYTES + bytes);
        // Two changes may undo each other, and the padding means nothing.
        prop_assume!(changed[..padding] != whole[..padding]);
        prop_assert!(Batch::read(SEED, &changed).is_none());
    }
}
