//! The client of a server against a scripted peer on a real socket: what cannot be had from a real
//! server at will, such as a lost reply, garbage or silence.

#![allow(clippy::unwrap_used, reason = "a test may say so where it fails")]

mod peer;
mod peers;
mod scenarios;
mod watching;
