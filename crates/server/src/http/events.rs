//! Server-sent events: how they are written.

use std::fmt::{self, Display, Write};
use std::str::FromStr;

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

/// The id of an event: after which revision to go on, and of which table. A server in memory begins
/// another cluster with each start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct EventId {
    pub(crate) cluster_id: u64,
    pub(crate) revision: u64,
}

impl Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}-{}", self.cluster_id, self.revision)
    }
}

impl FromStr for EventId {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<EventId, Self::Err> {
        // Earlier releases wrote the revision alone. It is of no cluster that is known.
        let (cluster_id, revision) = text.split_once('-').unwrap_or(("0", text));
        let cluster_id = u64::from_str_radix(cluster_id, 16)?;
        Ok(EventId { cluster_id, revision: revision.parse()? })
    }
}

/// Writes an event. JSON has no line breaks, so its data is one line.
pub(crate) fn event(name: &str, id: Option<EventId>, data: &impl Serialize) -> Bytes {
    let mut text = String::new();
    if let Some(id) = id {
        let _ = writeln!(text, "id: {id}");
    }
    let data = serde_json::to_string(data).unwrap_or_default();
    let _ = write!(text, "event: {name}\ndata: {data}\n\n");
    Bytes::from(text)
}

/// Writes a change. It has an id if it is the last of its revision.
pub(crate) fn change(
    now: Time,
    cluster_id: u64,
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
    let id = EventId { cluster_id, revision: change.revision };
    event("change", is_last.then_some(id), &data)
}
