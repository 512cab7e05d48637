//! The command that runs under a lock.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, IsTerminal};
use std::process::ExitStatus;

use rustix::process::{
    Pid, Signal, getpgrp, getpid, getppid, kill_process_group, set_parent_process_death_signal,
};
use rustix::termios::tcgetpgrp;

use crate::descendants::{self, Process, is_refused};
use crate::exit::say;

/// A running command. What ends it ends everything that it started; other signals reach what did
/// not leave its process group.
#[derive(Debug)]
pub(crate) struct Child {
    process: tokio::process::Child,
    pid: Pid,
    /// It leads a process group of its own. On a terminal it stays in ours: only the foreground
    /// group may read from there, and the keyboard's signals reach it without us.
    leads_group: bool,
    /// It was said that something runs on.
    is_refusal_told: bool,
}

impl Child {
    /// Starts `command`, program first, with this environment added to ours. It dies with this
    /// process.
    pub(crate) fn spawn(command: &[OsString], environment: &[(&str, String)]) -> io::Result<Child> {
        let Some((program, arguments)) = command.split_first() else {
            return Err(io::ErrorKind::InvalidInput.into());
        };
        descendants::keep_in_sight()?;
        let leads_group = !has_terminal();
        let mut process = tokio::process::Command::new(program);
        process.args(arguments).envs(environment.iter().map(|(name, value)| (name, value)));
        if leads_group {
            process.process_group(0);
        }
        let parent = getpid();
        #[expect(unsafe_code, reason = "only system calls that are safe between fork and exec")]
        // SAFETY: prctl and getppid allocate nothing and take no lock.
        unsafe {
            process.pre_exec(move || die_with(parent));
        }
        let process = process.spawn()?;
        let pid = process.id().and_then(|id| Pid::from_raw(id.cast_signed()));
        let pid = pid.ok_or_else(|| io::Error::other("the command has no process id"))?;
        Ok(Child { process, pid, leads_group, is_refusal_told: false })
    }

    /// Lets go of what it left behind and has ended; to be called when a child of this process
    /// ends.
    pub(crate) fn bury_orphans(&self) {
        descendants::bury_all_but(self.pid);
    }

    /// Waits until it ended. Dropping the future loses nothing.
    pub(crate) async fn wait(&mut self) -> io::Result<ExitStatus> {
        self.process.wait().await
    }

    /// Passes on a signal that was sent to us.
    pub(crate) fn forward(&self, signal: Signal) {
        let from_keyboard = matches!(signal, Signal::INT | Signal::QUIT | Signal::WINCH);
        if (self.leads_group || !from_keyboard) && !self.pass_on(signal) {
            say(format_args!(
                "could not pass signal {} on to process {} (it runs as another user)",
                signal.as_raw(),
                self.pid.as_raw_pid()
            ));
        }
        // What stands still could not hear it.
        if matches!(signal, Signal::TERM | Signal::INT | Signal::HUP | Signal::QUIT) {
            self.pass_on(Signal::CONT);
        }
    }

    /// Makes it stand still.
    pub(crate) fn pause(&self) {
        self.pass_on(Signal::STOP);
    }

    /// Lets it go on.
    pub(crate) fn resume(&self) {
        self.pass_on(Signal::CONT);
    }

    /// Asks it and all that it started to end; what stands still is woken to hear it.
    pub(crate) fn ask_to_end(&self) {
        // The command first: nothing that it started can keep this from it.
        self.send(Signal::TERM);
        self.send(Signal::CONT);
        // To be asked twice may mean more than to be asked.
        descendants::send(Signal::TERM, |it| self.is_sent(it));
        descendants::send(Signal::CONT, |it| self.is_sent(it));
    }

    /// Ends it, and what it started and left behind, as far as that is found: to be repeated until
    /// it says that nothing is left. What may not be ended is named on stderr, once.
    pub(crate) fn kill(&mut self) -> bool {
        self.send(Signal::KILL);
        let sent = descendants::send(Signal::KILL, |_| false);
        // Where others' processes are hidden, the command is still known.
        let is_refused = || self.process.id().is_some() && is_refused(self.pid, Signal::KILL);
        let refused = sent.refused.first().copied().or_else(|| is_refused().then_some(self.pid));
        if let Some(pid) = refused.filter(|_| !self.is_refusal_told) {
            self.is_refusal_told = true;
            say(format_args!(
                "could not stop process {} (it runs as another user): it runs on without the lock",
                pid.as_raw_pid()
            ));
        }
        sent.is_complete
    }

    /// As [`Child::send`], and where the group is ours, also to what of it was started below this
    /// process.
    fn pass_on(&self, signal: Signal) -> bool {
        let is_sent = self.send(signal);
        if !self.leads_group {
            descendants::send_to_group(getpgrp(), signal, self.pid);
        }
        is_sent
    }

    /// False if this process may not do that. What is gone needs no signal; once it ended and was
    /// waited for, its number may be another's.
    fn send(&self, signal: Signal) -> bool {
        if self.process.id().is_none() {
            return true;
        }
        // The command itself may have left the group.
        (self.leads_group && kill_process_group(self.pid, signal).is_ok())
            || !is_refused(self.pid, signal)
    }

    /// Whether [`Child::send`] reached this process.
    fn is_sent(&self, process: &Process) -> bool {
        process.pid == self.pid || (self.leads_group && process.group == Some(self.pid))
    }
}

/// Whether this process may use a terminal, or will be brought to where it may: a group of its own
/// would stop for ever when the command asks there for a password, whatever its stdin is.
fn has_terminal() -> bool {
    let foreground = File::open("/dev/tty").ok().and_then(|terminal| tcgetpgrp(terminal).ok());
    foreground == Some(getpgrp()) || io::stdin().is_terminal()
}

/// Asks the kernel to kill this process with its parent: nobody else could stop it when the lock is
/// lost.
fn die_with(parent: Pid) -> io::Result<()> {
    set_parent_process_death_signal(Some(Signal::KILL))?;
    // It may have died before the kernel was asked.
    if getppid() == Some(parent) {
        return Ok(());
    }
    Err(io::Error::other("its parent died"))
}
