//! A hold of a server's lock.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bramah_core::{FencingToken, HoldId, LockName, Value};
use bramah_wire::proto;
use bramah_wire::proto::reply::Outcome;
use bramah_wire::proto::request::Op;
use bytes::Bytes;

use super::Remote;
use super::acquire::{acquired, wait_of};
use super::call::{Answer, Failure, Purpose};
use super::client::{Flush, Ticket};
use super::hold_text::HoldText;
use super::session::SessionKey;
use crate::backend::{BoxFuture, Hold, Wait};
use crate::clock::LocalTime;
use crate::error::{Error, ErrorKind};
use crate::info::{Acquired, LostReason, Released};

pub(super) struct NativeHold {
    pub(super) remote: Arc<Remote>,
    pub(super) key: SessionKey,
    /// The session's number at the server.
    pub(super) session: u64,
    pub(super) name: LockName,
    pub(super) id: HoldId,
    pub(super) ttl: Duration,
    /// Its release was started.
    pub(super) given_back: AtomicBool,
}

impl NativeHold {
    fn what(&self, verb: &str) -> String {
        format!("{verb} {:?}", self.name.as_str())
    }

    async fn ask(&self, op: Op, purpose: Purpose) -> Result<Answer, Failure> {
        let client = &self.remote.client;
        let call = client
            .step(Flush::Usual, |machine, now| machine.submit(now, op, purpose, Some(self.key)))?;
        Ticket::new(client, call).await
    }

    async fn give_back(&self) -> Result<Released, Error> {
        if let Some(reason) = self.lost_reason() {
            self.abandon();
            return Ok(Released::AlreadyLost(Some(reason)));
        }
        self.given_back.store(true, Ordering::Relaxed);
        let op = Op::Release(proto::Release { request: None, hold: Some(self.id.into()) });
        match self.ask(op, Purpose::OnHold).await {
            Ok(_) => Ok(Released::Released),
            Err(failure) => match failure.kind {
                ErrorKind::NotHolder | ErrorKind::SessionEnded => {
                    Ok(Released::AlreadyLost(self.lost_reason()))
                }
                _ => Err(failure.during(self.what("release"))),
            },
        }
    }
}

impl Hold for NativeHold {
    fn name(&self) -> &LockName {
        &self.name
    }

    fn token(&self) -> FencingToken {
        self.id.token
    }

    fn hold_id(&self) -> String {
        self.id.to_string()
    }

    fn detach(&self) -> String {
        let shared = self.remote.client.lock();
        let session = shared.machine.sessions.get(&self.key);
        // Whoever gives the hold back then has nothing left to see to.
        let own = session.filter(|it| !it.terms.kept_alive && it.holds.len() == 1);
        let own_session = own.and_then(|it| it.opened.as_ref()).map(|it| it.handle.into());
        HoldText { hold: self.id, own_session }.to_string()
    }

    fn session(&self) -> u64 {
        self.session
    }

    fn ttl(&self) -> Duration {
        self.ttl
    }

    fn deadline(&self) -> LocalTime {
        let shared = self.remote.client.lock();
        let session = shared.machine.sessions.get(&self.key);
        session.map(|session| session.deadline(self.id.token.0)).unwrap_or_default()
    }

    fn lost_reason(&self) -> Option<LostReason> {
        let (key, token) = (self.key, self.id.token.0);
        self.remote.client.step(Flush::Usual, |machine, now| machine.lost_reason(now, key, token))
    }

    fn lost(&self) -> BoxFuture<'_, LostReason> {
        Box::pin(UntilLost { hold: self, listener: None })
    }

    fn release(&self) -> BoxFuture<'_, Result<Released, Error>> {
        Box::pin(self.give_back())
    }

    fn abandon(&self) {
        if self.given_back.swap(true, Ordering::Relaxed) {
            return;
        }
        self.remote.client.step(Flush::Now, |machine, now| {
            machine.start_release(now, self.key, self.id.into());
        });
    }

    fn set_value(&self, value: Option<Value>) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(async move {
            let value = value.map(|value| Bytes::copy_from_slice(value.as_bytes()));
            let hold = Some(self.id.into());
            let op = Op::SetValue(proto::SetValue { request: None, hold, value });
            let answer = self.ask(op, Purpose::OnHold).await;
            answer.map(drop).map_err(|failure| failure.during(self.what("set the value of")))
        })
    }

    fn downgrade(&self) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(async move {
            let op = Op::Downgrade(proto::Downgrade { request: None, hold: Some(self.id.into()) });
            let answer = self.ask(op, Purpose::OnHold).await;
            answer.map(drop).map_err(|failure| failure.during(self.what("downgrade")))
        })
    }

    fn upgrade(&self, wait: Wait) -> BoxFuture<'_, Result<Acquired, Error>> {
        Box::pin(async move {
            let operation = || self.what("upgrade");
            let (limit, wait) = wait_of(wait).map_err(|failure| failure.during(operation()))?;
            let op = Op::Upgrade(proto::Upgrade {
                request: None,
                hold: Some(self.id.into()),
                wait: Some(wait),
            });
            let client = &self.remote.client;
            let _upgrading = Upgrading(self);
            let call = client.step(Flush::Usual, |machine, now| {
                machine.submit_acquire(now, op, self.key, limit)
            });
            let upgraded = match call {
                Ok(call) => Ticket::new(client, call).await,
                Err(failure) => Err(failure),
            };
            let upgraded = upgraded.and_then(|answer| match answer.outcome {
                // It is exclusive already, by this very token.
                Outcome::AlreadyHeld(grant) => {
                    let grants = vec![grant];
                    client.step(Flush::Usual, |machine, _| {
                        machine.add_holds(self.key, &grants);
                    });
                    let outcome = Outcome::Granted(proto::Grants { grants });
                    acquired(&self.remote, Answer { outcome, ..answer })
                }
                _ => acquired(&self.remote, answer),
            });
            if let Ok(Acquired::Held(_)) = upgraded {
                // It has been exchanged: there is nothing left to give back, or to detach.
                self.given_back.store(true, Ordering::Relaxed);
            }
            upgraded.map_err(|failure| failure.during(operation()))
        })
    }
}

impl Drop for NativeHold {
    fn drop(&mut self) {
        let given_back = self.given_back.load(Ordering::Relaxed);
        self.remote.client.step(Flush::Now, |machine, now| {
            machine.drop_handle(now, self.key, self.id.token.0, given_back);
        });
    }
}

impl fmt::Debug for NativeHold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("NativeHold");
        shown.field("name", &self.name.as_str()).field("token", &self.id.token.0);
        shown.field("session", &self.session).finish_non_exhaustive()
    }
}

/// An upgrade on its way. If nobody can know what came of it, the hold is over (see
/// [`super::machine::Machine::undo`]), and may still be there: then it is given back.
struct Upgrading<'a>(&'a NativeHold);

impl Drop for Upgrading<'_> {
    fn drop(&mut self) {
        if self.0.lost_reason() == Some(LostReason::Cancelled) {
            self.0.abandon();
        }
    }
}

/// Waits for the loss of a hold. It looks at the clock whenever it is polled.
struct UntilLost<'a> {
    hold: &'a NativeHold,
    listener: Option<u64>,
}

impl Future for UntilLost<'_> {
    type Output = LostReason;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<LostReason> {
        let (key, token) = (self.hold.key, self.hold.id.token.0);
        let listener = self.listener;
        let polled = self.hold.remote.client.step(Flush::Usual, |machine, now| {
            if let Some(reason) = machine.lost_reason(now, key, token) {
                return Err(reason);
            }
            Ok(machine.listen(key, token, listener, cx.waker()))
        });
        match polled {
            Ok(listener) => {
                self.listener = Some(listener);
                Poll::Pending
            }
            Err(reason) => Poll::Ready(reason),
        }
    }
}

impl Drop for UntilLost<'_> {
    fn drop(&mut self) {
        let (key, token) = (self.hold.key, self.hold.id.token.0);
        if let Some(listener) = self.listener {
            let mut shared = self.hold.remote.client.lock();
            let session = shared.machine.sessions.get_mut(&key);
            if let Some(hold) = session.and_then(|session| session.holds.get_mut(&token)) {
                hold.wakers.remove(&listener);
            }
        }
    }
}
