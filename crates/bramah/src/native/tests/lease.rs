//! A lease ends on this side no later than on the other.

use super::*;

const DEADLINE: Duration = Duration::from_millis(15_000 - 150 - 10);

fn keepalive(bench: &mut Bench) -> u64 {
    match bench.sent_one() {
        (id, Op::KeepAlive(_)) => id,
        (_, other) => panic!("{other:?} is no keepalive"),
    }
}

fn kept_alive(deadline_ms: u64) -> Outcome {
    let result = Some(proto::renewal::Result::DeadlineMs(deadline_ms));
    Outcome::KeptAlive(proto::KeptAlive {
        renewals: vec![proto::Renewal { result }],
        ended: vec![],
    })
}

#[test]
fn one_keepalive_renews_everything() {
    let (mut bench, key) = Bench::holding(7);
    bench.acquire("y");
    bench.reply_to_acquire(granted(8));
    let before = bench.machine.sessions[&key].deadline(7);
    bench.pass(TTL / 3);
    let id = keepalive(&mut bench);
    bench.reply(id, kept_alive(25_000));
    let session = &bench.machine.sessions[&key];
    assert_eq!(session.deadline(7), before.plus(TTL / 3));
    assert_eq!(session.deadline(8), before.plus(TTL / 3));
}

#[test]
fn a_silent_server_is_left_and_the_lock_lost_at_its_deadline() {
    let (mut bench, key) = Bench::holding(7);
    bench.pass(TTL / 3);
    keepalive(&mut bench);
    assert_eq!(bench.machine.hang_up, None);
    bench.pass(TTL / 2);
    assert_eq!(bench.machine.hang_up.as_deref(), Some("no answer for 7.5s"));
    bench.disconnect();
    bench.pass(DEADLINE - TTL / 3 - TTL / 2 - Duration::from_micros(1));
    assert_eq!(bench.lost(key, 7), None);
    bench.pass(Duration::from_micros(1));
    assert_eq!(bench.lost(key, 7), Some(LostReason::NotRenewed));
}

#[test]
fn an_answer_that_was_read_too_late_revives_nothing() {
    let (mut bench, key) = Bench::holding(7);
    bench.pass(TTL / 3);
    let id = keepalive(&mut bench);
    // The process was stopped here; the answer lay in the socket all the time.
    bench.now = bench.now.plus(DEADLINE - TTL / 3);
    bench.reply(id, kept_alive(25_000));
    assert_eq!(bench.lost(key, 7), Some(LostReason::NotRenewed));
}

#[test]
fn whoever_looks_first_after_the_deadline_sees_the_loss() {
    let (mut bench, key) = Bench::holding(7);
    bench.machine.listen(key, 7, None, &Waker::from(bench.woken.clone()));
    bench.now = bench.now.plus(DEADLINE);
    assert_eq!(bench.lost(key, 7), Some(LostReason::NotRenewed));
    assert_eq!(bench.machine.wakers.len(), 1, "whoever waits for the loss is woken");
}

#[test]
fn the_news_of_an_end_carries_its_reason() {
    let (mut bench, key) = Bench::holding(7);
    let end = |reason: &str| {
        Some(proto::End { reason: reason.into(), by: "alice".into(), ..Default::default() })
    };
    let ended = |token, end| proto::HoldEnded { session: SESSION, name: "x".into(), token, end };
    bench.tell(What::HoldEnded(ended(6, end("expired"))));
    assert_eq!(bench.lost(key, 7), None);
    bench.tell(What::HoldEnded(ended(7, end("revoked"))));
    assert_eq!(bench.lost(key, 7), Some(LostReason::Revoked { by: "alice".into() }));
}

#[test]
fn a_maximum_hold_ends_here_no_later_than_there() {
    let mut bench = Bench::up();
    let (key, _) = bench.acquire("x");
    bench.open_session();
    let max = proto::Grant { max_hold_deadline_ms: Some(9_000), ..grant(7) };
    bench.reply_to_acquire(Outcome::Granted(proto::Grants { grants: vec![max] }));
    // The session was opened at 5,000 of the cluster's time.
    bench.pass(Duration::from_millis(4_000 - 40 - 10 - 1));
    assert_eq!(bench.lost(key, 7), None);
    bench.pass(Duration::from_millis(1));
    assert_eq!(bench.machine.sessions[&key].holds[&7].lost, Some(LostReason::MaxHold));
}

#[test]
fn a_keepalive_that_is_refused_for_now_is_sent_again_soon() {
    let (mut bench, _) = Bench::holding(7);
    bench.pass(TTL / 3);
    let id = keepalive(&mut bench);
    bench.reply(id, refused(ErrorCode::NoLeader));
    assert_eq!(bench.sent(), []);
    bench.pass(super::super::limits::PAUSE_MAX);
    let id = keepalive(&mut bench);
    bench.reply(id, refused(ErrorCode::DiskFull));
    bench.pass(super::super::limits::PAUSE_MAX);
    keepalive(&mut bench);
}

/// A request for a detached hold was sent.
fn asking_detached() -> (Bench, SessionKey, CallId) {
    let mut bench = Bench::up();
    let terms = SessionTerms { kept_alive: false, ..own_terms() };
    let key = bench.machine.session_for(bench.now, Some(terms));
    let call = bench.machine.submit_acquire(bench.now, acquire("x"), key, None).unwrap();
    bench.open_session();
    (bench, key, call)
}

#[test]
fn a_detached_session_is_not_kept_alive() {
    let (mut bench, key, _) = asking_detached();
    bench.reply_to_acquire(granted(7));
    bench.pass(TTL / 3 * 2);
    assert_eq!(bench.sent(), []);
    bench.pass(DEADLINE - TTL / 3 * 2);
    assert_eq!(bench.lost(key, 7), Some(LostReason::NotRenewed));
}

#[test]
fn a_detached_session_is_kept_alive_for_as_long_as_it_waits() {
    let (mut bench, key, call) = asking_detached();
    let (acquire, _) = bench.sent_one();
    bench.reply(acquire, queued());
    for third in 2..=7 {
        bench.pass(TTL / 3);
        let id = keepalive(&mut bench);
        bench.reply(id, kept_alive(15_000 + third * 5_000));
        assert!(bench.poll(call).is_pending());
    }
    bench.reply(acquire, granted(7));
    assert!(matches!(bench.outcome(call), Outcome::Granted(_)));
    bench.pass(TTL / 3 * 2);
    assert_eq!(bench.sent(), [], "it was handed over");
    bench.pass(DEADLINE - TTL / 3 * 2);
    assert_eq!(bench.lost(key, 7), Some(LostReason::NotRenewed));
}

#[test]
fn a_detached_session_is_kept_alive_again_while_its_hold_waits_for_an_upgrade() {
    let (mut bench, key, _) = asking_detached();
    bench.reply_to_acquire(granted(7));
    bench.pass(TTL / 3 * 2);
    assert_eq!(bench.sent(), []);
    let upgrade =
        Op::Upgrade(proto::Upgrade { request: None, hold: Some(hold(7)), ..Default::default() });
    bench.machine.submit_acquire(bench.now, upgrade, key, None).unwrap();
    bench.pass(Duration::from_millis(1));
    let sent = bench.sent();
    assert!(matches!(&sent[..], [(_, Op::Upgrade(_)), (_, Op::KeepAlive(_))]), "{sent:?}");
}

#[test]
fn a_release_after_a_loss_by_silence_still_frees_the_lock() {
    let (mut bench, key) = Bench::holding(7);
    bench.now = bench.now.plus(DEADLINE);
    assert!(bench.lost(key, 7).is_some());
    bench.machine.start_release(bench.now, key, hold(7));
    let (_, op) = bench.sent_one();
    assert!(matches!(&op, Op::Release(release) if release.request.is_none()), "{op:?}");
}
