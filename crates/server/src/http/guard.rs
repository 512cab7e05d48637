//! What is looked at before a request is served. Pages of other sites must not act through a
//! visitor's browser, and a request must not mean something else to a proxy than to this server.

use axum::http::{
    HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, Version, header,
};
use bramah_wire::ErrorCode;

use super::problem::Problem;
use crate::websocket::Origins;

/// What a page of another origin may read of an answer's head, beside what every page may.
const EXPOSED_HEADERS: HeaderValue =
    HeaderValue::from_static("allow, bramah-cluster, location, retry-after");

/// In answers the number of the server's cluster; in requests that of the cluster that is meant.
pub(crate) const CLUSTER: HeaderName = HeaderName::from_static("bramah-cluster");

/// Refuses a change that a browser makes for a page that may not speak to this server: browsers say
/// the page's origin with every change. Other clients send none of these headers.
///
/// What a browser says of the site is not enough: to it, a name that its owner makes to mean this
/// server's address is the same origin.
pub(crate) fn check<B>(request: &Request<B>, origins: &Origins) -> Result<(), Problem> {
    if matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS) {
        return Ok(());
    }
    let refuse = |why: &str| {
        let text = format!("let a page change anything: {why}");
        Err(Problem::new(ErrorCode::Denied, text))
    };
    let headers = request.headers();
    let authority = request.uri().authority().map(|it| it.as_str());
    if let Err(why) = origins.check_request(headers, authority) {
        return refuse(&why);
    }
    let is_of_a_site = |site: &[u8]| matches!(site, b"cross-site" | b"same-site");
    let mut sites = headers.get_all("sec-fetch-site").into_iter();
    match sites.any(|site| is_of_a_site(site.as_bytes())) && !headers.contains_key("origin") {
        true => refuse("it is of another site, and does not say of which origin"),
        false => Ok(()),
    }
}

/// The origin of the page that a request is of, if it may speak to this server.
pub(crate) fn page<B>(request: &Request<B>, origins: &Origins) -> Option<HeaderValue> {
    let authority = request.uri().authority().map(|it| it.as_str());
    origins.check_request(request.headers(), authority).ok()?;
    request.headers().get(header::ORIGIN).cloned()
}

/// Lets a page of this origin read an answer, which browsers keep from pages of other origins than
/// the one that they ask.
pub(crate) fn share(answer: &mut HeaderMap, page: HeaderValue) {
    // A browser asks with OPTIONS before it sends what no form could.
    if let Some(methods) = answer.get(header::ALLOW).cloned() {
        let headers = HeaderValue::from_static("bramah-cluster, content-type, last-event-id");
        answer.insert(header::ACCESS_CONTROL_ALLOW_METHODS, methods);
        answer.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, headers);
    }
    answer.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED_HEADERS);
    answer.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, page);
    answer.insert(header::VARY, HeaderValue::from_static("origin"));
}

/// Refuses a request that means another cluster than the server's: what it names does not mean the
/// same here, so no other answer than this would be true of it.
pub(crate) fn check_cluster(headers: &HeaderMap, cluster_id: Option<u64>) -> Result<(), Problem> {
    let Some(cluster_id) = cluster_id else { return Ok(()) };
    for meant in headers.get_all(CLUSTER) {
        let meant = String::from_utf8_lossy(meant.as_bytes());
        if meant.parse() != Ok(cluster_id) {
            let text = format!(
                "serve the request: it means cluster {meant:?}, and this server is of cluster \
                 {cluster_id}, where nothing is known of it: ask a server of that cluster"
            );
            return Err(Problem::invalid(text).with_status(StatusCode::MISDIRECTED_REQUEST));
        }
    }
    Ok(())
}

/// Refuses a request whose head asks for what is not done here: to serve it as if that were not
/// there would take its body for something else.
pub(crate) fn check_head<B>(request: &Request<B>) -> Result<(), Problem> {
    let headers = request.headers();
    let other = |name, known: &str| {
        let mut values = headers.get_all(name).into_iter();
        let other = values.find(|value| !value.as_bytes().eq_ignore_ascii_case(known.as_bytes()));
        other.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
    };
    let hosts = headers.get_all(header::HOST).into_iter().count();
    if hosts > 1 || (hosts == 0 && request.version() == Version::HTTP_11) {
        let text = format!("read the request: it has {hosts} headers `host`, and one is needed");
        return Err(Problem::invalid(text));
    }
    if let Some(other) = other(header::TRANSFER_ENCODING, "chunked") {
        let text = format!("read the body: transfer-encoding {other:?} is not known, only chunked");
        return Err(Problem::new(ErrorCode::Unsupported, text));
    }
    if let Some(other) = other(header::CONTENT_ENCODING, "identity") {
        let text = format!("read the body: content-encoding {other:?} is not known, send it plain");
        return Err(Problem::invalid(text).with_status(StatusCode::UNSUPPORTED_MEDIA_TYPE));
    }
    if let Some(other) = other(header::EXPECT, "100-continue") {
        let text = format!("do what is expected: {other:?} is not known, only 100-continue");
        return Err(Problem::invalid(text).with_status(StatusCode::EXPECTATION_FAILED));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_allowed(method: Method, headers: &[(&str, &str)]) -> bool {
        let mut request = Request::builder().method(method).uri("/v1/locks/x");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let origins = Origins::new(["https://locks.example".to_owned()], ["locks".to_owned()]);
        check(&request.body(()).expect("a request"), &origins).is_ok()
    }

    #[test]
    fn only_pages_of_other_origins_are_refused_and_only_changes() {
        let host = ("host", "locks:7420");
        let own = ("origin", "http://locks:7420");
        let other = ("origin", "https://evil.example");
        let listed = ("origin", "https://locks.example");
        assert!(is_allowed(Method::POST, &[host]));
        assert!(is_allowed(Method::POST, &[host, own]));
        assert!(is_allowed(Method::POST, &[host, own, ("sec-fetch-site", "same-origin")]));
        assert!(is_allowed(Method::POST, &[host, listed, ("sec-fetch-site", "cross-site")]));
        assert!(is_allowed(Method::PUT, &[host, ("sec-fetch-site", "none")]));
        assert!(is_allowed(Method::GET, &[host, other]));
        assert!(!is_allowed(Method::POST, &[host, other]));
        assert!(!is_allowed(Method::POST, &[host, own, own]));
        assert!(!is_allowed(Method::POST, &[host, own, other]));
        assert!(!is_allowed(Method::POST, &[host, ("origin", "null")]));
        assert!(!is_allowed(Method::POST, &[host, ("origin", "http://locks:7421")]));
        assert!(!is_allowed(Method::DELETE, &[host, other, ("sec-fetch-site", "same-origin")]));
        assert!(!is_allowed(Method::PUT, &[host, ("sec-fetch-site", "cross-site")]));
        assert!(!is_allowed(Method::DELETE, &[host, ("sec-fetch-site", "same-site")]));
    }

    #[test]
    fn a_name_that_is_made_to_mean_this_server_makes_no_page_its_own() {
        let (host, page) = (("host", "evil.example:7420"), ("origin", "http://evil.example:7420"));
        for site in ["same-origin", "none"] {
            assert!(!is_allowed(Method::POST, &[host, page, ("sec-fetch-site", site)]), "{site}");
        }
        assert!(!is_allowed(Method::POST, &[host, page]));
    }
}
