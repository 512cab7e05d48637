//! A bounded memory of what ended, so that "why did I lose it" has an answer.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Bound;
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

/// The last [`HISTORY_LEN_MAX`] holds and as many sessions that ended.
#[derive(Clone, Debug, Default)]
pub(crate) struct History {
    holds: VecDeque<Ended>,
    /// Where a hold stands: its index in `holds` plus the number of those that were forgotten
    /// before.
    places: BTreeMap<FencingToken, u64>,
    forgotten: u64,
    sessions: BTreeMap<SessionId, EndedSession>,
    sessions_in_order: VecDeque<SessionId>,
}

/// The rest follows from these, but for how many were forgotten, which a snapshot does not tell.
impl PartialEq for History {
    fn eq(&self, other: &History) -> bool {
        self.holds == other.holds && self.sessions().eq(other.sessions())
    }
}

impl Eq for History {}

impl History {
    pub(crate) fn push(&mut self, ended: Ended) {
        if self.holds.len() == HISTORY_LEN_MAX
            && let Some(oldest) = self.holds.pop_front()
        {
            self.places.remove(&oldest.token);
            self.forgotten += 1;
        }
        self.places.insert(ended.token, self.forgotten + self.holds.len() as u64);
        self.holds.push_back(ended);
    }

    pub(crate) fn push_session(&mut self, ended: EndedSession) {
        if self.sessions_in_order.len() == HISTORY_LEN_MAX
            && let Some(oldest) = self.sessions_in_order.pop_front()
        {
            self.sessions.remove(&oldest);
        }
        self.sessions_in_order.push_back(ended.handle.id);
        self.sessions.insert(ended.handle.id, ended);
    }

    /// Newest first.
    pub(crate) fn newest(&self) -> impl Iterator<Item = &Ended> {
        self.holds.iter().rev()
    }

    /// The newest token of this lock above `above`. A hold that ended late may have an old token.
    pub(crate) fn newest_token(
        &self,
        name: &LockName,
        above: FencingToken,
    ) -> Option<FencingToken> {
        let mut above = self.places.range((Bound::Excluded(above), Bound::Unbounded));
        above
            .rfind(|(_, place)| self.at(**place).is_some_and(|ended| ended.name == *name))
            .map(|(token, _)| *token)
    }

    pub(crate) fn hold(&self, token: FencingToken) -> Option<&Ended> {
        self.at(*self.places.get(&token)?)
    }

    pub(crate) fn session(&self, id: SessionId) -> Option<&EndedSession> {
        self.sessions.get(&id)
    }

    /// Oldest first.
    pub(crate) fn holds(&self) -> impl Iterator<Item = &Ended> {
        self.holds.iter()
    }

    /// Oldest first.
    pub(crate) fn sessions(&self) -> impl Iterator<Item = &EndedSession> {
        self.sessions_in_order.iter().filter_map(|id| self.sessions.get(id))
    }

    fn at(&self, place: u64) -> Option<&Ended> {
        self.holds.get(usize::try_from(place - self.forgotten).ok()?)
    }
}
