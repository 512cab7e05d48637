//! How servers become a cluster: how one that has no data yet begins, and how a node becomes a
//! member. DESIGN.md beside this crate has the rules and why there can be only one cluster.

mod ask;
mod claim;
mod lobby;
mod seek;
mod settle;

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use bramah_wire::link::{Folder, Wish};
use bramah_wire::membership::Membership;
use bramah_wire::request::Address;
use tokio::time::{sleep, timeout};
use tracing::{info, warn};

use self::ask::status;
pub(crate) use self::claim::{Claim, listen_for_claims};
pub(crate) use self::lobby::Lobby;
use self::lobby::gather;
pub(crate) use self::seek::seek;
pub(crate) use self::settle::{Own, settle};
use crate::config::ClusterConfig;
use crate::folder::FolderFile;
use crate::keys::random_number;
use crate::log::Beginning;

/// How often the others are asked again.
const ASK_EVERY: Duration = Duration::from_millis(250);
/// How long a node with data looks whether it belongs to the cluster that it is to join.
const CHECK_TIME_MAX: Duration = Duration::from_secs(3);
/// The epoch of a cluster that begins with nothing.
const FIRST_EPOCH: u16 = 0;

/// Why a server cannot begin.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FormationError {
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error(
        "the data folder is of node {node} of cluster {own}, and {server} is of cluster {other}: \
         to join that one, empty the folder (its locks are lost); to stay, leave --join out"
    )]
    OtherCluster { node: u64, own: u64, server: Address, other: u64 },
    #[error(
        "the data folder is of node {node} of cluster {cluster}, and its log is gone: a member \
         that forgot what it promised must not come back. Remove node {node} from the cluster, \
         empty the folder and join again; a single node needs its backup"
    )]
    NoLog { node: u64, cluster: u64 },
    #[error(
        "the data folder's files contradict each other: one is of node {node} of cluster \
         {cluster}, the log is of node {log_node} of cluster {log_cluster}; restore the folder \
         from one backup, or empty it and join again"
    )]
    Contradiction { node: u64, cluster: u64, log_node: u64, log_cluster: u64 },
    #[error(
        "the data folder is empty, and {listen} may be known to others: a member that lost its \
         folder would begin a second cluster there, and grant what others hold. To begin a new \
         cluster, --bootstrap-expect 1; to join one, --join with addresses of its members"
    )]
    Unasked { listen: SocketAddr },
    #[error(
        "node {} of cluster {} called, and takes this server for node {} of its cluster: one that \
         begins beside that cluster would grant what others hold there. To come back as a member, \
         remove node {} from that cluster, empty this folder, and start with --join; to begin a \
         cluster here, remove node {} first", .0.from, .0.cluster_id, .0.node_id, .0.node_id,
        .0.node_id
    )]
    Claimed(Claim),
}

/// How a server begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) beginning: Beginning,
    pub(crate) wish: Wish,
    /// The folder has never been served from: it is empty, or was restored or recovered. Whether
    /// others know its address as that of a member is to be found out.
    pub(crate) is_first: bool,
    pub(crate) has_log: bool,
}

/// Decides how a server begins, after what its folder says; one with an empty folder asks the
/// others first, for as long as it takes.
pub(crate) async fn plan(
    config: &ClusterConfig,
    listen: SocketAddr,
    file: &FolderFile,
    lobby: &Lobby,
) -> Result<Plan, FormationError> {
    let has_log = file.has_log()?;
    if let Some(Folder { cluster_id, node_id, wish, places }) = file.read()? {
        let beginning = Beginning::Joining { cluster_id, node_id };
        let is_first = places.get(node_id).is_none();
        return Ok(Plan { beginning, wish, is_first, has_log });
    }
    let node_id = lobby.node_id;
    let wish = if config.learner { Wish::Learner } else { Wish::Voter };
    let joining = |cluster_id| {
        let beginning = Beginning::Joining { cluster_id, node_id };
        Plan { beginning, wish, is_first: false, has_log }
    };
    if !has_log {
        let is_alone = config.bootstrap_expect == Some(1) && config.join.is_empty();
        if let Some(expected) = config.bootstrap_expect.filter(|_| !is_alone) {
            if let Some(weakness) = weakness(expected) {
                warn!(expected, "{weakness}");
            }
            if let Some(cluster_id) = gather(&config.join, expected, lobby).await {
                return Ok(joining(cluster_id));
            }
        } else if !config.join.is_empty() {
            return Ok(joining(find_cluster(&config.join).await));
        } else if !is_alone && !file.is_in_memory() && may_be_known(config, listen) {
            return Err(FormationError::Unasked { listen });
        }
    }
    let (cluster_id, epoch) = (random_number()?, FIRST_EPOCH);
    let beginning = Beginning::Cluster { cluster_id, node_id, epoch };
    Ok(Plan { beginning, wish: Wish::None, is_first: true, has_log })
}

/// Another machine may know this server's address from before: it is not the loopback's, and no
/// port that was free.
fn may_be_known(config: &ClusterConfig, listen: SocketAddr) -> bool {
    let is_told = config.client_address.is_some() || config.peer_address.is_some();
    listen.port() != 0 && (is_told || !listen.ip().is_loopback())
}

/// What is to be said against a cluster of so many members that vote.
fn weakness(members: u32) -> Option<String> {
    let tolerated = members.saturating_sub(1) / 2;
    (members > 1 && members.is_multiple_of(2)).then(|| match tolerated {
        0 => format!(
            "a cluster of {members} stands still as soon as one member is down: it survives less \
             than one server alone; start 3 to survive a failure"
        ),
        _ => format!(
            "a cluster of {members} survives no more failures than one of {}, that is \
             {tolerated}: start one less, or one more",
            members - 1
        ),
    })
}

/// The cluster of the first of these servers that answers.
async fn find_cluster(servers: &[Address]) -> u64 {
    info!(servers = ?texts(servers), "joining a cluster: looking for a member of it");
    let mut told = String::new();
    loop {
        for server in servers {
            match status(server.as_str()).await {
                Ok(status) if status.cluster_id != 0 => {
                    info!(%server, cluster = status.cluster_id, "found a member of the cluster");
                    return status.cluster_id;
                }
                Ok(_) => {}
                Err(error) => {
                    let text = format!("{server}: {error}");
                    if text != told {
                        warn!(error = text, "that member cannot be asked; trying on");
                        told = text;
                    }
                }
            }
        }
        sleep(ASK_EVERY).await;
    }
}

/// A node that is alone in its cluster must not take itself for a member of another.
pub(crate) async fn check_cluster(
    config: &ClusterConfig,
    membership: &Membership,
) -> Result<(), FormationError> {
    if !membership.is_alone() {
        return Ok(());
    }
    let Membership { cluster_id: own, node_id: node, .. } = membership;
    let asking = async {
        for server in &config.join {
            match status(server.as_str()).await {
                Ok(status) if ![0, *own].contains(&status.cluster_id) => {
                    let (own, node, server) = (*own, *node, server.clone());
                    let other = status.cluster_id;
                    return Err(FormationError::OtherCluster { node, own, server, other });
                }
                _ => {}
            }
        }
        Ok(())
    };
    timeout(CHECK_TIME_MAX, asking).await.unwrap_or(Ok(()))
}

/// The log and the file beside it must be of the same node, and one that has been a member must
/// have a log.
pub(crate) fn check_folder(folder: &Folder, membership: &Membership) -> Result<(), FormationError> {
    let (node, cluster) = (folder.node_id, folder.cluster_id);
    if folder.wish == Wish::None && membership.voters.is_empty() {
        return Err(FormationError::NoLog { node, cluster });
    }
    let (log_node, log_cluster) = (membership.node_id, membership.cluster_id);
    match (node, cluster) == (log_node, log_cluster) {
        true => Ok(()),
        false => Err(FormationError::Contradiction { node, cluster, log_node, log_cluster }),
    }
}

fn texts(servers: &[Address]) -> Vec<&str> {
    servers.iter().map(Address::as_str).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_even_number_of_members_is_warned_of_and_two_most_clearly() {
        let said = [1, 2, 3, 4, 5, 6, 7].map(weakness);
        let is_warned = said.clone().map(|said| said.is_some());
        assert_eq!(is_warned, [false, true, false, true, false, true, false]);
        assert!(
            said[1].as_ref().is_some_and(|said| said.contains("as soon as one member is down"))
        );
        assert!(said[3].as_ref().is_some_and(|said| said.contains("one of 3, that is 1")));
    }
}
