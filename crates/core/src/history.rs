//! A bounded memory of what ended, so that "why did I lose it" has an answer.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use crate::command::{Mode, Owner};
use crate::event::EndReason;
use crate::facts::EndedSession;
use crate::ids::{FencingToken, LockName, SessionId, Time};
use crate::limits::HISTORY_LEN_MAX;

/// A hold that ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// Which lock.
    pub name: LockName,
    /// Which hold.
    pub token: FencingToken,
    /// Whose.
    pub session: SessionId,
    /// Who that was.
    pub owner: Arc<Owner>,
    /// How it was held.
    pub mode: Mode,
    /// Since when.
    pub granted_at: Time,
    /// Until when.
    pub ended_at: Time,
    /// How it ended.
    pub reason: EndReason,
}

