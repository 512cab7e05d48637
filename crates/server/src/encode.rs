//! The server's words in the wire's; those of its node are `bramah_node::encode`.

use bramah_core::Time;
pub(crate) use bramah_node::encode::{notice, unavailable};
use bramah_node::encode::{reply, server_info};
use bramah_wire::proto::message::Kind;
use bramah_wire::{Error, event, proto, reply as wire};

use crate::service::Answer;

/// The message that answers request `id`.
pub(crate) fn answer(id: u64, now: Time, answer: Answer) -> proto::Message {
    match answer {
        Answer::Node(it) => reply(id, now, &it),
        Answer::Stale(it, staleness) => wire::stale(reply(id, now, &it), staleness),
        Answer::Info { info, status } => {
            let (leader, members) = (status.leader, status.members);
            wire::server_info(id, now, proto::ServerInfo { leader, members, ..server_info(&info) })
        }
        Answer::Cluster(status) => wire::cluster_status(id, now, *status),
        Answer::BackupPart { data, last } => wire::backup_part(id, now, data, last),
        Answer::Refused(error) => wire::error(id, now, &error),
    }
}

/// The message that sends a connection elsewhere.
pub(crate) fn leave(now: Time, revision: u64, servers: &[String]) -> proto::Message {
    event::draining(now, revision, servers.to_vec())
}

/// The message that answers request `id` with an error that the node never saw.
pub(crate) fn refusal(id: u64, error: &Error) -> proto::Message {
    wire::error(id, Time::default(), error)
}

/// The id of the request that a message answers, 0 if none.
pub(crate) fn reply_id(message: &proto::Message) -> u64 {
    match &message.kind {
        Some(Kind::Reply(reply)) => reply.id,
        _ => 0,
    }
}
