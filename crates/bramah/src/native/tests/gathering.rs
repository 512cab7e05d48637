//! What callers of one connection put out is gathered, and goes in one write.

use std::io;

use tokio::net::{TcpListener, TcpStream};

use super::super::client::{Client, Flush};
use super::*;

/// A client whose connection ends in a socket of this test.
async fn connected(machine: Machine) -> (Client, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("its address");
    let (ours, theirs) = tokio::join!(TcpStream::connect(address), listener.accept());
    let client = Client::new(machine);
    let (_, writer) = ours.expect("a connection").into_split();
    client.lock().writer = Some(writer);
    (client, theirs.expect("the other end").0)
}

#[tokio::test]
async fn a_step_that_puts_out_nothing_leaves_what_others_gathered_to_the_task() {
    let (bench, key) = Bench::holding(7);
    let now = bench.now;
    let (client, server) = connected(bench.machine).await;
    client.lock().machine.out.clear();
    for name in ["a", "b", "c"] {
        client.step(Flush::Usual, |machine, _| {
            machine.submit(now, acquire(name), Purpose::Acquire, Some(key)).expect("room")
        });
    }
    let first = client.lock().machine.out.len();
    assert!(first > 0, "the second and third wait for the task");

    client.step(Flush::Now, |_, _| ());
    assert_eq!(client.lock().machine.out.len(), first);

    client.step(Flush::Now, |machine, _| machine.out.extend_from_slice(b"!"));
    assert_eq!(client.lock().machine.out.len(), 0);
    let mut heard = vec![0; first * 3];
    server.readable().await.expect("something came");
    let bytes = server.try_read(&mut heard).map_err(|error: io::Error| error.kind());
    assert!(bytes.expect("bytes") > 0);
}
