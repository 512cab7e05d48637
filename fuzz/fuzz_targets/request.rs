//! A request in protobuf. A command that is accepted reads the same when it is written again.

#![no_main]

use bramah_core::Key;
use bramah_wire::ask;
use bramah_wire::request::{self, Ask, What};
use libfuzzer_sys::fuzz_target;
use prost::Message as _;

fuzz_target!(|bytes: &[u8]| {
    let draw_key = &mut || Key(1);
    let Ok(parsed) = request::read(bytes.to_vec().into(), draw_key) else { return };
    if let Ask::Service(What::Command(command)) = &parsed.ask {
        let again = ask::request(parsed.id, command).encode_to_vec();
        assert_eq!(request::read(again.into(), draw_key), Ok(parsed));
    }
});
