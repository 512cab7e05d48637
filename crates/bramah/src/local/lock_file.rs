//! One lock's file: its table, and the kernel's locks on it.
//!
//! The kernel's locks are those that belong to an open file description (OFD), not to a process:
//! two handles of one process exclude each other, closing another handle gives nothing away, and
//! the last close of the description ends them, also when a kill closes it. They lie far behind the
//! contents:
//!
//! * [`SECTION_BYTE`] is locked for the few microseconds in which somebody changes the table;
//! * [`SEATS_BYTE`] + ticket is locked by whoever has that seat, for as long as it has it. A seat
//!   whose byte is free is of somebody dead.

use std::fs::File;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bramah_core::{FencingToken, LockName};
use nix::errno::Errno;
use nix::fcntl::{FcntlArg, fcntl};
use nix::libc;
use rustix::fs::{Timespec, Timestamps, UTIME_NOW, futimens};

use super::contents::{self, Contents, Header, TABLE_BYTES_MAX};
use super::file_name;
use super::folder::{Folder, failed};
use super::table::{Seat, Table};
use crate::clock::LocalTime;
use crate::error::{Error, ErrorKind};

const SECTION_BYTE: i64 = 1 << 60;
const SEATS_BYTE: i64 = 1 << 61;

/// How often the section is asked for in a row: it is seldom taken for longer than that lasts.
const SECTION_SPINS: u32 = 100;
/// How long to pause after that.
const SECTION_PAUSE: Duration = Duration::from_millis(1);
/// How long the section can be taken before that is an error.
const SECTION_WAIT_MAX: Duration = Duration::from_secs(5);
/// How often a table is read that changes while it is read, a pause apart.
const READ_TRIES: u32 = 200;

/// An open lock file.
#[derive(Debug)]
pub(super) struct LockFile {
    folder: Arc<Folder>,
    file_name: String,
    file: File,
}

impl LockFile {
    /// Opens a lock's file to take part in it, and makes it if it is missing.
    pub(super) fn open(folder: &Arc<Folder>, name: &LockName) -> Result<LockFile, Error> {
        let file_name = file_name::of_lock(name);
        let file = folder.open_or_make(&file_name)?;
        Ok(LockFile { folder: folder.clone(), file_name, file })
    }

    /// Opens a lock's file to look at it. None if there is none.
    pub(super) fn open_to_read(
        folder: &Arc<Folder>,
        file_name: String,
    ) -> Result<Option<LockFile>, Error> {
        let file = folder.open_to_read(&file_name)?;
        Ok(file.map(|file| LockFile { folder: folder.clone(), file_name, file }))
    }

    /// Opens what may be a lock's file to look at it. None if there is none, it may not be read, or
    /// it is something else.
    pub(super) fn open_if_ours(
        folder: &Arc<Folder>,
        file_name: String,
    ) -> Result<Option<LockFile>, Error> {
        let Some(file) = folder.open_if_readable(&file_name)? else { return Ok(None) };
        let file = LockFile { folder: folder.clone(), file_name, file };
        let contents = contents::read(&file.file).map_err(|e| file.failed("read", e))?;
        Ok((!matches!(contents, Contents::Foreign)).then_some(file))
    }

    /// What a bell can be hung on.
    pub(super) fn fd(&self) -> impl AsFd {
        &self.file
    }

    /// Rings the bells that hang on it. What closes it rings them, too.
    pub(super) fn ring(&self) {
        let now = Timespec { tv_sec: 0, tv_nsec: UTIME_NOW };
        // If it fails, those who wait see a little later what they wait for.
        let _ = futimens(&self.file, &Timestamps { last_access: now, last_modification: now });
    }

    /// Whether the file's name still means this file. If not, somebody removed or moved it, and
    /// what is held through it excludes nobody any more.
    pub(super) fn is_in_place(&self) -> Result<bool, Error> {
        self.folder.has(&self.file_name, &self.file).map_err(|e| self.failed("look at", e))
    }

    /// The table as it is now, keeping nobody from changing it. None if nobody used this lock yet.
    pub(super) async fn read(&self) -> Result<Option<Table>, Error> {
        for _ in 0..READ_TRIES {
            match contents::read(&self.file).map_err(|e| self.failed("read", e))? {
                Contents::Nothing => return Ok(None),
                Contents::Whole(_, table) => return Ok(Some(table)),
                // Somebody writes, or nobody will ever mend it.
                Contents::Torn(_) | Contents::Damaged => tokio::time::sleep(SECTION_PAUSE).await,
                Contents::Foreign => break,
            }
        }
        Err(self.damaged())
    }

    /// Enters the section in which nobody else can change the table. None if the file is not in its
    /// place any more. No section is kept over an await.
    pub(super) async fn enter(&self, name: &LockName) -> Result<Option<Section<'_>>, Error> {
        let sections = LockFile::enter_all(&[(self, name)]).await?;
        Ok(sections.and_then(|mut sections| sections.pop()))
    }

    /// Enters the sections of several locks, which are given in the order of names: of all or of
    /// none. None if a file is not in its place any more.
    pub(super) async fn enter_all<'a>(
        files: &[(&'a LockFile, &LockName)],
    ) -> Result<Option<Vec<Section<'a>>>, Error> {
        let give_up_at = LocalTime::now().plus(SECTION_WAIT_MAX);
        loop {
            let taken = match LockFile::lock_sections(files)? {
                Ok(locks) => {
                    let opened =
                        locks.into_iter().zip(files).map(|(lock, (_, name))| lock.open(name));
                    return opened.collect();
                }
                Err(taken) => taken,
            };
            if LocalTime::now() >= give_up_at {
                let message = "another process stopped in the middle of a change; is it suspended?";
                let doing = format!("change {}", taken.path());
                return Err(Error::new(ErrorKind::Unavailable, doing, message));
            }
            tokio::time::sleep(SECTION_PAUSE).await;
        }
    }

    /// As [`LockFile::enter`] for where one cannot wait: None also if others are in the section.
    pub(super) fn enter_now(&self, name: &LockName) -> Result<Option<Section<'_>>, Error> {
        self.lock_section()?.map_or(Ok(None), |lock| lock.open(name))
    }

    /// Whether a seat is of somebody living whose time is not over. Of a seat of this very file it
    /// says no: the kernel tells only of others.
    pub(super) fn lives(&self, seat: &Seat, now: LocalTime) -> bool {
        // Doubt is no proof of death.
        !seat.is_over(now) && self.is_locked(seat_byte(seat.ticket), 1).unwrap_or(true)
    }

    /// Locks all sections, or none and tells of a file whose section others have.
    fn lock_sections<'a>(
        files: &[(&'a LockFile, &LockName)],
    ) -> Result<Result<Vec<SectionLock<'a>>, &'a LockFile>, Error> {
        let mut locks = Vec::with_capacity(files.len());
        for (file, _) in files {
            match file.lock_section()? {
                Some(lock) => locks.push(lock),
                None => return Ok(Err(file)),
            }
        }
        Ok(Ok(locks))
    }

    fn lock_section(&self) -> Result<Option<SectionLock<'_>>, Error> {
        for _ in 0..SECTION_SPINS {
            if self.lock(SECTION_BYTE)? {
                return Ok(Some(SectionLock(self)));
            }
            std::thread::yield_now();
        }
        Ok(None)
    }

    /// Locks one byte. False if somebody else has it.
    fn lock(&self, byte: i64) -> Result<bool, Error> {
        match fcntl(&self.file, FcntlArg::F_OFD_SETLK(&range(libc::F_WRLCK, byte, 1))) {
            Ok(_) => Ok(true),
            Err(Errno::EAGAIN | Errno::EACCES) => Ok(false),
            Err(e) => Err(self.failed("lock", e)),
        }
    }

    /// Whether somebody else locked any of these bytes; 0 bytes are all that follow.
    fn is_locked(&self, byte: i64, bytes: i64) -> Result<bool, Error> {
        let mut found = range(libc::F_WRLCK, byte, bytes);
        fcntl(&self.file, FcntlArg::F_OFD_GETLK(&mut found))
            .map_err(|e| self.failed("probe", e))?;
        Ok(i32::from(found.l_type) != libc::F_UNLCK)
    }

    fn damaged(&self) -> Error {
        let message = "it is damaged or no lock file; remove it when nobody holds the lock";
        Error::new(ErrorKind::Storage, format!("understand {}", self.path()), message)
    }

    fn failed(&self, doing: &str, error: impl Into<std::io::Error>) -> Error {
        failed(doing, &self.folder.path().join(&self.file_name), error)
    }

    fn path(&self) -> String {
        self.folder.path().join(&self.file_name).display().to_string()
    }
}

/// The right to change a lock's table, and the table.
#[derive(Debug)]
pub(super) struct Section<'a> {
    lock: SectionLock<'a>,
    header: Header,
    pub(super) table: Table,
}

impl Section<'_> {
    /// A new seat's number, its byte locked.
    pub(super) fn take_seat(&mut self) -> Result<u64, Error> {
        let file = self.lock.0;
        loop {
            self.table.ticket_newest += 1;
            // Taken already only if a power loss set the counter back, or by an intruder.
            if file.lock(seat_byte(self.table.ticket_newest))? {
                return Ok(self.table.ticket_newest);
            }
        }
    }

    /// The next fencing token. It is given when the table is stored.
    pub(super) fn take_token(&mut self) -> Result<FencingToken, Error> {
        let wall_seconds =
            SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let (token, is_ahead_of_clock) = self.table.next_token(wall_seconds);
        self.table.token_newest = token.0;
        if is_ahead_of_clock {
            self.store()?;
            let file = self.lock.0;
            file.file.sync_data().map_err(|e| file.failed("sync", e))?;
        }
        Ok(token)
    }

    /// Takes out whoever is dead or whose time is over. `own` is the seat of this very file.
    pub(super) fn clear_the_dead(&mut self, own: u64, now: LocalTime) {
        let file = self.lock.0;
        self.table.seats.retain(|seat| seat.ticket == own || file.lives(seat, now));
    }

    /// Writes the table down.
    pub(super) fn store(&mut self) -> Result<(), Error> {
        let file = self.lock.0;
        self.header = contents::write(&file.file, self.header, &self.table).map_err(|e| {
            if e.kind() != std::io::ErrorKind::FileTooLarge {
                return file.failed("write", e);
            }
            let message = format!("its holders and waiters take more than {TABLE_BYTES_MAX} bytes");
            Error::new(ErrorKind::LimitExceeded, format!("write {}", file.path()), message)
        })?;
        Ok(())
    }
}

/// The section's byte, locked.
#[derive(Debug)]
struct SectionLock<'a>(&'a LockFile);

impl<'a> SectionLock<'a> {
    fn open(self, name: &LockName) -> Result<Option<Section<'a>>, Error> {
        let file = self.0;
        if !file.is_in_place()? {
            return Ok(None);
        }
        let new = Table::new(name.clone());
        let (header, table) =
            match contents::read(&file.file).map_err(|e| file.failed("read", e))? {
                Contents::Whole(header, table) => (header, table),
                // Who sits must stand in a table; if nobody does, none is needed.
                _ if file.is_locked(SEATS_BYTE, 0)? => return Err(file.damaged()),
                Contents::Nothing => (Header::default(), new),
                Contents::Torn(header) => {
                    let Header { token_newest, ticket_newest, .. } = header;
                    (header, Table { token_newest, ticket_newest, ..new })
                }
                Contents::Damaged | Contents::Foreign => return Err(file.damaged()),
            };
        if table.name != *name {
            let message = format!("it is the file of another lock, \"{}\"", table.name);
            let doing = format!("use {} for \"{name}\"", file.path());
            return Err(Error::new(ErrorKind::Storage, doing, message));
        }
        Ok(Some(Section { lock: self, header, table }))
    }
}

impl Drop for SectionLock<'_> {
    fn drop(&mut self) {
        // Fails only if the file is closed, and the lock gone with it.
        let unlock = range(libc::F_UNLCK, SECTION_BYTE, 1);
        let _ = fcntl(&self.0.file, FcntlArg::F_OFD_SETLK(&unlock));
    }
}

fn seat_byte(ticket: u64) -> i64 {
    // A table may be forged; what it says must not overflow.
    SEATS_BYTE + i64::try_from(ticket).unwrap_or(i64::MAX).min(SEATS_BYTE - 1)
}

fn range(kind: libc::c_int, byte: i64, bytes: i64) -> libc::flock {
    libc::flock {
        // The constants of the kinds are as wide as C likes; all are 0 to 2.
        l_type: kind as libc::c_short,
        l_whence: libc::SEEK_SET as libc::c_short,
        l_start: byte,
        l_len: bytes,
        // Of these locks it must be zero.
        l_pid: 0,
    }
}
