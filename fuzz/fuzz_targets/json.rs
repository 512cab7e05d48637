//! Messages as JSON, as a WebSocket brings them; what is read is written and read again.

#![no_main]

use bramah_core::Key;
use bramah_wire::json;
use bytes::BytesMut;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let read = json::read(text, &mut || Key(1));
    match json::take_request(text) {
        Ok(request) => {
            let mut again = BytesMut::new();
            if json::put_request(&request, &mut again).is_ok() {
                let again = std::str::from_utf8(&again).expect("UTF-8");
                assert_eq!(json::take_request(again), Ok(request));
            }
        }
        Err(_) => assert!(read.is_err(), "{read:?}"),
    }
    if let Ok(message) = json::take_message(text) {
        let mut again = BytesMut::new();
        if json::put_message(&message, &mut again).is_ok() {
            let again = std::str::from_utf8(&again).expect("UTF-8");
            assert_eq!(json::take_message(again), Ok(message));
        }
    }
});
