//! What another lock service over HTTP got wrong, asked of this one.

use serde_json::Value;

use super::client::Http;
use super::until;
use crate::running::Running;

#[test]
fn exclusive_is_exclusive_after_it_was_handed_over_from_readers() {
    let server = Running::in_memory();
    let mut http = Http::connect(server.address());
    let reader = http.acquire("x", "{\"mode\":\"shared\"}");
    let mut writer = Http::connect(server.address());
    writer.send("POST", "/v1/locks/x", "{\"wait\":\"10s\"}");
    until(&mut http, "x", |lock| lock["waiters_total"] == 1);
    http.release(&reader);
    let written = writer.answer().good();
    assert_eq!(written["mode"], "exclusive");
    let late = http.post("/v1/locks/x", "{\"mode\":\"shared\"}");
    assert_eq!(late.problem(), (409, "busy".to_owned()));
    assert_eq!(late.json()["holder"]["token"], written["token"]);

    // The same when the readers were lost instead of released.
    http.acquire("y", "{\"mode\":\"shared\",\"ttl\":\"500ms\"}");
    let written = writer.acquire("y", "{\"wait\":\"10s\"}");
    let late = http.post("/v1/locks/y", "{\"mode\":\"shared\"}");
    assert_eq!(late.json()["holder"]["token"], written["token"]);
}

#[test]
fn a_reader_that_releases_twice_does_not_release_another() {
    let server = Running::in_memory();
    let mut http = Http::connect(server.address());
    let shared = "{\"mode\":\"shared\"}";
    let readers: [Value; 2] = [http.acquire("x", shared), http.acquire("x", shared)];
    assert_ne!(readers[0]["hold"], readers[1]["hold"]);
    http.release(&readers[0]);
    let hold = readers[0]["hold"].as_str().expect("a hold");
    assert_eq!(http.delete(&format!("/v1/holds/{hold}")).problem().0, 412);
    assert_eq!(http.post("/v1/locks/x", "").problem(), (409, "busy".to_owned()));
    http.release(&readers[1]);
    http.acquire("x", "");
}

#[test]
fn a_release_after_the_lease_was_lost_is_answered_at_once() {
    let server = Running::in_memory();
    let mut http = Http::connect(server.address());
    let hold = http.acquire("x", "{\"ttl\":\"500ms\"}");
    until(&mut http, "x", |lock| lock["holders_total"] == 0);
    let text = hold["hold"].as_str().expect("a hold");
    let late = http.delete(&format!("/v1/holds/{text}"));
    assert_eq!(late.problem(), (412, "not_holder".to_owned()));
    assert!(late.detail().contains("expired"), "{late}");
}

#[test]
fn a_wait_that_timed_out_is_never_a_success_and_leaves_nothing() {
    let server = Running::in_memory();
    let mut http = Http::connect(server.address());
    // Released at about the time at which the waits end: each answer must be one or the other.
    for round in 0..30 {
        let hold = http.acquire("x", "");
        let mut waiter = Http::connect(server.address());
        waiter.send("POST", "/v1/locks/x", &format!("{{\"wait\":\"{}ms\"}}", 1 + round));
        until(&mut http, "x", |lock| lock["waiters_total"] != 0 || round < 5);
        http.release(&hold);
        let answer = waiter.answer();
        let lock = http.get("/v1/locks/x").good();
        match answer.status {
            200 => {
                assert_eq!(lock["holders"][0]["token"], answer.json()["token"]);
                http.release(&answer.json());
            }
            _ => {
                assert_eq!(answer.problem(), (409, "wait_timed_out".to_owned()));
                assert_eq!(lock["holders_total"], 0, "{lock}");
            }
        }
    }
    assert_eq!(http.get("/v1/sessions").good()["sessions"].as_array().map(Vec::len), Some(0));
}
