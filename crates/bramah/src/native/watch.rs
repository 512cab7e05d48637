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
    /// The request that started it; none while it must be started.
    id: Option<CallId>,
    /// Of the snapshot, for the reader.
    ready: VecDeque<Change>,
    /// Where each page of the snapshot begins (it goes to the next), and at which revision it was
    /// true.
    pages: Vec<(Option<LockName>, u64)>,
    /// Locks that the reader believes to be held or waited for.
    known: BTreeSet<LockName>,
}

impl NativeWatch {
    pub(super) async fn start(remote: Arc<Remote>, what: Watched) -> Result<NativeWatch, Error> {
        let mut watch = NativeWatch {
            remote,
            what,
            id: None,
            ready: VecDeque::new(),
            pages: Vec::new(),
            known: BTreeSet::new(),
        };
        watch.restart().await.map_err(|failure| failure.during("watch"))?;
        Ok(watch)
    }

    /// Starts it on the server, and gathers how things are.
    async fn restart(&mut self) -> Result<(), Failure> {
        self.stop();
        let which = match &self.what {
            Watched::Name(name) => proto::watch::Which::Name(name.as_str().to_owned()),
            Watched::Prefix(prefix) => proto::watch::Which::Prefix(prefix.clone()),
        };
        let op = Op::Watch(proto::Watch { which: Some(which) });
        let client = &self.remote.client;
        let id = client.step(Flush::Usual, |machine, now| {
            let id = machine.submit(now, op, Purpose::Ask, None)?;
            machine.watches.insert(id, WatchState::default());
            Ok(id)
        })?;
        self.id = Some(id);
        let answer = Ticket::new(client, id).await?;
        let Outcome::WatchStarted(started) = answer.outcome else {
            return Err(Failure::new(ErrorKind::Internal, "the server gave another answer"));
        };
        let mut absent = std::mem::take(&mut self.known);
        self.pages = vec![(None, started.revision)];
        self.ready.clear();
        self.add_page(started.locks, started.revision, answer.now_ms, &mut absent)?;
        let mut more = started.more;
        while let (true, Watched::Prefix(prefix), Some(last)) =
            (more, &self.what, self.known.last())
        {
            let (after, prefix) = (last.clone(), prefix.clone());
            let (page, now_ms) = self.remote.list(prefix, after.as_str().to_owned()).await?;
            self.pages.push((Some(after), page.revision));
            more = page.more && !page.locks.is_empty();
            self.add_page(page.locks, page.revision, now_ms, &mut absent)?;
        }
        if let Watched::Name(name) = &self.what
            && self.known.is_empty()
        {
            absent.insert(name.clone());
        }
        for name in absent {
            let (kind, lock) = (ChangeKind::Snapshot, read::free(name));
            self.ready.push_back(Change { revision: started.revision, kind, lock, token: None });
        }
        Ok(())
    }

    fn add_page(
        &mut self,
        locks: Vec<proto::Lock>,
        revision: u64,
        now_ms: u64,
        absent: &mut BTreeSet<LockName>,
    ) -> Result<(), Failure> {
        for lock in locks {
            let lock = read::lock(lock, now_ms)?;
            if !read::is_free(&lock) {
                absent.remove(&lock.name);
                self.known.insert(lock.name.clone());
                let kind = ChangeKind::Snapshot;
                self.ready.push_back(Change { revision, kind, lock, token: None });
            }
        }
        Ok(())
    }

    /// The next event of the server; none when the watch must start again.
    async fn event(&self) -> Option<proto::Event> {
        std::future::poll_fn(|cx| {
            self.remote.client.step(Flush::Usual, |machine, _| {
                let watch = self.id.and_then(|id| machine.watches.get_mut(&id));
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
                self.stop();
                return match self.remote.is_closed() {
                    true => None,
                    false => Some(Err(failure.during("watch"))),
                };
            }
        }
    }

    fn stop(&mut self) {
        let Some(id) = self.id.take() else { return };
        self.remote.client.step(Flush::Usual, |machine, now| {
            if machine.watches.remove(&id).is_some_and(|watch| !watch.is_stale) {
                machine.unwatch(now, id);
            }
        });
    }
}

impl WatchSource for NativeWatch {
    fn next(&mut self) -> BoxFuture<'_, Option<Result<Change, Error>>> {
        Box::pin(self.change())
    }
}

impl Drop for NativeWatch {
    fn drop(&mut self) {
        self.stop();
    }
}

impl fmt::Debug for NativeWatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NativeWatch").field("what", &self.what).finish_non_exhaustive()
    }
}
