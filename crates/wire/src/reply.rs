//! Replies: what the lock core answered, for the client that asked.
//!
//! Every reply fits a frame, whatever the table holds. What could be longer is cut, and says so.

use bramah_core::{Ended, FencingToken, Outcome, Refusal, SessionGrants, Time, Verdict};

use bytes::Bytes;

use crate::error::Error;
use crate::frame::FRAME_BYTES_MAX;
use crate::proto;
use crate::proto::message::Kind;
use crate::proto::reply::Outcome as Reply;

/// Most tokens that the reply to a revocation names.
pub const REVOKED_TOKENS_MAX: usize = 10_000;
/// Most bytes of the entries of a listing; the rest of the frame is for what stands round them.
const PAGE_BYTES_MAX: usize = FRAME_BYTES_MAX / 4 * 3;
/// Most bytes of the ended holds of sessions; of this and of a page together there is less than a
/// frame.
const ENDED_BYTES_MAX: usize = FRAME_BYTES_MAX / 8;

/// The reply to request `id` that carries `outcome`; `now` is the time of the answer.
#[must_use]
pub fn reply(id: u64, now: Time, outcome: &Outcome) -> proto::Message {
    message(
        id,
        now,
        match outcome {
            Outcome::SessionOpened { session, deadline } => {
                Reply::SessionOpened(proto::SessionOpened {
                    session: Some((*session).into()),
                    deadline_ms: deadline.0,
                })
            }
            Outcome::Renewed(results) => Reply::KeptAlive(renewals(now, results, &[])),
            Outcome::SessionClosed { holds } => {
                Reply::SessionClosed(proto::SessionClosed { holds: *holds as u64 })
            }
            Outcome::Granted(grants) => {
                Reply::Granted(proto::Grants { grants: grants.iter().map(Into::into).collect() })
            }
            Outcome::AlreadyHeld(grant) => Reply::AlreadyHeld(grant.into()),
            Outcome::Queued { position, waiters } => Reply::Queued(proto::Queued {
                position: *position as u64,
                waiters: *waiters as u64,
            }),
            Outcome::Busy(busy) => Reply::Busy(busy.into()),
            Outcome::WaitTimedOut(busy) => Reply::WaitTimedOut(busy.into()),
            Outcome::Cancelled { was_held } => {
                Reply::Cancelled(proto::Cancelled { was_held: *was_held })
            }
            Outcome::Released { reentries_left, free_at } => Reply::Released(proto::Released {
                reentries_left: *reentries_left,
                free_at_ms: free_at.map(|time| time.0),
            }),
            Outcome::ValueSet => Reply::ValueSet(proto::ValueSet {}),
            Outcome::Downgraded(grant) => Reply::Downgraded(grant.into()),
            Outcome::HoldRenewed(grant) => Reply::HoldRenewed(grant.into()),
            Outcome::Revoked { tokens } => Reply::Revoked(proto::Revoked {
                tokens: tokens.iter().take(REVOKED_TOKENS_MAX).map(|token| token.0).collect(),
                total: tokens.len() as u64,
            }),
            Outcome::Refused(refusal) => Reply::Error((&Error::from_refusal(refusal, now)).into()),
        },
    )
}

/// The reply to a request that failed.
#[must_use]
pub fn error(id: u64, now: Time, error: &Error) -> proto::Message {
    message(id, now, Reply::Error(error.into()))
}

/// The reply to a keepalive: for each of its sessions, in the order asked, the new deadline or why
/// not; and what those hold no more that hear nothing by events, as much as fits.
#[must_use]
pub fn kept_alive(
    id: u64,
    now: Time,
    results: &[Result<Time, Refusal>],
    ended: &[Ended],
) -> proto::Message {
    message(id, now, Reply::KeptAlive(renewals(now, results, ended)))
}

/// The reply to a session's attachment: its holds with tokens above `after`, as many as fit, and
/// the last that ended.
#[must_use]
pub fn attached(
    id: u64,
    now: Time,
    session: &SessionGrants,
    after: FencingToken,
) -> proto::Message {
    message(id, now, Reply::SessionAttached(held(session, after)))
}

/// The reply that tells of one session what [`attached`] does.
#[must_use]
pub fn session(id: u64, now: Time, session: &SessionGrants, after: FencingToken) -> proto::Message {
    message(id, now, Reply::Session(held(session, after)))
}

/// The reply that tells what is known of a token.
#[must_use]
pub fn verdict(id: u64, now: Time, verdict: &Verdict) -> proto::Message {
    message(
        id,
        now,
        Reply::Verdict(proto::Verdict {
            held: verdict.held,
            newest_token: verdict.newest.map(|token| token.0),
            end: verdict.ended.as_ref().map(Into::into),
        }),
    )
}

/// The reply that ends a watch.
#[must_use]
pub fn watch_ended(id: u64, now: Time) -> proto::Message {
    message(id, now, Reply::WatchEnded(proto::WatchEnded {}))
}

/// The reply that tells of the server.
#[must_use]
pub fn server_info(id: u64, now: Time, info: proto::ServerInfo) -> proto::Message {
    message(id, now, Reply::ServerInfo(info))
}

/// The reply that tells of the cluster.
#[must_use]
pub fn cluster_status(id: u64, now: Time, status: proto::ClusterStatus) -> proto::Message {
    message(id, now, Reply::ClusterStatus(status))
}

/// The reply that is a part of a backup.
#[must_use]
pub fn backup_part(id: u64, now: Time, data: Bytes, last: bool) -> proto::Message {
    message(id, now, Reply::BackupPart(proto::BackupPart { data, last }))
}

/// Says of a reply how old it may be.
#[must_use]
pub fn stale(mut message: proto::Message, staleness: proto::Staleness) -> proto::Message {
    if let Some(Kind::Reply(reply)) = &mut message.kind {
        reply.staleness = Some(staleness);
    }
    message
}

pub(crate) fn message(id: u64, now: Time, outcome: Reply) -> proto::Message {
    let reply = proto::Reply { id, now_ms: now.0, outcome: Some(outcome), staleness: None };
    proto::Message { kind: Some(Kind::Reply(reply)) }
}

fn held(session: &SessionGrants, after: FencingToken) -> proto::SessionAttached {
    let holds = session.holds.iter().filter(|grant| grant.hold.token > after);
    let (holds, more) = Page::of_reply(usize::MAX).fill(holds.map(proto::Grant::from));
    let ended = session.ended.iter().map(proto::HoldEnded::from);
    proto::SessionAttached {
        ttl_ms: session.ttl.as_ms(),
        deadline_ms: session.deadline.0,
        holds,
        more,
        ended: Page::of_bytes(ENDED_BYTES_MAX).fill(ended).0,
    }
}

fn renewals(now: Time, results: &[Result<Time, Refusal>], ended: &[Ended]) -> proto::KeptAlive {
    use proto::renewal::Result::{DeadlineMs, Error as Refused};
    let renewals = results.iter().map(|result| proto::Renewal {
        result: Some(match result {
            Ok(deadline) => DeadlineMs(deadline.0),
            Err(refusal) => Refused((&Error::from_refusal(refusal, now)).into()),
        }),
    });
    let ended = ended.iter().map(proto::HoldEnded::from);
    proto::KeptAlive {
        renewals: renewals.collect(),
        ended: Page::of_bytes(ENDED_BYTES_MAX).fill(ended).0,
    }
}

/// Room for the entries of a listing.
pub(crate) struct Page {
    len_max: usize,
    bytes_left: usize,
}

impl Page {
    /// In a reply with nothing else.
    pub(crate) fn of_reply(len_max: usize) -> Page {
        Page { len_max, bytes_left: PAGE_BYTES_MAX }
    }

    pub(crate) fn of_bytes(bytes_left: usize) -> Page {
        Page { len_max: usize::MAX, bytes_left }
    }

    /// The entries that fit, and whether there are more.
    pub(crate) fn fill<M: prost::Message>(
        mut self,
        entries: impl Iterator<Item = M>,
    ) -> (Vec<M>, bool) {
        /// Of the tag and the length before each entry.
        const ENTRY_HEAD_BYTES_MAX: usize = 8;
        let mut taken = Vec::new();
        for entry in entries {
            let bytes = entry.encoded_len() + ENTRY_HEAD_BYTES_MAX;
            if taken.len() == self.len_max || bytes > self.bytes_left {
                return (taken, true);
            }
            self.bytes_left -= bytes;
            taken.push(entry);
        }
        (taken, false)
    }
}
