//! A client that speaks to members in their own words, and does whatever a client may do, and a
//! little that it should not.
//!
//! It keeps the rules of the library's client: a request has a number, and is repeated under it
//! until it is answered or cannot matter any more; what is given up may have happened, so it is
//! cancelled. `connection` has what becomes of all that when a connection ends and another begins,
//! `answer` what members say, `choice` and `mischief` what to do next.

mod answer;
mod call;
mod choice;
mod connection;
mod mischief;
mod session;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use bramah::LocalTime;
use bramah::lease_keeper::Next;
use bramah_core::{
    Action, Command, FencingToken, HoldId, LockName, Owner, RequestSeq, SessionHandle, SessionId,
};
use bramah_wire::request::{Watched, What};

use self::call::{Call, Purpose, State};
use self::connection::Link;
use self::session::{Hold, Session, SessionKey};
use super::habits::Habits;
use super::{ClientInput, ClientOutput, Tell, first_number};
use crate::fact::{CallNo, ClientNo, ConnectionNo, Fact, Held, LetCause};
use crate::plan::WorkloadTerms;
use crate::random::Random;

/// How many things of the past a client remembers of each kind, to come back to them.
const REMEMBERED_LEN_MAX: usize = 8;

/// Of a million clients, how many only watch.
const ONLOOKERS_PPM: u32 = 100_000;

/// A client's process.
#[derive(Debug)]
pub(super) struct Plain {
    no: ClientNo,
    members: u64,
    random: Random,
    habits: Habits,
    /// It only watches, so it stays with a member that nobody else would wait for.
    is_onlooker: bool,
    owner: Arc<Owner>,
    last_number: u64,
    link: Link,
    /// Another connection, over which requests are doubled.
    second: Option<ConnectionNo>,
    /// Which member answers over a connection.
    answering: BTreeMap<ConnectionNo, u64>,
    calls: BTreeMap<CallNo, Call>,
    sessions: BTreeMap<SessionKey, Session>,
    by_number: BTreeMap<SessionId, SessionKey>,
    /// Watches, by the number of the call that started them last.
    watches: BTreeMap<CallNo, Watched>,
    /// Nothing is sent before this: a member said "not now".
    paused_until: LocalTime,
    /// When to do something new.
    act_at: LocalTime,
    /// It begins nothing new, and gives up then what still waits.
    winds_down: Option<LocalTime>,
    past: Past,
}

/// How long it waits for what it asked before.
const WINDING_TIME: Duration = Duration::from_secs(30);

/// What a client remembers.
#[derive(Debug, Default)]
struct Past {
    /// Tokens of anybody's holds.
    tokens: VecDeque<(LockName, FencingToken)>,
    /// Its own holds that are over.
    holds: VecDeque<(SessionHandle, HoldId)>,
    /// Its own sessions that are over.
    sessions: VecDeque<SessionHandle>,
    /// Numbered requests that were answered.
    requests: VecDeque<What>,
}

/// One look of a client: what time it is, and where its orders and news go.
struct Turn<'a, 'b> {
    now: LocalTime,
    out: &'a mut Vec<ClientOutput>,
    tell: &'a mut Tell<'b>,
}

impl Plain {
    pub(super) fn new(
        no: ClientNo,
        life: u32,
        mut random: Random,
        terms: &WorkloadTerms,
        members: u64,
    ) -> Plain {
        let habits = Habits::draw(&mut random, terms);
        let is_onlooker = random.chance(ONLOOKERS_PPM);
        let owner = Owner { host: format!("client-{no}"), pid: life, ..Owner::default() };
        Plain {
            no,
            members: members.max(1),
            random,
            habits,
            is_onlooker,
            owner: Arc::new(owner),
            last_number: first_number(no, life),
            link: Link::Down { until: LocalTime(0) },
            second: None,
            answering: BTreeMap::new(),
            calls: BTreeMap::new(),
            sessions: BTreeMap::new(),
            by_number: BTreeMap::new(),
            watches: BTreeMap::new(),
            paused_until: LocalTime(0),
            act_at: LocalTime(0),
            winds_down: None,
            past: Past::default(),
        }
    }

    pub(super) fn handle(
        &mut self,
        now: LocalTime,
        input: ClientInput,
        out: &mut Vec<ClientOutput>,
        tell: &mut Tell<'_>,
    ) {
        let turn = &mut Turn { now, out, tell };
        // Whatever else happens at this instant comes after it: a lease that is over is not
        // revived by an answer that came too late.
        self.look_at_leases(turn);
        match input {
            ClientInput::Wake => {}
            ClientInput::Connected { connection, member } => {
                self.handle_connected(turn, connection, member);
            }
            ClientInput::Disconnected(connection) => self.handle_disconnected(turn, connection),
            ClientInput::Reply { connection, id, now, reply } => {
                self.handle_reply(turn, connection, id, now, reply);
            }
            ClientInput::Notice { connection, now, notice } => {
                self.handle_notice(turn, connection, now, &notice);
            }
            ClientInput::WindDown => self.winds_down = Some(now.plus(WINDING_TIME)),
        }
        self.go_on(turn);
    }

    /// Does what is due.
    fn go_on(&mut self, turn: &mut Turn<'_, '_>) {
        self.keep_sessions_alive(turn);
        self.look_at_holds(turn);
        if let Some(until) = self.winds_down {
            self.wind_down(turn, until);
        } else if self.act_at <= turn.now {
            self.act_at = turn.now.plus(self.habits.think(&mut self.random));
            self.act(turn);
        }
        self.give_up(turn);
        self.send_pending(turn);
        self.look_at_link(turn);
    }

    pub(super) fn next_wake(&self) -> Option<LocalTime> {
        let mut next = LocalTime(u64::MAX);
        let mut at = |time: LocalTime| next = next.min(time);
        let can_send = self.can_send_from();
        let attaching = self.attaching();
        for (key, session) in &self.sessions {
            at(session.keeper.deadline());
            // Asked as of the beginning of time, a keeper tells when its keepalive is due.
            if let (Next::WaitUntil(due), Some(from)) = (session.poll(LocalTime(0)), can_send)
                && !attaching.contains(key)
            {
                at(due.max(from));
            }
            for hold in session.holds.values() {
                at(hold.release_at.min(hold.write_at));
                hold.max_until.into_iter().for_each(&mut at);
            }
        }
        for call in self.calls.values().filter(|call| call.state == State::Pending) {
            call.gives_up_at().into_iter().for_each(&mut at);
            can_send.into_iter().for_each(&mut at);
        }
        match self.winds_down {
            None => at(self.act_at),
            Some(until) if self.sessions.values().any(|session| !session.closing) => at(until),
            Some(_) => {}
        }
        self.link_due().into_iter().for_each(at);
        (next != LocalTime(u64::MAX)).then_some(next)
    }

    pub(super) fn is_idle(&self) -> bool {
        self.winds_down.is_some() && self.calls.is_empty() && self.sessions.is_empty()
    }

    pub(super) fn believes(&self, now: LocalTime, name: &LockName) -> Vec<Held> {
        let living = self.sessions.values().filter(|session| session.lives(now));
        let holds = living.flat_map(|session| {
            let of_name = session.holds.values().filter(|hold| hold.name == *name);
            of_name.filter(|hold| hold.lives(now)).map(|hold| self.held(session, hold))
        });
        holds.collect()
    }

    fn held(&self, session: &Session, hold: &Hold) -> Held {
        Held {
            client: self.no,
            session: session.handle.id,
            hold: hold.id,
            name: hold.name.clone(),
            mode: hold.mode,
        }
    }

    /// A number for a call, a connection or a session.
    fn next_number(&mut self) -> u64 {
        self.last_number += 1;
        self.last_number
    }

    /// Asks something, and sends it as soon as that is possible.
    fn call(
        &mut self,
        turn: &mut Turn<'_, '_>,
        what: What,
        purpose: Purpose,
        session: Option<SessionKey>,
    ) -> CallNo {
        let call = self.next_number();
        (turn.tell)(Fact::Called { client: self.no, call, what: &what });
        let seq = call::number_of(&what).map(|number| number.seq).unwrap_or_default();
        let state = Call {
            what,
            purpose,
            session,
            seq,
            state: State::Pending,
            in_doubt: false,
            was_queued: false,
            sent_at: turn.now,
            waits_until: None,
            gives_up_at: None,
        };
        self.calls.insert(call, state);
        self.send(turn, call);
        call
    }

    /// A numbered request of a session.
    fn request(
        &mut self,
        turn: &mut Turn<'_, '_>,
        key: SessionKey,
        action: Action,
        purpose: Purpose,
    ) -> Option<CallNo> {
        let session = self.sessions.get_mut(&key)?;
        let seq = session.next_seq();
        let request = session.number(seq);
        let what = What::Command(Command::Request { session: session.handle, request, action });
        Some(self.call(turn, what, purpose, Some(key)))
    }

    /// Sees to it that the request of this number has no effect.
    fn cancel(&mut self, turn: &mut Turn<'_, '_>, key: SessionKey, seq: RequestSeq) {
        let Some(session) = self.sessions.get_mut(&key) else { return };
        session.expect_answer(seq);
        self.request(turn, key, Action::Cancel { seq }, Purpose::Cancel(seq));
    }

    /// Nobody waits for a call any more: what may be granted is cancelled.
    fn abandon(&mut self, turn: &mut Turn<'_, '_>, no: CallNo) {
        let Some(call) = self.calls.remove(&no) else { return };
        (turn.tell)(Fact::GaveUp { client: self.no, call: no });
        let maybe_done = call.in_doubt || call.was_queued || call.state == State::Sent;
        let Some(key) = call.session else { return };
        if call.asks() && maybe_done {
            self.cancel(turn, key, call.seq);
            // The hold that was to be upgraded may be gone with the upgrade, or is there still.
            if let Purpose::Upgrade(token) = call.purpose {
                self.give_up_hold(turn, key, token);
            }
        } else if let Some(session) = self.sessions.get_mut(&key) {
            session.handle_answered(call.seq);
        }
    }

    /// A hold is believed in no more.
    fn let_go(
        &mut self,
        turn: &mut Turn<'_, '_>,
        key: SessionKey,
        token: FencingToken,
        why: LetCause,
    ) {
        let Some(session) = self.sessions.get_mut(&key) else { return };
        let Some(hold) = session.holds.remove(&token) else { return };
        (turn.tell)(Fact::Lets { client: self.no, token, why });
        remember(&mut self.past.holds, (session.handle, hold.id));
    }

    /// A session is over, as far as this client may believe.
    fn lose_session(&mut self, turn: &mut Turn<'_, '_>, key: SessionKey, why: LetCause) {
        let Some(session) = self.sessions.get_mut(&key) else { return };
        let (handle, tokens) =
            (session.handle, session.holds.keys().copied().collect::<Vec<FencingToken>>());
        for token in tokens {
            self.let_go(turn, key, token, why);
        }
        self.sessions.remove(&key);
        self.by_number.remove(&handle.id);
        (turn.tell)(Fact::SessionOver { client: self.no, session: handle.id });
        remember(&mut self.past.sessions, handle);
        let client = self.no;
        self.calls.retain(|no, call| {
            let stays = call.session != Some(key);
            if !stays {
                (turn.tell)(Fact::GaveUp { client, call: *no });
            }
            stays
        });
    }

    /// Ends what is over by this client's own clock.
    fn look_at_leases(&mut self, turn: &mut Turn<'_, '_>) {
        let now = turn.now;
        let over = |(key, session): (&SessionKey, &Session)| (!session.lives(now)).then_some(*key);
        let lost: Vec<SessionKey> = self.sessions.iter().filter_map(over).collect();
        for key in lost {
            self.lose_session(turn, key, LetCause::Deadline);
        }
        let mut over = Vec::new();
        for (key, session) in &self.sessions {
            let holds = session.holds.iter().filter(|(_, hold)| !hold.lives(now));
            over.extend(holds.map(|(token, _)| (*key, *token)));
        }
        for (key, token) in over {
            self.let_go(turn, key, token, LetCause::Deadline);
        }
    }

    /// Sessions that this connection has not told yet what is still held. Kept alive before, they
    /// would go on believing in holds that ended while nobody listened.
    fn attaching(&self) -> BTreeSet<SessionKey> {
        let attaches =
            self.calls.values().filter(|call| matches!(call.purpose, Purpose::Attach(_)));
        attaches.filter_map(|call| call.session).collect()
    }

    fn keep_sessions_alive(&mut self, turn: &mut Turn<'_, '_>) {
        if self.can_send_from().is_none_or(|from| from > turn.now) {
            return;
        }
        let mut keys = Vec::new();
        let mut handles = Vec::new();
        let attaching = self.attaching();
        for (key, session) in &mut self.sessions {
            if attaching.contains(key) {
                continue;
            }
            if session.poll(turn.now) == Next::SendKeepalive {
                session.keeper.handle_sent(turn.now);
                keys.push(*key);
                handles.push(session.handle);
            }
        }
        if !keys.is_empty() {
            self.call(turn, What::KeepAlive(handles), Purpose::KeepAlive(keys), None);
        }
    }

    /// Writes and releases, each hold at its time.
    fn look_at_holds(&mut self, turn: &mut Turn<'_, '_>) {
        let mut over = Vec::new();
        for (key, session) in &mut self.sessions {
            for (token, hold) in &mut session.holds {
                if hold.release_at <= turn.now {
                    over.push((*key, *token));
                } else if hold.write_at <= turn.now {
                    hold.write_at = turn.now.plus(self.habits.write_pause(&mut self.random));
                    if hold.mode == bramah_core::Mode::Exclusive {
                        let (name, token) = (hold.name.clone(), *token);
                        turn.out.push(ClientOutput::Write { name, token });
                    }
                }
            }
        }
        for (key, token) in over {
            self.release(turn, key, token);
        }
    }

    /// Lets everything come to its end, and closes each session when nothing is left in it, or when
    /// it took too long: those who wait for themselves or each other, as nobody keeps them from
    /// doing, wait for ever. That nobody waits in vain, the audit looks at each commit.
    fn wind_down(&mut self, turn: &mut Turn<'_, '_>, until: LocalTime) {
        self.watches.clear();
        if self.second.is_some() {
            self.toggle_second(turn);
        }
        let release_at = turn.now.plus(self.habits.think(&mut self.random));
        for hold in self.sessions.values_mut().flat_map(|session| session.holds.values_mut()) {
            hold.release_at = hold.release_at.min(release_at);
        }
        let busy: Vec<SessionKey> = self.calls.values().filter_map(|call| call.session).collect();
        let done = |(key, session): (&SessionKey, &Session)| {
            let is_done = session.holds.is_empty() && !busy.contains(key) || until <= turn.now;
            is_done.then_some(*key)
        };
        let done: Vec<SessionKey> = self.sessions.iter().filter_map(done).collect();
        for key in done {
            self.close(turn, key);
        }
    }
}

/// Keeps the newest few.
fn remember<T>(past: &mut VecDeque<T>, new: T) {
    if past.len() == REMEMBERED_LEN_MAX {
        past.pop_front();
    }
    past.push_back(new);
}
