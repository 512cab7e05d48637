//! Sessions of clients that keep them alive themselves.

use bramah_core::limits::SESSION_ANSWERS_MAX;
use serde_json::{Value, json};

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
    for stale in ["", "?stale"] {
        let gone = http.get(&format!("{path}{stale}"));
        assert_eq!(gone.problem(), (410, "session_ended".to_owned()));
    }
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

/// What a session's keepalive says: names that it holds, and names that it holds no more with how.
fn kept(http: &mut Http, session: &Value) -> (Vec<String>, Vec<(String, String)>) {
    let path = format!("/v1/sessions/{}/keepalive", session["session"].as_str().expect("it"));
    let answer = http.post(&path, "").good();
    assert_eq!(answer["expires_in_ms"], session["ttl_ms"]);
    assert_eq!(answer["more"], false);
    let texts = |list: &str, field: &str| {
        let list = answer[list].as_array().expect("a list").iter();
        list.map(|it| it[field].as_str().expect("text").to_owned()).collect::<Vec<_>>()
    };
    let how = texts("ended", "reason");
    (texts("holds", "name"), texts("ended", "name").into_iter().zip(how).collect())
}

#[test]
fn a_keepalive_tells_that_a_hold_was_revoked_before_another_is_granted_the_lock() {
    let server = Running::in_memory();
    let (mut http, mut other) = (Http::connect(server.address()), Http::connect(server.address()));
    let session = http.post("/v1/sessions", "{\"ttl\":\"1m\"}").good();
    let body = json!({"session": session["session"]}).to_string();
    let (a, b) = (http.acquire("a", &body), http.acquire("b", &body));
    assert_eq!(kept(&mut http, &session), (vec!["a".into(), "b".into()], vec![]));
    other.post("/v1/locks/a/revoke", "{\"by\":\"ops\",\"wait_for_deadline\":true}").good();
    // It rests until the deadline of the holder, who hears of it long before.
    assert_eq!(other.post("/v1/locks/a", "").problem().0, 409);
    for _ in 0..2 {
        let revoked = ("a".to_owned(), "revoked".to_owned());
        assert_eq!(kept(&mut http, &session), (vec!["b".into()], vec![revoked]));
    }
    let path = format!("/v1/sessions/{}", session["session"].as_str().expect("it"));
    for path in [path.clone(), format!("{path}?stale"), format!("{path}?after=1")] {
        let looked = http.get(&path).good();
        let (held, ended) = (&looked["holds"], &looked["ended"][0]);
        assert_eq!((&held[0]["hold"], &held[1]), (&b["hold"], &Value::Null), "{path}");
        assert_eq!((&ended["token"], &ended["revoked_by"]), (&a["token"], &json!("ops")));
    }
    assert_eq!(http.get(&format!("{path}?after=2")).good()["holds"], json!([]));
    // Who renews the hold itself is told too.
    let renew = format!("/v1/holds/{}/renew", a["hold"].as_str().expect("a hold"));
    let lost = http.post(&renew, "");
    assert_eq!(lost.problem(), (412, "not_holder".to_owned()));
    assert!(lost.detail().contains("revoked"), "{lost}");
}

#[test]
fn a_keepalive_tells_every_other_end_of_a_hold_too() {
    let server = Running::in_memory();
    let (mut http, mut other) = (Http::connect(server.address()), Http::connect(server.address()));
    let session = http.post("/v1/sessions", "{\"ttl\":\"1m\"}").good();
    let mut acquire = |name: &str, more: Value| {
        let mut body = json!({"session": session["session"]});
        body.as_object_mut().expect("an object").extend(more.as_object().expect("one").clone());
        http.acquire(name, &body.to_string())
    };
    let limited = acquire("limited", json!({"max_hold": 1}));
    assert_eq!(limited["ends_in_ms"], 1);
    acquire("stays", json!({"max_hold": "1h"}));
    let released = acquire("released", json!({}));
    let counted = acquire("counted", json!({}));
    acquire("counted", json!({"if_held": "reenter"}));
    other.release(&released);
    // One of two: it is held on.
    other.release(&counted);
    crate::http::until(&mut other, "limited", |lock| lock["holders_total"] == 0);
    let (held, mut ended) = kept(&mut http, &session);
    ended.sort();
    assert_eq!(held, ["stays", "counted"]);
    let expected = [("limited", "max_hold"), ("released", "released")];
    assert_eq!(ended, expected.map(|(name, how)| (name.to_owned(), how.to_owned())));
}

#[test]
fn a_session_with_many_holds_tells_them_in_parts() {
    /// Most that one answer names.
    const HOLDS_LEN_MAX: usize = 1_000;
    let server = Running::in_memory();
    let mut http = Http::connect(server.address());
    let session = http.post("/v1/sessions", "{\"ttl\":\"10m\"}").good();
    let body = json!({"session": session["session"]}).to_string();
    let path = format!("/v1/sessions/{}", session["session"].as_str().expect("it"));
    let mut take = |from, to| {
        for n in from..to {
            http.send("POST", &format!("/v1/locks/{n}"), &body);
        }
        (from..to).for_each(|_| drop(http.answer().good()));
        let kept = http.post(&format!("{path}/keepalive"), "").good();
        (kept["holds"].as_array().map(Vec::len), kept["more"].clone())
    };
    assert_eq!(take(0, HOLDS_LEN_MAX - 1), (Some(HOLDS_LEN_MAX - 1), json!(false)));
    assert_eq!(take(HOLDS_LEN_MAX - 1, HOLDS_LEN_MAX), (Some(HOLDS_LEN_MAX), json!(false)));
    assert_eq!(take(HOLDS_LEN_MAX, HOLDS_LEN_MAX + 1), (Some(HOLDS_LEN_MAX), json!(true)));
    let first = http.get(&path).good();
    let last = &first["holds"][HOLDS_LEN_MAX - 1]["token"];
    let rest = http.get(&format!("{path}?after={last}")).good();
    assert_eq!(rest["holds"].as_array().map(Vec::len), Some(1));
    assert_eq!((&rest["more"], &rest["holds"][0]["token"]), (&json!(false), &json!(1_001)));
}

#[test]
fn every_answer_that_makes_a_lease_says_how_long_it_is_safe_to_act_on_it() {
    let server = Running::in_memory();
    let mut http = Http::connect(server.address());
    let session = http.post("/v1/sessions", "{\"ttl\":\"20s\"}").good();
    let body = json!({"session": session["session"]}).to_string();
    let path = format!("/v1/sessions/{}", session["session"].as_str().expect("it"));
    let kept = http.post(&format!("{path}/keepalive"), "").good();
    let alone = http.acquire("alone", "{\"ttl\":500}");
    let limited = http.acquire("limited", "{\"ttl\":\"1m\",\"max_hold\":\"5s\"}");
    let renew = format!("/v1/holds/{}/renew", limited["hold"].as_str().expect("a hold"));
    let renewed = http.post(&renew, "").good();
    let within = http.acquire("within", &body);
    for (answer, most) in [
        (&session, 20_000 - 200 - 10),
        (&kept, 20_000 - 200 - 10),
        (&within, 20_000 - 200 - 10),
        (&alone, 500 - 5 - 10),
        (&limited, 5_000 - 50 - 10),
        (&renewed, 5_000 - 50 - 10),
    ] {
        let (left, lease) = (answer["expires_in_ms"].as_u64(), answer["lease_ms"].as_u64());
        let (left, lease) = (left.expect("a number"), lease.expect("a number"));
        assert_eq!(lease, left - left.div_ceil(100) - 10, "{answer}");
        assert!(lease <= most, "{answer}");
    }
    assert_eq!(session["lease_ms"], 19_790);
    // To look begins no lease.
    assert_eq!(http.get(&path).good().get("lease_ms"), None);
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
    for (method, path) in [("POST", "/keepalive"), ("DELETE", ""), ("GET", "")] {
        let answer = http.ask(method, &format!("/v1/sessions/{guess}{path}"), "");
        assert_eq!(answer.problem(), (404, "session_unknown".to_owned()));
    }
    let body = json!({"session": guess}).to_string();
    assert_eq!(http.post("/v1/locks/x", &body).problem().0, 404);
}
