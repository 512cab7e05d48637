//! Sessions of clients that keep several holds alive with one keepalive.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use bramah_core::{
    FencingToken, OnDisconnect, OpenSession, Outcome, SessionGrants, SessionHandle, SessionId, Time,
};
use bramah_node::Reply;
use bramah_wire::proto::reply::Outcome as Words;
use bramah_wire::request::{Ask, LIST_LEN_DEFAULT, LIST_LEN_MAX, Query, What};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::call::{Call, json, outcome, unexpected};
use super::desk::{Told, close};
use super::length::Length;
use super::locks::page;
use super::problem::{Problem, ProblemView};
use super::ticket::Ticket;
use super::view::{HeldView, LostView, OwnerView, SessionView, StalenessView, lease_ms};
use super::wanted;
use crate::service::Answer;

/// Most holds of a session that one answer names.
const HOLDS_LEN_MAX: usize = 1_000;

/// The body that opens a session.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct OpenBody {
    /// How long it lives without a keepalive; 15 s if not given.
    ttl: Option<Length>,
    /// Who it is, for all listings.
    owner: Option<OwnerView>,
}

/// A session that was opened.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Opened {
    /// Names the session in later requests. Keep it secret.
    session: String,
    /// Its public number, as listings show it.
    id: u64,
    ttl_ms: u64,
    expires_in_ms: u64,
    /// How long its holder may act, unless it is kept alive, counted from before this request was
    /// sent: `expires_in_ms` less 1 % and 10 ms, for clocks that differ.
    lease_ms: u64,
}

/// A session that was kept alive.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct KeptAlive {
    expires_in_ms: u64,
    /// How long its holder may act on what `holds` names, unless it is kept alive again, counted
    /// from before this request was sent: `expires_in_ms` less 1 % and 10 ms, for clocks that
    /// differ. What a hold says of `ends_in_ms` ends earlier.
    lease_ms: u64,
    #[serde(flatten)]
    holds: SessionHolds,
}

/// One session.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SessionStatus {
    ttl_ms: u64,
    expires_in_ms: u64,
    #[serde(flatten)]
    holds: SessionHolds,
    #[serde(skip_serializing_if = "Option::is_none")]
    staleness: Option<StalenessView>,
}

/// What a session holds. What it held and `holds` does not name has ended, if `more` is false.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SessionHolds {
    /// In the order of tokens, at most 1,000.
    holds: Vec<HeldView>,
    /// There are more: look at the session with `after` of the last one's token.
    more: bool,
    /// Holds that ended though the session lives on, also by its own releases: the last 64, newest
    /// first, as far as they are remembered.
    ended: Vec<LostView>,
}

impl SessionHolds {
    fn new(now: Time, session: &SessionGrants, after: FencingToken) -> SessionHolds {
        let mut held = session.holds.iter().filter(|grant| grant.hold.token > after);
        let holds = held.by_ref().take(HOLDS_LEN_MAX).map(|grant| {
            let ticket = Ticket { hold: grant.hold, own_session: None };
            HeldView::new(now, grant, ticket)
        });
        SessionHolds {
            holds: holds.collect(),
            more: held.next().is_some(),
            ended: session.ended.iter().map(|ended| LostView::new(now, ended)).collect(),
        }
    }
}

/// A session that was closed.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Closed {
    /// Holds that were released with it.
    holds: usize,
}

/// A page of sessions.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SessionList {
    /// In the order of their numbers.
    sessions: Vec<SessionView>,
    /// There are more: ask with `after` of the last one's number.
    more: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    staleness: Option<StalenessView>,
}

/// Opens a session, which holds what is acquired in it for as long as it is kept alive.
#[utoipa::path(
    post, path = "/v1/sessions", tag = "sessions",
    request_body(content = OpenBody, description = "An empty body is an empty object."),
    responses(
        (status = 201, description = "It is open.", body = Opened),
        (status = "default", description = "It was not served.", body = ProblemView,
            content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn open(mut call: Call) -> Result<Response, Problem> {
    call.query(&[])?;
    let body: OpenBody = call.json().await?;
    let ttl = wanted::ttl(body.ttl)?;
    let open = OpenSession {
        key: call.desk.draw_key(),
        ttl,
        on_disconnect: OnDisconnect::Keep,
        owner: wanted::owner(body.owner)?,
    };
    let (now, session, deadline) = call.desk.open_session(open).await?;
    let opened = Opened {
        session: session.to_string(),
        id: session.id.0,
        ttl_ms: ttl.as_ms(),
        expires_in_ms: deadline.ms_since(now),
        lease_ms: lease_ms(deadline.ms_since(now)),
    };
    let mut response = json(StatusCode::CREATED, &opened);
    if let Ok(place) = HeaderValue::try_from(format!("/v1/sessions/{session}")) {
        response.headers_mut().insert(header::LOCATION, place);
    }
    Ok(response)
}

/// Keeps a session alive: sets its remaining life to its TTL. Says what it holds, and what it holds
/// no more: nothing else tells its client that a hold was revoked.
#[utoipa::path(
    post, path = "/v1/sessions/{session}/keepalive", tag = "sessions",
    params(("session" = String, Path, description = "What opening it answered in `session`.")),
    responses(
        (status = 200, description = "It lives on.", body = KeptAlive),
        (status = 410, description = "It ended; says how.", body = ProblemView,
            content_type = "application/problem+json"),
        (status = "default", description = "It was not served.", body = ProblemView,
            content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn keep_alive(call: Call) -> Result<Response, Problem> {
    let session = call.session()?;
    call.query(&[])?;
    let Told { now, answer } = call.desk.ask(Ask::Service(What::KeepAlive(vec![session]))).await;
    let expires_in_ms = match answer {
        Answer::Node(Reply::KeptAlive { renewals, .. }) => match renewals.into_iter().next() {
            Some(Ok(deadline)) => deadline.ms_since(now),
            Some(Err(refusal)) => return Err(Problem::refused(&refusal, now)),
            None => return Err(unexpected()),
        },
        answer => return outcome(Told { now, answer }).and_then(|_| Err(unexpected())),
    };
    // Its own table has the renewal, so this needs no leader, and cannot be older than that.
    let (now, held, _) = held(&call, session, FencingToken(0), true).await?;
    let lease_ms = lease_ms(expires_in_ms);
    let holds = SessionHolds::new(now, &held, FencingToken(0));
    Ok(json(StatusCode::OK, &KeptAlive { expires_in_ms, lease_ms, holds }))
}

/// One session, with what it holds and what it holds no more. Does not keep it alive.
#[utoipa::path(
    get, path = "/v1/sessions/{session}", tag = "sessions",
    params(
        ("session" = String, Path, description = "What opening it answered in `session`."),
        ("after" = Option<u64>, Query, description = "Holds with tokens above this one."),
        ("stale" = Option<bool>, Query, description = "Of the table as the asked server has it."),
    ),
    responses(
        (status = 200, description = "It is open.", body = SessionStatus),
        (status = 410, description = "It ended; says how.", body = ProblemView,
            content_type = "application/problem+json"),
        (status = "default", description = "It was not served.", body = ProblemView,
            content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn get(call: Call) -> Result<Response, Problem> {
    let session = call.session()?;
    let query = call.query(&["after", "stale"])?;
    let after = FencingToken(query.number("after")?.unwrap_or_default());
    let (now, held, staleness) = held(&call, session, after, query.flag("stale")?).await?;
    let status = SessionStatus {
        ttl_ms: held.ttl.as_ms(),
        expires_in_ms: held.deadline.ms_since(now),
        holds: SessionHolds::new(now, &held, after),
        staleness,
    };
    Ok(json(StatusCode::OK, &status))
}

fn held(
    call: &Call,
    session: SessionHandle,
    after: FencingToken,
    stale: bool,
) -> impl Future<Output = Result<(Time, SessionGrants, Option<StalenessView>), Problem>> + use<> {
    let look = Query::GetSession { session, after };
    let ask = if stale { Ask::Stale(look) } else { Ask::Service(What::Query(look)) };
    let (_, told) = call.desk.asked(ask);
    async {
        let Told { now, answer } = told.await;
        let (answer, staleness) = match answer {
            Answer::Stale(reply, staleness) => (Answer::Node(reply), Some(staleness)),
            answer => (answer, None),
        };
        match answer {
            Answer::Node(Reply::Session { session, .. }) => {
                Ok((now, session, staleness.map(StalenessView::new)))
            }
            answer => outcome(Told { now, answer }).and_then(|_| Err(unexpected())),
        }
    }
}

/// Closes a session: all it holds is released.
#[utoipa::path(
    delete, path = "/v1/sessions/{session}", tag = "sessions",
    params(("session" = String, Path, description = "What opening it answered in `session`.")),
    responses(
        (status = 200, description = "It is closed.", body = Closed),
        (status = 410, description = "It ended before; says how.", body = ProblemView,
            content_type = "application/problem+json"),
        (status = "default", description = "It was not served.", body = ProblemView,
            content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn close_session(call: Call) -> Result<Response, Problem> {
    let session = call.session()?;
    call.query(&[])?;
    match outcome(call.desk.ask(Ask::Service(close(session))).await)? {
        (_, Outcome::SessionClosed { holds }) => Ok(json(StatusCode::OK, &Closed { holds })),
        _ => Err(unexpected()),
    }
}

/// Open sessions.
#[utoipa::path(
    get, path = "/v1/sessions", tag = "sessions",
    params(
        ("after" = Option<u64>, Query, description = "Numbers above this one."),
        ("limit" = Option<u32>, Query, description = "Most sessions.", minimum = 1, maximum = 1000),
        ("stale" = Option<bool>, Query, description = "Of the table as the asked server has it."),
    ),
    responses(
        (status = 200, description = "A page of them.", body = SessionList),
        (status = "default", description = "It was not served.", body = ProblemView,
            content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn list(call: Call) -> Result<Response, Problem> {
    let query = call.query(&["after", "limit", "stale"])?;
    let after = SessionId(query.number("after")?.unwrap_or_default());
    let len_max = page(&query, LIST_LEN_DEFAULT, LIST_LEN_MAX)?;
    let look = Query::ListSessions { after, len_max };
    match call.look(look, query.flag("stale")?).await? {
        (reply, Words::SessionList(list)) => {
            let now_ms = reply.now_ms;
            let sessions = list.sessions.into_iter().map(|it| SessionView::new(now_ms, it));
            let staleness = reply.staleness.map(StalenessView::new);
            let list = SessionList { sessions: sessions.collect(), more: list.more, staleness };
            Ok(json(StatusCode::OK, &list))
        }
        _ => Err(unexpected()),
    }
}
