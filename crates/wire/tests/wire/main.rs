//! Everything that wire writes is read back; everything it reads is checked.
// The helpers of tests may unwrap as tests do.
#![allow(clippy::unwrap_used)]

mod any;
mod cluster;
mod entries;
mod errors;
mod frames;
mod fuzz;
mod golden;
mod json;
mod members;
mod replies;
mod requests;
mod samples;
mod snapshots;
