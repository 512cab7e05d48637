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
        let has_unhanded = pending.has_unhanded(now);
        let (floor, unhanded, _) = pending.numbers();
        if self.term != term {
            *self = Courier { term, taken_below: floor, since: now };
            if mutant::is_on(Mutant::ForwardedTooEarly) {
                pending.take_back();
            }
        }
        let untaken = self.taken_below.max(floor);
        let waits = untaken < unhanded;
        let is_late = waits && self.since.0 + RESEND_MS <= now.0;
        let first = match (is_late, has_unhanded) {
            (true, _) => untaken,
            (false, true) => unhanded,
            (false, false) => return None,
        };
        let commands = message_of(pending.from(first));
        let end = first + commands.len() as u64;
        pending.hand_over(usize::try_from(end.saturating_sub(unhanded)).unwrap_or_default());
        // What comes after must not put off what is sent again: behind a gap nothing is taken.
        if is_late || !waits {
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
}
