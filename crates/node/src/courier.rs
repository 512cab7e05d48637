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
    /// When something was last sent or acknowledged.
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
        let is_late = untaken < unhanded && self.since.0 + RESEND_MS <= now.0;
        let first = match (is_late, has_unhanded) {
            (true, _) => untaken,
            (false, true) => unhanded,
            (false, false) => return None,
        };
        let commands = message_of(pending.from(first));
        let end = first + commands.len() as u64;
        pending.hand_over(usize::try_from(end.saturating_sub(unhanded)).unwrap_or_default());
        self.since = now;
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
