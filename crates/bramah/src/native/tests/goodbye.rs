//! How it ends.

use super::*;

fn closed() -> Outcome {
    Outcome::SessionClosed(proto::SessionClosed { holds: 1 })
}

#[test]
fn goodbye_closes_the_session_and_takes_nothing_new() {
    let (mut bench, key) = Bench::holding(7);
    bench.machine.say_goodbye(bench.now);
    let (id, op) = bench.sent_one();
    assert!(matches!(op, Op::CloseSession(_)), "{op:?}");
    // From here on another can be granted it.
    assert_eq!(bench.lost(key, 7), Some(LostReason::SessionClosed));
    let refused = bench.machine.submit(bench.now, acquire("x"), Purpose::Acquire, Some(key));
    assert_eq!(refused.map_err(|failure| failure.kind), Err(ErrorKind::Unavailable));
    bench.reply(id, closed());
    bench.machine.end(bench.now, "this Locker is closed");
    let waker = Waker::from(bench.woken.clone());
    let ended = bench.machine.poll_ended(&mut Context::from_waker(&waker));
    assert_eq!(ended, Poll::Ready(true));
}

#[test]
fn what_is_granted_after_goodbye_is_lost_with_its_session() {
    let (mut bench, key) = Bench::holding(7);
    let (_, call) = bench.acquire("x");
    bench.machine.say_goodbye(bench.now);
    bench.reply(call, granted(8));
    assert!(matches!(bench.outcome(call), Outcome::Granted(_)));
    assert_eq!(bench.lost(key, 8), Some(LostReason::SessionClosed));
}

#[test]
fn goodbye_leaves_a_detached_hold_and_releases_the_others() {
    let (mut bench, key) = Bench::holding(7);
    bench.acquire("y");
    bench.reply_to_acquire(granted(8));
    bench.machine.drop_handle(bench.now, key, 7, false);
    bench.machine.say_goodbye(bench.now);
    let (_, op) = bench.sent_one();
    assert!(matches!(&op, Op::Release(release) if release.hold == Some(hold(8))), "{op:?}");
}

#[test]
fn an_end_without_goodbye_loses_everything_and_says_so() {
    let (mut bench, key) = Bench::holding(7);
    let (_, call) = bench.acquire("x");
    bench.machine.end(bench.now, "the runtime is gone");
    assert_eq!(bench.lost(key, 7), Some(LostReason::NotRenewed));
    assert_eq!(bench.failure(call).kind, ErrorKind::SessionEnded);
    let waker = Waker::from(bench.woken.clone());
    let ended = bench.machine.poll_ended(&mut Context::from_waker(&waker));
    assert_eq!(ended, Poll::Ready(false));
}

#[test]
fn a_session_of_its_own_is_closed_after_its_hold() {
    let mut bench = Bench::up();
    let key = bench.machine.session_for(bench.now, Some(own_terms()));
    let call = bench.machine.submit_acquire(bench.now, acquire("x"), key, None).unwrap();
    bench.open_session();
    bench.reply_to_acquire(granted(7));
    bench.outcome(call);
    let release = bench.release(7, key);
    let (id, _) = bench.sent_one();
    bench.reply(id, Outcome::Released(proto::Released::default()));
    bench.outcome(release);
    bench.machine.drop_handle(bench.now, key, 7, true);
    let (id, op) = bench.sent_one();
    assert!(matches!(op, Op::CloseSession(_)), "{op:?}");
    bench.reply(id, closed());
    assert!(bench.machine.sessions.is_empty() && bench.machine.calls.is_empty());
}

#[test]
fn a_session_of_its_own_is_closed_however_long_the_server_was_away() {
    let mut bench = Bench::up();
    let key = bench.machine.session_for(bench.now, Some(own_terms()));
    let call = bench.machine.submit_acquire(bench.now, acquire("x"), key, None).unwrap();
    bench.open_session();
    bench.reply_to_acquire(Outcome::Busy(proto::Busy::default()));
    bench.disconnect();
    assert!(matches!(bench.outcome(call), Outcome::Busy(_)));
    bench.pass(CONNECT_TIMEOUT + Duration::from_secs(1));
    bench.connect();
    let sent = bench.attached(&[]);
    // Else it would be kept alive for ever.
    assert!(sent.iter().any(|(_, op)| matches!(op, Op::CloseSession(_))), "{sent:?}");
}

#[test]
fn a_session_of_its_own_is_closed_when_its_lock_is_busy() {
    let mut bench = Bench::up();
    let key = bench.machine.session_for(bench.now, Some(own_terms()));
    let call = bench.machine.submit_acquire(bench.now, acquire("x"), key, None).unwrap();
    bench.open_session();
    bench.reply_to_acquire(Outcome::Busy(proto::Busy::default()));
    assert!(matches!(bench.outcome(call), Outcome::Busy(_)));
    assert!(matches!(bench.sent_one().1, Op::CloseSession(_)));
}
