//! The client of a Bramah server: one connection, one task, and one session for all holds of a
//! [`crate::Locker`].
//!
//! [`machine`] decides, and knows neither sockets nor clocks; [`task`] and [`client`] move its
//! bytes.

mod call;
mod client;
mod cluster;
mod connection;
mod dice;
mod hold;
mod lease;
mod limits;
mod machine;
mod moving;
mod read;
mod receive;
mod servers;
mod session;
#[cfg(feature = "sim")]
pub(crate) mod sim;
#[cfg_attr(not(feature = "sim"), allow(dead_code, unreachable_pub))]
pub(crate) mod tap;
mod task;
mod watch;

#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use bramah_core::{FencingToken, HoldId, IfHeld, LockName, Mode, Terms, Value};
use bramah_wire::proto;
use bramah_wire::proto::reply::Outcome;
use bramah_wire::proto::request::Op;
use bytes::Bytes;

use self::call::{Answer, Failure, Purpose};
use self::client::{Client, Flush, Ticket};
use self::hold::NativeHold;
use self::machine::{Life, Machine};
use self::session::SessionTerms;
use self::watch::NativeWatch;
use crate::backend::{
    AcquireRequest, Backend, BoxFuture, Capabilities, ClusterBackend, Freshness, Hold, Wait,
    WatchSource, Watched,
};
use crate::clock::LocalTime;
use crate::error::{Error, ErrorKind};
use crate::info::{
    Acquired, Aged, Ended, LockInfo, LostReason, Page, Released, SessionInfo, Verdict,
};
use crate::locker::Options;

/// How many ended holds are looked through for one that could not be released.
const HISTORY_LOOK_LEN: usize = 1_000;
/// A hold that nobody keeps alive is renewed once if it was waited for longer than that.
const RENEWED_AFTER: Duration = Duration::from_millis(100);

/// Connects to the first of the servers that answers.
pub(crate) async fn connect(
    addresses: Vec<String>,
    options: Options,
) -> Result<Arc<dyn Backend>, Error> {
    let servers = addresses.join(", ");
    let operation = format!("connect to {servers}");
    let Ok(runtime) = tokio::runtime::Handle::try_current() else {
        let message = "there is no tokio runtime here; use bramah::blocking";
        return Err(Error::new(ErrorKind::Invalid, operation, message));
    };
    let shared_terms = SessionTerms {
        ttl: options.ttl,
        owner: options.owner,
        release_on_disconnect: options.on_disconnect_release,
        kept_alive: true,
        of_one_hold: false,
    };
    let mut machine = Machine::new(shared_terms, options.connect_timeout, addresses);
    machine.follows_members = true;
    let client = Arc::new(Client::new(machine));
    runtime.spawn(task::run(client.clone()));
    let remote = Arc::new(Remote { client });
    let hello = Op::GetClusterStatus(proto::GetClusterStatus {});
    match remote.ask(hello, Purpose::Ask).await {
        // A server that knows no clusters is a server.
        Err(failure) if failure.kind == ErrorKind::Unsupported => {}
        Err(mut failure) => {
            // Of a single server the trouble need not say again which.
            if let Some(trouble) = failure.message.strip_prefix(&format!("{servers}: ")) {
                failure.message = trouble.to_owned();
            }
            return Err(failure.during(operation));
        }
        Ok(_) => {}
    }
    Ok(Arc::new(Native { remote }))
}

/// What all handles of one connection hold on to; when the last one goes it says goodbye.
pub(crate) struct Remote {
    client: Arc<Client>,
}

impl Remote {
    async fn ask(&self, op: Op, purpose: Purpose) -> Result<Answer, Failure> {
        let call = self
            .client
            .step(Flush::Usual, |machine, now| machine.submit(now, op, purpose, None))?;
        Ticket::new(&self.client, call).await
    }

    async fn list(&self, prefix: String, after: String) -> Result<(proto::LockList, u64), Failure> {
        let op = Op::ListLocks(proto::ListLocks { prefix, after, ..Default::default() });
        let answer = self.ask(op, Purpose::Ask).await?;
        match answer.outcome {
            Outcome::LockList(list) => Ok((list, answer.now_ms)),
            _ => Err(another_answer()),
        }
    }

    fn is_closed(&self) -> bool {
        self.client.lock().machine.life != Life::Open
    }
}

impl Drop for Remote {
    fn drop(&mut self) {
        self.client.step(Flush::Now, |machine, now| machine.say_goodbye(now));
    }
}

#[derive(Clone)]
struct Native {
    remote: Arc<Remote>,
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

impl Native {
    async fn take(&self, request: AcquireRequest) -> Result<Acquired, Failure> {
        let client = &self.remote.client;
        let (limit, wait) = wait_of(request.wait);
        let on_queued = request.on_queued.clone();
        let (asked_at, detached) = (LocalTime::now(), request.detached);
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
        if detached && LocalTime::now().since(asked_at) >= RENEWED_AFTER {
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
            let sent_at = LocalTime::now();
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

    /// How a hold ended, if the server remembers that among the newest.
    async fn remembered(&self, token: FencingToken) -> Option<LostReason> {
        let ended = self.history(None, HISTORY_LOOK_LEN, Freshness::Current).await.ok()?.answer;
        ended.into_iter().find(|ended| ended.token == token).map(|ended| ended.reason)
    }

    async fn ask<T>(
        &self,
        operation: impl FnOnce() -> String,
        op: Op,
        purpose: Purpose,
        read: impl FnOnce(Answer) -> Result<T, Failure>,
    ) -> Result<T, Error> {
        let answer = self.remote.ask(op, purpose).await;
        answer.and_then(read).map_err(|failure| failure.during(operation()))
    }
}

impl Native {
    /// Asks a question whose answer may be of an age.
    async fn look<T>(
        &self,
        operation: impl FnOnce() -> String,
        op: Op,
        read: impl FnOnce(Outcome, u64) -> Result<T, Failure>,
    ) -> Result<Aged<T>, Error> {
        let read = |answer: Answer| {
            let Answer { outcome, now_ms, staleness, .. } = answer;
            let age = match staleness {
                None => Some(Duration::ZERO),
                Some(it) => (!it.no_leader_yet).then(|| Duration::from_millis(it.age_ms)),
            };
            let revision = staleness.map(|staleness| staleness.revision);
            Ok(Aged { answer: read(outcome, now_ms)?, age, revision })
        };
        self.ask(operation, op, Purpose::Ask, read).await
    }
}

impl Backend for Native {
    fn scheme(&self) -> &'static str {
        "bramah"
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            shared: true,
            semaphore: true,
            many: true,
            fifo: true,
            push: true,
            value: true,
            watch: true,
            fencing: true,
            survives_failover: true,
            told_in_time: true,
            history: true,
            detached: true,
        }
    }

    fn acquire(&self, request: AcquireRequest) -> BoxFuture<'_, Result<Acquired, Error>> {
        Box::pin(async move {
            let names: Vec<LockName> = request.items.iter().map(|item| item.name.clone()).collect();
            self.take(request).await.map_err(|failure| {
                let names: Vec<String> =
                    names.iter().map(|n| format!("{:?}", n.as_str())).collect();
                failure.during(format!("acquire {}", names.join(", ")))
            })
        })
    }

    fn get<'a>(
        &'a self,
        name: &'a LockName,
        freshness: Freshness,
    ) -> BoxFuture<'a, Result<Aged<Option<LockInfo>>, Error>> {
        let stale = freshness == Freshness::Stale;
        let op = proto::GetLock { name: name.as_str().to_owned(), waiters_max: 0, stale };
        Box::pin(self.look(
            || on("get", name),
            Op::GetLock(op),
            |outcome, now_ms| match outcome {
                Outcome::Lock(lock) => {
                    let lock = read::lock(lock, now_ms)?;
                    Ok(Some(lock).filter(|lock| !read::is_free(lock)))
                }
                _ => Err(another_answer()),
            },
        ))
    }

    fn list<'a>(
        &'a self,
        prefix: &'a str,
        after: Option<&'a str>,
        freshness: Freshness,
    ) -> BoxFuture<'a, Result<Aged<Page<LockInfo>>, Error>> {
        let (prefix, after) = (prefix.to_owned(), after.unwrap_or_default().to_owned());
        let stale = freshness == Freshness::Stale;
        let op = Op::ListLocks(proto::ListLocks { prefix, after, len_max: 0, stale });
        Box::pin(self.look(
            || "list locks".to_owned(),
            op,
            |outcome, now_ms| match outcome {
                Outcome::LockList(list) => {
                    let locks = list.locks.into_iter().map(|lock| read::lock(lock, now_ms));
                    Ok(Page { items: locks.collect::<Result<_, _>>()?, more: list.more })
                }
                _ => Err(another_answer()),
            },
        ))
    }

    fn sessions(
        &self,
        after: u64,
        freshness: Freshness,
    ) -> BoxFuture<'_, Result<Aged<Page<SessionInfo>>, Error>> {
        let stale = freshness == Freshness::Stale;
        let op = Op::ListSessions(proto::ListSessions { after, len_max: 0, stale });
        Box::pin(self.look(
            || "list sessions".to_owned(),
            op,
            |outcome, now_ms| match outcome {
                Outcome::SessionList(list) => {
                    let items = list.sessions.into_iter().map(|it| read::session(it, now_ms));
                    Ok(Page { items: items.collect(), more: list.more })
                }
                _ => Err(another_answer()),
            },
        ))
    }

    fn history<'a>(
        &'a self,
        name: Option<&'a LockName>,
        len_max: usize,
        freshness: Freshness,
    ) -> BoxFuture<'a, Result<Aged<Vec<Ended>>, Error>> {
        let op = Op::GetHistory(proto::GetHistory {
            name: name.map(|name| name.as_str().to_owned()).unwrap_or_default(),
            len_max: u32::try_from(len_max).unwrap_or(u32::MAX),
            stale: freshness == Freshness::Stale,
        });
        let operation = || "read the history".to_owned();
        Box::pin(self.look(operation, op, move |outcome, now_ms| match outcome {
            Outcome::History(history) => {
                let ended = history.ended.into_iter().take(len_max);
                ended.map(|it| read::ended(it, now_ms)).collect()
            }
            _ => Err(another_answer()),
        }))
    }

    fn verify<'a>(
        &'a self,
        name: &'a LockName,
        token: FencingToken,
        freshness: Freshness,
    ) -> BoxFuture<'a, Result<Aged<Verdict>, Error>> {
        let stale = freshness == Freshness::Stale;
        let op = proto::Verify { name: name.as_str().to_owned(), token: token.0, stale };
        Box::pin(self.look(
            || on("verify", name),
            Op::Verify(op),
            |outcome, now_ms| match outcome {
                Outcome::Verdict(verdict) => Ok(read::verdict(&verdict, now_ms)),
                _ => Err(another_answer()),
            },
        ))
    }

    fn watch(&self, what: Watched) -> BoxFuture<'_, Result<Box<dyn WatchSource>, Error>> {
        Box::pin(async move {
            let watch = NativeWatch::start(self.remote.clone(), what).await?;
            Ok(Box::new(watch) as Box<dyn WatchSource>)
        })
    }

    fn release<'a>(&'a self, hold_id: &'a str) -> BoxFuture<'a, Result<Released, Error>> {
        Box::pin(async move {
            let operation = || "release a hold".to_owned();
            let hold = parse_hold_id(hold_id, "release")?;
            let token = FencingToken(hold.number);
            let op = Op::Release(proto::Release { request: None, hold: Some(hold) });
            match self.ask(operation, op, Purpose::Act, |_| Ok(())).await {
                Ok(()) => Ok(Released::Released),
                Err(error) if error.kind() == ErrorKind::NotHolder => {
                    Ok(Released::AlreadyLost(self.remembered(token).await))
                }
                Err(error) => Err(error),
            }
        })
    }

    fn renew<'a>(
        &'a self,
        hold_id: &'a str,
        ttl: Option<Duration>,
    ) -> BoxFuture<'a, Result<Duration, Error>> {
        Box::pin(async move {
            let operation = || "renew a hold".to_owned();
            let op = Op::RenewHold(proto::RenewHold {
                request: None,
                hold: Some(parse_hold_id(hold_id, "renew")?),
                ttl_ms: ttl.map(ms),
            });
            // Renewing twice sets the same time twice, so it may be asked again.
            self.ask(operation, op, Purpose::Ask, |answer| match answer.outcome {
                Outcome::HoldRenewed(grant) => {
                    Ok(Duration::from_millis(grant.deadline_ms.saturating_sub(answer.now_ms)))
                }
                _ => Err(another_answer()),
            })
            .await
        })
    }

    fn set_value<'a>(
        &'a self,
        hold_id: &'a str,
        value: Option<Value>,
    ) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move {
            let operation = || "set the value of a hold".to_owned();
            let op = Op::SetValue(proto::SetValue {
                request: None,
                hold: Some(parse_hold_id(hold_id, "set the value of")?),
                value: value.map(|value| Bytes::copy_from_slice(value.as_bytes())),
            });
            self.ask(operation, op, Purpose::Act, |_| Ok(())).await
        })
    }

    fn revoke<'a>(
        &'a self,
        name: &'a LockName,
        token: Option<FencingToken>,
        wait_for_deadline: bool,
        by: &'a str,
    ) -> BoxFuture<'a, Result<Vec<FencingToken>, Error>> {
        let op = Op::Revoke(proto::Revoke {
            name: name.as_str().to_owned(),
            token: token.map(|token| token.0),
            wait_for_deadline,
            by: by.to_owned(),
        });
        Box::pin(async move {
            let operation = || on("revoke", name);
            let revoked = self.ask(operation, op, Purpose::Act, |answer| match answer.outcome {
                Outcome::Revoked(revoked) => {
                    Ok(revoked.tokens.into_iter().map(FencingToken).collect())
                }
                _ => Err(another_answer()),
            });
            revoked.await.map_err(|error| match (error.kind(), token) {
                (ErrorKind::NotHolder, None) => {
                    Error::new(ErrorKind::NotHolder, operation(), "nobody holds it")
                }
                (ErrorKind::NotHolder, Some(token)) => {
                    let message = format!("nobody holds it with token {token}");
                    Error::new(ErrorKind::NotHolder, operation(), message)
                }
                _ => error,
            })
        })
    }

    fn close(&self) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(async move {
            let client = &self.remote.client;
            client.step(Flush::Now, |machine, now| machine.say_goodbye(now));
            let all_closed = std::future::poll_fn(|cx| {
                client.step(Flush::Usual, |machine, _| machine.poll_ended(cx))
            });
            match all_closed.await {
                true => Ok(()),
                false => {
                    let message = "the server could not be told, so holds live until their TTL";
                    Err(Error::new(ErrorKind::Unavailable, "close", message))
                }
            }
        })
    }

    fn cluster(&self) -> Option<&dyn ClusterBackend> {
        Some(self)
    }
}

impl fmt::Debug for Native {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Native(..)")
    }
}

/// What an acquire was answered, with its holds.
fn acquired(remote: &Arc<Remote>, answer: Answer) -> Result<Acquired, Failure> {
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
fn wait_of(wait: Wait) -> (Option<Duration>, proto::Wait) {
    use proto::wait::How;
    let (limit, how) = match wait {
        Wait::Try => (Some(Duration::ZERO), How::Try(true)),
        Wait::For(limit) => (Some(limit), How::ForMs(ms(limit))),
        Wait::Forever => (None, How::Forever(true)),
    };
    (limit, proto::Wait { how: Some(how) })
}

/// Milliseconds, rounded up so that something never becomes nothing.
fn ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros().div_ceil(1_000)).unwrap_or(u64::MAX)
}

fn parse_hold_id(text: &str, verb: &str) -> Result<proto::Handle, Error> {
    let id: Result<HoldId, _> = text.parse();
    id.map(proto::Handle::from).map_err(|error| {
        Error::new(ErrorKind::Invalid, format!("{verb} a hold"), error.to_string())
    })
}

fn on(verb: &str, name: &LockName) -> String {
    format!("{verb} {:?}", name.as_str())
}

fn another_answer() -> Failure {
    Failure::new(ErrorKind::Internal, "the server gave the answer to another question")
}
