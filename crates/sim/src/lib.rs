//! A whole lock service in one thread, from one seed: its members, their disks and clocks, the
//! network between them, clients that hold leases, and whoever tries to break all that.
//!
//! Nothing of the service is imitated: members run the real node over the real log on a simulated
//! disk, clients count their leases with the library's own keeper. What is simulated is the world
//! around them, and it is as unkind as a world can be. A run is decided by its [`plan::Plan`]
//! alone, and a plan by its seed; so a seed is a bug report.
//!
//! [`world`] has the time and everything that happens; [`member`], [`client`] and [`network`] who
//! takes part; [`audit`] knows what everybody was told, and has one checker for each promise.

// Nobody's library: it is public for its own program and tests.
#![allow(missing_docs)]

pub mod audit;
pub mod chaos;
pub mod client;
pub mod clock;
pub mod coverage;
pub mod fact;
pub mod member;
#[cfg(feature = "mutants")]
pub mod mutants;
pub mod network;
pub mod observe;
pub mod plan;
pub mod random;
pub mod register;
pub mod runner;
pub mod shrink;
pub mod summary;
pub mod time;
pub mod trace;
pub mod world;
