//! The client's half of a lease: when to send a keepalive, and until when it surely lives. Pure.
//!
//! A session lives at the service for its TTL after a keepalive was applied there. The client does
//! not know when that was; it knows when it sent. So it counts from the sending of the last
//! keepalive that was answered, on a clock that may run slower than the service's by
//! [`DRIFT_PPM_MAX`], and stops [`MARGIN`] earlier still, so that "lost" is said before the service
//! may grant the lock to another.

use std::time::Duration;

use bramah_core::mutant::{self, Mutant};

use crate::clock::LocalTime;
use crate::info::LostReason;

/// How much the rates of two clocks may differ for a lease to be told in time, in parts per
/// million.
pub const DRIFT_PPM_MAX: u64 = 10_000;

/// What a client keeps back of every lease for the time between seeing its end and acting on it.
pub const MARGIN: Duration = Duration::from_millis(10);

/// Keepalives that are sent for one TTL.
const KEEPALIVES_PER_TTL: u32 = 3;

/// What to do now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Send a keepalive, and say so with [`LeaseKeeper::handle_sent`].
    SendKeepalive,
    /// Nothing before this instant.
    WaitUntil(LocalTime),
    /// The lease is over.
    Lost(LostReason),
}

/// One session's lease, as its client may believe it.
#[derive(Clone, Debug)]
pub struct LeaseKeeper {
    ttl: Duration,
    /// When the last answered keepalive (or the opening) was sent.
    renewed_from: LocalTime,
    /// The cluster's time when that was applied, in milliseconds.
    renewed_cluster_ms: u64,
    /// When the last keepalive was sent.
    sent_at: LocalTime,
    lost: Option<LostReason>,
}

impl LeaseKeeper {
    /// A session that was asked for at `sent_at` and opened with this TTL; `deadline_ms` is its end
    /// by the cluster's clock.
    #[must_use]
    pub fn new(sent_at: LocalTime, ttl: Duration, deadline_ms: u64) -> LeaseKeeper {
        let renewed_cluster_ms = deadline_ms.saturating_sub(as_ms(ttl));
        LeaseKeeper { ttl, renewed_from: sent_at, renewed_cluster_ms, sent_at, lost: None }
    }

    /// A keepalive was sent.
    pub fn handle_sent(&mut self, now: LocalTime) {
        self.sent_at = now;
    }

    /// The keepalive that was sent at `sent_at` was answered: the session lives until `deadline_ms`
    /// of the cluster's clock. Answers may come in any order.
    pub fn handle_answer(&mut self, sent_at: LocalTime, deadline_ms: u64) {
        let sent_at = match mutant::is_on(Mutant::AnswerToLastSent) {
            true => self.sent_at,
            false => sent_at,
        };
        if sent_at > self.renewed_from {
            self.renewed_from = sent_at;
            self.renewed_cluster_ms = deadline_ms.saturating_sub(as_ms(self.ttl));
        }
    }

    /// The connection is new: what was sent over the old one may be lost, so a keepalive is due.
    pub fn handle_reconnected(&mut self) {
        self.sent_at = LocalTime(0);
    }

    /// The service says that the session ended.
    pub fn handle_ended(&mut self, reason: LostReason) {
        self.lost.get_or_insert(reason);
    }

    /// Until when the session surely lives.
    #[must_use]
    pub fn deadline(&self) -> LocalTime {
        if mutant::is_on(Mutant::LeaseFromLastSent) {
            return surely_before(self.renewed_from.max(self.sent_at), self.ttl);
        }
        surely_before(self.renewed_from, self.ttl)
    }

    /// The earliest local instant at which the cluster's clock can show `cluster_ms`.
    #[must_use]
    pub fn local_time_of(&self, cluster_ms: u64) -> LocalTime {
        let ahead = cluster_ms.saturating_sub(self.renewed_cluster_ms);
        surely_before(self.renewed_from, Duration::from_millis(ahead))
    }

    /// What to do at `now`.
    #[must_use]
    pub fn poll(&self, now: LocalTime) -> Next {
        if let Some(reason) = &self.lost {
            return Next::Lost(reason.clone());
        }
        let deadline = self.deadline();
        if now >= deadline {
            return Next::Lost(LostReason::NotRenewed);
        }
        let every = match mutant::is_on(Mutant::KeepaliveTooRare) {
            true => self.ttl * 97 / 100,
            false => self.ttl / KEEPALIVES_PER_TTL,
        };
        let keepalive_at = self.sent_at.plus(every);
        if now >= keepalive_at {
            Next::SendKeepalive
        } else {
            Next::WaitUntil(keepalive_at.min(deadline))
        }
    }
}

/// An instant that surely comes before `length` has passed at the service since `from`.
fn surely_before(from: LocalTime, length: Duration) -> LocalTime {
    from.plus(sure_part(length))
}

/// So much of what the service promised can surely be counted on here.
pub(crate) fn sure_part(length: Duration) -> Duration {
    if mutant::is_on(Mutant::NoDriftMargin) {
        return length;
    }
    let micros = u64::try_from(length.as_micros()).unwrap_or(u64::MAX);
    let slow = micros
        - micros / 1_000_000 * DRIFT_PPM_MAX
        - micros % 1_000_000 * DRIFT_PPM_MAX / 1_000_000;
    Duration::from_micros(slow).saturating_sub(MARGIN)
}

fn as_ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TTL: Duration = Duration::from_millis(15_000);

    fn at_ms(ms: u64) -> LocalTime {
        LocalTime(ms * 1_000)
    }

    #[test]
    fn a_lease_is_counted_from_the_sending_and_ends_early_by_drift_and_margin() {
        let keeper = LeaseKeeper::new(at_ms(1_000), TTL, 15_000);
        assert_eq!(keeper.deadline(), at_ms(1_000 + 15_000 - 150 - 10));
        assert_eq!(keeper.poll(at_ms(15_840)), Next::Lost(LostReason::NotRenewed));
    }

    #[test]
    fn a_keepalive_is_due_after_a_third_of_the_ttl() {
        let mut keeper = LeaseKeeper::new(at_ms(0), TTL, 15_000);
        assert_eq!(keeper.poll(at_ms(4_999)), Next::WaitUntil(at_ms(5_000)));
        assert_eq!(keeper.poll(at_ms(5_000)), Next::SendKeepalive);
        keeper.handle_sent(at_ms(5_000));
        assert_eq!(keeper.poll(at_ms(5_001)), Next::WaitUntil(at_ms(10_000)));
    }

    #[test]
    fn an_unanswered_keepalive_does_not_move_the_deadline() {
        let mut keeper = LeaseKeeper::new(at_ms(0), TTL, 15_000);
        let deadline = keeper.deadline();
        keeper.handle_sent(at_ms(5_000));
        keeper.handle_sent(at_ms(10_000));
        assert_eq!(keeper.deadline(), deadline);
        assert_eq!(keeper.poll(at_ms(14_839)), Next::WaitUntil(at_ms(14_840)));
        assert!(matches!(keeper.poll(at_ms(14_840)), Next::Lost(_)));
    }

    #[test]
    fn a_late_answer_to_an_early_keepalive_does_not_shorten_the_lease() {
        let mut keeper = LeaseKeeper::new(at_ms(0), TTL, 15_000);
        keeper.handle_answer(at_ms(5_000), 20_000);
        let deadline = keeper.deadline();
        keeper.handle_answer(at_ms(3_000), 18_000);
        assert_eq!(keeper.deadline(), deadline);
    }

    #[test]
    fn a_reconnection_makes_a_keepalive_due_at_once() {
        let mut keeper = LeaseKeeper::new(at_ms(1_000_000), TTL, 15_000);
        keeper.handle_reconnected();
        assert_eq!(keeper.poll(at_ms(1_000_001)), Next::SendKeepalive);
    }

    #[test]
    fn a_late_answer_counts_from_its_own_keepalive_and_not_from_the_last() {
        let mut keeper = LeaseKeeper::new(LocalTime(0), TTL, 15_000);
        keeper.handle_sent(at_ms(5_000));
        let early = keeper.deadline();
        keeper.handle_sent(at_ms(10_000));
        keeper.handle_answer(at_ms(5_000), 20_000);
        assert_eq!(keeper.deadline().since(early), Duration::from_secs(5));
    }

    #[test]
    fn a_cluster_instant_is_placed_no_later_than_it_can_come() {
        let keeper = LeaseKeeper::new(at_ms(7_000), TTL, 100_000);
        // The cluster's clock showed 85,000 no earlier than 7,000 here.
        assert_eq!(keeper.local_time_of(95_000), at_ms(7_000 + 10_000 - 100 - 10));
    }

    #[test]
    fn what_the_service_says_of_the_end_is_kept() {
        let mut keeper = LeaseKeeper::new(at_ms(0), TTL, 15_000);
        keeper.handle_ended(LostReason::Revoked { by: "alice".into() });
        keeper.handle_ended(LostReason::NotRenewed);
        let revoked = Next::Lost(LostReason::Revoked { by: "alice".into() });
        assert_eq!(keeper.poll(at_ms(1)), revoked);
    }

    #[test]
    fn what_is_promised_for_a_day_is_counted_on_for_less() {
        let day = Duration::from_secs(24 * 60 * 60);
        assert_eq!(sure_part(day), day * 99 / 100 - MARGIN);
        assert_eq!(sure_part(MARGIN / 2), Duration::ZERO);
    }
}
