//! Snapshots: written aside in checked blocks, published by a rename.
//!
//! ```text
//!  0 "bramahsn"          16 u64 index         40 u64 durable_upto     64 blocks, each:
//!  8 u32 version         24 u64 term          48 u64 void_upto           u32 bytes
//! 12 u32 members_bytes   32 u64 data_bytes    56 u32 zero                u32 checksum
//!                                             60 u32 CRC32C of 0..60     the bytes
//! ```
//! The first block is the membership, the others are the data, each full but the last. A block's
//! checksum is the CRC32C of its number (u64) and its bytes, so that blocks cannot change places.
//! `durable_upto` and `void_upto` are batch numbers, as the log stood when the snapshot was
//! published.

use std::io::{self, Read};
use std::mem;
use std::sync::Arc;

use bramah_core::mutant::{self, Mutant};
use bytes::{Buf, BufMut};
use crc32c::{crc32c, crc32c_append};

use crate::disk::{Disk, DiskFile};
use crate::entry::SnapshotMeta;
use crate::error::{Failure, OpenError, ReadError, WalError};
use crate::limits::{SNAPSHOT_BLOCK_BYTES, SNAPSHOT_MEMBERS_BYTES_MAX, UNSYNCED_BYTES_MAX};
use crate::shared::Shared;

/// The version that this program writes and reads.
pub(crate) const VERSION: u32 = 1;
const MAGIC: &[u8; 8] = b"bramahsn";
const HEADER_BYTES: usize = 64;
const BLOCK_HEADER_BYTES: usize = 8;

/// Writes a snapshot aside, on any thread, while the log goes on. Dropped before it is published,
/// it leaves nothing behind.
pub struct SnapshotWriter<D: Disk> {
    aside: Aside<D>,
    meta: SnapshotMeta,
    block: Vec<u8>,
    blocks: u64,
    end: u64,
    unsynced: u64,
    data_bytes: u64,
}

/// A snapshot that is whole and durable, and not yet the log's: see
/// [`Wal::publish_snapshot`](crate::Wal::publish_snapshot).
pub struct FinishedSnapshot<D: Disk> {
    aside: Aside<D>,
    meta: SnapshotMeta,
    data_bytes: u64,
}

/// Reads the data of a snapshot in order, through [`Read`]. Every block is checked before any of it
/// is given out; a damaged one is an error of kind [`io::ErrorKind::InvalidData`].
#[derive(Debug)]
pub struct SnapshotReader<F> {
    file: Arc<F>,
    name: String,
    header: Header,
    meta: SnapshotMeta,
    block: Vec<u8>,
    read: usize,
    blocks: u64,
    end: u64,
    left: u64,
}

/// The log's snapshot.
#[derive(Debug)]
pub(crate) struct Snapshot<F> {
    pub(crate) meta: SnapshotMeta,
    pub(crate) file: Arc<F>,
}

/// How the log stood when a snapshot was published.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Standing {
    /// The last batch that was acknowledged.
    pub(crate) durable_upto: u64,
    /// Batches up to this one hold no entries any more: they were not the snapshot's own history.
    pub(crate) void_upto: u64,
}

#[derive(Clone, Copy, Debug)]
struct Header {
    members_bytes: u32,
    index: u64,
    term: u64,
    data_bytes: u64,
    standing: Standing,
}

/// A file without its final name; removed unless it gets one.
struct Aside<D: Disk> {
    shared: Arc<Shared<D>>,
    name: String,
    file: Option<D::File>,
}

impl<D: Disk> SnapshotWriter<D> {
    pub(crate) fn new(
        shared: Arc<Shared<D>>,
        number: u64,
        meta: SnapshotMeta,
    ) -> Result<SnapshotWriter<D>, WalError> {
        shared.check()?;
        let (bytes, bytes_max) = (meta.members.len(), SNAPSHOT_MEMBERS_BYTES_MAX);
        if bytes > bytes_max {
            return Err(WalError::MembersTooLarge { bytes, bytes_max });
        }
        let name = format!("snapshot-{number}.new");
        let created = shared.disk.create(&name).map_err(Failure::of("create", &name));
        let file = Some(created.map_err(|failure| shared.stop_unless_full(failure))?);
        let mut writer = SnapshotWriter {
            aside: Aside { shared, name, file },
            block: meta.members.clone(),
            meta,
            blocks: 0,
            end: HEADER_BYTES as u64,
            unsynced: 0,
            data_bytes: 0,
        };
        writer.write_block()?;
        Ok(writer)
    }

    /// Adds to the data.
    pub fn write(&mut self, mut data: &[u8]) -> Result<(), WalError> {
        self.data_bytes += data.len() as u64;
        while !data.is_empty() {
            let (now, later) =
                data.split_at(data.len().min(SNAPSHOT_BLOCK_BYTES - self.block.len()));
            self.block.extend_from_slice(now);
            data = later;
            if self.block.len() == SNAPSHOT_BLOCK_BYTES {
                self.write_block()?;
            }
        }
        Ok(())
    }

    /// Makes all of it durable.
    pub fn finish(mut self) -> Result<FinishedSnapshot<D>, WalError> {
        if !self.block.is_empty() {
            self.write_block()?;
        }
        if !mutant::is_on(Mutant::SnapshotNotSynced) {
            self.aside.act("sync", DiskFile::sync)?;
        }
        let SnapshotWriter { aside, meta, data_bytes, .. } = self;
        Ok(FinishedSnapshot { aside, meta, data_bytes })
    }

    fn write_block(&mut self) -> Result<(), WalError> {
        let mut block = mem::take(&mut self.block);
        let checksum = block_checksum(self.blocks, &block);
        let mut head = [0; BLOCK_HEADER_BYTES];
        (&mut head[..4]).put_u32_le(block.len() as u32);
        (&mut head[4..]).put_u32_le(checksum);
        block.splice(..0, head);
        self.aside.act("write", |file| file.write_at(self.end, &block))?;
        self.end += block.len() as u64;
        self.unsynced += block.len() as u64;
        self.blocks += 1;
        if self.unsynced >= UNSYNCED_BYTES_MAX {
            self.aside.act("sync", DiskFile::sync)?;
            self.unsynced = 0;
        }
        block.clear();
        self.block = block;
        Ok(())
    }
}

impl<D: Disk> FinishedSnapshot<D> {
    /// What it stands for.
    pub fn meta(&self) -> &SnapshotMeta {
        &self.meta
    }

    /// Length of its data.
    pub fn data_bytes(&self) -> u64 {
        self.data_bytes
    }

    /// Gives it its header and its name. Where there is no room for either, both can be given
    /// again: all of the header is written anew.
    pub(crate) fn publish(&mut self, standing: Standing) -> Result<Snapshot<D::File>, WalError> {
        let header = Header {
            members_bytes: self.meta.members.len() as u32,
            index: self.meta.index,
            term: self.meta.term,
            data_bytes: self.data_bytes,
            standing,
        };
        let (name, shared) = (name_of(self.meta.index), Arc::clone(&self.aside.shared));
        self.aside.act("write", |file| file.write_durably_at(0, &header.encode()))?;
        self.aside.act("rename", |_| shared.disk.rename(&self.aside.name, &name))?;
        let synced = shared.disk.sync_names().map_err(Failure::of("sync", "the data folder"));
        synced.map_err(|failure| shared.stop(failure))?;
        let Some(file) = self.aside.file.take() else { unreachable!("only publish takes it") };
        Ok(Snapshot { meta: self.meta.clone(), file: Arc::new(file) })
    }
}

impl<F: DiskFile> SnapshotReader<F> {
    /// Opens a snapshot: reads its header and its membership.
    pub(crate) fn open(file: Arc<F>, index: u64) -> Result<SnapshotReader<F>, OpenError> {
        let name = name_of(index);
        let damaged = |what: &str| {
            OpenError::from(ReadError::Damaged { name: name.clone(), offset: 0, what: what.into() })
        };
        let mut bytes = [0; HEADER_BYTES];
        if file.bytes().map_err(Failure::of("measure", &name))? < HEADER_BYTES as u64 {
            return Err(damaged("it is shorter than its header"));
        }
        file.read_at(0, &mut bytes).map_err(Failure::of("read", &name))?;
        let mut fields = &bytes[8..];
        if &bytes[..8] != MAGIC {
            return Err(damaged("it does not start as a snapshot"));
        }
        let version = fields.get_u32_le();
        if version != VERSION {
            return Err(OpenError::UnknownVersion { name, version, known: VERSION });
        }
        if crc32c(&bytes[..60]).to_le_bytes() != bytes[60..] {
            return Err(damaged("the header's checksum is wrong"));
        }
        let header = Header::decode(fields);
        if header.index != index {
            return Err(damaged(&format!("its header says that it is snapshot {}", header.index)));
        }
        let meta = SnapshotMeta { index, term: header.term, members: Vec::new() };
        let mut reader = SnapshotReader {
            file,
            name,
            header,
            meta,
            block: Vec::new(),
            read: 0,
            blocks: 0,
            end: HEADER_BYTES as u64,
            left: header.data_bytes,
        };
        reader.read_block(header.members_bytes as usize)?;
        reader.meta.members = mem::take(&mut reader.block);
        Ok(reader)
    }

    /// What the snapshot stands for.
    pub fn meta(&self) -> &SnapshotMeta {
        &self.meta
    }

    /// Length of the data.
    pub fn data_bytes(&self) -> u64 {
        self.header.data_bytes
    }

    pub(crate) fn standing(&self) -> Standing {
        self.header.standing
    }

    /// The next block of the data, at most
    /// [`SNAPSHOT_BLOCK_BYTES`](crate::limits::SNAPSHOT_BLOCK_BYTES); none at the end.
    pub fn next_block(&mut self) -> Result<Option<&[u8]>, ReadError> {
        let expected = self.left.min(SNAPSHOT_BLOCK_BYTES as u64) as usize;
        if expected == 0 {
            return Ok(None);
        }
        self.read_block(expected)?;
        self.left -= expected as u64;
        self.read = expected;
        Ok(Some(&self.block))
    }

    fn read_block(&mut self, expected: usize) -> Result<(), ReadError> {
        let offset = self.end;
        let damaged =
            |what: &str| ReadError::Damaged { name: self.name.clone(), offset, what: what.into() };
        let failed = |source: io::Error| match source.kind() {
            io::ErrorKind::UnexpectedEof => damaged("the file ends inside of a block"),
            _ => ReadError::Io { name: self.name.clone(), source },
        };
        let mut head = [0; BLOCK_HEADER_BYTES];
        self.file.read_at(offset, &mut head).map_err(failed)?;
        let (length, checksum) = ((&head[..4]).get_u32_le(), (&head[4..]).get_u32_le());
        // Compared before anything is allocated.
        if length as usize != expected || expected > SNAPSHOT_BLOCK_BYTES {
            return Err(damaged("a block has the wrong length"));
        }
        self.block.resize(expected, 0);
        self.file.read_at(offset + BLOCK_HEADER_BYTES as u64, &mut self.block).map_err(failed)?;
        if block_checksum(self.blocks, &self.block) != checksum {
            return Err(damaged("a block's checksum is wrong"));
        }
        self.blocks += 1;
        self.end += (BLOCK_HEADER_BYTES + expected) as u64;
        Ok(())
    }
}

impl<F: DiskFile> Read for SnapshotReader<F> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.read >= self.block.len() {
            let more = self.next_block().map_err(|error| match error {
                ReadError::Io { source, .. } => source,
                damaged => io::Error::new(io::ErrorKind::InvalidData, damaged),
            })?;
            if more.is_none() {
                return Ok(0);
            }
            self.read = 0;
        }
        let read = self.block[self.read..].as_ref().read(out)?;
        self.read += read;
        Ok(read)
    }
}

/// The name of a published snapshot.
pub(crate) fn name_of(index: u64) -> String {
    format!("snapshot-{index:016x}")
}

impl Header {
    fn encode(self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEADER_BYTES);
        bytes.put_slice(MAGIC);
        bytes.put_u32_le(VERSION);
        bytes.put_u32_le(self.members_bytes);
        bytes.put_u64_le(self.index);
        bytes.put_u64_le(self.term);
        bytes.put_u64_le(self.data_bytes);
        bytes.put_u64_le(self.standing.durable_upto);
        bytes.put_u64_le(self.standing.void_upto);
        bytes.put_u32_le(0);
        let checksum = crc32c(&bytes);
        bytes.put_u32_le(checksum);
        bytes
    }

    /// The fields behind the version; their checksum is right.
    fn decode(mut fields: &[u8]) -> Header {
        Header {
            members_bytes: fields.get_u32_le(),
            index: fields.get_u64_le(),
            term: fields.get_u64_le(),
            data_bytes: fields.get_u64_le(),
            standing: Standing {
                durable_upto: fields.get_u64_le(),
                void_upto: fields.get_u64_le(),
            },
        }
    }
}

impl<D: Disk> Aside<D> {
    fn act(
        &self,
        operation: &'static str,
        act: impl FnOnce(&D::File) -> io::Result<()>,
    ) -> Result<(), WalError> {
        self.shared.check()?;
        let Some(file) = &self.file else { unreachable!("only publish takes it") };
        let done = act(file).map_err(Failure::of(operation, &self.name));
        done.map_err(|failure| self.shared.stop_unless_full(failure))
    }
}

impl<D: Disk> Drop for Aside<D> {
    fn drop(&mut self) {
        if self.file.take().is_some() {
            // What stays is removed when the log is opened again.
            let _ = self.shared.disk.remove(&self.name);
        }
    }
}

fn block_checksum(number: u64, block: &[u8]) -> u32 {
    crc32c_append(crc32c(&number.to_le_bytes()), block)
}
