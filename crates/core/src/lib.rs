//! What a lock service decides, and nothing else.
//!
//! [`State`] is the whole table of sessions, locks, holds and waiters. It changes only through
//! [`State::apply`], which takes the time as a fact and a [`Command`] as an order, and gives back
//! an [`Outcome`] for whoever asked and [`Event`]s for whoever watches. The same commands at the
//! same times always lead to the same state: there is no clock here, no random number, no hash
//! order and no I/O, so the same code serves one node, a replicated group and a simulator that
//! replays a seed.
//!
//! # How a lock is granted
//! Every acquire takes a place in its lock's queue, and one rule moves the queue: the first waiter
//! is granted as soon as it is compatible with whoever holds. A free lock is the case in which the
//! first waiter is the one that just arrived. Nothing passes a waiter that stands before it, so
//! readers cannot starve a writer, and many permits are not starved by few.
//!
//! # What must never be
//! * A fencing token is never given twice and never goes back, also not over a snapshot
//!   ([`facts`]).
//! * A session that ended never holds, waits or is granted anything again.
//! * A request that is repeated gets its first answer; it never grants twice ([`RequestRef`]). A
//!   grant is not repeated once its hold has ended: [`Refusal::NotHolder`] says so instead.
//! * Contention is a value of [`Outcome`]; a [`Refusal`] says that the request itself cannot be
//!   served.
//!
//! Reading order: [`limits`], `ids`, `command`, `outcome`, `event` (the vocabulary); `queue`,
//! `lock`, `session` (the parts); `state`, `request`, `acquire`, `holding`, `ending`, `deadlock`
//! (the decisions); `view` (what can be asked); [`facts`] (what a snapshot holds); [`mutant`] (bugs
//! that the tests put back).

mod acquire;
mod command;
mod deadlock;
mod ending;
mod event;
pub mod facts;
mod history;
mod holding;
mod ids;
pub mod limits;
mod lock;
pub mod mutant;
mod outcome;
mod queue;
mod request;
mod session;
mod snapshot;
mod state;
mod table;
mod view;

pub use command::{
    Acquire, AcquireMany, Action, Command, HoldAction, IfHeld, Item, Mode, OnDisconnect,
    OpenSession, Owner, RequestRef, RevokeTarget, SessionClose, Terms, Wait,
};
pub use event::{EndReason, Event, Happening, WaitEnd};
pub use history::Ended;
pub use ids::{
    FencingToken, HoldId, InvalidName, InvalidTtl, InvalidValue, Key, LockName, ParseIdError,
    Priority, RequestSeq, SessionHandle, SessionId, Time, Ttl, Value,
};
pub use outcome::{Busy, BusyHolder, DeadlockStep, Grant, Outcome, Refusal};
pub use state::State;
pub use view::{HolderView, LockView, SessionGrants, SessionView, Sizes, Verdict, WaiterView};
