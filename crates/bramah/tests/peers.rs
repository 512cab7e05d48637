//! Bugs that users of other lock services met in the client's half of a lease. Each is named after
//! the thread that reports it; `docs/internals/peer-bugs.md` has them all.

use std::time::Duration;

use bramah::lease_keeper::{DRIFT_PPM_MAX, LeaseKeeper, MARGIN, Next};
use bramah::{LocalTime, LostReason, TTL_DEFAULT};

const TTL: Duration = Duration::from_secs(15);

fn at_ms(ms: u64) -> LocalTime {
    LocalTime(ms * 1_000)
}

/// The watchdog left out a renewal now and then, and a job of minutes lost its lock at 30 seconds.
#[test]
fn redisson_5698_a_lease_has_three_chances_to_be_renewed() {
    let mut keeper = LeaseKeeper::new(at_ms(0), TTL, 15_000);
    let mut sent = Vec::new();
    // None of them is answered.
    for ms in 0.. {
        match keeper.poll(at_ms(ms)) {
            Next::SendKeepalive => {
                keeper.handle_sent(at_ms(ms));
                sent.push(ms);
            }
            Next::WaitUntil(until) => assert!(until > at_ms(ms), "it would wait for the past"),
            Next::Lost(_) => break,
        }
    }
    assert_eq!(sent, [5_000, 10_000]);
    // With the opening, three within one TTL; and one answer is enough.
    keeper.handle_answer(at_ms(10_000), 25_000);
    assert!(matches!(keeper.poll(at_ms(14_999)), Next::WaitUntil(_)));
}

/// A long job under a lock that is renewed keeps it to its end.
#[test]
fn redisson_5697_a_lease_that_is_answered_is_never_lost() {
    let mut keeper = LeaseKeeper::new(at_ms(0), TTL, 15_000);
    for ms in 0..10 * 60 * 1_000 {
        match keeper.poll(at_ms(ms)) {
            Next::SendKeepalive => {
                keeper.handle_sent(at_ms(ms));
                keeper.handle_answer(at_ms(ms), ms + 15_000);
            }
            Next::WaitUntil(_) => {}
            Next::Lost(why) => panic!("lost at {ms}: {why:?}"),
        }
    }
}

/// A pause between reading the clock and taking the lock let two in.
#[test]
fn shedlock_132_a_pause_after_the_sending_is_taken_off_the_lease() {
    // The answer to what was sent at 1,000 arrives 14 s later, and is worth what is left of it.
    let mut keeper = LeaseKeeper::new(at_ms(0), TTL, 15_000);
    keeper.handle_sent(at_ms(1_000));
    keeper.handle_answer(at_ms(1_000), 16_500);
    assert!(keeper.deadline() < at_ms(16_000));
    assert!(matches!(keeper.poll(at_ms(15_999)), Next::Lost(LostReason::NotRenewed)));
}

/// Whoever was cut off went on writing while another held the lock.
#[test]
fn etcd_10811_a_holder_that_is_cut_off_stops_before_the_service_grants_again() {
    let service_grants_at = |sent_ms: u64, rate_ppm: u64| {
        // The slowest clock that is allowed shows this when the service's TTL is over.
        sent_ms * 1_000 + 15_000_000 - 15 * rate_ppm
    };
    for sent_ms in [0, 1, 4_999, 1_000_000] {
        let keeper = LeaseKeeper::new(at_ms(sent_ms), TTL, 15_000);
        let latest = LocalTime(service_grants_at(sent_ms, DRIFT_PPM_MAX));
        assert!(keeper.deadline() <= latest.minus(MARGIN), "sent at {sent_ms}");
    }
}

/// While the servers elected a leader no renewal was answered, and every lock was given up.
#[test]
fn consul_1162_a_keepalive_without_an_answer_ends_nothing_before_its_time() {
    let mut keeper = LeaseKeeper::new(at_ms(0), TTL, 15_000);
    keeper.handle_sent(at_ms(5_000));
    keeper.handle_sent(at_ms(10_000));
    keeper.handle_reconnected();
    assert_eq!(keeper.poll(at_ms(14_000)), Next::SendKeepalive);
    keeper.handle_sent(at_ms(14_000));
    keeper.handle_answer(at_ms(14_000), 29_000);
    assert!(matches!(keeper.poll(at_ms(20_000 - 1_001)), Next::WaitUntil(_)));
}

/// A holder was told of the loss as if it had never held, and as if the service were away.
#[test]
fn node_redlock_185_why_a_lease_was_lost_is_told() {
    let mut silent = LeaseKeeper::new(at_ms(0), TTL, 15_000);
    assert_eq!(silent.poll(at_ms(20_000)), Next::Lost(LostReason::NotRenewed));
    silent.handle_ended(LostReason::Revoked { by: "ops".into() });
    let revoked = Next::Lost(LostReason::Revoked { by: "ops".into() });
    assert_eq!(silent.poll(at_ms(20_000)), revoked);
}

/// With a minute as the usual time to live, a crash cost everybody a minute.
#[test]
fn etcd_8365_the_usual_ttl_is_a_quarter_of_a_minute() {
    assert!(TTL_DEFAULT <= Duration::from_secs(15));
}
