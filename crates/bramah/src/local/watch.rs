//! Following locks: looking again whenever the folder changes, and telling the difference.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use bramah_core::{FencingToken, LockName, Mode};

use super::bell::Bell;
use super::claim::rung;
use super::hold::Home;
use super::look::Look;
use super::{is_free, look_at, look_at_all};
use crate::backend::{BoxFuture, WatchSource, Watched};
use crate::error::Error;
use crate::info::{Change, ChangeKind, HolderInfo, LockInfo, LostReason};

/// How soon to look again after a change: the kernel tells of a death just before it is one.
const LOOK_SOON: Duration = Duration::from_millis(5);
/// How long at most without a look.
const LOOK_AT_LEAST_EVERY: Duration = Duration::from_secs(1);

/// The changes of one lock or of a folder.
#[derive(Debug)]
pub(super) struct Watch {
    home: Arc<Home>,
    what: Watched,
    bell: Option<Bell>,
    /// The locks as they were told last. None before the first look.
    known: Option<BTreeMap<LockName, LockInfo>>,
    /// Found and not told yet: at most the difference of two looks.
    found: VecDeque<Change>,
    revision: u64,
    pause: Duration,
}

impl Watch {
    pub(super) fn new(home: Arc<Home>, what: Watched) -> Watch {
        let bell = Bell::on_folder(home.folder.fd());
        let (known, found) = (None, VecDeque::new());
        Watch { home, what, bell, known, found, revision: 0, pause: LOOK_SOON }
    }

    async fn next_change(&mut self) -> Option<Result<Change, Error>> {
        loop {
            if let Some(change) = self.found.pop_front() {
                return Some(Ok(change));
            }
            let mut closed = self.home.closed.subscribe();
            if *closed.borrow() {
                return None;
            }
            if self.known.is_some() {
                tokio::select! {
                    () = rung(&mut self.bell) => self.pause = LOOK_SOON,
                    () = tokio::time::sleep(self.pause) => {
                        self.pause = (self.pause * 4).min(LOOK_AT_LEAST_EVERY);
                    }
                    _ = closed.wait_for(|closed| *closed) => return None,
                }
            }
            if let Err(error) = self.look().await {
                return Some(Err(error));
            }
        }
    }

    async fn look(&mut self) -> Result<(), Error> {
        let looks = match &self.what {
            Watched::Name(name) => look_at(&self.home.folder, name).await?.into_iter().collect(),
            Watched::Prefix(prefix) => look_at_all(&self.home.folder, prefix).await?,
        };
        let mut now: BTreeMap<LockName, LockInfo> = BTreeMap::new();
        let mut dead = Vec::new();
        for Look { lock, dead: of_lock, .. } in looks {
            dead.extend(of_lock.into_iter().map(|token| (lock.name.clone(), token)));
            now.insert(lock.name.clone(), lock);
        }
        if let Watched::Name(name) = &self.what {
            now.entry(name.clone()).or_insert_with(|| free(name));
        }
        let is_first = self.known.is_none();
        let mut before = self.known.take().unwrap_or_default();
        for (name, lock) in &now {
            let old = before.remove(name).unwrap_or_else(|| free(name));
            if is_first {
                // A file is never removed; of those with a prefix only what is in use is told.
                if !is_free(lock) || matches!(self.what, Watched::Name(_)) {
                    self.tell(ChangeKind::Snapshot, lock, None);
                }
            } else {
                self.tell_difference(&old, lock, &dead);
            }
        }
        // Those that nobody holds or waits for any more.
        for (name, old) in &before {
            self.tell_difference(old, &free(name), &dead);
        }
        self.known = Some(now);
        Ok(())
    }

    fn tell_difference(
        &mut self,
        old: &LockInfo,
        new: &LockInfo,
        dead: &[(LockName, FencingToken)],
    ) {
        let of = |lock: &LockInfo, token| lock.holders.iter().find(|h| h.token == token).cloned();
        for HolderInfo { token, .. } in &old.holders {
            if of(new, *token).is_none() {
                // Once others cleared the record away, nobody knows that it was a death.
                let died = dead.contains(&(new.name.clone(), *token));
                let reason = if died { LostReason::Disconnected } else { LostReason::Released };
                self.tell(ChangeKind::Ended(reason), new, Some(*token));
            }
        }
        let mut granted = 0;
        for holder in &new.holders {
            let token = Some(holder.token);
            match of(old, holder.token) {
                None => {
                    granted += 1;
                    self.tell(ChangeKind::Granted, new, token);
                }
                Some(was) => {
                    if was.mode == Mode::Exclusive && holder.mode == Mode::Shared {
                        self.tell(ChangeKind::Downgraded, new, token);
                    }
                    if was.value != holder.value {
                        self.tell(ChangeKind::ValueSet, new, token);
                    }
                }
            }
        }
        if new.waiters_total > old.waiters_total {
            self.tell(ChangeKind::Queued, new, None);
        } else if new.waiters_total + granted < old.waiters_total {
            self.tell(ChangeKind::WaitEnded, new, None);
        }
    }

    fn tell(&mut self, kind: ChangeKind, lock: &LockInfo, token: Option<FencingToken>) {
        self.revision += 1;
        let change = Change { revision: self.revision, kind, lock: lock.clone(), token };
        self.found.push_back(change);
    }
}

impl WatchSource for Watch {
    fn next(&mut self) -> BoxFuture<'_, Option<Result<Change, Error>>> {
        Box::pin(self.next_change())
    }
}

/// A lock that nobody holds or waits for.
fn free(name: &LockName) -> LockInfo {
    LockInfo {
        name: name.clone(),
        limit: None,
        holders: Vec::new(),
        waiters: Vec::new(),
        waiters_total: 0,
        rests_for: None,
    }
}
