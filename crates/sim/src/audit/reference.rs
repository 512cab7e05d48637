//! The committed log applied once more, apart from all members: what the table must be, what has
//! happened to it, and what a question must be answered with.

use std::collections::{BTreeSet, VecDeque};

use bramah_core::facts::Counters;
use bramah_core::{
    EndReason, Event, Grant, Happening, LockName, LockView, Outcome, Refusal, RequestSeq,
    SessionId, State, WaitEnd,
};
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
    /// The revisions of snapshots that a member has put in place of its log.
    installed: BTreeSet<u64>,
}

impl Reference {
    pub(crate) fn new() -> Reference {
        Reference { state: State::new(0), past: VecDeque::new(), installed: BTreeSet::new() }
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

    /// A member has a snapshot of this revision in place of its log.
    pub(crate) fn installed(&mut self, revision: u64) {
        self.installed.insert(revision);
    }

    pub(crate) fn is_installed(&self, revision: u64) -> bool {
        self.installed.contains(&revision)
    }

    /// Changes that are remembered, in their order.
    pub(crate) fn past(&self) -> impl DoubleEndedIterator<Item = &Event> {
        self.past.iter().map(|change| &change.event)
    }

    /// The event tells at the revision of a snapshot what happened at one that it covers.
    pub(crate) fn sums_up(&self, event: &Event) -> bool {
        self.is_installed(event.revision)
            && self
                .past()
                .rev()
                .any(|it| it.revision <= event.revision && is_told(&it.what, &event.what))
    }

    /// When a request that had waited was granted, or its wait ended otherwise.
    pub(crate) fn end_of_wait(&self, of: SessionId, seq: RequestSeq) -> Option<SimTime> {
        let is_end = |what: &Happening| match what {
            Happening::Granted { session, seq: it, waited, .. } => {
                *waited && (*session, *it) == (of, seq)
            }
            Happening::WaitEnded { session, seq: it, .. } => (*session, *it) == (of, seq),
            _ => false,
        };
        let mut past = self.past.iter().rev();
        past.find(|change| is_end(&change.event.what)).map(|change| change.at)
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
            What::Query(Query::GetSession { session, after }) => {
                match state.session_grants(*session) {
                    Ok(session) => Reply::Session { session, after: *after },
                    Err(refusal) => refused(refusal),
                }
            }
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

/// A grant as it was, or, told late, as renewals and re-entries have made it since.
fn is_grant_told(happened: &Grant, told: &Grant) -> bool {
    let (deadline, count) = (told.deadline, told.count);
    *told == Grant { deadline, count, ..happened.clone() }
        && deadline >= happened.deadline
        && count >= happened.count
}

/// What happened is what was told; of what is forgotten, only that it is over.
fn is_told(happened: &Happening, told: &Happening) -> bool {
    let is_reason = |happened: &EndReason, told: &EndReason| {
        told == happened || matches!(told, EndReason::Expired { .. })
    };
    match (happened, told) {
        (
            Happening::SessionEnded { session, reason },
            Happening::SessionEnded { session: told, reason: told_reason },
        ) => session == told && is_reason(reason, told_reason),
        (
            Happening::HoldEnded { name, token, session, reason },
            Happening::HoldEnded {
                name: told,
                token: told_token,
                session: told_session,
                reason: told_reason,
            },
        ) => {
            (name, token, session) == (told, told_token, told_session)
                && is_reason(reason, told_reason)
        }
        (
            Happening::WaitEnded { session, seq, reason, .. },
            Happening::WaitEnded { session: told, seq: told_seq, reason: told_reason, .. },
        ) => {
            (session, seq) == (told, told_seq)
                && (reason == told_reason || *told_reason == WaitEnd::Cancelled)
        }
        (
            Happening::Granted { session, seq, waited: true, .. },
            Happening::WaitEnded {
                session: told, seq: told_seq, reason: WaitEnd::Cancelled, ..
            },
        ) => (session, seq) == (told, told_seq),
        (
            Happening::Granted { session, seq, waited, grants },
            Happening::Granted {
                session: told,
                seq: told_seq,
                waited: told_waited,
                grants: told_grants,
            },
        ) => {
            (session, seq, waited) == (told, told_seq, told_waited)
                && grants.len() == told_grants.len()
                && grants.iter().zip(told_grants).all(|(it, told)| is_grant_told(it, told))
        }
        _ => false,
    }
}
