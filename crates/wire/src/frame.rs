//! How a stream of bytes is cut into messages: an opening, then frames.
//!
//! Nothing here reads or writes: the caller fills a buffer and asks what is in it. A frame's length
//! is believed only as far as bytes have arrived, so a header alone makes nobody allocate.

use std::fmt;

use bytes::{Buf, BufMut, Bytes, BytesMut};

use crate::error::{Error, ErrorCode};

/// Longest message in a frame, in bytes, without the four of its length.
pub const FRAME_BYTES_MAX: usize = 1024 * 1024;
/// The version of the native protocol that is spoken here.
pub const VERSION: u16 = 1;
/// What a client sends first.
pub const OPENING: [u8; 8] = *b"BRAMAH\x00\x01";

const MAGIC: &[u8; 6] = b"BRAMAH";
const LENGTH_BYTES: usize = 4;

/// What the first bytes of a connection are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opening {
    /// Too few to tell.
    Incomplete,
    /// A native client, which speaks this version; frames follow after [`OPENING`]'s length.
    Native(u16),
    /// Something else.
    Unknown,
}

impl Opening {
    /// Looks at the first bytes of a connection, however few.
    #[must_use]
    pub fn check(first: &[u8]) -> Opening {
        let magic = first.len().min(MAGIC.len());
        if first[..magic] != MAGIC[..magic] {
            return Opening::Unknown;
        }
        match first.get(MAGIC.len()..OPENING.len()) {
            None => Opening::Incomplete,
            Some(version) => Opening::Native(u16::from_be_bytes([version[0], version[1]])),
        }
    }
}

/// Checks the version of an [`Opening::Native`].
///
/// # Errors
/// [`ErrorCode::UnsupportedVersion`], which names the versions that are spoken: reply it (with id
/// 0) and close the connection.
pub fn check_version(version: u16) -> Result<(), Error> {
    match version {
        VERSION => Ok(()),
        _ => Err(Error::new(
            ErrorCode::UnsupportedVersion,
            format!(
                "speak version {version} of the protocol: this server speaks version {VERSION}"
            ),
        )),
    }
}

/// Takes the next whole frame out of `buffer`; none if it has not arrived yet.
///
/// # Errors
/// [`FrameTooLong`]: the rest of the stream cannot be cut into frames, so the connection must end.
pub fn take_frame(buffer: &mut BytesMut) -> Result<Option<Bytes>, FrameTooLong> {
    let Some(header) = buffer.first_chunk::<LENGTH_BYTES>() else { return Ok(None) };
    let bytes = u32::from_be_bytes(*header) as usize;
    if bytes > FRAME_BYTES_MAX {
        return Err(FrameTooLong { bytes });
    }
    if buffer.len() - LENGTH_BYTES < bytes {
        return Ok(None);
    }
    buffer.advance(LENGTH_BYTES);
    Ok(Some(buffer.split_to(bytes).freeze()))
}

/// Adds `message` as a frame to `out`.
///
/// # Errors
/// [`FrameTooLong`]; then nothing was added.
pub fn put_frame(message: &impl prost::Message, out: &mut BytesMut) -> Result<(), FrameTooLong> {
    let bytes = checked_len(message)?;
    out.reserve(LENGTH_BYTES + bytes);
    out.put_u32(bytes as u32);
    message.encode(out).map_err(|_| FrameTooLong { bytes })
}

/// Adds `message` to `out` without its length, for a protocol that tells messages apart by itself.
/// What fits no frame fits none of these either.
///
/// # Errors
/// [`FrameTooLong`]; then nothing was added.
pub fn put_bare(message: &impl prost::Message, out: &mut BytesMut) -> Result<(), FrameTooLong> {
    let bytes = checked_len(message)?;
    out.reserve(bytes);
    message.encode(out).map_err(|_| FrameTooLong { bytes })
}

/// The length of a message that fits a frame.
pub(crate) fn checked_len(message: &impl prost::Message) -> Result<usize, FrameTooLong> {
    match message.encoded_len() {
        bytes @ ..=FRAME_BYTES_MAX => Ok(bytes),
        bytes => Err(FrameTooLong { bytes }),
    }
}

/// A message is longer than a frame may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameTooLong {
    /// Its length, as its header says.
    pub bytes: usize,
}

impl fmt::Display for FrameTooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "frame has {} bytes, at most {FRAME_BYTES_MAX} are allowed", self.bytes)
    }
}

impl std::error::Error for FrameTooLong {}

impl From<FrameTooLong> for Error {
    fn from(long: FrameTooLong) -> Error {
        Error::new(ErrorCode::FrameTooLarge, format!("take the message: {long}; send less at once"))
    }
}
