//! What a client reads: replies and listings of a server, back in core's types.
//!
//! A server that is newer may say what is not known here. That is an error, not a guess.

use std::sync::Arc;

use bramah_core::{
    Busy, BusyHolder, DeadlockStep, EndReason, Ended, FencingToken, Grant, HolderView, LockName,
    LockView, OnDisconnect, Owner, Priority, SessionId, SessionView, Time, Ttl, Value, Verdict,
    WaiterView,
};

use bytes::Bytes;
use prost::Message as _;

use crate::convert::ModeFields;
use crate::error::{Error, ErrorCode};
use crate::proto;

/// Reads a frame's bytes as what a server says.
///
/// # Errors
/// [`Error`] when they are no message: the connection is of no more use.
pub fn message(frame: Bytes) -> Result<proto::Message, Error> {
    proto::Message::decode(frame).map_err(|_| unreadable("anything"))
}

/// The error that a server told of. A code that is not known here keeps its effect and its text.
impl From<proto::Error> for Error {
    fn from(told: proto::Error) -> Error {
        let cycle = told.cycle.into_iter().filter_map(|step| {
            let waits_for = LockName::new(&step.waits_for).ok()?;
            Some(DeadlockStep { session: SessionId(step.session), waits_for })
        });
        let cycle = cycle.collect();
        if let Some(code) = ErrorCode::from_name(&told.code) {
            return Error { cycle, servers: told.servers, ..Error::new(code, told.message) };
        }
        let code = match proto::Effect::try_from(told.effect) {
            Ok(proto::Effect::NotApplied) => ErrorCode::Unsupported,
            _ => ErrorCode::OutcomeUnknown,
        };
        Error { cycle, ..Error::new(code, format!("{} ({})", told.message, told.code)) }
    }
}

impl TryFrom<&proto::Grant> for Grant {
    type Error = Error;

    fn try_from(grant: &proto::Grant) -> Result<Grant, Error> {
        Ok(Grant {
            hold: grant.hold.ok_or_else(|| unreadable("a grant's hold"))?.into(),
            name: name(&grant.name)?,
            mode: mode(grant.mode, grant.permits, grant.limit)?,
            granted_at: Time(grant.granted_at_ms),
            deadline: Time(grant.deadline_ms),
            ttl: ttl(grant.ttl_ms)?,
            max_hold_deadline: grant.max_hold_deadline_ms.map(Time),
            count: grant.count,
        })
    }
}

impl TryFrom<&proto::End> for EndReason {
    type Error = Error;

    fn try_from(end: &proto::End) -> Result<EndReason, Error> {
        Ok(match end.reason.as_str() {
            "released" => EndReason::Released,
            "expired" => EndReason::Expired {
                renewed_at: end
                    .renewed_at_ms
                    .map(Time)
                    .ok_or_else(|| unreadable("when the last keepalive came"))?,
            },
            "session_closed" => EndReason::SessionClosed,
            "disconnected" => EndReason::Disconnected,
            "revoked" => EndReason::Revoked { by: end.by.as_str().into() },
            "max_hold" => EndReason::MaxHold,
            "upgraded" => EndReason::Upgraded,
            "cancelled" => EndReason::Cancelled,
            _ => return Err(unreadable("how a hold or a session ended")),
        })
    }
}

/// The busy answer of a reply of the time `now`.
///
/// # Errors
/// [`Error`] when it says what is not known here.
pub fn busy(busy: &proto::Busy, now: Time) -> Result<Busy, Error> {
    Ok(Busy {
        name: name(&busy.name)?,
        holder: busy.holder.as_ref().map(|holder| BusyHolder {
            token: FencingToken(holder.token),
            session: SessionId(holder.session),
            owner: owner(holder.owner.as_ref()),
            granted_at: Time(holder.granted_at_ms),
            deadline: Time(holder.deadline_ms),
        }),
        holders: count(busy.holders),
        waiters: count(busy.waiters),
        position: count(busy.position),
        rests_until: busy.rests_until_ms.map(Time),
        other_limit: busy.other_limit,
        now,
    })
}

/// A lock that a server shows. Holders that did not fit its message are missing; the message has
/// their number.
impl TryFrom<&proto::Lock> for LockView {
    type Error = Error;

    fn try_from(lock: &proto::Lock) -> Result<LockView, Error> {
        let limit = lock.limit.unwrap_or_default();
        let holders = lock.holders.iter().map(|holder| {
            Ok(HolderView {
                token: FencingToken(holder.token),
                session: SessionId(holder.session),
                owner: owner(holder.owner.as_ref()),
                mode: mode(holder.mode, holder.permits, limit)?,
                granted_at: Time(holder.granted_at_ms),
                deadline: Time(holder.deadline_ms),
                count: holder.count,
                value: holder.value.as_deref().map(value).transpose()?,
                lingers: holder.lingers,
            })
        });
        let waiters = lock.waiters.iter().map(|waiter| {
            Ok(WaiterView {
                position: count(waiter.position),
                session: SessionId(waiter.session),
                owner: owner(waiter.owner.as_ref()),
                mode: mode(waiter.mode, waiter.permits, waiter.limit)?,
                priority: i8::try_from(waiter.priority)
                    .map(Priority)
                    .map_err(|_| unreadable("a waiter's priority"))?,
                queued_at: Time(waiter.queued_at_ms),
                deadline: waiter.deadline_ms.map(Time),
            })
        });
        Ok(LockView {
            name: name(&lock.name)?,
            limit: lock.limit,
            holders: holders.collect::<Result<_, Error>>()?,
            holders_total: count(lock.holders_total),
            waiters: waiters.collect::<Result<_, Error>>()?,
            waiters_total: count(lock.waiters_total),
            rests_until: lock.rests_until_ms.map(Time),
        })
    }
}

impl TryFrom<&proto::Session> for SessionView {
    type Error = Error;

    fn try_from(session: &proto::Session) -> Result<SessionView, Error> {
        Ok(SessionView {
            id: SessionId(session.id),
            owner: owner(session.owner.as_ref()),
            ttl: ttl(session.ttl_ms)?,
            opened_at: Time(session.opened_at_ms),
            deadline: Time(session.deadline_ms),
            holds: count(session.holds),
            waits: count(session.waits),
            on_disconnect: match proto::OnDisconnect::try_from(session.on_disconnect) {
                Ok(proto::OnDisconnect::Keep) => OnDisconnect::Keep,
                Ok(proto::OnDisconnect::Release) => OnDisconnect::Release,
                Err(_) => return Err(unreadable("what the end of a connection means")),
            },
        })
    }
}

impl TryFrom<&proto::Ended> for Ended {
    type Error = Error;

    fn try_from(ended: &proto::Ended) -> Result<Ended, Error> {
        let end = ended.end.as_ref().ok_or_else(|| unreadable("how a hold ended"))?;
        Ok(Ended {
            name: name(&ended.name)?,
            token: FencingToken(ended.token),
            session: SessionId(ended.session),
            owner: owner(ended.owner.as_ref()),
            mode: mode(ended.mode, ended.permits, ended.limit)?,
            granted_at: Time(ended.granted_at_ms),
            ended_at: Time(ended.ended_at_ms),
            reason: end.try_into()?,
        })
    }
}

impl TryFrom<&proto::Verdict> for Verdict {
    type Error = Error;

    fn try_from(verdict: &proto::Verdict) -> Result<Verdict, Error> {
        Ok(Verdict {
            held: verdict.held,
            newest: verdict.newest_token.map(FencingToken),
            ended: verdict.end.as_ref().map(TryInto::try_into).transpose()?,
        })
    }
}

fn name(text: &str) -> Result<LockName, Error> {
    LockName::new(text).map_err(|_| unreadable("a lock's name"))
}

fn ttl(ms: u64) -> Result<Ttl, Error> {
    Ttl::from_ms(ms).map_err(|_| unreadable("a TTL"))
}

fn value(bytes: &[u8]) -> Result<Value, Error> {
    Value::new(bytes).map_err(|_| unreadable("a value"))
}

fn mode(mode: i32, permits: u32, limit: u32) -> Result<bramah_core::Mode, Error> {
    ModeFields { mode, permits, limit }.mode().ok_or_else(|| unreadable("how a lock is held"))
}

fn owner(owner: Option<&proto::Owner>) -> Arc<Owner> {
    Arc::new(owner.cloned().unwrap_or_default().into())
}

fn count(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// The server did what was asked, or did not; its words do not tell.
fn unreadable(what: &str) -> Error {
    let message = format!("read {what} in the server's message; is the server newer?");
    Error::new(ErrorCode::OutcomeUnknown, message)
}
