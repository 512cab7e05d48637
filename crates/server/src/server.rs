//! A server from its start to its end.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;

use bramah_node::{Node, Recovered};
use bramah_wire::link::{Folder, Place, Wish};
use bramah_wire::membership::Membership;
use bramah_wire::request::Address;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tracing::{info, warn};

use crate::cluster::folder_of;
use crate::config::{ClusterConfig, Config, PEER_PORT_AFTER, Storage};
use crate::folder::FolderFile;
use crate::formation::{
    FormationError, Lobby, Own, Plan, check_cluster, check_folder, listen_for_claims, plan, seek,
    settle,
};
use crate::hall::Hall;
use crate::keys::random_number;
use crate::limits::FILES_RESERVED;
use crate::listener::accept;
use crate::log::{Beginning, Log, LogError, Opened};
use crate::memory::{self, Memory};
use crate::peers::{self, Identity, Peers, Post};
use crate::runtime::{Parts, RunError, Runtime};
use crate::service::Service;
use crate::websocket::Origins;
use crate::writer::Writer;

/// Connections that may wait to be accepted.
const BACKLOG: u32 = 4096;

/// What a server says when it is ready.
#[derive(Clone, Debug)]
pub struct Started {
    /// Where it listens, with the port it really has.
    pub address: SocketAddr,
    /// Where it listens for other members; none if it could not.
    pub peer_address: Option<SocketAddr>,
    /// Which node it is.
    pub node_id: u64,
    /// Of which cluster.
    pub cluster_id: u64,
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
    /// Its process may open too few files to serve anybody.
    #[error(
        "could not serve anybody: this process may have {files_max} files open, and \
         {FILES_RESERVED} are kept for the log and other members; raise the limit (ulimit -n) to \
         1024 or more"
    )]
    TooFewFiles {
        /// As many as it may have open.
        files_max: u64,
    },
    /// Its data cannot be used.
    #[error("could not open the data folder")]
    Open(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// It does not belong to the cluster that it was to join, or the cluster does not take it.
    #[error("could not join the cluster")]
    Join(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// It may not be a cluster of its own here.
    #[error("could not serve as a cluster of its own")]
    Alone(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// It was a member of its cluster, and is one no more.
    #[error(
        "node {node_id} was removed from cluster {cluster_id}: it serves no longer; to let this \
         server join again as a new node, empty its data folder"
    )]
    Removed {
        /// Which node it was.
        node_id: u64,
        /// Of which cluster.
        cluster_id: u64,
    },
    /// It had to stop.
    #[error("the server had to stop")]
    Stopped(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl From<LogError> for ServeError {
    fn from(error: LogError) -> ServeError {
        ServeError::Open(Box::new(error))
    }
}

impl From<FormationError> for ServeError {
    fn from(error: FormationError) -> ServeError {
        match error {
            FormationError::OtherCluster { .. } => ServeError::Join(Box::new(error)),
            FormationError::Unasked { .. } | FormationError::Claimed(_) => {
                ServeError::Alone(Box::new(error))
            }
            error => ServeError::Open(Box::new(error)),
        }
    }
}

/// Runs a server until `stop` is ready, then lets others take over and current requests end, leaves
/// a snapshot and returns. `started` is called once it takes connections. Wants to be alone on its
/// thread: a sync of the log blocks it.
///
/// # Errors
/// [`ServeError`].
pub async fn serve(
    config: Config,
    started: impl FnOnce(Started),
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<(), ServeError> {
    tokio::pin!(stop);
    let folder_file = FolderFile::new(match &config.storage {
        Storage::Folder(path) => Some(path.as_path()),
        Storage::Memory => None,
    });
    let memory = Arc::new(memory(&config));
    let door = Door::open(&config, memory)?;
    let node_id = random_number().map_err(failed_to_open)?;
    let lobby = Arc::new(Lobby::new(node_id, config.cluster.bootstrap_expect));
    let waiting = door.let_in(lobby.clone());
    let opened = tokio::select! {
        opened = open(&config, door.address, &folder_file, &lobby) => opened?,
        () = &mut stop => return Ok(()),
    };
    let (peer_listener, Data { log, recovered, torn, folder, began_here }) = opened;
    // One of the addresses that were just asked may be its own. Who came meanwhile must come again.
    waiting.abort();
    drop(lobby);
    let last_index = recovered.entries.last().map_or(recovered.snapshot.0, |entry| entry.index);
    let node = Node::new(recovered).map_err(failed_to_open)?;

    let hall = Arc::new(Hall::new(folder.cluster_id));
    let peer_address = peer_listener.as_ref().and_then(|listener| listener.local_addr().ok());
    let own = own(&config, folder.wish, peer_address, door.address);
    let folder = with_own_place(folder, &own);
    folder_file.write(&folder).map_err(FormationError::from)?;
    let Folder { cluster_id, node_id, wish, .. } = folder;
    let identity = Identity { cluster_id, node_id };
    let post = Arc::new(Post::new(identity, hall.clone(), folder.places.clone()));
    let writer = Writer::new(log, hall.clone()).map_err(failed_to_open)?;
    let peers = Peers::new(post.clone());
    let hall_of_node = hall.clone();
    let parts = Parts {
        hall: hall_of_node,
        node,
        writer,
        peers,
        folder_file,
        folder,
        last_index,
        began_here,
    };
    let mut runtime = Runtime::new(parts);
    let found = runtime.begin().map_err(failed_to_open)?;
    let mut tasks = Tasks::default();
    if let Some(listener) = peer_listener {
        tasks.0.push(tokio::spawn(peers::accept(listener, post.clone())));
    }
    if wish != Wish::None {
        tasks.0.push(tokio::spawn(settle(post.clone(), own, config.cluster.join.clone())));
    }
    tasks.0.push(tokio::spawn(seek(post, config.cluster.join)));
    tasks.0.push(door.let_in(hall));
    let (address, connections_max, storage) = (door.address, door.connections_max, config.storage);
    started(Started {
        address,
        peer_address,
        node_id,
        cluster_id,
        storage,
        connections_max,
        found,
        torn,
    });
    run(runtime, identity, stop).await
}

/// What this server may have, which it says.
fn memory(config: &Config) -> Memory {
    let mib = |bytes: u64| bytes / (1024 * 1024);
    let bytes_max = match config.memory_max {
        Some(told) => {
            info!("at most {} MiB of memory, as it was told", mib(told));
            told
        }
        None => {
            let (found, whose) = memory::found();
            info!("at most {} MiB of memory, a share of the bound of {whose}", mib(found));
            found
        }
    };
    Memory::new(bytes_max)
}

/// Finds out what this server is to be, and opens its data and its port for other members. One that
/// is to be a cluster of its own first listens whether others take its address for that of a member
/// of theirs: before anything is written, so that it is the same when it is started again.
async fn open(
    config: &Config,
    address: SocketAddr,
    folder_file: &FolderFile,
    lobby: &Lobby,
) -> Result<(Option<Arc<TcpListener>>, Data), ServeError> {
    let planned = plan(&config.cluster, config.listen, folder_file, lobby).await?;
    let wanted = peer_address(config, address);
    let listener = listen_to_peers(config, wanted)?.map(Arc::new);
    // Nobody knows a port that was free.
    let to_listen = listener.as_ref().filter(|_| planned.is_first && wanted.port() != 0);
    if let (Some(listener), Beginning::Cluster { cluster_id, node_id, .. }, false) =
        (to_listen, planned.beginning, planned.has_log)
    {
        listen_for_claims(listener, wanted, Identity { cluster_id, node_id }, false).await?;
    }
    let data = Data::open(config, folder_file, planned)?;
    let members = &data.recovered.membership;
    if let (Some(listener), false, true) = (to_listen, data.began_here, members.is_alone()) {
        let Membership { cluster_id, node_id, .. } = *members;
        listen_for_claims(listener, wanted, Identity { cluster_id, node_id }, true).await?;
    }
    check_cluster(&config.cluster, members).await?;
    Ok((listener, data))
}

/// Where clients come in.
struct Door {
    listener: Arc<TcpListener>,
    address: SocketAddr,
    connections_max: usize,
    origins: Arc<Origins>,
    memory: Arc<Memory>,
}

impl Door {
    fn open(config: &Config, memory: Arc<Memory>) -> Result<Door, ServeError> {
        let listener = listen(config.listen)
            .map_err(|source| ServeError::Listen { address: config.listen, source })?;
        let address = listener.local_addr().unwrap_or(config.listen);
        let connections_max = connections_max(config.connections_max)?;
        let (listener, origins) = (Arc::new(listener), Arc::new(origins(config)));
        Ok(Door { listener, address, connections_max, origins, memory })
    }

    /// Begins to pass those who come on to a service.
    fn let_in(&self, service: Arc<dyn Service>) -> JoinHandle<()> {
        let (listener, origins) = (self.listener.clone(), self.origins.clone());
        let memory = self.memory.clone();
        tokio::spawn(accept(listener, service, self.connections_max, origins, memory))
    }
}

/// What a data folder holds, or what an empty one begins with.
struct Data {
    log: Log,
    recovered: Recovered,
    torn: Option<String>,
    folder: Folder,
    /// Its cluster begins now.
    began_here: bool,
}

impl Data {
    fn open(config: &Config, file: &FolderFile, planned: Plan) -> Result<Data, ServeError> {
        let Plan { beginning, wish, has_log, .. } = planned;
        let bytes_before_snapshot = config.log_bytes_before_snapshot;
        let Opened { log, recovered, torn } =
            Log::open(&config.storage, beginning, bytes_before_snapshot)?;
        let folder = match file.read().map_err(FormationError::from)? {
            Some(folder) => folder,
            None => folder_of(&recovered.membership, wish),
        };
        check_folder(&folder, &recovered.membership)?;
        let began_here = matches!(beginning, Beginning::Cluster { .. }) && !has_log;
        Ok(Data { log, recovered, torn, folder, began_here })
    }
}

/// Runs until `stop` is ready and what was under way is done.
async fn run(
    runtime: Runtime,
    identity: Identity,
    stop: Pin<&mut impl Future<Output = ()>>,
) -> Result<(), ServeError> {
    let (stop_now, stopped) = oneshot::channel();
    // A task, like the connections: to wake the thread's main future costs a system call more.
    let mut running = tokio::spawn(runtime.run(async {
        let _ = stopped.await;
    }));
    let end = tokio::select! {
        end = &mut running => end,
        () = stop => {
            // A runtime that is gone has ended.
            let _ = stop_now.send(());
            running.await
        }
    };
    let Identity { cluster_id, node_id } = identity;
    match end {
        Ok(Ok(())) => Ok(()),
        Ok(Err(RunError::Removed)) => Err(ServeError::Removed { node_id, cluster_id }),
        Ok(Err(error @ RunError::NotAdmitted(_))) => Err(ServeError::Join(Box::new(error))),
        Ok(Err(RunError::Claimed(error))) => Err(error.into()),
        Ok(Err(error)) => Err(ServeError::Stopped(Box::new(error))),
        Err(panicked) => Err(ServeError::Stopped(Box::new(panicked))),
    }
}

fn failed_to_open(error: impl std::error::Error + Send + Sync + 'static) -> ServeError {
    ServeError::Open(Box::new(error))
}

/// Tasks that end with the server.
#[derive(Default)]
struct Tasks(Vec<JoinHandle<()>>);

impl Drop for Tasks {
    fn drop(&mut self) {
        self.0.iter().for_each(JoinHandle::abort);
    }
}

/// Where to listen for other members.
fn peer_address(config: &Config, address: SocketAddr) -> SocketAddr {
    config.cluster.peer_listen.unwrap_or_else(|| {
        let port = match config.listen.port() {
            0 => 0,
            _ => address.port().saturating_add(PEER_PORT_AFTER),
        };
        SocketAddr::new(address.ip(), port)
    })
}

/// The port for other members. A server that was not told one goes on without if it is taken: it
/// may never need it.
fn listen_to_peers(config: &Config, wanted: SocketAddr) -> Result<Option<TcpListener>, ServeError> {
    match listen(wanted) {
        Ok(listener) => Ok(Some(listener)),
        Err(error) if config.cluster == ClusterConfig::default() => {
            warn!(address = %wanted, %error, "no port for other members: this server stays alone");
            Ok(None)
        }
        Err(source) => Err(ServeError::Listen { address: wanted, source }),
    }
}

/// Which web pages may speak to this server, under the names that it is sure to be called by.
fn origins(config: &Config) -> Origins {
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let told = config.cluster.client_address.as_ref().map(|address| {
        let address = address.to_string();
        address.rsplit_once(':').map_or(address.as_str(), |(host, _)| host).to_owned()
    });
    Origins::new(config.origins.iter().cloned(), [host].into_iter().chain(told))
}

/// What this server is to the others.
fn own(config: &Config, wish: Wish, peer_address: Option<SocketAddr>, address: SocketAddr) -> Own {
    let ClusterConfig { peer_listen, peer_listen_name, .. } = &config.cluster;
    let name = config.listen_name.as_deref();
    let peer_name = peer_listen_name.as_deref().or(name.filter(|_| peer_listen.is_none()));
    Own {
        wish,
        peer_address: advertised(config.cluster.peer_address.as_ref(), peer_name, peer_address),
        client_address: advertised(config.cluster.client_address.as_ref(), name, Some(address)),
        is_durable: config.storage != Storage::Memory,
    }
}

/// How others reach this server: as it was told, else where it listens, by the name that it
/// was told. One that listens on all addresses does not know which of them others see, and says its
/// host's name.
fn advertised(told: Option<&Address>, name: Option<&str>, listening: Option<SocketAddr>) -> String {
    let text = match (told, name, listening) {
        (Some(told), ..) => told.to_string(),
        (None, _, None) => String::new(),
        (None, Some(name), Some(address)) => format!("{name}:{}", address.port()),
        (None, None, Some(address)) if address.ip().is_unspecified() => {
            let name = rustix::system::uname();
            format!("{}:{}", name.nodename().to_string_lossy(), address.port())
        }
        (None, None, Some(address)) => address.to_string(),
    };
    if !text.is_empty() && Address::new(&text).is_err() {
        warn!(address = text, "others cannot be told this address: say another");
        return String::new();
    }
    text
}

/// Takes note of this node's addresses, if they are others than before.
fn with_own_place(mut folder: Folder, own: &Own) -> Folder {
    let before = folder.places.get(folder.node_id);
    let (peer, client) = (own.peer_address.clone(), own.client_address.clone());
    let is_same = before.is_some_and(|place| place.peer == peer && place.client == client);
    if !is_same {
        let stamp = before.map_or(1, |place| place.stamp + 1);
        folder.places.note(folder.node_id, Place { stamp, removed: false, peer, client });
    }
    folder
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// As many connections as were asked for, or as the limit of open files allows, which is raised
/// first.
fn connections_max(asked: Option<usize>) -> Result<usize, ServeError> {
    let limit = getrlimit(Resource::Nofile);
    if limit.current < limit.maximum {
        let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
        // The limit as it is remains good enough.
        let _ = setrlimit(Resource::Nofile, raised);
    }
    let files_max = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    let allowed = usize::try_from(files_max.saturating_sub(FILES_RESERVED)).unwrap_or(usize::MAX);
    match allowed {
        0 => Err(ServeError::TooFewFiles { files_max }),
        allowed => Ok(asked.map_or(allowed, |asked| asked.min(allowed))),
    }
}
