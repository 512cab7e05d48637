//! What may reach the engine. It believes what other members say, and stops the process where that
//! contradicts its own log; so what a member in its right mind would not say is dropped before.

use bramah_wire::membership::MemberChange;
use bramah_wire::peer::{Entry, Raft, RaftKind};
use raft::StateRole;

use super::Consensus;
use crate::restore::{ENTRY_CHANGE, ENTRY_COMMANDS};

/// Terms, indexes and numbers of commands stay below this, so that adding to them cannot overflow.
pub(crate) const NUMBER_MAX: u64 = 1 << 62;
/// Most bytes of a context.
const CONTEXT_BYTES_MAX: usize = 64;
/// Questions of other members that wait here for their answer.
const QUESTIONS_LEN_MAX: usize = 4096;

impl Consensus {
    /// This message could be true, and does no harm if it is not.
    pub(super) fn admits(&self, from: u64, message: &Raft) -> bool {
        let Raft {
            kind,
            term,
            log_term,
            index,
            commit,
            commit_term,
            reject: _,
            reject_hint,
            context,
            entries,
            snapshot,
        } = message;
        let numbers = [*term, *log_term, *index, *commit, *commit_term, *reject_hint];
        let is_plain = from != self.node_id
            && from != raft::INVALID_ID
            && numbers.iter().all(|number| *number < NUMBER_MAX)
            && context.len() <= CONTEXT_BYTES_MAX
            && (entries.is_empty() || *kind == RaftKind::Append)
            && snapshot.is_some() == (*kind == RaftKind::Snapshot)
            && (*term == 0) == (*kind == RaftKind::ReadIndex);
        if !is_plain {
            return false;
        }
        let log = &self.raw.raft.raft_log;
        match kind {
            RaftKind::Append => {
                (*log_term > 0 || *index == 0)
                    && follow_each_other(entries, *index, *log_term, *term)
            }
            RaftKind::AppendResponse => {
                *index <= log.last_index() && *reject_hint <= log.last_index()
            }
            RaftKind::Heartbeat => *commit <= log.last_index(),
            RaftKind::TimeoutNow => self.may_stand(),
            RaftKind::ReadIndex => {
                let raft = &self.raw.raft;
                raft.state == StateRole::Leader && raft.pending_read_count() < QUESTIONS_LEN_MAX
            }
            RaftKind::Snapshot => self.installing.is_none(),
            RaftKind::Vote
            | RaftKind::VoteResponse
            | RaftKind::HeartbeatResponse
            | RaftKind::ReadIndexResponse
            | RaftKind::PreVote
            | RaftKind::PreVoteResponse => true,
        }
    }
}

/// Entries behind an index and its term, of a leader of some term: indexes without a gap, terms
/// that never fall, of kinds that are known here.
fn follow_each_other(entries: &[Entry], index: u64, log_term: u64, term: u64) -> bool {
    let mut before = (index, log_term);
    entries.iter().all(|entry| {
        let follows = entry.index == before.0 + 1 && entry.term >= before.1.max(1);
        before = (entry.index, entry.term);
        let is_known = match u8::try_from(entry.kind) {
            Ok(ENTRY_COMMANDS) => true,
            Ok(ENTRY_CHANGE) => MemberChange::decode(&entry.data).is_ok(),
            _ => false,
        };
        follows && entry.term <= term && is_known
    })
}
