//! What locks protect: for each lock a register that checks fencing tokens, and one that does not,
//! so that a run can tell what the check is good for.
//!
//! Only exclusive holders write. Those who share a lock have tokens in the order of their grants
//! and write in any order, so a smaller token says nothing there; and between two exclusive holders
//! the later one has the larger token, whoever shared the lock in between.

use std::collections::BTreeMap;
use std::fmt;

use bramah_core::{FencingToken, LockName};

use crate::fact::ClientNo;

/// The registers of a run.
#[derive(Clone, Debug, Default)]
pub struct Registers {
    of: BTreeMap<LockName, Register>,
    figures: Figures,
}

/// The two registers of one lock, which get the same writes.
#[derive(Clone, Copy, Debug)]
struct Register {
    /// The highest token that came, and who brought it.
    highest: (FencingToken, ClientNo),
    /// The token of what stands in the one that checks.
    fenced: FencingToken,
    /// The token of what stands in the one that does not.
    unfenced: FencingToken,
}

/// What came of writes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Writes that came.
    pub writes: u64,
    /// Writes that came after one with a higher token, and were refused where tokens are checked.
    pub late_refused: u64,
    /// Of these, how many replaced the write of a later holder where nothing is checked.
    pub updates_lost: u64,
}

/// A write came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written {
    /// The highest token that had come before; 0 if none.
    pub before: FencingToken,
    /// The register that checks tokens took it.
    pub accepted: bool,
}

impl Registers {
    /// A client's write came. Its token is that of an exclusive hold.
    ///
    /// # Errors
    /// Says which two clients brought the same token.
    pub fn write(
        &mut self,
        client: ClientNo,
        name: &LockName,
        token: FencingToken,
    ) -> Result<Written, String> {
        let fresh = Register {
            highest: (FencingToken(0), client),
            fenced: FencingToken(0),
            unfenced: FencingToken(0),
        };
        let register = self.of.entry(name.clone()).or_insert(fresh);
        let (before, by) = register.highest;
        if token == before && client != by {
            return Err(format!(
                "clients {by} and {client} both write to {name} with token {token}"
            ));
        }
        let accepted = token >= before;
        if accepted {
            register.highest = (token, client);
            register.fenced = token;
        }
        self.figures.writes += 1;
        self.figures.late_refused += u64::from(!accepted);
        self.figures.updates_lost += u64::from(token < register.unfenced);
        register.unfenced = token;
        assert_eq!(
            register.fenced, register.highest.0,
            "the check let an earlier holder's write in"
        );
        Ok(Written { before, accepted })
    }

    /// What came of all writes so far.
    #[must_use]
    pub fn figures(&self) -> Figures {
        self.figures
    }
}

impl Figures {
    /// Adds those of another run.
    pub fn merge(&mut self, other: &Figures) {
        self.writes += other.writes;
        self.late_refused += other.late_refused;
        self.updates_lost += other.updates_lost;
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Figures { writes, late_refused, updates_lost } = self;
        write!(
            f,
            "{writes} writes by holders; {late_refused} came late and were refused by their \
             fencing token; without it {updates_lost} updates would have been lost"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name() -> LockName {
        LockName::new("a").expect("a valid name")
    }

    #[test]
    fn a_late_write_is_refused_by_its_token_and_would_have_undone_another() {
        let mut registers = Registers::default();
        for (client, token, accepted) in [(1, 5, true), (2, 7, true), (1, 5, false), (2, 7, true)] {
            let written = registers.write(client, &name(), FencingToken(token));
            assert_eq!(written.map(|written| written.accepted), Ok(accepted));
        }
        let figures = Figures { writes: 4, late_refused: 1, updates_lost: 1 };
        assert_eq!(registers.figures(), figures);
    }

    #[test]
    fn two_clients_with_one_token_are_found() {
        let mut registers = Registers::default();
        assert!(registers.write(1, &name(), FencingToken(5)).is_ok());
        assert!(registers.write(2, &name(), FencingToken(5)).is_err());
    }
}
