//! A shell round a node that a test steps.

use std::collections::BTreeMap;

use bramah_core::{
    Acquire, Action, Command, EndReason, Grant, Happening, HoldAction, HoldId, IfHeld, Item, Key,
    LockName, Mode, OnDisconnect, OpenSession, Outcome, Priority, RequestRef, RequestSeq,
    SessionHandle, Terms, Time, Ttl, Wait,
};
use bramah_node::{BootTime, ClientId, Input, Node, Notice, Output, Persist, Recovered, Reply};
use bramah_wal::{Entry, HardState};
use bramah_wire::membership::Membership;
use bramah_wire::request::What;

/// A node with a disk that is a list, and a clock that moves when told.
pub(crate) struct Shell {
    pub(crate) node: Node,
    pub(crate) now: u64,
    /// What was ordered to be written, and is not durable.
    pub(crate) writing: Vec<Persist>,
    /// What is durable.
    pub(crate) entries: Vec<Entry>,
    pub(crate) hard_state: HardState,
    /// Writes become durable by themselves.
    pub(crate) writes_at_once: bool,
    pub(crate) replies: BTreeMap<(u64, u64), Reply>,
    pub(crate) notices: Vec<(u64, Notice)>,
    pub(crate) drained: bool,
    /// The cluster's time of the last reply.
    pub(crate) told_at: Time,
    last_seq: u64,
    last_id: u64,
}

pub(crate) fn membership() -> Membership {
    Membership { cluster_id: 9, node_id: 1, voters: vec![1], learners: Vec::new() }
}

pub(crate) fn name(text: &str) -> LockName {
    LockName::new(text).expect("a valid name")
}

impl Shell {
    /// A new node that leads.
    pub(crate) fn new() -> Shell {
        let recovered = Recovered::new(membership(), true, 1);
        let hard_state = recovered.hard_state;
        Shell::start(recovered, hard_state, Vec::new(), 1_000)
    }

    /// The same node after a crash: whatever was not durable is gone.
    pub(crate) fn restart(self, now: u64) -> Shell {
        let mut recovered = Recovered::new(membership(), true, 1);
        recovered.hard_state = self.hard_state;
        recovered.entries.clone_from(&self.entries);
        let mut shell = Shell::start(recovered, self.hard_state, self.entries, now);
        shell.last_seq = self.last_seq;
        shell
    }

    fn start(recovered: Recovered, hard_state: HardState, entries: Vec<Entry>, now: u64) -> Shell {
        let mut shell = Shell {
            node: Node::new(recovered).expect("the node starts"),
            now,
            writing: Vec::new(),
            entries,
            hard_state,
            writes_at_once: true,
            replies: BTreeMap::new(),
            notices: Vec::new(),
            drained: false,
            told_at: Time(0),
            last_seq: 0,
            last_id: 0,
        };
        shell.step([Input::Tick]);
        shell
    }

    /// Gives facts, and carries out the orders.
    pub(crate) fn step(&mut self, inputs: impl IntoIterator<Item = Input>) {
        let mut out = Vec::new();
        self.node.step(BootTime(self.now), inputs, &mut out).expect("the node goes on");
        for output in out {
            match output {
                Output::Persist(persist) => self.writing.push(persist),
                Output::Reply { client, id, now, reply } => {
                    self.told_at = now;
                    let before = self.replies.insert((client.0, id), reply);
                    assert!(before.is_none(), "request {id} is answered twice");
                }
                Output::Notice { client, notice, .. } => self.notices.push((client.0, notice)),
                Output::Drained => self.drained = true,
                other => panic!("not of a node alone: {other:?}"),
            }
        }
        if self.writes_at_once {
            self.write();
        }
    }

    /// Makes durable what was ordered to be written.
    pub(crate) fn write(&mut self) {
        while !self.writing.is_empty() {
            let persist = self.writing.remove(0);
            for entry in persist.entries {
                self.entries.retain(|old| old.index < entry.index);
                self.entries.push(entry);
            }
            self.hard_state = persist.hard_state.unwrap_or(self.hard_state);
            self.step([Input::Persisted(persist.number)]);
        }
    }

    pub(crate) fn pass(&mut self, ms: u64) {
        self.now += ms;
        self.step([Input::Tick]);
    }

    pub(crate) fn connect(&mut self, client: u64) {
        self.step([Input::Connected(ClientId(client))]);
    }

    /// Sends a request and tells its id.
    pub(crate) fn send(&mut self, client: u64, what: What) -> u64 {
        self.last_id += 1;
        let id = self.last_id;
        self.step([Input::Request { client: ClientId(client), id, what }]);
        id
    }

    /// Sends a request and takes its reply, which must be there.
    pub(crate) fn ask(&mut self, client: u64, what: What) -> Reply {
        let id = self.send(client, what);
        self.replies.remove(&(client, id)).expect("a reply")
    }

    pub(crate) fn command(&mut self, client: u64, command: Command) -> Outcome {
        match self.ask(client, What::Command(command)) {
            Reply::Outcome(outcome) => outcome,
            other => panic!("no outcome: {other:?}"),
        }
    }

    pub(crate) fn open(&mut self, client: u64, ttl_ms: u64) -> SessionHandle {
        self.open_with(client, ttl_ms, OnDisconnect::Keep)
    }

    pub(crate) fn open_with(
        &mut self,
        client: u64,
        ttl_ms: u64,
        on_disconnect: OnDisconnect,
    ) -> SessionHandle {
        match self.command(client, open(ttl_ms, on_disconnect)) {
            Outcome::SessionOpened { session, .. } => session,
            other => panic!("no session: {other:?}"),
        }
    }

    pub(crate) fn acquire(&mut self, client: u64, session: SessionHandle, lock: &str) -> Outcome {
        let command = self.acquire_command(session, lock);
        self.command(client, command)
    }

    pub(crate) fn acquire_command(&mut self, session: SessionHandle, lock: &str) -> Command {
        self.last_seq += 1;
        acquire(session, self.last_seq, lock)
    }

    pub(crate) fn hold(&mut self, client: u64, session: SessionHandle, lock: &str) -> Grant {
        match self.acquire(client, session, lock) {
            Outcome::Granted(mut grants) => grants.remove(0),
            other => panic!("not granted: {other:?}"),
        }
    }

    pub(crate) fn release(&mut self, client: u64, hold: HoldId) -> Outcome {
        self.command(client, Command::ByHold { hold, action: HoldAction::Release })
    }

    /// The news that this client got, taken away.
    pub(crate) fn news(&mut self, client: u64) -> Vec<Happening> {
        let mine = |(to, _): &mut (u64, Notice)| *to == client;
        let taken: Vec<_> = self.notices.extract_if(.., mine).collect();
        let events = taken.into_iter().filter_map(|(_, notice)| match notice {
            Notice::Session(event) => Some(event.what),
            _ => None,
        });
        events.collect()
    }
}

pub(crate) fn open(ttl_ms: u64, on_disconnect: OnDisconnect) -> Command {
    Command::OpenSession(OpenSession {
        key: Key(77),
        ttl: Ttl::from_ms(ttl_ms).expect("a valid TTL"),
        on_disconnect,
        owner: Default::default(),
    })
}

pub(crate) fn acquire(session: SessionHandle, seq: u64, lock: &str) -> Command {
    Command::Request {
        session,
        request: RequestRef { seq: RequestSeq(seq), answered_below: RequestSeq(seq) },
        action: Action::Acquire(Acquire {
            item: Item { name: name(lock), mode: Mode::Exclusive, value: None },
            key: Key(seq),
            wait: Wait::Forever,
            priority: Priority::default(),
            if_held: IfHeld::Queue,
            max_waiters: None,
            terms: Terms::default(),
        }),
    }
}

pub(crate) fn is_grant_of(happening: &Happening, lock: &str) -> bool {
    matches!(happening, Happening::Granted { grants, .. } if grants[0].name.as_str() == lock)
}

pub(crate) fn end_of(happening: &Happening) -> Option<EndReason> {
    match happening {
        Happening::HoldEnded { reason, .. } | Happening::SessionEnded { reason, .. } => {
            Some(reason.clone())
        }
        _ => None,
    }
}
