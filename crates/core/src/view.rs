//! What can be asked of the table without changing it.

use std::sync::Arc;

use crate::command::{Mode, OnDisconnect, Owner};
use crate::event::EndReason;
use crate::ids::{FencingToken, LockName, Priority, SessionId, Time, Ttl, Value};

/// A lock that is held, waited for or resting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockView {
    /// Its name.
    pub name: LockName,
    /// Of a semaphore: its limit.
    pub limit: Option<u32>,
    /// Who holds it, in the order of grant.
    pub holders: Vec<HolderView>,
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
