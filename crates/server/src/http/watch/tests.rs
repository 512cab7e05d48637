//! Those who follow, as often as they break off.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::pin::pin;
use std::task::Waker;

use bramah_core::{Event, FencingToken, Happening, LockView as Lock, Time};
use bramah_node::{Listing, Notice, Reply};
use http_body::Body as _;
use serde_json::Value;
use tokio::task::unconstrained;

use super::*;
use crate::http::newsroom::Newsroom;
use crate::http::numbers::Numbers;
use crate::http::tests::{holder_of, view_of};
use crate::service::slow::Slow;
use crate::service::{Answer, Outlet};

const CLUSTER: u64 = 7;
/// Locks of one part.
const PART_LEN: usize = 2;

/// A table: the locks that are held, and as of which revision.
#[derive(Default)]
struct Table {
    revision: u64,
    locks: BTreeMap<LockName, u64>,
}

impl Table {
    /// Takes or frees a lock, or changes it.
    fn change(&mut self, number: u64, is_held: bool) -> Arc<Lock> {
        self.revision += 1;
        let name = LockName::new(&format!("n{number}")).expect("a name");
        match is_held {
            true => drop(self.locks.insert(name.clone(), self.revision)),
            false => drop(self.locks.remove(&name)),
        }
        Arc::new(view(&name, is_held.then_some(self.revision)))
    }

    fn page(&self, after: &str) -> Listing<Lock> {
        let locks = self.locks.iter().filter(|(name, _)| name.as_str() > after);
        let items = locks.map(|(name, token)| view(name, Some(*token))).take(PART_LEN + 1);
        Listing { revision: self.revision, items: items.collect(), len_max: PART_LEN }
    }

    /// As those who follow know it.
    fn seen(&self) -> BTreeMap<String, u64> {
        self.locks.iter().map(|(name, token)| (name.as_str().to_owned(), *token)).collect()
    }
}

fn view(name: &LockName, token: Option<u64>) -> Lock {
    view_of(name, token.map(|token| holder_of(token, None)).into_iter().collect())
}

/// A server of that table, which answers when the test says so.
struct Server {
    service: Arc<Slow>,
    newsroom: Arc<Newsroom>,
    desk: Arc<Desk>,
    watch_id: Option<u64>,
    /// Somebody follows all the time, so changes are kept.
    _other: Follower,
}

impl Server {
    fn new(table: &Table) -> Server {
        let service = Arc::new(Slow::default());
        let newsroom = Newsroom::new(service.clone(), usize::MAX);
        let desk = Desk::open(service.clone(), Arc::new(Numbers::new(0)));
        let other = newsroom.follow(subject(), CLUSTER).expect("there is room");
        let mut server = Server { service, newsroom, desk, watch_id: None, _other: other };
        server.answer(table);
        server
    }

    /// Answers whatever was asked.
    fn answer(&mut self, table: &Table) {
        for (id, ask) in self.service.take_asked() {
            match ask {
                Ask::Service(What::Watch(_)) => {
                    self.watch_id = Some(id);
                    let started = Reply::WatchStarted(table.page(""));
                    self.newsroom.reply(id, Time(1), Answer::Node(started));
                }
                Ask::Service(What::Query(Query::ListLocks { after, .. })) => {
                    let locks = Reply::Locks(table.page(&after));
                    self.desk.reply(id, Time(1), Answer::Node(locks));
                }
                _ => panic!("{ask:?}"),
            }
        }
    }

    fn tell(&self, revision: u64, lock: &Arc<Lock>) {
        let Some(watch_id) = self.watch_id else { return };
        let (name, token) = (lock.name.clone(), FencingToken(1));
        let what = Happening::ValueSet { name, token, value: None };
        let (event, lock) = (Arc::new(Event { revision, what }), lock.clone());
        self.newsroom.notice(Time(1), Notice::Change { watch_id, event, lock });
    }

    /// Changes are left out, and its watch begins anew when that is answered.
    fn lag(&mut self, revision: u64) {
        if let Some(watch_id) = self.watch_id.take() {
            self.newsroom.notice(Time(1), Notice::WatchLagged { watch_id, revision });
        }
    }

    async fn follow(&mut self, table: &Table, last_id: &str) -> Events {
        self.answer(table);
        let follower = self.newsroom.follow(subject(), CLUSTER).expect("there is room");
        let after = last_id.parse().ok().map(|id: EventId| id.revision);
        let reader = Reader::begin(self.desk.clone(), subject(), follower, CLUSTER, after);
        Events::of(reader.await.expect("it begins"))
    }
}

fn subject() -> Subject {
    Subject::Prefix("n".to_owned())
}

/// The next bytes, if they are there without waiting.
fn poll(events: &mut Events) -> Option<Bytes> {
    let next = poll_fn(|cx| Pin::new(&mut *events).poll_frame(cx));
    // However often it is polled by one task.
    let next = pin!(unconstrained(next));
    match next.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Some(Ok(frame))) => frame.into_data().ok(),
        Poll::Ready(_) => panic!("it ended"),
        Poll::Pending => None,
    }
}

/// One who follows as a browser does, and comes back.
#[derive(Default)]
struct Client {
    /// It keeps what it knew until all parts are there, rather than until the first is.
    is_careful: bool,
    text: String,
    last_id: String,
    locks: BTreeMap<String, u64>,
    parts: Option<BTreeMap<String, u64>>,
}

impl Client {
    fn break_off(&mut self) {
        (self.text, self.parts) = (String::new(), None);
    }

    fn hear(&mut self, bytes: &[u8]) {
        self.text += std::str::from_utf8(bytes).expect("text");
        while let Some((event, rest)) = self.text.split_once("\n\n") {
            let (event, rest) = (event.to_owned(), rest.to_owned());
            self.text = rest;
            self.take(&event);
        }
    }

    fn take(&mut self, event: &str) {
        let field = |name: &str| event.lines().find_map(|line| line.strip_prefix(name));
        let Some(name) = field("event: ") else { return };
        if let Some(id) = field("id:") {
            self.last_id = id.trim_start().to_owned();
        }
        let data: Value = serde_json::from_str(field("data: ").expect("data")).expect("JSON");
        match name {
            "snapshot" => {
                if self.parts.is_none() && !self.is_careful {
                    self.locks.clear();
                }
                let mut parts = self.parts.take().unwrap_or_default();
                let into = if self.is_careful { &mut parts } else { &mut self.locks };
                data["locks"].as_array().expect("locks").iter().for_each(|lock| put(into, lock));
                match (data["more"] == true, self.is_careful) {
                    (true, _) => self.parts = Some(parts),
                    (false, true) => self.locks = parts,
                    (false, false) => {}
                }
            }
            "change" => {
                assert!(self.parts.is_none(), "between the parts of a snapshot");
                put(&mut self.locks, &data["lock"]);
            }
            other => assert_eq!((other, self.parts.is_none()), ("lagged", true), "{data}"),
        }
    }
}

fn put(locks: &mut BTreeMap<String, u64>, lock: &Value) {
    let name = lock["name"].as_str().expect("a name").to_owned();
    match lock["holders"][0]["token"].as_u64() {
        Some(token) => drop(locks.insert(name, token)),
        None => drop(locks.remove(&name)),
    }
}

/// Numbers that look random.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % below
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_breaks_off_anywhere_and_comes_back_anywhere_misses_nothing() {
    for seed in 1..=1_000 {
        let mut dice = Dice(0x9e37_79b9_7f4a_7c15 ^ seed << 32);
        let mut table = Table::default();
        (0..8).for_each(|number| drop(table.change(number, true)));
        let mut servers = [Server::new(&table), Server::new(&table)];
        let mut client = Client { is_careful: seed % 2 == 0, ..Client::default() };
        let mut at = 0;
        let mut events = servers[at].follow(&table, "").await;
        for _ in 0..dice.roll(200) {
            match dice.roll(16) {
                0 => {
                    client.break_off();
                    at = dice.roll(2) as usize;
                    events = servers[at].follow(&table, &client.last_id).await;
                }
                1 if dice.roll(4) == 0 => servers[dice.roll(2) as usize].lag(table.revision),
                1..4 => {
                    let lock = table.change(dice.roll(8), dice.roll(4) > 0);
                    servers.iter().for_each(|server| server.tell(table.revision, &lock));
                }
                4..8 => servers[at].answer(&table),
                _ => drop(poll(&mut events).map(|bytes| client.hear(&bytes))),
            }
        }
        loop {
            match poll(&mut events) {
                Some(bytes) => client.hear(&bytes),
                None if servers[at].service.asked() > 0 => servers[at].answer(&table),
                None => break,
            }
        }
        assert_eq!(client.locks, table.seen(), "seed {seed}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_part_of_a_snapshot_is_read_when_the_one_before_was_given_out() {
    let mut table = Table::default();
    (0..8).for_each(|number| drop(table.change(number, true)));
    let mut server = Server::new(&table);
    let mut events = server.follow(&table, "").await;
    assert_eq!(poll(&mut events), Some(COMMENT));
    for part in 1..=4 {
        assert_eq!((poll(&mut events), server.service.asked()), (None, 1), "part {part}");
        let lock = table.change(7, true);
        server.tell(table.revision, &lock);
        server.answer(&table);
        if part < 4 {
            assert_eq!(poll(&mut events), Some(NO_ID));
        }
        let bytes = poll(&mut events).expect("a part");
        let text = std::str::from_utf8(&bytes).expect("text");
        // All of it is as it was when it was read.
        assert!(text.contains(&format!("\"revision\":{}", table.revision)), "{text}");
        assert_eq!(text.contains("\"more\":false"), part == 4, "{text}");
        assert_eq!(text.contains(&format!("id: {CLUSTER:016x}-9\n")), part == 4, "{text}");
        assert_eq!(server.service.asked(), 0, "nothing is read ahead");
    }
    assert_eq!((poll(&mut events), server.service.asked()), (None, 0));
}

#[test]
fn parts_of_one_revision_are_remembered_as_one() {
    let name = |number: u64| LockName::new(&format!("n{number:04}")).expect("a name");
    let mut pages = Pages::default();
    for number in 1..=1_000 {
        pages.push(Page { last: Some(name(number)), revision: number / 500 });
    }
    pages.push(Page { last: None, revision: 2 });
    assert_eq!(pages.0.len(), 3);
    for (number, revision) in [(1, 0), (499, 0), (500, 1), (999, 1), (1_000, 2), (5_000, 2)] {
        assert!(pages.has(&name(number), revision), "{number}");
        assert!(!pages.has(&name(number), revision + 1), "{number}");
    }
}
