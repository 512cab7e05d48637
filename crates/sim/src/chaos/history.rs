//! The log of the witness from the beginning, also when a snapshot came in its place: what it had
//! is copied again and again, and what it skipped is on the disks of members at that time.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use std::{fs, io};

use anyhow::{Context, ensure};
use bramah_wal::Entry;

use super::logs::Log;
use super::scene::{Scene, WITNESS, data_of};

const COPY_EVERY: Duration = Duration::from_secs(1);

/// Copies what will be gone.
#[derive(Debug)]
pub(super) struct History {
    folder: PathBuf,
    copied_at: Option<Instant>,
    /// The snapshot in the copy that was made last.
    snapshot: Option<String>,
    /// Snapshots of the witness that came in place of its log.
    count: u32,
}

impl History {
    pub(super) fn new(scene: &Scene) -> anyhow::Result<History> {
        let folder = folder_of(&scene.folder);
        fs::create_dir_all(&folder)?;
        Ok(History { folder, copied_at: None, snapshot: None, count: 0 })
    }

    /// Copies the log of the witness, now and then. When that begins anew, the copy before stays,
    /// and with it go copies of what members have.
    pub(super) fn look(&mut self, scene: &Scene) -> anyhow::Result<()> {
        if self.copied_at.is_some_and(|at| at.elapsed() < COPY_EVERY) {
            return Ok(());
        }
        self.copied_at = Some(Instant::now());
        let new = self.folder.join("new");
        let Some(snapshot) = copy(&scene.witness.disk.data(), &new)? else { return Ok(()) };
        let last = self.folder.join("last");
        if self.snapshot.as_ref().is_some_and(|before| *before != snapshot) {
            fs::rename(&last, self.folder.join(format!("{:03}", self.count)))?;
            for (at, server) in scene.servers.iter().enumerate() {
                let to = self.folder.join(format!("{:03}-{at}", self.count));
                if copy(&server.disk.data(), &to)?.is_none() {
                    let _ = fs::remove_dir_all(&to);
                }
            }
            self.count += 1;
        }
        let _ = fs::remove_dir_all(&last);
        fs::rename(&new, &last)?;
        self.snapshot = Some(snapshot);
        Ok(())
    }
}

fn folder_of(folder: &Path) -> PathBuf {
    folder.join("history")
}

/// Copies the data of a server that may run; its last write may come half. Gives the name of its
/// snapshot, and none if its files changed meanwhile.
fn copy(from: &Path, to: &Path) -> io::Result<Option<String>> {
    let _ = fs::remove_dir_all(to);
    fs::create_dir_all(to)?;
    let mut snapshots = Vec::new();
    for file in fs::read_dir(from)? {
        let name = file?.file_name();
        let text = name.to_string_lossy().into_owned();
        if text == "lock" {
            continue;
        }
        match fs::copy(from.join(&name), to.join(&name)) {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        }
        if text.starts_with("snapshot-") {
            snapshots.push(text);
        }
    }
    Ok(match &snapshots[..] {
        [one] => Some(one.clone()),
        _ => None,
    })
}

/// The log of the witness as if no snapshot had ever come in its place.
pub(super) fn whole_log(folder: &Path) -> anyhow::Result<Log> {
    let mut logs = Vec::new();
    let history = folder_of(folder);
    if history.exists() {
        let names = fs::read_dir(&history)?.map(|file| Ok(file?.file_name()));
        let mut names = names.collect::<io::Result<Vec<_>>>()?;
        names.sort();
        for name in names {
            let text = name.to_string_lossy();
            if !text.starts_with(|first: char| first.is_ascii_digit()) {
                continue;
            }
            match Log::read(&history.join(&name)) {
                Ok(log) => logs.push(log),
                // A copy of a member that was just being written.
                Err(_) if text.contains('-') => {}
                Err(error) => return Err(error),
            }
        }
    }
    logs.push(Log::read(&data_of(folder, WITNESS))?);
    join(logs)
}

/// Joins logs of which the first has the beginning. What one of them has is committed up to what it
/// knows of, and up to any entry that is known to be.
fn join(logs: Vec<Log>) -> anyhow::Result<Log> {
    let marks: Vec<(u64, u64)> = logs.iter().map(|log| log.snapshot).collect();
    let mut entries: BTreeMap<u64, Entry> = BTreeMap::new();
    let mut commit = 0;
    for log in &logs {
        let is_in =
            |(index, term): &&(u64, u64)| log.get(*index).is_some_and(|entry| entry.term == *term);
        let marked = marks.iter().filter(is_in).map(|(index, _)| *index).max().unwrap_or(0);
        let sure = log.commit.max(marked);
        commit = commit.max(sure);
        for entry in log.entries.iter().filter(|entry| entry.index <= sure) {
            let before = entries.entry(entry.index).or_insert_with(|| entry.clone());
            ensure!(before == entry, "one log: two entries are committed at {}", entry.index);
        }
    }
    // Behind what is known to be committed, the witness's own.
    let last = logs.last().map(|log| log.entries.clone()).unwrap_or_default();
    for entry in last {
        entries.entry(entry.index).or_insert(entry);
    }
    let mut first = logs.into_iter().next().context("no log")?;
    let base = first.snapshot.0;
    entries.retain(|index, _| *index > base);
    for (at, index) in (base + 1..).zip(entries.keys()) {
        ensure!(at == *index, "nobody has kept the entries from {at} to {index}");
    }
    first.entries = entries.into_values().collect();
    first.commit = commit;
    Ok(first)
}

#[cfg(test)]
mod tests {
    use bramah_core::State;
    use bramah_wire::membership::Membership;
    use bytes::Bytes;

    use super::*;

    fn log(snapshot: (u64, u64), terms: &[u64], commit: u64) -> Log {
        let entry = |(at, term): (usize, &u64)| Entry {
            index: snapshot.0 + 1 + at as u64,
            term: *term,
            kind: 0,
            data: Bytes::new(),
        };
        let entries = terms.iter().enumerate().map(entry).collect();
        let membership =
            Membership { cluster_id: 1, node_id: 1, voters: vec![1], learners: Vec::new() };
        Log { state: State::new(0), membership, snapshot, entries, commit }
    }

    #[test]
    fn what_the_witness_skipped_is_taken_from_a_member() {
        let logs = vec![
            log((1, 1), &[2, 2, 2], 3),
            // Not known to be committed, but it has the entry that the next snapshot ends with.
            log((2, 2), &[2, 3, 3, 4], 2),
            log((5, 3), &[4, 4], 6),
        ];
        let whole = join(logs).expect("one log");
        let terms: Vec<u64> = whole.entries.iter().map(|entry| entry.term).collect();
        assert_eq!((whole.snapshot, terms), ((1, 1), vec![2, 2, 3, 3, 4, 4]));
    }

    #[test]
    fn a_gap_that_nobody_fills_is_told() {
        let gap = join(vec![log((1, 1), &[2], 2), log((5, 3), &[4], 6)]);
        assert!(gap.expect_err("a gap").to_string().contains("from 3 to 6"));
    }
}
