//! A bounded memory of what ended, so that "why did I lose it" has an answer.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::Arc;

use crate::command::{Mode, Owner};
use crate::event::EndReason;
use crate::facts::{EndedSession, Fact};
use crate::ids::{FencingToken, LockName, SessionId, Time};
use crate::limits::HISTORY_LEN_MAX;
use crate::table::{ALLOCATION_BYTES, Row, Table};

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
    pub(crate) holds: Last<FencingToken, Ended>,
    pub(crate) sessions: Last<SessionId, EndedSession>,
    /// Where holds that ended before their session did stand among `holds`.
    of_sessions: BTreeSet<(SessionId, u64)>,
}

impl PartialEq for History {
    fn eq(&self, other: &History) -> bool {
        self.holds == other.holds && self.sessions == other.sessions
    }
}

impl Eq for History {}

/// The last of what ended, oldest first.
#[derive(Clone, Debug)]
pub(crate) struct Last<K, R: Row<Key = u64>> {
    /// By the order in which they ended.
    pub(crate) rows: Table<R>,
    places: BTreeMap<K, u64>,
    next: u64,
}

impl<K, R: Row<Key = u64>> Default for Last<K, R> {
    fn default() -> Last<K, R> {
        Last { rows: Table::default(), places: BTreeMap::new(), next: 0 }
    }
}

/// The rest follows from the rows, but for how many were forgotten, which a snapshot does not tell.
impl<K, R: Row<Key = u64> + PartialEq> PartialEq for Last<K, R> {
    fn eq(&self, other: &Last<K, R>) -> bool {
        self.rows.values().eq(other.rows.values())
    }
}

impl<K, R: Row<Key = u64> + Eq> Eq for Last<K, R> {}

impl<K: Copy + Ord, R: Row<Key = u64>> Last<K, R> {
    /// Gives back what is forgotten for it, and where that stood.
    fn push(&mut self, key: impl Fn(&R) -> K, row: R) -> Option<(u64, R)> {
        let mut forgotten = None;
        if self.rows.len() == HISTORY_LEN_MAX
            && let Some((first, _)) = self.rows.first_key_value()
        {
            let first = *first;
            forgotten = self.rows.remove(&first).map(|oldest| (first, oldest));
        }
        if let Some((_, oldest)) = &forgotten {
            self.places.remove(&key(oldest));
        }
        self.places.insert(key(&row), self.next);
        self.rows.insert(self.next, row);
        self.next += 1;
        forgotten
    }

    fn get(&self, key: &K) -> Option<&R> {
        self.rows.get(self.places.get(key)?)
    }

    fn bytes(&self) -> usize {
        self.rows.bytes() + 2 * self.places.len() * size_of::<(K, u64)>()
    }
}

impl History {
    pub(crate) fn push(&mut self, ended: Ended) {
        if !ended.reason.is_of_session() {
            self.of_sessions.insert((ended.session, self.holds.next));
        }
        if let Some((place, oldest)) = self.holds.push(|ended| ended.token, ended) {
            self.of_sessions.remove(&(oldest.session, place));
        }
    }

    pub(crate) fn push_session(&mut self, ended: EndedSession) {
        self.sessions.push(|ended| ended.handle.id, ended);
    }

    /// Newest first.
    pub(crate) fn newest(&self) -> impl Iterator<Item = &Ended> {
        self.holds.rows.values().rev()
    }

    /// The newest token of this lock above `above`. A hold that ended late may have an old token.
    pub(crate) fn newest_token(
        &self,
        name: &LockName,
        above: FencingToken,
    ) -> Option<FencingToken> {
        let mut above = self.holds.places.range((Bound::Excluded(above), Bound::Unbounded));
        above
            .rfind(|(_, place)| self.holds.rows.get(place).is_some_and(|ended| ended.name == *name))
            .map(|(token, _)| *token)
    }

    pub(crate) fn hold(&self, token: FencingToken) -> Option<&Ended> {
        self.holds.get(&token)
    }

    /// Holds of this session that ended before it did, newest first.
    pub(crate) fn of_session(&self, id: SessionId) -> impl Iterator<Item = &Ended> {
        let all = self.of_sessions.range((id, 0)..=(id, u64::MAX));
        all.rev().filter_map(|(_, place)| self.holds.rows.get(place))
    }

    pub(crate) fn session(&self, id: SessionId) -> Option<&EndedSession> {
        self.sessions.get(&id)
    }

    /// About the bytes that all of it takes in memory.
    pub(crate) fn bytes(&self) -> usize {
        let index = 2 * self.of_sessions.len() * size_of::<(SessionId, u64)>();
        self.holds.bytes() + self.sessions.bytes() + index
    }
}

impl Row for Ended {
    type Key = u64;

    fn more_bytes(&self, _: &u64) -> usize {
        let texts = self.name.as_str().len() + self.owner.bytes() + self.reason.more_bytes();
        texts + 2 * ALLOCATION_BYTES
    }

    fn fact(&self, _: &u64) -> Option<Fact> {
        Some(Fact::Ended(self.clone()))
    }
}

impl Row for EndedSession {
    type Key = u64;

    fn more_bytes(&self, _: &u64) -> usize {
        self.reason.more_bytes()
    }

    fn fact(&self, _: &u64) -> Option<Fact> {
        Some(Fact::EndedSession(self.clone()))
    }
}
