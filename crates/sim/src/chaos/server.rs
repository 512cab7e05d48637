//! A `bramah serve` on a host and a disk of its own.

use std::fs::{self, File, OpenOptions};
use std::io::{Read as _, Seek as _, SeekFrom};
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use rustix::process::{Pid, Signal, kill_process};

use super::place::{Host, SmallDisk};
use super::wall_clock::{self, WallClock};

/// The port for clients; the one after it is for members.
pub(super) const PORT: u16 = 7420;
/// Lines of its log that are shown when it ends by itself.
const LAST_LINES: usize = 5;
/// The last that a server says whose disk has no room for what it must write to start.
const NO_ROOM: &str = "No space left on device (os error 28)";
/// What one says that is no member any more.
const REMOVED: &str = "was removed from cluster";

/// What all servers of a run have in common.
#[derive(Clone, Debug)]
pub(super) struct Terms {
    pub(super) program: PathBuf,
    /// The addresses for clients of all that begin together.
    pub(super) servers: Vec<String>,
    /// How many they are.
    pub(super) expect: usize,
    /// MiB of log between snapshots, of those that vote.
    pub(super) snapshot_after_mib: u32,
    /// A clock can be set for each process.
    pub(super) has_clocks: bool,
    /// What sets wall clocks, if they are to be set.
    pub(super) faketime: Option<PathBuf>,
}

/// One server.
#[derive(Debug)]
pub(super) struct Server {
    pub(super) host: Host,
    pub(super) disk: SmallDisk,
    pub(super) is_paused: bool,
    pub(super) is_full: bool,
    excuses: Excuses,
    pub(super) is_learner: bool,
    /// It was started, went on, or had room again.
    pub(super) well_since: Instant,
    child: Option<Child>,
    wall_clock: Option<WallClock>,
    log: PathBuf,
    /// Where its log begins that it writes since it was started.
    log_start: u64,
}

impl Server {
    pub(super) fn new(host: Host, disk: SmallDisk, folder: &Path) -> Server {
        let log = folder.join(format!("{}.log", host.name));
        Server {
            host,
            disk,
            is_paused: false,
            is_full: false,
            excuses: Excuses::default(),
            is_learner: false,
            well_since: Instant::now(),
            child: None,
            wall_clock: None,
            log,
            log_start: 0,
        }
    }

    /// Where clients reach it.
    pub(super) fn address(&self) -> String {
        format!("{}:{PORT}", self.host.address)
    }

    /// Starts it. Its CLOCK_BOOTTIME is ahead of this machine's by so much, where that can be set.
    pub(super) fn start(&mut self, terms: &Terms, ahead: Duration) -> anyhow::Result<()> {
        let log = OpenOptions::new().create(true).append(true).open(&self.log)?;
        self.log_start = log.metadata()?.len();
        let peers = format!("{}:{}", self.host.address, PORT + 1);
        let mut command = match terms.has_clocks {
            true => {
                let mut command = self.host.command(Path::new("unshare"));
                command.args(["--time", "--boottime", &ahead.as_secs().to_string()]);
                command.arg(&terms.program);
                command
            }
            false => self.host.command(&terms.program),
        };
        command.args(["serve", "--listen", &self.address(), "--peer-listen", &peers]);
        command.args(["--join", &terms.servers.join(",")]).arg("--data").arg(self.disk.data());
        match self.is_learner {
            true => command.arg("--learner"),
            false => command
                .args(["--bootstrap-expect", &terms.expect.to_string()])
                .args(["--snapshot-after-mib", &terms.snapshot_after_mib.to_string()]),
        };
        if let (Some(library), None) = (&terms.faketime, &self.wall_clock) {
            self.wall_clock = Some(WallClock::new(library, self.log.with_extension("clock"))?);
        }
        if let Some(clock) = &self.wall_clock {
            clock.give_to(&mut command);
        }
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        self.child = Some(command.spawn().context("could not start a server")?);
        self.well_since = Instant::now();
        self.is_paused = false;
        (self.excuses.is_told, self.excuses.was_full) = (false, self.is_full);
        Ok(())
    }

    pub(super) fn is_running(&self) -> bool {
        self.child.is_some()
    }

    /// What it said last, if it has ended.
    ///
    /// # Errors
    /// It ended though nothing was done to it that may end it.
    pub(super) fn ended(&mut self) -> anyhow::Result<Option<String>> {
        let Some(child) = &mut self.child else { return Ok(None) };
        let Some(status) = child.try_wait()? else { return Ok(None) };
        self.child = None;
        let words = self.last_words();
        if !self.excuses.cover(status, &words) {
            bail!("{} ended with {status} by itself:\n    {words}", self.host.name);
        }
        if words.contains(REMOVED) {
            self.replace_disk()?;
        }
        Ok(Some(words))
    }

    /// Kills it at once.
    pub(super) fn kill(&mut self) -> anyhow::Result<()> {
        if let Some(mut child) = self.child.take() {
            child.kill()?;
            child.wait()?;
        }
        self.is_paused = false;
        Ok(())
    }

    /// It stands still.
    pub(super) fn pause(&mut self) -> anyhow::Result<()> {
        self.is_paused = true;
        self.signal(Signal::STOP)
    }

    /// It goes on.
    pub(super) fn go_on(&mut self) -> anyhow::Result<()> {
        self.is_paused = false;
        self.well_since = Instant::now();
        self.signal(Signal::CONT)
    }

    /// It is told to stop.
    pub(super) fn terminate(&mut self) -> anyhow::Result<()> {
        self.excuses.is_told = true;
        self.signal(Signal::TERM)
    }

    pub(super) fn fill_disk(&mut self) -> anyhow::Result<()> {
        self.is_full = true;
        self.excuses.was_full = true;
        self.disk.fill()
    }

    pub(super) fn empty_disk(&mut self) -> anyhow::Result<()> {
        self.is_full = false;
        self.well_since = Instant::now();
        self.disk.empty()
    }

    /// Somebody is about to remove it from the cluster, which may succeed.
    pub(super) fn may_be_removed(&mut self) {
        self.excuses.may_be_removed = true;
    }

    /// It begins anew, as another member.
    pub(super) fn replace_disk(&mut self) -> anyhow::Result<()> {
        self.excuses.may_be_removed = false;
        self.disk.replace()
    }

    /// Its wall clock is ahead of this machine's by so many seconds from now on; gives whether that
    /// can be done.
    pub(super) fn set_wall_clock(&self, ahead: i64) -> anyhow::Result<bool> {
        let Some(clock) = &self.wall_clock else { return Ok(false) };
        clock.set(ahead)?;
        Ok(true)
    }

    /// The last that it said, a moment ago, must have been at such a time.
    pub(super) fn ensure_wall_clock(&self, ahead: i64) -> anyhow::Result<()> {
        let name = &self.host.name;
        wall_clock::ensure_written(&self.said(), ahead).with_context(|| format!("in {name}"))
    }

    fn signal(&self, signal: Signal) -> anyhow::Result<()> {
        let Some(child) = &self.child else { return Ok(()) };
        Ok(kill_process(Pid::from_child(child), signal)?)
    }

    /// What it said since it was started.
    fn said(&self) -> String {
        let mut said = Vec::new();
        // What it does not say is nothing that excuses it.
        let _ = File::open(&self.log).and_then(|mut log| {
            log.seek(SeekFrom::Start(self.log_start))?;
            log.read_to_end(&mut said)
        });
        String::from_utf8_lossy(&said).into_owned()
    }

    /// The end of that.
    pub(super) fn last_words(&self) -> String {
        let said = self.said();
        let lines: Vec<&str> = said.lines().rev().take(LAST_LINES).collect();
        lines.into_iter().rev().collect::<Vec<_>>().join("\n    ")
    }
}

/// What was done to a server that may end it.
#[derive(Debug, Default)]
struct Excuses {
    /// It was told to stop.
    is_told: bool,
    /// Its disk was full at some time since it was started.
    was_full: bool,
    may_be_removed: bool,
}

impl Excuses {
    /// It may end with this status after these words.
    fn cover(&self, status: ExitStatus, words: &str) -> bool {
        // One that has just begun does not know the signal yet.
        let has_stopped = status.success() || status.signal() == Some(Signal::TERM.as_raw());
        self.is_told && has_stopped
            || self.was_full && words.ends_with(NO_ROOM)
            || self.may_be_removed && words.contains(REMOVED)
    }
}

/// Whether the clock since the start of the machine can be set for a process.
pub(super) fn has_clocks() -> bool {
    let uptime = |command: &mut Command| {
        let output = command.stderr(Stdio::null()).output().ok()?;
        let text = String::from_utf8(output.stdout).ok()?;
        text.split('.').next()?.parse::<u64>().ok()
    };
    let ahead = ["--time", "--boottime", "1000", "cat", "/proc/uptime"];
    let here = uptime(Command::new("cat").arg("/proc/uptime"));
    let there = uptime(Command::new("unshare").args(ahead));
    matches!((here, there), (Some(here), Some(there)) if there >= here + 1_000)
}

/// The program that is tried: `BRAMAH_BIN`, or the one beside this.
pub(super) fn program() -> anyhow::Result<PathBuf> {
    let path = match std::env::var_os("BRAMAH_BIN") {
        Some(path) => PathBuf::from(path),
        None => std::env::current_exe()?.with_file_name("bramah"),
    };
    File::open(&path).with_context(|| format!("no program {} (BRAMAH_BIN)", path.display()))?;
    Ok(fs::canonicalize(path)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_may_end_only_by_what_was_done_to_just_this_one() {
        let (well, badly, killed) = (0, 1 << 8, Signal::TERM.as_raw());
        let removed = format!("bramah: node 7 {REMOVED} 1: it serves no longer");
        let ends = [
            (well, "stopped"),
            (killed, ""),
            (badly, NO_ROOM),
            (badly, &removed),
            (badly, "panicked"),
        ];
        let covered = |excuses: Excuses| {
            ends.map(|(status, words)| excuses.cover(ExitStatus::from_raw(status), words))
        };
        let none = Excuses::default;
        assert_eq!(covered(none()), [false; 5]);
        let told = Excuses { is_told: true, ..none() };
        assert_eq!(covered(told), [true, true, false, false, false]);
        let full = Excuses { was_full: true, ..none() };
        assert_eq!(covered(full), [false, false, true, false, false]);
        let removed = Excuses { may_be_removed: true, ..none() };
        assert_eq!(covered(removed), [false, false, false, true, false]);
    }
}
