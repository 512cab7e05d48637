//! An entry of the replicated log: a time, and the commands that are applied at that time.
//!
//! A batch is made by writing commands one after the other ([`encode_command`]) and a head before
//! them ([`encode_entry`]), so that nothing is written twice into a buffer of its own.

use bramah_core::{
    Acquire, AcquireMany, Action, Command, HoldAction, OpenSession, RequestRef, RevokeTarget,
    SessionClose, Time, Wait,
};

use crate::codec::{Code, DecodeError, Reader, Writer, code_enum, code_struct};

/// The version of the form that is written here. Version 1 had no origins.
pub const ENTRY_VERSION: u8 = 2;

/// What an entry says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The time of all its commands.
    pub now: Time,
    /// Where its commands come from: runs that cover them in order. Of version 1 there are none.
    pub origins: Vec<Run>,
    /// The commands, in order. There may be none: then only time passes.
    pub commands: Vec<Command>,
}

/// Commands of an entry that follow each other, and that one member numbered one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// That member since its last start: a number that no other start of any member has.
    pub incarnation: u64,
    /// The number of the first command.
    pub first: u64,
    /// How many there are.
    pub count: usize,
}

code_struct!(Run { incarnation, first, count });

/// Adds one command to `out`.
pub fn encode_command(command: &Command, out: &mut Vec<u8>) {
    command.put(&mut Writer { out, owners: None });
}

/// Adds an entry to `out`: its head, and `commands`, which [`encode_command`] wrote as often as the
/// runs of `origins` count together.
pub fn encode_entry(now: Time, commands: &[u8], origins: &[Run], out: &mut Vec<u8>) {
    const HEAD_BYTES_MAX: usize = 21;
    const RUN_BYTES_MAX: usize = 30;
    out.reserve(HEAD_BYTES_MAX + RUN_BYTES_MAX * origins.len() + commands.len());
    let mut to = Writer { out, owners: None };
    to.byte(ENTRY_VERSION);
    now.put(&mut to);
    origins.len().put(&mut to);
    for run in origins {
        run.put(&mut to);
    }
    out.extend_from_slice(commands);
}

/// Reads an entry.
///
/// # Errors
/// [`DecodeError`] when `bytes` are not exactly one entry.
pub fn decode_entry(bytes: &[u8]) -> Result<Entry, DecodeError> {
    let mut from = Reader { rest: bytes, owners: None };
    let version = from.byte()?;
    let now = Time::take(&mut from)?;
    let entry = match version {
        1 => Entry { now, origins: Vec::new(), commands: Vec::take(&mut from)? },
        ENTRY_VERSION => {
            let origins = Vec::<Run>::take(&mut from)?;
            let count = origins.iter().try_fold(0_usize, |sum, run| sum.checked_add(run.count));
            let count = count.ok_or(DecodeError::OutOfRange("number of commands"))?;
            Entry { now, origins, commands: from.list(count)? }
        }
        found => return Err(DecodeError::Version { found }),
    };
    from.end()?;
    Ok(entry)
}

code_enum!(Command, "command" {
    1 => OpenSession(open),
    2 => Renew(sessions),
    3 => CloseSession { session, cause },
    4 => Request { session, request, action },
    5 => ByHold { hold, action },
    6 => Revoke { target, wait_for_deadline, by },
});

code_struct!(OpenSession { key, ttl, on_disconnect, owner });
code_struct!(RequestRef { seq, answered_below });
code_struct!(Acquire { item, key, wait, priority, if_held, max_waiters, terms });
code_struct!(AcquireMany { items, key, wait, priority, if_held, terms });

code_enum!(SessionClose, "cause of a close" {
    1 => Asked,
    2 => Disconnected,
});

code_enum!(Action, "action" {
    1 => Acquire(acquire),
    2 => AcquireMany(acquire),
    3 => Upgrade { hold, key, wait },
    4 => Cancel { seq },
    5 => Hold(hold, action),
});

code_enum!(HoldAction, "action on a hold" {
    1 => Release,
    2 => SetValue(value),
    3 => Downgrade,
    4 => Renew(ttl),
});

code_enum!(Wait, "wait" {
    1 => Try,
    2 => ForMs(ms),
    3 => Forever,
});

code_enum!(RevokeTarget, "target of a revocation" {
    1 => Lock(name),
    2 => Hold(name, token),
});
