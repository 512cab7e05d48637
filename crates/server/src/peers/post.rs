//! What all connections between members share.

use std::collections::BTreeMap;
use std::net::TcpStream;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bramah_core::State;
use bramah_node::Input;
use bramah_wal::{DirDisk, FinishedSnapshot};
use bramah_wire::link::{Farewell, Hello, Places, Purpose, Reason, SnapshotHead, Welcome};
use bramah_wire::membership::Membership;
use bramah_wire::peer::Message;
use bytes::BytesMut;
use tokio::sync::Notify;

use crate::hall::Hall;

/// Which node this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) cluster_id: u64,
    pub(crate) node_id: u64,
}

/// Something that a connection with another member brought, for the thread that owns the node.
pub(crate) enum News {
    /// Addresses that may be new.
    Places(Places),
    /// A member called.
    Called(u64),
    /// A member answered a call, and runs this release.
    Reached(u64, String),
    /// The connection to a member ended.
    Lost(u64),
    /// Others say that this node was removed.
    Removed,
    /// The cluster does not take this node, for this reason.
    Refused(String),
    /// This node has become what it wants to be.
    Settled,
    /// A snapshot comes.
    Arrival(Arrival),
    /// It is there: whole, checked, and written aside.
    Received(Box<Received>),
    /// It did not come to its end.
    NotReceived,
    /// What came of a snapshot for another member.
    Sent { to: u64, ok: bool },
}

/// A snapshot that another member is about to send.
pub(crate) struct Arrival {
    pub(crate) from: u64,
    pub(crate) head: SnapshotHead,
    pub(crate) stream: TcpStream,
    /// What was read already of what follows.
    pub(crate) buffer: BytesMut,
}

/// A snapshot that another member sent.
pub(crate) struct Received {
    pub(crate) from: u64,
    pub(crate) message: Message,
    pub(crate) membership: Membership,
    pub(crate) state: State,
    /// None in memory.
    pub(crate) finished: Option<FinishedSnapshot<DirDisk>>,
}

/// Which node this is, what it knows of others, and where what they say goes.
pub(crate) struct Post {
    pub(crate) identity: Identity,
    hall: Arc<Hall>,
    places: Mutex<Places>,
    /// The connections on which other members speak: each is told when it is to end.
    callers: Mutex<BTreeMap<u64, Arc<Notify>>>,
}

impl Post {
    pub(crate) fn new(identity: Identity, hall: Arc<Hall>, places: Places) -> Post {
        Post { identity, hall, places: Mutex::new(places), callers: Mutex::default() }
    }

    /// The addresses that this node knows.
    pub(crate) fn places(&self) -> MutexGuard<'_, Places> {
        lock(&self.places)
    }

    /// What this node says to another that it calls.
    pub(crate) fn hello(&self, to: u64, purpose: Purpose) -> Hello {
        let Identity { cluster_id, node_id } = self.identity;
        let places = self.places().clone();
        Hello { cluster_id, from: node_id, to, purpose, release: release(), places }
    }

    /// What this node says to one that called.
    pub(crate) fn answer(&self, version: u8, hello: &Hello) -> Result<Welcome, Farewell> {
        let Identity { cluster_id, node_id } = self.identity;
        let refuse = |reason, text: String| Err(Farewell { reason, text });
        if hello.cluster_id != cluster_id {
            let text = format!(
                "node {} is of cluster {}, this is cluster {cluster_id}: \
                 correct the addresses that it was given, or empty its data folder to let it join",
                hello.from, hello.cluster_id
            );
            return refuse(Reason::OtherCluster, text);
        }
        if hello.to != node_id || hello.from == node_id {
            let text = format!(
                "node {} looks for node {}, this is node {node_id}: two servers may have the same \
                 address, or copies of one data folder",
                hello.from, hello.to
            );
            return refuse(Reason::OtherNode, text);
        }
        if self.places().is_removed(hello.from) {
            let text = format!(
                "node {} was removed from cluster {cluster_id}: stop it and empty its data \
                 folder; it can join again as a new node",
                hello.from
            );
            return refuse(Reason::Removed, text);
        }
        Ok(Welcome { version, release: release(), places: self.places().clone() })
    }

    /// Passes news on.
    pub(crate) fn tell(&self, news: News) {
        self.hall.tell(news);
    }

    /// Passes a member's message on, and waits while too much waits there.
    pub(crate) async fn deliver(&self, from: u64, message: Message, bytes: usize) {
        self.hall.push_of_peer(Input::Peer { from, message }, bytes).await;
    }

    /// A member speaks on a new connection; the one before it ends. The notice says when this does.
    pub(crate) fn begin_call(&self, from: u64) -> Arc<Notify> {
        let end = Arc::new(Notify::new());
        if let Some(before) = lock(&self.callers).insert(from, end.clone()) {
            before.notify_one();
        }
        end
    }

    /// Ends the connection on which a member speaks.
    pub(crate) fn hang_up(&self, from: u64) {
        if let Some(end) = lock(&self.callers).remove(&from) {
            end.notify_one();
        }
    }
}

fn release() -> String {
    env!("CARGO_PKG_VERSION").to_owned()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic elsewhere ends the process; what it left here is never half done.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
