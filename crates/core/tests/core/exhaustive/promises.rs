//! What is checked of every world and of every step.

use bramah_core::facts::{HoldFact, WaitFact};
use bramah_core::{
    Acquire, Action, Command, EndReason, Event, FencingToken, Happening, HoldId, IfHeld, Item, Key,
    LockName, Mode, Outcome, Priority, Refusal, RequestRef, RequestSeq, SessionHandle, SessionId,
    State, Terms, Time, Wait, WaitEnd,
};

use super::bounds::TICK_MS;
use super::reached::Reached;
use super::world::{Act, Parts, Step, World, hold_actions};
use crate::promises::check_promises;
use crate::table::{lock_name, restored};

/// What must be true wherever one comes.
pub(crate) fn check_world(world: &World, reached: &mut Reached) {
    check_promises(&world.state);
    let copy = restored(world.state.facts().collect()).expect("facts agree");
    assert_eq!(copy, world.state, "a table built from facts is the table they are of");
    check_views(&world.state, &world.parts);
    check_time(world);
    check_repeats(world, reached);
    check_the_dead(world, reached);
}

/// Listings and sizes say what the facts say.
fn check_views(state: &State, parts: &Parts) {
    let now = parts.counters.now;
    let views: Vec<_> = state.lock_views("", None, usize::MAX).collect();
    let of = |name: &LockName| views.iter().find(|view| view.name == *name).expect("it is listed");
    for hold in &parts.holds {
        let token = hold.hold.token;
        let holder = of(&hold.name).holders.iter().find(|holder| holder.token == token);
        let holder = holder.expect("every hold is listed");
        let lingers = hold.lingers.is_some();
        assert_eq!((holder.session, holder.mode), (hold.session, hold.mode));
        assert_eq!((holder.count, &holder.value), (hold.count, &hold.value));
        assert_eq!((holder.deadline, holder.lingers), (deadline(parts, hold), lingers));
        assert_eq!(state.verify(&hold.name, token).held, !lingers, "a hold is verified");
    }
    for view in &views {
        let of_lock = |name: &LockName| *name == view.name;
        let holds = parts.holds.iter().filter(|hold| of_lock(&hold.name)).count();
        let line = line(parts, &view.name);
        assert_eq!((view.holders.len(), view.holders_total), (holds, holds));
        let waiters: Vec<_> = view.waiters.iter().map(|w| (w.position, w.session)).collect();
        let expected: Vec<_> =
            line.iter().zip(1..).map(|(wait, position)| (position, wait.session)).collect();
        assert_eq!((waiters, view.waiters_total), (expected, line.len()), "the line");
        let rest = parts.rests.iter().find(|(name, _)| of_lock(name)).map(|(_, until)| *until);
        assert_eq!(view.rests_until, rest);
        assert!(holds + line.len() > 0 || rest.is_some(), "{} is not in use", view.name);
        assert_eq!(state.lock_view(&view.name, usize::MAX).as_ref(), Some(view));
    }
    for (session, view) in parts.sessions.iter().zip(state.session_views(SessionId(0))) {
        let of_session = |hold: &&HoldFact| hold.session == view.id && hold.lingers.is_none();
        let holds: Vec<_> = parts.holds.iter().filter(of_session).map(|hold| hold.hold).collect();
        let waits = parts.waits.iter().filter(|wait| wait.session == view.id).count();
        assert_eq!((view.id, view.holds, view.waits), (session.handle.id, holds.len(), waits));
        let own = state.session_grants(session.handle).expect("open");
        assert_eq!(own.holds.iter().map(|grant| grant.hold).collect::<Vec<_>>(), holds);
        let end = session.renewed_at.plus_ms(session.ttl.as_ms());
        assert_eq!((view.deadline, own.deadline, view.ttl), (end, end, own.ttl));
    }
    let sizes = state.sizes();
    assert_eq!((sizes.locks, sizes.sessions), (views.len(), parts.sessions.len()));
    assert_eq!((sizes.holds, sizes.waiters), (parts.holds.len(), parts.waits.len()));
    assert_eq!(state.now(), now);
    for ended in state.ended(None) {
        let verdict = state.verify(&ended.name, ended.token);
        assert_eq!((verdict.held, verdict.ended), (false, Some(ended.reason.clone())));
        assert!(verdict.newest >= Some(ended.token) && ended.ended_at <= now);
    }
}

/// Nothing happens before it is due, and time can neither go back nor be cut into pieces.
fn check_time(world: &World) {
    let (state, parts) = (&world.state, &world.parts);
    let sessions =
        parts.sessions.iter().map(|session| session.renewed_at.plus_ms(session.ttl.as_ms()));
    let waits = parts.waits.iter().filter_map(|wait| wait.deadline);
    let holds = parts.holds.iter().filter_map(|hold| match hold.lingers {
        Some(_) => Some(min_hold_until(hold)),
        None => max_hold_until(hold),
    });
    let rests = parts.rests.iter().map(|(_, until)| *until);
    let due = sessions.chain(waits).chain(holds).chain(rests).min();
    assert_eq!(state.next_due(), due, "what is due next");
    let mut events = Vec::new();
    if let Some(due) = due {
        let mut later = state.clone();
        later.advance(Time(due.0 - 1), &mut events);
        assert!(events.is_empty(), "before it is due: {events:?}");
        assert!(Parts::of(&later).has_same_locks(parts), "something changed before it was due");
        let mut then = state.clone();
        then.advance(due, &mut events);
        assert!(then.next_due().is_none_or(|next| next > due), "what was due is over");
    }
    let nothing = || Command::Renew(Vec::new());
    let (mut back, mut now) = (state.clone(), state.clone());
    back.apply(Time(0), nothing(), &mut events);
    now.advance(world.now(), &mut events);
    assert!(back == *state && now == *state, "an earlier time counts as the last");
    let (mut with_command, mut alone) = (state.clone(), state.clone());
    let (mut news, mut expected) = (Vec::new(), Vec::new());
    let tick = world.now().plus_ms(TICK_MS);
    with_command.apply(tick, nothing(), &mut news);
    alone.advance(tick, &mut expected);
    assert!(with_command == alone && news == expected, "a command lets happen what is due first");
}

/// Whatever a client asked already, it may ask again: nothing changes.
fn check_repeats(world: &World, reached: &mut Reached) {
    for client in &world.clients {
        let Some(session) = client.session else { continue };
        // The number alone says what is repeated.
        for seq in client.last_seq.saturating_sub(3).max(1)..=client.last_seq {
            let answer = unmoved(world, repeat(session, seq, dummy(session.key)));
            reached.outcome(&answer);
            check_repeated(world, session, RequestSeq(seq), &answer);
        }
        if let Some((command, first)) = &client.last {
            let answer = unmoved(world, command.clone());
            check_first_answer(world, first, &answer);
        }
    }
}

fn check_repeated(world: &World, session: SessionHandle, seq: RequestSeq, answer: &Outcome) {
    let waits = world.parts.waits.iter().any(|w| (w.session, w.seq) == (session.id, seq));
    assert_eq!(waits, matches!(answer, Outcome::Queued { .. }), "who waits is told so: {answer:?}");
    if let Outcome::Granted(grants) = answer {
        for grant in grants {
            let lives = |hold: &HoldFact| {
                hold.hold == grant.hold && hold.session == session.id && hold.lingers.is_none()
            };
            assert!(world.parts.holds.iter().any(lives), "told of a hold it has not: {grant:?}");
        }
    }
    let held = world.parts.holds.iter().any(|hold| {
        let living = hold.session == session.id && hold.lingers.is_none();
        living && hold.seq == seq
    });
    // A hold of several may have ended, and then the grant is not told as if it were whole.
    let says_so =
        matches!(answer, Outcome::Granted(_) | Outcome::Refused(Refusal::NotHolder { .. }));
    assert!(!held || says_so, "who holds by this request is told {answer:?}");
}

/// The last request was answered so at first, and is answered so now.
fn check_first_answer(world: &World, first: &Outcome, now: &Outcome) {
    let gone = |grants: &[bramah_core::Grant]| {
        let lives = |hold: HoldId| {
            let found = world.parts.holds.iter().find(|fact| fact.hold == hold);
            found.is_some_and(|fact| fact.lingers.is_none())
        };
        grants.iter().any(|grant| !lives(grant.hold))
    };
    let grants = match first {
        Outcome::Granted(grants) => &grants[..],
        Outcome::AlreadyHeld(grant) | Outcome::Downgraded(grant) | Outcome::HoldRenewed(grant) => {
            std::slice::from_ref(grant)
        }
        // What became of a wait is checked where it ends.
        Outcome::Queued { .. } => return,
        _ => &[],
    };
    let not_holder = matches!(now, Outcome::Refused(Refusal::NotHolder { .. }));
    let as_before = now == first;
    assert!(if gone(grants) { not_holder } else { as_before }, "first {first:?}, then {now:?}");
}

/// Ids of ended holds, ended sessions and strangers move nothing.
fn check_the_dead(world: &World, reached: &mut Reached) {
    let state = &world.state;
    for ended in state.ended(None).take(2) {
        let hold = HoldId { token: ended.token, key: Key(1) };
        for action in hold_actions() {
            let answer = unmoved(world, Command::ByHold { hold, action });
            let told = Some((ended.ended_at, ended.reason.clone()));
            assert_eq!(answer, Outcome::Refused(Refusal::NotHolder { ended: told }));
            reached.outcome(&answer);
        }
    }
    for hold in &world.parts.holds {
        let forged = HoldId { key: Key(99), ..hold.hold };
        let hold = if hold.lingers.is_some() { hold.hold } else { forged };
        for action in hold_actions() {
            let answer = unmoved(world, Command::ByHold { hold, action });
            assert!(matches!(answer, Outcome::Refused(Refusal::NotHolder { .. })), "{answer:?}");
        }
    }
    let open = world.parts.sessions.iter().map(|session| session.handle);
    let forged = open.map(|handle| SessionHandle { key: Key(99), ..handle });
    let facts = state.facts();
    let ended = facts.filter_map(|fact| match fact {
        bramah_core::facts::Fact::EndedSession(ended) => Some(ended.handle),
        _ => None,
    });
    let mut ended: Vec<_> = ended.collect();
    let ended = ended.split_off(ended.len().saturating_sub(2));
    for session in ended.into_iter().chain(forged) {
        let close = bramah_core::SessionClose::Asked;
        let commands = [
            repeat(session, 99, dummy(session.key)),
            Command::CloseSession { session, cause: close },
            Command::Renew(vec![session]),
        ];
        for command in commands {
            let answer = unmoved(world, command);
            let refusal = match &answer {
                Outcome::Refused(refusal) => refusal,
                Outcome::Renewed(all) => all[0].as_ref().expect_err("the session is not open"),
                other => panic!("a session that is not open is answered {other:?}"),
            };
            let is_told = match session.key {
                Key(99) => *refusal == Refusal::SessionUnknown,
                _ => matches!(refusal, Refusal::SessionEnded { .. }),
            };
            assert!(is_told, "{refusal:?}");
            reached.outcome(&answer);
        }
    }
}

/// Applies a command that must change nothing, and gives its answer.
fn unmoved(world: &World, command: Command) -> Outcome {
    let (mut state, mut events) = (world.state.clone(), Vec::new());
    let outcome = state.apply(world.now(), command.clone(), &mut events);
    assert!(events.is_empty(), "{command:?} has news {events:?}");
    assert!(state == world.state, "{command:?} changed something");
    outcome
}

fn repeat(session: SessionHandle, seq: u64, action: Action) -> Command {
    let request = RequestRef { seq: RequestSeq(seq), answered_below: RequestSeq(0) };
    Command::Request { session, request, action }
}

/// An ask that would be granted at once, if it were made anew.
fn dummy(key: Key) -> Action {
    Action::Acquire(Acquire {
        item: Item { name: lock_name("unused"), mode: Mode::Exclusive, value: None },
        key,
        wait: Wait::Forever,
        priority: Priority(0),
        if_held: IfHeld::Queue,
        max_waiters: None,
        terms: Terms::default(),
    })
}

/// What must be true of everything that is done.
pub(crate) fn check_step(before: &World, act: &Act, step: &Step, reached: &mut Reached) {
    let after = &step.after;
    step.events.iter().for_each(|event| reached.happening(&event.what));
    check_tokens(before, step);
    check_ends(before, act, step);
    check_told(before, step, reached);
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
    if matches!(command, Command::Request { .. }) {
        let again = unmoved(after, command.clone());
        assert_eq!(again, *outcome, "the same request at the same instant");
    }
    check_undone(before, after, command, outcome, reached);
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
                assert!(lingered || is_true(reason, now, hold, act, session_end(hold.session)));
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

/// What was cancelled or closed has left nothing behind.
fn check_undone(
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
        (Command::CloseSession { session, .. }, Outcome::SessionClosed { .. }) => {
            let waits = parts.waits.iter().any(|wait| wait.session == session.id);
            let lives = |hold: &HoldFact| hold.session == session.id && hold.lingers.is_none();
            assert!(!waits && !parts.holds.iter().any(lives), "a closed session is left");
        }
        _ => {}
    }
}

/// An upgrade stands before all, then the higher priority, then who came first.
fn rank(wait: &WaitFact) -> (bool, i32, u64) {
    (wait.upgrade_of.is_none(), -i32::from(wait.priority.0), wait.arrival)
}

/// Who waits for a lock, first to last.
fn line<'a>(parts: &'a Parts, name: &LockName) -> Vec<&'a WaitFact> {
    let waits = parts.waits.iter();
    let mut line: Vec<_> =
        waits.filter(|wait| wait.items.iter().any(|item| item.name == *name)).collect();
    line.sort_by_key(|wait| rank(wait));
    line
}

fn min_hold_until(hold: &HoldFact) -> Time {
    hold.granted_at.plus_ms(hold.terms.min_hold_ms)
}

fn max_hold_until(hold: &HoldFact) -> Option<Time> {
    let max = hold.terms.max_hold_ms;
    (max > 0).then(|| hold.granted_at.plus_ms(max))
}

/// When a hold ends unless renewed.
fn deadline(parts: &Parts, hold: &HoldFact) -> Time {
    if hold.lingers.is_some() {
        return min_hold_until(hold);
    }
    let session = parts.sessions.iter().find(|session| session.handle.id == hold.session);
    let session = session.expect("a living hold has an open session");
    let end = session.renewed_at.plus_ms(session.ttl.as_ms());
    max_hold_until(hold).map_or(end, |max| max.min(end))
}
