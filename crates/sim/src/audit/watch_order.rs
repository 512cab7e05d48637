//! Watch order: a watch tells the locks as they were at one revision, then every change behind it
//! in order and without a gap, each with the lock as it was after it, until it ends or is said to
//! have lost something. And what a session's client is told of its own holds and waits is what
//! happened.

use std::collections::BTreeMap;

use bramah_core::LockView;
use bramah_node::{Notice, Reply};
use bramah_wire::event::changes;
use bramah_wire::request::{Watched, What};

use super::calls::Call;
use super::reference::{Change, Reference};
use super::report::{Promise, Report};
use crate::fact::{ClientNo, ConnectionNo};
use crate::time::SimTime;

/// A watch: whose, over which connection, and its id there.
type WatchKey = (ClientNo, ConnectionNo, u64);

#[derive(Debug)]
struct Watch {
    what: Watched,
    /// The last change that it was told, and how many of its locks.
    told: (u64, usize),
}

/// Every watch that has begun.
#[derive(Debug, Default)]
pub(crate) struct WatchOrder {
    watches: BTreeMap<WatchKey, Watch>,
    /// Of each connection, when the last question was asked that was answered over it. The member
    /// had applied by then what was committed when it was asked, and its news come before.
    heard: BTreeMap<(ClientNo, ConnectionNo), SimTime>,
}

impl WatchOrder {
    /// A call was answered, perhaps with the beginning or the end of a watch.
    pub(crate) fn returned(&mut self, call: &Call, member: u64, reply: &Reply) {
        let sent = call.sent.iter().rev().find(|sending| sending.member == member);
        let Some(sent) = sent else { return };
        match (&call.what, reply) {
            (What::Watch(what), Reply::WatchStarted(listing)) => {
                let watch = Watch { what: what.clone(), told: (listing.revision, usize::MAX) };
                self.watches.insert((call.client, sent.connection, sent.id), watch);
            }
            (What::Unwatch { watch_id }, Reply::WatchEnded(_)) => {
                self.watches.remove(&(call.client, sent.connection, *watch_id));
            }
            _ => {}
        }
        let is_only = call.sent.iter().filter(|sending| sending.member == member).count() == 1;
        let is_current = !matches!(reply, Reply::Unavailable(_) | Reply::OutcomeUnknown);
        if is_only && is_current {
            let heard = self.heard.entry((call.client, sent.connection)).or_default();
            *heard = call.called_at.max(*heard);
        }
    }

    /// Somebody watches.
    pub(crate) fn is_any(&self) -> bool {
        !self.watches.is_empty()
    }

    /// A client's process is gone, and its connections with it.
    pub(crate) fn died(&mut self, client: ClientNo) {
        self.watches.retain(|(of, _, _), _| *of != client);
        self.heard.retain(|(of, _), _| *of != client);
    }

    pub(crate) fn noticed(
        &mut self,
        client: ClientNo,
        connection: ConnectionNo,
        notice: &Notice,
        reference: &Reference,
        report: &mut Report,
    ) {
        match notice {
            Notice::Session(event) => {
                let right = reference.change(event.revision).map(|change| &change.event);
                let is_right = right == Some(event) || reference.sums_up(event);
                report.check(Promise::NoFalseSuccess, is_right, || {
                    format!("client {client} is told {event:?}; in the log is {right:?}")
                });
            }
            Notice::Change { watch_id, event, lock } => {
                let key = (client, connection, *watch_id);
                let Some(watch) = self.watches.get_mut(&key) else { return };
                let right = watch.next(reference);
                let is_right =
                    right.is_some_and(|(change, view)| change.event == **event && *view == **lock);
                report.check(Promise::WatchOrder, is_right, || {
                    format!(
                        "watch {watch_id} of client {client} is told {event:?}, {lock:?}, where \
                         {right:?} is next"
                    )
                });
            }
            Notice::WatchLagged { watch_id, .. } => {
                self.watches.remove(&(client, connection, *watch_id));
            }
        }
    }

    /// The run is over: every watch was told all that its member must have told before its last
    /// answer.
    pub(crate) fn end(&mut self, reference: &Reference, report: &mut Report) {
        for ((client, connection, id), watch) in &mut self.watches {
            let heard = self.heard.get(&(*client, *connection)).copied().unwrap_or_default();
            let (after, next) = (watch.told, watch.next(reference));
            let missed = next.filter(|(change, _)| change.at < heard);
            report.check(Promise::WatchOrder, missed.is_none(), || {
                format!("watch {id} of client {client} was never told, after {after:?}: {missed:?}")
            });
        }
    }
}

impl Watch {
    /// The next change that it must be told, and the lock after it.
    fn next<'a>(&mut self, reference: &'a Reference) -> Option<(&'a Change, &'a LockView)> {
        loop {
            let (revision, places) = self.told;
            let change = reference.change(revision);
            let seen = if change.is_some() { places } else { usize::MAX };
            let names = change.map(|change| changes(&change.event)).unwrap_or_default();
            let own = names.iter().enumerate().skip(seen).find(|(_, c)| match &self.what {
                Watched::Name(name) => c.name == name,
                Watched::Prefix(prefix) => c.name.as_str().starts_with(prefix.as_str()),
            });
            if let (Some((place, _)), Some(change)) = (own, change) {
                self.told = (revision, place + 1);
                return Some((change, change.locks.get(place)?));
            }
            reference.change(revision + 1)?;
            self.told = (revision + 1, 0);
        }
    }
}
