//! The other members: a connection to each for what this one says, one from each for what it says,
//! and one more for every snapshot. DESIGN.md beside this crate has the mechanism.

mod acked;
mod call;
mod incoming;
mod link;
mod post;
mod seldom;
mod starts;
mod transfer;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bramah_wire::link::{Frame, Places};
use bramah_wire::membership::Membership;
use bramah_wire::peer::Message;
use tracing::info;

pub(crate) use self::incoming::accept;
use self::link::Link;
pub(crate) use self::post::{Arrival, Identity, News, Post, Received};
pub(crate) use self::transfer::{Outgoing, receive, send};

/// The connections to other members.
pub(crate) struct Peers {
    post: Arc<Post>,
    links: BTreeMap<u64, Arc<Link>>,
    /// Who is connected to this node.
    callers: BTreeSet<u64>,
    /// Whom this node is connected to, and the release that runs there.
    reached: BTreeMap<u64, String>,
    /// Those with something to send.
    dirty: BTreeSet<u64>,
}

impl Peers {
    pub(crate) fn new(post: Arc<Post>) -> Peers {
        let (callers, dirty) = Default::default();
        Peers { post, links: BTreeMap::new(), callers, reached: BTreeMap::new(), dirty }
    }

    pub(crate) fn post(&self) -> &Arc<Post> {
        &self.post
    }

    /// Connects to all that are to be members, and to nobody else. Who is no member himself looks
    /// for any.
    pub(crate) fn connect(&mut self, membership: &Membership) {
        let own = self.post.identity.node_id;
        let places = self.post.places();
        let is_wanted = |node: u64| {
            node != own
                && !places.is_removed(node)
                && (membership.contains(node) || !membership.contains(own))
        };
        self.links.retain(|node, link| {
            let keep = is_wanted(*node);
            if !keep {
                link.stop();
            }
            keep
        });
        self.reached.retain(|node, _| self.links.contains_key(node));
        self.callers.retain(|node| self.links.contains_key(node));
        let known = places.iter().map(|(node, _)| node);
        let members = membership.voters.iter().chain(&membership.learners).copied();
        for node in known.chain(members).filter(|node| is_wanted(*node)) {
            let link = || Link::start(node, self.post.clone());
            self.links.entry(node).or_insert_with(link);
        }
    }

    /// Tells everybody the addresses.
    pub(crate) fn tell(&mut self, places: &Places) {
        for (node, link) in &self.links {
            link.put(&Frame::Places(places.clone()));
            self.dirty.insert(*node);
        }
    }

    /// Takes a message for a member. It is dropped if there is no connection or no room.
    pub(crate) fn put(&mut self, to: u64, message: &Message) {
        if let Some(link) = self.links.get(&to) {
            link.put(&Frame::Message(message.encode().into()));
            self.dirty.insert(to);
        }
    }

    /// Sends what was taken.
    pub(crate) fn flush(&mut self) {
        while let Some(node) = self.dirty.pop_first() {
            if let Some(link) = self.links.get(&node) {
                link.flush();
            }
        }
    }

    /// A member called, so it can be called too.
    pub(crate) fn handle_called(&mut self, node: u64) {
        if let Some(link) = self.links.get(&node) {
            self.callers.insert(node);
            link.retry();
        }
    }

    pub(crate) fn handle_reached(&mut self, node: u64, release: String) {
        info!(node, release, "connected to another member");
        self.reached.insert(node, release);
    }

    /// The connection to a member ended. Tells whether it was the last one with it.
    pub(crate) fn handle_lost(&mut self, node: u64) -> bool {
        self.reached.remove(&node).is_some() && !self.callers.contains(&node)
    }

    /// The connection of a member ended. Tells whether it was the last one with it.
    pub(crate) fn handle_hung_up(&mut self, node: u64) -> bool {
        self.callers.remove(&node) && !self.reached.contains_key(&node)
    }

    /// The release of a member that this one is connected to.
    pub(crate) fn release_of(&self, node: u64) -> Option<&str> {
        self.reached.get(&node).map(String::as_str)
    }
}

impl Drop for Peers {
    fn drop(&mut self) {
        self.links.values().for_each(|link| link.stop());
    }
}
