//! Lists of commands drawn at random: few sessions and names, so that they meet often.

use std::sync::Arc;

use bramah_core::{
    Acquire, AcquireMany, Action, Command, Grant, HoldAction, HoldId, IfHeld, Item, Key, Mode,
    OnDisconnect, OpenSession, Owner, Priority, RequestRef, RequestSeq, RevokeTarget, SessionClose,
    SessionHandle, SessionId, Terms, Ttl, Wait,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use crate::table::{lock_name, value};

const NAMES: [&str; 3] = ["a", "b", "c"];

/// One step: what is done, and how long after the one before.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(crate) after_ms: u64,
    pub(crate) what: What,
}

/// A command that is not yet bound to the sessions, requests and holds there are by then.
#[derive(Clone, Debug)]
pub(crate) enum What {
    Open(u64),
    Renew(Vec<Index>),
    Close(Index, SessionClose),
    Request(Index, Number, Ask),
    /// Sends one of the last requests again, as it was.
    Repeat(Index),
    ByHold(Index, HoldAction),
    Revoke(&'static str, Option<Index>, bool),
    /// Nothing but the passing of time.
    Advance,
}

/// The number of a request.
#[derive(Clone, Debug)]
pub(crate) enum Number {
    Next,
    /// The next, and all answers so far are acknowledged.
    NextAndAcknowledge,
    /// So far below the last.
    Below(u64),
}

#[derive(Clone, Debug)]
pub(crate) enum Ask {
    One(Item, Wait, i8, IfHeld, Option<u32>, Terms),
    Many(Vec<Item>, Wait, i8, IfHeld, Terms),
    Upgrade(Index, Wait),
    Cancel(i64),
    Hold(Index, HoldAction),
}

pub(crate) fn steps() -> impl Strategy<Value = Vec<Step>> {
    let after_ms = prop_oneof![
        16 => Just(0),
        6 => 1..150_u64,
        1 => select(vec![300, 499, 500, 501, 1_000, 9_000]),
    ];
    let step = (after_ms, what()).prop_map(|(after_ms, what)| Step { after_ms, what });
    vec(step, 1..60)
}

fn what() -> impl Strategy<Value = What> {
    let index = any::<Index>;
    prop_oneof![
        1 => select(vec![500, 2_000, 5_000]).prop_map(What::Open),
        2 => vec(index(), 1..4).prop_map(What::Renew),
        1 => (index(), cause()).prop_map(|(session, cause)| What::Close(session, cause)),
        20 => (index(), number(), ask())
            .prop_map(|(who, number, ask)| What::Request(who, number, ask)),
        4 => index().prop_map(What::Repeat),
        3 => (index(), hold_action()).prop_map(|(hold, action)| What::ByHold(hold, action)),
        1 => (select(&NAMES[..]), proptest::option::of(index()), any::<bool>())
            .prop_map(|(name, hold, waits)| What::Revoke(name, hold, waits)),
        2 => Just(What::Advance),
    ]
}

fn cause() -> impl Strategy<Value = SessionClose> {
    select(vec![SessionClose::Asked, SessionClose::Disconnected])
}

fn number() -> impl Strategy<Value = Number> {
    prop_oneof![
        12 => Just(Number::Next),
        1 => Just(Number::NextAndAcknowledge),
        1 => (0..4_u64).prop_map(Number::Below),
    ]
}

fn ask() -> impl Strategy<Value = Ask> {
    prop_oneof![
        10 => (item(), wait(), priority(), if_held(), max_waiters(), terms()).prop_map(
            |(item, wait, priority, if_held, max, terms)| {
                Ask::One(item, wait, priority, if_held, max, terms)
            }
        ),
        3 => (vec(item(), 0..3), wait(), priority(), if_held(), terms()).prop_map(
            |(items, wait, priority, if_held, terms)| {
                Ask::Many(items, wait, priority, if_held, terms)
            }
        ),
        2 => (any::<Index>(), wait()).prop_map(|(hold, wait)| Ask::Upgrade(hold, wait)),
        2 => (-4..2_i64).prop_map(Ask::Cancel),
        5 => (any::<Index>(), hold_action()).prop_map(|(hold, action)| Ask::Hold(hold, action)),
    ]
}

fn item() -> impl Strategy<Value = Item> {
    let mode = prop_oneof![
        5 => Just(Mode::Exclusive),
        4 => Just(Mode::Shared),
        3 => (1..4_u32, Just(3)).prop_map(|(count, limit)| Mode::Permits { count, limit }),
        1 => (0..4_u32, 1..4_u32).prop_map(|(count, limit)| Mode::Permits { count, limit }),
    ];
    let value = prop_oneof![4 => Just(None), 1 => Just(Some(value("v")))];
    // Plain locks and semaphores mostly keep to names of their own.
    (select(&NAMES[..2]), mode, value, 0..20_u32).prop_map(|(name, mode, value, odd)| {
        let name = match mode {
            Mode::Permits { .. } if odd > 0 => NAMES[2],
            _ => name,
        };
        Item { name: lock_name(name), mode, value }
    })
}

fn wait() -> impl Strategy<Value = Wait> {
    prop_oneof![
        1 => Just(Wait::Try),
        1 => select(vec![0, 50, 500, 700]).prop_map(Wait::ForMs),
        3 => Just(Wait::Forever),
    ]
}

fn priority() -> impl Strategy<Value = i8> {
    prop_oneof![4 => Just(0), 1 => select(vec![-1, 1, i8::MIN, i8::MAX])]
}

fn if_held() -> impl Strategy<Value = IfHeld> {
    prop_oneof![3 => Just(IfHeld::Refuse), 1 => Just(IfHeld::Reenter), 1 => Just(IfHeld::Queue)]
}

fn max_waiters() -> impl Strategy<Value = Option<u32>> {
    prop_oneof![9 => Just(None), 1 => (0..3_u32).prop_map(Some)]
}

fn terms() -> impl Strategy<Value = Terms> {
    let ms = |most: u64| prop_oneof![4 => Just(0), 1 => 1..=most];
    (ms(300), ms(400), ms(800)).prop_map(|(lock_delay_ms, min_hold_ms, max_hold_ms)| Terms {
        lock_delay_ms,
        min_hold_ms,
        max_hold_ms,
    })
}

fn hold_action() -> impl Strategy<Value = HoldAction> {
    prop_oneof![
        6 => Just(HoldAction::Release),
        1 => Just(HoldAction::SetValue(None)),
        1 => Just(HoldAction::SetValue(Some(value("w")))),
        2 => Just(HoldAction::Downgrade),
        1 => Just(HoldAction::Renew(None)),
        1 => Just(HoldAction::Renew(Some(Ttl::from_ms(900).unwrap()))),
    ]
}

/// What a client knows: its sessions, its requests and the holds it was told of.
#[derive(Default)]
pub(crate) struct Known {
    sessions: Vec<(SessionHandle, u64, u64)>,
    requests: Vec<Command>,
    holds: Vec<HoldId>,
    ended: Vec<SessionId>,
    last_key: u64,
}

impl Known {
    pub(crate) fn learn_session(&mut self, session: SessionHandle) {
        self.sessions.push((session, 0, 0));
    }

    pub(crate) fn learn_end(&mut self, session: SessionId) {
        self.ended.push(session);
    }

    pub(crate) fn learn_grants(&mut self, grants: &[Grant]) {
        self.holds.extend(grants.iter().map(|grant| grant.hold));
    }

    /// The command of a step; none if it needs something that is not there, or is no command.
    pub(crate) fn bind(&mut self, what: &What) -> Option<Command> {
        Some(match what {
            What::Open(ttl_ms) => Command::OpenSession(OpenSession {
                key: self.key(),
                ttl: Ttl::from_ms(*ttl_ms).unwrap(),
                on_disconnect: OnDisconnect::Keep,
                owner: Arc::new(Owner { pid: self.last_key as u32, ..Owner::default() }),
            }),
            What::Renew(all) => {
                let sessions = all.iter().map(|who| Some(self.sessions[self.session(who)?].0));
                Command::Renew(sessions.collect::<Option<_>>()?)
            }
            What::Close(who, cause) => {
                let session = self.sessions[self.session(who)?].0;
                Command::CloseSession { session, cause: *cause }
            }
            What::Request(who, number, ask) => self.request(who, number, ask)?,
            What::Repeat(which) => {
                let recent = self.requests.len().saturating_sub(8);
                let recent = &self.requests[recent..];
                (!recent.is_empty()).then(|| which.get(recent).clone())?
            }
            What::ByHold(which, action) => {
                Command::ByHold { hold: self.hold(which)?, action: action.clone() }
            }
            What::Revoke(name, hold, wait_for_deadline) => {
                let name = lock_name(name);
                let target = match hold {
                    Some(which) => RevokeTarget::Hold(name, self.hold(which)?.token),
                    None => RevokeTarget::Lock(name),
                };
                let wait_for_deadline = *wait_for_deadline;
                Command::Revoke { target, wait_for_deadline, by: "ops".into() }
            }
            What::Advance => return None,
        })
    }

    fn request(&mut self, who: &Index, number: &Number, ask: &Ask) -> Option<Command> {
        let index = self.session(who)?;
        let action = self.action(ask, self.sessions[index].1)?;
        let (session, last, below) = &mut self.sessions[index];
        let seq = match number {
            Number::Below(back) => last.saturating_sub(*back),
            _ => *last + 1,
        };
        *last = seq.max(*last);
        if matches!(number, Number::NextAndAcknowledge) {
            *below = seq;
        }
        let answered_below = RequestSeq(if seq == 0 { 0 } else { (*below).min(seq) });
        let request = RequestRef { seq: RequestSeq(seq), answered_below };
        let command = Command::Request { session: *session, request, action };
        self.requests.push(command.clone());
        Some(command)
    }

    fn action(&mut self, ask: &Ask, last_seq: u64) -> Option<Action> {
        Some(match ask.clone() {
            Ask::One(item, wait, priority, if_held, max_waiters, terms) => {
                let (key, priority) = (self.key(), Priority(priority));
                Action::Acquire(Acquire { item, key, wait, priority, if_held, max_waiters, terms })
            }
            Ask::Many(items, wait, priority, if_held, terms) => {
                let (key, priority) = (self.key(), Priority(priority));
                Action::AcquireMany(AcquireMany { items, key, wait, priority, if_held, terms })
            }
            Ask::Upgrade(which, wait) => {
                Action::Upgrade { hold: self.hold(&which)?, key: self.key(), wait }
            }
            Ask::Cancel(offset) => {
                Action::Cancel { seq: RequestSeq(last_seq.saturating_add_signed(offset + 1)) }
            }
            Ask::Hold(which, action) => Action::Hold(self.hold(&which)?, action),
        })
    }

    /// An open session, at times one that ended.
    fn session(&self, which: &Index) -> Option<usize> {
        let all = 0..self.sessions.len();
        let open: Vec<usize> = all.filter(|index| !self.is_ended(*index)).collect();
        match which.index(37) {
            0 => (!self.sessions.is_empty()).then(|| which.index(self.sessions.len())),
            _ => (!open.is_empty()).then(|| *which.get(&open)),
        }
    }

    fn is_ended(&self, index: usize) -> bool {
        self.ended.contains(&self.sessions[index].0.id)
    }

    /// One of the last holds, at times with a forged key.
    fn hold(&self, which: &Index) -> Option<HoldId> {
        let recent = self.holds.len().min(6);
        let hold =
            *self.holds.get(self.holds.len().checked_sub(1 + which.index(recent.max(1)))?)?;
        match which.index(29) {
            0 => Some(HoldId { key: Key(0), ..hold }),
            _ => Some(hold),
        }
    }

    fn key(&mut self) -> Key {
        self.last_key += 1;
        Key(self.last_key)
    }
}
