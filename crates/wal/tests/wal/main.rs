//! What the log promises, tried on simulated and real disks.

// Shared functions of tests are tests too.
#![allow(clippy::unwrap_used, unreachable_pub)]

mod crash;
mod full_disk;
mod golden;
mod model;
mod peers;
mod property;
mod real_disk;
mod rot;
mod rules;
