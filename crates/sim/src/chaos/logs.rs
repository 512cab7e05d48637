//! What servers left on their disks.

use std::path::Path;

use anyhow::{Context, anyhow, ensure};
use bramah_core::State;
use bramah_node::Replay;
use bramah_wal::{DirDisk, Entry, Options, Wal};
use bramah_wire::membership::Membership;
use bramah_wire::snapshot::SnapshotReader;

/// A log, from its snapshot on.
#[derive(Clone, Debug)]
pub(super) struct Log {
    pub(super) state: State,
    pub(super) membership: Membership,
    /// Index and term of the snapshot.
    pub(super) snapshot: (u64, u64),
    pub(super) entries: Vec<Entry>,
    /// What it knows to be committed.
    pub(super) commit: u64,
}

impl Log {
    /// Of a server that does not run.
    pub(super) fn read(folder: &Path) -> anyhow::Result<Log> {
        let (wal, found) = Wal::open(DirDisk::open(folder)?, Options::default())
            .with_context(|| format!("could not read {}", folder.display()))?;
        let snapshot = wal.reader().snapshot()?.context("a log without a snapshot")?;
        let meta = snapshot.meta().clone();
        let facts = SnapshotReader::new(snapshot)?;
        Ok(Log {
            state: Replay::read_state(facts)?,
            membership: Membership::decode(&meta.members)
                .map_err(|error| anyhow!("who the members are cannot be read: {error}"))?,
            snapshot: (meta.index, meta.term),
            entries: found.entries,
            commit: found.hard_state.commit.max(meta.index),
        })
    }

    pub(super) fn last(&self) -> u64 {
        self.snapshot.0 + self.entries.len() as u64
    }

    pub(super) fn get(&self, index: u64) -> Option<&Entry> {
        self.entries.get(usize::try_from(index.checked_sub(self.snapshot.0 + 1)?).ok()?)
    }

    /// It has this entry, or a snapshot that has it.
    pub(super) fn has(&self, entry: &Entry) -> bool {
        entry.index <= self.snapshot.0 || self.get(entry.index) == Some(entry)
    }

    /// The table after the entry at this index.
    pub(super) fn state_at(&self, index: u64) -> anyhow::Result<State> {
        ensure!((self.snapshot.0..=self.last()).contains(&index), "no state at {index}");
        let (state, membership) = (self.state.clone(), self.membership.clone());
        let mut replay = Replay::new(state, membership, self.snapshot.0, self.snapshot.1);
        for entry in self.entries.iter().take_while(|entry| entry.index <= index) {
            replay.apply(entry)?;
        }
        Ok(replay.finish().0)
    }
}
