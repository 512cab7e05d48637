//! G8 ride-through: a session ends only because its client asked, its connection ended and it was
//! bound to it, or its TTL has passed since its last keepalive; whatever happens to the members. So
//! do holds, and by the operator or at their maximum. And where nothing goes wrong, who asks to be
//! kept alive loses no lease.

use std::collections::BTreeMap;
use std::time::Duration;

use bramah_core::{
    Command, EndReason, Event, FencingToken, Happening, OnDisconnect, Outcome, SessionClose,
    SessionHandle, SessionId,
};
use bramah_wire::request::What;

use super::report::{Promise, Report};
use super::step::Step;
use super::table::{Hold, Table};
use crate::plan::Plan;
use crate::time::SimTime;

/// Members count whole milliseconds. The client keeps more than that in reserve.
const ROUNDING: Duration = Duration::from_millis(2);

/// Messages between members that may be lost, in a million, without being felt.
const DROP_PPM_FAIR: u32 = 20_000;

/// A TTL that leaves room for everything that clients do by themselves, in milliseconds.
const TTL_MS_LONG: u64 = 3_000;

/// Delays of a message that fit into a TTL where members are near.
const DELAYS_PER_TTL: u64 = 20;

/// When each session was kept alive last, as its client knows.
#[derive(Debug)]
pub(crate) struct RideThrough {
    is_checked: bool,
    /// Nothing goes wrong that a lease must not outlast.
    is_smooth: bool,
    rate_ppm_max: u64,
    /// When the request was made, and the TTL then.
    acknowledged: BTreeMap<SessionId, (SimTime, u64)>,
    /// When each session was to be kept alive: the first request behind the last one that was
    /// acknowledged, and the last.
    asked: BTreeMap<SessionId, (SimTime, SimTime)>,
}

impl RideThrough {
    pub(crate) fn new(plan: &Plan) -> RideThrough {
        let network = plan.network;
        let is_fair = network.break_ppm == 0 && network.late_ppm == 0;
        // A short one may be lost where a client goes from one member to another.
        let ttl_ms = plan.workload.ttl_ms.0;
        let is_long = ttl_ms >= TTL_MS_LONG;
        let is_near = network.delay_us.1 * DELAYS_PER_TTL <= ttl_ms * 1_000;
        RideThrough {
            is_checked: !plan.clocks.beyond_bounds,
            is_smooth: plan.faults.is_empty()
                && is_fair
                && is_long
                && is_near
                && network.drop_ppm <= DROP_PPM_FAIR,
            rate_ppm_max: u64::from(plan.clocks.rate_ppm_max),
            acknowledged: BTreeMap::new(),
            asked: BTreeMap::new(),
        }
    }

    /// A client knows that its session, with this TTL, was kept alive by what it asked at `asked`.
    pub(crate) fn acknowledged(&mut self, session: SessionId, asked: SimTime, ttl_ms: u64) {
        let last = self.acknowledged.entry(session).or_insert((asked, ttl_ms));
        last.0 = last.0.max(asked);
        last.1 = last.1.min(ttl_ms);
    }

    /// A client asks for these sessions to be kept alive.
    pub(crate) fn called(&mut self, now: SimTime, what: &What) {
        let What::KeepAlive(sessions) = what else { return };
        for SessionHandle { id, .. } in sessions {
            let answered = self.acknowledged.get(id).map(|(answered, _)| *answered);
            let (first, last) = self.asked.entry(*id).or_insert((now, now));
            if answered.is_some_and(|answered| *first <= answered) {
                *first = now;
            }
            *last = now;
        }
    }

    /// A client believes no more in a hold, because its time is over by the client's clock.
    pub(crate) fn lost(&self, token: FencingToken, table: &Table, report: &mut Report) {
        let hold = table.holds.get(&token).filter(|hold| hold.terms.max_hold_ms == 0);
        let session = hold.filter(|_| self.is_smooth).map(|hold| hold.session);
        let asked = session.and_then(|session| self.asked.get(&session));
        let answered = session.and_then(|session| self.acknowledged.get(&session));
        // A client that began late to ask, or has not asked for long, had forgotten its session.
        let asks = asked.zip(answered).filter(|((first, last), (answered, ttl_ms))| {
            let half = Duration::from_millis(ttl_ms / 2);
            answered < first && first.since(*answered) < half && report.now.since(*last) < half
        });
        report.check(Promise::RideThrough, asks.is_none(), || {
            format!("nothing goes wrong, and who asks to be kept alive, {asks:?}, loses {hold:?}")
        });
    }

    /// Before an event is taken over by the table.
    pub(crate) fn event(
        &mut self,
        step: &Step<'_>,
        event: &Event,
        table: &Table,
        report: &mut Report,
    ) {
        match &event.what {
            Happening::SessionEnded { session, reason } => {
                let acknowledged = self.acknowledged.remove(session);
                self.asked.remove(session);
                let open = table.sessions.get(session);
                let is_right = open.is_some() && may_end(step, *session, reason, table);
                report.check(Promise::RideThrough, is_right, || {
                    let by = step.command.map(|(command, _)| command);
                    format!(
                        "session {session} ({open:?}) ends by {reason:?} at {:?} in {by:?}",
                        step.time
                    )
                });
                if let (EndReason::Expired { .. }, Some((asked, ttl_ms))) = (reason, acknowledged)
                    && self.is_checked
                {
                    let fast = 1_000_000 + u128::from(self.rate_ppm_max);
                    let least_us = u128::from(ttl_ms) * 1_000 * 1_000_000 / fast;
                    let lived = report.now.since(asked);
                    let is_kept = (lived + ROUNDING).as_micros() >= least_us;
                    report.check(Promise::RideThrough, is_kept, || {
                        format!(
                            "session {session} expires {lived:?} after the keepalive of {asked}, \
                             which was acknowledged; its TTL is {ttl_ms} ms"
                        )
                    });
                }
            }
            Happening::HoldEnded { name, token, reason, .. } => {
                let hold = table.holds.get(token);
                let is_right = hold.is_some_and(|hold| may_end_hold(step, hold, reason, table));
                report.check(Promise::RideThrough, is_right, || {
                    let (at, by) = (step.time, step.command.map(|(command, _)| command));
                    format!(
                        "the hold of {name} under {token} ends by {reason:?} at {at:?} in {by:?}: \
                         {hold:?}"
                    )
                });
            }
            _ => {}
        }
    }

    /// A step's command is done: keepalives did what they should.
    pub(crate) fn outcome(step: &Step<'_>, table: &Table, report: &mut Report) {
        let Some((Command::Renew(handles), Outcome::Renewed(results))) = step.command else {
            return;
        };
        report.check(Promise::RideThrough, handles.len() == results.len(), || {
            format!("{} sessions are renewed with {} results", handles.len(), results.len())
        });
        for (handle, result) in handles.iter().zip(results) {
            let right = table.session(*handle).map(|session| step.time.plus_ms(session.ttl_ms));
            report.check(Promise::RideThrough, result.as_ref().ok() == right.as_ref(), || {
                format!("session {} is renewed to {result:?}, right is {right:?}", handle.id)
            });
        }
    }
}

fn may_end(step: &Step<'_>, id: SessionId, reason: &EndReason, table: &Table) -> bool {
    let Some(session) = table.sessions.get(&id) else { return false };
    let closes = |wanted: SessionClose| match step.command {
        Some((Command::CloseSession { session: handle, cause }, _)) => {
            *handle == session.handle && *cause == wanted
        }
        _ => false,
    };
    match reason {
        EndReason::Expired { renewed_at } => {
            step.command.is_none()
                && session.deadline() <= step.time
                && session.renewed_at == *renewed_at
        }
        EndReason::SessionClosed => closes(SessionClose::Asked),
        EndReason::Disconnected => {
            closes(SessionClose::Disconnected) && session.on_disconnect == OnDisconnect::Release
        }
        _ => false,
    }
}

fn may_end_hold(step: &Step<'_>, hold: &Hold, reason: &EndReason, table: &Table) -> bool {
    // Its holder was gone before, for whatever reason, and its minimum is over now.
    if hold.lingers && step.command.is_none() {
        return hold.min_hold_until() <= step.time;
    }
    // A minimum binds everybody but an operator, and what its client never had or has exchanged.
    let is_bound = match reason {
        EndReason::Released | EndReason::SessionClosed => true,
        EndReason::Expired { .. } | EndReason::Disconnected => true,
        EndReason::Revoked { .. } | EndReason::MaxHold => false,
        EndReason::Upgraded | EndReason::Cancelled => false,
    };
    if is_bound && hold.min_hold_until() > step.time {
        return false;
    }
    match reason {
        EndReason::Expired { .. } | EndReason::SessionClosed | EndReason::Disconnected => {
            may_end(step, hold.session, reason, table)
        }
        EndReason::MaxHold => {
            step.command.is_none() && hold.max_hold_deadline().is_some_and(|max| max <= step.time)
        }
        EndReason::Revoked { by } => match step.command {
            Some((Command::Revoke { target, by: asked, .. }, Outcome::Revoked { tokens })) => {
                Table::is_target(target, hold) && by == asked && tokens.contains(&hold.hold.token)
            }
            _ => false,
        },
        EndReason::Upgraded => {
            let asked = step.numbered().and_then(|request| table.asked(request));
            let now = asked.is_some_and(|asked| asked.upgrade_of == Some(hold.hold.token));
            now || table.waits.values().any(|w| w.upgrade_of == Some(hold.hold.token))
        }
        // Of these, G6 knows more.
        EndReason::Released | EndReason::Cancelled => true,
    }
}
