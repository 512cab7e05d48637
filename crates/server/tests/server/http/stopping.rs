//! A server that stops answers those who wait.

use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;

use super::client::{Answer, Http};
use super::until;
use super::watch::Follower;
use crate::running::Running;

/// It was answered that the server stops, and nothing comes after.
fn assert_draining(mut http: Http) {
    let answer: Answer = http.answer();
    assert_eq!(answer.problem(), (503, "draining".to_owned()), "{answer}");
    assert_eq!(answer.header("retry-after"), Some("1"), "{answer}");
    assert!(answer.detail().contains("stopping"), "{answer}");
    assert_eq!(http.rest(), b"");
}

#[test]
fn whoever_waits_is_answered_when_the_server_stops() {
    let server = Running::in_memory();
    let mut http = Http::connect(server.address());
    http.acquire("x", "{\"ttl\":\"1m\"}");
    let session = http.post("/v1/sessions", "{\"ttl\":\"1m\"}").good();
    let in_session = json!({"wait": "1m", "session": session["session"]}).to_string();
    let named = json!({"wait": "1m", "request_id": "0123456789abcdef"}).to_string();
    let mut waiting = Vec::new();
    for body in ["{\"wait\":\"1m\"}", &in_session, &named] {
        let mut waiter = Http::connect(server.address());
        waiter.send("POST", "/v1/locks/x", body);
        waiting.push(waiter);
        until(&mut http, "x", |lock| lock["waiters_total"] == waiting.len());
    }
    let mut follower = Follower::begin(server.address(), "name=x", None);
    let (revision, _) = follower.snapshot();
    let mut reader = Http::connect(server.address());
    reader.send("GET", &format!("/v1/locks/x?wait_revision={revision}&wait=1m"), "");
    waiting.push(reader);
    // What came before these is under way when they are answered.
    (0..10).for_each(|n| drop(http.acquire(&format!("other{n}"), "")));
    let stopping = thread::spawn(move || {
        let begin = Instant::now();
        server.stop().expect("it stops");
        begin.elapsed()
    });
    waiting.into_iter().for_each(assert_draining);
    let (_, name, data) = follower.event().expect("a last event");
    assert_eq!((name.as_str(), &data["servers"]), ("leaving", &json!([])));
    assert!(follower.event().is_none());
    let took = stopping.join().expect("no panic");
    assert!(took < Duration::from_secs(1), "nobody is left to wait for, it took {took:?}");
}
