//! Questions that are long to answer, each waiting for its turn.
//!
//! A step answers one, the clients take turns, and what else came in goes between. So whoever asks
//! much, or many at once, keeps nobody's keepalive waiting, and no pile of answers is in memory.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Bound;

use bramah_core::{FencingToken, SessionHandle};
use bramah_wire::request::{Query, Watched};

use crate::hub::ClientId;

/// Most questions that may wait. Past it they are refused.
pub(crate) const LOOKS_LEN_MAX: usize = 65_536;

/// What is asked.
#[derive(Debug)]
pub(crate) enum Look {
    Attached { session: SessionHandle, after: FencingToken },
    Query(Query),
    Watch(Watched),
    Unwatch { watch_id: u64 },
}

/// The questions that wait.
#[derive(Debug, Default)]
pub(crate) struct Looks {
    of: BTreeMap<ClientId, VecDeque<(u64, Look)>>,
    /// Whose turn it was last.
    last: ClientId,
    len: usize,
}

impl Looks {
    /// Takes a question with its request's id; gives false if too many wait.
    pub(crate) fn push(&mut self, client: ClientId, id: u64, look: Look) -> bool {
        if self.len == LOOKS_LEN_MAX {
            return false;
        }
        self.len += 1;
        self.of.entry(client).or_default().push_back((id, look));
        true
    }

    /// The oldest question of the client whose turn it is.
    pub(crate) fn pop(&mut self) -> Option<(ClientId, u64, Look)> {
        let behind = (Bound::Excluded(self.last), Bound::Unbounded);
        let next = self.of.range(behind).next().or_else(|| self.of.first_key_value());
        let client = *next?.0;
        let waiting = self.of.get_mut(&client)?;
        let (id, look) = waiting.pop_front()?;
        if waiting.is_empty() {
            self.of.remove(&client);
        }
        self.last = client;
        self.len -= 1;
        Some((client, id, look))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.of.is_empty()
    }

    /// The client is gone, and nobody wants its answers.
    pub(crate) fn forget(&mut self, client: ClientId) {
        self.len -= self.of.remove(&client).map_or(0, |waiting| waiting.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look() -> Look {
        Look::Unwatch { watch_id: 1 }
    }

    #[test]
    fn clients_take_turns_however_much_one_asks() {
        let mut looks = Looks::default();
        for id in 1..=3 {
            looks.push(ClientId(1), id, look());
        }
        looks.push(ClientId(2), 1, look());
        looks.push(ClientId(3), 1, look());
        looks.forget(ClientId(3));
        let turns = std::iter::from_fn(|| looks.pop().map(|(client, id, _)| (client.0, id)));
        assert_eq!(turns.collect::<Vec<_>>(), [(1, 1), (2, 1), (1, 2), (1, 3)]);
        assert!(looks.is_empty() && looks.len == 0);
    }

    #[test]
    fn no_more_wait_than_may() {
        let mut looks = Looks::default();
        let taken = (0..=LOOKS_LEN_MAX as u64).filter(|id| looks.push(ClientId(1), *id, look()));
        assert_eq!(taken.count(), LOOKS_LEN_MAX);
    }
}
