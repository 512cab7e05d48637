//! What the committed log did, one step at a time.

use bramah_core::{Action, Command, Event, HoldAction, HoldId, Outcome, RequestSeq, Time};
use bramah_core::{SessionHandle, SessionId};

/// The time of an entry, or one of its commands, and what it brought about.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step<'a> {
    /// The cluster's time of it.
    pub(crate) time: Time,
    /// The command and what it came to; none where only time passed.
    pub(crate) command: Option<(&'a Command, &'a Outcome)>,
    /// What changed, in order.
    pub(crate) events: &'a [Event],
}

/// A numbered request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Numbered<'a> {
    pub(crate) session: SessionHandle,
    pub(crate) seq: RequestSeq,
    pub(crate) action: &'a Action,
}

impl Numbered<'_> {
    pub(crate) fn key(&self) -> (SessionId, RequestSeq) {
        (self.session.id, self.seq)
    }
}

impl<'a> Step<'a> {
    /// What its command came to.
    pub(crate) fn outcome(&self) -> Option<&'a Outcome> {
        self.command.map(|(_, outcome)| outcome)
    }

    /// Its command, if that is a numbered request.
    pub(crate) fn numbered(&self) -> Option<Numbered<'a>> {
        numbered(self.command?.0)
    }

    /// The hold that its command acts on, and how.
    pub(crate) fn act(&self) -> Option<(HoldId, &'a HoldAction)> {
        act(self.command?.0)
    }
}

/// A command as a numbered request, if it is one.
pub(crate) fn numbered(command: &Command) -> Option<Numbered<'_>> {
    match command {
        Command::Request { session, request, action } => {
            Some(Numbered { session: *session, seq: request.seq, action })
        }
        _ => None,
    }
}

/// The hold that a command acts on, and how.
pub(crate) fn act(command: &Command) -> Option<(HoldId, &HoldAction)> {
    match command {
        Command::Request { action: Action::Hold(hold, action), .. }
        | Command::ByHold { hold, action } => Some((*hold, action)),
        _ => None,
    }
}
