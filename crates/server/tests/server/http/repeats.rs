//! A request that its client named is done once, however often it is sent.

use bramah_core::limits::HOLDERS_SHOWN_MAX;
use bramah_server::limits::REPEATS_LOOKED_AT_MAX;
use bramah_wire::request::WAITERS_SHOWN_MAX;
use serde_json::{Value, json};

use super::client::Http;
use super::until;
use crate::running::Running;

const ID: &str = "0b7c2f3e-52a1-4a0e-9b1e-6a2f5d1c9e10";

fn body(wait: &str) -> String {
    json!({"request_id": ID, "wait": wait, "ttl": "1m"}).to_string()
}

fn holders(lock: &Value) -> usize {
    lock["holders"].as_array().map_or(0, Vec::len)
}

#[test]
fn a_repeat_gets_the_same_hold_over_any_connection() {
    let server = Running::in_memory();
    let mut http = Http::connect(server.address());
    let first = http.acquire("x", &body("0"));
    let second = Http::connect(server.address()).acquire("x", &body("0"));
    assert_eq!((&first["hold"], &first["token"]), (&second["hold"], &second["token"]));
    assert_eq!(http.get("/v1/sessions").good()["sessions"].as_array().map(Vec::len), Some(1));
    http.release(&second);
    // What was given back is not given again, however late the repeat comes.
    let late = http.post("/v1/locks/x", &body("0"));
    assert_eq!(late.problem(), (410, "session_ended".to_owned()));
    assert_eq!(holders(&http.get("/v1/locks/x").good()), 0);
    // Another lock or another id is another request.
    http.acquire("y", &body("0"));
    http.acquire("x", &json!({"request_id": "another-request-id"}).to_string());
}

#[test]
fn a_repeat_of_a_shared_acquire_does_not_hold_twice() {
    let server = Running::in_memory();
    let mut http = Http::connect(server.address());
    let shared = json!({"request_id": ID, "mode": "shared"}).to_string();
    let first = http.acquire("x", &shared);
    let second = http.acquire("x", &shared);
    assert_eq!(first["hold"], second["hold"]);
    assert_eq!(holders(&http.get("/v1/locks/x").good()), 1);
}

#[test]
fn a_named_waiter_keeps_its_place_for_its_repeat() {
    let server = Running::in_memory();
    let mut http = Http::connect(server.address());
    let hold = http.acquire("x", "");
    let mut gone = Http::connect(server.address());
    gone.send("POST", "/v1/locks/x", &body("30s"));
    until(&mut http, "x", |lock| lock["waiters_total"] == 1);
    drop(gone);
    let mut other = Http::connect(server.address());
    other.send("POST", "/v1/locks/x", "{\"wait\":\"30s\"}");
    until(&mut http, "x", |lock| lock["waiters_total"] == 2);
    let mut again = Http::connect(server.address());
    again.send("POST", "/v1/locks/x", &body("30s"));
    http.release(&hold);
    let granted = again.answer().good();
    let lock = http.get("/v1/locks/x").good();
    assert_eq!(lock["holders"][0]["token"], granted["token"]);
    http.release(&granted);
    other.answer().good();
}

#[test]
fn another_way_of_holding_is_no_repeat() {
    let server = Running::in_memory();
    let mut http = Http::connect(server.address());
    let session = http.post("/v1/sessions", "{\"ttl\":\"1m\"}").good();
    for (name, session) in [("x", None), ("y", session["session"].as_str())] {
        let body = |more: Value| {
            let mut body = json!({"request_id": ID});
            session.iter().for_each(|session| body["session"] = json!(session));
            let fields = more.as_object().expect("an object").clone();
            body.as_object_mut().expect("an object").extend(fields);
            body.to_string()
        };
        let first = http.acquire(name, &body(json!({"limit": 5})));
        let path = format!("/v1/locks/{name}");
        for more in [json!({}), json!({"mode": "shared"}), json!({"limit": 5, "permits": 2})] {
            let other = http.post(&path, &body(more));
            assert_eq!(other.problem(), (400, "invalid_request".to_owned()), "{other}");
            assert!(other.detail().contains("as 1 permits out of 5"), "{other}");
        }
        // Nothing became of the first by that, and less patience is no other request.
        let again = http.acquire(name, &body(json!({"limit": 5, "wait": "1s"})));
        assert_eq!(again["hold"], first["hold"]);
    }
}

#[test]
fn a_repeat_finds_its_hold_among_so_many_that_ended_since() {
    let server = Running::in_memory();
    let mut http = Http::connect(server.address());
    let first = http.acquire("x", &body("0"));
    http.release(&first);
    let session = http.post("/v1/sessions", "{\"ttl\":\"1m\"}").good();
    let cycle = |http: &mut Http| {
        let hold = http.acquire("x", &json!({"session": session["session"]}).to_string());
        http.release(&hold);
    };
    (1..REPEATS_LOOKED_AT_MAX).for_each(|_| cycle(&mut http));
    assert_eq!(http.post("/v1/locks/x", &body("0")).problem(), (410, "session_ended".to_owned()));
    // Beyond, it is a request like any other.
    cycle(&mut http);
    let again = http.acquire("x", &body("0"));
    assert!(again["token"].as_u64() > first["token"].as_u64());
}

#[test]
fn where_not_all_holders_or_waiters_can_be_looked_at_nothing_is_done_twice() {
    let server = Running::in_memory();
    let mut http = Http::connect(server.address());
    let shared = json!({"mode": "shared", "ttl": "1m"}).to_string();
    let named = |id: &str| {
        json!({"request_id": id, "mode": "shared", "wait": "1m", "ttl": "1m"}).to_string()
    };
    let first = http.acquire("x", &named(ID));
    (2..HOLDERS_SHOWN_MAX).for_each(|_| drop(http.acquire("x", &shared)));
    // The last that is shown is found again.
    let last = http.acquire("x", &named("0b7c2f3e-the-last-one"));
    http.acquire("x", &shared);
    for (id, hold) in [(ID, &first), ("0b7c2f3e-the-last-one", &last)] {
        assert_eq!(http.acquire("x", &named(id))["hold"], hold["hold"]);
    }
    let more = http.post("/v1/locks/x", &named("0b7c2f3e-one-too-many"));
    assert_eq!(more.problem(), (429, "limit_exceeded".to_owned()));
    assert!(more.detail().contains("use a session"), "{more}");
    assert_eq!(http.get("/v1/locks/x").good()["holders_total"], HOLDERS_SHOWN_MAX + 1);
    // It is the same of waiters.
    let hold = http.acquire("y", "{\"ttl\":\"1m\"}");
    let session = http.post("/v1/sessions", "{\"ttl\":\"1m\"}").good();
    let queue =
        json!({"session": session["session"], "wait": "1m", "if_held": "queue"}).to_string();
    let mut waiting: Vec<Http> = (0..=WAITERS_SHOWN_MAX)
        .map(|_| {
            let mut waiter = Http::connect(server.address());
            waiter.send("POST", "/v1/locks/y", &queue);
            waiter
        })
        .collect();
    until(&mut http, "y", |lock| lock["waiters_total"] == waiting.len());
    let more = http.post("/v1/locks/y", &named("0b7c2f3e-one-too-many"));
    assert_eq!(more.problem(), (429, "limit_exceeded".to_owned()));
    waiting.clear();
    until(&mut http, "y", |lock| lock["waiters_total"] == 0);
    http.release(&hold);
    http.acquire("y", &named("0b7c2f3e-one-too-many"));
}

#[test]
fn repeats_at_the_same_time_come_to_one_hold() {
    let server = Running::in_memory();
    let mut http = Http::connect(server.address());
    for round in 0..20 {
        let name = format!("x{round}");
        let shared = json!({"request_id": ID, "mode": "shared", "wait": "10s"}).to_string();
        let body = if round % 2 == 0 { body("10s") } else { shared };
        let mut all: Vec<Http> = (0..6).map(|_| Http::connect(server.address())).collect();
        all.iter_mut().for_each(|it| it.send("POST", &format!("/v1/locks/{name}"), &body));
        let holds: Vec<Value> =
            all.iter_mut().map(|it| it.answer().good()["hold"].clone()).collect();
        assert!(holds.iter().all(|hold| *hold == holds[0]), "{holds:?}");
        let lock = until(&mut http, &name, |lock| {
            lock["holders_total"] == 1 && lock["waiters_total"] == 0
        });
        assert_eq!(holders(&lock), 1);
    }
}

#[test]
fn repeats_that_wait_at_the_same_time_are_all_told_at_once() {
    let server = Running::in_memory();
    let mut http = Http::connect(server.address());
    for round in 0..5 {
        let name = format!("x{round}");
        let hold = http.acquire(&name, "");
        let mut all: Vec<Http> = (0..3).map(|_| Http::connect(server.address())).collect();
        for waiter in &mut all {
            waiter.send("POST", &format!("/v1/locks/{name}"), &body("1m"));
            // The first stands in the queue, and the others most likely wait with it.
            until(&mut http, &name, |lock| lock["waiters_total"] == 1);
            (0..20).for_each(|_| drop(http.get("/healthz").good()));
        }
        http.release(&hold);
        let holds: Vec<Value> =
            all.iter_mut().map(|it| it.answer().good()["hold"].clone()).collect();
        assert!(holds.iter().all(|hold| *hold == holds[0]), "{holds:?}");
    }
}

#[test]
fn in_a_session_too_a_repeat_is_the_same_request() {
    let server = Running::in_memory();
    let mut http = Http::connect(server.address());
    let session = http.post("/v1/sessions", "{\"ttl\":\"1m\"}").good();
    let named = |id: &str, wait: &str| {
        json!({"request_id": id, "wait": wait, "session": session["session"]}).to_string()
    };
    let first = http.acquire("x", &named("1", "0"));
    let second = http.acquire("x", &named("1", "0"));
    assert_eq!(first["hold"], second["hold"]);
    assert_eq!(second["already_held"], false);
    let other = http.acquire("x", &named("2", "0"));
    assert_eq!((&other["already_held"], &other["hold"]), (&json!(true), &first["hold"]));
    http.release(&first);
    let late = http.post("/v1/locks/x", &named("1", "0"));
    assert_eq!(late.problem(), (412, "not_holder".to_owned()));

    // A waiter keeps its place when its connection breaks.
    let hold = http.acquire("y", "");
    let mut gone = Http::connect(server.address());
    gone.send("POST", "/v1/locks/y", &named("3", "30s"));
    until(&mut http, "y", |lock| lock["waiters_total"] == 1);
    drop(gone);
    let mut again = Http::connect(server.address());
    again.send("POST", "/v1/locks/y", &named("3", "30s"));
    http.release(&hold);
    again.answer().good();
}
