//! The log of a run from the beginning, also when a snapshot came in the place of the witness's:
//! what all servers have is copied again and again, and when a log begins anew, the copy from
//! before that stays.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs::File;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use std::{fs, io};

use anyhow::{Context, anyhow, ensure};
use bramah_wal::Entry;

use super::logs::Log;
use super::scene::{WITNESS, data_of};

const COPY_EVERY: Duration = Duration::from_secs(1);
/// How long the beginning may change so fast that it cannot be copied.
const BEGINNING_TIME_MAX: Duration = Duration::from_secs(20);

/// Copies what will be gone, in a thread of its own.
pub(super) struct History {
    /// Dropped, it ends.
    ends: mpsc::SyncSender<()>,
    copies: JoinHandle<io::Result<()>>,
}

impl History {
    /// Of these data folders, from now on: the beginning is copied when this returns.
    pub(super) fn new(
        folder: &Path,
        witness: PathBuf,
        members: Vec<PathBuf>,
    ) -> anyhow::Result<History> {
        let folder = folder_of(folder);
        fs::create_dir_all(&folder)?;
        let sources = [witness].into_iter().chain(members);
        let sources = sources.map(|data| Source { data, snapshot: None, kept: 0 });
        let mut copies = Copies { folder, sources: sources.collect() };
        let began = Instant::now();
        while copies.sources[0].snapshot.is_none() {
            ensure!(began.elapsed() < BEGINNING_TIME_MAX, "the witness's log cannot be copied");
            copies.look()?;
        }
        let (ends, ended) = mpsc::sync_channel(0);
        let copies = thread::spawn(move || {
            while let Err(RecvTimeoutError::Timeout) = ended.recv_timeout(COPY_EVERY) {
                copies.look()?;
            }
            // What came since.
            copies.look()
        });
        Ok(History { ends, copies })
    }

    /// Copies for the last time.
    pub(super) fn end(self) -> anyhow::Result<()> {
        drop(self.ends);
        self.copies.join().map_err(|_| anyhow!("the thread that copies logs panicked"))??;
        Ok(())
    }
}

struct Copies {
    folder: PathBuf,
    /// The witness, and the members.
    sources: Vec<Source>,
}

/// A server's log.
struct Source {
    data: PathBuf,
    /// The snapshot in the copy that was made last.
    snapshot: Option<String>,
    /// Copies that stay.
    kept: u32,
}

impl Copies {
    /// Copies all logs. When one began anew, the copy before stays.
    fn look(&mut self) -> io::Result<()> {
        let new = self.folder.join("new");
        for (at, source) in self.sources.iter_mut().enumerate() {
            let Some(snapshot) = copy(&source.data, &new)? else { continue };
            let last = self.folder.join(Name { at, kept: None }.to_string());
            if source.snapshot.as_ref().is_some_and(|before| *before != snapshot) {
                let kept = Name { at, kept: Some(source.kept) };
                fs::rename(&last, self.folder.join(kept.to_string()))?;
                source.kept += 1;
            }
            let _ = fs::remove_dir_all(&last);
            fs::rename(&new, &last)?;
            source.snapshot = Some(snapshot);
        }
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
    match copy_files(from, to) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        copied => copied,
    }
}

fn copy_files(from: &Path, to: &Path) -> io::Result<Option<String>> {
    let mut snapshots = Vec::new();
    for file in fs::read_dir(from)? {
        let name = file?.file_name();
        let text = name.to_string_lossy().into_owned();
        if text == "lock" {
            continue;
        }
        copy_file(&from.join(&name), &to.join(&name))?;
        if text.starts_with("snapshot-") {
            snapshots.push(text);
        }
    }
    Ok(match &snapshots[..] {
        [one] => Some(one.clone()),
        _ => None,
    })
}

/// Leaves out the zeros at the end, which are most of a log's file.
fn copy_file(from: &Path, to: &Path) -> io::Result<()> {
    let bytes = fs::read(from)?;
    let used = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    let mut file = File::create(to)?;
    file.write_all(&bytes[..used])?;
    file.set_len(bytes.len() as u64)
}

/// What a server that runs has on its disk by now, read by way of another folder; none if it just
/// changes.
pub(super) fn read_running(from: &Path, by: &Path) -> anyhow::Result<Option<Log>> {
    let is_whole = copy(from, by)?.is_some();
    Ok(if is_whole { Log::read(by).ok() } else { None })
}

/// What was committed in a whole run.
pub(super) struct Whole {
    pub(super) log: Log,
    /// Two that are known to be committed differ.
    pub(super) conflict: Option<String>,
}

/// The log of a run as if no snapshot had ever come in the place of the witness's, from the copies,
/// from what is left of the witness's, and from the disks of members.
pub(super) fn whole_log(folder: &Path, members: &[Log]) -> anyhow::Result<Whole> {
    let history = folder_of(folder);
    let mut names = Vec::new();
    if history.exists() {
        for file in fs::read_dir(&history)? {
            let name = file?.file_name().to_string_lossy().into_owned();
            names.extend(Name::read(&name).map(|place| (place, history.join(name))));
        }
    }
    names.sort_by_key(|(name, _): &(Name, PathBuf)| name.place());
    let mut logs = Vec::new();
    for (_, path) in names {
        match Log::read(&path) {
            Ok(log) => logs.push(log),
            // Of one that was just being written. If it was needed, there is a gap.
            Err(_) if !logs.is_empty() => {}
            Err(error) => return Err(error),
        }
    }
    logs.push(Log::read(&data_of(folder, WITNESS))?);
    join(&logs.iter().chain(members).collect::<Vec<_>>())
}

/// A copy: of which server, the witness first, and which of those that stay, or the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Name {
    at: usize,
    kept: Option<u32>,
}

impl Name {
    fn read(name: &str) -> Option<Name> {
        let (at, kept) = name.split_once('-')?;
        let kept = if kept == LAST { None } else { Some(kept.parse().ok()?) };
        Some(Name { at: at.parse().ok()?, kept })
    }

    /// In the order in which they were made.
    fn place(self) -> (usize, u32) {
        (self.at, self.kept.unwrap_or(u32::MAX))
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kept {
            Some(kept) => write!(f, "{}-{kept}", self.at),
            None => write!(f, "{}-{LAST}", self.at),
        }
    }
}

/// The copy that was made last.
const LAST: &str = "last";

/// Joins logs of which the first has the beginning. What one of them has is committed up to what it
/// knows of, and up to any entry that any of them knows to be: whoever has that has all before it.
/// What nobody knows to be committed is left out.
fn join(logs: &[&Log]) -> anyhow::Result<Whole> {
    let known = |log: &&Log| {
        let last = log.get(log.commit).map(|entry| (entry.index, entry.term));
        [Some(log.snapshot), last].into_iter().flatten()
    };
    let marks: BTreeSet<(u64, u64)> = logs.iter().flat_map(known).collect();
    let mut entries: BTreeMap<u64, &Entry> = BTreeMap::new();
    let mut conflict = None;
    for log in logs {
        let has =
            |(index, term): &&(u64, u64)| log.get(*index).is_some_and(|entry| entry.term == *term);
        let marked = marks.iter().rev().find(has).map_or(0, |(index, _)| *index);
        let sure = log.commit.max(marked);
        for entry in log.entries.iter().filter(|entry| entry.index <= sure) {
            let before = *entries.entry(entry.index).or_insert(entry);
            if before != entry && conflict.is_none() {
                conflict = Some(format!("both are committed: {before:?} and {entry:?}"));
            }
        }
    }
    let mut log = Log::clone(logs.first().context("no log")?);
    let base = log.snapshot.0;
    entries.retain(|index, _| *index > base);
    for (at, index) in (base + 1..).zip(entries.keys()) {
        ensure!(at == *index, "nobody has kept the entries from {at} to {index}");
    }
    log.entries = entries.into_values().cloned().collect();
    log.commit = log.last();
    Ok(Whole { log, conflict })
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

    fn joined(logs: &[Log]) -> anyhow::Result<Whole> {
        join(&logs.iter().collect::<Vec<_>>())
    }

    fn terms(logs: &[Log]) -> Vec<u64> {
        let whole = joined(logs).expect("one log");
        assert_eq!((whole.log.snapshot, whole.conflict), ((1, 1), None));
        whole.log.entries.iter().map(|entry| entry.term).collect()
    }

    #[test]
    fn what_the_witness_skipped_is_taken_from_a_member() {
        let logs = [
            log((1, 1), &[2, 2, 2], 3),
            // Not known to be committed, but it has the entry that the next snapshot ends with.
            log((2, 2), &[2, 3, 3, 4], 2),
            log((5, 3), &[4, 4], 7),
        ];
        assert_eq!(terms(&logs), [2, 2, 3, 3, 4, 4]);
    }

    #[test]
    fn what_only_the_witness_has_and_nobody_knows_to_be_committed_is_left_out() {
        let witness = log((1, 1), &[2, 2, 2, 2], 3);
        let member = log((2, 2), &[2, 3], 4);
        assert_eq!(terms(&[witness.clone(), member]), [2, 2, 3]);
        assert_eq!(terms(&[witness]), [2, 2]);
    }

    #[test]
    fn two_entries_that_are_committed_at_one_index_are_told() {
        let whole = joined(&[log((1, 1), &[2, 2], 3), log((1, 1), &[2, 3], 3)]);
        let conflict = whole.expect("no gap").conflict.expect("a conflict");
        assert!(conflict.contains("index: 3"), "{conflict}");
    }

    #[test]
    fn a_gap_that_nobody_fills_is_told() {
        let gap = joined(&[log((1, 1), &[2], 2), log((5, 3), &[4], 6)]).err().expect("a gap");
        assert!(gap.to_string().contains("from 3 to 6"));
    }

    #[test]
    fn copies_come_in_the_order_in_which_they_were_made_however_many_there_are() {
        let made = ["0-last", "1-1000", "0-999", "1-last", "0-1000", "1-9"];
        let mut names: Vec<Name> = made.into_iter().filter_map(Name::read).collect();
        names.sort_by_key(|name| name.place());
        let told: Vec<String> = names.iter().map(Name::to_string).collect();
        assert_eq!(told, ["0-999", "0-1000", "0-last", "1-9", "1-1000", "1-last"]);
        assert_eq!(Name::read("new"), None);
    }
}
