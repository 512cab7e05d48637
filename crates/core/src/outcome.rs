//! What the table answers.

use std::sync::Arc;

use crate::command::{Mode, Owner};
use crate::event::EndReason;
use crate::ids::{FencingToken, HoldId, LockName, SessionHandle, SessionId, Time, Ttl};

/// The answer to one command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The session is open and lives until `deadline` unless renewed.
    SessionOpened {
        /// Its handle.
        session: SessionHandle,
        /// Its end unless renewed.
        deadline: Time,
    },
    /// One answer for each session of a renewal, in the order asked.
    Renewed(Vec<Result<Time, Refusal>>),
    /// The session is closed; it released this many holds.
    SessionClosed {
        /// Holds that were released.
        holds: usize,
    },
    /// The lock is held from now on; of an acquire of many: all locks, in the order asked.
    Granted(Vec<Grant>),
    /// The session holds it already, by this grant.
    AlreadyHeld(Grant),
    /// It waits. [`crate::Event`]s tell the rest.
    Queued {
        /// Its place, 1 is the next to be granted.
        position: usize,
        /// Waiters of that lock, itself included.
        waiters: usize,
    },
    /// It was not to be had at once, and waiting was not asked for.
    Busy(Busy),
    /// The wait reached its deadline.
    WaitTimedOut(Busy),
    /// The earlier request is undone.
    Cancelled {
        /// It had been granted, and that hold was released.
        was_held: bool,
    },
    /// The hold is given back.
    Released {
        /// Re-entries that are left; the lock is held until this is 0.
        reentries_left: u32,
        /// With a minimum hold: when others may have it.
        free_at: Option<Time>,
    },
    /// The value is changed.
    ValueSet,
    /// The hold is shared from now on, under the same token.
    Downgraded(Grant),
    /// The hold's session was renewed.
    HoldRenewed(Grant),
    /// Holds that were taken away.
    Revoked {
        /// Their tokens, in the order of grant.
        tokens: Vec<FencingToken>,
    },
    /// The request cannot be served. Nothing was changed.
    Refused(Refusal),
}

impl Outcome {
    /// About what it takes in memory or in a snapshot to keep it, by the same count everywhere.
    pub(crate) fn bytes(&self) -> usize {
        const ANSWER_BYTES: usize = 192;
        const GRANT_BYTES: usize = 128;
        const STEP_BYTES: usize = 64;
        let grant = |grant: &Grant| GRANT_BYTES + grant.name.as_str().len();
        let more = match self {
            Outcome::Granted(grants) => grants.iter().map(grant).sum(),
            Outcome::AlreadyHeld(one) | Outcome::Downgraded(one) | Outcome::HoldRenewed(one) => {
                grant(one)
            }
            Outcome::Busy(busy) | Outcome::WaitTimedOut(busy) => {
                let owner = busy.holder.as_ref().map_or(0, |holder| holder.owner.bytes());
                busy.name.as_str().len() + owner
            }
            Outcome::Refused(Refusal::Deadlock { cycle }) => {
                cycle.iter().map(|step| STEP_BYTES + step.waits_for.as_str().len()).sum()
            }
            Outcome::Refused(
                Refusal::NotHolder { ended: Some((_, EndReason::Revoked { by })) }
                | Refusal::SessionEnded { reason: EndReason::Revoked { by }, .. },
            ) => by.len(),
            Outcome::Refused(_) | Outcome::Queued { .. } | Outcome::Cancelled { .. } => 0,
            Outcome::Released { .. } | Outcome::ValueSet => 0,
            // No session asks for these by number.
            Outcome::SessionOpened { .. } | Outcome::SessionClosed { .. } => 0,
            Outcome::Renewed(_) | Outcome::Revoked { .. } => 0,
        };
        ANSWER_BYTES + more
    }
}

/// A hold, as its holder sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// Proof for later requests; its first half is the fencing token.
    pub hold: HoldId,
    /// Which lock.
    pub name: LockName,
    /// How it is held.
    pub mode: Mode,
    /// When it was granted.
    pub granted_at: Time,
    /// When it ends unless renewed.
    pub deadline: Time,
    /// Its session's TTL.
    pub ttl: Ttl,
    /// The end that no renewal moves, if it was granted with a maximum hold.
    pub max_hold_deadline: Option<Time>,
    /// How often it is held, with re-entries; 1 at first.
    pub count: u32,
}

/// Who stands in the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Busy {
    /// The lock.
    pub name: LockName,
    /// The holder that came first; none while the lock rests after an unclean end.
    pub holder: Option<BusyHolder>,
    /// How many hold it.
    pub holders: usize,
    /// How many wait for it.
    pub waiters: usize,
    /// Place in the queue: where the wait ended, or where it would have begun.
    pub position: usize,
    /// The lock rests until then.
    pub rests_until: Option<Time>,
    /// The semaphore is held with this limit, and another was asked for: that one counts once all
    /// who hold it now are gone.
    pub other_limit: Option<u32>,
    /// The time of this answer, to tell ages and remainders.
    pub now: Time,
}

/// The holder that a busy answer names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BusyHolder {
    /// Its fencing token.
    pub token: FencingToken,
    /// Its session.
    pub session: SessionId,
    /// Who it says it is.
    pub owner: Arc<Owner>,
    /// Since when.
    pub granted_at: Time,
    /// Until when, unless renewed.
    pub deadline: Time,
}

/// Why a request cannot be served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// No session has this number and key, now or in the remembered past.
    SessionUnknown,
    /// The session ended.
    SessionEnded {
        /// When.
        at: Time,
        /// How.
        reason: EndReason,
    },
    /// The hold id is of no living hold.
    NotHolder {
        /// When and how it ended, if that is remembered.
        ended: Option<(Time, EndReason)>,
    },
    /// The request's number lies below what its client said it has answers for.
    RequestStale,
    /// An earlier request of this number was cancelled.
    RequestCancelled,
    /// The queue has this many waiters, and no more are allowed.
    QueueFull {
        /// Waiters now.
        waiters: usize,
        /// Waiters allowed, by the request or by the table.
        waiters_max: usize,
    },
    /// A bound of [`crate::limits`] is reached.
    LimitExceeded {
        /// The bound's name.
        limit: &'static str,
        /// Its value.
        max: u64,
    },
    /// The name is in use the other way: as a plain lock or as a semaphore.
    KindMismatch {
        /// It is in use as a semaphore.
        semaphore: bool,
    },
    /// Waiting would close a circle in which everybody waits for the next.
    Deadlock {
        /// The circle: each session waits for the lock, which the next one holds or is before it in
        /// line for. The last one waits for the first, unless the circle is so long that only its
        /// first [`CYCLE_STEPS_MAX`](crate::limits::CYCLE_STEPS_MAX) steps are named.
        cycle: Vec<DeadlockStep>,
    },
    /// The request contradicts itself or the hold; the text says how.
    Invalid(&'static str),
}

/// One part of a circle of waiters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadlockStep {
    /// Who waits.
    pub session: SessionId,
    /// For what.
    pub waits_for: LockName,
}
