//! The rules again, in the simplest way there is: flat lists that are searched from end to end,
//! nothing kept that can be computed. Slow, and short enough to be believed.

use std::sync::Arc;

use bramah_core::{
    Busy, BusyHolder, Command, EndReason, FencingToken, Grant, Happening, HoldId, IfHeld, Item,
    Key, LockName, Mode, OpenSession, Outcome, Owner, Priority, Refusal, RequestSeq, RevokeTarget,
    SessionClose, SessionHandle, SessionId, Terms, Time, Ttl, Value, WaitEnd,
};

mod requests;

#[derive(Default)]
pub(crate) struct Model {
    pub(crate) now: Time,
    pub(crate) sessions: Vec<Session>,
    pub(crate) holds: Vec<Hold>,
    pub(crate) waits: Vec<Waiting>,
    pub(crate) rests: Vec<(LockName, Time)>,
    pub(crate) ended: Vec<(Hold, Time, EndReason)>,
    ended_sessions: Vec<(SessionHandle, Time, EndReason)>,
    sessions_opened: u64,
    arrivals: u64,
    news: Vec<Happening>,
    /// Tokens that the table gave to the grants of this command: numbers are its to choose.
    tokens: Vec<(RequestSeq, Grant)>,
    /// Who waits for what and whom, if this command is refused for that.
    pub(crate) edges: Vec<(SessionId, LockName, SessionId)>,
}

#[derive(Clone)]
pub(crate) struct Session {
    pub(crate) handle: SessionHandle,
    pub(crate) ttl: Ttl,
    pub(crate) renewed_at: Time,
    owner: Arc<Owner>,
    answered_below: RequestSeq,
    answers: Vec<(RequestSeq, Outcome)>,
}

impl Session {
    pub(crate) fn deadline(&self) -> Time {
        self.renewed_at.plus_ms(self.ttl.as_ms())
    }
}

#[derive(Clone)]
pub(crate) struct Hold {
    pub(crate) id: HoldId,
    pub(crate) session: SessionId,
    owner: Arc<Owner>,
    seq: RequestSeq,
    pub(crate) name: LockName,
    pub(crate) mode: Mode,
    pub(crate) granted_at: Time,
    pub(crate) count: u32,
    pub(crate) value: Option<Value>,
    terms: Terms,
    pub(crate) lingers: Option<EndReason>,
}

impl Hold {
    fn min_until(&self) -> Time {
        self.granted_at.plus_ms(self.terms.min_hold_ms)
    }

    fn max_until(&self) -> Option<Time> {
        let max = self.terms.max_hold_ms;
        (max != 0).then(|| self.granted_at.plus_ms(max))
    }
}

#[derive(Clone)]
pub(crate) struct Waiting {
    arrival: u64,
    pub(crate) session: SessionId,
    pub(crate) seq: RequestSeq,
    items: Vec<Item>,
    key: Key,
    priority: Priority,
    deadline: Option<Time>,
    if_held: IfHeld,
    terms: Terms,
    upgrade_of: Option<FencingToken>,
}

impl Waiting {
    /// Upgrades first, then by priority, then by arrival.
    fn is_before(&self, other: &Waiting) -> bool {
        let order =
            |wait: &Waiting| (wait.upgrade_of.is_none(), -i32::from(wait.priority.0), wait.arrival);
        order(self) < order(other)
    }

    fn wants(&self, name: &LockName) -> bool {
        self.items.iter().any(|item| item.name == *name)
    }
}

type Answer = Result<Outcome, Refusal>;

impl Model {
    pub(crate) fn apply(
        &mut self,
        now: Time,
        command: Command,
        tokens: Vec<(RequestSeq, Grant)>,
    ) -> (Outcome, Vec<Happening>) {
        self.tokens = tokens;
        self.edges.clear();
        self.pass_time(now);
        let answer = match command {
            Command::OpenSession(open) => Ok(self.open(open)),
            Command::Renew(all) => {
                Ok(Outcome::Renewed(all.into_iter().map(|one| self.renew(one)).collect()))
            }
            Command::CloseSession { session, cause } => self.close(session, cause),
            Command::Request { session, request, action } => {
                self.request(session, request.seq, request.answered_below, action)
            }
            Command::ByHold { hold, action } => self.act(hold, action),
            Command::Revoke { target, wait_for_deadline, by } => {
                self.revoke(target, wait_for_deadline, &by)
            }
        };
        self.grant_all();
        (answer.unwrap_or_else(Outcome::Refused), std::mem::take(&mut self.news))
    }

    /// When the next thing happens by itself.
    pub(crate) fn next_due(&self) -> Option<Time> {
        let rests = self.rests.iter().filter_map(|(name, _)| self.rests_until(name));
        self.due().into_iter().map(|(time, ..)| time).chain(rests).min()
    }

    pub(crate) fn waiters(&self, name: &LockName) -> Vec<&Waiting> {
        let mut all: Vec<_> = self.waits.iter().filter(|wait| wait.wants(name)).collect();
        all.sort_by(|a, b| b.is_before(a).cmp(&a.is_before(b)));
        all
    }

    /// All that happens by itself: its time, its rank among equal times, and what it happens to.
    fn due(&self) -> Vec<(Time, u8, u64)> {
        let sessions = self.sessions.iter().map(|s| (s.deadline(), 0, s.handle.id.0));
        let waits = self.waits.iter().filter_map(|wait| Some((wait.deadline?, 1, wait.arrival)));
        let holds = self.holds.iter().filter_map(|hold| match hold.lingers {
            Some(_) => Some((hold.min_until(), 3, hold.id.token.0)),
            None => Some((hold.max_until()?, 2, hold.id.token.0)),
        });
        sessions.chain(waits).chain(holds).collect()
    }

    fn pass_time(&mut self, now: Time) {
        self.now = self.now.max(now);
        let now = self.now;
        while let Some((_, kind, id)) = self.due().into_iter().min().filter(|due| due.0 <= now) {
            match kind {
                0 => {
                    let renewed_at = self.session(SessionId(id)).expect("due").renewed_at;
                    self.end_session(SessionId(id), EndReason::Expired { renewed_at });
                }
                1 => {
                    let wait = self.waits.iter().find(|wait| wait.arrival == id).expect("due");
                    let busy = self.busy(wait);
                    self.end_wait(id, WaitEnd::TimedOut(busy));
                }
                2 => self.end_hold(FencingToken(id), EndReason::MaxHold),
                _ => {
                    let token = FencingToken(id);
                    let reason = self.hold(token).and_then(|hold| hold.lingers.clone());
                    self.remove_hold(token, reason.expect("due"));
                }
            }
        }
        self.rests.retain(|(_, until)| *until > now);
        self.grant_all();
    }

    fn grant_all(&mut self) {
        while let Some(wait) = self.waits.iter().find(|wait| self.is_grantable(wait)).cloned() {
            self.waits.retain(|other| other.arrival != wait.arrival);
            self.grant(wait, true);
        }
    }

    fn is_grantable(&self, wait: &Waiting) -> bool {
        wait.items.iter().all(|item| !self.is_in_the_way(wait, item))
    }

    fn is_in_the_way(&self, wait: &Waiting, item: &Item) -> bool {
        let others =
            |hold: &&Hold| hold.name == item.name && wait.upgrade_of != Some(hold.id.token);
        let mut holds = self.holds.iter().filter(others);
        let is_held = match item.mode {
            Mode::Exclusive => holds.next().is_some(),
            Mode::Shared => holds.any(|hold| hold.mode == Mode::Exclusive),
            Mode::Permits { count, limit } => {
                holds.clone().any(|hold| names_other_limit(hold.mode, limit))
                    || holds.map(|hold| permits(hold.mode)).sum::<u32>() + count > limit
            }
        };
        let is_passed = |other: &Waiting| other.wants(&item.name) && other.is_before(wait);
        is_held || self.rests_until(&item.name).is_some() || self.waits.iter().any(is_passed)
    }

    fn grant(&mut self, wait: Waiting, waited: bool) -> Vec<Grant> {
        if let Some(token) = wait.upgrade_of {
            self.end_hold(token, EndReason::Upgraded);
        }
        let (session, seq) = (wait.session, wait.seq);
        let owner = self.session(session).expect("granted to the living").owner.clone();
        let mut grants = Vec::new();
        for item in wait.items {
            let mut given =
                self.tokens.iter().filter(|(of, grant)| *of == seq && grant.name == item.name);
            let given = given.find(|(_, grant)| grant.hold.key == wait.key);
            let token = given.map_or(FencingToken(0), |(_, grant)| grant.hold.token);
            self.holds.push(Hold {
                id: HoldId { token, key: wait.key },
                session,
                owner: owner.clone(),
                seq,
                name: item.name,
                mode: item.mode,
                granted_at: self.now,
                count: 1,
                value: item.value,
                terms: wait.terms,
                lingers: None,
            });
            grants.push(self.grant_of(token));
        }
        self.holds.sort_by_key(|hold| hold.id.token);
        if waited {
            self.remember(session, seq, Outcome::Granted(grants.clone()));
        }
        self.news.push(Happening::Granted { session, seq, waited, grants: grants.clone() });
        grants
    }

    fn open(&mut self, open: OpenSession) -> Outcome {
        self.sessions_opened += 1;
        let handle = SessionHandle { id: SessionId(self.sessions_opened), key: open.key };
        let session = Session {
            handle,
            ttl: open.ttl,
            renewed_at: self.now,
            owner: open.owner,
            answered_below: RequestSeq(0),
            answers: Vec::new(),
        };
        let deadline = session.deadline();
        self.sessions.push(session);
        Outcome::SessionOpened { session: handle, deadline }
    }

    fn renew(&mut self, handle: SessionHandle) -> Result<Time, Refusal> {
        self.check_session(handle)?;
        let now = self.now;
        let session = self.session_mut(handle.id);
        session.renewed_at = now;
        Ok(session.deadline())
    }

    fn close(&mut self, handle: SessionHandle, cause: SessionClose) -> Answer {
        self.check_session(handle)?;
        let of_session = |hold: &&Hold| hold.session == handle.id && hold.lingers.is_none();
        let holds = self.holds.iter().filter(of_session).count();
        let reason = match cause {
            SessionClose::Asked => EndReason::SessionClosed,
            SessionClose::Disconnected => EndReason::Disconnected,
        };
        self.end_session(handle.id, reason);
        Ok(Outcome::SessionClosed { holds })
    }

    fn revoke(&mut self, target: RevokeTarget, wait_for_deadline: bool, by: &Arc<str>) -> Answer {
        let (name, only) = match target {
            RevokeTarget::Lock(name) => (name, None),
            RevokeTarget::Hold(name, token) => (name, Some(token)),
        };
        let of_target =
            |hold: &&Hold| hold.name == name && only.is_none_or(|only| only == hold.id.token);
        let tokens: Vec<_> =
            self.holds.iter().filter(of_target).map(|hold| hold.id.token).collect();
        if tokens.is_empty() {
            let ended = only.and_then(|only| self.ended_as(only, Some(&name)));
            return Err(Refusal::NotHolder { ended });
        }
        for token in &tokens {
            let deadline = self.deadline(self.hold(*token).expect("listed"));
            self.end_hold(*token, EndReason::Revoked { by: by.clone() });
            if wait_for_deadline {
                self.rests.push((name.clone(), deadline));
            }
        }
        Ok(Outcome::Revoked { tokens })
    }

    fn end_session(&mut self, id: SessionId, reason: EndReason) {
        let waits: Vec<_> = self.waits.iter().filter(|wait| wait.session == id).cloned().collect();
        waits.iter().for_each(|wait| self.end_wait(wait.arrival, WaitEnd::SessionEnded));
        let holds: Vec<_> = self.holds.iter().filter(|hold| hold.session == id).cloned().collect();
        for hold in holds.iter().filter(|hold| hold.lingers.is_none()) {
            self.end_hold(hold.id.token, reason.clone());
        }
        let handle = self.session(id).expect("open").handle;
        self.sessions.retain(|session| session.handle.id != id);
        self.ended_sessions.push((handle, self.now, reason.clone()));
        self.news.push(Happening::SessionEnded { session: id, reason });
    }

    fn end_wait(&mut self, arrival: u64, reason: WaitEnd) {
        let index = self.waits.iter().position(|wait| wait.arrival == arrival).expect("waits");
        let wait = self.waits.remove(index);
        let answer = match &reason {
            WaitEnd::TimedOut(busy) => Outcome::WaitTimedOut(busy.clone()),
            WaitEnd::Cancelled => Outcome::Refused(Refusal::RequestCancelled),
            WaitEnd::HoldEnded => Outcome::Refused(Refusal::NotHolder { ended: None }),
            WaitEnd::SessionEnded => Outcome::Refused(Refusal::SessionUnknown),
        };
        self.remember(wait.session, wait.seq, answer);
        let names = wait.items.into_iter().map(|item| item.name).collect();
        let (session, seq) = (wait.session, wait.seq);
        self.news.push(Happening::WaitEnded { session, seq, names, reason });
    }

    fn end_hold(&mut self, token: FencingToken, reason: EndReason) {
        let hold = self.holds.iter_mut().find(|hold| hold.id.token == token).expect("held");
        let is_kept = matches!(
            reason,
            EndReason::Released
                | EndReason::Expired { .. }
                | EndReason::SessionClosed
                | EndReason::Disconnected
        );
        if is_kept && hold.min_until() > self.now {
            hold.lingers = Some(reason);
        } else {
            self.remove_hold(token, reason);
        }
        let upgrade = self.waits.iter().find(|wait| wait.upgrade_of == Some(token));
        if let Some(arrival) = upgrade.map(|wait| wait.arrival) {
            self.end_wait(arrival, WaitEnd::HoldEnded);
        }
    }

    fn remove_hold(&mut self, token: FencingToken, reason: EndReason) {
        let index = self.holds.iter().position(|hold| hold.id.token == token).expect("held");
        let hold = self.holds.remove(index);
        let is_unclean = matches!(
            reason,
            EndReason::Expired { .. } | EndReason::Disconnected | EndReason::MaxHold
        );
        if is_unclean && hold.terms.lock_delay_ms > 0 {
            let until = self.now.plus_ms(hold.terms.lock_delay_ms);
            self.rests.push((hold.name.clone(), until));
        }
        let (name, session) = (hold.name.clone(), hold.session);
        self.ended.push((hold, self.now, reason.clone()));
        self.news.push(Happening::HoldEnded { name, token, session, reason });
    }

    fn busy(&self, wait: &Waiting) -> Busy {
        let blocked = wait.items.iter().find(|item| self.is_in_the_way(wait, item));
        let item = blocked.unwrap_or(&wait.items[0]);
        let name = item.name.clone();
        let holds: Vec<_> = self.holds.iter().filter(|hold| hold.name == name).collect();
        let first = holds.iter().find(|hold| wait.upgrade_of != Some(hold.id.token));
        let holder = first.map(|hold| BusyHolder {
            token: hold.id.token,
            session: hold.session,
            owner: hold.owner.clone(),
            granted_at: hold.granted_at,
            deadline: self.deadline(hold),
        });
        Busy {
            holder,
            holders: holds.len(),
            waiters: self.waiters(&name).len(),
            position: self.position(wait, &name),
            rests_until: self.rests_until(&name),
            other_limit: self.holds.iter().filter(|hold| hold.name == name).find_map(
                |hold| match (hold.mode, item.mode) {
                    (Mode::Permits { limit, .. }, Mode::Permits { limit: asked, .. }) => {
                        Some(limit).filter(|limit| *limit != asked)
                    }
                    _ => None,
                },
            ),
            now: self.now,
            name,
        }
    }

    fn queued(&self, wait: &Waiting) -> Outcome {
        let place = |item: &Item| (self.position(wait, &item.name), self.waiters(&item.name).len());
        let (position, waiters) = wait.items.iter().map(place).max().expect("asks for something");
        Outcome::Queued { position, waiters }
    }

    fn position(&self, wait: &Waiting, name: &LockName) -> usize {
        self.waiters(name).iter().filter(|other| other.is_before(wait)).count() + 1
    }

    pub(crate) fn rests_until(&self, name: &LockName) -> Option<Time> {
        let rests = self.rests.iter().filter(|(of, _)| of == name);
        rests.map(|(_, until)| *until).max().filter(|until| *until > self.now)
    }

    /// When a hold ends unless renewed.
    pub(crate) fn deadline(&self, hold: &Hold) -> Time {
        if hold.lingers.is_some() {
            return hold.min_until();
        }
        let session = self.session(hold.session).expect("held by the living").deadline();
        hold.max_until().map_or(session, |max| max.min(session))
    }

    fn grant_of(&self, token: FencingToken) -> Grant {
        let hold = self.hold(token).expect("held");
        Grant {
            hold: hold.id,
            name: hold.name.clone(),
            mode: hold.mode,
            granted_at: hold.granted_at,
            deadline: self.deadline(hold),
            ttl: self.session(hold.session).expect("open").ttl,
            max_hold_deadline: hold.max_until(),
            count: hold.count,
        }
    }

    fn remember(&mut self, id: SessionId, seq: RequestSeq, outcome: Outcome) {
        let session = self.session_mut(id);
        if seq >= session.answered_below {
            session.answers.retain(|(answered, _)| *answered != seq);
            session.answers.push((seq, outcome));
        }
    }

    fn answer(&self, id: SessionId, seq: RequestSeq) -> Option<Outcome> {
        let answers = &self.session(id)?.answers;
        answers.iter().find(|(answered, _)| *answered == seq).map(|(_, outcome)| outcome.clone())
    }

    fn held_by(&self, id: SessionId, seq: RequestSeq) -> Vec<FencingToken> {
        let of_request =
            |hold: &&Hold| hold.session == id && hold.seq == seq && hold.lingers.is_none();
        self.holds.iter().filter(of_request).map(|hold| hold.id.token).collect()
    }

    fn check_session(&self, handle: SessionHandle) -> Result<(), Refusal> {
        if self.sessions.iter().any(|session| session.handle == handle) {
            return Ok(());
        }
        let ended = self.ended_sessions.iter().find(|(ended, ..)| *ended == handle);
        Err(ended.map_or(Refusal::SessionUnknown, |(_, at, reason)| Refusal::SessionEnded {
            at: *at,
            reason: reason.clone(),
        }))
    }

    fn check_hold(&self, id: HoldId) -> Result<&Hold, Refusal> {
        match self.hold(id.token) {
            None => Err(Refusal::NotHolder { ended: self.ended_as(id.token, None) }),
            Some(hold) if hold.id != id => Err(Refusal::NotHolder { ended: None }),
            Some(hold) => match &hold.lingers {
                Some(reason) => Err(Refusal::NotHolder { ended: Some((self.now, reason.clone())) }),
                None => Ok(hold),
            },
        }
    }

    fn ended_as(&self, token: FencingToken, of: Option<&LockName>) -> Option<(Time, EndReason)> {
        let wanted =
            |hold: &Hold| hold.id.token == token && of.is_none_or(|name| *name == hold.name);
        let ended = self.ended.iter().find(|(hold, ..)| wanted(hold));
        ended.map(|(_, at, reason)| (*at, reason.clone()))
    }

    fn hold(&self, token: FencingToken) -> Option<&Hold> {
        self.holds.iter().find(|hold| hold.id.token == token)
    }

    pub(crate) fn session(&self, id: SessionId) -> Option<&Session> {
        self.sessions.iter().find(|session| session.handle.id == id)
    }

    fn session_mut(&mut self, id: SessionId) -> &mut Session {
        let found = self.sessions.iter_mut().find(|session| session.handle.id == id);
        found.expect("the session is open")
    }
}

/// It is of a semaphore whose limit somebody wants to change to `limit`.
pub(crate) fn names_other_limit(mode: Mode, limit: u32) -> bool {
    matches!(mode, Mode::Permits { limit: other, .. } if other != limit)
}

pub(crate) fn permits(mode: Mode) -> u32 {
    match mode {
        Mode::Permits { count, .. } => count,
        _ => 0,
    }
}
