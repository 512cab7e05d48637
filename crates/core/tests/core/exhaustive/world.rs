//! A few clients and their table, and all that may be done next.

use std::sync::Arc;

use bramah_core::facts::{Counters, Fact, HoldFact, SessionFact, WaitFact};
use bramah_core::{
    Action, Command, Event, Happening, HoldAction, HoldId, IfHeld, Key, LockName, Mode,
    OnDisconnect, OpenSession, Outcome, Owner, RequestRef, RequestSeq, RevokeTarget, SessionClose,
    SessionHandle, State, Time, Ttl, Wait,
};

use super::bounds::{Bounds, TTL_MS};
use crate::table::value;

/// Keys need not be random here. A client has the same one for its sessions and all its holds.
pub(crate) const KEYS: [Key; 3] = [Key(1), Key(2), Key(3)];

#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) state: State,
    pub(crate) clients: Vec<Client>,
    pub(crate) parts: Parts,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Client {
    /// Its session, while that is open.
    pub(crate) session: Option<SessionHandle>,
    /// The number of its last request.
    pub(crate) last_seq: u64,
    /// The last request, with its first answer.
    pub(crate) last: Option<(Command, Outcome)>,
}

/// The facts of a table, by their kinds, without its history.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Parts {
    pub(crate) counters: Counters,
    pub(crate) sessions: Vec<SessionFact>,
    pub(crate) holds: Vec<HoldFact>,
    pub(crate) waits: Vec<WaitFact>,
    pub(crate) rests: Vec<(LockName, Time)>,
}

impl Parts {
    pub(crate) fn of(state: &State) -> Parts {
        let mut parts = Parts::default();
        for fact in state.facts() {
            match fact {
                Fact::Counters(counters) => parts.counters = counters,
                Fact::Session(session) => parts.sessions.push(session),
                Fact::Hold(hold) => parts.holds.push(hold),
                Fact::Wait(wait) => parts.waits.push(wait),
                Fact::Rest { name, until } => parts.rests.push((name, until)),
                Fact::Ended(_) | Fact::EndedSession(_) => break,
            }
        }
        parts
    }

    /// The same locks are held, waited for and resting.
    pub(crate) fn has_same_locks(&self, other: &Parts) -> bool {
        self.holds == other.holds && self.waits == other.waits && self.rests == other.rests
    }
}

/// What may be done.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    /// Nothing, for so many milliseconds.
    Pass(u64),
    /// A command.
    Do(Command),
}

/// What came of an act.
pub(crate) struct Step {
    pub(crate) outcome: Option<Outcome>,
    pub(crate) events: Vec<Event>,
    pub(crate) after: World,
}

impl World {
    pub(crate) fn empty(clients: usize) -> World {
        let state = State::new(0);
        let parts = Parts::of(&state);
        World { state, clients: vec![Client::default(); clients], parts }
    }

    pub(crate) fn now(&self) -> Time {
        self.parts.counters.now
    }

    pub(crate) fn step(&self, act: &Act) -> Step {
        let (mut state, mut events) = (self.state.clone(), Vec::new());
        let outcome = match act {
            Act::Pass(ms) => {
                state.advance(self.now().plus_ms(*ms), &mut events);
                None
            }
            Act::Do(command) => Some(state.apply(self.now(), command.clone(), &mut events)),
        };
        let mut clients = self.clients.clone();
        if let (Act::Do(command), Some(outcome)) = (act, &outcome) {
            learn(&mut clients, command, outcome);
        }
        for event in &events {
            if let Happening::SessionEnded { session, .. } = &event.what {
                for client in &mut clients {
                    if client.session.is_some_and(|handle| handle.id == *session) {
                        *client = Client::default();
                    }
                }
            }
        }
        let parts = Parts::of(&state);
        Step { outcome, events, after: World { state, clients, parts } }
    }

    /// All that may be done next. The same world and bounds give the same list.
    pub(crate) fn acts(&self, bounds: &Bounds) -> Vec<Act> {
        let mut acts: Vec<Act> = bounds.passes_ms.iter().map(|ms| Act::Pass(*ms)).collect();
        for (index, client) in self.clients.iter().enumerate() {
            match client.session {
                None => acts.push(Act::Do(open(KEYS[index]))),
                Some(session) => {
                    let asker = Asker { world: self, bounds, session, client };
                    acts.extend(asker.commands().into_iter().map(Act::Do));
                }
            }
        }
        acts.extend(self.by_hold(bounds).into_iter().map(Act::Do));
        acts.extend(self.revokes(bounds).into_iter().map(Act::Do));
        acts
    }

    fn by_hold(&self, bounds: &Bounds) -> Vec<Command> {
        let living = self.parts.holds.iter().filter(|hold| hold.lingers.is_none());
        let acts = living.flat_map(|hold| {
            let actions = bounds.by_hold.iter();
            actions.map(|action| Command::ByHold { hold: hold.hold, action: action.clone() })
        });
        acts.collect()
    }

    fn revokes(&self, bounds: &Bounds) -> Vec<Command> {
        let mut targets = Vec::new();
        for hold in &self.parts.holds {
            let all = RevokeTarget::Lock(hold.name.clone());
            if !targets.contains(&all) {
                targets.push(all);
            }
            targets.push(RevokeTarget::Hold(hold.name.clone(), hold.hold.token));
        }
        let all = targets.into_iter().flat_map(|target| {
            bounds.revokes.iter().map(move |wait_for_deadline| Command::Revoke {
                target: target.clone(),
                wait_for_deadline: *wait_for_deadline,
                by: "ops".into(),
            })
        });
        all.collect()
    }
}

/// What the clients know after a command.
fn learn(clients: &mut [Client], command: &Command, outcome: &Outcome) {
    match (command, outcome) {
        (Command::OpenSession(open), Outcome::SessionOpened { session, .. }) => {
            let index = KEYS.iter().position(|key| *key == open.key).expect("a client's key");
            clients[index] = Client { session: Some(*session), ..Client::default() };
        }
        (Command::Request { session, request, .. }, _) => {
            let of_session = |client: &&mut Client| client.session == Some(*session);
            let Some(client) = clients.iter_mut().find(of_session) else { return };
            client.last_seq = client.last_seq.max(request.seq.0);
            client.last = Some((command.clone(), outcome.clone()));
        }
        _ => {}
    }
}

fn open(key: Key) -> Command {
    Command::OpenSession(OpenSession {
        key,
        ttl: Ttl::from_ms(TTL_MS).expect("within bounds"),
        on_disconnect: OnDisconnect::Release,
        owner: Arc::new(Owner::default()),
    })
}

/// One client, with what it may ask.
struct Asker<'a> {
    world: &'a World,
    bounds: &'a Bounds,
    session: SessionHandle,
    client: &'a Client,
}

impl Asker<'_> {
    fn commands(&self) -> Vec<Command> {
        let session = self.session;
        let mut commands = vec![Command::Renew(vec![session])];
        let closes = self.bounds.closes.iter();
        commands.extend(closes.map(|cause| Command::CloseSession { session, cause: *cause }));
        let next = self.client.last_seq + 1;
        let actions = self.asks().into_iter().chain(self.on_holds()).chain(self.cancels());
        commands.extend(actions.map(|action| self.request(next, action)));
        if self.bounds.cancels_ahead {
            let cancel = Action::Cancel { seq: RequestSeq(next) };
            commands.push(self.request(next + 1, cancel));
        }
        commands
    }

    /// The client has seen all answers but the last few, as the bounds say.
    fn request(&self, seq: u64, action: Action) -> Command {
        let below = (self.client.last_seq + 1).saturating_sub(self.bounds.unseen_answers);
        let request = RequestRef { seq: RequestSeq(seq), answered_below: RequestSeq(below) };
        Command::Request { session: self.session, request, action }
    }

    fn asks(&self) -> Vec<Action> {
        let key = self.session.key;
        let asks = self.bounds.asks.iter().filter(|ask| self.is_within_bounds(ask)).cloned();
        let with_key = asks.map(|ask| match ask {
            Action::Acquire(mut acquire) => {
                acquire.key = key;
                Action::Acquire(acquire)
            }
            Action::AcquireMany(mut many) => {
                many.key = key;
                Action::AcquireMany(many)
            }
            other => other,
        });
        with_key.collect()
    }

    /// Neither its waits, nor its holds of one lock, nor the re-entries of a hold become too many.
    fn is_within_bounds(&self, ask: &Action) -> bool {
        let (wait, if_held, names) = match ask {
            Action::Acquire(acquire) => (acquire.wait, acquire.if_held, vec![&acquire.item.name]),
            Action::AcquireMany(many) => {
                (many.wait, many.if_held, many.items.iter().map(|item| &item.name).collect())
            }
            _ => return true,
        };
        let waits = self.world.parts.waits.iter();
        let waits: Vec<_> = waits.filter(|wait| wait.session == self.session.id).collect();
        if wait != Wait::Try && waits.len() >= self.bounds.waits_max {
            return false;
        }
        names.iter().all(|name| {
            let all = self.world.parts.holds.iter();
            let linger = all.filter(|hold| hold.name == **name && hold.lingers.is_some()).count();
            let holds: Vec<_> = self.own_holds().filter(|hold| hold.name == **name).collect();
            let waiting = waits.iter().filter(|w| w.items.iter().any(|i| i.name == **name)).count();
            linger <= self.bounds.holds_max
                && match if_held {
                    IfHeld::Queue => holds.len() + waiting < self.bounds.holds_max,
                    IfHeld::Refuse => holds.len() <= self.bounds.holds_max,
                    IfHeld::Reenter => holds.iter().all(|hold| hold.count < 2),
                }
        })
    }

    fn on_holds(&self) -> Vec<Action> {
        let mut actions = Vec::new();
        for hold in self.own_holds() {
            let by_request = self.bounds.by_request.iter();
            actions.extend(by_request.map(|action| Action::Hold(hold.hold, action.clone())));
        }
        for hold in self.world.parts.holds.iter().filter(|hold| hold.lingers.is_none()) {
            let is_upgraded =
                self.world.parts.waits.iter().any(|w| w.upgrade_of == Some(hold.hold.token));
            // What is refused whatever the wait, is asked once.
            let waits = match hold.mode {
                Mode::Shared if hold.session == self.session.id && !is_upgraded => usize::MAX,
                _ => 1,
            };
            let waits = self.bounds.upgrades.iter().take(waits);
            actions.extend(waits.map(|wait| self.upgrade(hold.hold, *wait)));
        }
        actions
    }

    fn upgrade(&self, hold: HoldId, wait: Wait) -> Action {
        Action::Upgrade { hold, key: self.session.key, wait }
    }

    /// Whatever can still be undone: its waits, its holds, and the last request.
    fn cancels(&self) -> Vec<Action> {
        if !self.bounds.cancels {
            return Vec::new();
        }
        let waits = self.world.parts.waits.iter().filter(|wait| wait.session == self.session.id);
        let seqs = waits.map(|wait| wait.seq).chain(self.own_holds().map(|hold| hold.seq));
        let mut seqs: Vec<_> = seqs.chain([RequestSeq(self.client.last_seq)]).collect();
        seqs.retain(|seq| seq.0 > 0);
        seqs.sort();
        seqs.dedup();
        seqs.into_iter().map(|seq| Action::Cancel { seq }).collect()
    }

    fn own_holds(&self) -> impl Iterator<Item = &HoldFact> {
        let of_session =
            |hold: &&HoldFact| hold.session == self.session.id && hold.lingers.is_none();
        self.world.parts.holds.iter().filter(of_session)
    }
}

/// All that a holder may do with its hold, each in its shortest form.
pub(crate) fn hold_actions() -> Vec<HoldAction> {
    vec![
        HoldAction::Release,
        HoldAction::SetValue(Some(value("v"))),
        HoldAction::Downgrade,
        HoldAction::Renew(None),
    ]
}

/// Renews the session of a hold, with this TTL from now on.
pub(crate) fn renew_with(ttl_ms: u64) -> HoldAction {
    HoldAction::Renew(Some(Ttl::from_ms(ttl_ms).expect("within bounds")))
}

/// Both ways in which a session is closed.
pub(crate) const CLOSES: [SessionClose; 2] = [SessionClose::Asked, SessionClose::Disconnected];

/// An upgrade stands before all, then the higher priority, then who came first.
pub(crate) fn rank(wait: &WaitFact) -> (bool, i32, u64) {
    (wait.upgrade_of.is_none(), -i32::from(wait.priority.0), wait.arrival)
}

/// Who waits for a lock, first to last.
pub(crate) fn line<'a>(parts: &'a Parts, name: &LockName) -> Vec<&'a WaitFact> {
    let waits = parts.waits.iter();
    let mut line: Vec<_> =
        waits.filter(|wait| wait.items.iter().any(|item| item.name == *name)).collect();
    line.sort_by_key(|wait| rank(wait));
    line
}

pub(crate) fn min_hold_until(hold: &HoldFact) -> Time {
    hold.granted_at.plus_ms(hold.terms.min_hold_ms)
}

pub(crate) fn max_hold_until(hold: &HoldFact) -> Option<Time> {
    let max = hold.terms.max_hold_ms;
    (max > 0).then(|| hold.granted_at.plus_ms(max))
}

/// When a hold ends unless renewed.
pub(crate) fn deadline(parts: &Parts, hold: &HoldFact) -> Time {
    if hold.lingers.is_some() {
        return min_hold_until(hold);
    }
    let session = parts.sessions.iter().find(|session| session.handle.id == hold.session);
    let session = session.expect("a living hold has an open session");
    let end = session.renewed_at.plus_ms(session.ttl.as_ms());
    max_hold_until(hold).map_or(end, |max| max.min(end))
}
