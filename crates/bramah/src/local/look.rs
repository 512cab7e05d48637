//! What a lock file tells to those who only look.

use bramah_core::{FencingToken, Mode};

use super::lock_file::LockFile;
use super::table::{NEVER, Seat, Table};
use crate::clock::LocalTime;
use crate::error::Error;
use crate::info::{Busy, HolderInfo, LockInfo, WaiterInfo};

/// Most waiters that are named; the others are counted.
const WAITERS_NAMED_MAX: usize = 100;

/// One lock as it is, and what its file still says of the dead.
#[derive(Debug)]
pub(super) struct Look {
    pub(super) lock: LockInfo,
    /// The newest token of the lock.
    pub(super) token_newest: FencingToken,
    /// Holds whose holders are gone without a release.
    pub(super) dead: Vec<FencingToken>,
}

/// Looks at one file of a lock. None if it is not there or was never used.
pub(super) async fn look(file: Option<LockFile>) -> Result<Option<Look>, Error> {
    let Some(file) = file else { return Ok(None) };
    let Some(mut table) = file.read().await? else {
        return Ok(None);
    };
    let now = LocalTime::now();
    // Nobody is believed to hold or wait by what he wrote: the kernel is asked.
    let dead = table.seats.extract_if(.., |seat| !file.lives(seat, now));
    let dead = dead.filter_map(|seat| seat.token).collect();
    let token_newest = FencingToken(table.token_newest);
    Ok(Some(Look { lock: lock_info(&table, now), token_newest, dead }))
}

/// What a table of the living says.
fn lock_info(table: &Table, now: LocalTime) -> LockInfo {
    let queue = table.queue();
    LockInfo {
        name: table.name.clone(),
        limit: table.holders().find_map(|seat| limit(seat.mode)),
        holders: table.holders().map(|seat| holder_info(seat, now)).collect(),
        waiters: (1..).zip(&queue).take(WAITERS_NAMED_MAX).map(|w| waiter_info(w, now)).collect(),
        waiters_total: queue.len(),
        rests_for: None,
    }
}

/// Who is in the way of `me`, out of a table of the living.
pub(super) fn busy(table: &Table, me: &Seat, now: LocalTime) -> Box<Busy> {
    let queue = table.queue();
    let others = queue.iter().filter(|seat| seat.ticket != me.ticket);
    Box::new(Busy {
        name: table.name.clone(),
        holder: table.holders().next().map(|seat| holder_info(seat, now).into()),
        holders: table.holders().count(),
        waiters: queue.len(),
        position: 1 + others.filter(|seat| seat.rank() < me.rank()).count(),
        rests_for: None,
        other_limit: table
            .holders()
            .find_map(|seat| limit(seat.mode).filter(|held| limit(me.mode) != Some(*held))),
    })
}

/// How many permits a semaphore has, as this mode names it.
fn limit(mode: Mode) -> Option<u32> {
    match mode {
        Mode::Permits { limit, .. } => Some(limit),
        Mode::Exclusive | Mode::Shared => None,
    }
}

fn holder_info(seat: &Seat, now: LocalTime) -> HolderInfo {
    HolderInfo {
        token: seat.token.unwrap_or_default(),
        session: 0,
        owner: seat.owner.clone(),
        mode: seat.mode,
        held_for: now.since(seat.since),
        expires_in: None,
        count: seat.entries,
        value: seat.value.clone(),
        lingers: false,
    }
}

fn waiter_info((position, seat): (usize, &&Seat), now: LocalTime) -> WaiterInfo {
    WaiterInfo {
        position,
        session: 0,
        owner: seat.owner.clone(),
        mode: seat.mode,
        priority: seat.priority,
        waited_for: now.since(seat.since),
        gives_up_in: (seat.until != NEVER).then(|| seat.until.since(now)),
    }
}
