//! What all connections between members share.

use std::collections::BTreeMap;
use std::net::TcpStream;
use std::sync::{Arc, Mutex, MutexGuard};

use bramah_core::State;
use bramah_node::Input;
use bramah_wal::{DirDisk, FinishedSnapshot};
use bramah_wire::link::{
    Farewell, Hello, LogEnd, Places, Purpose, Reason, SnapshotHead, Start, Welcome,
};
use bramah_wire::membership::Membership;
use bramah_wire::peer::Message;
use bytes::BytesMut;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::acked::Acked;
use super::seldom::Seldom;
use super::starts::{Call, StartRefused, Starts};
use crate::formation::Claim;
use crate::hall::Hall;
use crate::keys::random_below;
use crate::mutex::lock;

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
    /// The connection on which a member spoke ended.
    HungUp(u64),
    /// A member answered a call, and runs this release.
    Reached(u64, String),
    /// The connection to a member ended.
    Lost(u64),
    /// Others say that this node was removed.
    Removed,
    /// A member of another cluster takes this node for another one of its own.
    Claimed(Claim),
    /// It is true.
    ClaimProven(Claim),
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
    /// Where members say that they listen for others, of those that were not reached.
    hints: Mutex<BTreeMap<u64, String>>,
    unreached: Notify,
    /// Drawn for this start of the node, and when that was.
    incarnation: u64,
    begun: Instant,
    /// Which start of each other node speaks, and on which connection.
    starts: Mutex<Starts>,
    /// Where the log of this node ends; none before it is known.
    log_end: Mutex<Option<LogEnd>>,
    acked: Mutex<Acked>,
    seldom: Mutex<Seldom>,
}

impl Post {
    pub(crate) fn new(identity: Identity, hall: Arc<Hall>, places: Places) -> Post {
        let begun = Instant::now();
        Post {
            identity,
            hall,
            places: Mutex::new(places),
            hints: Mutex::default(),
            unreached: Notify::new(),
            incarnation: random_below(u64::MAX),
            begun,
            starts: Mutex::new(Starts::new(begun)),
            log_end: Mutex::default(),
            acked: Mutex::default(),
            seldom: Mutex::default(),
        }
    }

    /// The addresses that this node knows.
    pub(crate) fn places(&self) -> MutexGuard<'_, Places> {
        lock(&self.places)
    }

    /// Where another node is to be called next: where it is said to be now, else where it was.
    pub(crate) fn address_of(&self, node: u64) -> Option<String> {
        let hint = lock(&self.hints).remove(&node);
        let address = hint.or_else(|| Some(self.places().get(node)?.peer.clone()));
        address.filter(|address| !address.is_empty())
    }

    /// A node said itself that it listens there. Of those that nobody looks for it is not kept.
    pub(crate) fn hint(&self, node: u64, address: String) {
        if node != self.identity.node_id && self.places().get(node).is_some() {
            lock(&self.hints).insert(node, address);
        }
    }

    /// A member was called in vain.
    pub(crate) fn note_unreached(&self) {
        self.unreached.notify_one();
    }

    /// Waits until a member was called in vain.
    pub(crate) async fn until_unreached(&self) {
        self.unreached.notified().await;
    }

    /// Where the log of this node ends, as of whatever is said next.
    pub(crate) fn note_log_end(&self, log_end: LogEnd) {
        *lock(&self.log_end) = Some(log_end);
    }

    /// What other members have of the log, as they said to this node, which leads in this term.
    pub(crate) fn note_acked(&self, term: u64, acked: impl Iterator<Item = (u64, u64)>) {
        let mut noted = lock(&self.acked);
        for (node, index) in acked {
            noted.note(node, LogEnd { term, index });
        }
    }

    /// What this node says to another that it calls.
    pub(crate) fn hello(&self, to: u64, purpose: Purpose) -> Hello {
        let Identity { cluster_id, node_id } = self.identity;
        let places = self.places().clone();
        let age_ms = u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        let start = Some(Start { incarnation: self.incarnation, age_ms });
        let (log_end, release) = (*lock(&self.log_end), release());
        Hello { cluster_id, from: node_id, to, purpose, release, places, start, log_end }
    }

    /// What this node says to one that called.
    pub(crate) fn answer(&self, version: u8, hello: &Hello) -> Result<Welcome, Farewell> {
        let Identity { cluster_id, node_id } = self.identity;
        let refuse = |reason, text: String| Err(Farewell { reason, text });
        if hello.cluster_id != cluster_id {
            self.tell(News::Claimed(Claim::of(hello)));
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
        if let Err(why) = lock(&self.starts).check(hello.from, hello.start, Instant::now()) {
            return refuse(Reason::AnotherStart, refusal_of_start(hello.from, why));
        }
        // Beside a snapshot it goes on saying what it has.
        if hello.purpose == Purpose::Messages
            && let Some(said) = lock(&self.acked).lost(hello.from, hello.log_end)
            && let Some(has) = hello.log_end
        {
            return refuse(Reason::SetBack, refusal_of_log(hello.from, said, has));
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

    /// This caller takes the place of another start of its node, which seems to be silent.
    pub(crate) fn is_to_replace(&self, hello: &Hello) -> bool {
        lock(&self.starts).is_to_be_replaced(hello.from, hello.start, Instant::now())
    }

    /// A member speaks on a new connection; the one before it ends.
    pub(crate) fn begin_call(&self, hello: &Hello) -> Arc<Call> {
        lock(&self.starts).begin(hello.from, hello.start, Instant::now())
    }

    /// How often a start of a node took the place here of one that was silent.
    pub(crate) fn takeovers(&self, node: u64) -> u64 {
        lock(&self.starts).takeovers(node)
    }

    /// The connection on which a member spoke ended.
    pub(crate) fn end_call(&self, from: u64, call: &Arc<Call>) {
        if lock(&self.starts).end(from, call) {
            self.tell(News::HungUp(from));
        }
    }

    /// Ends the connection on which a node speaks that is a member no more.
    pub(crate) fn hang_up(&self, from: u64) {
        lock(&self.acked).forget(from);
        lock(&self.starts).forget(from);
    }

    /// Something came that may come often. If it is to be told now: how often it came since it was
    /// told before.
    pub(crate) fn seldom(&self, what: &str) -> Option<u64> {
        lock(&self.seldom).count(what, Instant::now())
    }
}

fn refusal_of_start(node: u64, why: StartRefused) -> String {
    let there = match why {
        StartRefused::AnotherIsThere(silence) => {
            let silence_ms = silence.as_millis();
            format!("another process runs as node {node}, and was heard {silence_ms} ms ago")
        }
        StartRefused::Replaced => {
            format!("this one was silent, and another process runs as node {node} now")
        }
    };
    format!(
        "{there}: the data folder was copied, and both would vote as one member. The other one is \
         the member now. This folder lacks what that one writes: never start it again, and delete \
         its contents; a new member starts with an empty folder and --join"
    )
}

fn refusal_of_log(node: u64, said: LogEnd, has: LogEnd) -> String {
    format!(
        "node {node} said that it has the log up to entry {} in term {}, and comes back with it up \
         to entry {} in term {}: its data folder is an old one, or lost what was written. Start it \
         with the folder that it ran with last; if that is gone, remove the node from the cluster, \
         empty the folder and join again",
        said.index, said.term, has.index, has.term
    )
}

fn release() -> String {
    env!("CARGO_PKG_VERSION").to_owned()
}
