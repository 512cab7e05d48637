//! What the server says, and what that means for requests, sessions and holds.

use bramah_core::mutant::{self, Mutant};
use bramah_wire::proto::message::Kind;
use bramah_wire::proto::reply::Outcome;
use bramah_wire::proto::{self, event::What, request::Op};
use bramah_wire::{ErrorCode, frame};
use bytes::BytesMut;
use prost::Message as _;

use super::call::{Answer, Call, CallId, Failure, Purpose, State, is_not_now};
use super::limits::WATCH_CHANGES_MAX;
use super::machine::{Life, Machine};
use super::read;
use super::session::{Opened, SessionKey};
use crate::clock::LocalTime;
use crate::error::ErrorKind;
use crate::info::LostReason;
use crate::lease_keeper::LeaseKeeper;

impl Machine {
    /// Takes all whole frames out of `input`.
    ///
    /// # Errors
    /// Says why the peer cannot be understood; then the connection must end.
    pub(super) fn handle_bytes(
        &mut self,
        now: LocalTime,
        input: &mut BytesMut,
    ) -> Result<(), String> {
        self.handle_time(now);
        self.heard_at = now;
        let not_understood = |machine: &Machine, why: &dyn std::fmt::Display| {
            let who = match machine.was_understood {
                true => "the server sent what is no message",
                false => "that is no Bramah server",
            };
            format!("{who}: {why}")
        };
        while let Some(bytes) =
            frame::take_frame(input).map_err(|long| not_understood(self, &long))?
        {
            let message =
                proto::Message::decode(bytes).map_err(|error| not_understood(self, &error))?;
            self.was_understood = true;
            match message.kind {
                Some(Kind::Reply(reply)) => self.handle_reply(now, reply)?,
                Some(Kind::Event(event)) => self.handle_event(now, event),
                // A newer server may say what this client does not know.
                None => {}
            }
        }
        self.leave(now);
        self.send_pending(now);
        Ok(())
    }

    fn handle_reply(&mut self, now: LocalTime, reply: proto::Reply) -> Result<(), String> {
        let id = reply.id;
        if id == 0 {
            return Err(match reply.outcome {
                Some(Outcome::Error(error)) => format!("the server could not {}", error.message),
                _ => "the server sent a reply to no request".to_owned(),
            });
        }
        self.sent.remove(&id);
        // Nobody waits for it any more, or it is the second answer to one request.
        let Some(call) = self.calls.get(&id) else { return Ok(()) };
        if matches!(call.state, State::Done(_)) {
            return Ok(());
        }
        match reply.outcome {
            Some(Outcome::Error(error)) if self.is_asked_again(now, id, &error) => {}
            Some(outcome) => {
                self.pauses = 0;
                if let Outcome::ClusterStatus(status) = &outcome {
                    self.handle_status(now, status);
                }
                self.handle_outcome(now, id, outcome, reply.now_ms, reply.staleness);
            }
            None => {
                let message = "the answer is of a newer protocol";
                self.finish(now, id, Err(Failure::new(ErrorKind::OutcomeUnknown, message)));
            }
        }
        Ok(())
    }

    fn handle_outcome(
        &mut self,
        now: LocalTime,
        id: CallId,
        outcome: Outcome,
        now_ms: u64,
        staleness: Option<proto::Staleness>,
    ) {
        let Some(call) = self.calls.get_mut(&id) else { return };
        let session = call.session;
        match (&mut call.purpose, outcome) {
            (Purpose::Acquire, Outcome::Queued(queued)) => {
                call.state = State::Queued(queued.position as usize, queued.waiters as usize);
                call.was_queued = true;
                call.gives_up_at = None;
                self.wakers.extend(call.waker.take());
                let seq = call.seq;
                if let Some(session) = session.and_then(|key| self.sessions.get_mut(&key)) {
                    session.handle_answered(seq);
                }
            }
            (Purpose::Acquire, Outcome::Granted(granted)) => {
                self.handle_granted(now, id, granted.grants, now_ms);
            }
            (Purpose::Open, outcome) => self.handle_opened(now, id, outcome),
            (Purpose::Attach { .. }, outcome) => {
                if let Some(call) = self.remove(id) {
                    self.handle_attached(now, call, outcome);
                }
            }
            (Purpose::KeepAlive(keys), outcome) => {
                let (keys, sent_at) = (std::mem::take(keys), call.sent_at);
                self.remove(id);
                if let Outcome::KeptAlive(kept) = outcome {
                    self.handle_kept_alive(now, sent_at, &keys, kept);
                }
            }
            (Purpose::Members, _) => {
                self.remove(id);
            }
            (Purpose::Close, _) => {
                self.remove(id);
                if let Some(key) = session {
                    self.lose_session(now, key, LostReason::SessionClosed);
                    self.drop_unused(now, key);
                }
            }
            (Purpose::Acquire, Outcome::Error(error)) => {
                // Of several that were granted some have ended: what is left is of no use.
                let in_part = ErrorCode::from_name(&error.code) == Some(ErrorCode::NotHolder)
                    && matches!(call.request.op, Some(Op::AcquireMany(_)));
                let seq = call.seq;
                self.finish(now, id, Err(Failure::of_reply(&error)));
                if let Some(key) = session.filter(|_| in_part) {
                    self.cancel(now, key, seq);
                }
            }
            (_, Outcome::Error(error)) => self.finish(now, id, Err(Failure::of_reply(&error))),
            (_, outcome) => {
                self.finish(now, id, Ok(Answer { outcome, now_ms, staleness, session }));
            }
        }
    }

    /// Whether an error only means to ask again, now or later; if so, that is arranged.
    fn is_asked_again(&mut self, now: LocalTime, id: CallId, error: &proto::Error) -> bool {
        let Some(call) = self.calls.get_mut(&id) else { return false };
        let code = ErrorCode::from_name(&error.code);
        let not_now = is_not_now(&error.code);
        let unknown = matches!(code, Some(ErrorCode::OutcomeUnknown | ErrorCode::StorageFailed));
        let is_full = code == Some(ErrorCode::DiskFull);
        let renews = matches!(call.purpose, Purpose::KeepAlive(_));
        match &call.purpose {
            // Its wait ended while nobody listened, and not with a hold that is still there: a new
            // number waits for what is left of the time.
            Purpose::Acquire if call.was_queued && code == Some(ErrorCode::RequestStale) => {
                let seq = std::mem::take(&mut call.seq);
                call.state = State::Pending;
                if let Some(session) = call.session.and_then(|key| self.sessions.get_mut(&key)) {
                    session.acquiring.remove(&seq);
                    session.handle_answered(seq);
                }
                self.pending.insert(id);
                return true;
            }
            Purpose::KeepAlive(keys) if not_now || unknown || is_full => {
                for key in keys {
                    let session = self.sessions.get_mut(key);
                    if let Some(opened) = session.and_then(|session| session.opened.as_mut()) {
                        opened.keeper.handle_reconnected();
                    }
                }
                self.pause(now);
                self.remove(id);
            }
            Purpose::Attach { .. } if not_now || unknown => {
                self.remove(id);
                self.hang_up(format!("the server could not {}", error.message));
            }
            // A server may be too old to know, or too busy to say.
            Purpose::Members => {
                self.remove(id);
            }
            Purpose::Act if not_now => self.send_later(now, id, true),
            Purpose::Act => return false,
            Purpose::Change => {
                if let Some(ErrorCode::Draining | ErrorCode::NoLeader) = code {
                    let why = format!("the server could not {}", error.message);
                    self.move_on(now, why, &error.servers);
                }
                return false;
            }
            _ if not_now => self.send_later(now, id, true),
            // It is known to the table, or may be: there will be room again, or another server.
            _ if is_full && (call.undoes() || call.in_doubt || call.was_queued) => {
                self.send_later(now, id, true);
            }
            _ if unknown => self.send_later(now, id, false),
            _ => return false,
        }
        let why = format!("the server could not {}", error.message);
        match code {
            Some(ErrorCode::Draining | ErrorCode::NoLeader) => {
                self.move_on(now, why, &error.servers);
            }
            // It does not come through to the leader, whatever it believes, or can write nothing.
            Some(ErrorCode::OutcomeUnknown | ErrorCode::DiskFull) if renews => {
                self.move_on(now, why, &error.servers);
            }
            _ => self.servers.set_trouble(why),
        }
        true
    }

    fn handle_opened(&mut self, now: LocalTime, id: CallId, outcome: Outcome) {
        let Some(call) = self.calls.get(&id) else { return };
        let opened = match outcome {
            Outcome::SessionOpened(opened) => opened,
            Outcome::Error(error) => return self.fail_opening(now, id, Failure::of_reply(&error)),
            _ => return self.fail_opening(now, id, wrong_answer()),
        };
        let (key, sent_at) = (call.session, call.sent_at);
        let (Some(handle), Some(key)) = (opened.session, key) else {
            return self.fail_opening(now, id, wrong_answer());
        };
        self.remove(id);
        let Some(session) = self.sessions.get_mut(&key) else { return };
        let ttl = session.terms.ttl;
        let keeper = LeaseKeeper::new(sent_at, ttl, opened.deadline_ms);
        session.opened = Some(Opened { handle, keeper });
        self.by_number.insert(handle.number, key);
        self.next_due = now;
        self.handle_time(now);
        self.send_pending(now);
        if self.life != Life::Open
            && let Some(session) = self.sessions.get_mut(&key)
        {
            session.terms.of_one_hold = true;
        }
        self.drop_unused(now, key);
    }

    fn handle_attached(&mut self, now: LocalTime, call: Call, outcome: Outcome) {
        let (Purpose::Attach { mut named }, Some(key)) = (call.purpose, call.session) else {
            return;
        };
        match outcome {
            Outcome::SessionAttached(attached) => {
                let tokens = attached.holds.iter().filter_map(|grant| grant.hold);
                named.extend(tokens.map(|hold| hold.number));
                if attached.more && !attached.holds.is_empty() {
                    return self.attach(now, key, named);
                }
                let Some(session) = self.sessions.get_mut(&key) else { return };
                session.attaching = false;
                self.next_due = now;
                // What was granted over this connection so far, the server knew when it named them.
                let keeps = mutant::is_on(Mutant::AttachKeepsLostHolds);
                let is_lost = |token: &&u64| !named.contains(token) && !keeps;
                let ended = session.holds.keys().filter(is_lost);
                for token in ended.copied().collect::<Vec<u64>>() {
                    self.lose_hold(now, key, token, LostReason::EndedUnseen);
                }
            }
            Outcome::Error(error) => match read::session_end(&error.code) {
                Some(reason) => self.lose_session(now, key, reason),
                None => self.hang_up(format!("the server could not {}", error.message)),
            },
            _ => self.hang_up(wrong_answer().message),
        }
    }

    pub(super) fn handle_kept_alive(
        &mut self,
        now: LocalTime,
        sent_at: LocalTime,
        keys: &[SessionKey],
        kept: proto::KeptAlive,
    ) {
        let sent_at = if mutant::is_on(Mutant::LeaseFromAnswer) { now } else { sent_at };
        for (key, renewal) in keys.iter().zip(kept.renewals) {
            match renewal.result {
                Some(proto::renewal::Result::DeadlineMs(deadline_ms)) => {
                    let session = self.sessions.get_mut(key).filter(|s| s.lost.is_none());
                    if let Some(opened) = session.and_then(|session| session.opened.as_mut()) {
                        opened.keeper.handle_answer(sent_at, deadline_ms);
                    }
                }
                Some(proto::renewal::Result::Error(error)) => {
                    if let Some(reason) = read::session_end(&error.code) {
                        self.lose_session(now, *key, reason);
                    }
                }
                None => {}
            }
        }
    }

    fn handle_granted(
        &mut self,
        now: LocalTime,
        id: CallId,
        grants: Vec<proto::Grant>,
        now_ms: u64,
    ) {
        let Some(call) = self.calls.get(&id) else { return };
        let (Some(session), upgrades) = (call.session, call.upgrades()) else { return };
        if let Some(hold) = upgrades {
            self.lose_hold(now, session, hold.number, LostReason::Upgraded);
        }
        self.add_holds(session, &grants);
        let outcome = Outcome::Granted(proto::Grants { grants });
        self.finish(
            now,
            id,
            Ok(Answer { outcome, now_ms, staleness: None, session: Some(session) }),
        );
    }

    fn handle_event(&mut self, now: LocalTime, event: proto::Event) {
        let now_ms = event.now_ms;
        let key = |machine: &Machine, number| machine.by_number.get(&number).copied();
        match event.what {
            Some(What::Granted(granted)) => {
                if let Some(id) = self.acquiring(granted.session, granted.seq) {
                    self.handle_granted(now, id, granted.grants, now_ms);
                }
            }
            Some(What::WaitEnded(ended)) => {
                if let Some(id) = self.acquiring(ended.session, ended.seq) {
                    self.handle_wait_ended(now, id, ended, now_ms);
                }
            }
            Some(What::HoldEnded(ended)) => {
                if let Some(key) = key(self, ended.session) {
                    let reason = read::end(ended.end.as_ref(), now_ms);
                    self.lose_hold(now, key, ended.token, reason);
                }
            }
            Some(What::SessionEnded(ended)) => {
                if let Some(key) = key(self, ended.session) {
                    let reason = read::end(ended.end.as_ref(), now_ms);
                    self.lose_session(now, key, reason);
                }
            }
            Some(What::Changed(_) | What::WatchLagged(_)) => self.handle_change(now, event),
            Some(What::Draining(draining)) => {
                self.move_on(now, "the server is stopping".to_owned(), &draining.servers);
            }
            None => {}
        }
    }

    fn acquiring(&self, session: u64, seq: u64) -> Option<CallId> {
        self.sessions.get(self.by_number.get(&session)?)?.acquiring.get(&seq).copied()
    }

    fn handle_wait_ended(
        &mut self,
        now: LocalTime,
        id: CallId,
        ended: proto::WaitEnded,
        now_ms: u64,
    ) {
        use proto::wait_ended::How;
        let Some(call) = self.calls.get_mut(&id) else { return };
        let session = call.session;
        let failure = |kind, message| Err(Failure::new(kind, message));
        let answer = match ended.how {
            Some(How::TimedOut(busy)) => {
                let outcome = Outcome::WaitTimedOut(busy);
                Ok(Answer { outcome, now_ms, staleness: None, session })
            }
            Some(How::SessionEnded(_)) => failure(ErrorKind::SessionEnded, "its session ended"),
            Some(How::HoldEnded(_)) => failure(ErrorKind::NotHolder, "the shared hold ended"),
            // Not by this client, which listens no more to what it cancels: it ended in a way that
            // this server did not see. Under its number, the table tells what came of it.
            Some(How::Cancelled(_)) | None => {
                call.state = State::Pending;
                self.pending.insert(id);
                self.send_pending(now);
                return;
            }
        };
        self.finish(now, id, answer);
    }

    fn handle_change(&mut self, now: LocalTime, event: proto::Event) {
        let id = event.watch_id;
        let Some(watch) = self.watches.get_mut(&id) else { return };
        let lagged = matches!(event.what, Some(What::WatchLagged(_)));
        let full = watch.changes.len() >= WATCH_CHANGES_MAX;
        if watch.is_stale {
            return;
        }
        self.wakers.extend(watch.waker.take());
        if !lagged && !full {
            watch.changes.push_back(event);
            return;
        }
        watch.is_stale = true;
        watch.changes.clear();
        if full && !lagged {
            self.unwatch(now, id);
        }
    }

    /// Tells the server that nobody listens to this watch any more.
    pub(super) fn unwatch(&mut self, now: LocalTime, id: CallId) {
        if self.life == Life::Open && self.link == super::machine::Link::Up {
            let op = Op::Unwatch(proto::Unwatch { watch_id: id });
            let id = self.start(now, op, Purpose::Ask, None);
            self.abandon_quietly(id);
        }
    }
}

fn wrong_answer() -> Failure {
    Failure::new(ErrorKind::Internal, "the server gave the answer to another question")
}
