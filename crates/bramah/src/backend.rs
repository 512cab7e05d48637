//! What a lock service must offer to stand behind [`crate::Locker`].
//!
//! The trait is small and takes structs of options; comfort lives in [`crate::Locker`] and
//! [`crate::Guard`], which nobody else implements. What each method promises, every backend keeps;
//! what a backend cannot do it declares in its [`Capabilities`], and refuses as
//! [`crate::ErrorKind::Unsupported`].

use std::fmt;
use std::future::Future;
use std::os::fd::OwnedFd;
use std::pin::Pin;
use std::time::Duration;

use bramah_core::{FencingToken, LockName, Mode, Owner, Priority, Value};

use crate::clock::LocalTime;
use crate::cluster::{ClusterChange, ClusterInfo, Stranger};
use crate::error::Error;
use crate::info::{
    Acquired, Aged, Change, Ended, LockInfo, LostReason, Page, Released, SessionInfo, Verdict,
};

/// A future that a backend returns.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What a backend can do. Everything not said here it must do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// Shared holds beside exclusive ones.
    pub shared: bool,
    /// Permits out of a limit.
    pub semaphore: bool,
    /// Several locks at once, all or none.
    pub many: bool,
    /// Waiters are granted in the order of their arrival.
    pub fifo: bool,
    /// Waiters are told when they are granted; without it they ask again and again.
    pub push: bool,
    /// A holder can attach a value, and others can read it.
    pub value: bool,
    /// Changes can be followed.
    pub watch: bool,
    /// Every grant has a token above all earlier ones of its lock.
    pub fencing: bool,
    /// Holds survive the loss of a server.
    pub survives_failover: bool,
    /// A holder is told of its loss before anybody else can be granted the lock.
    pub told_in_time: bool,
    /// Ended holds are remembered.
    pub history: bool,
    /// A hold can be released, renewed or changed from another process by its hold id.
    pub detached: bool,
}

/// How long an acquire waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// Not at all.
    Try,
    /// At most this long.
    For(Duration),
    /// As long as it takes.
    Forever,
}

/// One lock of a request.
#[derive(Clone, Debug)]
pub struct Item {
    /// Which lock.
    pub name: LockName,
    /// How it is wanted.
    pub mode: Mode,
    /// The value that the hold starts with.
    pub value: Option<Value>,
}

/// A request for one lock, or for several at once.
#[derive(Clone, Debug)]
pub struct AcquireRequest {
    /// The locks: at least one, each name once. Several are taken all or none.
    pub items: Vec<Item>,
    /// How long to wait.
    pub wait: Wait,
    /// Urgency; the higher is granted first.
    pub priority: Priority,
    /// Refuse rather than queue behind this many.
    pub max_waiters: Option<u32>,
    /// The lock rests this long after an unclean end.
    pub lock_delay: Duration,
    /// A release before this has passed takes effect only then.
    pub min_hold: Duration,
    /// The hold ends after this, however often it is renewed. Zero is never.
    pub max_hold: Duration,
    /// A second acquire by the same [`crate::Locker`] counts the hold it has, instead of waiting.
    pub reentrant: bool,
    /// How long the hold outlives its holder. Backends with one session for all holds of a
    /// [`crate::Locker`] use the one it was connected with unless this says otherwise.
    pub ttl: Option<Duration>,
    /// The holder acts alone from now on: nobody renews the hold, it lives until its TTL unless
    /// [`Backend::renew`] is called. For a command line that exits.
    pub detached: bool,
    /// Who asks.
    pub owner: Option<Owner>,
    /// Is told the place in the queue when it is known, and when it changes if the backend can
    /// tell.
    pub on_queued: Option<OnQueued>,
}

/// Hears of a place in the queue: the place (1 is next), and how many wait.
#[derive(Clone)]
pub struct OnQueued(pub std::sync::Arc<dyn Fn(usize, usize) + Send + Sync>);

impl fmt::Debug for OnQueued {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OnQueued(..)")
    }
}

/// A lock service.
pub trait Backend: Send + Sync + fmt::Debug {
    /// The scheme of its URLs.
    fn scheme(&self) -> &'static str;

    /// What it can do.
    fn capabilities(&self) -> Capabilities;

    /// Takes the locks, or says who is in the way.
    ///
    /// Dropping the future leaves the queue; if it was granted at that moment, the hold is
    /// released.
    fn acquire(&self, request: AcquireRequest) -> BoxFuture<'_, Result<Acquired, Error>>;

    /// One lock, none if nobody holds or waits.
    fn get<'a>(
        &'a self,
        name: &'a LockName,
        freshness: Freshness,
    ) -> BoxFuture<'a, Result<Aged<Option<LockInfo>>, Error>>;

    /// Locks whose names start with `prefix` and come after `after`, in the order of names.
    fn list<'a>(
        &'a self,
        prefix: &'a str,
        after: Option<&'a str>,
        freshness: Freshness,
    ) -> BoxFuture<'a, Result<Aged<Page<LockInfo>>, Error>>;

    /// Open sessions above the number `after`.
    fn sessions(
        &self,
        after: u64,
        freshness: Freshness,
    ) -> BoxFuture<'_, Result<Aged<Page<SessionInfo>>, Error>>;

    /// Ended holds, newest first, of one lock or of all.
    fn history<'a>(
        &'a self,
        name: Option<&'a LockName>,
        len_max: usize,
        freshness: Freshness,
    ) -> BoxFuture<'a, Result<Aged<Vec<Ended>>, Error>>;

    /// What is known of a token.
    fn verify<'a>(
        &'a self,
        name: &'a LockName,
        token: FencingToken,
        freshness: Freshness,
    ) -> BoxFuture<'a, Result<Aged<Verdict>, Error>>;

    /// Follows one lock, or all whose names start with a prefix.
    fn watch(&self, what: Watched) -> BoxFuture<'_, Result<Box<dyn WatchSource>, Error>>;

    /// Gives back a hold by its hold id, from any process.
    fn release<'a>(&'a self, hold_id: &'a str) -> BoxFuture<'a, Result<Released, Error>>;

    /// Renews a hold by its hold id, from any process, and tells how long it lives from when this
    /// was sent. `ttl` changes its TTL too.
    fn renew<'a>(
        &'a self,
        hold_id: &'a str,
        ttl: Option<Duration>,
    ) -> BoxFuture<'a, Result<Duration, Error>>;

    /// Changes a hold's value in place, by its hold id, from any process.
    fn set_value<'a>(
        &'a self,
        hold_id: &'a str,
        value: Option<Value>,
    ) -> BoxFuture<'a, Result<(), Error>>;

    /// Takes holds away from whoever has them; all of a lock, or the one of this token. Tells the
    /// tokens.
    fn revoke<'a>(
        &'a self,
        name: &'a LockName,
        token: Option<FencingToken>,
        wait_for_deadline: bool,
        by: &'a str,
    ) -> BoxFuture<'a, Result<Vec<FencingToken>, Error>>;

    /// Releases everything that is held through it and stops. Holds that are still there are lost.
    fn close(&self) -> BoxFuture<'_, Result<(), Error>>;

    /// The servers it consists of, if it is a cluster that can be operated through this connection.
    fn cluster(&self) -> Option<&dyn ClusterBackend> {
        None
    }
}

/// How current the answer to a question must be. A backend whose answers always are takes no
/// notice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Freshness {
    /// It knows of everything that was acknowledged before the question.
    #[default]
    Current,
    /// It may be older, and comes from whichever server is at hand, also while nobody leads.
    Stale,
}

/// What a cluster of servers offers to its operators.
pub trait ClusterBackend: Send + Sync {
    /// How it is, as well as can be known.
    fn status(&self) -> BoxFuture<'_, Result<ClusterInfo, Error>>;

    /// Servers of the URL that say that they are of another cluster than `info` tells of.
    fn strangers<'a>(&'a self, info: &'a ClusterInfo) -> BoxFuture<'a, Vec<Stranger>>;

    /// Changes it, and tells how it is when that is done.
    fn change(&self, change: ClusterChange) -> BoxFuture<'_, Result<ClusterInfo, Error>>;

    /// A part of a backup; `from`, how many bytes came before, is 0 for a new one.
    fn backup_part(&self, from: u64) -> BoxFuture<'_, Result<BackupPart, Error>>;
}

/// A part of a backup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackupPart {
    /// Its bytes.
    pub data: Vec<u8>,
    /// The backup is whole with it.
    pub is_last: bool,
}

/// What a watch follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Watched {
    /// One lock.
    Name(LockName),
    /// All whose names start so.
    Prefix(String),
}

/// The changes of a watch, in order.
pub trait WatchSource: Send + fmt::Debug {
    /// The next change; first the locks as they are. None when the service is closed.
    fn next(&mut self) -> BoxFuture<'_, Option<Result<Change, Error>>>;
}

/// One living hold of a backend, inside a [`crate::Guard`].
pub trait Hold: Send + Sync + fmt::Debug {
    /// Which lock.
    fn name(&self) -> &LockName;

    /// Its fencing token.
    fn token(&self) -> FencingToken;

    /// The proof with which another process may release or renew it.
    fn hold_id(&self) -> String;

    /// The same, for whoever has the hold when it is detached, which it is by this: it outlives
    /// this handle. It may also name a session that is there for this hold alone, and ends with its
    /// release.
    fn detach(&self) -> String {
        self.hold_id()
    }

    /// The session's public number, 0 where there are no sessions.
    fn session(&self) -> u64;

    /// Its TTL.
    fn ttl(&self) -> Duration;

    /// Until when it surely is held, on this machine's clock, as renewed so far.
    fn deadline(&self) -> LocalTime;

    /// Another descriptor of the open file that holds the lock for as long as it is open anywhere;
    /// None where none does, or it is not to be had.
    fn lock_file(&self) -> Option<OwnedFd> {
        None
    }

    /// Why it was lost, if it was.
    fn lost_reason(&self) -> Option<LostReason>;

    /// Waits until it is lost. It is told no later than [`Hold::deadline`], which rises while
    /// keepalives are answered.
    fn lost(&self) -> BoxFuture<'_, LostReason>;

    /// Gives it back, or undoes one re-entry.
    fn release(&self) -> BoxFuture<'_, Result<Released, Error>>;

    /// Starts a release and does not wait for it.
    fn abandon(&self);

    /// Changes its value in place.
    fn set_value(&self, value: Option<Value>) -> BoxFuture<'_, Result<(), Error>>;

    /// Becomes shared under the same token.
    fn downgrade(&self) -> BoxFuture<'_, Result<(), Error>>;

    /// Becomes exclusive under a new token; this hold is over when the new one is granted.
    fn upgrade(&self, wait: Wait) -> BoxFuture<'_, Result<Acquired, Error>>;
}
