//! Many requests at once, and readers that do not read.

use bramah_wire::proto::reply::Outcome;
use bramah_wire::proto::request::Op;
use bramah_wire::proto::{self, event, watch};

use crate::client::Client;
use crate::running::Running;

#[test]
fn every_request_of_a_long_pipeline_gets_its_reply() {
    let server = Running::in_memory();
    let mut client = Client::connect(server.address());
    let session = client.open(60_000);
    let mut asked: Vec<u64> = (0..5_000)
        .map(|number| {
            let op = client.acquire_op(session, &format!("lock-{number}"));
            client.send(op)
        })
        .collect();
    while !asked.is_empty() {
        let (id, outcome) = client.reply();
        assert!(matches!(outcome, Outcome::Granted(_)), "{outcome:?}");
        let index = asked.binary_search(&id).expect("it was asked, and not answered before");
        asked.remove(index);
    }
    assert_eq!(client.info().holds, 5_000);
}

#[test]
fn a_waiter_is_pushed_its_grant() {
    let server = Running::in_memory();
    let mut one = Client::connect(server.address());
    let mut two = Client::connect(server.address());
    let (first, second) = (one.open(60_000), two.open(60_000));
    let hold = one.hold(first, "x");
    assert!(matches!(two.acquire(second, "x"), Outcome::Queued(_)));
    one.release(hold);
    let event = two.event();
    let Some(event::What::Granted(granted)) = event.what else { panic!("no grant: {event:?}") };
    assert_eq!(granted.session, second.number);
    assert!(granted.grants[0].hold.expect("a hold").number > hold.number);
}

#[test]
fn a_watcher_that_does_not_read_loses_its_watch_and_nobody_else_anything() {
    let server = Running::in_memory();
    let mut lazy = Client::connect(server.address());
    let prefix = watch::Which::Prefix(String::new());
    let watched = lazy.ask(Op::Watch(proto::Watch { which: Some(prefix) }));
    assert!(matches!(watched, Outcome::WatchStarted(_)));
    let mut busy = Client::connect(server.address());
    let session = busy.open(60_000);
    // Each change tells the value again: some 60 MiB, more than any buffer between takes.
    let Op::Acquire(mut acquire) = busy.acquire_op(session, "x") else { unreachable!() };
    acquire.item = Some(proto::Item {
        name: "x".into(),
        mode: proto::Mode::Exclusive.into(),
        value: Some(vec![7; 60_000].into()),
        ..Default::default()
    });
    let Outcome::Granted(grants) = busy.ask(Op::Acquire(acquire)) else { panic!("not granted") };
    let hold = grants.grants[0].hold;
    for number in 0..1_000u32 {
        let value = Some(vec![number as u8; 60_000].into());
        let set = proto::SetValue { request: None, hold, value };
        assert!(matches!(busy.ask(Op::SetValue(set)), Outcome::ValueSet(_)));
    }
    let mut changes = 0;
    loop {
        match lazy.event().what.expect("something") {
            event::What::Changed(_) => changes += 1,
            event::What::WatchLagged(_) => break,
            other => panic!("unexpected: {other:?}"),
        }
    }
    assert!(changes < 1_000, "all changes were kept for it");
    assert!(matches!(busy.release(hold.expect("a hold")), Outcome::Released(_)));
}

#[test]
fn a_session_bound_to_its_connection_ends_with_a_fin_and_with_a_reset() {
    let server = Running::in_memory();
    let mut waiter = Client::connect(server.address());
    let waiting = waiter.open(60_000);
    for name in ["fin", "rst"] {
        let mut holder = Client::connect(server.address());
        let open = proto::OpenSession {
            ttl_ms: 60_000,
            on_disconnect: proto::OnDisconnect::Release.into(),
            owner: None,
        };
        let Outcome::SessionOpened(opened) = holder.ask(Op::OpenSession(open)) else {
            panic!("no session")
        };
        holder.hold(opened.session.expect("a session"), name);
        assert!(matches!(waiter.acquire(waiting, name), Outcome::Queued(_)));
        match name {
            "fin" => drop(holder),
            _ => holder.reset(),
        }
        let event = waiter.event();
        assert!(matches!(event.what, Some(event::What::Granted(_))), "{event:?}");
    }
}
