//! What others granted twice, or never again, after members were away.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bramah_sim::network::bit;
use bramah_sim::plan::Fault;

use crate::story::{Reached, Scene, ensure, in_seeds, ms, next, place};

/// Seeds that each scene is played with.
const SEEDS: u64 = 10;

const CONTENDERS: &str = "members 3
    clients 6
    calm_at 40.000000
    network delay_us=100..1000 drop_ppm=0 duplicate_ppm=0 late_ppm=0 break_ppm=0
    workload locks=3 sessions_max=2 ttl_ms=3000..3000 think_ms=150 hold_ms=300
    clocks rate_ppm_max=100 beyond_bounds=false";

/// A member forgot over a restart what it had granted, and made up another majority.
#[test]
fn redsync_186_a_member_that_restarts_makes_no_second_majority() {
    let granted = holds_of_a_lost_majority().expect("nobody holds twice");
    assert!(granted >= 40, "{granted} holds were granted by a majority that was lost");
    let restarts = members_restart_one_by_one(SEEDS).expect("nobody holds twice");
    assert!(restarts >= 200, "{restarts} members lost what was not synced");
}

/// The leader and one more grant; then the leader is cut off, and that one loses power and makes up
/// a majority with the third, which knows of none of these grants.
pub(super) fn holds_of_a_lost_majority() -> Reached {
    in_seeds(SEEDS, |seed| {
        let mut scene = Scene::new(seed, CONTENDERS);
        let (cut, lost, back) = (ms(8_000), ms(10_900), ms(16_900));
        let leader = scene.play_until(cut)?.leader_at(cut).ok_or("nobody leads")?;
        let (second, third) = (next(leader, 1), next(leader, 2));
        scene.add(cut, Fault::Partition { side: bit(third), one_way: false, for_ms: 3_000 });
        scene.add(lost, Fault::LosePower { member: place(second), back_after_ms: 200 });
        scene.add(lost, Fault::IsolateLeader { one_way: false, for_ms: 6_000 });
        let story = scene.play()?;
        let forgot = story.facts("Stopped").any(|line| line.has("PowerLost"));
        let followed =
            story.between("Leads", lost, back).any(|of| of.number("member") == Some(second));
        if !(forgot && followed) {
            return Ok(0);
        }
        let beliefs = story.beliefs();
        Ok(beliefs.iter().filter(|of| cut < of.from && of.from < lost).count() as u64)
    })
}

/// Every 700 ms another member is killed or loses its power, and with it what is not synced.
pub(super) fn members_restart_one_by_one(seeds: u64) -> Reached {
    in_seeds(seeds, |seed| {
        let mut scene = Scene::new(seed, CONTENDERS);
        for round in 0..50 {
            let (member, at) = (round % 3, ms(2_000 + 700 * round));
            scene.add(
                at,
                match round % 4 {
                    3 => Fault::Kill { member, back_after_ms: 100 },
                    _ => Fault::LosePower { member, back_after_ms: 100 },
                },
            );
        }
        let story = scene.play()?;
        Ok(story.report.coverage.get("stop", "power lost"))
    })
}

/// After a split had healed, locks of holders on one of its sides could not be had again.
#[test]
fn hazelcast_17260_after_a_split_every_lock_can_be_had_again() {
    let healed = holders_on_both_sides_of_a_split().expect("all locks can be had");
    assert!(healed >= 3, "{healed} splits had holders on both sides");
}

/// The leader is cut off with the clients that are connected to it, for two TTLs.
pub(super) fn holders_on_both_sides_of_a_split() -> Reached {
    in_seeds(2 * SEEDS, |seed| {
        let mut scene = Scene::new(seed, CONTENDERS);
        let (splits, heals, calm) = (ms(8_000), ms(14_000), ms(40_000));
        let leader = scene.play_until(splits)?.leader_at(splits).ok_or("nobody leads")?;
        let alone = Fault::Partition { side: bit(leader), one_way: false, for_ms: 6_000 };
        scene.add(splits, alone);
        let story = scene.play()?;
        let beliefs = story.beliefs();
        let last =
            beliefs.iter().filter(|of| of.from < heals).map(|of| of.token).max().unwrap_or(0);
        for name in ["a/0", "b/1", "a/2"] {
            let again = beliefs.iter().filter(|of| of.name == name && of.token > last);
            let again = again.filter(|of| heals < of.from && of.from < calm).count();
            ensure(again > 0, || format!("nobody was granted {name} after the split"))?;
        }
        let sides = beliefs
            .iter()
            .filter(|of| of.spans(splits))
            .filter_map(|of| Some(story.member_of(of.client, splits)? == leader));
        let sides: BTreeSet<bool> = sides.collect();
        Ok(u64::from(sides.len() == 2))
    })
}

/// An acquire hung while no server was there, since cleaning up after it waited for them.
#[test]
fn etcd_18082_an_acquire_returns_while_all_members_are_away_and_leaves_nothing() {
    let returned = acquires_without_members().expect("they return, and leave nothing");
    assert!(returned >= 100, "{returned} acquires were given up meanwhile");
}

/// Longest patience of a client that reaches nobody, and a moment.
const PATIENCE: Duration = Duration::from_millis(8_100);

/// All members lose power while clients wait in queues, and come back long after. Counts what was
/// asked for before, or meanwhile, and given up before anybody was there to hear of it.
pub(super) fn acquires_without_members() -> Reached {
    in_seeds(SEEDS, |seed| {
        let mut scene = Scene::new(seed, CONTENDERS);
        let away = ms(8_000);
        scene.add(away, Fault::LoseAllPower { back_after_ms: 12_000 });
        let story = scene.play()?;
        let back = story.between("Started", away, ms(40_000)).next().map(|line| line.at);
        let back = back.ok_or("no member comes back")?;
        let given_up = story.between("GaveUp", away, back);
        let given_up: BTreeMap<_, _> =
            given_up.map(|line| (line.number("call"), line.at)).collect();
        let mut acquires = 0;
        for asked in story.facts("Called").filter(|line| line.has("action: Acquire")) {
            let end = given_up.get(&asked.number("call"));
            acquires += u64::from(end.is_some());
            let must_end = away < asked.at && back.since(asked.at) > PATIENCE;
            ensure(!must_end || end.is_some_and(|end| end.since(asked.at) <= PATIENCE), || {
                format!("nobody is there, and what is asked at {} ends at {end:?}", asked.at)
            })?;
        }
        Ok(acquires)
    })
}
