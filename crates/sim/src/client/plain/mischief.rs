//! What no good client does. It may have no effect on anybody else.

use bramah_core::{
    Action, Command, FencingToken, HoldAction, HoldId, Key, RequestRef, SessionHandle, SessionId,
};
use bramah_wire::request::What;

use super::call::Purpose;
use super::session::SessionKey;
use super::{Plain, Turn};
use crate::fact::ConnectionNo;

impl Plain {
    pub(super) fn do_mischief(&mut self, turn: &mut Turn<'_, '_>) {
        match self.random.below(10) {
            0..2 => self.send_twice(turn),
            2..4 => self.toggle_second(turn),
            4 => self.repeat_answered(turn),
            5 => self.release_what_is_over(turn),
            6 => self.release_twice(turn),
            7 => self.use_ended_session(turn),
            8 => self.use_no_session(turn),
            _ => self.cancel_before(turn),
        }
    }

    /// The same request, twice at once.
    fn send_twice(&mut self, turn: &mut Turn<'_, '_>) {
        let repeatable = self.repeatable();
        if !repeatable.is_empty() {
            let no = *self.random.pick(&repeatable);
            self.send(turn, no);
        }
    }

    /// The same requests over another connection, which may be faster or slower.
    pub(super) fn double_all(&mut self, turn: &mut Turn<'_, '_>, connection: ConnectionNo) {
        for no in self.repeatable() {
            self.send_over(turn, no, connection);
        }
    }

    fn repeat_answered(&mut self, turn: &mut Turn<'_, '_>) {
        if !self.past.requests.is_empty() {
            let index = self.random.below(self.past.requests.len() as u64) as usize;
            let what = self.past.requests[index].clone();
            self.call(turn, what, Purpose::Mischief, None);
        }
    }

    fn release_what_is_over(&mut self, turn: &mut Turn<'_, '_>) {
        let is_over = |session: &SessionHandle, hold: &HoldId| {
            let key = self.by_number.get(&session.id);
            let of_session = key.and_then(|key| self.sessions.get(key));
            // A re-entry may have brought it back, or may be about to.
            let is_back = of_session.is_some_and(|of| of.holds.contains_key(&hold.token));
            !is_back && !key.is_some_and(|key| self.may_reenter(*key))
        };
        let over = self.past.holds.iter().rev().find(|(session, hold)| is_over(session, hold));
        if let Some((_, hold)) = over.copied() {
            let what = What::Command(Command::ByHold { hold, action: HoldAction::Release });
            self.call(turn, what, Purpose::Mischief, None);
        }
        // A token that anybody can see, with a key that nobody can guess.
        if let Some((_, token)) = self.past.tokens.back() {
            let hold = HoldId { token: *token, key: Key(self.random.number()) };
            let what = What::Command(Command::ByHold { hold, action: HoldAction::Release });
            self.call(turn, what, Purpose::Mischief, None);
        }
    }

    /// A grant may be on its way to this session.
    pub(super) fn may_reenter(&self, key: SessionKey) -> bool {
        self.calls.values().any(|call| call.session == Some(key) && call.asks())
    }

    fn release_twice(&mut self, turn: &mut Turn<'_, '_>) {
        let all = self.sessions.iter();
        let mut holds = all.flat_map(|(key, s)| s.holds.values().map(move |hold| (*key, hold)));
        // A re-entry on its way would be released with it.
        let Some((key, hold)) =
            holds.find(|(key, hold)| hold.count == 1 && !self.may_reenter(*key))
        else {
            return;
        };
        let id = hold.id;
        self.release(turn, key, id.token);
        self.request(turn, key, Action::Hold(id, HoldAction::Release), Purpose::OnHold);
    }

    fn use_ended_session(&mut self, turn: &mut Turn<'_, '_>) {
        let Some(session) = self.past.sessions.front().copied() else { return };
        let acquire = self.draw_acquire();
        let number = self.random.between(1, 1_000);
        let request = RequestRef {
            seq: bramah_core::RequestSeq(number),
            answered_below: bramah_core::RequestSeq(1),
        };
        let action = Action::Acquire(acquire);
        let what = What::Command(Command::Request { session, request, action });
        self.call(turn, what, Purpose::Mischief, None);
        let attach = What::Attach { session, after: FencingToken(0) };
        self.call(turn, attach, Purpose::Mischief, None);
        self.call(turn, What::KeepAlive(vec![session]), Purpose::Mischief, None);
    }

    fn use_no_session(&mut self, turn: &mut Turn<'_, '_>) {
        let id = self.past.sessions.back().map_or(SessionId(1), |session| session.id);
        let session = SessionHandle { id, key: Key(self.random.number()) };
        let what = What::KeepAlive(vec![session]);
        self.call(turn, what, Purpose::Mischief, None);
        let attach = What::Attach { session, after: FencingToken(0) };
        self.call(turn, attach, Purpose::Mischief, None);
    }

    /// A cancel that comes before what it cancels.
    fn cancel_before(&mut self, turn: &mut Turn<'_, '_>) {
        let Some(key) = self.pick_session() else { return };
        let acquire = self.draw_acquire();
        let Some(session) = self.sessions.get_mut(&key) else { return };
        let seq = session.next_seq();
        let request = session.number(seq);
        let handle = session.handle;
        self.cancel(turn, key, seq);
        let action = Action::Acquire(acquire);
        let what = What::Command(Command::Request { session: handle, request, action });
        self.call(turn, what, Purpose::Mischief, None);
    }
}
