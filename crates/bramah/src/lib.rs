//! Distributed locks with guards that know when they are lost, and a fencing token on every grant.

mod acquire_error;
pub mod backend;
pub mod blocking;
mod clock;
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
mod url;
mod watch;

pub use acquire_error::AcquireError;
pub use backend::Wait;
pub use bramah_core::{FencingToken, LockName, Mode, Owner, Priority, Value};
pub use clock::LocalTime;
pub use election::{Leader, Leaders, Leadership};
pub use error::{Effect, Error, ErrorKind};
pub use guard::{Guard, Lost};
pub use info::{
    Acquired, Busy, Change, ChangeKind, Ended, HolderInfo, LockInfo, LostReason, Page, Released,
    SessionInfo, Verdict, WaiterInfo,
};
pub use lock_builder::{FromGuards, LockBuilder, PermitsBuilder};
pub use locker::{CONNECT_TIMEOUT_DEFAULT, Locker, LockerBuilder, TTL_DEFAULT, connect};
pub use owner::of_this_process as owner_of_this_process;
pub use show::Span;
pub use url::PORT_DEFAULT;
pub use watch::Changes;
