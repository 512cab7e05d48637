//! Raft behind a small door: bytes go in, committed bytes come out, and what must be durable first
//! goes to whoever writes it. Nothing outside this module knows which engine it is, and the engine
//! never looks inside an entry.

mod admit;
mod farewell;
mod forms;
mod members;
mod roll;

pub(crate) use admit::NUMBER_MAX;
pub(crate) use forms::snapshot_in;

use std::collections::{BTreeMap, VecDeque};

use bramah_core::mutant::{self, Mutant};
use bramah_wal::{Entry as LogEntry, HardState as LogHardState};
use bramah_wire::membership::Membership;
use bramah_wire::peer;
use raft::eraftpb::{Message, MessageType};
use raft::{Config, RawNode, StateRole};

use crate::NodeError;
use crate::log_mirror::LogMirror;
use crate::mutants;
use crate::restore::check_log;
use farewell::Farewell;
use roll::Roll;

/// Ticks without a leader before a member stands for election, at least; at most one less than
/// twice as many.
const ELECTION_TICKS: usize = 10;
/// Ticks between two heartbeats of a leader.
const HEARTBEAT_TICKS: usize = 2;
/// Bytes of entries in one message, but for an entry that is longer by itself.
const APPEND_BYTES_MAX: u64 = 1024 * 1024;
/// Messages with entries that a follower is sent before it answers the first.
const APPENDS_LEN_MAX: usize = 256;
/// Entries that are proposed and not committed. What comes meanwhile makes the next ones longer.
const UNCOMMITTED_LEN_MAX: u64 = 16;

/// What raft knows when it starts.
#[derive(Debug)]
pub(crate) struct Start<'a> {
    pub(crate) membership: &'a Membership,
    /// Index and term of the snapshot.
    pub(crate) snapshot: (u64, u64),
    pub(crate) hard_state: LogHardState,
    pub(crate) entries: Vec<LogEntry>,
    /// Seeds the time until it stands for election.
    pub(crate) incarnation: u64,
}

/// Something that must be durable before raft may go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Persist {
    /// Say this number when it is durable.
    pub number: u64,
    /// Raft's term, vote and commit index, if they changed.
    pub hard_state: Option<LogHardState>,
    /// New entries; one at an index that is there already replaces it and all behind it.
    pub entries: Vec<LogEntry>,
}

/// What raft wants done.
#[derive(Debug)]
pub(crate) enum Order {
    Persist(Persist),
    /// Put the snapshot that was received in place of the log.
    Install {
        number: u64,
        index: u64,
        term: u64,
    },
    Send {
        to: u64,
        message: Box<peer::Raft>,
    },
    SendSnapshot {
        to: u64,
        head: peer::SnapshotHead,
        message: Box<peer::Raft>,
    },
}

/// A committed entry.
#[derive(Debug)]
pub(crate) struct Committed {
    pub(crate) index: u64,
    pub(crate) term: u64,
    pub(crate) kind: u8,
    pub(crate) data: bytes::Bytes,
}

/// What is committed at some time after a question was asked.
#[derive(Debug)]
pub(crate) struct Confirmed {
    pub(crate) context: Vec<u8>,
    pub(crate) index: u64,
}

/// One member of a raft group.
pub(crate) struct Consensus {
    raw: RawNode<LogMirror>,
    node_id: u64,
    incarnation: u64,
    /// Index and term of the last entry that was given out.
    applied: (u64, u64),
    committed: VecDeque<Committed>,
    confirmed: Vec<Confirmed>,
    orders: VecDeque<Order>,
    /// A commit index that is not on disk. It may be lost, so it waits for the next write.
    unsaved: Option<LogHardState>,
    writes: Writes,
    installing: Option<Installing>,
    installed: bool,
    /// What is committed must be on disk soon.
    must_save: bool,
    ticks: u64,
    /// The leader of this term hung up: so many ticks later this member stands.
    hastened: Option<(u64, usize)>,
    /// When a message of another member last came, in ticks.
    heard: BTreeMap<u64, u64>,
    roll: Roll,
    farewell: Option<Farewell>,
    /// A snapshot of this index was ordered, and when, in ticks.
    making: Option<(u64, u64)>,
}

/// A snapshot that is being put in place of the log.
#[derive(Debug)]
struct Installing {
    /// Its index and term.
    snapshot: (u64, u64),
    /// The write that completes it.
    write: u64,
}

/// Writes that are ordered and not durable, and the messages that may not be sent before they are.
#[derive(Debug, Default)]
struct Writes {
    last: u64,
    /// The number of a write, and the number of raft's order that it completes.
    open: VecDeque<(u64, Option<u64>)>,
    held: VecDeque<(u64, Vec<Message>)>,
    /// The number of raft's last order.
    ready: u64,
}

impl Writes {
    fn order(&mut self, ready: Option<u64>) -> u64 {
        self.last += 1;
        self.open.push_back((self.last, ready));
        self.last
    }
}

impl std::fmt::Debug for Consensus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Consensus").field("applied", &self.applied).finish_non_exhaustive()
    }
}

impl Consensus {
    pub(crate) fn new(start: Start<'_>) -> Result<Consensus, NodeError> {
        let Start { membership, snapshot, hard_state, entries, incarnation } = start;
        check_log(snapshot, &hard_state, &entries)?;
        // A disk that knows only the snapshot knows nothing of its term.
        let mut hard_state = forms::hard_state_in(&hard_state);
        hard_state.term = hard_state.term.max(snapshot.1);
        hard_state.commit = hard_state.commit.max(snapshot.0);
        let members = forms::members_in(membership);
        let mut mirror = LogMirror::new(hard_state, members, snapshot);
        let entries = entries.into_iter().map(forms::entry_in).collect::<Result<Vec<_>, _>>()?;
        mirror.append(entries);
        let config = Config {
            id: membership.node_id,
            election_tick: ELECTION_TICKS,
            heartbeat_tick: HEARTBEAT_TICKS,
            applied: snapshot.0,
            check_quorum: true,
            pre_vote: true,
            max_size_per_msg: APPEND_BYTES_MAX,
            max_inflight_msgs: APPENDS_LEN_MAX,
            ..Config::default()
        };
        let logger = slog::Logger::root(slog::Discard, slog::o!());
        let raw = RawNode::new(&config, mirror, &logger).map_err(NodeError::Consensus)?;
        let mut consensus = Consensus {
            raw,
            node_id: membership.node_id,
            incarnation,
            applied: snapshot,
            committed: VecDeque::new(),
            confirmed: Vec::new(),
            orders: VecDeque::new(),
            unsaved: None,
            writes: Writes::default(),
            installing: None,
            installed: false,
            must_save: false,
            ticks: 0,
            hastened: None,
            heard: BTreeMap::new(),
            roll: Roll::default(),
            farewell: None,
            making: None,
        };
        consensus.fix_jitter();
        Ok(consensus)
    }

    /// It leads, and everything from before its term is applied: what it proposes is current.
    pub(crate) fn leads(&self) -> bool {
        self.raw.raft.state == StateRole::Leader && self.applied.1 == self.raw.raft.term
    }

    /// Nobody else is a member: it needs nobody's answer.
    pub(crate) fn is_alone(&self) -> bool {
        self.raw.raft.promotable() && self.raw.raft.prs().iter().len() == 1
    }

    /// Nobody else votes: what it has applied is all that was ever answered.
    pub(crate) fn decides_alone(&self) -> bool {
        self.leads() && self.raw.raft.prs().is_singleton()
    }

    pub(crate) fn term(&self) -> u64 {
        self.raw.raft.term
    }

    pub(crate) fn leader(&self) -> Option<u64> {
        Some(self.raw.raft.leader_id).filter(|leader| *leader != raft::INVALID_ID)
    }

    /// Index and term of the last entry that was given out by [`Consensus::poll_committed`].
    pub(crate) fn applied(&self) -> (u64, u64) {
        self.applied
    }

    /// A write is ordered, and not known to be durable.
    pub(crate) fn is_writing(&self) -> bool {
        !self.writes.open.is_empty()
    }

    /// All that was to be saved is durable.
    pub(crate) fn has_saved(&self) -> bool {
        !self.must_save && !self.is_writing()
    }

    /// A tick of time passed.
    pub(crate) fn tick(&mut self) {
        self.ticks += 1;
        if self.raw.raft.state == StateRole::Leader || self.may_stand() {
            self.raw.tick();
            self.fix_jitter();
        }
    }

    /// Waits no longer for a leader whose connections ended: its lease is over here, and this
    /// member stands after as many ticks as its place among those that are left, so they do not
    /// meet. Whoever hears that leader grants no vote, so one that lives is not disturbed.
    pub(crate) fn hasten_election(&mut self, member: u64) {
        let raft = &mut self.raw.raft;
        if raft.state != StateRole::Follower || raft.leader_id != member {
            return;
        }
        let prs = raft.prs();
        let goes_before = |id: &u64| *id < self.node_id && *id != member;
        let voters = prs.iter().filter(|(id, _)| prs.conf().voters().contains(**id));
        let before = voters.filter(|(id, _)| goes_before(id)).count();
        raft.election_elapsed = ELECTION_TICKS;
        self.hastened = Some((raft.term, 1 + before));
        self.fix_jitter();
    }

    /// It may stand for election. Two may not: whose log and members are in between, and who would
    /// lead at once with entries that are not durable.
    fn may_stand(&self) -> bool {
        let is_sole_voter = self.raw.raft.prs().is_singleton();
        self.installing.is_none() && !(is_sole_voter && self.is_writing())
    }

    /// Who alone votes leads as soon as all that it has is durable and applied.
    pub(crate) fn lead_if_sole_voter(&mut self) -> Result<bool, NodeError> {
        let raft = &self.raw.raft;
        let decides = raft.promotable() && raft.prs().is_singleton();
        let can = raft.state != StateRole::Leader && decides && !self.is_writing();
        if !can || self.applied.0 < raft.raft_log.committed {
            return Ok(false);
        }
        self.raw.campaign().map_err(NodeError::Consensus)?;
        self.fix_jitter();
        Ok(true)
    }

    /// Another member's message; what cannot be true is dropped.
    pub(crate) fn step(&mut self, from: u64, message: peer::Raft) {
        if message.kind != peer::RaftKind::Snapshot && self.admits(from, &message) {
            self.hear(from);
            self.hear_roll(from, &message);
            self.hear_farewell(&message);
            if let Ok(message) = forms::message_in(from, self.node_id, message) {
                self.step_in(message);
            }
        }
    }

    /// A member is there.
    fn hear(&mut self, from: u64) {
        if self.raw.raft.prs().get(from).is_some() {
            self.heard.insert(from, self.ticks);
        }
    }

    /// Something came of that member within so many ticks.
    fn was_heard(&self, member: u64, ticks: u64) -> bool {
        self.heard.get(&member).is_some_and(|heard| heard + ticks > self.ticks)
    }

    fn step_in(&mut self, message: Message) {
        // An error says that it was not for this member, as it is now.
        let _ = self.raw.step(message);
        self.fix_jitter();
    }

    /// Another entry may be proposed now.
    pub(crate) fn can_propose(&self) -> bool {
        let raft = &self.raw.raft;
        let uncommitted = raft.raft_log.last_index() - raft.raft_log.committed;
        self.leads()
            && !self.is_writing()
            && raft.lead_transferee.is_none()
            && uncommitted < UNCOMMITTED_LEN_MAX
    }

    /// A change of the membership may be proposed now. It may go along with entries.
    pub(crate) fn can_propose_change(&self) -> bool {
        self.leads() && self.raw.raft.lead_transferee.is_none()
    }

    pub(crate) fn propose(&mut self, data: Vec<u8>) -> Result<(), NodeError> {
        self.raw.propose(Vec::new(), data).map_err(NodeError::Consensus)
    }

    /// Asks what is committed. The answer has the same context, if there is one; a context must
    /// never be used again, or an old answer would do for a new question.
    pub(crate) fn ask_committed(&mut self, context: Vec<u8>) {
        self.raw.read_index(context);
    }

    /// What is committed, as was asked.
    pub(crate) fn poll_confirmed(&mut self) -> Option<Confirmed> {
        self.confirmed.pop()
    }

    /// There is something to do.
    pub(crate) fn has_orders(&self) -> bool {
        !self.orders.is_empty() || self.must_save || self.raw.has_ready()
    }

    /// What must be done next, if anything.
    pub(crate) fn poll_order(&mut self) -> Option<Order> {
        self.collect();
        self.orders.pop_front()
    }

    /// Everything up to this number is durable.
    pub(crate) fn handle_persisted(&mut self, number: u64) {
        let mut done = None;
        let Writes { open, held, .. } = &mut self.writes;
        let done_len = open.partition_point(|(write, _)| *write <= number);
        for (_, ready) in open.drain(..done_len) {
            done = ready.or(done);
        }
        let free_len = held.partition_point(|(write, _)| *write <= number);
        let free: Vec<Message> = held.drain(..free_len).flat_map(|(_, held)| held).collect();
        if let Some(ready) = done {
            self.raw.on_persist_ready(ready);
            if let Some(done) = self.installing.take_if(|install| install.write <= number) {
                self.applied = done.snapshot;
                self.raw.advance_apply_to(done.snapshot.0);
                self.installed = true;
            }
        }
        if !self.is_writing() {
            self.raw.on_persist_ready(self.writes.ready);
        }
        self.send(free);
    }

    /// A snapshot stands in place of the log since this was last asked.
    pub(crate) fn take_installed(&mut self) -> bool {
        std::mem::take(&mut self.installed)
    }

    /// The next committed entry. All that were given out count as applied once there is none left.
    pub(crate) fn poll_committed(&mut self) -> Option<Committed> {
        let next = self.committed.pop_front();
        if let Some(entry) = &next {
            self.applied = (entry.index, entry.term);
        } else if self.installing.is_none() {
            self.raw.advance_apply_to(self.applied.0);
            let needed = self.needed_from();
            self.raw.mut_store().applied(self.applied.0, needed);
        }
        next
    }

    /// Takes what raft wants done.
    fn collect(&mut self) {
        while self.raw.has_ready() {
            let mut ready = self.raw.ready();
            let number = ready.number();
            let must_sync = ready.must_sync();
            self.writes.ready = number;
            self.committed.extend(ready.take_committed_entries().iter().map(forms::committed));
            let states = ready.take_read_states().into_iter();
            self.confirmed.extend(
                states.map(|state| Confirmed { context: state.request_ctx, index: state.index }),
            );
            if let Some(hard_state) = ready.hs() {
                self.unsaved = Some(forms::hard_state_out(hard_state));
            }
            if !ready.snapshot().is_empty() {
                let head = ready.snapshot().get_metadata();
                let (index, term) = (head.index, head.term);
                self.raw.mut_store().restart_at((index, term));
                let number = self.writes.order(None);
                self.installing = Some(Installing { snapshot: (index, term), write: number + 1 });
                self.orders.push_back(Order::Install { number, index, term });
            }
            let entries = ready.take_entries();
            let log_entries: Vec<LogEntry> = entries.iter().map(forms::entry_out).collect();
            self.raw.mut_store().append(entries);
            // A leader may send its entries before it has them on disk itself; nobody else may
            // promise anything before it is durable.
            let messages = ready.take_messages();
            let held = ready.take_persisted_messages();
            self.raw.advance_append_async(ready);
            self.send(messages);
            if must_sync {
                let write = self.writes.order(Some(number));
                self.orders.push_back(Order::Persist(Persist {
                    number: write,
                    hard_state: self.unsaved.take(),
                    entries: log_entries,
                }));
            }
            self.hold(held);
            if !self.is_writing() || mutant::is_on(Mutant::CommitBeforeDurable) {
                self.raw.on_persist_ready(number);
            }
        }
        if std::mem::take(&mut self.must_save) {
            let hard_state = forms::hard_state_out(&self.raw.raft.hard_state());
            self.unsaved = None;
            let number = self.writes.order(None);
            let (hard_state, entries) = (Some(hard_state), Vec::new());
            self.orders.push_back(Order::Persist(Persist { number, hard_state, entries }));
        }
    }

    /// Sends messages when all writes are durable that are ordered so far.
    fn hold(&mut self, messages: Vec<Message>) {
        if !self.is_writing() {
            return self.send(messages);
        }
        // A question promises nothing.
        let is_question = |message: &Message| {
            let kind = message.get_msg_type();
            kind == MessageType::MsgReadIndex || mutants::is_hasty(kind)
        };
        let (questions, held): (Vec<_>, Vec<_>) = messages.into_iter().partition(is_question);
        self.send(questions);
        if !held.is_empty() {
            self.writes.held.push_back((self.writes.last, held));
        }
    }

    fn send(&mut self, messages: Vec<Message>) {
        let orders = messages.into_iter().filter_map(|message| {
            let to = message.to;
            let message = Box::new(forms::message_out(message)?);
            Some(match message.snapshot.clone() {
                Some(head) => Order::SendSnapshot { to, head, message },
                None => Order::Send { to, message },
            })
        });
        self.orders.extend(orders);
    }

    /// The engine draws the time until the next election at random; here it follows from what is
    /// given, and still differs from member to member and from term to term.
    fn fix_jitter(&mut self) {
        let mut bits = self.incarnation ^ self.term().wrapping_mul(0x9e37_79b9_7f4a_7c15);
        for _ in 0..2 {
            bits = (bits ^ bits >> 31).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        }
        let drawn = (bits >> 33) as usize % ELECTION_TICKS;
        let hastened = self.hastened.filter(|(term, _)| *term == self.term());
        let jitter = hastened.map_or(drawn, |(_, ticks)| ticks);
        self.raw.raft.set_randomized_election_timeout(ELECTION_TICKS + jitter);
    }
}
