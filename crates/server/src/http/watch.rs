//! Following locks by server-sent events.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, header};
use axum::response::Response;
use bramah_core::LockName;
use bramah_core::limits::NAME_BYTES_MAX;
use bramah_wire::proto;
use bramah_wire::proto::reply::Outcome as Words;
use bramah_wire::request::{Ask, LIST_LEN_MAX, Query, What};
use http_body::Frame;
use tokio::time::timeout;

use super::call::{self, Call, in_words, unexpected};
use super::desk::Desk;
use super::events::{COMMENT, EventId, LaggedEvent, LeavingEvent, SnapshotEvent, event};
use super::newsroom::{Follower, Next, Subject};
use super::problem::{Problem, ProblemView};
use super::view::LockView;
use crate::limits::{EVENTS_BYTES_AT_ONCE, EVENTS_COMMENT_INTERVAL};

/// Takes back the id of the event before: who comes back from the middle of a snapshot needs all of
/// it.
const NO_ID: Bytes = Bytes::from_static(b"id:\n");

/// Follows locks: first an event `snapshot` with the locks as they are, then an event `change` for
/// every change, in order.
///
/// Whoever comes back with the id of an event in the header `Last-Event-ID` goes on after it, if
/// the server still has what came since, else with a new snapshot. Behind a snapshot in parts it
/// may be told again of changes that a part has already. A reader that is too slow gets an event
/// `lagged`, and a new snapshot.
#[utoipa::path(
    get, path = "/v1/watch", tag = "locks",
    params(
        ("prefix" = Option<String>, Query, description = "Of locks whose name starts so."),
        ("name" = Option<String>, Query, description = "Of this lock. One of both must be given."),
        ("Last-Event-ID" = Option<String>, Header, description = "Go on after this event."),
    ),
    responses(
        (status = 200, description = "Events without an end: `snapshot`, `change`, `lagged`, and \
            `leaving` when the server stops.", body = String, content_type = "text/event-stream"),
        (status = "default", description = "It was not served.", body = ProblemView,
            content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn watch(call: Call) -> Result<Response, Problem> {
    let query = call.query(&["prefix", "name"])?;
    let subject = match (query.text("name"), query.text("prefix")) {
        (Some(name), None) => Subject::Name(call::lock_name(name)?),
        (None, Some(prefix)) if prefix.len() <= NAME_BYTES_MAX => {
            Subject::Prefix(prefix.to_owned())
        }
        (None, Some(_)) => {
            let text = format!("watch: the prefix has more than {NAME_BYTES_MAX} bytes");
            return Err(Problem::invalid(text));
        }
        _ => return Err(Problem::invalid("watch: give name or prefix, and one of them")),
    };
    let last_id = last_event_id(&call)?;
    let desk = call.desk.clone();
    let info = call.info().await?;
    let follower = call.front.newsroom.follow(subject.clone(), info.cluster_id)?;
    // Of another table is a revision that this one has not come to, too.
    let last_id = last_id
        .filter(|id| id.cluster_id == info.cluster_id && id.revision <= info.revision)
        .map(|id| id.revision);
    let reader = Reader::begin(desk, subject, follower, info.cluster_id, last_id).await?;
    let body = Events::of(reader);
    let mut response = Response::new(Body::new(body));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // Asks proxies not to collect events before they pass them on.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    Ok(response)
}

fn last_event_id(call: &Call) -> Result<Option<EventId>, Problem> {
    let Some(header) = call.headers().get("last-event-id") else { return Ok(None) };
    let text = header.to_str().unwrap_or_default();
    match text.parse() {
        Ok(id) => Ok(Some(id)),
        Err(_) if text.is_empty() => Ok(None),
        Err(_) => {
            let text = format!("go on after {text:?}: Last-Event-ID is the id of an event");
            Err(Problem::invalid(text))
        }
    }
}

/// One who follows.
struct Reader {
    desk: Arc<Desk>,
    subject: Subject,
    follower: Follower,
    cluster_id: u64,
    place: Place,
}

enum Place {
    /// It is told the locks as they are, one part after the other.
    Snapshot(Snapshot),
    /// It is told of changes.
    Live {
        /// The number of the next.
        next: u64,
        /// The parts of the snapshot before, while changes may be in some of them.
        pages: Pages,
    },
}

/// A snapshot, as far as it was told.
#[derive(Default)]
struct Snapshot {
    /// The number of the first change that may not be in it; none before its first part.
    next: Option<u64>,
    pages: Pages,
}

/// Which names were told of as of which revision, in the order of both.
#[derive(Default)]
struct Pages(Vec<Page>);

/// Parts of a snapshot: names up to this one, or all that follow, as of this revision.
struct Page {
    last: Option<LockName>,
    revision: u64,
}

impl Pages {
    fn push(&mut self, page: Page) {
        match self.0.last_mut() {
            // While nothing changes, parts are as good as one.
            Some(before) if before.revision == page.revision => *before = page,
            _ => self.0.push(page),
        }
    }

    /// The revision of the first part: all that changed later may be missing.
    fn first_revision(&self) -> u64 {
        self.0.first().map_or(0, |page| page.revision)
    }

    /// The revision of the last part: nothing that changed later is there.
    fn last_revision(&self) -> u64 {
        self.0.last().map_or(0, |page| page.revision)
    }

    /// The last name of all; none at the beginning and the end.
    fn last_name(&self) -> Option<&LockName> {
        self.0.last().and_then(|page| page.last.as_ref())
    }

    /// The snapshot has this change already.
    fn has(&self, name: &LockName, revision: u64) -> bool {
        let is_before = |page: &Page| page.last.as_ref().is_some_and(|last| last < name);
        let page = self.0.get(self.0.partition_point(is_before));
        page.is_some_and(|page| revision <= page.revision)
    }
}

/// What was read, and who reads on; none at the end.
type Step = (Vec<Bytes>, Option<Reader>);

impl Reader {
    /// Goes on after a revision, if what came since is there, else begins with a snapshot.
    async fn begin(
        desk: Arc<Desk>,
        subject: Subject,
        follower: Follower,
        cluster_id: u64,
        after: Option<u64>,
    ) -> Result<Reader, Problem> {
        let next = match after {
            Some(revision) => follower.place_after(revision).await?,
            None => None,
        };
        let place = match next {
            Some(next) => Place::Live { next, pages: Pages::default() },
            None => Place::Snapshot(Snapshot::default()),
        };
        Ok(Reader { desk, subject, follower, cluster_id, place })
    }

    /// Reads what there is, or waits for it.
    async fn read(mut self) -> Step {
        loop {
            let (next, pages) = match &mut self.place {
                Place::Live { next, pages } => (next, pages),
                Place::Snapshot(snapshot) => {
                    if let Some(servers) = self.follower.leaving() {
                        return (left(&servers), None);
                    }
                    let snapshot = std::mem::take(snapshot);
                    return match self.part(snapshot).await {
                        Ok(bytes) => (bytes, Some(self)),
                        Err(problem) => (failed(&problem), None),
                    };
                }
            };
            match self.follower.next(*next, EVENTS_BYTES_AT_ONCE) {
                Next::Changes(changes, after) => {
                    *next = after;
                    let newest = pages.last_revision();
                    let new = changes.iter().filter(|it| !pages.has(&it.name, it.revision));
                    let new: Vec<Bytes> = new.map(|change| change.bytes.clone()).collect();
                    let is_past = changes.last().is_some_and(|change| change.revision > newest);
                    if is_past {
                        *pages = Pages::default();
                    }
                    if is_past || !new.is_empty() {
                        return (new, Some(self));
                    }
                }
                Next::Wait => {
                    let next = *next;
                    if timeout(EVENTS_COMMENT_INTERVAL, self.follower.wait(next)).await.is_err() {
                        return (vec![COMMENT], Some(self));
                    }
                }
                Next::Lagged => {
                    self.place = Place::Snapshot(Snapshot::default());
                    let reason = "changes came faster than they were read";
                    return (vec![event("lagged", None, &LaggedEvent { reason })], Some(self));
                }
                Next::Leaving(servers) => return (left(&servers), None),
                Next::Failed(error) => return (failed(&Problem::from(error)), None),
            }
        }
    }

    /// Reads the next part of the locks as they are. The part after it is read when this one is
    /// given out, so one who reads slowly has no more than one in memory.
    async fn part(&mut self, snapshot: Snapshot) -> Result<Vec<Bytes>, Problem> {
        let Snapshot { next, mut pages } = snapshot;
        let next = match next {
            Some(next) => next,
            // What the topic has by now is in whatever is read after this. Nothing is missed when
            // its watch is there before.
            None => match self.follower.place_after(u64::MAX).await? {
                Some(next) => next,
                // The server is about to stop.
                None => return Ok(Vec::new()),
            },
        };
        let (prefix, len_max) = match &self.subject {
            Subject::Name(name) => (name.as_str().to_owned(), 1),
            Subject::Prefix(prefix) => (prefix.clone(), LIST_LEN_MAX),
        };
        let after = pages.last_name().map(|name| name.as_str().to_owned()).unwrap_or_default();
        let look = Query::ListLocks { prefix, after, len_max };
        let told = self.desk.ask(Ask::Service(What::Query(look))).await;
        let (reply, Words::LockList(mut list)) = in_words(told)? else {
            return Err(unexpected());
        };
        if let Subject::Name(name) = &self.subject {
            list.locks.retain(|lock| lock.name == name.as_str());
            list.more = false;
        }
        let (revision, more) = (list.revision, list.more);
        let last = match list.locks.last() {
            Some(lock) if more => Some(LockName::new(&lock.name).map_err(|_| unexpected())?),
            None if more => return Err(unexpected()),
            _ => None,
        };
        pages.push(Page { last, revision });
        let locks = list.locks.into_iter().map(|lock| LockView::new(reply.now_ms, lock));
        let data = SnapshotEvent { revision, locks: locks.collect(), more };
        if more {
            self.place = Place::Snapshot(Snapshot { next: Some(next), pages });
            return Ok(vec![NO_ID, event("snapshot", None, &data)]);
        }
        // What changed since its first part may be in none, and who comes back must be told of it.
        let id = EventId { cluster_id: self.cluster_id, revision: pages.first_revision() };
        self.place = Place::Live { next, pages };
        Ok(vec![event("snapshot", Some(id), &data)])
    }
}

fn left(servers: &[String]) -> Vec<Bytes> {
    vec![event("leaving", None, &LeavingEvent { servers })]
}

fn failed(problem: &Problem) -> Vec<Bytes> {
    vec![event("failed", None, problem.view())]
}

/// The body of a response that follows locks.
struct Events {
    ready: VecDeque<Bytes>,
    reading: Option<Pin<Box<dyn Future<Output = Step> + Send>>>,
}

impl Events {
    fn of(reader: Reader) -> Events {
        Events { ready: VecDeque::from([COMMENT]), reading: Some(Box::pin(reader.read())) }
    }
}

impl http_body::Body for Events {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        loop {
            if let Some(bytes) = self.ready.pop_front() {
                return Poll::Ready(Some(Ok(Frame::data(bytes))));
            }
            let Some(reading) = &mut self.reading else { return Poll::Ready(None) };
            let (bytes, reader) = ready!(reading.as_mut().poll(cx));
            self.ready.extend(bytes);
            self.reading = reader.map(|reader| Box::pin(reader.read()) as Pin<Box<_>>);
        }
    }
}

/// Waits until a lock changed after `revision`, or may have.
pub(super) async fn until_changed(call: &WaitFor, name: LockName) -> Result<(), Problem> {
    let follower = call.newsroom.follow(Subject::Name(name), call.info.cluster_id)?;
    if call.revision > call.info.revision {
        return Ok(());
    }
    let draining = |servers: &[String]| Err(Problem::draining("wait for a change", servers));
    let Some(next) = follower.place_after(call.revision).await? else {
        return follower.leaving().map_or(Ok(()), |servers| draining(&servers));
    };
    if timeout(call.wait, follower.wait(next)).await.is_err() {
        return Ok(());
    }
    match follower.next(next, 0) {
        Next::Failed(error) => Err(Problem::from(error)),
        Next::Leaving(servers) => draining(&servers),
        Next::Changes(..) | Next::Wait | Next::Lagged => Ok(()),
    }
}

/// What a conditional read waits for.
pub(super) struct WaitFor {
    pub(super) newsroom: Arc<super::newsroom::Newsroom>,
    /// A change above this revision.
    pub(super) revision: u64,
    /// The server and its table now.
    pub(super) info: proto::ServerInfo,
    /// At most so long.
    pub(super) wait: std::time::Duration,
}

#[cfg(test)]
mod tests;
