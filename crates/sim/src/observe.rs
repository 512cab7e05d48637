//! What of everything that can happen did happen in a run: names for facts, for the coverage.

use std::collections::BTreeMap;

use bramah_core::Action::Hold;
use bramah_core::{
    Action, Command, EndReason, Event, Happening, HoldAction, Outcome, Refusal, SessionClose,
    WaitEnd,
};
use bramah_node::{Notice, Reply, Unavailable};
use bramah_wire::peer::{Forward, Message, RaftKind};
use bramah_wire::request::{Query, Watched, What};

use crate::coverage::Coverage;
use crate::fact::{Fact, LetCause, StopCause};
use crate::plan::Fault;

/// A name for each kind of a value, and the list of these names.
macro_rules! names {
    ($function:ident, $list:ident, $type:ty, { $($($pattern:pat_param)|+ => $name:literal,)* }) => {
        const $list: &[&str] = &[$($name),*];

        fn $function(of: &$type) -> &'static str {
            match of { $($($pattern)|+ => $name,)* }
        }
    };
}

names!(asked, ASKED, What, {
    What::Command(Command::OpenSession(_)) => "open session",
    What::Command(Command::Renew(_)) => "renew",
    What::Command(Command::CloseSession { cause: SessionClose::Asked, .. }) => "close session",
    What::Command(Command::CloseSession { cause: SessionClose::Disconnected, .. }) => "disconnect",
    What::Command(Command::Request { action: Action::Acquire(_), .. }) => "acquire",
    What::Command(Command::Request { action: Action::AcquireMany(_), .. }) => "acquire many",
    What::Command(Command::Request { action: Action::Upgrade { .. }, .. }) => "upgrade",
    What::Command(Command::Request { action: Action::Cancel { .. }, .. }) => "cancel",
    What::Command(Command::Request { action: Hold(_, HoldAction::Release), .. }) => "release",
    What::Command(Command::Request { action: Hold(_, HoldAction::SetValue(_)), .. }) => "set value",
    What::Command(Command::Request { action: Hold(_, HoldAction::Downgrade), .. }) => "downgrade",
    What::Command(Command::Request { action: Hold(_, HoldAction::Renew(_)), .. }) => "renew hold",
    What::Command(Command::ByHold { action: HoldAction::Release, .. }) => "release by hold",
    What::Command(Command::ByHold { action: HoldAction::SetValue(_), .. }) => "set value by hold",
    What::Command(Command::ByHold { action: HoldAction::Downgrade, .. }) => "downgrade by hold",
    What::Command(Command::ByHold { action: HoldAction::Renew(_), .. }) => "renew by hold",
    What::Command(Command::Revoke { wait_for_deadline: false, .. }) => "revoke",
    What::Command(Command::Revoke { wait_for_deadline: true, .. }) => "revoke after deadline",
    What::KeepAlive(_) => "keepalive",
    What::Attach { .. } => "attach",
    What::Query(Query::GetLock { .. }) => "get lock",
    What::Query(Query::ListLocks { .. }) => "list locks",
    What::Query(Query::ListSessions { .. }) => "list sessions",
    What::Query(Query::GetSession { .. }) => "get session",
    What::Query(Query::GetHistory { .. }) => "history",
    What::Query(Query::Verify { .. }) => "verify",
    What::Watch(Watched::Name(_)) => "watch name",
    What::Watch(Watched::Prefix(_)) => "watch prefix",
    What::Unwatch { .. } => "unwatch",
    What::ServerInfo => "server info",
});

names!(outcome, OUTCOMES, Outcome, {
    Outcome::SessionOpened { .. } => "session opened",
    Outcome::Renewed(_) => "renewed",
    Outcome::SessionClosed { .. } => "session closed",
    Outcome::Granted(_) => "granted",
    Outcome::AlreadyHeld(_) => "already held",
    Outcome::Queued { .. } => "queued",
    Outcome::Busy(_) => "busy",
    Outcome::WaitTimedOut(_) => "wait timed out",
    Outcome::Cancelled { was_held: false } => "cancelled",
    Outcome::Cancelled { was_held: true } => "cancelled what was held",
    Outcome::Released { reentries_left: 0, .. } => "released",
    Outcome::Released { .. } => "reentry released",
    Outcome::ValueSet => "value set",
    Outcome::Downgraded(_) => "downgraded",
    Outcome::HoldRenewed(_) => "hold renewed",
    Outcome::Revoked { .. } => "revoked",
    Outcome::Refused(_) => "refused",
});

names!(refusal, REFUSALS, Refusal, {
    Refusal::SessionUnknown => "session unknown",
    Refusal::SessionEnded { .. } => "session ended",
    Refusal::NotHolder { .. } => "not holder",
    Refusal::RequestStale => "request stale",
    Refusal::RequestCancelled => "request cancelled",
    Refusal::QueueFull { .. } => "queue full",
    Refusal::LimitExceeded { .. } => "limit exceeded",
    Refusal::KindMismatch { .. } => "kind mismatch",
    Refusal::Deadlock { .. } => "deadlock",
    Refusal::Invalid(_) => "invalid",
});

names!(answer, ANSWERS, Reply, {
    Reply::Outcome(_) => "outcome",
    Reply::KeptAlive { .. } => "kept alive",
    Reply::Attached { .. } => "attached",
    Reply::Session { .. } => "session",
    Reply::Lock { .. } => "lock",
    Reply::Locks(_) => "locks",
    Reply::Sessions(_) => "sessions",
    Reply::History(_) => "history",
    Reply::Verdict(_) => "verdict",
    Reply::WatchStarted(_) => "watch started",
    Reply::WatchEnded(_) => "watch ended",
    Reply::Info(_) => "info",
    Reply::Membership(_) => "membership",
    Reply::ChangeRefused(_) => "change refused",
    Reply::Unavailable(Unavailable::NoLeader) => "no leader",
    Reply::Unavailable(Unavailable::Draining) => "draining",
    Reply::Unavailable(Unavailable::DiskFull) => "disk full",
    Reply::Unavailable(Unavailable::Overloaded) => "overloaded",
    Reply::Unavailable(Unavailable::TooManyWatches) => "too many watches",
    Reply::OutcomeUnknown => "outcome unknown",
});

names!(hold_end, HOLD_ENDS, EndReason, {
    EndReason::Released => "released",
    EndReason::Expired { .. } => "expired",
    EndReason::SessionClosed => "session closed",
    EndReason::Disconnected => "disconnected",
    EndReason::Revoked { .. } => "revoked",
    EndReason::MaxHold => "max hold",
    EndReason::Upgraded => "upgraded",
    EndReason::Cancelled => "cancelled",
});

names!(wait_end, WAIT_ENDS, WaitEnd, {
    WaitEnd::TimedOut(_) => "timed out",
    WaitEnd::Cancelled => "cancelled",
    WaitEnd::SessionEnded => "session ended",
    WaitEnd::HoldEnded => "hold ended",
});

names!(stop, STOPS, StopCause, {
    StopCause::Killed => "killed",
    StopCause::PowerLost => "power lost",
    StopCause::Drained => "drained",
    StopCause::DiskFailed => "disk failed",
    StopCause::DiskDamaged => "disk damaged",
    StopCause::Removed => "removed",
});

names!(let_go, LETS, LetCause, {
    LetCause::Releases => "releases",
    LetCause::Told => "told",
    LetCause::Deadline => "deadline",
    LetCause::Closes => "closes",
    LetCause::Disconnects => "disconnects",
});

/// What else is counted, by those who see it.
const MEMBER: &[&str] = &[
    "started",
    "leads",
    "leads no more",
    "leader deposed with commands in flight",
    "handed on by its leader",
    "pre-vote",
    "forwarded",
    "forwarded again",
    "forwarded and refused",
    "read index",
    "snapshot made",
    "snapshot asked for",
    "snapshot sent",
    "snapshot installed",
    "snapshot discarded",
    "torn tail cut",
    "damaged disk refused",
    "little room",
    "no room",
    "room again",
];
const NETWORK: &[&str] = &["connection broken", "client lagged", "client mute"];
const OPERATOR: &[&str] =
    &["learner added", "learner promoted", "member removed", "refused: quorum at risk"];
const CLIENT: &[&str] = &["told late", "gave up", "wrote", "wrote late"];

/// Everything that can be reached, by kind.
pub const KNOWN: &[(&str, &[&str])] = &[
    ("fault", Fault::NAMES),
    ("asked", ASKED),
    ("answer", ANSWERS),
    ("outcome", OUTCOMES),
    ("refusal", REFUSALS),
    ("hold end", HOLD_ENDS),
    ("wait end", WAIT_ENDS),
    ("believed no more", LETS),
    ("stop", STOPS),
    ("member", MEMBER),
    ("network", NETWORK),
    ("operator", OPERATOR),
    ("client", CLIENT),
];

/// What no plan reaches, and why.
pub const OUT_OF_REACH: &[(&str, &str, &str)] = &[
    ("asked", "renew", "servers make it out of keepalives"),
    ("asked", "disconnect", "servers make it when a connection ends"),
    ("outcome", "renewed", "it is answered as kept alive"),
    ("answer", "membership", "it goes to the operator"),
    ("answer", "change refused", "it goes to the operator"),
    ("answer", "overloaded", "it takes more commands than a run has"),
    ("answer", "too many watches", "it takes more watches than a run has"),
    ("refusal", "limit exceeded", "every bound of the table is more than a run has"),
];

/// What was seen of messages, as far as it must be remembered to know a repetition.
#[derive(Debug, Default)]
pub struct Seen {
    /// By incarnation, the last command that was forwarded, and in which term.
    forwarded: BTreeMap<u64, (u64, u64)>,
}

impl Seen {
    /// A member says something to another.
    pub fn message(&mut self, message: &Message, coverage: &mut Coverage) {
        match message {
            Message::Raft(raft) => match raft.kind {
                RaftKind::TimeoutNow => coverage.count("member", "handed on by its leader"),
                RaftKind::PreVote => coverage.count("member", "pre-vote"),
                RaftKind::ReadIndex => coverage.count("member", "read index"),
                _ => {}
            },
            Message::Forward(Forward { term, incarnation, first, commands, .. }) => {
                let last = first + commands.len() as u64;
                let before = self.forwarded.entry(*incarnation).or_insert((0, *term));
                let name = if *first < before.0 { "forwarded again" } else { "forwarded" };
                if *first < before.0 && *term > before.1 {
                    coverage.count("member", "leader deposed with commands in flight");
                }
                *before = (before.0.max(last), *term);
                coverage.count("member", name);
            }
            Message::Forwarded(forwarded) => {
                if !forwarded.refused.is_empty() {
                    coverage.count("member", "forwarded and refused");
                }
            }
        }
    }
}

/// Counts a fact.
pub fn count(fact: &Fact<'_>, coverage: &mut Coverage, _seen: &mut Seen) {
    match fact {
        Fact::Started { .. } => coverage.count("member", "started"),
        Fact::Stopped { why, .. } => coverage.count("stop", stop(why)),
        Fact::Leads { .. } => coverage.count("member", "leads"),
        Fact::LeadsNoMore { .. } => coverage.count("member", "leads no more"),
        Fact::Called { what, .. } => coverage.count("asked", asked(what)),
        Fact::Returned { reply, .. } => returned(reply, coverage),
        Fact::Noticed { notice, .. } => match notice {
            Notice::Session(event) => happened(event, coverage),
            Notice::Change { event, .. } => happened(event, coverage),
            Notice::WatchLagged { .. } => coverage.count("client", "told late"),
        },
        Fact::Lets { why, .. } => coverage.count("believed no more", let_go(why)),
        Fact::GaveUp { .. } => coverage.count("client", "gave up"),
        Fact::Wrote { token, before, .. } => {
            coverage.count("client", if token < before { "wrote late" } else { "wrote" });
        }
        Fact::Fault(fault) => coverage.count("fault", fault.name()),
        Fact::Sent { .. }
        | Fact::Holds(_)
        | Fact::SessionOver { .. }
        | Fact::ClientDied { .. }
        | Fact::Calm => {}
    }
}

fn returned(reply: &Reply, coverage: &mut Coverage) {
    coverage.count("answer", answer(reply));
    if let Reply::Outcome(of) = reply {
        coverage.count("outcome", outcome(of));
        if let Outcome::Refused(why) = of {
            coverage.count("refusal", refusal(why));
        }
    }
}

fn happened(event: &Event, coverage: &mut Coverage) {
    match &event.what {
        Happening::HoldEnded { reason, .. } => coverage.count("hold end", hold_end(reason)),
        Happening::WaitEnded { reason, .. } => coverage.count("wait end", wait_end(reason)),
        _ => {}
    }
}

/// What can be reached and was not.
#[must_use]
pub fn never_reached(coverage: &Coverage) -> Vec<(&'static str, &'static str)> {
    let all = KNOWN.iter().flat_map(|(kind, names)| names.iter().map(|name| (*kind, *name)));
    let can = |(kind, name): &(&str, &str)| {
        !OUT_OF_REACH.iter().any(|(of, never, _)| of == kind && never == name)
    };
    all.filter(can).filter(|(kind, name)| coverage.get(kind, name) == 0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_plan_reaches_is_known_by_its_name() {
        for (kind, name, _) in OUT_OF_REACH {
            let known = KNOWN.iter().any(|(of, names)| of == kind && names.contains(name));
            assert!(known, "{kind}: {name}");
        }
        let mut coverage = Coverage::default();
        let all = never_reached(&coverage).len();
        coverage.count("fault", "kill");
        assert_eq!(never_reached(&coverage).len(), all - 1);
    }
}
