//! A `bramah serve` on a host and a disk of its own.

use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context;
use rustix::process::{Pid, Signal, kill_process};

use super::place::{Host, SmallDisk};

/// The port for clients; the one after it is for members.
pub(super) const PORT: u16 = 7420;
/// Lines of its log that are shown when it ends by itself.
const LAST_LINES: usize = 5;

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
}

/// One server.
#[derive(Debug)]
pub(super) struct Server {
    pub(super) host: Host,
    pub(super) disk: SmallDisk,
    pub(super) is_paused: bool,
    pub(super) is_full: bool,
    pub(super) is_learner: bool,
    /// It was started, went on, or had room again.
    pub(super) well_since: Instant,
    child: Option<Child>,
    log: PathBuf,
}

impl Server {
    pub(super) fn new(host: Host, disk: SmallDisk, folder: &Path) -> Server {
        let log = folder.join(format!("{}.log", host.name));
        Server {
            host,
            disk,
            is_paused: false,
            is_full: false,
            is_learner: false,
            well_since: Instant::now(),
            child: None,
            log,
        }
    }

    /// Where clients reach it.
    pub(super) fn address(&self) -> String {
        format!("{}:{PORT}", self.host.address)
    }

    /// Starts it. Its CLOCK_BOOTTIME is ahead of this machine's by so much, where that can be set.
    pub(super) fn start(&mut self, terms: &Terms, ahead: Duration) -> anyhow::Result<()> {
        let log = OpenOptions::new().create(true).append(true).open(&self.log)?;
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
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        self.child = Some(command.spawn().context("could not start a server")?);
        self.well_since = Instant::now();
        self.is_paused = false;
        Ok(())
    }

    pub(super) fn is_running(&self) -> bool {
        self.child.is_some()
    }

    /// How it ended, if it did by itself or since it was told to.
    pub(super) fn ended(&mut self) -> anyhow::Result<Option<ExitStatus>> {
        let Some(child) = &mut self.child else { return Ok(None) };
        let status = child.try_wait()?;
        if status.is_some() {
            self.child = None;
        }
        Ok(status)
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
        self.signal(Signal::TERM)
    }

    pub(super) fn fill_disk(&mut self) -> anyhow::Result<()> {
        self.is_full = true;
        self.disk.fill()
    }

    pub(super) fn empty_disk(&mut self) -> anyhow::Result<()> {
        self.is_full = false;
        self.well_since = Instant::now();
        self.disk.empty()
    }

    fn signal(&self, signal: Signal) -> anyhow::Result<()> {
        let Some(child) = &self.child else { return Ok(()) };
        Ok(kill_process(Pid::from_child(child), signal)?)
    }

    /// The end of what it said.
    pub(super) fn last_words(&self) -> String {
        let said = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = said.lines().rev().take(LAST_LINES).collect();
        lines.into_iter().rev().collect::<Vec<_>>().join("\n    ")
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
