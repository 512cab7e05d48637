//! Holding a lock with nothing but requests.

use serde_json::json;

use super::client::Http;
use crate::running::Running;

#[test]
fn a_lock_is_acquired_shown_renewed_and_released() {
    let server = Running::in_memory();
    let mut http = Http::connect(server.address());
    let body = json!({
        "ttl": "20s", "value": "10.0.0.7:80",
        "owner": {"host": "db1", "user": "alice", "command": "backup", "pid": 7},
    });
    let hold = http.acquire("billing%2Fclose", &body.to_string());
    assert_eq!((&hold["name"], &hold["mode"]), (&json!("billing/close"), &json!("exclusive")));
    assert_eq!((&hold["ttl_ms"], &hold["already_held"]), (&json!(20_000), &json!(false)));
    assert!(hold["expires_in_ms"].as_u64().is_some_and(|ms| ms <= 20_000), "{hold}");

    let lock = http.get("/v1/locks/billing%2Fclose").good();
    let holder = &lock["holders"][0];
    assert_eq!((&holder["token"], &holder["value"]), (&hold["token"], &json!("10.0.0.7:80")));
    assert_eq!(holder["owner"]["user"], "alice");
    assert!(!lock.to_string().contains(hold["hold"].as_str().expect("a hold")), "{lock}");

    let path = format!("/v1/holds/{}", hold["hold"].as_str().expect("a hold"));
    let renewed = http.post(&format!("{path}/renew"), "{\"ttl\":\"1m\"}").good();
    assert_eq!((&renewed["ttl_ms"], &renewed["hold"]), (&json!(60_000), &hold["hold"]));
    let shorter = http.post(&format!("{path}/renew"), "{\"ttl\":\"1s\"}");
    assert_eq!(shorter.problem(), (400, "invalid_request".to_owned()));

    let released = http.delete(&path).good();
    assert_eq!(released, json!({"reentries_left": 0, "free_in_ms": null}));
    let again = http.delete(&path);
    assert_eq!(again.problem(), (412, "not_holder".to_owned()));
    assert!(again.detail().contains("was released"), "{again}");
    assert_eq!(http.post(&format!("{path}/renew"), "").problem().0, 412);

    // The session that was opened for it is gone with it.
    assert_eq!(http.get("/v1/sessions").good()["sessions"], json!([]));
    let lock = http.get("/v1/locks/billing%2Fclose").good();
    assert_eq!((&lock["holders"], &lock["waiters"]), (&json!([]), &json!([])));
}

#[test]
fn a_lock_that_is_held_names_its_holder_and_your_place() {
    let server = Running::in_memory();
    let mut http = Http::connect(server.address());
    let first = http.acquire("x", "{\"owner\":{\"user\":\"alice\",\"host\":\"db1\"}}");
    let busy = http.post("/v1/locks/x", "");
    assert_eq!(busy.problem(), (409, "busy".to_owned()));
    let problem = busy.json();
    assert_eq!(problem["holder"]["token"], first["token"]);
    assert_eq!((&problem["position"], &problem["holders"]), (&json!(1), &json!(1)));
    assert!(busy.detail().contains("alice on db1"), "{busy}");
    assert_eq!(problem["effect"], "not_applied");
    // What was refused left nothing behind.
    assert_eq!(http.get("/v1/sessions").good()["sessions"].as_array().map(Vec::len), Some(1));
    let released = http.release(&first);
    let second = http.acquire("x", "");
    assert!(second["token"].as_u64() > first["token"].as_u64(), "{released}");
}

#[test]
fn readers_share_and_permits_are_counted() {
    let server = Running::in_memory();
    let mut http = Http::connect(server.address());
    let readers =
        [http.acquire("r", "{\"mode\":\"shared\"}"), http.acquire("r", "{\"mode\":\"shared\"}")];
    assert_eq!(http.post("/v1/locks/r", "").problem().0, 409);
    readers.iter().for_each(|reader| drop(http.release(reader)));
    http.acquire("r", "");
    let two = http.acquire("s", "{\"permits\":2,\"limit\":3}");
    assert_eq!((&two["permits"], &two["limit"]), (&json!(2), &json!(3)));
    assert_eq!(http.post("/v1/locks/s", "{\"permits\":2,\"limit\":3}").problem().0, 409);
    http.acquire("s", "{\"limit\":3}");
    let other = http.post("/v1/locks/s", "{\"limit\":4}");
    assert_eq!(other.problem(), (409, "busy".to_owned()));
    assert_eq!(other.json()["other_limit"], 3);
    let plain = http.post("/v1/locks/s", "");
    assert_eq!(plain.problem(), (409, "kind_mismatch".to_owned()));
}

#[test]
fn a_value_is_changed_by_its_holder_only_and_only_on_its_lock() {
    let server = Running::in_memory();
    let mut http = Http::connect(server.address());
    let (a, b) = (http.acquire("a", ""), http.acquire("b", ""));
    let mut set = |name: &str, hold: &serde_json::Value, value: serde_json::Value| {
        let mut body = json!({"hold": hold["hold"]});
        body.as_object_mut().expect("an object").extend(value.as_object().expect("it").clone());
        http.ask("PUT", &format!("/v1/locks/{name}/value"), &body.to_string())
    };
    assert_eq!(set("a", &a, json!({"value": "one"})).status, 204);
    assert_eq!(set("b", &b, json!({"value_hex": "00ff"})).status, 204);
    let mixed = set("a", &b, json!({"value": "two"}));
    assert_eq!(mixed.problem(), (412, "not_holder".to_owned()));
    let mut guess = b.clone();
    let text = guess["hold"].as_str().expect("a hold");
    let (token, _) = text.split_once('-').expect("two halves");
    guess["hold"] = json!(format!("{token}-0000000000000000"));
    assert_eq!(set("b", &guess, json!({"value": "two"})).problem().0, 412);
    assert_eq!(set("b", &json!({}), json!({})).problem().0, 400);
    assert_eq!(http.get("/v1/locks/a").good()["holders"][0]["value"], "one");
    assert_eq!(http.get("/v1/locks/b").good()["holders"][0]["value_hex"], "00ff");
    let body = json!({"hold": a["hold"]}).to_string();
    assert_eq!(http.ask("PUT", "/v1/locks/a/value", &body).status, 204);
    assert_eq!(http.get("/v1/locks/a").good()["holders"][0].get("value"), None);
}

#[test]
fn what_was_released_early_lingers_and_a_refusal_does_not_say_otherwise() {
    let server = Running::in_memory();
    let mut http = Http::connect(server.address());
    let hold = http.acquire("x", "{\"min_hold\":\"1h\"}");
    assert!(http.release(&hold)["free_in_ms"].as_u64() > Some(0));
    assert_eq!(http.get("/v1/locks/x").good()["holders"][0]["lingers"], true);
    let busy = http.post("/v1/locks/x", "");
    assert_eq!(busy.problem(), (409, "busy".to_owned()));
    let holder = &busy.json()["holder"];
    assert_eq!((&holder["token"], holder.get("lingers")), (&hold["token"], None), "{busy}");
}

#[test]
fn an_operator_revokes_and_the_history_says_so() {
    let server = Running::in_memory();
    let mut http = Http::connect(server.address());
    let hold = http.acquire("x", "");
    let free = http.post("/v1/locks/free/revoke", "");
    assert_eq!(free.problem(), (412, "not_holder".to_owned()));
    assert!(free.detail().contains("revoke \"free\": nobody holds it"), "{free}");
    let wrong = http.post("/v1/locks/x/revoke", "{\"token\":999}");
    assert_eq!(wrong.problem(), (412, "not_holder".to_owned()));
    let body = json!({"token": hold["token"], "by": "bob: it hangs"}).to_string();
    let revoked = http.post("/v1/locks/x/revoke", &body).good();
    assert_eq!(revoked, json!({"tokens": [hold["token"]], "total": 1}));
    let path = format!("/v1/holds/{}", hold["hold"].as_str().expect("a hold"));
    let gone = http.post(&format!("{path}/renew"), "");
    assert_eq!(gone.problem().0, 412);
    assert!(gone.detail().contains("bob: it hangs"), "{gone}");
    let history = http.get("/v1/history?name=x").good();
    let ended = &history["history"][0];
    assert_eq!(
        (&ended["reason"], &ended["revoked_by"]),
        (&json!("revoked"), &json!("bob: it hangs"))
    );
    let verdict = http.get(&format!("/v1/verify?name=x&token={}", hold["token"])).good();
    assert_eq!((&verdict["held"], &verdict["reason"]), (&json!(false), &json!("revoked")));
    let next = http.acquire("x", "");
    let verdict = http.get(&format!("/v1/verify?name=x&token={}", next["token"])).good();
    assert_eq!(verdict, json!({"held": true, "newest_token": next["token"]}));
}

#[test]
fn any_server_serves_a_hold_of_another_protocol_and_the_other_way_round() {
    let server = Running::in_memory();
    let mut http = Http::connect(server.address());
    let mut native = crate::client::Client::connect(server.address());
    let session = native.open(60_000);
    let hold = native.hold(session, "x");
    let text = format!("{}-{:016x}", hold.number, hold.key);
    http.post(&format!("/v1/holds/{text}/renew"), "").good();
    http.delete(&format!("/v1/holds/{text}")).good();
    native.hold(session, "x");
    let busy = http.post("/v1/locks/x", "");
    assert_eq!(busy.json()["holder"]["session"], session.number);
}
