//! How the server and its cluster are.

use axum::http::StatusCode;
use axum::response::Response;
use bramah_wire::proto::reply::Outcome as Words;
use bramah_wire::request::{Ask, ClusterAsk};
use bramah_wire::{ErrorCode, proto};
use serde::Serialize;
use utoipa::ToSchema;

use super::call::{Call, json, unexpected};
use super::problem::{Problem, ProblemView};

/// That the server is there.
#[derive(Serialize, ToSchema)]
pub(crate) struct Health {
    /// `ok`.
    status: &'static str,
    /// The server's release.
    version: &'static str,
}

/// The cluster, as the server that answers knows it.
#[derive(Serialize, ToSchema)]
pub(crate) struct ClusterView {
    /// 0 while the server has no cluster yet.
    cluster_id: u64,
    /// The server that answers.
    node_id: u64,
    /// The node that leads.
    leader: Option<u64>,
    term: u64,
    /// The last entry of the log that the server that answers applied.
    applied_index: u64,
    /// A leader is known that a majority of the voters follows.
    quorum: bool,
    members: Vec<MemberView>,
    /// Of servers that are to begin a cluster together.
    #[serde(skip_serializing_if = "Option::is_none")]
    forming: Option<FormingView>,
}

/// A member of the cluster.
#[derive(Serialize, ToSchema)]
pub(crate) struct MemberView {
    node_id: u64,
    /// HOST:PORT for clients; empty if not known.
    client_address: String,
    /// HOST:PORT for other members; empty if not known.
    peer_address: String,
    role: RoleName,
    leader: bool,
    /// The server that answers is, or is connected with, this member.
    reachable: bool,
    match_index: Option<u64>,
    applied_index: Option<u64>,
    version: String,
}

/// Whether a member votes.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum RoleName {
    Voter,
    Learner,
}

/// How far servers have come that are to begin a cluster together.
#[derive(Serialize, ToSchema)]
pub(crate) struct FormingView {
    expected: u32,
    seen: Vec<u64>,
}

/// Is the server there? Whatever its query says: those who check health append what they like.
#[utoipa::path(
    get, path = "/healthz", tag = "server",
    responses((status = 200, description = "The server is there.", body = Health)),
)]
pub(crate) async fn health() -> Response {
    json(StatusCode::OK, &Health { status: "ok", version: env!("CARGO_PKG_VERSION") })
}

/// Can it grant locks? Whatever its query says, as with `/healthz`.
#[utoipa::path(
    get, path = "/readyz", tag = "server",
    responses(
        (status = 200, description = "A leader is known that a majority follows.",
            body = ClusterView),
        (status = 503, description = "Nobody leads at the moment.", body = ProblemView,
            content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn ready(call: Call) -> Result<Response, Problem> {
    let status = status(&call).await?;
    if status.cluster_id == 0 {
        let text = "serve: this server has no cluster yet";
        return Err(Problem::new(ErrorCode::NoLeader, text));
    }
    if !status.has_quorum {
        let text = "serve: the cluster has no leader that a majority follows, try again";
        return Err(Problem::new(ErrorCode::NoLeader, text));
    }
    Ok(json(StatusCode::OK, &ClusterView::new(status)))
}

/// The cluster, as the server that is asked knows it, also while nobody leads.
#[utoipa::path(
    get, path = "/v1/cluster", tag = "server",
    responses((status = 200, description = "The cluster.", body = ClusterView)),
)]
pub(crate) async fn cluster(call: Call) -> Result<Response, Problem> {
    call.query(&[])?;
    Ok(json(StatusCode::OK, &ClusterView::new(status(&call).await?)))
}

fn status(call: &Call) -> impl Future<Output = Result<proto::ClusterStatus, Problem>> + use<> {
    let told = call.ask(Ask::Cluster(ClusterAsk::Status));
    async {
        match told.await? {
            (_, Words::ClusterStatus(status)) => Ok(status),
            _ => Err(unexpected()),
        }
    }
}

impl ClusterView {
    fn new(status: proto::ClusterStatus) -> ClusterView {
        let members = status.members.into_iter().map(|member| MemberView {
            role: match member.role() {
                proto::MemberRole::Learner => RoleName::Learner,
                _ => RoleName::Voter,
            },
            node_id: member.node_id,
            client_address: member.client_address,
            peer_address: member.peer_address,
            leader: member.is_leader,
            reachable: member.reachable,
            match_index: member.match_index,
            applied_index: member.applied_index,
            version: member.version,
        });
        ClusterView {
            cluster_id: status.cluster_id,
            node_id: status.node_id,
            leader: Some(status.leader).filter(|leader| *leader != 0),
            term: status.term,
            applied_index: status.applied_index,
            quorum: status.has_quorum,
            members: members.collect(),
            forming: status.forming.map(|it| FormingView { expected: it.expected, seen: it.seen }),
        }
    }
}
