//! The node's words in the wire's, for whoever moves the bytes.

use bramah_core::Time;
use bramah_wire::{Error, ErrorCode, event, listing, proto, reply as wire};

use crate::reply::{Info, Listing, Notice, Reply, Unavailable};

/// The message that answers request `id` with what the node says.
#[must_use]
pub fn reply(id: u64, now: Time, reply: &Reply) -> proto::Message {
    match reply {
        Reply::Outcome(outcome) => wire::reply(id, now, outcome),
        Reply::KeptAlive { renewals, ended } => wire::kept_alive(id, now, renewals, ended),
        Reply::Attached { session, after } => wire::attached(id, now, session, *after),
        Reply::Session { session, after } => wire::session(id, now, session, *after),
        Reply::Lock { name, view } => listing::lock(id, now, name, view.as_deref()),
        Reply::Locks(Listing { revision, items, len_max }) => {
            listing::lock_list(id, now, *revision, items.iter().cloned(), *len_max)
        }
        Reply::Sessions(Listing { items, len_max, .. }) => {
            listing::session_list(id, now, items.iter().cloned(), *len_max)
        }
        Reply::History(Listing { items, len_max, .. }) => {
            listing::history(id, now, items.iter(), *len_max)
        }
        Reply::Verdict(verdict) => wire::verdict(id, now, verdict),
        Reply::WatchStarted(Listing { revision, items, len_max }) => {
            listing::watch_started(id, now, *revision, items.iter().cloned(), *len_max)
        }
        Reply::WatchEnded(true) => wire::watch_ended(id, now),
        Reply::WatchEnded(false) => {
            let text = "end the watch: this connection has none with that id";
            wire::error(id, now, &Error::new(ErrorCode::NotFound, text))
        }
        Reply::Info(info) => wire::server_info(id, now, server_info(info)),
        Reply::Unavailable(why) => wire::error(id, now, &unavailable(*why)),
        Reply::OutcomeUnknown => {
            let text = "tell whether it happened: the leader was lost meanwhile, \
                        ask again with the same request number";
            wire::error(id, now, &Error::new(ErrorCode::OutcomeUnknown, text))
        }
        // Whoever runs the node puts them in words of the cluster.
        Reply::Membership(_) | Reply::ChangeRefused(_) => {
            let text = "serve changes of the membership here";
            wire::error(id, now, &Error::new(ErrorCode::Unsupported, text))
        }
    }
}

/// The message for news; none if its connection need not hear of it.
#[must_use]
pub fn notice(now: Time, notice: &Notice) -> Option<proto::Message> {
    match notice {
        Notice::Session(event) => event::to_session(now, event).map(|(_, message)| message),
        Notice::Change { watch_id, event, lock } => {
            let change =
                event::changes(event).into_iter().find(|change| *change.name == lock.name)?;
            Some(change.message(*watch_id, now, Some(lock)))
        }
        Notice::WatchLagged { watch_id, revision } => {
            Some(event::watch_lagged(*watch_id, now, *revision))
        }
    }
}

/// Why a request is not served right now, in the wire's words.
#[must_use]
pub fn unavailable(why: Unavailable) -> Error {
    let (code, text) = match why {
        Unavailable::NoLeader => (ErrorCode::NoLeader, "reach a leader: there is none, try again"),
        Unavailable::Draining => (
            ErrorCode::Draining,
            "take the request: the server is stopping, try again or elsewhere",
        ),
        Unavailable::DiskFull => (
            ErrorCode::DiskFull,
            "take the request: the disk of the server's data folder is full, make room on it",
        ),
        Unavailable::Overloaded => (
            ErrorCode::TooManyRequests,
            "take the request: too many wait to be written, try again more slowly",
        ),
        Unavailable::TooManyWatches => {
            (ErrorCode::LimitExceeded, "start the watch: the server has as many as it may have")
        }
    };
    Error::new(code, text)
}

/// How a node is, in the wire's words; of the cluster it says nothing.
#[must_use]
pub fn server_info(info: &Info) -> proto::ServerInfo {
    proto::ServerInfo {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        durability: if info.durable { "durable" } else { "in-memory" }.to_owned(),
        locks: info.sizes.locks as u64,
        sessions: info.sizes.sessions as u64,
        holds: info.sizes.holds as u64,
        waiters: info.sizes.waiters as u64,
        revision: info.revision,
        last_token: info.last_token,
        node_id: info.node_id,
        cluster_id: info.cluster_id,
        ..Default::default()
    }
}
