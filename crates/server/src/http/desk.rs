//! One HTTP connection's place at the service: its requests find their replies here, and the waits
//! of its acquires their news.

use std::sync::{Arc, Mutex, OnceLock};

use bramah_core::{
    Action, Command, EndReason, Event, Grant, Happening, Key, OpenSession, Outcome, RequestRef,
    RequestSeq, SessionHandle, SessionId, Time, WaitEnd,
};
use bramah_node::{ClientId, Notice, Reply};
use bramah_wire::request::{Ask, What};
use bramah_wire::{Error, ErrorCode};
use tokio::sync::{Notify, oneshot};

use super::call::{outcome, unexpected};
use super::numbers::{Numbers, REDRAWS_MAX};
use super::problem::Problem;
use crate::keys::Keys;
use crate::mutex::lock;
use crate::service::{Answer, Flow, Outlet, Service};

/// An answer and the cluster's time of it.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) now: Time,
    pub(crate) answer: Answer,
}

/// How a wait goes on.
#[derive(Debug)]
pub(crate) enum News {
    /// It is granted.
    Granted(Time, Vec<Grant>),
    /// It ended without.
    Ended(WaitEnd),
    /// Its session ended.
    SessionEnded(Time, EndReason),
    /// Some news may be missing.
    Lagged,
    /// The server is about to stop, and these go on.
    Leaving(Arc<[String]>),
}

/// A connection at the service.
pub(crate) struct Desk {
    service: Arc<dyn Service>,
    numbers: Arc<Numbers>,
    client: OnceLock<ClientId>,
    waiting: Mutex<Waiting>,
    /// The server is about to stop.
    pub(crate) leaving: Notify,
}

#[derive(Default)]
struct Waiting {
    last_id: u64,
    keys: Keys,
    replies: Vec<Awaited>,
    waits: Vec<Wait>,
    /// Its connection is gone.
    is_closed: bool,
    /// The server is about to stop, and these go on.
    leaving: Option<Arc<[String]>>,
}

struct Awaited {
    id: u64,
    /// It tells of a new session, which somebody must end if nobody hears of it.
    opens_session: bool,
    told: oneshot::Sender<Told>,
}

struct Wait {
    session: SessionId,
    seq: RequestSeq,
    /// The watch that brings its news, if its session's news do not come here.
    watch_id: u64,
    news: oneshot::Sender<News>,
}

impl Desk {
    /// Connects.
    pub(crate) fn open(service: Arc<dyn Service>, numbers: Arc<Numbers>) -> Arc<Desk> {
        let desk = Arc::new(Desk {
            service,
            numbers,
            client: OnceLock::new(),
            waiting: Mutex::default(),
            leaving: Notify::new(),
        });
        let client = desk.service.connect(desk.clone());
        desk.client.get_or_init(|| client);
        desk
    }

    /// Another connection to the same service, for what goes on when this one is gone.
    pub(crate) fn another(&self) -> Arc<Desk> {
        Desk::open(self.service.clone(), self.numbers.clone())
    }

    /// Nothing is told after this. Disconnects, as soon as it is known which sessions were opened
    /// for requests that were under way.
    pub(crate) fn close(&self) {
        let (unheard, is_last) = {
            let mut waiting = lock(&self.waiting);
            waiting.is_closed = true;
            waiting.waits.clear();
            let unheard: Vec<_> =
                waiting.replies.extract_if(.., |reply| !reply.opens_session).collect();
            (unheard, waiting.replies.is_empty())
        };
        drop(unheard);
        if is_last {
            self.service.disconnect(self.client());
        }
    }

    /// Asks, and waits for the one reply.
    pub(crate) async fn ask(&self, ask: Ask) -> Told {
        self.asked(ask).1.await
    }

    /// Asks at once; the reply can be waited for later. Also gives the request's id.
    pub(crate) fn asked(&self, ask: Ask) -> (u64, impl Future<Output = Told> + Send + use<>) {
        let (id, receiver) = self.sent(ask);
        (id, told(receiver))
    }

    /// Opens a session; gives its deadline too. If nobody waits for that any more, it is ended.
    pub(crate) async fn open_session(
        &self,
        open: OpenSession,
    ) -> Result<(Time, SessionHandle, Time), Problem> {
        let ask = Ask::Service(What::Command(Command::OpenSession(open)));
        let mut opening = Opening { desk: self, receiver: self.sent(ask).1 };
        match outcome(told(&mut opening.receiver).await)? {
            (now, Outcome::SessionOpened { session, deadline }) => Ok((now, session, deadline)),
            _ => Err(unexpected()),
        }
    }

    fn sent(&self, ask: Ask) -> (u64, oneshot::Receiver<Told>) {
        let (told, receiver) = oneshot::channel();
        let opens_session = matches!(ask, Ask::Service(What::Command(Command::OpenSession(_))));
        let id = {
            let mut waiting = lock(&self.waiting);
            waiting.last_id += 1;
            let id = waiting.last_id;
            waiting.replies.push(Awaited { id, opens_session, told });
            id
        };
        self.service.ask(self.client(), id, ask);
        (id, receiver)
    }

    /// Ends the session that was opened, as nobody knows of it.
    fn end_opened(&self, unheard: Told) {
        if let Answer::Node(Reply::Outcome(outcome)) = unheard.answer
            && let Outcome::SessionOpened { session, .. } = outcome
        {
            self.order(close(session));
        }
    }

    /// Asks, and wants no answer.
    pub(crate) fn order(&self, what: What) {
        let id = {
            let mut waiting = lock(&self.waiting);
            waiting.last_id += 1;
            waiting.last_id
        };
        self.service.ask(self.client(), id, Ask::Service(what));
    }

    /// A random key for a new session or hold.
    pub(crate) fn draw_key(&self) -> Key {
        lock(&self.waiting).keys.draw()
    }

    /// A number for a request that its client did not name.
    pub(crate) fn draw_request(&self) -> RequestRef {
        self.numbers.draw()
    }

    /// The number of a request that its client named.
    pub(crate) fn name_request(&self, name: &str, id: &str) -> RequestRef {
        self.numbers.named(name, id)
    }

    /// Takes back a request of a session that it leaves open: its wait, or what it holds. Goes on
    /// when the connection is gone.
    pub(crate) fn take_back(&self, session: SessionHandle, seq: RequestSeq) {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let desk = self.another();
        let ask = move |desk: &Desk| {
            let (request, action) = (desk.draw_request(), Action::Cancel { seq });
            desk.asked(Ask::Service(What::Command(Command::Request { session, request, action }))).1
        };
        let first = ask(&desk);
        runtime.spawn(async move {
            let mut told = first.await;
            for _ in 0..REDRAWS_MAX {
                let is_lost = |problem: &Problem| {
                    let codes =
                        [ErrorCode::RequestStale, ErrorCode::NoLeader, ErrorCode::OutcomeUnknown];
                    codes.into_iter().any(|code| problem.is(code))
                };
                if !outcome(told).is_err_and(|problem| is_lost(&problem)) {
                    break;
                }
                // Whatever became of it: to cancel twice is to cancel once.
                told = ask(&desk).await;
            }
            desk.close();
        });
    }

    /// Begins to listen for the news of a wait. A `watch_id` of 0 is for news of its session.
    pub(crate) fn listen(
        self: &Arc<Desk>,
        session: SessionHandle,
        seq: RequestSeq,
        watch_id: u64,
    ) -> Listening {
        let (news, receiver) = oneshot::channel();
        let session = session.id;
        let mut waiting = lock(&self.waiting);
        match waiting.leaving.clone() {
            None => waiting.waits.push(Wait { session, seq, watch_id, news }),
            Some(servers) => drop(news.send(News::Leaving(servers))),
        }
        drop(waiting);
        Listening { desk: self.clone(), session, seq, receiver }
    }

    fn client(&self) -> ClientId {
        self.client.get().copied().unwrap_or_default()
    }

    fn tell(&self, now: Time, event: &Event) {
        let mut waiting = lock(&self.waiting);
        if waiting.waits.is_empty() {
            return;
        }
        let (session, seq, news) = match &event.what {
            Happening::Granted { session, seq, waited: true, grants } => {
                (session, Some(seq), News::Granted(now, grants.clone()))
            }
            Happening::WaitEnded { session, seq, reason, .. } => {
                (session, Some(seq), News::Ended(reason.clone()))
            }
            Happening::SessionEnded { session, reason } => {
                (session, None, News::SessionEnded(now, reason.clone()))
            }
            _ => return,
        };
        let is_meant =
            |wait: &Wait| wait.session == *session && seq.is_none_or(|seq| wait.seq == *seq);
        if let Some(index) = waiting.waits.iter().position(is_meant) {
            let wait = waiting.waits.swap_remove(index);
            // Whoever listened may have just gone; the end of that undoes the grant.
            let _ = wait.news.send(news);
        }
    }
}

impl Outlet for Desk {
    fn reply(&self, id: u64, now: Time, answer: Answer) {
        self.numbers.see(now);
        let (awaited, is_last) = {
            let mut waiting = lock(&self.waiting);
            let index = waiting.replies.iter().position(|reply| reply.id == id);
            let awaited = index.map(|index| waiting.replies.swap_remove(index));
            (awaited, waiting.is_closed && waiting.replies.is_empty())
        };
        let Some(awaited) = awaited else { return };
        if let Err(unheard) = awaited.told.send(Told { now, answer }) {
            self.end_opened(unheard);
        }
        if is_last {
            self.service.disconnect(self.client());
        }
    }

    fn notice(&self, now: Time, notice: Notice) {
        self.numbers.see(now);
        match notice {
            Notice::Session(event) => self.tell(now, &event),
            Notice::Change { event, .. } => self.tell(now, &event),
            Notice::WatchLagged { watch_id, .. } => {
                let mut waiting = lock(&self.waiting);
                let lagged = waiting.waits.extract_if(.., |wait| wait.watch_id == watch_id);
                for wait in lagged.collect::<Vec<_>>() {
                    let _ = wait.news.send(News::Lagged);
                }
            }
        }
    }

    fn leave(&self, _: Time, _: u64, servers: &[String]) {
        let servers: Arc<[String]> = servers.into();
        let mut waiting = lock(&self.waiting);
        waiting.leaving = Some(servers.clone());
        for wait in std::mem::take(&mut waiting.waits) {
            let _ = wait.news.send(News::Leaving(servers.clone()));
        }
        drop(waiting);
        self.leaving.notify_one();
    }

    fn ends_then(&self) -> bool {
        true
    }

    fn flush(&self) -> Flow {
        // Nothing is kept here for the connection: each answer waits for its own request.
        Flow::Open
    }
}

/// What came, or that nothing will.
async fn told(came: impl Future<Output = Result<Told, oneshot::error::RecvError>>) -> Told {
    came.await.unwrap_or_else(|_| {
        let text = "tell what came of it: the server is stopping";
        let error = Error::new(ErrorCode::OutcomeUnknown, text);
        Told { now: Time::default(), answer: Answer::Refused(error) }
    })
}

/// A session that is being opened, for as long as somebody waits for that.
struct Opening<'a> {
    desk: &'a Desk,
    receiver: oneshot::Receiver<Told>,
}

impl Drop for Opening<'_> {
    fn drop(&mut self) {
        self.receiver.close();
        // It may have come, and not have been looked at.
        if let Ok(unheard) = self.receiver.try_recv() {
            self.desk.end_opened(unheard);
        }
    }
}

/// The order that ends a session.
pub(crate) fn close(session: SessionHandle) -> What {
    let cause = bramah_core::SessionClose::Asked;
    What::Command(bramah_core::Command::CloseSession { session, cause })
}

/// Listens for the news of one wait for as long as it lives.
pub(crate) struct Listening {
    desk: Arc<Desk>,
    session: SessionId,
    seq: RequestSeq,
    receiver: oneshot::Receiver<News>,
}

impl Listening {
    pub(crate) async fn news(&mut self) -> News {
        // The desk is closed only when nobody is left to listen.
        (&mut self.receiver).await.unwrap_or(News::Lagged)
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        let mut waiting = lock(&self.desk.waiting);
        waiting.waits.retain(|wait| wait.session != self.session || wait.seq != self.seq);
    }
}
