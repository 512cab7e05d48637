//! What goes wrong, and what an operator does.

use bramah_node::Input;

use crate::fact::{Fact, StopCause};
use crate::network::{ALL, bit};
use crate::plan::{Fault, MEMBERS_MAX};
use crate::time::SimTime;

use super::{Event, World};

/// Power that is to go with a write goes by itself after so long.
const POWER_TIME_MAX_US: u64 = 2_000_000;
/// A member that was told to stop is killed after so long.
const DRAIN_TIME_MAX_US: u64 = 8_000_000;

impl World {
    pub(super) fn fault(&mut self, place: usize) {
        let fault = self.plan.faults[place].fault;
        if self.is_calm {
            return;
        }
        self.faults_done += 1;
        self.see(&Fact::Fault(&fault));
        self.begin_fault(fault);
        let now = self.now;
        let (audit, eyes) = self.audit_and_eyes();
        audit.fault_began(now, &eyes);
    }

    fn begin_fault(&mut self, fault: Fault) {
        match fault {
            Fault::Kill { member, back_after_ms } => {
                if let Some(member) = self.pick_running(member, back_after_ms) {
                    self.stop(member, StopCause::Killed);
                }
            }
            Fault::LosePower { member, back_after_ms } => {
                if let Some(member) = self.pick_running(member, back_after_ms) {
                    self.lose_power(member);
                }
            }
            Fault::LoseAllPower { back_after_ms } => self.lose_all_power(back_after_ms),
            Fault::Drain { member, back_after_ms } => {
                if let Some(member) = self.pick_running(member, back_after_ms) {
                    self.drain(member);
                }
            }
            Fault::Pause { member, for_ms } => {
                if let Some(member) = self.pick_running(member, 500) {
                    self.pause(member, self.after_ms(for_ms));
                }
            }
            Fault::Partition { side, one_way, for_ms } => {
                self.cut(side & ALL, one_way, for_ms);
            }
            Fault::IsolateLeader { one_way, for_ms } => {
                if let Some(leader) = self.leader() {
                    self.cut(bit(leader), one_way, for_ms);
                }
            }
            Fault::SlowDisk { member, write_us, for_ms } => {
                if let Some(member) = self.pick_running(member, 500) {
                    self.members[member as usize - 1].slow =
                        Some((write_us, self.after_ms(for_ms)));
                }
            }
            Fault::FullDisk { member, for_ms } => {
                if let Some(member) = self.pick_running(member, 500) {
                    let machine = &mut self.members[member as usize - 1];
                    let room = machine.random.skewed(100_000);
                    machine.disk.set_capacity_bytes(Some(machine.disk.used_bytes() + room));
                    self.queue.push(self.after_ms(for_ms), Event::RoomAgain { member });
                }
            }
            Fault::FailDisk { member, back_after_ms } => {
                if let Some(member) = self.pick_running(member, back_after_ms) {
                    self.members[member as usize - 1].fail_soon();
                }
            }
            Fault::Rot { member, back_after_ms } => {
                if let Some(member) = self.pick_running(member, back_after_ms) {
                    self.rot(member);
                }
            }
            Fault::Compact { member } => {
                if let Some(member) = self.pick_running(member, 500) {
                    self.begin_compaction(member);
                }
            }
            Fault::Transfer { to } => {
                if let (Some(leader), Some(to)) = (self.leader(), self.pick_running(to, 500)) {
                    self.give(leader, Input::TransferLeadership { to: Some(to) });
                }
            }
            Fault::AddMember {} => {
                self.add_member();
            }
            Fault::RemoveMember { member } => {
                if let Some(member) = self.pick_running(member, 500) {
                    self.remove_member(member);
                }
            }
            Fault::PauseClient { client, for_ms } => {
                if let Some(client) = self.pick_client(client) {
                    self.pause_client(client, self.after_ms(for_ms));
                }
            }
            Fault::KillClient { client } => {
                if let Some(client) = self.pick_client(client) {
                    self.kill_client(client);
                }
            }
            Fault::CutClient { client, one_way, for_ms } => {
                if let Some(client) = self.pick_client(client) {
                    let until = self.after_ms(for_ms);
                    if one_way {
                        self.coverage.count("network", "client mute");
                    }
                    self.network.cut_client(client, one_way, until);
                    self.queue.push(until, Event::Heals);
                }
            }
            Fault::BreakConnection { client } => {
                if let Some(client) = self.pick_client(client)
                    && let Some(connection) = self.network.of_client(client).last()
                {
                    self.sever(*connection);
                }
            }
            Fault::ClockRate { machine, rate_ppm } => {
                let machine = machine as usize % self.clocks.len();
                self.clocks[machine].set_rate(self.now, rate_ppm);
                self.clock_changed(machine as u64);
            }
            Fault::ClockJump { machine, ms } => {
                let machine = machine as usize % self.clocks.len();
                self.clocks[machine].jump(self.now, ms * 1_000);
                self.clock_changed(machine as u64);
            }
        }
    }

    fn after_ms(&self, ms: u64) -> SimTime {
        self.now.plus_us(ms * 1_000)
    }

    /// One of those that run, by its place; if it stops by itself soon, it stays down for so long.
    fn pick_running(&mut self, place: u64, back_after_ms: u64) -> Option<u64> {
        let running: Vec<u64> =
            self.members.iter().filter(|of| of.process.is_some()).map(|of| of.no).collect();
        let member = *running.get(place.checked_rem(running.len() as u64)? as usize)?;
        self.members[member as usize - 1].back_after_ms = back_after_ms;
        Some(member)
    }

    fn pick_client(&self, place: u32) -> Option<u32> {
        place.checked_rem(self.plan.clients)
    }

    /// The member that leads in the latest term.
    pub(super) fn leader(&self) -> Option<u64> {
        let leads = self.members.iter().filter_map(|member| {
            let term = member.process.as_ref()?.leads?;
            Some((term, member.no))
        });
        leads.max().map(|(_, no)| no)
    }

    fn lose_power(&mut self, member: u64) {
        let machine = &mut self.members[member as usize - 1];
        if machine.random.chance(500_000) {
            return self.stop(member, StopCause::PowerLost);
        }
        machine.lose_power_soon();
        let life = machine.life;
        let at = self.now.plus_us(POWER_TIME_MAX_US);
        self.queue.push(at, Event::PowerGoes { member, life });
    }

    fn lose_all_power(&mut self, back_after_ms: u64) {
        for member in 1..=self.members.len() as u64 {
            let machine = &mut self.members[member as usize - 1];
            // They come back one after the other.
            machine.back_after_ms = back_after_ms + machine.random.skewed(5_000);
            if machine.process.is_some() {
                self.stop(member, StopCause::PowerLost);
            } else if !machine.is_gone {
                machine.lose_power();
            }
        }
    }

    fn drain(&mut self, member: u64) {
        let machine = &mut self.members[member as usize - 1];
        let life = machine.life;
        let Some(process) = &mut machine.process else { return };
        if std::mem::replace(&mut process.is_draining, true) {
            return;
        }
        let leads = process.leads.is_some() && process.node.membership().voters.len() > 1;
        let at = self.now.plus_us(DRAIN_TIME_MAX_US);
        self.queue.push(at, Event::DrainEnds { member, life });
        if leads {
            self.give(member, Input::TransferLeadership { to: None });
        }
        if self.lives(member, life) {
            self.give(member, Input::Drain);
        }
    }

    fn pause(&mut self, member: u64, until: SimTime) {
        let machine = &mut self.members[member as usize - 1];
        let life = machine.life;
        if let Some(process) = &mut machine.process
            && !std::mem::replace(&mut process.is_paused, true)
        {
            self.queue.push(until, Event::MemberResumes { member, life });
        }
    }

    fn cut(&mut self, side: u64, one_way: bool, for_ms: u64) {
        let until = self.after_ms(for_ms);
        self.network.cut(side, ALL & !side, until);
        if !one_way {
            self.network.cut(ALL & !side, side, until);
        }
        self.queue.push(until, Event::Heals);
    }

    pub(super) fn heal(&mut self) {
        if self.network.heal(self.now) {
            self.let_through();
        }
    }

    /// A bit changes on the disk of a member, which sees it when it starts again. What it said was
    /// durable has been sealed before: damage to a last write that is not looks like a torn one.
    fn rot(&mut self, member: u64) {
        if !self.may_lose_a_disk(member) {
            self.coverage.count("member", "rot spared");
            return;
        }
        let machine = &mut self.members[member as usize - 1];
        let is_sealed = machine.process.as_mut().is_some_and(crate::member::Process::seal);
        if is_sealed && !machine.is_armed {
            self.stop(member, StopCause::Killed);
            let place = self.members[member as usize - 1].rot();
            self.trace.add(self.now, format_args!("member {member} rots at {place:?}"));
        }
    }

    fn clock_changed(&mut self, machine: u64) {
        match machine.checked_sub(MEMBERS_MAX) {
            None => self.member_clock_changed(machine + 1),
            Some(client) => self.client_clock_changed(client as u32),
        }
    }

    /// Every member runs, on a disk and with a process that work.
    pub(super) fn calm_members(&mut self) {
        for member in 1..=self.members.len() as u64 {
            let machine = &mut self.members[member as usize - 1];
            machine.disk.set_capacity_bytes(None);
            machine.slow = None;
            machine.back_after_ms = 100;
            if machine.is_armed {
                self.stop(member, StopCause::Killed);
            }
            let machine = &self.members[member as usize - 1];
            if machine.process.is_some() {
                self.resume_member(member);
            } else if !machine.is_gone {
                self.start_at(member, self.now.plus_us(100_000));
            }
        }
    }
}
