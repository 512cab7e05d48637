//! Commands that wait to become an entry, and entries that wait to be committed.

use std::collections::VecDeque;

use bramah_core::{Command, SessionHandle, limits};

use crate::clock::BootTime;
use crate::hub::ClientId;

/// Most commands that may wait for their entry. Past it they are refused, and did nothing.
pub(crate) const COMMANDS_LEN_MAX: usize = 65_536;
/// Bytes of commands at which an entry is full; the last command may reach beyond it.
pub(crate) const ENTRY_BYTES_MAX: usize = 1024 * 1024;
/// How long a keepalive may wait for company before it becomes an entry of its own.
pub(crate) const KEEPALIVE_DELAY_MS_MAX: u64 = 100;

/// Who asked, and is to be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// A request of a client.
    Client(ClientId, u64),
    /// Keepalives of several clients.
    KeepAlives,
    /// The node itself.
    Node,
}

/// Keepalives that will be one command.
#[derive(Debug, Default)]
pub(crate) struct KeepAlives {
    pub(crate) sessions: Vec<SessionHandle>,
    /// Who asked for how many of them, in order.
    pub(crate) asked: Vec<(ClientId, u64, usize)>,
    /// When the first of them came.
    since: Option<BootTime>,
}

impl KeepAlives {
    pub(crate) fn push(
        &mut self,
        now: BootTime,
        from: (ClientId, u64),
        sessions: &[SessionHandle],
    ) {
        self.sessions.extend_from_slice(sessions);
        self.asked.push((from.0, from.1, sessions.len()));
        self.since.get_or_insert(now);
    }

    pub(crate) fn has_room_for(&self, len: usize) -> bool {
        self.sessions.len() + len <= limits::RENEW_SESSIONS_MAX
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.asked.is_empty()
    }

    /// When they become an entry if nothing else does before.
    pub(crate) fn due(&self) -> Option<BootTime> {
        self.since.map(|since| BootTime(since.0 + KEEPALIVE_DELAY_MS_MAX))
    }
}

/// Commands that wait for the write that is under way.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    pub(crate) commands: VecDeque<(Origin, Command)>,
    pub(crate) keepalives: KeepAlives,
}

/// An entry that is proposed, and not applied yet.
#[derive(Debug)]
pub(crate) struct Flight {
    pub(crate) index: u64,
    pub(crate) origins: Vec<Origin>,
    pub(crate) keepalives: KeepAlives,
}
