//! What follows from an event for members: they are stepped, and their orders carried out.

use bramah_node::{BootTime, Input, NodeError, Output};
use bramah_wire::peer::Message;

use crate::clock::Clock;
use crate::fact::{Fact, StopCause};
use crate::member::{Installed, Parcel, Stop, Write};
use crate::network::{ToClient, bit};
use crate::plan::machine_of_member;
use crate::time::SimTime;

use super::operator::OPERATOR;
use super::{Event, World};

/// A server looks at its clock at least so often.
const LOOK_AT_CLOCK_US: u64 = 1_000_000;
/// A snapshot goes at so many bytes a second, at least.
const SNAPSHOT_BYTES_PER_S: u64 = 4 * 1024 * 1024;
/// So many snapshots in a million are sent twice.
const SNAPSHOT_AGAIN_PPM: u32 = 80_000;

impl World {
    /// Gives a member a fact. It waits while the member cannot take it, and is lost if none runs.
    pub(super) fn give(&mut self, member: u64, input: Input) {
        let Some(process) = &mut self.members[member as usize - 1].process else { return };
        if process.is_listening() {
            self.step(member, Some(input));
        } else {
            process.inbox.push(input);
        }
    }

    /// Steps a member with what came, and does all that follows.
    pub(super) fn step(&mut self, member: u64, inputs: impl IntoIterator<Item = Input>) {
        let now = BootTime(self.clock_of_member(member).shows(self.now) / 1_000);
        let Some(process) = &mut self.members[member as usize - 1].process else { return };
        let mut out = std::mem::take(&mut self.outputs);
        let result = process.node.step(now, inputs, &mut out);
        if let Err(error) = result {
            out.clear();
            self.outputs = out;
            return self.node_refuses(member, &error);
        }
        for output in &out {
            if let Output::Persist(persist) = output {
                self.audit.ordered(member, persist);
            }
        }
        self.show_node(member);
        let life = self.members[member as usize - 1].life;
        for output in out.drain(..) {
            // Carrying one out may end the process.
            if self.lives(member, life) {
                self.carry_out(member, output);
            }
        }
        self.outputs = out;
        if self.lives(member, life) {
            self.after_step(member);
        }
    }

    /// Shows a node that was stepped, before anybody hears from it.
    fn show_node(&mut self, member: u64) {
        let now = self.now;
        let World { audit, clients, clocks, members, network, voters, .. } = self;
        let Some(process) = &members[member as usize - 1].process else { return };
        let node = &process.node;
        let (_, index, _) = node.applied();
        if index > voters.1 {
            *voters = (node.membership().voters.iter().map(|no| bit(*no)).sum(), index);
        }
        let eyes =
            super::witness::Eyes { now, clients, clocks, members, network, voters: voters.0 };
        audit.stepped(now, member, node, &eyes);
        let leads = node.is_leader().then(|| node.term());
        if leads != process.leads {
            if process.leads.is_some() && leads.is_none() {
                self.see(&Fact::LeadsNoMore { member });
            }
            if let Some(term) = leads {
                self.see(&Fact::Leads { member, term });
            }
            if let Some(process) = &mut self.members[member as usize - 1].process {
                process.leads = leads;
            }
        }
    }

    fn carry_out(&mut self, member: u64, output: Output) {
        let machine = &mut self.members[member as usize - 1];
        let Some(process) = &mut machine.process else { return };
        match output {
            Output::Persist(persist) => process.order(Write::Persist(persist)),
            Output::InstallSnapshot { number, index, term, .. } => {
                process.order(Write::Install { number, index, term });
            }
            Output::DiscardSnapshot { index } => {
                process.discard(index);
                self.coverage.count("member", "snapshot discarded");
            }
            Output::Reply { client: OPERATOR, id, reply, .. } => self.operator_hears(id, reply),
            Output::Reply { client, id, now, reply } => self.reply(client, id, now, reply),
            Output::Notice { client, now, notice } => self.notify(client, now, notice),
            Output::Drained => process.is_drained = true,
            Output::Send { to, message } => self.send(member, to, &message),
            Output::MakeSnapshot => {
                self.coverage.count("member", "snapshot asked for");
                self.begin_compaction(member);
            }
            Output::SendSnapshot { to, index, message, .. } => {
                self.send_snapshot(member, to, index, &message);
            }
        }
    }

    /// What a server does after each step: it writes, keeps its log short, looks for room.
    fn after_step(&mut self, member: u64) {
        let now = self.now;
        let machine = &mut self.members[member as usize - 1];
        let Some(process) = &mut machine.process else { return };
        let life = machine.life;
        if process.begin_write(now) {
            let us = machine.write_us(now);
            // One thread serves and writes, or a second one writes.
            let is_blocked = machine.random.chance(700_000);
            let Some(process) = &mut machine.process else { return };
            process.is_blocked = is_blocked;
            self.queue.push(now.plus_us(us), Event::Written { member, life });
        } else if !process.is_writing() {
            if let Some(room) = process.look_for_room(now) {
                self.coverage.count("member", room_name(room));
                self.queue.push(now, Event::MemberGoesOn { member, life });
                if let Some(process) = &mut self.members[member as usize - 1].process {
                    process.inbox.push(Input::Room(room));
                }
            }
            self.keep_short(member);
        }
        let Some(process) = &mut self.members[member as usize - 1].process else { return };
        if process.node.has_questions() {
            self.queue.push(now.plus_us(10), Event::MemberGoesOn { member, life });
        }
        if process.is_drained && !process.is_writing() {
            return self.close(member);
        }
        self.plan_member_wake(member);
    }

    fn keep_short(&mut self, member: u64) {
        let Some(process) = &mut self.members[member as usize - 1].process else { return };
        match process.publish_compaction() {
            Ok(Some((index, term))) => {
                self.coverage.count("member", "snapshot made");
                self.trace.add(self.now, format_args!("member {member} snapshot {index} {term}"));
                let life = self.members[member as usize - 1].life;
                self.queue.push(self.now, Event::MemberGoesOn { member, life });
                if let Some(process) = &mut self.members[member as usize - 1].process {
                    process.inbox.push(Input::SnapshotMade { index, term });
                }
            }
            Ok(None) if process.is_compaction_due() => self.begin_compaction(member),
            Ok(None) => {}
            Err(stop) => self.ends(member, stop),
        }
    }

    pub(super) fn begin_compaction(&mut self, member: u64) {
        let machine = &mut self.members[member as usize - 1];
        let Some(process) = &mut machine.process else { return };
        match process.begin_compaction() {
            Ok(Some(bytes)) => {
                let us = 200 + bytes / machine.random.between(5, 100);
                let life = machine.life;
                self.queue.push(self.now.plus_us(us), Event::Compacted { member, life });
            }
            Ok(None) => {}
            Err(stop) => self.ends(member, stop),
        }
    }

    pub(super) fn compacted(&mut self, member: u64) {
        let Some(process) = &mut self.members[member as usize - 1].process else { return };
        match process.finish_compaction() {
            Ok(()) if process.is_listening() => self.step(member, Some(Input::Tick)),
            Ok(()) => {}
            Err(stop) => self.ends(member, stop),
        }
    }

    /// The time of a write has come.
    pub(super) fn written(&mut self, member: u64) {
        let now = self.now;
        let Some(process) = &mut self.members[member as usize - 1].process else { return };
        let written = match process.finish_write() {
            Ok(written) => written,
            Err(stop) => return self.ends(member, stop),
        };
        process.set_stuck(now, written.is_stuck);
        for (number, installed) in &written.done {
            let Some(Installed { at: (index, term), state }) = installed else {
                self.audit.durable(member, *number);
                continue;
            };
            self.coverage.count("member", "snapshot installed");
            self.trace.add(now, format_args!("member {member} installs {index} {term}"));
            self.audit.installed(now, member, *number, (*index, *term), state);
        }
        let life = self.members[member as usize - 1].life;
        let durable = written.done.last().map(|(number, _)| Input::Persisted(*number));
        let Some(process) = &mut self.members[member as usize - 1].process else { return };
        if process.is_paused {
            process.inbox.splice(..0, durable);
            return;
        }
        self.step(member, durable);
        self.take_inbox(member, life);
    }

    /// Takes what came meanwhile, all together.
    fn take_inbox(&mut self, member: u64, life: u64) {
        if !self.lives(member, life) {
            return;
        }
        let Some(process) = &mut self.members[member as usize - 1].process else { return };
        if process.is_listening() && !process.inbox.is_empty() {
            let inbox = std::mem::take(&mut process.inbox);
            self.step(member, inbox);
        }
    }

    /// Takes what came, or what was left over.
    pub(super) fn go_on(&mut self, member: u64) {
        let Some(process) = &mut self.members[member as usize - 1].process else { return };
        if process.is_listening() {
            let inbox = std::mem::take(&mut process.inbox);
            self.step(member, inbox);
        }
    }

    pub(super) fn resume_member(&mut self, member: u64) {
        let Some(process) = &mut self.members[member as usize - 1].process else { return };
        process.is_paused = false;
        self.go_on(member);
    }

    fn plan_member_wake(&mut self, member: u64) {
        let now = self.now;
        let clock = &self.clocks[machine_of_member(member)];
        let machine = &mut self.members[member as usize - 1];
        let Some(process) = &mut machine.process else { return };
        let mut at = now.plus_us(LOOK_AT_CLOCK_US);
        if process.lacks_room() {
            at = at.min(now.plus_us(crate::member::FULL_DISK_RETRY_US));
        }
        if let Some(stuck) = process.tries_again_at() {
            at = at.min(stuck);
        }
        if let Some(tick) = process.node.next_tick() {
            // Timers are late now and then, and never early.
            let late = machine.random.below(500);
            at = at.min(clock.when(tick.0 * 1_000).plus_us(late));
        }
        let at = at.max(now.plus_us(100));
        if process.wakes_at.is_none_or(|planned| at < planned || planned <= now) {
            process.wakes_at = Some(at);
            self.queue.push(at, Event::MemberWakes { member });
        }
    }

    pub(super) fn member_wakes(&mut self, member: u64) {
        let clock: Clock = *self.clock_of_member(member);
        let Some(process) = &mut self.members[member as usize - 1].process else { return };
        if process.wakes_at != Some(self.now) {
            return;
        }
        process.wakes_at = None;
        if !process.is_listening() {
            // It looks at the clock when it goes on.
            return;
        }
        let shown_ms = clock.shows(self.now) / 1_000;
        let is_idle = process.node.next_tick().is_none_or(|tick| tick.0 > shown_ms);
        if is_idle && let Err(stop) = process.idle() {
            return self.ends(member, stop);
        }
        self.step(member, Some(Input::Tick));
    }

    /// The clock of the member's machine changed: its timers with it.
    pub(super) fn member_clock_changed(&mut self, member: u64) {
        if let Some(process) = self.members.get_mut(member as usize - 1)
            && let Some(process) = &mut process.process
        {
            process.wakes_at = None;
            self.plan_member_wake(member);
        }
    }

    fn send(&mut self, from: u64, to: u64, message: &Message) {
        self.seen.message(message, &mut self.coverage);
        self.audit.said(self.now, from, to, message);
        if to == 0 || to as usize > self.members.len() {
            return self.fail("one log", format!("member {from} speaks to member {to}"));
        }
        if self.trace.is_wanted() {
            self.trace.add(self.now, format_args!("{from} > {to} {message:?}"));
        }
        let mut bytes = Some(message.encode());
        let copies = self.network.copies();
        let count = copies.iter().flatten().count();
        for (place, us) in copies.into_iter().flatten().enumerate() {
            let bytes = if place + 1 == count { bytes.take() } else { bytes.clone() };
            let bytes = bytes.unwrap_or_default();
            self.queue.push(self.now.plus_us(us), Event::Peer { to, from, bytes });
        }
    }

    pub(super) fn peer_arrives(&mut self, to: u64, from: u64, bytes: &[u8]) {
        if !self.network.reaches(from, to) {
            return;
        }
        match Message::decode(bytes) {
            Ok(message) => self.give(to, Input::Peer { from, message }),
            Err(error) => {
                self.fail("one log", format!("a message of {from} cannot be read: {error}"));
            }
        }
    }

    fn send_snapshot(&mut self, from: u64, to: u64, index: u64, message: &Message) {
        self.coverage.count("member", "snapshot sent");
        let machine = &self.members[from as usize - 1];
        let (life, process) = (machine.life, machine.process.as_ref());
        let Some(parcel) = process.and_then(|process| process.read_snapshot(index, message)) else {
            let sent = Event::SnapshotSent { member: from, life, to, ok: false };
            return self.queue.push(self.now, sent);
        };
        let bytes = parcel.data.len() as u64;
        let us = self.network.delay() + bytes * 1_000_000 / SNAPSHOT_BYTES_PER_S;
        let (at, from, parcel) = (self.now.plus_us(us), (from, life), Box::new(parcel));
        // Now and then the stream breaks behind its last byte, and everything is sent again.
        if self.random.chance(SNAPSHOT_AGAIN_PPM) {
            let at = at.plus_us(self.network.time_to_know());
            self.queue.push(at, Event::Snapshot { to, from, parcel: parcel.clone() });
        }
        self.queue.push(at, Event::Snapshot { to, from, parcel });
    }

    /// A snapshot came whole. A machine that cannot take it, or cannot be reached, has none.
    pub(super) fn snapshot_arrives(&mut self, to: u64, from: (u64, u64), parcel: Box<Parcel>) {
        let reaches = self.network.reaches(from.0, to) && self.network.reaches(to, from.0);
        let (member, life) = from;
        let mut ok = false;
        if let Some(process) = &mut self.members[to as usize - 1].process
            && reaches
        {
            if !process.is_listening() {
                let at = self.now.plus_us(20_000);
                return self.queue.push(at, Event::Snapshot { to, from, parcel });
            }
            let decoded = Message::decode(&parcel.message);
            let Ok(message) = decoded else {
                return self.fail("one log", "a snapshot's message cannot be read".to_owned());
            };
            match process.receive(member, message, &parcel) {
                Ok(Some(received)) => {
                    ok = true;
                    self.step(to, Some(received));
                }
                Ok(None) => {}
                Err(stop) => self.ends(to, stop),
            }
        }
        let us = if ok { self.network.delay() } else { self.network.time_to_know() };
        let sent = Event::SnapshotSent { member, life, to, ok };
        self.queue.push(self.now.plus_us(us), sent);
    }

    /// A member's machine starts its process.
    pub(super) fn start(&mut self, member: u64) {
        let machine = &mut self.members[member as usize - 1];
        if machine.is_gone || machine.process.is_some() || machine.starts_at != Some(self.now) {
            return;
        }
        let incarnation = self.incarnations.number() >> 11 | 1;
        let found = match machine.open(incarnation) {
            Ok(found) => found,
            Err(stop) => return self.ends(member, stop),
        };
        let snapshot = found.recovered.snapshot;
        self.audit.recovered(self.now, member, snapshot, &found.recovered.entries);
        if found.torn.is_some() {
            self.coverage.count("member", "torn tail cut");
        }
        self.trace.add(
            self.now,
            format_args!(
                "member {member} has snapshot {snapshot:?}, {} entries, {:?}",
                found.recovered.entries.len(),
                found.recovered.hard_state
            ),
        );
        if let Err(stop) = machine.begin(found) {
            return self.ends(member, stop);
        }
        self.see(&Fact::Started { member });
        self.step(member, [Input::Connected(OPERATOR), Input::Tick]);
    }

    pub(super) fn start_at(&mut self, member: u64, at: SimTime) {
        let machine = &mut self.members[member as usize - 1];
        if !machine.is_gone {
            machine.starts_at = Some(at);
            self.queue.push(at, Event::Starts { member });
        }
    }

    /// A process ends by what it found itself.
    fn ends(&mut self, member: u64, stop: Stop) {
        match stop {
            Stop::Disk(_) if self.members[member as usize - 1].disk.is_powerless() => {
                self.stop(member, StopCause::PowerLost);
            }
            Stop::Disk(cause) => self.stop(member, cause),
            Stop::NoRoom => {
                self.coverage.count("member", "no room to start");
                self.stop(member, StopCause::DiskFailed);
            }
            Stop::Node(error) => self.node_refuses(member, &error),
            Stop::Impossible(what) => self.fail("one log", format!("member {member}: {what}")),
        }
    }

    fn node_refuses(&mut self, member: u64, error: &NodeError) {
        let mut what = format!("the node of member {member} cannot go on: {error}");
        let mut cause = std::error::Error::source(error);
        while let Some(error) = cause {
            what = format!("{what}: {error}");
            cause = error.source();
        }
        self.fail("one log", what);
    }

    /// A drained member leaves a snapshot and stops.
    fn close(&mut self, member: u64) {
        let Some(process) = &mut self.members[member as usize - 1].process else { return };
        match process.close() {
            Ok(()) => self.stop(member, StopCause::Drained),
            Err(stop) => self.ends(member, stop),
        }
    }

    /// The connections of a member end. Some of the others hear of it, soon or late; and now and
    /// then one whose connections with another broke takes that one for gone, which lives.
    fn end_links(&mut self, member: u64) {
        let all = self.members.len() as u64;
        for to in (1..=all).filter(|to| *to != member) {
            let lives = self.random.chance(100_000);
            let from = if lives { self.random.between(1, all) } else { member };
            if self.random.chance(750_000) && from != to {
                let us = self.network.time_to_know();
                self.queue.push(self.now.plus_us(us), Event::HungUp { to, from });
            }
        }
    }

    /// A member's process is no more, and starts again after a while, unless it may not.
    pub(super) fn stop(&mut self, member: u64, why: StopCause) {
        let machine = &mut self.members[member as usize - 1];
        let life = machine.life;
        let was_leading = machine.process.as_ref().is_some_and(|of| of.leads.is_some());
        let has_run = machine.process.is_some();
        match why {
            StopCause::Killed => machine.kill(),
            StopCause::PowerLost => machine.lose_power(),
            StopCause::Drained
            | StopCause::DiskFailed
            | StopCause::DiskDamaged
            | StopCause::Removed => machine.ended(),
        }
        machine.is_gone |= matches!(why, StopCause::DiskDamaged | StopCause::Removed);
        let is_groundless = why == StopCause::DiskDamaged && !machine.has_rotted;
        let back_at = self.now.plus_us(machine.back_after_ms * 1_000 + 1_000);
        if why == StopCause::PowerLost {
            // Its clock starts again with the machine.
            let rate_ppm = self.clocks[machine_of_member(member)].rate_ppm();
            self.clocks[machine_of_member(member)] = Clock::starts(self.now, rate_ppm);
        }
        if is_groundless {
            self.fail("G10 durable", format!("member {member} calls a disk damaged that is not"));
        }
        if was_leading {
            self.see(&Fact::LeadsNoMore { member });
        }
        if has_run || why == StopCause::DiskDamaged {
            self.see(&Fact::Stopped { member, why });
        }
        self.end_connections(member, life, why);
        self.end_links(member);
        if why == StopCause::DiskDamaged {
            self.replace(member);
        } else {
            self.start_at(member, back_at);
        }
    }

    /// The clients of a process that is no more hear of it, if its machine lives to tell.
    fn end_connections(&mut self, member: u64, life: u64, why: StopCause) {
        for connection in self.network.of_member(member, life) {
            if why == StopCause::PowerLost {
                let at = self.now.plus_us(self.network.time_to_know());
                self.queue.push(at, Event::ClientLearns { connection });
            } else {
                self.send_to_client(connection, ToClient::End);
            }
            self.network.member_leaves(connection);
        }
    }
}

fn room_name(room: bramah_node::Room) -> &'static str {
    match room {
        bramah_node::Room::Enough => "room again",
        bramah_node::Room::Low => "little room",
        bramah_node::Room::Out => "no room",
    }
}
