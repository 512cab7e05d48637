//! Requests, their bounds, and servers that say no.

use super::*;
use crate::backend::Wait;
use crate::native::acquire::wait_of;
use crate::native::limits::{PAUSE_MAX, REQUESTS_MAX, REQUESTS_SENT_MAX, WATCH_CHANGES_MAX};

fn question() -> Op {
    Op::GetServerInfo(proto::GetServerInfo {})
}

#[test]
fn the_first_acquire_opens_the_session_that_all_share() {
    let mut bench = Bench::up();
    let (first, _) = bench.acquire("x");
    let (second, _) = bench.acquire("y");
    assert_eq!(first, second);
    bench.open_session();
    let sent = bench.sent();
    assert!(matches!(&sent[..], [(_, Op::Acquire(_)), (_, Op::Acquire(_))]), "{sent:?}");
}

#[test]
fn a_session_that_is_refused_fails_what_waits_for_it() {
    let mut bench = Bench::up();
    let (_, call) = bench.acquire("x");
    let (id, _) = bench.sent_one();
    bench.reply(id, refused(ErrorCode::LimitExceeded));
    let failure = bench.failure(call);
    assert_eq!(failure.kind, ErrorKind::LimitExceeded);
    assert_eq!(failure.message, "could not do that: it is a test");
    assert!(bench.machine.sessions.is_empty());
    bench.acquire("x");
    assert!(matches!(bench.sent_one().1, Op::OpenSession(_)));
}

#[test]
fn a_draining_server_is_asked_again_and_given_up_as_unavailable() {
    let (mut bench, _) = Bench::holding(7);
    let (_, call) = bench.acquire("x");
    let started = bench.now;
    bench.reply_to_acquire(refused(ErrorCode::Draining));
    while bench.now.since(started) < CONNECT_TIMEOUT {
        assert!(bench.poll(call).is_pending());
        assert_eq!(bench.sent(), [], "not before the pause is over");
        bench.pass(PAUSE_MAX);
        for (id, op) in bench.sent() {
            match op {
                Op::KeepAlive(_) => {
                    let result = Some(proto::renewal::Result::DeadlineMs(90_000));
                    let renewals = vec![proto::Renewal { result }];
                    bench.reply(
                        id,
                        Outcome::KeptAlive(proto::KeptAlive { renewals, ended: vec![] }),
                    );
                }
                _ => bench.reply(id, refused(ErrorCode::Draining)),
            }
        }
    }
    assert_eq!(bench.failure(call).kind, ErrorKind::Unavailable);
}

#[test]
fn a_draining_server_is_left_if_there_are_others() {
    let (mut bench, key) = Bench::holding(7);
    bench.knows(&["there"]);
    let (_, call) = bench.acquire("x");
    bench.reply_to_acquire(refused(ErrorCode::Draining));
    assert!(bench.machine.hang_up.is_some());
    bench.disconnect();
    bench.connect();
    let again = bench.attached(&[7]);
    bench.reply(again[0].0, granted(8));
    assert!(matches!(bench.outcome(call), Outcome::Granted(_)));
    assert_eq!(bench.lost(key, 7), None);
}

#[test]
fn an_unknown_outcome_of_a_numbered_request_is_cleared_up_by_asking_again() {
    let (mut bench, _) = Bench::holding(7);
    let (_, call) = bench.acquire("x");
    let number = bench.reply_to_acquire(refused(ErrorCode::OutcomeUnknown));
    bench.pass(PAUSE_MAX);
    let again = bench.reply_to_acquire(granted(8));
    assert_eq!(again.seq, number.seq);
    assert!(matches!(bench.outcome(call), Outcome::Granted(_)));
}

#[test]
fn no_more_requests_are_sent_than_may_be_under_way() {
    let mut bench = Bench::up();
    for _ in 0..=REQUESTS_SENT_MAX {
        bench.ask(question(), Purpose::Ask, None);
    }
    let sent = bench.sent();
    assert_eq!(sent.len(), REQUESTS_SENT_MAX);
    bench.reply(sent[0].0, Outcome::ServerInfo(proto::ServerInfo::default()));
    assert_eq!(bench.sent().len(), 1);
}

#[test]
fn past_the_bound_of_requests_the_next_is_refused_unless_it_gives_a_hold_back() {
    let (mut bench, key) = Bench::holding(7);
    for _ in 0..REQUESTS_MAX {
        bench.ask(question(), Purpose::Ask, None);
    }
    let refused = bench.machine.submit(bench.now, question(), Purpose::Ask, None);
    assert_eq!(refused.map_err(|failure| failure.kind), Err(ErrorKind::LimitExceeded));
    bench.release(7, key);
}

#[test]
fn what_is_longer_than_a_server_allows_is_refused_here_with_the_bound() {
    let day = Duration::from_secs(24 * 60 * 60);
    assert!(wait_of(Wait::For(day)).is_ok());
    let failure = wait_of(Wait::For(2 * day)).expect_err("it is too long");
    assert_eq!(failure.kind, ErrorKind::Invalid);
    assert_eq!(failure.message, "a wait is at most 1d, not 2d");
}

#[test]
fn what_is_no_message_ends_the_connection() {
    let (mut bench, _) = Bench::holding(7);
    let mut garbage = BytesMut::from(&b"\x00\x00\x00\x03\xff\xff\xff"[..]);
    let error = bench.machine.handle_bytes(bench.now, &mut garbage).unwrap_err();
    assert!(error.starts_with("the server sent what is no message"), "{error}");
    let mut bench = Bench::up();
    let mut endless = BytesMut::from(&b"HTTP/1.1 400 Bad Request"[..]);
    let error = bench.machine.handle_bytes(bench.now, &mut endless).unwrap_err();
    assert!(error.starts_with("that is no Bramah server") && error.contains("at most"), "{error}");
}

#[test]
fn a_reply_to_no_request_ends_the_connection_with_the_servers_words() {
    let mut bench = Bench::up();
    let outcome = Some(refused(ErrorCode::UnsupportedVersion));
    let message = proto::message::Kind::Reply(proto::Reply { outcome, ..Default::default() });
    let mut bytes = BytesMut::new();
    frame::put_frame(&proto::Message { kind: Some(message) }, &mut bytes).unwrap();
    let error = bench.machine.handle_bytes(bench.now, &mut bytes).unwrap_err();
    assert_eq!(error, "the server could not do that: it is a test");
}

#[test]
fn a_reentered_hold_is_one_hold_with_two_handles() {
    let (mut bench, key) = Bench::holding(7);
    let (_, call) = bench.acquire("held");
    bench.reply_to_acquire(granted(7));
    bench.outcome(call);
    assert_eq!(bench.machine.sessions[&key].holds[&7].handles, 2);
    bench.machine.drop_handle(bench.now, key, 7, true);
    assert_eq!(bench.machine.sessions[&key].holds[&7].handles, 1);
    bench.machine.drop_handle(bench.now, key, 7, true);
    assert!(bench.machine.sessions[&key].holds.is_empty());
}

#[test]
fn a_watch_whose_reader_is_too_slow_starts_again() {
    let mut bench = Bench::up();
    let id = bench.ask(Op::Watch(proto::Watch::default()), Purpose::Ask, None);
    bench.machine.watches.insert(id, Default::default());
    bench.sent_one();
    bench.reply(id, Outcome::WatchStarted(proto::WatchStarted::default()));
    for revision in 0..=WATCH_CHANGES_MAX as u64 {
        assert!(!bench.machine.watches[&id].is_stale, "at {revision}");
        let what = Some(What::Changed(proto::Changed::default()));
        let event = proto::Event { revision, now_ms: 0, watch_id: id, what };
        bench.receive(proto::message::Kind::Event(event));
    }
    assert!(bench.machine.watches[&id].is_stale);
    let (_, op) = bench.sent_one();
    assert!(matches!(&op, Op::Unwatch(unwatch) if unwatch.watch_id == id), "{op:?}");
}
