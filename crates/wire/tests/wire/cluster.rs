//! Requests about the cluster, and questions that may be answered late.

use bramah_core::{FencingToken, LockName};
use bramah_wire::proto::request::Op;
use bramah_wire::request::{
    ADDRESS_BYTES_MAX, Address, Ask, ClusterAsk, Parsed, Query, What, parse,
};
use bramah_wire::{Error, ErrorCode, proto};

fn parsed(op: Op) -> Result<Ask, (ErrorCode, String)> {
    let request = proto::Request { id: 7, op: Some(op) };
    match parse(request, &mut || unreachable!("nothing is begun")) {
        Ok(Parsed { ask, .. }) => Ok(ask),
        Err(refused) => Err((refused.error.code, refused.error.message)),
    }
}

fn add(node_id: u64, peer: &str, client: &str) -> Result<Ask, (ErrorCode, String)> {
    let (peer_address, client_address) = (peer.to_owned(), client.to_owned());
    parsed(Op::ClusterAdd(proto::ClusterAdd { node_id, peer_address, client_address }))
}

#[test]
fn a_question_says_whether_its_answer_may_be_old() {
    let verify = |stale| proto::Verify { name: "x".to_owned(), token: 3, stale };
    let query = Query::Verify { name: LockName::new("x").expect("a name"), token: FencingToken(3) };
    assert_eq!(parsed(Op::Verify(verify(true))), Ok(Ask::Stale(query.clone())));
    let What::Query(asked) = service(parsed(Op::Verify(verify(false)))) else { panic!() };
    assert_eq!(asked, query);
    for op in [
        Op::GetLock(proto::GetLock { name: "x".to_owned(), stale: true, ..Default::default() }),
        Op::ListLocks(proto::ListLocks { stale: true, ..Default::default() }),
        Op::ListSessions(proto::ListSessions { stale: true, ..Default::default() }),
        Op::GetHistory(proto::GetHistory { stale: true, ..Default::default() }),
    ] {
        assert!(matches!(parsed(op), Ok(Ask::Stale(_))));
    }
}

#[test]
fn changes_of_the_cluster_are_read() {
    let address = |text| Address::new(text).expect("an address");
    assert_eq!(
        add(7, "db1:7421", "[::1]:7420"),
        Ok(Ask::Cluster(ClusterAsk::Add {
            node_id: 7,
            peer: address("db1:7421"),
            client: address("[::1]:7420"),
        }))
    );
    let transfer = |to| parsed(Op::ClusterTransfer(proto::ClusterTransfer { to }));
    assert_eq!(transfer(0), Ok(Ask::Cluster(ClusterAsk::Transfer { to: None })));
    assert_eq!(transfer(7), Ok(Ask::Cluster(ClusterAsk::Transfer { to: Some(7) })));
    let remove = |node_id| parsed(Op::ClusterRemove(proto::ClusterRemove { node_id }));
    assert_eq!(remove(7), Ok(Ask::Cluster(ClusterAsk::Remove { node_id: 7 })));
    let promote = |node_id| parsed(Op::ClusterPromote(proto::ClusterPromote { node_id }));
    assert_eq!(promote(7), Ok(Ask::Cluster(ClusterAsk::Promote { node_id: 7 })));
    for refused in [remove(0), promote(0), add(0, "a:1", "a:1")] {
        assert_eq!(refused.map_err(|(code, _)| code), Err(ErrorCode::InvalidRequest));
    }
}

#[test]
fn an_address_is_a_host_and_a_port() {
    for good in ["a:1", "db-1.example_x:65535", "10.0.0.1:7421", "[fe80::1]:7421"] {
        assert_eq!(Address::new(good).as_ref().map(Address::as_str), Ok(good));
    }
    for bad in ["", "a", ":1", "a:0", "a:65536", "a:+1", "a b:1", "a/b:1", "::1:7421", "[x]:1"] {
        assert!(Address::new(bad).is_err(), "{bad}");
    }
    let at = |bytes: usize| format!("{}:1", "h".repeat(bytes - 2));
    assert!(Address::new(&at(ADDRESS_BYTES_MAX)).is_ok());
    assert!(Address::new(&at(ADDRESS_BYTES_MAX + 1)).is_err());
    let (code, message) = add(7, "nowhere", "a:1").expect_err("it has no port");
    assert_eq!(code, ErrorCode::InvalidRequest);
    assert!(message.contains("peer_address") && message.contains("no port"), "{message}");
}

#[test]
fn an_error_keeps_the_servers_that_it_names() {
    let mut error = Error::new(ErrorCode::NoLeader, "reach a leader");
    error.servers = vec!["db2:7420".to_owned()];
    assert_eq!(Error::from(proto::Error::from(&error)), error);
}

fn service(ask: Result<Ask, (ErrorCode, String)>) -> What {
    match ask {
        Ok(Ask::Service(what)) => what,
        other => panic!("{other:?}"),
    }
}
