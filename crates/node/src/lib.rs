//! Consensus, the lock core, sessions and time, composed into one machine that can be stepped.
//!
//! A [`Node`] is fed with facts ([`Input`]: a client asked, a connection ended, a write is durable,
//! time passed) and gives orders back ([`Output`]: write this, answer that, tell this client). It
//! reads no clock, draws no random number, blocks on nothing and owns no thread, so a simulator can
//! run a whole cluster of them from one seed, and the server is a thin shell around one.
//!
//! # The way of a command
//! Commands that come in while a write is under way wait together. When the write is durable they
//! become one entry of the log, stamped with the cluster's time; when that entry is durable and
//! committed it is applied, and only then is anybody answered. One write at a time and no waiting
//! for company: under load batches form by themselves, and a single client never waits for one.
//!
//! # The cluster's time
//! Time is data. The leader stamps each entry with the milliseconds that passed on its own machine
//! since the last entry of the leader before it came there, on top of that entry's time. No other
//! clock is ever compared with it. Nothing expires while nobody leads, and while no member runs the
//! time stands still: leases get longer over an outage, never shorter.

mod applying;
mod clock;
pub mod compaction;
mod consensus;
mod courier;
pub mod encode;
mod hub;
mod lanes;
mod log_mirror;
mod looks;
mod members;
mod missed;
mod mutants;
mod node;
mod pending;
mod proposing;
mod publish;
mod reads;
mod reply;
mod restore;

pub use bramah_wire::membership::MemberChange;
pub use clock::BootTime;
pub use consensus::Persist;
pub use hub::ClientId;
pub use node::{Input, Node, Output, Room};
pub use reply::{ChangeRefused, Info, Listing, Notice, Reply, Unavailable};
pub use restore::{NodeError, Recovered, Replay};
