//! A segment: a file of fixed length that is written from its start to its end, and then used
//! again.
//!
//! ```text
//!  0 "bramahwl"     16 u64 sequence     32..60 zeros
//!  8 u32 version    24 u64 salt         60 u32 CRC32C of bytes 0..60
//! 12 u32 zero                          512 frames
//! ```
//! A segment gets its name, `segment-<sequence>`, when its header is durable and its first frame is
//! marked as absent. So a file of that name with another header is damaged; nothing else makes one.

use std::sync::Arc;

use bytes::{Buf, BufMut};
use crc32c::crc32c;

use crate::batch::END_MARK;
use crate::disk::{Disk, DiskFile};
use crate::error::{Failure, OpenError, ReadError};
use crate::limits::UNSYNCED_BYTES_MAX;

/// The version that this program writes and reads.
pub(crate) const VERSION: u32 = 1;
/// The header has a sector of its own, so no later write touches it.
pub(crate) const HEADER_BYTES: u64 = 512;
const MAGIC: &[u8; 8] = b"bramahwl";
const FIELDS_BYTES: usize = 64;
const ASIDE: &str = "segment.new";

/// A segment in use, or ready for it.
#[derive(Debug)]
pub(crate) struct Segment<F> {
    pub(crate) sequence: u64,
    /// Start of every checksum in this segment.
    pub(crate) seed: u32,
    pub(crate) bytes: u64,
    pub(crate) file: Arc<F>,
    /// Where the next frame goes.
    pub(crate) end: u64,
    /// Number of its first batch; 0 while there is none.
    pub(crate) first_batch: u64,
    /// The highest index written into it, also when it was replaced later.
    pub(crate) index_max: u64,
}

impl<F: DiskFile> Segment<F> {
    /// Makes a new segment ready for use, from a spare one if there is one. All of it is durable
    /// afterwards, so a frame written into it needs no room and no change of the folder any more.
    pub(crate) fn prepare<D: Disk<File = F>>(
        disk: &D,
        sequence: u64,
        bytes: u64,
        spare: Option<&str>,
    ) -> Result<Segment<F>, Failure> {
        let name = name_of(sequence);
        let aside = spare.unwrap_or(ASIDE);
        let file = match spare {
            // The old name must be gone for good before the old content is.
            Some(spare) => {
                disk.sync_names().map_err(Failure::of("sync", "the data folder"))?;
                disk.open(spare).map_err(Failure::of("open", spare))?
            }
            None => zeroed(disk, bytes)?,
        };
        let salt = disk.salt();
        let mut header = encode_header(sequence, salt);
        header.extend(END_MARK);
        file.write_durably_at(0, &header).map_err(Failure::of("write", aside))?;
        disk.rename(aside, &name).map_err(Failure::of("rename", aside))?;
        disk.sync_names().map_err(Failure::of("sync", "the data folder"))?;
        Ok(Segment::new(sequence, salt, bytes, file))
    }

    /// Opens a segment and reads its header. What is in it is for the caller to find.
    pub(crate) fn open<D: Disk<File = F>>(
        disk: &D,
        sequence: u64,
    ) -> Result<Segment<F>, OpenError> {
        let name = name_of(sequence);
        let file = disk.open(&name).map_err(Failure::of("open", &name))?;
        let bytes = file.bytes().map_err(Failure::of("measure", &name))?;
        let damaged = |what: &str| OpenError::Damaged {
            name: name.clone(),
            offset: 0,
            what: what.to_owned(),
        };
        if bytes < HEADER_BYTES {
            return Err(damaged("it is shorter than its header"));
        }
        let mut header = [0; FIELDS_BYTES];
        file.read_at(0, &mut header).map_err(Failure::of("read", &name))?;
        let mut fields = header.as_slice();
        if &header[..8] != MAGIC {
            return Err(damaged("it does not start as a segment"));
        }
        fields.advance(8);
        let version = fields.get_u32_le();
        if version != VERSION {
            return Err(OpenError::UnknownVersion { name, version, known: VERSION });
        }
        fields.advance(4);
        let (found, salt) = (fields.get_u64_le(), fields.get_u64_le());
        if crc32c(&header[..60]).to_le_bytes() != header[60..] {
            return Err(damaged("the header's checksum is wrong"));
        }
        if found != sequence {
            return Err(damaged(&format!("its header says that it is segment {found}")));
        }
        Ok(Segment::new(sequence, salt, bytes, file))
    }

    /// Its content up to `upto`, read into a buffer that is used again.
    pub(crate) fn read(&self, upto: u64, image: &mut Vec<u8>) -> Result<(), ReadError> {
        image.clear();
        image.resize(upto as usize, 0);
        let failed = |source| ReadError::Io { name: self.name(), source };
        self.file.read_at(0, image).map_err(failed)
    }

    pub(crate) fn name(&self) -> String {
        name_of(self.sequence)
    }

    /// Bytes left for frames.
    pub(crate) fn left(&self) -> u64 {
        self.bytes.saturating_sub(self.end)
    }

    /// The same segment for a reader: what it holds now, whatever is appended later.
    pub(crate) fn view(&self) -> Segment<F> {
        Segment { file: Arc::clone(&self.file), ..*self }
    }

    fn new(sequence: u64, salt: u64, bytes: u64, file: F) -> Segment<F> {
        let mut seed = salt.to_le_bytes().to_vec();
        seed.put_u64_le(sequence);
        Segment {
            sequence,
            seed: crc32c(&seed),
            // Frames are aligned, so an odd end of a file is of no use.
            bytes: bytes & !(END_MARK.len() as u64 - 1),
            file: Arc::new(file),
            end: HEADER_BYTES,
            first_batch: 0,
            index_max: 0,
        }
    }
}

/// The name of a segment in use.
pub(crate) fn name_of(sequence: u64) -> String {
    format!("segment-{sequence:016x}")
}

/// The name of a segment that waits for its next use.
pub(crate) fn spare_name_of(sequence: u64) -> String {
    format!("spare-{sequence:016x}")
}

/// The number in such a name.
pub(crate) fn number_in(name: &str, prefix: &str) -> Option<u64> {
    let digits = name.strip_prefix(prefix)?;
    (digits.len() == 16).then(|| u64::from_str_radix(digits, 16).ok())?
}

/// A file of zeros, written and not only allocated: a first write into allocated space costs the
/// file system a second flush.
fn zeroed<D: Disk>(disk: &D, bytes: u64) -> Result<D::File, Failure> {
    let file = disk.create(ASIDE).map_err(Failure::of("create", ASIDE))?;
    let zeros = vec![0; UNSYNCED_BYTES_MAX.min(bytes) as usize];
    let mut offset = 0;
    while offset < bytes {
        let length = (bytes - offset).min(zeros.len() as u64);
        let chunk = &zeros[..length as usize];
        if let Err(source) = file.write_durably_at(offset, chunk) {
            // Only to give the room back; the file is emptied before its next use in any case.
            let _ = disk.remove(ASIDE);
            return Err(Failure::of("write", ASIDE)(source));
        }
        offset += length;
    }
    Ok(file)
}

fn encode_header(sequence: u64, salt: u64) -> Vec<u8> {
    let mut header = Vec::with_capacity(HEADER_BYTES as usize + END_MARK.len());
    header.put_slice(MAGIC);
    header.put_u32_le(VERSION);
    header.put_u32_le(0);
    header.put_u64_le(sequence);
    header.put_u64_le(salt);
    header.resize(60, 0);
    let checksum = crc32c(&header);
    header.put_u32_le(checksum);
    header.resize(HEADER_BYTES as usize, 0);
    header
}
