//! What is checked of every world.

use bramah_core::facts::HoldFact;
use bramah_core::{
    Acquire, Action, Command, Grant, HoldId, IfHeld, Item, Key, LockName, Mode, Outcome, Priority,
    Refusal, RequestRef, RequestSeq, RevokeTarget, SessionHandle, SessionId, State, Terms, Time,
    Wait,
};

use super::bounds::TICK_MS;
use super::reached::Reached;
use super::world::{Parts, World, deadline, hold_actions, line, max_hold_until, min_hold_until};
use crate::promises::check_promises;
use crate::table::{lock_name, restored};

/// What must be true wherever one comes.
pub(crate) fn check_world(world: &World, reached: &mut Reached) {
    check_promises(&world.state);
    let copy = restored(world.state.facts().collect()).expect("facts agree");
    assert_eq!(copy, world.state, "a table built from facts is the table they are of");
    for session in &world.parts.sessions {
        assert!(session.renewed_at <= world.now(), "it lives for longer than its TTL: {session:?}");
    }
    for wait in &world.parts.waits {
        let lives = |token| {
            let hold = world.parts.holds.iter().find(|hold| hold.hold.token == token);
            hold.is_some_and(|hold| hold.session == wait.session && hold.lingers.is_none())
        };
        assert!(wait.upgrade_of.is_none_or(lives), "there is nothing to upgrade: {wait:?}");
    }
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
    let gone = |grants: &[Grant]| {
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
    for ended in state.ended(None).take(2) {
        let target = RevokeTarget::Hold(ended.name.clone(), ended.token);
        let by = "ops".into();
        let answer = unmoved(world, Command::Revoke { target, wait_for_deadline: true, by });
        assert!(matches!(answer, Outcome::Refused(Refusal::NotHolder { ended: Some(_) })));
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
pub(crate) fn unmoved(world: &World, command: Command) -> Outcome {
    let (mut state, mut events) = (world.state.clone(), Vec::new());
    let outcome = state.apply(world.now(), command.clone(), &mut events);
    assert!(events.is_empty(), "{command:?} has news {events:?}");
    assert!(state == world.state, "{command:?} changed something");
    outcome
}

pub(crate) fn repeat(session: SessionHandle, seq: u64, action: Action) -> Command {
    let request = RequestRef { seq: RequestSeq(seq), answered_below: RequestSeq(0) };
    Command::Request { session, request, action }
}

/// An ask that would be granted at once, if it were made anew.
pub(crate) fn dummy(key: Key) -> Action {
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
