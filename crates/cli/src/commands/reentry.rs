//! Holds that the commands around this one have, as far as the environment tells.
//!
//! It only hints: a process may outlive the lock that its parent ran under. So nothing is refused
//! by it alone. A request is made as any other; if it must wait, with no end to its wait, the lock
//! is looked at, and only a hold that is really there and really in the way makes it a refusal.

use bramah::{Guard, LockInfo, Mode, Owner};

/// The environment variable: a line for each hold, `TOKEN PID NAME`, the outermost first. No name
/// has a line break in it. PID is that of the `bramah lock` that holds; with the token it tells
/// holds of several services apart, however their URLs are written.
pub(crate) const VARIABLE: &str = "BRAMAH_HELD";

/// What the environment says.
pub(crate) struct Held(String);

impl Held {
    pub(crate) fn of_environment() -> Held {
        Held(std::env::var(VARIABLE).unwrap_or_default())
    }

    /// What to tell the command that runs under one more hold.
    pub(crate) fn with(&self, guard: &Guard) -> String {
        let inner = entry(guard.token().0, std::process::id(), guard.name().as_str());
        let outer = self.0.lines().map(str::to_owned);
        outer.chain([inner]).collect::<Vec<_>>().join("\n")
    }

    /// The token of the hold around this command for which a request of this process would wait for
    /// ever, because the hold ends no sooner than the command: it does not go with the request, or
    /// not with another one that waits before it, for ever as well.
    pub(crate) fn never_ends_before(&self, lock: &LockInfo, mode: Mode, me: &Owner) -> Option<u64> {
        let ahead = lock.waiters.iter().take_while(|waiter| !is_of(&waiter.owner, me));
        let ahead = ahead.filter(|waiter| waiter.gives_up_in.is_none()).map(|waiter| waiter.mode);
        let requests: Vec<Mode> = ahead.chain([mode]).collect();
        let around = lock.holders.iter().filter(|holder| {
            let entry = entry(holder.token.0, holder.owner.pid, lock.name.as_str());
            holder.owner.host == me.host && self.0.lines().any(|line| line == entry)
        });
        let mut in_the_way = around.filter(|hold| {
            !hold.lingers && requests.iter().any(|request| !go_together(hold.mode, *request))
        });
        in_the_way.next().map(|holder| holder.token.0)
    }
}

/// Whether two who say so of themselves are one process.
pub(crate) fn is_of(owner: &Owner, process: &Owner) -> bool {
    (owner.pid, &owner.host) == (process.pid, &process.host)
}

/// Whether two holds of one lock may be there at once.
fn go_together(one: Mode, other: Mode) -> bool {
    match (one, other) {
        (Mode::Shared, Mode::Shared) => true,
        (Mode::Permits { count, limit }, Mode::Permits { count: more, limit: same }) => {
            limit == same && count.saturating_add(more) <= limit
        }
        _ => false,
    }
}

fn entry(token: u64, pid: u32, name: &str) -> String {
    format!("{token} {pid} {name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const PERMIT: Mode = Mode::Permits { count: 1, limit: 4 };

    #[test]
    fn what_is_shared_goes_together_and_permits_as_far_as_there_are_some() {
        let four = Mode::Permits { count: 4, limit: 4 };
        let of_another_limit = Mode::Permits { count: 1, limit: 5 };
        assert!(go_together(Mode::Shared, Mode::Shared) && go_together(PERMIT, PERMIT));
        for (one, other) in [
            (Mode::Shared, Mode::Exclusive),
            (Mode::Exclusive, Mode::Shared),
            (Mode::Exclusive, Mode::Exclusive),
            (PERMIT, four),
            (PERMIT, of_another_limit),
            (PERMIT, Mode::Shared),
        ] {
            assert!(!go_together(one, other), "{one:?} {other:?}");
        }
    }
}
