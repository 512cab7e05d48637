//! Servers that are one cluster, each on a thread of its own, over real sockets.

mod backups;
mod changes;
mod claims;
mod copies;
mod formation;
mod losses;
mod rolling;
mod snapshots;

use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use bramah_server::{ClusterConfig, Config, ServeError, Storage};
use bramah_wire::proto::reply::Outcome;
use bramah_wire::proto::request::Op;
use bramah_wire::proto::{self, MemberRole};
use bramah_wire::request::Address;

use crate::client::Client;
use crate::running::{Running, config};

/// How long a test waits for a state.
const PATIENCE: Duration = Duration::from_secs(20);

/// Waits for a state.
pub(crate) fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "in vain: {what}");
        // tidy: paced because another thread changes the state and cannot tell this one
        std::thread::sleep(Duration::from_millis(5));
    }
}

pub(crate) fn address(of: SocketAddr) -> Address {
    Address::new(&of.to_string()).expect("an address")
}

/// A server that is to join others.
pub(crate) fn joining(storage: Storage, members: &[&Running]) -> Config {
    let join = members.iter().map(|member| address(member.address())).collect();
    Config { cluster: ClusterConfig { join, ..ClusterConfig::default() }, ..config(storage) }
}

pub(crate) fn folder(path: &Path) -> Storage {
    Storage::Folder(path.to_owned())
}

/// How a server sees its cluster.
pub(crate) fn status(server: &Running) -> proto::ClusterStatus {
    Client::connect(server.address()).status()
}

/// Waits until a server sees so many members that vote, and a leader.
pub(crate) fn until_voters(server: &Running, voters: usize) -> proto::ClusterStatus {
    until(&format!("{voters} vote"), || {
        let status = status(server);
        let is_voter = |member: &&proto::Member| member.role() == MemberRole::Voter;
        let is_so = status.members.iter().filter(is_voter).count() == voters;
        (is_so && status.has_quorum).then_some(status)
    })
}

/// Waits until all these servers know the same leader, and gives its place among them.
pub(crate) fn until_led(servers: &[Running]) -> usize {
    until("all know one leader", || {
        let leaders: Vec<u64> = servers.iter().map(|server| status(server).leader).collect();
        let leader = leaders[0];
        let place = servers.iter().position(|server| server.started.node_id == leader)?;
        leaders.iter().all(|each| *each == leader).then_some(place)
    })
}

/// A cluster of three in memory.
pub(crate) fn three() -> Vec<Running> {
    let mut servers = vec![Running::in_memory()];
    for _ in 0..2 {
        let config = joining(Storage::Memory, &[&servers[0]]);
        servers.push(Running::start(config).expect("it starts"));
    }
    for server in &servers {
        until_voters(server, 3);
    }
    servers
}

/// Asks until the answer is not that there is no leader.
pub(crate) fn ask_until_led(client: &mut Client, op: &Op) -> Outcome {
    until("there is a leader", || match client.ask(op.clone()) {
        Outcome::Error(error) if error.code == "no_leader" => None,
        outcome => Some(outcome),
    })
}

/// An error with all its causes.
pub(crate) fn text_of(error: &ServeError) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(error) = source {
        text += &format!(": {error}");
        source = error.source();
    }
    text
}
