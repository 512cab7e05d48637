//! Locks between the processes of this host, with no server: a folder with a file for each lock.
//!
//! A lock is held by keeping a kernel lock on its file, so it ends with its holder, however that
//! ends, and never before. Beside the kernel's locks stands a table of who holds and who waits,
//! which makes of them a queue with fencing tokens, values, shared holds and semaphores. DESIGN.md
//! beside this file says how, and why so.
//!
//! What it cannot do: reach beyond this host (also not over NFS), outlive the process that acquired
//! (`detached`, hold ids), take a hold from a living process (`revoke`), or remember (`history`). A
//! TTL has no meaning here and is ignored.
//!
//! Reading order: `file_name`, `folder` (where); `table`, `bytes`, `contents` (what stands in a
//! file); `lock_file` (the kernel's locks on it); `bell` (being woken); `claim` (the queue);
//! `hold`, `look`, `watch` (what users have of it).

mod bell;
mod bytes;
mod claim;
mod contents;
mod file_name;
mod folder;
mod hold;
mod lock_file;
mod look;
mod table;
mod watch;

#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bramah_core::limits::{MANY_ITEMS_MAX, OWNER_BYTES_MAX, PERMITS_MAX};
use bramah_core::{FencingToken, LockName, Mode, Value};

use self::claim::Claim;
use self::file_name::Named;
use self::folder::Folder;
use self::hold::Home;
use self::lock_file::LockFile;
use self::look::Look;
use crate::backend::{
    AcquireRequest, Backend, BoxFuture, Capabilities, Freshness, Item, Wait, WatchSource, Watched,
};
use crate::clock::LocalTime;
use crate::error::{Error, ErrorKind};
use crate::info::{Acquired, Aged, Ended, LockInfo, Page, Released, SessionInfo, Verdict};
use crate::owner;

/// Most locks in one page of a list.
const PAGE_LEN_MAX: usize = 1000;

/// The locks of one folder on this host. Each `Local` excludes every other, also in one process.
#[derive(Debug)]
pub struct Local {
    home: Arc<Home>,
}

impl Local {
    /// Opens a folder, and makes it if only its last part is missing; or the folder of this user on
    /// this host, `/tmp/bramah-UID`.
    ///
    /// Whoever can write a named folder takes part in its locks. The user's own folder is refused
    /// if anybody else could have written it.
    ///
    /// # Errors [`ErrorKind::Invalid`] if the folder's parent is missing; [`ErrorKind::Denied`] or
    /// [`ErrorKind::Storage`] if it is not fit for use.
    pub fn open(folder: Option<&Path>) -> Result<Local, Error> {
        let folder = folder.map_or_else(Folder::of_this_user, Folder::chosen)?;
        Ok(Local { home: Arc::new(Home::new(folder)) })
    }

    async fn acquire_all(&self, request: AcquireRequest) -> Result<Acquired, Error> {
        check(&request)?;
        if request.reentrant {
            if let [item] = &*request.items {
                if let Some(hold) = self.home.re_enter(&item.name, item.mode).await? {
                    return Ok(Acquired::Held(vec![hold]));
                }
            } else {
                // What one of several waits for may be held by the same: it would wait for itself.
                request.items.iter().try_for_each(|i| self.home.check_not_held(&i.name))?;
            }
        }
        let names: Vec<LockName> = request.items.iter().map(|item| item.name.clone()).collect();
        let mut items = request.items;
        items.sort_by(|a, b| a.name.cmp(&b.name));
        let claim = Claim {
            items,
            priority: request.priority,
            upgrades: None,
            max_hold: request.max_hold,
            max_waiters: request.max_waiters,
            owner: request.owner.unwrap_or_else(owner::of_this_process),
            on_queued: request.on_queued,
            give_up_at: give_up_at(request.wait),
        };
        let mut acquired = self.home.acquire(claim).await?;
        if let Acquired::Held(holds) = &mut acquired {
            // In the order asked for.
            holds.sort_by_key(|hold| names.iter().position(|name| name == hold.name()));
        }
        Ok(acquired)
    }

    async fn page(&self, prefix: &str, after: Option<&str>) -> Result<Page<LockInfo>, Error> {
        let mut looks = look_at_all(&self.home.folder, prefix).await?;
        looks.retain(|look| !is_free(&look.lock));
        looks.retain(|look| after.is_none_or(|after| look.lock.name.as_str() > after));
        looks.sort_by(|a, b| a.lock.name.cmp(&b.lock.name));
        let more = looks.len() > PAGE_LEN_MAX;
        let items = looks.into_iter().take(PAGE_LEN_MAX).map(|look| look.lock).collect();
        Ok(Page { items, more })
    }

    async fn verdict(&self, name: &LockName, token: FencingToken) -> Result<Verdict, Error> {
        let look = look_at(&self.home.folder, name).await?;
        Ok(Verdict {
            held: look.iter().flat_map(|l| &l.lock.holders).any(|holder| holder.token == token),
            newest: look.map(|look| look.token_newest).filter(|newest| newest.0 != 0),
            ended: None,
        })
    }
}

impl Drop for Local {
    fn drop(&mut self) {
        self.home.keep_no_more();
    }
}

impl Backend for Local {
    fn scheme(&self) -> &'static str {
        "local"
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            shared: true,
            semaphore: true,
            many: true,
            fifo: true,
            push: true,
            value: true,
            watch: true,
            fencing: true,
            survives_failover: false,
            told_in_time: true,
            history: false,
            detached: false,
        }
    }

    fn acquire(&self, request: AcquireRequest) -> BoxFuture<'_, Result<Acquired, Error>> {
        Box::pin(self.acquire_all(request))
    }

    fn get<'a>(
        &'a self,
        name: &'a LockName,
        _freshness: Freshness,
    ) -> BoxFuture<'a, Result<Aged<Option<LockInfo>>, Error>> {
        Box::pin(async {
            let look = look_at(&self.home.folder, name).await?;
            Ok(Aged::current(look.map(|look| look.lock).filter(|lock| !is_free(lock))))
        })
    }

    fn list<'a>(
        &'a self,
        prefix: &'a str,
        after: Option<&'a str>,
        _freshness: Freshness,
    ) -> BoxFuture<'a, Result<Aged<Page<LockInfo>>, Error>> {
        Box::pin(async move { self.page(prefix, after).await.map(Aged::current) })
    }

    fn sessions(
        &self,
        _after: u64,
        _freshness: Freshness,
    ) -> BoxFuture<'_, Result<Aged<Page<SessionInfo>>, Error>> {
        unsupported("list sessions", "a local hold belongs to its process, there are no sessions")
    }

    fn history<'a>(
        &'a self,
        _name: Option<&'a LockName>,
        _len_max: usize,
        _freshness: Freshness,
    ) -> BoxFuture<'a, Result<Aged<Vec<Ended>>, Error>> {
        unsupported("tell the history", "a lock file does not remember ended holds")
    }

    fn verify<'a>(
        &'a self,
        name: &'a LockName,
        token: FencingToken,
        _freshness: Freshness,
    ) -> BoxFuture<'a, Result<Aged<Verdict>, Error>> {
        Box::pin(async move { self.verdict(name, token).await.map(Aged::current) })
    }

    fn watch(&self, what: Watched) -> BoxFuture<'_, Result<Box<dyn WatchSource>, Error>> {
        Box::pin(async {
            let watch = watch::Watch::new(self.home.clone(), what);
            Ok(Box::new(watch) as Box<dyn WatchSource>)
        })
    }

    fn release<'a>(&'a self, _hold_id: &'a str) -> BoxFuture<'a, Result<Released, Error>> {
        unsupported("release by hold id", ONLY_ITS_PROCESS)
    }

    fn renew<'a>(
        &'a self,
        _hold_id: &'a str,
        _ttl: Option<Duration>,
    ) -> BoxFuture<'a, Result<Duration, Error>> {
        unsupported("renew by hold id", ONLY_ITS_PROCESS)
    }

    fn set_value<'a>(
        &'a self,
        _hold_id: &'a str,
        _value: Option<Value>,
    ) -> BoxFuture<'a, Result<(), Error>> {
        unsupported("set a value by hold id", ONLY_ITS_PROCESS)
    }

    fn revoke<'a>(
        &'a self,
        _name: &'a LockName,
        _token: Option<FencingToken>,
        _wait_for_deadline: bool,
        _by: &'a str,
    ) -> BoxFuture<'a, Result<Vec<FencingToken>, Error>> {
        unsupported("revoke", "a local hold ends only with its process: end that instead")
    }

    fn close(&self) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(async {
            self.home.close();
            Ok(())
        })
    }
}

const ONLY_ITS_PROCESS: &str = "a local hold can be given back or changed only by its own process";

/// Looks at one lock.
async fn look_at(folder: &Arc<Folder>, name: &LockName) -> Result<Option<Look>, Error> {
    look::look(LockFile::open_to_read(folder, file_name::of_lock(name))?).await
}

/// Looks at all locks whose names start so, in no order. What is no lock file is nobody's lock.
async fn look_at_all(folder: &Arc<Folder>, prefix: &str) -> Result<Vec<Look>, Error> {
    let mut looks = Vec::new();
    for (file_name, named) in folder.files()? {
        if matches!(&named, Named::Lock(name) if !name.as_str().starts_with(prefix)) {
            continue;
        }
        let look = look::look(LockFile::open_if_ours(folder, file_name)?).await?;
        looks.extend(look.filter(|look| look.lock.name.as_str().starts_with(prefix)));
    }
    Ok(looks)
}

fn is_free(lock: &LockInfo) -> bool {
    lock.holders.is_empty() && lock.waiters_total == 0
}

/// Refuses what makes no sense, and what this backend cannot do.
fn check(request: &AcquireRequest) -> Result<(), Error> {
    let names: Vec<String> = request.items.iter().map(|i| format!("\"{}\"", i.name)).collect();
    let refuse =
        |kind, why: &str| Err(Error::new(kind, format!("acquire {}", names.join(", ")), why));
    if request.detached {
        let why = "a local hold ends with the process that acquired it; \
            use `bramah lock NAME -- COMMAND`, or a server";
        return refuse(ErrorKind::Unsupported, why);
    }
    if !request.min_hold.is_zero() || !request.lock_delay.is_zero() {
        let why = "a local lock is free as soon as its holder is gone: \
            no minimum hold, no lock delay";
        return refuse(ErrorKind::Unsupported, why);
    }
    let is_repeated = |(at, item): (usize, &Item)| {
        request.items.iter().take(at).any(|earlier| earlier.name == item.name)
    };
    if request.items.is_empty() || request.items.iter().enumerate().any(is_repeated) {
        return refuse(ErrorKind::Invalid, "name at least one lock, and each lock once");
    }
    if request.items.len() > MANY_ITEMS_MAX {
        return refuse(
            ErrorKind::LimitExceeded,
            &format!("at most {MANY_ITEMS_MAX} locks at once"),
        );
    }
    if request.owner.as_ref().is_some_and(|owner| owner.bytes() > OWNER_BYTES_MAX) {
        let why = format!("the owner's texts have more than {OWNER_BYTES_MAX} bytes");
        return refuse(ErrorKind::LimitExceeded, &why);
    }
    let makes_sense = |item: &Item| match item.mode {
        Mode::Exclusive | Mode::Shared => true,
        Mode::Permits { count, limit } => (1..=limit).contains(&count) && limit <= PERMITS_MAX,
    };
    if !request.items.iter().all(makes_sense) {
        let why = format!("permits must be at least 1, and at most the limit and {PERMITS_MAX}");
        return refuse(ErrorKind::Invalid, &why);
    }
    Ok(())
}

/// When a wait that begins now ends. For a try that is now.
fn give_up_at(wait: Wait) -> LocalTime {
    match wait {
        Wait::Try => LocalTime(0),
        Wait::For(length) => LocalTime::now().plus(length),
        Wait::Forever => table::NEVER,
    }
}

fn unsupported<'a, T: Send + 'a>(
    doing: &'static str,
    why: &'static str,
) -> BoxFuture<'a, Result<T, Error>> {
    Box::pin(async move { Err(Error::new(ErrorKind::Unsupported, doing, why)) })
}
