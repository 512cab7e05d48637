//! The same messages as JSON: protobuf's canonical mapping.
//!
//! Field names are in lowerCamelCase (the schema's own names are read too), 64-bit numbers are
//! strings (numbers are read too), bytes are base64, enums are names, and what has its default
//! value is left out. A field that the schema does not have is an error that names it: a misspelt
//! `forMs` must not become a wait of another kind.

use std::cell::Cell;
use std::fmt;

use bramah_core::Key;
use bytes::{BufMut as _, BytesMut};
use serde::Serialize;
use serde::de::{Deserializer as _, IgnoredAny, MapAccess, Visitor};

use crate::error::{Error, ErrorCode};
use crate::frame::checked_len;
use crate::proto;
use crate::request::{ErrorReply, Parsed, parse};

/// The generated half.
mod generated {
    #![allow(missing_docs, unused_imports, clippy::all, clippy::pedantic)]

    use crate::proto::*;

    include!("../gen/bramah.v1.serde.rs");
}

/// Reads a text as a request. `draw_key` gives the random keys of new sessions and holds.
///
/// # Errors
/// [`ErrorReply`] is to be sent; its id is 0 if the text has none before what is wrong with it.
pub fn read(text: &str, draw_key: &mut dyn FnMut() -> Key) -> Result<Parsed, ErrorReply> {
    let request = take_request(text).map_err(|error| {
        let message = format!("read the request: {error}");
        ErrorReply { id: peek_id(text), error: Error::new(ErrorCode::InvalidFrame, message) }
    })?;
    parse(request, draw_key)
}

/// Adds `message` as JSON to `out`. What fits no frame has no JSON either: it would be some times
/// as long.
///
/// # Errors
/// [`JsonError`], of that and of an enum's value that the schema does not have; then nothing was
/// added.
pub fn put_message(message: &proto::Message, out: &mut BytesMut) -> Result<(), JsonError> {
    checked_len(message).map_err(|too_long| JsonError(too_long.to_string()))?;
    put(message, out)
}

/// Adds `request` as JSON to `out`: the client's half of [`read`].
///
/// # Errors
/// [`JsonError`], of an enum's value that the schema does not have; then nothing was added.
pub fn put_request(request: &proto::Request, out: &mut BytesMut) -> Result<(), JsonError> {
    put(request, out)
}

/// Reads a text as a message of the server: the client's half of [`put_message`].
///
/// # Errors
/// [`JsonError`] says what is wrong, and where.
pub fn take_message(text: &str) -> Result<proto::Message, JsonError> {
    serde_json::from_str(text).map_err(JsonError::from)
}

/// Reads a text as a request, whether or not it can be served.
///
/// # Errors
/// As of [`take_message`].
pub fn take_request(text: &str) -> Result<proto::Request, JsonError> {
    serde_json::from_str(text).map_err(JsonError::from)
}

fn put(message: &impl Serialize, out: &mut BytesMut) -> Result<(), JsonError> {
    let before = out.len();
    serde_json::to_writer((&mut *out).writer(), message).map_err(|error| {
        out.truncate(before);
        JsonError::from(error)
    })
}

/// Why a text is no message, or a message has no JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonError(String);

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for JsonError {}

impl From<serde_json::Error> for JsonError {
    fn from(error: serde_json::Error) -> JsonError {
        /// What serde says where a number was to be, as a number or as a string.
        const NO_NUMBER: &str = "data did not match any variant of untagged enum Content";
        JsonError(error.to_string().replace(NO_NUMBER, "not a whole number in the field's range"))
    }
}

/// The id of a request that cannot be read whole, if it comes before what cannot be read.
fn peek_id(text: &str) -> u64 {
    struct IdVisitor<'a>(&'a Cell<u64>);

    impl<'de> Visitor<'de> for IdVisitor<'_> {
        type Value = ();

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a request")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
            use pbjson::private::NumberDeserialize;
            while let Some(key) = map.next_key::<String>()? {
                match key.as_str() {
                    "id" => self.0.set(map.next_value::<NumberDeserialize<u64>>()?.0),
                    _ => drop(map.next_value::<IgnoredAny>()?),
                }
            }
            Ok(())
        }
    }

    let id = Cell::new(0);
    // Whatever was seen of it counts.
    let _ = serde_json::Deserializer::from_str(text).deserialize_map(IdVisitor(&id));
    id.get()
}
