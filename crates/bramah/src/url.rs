//! Where a lock service is.

use std::path::Path;
use std::sync::Arc;

use crate::backend::Backend;
use crate::error::{Error, ErrorKind};
use crate::local::Local;
use crate::locker::Options;

/// The port of a server unless its URL says otherwise.
pub const PORT_DEFAULT: u16 = 7420;

/// Most addresses in one URL.
const ADDRESSES_MAX: usize = 64;

/// A URL, understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// `bramah://`: host and port of each server.
    Servers(Vec<String>),
    /// `local:`, with the directory if it names one.
    Local(Option<String>),
}

impl Target {
    pub(crate) fn parse(url: &str) -> Result<Target, Error> {
        let invalid =
            |message: String| Error::new(ErrorKind::Invalid, format!("use {url:?}"), message);
        let Some((scheme, rest)) = url.split_once(':') else {
            return Err(invalid(format!("a URL begins with a scheme; {KNOWN}")));
        };
        match scheme {
            "bramah" => {
                let rest = rest
                    .strip_prefix("//")
                    .ok_or_else(|| invalid("write bramah://HOST:PORT[,HOST:PORT...]".into()))?;
                parse_addresses(rest.strip_suffix('/').unwrap_or(rest))
                    .map(Target::Servers)
                    .map_err(invalid)
            }
            "local" => {
                let path = rest.strip_prefix("//").unwrap_or(rest);
                match path {
                    "" => Ok(Target::Local(None)),
                    _ if path.starts_with('/') => Ok(Target::Local(Some(path.to_owned()))),
                    _ => Err(invalid("its directory must be absolute: local:/DIRECTORY".into())),
                }
            }
            _ => Err(invalid(format!("unknown scheme {scheme:?}; {KNOWN}"))),
        }
    }

    pub(crate) async fn connect(self, options: Options) -> Result<Arc<dyn Backend>, Error> {
        match self {
            Target::Servers(addresses) => crate::native::connect(addresses, options).await,
            Target::Local(folder) => Ok(Arc::new(Local::open(folder.as_deref().map(Path::new))?)),
        }
    }
}

/// The addresses that a URL names, if it names servers: what a fuzz target calls.
pub fn servers(url: &str) -> Option<Vec<String>> {
    match Target::parse(url) {
        Ok(Target::Servers(addresses)) => Some(addresses),
        _ => None,
    }
}

const KNOWN: &str = "known are bramah://HOST:PORT[,HOST:PORT...], local: and local:/DIRECTORY";

fn parse_addresses(list: &str) -> Result<Vec<String>, String> {
    let addresses: Vec<String> = list.split(',').map(parse_address).collect::<Result<_, _>>()?;
    if addresses.len() > ADDRESSES_MAX {
        return Err(format!(
            "it has {} addresses, at most {ADDRESSES_MAX} are allowed",
            addresses.len()
        ));
    }
    Ok(addresses)
}

/// `HOST`, `HOST:PORT`, `[V6]` or `[V6]:PORT`, completed by the usual port.
fn parse_address(text: &str) -> Result<String, String> {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (text, None),
    };
    let bracketed = host.starts_with('[') && host.ends_with(']');
    let is_foreign = |c: char| c.is_whitespace() || ['/', '@', '?', '#'].contains(&c);
    if host.is_empty() || host.contains(is_foreign) {
        return Err(format!("{text:?} is not HOST or HOST:PORT"));
    }
    if host.contains(':') && !bracketed {
        return Err(format!("write the IPv6 address in brackets: [{text}]"));
    }
    match port {
        None => Ok(format!("{host}:{PORT_DEFAULT}")),
        Some(port) => match port.parse::<u16>() {
            Ok(port) if port != 0 => Ok(format!("{host}:{port}")),
            _ => Err(format!("{port:?} is not a port")),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn servers(url: &str) -> Vec<String> {
        match Target::parse(url) {
            Ok(Target::Servers(addresses)) => addresses,
            other => panic!("{other:?}"),
        }
    }

    fn refusal(url: &str) -> String {
        let error = Target::parse(url).expect_err("a refusal");
        assert_eq!(error.kind(), ErrorKind::Invalid);
        error.to_string()
    }

    #[test]
    fn an_address_without_port_gets_the_usual_one() {
        assert_eq!(
            servers("bramah://db1,db2:7000,[::1],[::1]:99"),
            ["db1:7420", "db2:7000", "[::1]:7420", "[::1]:99"]
        );
        assert_eq!(servers("bramah://db1/"), ["db1:7420"]);
    }

    #[test]
    fn local_may_name_an_absolute_directory() {
        assert_eq!(Target::parse("local:").unwrap(), Target::Local(None));
        assert_eq!(Target::parse("local:/a/b").unwrap(), Target::Local(Some("/a/b".into())));
        assert_eq!(Target::parse("local:///a").unwrap(), Target::Local(Some("/a".into())));
        assert!(refusal("local:a").contains("absolute"));
    }

    #[test]
    fn what_cannot_be_understood_is_refused_with_what_could() {
        assert_eq!(
            refusal("redis://x"),
            "could not use \"redis://x\": unknown scheme \"redis\"; known are \
             bramah://HOST:PORT[,HOST:PORT...], local: and local:/DIRECTORY"
        );
        assert!(refusal("db1").contains("begins with a scheme"));
        assert!(refusal("bramah:db1").contains("bramah://HOST"));
        assert!(refusal("bramah://").contains("is not HOST"));
        assert!(refusal("bramah://a,,b").contains("is not HOST"));
        assert!(refusal("bramah://a, b").contains("\" b\" is not HOST"));
        assert!(refusal("bramah://a:b").contains("not a port"));
        assert!(refusal("bramah://a:0").contains("not a port"));
        assert!(refusal("bramah://::1").contains("brackets"));
        assert!(refusal(&format!("bramah://a{}", ",a".repeat(64))).contains("at most 64"));
    }
}
