//! Bodies of requests: bounded in length, depth and time, and checked field by field.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, header};
use bramah_wire::ErrorCode;
use http_body::Body as _;
use serde::de::DeserializeOwned;
use tokio::time::sleep;

use super::answered::SHORT_BYTES;
use super::problem::Problem;
use crate::limits::{HTTP_BODY_BYTES_MAX, HTTP_BODY_TIME_MAX, JSON_DEPTH_MAX};
use crate::memory::Charge;

/// Reads a body as JSON; an empty one stands for an object without fields. `charge` counts its
/// bytes, but for those of a short one, which is counted with its request.
pub(crate) async fn json<T: DeserializeOwned + Default>(
    headers: &HeaderMap,
    body: Body,
    charge: &mut Charge,
) -> Result<T, Problem> {
    if body.is_end_stream() {
        return Ok(T::default());
    }
    let said = headers.get(header::CONTENT_LENGTH).and_then(|it| it.to_str().ok()?.parse().ok());
    if said.is_some_and(|bytes: u64| bytes > HTTP_BODY_BYTES_MAX as u64) {
        return Err(too_long());
    }
    parse(&read(body, charge).await?)
}

pub(super) fn parse<T: DeserializeOwned + Default>(bytes: &[u8]) -> Result<T, Problem> {
    if bytes.is_empty() {
        return Ok(T::default());
    }
    if depth(bytes) > JSON_DEPTH_MAX {
        let text = format!("read the body: its JSON is nested deeper than {JSON_DEPTH_MAX}");
        return Err(Problem::invalid(text));
    }
    // A list would do for an object where all its fields are there.
    if bytes.iter().find(|byte| !byte.is_ascii_whitespace()) != Some(&b'{') {
        return Err(Problem::invalid("read the body: it must be a JSON object"));
    }
    serde_json::from_slice(bytes).map_err(|why| Problem::invalid(format!("read the body: {why}")))
}

async fn read(body: Body, charge: &mut Charge) -> Result<Bytes, Problem> {
    let mut body = pin!(body);
    // Most bodies came with their headers, and need no timer.
    let first = poll_fn(|cx| Poll::Ready(body.as_mut().poll_frame(cx))).await;
    let mut whole = pin!(async {
        let mut read = Vec::new();
        let mut frame = match first {
            Poll::Ready(frame) => frame,
            Poll::Pending => next(body.as_mut()).await,
        };
        loop {
            let Some(got) = frame else { return Ok(Bytes::from(read)) };
            let got = got.map_err(|_| {
                Problem::new(ErrorCode::InvalidFrame, "read the body: the connection broke off")
            })?;
            if let Ok(data) = got.into_data() {
                if read.len() + data.len() > HTTP_BODY_BYTES_MAX {
                    return Err(too_long());
                }
                charge.grow_to((read.len() + data.len()).saturating_sub(SHORT_BYTES))?;
                if read.is_empty() && body.is_end_stream() {
                    return Ok(data);
                }
                read.extend_from_slice(&data);
            }
            frame = next(body.as_mut()).await;
        }
    });
    let mut late = None;
    poll_fn(|cx| match whole.as_mut().poll(cx) {
        Poll::Ready(done) => Poll::Ready(done),
        Poll::Pending => {
            let late = late.get_or_insert_with(|| Box::pin(sleep(HTTP_BODY_TIME_MAX)));
            late.as_mut().poll(cx).map(|()| {
                let text = format!("read the body: it did not end within {HTTP_BODY_TIME_MAX:?}");
                Err(Problem::new(ErrorCode::InvalidFrame, text))
            })
        }
    })
    .await
}

async fn next(mut body: Pin<&mut Body>) -> Option<Result<http_body::Frame<Bytes>, axum::Error>> {
    poll_fn(|cx| body.as_mut().poll_frame(cx)).await
}

fn too_long() -> Problem {
    let text = format!("read the body: it is longer than {HTTP_BODY_BYTES_MAX} bytes");
    Problem::new(ErrorCode::FrameTooLarge, text)
}

/// How deep objects and lists stand in each other. What is in a string does not count.
fn depth(json: &[u8]) -> usize {
    let (mut depth, mut deepest) = (0usize, 0);
    let mut bytes = json.iter();
    let mut in_string = false;
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => in_string = !in_string,
            b'\\' if in_string => {
                bytes.next();
            }
            b'{' | b'[' if !in_string => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Default, Deserialize)]
    #[serde(default, deny_unknown_fields)]
    struct Anything {
        #[serde(rename = "a")]
        _a: serde_json::Value,
    }

    fn nested(depth: usize) -> String {
        // The object is one level itself.
        format!("{{\"a\":{}{}}}", "[".repeat(depth - 1), "]".repeat(depth - 1))
    }

    #[test]
    fn json_may_be_as_deep_as_the_limit_and_no_deeper() {
        for depth in [JSON_DEPTH_MAX - 1, JSON_DEPTH_MAX] {
            parse::<Anything>(nested(depth).as_bytes()).expect("it is read");
        }
        let problem = parse::<Anything>(nested(JSON_DEPTH_MAX + 1).as_bytes()).expect_err("deep");
        assert!(problem.detail().contains("nested deeper"), "{problem:?}");
        let brackets = format!("{{\"a\":\"{}\\\"[[[\"}}", "[".repeat(100));
        parse::<Anything>(brackets.as_bytes()).expect("text is not nested");
    }

    #[test]
    fn what_is_no_object_or_has_other_fields_is_refused_with_the_reason() {
        for (json, expected) in [
            ("[]", "must be a JSON object"),
            ("\"a\"", "must be a JSON object"),
            ("{\"b\":1}", "unknown field `b`"),
            ("{\"a\":1,\"a\":2}", "duplicate field `a`"),
            ("{\"a\":", "EOF"),
            ("{\"a\":1} {", "trailing"),
            ("{\"a\":\"\u{1}\"}", "control character"),
        ] {
            let problem = parse::<Anything>(json.as_bytes()).expect_err(json);
            assert!(problem.detail().contains(expected), "{json}: {problem:?}");
        }
    }

    proptest! {
        #[test]
        fn no_body_makes_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = parse::<Anything>(&bytes);
        }

        #[test]
        fn nothing_that_looks_like_json_makes_it_panic(text in r#"[\[\]{}",:a0\\ ]{0,60}"#) {
            let _ = parse::<Anything>(text.as_bytes());
        }
    }
}
