//! What is left after a stop, and after a stop that nobody asked for.

use bramah_server::Storage;
use bramah_wire::proto::reply::Outcome;
use bramah_wire::proto::request::Op;
use bramah_wire::proto::{self, event};

use crate::client::Client;
use crate::running::{Running, config};

#[test]
fn a_stopped_server_goes_on_where_it_was() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Running::in_folder(folder.path());
    let mut client = Client::connect(server.address());
    let session = client.open(60_000);
    let hold = client.hold(session, "x");
    assert!(matches!(client.acquire(session, "x"), Outcome::Queued(_)));
    server.stop().expect("it stops");
    assert!(client.receive().is_none(), "the connection is closed");

    let server = Running::in_folder(folder.path());
    assert_eq!((server.started.found.holds, server.started.found.waiters), (1, 1));
    let mut client = Client::connect(server.address());
    let attach = proto::AttachSession { session: Some(session), after: 0 };
    let Outcome::SessionAttached(attached) = client.ask(Op::AttachSession(attach)) else {
        panic!("not attached")
    };
    assert_eq!(attached.holds[0].hold, Some(hold));
    client.release(hold);
    let event = client.event();
    let Some(event::What::Granted(granted)) = event.what else { panic!("no grant: {event:?}") };
    assert!(granted.grants[0].hold.expect("a hold").number > hold.number);
}

#[test]
fn a_second_server_on_the_same_folder_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Running::in_folder(folder.path());
    let second = Running::start(config(Storage::Folder(folder.path().to_owned())));
    let error = second.err().expect("it is refused");
    let mut text = error.to_string();
    let mut source = std::error::Error::source(&error);
    while let Some(error) = source {
        text += &format!(": {error}");
        source = error.source();
    }
    assert!(text.contains("in use by"), "{text}");
    server.stop().expect("the first is not disturbed");
    Running::in_folder(folder.path());
}

#[test]
fn a_stopping_server_refuses_what_is_new_and_ends() {
    let server = Running::in_memory();
    let mut client = Client::connect(server.address());
    let session = client.open(60_000);
    client.hold(session, "x");
    server.stop().expect("it stops");
    assert!(client.receive().is_none());
}
