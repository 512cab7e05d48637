//! Snapshots in parts, for one who reads slowly.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};

use serde_json::{Value, json};

use super::client::{Http, PATIENCE};
use super::watch::Follower;
use crate::running::Running;

/// Large values, so that all of them are more than the sockets between the two hold.
const VALUE_BYTES: usize = 60_000;
const LOCKS: usize = 400;

/// Events whose lines are long.
struct Lines(BufReader<TcpStream>);

impl Lines {
    fn begin(address: SocketAddr, query: &str) -> Lines {
        let mut stream = TcpStream::connect(address).expect("it connects");
        stream.set_read_timeout(Some(PATIENCE)).expect("a time-out");
        let request = format!("GET /v1/watch?{query} HTTP/1.0\r\n\r\n");
        stream.write_all(request.as_bytes()).expect("it is sent");
        Lines(BufReader::new(stream))
    }

    /// What stands behind the first of these that a line begins with, and which it is.
    fn next<'a>(&mut self, names: &[&'a str]) -> (&'a str, String) {
        loop {
            let mut line = String::new();
            assert!(self.0.read_line(&mut line).expect("it goes on") > 0, "it ended");
            let found = names.iter().find_map(|name| Some((*name, line.strip_prefix(name)?)));
            if let Some((name, text)) = found {
                return (name, text.trim().to_owned());
            }
        }
    }

    /// The next data, and the id of what had one last before it.
    fn data(&mut self) -> (String, Value) {
        let mut id = String::new();
        loop {
            match self.next(&["id:", "data:"]) {
                ("id:", text) => id = text,
                (_, text) => return (id, serde_json::from_str(&text).expect("JSON")),
            }
        }
    }
}

#[test]
fn parts_are_read_as_they_are_sent_and_who_comes_back_misses_nothing_between() {
    let server = Running::in_memory();
    let mut http = Http::connect(server.address());
    let session = http.post("/v1/sessions", "{\"ttl\":\"1m\"}").good();
    let value = "v".repeat(VALUE_BYTES);
    let body = json!({"session": session["session"], "value": value}).to_string();
    let mut acquire = |n: usize| http.acquire(&format!("n{n:04}"), &body);
    let holds: Vec<Value> = (0..LOCKS).map(&mut acquire).collect();
    let mut lines = Lines::begin(server.address(), "prefix=n");
    assert_eq!(lines.next(&["event:"]).1, "snapshot");
    // The first part was read, and the last one is far behind it.
    http.release(&holds[0]);
    http.acquire("n9999", "");
    let (mut id, mut part) = lines.data();
    assert_eq!(part["locks"][0]["name"], "n0000");
    let mut parts = 1;
    while part["more"] == true {
        assert_eq!(id, "");
        (id, part) = lines.data();
        parts += 1;
    }
    assert!(parts > 2, "{parts}");
    let last = part["locks"].as_array().and_then(|locks| locks.last()).expect("a lock");
    assert_eq!(last["name"], "n9999", "it was read after it had changed");
    // It breaks before a change is told.
    drop(lines);
    let mut follower = Follower::begin(server.address(), "prefix=n", Some(&id));
    let mut change = || follower.event().map(|(_, _, data)| data).expect("an event");
    let (ended, granted) = (change(), change());
    assert_eq!((&ended["kind"], &ended["lock"]["name"]), (&json!("ended"), &json!("n0000")));
    assert_eq!((&granted["kind"], &granted["lock"]["name"]), (&json!("granted"), &json!("n9999")));
}
