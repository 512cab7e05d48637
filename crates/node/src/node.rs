//! The machine: facts in, orders out.

use std::collections::VecDeque;
use std::ops::ControlFlow;

use bramah_core::{
    Action, Command, Event, HoldAction, OnDisconnect, Outcome, SessionClose, State, Time,
};
use bramah_wire::entry::{encode_command, encode_entry};
use bramah_wire::membership::{MemberChange, Membership};
use bramah_wire::peer::Message;
use bramah_wire::request::{Query, What};

use crate::clock::{BootTime, Clock};
use crate::consensus::{Consensus, Persist, Start};
use crate::hub::{ClientId, Hub};
use crate::looks::{Look, Looks};
use crate::pending::{COMMANDS_LEN_MAX, ENTRY_BYTES_MAX, Flight, KeepAlives, Origin, Queue};
use crate::reply::{Notice, Reply, Unavailable};
use crate::restore::{NodeError, Recovered, apply_entry};

/// A fact for a node.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// A client connected.
    Connected(ClientId),
    /// A connection ended.
    Disconnected(ClientId),
    /// A client asks.
    Request {
        /// Who.
        client: ClientId,
        /// The id of the request, for the answer.
        id: u64,
        /// What.
        what: What,
    },
    /// All orders to write up to this number are durable.
    Persisted(u64),
    /// A client reads too slowly: its watches end.
    Lagged(ClientId),
    /// How much room the log has.
    Room(Room),
    /// Take nothing new, finish what is under way, then say [`Output::Drained`].
    Drain,
    /// Another member says something. It may be old, doubled, out of order, or of a member that is
    /// one no more.
    Peer {
        /// Who.
        from: u64,
        /// What.
        message: Message,
    },
    /// Change the membership; answered with [`Reply::Membership`] when it is done.
    Change {
        /// Who asks.
        client: ClientId,
        /// The id of the request, for the answer.
        id: u64,
        /// What.
        change: MemberChange,
    },
    /// Let another member lead: this one, or the voter that has most of the log.
    TransferLeadership {
        /// Which.
        to: Option<u64>,
    },
    /// The snapshot that was ordered is durable, and published in this node's log.
    SnapshotMade {
        /// The last entry in it.
        index: u64,
        /// That entry's term.
        term: u64,
    },
    /// What came of [`Output::SendSnapshot`].
    SnapshotSent {
        /// To whom.
        to: u64,
        /// The receiver has it.
        ok: bool,
    },
    /// A leader's snapshot came: whole, checked, and written aside.
    SnapshotReceived {
        /// Who sent it.
        from: u64,
        /// The message that came with it.
        message: Message,
        /// The members as of the snapshot.
        membership: Membership,
        /// The table in it.
        state: State,
    },
    /// Time passed.
    Tick,
}

/// How much room the log has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Room {
    /// Enough.
    #[default]
    Enough,
    /// Only for what ends holds and keeps them alive; nothing new is taken.
    Low,
    /// None: the last write waits for some.
    Out,
}

/// An order of a node.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// Write this, and say when it is durable. In the order given.
    Persist(Persist),
    /// Answer a request.
    Reply {
        /// Who asked.
        client: ClientId,
        /// The request's id.
        id: u64,
        /// The cluster's time of the answer.
        now: Time,
        /// The answer.
        reply: Reply,
    },
    /// Tell a client something it did not ask just now.
    Notice {
        /// Whom.
        client: ClientId,
        /// The cluster's time.
        now: Time,
        /// What.
        notice: Notice,
    },
    /// Everything that was under way is done.
    Drained,
    /// Tell another member. Whether it arrives, and when, does not matter.
    Send {
        /// Whom.
        to: u64,
        /// What.
        message: Message,
    },
    /// Make a snapshot of what is applied now: another member needs it.
    MakeSnapshot,
    /// Send the published snapshot, and this message with it; then say [`Input::SnapshotSent`].
    SendSnapshot {
        /// To whom.
        to: u64,
        /// The last entry in it.
        index: u64,
        /// That entry's term.
        term: u64,
        /// The message.
        message: Message,
    },
    /// Publish the snapshot that was received in place of the whole log, in the order of
    /// [`Output::Persist`], then say [`Input::Persisted`].
    InstallSnapshot {
        /// The number to say.
        number: u64,
        /// The last entry in it.
        index: u64,
        /// That entry's term.
        term: u64,
        /// The members, to stand beside it.
        membership: Membership,
    },
    /// The snapshot that was received is of no use.
    DiscardSnapshot {
        /// The last entry in it.
        index: u64,
    },
}

/// One member of a lock service.
#[derive(Debug)]
pub struct Node {
    pub(crate) membership: Membership,
    pub(crate) durable: bool,
    pub(crate) state: State,
    pub(crate) hub: Hub,
    consensus: Consensus,
    /// Runs while this node leads.
    clock: Option<Clock>,
    queue: Queue,
    looks: Looks,
    flights: VecDeque<Flight>,
    /// The last write that is not known to be durable.
    writing: Option<u64>,
    room: Room,
    draining: bool,
    /// Reused between commands.
    events: Vec<Event>,
    command_bytes: Vec<u8>,
}

impl Node {
    /// A node that goes on from what was found on disk.
    ///
    /// # Errors
    /// [`NodeError`] when that cannot be.
    pub fn new(recovered: Recovered) -> Result<Node, NodeError> {
        let Recovered { membership, durable, state, snapshot, hard_state, entries, .. } = recovered;
        let (node_id, voters) = (membership.node_id, membership.voters.clone());
        let start = Start { node_id, voters, snapshot, hard_state, entries };
        Ok(Node {
            membership,
            durable,
            state,
            hub: Hub::default(),
            consensus: Consensus::new(start)?,
            clock: None,
            queue: Queue::default(),
            looks: Looks::default(),
            flights: VecDeque::new(),
            writing: None,
            room: Room::default(),
            draining: false,
            events: Vec::new(),
            command_bytes: Vec::new(),
        })
    }

    /// Takes facts and gives orders. Facts that come together are best given together.
    ///
    /// # Errors
    /// [`NodeError`] is the end of this node: it must be stopped, and its disk kept.
    pub fn step(
        &mut self,
        now: BootTime,
        inputs: impl IntoIterator<Item = Input>,
        out: &mut Vec<Output>,
    ) -> Result<(), NodeError> {
        for input in inputs {
            self.handle(now, input, out);
        }
        while self.advance(now, out)?.is_continue() {}
        self.answer_look(now, out);
        let idle = self.queue.commands.is_empty() && self.flights.is_empty();
        if self.draining && idle && self.writing.is_none() {
            out.push(Output::Drained);
        }
        Ok(())
    }

    /// When [`Input::Tick`] has something to do. While a write is under way there is nothing.
    #[must_use]
    pub fn next_tick(&self) -> Option<BootTime> {
        let clock = self.clock.as_ref().filter(|_| self.writing.is_none())?;
        let due = self.state.next_due().map(|time| clock.when(time));
        due.into_iter().chain(self.queue.keepalives.due()).min()
    }

    /// There are questions left over for the next step, which should come soon, but not before
    /// whatever else has come in.
    #[must_use]
    pub fn has_questions(&self) -> bool {
        !self.looks.is_empty()
    }

    /// This node leads, and what it knows is current.
    #[must_use]
    pub fn is_leader(&self) -> bool {
        self.clock.is_some()
    }

    /// The member that leads, as far as this one knows.
    #[must_use]
    pub fn leader(&self) -> Option<u64> {
        self.is_leader().then_some(self.membership.node_id)
    }

    /// The last term that this node heard of.
    #[must_use]
    pub fn term(&self) -> u64 {
        0
    }

    /// The members as of the last applied entry.
    #[must_use]
    pub fn membership(&self) -> &Membership {
        &self.membership
    }

    /// The table, and the index and term of the last entry in it: what a snapshot is made of.
    #[must_use]
    pub fn applied(&self) -> (&State, u64, u64) {
        let index = self.consensus.applied();
        (&self.state, index, self.consensus.term_of(index).unwrap_or_default())
    }

    fn handle(&mut self, now: BootTime, input: Input, out: &mut Vec<Output>) {
        match input {
            Input::Connected(client) => self.hub.connect(client),
            Input::Disconnected(client) => {
                self.looks.forget(client);
                for session in self.hub.disconnect(client) {
                    self.close_if_bound(session);
                }
            }
            Input::Request { client, id, what } => {
                if let Some(reply) = self.take(now, client, id, what) {
                    out.push(Output::Reply { client, id, now: self.time_of_answer(now), reply });
                }
            }
            Input::Persisted(number) => {
                self.consensus.handle_persisted(number);
                self.writing = self.writing.filter(|writing| *writing > number);
            }
            Input::Lagged(client) => self.drop_watches(client, out),
            Input::Room(room) => self.room = room,
            Input::Drain => self.draining = true,
            Input::Change { client, id, .. } => {
                let reply = Reply::Unavailable(Unavailable::NoLeader);
                out.push(Output::Reply { client, id, now: self.time_of_answer(now), reply });
            }
            Input::SnapshotReceived { message, .. } => {
                if let Message::Raft(raft) = message
                    && let Some(head) = raft.snapshot
                {
                    out.push(Output::DiscardSnapshot { index: head.index });
                }
            }
            Input::Tick
            | Input::Peer { .. }
            | Input::TransferLeadership { .. }
            | Input::SnapshotMade { .. }
            | Input::SnapshotSent { .. } => {}
        }
    }

    /// Answers at once what only looks; queues what changes.
    fn take(&mut self, now: BootTime, client: ClientId, id: u64, what: What) -> Option<Reply> {
        match what {
            What::Command(command) => match self.refuse(&command) {
                Some(why) => return Some(Reply::Unavailable(why)),
                None => self.queue.commands.push_back((Origin::Client(client, id), command)),
            },
            What::KeepAlive(sessions) => {
                if !self.queue.keepalives.has_room_for(sessions.len()) || self.room == Room::Out {
                    return Some(Reply::Unavailable(Unavailable::Overloaded));
                }
                self.queue.keepalives.push(now, (client, id), &sessions);
            }
            _ if !self.is_leader() => return Some(Reply::Unavailable(Unavailable::NoLeader)),
            What::Attach { session, after } => {
                // It hears of everything from here on; what it holds can be told a little later.
                if let Err(refusal) = self.attach(client, session) {
                    return Some(Reply::Outcome(Outcome::Refused(refusal)));
                }
                return self.look_later(client, id, Look::Attached { session, after });
            }
            What::Query(query @ Query::GetLock { .. }) => return Some(self.look(&query)),
            What::Query(query) => return self.look_later(client, id, Look::Query(query)),
            What::Watch(watched) => return self.look_later(client, id, Look::Watch(watched)),
            What::Unwatch { watch_id } => {
                return self.look_later(client, id, Look::Unwatch { watch_id });
            }
            What::ServerInfo => return Some(Reply::Info(self.info())),
        }
        None
    }

    fn look_later(&mut self, client: ClientId, id: u64, look: Look) -> Option<Reply> {
        let is_taken = self.looks.push(client, id, look);
        (!is_taken).then_some(Reply::Unavailable(Unavailable::Overloaded))
    }

    fn answer_look(&mut self, now: BootTime, out: &mut Vec<Output>) {
        let Some((client, id, look)) = self.looks.pop() else { return };
        let reply = match look {
            _ if !self.is_leader() => Reply::Unavailable(Unavailable::NoLeader),
            Look::Attached { session, after } => self.attached(session, after),
            Look::Query(query) => self.look(&query),
            Look::Watch(watched) => self.watch(client, id, watched),
            Look::Unwatch { watch_id } => Reply::WatchEnded(self.hub.unwatch((client, watch_id))),
        };
        out.push(Output::Reply { client, id, now: self.time_of_answer(now), reply });
    }

    /// The time that an answer tells which is of no entry. Nothing need have happened since the
    /// last one, and ages count all the same.
    fn time_of_answer(&self, now: BootTime) -> Time {
        let last = self.state.now();
        self.clock.as_ref().map_or(last, |clock| clock.time(now).max(last))
    }

    /// Why a command cannot be taken now.
    fn refuse(&self, command: &Command) -> Option<Unavailable> {
        if self.queue.commands.len() >= COMMANDS_LEN_MAX {
            return Some(Unavailable::Overloaded);
        }
        if self.room == Room::Out {
            return Some(Unavailable::DiskFull);
        }
        let grows = match command {
            Command::OpenSession(_) => true,
            // A request that was made before gets its answer: to refuse it would deny what it did.
            Command::Request { session, request, action } => {
                is_growing(action) && !self.state.has_seen(*session, request.seq)
            }
            Command::ByHold { action, .. } => matches!(action, HoldAction::SetValue(_)),
            Command::Renew(_) | Command::CloseSession { .. } | Command::Revoke { .. } => false,
        };
        match (grows, self.draining, self.room) {
            (true, true, _) => Some(Unavailable::Draining),
            (true, false, Room::Low) => Some(Unavailable::DiskFull),
            _ => None,
        }
    }

    /// Applies what is committed, proposes what waits, orders what must be written.
    fn advance(
        &mut self,
        now: BootTime,
        out: &mut Vec<Output>,
    ) -> Result<ControlFlow<()>, NodeError> {
        while let Some(persist) = self.consensus.poll_persist() {
            self.writing = Some(persist.number);
            out.push(Output::Persist(persist));
        }
        while let Some(entry) = self.consensus.poll_committed() {
            self.apply(entry.index, &entry.data, out)?;
        }
        if !self.consensus.is_leader() {
            self.clock = None;
            return Ok(ControlFlow::Break(()));
        }
        self.clock.get_or_insert_with(|| Clock::start(self.state.now(), now));
        match self.writing.is_none() && self.propose(now)? {
            true => Ok(ControlFlow::Continue(())),
            false => Ok(ControlFlow::Break(())),
        }
    }

    /// Makes one entry of what waits, if anything does or is due.
    fn propose(&mut self, now: BootTime) -> Result<bool, NodeError> {
        let Some(clock) = &self.clock else { return Ok(false) };
        let time = clock.time(now).max(self.state.now());
        let time_is_due = self.state.next_due().is_some_and(|due| due <= time);
        let keepalives_are_due = self.queue.keepalives.due().is_some_and(|due| due <= now);
        if self.queue.commands.is_empty() && !time_is_due && !keepalives_are_due {
            return Ok(false);
        }
        let mut origins = Vec::with_capacity(self.queue.commands.len() + 1);
        self.command_bytes.clear();
        let mut keepalives = std::mem::take(&mut self.queue.keepalives);
        if !keepalives.is_empty() {
            let sessions = std::mem::take(&mut keepalives.sessions);
            encode_command(&Command::Renew(sessions), &mut self.command_bytes);
            origins.push(Origin::KeepAlives);
        }
        while self.command_bytes.len() < ENTRY_BYTES_MAX
            && let Some((origin, command)) = self.queue.commands.pop_front()
        {
            encode_command(&command, &mut self.command_bytes);
            origins.push(origin);
        }
        let mut data = Vec::with_capacity(self.command_bytes.len() + 32);
        encode_entry(time, &self.command_bytes, origins.len(), &mut data);
        let index = self.consensus.propose(data)?;
        self.flights.push_back(Flight { index, origins, keepalives });
        Ok(true)
    }

    /// Applies a committed entry and answers whoever asked for its commands here.
    fn apply(&mut self, index: u64, data: &[u8], out: &mut Vec<Output>) -> Result<(), NodeError> {
        if data.is_empty() {
            return Ok(());
        }
        let flight = match self.flights.front() {
            Some(flight) if flight.index == index => self.flights.pop_front(),
            _ => None,
        };
        let (origins, keepalives) = match flight {
            Some(flight) => (flight.origins, flight.keepalives),
            None => (Vec::new(), KeepAlives::default()),
        };
        let mut origins = origins.into_iter();
        let mut events = std::mem::take(&mut self.events);
        let Node { state, hub, queue, .. } = self;
        apply_entry(state, index, data, &mut events, |state, outcome, events| {
            let by = match outcome {
                None => None,
                Some(outcome) => match origins.next().unwrap_or(Origin::Node) {
                    Origin::Node => None,
                    Origin::KeepAlives => {
                        answer_keepalives(&keepalives, outcome, state.now(), out);
                        None
                    }
                    Origin::Client(client, id) => {
                        if let Outcome::SessionOpened { session, .. } = outcome {
                            if hub.is_connected(client) {
                                hub.attach(client, session);
                            } else if is_bound(state, session) {
                                let close = close_disconnected(session);
                                queue.commands.push_back((Origin::Node, close));
                            }
                        }
                        let reply = Reply::Outcome(outcome);
                        out.push(Output::Reply { client, id, now: state.now(), reply });
                        Some(client)
                    }
                },
            };
            for event in events.drain(..) {
                hub.publish(state, event, by, out);
            }
        })?;
        self.events = events;
        Ok(())
    }

    /// A session that was opened to end with its connection ends.
    fn close_if_bound(&mut self, session: bramah_core::SessionHandle) {
        if is_bound(&self.state, session) {
            self.queue.commands.push_back((Origin::Node, close_disconnected(session)));
        }
    }
}

fn is_growing(action: &Action) -> bool {
    !matches!(
        action,
        Action::Cancel { .. }
            | Action::Hold(_, HoldAction::Release | HoldAction::Downgrade | HoldAction::Renew(_))
    )
}

fn is_bound(state: &State, session: bramah_core::SessionHandle) -> bool {
    state.on_disconnect(session) == Some(OnDisconnect::Release)
}

fn close_disconnected(session: bramah_core::SessionHandle) -> Command {
    Command::CloseSession { session, cause: SessionClose::Disconnected }
}

/// Gives each client the part of the answers that it asked for.
fn answer_keepalives(asked: &KeepAlives, outcome: Outcome, now: Time, out: &mut Vec<Output>) {
    let Outcome::Renewed(renewals) = outcome else { return };
    let mut renewals = renewals.into_iter();
    for (client, id, len) in &asked.asked {
        let reply = Reply::KeptAlive(renewals.by_ref().take(*len).collect());
        out.push(Output::Reply { client: *client, id: *id, now, reply });
    }
}
