//! Operating the cluster that a server belongs to.

use std::sync::Arc;
use std::time::Duration;

use bramah_wire::proto::reply::Outcome;
use bramah_wire::proto::request::Op;
use bramah_wire::{ErrorCode, proto};
use tokio::time::{sleep, timeout};

use super::call::{Failure, Purpose};
use super::client::Client;
use super::machine::Machine;
use super::{Native, Remote, another_answer, task};
use crate::backend::{BackupPart, BoxFuture, ClusterBackend};
use crate::clock::LocalTime;
use crate::cluster::{ClusterChange, ClusterInfo, FormingInfo, MemberInfo, MemberRole, Stranger};
use crate::error::{Effect, Error, ErrorKind};

/// How long another server may take to say how the cluster is, before what is known must do.
const LOOK_MAX: Duration = Duration::from_secs(1);
/// How long one attempt to change the cluster may be refused for now.
const CHANGE_ATTEMPT_MAX: Duration = Duration::from_secs(2);
/// Shortest time in which a change is tried again while no leader takes it.
const CHANGE_MIN: Duration = Duration::from_secs(10);
/// How long a change is tried again that the leader refuses for now. A learner that is to vote gets
/// [`CHANGE_MIN`] to catch up.
const REFUSED_MAX: Duration = Duration::from_secs(2);
/// A leader that took so long to refuse has given it time itself.
const WEIGHED_MIN: Duration = Duration::from_secs(1);
/// The pause before a change is tried again.
const CHANGE_PAUSE: Duration = Duration::from_millis(200);

impl Remote {
    async fn ask_cluster(&self, op: Op, purpose: Purpose) -> Result<ClusterInfo, Failure> {
        match self.ask(op, purpose).await?.outcome {
            Outcome::ClusterStatus(status) => Ok(read_status(status)),
            _ => Err(another_answer()),
        }
    }

    async fn status(&self) -> Result<ClusterInfo, Failure> {
        self.ask_cluster(Op::GetClusterStatus(proto::GetClusterStatus {}), Purpose::Ask).await
    }
}

impl Native {
    /// The leader, on a connection of its own, if it is another server than this one and can be
    /// called.
    fn leader(&self, status: &ClusterInfo) -> Option<Arc<Remote>> {
        let leader = status.leading().filter(|leader| leader.node_id != status.node_id)?;
        self.dial(leader.client_address.clone(), CHANGE_ATTEMPT_MAX)
    }

    /// A server, on a connection of its own.
    fn dial(&self, address: String, patience: Duration) -> Option<Arc<Remote>> {
        if address.is_empty() {
            return None;
        }
        let terms = self.remote.client.lock().machine.shared_terms.clone();
        let mut machine = Machine::new(terms, patience, vec![address]);
        machine.asks_if_silent = true;
        let runtime = tokio::runtime::Handle::try_current().ok()?;
        let client = Arc::new(Client::new(machine));
        runtime.spawn(task::run(client.clone()));
        Some(Arc::new(Remote { client }))
    }

    /// As the leader sees it, else as whoever knows most.
    async fn look_at_cluster(&self) -> Result<ClusterInfo, Failure> {
        let here = credible(self.remote.status().await?);
        let leader = here.leading();
        let servers = match leader {
            Some(leader) if leader.node_id == here.node_id => return Ok(here),
            Some(leader) if here.has_quorum => vec![leader.client_address.clone()],
            _ => self.remote.client.lock().machine.servers.addresses(),
        };
        let looks = servers.into_iter().filter_map(|server| {
            let remote = self.dial(server, LOOK_MAX)?;
            Some(tokio::spawn(async move { timeout(LOOK_MAX, remote.status()).await }))
        });
        let looks: Vec<_> = looks.collect();
        let mut best = here;
        for look in looks {
            let Ok(Ok(Ok(there))) = look.await else { continue };
            let there = credible(there);
            let knows = |info: &ClusterInfo| {
                (info.has_quorum, info.leader == Some(info.node_id), info.voters_reachable())
            };
            if knows(&there) > knows(&best) {
                best = there;
            }
        }
        Ok(best)
    }

    /// Servers of the URL that are of another cluster. Those that are known as members need not be
    /// asked.
    async fn find_strangers(&self, info: &ClusterInfo) -> Vec<Stranger> {
        let given = self.remote.client.lock().machine.servers.given();
        let is_member =
            |server: &String| info.members.iter().any(|member| member.client_address == *server);
        let asked = given.into_iter().filter(|server| !is_member(server));
        let looks = asked.filter_map(|address| {
            let remote = self.dial(address.clone(), LOOK_MAX)?;
            let look = async move { timeout(LOOK_MAX, remote.status()).await };
            Some((address, tokio::spawn(look)))
        });
        let looks: Vec<_> = looks.collect();
        let mut strangers = Vec::new();
        for (address, look) in looks {
            let Ok(Ok(Ok(ClusterInfo { cluster_id, .. }))) = look.await else { continue };
            if ![0, info.cluster_id].contains(&cluster_id) {
                strangers.push(Stranger { address, cluster_id });
            }
        }
        strangers
    }

    /// Has the leader change the cluster, whoever that is by the time it is done.
    async fn change_cluster(&self, change: ClusterChange) -> Result<ClusterInfo, Failure> {
        let patience = self.remote.client.lock().machine.connect_timeout.max(CHANGE_MIN);
        let begun = LocalTime::now();
        if let ClusterChange::Transfer { to: Some(to) } = change {
            self.check_reached(to).await?;
        }
        let is_transfer = matches!(change, ClusterChange::Transfer { .. });
        let refused_until = begun.plus(match change {
            ClusterChange::Promote { .. } => CHANGE_MIN,
            _ => REFUSED_MAX,
        });
        let op = op_of(change);
        loop {
            let here = self.remote.status().await?;
            let asked_at = LocalTime::now();
            let changed = match self.leader(&here) {
                Some(leader) => leader.ask_cluster(op.clone(), Purpose::Change).await,
                None => self.remote.ask_cluster(op.clone(), Purpose::Change).await,
            };
            let Err(failure) = changed else { return changed };
            let now = LocalTime::now();
            let is_tried_again = match (failure.kind, failure.effect) {
                _ if failure.code == Some(ErrorCode::TooManyRequests) => {
                    now < refused_until && now.since(asked_at) < WEIGHED_MIN
                }
                // What is done already is answered at once, but for a handover.
                (ErrorKind::OutcomeUnknown, _) => !is_transfer && now < begun.plus(patience),
                (ErrorKind::Unavailable, _) | (ErrorKind::Storage, Effect::Unknown) => {
                    now < begun.plus(patience)
                }
                _ => false,
            };
            if !is_tried_again {
                return Err(failure);
            }
            sleep(CHANGE_PAUSE).await;
        }
    }

    /// Refuses to wait for a member that cannot take over, if that is known.
    async fn check_reached(&self, to: u64) -> Result<(), Failure> {
        let seen = self.look_at_cluster().await?;
        let is_away = |member: &MemberInfo| member.node_id == to && !member.reachable;
        if seen.leader == Some(seen.node_id) && seen.members.iter().any(is_away) {
            let message = format!("the leader, node {}, does not reach node {to}", seen.node_id);
            return Err(Failure::new(ErrorKind::Unavailable, message));
        }
        Ok(())
    }
}

impl ClusterBackend for Native {
    fn status(&self) -> BoxFuture<'_, Result<ClusterInfo, Error>> {
        Box::pin(async {
            let status = self.look_at_cluster().await;
            status.map_err(|failure| failure.during("tell how the cluster is"))
        })
    }

    fn change(&self, change: ClusterChange) -> BoxFuture<'_, Result<ClusterInfo, Error>> {
        Box::pin(async {
            let operation = match &change {
                ClusterChange::Add { node_id, .. } => format!("add member {node_id}"),
                ClusterChange::Promote { node_id } => format!("promote member {node_id}"),
                ClusterChange::Remove { node_id } => format!("remove member {node_id}"),
                ClusterChange::Transfer { .. } => "transfer the leadership".to_owned(),
            };
            let changed = self.change_cluster(change).await;
            changed.map_err(|failure| failure.during(operation))
        })
    }

    fn strangers<'a>(&'a self, info: &'a ClusterInfo) -> BoxFuture<'a, Vec<Stranger>> {
        Box::pin(self.find_strangers(info))
    }

    fn backup_part(&self, from: u64) -> BoxFuture<'_, Result<BackupPart, Error>> {
        let op = Op::Backup(proto::Backup { from });
        let operation = || "make a backup".to_owned();
        Box::pin(self.ask(operation, op, Purpose::Ask, |answer| match answer.outcome {
            Outcome::BackupPart(part) => {
                Ok(BackupPart { data: part.data.into(), is_last: part.last })
            }
            _ => Err(another_answer()),
        }))
    }
}

/// A leader that its follower does not reach leads nobody; the follower notices a little later.
fn credible(mut status: ClusterInfo) -> ClusterInfo {
    let node_id = status.node_id;
    let is_there = |leader: &MemberInfo| leader.node_id == node_id || leader.reachable;
    status.has_quorum &= status.leading().is_some_and(is_there);
    status
}

fn op_of(change: ClusterChange) -> Op {
    match change {
        ClusterChange::Add { node_id, peer_address, client_address } => {
            Op::ClusterAdd(proto::ClusterAdd { node_id, peer_address, client_address })
        }
        ClusterChange::Promote { node_id } => Op::ClusterPromote(proto::ClusterPromote { node_id }),
        ClusterChange::Remove { node_id } => Op::ClusterRemove(proto::ClusterRemove { node_id }),
        ClusterChange::Transfer { to } => {
            Op::ClusterTransfer(proto::ClusterTransfer { to: to.unwrap_or_default() })
        }
    }
}

fn read_status(status: proto::ClusterStatus) -> ClusterInfo {
    let members = status.members.into_iter().map(|member| MemberInfo {
        role: match member.role() {
            proto::MemberRole::Learner => MemberRole::Learner,
            _ => MemberRole::Voter,
        },
        node_id: member.node_id,
        peer_address: member.peer_address,
        client_address: member.client_address,
        is_leader: member.is_leader,
        reachable: member.reachable,
        match_index: member.match_index,
        applied_index: member.applied_index,
        version: member.version,
    });
    let forming = status.forming;
    ClusterInfo {
        cluster_id: status.cluster_id,
        node_id: status.node_id,
        leader: (status.leader != 0).then_some(status.leader),
        term: status.term,
        applied_index: status.applied_index,
        has_quorum: status.has_quorum,
        members: members.collect(),
        forming: forming.map(|it| FormingInfo { expected: it.expected, seen: it.seen }),
    }
}
