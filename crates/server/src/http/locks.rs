//! Looking at locks.

use axum::http::StatusCode;
use axum::response::Response;
use bramah_wire::proto::reply::Outcome as Words;
use bramah_wire::request::{Ask, Query, WAITERS_SHOWN_DEFAULT, WAITERS_SHOWN_MAX, What};
use serde::Serialize;
use utoipa::ToSchema;

use super::call::{Call, in_words, json, unexpected};
use super::problem::Problem;
use super::view::{LockView, StalenessView};

/// A lock, and the revision as of which it is.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LockAt {
    /// The table's revision: no change up to it is missing.
    revision: u64,
    #[serde(flatten)]
    lock: LockView,
    /// Of an answer with `stale`.
    #[serde(skip_serializing_if = "Option::is_none")]
    staleness: Option<StalenessView>,
}

/// One lock: who holds it, who waits.
#[utoipa::path(
    get, path = "/v1/locks/{name}", tag = "locks",
    params(
        ("name" = String, Path, description = "The lock's name; a slash is written %2F."),
        ("waiters" = Option<u32>, Query, description = "Most waiters to name.", maximum = 1000),
        ("stale" = Option<bool>, Query, description = "Of the table as the asked server has it."),
    ),
    responses(
        (status = 200, description = "The lock, also if it is free.", body = LockAt),
        (status = "default", description = "It was not served.", body = Problem,
            content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn get(call: Call) -> Result<Response, Problem> {
    let name = call.lock_name()?;
    let query = call.query(&["waiters", "stale"])?;
    let waiters_max = match query.number("waiters")? {
        None => WAITERS_SHOWN_DEFAULT,
        Some(asked) => usize::try_from(asked).unwrap_or(usize::MAX).min(WAITERS_SHOWN_MAX),
    };
    let look = Query::GetLock { name, waiters_max };
    let (told, revision) = if query.flag("stale")? {
        (call.desk.ask(Ask::Stale(look)).await, None)
    } else {
        // The revision first: the lock may be newer, never older than it.
        let (_, info) = call.desk.asked(Ask::Service(What::ServerInfo));
        let (_, lock) = call.desk.asked(Ask::Service(What::Query(look)));
        match in_words(info.await)? {
            (_, Words::ServerInfo(info)) => (lock.await, Some(info.revision)),
            _ => return Err(unexpected()),
        }
    };
    match in_words(told)? {
        (reply, Words::Lock(lock)) => {
            let staleness = reply.staleness.map(StalenessView::new);
            let as_of = staleness.as_ref().map(|staleness| staleness.revision);
            let lock = LockAt {
                revision: revision.or(as_of).unwrap_or_default(),
                lock: LockView::new(reply.now_ms, lock),
                staleness,
            };
            Ok(json(StatusCode::OK, &lock))
        }
        _ => Err(unexpected()),
    }
}
