//! Distributed locks with guards that know when they are lost, and a fencing token on every grant.
//!
//! ```
//! use std::time::Duration;
//!
//! # async fn close_month(_: bramah::FencingToken) {}
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let url = format!("local:{}", folder.path().display());
//! // On this host: `let url = "local:"`. With servers: `let url = "bramah://db1,db2,db3"`.
//! let locks = bramah::connect(url).await?;
//!
//! let lock = locks.lock("billing/close-month")?.wait(Duration::from_secs(60));
//! let guard = lock.acquire().await?;
//!
//! // Dropped at once, wherever it stands, when the lock is lost.
//! guard.run(close_month(guard.token())).await?;
//!
//! match guard.release().await? {
//!     bramah::Released::Released => println!("done, and it was ours to the end"),
//!     bramah::Released::AlreadyLost(why) => println!("done, but the lock was lost: {why:?}"),
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # What a lock is for
//!
//! A lock for *efficiency* keeps work from being done twice, which would cost money. A lock for
//! *correctness* keeps it from being done twice, which would corrupt something. Say which of the
//! two yours is, because no lock service alone can give the second: a process can be stopped
//! between looking at its lock and writing, for longer than any lease, and a message can be late.
//! What gives it is the fencing token, checked where the effect lands (see below). This crate gives
//! you both halves of that: news of a loss as early as it can be known, and a token with every
//! grant of every backend.
//!
//! # The parts
//!
//! * [`connect`], [`Locker`]: the door to a service; names locks, looks around, follows changes.
//! * [`LockBuilder`]: how a lock is wanted; alone or [`shared`](LockBuilder::shared), as
//!   [`permits`](LockBuilder::permits) of a semaphore, for how long to wait, how urgently.
//! * [`Guard`]: holds it; see [`token`](Guard::token), [`is_held`](Guard::is_held),
//!   [`lost`](Guard::lost), [`run`](Guard::run), [`release`](Guard::release).
//! * [`Leadership`], [`Leaders`]: leader election, which is a lock with a value.
//! * [`Busy`], [`LockInfo`]: who is in the way, who waits, since when. Contention is an answer, not
//!   an error.
//! * [`Error`]: all else; a [kind](Error::kind) to act on, an [effect](Error::effect) to rely on.
//! * [`Stale`], [`Cluster`]: answers that may be old, and the servers themselves, for those who
//!   operate them.
//! * [`blocking`]: the same without `async`.
//! * [`backend`]: what a service must offer to stand behind all this.
//!
//! # Backends
//!
//! The URL chooses. None of them is ever put in another's place silently.
//!
//! | URL | what stands behind it |
//! |---|---|
//! | `bramah://HOST[:PORT],...` | a Bramah server, or a cluster: any member will do |
//! | `local:`, `local:/FOLDER` | files on this host, no server; see [`local`] |
//!
//! What a backend can do it says in its [`Capabilities`](backend::Capabilities); what it cannot it
//! refuses as [`ErrorKind::Unsupported`]. A lock name means the same on all of them: 1 to 512 bytes
//! of UTF-8.
//!
//! # What is promised
//!
//! * **Exclusion**: the service grants a lock to one holder, or to several who share, or no more
//!   permits than there are; first come, first served among equals.
//! * **A token with every grant** that is above all earlier ones of that lock, over restarts and
//!   failovers.
//! * **Told in time**: a guard says "lost" no later than the service may grant the lock again. Its
//!   [deadline](Guard::deadline) is counted from before the last answered keepalive was *sent*, on
//!   a clock that goes on in suspend, for clocks whose rates differ by at most [1
//!   %](lease_keeper::DRIFT_PPM_MAX). A lock on this host ends with its process and needs no
//!   deadline.
//! * **No grant that nobody knows of**: dropping the future of an acquire at any point leaves the
//!   queue, and gives back what was being granted. A request is numbered, so that one whose answer
//!   was lost is asked for again and never done twice. A place in the queue outlives the
//!   connection.
//! * **No false success**: time-out is [`AcquireError::Busy`], a release of what was lost is
//!   [`Released::AlreadyLost`], and what nobody can know is [`ErrorKind::OutcomeUnknown`].
//! * **Riding through**: when a server restarts or its connection breaks, holds live on until their
//!   TTL, and the session is brought to the next server that can be reached. A member of a cluster
//!   that is about to stop is left before it does.
//!
//! # What this crate does not do
//!
//! * It cannot stop your code. [`Guard::run`] drops a future at its next await; a thread that
//!   computes, a child process or a request on its way go on. Stop them yourself on
//!   [`Guard::lost`].
//! * It cannot promise the release of a dropped guard: a drop cannot wait. The lease is what
//!   guarantees the end. Call [`Guard::release`] and look at what it says.
//! * It does not tie a lock to a thread or a task. The guard is the owner, it can be sent anywhere;
//!   two tasks that want one name wait for each other, unless they ask for
//!   [`reentrant`](LockBuilder::reentrant).
//! * It does not make a service out of nothing: when the service is out of reach for longer than
//!   the TTL, the locks are lost, and nobody gets them until it is back.
//! * It stores no data for you. The value of a hold (64 KiB) is there to say who leads, and goes
//!   with it.
//!
//! # The fencing recipe
//!
//! Keep the highest token next to what is protected, and refuse a lower one in the same atomic step
//! as the write. In SQL:
//!
//! ```sql
//! UPDATE report SET body = $1, fencing_token = $2 WHERE id = $3 AND fencing_token <= $2;
//! -- 0 rows: a later holder was here. Stop.
//! ```
//!
//! In an object store, put it into the condition or the version of the write; in a service of your
//! own, keep it beside the data:
//!
//! ```
//! use bramah::FencingToken;
//!
//! struct Register {
//!     highest: FencingToken,
//!     body: String,
//! }
//!
//! impl Register {
//!     fn write(&mut self, token: FencingToken, body: &str) -> Result<(), &'static str> {
//!         if token < self.highest {
//!             return Err("a later holder was here");
//!         }
//!         self.highest = token;
//!         self.body = body.to_owned();
//!         Ok(())
//!     }
//! }
//!
//! let mut register = Register { highest: FencingToken(0), body: String::new() };
//! register.write(FencingToken(33), "by the one who was asleep").unwrap();
//! register.write(FencingToken(34), "by the next one").unwrap();
//! assert!(register.write(FencingToken(33), "who just woke up").is_err());
//! ```
//!
//! # Trying without waiting, and who is in the way
//!
//! ```
//! # use std::time::Duration;
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let locks = bramah::connect(format!("local:{}", folder.path().display())).await?;
//! let held = locks.lock("deploy")?.acquire().await?;
//!
//! assert!(locks.lock("deploy")?.try_acquire().await?.is_none());
//!
//! let late = locks.lock("deploy")?.wait(Duration::from_millis(10)).acquire().await;
//! let busy = late.expect_err("it is held");
//! println!("{busy}"); // 'deploy' held by ci-7 (pid 4121, alice, "make deploy") for 3m12s; ...
//! assert!(busy.busy().is_some());
//! # let _ = held.release().await?;
//! # Ok(())
//! # }
//! ```

mod acquire_error;
pub mod backend;
pub mod blocking;
mod clock;
mod cluster;
mod election;
mod error;
mod guard;
mod info;
pub mod lease_keeper;
pub mod local;
mod lock_builder;
mod locker;
mod native;
mod owner;
mod show;
#[cfg(feature = "sim")]
#[doc(hidden)]
pub mod sim {
    pub use crate::native::sim::{Simulated, SimulatedTerms};
    pub use crate::native::tap::{Tapped, listen};
}
mod stale;
mod url;
#[doc(hidden)]
pub mod fuzzing {
    pub use crate::url::servers;
}
mod watch;

pub use acquire_error::AcquireError;
pub use backend::Wait;
pub use bramah_core::{FencingToken, LockName, Mode, Owner, Priority, Value};
pub use clock::LocalTime;
pub use cluster::{
    Backup, Cluster, ClusterChange, ClusterInfo, FormingInfo, MemberInfo, MemberRole, Stranger,
};
pub use election::{Leader, Leaders, Leadership};
pub use error::{Effect, Error, ErrorKind};
pub use guard::{Guard, Lost};
pub use info::{
    Acquired, Aged, Busy, BusyHolder, Change, ChangeKind, Ended, HolderInfo, LockInfo, LostReason,
    Page, Released, SessionInfo, Verdict, WaiterInfo,
};
pub use lock_builder::{FromGuards, LockBuilder, PermitsBuilder};
pub use locker::{
    CONNECT_TIMEOUT_DEFAULT, Locker, LockerBuilder, TTL_DEFAULT, TTL_MAX, TTL_MIN, connect,
};
pub use owner::of_this_process as owner_of_this_process;
pub use show::Span;
pub use stale::Stale;
pub use url::PORT_DEFAULT;
pub use watch::Changes;
