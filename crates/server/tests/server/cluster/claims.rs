//! A server that others take for a member of their cluster begins none beside it.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use bramah_server::{ClusterConfig, Config, ServeError, Storage, recover};
use bramah_wire::proto;
use bramah_wire::proto::reply::Outcome;
use bramah_wire::proto::request::Op;
use tempfile::TempDir;

use super::{address, folder, joining, status, text_of, three, until, until_voters};
use crate::client::Client;
use crate::running::{Running, config};

/// Long enough for members to call each other a few times.
const SOME_CALLS: Duration = Duration::from_millis(1_000);

/// Three with a folder each that are one cluster.
fn three_in_folders() -> (Vec<Running>, [TempDir; 3]) {
    let folders = [(); 3].map(|()| tempfile::tempdir().expect("a folder"));
    let mut servers = vec![Running::in_folder(folders[0].path())];
    for path in &folders[1..] {
        let config = joining(folder(path.path()), &[&servers[0]]);
        servers.push(Running::start(config).expect("it starts"));
    }
    servers.iter().for_each(|server| drop(until_voters(server, 3)));
    (servers, folders)
}

fn empty(path: &Path) {
    for entry in fs::read_dir(path).expect("a folder") {
        fs::remove_file(entry.expect("an entry").path()).expect("it is removed");
    }
}

/// It does not start, since others know its address as that of a member.
fn is_claimed(config: &Config) {
    let error = Running::start(config.clone()).err().expect("it does not start");
    assert!(matches!(error, ServeError::Alone(_)), "{error:?}");
    let text = text_of(&error);
    assert!(text.contains("takes this server for node"), "{text}");
}

/// Serves, however often the members of other clusters call it.
fn goes_on(server: &Running) {
    let mut client = Client::connect(server.address());
    let session = client.open(60_000);
    let until = Instant::now() + SOME_CALLS;
    while Instant::now() < until {
        let hold = client.hold(session, "x");
        assert!(matches!(client.release(hold), Outcome::Released(_)));
    }
}

#[test]
fn a_member_that_lost_its_folder_begins_no_cluster_however_often_it_is_started() {
    let (mut servers, folders) = three_in_folders();
    let lost = servers.pop().expect("three");
    let again = lost.same_addresses(folders[2].path());
    lost.kill();
    empty(folders[2].path());
    is_claimed(&again);
    // What a person may have written into its settings, and what was left of the first try.
    let mut asked = again;
    asked.cluster.bootstrap_expect = Some(1);
    is_claimed(&asked);
    // As a new node it is taken once the lost one is removed.
    let gone = status(&servers[0]).members;
    let is_here = |node| servers.iter().any(|server| server.started.node_id == node);
    let gone = gone.iter().find(|member| !is_here(member.node_id)).expect("it is a member");
    let remove = Op::ClusterRemove(proto::ClusterRemove { node_id: gone.node_id });
    until("it is removed", || {
        let outcomes = servers.iter().map(|it| Client::connect(it.address()).ask(remove.clone()));
        outcomes.map(|it| matches!(it, Outcome::ClusterStatus(_))).find(|done| *done)
    });
    asked.cluster.join = servers.iter().map(|server| address(server.address())).collect();
    let back = Running::start(asked).expect("it joins");
    until_voters(&back, 3);
}

#[test]
fn a_member_in_memory_begins_none_when_it_is_started_without_the_others() {
    let mut servers = three();
    let lost = servers.pop().expect("three");
    let cluster = ClusterConfig { peer_listen: lost.started.peer_address, ..Default::default() };
    let again = Config { cluster, ..Config::new(lost.address(), Storage::Memory) };
    lost.kill();
    is_claimed(&again);
}

#[test]
fn a_folder_that_was_recovered_serves_nothing_beside_the_cluster_that_lives() {
    let (mut servers, folders) = three_in_folders();
    let lost = servers.pop().expect("three");
    let again = lost.same_addresses(folders[2].path());
    lost.kill();
    recover(folders[2].path()).expect("it is recovered");
    is_claimed(&again);
    is_claimed(&again);
}

#[test]
fn a_cluster_that_began_while_the_members_were_away_ends_when_they_come_back() {
    let (mut servers, folders) = three_in_folders();
    let configs: Vec<Config> =
        servers.iter().zip(&folders).map(|(it, at)| it.same_addresses(at.path())).collect();
    servers.drain(..).for_each(Running::kill);
    empty(folders[2].path());
    let alone = Running::start(configs[2].clone()).expect("nobody knows better");
    until_voters(&alone, 1);
    let others: Vec<Running> =
        configs[..2].iter().map(|it| Running::start(it.clone()).expect("it starts")).collect();
    let error = alone.wait().expect_err("it gives way");
    assert!(matches!(error, ServeError::Alone(_)), "{error:?}");
    until("they lead without it", || status(&others[0]).has_quorum.then_some(()));
    is_claimed(&configs[2]);
}

#[test]
fn what_is_left_of_a_cluster_does_not_end_the_one_that_was_recovered_from_it() {
    let (mut servers, folders) = three_in_folders();
    let configs: Vec<Config> =
        servers.iter().zip(&folders).map(|(it, at)| it.same_addresses(at.path())).collect();
    servers.drain(..).for_each(Running::kill);
    let left = Running::start(configs[1].clone()).expect("it starts");
    recover(folders[0].path()).expect("it is recovered");
    let recovered = Running::start(configs[0].clone()).expect("it starts");
    goes_on(&recovered);
    assert_eq!(status(&left).leader, 0);
}

#[test]
fn a_wrong_address_of_a_new_member_does_not_end_a_server_with_data() {
    let path = tempfile::tempdir().expect("a folder");
    let with_data = Running::in_folder(path.path()).restarted(path.path());
    let other = Running::in_memory();
    let peer_address = with_data.started.peer_address.expect("it listens").to_string();
    let client_address = "127.0.0.1:9".to_owned();
    let add = proto::ClusterAdd { node_id: 4_711, peer_address, client_address };
    let outcome = Client::connect(other.address()).ask(Op::ClusterAdd(add));
    assert!(matches!(outcome, Outcome::ClusterStatus(_)), "{outcome:?}");
    goes_on(&with_data);
}

#[test]
fn an_empty_folder_at_an_address_that_others_may_know_wants_to_be_told_what_it_becomes() {
    let path = tempfile::tempdir().expect("a folder");
    let [.., high, low] = std::process::id().to_be_bytes();
    let listen = SocketAddr::from(([127, 79, high, low], 7_420));
    let mut config = Config { listen, ..config(folder(path.path())) };
    config.cluster.client_address = Some(address(listen));
    let error = Running::start(config.clone()).err().expect("it is refused");
    assert!(matches!(error, ServeError::Alone(_)), "{error:?}");
    let text = text_of(&error);
    assert!(text.contains("--bootstrap-expect 1") && text.contains("--join"), "{text}");
    assert_eq!(fs::read_dir(path.path()).expect("a folder").count(), 0, "nothing is written");
    config.cluster.bootstrap_expect = Some(1);
    let server = Running::start(config.clone()).expect("it was told");
    server.stop().expect("it stops");
    config.cluster.bootstrap_expect = None;
    Running::start(config).expect("with data it needs not be told");
}
