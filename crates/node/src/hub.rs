//! Who is connected here, which sessions they speak for, and what they watch.
//!
//! None of this is replicated: it is about connections, and dies with them.

use std::collections::{BTreeMap, BTreeSet};

use bramah_core::mutant::{self, Mutant};
use bramah_core::{LockName, SessionHandle, SessionId};
use bramah_wire::request::Watched;

/// A connection of a client, numbered by whoever accepts it in rising order; a number is never used
/// again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientId(pub u64);

/// A watch: whose it is, and the id of the request that started it.
pub(crate) type WatchId = (ClientId, u64);

#[derive(Debug, Default)]
struct Client {
    sessions: BTreeMap<SessionId, SessionHandle>,
    watches: BTreeMap<u64, Watched>,
}

/// The connections of this node.
#[derive(Debug, Default)]
pub(crate) struct Hub {
    clients: BTreeMap<ClientId, Client>,
    attached: BTreeMap<SessionId, ClientId>,
    by_name: BTreeMap<LockName, BTreeSet<WatchId>>,
    by_prefix: BTreeMap<String, BTreeSet<WatchId>>,
    /// How many different prefixes have this many bytes: only these need to be looked up.
    prefix_bytes: BTreeMap<usize, usize>,
    watchers: usize,
}

impl Hub {
    pub(crate) fn connect(&mut self, client: ClientId) {
        self.clients.entry(client).or_default();
    }

    pub(crate) fn clients(&self) -> Vec<ClientId> {
        self.clients.keys().copied().collect()
    }

    /// The sessions that are attached to a connection.
    pub(crate) fn attached(&self) -> Vec<SessionHandle> {
        let clients = self.clients.values();
        clients.flat_map(|client| client.sessions.values().copied()).collect()
    }

    pub(crate) fn is_connected(&self, client: ClientId) -> bool {
        self.clients.contains_key(&client)
    }

    /// Forgets a connection and gives back the sessions that were attached to it.
    pub(crate) fn disconnect(&mut self, client: ClientId) -> Vec<SessionHandle> {
        for id in self.watches_of(client) {
            self.unwatch((client, id));
        }
        let sessions =
            self.clients.remove(&client).map(|client| client.sessions).unwrap_or_default();
        for id in sessions.keys() {
            self.attached.remove(id);
        }
        sessions.into_values().collect()
    }

    /// The session's news go to this connection from now on, and to no other; unless they go to one
    /// that was accepted later: what comes over the old one has been on the way for long, and its
    /// client listens there no more.
    pub(crate) fn attach(&mut self, client: ClientId, session: SessionHandle) {
        let Some(state) = self.clients.get_mut(&client) else { return };
        let current = self.attached.get(&session.id).copied();
        if mutant::is_on(Mutant::NewsToOldConnection) && current.is_some() {
            return;
        }
        if current.is_some_and(|current| current > client) {
            return;
        }
        state.sessions.insert(session.id, session);
        let before = self.attached.insert(session.id, client);
        if let Some(before) = before.filter(|before| *before != client)
            && let Some(state) = self.clients.get_mut(&before)
        {
            state.sessions.remove(&session.id);
        }
    }

    pub(crate) fn detach(&mut self, session: SessionId) {
        if let Some(client) = self.attached.remove(&session)
            && let Some(client) = self.clients.get_mut(&client)
        {
            client.sessions.remove(&session);
        }
    }

    /// The connection that a session is attached to.
    pub(crate) fn client_of(&self, session: SessionId) -> Option<ClientId> {
        self.attached.get(&session).copied()
    }

    pub(crate) fn watchers(&self) -> usize {
        self.watchers
    }

    pub(crate) fn watch(&mut self, id: WatchId, what: Watched) {
        self.unwatch(id);
        let Some(client) = self.clients.get_mut(&id.0) else { return };
        client.watches.insert(id.1, what.clone());
        self.watchers += 1;
        match what {
            Watched::Name(name) => {
                self.by_name.entry(name).or_default().insert(id);
            }
            Watched::Prefix(prefix) => {
                let bytes = prefix.len();
                let watches = self.by_prefix.entry(prefix).or_default();
                if watches.is_empty() {
                    *self.prefix_bytes.entry(bytes).or_default() += 1;
                }
                watches.insert(id);
            }
        }
    }

    /// Ends a watch; tells whether there was one.
    pub(crate) fn unwatch(&mut self, id: WatchId) -> bool {
        let client = self.clients.get_mut(&id.0);
        let Some(what) = client.and_then(|client| client.watches.remove(&id.1)) else {
            return false;
        };
        self.watchers -= 1;
        match what {
            Watched::Name(name) => {
                if let Some(watches) = self.by_name.get_mut(&name) {
                    watches.remove(&id);
                    if watches.is_empty() {
                        self.by_name.remove(&name);
                    }
                }
            }
            Watched::Prefix(prefix) => {
                let Some(watches) = self.by_prefix.get_mut(&prefix) else { return true };
                watches.remove(&id);
                if watches.is_empty() {
                    self.by_prefix.remove(&prefix);
                    if let Some(count) = self.prefix_bytes.get_mut(&prefix.len()) {
                        *count -= 1;
                        if *count == 0 {
                            self.prefix_bytes.remove(&prefix.len());
                        }
                    }
                }
            }
        }
        true
    }

    /// The ids of a connection's watches.
    pub(crate) fn watches_of(&self, client: ClientId) -> Vec<u64> {
        self.clients.get(&client).map(|c| c.watches.keys().copied().collect()).unwrap_or_default()
    }

    /// Who watches this lock.
    pub(crate) fn watching(&self, name: &LockName) -> Vec<WatchId> {
        let mut found: Vec<WatchId> =
            self.by_name.get(name).into_iter().flatten().copied().collect();
        let text = name.as_str();
        for bytes in self.prefix_bytes.keys() {
            if let Some(watches) = text.get(..*bytes).and_then(|prefix| self.by_prefix.get(prefix))
            {
                found.extend(watches);
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bramah_core::Key;

    const ALICE: ClientId = ClientId(1);
    const BOB: ClientId = ClientId(2);

    fn session(id: u64) -> SessionHandle {
        SessionHandle { id: SessionId(id), key: Key(7) }
    }

    fn name(text: &str) -> LockName {
        LockName::new(text).expect("a valid name")
    }

    fn hub() -> Hub {
        let mut hub = Hub::default();
        hub.connect(ALICE);
        hub.connect(BOB);
        hub
    }

    #[test]
    fn an_attach_that_was_long_on_its_way_does_not_bring_a_session_back_to_the_old_connection() {
        let mut hub = hub();
        hub.attach(BOB, session(5));
        hub.attach(ALICE, session(5));
        assert_eq!(hub.client_of(SessionId(5)), Some(BOB));
        assert_eq!(hub.disconnect(ALICE), []);
        assert_eq!(hub.disconnect(BOB), [session(5)]);
    }

    #[test]
    fn a_session_follows_its_client_to_a_new_connection() {
        let mut hub = hub();
        hub.attach(ALICE, session(5));
        hub.attach(BOB, session(5));
        assert_eq!(hub.client_of(SessionId(5)), Some(BOB));
        assert_eq!(hub.disconnect(ALICE), []);
        assert_eq!(hub.client_of(SessionId(5)), Some(BOB));
        assert_eq!(hub.disconnect(BOB), [session(5)]);
        assert_eq!(hub.client_of(SessionId(5)), None);
    }

    #[test]
    fn a_watch_sees_its_name_or_its_prefix_and_nothing_else() {
        let mut hub = hub();
        hub.watch((ALICE, 1), Watched::Name(name("a/b")));
        hub.watch((ALICE, 2), Watched::Prefix("a/".into()));
        hub.watch((BOB, 1), Watched::Prefix("".into()));
        assert_eq!(hub.watching(&name("a/b")), [(ALICE, 1), (BOB, 1), (ALICE, 2)]);
        assert_eq!(hub.watching(&name("a/c")), [(BOB, 1), (ALICE, 2)]);
        assert_eq!(hub.watching(&name("b")), [(BOB, 1)]);
        assert!(hub.unwatch((ALICE, 2)));
        assert!(!hub.unwatch((ALICE, 2)));
        assert_eq!(hub.watching(&name("a/c")), [(BOB, 1)]);
        hub.disconnect(ALICE);
        hub.disconnect(BOB);
        assert_eq!((hub.watchers(), hub.watching(&name("a/b"))), (0, vec![]));
        assert!(hub.by_name.is_empty() && hub.by_prefix.is_empty() && hub.prefix_bytes.is_empty());
    }

    #[test]
    fn a_prefix_that_ends_inside_a_character_matches_nothing() {
        let mut hub = hub();
        hub.watch((ALICE, 1), Watched::Prefix("a".into()));
        assert_eq!(hub.watching(&name("\u{e4}")), []);
    }
}
