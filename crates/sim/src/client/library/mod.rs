//! A client that is an application over the library: its tasks use guards as everybody does, and
//! what the library sends and understands are the bytes of the protocol, which are read and written
//! here by the server's own code. So the library is tried as it is, but for its socket.

mod application;
mod shell;

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::time::Duration;

use bramah::sim::{Simulated, SimulatedTerms};
use bramah::{LocalTime, Locker, LostReason};
use bramah_core::{Command, Happening, Key, LockName, Outcome, Owner, RequestSeq, SessionId, Time};
use bramah_node::{Notice, Reply, encode};
use bramah_wire::frame::{OPENING, put_frame, take_frame};
use bramah_wire::proto;
use bramah_wire::request::{self, Ask, What};
use bytes::{Buf, BytesMut};

use self::shell::{News, Shell, Tasks};
use super::habits::Habits;
use super::{ClientInput, ClientOutput, Tell, first_number};
use crate::fact::{CallNo, ClientNo, ConnectionNo, Fact, Held, LetCause};
use crate::plan::WorkloadTerms;
use crate::random::Random;

/// Longest time for one attempt to connect, as in the library's task.
const DIAL_MAX: Duration = Duration::from_secs(3);
/// A connection that lasted this long was a good one: the next pause is short again.
const PAUSE_RESET: Duration = Duration::from_secs(5);

/// A client's process.
#[derive(Debug)]
pub(super) struct Library {
    no: ClientNo,
    members: u64,
    random: Random,
    shell: Rc<Shell>,
    tasks: Tasks,
    /// Dropped when all tasks are done.
    locker: Option<Locker>,
    simulated: Simulated,
    /// A call's number is its request's id and this.
    first: u64,
    last_connection: u64,
    next_member: u64,
    attempts: u32,
    link: Link,
    /// Bytes of requests that are not whole yet.
    outgoing: BytesMut,
    calls: BTreeMap<u64, Call>,
    sessions: BTreeSet<SessionId>,
    has_ended: bool,
}

#[derive(Clone, Copy, Debug)]
enum Link {
    Down { until: LocalTime },
    Opening { connection: ConnectionNo, since: LocalTime },
    Up { connection: ConnectionNo, member: u64, since: LocalTime, opened: bool },
}

/// A request that was seen on its way.
#[derive(Clone, Copy, Debug)]
struct Call {
    number: Option<(SessionId, RequestSeq)>,
    is_answered: bool,
}

impl Library {
    pub(super) fn new(
        no: ClientNo,
        life: u32,
        mut random: Random,
        terms: &WorkloadTerms,
        members: u64,
    ) -> Library {
        let habits = Rc::new(Habits::draw(&mut random, terms));
        let shell = Shell::new(no, Random::new(random.number(), "application"));
        let (ttl_min, ttl_max) = terms.ttl_ms;
        let (locker, simulated) = Simulated::new(SimulatedTerms {
            ttl: Duration::from_millis(random.between(ttl_min, ttl_max.max(ttl_min))),
            owner: Owner { host: format!("client-{no}"), pid: life, ..Owner::default() },
            on_disconnect_release: random.chance(150_000),
            connect_timeout: habits.patience,
            has_other_servers: members > 1,
            seed: random.number(),
        });
        let mut tasks = Tasks::default();
        let reenters = random.chance(500_000);
        for _ in 0..random.between(2, 5) {
            let (shell, locker, habits) = (shell.clone(), locker.clone(), habits.clone());
            tasks.spawn(application::live(shell, locker, habits, reenters));
        }
        Library {
            no,
            members: members.max(1),
            next_member: random.below(members.max(1)),
            random,
            shell,
            tasks,
            locker: Some(locker),
            simulated,
            first: first_number(no, life),
            last_connection: first_number(no, life),
            attempts: 0,
            link: Link::Down { until: LocalTime(0) },
            outgoing: BytesMut::new(),
            calls: BTreeMap::new(),
            sessions: BTreeSet::new(),
            has_ended: false,
        }
    }

    pub(super) fn handle(
        &mut self,
        now: LocalTime,
        input: ClientInput,
        out: &mut Vec<ClientOutput>,
        tell: &mut Tell<'_>,
    ) {
        self.simulated.set_clock(now);
        // Whatever else happens at this instant comes after it.
        let hang_up = self.simulated.look();
        self.look_at_beliefs(now, tell, out);
        if let Some(why) = hang_up {
            self.hang_up(now, &why, out);
        }
        match input {
            ClientInput::Wake => {}
            ClientInput::WindDown => self.shell.wind_down(),
            ClientInput::Connected { connection, member } => {
                let is_opening = matches!(self.link, Link::Opening { .. });
                if is_opening && self.connection() == Some(connection) {
                    self.link = Link::Up { connection, member, since: now, opened: false };
                    self.outgoing.clear();
                    self.simulated.handle_connected();
                }
            }
            ClientInput::Disconnected(connection) => {
                if self.connection() == Some(connection) {
                    self.disconnected(now, "the connection broke");
                }
            }
            ClientInput::Reply { connection, id, now: time, reply } => {
                self.handle_reply(now, (connection, id), time, &reply, out, tell);
            }
            ClientInput::Notice { connection, now: time, notice } => {
                self.handle_notice(now, connection, time, &notice, out, tell);
            }
        }
        self.look_at_beliefs(now, tell, out);
        self.shell.set_now(now);
        self.run(now, out, tell);
    }

    /// Lets the application run, and does what is due.
    fn run(&mut self, now: LocalTime, out: &mut Vec<ClientOutput>, tell: &mut Tell<'_>) {
        loop {
            while self.tasks.poll_one() {
                self.pass_on_news(out, tell);
            }
            // What was dropped is undone in the background.
            if self.tasks.are_done()
                && self.simulated.is_quiet()
                && let Some(locker) = self.locker.take()
            {
                let kept = self.simulated.kept_sessions();
                self.tasks.spawn(application::close(self.shell.clone(), locker, kept));
                continue;
            }
            let hang_up = self.simulated.look();
            self.look_at_beliefs(now, tell, out);
            self.send(out, tell);
            match hang_up {
                None => break,
                Some(why) => self.hang_up(now, &why, out),
            }
        }
        if self.link_due().is_some_and(|due| due <= now) {
            match self.link {
                Link::Down { .. } => self.connect(now, out),
                Link::Opening { .. } => self.hang_up(now, "no connection within 3 s", out),
                Link::Up { .. } => {}
            }
        }
        if self.locker.is_none() && self.simulated.is_over(now) && !self.has_ended {
            self.has_ended = true;
            self.simulated.end();
            self.hang_up(now, "closed", out);
            while self.tasks.poll_one() {}
        }
        self.tell_what_is_over(tell);
    }

    pub(super) fn next_wake(&self) -> Option<LocalTime> {
        if self.is_idle() {
            return None;
        }
        let due = self.simulated.next_due();
        let due = (due != LocalTime(u64::MAX)).then_some(due);
        due.into_iter().chain(self.shell.next_timer()).chain(self.link_due()).min()
    }

    pub(super) fn is_idle(&self) -> bool {
        self.has_ended && self.tasks.are_done()
    }

    pub(super) fn believes(&self, now: LocalTime, name: &LockName) -> Vec<Held> {
        let mut believed = self.shell.believed();
        believed.retain(|held| held.name == *name && self.simulated.is_held(held.hold.token, now));
        believed
    }

    /// Tells what the library does not believe any more.
    fn look_at_beliefs(
        &mut self,
        now: LocalTime,
        tell: &mut Tell<'_>,
        out: &mut Vec<ClientOutput>,
    ) {
        for held in self.shell.believed() {
            let token = held.hold.token;
            if !self.simulated.is_held(token, now) {
                let why = match self.simulated.lost_reason(token) {
                    None | Some(LostReason::NotRenewed | LostReason::MaxHold) => LetCause::Deadline,
                    Some(LostReason::Disconnected) => LetCause::Disconnects,
                    Some(LostReason::SessionClosed) => LetCause::Closes,
                    Some(_) => LetCause::Told,
                };
                self.shell.loses(token, why);
            }
        }
        self.pass_on_news(out, tell);
    }

    fn pass_on_news(&mut self, out: &mut Vec<ClientOutput>, tell: &mut Tell<'_>) {
        for news in self.shell.take_news() {
            match news {
                News::Holds(held) => tell(Fact::Holds(held)),
                News::Lets(token, why) => tell(Fact::Lets { client: self.no, token, why }),
                News::Write(name, token) => out.push(ClientOutput::Write { name, token }),
            }
        }
    }

    fn connection(&self) -> Option<ConnectionNo> {
        match self.link {
            Link::Down { .. } => None,
            Link::Opening { connection, .. } | Link::Up { connection, .. } => Some(connection),
        }
    }

    fn connect(&mut self, now: LocalTime, out: &mut Vec<ClientOutput>) {
        self.last_connection += 1;
        let connection = self.last_connection;
        self.link = Link::Opening { connection, since: now };
        out.push(ClientOutput::Connect { connection, member: self.next_member });
    }

    fn hang_up(&mut self, now: LocalTime, why: &str, out: &mut Vec<ClientOutput>) {
        if let Some(connection) = self.connection() {
            out.push(ClientOutput::Hangup(connection));
            self.disconnected(now, why);
        }
    }

    fn disconnected(&mut self, now: LocalTime, why: &str) {
        if let Link::Up { since, .. } = self.link
            && now.since(since) >= PAUSE_RESET
        {
            self.attempts = 0;
        }
        // All servers are tried in turn before the pause grows.
        let attempt = self.attempts / self.members as u32;
        let pause = self.simulated.handle_disconnected(why, attempt);
        self.attempts += 1;
        self.next_member = (self.next_member + 1) % self.members;
        self.link = Link::Down { until: now.plus(pause) };
    }

    fn link_due(&self) -> Option<LocalTime> {
        match self.link {
            Link::Down { until } => (!self.has_ended).then_some(until),
            Link::Opening { since, .. } => Some(since.plus(DIAL_MAX)),
            Link::Up { .. } => None,
        }
    }

    /// Reads the library's bytes as a server does.
    fn send(&mut self, out: &mut Vec<ClientOutput>, tell: &mut Tell<'_>) {
        let bytes = self.simulated.take_output();
        let Link::Up { connection, member, opened, .. } = &mut self.link else { return };
        self.outgoing.extend_from_slice(&bytes);
        if !*opened && self.outgoing.len() >= OPENING.len() {
            self.outgoing.advance(OPENING.len());
            *opened = true;
        }
        let (connection, member) = (*connection, *member);
        while let Some(frame) =
            take_frame(&mut self.outgoing).expect("the library keeps the bounds of frames")
        {
            let random = &mut self.random;
            let parsed = request::read(frame, &mut || Key(random.number()))
                .expect("the library asks only what a server understands");
            let id = parsed.id;
            let Ask::Service(mut what) = parsed.ask else { continue };
            let call = self.first + id;
            if let What::Unwatch { watch_id } = &mut what {
                *watch_id += self.first;
            }
            // What may have been done under a number that says nothing is asked under another.
            let number = number_of(&what);
            if self.calls.get(&id).is_none_or(|call| call.number != number) {
                tell(Fact::Called { client: self.no, call, what: &what });
            }
            let state = Call { number, is_answered: false };
            self.calls.insert(id, state);
            tell(Fact::Sent { client: self.no, call, connection, id: call, member });
            out.push(ClientOutput::Send { connection, id: call, what });
        }
    }

    fn handle_reply(
        &mut self,
        now: LocalTime,
        (connection, no): (ConnectionNo, CallNo),
        time: Time,
        reply: &Reply,
        out: &mut Vec<ClientOutput>,
        tell: &mut Tell<'_>,
    ) {
        let Some(member) = self.answering(connection) else { return };
        tell(Fact::Returned { client: self.no, call: no, member, now: time, reply });
        let id = no - self.first;
        if let Some(call) = self.calls.get_mut(&id) {
            call.is_answered = is_final(reply);
        }
        if let Reply::Outcome(Outcome::SessionOpened { session, .. }) = reply {
            self.sessions.insert(session.id);
        }
        self.receive(now, &encode::reply(id, time, reply), out);
    }

    fn handle_notice(
        &mut self,
        now: LocalTime,
        connection: ConnectionNo,
        time: Time,
        notice: &Notice,
        out: &mut Vec<ClientOutput>,
        tell: &mut Tell<'_>,
    ) {
        let Some(member) = self.answering(connection) else { return };
        // The ids of watches are those of their calls, for everybody but the library.
        tell(Fact::Noticed { client: self.no, connection, member, now: time, notice });
        let mut notice = notice.clone();
        match &mut notice {
            Notice::Session(event) => match &event.what {
                Happening::Granted { session, seq, .. }
                | Happening::WaitEnded { session, seq, .. } => {
                    let number = Some((*session, *seq));
                    for call in self.calls.values_mut().filter(|call| call.number == number) {
                        call.is_answered = true;
                    }
                }
                _ => {}
            },
            Notice::Change { watch_id, .. } | Notice::WatchLagged { watch_id, .. } => {
                *watch_id -= self.first;
            }
        }
        if let Some(message) = encode::notice(time, &notice) {
            self.receive(now, &message, out);
        }
    }

    fn answering(&self, connection: ConnectionNo) -> Option<u64> {
        match self.link {
            Link::Up { connection: mine, member, .. } if mine == connection => Some(member),
            _ => None,
        }
    }

    /// Gives the library the bytes of a message.
    fn receive(&mut self, now: LocalTime, message: &proto::Message, out: &mut Vec<ClientOutput>) {
        put_frame(message, self.simulated.input()).expect("the server cuts what does not fit");
        if let Err(why) = self.simulated.handle_bytes() {
            self.hang_up(now, &why, out);
        }
    }

    /// Tells which calls and sessions the library has forgotten.
    fn tell_what_is_over(&mut self, tell: &mut Tell<'_>) {
        let Library { no, first, calls, sessions, simulated, .. } = self;
        calls.retain(|id, call| {
            let stays = simulated.has_call(*id);
            if !stays && !call.is_answered {
                tell(Fact::GaveUp { client: *no, call: *first + id });
            }
            stays
        });
        sessions.retain(|session| {
            let stays = simulated.has_session(session.0);
            if !stays {
                tell(Fact::SessionOver { client: *no, session: *session });
            }
            stays
        });
    }
}

fn number_of(what: &What) -> Option<(SessionId, RequestSeq)> {
    match what {
        What::Command(Command::Request { session, request, .. }) => Some((session.id, request.seq)),
        _ => None,
    }
}

/// It is an answer to what was asked, and there will be no other.
fn is_final(reply: &Reply) -> bool {
    !matches!(
        reply,
        Reply::OutcomeUnknown | Reply::Unavailable(_) | Reply::Outcome(Outcome::Queued { .. })
    )
}

#[cfg(test)]
mod tests;
