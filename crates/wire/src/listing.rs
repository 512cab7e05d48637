//! Replies to questions about the table: locks, sessions, ended holds.

use bramah_core::{Ended, HolderView, LockName, LockView, SessionView, Time, WaiterView};
use bytes::Bytes;

use crate::convert::ModeFields;
use crate::proto;
use crate::proto::reply::Outcome as Reply;
use crate::reply::{Page, message};

/// Most bytes of the holders that are named of one lock, and as many of its waiters.
const LOCK_PART_BYTES_MAX: usize = 128 * 1024;

/// The reply that shows one lock. A lock that nobody holds or waits for is shown with its name
/// alone.
#[must_use]
pub fn lock(id: u64, now: Time, name: &LockName, view: Option<&LockView>) -> proto::Message {
    message(
        id,
        now,
        Reply::Lock(view.map_or_else(
            || proto::Lock { name: name.as_str().to_owned(), ..Default::default() },
            proto::Lock::from,
        )),
    )
}

/// The reply that lists locks as they were at `revision`: at most `len_max`, and no more than fit.
/// It says so when `locks` has more.
#[must_use]
pub fn lock_list(
    id: u64,
    now: Time,
    revision: u64,
    locks: impl Iterator<Item = LockView>,
    len_max: usize,
) -> proto::Message {
    let (locks, more) = Page::of_reply(len_max).fill(locks.map(|view| proto::Lock::from(&view)));
    message(id, now, Reply::LockList(proto::LockList { locks, more, revision }))
}

/// The reply that starts a watch, with locks as [`lock_list`] has them.
#[must_use]
pub fn watch_started(
    id: u64,
    now: Time,
    revision: u64,
    locks: impl Iterator<Item = LockView>,
    len_max: usize,
) -> proto::Message {
    let (locks, more) = Page::of_reply(len_max).fill(locks.map(|view| proto::Lock::from(&view)));
    message(id, now, Reply::WatchStarted(proto::WatchStarted { revision, locks, more }))
}

/// The reply that lists sessions: at most `len_max`, and no more than fit. It says so when there
/// are more.
#[must_use]
pub fn session_list(
    id: u64,
    now: Time,
    sessions: impl Iterator<Item = SessionView>,
    len_max: usize,
) -> proto::Message {
    let (sessions, more) =
        Page::of_reply(len_max).fill(sessions.map(|view| proto::Session::from(&view)));
    message(id, now, Reply::SessionList(proto::SessionList { sessions, more }))
}

/// The reply that lists ended holds: at most `len_max`, and no more than fit. It says so when there
/// are more.
#[must_use]
pub fn history<'a>(
    id: u64,
    now: Time,
    ended: impl Iterator<Item = &'a Ended>,
    len_max: usize,
) -> proto::Message {
    let (ended, more) = Page::of_reply(len_max).fill(ended.map(proto::Ended::from));
    message(id, now, Reply::History(proto::History { ended, more }))
}

impl From<&LockView> for proto::Lock {
    fn from(view: &LockView) -> proto::Lock {
        proto::Lock {
            name: view.name.as_str().to_owned(),
            limit: view.limit,
            holders: Page::of_bytes(LOCK_PART_BYTES_MAX)
                .fill(view.holders.iter().map(proto::Holder::from))
                .0,
            waiters: Page::of_bytes(LOCK_PART_BYTES_MAX)
                .fill(view.waiters.iter().map(proto::Waiter::from))
                .0,
            waiters_total: view.waiters_total as u64,
            rests_until_ms: view.rests_until.map(|time| time.0),
            holders_total: view.holders_total as u64,
        }
    }
}

impl From<&HolderView> for proto::Holder {
    fn from(holder: &HolderView) -> proto::Holder {
        let ModeFields { mode, permits, .. } = holder.mode.into();
        proto::Holder {
            token: holder.token.0,
            session: holder.session.0,
            owner: Some(holder.owner.as_ref().into()),
            mode,
            permits,
            granted_at_ms: holder.granted_at.0,
            deadline_ms: holder.deadline.0,
            count: holder.count,
            value: holder.value.as_ref().map(|value| Bytes::copy_from_slice(value.as_bytes())),
            lingers: holder.lingers,
        }
    }
}

impl From<&WaiterView> for proto::Waiter {
    fn from(waiter: &WaiterView) -> proto::Waiter {
        let ModeFields { mode, permits, limit } = waiter.mode.into();
        proto::Waiter {
            position: waiter.position as u64,
            session: waiter.session.0,
            owner: Some(waiter.owner.as_ref().into()),
            mode,
            permits,
            priority: waiter.priority.0.into(),
            queued_at_ms: waiter.queued_at.0,
            deadline_ms: waiter.deadline.map(|time| time.0),
            limit,
        }
    }
}

impl From<&SessionView> for proto::Session {
    fn from(session: &SessionView) -> proto::Session {
        proto::Session {
            id: session.id.0,
            owner: Some(session.owner.as_ref().into()),
            ttl_ms: session.ttl.as_ms(),
            opened_at_ms: session.opened_at.0,
            deadline_ms: session.deadline.0,
            holds: session.holds as u64,
            waits: session.waits as u64,
            on_disconnect: proto::OnDisconnect::from(session.on_disconnect).into(),
        }
    }
}

impl From<&Ended> for proto::HoldEnded {
    fn from(ended: &Ended) -> proto::HoldEnded {
        proto::HoldEnded {
            session: ended.session.0,
            name: ended.name.as_str().to_owned(),
            token: ended.token.0,
            end: Some((&ended.reason).into()),
        }
    }
}

impl From<&Ended> for proto::Ended {
    fn from(ended: &Ended) -> proto::Ended {
        let ModeFields { mode, permits, limit } = ended.mode.into();
        proto::Ended {
            name: ended.name.as_str().to_owned(),
            token: ended.token.0,
            session: ended.session.0,
            owner: Some(ended.owner.as_ref().into()),
            mode,
            permits,
            granted_at_ms: ended.granted_at.0,
            ended_at_ms: ended.ended_at.0,
            end: Some((&ended.reason).into()),
            limit,
        }
    }
}
