//! The parameters of a request's address.

use super::length::Length;
use super::problem::Problem;

/// What stands behind the question mark, each parameter once.
#[derive(Debug, Default)]
pub(crate) struct Query {
    pairs: Vec<(String, String)>,
}

impl Query {
    /// Reads `text`; only parameters of these names may be there.
    pub(crate) fn parse(text: &str, known: &[&str]) -> Result<Query, Problem> {
        let mut pairs: Vec<(String, String)> = Vec::new();
        for part in text.split('&').filter(|part| !part.is_empty()) {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            let name = decode(name, true)?;
            if !known.contains(&name.as_str()) {
                let known = match known {
                    [] => "it takes none".to_owned(),
                    known => format!("it takes {}", known.join(", ")),
                };
                let text = format!("read the query: there is no parameter {name:?} here, {known}");
                return Err(Problem::invalid(text));
            }
            if pairs.iter().any(|(there, _)| *there == name) {
                let text = format!("read the query: the parameter {name:?} is there twice");
                return Err(Problem::invalid(text));
            }
            pairs.push((name, decode(value, true)?));
        }
        Ok(Query { pairs })
    }

    /// The text of a parameter, if it is there.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        let pair = self.pairs.iter().find(|(there, _)| there == name);
        pair.map(|(_, value)| value.as_str())
    }

    /// A whole number.
    pub(crate) fn number(&self, name: &str) -> Result<Option<u64>, Problem> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        match text.parse() {
            Ok(number) if is_number => Ok(Some(number)),
            _ => Err(Problem::invalid(format!("read {name}={text:?}: it must be a whole number"))),
        }
    }

    /// A length of time.
    pub(crate) fn length(&self, name: &str) -> Result<Option<Length>, Problem> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let length = Length::parse(text);
        length.map(Some).map_err(|why| Problem::invalid(format!("read {name}={text:?}: {why}")))
    }

    /// True or false; the name alone is true.
    pub(crate) fn flag(&self, name: &str) -> Result<bool, Problem> {
        match self.text(name) {
            None | Some("false") => Ok(false),
            Some("" | "true") => Ok(true),
            Some(text) => {
                let text = format!("read {name}={text:?}: it must be true or false");
                Err(Problem::invalid(text))
            }
        }
    }
}

/// Takes percent-encoding off a part of an address.
pub(crate) fn decode(text: &str, plus_is_space: bool) -> Result<String, Problem> {
    let wrong = |why: &str| Problem::invalid(format!("read {text:?} in the address: {why}"));
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' if plus_is_space => b' ',
            b'%' => {
                let digits = (rest.next().and_then(hex), rest.next().and_then(hex));
                let (Some(high), Some(low)) = digits else {
                    return Err(wrong("a % must be followed by two hexadecimal digits"));
                };
                high << 4 | low
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes).map_err(|_| wrong("it must be UTF-8"))
}

pub(crate) fn hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn encode(text: &str) -> String {
        text.bytes().map(|byte| format!("%{byte:02X}")).collect()
    }

    #[test]
    fn parameters_are_found_by_name_and_read_by_kind() {
        let known = ["prefix", "limit", "wait", "stale"];
        let query = Query::parse("prefix=a%2Fb+c&limit=7&wait=1m30s&stale", &known).expect("good");
        assert_eq!(query.text("prefix"), Some("a/b c"));
        assert_eq!(query.number("limit").ok(), Some(Some(7)));
        let wait = query.length("wait").expect("a length");
        assert_eq!(wait.map(Length::as_ms), Some(90_000));
        assert!(query.flag("stale").expect("a flag"));
        assert_eq!(query.text("after"), None);
    }

    #[test]
    fn what_is_unknown_double_or_malformed_is_named() {
        for (text, expected) in [
            ("prefx=a", "\"prefx\""),
            ("limit=1&limit=2", "twice"),
            ("prefix=%zz", "two hexadecimal digits"),
            ("prefix=%f", "two hexadecimal digits"),
            ("prefix=%ff", "UTF-8"),
        ] {
            let problem = Query::parse(text, &["prefix", "limit"]).expect_err(text);
            assert!(problem.detail().contains(expected), "{problem:?}");
        }
        for limit in ["", "x", "-1", "+1", "1.5", "18446744073709551616"] {
            let query = Query::parse(&format!("limit={limit}"), &["limit"]).expect("good");
            assert!(query.number("limit").is_err(), "{limit}");
        }
    }

    proptest! {
        #[test]
        fn any_text_survives_percent_encoding(text in ".{0,40}") {
            let query = Query::parse(&format!("prefix={}", encode(&text)), &["prefix"]);
            let query = query.expect("it can be read");
            prop_assert_eq!(query.text("prefix"), Some(text.as_str()));
            prop_assert_eq!(decode(&encode(&text), false).expect("it can be read"), text);
        }

        #[test]
        fn no_query_makes_it_panic(text in "[a-z%&=+0-9\u{e4} ]{0,40}") {
            if let Ok(query) = Query::parse(&text, &["a", "b", ""]) {
                let _ = (query.number("a"), query.length("b"), query.flag(""));
            }
        }
    }
}
