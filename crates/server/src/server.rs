//! A server from its start to its end.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use bramah_node::Node;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::net::{TcpListener, TcpSocket};

use crate::config::{Config, Storage};
use crate::hall::Hall;
use crate::limits::FILES_RESERVED;
use crate::listener::accept;
use crate::log::{Log, LogError};
use crate::runtime::{RunError, Runtime};
use crate::writer::Writer;

/// Connections that may wait to be accepted.
const BACKLOG: u32 = 4096;

/// What a server says when it is ready.
#[derive(Clone, Debug)]
pub struct Started {
    /// Where it listens, with the port it really has.
    pub address: SocketAddr,
    /// Where it keeps its data.
    pub storage: Storage,
    /// Most connections at a time.
    pub connections_max: usize,
    /// Locks and sessions that it found on its disk.
    pub found: bramah_core::Sizes,
    /// The log ended in a write that a crash cut off; what was cut off had not been acknowledged.
    pub torn: Option<String>,
}

/// Why a server did not start, or stopped without being told to.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// It cannot listen there.
    #[error("could not listen on {address}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// Its data cannot be used.
    #[error("could not open the data folder")]
    Open(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// It had to stop.
    #[error("the server had to stop")]
    Stopped(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl From<RunError> for ServeError {
    fn from(error: RunError) -> ServeError {
        ServeError::Stopped(Box::new(error))
    }
}

impl From<LogError> for ServeError {
    fn from(error: LogError) -> ServeError {
        ServeError::Open(Box::new(error))
    }
}

/// Runs a server until `stop` is ready, then lets current requests end, leaves a snapshot and
/// returns. `started` is called once it takes connections. Wants to be alone on its thread: a sync
/// of the log blocks it.
///
/// # Errors
/// [`ServeError`].
pub async fn serve(
    config: Config,
    started: impl FnOnce(Started),
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<(), ServeError> {
    let opened = Log::open(&config.storage)?;
    let node = Node::new(opened.recovered).map_err(|error| ServeError::Open(Box::new(error)))?;
    let listener = listen(config.listen)
        .map_err(|source| ServeError::Listen { address: config.listen, source })?;
    let address = listener.local_addr().unwrap_or(config.listen);
    let connections_max = connections_max(config.connections_max);
    let hall = Arc::new(Hall::default());
    let writer = Writer::new(opened.log, hall.clone());
    let writer = writer.map_err(|error| ServeError::Open(Box::new(error)))?;
    let mut runtime = Runtime::new(hall.clone(), node, writer);
    let found = runtime.begin().map_err(|error| ServeError::Open(Box::new(error)))?;
    let accepting = tokio::spawn(accept(listener, hall, connections_max));
    let storage = config.storage;
    started(Started { address, storage, connections_max, found, torn: opened.torn });
    // A task, like the connections: to wake the thread's main future costs a system call more.
    let end = tokio::spawn(runtime.run(stop)).await;
    accepting.abort();
    match end {
        Ok(end) => Ok(end?),
        Err(panicked) => Err(ServeError::Stopped(Box::new(panicked))),
    }
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// As many connections as were asked for, or as the limit of open files allows, which is raised
/// first.
fn connections_max(asked: Option<usize>) -> usize {
    let limit = getrlimit(Resource::Nofile);
    if limit.current < limit.maximum {
        let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
        // The limit as it is remains good enough.
        let _ = setrlimit(Resource::Nofile, raised);
    }
    let files = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    let allowed = usize::try_from(files.saturating_sub(FILES_RESERVED)).unwrap_or(usize::MAX);
    asked.map_or(allowed, |asked| asked.min(allowed))
}
