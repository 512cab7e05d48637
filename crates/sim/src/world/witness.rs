//! What can be asked about an instant.

use bramah::LocalTime;
use bramah_core::LockName;

use crate::audit::Witness;
use crate::client::Believes;
use crate::clock::Clock;
use crate::fact::Held;
use crate::member::{Member, Process};
use crate::network::{Members, Network, bit};
use crate::plan::machine_of_client;
use crate::time::SimTime;
use crate::world::clients::Host;

/// Everybody, right now.
pub(super) struct Eyes<'a> {
    pub(super) now: SimTime,
    pub(super) clients: &'a [Host],
    pub(super) clocks: &'a [Clock],
    pub(super) members: &'a [Member],
    pub(super) network: &'a Network,
    pub(super) voters: Members,
}

impl Witness for Eyes<'_> {
    fn believers(&self, name: &LockName) -> Vec<Held> {
        let believes = |host: &Host| {
            let now = self.clocks[machine_of_client(host.no)].shows(self.now);
            host.client.believes(LocalTime(now), name)
        };
        self.clients.iter().flat_map(believes).collect()
    }

    fn is_majority_whole(&self) -> bool {
        let majority = self.voters.count_ones() as usize / 2 + 1;
        let is_at_work =
            |process: &Process| !process.is_paused && !process.is_draining && !process.lacks_room();
        let voters = self.members.iter().filter(|member| self.voters & bit(member.no) != 0);
        let running = voters.filter_map(|of| Some((of.no, of.process.as_ref()?)));
        let working: Vec<(u64, &Process)> = running.filter(|(_, of)| is_at_work(of)).collect();
        let meets = |(one, leads): (u64, &Process), (other, follows): (u64, &Process)| {
            // Who lacks a snapshot takes no entries until it came.
            self.network.reaches(one, other)
                && self.network.reaches(other, one)
                && follows.has_what_is_cut_from(leads)
                && leads.has_what_is_cut_from(follows)
        };
        working.iter().any(|leader| {
            working.iter().filter(|of| of.0 == leader.0 || meets(*leader, **of)).count() >= majority
        })
    }
}
