//! What can be asked about an instant.

use bramah::LocalTime;
use bramah_core::LockName;

use crate::audit::Witness;
use crate::client::Believes;
use crate::clock::Clock;
use crate::fact::Held;
use crate::member::Member;
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
        let works = |member: &&Member| {
            let is_at_work = |process: &crate::member::Process| {
                !process.is_paused && !process.is_draining && !process.lacks_room()
            };
            self.voters & bit(member.no) != 0 && member.process.as_ref().is_some_and(is_at_work)
        };
        let working: Vec<u64> = self.members.iter().filter(works).map(|of| of.no).collect();
        let meets = |one: u64, other: u64| {
            self.network.reaches(one, other) && self.network.reaches(other, one)
        };
        working.len() >= majority
            && working.iter().any(|leader| {
                let reached = working.iter().filter(|of| *of == leader || meets(*leader, **of));
                reached.count() >= majority
            })
    }
}
