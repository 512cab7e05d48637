//! The thread that owns the node: it takes what the connections asked, has it written, and answers.
//!
//! One thread serves the connections, steps the node and writes the log. A request that comes alone
//! is read, written, synced and answered without a single hand-over between threads, which on
//! common machines cost as much as the sync itself. Where the disk is slow and many come together,
//! the write goes to a second thread, and this one sends the answers of the last batch and reads
//! the requests of the next meanwhile.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use bramah_core::Sizes;
use bramah_node::{BootTime, ClientId, Input, Node, NodeError, Output, Room};
use bramah_wire::link::{Folder, LogEnd, Place};
use bramah_wire::membership::Membership;
use bramah_wire::proto::Staleness;
use bramah_wire::request::Ask;
use rustix::time::{ClockId, clock_gettime};
use tokio::time::{Instant, sleep};
use tracing::{info, warn};

use crate::backup::Backups;
use crate::cluster::Transfer;
use crate::folder::FolderFile;
use crate::formation::FormationError;
use crate::hall::{Hall, Inbox};
use crate::leaving::Leaving;
use crate::log::LogError;
use crate::peers::Peers;
use crate::service::{Answer, Flow, Outlet};
use crate::snapshots::Snapshots;
use crate::writer::{Write, Writer};

/// As many requests or answers together make a write on the other thread worth the hand-over.
const ASIDE_MIN: usize = 32;
/// How often a write is tried again that found the disk full.
const FULL_DISK_RETRY: Duration = Duration::from_millis(250);
/// Longest sleep between two looks at the clock: a suspended machine's timers come late.
const TICK_TIME_MAX: Duration = Duration::from_secs(1);

/// The node, its log and its connections.
pub(crate) struct Runtime {
    hall: Arc<Hall>,
    pub(crate) node: Node,
    pub(crate) writer: Writer,
    pub(crate) peers: Peers,
    pub(crate) outlets: BTreeMap<ClientId, Arc<dyn Outlet>>,
    /// Connections with something to send.
    pub(crate) dirty: Vec<ClientId>,
    /// Writes that wait for the one under way, or for room on the disk.
    writes: Vec<Write>,
    /// The last write found no room, and is tried again then.
    stuck_until: Option<Instant>,
    room: Room,
    /// When the log last tried to make room for its next part.
    looked_for_room: Instant,
    inbox: Inbox,
    /// Facts for the next step that came up in this one.
    pub(crate) inputs: Vec<Input>,
    out: Vec<Output>,
    /// The last entry of the log, also of what waits to be written.
    last_index: u64,
    drained: bool,
    pub(crate) folder_file: FolderFile,
    pub(crate) folder: Folder,
    /// Where this node is, whatever others say.
    pub(crate) own_place: Option<Place>,
    /// It is not said again before that.
    pub(crate) tells_place_at: Instant,
    /// The members when they were last looked at.
    pub(crate) members: Membership,
    /// This node is no member any more.
    pub(crate) removed: bool,
    /// Its cluster began with this start.
    pub(crate) began_here: bool,
    /// No claim to this node's address is looked into before that.
    pub(crate) examines_claims_at: Instant,
    pub(crate) transfers: Vec<Transfer>,
    /// Who is to be a member, and where that is: by who asks, and the request's id.
    pub(crate) adding: BTreeMap<(ClientId, u64), (u64, Place)>,
    pub(crate) backups: Backups,
    begun: BootTime,
    /// A leader, this node or another, was last heard then; none since the start.
    heard_leader: Option<BootTime>,
    pub(crate) snapshots: Snapshots,
}

/// What a runtime is made of.
pub(crate) struct Parts {
    pub(crate) hall: Arc<Hall>,
    pub(crate) node: Node,
    pub(crate) writer: Writer,
    pub(crate) peers: Peers,
    pub(crate) folder_file: FolderFile,
    pub(crate) folder: Folder,
    /// The last entry of the log.
    pub(crate) last_index: u64,
    /// Its cluster begins with this start.
    pub(crate) began_here: bool,
}

/// This machine's time, as the node wants it.
pub(crate) fn boot_time() -> BootTime {
    let time = clock_gettime(ClockId::Boottime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
    let nanos = u64::try_from(time.tv_nsec).unwrap_or_default();
    BootTime(seconds * 1_000 + nanos / 1_000_000)
}

impl Runtime {
    pub(crate) fn new(parts: Parts) -> Runtime {
        let Parts { hall, node, writer, peers, folder_file, folder, last_index, began_here } =
            parts;
        Runtime {
            hall,
            members: node.membership().clone(),
            node,
            writer,
            peers,
            outlets: BTreeMap::new(),
            dirty: Vec::new(),
            writes: Vec::new(),
            stuck_until: None,
            room: Room::Enough,
            looked_for_room: Instant::now(),
            inbox: Inbox::default(),
            inputs: Vec::new(),
            out: Vec::new(),
            last_index,
            drained: false,
            folder_file,
            own_place: folder.places.get(folder.node_id).cloned(),
            tells_place_at: Instant::now(),
            folder,
            removed: false,
            began_here,
            examines_claims_at: Instant::now(),
            transfers: Vec::new(),
            adding: BTreeMap::new(),
            backups: Backups::default(),
            begun: boot_time(),
            heard_leader: None,
            snapshots: Snapshots::default(),
        }
    }

    /// Applies what the log holds, and tells how much there is.
    pub(crate) fn begin(&mut self) -> Result<Sizes, RunError> {
        self.step([Input::Tick], false)?;
        self.peers.connect(self.node.membership());
        Ok(self.node.applied().0.sizes())
    }

    /// Runs until `stop` says so and what was under way is done, then leaves a snapshot.
    pub(crate) async fn run(mut self, stop: impl Future<Output = ()>) -> Result<(), RunError> {
        tokio::pin!(stop);
        let mut leaving: Option<Leaving> = None;
        while !self.drained {
            let hall = self.hall.clone();
            tokio::select! {
                biased;
                // First: clients that ask without end must not keep it waiting.
                () = &mut stop, if leaving.is_none() => leaving = Some(self.leave()),
                () = hall.wait() => {}
                () = sleep(self.time_to_tick()) => {
                    hall.push(Input::Tick);
                    if !self.writer.is_writing() {
                        self.writer.log().idle()?;
                    }
                }
            }
            self.turn()?;
            if self.removed {
                return Err(RunError::Removed);
            }
            if let Some(leaving) = &mut leaving
                && self.go_on_leaving(leaving)
            {
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

    /// The last write waits for room on the disk.
    pub(crate) fn is_stuck(&self) -> bool {
        self.stuck_until.is_some()
    }

    fn time_to_tick(&self) -> Duration {
        let longest = match self.room {
            Room::Enough => TICK_TIME_MAX,
            Room::Low | Room::Out => FULL_DISK_RETRY,
        };
        let longest = if self.inputs.is_empty() { longest } else { Duration::ZERO };
        self.node.next_tick().map_or(longest, |at| {
            Duration::from_millis(at.0.saturating_sub(boot_time().0)).min(longest)
        })
    }

    /// Takes what came in, and does all that follows from it.
    fn turn(&mut self) -> Result<(), RunError> {
        let mut inbox = std::mem::take(&mut self.inbox);
        self.hall.swap(&mut inbox);
        self.outlets.extend(inbox.connected.drain(..));
        for news in inbox.news.drain(..) {
            self.handle_news(news)?;
        }
        self.keep_own_place();
        for (client, id, ask) in inbox.asked.drain(..) {
            self.ask(client, id, ask);
        }
        inbox.inputs.append(&mut self.inputs);
        for input in &inbox.inputs {
            match input {
                Input::Disconnected(client) => {
                    self.outlets.remove(client);
                    self.backups.forget(*client);
                }
                Input::Peer { from, .. } if self.node.leader() == Some(*from) => {
                    self.heard_leader = Some(boot_time());
                }
                _ => {}
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
            self.hand_out()?;
            let waits = self.stuck_until.is_some_and(|until| Instant::now() < until);
            let can_write = !self.writes.is_empty() && !self.writer.is_writing() && !waits;
            let many = many || self.dirty.len() >= ASIDE_MIN;
            let aside = can_write && many && self.writer.is_slow();
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
        if self.node.is_leader() {
            // Also when another leads next, or nobody: what it knew was new until now.
            self.heard_leader = Some(boot_time());
        }
        self.look_at_members();
        self.note_acked();
        self.answer_transfers();
        if !self.writer.is_writing() {
            let ordered = &mut self.snapshots.is_ordered;
            let made = self.writer.log().keep_short(&self.node, ordered, &self.hall)?;
            if let Some((index, term)) = made {
                self.inputs.push(Input::SnapshotMade { index, term });
            }
            self.send_snapshots()?;
            self.take_arrivals()?;
            self.begin_backups()?;
            self.look_for_room();
        }
        // What was answered last would wait for the next turn.
        self.flush();
        Ok(())
    }

    /// Answers what the node is not asked.
    fn ask(&mut self, client: ClientId, id: u64, ask: Ask) {
        match ask {
            Ask::Service(what) => self.inputs.push(Input::Request { client, id, what }),
            Ask::Stale(query) => {
                let reply = self.node.look(&query);
                self.answer(client, id, Answer::Stale(reply, self.staleness()));
            }
            Ask::Cluster(ask) => self.ask_cluster(client, id, ask),
            Ask::Backup { from } => self.ask_backup(client, id, from),
        }
    }

    /// How old what the table says may be; also while the machine was suspended it grew older.
    fn staleness(&self) -> Staleness {
        let age_ms = match self.node.is_leader() {
            true => 0,
            false => boot_time().0.saturating_sub(self.heard_leader.unwrap_or(self.begun).0),
        };
        Staleness {
            revision: self.node.applied().0.counters().revision,
            age_ms,
            no_leader_yet: self.heard_leader.is_none(),
        }
    }

    /// What a write came to, as a fact for the node.
    fn durable(&mut self, (stuck, last): (Vec<Write>, Option<u64>)) -> Option<Input> {
        self.stuck_until = (!stuck.is_empty()).then(|| Instant::now() + FULL_DISK_RETRY);
        self.writes.splice(..0, stuck);
        last.map(Input::Persisted)
    }

    /// Gives replies and notices to their connections, and collects what is to be written.
    fn hand_out(&mut self) -> Result<(), RunError> {
        let mut out = std::mem::take(&mut self.out);
        for output in out.drain(..) {
            match output {
                Output::Persist(persist) => {
                    if let Some(last) = persist.entries.last() {
                        self.last_index = last.index;
                    }
                    self.writes.push(Write::Append(persist));
                }
                Output::Drained => self.drained = true,
                Output::Send { to, message } => self.peers.put(to, &message),
                Output::MakeSnapshot => self.snapshots.is_ordered = true,
                Output::SendSnapshot { to, index, message, .. } => {
                    self.snapshots.to_send.push((to, index, message));
                }
                Output::InstallSnapshot { number, index, .. } => {
                    let Some(finished) = self.snapshots.received.remove(&index) else {
                        return Err(RunError::NoSnapshot(index));
                    };
                    self.last_index = index;
                    self.writes.push(Write::Install { number, finished });
                }
                Output::DiscardSnapshot { index } => {
                    self.snapshots.received.remove(&index);
                }
                Output::Reply { client, id, now, reply } => {
                    self.handle_change_reply(client, id, &reply);
                    if let Some(outlet) = self.outlets.get(&client) {
                        outlet.reply(id, now, self.answer_of(reply));
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
        self.out = out;
        let log_end = LogEnd { term: self.node.term(), index: self.last_index };
        self.peers.post().note_log_end(log_end);
        Ok(())
    }

    /// Takes note of what other members have, if this one leads.
    fn note_acked(&self) {
        let Membership { node_id, voters, learners, .. } = &self.members;
        let others = voters.iter().chain(learners).filter(|node| *node != node_id);
        let acked = others.filter_map(|node| Some((*node, self.node.match_index(*node)?)));
        self.peers.post().note_acked(self.node.term(), acked);
    }

    /// Answers what the node was not asked.
    pub(crate) fn answer(&mut self, client: ClientId, id: u64, answer: Answer) {
        if let Some(outlet) = self.outlets.get(&client) {
            let now = match answer {
                // Ages count also while nothing happens; nothing else that is said here has any.
                Answer::Stale(..) => self.node.time(boot_time()),
                _ => self.node.applied().0.now(),
            };
            outlet.reply(id, now, answer);
            self.dirty.push(client);
        }
    }

    /// Sends what the connections were given. Those that read too slowly are facts for the node, in
    /// the next turn: whoever reads nothing must not keep this one going.
    fn flush(&mut self) {
        self.peers.flush();
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
        let mut shortage = self.writer.log().shortage();
        if shortage.is_some() && self.looked_for_room.elapsed() >= FULL_DISK_RETRY {
            self.looked_for_room = Instant::now();
            self.writer.log().prepare_next();
            shortage = self.writer.log().shortage();
        }
        let room = match (self.stuck_until.is_some(), shortage.is_some()) {
            (true, _) => Room::Out,
            (false, true) => Room::Low,
            (false, false) => Room::Enough,
        };
        if room == self.room {
            return;
        }
        match room {
            Room::Enough => info!("there is room for the log again"),
            Room::Low | Room::Out => {
                warn!(?room, shortage, "no room for the log: nothing new is granted");
            }
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
    #[error("snapshot {0} is to be installed, and was not received")]
    NoSnapshot(u64),
    #[error(transparent)]
    Claimed(FormationError),
    #[error("this node was removed from its cluster")]
    Removed,
    #[error("the cluster does not take this node: {0}")]
    NotAdmitted(String),
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use bramah_core::Time;
    use bramah_node::Notice;
    use bramah_wire::link::Wish;

    use super::*;
    use crate::cluster::folder_of;
    use crate::config::Storage;
    use crate::log::{Beginning, Log};
    use crate::peers::{Identity, Post};
    use crate::service::Service;

    const IDENTITY: Identity = Identity { cluster_id: 300, node_id: 7 };

    /// A node that waits until it is a member.
    fn runtime() -> Runtime {
        let Identity { cluster_id, node_id } = IDENTITY;
        runtime_in(&Storage::Memory, Beginning::Joining { cluster_id, node_id })
    }

    fn runtime_in(storage: &Storage, beginning: Beginning) -> Runtime {
        let opened = Log::open(storage, beginning, 1 << 20).expect("it opens");
        let folder = folder_of(&opened.recovered.membership, Wish::Voter);
        let hall = Arc::new(Hall::default());
        let post = Arc::new(Post::new(IDENTITY, hall.clone(), folder.places.clone()));
        Runtime::new(Parts {
            node: Node::new(opened.recovered).expect("it begins"),
            writer: Writer::new(opened.log, hall.clone()).expect("a thread"),
            peers: Peers::new(post),
            hall,
            folder_file: FolderFile::new(None),
            folder,
            last_index: 0,
            began_here: false,
        })
    }

    /// Lets time pass that timers do not count.
    fn pass(millis: u64) {
        let until = boot_time().0 + millis;
        while boot_time().0 < until {
            std::thread::yield_now();
        }
    }

    // With the clock of its timers paused, as that of a suspended machine is.
    #[tokio::test(start_paused = true)]
    async fn a_table_grows_older_also_while_the_machine_is_suspended() {
        let mut runtime = runtime();
        pass(3);
        let staleness = runtime.staleness();
        assert!(staleness.no_leader_yet && staleness.age_ms >= 3, "{staleness:?}");
        runtime.heard_leader = Some(boot_time());
        pass(2);
        let since_heard = runtime.staleness();
        assert!(!since_heard.no_leader_yet && since_heard.age_ms >= 2, "{since_heard:?}");
    }

    /// Counts what was said, and of that what was sent.
    #[derive(Default)]
    struct Counting {
        said: AtomicUsize,
        sent: AtomicUsize,
    }

    impl Outlet for Counting {
        fn reply(&self, _: u64, _: Time, _: Answer) {
            self.said.fetch_add(1, Ordering::Relaxed);
        }

        fn notice(&self, _: Time, _: Notice) {}

        fn leave(&self, _: Time, _: u64, _: &[String]) {}

        fn flush(&self) -> Flow {
            self.sent.store(self.said.load(Ordering::Relaxed), Ordering::Relaxed);
            Flow::Open
        }
    }

    #[tokio::test]
    async fn what_is_answered_last_in_a_turn_is_sent_in_it() {
        let Identity { cluster_id, node_id } = IDENTITY;
        let beginning = Beginning::Cluster { cluster_id, node_id, epoch: 0 };
        let mut runtime = runtime_in(&Storage::Memory, beginning);
        runtime.begin().expect("it begins");
        let outlet = Arc::new(Counting::default());
        let client = runtime.hall.connect(outlet.clone());
        runtime.hall.ask(client, 1, Ask::Backup { from: 0 });
        runtime.turn().expect("it goes on");
        assert_eq!(outlet.sent.load(Ordering::Relaxed), 1);
    }

    #[tokio::test]
    async fn a_snapshot_that_is_made_wakes_whoever_waits_for_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let Identity { cluster_id, node_id } = IDENTITY;
        let beginning = Beginning::Cluster { cluster_id, node_id, epoch: 0 };
        let mut runtime = runtime_in(&Storage::Folder(folder.path().to_owned()), beginning);
        runtime.begin().expect("it begins");
        runtime.snapshots.is_ordered = true;
        runtime.turn().expect("it goes on");
        assert!(runtime.inputs.is_empty(), "it is not made at once");
        // Nothing else comes, and no timer runs.
        let made = async {
            while runtime.inputs.is_empty() {
                runtime.hall.wait().await;
                runtime.turn().expect("it goes on");
            }
        };
        tokio::time::timeout(Duration::from_secs(20), made).await.expect("it is woken");
        assert!(matches!(runtime.inputs[..], [Input::SnapshotMade { .. }]));
    }
}
