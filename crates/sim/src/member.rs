//! A member as a machine with a disk, on which a process runs, is killed and starts again: the real
//! node over the real log, with the world around them in place of a server's threads.
//!
//! It does what the server's shell does and in its order, but for the time that things take, which
//! the world decides.

mod process;

pub use self::process::{Installed, Process, Write, Written};

use bramah_node::compaction;
use bramah_node::{Node, NodeError, Recovered, Replay};
use bramah_wal::{Disk, OpenError, Options, SimDisk, SnapshotMeta, TornTail, Wal, WalError};
use bramah_wire::membership::Membership;
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
    /// Its disk was damaged, so that it may refuse it.
    pub has_rotted: bool,
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

/// A snapshot on its way to another member.
#[derive(Clone, Debug)]
pub struct Parcel {
    /// What it stands for.
    pub meta: SnapshotMeta,
    /// Its data.
    pub data: Vec<u8>,
    /// The bytes of the message that goes with it.
    pub message: Vec<u8>,
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
        let segment_bytes = 1024 * *random.pick(&[32, 32, 64, 256]);
        let spare_segments_max = random.below(3) as usize;
        let options = Options { segment_bytes, spare_segments_max };
        // From a snapshot every second to none at all.
        // Mostly seldom: making snapshots all the time would be most of a run's work.
        let least = if random.chance(100_000) { 2 * 1024 } else { 48 * 1024 };
        let compacts_at_bytes = random.skewed(1024 * 1024) + least;
        Member {
            no,
            disk,
            process: None,
            life: 0,
            is_gone: false,
            has_rotted: false,
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
        self.process = Some(Process::new(node, found.wal, self.compacts_at_bytes));
        Ok(())
    }

    /// The process is killed. What it wrote stays, as far as it got with what is under way.
    pub fn kill(&mut self) {
        if let Some(process) = &mut self.process
            && process.is_writing()
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
            && process.is_writing()
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
        self.has_rotted = true;
        Some((name, offset))
    }

    /// It comes back with nothing, or not at all, whether it knows that already or not.
    pub fn is_lost(&self) -> bool {
        self.is_gone || self.has_rotted
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
