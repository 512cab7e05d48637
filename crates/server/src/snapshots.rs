//! Snapshots that go from member to member: which are on their way, to here and from here.

use std::collections::BTreeMap;

use bramah_node::Input;
use bramah_wal::{DirDisk, FinishedSnapshot, SnapshotMeta};
use bramah_wire::link::SnapshotHead;
use bramah_wire::membership::Membership;
use bramah_wire::peer::Message;
use tracing::{info, warn};

use crate::limits::SNAPSHOTS_SENT_MAX;
use crate::log::{LogError, Published};
use crate::peers::{Arrival, Outgoing, Received, receive, send};
use crate::runtime::{RunError, Runtime};

/// What is on its way.
#[derive(Default)]
pub(crate) struct Snapshots {
    /// Somebody needs one of what is applied now.
    pub(crate) is_ordered: bool,
    /// Those to be sent: to whom, which, and the message that goes with it.
    pub(crate) to_send: Vec<(u64, u64, Message)>,
    /// How many are being sent.
    pub(crate) sending: usize,
    pub(crate) arrivals: Vec<Arrival>,
    pub(crate) is_receiving: bool,
    /// Those that were received, by index, until the node decides; none where there is no disk.
    pub(crate) received: BTreeMap<u64, Option<Box<FinishedSnapshot<DirDisk>>>>,
}

impl Runtime {
    /// Takes the next snapshot that another member is about to send.
    pub(crate) fn take_arrivals(&mut self) -> Result<(), RunError> {
        for arrival in std::mem::take(&mut self.snapshots.arrivals) {
            if self.snapshots.is_receiving || !self.snapshots.received.is_empty() {
                // One at a time; whoever sends it hears that it did not come.
                continue;
            }
            self.begin_arrival(arrival)?;
        }
        Ok(())
    }

    fn begin_arrival(&mut self, arrival: Arrival) -> Result<(), RunError> {
        let Arrival { from, head, .. } = &arrival;
        let node_id = self.folder.node_id;
        let membership = match Membership::decode(&head.members) {
            Ok(membership) => Membership { node_id, ..membership },
            Err(error) => {
                warn!(from, %error, "a snapshot of members that cannot be read");
                return Ok(());
            }
        };
        let (index, term) = (head.index, head.term);
        let meta = SnapshotMeta { index, term, members: membership.encode() };
        let writer = match self.writer.log().begin_received(&meta) {
            Ok(writer) => writer,
            Err(LogError::Full(error)) => {
                warn!(%error, "no room for a snapshot of another member");
                return Ok(());
            }
            Err(error) => return Err(error.into()),
        };
        info!(from, index, bytes = head.bytes, "a snapshot comes");
        self.snapshots.is_receiving = true;
        receive(self.peers.post().clone(), arrival, membership, writer);
        Ok(())
    }

    pub(crate) fn take_received(&mut self, received: Received) {
        self.snapshots.is_receiving = false;
        let Received { from, message, membership, state, finished } = received;
        if let Message::Raft(raft) = &message
            && let Some(head) = &raft.snapshot
        {
            self.snapshots.received.insert(head.index, finished.map(Box::new));
            let state = Box::new(state);
            self.inputs.push(Input::SnapshotReceived { from, message, membership, state });
        }
    }

    /// Sends the snapshots that are ordered, if it is those that are published.
    pub(crate) fn send_snapshots(&mut self) -> Result<(), LogError> {
        for (to, index, message) in std::mem::take(&mut self.snapshots.to_send) {
            let published = match self.snapshots.sending >= SNAPSHOTS_SENT_MAX {
                true => None,
                false => self.writer.log().published()?,
            };
            match published.filter(|published| published.meta.index == index) {
                Some(published) => self.send_snapshot(to, published, &message),
                None => self.inputs.push(Input::SnapshotSent { to, ok: false }),
            }
        }
        Ok(())
    }

    fn send_snapshot(&mut self, to: u64, published: Published, message: &Message) {
        let Published { meta, bytes, data } = published;
        let head = SnapshotHead {
            index: meta.index,
            term: meta.term,
            members: meta.members.into(),
            message: message.encode().into(),
            bytes,
        };
        self.snapshots.sending += 1;
        let outgoing = Outgoing { to, head, data };
        tokio::spawn(send(self.peers.post().clone(), outgoing));
    }
}
