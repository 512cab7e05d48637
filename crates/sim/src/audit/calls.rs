//! What clients asked, what the log has made of it since, and so what they may be told: G7 no false
//! success, and G9 honest doubt.
//!
//! Every outcome that a client is told is one that the committed log gave to that very request,
//! after it was asked. What was answered "did nothing" as often as it was sent is never in the log.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bramah_core::{
    Command, FencingToken, Grant, HoldAction, LockName, Outcome, Owner, Refusal, RequestSeq,
    RevokeTarget, SessionClose, SessionId, Time,
};
use bramah_node::Reply;
use bramah_wire::request::What;

use super::report::{Promise, Report};
use super::step::{Step, numbered};
use super::table::Table;
use crate::fact::{CallNo, ClientNo, ConnectionNo};
use crate::time::SimTime;

/// How long a call that is over is remembered, for answers that come late.
const OVER_KEPT: Duration = Duration::from_secs(60);

/// What a command is about, as far as it can be told in the log whose it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Subject {
    Open(Arc<Owner>),
    Renew(SessionId),
    Close(SessionId),
    Request(SessionId, RequestSeq),
    Act(FencingToken, &'static str),
    Revoke(LockName),
}

/// One sending of a call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sending {
    pub(crate) connection: ConnectionNo,
    pub(crate) id: u64,
    pub(crate) member: u64,
}

/// A request as its caller sees it.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) client: ClientNo,
    pub(crate) what: What,
    pub(crate) called_at: SimTime,
    pub(crate) sent: Vec<Sending>,
    /// What the log has made of it since it was made.
    outcomes: Vec<Outcome>,
    renewals: Vec<(SessionId, Result<Time, Refusal>)>,
    /// Of a question: every right answer since it was asked.
    pub(crate) answers: Vec<Reply>,
    /// It has its last answer, or nobody waits for one, since then.
    pub(crate) over: Option<SimTime>,
    /// It has its last answer.
    is_answered: bool,
    /// It was answered "not now" or "unknown" since it was sent last: that is an answer too.
    is_put_off: bool,
}

impl Call {
    /// What the log has made of it since it was made.
    pub(crate) fn outcomes(&self) -> &[Outcome] {
        &self.outcomes
    }

    /// What the log has made of the keepalive of one of its sessions.
    pub(crate) fn renewals_of(
        &self,
        place: usize,
    ) -> impl Iterator<Item = &Result<Time, Refusal>> + '_ {
        let session = match &self.what {
            What::KeepAlive(sessions) => sessions.get(place).map(|session| session.id),
            _ => None,
        };
        let of_it = self.renewals.iter().filter(move |(of, _)| Some(*of) == session);
        of_it.map(|(_, result)| result)
    }
}

/// How often a subject was sent, refused without effect, and found in the log.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    sent: u64,
    refused: u64,
    logged: u64,
}

impl Tally {
    /// Each sending was done once at most, and not at all if that was the answer.
    fn check(self, subject: &Subject, report: &mut Report) {
        let Tally { sent, refused, logged } = self;
        report.check(Promise::Idempotent, logged <= sent, || {
            format!("{subject:?} was sent {sent} times, and is in the log {logged} times")
        });
        report.check(Promise::HonestDoubt, logged + refused <= sent, || {
            format!(
                "{subject:?} was sent {sent} times and answered {refused} times that nothing was \
                 done, and is in the log {logged} times"
            )
        });
    }
}

/// All that was asked lately.
#[derive(Debug, Default)]
pub(crate) struct Calls {
    calls: BTreeMap<CallNo, Call>,
    by_subject: BTreeMap<Subject, Vec<CallNo>>,
    tallies: BTreeMap<Subject, Tally>,
    /// Questions without an answer.
    asking: Vec<CallNo>,
}

impl Calls {
    pub(crate) fn get(&self, call: CallNo) -> Option<&Call> {
        self.calls.get(&call)
    }

    /// Calls that wait for their answer.
    pub(crate) fn open(&self) -> impl Iterator<Item = (CallNo, &Call)> + '_ {
        let is_open = |call: &Call| call.over.is_none() && !call.is_put_off;
        let open = self.calls.iter().filter(move |(_, call)| is_open(call));
        open.map(|(no, call)| (*no, call))
    }

    /// Somebody asks to watch, and has no answer yet.
    pub(crate) fn is_asking_to_watch(&self) -> bool {
        let mut asking = self.asking.iter().filter_map(|call| self.calls.get(call));
        asking.any(|call| matches!(call.what, What::Watch(_)))
    }

    /// A client makes a call; `answer` is the right one if it is a question.
    pub(crate) fn called(
        &mut self,
        now: SimTime,
        client: ClientNo,
        call: CallNo,
        what: &What,
        answer: Option<Reply>,
    ) {
        for subject in subjects(what) {
            self.by_subject.entry(subject).or_default().push(call);
        }
        if answer.is_some() {
            self.asking.push(call);
        }
        let new = Call {
            client,
            what: what.clone(),
            called_at: now,
            sent: Vec::new(),
            outcomes: Vec::new(),
            renewals: Vec::new(),
            answers: answer.into_iter().collect(),
            over: None,
            is_answered: false,
            is_put_off: false,
        };
        self.calls.insert(call, new);
    }

    pub(crate) fn sent(&mut self, call: CallNo, sending: Sending) {
        let Some(call) = self.calls.get_mut(&call) else { return };
        call.sent.push(sending);
        call.is_put_off = false;
        for subject in subjects(&call.what) {
            self.tallies.entry(subject).or_default().sent += 1;
        }
    }

    /// The log made this of a command.
    pub(crate) fn logged(&mut self, step: &Step<'_>, report: &mut Report) {
        let Some((command, outcome)) = step.command else { return };
        let renewed = match outcome {
            Outcome::Renewed(results) => &results[..],
            _ => &[],
        };
        for (place, subject) in subjects_of(command).into_iter().enumerate() {
            if let Some(tally) = self.tallies.get_mut(&subject) {
                tally.logged += 1;
                tally.check(&subject, report);
            }
            for call in self.by_subject.get(&subject).into_iter().flatten() {
                let Some(call) = self.calls.get_mut(call) else { continue };
                match (&subject, renewed.get(place)) {
                    // Keepalives are sent once, so there is no second answer.
                    (Subject::Renew(_), Some(_)) if call.is_answered => {}
                    (Subject::Renew(session), Some(result)) => {
                        let renewal = (*session, result.clone());
                        if !call.renewals.contains(&renewal) {
                            call.renewals.push(renewal);
                        }
                    }
                    _ if call.outcomes.contains(outcome) => {}
                    _ => call.outcomes.push(outcome.clone()),
                }
            }
        }
    }

    /// Asks `answer` again for the right answers to all questions that are open.
    pub(crate) fn refresh(&mut self, answer: impl Fn(&What) -> Option<Reply>) {
        for call in &self.asking {
            let Some(call) = self.calls.get_mut(call) else { continue };
            let Some(answer) = answer(&call.what) else { continue };
            if call.answers.last() != Some(&answer) {
                call.answers.push(answer);
            }
        }
    }

    /// An answer came.
    pub(crate) fn returned(&mut self, no: CallNo, reply: &Reply, report: &mut Report) {
        let Some(call) = self.calls.get_mut(&no) else { return };
        let client = call.client;
        match reply {
            Reply::Outcome(Outcome::Queued { .. }) => {}
            Reply::OutcomeUnknown => call.is_put_off = true,
            Reply::Unavailable(_) => {
                call.is_put_off = true;
                for subject in subjects(&call.what) {
                    let Some(tally) = self.tallies.get_mut(&subject) else { continue };
                    tally.refused += 1;
                    tally.check(&subject, report);
                }
            }
            _ => {
                call.over.get_or_insert(report.now);
                call.is_answered = true;
            }
        }
        match reply {
            // Of a question, which has a checker of its own.
            Reply::Outcome(_) if matches!(call.what, What::Attach { .. } | What::Query(_)) => {}
            Reply::Outcome(outcome) => {
                let promise = match is_success(outcome) {
                    true => Promise::NoFalseSuccess,
                    false => Promise::HonestDoubt,
                };
                report.check(promise, call.outcomes.contains(outcome), || {
                    let (what, log) = (&call.what, &call.outcomes);
                    format!("client {client} is told {outcome:?} of {what:?}; in the log: {log:?}")
                });
            }
            Reply::KeptAlive { renewals, .. } => {
                let What::KeepAlive(sessions) = &call.what else { return };
                for (session, result) in sessions.iter().zip(renewals) {
                    let promise = match result {
                        Ok(_) => Promise::NoFalseSuccess,
                        Err(_) => Promise::HonestDoubt,
                    };
                    let right = (session.id, result.clone());
                    report.check(promise, call.renewals.contains(&right), || {
                        let log = &call.renewals;
                        format!(
                            "client {client} is told of a keepalive {right:?}; in the log: {log:?}"
                        )
                    });
                }
            }
            _ => {}
        }
        if self.calls.get(&no).is_some_and(|call| call.over.is_some()) {
            self.asking.retain(|asking| *asking != no);
        }
    }

    /// Nobody waits any more for the answer to a call.
    pub(crate) fn over(&mut self, now: SimTime, no: CallNo) {
        if let Some(call) = self.calls.get_mut(&no) {
            call.over.get_or_insert(now);
            self.asking.retain(|asking| *asking != no);
        }
    }

    /// A session is over for its client, and so is all that was asked in it.
    pub(crate) fn session_over(&mut self, now: SimTime, session: SessionId) {
        let all = Subject::Request(session, RequestSeq(0))
            ..=Subject::Request(session, RequestSeq(u64::MAX));
        let calls: Vec<CallNo> =
            self.by_subject.range(all).flat_map(|(_, of)| of).copied().collect();
        calls.into_iter().for_each(|no| self.over(now, no));
    }

    /// A client's process is gone.
    pub(crate) fn died(&mut self, now: SimTime, client: ClientNo) {
        let own = self.calls.iter().filter(|(_, call)| call.client == client);
        let own: Vec<CallNo> = own.map(|(no, _)| *no).collect();
        own.into_iter().for_each(|no| self.over(now, no));
    }

    /// A request that waited has come to its end.
    pub(crate) fn settled(&mut self, now: SimTime, session: SessionId, seq: RequestSeq) {
        for call in self.by_subject.get(&Subject::Request(session, seq)).into_iter().flatten() {
            if let Some(call) = self.calls.get_mut(call) {
                call.over.get_or_insert(now);
            }
        }
    }

    /// Forgets what has been over for long.
    pub(crate) fn forget(&mut self, now: SimTime, table: &Table) {
        let Calls { calls, by_subject, tallies, .. } = self;
        calls.retain(|_, call| call.over.is_none_or(|over| now.since(over) < OVER_KEPT));
        by_subject.retain(|_, of| {
            of.retain(|call| calls.contains_key(call));
            !of.is_empty()
        });
        tallies.retain(|subject, _| {
            let session = match subject {
                Subject::Request(session, _) | Subject::Close(session) => session,
                _ => return by_subject.contains_key(subject),
            };
            by_subject.contains_key(subject) || table.sessions.contains_key(session)
        });
    }
}

/// The session in which a call was made, and its number there.
pub(crate) fn request_of(what: &What) -> Option<(SessionId, RequestSeq)> {
    match what {
        What::Command(command) => numbered(command).map(|request| request.key()),
        _ => None,
    }
}

/// The grants that an outcome tells of.
pub(crate) fn grants_of(outcome: &Outcome) -> &[Grant] {
    match outcome {
        Outcome::Granted(grants) => grants,
        Outcome::AlreadyHeld(grant) | Outcome::Downgraded(grant) | Outcome::HoldRenewed(grant) => {
            std::slice::from_ref(grant)
        }
        _ => &[],
    }
}

/// What was asked for was done.
pub(crate) fn is_success(outcome: &Outcome) -> bool {
    !matches!(
        outcome,
        Outcome::Queued { .. } | Outcome::Busy(_) | Outcome::WaitTimedOut(_) | Outcome::Refused(_)
    )
}

fn subjects(what: &What) -> Vec<Subject> {
    match what {
        What::Command(command) => subjects_of(command),
        What::KeepAlive(sessions) => sessions.iter().map(|s| Subject::Renew(s.id)).collect(),
        _ => Vec::new(),
    }
}

fn subjects_of(command: &Command) -> Vec<Subject> {
    vec![match command {
        Command::OpenSession(open) => Subject::Open(open.owner.clone()),
        Command::Renew(sessions) => {
            return sessions.iter().map(|session| Subject::Renew(session.id)).collect();
        }
        Command::CloseSession { session, cause: SessionClose::Asked } => Subject::Close(session.id),
        Command::CloseSession { cause: SessionClose::Disconnected, .. } => return Vec::new(),
        Command::Request { session, request, .. } => Subject::Request(session.id, request.seq),
        Command::ByHold { hold, action } => Subject::Act(hold.token, act_name(action)),
        Command::Revoke { target, .. } => match target {
            RevokeTarget::Lock(name) | RevokeTarget::Hold(name, _) => Subject::Revoke(name.clone()),
        },
    }]
}

fn act_name(action: &HoldAction) -> &'static str {
    match action {
        HoldAction::Release => "release",
        HoldAction::SetValue(_) => "set value",
        HoldAction::Downgrade => "downgrade",
        HoldAction::Renew(_) => "renew",
    }
}
