//! What was, and whether a token still is.

use axum::http::StatusCode;
use axum::response::Response;
use bramah_core::FencingToken;
use bramah_wire::proto::reply::Outcome as Words;
use bramah_wire::request::{LIST_LEN_DEFAULT, LIST_LEN_MAX, Query};
use serde::Serialize;
use utoipa::ToSchema;

use super::call::{self, Call, json, unexpected};
use super::locks::page;
use super::problem::{Problem, ProblemView};
use super::view::{EndedView, StalenessView};

/// Ended holds, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct History {
    history: Vec<EndedView>,
    /// More are remembered.
    more: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    staleness: Option<StalenessView>,
}

/// What is known of a fencing token.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct VerdictView {
    /// It is of a living hold of that lock.
    held: bool,
    /// The newest token known of that lock, held or ended.
    newest_token: Option<u64>,
    /// How the hold ended, if that is remembered: a word as in the history.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    staleness: Option<StalenessView>,
}

/// How holds ended: of one lock, or of all.
#[utoipa::path(
    get, path = "/v1/history", tag = "locks",
    params(
        ("name" = Option<String>, Query, description = "Of this lock."),
        ("limit" = Option<u32>, Query, description = "Most of them.", minimum = 1, maximum = 1000),
        ("stale" = Option<bool>, Query, description = "Of the table as the asked server has it."),
    ),
    responses(
        (status = 200, description = "The newest of them.", body = History),
        (status = "default", description = "It was not served.", body = ProblemView,
            content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn history(call: Call) -> Result<Response, Problem> {
    let query = call.query(&["name", "limit", "stale"])?;
    let name = query.text("name").map(call::lock_name).transpose()?;
    let len_max = page(&query, LIST_LEN_DEFAULT, LIST_LEN_MAX)?;
    let look = Query::GetHistory { name, len_max };
    match call.look(look, query.flag("stale")?).await? {
        (reply, Words::History(history)) => {
            let ended = history.ended.into_iter().map(|it| EndedView::new(reply.now_ms, it));
            let staleness = reply.staleness.map(StalenessView::new);
            let history = History { history: ended.collect(), more: history.more, staleness };
            Ok(json(StatusCode::OK, &history))
        }
        _ => Err(unexpected()),
    }
}

/// Is this fencing token of a living hold?
#[utoipa::path(
    get, path = "/v1/verify", tag = "locks",
    params(
        ("name" = String, Query, description = "The lock."),
        ("token" = u64, Query, description = "The fencing token."),
        ("stale" = Option<bool>, Query, description = "Of the table as the asked server has it."),
    ),
    responses(
        (status = 200, description = "What is known of it.", body = VerdictView),
        (status = "default", description = "It was not served.", body = ProblemView,
            content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn verify(call: Call) -> Result<Response, Problem> {
    let query = call.query(&["name", "token", "stale"])?;
    let missing =
        |name| move || Problem::invalid(format!("verify: the parameter {name} is missing"));
    let name = call::lock_name(query.text("name").ok_or_else(missing("name"))?)?;
    let token = FencingToken(query.number("token")?.ok_or_else(missing("token"))?);
    let look = Query::Verify { name, token };
    match call.look(look, query.flag("stale")?).await? {
        (reply, Words::Verdict(verdict)) => {
            let verdict = VerdictView {
                held: verdict.held,
                newest_token: verdict.newest_token,
                reason: verdict.end.map(|end| end.reason),
                staleness: reply.staleness.map(StalenessView::new),
            };
            Ok(json(StatusCode::OK, &verdict))
        }
        _ => Err(unexpected()),
    }
}
