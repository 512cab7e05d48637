//! What others ended too early, because a clock showed something else than they thought.

use bramah_sim::plan::{Fault, machine_of_client, machine_of_member};

use crate::story::{Reached, Scene, ensure, in_seeds, ms, next, place};

/// Seeds that each scene is played with.
const SEEDS: u64 = 8;

/// Rates differ by nearly as much as they may.
const DRIFTING: &str = "members 3
    clients 6
    calm_at 24.000000
    network delay_us=100..1000 drop_ppm=0 duplicate_ppm=0 late_ppm=0 break_ppm=0
    workload locks=4 sessions_max=1 ttl_ms=3000..3000 think_ms=100 hold_ms=3000
    clocks rate_ppm_max=4950 beyond_bounds=false";

/// Long sessions, so that clocks which differ by nearly as much as they may tell apart.
const LONG: &str = "members 1
    clients 6
    calm_at 80.000000
    network delay_us=100..1000 drop_ppm=0 duplicate_ppm=0 late_ppm=0 break_ppm=0
    workload locks=4 sessions_max=1 ttl_ms=30000..30000 think_ms=100 hold_ms=20000
    clocks rate_ppm_max=4950 beyond_bounds=false";

/// The time of day jumped, and all locks expired at once.
#[test]
fn redis_416_no_clock_of_a_member_ends_anything_before_its_time() {
    let held_on = holders_under_jumping_clocks().expect("nothing ends early");
    assert!(held_on >= 40, "{held_on} holds were held on under a clock that had jumped");
    let expired = expiries_under_drifting_clocks().expect("nothing ends early");
    assert!(expired >= 10, "{expired} holds expired under clocks that differ");
}

/// The clock of each follower in turn jumps ahead by an hour, and then that member leads.
pub(super) fn holders_under_jumping_clocks() -> Reached {
    in_seeds(SEEDS, |seed| {
        let mut scene = Scene::new(seed, DRIFTING);
        let leader = scene.play_until(ms(6_000))?.leader_at(ms(6_000)).ok_or("nobody leads")?;
        for round in 1..=5 {
            let (at, member) = (4_000 + 2_000 * round, next(leader, round));
            let machine = machine_of_member(member) as u64;
            scene.add(ms(at), Fault::ClockJump { machine, ms: 3_600_000 });
            scene.add(ms(at + 500), Fault::Transfer { to: place(member) });
        }
        let story = scene.play()?;
        let changes = story.between("Leads", ms(6_000), ms(16_000)).count();
        ensure(changes >= 4, || format!("the leader changed {changes} times"))?;
        let (limited, kept) = (story.limited(), story.kept_alive());
        let mut held_on = 0;
        for belief in story.beliefs().iter().filter(|of| kept.contains(&of.session)) {
            let jumped = (1..=5).map(|round| ms(4_600 + 2_000 * round));
            let over = jumped.filter(|at| belief.spans(*at)).count() as u64;
            // Others stop to renew now and then, on purpose.
            let is_library = belief.client % 3 == 0 && !limited.contains(&belief.token);
            ensure(over == 0 || !is_library || belief.why != "Deadline", || {
                format!("the hold {} of {} is lost at {}", belief.token, belief.name, belief.to)
            })?;
            held_on += over;
        }
        Ok(held_on)
    })
}

/// Members and clients have clocks that run fast or slow, and some start again from nothing, while
/// the leadership goes round. The audit knows when each session may end at the earliest.
pub(super) fn expiries_under_drifting_clocks() -> Reached {
    in_seeds(SEEDS, |seed| {
        let mut scene = Scene::new(seed, DRIFTING);
        for round in 0..18 {
            let (at, member) = (3_000 + 1_000 * round, round % 3);
            let rate_ppm = if round % 2 == 0 { 4_950 } else { -4_950 };
            scene.add(ms(at), Fault::ClockRate { machine: member, rate_ppm });
            scene.add(ms(at), Fault::Transfer { to: member });
            let member = (member + 1) % 3;
            scene.add(ms(at + 400), Fault::LosePower { member, back_after_ms: 50 });
        }
        for client in [1, 2, 4] {
            scene.add(ms(9_000), Fault::KillClient { client });
        }
        let story = scene.play()?;
        let beliefs = story.beliefs();
        let expired = beliefs.iter().filter(|of| story.told_of_end(of.token, "Expired").is_some());
        Ok(expired.count() as u64)
    })
}

#[test]
fn who_is_cut_off_lets_go_in_time_though_its_clock_is_slow_and_that_of_the_service_fast() {
    let let_go = deadlines_under_slow_clocks().expect("the margin is wide enough");
    assert!(let_go >= 5, "{let_go} holds were let go at their deadline");
}

/// Clients are cut off for longer than their sessions live, in turn.
pub(super) fn deadlines_under_slow_clocks() -> Reached {
    in_seeds(SEEDS, |seed| {
        let mut scene = Scene::new(seed, LONG);
        let fast = Fault::ClockRate { machine: machine_of_member(1) as u64, rate_ppm: 4_950 };
        scene.add(ms(10), fast);
        for client in 0..6 {
            let machine = machine_of_client(client) as u64;
            scene.add(ms(10), Fault::ClockRate { machine, rate_ppm: -4_950 });
            let at = ms(5_000 * (1 + u64::from(client)));
            scene.add(at, Fault::CutClient { client, one_way: false, for_ms: 45_000 });
        }
        let beliefs = scene.play()?.beliefs();
        Ok(beliefs.iter().filter(|of| of.why == "Deadline").count() as u64)
    })
}
