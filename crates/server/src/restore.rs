//! What is done to a data folder while no server runs in it: a backup becomes a cluster, and so
//! does the last member of one that is lost. Either grants on above all that was ever granted.

use std::io::{self, Read};
use std::path::Path;

use bramah_core::facts::Fact;
use bramah_core::{FencingToken, Sizes, State};
use bramah_node::{NodeError, Replay, compaction};
use bramah_wal::{DirDisk, OpenError, Options, SnapshotMeta, Wal, WalError};
use bramah_wire::DecodeError;
use bramah_wire::backup::{BackupError, BackupHead, BackupReader, next_epoch};
use bramah_wire::link::Wish;
use bramah_wire::membership::Membership;
use bramah_wire::snapshot::{SnapshotError, SnapshotReader};

use crate::cluster::folder_of;
use crate::folder::FolderFile;
use crate::keys::random_number;

/// The place in the log that a restored table begins at.
const FIRST_ENTRY: (u64, u64) = (1, 1);

/// What a folder holds now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// The new cluster.
    pub cluster_id: u64,
    /// Its only node.
    pub node_id: u64,
    /// The cluster that the table is of.
    pub from_cluster_id: u64,
    /// The last entry of that cluster's log in it.
    pub index: u64,
    /// How much there is in it.
    pub sizes: Sizes,
    /// The next token is above this one.
    pub last_token: FencingToken,
}

/// Why there is no new cluster; the folder is as it was.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// There is something in the folder.
    #[error("the folder has data of a node: restore into an empty one, or move it away first")]
    NotEmpty,
    /// The backup cannot be used.
    #[error(transparent)]
    Backup(#[from] BackupError),
    /// Its bytes are not those that were written.
    #[error("the backup is damaged or was cut, take another one")]
    Damaged(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The table cannot be read.
    #[error("the table cannot be read")]
    Table(#[from] NodeError),
    /// Who the members were cannot be read.
    #[error("who the members were cannot be read")]
    Members(#[from] DecodeError),
    /// There is no folder.
    #[error("there is no such folder: name the data folder that the member had")]
    NoFolder,
    /// There is nothing in the folder.
    #[error("the folder has no table: this node never was a member")]
    NoTable,
    /// It was restored as often as may be.
    #[error("there are no more epochs: this data was restored 32,767 times")]
    NoMoreEpochs,
    /// The folder cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The folder cannot be written.
    #[error(transparent)]
    Write(#[from] WalError),
    /// The system refused.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// What a backup holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checked {
    /// The cluster that it is of.
    pub cluster_id: u64,
    /// The last entry of that cluster's log in it.
    pub index: u64,
    /// How much there is in it.
    pub sizes: Sizes,
    /// The last token that was granted.
    pub last_token: FencingToken,
}

/// Reads a whole backup as [`restore`] does, and tells what is in it.
///
/// # Errors
/// [`RestoreError`] if it could not be restored.
pub fn check(backup: impl Read) -> Result<Checked, RestoreError> {
    let (head, state) = read(backup, |facts| Ok(Replay::read_state(facts)?))?;
    Ok(Checked {
        cluster_id: head.cluster_id,
        index: head.index,
        sizes: state.sizes(),
        last_token: state.counters().last_token,
    })
}

/// Reads all of a backup.
fn read<R: Read>(
    backup: R,
    table: impl FnOnce(SnapshotReader<&mut BackupReader<R>>) -> Result<State, RestoreError>,
) -> Result<(BackupHead, State), RestoreError> {
    let (head, mut reader) = BackupReader::new(backup).map_err(of_backup)?;
    let facts = SnapshotReader::new(&mut reader).map_err(NodeError::Snapshot);
    let state = facts.map_err(RestoreError::from).and_then(table).map_err(of_table)?;
    reader.finish().map_err(of_backup)?;
    Ok((head, state))
}

fn of_backup(error: BackupError) -> RestoreError {
    match error {
        error @ BackupError::Head(_) => RestoreError::Damaged(Box::new(error)),
        error => RestoreError::Backup(error),
    }
}

/// What is wrong with the bytes of a table is wrong with the backup that they came in.
fn of_table(error: RestoreError) -> RestoreError {
    match error {
        RestoreError::Table(NodeError::Snapshot(
            error @ (SnapshotError::Truncated { .. }
            | SnapshotError::Corrupt { .. }
            | SnapshotError::NotASnapshot),
        )) => RestoreError::Damaged(Box::new(error)),
        error => error,
    }
}

/// Makes a backup the only member of a new cluster, in an empty folder. Holds and waiters are as
/// they were in it, on a clock that stood still since; tokens go on in the next epoch.
///
/// # Errors
/// [`RestoreError`].
pub fn restore(backup: impl Read, folder: &Path) -> Result<Restored, RestoreError> {
    let file = FolderFile::new(Some(folder));
    if file.has_log()? || file.read()?.is_some() {
        return Err(RestoreError::NotEmpty);
    }
    let (head, state) = read(backup, |facts| in_next_epoch(facts))?;
    let (mut wal, _) = Wal::open(DirDisk::open(folder)?, Options::default())?;
    begin(&mut wal, &file, head, FIRST_ENTRY, &state)
}

/// Makes the folder of one member of a lost cluster the only member of a new one, with everything
/// that it had, also what it did not know to be committed.
///
/// # Errors
/// [`RestoreError`].
pub fn recover(folder: &Path) -> Result<Restored, RestoreError> {
    // To open one makes it.
    if !folder.try_exists()? {
        return Err(RestoreError::NoFolder);
    }
    let (mut wal, found) = Wal::open(DirDisk::open(folder)?, Options::default())?;
    let snapshot = wal.reader().snapshot()?.ok_or(RestoreError::NoTable)?;
    let meta = snapshot.meta().clone();
    let membership = Membership::decode(&meta.members)?;
    let cluster_id = membership.cluster_id;
    let facts = SnapshotReader::new(snapshot).map_err(NodeError::Snapshot)?;
    let mut replay = Replay::new(Replay::read_state(facts)?, membership, meta.index, meta.term);
    for entry in &found.entries {
        replay.apply(entry)?;
    }
    let (state, _, index, term) = replay.finish();
    let state = in_next_epoch(state.facts().map(Ok))?;
    let first = (index + 1, term.max(found.hard_state.term) + 1);
    let head = BackupHead { cluster_id, index, term };
    begin(&mut wal, &FolderFile::new(Some(folder)), head, first, &state)
}

fn in_next_epoch(
    facts: impl IntoIterator<Item = Result<Fact, SnapshotError>>,
) -> Result<State, RestoreError> {
    let mut is_last = false;
    let facts = facts.into_iter().map(|fact| match fact? {
        Fact::Counters(counters) => {
            let next = next_epoch(counters);
            is_last = next.is_none();
            Ok(Fact::Counters(next.unwrap_or(counters)))
        }
        fact => Ok(fact),
    });
    let state = Replay::read_state(facts)?;
    if is_last { Err(RestoreError::NoMoreEpochs) } else { Ok(state) }
}

/// Writes the table as what the log of a new cluster begins with.
fn begin(
    wal: &mut Wal<DirDisk>,
    file: &FolderFile,
    head: BackupHead,
    (index, term): (u64, u64),
    state: &State,
) -> Result<Restored, RestoreError> {
    let (cluster_id, node_id) = (random_number()?, random_number()?);
    let (voters, learners) = (vec![node_id], Vec::new());
    let membership = Membership { cluster_id, node_id, voters, learners };
    let meta = SnapshotMeta { index, term, members: membership.encode() };
    let finished = compaction::write(state, wal.begin_snapshot(&meta)?)?;
    wal.publish_snapshot(finished)?;
    file.write(&folder_of(&membership, Wish::None))?;
    Ok(Restored {
        cluster_id,
        node_id,
        from_cluster_id: head.cluster_id,
        index: head.index,
        sizes: state.sizes(),
        last_token: state.counters().last_token,
    })
}
