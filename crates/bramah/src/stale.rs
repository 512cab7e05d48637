//! Answers that may be old.

use std::fmt;
use std::sync::Arc;

use bramah_core::FencingToken;

use crate::backend::{Backend, Freshness};
use crate::error::Error;
use crate::info::{Aged, Ended, LockInfo, Page, SessionInfo, Verdict};
use crate::locker::parse_name;

/// The questions of a [`crate::Locker`], answered from the table of whichever server is at hand.
/// Made by [`crate::Locker::stale`].
///
/// What they say is no reason to act as if a lock were held or free: it was so once.
#[derive(Clone)]
pub struct Stale {
    backend: Arc<dyn Backend>,
}

impl Stale {
    pub(crate) fn new(backend: Arc<dyn Backend>) -> Stale {
        Stale { backend }
    }

    /// See [`crate::Locker::get`].
    ///
    /// # Errors
    /// As there.
    pub async fn get(&self, name: impl AsRef<str>) -> Result<Aged<Option<LockInfo>>, Error> {
        self.backend.get(&parse_name("get", name.as_ref())?, Freshness::Stale).await
    }

    /// See [`crate::Locker::list`].
    ///
    /// # Errors
    /// As there.
    pub async fn list(
        &self,
        prefix: &str,
        after: Option<&str>,
    ) -> Result<Aged<Page<LockInfo>>, Error> {
        self.backend.list(prefix, after, Freshness::Stale).await
    }

    /// See [`crate::Locker::sessions`].
    ///
    /// # Errors
    /// As there.
    pub async fn sessions(&self, after: u64) -> Result<Aged<Page<SessionInfo>>, Error> {
        self.backend.sessions(after, Freshness::Stale).await
    }

    /// See [`crate::Locker::history`].
    ///
    /// # Errors
    /// As there.
    pub async fn history(
        &self,
        name: Option<&str>,
        len_max: usize,
    ) -> Result<Aged<Vec<Ended>>, Error> {
        let name = name.map(|name| parse_name("read the history", name)).transpose()?;
        self.backend.history(name.as_ref(), len_max, Freshness::Stale).await
    }

    /// See [`crate::Locker::verify`].
    ///
    /// # Errors
    /// As there.
    pub async fn verify(
        &self,
        name: impl AsRef<str>,
        token: FencingToken,
    ) -> Result<Aged<Verdict>, Error> {
        self.backend.verify(&parse_name("verify", name.as_ref())?, token, Freshness::Stale).await
    }
}

impl fmt::Debug for Stale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Stale").field(&format_args!("{}:", self.backend.scheme())).finish()
    }
}
