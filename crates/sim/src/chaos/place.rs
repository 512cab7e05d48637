//! Where a run takes place: namespaces of its own for processes, mounts and networks, so that
//! nothing of it reaches anybody else, and all of it is gone when its first process is, however
//! that ends.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, bail, ensure};

/// Says to a process that it is inside already.
const INSIDE: &str = "BRAMAH_CHAOS_INSIDE";
/// Where `ip netns` keeps its names.
const NAMES: &str = "/run/netns";
/// How the address of every host begins.
pub(super) const SUBNET: &str = "10.77.0.";
/// Programs that are needed besides.
const TOOLS: [&str; 5] = ["ip", "nft", "unshare", "mount", "umount"];

/// What is missing here, if something is.
#[must_use]
pub fn why_not() -> Option<String> {
    if !rustix::process::geteuid().is_root() {
        return Some("only root can make network namespaces".to_owned());
    }
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let is_there = |tool: &&str| std::env::split_paths(&folders).any(|at| at.join(tool).is_file());
    if let Some(tool) = TOOLS.iter().find(|tool| !is_there(tool)) {
        return Some(format!("{tool} is not installed (scripts/deps installs what is needed)"));
    }
    let mut unshare = Command::new("unshare");
    let tried = match unshare.args(UNSHARE).args(["sh", "-ec", TRIAL]).output() {
        Ok(output) if output.status.success() => return None,
        Ok(output) => String::from_utf8_lossy(&output.stderr).trim().replace('\n', "; "),
        Err(error) => error.to_string(),
    };
    Some(format!("network namespaces are not to be had here: {tried}"))
}

/// One of each thing that a run needs; all of it is gone with the process that tries.
const TRIAL: &str = "mount -t tmpfs names /run
    mkdir /run/netns
    ip netns add other
    ip link add bridge type bridge
    ip link add one type veth peer name cable netns other
    nft add table bridge chaos
    nft add set bridge chaos cut '{ type ifname . ifname; }'
    ip netns exec other true";

/// `--kill-child`: whatever ends the outer process, the inner one is killed, and since that is the
/// first of its process namespace, all others with it.
const UNSHARE: [&str; 6] = ["--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc"];

/// Goes inside: replaces this process by one that waits for the same program in namespaces of its
/// own. Returns once it is inside.
///
/// # Errors
/// It is not possible.
pub fn enter() -> anyhow::Result<()> {
    if std::env::var_os(INSIDE).is_none() {
        let program = std::env::current_exe()?;
        let mut inner = Command::new("unshare");
        inner.args(UNSHARE).arg(program).args(std::env::args_os().skip(1)).env(INSIDE, "1");
        return Err(inner.exec()).context("could not run unshare");
    }
    fs::create_dir_all(NAMES)?;
    call("mount", &["-t", "tmpfs", "names", NAMES])?;
    // What libfaketime leaves there of a process that is killed.
    call("mount", &["-t", "tmpfs", "shm", "/dev/shm"])
}

/// A host of its own, as far as the network goes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Host {
    /// Name of its namespace and of its cable.
    pub(super) name: String,
    pub(super) address: String,
}

/// All hosts, each with a cable into one bridge, and which of them do not hear each other.
#[derive(Debug, Default)]
pub(super) struct Network {
    /// From whom to whom nothing comes through.
    cut: BTreeSet<(String, String)>,
}

impl Network {
    /// An empty bridge, which this process itself is connected to.
    pub(super) fn new() -> anyhow::Result<Network> {
        call("ip", &["link", "set", "lo", "up"])?;
        call("ip", &["link", "add", "bridge", "type", "bridge"])?;
        call("ip", &["address", "add", &format!("{SUBNET}254/24"), "dev", "bridge"])?;
        call("ip", &["link", "set", "bridge", "up"])?;
        feed_nft(
            "table bridge chaos {
                set cut { type ifname . ifname; }
                chain pass {
                    type filter hook forward priority 0;
                    iifname . oifname @cut drop
                }
            }
",
        )?;
        Ok(Network::default())
    }

    /// One more host, with this number at the end of its address.
    pub(super) fn host(&self, name: &str, number: u8) -> anyhow::Result<Host> {
        let host = Host { name: name.to_owned(), address: format!("{SUBNET}{number}") };
        call("ip", &["netns", "add", name])?;
        let veth = ["link", "add", name, "type", "veth", "peer", "name", "cable", "netns", name];
        call("ip", &veth)?;
        call("ip", &["link", "set", name, "master", "bridge", "up"])?;
        call("ip", &["-n", name, "link", "set", "lo", "up"])?;
        let address = format!("{}/24", host.address);
        call("ip", &["-n", name, "address", "add", &address, "dev", "cable"])?;
        call("ip", &["-n", name, "link", "set", "cable", "up"])?;
        Ok(host)
    }

    /// From now on nothing comes through from `from` to `to`.
    pub(super) fn cut(&mut self, pairs: &[(&Host, &Host)]) -> anyhow::Result<()> {
        let pairs = pairs.iter().map(|(from, to)| (from.name.clone(), to.name.clone()));
        self.cut.extend(pairs);
        self.apply()
    }

    /// From now on it does.
    pub(super) fn mend(&mut self, pairs: &[(&Host, &Host)]) -> anyhow::Result<()> {
        for (from, to) in pairs {
            self.cut.remove(&(from.name.clone(), to.name.clone()));
        }
        self.apply()
    }

    /// Everybody hears everybody.
    pub(super) fn heal(&mut self) -> anyhow::Result<()> {
        self.cut.clear();
        self.apply()
    }

    /// Both can talk to each other.
    pub(super) fn meet(&self, one: &Host, other: &Host) -> bool {
        let is_cut = |a: &Host, b: &Host| self.cut.contains(&(a.name.clone(), b.name.clone()));
        !is_cut(one, other) && !is_cut(other, one)
    }

    /// All at once.
    fn apply(&self) -> anyhow::Result<()> {
        let mut rules = "flush set bridge chaos cut\n".to_owned();
        for (from, to) in &self.cut {
            writeln!(rules, "add element bridge chaos cut {{ \"{from}\" . \"{to}\" }}")?;
        }
        feed_nft(&rules)
    }
}

impl Host {
    /// A program that runs there.
    pub(super) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.name]).arg(program);
        command
    }
}

/// A disk that can be filled.
#[derive(Debug)]
pub(super) struct SmallDisk {
    pub(super) folder: PathBuf,
    mib: u64,
}

impl SmallDisk {
    pub(super) fn new(folder: PathBuf, mib: u64) -> anyhow::Result<SmallDisk> {
        fs::create_dir_all(&folder)?;
        let path = folder.to_str().context("a path that is no text")?;
        call("mount", &["-t", "tmpfs", "-o", &format!("size={mib}m"), "disk", path])?;
        Ok(SmallDisk { folder, mib })
    }

    /// Where the server keeps its data.
    pub(super) fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// Leaves no room.
    pub(super) fn fill(&self) -> anyhow::Result<()> {
        let mut ballast = fs::File::create(self.folder.join("ballast"))?;
        let block = vec![0_u8; 1024 * 1024];
        for _ in 0..=self.mib {
            if ballast.write_all(&block).is_err() {
                // What is left of the last block.
                let _ = ballast.write_all(&block[..4096]);
                return Ok(());
            }
        }
        bail!("the disk cannot be filled")
    }

    pub(super) fn empty(&self) -> anyhow::Result<()> {
        Ok(fs::remove_file(self.folder.join("ballast"))?)
    }

    /// A new disk in its place.
    pub(super) fn replace(&self) -> anyhow::Result<()> {
        Ok(fs::remove_dir_all(self.data())?)
    }
}

fn feed_nft(rules: &str) -> anyhow::Result<()> {
    let mut nft = Command::new("nft").args(["-f", "-"]).stdin(Stdio::piped()).spawn()?;
    nft.stdin.take().context("nft has no input")?.write_all(rules.as_bytes())?;
    ensure!(nft.wait()?.success(), "nft refused: {rules}");
    Ok(())
}

fn call(program: &str, args: &[&str]) -> anyhow::Result<()> {
    let output = Command::new(program).args(args).output();
    let output = output.with_context(|| format!("could not run {program}"))?;
    ensure!(
        output.status.success(),
        "{program} {}: {}",
        args.join(" "),
        String::from_utf8_lossy(&output.stderr).trim()
    );
    Ok(())
}
