//! Looking at many locks, and at the server.

use bramah_core::limits::{MANY_ITEMS_MAX, SESSION_HOLDS_MAX};
use bramah_server::limits::FILTERED_PAGES_MAX;
use bramah_wire::proto;
use bramah_wire::proto::reply::Outcome;
use bramah_wire::proto::request::Op;
use bramah_wire::request::LIST_LEN_MAX;
use serde_json::{Value, json};

use super::client::Http;
use crate::client::Client;
use crate::running::Running;

fn names(list: &Value) -> Vec<&str> {
    let locks = list["locks"].as_array().expect("locks");
    locks.iter().map(|lock| lock["name"].as_str().expect("a name")).collect()
}

#[test]
fn locks_are_listed_by_prefix_and_page() {
    let server = Running::in_memory();
    let mut http = Http::connect(server.address());
    for name in ["a%2F1", "a%2F2", "a%2F3", "b%2F1", "a%2F%C3%A9"] {
        http.acquire(name, "");
    }
    let list = http.get("/v1/locks?prefix=a/").good();
    assert_eq!(names(&list), ["a/1", "a/2", "a/3", "a/\u{e9}"]);
    assert_eq!((&list["more"], &list["next"]), (&json!(false), &Value::Null));
    let page = http.get("/v1/locks?prefix=a/&limit=2").good();
    assert_eq!((names(&page), &page["more"]), (vec!["a/1", "a/2"], &json!(true)));
    let next = page["next"].as_str().expect("the last name");
    let page = http.get(&format!("/v1/locks?prefix=a/&limit=2&after={next}")).good();
    assert_eq!((names(&page), &page["more"]), (vec!["a/3", "a/\u{e9}"], &json!(false)));
    assert_eq!(names(&http.get("/v1/locks?stale").good()).len(), 5);
}

#[test]
fn locks_are_filtered_by_holder_host_and_age_over_any_number_of_pages() {
    let server = Running::in_memory();
    let mut http = Http::connect(server.address());
    let mut session = |user: &str, host: &str| {
        let body = json!({"ttl": "1m", "owner": {"user": user, "host": host}}).to_string();
        http.post("/v1/sessions", &body).good()
    };
    let (alice, bob) = (session("alice", "db1"), session("bob", "db2"));
    let mut hold = |session: &Value, name: String| {
        http.acquire(&name, &json!({"session": session["session"]}).to_string());
    };
    (0..1_200).for_each(|n| hold(&bob, format!("n{n:04}")));
    (0..3).for_each(|n| hold(&alice, format!("z{n}")));
    let by = |http: &mut Http, query: &str| {
        let list = http.get(&format!("/v1/locks?{query}")).good();
        (names(&list).len(), list["more"].as_bool().expect("more"))
    };
    assert_eq!(by(&mut http, "holder=alice"), (3, false));
    assert_eq!(by(&mut http, &format!("holder={}", alice["id"])), (3, false));
    assert_eq!(by(&mut http, "host=db1&limit=2"), (2, true));
    assert_eq!(by(&mut http, "host=db2&limit=1000"), (1_000, true));
    assert_eq!(by(&mut http, "holder=alice&host=db2"), (0, false));
    assert_eq!(by(&mut http, "longer_than=1h"), (0, false));
    assert_eq!(by(&mut http, "longer_than=0&prefix=z"), (3, false));
}

#[test]
fn a_filtered_listing_looks_at_so_many_locks_and_says_where_to_go_on() {
    let server = Running::in_memory();
    let mut client = Client::connect(server.address());
    let looked_at = FILTERED_PAGES_MAX * LIST_LEN_MAX;
    // As many at once, and in one session, as may be.
    let names: Vec<String> = (0..=looked_at).map(|n| format!("n{n:05}")).collect();
    for names in names.chunks(SESSION_HOLDS_MAX) {
        let session = client.open(60_000);
        for (names, seq) in names.chunks(MANY_ITEMS_MAX).zip(1..) {
            let request = proto::RequestRef { session: Some(session), seq, answered_below: seq };
            let item = |name: &String| proto::Item {
                name: name.clone(),
                mode: proto::Mode::Exclusive.into(),
                ..Default::default()
            };
            let items = names.iter().map(item).collect();
            let many = proto::AcquireMany { request: Some(request), items, ..Default::default() };
            let outcome = client.ask(Op::AcquireMany(many));
            assert!(matches!(outcome, Outcome::Granted(_)), "{outcome:?}");
        }
    }
    let mut http = Http::connect(server.address());
    let first = http.get("/v1/locks?holder=nobody").good();
    assert_eq!((first["locks"].as_array().map(Vec::len), &first["more"]), (Some(0), &json!(true)));
    assert_eq!(first["next"], names[looked_at - 1]);
    let path = format!("/v1/locks?holder=nobody&after={}", names[looked_at - 1]);
    assert_eq!(http.get(&path).good()["more"], false);
}

#[test]
fn the_server_tells_how_it_is() {
    let server = Running::in_memory();
    let mut http = Http::connect(server.address());
    assert_eq!(http.get("/healthz").good()["status"], "ok");
    assert_eq!(http.get("/readyz").good()["quorum"], true);
    let cluster = http.get("/v1/cluster").good();
    assert_eq!(cluster["node_id"], server.started.node_id);
    assert_eq!(cluster["members"][0]["role"], "voter");
    let described = http.get("/openapi.json").good();
    assert_eq!(described["openapi"].as_str().map(|version| &version[..3]), Some("3.1"));
}

#[test]
fn who_checks_health_may_ask_it_in_any_of_its_ways() {
    let server = Running::in_memory();
    let mut http = Http::connect(server.address());
    for path in ["/healthz", "/readyz"] {
        for query in ["", "?", "?a=b&a=b", "?check=haproxy;x", "?%zz", "?name=\u{e9}"] {
            let path = format!("{path}{query}");
            http.get(&path).good();
            let head = http.ask("HEAD", &path, "");
            assert_eq!((head.status, head.body.len()), (200, 0), "{path}");
            let options = http.ask("OPTIONS", &path, "");
            assert_eq!((options.status, options.header("allow")), (204, Some("GET,HEAD")));
        }
        http.send_bytes(format!("OPTIONS {path}?x HTTP/1.0\r\n\r\n").as_bytes());
        assert_eq!(http.answer_as_it_is("OPTIONS").map(|it| it.status), Some(204));
        http = Http::connect(server.address());
    }
    // What takes no parameters elsewhere still says so.
    assert_eq!(http.get("/v1/cluster?x").problem(), (400, "invalid_request".to_owned()));
}

#[test]
fn a_stale_look_says_how_old_it_may_be() {
    let server = Running::in_memory();
    let mut http = Http::connect(server.address());
    http.acquire("x", "");
    for path in ["/v1/locks/x", "/v1/locks", "/v1/sessions", "/v1/history", "/v1/verify"] {
        let more = if path == "/v1/verify" { "&name=x&token=1" } else { "" };
        let stale = http.get(&format!("{path}?stale=true{more}")).good();
        assert_eq!(stale["staleness"]["age_ms"], 0, "{path}");
        let more = more.trim_start_matches('&');
        let current = http.get(&format!("{path}?{more}")).good();
        assert_eq!(current.get("staleness"), None, "{path}");
    }
}
