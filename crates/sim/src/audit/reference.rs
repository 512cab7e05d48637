//! The committed log applied once more, apart from all members: what the table must be, what has
//! happened to it, and what a question must be answered with.

use std::collections::VecDeque;

use bramah_core::facts::Counters;
use bramah_core::{Event, LockName, LockView, Outcome, Refusal, State};
use bramah_node::{Info, Listing, Reply};
use bramah_wire::event::changes;
use bramah_wire::request::{LIST_LEN_MAX, Query, Watched, What};

use crate::time::SimTime;

/// Waiters that are named in listings and changes.
const WAITERS_LEN_SHORT: usize = 10;
/// Changes that are remembered.
const PAST_LEN_MAX: usize = 65_536;

/// A change of the table, with the locks that it concerns as they were after it.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    /// When it was committed.
    pub(crate) at: SimTime,
    pub(crate) event: Event,
    /// When somebody watched: the locks, in the order in which a watch is told.
    pub(crate) locks: Vec<LockView>,
}

/// The table as it must be.
#[derive(Debug)]
pub(crate) struct Reference {
    pub(crate) state: State,
    past: VecDeque<Change>,
}

impl Reference {
    pub(crate) fn new() -> Reference {
        Reference { state: State::new(0), past: VecDeque::new() }
    }

    pub(crate) fn counters(&self) -> Counters {
        self.state.counters()
    }

    /// Remembers what happened; `is_watched`, with the locks as they are after it.
    pub(crate) fn remember(&mut self, at: SimTime, events: &[Event], is_watched: bool) {
        for event in events {
            let locks = match is_watched {
                true => changes(event).iter().map(|c| self.view_after(c.name)).collect(),
                false => Vec::new(),
            };
            if self.past.len() == PAST_LEN_MAX {
                self.past.pop_front();
            }
            self.past.push_back(Change { at, event: event.clone(), locks });
        }
    }

    /// A change that is remembered, by its revision.
    pub(crate) fn change(&self, revision: u64) -> Option<&Change> {
        let first = self.past.front()?.event.revision;
        self.past.get(usize::try_from(revision.checked_sub(first)?).ok()?)
    }

    fn view_after(&self, name: &LockName) -> LockView {
        self.state.lock_view(name, WAITERS_LEN_SHORT).unwrap_or_else(|| LockView {
            name: name.clone(),
            limit: None,
            holders: Vec::new(),
            waiters: Vec::new(),
            holders_total: 0,
            waiters_total: 0,
            rests_until: None,
        })
    }

    /// The right answer, right now, to a question of the table.
    pub(crate) fn answer(&self, what: &What) -> Option<Reply> {
        let state = &self.state;
        let refused = |refusal: Refusal| Reply::Outcome(Outcome::Refused(refusal));
        Some(match what {
            What::Attach { session, after } => match state.session_grants(*session) {
                Ok(session) => Reply::Attached { session, after: *after },
                Err(refusal) => refused(refusal),
            },
            What::Query(Query::GetLock { name, waiters_max }) => {
                let view = state.lock_view(name, *waiters_max).map(Box::new);
                Reply::Lock { name: name.clone(), view }
            }
            What::Query(Query::ListLocks { prefix, after, len_max }) => {
                let after = Some(after.as_str()).filter(|after| !after.is_empty());
                let locks = state.lock_views(prefix, after, WAITERS_LEN_SHORT);
                Reply::Locks(self.listing(locks, *len_max))
            }
            What::Query(Query::ListSessions { after, len_max }) => {
                Reply::Sessions(self.listing(state.session_views(*after), *len_max))
            }
            What::Query(Query::GetHistory { name, len_max }) => {
                Reply::History(self.listing(state.ended(name.as_ref()).cloned(), *len_max))
            }
            What::Query(Query::Verify { name, token }) => {
                Reply::Verdict(state.verify(name, *token))
            }
            What::Watch(Watched::Name(name)) => {
                let view = state.lock_view(name, WAITERS_LEN_SHORT);
                Reply::WatchStarted(self.listing(view.into_iter(), LIST_LEN_MAX))
            }
            What::Watch(Watched::Prefix(prefix)) => {
                let locks = state.lock_views(prefix, None, WAITERS_LEN_SHORT);
                Reply::WatchStarted(self.listing(locks, LIST_LEN_MAX))
            }
            What::ServerInfo => {
                let counters = state.counters();
                Reply::Info(Info {
                    node_id: 0,
                    cluster_id: 0,
                    durable: true,
                    sizes: state.sizes(),
                    revision: counters.revision,
                    last_token: counters.last_token.0,
                })
            }
            What::Command(_) | What::KeepAlive(_) | What::Unwatch { .. } => return None,
        })
    }

    fn listing<T>(&self, all: impl Iterator<Item = T>, len_max: usize) -> Listing<T> {
        let revision = self.state.counters().revision;
        Listing { revision, items: all.take(len_max + 1).collect(), len_max }
    }
}
