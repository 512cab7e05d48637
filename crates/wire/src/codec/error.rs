use std::fmt;

use bramah_core::{InvalidName, InvalidTtl, InvalidValue};

/// Bytes are not the binary form of what they should be.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DecodeError {
    /// They end too early.
    Truncated,
    /// They go on after the end.
    TrailingBytes {
        /// How many.
        bytes: usize,
    },
    /// They are of a version that is not known here, so a newer program wrote them.
    Version {
        /// Which.
        found: u8,
    },
    /// A variant is not known.
    Tag {
        /// Of what.
        what: &'static str,
        /// Its tag.
        tag: u8,
    },
    /// A number is out of the range of this type.
    OutOfRange(&'static str),
    /// A text is not UTF-8.
    NotUtf8,
    /// A lock name cannot be one.
    Name(InvalidName),
    /// A time to live cannot be one.
    Ttl(InvalidTtl),
    /// A value cannot be one.
    Value(InvalidValue),
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DecodeError::Truncated => f.write_str("bytes end too early"),
            DecodeError::TrailingBytes { bytes } => write!(f, "{bytes} bytes follow the end"),
            DecodeError::Version { found } => {
                write!(f, "format version {found} is not known, a newer bramah wrote it")
            }
            DecodeError::Tag { what, tag } => write!(f, "{what} {tag} is not known"),
            DecodeError::OutOfRange(what) => write!(f, "{what} is out of range"),
            DecodeError::NotUtf8 => f.write_str("text is not UTF-8"),
            DecodeError::Name(error) => error.fmt(f),
            DecodeError::Ttl(error) => error.fmt(f),
            DecodeError::Value(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for DecodeError {}
