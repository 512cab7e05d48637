//! Whether this server's address is that of a member of another cluster. One that lost its folder,
//! or has one that was restored or recovered, must not begin a cluster of its own there: clients
//! know the address, and would be granted what others hold. Members call each other all the time,
//! so whoever is to begin listens for them first.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bramah_wire::link::{Hello, Places};
use bramah_wire::proto::MemberRole;
use tokio::net::TcpListener;
use tokio::time::sleep;

use super::FormationError;
use super::ask::status;
use crate::hall::{Hall, Inbox};
use crate::limits::PEER_RETRY_TIME_MAX;
use crate::peers::{self, Identity, News, Post};

/// How long it is listened on the loopback, where a call that finds nobody ends at once.
const LISTEN_TIME: Duration = PEER_RETRY_TIME_MAX.saturating_mul(2);
/// The same elsewhere: a call to a machine that was away goes out again after at most 2 s.
const LISTEN_TIME_FAR: Duration = Duration::from_millis(2_500);

/// A member of another cluster called here, and looked for another one of its cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Claim {
    pub(crate) cluster_id: u64,
    /// Who called.
    pub(crate) from: u64,
    /// For whom it takes this server.
    pub(crate) node_id: u64,
    /// Where the caller serves clients; empty if it does not say.
    client_address: String,
}

impl Claim {
    pub(crate) fn of(hello: &Hello) -> Claim {
        let Hello { cluster_id, from, to: node_id, .. } = *hello;
        let place = hello.places.get(from);
        let client_address = place.map(|place| place.client.clone()).unwrap_or_default();
        Claim { cluster_id, from, node_id, client_address }
    }

    /// The caller's cluster has a leader, and counts on the vote of whom it looks for. So nobody
    /// ends a server with data by a wrong address in the settings of a new one, and a member that
    /// is left of a cluster that was recovered elsewhere ends nothing.
    pub(crate) async fn is_proven(&self) -> bool {
        let Ok(status) = status(&self.client_address).await else { return false };
        let is_counted = status
            .members
            .iter()
            .any(|member| member.node_id == self.node_id && member.role() == MemberRole::Voter);
        status.cluster_id == self.cluster_id && status.has_quorum && is_counted
    }
}

/// Waits for as long as it takes any member to call that takes this address for that of another.
/// A node that found a log believes it only when it is proven.
///
/// # Errors
/// [`FormationError::Claimed`].
pub(crate) async fn listen_for_claims(
    listener: &Arc<TcpListener>,
    address: SocketAddr,
    identity: Identity,
    has_log: bool,
) -> Result<(), FormationError> {
    let hall = Arc::new(Hall::default());
    let post = Arc::new(Post::new(identity, hall.clone(), Places::default()));
    let hearing = async {
        let mut inbox = Inbox::default();
        loop {
            hall.wait().await;
            hall.swap(&mut inbox);
            inbox.inputs.clear();
            for news in inbox.news.drain(..) {
                if let News::Claimed(claim) = news
                    && (!has_log || claim.is_proven().await)
                {
                    return Err(FormationError::Claimed(claim));
                }
            }
        }
    };
    let time = if address.ip().is_loopback() { LISTEN_TIME } else { LISTEN_TIME_FAR };
    tokio::select! {
        claimed = hearing => claimed,
        () = peers::accept(listener.clone(), post) => Ok(()),
        () = sleep(time) => Ok(()),
    }
}
