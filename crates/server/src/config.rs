//! What can be set about a server, and where it comes from.

use std::net::SocketAddr;
use std::path::PathBuf;

use bramah_wire::request::Address;

/// Where a server listens unless it is told otherwise.
pub const DEFAULT_LISTEN: &str = "127.0.0.1:7420";
/// The port for other members unless it is told otherwise: the one after that for clients.
pub const PEER_PORT_AFTER: u16 = 1;

/// Bytes of log after which a snapshot is made, unless it is told otherwise.
pub(crate) const DEFAULT_LOG_BYTES_BEFORE_SNAPSHOT: u64 = 64 * 1024 * 1024;

/// What a server is told.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where it listens; port 0 takes any free one.
    pub listen: SocketAddr,
    /// The name that this is an address of. Others are told the name, so that they find the server
    /// when the name has another address.
    pub listen_name: Option<String>,
    /// Where it keeps its data.
    pub storage: Storage,
    /// Most connections at a time; as many as the limit of open files allows, if not given.
    pub connections_max: Option<usize>,
    /// Bytes of log after which a snapshot is made, at least. The table decides too: snapshots stay
    /// a small part of all that is written.
    pub log_bytes_before_snapshot: u64,
    /// Bytes of memory that it may use, at least [`MEMORY_BYTES_MIN`](crate::MEMORY_BYTES_MIN); a
    /// share of what the machine or the control group has, if not given.
    pub memory_max: Option<u64>,
    /// Origins of web pages, such as `https://locks.example`, that may open a WebSocket and change
    /// things over HTTP, beside its own.
    pub origins: Vec<String>,
    /// How it stands to other servers.
    pub cluster: ClusterConfig,
}

impl Config {
    /// A server of its own.
    #[must_use]
    pub fn new(listen: SocketAddr, storage: Storage) -> Config {
        Config {
            listen,
            listen_name: None,
            storage,
            connections_max: None,
            log_bytes_before_snapshot: DEFAULT_LOG_BYTES_BEFORE_SNAPSHOT,
            memory_max: None,
            origins: Vec::new(),
            cluster: ClusterConfig::default(),
        }
    }
}

/// How a server stands to others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClusterConfig {
    /// Where it listens for other members; the port after that for clients, if not given.
    pub peer_listen: Option<SocketAddr>,
    /// The name that this is an address of; that of where it listens for clients, if neither is
    /// given.
    pub peer_listen_name: Option<String>,
    /// What it tells other members to reach it by; where it listens, if not given.
    pub peer_address: Option<Address>,
    /// What it tells clients to reach it by; where it listens, if not given.
    pub client_address: Option<Address>,
    /// Addresses for clients of members of the cluster that it is to join. Of no effect once it
    /// has.
    pub join: Vec<Address>,
    /// It is to get the log and not to vote.
    pub learner: bool,
    /// All of so many servers that are started alike, each with the addresses of all, begin one
    /// cluster together.
    pub bootstrap_expect: Option<u32>,
}

/// Where a server keeps its data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Storage {
    /// In this folder; what was acknowledged survives a crash of the machine.
    Folder(PathBuf),
    /// Nowhere; everything is gone when the server stops.
    Memory,
}
