//! What is checked of every step.

use bramah_core::facts::{HoldFact, WaitFact};
use bramah_core::{
    Action, Command, EndReason, Event, FencingToken, Grant, Happening, HoldAction, Key, LockName,
    Mode, Outcome, Refusal, RequestSeq, RevokeTarget, SessionId, Time, WaitEnd,
};

use super::reached::Reached;
use super::world::{Act, Step, World, deadline, max_hold_until, min_hold_until, rank};
use super::worlds::{dummy, repeat, unmoved};

/// What must be true of everything that is done.
pub(crate) fn check_step(before: &World, act: &Act, step: &Step, reached: &mut Reached) {
    let after = &step.after;
    step.events.iter().for_each(|event| reached.happening(&event.what));
    check_tokens(before, step);
    check_ends(before, act, step);
    check_told(before, step, reached);
    for session in &before.parts.sessions {
        let same = after.parts.sessions.iter().find(|other| other.handle == session.handle);
        assert!(same.is_none_or(|same| same.ttl >= session.ttl), "a TTL became shorter");
    }
    for event in &step.events {
        if let Happening::Granted { session, seq, waited, grants } = &event.what {
            let is_open = after.parts.sessions.iter().any(|open| open.handle.id == *session);
            assert!(is_open, "granted to a session that ended: {grants:?}");
            check_turn(before, act, after, (*session, *seq), *waited);
        }
    }
    let (Act::Do(command), Some(outcome)) = (act, &step.outcome) else { return };
    reached.outcome(outcome);
    if matches!(outcome, Outcome::Refused(_) | Outcome::Busy(_) | Outcome::AlreadyHeld(_)) {
        assert!(step.events.is_empty(), "{outcome:?} has news");
        assert!(after.parts.has_same_locks(&before.parts), "{outcome:?} changed something");
    }
    if let Outcome::Granted(grants) = outcome
        && step.events.is_empty()
    {
        check_reentry(before, after, grants);
    }
    if matches!(command, Command::Request { .. }) {
        let again = unmoved(after, command.clone());
        assert_eq!(again, *outcome, "the same request at the same instant");
    }
    check_done(before, after, command, outcome, reached);
}

/// Tokens rise with every grant, news are numbered without a gap, and the counters say so.
fn check_tokens(before: &World, step: &Step) {
    let mut last: FencingToken = before.parts.counters.last_token;
    let mut revision = before.parts.counters.revision;
    for Event { revision: of, what } in &step.events {
        revision += 1;
        assert_eq!(*of, revision);
        let Happening::Granted { grants, .. } = what else { continue };
        for grant in grants {
            assert!(grant.hold.token > last, "tokens rise: {grant:?} after {last}");
            last = grant.hold.token;
            assert_eq!(grant.granted_at, step.after.now());
            let rests =
                |(name, until): &(LockName, Time)| *name == grant.name && *until > step.after.now();
            assert!(!before.parts.rests.iter().any(rests), "granted while it rests: {grant:?}");
        }
    }
    let counters = &step.after.parts.counters;
    assert_eq!((counters.last_token, counters.revision), (last, revision));
    let newest = step.after.parts.holds.iter().map(|hold| hold.hold.token).max();
    assert!(newest.is_none_or(|newest| newest <= last));
}

/// Whoever is granted passes nobody who stood before and still stands.
fn check_turn(
    before: &World,
    act: &Act,
    after: &World,
    (session, seq): (SessionId, RequestSeq),
    waited: bool,
) {
    let stood = before.parts.waits.iter().find(|w| (w.session, w.seq) == (session, seq));
    assert_eq!(stood.is_some(), waited, "who waited is told so");
    let (rank, names): (_, Vec<&LockName>) = match (stood, act) {
        (Some(wait), _) => (rank(wait), wait.items.iter().map(|item| &item.name).collect()),
        (None, Act::Do(Command::Request { action: Action::Acquire(acquire), .. })) => {
            ((true, -i32::from(acquire.priority.0), u64::MAX), vec![&acquire.item.name])
        }
        (None, Act::Do(Command::Request { action: Action::AcquireMany(many), .. })) => {
            let names = many.items.iter().map(|item| &item.name);
            ((true, -i32::from(many.priority.0), u64::MAX), names.collect())
        }
        (None, Act::Do(Command::Request { action: Action::Upgrade { .. }, .. })) => return,
        _ => panic!("nobody asked for what request {seq:?} of session {session} is granted"),
    };
    for other in &after.parts.waits {
        let stood_before = before.parts.waits.iter().any(|wait| wait.arrival == other.arrival);
        let shares = other.items.iter().any(|item| names.contains(&&item.name));
        let is_passed = stood_before && shares && self::rank(other) < rank;
        assert!(!is_passed, "request {seq:?} of session {session} passed {other:?}");
    }
}

/// Everything that is there no more has ended in the news, for a reason that is true by now.
fn check_ends(before: &World, act: &Act, step: &Step) {
    let now = step.after.now();
    let is_asked =
        |wanted: fn(&Command) -> bool| matches!(act, Act::Do(command) if wanted(command));
    let session_end = |id: SessionId| {
        let found = before.parts.sessions.iter().find(|session| session.handle.id == id);
        found.map(|session| (session.renewed_at, session.renewed_at.plus_ms(session.ttl.as_ms())))
    };
    let mut ended = (Vec::new(), Vec::new(), Vec::new());
    for event in &step.events {
        match &event.what {
            Happening::HoldEnded { token, reason, .. } => {
                ended.0.push(*token);
                let hold = before.parts.holds.iter().find(|hold| hold.hold.token == *token);
                let hold = hold.expect("what ended was held");
                let lingered = hold.lingers.as_ref().is_some_and(|(why, _)| why == reason);
                let is_counted = matches!(reason, EndReason::Released | EndReason::Cancelled);
                assert!(!is_counted || hold.count == 1, "it ended with a re-entry left");
                assert!(lingered || is_true(reason, now, hold, act, session_end(hold.session)));
                check_rest(hold, reason, &step.after);
                let is_bound = lingered || is_given_back(reason);
                assert!(!is_bound || min_hold_until(hold) <= now, "ended before its minimum");
            }
            Happening::SessionEnded { session, reason } => {
                ended.1.push(*session);
                let (renewed_at, end) = session_end(*session).expect("what ended was open");
                let is_true = match reason {
                    EndReason::Expired { renewed_at: at } => end <= now && *at == renewed_at,
                    _ => is_asked(|command| matches!(command, Command::CloseSession { .. })),
                };
                assert!(is_true, "session {session} ended before its deadline");
            }
            Happening::WaitEnded { session, seq, reason, .. } => {
                let of = |wait: &&WaitFact| (wait.session, wait.seq) == (*session, *seq);
                let wait = before.parts.waits.iter().find(of).expect("what ended waited");
                ended.2.push(wait.arrival);
                let is_true = match reason {
                    WaitEnd::TimedOut(_) => wait.deadline.is_some_and(|deadline| deadline <= now),
                    WaitEnd::Cancelled => true,
                    WaitEnd::SessionEnded => ended_session(&step.events, *session),
                    WaitEnd::HoldEnded => wait.upgrade_of.is_some(),
                };
                assert!(is_true, "the wait ended by {reason:?}");
            }
            Happening::Granted { session, seq, waited: true, .. } => {
                let of = |wait: &&WaitFact| (wait.session, wait.seq) == (*session, *seq);
                let wait = before.parts.waits.iter().find(of).expect("who is granted waited");
                assert!(wait.deadline.is_none_or(|deadline| deadline > now), "granted too late");
                ended.2.push(wait.arrival);
            }
            _ => {}
        }
    }
    let (after, before) = (&step.after.parts, &before.parts);
    let holds = before.holds.iter().map(|hold| hold.hold.token);
    let left: Vec<_> = holds.filter(|token| !ended.0.contains(token)).collect();
    let still = after.holds.iter().filter(|hold| left.contains(&hold.hold.token)).count();
    assert_eq!(still, left.len(), "a hold is gone without a word");
    let sessions = before.sessions.iter().map(|session| session.handle.id);
    let left: Vec<_> = sessions.filter(|id| !ended.1.contains(id)).collect();
    let still = after.sessions.iter().filter(|session| left.contains(&session.handle.id)).count();
    assert_eq!(still, left.len(), "a session is gone without a word");
    let waits = before.waits.iter().map(|wait| wait.arrival);
    let left: Vec<_> = waits.filter(|arrival| !ended.2.contains(arrival)).collect();
    let still = after.waits.iter().filter(|wait| left.contains(&wait.arrival)).count();
    assert_eq!(still, left.len(), "a wait is gone without a word");
}

/// After an unclean end the lock rests for as long as its holder had asked.
fn check_rest(hold: &HoldFact, reason: &EndReason, after: &World) {
    let delay_ms = hold.terms.lock_delay_ms;
    let until = after.now().plus_ms(delay_ms);
    let rests = |(name, at): &(LockName, Time)| *name == hold.name && *at >= until;
    let is_due = delay_ms > 0 && reason.is_unclean();
    assert!(!is_due || after.parts.rests.iter().any(rests), "it does not rest: {hold:?}");
}

/// The reason for which a hold ended is so.
fn is_true(
    reason: &EndReason,
    now: Time,
    hold: &HoldFact,
    act: &Act,
    session_end: Option<(Time, Time)>,
) -> bool {
    let command = match act {
        Act::Do(command) => Some(command),
        Act::Pass(_) => None,
    };
    match reason {
        EndReason::Expired { renewed_at } => {
            session_end.is_some_and(|(at, end)| end <= now && at == *renewed_at)
        }
        EndReason::MaxHold => max_hold_until(hold).is_some_and(|until| until <= now),
        EndReason::SessionClosed | EndReason::Disconnected => {
            matches!(command, Some(Command::CloseSession { session, .. })
                if session.id == hold.session)
        }
        EndReason::Revoked { .. } => matches!(command, Some(Command::Revoke { .. })),
        EndReason::Released => match command {
            Some(Command::ByHold { hold: id, .. }) => *id == hold.hold,
            Some(Command::Request { action: Action::Hold(id, _), .. }) => *id == hold.hold,
            _ => false,
        },
        // An upgrade that waited is granted by whatever ended the last other reader.
        EndReason::Upgraded => hold.mode == Mode::Shared,
        EndReason::Cancelled => {
            matches!(command, Some(Command::Request { action: Action::Cancel { .. }, .. }))
        }
    }
}

/// A minimum hold binds whoever gives back.
fn is_given_back(reason: &EndReason) -> bool {
    matches!(
        reason,
        EndReason::Released
            | EndReason::Expired { .. }
            | EndReason::SessionClosed
            | EndReason::Disconnected
    )
}

fn ended_session(events: &[Event], id: SessionId) -> bool {
    events
        .iter()
        .any(|event| matches!(event.what, Happening::SessionEnded { session, .. } if session == id))
}

/// A grant without news counts a hold once more.
fn check_reentry(before: &World, after: &World, grants: &[Grant]) {
    let count = |world: &World| {
        let holds = world.parts.holds.iter();
        holds.filter(|hold| hold.hold == grants[0].hold).map(|hold| hold.count).sum::<u32>()
    };
    assert_eq!((count(after), grants.len()), (count(before) + 1, 1), "a re-entry is counted");
}

/// Whoever waited finds out how that ended by asking again.
fn check_told(before: &World, step: &Step, reached: &mut Reached) {
    for event in &step.events {
        let (id, seq, end) = match &event.what {
            Happening::WaitEnded { session, seq, reason, .. } => (session, seq, Some(reason)),
            Happening::Granted { session, seq, waited: true, .. } => (session, seq, None),
            _ => continue,
        };
        let sessions = &step.after.parts.sessions;
        let Some(session) = sessions.iter().find(|open| open.handle.id == *id) else { continue };
        let answer = unmoved(&step.after, repeat(session.handle, seq.0, dummy(Key(1))));
        reached.outcome(&answer);
        let is_unseen = *seq >= session.answered_below;
        let is_told = match (&answer, end) {
            (Outcome::WaitTimedOut(_), Some(WaitEnd::TimedOut(_)))
            | (Outcome::Refused(Refusal::RequestCancelled), Some(WaitEnd::Cancelled))
            | (Outcome::Refused(Refusal::NotHolder { .. }), Some(WaitEnd::HoldEnded))
            | (Outcome::Granted(_), None) => true,
            (Outcome::Refused(Refusal::RequestStale), Some(_)) => !is_unseen,
            _ => false,
        };
        assert!(is_told, "{:?} of {:?} is told {answer:?}", end, before.clients);
    }
}

/// What was cancelled or closed has left nothing behind, what was revoked rests, and what was set
/// is so.
fn check_done(
    before: &World,
    after: &World,
    command: &Command,
    outcome: &Outcome,
    reached: &mut Reached,
) {
    let parts = &after.parts;
    match (command, outcome) {
        (
            Command::Request { session, action: Action::Cancel { seq }, .. },
            Outcome::Cancelled { .. },
        ) => {
            // Also when it was not made yet, and is about to come.
            let late = unmoved(after, repeat(*session, seq.0, dummy(session.key)));
            let is_known = before.state.has_seen(*session, *seq);
            let is_refused = late == Outcome::Refused(Refusal::RequestCancelled);
            reached.outcome(&late);
            assert!(is_known || is_refused, "a cancelled request that comes late is {late:?}");
            let waits = parts.waits.iter().any(|w| (w.session, w.seq) == (session.id, *seq));
            assert!(!waits, "a cancelled request waits");
            let of_request = before.parts.holds.iter().filter(|hold| {
                // A re-entry is another request's, and keeps the hold.
                (hold.session, hold.seq, hold.count) == (session.id, *seq, 1)
            });
            for hold in of_request {
                let lives = |other: &HoldFact| other.hold == hold.hold && other.lingers.is_none();
                assert!(!parts.holds.iter().any(lives), "a cancelled request holds");
            }
        }
        (Command::Revoke { target, wait_for_deadline, .. }, Outcome::Revoked { tokens }) => {
            if let RevokeTarget::Hold(_, only) = target {
                assert_eq!(tokens, &[*only], "that hold, and no other");
            }
            if !wait_for_deadline {
                return;
            }
            for hold in before.parts.holds.iter().filter(|hold| tokens.contains(&hold.hold.token)) {
                let until = deadline(&before.parts, hold);
                let rests = |(name, at): &(LockName, Time)| *name == hold.name && *at >= until;
                assert!(parts.rests.iter().any(rests), "it may be granted before {until:?}");
            }
        }
        (
            Command::ByHold { hold, action: HoldAction::SetValue(value) }
            | Command::Request { action: Action::Hold(hold, HoldAction::SetValue(value)), .. },
            Outcome::ValueSet,
        ) => {
            let of = parts.holds.iter().find(|fact| fact.hold == *hold);
            assert_eq!(of.map(|fact| &fact.value), Some(value), "the value is kept");
        }
        (Command::CloseSession { session, .. }, Outcome::SessionClosed { .. }) => {
            let waits = parts.waits.iter().any(|wait| wait.session == session.id);
            let lives = |hold: &HoldFact| hold.session == session.id && hold.lingers.is_none();
            assert!(!waits && !parts.holds.iter().any(lives), "a closed session is left");
        }
        _ => {}
    }
}
