//! Requests of a client, parsed into what the lock core takes. What passes here needs no second
//! check.

mod cluster;

use std::collections::BTreeSet;
use std::sync::Arc;

use bramah_core::limits::{
    MANY_ITEMS_MAX, NAME_BYTES_MAX, OWNER_BYTES_MAX, PERMITS_MAX, TERM_MS_MAX, WAIT_MS_MAX,
};
use bramah_core::{
    Acquire, AcquireMany, Action, Command, FencingToken, HoldAction, HoldId, IfHeld, Item, Key,
    LockName, Mode, OnDisconnect, OpenSession, Owner, Priority, RequestRef, RequestSeq,
    RevokeTarget, SessionClose, SessionHandle, SessionId, Terms, Ttl, Value, Wait,
};
use bytes::Bytes;
use prost::Message as _;

pub use self::cluster::{ADDRESS_BYTES_MAX, Address, ClusterAsk};
use crate::error::{Error, ErrorCode};
use crate::proto;
use crate::proto::request::Op;

/// Most sessions in one keepalive, so that its reply fits a frame whatever there is to say of each.
pub const KEEP_ALIVE_SESSIONS_MAX: usize = 256;
/// Most entries of one page of a listing.
pub const LIST_LEN_MAX: usize = 1_000;
/// Entries of a page when the request does not say.
pub const LIST_LEN_DEFAULT: usize = 100;
/// Most waiters of one lock that a reply names.
pub const WAITERS_SHOWN_MAX: usize = 1_000;
/// Waiters of one lock that a reply names when the request does not say.
pub const WAITERS_SHOWN_DEFAULT: usize = 16;

/// A request that can be served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parsed {
    /// The client's id for it, for the reply.
    pub id: u64,
    /// What it asks.
    pub ask: Ask,
}

/// What a request asks, and of whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    /// Of the lock service, whichever server is asked.
    Service(What),
    /// Of the table as the server that is asked has it now.
    Stale(Query),
    /// Of the cluster.
    Cluster(ClusterAsk),
    /// For the bytes of a backup behind so many.
    Backup {
        /// 0 begins one.
        from: u64,
    },
}

/// What a request asks of the lock service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// A change of the table.
    Command(Command),
    /// Renew these sessions; apart from [`Command`], so that the renewals of many clients can share
    /// one.
    KeepAlive(Vec<SessionHandle>),
    /// Bring the session to this connection, and name its holds with tokens above `after`.
    Attach {
        /// The session.
        session: SessionHandle,
        /// 0 for all.
        after: FencingToken,
    },
    /// A question that changes nothing.
    Query(Query),
    /// Tell this connection what happens to locks; the watch's id is the request's.
    Watch(Watched),
    /// Tell it no more.
    Unwatch {
        /// The watch.
        watch_id: u64,
    },
    /// Who are you?
    ServerInfo,
}

/// A question that changes nothing. Lengths are within the bounds of this module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Query {
    /// One lock.
    GetLock {
        /// Which.
        name: LockName,
        /// Most waiters to name.
        waiters_max: usize,
    },
    /// Locks in the order of names.
    ListLocks {
        /// Names start so.
        prefix: String,
        /// Names after this one; empty for the first page.
        after: String,
        /// Most locks.
        len_max: usize,
    },
    /// Sessions in the order of numbers.
    ListSessions {
        /// Numbers above this one; 0 for the first page.
        after: SessionId,
        /// Most sessions.
        len_max: usize,
    },
    /// One session, as its own client sees it.
    GetSession {
        /// Which.
        session: SessionHandle,
        /// Names the holds with tokens above this one; 0 for all.
        after: FencingToken,
    },
    /// Ended holds, newest first.
    GetHistory {
        /// Of which lock; of all, if none.
        name: Option<LockName>,
        /// Most ended holds.
        len_max: usize,
    },
    /// Is the token of a living hold?
    Verify {
        /// Of which lock.
        name: LockName,
        /// The token.
        token: FencingToken,
    },
}

/// Which locks a watch is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Watched {
    /// One.
    Name(LockName),
    /// All whose name starts so.
    Prefix(String),
}

/// Why a request gets no other answer, and the id to answer it by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorReply {
    /// The request's id; 0 if even that could not be read.
    pub id: u64,
    /// What is wrong with it.
    pub error: Error,
}

/// Reads a frame's bytes as a request. `draw_key` gives the random keys of new sessions and holds.
///
/// # Errors
/// [`ErrorReply`] is to be sent; the connection can go on, since the frame was whole.
pub fn read(frame: Bytes, draw_key: &mut dyn FnMut() -> Key) -> Result<Parsed, ErrorReply> {
    let id = peek_id(&frame);
    match proto::Request::decode(frame) {
        Ok(request) => parse(request, draw_key),
        Err(error) => {
            let message = format!("read the request: {error}");
            Err(ErrorReply { id, error: Error::new(ErrorCode::InvalidFrame, message) })
        }
    }
}

/// Checks a request. `draw_key` gives the random keys of new sessions and holds.
///
/// # Errors
/// [`ErrorReply`] is to be sent.
pub fn parse(
    request: proto::Request,
    draw_key: &mut dyn FnMut() -> Key,
) -> Result<Parsed, ErrorReply> {
    let id = request.id;
    let parsed = match request.op {
        None => Err(Error::new(
            ErrorCode::Unsupported,
            "tell what is asked: the request has no operation that this server knows, \
             its client may be newer",
        )),
        Some(_) if id == 0 => Err(invalid("take the request: its id is 0, ids start at 1")),
        Some(op) => {
            let verb = verb(&op);
            ask(op, draw_key)
                .map_err(|error| Error { message: format!("{verb}: {}", error.message), ..error })
        }
    };
    match parsed {
        Ok(ask) => Ok(Parsed { id, ask }),
        Err(error) => Err(ErrorReply { id, error }),
    }
}

/// A request's operation, in words that fit after "could not".
fn verb(op: &Op) -> &'static str {
    match op {
        Op::OpenSession(_) => "open a session",
        Op::AttachSession(_) => "attach the session",
        Op::KeepAlive(_) => "keep sessions alive",
        Op::CloseSession(_) => "close the session",
        Op::Acquire(_) => "acquire",
        Op::AcquireMany(_) => "acquire many",
        Op::Upgrade(_) => "upgrade",
        Op::Cancel(_) => "cancel",
        Op::Release(_) => "release",
        Op::SetValue(_) => "set the value",
        Op::Downgrade(_) => "downgrade",
        Op::RenewHold(_) => "renew",
        Op::Revoke(_) => "revoke",
        Op::GetLock(_) => "get the lock",
        Op::ListLocks(_) => "list locks",
        Op::ListSessions(_) => "list sessions",
        Op::GetSession(_) => "get the session",
        Op::GetHistory(_) => "get the history",
        Op::Verify(_) => "verify",
        Op::Watch(_) => "watch",
        Op::Unwatch(_) => "end the watch",
        Op::GetServerInfo(_) => "tell of the server",
        Op::GetClusterStatus(_) => "tell of the cluster",
        Op::ClusterAdd(_) => "add the member",
        Op::ClusterPromote(_) => "promote the member",
        Op::ClusterRemove(_) => "remove the member",
        Op::ClusterTransfer(_) => "transfer the leadership",
        Op::Backup(_) => "make a backup",
    }
}

fn ask(op: Op, draw_key: &mut dyn FnMut() -> Key) -> Result<Ask, Error> {
    let command = match op {
        Op::OpenSession(open) => Command::OpenSession(OpenSession {
            ttl: ttl(open.ttl_ms)?,
            on_disconnect: on_disconnect(open.on_disconnect)?,
            owner: Arc::new(owner(open.owner.unwrap_or_default())?),
            key: draw_key(),
        }),
        Op::CloseSession(close) => {
            Command::CloseSession { session: session(close.session)?, cause: SessionClose::Asked }
        }
        Op::Acquire(acquire) => {
            let action = Action::Acquire(Acquire {
                item: item(required(acquire.item, "item")?)?,
                wait: wait(acquire.wait)?,
                priority: priority(acquire.priority)?,
                if_held: if_held(acquire.if_held)?,
                max_waiters: acquire.max_waiters,
                terms: terms(acquire.terms)?,
                key: draw_key(),
            });
            numbered(acquire.request, action)?
        }
        Op::AcquireMany(many) => {
            let action = Action::AcquireMany(AcquireMany {
                items: items(many.items)?,
                wait: wait(many.wait)?,
                priority: priority(many.priority)?,
                if_held: if_held(many.if_held)?,
                terms: terms(many.terms)?,
                key: draw_key(),
            });
            numbered(many.request, action)?
        }
        Op::Upgrade(upgrade) => {
            let (hold, wait) = (hold(upgrade.hold)?, wait(upgrade.wait)?);
            numbered(upgrade.request, Action::Upgrade { hold, wait, key: draw_key() })?
        }
        Op::Cancel(cancel) => {
            let seq = RequestSeq(cancel.seq);
            numbered(cancel.request, Action::Cancel { seq })?
        }
        Op::Release(it) => on_hold(it.request, it.hold, HoldAction::Release)?,
        Op::SetValue(it) => {
            let value = it.value.as_deref().map(value).transpose()?;
            on_hold(it.request, it.hold, HoldAction::SetValue(value))?
        }
        Op::Downgrade(it) => on_hold(it.request, it.hold, HoldAction::Downgrade)?,
        Op::RenewHold(it) => {
            let ttl = it.ttl_ms.map(ttl).transpose()?;
            on_hold(it.request, it.hold, HoldAction::Renew(ttl))?
        }
        Op::Revoke(revoke) => {
            at_most("by", revoke.by.len(), OWNER_BYTES_MAX, "bytes")?;
            let name = name(&revoke.name)?;
            Command::Revoke {
                target: match revoke.token {
                    None => RevokeTarget::Lock(name),
                    Some(token) => RevokeTarget::Hold(name, FencingToken(token)),
                },
                wait_for_deadline: revoke.wait_for_deadline,
                by: revoke.by.into(),
            }
        }
        other => return apart_from_commands(other),
    };
    Ok(Ask::Service(What::Command(command)))
}

fn apart_from_commands(op: Op) -> Result<Ask, Error> {
    let what = match op {
        Op::AttachSession(attach) => {
            What::Attach { session: session(attach.session)?, after: FencingToken(attach.after) }
        }
        Op::KeepAlive(keep) => {
            at_most("sessions", keep.sessions.len(), KEEP_ALIVE_SESSIONS_MAX, "entries")?;
            What::KeepAlive(keep.sessions.into_iter().map(Into::into).collect())
        }
        Op::Watch(watch) => {
            use proto::watch::Which;
            What::Watch(match required(watch.which, "which")? {
                Which::Name(text) => Watched::Name(name(&text)?),
                Which::Prefix(prefix) => Watched::Prefix(part_of_name("prefix", prefix)?),
            })
        }
        Op::Unwatch(unwatch) => What::Unwatch { watch_id: unwatch.watch_id },
        Op::GetServerInfo(_) => What::ServerInfo,
        other => return question(other),
    };
    Ok(Ask::Service(what))
}

fn question(op: Op) -> Result<Ask, Error> {
    let (query, stale) = match op {
        Op::GetLock(get) => {
            let waiters_max = len(get.waiters_max, WAITERS_SHOWN_DEFAULT, WAITERS_SHOWN_MAX);
            (Query::GetLock { name: name(&get.name)?, waiters_max }, get.stale)
        }
        Op::ListLocks(list) => {
            let prefix = part_of_name("prefix", list.prefix)?;
            let after = part_of_name("after", list.after)?;
            (Query::ListLocks { prefix, after, len_max: page(list.len_max) }, list.stale)
        }
        Op::ListSessions(list) => {
            let after = SessionId(list.after);
            (Query::ListSessions { after, len_max: page(list.len_max) }, list.stale)
        }
        Op::GetSession(get) => {
            let after = FencingToken(get.after);
            (Query::GetSession { session: session(get.session)?, after }, get.stale)
        }
        Op::GetHistory(get) => {
            let name = match get.name.as_str() {
                "" => None,
                text => Some(name(text)?),
            };
            (Query::GetHistory { name, len_max: page(get.len_max) }, get.stale)
        }
        Op::Verify(verify) => {
            let token = FencingToken(verify.token);
            (Query::Verify { name: name(&verify.name)?, token }, verify.stale)
        }
        Op::Backup(backup) => return Ok(Ask::Backup { from: backup.from }),
        other => return cluster::ask(other).map(Ask::Cluster),
    };
    Ok(if stale { Ask::Stale(query) } else { Ask::Service(What::Query(query)) })
}

fn numbered(request: Option<proto::RequestRef>, action: Action) -> Result<Command, Error> {
    let request = required(request, "request")?;
    let session = session(request.session)?;
    let (seq, answered_below) = (request.seq, request.answered_below);
    if seq == 0 {
        return Err(invalid("request number is 0, numbers start at 1"));
    }
    if answered_below > seq {
        return Err(invalid(format!(
            "answered_below is {answered_below}, at most the request's own number {seq} is allowed"
        )));
    }
    let request = RequestRef { seq: RequestSeq(seq), answered_below: RequestSeq(answered_below) };
    Ok(Command::Request { session, request, action })
}

fn on_hold(
    request: Option<proto::RequestRef>,
    handle: Option<proto::Handle>,
    action: HoldAction,
) -> Result<Command, Error> {
    let hold = hold(handle)?;
    match request {
        None => Ok(Command::ByHold { hold, action }),
        Some(_) => numbered(request, Action::Hold(hold, action)),
    }
}

fn item(item: proto::Item) -> Result<Item, Error> {
    let mode = match known(item.mode, "mode")? {
        proto::Mode::Unspecified => return Err(missing("mode")),
        proto::Mode::Permits => {
            let (count, limit) = (item.permits, item.limit);
            if limit == 0 || limit > PERMITS_MAX {
                return Err(invalid(format!(
                    "limit of permits is {limit}, allowed are 1 to {PERMITS_MAX}"
                )));
            }
            if count == 0 || count > limit {
                return Err(invalid(format!("permits are {count}, allowed are 1 to {limit}")));
            }
            Mode::Permits { count, limit }
        }
        plain => {
            if item.permits != 0 || item.limit != 0 {
                return Err(invalid("permits and limit are only for MODE_PERMITS"));
            }
            if plain == proto::Mode::Shared { Mode::Shared } else { Mode::Exclusive }
        }
    };
    let value = item.value.as_deref().map(value).transpose()?;
    Ok(Item { name: name(&item.name)?, mode, value })
}

fn items(items: Vec<proto::Item>) -> Result<Vec<Item>, Error> {
    if items.is_empty() {
        return Err(missing("items"));
    }
    at_most("items", items.len(), MANY_ITEMS_MAX, "entries")?;
    let mut parsed = Vec::with_capacity(items.len());
    let mut names = BTreeSet::new();
    for (index, each) in items.into_iter().enumerate() {
        let each = item(each).map_err(|error| Error {
            message: format!("item {}: {}", index + 1, error.message),
            ..error
        })?;
        if !names.insert(each.name.clone()) {
            return Err(invalid(format!("{:?} is there twice", each.name.as_str())));
        }
        parsed.push(each);
    }
    Ok(parsed)
}

fn wait(wait: Option<proto::Wait>) -> Result<Wait, Error> {
    use proto::wait::How;
    match wait.and_then(|wait| wait.how) {
        None | Some(How::Try(true) | How::ForMs(0)) => Ok(Wait::Try),
        Some(How::ForMs(ms)) if ms <= WAIT_MS_MAX => Ok(Wait::ForMs(ms)),
        Some(How::ForMs(ms)) => {
            Err(invalid(format!("wait is {ms} ms, at most {WAIT_MS_MAX} ms (24 h) are allowed")))
        }
        Some(How::Forever(true)) => Ok(Wait::Forever),
        Some(How::Try(false) | How::Forever(false)) => {
            Err(invalid("wait says what it is not; leave it out or set it to true"))
        }
    }
}

fn terms(terms: Option<proto::Terms>) -> Result<Terms, Error> {
    let proto::Terms { lock_delay_ms, min_hold_ms, max_hold_ms } = terms.unwrap_or_default();
    let bounds = [
        ("lock delay", lock_delay_ms),
        ("minimum hold", min_hold_ms),
        ("maximum hold", max_hold_ms),
    ];
    for (which, ms) in bounds {
        if ms > TERM_MS_MAX {
            return Err(invalid(format!(
                "{which} is {ms} ms, at most {TERM_MS_MAX} ms (30 days) are allowed"
            )));
        }
    }
    Ok(Terms { lock_delay_ms, min_hold_ms, max_hold_ms })
}

fn priority(priority: i32) -> Result<Priority, Error> {
    let checked = i8::try_from(priority).map(Priority);
    checked.map_err(|_| invalid(format!("priority is {priority}, allowed are -128 to 127")))
}

fn if_held(if_held: i32) -> Result<IfHeld, Error> {
    Ok(match known(if_held, "if_held")? {
        proto::IfHeld::Refuse => IfHeld::Refuse,
        proto::IfHeld::Reenter => IfHeld::Reenter,
        proto::IfHeld::Queue => IfHeld::Queue,
    })
}

fn on_disconnect(on_disconnect: i32) -> Result<OnDisconnect, Error> {
    Ok(match known(on_disconnect, "on_disconnect")? {
        proto::OnDisconnect::Keep => OnDisconnect::Keep,
        proto::OnDisconnect::Release => OnDisconnect::Release,
    })
}

fn owner(owner: proto::Owner) -> Result<Owner, Error> {
    let owner = Owner::from(owner);
    at_most("owner", owner.bytes(), OWNER_BYTES_MAX, "bytes")?;
    Ok(owner)
}

fn name(name: &str) -> Result<LockName, Error> {
    LockName::new(name).map_err(|error| invalid(error.to_string()))
}

/// A prefix, or a name to go on after: of no lock in particular, so only its length is checked.
fn part_of_name(field: &str, text: String) -> Result<String, Error> {
    at_most(field, text.len(), NAME_BYTES_MAX, "bytes")?;
    Ok(text)
}

fn ttl(ms: u64) -> Result<Ttl, Error> {
    Ttl::from_ms(ms).map_err(|error| invalid(error.to_string()))
}

fn value(bytes: &[u8]) -> Result<Value, Error> {
    Value::new(bytes).map_err(|error| invalid(error.to_string()))
}

fn session(handle: Option<proto::Handle>) -> Result<SessionHandle, Error> {
    required(handle, "session").map(SessionHandle::from)
}

fn hold(handle: Option<proto::Handle>) -> Result<HoldId, Error> {
    required(handle, "hold").map(HoldId::from)
}

fn page(len_max: u32) -> usize {
    len(len_max, LIST_LEN_DEFAULT, LIST_LEN_MAX)
}

fn len(asked: u32, usual: usize, max: usize) -> usize {
    if asked == 0 { usual } else { max.min(asked as usize) }
}

fn required<T>(field: Option<T>, name: &str) -> Result<T, Error> {
    field.ok_or_else(|| missing(name))
}

fn known<T: TryFrom<i32>>(number: i32, field: &str) -> Result<T, Error> {
    T::try_from(number).map_err(|_| {
        let message = format!("{field} has the value {number}, which this server does not know");
        Error::new(ErrorCode::Unsupported, message)
    })
}

fn at_most(field: &str, found: usize, max: usize, unit: &str) -> Result<(), Error> {
    if found <= max {
        return Ok(());
    }
    Err(invalid(format!("{field} has {found} {unit}, at most {max} are allowed")))
}

fn missing(field: &str) -> Error {
    invalid(format!("{field} is missing"))
}

fn invalid(message: impl Into<String>) -> Error {
    Error::new(ErrorCode::InvalidRequest, message)
}

/// The id of a request that cannot be read whole: it comes first in what every client writes.
fn peek_id(mut frame: &[u8]) -> u64 {
    const ID_TAG: u8 = 1 << 3;
    match frame.split_off_first() {
        Some(&ID_TAG) => prost::encoding::decode_varint(&mut frame).unwrap_or(0),
        _ => 0,
    }
}
