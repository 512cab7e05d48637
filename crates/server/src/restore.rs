//! What is done to a data folder while no server runs in it: a backup becomes a cluster, and so
//! does the last member of one that is lost. Either grants on above all that was ever granted.

use std::io::{self, Read};
use std::path::Path;

use bramah_core::facts::Fact;
use bramah_core::{FencingToken, Sizes, State};
use bramah_node::{NodeError, Replay, compaction};
use bramah_wal::{DirDisk, HardState, OpenError, Options, SnapshotMeta, Wal, WalError};
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

/// Why there is no new cluster. The folder is as it was, but for the addresses of other members if
/// the last step failed; or it is the new cluster's already, and says that nothing is lost.
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
    /// It decides alone as it is.
    #[error(
        "nothing is lost: it is the only voting member of its cluster already, and a plain start \
         of the server is enough"
    )]
    Alone,
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

/// What the folder of a member holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its cluster.
    pub cluster_id: u64,
    /// Its number.
    pub node_id: u64,
    /// The members that vote, as of what it knows to be committed.
    pub voters: Vec<u64>,
    /// Those that do not, as of then.
    pub learners: Vec<u64>,
    /// The last entry of its log.
    pub index: u64,
    /// That entry's term: of several folders the one with the highest term, and of those the one
    /// with the highest index, has what all of them have.
    pub term: u64,
    /// The last entry that it knows to be committed.
    pub committed: u64,
    /// How much there is in its table, up to the last entry.
    pub sizes: Sizes,
    /// The last token that was granted.
    pub last_token: FencingToken,
}

impl Found {
    /// It decides alone: a plain start is enough, and nothing is to be recovered.
    #[must_use]
    pub fn is_alone(&self) -> bool {
        self.voters[..] == [self.node_id]
    }
}

/// Tells what [`recover`] would make of a folder. As every start does, it cuts off what remains of
/// a write that a crash interrupted.
///
/// # Errors
/// [`RestoreError`] if it could not be recovered.
pub fn inspect(folder: &Path) -> Result<Found, RestoreError> {
    Ok(open(folder)?.found)
}

/// Makes the folder of one member of a lost cluster the only member of a new one, with everything
/// that it had, also what it did not know to be committed.
///
/// # Errors
/// [`RestoreError`].
pub fn recover(folder: &Path) -> Result<Restored, RestoreError> {
    let Member { mut wal, state, found, term_heard } = open(folder)?;
    if found.is_alone() {
        return Err(RestoreError::Alone);
    }
    let state = in_next_epoch(state.facts().map(Ok))?;
    let Found { cluster_id, index, term, .. } = found;
    let first = (index + 1, term.max(term_heard) + 1);
    let head = BackupHead { cluster_id, index, term };
    begin(&mut wal, &FolderFile::new(Some(folder)), head, first, &state)
}

/// A member that does not run.
struct Member {
    wal: Wal<DirDisk>,
    state: State,
    found: Found,
    /// The last term that it heard of.
    term_heard: u64,
}

fn open(folder: &Path) -> Result<Member, RestoreError> {
    // To open one makes it.
    if !folder.try_exists()? {
        return Err(RestoreError::NoFolder);
    }
    if !FolderFile::new(Some(folder)).has_log()? {
        return Err(RestoreError::NoTable);
    }
    let (wal, log) = Wal::open(DirDisk::open(folder)?, Options::default())?;
    let snapshot = wal.reader().snapshot()?.ok_or(RestoreError::NoTable)?;
    let meta = snapshot.meta().clone();
    let mut members = Membership::decode(&meta.members)?;
    let facts = SnapshotReader::new(snapshot).map_err(NodeError::Snapshot)?;
    let state = Replay::read_state(facts)?;
    let mut replay = Replay::new(state, members.clone(), meta.index, meta.term);
    let HardState { commit: committed, term: term_heard, .. } = log.hard_state;
    for entry in &log.entries {
        replay.apply(entry)?;
        if entry.index == committed {
            members = replay.membership().clone();
        }
    }
    let (state, _, index, term) = replay.finish();
    let Membership { cluster_id, node_id, voters, learners } = members;
    let (sizes, last_token) = (state.sizes(), state.counters().last_token);
    let found =
        Found { cluster_id, node_id, voters, learners, index, term, committed, sizes, last_token };
    Ok(Member { wal, state, found, term_heard })
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
    // It names the cluster before. Wherever this ends from here on, the log alone says who it is:
    // the member of before, to be recovered again, or that of the new cluster, which may start.
    file.remove()?;
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

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::config::Storage;
    use crate::formation::check_folder;
    use crate::log::{Beginning, Log};

    const CLUSTER: u64 = 300;

    /// The folder of a member that knows another.
    fn one_of_two() -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        let (voters, learners) = (vec![1, 2], Vec::new());
        let membership = Membership { cluster_id: CLUSTER, node_id: 1, voters, learners };
        let disk = DirDisk::open(folder.path()).expect("it opens");
        let (mut wal, _) = Wal::open(disk, Options::default()).expect("it is empty");
        let meta = SnapshotMeta { index: 7, term: 2, members: membership.encode() };
        let writer = wal.begin_snapshot(&meta).expect("it begins");
        let finished = compaction::write(&State::new(0), writer).expect("it is written");
        wal.publish_snapshot(finished).expect("it is published");
        let file = FolderFile::new(Some(folder.path()));
        file.write(&folder_of(&membership, Wish::None)).expect("it is written");
        folder
    }

    /// Recovers a folder with a folder of this name in the way of what is written.
    fn recover_in_vain(folder: &Path, obstacle: &str) -> RestoreError {
        let Member { mut wal, state, .. } = open(folder).expect("it can be recovered");
        let obstacle = folder.join(obstacle);
        fs::create_dir_all(&obstacle).expect("it is made");
        let file = FolderFile::new(Some(folder));
        let head = BackupHead { cluster_id: CLUSTER, index: 7, term: 2 };
        let error = begin(&mut wal, &file, head, (8, 3), &state).expect_err("it ends there");
        fs::remove_dir(&obstacle).expect("it is empty");
        error
    }

    /// The cluster that a server started in this folder is of.
    fn started(folder: &Path) -> u64 {
        let storage = Storage::Folder(folder.to_owned());
        let beginning = Beginning::Joining { cluster_id: 0, node_id: 0 };
        let membership = Log::open(&storage, beginning, 0).expect("it opens").recovered.membership;
        let file = FolderFile::new(Some(folder)).read().expect("it can be read");
        let file = file.unwrap_or_else(|| folder_of(&membership, Wish::None));
        check_folder(&file, &membership).expect("it starts");
        membership.cluster_id
    }

    #[test]
    fn a_recovery_that_ends_before_its_last_write_leaves_a_folder_that_starts() {
        let folder = one_of_two();
        let error = recover_in_vain(folder.path(), "node.new");
        assert!(matches!(error, RestoreError::Io(_)), "{error:?}");
        assert_ne!(started(folder.path()), CLUSTER);
        let error = recover(folder.path()).expect_err("it is done");
        assert!(matches!(error, RestoreError::Alone), "{error:?}");
    }

    #[test]
    fn a_recovery_that_ends_before_its_log_is_published_may_begin_again() {
        let folder = one_of_two();
        let error = recover_in_vain(folder.path(), "snapshot-0000000000000008");
        assert!(matches!(error, RestoreError::Write(_)), "{error:?}");
        assert_eq!(started(folder.path()), CLUSTER);
        let recovered = recover(folder.path()).expect("as if it were the first time");
        assert_eq!(recovered.from_cluster_id, CLUSTER);
        assert_eq!(started(folder.path()), recovered.cluster_id);
    }
}
