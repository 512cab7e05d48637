//! The command that runs under a lock, as the wrapper sees it: through its keeper.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, IsTerminal};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream as BlockingStream;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use bramah::LocalTime;
use nix::unistd::getpgrp;
use rustix::io::{FdFlags, fcntl_setfd};
use rustix::process::Signal;
use rustix::termios::tcgetpgrp;
use tokio::io::AsyncReadExt;
use tokio::net::UnixStream;

use crate::keeper::message::{FRAME_LEN, Frame, Order, Report};
use crate::signals::leave_sigpipe_as_found;

/// What a keeper must know from the start.
pub(crate) struct Terms {
    /// Until when the lock is surely held, as far as it was renewed.
    pub(crate) deadline: LocalTime,
    /// How long the command gets between being asked to end and being killed.
    pub(crate) grace: Duration,
    /// Most that may be taken from each lease because this machine is busy.
    pub(crate) lateness_max: Duration,
    /// What holds the lock for as long as it is open, if that is a file.
    pub(crate) lock_file: Option<OwnedFd>,
}

/// A command that a keeper runs and, when it must end, ends with everything that it started.
#[derive(Debug)]
pub(crate) struct Child {
    keeper: std::process::Child,
    socket: UnixStream,
    /// The beginning of a frame.
    unread: Vec<u8>,
    pid: i32,
    /// It leads a process group of its own. On a terminal it stays in ours: only the foreground
    /// group may read from there, and the keyboard's signals reach it without us.
    leads_group: bool,
    deadline: LocalTime,
}

impl Child {
    /// Starts a keeper, and `command`, program first, with this environment added to ours.
    pub(crate) async fn spawn(
        command: &[OsString],
        environment: &[(&str, String)],
        terms: Terms,
    ) -> io::Result<Child> {
        // In a container our group may be of outside, and has no number here.
        let group = getpgrp().as_raw();
        let leads_group = group == 0 || !has_terminal(group);
        let (ours, theirs) = BlockingStream::pair()?;
        ours.set_nonblocking(true)?;
        let mut keeper = Command::new(this_program());
        keeper.arg("keep").envs(environment.iter().map(|(name, value)| (name, value)));
        let mut option = |name: &str, value: &dyn ToString| {
            keeper.arg(format!("--{name}={}", value.to_string()));
        };
        option("socket", &theirs.as_raw_fd());
        option("deadline-us", &terms.deadline.0);
        option("grace-us", &terms.grace.as_micros());
        option("lateness-max-us", &terms.lateness_max.as_micros());
        if let Some(file) = &terms.lock_file {
            option("lock-file", &file.as_raw_fd());
        }
        if !leads_group {
            option("group", &group);
        }
        // Who signals our group does not mean the keeper.
        keeper.arg("--").args(command).process_group(0);
        let left_open: Vec<_> =
            [Some(OwnedFd::from(theirs)), terms.lock_file].into_iter().flatten().collect();
        #[expect(unsafe_code, reason = "only system calls that are safe between fork and exec")]
        // SAFETY: fcntl and sigaction allocate nothing and take no lock.
        unsafe {
            keeper.pre_exec(move || {
                leave_sigpipe_as_found();
                left_open.iter().try_for_each(|fd| Ok(fcntl_setfd(fd.as_fd(), FdFlags::empty())?))
            });
        }
        let process = keeper.spawn()?;
        // Our end of what is its own, which it must be the last to close.
        drop(keeper);
        let socket = UnixStream::from_std(ours)?;
        let deadline = terms.deadline;
        let mut child =
            Child { keeper: process, socket, unread: Vec::new(), pid: 0, leads_group, deadline };
        match child.report().await? {
            Report::Started(pid) => Ok(Child { pid, ..child }),
            Report::NotStarted(errno) => Err(io::Error::from_raw_os_error(errno)),
            report => Err(io::Error::other(format!("its keeper says {report:?} first"))),
        }
    }

    /// The command's process id.
    pub(crate) fn pid(&self) -> i32 {
        self.pid
    }

    /// What the keeper says next. Dropping the future loses nothing.
    ///
    /// # Errors
    /// [`io::ErrorKind::UnexpectedEof`] if the keeper is gone, and the command with it.
    pub(crate) async fn report(&mut self) -> io::Result<Report> {
        while self.unread.len() < FRAME_LEN {
            if self.socket.read_buf(&mut self.unread).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        let rest = self.unread.split_off(FRAME_LEN);
        let frame = std::mem::replace(&mut self.unread, rest);
        let report = Frame::try_from(frame.as_slice()).ok().and_then(Report::decode);
        report.ok_or_else(|| io::ErrorKind::InvalidData.into())
    }

    /// Waits until everything stands still. Another report is left for [`Child::report`].
    pub(crate) async fn paused(&mut self) -> io::Result<()> {
        let report = self.report().await?;
        if report != Report::Paused {
            let later = std::mem::replace(&mut self.unread, report.encode().to_vec());
            self.unread.extend(later);
        }
        Ok(())
    }

    /// The lock was renewed.
    pub(crate) fn extend(&mut self, deadline: LocalTime) {
        if deadline != self.deadline && self.order(Order::Deadline(deadline)) {
            self.deadline = deadline;
        }
    }

    /// Passes on a signal that was sent to us.
    pub(crate) fn forward(&self, signal: Signal) {
        let from_keyboard = matches!(signal, Signal::INT | Signal::QUIT | Signal::WINCH);
        if self.leads_group || !from_keyboard {
            self.order(Order::Forward(signal));
        }
    }

    /// Has everything stand still, which [`Report::Paused`] confirms.
    pub(crate) fn pause(&self) {
        self.order(Order::Pause);
    }

    /// Lets everything go on.
    pub(crate) fn resume(&self) {
        self.order(Order::Resume);
    }

    /// Asks the command and all that it started to end, and has killed what does not.
    pub(crate) fn stop(&self) {
        self.order(Order::Stop);
    }

    /// Waits until the keeper has closed what it holds. It has nothing more to do.
    pub(crate) async fn leave(mut self) {
        while self.report().await.is_ok() {}
        let _ = self.keeper.wait();
    }

    /// False if the keeper reads nothing just now: then it is gone, or acts by the deadline that it
    /// knows.
    fn order(&self, order: Order) -> bool {
        self.socket.try_write(&order.encode()).is_ok_and(|len| len == FRAME_LEN)
    }
}

/// A program of the same version, also when another was installed meanwhile.
fn this_program() -> PathBuf {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let of_proc = PathBuf::from("/proc/self/exe");
    // Where there is no /proc, the name under which this program was started must do.
    let of_loader = || OsStr::from_bytes(rustix::param::linux_execfn().to_bytes()).into();
    if of_proc.exists() { of_proc } else { of_loader() }
}

/// Whether this process may use a terminal, or will be brought to where it may: a group of its own
/// would stop for ever when the command asks there for a password, whatever its stdin is.
fn has_terminal(our_group: i32) -> bool {
    let foreground = File::open("/dev/tty").ok().and_then(|terminal| tcgetpgrp(terminal).ok());
    foreground.is_some_and(|group| group.as_raw_pid() == our_group) || io::stdin().is_terminal()
}
