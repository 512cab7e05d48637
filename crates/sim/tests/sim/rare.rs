//! What drawn plans hardly ever come to: scenes that lead there.

use std::collections::BTreeMap;

use bramah_sim::network::bit;
use bramah_sim::plan::Fault;
use bramah_sim::time::SimTime;

use crate::peers::answers::queued;
use crate::story::{Line, Reached, Scene, Story, in_seeds, ms, next, place};

/// Seeds that each scene is played with.
const SEEDS: u64 = 10;

/// A keepalive is sent every second, and may be answered later than that.
const FAR_AWAY: &str = "members 1
    clients 4
    calm_at 30.000000
    network delay_us=300000..600000 drop_ppm=0 duplicate_ppm=0 late_ppm=0 break_ppm=0
    workload locks=9 sessions_max=1 ttl_ms=3000..3000 think_ms=200 hold_ms=8000
    clocks rate_ppm_max=100 beyond_bounds=false";

/// How long a client is cut off, for its session to end.
const CUT_MS: u64 = 6_000;

#[test]
fn an_answer_that_comes_after_the_next_keepalive_renews_from_its_own_sending() {
    let ended = keepalives_answered_after_the_next().expect("who is cut off knows in time");
    assert!(ended >= 10, "{ended} holds ended in that way");
}

/// A client hears that its keepalive was answered when it has sent the next one already, and is cut
/// off before that arrives: what it heard is all that it may count on.
pub(crate) fn keepalives_answered_after_the_next() -> Reached {
    in_seeds(2 * SEEDS, |seed| {
        let mut scene = Scene::new(seed, FAR_AWAY);
        let Some((client, token, answered)) = renewed_late(&scene.play_until(ms(20_000))?) else {
            return Ok(0);
        };
        let cut_at = answered.plus_us(100_000);
        scene.add(cut_at, Fault::CutClient { client, one_way: false, for_ms: CUT_MS });
        let beliefs = scene.play()?.beliefs();
        let cut = beliefs.iter().find(|of| of.token == token && of.spans(cut_at));
        Ok(u64::from(cut.is_some_and(|of| of.why == "Deadline")))
    })
}

/// The first client that is answered a keepalive when it has sent the next one and holds something,
/// with the token, and when.
fn renewed_late(story: &Story) -> Option<(u32, u64, SimTime)> {
    let limited = story.limited();
    let beliefs: Vec<_> =
        story.beliefs().into_iter().filter(|of| !limited.contains(&of.token)).collect();
    let mut sent: BTreeMap<u64, SimTime> = BTreeMap::new();
    let mut asked: BTreeMap<u64, SimTime> = BTreeMap::new();
    for line in &story.lines {
        let Some(client) = line.number("client") else { continue };
        if line.is("Called") && line.has("KeepAlive(") {
            asked.insert(line.number("call")?, line.at);
            sent.insert(client, line.at);
        } else if line.is("Returned")
            && line.has("KeptAlive { renewals: [Ok(")
            && let Some(asked) = asked.get(&line.number("call")?)
            && sent.get(&client).is_some_and(|last| last > asked)
            && let Some(belief) = beliefs
                .iter()
                .find(|of| of.client == client && of.from < *asked && of.spans(line.at))
        {
            return Some((client as u32, belief.token, line.at));
        }
    }
    None
}

/// Clients wait often, and have nothing to say to their member for long.
const WAITERS: &str = "members 3
    clients 9
    calm_at 14.000000
    network delay_us=500..1000 drop_ppm=0 duplicate_ppm=0 late_ppm=0 break_ppm=0
    workload locks=4 sessions_max=1 ttl_ms=15000..15000 think_ms=1500 hold_ms=500
    clocks rate_ppm_max=100 beyond_bounds=false";

#[test]
fn waits_that_end_behind_a_snapshot_are_told_by_the_member_that_gets_it() {
    let told = waits_that_end_behind_a_snapshot().expect("they are told");
    assert!(told >= 5, "{told} waits were told by a member that had got a snapshot");
}

/// A member is cut off when a client waits over it; meanwhile the wait ends, and the leadership
/// goes to one that has just started from a snapshot, so what the first missed is in no log any
/// more. When it is back all faults are over, and the client has no cause to ask again.
pub(crate) fn waits_that_end_behind_a_snapshot() -> Reached {
    in_seeds(3 * SEEDS, |seed| {
        let mut scene = Scene::new(seed, WAITERS);
        let story = scene.play()?;
        let leader = story.leader_at(ms(14_000)).ok_or("nobody leads")?;
        let Some((behind, cut)) = ends_soon(&story, leader) else { return Ok(0) };
        let heir = place(if behind == next(leader, 1) { next(leader, 2) } else { next(leader, 1) });
        let later = |ms: u64| cut.plus_us(1_000 * ms);
        scene.add(cut, Fault::Partition { side: bit(behind), one_way: false, for_ms: 1_000 });
        scene.add(later(600), Fault::Compact { member: heir });
        scene.add(later(700), Fault::Kill { member: heir, back_after_ms: 50 });
        scene.add(later(850), Fault::Transfer { to: heir });
        scene.calm_at(later(1_100));
        let story = scene.play()?;
        let installs = format!("member {behind} installs");
        let Some(installs) = story.lines.iter().find(|line| line.text.starts_with(&installs))
        else {
            return Ok(0);
        };
        let told = story.between("Noticed", installs.at, installs.at.plus_us(5_000));
        let told = told.filter(|line| line.number("member") == Some(behind) && is_end(line));
        Ok(told.count() as u64)
    })
}

/// The news that a wait is over.
fn is_end(line: &Line) -> bool {
    line.has("notice: Session(") && (line.has("Granted {") || line.has("WaitEnded {"))
}

/// A follower over which a client has just begun to wait, not for long, and when.
fn ends_soon(story: &Story, leader: u64) -> Option<(u64, SimTime)> {
    let of_wait = |line: &Line| Some((line.number("session")?, line.number("seq")?));
    let ends: Vec<_> = story
        .facts("Noticed")
        .filter(|line| is_end(line))
        .filter_map(|line| Some((of_wait(line)?, line.at)))
        .collect();
    let begins = story.between("Returned", ms(5_000), ms(12_000));
    begins.filter(|line| line.has("Outcome(Queued")).find_map(|line| {
        let (member, at) = (line.number("member")?, line.at.plus_us(1_000));
        let waits = queued(story, at);
        let (_, session, seq) =
            *waits.iter().find(|(of, ..)| line.number("client") == Some(*of))?;
        let is_soon = ends.iter().any(|(of, end)| {
            *of == (session, seq) && at.plus_us(30_000) < *end && *end < at.plus_us(500_000)
        });
        (member != leader && is_soon).then_some((member, at))
    })
}
