//! One request as its handler sees it.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{FromRequestParts, RawPathParams, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use bramah_core::{LockName, SessionHandle};
use bramah_node::Reply;
use bramah_wire::proto::message::Kind;
use bramah_wire::proto::reply::Outcome as Words;
use bramah_wire::request::{Ask, Query as Look, What};
use bramah_wire::{Error, ErrorCode, proto};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Front;
use super::body;
use super::desk::{Desk, Told};
use super::problem::Problem;
use super::query::{Query, decode};
use super::ticket::Ticket;
use crate::encode;
use crate::memory::{Account, Charge};
use crate::service::Answer;

/// A request: where it came from, and its parts.
pub(crate) struct Call {
    pub(crate) desk: Arc<Desk>,
    pub(crate) front: Arc<Front>,
    parts: Parts,
    body: Option<Body>,
    /// Of the body, for as long as the request is under way.
    charge: Charge,
    /// The part of its path that names something.
    named: String,
}

impl Call {
    pub(crate) fn headers(&self) -> &HeaderMap {
        &self.parts.headers
    }

    /// Its parameters, of which only these may be there.
    pub(crate) fn query(&self, known: &[&str]) -> Result<Query, Problem> {
        Query::parse(self.parts.uri.query().unwrap_or_default(), known)
    }

    /// The lock that its path names.
    pub(crate) fn lock_name(&self) -> Result<LockName, Problem> {
        lock_name(&self.named)
    }

    /// The hold that its path names.
    pub(crate) fn ticket(&self) -> Result<Ticket, Problem> {
        ticket(&self.named)
    }

    /// The session that its path names.
    pub(crate) fn session(&self) -> Result<SessionHandle, Problem> {
        session(&self.named)
    }

    /// Its body; an empty one stands for an object without fields.
    pub(crate) async fn json<T: DeserializeOwned + Default>(&mut self) -> Result<T, Problem> {
        match self.body.take() {
            Some(body) => body::json(&self.parts.headers, body, &mut self.charge).await,
            None => Ok(T::default()),
        }
    }

    /// Asks what is answered in the wire's words.
    pub(crate) fn ask(
        &self,
        ask: Ask,
    ) -> impl Future<Output = Result<(proto::Reply, Words), Problem>> + Send + use<> {
        let (_, told) = self.desk.asked(ask);
        async { in_words(told.await) }
    }

    /// How the server and its table are.
    pub(crate) fn info(
        &self,
    ) -> impl Future<Output = Result<proto::ServerInfo, Problem>> + Send + use<> {
        let told = self.ask(Ask::Service(What::ServerInfo));
        async {
            match told.await? {
                (_, Words::ServerInfo(info)) => Ok(info),
                _ => Err(unexpected()),
            }
        }
    }

    /// Looks into the table: a leader's, or as this server has it.
    pub(crate) fn look(
        &self,
        look: Look,
        stale: bool,
    ) -> impl Future<Output = Result<(proto::Reply, Words), Problem>> + Send + use<> {
        self.ask(if stale { Ask::Stale(look) } else { Ask::Service(What::Query(look)) })
    }
}

/// The answer in the wire's words, or the error that it is.
pub(crate) fn in_words(told: Told) -> Result<(proto::Reply, Words), Problem> {
    if let Answer::Node(Reply::OutcomeUnknown) = told.answer {
        // The wire's words are of its own numbers of requests.
        let text = "tell whether it happened: the leader was lost meanwhile, repeat it with the \
                    same request_id if it has one, else look";
        return Err(Problem::new(ErrorCode::OutcomeUnknown, text));
    }
    let message = encode::answer(0, told.now, told.answer);
    let Some(Kind::Reply(mut reply)) = message.kind else { return Err(unexpected()) };
    match reply.outcome.take() {
        Some(Words::Error(error)) => Err(Problem::from(Error::from(error))),
        Some(outcome) => Ok((reply, outcome)),
        None => Err(unexpected()),
    }
}

/// What the table made of a command, or why it did not get there.
pub(crate) fn outcome(told: Told) -> Result<(bramah_core::Time, bramah_core::Outcome), Problem> {
    match told.answer {
        Answer::Node(Reply::Outcome(bramah_core::Outcome::Refused(refusal))) => {
            Err(Problem::refused(&refusal, told.now))
        }
        Answer::Node(Reply::Outcome(outcome)) => Ok((told.now, outcome)),
        answer => match in_words(Told { now: told.now, answer }) {
            Err(problem) => Err(problem),
            Ok(_) => Err(unexpected()),
        },
    }
}

/// The service answered something else than what was asked: a defect.
pub(crate) fn unexpected() -> Problem {
    Problem::new(ErrorCode::Internal, "understand the service's answer to the request")
}

pub(crate) fn lock_name(text: &str) -> Result<LockName, Problem> {
    LockName::new(text).map_err(|why| Problem::invalid(format!("use the name: {why}")))
}

pub(crate) fn ticket(text: &str) -> Result<Ticket, Problem> {
    text.parse().map_err(|why| Problem::invalid(format!("use {text:?} as a hold: {why}")))
}

pub(crate) fn session(text: &str) -> Result<SessionHandle, Problem> {
    text.parse().map_err(|why| Problem::invalid(format!("use {text:?} as a session: {why}")))
}

/// A response with JSON.
pub(crate) fn json(status: StatusCode, value: &impl Serialize) -> Response {
    let mut response = match serde_json::to_vec(value) {
        Ok(mut body) => {
            // It may wait for long. It grew by doubling.
            body.shrink_to_fit();
            Response::new(Body::from(body))
        }
        Err(_) => return axum::response::IntoResponse::into_response(unexpected()),
    };
    *response.status_mut() = status;
    let kind = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    // What stands here changes by itself.
    let no_store = HeaderValue::from_static("no-store");
    response.headers_mut().insert(header::CACHE_CONTROL, no_store);
    response
}

impl<S: Send + Sync> axum::extract::FromRequest<S> for Call {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Call, Problem> {
        let (mut parts, body) = request.into_parts();
        // The router would take an escape that is none as it stands.
        decode(parts.uri.path(), false)?;
        let named = match RawPathParams::from_request_parts(&mut parts, state).await {
            Ok(params) => params.iter().next().map(|(_, text)| text.to_owned()),
            Err(_) => return Err(Problem::invalid("read the path: it must be UTF-8")),
        };
        let desk = parts.extensions.remove::<Arc<Desk>>().ok_or_else(unexpected)?;
        let front = parts.extensions.remove::<Arc<Front>>().ok_or_else(unexpected)?;
        let account = parts.extensions.remove::<Arc<Account>>().ok_or_else(unexpected)?;
        let (body, charge, named) = (Some(body), account.nothing(), named.unwrap_or_default());
        Ok(Call { desk, front, parts, body, charge, named })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lost_answer_is_told_in_the_words_of_http() {
        let told = || Told {
            now: bramah_core::Time::default(),
            answer: Answer::Node(Reply::OutcomeUnknown),
        };
        let problems = [in_words(told()).map(|_| ()), outcome(told()).map(|_| ())];
        for problem in problems.map(|it| it.expect_err("nobody knows")) {
            assert!(problem.is(ErrorCode::OutcomeUnknown));
            assert!(problem.detail().contains("request_id"), "{problem:?}");
            assert!(!problem.detail().contains("request number"), "{problem:?}");
        }
    }
}
