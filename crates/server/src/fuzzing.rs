//! What the fuzz targets call: parsers of this crate that nobody outside has a use for.

use crate::http::opening::{Spoken, spoken};

pub use crate::http::fuzzing::http;

/// Looks at the first bytes of a connection as they come, one more each time.
///
/// # Panics
/// What was decided once is decided otherwise later: a defect.
pub fn opening(bytes: &[u8]) {
    let mut decided = Spoken::Incomplete;
    for len in 0..=bytes.len().min(64) {
        let found = spoken(&bytes[..len]);
        assert!(decided == Spoken::Incomplete || found == decided, "{decided:?}, then {found:?}");
        decided = found;
    }
}
