//! How servers find together, and what is refused.

use std::collections::BTreeSet;
use std::fs;
use std::net::SocketAddr;

use bramah_server::{ClusterConfig, Config, ServeError, Storage};
use bramah_wire::link::Folder;
use bramah_wire::proto::event::What;
use bramah_wire::proto::reply::Outcome;
use bramah_wire::proto::request::Op;
use bramah_wire::proto::{self, MemberRole};

use super::{address, folder, joining, status, text_of, three, until, until_led, until_voters};
use crate::client::Client;
use crate::running::{Running, config};

#[test]
fn one_grows_to_three_while_a_client_holds_and_another_waits() {
    let folders = [(); 3].map(|()| tempfile::tempdir().expect("a folder"));
    let first = Running::in_folder(folders[0].path());
    let mut holder = Client::connect(first.address());
    let mut waiter = Client::connect(first.address());
    let (holding, waiting) = (holder.open(60_000), waiter.open(60_000));
    let hold = holder.hold(holding, "x");
    assert!(matches!(waiter.acquire(waiting, "x"), Outcome::Queued(_)));

    let second = Running::start(joining(folder(folders[1].path()), &[&first])).expect("it starts");
    let third = Running::start(joining(folder(folders[2].path()), &[&second])).expect("it starts");
    for server in [&first, &second, &third] {
        let status = until_voters(server, 3);
        assert_eq!(status.cluster_id, first.started.cluster_id);
        assert_eq!(status.node_id, server.started.node_id);
    }
    holder.release(hold);
    let event = waiter.event();
    assert!(matches!(event.what, Some(What::Granted(_))), "{event:?}");

    // What one granted another knows, and serves.
    let mut other = Client::connect(third.address());
    let attach = proto::AttachSession { session: Some(waiting), after: 0 };
    let Outcome::SessionAttached(attached) = other.ask(Op::AttachSession(attach)) else {
        panic!("not attached")
    };
    let hold = attached.holds[0].hold.expect("a hold");
    assert!(matches!(other.release(hold), Outcome::Released(_)));

    // A restart of all needs to be told nothing.
    let servers = [first, second, third];
    let again: Vec<_> =
        servers.iter().zip(&folders).map(|(it, folder)| it.same_addresses(folder.path())).collect();
    let ends = servers.map(|server| std::thread::spawn(move || server.stop()));
    for end in ends {
        end.join().expect("no panic").expect("it stops");
    }
    let again: Vec<_> =
        again.into_iter().map(|config| Running::start(config).expect("it starts")).collect();
    for server in &again {
        until_voters(server, 3);
    }
}

#[test]
fn only_those_are_remembered_who_became_members() {
    let folders = [(); 3].map(|()| tempfile::tempdir().expect("a folder"));
    let first = Running::in_folder(folders[0].path());
    let second = Running::start(joining(folder(folders[1].path()), &[&first])).expect("it starts");
    let servers = [first, second];
    servers.iter().for_each(|server| drop(until_voters(server, 2)));
    let leader = until_led(&servers);
    // Any refusal will do: who does not lead makes nobody a member.
    let mut follower = Client::connect(servers[1 - leader].address());
    for port in 1..=20 {
        let address = format!("127.0.0.1:{port}");
        let (peer_address, client_address) = (address.clone(), address);
        let add = proto::ClusterAdd { node_id: port, peer_address, client_address };
        assert_eq!(follower.error(Op::ClusterAdd(add)).code, "no_leader");
    }
    let third =
        Running::start(joining(folder(folders[2].path()), &[&servers[0]])).expect("it starts");
    let all = servers.iter().chain([&third]).map(|server| server.started.node_id);
    let all: BTreeSet<u64> = all.collect();
    for folder in &folders {
        until("it knows all three and nobody else", || {
            let bytes = fs::read(folder.path().join("node")).ok()?;
            let places = Folder::decode(&bytes).expect("it can be read").places;
            let known: BTreeSet<u64> = places.iter().map(|(node, _)| node).collect();
            assert!(known.is_subset(&all), "{known:?}");
            (known == all).then_some(())
        });
    }
    until_voters(&third, 3);
}

#[test]
fn a_member_is_found_again_that_comes_back_at_other_addresses() {
    let folders = [(); 3].map(|()| tempfile::tempdir().expect("a folder"));
    let first = Running::in_folder(folders[0].path());
    let second = Running::start(joining(folder(folders[1].path()), &[&first])).expect("it starts");
    let third = Running::start(joining(folder(folders[2].path()), &[&first])).expect("it starts");
    until_voters(&second, 3);
    let before = first.started.peer_address;
    drop(first);
    let first = Running::in_folder(folders[0].path());
    let now = first.started.peer_address.expect("it listens").to_string();
    assert_ne!(before.expect("it listened").to_string(), now);
    for server in [&first, &second, &third] {
        until("all know where it is, and reach each other", || {
            let status = status(server);
            let all = status.members.iter().all(|member| member.reachable);
            let mut there = status.members.iter().filter(|member| member.peer_address == now);
            (all && there.next()?.node_id == first.started.node_id).then_some(())
        });
    }
}

#[test]
fn members_that_all_come_back_at_other_addresses_find_each_other_where_they_are_told() {
    let folders = [(); 3].map(|()| tempfile::tempdir().expect("a folder"));
    let first = Running::in_folder(folders[0].path());
    let second = Running::start(joining(folder(folders[1].path()), &[&first])).expect("it starts");
    let third = Running::start(joining(folder(folders[2].path()), &[&first])).expect("it starts");
    let servers = [first, second, third];
    servers.iter().for_each(|server| drop(until_voters(server, 3)));
    servers.into_iter().for_each(Running::kill);
    let listen: Vec<SocketAddr> = (7_440..).take(3).map(own_address).collect();
    let cluster = ClusterConfig {
        join: listen.iter().map(|each| address(*each)).collect(),
        peer_listen: Some(([127, 0, 0, 1], 0).into()),
        ..ClusterConfig::default()
    };
    let again = listen.into_iter().zip(&folders).map(|(listen, at)| {
        let cluster = cluster.clone();
        let config = Config { listen, cluster, ..config(folder(at.path())) };
        Running::start(config).expect("it starts")
    });
    for server in &again.collect::<Vec<_>>() {
        until_voters(server, 3);
    }
}

#[test]
fn a_name_is_told_to_others_as_a_name() {
    let mut named = config(Storage::Memory);
    named.listen_name = Some("localhost".to_owned());
    let first = Running::start(named).expect("it starts");
    let second = Running::start(joining(Storage::Memory, &[&first])).expect("it starts");
    let status = until_voters(&second, 2);
    let member = status.members.iter().find(|it| it.node_id == first.started.node_id);
    let member = member.expect("it is a member");
    assert_eq!(member.client_address, format!("localhost:{}", first.address().port()));
    let peer_address = first.started.peer_address.expect("it listens");
    assert_eq!(member.peer_address, format!("localhost:{}", peer_address.port()));
}

#[test]
fn every_member_serves_every_client() {
    let servers = three();
    let mut tokens = Vec::new();
    for server in &servers {
        let mut client = Client::connect(server.address());
        let session = client.open(60_000);
        let hold = client.hold(session, "x");
        tokens.push(hold.number);
        let info = client.info();
        assert_eq!((info.members.len(), info.node_id), (3, server.started.node_id));
        assert!(servers.iter().any(|server| server.started.node_id == info.leader));
        assert!(matches!(client.release(hold), Outcome::Released(_)));
    }
    assert!(tokens.is_sorted_by(|a, b| a < b), "{tokens:?}");
}

#[test]
fn a_member_tells_where_the_others_are_and_which_of_them_it_is_connected_to() {
    let servers = three();
    let status = until("all are connected", || {
        let status = status(&servers[0]);
        status.members.iter().all(|member| member.reachable).then_some(status)
    });
    for server in &servers {
        let member = status.members.iter().find(|it| it.node_id == server.started.node_id);
        let member = member.expect("it is a member");
        assert_eq!(member.client_address, server.address().to_string());
        let peer_address = server.started.peer_address.expect("it listens");
        assert_eq!(member.peer_address, peer_address.to_string());
        assert_eq!(member.version, env!("CARGO_PKG_VERSION"));
        assert_eq!(member.is_leader, status.leader == member.node_id);
        assert_eq!(member.match_index.is_some(), status.leader == status.node_id);
    }
}

#[test]
fn a_learner_stays_one_until_it_is_promoted() {
    let first = Running::in_memory();
    let mut terms = joining(Storage::Memory, &[&first]);
    terms.cluster.learner = true;
    let learner = Running::start(terms).expect("it starts");
    let node_id = learner.started.node_id;
    until("it is a learner", || {
        let status = status(&learner);
        let is_one = |member: &proto::Member| {
            member.node_id == node_id && member.role() == MemberRole::Learner
        };
        status.members.iter().any(is_one).then_some(())
    });
    // It serves as any other.
    let mut client = Client::connect(learner.address());
    let session = client.open(60_000);
    client.hold(session, "x");
    until("it may vote", || {
        let promote = Op::ClusterPromote(proto::ClusterPromote { node_id });
        match Client::connect(first.address()).ask(promote) {
            Outcome::ClusterStatus(_) => Some(()),
            Outcome::Error(error) => {
                assert_eq!(error.code, "too_many_requests", "{error:?}");
                None
            }
            other => panic!("{other:?}"),
        }
    });
    until_voters(&learner, 2);
}

/// One that stays free until it is listened on: nobody else uses this host's address.
fn own_address(port: u16) -> SocketAddr {
    let [.., high, low] = std::process::id().to_be_bytes();
    SocketAddr::from(([127, 77, high, low], port))
}

#[test]
fn three_that_are_started_alike_become_one_cluster() {
    let listen: Vec<SocketAddr> = (7_430..).take(3).map(own_address).collect();
    let join: Vec<_> = listen.iter().map(|each| address(*each)).collect();
    let start = |place: usize| {
        let cluster = ClusterConfig {
            join: join.clone(),
            bootstrap_expect: Some(3),
            peer_listen: Some(([127, 0, 0, 1], 0).into()),
            ..ClusterConfig::default()
        };
        let config = Config { listen: listen[place], cluster, ..config(Storage::Memory) };
        std::thread::spawn(move || Running::start(config).expect("it starts"))
    };
    let mut starting = vec![start(2), start(0)];
    // Two of three begin nothing.
    let mut client = until("one listens", || Client::try_connect(listen[0]));
    let forming = until("both see each other", || {
        let forming = client.status().forming.expect("it is forming");
        (forming.seen.len() == 2).then_some(forming)
    });
    assert_eq!(forming.expected, 3);
    assert_eq!(client.error(Op::GetServerInfo(proto::GetServerInfo {})).code, "no_leader");
    starting.push(start(1));
    let servers: Vec<Running> =
        starting.into_iter().map(|thread| thread.join().expect("no panic")).collect();
    let clusters: Vec<u64> =
        servers.iter().map(|server| until_voters(server, 3).cluster_id).collect();
    assert!(clusters.windows(2).all(|pair| pair[0] == pair[1]), "{clusters:?}");
    assert!(client.receive().is_none(), "nobody stays with a server that had no cluster");
}

#[test]
fn one_that_expects_only_itself_begins_though_it_is_told_its_own_address() {
    let folder = tempfile::tempdir().expect("a folder");
    let listen = own_address(7_420);
    let cluster = ClusterConfig {
        join: vec![address(listen)],
        bootstrap_expect: Some(1),
        ..ClusterConfig::default()
    };
    let config = Config { listen, cluster, ..config(super::folder(folder.path())) };
    for _ in 0..2 {
        let config = config.clone();
        let starting = std::thread::spawn(move || Running::start(config).expect("it starts"));
        until("it begins", || starting.is_finished().then_some(()));
        let server = starting.join().expect("no panic");
        until_voters(&server, 1);
        server.stop().expect("it stops");
    }
}

#[test]
fn a_node_with_the_data_of_another_cluster_is_refused_with_what_to_do() {
    let (here, there) = (Running::in_memory(), tempfile::tempdir().expect("a folder"));
    drop(Running::in_folder(there.path()));
    let error = Running::start(joining(folder(there.path()), &[&here])).err();
    let error = error.expect("it is refused");
    assert!(matches!(error, ServeError::Join(_)), "{error:?}");
    let text = text_of(&error);
    let cluster = here.started.cluster_id.to_string();
    assert!(text.contains(&cluster) && text.contains("empty the folder"), "{text}");
}

#[test]
fn who_forgets_when_it_stops_is_no_member_among_those_who_do_not() {
    let folders = [(); 2].map(|()| tempfile::tempdir().expect("a folder"));
    let (on_disk, in_memory) = (Running::in_folder(folders[0].path()), Running::in_memory());
    let mut learner = joining(Storage::Memory, &[&on_disk]);
    learner.cluster.learner = true;
    let mixed = [
        (joining(Storage::Memory, &[&on_disk]), "start it with --data"),
        (learner, "start it with --data"),
        (joining(folder(folders[1].path()), &[&in_memory]), "start that one with --data"),
    ];
    for (config, advice) in mixed {
        let joining = Running::start(config).expect("it starts");
        let error = joining.wait().expect_err("it is refused");
        assert!(matches!(error, ServeError::Join(_)), "{error:?}");
        let text = text_of(&error);
        assert!(text.contains(advice), "{text}");
    }
    for server in [&on_disk, &in_memory] {
        assert_eq!(status(server).members.len(), 1);
    }
}

#[test]
fn a_member_whose_log_is_gone_must_not_come_back_as_if_it_had_promised_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    drop(Running::in_folder(folder.path()));
    for entry in std::fs::read_dir(folder.path()).expect("a folder") {
        let path = entry.expect("an entry").path();
        if !path.ends_with("node") {
            std::fs::remove_file(path).expect("it is removed");
        }
    }
    let error = Running::start(config(super::folder(folder.path()))).err().expect("refused");
    assert!(text_of(&error).contains("its log is gone"), "{error:?}");
}

#[test]
fn an_address_of_a_member_and_the_number_of_one_that_is_gone_are_refused() {
    let servers = three();
    let status = until_voters(&servers[0], 3);
    let leader = servers.iter().find(|it| it.started.node_id == status.leader).expect("it leads");
    let other = servers.iter().find(|it| it.started.node_id != status.leader).expect("another");
    let mut client = Client::connect(leader.address());
    let peer_address = other.started.peer_address.expect("it listens").to_string();
    let client_address = "127.0.0.1:9".to_owned();
    let add = |node_id, peer_address: &str| {
        let (peer_address, client_address) = (peer_address.to_owned(), client_address.clone());
        Op::ClusterAdd(proto::ClusterAdd { node_id, peer_address, client_address })
    };
    let refused = client.error(add(4_711, &peer_address));
    assert_eq!(refused.code, "invalid_request");
    assert!(refused.message.contains("is the address of member"), "{refused:?}");

    let gone = other.started.node_id;
    let remove = Op::ClusterRemove(proto::ClusterRemove { node_id: gone });
    assert!(matches!(client.ask(remove.clone()), Outcome::ClusterStatus(_)));
    assert!(matches!(client.ask(remove), Outcome::ClusterStatus(_)), "again");
    let refused = client.error(add(gone, "127.0.0.1:9"));
    assert_eq!(refused.code, "invalid_request");
    assert!(refused.message.contains("never used again"), "{refused:?}");
}
