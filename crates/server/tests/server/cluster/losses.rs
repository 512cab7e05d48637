//! Members that are lost.

use std::time::Instant;

use bramah_wire::proto;
use bramah_wire::proto::reply::Outcome;
use bramah_wire::proto::request::Op;

use super::{ask_until_led, folder, joining, three, until, until_led, until_voters};
use crate::client::Client;
use crate::running::Running;

#[test]
fn a_lost_leader_is_followed_by_another_and_nobody_loses_anything() {
    let mut servers = three();
    let leader = until_led(&servers);
    let mut client = Client::connect(servers[(leader + 1) % 3].address());
    let session = client.open(60_000);
    let hold = client.hold(session, "x");
    servers.remove(leader).kill();
    let get = Op::GetLock(proto::GetLock { name: "x".to_owned(), ..Default::default() });
    let Outcome::Lock(lock) = ask_until_led(&mut client, &get) else { panic!("no lock") };
    assert_eq!(lock.holders[0].token, hold.number);
    assert!(matches!(client.release(hold), Outcome::Released(_)));
    let next = client.hold(session, "x");
    assert!(next.number > hold.number);
}

#[test]
fn without_a_majority_there_is_a_clear_answer_and_what_is_old_is_said_to_be() {
    let mut servers = three();
    let leader = until_led(&servers);
    let last = servers.swap_remove((leader + 1) % 3);
    let mut client = Client::connect(last.address());
    let session = client.open(60_000);
    let hold = client.hold(session, "x");
    for server in servers {
        server.kill();
    }
    let get =
        |stale| Op::GetLock(proto::GetLock { name: "x".to_owned(), stale, ..Default::default() });
    let error = until("nobody leads", || match client.ask(get(false)) {
        Outcome::Error(error) => Some(error),
        _ => None,
    });
    assert_eq!(error.code, "no_leader");
    assert_eq!(error.servers.len(), 2, "it says where else to ask");
    let error = match client.acquire(session, "y") {
        Outcome::Error(error) => error,
        other => panic!("{other:?}"),
    };
    assert_eq!(error.code, "no_leader");
    let status = client.status();
    assert!(!status.has_quorum && status.leader == 0);

    let reply = client.whole_reply(get(true));
    let staleness = reply.staleness.expect("it says how old it is");
    assert!(staleness.age_ms > 0 && staleness.revision > 0);
    assert!(!staleness.no_leader_yet, "it heard of one before");
    let Some(Outcome::Lock(lock)) = reply.outcome else { panic!("no lock: {reply:?}") };
    assert_eq!(lock.holders[0].token, hold.number);
}

#[test]
fn a_leader_that_has_lost_the_majority_says_at_once_that_there_is_no_quorum() {
    let mut servers = three();
    let leader = until_led(&servers);
    let last = servers.swap_remove(leader);
    let mut client = Client::connect(last.address());
    assert!(client.status().has_quorum);
    for server in servers {
        server.kill();
    }
    until("it says so", || {
        let status = client.status();
        let reached = status.members.iter().filter(|member| member.reachable).count();
        assert_eq!(status.has_quorum, reached >= 2, "{status:?}");
        (status.leader == 0).then_some(())
    });
}

#[test]
fn what_a_member_knows_that_led_is_as_old_as_the_end_of_that() {
    let mut servers = three();
    let leader = until_led(&servers);
    let last = servers.swap_remove(leader);
    let mut client = Client::connect(last.address());
    let led = Instant::now();
    let status = client.status();
    assert_eq!(status.leader, status.node_id, "it still leads");
    for server in servers {
        server.kill();
    }
    until("nobody leads", || (client.status().leader == 0).then_some(()));
    let staleness = stale_look(&mut client).staleness.expect("how old it is");
    let longest = led.elapsed().as_millis();
    assert!(u128::from(staleness.age_ms) <= longest, "{staleness:?}, at most {longest} ms");
}

#[test]
fn a_member_that_starts_again_alone_does_not_know_how_old_its_table_is() {
    let folders = [(); 3].map(|()| tempfile::tempdir().expect("a folder"));
    let first = Running::in_folder(folders[0].path());
    let second = Running::start(joining(folder(folders[1].path()), &[&first])).expect("it starts");
    let third = Running::start(joining(folder(folders[2].path()), &[&first])).expect("it starts");
    until_voters(&third, 3);
    let again = third.same_addresses(folders[2].path());
    for server in [third, first, second] {
        server.kill();
    }
    let third = Running::start(again).expect("it starts again");
    let staleness = stale_look(&mut Client::connect(third.address())).staleness;
    assert!(staleness.is_some_and(|staleness| staleness.no_leader_yet), "{staleness:?}");
}

#[test]
fn time_goes_on_in_what_a_server_says_by_itself_though_nothing_happens() {
    let server = Running::in_memory();
    let mut client = Client::connect(server.address());
    let session = client.open(60_000);
    client.hold(session, "x");
    let before = stale_look(&mut client);
    until("time passed", || {
        let reply = stale_look(&mut client);
        assert_eq!(reply.staleness, before.staleness, "nothing happened");
        (reply.now_ms > before.now_ms).then_some(())
    });
}

/// Asks a server what it knows of a lock, whoever leads.
fn stale_look(client: &mut Client) -> proto::Reply {
    let get = proto::GetLock { name: "x".to_owned(), stale: true, ..Default::default() };
    client.whole_reply(Op::GetLock(get))
}
