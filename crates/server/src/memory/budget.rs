//! Bytes that connections share.
//!
//! No connection may have more than is left for all others: the dynamic threshold by which switches
//! share the memory of their ports. One that is alone may have half of all; of n that take all they
//! can, each gets one part of n + 1, and the last part stays free, so that whoever has little goes
//! on being served while those that have much are refused.
//!
//! ```text
//! budget 96 MiB: the first greedy one stops at 48, the second at 24, the third at 12, ...
//! ```

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// So many bytes may be counted together.
#[derive(Debug)]
pub(crate) struct Budget {
    name: &'static str,
    bytes_max: usize,
    used: AtomicUsize,
}

/// There is no room for something: which bound, and how much of it is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{name}: {bytes} more bytes beside {own} of this connection and {used} of all, of {bytes_max}"
)]
pub(crate) struct OverBudget {
    name: &'static str,
    bytes: usize,
    own: usize,
    used: usize,
    bytes_max: usize,
}

/// What one connection has of a budget.
#[derive(Debug)]
pub(crate) struct Account {
    budget: Arc<Budget>,
    own: AtomicUsize,
}

/// Bytes that are counted for as long as this lives.
#[derive(Debug)]
pub(crate) struct Charge {
    account: Arc<Account>,
    bytes: usize,
}

impl Budget {
    pub(crate) fn new(name: &'static str, bytes_max: usize) -> Budget {
        Budget { name, bytes_max, used: AtomicUsize::new(0) }
    }

    /// Bytes that are not used.
    pub(crate) fn free(&self) -> usize {
        self.bytes_max.saturating_sub(self.used.load(Ordering::Relaxed))
    }

    /// An account with nothing in it.
    pub(crate) fn open(self: &Arc<Budget>) -> Arc<Account> {
        Arc::new(Account { budget: self.clone(), own: AtomicUsize::new(0) })
    }
}

impl Account {
    /// Counts so many bytes, if there is room.
    pub(crate) fn take(self: &Arc<Account>, bytes: usize) -> Result<Charge, OverBudget> {
        let mut charge = self.nothing();
        charge.grow_to(bytes)?;
        Ok(charge)
    }

    /// A charge of no bytes yet.
    pub(crate) fn nothing(self: &Arc<Account>) -> Charge {
        Charge { account: self.clone(), bytes: 0 }
    }

    /// The most that this connection may have now, if `bytes_max` is the most that one may ever.
    pub(crate) fn bound(&self, bytes_max: usize) -> usize {
        bytes_max.min(self.budget.free())
    }

    /// All that is counted here.
    #[cfg(test)]
    pub(crate) fn bytes(&self) -> usize {
        self.own.load(Ordering::Relaxed)
    }
}

impl Charge {
    /// Counts so many bytes from now on. More than before only if there is room.
    pub(crate) fn grow_to(&mut self, bytes: usize) -> Result<(), OverBudget> {
        let before = self.bytes;
        self.set(bytes);
        if bytes > before {
            let Account { budget, own } = &*self.account;
            let Budget { name, bytes_max, ref used } = **budget;
            let (own, used) = (own.load(Ordering::Relaxed), used.load(Ordering::Relaxed));
            if own > bytes_max.saturating_sub(used) {
                self.set(before);
                let bytes = bytes - before;
                let (own, used) = (own - bytes, used.saturating_sub(bytes));
                return Err(OverBudget { name, bytes, own, used, bytes_max });
            }
        }
        Ok(())
    }

    /// Counts so many bytes from now on, whether there is room or not: they are there.
    pub(crate) fn set(&mut self, bytes: usize) {
        let Account { budget, own } = &*self.account;
        if let Some(more) = bytes.checked_sub(self.bytes) {
            own.fetch_add(more, Ordering::Relaxed);
            budget.used.fetch_add(more, Ordering::Relaxed);
        } else {
            let less = self.bytes - bytes;
            own.fetch_sub(less, Ordering::Relaxed);
            budget.used.fetch_sub(less, Ordering::Relaxed);
        }
        self.bytes = bytes;
    }

    /// Counts so many bytes more of the same account, if there is room.
    pub(crate) fn beside(&self, bytes: usize) -> Result<Charge, OverBudget> {
        self.account.take(bytes)
    }

    /// Takes so many bytes of it into a charge of their own.
    pub(crate) fn split(&mut self, bytes: usize) -> Charge {
        let bytes = bytes.min(self.bytes);
        self.bytes -= bytes;
        Charge { account: self.account.clone(), bytes }
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        self.set(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn budget(bytes_max: usize) -> Arc<Budget> {
        Arc::new(Budget::new("test_bytes", bytes_max))
    }

    #[test]
    fn one_alone_may_have_half_and_one_byte_more_is_refused() {
        let budget = budget(100);
        let one = budget.open();
        drop(one.take(49).expect("one below"));
        let mut half = one.take(50).expect("at the bound");
        let over = half.grow_to(51).expect_err("one above");
        let why = "test_bytes: 1 more bytes beside 50 of this connection and 50 of all, of 100";
        assert_eq!(over.to_string(), why);
        assert_eq!((one.bytes(), budget.free()), (50, 50), "what was refused is not counted");
    }

    #[test]
    fn whoever_has_little_is_served_beside_any_number_that_take_all_they_can() {
        let budget = budget(1 << 20);
        let greedy: Vec<_> = (0..7)
            .map(|_| {
                let account = budget.open();
                std::iter::from_fn(|| account.take(1024).ok()).collect::<Vec<_>>()
            })
            .collect();
        assert!(greedy[0].len() == 512 && greedy[1].len() == 256, "each gets what is left, halved");
        let charge = budget.open().take(4096);
        assert!(charge.is_ok(), "{charge:?}");
        drop((greedy, charge));
        assert_eq!(budget.free(), 1 << 20, "all of it comes back");
    }

    #[test]
    fn a_part_of_a_charge_is_counted_for_as_long_as_the_part_lives() {
        let account = budget(100).open();
        let mut whole = account.take(40).expect("there is room");
        let part = whole.split(30);
        drop(whole);
        assert_eq!((account.bytes(), account.bound(1000)), (30, 70));
        drop(part);
        assert_eq!(account.bytes(), 0);
    }
}
