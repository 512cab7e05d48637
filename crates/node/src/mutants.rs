//! Bugs that are put back on purpose ([`bramah_core::mutant`]), where they need more than a line.

use bramah_core::facts::Fact;
use bramah_core::mutant::{self, Mutant};
use bramah_core::{Action, Command, HoldAction, Outcome, SessionHandle};
use raft::eraftpb::MessageType;

use crate::clock::BootTime;
use crate::node::{Node, Output};
use crate::pending::Origin;
use crate::reply::Reply;

/// Such a message promises something, and is sent before that is durable.
pub(crate) fn is_hasty(kind: MessageType) -> bool {
    match kind {
        MessageType::MsgRequestVoteResponse => mutant::is_on(Mutant::VoteBeforeDurable),
        MessageType::MsgAppendResponse => mutant::is_on(Mutant::AckBeforeDurable),
        _ => false,
    }
}

/// Questions are answered without asking the other members.
pub(crate) fn reads_alone(node: &Node) -> bool {
    mutant::is_on(Mutant::ReadAtFollower)
        || (mutant::is_on(Mutant::ReadWithoutRound) && node.is_leader())
}

/// An answer to keepalives that nobody has committed.
pub(crate) fn keepalive_answer(node: &Node, sessions: &[SessionHandle]) -> Option<Reply> {
    let deadline = |session: &SessionHandle| node.state.session_deadline(*session);
    let is_on = mutant::is_on(Mutant::KeepaliveAnsweredEarly);
    is_on.then(|| Reply::KeptAlive {
        renewals: sessions.iter().map(deadline).collect(),
        ended: Vec::new(),
    })
}

/// What is due by this member's own clock ends.
pub(crate) fn expire_alone(node: &mut Node, now: BootTime, out: &mut Vec<Output>) {
    if !mutant::is_on(Mutant::ExpiresByOwnClock) {
        return;
    }
    let (now, mut events) = (node.time(now), Vec::new());
    node.state.advance(now, &mut events);
    for event in events {
        node.hub.publish(&node.state, event, None, out);
    }
}

/// The first entry of a term is applied.
pub(crate) fn begin_term(node: &mut Node, now: BootTime, out: &mut Vec<Output>) {
    if mutant::is_on(Mutant::ElectionStopsTime) {
        node.restart_clock(now);
    }
    if mutant::is_on(Mutant::ElectionRenews) && node.is_leader() {
        let handles = node.state.facts().filter_map(|fact| match fact {
            Fact::Session(session) => Some(session.handle),
            _ => None,
        });
        let renew = Command::Renew(handles.collect());
        node.pending.push(now, Origin::Node, renew);
    }
    if mutant::is_on(Mutant::DoubtIsSuccess) {
        take_for_done(node, now, out);
    }
}

fn take_for_done(node: &mut Node, now: BootTime, out: &mut Vec<Output>) {
    while let Some(waiting) = node.pending.pop_handed() {
        let reply = match &waiting.command {
            Command::Request { action: Action::Hold(_, HoldAction::Release), .. }
            | Command::ByHold { action: HoldAction::Release, .. } => {
                Reply::Outcome(Outcome::Released { reentries_left: 0, free_at: None })
            }
            _ => Reply::OutcomeUnknown,
        };
        node.answer_all(now, &waiting.origin, &reply, out);
    }
}
