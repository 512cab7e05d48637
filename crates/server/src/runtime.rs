//! The thread that owns the node: it takes what the connections asked, has it written, and answers.
//!
//! One thread serves the connections, steps the node and writes the log. A request that comes alone
//! is read, written, synced and answered without a single hand-over between threads, which on
//! common machines cost as much as the sync itself. When many come together, the write goes to a
//! second thread, and this one sends the answers of the last batch and reads the requests of the
//! next meanwhile.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use bramah_core::Sizes;
use bramah_node::{BootTime, ClientId, Input, Node, NodeError, Output, Persist, Room};
use bramah_wire::{Error, ErrorCode};
use rustix::time::{ClockId, clock_gettime};
use tokio::time::{Instant, sleep};
use tracing::{info, warn};

use crate::hall::{Hall, Inbox};
use crate::log::LogError;
use crate::service::{Answer, Flow, Outlet};
use crate::writer::Writer;

/// As many requests or answers together make a write on the other thread worth the hand-over.
const ASIDE_MIN: usize = 32;
/// How long a server that is to stop waits for room for its last write.
const STOP_WITHOUT_ROOM: Duration = Duration::from_secs(1);
/// How often a write is tried again that found the disk full.
const FULL_DISK_RETRY: Duration = Duration::from_millis(250);
/// Longest sleep between two looks at the clock: a suspended machine's timers come late.
const TICK_TIME_MAX: Duration = Duration::from_secs(1);

/// The node, its log and its connections.
pub(crate) struct Runtime {
    hall: Arc<Hall>,
    node: Node,
    writer: Writer,
    outlets: BTreeMap<ClientId, Arc<dyn Outlet>>,
    /// Connections with something to send.
    dirty: Vec<ClientId>,
    /// Writes that wait for the one under way, or for room on the disk.
    writes: Vec<Persist>,
    /// The last write found no room, and is tried again then.
    stuck_until: Option<Instant>,
    room: Room,
    /// When the log last tried to make room for its next part.
    looked_for_room: Instant,
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
    pub(crate) fn new(hall: Arc<Hall>, node: Node, writer: Writer) -> Runtime {
        Runtime {
            hall,
            node,
            writer,
            outlets: BTreeMap::new(),
            dirty: Vec::new(),
            writes: Vec::new(),
            stuck_until: None,
            room: Room::Enough,
            looked_for_room: Instant::now(),
            inbox: Inbox::default(),
            out: Vec::new(),
            drained: false,
        }
    }

    /// Applies what the log holds, and tells how much there is.
    pub(crate) fn begin(&mut self) -> Result<Sizes, RunError> {
        self.step([Input::Tick], false)?;
        Ok(self.node.applied().0.sizes())
    }

    /// Runs until `stop` says so and what was under way is done, then leaves a snapshot.
    pub(crate) async fn run(mut self, stop: impl Future<Output = ()>) -> Result<(), RunError> {
        tokio::pin!(stop);
        let mut stopping: Option<Instant> = None;
        while !self.drained {
            let hall = self.hall.clone();
            tokio::select! {
                biased;
                // First: clients that ask without end must not keep it waiting.
                () = &mut stop, if stopping.is_none() => {
                    stopping = Some(Instant::now());
                    info!("stopping: nothing new is taken");
                    hall.push(Input::Drain);
                }
                () = hall.wait() => {}
                () = sleep(self.time_to_tick()) => {
                    hall.push(Input::Tick);
                    if !self.writer.is_writing() {
                        self.writer.log().idle()?;
                    }
                }
            }
            self.turn()?;
            let waited = stopping.is_some_and(|since| since.elapsed() >= STOP_WITHOUT_ROOM);
            if waited && self.stuck_until.is_some() {
                warn!("stopping without the last write: there is no room, and nobody was answered");
                return Ok(());
            }
            if self.node.has_questions() {
                // First the connections, with what matters more.
                tokio::task::yield_now().await;
                self.hall.wake();
            }
        }
        Ok(self.writer.log().close(&self.node)?)
    }

    fn time_to_tick(&self) -> Duration {
        let longest = match self.room {
            Room::Enough => TICK_TIME_MAX,
            Room::Low | Room::Out => FULL_DISK_RETRY,
        };
        self.node.next_tick().map_or(longest, |at| {
            Duration::from_millis(at.0.saturating_sub(boot_time().0)).min(longest)
        })
    }

    /// Takes what came in, and does all that follows from it.
    fn turn(&mut self) -> Result<(), RunError> {
        let mut inbox = std::mem::take(&mut self.inbox);
        self.hall.swap(&mut inbox);
        self.outlets.extend(inbox.connected.drain(..));
        for (client, id, _) in inbox.asked.drain(..) {
            let text = "ask that of this server: it does not do it yet";
            self.answer(client, id, Answer::Refused(Error::new(ErrorCode::Unsupported, text)));
        }
        for input in &inbox.inputs {
            if let Input::Disconnected(client) = input {
                self.outlets.remove(client);
            }
        }
        let many = inbox.inputs.len() >= ASIDE_MIN;
        if let Some(written) = self.writer.take() {
            inbox.inputs.extend(self.durable(written?));
        }
        let result = self.step(inbox.inputs.drain(..), many);
        self.inbox = inbox;
        result
    }

    /// Steps the node, and carries out its orders for as long as they lead to more. `many` came in
    /// together, so this thread has better things to do than to wait for the disk.
    fn step(
        &mut self,
        inputs: impl IntoIterator<Item = Input>,
        many: bool,
    ) -> Result<(), RunError> {
        self.node.step(boot_time(), inputs, &mut self.out)?;
        loop {
            self.hand_out();
            let waits = self.stuck_until.is_some_and(|until| Instant::now() < until);
            let can_write = !self.writes.is_empty() && !self.writer.is_writing() && !waits;
            let many = many || self.dirty.len() >= ASIDE_MIN;
            let aside = can_write && many && self.writer.takes_time();
            if aside {
                self.writer.begin(std::mem::take(&mut self.writes));
            }
            // What was answered is sent while the disk writes, or before it blocks this thread.
            self.flush();
            if !can_write || aside {
                break;
            }
            let written = self.writer.write(std::mem::take(&mut self.writes))?;
            let Some(durable) = self.durable(written) else { break };
            self.node.step(boot_time(), [durable], &mut self.out)?;
        }
        if !self.writer.is_writing() {
            self.writer.log().keep_short(&self.node)?;
            self.look_for_room();
        }
        Ok(())
    }

    /// What a write came to, as a fact for the node.
    fn durable(&mut self, (stuck, last): (Vec<Persist>, Option<u64>)) -> Option<Input> {
        self.stuck_until = (!stuck.is_empty()).then(|| Instant::now() + FULL_DISK_RETRY);
        self.writes.splice(..0, stuck);
        last.map(Input::Persisted)
    }

    /// Gives replies and notices to their connections, and collects what is to be written.
    fn hand_out(&mut self) {
        for output in self.out.drain(..) {
            match output {
                Output::Persist(persist) => self.writes.push(persist),
                Output::Drained => self.drained = true,
                // A node that is alone says nothing to others.
                Output::Send { .. }
                | Output::MakeSnapshot
                | Output::SendSnapshot { .. }
                | Output::InstallSnapshot { .. }
                | Output::DiscardSnapshot { .. } => {}
                Output::Reply { client, id, now, reply } => {
                    if let Some(outlet) = self.outlets.get(&client) {
                        outlet.reply(id, now, Answer::Node(reply));
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

    /// Answers what the node was not asked.
    fn answer(&mut self, client: ClientId, id: u64, answer: Answer) {
        if let Some(outlet) = self.outlets.get(&client) {
            outlet.reply(id, self.node.applied().0.now(), answer);
            self.dirty.push(client);
        }
    }

    /// Sends what the connections were given. Those that read too slowly are facts for the node, in
    /// the next turn: whoever reads nothing must not keep this one going.
    fn flush(&mut self) {
        self.dirty.sort_unstable();
        self.dirty.dedup();
        for client in self.dirty.drain(..) {
            let Some(outlet) = self.outlets.get(&client) else { continue };
            if outlet.flush() == Flow::Lagging {
                self.hall.push(Input::Lagged(client));
            }
        }
    }

    /// Tells the node how much room there is, when that changed.
    fn look_for_room(&mut self) {
        if self.writer.log().is_low() && self.looked_for_room.elapsed() >= FULL_DISK_RETRY {
            self.looked_for_room = Instant::now();
            self.writer.log().prepare_next();
        }
        let room = match (self.stuck_until.is_some(), self.writer.log().is_low()) {
            (true, _) => Room::Out,
            (false, true) => Room::Low,
            (false, false) => Room::Enough,
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
