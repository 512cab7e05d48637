//! When two worlds are the same: what differs between them decides nothing from here on.
//!
//! * Times count from now; those that decide nothing any more (when a hold without terms was
//!   granted, since when one waits) are left out, and so are values.
//! * Tokens and arrivals are only ever compared, so their order stands for them; so does the order
//!   of two sessions. Clients are told apart by that order alone: they may ask the same things.
//! * Request numbers tell which holds one request was granted. Answers that are kept are left out,
//!   but for re-entries, which a cancel undoes by them: that a repeated request changes nothing,
//!   and what it is told, is tried in every world. Bounds with unseen answers keep them in.
//! * What has ended is left out: that a stale id or an ended session moves nothing is tried in
//!   every world.

use std::hash::{DefaultHasher, Hasher};

use bramah_core::facts::{HoldFact, SessionFact, WaitFact};
use bramah_core::{
    EndReason, FencingToken, IfHeld, LockName, Mode, Outcome, RequestSeq, SessionId, Terms, Time,
};

use super::bounds::Bounds;
use super::world::World;

/// 128 bits of a world's form: two worlds that differ share them by a chance of 1 in 10^27 for a
/// million worlds.
pub(crate) fn fingerprint(world: &World, bounds: &Bounds) -> u128 {
    let mut form = Form { world, words: Vec::with_capacity(128) };
    form.write(bounds.unseen_answers > 0);
    let hash = |salt: u64| {
        let mut hasher = DefaultHasher::new();
        hasher.write_u64(salt);
        form.words.iter().for_each(|word| hasher.write_u64(*word));
        u128::from(hasher.finish())
    };
    hash(1) << 64 | hash(2)
}

struct Form<'a> {
    world: &'a World,
    words: Vec<u64>,
}

/// Stands for a session that is not open.
const NOBODY: u64 = 9;
/// Stands for the deadline of a wait without one.
const FOREVER: u64 = u64::MAX;

impl Form<'_> {
    fn write(&mut self, keeps_answers: bool) {
        let parts = &self.world.parts;
        self.put(parts.sessions.len() as u64);
        for session in &parts.sessions {
            self.session(session, keeps_answers);
        }
        self.put(parts.holds.len() as u64);
        for hold in &parts.holds {
            self.hold(hold);
        }
        self.put(parts.waits.len() as u64);
        for wait in &parts.waits {
            self.wait(wait);
        }
        for (name, until) in &parts.rests {
            self.name(name);
            self.time_left(*until);
        }
    }

    fn session(&mut self, session: &SessionFact, keeps_answers: bool) {
        self.time_left(session.renewed_at.plus_ms(session.ttl.as_ms()));
        self.put(session.ttl.as_ms());
        let client =
            self.world.clients.iter().find(|client| client.session == Some(session.handle));
        let client = client.expect("every open session is a client's");
        if keeps_answers {
            let next = client.last_seq + 1;
            self.put(next - session.answered_below.0);
            for (seq, answer) in &session.answers {
                self.put(next.wrapping_sub(seq.0));
                self.answer(answer);
            }
            return;
        }
        for (seq, answer) in &session.answers {
            let Outcome::Granted(grants) = answer else { continue };
            for grant in grants {
                let token = grant.hold.token;
                let hold = self.world.parts.holds.iter().find(|hold| hold.hold.token == token);
                if hold.is_some_and(|hold| hold.seq != *seq && hold.lingers.is_none()) {
                    self.token(token);
                }
            }
        }
    }

    /// Which answer it was, and which of its grants are still held.
    fn answer(&mut self, answer: &Outcome) {
        let grants = match answer {
            Outcome::Granted(grants) => &grants[..],
            Outcome::AlreadyHeld(grant)
            | Outcome::Downgraded(grant)
            | Outcome::HoldRenewed(grant) => std::slice::from_ref(grant),
            _ => &[],
        };
        self.put(super::reached::index_of(answer));
        for grant in grants {
            self.token(grant.hold.token);
        }
    }

    fn hold(&mut self, hold: &HoldFact) {
        let seq = self.group(hold.session, hold.seq);
        self.owner(hold.session);
        self.name(&hold.name);
        self.mode(hold.mode);
        self.put(u64::from(hold.count));
        self.put(seq);
        self.terms(hold.terms);
        if hold.terms.min_hold_ms > 0 {
            self.time_left(hold.granted_at.plus_ms(hold.terms.min_hold_ms));
        }
        if hold.terms.max_hold_ms > 0 {
            self.time_left(hold.granted_at.plus_ms(hold.terms.max_hold_ms));
        }
        self.put(match &hold.lingers {
            None => 0,
            Some((reason, _)) => 1 + u64::from(reason.is_unclean()) + 2 * is_revoked(reason),
        });
    }

    fn wait(&mut self, wait: &WaitFact) {
        let seq = self.group(wait.session, wait.seq);
        self.owner(wait.session);
        for item in &wait.items {
            self.name(&item.name);
            self.mode(item.mode);
        }
        self.put(seq);
        self.put(i64::from(wait.priority.0) as u64);
        match wait.deadline {
            Some(deadline) => self.time_left(deadline),
            None => self.put(FOREVER),
        }
        self.put(match wait.if_held {
            IfHeld::Refuse => 0,
            IfHeld::Reenter => 1,
            IfHeld::Queue => 2,
        });
        self.terms(wait.terms);
        match wait.upgrade_of {
            Some(token) => self.token(token),
            None => self.put(NOBODY),
        }
    }

    fn terms(&mut self, terms: Terms) {
        self.put(terms.lock_delay_ms);
        self.put(terms.min_hold_ms);
        self.put(terms.max_hold_ms);
    }

    fn mode(&mut self, mode: Mode) {
        self.put(match mode {
            Mode::Exclusive => 0,
            Mode::Shared => 1,
            Mode::Permits { count, limit } => u64::from(2 + count + 16 * limit),
        });
    }

    fn owner(&mut self, id: SessionId) {
        let sessions = &self.world.parts.sessions;
        let index = sessions.iter().position(|session| session.handle.id == id);
        self.put(index.map_or(NOBODY, |index| index as u64));
    }

    /// A token's place among the holds; none, if its hold has ended or lingers.
    fn token(&mut self, token: FencingToken) {
        let holds = &self.world.parts.holds;
        let lives = |hold: &HoldFact| hold.hold.token == token && hold.lingers.is_none();
        self.put(holds.iter().position(lives).map_or(NOBODY, |index| index as u64));
    }

    /// The first hold, or else wait, of the same request.
    fn group(&self, session: SessionId, seq: RequestSeq) -> u64 {
        let parts = &self.world.parts;
        let holds = parts.holds.iter().map(|hold| (hold.session, hold.seq));
        let waits = parts.waits.iter().map(|wait| (wait.session, wait.seq));
        let first = holds.chain(waits).position(|of| of == (session, seq));
        first.expect("it is one of them") as u64
    }

    fn name(&mut self, name: &LockName) {
        self.put(name.as_str().bytes().map(u64::from).sum());
    }

    fn time_left(&mut self, until: Time) {
        self.put(until.ms_since(self.world.now()));
    }

    fn put(&mut self, word: u64) {
        self.words.push(word);
    }
}

fn is_revoked(reason: &EndReason) -> u64 {
    u64::from(matches!(reason, EndReason::Revoked { .. }))
}
