//! What a server does because there are others: what it tells of the cluster, how it changes it,
//! what it makes of their news, and how it leaves.

use std::time::Duration;

use bramah_node::{ChangeRefused, ClientId, Input, MemberChange, Reply, Unavailable};
use bramah_wire::link::{Folder, PLACES_LEN_MAX, Place, Places, Wish};
use bramah_wire::membership::Membership;
use bramah_wire::request::{Address, ClusterAsk};
use bramah_wire::{Error, ErrorCode, proto};
use tokio::time::Instant;
use tracing::{info, warn};

use crate::formation::{Claim, FormationError};
use crate::peers::News;
use crate::places;
use crate::runtime::{RunError, Runtime};
use crate::service::Answer;

/// How long a transfer of the leadership may take.
const TRANSFER_TIME_MAX: Duration = Duration::from_secs(5);

/// How often this node says again where it is, while another server says that it is this node.
const PLACE_TOLD_EVERY: Duration = Duration::from_secs(2);

/// How often it is found out whether another cluster counts on this node's address.
const CLAIM_EXAMINED_EVERY: Duration = Duration::from_millis(250);

/// Somebody who wants to know when another member leads.
pub(crate) struct Transfer {
    client: ClientId,
    id: u64,
    to: Option<u64>,
    deadline: Instant,
}

impl Runtime {
    /// Answers what is asked of the cluster, now or when it is done.
    pub(crate) fn ask_cluster(&mut self, client: ClientId, id: u64, ask: ClusterAsk) {
        let membership = self.node.membership();
        let change = match ask {
            ClusterAsk::Status => return self.answer_status(client, id),
            ClusterAsk::Transfer { to } => return self.transfer(client, id, to),
            ClusterAsk::Add { node_id, peer, client: for_clients } => {
                let is_member = membership.contains(node_id);
                if let Some(error) = self.refuse_to_add(node_id, &peer) {
                    return self.answer(client, id, Answer::Refused(error));
                }
                let (peer, for_clients) = (peer.to_string(), for_clients.to_string());
                let place = Place { stamp: 0, removed: false, peer, client: for_clients };
                if is_member {
                    self.note_place(node_id, place);
                    return self.answer_status(client, id);
                }
                // Whoever is refused is not to be remembered.
                self.adding.insert((client, id), (node_id, place));
                MemberChange::AddLearner(node_id)
            }
            ClusterAsk::Promote { node_id } if membership.voters.contains(&node_id) => {
                return self.answer_status(client, id);
            }
            ClusterAsk::Promote { node_id } => MemberChange::Promote(node_id),
            ClusterAsk::Remove { node_id } => {
                if self.peers.post().places().is_removed(node_id) {
                    return self.answer_status(client, id);
                }
                MemberChange::Remove(node_id)
            }
        };
        self.inputs.push(Input::Change { client, id, change });
    }

    fn refuse_to_add(&self, node_id: u64, peer: &Address) -> Option<Error> {
        let places = self.peers.post().places();
        let refuse = |text: String| Some(Error::new(ErrorCode::InvalidRequest, text));
        if places.is_removed(node_id) {
            return refuse(format!(
                "add the member: node {node_id} was removed, and its number is never used again; \
                 empty its data folder to let it join as a new node"
            ));
        }
        let there = places.at_peer_address(peer.as_str());
        let there = there.filter(|there| self.node.membership().contains(*there));
        match there.filter(|there| *there != node_id) {
            Some(there) => refuse(format!(
                "add the member: {peer} is the address of member {there}; \
                 remove that one first if it is gone for ever"
            )),
            None if !places::has_room(&places, node_id, |node| self.is_known(node)) => {
                let text = format!(
                    "add the member: the numbers of removed members are kept for ever, and \
                     {PLACES_LEN_MAX} are as many as may be; a restored backup begins without them"
                );
                Some(Error::new(ErrorCode::LimitExceeded, text))
            }
            None => None,
        }
    }

    /// Takes note of where a new member is, if it became one.
    pub(crate) fn handle_change_reply(&mut self, client: ClientId, id: u64, reply: &Reply) {
        if let Some((node_id, place)) = self.adding.remove(&(client, id))
            && matches!(reply, Reply::Membership(_))
        {
            self.note_place(node_id, place);
        }
    }

    fn answer_status(&mut self, client: ClientId, id: u64) {
        let answer = Answer::Cluster(Box::new(self.status()));
        self.answer(client, id, answer);
    }

    /// The cluster as this node knows it.
    pub(crate) fn status(&self) -> proto::ClusterStatus {
        let Membership { cluster_id, node_id, voters, learners } = self.node.membership();
        let (own, leader) = (*node_id, self.node.leader().unwrap_or_default());
        let (_, applied_index, _) = self.node.applied();
        let places = self.peers.post().places();
        let roles = voters.iter().map(|node| (*node, proto::MemberRole::Voter));
        let roles = roles.chain(learners.iter().map(|node| (*node, proto::MemberRole::Learner)));
        let members = roles.map(|(node_id, role)| {
            let place = places.get(node_id);
            let release = match node_id == own {
                true => Some(env!("CARGO_PKG_VERSION")),
                false => self.peers.release_of(node_id),
            };
            proto::Member {
                node_id,
                peer_address: place.map(|place| place.peer.clone()).unwrap_or_default(),
                client_address: place.map(|place| place.client.clone()).unwrap_or_default(),
                role: role.into(),
                is_leader: node_id == leader,
                reachable: release.is_some(),
                match_index: self.node.match_index(node_id),
                applied_index: (node_id == own).then_some(applied_index),
                version: release.unwrap_or_default().to_owned(),
            }
        });
        let mut members: Vec<proto::Member> = members.collect();
        members.sort_by_key(|member| member.node_id);
        proto::ClusterStatus {
            cluster_id: *cluster_id,
            node_id: own,
            leader,
            term: self.node.term(),
            applied_index,
            has_quorum: has_quorum(own, leader, &members),
            members,
            forming: None,
        }
    }

    /// Where clients find other members, the likeliest first.
    pub(crate) fn other_servers(&self) -> Vec<String> {
        let status = self.status();
        let others = status
            .members
            .into_iter()
            .filter(|member| member.node_id != status.node_id && !member.client_address.is_empty());
        let mut others: Vec<proto::Member> = others.collect();
        others.sort_by_key(|member| (!member.is_leader, !member.reachable));
        others.into_iter().map(|member| member.client_address).collect()
    }

    /// The node's answer in the words of whoever asked.
    pub(crate) fn answer_of(&self, reply: Reply) -> Answer {
        match reply {
            Reply::Info(info) => {
                let status = Box::new(self.status());
                Answer::Info { info: Box::new(info), status }
            }
            Reply::Membership(_) | Reply::ChangeRefused(ChangeRefused::AlreadyMember) => {
                Answer::Cluster(Box::new(self.status()))
            }
            Reply::ChangeRefused(why) => Answer::Refused(change_refused(why)),
            Reply::Unavailable(why @ (Unavailable::NoLeader | Unavailable::Draining)) => {
                let error = crate::encode::unavailable(why);
                Answer::Refused(Error { servers: self.other_servers(), ..error })
            }
            reply => Answer::Node(reply),
        }
    }

    fn transfer(&mut self, client: ClientId, id: u64, to: Option<u64>) {
        let membership = self.node.membership();
        let own = membership.node_id;
        if to.is_some_and(|to| self.node.leader() == Some(to)) {
            return self.answer_status(client, id);
        }
        let refused = if !self.node.is_leader() {
            let error = crate::encode::unavailable(Unavailable::NoLeader);
            Some(Error { servers: self.other_servers(), ..error })
        } else if to.is_some_and(|to| !membership.voters.contains(&to)) {
            let text = "transfer the leadership: that node is no member that votes";
            Some(Error::new(ErrorCode::NotFound, text))
        } else if membership.voters[..] == [own] {
            let text = "transfer the leadership: there is no other member that votes";
            Some(Error::new(ErrorCode::InvalidRequest, text))
        } else {
            None
        };
        if let Some(error) = refused {
            return self.answer(client, id, Answer::Refused(error));
        }
        let deadline = Instant::now() + TRANSFER_TIME_MAX;
        self.transfers.push(Transfer { client, id, to, deadline });
        self.inputs.push(Input::TransferLeadership { to });
    }

    /// Answers those who wait for another leader.
    pub(crate) fn answer_transfers(&mut self) {
        if self.transfers.is_empty() {
            return;
        }
        let (own, leader) = (self.node.membership().node_id, self.node.leader());
        for transfer in std::mem::take(&mut self.transfers) {
            let is_done =
                leader.is_some_and(|leader| transfer.to.map_or(leader != own, |to| to == leader));
            let Transfer { client, id, deadline, .. } = transfer;
            if is_done {
                self.answer_status(client, id);
            } else if Instant::now() >= deadline {
                let text = format!(
                    "transfer the leadership: the member did not take over within \
                     {TRANSFER_TIME_MAX:?}; see whether it is reachable, and try again"
                );
                let error = Error::new(ErrorCode::OutcomeUnknown, text);
                self.answer(client, id, Answer::Refused(error));
            } else {
                self.transfers.push(transfer);
            }
        }
    }

    /// Takes note of what other members told.
    pub(crate) fn handle_news(&mut self, news: News) -> Result<(), RunError> {
        match news {
            News::Places(places) => {
                if self.note_places(places) {
                    self.places_changed();
                }
            }
            News::Called(node) => self.peers.handle_called(node),
            News::Reached(node, release) => self.peers.handle_reached(node, release),
            News::Lost(node) if self.peers.handle_lost(node) => {
                self.inputs.push(Input::HungUp(node));
            }
            News::HungUp(node) if self.peers.handle_hung_up(node) => {
                self.inputs.push(Input::HungUp(node));
            }
            News::Lost(_) | News::HungUp(_) => {}
            News::Removed => self.removed = true,
            News::Claimed(claim) if self.began_here => return self.yield_to(claim),
            News::Claimed(claim) => self.examine(claim),
            News::ClaimProven(claim) => return self.yield_to(claim),
            News::Refused(why) => return Err(RunError::NotAdmitted(why)),
            News::Settled => {
                self.folder.wish = Wish::None;
                self.save_folder();
            }
            News::Arrival(arrival) => self.snapshots.arrivals.push(arrival),
            News::Received(received) => self.take_received(*received),
            News::NotReceived => self.snapshots.is_receiving = false,
            News::Sent { to, ok } => {
                self.snapshots.sending -= 1;
                self.inputs.push(Input::SnapshotSent { to, ok });
            }
        }
        Ok(())
    }

    /// A node that decides alone gives way to the cluster that counts on its address. When it is
    /// started again it is as if it never ran here.
    fn yield_to(&mut self, claim: Claim) -> Result<(), RunError> {
        if !self.node.membership().is_alone() {
            return Ok(());
        }
        self.folder.places = Places::default();
        self.save_folder();
        Err(RunError::Claimed(FormationError::Claimed(claim)))
    }

    /// Finds out whether it is true, unless that was done a moment ago.
    fn examine(&mut self, claim: Claim) {
        let now = Instant::now();
        if !self.node.membership().is_alone() || now < self.examines_claims_at {
            return;
        }
        self.examines_claims_at = now + CLAIM_EXAMINED_EVERY;
        let post = self.peers.post().clone();
        tokio::spawn(async move {
            if claim.is_proven().await {
                post.tell(News::ClaimProven(claim));
            }
        });
    }

    fn note_place(&mut self, node: u64, place: Place) {
        let mut told = Places::default();
        told.note(node, place);
        if self.note_places(told) {
            self.places_changed();
        }
    }

    /// Takes note of addresses, those of members before others. Tells whether that is news.
    fn note_places(&self, told: Places) -> bool {
        let is_known = |node| self.is_known(node);
        let noted = places::note(&mut self.peers.post().places(), told, is_known);
        if noted.is_full
            && let Some(before) = self.peers.post().seldom("no room for addresses")
        {
            warn!(before, max = PLACES_LEN_MAX, "no room for the addresses of more nodes");
        }
        noted.is_news
    }

    /// A member as far as this node can tell: who is none himself does not know who is one.
    fn is_known(&self, node: u64) -> bool {
        let members = self.node.membership();
        members.contains(node) || !members.contains(self.folder.node_id)
    }

    /// The addresses that are known changed: they are kept, told, and used.
    fn places_changed(&mut self) {
        self.folder.places = self.peers.post().places().clone();
        self.save_folder();
        self.peers.connect(self.node.membership());
        self.peers.tell(&self.folder.places);
        if self.folder.places.is_removed(self.folder.node_id) {
            self.removed = true;
        }
    }

    /// Says again where this node is, if others were told that it is elsewhere: by a copy of its
    /// data folder, or by itself before the folder was set back. The newest word is believed, so
    /// two that run at once take turns, slowly; when one is gone, the other is found again.
    pub(crate) fn keep_own_place(&mut self) {
        let node_id = self.folder.node_id;
        let said = self.folder.places.get(node_id);
        let (Some(said), Some(own)) = (said.filter(|said| !said.removed), &self.own_place) else {
            return;
        };
        let now = Instant::now();
        if (&said.peer, &said.client) == (&own.peer, &own.client) || now < self.tells_place_at {
            return;
        }
        if let Some(before) = self.peers.post().seldom("elsewhere") {
            warn!(
                node = node_id,
                elsewhere = said.peer,
                here = own.peer,
                before,
                "another server says that it is this node: if it runs, stop it, and never start a \
                 copy of a data folder"
            );
        }
        self.tells_place_at = now + PLACE_TOLD_EVERY;
        let place = Place { stamp: said.stamp.saturating_add(1), ..own.clone() };
        if self.peers.post().places().note(node_id, place) {
            self.places_changed();
        }
    }

    /// Not more than what is also known to others.
    fn save_folder(&self) {
        if let Err(error) = self.folder_file.write(&self.folder) {
            warn!(%error, "could not keep the addresses of other members");
        }
    }

    /// Looks whether there are other members than before.
    pub(crate) fn look_at_members(&mut self) {
        let is_gone = self.node.is_removed() && !self.removed;
        let now = self.node.membership();
        if *now == self.members && !is_gone {
            return;
        }
        let before = std::mem::replace(&mut self.members, now.clone());
        let Membership { node_id: own, voters, learners, .. } = &self.members;
        let mut removed = Places::default();
        if is_gone {
            self.removed = true;
            removed.remove(*own);
        } else {
            info!(?voters, ?learners, "the members of the cluster changed");
        }
        // Others may need this one after it was removed, and would refuse it if they were told.
        let gone = before.voters.iter().chain(&before.learners).filter(|node| *node != own);
        for node in gone.filter(|node| !self.members.contains(**node)) {
            removed.remove(*node);
            self.peers.post().hang_up(*node);
        }
        match self.note_places(removed) {
            true => self.places_changed(),
            false => self.peers.connect(&self.members),
        }
    }
}

/// A leader is known that a majority follows, as far as this node can tell: a leader that does not
/// reach a majority any more leads nobody, though it takes it a moment to step down; nor does one
/// that its follower does not reach.
fn has_quorum(own: u64, leader: u64, members: &[proto::Member]) -> bool {
    if leader != own {
        return members.iter().any(|member| member.node_id == leader && member.reachable);
    }
    let voters = members.iter().filter(|member| member.role() == proto::MemberRole::Voter);
    let reached = voters.clone().filter(|voter| voter.reachable).count();
    leader != 0 && reached > voters.count() / 2
}

/// What a server knows of itself at its start.
pub(crate) fn folder_of(node: &Membership, wish: Wish) -> Folder {
    let Membership { cluster_id, node_id, .. } = *node;
    Folder { cluster_id, node_id, wish, places: Default::default() }
}

fn change_refused(why: ChangeRefused) -> Error {
    let (code, text) = match why {
        ChangeRefused::UnknownMember => {
            (ErrorCode::NotFound, "change the cluster: no member has that number")
        }
        ChangeRefused::AlreadyMember => {
            (ErrorCode::InvalidRequest, "change the cluster: a member has that number already")
        }
        ChangeRefused::OneAtATime => (
            ErrorCode::TooManyRequests,
            "change the cluster: another change is not done yet, try again",
        ),
        ChangeRefused::NotCaughtUp => (
            ErrorCode::TooManyRequests,
            "promote the member: it lacks too much of the log, try again when it has caught up",
        ),
        ChangeRefused::LastVoter => {
            (ErrorCode::InvalidRequest, "remove the member: nobody would be left to vote")
        }
        ChangeRefused::QuorumAtRisk => (
            ErrorCode::TooManyRequests,
            "change the cluster: of those that would vote then, too few answer now and are caught \
             up; bring them back first, and try again",
        ),
        ChangeRefused::TooManyMembers => {
            (ErrorCode::LimitExceeded, "add the member: the cluster has as many as it may have")
        }
    };
    Error::new(code, text)
}
