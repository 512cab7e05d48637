//! How much of what can be asked is asked.

use bramah_core::{Action, HoldAction, Key, SessionClose, Wait};

use super::world::{CLOSES, hold_actions, renew_with};
use crate::ask::{Ask, Many, exclusive, many, permits, shared};

/// All times are multiples of this.
pub(crate) const TICK_MS: u64 = 500;
/// The time to live of every session that is opened.
pub(crate) const TTL_MS: u64 = 2 * TICK_MS;
/// The time to live that a renewal by hold id may ask for.
pub(crate) const LONG_TTL_MS: u64 = 3 * TICK_MS;

/// How many kinds of asks there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Size {
    /// A few seconds of work.
    Usual,
    /// A minute or two.
    Full,
}

/// What each client may do, as often as it likes. With these, and with times that count from now,
/// there are only so many worlds.
#[derive(Clone, Debug)]
pub(crate) struct Bounds {
    /// How many there are, each with one session at a time.
    pub(crate) clients: usize,
    /// What is asked for.
    pub(crate) asks: Vec<Action>,
    /// What is done with a hold in the holder's session.
    pub(crate) by_request: Vec<HoldAction>,
    /// What is done with a hold by its id alone.
    pub(crate) by_hold: Vec<HoldAction>,
    /// How long an upgrade waits.
    pub(crate) upgrades: Vec<Wait>,
    /// Requests are cancelled.
    pub(crate) cancels: bool,
    /// The next request is cancelled before it is made.
    pub(crate) cancels_ahead: bool,
    /// Operators revoke: at once, or with a rest until the holder's deadline.
    pub(crate) revokes: Vec<bool>,
    /// How sessions are closed.
    pub(crate) closes: Vec<SessionClose>,
    /// Most waits of a session.
    pub(crate) waits_max: usize,
    /// Most holds and waits that a session of several users has of one lock, and most holds of a
    /// lock that only linger.
    pub(crate) holds_max: usize,
    /// So many answers before the last are not acknowledged, and worlds differ by them.
    pub(crate) unseen_answers: u64,
    /// How much time passes at once.
    pub(crate) passes_ms: Vec<u64>,
}

impl Bounds {
    /// Nothing is asked for, all else is as usual.
    fn asking(asks: Vec<Action>) -> Bounds {
        Bounds {
            clients: 2,
            asks,
            by_request: Vec::new(),
            by_hold: vec![HoldAction::Release],
            upgrades: Vec::new(),
            cancels: false,
            cancels_ahead: false,
            revokes: Vec::new(),
            closes: vec![SessionClose::Asked],
            waits_max: 1,
            holds_max: 1,
            unseen_answers: 0,
            passes_ms: vec![TICK_MS],
        }
    }

    /// Every command there is, and every kind of ask, on a plain lock and a semaphore.
    pub(crate) fn every_kind(size: Size) -> Bounds {
        let mut asks = vec![
            one(exclusive("a").reenter().max_waiters(1).max_hold(TICK_MS)),
            one(shared("a").priority(1)),
            one(permits("b", 1, 2).lock_delay(TICK_MS)),
            one(permits("b", 2, 2).many_users().try_once()),
            all(many([exclusive("a"), exclusive("b")]).wait(Wait::ForMs(TICK_MS))),
        ];
        if size == Size::Full {
            asks.push(one(permits("b", 2, 2).min_hold(TICK_MS).try_once()));
            asks.push(one(exclusive("a").for_ms(TICK_MS)));
            asks.push(one(permits("b", 1, 1).many_users()));
        }
        Bounds {
            by_request: vec![HoldAction::Release],
            by_hold: hold_actions(),
            upgrades: vec![Wait::Forever, Wait::Try],
            cancels: true,
            cancels_ahead: true,
            revokes: vec![false, true],
            closes: CLOSES.to_vec(),
            passes_ms: vec![TICK_MS, 10 * TICK_MS],
            ..Bounds::asking(asks)
        }
    }

    /// Readers, writers, upgrades and priorities on two plain locks.
    pub(crate) fn modes(size: Size) -> Bounds {
        let mut asks = vec![
            one(exclusive("a")),
            one(shared("a")),
            one(exclusive("a").priority(1)),
            all(many([exclusive("b"), shared("a")])),
        ];
        if size == Size::Full {
            asks.push(one(shared("b")));
            asks.push(one(exclusive("b").try_once()));
            asks.push(all(many([shared("b"), exclusive("a")]).priority(1)));
        }
        Bounds {
            upgrades: vec![Wait::Forever, Wait::Try],
            by_hold: vec![HoldAction::Release, HoldAction::Downgrade],
            passes_ms: vec![TTL_MS],
            waits_max: 2,
            ..Bounds::asking(asks)
        }
    }

    /// Three sessions in one line, and circles of three.
    pub(crate) fn three_clients(size: Size) -> Bounds {
        let mut asks = vec![one(exclusive("a")), one(exclusive("b")), one(exclusive("c"))];
        if size == Size::Full {
            asks.push(one(shared("a").priority(1)));
            asks.push(all(many([exclusive("b"), exclusive("c")])));
        }
        Bounds { clients: 3, cancels: true, passes_ms: vec![TTL_MS], ..Bounds::asking(asks) }
    }

    /// Semaphores, whose users do not always agree.
    pub(crate) fn semaphores(size: Size) -> Bounds {
        let mut asks = vec![
            one(permits("a", 1, 2)),
            one(permits("a", 2, 2)),
            one(permits("a", 1, 2).many_users()),
            one(permits("a", 1, 3)),
            one(exclusive("a").try_once()),
            one(permits("b", 2, 3).priority(1)),
            all(many([permits("a", 1, 2), permits("b", 2, 3)])),
        ];
        if size == Size::Full {
            asks.push(one(permits("b", 1, 3).for_ms(TICK_MS)));
        }
        Bounds { waits_max: 2, holds_max: 2, passes_ms: vec![TTL_MS], ..Bounds::asking(asks) }
    }

    /// Sessions of several users, and holds that are counted.
    pub(crate) fn users(size: Size) -> Bounds {
        let mut asks = vec![one(exclusive("a").many_users()), one(shared("a").reenter())];
        if size == Size::Full {
            asks.push(one(exclusive("b").reenter().try_once()));
        }
        Bounds {
            waits_max: 2,
            holds_max: 2,
            cancels: true,
            upgrades: vec![Wait::Forever],
            passes_ms: vec![TTL_MS],
            by_hold: vec![HoldAction::Release, HoldAction::Downgrade],
            ..Bounds::asking(asks)
        }
    }

    /// Lock delays, minimum and maximum holds, and sessions that live longer than they said.
    pub(crate) fn terms(size: Size) -> Bounds {
        let mut asks = vec![
            one(exclusive("a").max_hold(2 * TICK_MS).for_ms(TICK_MS)),
            one(shared("a").min_hold(TICK_MS).lock_delay(TICK_MS)),
        ];
        if size == Size::Full {
            asks.push(one(exclusive("a").lock_delay(2 * TICK_MS)));
        }
        Bounds {
            by_hold: vec![HoldAction::Release, renew_with(LONG_TTL_MS), renew_with(TTL_MS)],
            revokes: vec![true],
            closes: vec![SessionClose::Disconnected],
            passes_ms: vec![TICK_MS],
            ..Bounds::asking(asks)
        }
    }

    /// Clients that have not seen their last answers yet.
    pub(crate) fn answers(size: Size) -> Bounds {
        let mut asks = vec![one(exclusive("a").for_ms(TICK_MS)), one(shared("a").reenter())];
        if size == Size::Full {
            asks.push(all(many([exclusive("a"), exclusive("b")])));
        }
        Bounds {
            unseen_answers: 1,
            cancels: true,
            cancels_ahead: true,
            by_request: vec![HoldAction::Release],
            by_hold: Vec::new(),
            ..Bounds::asking(asks)
        }
    }
}

fn one(ask: Ask) -> Action {
    Action::Acquire(ask.with_key(Key(0)))
}

fn all(many: Many) -> Action {
    Action::AcquireMany(many.with_key(Key(0)))
}
