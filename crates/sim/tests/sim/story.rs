//! A plan that is run, and what happened in it, read from its trace.
//!
//! A fault more in a plan changes nothing before its time. So a scene is played once to see who
//! leads, who holds and what is on its way at some instant, and then again with the fault that
//! strikes right there.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::PoisonError;

use bramah_sim::plan::{Fault, Plan, Planned};
use bramah_sim::runner;
use bramah_sim::time::SimTime;
use bramah_sim::trace::Sink;
use bramah_sim::world::Report;

use crate::seeds::Pages;

/// How often the situation was reached, or which promise broke and how.
pub(crate) type Reached = Result<u64, String>;

/// Plays a scene with each of the first seeds, and counts how often its situation was reached.
pub(crate) fn in_seeds(seeds: u64, scene: impl Fn(u64) -> Reached) -> Reached {
    (1..=seeds).map(|seed| scene(seed).map_err(|what| format!("seed {seed}: {what}"))).sum()
}

/// Fails with what went wrong unless that holds.
pub(crate) fn ensure(holds: bool, what: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(what()) }
}

/// What happens, step by step.
pub(crate) struct Scene(Plan);

impl Scene {
    /// A plan in its text form, but for the seed.
    pub(crate) fn new(seed: u64, text: &str) -> Scene {
        Scene(Plan::from_text(&format!("seed {seed}\n{text}")).expect("a plan"))
    }

    /// Adds a fault.
    pub(crate) fn add(&mut self, at: SimTime, fault: Fault) {
        self.0.faults.push(Planned { at, fault });
        self.0.faults.sort_by_key(|planned| planned.at);
    }

    /// Lets all faults be over by then.
    pub(crate) fn calm_at(&mut self, at: SimTime) {
        self.0.calm_at = at;
    }

    /// Runs what comes before that time, to see how things are then.
    pub(crate) fn play_until(&self, end: SimTime) -> Result<Story, String> {
        Scene(Plan { calm_at: end.plus_us(1), ..self.0.clone() }).play()
    }

    /// Runs it; all promises are checked.
    pub(crate) fn play(&self) -> Result<Story, String> {
        let pages = Pages::default();
        let report = runner::run(self.0.clone(), Sink::Text(Box::new(pages.clone())));
        if let Some(broken) = &report.broken {
            return Err(format!("{broken}\nin the plan\n{}", self.0.to_text()));
        }
        let bytes = std::mem::take(&mut *pages.0.lock().unwrap_or_else(PoisonError::into_inner));
        let text = String::from_utf8(bytes).expect("a trace is text");
        Ok(Story { lines: text.lines().map(Line::read).collect(), report })
    }
}

/// One thing that happened.
pub(crate) struct Line {
    pub(crate) at: SimTime,
    pub(crate) text: String,
}

impl Line {
    fn read(line: &str) -> Line {
        let (at, text) = line.split_once(' ').expect("a time and a fact");
        let us: String = at.split('.').collect();
        Line { at: SimTime(us.parse().expect("a time")), text: text.to_owned() }
    }

    /// It is a fact of this kind.
    pub(crate) fn is(&self, kind: &str) -> bool {
        self.text.strip_prefix(kind).is_some_and(|rest| rest.starts_with([' ', '(']))
    }

    pub(crate) fn has(&self, part: &str) -> bool {
        self.text.contains(part)
    }

    /// The first number of this name in it.
    pub(crate) fn number(&self, name: &str) -> Option<u64> {
        let (_, value) = self.text.split_once(&format!("{name}: "))?;
        let value = value.trim_start_matches(|c: char| c.is_alphabetic() || c == '(');
        let end = value.find(|c: char| !c.is_ascii_digit()).unwrap_or(value.len());
        value[..end].parse().ok()
    }
}

/// A belief of a client: from when it was told of a hold until it let go.
pub(crate) struct Belief {
    pub(crate) client: u64,
    pub(crate) session: u64,
    pub(crate) token: u64,
    pub(crate) name: String,
    pub(crate) from: SimTime,
    pub(crate) to: SimTime,
    /// Why it ended, if it did.
    pub(crate) why: String,
}

impl Belief {
    pub(crate) fn spans(&self, at: SimTime) -> bool {
        self.from < at && at < self.to
    }
}

/// What happened in a run.
pub(crate) struct Story {
    pub(crate) lines: Vec<Line>,
    pub(crate) report: Report,
}

impl Story {
    pub(crate) fn facts(&self, kind: &'static str) -> impl Iterator<Item = &Line> {
        self.lines.iter().filter(move |line| line.is(kind))
    }

    /// Facts of this kind after `from` and before `to`.
    pub(crate) fn between(
        &self,
        kind: &'static str,
        from: SimTime,
        to: SimTime,
    ) -> impl Iterator<Item = &Line> {
        self.facts(kind).filter(move |line| from < line.at && line.at < to)
    }

    /// Who led last before that.
    pub(crate) fn leader_at(&self, at: SimTime) -> Option<u64> {
        self.facts("Leads").take_while(|line| line.at <= at).last()?.number("member")
    }

    /// All beliefs of the run, in the order of their beginnings.
    pub(crate) fn beliefs(&self) -> Vec<Belief> {
        let mut beliefs: Vec<Belief> = Vec::new();
        let mut open: BTreeMap<u64, usize> = BTreeMap::new();
        for line in &self.lines {
            if line.is("Holds") {
                let number = |name| line.number(name).expect("a hold has all its numbers");
                let token = number("token");
                // Under a token that is believed in already it is another mode of the same hold.
                open.entry(token).or_insert_with(|| {
                    let name = line.text.split('"').nth(1).unwrap_or_default().to_owned();
                    let (client, session) = (number("client"), number("session"));
                    let (from, to, why) = (line.at, SimTime(u64::MAX), String::new());
                    beliefs.push(Belief { client, session, token, name, from, to, why });
                    beliefs.len() - 1
                });
            } else if line.is("Lets") {
                let place = line.number("token").and_then(|token| open.remove(&token));
                if let (Some(place), Some((_, why))) = (place, line.text.split_once("why: ")) {
                    beliefs[place].to = line.at;
                    beliefs[place].why = why.trim_end_matches(" }").to_owned();
                }
            } else if line.is("ClientDied") {
                let client = line.number("client").unwrap_or_default();
                open.retain(|_, place| {
                    let belief = &mut beliefs[*place];
                    if belief.client == client {
                        (belief.to, belief.why) = (line.at, "Died".to_owned());
                    }
                    belief.client != client
                });
            }
        }
        beliefs
    }

    /// Tokens of holds that have an end of their own, which no keepalive moves.
    pub(crate) fn limited(&self) -> BTreeSet<u64> {
        let mut limited = BTreeSet::new();
        for line in &self.lines {
            for grant in line.text.split("Grant { hold: HoldId { token: FencingToken(").skip(1) {
                let end = grant.split("max_hold_deadline: ").nth(1).unwrap_or_default();
                if end.starts_with("Some")
                    && let Some(token) = grant.split(')').next().and_then(|of| of.parse().ok())
                {
                    limited.insert(token);
                }
            }
        }
        limited
    }

    /// The sessions that clients keep alive while they hold; every client does while it waits.
    pub(crate) fn kept_alive(&self) -> BTreeSet<u64> {
        let mut holds_since: BTreeMap<u64, SimTime> = BTreeMap::new();
        for belief in self.beliefs() {
            let since = holds_since.entry(belief.session).or_insert(belief.from);
            *since = belief.from.min(*since);
        }
        let mut kept = BTreeSet::new();
        for line in self.facts("Called") {
            let asked = line.text.split_once("KeepAlive(");
            let ids = asked.into_iter().flat_map(|(_, ids)| ids.split("SessionId(").skip(1));
            let ids = ids.filter_map(|id| id.split(')').next()?.parse::<u64>().ok());
            kept.extend(ids.filter(|id| holds_since.get(id).is_some_and(|since| line.at > *since)));
        }
        kept
    }

    /// When anybody was told first that the hold of this token ended, for this reason.
    pub(crate) fn told_of_end(&self, token: u64, reason: &str) -> Option<SimTime> {
        let end = format!("token: FencingToken({token}), session: ");
        let ended = |line: &&Line| {
            let of = line.text.split_once("HoldEnded {").map(|(_, of)| of);
            of.and_then(|of| of.split_once(&end)).is_some_and(|(before, after)| {
                !before.contains('}')
                    && after.split_once("reason: ").is_some_and(|(_, of)| of.starts_with(reason))
            })
        };
        self.facts("Noticed").find(ended).map(|line| line.at)
    }

    /// The member that a client's last request before `at` went to.
    pub(crate) fn member_of(&self, client: u64, at: SimTime) -> Option<u64> {
        let sent = self.facts("Sent").take_while(|line| line.at <= at);
        sent.filter(|line| line.number("client") == Some(client)).last()?.number("member")
    }
}

/// A time in milliseconds.
pub(crate) const fn ms(ms: u64) -> SimTime {
    SimTime::from_ms(ms)
}

/// The place of a member among all three, while all of them run.
pub(crate) const fn place(member: u64) -> u64 {
    member - 1
}

/// The member that comes so many after this one, of three.
pub(crate) const fn next(member: u64, times: u64) -> u64 {
    (member - 1 + times) % 3 + 1
}
