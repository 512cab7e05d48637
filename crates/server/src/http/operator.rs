//! What operators do.

use std::sync::Arc;

use axum::http::StatusCode;
use axum::response::Response;
use bramah_core::limits::OWNER_BYTES_MAX;
use bramah_core::{Command, FencingToken, Outcome, RevokeTarget};
use bramah_wire::ErrorCode;
use bramah_wire::reply::REVOKED_TOKENS_MAX;
use bramah_wire::request::{Ask, What};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::call::{Call, json, outcome, unexpected};
use super::problem::{Problem, ProblemView};

/// The body of a revocation. An empty one takes away all holds of the lock.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RevokeBody {
    /// Only the hold with this token.
    token: Option<u64>,
    /// Who does it and why, for the history.
    #[schema(max_length = 1024)]
    by: Option<String>,
    /// The next grant waits until the old holder's own deadline, so that a holder which cannot be
    /// told is not overlapped.
    wait_for_deadline: bool,
}

/// Holds that were taken away.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Revoked {
    /// Their tokens, in the order of grant, the first of them.
    tokens: Vec<u64>,
    total: usize,
}

/// Takes a lock away from its holders.
#[utoipa::path(
    post, path = "/v1/locks/{name}/revoke", tag = "locks",
    params(("name" = String, Path, description = "The lock's name; a slash is written %2F.")),
    request_body(content = RevokeBody, description = "An empty body is an empty object."),
    responses(
        (status = 200, description = "They hold it no more.", body = Revoked),
        (status = 412, description = "Nobody holds it.", body = ProblemView,
            content_type = "application/problem+json"),
        (status = "default", description = "It was not served.", body = ProblemView,
            content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn revoke(mut call: Call) -> Result<Response, Problem> {
    let name = call.lock_name()?;
    call.query(&[])?;
    let body: RevokeBody = call.json().await?;
    let by = body.by.unwrap_or_else(|| "over HTTP".to_owned());
    if by.len() > OWNER_BYTES_MAX {
        let bytes = by.len();
        let text = format!("use by: it has {bytes} bytes, at most {OWNER_BYTES_MAX} are allowed");
        return Err(Problem::invalid(text));
    }
    let nobody = match body.token {
        Some(_) => None,
        None => Some(format!("revoke {:?}: nobody holds it", name.as_str())),
    };
    let revoke = Command::Revoke {
        target: match body.token {
            None => RevokeTarget::Lock(name),
            Some(token) => RevokeTarget::Hold(name, FencingToken(token)),
        },
        wait_for_deadline: body.wait_for_deadline,
        by: Arc::from(by),
    };
    let told = outcome(call.desk.ask(Ask::Service(What::Command(revoke))).await);
    let told = told.map_err(|problem| match nobody {
        Some(text) if problem.is(ErrorCode::NotHolder) => Problem::new(ErrorCode::NotHolder, text),
        _ => problem,
    });
    match told? {
        (_, Outcome::Revoked { tokens }) => {
            let first = tokens.iter().take(REVOKED_TOKENS_MAX).map(|token| token.0).collect();
            Ok(json(StatusCode::OK, &Revoked { tokens: first, total: tokens.len() }))
        }
        _ => Err(unexpected()),
    }
}
