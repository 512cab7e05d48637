//! The forms of what commands, outcomes and facts are made of.

use std::sync::Arc;

use bramah_core::{
    EndReason, FencingToken, HoldId, IfHeld, Item, Key, LockName, Mode, OnDisconnect, Owner,
    Priority, RequestSeq, SessionHandle, SessionId, Terms, Time, Ttl, Value,
};
use bytes::Bytes;

use super::{Code, DecodeError, Reader, Writer, code_enum, code_number, code_struct};

/// Elements for which room is made before they are read.
const CAPACITY_MAX: usize = 128;

code_number!(FencingToken, RequestSeq, SessionId, Time);
code_struct!(HoldId { token, key });
code_struct!(SessionHandle { id, key });
code_struct!(Owner { host, pid, user, command, reason, url });
code_struct!(Item { name, mode, value });
code_struct!(Terms { lock_delay_ms, min_hold_ms, max_hold_ms });

code_enum!(Mode, "mode" {
    1 => Exclusive,
    2 => Shared,
    3 => Permits { count, limit },
});

code_enum!(IfHeld, "meaning of an own hold" {
    1 => Refuse,
    2 => Reenter,
    3 => Queue,
});

code_enum!(OnDisconnect, "meaning of a lost connection" {
    1 => Keep,
    2 => Release,
});

code_enum!(EndReason, "reason of an end" {
    1 => Released,
    2 => Expired { renewed_at },
    3 => SessionClosed,
    4 => Disconnected,
    5 => Revoked { by },
    6 => MaxHold,
    7 => Upgraded,
    8 => Cancelled,
});

impl Code for u64 {
    fn put(&self, to: &mut Writer<'_>) {
        to.varint(*self);
    }

    fn take(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        from.varint()
    }
}

impl Code for u32 {
    fn put(&self, to: &mut Writer<'_>) {
        to.varint((*self).into());
    }

    fn take(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        from.varint()?.try_into().map_err(|_| DecodeError::OutOfRange("32-bit number"))
    }
}

impl Code for usize {
    fn put(&self, to: &mut Writer<'_>) {
        to.varint(*self as u64);
    }

    fn take(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        from.varint()?.try_into().map_err(|_| DecodeError::OutOfRange("count"))
    }
}

impl Code for bool {
    fn put(&self, to: &mut Writer<'_>) {
        to.byte((*self).into());
    }

    fn take(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        match from.byte()? {
            0 => Ok(false),
            1 => Ok(true),
            tag => Err(DecodeError::Tag { what: "truth value", tag }),
        }
    }
}

impl Code for Key {
    fn put(&self, to: &mut Writer<'_>) {
        to.out.extend_from_slice(&self.0.to_le_bytes());
    }

    fn take(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let (key, rest) = from.rest.split_first_chunk().ok_or(DecodeError::Truncated)?;
        from.rest = rest;
        Ok(Key(u64::from_le_bytes(*key)))
    }
}

impl Code for Priority {
    fn put(&self, to: &mut Writer<'_>) {
        to.byte(self.0 as u8);
    }

    fn take(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Priority(from.byte()? as i8))
    }
}

impl Code for Ttl {
    fn put(&self, to: &mut Writer<'_>) {
        to.varint(self.as_ms());
    }

    fn take(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ttl::from_ms(from.varint()?).map_err(DecodeError::Ttl)
    }
}

impl Code for LockName {
    fn put(&self, to: &mut Writer<'_>) {
        to.bytes(self.as_str().as_bytes());
    }

    fn take(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        LockName::new(from.text()?).map_err(DecodeError::Name)
    }
}

impl Code for Value {
    fn put(&self, to: &mut Writer<'_>) {
        to.bytes(self.as_bytes());
    }

    fn take(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Value::new(from.bytes()?).map_err(DecodeError::Value)
    }
}

impl Code for String {
    fn put(&self, to: &mut Writer<'_>) {
        to.bytes(self.as_bytes());
    }

    fn take(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        from.text().map(str::to_owned)
    }
}

impl Code for Bytes {
    fn put(&self, to: &mut Writer<'_>) {
        to.bytes(self);
    }

    fn take(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        from.bytes().map(Bytes::copy_from_slice)
    }
}

impl<T: Code> Code for Box<T> {
    fn put(&self, to: &mut Writer<'_>) {
        self.as_ref().put(to);
    }

    fn take(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        T::take(from).map(Box::new)
    }
}

impl Code for Arc<str> {
    fn put(&self, to: &mut Writer<'_>) {
        to.bytes(self.as_bytes());
    }

    fn take(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        from.text().map(Arc::from)
    }
}

impl<T: Code> Code for Option<T> {
    fn put(&self, to: &mut Writer<'_>) {
        to.byte(self.is_some().into());
        if let Some(some) = self {
            some.put(to);
        }
    }

    fn take(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(if bool::take(from)? { Some(T::take(from)?) } else { None })
    }
}

impl<T: Code, E: Code> Code for Result<T, E> {
    fn put(&self, to: &mut Writer<'_>) {
        to.byte(self.is_ok().into());
        match self {
            Ok(good) => good.put(to),
            Err(error) => error.put(to),
        }
    }

    fn take(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(if bool::take(from)? { Ok(T::take(from)?) } else { Err(E::take(from)?) })
    }
}

impl<A: Code, B: Code> Code for (A, B) {
    fn put(&self, to: &mut Writer<'_>) {
        self.0.put(to);
        self.1.put(to);
    }

    fn take(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok((A::take(from)?, B::take(from)?))
    }
}

impl<T: Code> Code for Vec<T> {
    fn put(&self, to: &mut Writer<'_>) {
        to.varint(self.len() as u64);
        for each in self {
            each.put(to);
        }
    }

    fn take(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let len = usize::take(from)?;
        from.list(len)
    }
}

impl Reader<'_> {
    /// Takes so many elements. Room is made as they come.
    pub(crate) fn list<T: Code>(&mut self, len: usize) -> Result<Vec<T>, DecodeError> {
        let mut taken = Vec::with_capacity(len.min(CAPACITY_MAX));
        for _ in 0..len {
            taken.push(T::take(self)?);
        }
        Ok(taken)
    }
}
