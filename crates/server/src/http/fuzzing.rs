//! All that this front parses by itself, for a fuzz target.

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Version};

use super::body::parse;
use super::holds::{RenewBody, ValueBody};
use super::operator::RevokeBody;
use super::query::{Query, decode};
use super::sessions::OpenBody;
use super::wanted::AcquireBody;
use super::{call, guard};
use crate::websocket::{Origins, agree};

const PARAMETERS: [&str; 6] = ["prefix", "name", "limit", "wait", "longer_than", "stale"];
const HEADERS: [&str; 8] = [
    "origin",
    "host",
    "sec-fetch-site",
    "connection",
    "upgrade",
    "sec-websocket-version",
    "sec-websocket-key",
    "sec-websocket-protocol",
];

/// Reads an address, a line for each of some headers, and a body behind them.
pub fn http(bytes: &[u8]) {
    let mut lines = bytes.splitn(HEADERS.len() + 2, |byte| *byte == b'\n');
    let address = String::from_utf8_lossy(lines.next().unwrap_or_default()).into_owned();
    let mut headers = HeaderMap::new();
    for (name, line) in HEADERS.iter().zip(&mut lines) {
        if let (Ok(value), false) = (HeaderValue::from_bytes(line), line.is_empty()) {
            headers.append(HeaderName::from_static(name), value);
        }
    }
    let (path, query) = address.split_once('?').unwrap_or((&address, ""));
    if let Ok(text) = decode(path, false) {
        let _ = (call::lock_name(&text), call::ticket(&text), call::session(&text));
    }
    if let Ok(query) = Query::parse(query, &PARAMETERS) {
        let _ = (query.number("limit"), query.length("wait"), query.flag("stale"));
        let _ = query.length("longer_than");
    }
    let origins = Origins::new(["https://locks.example".to_owned()], ["locks".to_owned()]);
    let _ = agree(&Method::GET, Version::HTTP_11, &headers, &origins);
    let mut request = axum::http::Request::post("/").body(()).unwrap_or_default();
    *request.headers_mut() = headers;
    let _ = guard::check(&request, &origins);
    let body = lines.next().unwrap_or_default();
    if let (Ok(body), Ok(name)) = (parse::<AcquireBody>(body), call::lock_name("x")) {
        let _ = body.check(name);
    }
    let _ = (parse::<OpenBody>(body), parse::<RenewBody>(body));
    let _ = (parse::<ValueBody>(body), parse::<RevokeBody>(body));
}
