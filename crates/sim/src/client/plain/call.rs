//! A request under way, from being asked for to its answer.

use bramah::LocalTime;
use bramah_core::{
    Action, Command, FencingToken, HoldAction, OnDisconnect, RequestRef, RequestSeq, Wait,
};
use bramah_wire::request::What;

use super::session::{Session, SessionKey};
use crate::random::Random;

/// What a call is for, which decides what becomes of it when its answer is lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// A question: can be asked again.
    Ask,
    /// A watch: is started again over each connection.
    Watch,
    /// An act outside of a session: cannot be repeated, so its outcome may stay unknown.
    Act,
    /// Numbered, and cancelled when it is given up.
    Acquire,
    /// As [`Purpose::Acquire`]: wants the hold of this token to be exclusive.
    Upgrade(FencingToken),
    /// Numbered, and goes on as long as its session.
    OnHold,
    /// Numbered: undoes the request of this number.
    Cancel(RequestSeq),
    /// Opens a session.
    Open { ttl_ms: u64, on_disconnect: OnDisconnect },
    /// Closes its session.
    Close,
    /// Brings its session to this connection, and learns which of these are held.
    Attach(Vec<FencingToken>),
    /// Renews these sessions.
    KeepAlive(Vec<SessionKey>),
    /// Something that no good client does. Nothing follows from its answer.
    Mischief,
}

/// Where a call is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// Not sent over this connection.
    Pending,
    /// Sent over this connection.
    Sent,
    /// Answered: it waits in the queue.
    Queued,
}

#[derive(Debug)]
pub(super) struct Call {
    pub(super) what: What,
    pub(super) purpose: Purpose,
    pub(super) session: Option<SessionKey>,
    /// Its number in the session; 0 if it has none.
    pub(super) seq: RequestSeq,
    pub(super) state: State,
    /// It was sent, and one of its sendings has no answer.
    pub(super) in_doubt: bool,
    pub(super) was_queued: bool,
    pub(super) sent_at: LocalTime,
    /// The end of the wait it asks for.
    pub(super) waits_until: Option<LocalTime>,
    /// It fails if it is still not sent by then.
    pub(super) gives_up_at: Option<LocalTime>,
}

impl Call {
    /// It asks for a hold.
    pub(super) fn asks(&self) -> bool {
        matches!(self.purpose, Purpose::Acquire | Purpose::Upgrade(_))
    }

    /// It asks for several locks at once.
    pub(super) fn asks_for_many(&self) -> bool {
        let many = |action: &Action| matches!(action, Action::AcquireMany(_));
        matches!(&self.what, What::Command(Command::Request { action, .. }) if many(action))
    }

    /// The table may know of it, or it undoes what the table may know of.
    pub(super) fn may_be_known(&self) -> bool {
        let undoes = match &self.what {
            What::Command(Command::Request { action, .. }) => {
                matches!(action, Action::Cancel { .. } | Action::Hold(_, HoldAction::Release))
            }
            _ => false,
        };
        let goes_on = !matches!(self.purpose, Purpose::Mischief | Purpose::Act);
        goes_on && (undoes || self.in_doubt || self.was_queued)
    }

    /// It is of one connection, and not sent again over another.
    pub(super) fn is_of_connection(&self) -> bool {
        matches!(self.purpose, Purpose::Attach(_) | Purpose::KeepAlive(_) | Purpose::Mischief)
    }

    /// It ends with its session at the latest, and not before.
    pub(super) fn lives_with_session(&self) -> bool {
        matches!(self.purpose, Purpose::OnHold | Purpose::Cancel(_) | Purpose::Close)
            || self.was_queued
    }

    /// When it is given up, if it is still not sent by then.
    pub(super) fn gives_up_at(&self) -> Option<LocalTime> {
        let wait_over = self.waits_until.filter(|_| self.was_queued);
        self.gives_up_at.into_iter().chain(wait_over).min()
    }

    /// As it is sent now: with the keys that a server would draw, with what is answered by now and
    /// what is left to wait.
    pub(super) fn draft(
        &self,
        now: LocalTime,
        session: Option<&Session>,
        random: &mut Random,
    ) -> What {
        let mut what = self.what.clone();
        draw_keys(&mut what, random);
        if self.purpose == Purpose::Mischief {
            return what;
        }
        if let What::Command(Command::Request { request, action, .. }) = &mut what {
            if let Some(session) = session {
                *request = session.number(self.seq);
            }
            // The server counts a wait from when it first hears of it. What it may have heard must
            // not begin anew.
            if let Some(until) = self.waits_until.filter(|_| self.in_doubt || self.was_queued)
                && let Some(wait) = wait_of(action)
            {
                *wait = Wait::ForMs(until.since(now).as_micros().div_ceil(1_000) as u64);
            }
        }
        what
    }
}

/// The number that a request carries, if it has one.
pub(super) fn number_of(what: &What) -> Option<RequestRef> {
    match what {
        What::Command(Command::Request { request, .. }) => Some(*request),
        _ => None,
    }
}

/// How long an action waits.
pub(super) fn wait_of(action: &mut Action) -> Option<&mut Wait> {
    match action {
        Action::Acquire(acquire) => Some(&mut acquire.wait),
        Action::AcquireMany(many) => Some(&mut many.wait),
        Action::Upgrade { wait, .. } => Some(wait),
        Action::Cancel { .. } | Action::Hold(..) => None,
    }
}

fn draw_keys(what: &mut What, random: &mut Random) {
    use bramah_core::Key;
    let What::Command(command) = what else { return };
    let key = match command {
        Command::OpenSession(open) => &mut open.key,
        Command::Request { action: Action::Acquire(acquire), .. } => &mut acquire.key,
        Command::Request { action: Action::AcquireMany(many), .. } => &mut many.key,
        Command::Request { action: Action::Upgrade { key, .. }, .. } => key,
        _ => return,
    };
    *key = Key(random.number());
}
