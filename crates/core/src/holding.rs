//! One hold, and what its holder may do with it.

use std::sync::Arc;

use crate::command::{HoldAction, Mode, Owner, Terms};
use crate::event::{EndReason, Happening};
use crate::facts::{Fact, HoldFact};
use crate::ids::{FencingToken, HoldId, Key, LockName, RequestSeq, SessionId, Time, Ttl, Value};
use crate::mutant::{self, Mutant};
use crate::outcome::{Grant, Outcome, Refusal};
use crate::state::{DUE_BYTES, Due, State};
use crate::table::{ALLOCATION_BYTES, Row};

/// A hold. Small, since there may be millions: what few have stands in `extra`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hold {
    key: Key,
    pub(crate) session: SessionId,
    pub(crate) name: LockName,
    pub(crate) granted_at: Time,
    pub(crate) seq: RequestSeq,
    pub(crate) mode: Mode,
    pub(crate) count: u32,
    extra: Option<Box<Extra>>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Extra {
    value: Option<Value>,
    terms: Terms,
    lingers: Option<(EndReason, Arc<Owner>)>,
}

impl From<HoldFact> for Hold {
    fn from(fact: HoldFact) -> Hold {
        let extra = Extra { value: fact.value, terms: fact.terms, lingers: fact.lingers };
        Hold {
            key: fact.hold.key,
            session: fact.session,
            name: fact.name,
            granted_at: fact.granted_at,
            seq: fact.seq,
            mode: fact.mode,
            count: fact.count,
            extra: (extra != Extra::default()).then(|| Box::new(extra)),
        }
    }
}

impl Hold {
    pub(crate) fn fact(&self, token: FencingToken) -> HoldFact {
        HoldFact {
            hold: HoldId { token, key: self.key },
            session: self.session,
            name: self.name.clone(),
            mode: self.mode,
            granted_at: self.granted_at,
            count: self.count,
            value: self.value().cloned(),
            terms: self.terms(),
            seq: self.seq,
            lingers: self.extra.as_ref().and_then(|extra| extra.lingers.clone()),
        }
    }

    pub(crate) fn value(&self) -> Option<&Value> {
        self.extra.as_ref().and_then(|extra| extra.value.as_ref())
    }

    pub(crate) fn terms(&self) -> Terms {
        self.extra.as_ref().map_or_else(Terms::default, |extra| extra.terms)
    }

    /// Why its holder is gone, and who that was, if it only waits for its minimum to be over.
    pub(crate) fn lingers(&self) -> Option<&(EndReason, Arc<Owner>)> {
        self.extra.as_ref().and_then(|extra| extra.lingers.as_ref())
    }

    pub(crate) fn linger(&mut self, reason: EndReason, owner: Arc<Owner>) {
        self.extra.get_or_insert_default().lingers = Some((reason, owner));
    }

    pub(crate) fn min_hold_until(&self) -> Time {
        self.granted_at.plus_ms(self.terms().min_hold_ms)
    }

    pub(crate) fn max_hold_deadline(&self) -> Option<Time> {
        let max_hold_ms = self.terms().max_hold_ms;
        (max_hold_ms != 0).then(|| self.granted_at.plus_ms(max_hold_ms))
    }

    /// What time will do to it.
    pub(crate) fn due(&self, token: FencingToken) -> Option<(Time, Due)> {
        match self.lingers() {
            Some(_) => Some((self.min_hold_until(), Due::MinHold(token))),
            None if mutant::is_on(Mutant::MaxHoldIgnored) => None,
            None => self.max_hold_deadline().map(|time| (time, Due::MaxHold(token))),
        }
    }
}

impl Row for Hold {
    type Key = FencingToken;

    fn more_bytes(&self, _: &FencingToken) -> usize {
        let name = ALLOCATION_BYTES + self.name.as_str().len();
        name + self.extra.as_ref().map_or(0, |extra| {
            let value = extra.value.as_ref().map_or(0, |value| value.as_bytes().len());
            let lingers = extra
                .lingers
                .as_ref()
                .map_or(0, |(reason, owner)| reason.more_bytes() + owner.bytes());
            size_of::<Extra>() + value + lingers + 3 * ALLOCATION_BYTES + DUE_BYTES
        })
    }

    fn fact(&self, token: &FencingToken) -> Option<Fact> {
        Some(Fact::Hold(self.fact(*token)))
    }
}

impl State {
    /// The living hold that this id proves.
    pub(crate) fn check_hold(&self, id: HoldId) -> Result<&Hold, Refusal> {
        let Some(hold) = self.holds.get(&id.token) else {
            let ended = self.history.hold(id.token);
            let ended = ended.map(|ended| (ended.ended_at, ended.reason.clone()));
            return Err(Refusal::NotHolder { ended });
        };
        if hold.key != id.key {
            return Err(Refusal::NotHolder { ended: None });
        }
        match hold.lingers() {
            Some((reason, _)) => {
                Err(Refusal::NotHolder { ended: Some((self.counters.now, reason.clone())) })
            }
            None => Ok(hold),
        }
    }

    pub(crate) fn act_on_hold(&mut self, id: HoldId, action: HoldAction) -> Outcome {
        let id = mutant::hold_meant(self, id);
        let session = match self.check_hold(id) {
            Ok(hold) => hold.session,
            Err(refusal) => return Outcome::Refused(refusal),
        };
        let outcome = match action {
            HoldAction::Release => return self.release(id.token),
            HoldAction::SetValue(value) => return self.set_value(id.token, value),
            HoldAction::Downgrade => self.downgrade(id.token).map(Outcome::Downgraded),
            HoldAction::Renew(ttl) => self
                .renew_with_ttl(session, ttl)
                .and_then(|()| self.grant_of(id.token).map(Outcome::HoldRenewed)),
        };
        outcome.unwrap_or_else(Outcome::Refused)
    }

    /// What the holder of a living hold is told of it.
    pub(crate) fn grant_of(&self, token: FencingToken) -> Result<Grant, Refusal> {
        let gone = Refusal::NotHolder { ended: None };
        let hold = self.holds.get(&token).ok_or(gone.clone())?;
        let session = self.sessions.get(&hold.session).ok_or(gone)?;
        let max_hold_deadline = hold.max_hold_deadline();
        Ok(Grant {
            hold: HoldId { token, key: hold.key },
            name: hold.name.clone(),
            mode: hold.mode,
            granted_at: hold.granted_at,
            deadline: max_hold_deadline
                .map_or(session.deadline(), |max| max.min(session.deadline())),
            ttl: session.fact.ttl,
            max_hold_deadline,
            count: hold.count,
        })
    }

    /// When a hold ends unless renewed.
    pub(crate) fn hold_deadline(&self, token: FencingToken) -> Option<Time> {
        let hold = self.holds.get(&token)?;
        if hold.lingers().is_some() {
            return Some(hold.min_hold_until());
        }
        let session = self.sessions.get(&hold.session)?.deadline();
        Some(hold.max_hold_deadline().map_or(session, |max| max.min(session)))
    }

    fn release(&mut self, token: FencingToken) -> Outcome {
        let now = self.counters.now;
        let Some(mut hold) = self.holds.get_mut(&token) else {
            return Outcome::Refused(Refusal::NotHolder { ended: None });
        };
        if hold.count > 1 {
            hold.count -= 1;
            return Outcome::Released { reentries_left: hold.count, free_at: None };
        }
        let free_at = Some(hold.min_hold_until()).filter(|time| *time > now);
        drop(hold);
        self.end_hold(token, EndReason::Released);
        Outcome::Released { reentries_left: 0, free_at }
    }

    fn set_value(&mut self, token: FencingToken, value: Option<Value>) -> Outcome {
        let Some(mut hold) = self.holds.get_mut(&token) else {
            return Outcome::Refused(Refusal::NotHolder { ended: None });
        };
        let extra = Extra { value: value.clone(), terms: hold.terms(), lingers: None };
        if !mutant::is_on(Mutant::ValueNotKept) {
            hold.extra = (extra != Extra::default()).then(|| Box::new(extra));
        }
        let name = hold.name.clone();
        drop(hold);
        self.emit(Happening::ValueSet { name, token, value });
        Outcome::ValueSet
    }

    fn downgrade(&mut self, token: FencingToken) -> Result<Grant, Refusal> {
        let gone = Refusal::NotHolder { ended: None };
        let mut hold = self.holds.get_mut(&token).ok_or(gone)?;
        match hold.mode {
            Mode::Shared => {
                drop(hold);
                return self.grant_of(token);
            }
            Mode::Permits { .. } => return Err(Refusal::Invalid("permits cannot be downgraded")),
            Mode::Exclusive if hold.count > 1 => {
                return Err(Refusal::Invalid("a hold with re-entries cannot be downgraded"));
            }
            Mode::Exclusive => hold.mode = Mode::Shared,
        }
        let name = hold.name.clone();
        drop(hold);
        if let Some(mut lock) = self.locks.get_mut(&name) {
            lock.share();
        }
        if !mutant::is_on(Mutant::DowngradeWakesNobody) {
            self.touched.push(name.clone());
        }
        self.emit(Happening::Downgraded { name, token });
        self.grant_of(token)
    }

    /// Whoever renews may not be the session's own client, which goes on counting with the TTL that
    /// it knows: a shorter one would end its holds before it is told.
    fn renew_with_ttl(&mut self, id: SessionId, ttl: Option<Ttl>) -> Result<(), Refusal> {
        if let Some(ttl) = ttl
            && let Some(mut session) = self.sessions.get_mut(&id)
        {
            if ttl < session.fact.ttl && !mutant::is_on(Mutant::TtlShortened) {
                let why = "a TTL can be made longer, not shorter: its holder counts on it";
                return Err(Refusal::Invalid(why));
            }
            self.due.remove(&(session.deadline(), Due::Session(id)));
            session.fact.ttl = ttl;
        }
        self.renew_session(id);
        Ok(())
    }
}
