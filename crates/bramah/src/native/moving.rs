//! Which server is talked to: what it says of the others, and when it is left for one of them.

use bramah_wire::proto;
use bramah_wire::proto::request::Op;

use super::call::{Purpose, State};
use super::limits::{LEADER_ASKED_AFTER, LEAVING_MAX, MEMBERS_ASKED_EVERY};
use super::machine::{Link, Machine};
use super::servers::Next;
use crate::clock::LocalTime;

/// The server that is talked to is about to be left.
#[derive(Clone, Debug)]
pub(super) struct Leaving {
    until: LocalTime,
    why: String,
}

impl Machine {
    /// Whom to call next.
    pub(super) fn next_server(&mut self, now: LocalTime) -> Option<Next> {
        self.servers.choose(now, &mut self.dice, self.connect_timeout)
    }

    /// Asks who the members of the cluster are, unless somebody just did.
    pub(super) fn ask_for_members(&mut self, now: LocalTime) {
        self.members_due = now.plus(MEMBERS_ASKED_EVERY);
        let op = Op::GetClusterStatus(proto::GetClusterStatus {});
        let is_asked =
            |id| self.calls.get(id).is_some_and(|call| call.request.op.as_ref() == Some(&op));
        if !self.pending.iter().any(is_asked) {
            let id = self.start(now, op, Purpose::Members, None);
            self.abandon_quietly(id);
        }
    }

    /// A server says how its cluster is.
    pub(super) fn handle_status(&mut self, now: LocalTime, status: &proto::ClusterStatus) {
        if !self.follows_members {
            return;
        }
        let members = status.members.iter();
        let members = members.map(|it| (it.node_id, it.client_address.clone())).collect();
        self.servers.learn(status.node_id, members);
        if status.has_quorum {
            self.is_leaderless = false;
            self.servers.forget_troubles();
            return;
        }
        // An election takes no longer than that, and is not over sooner elsewhere.
        let why = "the server knows of no leader".to_owned();
        if std::mem::replace(&mut self.is_leaderless, true) {
            self.move_on(now, why, &[]);
        } else {
            self.servers.set_trouble(why);
            self.members_due = now.plus(LEADER_ASKED_AFTER);
            self.next_due = self.next_due.min(self.members_due);
        }
    }

    /// The server cannot be of use for now, and says that these others may be. It is left as soon
    /// as it owes no answer to what cannot be asked again; everything else goes over.
    pub(super) fn move_on(&mut self, now: LocalTime, why: String, others: &[String]) {
        if self.follows_members {
            self.servers.hint(others);
        }
        self.servers.set_trouble(why.clone());
        if self.link == Link::Down || self.leaving.is_some() || !self.servers.has_others() {
            return;
        }
        let until = now.plus(LEAVING_MAX);
        self.leaving = Some(Leaving { until, why });
        self.next_due = self.next_due.min(until);
        self.leave(now);
    }

    /// Hangs up if the server is to be left and nothing speaks against it any more.
    pub(super) fn leave(&mut self, now: LocalTime) {
        let Some(Leaving { until, why }) = self.leaving.clone() else { return };
        let is_owed = self
            .calls
            .values()
            .any(|call| matches!(call.purpose, Purpose::Act) && matches!(call.state, State::Sent));
        if is_owed && now < until {
            self.next_due = self.next_due.min(until);
        } else {
            self.hang_up(why);
        }
    }
}
