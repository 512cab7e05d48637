//! What sessions and holders may ask for.

use bramah_core::{
    Acquire, Action, EndReason, FencingToken, Happening, HoldAction, HoldId, IfHeld, Item, Key,
    LockName, Mode, Outcome, Priority, Refusal, RequestSeq, SessionHandle, SessionId, Terms, Wait,
    WaitEnd,
};

use super::{Answer, Hold, Model, Waiting, names_other_limit, permits};

impl Model {
    pub(super) fn request(
        &mut self,
        handle: SessionHandle,
        seq: RequestSeq,
        below: RequestSeq,
        action: Action,
    ) -> Answer {
        self.check_session(handle)?;
        if seq.0 == 0 || below > seq {
            let why = "request numbers start at 1, and answered_below is at most the request's own";
            return Err(Refusal::Invalid(why));
        }
        let id = handle.id;
        let session = self.session_mut(id);
        session.answered_below = session.answered_below.max(below);
        let below = session.answered_below;
        session.answers.retain(|(seq, _)| *seq >= below);
        let asked = if let Action::AcquireMany(many) = &action { many.items.len() } else { 1 };
        if let Some(known) = self.known(id, seq, below, asked) {
            return known;
        }
        let answer = match action {
            Action::Acquire(acquire) => self.acquire(id, seq, acquire),
            Action::AcquireMany(many) => {
                let repeats =
                    |item: &Item| many.items.iter().filter(|i| i.name == item.name).count() > 1;
                let if_held =
                    if many.if_held == IfHeld::Reenter { IfHeld::Refuse } else { many.if_held };
                let held = many.items.iter().find_map(|item| self.already_held(id, item, if_held));
                if many.items.is_empty() || many.items.iter().any(repeats) {
                    Err(Refusal::Invalid("name at least one lock, and each lock once"))
                } else if let Some(held) = held {
                    Ok(held)
                } else {
                    let wait = Waiting {
                        arrival: 0,
                        session: id,
                        seq,
                        items: many.items,
                        key: many.key,
                        priority: many.priority,
                        deadline: None,
                        if_held,
                        terms: many.terms,
                        upgrade_of: None,
                    };
                    self.ask(wait, many.wait, None)
                }
            }
            Action::Upgrade { hold, key, wait } => self.upgrade(id, seq, hold, key, wait),
            Action::Cancel { seq } => self.cancel(id, seq),
            Action::Hold(hold, action) => self.act(hold, action),
        };
        if !matches!(answer, Ok(Outcome::Queued { .. })) {
            self.remember(id, seq, answer.clone().unwrap_or_else(Outcome::Refused));
        }
        answer
    }

    fn known(
        &self,
        id: SessionId,
        seq: RequestSeq,
        below: RequestSeq,
        asked: usize,
    ) -> Option<Answer> {
        let of_request = |wait: &&Waiting| wait.session == id && wait.seq == seq;
        if let Some(wait) = self.waits.iter().find(of_request) {
            return Some(Ok(self.queued(wait)));
        }
        if let Some(answer) = self.answer(id, seq) {
            let grants = match &answer {
                Outcome::Granted(grants) => grants.clone(),
                Outcome::AlreadyHeld(grant)
                | Outcome::Downgraded(grant)
                | Outcome::HoldRenewed(grant) => vec![grant.clone()],
                _ => Vec::new(),
            };
            let gone = grants.iter().find_map(|grant| self.check_hold(grant.hold).err());
            return Some(gone.map_or(Ok(answer), Err));
        }
        if seq >= below {
            return None;
        }
        let held = self.held_by(id, seq);
        let grants: Vec<_> = held.into_iter().map(|token| self.grant_of(token)).collect();
        Some(match grants.len() {
            0 => Err(Refusal::RequestStale),
            found if found < asked => Err(Refusal::NotHolder { ended: None }),
            _ => Ok(Outcome::Granted(grants)),
        })
    }

    fn acquire(&mut self, id: SessionId, seq: RequestSeq, acquire: Acquire) -> Answer {
        if let Some(held) = self.already_held(id, &acquire.item, acquire.if_held) {
            return Ok(held);
        }
        let wait = Waiting {
            arrival: 0,
            session: id,
            seq,
            items: vec![acquire.item],
            key: acquire.key,
            priority: acquire.priority,
            deadline: None,
            if_held: acquire.if_held,
            terms: acquire.terms,
            upgrade_of: None,
        };
        self.ask(wait, acquire.wait, acquire.max_waiters)
    }

    fn already_held(&mut self, id: SessionId, item: &Item, if_held: IfHeld) -> Option<Outcome> {
        let own = |hold: &&mut Hold| {
            hold.session == id && hold.name == item.name && hold.lingers.is_none()
        };
        let hold = self.holds.iter_mut().find(own).filter(|_| if_held != IfHeld::Queue)?;
        let token = hold.id.token;
        let upgrades = self.waits.iter().any(|wait| wait.upgrade_of == Some(token));
        if if_held == IfHeld::Reenter && hold.mode == item.mode && !upgrades {
            hold.count += 1;
            return Some(Outcome::Granted(vec![self.grant_of(token)]));
        }
        Some(Outcome::AlreadyHeld(self.grant_of(token)))
    }

    fn upgrade(
        &mut self,
        id: SessionId,
        seq: RequestSeq,
        hold: HoldId,
        key: Key,
        how_long: Wait,
    ) -> Answer {
        let hold = self.check_hold(hold)?.clone();
        if hold.session != id {
            return Err(Refusal::Invalid("the hold is of another session"));
        }
        match hold.mode {
            Mode::Exclusive => return Ok(Outcome::AlreadyHeld(self.grant_of(hold.id.token))),
            Mode::Permits { .. } => return Err(Refusal::Invalid("permits cannot be upgraded")),
            Mode::Shared => {}
        }
        if hold.count > 1 {
            return Err(Refusal::Invalid("a hold with re-entries cannot be upgraded"));
        }
        let upgrades = |wait: &Waiting| wait.upgrade_of.is_some() && wait.wants(&hold.name);
        if let Some(other) = self.waits.iter().find(|wait| upgrades(wait)) {
            let (name, other) = (hold.name, other.session);
            self.edges = vec![(id, name.clone(), other), (other, name, id)];
            return Err(Refusal::Deadlock { cycle: Vec::new() });
        }
        let wait = Waiting {
            arrival: 0,
            session: id,
            seq,
            items: vec![Item { name: hold.name, mode: Mode::Exclusive, value: hold.value }],
            key,
            priority: Priority(0),
            deadline: None,
            if_held: IfHeld::Refuse,
            terms: hold.terms,
            upgrade_of: Some(hold.id.token),
        };
        self.ask(wait, how_long, None)
    }

    fn ask(&mut self, mut wait: Waiting, how_long: Wait, max_waiters: Option<u32>) -> Answer {
        self.arrivals += 1;
        wait.arrival = self.arrivals;
        let Terms { min_hold_ms, max_hold_ms, .. } = wait.terms;
        if max_hold_ms != 0 && min_hold_ms > max_hold_ms {
            return Err(Refusal::Invalid("the minimum hold is longer than the maximum hold"));
        }
        wait.items.iter().try_for_each(|item| self.check_kind(item))?;
        if self.is_grantable(&wait) {
            return Ok(Outcome::Granted(self.grant(wait, false)));
        }
        wait.deadline = match how_long {
            Wait::Try | Wait::ForMs(0) => return Ok(Outcome::Busy(self.busy(&wait))),
            Wait::ForMs(ms) => Some(self.now.plus_ms(ms)),
            Wait::Forever => None,
        };
        for item in &wait.items {
            let waiters = self.waiters(&item.name).len();
            let waiters_max = max_waiters.unwrap_or(10_000) as usize;
            if waiters >= waiters_max {
                return Err(Refusal::QueueFull { waiters, waiters_max });
            }
        }
        self.waits.push(wait.clone());
        if wait.if_held != IfHeld::Queue && self.last_wait_closes_a_circle() {
            self.waits.pop();
            return Err(Refusal::Deadlock { cycle: Vec::new() });
        }
        for item in &wait.items {
            let (name, session, seq) = (item.name.clone(), wait.session, wait.seq);
            let position = self.position(&wait, &item.name);
            self.news.push(Happening::Queued { name, session, seq, position });
        }
        Ok(self.queued(&wait))
    }

    fn check_kind(&self, item: &Item) -> Result<(), Refusal> {
        let asked = match item.mode {
            Mode::Permits { count, limit } if count == 0 || count > limit => {
                let why = "permits must be at least 1 and at most the limit";
                return Err(Refusal::Invalid(why));
            }
            Mode::Permits { limit, .. } => Some(limit),
            _ => None,
        };
        let held = self.holds.iter().filter(|hold| hold.name == item.name).map(|hold| hold.mode);
        let wanted = self.waits.iter().flat_map(|wait| &wait.items);
        let wanted = wanted.filter(|wanted| wanted.name == item.name).map(|wanted| wanted.mode);
        let limit = held.chain(wanted).next().map(|mode| match mode {
            Mode::Permits { limit, .. } => Some(limit),
            _ => None,
        });
        match (limit, asked) {
            (Some(None), Some(_)) => Err(Refusal::KindMismatch { semaphore: false }),
            (Some(Some(_)), None) => Err(Refusal::KindMismatch { semaphore: true }),
            _ => Ok(()),
        }
    }

    /// The item cannot be granted while this session keeps all that it has out: of a semaphore the
    /// others may give back enough.
    fn is_needed(&self, item: &Item, session: SessionId) -> bool {
        let Mode::Permits { count, limit } = item.mode else { return true };
        let of_session = |hold: &&Hold| {
            hold.name == item.name && hold.session == session && hold.lingers.is_none()
        };
        let modes = || self.holds.iter().filter(of_session).map(|hold| hold.mode);
        modes().any(|mode| names_other_limit(mode, limit))
            || modes().map(permits).sum::<u32>() + count > limit
    }

    /// Somebody holds it alone, if only until his minimum time is over.
    fn is_written(&self, name: &LockName) -> bool {
        self.holds.iter().any(|hold| hold.name == *name && hold.mode == Mode::Exclusive)
    }

    /// Somebody waits for somebody because of the wait that came last, who waits for the former.
    fn last_wait_closes_a_circle(&mut self) -> bool {
        let last = self.waits.last().expect("somebody waits").arrival;
        let (mut edges, mut new) = (Vec::new(), Vec::new());
        for wait in self.waits.iter().filter(|wait| wait.if_held != IfHeld::Queue) {
            for item in &wait.items {
                let held = self.holds.iter().filter(|hold| {
                    let exchanged = wait.upgrade_of == Some(hold.id.token);
                    let living = hold.name == item.name && hold.lingers.is_none() && !exchanged;
                    living && self.is_needed(item, hold.session)
                });
                let all_ahead = || {
                    let others = self.waits.iter();
                    others.filter(|other| other.wants(&item.name) && other.is_before(wait))
                };
                // A reader with none but readers before it waits for no reader that holds.
                let is_writer = |other: &Waiting| {
                    let mut items = other.items.iter().filter(|other| other.name == item.name);
                    items.any(|other| other.mode == Mode::Exclusive)
                };
                let is_free = item.mode == Mode::Shared
                    && !all_ahead().any(is_writer)
                    && !self.is_written(&item.name);
                let held = held.filter(|_| !is_free);
                let held = held.map(|hold| (hold.session, wait.arrival == last));
                let ahead = all_ahead().filter(|other| other.if_held != IfHeld::Queue);
                let ahead = ahead
                    .map(|other| (other.session, wait.arrival == last || other.arrival == last));
                for (blocker, is_new) in held.chain(ahead) {
                    if blocker != wait.session {
                        edges.push((wait.session, item.name.clone(), blocker));
                        new.extend(is_new.then_some((wait.session, blocker)));
                    }
                }
            }
        }
        let closes = new.into_iter().any(|(from, to)| leads_to(&edges, to, from));
        self.edges = if closes { edges } else { Vec::new() };
        closes
    }

    fn cancel(&mut self, id: SessionId, seq: RequestSeq) -> Answer {
        let of_request = |wait: &&Waiting| wait.session == id && wait.seq == seq;
        if let Some(arrival) = self.waits.iter().find(of_request).map(|wait| wait.arrival) {
            self.end_wait(arrival, WaitEnd::Cancelled);
            return Ok(Outcome::Cancelled { was_held: false });
        }
        let tokens = match self.answer(id, seq) {
            Some(Outcome::Granted(grants)) => {
                let tokens = grants.iter().map(|grant| grant.hold.token);
                let lives =
                    |token: &FencingToken| self.hold(*token).is_some_and(|h| h.lingers.is_none());
                tokens.filter(lives).collect()
            }
            Some(_) => return Ok(Outcome::Cancelled { was_held: false }),
            None => self.held_by(id, seq),
        };
        for token in &tokens {
            let hold = self.holds.iter_mut().find(|hold| hold.id.token == *token).expect("lives");
            if hold.count > 1 {
                hold.count -= 1;
            } else {
                self.end_hold(*token, EndReason::Cancelled);
            }
        }
        self.remember(id, seq, Outcome::Refused(Refusal::RequestCancelled));
        Ok(Outcome::Cancelled { was_held: !tokens.is_empty() })
    }

    pub(super) fn act(&mut self, id: HoldId, action: HoldAction) -> Answer {
        let (session, count, mode) = {
            let hold = self.check_hold(id)?;
            (hold.session, hold.count, hold.mode)
        };
        let now = self.now;
        let hold = self.holds.iter_mut().find(|hold| hold.id == id).expect("checked");
        match action {
            HoldAction::Release if count > 1 => {
                hold.count -= 1;
                Ok(Outcome::Released { reentries_left: count - 1, free_at: None })
            }
            HoldAction::Release => {
                let free_at = Some(hold.min_until()).filter(|time| *time > now);
                self.end_hold(id.token, EndReason::Released);
                Ok(Outcome::Released { reentries_left: 0, free_at })
            }
            HoldAction::SetValue(value) => {
                hold.value = value.clone();
                let (name, token) = (hold.name.clone(), id.token);
                self.news.push(Happening::ValueSet { name, token, value });
                Ok(Outcome::ValueSet)
            }
            HoldAction::Downgrade => {
                match mode {
                    Mode::Shared => {}
                    Mode::Permits { .. } => {
                        return Err(Refusal::Invalid("permits cannot be downgraded"));
                    }
                    Mode::Exclusive if count > 1 => {
                        let why = "a hold with re-entries cannot be downgraded";
                        return Err(Refusal::Invalid(why));
                    }
                    Mode::Exclusive => {
                        hold.mode = Mode::Shared;
                        let (name, token) = (hold.name.clone(), id.token);
                        self.news.push(Happening::Downgraded { name, token });
                    }
                }
                Ok(Outcome::Downgraded(self.grant_of(id.token)))
            }
            HoldAction::Renew(ttl) => {
                let session = self.session_mut(session);
                if ttl.is_some_and(|ttl| ttl < session.ttl) {
                    let why = "a TTL can be made longer, not shorter: its holder counts on it";
                    return Err(Refusal::Invalid(why));
                }
                session.ttl = ttl.unwrap_or(session.ttl);
                session.renewed_at = now;
                Ok(Outcome::HoldRenewed(self.grant_of(id.token)))
            }
        }
    }
}

/// Follows who waits for whom until nobody new is found.
fn leads_to(edges: &[(SessionId, LockName, SessionId)], from: SessionId, to: SessionId) -> bool {
    let mut reached = vec![from];
    while !reached.contains(&to) {
        let next = edges.iter().find(|(a, _, b)| reached.contains(a) && !reached.contains(b));
        match next {
            Some((.., next)) => reached.push(*next),
            None => return false,
        }
    }
    true
}
