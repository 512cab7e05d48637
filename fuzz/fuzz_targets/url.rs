//! The address of a lock service.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|url: &str| {
    let _ = bramah::fuzzing::servers(url);
});
