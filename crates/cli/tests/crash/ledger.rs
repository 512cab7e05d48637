//! What was acknowledged to the clients.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use bramah::Locker;

/// Holds that were acknowledged, and are not being released.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    held: Mutex<BTreeMap<String, u64>>,
    newest_token: AtomicU64,
    grants: AtomicU64,
}

impl Ledger {
    /// A grant was acknowledged. `floor` is the newest token that was known before it was asked
    /// for.
    pub(crate) fn granted(&self, name: &str, token: u64, floor: u64) {
        assert!(token > floor, "{name}: token {token} is not above {floor}");
        self.newest_token.fetch_max(token, Ordering::SeqCst);
        self.grants.fetch_add(1, Ordering::Relaxed);
        let before = self.held.lock().expect("no panic").insert(name.to_owned(), token);
        assert_eq!(before, None, "{name} was granted while it was held");
    }

    /// From now on it may be gone.
    pub(crate) fn releasing(&self, name: &str) {
        assert!(self.held.lock().expect("no panic").remove(name).is_some());
    }

    pub(crate) fn newest_token(&self) -> u64 {
        self.newest_token.load(Ordering::SeqCst)
    }

    pub(crate) fn grants(&self) -> u64 {
        self.grants.load(Ordering::Relaxed)
    }

    /// Asks the server for every hold that was acknowledged before, and tells how many were there.
    /// What is released meanwhile is left out.
    pub(crate) async fn check(&self, locks: &Locker) -> usize {
        let before = self.held.lock().expect("no panic").clone();
        let mut found = BTreeMap::new();
        let mut after = None;
        loop {
            let page = locks.list("worker-", after.as_deref()).await.expect("a listing");
            for lock in &page.items {
                let tokens: Vec<u64> = lock.holders.iter().map(|holder| holder.token.0).collect();
                assert!(tokens.len() <= 1, "{} has {} holders", lock.name, tokens.len());
                found.insert(lock.name.to_string(), tokens.first().copied());
            }
            after = page.items.last().map(|lock| lock.name.to_string());
            if !page.more {
                break;
            }
        }
        let now = self.held.lock().expect("no panic").clone();
        let lasting = before.iter().filter(|(name, token)| now.get(*name) == Some(token));
        let mut count = 0;
        for (name, token) in lasting {
            assert_eq!(
                found.get(name),
                Some(&Some(*token)),
                "{name} was acknowledged and is not there"
            );
            count += 1;
        }
        count
    }
}
