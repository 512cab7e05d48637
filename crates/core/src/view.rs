//! What can be asked of the table without changing it.

use std::ops::Bound;
use std::sync::Arc;

use crate::command::{Mode, OnDisconnect, Owner};
use crate::event::EndReason;
use crate::history::Ended;
use crate::ids::{FencingToken, LockName, Priority, SessionHandle, SessionId, Time, Ttl, Value};
use crate::limits::{HOLDERS_SHOWN_MAX, SESSION_ENDED_SHOWN_MAX};
use crate::lock::Lock;
use crate::outcome::{Grant, Refusal};
use crate::session::Session;
use crate::state::State;

/// A lock that is held, waited for or resting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockView {
    /// Its name.
    pub name: LockName,
    /// Of a semaphore: its limit.
    pub limit: Option<u32>,
    /// The first [`HOLDERS_SHOWN_MAX`] of those who hold it, in the order of grant.
    pub holders: Vec<HolderView>,
    /// All who hold it.
    pub holders_total: usize,
    /// The first of those who wait, in order.
    pub waiters: Vec<WaiterView>,
    /// All who wait.
    pub waiters_total: usize,
    /// It rests until then.
    pub rests_until: Option<Time>,
}

/// One hold, as everybody may see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HolderView {
    /// Its fencing token.
    pub token: FencingToken,
    /// Whose it is.
    pub session: SessionId,
    /// Who that is.
    pub owner: Arc<Owner>,
    /// How it is held.
    pub mode: Mode,
    /// Since when.
    pub granted_at: Time,
    /// Until when, unless renewed.
    pub deadline: Time,
    /// How often, with re-entries.
    pub count: u32,
    /// Its value.
    pub value: Option<Value>,
    /// Given back, and kept until its minimum hold is over.
    pub lingers: bool,
}

/// One waiter, as everybody may see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaiterView {
    /// Its place; 1 is granted next.
    pub position: usize,
    /// Whose it is.
    pub session: SessionId,
    /// Who that is.
    pub owner: Arc<Owner>,
    /// How it wants the lock.
    pub mode: Mode,
    /// Its urgency.
    pub priority: Priority,
    /// Since when it waits.
    pub queued_at: Time,
    /// Until when, if not as long as its session lives.
    pub deadline: Option<Time>,
}

/// An open session, as everybody may see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionView {
    /// Its public number.
    pub id: SessionId,
    /// Who it is.
    pub owner: Arc<Owner>,
    /// Its TTL.
    pub ttl: Ttl,
    /// Since when it is open.
    pub opened_at: Time,
    /// Until when, unless renewed.
    pub deadline: Time,
    /// How many holds it has.
    pub holds: usize,
    /// How many waits it has.
    pub waits: usize,
    /// What the end of its connection means.
    pub on_disconnect: OnDisconnect,
}

/// An open session, as its own client sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionGrants {
    /// Its TTL.
    pub ttl: Ttl,
    /// Until when it lives, unless renewed.
    pub deadline: Time,
    /// All it holds, in the order of grant.
    pub holds: Vec<Grant>,
    /// What it held and holds no more, as [`State::ended_of_session`] has it.
    pub ended: Vec<Ended>,
}

/// How much there is in the table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sizes {
    /// Locks that are held, waited for or resting.
    pub locks: usize,
    /// Open sessions.
    pub sessions: usize,
    /// Holds.
    pub holds: usize,
    /// Waiters.
    pub waiters: usize,
}

/// What is known of a fencing token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// It is of a living hold of that lock.
    pub held: bool,
    /// The newest token known of that lock, held or ended.
    pub newest: Option<FencingToken>,
    /// How the hold ended, if that is remembered.
    pub ended: Option<EndReason>,
}

impl State {
    /// One lock with at most `waiters_max` of its waiters; none if nobody holds or waits and it
    /// does not rest.
    #[must_use]
    pub fn lock_view(&self, name: &LockName, waiters_max: usize) -> Option<LockView> {
        let lock = self.locks.get(name)?;
        Some(self.view_of(name, lock, waiters_max))
    }

    /// Locks whose name starts with `prefix` and comes after `after`, in the order of names.
    pub fn lock_views<'a>(
        &'a self,
        prefix: &'a str,
        after: Option<&str>,
        waiters_max: usize,
    ) -> impl Iterator<Item = LockView> + 'a {
        let from = match after {
            Some(after) if after >= prefix => Bound::Excluded(after),
            _ => Bound::Included(prefix),
        };
        let locks = self.locks.range::<str, _>((from, Bound::Unbounded));
        let locks = locks.take_while(move |(name, _)| name.as_str().starts_with(prefix));
        locks.map(move |(name, lock)| self.view_of(name, lock, waiters_max))
    }

    /// Open sessions above `after`, in the order of their numbers.
    pub fn session_views(&self, after: SessionId) -> impl Iterator<Item = SessionView> + '_ {
        let sessions = self.sessions.range((Bound::Excluded(after), Bound::Unbounded));
        sessions.map(|(id, session)| SessionView {
            id: *id,
            owner: session.fact.owner.clone(),
            ttl: session.fact.ttl,
            opened_at: session.fact.opened_at,
            deadline: session.deadline(),
            holds: session.holds.len(),
            waits: session.waits.len(),
            on_disconnect: session.fact.on_disconnect,
        })
    }

    /// The holds of an open session.
    ///
    /// # Errors
    /// [`Refusal`] when the session is not open.
    pub fn session_grants(&self, handle: SessionHandle) -> Result<SessionGrants, Refusal> {
        let session = self.check_session(handle)?;
        let holds = session.holds.iter().filter_map(|token| self.grant_of(*token).ok()).collect();
        let ended = self.ended_of_session(handle.id).cloned().collect();
        Ok(SessionGrants { ttl: session.fact.ttl, deadline: session.deadline(), holds, ended })
    }

    /// The last [`SESSION_ENDED_SHOWN_MAX`] holds that ended while their session, of this number,
    /// lived on, newest first, as far as they are remembered.
    pub fn ended_of_session(&self, id: SessionId) -> impl Iterator<Item = &Ended> {
        self.history.of_session(id).take(SESSION_ENDED_SHOWN_MAX)
    }

    /// When an open session ends, unless renewed.
    ///
    /// # Errors
    /// [`Refusal`] when the session is not open.
    pub fn session_deadline(&self, handle: SessionHandle) -> Result<Time, Refusal> {
        self.check_session(handle).map(Session::deadline)
    }

    /// What the end of its connection means for an open session.
    #[must_use]
    pub fn on_disconnect(&self, handle: SessionHandle) -> Option<OnDisconnect> {
        self.check_session(handle).ok().map(|session| session.fact.on_disconnect)
    }

    /// Ended holds of one lock, or of all, newest first.
    pub fn ended<'a>(&'a self, name: Option<&'a LockName>) -> impl Iterator<Item = &'a Ended> + 'a {
        self.history.newest().filter(move |ended| name.is_none_or(|name| ended.name == *name))
    }

    /// What is known of a token. To find the newest token of a lock that nobody holds may take a
    /// look at all that is remembered: whoever asks for many tokens asks [`State::is_held`] and
    /// [`State::ending_of`].
    #[must_use]
    pub fn verify(&self, name: &LockName, token: FencingToken) -> Verdict {
        let newest_held = self.locks.get(name).and_then(|lock| lock.holds.iter().next_back());
        let newest_ended = self.history.newest_token(name, newest_held.unwrap_or_default());
        Verdict {
            held: self.is_held(name, token),
            newest: newest_held.max(newest_ended),
            ended: self.ending_of(name, token).cloned(),
        }
    }

    /// The token is of a living hold of that lock.
    #[must_use]
    pub fn is_held(&self, name: &LockName, token: FencingToken) -> bool {
        let hold = self.holds.get(&token).filter(|hold| hold.name == *name);
        hold.is_some_and(|hold| hold.lingers().is_none())
    }

    /// How a hold of that lock ended, if that is remembered.
    #[must_use]
    pub fn ending_of(&self, name: &LockName, token: FencingToken) -> Option<&EndReason> {
        let ended = self.history.hold(token).filter(|ended| ended.name == *name);
        ended.map(|ended| &ended.reason)
    }

    /// How many locks, sessions, holds and waiters there are.
    #[must_use]
    pub fn sizes(&self) -> Sizes {
        Sizes {
            locks: self.locks.len(),
            sessions: self.sessions.len(),
            holds: self.holds.len(),
            waiters: self.waits.len(),
        }
    }

    fn view_of(&self, name: &LockName, lock: &Lock, waiters_max: usize) -> LockView {
        let holders = lock.holds.iter().take(HOLDERS_SHOWN_MAX).filter_map(|token| {
            let hold = self.holds.get(&token)?;
            Some(HolderView {
                token,
                session: hold.session,
                owner: match hold.lingers() {
                    Some((_, owner)) => owner.clone(),
                    None => self.owner(hold.session),
                },
                mode: hold.mode,
                granted_at: hold.granted_at,
                deadline: self.hold_deadline(token).unwrap_or(self.now()),
                count: hold.count,
                value: hold.value().cloned(),
                lingers: hold.lingers().is_some(),
            })
        });
        let waiters = lock.queue().take(waiters_max).enumerate().filter_map(|(index, place)| {
            let wait = self.waits.get(&place.arrival)?;
            let item = wait.items.iter().find(|item| item.name == *name)?;
            Some(WaiterView {
                position: index + 1,
                session: wait.session,
                owner: self.owner(wait.session),
                mode: item.mode,
                priority: wait.priority,
                queued_at: wait.queued_at,
                deadline: wait.deadline,
            })
        });
        LockView {
            name: name.clone(),
            limit: lock.limit(),
            holders: holders.collect(),
            holders_total: lock.holds.len(),
            waiters: waiters.collect(),
            waiters_total: lock.waiters(),
            rests_until: Some(lock.rests_until).filter(|until| *until > self.now()),
        }
    }
}
