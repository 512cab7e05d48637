use std::collections::BTreeSet;
use std::path::Path;

use bramah_core::{DeadlockStep, EndReason, Refusal, SessionId, Time};
use bramah_wire::error::MESSAGE_BYTES_MAX;
use bramah_wire::frame::FrameTooLong;
use bramah_wire::{Effect, Error, ErrorCode, proto};
use proptest::prelude::*;

use crate::{any, samples};

#[test]
fn every_code_has_a_name_of_its_own_that_leads_back() {
    let names: BTreeSet<_> = ErrorCode::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(names.len(), ErrorCode::ALL.len());
    for code in ErrorCode::ALL {
        assert_eq!(ErrorCode::from_name(code.as_str()), Some(*code));
        assert!(code.as_str().bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{code}");
        assert!((400..600).contains(&code.http_status()), "{code}");
        assert!((64..=80).contains(&code.exit_code()), "{code}");
        assert_style(code.meaning());
    }
}

#[test]
fn every_code_has_a_page_that_says_what_the_table_says() {
    let pages = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/errors");
    let read = |name: &str| std::fs::read_to_string(pages.join(name)).expect(name);
    let index = read("README.md");
    for code in ErrorCode::ALL {
        let (http, exit, meaning) = (code.http_status(), code.exit_code(), code.meaning());
        let effect = match code.effect() {
            Effect::NotApplied => "not applied",
            Effect::Unknown => "unknown",
        };
        let row = format!("| [{code}]({code}.md) | {effect} | {http} | {exit} | {meaning} |\n");
        assert!(index.contains(&row), "the index needs the line {row}");
        let page = read(&format!("{code}.md"));
        let head = format!("# {code}\n\nEffect: {effect}");
        assert!(page.starts_with(&head), "the page of {code} needs to begin with {head}");
        let rest = format!(". HTTP status: {http}. Exit code: {exit}.\n");
        assert!(page.contains(&rest), "the page of {code} needs {rest}");
    }
    let files = std::fs::read_dir(&pages).expect("the pages").count();
    assert_eq!(files, ErrorCode::ALL.len() + 1, "a page of no code");
}

#[test]
fn messages_fit_after_could_not() {
    for refusal in samples::refusals() {
        assert_style(&Error::from_refusal(&refusal, Time(100_000)).message);
    }
    let too_long = FrameTooLong { bytes: 2_000_000 };
    assert_eq!(
        Error::from(too_long).message,
        "take the message: frame has 2000000 bytes, at most 1048576 are allowed; send less at once"
    );
}

#[test]
fn a_refusal_says_when_and_how_it_ended() {
    let now = Time(100_000);
    let told = |reason| {
        let refusal = Refusal::NotHolder { ended: Some((Time(97_000), reason)) };
        Error::from_refusal(&refusal, now).message
    };
    let expired = told(EndReason::Expired { renewed_at: Time(82_000) });
    assert_eq!(expired, "act on the hold: it expired 3.0 s ago, 15.0 s after its last keepalive");
    let revoked = told(EndReason::Revoked { by: "ann: stuck".into() });
    assert_eq!(revoked, "act on the hold: it was revoked 3.0 s ago (ann: stuck)");
    let ended = |reason| Refusal::SessionEnded { at: Time(97_000), reason };
    let code = |refusal| Error::from_refusal(&refusal, now).code;
    let expired = EndReason::Expired { renewed_at: Time(82_000) };
    assert_eq!(code(ended(expired)), ErrorCode::SessionExpired);
    assert_eq!(code(ended(EndReason::SessionClosed)), ErrorCode::SessionEnded);
}

#[test]
fn a_long_circle_is_told_in_part_and_says_so() {
    let step = |id| DeadlockStep { session: SessionId(id), waits_for: samples::name("a") };
    let of = |steps| Refusal::Deadlock { cycle: (0..steps).map(step).collect() };
    let error = Error::from_refusal(&of(63), Time(0));
    assert_eq!(error.cycle.len(), 63);
    assert!(error.message.contains(", and 59 more)"), "{error}");
    // So many are named of any that is longer.
    let error = Error::from_refusal(&of(64), Time(0));
    assert!(error.message.contains(", and at least 60 more)"), "{error}");
}

#[test]
fn a_long_message_is_cut_between_characters() {
    let error = Error::new(ErrorCode::Internal, "ä".repeat(MESSAGE_BYTES_MAX));
    assert_eq!(error.message, "ä".repeat(MESSAGE_BYTES_MAX / 2));
    let error = Error::new(ErrorCode::Internal, format!("a{}", "ä".repeat(MESSAGE_BYTES_MAX)));
    assert_eq!(error.message.len(), MESSAGE_BYTES_MAX - 1);
}

#[test]
fn a_code_of_a_newer_server_keeps_its_effect() {
    let told = |effect: proto::Effect| {
        Error::from(proto::Error {
            code: "out_of_tea".to_owned(),
            message: "brew".to_owned(),
            effect: effect.into(),
            ..Default::default()
        })
    };
    assert_eq!(told(proto::Effect::NotApplied).code, ErrorCode::Unsupported);
    assert_eq!(told(proto::Effect::Unknown).code, ErrorCode::OutcomeUnknown);
    assert_eq!(told(proto::Effect::Unspecified).code, ErrorCode::OutcomeUnknown);
    assert_eq!(told(proto::Effect::Unknown).message, "brew (out_of_tea)");
}

proptest! {
    #[test]
    fn an_error_comes_back_as_it_was_told(refusal in any::refusal(), now in any::time()) {
        let error = Error::from_refusal(&refusal, now);
        prop_assert_eq!(Error::from(proto::Error::from(&error)), error);
    }
}

fn assert_style(message: &str) {
    assert!(message.starts_with(char::is_lowercase), "{message}");
    assert!(!message.ends_with('.'), "{message}");
}
