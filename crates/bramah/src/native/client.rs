//! The machine behind its lock, and the socket that its callers share with the task.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use bytes::Buf;
use tokio::net::tcp::OwnedWriteHalf;

use super::call::{Answer, CallId, Failure};
use super::machine::Machine;
use super::tap::Tap;
use crate::backend::OnQueued;
use crate::clock::LocalTime;

/// What all handles of one [`crate::Locker`] and its task share.
pub(super) struct Client {
    shared: Mutex<Shared>,
    /// What a simulation says that the clock shows, in microseconds.
    #[cfg(feature = "sim")]
    pub(super) simulated: Option<std::sync::atomic::AtomicU64>,
}

pub(super) struct Shared {
    pub(super) machine: Machine,
    pub(super) writer: Option<OwnedWriteHalf>,
    pub(super) tap: Tap,
}

/// Who writes what a step put out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flush {
    /// The caller, if nothing else is under way: one hop less. Otherwise the task, which gathers.
    Usual,
    /// The caller: there may be no later.
    Now,
}

impl Client {
    pub(super) fn new(machine: Machine) -> Client {
        Client {
            shared: Mutex::new(Shared { machine, writer: None, tap: Tap::default() }),
            #[cfg(feature = "sim")]
            simulated: None,
        }
    }

    /// What the clock shows, that of a simulation in one.
    pub(super) fn now(&self) -> LocalTime {
        #[cfg(feature = "sim")]
        if let Some(shown_us) = &self.simulated {
            return LocalTime(shown_us.load(std::sync::atomic::Ordering::Relaxed));
        }
        LocalTime::now()
    }

    /// Lets one step happen, writes what it put out, and wakes whom it concerns.
    pub(super) fn step<R>(
        &self,
        flush: Flush,
        act: impl FnOnce(&mut Machine, LocalTime) -> R,
    ) -> R {
        let mut shared = self.lock();
        let gathered = shared.machine.out.len();
        let result = act(&mut shared.machine, self.now());
        // What others gathered goes with the task, whatever this step is for.
        let has_more = shared.machine.out.len() > gathered;
        if has_more && (flush == Flush::Now || shared.machine.sent.len() <= 1) {
            shared.write_now();
        }
        let wakers = std::mem::take(&mut shared.machine.wakers);
        drop(shared);
        for waker in wakers {
            waker.wake();
        }
        result
    }

    /// Only the task holds it for more than a step.
    pub(super) fn lock(&self) -> MutexGuard<'_, Shared> {
        // The machine's steps do not panic half way; if one did, going on is better than a second
        // panic in every drop.
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shared {
    /// Writes as much as the socket takes; the task does the rest.
    fn write_now(&mut self) {
        let Some(writer) = &self.writer else { return };
        self.tap.says(&self.machine.out);
        if let Ok(written) = writer.try_write(&self.machine.out) {
            self.tap.wrote(written);
            self.machine.out.advance(written);
        }
        if !self.machine.out.is_empty() {
            self.machine.wake_task();
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Client(..)")
    }
}

/// Waits for the answer to one call; dropping it abandons the call.
pub(super) struct Ticket<'a> {
    client: &'a Client,
    call: Option<CallId>,
    on_queued: Option<OnQueued>,
    place: (usize, usize),
}

impl<'a> Ticket<'a> {
    pub(super) fn new(client: &'a Client, call: CallId) -> Ticket<'a> {
        Ticket { client, call: Some(call), on_queued: None, place: (0, 0) }
    }

    pub(super) fn on_queued(mut self, on_queued: Option<OnQueued>) -> Ticket<'a> {
        self.on_queued = on_queued;
        self
    }
}

impl Future for Ticket<'_> {
    type Output = Result<Answer, Failure>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(id) = self.call else { return Poll::Pending };
        let polled = self.client.step(Flush::Usual, |machine, now| machine.poll_call(now, id, cx));
        match polled {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(answer)) => {
                self.call = None;
                Poll::Ready(answer)
            }
            Err(place) => {
                if place != self.place {
                    self.place = place;
                    if let Some(on_queued) = &self.on_queued {
                        (on_queued.0)(place.0, place.1);
                    }
                }
                Poll::Pending
            }
        }
    }
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        if let Some(id) = self.call {
            self.client.step(Flush::Now, |machine, now| machine.abandon(now, id));
        }
    }
}
