//! The real program against a real server.

#![allow(clippy::unwrap_used)]

mod backups;
mod bench;
mod cluster;
mod codes;
mod counting;
mod failover;
mod harness;
mod holds;
mod keeping;
mod losing;
mod serving;
mod standing;
mod waiting;
