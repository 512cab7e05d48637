//! The names and numbers of a lock table, each a type of its own so that a swapped argument does
//! not compile.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::limits;

/// An instant of the cluster's own time, in milliseconds since the table was empty and new.
///
/// It stands still while no server runs, and is never compared with a wall clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(pub u64);

impl Time {
    /// The instant `ms` milliseconds later; stops at the end of time rather than wrap.
    #[must_use]
    pub fn plus_ms(self, ms: u64) -> Time {
        Time(self.0.saturating_add(ms))
    }

    /// Milliseconds from `earlier` to this instant, 0 if it is later.
    #[must_use]
    pub fn ms_since(self, earlier: Time) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// A number that rises with every grant of the whole cluster, for a resource to check.
///
/// The low [`FencingToken::COUNTER_BITS`] bits count; the bits above are the epoch, which a restore
/// from a backup raises. It always fits a signed 64-bit column, and is an exact JavaScript number
/// until epoch 32.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FencingToken(pub u64);

impl FencingToken {
    /// Bits of the counter below the epoch: 178 years of 50,000 grants a second.
    pub const COUNTER_BITS: u32 = 48;

    /// The token after which the first grant of `epoch` is numbered.
    #[must_use]
    pub fn before_epoch(epoch: u16) -> FencingToken {
        FencingToken(u64::from(epoch & 0x7fff) << Self::COUNTER_BITS)
    }

    pub(crate) fn next(self) -> FencingToken {
        FencingToken(self.0 + 1)
    }
}

impl fmt::Display for FencingToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// 64 random bits that come with a command and prove, later, that the sender is the one it says it
/// is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(pub u64);

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(..)")
    }
}

/// A session's public number: shown in listings, proof of nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(pub u64);

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A session's number with the key that lets its client act in it. Written `42-9f3ac81d2b4e6f70`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionHandle {
    /// The public number.
    pub id: SessionId,
    /// The secret half.
    pub key: Key,
}

/// Proof that its bearer may release, renew or change one hold. Written `1057-9f3ac81d2b4e6f70`.
///
/// The first number is the hold's fencing token; the second half cannot be guessed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HoldId {
    /// The grant's fencing token.
    pub token: FencingToken,
    /// The secret half.
    pub key: Key,
}

macro_rules! two_halves {
    ($type:ident, $first:ident, $first_type:ident, $what:literal) => {
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}-{:016x}", self.$first.0, self.key.0)
            }
        }

        impl FromStr for $type {
            type Err = ParseIdError;

            fn from_str(text: &str) -> Result<Self, ParseIdError> {
                let parse = || {
                    let (number, key) = text.split_once('-')?;
                    let digits = number.bytes().all(|b| b.is_ascii_digit());
                    let hex = key.len() == 16 && key.bytes().all(|b| b.is_ascii_hexdigit());
                    if !digits || !hex {
                        return None;
                    }
                    let first = $first_type(number.parse().ok()?);
                    Some($type { $first: first, key: Key(u64::from_str_radix(key, 16).ok()?) })
                };
                parse().ok_or(ParseIdError { what: $what })
            }
        }
    };
}

two_halves!(SessionHandle, id, SessionId, "session");
two_halves!(HoldId, token, FencingToken, "hold id");

/// A text is not a session or a hold id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParseIdError {
    what: &'static str,
}

impl fmt::Display for ParseIdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not a {}: expected NUMBER-KEY with 16 hexadecimal digits of key", self.what)
    }
}

impl std::error::Error for ParseIdError {}

/// A client's number for one of its requests inside a session. It starts at 1 and rises.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestSeq(pub u64);

/// The string that identifies a lock: 1 to [`limits::NAME_BYTES_MAX`] bytes of UTF-8 without
/// control characters, which would let a name forge the lines of a listing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LockName(Arc<str>);

impl LockName {
    /// Checks `name`.
    ///
    /// # Errors
    /// [`InvalidName`] says what is wrong with it.
    pub fn new(name: &str) -> Result<LockName, InvalidName> {
        if name.is_empty() {
            return Err(InvalidName::Empty);
        }
        if name.len() > limits::NAME_BYTES_MAX {
            return Err(InvalidName::TooLong { bytes: name.len() });
        }
        if name.chars().any(char::is_control) {
            return Err(InvalidName::ControlCharacter);
        }
        Ok(LockName(name.into()))
    }

    /// The text of the name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::borrow::Borrow<str> for LockName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for LockName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a text cannot be a lock name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvalidName {
    /// It has no character.
    Empty,
    /// It is longer than [`limits::NAME_BYTES_MAX`].
    TooLong {
        /// Its length in bytes.
        bytes: usize,
    },
    /// It has a control character.
    ControlCharacter,
}

impl fmt::Display for InvalidName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            InvalidName::Empty => f.write_str("lock name is empty"),
            InvalidName::TooLong { bytes } => {
                write!(
                    f,
                    "lock name has {bytes} bytes, at most {} are allowed",
                    limits::NAME_BYTES_MAX
                )
            }
            InvalidName::ControlCharacter => f.write_str("lock name has a control character"),
        }
    }
}

impl std::error::Error for InvalidName {}

/// A session's time to live, within [`limits::TTL_MS_MIN`] and [`limits::TTL_MS_MAX`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ttl(u64);

impl Ttl {
    /// Checks a length in milliseconds.
    ///
    /// # Errors
    /// [`InvalidTtl`] when it is out of bounds.
    pub fn from_ms(ms: u64) -> Result<Ttl, InvalidTtl> {
        if (limits::TTL_MS_MIN..=limits::TTL_MS_MAX).contains(&ms) {
            Ok(Ttl(ms))
        } else {
            Err(InvalidTtl { ms })
        }
    }

    /// The length in milliseconds.
    #[must_use]
    pub fn as_ms(self) -> u64 {
        self.0
    }
}

/// A time to live is out of bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidTtl {
    ms: u64,
}

impl fmt::Display for InvalidTtl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (min, max) = (limits::TTL_MS_MIN, limits::TTL_MS_MAX);
        write!(f, "TTL is {} ms, allowed are {min} ms to {max} ms (24 h)", self.ms)
    }
}

impl std::error::Error for InvalidTtl {}

/// Bytes that a holder attaches to its hold, at most [`limits::VALUE_BYTES_MAX`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Value(Arc<[u8]>);

impl Value {
    /// Checks `bytes`.
    ///
    /// # Errors
    /// [`InvalidValue`] when there are too many.
    pub fn new(bytes: &[u8]) -> Result<Value, InvalidValue> {
        if bytes.len() > limits::VALUE_BYTES_MAX {
            return Err(InvalidValue { bytes: bytes.len() });
        }
        Ok(Value(bytes.into()))
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// A value is too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidValue {
    bytes: usize,
}

impl fmt::Display for InvalidValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "value has {} bytes, at most {} are allowed", self.bytes, limits::VALUE_BYTES_MAX)
    }
}

impl std::error::Error for InvalidValue {}

/// A waiter's urgency: the higher is granted first, 0 is usual. First come, first served among
/// equals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Priority(pub i8);
