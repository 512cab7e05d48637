//! What many connections can make a server keep, and who is served meanwhile.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use bramah_server::{Config, MEMORY_BYTES_MIN, Storage};
use bramah_wire::proto;
use bramah_wire::proto::reply::Outcome;
use bramah_wire::proto::request::Op;

use crate::client::Client;
use crate::http::Http;
use crate::running::{Running, config};

/// What connections may have under way, of the least memory that a server can have.
const TRAFFIC_BYTES: usize = (MEMORY_BYTES_MIN / 4) as usize;

/// A server that may have little memory, and has a list of a megabyte.
fn server() -> Running {
    let server =
        Running::start(Config { memory_max: Some(MEMORY_BYTES_MIN), ..config(Storage::Memory) });
    let server = server.expect("it starts");
    let mut client = Client::connect(server.address());
    let session = client.open(600_000);
    for number in 0..300 {
        let name = format!("w{number:03}");
        let Op::Acquire(mut acquire) = client.acquire_op(session, &name) else { unreachable!() };
        if let Some(item) = &mut acquire.item {
            item.value = Some(vec![b'v'; 4_000].into());
        }
        let granted = client.ask(Op::Acquire(acquire));
        assert!(matches!(granted, Outcome::Granted(_)), "{granted:?}");
    }
    server
}

/// Somebody who asks for little is served, by every protocol.
fn check_served(address: SocketAddr) {
    let mut client = Client::connect(address);
    let session = client.open(60_000);
    let hold = client.hold(session, "mine");
    client.release(hold);
    Http::connect(address).get("/v1/locks/w001").good();
}

fn frame(kind: u8, flags: u8, stream: u32, body: &[u8]) -> Vec<u8> {
    let len = (body.len() as u32).to_be_bytes();
    [&len[1..], &[kind, flags], &stream.to_be_bytes(), body].concat()
}

/// The statuses of so many answers over HTTP/2, whose bodies are not taken.
fn statuses(stream: &mut TcpStream, answers: usize) -> Vec<u8> {
    const HEADERS: u8 = 1;
    let mut statuses = Vec::new();
    while statuses.len() < answers {
        let mut head = [0; 9];
        stream.read_exact(&mut head).expect("a frame");
        let len = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
        let mut body = vec![0; len];
        stream.read_exact(&mut body).expect("all of it");
        if head[3] == HEADERS {
            statuses.push(body[0]);
        }
    }
    statuses
}

#[test]
fn answers_over_http2_that_are_not_taken_are_bounded_over_all_connections() {
    let server = server();
    const STREAMS: u32 = 64;
    const NO_WINDOW: [u8; 6] = [0, 4, 0, 0, 0, 0];
    /// The first byte of a block of headers: `:status: 200` of the static table.
    const OK: u8 = 0x88;
    let path = b"/v1/locks?limit=1000";
    let head = [&[0x82, 0x86, 0x04, path.len() as u8], &path[..], &[0x01, 1, b'x']].concat();
    let mut taken = Vec::new();
    let greedy: Vec<TcpStream> = (0..12)
        .map(|_| {
            let mut stream = TcpStream::connect(server.address()).expect("it connects");
            stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").expect("it is sent");
            stream.write_all(&frame(4, 0, 0, &NO_WINDOW)).expect("it is sent");
            for number in 0..STREAMS {
                stream.write_all(&frame(1, 5, 1 + 2 * number, &head)).expect("it is sent");
            }
            let statuses = statuses(&mut stream, STREAMS as usize);
            taken.push(statuses.iter().filter(|status| **status == OK).count());
            stream
        })
        .collect();
    let (list_bytes, all) = (1_000_000, taken.iter().sum::<usize>());
    assert!(taken[0] > 1 && taken[0] * list_bytes <= TRAFFIC_BYTES / 2, "{taken:?}");
    assert!(all * list_bytes <= TRAFFIC_BYTES, "{taken:?}");
    check_served(server.address());
    drop(greedy);
}

#[test]
fn bodies_over_http_that_do_not_end_are_bounded_over_all_connections() {
    let server = server();
    const BODY_BYTES: usize = 240 * 1024;
    let greedy: Vec<TcpStream> = (0..100)
        .map(|_| {
            let mut stream = TcpStream::connect(server.address()).expect("it connects");
            let length = BODY_BYTES + 1;
            let head =
                format!("POST /v1/locks/x HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n\r\n");
            // Whoever is refused is not read to its end.
            let _ = stream
                .write_all(head.as_bytes())
                .and_then(|()| stream.write_all(&[b' '; BODY_BYTES]));
            stream
        })
        .collect();
    let deadline = Instant::now() + Duration::from_secs(10);
    let is_refused = |stream: &TcpStream| {
        stream.set_nonblocking(true).expect("it does not block");
        let mut answer = [0; 12];
        stream.peek(&mut answer).is_ok_and(|_| answer == *b"HTTP/1.1 429")
    };
    while !greedy.iter().any(is_refused) {
        assert!(Instant::now() < deadline, "all of it was taken");
        std::thread::yield_now();
    }
    check_served(server.address());
}

#[test]
fn answers_that_native_connections_do_not_read_are_bounded_over_all_of_them() {
    let server = server();
    let list = Op::ListLocks(proto::ListLocks { len_max: 1_000, ..Default::default() });
    let greedy: Vec<Client> = (0..40)
        .map(|_| {
            let mut client = Client::connect(server.address());
            for _ in 0..30 {
                client.send(list.clone());
            }
            client
        })
        .collect();
    check_served(server.address());
    // Some were given up, and are told by the end of their connection.
    let ended = greedy.into_iter().filter_map(|mut client| {
        let mut read = 0;
        while read < 30 && client.receive().is_some() {
            read += 1;
        }
        (read < 30).then_some(())
    });
    assert!(ended.count() >= 20);
    check_served(server.address());
}
