use std::sync::Arc;

use bramah_core::{
    EndReason, Ended, FencingToken, Grant, Key, LockName, LockView, Outcome, Owner, Refusal,
    SessionGrants, SessionView, Time, Value, Verdict, limits,
};
use bramah_wire::frame::{FRAME_BYTES_MAX, put_frame};
use bramah_wire::proto::message::Kind;
use bramah_wire::proto::reply::Outcome as Reply;
use bramah_wire::request::KEEP_ALIVE_SESSIONS_MAX;
use bramah_wire::{answer, event, listing, proto, reply};
use bytes::BytesMut;
use proptest::prelude::*;
use prost::Message as _;

use crate::{any, samples};

const NOW: Time = Time(100_000);

fn outcome_of(message: proto::Message) -> Reply {
    match message.kind {
        Some(Kind::Reply(reply)) => {
            assert_eq!((reply.id, reply.now_ms), (7, NOW.0));
            reply.outcome.unwrap()
        }
        other => panic!("{other:?}"),
    }
}

proptest! {
    #[test]
    fn a_grant_comes_back_as_it_was_told(grant in any::grant()) {
        prop_assert_eq!(Grant::try_from(&proto::Grant::from(&grant)), Ok(grant));
    }

    #[test]
    fn a_busy_answer_comes_back_as_it_was_told(busy in any::busy()) {
        let back = answer::busy(&proto::Busy::from(&busy), busy.now);
        prop_assert_eq!(back, Ok(busy));
    }

    #[test]
    fn an_end_comes_back_as_it_was_told(reason in any::end_reason()) {
        prop_assert_eq!(EndReason::try_from(&proto::End::from(&reason)), Ok(reason));
    }

    #[test]
    fn an_ended_hold_comes_back_as_it_was_told(ended in any::ended()) {
        prop_assert_eq!(Ended::try_from(&proto::Ended::from(&ended)), Ok(ended));
    }

    #[test]
    fn every_outcome_becomes_a_reply_that_fits_a_frame(outcome in any::outcome()) {
        let message = reply::reply(7, NOW, &outcome);
        prop_assert!(message.encoded_len() <= FRAME_BYTES_MAX);
        let refused = matches!(outcome, Outcome::Refused(_));
        prop_assert_eq!(matches!(outcome_of(message), Reply::Error(_)), refused);
    }
}

#[test]
fn listings_come_back_as_they_were_told() {
    let view = samples::lock_view();
    assert_eq!(LockView::try_from(&proto::Lock::from(&view)), Ok(view));
    let view = samples::session_view();
    assert_eq!(SessionView::try_from(&proto::Session::from(&view)), Ok(view));
    let verdict =
        Verdict { held: true, newest: Some(FencingToken(9)), ended: Some(EndReason::MaxHold) };
    let Reply::Verdict(told) = outcome_of(reply::verdict(7, NOW, &verdict)) else { panic!() };
    assert_eq!(Verdict::try_from(&told), Ok(verdict));
}

#[test]
fn what_a_newer_server_says_is_an_error_and_no_guess() {
    let mut grant = proto::Grant::from(&samples::grant());
    grant.mode = 9;
    assert!(Grant::try_from(&grant).is_err());
    let end = proto::End { reason: "eaten".to_owned(), ..Default::default() };
    assert!(EndReason::try_from(&end).is_err());
}

#[test]
fn a_listing_ends_at_the_number_asked_for_and_says_so() {
    let list = |available, len_max| {
        let locks = vec![samples::lock_view(); available];
        match outcome_of(listing::lock_list(7, NOW, 77, locks.into_iter(), len_max)) {
            Reply::LockList(list) => (list.locks.len(), list.more, list.revision),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(list(2, 3), (2, false, 77));
    assert_eq!(list(3, 3), (3, false, 77));
    assert_eq!(list(4, 3), (3, true, 77));
}

#[test]
fn nothing_that_a_full_table_says_is_longer_than_a_frame() {
    let owner = Arc::new(Owner { reason: "x".repeat(limits::OWNER_BYTES_MAX), ..Owner::default() });
    let name = LockName::new(&"n".repeat(limits::NAME_BYTES_MAX)).unwrap();
    let by: Arc<str> = "y".repeat(limits::OWNER_BYTES_MAX).into();
    let end = EndReason::Revoked { by };
    let value = Value::new(&vec![1; limits::VALUE_BYTES_MAX]).ok();

    let mut view = LockView { name: name.clone(), ..samples::lock_view() };
    view.holders[0].owner = owner.clone();
    view.holders[0].value = value;
    view.waiters[0].owner = owner.clone();
    view.holders = vec![view.holders[0].clone(); limits::HOLDERS_SHOWN_MAX];
    view.holders_total = 20_000;
    view.waiters = vec![view.waiters[0].clone(); limits::LOCK_WAITERS_MAX];
    let lock = listing::lock(7, NOW, &name, Some(&view));
    let Reply::Lock(told) = outcome_of(lock.clone()) else { panic!("{lock:?}") };
    assert_eq!((told.holders.len(), told.holders_total), (1, 20_000));
    let event = samples::events().remove(0).1;
    let views = || std::iter::repeat_n(view.clone(), 20);

    let ended =
        Ended { name: name.clone(), owner: owner.clone(), reason: end.clone(), ..samples::ended() };
    let session = SessionView { owner, ..samples::session_view() };
    let grant = Grant { name, mode: bramah_core::Mode::Exclusive, ..samples::grant() };
    let held = |token| Grant {
        hold: bramah_core::HoldId { token: FencingToken(token), key: Key(1) },
        ..grant.clone()
    };
    let grants = SessionGrants {
        ttl: samples::ttl(),
        deadline: Time(u64::MAX),
        holds: (1..=limits::SESSION_HOLDS_MAX as u64).map(held).collect(),
        ended: vec![ended.clone(); limits::SESSION_ENDED_SHOWN_MAX],
    };
    let attached = reply::attached(7, NOW, &grants, FencingToken(5));
    let Reply::SessionAttached(told) = outcome_of(attached.clone()) else { panic!() };
    assert_eq!(told.holds[0].hold.unwrap().number, 6);
    assert!(told.more && told.ended.len() == limits::SESSION_ENDED_SHOWN_MAX);

    let refused = Err(Refusal::SessionEnded { at: Time(0), reason: end });
    let messages = [
        lock,
        attached,
        event::changes(&event)[0].message(7, NOW, Some(&view)),
        listing::lock_list(7, NOW, 77, views(), 1_000),
        listing::watch_started(7, NOW, 77, views(), 1_000),
        listing::session_list(7, NOW, std::iter::repeat_n(session, 2_000), 2_000),
        listing::history(7, NOW, std::iter::repeat_n(&ended, 2_000), 2_000),
        reply::session(7, NOW, &grants, FencingToken(5)),
        reply::kept_alive(
            7,
            NOW,
            &vec![refused; KEEP_ALIVE_SESSIONS_MAX],
            &vec![ended.clone(); 1_024],
        ),
        reply::reply(7, NOW, &Outcome::Granted(vec![grant.clone(); limits::MANY_ITEMS_MAX])),
        reply::reply(7, NOW, &Outcome::Revoked { tokens: vec![FencingToken(u64::MAX); 1_000_000] }),
    ];
    for (index, message) in messages.iter().enumerate() {
        let put = put_frame(message, &mut BytesMut::new());
        assert!(put.is_ok(), "message {index}: {put:?}");
    }
}

#[test]
fn a_session_is_told_what_it_does_not_know_from_its_replies() {
    let told: Vec<_> = samples::events()
        .into_iter()
        .filter(|(_, event)| {
            let told = event::to_session(NOW, event);
            assert!(told.as_ref().is_none_or(|(session, _)| *session == samples::session().id));
            told.is_some()
        })
        .map(|(name, _)| name)
        .collect();
    assert_eq!(
        told,
        [
            "granted_after_waiting",
            "hold_ended",
            "wait_timed_out",
            "wait_cancelled",
            "wait_session_ended",
            "wait_hold_ended",
            "session_ended"
        ]
    );
}

#[test]
fn a_change_is_told_of_each_lock_it_concerns() {
    let told: Vec<_> = samples::events()
        .iter()
        .flat_map(|(_, event)| {
            let changes = event::changes(event);
            changes.iter().map(|c| (c.kind, c.name.to_string())).collect::<Vec<_>>()
        })
        .map(|(kind, name)| format!("{kind} {name}"))
        .collect();
    let mut expected = vec!["granted billing/close"; 4];
    expected.extend(["ended a", "queued a"]);
    expected.extend(["wait_ended a", "wait_ended b"].repeat(4));
    expected.extend(["value_set a", "downgraded a"]);
    assert_eq!(told, expected);
}
