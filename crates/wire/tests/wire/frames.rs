use bramah_wire::ErrorCode;
use bramah_wire::frame::{
    FRAME_BYTES_MAX, FrameTooLong, OPENING, Opening, check_version, put_frame, take_frame,
};
use bramah_wire::proto::SetValue;
use bytes::{BufMut, Bytes, BytesMut};
use proptest::collection::vec;
use proptest::prelude::*;
use prost::Message as _;

/// A message with a value of this length.
fn message(value_bytes: usize) -> SetValue {
    SetValue { value: Some(Bytes::from(vec![7; value_bytes])), ..Default::default() }
}

/// A message that has this many bytes, with its value's tag and length.
fn long_message(bytes: usize) -> SetValue {
    let message = message(bytes - 4);
    assert_eq!(message.encoded_len(), bytes);
    message
}

#[test]
fn an_opening_is_told_from_its_first_bytes() {
    for len in 0..OPENING.len() {
        assert_eq!(Opening::check(&OPENING[..len]), Opening::Incomplete, "{len}");
    }
    assert_eq!(Opening::check(&OPENING), Opening::Native(1));
    assert_eq!(Opening::check(b"BRAMAH\x01\x02and more"), Opening::Native(0x102));
    for other in [&b"G"[..], b"GET / HTTP/1.1", b"BRAMAX", b"bramah\x00\x01", b"\x16\x03\x01"] {
        assert_eq!(Opening::check(other), Opening::Unknown, "{other:?}");
    }
}

#[test]
fn another_version_is_refused_by_naming_the_one_that_is_spoken() {
    check_version(1).unwrap();
    let error = check_version(2).unwrap_err();
    assert_eq!(error.code, ErrorCode::UnsupportedVersion);
    assert!(error.message.contains("version 2") && error.message.contains("version 1"), "{error}");
}

#[test]
fn a_frame_may_be_as_long_as_the_bound_and_no_longer() {
    for bytes in [FRAME_BYTES_MAX - 1, FRAME_BYTES_MAX] {
        let mut buffer = BytesMut::new();
        put_frame(&long_message(bytes), &mut buffer).unwrap();
        assert_eq!(take_frame(&mut buffer).unwrap().unwrap().len(), bytes);
    }
    let bytes = FRAME_BYTES_MAX + 1;
    let mut buffer = BytesMut::from(&b"before"[..]);
    assert_eq!(put_frame(&long_message(bytes), &mut buffer), Err(FrameTooLong { bytes }));
    assert_eq!(buffer, &b"before"[..]);
    let mut buffer = BytesMut::new();
    buffer.put_u32(bytes as u32);
    assert_eq!(take_frame(&mut buffer), Err(FrameTooLong { bytes }));
}

#[test]
fn a_header_alone_makes_nobody_allocate() {
    let mut buffer = BytesMut::with_capacity(16);
    buffer.put_u32(FRAME_BYTES_MAX as u32);
    let capacity = buffer.capacity();
    assert_eq!(take_frame(&mut buffer), Ok(None));
    assert_eq!(buffer.capacity(), capacity);
}

#[test]
fn a_frame_may_be_empty() {
    let mut buffer = BytesMut::from(&[0, 0, 0, 0, 9][..]);
    assert_eq!(take_frame(&mut buffer), Ok(Some(Bytes::new())));
    assert_eq!(buffer, &[9][..]);
}

proptest! {
    #[test]
    fn frames_come_out_as_they_went_in_however_the_stream_is_cut(
        lengths in vec(0_usize..300, 0..9),
        cuts in vec(1_usize..50, 1..9),
    ) {
        let mut stream = BytesMut::new();
        for bytes in &lengths {
            put_frame(&message(*bytes), &mut stream).unwrap();
        }
        let mut cuts = cuts.iter().cycle();
        let (mut buffer, mut taken) = (BytesMut::new(), Vec::new());
        while !stream.is_empty() {
            let len = stream.len().min(*cuts.next().unwrap());
            buffer.extend_from_slice(&stream.split_to(len));
            while let Some(frame) = take_frame(&mut buffer).unwrap() {
                taken.push(frame);
            }
        }
        prop_assert!(buffer.is_empty());
        let expected: Vec<_> =
            lengths.iter().map(|bytes| Bytes::from(message(*bytes).encode_to_vec())).collect();
        prop_assert_eq!(taken, expected);
    }
}
