//! The file in a data folder that says which node it is of, whom that knows, and what it wants.
//! The log says who its members are; this is what must be known before there is a log, and what may
//! change without one.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use bramah_wire::link::Folder;

const NAME: &str = "node";
const NEW_NAME: &str = "node.new";
/// What the log's snapshots begin with, and what those end with that are not whole yet.
const SNAPSHOT: (&str, &str) = ("snapshot-", ".new");

/// Where that file is; nowhere in memory.
#[derive(Clone, Debug)]
pub(crate) struct FolderFile {
    folder: Option<PathBuf>,
}

impl FolderFile {
    pub(crate) fn new(folder: Option<&Path>) -> FolderFile {
        FolderFile { folder: folder.map(Path::to_owned) }
    }

    /// There is no folder.
    pub(crate) fn is_in_memory(&self) -> bool {
        self.folder.is_none()
    }

    /// What it says; none if there is none.
    pub(crate) fn read(&self) -> io::Result<Option<Folder>> {
        let Some(folder) = &self.folder else { return Ok(None) };
        let bytes = match fs::read(folder.join(NAME)) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let read = Folder::decode(&bytes).map_err(|error| {
            let text = format!("the file {NAME:?} in the data folder cannot be read: {error}");
            io::Error::new(io::ErrorKind::InvalidData, text)
        })?;
        Ok(Some(read))
    }

    /// There is a log.
    pub(crate) fn has_log(&self) -> io::Result<bool> {
        let Some(folder) = &self.folder else { return Ok(false) };
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(error),
        };
        let (start, unfinished) = SNAPSHOT;
        for entry in entries {
            let name = entry?.file_name();
            let name = name.to_string_lossy();
            if name.starts_with(start) && !name.ends_with(unfinished) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Writes it, durably, in place of the one before. One that says it already stays: a server
    /// starts again where there is no room for another.
    pub(crate) fn write(&self, content: &Folder) -> io::Result<()> {
        let Some(folder) = &self.folder else { return Ok(()) };
        if self.read().is_ok_and(|said| said.as_ref() == Some(content)) {
            return Ok(());
        }
        let mut file = File::create(folder.join(NEW_NAME))?;
        file.write_all(&content.encode())?;
        file.sync_all()?;
        fs::rename(folder.join(NEW_NAME), folder.join(NAME))?;
        File::open(folder)?.sync_all()
    }

    /// Removes it, durably: then the log alone says which node it is.
    pub(crate) fn remove(&self) -> io::Result<()> {
        let Some(folder) = &self.folder else { return Ok(()) };
        match fs::remove_file(folder.join(NAME)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        File::open(folder)?.sync_all()
    }
}

#[cfg(test)]
mod tests {
    use bramah_wire::link::{Places, Wish};

    use super::*;

    #[test]
    fn a_snapshot_that_was_not_finished_is_no_log() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = FolderFile::new(Some(folder.path()));
        fs::write(folder.path().join("snapshot-1.new"), "half").expect("it is written");
        assert!(!file.has_log().expect("it can be read"));
        fs::write(folder.path().join("snapshot-7"), "whole").expect("it is written");
        assert!(file.has_log().expect("it can be read"));
    }

    #[test]
    fn what_it_says_already_needs_no_room() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = FolderFile::new(Some(folder.path()));
        let (wish, places) = (Wish::None, Places::default());
        let content = Folder { cluster_id: 300, node_id: 7, wish, places };
        file.write(&content).expect("there is room");
        std::os::unix::fs::symlink("/dev/full", folder.path().join(NEW_NAME)).expect("it is made");
        file.write(&content).expect("nothing is written");
        let other = Folder { node_id: 8, ..content.clone() };
        let error = file.write(&other).expect_err("it finds no room");
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
        assert_eq!(file.read().expect("it can be read"), Some(content));
    }
}
