//! Runs of the simulator that every change goes through; many more are made by its program.

mod faults;
mod peers;
mod rare;
mod seeds;
mod story;
