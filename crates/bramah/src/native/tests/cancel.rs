//! An asker may go at any moment; nothing of its request stays behind.

use super::*;

/// The one cancel that was sent, and the number that it cancels.
fn cancelled(bench: &mut Bench) -> (u64, u64) {
    match bench.sent_one() {
        (id, Op::Cancel(cancel)) => (id, cancel.seq),
        (_, other) => panic!("{other:?} is no cancel"),
    }
}

#[test]
fn what_is_dropped_before_there_is_a_connection_never_happens() {
    let mut bench = Bench::down();
    let (_, call) = bench.acquire("x");
    bench.abandon(call);
    bench.connect();
    bench.open_session();
    assert_eq!(bench.sent(), []);
    assert!(bench.machine.calls.is_empty());
}

#[test]
fn what_is_dropped_while_its_session_opens_never_happens() {
    let mut bench = Bench::up();
    let (_, call) = bench.acquire("x");
    bench.abandon(call);
    bench.open_session();
    assert_eq!(bench.sent(), []);
}

#[test]
fn a_session_of_its_own_is_closed_when_its_only_request_is_dropped() {
    let mut bench = Bench::up();
    let key = bench.machine.session_for(bench.now, Some(own_terms()));
    let call = bench.machine.submit_acquire(bench.now, acquire("x"), key, None).unwrap();
    bench.abandon(call);
    bench.open_session();
    let (id, op) = bench.sent_one();
    assert!(matches!(op, Op::CloseSession(_)), "{op:?}");
    bench.reply(id, Outcome::SessionClosed(proto::SessionClosed { holds: 0 }));
    assert!(bench.machine.sessions.is_empty() && bench.machine.calls.is_empty());
}

#[test]
fn what_is_dropped_after_it_was_sent_is_cancelled_and_its_number_kept_until_then() {
    let mut bench = Bench::up();
    let (key, call) = bench.acquire("x");
    bench.open_session();
    let (acquire_id, op) = bench.sent_one();
    assert_eq!((number_of(&op).seq, number_of(&op).answered_below), (1, 1));
    bench.abandon(call);
    let (cancel_id, seq) = cancelled(&mut bench);
    assert_eq!(seq, 1);

    bench.reply(acquire_id, granted(9));
    assert!(!bench.machine.sessions[&key].holds.contains_key(&9), "the cancel releases it");
    let (_, other) = bench.acquire("y");
    let (other_id, op) = bench.sent_one();
    assert_eq!((number_of(&op).seq, number_of(&op).answered_below), (3, 1));
    bench.reply(cancel_id, Outcome::Cancelled(proto::Cancelled { was_held: true }));
    bench.reply(other_id, granted(10));
    assert!(matches!(bench.outcome(other), Outcome::Granted(_)));
    bench.acquire("z");
    let (_, op) = bench.sent_one();
    assert_eq!((number_of(&op).seq, number_of(&op).answered_below), (4, 4));
}

#[test]
fn what_is_dropped_in_the_queue_is_cancelled_and_a_late_grant_means_nothing() {
    let mut bench = Bench::up();
    let (key, call) = bench.acquire("x");
    bench.open_session();
    bench.reply_to_acquire(queued());
    bench.abandon(call);
    let (_, seq) = cancelled(&mut bench);
    let grants = vec![grant(9)];
    bench.tell(What::Granted(proto::Granted { session: SESSION, seq, grants }));
    assert!(!bench.machine.sessions[&key].holds.contains_key(&9));
}

#[test]
fn what_is_dropped_between_the_grant_and_the_guard_is_released() {
    let mut bench = Bench::up();
    let (key, call) = bench.acquire("x");
    bench.open_session();
    bench.reply_to_acquire(granted(9));
    bench.abandon(call);
    let (_, op) = bench.sent_one();
    assert!(matches!(&op, Op::Release(release) if release.hold == Some(hold(9))), "{op:?}");
    assert!(bench.machine.sessions[&key].holds.is_empty());
}

#[test]
fn a_cancel_is_sent_again_over_the_next_connection_and_the_request_is_not() {
    let mut bench = Bench::up();
    let (_, call) = bench.acquire("x");
    bench.open_session();
    bench.sent_one();
    bench.disconnect();
    bench.abandon(call);
    bench.connect();
    let sent = bench.attached(&[]);
    assert!(matches!(&sent[..], [(_, Op::Cancel(cancel))] if cancel.seq == 1), "{sent:?}");
}

#[test]
fn a_release_goes_on_when_its_asker_is_gone() {
    let (mut bench, key) = Bench::holding(7);
    let call = bench.release(7, key);
    bench.abandon(call);
    let first = bench.sent_one();
    bench.disconnect();
    bench.pass(CONNECT_TIMEOUT);
    bench.connect();
    let again = bench.attached(&[7]);
    let [(id, op)] = &again[..] else { panic!("{again:?}") };
    assert_eq!((*id, number_of(op).seq), (first.0, number_of(&first.1).seq));
    bench.reply(*id, Outcome::Released(proto::Released::default()));
    assert!(!bench.machine.calls.contains_key(&call));
}

#[test]
fn a_release_that_was_not_sent_yet_goes_on_when_its_asker_is_gone() {
    let (mut bench, key) = Bench::holding(7);
    bench.disconnect();
    let call = bench.release(7, key);
    bench.abandon(call);
    bench.connect();
    let sent = bench.attached(&[7]);
    assert!(matches!(&sent[..], [(_, Op::Release(_))]), "{sent:?}");
}

#[test]
fn a_question_that_nobody_asks_any_more_is_not_sent() {
    let mut bench = Bench::down();
    let call = bench.ask(Op::GetServerInfo(proto::GetServerInfo {}), Purpose::Ask, None);
    bench.abandon(call);
    bench.connect();
    assert_eq!(bench.sent(), []);
}

fn upgrade(token: u64) -> Op {
    let wait = Some(proto::Wait { how: Some(proto::wait::How::Forever(true)) });
    Op::Upgrade(proto::Upgrade { request: None, hold: Some(hold(token)), wait })
}

#[test]
fn an_upgrade_that_is_dropped_in_flight_ends_its_hold_before_the_cancel_leaves() {
    let (mut bench, key) = Bench::holding(7);
    let call = bench.machine.submit_acquire(bench.now, upgrade(7), key, None).unwrap();
    let (id, _) = bench.sent_one();
    bench.abandon(call);
    assert_eq!(bench.lost(key, 7), Some(LostReason::Cancelled));
    assert_eq!(cancelled(&mut bench).1, 2);
    bench.reply(id, granted(8));
    assert!(!bench.machine.sessions[&key].holds.contains_key(&8));
}

#[test]
fn an_upgrade_that_was_never_sent_leaves_its_hold_alone() {
    let (mut bench, key) = Bench::holding(7);
    bench.disconnect();
    let call = bench.machine.submit_acquire(bench.now, upgrade(7), key, None).unwrap();
    bench.abandon(call);
    assert_eq!(bench.lost(key, 7), None);
}

#[test]
fn an_upgrade_that_is_given_up_in_doubt_ends_its_hold() {
    let (mut bench, key) = Bench::holding(7);
    let call = bench.machine.submit_acquire(bench.now, upgrade(7), key, None).unwrap();
    bench.disconnect();
    bench.pass(CONNECT_TIMEOUT);
    assert_eq!(bench.failure(call).kind, ErrorKind::OutcomeUnknown);
    assert_eq!(bench.lost(key, 7), Some(LostReason::Cancelled));
}

#[test]
fn the_answer_to_an_upgrade_ends_the_hold_that_it_exchanged() {
    let (mut bench, key) = Bench::holding(7);
    let call = bench.machine.submit_acquire(bench.now, upgrade(7), key, None).unwrap();
    let (id, _) = bench.sent_one();
    bench.reply(id, granted(8));
    assert_eq!(bench.lost(key, 7), Some(LostReason::Upgraded));
    // Dropped before it was looked at: the new one is given back.
    bench.abandon(call);
    assert!(matches!(bench.sent_one().1, Op::Release(release) if release.hold == Some(hold(8))));
}

#[test]
fn what_is_left_of_several_is_cancelled_when_some_of_them_have_ended() {
    let mut bench = Bench::up();
    let key = bench.machine.session_for(bench.now, None);
    let many = Op::AcquireMany(proto::AcquireMany::default());
    let call = bench.machine.submit_acquire(bench.now, many, key, None).unwrap();
    bench.open_session();
    let (id, _) = bench.sent_one();
    bench.reply(id, refused(ErrorCode::NotHolder));
    assert_eq!(bench.failure(call).kind, ErrorKind::NotHolder);
    assert_eq!(cancelled(&mut bench).1, 1);
}
