//! What a client does next, and how: everything that a client may ask for, each as often as it
//! takes to meet the others.

use std::sync::Arc;
use std::time::Duration;

use bramah::LocalTime;
use bramah_core::{
    Acquire, AcquireMany, Action, Command, FencingToken, HoldAction, HoldId, IfHeld, Item, Key,
    OnDisconnect, OpenSession, Priority, RevokeTarget, SessionClose, SessionId, Ttl, Wait,
};
use bramah_wire::request::{Query, Watched, What};

use super::answer::as_downgraded;
use super::call::{Call, Purpose, State, wait_of};
use super::session::{Hold, SessionKey};
use super::{Plain, Turn};
use crate::client::ClientOutput;
use crate::client::habits::{terms, value, wait};
use crate::fact::{CallNo, Fact, LetCause};

/// Most requests of a client that wait for a lock.
const ASKING_LEN_MAX: usize = 6;
/// Most holds of a client.
const HOLDS_LEN_MAX: usize = 8;
/// Most watches of a client.
const WATCHES_LEN_MAX: usize = 3;

/// What a client may do next.
#[derive(Clone, Copy, Debug)]
enum Act {
    Open,
    Acquire,
    AcquireMany,
    ReleaseByHold,
    SetValue,
    Renew,
    Downgrade,
    Upgrade,
    Cancel,
    CancelGranted,
    Ask,
    Watch,
    Unwatch,
    Revoke,
    Move,
    Close,
    Forget,
    StopRenewing,
    Mischief,
}

/// How often each, relative to the others.
const ACTS: [(u64, Act); 19] = [
    (60, Act::Open),
    (450, Act::Acquire),
    (50, Act::AcquireMany),
    (20, Act::ReleaseByHold),
    (40, Act::SetValue),
    (25, Act::Renew),
    (25, Act::Downgrade),
    (60, Act::Upgrade),
    (50, Act::Cancel),
    (10, Act::CancelGranted),
    (90, Act::Ask),
    (10, Act::Watch),
    (5, Act::Unwatch),
    (12, Act::Revoke),
    (8, Act::Move),
    (10, Act::Close),
    (6, Act::Forget),
    (6, Act::StopRenewing),
    (50, Act::Mischief),
];

impl Plain {
    /// Does one thing more.
    pub(super) fn act(&mut self, turn: &mut Turn<'_, '_>) {
        if self.is_onlooker {
            return self.do_act(turn, Act::Watch);
        }
        if self.open_sessions().is_empty() {
            return self.open(turn);
        }
        let total: u64 = ACTS.iter().map(|(weight, _)| weight).sum();
        let mut at = self.random.below(total);
        for (weight, act) in ACTS {
            match at.checked_sub(weight) {
                Some(rest) => at = rest,
                None => return self.do_act(turn, act),
            }
        }
    }

    fn do_act(&mut self, turn: &mut Turn<'_, '_>, act: Act) {
        match act {
            Act::Open => self.open(turn),
            Act::Acquire => self.acquire(turn),
            Act::AcquireMany => self.acquire_many(turn),
            Act::ReleaseByHold => {
                if let Some((key, hold)) = self.pick_hold() {
                    self.release_by_hold(turn, key, hold.id);
                }
            }
            Act::SetValue => {
                let value = self.random.chance(700_000).then(|| value(&mut self.random));
                self.act_on_hold(turn, HoldAction::SetValue(value));
            }
            Act::Renew => self.renew(turn),
            Act::Downgrade => self.downgrade(turn),
            Act::Upgrade => self.upgrade(turn),
            Act::Cancel => {
                let asking = self.calls.iter().filter(|(_, call)| call.asks());
                let asking: Vec<CallNo> = asking.map(|(no, _)| *no).collect();
                if !asking.is_empty() {
                    let no = *self.random.pick(&asking);
                    self.abandon(turn, no);
                }
            }
            Act::CancelGranted => {
                // A re-entry on its way would be taken back with it.
                if let Some((key, hold)) = self.pick_hold()
                    && hold.count == 1
                    && !self.may_reenter(key)
                {
                    self.cancel_granted(turn, key, &hold);
                }
            }
            Act::Ask => self.ask(turn),
            Act::Watch => {
                if self.watches.len() < WATCHES_LEN_MAX {
                    let watched = self.draw_watched();
                    self.watch(turn, watched);
                }
            }
            Act::Unwatch => {
                if let Some((watch_id, _)) = self.watches.pop_first() {
                    self.call(turn, What::Unwatch { watch_id }, Purpose::Mischief, None);
                }
            }
            Act::Revoke => self.revoke(turn),
            Act::Move => self.hang_up(turn),
            Act::Close => {
                if let Some(key) = self.pick_session() {
                    self.close(turn, key);
                }
            }
            Act::Forget => {
                if let Some(key) = self.pick_session() {
                    self.lose_session(turn, key, LetCause::Closes);
                }
            }
            Act::StopRenewing => {
                let key = self.pick_session();
                if let Some(session) = key.and_then(|key| self.sessions.get_mut(&key)) {
                    session.kept_alive = false;
                }
            }
            Act::Mischief => self.do_mischief(turn),
        }
    }

    fn open_sessions(&self) -> Vec<SessionKey> {
        let open = self.sessions.iter().filter(|(_, session)| !session.closing);
        open.map(|(key, _)| *key).collect()
    }

    pub(super) fn pick_session(&mut self) -> Option<SessionKey> {
        let open = self.open_sessions();
        (!open.is_empty()).then(|| *self.random.pick(&open))
    }

    fn pick_hold(&mut self) -> Option<(SessionKey, Hold)> {
        let all = self.sessions.iter();
        let holds = all.flat_map(|(key, s)| s.holds.keys().map(move |token| (*key, *token)));
        let holds: Vec<(SessionKey, FencingToken)> = holds.collect();
        if holds.is_empty() {
            return None;
        }
        let (key, token) = *self.random.pick(&holds);
        Some((key, self.sessions.get(&key)?.holds.get(&token)?.clone()))
    }

    pub(super) fn draw_ttl_ms(&mut self) -> u64 {
        let (first, last) = self.habits.ttl_ms;
        self.random.between(first, last.max(first))
    }

    fn open(&mut self, turn: &mut Turn<'_, '_>) {
        let opening = |call: &Call| matches!(call.purpose, Purpose::Open { .. });
        let opening = self.calls.values().filter(|call| opening(call)).count();
        if self.sessions.len() + opening >= self.habits.sessions_max {
            return;
        }
        let ttl_ms = self.draw_ttl_ms();
        let Ok(ttl) = Ttl::from_ms(ttl_ms) else { return };
        let on_disconnect = match self.random.chance(250_000) {
            true => OnDisconnect::Release,
            false => OnDisconnect::Keep,
        };
        let owner = self.owner.clone();
        let open = OpenSession { key: Key(0), ttl, on_disconnect, owner };
        let what = What::Command(Command::OpenSession(open));
        self.call(turn, what, Purpose::Open { ttl_ms, on_disconnect }, None);
    }

    fn has_enough(&self) -> bool {
        let asking = self.calls.values().filter(|call| call.asks()).count();
        let holds: usize = self.sessions.values().map(|session| session.holds.len()).sum();
        asking >= ASKING_LEN_MAX || holds >= HOLDS_LEN_MAX
    }

    fn draw_if_held(&mut self) -> IfHeld {
        match self.random.below(10) {
            0..5 => IfHeld::Refuse,
            5..8 => IfHeld::Reenter,
            _ => IfHeld::Queue,
        }
    }

    fn draw_priority(&mut self) -> Priority {
        match self.random.below(10) {
            0..7 => Priority(0),
            _ => Priority(self.random.between(0, 4) as i8 - 2),
        }
    }

    pub(super) fn draw_acquire(&mut self) -> Acquire {
        let index = self.habits.lock(&mut self.random);
        Acquire {
            item: self.habits.item(&mut self.random, index),
            key: Key(0),
            wait: wait(&mut self.random),
            priority: self.draw_priority(),
            if_held: self.draw_if_held(),
            max_waiters: self.random.chance(100_000).then(|| self.random.below(4) as u32),
            terms: terms(&mut self.random),
        }
    }

    fn acquire(&mut self, turn: &mut Turn<'_, '_>) {
        if self.has_enough() {
            return;
        }
        let Some(key) = self.pick_session() else { return };
        let acquire = self.draw_acquire();
        self.ask_for(turn, key, Action::Acquire(acquire), Purpose::Acquire);
    }

    fn acquire_many(&mut self, turn: &mut Turn<'_, '_>) {
        if self.has_enough() {
            return;
        }
        let Some(key) = self.pick_session() else { return };
        let mut items: Vec<Item> = Vec::new();
        for _ in 0..self.random.between(1, 4) {
            let index = self.habits.lock(&mut self.random);
            let item = self.habits.item(&mut self.random, index);
            if items.iter().all(|other| other.name != item.name) {
                items.push(item);
            }
        }
        let many = AcquireMany {
            items,
            key: Key(0),
            wait: wait(&mut self.random),
            priority: self.draw_priority(),
            if_held: self.draw_if_held(),
            terms: terms(&mut self.random),
        };
        self.ask_for(turn, key, Action::AcquireMany(many), Purpose::Acquire);
    }

    /// Asks for a hold, and knows until when it waits.
    fn ask_for(
        &mut self,
        turn: &mut Turn<'_, '_>,
        key: SessionKey,
        mut action: Action,
        purpose: Purpose,
    ) {
        let waits_until = match wait_of(&mut action) {
            Some(Wait::ForMs(ms)) => Some(turn.now.plus(Duration::from_millis(*ms))),
            Some(Wait::Try) => Some(turn.now),
            _ => None,
        };
        let no = self.request(turn, key, action, purpose);
        if let Some(call) = no.and_then(|no| self.calls.get_mut(&no)) {
            call.waits_until = waits_until;
        }
    }

    /// Asks under a new number for what an earlier one waited for.
    pub(super) fn ask_anew(&mut self, turn: &mut Turn<'_, '_>, key: SessionKey, call: &Call) {
        let What::Command(Command::Request { action, .. }) = &call.what else { return };
        let mut action = action.clone();
        if let (Some(until), Some(wait)) = (call.waits_until, wait_of(&mut action)) {
            *wait = Wait::ForMs(until.since(turn.now).as_millis() as u64);
        }
        self.ask_for(turn, key, action, call.purpose.clone());
    }

    /// Gives a hold back, or one re-entry.
    pub(super) fn release(
        &mut self,
        turn: &mut Turn<'_, '_>,
        key: SessionKey,
        token: FencingToken,
    ) {
        let again_at = turn.now.plus(self.habits.hold_time(&mut self.random));
        let Some(id) = self.begin_release(turn, key, token, again_at) else { return };
        self.request(turn, key, Action::Hold(id, HoldAction::Release), Purpose::OnHold);
    }

    fn release_by_hold(&mut self, turn: &mut Turn<'_, '_>, key: SessionKey, id: HoldId) {
        let again_at = turn.now.plus(self.habits.hold_time(&mut self.random));
        if self.begin_release(turn, key, id.token, again_at).is_some() {
            let what = What::Command(Command::ByHold { hold: id, action: HoldAction::Release });
            self.call(turn, what, Purpose::Act, None);
        }
    }

    /// Gives a hold back that may be gone already.
    pub(super) fn give_up_hold(
        &mut self,
        turn: &mut Turn<'_, '_>,
        key: SessionKey,
        token: FencingToken,
    ) {
        let hold = self.sessions.get(&key).and_then(|session| session.holds.get(&token));
        let Some(id) = hold.map(|hold| hold.id) else { return };
        self.let_go(turn, key, token, LetCause::Releases);
        self.request(turn, key, Action::Hold(id, HoldAction::Release), Purpose::OnHold);
    }

    /// The last release of a hold ends the belief in it, before it is even sent.
    fn begin_release(
        &mut self,
        turn: &mut Turn<'_, '_>,
        key: SessionKey,
        token: FencingToken,
        again_at: LocalTime,
    ) -> Option<HoldId> {
        let hold = self.sessions.get_mut(&key)?.holds.get_mut(&token)?;
        let id = hold.id;
        hold.count -= 1;
        hold.release_at = again_at;
        if hold.count == 0 {
            self.let_go(turn, key, token, LetCause::Releases);
        }
        Some(id)
    }

    fn cancel_granted(&mut self, turn: &mut Turn<'_, '_>, key: SessionKey, hold: &Hold) {
        // The request may have granted several: all of them go.
        let Some(session) = self.sessions.get(&key) else { return };
        let of_request = session.holds.values().filter(|other| other.seq == hold.seq);
        for token in of_request.map(|hold| hold.id.token).collect::<Vec<_>>() {
            self.let_go(turn, key, token, LetCause::Releases);
        }
        self.cancel(turn, key, hold.seq);
    }

    /// Acts on one of its holds, in its session or by the hold id alone.
    fn act_on_hold(&mut self, turn: &mut Turn<'_, '_>, action: HoldAction) {
        let Some((key, hold)) = self.pick_hold() else { return };
        if self.random.chance(700_000) {
            self.request(turn, key, Action::Hold(hold.id, action), Purpose::OnHold);
        } else {
            let what = What::Command(Command::ByHold { hold: hold.id, action });
            self.call(turn, what, Purpose::Act, None);
        }
    }

    fn renew(&mut self, turn: &mut Turn<'_, '_>) {
        // Longer as a rule; a shorter one is refused.
        let ttl = self.random.chance(400_000).then(|| self.draw_ttl_ms());
        self.act_on_hold(turn, HoldAction::Renew(ttl.and_then(|ms| Ttl::from_ms(ms).ok())));
    }

    fn downgrade(&mut self, turn: &mut Turn<'_, '_>) {
        let Some((key, hold)) = self.pick_hold() else { return };
        // From here on it may be shared.
        let Some(session) = self.sessions.get_mut(&key) else { return };
        let mode = as_downgraded(hold.mode);
        if mode != hold.mode
            && let Some(hold) = session.holds.get_mut(&hold.id.token)
        {
            hold.mode = mode;
            let hold = hold.clone();
            if let Some(session) = self.sessions.get(&key) {
                (turn.tell)(Fact::Holds(self.held(session, &hold)));
            }
        }
        if self.random.chance(300_000) {
            let action = HoldAction::Downgrade;
            let what = What::Command(Command::ByHold { hold: hold.id, action });
            self.call(turn, what, Purpose::Act, None);
        } else {
            let action = Action::Hold(hold.id, HoldAction::Downgrade);
            self.request(turn, key, action, Purpose::OnHold);
        }
    }

    fn upgrade(&mut self, turn: &mut Turn<'_, '_>) {
        let Some((key, hold)) = self.pick_hold() else { return };
        let wait = wait(&mut self.random);
        let action = Action::Upgrade { hold: hold.id, key: Key(0), wait };
        let purpose = Purpose::Upgrade(hold.id.token);
        self.ask_for(turn, key, action, purpose);
    }

    fn ask(&mut self, turn: &mut Turn<'_, '_>) {
        let index = self.habits.lock(&mut self.random);
        let name = self.habits.name(index);
        let query = match self.random.below(10) {
            0..4 => Query::GetLock { name, waiters_max: self.random.below(5) as usize },
            4..6 => Query::ListLocks {
                prefix: self.random.pick(&["", "a/", "b/"]).to_string(),
                after: String::new(),
                len_max: self.random.between(1, 10) as usize,
            },
            6 => match self.sessions.values().next().filter(|_| index % 2 == 1) {
                Some(own) => Query::GetSession { session: own.handle, after: FencingToken(0) },
                None => Query::ListSessions { after: SessionId(0), len_max: 5 },
            },
            7..9 => {
                let name = self.random.chance(500_000).then_some(name);
                Query::GetHistory { name, len_max: 3 }
            }
            _ => match self.past.tokens.back().cloned() {
                Some((name, token)) => Query::Verify { name, token },
                None => Query::Verify { name, token: FencingToken(1) },
            },
        };
        match self.random.chance(20_000) {
            true => self.call(turn, What::ServerInfo, Purpose::Ask, None),
            false => self.call(turn, What::Query(query), Purpose::Ask, None),
        };
    }

    fn draw_watched(&mut self) -> Watched {
        match self.random.below(3) {
            0 => Watched::Prefix(self.random.pick(&["", "a/", "b/1"]).to_string()),
            _ => {
                let index = self.habits.lock(&mut self.random);
                Watched::Name(self.habits.name(index))
            }
        }
    }

    pub(super) fn watch(&mut self, turn: &mut Turn<'_, '_>, watched: Watched) {
        let no = self.call(turn, What::Watch(watched.clone()), Purpose::Watch, None);
        self.watches.insert(no, watched);
    }

    /// As an operator does it.
    fn revoke(&mut self, turn: &mut Turn<'_, '_>) {
        let index = self.habits.lock(&mut self.random);
        let target = match self.past.tokens.back() {
            Some((name, token)) if self.random.chance(600_000) => {
                RevokeTarget::Hold(name.clone(), *token)
            }
            _ => RevokeTarget::Lock(self.habits.name(index)),
        };
        let wait_for_deadline = self.random.chance(500_000);
        let by: Arc<str> = Arc::from(self.owner.host.as_str());
        let what = What::Command(Command::Revoke { target, wait_for_deadline, by });
        self.call(turn, what, Purpose::Act, None);
    }

    pub(super) fn close(&mut self, turn: &mut Turn<'_, '_>, key: SessionKey) {
        let Some(session) = self.sessions.get_mut(&key).filter(|session| !session.closing) else {
            return;
        };
        session.closing = true;
        let handle = session.handle;
        for token in session.holds.keys().copied().collect::<Vec<FencingToken>>() {
            self.let_go(turn, key, token, LetCause::Closes);
        }
        // What it still asks for ends with it.
        let asking = |call: &Call| call.session == Some(key) && call.asks();
        let asking = self.calls.iter().filter(|(_, call)| asking(call)).map(|(no, _)| *no);
        for no in asking.collect::<Vec<CallNo>>() {
            self.calls.remove(&no);
            (turn.tell)(Fact::GaveUp { client: self.no, call: no });
        }
        let close = Command::CloseSession { session: handle, cause: SessionClose::Asked };
        self.call(turn, What::Command(close), Purpose::Close, Some(key));
    }

    /// Opens another connection, over which requests are doubled; or leaves it.
    pub(super) fn toggle_second(&mut self, turn: &mut Turn<'_, '_>) {
        if let Some(connection) = self.second.take() {
            self.answering.remove(&connection);
            turn.out.push(ClientOutput::Hangup(connection));
            return;
        }
        let connection = self.next_number();
        let member = self.random.below(self.members);
        self.second = Some(connection);
        turn.out.push(ClientOutput::Connect { connection, member });
    }

    /// Calls that were sent and not answered, and are the same however often they come.
    pub(super) fn repeatable(&self) -> Vec<CallNo> {
        let sent = self.calls.iter().filter(|(_, call)| call.state == State::Sent);
        sent.filter(|(_, call)| call.seq.0 != 0).map(|(no, _)| *no).collect()
    }
}
