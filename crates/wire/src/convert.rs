//! The words that requests, replies and events share, from core's types to the protocol's.
//!
//! This way cannot fail. The way back is [`crate::request`] for what a client wrote and
//! [`crate::answer`] for what a server wrote.

use bramah_core::{
    Busy, EndReason, FencingToken, Grant, HoldId, IfHeld, Item, Key, Mode, OnDisconnect, Owner,
    SessionHandle, SessionId, Terms, Wait,
};
use bytes::Bytes;

use crate::proto;

impl From<SessionHandle> for proto::Handle {
    fn from(handle: SessionHandle) -> proto::Handle {
        proto::Handle { number: handle.id.0, key: handle.key.0 }
    }
}

impl From<proto::Handle> for SessionHandle {
    fn from(handle: proto::Handle) -> SessionHandle {
        SessionHandle { id: SessionId(handle.number), key: Key(handle.key) }
    }
}

impl From<HoldId> for proto::Handle {
    fn from(hold: HoldId) -> proto::Handle {
        proto::Handle { number: hold.token.0, key: hold.key.0 }
    }
}

impl From<proto::Handle> for HoldId {
    fn from(handle: proto::Handle) -> HoldId {
        HoldId { token: FencingToken(handle.number), key: Key(handle.key) }
    }
}

impl From<&Owner> for proto::Owner {
    fn from(owner: &Owner) -> proto::Owner {
        let Owner { host, pid, user, command, reason, url } = owner.clone();
        proto::Owner { host, pid, user, command, reason, url }
    }
}

impl From<proto::Owner> for Owner {
    fn from(owner: proto::Owner) -> Owner {
        let proto::Owner { host, pid, user, command, reason, url } = owner;
        Owner { host, pid, user, command, reason, url }
    }
}

/// A mode as the protocol's three fields.
pub(crate) struct ModeFields {
    pub(crate) mode: i32,
    pub(crate) permits: u32,
    pub(crate) limit: u32,
}

impl From<Mode> for ModeFields {
    fn from(mode: Mode) -> ModeFields {
        let (mode, permits, limit) = match mode {
            Mode::Exclusive => (proto::Mode::Exclusive, 0, 0),
            Mode::Shared => (proto::Mode::Shared, 0, 0),
            Mode::Permits { count, limit } => (proto::Mode::Permits, count, limit),
        };
        ModeFields { mode: mode.into(), permits, limit }
    }
}

impl ModeFields {
    /// The mode, if it is a known one.
    pub(crate) fn mode(&self) -> Option<Mode> {
        match proto::Mode::try_from(self.mode).ok()? {
            proto::Mode::Unspecified => None,
            proto::Mode::Exclusive => Some(Mode::Exclusive),
            proto::Mode::Shared => Some(Mode::Shared),
            proto::Mode::Permits => Some(Mode::Permits { count: self.permits, limit: self.limit }),
        }
    }
}

impl From<&Item> for proto::Item {
    fn from(item: &Item) -> proto::Item {
        let ModeFields { mode, permits, limit } = item.mode.into();
        let value = item.value.as_ref().map(|value| Bytes::copy_from_slice(value.as_bytes()));
        proto::Item { name: item.name.as_str().to_owned(), mode, permits, limit, value }
    }
}

impl From<Wait> for proto::Wait {
    fn from(wait: Wait) -> proto::Wait {
        use proto::wait::How;
        proto::Wait {
            how: Some(match wait {
                Wait::Try => How::Try(true),
                Wait::ForMs(ms) => How::ForMs(ms),
                Wait::Forever => How::Forever(true),
            }),
        }
    }
}

impl From<Terms> for proto::Terms {
    fn from(terms: Terms) -> proto::Terms {
        let Terms { lock_delay_ms, min_hold_ms, max_hold_ms } = terms;
        proto::Terms { lock_delay_ms, min_hold_ms, max_hold_ms }
    }
}

impl From<IfHeld> for proto::IfHeld {
    fn from(if_held: IfHeld) -> proto::IfHeld {
        match if_held {
            IfHeld::Refuse => proto::IfHeld::Refuse,
            IfHeld::Reenter => proto::IfHeld::Reenter,
            IfHeld::Queue => proto::IfHeld::Queue,
        }
    }
}

impl From<OnDisconnect> for proto::OnDisconnect {
    fn from(on_disconnect: OnDisconnect) -> proto::OnDisconnect {
        match on_disconnect {
            OnDisconnect::Keep => proto::OnDisconnect::Keep,
            OnDisconnect::Release => proto::OnDisconnect::Release,
        }
    }
}

impl From<&EndReason> for proto::End {
    fn from(reason: &EndReason) -> proto::End {
        let mut end =
            proto::End { reason: end_reason_name(reason).to_owned(), ..Default::default() };
        match reason {
            EndReason::Expired { renewed_at } => end.renewed_at_ms = Some(renewed_at.0),
            EndReason::Revoked { by } => end.by = by.to_string(),
            _ => {}
        }
        end
    }
}

/// The name of an end, as the protocol and every listing write it.
#[must_use]
pub fn end_reason_name(reason: &EndReason) -> &'static str {
    match reason {
        EndReason::Released => "released",
        EndReason::Expired { .. } => "expired",
        EndReason::SessionClosed => "session_closed",
        EndReason::Disconnected => "disconnected",
        EndReason::Revoked { .. } => "revoked",
        EndReason::MaxHold => "max_hold",
        EndReason::Upgraded => "upgraded",
        EndReason::Cancelled => "cancelled",
    }
}

impl From<&Grant> for proto::Grant {
    fn from(grant: &Grant) -> proto::Grant {
        let ModeFields { mode, permits, limit } = grant.mode.into();
        proto::Grant {
            hold: Some(grant.hold.into()),
            name: grant.name.as_str().to_owned(),
            mode,
            permits,
            limit,
            granted_at_ms: grant.granted_at.0,
            deadline_ms: grant.deadline.0,
            ttl_ms: grant.ttl.as_ms(),
            max_hold_deadline_ms: grant.max_hold_deadline.map(|time| time.0),
            count: grant.count,
        }
    }
}

impl From<&Busy> for proto::Busy {
    fn from(busy: &Busy) -> proto::Busy {
        let holder = busy.holder.as_ref().map(|holder| proto::Holder {
            token: holder.token.0,
            session: holder.session.0,
            owner: Some(holder.owner.as_ref().into()),
            granted_at_ms: holder.granted_at.0,
            deadline_ms: holder.deadline.0,
            ..Default::default()
        });
        proto::Busy {
            name: busy.name.as_str().to_owned(),
            holder,
            holders: busy.holders as u64,
            waiters: busy.waiters as u64,
            position: busy.position as u64,
            rests_until_ms: busy.rests_until.map(|time| time.0),
            other_limit: busy.other_limit,
        }
    }
}
