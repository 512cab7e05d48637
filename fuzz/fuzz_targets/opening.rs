//! The first bytes of a connection: decided within a few of them, and for good.

#![no_main]

use bramah_server::fuzzing;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| fuzzing::opening(bytes));
