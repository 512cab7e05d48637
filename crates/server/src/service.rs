//! The seam between the fronts, which know connections and encodings, and what answers them.

use std::sync::Arc;

use bramah_core::Time;
use bramah_node::{ClientId, Info, Notice, Reply};
use bramah_wire::request::Ask;
use bramah_wire::{Error, proto};
use bytes::Bytes;

/// What answers the requests of all fronts.
pub trait Service: Send + Sync + 'static {
    /// The cluster that it is of; none while it has none.
    fn cluster_id(&self) -> Option<u64> {
        None
    }

    /// A connection begins. What is for it will come through `outlet`.
    fn connect(&self, outlet: Arc<dyn Outlet>) -> ClientId;

    /// A connection asks. There will be exactly one reply with this id, unless the connection ends
    /// before. Never blocks.
    fn ask(&self, client: ClientId, id: u64, ask: Ask);

    /// A connection ended.
    fn disconnect(&self, client: ClientId);
}

/// Where a connection's replies and notices go. No method blocks.
pub trait Outlet: Send + Sync {
    /// Takes the reply to a request.
    fn reply(&self, id: u64, now: Time, answer: Answer);

    /// Takes news.
    fn notice(&self, now: Time, notice: Notice);

    /// Takes the news that this server is about to stop, and where else to go.
    fn leave(&self, now: Time, revision: u64, servers: &[String]);

    /// Whether it ends by itself soon after it took that news.
    fn ends_then(&self) -> bool {
        false
    }

    /// Sends what was taken; called once after a batch of replies and notices.
    fn flush(&self) -> Flow;
}

/// The answer to a request.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// Of the node.
    Node(Reply),
    /// Of the node's table as it is, and how far behind that may be.
    Stale(Reply, proto::Staleness),
    /// How the server is, and the cluster as it knows it.
    Info {
        /// The node's part.
        info: Box<Info>,
        /// The cluster.
        status: Box<proto::ClusterStatus>,
    },
    /// How the cluster is.
    Cluster(Box<proto::ClusterStatus>),
    /// A part of a backup.
    BackupPart {
        /// Its bytes.
        data: Bytes,
        /// There are no more.
        last: bool,
    },
    /// It was not served.
    Refused(Error),
}

/// How well a connection's reader keeps up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// Well.
    Open,
    /// It is so far behind that its watches should end.
    Lagging,
}

#[cfg(test)]
pub(crate) mod slow;
