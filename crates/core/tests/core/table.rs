//! A table to play scenarios on: sessions go by short names, and answers and news are read as text.

use std::collections::BTreeMap;
use std::sync::Arc;

use bramah_core::facts::{Fact, Restore};
use bramah_core::{
    Action, Command, Event, FencingToken, HoldAction, HoldId, Key, LockName, LockView,
    OnDisconnect, OpenSession, Outcome, Owner, RequestRef, RequestSeq, RevokeTarget, SessionClose,
    SessionHandle, SessionId, State, Time, Ttl, Value, Verdict, Wait,
};

use crate::ask::{Ask, Many};
use crate::text;

/// The time to live of every session that [`Table::open`] opens, in milliseconds.
pub(crate) const TTL_MS: u64 = 10_000;

pub(crate) struct Table {
    pub(crate) state: State,
    pub(crate) now: Time,
    /// The last answer, for what its text leaves out.
    pub(crate) outcome: Outcome,
    pub(crate) names: BTreeMap<SessionId, String>,
    clients: BTreeMap<String, Client>,
    news: Vec<Event>,
    last_key: u64,
    /// Restores the table from its facts after every command, and goes on with the copy.
    restores: bool,
}

struct Client {
    handle: SessionHandle,
    last_seq: u64,
    answered_below: u64,
}

impl Table {
    /// An empty table that is rebuilt from a snapshot after every command.
    pub(crate) fn new() -> Table {
        Table { restores: true, ..Table::large() }
    }

    /// An empty table for scenarios too large to be rebuilt after every command.
    pub(crate) fn large() -> Table {
        Table {
            state: State::new(0),
            now: Time(0),
            outcome: Outcome::ValueSet,
            names: BTreeMap::new(),
            clients: BTreeMap::new(),
            news: Vec::new(),
            last_key: 0,
            restores: false,
        }
    }

    /// An empty table with these sessions open.
    pub(crate) fn with<const N: usize>(sessions: [&str; N]) -> Table {
        let mut table = Table::new();
        for session in sessions {
            table.open(session);
        }
        table
    }

    /// Lets time pass until `ms`.
    pub(crate) fn at(&mut self, ms: u64) -> &mut Table {
        self.now = Time(ms);
        self.state.advance(self.now, &mut self.news);
        self.restore();
        self
    }

    pub(crate) fn apply(&mut self, command: Command) -> String {
        self.outcome = self.state.apply(self.now, command, &mut self.news);
        self.restore();
        text::outcome(self, &self.outcome)
    }

    /// What happened since this was asked last.
    pub(crate) fn news(&mut self) -> Vec<String> {
        let news = std::mem::take(&mut self.news);
        news.iter().map(|event| text::happening(self, &event.what)).collect()
    }

    pub(crate) fn events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.news)
    }

    pub(crate) fn open(&mut self, session: &str) -> String {
        self.open_with(session, |_| {})
    }

    pub(crate) fn open_with(
        &mut self,
        session: &str,
        change: impl FnOnce(&mut OpenSession),
    ) -> String {
        let owner = Owner { host: session.to_owned(), ..Owner::default() };
        let mut open = OpenSession {
            key: self.key(),
            ttl: Ttl::from_ms(TTL_MS).unwrap(),
            on_disconnect: OnDisconnect::Keep,
            owner: Arc::new(owner),
        };
        change(&mut open);
        let text = self.apply(Command::OpenSession(open));
        if let Outcome::SessionOpened { session: handle, .. } = self.outcome {
            self.names.insert(handle.id, session.to_owned());
            let client = Client { handle, last_seq: 0, answered_below: 0 };
            self.clients.insert(session.to_owned(), client);
        }
        text
    }

    pub(crate) fn renew(&mut self, session: &str) -> String {
        let handle = self.handle(session);
        self.apply(Command::Renew(vec![handle]))
    }

    pub(crate) fn close(&mut self, session: &str) -> String {
        let session = self.handle(session);
        self.apply(Command::CloseSession { session, cause: SessionClose::Asked })
    }

    pub(crate) fn disconnect(&mut self, session: &str) -> String {
        let session = self.handle(session);
        self.apply(Command::CloseSession { session, cause: SessionClose::Disconnected })
    }

    /// The session's next request.
    pub(crate) fn request(&mut self, session: &str, action: Action) -> String {
        let next = self.seq(session) + 1;
        self.repeat(session, next, action)
    }

    /// The session's request of that number, be it new or not.
    pub(crate) fn repeat(&mut self, session: &str, seq: u64, action: Action) -> String {
        let client = self.clients.get_mut(session).unwrap();
        client.last_seq = client.last_seq.max(seq);
        let answered_below = RequestSeq(client.answered_below.min(seq));
        let session = client.handle;
        let request = RequestRef { seq: RequestSeq(seq), answered_below };
        self.apply(Command::Request { session, request, action })
    }

    /// From its next request on, the session says that it has all answers below `seq`.
    pub(crate) fn acknowledge_below(&mut self, session: &str, seq: u64) {
        self.clients.get_mut(session).unwrap().answered_below = seq;
    }

    pub(crate) fn acquire(&mut self, session: &str, ask: impl Into<Ask>) -> String {
        let action = self.asking(ask);
        self.request(session, action)
    }

    pub(crate) fn try_acquire(&mut self, session: &str, ask: impl Into<Ask>) -> String {
        self.acquire(session, ask.into().try_once())
    }

    pub(crate) fn acquire_many(&mut self, session: &str, many: impl Into<Many>) -> String {
        let key = self.key();
        self.request(session, Action::AcquireMany(many.into().with_key(key)))
    }

    /// The action of asking for a lock, to be requested and repeated.
    pub(crate) fn asking(&mut self, ask: impl Into<Ask>) -> Action {
        let key = self.key();
        Action::Acquire(ask.into().with_key(key))
    }

    pub(crate) fn upgrade(&mut self, session: &str, name: &str, wait: Wait) -> String {
        let (hold, key) = (self.hold(session, name), self.key());
        self.request(session, Action::Upgrade { hold, key, wait })
    }

    pub(crate) fn cancel(&mut self, session: &str, seq: u64) -> String {
        self.request(session, Action::Cancel { seq: RequestSeq(seq) })
    }

    pub(crate) fn act(&mut self, session: &str, hold: HoldId, action: HoldAction) -> String {
        self.request(session, Action::Hold(hold, action))
    }

    pub(crate) fn release(&mut self, session: &str, name: &str) -> String {
        let hold = self.hold(session, name);
        self.act(session, hold, HoldAction::Release)
    }

    pub(crate) fn downgrade(&mut self, session: &str, name: &str) -> String {
        let hold = self.hold(session, name);
        self.act(session, hold, HoldAction::Downgrade)
    }

    pub(crate) fn set_value(&mut self, session: &str, name: &str, bytes: &str) -> String {
        let hold = self.hold(session, name);
        self.act(session, hold, HoldAction::SetValue(Some(value(bytes))))
    }

    pub(crate) fn by_hold(&mut self, hold: HoldId, action: HoldAction) -> String {
        self.apply(Command::ByHold { hold, action })
    }

    pub(crate) fn revoke(&mut self, name: &str) -> String {
        let target = RevokeTarget::Lock(lock_name(name));
        self.apply(Command::Revoke { target, wait_for_deadline: false, by: "ops".into() })
    }

    pub(crate) fn revoke_after_deadline(&mut self, name: &str) -> String {
        let target = RevokeTarget::Lock(lock_name(name));
        self.apply(Command::Revoke { target, wait_for_deadline: true, by: "ops".into() })
    }

    pub(crate) fn revoke_hold(&mut self, name: &str, token: u64) -> String {
        let target = RevokeTarget::Hold(lock_name(name), FencingToken(token));
        self.apply(Command::Revoke { target, wait_for_deadline: false, by: "ops".into() })
    }

    pub(crate) fn handle(&self, session: &str) -> SessionHandle {
        self.clients[session].handle
    }

    /// The number of the session's last request.
    pub(crate) fn seq(&self, session: &str) -> u64 {
        self.clients[session].last_seq
    }

    /// The session's first hold of that lock.
    pub(crate) fn hold(&self, session: &str, name: &str) -> HoldId {
        let grants = self.state.session_grants(self.handle(session)).unwrap().holds;
        grants.iter().find(|grant| grant.name.as_str() == name).expect("it holds the lock").hold
    }

    pub(crate) fn view(&self, name: &str) -> LockView {
        self.state.lock_view(&lock_name(name), usize::MAX).expect("the lock is in use")
    }

    /// Nobody holds it, nobody waits, it does not rest, and nothing is left of it.
    pub(crate) fn is_gone(&self, name: &str) -> bool {
        self.state.lock_view(&lock_name(name), 0).is_none()
    }

    /// Who holds it, in the order of grant, joined by spaces.
    pub(crate) fn holders(&self, name: &str) -> String {
        let view = self.state.lock_view(&lock_name(name), 0);
        let holders = view.into_iter().flat_map(|view| view.holders);
        holders.map(|holder| self.name_of(holder.session)).collect::<Vec<_>>().join(" ")
    }

    /// Who waits for it, in order, joined by spaces.
    pub(crate) fn waiters(&self, name: &str) -> String {
        let view = self.state.lock_view(&lock_name(name), usize::MAX);
        let waiters = view.into_iter().flat_map(|view| view.waiters);
        waiters.map(|waiter| self.name_of(waiter.session)).collect::<Vec<_>>().join(" ")
    }

    pub(crate) fn verify(&self, name: &str, token: u64) -> Verdict {
        self.state.verify(&lock_name(name), FencingToken(token))
    }

    pub(crate) fn name_of(&self, id: SessionId) -> String {
        self.names.get(&id).cloned().unwrap_or_else(|| format!("session {id}"))
    }

    pub(crate) fn facts(&self) -> Vec<Fact> {
        self.state.facts().collect()
    }

    /// Goes on with a table made of these facts.
    pub(crate) fn replace(&mut self, facts: Vec<Fact>) {
        self.state = restored(facts).expect("facts agree");
    }

    /// Goes on with a table made of its own facts.
    pub(crate) fn reload(&mut self) {
        self.replace(self.facts());
    }

    fn restore(&mut self) {
        if self.restores {
            let copy = restored(self.facts()).expect("facts agree");
            assert_eq!(copy, self.state, "a table built from facts is the table they are of");
            self.state = copy;
        }
    }

    fn key(&mut self) -> Key {
        self.last_key += 1;
        Key(self.last_key)
    }
}

pub(crate) fn restored(facts: Vec<Fact>) -> Result<State, String> {
    let mut restore = Restore::default();
    for fact in facts {
        restore.push(fact).map_err(|contradiction| contradiction.to_string())?;
    }
    restore.finish().map_err(|contradiction| contradiction.to_string())
}

pub(crate) fn lock_name(name: &str) -> LockName {
    LockName::new(name).unwrap()
}

pub(crate) fn value(text: &str) -> Value {
    Value::new(text.as_bytes()).unwrap()
}
