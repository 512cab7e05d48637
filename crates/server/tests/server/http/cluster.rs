//! Any member serves HTTP, also while the cluster loses some.

use serde_json::json;

use super::client::Http;
use crate::cluster::{three, until, until_led};

#[test]
fn a_member_that_does_not_lead_serves_all_that_the_leader_does() {
    let servers = three();
    let leader = until_led(&servers);
    let mut http = Http::connect(servers[(leader + 1) % 3].address());
    let mut other = Http::connect(servers[(leader + 2) % 3].address());
    let first = http.acquire("x", "{\"ttl\":\"1m\"}");
    assert_eq!(other.post("/v1/locks/x", "").problem(), (409, "busy".to_owned()));
    let mut waiter = Http::connect(servers[(leader + 2) % 3].address());
    waiter.send("POST", "/v1/locks/x", "{\"wait\":\"20s\"}");
    until("it waits", || (other.get("/v1/locks/x").good()["waiters_total"] == 1).then_some(()));
    // The hold's name is enough for any of them.
    other.release(&first);
    let next = waiter.answer().good();
    assert!(next["token"].as_u64() > first["token"].as_u64());
    let renew = format!("/v1/holds/{}/renew", next["hold"].as_str().expect("a hold"));
    http.post(&renew, "").good();
    // A session is used at whichever server comes to hand.
    let session = http.post("/v1/sessions", "{\"ttl\":\"1m\"}").good();
    let body = json!({"session": session["session"]}).to_string();
    let mut leading = Http::connect(servers[leader].address());
    for n in 0..20 {
        for (by, http) in [&mut http, &mut other, &mut leading].into_iter().enumerate() {
            let hold = http.acquire(&format!("s{n}.{by}"), &body);
            assert_eq!(hold["already_held"], false);
        }
    }
    assert_eq!(http.get("/readyz").good()["quorum"], true);
}

#[test]
fn holds_and_repeats_come_through_the_loss_of_the_leader() {
    let mut servers = three();
    let leader = until_led(&servers);
    let lost = servers.remove(leader);
    let mut http = Http::connect(servers[0].address());
    let hold = http.acquire("x", "{\"ttl\":\"1m\"}");
    let named = json!({"request_id": "0b7c2f3e-52a1-4a0e", "ttl": "1m"}).to_string();
    let first = http.acquire("y", &named);
    let mut waiter = Http::connect(servers[0].address());
    waiter.send("POST", "/v1/locks/x", "{\"wait\":\"60s\",\"ttl\":\"1m\"}");
    until("it waits", || (http.get("/v1/locks/x").good()["waiters_total"] == 1).then_some(()));
    lost.kill();
    // It waits for the next leader, or says that nothing or anything may have happened.
    let mut other = Http::connect(servers[1].address());
    let second = until("there is a leader", || {
        let answer = other.post("/v1/locks/y", &named);
        match answer.status {
            200 => Some(answer.good()),
            503 | 504 => None,
            _ => panic!("{answer}"),
        }
    });
    assert_eq!((&second["hold"], &second["token"]), (&first["hold"], &first["token"]));
    other.release(&hold);
    let next = waiter.answer().good();
    assert!(next["token"].as_u64() > hold["token"].as_u64());
}

#[test]
fn a_keepalive_at_any_member_tells_what_was_revoked_also_behind_another_leader() {
    let mut servers = three();
    let leader = until_led(&servers);
    let mut http = Http::connect(servers[(leader + 1) % 3].address());
    let session = http.post("/v1/sessions", "{\"ttl\":\"1m\"}").good();
    let body = json!({"session": session["session"]}).to_string();
    http.acquire("a", &body);
    http.acquire("b", &body);
    let mut operator = Http::connect(servers[(leader + 2) % 3].address());
    operator.post("/v1/locks/a/revoke", "{\"by\":\"ops\"}").good();
    let path = format!("/v1/sessions/{}/keepalive", session["session"].as_str().expect("it"));
    let tells = |http: &mut Http| {
        let answer = http.post(&path, "");
        if matches!(answer.status, 503 | 504) {
            return None;
        }
        let kept = answer.good();
        assert_eq!((&kept["holds"][0]["name"], &kept["holds"][1]), (&json!("b"), &json!(null)));
        assert_eq!(kept["ended"][0]["reason"], "revoked", "{kept}");
        Some(())
    };
    for server in &servers {
        assert_eq!(tells(&mut Http::connect(server.address())), Some(()));
    }
    servers.remove(leader).kill();
    for server in &servers {
        let mut http = Http::connect(server.address());
        until("there is a leader", || tells(&mut http));
    }
}

#[test]
fn without_a_majority_nothing_is_done_and_each_answer_says_what_is_known() {
    let mut servers = three();
    let last = servers.remove(until_led(&servers));
    let mut http = Http::connect(last.address());
    http.acquire("x", "{\"ttl\":\"1m\"}");
    let session = http.post("/v1/sessions", "{\"ttl\":\"1m\"}").good();
    let in_session = json!({"session": session["session"], "request_id": "1"}).to_string();
    // It still leads when it takes the request, and can do nothing with it.
    let mut asked = Http::connect(last.address());
    let mut named = Http::connect(last.address());
    let mut reading = Http::connect(last.address());
    servers.into_iter().for_each(|server| server.kill());
    asked.send("POST", "/v1/locks/a", "");
    named.send("POST", "/v1/locks/b", &in_session);
    reading.send("GET", "/v1/locks/x", "");
    for http in [&mut asked, &mut named] {
        let lost = http.answer();
        assert_eq!(lost.problem(), (504, "outcome_unknown".to_owned()), "{lost}");
        assert_eq!(lost.json()["effect"], "unknown");
        assert_eq!(lost.header("retry-after"), None, "it must look first");
    }
    // A look changes nothing, so there is nothing to be unsure of.
    assert_eq!(reading.answer().problem(), (503, "no_leader".to_owned()));
    let asked = [("POST", "/v1/locks/a"), ("GET", "/v1/locks/x"), ("POST", "/v1/sessions")];
    let asked = asked.map(|(method, path)| {
        let mut http = Http::connect(last.address());
        http.send(method, path, "");
        http
    });
    for mut http in asked {
        let refused = http.answer();
        assert_eq!(refused.problem(), (503, "no_leader".to_owned()), "{refused}");
        let json = refused.json();
        assert_eq!(json["effect"], "not_applied");
        assert_eq!(json["servers"].as_array().map(Vec::len), Some(2), "where else to ask");
        assert_eq!(refused.header("retry-after"), Some("1"));
    }
    // What needs nobody else goes on.
    http.get("/healthz").good();
    assert_eq!(http.get("/readyz").status, 503);
    let old = http.get("/v1/locks/x?stale").good();
    assert_eq!(old["holders_total"], 1);
    assert!(old["staleness"]["age_ms"].as_u64() > Some(0), "{old}");
    let leader = &http.get("/v1/cluster").good()["leader"];
    assert!(leader.is_null() || *leader == 0, "{leader}");
}
