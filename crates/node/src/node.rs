//! The machine: facts in, orders out.

use bramah_core::{Action, Command, Event, HoldAction, Outcome, State, Time};
use bramah_wire::membership::{MemberChange, Membership};
use bramah_wire::peer::Message;
use bramah_wire::request::{Query, What};

use crate::applying::{close_disconnected, is_bound};
use crate::clock::{BootTime, Clock, Receipts, Ticker};
use crate::consensus::{Consensus, Order, Persist, Start};
use crate::courier::Courier;
use crate::hub::{ClientId, Hub};
use crate::lanes::Lanes;
use crate::looks::{Look, Looks};
use crate::members::Change;
use crate::mutants;
use crate::pending::{Origin, Pending};
use crate::reads::Reads;
use crate::reply::{Notice, Reply, Unavailable};
use crate::restore::{NodeError, Recovered};

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
        state: Box<State>,
    },
    /// All connections with a member ended: its process is gone, or they broke.
    HungUp(u64),
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
    pub(crate) consensus: Consensus,
    pub(crate) incarnation: u64,
    /// The time of the last entry that this node did not stamp itself, and when it came.
    clock: Clock,
    pub(crate) receipts: Receipts,
    ticker: Ticker,
    pub(crate) pending: Pending,
    pub(crate) courier: Courier,
    pub(crate) lanes: Lanes,
    pub(crate) reads: Reads,
    looks: Looks,
    /// The term of the last applied entry.
    pub(crate) term_applied: u64,
    /// The time of the last entry that was proposed.
    pub(crate) time_proposed: Time,
    pub(crate) change: Option<Change>,
    /// Who is to be told of a change that was made, once that is saved.
    pub(crate) changed: Option<(ClientId, u64, Membership)>,
    /// A snapshot that is being put in place of the log.
    pub(crate) installing: Option<(State, Membership)>,
    pub(crate) room: Room,
    /// A leader without room lets another lead from then on.
    pub(crate) hands_over_at: BootTime,
    /// It takes nothing new since then.
    draining: Option<BootTime>,
    /// Reused between commands.
    pub(crate) events: Vec<Event>,
    pub(crate) command_bytes: Vec<u8>,
    has_started: bool,
}

impl Node {
    /// A node that goes on from what was found on disk.
    ///
    /// # Errors
    /// [`NodeError`] when that cannot be.
    pub fn new(recovered: Recovered) -> Result<Node, NodeError> {
        let Recovered { membership, durable, state, snapshot, hard_state, entries, incarnation } =
            recovered;
        let consensus = Consensus::new(Start {
            membership: &membership,
            snapshot,
            hard_state,
            entries,
            incarnation,
        })?;
        Ok(Node {
            membership,
            durable,
            state,
            hub: Hub::default(),
            consensus,
            incarnation,
            clock: Clock::default(),
            receipts: Receipts::default(),
            ticker: Ticker::default(),
            pending: Pending::default(),
            courier: Courier::default(),
            lanes: Lanes::default(),
            reads: Reads::default(),
            looks: Looks::default(),
            term_applied: snapshot.1,
            time_proposed: Time::default(),
            change: None,
            changed: None,
            installing: None,
            room: Room::default(),
            hands_over_at: BootTime(0),
            draining: None,
            events: Vec::new(),
            command_bytes: Vec::new(),
            has_started: false,
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
        if !std::mem::replace(&mut self.has_started, true) {
            self.clock = Clock::start(self.state.now(), now);
            // What the log has already came at the latest now.
            self.receipts.came(0, now);
        }
        for input in inputs {
            self.handle(now, input, out);
        }
        self.answer_saved_change(now, out);
        // After what the others said, so that nobody stands for election who was only slow to hear.
        for _ in 0..self.ticker.count(now) {
            if !self.consensus.is_alone() {
                self.consensus.tick();
            }
        }
        self.pursue_change(now, out);
        self.hand_over_if_full(now);
        while self.advance(now, out)? {}
        if self.consensus.poll_make_snapshot() {
            out.push(Output::MakeSnapshot);
        }
        self.answer_look(now, out);
        self.give_up_late(now, out);
        if let Some(since) = self.draining
            && self.is_idle(since)
        {
            out.push(Output::Drained);
        }
        Ok(())
    }

    /// Nobody waits for an answer, and nothing is being written. Keepalives that came later than
    /// this are sent elsewhere by who gets no answer, as are those that no leader takes.
    fn is_idle(&self, since: BootTime) -> bool {
        let came_before = |came: &BootTime| *came <= since && self.leader().is_some();
        self.pending.is_empty()
            && self.pending.keepalives.since().filter(came_before).is_none()
            && self.lanes.is_empty()
            && self.reads.is_empty()
            && self.looks.is_empty()
            && self.change.is_none()
            && self.changed.is_none()
            && !self.consensus.is_writing()
    }

    /// When [`Input::Tick`] has something to do, at the latest. Of a node that is alone there is
    /// nothing while a write is under way.
    #[must_use]
    pub fn next_tick(&self) -> Option<BootTime> {
        let alone = self.consensus.is_alone();
        let tick = self.ticker.next().filter(|_| !alone);
        if !self.consensus.can_propose() {
            return tick;
        }
        let due = self.time_due().map(|time| self.clock.when(time));
        tick.into_iter().chain(due).chain(self.pending.keepalives.due()).min()
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
        self.consensus.leads()
    }

    /// The member that leads, as far as this one knows.
    #[must_use]
    pub fn leader(&self) -> Option<u64> {
        self.consensus.leader()
    }

    /// The last term that this node heard of.
    #[must_use]
    pub fn term(&self) -> u64 {
        self.consensus.term()
    }

    /// The last entry of the log that a member has, as far as this node knows: a leader does.
    #[must_use]
    pub fn match_index(&self, node: u64) -> Option<u64> {
        self.consensus.match_index(node)
    }

    /// The members as of the last applied entry.
    #[must_use]
    pub fn membership(&self) -> &Membership {
        &self.membership
    }

    /// It was a member, and is one no more: it can be stopped, and its folder removed.
    #[must_use]
    pub fn is_removed(&self) -> bool {
        let (index, _) = self.consensus.applied();
        let is_member = self.membership.contains(self.membership.node_id);
        index > 0 && !is_member && !self.consensus.says_farewell()
    }

    /// The table, and the index and term of the last entry in it: what a snapshot is made of.
    #[must_use]
    pub fn applied(&self) -> (&State, u64, u64) {
        let (index, term) = self.consensus.applied();
        (&self.state, index, term)
    }

    fn handle(&mut self, now: BootTime, input: Input, out: &mut Vec<Output>) {
        match input {
            Input::Connected(client) => self.hub.connect(client),
            Input::Disconnected(client) => {
                self.looks.forget(client);
                self.reads.forget(client);
                for session in self.hub.disconnect(client) {
                    if is_bound(&self.state, session) {
                        self.pending.push(now, Origin::Node, close_disconnected(session));
                    }
                }
            }
            Input::Request { client, id, what } => {
                if let Some(reply) = self.take(now, client, id, what) {
                    self.reply(now, client, id, reply, out);
                }
            }
            Input::Persisted(number) => self.consensus.handle_persisted(number),
            Input::Lagged(client) => self.drop_watches(client, out),
            Input::Room(room) => {
                self.room = room;
                self.hands_over_at = now;
            }
            Input::Drain => self.draining = self.draining.or(Some(now)),
            Input::Peer { from, message } => self.hear(now, from, message, out),
            Input::Change { client, id, change } => {
                if let Some(reply) = self.begin_change(now, client, id, change) {
                    self.reply(now, client, id, reply, out);
                }
            }
            Input::TransferLeadership { to } => self.consensus.transfer(to),
            Input::SnapshotMade { index, term } => {
                self.consensus.handle_snapshot_made((index, term));
            }
            Input::SnapshotSent { to, ok } => self.consensus.handle_snapshot_sent(to, ok),
            Input::SnapshotReceived { from, message, membership, state } => {
                self.receive_snapshot(from, message, membership, *state, out);
            }
            Input::HungUp(member) => self.consensus.hasten_election(member),
            Input::Tick => {}
        }
    }

    /// Queues what changes, and questions where other members have a say; answers others at once.
    fn take(&mut self, now: BootTime, client: ClientId, id: u64, what: What) -> Option<Reply> {
        match what {
            What::Command(command) => match self.refuse(&command) {
                Some(why) => return Some(Reply::Unavailable(why)),
                None => self.pending.push(now, Origin::Client(client, id), command),
            },
            What::KeepAlive(sessions) => {
                if self.room == Room::Out {
                    return Some(Reply::Unavailable(Unavailable::DiskFull));
                }
                let keepalives = &mut self.pending.keepalives;
                if !keepalives.has_room_for(sessions.len()) {
                    return Some(Reply::Unavailable(Unavailable::Overloaded));
                }
                keepalives.push(now, (client, id), &sessions);
                return mutants::keepalive_answer(self, &sessions);
            }
            what if self.consensus.decides_alone() || mutants::reads_alone(self) => {
                return self.answer(client, id, what);
            }
            what => {
                let is_taken = self.reads.push(now, client, id, what);
                return (!is_taken).then_some(Reply::Unavailable(Unavailable::Overloaded));
            }
        }
        None
    }

    /// Answers a question, or puts it where it waits for its turn. What this node knows is current.
    pub(crate) fn answer(&mut self, client: ClientId, id: u64, what: What) -> Option<Reply> {
        match what {
            What::Attach { session, after } => {
                // It hears of everything from here on; what it holds can be told a little later.
                if let Err(refusal) = self.attach(client, session) {
                    return Some(Reply::Outcome(Outcome::Refused(refusal)));
                }
                self.look_later(client, id, Look::Attached { session, after })
            }
            What::Query(query @ Query::GetLock { .. }) => Some(self.look(&query)),
            What::Query(query) => self.look_later(client, id, Look::Query(query)),
            What::Watch(watched) => self.look_later(client, id, Look::Watch(watched)),
            What::Unwatch { watch_id } => self.look_later(client, id, Look::Unwatch { watch_id }),
            What::ServerInfo => Some(Reply::Info(self.info())),
            What::Command(_) | What::KeepAlive(_) => None,
        }
    }

    fn look_later(&mut self, client: ClientId, id: u64, look: Look) -> Option<Reply> {
        let is_taken = self.looks.push(client, id, look);
        (!is_taken).then_some(Reply::Unavailable(Unavailable::Overloaded))
    }

    fn answer_look(&mut self, now: BootTime, out: &mut Vec<Output>) {
        let Some((client, id, look)) = self.looks.pop() else { return };
        let reply = match look {
            Look::Attached { session, after } => self.attached(session, after),
            Look::Query(query) => self.look(&query),
            Look::Watch(watched) => self.watch(client, id, watched),
            Look::Unwatch { watch_id } => Reply::WatchEnded(self.hub.unwatch((client, watch_id))),
        };
        self.reply(now, client, id, reply, out);
    }

    /// Answers with something that is of no entry. Nothing need have happened since the last one,
    /// and ages count all the same.
    pub(crate) fn reply(
        &self,
        now: BootTime,
        client: ClientId,
        id: u64,
        reply: Reply,
        out: &mut Vec<Output>,
    ) {
        out.push(Output::Reply { client, id, now: self.time(now), reply });
    }

    /// The cluster's time as this node would stamp it, once it has made a step.
    #[must_use]
    pub fn time(&self, now: BootTime) -> Time {
        self.clock.time(now).max(self.state.now())
    }

    /// Why a command of a client cannot be taken now.
    fn refuse(&self, command: &Command) -> Option<Unavailable> {
        if !self.pending.has_room() {
            return Some(Unavailable::Overloaded);
        }
        self.refuse_to_write(command)
    }

    /// Why a command cannot be written here now.
    pub(crate) fn refuse_to_write(&self, command: &Command) -> Option<Unavailable> {
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
        match (grows, self.draining.is_some(), self.room) {
            (true, true, _) => Some(Unavailable::Draining),
            (true, false, Room::Low) => Some(Unavailable::DiskFull),
            _ => None,
        }
    }

    /// Does what follows from what is known. Tells whether more may follow.
    fn advance(&mut self, now: BootTime, out: &mut Vec<Output>) -> Result<bool, NodeError> {
        while let Some(order) = self.consensus.poll_order() {
            if let Order::Persist(persist) = &order
                && let Some(first) = persist.entries.first()
            {
                self.receipts.came(first.index, now);
            }
            out.push(self.output_of(order));
        }
        if self.consensus.take_installed() {
            self.finish_install(now, out);
        }
        while let Some(entry) = self.consensus.poll_committed() {
            self.apply(now, entry, out)?;
        }
        mutants::expire_alone(self, now, out);
        self.answer_reads(now, out);
        let leads_now = self.consensus.lead_if_sole_voter()?;
        let has_proposed = if self.is_leader() {
            self.propose(now)?
        } else {
            // What was taken and not proposed will not be, and what was proposed may be lost.
            self.lanes = Lanes::default();
            self.time_proposed = Time::default();
            self.forward(now, out);
            false
        };
        let has_asked = self.ask_reads(now);
        Ok(leads_now || has_proposed || has_asked || self.consensus.has_orders())
    }

    fn output_of(&self, order: Order) -> Output {
        match order {
            Order::Persist(persist) => Output::Persist(persist),
            Order::Send { to, message } => Output::Send { to, message: Message::Raft(message) },
            Order::SendSnapshot { to, head, message } => Output::SendSnapshot {
                to,
                index: head.index,
                term: head.term,
                message: Message::Raft(message),
            },
            Order::Install { number, index, term } => {
                let (node_id, installing) = (self.membership.node_id, &self.installing);
                let membership = installing.as_ref().map_or(&self.membership, |(_, after)| after);
                let membership = Membership { node_id, ..membership.clone() };
                Output::InstallSnapshot { number, index, term, membership }
            }
        }
    }

    /// The clock goes on from the time of what was applied or installed, and came here `at`: it was
    /// stamped before. Clocks are read in whole milliseconds: less the one that this may be wrong
    /// by, or leases would be shorter with every change of leaders.
    pub(crate) fn restart_clock(&mut self, at: BootTime) {
        self.clock = Clock::start(self.state.now(), BootTime(at.0.saturating_add(1)));
    }
}

fn is_growing(action: &Action) -> bool {
    !matches!(
        action,
        Action::Cancel { .. }
            | Action::Hold(_, HoldAction::Release | HoldAction::Downgrade | HoldAction::Renew(_))
    )
}
