//! The shell round a node: sockets, fronts, the log and the clock of a real machine.
//!
//! A front (`native`, `http` or `websocket`) turns the bytes of a connection into requests and
//! hands them to the [`Service`]; replies and notices come back through the connection's
//! [`Outlet`]. The service that a server runs is the `Hall` of its runtime, which steps the node.
//!
//! Reading order: [`service`](Service) (the seam), `hall`, `runtime` (the node's side), `listener`,
//! `native`, `http`, `websocket`, `outbox`, `encode` (the connections' side), `log`, `writer`,
//! `folder` (the disk), `peers`, `formation`, `cluster`, `leaving` (other members), `backup`,
//! `restore`, `server` (all together). `limits`, `memory`, `dial`, `keys` and `mutex` are used all
//! over.
//! DESIGN.md beside this crate says what a server does because there are others, and why.

mod backup;
mod cluster;
mod config;
mod dial;
mod encode;
mod folder;
mod formation;
#[doc(hidden)]
pub mod fuzzing;
mod hall;
mod http;
mod keys;
mod leaving;
pub mod limits;
mod listener;
mod log;
mod memory;
mod mutex;
mod native;
mod outbox;
mod peers;
mod places;
mod restore;
mod runtime;
mod server;
mod service;
mod snapshots;
mod websocket;
mod writer;

pub use bramah_wire::request::Address;
pub use config::{ClusterConfig, Config, DEFAULT_LISTEN, PEER_PORT_AFTER, Storage};
pub use memory::MEMORY_BYTES_MIN;
pub use restore::{Checked, Found, RestoreError, Restored, check, inspect, recover, restore};
pub use server::{ServeError, Started, serve};
pub use service::{Answer, Flow, Outlet, Service};
