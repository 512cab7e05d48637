//! The frame: one batch of entries with the hard state, as it stands in a segment.
//!
//! All numbers are little-endian. Both checksums are CRC32C that start from the segment's seed.
//!
//! ```text
//!  0 u32 checksum of bytes 4..64     24 u64 durable_upto
//!  4 u32 checksum of the body        32 u64 first_index, 0 when there is no entry
//!  8 u32 body_bytes                  40 u64 hard state: term
//! 12 u32 entries                     48 u64 hard state: vote
//! 16 u64 number                      56 u64 hard state: commit
//! 64 body: for each entry u32 data_bytes, u8 kind, u64 term, data
//!    then zeros to a multiple of 8
//! ```

use bytes::{Buf, BufMut, Bytes};
use crc32c::crc32c_append;

use crate::entry::{Entry, HardState};

pub(crate) const HEADER_BYTES: usize = 64;
/// Frames start at multiples of this.
pub(crate) const ALIGNMENT: usize = 8;
/// Zeros written behind the last frame, so that its end is seen also in a segment that was used
/// before.
pub(crate) const END_MARK: [u8; ALIGNMENT] = [0; ALIGNMENT];
/// Where in a frame its number stands.
const NUMBER_AT: usize = 16;
const ENTRY_HEADER_BYTES: usize = 4 + 1 + 8;

/// The first bytes of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    body_checksum: u32,
    body_bytes: u32,
    pub(crate) entries: u32,
    /// Counts batches over the whole life of the log, from 1.
    pub(crate) number: u64,
    /// The last batch known to be durable when this one was written.
    pub(crate) durable_upto: u64,
    pub(crate) first_index: u64,
    pub(crate) hard_state: HardState,
}

/// A frame whose checksums are right.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Batch<'a> {
    pub(crate) header: Header,
    body: &'a [u8],
}

/// An entry where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct EntryRef<'a> {
    pub(crate) term: u64,
    pub(crate) index: u64,
    kind: u8,
    data: &'a [u8],
}

/// Length of the frame for these entries.
pub(crate) fn frame_bytes(entries: &[Entry]) -> u64 {
    let body: u64 = entries.iter().map(entry_bytes).sum();
    (HEADER_BYTES as u64 + body).next_multiple_of(ALIGNMENT as u64)
}

/// How many of these entries, from the first, fit into a frame of at most `bytes_max`.
pub(crate) fn entries_that_fit(entries: &[Entry], bytes_max: u64) -> usize {
    let mut left = bytes_max.saturating_sub(HEADER_BYTES as u64);
    let fits = |entry: &&Entry| match left.checked_sub(entry_bytes(entry)) {
        Some(rest) => {
            left = rest;
            true
        }
        None => false,
    };
    entries.iter().take_while(fits).count()
}

/// Appends the frame to `out`, which the caller keeps for the next one. The entries' indexes follow
/// each other and the body is shorter than 4 GiB: both are checked before.
pub(crate) fn encode(
    seed: u32,
    number: u64,
    hard_state: HardState,
    entries: &[Entry],
    out: &mut Vec<u8>,
) {
    let start = out.len();
    out.put_bytes(0, HEADER_BYTES);
    for entry in entries {
        out.put_u32_le(entry.data.len() as u32);
        out.put_u8(entry.kind);
        out.put_u64_le(entry.term);
        out.put_slice(&entry.data);
    }
    let body = &out[start + HEADER_BYTES..];
    let (body_bytes, body_checksum) = (body.len() as u32, crc32c_append(seed, body));
    let padded = (out.len() - start).next_multiple_of(ALIGNMENT);
    out.resize(start + padded, 0);

    let mut header = &mut out[start + 4..start + HEADER_BYTES];
    header.put_u32_le(body_checksum);
    header.put_u32_le(body_bytes);
    header.put_u32_le(entries.len() as u32);
    header.put_u64_le(number);
    // Every batch is synced before the next is written.
    header.put_u64_le(number - 1);
    header.put_u64_le(entries.first().map_or(0, |entry| entry.index));
    header.put_u64_le(hard_state.term);
    header.put_u64_le(hard_state.vote);
    header.put_u64_le(hard_state.commit);
    let checksum = crc32c_append(seed, &out[start + 4..start + HEADER_BYTES]);
    out[start..start + 4].copy_from_slice(&checksum.to_le_bytes());
}

impl Header {
    /// The header at the start of `bytes`, if it is one of this segment's and its frame fits.
    pub(crate) fn read(seed: u32, bytes: &[u8]) -> Option<Header> {
        let mut fields = bytes.get(..HEADER_BYTES)?;
        let checksum = fields.get_u32_le();
        let checked = fields;
        let header = Header {
            body_checksum: fields.get_u32_le(),
            body_bytes: fields.get_u32_le(),
            entries: fields.get_u32_le(),
            number: fields.get_u64_le(),
            durable_upto: fields.get_u64_le(),
            first_index: fields.get_u64_le(),
            hard_state: HardState {
                term: fields.get_u64_le(),
                vote: fields.get_u64_le(),
                commit: fields.get_u64_le(),
            },
        };
        let plausible = header.durable_upto < header.number && header.frame_bytes() <= bytes.len();
        (plausible && crc32c_append(seed, checked) == checksum).then_some(header)
    }

    /// The first header in `bytes` which says that this batch was durable, and where it stands.
    pub(crate) fn find_durable(seed: u32, bytes: &[u8], batch: u64) -> Option<(usize, Header)> {
        // Looks at the number alone first: there may be a header at every eighth byte of a segment.
        let words = bytes.as_chunks::<ALIGNMENT>().0;
        words.iter().enumerate().skip(NUMBER_AT / ALIGNMENT).find_map(|(place, word)| {
            if u64::from_le_bytes(*word) <= batch {
                return None;
            }
            let offset = place * ALIGNMENT - NUMBER_AT;
            let header = Header::read(seed, &bytes[offset..])?;
            (header.durable_upto >= batch).then_some((offset, header))
        })
    }

    /// Length of the whole frame.
    pub(crate) fn frame_bytes(&self) -> usize {
        (HEADER_BYTES + self.body_bytes as usize).next_multiple_of(ALIGNMENT)
    }
}

impl<'a> Batch<'a> {
    /// The batch at the start of `bytes`, if every checksum and length in it is right.
    pub(crate) fn read(seed: u32, bytes: &'a [u8]) -> Option<Batch<'a>> {
        let header = Header::read(seed, bytes)?;
        let body = bytes.get(HEADER_BYTES..HEADER_BYTES + header.body_bytes as usize)?;
        if crc32c_append(seed, body) != header.body_checksum {
            return None;
        }
        let batch = Batch { header, body };
        let parsed = batch.entries().map(|entry| ENTRY_HEADER_BYTES + entry.data.len()).sum();
        let whole = body.len() == parsed && batch.entries().count() == header.entries as usize;
        let placed = header.first_index.checked_add(u64::from(header.entries)).is_some();
        (whole && placed && (header.entries == 0) == (header.first_index == 0)).then_some(batch)
    }

    /// The entries, in order; ends early at a length that cannot be.
    pub(crate) fn entries(&self) -> impl Iterator<Item = EntryRef<'a>> + use<'a> {
        let (mut rest, mut index) = (self.body, self.header.first_index);
        std::iter::from_fn(move || {
            let (mut head, tail) = rest.split_at_checked(ENTRY_HEADER_BYTES)?;
            let data_bytes = head.get_u32_le() as usize;
            let (kind, term) = (head.get_u8(), head.get_u64_le());
            let (data, after) = tail.split_at_checked(data_bytes)?;
            let entry = EntryRef { term, index, kind, data };
            (rest, index) = (after, index.saturating_add(1));
            Some(entry)
        })
    }
}

impl EntryRef<'_> {
    pub(crate) fn to_entry(self) -> Entry {
        let data = Bytes::copy_from_slice(self.data);
        Entry { term: self.term, index: self.index, kind: self.kind, data }
    }
}

fn entry_bytes(entry: &Entry) -> u64 {
    (ENTRY_HEADER_BYTES + entry.data.len()) as u64
}

#[cfg(test)]
mod tests;
