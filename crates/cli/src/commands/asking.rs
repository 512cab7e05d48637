//! Waiting for a lock, with something to read meanwhile.

use std::time::Duration;

use bramah::{AcquireError, Busy, ErrorKind, Guard, LockBuilder, Locker};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::reentry::{Held, is_of};
use crate::args::Wish;
use crate::exit::{Exit, Failure, say};
use crate::signals::Signals;

/// How long leaving may take.
const LEAVE_TIME_MAX: Duration = Duration::from_secs(1);

/// Acquires the lock `name`, or tells the exit code: somebody else has it, or a signal asked to
/// end.
pub(crate) async fn acquire(
    wish: &Wish,
    name: &str,
    locker: &Locker,
    request: LockBuilder,
    signals: &mut Signals,
) -> anyhow::Result<Result<Guard, Exit>> {
    let (queued, place) = mpsc::channel(1);
    let request = request.on_queued(move |place, waiters| {
        // Only the first place is told; there is no room for more.
        let _ = queued.try_send((place, waiters));
    });
    let acquired = tokio::select! {
        acquired = request.acquire() => acquired,
        token = look_who_is_in_the_way(wish, name, locker, place) => {
            leave(locker).await;
            return Err(Failure::usage(format!(
                "could not lock '{name}': this command already runs under it (token {token}) and \
                 would wait for itself; -w or -n limit the wait"
            ))
            .into());
        }
        signal = signals.ending() => {
            leave(locker).await;
            return Ok(Err(Exit::Signal(signal.as_raw())));
        }
    };
    let error = match acquired {
        Ok(guard) => return Ok(Ok(guard)),
        Err(error) => error,
    };
    match error {
        AcquireError::Busy(busy) if !wish.quiet => {
            say(format_args!("could not acquire {}: {busy}", wish.patience()));
        }
        AcquireError::Failed(error) if error.kind() != ErrorKind::QueueFull => {
            return Err(error.into());
        }
        error if !wish.quiet => say(error),
        _ => {}
    }
    Ok(Err(wish.conflict_exit()))
}

/// Gives up every hold and every place in a queue. What cannot be told in time, the lease does.
pub(crate) async fn leave(locker: &Locker) {
    let _ = timeout(LEAVE_TIME_MAX, locker.close()).await;
}

/// Says it once, when the request has a place in the queue. Comes back with the token of a hold if
/// the request would wait for ever for it.
async fn look_who_is_in_the_way(
    wish: &Wish,
    name: &str,
    locker: &Locker,
    mut place: mpsc::Receiver<(usize, usize)>,
) -> u64 {
    let me = bramah::owner_of_this_process();
    if let Some((position, waiters)) = place.recv().await
        && let Ok(Some(lock)) = locker.get(name).await
        // It may have been granted to us in the meantime.
        && !lock.holders.iter().any(|holder| is_of(&holder.owner, &me))
    {
        let around = Held::of_environment().never_ends_before(&lock, wish.mode(), &me);
        if let Some(token) = around.filter(|_| wish.waits_for_ever()) {
            return token;
        }
        if !wish.quiet {
            say(Busy {
                name: lock.name,
                holders: lock.holders.len(),
                holder: lock.holders.into_iter().next().map(Into::into),
                waiters: waiters.max(position),
                position,
                rests_for: lock.rests_for,
                other_limit: lock.limit.filter(|limit| wish.limit().is_some_and(|of| of != *limit)),
            });
        }
    }
    std::future::pending().await
}
