//! What a web page of another origin gets: nothing.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use bramah_server::{Config, Storage};

use crate::running::{Running, config};

/// The status and the body that a request for a WebSocket gets with these headers more.
fn ask(server: &Running, path: &str, headers: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(server.address()).expect("it connects");
    stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a time-out");
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close, Upgrade\r\n\
         Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{headers}\r\n",
        server.address()
    );
    stream.write_all(request.as_bytes()).expect("it is sent");
    let mut answer = Vec::new();
    let mut part = [0; 4096];
    while !answer.windows(4).any(|it| it == b"\r\n\r\n") {
        let bytes = stream.read(&mut part).expect("an answer");
        assert_ne!(bytes, 0, "it closed");
        answer.extend_from_slice(&part[..bytes]);
    }
    let status = String::from_utf8_lossy(&answer[9..12]).parse().expect("a status");
    if status != 101 {
        stream.read_to_end(&mut answer).expect("the rest");
    }
    (status, String::from_utf8_lossy(&answer).into_owned())
}

#[test]
fn a_page_of_another_origin_is_refused_and_others_are_not() {
    let origins = vec!["https://locks.example".to_owned()];
    let server = Running::start(Config { origins, ..config(Storage::Memory) }).expect("it starts");
    let address = server.address();
    for (origin, expected) in [
        (None, 101),
        (Some(format!("http://{address}")), 101),
        (Some("https://locks.example".to_owned()), 101),
        (Some("https://evil.example".to_owned()), 403),
        (Some(format!("http://localhost:{}", address.port())), 403),
        (Some("null".to_owned()), 403),
    ] {
        let header = origin.map_or(String::new(), |origin| format!("Origin: {origin}\r\n"));
        let (status, answer) = ask(&server, "/v1/ws", &header);
        assert_eq!(status, expected, "{header}{answer}");
        assert!(status == 101 || answer.contains("\"denied\""), "{answer}");
    }
}

#[test]
fn a_subprotocol_that_is_not_spoken_is_refused_by_the_names_of_those_that_are() {
    let server = Running::in_memory();
    let (status, answer) = ask(&server, "/v1/ws", "Sec-WebSocket-Protocol: chat\r\n");
    assert_eq!(status, 400, "{answer}");
    assert!(answer.contains("bramah.v1.proto, bramah.v1.json are spoken"), "{answer}");
    let (status, answer) = ask(&server, "/v1/ws", "Sec-WebSocket-Version: 8\r\n");
    assert_eq!(status, 101, "the first of two counts: {answer}");
    assert_eq!(ask(&server, "/v1/other", "").0, 404);
}
