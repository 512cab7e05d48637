//! Every bound of the table, with its unit last. Past a bound a request is refused by the bound's
//! name; whatever was there before stays untouched.

/// Longest lock name, in bytes of UTF-8.
pub const NAME_BYTES_MAX: usize = 512;
/// Longest value of a hold, in bytes.
pub const VALUE_BYTES_MAX: usize = 64 * 1024;
/// Longest owner description (all its texts together), in bytes.
pub const OWNER_BYTES_MAX: usize = 1024;
/// Shortest time to live of a session, in milliseconds.
pub const TTL_MS_MIN: u64 = 500;
/// Longest time to live of a session, in milliseconds (24 hours).
pub const TTL_MS_MAX: u64 = 24 * 60 * 60 * 1000;
/// Longest wait with a deadline, in milliseconds (24 hours).
pub const WAIT_MS_MAX: u64 = 24 * 60 * 60 * 1000;
/// Longest lock delay, minimum hold and maximum hold, in milliseconds (30 days).
pub const TERM_MS_MAX: u64 = 30 * 24 * 60 * 60 * 1000;
/// Most locks in the table: held, waited for or resting.
pub const LOCKS_MAX: usize = 4_000_000;
/// Most open sessions.
pub const SESSIONS_MAX: usize = 1_000_000;
/// Most holds of one session, with those that its waits may become.
pub const SESSION_HOLDS_MAX: usize = 10_000;
/// Most answers that a session keeps for requests its client has not acknowledged yet.
pub const SESSION_ANSWERS_MAX: usize = 16_384;
/// Most bytes of answers that a session keeps, as [`crate::Outcome`] counts them: with so many it
/// may ask for nothing new. The answer that passes the bound is kept, and so are those of its
/// waits, which are at most [`SESSION_HOLDS_MAX`].
pub const SESSION_ANSWERS_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Most waiters of one lock.
pub const LOCK_WAITERS_MAX: usize = 10_000;
/// Most holders of one lock that a view of it names.
pub const HOLDERS_SHOWN_MAX: usize = 1_000;
/// Most ended holds of one session that its client is told of together, newest first.
pub const SESSION_ENDED_SHOWN_MAX: usize = 64;
/// Most permits of a semaphore.
pub const PERMITS_MAX: u32 = 1_000_000;
/// Most locks in one acquire of many.
pub const MANY_ITEMS_MAX: usize = 128;
/// Most counted re-entries of one hold.
pub const REENTRIES_MAX: u32 = 1_000_000;
/// Ended holds and sessions that are remembered, newest first out of this many.
pub const HISTORY_LEN_MAX: usize = 65_536;
/// Most sessions that one renewal may name.
pub const RENEW_SESSIONS_MAX: usize = 65_536;
/// Most holds, waits and places in line that are looked at in the search for a deadlock, for one
/// request. Past it the wait is allowed: the search bounds its own cost, it does not promise to
/// find a circle that large.
pub const DEADLOCK_LOOKS_MAX: usize = 10_000;
/// Most steps of a circle of waiters that its refusal names: the first ones, from who asked.
pub const CYCLE_STEPS_MAX: usize = 64;
