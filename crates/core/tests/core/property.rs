//! The table against the naive model, command by command.

use std::collections::BTreeSet;

use bramah_core::facts::Fact;
use bramah_core::{
    Busy, Command, Event, FencingToken, Happening, LockName, Outcome, Refusal, SessionId, State,
    Time, WaitEnd,
};
use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;

use crate::commands::{Known, Step, What, steps};
use crate::model::Model;
use crate::promises::check_promises;
use crate::table::{lock_name, restored};

proptest! {
    #![proptest_config(ProptestConfig {
        // 2,560 unless PROPTEST_CASES says otherwise.
        cases: 10 * ProptestConfig::default().cases,
        failure_persistence: Some(Box::new(FileFailurePersistence::SourceParallel(
            "proptest-regressions",
        ))),
        max_shrink_iters: 20_000,
        ..ProptestConfig::default()
    })]

    #[test]
    fn the_table_does_what_the_rules_say(steps in steps()) {
        let mut pair = Pair::new();
        for step in &steps {
            pair.step(step);
        }
    }
}

/// The table and the model, fed with the same commands.
struct Pair {
    state: State,
    model: Model,
    known: Known,
    now: Time,
    last_token: FencingToken,
    last_revision: u64,
    ended: BTreeSet<SessionId>,
    /// The session of the command that is applied.
    asks: Option<SessionId>,
    snapshot: Snapshot,
}

/// A snapshot that is read a few rows at a time while the table changes.
#[derive(Default)]
struct Snapshot {
    /// A table that is never built again.
    state: State,
    read: Vec<Fact>,
    /// What it must come to.
    facts: Vec<Fact>,
    /// How many commands came since it began.
    age: usize,
}

impl Snapshot {
    fn begin(&mut self) {
        self.facts = self.state.facts().collect();
        self.state.begin_snapshot();
        (self.age, self.read) = (0, Vec::new());
    }

    /// Reads on, by other numbers of rows each time.
    fn read(&mut self) {
        self.age += 1;
        if self.state.next_facts(self.age % 4, &mut self.read) {
            return;
        }
        assert_eq!(self.read, self.facts, "read over {} commands", self.age);
        assert_eq!(self.state.kept_bytes(), 0);
        self.begin();
    }
}

impl Pair {
    fn new() -> Pair {
        let mut pair = Pair {
            state: State::new(0),
            model: Model::default(),
            known: Known::default(),
            now: Time(0),
            last_token: FencingToken(0),
            last_revision: 0,
            ended: BTreeSet::new(),
            asks: None,
            snapshot: Snapshot::default(),
        };
        pair.snapshot.begin();
        for _ in 0..3 {
            pair.step(&Step { after_ms: 0, what: What::Open(2_000) });
        }
        pair
    }

    fn step(&mut self, step: &Step) {
        self.now = self.now.plus_ms(step.after_ms);
        let mut events = Vec::new();
        match self.known.bind(&step.what) {
            Some(command) => {
                let outcome = self.state.apply(self.now, command.clone(), &mut events);
                self.snapshot.state.apply(self.now, command.clone(), &mut Vec::new());
                self.compare(command, outcome, &events);
            }
            None => {
                self.state.advance(self.now, &mut events);
                self.snapshot.state.advance(self.now, &mut Vec::new());
                // To the model the passing of time is a command that asks for nothing.
                let nothing = Command::Renew(Vec::new());
                let (_, news) = self.model.apply(self.now, nothing, grants_of(&events));
                assert_eq!(sorted(&events), sorted_news(news), "news at {}", self.now.0);
            }
        }
        self.check_events(&events);
        self.compare_views();
        check_promises(&self.state);
        let copy = restored(self.state.facts().collect()).expect("facts agree");
        assert_eq!(copy, self.state, "restored after {step:?}");
        self.state = copy;
        assert_eq!(self.snapshot.state, self.state, "not restored after {step:?}");
        self.snapshot.read();
    }

    fn compare(&mut self, command: Command, outcome: Outcome, events: &[Event]) {
        self.asks = match &command {
            Command::Request { session, .. } => Some(session.id),
            _ => None,
        };
        let (expected, news) = self.model.apply(self.now, command.clone(), grants_of(events));
        // A repeated request is answered from memory, when the circle may be gone.
        if !self.model.edges.is_empty() {
            self.check_circle(&outcome);
        }
        assert_eq!(plain(outcome.clone()), plain(expected), "answer to {command:?}");
        assert_eq!(sorted(events), sorted_news(news), "news of {command:?}");
        match outcome {
            Outcome::SessionOpened { session, .. } => self.known.learn_session(session),
            Outcome::Granted(grants) => self.known.learn_grants(&grants),
            _ => {}
        }
    }

    /// The circle that was named is one: each waits for the next, and the asker is the first.
    fn check_circle(&self, outcome: &Outcome) {
        let Outcome::Refused(Refusal::Deadlock { cycle }) = outcome else { panic!("a deadlock") };
        assert!(cycle.len() >= 2 && Some(cycle[0].session) == self.asks, "{cycle:?}");
        let mut next = cycle.iter().skip(1).chain(cycle.first());
        for step in cycle {
            let edge = (step.session, step.waits_for.clone(), next.next().unwrap().session);
            let is_known = self.model.edges.contains(&edge);
            assert!(is_known, "{edge:?} of {cycle:?} is not in {:?}", self.model.edges);
        }
    }

    fn check_events(&mut self, events: &[Event]) {
        for event in events {
            self.last_revision += 1;
            assert_eq!(event.revision, self.last_revision);
            if let Happening::SessionEnded { session, .. } = &event.what {
                self.ended.insert(*session);
                self.known.learn_end(*session);
            }
            let Happening::Granted { session, grants, waited, .. } = &event.what else { continue };
            assert!(!self.ended.contains(session), "granted to a session that ended");
            for grant in grants {
                assert!(grant.hold.token > self.last_token, "tokens rise: {grant:?}");
                self.last_token = grant.hold.token;
                assert_eq!(grant.granted_at, self.now);
            }
            if *waited {
                self.known.learn_grants(grants);
            }
        }
    }

    fn compare_views(&self) {
        let (state, model) = (&self.state, &self.model);
        for name in ["a", "b", "c"].map(lock_name) {
            let view = state.lock_view(&name, usize::MAX);
            let holders: Vec<_> = view
                .iter()
                .flat_map(|view| &view.holders)
                .map(|holder| {
                    let what = (holder.token, holder.session, holder.mode, holder.granted_at);
                    (what, holder.deadline, holder.count, holder.value.clone(), holder.lingers)
                })
                .collect();
            let expected: Vec<_> = model
                .holds
                .iter()
                .filter(|hold| hold.name == name)
                .map(|hold| {
                    let what = (hold.id.token, hold.session, hold.mode, hold.granted_at);
                    let lingers = hold.lingers.is_some();
                    (what, model.deadline(hold), hold.count, hold.value.clone(), lingers)
                })
                .collect();
            assert_eq!(holders, expected, "holders of {name}");
            let waiters = view.iter().flat_map(|view| &view.waiters).map(|waiter| waiter.session);
            let expected = model.waiters(&name).into_iter().map(|wait| wait.session);
            assert_eq!(waiters.collect::<Vec<_>>(), expected.collect::<Vec<_>>(), "line of {name}");
            let rests = view.as_ref().and_then(|view| view.rests_until);
            assert_eq!(rests, model.rests_until(&name), "rest of {name}");
            let in_use = !holders.is_empty() || rests.is_some() || !model.waiters(&name).is_empty();
            assert_eq!(view.is_some(), in_use, "{name} is listed while it is in use");
            self.compare_history(&name);
        }
        let sessions =
            state.session_views(SessionId(0)).map(|view| (view.id, view.ttl, view.deadline));
        let expected = model
            .sessions
            .iter()
            .map(|session| (session.handle.id, session.ttl, session.deadline()));
        assert_eq!(sessions.collect::<Vec<_>>(), expected.collect::<Vec<_>>(), "sessions");
        assert_eq!(state.next_due(), model.next_due(), "what is due next");
        let sizes = state.sizes();
        assert_eq!((sizes.holds, sizes.waiters), (model.holds.len(), model.waits.len()));
        assert_eq!(state.now(), model.now);
    }

    fn compare_history(&self, name: &LockName) {
        let (state, model) = (&self.state, &self.model);
        let ended: BTreeSet<_> = state
            .ended(Some(name))
            .map(|ended| (ended.token, ended.ended_at, format!("{:?}", ended.reason)))
            .collect();
        let expected: BTreeSet<_> = model
            .ended
            .iter()
            .filter(|(hold, ..)| hold.name == *name)
            .map(|(hold, at, reason)| (hold.id.token, *at, format!("{reason:?}")))
            .collect();
        assert_eq!(ended, expected, "history of {name}");
        let held = model.holds.iter().filter(|hold| hold.name == *name).map(|hold| hold.id.token);
        let newest = held.chain(ended.iter().map(|(token, ..)| *token)).max();
        for token in 1..=self.last_token.0 {
            let token = FencingToken(token);
            let verdict = state.verify(name, token);
            let lives = |hold: &&crate::model::Hold| hold.name == *name && hold.lingers.is_none();
            let held = model.holds.iter().filter(lives).any(|hold| hold.id.token == token);
            assert_eq!((verdict.held, verdict.newest), (held, newest), "{token} of {name}");
            let is_ended = ended.iter().any(|(of, ..)| *of == token);
            assert_eq!(verdict.ended.is_some(), is_ended, "{token} of {name}");
        }
    }
}

fn grants_of(events: &[Event]) -> Vec<(bramah_core::RequestSeq, bramah_core::Grant)> {
    let granted = events.iter().filter_map(|event| match &event.what {
        Happening::Granted { seq, grants, .. } => Some((*seq, grants)),
        _ => None,
    });
    granted.flat_map(|(seq, all)| all.iter().map(move |grant| (seq, grant.clone()))).collect()
}

fn sorted(events: &[Event]) -> Vec<String> {
    sorted_news(events.iter().map(|event| event.what.clone()).collect())
}

fn sorted_news(news: Vec<Happening>) -> Vec<String> {
    let mut news: Vec<String> = news
        .into_iter()
        .map(|mut happening| {
            if let Happening::WaitEnded { reason: WaitEnd::TimedOut(busy), .. } = &mut happening {
                forget(busy);
            }
            format!("{happening:?}")
        })
        .collect();
    news.sort();
    news
}

/// Without what the rules leave open: which circle is named, and who was still in the way of a wait
/// that timed out together with others.
fn plain(mut outcome: Outcome) -> Outcome {
    match &mut outcome {
        Outcome::WaitTimedOut(busy) => forget(busy),
        Outcome::Refused(Refusal::Deadlock { cycle }) => cycle.clear(),
        _ => {}
    }
    outcome
}

fn forget(busy: &mut Busy) {
    let (name, now) = (lock_name("some"), busy.now);
    *busy = Busy {
        name,
        holder: None,
        holders: 0,
        waiters: 0,
        position: 0,
        rests_until: None,
        other_limit: None,
        now,
    };
}
