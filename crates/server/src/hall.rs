//! The hall between the connections and the node: what comes in waits here for the next step, and
//! what goes out finds its connection here.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use bramah_node::{ClientId, Input};
use bramah_wire::request::Ask;
use tokio::sync::Notify;

use crate::limits::PEER_IN_BYTES_MAX;
use crate::mutex::lock;
use crate::peers::News;
use crate::service::{Outlet, Service};

/// What came in since the last step. Bounded by the connections: each may have only so many
/// requests without an answer.
#[derive(Default)]
pub(crate) struct Inbox {
    pub(crate) inputs: Vec<Input>,
    pub(crate) connected: Vec<(ClientId, Arc<dyn Outlet>)>,
    /// What the node does not answer: with the request's id.
    pub(crate) asked: Vec<(ClientId, u64, Ask)>,
    /// Of other members.
    pub(crate) news: Vec<News>,
}

/// The node's runtime, as the fronts see it.
#[derive(Default)]
pub(crate) struct Hall {
    cluster_id: Option<u64>,
    inbox: Mutex<Inbox>,
    wake: Notify,
    last_client: AtomicU64,
    /// Bytes of other members' messages that wait.
    peer_bytes: AtomicUsize,
    peer_room: Notify,
}

impl Hall {
    /// Of a node of this cluster.
    pub(crate) fn new(cluster_id: u64) -> Hall {
        Hall { cluster_id: Some(cluster_id), ..Hall::default() }
    }

    /// Waits until something came in.
    pub(crate) async fn wait(&self) {
        self.wake.notified().await;
    }

    /// Takes what came in; what the caller has used up is reused.
    pub(crate) fn swap(&self, used: &mut Inbox) {
        std::mem::swap(&mut *lock(&self.inbox), used);
        if self.peer_bytes.swap(0, Ordering::AcqRel) >= PEER_IN_BYTES_MAX {
            self.peer_room.notify_waiters();
        }
    }

    /// Ends the wait, though nothing came in.
    pub(crate) fn wake(&self) {
        self.wake.notify_one();
    }

    pub(crate) fn push(&self, input: Input) {
        let mut inbox = lock(&self.inbox);
        let first = inbox.inputs.is_empty();
        inbox.inputs.push(input);
        drop(inbox);
        if first {
            self.wake.notify_one();
        }
    }

    /// Takes a message of another member, and waits while too many bytes of them wait.
    pub(crate) async fn push_of_peer(&self, input: Input, bytes: usize) {
        loop {
            let room = self.peer_room.notified();
            if self.peer_bytes.load(Ordering::Acquire) < PEER_IN_BYTES_MAX {
                break;
            }
            room.await;
        }
        self.peer_bytes.fetch_add(bytes, Ordering::AcqRel);
        self.push(input);
    }

    /// Takes news of other members.
    pub(crate) fn tell(&self, news: News) {
        lock(&self.inbox).news.push(news);
        self.wake();
    }
}

impl Service for Hall {
    fn cluster_id(&self) -> Option<u64> {
        self.cluster_id
    }

    fn connect(&self, outlet: Arc<dyn Outlet>) -> ClientId {
        let client = ClientId(self.last_client.fetch_add(1, Ordering::Relaxed) + 1);
        lock(&self.inbox).connected.push((client, outlet));
        self.push(Input::Connected(client));
        client
    }

    fn ask(&self, client: ClientId, id: u64, ask: Ask) {
        match ask {
            Ask::Service(what) => self.push(Input::Request { client, id, what }),
            other => {
                lock(&self.inbox).asked.push((client, id, other));
                self.wake();
            }
        }
    }

    fn disconnect(&self, client: ClientId) {
        self.push(Input::Disconnected(client));
    }
}
