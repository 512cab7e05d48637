//! Commands that came in here, from their coming until they are applied here.
//!
//! They are numbered in the order of their coming. The first of them are handed to the leader of
//! the term that this node is in, be that itself or another member; the rest wait. What happens to
//! those that were handed over when that leader is lost is argued in DESIGN.md.

use std::collections::VecDeque;

use bramah_core::{Command, SessionHandle, limits};
use bramah_wire::entry::encode_command;

use crate::clock::BootTime;
use crate::hub::ClientId;

/// Most commands that may wait to be applied, and their bytes; the bound that is reached first
/// counts. Past it they are refused, and did nothing.
pub(crate) const COMMANDS_LEN_MAX: usize = 65_536;
pub(crate) const COMMANDS_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Bytes of commands at which an entry is full; the last command may reach beyond it.
pub(crate) const ENTRY_BYTES_MAX: usize = 1024 * 1024;
/// How long a keepalive may wait for company before it becomes an entry of its own.
pub(crate) const KEEPALIVE_DELAY_MS_MAX: u64 = 100;
/// How long a request may wait where other members are needed to serve it.
pub(crate) const REQUEST_TIME_MS_MAX: u64 = 5_000;
/// After so long the leader is asked again for what the node itself wants and was refused.
const REFUSED_AGAIN_MS: u64 = 1_000;

/// Who asked, and is to be answered.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// A request of a client.
    Client(ClientId, u64),
    /// Keepalives: who asked for how many of the sessions, in order.
    KeepAlives(Vec<(ClientId, u64, usize)>),
    /// The node itself.
    Node,
}

/// Keepalives that will be one command.
#[derive(Debug, Default)]
pub(crate) struct KeepAlives {
    sessions: Vec<SessionHandle>,
    asked: Vec<(ClientId, u64, usize)>,
    /// When the first of them came.
    since: Option<BootTime>,
}

impl KeepAlives {
    pub(crate) fn push(
        &mut self,
        now: BootTime,
        from: (ClientId, u64),
        sessions: &[SessionHandle],
    ) {
        self.sessions.extend_from_slice(sessions);
        self.asked.push((from.0, from.1, sessions.len()));
        self.since.get_or_insert(now);
    }

    pub(crate) fn has_room_for(&self, len: usize) -> bool {
        self.sessions.len() + len <= limits::RENEW_SESSIONS_MAX
    }

    /// All of them, if the first has waited too long for a leader. They were handed to nobody.
    pub(crate) fn take_late(&mut self, now: BootTime) -> Option<Origin> {
        let is_late = self.since.is_some_and(|since| since.0 + REQUEST_TIME_MS_MAX <= now.0);
        is_late.then(|| Origin::KeepAlives(std::mem::take(self).asked))
    }

    /// When the first of them came.
    pub(crate) fn since(&self) -> Option<BootTime> {
        self.since
    }

    /// When they become an entry if nothing else does before.
    pub(crate) fn due(&self) -> Option<BootTime> {
        self.since.map(|since| BootTime(since.0 + KEEPALIVE_DELAY_MS_MAX))
    }
}

/// A command that is not applied.
#[derive(Debug)]
pub(crate) struct Waiting {
    pub(crate) origin: Origin,
    pub(crate) command: Command,
    since: BootTime,
    bytes: usize,
}

/// The commands of this node.
#[derive(Debug)]
pub(crate) struct Pending {
    /// The number of the first one.
    first: u64,
    /// None where one is answered and one before it is not.
    waiting: VecDeque<Option<Waiting>>,
    /// So many from the first on are handed to the leader of this term.
    handed: usize,
    bytes: usize,
    /// What the node itself wants and the leader refused, since then: nobody else would ask again.
    /// Ends of sessions, so no more than there are of those.
    refused: VecDeque<(BootTime, Command)>,
    pub(crate) keepalives: KeepAlives,
    /// Reused between commands.
    scratch: Vec<u8>,
}

impl Default for Pending {
    fn default() -> Pending {
        Pending {
            first: 1,
            waiting: VecDeque::new(),
            handed: 0,
            bytes: 0,
            refused: VecDeque::new(),
            keepalives: KeepAlives::default(),
            scratch: Vec::new(),
        }
    }
}

impl Pending {
    pub(crate) fn has_room(&self) -> bool {
        self.waiting.len() < COMMANDS_LEN_MAX && self.bytes < COMMANDS_BYTES_MAX
    }

    /// Nobody waits for an answer.
    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    pub(crate) fn push(&mut self, now: BootTime, origin: Origin, command: Command) {
        let waiting = self.weigh(now, origin, command);
        self.waiting.push_back(Some(waiting));
    }

    fn weigh(&mut self, since: BootTime, origin: Origin, command: Command) -> Waiting {
        self.scratch.clear();
        encode_command(&command, &mut self.scratch);
        let bytes = self.scratch.len();
        self.bytes += bytes;
        Waiting { origin, command, since, bytes }
    }

    /// Some can be handed over. Keepalives join them, or become a command when their time is up.
    pub(crate) fn has_unhanded(&mut self, now: BootTime) -> bool {
        self.ask_again(BootTime(now.0.saturating_sub(REFUSED_AGAIN_MS)));
        // Behind one that is answered they wait until all before it are.
        let has_commands = self.waiting.get(self.handed).is_some_and(Option::is_some);
        let is_due = self.keepalives.due().is_some_and(|due| due <= now);
        let since = self.keepalives.since.filter(|_| has_commands || is_due);
        if let Some(since) = since {
            // Before the commands: whoever keeps alive and then closes is answered in that order.
            let KeepAlives { sessions, asked, .. } = std::mem::take(&mut self.keepalives);
            let waiting = self.weigh(since, Origin::KeepAlives(asked), Command::Renew(sessions));
            self.waiting.insert(self.handed, Some(waiting));
        }
        has_commands || since.is_some()
    }

    /// The number of the first one, of the first that is not handed over, and of the next to come.
    pub(crate) fn numbers(&self) -> (u64, u64, u64) {
        let after = |len: usize| self.first + len as u64;
        (self.first, after(self.handed), after(self.waiting.len()))
    }

    /// The commands from this number on, up to the first that is answered.
    pub(crate) fn from(&self, number: u64) -> impl Iterator<Item = &Command> {
        let at = usize::try_from(number.saturating_sub(self.first)).unwrap_or(usize::MAX);
        let rest = self.waiting.range(at.min(self.waiting.len())..);
        rest.map_while(|waiting| waiting.as_ref().map(|waiting| &waiting.command))
    }

    /// So many more are handed over.
    pub(crate) fn hand_over(&mut self, count: usize) {
        self.handed = (self.handed + count).min(self.waiting.len());
    }

    /// A later term has begun, so what was handed over and is not applied never will be. What was
    /// refused may be taken by who leads now.
    pub(crate) fn take_back(&mut self) {
        self.handed = 0;
        self.ask_again(BootTime(u64::MAX));
    }

    /// What was refused up to then waits once more.
    fn ask_again(&mut self, refused_until: BootTime) {
        let len = self.refused.partition_point(|(since, _)| *since <= refused_until);
        for (since, command) in self.refused.drain(..len).collect::<Vec<_>>() {
            self.push(since, Origin::Node, command);
        }
    }

    /// This one is applied.
    pub(crate) fn take(&mut self, number: u64) -> Option<Waiting> {
        let at = usize::try_from(number.checked_sub(self.first)?).ok()?;
        let waiting = self.waiting.get_mut(at)?.take()?;
        self.bytes -= waiting.bytes;
        self.drop_answered();
        Some(waiting)
    }

    /// The leader refused this one.
    pub(crate) fn refuse(&mut self, now: BootTime, number: u64) -> Option<Origin> {
        let waiting = self.take(number)?;
        if waiting.origin == Origin::Node {
            self.refused.push_back((now, waiting.command));
        }
        Some(waiting.origin)
    }

    /// The first one if it has waited too long, and whether it was handed over.
    pub(crate) fn pop_late(&mut self, now: BootTime) -> Option<(Waiting, bool)> {
        let is_late = |waiting: &Waiting| waiting.since.0 + REQUEST_TIME_MS_MAX <= now.0;
        if !self.waiting.front()?.as_ref().is_none_or(is_late) {
            return None;
        }
        let was_handed = self.handed > 0;
        let waiting = self.pop()?;
        self.drop_answered();
        Some((waiting, was_handed))
    }

    /// The first one if it is handed over.
    pub(crate) fn pop_handed(&mut self) -> Option<Waiting> {
        while self.handed > 0 {
            if let Some(waiting) = self.pop() {
                return Some(waiting);
            }
        }
        self.drop_answered();
        None
    }

    /// The first one is one that waits, if any does.
    fn drop_answered(&mut self) {
        while let Some(None) = self.waiting.front() {
            self.pop();
        }
    }

    fn pop(&mut self) -> Option<Waiting> {
        let waiting = self.waiting.pop_front()?;
        self.first += 1;
        self.handed = self.handed.saturating_sub(1);
        self.bytes -= waiting.as_ref().map_or(0, |waiting| waiting.bytes);
        waiting
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bramah_core::{Key, SessionId};

    fn session(number: u64) -> SessionHandle {
        SessionHandle { id: SessionId(number), key: Key(1) }
    }

    fn push(pending: &mut Pending, now: u64, id: u64) {
        let origin = Origin::Client(ClientId(1), id);
        pending.push(BootTime(now), origin, Command::Renew(vec![session(id)]));
    }

    fn id_of(origin: &Origin) -> u64 {
        match origin {
            Origin::Client(_, id) => *id,
            other => panic!("not of a client: {other:?}"),
        }
    }

    #[test]
    fn keepalives_come_before_the_commands_that_wait_and_after_those_handed_over() {
        let mut pending = Pending::default();
        push(&mut pending, 0, 1);
        pending.hand_over(1);
        pending.keepalives.push(BootTime(0), (ClientId(9), 9), &[session(9)]);
        assert!(!pending.has_unhanded(BootTime(99)), "they wait for company");
        push(&mut pending, 1, 2);
        assert!(pending.has_unhanded(BootTime(1)));
        assert_eq!(pending.numbers(), (1, 2, 4));
        let mut take = |number| pending.take(number).map(|waiting| waiting.origin);
        assert!(matches!(take(2), Some(Origin::KeepAlives(_))));
        assert_eq!(take(3).as_ref().map(id_of), Some(2));
        assert_eq!(take(1).as_ref().map(id_of), Some(1));
        assert_eq!(take(1), None, "it is answered");
        assert!(pending.is_empty() && pending.bytes == 0);
    }

    #[test]
    fn what_is_late_is_given_up_in_order_and_says_whether_it_was_handed_over() {
        let mut pending = Pending::default();
        for id in 1..=3 {
            push(&mut pending, id, id);
        }
        pending.hand_over(1);
        let late = BootTime(REQUEST_TIME_MS_MAX + 2);
        let mut gone = std::iter::from_fn(|| pending.pop_late(late));
        let gone: Vec<_> =
            gone.by_ref().map(|(late, handed)| (id_of(&late.origin), handed)).collect();
        assert_eq!(gone, [(1, true), (2, false)]);
        assert_eq!(pending.numbers(), (3, 3, 4));
    }

    #[test]
    fn what_is_taken_back_is_handed_over_again_under_its_number() {
        let mut pending = Pending::default();
        for id in 1..=3 {
            push(&mut pending, 0, id);
        }
        pending.hand_over(3);
        assert_eq!(pending.take(2).map(|waiting| id_of(&waiting.origin)), Some(2));
        pending.take_back();
        assert_eq!(pending.numbers(), (1, 1, 4));
        assert_eq!(pending.from(1).count(), 1, "up to the one that is answered");
        pending.hand_over(1);
        assert!(!pending.has_unhanded(BootTime(0)), "the third would be behind it");
        pending.take_back();
        assert!(pending.pop_handed().is_none());
    }

    #[test]
    fn what_the_node_itself_wants_and_was_refused_is_asked_again_later_or_of_another_leader() {
        let end = || Command::Renew(vec![session(1)]);
        let refuse = || {
            let mut pending = Pending::default();
            pending.push(BootTime(0), Origin::Node, end());
            push(&mut pending, 0, 2);
            pending.hand_over(2);
            assert_eq!(pending.refuse(BootTime(10), 1), Some(Origin::Node));
            assert_eq!(pending.refuse(BootTime(10), 2).as_ref().map(id_of), Some(2));
            assert!(pending.is_empty() && !pending.has_unhanded(BootTime(10)));
            pending
        };
        let mut pending = refuse();
        assert!(!pending.has_unhanded(BootTime(9 + REFUSED_AGAIN_MS)));
        assert!(pending.has_unhanded(BootTime(10 + REFUSED_AGAIN_MS)));
        assert_eq!(pending.from(3).collect::<Vec<_>>(), [&end()], "a client asks again itself");
        let mut pending = refuse();
        pending.take_back();
        assert!(pending.has_unhanded(BootTime(10)));
    }

    #[test]
    fn commands_are_bounded_by_number_and_by_bytes() {
        let mut pending = Pending::default();
        for id in 0..COMMANDS_LEN_MAX as u64 {
            assert!(pending.has_room());
            push(&mut pending, 0, id);
        }
        assert!(!pending.has_room());
        let mut pending = Pending::default();
        let sessions = vec![session(1); 1_000_000];
        while pending.has_room() {
            pending.push(BootTime(0), Origin::Node, Command::Renew(sessions.clone()));
        }
        assert!(pending.waiting.len() < 10 && pending.bytes >= COMMANDS_BYTES_MAX);
    }
}
