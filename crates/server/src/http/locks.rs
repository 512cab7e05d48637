//! Looking at locks.

use std::time::Duration;

use axum::http::StatusCode;
use axum::response::Response;
use bramah_core::limits::NAME_BYTES_MAX;
use bramah_wire::proto::reply::Outcome as Words;
use bramah_wire::request::{
    Ask, LIST_LEN_DEFAULT, LIST_LEN_MAX, Query, WAITERS_SHOWN_DEFAULT, WAITERS_SHOWN_MAX, What,
};
use serde::Serialize;
use utoipa::ToSchema;

use super::call::{Call, in_words, json, unexpected};
use super::length::Length;
use super::problem::{Problem, ProblemView};
use super::query;
use super::view::{LockView, StalenessView};
use super::watch::{WaitFor, until_changed};
use crate::limits::{
    FILTERED_BYTES_MAX, FILTERED_PAGES_MAX, HTTP_WAIT_TIME_MAX, HTTP_WATCH_WAIT_DEFAULT,
};

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

/// A page of locks.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LockList {
    /// In the order of their names.
    locks: Vec<LockView>,
    /// There may be more: ask with `after` of `next`.
    more: bool,
    /// The last name that was looked at.
    next: Option<String>,
    /// The locks are as of this revision; of several that were gone through, the first.
    revision: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    staleness: Option<StalenessView>,
}

/// Which locks of a listing are wanted.
struct Filter {
    holder: Option<String>,
    host: Option<String>,
    longer_than_ms: Option<u64>,
}

impl Filter {
    fn is_there(&self) -> bool {
        self.holder.is_some() || self.host.is_some() || self.longer_than_ms.is_some()
    }

    /// One of its holders is all that is asked for.
    fn takes(&self, lock: &LockView) -> bool {
        !self.is_there()
            || lock.holders.iter().any(|holder| {
                let is_holder = |text: &String| {
                    *text == holder.owner.user || *text == holder.session.to_string()
                };
                self.holder.as_ref().is_none_or(is_holder)
                    && self.host.as_ref().is_none_or(|host| *host == holder.owner.host)
                    && self.longer_than_ms.is_none_or(|ms| holder.held_ms > ms)
            })
    }
}

/// How many entries of a listing are asked for.
pub(super) fn page(query: &query::Query, usual: usize, max: usize) -> Result<usize, Problem> {
    match query.number("limit")? {
        None => Ok(usual),
        Some(len @ 1..) if len <= max as u64 => Ok(len as usize),
        Some(len) => Err(Problem::invalid(format!("list {len} entries: limit may be 1 to {max}"))),
    }
}

/// Locks that are held, waited for or resting, by prefix.
#[utoipa::path(
    get, path = "/v1/locks", tag = "locks",
    params(
        ("prefix" = Option<String>, Query, description = "Names start so."),
        ("after" = Option<String>, Query, description = "Names after this one: `next`."),
        ("limit" = Option<u32>, Query, description = "Most locks.", minimum = 1, maximum = 1000),
        ("holder" = Option<String>, Query,
            description = "Held by a session of this number, or of this user."),
        ("host" = Option<String>, Query, description = "Held by a session on this host."),
        ("longer_than" = Option<Length>, Query, description = "Held longer than this."),
        ("stale" = Option<bool>, Query, description = "Of the table as the asked server has it."),
    ),
    responses(
        (status = 200, description = "A page of them.", body = LockList),
        (status = "default", description = "It was not served.", body = ProblemView,
            content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn list(call: Call) -> Result<Response, Problem> {
    let known = ["prefix", "after", "limit", "holder", "host", "longer_than", "stale"];
    let query = call.query(&known)?;
    let text = |name| match query.text(name) {
        Some(text) if text.len() > NAME_BYTES_MAX => {
            let bytes = text.len();
            let text = format!("use {name}: it has {bytes} bytes, at most {NAME_BYTES_MAX} are");
            Err(Problem::invalid(format!("{text} allowed")))
        }
        text => Ok(text.unwrap_or_default().to_owned()),
    };
    let (prefix, mut after) = (text("prefix")?, text("after")?);
    let len_max = page(&query, LIST_LEN_DEFAULT, LIST_LEN_MAX)?;
    let filter = Filter {
        holder: query.text("holder").map(str::to_owned),
        host: query.text("host").map(str::to_owned),
        longer_than_ms: query.length("longer_than")?.map(Length::as_ms),
    };
    let stale = query.flag("stale")?;
    let mut found =
        LockList { locks: Vec::new(), more: true, next: None, revision: 0, staleness: None };
    let mut bytes = 0;
    for page in 0..FILTERED_PAGES_MAX {
        let len_page = if filter.is_there() { LIST_LEN_MAX } else { len_max };
        let look = Query::ListLocks { prefix: prefix.clone(), after, len_max: len_page };
        let (reply, Words::LockList(list)) = call.look(look, stale).await? else {
            return Err(unexpected());
        };
        if page == 0 {
            found.revision = list.revision;
            found.staleness = reply.staleness.map(StalenessView::new);
        }
        found.more = list.more;
        for lock in list.locks {
            let lock = LockView::new(reply.now_ms, lock);
            if found.locks.len() == len_max || bytes > FILTERED_BYTES_MAX {
                found.more = true;
                break;
            }
            found.next = Some(lock.name.clone());
            if filter.takes(&lock) {
                bytes += lock.text_bytes();
                found.locks.push(lock);
            }
        }
        if !found.more || found.locks.len() == len_max || bytes > FILTERED_BYTES_MAX {
            break;
        }
        after = found.next.clone().unwrap_or_default();
    }
    if !found.more {
        found.next = None;
    }
    Ok(json(StatusCode::OK, &found))
}

/// One lock: who holds it, who waits.
#[utoipa::path(
    get, path = "/v1/locks/{name}", tag = "locks",
    params(
        ("name" = String, Path, description = "The lock's name; a slash is written %2F."),
        ("waiters" = Option<u32>, Query, description = "Most waiters to name.", maximum = 1000),
        ("wait_revision" = Option<u64>, Query,
            description = "Answer when the lock changed after this revision, or may have."),
        ("wait" = Option<Length>, Query,
            description = "Or after so long; 30 s if not given, at most 10 min."),
        ("stale" = Option<bool>, Query, description = "Of the table as the asked server has it."),
    ),
    responses(
        (status = 200, description = "The lock, also if it is free.", body = LockAt),
        (status = "default", description = "It was not served.", body = ProblemView,
            content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn get(call: Call) -> Result<Response, Problem> {
    let name = call.lock_name()?;
    let query = call.query(&["waiters", "wait_revision", "wait", "stale"])?;
    let waiters_max = match query.number("waiters")? {
        None => WAITERS_SHOWN_DEFAULT,
        Some(asked) => usize::try_from(asked).unwrap_or(usize::MAX).min(WAITERS_SHOWN_MAX),
    };
    let stale = query.flag("stale")?;
    match (query.number("wait_revision")?, query.length("wait")?) {
        (Some(_), _) if stale => {
            return Err(Problem::invalid("wait for a change: not with stale"));
        }
        (Some(revision), wait) => {
            let wait = wait.map_or(HTTP_WATCH_WAIT_DEFAULT, |it| Duration::from_millis(it.as_ms()));
            if wait > HTTP_WAIT_TIME_MAX {
                let text = format!("wait {wait:?}: over HTTP it is at most {HTTP_WAIT_TIME_MAX:?}");
                return Err(Problem::invalid(text));
            }
            let newsroom = call.front.newsroom.clone();
            let change = WaitFor { newsroom, revision, info: call.info().await?, wait };
            until_changed(&change, name.clone()).await?;
        }
        (None, Some(_)) => {
            return Err(Problem::invalid("wait for a change: wait_revision is missing"));
        }
        (None, None) => {}
    }
    let look = Query::GetLock { name, waiters_max };
    let (told, revision) = if stale {
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
