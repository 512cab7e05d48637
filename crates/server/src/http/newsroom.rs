//! Where changes of locks are written down once for all who follow them over HTTP.
//!
//! A topic is one lock, or all with a prefix: one watch at the node, and the last changes as bytes
//! that are ready to send. Whoever follows it has only a place in it; one that is so slow that its
//! place is gone has to begin anew.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, Weak};

use bramah_core::{LockName, Time};
use bramah_node::{ClientId, Notice, Reply};
use bramah_wire::request::{Ask, Watched, What};
use bramah_wire::{Error, ErrorCode, event};
use bytes::Bytes;
use tokio::sync::Notify;
use tokio::time::sleep;

use super::events;
use super::problem::Problem;
use crate::limits::{
    TOPIC_BYTES_MAX, TOPIC_CHANGES_MAX, TOPIC_LINGER, TOPICS_BYTES_MAX, TOPICS_MAX,
};
use crate::mutex::lock;
use crate::service::{Answer, Flow, Outlet, Service};

/// What a topic is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Subject {
    Name(LockName),
    Prefix(String),
}

impl Subject {
    fn watched(&self) -> Watched {
        match self {
            Subject::Name(name) => Watched::Name(name.clone()),
            Subject::Prefix(prefix) => Watched::Prefix(prefix.clone()),
        }
    }

    fn covers(&self, name: &LockName) -> bool {
        match self {
            Subject::Name(own) => own == name,
            Subject::Prefix(prefix) => name.as_str().starts_with(prefix),
        }
    }
}

/// All topics of a server.
pub(crate) struct Newsroom {
    service: Arc<dyn Service>,
    changes_bytes_max: usize,
    desk: Mutex<Desk>,
}

#[derive(Default)]
struct Desk {
    /// There is one while there are topics.
    client: Option<ClientId>,
    last_id: u64,
    /// The cluster whose changes these are, for their ids.
    cluster_id: u64,
    topics: BTreeMap<Subject, Arc<Topic>>,
    /// The same by their watches at the node.
    watches: BTreeMap<u64, Arc<Topic>>,
    /// Bytes of all changes that are written down.
    bytes: usize,
    /// The server is about to stop, and these go on.
    leaving: Option<Arc<[String]>>,
}

/// One subject, and its last changes.
pub(crate) struct Topic {
    subject: Subject,
    record: Mutex<Record>,
    /// Something is new.
    news: Notify,
}

#[derive(Default)]
struct Record {
    /// Its watch at the node.
    watch_id: u64,
    /// Every change above this revision is in it; none is known while its watch begins.
    covered: Option<u64>,
    changes: VecDeque<Change>,
    bytes: usize,
    /// The number of the first change in it.
    first: u64,
    followers: usize,
    /// How many have followed and do no more.
    left: u64,
    /// Why there is no watch.
    failed: Option<Error>,
    leaving: Option<Arc<[String]>>,
}

/// One change, ready to send.
#[derive(Clone)]
pub(crate) struct Change {
    pub(crate) revision: u64,
    pub(crate) name: LockName,
    pub(crate) bytes: Bytes,
}

/// What there is for a follower.
pub(crate) enum Next {
    /// These changes, and the number of the next.
    Changes(Vec<Change>, u64),
    /// Nothing yet.
    Wait,
    /// What comes next is gone.
    Lagged,
    /// The server is about to stop.
    Leaving(Arc<[String]>),
    Failed(Error),
}

impl Newsroom {
    /// Of the changes of all topics it keeps so many bytes.
    pub(crate) fn new(service: Arc<dyn Service>, changes_bytes_max: usize) -> Arc<Newsroom> {
        let changes_bytes_max = changes_bytes_max.min(TOPICS_BYTES_MAX);
        Arc::new(Newsroom { service, changes_bytes_max, desk: Mutex::default() })
    }

    /// Begins to follow a subject, at a server that is of this cluster.
    pub(crate) fn follow(
        self: &Arc<Newsroom>,
        subject: Subject,
        cluster_id: u64,
    ) -> Result<Follower, Problem> {
        let mut desk = lock(&self.desk);
        desk.cluster_id = cluster_id;
        let topic = match desk.topics.get(&subject) {
            Some(topic) => topic.clone(),
            None => {
                if desk.leaving.is_some() {
                    let servers = desk.leaving.as_deref().unwrap_or_default();
                    return Err(Problem::draining("watch", servers));
                }
                if desk.topics.len() >= TOPICS_MAX {
                    // Those that nobody follows make room.
                    desk.drop_idle(&*self.service);
                }
                if desk.topics.len() >= TOPICS_MAX {
                    let text = format!("watch: the server follows {TOPICS_MAX} names and prefixes");
                    return Err(Problem::new(ErrorCode::LimitExceeded, text));
                }
                let record = Mutex::default();
                let topic = Topic { subject: subject.clone(), record, news: Notify::new() };
                let topic = Arc::new(topic);
                desk.topics.insert(subject, topic.clone());
                if desk.client.is_none() {
                    desk.client = Some(self.service.connect(self.clone()));
                }
                desk.begin(&*self.service, &topic);
                topic
            }
        };
        lock(&topic.record).followers += 1;
        Ok(Follower { newsroom: Arc::downgrade(self), topic })
    }

    /// Forgets a topic if nobody has followed it for a while, since so many have left it.
    async fn linger(newsroom: Weak<Newsroom>, topic: Arc<Topic>, left: u64) {
        sleep(TOPIC_LINGER).await;
        let Some(newsroom) = newsroom.upgrade() else { return };
        let mut desk = lock(&newsroom.desk);
        let is_last = |record: &Record| record.followers == 0 && record.left == left;
        if is_last(&lock(&topic.record)) {
            desk.drop_topic(&*newsroom.service, &topic);
        }
    }
}

impl Desk {
    /// Begins a topic's watch, anew if there was one.
    fn begin(&mut self, service: &dyn Service, topic: &Arc<Topic>) {
        self.last_id += 1;
        self.watches.insert(self.last_id, topic.clone());
        let mut record = lock(&topic.record);
        let before = std::mem::replace(&mut record.watch_id, self.last_id);
        self.watches.remove(&before);
        self.bytes -= record.bytes;
        record.clear();
        let watch = What::Watch(topic.subject.watched());
        service.ask(self.client.unwrap_or_default(), self.last_id, Ask::Service(watch));
    }

    fn drop_idle(&mut self, service: &dyn Service) {
        let topics: Vec<_> = self.topics.values().cloned().collect();
        for topic in topics {
            if lock(&topic.record).followers == 0 {
                self.drop_topic(service, &topic);
            }
        }
    }

    fn drop_topic(&mut self, service: &dyn Service, topic: &Arc<Topic>) {
        let is_it = |there: &Arc<Topic>| Arc::ptr_eq(there, topic);
        if !self.topics.get(&topic.subject).is_some_and(is_it) {
            return;
        }
        self.topics.remove(&topic.subject);
        let record = lock(&topic.record);
        self.bytes -= record.bytes;
        self.watches.remove(&record.watch_id);
        let Some(client) = self.client else { return };
        if self.topics.is_empty() {
            service.disconnect(client);
            self.client = None;
        } else {
            self.last_id += 1;
            let unwatch = What::Unwatch { watch_id: record.watch_id };
            service.ask(client, self.last_id, Ask::Service(unwatch));
        }
    }
}

impl Record {
    /// All who follow have lost their place.
    fn clear(&mut self) {
        self.first += self.changes.len() as u64 + 1;
        self.changes.clear();
        (self.bytes, self.covered) = (0, None);
    }

    fn push(&mut self, change: Change) {
        self.bytes += change.bytes.len();
        self.changes.push_back(change);
        while self.changes.len() > TOPIC_CHANGES_MAX
            || (self.bytes > TOPIC_BYTES_MAX && self.changes.len() > 1)
        {
            self.drop_first();
        }
    }

    fn drop_first(&mut self) {
        if let Some(dropped) = self.changes.pop_front() {
            self.bytes -= dropped.bytes.len();
            self.first += 1;
            self.covered = self.covered.max(Some(dropped.revision));
        }
    }
}

/// Somebody follows a topic for as long as this lives.
pub(crate) struct Follower {
    newsroom: Weak<Newsroom>,
    topic: Arc<Topic>,
}

impl Follower {
    /// The number of the first change above `revision`; none if some above it are not there any
    /// more. Waits until the topic's watch has begun.
    pub(crate) async fn place_after(&self, revision: u64) -> Result<Option<u64>, Problem> {
        loop {
            let mut news = std::pin::pin!(self.topic.news.notified());
            news.as_mut().enable();
            {
                let record = lock(&self.topic.record);
                if let Some(error) = &record.failed {
                    return Err(Problem::from(error.clone()));
                }
                if let Some(covered) = record.covered {
                    let before = record.changes.iter().take_while(|it| it.revision <= revision);
                    let place = record.first + before.count() as u64;
                    return Ok((revision >= covered).then_some(place));
                }
                if record.leaving.is_some() {
                    return Ok(None);
                }
            }
            news.await;
        }
    }

    /// What there is from the change of this number on, at most so many bytes of it.
    pub(crate) fn next(&self, place: u64, bytes_max: usize) -> Next {
        let record = lock(&self.topic.record);
        if let Some(error) = &record.failed {
            return Next::Failed(error.clone());
        }
        let Some(skip) = place.checked_sub(record.first) else { return Next::Lagged };
        let mut bytes = 0;
        let changes: Vec<Change> = record
            .changes
            .iter()
            .skip(usize::try_from(skip).unwrap_or(usize::MAX))
            .take_while(|change| {
                let fits = bytes == 0 || bytes + change.bytes.len() <= bytes_max;
                bytes += change.bytes.len();
                fits
            })
            .cloned()
            .collect();
        match (changes.is_empty(), &record.leaving) {
            (false, _) => {
                let next = place + changes.len() as u64;
                Next::Changes(changes, next)
            }
            (true, Some(servers)) => Next::Leaving(servers.clone()),
            (true, None) => Next::Wait,
        }
    }

    /// Where else to go, if the server is about to stop.
    pub(crate) fn leaving(&self) -> Option<Arc<[String]>> {
        lock(&self.topic.record).leaving.clone()
    }

    /// Ends when there may be something from this number on.
    pub(crate) async fn wait(&self, place: u64) {
        let mut news = std::pin::pin!(self.topic.news.notified());
        news.as_mut().enable();
        if matches!(self.next(place, 0), Next::Wait) {
            news.await;
        }
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        let mut record = lock(&self.topic.record);
        record.followers -= 1;
        record.left += 1;
        if record.followers == 0
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            runtime.spawn(Newsroom::linger(self.newsroom.clone(), self.topic.clone(), record.left));
        }
    }
}

impl Outlet for Newsroom {
    fn reply(&self, id: u64, _: Time, answer: Answer) {
        let mut desk = lock(&self.desk);
        let Some(topic) = desk.watches.get(&id).cloned() else { return };
        let mut record = lock(&topic.record);
        match answer {
            Answer::Node(Reply::WatchStarted(locks)) => record.covered = Some(locks.revision),
            Answer::Node(Reply::Unavailable(why)) => {
                record.failed = Some(crate::encode::unavailable(why));
            }
            Answer::Refused(error) => record.failed = Some(error),
            _ => {
                let text = "watch: the leader was lost meanwhile, try again";
                record.failed = Some(Error::new(ErrorCode::NoLeader, text));
            }
        }
        let has_failed = record.failed.is_some();
        drop(record);
        if has_failed {
            desk.drop_topic(&*self.service, &topic);
        }
        topic.news.notify_waiters();
    }

    fn notice(&self, now: Time, notice: Notice) {
        let mut desk = lock(&self.desk);
        match notice {
            Notice::Session(_) => {}
            Notice::WatchLagged { watch_id, .. } => {
                if let Some(topic) = desk.watches.get(&watch_id).cloned() {
                    desk.begin(&*self.service, &topic);
                    topic.news.notify_waiters();
                }
            }
            Notice::Change { watch_id, event, lock: view } => {
                let Some(topic) = desk.watches.get(&watch_id).cloned() else { return };
                let changes = event::changes(&event);
                let mut of_topic = changes.iter().filter(|it| topic.subject.covers(it.name));
                // Whoever goes on after a revision must have all of it.
                let is_last = of_topic.next_back().is_some_and(|last| *last.name == view.name);
                let Some(change) = changes.iter().find(|it| *it.name == view.name) else { return };
                let bytes = events::change(now, desk.cluster_id, change, &view, is_last);
                let change = Change { revision: event.revision, name: view.name.clone(), bytes };
                let mut record = lock(&topic.record);
                let others = desk.bytes - record.bytes;
                record.push(change);
                // Down to none: the last ones of all topics can be too much too.
                while others + record.bytes > self.changes_bytes_max && record.bytes > 0 {
                    record.drop_first();
                }
                desk.bytes = others + record.bytes;
                drop(record);
                topic.news.notify_waiters();
            }
        }
    }

    fn leave(&self, _: Time, _: u64, servers: &[String]) {
        let mut desk = lock(&self.desk);
        let servers: Arc<[String]> = servers.into();
        desk.leaving = Some(servers.clone());
        desk.watches.clear();
        for topic in std::mem::take(&mut desk.topics).into_values() {
            lock(&topic.record).leaving = Some(servers.clone());
            topic.news.notify_waiters();
        }
        if let Some(client) = desk.client.take() {
            self.service.disconnect(client);
        }
    }

    fn flush(&self) -> Flow {
        // Records are bounded by themselves.
        Flow::Open
    }
}

#[cfg(test)]
mod tests;
