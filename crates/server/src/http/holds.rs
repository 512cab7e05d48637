//! What a holder does with its hold.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use bramah_core::{Command, HoldAction, HoldId, Outcome};
use bramah_wire::ErrorCode;
use bramah_wire::proto::reply::Outcome as Words;
use bramah_wire::request::{Ask, Query, What};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::call::{self, Call, in_words, json, outcome, unexpected};
use super::desk::close;
use super::length::Length;
use super::problem::{Problem, ProblemView};
use super::view::Hold;
use super::wanted;

/// The body of a renewal.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RenewBody {
    /// A longer TTL from now on, for the hold's session.
    ttl: Option<Length>,
}

/// The body that sets a value.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ValueBody {
    /// The hold whose value it is.
    #[schema(required = true, nullable = false)]
    hold: Option<String>,
    /// The bytes, as text. Without a value the hold has none from now on.
    value: Option<String>,
    /// The bytes, in hexadecimal digits.
    value_hex: Option<String>,
}

/// A hold that was given back.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Released {
    /// Re-entries that are left; the lock is held until this is 0.
    reentries_left: u32,
    /// With a minimum hold: when others may have the lock.
    free_in_ms: Option<u64>,
}

/// Renews a hold: sets the remaining life of its session to its TTL.
#[utoipa::path(
    post, path = "/v1/holds/{hold}/renew", tag = "holds",
    params(("hold" = String, Path, description = "What an acquire answered in `hold`.")),
    request_body(content = RenewBody, description = "An empty body is an empty object."),
    responses(
        (status = 200, description = "It lives on.", body = Hold),
        (status = 412, description = "It is held no more; says how it ended.", body = ProblemView,
            content_type = "application/problem+json"),
        (status = "default", description = "It was not served.", body = ProblemView,
            content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn renew(mut call: Call) -> Result<Response, Problem> {
    let ticket = call.ticket()?;
    call.query(&[])?;
    let body: RenewBody = call.json().await?;
    let ttl = body.ttl.map(|ttl| wanted::ttl(Some(ttl))).transpose()?;
    let asked = call.desk.ask(by_hold(ticket.hold, HoldAction::Renew(ttl)));
    match outcome(asked.await)? {
        (now, Outcome::HoldRenewed(grant)) => {
            Ok(json(StatusCode::OK, &Hold::new(now, &grant, ticket, false)))
        }
        _ => Err(unexpected()),
    }
}

/// Releases a hold.
#[utoipa::path(
    delete, path = "/v1/holds/{hold}", tag = "holds",
    params(("hold" = String, Path, description = "What an acquire answered in `hold`.")),
    responses(
        (status = 200, description = "It is given back.", body = Released),
        (status = 412, description = "It is held no more; says how it ended.", body = ProblemView,
            content_type = "application/problem+json"),
        (status = "default", description = "It was not served.", body = ProblemView,
            content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn release(call: Call) -> Result<Response, Problem> {
    let ticket = call.ticket()?;
    call.query(&[])?;
    let (_, released) = call.desk.asked(by_hold(ticket.hold, HoldAction::Release));
    if let Some(session) = ticket.own_session {
        // Both in one entry of the log: the session was there for this hold alone.
        call.desk.order(close(session));
    }
    match outcome(released.await)? {
        (now, Outcome::Released { reentries_left, free_at }) => {
            let free_in_ms = free_at.map(|at| at.ms_since(now));
            Ok(json(StatusCode::OK, &Released { reentries_left, free_in_ms }))
        }
        _ => Err(unexpected()),
    }
}

/// Changes the value of a hold, without releasing it.
#[utoipa::path(
    put, path = "/v1/locks/{name}/value", tag = "holds",
    params(("name" = String, Path, description = "The lock's name; a slash is written %2F.")),
    request_body = ValueBody,
    responses(
        (status = 204, description = "Everybody sees it from now on."),
        (status = 412, description = "The hold is no living hold of this lock.", body = ProblemView,
            content_type = "application/problem+json"),
        (status = "default", description = "It was not served.", body = ProblemView,
            content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn set_value(mut call: Call) -> Result<Response, Problem> {
    let name = call.lock_name()?;
    call.query(&[])?;
    let body: ValueBody = call.json().await?;
    let hold = body
        .hold
        .as_deref()
        .ok_or_else(|| Problem::invalid("set the value: the field hold is missing"))?;
    let ticket = call::ticket(hold)?;
    let value = wanted::value(body.value, body.value_hex.as_deref())?;
    // A hold is of one lock for ever, so nothing can change between the two.
    let verify = Query::Verify { name: name.clone(), token: ticket.hold.token };
    let verdict = call.desk.ask(Ask::Service(What::Query(verify)));
    match in_words(verdict.await)? {
        (_, Words::Verdict(verdict)) if verdict.held => {}
        (_, Words::Verdict(verdict)) => {
            let ended = verdict.end.map(|end| format!("it ended: {}", end.reason));
            let why = ended.unwrap_or_else(|| "it is of no living hold of this lock".to_owned());
            let text = format!("set the value of {:?} by the hold: {why}", name.as_str());
            return Err(Problem::new(ErrorCode::NotHolder, text));
        }
        _ => return Err(unexpected()),
    }
    let set = call.desk.ask(by_hold(ticket.hold, HoldAction::SetValue(value)));
    match outcome(set.await)? {
        (_, Outcome::ValueSet) => Ok(StatusCode::NO_CONTENT.into_response()),
        _ => Err(unexpected()),
    }
}

fn by_hold(hold: HoldId, action: HoldAction) -> Ask {
    Ask::Service(What::Command(Command::ByHold { hold, action }))
}
