//! The client's half of the native protocol, without a socket: requests, sessions and their leases
//! go in, bytes and wake-ups come out. Whoever calls it says what time it is.
//!
//! This file has the requests; [`super::receive`] what the server says, [`super::lease`] what time
//! does, [`super::connection`] what becomes of all that when a connection ends and another begins,
//! [`super::moving`] to which server.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bramah_wire::proto::request::Op;
use bramah_wire::{frame, proto};
use bytes::BytesMut;

use super::call::{Answer, Call, CallId, Failure, Purpose, State, set_number, set_wait};
use super::dice::Dice;
use super::limits::{REQUESTS_MAX, REQUESTS_SENT_MAX, SILENCE_MAX, SILENCE_MIN};
use super::moving::Leaving;
use super::servers::Servers;
use super::session::{Session, SessionKey, SessionTerms};
use super::watch::WatchState;
use crate::clock::LocalTime;
use crate::error::{Effect, ErrorKind};
use crate::info::LostReason;

/// Whether there is a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Link {
    Down,
    Up,
}

/// Whether it goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Life {
    /// It does.
    Open,
    /// Nothing new is taken; it ends when all is answered, at this instant at the latest.
    Goodbye(LocalTime),
    /// It is over.
    Ended,
}

#[derive(Debug)]
pub(super) struct Machine {
    pub(super) connect_timeout: Duration,
    /// The shortest TTL of all its sessions so far.
    pub(super) ttl_min: Duration,
    pub(super) life: Life,
    pub(super) link: Link,
    /// This connection is of no more use, for this reason.
    pub(super) hang_up: Option<String>,
    /// Bytes for the connection.
    pub(super) out: BytesMut,
    pub(super) calls: BTreeMap<CallId, Call>,
    /// The calls that are [`State::Pending`].
    pub(super) pending: BTreeSet<CallId>,
    /// Requests that were sent over this connection and not answered.
    pub(super) sent: HashSet<CallId>,
    last_id: u64,
    pub(super) sessions: BTreeMap<SessionKey, Session>,
    pub(super) by_number: HashMap<u64, SessionKey>,
    /// The session of all holds that need none of their own.
    pub(super) shared: Option<SessionKey>,
    pub(super) shared_terms: SessionTerms,
    pub(super) watches: BTreeMap<CallId, WatchState>,
    pub(super) servers: Servers,
    /// It asks for the members of the cluster, and takes them for servers too.
    pub(super) follows_members: bool,
    /// It asks a server that owes an answer for a sign of life.
    pub(super) asks_if_silent: bool,
    /// When they are asked for again.
    pub(super) members_due: LocalTime,
    /// The server knew of no leader when it was asked last.
    pub(super) is_leaderless: bool,
    pub(super) leaving: Option<Leaving>,
    /// Something that a server says came over this connection.
    pub(super) was_understood: bool,
    /// The server was heard then.
    pub(super) heard_at: LocalTime,
    /// A server said "not now": nothing new is sent before this.
    pub(super) paused_until: LocalTime,
    pub(super) pauses: u32,
    /// What its random numbers come from.
    pub(super) dice: Dice,
    /// [`Machine::handle_time`] has nothing to do before this.
    pub(super) next_due: LocalTime,
    /// To be woken as soon as nothing is locked any more.
    pub(super) wakers: Vec<Waker>,
    /// The task that serves the connection.
    pub(super) task: Option<Waker>,
    /// Who waits for the end.
    closers: Vec<Waker>,
    was_released: bool,
}

impl Machine {
    /// `servers` are the addresses of the URL.
    pub(super) fn new(
        shared_terms: SessionTerms,
        connect_timeout: Duration,
        servers: Vec<String>,
    ) -> Machine {
        Machine {
            connect_timeout,
            ttl_min: Duration::MAX,
            life: Life::Open,
            link: Link::Down,
            hang_up: None,
            out: BytesMut::new(),
            calls: BTreeMap::new(),
            pending: BTreeSet::new(),
            sent: HashSet::new(),
            last_id: 0,
            sessions: BTreeMap::new(),
            by_number: HashMap::new(),
            shared: None,
            shared_terms,
            watches: BTreeMap::new(),
            servers: Servers::new(servers),
            follows_members: false,
            asks_if_silent: false,
            members_due: LocalTime(u64::MAX),
            is_leaderless: false,
            leaving: None,
            was_understood: false,
            heard_at: LocalTime::default(),
            paused_until: LocalTime::default(),
            pauses: 0,
            dice: Dice::of_this_process(),
            next_due: LocalTime(u64::MAX),
            wakers: Vec::new(),
            task: None,
            closers: Vec::new(),
            was_released: false,
        }
    }

    /// Asks something. The caller polls the call until it has an answer, or abandons it.
    pub(super) fn submit(
        &mut self,
        now: LocalTime,
        op: Op,
        purpose: Purpose,
        session: Option<SessionKey>,
    ) -> Result<CallId, Failure> {
        if self.life != Life::Open {
            return Err(Failure::new(ErrorKind::Unavailable, "this Locker is closed"));
        }
        // A hold that could not be given back would live as long as its session, held by nobody.
        let gives_back = matches!(op, Op::Release(_));
        if self.calls.len() >= REQUESTS_MAX && !gives_back {
            let message = format!("{REQUESTS_MAX} requests of this Locker are under way");
            return Err(Failure::new(ErrorKind::LimitExceeded, message));
        }
        if let Some(lost) = session.and_then(|key| self.sessions.get(&key)?.lost.as_ref()) {
            return Err(session_ended(lost));
        }
        Ok(self.start(now, op, purpose, session))
    }

    /// An acquire or upgrade that wants no more than `wait`.
    pub(super) fn submit_acquire(
        &mut self,
        now: LocalTime,
        op: Op,
        session: SessionKey,
        wait: Option<Duration>,
    ) -> Result<CallId, Failure> {
        let id = self.submit(now, op, Purpose::Acquire, Some(session));
        if id.is_err() {
            self.drop_unused(now, session);
        }
        let id = id?;
        if let (Some(call), Some(wait)) = (self.calls.get_mut(&id), wait) {
            call.waits_until = Some(now.plus(wait));
        }
        if self.sessions.get(&session).is_some_and(|session| !session.terms.kept_alive) {
            // From here on it is, until this is answered.
            self.next_due = now;
        }
        Ok(id)
    }

    /// The session for a hold: the shared one unless its terms do not fit.
    pub(super) fn session_for(&mut self, now: LocalTime, own: Option<SessionTerms>) -> SessionKey {
        match (own, self.shared) {
            (Some(terms), _) => self.open_session(now, terms),
            (None, Some(key)) => key,
            (None, None) => {
                let key = self.open_session(now, self.shared_terms.clone());
                self.shared = Some(key);
                key
            }
        }
    }

    fn open_session(&mut self, now: LocalTime, terms: SessionTerms) -> SessionKey {
        self.ttl_min = self.ttl_min.min(terms.ttl);
        let op = Op::OpenSession(proto::OpenSession {
            ttl_ms: terms.ttl.as_millis() as u64,
            on_disconnect: match terms.release_on_disconnect {
                true => proto::OnDisconnect::Release.into(),
                false => proto::OnDisconnect::Keep.into(),
            },
            owner: Some((&terms.owner).into()),
        });
        let key = self.next_id();
        self.sessions.insert(key, Session::new(terms));
        let id = self.start(now, op, Purpose::Open, Some(key));
        self.abandon_quietly(id);
        key
    }

    /// Makes a call and sends it as soon as that is possible.
    pub(super) fn start(
        &mut self,
        now: LocalTime,
        op: Op,
        purpose: Purpose,
        session: Option<SessionKey>,
    ) -> CallId {
        let id = self.next_id();
        if let Some(session) = session.and_then(|key| self.sessions.get_mut(&key)) {
            session.calls += 1;
        }
        let call = Call {
            request: proto::Request { id, op: Some(op) },
            purpose,
            session,
            seq: 0,
            state: State::Pending,
            maybe_done: false,
            in_doubt: false,
            was_queued: false,
            sent_at: now,
            gives_up_at: None,
            waits_until: None,
            abandoned: false,
            waker: None,
        };
        self.calls.insert(id, call);
        if !self.send(now, id) {
            self.pending.insert(id);
            if self.link == Link::Down || self.paused_until > now {
                self.count_trouble(now, id);
            }
        }
        id
    }

    /// A number for a call, a session or a listener.
    pub(super) fn next_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    /// Nobody will ask for the answer of this call.
    pub(super) fn abandon_quietly(&mut self, id: CallId) {
        if let Some(call) = self.calls.get_mut(&id) {
            call.abandoned = true;
            call.gives_up_at = call.gives_up_at.filter(|_| !call.purpose.goes_with_session());
        }
    }

    /// Sends what can be sent, in the order it was asked.
    pub(super) fn send_pending(&mut self, now: LocalTime) {
        if self.pending.is_empty() || self.link == Link::Down || self.paused_until > now {
            return;
        }
        let room = REQUESTS_SENT_MAX.saturating_sub(self.sent.len());
        let ids: Vec<CallId> = self.pending.iter().take(room).copied().collect();
        for id in ids {
            self.send(now, id);
        }
    }

    /// Sends one call, if there is a connection with room and its session is open; false if it must
    /// wait.
    fn send(&mut self, now: LocalTime, id: CallId) -> bool {
        let Some(call) = self.calls.get_mut(&id) else { return true };
        let has_room = self.sent.len() < REQUESTS_SENT_MAX && self.paused_until <= now;
        let is_sent_now = has_room && self.leaving.is_none() || call.purpose.is_of_connection();
        if self.link == Link::Down || !is_sent_now {
            return false;
        }
        if call.purpose.is_numbered() {
            let session = call.session.and_then(|key| self.sessions.get_mut(&key));
            let Some(session) = session.filter(|session| session.opened.is_some()) else {
                return false;
            };
            // One that is told to wait must surely hear how that ends.
            if session.attaching && matches!(call.purpose, Purpose::Acquire) {
                return false;
            }
            if call.seq == 0 {
                call.seq = session.next_seq().0;
                if matches!(call.purpose, Purpose::Acquire) {
                    session.acquiring.insert(call.seq, id);
                }
            }
            set_number(&mut call.request, session.number(call.seq));
        }
        // The server counts a wait from when it first hears of it. What it may have heard already
        // must not begin anew.
        if let Some(until) = call.waits_until.filter(|_| call.maybe_done || call.was_queued) {
            let left = until.since(now).as_micros().div_ceil(1_000);
            set_wait(&mut call.request, u64::try_from(left).unwrap_or(u64::MAX));
        }
        if let Err(long) = frame::put_frame(&call.request, &mut self.out) {
            self.finish(now, id, Err(Failure::new(ErrorKind::Invalid, long.to_string())));
            return true;
        }
        call.state = State::Sent;
        call.maybe_done = true;
        call.sent_at = now;
        self.pending.remove(&id);
        if self.sent.is_empty() {
            // From here on the server owes an answer.
            self.heard_at = self.heard_at.max(now);
            self.next_due = self.next_due.min(now.plus(self.silence_max()));
        }
        self.sent.insert(id);
        if self.sent.len() > 1 {
            self.wake_task();
        }
        true
    }

    /// It cannot be sent now. It gives up if that does not change.
    pub(super) fn count_trouble(&mut self, now: LocalTime, id: CallId) {
        let Some(call) = self.calls.get_mut(&id) else { return };
        let lives_with_session =
            call.was_queued || call.abandoned && call.purpose.goes_with_session();
        if !lives_with_session {
            let gives_up_at = *call.gives_up_at.get_or_insert(now.plus(self.connect_timeout));
            self.next_due = self.next_due.min(gives_up_at);
        }
        if let Some(until) = call.waits_until.filter(|_| call.was_queued) {
            self.next_due = self.next_due.min(until);
        }
    }

    /// The asker's look at its call: the answer, or the place in the queue if it has one.
    pub(super) fn poll_call(
        &mut self,
        now: LocalTime,
        id: CallId,
        cx: &mut Context<'_>,
    ) -> Result<Poll<Result<Answer, Failure>>, (usize, usize)> {
        let Some(call) = self.calls.get_mut(&id) else {
            let failure = Failure::new(ErrorKind::Internal, "the request was forgotten");
            return Ok(Poll::Ready(Err(failure)));
        };
        if let State::Queued(position, waiters) = call.state {
            call.wake_by(cx);
            return Err((position, waiters));
        }
        if !matches!(call.state, State::Done(_)) {
            call.wake_by(cx);
            return Ok(Poll::Pending);
        }
        let Some(Call { state: State::Done(answer), session, .. }) = self.remove(id) else {
            return Ok(Poll::Pending);
        };
        // What was granted is written down already; a session of its own that got nothing ends
        // here.
        session.into_iter().for_each(|key| self.drop_unused(now, key));
        Ok(Poll::Ready(*answer))
    }

    /// The asker is gone. What was never sent never happens; what may be granted is cancelled, what
    /// was granted is released.
    pub(super) fn abandon(&mut self, now: LocalTime, id: CallId) {
        let Some(call) = self.calls.get_mut(&id) else { return };
        if let State::Done(_) = &call.state {
            let session = call.session;
            if let Some(State::Done(answer)) = self.remove(id).map(|call| call.state)
                && let Ok(answer) = *answer
            {
                self.give_back_all(now, &answer);
            }
            session.into_iter().for_each(|key| self.drop_unused(now, key));
            return;
        }
        match &call.purpose {
            Purpose::OnHold => {
                let goes_on = call.maybe_done || matches!(call.request.op, Some(Op::Release(_)));
                call.abandoned = true;
                call.gives_up_at = None;
                if goes_on {
                    return;
                }
                self.forget(now, id);
            }
            Purpose::Acquire if call.maybe_done || call.was_queued => {
                let (session, seq, upgrades) = (call.session, call.seq, call.upgrades());
                self.remove(id);
                if let Some(key) = session {
                    self.undo(now, key, seq, upgrades);
                }
            }
            _ => self.forget(now, id),
        }
    }

    /// Sees to it that nothing is left of an acquire or upgrade that may have been granted.
    pub(super) fn undo(
        &mut self,
        now: LocalTime,
        key: SessionKey,
        seq: u64,
        upgrades: Option<proto::Handle>,
    ) {
        // Nobody can know whether the shared hold is still there: so it is over, before the cancel
        // that may end what it was exchanged for. Who had it gives it back.
        if let Some(hold) = upgrades {
            self.lose_hold(now, key, hold.number, LostReason::Cancelled);
        }
        self.cancel(now, key, seq);
    }

    /// Sees to it that the request of this number has no effect.
    pub(super) fn cancel(&mut self, now: LocalTime, key: SessionKey, seq: u64) {
        match self.sessions.get_mut(&key).filter(|session| session.lost.is_none()) {
            Some(session) => session.expect_answer(seq),
            None => return self.drop_unused(now, key),
        }
        let op = Op::Cancel(proto::Cancel { request: None, seq });
        let id = self.start(now, op, Purpose::Cancel(seq), Some(key));
        self.abandon_quietly(id);
    }

    /// Forgets a call that has and will have no effect.
    fn forget(&mut self, now: LocalTime, id: CallId) {
        let Some(call) = self.remove(id) else { return };
        if let Some(key) = call.session {
            if let Some(session) = self.sessions.get_mut(&key).filter(|_| call.seq != 0) {
                session.handle_answered(call.seq);
            }
            self.drop_unused(now, key);
        }
    }

    /// Takes a call off the table.
    pub(super) fn remove(&mut self, id: CallId) -> Option<Call> {
        let call = self.calls.remove(&id)?;
        self.pending.remove(&id);
        if let Some(session) = call.session.and_then(|key| self.sessions.get_mut(&key)) {
            session.calls -= 1;
            session.acquiring.remove(&call.seq);
        }
        Some(call)
    }

    /// A final answer: for the asker if there is one.
    pub(super) fn finish(&mut self, now: LocalTime, id: CallId, answer: Result<Answer, Failure>) {
        let Some(call) = self.calls.get_mut(&id) else { return };
        self.pending.remove(&id);
        if let Some(session) = call.session.and_then(|key| self.sessions.get_mut(&key)) {
            session.acquiring.remove(&call.seq);
            session.handle_answered(call.seq);
            if let Purpose::Cancel(seq) = call.purpose {
                session.handle_answered(seq);
            }
        }
        if call.abandoned {
            let session = call.session;
            self.remove(id);
            session.into_iter().for_each(|key| self.drop_unused(now, key));
            return;
        }
        call.state = State::Done(Box::new(answer));
        self.wakers.extend(call.waker.take());
    }

    /// How long a server that owes an answer may say nothing.
    pub(super) fn silence_max(&self) -> Duration {
        let longest = SILENCE_MAX.min(self.connect_timeout).min(self.ttl_min / 3);
        if !self.servers.has_others() {
            // Its disk may be slow, and nobody else can be asked: a new connection would only wait
            // behind the old one. What is left of the lease is for one that is dead.
            let is_patient = self.was_understood && !self.sessions.is_empty();
            return if is_patient { SILENCE_MAX.min(self.ttl_min / 2) } else { longest };
        }
        let patience = match self.was_understood {
            true => self.ttl_min / 6,
            false => longest / (self.servers.len() as u32 + 1),
        };
        patience.max(SILENCE_MIN).min(longest)
    }

    pub(super) fn wake_task(&mut self) {
        self.wakers.extend(self.task.take());
    }

    /// Whether all was released in the end, once it has ended.
    pub(super) fn poll_ended(&mut self, cx: &mut Context<'_>) -> Poll<bool> {
        if self.life == Life::Ended {
            return Poll::Ready(self.was_released);
        }
        if !self.closers.iter().any(|waker| waker.will_wake(cx.waker())) {
            self.closers.push(cx.waker().clone());
        }
        Poll::Pending
    }

    /// It says goodbye, and nothing is left to be said, or the time for it is over.
    pub(super) fn is_done(&self, now: LocalTime) -> bool {
        let over = match self.life {
            Life::Open => return false,
            Life::Goodbye(until) => now >= until,
            Life::Ended => true,
        };
        let unsaid = || self.calls.values().any(|call| !matches!(call.state, State::Done(_)));
        over || (self.out.is_empty() && !unsaid())
    }

    /// It says goodbye, and nothing is left to be said that is worth another connection.
    pub(super) fn is_over(&self, now: LocalTime) -> bool {
        let ends = |call: &Call| matches!(call.purpose, Purpose::Close) || call.undoes();
        let is_worth_it = || self.link == Link::Up || self.calls.values().any(ends);
        self.life != Life::Open && (!is_worth_it() || self.is_done(now))
    }

    /// Stops everything at once: nobody serves the connection any more.
    pub(super) fn end(&mut self, now: LocalTime, why: &str) {
        self.was_released = self.sessions.values().all(Session::is_released);
        self.life = Life::Ended;
        self.wakers.append(&mut self.closers);
        let keys: Vec<SessionKey> = self.sessions.keys().copied().collect();
        for key in keys {
            self.lose_session(now, key, LostReason::NotRenewed);
        }
        let ids: Vec<CallId> = self.calls.keys().copied().collect();
        for id in ids {
            let Some(call) = self.calls.get(&id) else { continue };
            if !matches!(call.state, State::Done(_)) {
                let mut failure = Failure::new(ErrorKind::Unavailable, why);
                if call.maybe_done && !matches!(call.purpose, Purpose::Ask) {
                    failure.effect = Effect::Unknown;
                }
                self.finish(now, id, Err(failure));
            }
        }
        for watch in self.watches.values_mut() {
            watch.is_stale = true;
            self.wakers.extend(watch.waker.take());
        }
    }
}

/// What a request of a lost session is told.
pub(super) fn session_ended(reason: &LostReason) -> Failure {
    Failure::new(ErrorKind::SessionEnded, format!("the session was lost: {reason}"))
}
