//! What a client sends after the opening: frames, and the requests in them.

#![no_main]

use bramah_core::Key;
use bramah_wire::frame::take_frame;
use bramah_wire::request;
use bytes::BytesMut;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let mut buffer = BytesMut::from(bytes);
    let mut taken = 0;
    while let Ok(Some(frame)) = take_frame(&mut buffer) {
        taken += 4 + frame.len();
        let _ = request::read(frame, &mut || Key(1));
    }
    assert_eq!(taken + buffer.len(), bytes.len());
});
