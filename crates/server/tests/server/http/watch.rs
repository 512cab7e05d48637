//! Following locks, by events and by reads that wait.

use std::net::SocketAddr;

use serde_json::{Value, json};

use super::client::Http;
use super::until;
use crate::running::Running;

/// One who follows.
pub(super) struct Follower(Http);

/// An event: its id, its name and its data.
pub(super) type Event = (Option<String>, String, Value);

impl Follower {
    pub(super) fn begin(address: SocketAddr, query: &str, last_id: Option<&str>) -> Follower {
        let mut http = Http::connect(address);
        let last_id = last_id.map(|id| format!("last-event-id: {id}\r\n")).unwrap_or_default();
        // HTTP/1.0, whose bodies end with the connection and have nothing between their lines.
        http.send_bytes(format!("GET /v1/watch?{query} HTTP/1.0\r\n{last_id}\r\n").as_bytes());
        let head: Vec<String> =
            std::iter::from_fn(|| http.line().filter(|line| !line.is_empty())).collect();
        assert!(head[0].contains("200"), "{head:?}");
        assert!(head.contains(&"content-type: text/event-stream".to_owned()), "{head:?}");
        Follower(http)
    }

    /// The next event; none at the end.
    pub(super) fn event(&mut self) -> Option<Event> {
        let (mut id, mut name, mut data) = (None, None, None);
        loop {
            let line = self.0.line()?;
            match line.split_once(": ") {
                Some(("id", text)) => id = Some(text.to_owned()),
                Some(("event", text)) => name = Some(text.to_owned()),
                Some(("data", text)) => data = Some(serde_json::from_str(text).expect("JSON")),
                // A comment, or the empty line at the end of an event.
                _ => {
                    if let (Some(name), Some(data)) = (name.take(), data.take()) {
                        return Some((id, name, data));
                    }
                }
            }
        }
    }

    pub(super) fn snapshot(&mut self) -> (u64, Value) {
        let (id, name, data) = self.event().expect("an event");
        assert_eq!(name, "snapshot", "{data}");
        assert!(id.is_some());
        (data["revision"].as_u64().expect("a revision"), data["locks"].clone())
    }

    /// The kind and the lock's name of the next change.
    fn change(&mut self) -> (String, String) {
        let (_, name, data) = self.event().expect("an event");
        assert_eq!(name, "change", "{data}");
        let text = |value: &Value| value.as_str().expect("text").to_owned();
        (text(&data["kind"]), text(&data["lock"]["name"]))
    }
}

#[test]
fn a_follower_sees_the_locks_as_they_are_and_then_every_change_in_order() {
    let server = Running::in_memory();
    let mut http = Http::connect(server.address());
    http.acquire("a%2F1", "{\"value\":\"v\"}");
    http.acquire("b", "");
    let mut follower = Follower::begin(server.address(), "prefix=a/", None);
    let (revision, locks) = follower.snapshot();
    assert_eq!((locks.as_array().map(Vec::len), &locks[0]["name"]), (Some(1), &json!("a/1")));
    assert_eq!(locks[0]["holders"][0]["value"], "v");
    let mut expected = Vec::new();
    for n in 2..30 {
        let hold = http.acquire(&format!("a%2F{n}"), "");
        http.acquire(&format!("b{n}"), "");
        http.release(&hold);
        expected.push(("granted".to_owned(), format!("a/{n}")));
        expected.push(("ended".to_owned(), format!("a/{n}")));
    }
    let mut last = revision;
    for expected in expected {
        let (id, _, data) = follower.event().expect("an event");
        let found = (data["kind"].as_str().expect("a kind"), data["lock"]["name"].as_str());
        assert_eq!(found, (expected.0.as_str(), Some(expected.1.as_str())));
        assert!(id.is_some());
        assert!(data["revision"].as_u64() > Some(last), "{data} after {last}");
        last = data["revision"].as_u64().unwrap_or(last);
    }
}

#[test]
fn a_follower_that_comes_back_goes_on_where_it_was() {
    let server = Running::in_memory();
    let mut http = Http::connect(server.address());
    let mut follower = Follower::begin(server.address(), "name=x", None);
    follower.snapshot();
    let first = http.acquire("x", "");
    let (id, ..) = follower.event().expect("an event");
    drop(follower);
    http.release(&first);
    let second = http.acquire("x", "");
    http.acquire("x2", "");
    let mut follower = Follower::begin(server.address(), "name=x", id.as_deref());
    assert_eq!(follower.change(), ("ended".to_owned(), "x".to_owned()));
    let (_, _, data) = follower.event().expect("an event");
    assert_eq!((&data["kind"], &data["token"]), (&json!("granted"), &second["token"]));
    // What cannot be gone on from begins anew: it is long ago, or of another table.
    let id = id.expect("an id");
    let (cluster, _) = id.split_once('-').expect("of a cluster");
    for strange in [&format!("{cluster}-0"), &format!("{cluster}-{}", u64::MAX), "0", "2", "1-2"] {
        let mut follower = Follower::begin(server.address(), "prefix=x", Some(strange));
        assert_eq!(follower.snapshot().1.as_array().map(Vec::len), Some(2));
    }
}

#[test]
fn nobody_goes_on_after_an_event_of_an_earlier_life_of_the_server() {
    let events = |before: Option<&str>| {
        let server = Running::in_memory();
        let mut http = Http::connect(server.address());
        // Somebody follows, so all changes are there.
        let mut first = Follower::begin(server.address(), "name=x", None);
        first.snapshot();
        for _ in 0..5 {
            let hold = http.acquire("x", "");
            http.release(&hold);
        }
        let (id, ..) = first.event().expect("an event");
        let after = before.or(id.as_deref());
        let next = Follower::begin(server.address(), "name=x", after).event();
        next.map(|(_, name, _)| (id, name))
    };
    let (id, name) = events(None).expect("an event");
    assert_eq!(name, "change");
    let (_, name) = events(id.as_deref()).expect("an event");
    assert_eq!(name, "snapshot");
}

#[test]
fn a_snapshot_of_more_than_a_page_comes_in_parts_and_misses_nothing() {
    let server = Running::in_memory();
    let mut http = Http::connect(server.address());
    let session = http.post("/v1/sessions", "{\"ttl\":\"1m\"}").good();
    let body = json!({"session": session["session"]}).to_string();
    (0..1_500).for_each(|n| drop(http.acquire(&format!("n{n:04}"), &body)));
    let mut follower = Follower::begin(server.address(), "prefix=n", None);
    let (id, name, data) = follower.event().expect("an event");
    assert_eq!((id, name.as_str(), &data["more"]), (None, "snapshot", &json!(true)));
    let (id, _, rest) = follower.event().expect("an event");
    assert!(id.is_some());
    let count = |data: &Value| data["locks"].as_array().map_or(0, Vec::len);
    assert_eq!((count(&data) + count(&rest), &rest["more"]), (1_500, &json!(false)));
    http.acquire("n9999", "");
    assert_eq!(follower.change(), ("granted".to_owned(), "n9999".to_owned()));
}

#[test]
fn a_follower_that_is_too_slow_is_told_and_gets_a_new_snapshot() {
    let server = Running::in_memory();
    let mut http = Http::connect(server.address());
    let hold = http.acquire("x", "");
    let mut follower = Follower::begin(server.address(), "name=x", None);
    follower.snapshot();
    // Much more than all buffers between the two hold.
    for n in 0..500 {
        let value = format!("{n:060000}");
        let body = json!({"hold": hold["hold"], "value": value}).to_string();
        assert_eq!(http.ask("PUT", "/v1/locks/x/value", &body).status, 204);
    }
    let mut changes = 0;
    let lagged = loop {
        let (_, name, data) = follower.event().expect("an event");
        if name != "change" {
            break (name, data);
        }
        changes += 1;
    };
    assert_eq!(lagged.0, "lagged", "{}", lagged.1);
    assert!(changes < 500);
    let (_, locks) = follower.snapshot();
    let value = locks[0]["holders"][0]["value"].as_str().expect("a value");
    assert_eq!(value.trim_start_matches('0'), "499");
    http.release(&hold);
    assert_eq!(follower.change(), ("ended".to_owned(), "x".to_owned()));
}

#[test]
fn many_follow_the_same_and_all_see_all() {
    let server = Running::in_memory();
    let mut http = Http::connect(server.address());
    let mut all: Vec<Follower> =
        (0..200).map(|_| Follower::begin(server.address(), "prefix=", None)).collect();
    all.iter_mut().for_each(|follower| drop(follower.snapshot()));
    let hold = http.acquire("x", "");
    http.release(&hold);
    for follower in &mut all {
        assert_eq!(follower.change(), ("granted".to_owned(), "x".to_owned()));
        assert_eq!(follower.change(), ("ended".to_owned(), "x".to_owned()));
    }
}

#[test]
fn a_read_waits_until_the_lock_changes() {
    let server = Running::in_memory();
    let mut http = Http::connect(server.address());
    let hold = http.acquire("x", "");
    let lock = http.get("/v1/locks/x").good();
    let path = |revision: &Value| format!("/v1/locks/x?wait_revision={revision}&wait=20s");
    // From here on the server keeps what changes.
    let short = format!("/v1/locks/x?wait_revision={}&wait=1ms", lock["revision"]);
    let lock = http.get(&short).good();
    let mut reader = Http::connect(server.address());
    reader.send("GET", &path(&lock["revision"]), "");
    (0..10).for_each(|n| drop(http.acquire(&format!("other{n}"), "")));
    http.release(&hold);
    let changed = reader.answer().good();
    assert_eq!(changed["holders_total"], 0);
    assert!(changed["revision"].as_u64() > lock["revision"].as_u64());
    // What changed before is told at once.
    let again = http.get(&path(&lock["revision"])).good();
    assert_eq!(again["revision"], changed["revision"]);
    // And nothing, when the wait is over.
    let path = format!("/v1/locks/x?wait_revision={}&wait=50ms", changed["revision"]);
    assert_eq!(http.get(&path).good()["holders_total"], 0);
    assert_eq!(http.get("/v1/locks/x?wait=1s").problem().0, 400);
    assert_eq!(http.get("/v1/locks/x?wait_revision=1&wait=601s").problem().0, 400);
}

#[test]
fn what_is_asked_wrongly_gets_an_error_and_no_stream() {
    let server = Running::in_memory();
    let mut http = Http::connect(server.address());
    for query in ["", "?name=x&prefix=x", "?name=", "?prefix=%ff"] {
        assert_eq!(http.get(&format!("/v1/watch{query}")).problem().0, 400, "{query}");
    }
    http.send_with("GET", "/v1/watch?name=x", &[("last-event-id", "x")], "");
    assert!(http.answer().detail().contains("Last-Event-ID"));
}

#[test]
fn those_who_followed_leave_nothing_behind() {
    let server = Running::in_memory();
    let mut http = Http::connect(server.address());
    for _ in 0..20 {
        let mut follower = Follower::begin(server.address(), "name=x", None);
        follower.snapshot();
    }
    until(&mut http, "x", |lock| lock["holders_total"] == 0);
    let hold = http.acquire("x", "");
    http.release(&hold);
}
