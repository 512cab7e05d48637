//! Committed entries, and the answers that they give.

use bramah_core::mutant::{self, Mutant};
use bramah_core::{Command, OnDisconnect, Outcome, SessionClose, SessionHandle, State, Time};

use crate::clock::BootTime;
use crate::consensus::Committed;
use crate::hub::ClientId;
use crate::mutants;
use crate::node::{Node, Output};
use crate::pending::Origin;
use crate::reply::Reply;
use crate::restore::{ENTRY_CHANGE, ENTRY_COMMANDS, NodeError, apply_entry};

impl Node {
    /// Applies a committed entry.
    pub(crate) fn apply(
        &mut self,
        now: BootTime,
        entry: Committed,
        out: &mut Vec<Output>,
    ) -> Result<(), NodeError> {
        let came = self.receipts.take(entry.index).unwrap_or(now);
        if entry.term > self.term_applied {
            self.term_applied = entry.term;
            mutants::begin_term(self, now, out);
            self.pending.take_back();
        }
        match entry.kind {
            ENTRY_COMMANDS if !entry.data.is_empty() => {
                self.apply_commands(now, entry.index, &entry.data, out)?;
                // A leader that started anew with each entry would lose what each one takes.
                if !self.is_leader() {
                    self.restart_clock(came);
                }
            }
            ENTRY_CHANGE => self.apply_change(entry.index, &entry.data)?,
            _ => {}
        }
        self.answer_change(now, entry.index, entry.term, out);
        Ok(())
    }

    /// Applies commands and answers those that were asked here.
    fn apply_commands(
        &mut self,
        boot: BootTime,
        index: u64,
        data: &[u8],
        out: &mut Vec<Output>,
    ) -> Result<(), NodeError> {
        let mut events = std::mem::take(&mut self.events);
        let Node { state, hub, pending, incarnation, .. } = self;
        apply_entry(state, index, data, &mut events, |state, applied, events| {
            let origin = applied.as_ref().and_then(|(_, origin)| *origin);
            let origin = origin.filter(|(of, _)| of == incarnation);
            let origin = origin.and_then(|(_, number)| pending.take(number));
            let by = match (origin, applied) {
                (Some(Origin::Client(client, id)), Some((outcome, _))) => {
                    if let Outcome::SessionOpened { session, .. } = outcome {
                        if hub.is_connected(client) {
                            hub.attach(client, session);
                        } else if is_bound(state, session) {
                            pending.push(boot, Origin::Node, close_disconnected(session));
                        }
                    }
                    let reply = Reply::Outcome(outcome);
                    out.push(Output::Reply { client, id, now: state.now(), reply });
                    Some(client)
                }
                (Some(Origin::KeepAlives(asked)), Some((outcome, _))) => {
                    answer_keepalives(&asked, outcome, state.now(), out);
                    None
                }
                _ => None,
            };
            for event in events.drain(..) {
                hub.publish(state, event, by, out);
            }
        })?;
        self.events = events;
        Ok(())
    }
}

/// The session ends with its connection.
pub(crate) fn is_bound(state: &State, session: SessionHandle) -> bool {
    let on_disconnect = state.on_disconnect(session);
    on_disconnect == Some(OnDisconnect::Release)
        || (mutant::is_on(Mutant::DisconnectEndsAll) && on_disconnect.is_some())
}

pub(crate) fn close_disconnected(session: SessionHandle) -> Command {
    Command::CloseSession { session, cause: SessionClose::Disconnected }
}

/// Gives each client the part of the answers that it asked for.
fn answer_keepalives(
    asked: &[(ClientId, u64, usize)],
    outcome: Outcome,
    now: Time,
    out: &mut Vec<Output>,
) {
    let Outcome::Renewed(renewals) = outcome else { return };
    let mut renewals = renewals.into_iter();
    for (client, id, len) in asked {
        let reply = Reply::KeptAlive(renewals.by_ref().take(*len).collect());
        out.push(Output::Reply { client: *client, id: *id, now, reply });
    }
}
