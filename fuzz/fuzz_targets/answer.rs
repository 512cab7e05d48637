//! What a server says to a client, in protobuf.

#![no_main]

use bramah_core::{Ended, Grant, LockView, SessionView, Time, Verdict};
use bramah_wire::proto::message::Kind;
use bramah_wire::proto::reply::Outcome;
use bramah_wire::{Error, answer};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(message) = answer::message(bytes.to_vec().into()) else { return };
    let Some(Kind::Reply(reply)) = message.kind else { return };
    match reply.outcome {
        Some(Outcome::Error(error)) => drop(Error::from(error)),
        Some(Outcome::Granted(grants)) => {
            grants.grants.iter().for_each(|grant| drop(Grant::try_from(grant)));
        }
        Some(Outcome::Busy(busy)) => drop(answer::busy(&busy, Time(reply.now_ms))),
        Some(Outcome::Lock(lock)) => drop(LockView::try_from(&lock)),
        Some(Outcome::SessionList(list)) => {
            list.sessions.iter().for_each(|session| drop(SessionView::try_from(session)));
        }
        Some(Outcome::History(history)) => {
            history.ended.iter().for_each(|ended| drop(Ended::try_from(ended)));
        }
        Some(Outcome::Verdict(verdict)) => drop(Verdict::try_from(&verdict)),
        _ => {}
    }
});
