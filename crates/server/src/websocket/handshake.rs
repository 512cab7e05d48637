//! Whether an HTTP request may become a WebSocket, and what it will speak.

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Version, header};
use bramah_wire::{Error, ErrorCode};
use tungstenite::handshake::derive_accept_key;

use super::framing::Format;
use super::origin::Origins;

/// Bytes of a client's key, in base64.
const KEY_TEXT_BYTES: usize = 24;

/// Why not, for an HTTP response.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) status: StatusCode,
    pub(crate) error: Error,
    /// A header that says what would be taken.
    pub(crate) header: Option<(HeaderName, HeaderValue)>,
}

/// What was agreed on.
#[derive(Debug)]
pub(crate) struct Agreed {
    /// None: the first message decides.
    pub(crate) format: Option<Format>,
    /// The headers of the response with status 101.
    pub(crate) headers: HeaderMap,
}

/// Looks at a request for a WebSocket.
pub(crate) fn agree(
    method: &Method,
    version: Version,
    headers: &HeaderMap,
    origins: &Origins,
) -> Result<Agreed, Box<Refused>> {
    let refuse = |status, code, why: String, header| {
        let error = Error::new(code, format!("open a WebSocket: {why}"));
        Err(Box::new(Refused { status, error, header }))
    };
    let invalid =
        |why: &str| refuse(StatusCode::BAD_REQUEST, ErrorCode::InvalidRequest, why.into(), None);
    if method != Method::GET || version != Version::HTTP_11 {
        return invalid("it is opened with GET in HTTP/1.1");
    }
    if !has_token(headers, &header::CONNECTION, "upgrade")
        || !has_token(headers, &header::UPGRADE, "websocket")
    {
        let why = "this path speaks WebSocket only: `Connection: Upgrade` and \
                   `Upgrade: websocket` are missing";
        let code = ErrorCode::InvalidRequest;
        return refuse(StatusCode::UPGRADE_REQUIRED, code, why.into(), None);
    }
    const VERSION: &str = "13";
    if text(headers, &header::SEC_WEBSOCKET_VERSION) != Some(VERSION) {
        let version = Some((header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static(VERSION)));
        let why = "version 13 of WebSocket is spoken, say so in Sec-WebSocket-Version".into();
        let code = ErrorCode::UnsupportedVersion;
        return refuse(StatusCode::UPGRADE_REQUIRED, code, why, version);
    }
    let key = text(headers, &header::SEC_WEBSOCKET_KEY).unwrap_or_default();
    if key.len() != KEY_TEXT_BYTES {
        return invalid("Sec-WebSocket-Key must be 16 bytes in base64");
    }
    if let Err(why) = origins.check_request(headers, None) {
        return refuse(StatusCode::FORBIDDEN, ErrorCode::Denied, why, None);
    }
    let mut offered = tokens(headers, &header::SEC_WEBSOCKET_PROTOCOL).peekable();
    let format = match offered.peek() {
        None => None,
        Some(_) => match offered.find_map(Format::from_name) {
            Some(format) => Some(format),
            None => {
                let [proto, json] = [Format::Proto, Format::Json].map(Format::name);
                return invalid(&format!("no subprotocol in common: {proto}, {json} are spoken"));
            }
        },
    };
    let mut answer = HeaderMap::new();
    answer.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    answer.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    let Ok(accept) = HeaderValue::from_str(&derive_accept_key(key.as_bytes())) else {
        return invalid("Sec-WebSocket-Key must be 16 bytes in base64");
    };
    answer.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    if let Some(format) = format {
        let name = HeaderValue::from_static(format.name());
        answer.insert(header::SEC_WEBSOCKET_PROTOCOL, name);
    }
    Ok(Agreed { format, headers: answer })
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

/// The parts of a list, which may be spread over several headers of the name.
fn tokens<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim).filter(|token| !token.is_empty())
}

fn has_token(headers: &HeaderMap, name: &HeaderName, wanted: &str) -> bool {
    tokens(headers, name).any(|token| token.eq_ignore_ascii_case(wanted))
}

#[cfg(test)]
mod tests {
    use super::*;

    const USUAL: [(&str, &str); 5] = [
        ("host", "127.0.0.1:7420"),
        ("connection", "keep-alive, Upgrade"),
        ("upgrade", "WebSocket"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ];

    fn ask(changes: &[(&str, Option<&str>)]) -> Result<Agreed, Box<Refused>> {
        let mut headers = HeaderMap::new();
        for (name, value) in USUAL {
            headers.insert(name, HeaderValue::from_static(value));
        }
        for (name, value) in changes {
            let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
            match value {
                Some(value) => drop(headers.insert(name, HeaderValue::from_str(value).unwrap())),
                None => drop(headers.remove(name)),
            }
        }
        agree(&Method::GET, Version::HTTP_11, &headers, &Origins::default())
    }

    #[test]
    fn a_usual_request_is_taken_and_its_key_answered_as_the_standard_has_it() {
        let agreed = ask(&[]).unwrap();
        assert_eq!(agreed.format, None);
        let accept = &agreed.headers[header::SEC_WEBSOCKET_ACCEPT];
        assert_eq!(accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
        assert!(!agreed.headers.contains_key(header::SEC_WEBSOCKET_PROTOCOL));
    }

    #[test]
    fn the_first_subprotocol_that_is_known_is_taken() {
        for (offered, format) in [
            ("bramah.v1.json", Format::Json),
            ("bramah.v1.proto,bramah.v1.json", Format::Proto),
            ("bramah.v9.json, bramah.v1.json, bramah.v1.proto", Format::Json),
        ] {
            let agreed = ask(&[("sec-websocket-protocol", Some(offered))]).unwrap();
            assert_eq!(agreed.format, Some(format));
            assert_eq!(agreed.headers[header::SEC_WEBSOCKET_PROTOCOL], format.name());
        }
    }

    #[test]
    fn what_is_missing_is_said() {
        for (change, status, words) in [
            (("connection", Some("keep-alive")), 426, "`Connection: Upgrade`"),
            (("upgrade", None), 426, "WebSocket only"),
            (("sec-websocket-version", Some("8")), 426, "version 13"),
            (("sec-websocket-key", None), 400, "Sec-WebSocket-Key"),
            (("sec-websocket-key", Some("short")), 400, "Sec-WebSocket-Key"),
            (("sec-websocket-protocol", Some("chat")), 400, "bramah.v1.proto, bramah.v1.json"),
            (("origin", Some("https://evil.example")), 403, "https://evil.example"),
        ] {
            let refused = ask(&[change]).unwrap_err();
            assert_eq!(refused.status.as_u16(), status, "{refused:?}");
            assert!(refused.error.message.contains(words), "{refused:?}");
            assert_eq!(refused.header.is_some(), words == "version 13", "{refused:?}");
        }
        let others = [(Method::POST, Version::HTTP_11), (Method::GET, Version::HTTP_2)];
        for (method, version) in others {
            let refused = agree(&method, version, &HeaderMap::new(), &Origins::default());
            assert!(refused.unwrap_err().error.message.contains("GET in HTTP/1.1"));
        }
    }
}
