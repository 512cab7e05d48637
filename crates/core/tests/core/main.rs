//! The rules of the lock table: one scenario a test, a naive model, and bugs that others had.

#![allow(clippy::unwrap_used)]

mod ask;
mod commands;
mod model;
mod promises;
mod table;
mod text;

mod deadlock;
mod exclusive;
mod exhaustive;
mod history;
mod ids;
mod limits;
mod many;
mod peers;
mod property;
mod queue;
mod requests;
mod revoke;
mod semaphores;
mod sessions;
mod shared;
mod snapshot;
mod terms;
mod time;
mod upgrade;
mod values;
mod views;
