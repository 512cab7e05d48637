//! What can be set about a server, and where it comes from.

use std::net::SocketAddr;
use std::path::PathBuf;

/// Where a server listens unless it is told otherwise.
pub const DEFAULT_LISTEN: &str = "127.0.0.1:7420";

/// What a server is told.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where it listens; port 0 takes any free one.
    pub listen: SocketAddr,
    /// Where it keeps its data.
    pub storage: Storage,
    /// Most connections at a time; as many as the limit of open files allows, if not given.
    pub connections_max: Option<usize>,
}

/// Where a server keeps its data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Storage {
    /// In this folder; what was acknowledged survives a crash of the machine.
    Folder(PathBuf),
    /// Nowhere; everything is gone when the server stops.
    Memory,
}
