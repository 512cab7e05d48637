//! Acquires whose answers are lost: the answers are the test's.

use std::cell::Cell;
use std::sync::Mutex;

use bramah_core::{Action, Command, Event, Happening, LockName, LockView, Priority, RequestSeq};
use bramah_core::{Mode, WaiterView};
use bramah_node::{ClientId, Listing, Notice, Unavailable};
use bramah_wire::request::Watched;

use super::super::acquire::in_session;
use super::super::numbers::Numbers;
use super::super::tests::{granted_of, view_of};
use super::super::wanted::AcquireBody;
use super::*;
use crate::mutex::lock;
use crate::service::{Outlet, Service};

const SESSION: SessionHandle = SessionHandle { id: SessionId(7), key: Key(7) };
const NAMED: &str = "{\"request_id\": \"0123456789abcdef\", \"wait\": \"3s\"}";
const UNNAMED: &str = "{\"wait\": \"3s\"}";
const QUEUED: Reply = Reply::Outcome(Outcome::Queued { position: 1, waiters: 1 });
const NO_LEADER: Reply = Reply::Unavailable(Unavailable::NoLeader);

fn name() -> LockName {
    LockName::new("x").expect("a name")
}

/// A service whose answers are the test's, at each of its connections.
#[derive(Default)]
struct Scripted {
    outlets: Mutex<Vec<Arc<dyn Outlet>>>,
    asked: Mutex<Vec<(ClientId, u64, What)>>,
    gone: Mutex<Vec<ClientId>>,
}

impl Service for Scripted {
    fn connect(&self, outlet: Arc<dyn Outlet>) -> ClientId {
        let mut outlets = lock(&self.outlets);
        outlets.push(outlet);
        ClientId(outlets.len() as u64 - 1)
    }

    fn ask(&self, client: ClientId, id: u64, ask: Ask) {
        let Ask::Service(what) = ask else { panic!("{ask:?}") };
        lock(&self.asked).push((client, id, what));
    }

    fn disconnect(&self, client: ClientId) {
        lock(&self.gone).push(client);
    }
}

/// Acquires, in this session if one is given, while `answer` answers whatever it asks; and gives
/// what became of it and what it asked.
async fn acquired(
    body: &str,
    session: Option<SessionHandle>,
    answer: impl FnMut(&[Arc<dyn Outlet>], &What) -> Reply,
) -> (Result<(), Problem>, Vec<What>) {
    acquired_until(body, session, answer, |_| false).await
}

/// The same, by a client that leaves when this is asked.
async fn acquired_until(
    body: &str,
    session: Option<SessionHandle>,
    mut answer: impl FnMut(&[Arc<dyn Outlet>], &What) -> Reply,
    mut leaves: impl FnMut(&What) -> bool,
) -> (Result<(), Problem>, Vec<What>) {
    let service = Arc::new(Scripted::default());
    let desk = Desk::open(service.clone(), Arc::new(Numbers::new(0)));
    let body: AcquireBody = serde_json::from_str(body).expect("JSON");
    let Ok(wanted) = body.check(name()) else { panic!("it is good") };
    let asking = tokio::spawn({
        let desk = desk.clone();
        async move {
            match (session, &wanted.request_id) {
                (Some(session), _) => in_session(&desk, session, &wanted).await.map(|_| ()),
                (None, Some(id)) => acquire(&desk, &wanted, id).await.map(|_| ()),
                (None, None) => super::super::acquire::alone(&desk, &wanted).await.map(|_| ()),
            }
        }
    });
    let mut asked = Vec::new();
    loop {
        // What it asked last is there before it is over.
        let others = lock(&service.outlets).len() - 1;
        let gone = lock(&service.gone).iter().filter(|client| client.0 > 0).count();
        let is_over = asking.is_finished() && gone == others;
        let came = std::mem::take(&mut *lock(&service.asked));
        for (client, id, what) in came {
            if leaves(&what) {
                asking.abort();
                while !asking.is_finished() {
                    tokio::task::yield_now().await;
                }
                desk.close();
            }
            let outlets = lock(&service.outlets).clone();
            let reply = answer(&outlets, &what);
            // Whoever is gone is told nothing.
            if !lock(&service.gone).contains(&client) {
                outlets[client.0 as usize].reply(id, Time(1), Answer::Node(reply));
            }
            asked.push(what);
        }
        if is_over {
            let told = asking.await.unwrap_or_else(|error| {
                assert!(error.is_cancelled(), "{error}");
                Err(unexpected())
            });
            return (told, asked);
        }
        tokio::task::yield_now().await;
    }
}

/// The answer to all but acquires, where nobody else is.
fn of_an_empty_table(what: &What) -> Reply {
    match what {
        What::Query(Query::GetLock { .. }) => Reply::Lock { name: name(), view: None },
        What::Query(_) => Reply::History(listing(Vec::new())),
        What::Command(Command::OpenSession(_)) => {
            Reply::Outcome(Outcome::SessionOpened { session: SESSION, deadline: Time(1) })
        }
        What::Watch(_) => Reply::WatchStarted(listing(Vec::new())),
        What::Command(Command::CloseSession { .. }) => {
            Reply::Outcome(Outcome::SessionClosed { holds: 0 })
        }
        What::Command(_) => Reply::Outcome(Outcome::Cancelled { was_held: false }),
        _ => Reply::WatchEnded(true),
    }
}

fn listing<T>(items: Vec<T>) -> Listing<T> {
    Listing { revision: 1, items, len_max: REPEATS_LOOKED_AT_MAX }
}

fn granted(what: &What) -> Reply {
    let Some((_, key)) = acquire_of(what) else { panic!("no acquire: {what:?}") };
    Reply::Outcome(Outcome::Granted(vec![granted_of(&name(), key)]))
}

/// The session and the hold's key of an acquire.
fn acquire_of(what: &What) -> Option<(SessionId, Key)> {
    let What::Command(Command::Request { session, action, .. }) = what else { return None };
    match action {
        Action::Acquire(acquire) => Some((session.id, acquire.key)),
        _ => None,
    }
}

fn acquires(asked: &[What]) -> usize {
    asked.iter().filter(|what| acquire_of(what).is_some()).count()
}

/// Whether its session was ended, or its request cancelled.
fn is_taken_back(asked: &[What]) -> bool {
    asked.iter().any(|what| match what {
        What::Command(Command::CloseSession { .. }) => true,
        What::Command(Command::Request { action, .. }) => matches!(action, Action::Cancel { .. }),
        _ => false,
    })
}

fn assert_unknown(told: Result<(), Problem>, what_to_do: &str) {
    let problem = told.expect_err("nobody knows");
    assert!(problem.is(ErrorCode::OutcomeUnknown), "{problem:?}");
    assert!(problem.detail().contains(what_to_do), "{problem:?}");
}

#[tokio::test]
async fn a_named_request_whose_answer_was_lost_is_asked_again_and_keeps_its_session() {
    // What comes of asking again, whether that is an answer, and whether the session stays.
    let busy = Reply::Outcome(Outcome::Refused(Refusal::QueueFull { waiters: 1, waiters_max: 1 }));
    for (again, is_good, stays) in [
        (None, true, true),
        (Some(NO_LEADER), false, true),
        (Some(Reply::OutcomeUnknown), false, true),
        (Some(busy), false, false),
    ] {
        let mut count = 0;
        let (told, asked) = acquired(NAMED, None, |_, what| match acquire_of(what) {
            None => of_an_empty_table(what),
            Some((session, _)) => {
                assert_eq!(session, SESSION.id);
                count += 1;
                match (count, &again) {
                    (1, _) => Reply::OutcomeUnknown,
                    (_, Some(again)) => again.clone(),
                    (_, None) => granted(what),
                }
            }
        })
        .await;
        assert_eq!(acquires(&asked), 2);
        assert_eq!(is_taken_back(&asked), !stays, "{again:?}: {asked:?}");
        match (is_good, stays) {
            (true, _) => told.expect("it is granted"),
            (false, true) => assert_unknown(told, "repeat it with the same request_id"),
            (false, false) => {
                let problem = told.expect_err("it is refused");
                assert!(problem.is(ErrorCode::QueueFull), "{problem:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_named_request_that_may_be_done_is_not_said_not_to_be_if_no_other_can_be_looked_for() {
    let full = || Outcome::Refused(Refusal::QueueFull { waiters: 1, waiters_max: 1 });
    for (is_refused, reply) in
        [(false, NO_LEADER), (false, Reply::OutcomeUnknown), (true, NO_LEADER)]
    {
        let mut is_asked = false;
        let (told, asked) = acquired(NAMED, None, |_, what| match acquire_of(what) {
            Some(_) => {
                is_asked = true;
                if is_refused { Reply::Outcome(full()) } else { granted(what) }
            }
            None if is_asked && matches!(what, What::Query(_)) => reply.clone(),
            None => of_an_empty_table(what),
        })
        .await;
        // What was refused is not found again, but what stood in its way may be.
        assert_eq!(is_taken_back(&asked), is_refused, "{asked:?}");
        assert_unknown(told, "repeat it with the same request_id");
    }
}

#[tokio::test]
async fn whether_a_session_is_of_the_request_is_asked_once() {
    let (told, asked) = acquired(NAMED, None, |_, what| match what {
        _ if acquire_of(what).is_some() => granted(what),
        What::Attach { .. } => Reply::Outcome(Outcome::Refused(Refusal::SessionUnknown)),
        What::Query(Query::GetLock { .. }) => {
            let Reply::Lock { name, view: Some(mut view) } = of_a_waiter(what) else {
                panic!("a lock")
            };
            view.waiters[0].session = SessionId(6);
            Reply::Lock { name, view: Some(view) }
        }
        _ => of_an_empty_table(what),
    })
    .await;
    told.expect("it is granted");
    let looks = asked.iter().filter(|what| matches!(what, What::Query(_))).count();
    let attaches = asked.iter().filter(|what| matches!(what, What::Attach { .. })).count();
    assert_eq!((looks, attaches), (4, 1), "{asked:?}");
}

#[tokio::test]
async fn a_client_that_leaves_while_another_is_looked_for_ends_only_what_no_repeat_is_to_find() {
    for is_another_ahead in [false, true] {
        let opened = SessionHandle { id: SessionId(8), ..SESSION };
        let is_asked = Cell::new(false);
        let (_, asked) = acquired_until(
            NAMED,
            None,
            |_, what| match what {
                _ if acquire_of(what).is_some() => {
                    is_asked.set(true);
                    QUEUED
                }
                What::Command(Command::OpenSession(_)) => {
                    Reply::Outcome(Outcome::SessionOpened { session: opened, deadline: Time(1) })
                }
                What::Query(_) if is_asked.get() && is_another_ahead => of_a_waiter(what),
                What::Attach { .. } => of_a_waiter(what),
                _ => of_an_empty_table(what),
            },
            |what| is_asked.get() && matches!(what, What::Query(Query::GetLock { .. })),
        )
        .await;
        let sessions: Vec<_> = asked.iter().filter_map(acquire_of).map(|(id, _)| id).collect();
        match is_another_ahead {
            false => assert_eq!(sessions, [opened.id]),
            true => assert_eq!(sessions, [opened.id, SESSION.id]),
        }
        assert_eq!(is_taken_back(&asked), is_another_ahead, "{asked:?}");
    }
}

/// The answer to all but acquires, where an earlier request of the same name waits in the session.
fn of_a_waiter(what: &What) -> Reply {
    match what {
        What::Query(Query::GetLock { .. }) => {
            let waiter = WaiterView {
                position: 1,
                session: SESSION.id,
                owner: Arc::default(),
                mode: Mode::Exclusive,
                priority: Priority::default(),
                queued_at: Time(1),
                deadline: None,
            };
            let view = Box::new(LockView {
                waiters_total: 1,
                waiters: vec![waiter],
                ..view_of(&name(), Vec::new())
            });
            Reply::Lock { name: name(), view: Some(view) }
        }
        What::Attach { after, .. } => {
            let ttl = bramah_core::Ttl::from_ms(60_000).expect("a TTL");
            let session = bramah_core::SessionGrants {
                ttl,
                deadline: Time(60_000),
                holds: vec![],
                ended: vec![],
            };
            Reply::Attached { session, after: *after }
        }
        _ => of_an_empty_table(what),
    }
}

#[tokio::test]
async fn a_named_wait_hears_of_its_end_also_if_the_news_of_its_session_go_elsewhere() {
    for table in [of_an_empty_table, of_a_waiter] {
        let mut watch = None;
        let mut count = 0;
        let (told, asked) = acquired(NAMED, None, |outlets, what| {
            if let What::Watch(watched) = what {
                watch = Some(watched.clone());
            }
            let Some((session, key)) = acquire_of(what) else { return table(what) };
            count += 1;
            if count > 1 {
                assert_eq!(watch, Some(Watched::Name(name())), "it watches the lock before");
                let grants = vec![granted_of(&name(), key)];
                let seq = RequestSeq(1);
                let what = Happening::Granted { session, seq, waited: true, grants };
                let event = Arc::new(Event { revision: 2, what });
                let lock = Arc::new(view_of(&name(), Vec::new()));
                for outlet in outlets {
                    let (event, lock) = (event.clone(), lock.clone());
                    outlet.notice(Time(2), Notice::Change { watch_id: 1, event, lock });
                }
            }
            QUEUED
        })
        .await;
        told.expect("it is granted");
        assert_eq!(acquires(&asked), 2);
        assert!(!is_taken_back(&asked), "{asked:?}");
    }
}

#[tokio::test]
async fn what_an_earlier_request_of_the_name_did_is_not_denied_while_nobody_leads() {
    let (told, asked) = acquired(NAMED, None, |_, what| match acquire_of(what) {
        Some(_) => NO_LEADER,
        None => of_a_waiter(what),
    })
    .await;
    assert!(!is_taken_back(&asked), "{asked:?}");
    assert_unknown(told, "repeat it with the same request_id");
}

#[tokio::test]
async fn a_request_that_was_queued_is_not_said_to_have_done_nothing() {
    let overloaded = Reply::Unavailable(Unavailable::Overloaded);
    let watches = Reply::Unavailable(Unavailable::TooManyWatches);
    let draining = Reply::Unavailable(Unavailable::Draining);
    for (body, session, to_do) in [
        (NAMED, Some(SESSION), "repeat it with the same request_id"),
        (NAMED, None, "repeat it with the same request_id"),
        (UNNAMED, Some(SESSION), "it is taken back if the service can be reached"),
    ] {
        for (of_watch, reply) in [
            (true, &NO_LEADER),
            (true, &watches),
            (true, &overloaded),
            (false, &NO_LEADER),
            (false, &overloaded),
            (false, &draining),
        ] {
            let mut count = 0;
            let (told, asked) = acquired(body, session, |_, what| match acquire_of(what) {
                Some(_) => {
                    count += 1;
                    if count > 1 { reply.clone() } else { QUEUED }
                }
                None if of_watch && matches!(what, What::Watch(_)) => reply.clone(),
                None => of_an_empty_table(what),
            })
            .await;
            assert_eq!(is_taken_back(&asked), body == UNNAMED, "{asked:?}");
            assert_unknown(told, to_do);
        }
    }
}

#[tokio::test]
async fn a_wait_without_a_name_is_not_said_to_have_done_nothing_when_it_is_asked_again() {
    let mut count = 0;
    let (told, asked) = acquired(UNNAMED, None, |outlets, what| {
        let Some((session, _)) = acquire_of(what) else { return of_an_empty_table(what) };
        count += 1;
        if count > 1 {
            return NO_LEADER;
        }
        // The table tells how it ended.
        let (seq, reason) = (RequestSeq(1), bramah_core::WaitEnd::Cancelled);
        let what = Happening::WaitEnded { names: vec![name()], session, seq, reason };
        outlets[0].notice(Time(2), Notice::Session(Event { revision: 2, what }));
        QUEUED
    })
    .await;
    assert!(is_taken_back(&asked), "{asked:?}");
    assert_unknown(told, "it is taken back");
}

#[tokio::test]
async fn a_server_that_stops_says_whether_the_place_in_the_queue_stays() {
    for (body, session, stays) in
        [(NAMED, Some(SESSION), true), (NAMED, None, true), (UNNAMED, None, false)]
    {
        let (told, asked) = acquired(body, session, |outlets, what| match acquire_of(what) {
            Some(_) => {
                let servers = ["b:7420".to_owned()];
                outlets.iter().for_each(|outlet| outlet.leave(Time(1), 1, &servers));
                QUEUED
            }
            None => of_an_empty_table(what),
        })
        .await;
        let problem = told.expect_err("it is to ask elsewhere");
        assert!(problem.is(ErrorCode::Draining), "{problem:?}");
        assert_eq!((problem.is_unknown(), is_taken_back(&asked)), (stays, !stays), "{problem:?}");
    }
}
