//! Where members are that are not where they were: what this server is told at its start counts
//! more than what it remembers of before.

use std::sync::Arc;
use std::time::Duration;

use bramah_wire::request::Address;
use tokio::time::sleep;

use super::ask::status;
use crate::peers::Post;

/// How often the servers are asked while some member is not reached.
const SEEK_EVERY: Duration = Duration::from_secs(1);

/// Asks these servers who they are and where they listen for other members, whenever a member
/// cannot be called where it is remembered to be.
pub(crate) async fn seek(post: Arc<Post>, servers: Vec<Address>) {
    loop {
        post.until_unreached().await;
        for server in &servers {
            let Ok(status) = status(server.as_str()).await else { continue };
            let itself = status.members.into_iter().find(|it| it.node_id == status.node_id);
            if status.cluster_id == post.identity.cluster_id
                && let Some(member) = itself
            {
                post.hint(member.node_id, member.peer_address);
            }
        }
        sleep(SEEK_EVERY).await;
    }
}
