//! What the server's words mean in the words of this library.

use std::time::Duration;

use bramah_core::{FencingToken, LockName, Mode, Owner, Priority, Value};
use bramah_wire::{ErrorCode, proto};

use super::call::Failure;
use crate::error::ErrorKind;
use crate::info::{
    Busy, Change, ChangeKind, Ended, HolderInfo, LockInfo, LostReason, SessionInfo, Verdict,
    WaiterInfo,
};

/// How a session ended, if this is what an error code says.
pub(super) fn session_end(code: &str) -> Option<LostReason> {
    match ErrorCode::from_name(code)? {
        ErrorCode::SessionUnknown => Some(LostReason::SessionUnknown),
        ErrorCode::SessionExpired => Some(LostReason::Expired { renewed_ago: None }),
        ErrorCode::SessionEnded => Some(LostReason::SessionClosed),
        _ => None,
    }
}

/// How a hold or session ended.
pub(super) fn end(end: Option<&proto::End>, now_ms: u64) -> LostReason {
    let Some(end) = end else { return LostReason::EndedUnseen };
    match end.reason.as_str() {
        "released" => LostReason::Released,
        "expired" => {
            LostReason::Expired { renewed_ago: end.renewed_at_ms.map(|at| ago(now_ms, at)) }
        }
        "session_closed" => LostReason::SessionClosed,
        "disconnected" => LostReason::Disconnected,
        "revoked" => LostReason::Revoked { by: end.by.clone() },
        "max_hold" => LostReason::MaxHold,
        "upgraded" => LostReason::Upgraded,
        "cancelled" => LostReason::Cancelled,
        _ => LostReason::EndedUnseen,
    }
}

pub(super) fn busy(busy: proto::Busy, now_ms: u64) -> Result<Busy, Failure> {
    Ok(Busy {
        name: name(&busy.name)?,
        holder: busy.holder.map(|it| holder(it, now_ms, None).into()),
        holders: busy.holders as usize,
        waiters: busy.waiters as usize,
        position: busy.position as usize,
        rests_for: busy.rests_until_ms.map(|until| ago(until, now_ms)),
        other_limit: busy.other_limit,
    })
}

/// One lock; free locks have nobody in them.
pub(super) fn lock(lock: proto::Lock, now_ms: u64) -> Result<LockInfo, Failure> {
    let limit = lock.limit;
    Ok(LockInfo {
        name: name(&lock.name)?,
        limit,
        holders: lock.holders.into_iter().map(|it| holder(it, now_ms, limit)).collect(),
        waiters: lock.waiters.into_iter().map(|it| waiter(it, now_ms)).collect(),
        waiters_total: lock.waiters_total as usize,
        rests_for: lock.rests_until_ms.map(|until| ago(until, now_ms)),
    })
}

/// A lock that nobody holds or waits for.
pub(super) fn free(name: LockName) -> LockInfo {
    LockInfo {
        name,
        limit: None,
        holders: Vec::new(),
        waiters: Vec::new(),
        waiters_total: 0,
        rests_for: None,
    }
}

pub(super) fn is_free(lock: &LockInfo) -> bool {
    lock.holders.is_empty() && lock.waiters_total == 0 && lock.rests_for.is_none()
}

fn holder(holder: proto::Holder, now_ms: u64, limit: Option<u32>) -> HolderInfo {
    HolderInfo {
        token: FencingToken(holder.token),
        session: holder.session,
        owner: holder.owner.map(Owner::from).unwrap_or_default(),
        mode: mode(holder.mode, holder.permits, limit),
        held_for: ago(now_ms, holder.granted_at_ms),
        expires_in: Some(ago(holder.deadline_ms, now_ms)),
        count: holder.count,
        value: holder.value.and_then(|bytes| Value::new(&bytes).ok()),
        lingers: holder.lingers,
    }
}

fn waiter(waiter: proto::Waiter, now_ms: u64) -> WaiterInfo {
    let priority = i8::try_from(waiter.priority).unwrap_or(match waiter.priority {
        ..0 => i8::MIN,
        _ => i8::MAX,
    });
    WaiterInfo {
        position: waiter.position as usize,
        session: waiter.session,
        owner: waiter.owner.map(Owner::from).unwrap_or_default(),
        mode: mode(waiter.mode, waiter.permits, Some(waiter.limit)),
        priority: Priority(priority),
        waited_for: ago(now_ms, waiter.queued_at_ms),
        gives_up_in: waiter.deadline_ms.map(|deadline| ago(deadline, now_ms)),
    }
}

pub(super) fn session(session: proto::Session, now_ms: u64) -> SessionInfo {
    SessionInfo {
        id: session.id,
        owner: session.owner.map(Owner::from).unwrap_or_default(),
        ttl: Duration::from_millis(session.ttl_ms),
        open_for: ago(now_ms, session.opened_at_ms),
        expires_in: ago(session.deadline_ms, now_ms),
        holds: session.holds as usize,
        waits: session.waits as usize,
    }
}

pub(super) fn ended(ended: proto::Ended, now_ms: u64) -> Result<Ended, Failure> {
    Ok(Ended {
        name: name(&ended.name)?,
        token: FencingToken(ended.token),
        session: ended.session,
        owner: ended.owner.map(Owner::from).unwrap_or_default(),
        mode: mode(ended.mode, ended.permits, Some(ended.limit)),
        held_for: ago(ended.ended_at_ms, ended.granted_at_ms),
        ended_ago: ago(now_ms, ended.ended_at_ms),
        reason: end(ended.end.as_ref(), ended.ended_at_ms),
    })
}

pub(super) fn verdict(verdict: &proto::Verdict, now_ms: u64) -> Verdict {
    Verdict {
        held: verdict.held,
        newest: verdict.newest_token.map(FencingToken),
        ended: verdict.end.as_ref().map(|it| end(Some(it), now_ms)),
    }
}

/// One change; none if it is of a kind that this client does not know.
pub(super) fn change(
    changed: proto::Changed,
    revision: u64,
    now_ms: u64,
) -> Result<Option<Change>, Failure> {
    let kind = match changed.kind.as_str() {
        "granted" => ChangeKind::Granted,
        "ended" => ChangeKind::Ended(end(changed.end.as_ref(), now_ms)),
        "queued" => ChangeKind::Queued,
        "wait_ended" => ChangeKind::WaitEnded,
        "value_set" => ChangeKind::ValueSet,
        "downgraded" => ChangeKind::Downgraded,
        _ => return Ok(None),
    };
    let lock = match changed.lock {
        Some(it) => lock(it, now_ms)?,
        None => free(name(&changed.name)?),
    };
    Ok(Some(Change { revision, kind, lock, token: changed.token.map(FencingToken) }))
}

pub(super) fn name(text: &str) -> Result<LockName, Failure> {
    LockName::new(text).map_err(|error| {
        Failure::new(ErrorKind::Internal, format!("the server named a lock badly: {error}"))
    })
}

/// The permits of a holder come without the limit, which is the lock's.
fn mode(mode: i32, permits: u32, limit: Option<u32>) -> Mode {
    match proto::Mode::try_from(mode) {
        Ok(proto::Mode::Shared) => Mode::Shared,
        Ok(proto::Mode::Permits) => {
            Mode::Permits { count: permits, limit: limit.unwrap_or_default() }
        }
        _ => Mode::Exclusive,
    }
}

fn ago(later_ms: u64, earlier_ms: u64) -> Duration {
    Duration::from_millis(later_ms.saturating_sub(earlier_ms))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expired_hold_s_last_keepalive_is_told_from_its_end_however_late_one_looks() {
        let end = proto::End {
            reason: "expired".into(),
            renewed_at_ms: Some(1_000),
            ..Default::default()
        };
        let of_wire = || proto::Ended {
            name: "x".into(),
            mode: proto::Mode::Exclusive.into(),
            ended_at_ms: 6_000,
            end: Some(end.clone()),
            ..Default::default()
        };
        for now_ms in [6_000, 90_000] {
            let Ok(ended) = ended(of_wire(), now_ms) else { panic!("it cannot be read") };
            let renewed_ago = Some(Duration::from_secs(5));
            assert_eq!(ended.reason, LostReason::Expired { renewed_ago });
        }
    }
}
