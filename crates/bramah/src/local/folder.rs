//! The folder with the lock files.

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use rustix::fs::{self as rfs, AtFlags, FileType, FlockOperation, Mode, OFlags, Stat};
use rustix::io::Errno;

use super::file_name::{self, Named};
use crate::error::{Error, ErrorKind};

/// A folder that was found fit to keep locks in.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    fd: OwnedFd,
    /// Who may use the folder may use its locks.
    file_mode: Mode,
}

impl Folder {
    /// The folder of this user on this host.
    ///
    /// It is the same for all processes of the user: a cron job and a shell have different
    /// environments, and they must meet. So neither `$TMPDIR` nor `$XDG_RUNTIME_DIR` has a say.
    ///
    /// # Errors As [`Folder::private`].
    pub(super) fn of_this_user() -> Result<Folder, Error> {
        let uid = rustix::process::geteuid().as_raw();
        Folder::private(Path::new(&format!("/tmp/bramah-{uid}")))
    }

    /// A folder that nobody else can have prepared: made if missing, and refused unless it is ours,
    /// a true folder, and for others not writable.
    ///
    /// # Errors [`ErrorKind::Denied`] says what is wrong with it.
    pub(super) fn private(path: &Path) -> Result<Folder, Error> {
        let folder = Folder::open(path, Mode::RWXU, OFlags::NOFOLLOW)?;
        let stat = rfs::fstat(&folder.fd).map_err(|e| failed("look at", path, e))?;
        let us = rustix::process::geteuid().as_raw();
        let refuse = |what: String| {
            let message = format!("{} {what}; name another folder: local:/DIR", path.display());
            Err(Error::new(ErrorKind::Denied, "trust the folder for locks", message))
        };
        if stat.st_uid != us {
            return refuse(format!("belongs to user {}, and this is user {us}", stat.st_uid));
        }
        if mode_of(&stat).intersects(Mode::WGRP | Mode::WOTH) {
            return refuse("can be written by other users".into());
        }
        Ok(folder)
    }

    /// A folder that an operator chose; made if only its last part is missing. Whoever can write it
    /// takes part.
    ///
    /// # Errors
    /// If it cannot be opened.
    pub(super) fn chosen(path: &Path) -> Result<Folder, Error> {
        Folder::open(path, Mode::RWXU | Mode::RWXG | Mode::RWXO, OFlags::empty())
    }

    fn open(path: &Path, mode: Mode, flags: OFlags) -> Result<Folder, Error> {
        match rfs::mkdir(path, mode) {
            Ok(()) | Err(Errno::EXIST) => {}
            Err(e) => return Err(failed("make the folder", path, e)),
        }
        let flags = flags | OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let fd = rfs::open(path, flags, Mode::empty())
            .map_err(|e| failed("open the folder", path, e))?;
        // Tells systemd-tmpfiles to leave this folder alone. Nothing depends on its success.
        let _ = rfs::flock(&fd, FlockOperation::NonBlockingLockShared);
        let stat = rfs::fstat(&fd).map_err(|e| failed("look at", path, e))?;
        let file_mode = (mode_of(&stat) & (Mode::WGRP | Mode::WOTH)).bits();
        let file_mode = Mode::from_bits_truncate(0o600 | file_mode | file_mode << 1);
        Ok(Folder { path: path.to_owned(), fd, file_mode })
    }

    pub(super) fn fd(&self) -> &OwnedFd {
        &self.fd
    }

    /// Its path, for messages.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Opens a lock's file to read and write it, and makes it if it is missing.
    ///
    /// # Errors
    /// If that fails, or it is no regular file.
    pub(super) fn open_or_make(&self, file_name: &str) -> Result<File, Error> {
        let path = || self.path.join(file_name);
        loop {
            // First without CREATE: in a sticky folder Linux refuses that for another user's file.
            match self.open_file(file_name, OFlags::RDWR) {
                Err(Errno::NOENT) => {}
                result => return result.map_err(|e| failed("open", &path(), e)),
            }
            let new = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL;
            match self.open_file(file_name, new) {
                Err(Errno::EXIST) => {}
                Err(e) => return Err(failed("make", &path(), e)),
                Ok(file) => {
                    // The umask is meant for the folder's owner alone; the folder has the say.
                    let _ = rfs::fchmod(&file, self.file_mode);
                    return Ok(file);
                }
            }
        }
    }

    /// Opens the file of a listed name to read it. None if there is none.
    ///
    /// # Errors
    /// If that fails, or it is no regular file.
    pub(super) fn open_to_read(&self, file_name: &str) -> Result<Option<File>, Error> {
        match self.open_file(file_name, OFlags::RDONLY) {
            Err(Errno::NOENT) => Ok(None),
            Err(e) => Err(failed("open", &self.path.join(file_name), e)),
            Ok(file) => Ok(Some(file)),
        }
    }

    /// The same; none also if it may not be read or is no regular file.
    ///
    /// # Errors
    /// Whatever is the fault of this process or of the disk.
    pub(super) fn open_if_readable(&self, file_name: &str) -> Result<Option<File>, Error> {
        match self.open_file(file_name, OFlags::RDONLY) {
            // A link, a socket, and all else that is no regular file.
            Err(Errno::LOOP | Errno::NXIO | Errno::INVAL) => Ok(None),
            Err(Errno::NOENT | Errno::ACCESS | Errno::PERM) => Ok(None),
            Err(e) => Err(failed("open", &self.path.join(file_name), e)),
            Ok(file) => Ok(Some(file)),
        }
    }

    fn open_file(&self, file_name: &str, flags: OFlags) -> Result<File, Errno> {
        // NONBLOCK, for to open a pipe that somebody put there must not wait for its other end.
        let flags = flags | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK;
        let file = rfs::openat(&self.fd, file_name, flags, Mode::RUSR | Mode::WUSR)?;
        match FileType::from_raw_mode(rfs::fstat(&file)?.st_mode) {
            FileType::RegularFile => Ok(File::from(file)),
            _ => Err(Errno::INVAL),
        }
    }

    /// Whether `file` is still what its name means.
    ///
    /// # Errors
    /// If the folder cannot be read.
    pub(super) fn has(&self, file_name: &str, file: &File) -> Result<bool, Errno> {
        let ours = rfs::fstat(file)?;
        match rfs::statat(&self.fd, file_name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(named) => Ok((named.st_dev, named.st_ino) == (ours.st_dev, ours.st_ino)),
            Err(Errno::NOENT) => Ok(false),
            Err(e) => Err(e),
        }
    }

    /// All files whose names a lock's file could have.
    ///
    /// # Errors
    /// If the folder cannot be read.
    pub(super) fn files(&self) -> Result<Vec<(String, Named)>, Error> {
        let read = || -> io::Result<Vec<(String, Named)>> {
            let mut files = Vec::new();
            for entry in rfs::Dir::read_from(&self.fd)? {
                if let Ok(file_name) = entry?.file_name().to_str()
                    && let Some(named) = file_name::to_lock(file_name)
                {
                    files.push((file_name.to_owned(), named));
                }
            }
            Ok(files)
        };
        read().map_err(|e| failed("list the folder", &self.path, e))
    }
}

/// An error of the file system at `path`.
pub(super) fn failed(doing: &str, path: &Path, error: impl Into<io::Error>) -> Error {
    let error = error.into();
    let kind = match error.kind() {
        io::ErrorKind::PermissionDenied => ErrorKind::Denied,
        io::ErrorKind::NotFound => ErrorKind::Invalid,
        _ => ErrorKind::Storage,
    };
    Error::new(kind, format!("{doing} {}", path.display()), error.to_string())
}

fn mode_of(stat: &Stat) -> Mode {
    Mode::from_raw_mode(stat.st_mode)
}
