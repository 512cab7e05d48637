//! Pages of other sites must not act through a visitor's browser.

use axum::http::{Method, Request};
use bramah_wire::ErrorCode;

use super::problem::Problem;
use crate::websocket::Origins;

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
