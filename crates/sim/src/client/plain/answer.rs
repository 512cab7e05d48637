//! What members say, and what that means for calls, sessions and holds.

use std::time::Duration;

use bramah::lease_keeper::LeaseKeeper;
use bramah_core::{
    Action, Command, FencingToken, Grant, Happening, Mode, OnDisconnect, Outcome, Refusal,
    SessionHandle, SessionId, Time,
};
use bramah_node::{Notice, Reply, Unavailable};
use bramah_wire::request::What;

use super::call::{Call, Purpose, State};
use super::connection::Link;
use super::session::{Hold, Session, SessionKey};
use super::{Plain, Turn, remember};
use crate::fact::{CallNo, ConnectionNo, Fact, LetCause};

/// Of a million "not now"s, how many make a client try another member.
const MOVES_AWAY_PPM: u32 = 400_000;

impl Plain {
    pub(super) fn handle_reply(
        &mut self,
        turn: &mut Turn<'_, '_>,
        connection: ConnectionNo,
        no: CallNo,
        now: Time,
        reply: Reply,
    ) {
        let Some(member) = self.answering.get(&connection).copied() else { return };
        (turn.tell)(Fact::Returned { client: self.no, call: no, member, now, reply: &reply });
        self.was_heard(turn, connection);
        // Nobody waits for it any more, or it is the second answer to one request.
        let Some(call) = self.calls.get_mut(&no) else { return };
        if self.second == Some(connection) {
            // The call stays sent over the other connection, whatever comes of it there.
            call.in_doubt = true;
        }
        match reply {
            Reply::Unavailable(
                Unavailable::NoLeader | Unavailable::Draining | Unavailable::Overloaded,
            ) => self.ask_again(turn, no),
            Reply::OutcomeUnknown => {
                call.in_doubt = true;
                self.ask_again(turn, no);
            }
            // It is known to the table, or may be: there will be room again, or another member.
            Reply::Unavailable(Unavailable::DiskFull) if call.may_be_known() => {
                self.ask_again(turn, no);
            }
            Reply::Outcome(Outcome::Queued { .. }) if call.asks() => {
                let (key, seq) = (call.session, call.seq);
                call.state = State::Queued;
                call.was_queued = true;
                call.in_doubt = false;
                call.gives_up_at = None;
                if let Some(session) = key.and_then(|key| self.sessions.get_mut(&key)) {
                    session.handle_answered(seq);
                }
            }
            reply => self.finish(turn, connection, no, reply),
        }
    }

    fn was_heard(&mut self, turn: &Turn<'_, '_>, connection: ConnectionNo) {
        if let Link::Up { connection: mine, heard_at } = &mut self.link
            && *mine == connection
        {
            *heard_at = turn.now;
        }
    }

    /// An answer that only means to ask again, now or later.
    fn ask_again(&mut self, turn: &mut Turn<'_, '_>, no: CallNo) {
        let Some(call) = self.calls.get(&no) else { return };
        match &call.purpose {
            Purpose::KeepAlive(keys) => {
                for key in keys {
                    if let Some(session) = self.sessions.get_mut(key) {
                        session.keeper.handle_reconnected();
                    }
                }
                self.send_later(turn, no);
                self.calls.remove(&no);
            }
            Purpose::Attach(_) => return self.hang_up(turn),
            Purpose::Mischief => {
                self.calls.remove(&no);
                return;
            }
            // Nobody can know whether it happened.
            Purpose::Act if call.in_doubt => {
                self.calls.remove(&no);
                return;
            }
            _ => self.send_later(turn, no),
        }
        if self.random.chance(MOVES_AWAY_PPM) {
            self.hang_up(turn);
        }
    }

    /// A final answer.
    fn finish(&mut self, turn: &mut Turn<'_, '_>, over: ConnectionNo, no: CallNo, reply: Reply) {
        let Some(call) = self.calls.remove(&no) else { return };
        if matches!(reply, Reply::Unavailable(_) | Reply::Outcome(Outcome::Queued { .. })) {
            (turn.tell)(Fact::GaveUp { client: self.no, call: no });
        }
        if let Some(session) = call.session.and_then(|key| self.sessions.get_mut(&key)) {
            session.handle_answered(call.seq);
            if let Purpose::Cancel(seq) = call.purpose {
                session.handle_answered(seq);
            }
        }
        if call.seq.0 != 0 && call.purpose != Purpose::Mischief {
            remember(&mut self.past.requests, call.what.clone());
        }
        self.remember_tokens(&reply);
        match (&call.purpose, reply) {
            (Purpose::Acquire | Purpose::Upgrade(_), Reply::Outcome(outcome)) => {
                self.finish_asking(turn, over, &call, outcome);
            }
            (
                Purpose::Open { ttl_ms, on_disconnect },
                Reply::Outcome(Outcome::SessionOpened { session, deadline }),
            ) => {
                let ttl = Duration::from_millis(*ttl_ms);
                let keeper = LeaseKeeper::new(call.sent_at, ttl, deadline.0);
                self.add_session(session, *ttl_ms, *on_disconnect, keeper);
            }
            (Purpose::Close, _) => {
                if let Some(key) = call.session {
                    self.lose_session(turn, key, LetCause::Closes);
                }
            }
            (Purpose::Attach(held), Reply::Attached { session, .. }) => {
                let Some(key) = call.session else { return };
                let named = |token| session.holds.iter().any(|grant| grant.hold.token == token);
                let known = self.sessions.get(&key).map(|session| &session.holds);
                let granted_here = known.into_iter().flatten().filter(|(_, hold)| {
                    matches!(self.link, Link::Up { connection, .. } if connection == hold.over)
                });
                let granted_here: Vec<FencingToken> =
                    granted_here.map(|(token, _)| *token).collect();
                for token in held.iter().copied().chain(granted_here) {
                    if !named(token) {
                        self.let_go(turn, key, token, LetCause::Told);
                    }
                }
                // What was told to wait before this connection heard of the session may be
                // granted by now.
                for call in self.calls.values_mut() {
                    if call.session == Some(key) && call.state == State::Queued {
                        call.state = State::Pending;
                    }
                }
            }
            (Purpose::Attach(_), Reply::Outcome(Outcome::Refused(_))) => {
                if let Some(key) = call.session {
                    self.lose_session(turn, key, LetCause::Told);
                }
            }
            (Purpose::Attach(_), _) => self.hang_up(turn),
            (Purpose::KeepAlive(keys), Reply::KeptAlive { renewals, .. }) => {
                for (key, kept) in keys.iter().zip(renewals) {
                    match (kept, self.sessions.get_mut(key)) {
                        (_, None) => {}
                        (Ok(deadline), Some(session)) => {
                            session.keeper.handle_answer(call.sent_at, deadline.0);
                        }
                        (Err(_), Some(_)) => self.lose_session(turn, *key, LetCause::Told),
                    }
                }
            }
            (Purpose::OnHold, Reply::Outcome(Outcome::Refused(refusal))) => {
                if let (Refusal::NotHolder { .. }, Some(key)) = (&refusal, call.session)
                    && let What::Command(Command::Request { action, .. }) = &call.what
                    && let Action::Hold(hold, _) = action
                {
                    self.let_go(turn, key, hold.token, LetCause::Told);
                }
                self.learn_from_refusal(turn, &call, &refusal);
            }
            _ => {}
        }
    }

    /// The final answer to a wish for a hold.
    fn finish_asking(
        &mut self,
        turn: &mut Turn<'_, '_>,
        over: ConnectionNo,
        call: &Call,
        outcome: Outcome,
    ) {
        let Some(key) = call.session else { return };
        match outcome {
            Outcome::Granted(grants) => self.handle_granted(turn, over, call, &grants),
            // Its wait ended while nobody listened, and not with a hold that is still there: a new
            // number waits for what is left of the time.
            Outcome::Refused(Refusal::RequestStale) if call.was_queued => {
                self.ask_anew(turn, key, call);
            }
            // Of several that were granted some have ended: what is left is of no use.
            Outcome::Refused(Refusal::NotHolder { .. }) if call.asks_for_many() => {
                self.cancel(turn, key, call.seq);
            }
            Outcome::Refused(refusal) => self.learn_from_refusal(turn, call, &refusal),
            _ => {}
        }
    }

    /// What a refusal says of the session.
    fn learn_from_refusal(&mut self, turn: &mut Turn<'_, '_>, call: &Call, refusal: &Refusal) {
        let is_over = matches!(refusal, Refusal::SessionEnded { .. } | Refusal::SessionUnknown);
        if let Some(key) = call.session.filter(|_| is_over) {
            self.lose_session(turn, key, LetCause::Told);
        }
    }

    fn add_session(
        &mut self,
        handle: SessionHandle,
        ttl_ms: u64,
        on_disconnect: OnDisconnect,
        keeper: LeaseKeeper,
    ) {
        let key = self.next_number();
        self.by_number.insert(handle.id, key);
        self.sessions.insert(key, Session::new(handle, ttl_ms, on_disconnect, keeper));
    }

    /// Begins to believe in what was granted.
    fn handle_granted(
        &mut self,
        turn: &mut Turn<'_, '_>,
        over: ConnectionNo,
        call: &Call,
        grants: &[Grant],
    ) {
        let Some(key) = call.session else { return };
        if let Purpose::Upgrade(old) = call.purpose {
            self.let_go(turn, key, old, LetCause::Told);
        }
        for grant in grants {
            let release_at = turn.now.plus(self.habits.hold_time(&mut self.random));
            let write_at = turn.now.plus(self.habits.write_pause(&mut self.random));
            let Some(session) = self.sessions.get_mut(&key) else { return };
            if let Some(hold) = session.holds.get_mut(&grant.hold.token) {
                hold.count += 1;
                continue;
            }
            let hold = Hold {
                id: grant.hold,
                name: grant.name.clone(),
                mode: grant.mode,
                seq: call.seq,
                count: 1,
                over,
                max_until: grant.max_hold_deadline.map(|end| session.keeper.local_time_of(end.0)),
                release_at,
                write_at,
            };
            // An answer may come when all is over already.
            if !session.lives(turn.now) || !hold.lives(turn.now) {
                continue;
            }
            session.holds.insert(grant.hold.token, hold.clone());
            if let Some(session) = self.sessions.get(&key) {
                (turn.tell)(Fact::Holds(self.held(session, &hold)));
            }
        }
    }

    pub(super) fn handle_notice(
        &mut self,
        turn: &mut Turn<'_, '_>,
        connection: ConnectionNo,
        now: Time,
        notice: &Notice,
    ) {
        let Some(member) = self.answering.get(&connection).copied() else { return };
        (turn.tell)(Fact::Noticed { client: self.no, connection, member, now, notice });
        self.was_heard(turn, connection);
        let event = match notice {
            Notice::Session(event) => event,
            Notice::WatchLagged { watch_id, .. } => {
                if let Some(watched) = self.watches.remove(watch_id) {
                    self.watch(turn, watched);
                }
                return;
            }
            Notice::Change { lock, .. } => {
                if let Some(holder) = lock.holders.first() {
                    remember(&mut self.past.tokens, (lock.name.clone(), holder.token));
                }
                return;
            }
        };
        match &event.what {
            Happening::Granted { session, seq, grants, .. } => {
                if let Some(call) = self.take_asking(*session, seq.0) {
                    self.handle_granted(turn, connection, &call, grants);
                }
            }
            Happening::WaitEnded { session, seq, .. } => {
                self.take_asking(*session, seq.0);
            }
            Happening::HoldEnded { session, token, .. } => {
                if let Some(key) = self.by_number.get(session).copied() {
                    self.let_go(turn, key, *token, LetCause::Told);
                }
            }
            Happening::SessionEnded { session, .. } => {
                if let Some(key) = self.by_number.get(session).copied() {
                    self.lose_session(turn, key, LetCause::Told);
                }
            }
            _ => {}
        }
    }

    /// The call that a notice ends.
    fn take_asking(&mut self, session: SessionId, seq: u64) -> Option<Call> {
        let key: SessionKey = *self.by_number.get(&session)?;
        let mut of_session = self.calls.iter().filter(|(_, call)| call.session == Some(key));
        let (no, _) = of_session.find(|(_, call)| call.asks() && call.seq.0 == seq)?;
        let no = *no;
        let call = self.calls.remove(&no)?;
        let session = self.sessions.get_mut(&key)?;
        session.handle_answered(call.seq);
        remember(&mut self.past.requests, call.what.clone());
        Some(call)
    }

    /// Remembers tokens of others, to ask for them or to revoke them.
    fn remember_tokens(&mut self, reply: &Reply) {
        let found = match reply {
            Reply::Outcome(Outcome::Busy(busy)) => {
                busy.holder.as_ref().map(|holder| (busy.name.clone(), holder.token))
            }
            Reply::Lock { view: Some(view), .. } => {
                view.holders.last().map(|holder| (view.name.clone(), holder.token))
            }
            Reply::History(listing) => {
                listing.items.first().map(|ended| (ended.name.clone(), ended.token))
            }
            _ => None,
        };
        if let Some(found) = found {
            remember(&mut self.past.tokens, found);
        }
    }
}

/// Others may share the lock from now on.
pub(super) fn as_downgraded(mode: Mode) -> Mode {
    match mode {
        Mode::Exclusive => Mode::Shared,
        other => other,
    }
}
