//! Members that go, and leaders that change on purpose.

use bramah_server::ServeError;
use bramah_wire::proto;
use bramah_wire::proto::event::What;
use bramah_wire::proto::reply::Outcome;
use bramah_wire::proto::request::Op;

use super::{folder, joining, text_of, three, until, until_led, until_voters};
use crate::client::Client;
use crate::running::Running;

#[test]
fn the_leadership_goes_to_whom_it_is_given() {
    let servers = three();
    let leader = until_led(&servers);
    let next = (leader + 1) % 3;
    let to = servers[next].started.node_id;
    let mut client = Client::connect(servers[leader].address());
    let session = client.open(60_000);
    let hold = client.hold(session, "x");
    let transfer = Op::ClusterTransfer(proto::ClusterTransfer { to });
    let Outcome::ClusterStatus(status) = client.ask(transfer.clone()) else { panic!("no status") };
    assert_eq!(status.leader, to);
    // One that does not lead says who does, unless it is as wanted already.
    assert!(matches!(client.ask(transfer), Outcome::ClusterStatus(_)));
    let back = servers[leader].started.node_id;
    let error = client.error(Op::ClusterTransfer(proto::ClusterTransfer { to: back }));
    assert_eq!(error.code, "no_leader");
    assert_eq!(error.servers[0], servers[next].address().to_string());
    assert!(matches!(client.release(hold), Outcome::Released(_)));
}

#[test]
fn a_removed_node_says_so_and_ends_also_when_it_was_away() {
    let folders = [(); 4].map(|()| tempfile::tempdir().expect("a folder"));
    let first = Running::in_folder(folders[0].path());
    let second = Running::start(joining(folder(folders[1].path()), &[&first])).expect("it starts");
    let third = Running::start(joining(folder(folders[2].path()), &[&first])).expect("it starts");
    until_voters(&first, 3);
    // By whichever leads.
    let remove = |one: &Running, other: &Running, node_id| {
        let remove = Op::ClusterRemove(proto::ClusterRemove { node_id });
        until("it is removed", || {
            let is_done = |server: &Running| {
                let outcome = Client::connect(server.address()).ask(remove.clone());
                matches!(outcome, Outcome::ClusterStatus(_))
            };
            (is_done(one) || is_done(other)).then_some(())
        });
    };
    // One that is there.
    remove(&first, &third, second.started.node_id);
    let error = second.wait().expect_err("it ends");
    assert!(matches!(error, ServeError::Removed { .. }), "{error:?}");
    // One that is away while it is removed.
    until_voters(&first, 2);
    let node_id = third.started.node_id;
    let fourth = Running::start(joining(folder(folders[3].path()), &[&first])).expect("it starts");
    until_voters(&fourth, 3);
    let again = third.same_addresses(folders[2].path());
    third.stop().expect("it stops");
    until_voters(&fourth, 3);
    remove(&first, &fourth, node_id);
    let error = Running::start(again.clone()).and_then(Running::wait).expect_err("it ends");
    let text = text_of(&error);
    assert!(text.contains("was removed") && text.contains("empty its data folder"), "{text}");
    let again = Running::start(again).and_then(Running::wait).expect_err("it ends again");
    assert!(matches!(again, ServeError::Removed { .. }), "{again:?}");
    until_voters(&first, 2);
}

#[test]
fn a_member_that_stops_hands_over_first_and_sends_its_clients_away() {
    let mut servers = three();
    let leader = until_led(&servers);
    let leaving = servers.remove(leader);
    let mut client = Client::connect(leaving.address());
    let session = client.open(60_000);
    let hold = client.hold(session, "x");
    let stopping = std::thread::spawn(move || leaving.stop());
    let event = client.event();
    let Some(What::Draining(draining)) = event.what else { panic!("no word of it: {event:?}") };
    assert_eq!(draining.servers.len(), 2);
    // Another leads while this one is still there, and whoever still asks there is served.
    let own = client.status().node_id;
    until("another leads", || (![0, own].contains(&client.status().leader)).then_some(()));
    assert!(matches!(client.release(hold), Outcome::Released(_)));
    let mut elsewhere = until("another serves", || {
        let address = draining.servers[0].parse().expect("an address");
        Client::try_connect(address)
    });
    drop(client);
    let attach = proto::AttachSession { session: Some(session), after: 0 };
    let attached = elsewhere.ask(Op::AttachSession(attach));
    assert!(matches!(attached, Outcome::SessionAttached(_)), "{attached:?}");
    stopping.join().expect("no panic").expect("it stops");
    until_led(&servers);
}
