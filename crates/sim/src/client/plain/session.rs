//! A session as its client sees it: its lease, the numbers of its requests, its holds.

use std::collections::{BTreeMap, BTreeSet};

use bramah::LocalTime;
use bramah::lease_keeper::{LeaseKeeper, Next};
use bramah_core::{
    FencingToken, HoldId, LockName, Mode, OnDisconnect, RequestRef, RequestSeq, SessionHandle,
};

use crate::fact::ConnectionNo;

/// A session's number on this side.
pub(super) type SessionKey = u64;

/// An open session.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) handle: SessionHandle,
    pub(super) ttl_ms: u64,
    pub(super) on_disconnect: OnDisconnect,
    pub(super) keeper: LeaseKeeper,
    /// Keepalives are sent for it. One without is over at its deadline.
    pub(super) kept_alive: bool,
    /// Its close was begun.
    pub(super) closing: bool,
    pub(super) holds: BTreeMap<FencingToken, Hold>,
    last_seq: u64,
    /// Numbers that were sent and not answered. Being queued is an answer.
    unanswered: BTreeSet<u64>,
}

/// A hold that its client believes in.
#[derive(Clone, Debug)]
pub(super) struct Hold {
    pub(super) id: HoldId,
    pub(super) name: LockName,
    pub(super) mode: Mode,
    /// The request that was granted.
    pub(super) seq: RequestSeq,
    /// How often it was granted, with re-entries.
    pub(super) count: u32,
    /// The connection that told of it.
    pub(super) over: ConnectionNo,
    /// The end that no keepalive moves.
    pub(super) max_until: Option<LocalTime>,
    pub(super) release_at: LocalTime,
    pub(super) write_at: LocalTime,
}

impl Session {
    pub(super) fn new(
        handle: SessionHandle,
        ttl_ms: u64,
        on_disconnect: OnDisconnect,
        keeper: LeaseKeeper,
    ) -> Session {
        Session {
            handle,
            ttl_ms,
            on_disconnect,
            keeper,
            kept_alive: true,
            closing: false,
            holds: BTreeMap::new(),
            last_seq: 0,
            unanswered: BTreeSet::new(),
        }
    }

    /// The number of a new request.
    pub(super) fn next_seq(&mut self) -> RequestSeq {
        self.last_seq += 1;
        self.unanswered.insert(self.last_seq);
        RequestSeq(self.last_seq)
    }

    /// The answer to this number is still of interest, until its cancel is answered.
    pub(super) fn expect_answer(&mut self, seq: RequestSeq) {
        self.unanswered.insert(seq.0);
    }

    pub(super) fn handle_answered(&mut self, seq: RequestSeq) {
        self.unanswered.remove(&seq.0);
    }

    /// Which request this is, and which answers came.
    pub(super) fn number(&self, seq: RequestSeq) -> RequestRef {
        let below = self.unanswered.first().copied().unwrap_or(self.last_seq + 1).min(seq.0);
        RequestRef { seq, answered_below: RequestSeq(below) }
    }

    /// What its lease wants now.
    pub(super) fn poll(&self, now: LocalTime) -> Next {
        match self.keeper.poll(now) {
            Next::SendKeepalive | Next::WaitUntil(_) if !self.kept_alive => {
                Next::WaitUntil(self.keeper.deadline())
            }
            next => next,
        }
    }

    /// Its lease surely lives.
    pub(super) fn lives(&self, now: LocalTime) -> bool {
        !matches!(self.keeper.poll(now), Next::Lost(_))
    }
}

impl Hold {
    /// Its own time is not over.
    pub(super) fn lives(&self, now: LocalTime) -> bool {
        self.max_until.is_none_or(|until| now < until)
    }
}
