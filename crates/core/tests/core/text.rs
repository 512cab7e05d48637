//! Answers and news as short text, so that a scenario can be read.

use bramah_core::{Busy, EndReason, Grant, Happening, LockName, Outcome, Refusal, WaitEnd};

use crate::table::Table;

pub(crate) fn outcome(table: &Table, outcome: &Outcome) -> String {
    match outcome {
        Outcome::SessionOpened { deadline, .. } => format!("open until {}", deadline.0),
        Outcome::Renewed(answers) => {
            let answers = answers.iter().map(|answer| match answer {
                Ok(deadline) => format!("renewed until {}", deadline.0),
                Err(refusal) => refused(table, refusal),
            });
            answers.collect::<Vec<_>>().join(", ")
        }
        Outcome::SessionClosed { holds } => format!("closed, {holds} released"),
        Outcome::Granted(all) => format!("granted {}", grants(all)),
        Outcome::AlreadyHeld(grant) => format!("already held {}", one(grant)),
        Outcome::Queued { position, waiters } => format!("queued {position} of {waiters}"),
        Outcome::Busy(blocked) => format!("busy {}", busy(table, blocked)),
        Outcome::WaitTimedOut(blocked) => format!("timed out {}", busy(table, blocked)),
        Outcome::Cancelled { was_held: false } => "cancelled".to_owned(),
        Outcome::Cancelled { was_held: true } => "cancelled and released".to_owned(),
        Outcome::Released { reentries_left: 0, free_at: None } => "released".to_owned(),
        Outcome::Released { reentries_left: 0, free_at: Some(at) } => {
            format!("released, free at {}", at.0)
        }
        Outcome::Released { reentries_left, .. } => format!("released, {reentries_left} left"),
        Outcome::ValueSet => "value set".to_owned(),
        Outcome::Downgraded(grant) => format!("downgraded {}", one(grant)),
        Outcome::HoldRenewed(grant) => format!("renewed {} until {}", one(grant), grant.deadline.0),
        Outcome::Revoked { tokens } => {
            format!(
                "revoked{}",
                tokens.iter().map(|token| format!(" #{token}")).collect::<String>()
            )
        }
        Outcome::Refused(refusal) => refused(table, refusal),
    }
}

pub(crate) fn happening(table: &Table, what: &Happening) -> String {
    match what {
        Happening::Granted { session, waited, grants: all, .. } => {
            let how = if *waited { "is granted at last" } else { "is granted" };
            format!("{} {how} {}", table.name_of(*session), grants(all))
        }
        Happening::HoldEnded { name, token, session, reason } => {
            let (name, session) = (name.as_str(), table.name_of(*session));
            format!("{session} has {name} #{token} no more: {}", end(reason))
        }
        Happening::Queued { name, session, position, .. } => {
            format!("{} waits for {} at {position}", table.name_of(*session), name.as_str())
        }
        Happening::WaitEnded { session, names: all, reason, .. } => {
            let why = match reason {
                WaitEnd::TimedOut(blocked) => format!("timed out {}", busy(table, blocked)),
                WaitEnd::Cancelled => "cancelled".to_owned(),
                WaitEnd::SessionEnded => "session ended".to_owned(),
                WaitEnd::HoldEnded => "hold ended".to_owned(),
            };
            format!("{} waits no more for {}: {why}", table.name_of(*session), names(all))
        }
        Happening::ValueSet { name, token, value } => {
            let value = value.as_ref().map(|value| String::from_utf8_lossy(value.as_bytes()));
            format!("{} #{token} has value {}", name.as_str(), value.unwrap_or("none".into()))
        }
        Happening::Downgraded { name, token } => format!("{} #{token} is shared", name.as_str()),
        Happening::SessionEnded { session, reason } => {
            format!("{} ended: {}", table.name_of(*session), end(reason))
        }
    }
}

fn refused(table: &Table, refusal: &Refusal) -> String {
    match refusal {
        Refusal::SessionUnknown => "session unknown".to_owned(),
        Refusal::SessionEnded { at, reason } => {
            format!("session ended at {}: {}", at.0, end(reason))
        }
        Refusal::NotHolder { ended: None } => "not holder".to_owned(),
        Refusal::NotHolder { ended: Some((at, reason)) } => {
            format!("not holder since {}: {}", at.0, end(reason))
        }
        Refusal::RequestStale => "request stale".to_owned(),
        Refusal::RequestCancelled => "request cancelled".to_owned(),
        Refusal::QueueFull { waiters, waiters_max } => {
            format!("queue full: {waiters} of {waiters_max}")
        }
        Refusal::LimitExceeded { limit, max } => format!("limit {limit} is {max}"),
        Refusal::KindMismatch { semaphore: true } => "it is a semaphore".to_owned(),
        Refusal::KindMismatch { semaphore: false } => "it is a plain lock".to_owned(),
        Refusal::Deadlock { cycle } => {
            let steps = cycle.iter().map(|step| {
                format!(" {} for {}", table.name_of(step.session), step.waits_for.as_str())
            });
            format!("deadlock:{}", steps.collect::<String>())
        }
        Refusal::Invalid(why) => format!("invalid: {why}"),
    }
}

fn busy(table: &Table, busy: &Busy) -> String {
    let holder = match &busy.holder {
        Some(holder) => format!("{} #{}", table.name_of(holder.session), holder.token),
        None => "nobody".to_owned(),
    };
    let rests = busy.rests_until.map(|until| format!(", rests until {}", until.0));
    let limit = busy.other_limit.map(|limit| format!(", limit {limit}"));
    let more = [rests, limit].map(Option::unwrap_or_default).concat();
    format!("{} by {holder}, place {}{more}", busy.name.as_str(), busy.position)
}

fn end(reason: &EndReason) -> String {
    match reason {
        EndReason::Released => "released".to_owned(),
        EndReason::Expired { renewed_at } => format!("expired, renewed at {}", renewed_at.0),
        EndReason::SessionClosed => "session closed".to_owned(),
        EndReason::Disconnected => "disconnected".to_owned(),
        EndReason::Revoked { by } => format!("revoked by {by}"),
        EndReason::MaxHold => "max hold".to_owned(),
        EndReason::Upgraded => "upgraded".to_owned(),
        EndReason::Cancelled => "cancelled".to_owned(),
    }
}

fn one(grant: &Grant) -> String {
    let times = if grant.count > 1 { format!(" x{}", grant.count) } else { String::new() };
    format!("{} #{}{times}", grant.name.as_str(), grant.hold.token)
}

fn grants(all: &[Grant]) -> String {
    all.iter().map(one).collect::<Vec<_>>().join(" and ")
}

fn names(all: &[LockName]) -> String {
    all.iter().map(LockName::as_str).collect::<Vec<_>>().join(" and ")
}
