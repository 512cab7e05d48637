//! The door to a lock service: connects to it, names locks, looks around.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bramah_core::limits::{TTL_MS_MAX, TTL_MS_MIN};
use bramah_core::{FencingToken, LockName, Owner};

use crate::backend::{Backend, Capabilities, Freshness, Watched};
use crate::cluster::Cluster;
use crate::error::{Error, ErrorKind};
use crate::guard::Guard;
use crate::info::{Ended, LockInfo, Page, Released, SessionInfo, Verdict};
use crate::lock_builder::LockBuilder;
use crate::show::Span;
use crate::stale::Stale;
use crate::url::Target;
use crate::watch::Changes;

/// How long a session lives without a keepalive, unless [`LockerBuilder::ttl`] says otherwise.
pub const TTL_DEFAULT: Duration = Duration::from_secs(15);

/// The shortest TTL of a session.
pub const TTL_MIN: Duration = Duration::from_millis(TTL_MS_MIN);

/// The longest TTL of a session.
pub const TTL_MAX: Duration = Duration::from_millis(TTL_MS_MAX);

/// How long the service may be out of reach before a request gives up, unless
/// [`LockerBuilder::connect_timeout`] says otherwise.
pub const CONNECT_TIMEOUT_DEFAULT: Duration = Duration::from_secs(10);

/// Connects to the lock service at `url` with the usual options.
///
/// The URL is `bramah://HOST[:PORT][,HOST[:PORT]...]` for a server or a cluster (port 7420 unless
/// it says otherwise), or `local:` or `local:/DIRECTORY` for this host without any server. It must
/// be called inside a tokio runtime, which then also keeps the locks alive; without one use
/// [`crate::blocking`].
///
/// Of a cluster any member will do, and one address is enough while that member is up: the others
/// are learned from it, also when they change later. When a member stops, cannot be reached, falls
/// silent or has lost its leader, another one is called at once, and holds, places in queues and
/// requests under way come along.
///
/// # Errors
/// [`ErrorKind::Invalid`] if the URL makes no sense, [`ErrorKind::Unavailable`] if nobody answers
/// there within [`CONNECT_TIMEOUT_DEFAULT`].
///
/// # Example
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let locks = bramah::connect("bramah://db1,db2,db3").await?;
/// let guard = locks.lock("billing/close-month")?.acquire().await?;
/// println!("held under token {}", guard.token());
/// let _ = guard.release().await?;
/// # Ok(())
/// # }
/// ```
pub async fn connect(url: impl Into<String>) -> Result<Locker, Error> {
    Locker::builder().url(url).connect().await
}

/// A connection to a lock service. Cheap to clone; all clones share one session.
///
/// Who owns a hold is the [`Guard`], never a task or thread: two tasks that use one `Locker` stand
/// in each other's way as two processes would.
///
/// When the last clone and the last guard are dropped, the session is closed if that can be done at
/// once; [`Locker::close`] waits for it.
#[derive(Clone)]
pub struct Locker {
    backend: Arc<dyn Backend>,
}

impl Locker {
    /// Says what is to be connected to, and how.
    #[must_use]
    pub fn builder() -> LockerBuilder {
        LockerBuilder { url: None, options: Options::default() }
    }

    /// Stands on a backend that was made elsewhere.
    #[must_use]
    pub fn on(backend: Arc<dyn Backend>) -> Locker {
        Locker { backend }
    }

    /// What it stands on.
    #[must_use]
    pub fn backend(&self) -> &Arc<dyn Backend> {
        &self.backend
    }

    /// What the backend can do.
    #[must_use]
    pub fn capabilities(&self) -> Capabilities {
        self.backend.capabilities()
    }

    /// Begins a request for one lock. Nothing happens before [`LockBuilder::acquire`] or one of its
    /// brothers is awaited.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`] if `name` cannot be a lock name: 1 to 512 bytes of UTF-8 without
    /// control characters.
    pub fn lock(&self, name: impl AsRef<str>) -> Result<LockBuilder<Guard>, Error> {
        let name = parse_name("lock", name.as_ref())?;
        Ok(LockBuilder::new(self.backend.clone(), vec![name]))
    }

    /// Begins a request for several locks, which are granted all at once or not at all. While it
    /// waits it holds none of them, so the order of the names does not matter.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`] if there is no name, a name is there twice, or cannot be a lock name.
    pub fn lock_many<N: AsRef<str>>(
        &self,
        names: impl IntoIterator<Item = N>,
    ) -> Result<LockBuilder<Vec<Guard>>, Error> {
        let parsed = names.into_iter().map(|name| parse_name("lock", name.as_ref()));
        let names = parsed.collect::<Result<Vec<LockName>, Error>>()?;
        let mut sorted: Vec<&LockName> = names.iter().collect();
        sorted.sort();
        if sorted.is_empty() || sorted.windows(2).any(|pair| pair[0] == pair[1]) {
            let message = "name at least one lock, and each lock once";
            return Err(Error::new(ErrorKind::Invalid, "lock many", message));
        }
        Ok(LockBuilder::new(self.backend.clone(), names))
    }

    /// Who holds a lock and who waits for it; none if nobody does.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`] for a bad name; [`ErrorKind::Unavailable`].
    pub async fn get(&self, name: impl AsRef<str>) -> Result<Option<LockInfo>, Error> {
        let name = parse_name("get", name.as_ref())?;
        Ok(self.backend.get(&name, Freshness::Current).await?.answer)
    }

    /// Locks that are held or waited for, whose names start with `prefix`, in the order of names. A
    /// [`Page`] with `more` goes on with `after` set to its last name.
    ///
    /// # Errors
    /// [`ErrorKind::Unavailable`].
    pub async fn list(&self, prefix: &str, after: Option<&str>) -> Result<Page<LockInfo>, Error> {
        Ok(self.backend.list(prefix, after, Freshness::Current).await?.answer)
    }

    /// Open sessions with a number above `after`, in the order of numbers.
    ///
    /// # Errors
    /// [`ErrorKind::Unavailable`]; [`ErrorKind::Unsupported`] where there are no sessions.
    pub async fn sessions(&self, after: u64) -> Result<Page<SessionInfo>, Error> {
        Ok(self.backend.sessions(after, Freshness::Current).await?.answer)
    }

    /// Follows one lock.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`] for a bad name; [`ErrorKind::Unavailable`];
    /// [`ErrorKind::Unsupported`] by a backend that cannot tell.
    pub async fn watch(&self, name: impl AsRef<str>) -> Result<Changes, Error> {
        let name = parse_name("watch", name.as_ref())?;
        self.backend.watch(Watched::Name(name)).await.map(Changes::new)
    }

    /// Follows all locks whose names start with `prefix`.
    ///
    /// # Errors
    /// [`ErrorKind::Unavailable`]; [`ErrorKind::Unsupported`] by a backend that cannot tell.
    pub async fn watch_prefix(&self, prefix: impl Into<String>) -> Result<Changes, Error> {
        self.backend.watch(Watched::Prefix(prefix.into())).await.map(Changes::new)
    }

    /// Ended holds, newest first, of one lock (`Some`) or of all: at most `len_max`, or as many as
    /// the service tells at once.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`] for a bad name; [`ErrorKind::Unavailable`];
    /// [`ErrorKind::Unsupported`] by a backend that does not remember.
    pub async fn history(&self, name: Option<&str>, len_max: usize) -> Result<Vec<Ended>, Error> {
        let name = name.map(|name| parse_name("read the history", name)).transpose()?;
        Ok(self.backend.history(name.as_ref(), len_max, Freshness::Current).await?.answer)
    }

    /// What the service knows of a fencing token: whether its hold lives, and the newest one of
    /// that lock.
    ///
    /// It is for people who look into something. A resource that is protected must not ask the
    /// service, it must compare the token with the highest it has seen itself.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`] for a bad name; [`ErrorKind::Unavailable`].
    pub async fn verify(
        &self,
        name: impl AsRef<str>,
        token: FencingToken,
    ) -> Result<Verdict, Error> {
        let name = parse_name("verify", name.as_ref())?;
        Ok(self.backend.verify(&name, token, Freshness::Current).await?.answer)
    }

    /// Gives back a hold by its hold id (see [`Guard::detach`]), from any process.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`] if that is no hold id; [`ErrorKind::Unavailable`];
    /// [`ErrorKind::OutcomeUnknown`] if the answer was lost. A hold that is gone is no error but
    /// [`Released::AlreadyLost`].
    pub async fn release(&self, hold_id: &str) -> Result<Released, Error> {
        self.backend.release(hold_id).await
    }

    /// Renews a hold by its hold id, from any process, and changes its TTL if `ttl` is given. Tells
    /// how long it surely lives, counted from the sending.
    ///
    /// # Errors
    /// [`ErrorKind::NotHolder`] if it is gone, [`ErrorKind::Invalid`] for a TTL that is not 500 ms
    /// to 24 h, and as for [`Locker::release`].
    pub async fn renew(&self, hold_id: &str, ttl: Option<Duration>) -> Result<Duration, Error> {
        ttl.map_or(Ok(()), |ttl| check_ttl("renew a hold", ttl))?;
        self.backend.renew(hold_id, ttl).await
    }

    /// Changes (or with `None` removes) the value of a hold by its hold id, from any process.
    ///
    /// # Errors
    /// [`ErrorKind::NotHolder`] if it is gone; [`ErrorKind::Invalid`] for more than 64 KiB; and as
    /// for [`Locker::release`].
    pub async fn set_value(&self, hold_id: &str, value: Option<&[u8]>) -> Result<(), Error> {
        let value = value.map(|bytes| parse_value("set the value", bytes)).transpose()?;
        self.backend.set_value(hold_id, value).await
    }

    /// Takes a lock away from whoever holds it: all holds, or only that of `token`. Tells the
    /// tokens that were taken.
    ///
    /// The holder is told, and may not have heard of it when the next one is granted; with
    /// `wait_for_deadline` the lock rests until the holder would have expired. `by` says who did it
    /// and why, for the history.
    ///
    /// # Errors
    /// [`ErrorKind::NotHolder`] if nobody holds it; [`ErrorKind::Unavailable`];
    /// [`ErrorKind::OutcomeUnknown`] if the answer was lost.
    pub async fn revoke(
        &self,
        name: impl AsRef<str>,
        token: Option<FencingToken>,
        wait_for_deadline: bool,
        by: &str,
    ) -> Result<Vec<FencingToken>, Error> {
        let name = parse_name("revoke", name.as_ref())?;
        self.backend.revoke(&name, token, wait_for_deadline, by).await
    }

    /// The same questions, answered at once by whichever server is at hand: also while nobody leads
    /// a cluster, and perhaps from before the last changes. Each answer says how old it may be.
    #[must_use]
    pub fn stale(&self) -> Stale {
        Stale::new(self.backend.clone())
    }

    /// The cluster of servers behind it, for those who operate it.
    #[must_use]
    pub fn cluster(&self) -> Cluster {
        Cluster::new(self.backend.clone())
    }

    /// Releases everything that is held through this and its clones, and stops. Guards that are
    /// still there are lost; detached holds stay.
    ///
    /// # Errors
    /// [`ErrorKind::Unavailable`] if the service could not be told; then the holds live until their
    /// TTL.
    pub async fn close(&self) -> Result<(), Error> {
        self.backend.close().await
    }
}

impl fmt::Debug for Locker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Locker").field(&format_args!("{}:", self.backend.scheme())).finish()
    }
}

/// What to connect to, and how. Made by [`Locker::builder`].
#[derive(Clone, Debug)]
pub struct LockerBuilder {
    url: Option<String>,
    options: Options,
}

impl LockerBuilder {
    /// Where the service is; see [`connect`]. `local:` if nothing is said.
    #[must_use]
    pub fn url(mut self, url: impl Into<String>) -> LockerBuilder {
        self.url = Some(url.into());
        self
    }

    /// How long holds live when this process dies or is cut off: 500 ms to 24 h, [`TTL_DEFAULT`] if
    /// nothing is said. A keepalive is sent three times in it.
    #[must_use]
    pub fn ttl(mut self, ttl: Duration) -> LockerBuilder {
        self.options.ttl = ttl;
        self
    }

    /// Who holds, as listings show it. Host, process, user and command are found out if nothing is
    /// said.
    #[must_use]
    pub fn owner(mut self, owner: Owner) -> LockerBuilder {
        self.options.owner = owner;
        self
    }

    /// With `true` the end of the connection is the end of all holds, at once: others wait less
    /// after a crash, and a short network failure or the restart of a server loses the locks.
    /// Otherwise holds live on until their TTL, and reconnecting finds them.
    #[must_use]
    pub fn on_disconnect_release(mut self, release: bool) -> LockerBuilder {
        self.options.on_disconnect_release = release;
        self
    }

    /// How long the service may be out of reach before a request gives up;
    /// [`CONNECT_TIMEOUT_DEFAULT`] if nothing is said.
    #[must_use]
    pub fn connect_timeout(mut self, timeout: Duration) -> LockerBuilder {
        self.options.connect_timeout = timeout;
        self
    }

    /// Connects.
    ///
    /// # Errors
    /// As [`connect`], and [`ErrorKind::Invalid`] for a TTL that is not 500 ms to 24 h.
    pub async fn connect(self) -> Result<Locker, Error> {
        check_ttl("connect", self.options.ttl)?;
        let target = Target::parse(self.url.as_deref().unwrap_or("local:"))?;
        target.connect(self.options).await.map(Locker::on)
    }
}

/// What a backend is told besides its URL.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    pub(crate) ttl: Duration,
    pub(crate) owner: Owner,
    pub(crate) on_disconnect_release: bool,
    pub(crate) connect_timeout: Duration,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            ttl: TTL_DEFAULT,
            owner: crate::owner::of_this_process(),
            on_disconnect_release: false,
            connect_timeout: CONNECT_TIMEOUT_DEFAULT,
        }
    }
}

/// Refuses a TTL that no service has.
pub(crate) fn check_ttl(operation: &str, ttl: Duration) -> Result<(), Error> {
    let allowed = Duration::from_millis(TTL_MS_MIN)..=Duration::from_millis(TTL_MS_MAX);
    if allowed.contains(&ttl) {
        return Ok(());
    }
    let hours_max = TTL_MS_MAX / 3_600_000;
    let message =
        format!("the TTL is {}, from {TTL_MS_MIN}ms to {hours_max}h is possible", Span(ttl));
    Err(Error::new(ErrorKind::Invalid, operation, message))
}

pub(crate) fn parse_name(operation: &str, name: &str) -> Result<LockName, Error> {
    LockName::new(name).map_err(|error| {
        let shown: String = name.chars().take(40).collect();
        Error::new(ErrorKind::Invalid, format!("{operation} {shown:?}"), error.to_string())
    })
}

pub(crate) fn parse_value(operation: &str, bytes: &[u8]) -> Result<bramah_core::Value, Error> {
    bramah_core::Value::new(bytes)
        .map_err(|error| Error::new(ErrorKind::Invalid, operation, error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ttl_is_500_ms_to_24_h() {
        let check = |ms| check_ttl("acquire", Duration::from_millis(ms));
        for ms in [TTL_MS_MIN, TTL_MS_MAX] {
            assert!(check(ms).is_ok(), "{ms}");
        }
        for ms in [0, TTL_MS_MIN - 1, TTL_MS_MAX + 1] {
            let error = check(ms).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Invalid);
            assert!(error.to_string().contains("from 500ms to 24h"), "{error}");
            assert_eq!(format!("{error:?}"), error.to_string());
        }
    }
}
