//! One of every kind of what is written, always the same, with a name.

use std::sync::Arc;

use bramah_core::facts::{Counters, EndedSession, Fact, HoldFact, SessionFact, WaitFact};
use bramah_core::*;
use bramah_wire::peer::Message;

pub(crate) fn name(text: &str) -> LockName {
    LockName::new(text).unwrap()
}

pub(crate) fn value(bytes: &[u8]) -> Option<Value> {
    Some(Value::new(bytes).unwrap())
}

pub(crate) fn owner() -> Arc<Owner> {
    Arc::new(Owner {
        host: "db1".to_owned(),
        pid: 4711,
        user: "joe".to_owned(),
        command: "backup.sh --full".to_owned(),
        reason: "nightly".to_owned(),
        url: "https://ci.example/7".to_owned(),
    })
}

pub(crate) fn session() -> SessionHandle {
    SessionHandle { id: SessionId(42), key: Key(0x9f3a_c81d_2b4e_6f70) }
}

pub(crate) fn hold() -> HoldId {
    HoldId { token: FencingToken(1057), key: Key(0x0123_4567_89ab_cdef) }
}

pub(crate) fn ttl() -> Ttl {
    Ttl::from_ms(15_000).unwrap()
}

pub(crate) fn item() -> Item {
    Item { name: name("billing/close"), mode: Mode::Exclusive, value: None }
}

pub(crate) fn terms() -> Terms {
    Terms { lock_delay_ms: 1_000, min_hold_ms: 2_000, max_hold_ms: 3_600_000 }
}

pub(crate) fn acquire() -> Acquire {
    Acquire {
        item: item(),
        key: Key(7),
        wait: Wait::ForMs(60_000),
        priority: Priority(0),
        if_held: IfHeld::Refuse,
        max_waiters: None,
        terms: Terms::default(),
    }
}

pub(crate) fn numbered(action: Action) -> Command {
    let request = RequestRef { seq: RequestSeq(300), answered_below: RequestSeq(299) };
    Command::Request { session: session(), request, action }
}

pub(crate) fn commands() -> Vec<(&'static str, Command)> {
    let by_hold = |action| Command::ByHold { hold: hold(), action };
    let permits = Item {
        name: name("pool/öl"),
        mode: Mode::Permits { count: 2, limit: 5 },
        value: value(b"slot"),
    };
    let shared = Item { name: name("a"), mode: Mode::Shared, value: value(b"") };
    vec![
        (
            "open_session",
            Command::OpenSession(OpenSession {
                key: session().key,
                ttl: ttl(),
                on_disconnect: OnDisconnect::Release,
                owner: owner(),
            }),
        ),
        (
            "open_session_keep",
            Command::OpenSession(OpenSession {
                key: Key(0),
                ttl: Ttl::from_ms(limits::TTL_MS_MAX).unwrap(),
                on_disconnect: OnDisconnect::Keep,
                owner: Arc::default(),
            }),
        ),
        (
            "renew",
            Command::Renew(vec![session(), SessionHandle { id: SessionId(1), key: Key(u64::MAX) }]),
        ),
        ("close_asked", Command::CloseSession { session: session(), cause: SessionClose::Asked }),
        (
            "close_disconnected",
            Command::CloseSession { session: session(), cause: SessionClose::Disconnected },
        ),
        ("acquire", numbered(Action::Acquire(acquire()))),
        (
            "acquire_all_fields",
            numbered(Action::Acquire(Acquire {
                item: permits.clone(),
                key: Key(7),
                wait: Wait::Forever,
                priority: Priority(-128),
                if_held: IfHeld::Queue,
                max_waiters: Some(1_000),
                terms: terms(),
            })),
        ),
        (
            "acquire_many",
            numbered(Action::AcquireMany(AcquireMany {
                items: vec![permits, shared],
                key: Key(8),
                wait: Wait::Try,
                priority: Priority(127),
                if_held: IfHeld::Reenter,
                terms: terms(),
            })),
        ),
        ("upgrade", numbered(Action::Upgrade { hold: hold(), key: Key(9), wait: Wait::ForMs(1) })),
        ("cancel", numbered(Action::Cancel { seq: RequestSeq(298) })),
        ("release", numbered(Action::Hold(hold(), HoldAction::Release))),
        ("set_value", numbered(Action::Hold(hold(), HoldAction::SetValue(value(b"\x00\xff"))))),
        ("downgrade", numbered(Action::Hold(hold(), HoldAction::Downgrade))),
        ("renew_hold", numbered(Action::Hold(hold(), HoldAction::Renew(Some(ttl()))))),
        ("release_by_hold", by_hold(HoldAction::Release)),
        ("clear_value_by_hold", by_hold(HoldAction::SetValue(None))),
        ("downgrade_by_hold", by_hold(HoldAction::Downgrade)),
        ("renew_by_hold", by_hold(HoldAction::Renew(None))),
        (
            "revoke_lock",
            Command::Revoke {
                target: RevokeTarget::Lock(name("a")),
                wait_for_deadline: true,
                by: "ann: stuck".into(),
            },
        ),
        (
            "revoke_hold",
            Command::Revoke {
                target: RevokeTarget::Hold(name("a"), FencingToken(1057)),
                wait_for_deadline: false,
                by: "".into(),
            },
        ),
    ]
}

pub(crate) fn grant() -> Grant {
    Grant {
        hold: hold(),
        name: name("billing/close"),
        mode: Mode::Permits { count: 2, limit: 5 },
        granted_at: Time(100_000),
        deadline: Time(115_000),
        ttl: ttl(),
        max_hold_deadline: Some(Time(3_700_000)),
        count: 1,
    }
}

pub(crate) fn busy() -> Busy {
    Busy {
        name: name("billing/close"),
        holder: Some(BusyHolder {
            token: FencingToken(1056),
            session: SessionId(41),
            owner: owner(),
            granted_at: Time(90_000),
            deadline: Time(105_000),
        }),
        holders: 1,
        waiters: 2,
        position: 3,
        rests_until: None,
        other_limit: None,
        now: Time(100_000),
    }
}

pub(crate) fn ends() -> Vec<EndReason> {
    vec![
        EndReason::Released,
        EndReason::Expired { renewed_at: Time(80_000) },
        EndReason::SessionClosed,
        EndReason::Disconnected,
        EndReason::Revoked { by: "ann: stuck".into() },
        EndReason::MaxHold,
        EndReason::Upgraded,
        EndReason::Cancelled,
    ]
}

pub(crate) fn refusals() -> Vec<Refusal> {
    let at = Time(95_000);
    let mut refusals = vec![
        Refusal::SessionUnknown,
        Refusal::NotHolder { ended: None },
        Refusal::RequestStale,
        Refusal::RequestCancelled,
        Refusal::QueueFull { waiters: 1_000, waiters_max: 1_000 },
        Refusal::LimitExceeded { limit: "session_holds", max: 10_000 },
        Refusal::KindMismatch { semaphore: true },
        Refusal::KindMismatch { semaphore: false },
        Refusal::Deadlock {
            cycle: vec![
                DeadlockStep { session: SessionId(42), waits_for: name("a") },
                DeadlockStep { session: SessionId(41), waits_for: name("b") },
            ],
        },
        Refusal::Invalid("the minimum hold is longer than the maximum hold"),
    ];
    for reason in ends() {
        refusals.push(Refusal::SessionEnded { at, reason: reason.clone() });
        refusals.push(Refusal::NotHolder { ended: Some((at, reason)) });
    }
    refusals
}

pub(crate) fn outcomes() -> Vec<(&'static str, Outcome)> {
    let resting = Busy { holder: None, rests_until: Some(Time(101_000)), ..busy() };
    let mut outcomes = vec![
        ("session_opened", Outcome::SessionOpened { session: session(), deadline: Time(115_000) }),
        ("renewed", Outcome::Renewed(vec![Ok(Time(115_000)), Err(Refusal::SessionUnknown)])),
        ("session_closed", Outcome::SessionClosed { holds: 3 }),
        (
            "granted",
            Outcome::Granted(vec![
                grant(),
                Grant { mode: Mode::Exclusive, max_hold_deadline: None, ..grant() },
            ]),
        ),
        ("already_held", Outcome::AlreadyHeld(Grant { mode: Mode::Shared, ..grant() })),
        ("queued", Outcome::Queued { position: 2, waiters: 3 }),
        ("busy", Outcome::Busy(busy())),
        ("wait_timed_out", Outcome::WaitTimedOut(resting)),
        ("cancelled", Outcome::Cancelled { was_held: true }),
        ("released", Outcome::Released { reentries_left: 0, free_at: Some(Time(102_000)) }),
        ("value_set", Outcome::ValueSet),
        ("downgraded", Outcome::Downgraded(Grant { mode: Mode::Shared, ..grant() })),
        ("hold_renewed", Outcome::HoldRenewed(Grant { count: 2, ..grant() })),
        ("revoked", Outcome::Revoked { tokens: vec![FencingToken(1056), FencingToken(1057)] }),
    ];
    outcomes.extend(refusals().into_iter().map(|refusal| ("refused", Outcome::Refused(refusal))));
    outcomes
}

pub(crate) fn events() -> Vec<(&'static str, Event)> {
    let (name, session, seq) = (name("a"), session().id, RequestSeq(300));
    let token = hold().token;
    let wait_ended = |reason| Happening::WaitEnded {
        session,
        seq,
        names: vec![name.clone(), self::name("b")],
        reason,
    };
    let granted =
        |waited| Happening::Granted { session, seq, waited, grants: vec![grant(), grant()] };
    let whats = vec![
        ("granted_after_waiting", granted(true)),
        ("granted_at_once", granted(false)),
        (
            "hold_ended",
            Happening::HoldEnded {
                name: name.clone(),
                token,
                session,
                reason: EndReason::Expired { renewed_at: Time(80_000) },
            },
        ),
        ("queued", Happening::Queued { name: name.clone(), session, seq, position: 2 }),
        ("wait_timed_out", wait_ended(WaitEnd::TimedOut(busy()))),
        ("wait_cancelled", wait_ended(WaitEnd::Cancelled)),
        ("wait_session_ended", wait_ended(WaitEnd::SessionEnded)),
        ("wait_hold_ended", wait_ended(WaitEnd::HoldEnded)),
        ("value_set", Happening::ValueSet { name: name.clone(), token, value: value(b"v") }),
        ("downgraded", Happening::Downgraded { name: name.clone(), token }),
        ("session_ended", Happening::SessionEnded { session, reason: EndReason::SessionClosed }),
    ];
    whats.into_iter().map(|(label, what)| (label, Event { revision: 77, what })).collect()
}

pub(crate) fn lock_view() -> LockView {
    LockView {
        name: name("billing/close"),
        limit: Some(5),
        holders: vec![HolderView {
            token: FencingToken(1057),
            session: SessionId(42),
            owner: owner(),
            mode: Mode::Permits { count: 2, limit: 5 },
            granted_at: Time(100_000),
            deadline: Time(115_000),
            count: 1,
            value: value(b"v"),
            lingers: true,
        }],
        waiters: vec![WaiterView {
            position: 1,
            session: SessionId(43),
            owner: owner(),
            mode: Mode::Permits { count: 4, limit: 5 },
            priority: Priority(-3),
            queued_at: Time(100_001),
            deadline: Some(Time(160_001)),
        }],
        holders_total: 1,
        waiters_total: 9,
        rests_until: Some(Time(101_000)),
    }
}

pub(crate) fn session_view() -> SessionView {
    SessionView {
        id: SessionId(42),
        owner: owner(),
        ttl: ttl(),
        opened_at: Time(90_000),
        deadline: Time(115_000),
        holds: 1,
        waits: 2,
        on_disconnect: OnDisconnect::Release,
    }
}

pub(crate) fn ended() -> Ended {
    Ended {
        name: name("billing/close"),
        token: FencingToken(1055),
        session: SessionId(40),
        owner: owner(),
        mode: Mode::Permits { count: 1, limit: 5 },
        granted_at: Time(70_000),
        ended_at: Time(90_000),
        reason: EndReason::Revoked { by: "ann: stuck".into() },
    }
}

/// Every kind of fact, in order; they share one owner.
pub(crate) fn facts() -> Vec<Fact> {
    let owner = owner();
    let lingering = HoldFact {
        hold: HoldId { token: FencingToken(1058), key: Key(3) },
        session: SessionId(39),
        name: name("b"),
        mode: Mode::Permits { count: 2, limit: 5 },
        granted_at: Time(99_000),
        count: 1,
        value: value(b"v"),
        terms: terms(),
        seq: RequestSeq(1),
        lingers: Some((EndReason::SessionClosed, owner.clone())),
    };
    let wait = WaitFact {
        arrival: 8,
        session: SessionId(42),
        seq: RequestSeq(301),
        items: vec![item(), Item { name: name("c"), mode: Mode::Shared, value: value(b"w") }],
        key: Key(5),
        priority: Priority(-1),
        queued_at: Time(100_000),
        deadline: Some(Time(160_000)),
        if_held: IfHeld::Reenter,
        terms: terms(),
        upgrade_of: Some(FencingToken(1057)),
    };
    let outcomes = outcomes().into_iter().enumerate();
    let mut facts = vec![
        Fact::Counters(Counters {
            now: Time(100_000),
            revision: 77,
            last_token: FencingToken((3 << 48) + 1058),
            last_session: SessionId(42),
            last_wait: 9,
        }),
        Fact::Session(SessionFact {
            handle: session(),
            ttl: ttl(),
            opened_at: Time(90_000),
            renewed_at: Time(100_000),
            on_disconnect: OnDisconnect::Release,
            owner: owner.clone(),
            answered_below: RequestSeq(299),
            answers: outcomes.map(|(i, (_, o))| (RequestSeq(300 + i as u64), o)).collect(),
        }),
        Fact::Hold(HoldFact { hold: hold(), lingers: None, value: None, ..lingering.clone() }),
        Fact::Hold(lingering),
        Fact::Wait(wait),
        Fact::Rest { name: name("rests"), until: Time(100_500) },
    ];
    for reason in ends() {
        facts.push(Fact::Ended(Ended { owner: owner.clone(), reason: reason.clone(), ..ended() }));
        let handle = SessionHandle { id: SessionId(38), key: Key(1) };
        facts.push(Fact::EndedSession(EndedSession { handle, at: Time(99), reason }));
    }
    // In the order of the variants.
    facts.sort_by_key(|fact| matches!(fact, Fact::EndedSession(_)));
    facts
}

/// One message of each kind that members send each other.
pub(crate) fn peer_messages() -> Vec<(&'static str, Message)> {
    use bramah_wire::peer::Message;
    use bramah_wire::peer::{Entry, Forward, Forwarded, Raft, RaftKind, Refused, SnapshotHead};
    let raft = |raft| Message::Raft(Box::new(raft));
    let of = |kind| Raft { kind, term: 3, ..Raft::default() };
    let entries = vec![
        Entry { term: 2, index: 9, kind: 0, data: b"\x02\x00\x00".as_slice().into() },
        Entry { term: 3, index: 10, kind: 2, data: b"\x01\x02\x05".as_slice().into() },
    ];
    let commands = commands().into_iter().map(|(_, command)| command).take(3).collect();
    let head = SnapshotHead { index: 300, term: 2 };
    vec![
        (
            "append",
            raft(Raft { log_term: 2, index: 8, commit: 7, entries, ..of(RaftKind::Append) }),
        ),
        (
            "append_refused",
            raft(Raft {
                log_term: 1,
                index: 8,
                commit: 3,
                reject: true,
                reject_hint: 5,
                ..of(RaftKind::AppendResponse)
            }),
        ),
        (
            "vote",
            raft(Raft {
                log_term: 2,
                index: 300,
                commit: 299,
                commit_term: 2,
                context: b"why".as_slice().into(),
                ..of(RaftKind::Vote)
            }),
        ),
        ("vote_given", raft(of(RaftKind::VoteResponse))),
        ("snapshot", raft(Raft { snapshot: Some(head), ..of(RaftKind::Snapshot) })),
        ("heartbeat", raft(Raft { commit: 7, ..of(RaftKind::Heartbeat) })),
        ("heartbeat_answered", raft(Raft { commit: 7, ..of(RaftKind::HeartbeatResponse) })),
        ("timeout_now", raft(of(RaftKind::TimeoutNow))),
        ("read_index", raft(Raft { context: b"id".as_slice().into(), ..of(RaftKind::ReadIndex) })),
        ("read_index_answered", raft(Raft { index: 7, ..of(RaftKind::ReadIndexResponse) })),
        ("pre_vote", raft(of(RaftKind::PreVote))),
        ("pre_vote_refused", raft(Raft { reject: true, ..of(RaftKind::PreVoteResponse) })),
        (
            "forward",
            Message::Forward(Forward { term: 3, incarnation: 300, floor: 4, first: 6, commands }),
        ),
        (
            "forwarded",
            Message::Forwarded(Forwarded {
                term: 3,
                incarnation: 300,
                taken_below: 9,
                refused: vec![(6, Refused::Draining), (7, Refused::DiskFull)],
            }),
        ),
    ]
}
