//! Errors as `application/problem+json`, with the code of the one table of errors.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bramah_core::{Busy, Refusal, Time};
use bramah_wire::{Effect, Error, ErrorCode};
use serde::Serialize;
use utoipa::ToSchema;

use super::view::HolderView;
use crate::memory::OverBudget;

/// Seconds after which what was refused for now may be asked again.
const RETRY_AFTER_SECONDS: HeaderValue = HeaderValue::from_static("1");

/// Why a request was not served.
#[derive(Debug)]
pub(crate) struct Problem(Box<ProblemView>);

/// Why a request was not served: an error in the form of RFC 9457.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct ProblemView {
    /// `urn:bramah:error:` and the code.
    #[serde(rename = "type")]
    kind: String,
    /// What the code means.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// What happened, and what to do.
    detail: String,
    /// The code in the table of errors.
    code: &'static str,
    /// Whether the request has happened: `not_applied`, or `unknown` if it may have.
    effect: EffectName,
    /// Of `busy` and `wait_timed_out`: the holder that came first; none while the lock rests after
    /// an unclean end.
    #[serde(skip_serializing_if = "Option::is_none")]
    holder: Option<HolderView>,
    /// Of both: how many hold the lock.
    #[serde(skip_serializing_if = "Option::is_none")]
    holders: Option<usize>,
    /// Of both: how many wait for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    waiters: Option<usize>,
    /// Of both: your place in the queue, where the wait ended or would have begun.
    #[serde(skip_serializing_if = "Option::is_none")]
    position: Option<usize>,
    /// Of both: the lock rests so long.
    #[serde(skip_serializing_if = "Option::is_none")]
    rests_for_ms: Option<u64>,
    /// Of both: the semaphore is held with this limit, and another was asked for: that one counts
    /// once all who hold it now are gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    other_limit: Option<u32>,
    /// Of `deadlock`: who waits for what, in a circle.
    #[serde(skip_serializing_if = "Option::is_none")]
    cycle: Option<Vec<StepView>>,
    /// Where else to ask, HOST:PORT each, the likeliest first.
    #[serde(skip_serializing_if = "Option::is_none")]
    servers: Option<Vec<String>>,
}

/// Whether a request has happened.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum EffectName {
    NotApplied,
    Unknown,
}

/// One part of a circle of waiters.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StepView {
    session: u64,
    waits_for: String,
}

impl Problem {
    pub(crate) fn new(code: ErrorCode, message: impl Into<String>) -> Problem {
        Problem::from(Error::new(code, message))
    }

    /// A field or parameter is wrong; `message` fits after "could not".
    pub(crate) fn invalid(message: impl Into<String>) -> Problem {
        Problem::new(ErrorCode::InvalidRequest, message)
    }

    /// The server is about to stop, so it does not do `what` any longer; these servers go on.
    pub(crate) fn draining(what: &str, servers: &[String]) -> Problem {
        let text = format!("{what}: the server is stopping, try again or elsewhere");
        let error = Error::new(ErrorCode::Draining, text);
        Problem::from(Error { servers: servers.to_vec(), ..error })
    }

    /// HTTP has a status of its own for it.
    pub(crate) fn with_status(mut self, status: StatusCode) -> Problem {
        self.0.status = status.as_u16();
        self
    }

    /// What was asked stays as it is, and may still happen.
    pub(crate) fn with_doubt(mut self) -> Problem {
        self.0.effect = EffectName::Unknown;
        self
    }

    pub(crate) fn refused(refusal: &Refusal, now: Time) -> Problem {
        Problem::from(Error::from_refusal(refusal, now))
    }

    pub(crate) fn busy(busy: &Busy) -> Problem {
        Problem::of_contention(ErrorCode::Busy, busy, "", "you would be")
    }

    pub(crate) fn wait_timed_out(busy: &Busy) -> Problem {
        Problem::of_contention(ErrorCode::WaitTimedOut, busy, "waited in vain, ", "you were")
    }

    fn of_contention(code: ErrorCode, busy: &Busy, waited: &str, place: &str) -> Problem {
        let name = busy.name.as_str();
        let by = match &busy.holder {
            Some(holder) => format!("held by session {}{}", holder.session, who(&holder.owner)),
            None => "it rests after an unclean end".to_owned(),
        };
        let place = format!("{place} number {} in the queue", busy.position);
        let mut problem = Problem::new(code, format!("acquire {name:?}: {waited}{by}, {place}"));
        problem.0.holder = busy.holder.as_ref().map(|it| HolderView::of_busy(it, busy.now));
        problem.0.holders = Some(busy.holders);
        problem.0.waiters = Some(busy.waiters);
        problem.0.position = Some(busy.position);
        problem.0.rests_for_ms = busy.rests_until.map(|until| until.ms_since(busy.now));
        problem.0.other_limit = busy.other_limit;
        problem
    }

    /// What its JSON is made of.
    pub(crate) fn view(&self) -> &ProblemView {
        &self.0
    }

    pub(crate) fn is(&self, code: ErrorCode) -> bool {
        self.0.code == code.as_str()
    }

    /// What was asked may have happened.
    pub(crate) fn is_unknown(&self) -> bool {
        matches!(self.0.effect, EffectName::Unknown)
    }

    /// What happened, and what to do.
    #[cfg(test)]
    pub(crate) fn detail(&self) -> &str {
        &self.0.detail
    }
}

/// The host and the user of an owner, if it says them.
fn who(owner: &bramah_core::Owner) -> String {
    match (owner.user.as_str(), owner.host.as_str()) {
        ("", "") => String::new(),
        (user, "") => format!(" ({user})"),
        ("", host) => format!(" (on {host})"),
        (user, host) => format!(" ({user} on {host})"),
    }
}

impl From<OverBudget> for Problem {
    fn from(over: OverBudget) -> Problem {
        Problem::new(ErrorCode::LimitExceeded, format!("serve the request: {over}"))
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Problem {
        let code = error.code;
        let cycle = error.cycle.iter().map(|step| StepView {
            session: step.session.0,
            waits_for: step.waits_for.as_str().to_owned(),
        });
        Problem(Box::new(ProblemView {
            kind: format!("urn:bramah:error:{code}"),
            title: code.meaning(),
            status: code.http_status(),
            detail: format!("could not {}", error.message),
            code: code.as_str(),
            effect: match code.effect() {
                Effect::NotApplied => EffectName::NotApplied,
                Effect::Unknown => EffectName::Unknown,
            },
            holder: None,
            holders: None,
            waiters: None,
            position: None,
            rests_for_ms: None,
            other_limit: None,
            cycle: (!error.cycle.is_empty()).then(|| cycle.collect()),
            servers: Some(error.servers).filter(|servers| !servers.is_empty()),
        }))
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = serde_json::to_vec(&*self.0).unwrap_or_default();
        let mut response = Response::new(Body::from(body));
        let status = StatusCode::from_u16(self.0.status);
        *response.status_mut() = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        let kind = HeaderValue::from_static("application/problem+json");
        headers.insert(header::CONTENT_TYPE, kind);
        if matches!(self.0.status, 429 | 503 | 507) {
            headers.insert(header::RETRY_AFTER, RETRY_AFTER_SECONDS);
        }
        response
    }
}
