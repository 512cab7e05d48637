//! The client of a Bramah server: one connection, one task, and one session for all holds of a
//! [`crate::Locker`].
//!
//! [`machine`] decides, and knows neither sockets nor clocks; [`task`] and [`client`] move its
//! bytes.

mod acquire;
mod call;
mod client;
mod cluster;
mod connection;
mod dial;
mod dice;
mod hold;
mod hold_text;
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
use std::time::Duration;

use bramah_core::{FencingToken, LockName, Value};
use bramah_wire::proto;
use bramah_wire::proto::reply::Outcome;
use bramah_wire::proto::request::Op;
use bytes::Bytes;

use self::call::{Answer, Failure, Purpose};
use self::client::{Client, Flush, Ticket};
use self::hold_text::HoldText;
use self::machine::{Life, Machine};
use self::session::SessionTerms;
use self::watch::NativeWatch;
use crate::backend::{
    AcquireRequest, Backend, BoxFuture, Capabilities, ClusterBackend, Freshness, WatchSource,
    Watched,
};
use crate::error::{Error, ErrorKind};
use crate::info::{
    Acquired, Aged, Ended, LockInfo, LostReason, Page, Released, SessionInfo, Verdict,
};
use crate::lease_keeper::sure_part;
use crate::locker::Options;

/// How many ended holds are looked through for one that could not be released.
const HISTORY_LOOK_LEN: usize = 1_000;

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
    machine.asks_if_silent = true;
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

impl Native {
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
            let HoldText { hold, own_session } = HoldText::parse(hold_id, "release")?;
            let op = Op::Release(proto::Release { request: None, hold: Some(hold.into()) });
            let released = match self.ask(operation, op, Purpose::Act, |_| Ok(())).await {
                Ok(()) => Ok(Released::Released),
                Err(error) if error.kind() == ErrorKind::NotHolder => {
                    Ok(Released::AlreadyLost(self.remembered(hold.token).await))
                }
                Err(error) => Err(error),
            }?;
            if let Some(session) = own_session {
                let session = Some(session.into());
                let op = Op::CloseSession(proto::CloseSession { session });
                // Nothing is in it any more; if it cannot be closed, it ends with its TTL.
                let _ = self.remote.ask(op, Purpose::Ask).await;
            }
            Ok(released)
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
                hold: Some(HoldText::parse(hold_id, "renew")?.hold.into()),
                ttl_ms: ttl.map(ms),
            });
            // Renewing twice sets the same time twice, so it may be asked again.
            self.ask(operation, op, Purpose::Ask, |answer| match answer.outcome {
                Outcome::HoldRenewed(grant) => {
                    let left = grant.deadline_ms.saturating_sub(answer.now_ms);
                    Ok(sure_part(Duration::from_millis(left)))
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
                hold: Some(HoldText::parse(hold_id, "set the value of")?.hold.into()),
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

/// Milliseconds, rounded up so that something never becomes nothing.
fn ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros().div_ceil(1_000)).unwrap_or(u64::MAX)
}

fn on(verb: &str, name: &LockName) -> String {
    format!("{verb} {:?}", name.as_str())
}

fn another_answer() -> Failure {
    Failure::new(ErrorKind::Internal, "the server gave the answer to another question")
}
