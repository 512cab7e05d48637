//! A session's numbered requests: whatever is repeated gets its first answer, or the news that the
//! hold of that answer has ended since.

use crate::command::{Action, RequestRef};
use crate::event::{EndReason, WaitEnd};
use crate::facts::WaitFact;
use crate::ids::{FencingToken, RequestSeq, SessionHandle, SessionId};
use crate::mutant::{self, Mutant};
use crate::outcome::{Grant, Outcome, Refusal};
use crate::queue::Place;
use crate::session::Session;
use crate::state::State;

impl State {
    pub(crate) fn request(
        &mut self,
        handle: SessionHandle,
        request: RequestRef,
        action: Action,
    ) -> Outcome {
        if let Err(refusal) = self.check_session(handle) {
            return Outcome::Refused(refusal);
        }
        let RequestRef { seq, answered_below } = request;
        if seq < RequestSeq(1) || answered_below > seq {
            return Outcome::Refused(Refusal::Invalid(
                "request numbers start at 1, and answered_below is at most the request's own",
            ));
        }
        let id = handle.id;
        let Some(mut session) = self.sessions.get_mut(&id) else {
            return Outcome::Refused(Refusal::SessionUnknown);
        };
        session.acknowledge(answered_below);
        drop(session);
        if let Some(outcome) = self.known_answer(id, seq, &action)
            && !mutant::is_on(Mutant::RepeatDoneAgain)
        {
            return outcome;
        }
        // A cancel also answers the request that it cancels.
        let answers = 1 + usize::from(matches!(action, Action::Cancel { .. }));
        let room = self.sessions.get(&id).map(|session| session.check_room_for_answers(answers));
        if let Some(Err(refusal)) = room {
            return Outcome::Refused(refusal);
        }
        let outcome = match action {
            Action::Acquire(acquire) => self.acquire(id, seq, acquire),
            Action::AcquireMany(acquire) => self.acquire_many(id, seq, acquire),
            Action::Upgrade { hold, key, wait } => self.upgrade(id, seq, hold, key, wait),
            Action::Cancel { seq } => self.cancel(id, seq),
            Action::Hold(hold, action) => self.act_on_hold(hold, action),
        };
        if !matches!(outcome, Outcome::Queued { .. })
            && let Some(mut session) = self.sessions.get_mut(&id)
        {
            session.remember(seq, outcome.clone());
        }
        outcome
    }

    /// A session's request was made before, so that to repeat it changes nothing.
    #[must_use]
    pub fn has_seen(&self, handle: SessionHandle, seq: RequestSeq) -> bool {
        self.check_session(handle).is_ok_and(|session| {
            seq < session.fact.answered_below
                || session.waits.contains_key(&seq)
                || session.answer(seq).is_some()
        })
    }

    /// What is known of a request that may have been made before. Nothing is known of a new one.
    fn known_answer(&self, id: SessionId, seq: RequestSeq, action: &Action) -> Option<Outcome> {
        let session = self.sessions.get(&id)?;
        if let Some(wait) = session.waits.get(&seq).and_then(|arrival| self.waits.get(arrival)) {
            return Some(self.queued(wait));
        }
        if let Some(outcome) = session.answer(seq) {
            return Some(self.repeated(outcome));
        }
        if seq >= session.fact.answered_below {
            return None;
        }
        // Below the mark only what is still held is found again.
        let grants = self.grants_of_request(id, seq);
        let asked = match action {
            Action::AcquireMany(many) => many.items.len(),
            _ => 1,
        };
        Some(match grants.len() {
            0 => Outcome::Refused(Refusal::RequestStale),
            // It was all or nothing: a part must not pass for the whole.
            found if found < asked => Outcome::Refused(Refusal::NotHolder { ended: None }),
            _ => Outcome::Granted(grants),
        })
    }

    /// A first answer, as it may be given again: a hold that has ended since would be believed in.
    fn repeated(&self, outcome: &Outcome) -> Outcome {
        let grants = match outcome {
            Outcome::Granted(grants) => &grants[..],
            Outcome::AlreadyHeld(grant)
            | Outcome::Downgraded(grant)
            | Outcome::HoldRenewed(grant) => std::slice::from_ref(grant),
            _ => &[],
        };
        let ended = grants.iter().find_map(|grant| self.check_hold(grant.hold).err());
        ended.map_or_else(|| outcome.clone(), Outcome::Refused)
    }

    /// What a request of a session holds now. The search is slow but rare: it is needed only where
    /// the news of a grant that was waited for was lost.
    #[must_use]
    pub fn grants_of_request(&self, id: SessionId, seq: RequestSeq) -> Vec<Grant> {
        let tokens = self.sessions.get(&id).map(|session| self.held_by_request(session, seq));
        let tokens = tokens.into_iter().flatten();
        tokens.filter_map(|token| self.grant_of(token).ok()).collect()
    }

    fn held_by_request(&self, session: &Session, seq: RequestSeq) -> Vec<FencingToken> {
        let of_request =
            |token: &&FencingToken| self.holds.get(token).is_some_and(|hold| hold.seq == seq);
        session.holds.iter().filter(of_request).copied().collect()
    }

    pub(crate) fn queued(&self, wait: &WaitFact) -> Outcome {
        let place = Place::of(wait);
        let locks = wait.items.iter().filter_map(|item| self.locks.get(&item.name));
        let (position, waiters) =
            locks.map(|lock| (lock.position(place), lock.waiters())).max().unwrap_or_default();
        Outcome::Queued { position, waiters }
    }

    fn cancel(&mut self, id: SessionId, seq: RequestSeq) -> Outcome {
        let Some(session) = self.sessions.get(&id) else {
            return Outcome::Refused(Refusal::SessionUnknown);
        };
        if let Some(arrival) = session.waits.get(&seq) {
            if !mutant::is_on(Mutant::CancelLeavesWaiter) {
                self.end_wait(*arrival, WaitEnd::Cancelled);
            }
            return Outcome::Cancelled { was_held: false };
        }
        let granted: Vec<_> = match session.answer(seq) {
            Some(Outcome::Granted(grants)) => {
                let tokens = grants.iter().map(|grant| grant.hold.token);
                tokens.filter(|token| session.holds.contains(token)).collect()
            }
            // It left nothing to undo, and its answer stays what it was.
            Some(_) => return Outcome::Cancelled { was_held: false },
            None => self.held_by_request(session, seq),
        };
        let stays = mutant::is_on(Mutant::CancelLeavesHold);
        for token in granted.iter().filter(|_| !stays) {
            let is_reentered = self.holds.get(token).is_some_and(|hold| hold.count > 1);
            if is_reentered && let Some(mut hold) = self.holds.get_mut(token) {
                hold.count -= 1;
            } else {
                self.end_hold(*token, EndReason::Cancelled);
            }
        }
        if let Some(mut session) = self.sessions.get_mut(&id)
            && !mutant::is_on(Mutant::CancelMarkLost)
        {
            session.remember(seq, Outcome::Refused(Refusal::RequestCancelled));
        }
        Outcome::Cancelled { was_held: !granted.is_empty() }
    }
}
