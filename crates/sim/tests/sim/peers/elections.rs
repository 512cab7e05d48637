//! What others lost, or kept for ever, when the leader changed.

use bramah_sim::plan::Fault;

use crate::story::{Line, Reached, Scene, ensure, in_seeds, ms, next, place};

/// Seeds that each scene is played with.
const SEEDS: u64 = 8;

/// The renewals of all holders failed while there was no leader, and all locks were lost.
#[test]
fn consul_1162_elections_that_are_shorter_than_a_ttl_cost_nobody_a_lock() {
    let held_on = holders_over_elections().expect("nobody loses a lock");
    assert!(held_on >= 90, "{held_on} holds were held over an election");
}

/// The leader is cut off every 3 s, for 2 s; nobody else does anything wrong.
pub(super) fn holders_over_elections() -> Reached {
    let scene = |seed| {
        let mut scene = Scene::new(
            seed,
            "members 3
             clients 1
             calm_at 30.000000
             network delay_us=100..2000 drop_ppm=0 duplicate_ppm=0 late_ppm=0 break_ppm=0
             workload locks=16 sessions_max=1 ttl_ms=5000..5000 think_ms=100 hold_ms=3000
             clocks rate_ppm_max=100 beyond_bounds=false",
        );
        for at in (3_000..28_000).step_by(3_000) {
            scene.add(ms(at), Fault::IsolateLeader { one_way: false, for_ms: 2_000 });
        }
        let story = scene.play()?;
        let (limited, kept) = (story.limited(), story.kept_alive());
        let mut held_on = 0;
        for belief in story.beliefs().iter().filter(|of| kept.contains(&of.session)) {
            let (token, is_limited) = (belief.token, limited.contains(&belief.token));
            ensure(belief.why != "Deadline" || is_limited, || {
                format!("the hold {token} of {} is lost at {}", belief.name, belief.to)
            })?;
            let expired = story.told_of_end(token, "Expired");
            ensure(expired.is_none(), || format!("the hold {token} expires at {expired:?}"))?;
            held_on += story.facts("Leads").filter(|line| belief.spans(line.at)).count() as u64;
        }
        Ok(held_on)
    };
    in_seeds(SEEDS, scene)
}

/// Clients with one session of 3 s each, and holds that are kept for long.
const HOLDERS: &str = "members 3
    clients 5
    calm_at 22.000000
    network delay_us=100..1000 drop_ppm=0 duplicate_ppm=0 late_ppm=0 break_ppm=0
    workload locks=6 sessions_max=1 ttl_ms=3000..3000 think_ms=100 hold_ms=8000
    clocks rate_ppm_max=100 beyond_bounds=false";

/// When the holder dies, and how long its session may be seen at most.
const DIES_AT: u64 = 8_000;
const GONE_BY: u64 = DIES_AT + 3_000 + 400;

/// Every new leader began all TTLs anew: with enough elections the dead held their locks for ever.
#[test]
fn etcd_9395_a_dead_holder_is_gone_at_its_first_deadline_whoever_leads() {
    let gone = dead_holders_under_many_leaders().expect("the dead are gone in time");
    assert!(gone >= 4, "{gone} dead holders were seen to end");
}

/// A holder dies, and the leadership goes on to the next member five times in each TTL.
pub(super) fn dead_holders_under_many_leaders() -> Reached {
    in_seeds(3 * SEEDS, |seed| {
        let (mut scene, leader) = with_dead_holder(seed)?;
        for round in 1..=10 {
            let at = ms(DIES_AT + 600 * round - 400);
            scene.add(at, Fault::Transfer { to: place(next(leader, round)) });
        }
        gone_in_time(&scene, 3)
    })
}

/// What was left of a TTL was saved wrongly, so a leader that came from what was saved gave more.
#[test]
fn etcd_13294_a_dead_holder_is_gone_in_time_under_leaders_that_come_from_snapshots() {
    let gone = dead_holders_under_restored_leaders().expect("the dead are gone in time");
    assert!(gone >= 4, "{gone} dead holders were seen to end");
}

/// As above, and every new leader has just been started from a snapshot that it made.
pub(super) fn dead_holders_under_restored_leaders() -> Reached {
    in_seeds(3 * SEEDS, |seed| {
        let (mut scene, leader) = with_dead_holder(seed)?;
        for round in 1..=7 {
            let (at, member) = (DIES_AT + 800 * round - 600, place(next(leader, round)));
            scene.add(ms(at), Fault::Compact { member });
            scene.add(ms(at + 100), Fault::Kill { member, back_after_ms: 50 });
            scene.add(ms(at + 600), Fault::Transfer { to: member });
        }
        gone_in_time(&scene, 3)
    })
}

/// A scene in which a client that keeps a hold is killed, and who leads then.
fn with_dead_holder(seed: u64) -> Result<(Scene, u64), String> {
    let mut scene = Scene::new(seed, HOLDERS);
    let (story, dies_at) = (scene.play_until(ms(GONE_BY + 1))?, ms(DIES_AT));
    let beliefs = story.beliefs();
    let lasting = beliefs.iter().find(|of| of.spans(dies_at) && of.spans(ms(GONE_BY)));
    let client = lasting.map_or(1, |of| of.client) as u32;
    scene.add(dies_at, Fault::KillClient { client });
    let leader = story.leader_at(dies_at).ok_or("nobody leads")?;
    Ok((scene, leader))
}

/// Counts the holds of the dead that ended by their TTL after so many changes of the leader.
fn gone_in_time(scene: &Scene, elections_min: usize) -> Reached {
    let (story, mut gone) = (scene.play()?, 0);
    for belief in story.beliefs().iter().filter(|of| of.why == "Died") {
        let Some(end) = story.told_of_end(belief.token, "Expired") else { continue };
        let elections = story.between("Leads", ms(DIES_AT), end).count();
        ensure(end <= ms(GONE_BY), || {
            format!("{} ends at {end}, after {elections} elections", belief.name)
        })?;
        gone += u64::from(elections >= elections_min);
    }
    Ok(gone)
}

/// A leader whose disk stood still was replaced, woke, and ended leases by its own old clock.
#[test]
fn etcd_15247_a_leader_that_wakes_after_another_was_elected_ends_and_renews_nothing() {
    for stands_still in [paused as fn(u64) -> Fault, with_a_slow_disk] {
        let held_on = holders_over_a_sleeping_leader(stands_still).expect("promises are kept");
        assert!(held_on >= 5, "{held_on} sessions were renewed meanwhile");
    }
}

/// How long the leader stands still: longer than a TTL.
const ASLEEP_MS: u64 = 5_000;

pub(super) fn paused(member: u64) -> Fault {
    Fault::Pause { member, for_ms: ASLEEP_MS }
}

pub(super) fn with_a_slow_disk(member: u64) -> Fault {
    Fault::SlowDisk { member, write_us: ASLEEP_MS * 1_000, for_ms: 500 }
}

/// The leader stands still, with keepalives on their way to it; holders go on under the next one.
pub(super) fn holders_over_a_sleeping_leader(stands_still: fn(u64) -> Fault) -> Reached {
    in_seeds(2 * SEEDS, |seed| {
        let mut scene = Scene::new(seed, HOLDERS);
        let (falls, wakes) = (ms(DIES_AT), ms(DIES_AT + ASLEEP_MS));
        let old = scene.play_until(falls)?.leader_at(falls).ok_or("nobody leads")?;
        scene.add(falls, stands_still(place(old)));
        let story = scene.play()?;
        let is_of_old = |line: &&Line| line.number("member") == Some(old);
        let is_replaced = story.between("Leads", falls, wakes).any(|line| !is_of_old(&line));
        let has_mail = story.between("Sent", falls, wakes).any(|line| is_of_old(&line));
        let steps_down = story.between("LeadsNoMore", falls, ms(20_000)).any(|of| is_of_old(&of));
        if !(is_replaced && has_mail && steps_down) {
            return Ok(0);
        }
        // By what the old leader knows their time was over long ago.
        let (limited, kept) = (story.limited(), story.kept_alive());
        let mut held_on = 0;
        for belief in story.beliefs().iter().filter(|of| of.spans(falls) && of.spans(wakes)) {
            let end = story.told_of_end(belief.token, "Expired").unwrap_or(belief.to);
            let is_kept = kept.contains(&belief.session) && !limited.contains(&belief.token);
            held_on += u64::from(is_kept && end > wakes);
        }
        Ok(held_on)
    })
}
