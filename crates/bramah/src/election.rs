//! Leader election: whoever holds the lock leads, and its value says who that is.

use bramah_core::{FencingToken, Value};

use crate::acquire_error::AcquireError;
use crate::error::Error;
use crate::guard::Guard;
use crate::info::{LockInfo, Released};
use crate::locker::Locker;
use crate::watch::Changes;

impl Locker {
    /// Waits to become the leader of `name`, announced to everybody as `value` (at most 64 KiB; an
    /// address, for instance).
    ///
    /// # Errors
    /// As [`crate::LockBuilder::acquire`].
    ///
    /// # Example
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let locks = bramah::connect(format!("local:{}", folder.path().display())).await?;
    /// let leadership = locks.elect("billing/leader", "10.0.0.7:8080").await?;
    /// let mut leaders = locks.observe("billing/leader").await?;
    /// let leader = leaders.next().await.expect("the service is there")?.expect("there is one");
    /// let announced = leader.value.expect("what it announced");
    /// assert_eq!(announced.as_bytes(), b"10.0.0.7:8080");
    /// assert_eq!(leader.token, leadership.guard().token());
    /// # let _ = leadership.resign().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn elect(
        &self,
        name: impl AsRef<str>,
        value: impl AsRef<[u8]>,
    ) -> Result<Leadership, AcquireError> {
        let guard = self.lock(name)?.value(value).acquire().await?;
        Ok(Leadership { guard })
    }

    /// Follows who leads `name`.
    ///
    /// # Errors
    /// As [`Locker::watch`].
    pub async fn observe(&self, name: impl AsRef<str>) -> Result<Leaders, Error> {
        Ok(Leaders { changes: self.watch(name).await?, last: None })
    }
}

/// This process leads, as long as the guard in it is held.
#[derive(Debug)]
#[must_use = "the leadership ends when it is dropped"]
pub struct Leadership {
    guard: Guard,
}

impl Leadership {
    /// The lock behind it, with its token and the news of its loss.
    pub fn guard(&self) -> &Guard {
        &self.guard
    }

    /// Announces something else.
    ///
    /// # Errors
    /// As [`Guard::set_value`].
    pub async fn proclaim(&self, value: impl AsRef<[u8]>) -> Result<(), Error> {
        self.guard.set_value(Some(value.as_ref())).await
    }

    /// Steps down.
    ///
    /// # Errors
    /// As [`Guard::release`].
    pub async fn resign(self) -> Result<Released, Error> {
        self.guard.release().await
    }
}

/// Who leads, as others see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leader {
    /// Rises with every new leader.
    pub token: FencingToken,
    /// What it announced.
    pub value: Option<Value>,
}

/// One leader after the other. Made by [`Locker::observe`].
#[derive(Debug)]
pub struct Leaders {
    changes: Changes,
    /// What was told last; none before the first.
    last: Option<Option<Leader>>,
}

impl Leaders {
    /// The leader now, and then each change of it; `Some(Ok(None))` while there is none, `None`
    /// once the [`Locker`] is closed. Leaders that come and go quickly may be left out, the last
    /// one is not.
    ///
    /// # Errors
    /// As [`Changes::next`].
    pub async fn next(&mut self) -> Option<Result<Option<Leader>, Error>> {
        loop {
            let leader = match self.changes.next().await? {
                Ok(change) => leader_of(&change.lock),
                Err(error) => return Some(Err(error)),
            };
            if self.last.as_ref() != Some(&leader) {
                self.last = Some(leader.clone());
                return Some(Ok(leader));
            }
        }
    }
}

fn leader_of(lock: &LockInfo) -> Option<Leader> {
    let holder = lock.holders.iter().find(|holder| !holder.lingers)?;
    Some(Leader { token: holder.token, value: holder.value.clone() })
}
