//! Requests that a client named, without a session: a repeat of one finds what the first did.
//!
//! The key of the session that is opened for such a request follows from the request's name. So
//! whoever repeats it, at any server, can find that session among those that hold the lock, wait
//! for it, or held it: it is the one that this key opens. Nothing is kept anywhere for it. Two that
//! come at the same time each open one, and each looks once it stands in the table: the one behind
//! finds the one ahead, ends its own session, and goes on with the other. Where not all of them are
//! shown, there being too many, nothing is done rather than done twice. Ahead is who was there
//! before, among those of one priority. The end of one connection does not end the session, nor
//! does an answer that was lost: it lives for its TTL, for whoever repeats the request.

use std::collections::BTreeSet;
use std::sync::Arc;

use bramah_core::limits::HOLDERS_SHOWN_MAX;
use bramah_core::{FencingToken, Grant, Key, Outcome, Refusal, SessionHandle, SessionId, Time};
use bramah_node::Reply;
use bramah_wire::ErrorCode;
use bramah_wire::request::{Ask, Query, WAITERS_SHOWN_MAX, What};

use super::acquire::{Attempt, answered, is_not_now, open, own_hold};
use super::call::unexpected;
use super::desk::{Desk, Told};
use super::fingerprint::fingerprint;
use super::problem::Problem;
use super::view::Hold;
use super::wanted::Wanted;
use crate::limits::REPEATS_LOOKED_AT_MAX;
use crate::service::Answer;

/// What a request was answered first: granted, or none if it waits.
type First = Option<(Time, Grant, bool)>;

/// Acquires, or finds what an earlier request of this name acquired.
pub(super) async fn acquire(
    desk: &Arc<Desk>,
    wanted: &Wanted,
    request_id: &str,
) -> Result<Hold, Problem> {
    let key = Key(fingerprint(&[wanted.name().as_str(), request_id, "session"]));
    // If the client leaves before it is known which of two that came together goes on, this must
    // be found out all the same: both would stay, or what a repeat is to find would be ended.
    let begun = tokio::spawn({
        let (desk, wanted) = (desk.another(), wanted.clone());
        async move {
            let begun = begin(&desk, &wanted, key).await;
            desk.close();
            begun
        }
    });
    let (session, first) = begun.await.unwrap_or_else(|_| Err(unexpected()))?;
    // A repeat may have it, and the end of this request is not the end of that.
    let mut attempt = Attempt::alone(desk, session);
    attempt.keep();
    let (now, grant) = wait(&attempt, wanted, first).await?;
    wanted.check_found(&grant)?;
    Ok(own_hold(now, &grant, session))
}

/// Asks for it, in the session of an earlier request of the same name if there is one.
async fn begin(
    desk: &Arc<Desk>,
    wanted: &Wanted,
    key: Key,
) -> Result<(SessionHandle, First), Problem> {
    let mut others = BTreeSet::new();
    if let Some(session) = find(desk, wanted, key, None, &mut others).await? {
        return go_on(desk, wanted, session).await;
    }
    let session = open(desk, wanted, key).await?;
    let mut attempt = Attempt::alone(desk, session);
    let mut first = attempt.ask(wanted).await.and_then(answered);
    if first.as_ref().is_err_and(Problem::is_unknown) {
        // Whoever repeats the request must find what it did.
        attempt.keep();
        let again = attempt.ask(wanted).await.map_err(|problem| attempt.lost(wanted, problem));
        first = match again.and_then(answered) {
            Err(problem) if problem.is_unknown() => return Err(problem),
            known => known,
        };
        attempt.give_up();
    }
    // Also after a refusal: it may be the other that stands in the way.
    match find(desk, wanted, key, Some(session.id), &mut others).await {
        Ok(Some(other)) => {
            drop(attempt);
            return go_on(desk, wanted, other).await;
        }
        Ok(None) => {}
        Err(problem) => {
            if first.is_ok() && (problem.is_unknown() || is_not_now(&problem)) {
                attempt.keep();
            }
            return Err(attempt.lost(wanted, problem));
        }
    }
    let first = first?;
    attempt.keep();
    Ok((session, first))
}

/// Goes on with the session of an earlier request of the same name.
async fn go_on(
    desk: &Arc<Desk>,
    wanted: &Wanted,
    session: SessionHandle,
) -> Result<(SessionHandle, First), Problem> {
    let mut attempt = Attempt::alone(desk, session);
    attempt.keep();
    // The earlier one was asked, whatever comes of asking again.
    let again = attempt.ask(wanted).await.map_err(|problem| attempt.lost(wanted, problem))?;
    Ok((session, answered(again)?))
}

/// Waits if it was not granted at once. Others may wait in the same session, so its own news are
/// not enough: they go to one connection.
async fn wait(attempt: &Attempt, wanted: &Wanted, first: First) -> Result<(Time, Grant), Problem> {
    let (now, grant, _) = match first {
        Some(granted) => granted,
        None => attempt.watched(wanted).await?,
    };
    Ok((now, grant))
}

/// The session that this key opens and that holds the lock, waits for it or held it, ahead of
/// `own`. It is none of `others`, which keeps those that were asked about.
async fn find(
    desk: &Desk,
    wanted: &Wanted,
    key: Key,
    own: Option<SessionId>,
    others: &mut BTreeSet<SessionId>,
) -> Result<Option<SessionHandle>, Problem> {
    let name = wanted.name().clone();
    let lock = Query::GetLock { name: name.clone(), waiters_max: WAITERS_SHOWN_MAX };
    let past = Query::GetHistory { name: Some(name), len_max: REPEATS_LOOKED_AT_MAX };
    let (_, lock) = desk.asked(Ask::Service(What::Query(lock)));
    let (_, past) = desk.asked(Ask::Service(What::Query(past)));
    let mut sessions: Vec<SessionId> = Vec::new();
    // Not all that may be ahead are shown.
    let mut is_cut = false;
    match asked(lock.await)? {
        Reply::Lock { view: Some(view), .. } => {
            sessions.extend(view.holders.iter().map(|holder| holder.session));
            sessions.extend(view.waiters.iter().map(|waiter| waiter.session));
            let is_own = |session: &SessionId| Some(*session) == own;
            let (holders, waiters) = (view.holders.len(), view.waiters.len());
            let index = sessions.iter().position(is_own);
            is_cut = match index {
                Some(index) => index >= holders && view.holders_total > holders,
                None => view.holders_total > holders || view.waiters_total > waiters,
            };
            // Those behind find this one, and not the other way round, or both would give way.
            sessions.truncate(index.unwrap_or(sessions.len()));
        }
        Reply::Lock { view: None, .. } => {}
        _ => return Err(unexpected()),
    }
    match asked(past.await)? {
        Reply::History(past) => {
            // There is one more if there are more.
            let looked_at = past.items.iter().take(REPEATS_LOOKED_AT_MAX);
            let ended = looked_at.map(|ended| ended.session);
            sessions.extend(ended.filter(|session| Some(*session) != own));
        }
        _ => return Err(unexpected()),
    }
    let asked: Vec<_> = sessions
        .into_iter()
        .filter(|id| others.insert(*id))
        .map(|id| {
            let session = SessionHandle { id, key };
            let attach = What::Attach { session, after: FencingToken(u64::MAX) };
            (session, desk.asked(Ask::Service(attach)).1)
        })
        .collect();
    let mut found = None;
    for (session, told) in asked {
        match told.await.answer {
            Answer::Node(Reply::Outcome(Outcome::Refused(Refusal::SessionUnknown))) => {}
            Answer::Node(
                Reply::Attached { .. }
                | Reply::Outcome(Outcome::Refused(Refusal::SessionEnded { .. })),
            ) => {
                found.get_or_insert(session);
            }
            answer => {
                let now = Time::default();
                super::call::in_words(Told { now, answer })?;
            }
        }
    }
    if found.is_none() && is_cut {
        let text = format!(
            "acquire {:?}: with request_id and no session a lock may have {HOLDERS_SHOWN_MAX} \
             holders and {WAITERS_SHOWN_MAX} waiters, and there are more, among which an earlier \
             request of this name may be; use a session, or no request_id",
            wanted.name().as_str()
        );
        return Err(Problem::new(ErrorCode::LimitExceeded, text));
    }
    Ok(found)
}

fn asked(told: Told) -> Result<Reply, Problem> {
    match told.answer {
        Answer::Node(reply @ (Reply::Lock { .. } | Reply::History(_))) => Ok(reply),
        answer => match super::call::in_words(Told { now: told.now, answer }) {
            Err(problem) => Err(problem),
            Ok(_) => Err(unexpected()),
        },
    }
}

#[cfg(test)]
mod tests;
