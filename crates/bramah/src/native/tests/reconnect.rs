//! What is asked again over the next connection, and what cannot be.

use super::*;
use crate::native::limits::REQUESTS_SENT_MAX;

#[test]
fn a_lost_reply_is_asked_for_again_by_the_same_number_after_the_session_came_over() {
    let mut bench = Bench::up();
    let (key, call) = bench.acquire("x");
    bench.open_session();
    let (id, op) = bench.sent_one();
    bench.disconnect();
    assert!(bench.poll(call).is_pending());
    bench.connect();
    let again = bench.attached(&[]);
    assert_eq!(again, [(id, op)]);
    bench.reply(id, granted(7));
    bench.reply(id, granted(7));
    assert!(matches!(bench.outcome(call), Outcome::Granted(_)));
    assert_eq!(
        bench.machine.sessions[&key].holds[&7].handles, 1,
        "the second answer means nothing"
    );
}

#[test]
fn a_place_in_the_queue_is_found_again() {
    let mut bench = Bench::up();
    let (_, call) = bench.acquire("x");
    bench.open_session();
    let number = bench.reply_to_acquire(queued());
    let (_, other) = bench.acquire("y");
    let other_number = bench.reply_to_acquire(granted(3));
    assert_eq!(other_number.answered_below, 2, "being queued is an answer");
    bench.outcome(other);

    bench.disconnect();
    bench.pass(CONNECT_TIMEOUT);
    assert!(bench.poll(call).is_pending(), "a wait outlives its connection");
    bench.connect();
    let again = bench.attached(&[3]);
    let [(id, op)] = &again[..] else { panic!("{again:?}") };
    assert_eq!(number_of(op).seq, number.seq);
    assert!(number_of(op).answered_below <= number.seq);
    bench.reply(*id, queued());
    let grants = vec![grant(9)];
    bench.tell(What::Granted(proto::Granted { session: SESSION, seq: number.seq, grants }));
    assert!(matches!(bench.outcome(call), Outcome::Granted(_)));
}

#[test]
fn a_wait_that_ended_unseen_goes_on_under_a_new_number_for_what_is_left_of_it() {
    let mut bench = Bench::up();
    let (_, call) = bench.acquire_within("x", Some(Duration::from_secs(8)));
    bench.open_session();
    let number = bench.reply_to_acquire(queued());
    bench.disconnect();
    bench.pass(Duration::from_secs(5));
    bench.connect();
    let again = bench.attached(&[]);
    bench.reply(again[0].0, refused(ErrorCode::RequestStale));
    let (id, op) = bench.sent().pop().expect("it asks again");
    assert_eq!(number_of(&op).seq, number.seq + 1);
    let Op::Acquire(acquire) = op else { panic!("{op:?}") };
    let how = acquire.wait.and_then(|wait| wait.how);
    assert_eq!(how, Some(proto::wait::How::ForMs(3_000)));
    bench.reply(id, Outcome::Busy(proto::Busy::default()));
    assert!(matches!(bench.outcome(call), Outcome::Busy(_)));
}

#[test]
fn a_wait_that_a_server_saw_no_end_of_is_asked_for_again_under_its_number() {
    let mut bench = Bench::up();
    let (key, call) = bench.acquire("x");
    bench.open_session();
    let number = bench.reply_to_acquire(queued());
    let session = SESSION;
    let how = Some(proto::wait_ended::How::Cancelled(true));
    bench.tell(What::WaitEnded(proto::WaitEnded { session, seq: number.seq, how }));
    let (id, op) = bench.sent_one();
    assert_eq!(number_of(&op).seq, number.seq);
    assert!(bench.poll(call).is_pending());
    bench.reply(id, granted(9));
    assert!(matches!(bench.poll(call), Poll::Ready(Ok(_))));
    assert_eq!(bench.lost(key, 9), None);
}

#[test]
fn a_session_is_kept_alive_once_it_is_known_what_of_it_is_still_held() {
    let (mut bench, key) = Bench::holding(7);
    bench.disconnect();
    bench.pass(TTL / 2);
    bench.connect();
    bench.pass(TTL / 6);
    let mut sent = bench.sent();
    assert!(matches!(&sent[..], [(_, Op::AttachSession(_))]), "{sent:?}");
    let attached = proto::SessionAttached { ttl_ms: 10_000, ..Default::default() };
    bench.reply(sent.remove(0).0, Outcome::SessionAttached(attached));
    assert!(bench.lost(key, 7).is_some(), "it is not held any more");
    bench.pass(Duration::from_millis(1));
    let sent = bench.sent();
    assert!(matches!(&sent[..], [(_, Op::KeepAlive(_))]), "{sent:?}");
}

#[test]
fn a_wait_that_is_over_while_nobody_can_be_asked_is_of_unknown_outcome_and_cancelled() {
    let mut bench = Bench::up();
    let (_, call) = bench.acquire_within("x", Some(Duration::from_secs(8)));
    bench.open_session();
    bench.reply_to_acquire(queued());
    bench.disconnect();
    bench.pass(Duration::from_secs(7));
    assert!(bench.poll(call).is_pending());
    bench.pass(Duration::from_secs(1));
    let failure = bench.failure(call);
    assert_eq!(failure.kind, ErrorKind::OutcomeUnknown);
    assert!(failure.message.contains("the cable was cut"), "{}", failure.message);
    bench.connect();
    let sent = bench.attached(&[]);
    assert!(matches!(&sent[..], [(_, Op::Cancel(cancel))] if cancel.seq == 1), "{sent:?}");
}

#[test]
fn what_was_never_sent_fails_as_unavailable_after_the_connect_timeout() {
    let mut bench = Bench::down();
    let (_, call) = bench.acquire("x");
    bench.machine.handle_disconnected(bench.now, "nobody is there");
    bench.pass(CONNECT_TIMEOUT - Duration::from_millis(1));
    assert!(bench.poll(call).is_pending());
    bench.pass(Duration::from_millis(1));
    let failure = bench.failure(call);
    assert_eq!(failure.kind, ErrorKind::Unavailable);
    assert_eq!(failure.message, "here: nobody is there");
    assert!(bench.machine.sessions.is_empty() && bench.machine.calls.is_empty());
}

#[test]
fn what_was_sent_and_cannot_be_asked_again_in_time_is_of_unknown_outcome_and_cancelled() {
    let mut bench = Bench::up();
    let (_, call) = bench.acquire("x");
    bench.open_session();
    bench.sent_one();
    bench.disconnect();
    bench.pass(CONNECT_TIMEOUT);
    assert_eq!(bench.failure(call).kind, ErrorKind::OutcomeUnknown);
    bench.connect();
    let sent = bench.attached(&[]);
    let [(_, Op::Cancel(cancel))] = &sent[..] else { panic!("{sent:?}") };
    assert_eq!(cancel.seq, 1);
    assert_eq!(cancel.request.map(|number| number.answered_below), Some(1));
}

#[test]
fn trouble_before_the_queue_does_not_count_in_it() {
    let mut bench = Bench::down();
    let (_, call) = bench.acquire("x");
    bench.connect();
    bench.open_session();
    bench.reply_to_acquire(queued());
    bench.disconnect();
    bench.pass(CONNECT_TIMEOUT);
    assert!(bench.poll(call).is_pending());
}

#[test]
fn a_new_connection_has_room_for_all_that_the_old_one_had() {
    let mut bench = Bench::up();
    for _ in 0..REQUESTS_SENT_MAX {
        bench.ask(Op::GetServerInfo(proto::GetServerInfo {}), Purpose::Ask, None);
    }
    assert_eq!(bench.sent().len(), REQUESTS_SENT_MAX);
    bench.disconnect();
    bench.connect();
    assert_eq!(bench.sent().len(), REQUESTS_SENT_MAX);
}

#[test]
fn an_act_outside_of_a_session_is_not_repeated_and_a_question_is() {
    let mut bench = Bench::up();
    let act = bench.ask(Op::Revoke(proto::Revoke::default()), Purpose::Act, None);
    let question = bench.ask(Op::GetServerInfo(proto::GetServerInfo {}), Purpose::Ask, None);
    assert_eq!(bench.sent().len(), 2);
    bench.disconnect();
    assert_eq!(bench.failure(act).kind, ErrorKind::OutcomeUnknown);
    bench.connect();
    let (id, op) = bench.sent_one();
    assert!(matches!(op, Op::GetServerInfo(_)), "{op:?}");
    bench.reply(id, Outcome::ServerInfo(proto::ServerInfo::default()));
    assert!(matches!(bench.outcome(question), Outcome::ServerInfo(_)));
}

#[test]
fn a_hold_that_the_server_names_no_more_is_lost() {
    let (mut bench, key) = Bench::holding(7);
    bench.acquire("y");
    bench.reply_to_acquire(granted(8));
    bench.disconnect();
    assert_eq!(bench.lost(key, 7), None);
    bench.connect();
    bench.attached(&[8]);
    assert_eq!(bench.lost(key, 7), Some(LostReason::EndedUnseen));
    assert_eq!(bench.lost(key, 8), None);
}

#[test]
fn all_pages_of_an_attach_count() {
    let (mut bench, key) = Bench::holding(7);
    bench.acquire("y");
    bench.reply_to_acquire(granted(8));
    bench.disconnect();
    bench.connect();
    let mut sent = bench.sent();
    let more = proto::SessionAttached { holds: vec![grant(7)], more: true, ..Default::default() };
    bench.reply(sent.remove(0).0, Outcome::SessionAttached(more));
    let (id, op) = bench.sent_one();
    assert!(matches!(&op, Op::AttachSession(attach) if attach.after == 7), "{op:?}");
    let rest = proto::SessionAttached { holds: vec![grant(8)], ..Default::default() };
    bench.reply(id, Outcome::SessionAttached(rest));
    assert_eq!((bench.lost(key, 7), bench.lost(key, 8)), (None, None));
}

#[test]
fn a_session_that_ended_meanwhile_takes_its_holds_and_waits_along() {
    let (mut bench, key) = Bench::holding(7);
    let (_, call) = bench.acquire("y");
    bench.reply_to_acquire(queued());
    bench.disconnect();
    bench.connect();
    let sent = bench.sent();
    bench.reply(sent[0].0, refused(ErrorCode::SessionExpired));
    assert_eq!(bench.lost(key, 7), Some(LostReason::Expired { renewed_ago: None }));
    assert_eq!(bench.failure(call).kind, ErrorKind::SessionEnded);
    bench.acquire("z");
    assert!(matches!(bench.sent_one().1, Op::OpenSession(_)), "the next acquire opens another");
}

#[test]
fn a_session_that_lives_as_its_connection_is_lost_with_it() {
    let mut bench = Bench::down();
    bench.machine.shared_terms.release_on_disconnect = true;
    bench.connect();
    let (key, _) = bench.acquire("x");
    bench.open_session();
    bench.reply_to_acquire(granted(7));
    bench.disconnect();
    assert_eq!(bench.lost(key, 7), Some(LostReason::Disconnected));
    bench.connect();
    assert_eq!(bench.sent(), []);
}

#[test]
fn watches_start_again() {
    let mut bench = Bench::up();
    let id = bench.ask(Op::Watch(proto::Watch::default()), Purpose::Ask, None);
    bench.machine.watches.insert(id, Default::default());
    bench.reply(id, Outcome::WatchStarted(proto::WatchStarted::default()));
    bench.disconnect();
    assert!(bench.machine.watches[&id].is_stale);
}

#[test]
fn a_watch_that_was_on_its_way_is_started_once() {
    let mut bench = Bench::up();
    let id = bench.ask(Op::Watch(proto::Watch::default()), Purpose::Ask, None);
    bench.machine.watches.insert(id, Default::default());
    bench.sent_one();
    bench.disconnect();
    bench.connect();
    assert!(matches!(bench.sent_one(), (again, Op::Watch(_)) if again == id));
    // Else another would be started, and the server would tell this one's changes to nobody.
    assert!(!bench.machine.watches[&id].is_stale);
}

#[test]
fn a_release_goes_on_under_its_number_when_its_asker_gives_up() {
    let (mut bench, key) = Bench::holding(7);
    let call = bench.release(7, key);
    let (_, op) = bench.sent_one();
    let number = number_of(&op).seq;
    bench.disconnect();
    bench.pass(CONNECT_TIMEOUT);
    let failure = bench.failure(call);
    assert_eq!(failure.kind, ErrorKind::OutcomeUnknown);
    assert_eq!(failure.effect, crate::error::Effect::Unknown);
    bench.connect();
    let sent = bench.attached(&[7]);
    assert!(matches!(&sent[..], [(_, op @ Op::Release(_))] if number_of(op).seq == number));
    bench.reply(sent[0].0, Outcome::Released(proto::Released::default()));
    assert!(!bench.machine.calls.contains_key(&sent[0].0));
}

#[test]
fn a_release_is_asked_again_when_the_servers_disk_is_full() {
    let (mut bench, key) = Bench::holding(7);
    let call = bench.release(7, key);
    let (id, _) = bench.sent_one();
    bench.reply(id, refused(ErrorCode::DiskFull));
    bench.pass(crate::native::limits::PAUSE_MAX);
    let (id, op) = bench.sent_one();
    assert!(matches!(op, Op::Release(_)), "{op:?}");
    bench.reply(id, Outcome::Released(proto::Released::default()));
    assert!(matches!(bench.outcome(call), Outcome::Released(_)));
}

#[test]
fn a_not_now_to_the_second_sending_says_nothing_of_the_first() {
    let mut bench = Bench::up();
    let (_, call) = bench.acquire("x");
    bench.open_session();
    let (_, op) = bench.sent_one();
    let number = number_of(&op).seq;
    bench.disconnect();
    bench.connect();
    let sent = bench.attached(&[]);
    assert!(matches!(&sent[..], [(_, op @ Op::Acquire(_))] if number_of(op).seq == number));
    bench.reply(sent[0].0, refused(ErrorCode::NoLeader));
    bench.disconnect();
    bench.pass(CONNECT_TIMEOUT);
    // The first may have been granted.
    assert_eq!(bench.failure(call).kind, ErrorKind::OutcomeUnknown);
    bench.connect();
    let sent = bench.attached(&[]);
    assert!(matches!(&sent[..], [(_, Op::Cancel(cancel))] if cancel.seq == number), "{sent:?}");
}

#[test]
fn a_not_now_to_the_only_sending_says_that_it_did_nothing() {
    let (mut bench, _) = Bench::holding(7);
    let (_, call) = bench.acquire("x");
    bench.reply_to_acquire(refused(ErrorCode::NoLeader));
    bench.disconnect();
    bench.pass(CONNECT_TIMEOUT);
    let failure = bench.failure(call);
    assert_eq!(failure.kind, ErrorKind::Unavailable);
    assert_eq!(failure.effect, crate::error::Effect::NotApplied);
}

#[test]
fn a_waiter_stays_one_when_a_full_disk_does_not_let_it_ask_again() {
    let mut bench = Bench::up();
    let (_, call) = bench.acquire("x");
    bench.open_session();
    bench.reply_to_acquire(queued());
    bench.disconnect();
    bench.connect();
    let sent = bench.attached(&[]);
    bench.reply(sent[0].0, refused(ErrorCode::DiskFull));
    assert!(bench.poll(call).is_pending());
    bench.pass(crate::native::limits::PAUSE_MAX);
    let again = bench.sent();
    let acquire = again.iter().find(|(_, op)| matches!(op, Op::Acquire(_)));
    bench.reply(acquire.expect("it asks again").0, granted(8));
    assert!(matches!(bench.outcome(call), Outcome::Granted(_)));
}

#[test]
fn a_lock_is_asked_for_when_the_session_has_come_over_and_whatever_else_at_once() {
    let (mut bench, key) = Bench::holding(7);
    bench.disconnect();
    bench.connect();
    bench.acquire("x");
    bench.release(7, key);
    let sent = bench.sent();
    let is_acquire = |(_, op): &(u64, Op)| matches!(op, Op::Acquire(_));
    assert!(!sent.iter().any(is_acquire), "its wait could end unheard: {sent:?}");
    assert!(sent.iter().any(|(_, op)| matches!(op, Op::Release(_))));
    let holds = vec![grant(7)];
    let attached = proto::SessionAttached { holds, ..Default::default() };
    bench.reply(sent[0].0, Outcome::SessionAttached(attached));
    assert!(bench.sent().iter().any(is_acquire));
}

#[test]
fn what_was_granted_before_the_session_came_over_and_ended_since_is_lost() {
    let (mut bench, key) = Bench::holding(7);
    let call = bench.machine.submit_acquire(bench.now, acquire("x"), key, None).unwrap();
    bench.reply_to_acquire(granted(8));
    assert!(matches!(bench.outcome(call), Outcome::Granted(_)));
    bench.disconnect();
    bench.connect();
    bench.attached(&[7]);
    assert_eq!(bench.lost(key, 7), None);
    assert_eq!(bench.lost(key, 8), Some(LostReason::EndedUnseen));
}
