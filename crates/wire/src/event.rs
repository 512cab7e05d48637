//! News that nobody asked for just now: to the session they concern, and to those who watch.

use bramah_core::{
    EndReason, Event, FencingToken, Happening, LockName, LockView, SessionId, Time, WaitEnd,
};

use crate::proto;
use crate::proto::event::What;
use crate::proto::message::Kind;

/// What `event` means for one session, for the connection it is attached to. None when it concerns
/// no session, or when the session was told by the reply to its own request.
#[must_use]
pub fn to_session(now: Time, event: &Event) -> Option<(SessionId, proto::Message)> {
    let (session, what) = match &event.what {
        Happening::Granted { session, seq, waited: true, grants } => {
            let grants = grants.iter().map(Into::into).collect();
            (session, What::Granted(proto::Granted { session: session.0, seq: seq.0, grants }))
        }
        Happening::HoldEnded { name, token, session, reason } => {
            let ended = proto::HoldEnded {
                session: session.0,
                name: name.as_str().to_owned(),
                token: token.0,
                end: Some(reason.into()),
            };
            (session, What::HoldEnded(ended))
        }
        Happening::WaitEnded { session, seq, reason, .. } => {
            use proto::wait_ended::How;
            let how = match reason {
                WaitEnd::TimedOut(busy) => How::TimedOut(busy.into()),
                WaitEnd::Cancelled => How::Cancelled(true),
                WaitEnd::SessionEnded => How::SessionEnded(true),
                WaitEnd::HoldEnded => How::HoldEnded(true),
            };
            let ended = proto::WaitEnded { session: session.0, seq: seq.0, how: Some(how) };
            (session, What::WaitEnded(ended))
        }
        Happening::SessionEnded { session, reason } => {
            let end = Some(reason.into());
            (session, What::SessionEnded(proto::SessionEnded { session: session.0, end }))
        }
        Happening::Granted { waited: false, .. }
        | Happening::Queued { .. }
        | Happening::ValueSet { .. }
        | Happening::Downgraded { .. } => return None,
    };
    const NO_WATCH: u64 = 0;
    Some((*session, message(event.revision, now, NO_WATCH, what)))
}

/// What happened to one lock, for those who watch it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change<'a> {
    /// The change's number.
    pub revision: u64,
    /// Which lock.
    pub name: &'a LockName,
    /// What happened: a word of the protocol.
    pub kind: &'static str,
    /// To which hold.
    pub token: Option<FencingToken>,
    /// How it ended, if it did.
    pub end: Option<&'a EndReason>,
}

impl Change<'_> {
    /// The event of watch `watch_id` that tells of it; `lock` is the lock after it.
    #[must_use]
    pub fn message(&self, watch_id: u64, now: Time, lock: Option<&LockView>) -> proto::Message {
        let changed = proto::Changed {
            name: self.name.as_str().to_owned(),
            kind: self.kind.to_owned(),
            lock: lock.map(Into::into),
            token: self.token.map(|token| token.0),
            end: self.end.map(Into::into),
        };
        message(self.revision, now, watch_id, What::Changed(changed))
    }
}

/// What `event` did to locks: nothing to most, one, or all locks of an acquire of many.
#[must_use]
pub fn changes(event: &Event) -> Vec<Change<'_>> {
    let change = |name, kind, token| {
        let revision = event.revision;
        Change { revision, name, kind, token, end: None }
    };
    match &event.what {
        Happening::Granted { grants, .. } => {
            let grants = grants.iter();
            grants.map(|grant| change(&grant.name, "granted", Some(grant.hold.token))).collect()
        }
        Happening::HoldEnded { name, token, reason, .. } => {
            vec![Change { end: Some(reason), ..change(name, "ended", Some(*token)) }]
        }
        Happening::Queued { name, .. } => vec![change(name, "queued", None)],
        Happening::WaitEnded { names, .. } => {
            names.iter().map(|name| change(name, "wait_ended", None)).collect()
        }
        Happening::ValueSet { name, token, .. } => vec![change(name, "value_set", Some(*token))],
        Happening::Downgraded { name, token } => vec![change(name, "downgraded", Some(*token))],
        Happening::SessionEnded { .. } => Vec::new(),
    }
}

/// The event that ends watch `watch_id` because its reader was too slow.
#[must_use]
pub fn watch_lagged(watch_id: u64, now: Time, revision: u64) -> proto::Message {
    message(revision, now, watch_id, What::WatchLagged(proto::WatchLagged {}))
}

/// The event that tells a connection to go elsewhere, since this server is about to stop.
#[must_use]
pub fn draining(now: Time, revision: u64, servers: Vec<String>) -> proto::Message {
    message(revision, now, 0, What::Draining(proto::Draining { servers }))
}

fn message(revision: u64, now: Time, watch_id: u64, what: What) -> proto::Message {
    let event = proto::Event { revision, now_ms: now.0, watch_id, what: Some(what) };
    proto::Message { kind: Some(Kind::Event(event)) }
}
