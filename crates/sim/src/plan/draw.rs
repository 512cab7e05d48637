//! A plan out of a seed.
//!
//! Each plan has a random few of the kinds of faults, at rates of its own: a plan with everything
//! in it is always about the same, and hides what only happens where something else does not.

use crate::plan::{ClockTerms, Fault, MEMBERS_MAX, NetworkTerms, Plan, Planned, WorkloadTerms};
use crate::random::Random;
use crate::time::SimTime;

/// Half of what two clocks' rates may differ by, in parts per million: each is within so much of
/// true time.
const RATE_PPM_MAX: u64 = bramah::lease_keeper::DRIFT_PPM_MAX / 2 - 50;

/// What whoever asks for a plan wants of it.
#[derive(Clone, Debug, Default)]
pub struct Wishes {
    /// So many members at the beginning; drawn, if none.
    pub members: Option<u64>,
    /// Only these kinds of faults, all of them; a random few of all, if none.
    pub faults: Option<Vec<&'static str>>,
}

impl Plan {
    /// The plan of a seed. The same for the same seed and wishes.
    #[must_use]
    pub fn draw(seed: u64, wishes: &Wishes) -> Plan {
        let mut random = Random::new(seed, "plan");
        let drawn = *random.pick(&[1, 3, 3, 3, 3, 5]);
        let members = wishes.members.unwrap_or(drawn);
        let clients = random.between(1, 3).pow(2) as u32 + random.below(4) as u32;
        // Many short runs find more than few long ones, but some things take their time.
        let longest_ms = *random.pick(&[20_000, 40_000, 40_000, 100_000]);
        let calm_ms = random.between(10_000, longest_ms);
        let beyond_bounds = random.chance(60_000);
        let terms = (network(&mut random), workload(&mut random, clients));
        let kinds = match &wishes.faults {
            Some(kinds) => kinds.clone(),
            None => some_kinds(&mut random),
        };
        let rate_ppm_max = [0, 100, RATE_PPM_MAX, RATE_PPM_MAX][random.below(4) as usize] as u32;
        let clocks = ClockTerms { rate_ppm_max, beyond_bounds };
        let mut kinds: Vec<&str> = kinds
            .into_iter()
            .filter(|kind| beyond_bounds || wishes.faults.is_some() || *kind != "clock_jump")
            .filter(|kind| members > 1 || !NEEDS_OTHERS.contains(kind))
            .collect();
        // What a run does not survive with one member ends it at once: seldom worth it.
        if members == 1 && wishes.faults.is_none() && !random.chance(30_000) {
            kinds.retain(|kind| *kind != "rot");
        }
        let draw = Draw { members, clients, calm_ms, clocks };
        let faults = draw.faults(&mut random, &kinds);
        let beyond_bounds =
            beyond_bounds || faults.iter().any(|of| matches!(of.fault, Fault::ClockJump { .. }));
        Plan {
            seed,
            members,
            clients,
            calm_at: SimTime::from_ms(calm_ms),
            network: terms.0,
            workload: terms.1,
            clocks: ClockTerms { beyond_bounds, ..clocks },
            faults,
        }
    }
}

/// Faults that mean nothing to a member that is alone.
const NEEDS_OTHERS: &[&str] = &["partition", "isolate_leader", "transfer", "remove_member"];

fn some_kinds(random: &mut Random) -> Vec<&'static str> {
    // Now and then nothing, or everything.
    let share = *random.pick(&[0, 150_000, 300_000, 300_000, 500_000, 1_000_000]);
    Fault::NAMES.iter().copied().filter(|_| random.chance(share)).collect()
}

fn network(random: &mut Random) -> NetworkTerms {
    let shortest = *random.pick(&[50, 100, 500, 2_000]);
    let longest = shortest * *random.pick(&[1, 3, 10, 20]);
    let mut rate = |most: u64| if random.chance(500_000) { random.skewed(most) as u32 } else { 0 };
    NetworkTerms {
        drop_ppm: rate(100_000),
        duplicate_ppm: rate(100_000),
        late_ppm: rate(50_000),
        break_ppm: rate(20_000),
        delay_us: (shortest, longest),
    }
}

fn workload(random: &mut Random, clients: u32) -> WorkloadTerms {
    let ttl_min = *random.pick(&[500, 500, 1_000, 3_000, 10_000]);
    let ttl_max = (ttl_min * random.between(1, 5)).min(15_000).max(ttl_min);
    // About the same load for few and many clients.
    let think_ms = (u64::from(clients) * random.between(10, 80)).max(20);
    WorkloadTerms {
        locks: random.between(1, 4).pow(2) as u32,
        sessions_max: random.between(1, 4) as u32,
        ttl_ms: (ttl_min, ttl_max),
        think_ms,
        hold_ms: *random.pick(&[20, 100, 500, 2_000]),
    }
}

struct Draw {
    members: u64,
    clients: u32,
    calm_ms: u64,
    clocks: ClockTerms,
}

impl Draw {
    fn faults(&self, random: &mut Random, kinds: &[&str]) -> Vec<Planned> {
        let mut faults = Vec::new();
        for kind in kinds {
            // Each kind at its own rate. What costs a cluster most comes least often.
            let often = match *kind {
                "lose_all_power" | "rot" | "add_member" | "remove_member" => (15_000, 120_000),
                "kill_client" | "break_connection" | "compact" => (1_000, 20_000),
                _ => (3_000, 40_000),
            };
            let mean_ms = random.between(often.0, often.1);
            let mut at_ms = random.between(500, 2 * mean_ms);
            while at_ms < self.calm_ms {
                let at = SimTime(at_ms * 1_000 + random.below(1_000));
                faults.push(Planned { at, fault: self.fault(random, kind) });
                at_ms += random.between(mean_ms / 10, 2 * mean_ms);
            }
        }
        faults.sort_by_key(|planned| planned.at);
        faults
    }

    fn fault(&self, random: &mut Random, kind: &str) -> Fault {
        let member = random.below(MEMBERS_MAX);
        let client = random.below(u64::from(self.clients)) as u32;
        // Long enough for an election, for a TTL to pass, for nothing at all.
        let for_ms = *random.pick(&[30, 300, 1_000, 3_000, 8_000, 20_000]);
        let for_ms = random.between(1, for_ms);
        let (back_after_ms, one_way) = (for_ms, random.chance(300_000));
        match kind {
            "kill" => Fault::Kill { member, back_after_ms },
            "lose_power" => Fault::LosePower { member, back_after_ms },
            "lose_all_power" => Fault::LoseAllPower { back_after_ms },
            "drain" => Fault::Drain { member, back_after_ms },
            "pause" => Fault::Pause { member, for_ms },
            "partition" => {
                Fault::Partition { side: random.below(1 << self.members), one_way, for_ms }
            }
            "isolate_leader" => Fault::IsolateLeader { one_way, for_ms },
            "slow_disk" => {
                let write_us = *random.pick(&[5_000, 50_000, 500_000, 3_000_000]);
                Fault::SlowDisk { member, write_us: random.between(1_000, write_us), for_ms }
            }
            "full_disk" => {
                // Keepalives take a while to fill what is kept for them.
                let times = *random.pick(&[1, 1, 5]);
                Fault::FullDisk { member, for_ms: times * for_ms }
            }
            "fail_disk" => Fault::FailDisk { member, back_after_ms },
            "rot" => Fault::Rot { member, back_after_ms },
            "compact" => Fault::Compact { member },
            "transfer" => Fault::Transfer { to: member },
            "add_member" => Fault::AddMember {},
            "remove_member" => Fault::RemoveMember { member },
            "pause_client" => Fault::PauseClient { client, for_ms },
            "kill_client" => Fault::KillClient { client },
            "cut_client" => Fault::CutClient { client, one_way, for_ms },
            "break_connection" => Fault::BreakConnection { client },
            "clock_rate" => {
                let max = match self.clocks.beyond_bounds {
                    true => 300_000,
                    false => u64::from(self.clocks.rate_ppm_max),
                };
                let rate_ppm = random.below(2 * max + 1) as i64 - max as i64;
                Fault::ClockRate { machine: self.machine(random), rate_ppm }
            }
            "clock_jump" => {
                Fault::ClockJump { machine: self.machine(random), ms: random.skewed(60_000) }
            }
            _ => unreachable!("a fault of no known name: {kind}"),
        }
    }

    fn machine(&self, random: &mut Random) -> u64 {
        let place = random.below(self.members + u64::from(self.clients));
        if place < self.members { place } else { place - self.members + MEMBERS_MAX }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_fault_is_drawn_and_only_those_asked_for() {
        let mut seen = std::collections::BTreeSet::new();
        for seed in 0..300 {
            let plan = Plan::draw(seed, &Wishes::default());
            seen.extend(plan.faults.iter().map(|planned| planned.fault.name()));
            assert_eq!(plan, Plan::draw(seed, &Wishes::default()));
        }
        assert_eq!(seen.len(), Fault::NAMES.len());
        let wishes = Wishes { members: Some(5), faults: Some(vec!["kill"]) };
        let plan = Plan::draw(9, &wishes);
        assert_eq!(plan.members, 5);
        assert!(!plan.faults.is_empty());
        assert!(plan.faults.iter().all(|planned| planned.fault.name() == "kill"));
    }

    #[test]
    fn clocks_stay_within_their_bounds_where_promises_depend_on_them() {
        for seed in 0..300 {
            let plan = Plan::draw(seed, &Wishes::default());
            if plan.clocks.beyond_bounds {
                continue;
            }
            for planned in &plan.faults {
                match planned.fault {
                    Fault::ClockRate { rate_ppm, .. } => {
                        assert!(rate_ppm.unsigned_abs() <= u64::from(plan.clocks.rate_ppm_max));
                    }
                    Fault::ClockJump { .. } => panic!("a jump in seed {seed}"),
                    _ => {}
                }
            }
        }
    }
}
