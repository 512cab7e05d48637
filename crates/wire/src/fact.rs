//! The forms of the facts of a snapshot.

use bramah_core::facts::{Counters, EndedSession, Fact, HoldFact, SessionFact, WaitFact};
use bramah_core::{Busy, BusyHolder, DeadlockStep, Ended, Grant, Outcome, Refusal};

use crate::codec::{code_enum, code_struct};

code_enum!(Fact, "fact" {
    1 => Counters(counters),
    2 => Session(fact),
    3 => Hold(fact),
    4 => Wait(fact),
    5 => Rest { name, until },
    6 => Ended(fact),
    7 => EndedSession(fact),
});

code_struct!(Counters { now, revision, last_token, last_session, last_wait });
code_struct!(SessionFact {
    handle,
    ttl,
    opened_at,
    renewed_at,
    on_disconnect,
    owner,
    answered_below,
    answers,
});
code_struct!(HoldFact { hold, session, name, mode, granted_at, count, value, terms, seq, lingers });
code_struct!(WaitFact {
    arrival,
    session,
    seq,
    items,
    key,
    priority,
    queued_at,
    deadline,
    if_held,
    terms,
    upgrade_of,
});
code_struct!(Ended { name, token, session, owner, mode, granted_at, ended_at, reason });
code_struct!(EndedSession { handle, at, reason });

code_enum!(Outcome, "outcome" {
    1 => SessionOpened { session, deadline },
    2 => Renewed(results),
    3 => SessionClosed { holds },
    4 => Granted(grants),
    5 => AlreadyHeld(grant),
    6 => Queued { position, waiters },
    7 => Busy(busy),
    8 => WaitTimedOut(busy),
    9 => Cancelled { was_held },
    10 => Released { reentries_left, free_at },
    11 => ValueSet,
    12 => Downgraded(grant),
    13 => HoldRenewed(grant),
    14 => Revoked { tokens },
    15 => Refused(refusal),
});

code_struct!(Grant { hold, name, mode, granted_at, deadline, ttl, max_hold_deadline, count });
code_struct!(Busy { name, holder, holders, waiters, position, rests_until, other_limit, now });
code_struct!(BusyHolder { token, session, owner, granted_at, deadline });
code_struct!(DeadlockStep { session, waits_for });

code_enum!(Refusal, "refusal" {
    1 => SessionUnknown,
    2 => SessionEnded { at, reason },
    3 => NotHolder { ended },
    4 => RequestStale,
    5 => RequestCancelled,
    6 => QueueFull { waiters, waiters_max },
    7 => LimitExceeded { limit, max },
    8 => KindMismatch { semaphore },
    9 => Deadlock { cycle },
    10 => Invalid(reason),
});
