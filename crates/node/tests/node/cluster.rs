//! Several nodes, each with a disk that is a list, a network that the test cuts, and a clock that
//! moves when told.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use bramah_core::{
    Command, Grant, HoldAction, HoldId, OnDisconnect, Outcome, SessionHandle, State,
};
use bramah_node::{
    BootTime, ClientId, Input, MemberChange, Node, Notice, Output, Persist, Recovered, Reply,
};
use bramah_wal::{Entry, HardState};
use bramah_wire::membership::Membership;
use bramah_wire::peer::Message;
use bramah_wire::request::What;

use crate::harness::{acquire, open};

/// Steps of time in which a cluster runs.
const STEP_MS: u64 = 10;

/// A snapshot on a disk or on its way.
#[derive(Clone)]
pub(crate) struct Snapshot {
    pub(crate) index: u64,
    pub(crate) term: u64,
    pub(crate) membership: Membership,
    pub(crate) state: State,
}

/// What survives a crash.
#[derive(Clone)]
pub(crate) struct Disk {
    pub(crate) snapshot: Snapshot,
    pub(crate) hard_state: HardState,
    pub(crate) entries: Vec<Entry>,
}

/// One member, running or not.
pub(crate) struct Member {
    pub(crate) node: Option<Node>,
    pub(crate) disk: Disk,
    /// Writes become durable by themselves.
    pub(crate) writes_at_once: bool,
    pub(crate) writing: VecDeque<Output>,
    /// A snapshot that was received.
    aside: Option<Snapshot>,
    pub(crate) replies: BTreeMap<(u64, u64), Reply>,
    pub(crate) notices: Vec<(u64, Notice)>,
    pub(crate) snapshots_received: usize,
    pub(crate) drained: bool,
}

pub(crate) enum Parcel {
    Message(Message),
    Snapshot(Message, Box<Snapshot>),
}

pub(crate) struct Cluster {
    pub(crate) members: BTreeMap<u64, Member>,
    pub(crate) now: u64,
    /// From whom to whom nothing arrives.
    pub(crate) cut: BTreeSet<(u64, u64)>,
    /// Every message arrives twice, the second time after all others.
    pub(crate) doubles: bool,
    pub(crate) on_the_way: VecDeque<(u64, u64, Parcel)>,
    incarnations: u64,
    last_id: u64,
    pub(crate) last_seq: u64,
}

impl Cluster {
    /// A new cluster whose members are numbered from 1, with a leader.
    pub(crate) fn new(size: u64) -> Cluster {
        let mut cluster = Cluster {
            members: BTreeMap::new(),
            now: 1_000,
            cut: BTreeSet::new(),
            doubles: false,
            on_the_way: VecDeque::new(),
            incarnations: 100,
            last_id: 0,
            last_seq: 0,
        };
        let voters: Vec<u64> = (1..=size).collect();
        for node_id in 1..=size {
            let (voters, learners) = (voters.clone(), Vec::new());
            let membership = Membership { cluster_id: 9, node_id, voters, learners };
            cluster.add(node_id, &Recovered::new(membership, true, 0));
        }
        for node_id in 1..=size {
            cluster.start(node_id);
        }
        cluster.run(2_000);
        cluster.leader();
        cluster
    }

    /// A node that knows only the cluster's number and its own.
    pub(crate) fn join(&mut self, node_id: u64) {
        self.add(node_id, &Recovered::joining(9, node_id, true, 0));
        self.start(node_id);
    }

    fn add(&mut self, node_id: u64, recovered: &Recovered) {
        let (index, term) = recovered.snapshot;
        let snapshot = Snapshot {
            index,
            term,
            membership: recovered.membership.clone(),
            state: recovered.state.clone(),
        };
        let hard_state = recovered.hard_state;
        let member = Member {
            node: None,
            disk: Disk { snapshot, hard_state, entries: Vec::new() },
            writes_at_once: true,
            writing: VecDeque::new(),
            aside: None,
            replies: BTreeMap::new(),
            notices: Vec::new(),
            snapshots_received: 0,
            drained: false,
        };
        self.members.insert(node_id, member);
    }

    pub(crate) fn start(&mut self, id: u64) {
        self.incarnations += 1;
        let incarnation = self.incarnations;
        let member = self.member(id);
        let Disk { snapshot, hard_state, entries } = member.disk.clone();
        let recovered = Recovered {
            membership: snapshot.membership,
            durable: true,
            state: snapshot.state,
            snapshot: (snapshot.index, snapshot.term),
            hard_state,
            entries,
            incarnation,
        };
        member.node = Some(Node::new(recovered).expect("the node starts"));
        self.step(id, [Input::Tick]);
    }

    /// Whatever is not durable is gone.
    pub(crate) fn crash(&mut self, id: u64) {
        let member = self.member(id);
        (member.node, member.aside) = (None, None);
        member.writing.clear();
        member.replies.clear();
        self.on_the_way.retain(|(_, to, _)| *to != id);
    }

    pub(crate) fn member(&mut self, id: u64) -> &mut Member {
        self.members.get_mut(&id).expect("a member")
    }

    pub(crate) fn node(&self, id: u64) -> &Node {
        self.members[&id].node.as_ref().expect("it runs")
    }

    /// Nothing comes from or to this one.
    pub(crate) fn isolate(&mut self, id: u64) {
        let others: Vec<u64> = self.members.keys().copied().filter(|other| *other != id).collect();
        self.cut.extend(others.iter().flat_map(|other| [(id, *other), (*other, id)]));
    }

    pub(crate) fn heal(&mut self) {
        self.cut.clear();
    }

    /// The leader of the highest term that leads.
    pub(crate) fn leader(&self) -> u64 {
        let leads = self.members.iter().filter_map(|(id, member)| {
            let node = member.node.as_ref()?;
            node.is_leader().then_some((node.term(), *id))
        });
        leads.max().expect("somebody leads").1
    }

    pub(crate) fn follower(&self) -> u64 {
        let leader = self.leader();
        *self.members.keys().find(|id| **id != leader).expect("another member")
    }

    /// Gives facts to a node, and carries out its orders.
    pub(crate) fn step(&mut self, id: u64, inputs: impl IntoIterator<Item = Input>) {
        let now = BootTime(self.now);
        let member = self.members.get_mut(&id).expect("a member");
        let Some(node) = &mut member.node else { return };
        let mut out = Vec::new();
        node.step(now, inputs, &mut out).expect("the node goes on");
        let mut next = Vec::new();
        for output in out {
            match output {
                Output::Persist(_) | Output::InstallSnapshot { .. } => {
                    member.writing.push_back(output);
                }
                Output::Reply { client, id, reply, .. } => {
                    let before = member.replies.insert((client.0, id), reply);
                    assert!(before.is_none(), "request {id} is answered twice");
                }
                Output::Notice { client, notice, .. } => member.notices.push((client.0, notice)),
                Output::Drained => member.drained = true,
                Output::Send { to, message } => {
                    self.on_the_way.push_back((id, to, Parcel::Message(message)));
                }
                Output::MakeSnapshot => {
                    let (state, index, term) = node.applied();
                    let membership = node.membership().clone();
                    let snapshot = Snapshot { index, term, membership, state: state.clone() };
                    member.disk.entries.retain(|entry| entry.index > index);
                    member.disk.snapshot = snapshot;
                    next.push(Input::SnapshotMade { index, term });
                }
                Output::SendSnapshot { to, index, term, message } => {
                    let snapshot = member.disk.snapshot.clone();
                    let ok = (snapshot.index, snapshot.term) == (index, term);
                    if ok {
                        let parcel = Parcel::Snapshot(message, Box::new(snapshot));
                        self.on_the_way.push_back((id, to, parcel));
                    }
                    next.push(Input::SnapshotSent { to, ok });
                }
                Output::DiscardSnapshot { .. } => member.aside = None,
            }
        }
        if !next.is_empty() {
            self.step(id, next);
        }
        if self.members[&id].writes_at_once {
            self.write(id);
        }
    }

    /// Makes durable what was ordered to be written.
    pub(crate) fn write(&mut self, id: u64) {
        while self.write_next(id) {}
    }

    /// Makes the next write durable, if there is one.
    pub(crate) fn write_next(&mut self, id: u64) -> bool {
        let member = self.member(id);
        let number = match member.writing.pop_front() {
            Some(Output::Persist(Persist { number, hard_state, entries })) => {
                for entry in entries {
                    member.disk.entries.retain(|old| old.index < entry.index);
                    let last = member.disk.entries.last().map(|entry| entry.index);
                    let last = last.unwrap_or(member.disk.snapshot.index);
                    assert_eq!(entry.index, last + 1, "a gap in the log of {id}");
                    member.disk.entries.push(entry);
                }
                member.disk.hard_state = hard_state.unwrap_or(member.disk.hard_state);
                number
            }
            Some(Output::InstallSnapshot { number, index, membership, .. }) => {
                let aside = member.aside.take().expect("a snapshot was received");
                assert_eq!(aside.index, index);
                member.disk.snapshot = Snapshot { membership, ..aside };
                member.disk.entries.clear();
                number
            }
            _ => return false,
        };
        self.step(id, [Input::Persisted(number)]);
        true
    }

    /// Delivers what is on the way, and what follows from it.
    pub(crate) fn settle(&mut self) {
        while let Some((from, to, parcel)) = self.on_the_way.pop_front() {
            self.deliver(from, to, parcel);
        }
    }

    /// Delivers one thing, if it can get through.
    pub(crate) fn deliver(&mut self, from: u64, to: u64, parcel: Parcel) {
        let lost = self.cut.contains(&(from, to)) || !self.members.contains_key(&to);
        if lost || self.members[&to].node.is_none() {
            return;
        }
        match parcel {
            Parcel::Message(message) => {
                let decoded = Message::decode(&message.encode());
                assert_eq!(decoded.as_ref(), Ok(&message));
                self.step(to, [Input::Peer { from, message: message.clone() }]);
                if self.doubles {
                    self.step(to, [Input::Peer { from, message }]);
                }
            }
            Parcel::Snapshot(message, snapshot) => {
                let Snapshot { membership, state, .. } = (*snapshot).clone();
                let member = self.member(to);
                // One at a time: the one before is not in its place yet.
                if member.aside.is_none() {
                    member.snapshots_received += 1;
                    member.aside = Some(*snapshot);
                    let state = Box::new(state);
                    self.step(to, [Input::SnapshotReceived { from, message, membership, state }]);
                }
            }
        }
    }

    /// Gives something to a node that no member said.
    pub(crate) fn lie(&mut self, to: u64, lie: Input) {
        if let Input::SnapshotReceived { message, membership, state, .. } = &lie {
            let head = match message {
                Message::Raft(raft) => raft.snapshot.clone(),
                _ => None,
            };
            let (index, term) = head.map_or((0, 0), |head| (head.index, head.term));
            let (membership, state) = (membership.clone(), State::clone(state));
            self.member(to).aside = Some(Snapshot { index, term, membership, state });
        }
        self.step(to, [lie]);
    }

    /// Lets time pass.
    pub(crate) fn run(&mut self, ms: u64) {
        let end = self.now + ms;
        while self.now < end {
            self.now += STEP_MS;
            let ids: Vec<u64> = self.members.keys().copied().collect();
            for id in ids {
                self.step(id, [Input::Tick]);
            }
            self.settle();
        }
    }

    pub(crate) fn connect(&mut self, id: u64, client: u64) {
        self.step(id, [Input::Connected(ClientId(client))]);
    }

    /// Sends a request and tells its id.
    pub(crate) fn send(&mut self, id: u64, client: u64, what: What) -> u64 {
        self.last_id += 1;
        let request = self.last_id;
        self.step(id, [Input::Request { client: ClientId(client), id: request, what }]);
        request
    }

    pub(crate) fn reply(&mut self, id: u64, client: u64, request: u64) -> Option<Reply> {
        self.member(id).replies.remove(&(client, request))
    }

    /// Sends a request and waits for its reply.
    pub(crate) fn ask(&mut self, id: u64, client: u64, what: What) -> Reply {
        let request = self.send(id, client, what);
        self.wait(id, client, request)
    }

    /// Waits for a reply.
    pub(crate) fn wait(&mut self, id: u64, client: u64, request: u64) -> Reply {
        self.settle();
        for _ in 0..1_000 {
            if let Some(reply) = self.reply(id, client, request) {
                return reply;
            }
            self.run(STEP_MS);
        }
        panic!("no reply from {id}")
    }

    pub(crate) fn change(&mut self, id: u64, change: MemberChange) -> Reply {
        let request = self.begin_change(id, change);
        self.wait(id, 0, request)
    }

    pub(crate) fn begin_change(&mut self, id: u64, change: MemberChange) -> u64 {
        self.last_id += 1;
        let request = self.last_id;
        self.step(id, [Input::Change { client: ClientId(0), id: request, change }]);
        request
    }

    pub(crate) fn command(&mut self, id: u64, client: u64, command: Command) -> Outcome {
        match self.ask(id, client, What::Command(command)) {
            Reply::Outcome(outcome) => outcome,
            other => panic!("no outcome: {other:?}"),
        }
    }

    pub(crate) fn open(&mut self, id: u64, client: u64, ttl_ms: u64) -> SessionHandle {
        match self.command(id, client, open(ttl_ms, OnDisconnect::Keep)) {
            Outcome::SessionOpened { session, .. } => session,
            other => panic!("no session: {other:?}"),
        }
    }

    pub(crate) fn acquire_command(&mut self, session: SessionHandle, lock: &str) -> Command {
        self.last_seq += 1;
        acquire(session, self.last_seq, lock)
    }

    pub(crate) fn hold(
        &mut self,
        id: u64,
        client: u64,
        session: SessionHandle,
        lock: &str,
    ) -> Grant {
        let command = self.acquire_command(session, lock);
        match self.command(id, client, command) {
            Outcome::Granted(mut grants) => grants.remove(0),
            other => panic!("not granted: {other:?}"),
        }
    }

    pub(crate) fn release(&mut self, id: u64, client: u64, hold: HoldId) -> Outcome {
        self.command(id, client, Command::ByHold { hold, action: HoldAction::Release })
    }

    /// All that run have applied the same, and how many holds that leaves.
    pub(crate) fn agree(&mut self) -> usize {
        self.run(500);
        let running = self.members.values().filter_map(|member| member.node.as_ref());
        let mut states = running.map(|node| node.applied());
        let first = states.next().expect("somebody runs");
        for other in states {
            assert_eq!(other, first);
        }
        first.0.sizes().holds
    }
}
