//! Bugs of other lock services that take a whole cluster and faults in it, each as a plan that
//! leads to where it happened there. Each counts how often it got there, and fails if it never did.
//!
//! The names are those of the threads, see `docs/internals/peer-bugs.md`.

pub(crate) mod answers;
mod clocks;
mod elections;
#[cfg(feature = "mutants")]
mod proofs;
mod restarts;
