//! Numbers of the requests that are made in sessions which clients brought.
//!
//! A session's table keeps the answer to a number until it is told that all answers below some
//! number are there. Only what a client named is ever asked again by the client; everything else
//! only by the server that drew its number, and never once that server has its answer.

use std::sync::Mutex;

use bramah_core::{RequestRef, RequestSeq, Time};

use super::fingerprint::fingerprint;
use crate::mutex::lock;

/// How often a request gets another number when other servers, which know a later time, have said
/// meanwhile that all answers below the one it had are there. So it has not happened.
pub(super) const REDRAWS_MAX: usize = 3;

/// Numbers for requests that their clients did not name. Any server may be asked next, so they
/// follow the cluster's time, and count on from there: each server from a place of its own.
#[derive(Debug)]
pub(crate) struct Numbers {
    /// Where this server begins to count at each instant.
    begin: u64,
    drawn: Mutex<Drawn>,
}

#[derive(Debug, Default)]
struct Drawn {
    /// The latest time of the cluster that was seen here.
    now_ms: u64,
    /// The last number; they rise.
    last: u64,
    /// Numbers after which [`LATEST`] more were drawn: the last such, behind the one before.
    since: [u64; 2],
    /// How many were drawn since the last of these.
    count: u64,
}

const COUNT_BITS: u32 = 22;
/// Numbers this much older are of requests that were answered, whichever server drew them. It is
/// more than two servers disagree about the time.
const ANSWERED_AFTER_MS: u64 = 5_000;
/// So many numbers of this server may be of requests that it has no answer to; at most twice as
/// many answers are kept for it. It hands requests on in the order in which it draws their numbers.
const LATEST: u64 = 1_024;

impl Numbers {
    /// A random `begin` tells those of this server apart.
    pub(crate) fn new(begin: u64) -> Numbers {
        Numbers { begin: begin & ((1 << COUNT_BITS) - 1), drawn: Mutex::default() }
    }

    pub(super) fn see(&self, now: Time) {
        let mut drawn = lock(&self.drawn);
        drawn.now_ms = drawn.now_ms.max(now.0);
    }

    pub(super) fn draw(&self) -> RequestRef {
        let mut drawn = lock(&self.drawn);
        drawn.last = (drawn.last + 1).max(first_number(drawn.now_ms) | self.begin);
        if drawn.count == LATEST {
            drawn.since = [drawn.since[1], drawn.last];
            drawn.count = 0;
        }
        drawn.count += 1;
        RequestRef { seq: RequestSeq(drawn.last), answered_below: drawn.answered_below() }
    }

    /// The number of a request that its client named: the same whoever is asked, and above all that
    /// are drawn. So its answer is kept for as long as its session lives.
    pub(super) fn named(&self, name: &str, id: &str) -> RequestRef {
        let seq = RequestSeq(fingerprint(&[name, id]) | NAMED);
        // Those that are drawn are given up though none is drawn any more.
        RequestRef { seq, answered_below: lock(&self.drawn).answered_below() }
    }
}

impl Drawn {
    /// All answers to numbers that were drawn below this one are there.
    fn answered_below(&self) -> RequestSeq {
        let answered = first_number(self.now_ms.saturating_sub(ANSWERED_AFTER_MS));
        RequestSeq(answered.max(self.since[0]))
    }
}

/// The lowest number of an instant; it is below the half of the numbers that are of named requests.
pub(super) const fn first_number(ms: u64) -> u64 {
    ms << COUNT_BITS & !NAMED
}

const NAMED: u64 = 1 << 63;

#[cfg(test)]
mod tests;
