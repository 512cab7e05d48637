//! What clients believe to hold, compared with each other and with what is granted.

use std::collections::{BTreeMap, BTreeSet};

use bramah_core::{
    Command, EndReason, Event, FencingToken, Happening, HoldAction, LockName, Mode, SessionId,
};
use bramah_wire::request::What;

use super::Witness;
use super::step::{Step, act};
use super::table::{conflict, permits};
use crate::fact::Held;

/// What explains two beliefs that look like a contradiction. Nothing is forgotten when a client
/// lets go: the late answer to a re-entry may let it believe once more.
#[derive(Debug, Default)]
pub(crate) struct Beliefs {
    /// Holds that were taken from their holders at once, which is the stated exception: revoked
    /// without waiting, or bound to a connection that ended.
    taken: BTreeSet<FencingToken>,
    /// Shared holds, and the exclusive ones that they were exchanged for.
    exchanged: BTreeMap<FencingToken, FencingToken>,
    last_exchanged: Option<FencingToken>,
    /// Holds whose holder has asked to share them: it counts as a reader from then on.
    shared: BTreeSet<FencingToken>,
}

impl Beliefs {
    pub(crate) fn called(&mut self, what: &What) {
        if let What::Command(command) = what
            && let Some((hold, HoldAction::Downgrade)) = act(command)
        {
            self.shared.insert(hold.token);
        }
    }

    pub(crate) fn event(&mut self, step: &Step<'_>, event: &Event) {
        match &event.what {
            Happening::HoldEnded { token, reason, .. } => match (reason, step.command) {
                (
                    EndReason::Revoked { .. },
                    Some((Command::Revoke { wait_for_deadline: false, .. }, _)),
                )
                | (EndReason::Disconnected, _) => {
                    self.take(*token);
                }
                (EndReason::Upgraded, _) => self.last_exchanged = Some(*token),
                _ => {}
            },
            Happening::Granted { grants, .. } => {
                if let (Some(shared), [grant]) = (self.last_exchanged.take(), &grants[..]) {
                    self.exchanged.insert(shared, grant.hold.token);
                }
            }
            _ => {}
        }
    }

    /// A hold is taken, and with it what its holder believes in that has not heard of its upgrade.
    fn take(&mut self, token: FencingToken) {
        let before = self.exchanged.iter().filter(|(_, new)| **new == token).map(|(old, _)| *old);
        self.taken.extend(before);
        self.taken.insert(token);
    }

    /// The belief is none that the stated exception explains.
    pub(crate) fn counts(&self, held: &Held) -> bool {
        !self.taken.contains(&held.hold.token)
    }

    /// Those who believe to hold a lock, and whose belief counts.
    pub(crate) fn of(&self, name: &LockName, witness: &dyn Witness) -> Vec<Held> {
        let mut all = witness.believers(name);
        all.retain(|held| self.counts(held));
        all.sort_by_key(|held| held.hold.token);
        all.dedup_by_key(|held| held.hold.token);
        all
    }

    /// Whom `new` must not stand beside, if anybody, among those who believe.
    pub(crate) fn against<'a>(&self, new: &Held, believers: &'a [Held]) -> Vec<&'a Held> {
        let others = believers.iter().filter(|held| {
            let (old, new) = (held.hold.token, new.hold.token);
            old != new
                && self.exchanged.get(&old) != Some(&new)
                && self.exchanged.get(&new) != Some(&old)
        });
        if let Mode::Permits { count, limit } = new.mode {
            let others: Vec<&Held> = others.collect();
            let out: u64 = others.iter().map(|held| permits(held.mode)).sum();
            return match out + u64::from(count) > u64::from(limit) {
                true => others,
                false => Vec::new(),
            };
        }
        others.filter(|held| conflict(self.mode(held), self.mode(new))).collect()
    }

    fn mode(&self, held: &Held) -> Mode {
        match self.shared.contains(&held.hold.token) {
            true => Mode::Shared,
            false => held.mode,
        }
    }
}

/// A believer, in a few words.
pub(crate) fn who(held: &Held) -> String {
    let Held { client, session, hold, mode, .. } = held;
    format!("client {client} (session {session}, token {}, {mode:?})", hold.token)
}

/// A grant, as its holder will believe in it.
pub(crate) fn held_by(session: SessionId, grant: &bramah_core::Grant) -> Held {
    Held { client: u32::MAX, session, hold: grant.hold, name: grant.name.clone(), mode: grant.mode }
}
