//! Taking locks: the request, the session for it, and what was granted.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use bramah_core::{HoldId, IfHeld, Mode, Terms, limits};
use bramah_wire::proto;
use bramah_wire::proto::reply::Outcome;
use bramah_wire::proto::request::Op;
use bytes::Bytes;

use super::call::{Answer, Failure, Purpose};
use super::client::{Client, Flush, Ticket};
use super::hold::NativeHold;
use super::machine::Life;
use super::session::SessionTerms;
use super::{Native, Remote, another_answer, ms, read};
use crate::backend::{AcquireRequest, Hold, Wait};
use crate::error::ErrorKind;
use crate::info::Acquired;
use crate::show::Span;

/// A hold that nobody keeps alive is renewed once if it was waited for longer than that.
const RENEWED_AFTER: Duration = Duration::from_millis(100);

impl Native {
    pub(super) async fn take(&self, request: AcquireRequest) -> Result<Acquired, Failure> {
        let client = &self.remote.client;
        let (limit, wait) = wait_of(request.wait)?;
        let on_queued = request.on_queued.clone();
        let (asked_at, detached) = (client.now(), request.detached);
        let own = own_terms(&request, &client.lock().machine.shared_terms);
        if request.reentrant && (own.is_some() || request.items.len() > 1) {
            let message = "reentry needs one lock with the TTL and owner of its Locker";
            return Err(Failure::new(ErrorKind::Invalid, message));
        }
        let op = acquire_op(request, wait)?;
        let call = client.step(Flush::Usual, |machine, now| {
            if machine.life != Life::Open {
                return Err(Failure::new(ErrorKind::Unavailable, "this Locker is closed"));
            }
            let session = machine.session_for(now, own);
            machine.submit_acquire(now, op, session, limit)
        })?;
        let answer = Ticket::new(client, call).on_queued(on_queued).await?;
        if detached && client.now().since(asked_at) >= RENEWED_AFTER {
            return self.renewed(answer).await;
        }
        acquired(&self.remote, answer)
    }

    /// What was granted after a wait, with its whole TTL ahead if the server can be asked for it:
    /// nobody renews it from here on.
    async fn renewed(&self, answer: Answer) -> Result<Acquired, Failure> {
        let client = &self.remote.client;
        let granted = Granted { client, answer: Some(answer) };
        let session = granted.answer.as_ref().and_then(|answer| answer.session);
        let opened = session.and_then(|key| {
            let shared = client.lock();
            let session = shared.machine.sessions.get(&key)?;
            let handle = session.opened.as_ref().filter(|_| !session.holds.is_empty())?.handle;
            Some((key, handle))
        });
        if let Some((key, handle)) = opened {
            let op = Op::KeepAlive(proto::KeepAlive { sessions: vec![handle] });
            let sent_at = client.now();
            // It is held without this, only not for so long.
            if let Ok(Answer { outcome: Outcome::KeptAlive(kept), .. }) =
                self.remote.ask(op, Purpose::Ask).await
            {
                client.step(Flush::Usual, |machine, now| {
                    machine.handle_kept_alive(now, sent_at, &[key], kept);
                });
            }
        }
        granted.take().map_or_else(|| Err(another_answer()), |it| acquired(&self.remote, it))
    }
}

/// What was granted, and is given back if nobody takes it.
struct Granted<'a> {
    client: &'a Client,
    answer: Option<Answer>,
}

impl Granted<'_> {
    fn take(mut self) -> Option<Answer> {
        self.answer.take()
    }
}

impl Drop for Granted<'_> {
    fn drop(&mut self) {
        if let Some(answer) = self.answer.take() {
            self.client.step(Flush::Now, |machine, now| machine.give_back_all(now, &answer));
        }
    }
}

/// What an acquire was answered, with its holds.
pub(super) fn acquired(remote: &Arc<Remote>, answer: Answer) -> Result<Acquired, Failure> {
    let grants = match answer.outcome {
        Outcome::Granted(granted) => granted.grants,
        Outcome::Busy(busy) | Outcome::WaitTimedOut(busy) => {
            return Ok(Acquired::Busy(Box::new(read::busy(busy, answer.now_ms)?)));
        }
        Outcome::AlreadyHeld(_) => {
            let message = "this Locker holds it already, otherwise than asked for now";
            return Err(Failure::new(ErrorKind::Mismatch, message));
        }
        _ => return Err(another_answer()),
    };
    let key = answer.session.unwrap_or_default();
    let session = {
        let shared = remote.client.lock();
        let opened = shared.machine.sessions.get(&key).and_then(|it| it.opened.as_ref());
        opened.map_or(0, |opened| opened.handle.number)
    };
    let holds = grants.into_iter().map(|grant| {
        let hold = NativeHold {
            remote: remote.clone(),
            key,
            session,
            name: read::name(&grant.name)?,
            id: grant.hold.map(HoldId::from).ok_or_else(another_answer)?,
            ttl: Duration::from_millis(grant.ttl_ms),
            given_back: AtomicBool::new(false),
        };
        Ok(Box::new(hold) as Box<dyn Hold>)
    });
    holds.collect::<Result<_, Failure>>().map(Acquired::Held)
}

/// The terms of a session for this request alone, if it cannot share.
fn own_terms(request: &AcquireRequest, shared: &SessionTerms) -> Option<SessionTerms> {
    let ttl = request.ttl.unwrap_or(shared.ttl);
    let owner = request.owner.as_ref().unwrap_or(&shared.owner);
    let shares = !request.detached && ttl == shared.ttl && *owner == shared.owner;
    (!shares).then(|| SessionTerms {
        ttl,
        owner: owner.clone(),
        release_on_disconnect: shared.release_on_disconnect && !request.detached,
        kept_alive: !request.detached,
        of_one_hold: true,
    })
}

fn acquire_op(request: AcquireRequest, wait: proto::Wait) -> Result<Op, Failure> {
    for (what, term) in [
        ("a lock delay", request.lock_delay),
        ("a minimum hold", request.min_hold),
        ("a maximum hold", request.max_hold),
    ] {
        check_length(what, term, Duration::from_millis(limits::TERM_MS_MAX))?;
    }
    let terms = Terms {
        lock_delay_ms: ms(request.lock_delay),
        min_hold_ms: ms(request.min_hold),
        max_hold_ms: ms(request.max_hold),
    };
    let terms = (terms != Terms::default()).then(|| terms.into());
    // The tasks of this process stand in each other's way as strangers do, unless they ask to be
    // one.
    let if_held = match request.reentrant {
        true => IfHeld::Reenter,
        false => IfHeld::Queue,
    };
    let if_held = proto::IfHeld::from(if_held).into();
    let wait = Some(wait);
    let priority = request.priority.0.into();
    let mut items = request.items.into_iter().map(|item| {
        let (mode, permits, limit) = match item.mode {
            Mode::Exclusive => (proto::Mode::Exclusive, 0, 0),
            Mode::Shared => (proto::Mode::Shared, 0, 0),
            Mode::Permits { count, limit } => (proto::Mode::Permits, count, limit),
        };
        let value = item.value.map(|value| Bytes::copy_from_slice(value.as_bytes()));
        proto::Item {
            name: item.name.as_str().to_owned(),
            mode: mode.into(),
            permits,
            limit,
            value,
        }
    });
    if items.len() == 1 {
        let (request, max_waiters) = (None, request.max_waiters);
        let item = items.next();
        Ok(Op::Acquire(proto::Acquire {
            request,
            item,
            wait,
            priority,
            if_held,
            max_waiters,
            terms,
        }))
    } else if request.max_waiters.is_some() {
        let message = "a bound on waiters is for one lock, not for several at once";
        Err(Failure::new(ErrorKind::Unsupported, message))
    } else {
        let items = items.collect();
        Ok(Op::AcquireMany(proto::AcquireMany {
            request: None,
            items,
            wait,
            priority,
            if_held,
            terms,
        }))
    }
}

/// How long a wait is at most, and its words on the wire.
///
/// # Errors
/// It is longer than a server lets anybody wait.
pub(super) fn wait_of(wait: Wait) -> Result<(Option<Duration>, proto::Wait), Failure> {
    use proto::wait::How;
    let (limit, how) = match wait {
        Wait::Try => (Some(Duration::ZERO), How::Try(true)),
        Wait::For(limit) => {
            check_length("a wait", limit, Duration::from_millis(limits::WAIT_MS_MAX))?;
            (Some(limit), How::ForMs(ms(limit)))
        }
        Wait::Forever => (None, How::Forever(true)),
    };
    Ok((limit, proto::Wait { how: Some(how) }))
}

fn check_length(what: &str, length: Duration, longest: Duration) -> Result<(), Failure> {
    if length <= longest {
        return Ok(());
    }
    let message = format!("{what} is at most {}, not {}", Span(longest), Span(length));
    Err(Failure::new(ErrorKind::Invalid, message))
}
