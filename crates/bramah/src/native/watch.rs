//! Following locks of a server.

use std::collections::{BTreeSet, VecDeque};
use std::fmt;
use std::sync::Arc;
use std::task::{Poll, Waker};

use bramah_core::LockName;
use bramah_wire::proto;
use bramah_wire::proto::event::What;
use bramah_wire::proto::reply::Outcome;
use bramah_wire::proto::request::Op;

use super::Remote;
use super::call::{CallId, Failure, Purpose};
use super::client::{Flush, Ticket};
use super::read;
use crate::backend::{BoxFuture, WatchSource, Watched};
use crate::error::{Error, ErrorKind};
use crate::info::{Change, ChangeKind};

/// What the machine keeps of a watch.
#[derive(Debug, Default)]
pub(super) struct WatchState {
    pub(super) changes: VecDeque<proto::Event>,
    /// Changes are missing: it must start again.
    pub(super) is_stale: bool,
    pub(super) waker: Option<Waker>,
}

pub(super) struct NativeWatch {
    remote: Arc<Remote>,
    what: Watched,
    /// It is followed; none while it must be started.
    following: Option<Following>,
    /// Its start, for as long as that is under way. It is kept here, so that a reader who gives up
    /// in the middle and comes back loses nothing, and none is started twice.
    starting: Option<BoxFuture<'static, Result<Beginning, Failure>>>,
    /// Of the snapshot, for the reader.
    ready: VecDeque<Change>,
    /// Where each page of the snapshot begins (it goes to the next), and at which revision it was
    /// true.
    pages: Vec<(Option<LockName>, u64)>,
    /// Locks that the reader believes to be held or waited for.
    known: BTreeSet<LockName>,
}

/// A watch on the server, for as long as this lives.
struct Following {
    remote: Arc<Remote>,
    /// The request that started it.
    id: CallId,
}

/// How things are when a watch begins.
struct Beginning {
    following: Following,
    revision: u64,
    ready: VecDeque<Change>,
    pages: Vec<(Option<LockName>, u64)>,
    known: BTreeSet<LockName>,
}

impl Following {
    fn start(remote: Arc<Remote>, what: &Watched) -> Result<Following, Failure> {
        let which = match what {
            Watched::Name(name) => proto::watch::Which::Name(name.as_str().to_owned()),
            Watched::Prefix(prefix) => proto::watch::Which::Prefix(prefix.clone()),
        };
        let op = Op::Watch(proto::Watch { which: Some(which) });
        let id = remote.client.step(Flush::Usual, |machine, now| {
            let id = machine.submit(now, op, Purpose::Ask, None)?;
            machine.watches.insert(id, WatchState::default());
            Ok(id)
        })?;
        Ok(Following { remote, id })
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        self.remote.client.step(Flush::Usual, |machine, now| {
            if machine.watches.remove(&self.id).is_some_and(|watch| !watch.is_stale) {
                machine.unwatch(now, self.id);
            }
        });
    }
}

impl Beginning {
    /// Starts it on the server, and gathers how things are.
    async fn gather(remote: Arc<Remote>, what: Watched) -> Result<Beginning, Failure> {
        let following = Following::start(remote.clone(), &what)?;
        let answer = Ticket::new(&remote.client, following.id).await?;
        let Outcome::WatchStarted(started) = answer.outcome else {
            return Err(Failure::new(ErrorKind::Internal, "the server gave another answer"));
        };
        let mut beginning = Beginning {
            following,
            revision: started.revision,
            ready: VecDeque::new(),
            pages: vec![(None, started.revision)],
            known: BTreeSet::new(),
        };
        beginning.add_page(started.locks, started.revision, answer.now_ms)?;
        let mut more = started.more;
        while let (true, Watched::Prefix(prefix), Some(last)) =
            (more, &what, beginning.known.last())
        {
            let (after, prefix) = (last.clone(), prefix.clone());
            let (page, now_ms) = remote.list(prefix, after.as_str().to_owned()).await?;
            beginning.pages.push((Some(after), page.revision));
            more = page.more && !page.locks.is_empty();
            beginning.add_page(page.locks, page.revision, now_ms)?;
        }
        Ok(beginning)
    }

    fn add_page(
        &mut self,
        locks: Vec<proto::Lock>,
        revision: u64,
        now_ms: u64,
    ) -> Result<(), Failure> {
        for lock in locks {
            let lock = read::lock(lock, now_ms)?;
            if !read::is_free(&lock) {
                self.known.insert(lock.name.clone());
                let kind = ChangeKind::Snapshot;
                self.ready.push_back(Change { revision, kind, lock, token: None });
            }
        }
        Ok(())
    }
}

impl NativeWatch {
    pub(super) async fn start(remote: Arc<Remote>, what: Watched) -> Result<NativeWatch, Error> {
        let mut watch = NativeWatch {
            remote,
            what,
            following: None,
            starting: None,
            ready: VecDeque::new(),
            pages: Vec::new(),
            known: BTreeSet::new(),
        };
        watch.restart().await.map_err(|failure| failure.during("watch"))?;
        Ok(watch)
    }

    /// Starts it, or goes on with its start.
    async fn restart(&mut self) -> Result<(), Failure> {
        self.following = None;
        let (remote, what) = (&self.remote, &self.what);
        let starting = self
            .starting
            .get_or_insert_with(|| Box::pin(Beginning::gather(remote.clone(), what.clone())));
        let began = starting.await;
        self.starting = None;
        self.begin(began?);
        Ok(())
    }

    fn begin(&mut self, beginning: Beginning) {
        let Beginning { following, revision, ready, pages, known } = beginning;
        let mut absent = std::mem::take(&mut self.known);
        absent.retain(|name| !known.contains(name));
        if let Watched::Name(name) = &self.what
            && known.is_empty()
        {
            absent.insert(name.clone());
        }
        self.following = Some(following);
        (self.ready, self.pages, self.known) = (ready, pages, known);
        for name in absent {
            let (kind, lock) = (ChangeKind::Snapshot, read::free(name));
            self.ready.push_back(Change { revision, kind, lock, token: None });
        }
    }

    /// The next event of the server; none when the watch must start again.
    async fn event(&mut self) -> Option<proto::Event> {
        std::future::poll_fn(|cx| {
            self.remote.client.step(Flush::Usual, |machine, _| {
                let id = self.following.as_ref().map(|following| following.id);
                let watch = id.and_then(|id| machine.watches.get_mut(&id));
                let Some(watch) = watch else { return Poll::Ready(None) };
                match watch.changes.pop_front() {
                    Some(event) => Poll::Ready(Some(event)),
                    None if watch.is_stale => Poll::Ready(None),
                    None => {
                        watch.waker = Some(cx.waker().clone());
                        Poll::Pending
                    }
                }
            })
        })
        .await
    }

    /// The change that an event tells; none if the snapshot told it already.
    fn read(&mut self, event: proto::Event) -> Result<Option<Change>, Failure> {
        let Some(What::Changed(changed)) = event.what else { return Ok(None) };
        let Some(change) = read::change(changed, event.revision, event.now_ms)? else {
            return Ok(None);
        };
        let name = &change.lock.name;
        let page = self
            .pages
            .partition_point(|(after, _)| after.as_ref().is_none_or(|after| after < name));
        if self.pages.get(page.saturating_sub(1)).is_some_and(|(_, shown)| event.revision <= *shown)
        {
            return Ok(None);
        }
        match read::is_free(&change.lock) {
            true => self.known.remove(name),
            false => self.known.insert(name.clone()),
        };
        Ok(Some(change))
    }

    async fn change(&mut self) -> Option<Result<Change, Error>> {
        loop {
            if let Some(change) = self.ready.pop_front() {
                return Some(Ok(change));
            }
            if self.remote.is_closed() {
                return None;
            }
            let step = match self.event().await {
                Some(event) => self.read(event).map(|change| self.ready.extend(change)),
                None => self.restart().await,
            };
            if let Err(failure) = step {
                self.following = None;
                return match self.remote.is_closed() {
                    true => None,
                    false => Some(Err(failure.during("watch"))),
                };
            }
        }
    }
}

impl WatchSource for NativeWatch {
    fn next(&mut self) -> BoxFuture<'_, Option<Result<Change, Error>>> {
        Box::pin(self.change())
    }
}

impl fmt::Debug for NativeWatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NativeWatch").field("what", &self.what).finish_non_exhaustive()
    }
}
