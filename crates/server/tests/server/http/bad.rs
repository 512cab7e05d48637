//! Whatever is asked wrongly gets a clear error, and nobody else is harmed.

use bramah_server::limits::{
    HTTP_BODY_BYTES_MAX, HTTP_HEAD_BYTES_MAX, HTTP_STREAMS_MAX, JSON_DEPTH_MAX,
};
use bramah_server::{Config, Storage};

use super::client::Http;
use crate::running::{Running, config};

#[test]
fn what_is_wrong_with_a_request_is_said() {
    let server = Running::in_memory();
    let mut http = Http::connect(server.address());
    let deep =
        format!("{{\"owner\":{}1{}}}", "[".repeat(JSON_DEPTH_MAX), "]".repeat(JSON_DEPTH_MAX));
    for (method, path, body, code, expected) in [
        ("POST", "/v1/locks/x", "{\"tll\":1}", "invalid_request", "unknown field `tll`"),
        ("POST", "/v1/locks/x", "{\"ttl\":", "invalid_request", "EOF"),
        ("POST", "/v1/locks/x", "[]", "invalid_request", "JSON object"),
        ("POST", "/v1/locks/x", &deep, "invalid_request", "nested deeper than 8"),
        ("POST", "/v1/locks/x", "{\"ttl\":\"499ms\"}", "invalid_request", "TTL is 499 ms"),
        ("POST", "/v1/locks/x", "{\"ttl\":\"30\"}", "invalid_request", "such as \"30s\""),
        ("POST", "/v1/locks/x", "{\"wait\":\"601s\"}", "invalid_request", "at most 600000 ms"),
        ("POST", "/v1/locks/x", "{\"session\":\"7\"}", "invalid_request", "NUMBER-KEY"),
        ("POST", "/v1/locks/x", "{\"request_id\":\"short\"}", "invalid_request", "16 bytes"),
        ("POST", "/v1/locks/x?ttl=1s", "", "invalid_request", "no parameter \"ttl\""),
        ("POST", "/v1/locks/%0a", "", "invalid_request", "control character"),
        ("POST", "/v1/locks/%ff", "", "invalid_request", "UTF-8"),
        ("POST", "/v1/locks/a%2", "", "invalid_request", "two hexadecimal digits"),
        ("POST", "/v1/locks/a%zz", "", "invalid_request", "two hexadecimal digits"),
        ("GET", "/v1/locks/%", "", "invalid_request", "two hexadecimal digits"),
        ("POST", "/v1/locks/a%zz/revoke", "", "invalid_request", "two hexadecimal digits"),
        ("DELETE", "/v1/holds/1%g0", "", "invalid_request", "two hexadecimal digits"),
        ("GET", "/v1/locks?limit=0", "", "invalid_request", "1 to 1000"),
        ("GET", "/v1/locks?limit=1001", "", "invalid_request", "1 to 1000"),
        ("GET", "/v1/locks?longer_than=5", "", "invalid_request", "with its unit"),
        ("GET", "/v1/verify?name=x", "", "invalid_request", "token is missing"),
        ("DELETE", "/v1/holds/x", "", "invalid_request", "as a hold"),
        ("DELETE", "/v1/sessions/x", "", "invalid_request", "as a session"),
        ("PUT", "/v1/locks/x/value", "{}", "invalid_request", "hold is missing"),
        ("GET", "/v1/locks/a/b", "", "not_found", "written %2F"),
        ("GET", "/", "", "not_found", "/openapi.json"),
    ] {
        let answer = http.ask(method, path, body);
        assert_eq!(answer.problem().1, code, "{method} {path}: {answer}");
        assert!(answer.detail().contains(expected), "{method} {path}: {answer}");
    }
    let longest = http.post(&format!("/v1/locks/{}", "n".repeat(512)), "");
    assert_eq!(longest.status, 200, "{longest}");
    let longer = http.post(&format!("/v1/locks/{}", "n".repeat(513)), "");
    assert!(longer.detail().contains("513 bytes"), "{longer}");
}

#[test]
fn a_head_that_asks_for_what_is_not_done_is_refused_and_nothing_happens() {
    let server = Running::in_memory();
    let body = "2\r\n{}\r\n0\r\n\r\n";
    for (head, status, code, expected) in [
        ("host: x\r\ncontent-encoding: gzip", 415, "invalid_request", "\"gzip\""),
        ("host: x\r\ncontent-encoding: identity, br", 415, "invalid_request", "plain"),
        ("host: x\r\nexpect: foo", 417, "invalid_request", "\"foo\""),
        ("accept: */*", 400, "invalid_request", "0 headers `host`"),
        ("host: x\r\nhost: y", 400, "invalid_request", "2 headers `host`"),
    ] {
        let mut http = Http::connect(server.address());
        let head = format!("POST /v1/locks/x HTTP/1.1\r\n{head}\r\n");
        http.send_bytes(format!("{head}transfer-encoding: chunked\r\n\r\n{body}").as_bytes());
        let answer = http.answer_as_it_is("POST").expect("an answer");
        assert_eq!(answer.problem(), (status, code.to_owned()), "{head}: {answer}");
        assert!(answer.detail().contains(expected), "{head}: {answer}");
    }
    let mut http = Http::connect(server.address());
    let head = "POST /v1/locks/x HTTP/1.1\r\nhost: x\r\ntransfer-encoding: gzip, chunked\r\n\r\n";
    http.send_bytes(format!("{head}{body}").as_bytes());
    let answer = http.answer_as_it_is("POST").expect("an answer");
    assert_eq!(answer.problem(), (501, "unsupported".to_owned()), "{answer}");
    let mut http = Http::connect(server.address());
    assert_eq!(http.get("/v1/locks/x").good()["holders_total"], 0);
    // What is known is taken, and HTTP/1.0 has no hosts.
    let known = [("content-encoding", "identity"), ("expect", "100-continue")];
    http.send_with("POST", "/v1/locks/x", &known, "");
    http.answer().good();
    http.send_bytes(b"GET /healthz HTTP/1.0\r\n\r\n");
    assert_eq!(http.answer_as_it_is("GET").map(|it| it.status), Some(200));
}

#[test]
fn a_path_says_which_methods_it_takes() {
    let server = Running::in_memory();
    let mut http = Http::connect(server.address());
    for (method, path, expected) in [
        ("DELETE", "/v1/locks/x", "GET,HEAD,POST"),
        ("PATCH", "/v1/holds/1-0000000000000000", "DELETE"),
        ("POST", "/v1/sessions/1-0000000000000000", "GET,HEAD,DELETE"),
    ] {
        let answer = http.ask(method, path, "");
        assert_eq!(answer.problem(), (405, "method_not_allowed".to_owned()));
        assert_eq!(answer.header("allow"), Some(expected), "{path}");
        let options = http.ask("OPTIONS", path, "");
        assert_eq!((options.status, options.header("allow")), (204, Some(expected)), "{path}");
    }
    http.acquire("x", "");
    let whole = http.get("/v1/locks/x");
    let head = http.ask("HEAD", "/v1/locks/x", "");
    assert_eq!((head.status, head.body.len()), (200, 0));
    assert_eq!(head.header("content-type"), whole.header("content-type"));
}

#[test]
fn whoever_opens_a_websocket_wrongly_is_told_how_and_the_connection_goes_on() {
    let server = Running::in_memory();
    let mut http = Http::connect(server.address());
    let upgrade = [("connection", "upgrade"), ("upgrade", "websocket")];
    for (headers, code, version) in
        [(&[][..], "invalid_request", None), (&upgrade[..], "unsupported_version", Some("13"))]
    {
        http.send_with("GET", "/v1/ws", headers, "");
        let answer = http.answer();
        assert_eq!(answer.problem(), (426, code.to_owned()));
        for (name, value) in upgrade {
            assert_eq!(answer.header(name), Some(value), "{answer:?}");
        }
        assert_eq!(answer.header("sec-websocket-version"), version);
    }
    http.get("/healthz").good();
}

#[test]
fn a_body_may_be_as_long_as_the_limit_and_no_longer() {
    let server = Running::in_memory();
    let mut http = Http::connect(server.address());
    let body = |bytes: usize| format!("{{\"ttl\":\"20s\"{}}}", " ".repeat(bytes - 13));
    for (name, bytes) in [("a", HTTP_BODY_BYTES_MAX - 1), ("b", HTTP_BODY_BYTES_MAX)] {
        http.acquire(name, &body(bytes));
    }
    let mut longer = Http::connect(server.address());
    longer.send("POST", "/v1/locks/c", &body(HTTP_BODY_BYTES_MAX + 1));
    assert_eq!(longer.answer().problem(), (413, "frame_too_large".to_owned()));
    // Also where the length is not said before.
    let mut chunked = Http::connect(server.address());
    let head = "POST /v1/locks/c HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n";
    chunked.send_bytes(head.as_bytes());
    let part = format!("1000\r\n{}\r\n", " ".repeat(0x1000));
    for _ in 0..HTTP_BODY_BYTES_MAX / 0x1000 {
        chunked.send_bytes(part.as_bytes());
    }
    chunked.send_bytes(b"1\r\n \r\n");
    assert_eq!(chunked.answer().problem(), (413, "frame_too_large".to_owned()));
}

#[test]
fn a_head_may_be_as_long_as_the_limit_and_no_longer() {
    let server = Running::in_memory();
    let first = "GET /healthz HTTP/1.1\r\nhost: x\r\nx: \r\n\r\n".len();
    for (bytes, status) in
        [(HTTP_HEAD_BYTES_MAX - 1, 200), (HTTP_HEAD_BYTES_MAX, 200), (HTTP_HEAD_BYTES_MAX + 1, 431)]
    {
        let mut http = Http::connect(server.address());
        let filler = "f".repeat(bytes - first);
        let head = format!("GET /healthz HTTP/1.1\r\nhost: x\r\nx: {filler}\r\n\r\n");
        http.send_bytes(head.as_bytes());
        assert_eq!(http.answer().status, status, "{bytes}");
    }
}

#[test]
fn a_head_may_have_as_many_headers_as_the_reference_says_and_no_more() {
    let server = Running::in_memory();
    for (headers, status) in [(99, 200), (100, 200), (101, 431)] {
        let mut http = Http::connect(server.address());
        let others = "x: y\r\n".repeat(headers - 1);
        http.send_bytes(format!("GET /healthz HTTP/1.1\r\nhost: x\r\n{others}\r\n").as_bytes());
        let answer = http.answer();
        assert_eq!(answer.status, status, "{headers}");
        assert_eq!(answer.body.is_empty(), status == 431, "{answer}");
    }
}

#[test]
fn garbage_after_a_good_request_ends_the_connection_with_an_error() {
    let server = Running::in_memory();
    let mut http = Http::connect(server.address());
    http.get("/healthz").good();
    http.send_bytes(b"\x00\x01\x02 garbage\r\n\r\n");
    let rest = String::from_utf8_lossy(&http.rest()).into_owned();
    assert!(rest.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{rest}");
}

#[test]
fn a_page_of_another_site_changes_nothing() {
    let server = Running::in_memory();
    let mut http = Http::connect(server.address());
    let evil = [("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")];
    http.send_with("POST", "/v1/locks/x", &evil, "");
    assert_eq!(http.answer().problem(), (403, "denied".to_owned()));
    let hold = http.acquire("x", "");
    http.send_with("POST", "/v1/locks/x/revoke", &evil, "{\"by\":\"page\"}");
    assert_eq!(http.answer().problem().0, 403);
    http.release(&hold);
}

#[test]
fn a_page_changes_something_only_where_a_websocket_would_let_it() {
    let origins = vec!["https://locks.example".to_owned()];
    let server = Running::start(Config { origins, ..config(Storage::Memory) }).expect("it starts");
    let port = server.address().port();
    let mut http = Http::connect(server.address());
    let (own, evil) = (format!("127.0.0.1:{port}"), format!("evil.example:{port}"));
    let page = |host: &str| format!("Origin: http://{host}\r\nSec-Fetch-Site: same-origin\r\n");
    let listed = "Origin: https://locks.example\r\nSec-Fetch-Site: cross-site\r\n";
    let cases = [
        (&own, String::new(), 200),
        (&own, page(&own), 200),
        (&own, listed.to_owned(), 200),
        (&evil, String::new(), 200),
        (&evil, page(&evil), 403),
        (&evil, format!("Origin: http://{evil}\r\n"), 403),
        (&own, page(&own) + &page(&own), 403),
        (&own, page(&own) + listed, 403),
    ];
    for (host, headers, status) in cases {
        let hold = http.acquire("x", "");
        let revoke = format!("POST /v1/locks/x/revoke HTTP/1.1\r\nHost: {host}\r\n{headers}");
        let body = "{\"by\":\"page\"}";
        let length = body.len();
        http.send_bytes(format!("{revoke}Content-Length: {length}\r\n\r\n{body}").as_bytes());
        let answer = http.answer();
        assert_eq!(answer.status, status, "{host} {headers}{answer}");
        if status != 200 {
            assert_eq!(answer.problem().1, "denied", "{answer}");
            http.release(&hold);
        }
    }
}

#[test]
fn a_page_of_a_listed_origin_reads_what_came_of_it_and_others_do_not() {
    let origins = vec!["https://locks.example".to_owned()];
    let server = Running::start(Config { origins, ..config(Storage::Memory) }).expect("it starts");
    let mut http = Http::connect(server.address());
    let hold = http.acquire("y", "");
    let path = format!("/v1/holds/{}", hold["hold"].as_str().expect("a hold"));
    for (origin, may) in [("https://locks.example", true), ("https://evil.example", false)] {
        for (method, path, status) in [
            ("POST", "/v1/locks/x", if may { 200 } else { 403 }),
            ("POST", "/v1/locks/x", if may { 409 } else { 403 }),
            ("GET", "/v1/locks/x", 200),
            ("OPTIONS", path.as_str(), 204),
        ] {
            http.send_with(method, path, &[("origin", origin)], "");
            let answer = http.answer();
            assert_eq!(answer.status, status, "{answer}");
            let shared = answer.header("access-control-allow-origin");
            assert_eq!(shared, may.then_some(origin), "{method} {answer:?}");
            let exposed = answer.header("access-control-expose-headers");
            assert_eq!(
                exposed,
                may.then_some("allow, bramah-cluster, location, retry-after"),
                "{answer:?}"
            );
            let methods = answer.header("access-control-allow-methods");
            let asked_before = may && method == "OPTIONS";
            assert_eq!(methods, asked_before.then_some("DELETE"), "{method} {answer:?}");
        }
    }
}

#[test]
fn a_request_that_means_another_cluster_is_told_so_and_does_nothing() {
    let (one, two) = (Running::in_memory(), Running::in_memory());
    let (mut here, mut there) = (Http::connect(one.address()), Http::connect(two.address()));
    let opened = here.post("/v1/sessions", "{\"ttl\":\"1m\"}");
    let cluster = opened.header("bramah-cluster").expect("its number").to_owned();
    assert_eq!(cluster, here.get("/v1/cluster").good()["cluster_id"].to_string());
    let session = opened.good()["session"].as_str().expect("a session").to_owned();
    let hold = here.acquire("x", "{\"ttl\":\"1m\"}");
    let hold = hold["hold"].as_str().expect("a hold").to_owned();
    for (method, path) in [
        ("POST", "/v1/locks/x".to_owned()),
        ("POST", format!("/v1/sessions/{session}/keepalive")),
        ("GET", format!("/v1/sessions/{session}")),
        ("POST", format!("/v1/holds/{hold}/renew")),
        ("GET", "/v1/locks/x".to_owned()),
        ("DELETE", format!("/v1/holds/{hold}")),
    ] {
        let header = [("bramah-cluster", cluster.as_str())];
        there.send_with(method, &path, &header, "");
        let answer = there.answer();
        assert_eq!(answer.problem(), (421, "invalid_request".to_owned()), "{path}");
        assert!(answer.detail().contains(&cluster), "{answer}");
        here.send_with(method, &path, &header, "");
        assert_ne!(here.answer().status, 421, "{path}");
    }
    assert_eq!(there.get("/v1/locks/x").good()["holders_total"], 0);
    for wrong in ["", "x", "0", "18446744073709551616"] {
        here.send_with("GET", "/healthz", &[("bramah-cluster", wrong)], "");
        assert_eq!(here.answer_as_it_is("GET").map(|it| it.status), Some(421), "{wrong:?}");
    }
}

#[test]
fn what_a_page_may_look_at_has_no_secret_and_is_not_shared_with_other_origins() {
    let server = Running::in_memory();
    let mut http = Http::connect(server.address());
    let hold = http.acquire("x", "{\"ttl\":\"1m\"}");
    let (hold, own) =
        hold["hold"].as_str().and_then(|hold| hold.split_once('.')).expect("both halves");
    let secrets = [hold, own].map(|id| id.split_once('-').expect("its key").1);
    for path in ["/v1/locks/x", "/v1/locks", "/v1/sessions", "/v1/history", "/v1/cluster"] {
        // By a name that its owner makes to mean this server, and of another origin.
        http.send_bytes(
            format!("GET {path} HTTP/1.1\r\nhost: evil.example\r\norigin: http://b\r\n\r\n")
                .as_bytes(),
        );
        let answer = http.answer();
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        assert_eq!(answer.status, 200, "{path}: {answer}");
        assert!(secrets.iter().all(|secret| !text.contains(secret)), "{path}: {text}");
        assert_eq!(answer.header("access-control-allow-origin"), None, "{path}");
    }
}

#[test]
fn requests_that_come_together_are_answered_in_order() {
    let server = Running::in_memory();
    let mut http = Http::connect(server.address());
    for name in ["a", "b", "c"] {
        http.send("POST", &format!("/v1/locks/{name}"), "{}");
    }
    for name in ["a", "b", "c"] {
        assert_eq!(http.answer().good()["name"], name);
    }
}

#[test]
fn a_connection_of_many_streams_is_told_how_many() {
    let server = Running::in_memory();
    let mut http = Http::connect(server.address());
    http.send_bytes(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    // Our settings, which are none.
    http.send_bytes(&[0, 0, 0, 4, 0, 0, 0, 0, 0]);
    let head = http.bytes(9);
    assert_eq!(head[3], 4, "the server's settings come first");
    let settings = http.bytes(usize::from(head[2]));
    let settings = settings.chunks(6).map(|it| {
        let value = u32::from_be_bytes([it[2], it[3], it[4], it[5]]);
        (u16::from_be_bytes([it[0], it[1]]), value)
    });
    let settings: Vec<(u16, u32)> = settings.collect();
    let (streams, head_bytes) = (3, 6);
    assert!(settings.contains(&(streams, HTTP_STREAMS_MAX)), "{settings:?}");
    assert!(settings.contains(&(head_bytes, HTTP_HEAD_BYTES_MAX as u32)), "{settings:?}");
}
