//! The binary form of core's types in log entries and snapshots: varints, fixed keys,
//! length-prefixed bytes, and a tag before each variant of an enum.
//!
//! Whatever value of a type exists can be written, and what was written can be read: the only
//! checks of reading are those of the types' own constructors. Tighter bounds are those of
//! requests, or else an entry that was committed under one bound could not be read under another.

mod error;
mod owners;
mod parts;
mod texts;

use std::sync::Arc;

pub use error::DecodeError;
pub(crate) use owners::OwnersWritten;

use bramah_core::Owner;

/// Something with a binary form.
pub(crate) trait Code: Sized {
    /// Adds it to `to`; at least one byte, so that a count of them is bounded by their bytes.
    fn put(&self, to: &mut Writer<'_>);
    /// Takes it from the start of `from`.
    fn take(from: &mut Reader<'_>) -> Result<Self, DecodeError>;
}

/// Where binary forms go to.
pub(crate) struct Writer<'a> {
    pub(crate) out: &'a mut Vec<u8>,
    /// Owners that are written already, in a snapshot; in an entry each stands where it is used.
    pub(crate) owners: Option<&'a mut OwnersWritten>,
}

impl Writer<'_> {
    pub(crate) fn byte(&mut self, byte: u8) {
        self.out.push(byte);
    }

    pub(crate) fn varint(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.out.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.out.push(number as u8);
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.varint(bytes.len() as u64);
        self.out.extend_from_slice(bytes);
    }
}

/// Where binary forms come from.
pub(crate) struct Reader<'a> {
    pub(crate) rest: &'a [u8],
    /// Owners that were read already, in a snapshot.
    pub(crate) owners: Option<&'a mut Vec<Arc<Owner>>>,
}

impl<'a> Reader<'a> {
    pub(crate) fn byte(&mut self) -> Result<u8, DecodeError> {
        self.rest.split_off_first().copied().ok_or(DecodeError::Truncated)
    }

    pub(crate) fn varint(&mut self) -> Result<u64, DecodeError> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if bits << shift >> shift != bits {
                break;
            }
            number |= bits << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(DecodeError::OutOfRange("varint"))
    }

    pub(crate) fn bytes(&mut self) -> Result<&'a [u8], DecodeError> {
        let len = self.varint()?;
        let len = usize::try_from(len).map_err(|_| DecodeError::Truncated)?;
        self.rest.split_off(..len).ok_or(DecodeError::Truncated)
    }

    pub(crate) fn text(&mut self) -> Result<&'a str, DecodeError> {
        str::from_utf8(self.bytes()?).map_err(|_| DecodeError::NotUtf8)
    }

    pub(crate) fn end(&self) -> Result<(), DecodeError> {
        match self.rest.len() {
            0 => Ok(()),
            bytes => Err(DecodeError::TrailingBytes { bytes }),
        }
    }
}

/// The form of a struct: its fields, in this order.
macro_rules! code_struct {
    ($type:ident { $($field:ident),* $(,)? }) => {
        impl $crate::codec::Code for $type {
            fn put(&self, to: &mut $crate::codec::Writer<'_>) {
                let $type { $($field),* } = self;
                $($field.put(to);)*
            }

            fn take(
                from: &mut $crate::codec::Reader<'_>,
            ) -> Result<Self, $crate::codec::DecodeError> {
                $(let $field = $crate::codec::Code::take(from)?;)*
                Ok($type { $($field),* })
            }
        }
    };
}

/// The form of an enum: the variant's tag, then its fields in this order.
macro_rules! code_enum {
    ($type:ident, $what:literal {
        $($tag:literal => $variant:ident $({ $($field:ident),* })? $(( $($part:ident),* ))?),* $(,)?
    }) => {
        impl $crate::codec::Code for $type {
            fn put(&self, to: &mut $crate::codec::Writer<'_>) {
                match self {
                    $($type::$variant $({ $($field),* })? $(( $($part),* ))? => {
                        to.byte($tag);
                        $($($field.put(to);)*)?
                        $($($part.put(to);)*)?
                    })*
                }
            }

            fn take(
                from: &mut $crate::codec::Reader<'_>,
            ) -> Result<Self, $crate::codec::DecodeError> {
                Ok(match from.byte()? {
                    $($tag => {
                        $($(let $field = $crate::codec::Code::take(from)?;)*)?
                        $($(let $part = $crate::codec::Code::take(from)?;)*)?
                        $type::$variant $({ $($field),* })? $(( $($part),* ))?
                    })*
                    tag => return Err($crate::codec::DecodeError::Tag { what: $what, tag }),
                })
            }
        }
    };
}

/// The form of a number with a type of its own.
macro_rules! code_number {
    ($($type:ident),*) => {$(
        impl $crate::codec::Code for $type {
            fn put(&self, to: &mut $crate::codec::Writer<'_>) {
                to.varint(self.0);
            }

            fn take(
                from: &mut $crate::codec::Reader<'_>,
            ) -> Result<Self, $crate::codec::DecodeError> {
                from.varint().map($type)
            }
        }
    )*};
}

pub(crate) use {code_enum, code_number, code_struct};
