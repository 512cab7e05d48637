//! Which web pages may speak to this server.
//!
//! A browser lets every page open a WebSocket to every address, also to those that only its own
//! machine or network reaches, and says of which origin the page is. Programs say none. So pages of
//! other origins are refused unless they are listed. A page of the same origin is one that this
//! server gave; but a name that its owner makes to mean this server's address ("DNS rebinding")
//! looks the same. So the same origin counts only under names that are surely this server's own:
//! addresses, `localhost`, and what the server was told that it is called.
//!
//! What a page makes a browser change over plain HTTP is held to the same rule.

use std::net::IpAddr;

use axum::http::{HeaderMap, header};

/// What is allowed beside programs.
#[derive(Clone, Debug, Default)]
pub(crate) struct Origins {
    /// Origins of pages, such as `https://locks.example`, in lower case.
    listed: Vec<String>,
    /// Names of this server.
    names: Vec<String>,
}

impl Origins {
    /// Allows these origins, and pages that the server of these names gave.
    pub(crate) fn new(
        listed: impl IntoIterator<Item = String>,
        names: impl IntoIterator<Item = String>,
    ) -> Origins {
        let plain = |text: String| text.trim_end_matches('/').to_ascii_lowercase();
        Origins {
            listed: listed.into_iter().map(plain).collect(),
            names: names.into_iter().map(|name| name.to_ascii_lowercase()).collect(),
        }
    }

    /// Says why the page may not, if any, that a request with these headers is of. `authority` is
    /// what the request's own address says, which goes before the header `Host`.
    pub(crate) fn check_request(
        &self,
        headers: &HeaderMap,
        authority: Option<&str>,
    ) -> Result<(), String> {
        let mut origins = headers.get_all(header::ORIGIN).into_iter();
        let Some(origin) = origins.next() else { return Ok(()) };
        if origins.next().is_some() {
            return Err("a page may not that is of several origins: one `Origin` is taken".into());
        }
        let host = || headers.get(header::HOST)?.to_str().ok().map(str::trim);
        let origin = origin.to_str().map_or("unreadable", str::trim);
        self.check(origin, authority.or_else(host))
    }

    /// Says why a page of this origin may not speak to the server that it calls `host`.
    fn check(&self, origin: &str, host: Option<&str>) -> Result<(), String> {
        let origin = origin.to_ascii_lowercase();
        if self.listed.contains(&origin) {
            return Ok(());
        }
        let refused = Err(format!(
            "a page of {origin:?} may not: its origin is neither this server's nor listed"
        ));
        let Some((scheme, authority)) = origin.split_once("://") else { return refused };
        let port = match scheme {
            "http" => 80,
            "https" => 443,
            _ => return refused,
        };
        let host = host.unwrap_or_default().to_ascii_lowercase();
        let (theirs, ours) = (parts(authority, port), parts(&host, port));
        match (theirs, ours) {
            (Some(theirs), Some(ours)) if theirs == ours && self.is_own(ours.0) => Ok(()),
            _ => refused,
        }
    }

    fn is_own(&self, name: &str) -> bool {
        let address = name.strip_prefix('[').and_then(|name| name.strip_suffix(']'));
        let is_address = address.unwrap_or(name).parse::<IpAddr>().is_ok();
        is_address
            || name == "localhost"
            || name.ends_with(".localhost")
            || self.names.iter().any(|own| own == name)
    }
}

/// The name and the port of `NAME[:PORT]`.
fn parts(authority: &str, usual_port: u16) -> Option<(&str, u16)> {
    if authority.is_empty() || authority.contains('@') {
        return None;
    }
    let port_at = match authority.rfind(']') {
        Some(end) => authority[end..].find(':').map(|at| end + at),
        None => authority.rfind(':'),
    };
    match port_at {
        None => Some((authority, usual_port)),
        Some(at) => Some((&authority[..at], authority[at + 1..].parse().ok()?)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_of_this_server_and_of_listed_origins_may() {
        let listed = ["https://Locks.example/".to_owned()];
        let origins = Origins::new(listed, ["db1".to_owned()]);
        for (origin, host) in [
            ("http://127.0.0.1:7420", "127.0.0.1:7420"),
            ("http://[::1]:7420", "[::1]:7420"),
            ("http://localhost:7420", "localhost:7420"),
            ("http://LOCALHOST:7420", "localhost:7420"),
            ("http://app.localhost:7420", "app.localhost:7420"),
            ("http://10.0.0.7", "10.0.0.7:80"),
            ("https://10.0.0.7", "10.0.0.7"),
            ("http://db1:7420", "DB1:7420"),
            ("https://locks.example", "db1:7420"),
            ("https://locks.example", "whatever"),
        ] {
            assert_eq!(origins.check(origin, Some(host)), Ok(()), "{origin} {host}");
        }
    }

    #[test]
    fn other_pages_may_not() {
        let listed = ["https://locks.example".to_owned()];
        let origins = Origins::new(listed, ["db1".to_owned()]);
        for (origin, host, why) in [
            ("https://evil.example", "127.0.0.1:7420", "another origin"),
            ("http://evil.example:7420", "evil.example:7420", "a name made to mean this server"),
            ("http://127.0.0.1:8000", "127.0.0.1:7420", "another server of this machine"),
            ("http://localhost:7420", "127.0.0.1:7420", "another name"),
            ("http://locks.example", "127.0.0.1:7420", "listed for https only"),
            ("https://locks.example.evil.example", "127.0.0.1:7420", "a longer name"),
            ("http://db1@127.0.0.1:7420", "db1@127.0.0.1:7420", "no origin has a user"),
            ("http://127.0.0.1.evil.example", "127.0.0.1.evil.example", "no address"),
            ("http://127.0.0.1:70000", "127.0.0.1:70000", "no port"),
            ("file://127.0.0.1", "127.0.0.1", "a file"),
            ("null", "127.0.0.1:7420", "a sandbox"),
            ("", "", "nothing"),
        ] {
            assert!(origins.check(origin, Some(host)).is_err(), "{why}");
        }
        assert!(origins.check("http://127.0.0.1", None).is_err());
    }

    #[test]
    fn a_request_is_of_one_origin_or_of_none() {
        let origins = Origins::new([], ["db1".to_owned()]);
        let check = |authority, said: &[(&'static str, &'static str)]| {
            let mut headers = HeaderMap::new();
            for (name, value) in said {
                headers.append(*name, value.parse().unwrap());
            }
            origins.check_request(&headers, authority).is_ok()
        };
        let (host, own) = (("host", "db1:7420"), ("origin", "http://db1:7420"));
        assert!(check(None, &[host]), "a program");
        assert!(check(None, &[host, own]));
        assert!(check(Some("db1:7420"), &[own]), "HTTP/2 says it in the address");
        assert!(!check(Some("db2:7420"), &[host, own]), "the address goes before");
        assert!(!check(None, &[own]), "called by no name");
        assert!(!check(None, &[host, own, own]), "two");
        assert!(!check(None, &[host, own, ("origin", "https://evil.example")]), "two");
        assert!(!check(None, &[host, ("origin", "")]));
    }
}
