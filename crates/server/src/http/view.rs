//! What answers look like in JSON. Lengths of time are whole milliseconds and end in `_ms`; what is
//! not known is null. A value is in `value` if it is UTF-8, else in `value_hex`.
//!
//! Listings are made from the wire's messages, which are cut to bounded sizes.

use bramah_core::{BusyHolder, Ended, Grant, Mode, Owner, Time};
use bramah_wire::proto;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::ticket::Ticket;

/// How a lock is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ModeName {
    Exclusive,
    Shared,
    Permits,
}

/// Who holds or waits, in its own words.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct OwnerView {
    /// Host name.
    pub(crate) host: String,
    /// Process id, 0 if unknown.
    pub(crate) pid: u32,
    /// User name.
    pub(crate) user: String,
    /// Command line.
    pub(crate) command: String,
    /// Why it holds.
    pub(crate) reason: String,
    /// Where to look it up.
    pub(crate) url: String,
}

/// A hold, as its holder is answered when it acquires or renews.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Hold {
    #[serde(flatten)]
    held: HeldView,
    /// How long its holder may act on it, unless renewed, counted from before this request was
    /// sent: `expires_in_ms` less 1 % and 10 ms, for clocks that differ.
    lease_ms: u64,
    /// The session held the lock before this request, by this hold.
    already_held: bool,
}

/// A hold, as its holder sees it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HeldView {
    /// Names the hold in later requests. Keep it secret: whoever has it can release the hold.
    hold: String,
    /// The lock's name.
    name: String,
    /// The fencing token: rises with every grant, for the resource to check.
    token: u64,
    mode: ModeName,
    /// Of a semaphore: how many permits it holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    permits: Option<u32>,
    /// Of a semaphore: out of how many.
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<u32>,
    /// How often it is held, with re-entries.
    count: u32,
    /// How long it lives without being renewed.
    ttl_ms: u64,
    /// How long it still lives, unless renewed.
    expires_in_ms: u64,
    /// Since how long it is held.
    held_ms: u64,
    /// With a maximum hold: the end that no renewal moves.
    #[serde(skip_serializing_if = "Option::is_none")]
    ends_in_ms: Option<u64>,
}

impl Hold {
    pub(crate) fn new(now: Time, grant: &Grant, ticket: Ticket, already_held: bool) -> Hold {
        let lease_ms = lease_ms(grant.deadline.ms_since(now));
        Hold { held: HeldView::new(now, grant, ticket), lease_ms, already_held }
    }
}

impl HeldView {
    pub(crate) fn new(now: Time, grant: &Grant, ticket: Ticket) -> HeldView {
        let (mode, permits, limit) = match grant.mode {
            Mode::Exclusive => (ModeName::Exclusive, None, None),
            Mode::Shared => (ModeName::Shared, None, None),
            Mode::Permits { count, limit } => (ModeName::Permits, Some(count), Some(limit)),
        };
        HeldView {
            hold: ticket.to_string(),
            name: grant.name.as_str().to_owned(),
            token: grant.hold.token.0,
            mode,
            permits,
            limit,
            count: grant.count,
            ttl_ms: grant.ttl.as_ms(),
            expires_in_ms: grant.deadline.ms_since(now),
            held_ms: now.ms_since(grant.granted_at),
            ends_in_ms: grant.max_hold_deadline.map(|end| end.ms_since(now)),
        }
    }
}

/// One hold of a lock, as everybody may see it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HolderView {
    token: u64,
    /// The public number of its session.
    pub(crate) session: u64,
    pub(crate) owner: OwnerView,
    /// Not told of the holder that a `busy` error names.
    #[serde(skip_serializing_if = "Option::is_none")]
    mode: Option<ModeName>,
    #[serde(skip_serializing_if = "Option::is_none")]
    permits: Option<u32>,
    pub(crate) held_ms: u64,
    expires_in_ms: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<u32>,
    #[serde(flatten)]
    value: ValueView,
    /// Released, but kept until its minimum hold is over. Not told of the holder that a `busy`
    /// error names.
    #[serde(skip_serializing_if = "Option::is_none")]
    lingers: Option<bool>,
}

/// The bytes that a holder attached to its hold.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct ValueView {
    /// If they are UTF-8.
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<String>,
    /// If they are not: in hexadecimal digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    value_hex: Option<String>,
}

/// One waiter.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WaiterView {
    /// Its place; 1 is granted next.
    position: u64,
    session: u64,
    owner: OwnerView,
    mode: ModeName,
    #[serde(skip_serializing_if = "Option::is_none")]
    permits: Option<u32>,
    /// The higher is granted first.
    priority: i32,
    waited_ms: u64,
    gives_up_in_ms: Option<u64>,
}

/// One lock. A lock that nobody holds or waits for has neither holders nor waiters.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LockView {
    pub(crate) name: String,
    /// Of a semaphore in use.
    limit: Option<u32>,
    /// The first of those who hold it, in the order of grant.
    pub(crate) holders: Vec<HolderView>,
    /// All who hold it.
    holders_total: u64,
    /// The first of those who wait, in order.
    waiters: Vec<WaiterView>,
    /// All who wait.
    waiters_total: u64,
    /// After an unclean end it rests so long.
    rests_for_ms: Option<u64>,
}

impl LockView {
    pub(crate) fn new(now_ms: u64, lock: proto::Lock) -> LockView {
        LockView {
            name: lock.name,
            limit: lock.limit,
            holders: lock.holders.into_iter().map(|it| HolderView::new(now_ms, it)).collect(),
            holders_total: lock.holders_total,
            waiters: lock.waiters.into_iter().map(|it| WaiterView::new(now_ms, it)).collect(),
            waiters_total: lock.waiters_total,
            rests_for_ms: lock.rests_until_ms.map(|until| until.saturating_sub(now_ms)),
        }
    }
}

impl LockView {
    /// Bytes of its name and values: what it has most of where it is large.
    pub(crate) fn text_bytes(&self) -> usize {
        let text = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        let value = |it: &ValueView| text(&it.value) + text(&it.value_hex);
        self.name.len() + self.holders.iter().map(|it| value(&it.value)).sum::<usize>()
    }
}

impl HolderView {
    fn new(now_ms: u64, holder: proto::Holder) -> HolderView {
        let (mode, permits) = mode(holder.mode, holder.permits);
        HolderView {
            token: holder.token,
            session: holder.session,
            owner: owner(holder.owner),
            mode: Some(mode),
            permits,
            held_ms: now_ms.saturating_sub(holder.granted_at_ms),
            expires_in_ms: holder.deadline_ms.saturating_sub(now_ms),
            count: Some(holder.count),
            value: holder.value.map(|value| ValueView::new(&value)).unwrap_or_default(),
            lingers: Some(holder.lingers),
        }
    }

    pub(crate) fn of_busy(holder: &BusyHolder, now: Time) -> HolderView {
        HolderView {
            token: holder.token.0,
            session: holder.session.0,
            owner: OwnerView::from(holder.owner.as_ref().clone()),
            mode: None,
            permits: None,
            held_ms: now.ms_since(holder.granted_at),
            expires_in_ms: holder.deadline.ms_since(now),
            count: None,
            value: ValueView::default(),
            lingers: None,
        }
    }
}

impl ValueView {
    fn new(bytes: &[u8]) -> ValueView {
        match std::str::from_utf8(bytes) {
            Ok(text) => ValueView { value: Some(text.to_owned()), value_hex: None },
            Err(_) => {
                let hex = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
                ValueView { value: None, value_hex: Some(hex) }
            }
        }
    }
}

impl WaiterView {
    fn new(now_ms: u64, waiter: proto::Waiter) -> WaiterView {
        let (mode, permits) = mode(waiter.mode, waiter.permits);
        WaiterView {
            position: waiter.position,
            session: waiter.session,
            owner: owner(waiter.owner),
            mode,
            permits,
            priority: waiter.priority,
            waited_ms: now_ms.saturating_sub(waiter.queued_at_ms),
            gives_up_in_ms: waiter.deadline_ms.map(|deadline| deadline.saturating_sub(now_ms)),
        }
    }
}

/// A session, as everybody may see it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SessionView {
    /// Its public number.
    id: u64,
    owner: OwnerView,
    ttl_ms: u64,
    open_ms: u64,
    expires_in_ms: u64,
    /// How many holds it has.
    holds: u64,
    /// How many waits it has.
    waits: u64,
}

impl SessionView {
    pub(crate) fn new(now_ms: u64, session: proto::Session) -> SessionView {
        SessionView {
            id: session.id,
            owner: owner(session.owner),
            ttl_ms: session.ttl_ms,
            open_ms: now_ms.saturating_sub(session.opened_at_ms),
            expires_in_ms: session.deadline_ms.saturating_sub(now_ms),
            holds: session.holds,
            waits: session.waits,
        }
    }
}

/// A hold that its session has no more.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LostView {
    name: String,
    token: u64,
    ended_ago_ms: u64,
    #[serde(flatten)]
    end: EndView,
}

impl LostView {
    pub(crate) fn new(now: Time, ended: &Ended) -> LostView {
        LostView {
            name: ended.name.as_str().to_owned(),
            token: ended.token.0,
            ended_ago_ms: now.ms_since(ended.ended_at),
            end: EndView::new(proto::End::from(&ended.reason)),
        }
    }
}

/// How a hold ended.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EndView {
    /// `released`, `expired`, `session_closed`, `disconnected`, `revoked`, `max_hold`, `upgraded`
    /// or `cancelled`.
    reason: String,
    /// Of `revoked`: who and why.
    #[serde(skip_serializing_if = "Option::is_none")]
    revoked_by: Option<String>,
}

impl EndView {
    pub(crate) fn new(end: proto::End) -> EndView {
        let revoked_by = (end.reason == "revoked").then_some(end.by);
        EndView { reason: end.reason, revoked_by }
    }
}

/// A hold that ended.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EndedView {
    name: String,
    token: u64,
    session: u64,
    owner: OwnerView,
    mode: ModeName,
    #[serde(skip_serializing_if = "Option::is_none")]
    permits: Option<u32>,
    held_ms: u64,
    ended_ago_ms: u64,
    #[serde(flatten)]
    end: EndView,
}

impl EndedView {
    pub(crate) fn new(now_ms: u64, ended: proto::Ended) -> EndedView {
        let (mode, permits) = mode(ended.mode, ended.permits);
        EndedView {
            name: ended.name,
            token: ended.token,
            session: ended.session,
            owner: owner(ended.owner),
            mode,
            permits,
            held_ms: ended.ended_at_ms.saturating_sub(ended.granted_at_ms),
            ended_ago_ms: now_ms.saturating_sub(ended.ended_at_ms),
            end: EndView::new(ended.end.unwrap_or_default()),
        }
    }
}

/// How old an answer with `stale` may be.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StalenessView {
    /// The revision of the table that answered.
    pub(crate) revision: u64,
    /// How long ago the server last heard of a leader; what was changed within it may be missing.
    pub(crate) age_ms: u64,
}

impl StalenessView {
    pub(crate) fn new(staleness: proto::Staleness) -> StalenessView {
        StalenessView { revision: staleness.revision, age_ms: staleness.age_ms }
    }
}

impl From<Owner> for OwnerView {
    fn from(owner: Owner) -> OwnerView {
        let Owner { host, pid, user, command, reason, url } = owner;
        OwnerView { host, pid, user, command, reason, url }
    }
}

impl From<OwnerView> for Owner {
    fn from(owner: OwnerView) -> Owner {
        let OwnerView { host, pid, user, command, reason, url } = owner;
        Owner { host, pid, user, command, reason, url }
    }
}

/// How long the holder of what lives so long may act, counted from before it sent the request that
/// is answered so: the clocks of both may differ by 1 %, and to stop takes a moment.
pub(crate) fn lease_ms(expires_in_ms: u64) -> u64 {
    const CLOCKS_DIFFER_PERCENT: u64 = 1;
    const STOP_MS: u64 = 10;
    let drift_ms = (expires_in_ms * CLOCKS_DIFFER_PERCENT).div_ceil(100);
    expires_in_ms.saturating_sub(drift_ms + STOP_MS)
}

fn owner(owner: Option<proto::Owner>) -> OwnerView {
    OwnerView::from(Owner::from(owner.unwrap_or_default()))
}

fn mode(mode: i32, permits: u32) -> (ModeName, Option<u32>) {
    match proto::Mode::try_from(mode) {
        Ok(proto::Mode::Shared) => (ModeName::Shared, None),
        Ok(proto::Mode::Permits) => (ModeName::Permits, Some(permits)),
        _ => (ModeName::Exclusive, None),
    }
}
