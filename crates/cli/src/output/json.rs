//! The JSON of every command. Field names are kept for ever; new ones may come.
//!
//! Lengths of time are whole milliseconds and end in `_ms`; what is not known is null. A value is
//! in
//! `value` if it is UTF-8, else in `value_hex`.

use std::time::Duration;

use bramah::{
    Change, ChangeKind, ClusterInfo, Ended, FencingToken, HolderInfo, LockInfo, LostReason,
    MemberRole, Mode, SessionInfo, WaiterInfo,
};
use serde::Serialize;

#[derive(Serialize)]
pub(crate) struct Owner<'a> {
    host: &'a str,
    pid: u32,
    user: &'a str,
    command: &'a str,
    reason: &'a str,
    url: &'a str,
}

/// A mode: `exclusive`, `shared`, or `permits` with how many.
#[derive(Serialize)]
pub(crate) struct How {
    mode: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    permits: Option<u32>,
}

#[derive(Serialize)]
pub(crate) struct Value {
    value: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value_hex: Option<String>,
}

#[derive(Serialize)]
pub(crate) struct Holder<'a> {
    token: u64,
    session: u64,
    owner: Owner<'a>,
    #[serde(flatten)]
    how: How,
    held_ms: u64,
    expires_in_ms: Option<u64>,
    count: u32,
    #[serde(flatten)]
    value: Value,
    lingers: bool,
}

#[derive(Serialize)]
pub(crate) struct Waiter<'a> {
    position: usize,
    session: u64,
    owner: Owner<'a>,
    #[serde(flatten)]
    how: How,
    priority: i8,
    waited_ms: u64,
    gives_up_in_ms: Option<u64>,
}

/// Of `who`, `queue` and `get`, and an element of `ls`.
#[derive(Serialize)]
pub(crate) struct Lock<'a> {
    name: &'a str,
    /// Of a semaphore.
    limit: Option<u32>,
    holders: Vec<Holder<'a>>,
    /// The first of those who wait.
    waiters: Vec<Waiter<'a>>,
    waiters_total: usize,
    rests_for_ms: Option<u64>,
}

/// An element of `sessions`.
#[derive(Serialize)]
pub(crate) struct Session<'a> {
    session: u64,
    owner: Owner<'a>,
    ttl_ms: u64,
    open_ms: u64,
    expires_in_ms: u64,
    holds: usize,
    waits: usize,
}

/// How a hold ended: a word to act on, and a text.
#[derive(Serialize)]
pub(crate) struct Reason {
    reason: &'static str,
    reason_text: String,
}

/// An element of `history`.
#[derive(Serialize)]
pub(crate) struct Past<'a> {
    name: &'a str,
    token: u64,
    session: u64,
    owner: Owner<'a>,
    #[serde(flatten)]
    how: How,
    held_ms: u64,
    ended_ago_ms: u64,
    #[serde(flatten)]
    reason: Reason,
}

/// A line of `watch`.
#[derive(Serialize)]
pub(crate) struct News<'a> {
    revision: u64,
    kind: &'static str,
    token: Option<u64>,
    #[serde(flatten)]
    reason: Option<Reason>,
    lock: Lock<'a>,
}

/// Of `cluster`.
#[derive(Serialize)]
pub(crate) struct Cluster<'a> {
    cluster_id: u64,
    /// The member whose view this is.
    node_id: u64,
    leader: Option<u64>,
    term: u64,
    applied_index: u64,
    quorum: bool,
    voters: usize,
    voters_reachable: usize,
    members: Vec<Member<'a>>,
    /// Of servers that are to begin a cluster together.
    #[serde(skip_serializing_if = "Option::is_none")]
    forming: Option<Forming<'a>>,
}

#[derive(Serialize)]
pub(crate) struct Member<'a> {
    node_id: u64,
    client_address: &'a str,
    peer_address: &'a str,
    role: &'static str,
    leader: bool,
    reachable: bool,
    match_index: Option<u64>,
    applied_index: Option<u64>,
    version: &'a str,
}

#[derive(Serialize)]
pub(crate) struct Forming<'a> {
    expected: u32,
    seen: &'a [u64],
}

pub(crate) fn cluster(info: &ClusterInfo) -> Cluster<'_> {
    let members = info.members.iter().map(|member| Member {
        node_id: member.node_id,
        client_address: &member.client_address,
        peer_address: &member.peer_address,
        role: match member.role {
            MemberRole::Learner => "learner",
            _ => "voter",
        },
        leader: member.is_leader,
        reachable: member.reachable,
        match_index: member.match_index,
        applied_index: member.applied_index,
        version: &member.version,
    });
    let forming = info.forming.as_ref();
    Cluster {
        cluster_id: info.cluster_id,
        node_id: info.node_id,
        leader: info.leader,
        term: info.term,
        applied_index: info.applied_index,
        quorum: info.has_quorum,
        voters: info.voters(),
        voters_reachable: info.voters_reachable(),
        members: members.collect(),
        forming: forming.map(|it| Forming { expected: it.expected, seen: &it.seen }),
    }
}

pub(crate) fn ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn owner(owner: &bramah::Owner) -> Owner<'_> {
    let bramah::Owner { host, pid, user, command, reason, url } = owner;
    Owner { host, pid: *pid, user, command, reason, url }
}

fn how(mode: Mode) -> How {
    let (mode, permits) = match mode {
        Mode::Exclusive => ("exclusive", None),
        Mode::Shared => ("shared", None),
        Mode::Permits { count, .. } => ("permits", Some(count)),
    };
    How { mode, permits }
}

fn value(value: Option<&bramah::Value>) -> Value {
    match value.map(|value| (str::from_utf8(value.as_bytes()), value.as_bytes())) {
        None => Value { value: None, value_hex: None },
        Some((Ok(text), _)) => Value { value: Some(text.to_owned()), value_hex: None },
        Some((Err(_), bytes)) => {
            let hex = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            Value { value: None, value_hex: Some(hex) }
        }
    }
}

fn holder(info: &HolderInfo) -> Holder<'_> {
    Holder {
        token: info.token.0,
        session: info.session,
        owner: owner(&info.owner),
        how: how(info.mode),
        held_ms: ms(info.held_for),
        expires_in_ms: info.expires_in.map(ms),
        count: info.count,
        value: value(info.value.as_ref()),
        lingers: info.lingers,
    }
}

fn waiter(info: &WaiterInfo) -> Waiter<'_> {
    Waiter {
        position: info.position,
        session: info.session,
        owner: owner(&info.owner),
        how: how(info.mode),
        priority: info.priority.0,
        waited_ms: ms(info.waited_for),
        gives_up_in_ms: info.gives_up_in.map(ms),
    }
}

pub(crate) fn lock(info: &LockInfo) -> Lock<'_> {
    Lock {
        name: info.name.as_str(),
        limit: info.limit,
        holders: info.holders.iter().map(holder).collect(),
        waiters: info.waiters.iter().map(waiter).collect(),
        waiters_total: info.waiters_total,
        rests_for_ms: info.rests_for.map(ms),
    }
}

/// A lock that nobody holds or waits for.
pub(crate) fn free_lock(name: &str) -> Lock<'_> {
    Lock {
        name,
        limit: None,
        holders: Vec::new(),
        waiters: Vec::new(),
        waiters_total: 0,
        rests_for_ms: None,
    }
}

pub(crate) fn session(info: &SessionInfo) -> Session<'_> {
    Session {
        session: info.id,
        owner: owner(&info.owner),
        ttl_ms: ms(info.ttl),
        open_ms: ms(info.open_for),
        expires_in_ms: ms(info.expires_in),
        holds: info.holds,
        waits: info.waits,
    }
}

pub(crate) fn reason(reason: &LostReason) -> Reason {
    let word = match reason {
        LostReason::NotRenewed => "not_renewed",
        LostReason::Expired { .. } => "expired",
        LostReason::Released => "released",
        LostReason::SessionClosed => "session_closed",
        LostReason::Disconnected => "disconnected",
        LostReason::Revoked { .. } => "revoked",
        LostReason::MaxHold => "max_hold",
        LostReason::Upgraded => "upgraded",
        LostReason::Cancelled => "cancelled",
        LostReason::SessionUnknown => "session_unknown",
        LostReason::EndedUnseen => "ended_unseen",
        _ => "other",
    };
    Reason { reason: word, reason_text: reason.to_string() }
}

pub(crate) fn past(info: &Ended) -> Past<'_> {
    Past {
        name: info.name.as_str(),
        token: info.token.0,
        session: info.session,
        owner: owner(&info.owner),
        how: how(info.mode),
        held_ms: ms(info.held_for),
        ended_ago_ms: ms(info.ended_ago),
        reason: reason(&info.reason),
    }
}

pub(crate) fn kind(kind: &ChangeKind) -> &'static str {
    match kind {
        ChangeKind::Snapshot => "snapshot",
        ChangeKind::Granted => "granted",
        ChangeKind::Ended(_) => "ended",
        ChangeKind::Queued => "queued",
        ChangeKind::WaitEnded => "wait_ended",
        ChangeKind::ValueSet => "value_set",
        ChangeKind::Downgraded => "downgraded",
        _ => "other",
    }
}

pub(crate) fn news(change: &Change) -> News<'_> {
    News {
        revision: change.revision,
        kind: kind(&change.kind),
        token: change.token.map(|FencingToken(token)| token),
        reason: match &change.kind {
            ChangeKind::Ended(ended) => Some(reason(ended)),
            _ => None,
        },
        lock: lock(&change.lock),
    }
}
