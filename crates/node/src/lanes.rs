//! What a leader took from other members, and has not proposed yet.
//!
//! Each member numbers its commands anew with each start. Within a term a leader takes them in that
//! order and each once, whatever is lost, doubled or late on the way.

use std::collections::{BTreeMap, VecDeque};

use bramah_core::Command;
use bramah_core::mutant::{self, Mutant};
use bramah_wire::entry::encode_command;
use bramah_wire::peer::{Forward, Forwarded, Refused};

/// Most commands of other members that wait for an entry, and their bytes. Past it none is taken.
const TAKEN_LEN_MAX: usize = 65_536;
const TAKEN_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Starts of members that are told apart within one term; the one longest unheard of is forgotten.
const LANES_LEN_MAX: usize = 1_024;

#[derive(Debug)]
struct Lane {
    /// The numbers below were taken or refused.
    taken_below: u64,
    refused: BTreeMap<u64, Refused>,
    used: u64,
}

/// A command that was taken.
#[derive(Debug)]
pub(crate) struct Taken {
    pub(crate) incarnation: u64,
    pub(crate) number: u64,
    /// As it will stand in the entry.
    pub(crate) bytes: Vec<u8>,
}

/// What one leader took in one term.
#[derive(Debug, Default)]
pub(crate) struct Lanes {
    lanes: BTreeMap<u64, Lane>,
    queue: VecDeque<Taken>,
    bytes: usize,
    uses: u64,
}

impl Lanes {
    /// Takes what follows, and says what was taken. `refuse` says why one is not.
    pub(crate) fn take(
        &mut self,
        forward: Forward,
        refuse: impl Fn(&Command) -> Option<Refused>,
    ) -> Forwarded {
        let Forward { term, incarnation, floor, first, commands } = forward;
        self.uses += 1;
        if !self.lanes.contains_key(&incarnation) && self.lanes.len() >= LANES_LEN_MAX {
            let oldest = self.lanes.iter().min_by_key(|(_, lane)| lane.used).map(|(id, _)| *id);
            oldest.map(|id| self.lanes.remove(&id));
        }
        let lane = self.lanes.entry(incarnation).or_insert(Lane {
            taken_below: floor,
            refused: BTreeMap::new(),
            used: 0,
        });
        lane.used = self.uses;
        lane.taken_below = lane.taken_below.max(floor);
        lane.refused = lane.refused.split_off(&floor);
        if mutant::is_on(Mutant::ForwardTakenTwice) {
            lane.taken_below = lane.taken_below.min(first);
        }
        for (number, command) in (first..).zip(commands) {
            if number < lane.taken_below {
                continue;
            }
            let is_full = self.queue.len() >= TAKEN_LEN_MAX || self.bytes >= TAKEN_BYTES_MAX;
            if number > lane.taken_below || is_full {
                break;
            }
            lane.taken_below += 1;
            if let Some(why) = refuse(&command) {
                lane.refused.insert(number, why);
                continue;
            }
            let mut bytes = Vec::new();
            encode_command(&command, &mut bytes);
            self.bytes += bytes.len();
            self.queue.push_back(Taken { incarnation, number, bytes });
        }
        Forwarded {
            term,
            incarnation,
            taken_below: lane.taken_below,
            refused: lane.refused.iter().map(|(number, why)| (*number, *why)).collect(),
        }
    }

    /// The next one for an entry.
    pub(crate) fn pop(&mut self) -> Option<Taken> {
        let taken = self.queue.pop_front()?;
        self.bytes -= taken.bytes.len();
        Some(taken)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bramah_core::{Key, SessionHandle, SessionId};

    /// A command that says its number.
    fn command(number: u64) -> Command {
        Command::Renew(vec![SessionHandle { id: SessionId(number), key: Key(1) }])
    }

    fn forward(incarnation: u64, floor: u64, numbers: std::ops::Range<u64>) -> Forward {
        let (first, commands) = (numbers.start, numbers.map(command).collect());
        Forward { term: 3, incarnation, floor, first, commands }
    }

    fn take(lanes: &mut Lanes, forward: Forward) -> u64 {
        lanes.take(forward, |_| None).taken_below
    }

    fn taken(lanes: &mut Lanes) -> Vec<(u64, u64)> {
        std::iter::from_fn(|| lanes.pop().map(|taken| (taken.incarnation, taken.number))).collect()
    }

    #[test]
    fn each_number_is_taken_once_and_in_order() {
        let mut lanes = Lanes::default();
        assert_eq!(take(&mut lanes, forward(7, 5, 7..9)), 5, "a gap before it");
        assert_eq!(take(&mut lanes, forward(7, 5, 5..7)), 7);
        assert_eq!(take(&mut lanes, forward(7, 5, 5..7)), 7, "doubled");
        assert_eq!(take(&mut lanes, forward(7, 6, 6..9)), 9, "some of it is known");
        assert_eq!(take(&mut lanes, forward(8, 1, 1..2)), 2, "another start");
        assert_eq!(taken(&mut lanes), [(7, 5), (7, 6), (7, 7), (7, 8), (8, 1)]);
        assert_eq!(take(&mut lanes, forward(7, 12, 12..13)), 13, "some were given up");
        assert_eq!(take(&mut lanes, forward(7, 9, 9..12)), 13, "late");
        assert_eq!(taken(&mut lanes), [(7, 12)]);
    }

    #[test]
    fn a_refusal_is_repeated_until_its_sender_knows_it() {
        let mut lanes = Lanes::default();
        let sixth = command(6);
        let full = |command: &Command| (*command == sixth).then_some(Refused::DiskFull);
        let first = lanes.take(forward(7, 5, 5..8), full);
        assert_eq!(first.refused, [(6, Refused::DiskFull)]);
        // It would be taken by now, but for having been refused.
        assert_eq!(lanes.take(forward(7, 5, 5..8), |_| None), first);
        assert_eq!(lanes.take(forward(7, 7, 8..8), |_| None).refused, []);
        assert_eq!(taken(&mut lanes), [(7, 5), (7, 7)]);
    }

    #[test]
    fn no_more_is_taken_than_may_wait() {
        let mut lanes = Lanes::default();
        let len = TAKEN_LEN_MAX as u64;
        assert_eq!(take(&mut lanes, forward(7, 0, 0..len + 5)), len);
        lanes.pop();
        assert_eq!(take(&mut lanes, forward(7, 0, len..len + 5)), len + 1);
    }

    #[test]
    fn starts_that_are_told_apart_are_bounded() {
        let mut lanes = Lanes::default();
        for incarnation in 0..=LANES_LEN_MAX as u64 {
            take(&mut lanes, forward(incarnation, 1, 1..1));
        }
        assert_eq!(lanes.lanes.len(), LANES_LEN_MAX);
        assert!(!lanes.lanes.contains_key(&0) && lanes.lanes.contains_key(&1));
    }
}
