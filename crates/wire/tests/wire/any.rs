//! Arbitrary values of core's types. Not only those that a request may have: whatever can exist.

use std::sync::Arc;

use bramah_core::facts::{Counters, EndedSession, Fact, HoldFact, SessionFact, WaitFact};
use bramah_core::*;
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;

prop_compose! {
    pub(crate) fn name()(text in "[^\\p{Cc}]{1,20}") -> LockName { LockName::new(&text).unwrap() }
}
prop_compose! {
    pub(crate) fn value()(bytes in vec(any::<u8>(), 0..40)) -> Value { Value::new(&bytes).unwrap() }
}
prop_compose! {
    pub(crate) fn ttl()(ms in limits::TTL_MS_MIN..=limits::TTL_MS_MAX) -> Ttl {
        Ttl::from_ms(ms).unwrap()
    }
}
prop_compose! {
    pub(crate) fn time()(ms in any::<u64>()) -> Time { Time(ms) }
}
prop_compose! {
    pub(crate) fn key()(key in any::<u64>()) -> Key { Key(key) }
}
prop_compose! {
    pub(crate) fn token()(token in any::<u64>()) -> FencingToken { FencingToken(token) }
}
prop_compose! {
    pub(crate) fn session_id()(id in any::<u64>()) -> SessionId { SessionId(id) }
}
prop_compose! {
    pub(crate) fn seq()(seq in any::<u64>()) -> RequestSeq { RequestSeq(seq) }
}
prop_compose! {
    pub(crate) fn handle()(id in session_id(), key in key()) -> SessionHandle {
        SessionHandle { id, key }
    }
}
prop_compose! {
    pub(crate) fn hold()(token in token(), key in key()) -> HoldId { HoldId { token, key } }
}
prop_compose! {
    pub(crate) fn owner()(
        pid in any::<u32>(),
        [host, user, command, reason, url] in [".{0,9}", ".{0,9}", ".{0,9}", ".{0,9}", ".{0,9}"],
    ) -> Arc<Owner> {
        Arc::new(Owner { host, pid, user, command, reason, url })
    }
}
prop_compose! {
    fn terms()(t in any::<[u64; 3]>()) -> Terms {
        Terms { lock_delay_ms: t[0], min_hold_ms: t[1], max_hold_ms: t[2] }
    }
}
prop_compose! {
    pub(crate) fn item()(name in name(), mode in mode(), value in of(value())) -> Item {
        Item { name, mode, value }
    }
}
prop_compose! {
    fn acquire()(
        item in item(),
        key in key(),
        wait in wait(),
        priority in any::<i8>().prop_map(Priority),
        if_held in if_held(),
        max_waiters in any::<Option<u32>>(),
        terms in terms(),
    ) -> Acquire {
        Acquire { item, key, wait, priority, if_held, max_waiters, terms }
    }
}
prop_compose! {
    fn acquire_many()(
        items in vec(item(), 0..4),
        key in key(),
        wait in wait(),
        priority in any::<i8>().prop_map(Priority),
        if_held in if_held(),
        terms in terms(),
    ) -> AcquireMany {
        AcquireMany { items, key, wait, priority, if_held, terms }
    }
}

pub(crate) fn mode() -> impl Strategy<Value = Mode> {
    prop_oneof![
        Just(Mode::Exclusive),
        Just(Mode::Shared),
        any::<(u32, u32)>().prop_map(|(count, limit)| Mode::Permits { count, limit }),
    ]
}

fn wait() -> impl Strategy<Value = Wait> {
    prop_oneof![Just(Wait::Try), any::<u64>().prop_map(Wait::ForMs), Just(Wait::Forever)]
}

fn if_held() -> impl Strategy<Value = IfHeld> {
    prop_oneof![Just(IfHeld::Refuse), Just(IfHeld::Reenter), Just(IfHeld::Queue)]
}

fn on_disconnect() -> impl Strategy<Value = OnDisconnect> {
    prop_oneof![Just(OnDisconnect::Keep), Just(OnDisconnect::Release)]
}

fn by() -> impl Strategy<Value = Arc<str>> {
    ".{0,9}".prop_map(Arc::from)
}

pub(crate) fn end_reason() -> impl Strategy<Value = EndReason> {
    prop_oneof![
        Just(EndReason::Released),
        time().prop_map(|renewed_at| EndReason::Expired { renewed_at }),
        Just(EndReason::SessionClosed),
        Just(EndReason::Disconnected),
        by().prop_map(|by| EndReason::Revoked { by }),
        Just(EndReason::MaxHold),
        Just(EndReason::Upgraded),
        Just(EndReason::Cancelled),
    ]
}

fn hold_action() -> impl Strategy<Value = HoldAction> {
    prop_oneof![
        Just(HoldAction::Release),
        of(value()).prop_map(HoldAction::SetValue),
        Just(HoldAction::Downgrade),
        of(ttl()).prop_map(HoldAction::Renew),
    ]
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        acquire().prop_map(Action::Acquire),
        acquire_many().prop_map(Action::AcquireMany),
        (hold(), key(), wait()).prop_map(|(hold, key, wait)| Action::Upgrade { hold, key, wait }),
        seq().prop_map(|seq| Action::Cancel { seq }),
        (hold(), hold_action()).prop_map(|(hold, action)| Action::Hold(hold, action)),
    ]
}

pub(crate) fn command() -> impl Strategy<Value = Command> {
    let open =
        (key(), ttl(), on_disconnect(), owner()).prop_map(|(key, ttl, on_disconnect, owner)| {
            OpenSession { key, ttl, on_disconnect, owner }
        });
    let cause = prop_oneof![Just(SessionClose::Asked), Just(SessionClose::Disconnected)];
    let request =
        (seq(), seq()).prop_map(|(seq, answered_below)| RequestRef { seq, answered_below });
    let target = prop_oneof![
        name().prop_map(RevokeTarget::Lock),
        (name(), token()).prop_map(|(name, token)| RevokeTarget::Hold(name, token)),
    ];
    prop_oneof![
        open.prop_map(Command::OpenSession),
        vec(handle(), 0..5).prop_map(Command::Renew),
        (handle(), cause).prop_map(|(session, cause)| Command::CloseSession { session, cause }),
        (handle(), request, action()).prop_map(|(session, request, action)| Command::Request {
            session,
            request,
            action
        }),
        (hold(), hold_action()).prop_map(|(hold, action)| Command::ByHold { hold, action }),
        (target, any::<bool>(), by()).prop_map(|(target, wait_for_deadline, by)| {
            Command::Revoke { target, wait_for_deadline, by }
        }),
    ]
}

prop_compose! {
    pub(crate) fn grant()(
        hold in hold(),
        name in name(),
        mode in mode(),
        granted_at in time(),
        deadline in time(),
        ttl in ttl(),
        max_hold_deadline in of(time()),
        count in any::<u32>(),
    ) -> Grant {
        Grant { hold, name, mode, granted_at, deadline, ttl, max_hold_deadline, count }
    }
}
prop_compose! {
    fn busy_holder()(
        token in token(),
        session in session_id(),
        owner in owner(),
        granted_at in time(),
        deadline in time(),
    ) -> BusyHolder {
        BusyHolder { token, session, owner, granted_at, deadline }
    }
}
prop_compose! {
    pub(crate) fn busy()(
        name in name(),
        holder in of(busy_holder()),
        holders in any::<usize>(),
        waiters in any::<usize>(),
        position in any::<usize>(),
        rests_until in of(time()),
        other_limit in of(any::<u32>()),
        now in time(),
    ) -> Busy {
        Busy { name, holder, holders, waiters, position, rests_until, other_limit, now }
    }
}
prop_compose! {
    fn step()(session in session_id(), waits_for in name()) -> DeadlockStep {
        DeadlockStep { session, waits_for }
    }
}

pub(crate) fn refusal() -> impl Strategy<Value = Refusal> {
    prop_oneof![
        Just(Refusal::SessionUnknown),
        (time(), end_reason()).prop_map(|(at, reason)| Refusal::SessionEnded { at, reason }),
        of((time(), end_reason())).prop_map(|ended| Refusal::NotHolder { ended }),
        Just(Refusal::RequestStale),
        Just(Refusal::RequestCancelled),
        any::<(usize, usize)>()
            .prop_map(|(waiters, waiters_max)| Refusal::QueueFull { waiters, waiters_max }),
        any::<u64>().prop_map(|max| Refusal::LimitExceeded { limit: "locks", max }),
        any::<bool>().prop_map(|semaphore| Refusal::KindMismatch { semaphore }),
        vec(step(), 0..4).prop_map(|cycle| Refusal::Deadlock { cycle }),
        Just(Refusal::Invalid("permits cannot be upgraded")),
    ]
}

pub(crate) fn outcome() -> impl Strategy<Value = Outcome> {
    let renewal = prop_oneof![time().prop_map(Ok), refusal().prop_map(Err)];
    prop_oneof![
        (handle(), time())
            .prop_map(|(session, deadline)| Outcome::SessionOpened { session, deadline }),
        vec(renewal, 0..4).prop_map(Outcome::Renewed),
        any::<usize>().prop_map(|holds| Outcome::SessionClosed { holds }),
        vec(grant(), 0..4).prop_map(Outcome::Granted),
        grant().prop_map(Outcome::AlreadyHeld),
        any::<(usize, usize)>()
            .prop_map(|(position, waiters)| Outcome::Queued { position, waiters }),
        busy().prop_map(Outcome::Busy),
        busy().prop_map(Outcome::WaitTimedOut),
        any::<bool>().prop_map(|was_held| Outcome::Cancelled { was_held }),
        (any::<u32>(), of(time()))
            .prop_map(|(reentries_left, free_at)| Outcome::Released { reentries_left, free_at }),
        Just(Outcome::ValueSet),
        grant().prop_map(Outcome::Downgraded),
        grant().prop_map(Outcome::HoldRenewed),
        vec(token(), 0..4).prop_map(|tokens| Outcome::Revoked { tokens }),
        refusal().prop_map(Outcome::Refused),
    ]
}

prop_compose! {
    fn counters()(n in any::<[u64; 5]>()) -> Counters {
        Counters {
            now: Time(n[0]),
            revision: n[1],
            last_token: FencingToken(n[2]),
            last_session: SessionId(n[3]),
            last_wait: n[4],
        }
    }
}
prop_compose! {
    fn session_fact()(
        handle in handle(),
        ttl in ttl(),
        opened_at in time(),
        renewed_at in time(),
        on_disconnect in on_disconnect(),
        owner in owner(),
        answered_below in seq(),
        answers in vec((seq(), outcome()), 0..4),
    ) -> SessionFact {
        SessionFact {
            handle, ttl, opened_at, renewed_at, on_disconnect, owner, answered_below, answers,
        }
    }
}
prop_compose! {
    fn hold_fact()(
        (hold, session, name, mode) in (hold(), session_id(), name(), mode()),
        granted_at in time(),
        count in any::<u32>(),
        value in of(value()),
        terms in terms(),
        seq in seq(),
        lingers in of((end_reason(), owner())),
    ) -> HoldFact {
        HoldFact { hold, session, name, mode, granted_at, count, value, terms, seq, lingers }
    }
}
prop_compose! {
    fn wait_fact()(
        (arrival, session, seq) in (any::<u64>(), session_id(), seq()),
        items in vec(item(), 0..4),
        key in key(),
        priority in any::<i8>().prop_map(Priority),
        queued_at in time(),
        deadline in of(time()),
        if_held in if_held(),
        terms in terms(),
        upgrade_of in of(token()),
    ) -> WaitFact {
        WaitFact {
            arrival, session, seq, items, key, priority, queued_at, deadline, if_held, terms,
            upgrade_of,
        }
    }
}
prop_compose! {
    pub(crate) fn ended()(
        (name, token, session) in (name(), token(), session_id()),
        owner in owner(),
        mode in mode(),
        granted_at in time(),
        ended_at in time(),
        reason in end_reason(),
    ) -> Ended {
        Ended { name, token, session, owner, mode, granted_at, ended_at, reason }
    }
}

pub(crate) fn fact() -> impl Strategy<Value = Fact> {
    prop_oneof![
        counters().prop_map(Fact::Counters),
        session_fact().prop_map(Fact::Session),
        hold_fact().prop_map(Fact::Hold),
        wait_fact().prop_map(Fact::Wait),
        (name(), time()).prop_map(|(name, until)| Fact::Rest { name, until }),
        ended().prop_map(Fact::Ended),
        (handle(), time(), end_reason()).prop_map(|(handle, at, reason)| Fact::EndedSession(
            EndedSession { handle, at, reason }
        )),
    ]
}
