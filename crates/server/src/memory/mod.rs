//! How much memory a server may have, and the shares of it that are counted in bytes.
//!
//! Whatever a client can make grow is counted against a share before it is kept, and what does not
//! fit is refused while there is still room for what ends holds and keeps them alive. The shares do
//! not add up to all of it: the rest is for the program, its threads, what an allocator loses
//! between its blocks, and what is counted by estimate.

mod budget;
mod found;

use std::sync::Arc;

pub(crate) use self::budget::{Account, Budget, Charge, OverBudget};
pub use self::found::MEMORY_BYTES_MIN;
pub(crate) use self::found::found;

/// Bytes for each part of a server, as shares of all that it may have.
#[derive(Clone, Debug)]
pub(crate) struct Memory {
    /// Of connections and their requests, each counted as what one takes that has little to say.
    connections: Arc<Budget>,
    /// Of what connections have beyond that: what came and is not done, and what is to be sent.
    traffic: Arc<Budget>,
    /// Of changes that are kept for those who follow them over HTTP.
    pub(crate) changes_bytes_max: usize,
}

/// What one connection has of both budgets. Whoever fills the second keeps nobody from the first.
#[derive(Clone, Debug)]
pub(crate) struct Accounts {
    pub(crate) connections: Arc<Account>,
    pub(crate) traffic: Arc<Account>,
}

impl Memory {
    pub(crate) fn new(bytes_max: u64) -> Memory {
        let share = |parts: u64| usize::try_from(bytes_max / parts).unwrap_or(usize::MAX);
        Memory {
            connections: Arc::new(Budget::new("connections_bytes", share(8))),
            traffic: Arc::new(Budget::new("traffic_bytes", share(4))),
            changes_bytes_max: share(32),
        }
    }

    /// For a connection.
    pub(crate) fn open(&self) -> Accounts {
        Accounts { connections: self.connections.open(), traffic: self.traffic.open() }
    }
}

/// Accounts with more than any test needs.
#[cfg(test)]
pub(crate) fn plenty() -> Accounts {
    Memory::new(1 << 34).open()
}
