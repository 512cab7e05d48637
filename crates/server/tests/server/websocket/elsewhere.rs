//! Keepalives of a session whose news go to another connection.

use bramah_wire::proto::reply::Outcome;
use bramah_wire::proto::request::Op;
use bramah_wire::proto::{self, Handle};

use super::over_all_transports;
use super::speaker::Speaker;
use super::transport::Transport;
use crate::running::Running;

over_all_transports! {
    a_keepalive_from_elsewhere_is_told_what_ended_and_the_own_one_hears_it_as_news,
    a_session_that_is_attached_again_or_looked_at_is_told_what_ended_meanwhile,
}

fn reasons(ended: &[proto::HoldEnded]) -> Vec<(u64, &str)> {
    ended
        .iter()
        .map(|it| (it.token, it.end.as_ref().map_or("", |end| end.reason.as_str())))
        .collect()
}

fn keep_alive<T: Transport>(by: &mut Speaker<T>, session: Handle) -> Vec<proto::HoldEnded> {
    match by.ask(Op::KeepAlive(proto::KeepAlive { sessions: vec![session] })) {
        Outcome::KeptAlive(kept) => {
            let renewed = kept.renewals.first().and_then(|it| it.result.as_ref());
            assert!(matches!(renewed, Some(proto::renewal::Result::DeadlineMs(_))), "{kept:?}");
            kept.ended
        }
        other => panic!("not kept alive: {other:?}"),
    }
}

fn revoke<T: Transport>(by: &mut Speaker<T>, name: &str) {
    let revoke = proto::Revoke {
        name: name.to_owned(),
        by: "ops".to_owned(),
        wait_for_deadline: true,
        ..Default::default()
    };
    assert!(matches!(by.ask(Op::Revoke(revoke)), Outcome::Revoked(_)));
}

fn a_keepalive_from_elsewhere_is_told_what_ended_and_the_own_one_hears_it_as_news<T: Transport>() {
    let server = Running::in_memory();
    let mut own = Speaker::<T>::new(server.address());
    let mut other = Speaker::<T>::new(server.address());
    let (revoked, released) = (own.take("revoked"), own.take("released"));
    own.take("stays");
    assert_eq!(keep_alive(&mut other, own.session), []);
    revoke(&mut other, "revoked");
    other.give_back_by_id(released);
    let ended = keep_alive(&mut other, own.session);
    let expected = [(released.number, "released"), (revoked.number, "revoked")];
    assert_eq!(reasons(&ended), expected);
    assert_eq!((ended[1].name.as_str(), ended[1].session), ("revoked", own.session.number));
    let session = own.session;
    assert_eq!(keep_alive(&mut own, session), []);
}

fn a_session_that_is_attached_again_or_looked_at_is_told_what_ended_meanwhile<T: Transport>() {
    let server = Running::in_memory();
    let mut own = Speaker::<T>::new(server.address());
    let mut other = Speaker::<T>::new(server.address());
    let (revoked, stays) = (own.take("revoked"), own.take("stays"));
    revoke(&mut other, "revoked");
    let handle = own.session;
    let session = Some(handle);
    drop(own);
    for stale in [false, true] {
        let told = match other.ask(Op::GetSession(proto::GetSession { session, after: 0, stale })) {
            Outcome::Session(told) => told,
            other => panic!("no session: {other:?}"),
        };
        let attached =
            match other.ask(Op::AttachSession(proto::AttachSession { session, after: 0 })) {
                Outcome::SessionAttached(attached) => attached,
                other => panic!("not attached: {other:?}"),
            };
        for told in [told, attached] {
            assert_eq!(told.holds.iter().map(|it| it.hold).collect::<Vec<_>>(), [Some(stays)]);
            assert_eq!(reasons(&told.ended), [(revoked.number, "revoked")]);
        }
    }
    let guess = Handle { key: 7, ..handle };
    let guess = proto::GetSession { session: Some(guess), ..Default::default() };
    match other.ask(Op::GetSession(guess)) {
        Outcome::Error(error) => assert_eq!(error.code, "session_unknown"),
        other => panic!("no error: {other:?}"),
    }
}
