//! What only looks at the table, and who hears of its changes.

use std::sync::Arc;

use bramah_core::mutant::{self, Mutant};
use bramah_core::{
    EndReason, Event, FencingToken, Happening, LockName, LockView, Outcome, Refusal, SessionHandle,
    SessionId, State, WaitEnd,
};
use bramah_wire::event::changes;
use bramah_wire::request::{LIST_LEN_MAX, Query, Watched};

use crate::hub::{ClientId, Hub, WatchId};
use crate::missed::missed;
use crate::node::{Node, Output};
use crate::reply::{Info, Listing, Notice, Reply, Unavailable};

/// Most watches of all connections together.
pub(crate) const WATCHES_LEN_MAX: usize = 100_000;
/// Orders of one step past which the watches of whatever changes next are ended, rather than told
/// of it: many changes times many watches would else fill the memory before anybody reads.
pub(crate) const WATCHED_OUT_LEN_MAX: usize = 131_072;
/// Waiters that are named in listings and changes.
const WAITERS_LEN_SHORT: usize = 10;

impl Node {
    /// Brings a session to this connection.
    pub(crate) fn attach(
        &mut self,
        client: ClientId,
        session: SessionHandle,
    ) -> Result<(), Refusal> {
        self.state.session_deadline(session)?;
        self.hub.attach(client, session);
        Ok(())
    }

    /// Names the holds of a session above the token `after`.
    pub(crate) fn attached(&self, session: SessionHandle, after: FencingToken) -> Reply {
        match self.state.session_grants(session) {
            Ok(mut session) => {
                if mutant::is_on(Mutant::AttachTellsNoHolds) {
                    session.holds.clear();
                }
                Reply::Attached { session, after }
            }
            Err(refusal) => Reply::Outcome(Outcome::Refused(refusal)),
        }
    }

    /// What the table of this node says, whoever leads: it may be behind.
    #[must_use]
    pub fn look(&self, query: &Query) -> Reply {
        let state = &self.state;
        match query {
            Query::GetLock { name, waiters_max } => {
                let view = state.lock_view(name, *waiters_max).map(Box::new);
                Reply::Lock { name: name.clone(), view }
            }
            Query::ListLocks { prefix, after, len_max } => {
                let after = Some(after.as_str()).filter(|after| !after.is_empty());
                let locks = state.lock_views(prefix, after, WAITERS_LEN_SHORT);
                Reply::Locks(self.listing(locks, *len_max))
            }
            Query::ListSessions { after, len_max } => {
                Reply::Sessions(self.listing(state.session_views(*after), *len_max))
            }
            Query::GetSession { session, after } => match state.session_grants(*session) {
                Ok(session) => Reply::Session { session, after: *after },
                Err(refusal) => Reply::Outcome(Outcome::Refused(refusal)),
            },
            Query::GetHistory { name, len_max } => {
                Reply::History(self.listing(state.ended(name.as_ref()).cloned(), *len_max))
            }
            Query::Verify { name, token } => Reply::Verdict(state.verify(name, *token)),
        }
    }

    pub(crate) fn watch(&mut self, client: ClientId, id: u64, what: Watched) -> Reply {
        if self.hub.watchers() >= WATCHES_LEN_MAX {
            return Reply::Unavailable(Unavailable::TooManyWatches);
        }
        let state = &self.state;
        let locks = match &what {
            Watched::Name(name) => {
                let view = state.lock_view(name, WAITERS_LEN_SHORT);
                self.listing(view.into_iter(), LIST_LEN_MAX)
            }
            Watched::Prefix(prefix) => {
                self.listing(state.lock_views(prefix, None, WAITERS_LEN_SHORT), LIST_LEN_MAX)
            }
        };
        self.hub.watch((client, id), what);
        Reply::WatchStarted(locks)
    }

    fn listing<T>(&self, all: impl Iterator<Item = T>, len_max: usize) -> Listing<T> {
        let revision = self.state.counters().revision;
        Listing { revision, items: all.take(len_max + 1).collect(), len_max }
    }

    pub(crate) fn drop_watches(&mut self, client: ClientId, out: &mut Vec<Output>) {
        for watch_id in self.hub.watches_of(client) {
            self.hub.drop_watch((client, watch_id), &self.state, out);
        }
    }

    /// A snapshot came in place of entries, and with it the news of all of them.
    pub(crate) fn tell_what_was_missed(&mut self, before: &State, out: &mut Vec<Output>) {
        if self.hub.watchers() > 0 && !mutant::is_on(Mutant::InstallKeepsWatches) {
            for client in self.hub.clients() {
                self.drop_watches(client, out);
            }
        }
        let attached = self.hub.attached();
        if mutant::is_on(Mutant::InstallTellsNothing) {
            return;
        }
        if !attached.is_empty() {
            let news = missed(before, &self.state, &attached);
            for event in news {
                self.hub.publish(&self.state, event, None, out);
            }
        }
    }

    pub(crate) fn info(&self) -> Info {
        let counters = self.state.counters();
        Info {
            node_id: self.membership.node_id,
            cluster_id: self.membership.cluster_id,
            durable: self.durable,
            sizes: self.state.sizes(),
            revision: counters.revision,
            last_token: counters.last_token.0,
        }
    }
}

impl Hub {
    /// Ends a watch whose reader has to be told that it missed something.
    fn drop_watch(&mut self, (client, watch_id): WatchId, state: &State, out: &mut Vec<Output>) {
        self.unwatch((client, watch_id));
        let notice = Notice::WatchLagged { watch_id, revision: state.counters().revision };
        out.push(Output::Notice { client, now: state.now(), notice });
    }

    /// Tells an event to the connection of its session, unless it was this connection that asked
    /// for it, and to whoever watches its locks.
    pub(crate) fn publish(
        &mut self,
        state: &State,
        event: Event,
        by: Option<ClientId>,
        out: &mut Vec<Output>,
    ) {
        let now = state.now();
        if self.watchers() > 0 {
            let mut shared = None;
            for change in changes(&event) {
                let watching = self.watching(change.name);
                if watching.is_empty() {
                    continue;
                }
                if out.len() >= WATCHED_OUT_LEN_MAX {
                    for watch in watching {
                        self.drop_watch(watch, state, out);
                    }
                    continue;
                }
                let event = shared.get_or_insert_with(|| Arc::new(event.clone()));
                let lock = Arc::new(view_after(state, change.name));
                let lost = usize::from(mutant::is_on(Mutant::WatchNoticeLost));
                for (client, watch_id) in watching.into_iter().skip(lost) {
                    let (event, lock) = (event.clone(), lock.clone());
                    let notice = Notice::Change { watch_id, event, lock };
                    out.push(Output::Notice { client, now, notice });
                }
            }
        }
        let Some((session, own)) = concerns(&event.what) else { return };
        let ended = matches!(event.what, Happening::SessionEnded { .. });
        if let Some(client) = self.client_of(session)
            && !(own && by == Some(client))
        {
            out.push(Output::Notice { client, now, notice: Notice::Session(event) });
        }
        if ended {
            self.detach(session);
        }
    }
}

/// The session that must hear of this, and whether it may be what its own client has just asked for
/// and is answered with.
fn concerns(what: &Happening) -> Option<(SessionId, bool)> {
    match what {
        Happening::Granted { session, waited: true, .. } => Some((*session, false)),
        Happening::HoldEnded { session, reason, .. } => Some((
            *session,
            matches!(
                reason,
                EndReason::Released
                    | EndReason::SessionClosed
                    | EndReason::Upgraded
                    | EndReason::Cancelled
            ),
        )),
        Happening::WaitEnded { session, reason, .. } => {
            Some((*session, matches!(reason, WaitEnd::Cancelled | WaitEnd::SessionEnded)))
        }
        Happening::SessionEnded { session, reason } => {
            Some((*session, *reason == EndReason::SessionClosed))
        }
        Happening::Granted { waited: false, .. }
        | Happening::Queued { .. }
        | Happening::ValueSet { .. }
        | Happening::Downgraded { .. } => None,
    }
}

/// The lock as it is now, also if nobody holds or waits any more.
fn view_after(state: &State, name: &LockName) -> LockView {
    state.lock_view(name, WAITERS_LEN_SHORT).unwrap_or_else(|| LockView {
        name: name.clone(),
        limit: None,
        holders: Vec::new(),
        waiters: Vec::new(),
        holders_total: 0,
        waiters_total: 0,
        rests_until: None,
    })
}
