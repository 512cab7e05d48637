//! Server-sent events: how they are written.

use std::fmt::Write;

use bramah_core::Time;
use bramah_wire::event::Change;
use bramah_wire::proto;
use bytes::Bytes;
use serde::Serialize;
use utoipa::ToSchema;

use super::view::{EndView, LockView};

/// The data of an event `snapshot`: the locks as they are. Of several that come together, all but
/// the last say that more comes; whatever was known before is replaced by them.
#[derive(Serialize, ToSchema)]
pub(crate) struct SnapshotEvent {
    pub(crate) revision: u64,
    pub(crate) locks: Vec<LockView>,
    /// Another part follows.
    pub(crate) more: bool,
}

/// The data of an event `change`.
#[derive(Serialize, ToSchema)]
pub(crate) struct ChangeEvent {
    /// Rises with every change.
    revision: u64,
    /// `granted`, `ended`, `queued`, `wait_ended`, `value_set` or `downgraded`.
    kind: &'static str,
    /// Of which hold.
    token: Option<u64>,
    /// Of `ended`: how.
    #[serde(skip_serializing_if = "Option::is_none")]
    end: Option<EndView>,
    /// The lock after it.
    lock: LockView,
}

/// The data of an event `lagged`: changes were left out, and a snapshot follows.
#[derive(Serialize, ToSchema)]
pub(crate) struct LaggedEvent {
    pub(crate) reason: &'static str,
}

/// The data of an event `leaving`: the server is about to stop, and the stream ends.
#[derive(Serialize, ToSchema)]
pub(crate) struct LeavingEvent<'a> {
    /// Where else to go, HOST:PORT each, the likeliest first.
    pub(crate) servers: &'a [String],
}

/// What keeps a silent stream open.
pub(crate) const COMMENT: Bytes = Bytes::from_static(b": nothing new\n\n");

/// Writes an event. JSON has no line breaks, so its data is one line.
pub(crate) fn event(name: &str, id: Option<u64>, data: &impl Serialize) -> Bytes {
    let mut text = String::new();
    if let Some(id) = id {
        let _ = writeln!(text, "id: {id}");
    }
    let data = serde_json::to_string(data).unwrap_or_default();
    let _ = write!(text, "event: {name}\ndata: {data}\n\n");
    Bytes::from(text)
}

/// Writes a change. It has the revision as its id if it is the last of that revision.
pub(crate) fn change(
    now: Time,
    change: &Change<'_>,
    lock: &bramah_core::LockView,
    is_last: bool,
) -> Bytes {
    let data = ChangeEvent {
        revision: change.revision,
        kind: change.kind,
        token: change.token.map(|token| token.0),
        end: change.end.map(|end| EndView::new(proto::End::from(end))),
        lock: LockView::new(now.0, proto::Lock::from(lock)),
    };
    event("change", is_last.then_some(change.revision), &data)
}
