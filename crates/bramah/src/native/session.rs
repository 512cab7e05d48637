//! One session, its lease, and what it holds.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::task::Waker;
use std::time::Duration;

use bramah_core::{Owner, RequestSeq};
use bramah_wire::proto;

use super::call::CallId;
use crate::clock::LocalTime;
use crate::info::LostReason;
use crate::lease_keeper::{LeaseKeeper, Next};

/// A session's number on this side, which it has before the server gave it one.
pub(super) type SessionKey = u64;

/// What a session is opened with.
#[derive(Clone, Debug)]
pub(super) struct SessionTerms {
    pub(super) ttl: Duration,
    pub(super) owner: Owner,
    pub(super) release_on_disconnect: bool,
    /// Keepalives are sent for it. If not, they are for as long as it waits for what it was opened
    /// for, and no longer.
    pub(super) kept_alive: bool,
    /// It is of one hold, and over with it.
    pub(super) of_one_hold: bool,
}

#[derive(Debug)]
pub(super) struct Session {
    pub(super) terms: SessionTerms,
    /// None while it is being opened.
    pub(super) opened: Option<Opened>,
    pub(super) lost: Option<LostReason>,
    last_seq: u64,
    /// Numbers that were sent and not answered. Being queued is an answer.
    unanswered: BTreeSet<u64>,
    /// Acquires that may still be granted, by their numbers.
    pub(super) acquiring: HashMap<u64, CallId>,
    pub(super) holds: BTreeMap<u64, HoldState>,
    /// Ends of maximum holds, with the token.
    pub(super) max_holds: BTreeSet<(LocalTime, u64)>,
    /// Requests under way in it.
    pub(super) calls: usize,
    pub(super) closing: bool,
    /// It is on its way to a new connection, which may not hear of it yet.
    pub(super) attaching: bool,
}

#[derive(Debug)]
pub(super) struct Opened {
    pub(super) handle: proto::Handle,
    pub(super) keeper: LeaseKeeper,
}

#[derive(Debug)]
pub(super) struct HoldState {
    pub(super) id: proto::Handle,
    /// Values in this process that stand for it: several, if it was re-entered.
    pub(super) handles: usize,
    /// One of them let go of it without giving it back.
    pub(super) detached: bool,
    pub(super) lost: Option<LostReason>,
    pub(super) max_hold_until: Option<LocalTime>,
    /// Who waits for its loss.
    pub(super) wakers: BTreeMap<u64, Waker>,
}

impl HoldState {
    pub(super) fn new(id: proto::Handle) -> HoldState {
        HoldState {
            id,
            handles: 0,
            detached: false,
            lost: None,
            max_hold_until: None,
            wakers: BTreeMap::new(),
        }
    }
}

impl Session {
    pub(super) fn new(terms: SessionTerms) -> Session {
        Session {
            terms,
            opened: None,
            lost: None,
            last_seq: 0,
            unanswered: BTreeSet::new(),
            acquiring: HashMap::new(),
            holds: BTreeMap::new(),
            max_holds: BTreeSet::new(),
            calls: 0,
            closing: false,
            attaching: false,
        }
    }

    pub(super) fn next_seq(&mut self) -> RequestSeq {
        self.last_seq += 1;
        self.unanswered.insert(self.last_seq);
        RequestSeq(self.last_seq)
    }

    /// The answer to this number is still of interest, until its cancel is answered.
    pub(super) fn expect_answer(&mut self, seq: u64) {
        self.unanswered.insert(seq);
    }

    pub(super) fn handle_answered(&mut self, seq: u64) {
        self.unanswered.remove(&seq);
    }

    /// Which request this is, and which answers came.
    pub(super) fn number(&self, seq: u64) -> proto::RequestRef {
        let answered_below = self.unanswered.first().copied().unwrap_or(self.last_seq + 1);
        proto::RequestRef {
            session: self.opened.as_ref().map(|opened| opened.handle),
            seq,
            answered_below: answered_below.min(seq),
        }
    }

    /// What its lease wants, while it is open and not lost.
    pub(super) fn poll(&self, now: LocalTime) -> Option<Next> {
        let keeper = &self.opened.as_ref().filter(|_| self.lost.is_none())?.keeper;
        Some(match keeper.poll(now) {
            Next::Lost(reason) => Next::Lost(reason),
            Next::SendKeepalive | Next::WaitUntil(_) if !self.is_kept_alive() => {
                Next::WaitUntil(keeper.deadline())
            }
            next => next,
        })
    }

    /// What is still waited for ends with the session, so that must not end first.
    pub(super) fn is_kept_alive(&self) -> bool {
        self.terms.kept_alive || self.holds.is_empty() || !self.acquiring.is_empty()
    }

    /// Until when a hold surely lives.
    pub(super) fn deadline(&self, token: u64) -> LocalTime {
        let session = self.opened.as_ref().map(|opened| opened.keeper.deadline());
        let session = session.unwrap_or_default();
        let max = self.holds.get(&token).and_then(|hold| hold.max_hold_until);
        max.map_or(session, |max| max.min(session))
    }

    /// The server knows of nothing that this side holds, but what was detached.
    pub(super) fn is_released(&self) -> bool {
        let over = !matches!(self.lost, None | Some(LostReason::NotRenewed));
        over || self.opened.is_none() || self.holds.values().all(|hold| hold.detached)
    }

    /// Nothing here needs it any more.
    pub(super) fn is_unused(&self) -> bool {
        self.calls == 0 && self.holds.is_empty()
    }
}
