//! What becomes of requests and sessions when a connection ends and another begins.

use std::time::Duration;

use bramah::LocalTime;
use bramah_core::{FencingToken, OnDisconnect};
use bramah_wire::request::What;

use super::call::{Purpose, State};
use super::session::SessionKey;
use super::{Plain, Turn};
use crate::client::ClientOutput;
use crate::fact::{CallNo, ConnectionNo, Fact, LetCause};

/// Bounds of the pause before another attempt to connect, or to ask a member that said "not now".
const PAUSE_MIN: Duration = Duration::from_millis(20);
const PAUSE_MAX: Duration = Duration::from_millis(1_000);
/// Longest silence of a member that owes an answer; or a third of the shortest TTL, if that is
/// less. An attempt to connect takes no longer either.
const SILENCE_MAX: Duration = Duration::from_millis(3_000);

/// Whether there is a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Link {
    /// There is none, and none is tried before this.
    Down { until: LocalTime },
    /// One was asked for at this time.
    Opening { connection: ConnectionNo, since: LocalTime },
    /// There is one, and its member was heard last at this time, or owes an answer since.
    Up { connection: ConnectionNo, heard_at: LocalTime },
}

impl Plain {
    pub(super) fn handle_connected(
        &mut self,
        turn: &mut Turn<'_, '_>,
        connection: ConnectionNo,
        member: u64,
    ) {
        if self.second == Some(connection) {
            self.answering.insert(connection, member);
            self.double_all(turn, connection);
            return;
        }
        match self.link {
            Link::Opening { connection: asked, .. } if asked == connection => {}
            _ => return,
        }
        self.answering.insert(connection, member);
        self.link = Link::Up { connection, heard_at: turn.now };
        self.paused_until = LocalTime(0);
        // The sessions come over first, then every request that has no answer, under its old
        // number.
        for key in self.sessions.keys().copied().collect::<Vec<SessionKey>>() {
            self.attach(turn, key);
        }
        let watches: Vec<_> = std::mem::take(&mut self.watches).into_values().collect();
        for watched in watches {
            self.watch(turn, watched);
        }
    }

    fn attach(&mut self, turn: &mut Turn<'_, '_>, key: SessionKey) {
        let Some(session) = self.sessions.get_mut(&key) else { return };
        session.keeper.handle_reconnected();
        let held = session.holds.keys().copied().collect();
        let what = What::Attach { session: session.handle, after: FencingToken(0) };
        self.call(turn, what, Purpose::Attach(held), Some(key));
    }

    /// A connection ended, or there was none to be had.
    pub(super) fn handle_disconnected(
        &mut self,
        turn: &mut Turn<'_, '_>,
        connection: ConnectionNo,
    ) {
        self.answering.remove(&connection);
        if self.second == Some(connection) {
            self.second = None;
        }
        let mine = match self.link {
            Link::Down { .. } => None,
            Link::Opening { connection, .. } | Link::Up { connection, .. } => Some(connection),
        };
        if mine == Some(connection) {
            let was_up = matches!(self.link, Link::Up { .. });
            self.link = Link::Down { until: turn.now.plus(self.pause()) };
            if was_up {
                self.unsend_all(turn);
            }
        }
    }

    /// Leaves a member.
    pub(super) fn hang_up(&mut self, turn: &mut Turn<'_, '_>) {
        if let Link::Up { connection, .. } | Link::Opening { connection, .. } = self.link {
            turn.out.push(ClientOutput::Hangup(connection));
            self.handle_disconnected(turn, connection);
        }
    }

    /// What was under way on a connection that ended goes back to be sent again, if it may.
    fn unsend_all(&mut self, turn: &mut Turn<'_, '_>) {
        let over: Vec<SessionKey> = (self.sessions.iter())
            .filter(|(_, session)| session.on_disconnect == OnDisconnect::Release)
            .map(|(key, _)| *key)
            .collect();
        for key in over {
            self.lose_session(turn, key, LetCause::Disconnects);
        }
        let mut given_up = Vec::new();
        for (no, call) in &mut self.calls {
            let was_sent = call.state == State::Sent;
            call.in_doubt |= was_sent;
            let is_lost = was_sent && call.purpose == Purpose::Act;
            if call.is_of_connection() || call.purpose == Purpose::Watch || is_lost {
                given_up.push(*no);
            } else {
                call.state = State::Pending;
            }
        }
        for no in given_up {
            self.calls.remove(&no);
            (turn.tell)(Fact::GaveUp { client: self.no, call: no });
        }
    }

    /// Sends what can be sent, in the order it was asked.
    pub(super) fn send_pending(&mut self, turn: &mut Turn<'_, '_>) {
        if self.can_send_from().is_none_or(|from| from > turn.now) {
            return;
        }
        let pending = self.calls.iter().filter(|(_, call)| call.state == State::Pending);
        let pending: Vec<CallNo> = pending.map(|(no, _)| *no).collect();
        for no in pending {
            self.send(turn, no);
        }
    }

    /// Sends a call over the connection, if there is one, and nothing speaks against it.
    pub(super) fn send(&mut self, turn: &mut Turn<'_, '_>, no: CallNo) {
        let Link::Up { connection, heard_at } = &mut self.link else { return };
        let Some(call) = self.calls.get(&no) else { return };
        if self.paused_until > turn.now && !call.is_of_connection() {
            return;
        }
        // From here on the member owes an answer.
        let owes_nothing = self.calls.values().all(|call| call.state != State::Sent);
        if owes_nothing {
            *heard_at = turn.now;
        }
        let connection = *connection;
        self.send_over(turn, no, connection);
    }

    /// Sends a call over this connection.
    pub(super) fn send_over(
        &mut self,
        turn: &mut Turn<'_, '_>,
        no: CallNo,
        connection: ConnectionNo,
    ) {
        let Some(call) = self.calls.get_mut(&no) else { return };
        let session = call.session.and_then(|key| self.sessions.get(&key));
        let what = call.draft(turn.now, session, &mut self.random);
        // A second sending before the first is answered leaves one of them without an answer.
        call.in_doubt |= call.state == State::Sent;
        call.state = State::Sent;
        call.sent_at = turn.now;
        let member = self.answering.get(&connection).copied().unwrap_or_default();
        (turn.tell)(Fact::Sent { client: self.no, call: no, connection, id: no, member });
        turn.out.push(ClientOutput::Send { connection, id: no, what });
    }

    /// A member said "not now" to this call: it is sent again a little later.
    pub(super) fn send_later(&mut self, turn: &mut Turn<'_, '_>, no: CallNo) {
        self.paused_until = self.paused_until.max(turn.now.plus(self.pause()));
        let patience = self.habits.patience;
        let Some(call) = self.calls.get_mut(&no) else { return };
        call.state = State::Pending;
        if !call.lives_with_session() {
            call.gives_up_at.get_or_insert(turn.now.plus(patience));
        }
    }

    /// Ends what could not be sent for too long, and waits whose time is over while nobody can be
    /// asked.
    pub(super) fn give_up(&mut self, turn: &mut Turn<'_, '_>) {
        let now = turn.now;
        let is_down = !matches!(self.link, Link::Up { .. });
        let patience = self.habits.patience;
        let mut given_up = Vec::new();
        for (no, call) in &mut self.calls {
            if call.state != State::Pending {
                continue;
            }
            if is_down && !call.lives_with_session() {
                call.gives_up_at.get_or_insert(now.plus(patience));
            }
            if call.gives_up_at().is_some_and(|due| due <= now) {
                given_up.push(*no);
            }
        }
        for no in given_up {
            self.abandon(turn, no);
        }
    }

    /// From when on something can be sent; never, while there is no connection.
    pub(super) fn can_send_from(&self) -> Option<LocalTime> {
        matches!(self.link, Link::Up { .. }).then_some(self.paused_until)
    }

    /// Connects again, and leaves a member that owes an answer for too long.
    pub(super) fn look_at_link(&mut self, turn: &mut Turn<'_, '_>) {
        if self.link_due().is_some_and(|due| due <= turn.now) {
            match self.link {
                Link::Down { .. } => {}
                Link::Opening { .. } | Link::Up { .. } => return self.hang_up(turn),
            }
            let (connection, member) = (self.next_number(), self.random.below(self.members));
            self.link = Link::Opening { connection, since: turn.now };
            turn.out.push(ClientOutput::Connect { connection, member });
        }
    }

    /// When there is something to do about the connection.
    pub(super) fn link_due(&self) -> Option<LocalTime> {
        match self.link {
            Link::Down { until } => (!self.is_idle()).then_some(until),
            Link::Opening { since, .. } => Some(since.plus(self.silence_max())),
            Link::Up { heard_at, .. } => {
                let owes = self.calls.values().any(|call| call.state == State::Sent);
                owes.then(|| heard_at.plus(self.silence_max()))
            }
        }
    }

    fn silence_max(&self) -> Duration {
        let ttls = self.sessions.values().map(|session| session.ttl_ms);
        let third = ttls.min().map_or(SILENCE_MAX, |ttl| Duration::from_millis(ttl / 3));
        SILENCE_MAX.min(third)
    }

    fn pause(&mut self) -> Duration {
        let ttls = self.sessions.values().map(|session| session.ttl_ms);
        let part = ttls.min().map_or(PAUSE_MAX, |ttl| Duration::from_millis(ttl / 20));
        let longest = PAUSE_MAX.min(part).max(PAUSE_MIN).as_micros() as u64;
        Duration::from_micros(self.random.between(PAUSE_MIN.as_micros() as u64, longest))
    }
}
