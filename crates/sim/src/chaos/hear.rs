//! What a client heard, recognised by its bytes: whatever the log made of a call, put into the
//! words of the wire, is what may be answered to it.

use std::sync::Arc;

use bramah_core::{Event, Happening, LockView, Time, WaitEnd};
use bramah_node::{Notice, Reply, Unavailable, encode};
use bramah_wire::proto::message::Kind;
use bramah_wire::proto::{self, event, reply};
use bramah_wire::{ErrorCode, event as wire};

use crate::audit::Audit;
use crate::fact::CallNo;

/// The answer to a call that says just this; none if no right answer does.
pub(super) fn reply(audit: &Audit, call: CallNo, told: &proto::Reply) -> Option<Reply> {
    let (id, now) = (told.id, Time(told.now_ms));
    let message = proto::Message { kind: Some(Kind::Reply(told.clone())) };
    let says = |reply: &Reply| encode::reply(id, now, reply) == message;
    if let Some(reply::Outcome::KeptAlive(kept)) = &told.outcome {
        let results = (0..kept.renewals.len()).map(|place| {
            let says = |one: &&Result<Time, _>| {
                let alone = Reply::KeptAlive { renewals: vec![(*one).clone()], ended: Vec::new() };
                let alone = encode::reply(id, now, &alone);
                matches!(alone.kind, Some(Kind::Reply(proto::Reply {
                    outcome: Some(reply::Outcome::KeptAlive(alone)), ..
                })) if alone.renewals[..] == kept.renewals[place..=place])
            };
            audit.renewed(call, place).find(says).cloned()
        });
        let ended = kept.ended.iter().map(|told| {
            audit.ended().find(|ended| proto::HoldEnded::from(*ended) == *told).cloned()
        });
        return Some(Reply::KeptAlive {
            renewals: results.collect::<Option<_>>()?,
            ended: ended.collect::<Option<_>>()?,
        });
    }
    // There is a watch of that number on this connection, or none.
    audit.possible(call).chain([true, false].map(Reply::WatchEnded)).find(says)
}

/// An answer that says nothing of the table.
pub(super) fn excuse(told: &proto::Reply) -> Option<Reply> {
    let Some(reply::Outcome::Error(error)) = &told.outcome else { return None };
    Some(match ErrorCode::from_name(&error.code)? {
        ErrorCode::NoLeader => Reply::Unavailable(Unavailable::NoLeader),
        ErrorCode::Draining => Reply::Unavailable(Unavailable::Draining),
        ErrorCode::DiskFull => Reply::Unavailable(Unavailable::DiskFull),
        ErrorCode::TooManyRequests => Reply::Unavailable(Unavailable::Overloaded),
        ErrorCode::OutcomeUnknown => Reply::OutcomeUnknown,
        _ => return None,
    })
}

/// Of which change news are; none if they are of none.
pub(super) fn revision(told: &proto::Event) -> Option<u64> {
    let is_change =
        !matches!(told.what, None | Some(event::What::Draining(_) | event::What::WatchLagged(_)));
    is_change.then_some(told.revision)
}

/// The news that say just this; none if that is not what happened.
pub(super) fn notice(change: Option<(&Event, &[LockView])>, told: &proto::Event) -> Option<Notice> {
    let (now, watch_id) = (Time(told.now_ms), told.watch_id);
    let message = proto::Message { kind: Some(Kind::Event(told.clone())) };
    if matches!(told.what, Some(event::What::WatchLagged(_))) {
        return Some(Notice::WatchLagged { watch_id, revision: told.revision });
    }
    let (happened, locks) = change?;
    if watch_id == 0 {
        let (_, right) = wire::to_session(now, happened)?;
        return (right == message).then(|| Notice::Session(happened.clone()));
    }
    let event = Arc::new(happened.clone());
    let notices = locks.iter().map(|lock| Notice::Change {
        watch_id,
        event: event.clone(),
        lock: Arc::new(lock.clone()),
    });
    let mut notices =
        notices.filter(|notice| encode::notice(now, notice).as_ref() == Some(&message));
    notices.next()
}

/// The news of what a client missed while its member got a snapshot, told at the revision of that.
pub(super) fn missed(audit: &Audit, told: &proto::Event) -> Option<Notice> {
    let (now, revision) = (Time(told.now_ms), told.revision);
    let message = proto::Message { kind: Some(Kind::Event(told.clone())) };
    let tellings = audit.past().flat_map(|happened| {
        // How a wait ended that is asked for again is not told.
        let asks_again = match &happened.what {
            Happening::Granted { session, seq, grants, .. } => {
                let names = grants.iter().map(|grant| grant.name.clone()).collect();
                Some((*session, *seq, names))
            }
            Happening::WaitEnded { session, seq, names, .. } => {
                Some((*session, *seq, names.clone()))
            }
            _ => None,
        };
        let asks_again = asks_again.map(|(session, seq, names)| Happening::WaitEnded {
            session,
            seq,
            names,
            reason: WaitEnd::Cancelled,
        });
        [Some(happened.what.clone()), asks_again]
    });
    let mut events = tellings.flatten().map(|what| Event { revision, what });
    let is_it =
        |event: &Event| wire::to_session(now, event).is_some_and(|(_, telling)| telling == message);
    events.find(is_it).map(Notice::Session)
}
