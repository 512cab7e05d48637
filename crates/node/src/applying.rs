//! Committed entries, and the answers that they give.

use bramah_core::mutant::{self, Mutant};
use bramah_core::{
    Command, OnDisconnect, Outcome, Refusal, SessionClose, SessionHandle, State, Time,
};

use crate::clock::BootTime;
use crate::consensus::Committed;
use crate::hub::{ClientId, Hub};
use crate::mutants;
use crate::node::{Node, Output};
use crate::pending::{Origin, Waiting};
use crate::reply::Reply;
use crate::restore::{ENTRY_CHANGE, ENTRY_COMMANDS, NodeError, apply_entry};

/// Most ended holds that an answer to a keepalive names, of all its sessions together.
const KEPT_ALIVE_ENDED_MAX: usize = 1_024;

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
            let asked = origin.and_then(|(_, number)| pending.take(number));
            let asked = asked.map(|Waiting { origin, command, .. }| (origin, command));
            let by = match (asked, applied) {
                (Some((Origin::Client(client, id), _)), Some((outcome, _))) => {
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
                (
                    Some((Origin::KeepAlives(asked), Command::Renew(sessions))),
                    Some((Outcome::Renewed(renewals), _)),
                ) => {
                    answer_keepalives(state, hub, &asked, &sessions, renewals, out);
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

/// Gives each client the part of the answers that it asked for. Of the holds of a session that end,
/// notices tell the connection that it is attached to: to another one that keeps it alive, nothing
/// but this answer would.
fn answer_keepalives(
    state: &State,
    hub: &Hub,
    asked: &[(ClientId, u64, usize)],
    mut sessions: &[SessionHandle],
    renewals: Vec<Result<Time, Refusal>>,
    out: &mut Vec<Output>,
) {
    let (now, mut renewals) = (state.now(), renewals.into_iter());
    for &(client, id, len) in asked {
        let (own, others) = sessions.split_at(len.min(sessions.len()));
        sessions = others;
        let renewals: Vec<_> = renewals.by_ref().take(len).collect();
        let unheard = own.iter().zip(&renewals).filter(|(session, renewed)| {
            renewed.is_ok() && hub.client_of(session.id) != Some(client)
        });
        let ended = unheard.flat_map(|(session, _)| state.ended_of_session(session.id));
        let ended = ended.take(KEPT_ALIVE_ENDED_MAX).cloned().collect();
        let reply = Reply::KeptAlive { renewals, ended };
        out.push(Output::Reply { client, id, now, reply });
    }
}
