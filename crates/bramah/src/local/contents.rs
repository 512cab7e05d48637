//! The bytes of a lock file: two headers that are written in turn, and the table that the newer one
//! points to. DESIGN.md has the layout.
//!
//! A change writes the new table beside the old one, and then the older header over. So the newest
//! whole header points to a whole table wherever its writer was killed, and whoever reads beside a
//! writer sees the old table or the new one, or notices that it must read again.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use super::bytes::{Reader, Writer};
use super::table::Table;

/// Longest table, in bytes.
pub(super) const TABLE_BYTES_MAX: usize = 4 << 20;

const MAGIC: [u8; 8] = *b"BRAMAHL1";
/// What the checksum of a header covers.
const SUMMED_BYTES: usize = 48;
const HEADER_BYTES: usize = SUMMED_BYTES + 4;
/// No honest counter comes so far; one that does is refused before it can overflow.
const COUNTER_MAX: u64 = 1 << 60;
/// Each header lies in a sector of its own, so that no torn write of a disk takes both.
const SLOT_BYTES: usize = 512;
const TABLES_AT: usize = 2 * SLOT_BYTES;
/// What the file of an unused lock may keep, in bytes; also what is read at once.
const PAGE_BYTES: usize = 4096;

/// What a lock file has in it.
#[derive(Debug)]
pub(super) enum Contents {
    /// Nothing yet.
    Nothing,
    /// A table, and the header that points to it.
    Whole(Header, Table),
    /// A header, while the other one or the table is not whole.
    Torn(Header),
    /// A lock file without a whole header, or with a table that none of us wrote.
    Damaged,
    /// No lock file.
    Foreign,
}

/// Where the table is, and the counters that outlive it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Header {
    /// Rises with every change; its lowest bit tells the slot.
    generation: u64,
    pub(super) token_newest: u64,
    pub(super) ticket_newest: u64,
    table_at: u64,
    table_len: u32,
    table_sum: u32,
}

/// Reads a lock file.
pub(super) fn read(file: &File) -> io::Result<Contents> {
    let mut page = [0; PAGE_BYTES];
    let len = read_at(file, &mut page, 0)?;
    let page = &page[..len];
    let written = [0, SLOT_BYTES].map(|at| {
        page.get(at..at + HEADER_BYTES).filter(|slot| slot.iter().any(|byte| *byte != 0))
    });
    let whole = written.map(|slot| slot.and_then(Header::decode));
    let Some(header) = whole.into_iter().flatten().max_by_key(|header| header.generation) else {
        // A file that was made but never written, or whose first write has not come to its header,
        // or was ended before by a kill or a power loss.
        let is_blank = page.iter().take(TABLES_AT).all(|byte| *byte == 0);
        let is_ours = written.into_iter().flatten().any(|slot| slot.starts_with(&MAGIC));
        return Ok(match (is_blank, is_ours) {
            (true, _) => Contents::Nothing,
            (_, true) => Contents::Damaged,
            _ => Contents::Foreign,
        });
    };
    // A kill cannot tear a header, which lies in one page: this is a write that goes on just now, a
    // power loss, or damage. The one that is left may be the older.
    if written.iter().flatten().count() > whole.iter().flatten().count() {
        return Ok(Contents::Torn(header));
    }
    let (at, len) = (header.table_at, header.table_len as usize);
    if len > TABLE_BYTES_MAX {
        return Ok(Contents::Damaged);
    }
    let start = usize::try_from(at).unwrap_or(usize::MAX);
    let mut more = Vec::new();
    let bytes = match page.get(start..start.saturating_add(len)) {
        Some(bytes) => bytes,
        None => {
            more.resize(len, 0);
            let got = read_at(file, &mut more, at)?;
            &more[..got]
        }
    };
    if bytes.len() != len || crc32c::crc32c(bytes) != header.table_sum {
        return Ok(Contents::Torn(header));
    }
    Ok(match Table::decode(bytes) {
        Some(table) => {
            let Header { token_newest, ticket_newest, .. } = header;
            Contents::Whole(header, Table { token_newest, ticket_newest, ..table })
        }
        None => Contents::Damaged,
    })
}

/// Writes the table after the one that `current` points to. Only inside the section.
pub(super) fn write(file: &File, current: Header, table: &Table) -> io::Result<Header> {
    let bytes = table.encode();
    if bytes.len() > TABLE_BYTES_MAX {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    let header = write_beside(file, current, table, &bytes)?;
    let used = header.table_at + u64::from(header.table_len);
    if !table.seats.is_empty() || current.end().max(used) <= PAGE_BYTES as u64 {
        return Ok(header);
    }
    // An unused lock gives back what its holders' values took.
    let header = write_beside(file, header, table, &bytes)?;
    file.set_len(header.end().max(TABLES_AT as u64))?;
    Ok(header)
}

fn write_beside(file: &File, old: Header, table: &Table, bytes: &[u8]) -> io::Result<Header> {
    let fits_before = old.table_at >= (TABLES_AT + bytes.len()) as u64;
    let header = Header {
        generation: old.generation + 1,
        token_newest: table.token_newest,
        ticket_newest: table.ticket_newest,
        table_at: if fits_before { TABLES_AT as u64 } else { old.end().max(TABLES_AT as u64) },
        table_len: u32::try_from(bytes.len()).map_err(io::Error::other)?,
        table_sum: crc32c::crc32c(bytes),
    };
    file.write_all_at(bytes, header.table_at)?;
    file.write_all_at(&header.encode(), (header.generation % 2) * SLOT_BYTES as u64)?;
    Ok(header)
}

impl Header {
    fn end(&self) -> u64 {
        self.table_at.saturating_add(self.table_len.into())
    }

    fn encode(&self) -> Vec<u8> {
        let mut to = Writer::default();
        to.u64(u64::from_le_bytes(MAGIC));
        to.u64(self.generation);
        to.u64(self.token_newest);
        to.u64(self.ticket_newest);
        to.u64(self.table_at);
        to.u32(self.table_len);
        to.u32(self.table_sum);
        let mut bytes = to.done();
        bytes.extend(crc32c::crc32c(&bytes).to_le_bytes());
        bytes
    }

    fn decode(bytes: &[u8]) -> Option<Header> {
        let (summed, sum) = bytes.split_at_checked(SUMMED_BYTES)?;
        let mut from = Reader(summed);
        let is_ours =
            from.u64()?.to_le_bytes() == MAGIC && Reader(sum).u32()? == crc32c::crc32c(summed);
        let header = Header {
            generation: from.u64()?,
            token_newest: from.u64()?,
            ticket_newest: from.u64()?,
            table_at: from.u64()?,
            table_len: from.u32()?,
            table_sum: from.u32()?,
        };
        let counters = [header.generation, header.token_newest, header.ticket_newest];
        (is_ours && counters.iter().all(|count| *count < COUNTER_MAX)).then_some(header)
    }
}

/// Reads until the buffer is full or the file ends.
fn read_at(file: &File, buffer: &mut [u8], at: u64) -> io::Result<usize> {
    let mut len = 0;
    while len < buffer.len() {
        match file.read_at(&mut buffer[len..], at.saturating_add(len as u64)) {
            Ok(0) => break,
            Ok(got) => len += got,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(len)
}
