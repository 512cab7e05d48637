//! Pages of other sites must not act through a visitor's browser.

use axum::http::{Method, Request, header};
use bramah_wire::ErrorCode;

use super::problem::Problem;

/// Refuses a change that a browser makes for a page of another origin. Other clients send none of
/// these headers.
pub(crate) fn check<B>(request: &Request<B>) -> Result<(), Problem> {
    if matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS) {
        return Ok(());
    }
    let text = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
    let origin = match (text("sec-fetch-site"), text("origin")) {
        (Some("same-origin" | "none"), _) | (None, None) => return Ok(()),
        (_, origin) => origin.unwrap_or("another site"),
    };
    let host = request.uri().authority().map(|it| it.as_str());
    let host = host.or_else(|| text(header::HOST.as_str()));
    let is_own = origin.split_once("://").is_some_and(|(_, own)| Some(own) == host);
    match is_own && text("sec-fetch-site").is_none() {
        true => Ok(()),
        false => {
            let text = format!("let a page of {origin} change anything: it is not served here");
            Err(Problem::new(ErrorCode::Denied, text))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_allowed(method: Method, headers: &[(&str, &str)]) -> bool {
        let mut request = Request::builder().method(method).uri("/v1/locks/x");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        check(&request.body(()).expect("a request")).is_ok()
    }

    #[test]
    fn only_pages_of_other_origins_are_refused_and_only_changes() {
        let host = ("host", "locks:7420");
        let other = ("origin", "https://evil.example");
        assert!(is_allowed(Method::POST, &[host]));
        assert!(is_allowed(Method::POST, &[host, ("origin", "http://locks:7420")]));
        assert!(is_allowed(Method::DELETE, &[host, other, ("sec-fetch-site", "same-origin")]));
        assert!(is_allowed(Method::GET, &[host, other]));
        assert!(!is_allowed(Method::POST, &[host, other]));
        assert!(!is_allowed(Method::POST, &[host, ("origin", "null")]));
        assert!(!is_allowed(Method::POST, &[host, ("origin", "http://locks:7421")]));
        assert!(!is_allowed(Method::PUT, &[host, ("sec-fetch-site", "cross-site")]));
        assert!(!is_allowed(Method::DELETE, &[host, ("sec-fetch-site", "same-site")]));
    }
}
