//! A node, stepped by hand: its disk is a list, its clock a number.

mod batching;
mod clients;
mod cluster;
mod forwarding;
mod harness;
mod leaders;
mod liars;
mod members;
mod missed;
mod quorum;
mod removal;
mod restart;
mod room;
mod time;
mod trouble;
mod watches;
