//! A node, stepped by hand: its disk is a list, its clock a number.

mod batching;
mod clients;
mod harness;
mod restart;
mod time;
mod watches;
