//! The JSON of every message is protobuf's canonical mapping, as another library has it from the
//! same schema; what is wrong with a text is said.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::LazyLock;

use bramah_wire::json::{JsonError, put_message, put_request, read, take_message, take_request};
use bramah_wire::proto::request::Op;
use bramah_wire::request::Parsed;
use bramah_wire::{ErrorCode, ask, proto};
use bytes::BytesMut;
use proptest::collection::vec;
use proptest::prelude::*;
use prost::Message as _;
use prost_reflect::{
    DescriptorPool, DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, Value,
};
use serde_json::Value as Json;

use crate::{golden, samples};

static SCHEMA: LazyLock<DescriptorPool> = LazyLock::new(|| {
    let proto = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../proto");
    let files = protox::compile(["bramah/v1/bramah.proto"], [proto]).unwrap();
    DescriptorPool::from_file_descriptor_set(files).unwrap()
});

fn message(name: &str) -> MessageDescriptor {
    SCHEMA.get_message_by_name(&format!("bramah.v1.{name}")).unwrap()
}

fn text_of<M>(message: &M, put: fn(&M, &mut BytesMut) -> Result<(), JsonError>) -> String {
    let mut out = BytesMut::new();
    put(message, &mut out).unwrap();
    String::from_utf8(out.to_vec()).unwrap()
}

/// What a message is made of: each choice takes the next number.
struct Choices<'a>(std::slice::Iter<'a, u8>);

impl Choices<'_> {
    fn next(&mut self) -> u8 {
        self.0.next().copied().unwrap_or_default()
    }

    fn number(&mut self) -> u64 {
        let edges = [0, 1, 9_007_199_254_740_993, i64::MAX as u64, u64::MAX];
        match self.next() {
            edge @ 0..=4 => edges[usize::from(edge)],
            byte => u64::from(byte) << (self.next() % 56),
        }
    }

    fn text(&mut self) -> String {
        let parts = ["", "a", "\"", "\\", "\u{1}", "ö", "\u{2028}", "🔒", "</script>", "\n"];
        (0..self.next() % 4).map(|_| parts[usize::from(self.next()) % parts.len()]).collect()
    }

    fn value(&mut self, kind: &Kind) -> Value {
        match kind {
            Kind::Bool => Value::Bool(self.next() % 2 == 1),
            Kind::Uint32 => Value::U32(self.number() as u32),
            Kind::Sint32 => Value::I32(self.number() as i32),
            Kind::Uint64 | Kind::Fixed64 => Value::U64(self.number()),
            Kind::String => Value::String(self.text()),
            Kind::Bytes => Value::Bytes((0..self.next() % 9).map(|_| self.next()).collect()),
            Kind::Enum(of) => {
                let values: Vec<_> = of.values().collect();
                let value = &values[usize::from(self.next()) % values.len()];
                Value::EnumNumber(value.number())
            }
            Kind::Message(of) => Value::Message(self.message(of, None)),
            other => panic!("the schema has got a {other:?}: give it a value here"),
        }
    }

    fn field(&mut self, field: &FieldDescriptor) -> Value {
        match field.is_list() {
            true => Value::List((0..self.next() % 3).map(|_| self.value(&field.kind())).collect()),
            false => self.value(&field.kind()),
        }
    }

    /// A message with `certain` and some other fields.
    fn message(
        &mut self,
        of: &MessageDescriptor,
        certain: Option<&FieldDescriptor>,
    ) -> DynamicMessage {
        let mut message = DynamicMessage::new(of.clone());
        for field in of.fields() {
            if field.containing_oneof().is_none() && self.next() % 2 == 1 {
                let value = self.field(&field);
                message.set_field(&field, value);
            }
        }
        for oneof in of.oneofs() {
            let fields: Vec<_> = oneof.fields().collect();
            let chosen = usize::from(self.next()) % (fields.len() + 1);
            if let Some(field) = fields.get(chosen) {
                let value = self.field(field);
                message.set_field(field, value);
            }
        }
        if let Some(field) = certain {
            let value = self.field(field);
            message.set_field(field, value);
        }
        message
    }
}

/// The messages of a kind, one for each thing that it may be about.
fn of_every_kind(of: &MessageDescriptor, choices: &[u8]) -> Vec<DynamicMessage> {
    let kinds = of.oneofs().find(|oneof| !oneof.is_synthetic()).unwrap();
    let mut choices = Choices(choices.iter());
    kinds.fields().map(|field| choices.message(of, Some(&field))).collect()
}

/// The canonical mapping, of the other library.
fn canonical(message: &DynamicMessage) -> Json {
    serde_json::to_value(message).unwrap()
}

fn parse(text: &str) -> Json {
    serde_json::from_str(text).unwrap()
}

fn check_request(request: &DynamicMessage) {
    let ours = proto::Request::decode(request.encode_to_vec().as_slice()).unwrap();
    let text = text_of(&ours, put_request);
    assert_eq!(parse(&text), canonical(request));
    assert_eq!(take_request(&text).unwrap(), ours);
    let theirs = take_request(&canonical(request).to_string()).unwrap();
    assert_eq!(text_of(&theirs, put_request), text);
}

fn check_message(message: &DynamicMessage) {
    let ours = proto::Message::decode(message.encode_to_vec().as_slice()).unwrap();
    let text = text_of(&ours, put_message);
    assert_eq!(parse(&text), canonical(message));
    assert_eq!(take_message(&text).unwrap(), ours);
    let theirs = take_message(&canonical(message).to_string()).unwrap();
    assert_eq!(text_of(&theirs, put_message), text);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_request_is_written_and_read_as_the_canonical_mapping_has_it(
        choices in vec(any::<u8>(), 0..2_000),
    ) {
        for request in of_every_kind(&message("Request"), &choices) {
            check_request(&request);
        }
    }

    #[test]
    fn every_reply_and_event_is_written_and_read_as_the_canonical_mapping_has_it(
        choices in vec(any::<u8>(), 0..4_000),
    ) {
        let whole = message("Message");
        for (kind, of) in [("reply", "Reply"), ("event", "Event")] {
            for inner in of_every_kind(&message(of), &choices) {
                let mut outer = DynamicMessage::new(whole.clone());
                outer.set_field_by_name(kind, Value::Message(inner));
                check_message(&outer);
            }
        }
    }

    #[test]
    fn no_text_makes_it_panic(text in "[\\[\\]{}\":, a-z0-9\\\\\\pC]{0,60}", cut in 0..400usize) {
        let _ = read(&text, &mut || bramah_core::Key(1));
        let _ = take_message(&text);
        let mut whole = text_of(&ask::request(7, &samples::commands()[5].1), put_request);
        let cut = (0..=cut.min(whole.len())).rev().find(|at| whole.is_char_boundary(*at));
        whole.insert_str(cut.unwrap_or_default(), &text);
        let _ = read(&whole, &mut || bramah_core::Key(1));
    }
}

#[test]
fn the_texts_are_what_they_were() {
    let requests = samples::commands()
        .into_iter()
        .map(|(name, command)| (name.to_owned(), text_of(&ask::request(7, &command), put_request)));
    let questions = golden::questions().into_iter().map(|(name, op)| {
        let request = proto::Request { id: u64::MAX, op: Some(op) };
        (name.to_owned(), text_of(&request, put_request))
    });
    let messages = golden::messages()
        .into_iter()
        .map(|(name, message)| (name, text_of(&message, put_message)));
    let mut lines = String::new();
    for (name, text) in requests.chain(questions).chain(messages) {
        writeln!(lines, "{name} {text}").unwrap();
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/json.txt");
    if std::env::var_os("BRAMAH_GOLDEN").is_some_and(|value| value == "write") {
        std::fs::write(&path, &lines).unwrap();
    }
    assert_eq!(std::fs::read_to_string(path).unwrap(), lines);
}

const ACQUIRE: &str = r#"{"id":"7","acquire":{"request":{"session":{"number":"42","key":"9"},
    "seq":"1"},"item":{"name":"a","mode":"MODE_EXCLUSIVE","value":"/+8="},
    "wait":{"forMs":"250"},"ifHeld":"IF_HELD_QUEUE"}}"#;

#[test]
fn what_others_write_a_little_differently_is_read() {
    let usual = take_request(ACQUIRE).unwrap();
    for (theirs, why) in [
        (ACQUIRE.replace(r#""7""#, "7").replace(r#""42""#, "42"), "numbers as numbers"),
        (ACQUIRE.replace("forMs", "for_ms").replace("ifHeld", "if_held"), "the schema's names"),
        (ACQUIRE.replace("/+8=", "_-8"), "base64 as in URLs, without its padding"),
        (ACQUIRE.replace("\"MODE_EXCLUSIVE\"", "1"), "an enum by its number"),
        (ACQUIRE.replace("\"ifHeld\"", "\"priority\":0,\"ifHeld\""), "a default that is said"),
        (ACQUIRE.replace("\"ifHeld\"", "\"terms\":null,\"ifHeld\""), "nothing that is said"),
    ] {
        assert_ne!(theirs, ACQUIRE, "{why}");
        assert_eq!(take_request(&theirs), Ok(usual.clone()), "{why}");
    }
}

#[test]
fn what_is_wrong_with_a_text_is_said_under_its_id() {
    for (from, to, words) in [
        ("\"forMs\"", "\"formMs\"", "unknown field `formMs`, expected one of `try`"),
        ("\"acquire\"", "\"aquire\"", "unknown field `aquire`"),
        ("\"MODE_EXCLUSIVE\"", "\"EXCLUSIVE\"", "unknown variant `EXCLUSIVE`"),
        ("\"250\"", "\"soon\"", "invalid digit"),
        ("\"250\"", "-1", "not a whole number in the field's range at line 3"),
        ("\"250\"", "\"18446744073709551616\"", "too large"),
        ("/+8=", "!", "Invalid symbol 33"),
        ("\"name\":\"a\"", "\"name\":\"a\",\"name\":\"b\"", "duplicate field `name`"),
        ("\"name\":\"a\"", "\"name\":7", "expected a string"),
        ("\"ifHeld\"", "ifHeld", "at line 3"),
        ("}}", "}", "EOF"),
        ("}}", "}} {}", "trailing"),
    ] {
        let text = ACQUIRE.replacen(from, to, 1);
        assert_ne!(text, ACQUIRE);
        let refused = read(&text, &mut || bramah_core::Key(1)).unwrap_err();
        assert_eq!(refused.error.code, ErrorCode::InvalidFrame, "{refused:?}");
        let message = &refused.error.message;
        assert!(message.starts_with("read the request: "), "{message}");
        assert!(message.contains(words), "{message:?} says {words:?}");
        assert_eq!(refused.id, 7, "{message}");
    }
}

#[test]
fn a_text_without_an_id_is_answered_as_request_0() {
    for text in ["", "7", "[]", "{", "null", r#"{"x":1,"id":"seven"}"#, r#"{"id":{}}"#] {
        let refused = read(text, &mut || bramah_core::Key(1)).unwrap_err();
        assert_eq!(refused.id, 0, "{text}");
    }
}

#[test]
fn a_deep_text_is_refused() {
    let deep = format!(r#"{{"id":"7","x":{}"#, "[".repeat(100_000));
    let refused = read(&deep, &mut || bramah_core::Key(1)).unwrap_err();
    assert_eq!(refused.error.code, ErrorCode::InvalidFrame);
    let deep = "{\"acquire\":".repeat(100_000);
    assert_eq!(read(&deep, &mut || bramah_core::Key(1)).unwrap_err().id, 0);
}

#[test]
fn a_request_in_json_is_checked_as_any_other() {
    let drawn = &mut || bramah_core::Key(0x5eed);
    let Parsed { id, .. } = read(ACQUIRE, drawn).unwrap();
    assert_eq!(id, 7);
    let unnamed = ACQUIRE.replace("\"name\":\"a\",", "");
    let refused = read(&unnamed, drawn).unwrap_err();
    assert_eq!((refused.id, refused.error.code), (7, ErrorCode::InvalidRequest));
    assert_eq!(read("{\"id\":7}", drawn).unwrap_err().error.code, ErrorCode::Unsupported);
}

#[test]
fn a_value_that_the_schema_does_not_have_is_not_written_by_half() {
    let mut request = take_request(ACQUIRE).unwrap();
    let Some(Op::Acquire(acquire)) = &mut request.op else { unreachable!() };
    acquire.if_held = 99;
    let mut out = BytesMut::from("before");
    assert!(put_request(&request, &mut out).unwrap_err().to_string().contains("99"));
    assert_eq!(out, "before");
}
