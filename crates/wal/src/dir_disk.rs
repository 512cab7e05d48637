//! The real disk: one folder, held by one process.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::thread;

use rustix::io::Errno;

use crate::disk::{Disk, DiskFile, Job};
use crate::error::{Failure, OpenError};

/// Says which process has the folder. It is locked too, for file systems that lock no folder.
const LOCK_NAME: &str = "lock";

/// What the log holds proves who may release what: it is for its user's eyes only.
const FOLDER_MODE: u32 = 0o700;
const FILE_MODE: u32 = 0o600;

/// A folder of the file system, locked for this process as long as the value lives.
///
/// The folder itself is locked, so no name in it can be removed to let a second process in; and
/// each file while it is open, so that a second process is refused too that finds the same files in
/// another folder.
#[derive(Debug)]
pub struct DirDisk {
    path: PathBuf,
    folder: File,
    _lock: File,
}

impl DirDisk {
    /// Opens a folder, making it first if it is absent, and locks it with `flock`. A second
    /// opening, by this process or another, gets [`OpenError::Locked`].
    pub fn open(path: impl AsRef<Path>) -> Result<DirDisk, OpenError> {
        let path = path.as_ref().to_path_buf();
        let shown = path.display().to_string();
        if !path.is_dir() {
            make_folder(&path).map_err(Failure::of("create", &shown))?;
        }
        let folder = File::open(&path).map_err(Failure::of("open", &shown))?;
        let lock = lock(&path, &folder)?;
        Ok(DirDisk { path, folder, _lock: lock })
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn lock_file(&self, file: File) -> io::Result<File> {
        match try_lock(&file)? {
            true => Ok(file),
            false => Err(io::Error::other("another process has it open as a file of its own log")),
        }
    }
}

impl Disk for DirDisk {
    type File = File;

    fn list(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for found in fs::read_dir(&self.path)? {
            // A name that is not text is not the log's.
            names.extend(found?.file_name().into_string());
        }
        Ok(names)
    }

    fn create(&self, name: &str) -> io::Result<File> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).mode(FILE_MODE);
        let file = self.lock_file(options.open(self.path.join(name))?)?;
        // Only then: it may be another's. What is empty may be a device, which has no length.
        if file.metadata()?.len() > 0 {
            file.set_len(0)?;
        }
        Ok(file)
    }

    fn open(&self, name: &str) -> io::Result<File> {
        self.lock_file(OpenOptions::new().read(true).write(true).open(self.path.join(name))?)
    }

    fn is_in_place(&self, name: &str, file: &File) -> io::Result<bool> {
        Ok(leads_to(&self.path, &self.folder)? && leads_to(&self.path.join(name), file)?)
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        fs::rename(self.path.join(from), self.path.join(to))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        fs::remove_file(self.path.join(name))
    }

    fn sync_names(&self) -> io::Result<()> {
        self.folder.sync_all()
    }

    fn salt(&self) -> u64 {
        // Without the system's source of randomness the log is as safe as before against crashes,
        // only not against bytes that somebody shaped on purpose.
        getrandom::u64().unwrap_or(0x6272_616d_6168_776c)
    }

    fn start(&self, job: Job) {
        // A thread for each job: one in some 16 MiB of log, and nothing to stop. When there is no
        // thread to be had the job is dropped, and the log does the work itself when it comes to
        // need it.
        let _ = thread::Builder::new().name("wal-prepare".to_owned()).spawn(job);
    }
}

impl DiskFile for File {
    fn bytes(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }

    fn read_at(&self, offset: u64, bytes: &mut [u8]) -> io::Result<()> {
        self.read_exact_at(bytes, offset)
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.write_all_at(bytes, offset)
    }

    fn sync(&self) -> io::Result<()> {
        self.sync_data()
    }

    #[cfg(target_os = "linux")]
    fn write_durably_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        dsync::write(self, offset, bytes)
    }
}

/// Write and sync in one system call.
#[cfg(target_os = "linux")]
mod dsync {
    use super::*;
    use rustix::io::{ReadWriteFlags, pwritev2};

    pub(super) fn write(file: &File, mut offset: u64, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let slices = [io::IoSlice::new(bytes)];
            match pwritev2(file, &slices, offset, ReadWriteFlags::DSYNC) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => (offset, bytes) = (offset + written as u64, &bytes[written..]),
                Err(Errno::INTR) => {}
                // Some file systems do not know the flag. They said so before they wrote anything.
                Err(Errno::OPNOTSUPP | Errno::NOSYS) => {
                    file.write_all_at(bytes, offset)?;
                    return file.sync_data();
                }
                Err(errno) => return Err(errno.into()),
            }
        }
        Ok(())
    }
}

/// Makes the folder and the ones above it, and their names durable.
fn make_folder(path: &Path) -> io::Result<()> {
    let missing: Vec<&Path> = path.ancestors().take_while(|path| !path.is_dir()).collect();
    fs::DirBuilder::new().recursive(true).mode(FOLDER_MODE).create(path)?;
    for made in missing {
        let parent = made.parent().filter(|parent| !parent.as_os_str().is_empty());
        File::open(parent.unwrap_or(Path::new(".")))?.sync_all()?;
    }
    Ok(())
}

/// Locks the folder and its `lock` file, which is given back.
fn lock(path: &Path, folder: &File) -> Result<File, OpenError> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(FILE_MODE);
    let mut lock = options.open(path.join(LOCK_NAME)).map_err(Failure::of("open", LOCK_NAME))?;
    let shown = path.display().to_string();
    let is_ours = try_lock(folder).map_err(Failure::of("lock", &shown))?
        && try_lock(&lock).map_err(Failure::of("lock", LOCK_NAME))?;
    if !is_ours {
        let mut text = String::new();
        // Who holds it is told if it can be read; the refusal stands in any case.
        let _ = lock.take(32).read_to_string(&mut text);
        let (path, holder) = (path.to_path_buf(), text.trim().parse().ok());
        return Err(OpenError::Locked { path, holder });
    }
    // The number is for the message above only: the log opens also when there is no room to write
    // it.
    let text = format!("{}\n", std::process::id());
    let _ = lock.set_len(0).and_then(|()| lock.write_all(text.as_bytes()));
    Ok(lock)
}

/// Whether it is locked now; false if another has it locked. A file system may lock nothing of this
/// kind: NFS locks no folder. What else is locked must do there.
fn try_lock(file: &File) -> io::Result<bool> {
    match file.try_lock() {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => match Errno::from_io_error(&error) {
            Some(Errno::BADF | Errno::INVAL | Errno::NOTSUP | Errno::NOLCK) => Ok(true),
            _ => Err(error),
        },
    }
}

/// Whether the path leads to this open file or folder, and not to another or nowhere.
fn leads_to(path: &Path, file: &File) -> io::Result<bool> {
    let (found, ours) = match fs::metadata(path) {
        Ok(found) => (found, file.metadata()?),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(false);
        }
        Err(error) => return Err(error),
    };
    Ok((found.dev(), found.ino()) == (ours.dev(), ours.ino()))
}
