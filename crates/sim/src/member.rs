//! A member as a machine with a disk, on which a process runs, is killed and starts again: the real
//! node over the real log, with the world around them in place of a server's threads.
//!
//! It does what the server's shell does and in its order, but for the time that things take, which
//! the world decides.

use std::io::Read;

use bramah_core::State;
use bramah_node::compaction::{self, CompactionError};
use bramah_node::{Input, Node, NodeError, Persist, Recovered, Replay, Room};
use bramah_wal::{
    FinishedSnapshot, OpenError, Options, Reader, SimDisk, SimFile, SnapshotMeta, SnapshotWriter,
    TornTail, Wal, WalError,
};
use bramah_wire::membership::Membership;
use bramah_wire::peer::Message;
use bramah_wire::snapshot::SnapshotReader;

use crate::fact::StopCause;
use crate::random::Random;
use crate::time::SimTime;

/// The number of the cluster of every run.
pub const CLUSTER_ID: u64 = 7_420;
/// How often a server tries again to find room on a full disk.
pub const FULL_DISK_RETRY_US: u64 = 250_000;

/// A machine that can run a member.
#[derive(Debug)]
pub struct Member {
    /// Its number.
    pub no: u64,
    /// Its disk, as it is now.
    pub disk: SimDisk,
    /// What runs.
    pub process: Option<Process>,
    /// How many processes there were.
    pub life: u64,
    /// It is not to be started again: removed, or its disk is damaged.
    pub is_gone: bool,
    /// The power is out.
    pub is_dark: bool,
    /// A start is due.
    pub starts_at: Option<SimTime>,
    /// How long it stays down when it stops by itself.
    pub back_after_ms: u64,
    /// Writes take so long until then.
    pub slow: Option<(u64, SimTime)>,
    /// Its luck.
    pub random: Random,
    /// A fault waits in its disk.
    pub is_armed: bool,
    founders: Vec<u64>,
    options: Options,
    compacts_at_bytes: u64,
}

/// What a disk holds.
pub struct Found {
    wal: Wal<SimDisk>,
    /// For the node.
    pub recovered: Recovered,
    /// What a crash left of a write was cut off.
    pub torn: Option<TornTail>,
}

/// A running member.
#[derive(Debug)]
pub struct Process {
    /// The node.
    pub node: Node,
    /// What came while it could not take it.
    pub inbox: Vec<Input>,
    /// It stands still, stopped by somebody.
    pub is_paused: bool,
    /// It writes on the thread that serves, so nothing else happens.
    pub is_blocked: bool,
    /// It was told to stop.
    pub is_draining: bool,
    /// The node says that all is done.
    pub is_drained: bool,
    /// The term in which it leads and may serve.
    pub leads: Option<u64>,
    /// When it wakes by itself.
    pub wakes_at: Option<SimTime>,
    wal: Wal<SimDisk>,
    writes: Vec<Write>,
    writing: Option<Vec<Write>>,
    stuck_until: Option<SimTime>,
    room: Room,
    looked_for_room: SimTime,
    is_sealed: bool,
    compaction: Option<Compaction>,
    received: Option<Received>,
    compacts_at_bytes: u64,
}

/// Something to be written.
#[derive(Debug)]
pub enum Write {
    /// Part of the log.
    Persist(Persist),
    /// A snapshot in place of the log.
    Install {
        /// To be said when it is done.
        number: u64,
        /// Its last entry.
        index: u64,
        /// That entry's term.
        term: u64,
    },
}

/// What became durable.
#[derive(Debug, Default)]
pub struct Written {
    /// The numbers of what the log took.
    pub numbers: Vec<u64>,
    /// Snapshots that stand in place of the log now.
    pub installed: Vec<(u64, u64, State)>,
}

/// A snapshot that is being made.
enum Compaction {
    Begun { reader: Reader<SimFile>, writer: SnapshotWriter<SimDisk>, index: u64 },
    Done(FinishedSnapshot<SimDisk>),
}

/// A snapshot of a leader, written aside.
struct Received {
    finished: FinishedSnapshot<SimDisk>,
    state: State,
}

/// A snapshot on its way to another member.
#[derive(Debug)]
pub struct Parcel {
    /// What it stands for.
    pub meta: SnapshotMeta,
    /// Its data.
    pub data: Vec<u8>,
}

/// Why a member's process ends.
#[derive(Debug)]
pub enum Stop {
    /// Of its disk.
    Disk(StopCause),
    /// It found no room even for its first files.
    NoRoom,
    /// The node refuses to go on, which nothing that happens here allows.
    Node(NodeError),
    /// Something in the shell that nothing here allows.
    Impossible(String),
}

impl Member {
    /// A machine with an empty disk. `founders` are the voters of a new cluster; with none it is to
    /// join one.
    #[must_use]
    pub fn new(no: u64, founders: Vec<u64>, mut random: Random) -> Member {
        let disk = SimDisk::new(random.number());
        let segment_bytes = 1024 * *random.pick(&[64, 64, 128, 512]);
        let spare_segments_max = random.below(3) as usize;
        let options = Options { segment_bytes, spare_segments_max };
        // From a snapshot every second to none at all.
        let compacts_at_bytes = random.skewed(1024 * 1024) + 2 * 1024;
        Member {
            no,
            disk,
            process: None,
            life: 0,
            is_gone: false,
            is_dark: false,
            starts_at: None,
            back_after_ms: 500,
            slow: None,
            random,
            is_armed: false,
            founders,
            options,
            compacts_at_bytes,
        }
    }

    /// Reads what the disk holds, as a server does when it starts.
    ///
    /// # Errors
    /// [`Stop`]: it cannot start like that.
    pub fn open(&mut self, incarnation: u64) -> Result<Found, Stop> {
        let (mut wal, found) = Wal::open(self.disk.clone(), self.options).map_err(refused)?;
        let torn = found.torn;
        let Some(snapshot) = wal.reader().snapshot().map_err(refused)? else {
            if self.founders.is_empty() {
                let recovered = Recovered::joining(CLUSTER_ID, self.no, true, incarnation);
                let recovered = Recovered { hard_state: found.hard_state, ..recovered };
                return Ok(Found { wal, recovered, torn });
            }
            let (voters, learners) = (self.founders.clone(), Vec::new());
            let (cluster_id, node_id) = (CLUSTER_ID, self.no);
            let membership = Membership { cluster_id, node_id, voters, learners };
            let recovered = Recovered::new(membership, true, incarnation);
            save_genesis(&mut wal, &recovered).map_err(failed)?;
            return Ok(Found { wal, recovered, torn });
        };
        let meta = snapshot.meta().clone();
        let facts = SnapshotReader::new(snapshot);
        let facts = facts.map_err(|error| impossible("read its snapshot", &error))?;
        let members = Membership::decode(&meta.members);
        let recovered = Recovered {
            membership: members.map_err(|error| impossible("read its members", &error))?,
            durable: true,
            state: Replay::read_state(facts).map_err(Stop::Node)?,
            snapshot: (meta.index, meta.term),
            hard_state: found.hard_state,
            entries: found.entries,
            incarnation,
        };
        Ok(Found { wal, recovered, torn })
    }

    /// Begins to run with what the disk holds.
    ///
    /// # Errors
    /// [`Stop`]: the node does not take it.
    pub fn begin(&mut self, found: Found) -> Result<(), Stop> {
        let node = Node::new(found.recovered).map_err(Stop::Node)?;
        self.life += 1;
        (self.is_dark, self.starts_at) = (false, None);
        self.process = Some(Process {
            node,
            inbox: Vec::new(),
            is_paused: false,
            is_blocked: false,
            is_draining: false,
            is_drained: false,
            leads: None,
            wakes_at: None,
            wal: found.wal,
            writes: Vec::new(),
            writing: None,
            stuck_until: None,
            room: Room::Enough,
            looked_for_room: SimTime(0),
            is_sealed: true,
            compaction: None,
            received: None,
            compacts_at_bytes: self.compacts_at_bytes,
        });
        Ok(())
    }

    /// The process is killed. What it wrote stays, as far as it got with what is under way.
    pub fn kill(&mut self) {
        if let Some(process) = &mut self.process
            && process.writing.is_some()
        {
            match self.random.below(3) {
                0 => {}
                1 => drop(process.finish_write()),
                _ => {
                    self.disk.lose_power_at(self.disk.operations() + self.random.below(4));
                    let _ = process.finish_write();
                }
            }
        }
        // First the disk: what the dead process drops must not clean up behind it.
        self.disk = self.disk.kill();
        self.is_armed = false;
        self.process = None;
    }

    /// The machine loses power: of what is not synced, anything may be gone.
    pub fn lose_power(&mut self) {
        if let Some(process) = &mut self.process
            && process.writing.is_some()
            && !self.disk.is_powerless()
            && self.random.chance(800_000)
        {
            self.disk.lose_power_at(self.disk.operations() + self.random.below(4));
            let _ = process.finish_write();
        }
        let kept_ppm = *self.random.pick(&[0, 100_000, 500_000, 900_000, 1_000_000]);
        let random = &mut self.random;
        self.disk = self.disk.restart(|_| random.chance(kept_ppm));
        self.is_armed = false;
        self.process = None;
        self.is_dark = true;
    }

    /// The process has ended by itself.
    pub fn ended(&mut self) {
        self.disk = self.disk.kill();
        self.is_armed = false;
        self.process = None;
    }

    /// The power goes with one of the next operations of the disk.
    pub fn lose_power_soon(&mut self) {
        self.disk.lose_power_at(self.disk.operations() + self.random.below(40));
        self.is_armed = true;
    }

    /// One of the next operations of the disk fails.
    pub fn fail_soon(&mut self) {
        let operation = self.disk.operations() + self.random.below(6);
        self.disk.fail_at(operation, std::io::ErrorKind::Other);
        self.is_armed = true;
    }

    /// A bit on the disk changes, somewhere. Gives the place, unless there is nothing.
    pub fn rot(&mut self) -> Option<(String, usize)> {
        use bramah_wal::Disk;
        let names = self.disk.list().ok()?;
        let files = names.into_iter().filter_map(|name| {
            let content = self.disk.content(&name)?;
            // Zeros at the end are for later, and are written before they matter.
            let used = content.iter().rposition(|byte| *byte != 0)? + 1;
            Some((name, used))
        });
        let mut files: Vec<(String, usize)> = files.collect();
        files.sort();
        if files.is_empty() {
            return None;
        }
        let (name, used) = self.random.pick(&files).clone();
        let offset = self.random.below(used as u64) as usize;
        self.disk.flip_bit(&name, offset, self.random.below(8) as u8);
        Some((name, offset))
    }

    /// How long a write takes that begins now, in microseconds.
    pub fn write_us(&mut self, now: SimTime) -> u64 {
        match self.slow {
            Some((us, until)) if now < until => self.random.between(us / 2, us),
            _ => {
                let us = self.random.between(60, 400);
                if self.random.chance(2_000) { us * 100 } else { us }
            }
        }
    }
}

impl Process {
    /// It can take what comes.
    #[must_use]
    pub fn is_listening(&self) -> bool {
        !self.is_paused && !self.is_blocked
    }

    /// The node orders something to be written.
    pub fn order(&mut self, write: Write) {
        self.writes.push(write);
    }

    /// Begins to write what is ordered; false if nothing can be begun.
    pub fn begin_write(&mut self, now: SimTime) -> bool {
        let is_stuck = self.stuck_until.is_some_and(|until| now < until);
        if self.writing.is_some() || self.writes.is_empty() || is_stuck {
            return false;
        }
        self.writing = Some(std::mem::take(&mut self.writes));
        true
    }

    /// A write is under way.
    #[must_use]
    pub fn is_writing(&self) -> bool {
        self.writing.is_some()
    }

    /// When a write is to be tried again that found no room.
    #[must_use]
    pub fn tries_again_at(&self) -> Option<SimTime> {
        self.stuck_until
    }

    /// The time of the write that is under way has come: it is done, in the order given, up to the
    /// first part that finds no room.
    ///
    /// # Errors
    /// [`Stop`]: the disk failed.
    pub fn finish_write(&mut self) -> Result<Written, Stop> {
        self.is_blocked = false;
        let mut written = Written::default();
        let Some(writes) = self.writing.take() else { return Ok(written) };
        let mut writes = writes.into_iter();
        self.is_sealed = false;
        while let Some(write) = writes.next() {
            match self.write(&write) {
                Ok(installed) => {
                    let (Write::Persist(Persist { number, .. }) | Write::Install { number, .. }) =
                        write;
                    written.numbers.push(number);
                    written.installed.extend(installed);
                }
                Err(WalError::DiskFull(_)) => {
                    let rest = std::iter::once(write).chain(writes);
                    self.writes.splice(..0, rest.collect::<Vec<_>>());
                    break;
                }
                Err(error) => return Err(failed(error)),
            }
        }
        Ok(written)
    }

    fn write(&mut self, write: &Write) -> Result<Option<(u64, u64, State)>, WalError> {
        match write {
            Write::Persist(persist) => {
                self.wal.append(persist.hard_state.as_ref(), &persist.entries)?;
                Ok(None)
            }
            Write::Install { index, term, .. } => {
                let is_it = |of: &mut Received| of.finished.meta().index == *index;
                let received = self.received.take_if(is_it);
                // The node orders only what was given to it.
                let Received { finished, state } =
                    received.unwrap_or_else(|| panic!("no snapshot {index} to install"));
                // One of our own is older, whatever becomes of it.
                self.compaction = None;
                self.wal.publish_snapshot(finished)?;
                Ok(Some((*index, *term, state)))
            }
        }
    }

    /// After a write: part of it found no room, so it is tried again later.
    pub fn look_for_stuck(&mut self, now: SimTime) {
        let is_stuck = !self.writes.is_empty();
        self.stuck_until = is_stuck.then(|| now.plus_us(FULL_DISK_RETRY_US));
    }

    /// How much room there is, if that changed.
    pub fn look_for_room(&mut self, now: SimTime) -> Option<Room> {
        let rested = now.since(self.looked_for_room).as_micros() >= u128::from(FULL_DISK_RETRY_US);
        if self.wal.is_disk_full() && rested {
            self.looked_for_room = now;
            self.wal.prepare_next();
        }
        let room = match (self.stuck_until.is_some(), self.wal.is_disk_full()) {
            (true, _) => Room::Out,
            (false, true) => Room::Low,
            (false, false) => Room::Enough,
        };
        (std::mem::replace(&mut self.room, room) != room).then_some(room)
    }

    /// The disk has not enough room.
    #[must_use]
    pub fn lacks_room(&self) -> bool {
        self.room != Room::Enough
    }

    /// Nobody waits for anything: says of the last write that it is durable.
    ///
    /// # Errors
    /// [`Stop`]: the disk failed.
    pub fn idle(&mut self) -> Result<(), Stop> {
        if self.is_sealed || self.writing.is_some() || self.wal.is_disk_full() {
            return Ok(());
        }
        self.is_sealed = true;
        match self.wal.seal() {
            Ok(()) | Err(WalError::DiskFull(_)) => Ok(()),
            Err(error) => Err(failed(error)),
        }
    }

    /// The log has grown so long that a snapshot is due, and none is being made.
    #[must_use]
    pub fn is_compaction_due(&self) -> bool {
        self.compaction.is_none() && self.wal.bytes_since_snapshot() >= self.compacts_at_bytes
    }

    /// Begins to make a snapshot of what is applied. Tells how many bytes of log there are to read;
    /// none if one is being made, there is nothing new, or no room.
    ///
    /// # Errors
    /// [`Stop`]: the disk failed.
    pub fn begin_compaction(&mut self) -> Result<Option<u64>, Stop> {
        let (_, index, term) = self.node.applied();
        let is_new = self.wal.snapshot().is_some_and(|snapshot| snapshot.index < index);
        if self.compaction.is_some() || !is_new {
            return Ok(None);
        }
        let members = self.node.membership().encode();
        let writer = match self.wal.begin_snapshot(&SnapshotMeta { index, term, members }) {
            Ok(writer) => writer,
            Err(WalError::DiskFull(_)) => return Ok(None),
            Err(error) => return Err(failed(error)),
        };
        let reader = self.wal.reader();
        self.compaction = Some(Compaction::Begun { reader, writer, index });
        Ok(Some(self.wal.bytes_since_snapshot()))
    }

    /// The time of the compaction has come.
    ///
    /// # Errors
    /// [`Stop`]: the disk failed, or the log cannot be read again.
    pub fn finish_compaction(&mut self) -> Result<(), Stop> {
        let begun = self.compaction.take_if(|of| matches!(of, Compaction::Begun { .. }));
        let Some(Compaction::Begun { reader, writer, index }) = begun else { return Ok(()) };
        match compaction::run(&reader, index, writer) {
            Ok((finished, _)) => self.compaction = Some(Compaction::Done(finished)),
            Err(CompactionError::Write(WalError::DiskFull(_))) => {}
            Err(CompactionError::Write(error)) => return Err(failed(error)),
            Err(CompactionError::Read(bramah_wal::ReadError::Io { .. })) => {
                return Err(Stop::Disk(StopCause::DiskFailed));
            }
            Err(error) => return Err(impossible("make a snapshot", &error)),
        }
        Ok(())
    }

    /// Puts a finished snapshot in place, if no write is under way. Gives its index and term.
    ///
    /// # Errors
    /// [`Stop`]: the disk failed.
    pub fn publish_compaction(&mut self) -> Result<Option<(u64, u64)>, Stop> {
        if self.writing.is_some() {
            return Ok(None);
        }
        let done = self.compaction.take_if(|of| matches!(of, Compaction::Done(_)));
        let Some(Compaction::Done(finished)) = done else { return Ok(None) };
        let (index, term) = (finished.meta().index, finished.meta().term);
        match self.wal.publish_snapshot(finished) {
            Ok(()) => Ok(Some((index, term))),
            // A leader's came before it.
            Err(WalError::DiskFull(_) | WalError::StaleSnapshot { .. }) => Ok(None),
            Err(error) => Err(failed(error)),
        }
    }

    /// The published snapshot, if it is the one with that index.
    #[must_use]
    pub fn read_snapshot(&self, index: u64) -> Option<Parcel> {
        let mut snapshot = self.wal.reader().snapshot().ok()??;
        let meta = snapshot.meta().clone();
        let mut data = Vec::new();
        let is_read = meta.index == index && snapshot.read_to_end(&mut data).is_ok();
        is_read.then_some(Parcel { meta, data })
    }

    /// Writes a leader's snapshot aside and decodes it. None if there is no room.
    ///
    /// # Errors
    /// [`Stop`]: the disk failed.
    pub fn receive(
        &mut self,
        from: u64,
        message: Message,
        parcel: &Parcel,
    ) -> Result<Option<Input>, Stop> {
        let members = Membership::decode(&parcel.meta.members);
        let members = members.map_err(|error| impossible("read the members sent", &error))?;
        let node_id = self.node.membership().node_id;
        let membership = Membership { node_id, ..members };
        let meta = SnapshotMeta { members: membership.encode(), ..parcel.meta.clone() };
        let aside = self.wal.begin_snapshot(&meta).and_then(|mut writer| {
            writer.write(&parcel.data)?;
            writer.finish()
        });
        let finished = match aside {
            Ok(finished) => finished,
            Err(WalError::DiskFull(_)) => return Ok(None),
            Err(error) => return Err(failed(error)),
        };
        let facts = SnapshotReader::new(&parcel.data[..]);
        let facts = facts.map_err(|error| impossible("read the snapshot sent", &error))?;
        let state = Replay::read_state(facts).map_err(Stop::Node)?;
        // One that is ordered to be installed stays until it is.
        if !self.is_install_ordered() {
            self.received = Some(Received { finished, state: state.clone() });
        }
        Ok(Some(Input::SnapshotReceived { from, message, membership, state }))
    }

    /// A snapshot waits to be put in place of the log.
    fn is_install_ordered(&self) -> bool {
        let mut writes = self.writes.iter().chain(self.writing.iter().flatten());
        writes.any(|write| matches!(write, Write::Install { .. }))
    }

    /// The snapshot that was received is of no use.
    pub fn discard(&mut self, index: u64) {
        if !self.is_install_ordered() {
            self.received.take_if(|received| received.finished.meta().index == index);
        }
    }

    /// Everything is done: leaves a snapshot, so that the next start has nothing to replay.
    ///
    /// # Errors
    /// [`Stop`]: the disk failed.
    pub fn close(&mut self) -> Result<(), Stop> {
        let (state, index, term) = self.node.applied();
        let result = if self.wal.snapshot().is_some_and(|snapshot| snapshot.index < index) {
            let members = self.node.membership().encode();
            let meta = SnapshotMeta { index, term, members };
            self.wal
                .begin_snapshot(&meta)
                .and_then(|writer| compaction::write(state, writer))
                .and_then(|finished| self.wal.publish_snapshot(finished))
                .and_then(|()| self.wal.seal())
        } else {
            self.wal.seal()
        };
        match result {
            Ok(()) | Err(WalError::DiskFull(_)) => Ok(()),
            Err(error) => Err(failed(error)),
        }
    }

    /// Says of everything written that it is durable. False if that is not so now.
    pub fn seal(&mut self) -> bool {
        self.writing.is_none() && !self.wal.is_disk_full() && self.wal.seal().is_ok()
    }
}

/// The first snapshot of a new member holds nothing but who it is.
fn save_genesis(wal: &mut Wal<SimDisk>, recovered: &Recovered) -> Result<(), WalError> {
    let (index, term) = recovered.snapshot;
    let meta = SnapshotMeta { index, term, members: recovered.membership.encode() };
    let writer = wal.begin_snapshot(&meta)?;
    wal.publish_snapshot(compaction::write(&recovered.state, writer)?)
}

fn refused(error: OpenError) -> Stop {
    match error {
        OpenError::Damaged { .. } | OpenError::UnknownVersion { .. } => {
            Stop::Disk(StopCause::DiskDamaged)
        }
        OpenError::DiskFull { .. } => Stop::NoRoom,
        OpenError::Io { .. } => Stop::Disk(StopCause::DiskFailed),
        error => impossible("open its log", &error),
    }
}

fn failed(error: WalError) -> Stop {
    match error {
        WalError::Failed(_) => Stop::Disk(StopCause::DiskFailed),
        WalError::DiskFull(_) => Stop::NoRoom,
        error => impossible("write its log", &error),
    }
}

fn impossible(what: &str, error: &dyn std::error::Error) -> Stop {
    let mut text = format!("it could not {what}: {error}");
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    Stop::Impossible(text)
}

impl std::fmt::Debug for Compaction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Compaction::Begun { .. } => "Begun",
            Compaction::Done(_) => "Done",
        })
    }
}

impl std::fmt::Debug for Received {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Received").field("index", &self.finished.meta().index).finish()
    }
}
