//! The messages of `proto/bramah/v1/bramah.proto`, as `cargo xtask codegen` wrote them.
#![allow(missing_docs, unreachable_pub, clippy::all, clippy::pedantic)]

use std::fmt;

include!("gen/bramah.v1.rs");

/// A handle is a proof: logs get its number, never its key.
impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle").field("number", &self.number).finish_non_exhaustive()
    }
}
