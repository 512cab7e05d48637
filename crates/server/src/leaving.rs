//! How a server stops: others take over first, then it takes nothing new, and ends what is under
//! way.

use std::time::Duration;

use bramah_node::Input;
use tokio::time::Instant;
use tracing::{info, warn};

use crate::runtime::Runtime;

/// How long clients may take to go elsewhere, and another member to lead.
const HANDING_OVER_TIME_MAX: Duration = Duration::from_secs(3);
/// How long requests that wait may take to be told so, where nobody takes over.
const TELLING_TIME_MAX: Duration = Duration::from_secs(1);
/// How long what is under way may take to end.
const ENDING_TIME_MAX: Duration = Duration::from_secs(7);
/// How long a server that is to stop waits for room for its last write.
const STOP_WITHOUT_ROOM: Duration = Duration::from_secs(1);

/// How far it has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Leaving {
    /// Others take over.
    HandingOver { since: Instant },
    /// Nobody does; those who wait are told.
    Telling { since: Instant },
    /// Nothing new is taken.
    Ending { since: Instant },
}

impl Runtime {
    /// Begins to stop.
    pub(crate) fn leave(&mut self) -> Leaving {
        let servers = self.other_servers();
        let membership = self.node.membership();
        let others_vote = membership.voters.iter().any(|voter| *voter != membership.node_id);
        let (state, ..) = self.node.applied();
        let (now, revision) = (state.now(), state.counters().revision);
        for (client, outlet) in &self.outlets {
            outlet.leave(now, revision, &servers);
            self.dirty.push(*client);
        }
        if !others_vote || self.node.leader().is_none() {
            info!("stopping: those who wait are told");
            return Leaving::Telling { since: Instant::now() };
        }
        info!("stopping: the other members take over");
        if self.node.is_leader() {
            self.inputs.push(Input::TransferLeadership { to: None });
        }
        Leaving::HandingOver { since: Instant::now() }
    }

    fn end(&mut self) -> Leaving {
        info!("stopping: nothing new is taken");
        self.inputs.push(Input::Drain);
        Leaving::Ending { since: Instant::now() }
    }

    /// Does what is next; true when it must stop at once.
    pub(crate) fn go_on_leaving(&mut self, leaving: &mut Leaving) -> bool {
        match leaving {
            Leaving::HandingOver { since } => {
                let is_over = !self.node.is_leader() && self.outlets.is_empty();
                if is_over || since.elapsed() >= HANDING_OVER_TIME_MAX {
                    *leaving = self.end();
                }
                false
            }
            Leaving::Telling { since } => {
                let is_over = !self.outlets.values().any(|outlet| outlet.ends_then());
                if is_over || since.elapsed() >= TELLING_TIME_MAX {
                    *leaving = self.end();
                }
                false
            }
            Leaving::Ending { since } => {
                if self.is_stuck() && since.elapsed() >= STOP_WITHOUT_ROOM {
                    warn!("stopping without the last write: there is no room, nobody was answered");
                    return true;
                }
                let is_late = since.elapsed() >= ENDING_TIME_MAX;
                if is_late {
                    warn!("stopping: what is still under way may or may not happen");
                }
                is_late
            }
        }
    }
}
