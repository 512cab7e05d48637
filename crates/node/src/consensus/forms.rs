//! The engine's own types in ours and back. Its protobuf is used nowhere.

use bramah_wal::{Entry as LogEntry, HardState as LogHardState};
use bramah_wire::DecodeError;
use bramah_wire::membership::{MemberChange, Membership};
use bramah_wire::peer::{self, RaftKind};
use raft::eraftpb::{
    ConfChangeSingle, ConfChangeType, ConfChangeV2, ConfState, Entry, EntryType, HardState,
    Message, MessageType, Snapshot,
};

use super::Committed;
use crate::NodeError;
use crate::restore::{ENTRY_CHANGE, ENTRY_COMMANDS};

const KINDS: [(RaftKind, MessageType); 12] = [
    (RaftKind::Append, MessageType::MsgAppend),
    (RaftKind::AppendResponse, MessageType::MsgAppendResponse),
    (RaftKind::Vote, MessageType::MsgRequestVote),
    (RaftKind::VoteResponse, MessageType::MsgRequestVoteResponse),
    (RaftKind::Snapshot, MessageType::MsgSnapshot),
    (RaftKind::Heartbeat, MessageType::MsgHeartbeat),
    (RaftKind::HeartbeatResponse, MessageType::MsgHeartbeatResponse),
    (RaftKind::TimeoutNow, MessageType::MsgTimeoutNow),
    (RaftKind::ReadIndex, MessageType::MsgReadIndex),
    (RaftKind::ReadIndexResponse, MessageType::MsgReadIndexResp),
    (RaftKind::PreVote, MessageType::MsgRequestPreVote),
    (RaftKind::PreVoteResponse, MessageType::MsgRequestPreVoteResponse),
];

pub(super) fn hard_state_out(hard_state: &HardState) -> LogHardState {
    LogHardState { term: hard_state.term, vote: hard_state.vote, commit: hard_state.commit }
}

pub(super) fn hard_state_in(hard_state: &LogHardState) -> HardState {
    let LogHardState { term, vote, commit } = *hard_state;
    HardState { term, vote, commit, ..HardState::default() }
}

pub(super) fn members_in(membership: &Membership) -> ConfState {
    let mut members = ConfState::default();
    members.set_voters(membership.voters.clone());
    members.set_learners(membership.learners.clone());
    members
}

pub(super) fn change_in(change: MemberChange) -> ConfChangeV2 {
    let mut single = ConfChangeSingle { node_id: change.node(), ..ConfChangeSingle::default() };
    single.set_change_type(match change {
        MemberChange::AddLearner(_) => ConfChangeType::AddLearnerNode,
        MemberChange::Promote(_) => ConfChangeType::AddNode,
        MemberChange::Remove(_) => ConfChangeType::RemoveNode,
    });
    let mut change = ConfChangeV2::default();
    change.set_changes(vec![single].into());
    change
}

/// The kind of an entry in our form. What it holds is in our form anyway.
fn kind_out(entry: &Entry) -> u8 {
    match entry.get_entry_type() {
        EntryType::EntryNormal => ENTRY_COMMANDS,
        // The engine knows two kinds; of the first none is ever made.
        EntryType::EntryConfChange | EntryType::EntryConfChangeV2 => ENTRY_CHANGE,
    }
}

/// A change as an entry of the engine, which never reads it there.
pub(super) fn entry_of(change: MemberChange) -> Entry {
    let mut entry = Entry { data: change.encode().into(), ..Entry::default() };
    entry.set_entry_type(EntryType::EntryConfChangeV2);
    entry
}

pub(super) fn entry_out(entry: &Entry) -> LogEntry {
    let (kind, data) = (kind_out(entry), entry.data.clone());
    LogEntry { term: entry.term, index: entry.index, kind, data }
}

pub(super) fn committed(entry: &Entry) -> Committed {
    let (kind, data) = (kind_out(entry), entry.data.clone());
    Committed { term: entry.term, index: entry.index, kind, data }
}

pub(super) fn entry_in(entry: LogEntry) -> Result<Entry, NodeError> {
    let LogEntry { term, index, kind, data } = entry;
    let mut out = Entry { term, index, data, ..Entry::default() };
    out.set_entry_type(match kind {
        ENTRY_COMMANDS => EntryType::EntryNormal,
        ENTRY_CHANGE => EntryType::EntryConfChangeV2,
        kind => return Err(NodeError::EntryKind { index, kind }),
    });
    Ok(out)
}

/// A message for the engine.
pub(super) fn message_in(from: u64, to: u64, message: peer::Raft) -> Result<Message, NodeError> {
    let peer::Raft {
        kind,
        term,
        log_term,
        index,
        commit,
        commit_term,
        reject,
        reject_hint,
        context,
        entries,
        snapshot: _,
    } = message;
    let mut out = Message {
        from,
        to,
        term,
        log_term,
        index,
        commit,
        commit_term,
        reject,
        reject_hint,
        ..Message::default()
    };
    let found = KINDS.iter().find(|(ours, _)| *ours == kind);
    out.set_msg_type(found.map_or(MessageType::MsgBeat, |(_, kind)| *kind));
    let entries = entries.into_iter().map(|entry| {
        let peer::Entry { term, index, kind, data } = entry;
        let kind = u8::try_from(kind).map_err(|_| NodeError::Entry {
            index,
            source: DecodeError::OutOfRange("kind of an entry"),
        })?;
        entry_in(LogEntry { term, index, kind, data })
    });
    out.set_entries(entries.collect::<Result<Vec<_>, _>>()?.into());
    match kind {
        RaftKind::ReadIndex | RaftKind::ReadIndexResponse => {
            out.set_entries(vec![Entry { data: context, ..Entry::default() }].into());
        }
        _ => out.context = context,
    }
    Ok(out)
}

/// A message for another member; none if it is of a kind that is not for others.
pub(super) fn message_out(mut message: Message) -> Option<peer::Raft> {
    let (kind, _) = KINDS.iter().find(|(_, theirs)| *theirs == message.get_msg_type())?;
    let mut entries = message.take_entries().into_vec();
    let context = match kind {
        RaftKind::ReadIndex | RaftKind::ReadIndexResponse => entries.pop()?.data,
        _ => message.take_context(),
    };
    let head = message.get_snapshot().get_metadata();
    let snapshot = (*kind == RaftKind::Snapshot)
        .then_some(peer::SnapshotHead { index: head.index, term: head.term });
    let entries = entries.iter().map(|entry| {
        let (kind, data) = (kind_out(entry), entry.data.clone());
        peer::Entry { term: entry.term, index: entry.index, kind: kind.into(), data }
    });
    Some(peer::Raft {
        kind: *kind,
        term: message.term,
        log_term: message.log_term,
        index: message.index,
        commit: message.commit,
        commit_term: message.commit_term,
        reject: message.reject,
        reject_hint: message.reject_hint,
        context,
        entries: entries.collect(),
        snapshot,
    })
}

/// A snapshot as the engine sees it: what it is of, and nothing in it.
pub(crate) fn snapshot_in((index, term): (u64, u64), members: ConfState) -> Snapshot {
    let mut snapshot = Snapshot::default();
    let head = snapshot.mut_metadata();
    head.index = index;
    head.term = term;
    head.set_conf_state(members);
    snapshot
}
