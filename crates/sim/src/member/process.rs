//! A running member: its node, its log, and what a server's shell knows between two steps.

use std::io::Read;

use bramah_core::State;
use bramah_node::compaction::{self, CompactionError};
use bramah_node::{Input, Node, Persist, Replay, Room};
use bramah_wal::{
    FinishedSnapshot, ReadError, Reader, SimDisk, SimFile, SnapshotMeta, SnapshotWriter, Wal,
    WalError,
};
use bramah_wire::membership::Membership;
use bramah_wire::peer::Message;
use bramah_wire::snapshot::SnapshotReader;

use crate::fact::StopCause;
use crate::time::SimTime;

use super::{FULL_DISK_RETRY_US, Parcel, Stop, failed, impossible};

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

/// A snapshot that stands in place of the log.
#[derive(Debug)]
pub struct Installed {
    /// Its last entry, and that entry's term.
    pub at: (u64, u64),
    /// Its table.
    pub state: State,
}

/// What became durable.
#[derive(Debug, Default)]
pub struct Written {
    /// The numbers of what the log took, in order, and where it was a snapshot, which.
    pub done: Vec<(u64, Option<Installed>)>,
    /// The rest found no room.
    pub is_stuck: bool,
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

impl Process {
    pub(super) fn new(node: Node, wal: Wal<SimDisk>, compacts_at_bytes: u64) -> Process {
        Process {
            node,
            inbox: Vec::new(),
            is_paused: false,
            is_blocked: false,
            is_draining: false,
            is_drained: false,
            leads: None,
            wakes_at: None,
            wal,
            writes: Vec::new(),
            writing: None,
            stuck_until: None,
            room: Room::Enough,
            looked_for_room: SimTime(0),
            is_sealed: true,
            compaction: None,
            received: None,
            compacts_at_bytes,
        }
    }

    /// It can take what comes.
    #[must_use]
    pub fn is_listening(&self) -> bool {
        !self.is_paused && !self.is_blocked
    }

    /// It needs no snapshot to go on with the other's log.
    #[must_use]
    pub fn has_what_is_cut_from(&self, other: &Process) -> bool {
        let (_, applied, _) = self.node.applied();
        applied >= other.wal.snapshot().map_or(0, |snapshot| snapshot.index)
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
                    written.done.push((number, installed));
                }
                Err(WalError::DiskFull(_)) => {
                    let rest = std::iter::once(write).chain(writes);
                    self.writes.splice(..0, rest.collect::<Vec<_>>());
                    written.is_stuck = true;
                    break;
                }
                Err(error) => return Err(failed(error)),
            }
        }
        Ok(written)
    }

    fn write(&mut self, write: &Write) -> Result<Option<Installed>, WalError> {
        match write {
            Write::Persist(persist) => {
                self.wal.append(persist.hard_state.as_ref(), &persist.entries)?;
                Ok(None)
            }
            Write::Install { index, term, .. } => {
                // The node orders only what was given to it.
                let mut received = (self.received.take())
                    .filter(|of| of.finished.meta().index == *index)
                    .unwrap_or_else(|| panic!("no snapshot {index} to install"));
                // One of our own is older, whatever becomes of it.
                self.compaction = None;
                if let Err(error) = self.wal.try_publish(&mut received.finished) {
                    // Without room it is tried again.
                    self.received = Some(received);
                    return Err(error);
                }
                Ok(Some(Installed { at: (*index, *term), state: received.state }))
            }
        }
    }

    /// After a write: if part of it found no room, it is tried again later.
    pub fn set_stuck(&mut self, now: SimTime, is_stuck: bool) {
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
            Err(CompactionError::Read(ReadError::Io { .. })) => {
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
    pub fn read_snapshot(&self, index: u64, message: &Message) -> Option<Parcel> {
        let mut snapshot = self.wal.reader().snapshot().ok()??;
        let meta = snapshot.meta().clone();
        let mut data = Vec::new();
        let is_read = meta.index == index && snapshot.read_to_end(&mut data).is_ok();
        is_read.then(|| Parcel { meta, data, message: message.encode() })
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
        let state = Box::new(state);
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
