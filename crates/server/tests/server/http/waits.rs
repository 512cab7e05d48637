//! Waiting for as long as the client is there.

use serde_json::{Value, json};

use super::client::Http;
use super::until;
use crate::running::Running;

fn waiters(lock: &Value) -> usize {
    lock["waiters"].as_array().map_or(0, Vec::len)
}

#[test]
fn waiters_are_granted_in_order_and_told_at_once() {
    let server = Running::in_memory();
    let mut http = Http::connect(server.address());
    let mut hold = http.acquire("x", "");
    let mut waiting = Vec::new();
    for place in 1..=3 {
        let mut waiter = Http::connect(server.address());
        waiter.send("POST", "/v1/locks/x", "{\"wait\":\"30s\",\"ttl\":\"1s\"}");
        let lock = until(&mut http, "x", |lock| waiters(lock) == place);
        assert_eq!(lock["waiters"][place - 1]["position"], place);
        waiting.push(waiter);
    }
    for waiter in &mut waiting {
        http.release(&hold);
        let next = waiter.answer().good();
        assert!(next["token"].as_u64() > hold["token"].as_u64());
        hold = next;
    }
}

#[test]
fn a_session_of_its_own_outlives_its_ttl_while_it_waits() {
    let server = Running::in_memory();
    let mut http = Http::connect(server.address());
    let hold = http.acquire("x", "{\"ttl\":\"1m\"}");
    let mut waiter = Http::connect(server.address());
    waiter.send("POST", "/v1/locks/x", "{\"wait\":\"30s\",\"ttl\":\"500ms\"}");
    let lock = until(&mut http, "x", |lock| {
        waiters(lock) == 1 && lock["waiters"][0]["waited_ms"].as_u64() > Some(1_500)
    });
    assert_eq!(waiters(&lock), 1);
    http.release(&hold);
    waiter.answer().good();
}

#[test]
fn a_wait_that_is_over_says_who_was_in_the_way() {
    let server = Running::in_memory();
    let mut http = Http::connect(server.address());
    let hold = http.acquire("x", "");
    let late = http.post("/v1/locks/x", "{\"wait\":\"50ms\"}");
    assert_eq!(late.problem(), (409, "wait_timed_out".to_owned()));
    assert_eq!(late.json()["holder"]["token"], hold["token"]);
    let session = http.post("/v1/sessions", "").good();
    let body = json!({"wait": "50ms", "session": session["session"]}).to_string();
    assert_eq!(http.post("/v1/locks/x", &body).problem(), (409, "wait_timed_out".to_owned()));
    let lock = http.get("/v1/locks/x").good();
    assert_eq!(waiters(&lock), 0);
}

#[test]
fn a_waiter_leaves_the_queue_when_its_client_goes_away() {
    let server = Running::in_memory();
    let mut http = Http::connect(server.address());
    let hold = http.acquire("x", "");
    let session = http.post("/v1/sessions", "{\"ttl\":\"1m\"}").good();
    let in_session = json!({"wait": "1m", "session": session["session"]}).to_string();
    for body in ["{\"wait\":\"1m\",\"ttl\":\"1m\"}", &in_session] {
        let mut gone = Http::connect(server.address());
        gone.send("POST", "/v1/locks/x", body);
        until(&mut http, "x", |lock| waiters(lock) == 1);
        drop(gone);
        until(&mut http, "x", |lock| waiters(lock) == 0);
    }
    let sessions = http.get("/v1/sessions").good();
    assert_eq!(sessions["sessions"].as_array().map(Vec::len), Some(2), "{sessions}");
    // Nobody stands in the way of the next.
    http.release(&hold);
    http.acquire("x", "");
}

#[test]
fn a_client_is_missed_whatever_it_said_after_its_request() {
    let server = Running::in_memory();
    let mut http = Http::connect(server.address());
    http.acquire("x", "{\"ttl\":\"1m\"}");
    let quick = "GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n";
    for said in ["\n", "\r\n", "GET /", quick, &quick.repeat(800)] {
        for is_half in [false, true] {
            let mut gone = Http::connect(server.address());
            gone.send("POST", "/v1/locks/x", "{\"wait\":\"1m\"}");
            until(&mut http, "x", |lock| waiters(lock) == 1);
            gone.send_bytes(said.as_bytes());
            if is_half {
                gone.stream.shutdown(std::net::Shutdown::Write).expect("it ends");
                until(&mut http, "x", |lock| waiters(lock) == 0);
            }
            drop(gone);
            until(&mut http, "x", |lock| waiters(lock) == 0);
        }
    }
}

#[test]
fn what_is_said_at_once_is_answered_in_order_also_behind_a_wait() {
    let server = Running::in_memory();
    let mut http = Http::connect(server.address());
    let hold = http.acquire("x", "");
    let mut waiter = Http::connect(server.address());
    waiter.send("GET", "/healthz", "");
    waiter.send("POST", "/v1/locks/x", "{\"wait\":\"1m\"}");
    (0..500).for_each(|_| waiter.send("GET", "/healthz", ""));
    until(&mut http, "x", |lock| waiters(lock) == 1);
    http.release(&hold);
    waiter.answer().good();
    assert_eq!(waiter.answer().good()["name"], "x");
    (0..500).for_each(|_| drop(waiter.answer().good()));
}

#[test]
fn waits_of_one_session_over_several_connections_do_not_take_each_others_news() {
    let server = Running::in_memory();
    let mut http = Http::connect(server.address());
    let session = http.post("/v1/sessions", "{\"ttl\":\"1m\"}").good();
    let holds: Vec<Value> = ["a", "b", "c"].iter().map(|name| http.acquire(name, "")).collect();
    let mut waiting = Vec::new();
    for name in ["a", "b", "c"] {
        let mut waiter = Http::connect(server.address());
        let body = json!({"wait": "30s", "session": session["session"]}).to_string();
        waiter.send("POST", &format!("/v1/locks/{name}"), &body);
        until(&mut http, name, |lock| waiters(lock) == 1);
        waiting.push((name, waiter));
    }
    for (hold, (name, mut waiter)) in holds.iter().zip(waiting) {
        http.release(hold);
        assert_eq!(waiter.answer().good()["name"], name);
    }
}

#[test]
fn a_wait_ends_with_its_session_and_says_so() {
    let server = Running::in_memory();
    let mut http = Http::connect(server.address());
    http.acquire("x", "{\"ttl\":\"1m\"}");
    let session = http.post("/v1/sessions", "{\"ttl\":\"500ms\"}").good();
    let body = json!({"wait": "30s", "session": session["session"]}).to_string();
    let mut waiter = Http::connect(server.address());
    let ended = waiter.post("/v1/locks/x", &body);
    assert_eq!(ended.problem(), (410, "session_expired".to_owned()));
}

#[test]
fn a_full_queue_is_refused_with_a_time_to_come_back() {
    let server = Running::in_memory();
    let mut http = Http::connect(server.address());
    http.acquire("x", "");
    let full = http.post("/v1/locks/x", "{\"wait\":\"1s\",\"max_waiters\":0}");
    assert_eq!(full.problem(), (429, "queue_full".to_owned()));
    assert_eq!(full.header("retry-after"), Some("1"));
}
