//! What a client writes: a command as the request that asks for it.

use bramah_core::{Action, Command, HoldAction, HoldId, RequestRef, RevokeTarget, SessionHandle};
use bytes::Bytes;

use crate::proto;
use crate::proto::request::Op;

/// The request with this id that asks for `command`. Its random keys are left out: the server draws
/// its own.
#[must_use]
pub fn request(id: u64, command: &Command) -> proto::Request {
    let op = match command {
        Command::OpenSession(open) => Op::OpenSession(proto::OpenSession {
            ttl_ms: open.ttl.as_ms(),
            on_disconnect: proto::OnDisconnect::from(open.on_disconnect).into(),
            owner: Some(open.owner.as_ref().into()),
        }),
        Command::Renew(sessions) => Op::KeepAlive(proto::KeepAlive {
            sessions: sessions.iter().map(|session| (*session).into()).collect(),
        }),
        Command::CloseSession { session, cause: _ } => {
            Op::CloseSession(proto::CloseSession { session: Some((*session).into()) })
        }
        Command::Request { session, request, action } => numbered(*session, *request, action),
        Command::ByHold { hold, action } => on_hold(None, *hold, action),
        Command::Revoke { target, wait_for_deadline, by } => {
            let (name, token) = match target {
                RevokeTarget::Lock(name) => (name, None),
                RevokeTarget::Hold(name, token) => (name, Some(token.0)),
            };
            Op::Revoke(proto::Revoke {
                name: name.as_str().to_owned(),
                token,
                wait_for_deadline: *wait_for_deadline,
                by: by.to_string(),
            })
        }
    };
    proto::Request { id, op: Some(op) }
}

fn numbered(session: SessionHandle, request: RequestRef, action: &Action) -> Op {
    let request = Some(proto::RequestRef {
        session: Some(session.into()),
        seq: request.seq.0,
        answered_below: request.answered_below.0,
    });
    match action {
        Action::Acquire(acquire) => Op::Acquire(proto::Acquire {
            request,
            item: Some((&acquire.item).into()),
            wait: Some(acquire.wait.into()),
            priority: acquire.priority.0.into(),
            if_held: proto::IfHeld::from(acquire.if_held).into(),
            max_waiters: acquire.max_waiters,
            terms: Some(acquire.terms.into()),
        }),
        Action::AcquireMany(acquire) => Op::AcquireMany(proto::AcquireMany {
            request,
            items: acquire.items.iter().map(Into::into).collect(),
            wait: Some(acquire.wait.into()),
            priority: acquire.priority.0.into(),
            if_held: proto::IfHeld::from(acquire.if_held).into(),
            terms: Some(acquire.terms.into()),
        }),
        Action::Upgrade { hold, key: _, wait } => Op::Upgrade(proto::Upgrade {
            request,
            hold: Some((*hold).into()),
            wait: Some((*wait).into()),
        }),
        Action::Cancel { seq } => Op::Cancel(proto::Cancel { request, seq: seq.0 }),
        Action::Hold(hold, action) => on_hold(request, *hold, action),
    }
}

fn on_hold(request: Option<proto::RequestRef>, hold: HoldId, action: &HoldAction) -> Op {
    let hold = Some(hold.into());
    match action {
        HoldAction::Release => Op::Release(proto::Release { request, hold }),
        HoldAction::SetValue(value) => Op::SetValue(proto::SetValue {
            request,
            hold,
            value: value.as_ref().map(|value| Bytes::copy_from_slice(value.as_bytes())),
        }),
        HoldAction::Downgrade => Op::Downgrade(proto::Downgrade { request, hold }),
        HoldAction::Renew(ttl) => {
            Op::RenewHold(proto::RenewHold { request, hold, ttl_ms: ttl.map(|ttl| ttl.as_ms()) })
        }
    }
}
