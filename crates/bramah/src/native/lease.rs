//! What time does to sessions, holds and requests, and how holds come and go.

use std::task::Waker;

use bramah_wire::proto;
use bramah_wire::proto::reply::Outcome;
use bramah_wire::proto::request::Op;
use bramah_wire::request::KEEP_ALIVE_SESSIONS_MAX;

use super::call::{Answer, Call, CallId, Failure, Purpose, State};
use super::limits::GOODBYE_MAX;
use super::machine::{Life, Link, Machine, session_ended};
use super::session::{HoldState, SessionKey};
use crate::clock::LocalTime;
use crate::error::{Effect, ErrorKind};
use crate::info::LostReason;
use crate::lease_keeper::Next;
use crate::show::Span;

impl Machine {
    /// Does what is due, and says so in `next_due`. Whatever else happens at this instant comes
    /// after it: a lease that is over is not revived by an answer that came too late.
    pub(super) fn handle_time(&mut self, now: LocalTime) {
        if now < self.next_due {
            return;
        }
        self.next_due = LocalTime(u64::MAX);
        self.look_at_leases(now);
        self.give_up(now);
        if self.paused_until > now {
            self.next_due = self.next_due.min(self.paused_until);
        } else {
            self.send_pending(now);
        }
        if self.link == Link::Up && !self.sent.is_empty() {
            self.look_at_silence(now);
        }
        self.leave(now);
        if self.link == Link::Up && self.follows_members {
            if self.members_due <= now {
                self.ask_for_members(now);
            }
            self.next_due = self.next_due.min(self.members_due);
        }
        if let Life::Goodbye(until) = self.life {
            self.next_due = self.next_due.min(until);
        }
    }

    /// A server that owes an answer is asked something simple before it is given up: the answer may
    /// take its time.
    fn look_at_silence(&mut self, now: LocalTime) {
        let silence_max = self.silence_max();
        let asked_at = self.heard_at.plus(silence_max / 2);
        let silent_at = self.heard_at.plus(silence_max);
        if now >= silent_at {
            let silence = Span(now.since(self.heard_at));
            let doubt = match (self.was_understood, self.is_leaderless) {
                (false, _) => "; is that a Bramah server?",
                (true, true) => "; the server knows of no leader",
                (true, false) => "",
            };
            return self.hang_up(format!("no answer for {silence}{doubt}"));
        }
        // A follower that is cut off from its leader answers for itself, and keeps nothing alive.
        let renewals = self.sent.iter().filter_map(|id| self.calls.get(id));
        let renewals = renewals.filter(|call| call.purpose.renews());
        if let Some(sent_at) = renewals.map(|call| call.sent_at).min()
            && self.servers.has_others()
        {
            let unanswered_at = sent_at.plus(silence_max);
            if now >= unanswered_at {
                let late = Span(now.since(sent_at));
                return self.hang_up(format!("a keepalive was not answered for {late}"));
            }
            self.next_due = self.next_due.min(unanswered_at);
        }
        let is_asked = |call: &Call| matches!(call.purpose, Purpose::Members);
        let asks = self.asks_if_silent && !self.calls.values().any(is_asked);
        if asks && now >= asked_at {
            self.ask_for_members(now);
        }
        self.next_due =
            self.next_due.min(if asks && now < asked_at { asked_at } else { silent_at });
    }

    fn look_at_leases(&mut self, now: LocalTime) {
        let mut due = Vec::new();
        let mut lost = Vec::new();
        for (key, session) in &mut self.sessions {
            match session.poll(now) {
                None => continue,
                Some(Next::Lost(reason)) => lost.push((*key, None, reason)),
                Some(Next::WaitUntil(time)) => self.next_due = self.next_due.min(time),
                Some(Next::SendKeepalive) => {
                    let deadline = session.opened.as_ref().map(|opened| opened.keeper.deadline());
                    self.next_due = self.next_due.min(deadline.unwrap_or(now));
                    // Kept alive before this connection has told what is still held, it would go on
                    // believing in what ended while it did not listen.
                    if !session.attaching {
                        due.push(*key);
                    }
                }
            }
            while let Some((time, token)) = session.max_holds.first().copied() {
                if time > now {
                    self.next_due = self.next_due.min(time);
                    break;
                }
                session.max_holds.pop_first();
                lost.push((*key, Some(token), LostReason::MaxHold));
            }
        }
        for (key, token, reason) in lost {
            match token {
                Some(token) => self.lose_hold(now, key, token, reason),
                None => self.lose_session(now, key, reason),
            }
        }
        if self.link == Link::Up && self.paused_until <= now {
            due.sort_unstable();
            for keys in due.chunks(KEEP_ALIVE_SESSIONS_MAX) {
                self.keep_alive(now, keys);
            }
        }
    }

    fn keep_alive(&mut self, now: LocalTime, keys: &[SessionKey]) {
        let mut sessions = Vec::with_capacity(keys.len());
        for key in keys {
            let session = self.sessions.get_mut(key).and_then(|session| session.opened.as_mut());
            if let Some(opened) = session {
                opened.keeper.handle_sent(now);
                sessions.push(opened.handle);
                if let Next::WaitUntil(time) = opened.keeper.poll(now) {
                    self.next_due = self.next_due.min(time);
                }
            }
        }
        let op = Op::KeepAlive(proto::KeepAlive { sessions });
        let id = self.start(now, op, Purpose::KeepAlive(keys.to_vec()), None);
        self.abandon_quietly(id);
    }

    /// Ends what could not be sent for too long, and waits whose time is over while nobody can be
    /// asked.
    fn give_up(&mut self, now: LocalTime) {
        let mut given_up = Vec::new();
        for id in &self.pending {
            let Some(call) = self.calls.get(id) else { continue };
            let wait_over = call.waits_until.filter(|_| call.was_queued);
            let due = call.gives_up_at.into_iter().chain(wait_over).min();
            match due {
                Some(due) if due <= now => given_up.push(*id),
                Some(due) => self.next_due = self.next_due.min(due),
                None => {}
            }
        }
        for id in given_up {
            let Some(call) = self.calls.get(&id) else { continue };
            let message = self.servers.trouble();
            let is_repeated = matches!(call.purpose, Purpose::Ask | Purpose::Change);
            let unknown = (call.maybe_done || call.was_queued) && !is_repeated;
            let kind = match unknown {
                true => ErrorKind::OutcomeUnknown,
                false => ErrorKind::Unavailable,
            };
            let (is_open, session) = (matches!(call.purpose, Purpose::Open), call.session);
            let undone = (unknown && matches!(call.purpose, Purpose::Acquire))
                .then_some((call.seq, call.upgrades()));
            if is_open {
                self.fail_opening(now, id, Failure::new(kind, message));
                continue;
            }
            let mut failure = Failure::new(kind, message);
            if call.undoes() {
                failure.effect = Effect::Unknown;
                self.go_on_without_asker(id);
            }
            self.finish(now, id, Err(failure));
            if let (Some(key), Some((seq, upgrades))) = (session, undone) {
                self.undo(now, key, seq, upgrades);
            }
        }
    }

    /// The asker of a release gives up, and is told; the release itself goes on under its number,
    /// or the hold would live as long as its session does.
    fn go_on_without_asker(&mut self, id: CallId) {
        let heir = self.next_id();
        let Some(call) = self.calls.get_mut(&id) else { return };
        let seq = std::mem::take(&mut call.seq);
        let request = proto::Request { id: heir, op: call.request.op.clone() };
        let call = Call {
            request,
            purpose: Purpose::OnHold,
            seq,
            state: State::Pending,
            gives_up_at: None,
            abandoned: true,
            waker: None,
            ..*call
        };
        if let Some(session) = call.session.and_then(|key| self.sessions.get_mut(&key)) {
            session.calls += 1;
        }
        self.calls.insert(heir, call);
        self.pending.insert(heir);
    }

    /// A session could not be opened: nothing of it ever was.
    pub(super) fn fail_opening(&mut self, now: LocalTime, id: CallId, failure: Failure) {
        let Some(key) = self.remove(id).and_then(|call| call.session) else { return };
        self.shared = self.shared.filter(|shared| *shared != key);
        let failure = Failure { effect: Effect::NotApplied, ..failure };
        let kind = match failure.kind {
            ErrorKind::OutcomeUnknown => ErrorKind::Unavailable,
            kind => kind,
        };
        for id in self.calls_of(key) {
            self.finish(now, id, Err(Failure { kind, ..failure.clone() }));
        }
        if let Some(session) = self.sessions.get_mut(&key) {
            session.lost = Some(LostReason::SessionUnknown);
        }
        self.drop_unused(now, key);
    }

    fn calls_of(&self, key: SessionKey) -> Vec<CallId> {
        let of_session = self
            .calls
            .iter()
            .filter(|(_, call)| call.session == Some(key) && !matches!(call.state, State::Done(_)));
        of_session.map(|(id, _)| *id).collect()
    }

    /// The session is over, as far as anybody here may believe.
    pub(super) fn lose_session(&mut self, now: LocalTime, key: SessionKey, reason: LostReason) {
        let Some(session) = self.sessions.get_mut(&key) else { return };
        if session.lost.is_some() {
            return;
        }
        session.lost = Some(reason.clone());
        if let Some(opened) = &mut session.opened {
            opened.keeper.handle_ended(reason.clone());
            self.by_number.remove(&opened.handle.number);
        }
        self.shared = self.shared.filter(|shared| *shared != key);
        let tokens: Vec<u64> = session.holds.keys().copied().collect();
        for token in tokens {
            self.lose_hold(now, key, token, reason.clone());
        }
        for id in self.calls_of(key) {
            let mut failure = session_ended(&reason);
            if let Some(call) = self.calls.get(&id).filter(|_| reason == LostReason::NotRenewed) {
                let asks = matches!(call.request.op, Some(Op::Acquire(_) | Op::AcquireMany(_)));
                if asks && self.life != Life::Ended {
                    let place =
                        if call.was_queued { ", and its place in the queue is lost" } else { "" };
                    let trouble = self.servers.trouble();
                    let message =
                        format!("no answer for as long as its session lives{place}: {trouble}");
                    failure = Failure::new(ErrorKind::Unavailable, message);
                }
                if call.maybe_done || call.was_queued {
                    failure.effect = Effect::Unknown;
                }
            }
            self.finish(now, id, Err(failure));
        }
        self.drop_unused(now, key);
    }

    /// One hold is over.
    pub(super) fn lose_hold(
        &mut self,
        now: LocalTime,
        key: SessionKey,
        token: u64,
        reason: LostReason,
    ) {
        let Some(session) = self.sessions.get_mut(&key) else { return };
        let Some(hold) = session.holds.get_mut(&token) else { return };
        if hold.lost.is_none() {
            hold.lost = Some(reason);
            self.wakers.extend(std::mem::take(&mut hold.wakers).into_values());
        }
        if let Some(max) = hold.max_hold_until {
            session.max_holds.remove(&(max, token));
        }
        if hold.handles == 0 {
            session.holds.remove(&token);
            self.drop_unused(now, key);
        }
    }

    /// Why a hold is lost, if it is, at this very instant.
    pub(super) fn lost_reason(
        &mut self,
        now: LocalTime,
        key: SessionKey,
        token: u64,
    ) -> Option<LostReason> {
        let session = self.sessions.get(&key)?;
        let hold = session.holds.get(&token)?;
        if hold.lost.is_some() {
            return hold.lost.clone();
        }
        if hold.max_hold_until.is_some_and(|max| max <= now) {
            self.lose_hold(now, key, token, LostReason::MaxHold);
            return Some(LostReason::MaxHold);
        }
        if let Some(Next::Lost(reason)) = session.poll(now) {
            self.lose_session(now, key, reason.clone());
            return Some(reason);
        }
        None
    }

    /// Somebody waits for the loss of a hold, under this number if it waited before.
    pub(super) fn listen(
        &mut self,
        key: SessionKey,
        token: u64,
        listener: Option<u64>,
        waker: &Waker,
    ) -> u64 {
        let listener = listener.unwrap_or_else(|| self.next_id());
        let session = self.sessions.get_mut(&key);
        if let Some(hold) = session.and_then(|session| session.holds.get_mut(&token)) {
            hold.wakers.insert(listener, waker.clone());
        }
        listener
    }

    /// Writes down what was granted. Each grant gets one handle, which its asker takes over.
    pub(super) fn add_holds(&mut self, key: SessionKey, grants: &[proto::Grant]) {
        let Some(session) = self.sessions.get_mut(&key) else { return };
        let Some(opened) = &session.opened else { return };
        for grant in grants {
            let Some(id) = grant.hold else { continue };
            let token = id.number;
            let hold = session.holds.entry(token).or_insert_with(|| HoldState::new(id));
            hold.handles += 1;
            if hold.lost.is_none() {
                let closing = session.closing.then_some(LostReason::SessionClosed);
                hold.lost = session.lost.clone().or(closing);
            }
            if let Some(max_ms) = grant.max_hold_deadline_ms {
                let max = opened.keeper.local_time_of(max_ms);
                hold.max_hold_until = Some(max);
                session.max_holds.insert((max, token));
                self.next_due = self.next_due.min(max);
            }
        }
    }

    /// Releases what an asker that is gone was granted.
    pub(super) fn give_back_all(&mut self, now: LocalTime, answer: &Answer) {
        let (Some(key), Outcome::Granted(granted)) = (answer.session, &answer.outcome) else {
            return;
        };
        for handle in granted.grants.iter().filter_map(|grant| grant.hold) {
            self.start_release(now, key, handle);
            self.drop_handle(now, key, handle.number, true);
        }
    }

    /// Sends a release for whose answer nobody waits.
    pub(super) fn start_release(&mut self, now: LocalTime, key: SessionKey, hold: proto::Handle) {
        let Some(session) = self.sessions.get(&key) else { return };
        // A session that the server ended has nothing to release; one that only this side gave up
        // may.
        let ended = !matches!(session.lost, None | Some(LostReason::NotRenewed));
        if self.life == Life::Ended || ended {
            return;
        }
        let op = Op::Release(proto::Release { request: None, hold: Some(hold) });
        let (purpose, key) = match session.lost {
            None => (Purpose::OnHold, Some(key)),
            Some(_) => (Purpose::Act, None),
        };
        let id = self.start(now, op, purpose, key);
        self.abandon_quietly(id);
    }

    /// A value that stood for a hold is gone; `given_back` if its release was started.
    pub(super) fn drop_handle(
        &mut self,
        now: LocalTime,
        key: SessionKey,
        token: u64,
        given_back: bool,
    ) {
        let Some(session) = self.sessions.get_mut(&key) else { return };
        let Some(hold) = session.holds.get_mut(&token) else { return };
        hold.handles = hold.handles.saturating_sub(1);
        hold.detached |= !given_back;
        if hold.handles == 0 && (hold.lost.is_some() || !hold.detached) {
            if let Some(max) = hold.max_hold_until {
                session.max_holds.remove(&(max, token));
            }
            session.holds.remove(&token);
        }
        self.drop_unused(now, key);
    }

    /// Closes and forgets a session that nothing needs: one that is lost, or was for one hold.
    pub(super) fn drop_unused(&mut self, now: LocalTime, key: SessionKey) {
        let Some(session) = self.sessions.get_mut(&key).filter(|session| session.is_unused())
        else {
            return;
        };
        if session.lost.is_some() {
            self.sessions.remove(&key);
        } else if session.terms.of_one_hold && !session.closing {
            self.close_session(now, key);
        }
    }

    fn close_session(&mut self, now: LocalTime, key: SessionKey) {
        let Some(session) = self.sessions.get_mut(&key) else { return };
        let Some(handle) = session.opened.as_ref().map(|opened| opened.handle) else { return };
        session.closing = true;
        let op = Op::CloseSession(proto::CloseSession { session: Some(handle) });
        let id = self.start(now, op, Purpose::Close, Some(key));
        self.abandon_quietly(id);
    }

    /// Releases everything but what was detached, and takes nothing new.
    pub(super) fn say_goodbye(&mut self, now: LocalTime) {
        if self.life != Life::Open {
            return;
        }
        let mut keys: Vec<SessionKey> = self.sessions.keys().copied().collect();
        keys.sort_unstable();
        for key in keys {
            let Some(session) = self.sessions.get(&key) else { continue };
            if session.opened.is_none() || session.lost.is_some() || session.closing {
                continue;
            }
            let is_left = session.holds.values().any(|hold| hold.detached);
            let living =
                session.holds.iter().filter(|(_, hold)| !hold.detached && hold.lost.is_none());
            // They are lost before the server hears of it, and others can be granted them.
            for hold in living.map(|(_, hold)| hold.id).collect::<Vec<_>>() {
                if is_left {
                    self.start_release(now, key, hold);
                    self.lose_hold(now, key, hold.number, LostReason::Released);
                } else {
                    self.lose_hold(now, key, hold.number, LostReason::SessionClosed);
                }
            }
            if !is_left {
                self.close_session(now, key);
            }
        }
        self.life = Life::Goodbye(now.plus(GOODBYE_MAX));
        self.next_due = self.next_due.min(now.plus(GOODBYE_MAX));
        self.shared = None;
        self.wake_task();
    }
}
