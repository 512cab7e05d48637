//! What a follower gave to its leader: in order, and again from where it is not acknowledged.

use bramah_core::Command;
use bramah_core::mutant::{self, Mutant};
use bramah_wire::entry::encode_command;
use bramah_wire::peer::Forward;

use crate::clock::BootTime;
use crate::pending::Pending;

/// Bytes of commands at which a message is full; the last command may reach beyond it.
const FORWARD_BYTES_MAX: usize = 512 * 1024;
/// After so long without an acknowledgement they are sent again.
const RESEND_MS: u64 = 200;

/// The way from this node to the leader of one term.
#[derive(Debug, Default)]
pub(crate) struct Courier {
    term: u64,
    /// The leader has all below this number.
    taken_below: u64,
    /// All below this number was sent since something was last found to be lost.
    sent_below: u64,
    /// Something was lost, and the leader does not have again all that had been handed over.
    recovers: bool,
    /// When the oldest that is not acknowledged was last sent, or one before it acknowledged.
    since: BootTime,
}

impl Courier {
    /// The next message for the leader of `term`, if one is due.
    pub(crate) fn poll(
        &mut self,
        now: BootTime,
        term: u64,
        incarnation: u64,
        pending: &mut Pending,
    ) -> Option<Forward> {
        if self.term != term && mutant::is_on(Mutant::ForwardedTooEarly) {
            pending.take_back();
        }
        let (floor, unhanded, _) = pending.numbers();
        if self.term != term {
            let (taken_below, sent_below) = (floor, floor);
            *self = Courier { term, taken_below, sent_below, recovers: false, since: now };
        }
        let untaken = self.taken_below.max(floor);
        let is_late = untaken < self.sent_below && self.since.0 + RESEND_MS <= now.0;
        if is_late {
            (self.sent_below, self.recovers) = (untaken, true);
        }
        let first = self.sent_below.max(untaken);
        let waits = untaken < first;
        // Behind a gap nothing is taken. It is filled a message at a time: the first may do for all
        // of it, and what was too much for the way once would be so again.
        self.recovers &= waits || first < unhanded;
        if waits && self.recovers {
            return None;
        }
        // Not before: keepalives are to wait for company meanwhile.
        let has_unhanded = pending.has_unhanded(now);
        if first == unhanded && !has_unhanded {
            return None;
        }
        let commands = message_of(pending.from(first));
        self.sent_below = first + commands.len() as u64;
        let fresh = self.sent_below.saturating_sub(unhanded);
        pending.hand_over(usize::try_from(fresh).unwrap_or_default());
        // What comes after must not put off what is sent again.
        if !waits {
            self.since = now;
        }
        (!commands.is_empty()).then_some(Forward { term, incarnation, floor, first, commands })
    }

    /// The leader of `term` has all below this number.
    pub(crate) fn acknowledge(&mut self, now: BootTime, term: u64, taken_below: u64) {
        if self.term == term && taken_below > self.taken_below {
            self.taken_below = taken_below;
            self.since = now;
        }
    }
}

/// As many as fit.
fn message_of<'a>(commands: impl Iterator<Item = &'a Command>) -> Vec<Command> {
    let mut scratch = Vec::new();
    let fits = commands.take_while(|command| {
        let has_room = scratch.len() < FORWARD_BYTES_MAX;
        encode_command(command, &mut scratch);
        has_room
    });
    fits.cloned().collect()
}

#[cfg(test)]
mod tests {
    use bramah_core::{Key, SessionClose, SessionHandle, SessionId};

    use super::*;
    use crate::pending::Origin;

    fn push(pending: &mut Pending, now: BootTime) {
        let session = SessionHandle { id: SessionId(1), key: Key(1) };
        let cause = SessionClose::Asked;
        pending.push(now, Origin::Node, Command::CloseSession { session, cause });
    }

    #[test]
    fn new_commands_do_not_put_off_what_is_sent_again() {
        let (mut courier, mut pending) = (Courier::default(), Pending::default());
        let mut firsts = Vec::new();
        for now in (0..RESEND_MS + 100).step_by(100).map(BootTime) {
            push(&mut pending, now);
            let forward = courier.poll(now, 1, 7, &mut pending).expect("something to send");
            firsts.push(forward.first);
        }
        assert_eq!(firsts, [1, 2, 1]);
    }

    #[test]
    fn what_was_lost_goes_first_and_each_acknowledgement_brings_the_next_of_it() {
        let (mut courier, mut pending) = (Courier::default(), Pending::default());
        let session = SessionHandle { id: SessionId(1), key: Key(1) };
        for _ in 0..4 {
            let long = Command::Renew(vec![session; FORWARD_BYTES_MAX / 8]);
            pending.push(BootTime(0), Origin::Node, long);
        }
        let mut poll = |courier: &mut Courier, now, is_fresh| {
            if is_fresh {
                push(&mut pending, BootTime(now));
            }
            let forward = courier.poll(BootTime(now), 1, 7, &mut pending)?;
            Some(forward.first..forward.first + forward.commands.len() as u64)
        };
        let sent = std::iter::from_fn(|| poll(&mut courier, 0, false));
        assert_eq!(sent.collect::<Vec<_>>(), [1..2, 2..3, 3..4, 4..5]);
        assert_eq!(poll(&mut courier, 10, true), Some(5..6), "nothing is known to be lost");
        courier.acknowledge(BootTime(20), 1, 2);
        assert_eq!(poll(&mut courier, 20 + RESEND_MS, false), Some(2..3));
        assert_eq!(poll(&mut courier, 20 + RESEND_MS, true), None, "there is a gap before it");
        for (taken_below, next) in [(3, Some(3..4)), (4, Some(4..5)), (5, Some(5..7)), (7, None)] {
            courier.acknowledge(BootTime(230), 1, taken_below);
            assert_eq!(poll(&mut courier, 230, false), next);
        }
        assert_eq!(poll(&mut courier, 240, true), Some(7..8));
        assert_eq!(poll(&mut courier, 250, true), Some(8..9), "all is well again");
    }
}
