//! A backup: a snapshot with what it is of before it, and a checksum over all of it behind.
//!
//! ```text
//! "BRAMBKP" · version u8 = 1 · length u32 big-endian of the head
//! head      cluster varint · index varint · term varint
//! snapshot  as in [`crate::snapshot`]
//! end       CRC32C of everything before it, u32 little-endian
//! ```
//! The members are left out: a backup is of the locks, and begins a cluster of its own.

use std::io::{self, Read};

use bramah_core::facts::Counters;
use bramah_core::{FencingToken, SessionId};

use crate::codec::{Code, DecodeError, Reader, Writer, code_struct};

/// The version of the form that is written here.
pub const BACKUP_VERSION: u8 = 1;

const MAGIC: &[u8; 7] = b"BRAMBKP";
const LENGTH_BYTES: usize = 4;
const CHECKSUM_BYTES: usize = 4;
/// Longest head that is read, in bytes.
const HEAD_BYTES_MAX: usize = 4_096;

/// What a backup is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackupHead {
    /// The cluster that it was taken of.
    pub cluster_id: u64,
    /// The last entry of the log in it.
    pub index: u64,
    /// That entry's term.
    pub term: u64,
}

code_struct!(BackupHead { cluster_id, index, term });

impl BackupHead {
    fn encode(&self) -> Vec<u8> {
        let mut head = Vec::new();
        self.put(&mut Writer { out: &mut head, owners: None });
        let mut out = MAGIC.to_vec();
        out.push(BACKUP_VERSION);
        out.extend_from_slice(&(head.len() as u32).to_be_bytes());
        out.extend_from_slice(&head);
        out
    }
}

/// The bytes of a backup, made of a snapshot as they are read.
#[derive(Debug)]
pub struct BackupWriter<R> {
    head: io::Cursor<Vec<u8>>,
    snapshot: R,
    checksum: u32,
    end: Option<io::Cursor<[u8; CHECKSUM_BYTES]>>,
}

impl<R: Read> BackupWriter<R> {
    /// A backup of this snapshot.
    #[must_use]
    pub fn new(head: &BackupHead, snapshot: R) -> BackupWriter<R> {
        BackupWriter { head: io::Cursor::new(head.encode()), snapshot, checksum: 0, end: None }
    }
}

impl<R: Read> Read for BackupWriter<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if out.is_empty() {
            return Ok(0);
        }
        if let Some(end) = &mut self.end {
            return end.read(out);
        }
        let mut bytes = self.head.read(out)?;
        if bytes == 0 {
            bytes = self.snapshot.read(out)?;
        }
        if bytes == 0 {
            let end = self.end.insert(io::Cursor::new(self.checksum.to_le_bytes()));
            return end.read(out);
        }
        self.checksum = crc32c::crc32c_append(self.checksum, &out[..bytes]);
        Ok(bytes)
    }
}

/// Reads a backup: first what it is of, then, through [`Read`], its snapshot.
#[derive(Debug)]
pub struct BackupReader<R> {
    input: R,
    checksum: u32,
}

/// Why bytes are no backup.
#[derive(Debug)]
#[non_exhaustive]
pub enum BackupError {
    /// They could not be read.
    Io(io::Error),
    /// They are something else.
    NotABackup,
    /// They are of a version that is not known here, so a newer program wrote them.
    Version {
        /// Which.
        found: u8,
    },
    /// What the backup is of cannot be read.
    Head(DecodeError),
    /// They are not those that were written, or end too early or too late.
    Damaged,
}

impl std::fmt::Display for BackupError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            BackupError::Io(_) => f.write_str("the backup cannot be read"),
            BackupError::NotABackup => f.write_str("this is no backup"),
            BackupError::Version { found } => {
                write!(f, "backup version {found} is not known, a newer bramah wrote it")
            }
            BackupError::Head(_) => f.write_str("what the backup is of cannot be read"),
            BackupError::Damaged => {
                f.write_str("the backup is damaged or was cut: its checksum is wrong")
            }
        }
    }
}

impl std::error::Error for BackupError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            BackupError::Io(error) => Some(error),
            BackupError::Head(error) => Some(error),
            _ => None,
        }
    }
}

impl From<io::Error> for BackupError {
    fn from(error: io::Error) -> BackupError {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => BackupError::Damaged,
            _ => BackupError::Io(error),
        }
    }
}

impl<R: Read> BackupReader<R> {
    /// Begins to read.
    ///
    /// # Errors
    /// [`BackupError`] when it is no backup, or of another version.
    pub fn new(input: R) -> Result<(BackupHead, BackupReader<R>), BackupError> {
        let mut reader = BackupReader { input, checksum: 0 };
        let mut opening = [0; MAGIC.len() + 1 + LENGTH_BYTES];
        reader.read_exact(&mut opening)?;
        if opening[..MAGIC.len()] != *MAGIC {
            return Err(BackupError::NotABackup);
        }
        match opening[MAGIC.len()] {
            BACKUP_VERSION => {}
            found => return Err(BackupError::Version { found }),
        }
        let mut length = [0; LENGTH_BYTES];
        length.copy_from_slice(&opening[MAGIC.len() + 1..]);
        let length = u32::from_be_bytes(length) as usize;
        if length > HEAD_BYTES_MAX {
            return Err(BackupError::Damaged);
        }
        let mut head = vec![0; length];
        reader.read_exact(&mut head)?;
        let head = BackupHead::take(&mut Reader { rest: &head, owners: None });
        Ok((head.map_err(BackupError::Head)?, reader))
    }

    /// Checks the end, once the snapshot was read to its own.
    ///
    /// # Errors
    /// [`BackupError::Damaged`] when the backup is not what was written.
    pub fn finish(mut self) -> Result<(), BackupError> {
        let mut end = [0; CHECKSUM_BYTES];
        self.input.read_exact(&mut end)?;
        let is_end = self.input.read(&mut [0])? == 0;
        match is_end && u32::from_le_bytes(end) == self.checksum {
            true => Ok(()),
            false => Err(BackupError::Damaged),
        }
    }
}

impl<R: Read> Read for BackupReader<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let bytes = self.input.read(out)?;
        self.checksum = crc32c::crc32c_append(self.checksum, &out[..bytes]);
        Ok(bytes)
    }
}

/// The counters with which a table goes on that was restored: whatever was granted since it was
/// taken, tokens, sessions and revisions go on above it. None when there are no more epochs.
#[must_use]
pub fn next_epoch(counters: Counters) -> Option<Counters> {
    let epoch = (counters.last_token.0 >> FencingToken::COUNTER_BITS) + 1;
    let epoch = u16::try_from(epoch).ok().filter(|epoch| *epoch < 0x8000)?;
    let token = FencingToken::before_epoch(epoch);
    Some(Counters {
        revision: counters.revision.max(token.0),
        last_token: token,
        last_session: SessionId(token.0.max(counters.last_session.0)),
        ..counters
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SNAPSHOT: &[u8] = b"a snapshot";

    fn head() -> BackupHead {
        BackupHead { cluster_id: 300, index: 5, term: 2 }
    }

    fn backup() -> Vec<u8> {
        let mut out = Vec::new();
        BackupWriter::new(&head(), SNAPSHOT).read_to_end(&mut out).expect("it is in memory");
        out
    }

    fn read(bytes: &[u8]) -> Result<(BackupHead, Vec<u8>), BackupError> {
        let (head, mut reader) = BackupReader::new(bytes)?;
        let mut snapshot = vec![0; SNAPSHOT.len()];
        reader.read_exact(&mut snapshot)?;
        reader.finish()?;
        Ok((head, snapshot))
    }

    #[test]
    fn a_backup_is_as_it_was_written_once() {
        let bytes = backup();
        let content = b"BRAMBKP\x01\0\0\0\x04\xac\x02\x05\x02a snapshot";
        assert_eq!(bytes[..bytes.len() - 4], content[..]);
        assert_eq!(read(&bytes).expect("a backup"), (head(), SNAPSHOT.to_vec()));
    }

    #[test]
    fn every_flipped_bit_every_cut_and_an_addition_are_found() {
        let bytes = backup();
        for at in 0..bytes.len() {
            let mut spoilt = bytes.clone();
            spoilt[at] ^= 1;
            assert!(read(&spoilt).is_err(), "byte {at}");
            assert!(read(&bytes[..at]).is_err(), "cut at {at}");
        }
        assert!(read(&[&bytes[..], &[0]].concat()).is_err());
    }

    #[test]
    fn a_restored_table_grants_above_all_that_was_ever_granted() {
        let last_token = FencingToken(FencingToken::before_epoch(3).0 + 5);
        let counters = Counters { last_token, revision: 77, ..Counters::default() };
        let next = next_epoch(counters).expect("there are more");
        assert_eq!(next.last_token, FencingToken::before_epoch(4));
        assert_eq!(next.last_session.0, next.last_token.0);
        assert!(next.revision >= next.last_token.0);
        let last = Counters { last_token: FencingToken::before_epoch(0x7fff), ..counters };
        assert_eq!(next_epoch(last), None);
    }
}
