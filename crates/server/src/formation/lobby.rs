//! Servers that are to begin a cluster together, before there is one.
//!
//! Each asks all addresses that it was given who is there and whom they see. The node with the
//! lowest number begins, when it sees as many as are expected, none of them has a cluster, and each
//! of them sees the very same nodes. The others wait until somebody has a cluster, and join it. So
//! there is one: who begins has heard from every other that it has none and waits for this one. A
//! node that is to begin alone hears that from nobody, so it waits while any address is silent.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bramah_core::Time;
use bramah_node::ClientId;
use bramah_wire::request::{Address, Ask, ClusterAsk};
use bramah_wire::{Error, ErrorCode, proto};
use tokio::time::{sleep, timeout};
use tracing::info;

use super::ASK_EVERY;
use super::ask::{AskError, status};
use crate::mutex::lock;
use crate::service::{Answer, Outlet, Service};

/// How long a look at the others may take: who is there answers at once, and who comes meanwhile is
/// seen in the next one.
const LOOK_TIME_MAX: Duration = Duration::from_secs(1);

/// What a server answers that has no cluster yet.
pub(crate) struct Lobby {
    pub(crate) node_id: u64,
    expected: u32,
    seen: Mutex<BTreeSet<u64>>,
    clients: Mutex<Clients>,
}

/// Who is connected, and how many ever were.
#[derive(Default)]
struct Clients {
    last: u64,
    outlets: BTreeMap<ClientId, Arc<dyn Outlet>>,
}

impl Lobby {
    pub(crate) fn new(node_id: u64, expected: Option<u32>) -> Lobby {
        let expected = expected.unwrap_or_default();
        Lobby {
            node_id,
            expected,
            seen: Mutex::new(BTreeSet::from([node_id])),
            clients: Mutex::default(),
        }
    }

    fn status(&self) -> proto::ClusterStatus {
        let seen = lock(&self.seen);
        let seen = seen.iter().copied().collect();
        let forming = Some(proto::Forming { expected: self.expected, seen });
        proto::ClusterStatus { node_id: self.node_id, forming, ..Default::default() }
    }
}

impl Service for Lobby {
    fn connect(&self, outlet: Arc<dyn Outlet>) -> ClientId {
        let mut clients = lock(&self.clients);
        clients.last += 1;
        let client = ClientId(clients.last);
        clients.outlets.insert(client, outlet);
        client
    }

    fn ask(&self, client: ClientId, id: u64, ask: Ask) {
        let answer = match ask {
            Ask::Cluster(ClusterAsk::Status) => Answer::Cluster(Box::new(self.status())),
            _ => {
                let text = "serve locks: this server has no cluster yet, it waits for the others";
                Answer::Refused(Error::new(ErrorCode::NoLeader, text))
            }
        };
        let clients = lock(&self.clients);
        if let Some(outlet) = clients.outlets.get(&client) {
            outlet.reply(id, Time::default(), answer);
            outlet.flush();
        }
    }

    fn disconnect(&self, client: ClientId) {
        let mut clients = lock(&self.clients);
        clients.outlets.remove(&client);
    }
}

/// Waits until there is a cluster to join, and gives its number; or until this node is the one to
/// begin it: then it gives none.
pub(crate) async fn gather(servers: &[Address], expected: u32, lobby: &Lobby) -> Option<u64> {
    info!(expected, node = lobby.node_id, "looking who is there to begin a cluster");
    let (mut before, mut told) = (String::new(), String::new());
    loop {
        let mut views = Vec::new();
        let mut silent = Vec::new();
        for (server, answer) in look(servers).await {
            match answer {
                Ok(status) if status.cluster_id != 0 => {
                    info!(%server, cluster = status.cluster_id, "there is a cluster: joining it");
                    return Some(status.cluster_id);
                }
                Ok(status) => views.push(status),
                Err(error) => silent.push(format!("{server} ({error})")),
            }
        }
        let mut seen: BTreeSet<u64> = views.iter().map(|view| view.node_id).collect();
        seen.insert(lobby.node_id);
        lock(&lobby.seen).clone_from(&seen);
        if begins(lobby.node_id, expected, &seen, &views, silent.len()) {
            info!("all are here, and this node has the lowest number: beginning the cluster");
            return None;
        }
        let now = waits_for(lobby.node_id, expected, &seen, &views, &silent);
        // What is so for a moment only is not worth a word.
        if now == before && now != told {
            info!("no cluster yet: {now}");
            told.clone_from(&now);
        }
        before = now;
        sleep(ASK_EVERY).await;
    }
}

/// What all of these servers say, asked at once: one that is not there yet keeps nobody waiting who
/// is.
async fn look(servers: &[Address]) -> Vec<(Address, Result<proto::ClusterStatus, AskError>)> {
    let asked = servers.iter().cloned().map(|server| {
        tokio::spawn(async move {
            let answer = timeout(LOOK_TIME_MAX, status(server.as_str())).await;
            (server, answer.unwrap_or(Err(AskError::TimedOut)))
        })
    });
    let mut answers = Vec::with_capacity(servers.len());
    for asked in asked.collect::<Vec<_>>() {
        answers.extend(asked.await);
    }
    answers
}

/// What keeps this node from beginning or joining a cluster, for whoever started it.
fn waits_for(
    own: u64,
    expected: u32,
    seen: &BTreeSet<u64>,
    views: &[proto::ClusterStatus],
    silent: &[String],
) -> String {
    let list = |nodes: &BTreeSet<u64>| {
        let nodes: Vec<String> = nodes.iter().map(u64::to_string).collect();
        nodes.join(", ")
    };
    let is_blind = |view: &&proto::ClusterStatus| {
        let forming = view.forming.as_ref();
        view.node_id != own && !forming.is_some_and(|forming| forming.seen.contains(&own))
    };
    let blind: BTreeSet<u64> = views.iter().filter(is_blind).map(|view| view.node_id).collect();
    let others = |view: &proto::ClusterStatus| {
        view.forming.as_ref().is_none_or(|forming| forming.expected != expected)
    };
    let mut text = format!("this server is {own} and sees {} of {expected}", seen.len());
    if seen.len() > 1 {
        text += &format!(" (nodes {})", list(seen));
    }
    if !silent.is_empty() {
        text += &format!("; no answer of {}", silent.join(", "));
    }
    if !blind.is_empty() {
        text += &format!("; not seen by {}: their --join must name this server too", list(&blind));
    }
    if views.iter().any(others) {
        text += "; not all have the same --bootstrap-expect";
    }
    text += match seen.len().cmp(&(expected as usize)) {
        _ if expected == 1 && !silent.is_empty() => {
            ": not beginning alone while some do not answer, they may have a cluster; start them, \
             or leave them out of --join"
        }
        Ordering::Less => ": start the others, and let --join name all of them",
        Ordering::Greater => ": more than are expected, so nobody begins",
        Ordering::Equal if seen.first() == Some(&own) => ": it begins when all see the same",
        Ordering::Equal => ": the one with the lowest number begins when all see the same",
    };
    text
}

/// This node is the one to begin. So many of the servers that it asked are silent.
fn begins(
    own: u64,
    expected: u32,
    seen: &BTreeSet<u64>,
    views: &[proto::ClusterStatus],
    silent: usize,
) -> bool {
    let is_lowest = seen.first() == Some(&own);
    let agrees = |view: &proto::ClusterStatus| {
        let forming = view.forming.as_ref();
        view.node_id == own
            || forming.is_some_and(|forming| {
                forming.expected == expected && forming.seen.iter().eq(seen.iter())
            })
    };
    let is_certain = expected > 1 || silent == 0;
    is_lowest && is_certain && seen.len() == expected as usize && views.iter().all(agrees)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(node_id: u64, expected: u32, seen: &[u64]) -> proto::ClusterStatus {
        let forming = Some(proto::Forming { expected, seen: seen.to_vec() });
        proto::ClusterStatus { node_id, forming, ..Default::default() }
    }

    fn begins_with(own: u64, views: &[proto::ClusterStatus]) -> bool {
        let seen = views.iter().map(|view| view.node_id).chain([own]).collect();
        begins(own, 3, &seen, views, 0)
    }

    #[test]
    fn only_the_lowest_of_all_begins_and_only_when_all_see_the_same() {
        let all = |seen: &[u64]| [view(1, 3, seen), view(2, 3, seen), view(3, 3, seen)];
        assert!(begins_with(1, &all(&[1, 2, 3])));
        assert!(!begins_with(2, &all(&[1, 2, 3])));
        assert!(!begins_with(1, &all(&[1, 2, 3])[..2]), "one is missing");
        let late = [view(1, 3, &[1, 2, 3]), view(2, 3, &[1, 2]), view(3, 3, &[1, 2, 3])];
        assert!(!begins_with(1, &late), "one does not see all yet");
        let other = [view(2, 3, &[1, 2, 3]), view(3, 3, &[2, 3, 4])];
        assert!(!begins_with(1, &other), "one has other addresses");
        let many = [view(2, 3, &[1, 2, 3]), view(3, 5, &[1, 2, 3])];
        assert!(!begins_with(1, &many), "one expects others");
        let too_many = [view(2, 3, &[1, 2, 3, 4]), view(3, 3, &[1, 2, 3, 4]), view(4, 3, &[1])];
        assert!(!begins_with(1, &too_many));
    }

    #[test]
    fn what_is_waited_for_is_said_with_what_to_do() {
        let said = |own, expected, views: &[proto::ClusterStatus], silent: &[&str]| {
            let seen = views.iter().map(|view| view.node_id).chain([own]).collect();
            let silent: Vec<String> = silent.iter().map(ToString::to_string).collect();
            waits_for(own, expected, &seen, views, &silent)
        };
        let few = said(1, 3, &[view(1, 3, &[1])], &["db2:7420 (no answer in time)"]);
        assert!(few.contains("is 1 and sees 1 of 3; no answer of db2:7420 (no"), "{few}");
        assert!(few.contains("start the others"), "{few}");
        let blind = said(1, 3, &[view(2, 3, &[1, 2, 3]), view(3, 3, &[2, 3])], &[]);
        assert!(blind.contains("sees 3 of 3 (nodes 1, 2, 3); not seen by 3: their"), "{blind}");
        assert!(blind.ends_with("it begins when all see the same"), "{blind}");
        let other = said(2, 3, &[view(1, 5, &[1, 2]), view(3, 3, &[1, 2, 3])], &[]);
        assert!(other.contains("not all have the same --bootstrap-expect"), "{other}");
        assert!(other.ends_with("the one with the lowest number begins when all see the same"));
        let many = said(1, 1, &[view(2, 1, &[1, 2])], &[]);
        assert!(many.contains("more than are expected"), "{many}");
        let alone = said(1, 1, &[], &["db2:7420 (no answer in time)"]);
        assert!(alone.contains("leave them out of --join"), "{alone}");
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_does_not_answer_keeps_nobody_waiting_for_long() {
        // They take connections and say nothing.
        let mute = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = mute.local_addr().expect("an address").to_string();
        let servers = vec![Address::new(&address).expect("an address"); 5];
        let began = tokio::time::Instant::now();
        let answers = look(&servers).await;
        assert!(answers.iter().all(|(_, answer)| matches!(answer, Err(AskError::TimedOut))));
        assert!(began.elapsed() <= LOOK_TIME_MAX * 2, "{:?}", began.elapsed());
    }

    #[test]
    fn one_that_is_to_be_alone_begins_when_nobody_but_itself_is_named() {
        let (alone, seen) = ([view(1, 1, &[1])], BTreeSet::from([1]));
        assert!(begins(1, 1, &seen, &alone, 0));
        assert!(!begins(1, 1, &seen, &alone, 1), "who is silent may have a cluster");
        let two = [view(1, 1, &[1, 2]), view(2, 1, &[1, 2])];
        assert!(!begins(1, 1, &BTreeSet::from([1, 2]), &two, 0), "it is not alone");
        let all = [1, 2, 3].map(|own| view(own, 3, &[1, 2, 3]));
        assert!(begins(1, 3, &BTreeSet::from([1, 2, 3]), &all, 1), "all that are to come are here");
    }

    #[test]
    fn a_member_that_is_older_than_the_protocol_of_forming_agrees_to_nothing() {
        let mute = proto::ClusterStatus { node_id: 2, ..Default::default() };
        assert!(!begins_with(1, &[mute, view(3, 3, &[1, 2, 3])]));
    }
}
