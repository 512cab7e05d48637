//! The thread that owns the node: it takes what the connections asked, has it written, and answers.
//!
//! One thread serves the connections, steps the node and writes the log. A request that comes alone
//! is read, written, synced and answered without a single hand-over between threads, which on
//! common machines cost as much as the sync itself; requests that come while a sync is under way
//! wait in their sockets and make up the next batch.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use bramah_core::Sizes;
use bramah_node::{BootTime, ClientId, Input, Node, NodeError, Output, Persist, Room};
use rustix::time::{ClockId, clock_gettime};
use tokio::time::sleep;
use tracing::{debug, info, warn};

use crate::hall::{Hall, Inbox};
use crate::log::{Log, LogError};
use crate::service::{Flow, Outlet};

/// How often a write is tried again that found the disk full.
const FULL_DISK_RETRY: Duration = Duration::from_millis(250);
/// Longest sleep between two looks at the clock: a suspended machine's timers come late.
const TICK_TIME_MAX: Duration = Duration::from_secs(1);

/// The node, its log and its connections.
pub(crate) struct Runtime {
    hall: Arc<Hall>,
    node: Node,
    log: Log,
    outlets: BTreeMap<ClientId, Arc<dyn Outlet>>,
    /// Connections with something to send.
    dirty: Vec<ClientId>,
    /// Writes that wait for room on the disk.
    stuck: Vec<Persist>,
    room: Room,
    inbox: Inbox,
    out: Vec<Output>,
    drained: bool,
}

/// This machine's time, as the node wants it.
pub(crate) fn boot_time() -> BootTime {
    let time = clock_gettime(ClockId::Boottime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
    let nanos = u64::try_from(time.tv_nsec).unwrap_or_default();
    BootTime(seconds * 1_000 + nanos / 1_000_000)
}

impl Runtime {
    pub(crate) fn new(hall: Arc<Hall>, node: Node, log: Log) -> Runtime {
        Runtime {
            hall,
            node,
            log,
            outlets: BTreeMap::new(),
            dirty: Vec::new(),
            stuck: Vec::new(),
            room: Room::Enough,
            inbox: Inbox::default(),
            out: Vec::new(),
            drained: false,
        }
    }

    /// Applies what the log holds, and tells how much there is.
    pub(crate) fn begin(&mut self) -> Result<Sizes, RunError> {
        self.step([Input::Tick])?;
        Ok(self.node.applied().0.sizes())
    }

    /// Runs until `stop` says so and what was under way is done, then leaves a snapshot.
    pub(crate) async fn run(mut self, stop: impl Future<Output = ()>) -> Result<(), RunError> {
        tokio::pin!(stop);
        let mut stopping = false;
        while !self.drained {
            let hall = self.hall.clone();
            tokio::select! {
                biased;
                () = hall.wait() => {}
                () = &mut stop, if !stopping => {
                    stopping = true;
                    info!("stopping: nothing new is taken");
                    hall.push(Input::Drain);
                }
                () = sleep(self.time_to_tick()) => {
                    hall.push(Input::Tick);
                    self.log.idle()?;
                }
            }
            self.turn()?;
        }
        Ok(self.log.close(&self.node)?)
    }

    fn time_to_tick(&self) -> Duration {
        if !self.stuck.is_empty() {
            return FULL_DISK_RETRY;
        }
        match self.node.next_tick() {
            None => TICK_TIME_MAX,
            Some(at) => {
                Duration::from_millis(at.0.saturating_sub(boot_time().0)).min(TICK_TIME_MAX)
            }
        }
    }

    /// Takes what came in, and does all that follows from it.
    fn turn(&mut self) -> Result<(), RunError> {
        let mut inbox = std::mem::take(&mut self.inbox);
        self.hall.swap(&mut inbox);
        self.outlets.extend(inbox.connected.drain(..));
        for input in &inbox.inputs {
            if let Input::Disconnected(client) = input {
                self.outlets.remove(client);
            }
        }
        let result = self.step(inbox.inputs.drain(..));
        self.inbox = inbox;
        result
    }

    fn step(&mut self, inputs: impl IntoIterator<Item = Input>) -> Result<(), RunError> {
        self.node.step(boot_time(), inputs, &mut self.out)?;
        // What was answered is sent before the next write blocks this thread.
        let mut writes = std::mem::take(&mut self.stuck);
        loop {
            self.hand_out(&mut writes);
            let mut facts = self.flush();
            if !writes.is_empty() {
                facts.extend(self.write(&mut writes)?);
            }
            if facts.is_empty() {
                break;
            }
            self.node.step(boot_time(), facts, &mut self.out)?;
            if !writes.is_empty() {
                self.hand_out(&mut writes);
                self.flush();
                break;
            }
        }
        self.stuck = writes;
        self.log.keep_short(&self.node)?;
        self.look_for_room();
        Ok(())
    }

    /// Gives replies and notices to their connections, and collects what is to be written.
    fn hand_out(&mut self, writes: &mut Vec<Persist>) {
        for output in self.out.drain(..) {
            match output {
                Output::Persist(persist) => writes.push(persist),
                Output::Drained => self.drained = true,
                Output::Reply { client, id, now, reply } => {
                    if let Some(outlet) = self.outlets.get(&client) {
                        outlet.reply(id, now, reply);
                        self.dirty.push(client);
                    }
                }
                Output::Notice { client, now, notice } => {
                    if let Some(outlet) = self.outlets.get(&client) {
                        outlet.notice(now, notice);
                        self.dirty.push(client);
                    }
                }
            }
        }
    }

    /// Sends what the connections were given. Those that read too slowly are facts for the node.
    fn flush(&mut self) -> Vec<Input> {
        self.dirty.sort_unstable();
        self.dirty.dedup();
        let lagging = |client: &ClientId| {
            self.outlets.get(client).is_some_and(|outlet| outlet.flush() == Flow::Lagging)
        };
        self.dirty.drain(..).filter(lagging).map(Input::Lagged).collect()
    }

    /// Writes in order; what finds the disk full stays, to be tried again.
    fn write(&mut self, writes: &mut Vec<Persist>) -> Result<Vec<Input>, RunError> {
        let mut facts = Vec::new();
        for persist in writes.iter() {
            match self.log.append(persist) {
                Ok(()) => facts.push(Input::Persisted(persist.number)),
                Err(LogError::Full(error)) => {
                    debug!(%error, "a write waits for room");
                    break;
                }
                Err(error) => return Err(error.into()),
            }
        }
        writes.drain(..facts.len());
        Ok(facts)
    }

    /// Tells the node how much room there is, when that changed.
    fn look_for_room(&mut self) {
        let room = match (self.stuck.is_empty(), self.log.is_low()) {
            (false, _) => Room::Out,
            (true, true) => Room::Low,
            (true, false) => Room::Enough,
        };
        if room == self.room {
            return;
        }
        match room {
            Room::Enough => info!("there is room on the disk again"),
            Room::Low | Room::Out => warn!(?room, "the disk is full: nothing new is granted"),
        }
        self.room = room;
        self.hall.push(Input::Room(room));
    }
}

/// Why a server stopped that was not told to.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RunError {
    #[error("the node cannot go on")]
    Node(#[from] NodeError),
    #[error("the log cannot go on")]
    Log(#[from] LogError),
}
