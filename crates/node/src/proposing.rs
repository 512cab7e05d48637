//! From commands to an entry: by this node's own proposal when it leads, or through the leader.

use bramah_core::mutant::{self, Mutant};
use bramah_core::{Command, Time};
use bramah_wire::entry::{Run, encode_command, encode_entry};
use bramah_wire::peer::{Forward, Forwarded, Message, Refused};

use crate::clock::BootTime;
use crate::consensus::NUMBER_MAX;
use crate::node::{Node, Output, Room};
use crate::pending::{ENTRY_BYTES_MAX, Origin};
use crate::reply::{Reply, Unavailable};
use crate::restore::NodeError;

/// Bytes of an entry that commands of other members may fill before this node's own.
const OTHERS_BYTES_MAX: usize = ENTRY_BYTES_MAX / 2;
/// While something runs out, the other members are told the time so often: whoever leads next goes
/// on from what it was told, so leases get no longer than this by a change of leaders.
const TIME_TOLD_EVERY_MS: u64 = 1_000;

impl Node {
    /// Makes one entry of what waits, if anything does or is due.
    pub(crate) fn propose(&mut self, now: BootTime) -> Result<bool, NodeError> {
        if !self.consensus.can_propose() {
            return Ok(false);
        }
        let time = self.time(now).max(self.time_proposed);
        let time_is_due = self.time_due().is_some_and(|due| due <= time);
        let has_own = self.pending.has_unhanded(now);
        if !has_own && self.lanes.is_empty() && !time_is_due {
            return Ok(false);
        }
        let mut bytes = std::mem::take(&mut self.command_bytes);
        bytes.clear();
        let mut origins: Vec<Run> = Vec::new();
        while bytes.len() < OTHERS_BYTES_MAX
            && let Some(taken) = self.lanes.pop()
        {
            bytes.extend_from_slice(&taken.bytes);
            match origins.last_mut() {
                Some(run)
                    if run.incarnation == taken.incarnation
                        && run.first + run.count as u64 == taken.number =>
                {
                    run.count += 1;
                }
                _ => {
                    let (incarnation, first) = (taken.incarnation, taken.number);
                    origins.push(Run { incarnation, first, count: 1 });
                }
            }
        }
        if has_own {
            let (incarnation, (_, first, _)) = (self.incarnation, self.pending.numbers());
            let mut count = 0;
            for command in self.pending.from(first) {
                // One in any case, however long what others want is.
                if count > 0 && bytes.len() >= ENTRY_BYTES_MAX {
                    break;
                }
                encode_command(command, &mut bytes);
                count += 1;
            }
            self.pending.hand_over(count);
            origins.push(Run { incarnation, first, count });
        }
        let mut data = Vec::new();
        encode_entry(time, &bytes, &origins, &mut data);
        self.command_bytes = bytes;
        self.time_proposed = time;
        self.consensus.propose(data)?;
        Ok(true)
    }

    /// When the time is to become an entry if nothing else does before.
    pub(crate) fn time_due(&self) -> Option<Time> {
        let due = self.state.next_due()?;
        let told = self.time_proposed.max(self.state.now());
        let is_told = self.consensus.is_alone()
            || self.room == Room::Out
            || mutant::is_on(Mutant::TimeToldByRequestsOnly);
        let tell = (!is_told).then(|| told.plus_ms(TIME_TOLD_EVERY_MS));
        Some(due).filter(|due| *due > self.time_proposed).into_iter().chain(tell).min()
    }

    /// Gives what waits to the leader, once an entry of its term is applied here: only then is it
    /// certain that what an earlier leader was given and did not come will not come any more.
    pub(crate) fn forward(&mut self, now: BootTime, out: &mut Vec<Output>) {
        let term = self.consensus.term();
        let is_certain = self.term_applied == term || mutant::is_on(Mutant::ForwardedTooEarly);
        let Some(to) = self.consensus.leader().filter(|_| is_certain) else {
            return;
        };
        if to == self.membership.node_id || self.installing.is_some() {
            return;
        }
        let Node { courier, pending, incarnation, .. } = self;
        while let Some(forward) = courier.poll(now, term, *incarnation, pending) {
            out.push(Output::Send { to, message: Message::Forward(forward) });
        }
    }

    /// Another member says something.
    pub(crate) fn hear(
        &mut self,
        now: BootTime,
        from: u64,
        message: Message,
        out: &mut Vec<Output>,
    ) {
        match message {
            Message::Raft(message) => self.consensus.step(from, *message),
            Message::Forward(forward) => self.take_forward(from, forward, out),
            Message::Forwarded(forwarded) => self.take_forwarded(now, forwarded, out),
        }
    }

    /// Takes commands of another member, if this node leads in the term that they were meant for.
    fn take_forward(&mut self, from: u64, forward: Forward, out: &mut Vec<Output>) {
        let is_theirs = forward.incarnation != self.incarnation;
        let is_plain = forward.floor < NUMBER_MAX && forward.first < NUMBER_MAX;
        let is_for_me = self.is_leader() && forward.term == self.consensus.term();
        if !is_plain || !is_theirs || !is_for_me || !self.membership.contains(from) {
            return;
        }
        let mut lanes = std::mem::take(&mut self.lanes);
        let forwarded = lanes.take(forward, |command: &Command| {
            self.refuse_to_write(command).map(|why| match why {
                Unavailable::Draining => Refused::Draining,
                _ => Refused::DiskFull,
            })
        });
        self.lanes = lanes;
        out.push(Output::Send { to: from, message: Message::Forwarded(forwarded) });
    }

    /// The leader says what it took.
    fn take_forwarded(&mut self, now: BootTime, forwarded: Forwarded, out: &mut Vec<Output>) {
        let Forwarded { term, incarnation, taken_below, refused } = forwarded;
        let (_, unhanded, _) = self.pending.numbers();
        // What was not handed over in this term has another number by now.
        let is_mine = incarnation == self.incarnation && term == self.consensus.term();
        if !is_mine || self.term_applied != term || taken_below > unhanded {
            return;
        }
        self.courier.acknowledge(now, term, taken_below);
        for (number, why) in refused {
            let why = match why {
                Refused::Draining => Unavailable::Draining,
                Refused::DiskFull => Unavailable::DiskFull,
            };
            if number < taken_below
                && let Some(origin) = self.pending.refuse(now, number)
            {
                self.answer_all(now, &origin, &Reply::Unavailable(why), out);
            }
        }
    }

    /// The same answer for all that asked for one command.
    pub(crate) fn answer_all(
        &self,
        now: BootTime,
        origin: &Origin,
        reply: &Reply,
        out: &mut Vec<Output>,
    ) {
        match origin {
            Origin::Client(client, id) => self.reply(now, *client, *id, reply.clone(), out),
            Origin::KeepAlives(asked) => {
                for (client, id, _) in asked {
                    self.reply(now, *client, *id, reply.clone(), out);
                }
            }
            Origin::Node => {}
        }
    }

    /// Requests that nobody could serve for too long are answered with what is known of them.
    pub(crate) fn give_up_late(&mut self, now: BootTime, out: &mut Vec<Output>) {
        if self.consensus.is_alone() {
            return;
        }
        while let Some((late, was_handed)) = self.pending.pop_late(now) {
            let reply = match was_handed {
                true if !mutant::is_on(Mutant::DoubtIsRefusal) => Reply::OutcomeUnknown,
                _ => Reply::Unavailable(Unavailable::NoLeader),
            };
            self.answer_all(now, &late.origin, &reply, out);
            if late.origin == Origin::Node {
                // Nobody asked, and nobody else will.
                self.pending.push(now, late.origin, late.command);
            }
        }
        if let Some(late) = self.pending.keepalives.take_late(now) {
            let reply = Reply::Unavailable(Unavailable::NoLeader);
            self.answer_all(now, &late, &reply, out);
        }
        while let Some(late) = self.reads.pop_late(now) {
            let reply = Reply::Unavailable(Unavailable::NoLeader);
            self.reply(now, late.client, late.id, reply, out);
        }
        self.give_up_change(now, out);
    }

    /// Asks for the round that questions wait for. Who decides alone needs none.
    pub(crate) fn ask_reads(&mut self, now: BootTime) -> bool {
        if self.reads.is_empty() || self.consensus.decides_alone() {
            return false;
        }
        let Some(round) = self.reads.poll_round(now) else { return false };
        let name = [self.incarnation.to_le_bytes(), round.to_le_bytes()].concat();
        self.consensus.ask_committed(name);
        true
    }

    /// Answers the questions whose round is complete.
    pub(crate) fn answer_reads(&mut self, now: BootTime, out: &mut Vec<Output>) {
        while let Some(confirmed) = self.consensus.poll_confirmed() {
            let name = confirmed.context.as_slice();
            if let Some((incarnation, round)) = name.split_first_chunk()
                && u64::from_le_bytes(*incarnation) == self.incarnation
                && let Ok(round) = round.try_into()
            {
                self.reads.confirm(u64::from_le_bytes(round), confirmed.index);
            }
        }
        if self.reads.is_empty() {
            return;
        }
        let (applied, _) = self.consensus.applied();
        let alone = self.consensus.decides_alone();
        while let Some(asked) = if alone { self.reads.pop_any() } else { self.reads.pop(applied) } {
            if let Some(reply) = self.answer(asked.client, asked.id, asked.what) {
                self.reply(now, asked.client, asked.id, reply, out);
            }
        }
    }
}
