//! The keeper: a small process beside `bramah lock` that starts the command and sees that it ends
//! before the lock can be another's, whatever becomes of the wrapper.
//!
//! The wrapper talks to the service and to people, so it can be slow, stopped or killed. The keeper
//! does neither: it reads no service, writes to nobody but the wrapper (and never waits for that),
//! has a process group of its own, and takes no signal but KILL and STOP. It is told each new
//! deadline. When the lock is lost or the deadline comes near, it asks everything that descends
//! from it to end, and kills what is left before the deadline. When the wrapper is gone it kills
//! at once.
//!
//! ```text
//!  shell --- bramah lock (wrapper) --- bramah keep (keeper, subreaper) --- COMMAND --- ...
//!                 |  Order: Deadline, Forward, Pause, Resume, Stop   |
//!                 '------------------- socket -----------------------'
//!                    Report: Started, Stopping, Ended, Stopped, ...
//! ```

pub(crate) mod message;
mod tree;

use std::io::{self, Read, Write};
use std::os::fd::{AsFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::time::Duration;

use bramah::LocalTime;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, SigmaskHow};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use rustix::io::{Errno, FdFlags, fcntl_setfd};
use rustix::process::{
    Pid, Signal, WaitOptions, WaitStatus, getpgid, getpid, getppid, kill_process,
    kill_process_group, set_parent_process_death_signal, wait,
};

use crate::args::KeepArgs;
use crate::exit::Exit;
use crate::signals::leave_sigpipe_as_found;
use message::{FRAME_LEN, Frame, Order, Report};
use tree::Tree;

/// How long before the deadline whatever is left is killed: time for the signal to do its work.
const KILL_MARGIN: Duration = Duration::from_millis(50);
/// How long what was killed gets to end before it is looked at again; then twice as long, and so
/// on.
const KILL_INTERVAL: Duration = Duration::from_millis(5);
/// Longest sleep between two looks at the clock: timers stand still while the machine is
/// suspended, and each is a measurement of how late this process is scheduled.
const LOOK_INTERVAL: Duration = Duration::from_millis(250);
/// Longest search for what is still to be stopped before all that was found is killed.
const HALT_TIME_MAX: Duration = Duration::from_millis(20);

/// Runs as a keeper.
pub(crate) fn run(args: &KeepArgs) -> io::Result<Exit> {
    // What has reached the wrapper's group is the wrapper's matter; what it should do is in orders.
    let signals = SigSet::all();
    let mask_before = signals.thread_swap_mask(SigmaskHow::SIG_BLOCK)?;
    let signals = SignalFd::with_flags(&signals, SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC)?;
    let socket = UnixStream::from(take(args.socket)?);
    socket.set_nonblocking(true)?;
    let lock_file = args.lock_file.map(take).transpose()?;
    let mut tree = Tree::new()?;
    let command = match spawn(args, mask_before) {
        Ok(command) => command,
        Err(error) => {
            let errno = error.raw_os_error().unwrap_or(Errno::NOEXEC.raw_os_error());
            send(&socket, Report::NotStarted(errno));
            return Ok(Exit::OK);
        }
    };
    tree.remember_command(command);
    send(&socket, Report::Started(command.as_raw_pid()));
    let mut keeper = Keeper {
        socket,
        unread: Vec::new(),
        tree,
        command,
        status: None,
        shares_group: args.group,
        deadline: LocalTime(args.deadline_us),
        grace: Duration::from_micros(args.grace_us),
        lateness: Lateness {
            now: Duration::ZERO,
            max: Duration::from_micros(args.lateness_max_us),
        },
        ending: Ending::Not,
        is_wrapper_gone: false,
        is_refusal_told: false,
    };
    keeper.attend(&signals);
    // A lock of this host is held by whoever has its file open: until here.
    drop(lock_file);
    Ok(Exit::OK)
}

/// A descriptor that the wrapper left open for this process, and for nobody that it starts.
fn take(fd: RawFd) -> io::Result<OwnedFd> {
    #[expect(unsafe_code, reason = "a number is all that survives exec")]
    // SAFETY: the wrapper opened it for this process, which takes it here once.
    let fd = unsafe { OwnedFd::from_raw_fd(fd) };
    fcntl_setfd(&fd, FdFlags::CLOEXEC)?;
    Ok(fd)
}

/// Starts the command. It dies with this process.
fn spawn(args: &KeepArgs, signals_blocked: SigSet) -> io::Result<Pid> {
    let (program, arguments) = args.command.split_first().ok_or(io::ErrorKind::InvalidInput)?;
    let mut command = Command::new(program);
    command.args(arguments).process_group(args.group.unwrap_or(0));
    let keeper = getpid();
    #[expect(unsafe_code, reason = "only system calls that are safe between fork and exec")]
    // SAFETY: prctl, getppid and sigaction allocate nothing and take no lock.
    unsafe {
        command.pre_exec(move || {
            leave_sigpipe_as_found();
            signals_blocked.thread_set_mask()?;
            die_with(keeper)
        });
    }
    let child = command.spawn()?;
    // It is waited for together with all that is left to this process.
    Ok(Pid::from_child(&child))
}

/// Asks the kernel to kill this process with its parent: nobody else could stop it when the lock is
/// lost.
fn die_with(parent: Pid) -> io::Result<()> {
    set_parent_process_death_signal(Some(Signal::KILL))?;
    // It may have died before the kernel was asked.
    if getppid() == Some(parent) {
        return Ok(());
    }
    Err(Errno::SRCH.into())
}

struct Keeper {
    socket: UnixStream,
    /// The beginning of a frame.
    unread: Vec<u8>,
    tree: Tree,
    command: Pid,
    /// How the command ended, if it did.
    status: Option<WaitStatus>,
    /// The group of the wrapper, where the command stays in it: only the foreground group may read
    /// from a terminal, and the keyboard's signals reach it without us.
    shares_group: Option<i32>,
    deadline: LocalTime,
    grace: Duration,
    lateness: Lateness,
    ending: Ending,
    is_wrapper_gone: bool,
    is_refusal_told: bool,
}

/// Why and how far the command is on its way to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    Not,
    /// A signal that asks to end was passed on. What hears it may need time to tidy up, also after
    /// the command itself has ended: so long it keeps the lock.
    Asked {
        until: LocalTime,
    },
    /// The lock is lost. Everything is killed then, and again later.
    Lost {
        kill_at: LocalTime,
        again_after: Duration,
    },
}

impl Keeper {
    /// Until nothing is left to be kept.
    fn attend(&mut self, signals: &SignalFd) {
        loop {
            while let Ok(Some(_)) = signals.read_signal() {}
            self.reap();
            self.take_orders();
            let now = LocalTime::now();
            let due = match self.ending {
                Ending::Lost { .. } => {
                    let Some(due) = self.end_all(now) else { return };
                    due
                }
                Ending::Asked { .. } | Ending::Not if now >= self.ask_at() => {
                    self.begin_stop(now);
                    self.report(Report::Stopping);
                    continue;
                }
                Ending::Asked { until } if self.status.is_some() => match self.is_group_left() {
                    true if now < until => until.min(now.plus(KILL_INTERVAL)).min(self.ask_at()),
                    _ => return self.report_end(),
                },
                Ending::Not if self.status.is_some() => return self.report_end(),
                Ending::Asked { .. } | Ending::Not => self.ask_at(),
            };
            self.sleep(due.min(now.plus(LOOK_INTERVAL)), signals);
        }
    }

    /// Until `due`, a signal or an order; and notes how late it was.
    fn sleep(&mut self, due: LocalTime, signals: &SignalFd) {
        let pause = due.since(LocalTime::now());
        let orders = if self.is_wrapper_gone { PollFlags::empty() } else { PollFlags::POLLIN };
        let mut ready = [
            PollFd::new(signals.as_fd(), PollFlags::POLLIN),
            PollFd::new(self.socket.as_fd(), orders),
        ];
        // A gone wrapper would wake this for ever.
        let watched = if self.is_wrapper_gone { &mut ready[..1] } else { &mut ready[..] };
        // Rounded up, or the last millisecond would be spent in a loop.
        let ms = pause.as_micros().div_ceil(1_000);
        let timeout = u16::try_from(ms).map_or(PollTimeout::MAX, PollTimeout::from);
        if poll(watched, timeout) == Ok(0) {
            self.lateness.note(LocalTime::now().since(due));
        }
    }

    /// When the command is asked to end unless the lock is renewed before.
    fn ask_at(&self) -> LocalTime {
        self.deadline.minus(self.grace.max(KILL_MARGIN)).minus(self.lateness.margin())
    }

    /// When whatever is left must be killed, that all be over at the deadline.
    fn kill_at(&self) -> LocalTime {
        self.deadline.minus(KILL_MARGIN).minus(self.lateness.margin())
    }

    fn begin_stop(&mut self, now: LocalTime) {
        // All stand still first, so that each hears it once and nobody is missed.
        self.tree.halt(now.plus(HALT_TIME_MAX));
        self.tree.signal(Signal::TERM);
        self.tree.signal(Signal::CONT);
        let kill_at = now.plus(self.grace).min(self.kill_at());
        self.ending = Ending::Lost { kill_at, again_after: KILL_INTERVAL };
    }

    /// Goes on ending everything. None if nothing is left, or else when to go on.
    fn end_all(&mut self, now: LocalTime) -> Option<LocalTime> {
        let Ending::Lost { kill_at, again_after } = self.ending else { return Some(now) };
        // What may not be ended is not waited for when the command itself has ended.
        if self.status.is_some() && (self.is_refusal_told || self.tree.living().is_empty()) {
            self.report(Report::Stopped);
            return None;
        }
        if now < kill_at {
            return Some(kill_at);
        }
        let refused = self.tree.halt(now.plus(HALT_TIME_MAX));
        self.tree.signal(Signal::KILL);
        if self.shares_group.is_none() && self.status.is_none() {
            // Where /proc shows nothing, the group is known all the same.
            let _ = kill_process_group(self.command, Signal::KILL);
        }
        if let Some(pid) = refused.first().filter(|_| !self.is_refusal_told) {
            self.is_refusal_told = true;
            self.report(Report::Refused(pid.as_raw_pid()));
        }
        let kill_at = LocalTime::now().plus(again_after);
        let again_after = LOOK_INTERVAL.min(again_after * 2);
        self.ending = Ending::Lost { kill_at, again_after };
        Some(kill_at)
    }

    /// Does what the wrapper says.
    fn take_orders(&mut self) {
        let mut buffer = [0; 16 * FRAME_LEN];
        while !self.is_wrapper_gone {
            match self.socket.read(&mut buffer) {
                Ok(0) => self.is_wrapper_gone = true,
                Ok(len) => self.unread.extend(&buffer[..len]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(_) => self.is_wrapper_gone = true,
            }
        }
        let (frames, rest) = self.unread.as_chunks::<FRAME_LEN>();
        let (frames, rest): (Vec<Frame>, _) = (frames.to_vec(), rest.to_vec());
        self.unread = rest;
        for order in frames.into_iter().filter_map(Order::decode) {
            self.obey(order);
        }
        if self.is_wrapper_gone && !matches!(self.ending, Ending::Lost { .. }) {
            // Nobody renews the lock any more, and one of this host ends with this process.
            let kill_at = LocalTime::now();
            self.ending = Ending::Lost { kill_at, again_after: KILL_INTERVAL };
        }
    }

    fn obey(&mut self, order: Order) {
        let now = LocalTime::now();
        match order {
            Order::Deadline(deadline) => self.deadline = deadline,
            Order::Forward(signal) => self.forward(signal, now),
            Order::Pause => {
                self.tree.halt(now.plus(HALT_TIME_MAX));
                self.report(Report::Paused);
            }
            Order::Resume => self.tree.signal(Signal::CONT),
            Order::Stop if !matches!(self.ending, Ending::Lost { .. }) => self.begin_stop(now),
            Order::Stop => {}
        }
    }

    /// Passes on a signal that was sent to the wrapper.
    fn forward(&mut self, signal: Signal, now: LocalTime) {
        if self.signal_group(signal) == Err(Errno::PERM) {
            self.report(Report::NotForwarded(signal.as_raw()));
        }
        if matches!(signal, Signal::TERM | Signal::INT | Signal::HUP | Signal::QUIT) {
            // What stands still could not hear it.
            let _ = self.signal_group(Signal::CONT);
            if self.ending == Ending::Not {
                self.ending = Ending::Asked { until: now.plus(self.grace) };
            }
        }
    }

    /// Signals the command and what did not leave its group. The result is of the command.
    fn signal_group(&self, signal: Signal) -> Result<(), Errno> {
        if self.shares_group.is_none() && (self.status.is_none() || self.is_group_left()) {
            // It reaches all at once. The command itself may have left its group.
            let told = kill_process_group(self.command, signal);
            if self.status.is_some() || getpgid(Some(self.command)) == Ok(self.command) {
                return told;
            }
        }
        // The command first: the end of what it started must not keep this from it.
        let told = match self.status {
            None => kill_process(self.command, signal),
            Some(_) => Ok(()),
        };
        // The wrapper is in the group too, and has heard it.
        for process in self.tree.living() {
            if self.shares_group.is_some()
                && process.group == self.group()
                && process.pid != self.command
            {
                // The command itself tells whether something is refused.
                let _ = kill_process(process.pid, signal);
            }
        }
        told
    }

    fn group(&self) -> Option<Pid> {
        self.shares_group.map_or(Some(self.command), Pid::from_raw)
    }

    /// Whether anything lives in the command's group.
    fn is_group_left(&self) -> bool {
        self.tree.living().iter().any(|process| process.group == self.group())
    }

    /// Lets go of all that ended, and notes how the command did.
    fn reap(&mut self) {
        while let Ok(Some((pid, status))) = wait(WaitOptions::NOHANG) {
            if pid == self.command {
                self.status = Some(status);
                self.tree.forget_command();
            }
        }
    }

    fn report_end(&mut self) {
        if let Some(status) = self.status {
            self.report(Report::Ended(status.as_raw()));
        }
    }

    fn report(&mut self, report: Report) {
        send(&self.socket, report);
    }
}

/// Never waits: there is room for many frames, and a wrapper that reads none of them must not keep
/// this process from its work.
fn send(mut socket: &UnixStream, report: Report) {
    // A wrapper that is gone needs no report.
    let _ = socket.write(&report.encode());
}

/// How late this process was scheduled of late.
#[derive(Clone, Copy, Debug)]
struct Lateness {
    now: Duration,
    /// Most that is taken from a lease.
    max: Duration,
}

impl Lateness {
    /// A sleep ended so late. What is not seen again is forgotten slowly.
    fn note(&mut self, late: Duration) {
        self.now = late.max(self.now - self.now / 8);
    }

    /// So much earlier must be done what must be done in time.
    fn margin(&self) -> Duration {
        self.max.min(self.now * 2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lateness_is_remembered_a_while_and_bounded() {
        let ms = Duration::from_millis;
        let mut lateness = Lateness { now: Duration::ZERO, max: ms(100) };
        lateness.note(ms(40));
        assert_eq!(lateness.margin(), ms(80));
        lateness.note(ms(0));
        assert_eq!(lateness.margin(), ms(70));
        lateness.note(ms(900));
        assert_eq!(lateness.margin(), ms(100));
    }
}
