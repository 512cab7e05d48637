//! Sessions of clients that keep them alive themselves.

use bramah_core::limits::SESSION_ANSWERS_MAX;
use serde_json::json;

use super::client::Http;
use crate::running::Running;

#[test]
fn a_session_holds_several_locks_and_releases_all_when_it_is_closed() {
    let server = Running::in_memory();
    let mut http = Http::connect(server.address());
    let opened = http.post("/v1/sessions", "{\"ttl\":\"20s\",\"owner\":{\"user\":\"alice\"}}");
    assert_eq!(opened.status, 201);
    let session = opened.json();
    let path = opened.header("location").expect("its place").to_owned();
    assert_eq!(path, format!("/v1/sessions/{}", session["session"].as_str().expect("it")));
    let body = json!({"session": session["session"]}).to_string();
    let (a, _) = (http.acquire("a", &body), http.acquire("b", &body));
    assert_eq!(a["ttl_ms"], 20_000);
    let listed = http.get("/v1/sessions").good();
    assert_eq!(
        (&listed["sessions"][0]["id"], &listed["sessions"][0]["holds"]),
        (&session["id"], &json!(2))
    );
    // To release one hold does not end the session.
    http.release(&a);
    http.post(&format!("{path}/keepalive"), "").good();
    assert_eq!(http.delete(&path).good(), json!({"holds": 1}));
    assert_eq!(http.delete(&path).problem(), (410, "session_ended".to_owned()));
    assert_eq!(http.post(&format!("{path}/keepalive"), "").problem().0, 410);
    assert_eq!(http.post("/v1/locks/a", &body).problem().0, 410);
    http.acquire("b", "");
}

#[test]
fn a_session_that_is_not_kept_alive_expires_with_its_holds() {
    let server = Running::in_memory();
    let mut http = Http::connect(server.address());
    let session = http.post("/v1/sessions", "{\"ttl\":500}").good();
    let body = json!({"session": session["session"]}).to_string();
    let hold = http.acquire("x", &body);
    let mut waiter = Http::connect(server.address());
    let next = waiter.acquire("x", "{\"wait\":\"10s\"}");
    assert!(next["token"].as_u64() > hold["token"].as_u64());
    let path = format!("/v1/sessions/{}", session["session"].as_str().expect("it"));
    let late = http.post(&format!("{path}/keepalive"), "");
    assert_eq!(late.problem(), (410, "session_expired".to_owned()));
    let history = http.get("/v1/history?name=x").good();
    assert_eq!(history["history"][0]["reason"], "expired");
}

#[test]
fn a_session_takes_more_requests_than_it_may_keep_answers() {
    /// In flight at a time.
    const TOGETHER: usize = 200;
    let server = Running::in_memory();
    let mut http = Http::connect(server.address());
    let session = http.post("/v1/sessions", "{\"ttl\":\"1m\"}").good();
    let body = json!({"session": session["session"]}).to_string();
    let hold = http.acquire("x", &body);
    let length = format!("content-length: {}\r\n\r\n", body.len());
    let request = format!("POST /v1/locks/x HTTP/1.1\r\nhost: x\r\n{length}{body}");
    let requests = request.repeat(TOGETHER);
    for _ in 0..=SESSION_ANSWERS_MAX / TOGETHER {
        http.send_bytes(requests.as_bytes());
        for _ in 0..TOGETHER {
            let again = http.answer_as_it_is("POST").expect("an answer");
            assert_eq!(again.status, 200, "{again}");
        }
    }
    http.release(&hold);
}

#[test]
fn a_guess_at_a_session_gets_nothing() {
    let server = Running::in_memory();
    let mut http = Http::connect(server.address());
    let session = http.post("/v1/sessions", "").good();
    let guess = format!("{}-0000000000000001", session["id"]);
    for (method, path) in [("POST", "/keepalive"), ("DELETE", "")] {
        let answer = http.ask(method, &format!("/v1/sessions/{guess}{path}"), "");
        assert_eq!(answer.problem(), (404, "session_unknown".to_owned()));
    }
    let body = json!({"session": guess}).to_string();
    assert_eq!(http.post("/v1/locks/x", &body).problem().0, 404);
}
