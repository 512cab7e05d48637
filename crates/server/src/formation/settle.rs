//! How a node becomes what it wants to be in its cluster: added, and given a vote once it has
//! caught up. It asks as any operator would, and again after whatever happens.

use std::collections::BTreeSet;
use std::sync::Arc;

use bramah_wire::link::Wish;
use bramah_wire::proto::request::Op;
use bramah_wire::request::Address;
use bramah_wire::{Error, ErrorCode, proto};
use tokio::time::sleep;
use tracing::{info, warn};

use super::ASK_EVERY;
use super::ask::{AskError, change, info as server_info, status};
use crate::peers::{News, Post};

/// What a server that has no disk says of its durability.
const IN_MEMORY: &str = "in-memory";

/// What a node tells of itself.
#[derive(Clone, Debug)]
pub(crate) struct Own {
    pub(crate) wish: Wish,
    pub(crate) peer_address: String,
    pub(crate) client_address: String,
    /// What it promised is on its disk.
    pub(crate) is_durable: bool,
}

/// Asks until this node is what it wants to be, or the cluster does not take it.
pub(crate) async fn settle(post: Arc<Post>, own: Own, join: Vec<Address>) {
    let mut told = String::new();
    loop {
        match step(&post, &own, &join).await {
            Ok(true) => {
                post.tell(News::Settled);
                return;
            }
            Ok(false) => {}
            Err(AskError::Refused(error)) if error.code == ErrorCode::InvalidRequest => {
                post.tell(News::Refused(error.message));
                return;
            }
            Err(error) => {
                let text = error.to_string();
                if text != told {
                    info!(what = text, "not a full member yet; asking again");
                    told = text;
                }
            }
        }
        sleep(ASK_EVERY).await;
    }
}

/// One look at the cluster, and what follows from it; true when there is nothing more to do.
async fn step(post: &Post, own: &Own, join: &[Address]) -> Result<bool, AskError> {
    let node_id = post.identity.node_id;
    let (server, status) = look(post, join).await?;
    let leader = status.members.iter().find(|member| member.is_leader);
    let leader = leader.map(|leader| leader.client_address.clone());
    let server = leader.filter(|address| !address.is_empty()).unwrap_or(server);
    check_durability(&server, own).await?;
    let Some(member) = status.members.iter().find(|member| member.node_id == node_id) else {
        info!(server, "asking to be added to the cluster");
        let (peer_address, client_address) = (own.peer_address.clone(), own.client_address.clone());
        let add = proto::ClusterAdd { node_id, peer_address, client_address };
        change(&server, Op::ClusterAdd(add)).await?;
        info!("added to the cluster; waiting for its log");
        return Ok(false);
    };
    if member.role() == proto::MemberRole::Voter {
        info!("this node is a member that votes");
        return Ok(true);
    }
    if own.wish == Wish::Learner {
        info!("this node is a member that does not vote");
        return Ok(true);
    }
    change(&server, Op::ClusterPromote(proto::ClusterPromote { node_id })).await?;
    Ok(false)
}

/// All members keep their data on disk, or none does. One that forgets its votes when it restarts
/// would break what the others rely on; and a folder is of no use without those that forget.
async fn check_durability(server: &str, own: &Own) -> Result<(), AskError> {
    let is_durable = server_info(server).await?.durability != IN_MEMORY;
    let text = match (own.is_durable, is_durable) {
        (false, true) => {
            "this server keeps its data in memory, and the members keep theirs on disk; one that \
             forgets its votes when it stops must not have any: start it with --data"
        }
        (true, false) => {
            "this server keeps its data on disk, and the member that leads keeps its own in \
             memory, and takes the cluster along when it stops: start that one with --data, empty \
             this folder, and join again"
        }
        _ => return Ok(()),
    };
    Err(AskError::Refused(Error::new(ErrorCode::InvalidRequest, text)))
}

/// How a member sees the cluster, and its address: the first that answers.
async fn look(post: &Post, join: &[Address]) -> Result<(String, proto::ClusterStatus), AskError> {
    let own = post.identity;
    let mut servers: BTreeSet<String> = join.iter().map(ToString::to_string).collect();
    let known = post.places().clone();
    let others = known.iter().filter(|(node, place)| *node != own.node_id && !place.removed);
    servers.extend(others.map(|(_, place)| place.client.clone()).filter(|it| !it.is_empty()));
    let mut last = AskError::TimedOut;
    for server in servers {
        match status(&server).await {
            Ok(status) if status.cluster_id == own.cluster_id && status.leader != 0 => {
                return Ok((server, status));
            }
            Ok(status) if ![0, own.cluster_id].contains(&status.cluster_id) => {
                warn!(server, cluster = status.cluster_id, "that is a member of another cluster");
            }
            Ok(_) => {}
            Err(error) => last = error,
        }
    }
    Err(last)
}
