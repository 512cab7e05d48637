//! Acquiring, and waiting for it for as long as the client does.

use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use axum::response::Response;
use bramah_core::{
    Action, Command, Grant, Key, OnDisconnect, OpenSession, Outcome, Refusal, RequestRef,
    RequestSeq, SessionHandle, Time, Wait, WaitEnd,
};
use bramah_wire::ErrorCode;
use bramah_wire::request::{Ask, Watched, What};
use tokio::time::{Instant, sleep_until};

use super::call::{Call, json, outcome, unexpected};
use super::desk::{Desk, Listening, News, close};
use super::numbers::REDRAWS_MAX;
use super::problem::{Problem, ProblemView};
use super::repeats;
use super::ticket::Ticket;
use super::view::Hold;
use super::wanted::{AcquireBody, Wanted};
use crate::limits::HTTP_WAIT_SLACK;

/// Acquires a lock.
///
/// If the client goes away while it waits, its waiter leaves the queue; unless the request has a
/// `request_id`: then it keeps its place for its repeat, until its wait is over, or for the TTL if
/// no session was given. So it does when the server stops, which answers 503 (`draining`).
#[utoipa::path(
    post, path = "/v1/locks/{name}", tag = "locks",
    params(("name" = String, Path, description = "The lock's name; a slash is written %2F.")),
    request_body(content = AcquireBody, description = "An empty body is an empty object."),
    responses(
        (status = 200, description = "It is held from now on.", body = Hold),
        (status = 409, description = "Somebody else has it; names the holder and your place.",
            body = ProblemView, content_type = "application/problem+json"),
        (status = "default", description = "It was not served.", body = ProblemView,
            content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn acquire(mut call: Call) -> Result<Response, Problem> {
    let name = call.lock_name()?;
    call.query(&[])?;
    let body: AcquireBody = call.json().await?;
    let wanted = body.check(name)?;
    let hold = match (wanted.session, &wanted.request_id) {
        (Some(session), _) => in_session(&call.desk, session, &wanted).await?,
        (None, None) => alone(&call.desk, &wanted).await?.0,
        (None, Some(id)) => repeats::acquire(&call.desk, &wanted, id).await?,
    };
    Ok(json(StatusCode::OK, &hold))
}

/// What these say is true of one asking. A request that was asked before may have been done.
const NOT_NOW: [ErrorCode; 4] =
    [ErrorCode::NoLeader, ErrorCode::TooManyRequests, ErrorCode::Draining, ErrorCode::DiskFull];

/// One acquire in a session. What it has done is undone when it is dropped, unless it is kept.
pub(super) struct Attempt {
    desk: Arc<Desk>,
    session: SessionHandle,
    request: RequestRef,
    /// Of the hold that it is to get.
    key: Key,
    /// The session was opened for it.
    is_own: bool,
    undo: Undo,
}

/// How what an attempt has done is undone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Undo {
    Nothing,
    /// The session is its own, and ends.
    Close,
    /// The session is the client's: only the request is taken back.
    Cancel,
}

impl Attempt {
    /// In a session of its own.
    pub(super) fn alone(desk: &Arc<Desk>, session: SessionHandle) -> Attempt {
        let request = RequestRef { seq: RequestSeq(1), answered_below: RequestSeq(0) };
        let (desk, key) = (desk.clone(), desk.draw_key());
        Attempt { desk, session, request, key, is_own: true, undo: Undo::Close }
    }

    /// What it does stays from here on: somebody has it, or may repeat the request.
    pub(super) fn keep(&mut self) {
        self.undo = Undo::Nothing;
    }

    /// What it does is undone after all: its session, which is its own, ends.
    pub(super) fn give_up(&mut self) {
        self.undo = Undo::Close;
    }

    /// What to answer to a request that may have been done, of which this came when it was asked
    /// again: that this asking did nothing is not what its client must know.
    pub(super) fn lost(&self, wanted: &Wanted, problem: Problem) -> Problem {
        if is_not_now(&problem) {
            return self.unknown(wanted, "the service cannot be asked just now");
        }
        problem
    }

    fn unknown(&self, wanted: &Wanted, why: &str) -> Problem {
        let then = match (&wanted.request_id, self.is_own) {
            (Some(_), _) => "repeat it with the same request_id",
            (None, true) => "it is taken back, at the latest when its TTL is over",
            (None, false) => {
                "it is taken back if the service can be reached soon, else it stays: look, or end \
                 the session"
            }
        };
        let name = wanted.name().as_str();
        let text = format!("tell what came of acquire {name:?}: {why}; {then}");
        Problem::new(ErrorCode::OutcomeUnknown, text)
    }

    /// Listens for the news of its session.
    pub(super) fn listen(&self) -> Listening {
        self.desk.listen(self.session, self.request.seq, 0)
    }

    /// Asks, or asks again: it is the same request.
    pub(super) async fn ask(&self, wanted: &Wanted) -> Result<(Time, Outcome), Problem> {
        let action = Action::Acquire(wanted.acquire(self.key));
        let command = Command::Request { session: self.session, request: self.request, action };
        outcome(self.desk.ask(Ask::Service(What::Command(command))).await)
    }

    /// Waits until it is granted, and keeps a session of its own alive meanwhile.
    pub(super) async fn wait(
        &self,
        wanted: &Wanted,
        mut listening: Listening,
    ) -> Result<Waited, Problem> {
        let wait = match wanted.wait {
            Wait::ForMs(ms) => Duration::from_millis(ms),
            Wait::Try | Wait::Forever => Duration::ZERO,
        };
        let give_up = Instant::now() + wait + HTTP_WAIT_SLACK;
        let pause = Duration::from_millis(wanted.ttl.as_ms() / 3);
        let mut keep_alive = Instant::now() + pause;
        loop {
            tokio::select! {
                news = listening.news() => match news {
                    News::Granted(now, grants) => {
                        let grant = grants.into_iter().next().ok_or_else(unexpected)?;
                        return Ok(Waited::Granted(now, grant));
                    }
                    News::Ended(WaitEnd::TimedOut(busy)) => {
                        return Err(Problem::wait_timed_out(&busy));
                    }
                    News::SessionEnded(at, reason) => {
                        return Err(Problem::refused(&Refusal::SessionEnded { at, reason }, at));
                    }
                    News::Leaving(servers) => {
                        let problem = Problem::draining("wait", &servers);
                        return Err(match self.undo {
                            // Its place stays for whoever asks again.
                            Undo::Nothing => problem.with_doubt(),
                            Undo::Close | Undo::Cancel => problem,
                        });
                    }
                    // Asked again, the table tells what came of it.
                    News::Ended(..) | News::Lagged => return Ok(Waited::AskAgain),
                },
                () = sleep_until(keep_alive), if self.is_own => {
                    self.desk.order(What::KeepAlive(vec![self.session]));
                    keep_alive += pause;
                }
                () = sleep_until(give_up) => {
                    return Err(self.unknown(wanted, "no news came of its wait"));
                }
            }
        }
    }
}

/// Whether this says only that the service could not be asked just now.
pub(super) fn is_not_now(problem: &Problem) -> bool {
    NOT_NOW.into_iter().any(|code| problem.is(code))
}

/// What came of a wait.
pub(super) enum Waited {
    Granted(Time, Grant),
    AskAgain,
}

impl Drop for Attempt {
    fn drop(&mut self) {
        match self.undo {
            Undo::Nothing => {}
            Undo::Close => self.desk.order(close(self.session)),
            Undo::Cancel => self.desk.take_back(self.session, self.request.seq),
        }
    }
}

/// Acquires in a session that is opened for it. Also gives the session.
pub(super) async fn alone(
    desk: &Arc<Desk>,
    wanted: &Wanted,
) -> Result<(Hold, SessionHandle), Problem> {
    let session = open(desk, wanted, desk.draw_key()).await?;
    let mut attempt = Attempt::alone(desk, session);
    let (now, grant) = granted(&attempt, wanted).await?;
    attempt.keep();
    Ok((own_hold(now, &grant, session), session))
}

/// Opens a session for one hold.
pub(super) async fn open(desk: &Desk, wanted: &Wanted, key: Key) -> Result<SessionHandle, Problem> {
    let open = OpenSession {
        key,
        ttl: wanted.ttl,
        on_disconnect: OnDisconnect::Keep,
        owner: wanted.owner.clone(),
    };
    let (_, session, _) = desk.open_session(open).await?;
    Ok(session)
}

/// Asks in a session whose news come to this desk, and to no other, and waits.
pub(super) async fn granted(attempt: &Attempt, wanted: &Wanted) -> Result<(Time, Grant), Problem> {
    let mut is_queued = false;
    loop {
        // Before it is asked, or news could be missed.
        let listening = attempt.listen();
        let told = attempt.ask(wanted).await;
        let told = told.map_err(|problem| match is_queued {
            true => attempt.lost(wanted, problem),
            false => problem,
        });
        is_queued = true;
        match answered(told?)? {
            Some((now, grant, _)) => return Ok((now, grant)),
            None => match attempt.wait(wanted, listening).await? {
                Waited::Granted(now, grant) => return Ok((now, grant)),
                Waited::AskAgain => {}
            },
        }
    }
}

/// The hold of a session of its own.
pub(super) fn own_hold(now: Time, grant: &Grant, session: SessionHandle) -> Hold {
    let ticket = Ticket { hold: grant.hold, own_session: Some(session) };
    Hold::new(now, grant, ticket, false)
}

/// What an acquire was answered: granted, and whether it was held already, or none if it waits.
pub(super) fn answered(
    (now, outcome): (Time, Outcome),
) -> Result<Option<(Time, Grant, bool)>, Problem> {
    match outcome {
        Outcome::Granted(grants) => {
            let grant = grants.into_iter().next().ok_or_else(unexpected)?;
            Ok(Some((now, grant, false)))
        }
        Outcome::AlreadyHeld(grant) => Ok(Some((now, grant, true))),
        Outcome::Queued { .. } => Ok(None),
        Outcome::Busy(busy) => Err(Problem::busy(&busy)),
        Outcome::WaitTimedOut(busy) => Err(Problem::wait_timed_out(&busy)),
        _ => Err(unexpected()),
    }
}

fn is_stale(problem: &Problem) -> bool {
    problem.is(ErrorCode::RequestStale)
}

/// Acquires in a session of the client's. Its news go where they always went; a watch of the lock
/// tells of the wait.
pub(super) async fn in_session(
    desk: &Arc<Desk>,
    session: SessionHandle,
    wanted: &Wanted,
) -> Result<Hold, Problem> {
    let name = wanted.name().as_str();
    let named = wanted.request_id.as_deref().map(|id| desk.name_request(name, id));
    let request = named.unwrap_or_else(|| desk.draw_request());
    let undo = if named.is_some() { Undo::Nothing } else { Undo::Cancel };
    let (desk, key) = (desk.clone(), desk.draw_key());
    let mut attempt = Attempt { desk, session, request, key, is_own: false, undo };
    let mut got = attempt.in_session(wanted, named.is_none()).await;
    for _ in 0..REDRAWS_MAX {
        if named.is_some() || !got.as_ref().is_err_and(is_stale) {
            break;
        }
        // Another server knew a later time; this one does now too. Or it drew the same number.
        attempt.request = attempt.desk.draw_request();
        got = attempt.in_session(wanted, true).await;
    }
    if got.as_ref().is_err_and(is_stale) {
        // It has not happened, or it is another's.
        attempt.keep();
    }
    let (now, grant, already_held) = got?;
    attempt.keep();
    if !already_held {
        wanted.check_found(&grant)?;
    }
    let ticket = Ticket { hold: grant.hold, own_session: None };
    Ok(Hold::new(now, &grant, ticket, already_held))
}

impl Attempt {
    /// Asks in a session whose news go elsewhere, and waits. If its number was drawn, what another
    /// server's request of the same number got is refused as stale.
    async fn in_session(
        &mut self,
        wanted: &Wanted,
        is_drawn: bool,
    ) -> Result<(Time, Grant, bool), Problem> {
        let first = self.ask(wanted).await.and_then(answered);
        if first.as_ref().is_err_and(|problem| !problem.is_unknown()) {
            // A refusal left nothing to take back.
            self.keep();
        }
        let (now, grant, already_held) = match first? {
            Some(granted) => granted,
            None => self.watched(wanted).await?,
        };
        if is_drawn && self.is_of_another(wanted, &grant, already_held) {
            let text = "tell its request from another server's";
            return Err(Problem::new(ErrorCode::RequestStale, text));
        }
        Ok((now, grant, already_held))
    }

    /// Whether another request got this, of the same number.
    fn is_of_another(&self, wanted: &Wanted, grant: &Grant, already_held: bool) -> bool {
        // Only what is held again has the key of an earlier request.
        let is_first = !already_held && grant.count == 1;
        grant.name != *wanted.name() || (is_first && grant.hold.key != self.key)
    }

    /// Waits, being queued, with a watch of the lock, which begins before the table is asked again:
    /// so no news is missed, and those of a session that others wait in too come to all of them.
    pub(super) async fn watched(&self, wanted: &Wanted) -> Result<(Time, Grant, bool), Problem> {
        let desk = &self.desk;
        loop {
            let watched = Watched::Name(wanted.name().clone());
            let (watch_id, started) = desk.asked(Ask::Service(What::Watch(watched)));
            let _unwatch = Unwatch { desk, watch_id };
            let listening = desk.listen(self.session, self.request.seq, watch_id);
            // It stands in the queue, whatever keeps the watch from beginning.
            super::call::in_words(started.await)
                .map_err(|_| self.unknown(wanted, "its wait cannot be watched"))?;
            let again = self.ask(wanted).await;
            let again =
                again.map_err(|problem| self.lost(wanted, wait_is_over(problem, wanted)))?;
            if let Some(granted) = answered(again)? {
                return Ok(granted);
            }
            if let Waited::Granted(now, grant) = self.wait(wanted, listening).await? {
                return Ok((now, grant, false));
            }
        }
    }
}

/// A request that was queued and is stale now waits no more, and holds nothing.
fn wait_is_over(problem: Problem, wanted: &Wanted) -> Problem {
    if !problem.is(ErrorCode::RequestStale) {
        return problem;
    }
    let name = wanted.name().as_str();
    let text = format!("acquire {name:?}: its wait is over, and how it ended is not kept");
    Problem::new(ErrorCode::WaitTimedOut, text)
}

/// Ends a watch when it is dropped.
struct Unwatch<'a> {
    desk: &'a Desk,
    watch_id: u64,
}

impl Drop for Unwatch<'_> {
    fn drop(&mut self) {
        self.desk.order(What::Unwatch { watch_id: self.watch_id });
    }
}
