//! What becomes of requests and sessions when a connection ends and another begins.

use std::time::Duration;

use bramah_wire::frame::OPENING;
use bramah_wire::proto;
use bramah_wire::proto::request::Op;

use super::call::{Call, CallId, Failure, Purpose, State};
use super::limits::PAUSE_MAX;
use super::machine::{Link, Machine};
use super::session::SessionKey;
use crate::clock::LocalTime;
use crate::error::ErrorKind;
use crate::info::LostReason;

impl Machine {
    /// A connection stands: the sessions come over first, then every request that has no answer,
    /// under its old number.
    pub(super) fn handle_connected(&mut self, now: LocalTime) {
        self.link = Link::Up;
        self.hang_up = None;
        self.leaving = None;
        self.is_leaderless = false;
        self.servers.handle_connected(now);
        self.out.clear();
        self.out.extend_from_slice(&OPENING);
        self.was_understood = false;
        self.heard_at = now;
        self.paused_until = LocalTime::default();
        if self.follows_members {
            self.ask_for_members(now);
        }
        let mut keys: Vec<SessionKey> = self.sessions.keys().copied().collect();
        keys.sort_unstable();
        for key in keys {
            let Some(session) = self.sessions.get_mut(&key).filter(|s| s.lost.is_none()) else {
                continue;
            };
            let Some(opened) = &mut session.opened else { continue };
            opened.keeper.handle_reconnected();
            session.attaching = true;
            self.attach(now, key, Vec::new());
        }
        self.next_due = now;
        self.handle_time(now);
    }

    /// Brings a session to this connection, and learns what is still held.
    pub(super) fn attach(&mut self, now: LocalTime, key: SessionKey, named: Vec<u64>) {
        let session = self.sessions.get(&key).and_then(|session| session.opened.as_ref());
        let Some(handle) = session.map(|opened| opened.handle) else { return };
        let after = named.last().copied().unwrap_or_default();
        let op = Op::AttachSession(proto::AttachSession { session: Some(handle), after });
        let id = self.start(now, op, Purpose::Attach { named }, Some(key));
        self.abandon_quietly(id);
    }

    /// There is no connection any more, or none came about.
    pub(super) fn handle_disconnected(&mut self, now: LocalTime, why: &str) {
        let pause_max = self.pause_max();
        self.servers.handle_ended(now, why, &mut self.dice, pause_max);
        if self.link == Link::Down {
            return;
        }
        self.link = Link::Down;
        self.out.clear();
        self.sent.clear();
        for (id, watch) in &mut self.watches {
            // One whose start has no answer is started by the same request again.
            let is_starting = |call: &Call| !matches!(call.state, State::Done(_));
            watch.is_stale = !self.calls.get(id).is_some_and(is_starting);
            self.wakers.extend(watch.waker.take());
        }
        let ends = |key: &SessionKey| {
            self.sessions.get(key).is_some_and(|session| session.terms.release_on_disconnect)
        };
        let over: Vec<SessionKey> = self.sessions.keys().filter(|key| ends(key)).copied().collect();
        for key in over {
            self.lose_session(now, key, LostReason::Disconnected);
        }
        let mut ids: Vec<CallId> = self.calls.keys().copied().collect();
        ids.sort_unstable();
        for id in ids {
            self.unsend(now, id, why);
        }
    }

    /// What was under way on a connection that ended goes back to be sent again, if it may.
    fn unsend(&mut self, now: LocalTime, id: CallId, why: &str) {
        let Some(call) = self.calls.get_mut(&id) else { return };
        match (&call.purpose, &call.state) {
            (_, State::Done(_)) => {}
            (purpose, _) if purpose.is_of_connection() => {
                self.remove(id);
            }
            (Purpose::Act, State::Sent) => {
                let message = format!("the connection ended before the answer came: {why}");
                self.finish(now, id, Err(Failure::new(ErrorKind::OutcomeUnknown, message)));
            }
            (_, state) => {
                call.in_doubt |= matches!(state, State::Sent);
                call.state = State::Pending;
                self.pending.insert(id);
                self.count_trouble(now, id);
            }
        }
    }

    /// A server said "not now" to this call: it is sent again a little later.
    pub(super) fn send_later(&mut self, now: LocalTime, id: CallId, done_nothing: bool) {
        self.pause(now);
        let Some(call) = self.calls.get_mut(&id) else { return };
        call.state = State::Pending;
        call.in_doubt |= !done_nothing;
        call.maybe_done = call.in_doubt;
        self.pending.insert(id);
        self.count_trouble(now, id);
    }

    /// Nothing new is sent for a little while.
    pub(super) fn pause(&mut self, now: LocalTime) {
        let pause_max = self.pause_max();
        let pause = self.dice.pause(self.pauses, pause_max);
        self.paused_until = self.paused_until.max(now.plus(pause));
        self.pauses += 1;
        self.next_due = self.next_due.min(self.paused_until);
    }

    /// The longest pause between two attempts: there are several of them in what is left of a
    /// lease.
    pub(super) fn pause_max(&self) -> Duration {
        PAUSE_MAX.min(self.ttl_min / 20)
    }

    /// The connection is of no more use.
    pub(super) fn hang_up(&mut self, why: String) {
        self.hang_up.get_or_insert(why);
        self.wake_task();
    }
}
