//! What others answered wrongly, because the first answer had been lost.

use std::collections::{BTreeMap, BTreeSet};

use bramah_sim::network::bit;
use bramah_sim::plan::Fault;
use bramah_sim::time::SimTime;

use crate::story::{Line, Reached, Scene, Story, ensure, in_seeds, ms, place};

/// Seeds that each scene is played with.
const SEEDS: u64 = 10;
/// And the one whose bug shows only where the messages of one round fall just so.
const SEEDS_OF_READS: u64 = 40;

/// A read was repeated under its old name, and a late answer to the first attempt did for it.
#[test]
fn etcd_20418_a_read_that_is_asked_again_sees_all_that_was_acknowledged_before() {
    let again = reads_asked_again().expect("every read is right");
    assert!(again >= 16, "{again} rounds were asked again");
}

/// Messages between members come late. While the answer to a round of reads is under way to the
/// follower that asked it, the leader's other news are lost to it, until it has asked again: so
/// what it hears first is what was right before.
pub(super) fn reads_asked_again() -> Reached {
    in_seeds(SEEDS_OF_READS, |seed| {
        let text = "members 3
             clients 18
             calm_at 6.000000
             network delay_us=500..5000 drop_ppm=0 duplicate_ppm=0 late_ppm=250000 break_ppm=0
             workload locks=4 sessions_max=1 ttl_ms=5000..5000 think_ms=40 hold_ms=50
             clocks rate_ppm_max=100 beyond_bounds=false";
        let story = Scene::new(seed, text).play()?;
        let (mut again, rounds) = (0, Round::again(&story));
        for round in rounds.iter().filter(|round| round.asked.0 > 2_000_000).take(6) {
            let mut scene = Scene::new(seed, text);
            let begins = round.answered.plus_us(50);
            let for_ms = (round.again.since(begins).as_micros() / 1_000 + 15) as u64;
            let side = bit(round.answers);
            scene.add(begins, Fault::Partition { side, one_way: true, for_ms });
            let story = scene.play()?;
            let is_again = Round::again(&story).iter().any(|of| of.asked == round.asked);
            let asks = |line: &&Line| line.number("member") == Some(round.asks);
            let is_asked = story.between("Sent", begins, round.again).any(|line| asks(&line));
            again += u64::from(is_again && is_asked);
        }
        Ok(again)
    })
}

/// A round of reads that a follower asked and, before the answer came, asked again.
struct Round {
    asks: u64,
    answers: u64,
    asked: SimTime,
    answered: SimTime,
    again: SimTime,
}

impl Round {
    fn again(story: &Story) -> Vec<Round> {
        type Asked<'a> = (&'a str, SimTime, Option<(u64, SimTime)>);
        // By who asked: the name of the last round, when it was asked, and who answered when.
        let mut last: BTreeMap<u64, Asked<'_>> = BTreeMap::new();
        let mut rounds = Vec::new();
        for line in &story.lines {
            let Some((way, message)) = line.text.split_once(" Raft(") else { continue };
            let name = message.split("context: ").nth(1).and_then(|of| of.split('"').nth(1));
            let (Some(name), Some((from, to))) = (name, way.split_once(" > ")) else { continue };
            let (Ok(from), Ok(to)) = (from.parse(), to.parse()) else { continue };
            if message.contains("kind: ReadIndexResponse") {
                if let Some(asked) = last.get_mut(&to).filter(|asked| asked.0 == name) {
                    asked.2 = Some((from, line.at));
                }
            } else if message.contains("kind: ReadIndex,")
                && let Some((_, asked, Some((answers, answered)))) =
                    last.insert(from, (name, line.at, None))
                && line.at.since(asked).as_millis().abs_diff(225) <= 25
            {
                rounds.push(Round { asks: from, answers, asked, answered, again: line.at });
            }
        }
        rounds
    }
}

const WAITERS: &str = "members 3
    clients 8
    calm_at 20.000000
    network delay_us=2000..2000 drop_ppm=0 duplicate_ppm=0 late_ppm=0 break_ppm=0
    workload locks=1 sessions_max=1 ttl_ms=3000..3000 think_ms=100 hold_ms=1000
    clocks rate_ppm_max=100 beyond_bounds=false";

/// A wait that had timed out was answered as success.
#[test]
fn vitess_8309_a_wait_that_ended_under_a_dead_leader_is_told_the_same_end_again() {
    let told = waits_whose_end_was_lost().expect("they are told the same");
    assert!(told >= 5, "{told} waits were told their end by another leader");
}

/// A wait begins and times out while its client hears nothing, the leader dies there, and the
/// client asks again.
pub(super) fn waits_whose_end_was_lost() -> Reached {
    in_seeds(2 * SEEDS, |seed| {
        let mut scene = Scene::new(seed, WAITERS);
        let story = scene.play_until(ms(12_000))?;
        let Some(wait) = story.facts("Noticed").find_map(|line| Wait::of(&story, line)) else {
            return Ok(0);
        };
        let leader = story.leader_at(wait.ended).ok_or("nobody leads")?;
        scene.add(wait.sent.plus_us(3_000), Fault::BreakConnection { client: wait.client });
        // The news of the end takes 2 ms from the leader to the client.
        let dies = SimTime(wait.ended.0 - 1_000);
        scene.add(dies, Fault::Kill { member: place(leader), back_after_ms: 5_000 });
        let (story, later) = (scene.play()?, SimTime(u64::MAX));
        let is_of_call = |line: &&Line| line.number("call") == Some(wait.call);
        let is_sent_again = story.between("Sent", dies, later).any(|line| is_of_call(&line));
        let mut told = false;
        for answer in story.between("Returned", dies, later).filter(is_of_call) {
            let is_same = answer.has("WaitTimedOut") || answer.has("Unavailable");
            ensure(is_same, || format!("a wait that had ended is answered {}", answer.text))?;
            told |= answer.has("WaitTimedOut");
        }
        Ok(u64::from(is_sent_again && told))
    })
}

/// A wait of a plain client that timed out.
struct Wait {
    client: u32,
    call: u64,
    sent: SimTime,
    ended: SimTime,
}

impl Wait {
    /// The wait whose end is noticed in this line, if it is long enough to be lost in between.
    fn of(story: &Story, line: &Line) -> Option<Wait> {
        let is_end = line.has("notice: Session(") && line.has("reason: TimedOut");
        let client = line.number("client").filter(|client| is_end && client % 3 != 0)?;
        let (session, seq) = (line.number("session")?, line.number("seq")?);
        let request = format!(
            "SessionHandle {{ id: SessionId({session}), key: Key(..) }}, request: RequestRef {{ \
             seq: RequestSeq({seq}),"
        );
        let asks = |of: &&Line| of.has(&request) && of.has("action: Acquire");
        let call = story.facts("Called").find(asks)?.number("call")?;
        let mut sent = story.facts("Sent").filter(|of| of.number("call") == Some(call));
        let (sent, ended) = (sent.next()?.at, line.at);
        let is_right = sent > ms(4_000)
            && ended < ms(12_000)
            && (50_000..600_000).contains(&(ended.0 - sent.0));
        is_right.then_some(Wait { client: client as u32, call, sent, ended })
    }
}

/// A lock was granted to a waiter whose lease had expired while it waited.
#[test]
fn etcd_11456_a_waiter_whose_lease_expires_as_the_leader_dies_is_not_granted() {
    let ended = waits_of_the_expired().expect("nothing is granted to them");
    assert!(ended >= 15, "{ended} waits ended with their sessions under another leader");
}

/// A client stands still while it waits, and the leader dies before that client's lease ends: the
/// next one ends it, and the wait with it.
pub(super) fn waits_of_the_expired() -> Reached {
    in_seeds(2 * SEEDS, |seed| {
        let mut scene = Scene::new(seed, WAITERS);
        let (falls, dies, wakes) = (ms(8_000), ms(9_900), ms(15_000));
        let story = scene.play_until(dies)?;
        let leader = story.leader_at(dies).ok_or("nobody leads")?;
        let waits = queued(&story, falls);
        let Some((client, ..)) = waits.iter().find(|(client, ..)| client % 3 != 0) else {
            return Ok(0);
        };
        scene.add(falls, Fault::PauseClient { client: *client as u32, for_ms: 7_000 });
        scene.add(dies, Fault::Kill { member: place(leader), back_after_ms: 5_000 });
        let story = scene.play()?;
        let elected = story.between("Leads", dies, wakes).next().ok_or("nobody leads")?.at;
        ensure(elected < ms(12_000), || format!("a leader came only at {elected}"))?;
        let is_theirs = |line: &&Line| line.number("client") == Some(*client);
        let over = story.between("SessionOver", ms(14_999), wakes.plus_us(2_000_000));
        let over: BTreeSet<_> =
            over.filter(is_theirs).filter_map(|line| line.number("session")).collect();
        let waits = waits.iter().filter(|(of, session, _)| of == client && over.contains(session));
        Ok(waits.count() as u64)
    })
}

/// Clients that wait in a queue at that time, with session and number, once for each wait.
pub(crate) fn queued(story: &Story, at: SimTime) -> Vec<(u64, u64, u64)> {
    let before = |kind| story.between(kind, SimTime(0), at);
    let mut waits: BTreeMap<u64, ((u64, u64, u64), String)> = BTreeMap::new();
    for line in before("Returned") {
        let Some(call) = line.number("call") else { continue };
        waits.remove(&call);
        let asked = before("Called").find(|of| of.number("call") == Some(call));
        if let Some(asked) = asked.filter(|_| line.has("Outcome(Queued"))
            && let (Some(client), Some(session), Some(seq)) =
                (asked.number("client"), asked.number("{ id"), asked.number("seq"))
        {
            let wait = format!("session: SessionId({session}), seq: RequestSeq({seq}),");
            waits.insert(call, ((client, session, seq), wait));
        }
    }
    for line in before("GaveUp") {
        line.number("call").and_then(|call| waits.remove(&call));
    }
    let is_over = |wait: &str| before("Noticed").any(|line| line.has("Session(") && line.has(wait));
    waits.retain(|_, (_, wait)| !is_over(wait));
    waits.into_values().map(|(wait, _)| wait).collect()
}
