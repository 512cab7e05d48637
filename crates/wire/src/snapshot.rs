//! A snapshot as a stream: blocks of facts, each with its checksum, and their number at the end.
//!
//! Neither side ever has more than one block of it in memory. Rot is found and located by the
//! block; a stream that was cut is told from one that ended.

use std::io::{self, Read, Write};
use std::sync::Arc;
use std::{error, fmt};

use bramah_core::facts::Fact;
use bramah_core::{Owner, mutant};

use crate::codec::{Code, DecodeError, OwnersWritten, Reader, Writer};

/// The version of the form that is written here.
pub const SNAPSHOT_VERSION: u8 = 1;

const MAGIC: &[u8; 7] = b"BRAMSNP";
/// A block ends with the fact that reaches this size.
const BLOCK_BYTES: usize = 64 * 1024;
/// Length and checksum.
const BLOCK_HEAD_BYTES: usize = 8;

/// Writes a snapshot.
#[derive(Debug)]
pub struct SnapshotWriter<W> {
    out: W,
    block: Vec<u8>,
    blocks: u64,
    facts: u64,
    owners: OwnersWritten,
}

impl<W: Write> SnapshotWriter<W> {
    /// Begins a snapshot. `out` gets few and large writes, it needs no buffer of its own.
    ///
    /// # Errors
    /// Of `out`.
    pub fn new(mut out: W) -> io::Result<SnapshotWriter<W>> {
        out.write_all(MAGIC)?;
        out.write_all(&[SNAPSHOT_VERSION])?;
        let block = vec![0; BLOCK_HEAD_BYTES];
        Ok(SnapshotWriter { out, block, blocks: 0, facts: 0, owners: OwnersWritten::default() })
    }

    /// Adds a fact.
    ///
    /// # Errors
    /// Of the stream below; then the snapshot is of no use.
    pub fn write(&mut self, fact: &Fact) -> io::Result<()> {
        fact.put(&mut Writer { out: &mut self.block, owners: Some(&mut self.owners) });
        self.facts += 1;
        match self.block.len() - BLOCK_HEAD_BYTES >= BLOCK_BYTES {
            true => self.end_block(),
            false => Ok(()),
        }
    }

    /// Ends the snapshot, and gives back the stream below, flushed. A snapshot that was not
    /// finished does not read as a whole one.
    ///
    /// # Errors
    /// Of the stream below.
    pub fn finish(mut self) -> io::Result<W> {
        if self.block.len() > BLOCK_HEAD_BYTES {
            self.end_block()?;
        }
        let facts = self.facts.to_le_bytes();
        self.out.write_all(&0u32.to_le_bytes())?;
        self.out.write_all(&checksum(self.blocks, 0, &facts).to_le_bytes())?;
        self.out.write_all(&facts)?;
        self.out.flush()?;
        Ok(self.out)
    }

    fn end_block(&mut self) -> io::Result<()> {
        let (head, payload) = self.block.split_at_mut(BLOCK_HEAD_BYTES);
        let len = u32::try_from(payload.len()).map_err(|_| {
            io::Error::new(io::ErrorKind::InvalidData, "a fact is longer than a block may be")
        })?;
        head[..4].copy_from_slice(&len.to_le_bytes());
        head[4..].copy_from_slice(&checksum(self.blocks, len, payload).to_le_bytes());
        self.out.write_all(&self.block)?;
        self.block.truncate(BLOCK_HEAD_BYTES);
        self.blocks += 1;
        Ok(())
    }
}

/// Reads a snapshot: an iterator over its facts, which ends after the first error.
#[derive(Debug)]
pub struct SnapshotReader<R> {
    input: R,
    block: Vec<u8>,
    /// Where in the block the next fact is.
    at: usize,
    blocks: u64,
    facts: u64,
    owners: Vec<Arc<Owner>>,
    is_over: bool,
}

impl<R: Read> SnapshotReader<R> {
    /// Begins to read. `input` gets few and large reads, it needs no buffer of its own.
    ///
    /// # Errors
    /// [`SnapshotError`] when it does not start as a snapshot of a known version does.
    pub fn new(mut input: R) -> Result<SnapshotReader<R>, SnapshotError> {
        let mut head = [0; MAGIC.len() + 1];
        read_exact(&mut input, &mut head, 0)?;
        let [magic @ .., version] = head;
        if magic != *MAGIC {
            return Err(SnapshotError::NotASnapshot);
        }
        if version != SNAPSHOT_VERSION {
            return Err(SnapshotError::Version { found: version });
        }
        Ok(SnapshotReader {
            input,
            block: Vec::new(),
            at: 0,
            blocks: 0,
            facts: 0,
            owners: Vec::new(),
            is_over: false,
        })
    }

    fn next_fact(&mut self) -> Result<Option<Fact>, SnapshotError> {
        if self.at == self.block.len() && !self.next_block()? {
            return Ok(None);
        }
        let rest = &self.block[self.at..];
        let mut from = Reader { rest, owners: Some(&mut self.owners) };
        let fact = Fact::take(&mut from)
            .map_err(|error| SnapshotError::Fact { number: self.facts, error })?;
        self.at = self.block.len() - from.rest.len();
        self.facts += 1;
        Ok(Some(mutant::of_snapshot(fact)))
    }

    /// Reads the next block; false at the end.
    fn next_block(&mut self) -> Result<bool, SnapshotError> {
        let block = self.blocks;
        let len = u32::from_le_bytes(self.read_array()?);
        let expected = u32::from_le_bytes(self.read_array()?);
        self.block.clear();
        self.at = 0;
        if len == 0 {
            let count: [u8; 8] = self.read_array()?;
            if checksum(block, 0, &count) != expected {
                return Err(SnapshotError::Corrupt { block });
            }
            return match u64::from_le_bytes(count) == self.facts {
                true => Ok(false),
                false => Err(SnapshotError::Corrupt { block }),
            };
        }
        // Grows with what arrives, whatever the length claims.
        let input = &mut self.input;
        input.take(len.into()).read_to_end(&mut self.block).map_err(SnapshotError::Io)?;
        if self.block.len() < len as usize {
            return Err(SnapshotError::Truncated { block });
        }
        if checksum(block, len, &self.block) != expected {
            return Err(SnapshotError::Corrupt { block });
        }
        self.blocks += 1;
        Ok(true)
    }

    fn read_array<const N: usize>(&mut self) -> Result<[u8; N], SnapshotError> {
        let mut array = [0; N];
        read_exact(&mut self.input, &mut array, self.blocks)?;
        Ok(array)
    }
}

impl<R: Read> Iterator for SnapshotReader<R> {
    type Item = Result<Fact, SnapshotError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_over {
            return None;
        }
        let next = self.next_fact().transpose();
        self.is_over = !matches!(next, Some(Ok(_)));
        next
    }
}

/// A stream is not a whole and sound snapshot.
#[derive(Debug)]
#[non_exhaustive]
pub enum SnapshotError {
    /// It could not be read.
    Io(io::Error),
    /// It is something else.
    NotASnapshot,
    /// It is of a version that is not known here, so a newer program wrote it.
    Version {
        /// Which.
        found: u8,
    },
    /// It ends too early.
    Truncated {
        /// In which block, from 0.
        block: u64,
    },
    /// Its bytes are not those that were written.
    Corrupt {
        /// In which block, from 0.
        block: u64,
    },
    /// A fact cannot be one, though its bytes are as they were written.
    Fact {
        /// Which fact, from 0.
        number: u64,
        /// Why.
        error: DecodeError,
    },
}

impl fmt::Display for SnapshotError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SnapshotError::Io(_) => f.write_str("snapshot cannot be read"),
            SnapshotError::NotASnapshot => f.write_str("file is not a snapshot"),
            SnapshotError::Version { found } => {
                write!(f, "snapshot version {found} is not known, a newer bramah wrote it")
            }
            SnapshotError::Truncated { block } => write!(f, "snapshot ends in block {block}"),
            SnapshotError::Corrupt { block } => write!(f, "snapshot is damaged in block {block}"),
            SnapshotError::Fact { number, .. } => {
                write!(f, "fact {number} of the snapshot cannot be read")
            }
        }
    }
}

impl error::Error for SnapshotError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            SnapshotError::Io(error) => Some(error),
            SnapshotError::Fact { error, .. } => Some(error),
            _ => None,
        }
    }
}

fn read_exact(input: &mut impl Read, to: &mut [u8], block: u64) -> Result<(), SnapshotError> {
    input.read_exact(to).map_err(|error| match error.kind() {
        io::ErrorKind::UnexpectedEof => SnapshotError::Truncated { block },
        _ => SnapshotError::Io(error),
    })
}

/// Of a block: its place is part of it, so that blocks cannot be lost, doubled or swapped unseen.
fn checksum(block: u64, len: u32, payload: &[u8]) -> u32 {
    let place = crc32c::crc32c(&block.to_le_bytes());
    crc32c::crc32c_append(crc32c::crc32c_append(place, &len.to_le_bytes()), payload)
}
