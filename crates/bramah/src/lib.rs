//! Distributed locks with guards that know when they are lost, and a fencing token on every grant.

pub mod backend;
mod clock;
mod error;
mod info;
pub mod lease_keeper;

pub use bramah_core::{FencingToken, LockName, Mode, Owner, Priority, Value};
pub use clock::LocalTime;
pub use error::{Effect, Error, ErrorKind};
pub use info::{
    Acquired, Busy, Change, ChangeKind, Ended, HolderInfo, LockInfo, LostReason, Page, Released,
    SessionInfo, Verdict, WaiterInfo,
};
