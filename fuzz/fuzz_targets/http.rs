//! Address, headers and body of an HTTP request, a line each and the body behind them.

#![no_main]

use bramah_server::fuzzing;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| fuzzing::http(bytes));
