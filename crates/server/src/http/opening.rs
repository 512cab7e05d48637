//! What the first bytes of a connection to the one port say about the rest.

use bramah_wire::frame::Opening;

/// Longest opening that tells protocols apart: the preface of HTTP/2.
pub(crate) const OPENING_BYTES_MAX: usize = PREFACE.len();

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// A space ends each, so that nothing else passes for one.
const METHODS: [&[u8]; 9] = [
    b"GET ",
    b"POST ",
    b"PUT ",
    b"DELETE ",
    b"HEAD ",
    b"OPTIONS ",
    b"PATCH ",
    b"TRACE ",
    b"CONNECT ",
];
/// Longest method that is taken for one.
const METHOD_BYTES_MAX: usize = 16;
/// A handshake record of any TLS version.
const TLS: &[u8] = &[0x16, 0x03];

/// What a connection speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Spoken {
    /// Too few bytes to tell.
    Incomplete,
    /// Native frames of this version.
    Native(u16),
    /// HTTP/1.1 or 1.0.
    Http1,
    /// HTTP/2 without an upgrade.
    Http2,
    /// TLS, which is not set up here.
    Tls,
    /// Nothing that is known here.
    Unknown,
}

/// Looks at the first bytes of a connection, however few.
pub(crate) fn spoken(first: &[u8]) -> Spoken {
    match Opening::check(first) {
        Opening::Native(version) => return Spoken::Native(version),
        Opening::Incomplete => return Spoken::Incomplete,
        Opening::Unknown => {}
    }
    let begins = |whole: &[u8]| {
        let len = first.len().min(whole.len());
        first[..len] == whole[..len]
    };
    let others = METHODS.iter().map(|method| (*method, Spoken::Http1));
    for (whole, spoken) in others.chain([(PREFACE, Spoken::Http2), (TLS, Spoken::Tls)]) {
        if begins(whole) {
            return if first.len() < whole.len() { Spoken::Incomplete } else { spoken };
        }
    }
    match after_unknown_method(first) {
        None => Spoken::Unknown,
        Some(b"" | b" ") => Spoken::Incomplete,
        Some(rest) if rest.starts_with(b" /") => Spoken::Http1,
        Some(_) => Spoken::Unknown,
    }
}

/// What comes after a word that may be a method of HTTP which is not known here: it gets an answer
/// of HTTP too.
fn after_unknown_method(first: &[u8]) -> Option<&[u8]> {
    let letters = first.iter().take_while(|byte| byte.is_ascii_uppercase()).count();
    (1..=METHOD_BYTES_MAX).contains(&letters).then(|| &first[letters..])
}

#[cfg(test)]
mod tests {
    use bramah_wire::frame::OPENING;
    use proptest::prelude::*;

    use super::*;

    /// What is found out byte by byte, as a slow connection shows it.
    fn piecemeal(bytes: &[u8]) -> (Spoken, usize) {
        (0..=bytes.len())
            .map(|len| (spoken(&bytes[..len]), len))
            .find(|(found, _)| *found != Spoken::Incomplete)
            .unwrap_or((Spoken::Incomplete, bytes.len()))
    }

    #[test]
    fn each_protocol_is_known_by_its_first_bytes_however_they_come() {
        let openings: [(&[u8], Spoken); 7] = [
            (&OPENING, Spoken::Native(1)),
            (b"GET /healthz HTTP/1.1\r\n", Spoken::Http1),
            (b"POST /v1/locks/x HTTP/1.1\r\n", Spoken::Http1),
            (b"PUT /v1/locks/x/value HTTP/1.1\r\n", Spoken::Http1),
            (b"QUERY / HTTP/1.1\r\n", Spoken::Http1),
            (PREFACE, Spoken::Http2),
            (b"\x16\x03\x01\x02\x00", Spoken::Tls),
        ];
        for (bytes, expected) in openings {
            assert_eq!(piecemeal(bytes).0, expected);
        }
        for bytes in [
            &b"EHLO x\r\n"[..],
            b"*1\r\n$4\r\nPING\r\n",
            b"get / HTTP/1.1",
            b"\x16\x02",
            b"PING\r\n",
        ] {
            assert_eq!(piecemeal(bytes).0, Spoken::Unknown);
        }
    }

    proptest! {
        #[test]
        fn whatever_comes_is_decided_within_a_few_bytes_and_for_good(
            bytes in prop_oneof![
                proptest::collection::vec(any::<u8>(), 0..64),
                (0..METHODS.len(), proptest::collection::vec(any::<u8>(), 0..64))
                    .prop_map(|(method, rest)| [METHODS[method], &rest].concat()),
                (0..PREFACE.len(), proptest::collection::vec(any::<u8>(), 0..64))
                    .prop_map(|(len, rest)| [&PREFACE[..len], &rest].concat()),
            ],
        ) {
            let (found, len) = piecemeal(&bytes);
            prop_assert!(len <= OPENING_BYTES_MAX);
            for more in len..=bytes.len() {
                prop_assert_eq!(spoken(&bytes[..more]), found);
            }
        }
    }
}
