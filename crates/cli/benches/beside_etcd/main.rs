//! Cycles a second of a cluster of three beside those of etcd's, in the same run: three processes
//! of each on this machine, both durable with their defaults, and clients spread over all three.
//! Machines are noisy: read the ratios, not the figures.
//!
//!     cargo bench -p bramah-cli --bench beside_etcd [-- SECONDS [ROUNDS]]
//!
//! Needs `etcd` (scripts/deps --bench). Here `bramah bench` is the client, with all that the
//! library does; there, one that does the least. 128 clients come twice: each with a connection of
//! its own, as on 128 machines, and as the tasks of one process, which share a connection to each
//! member.

mod etcd;

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};

const MEMBERS: usize = 3;
/// Clients, and the connections that they share.
const LOADS: [(usize, usize); 4] = [(1, 1), (16, 16), (128, 128), (128, MEMBERS)];
const START_TIME_MAX: Duration = Duration::from_secs(30);
const BRAMAH: &str = env!("CARGO_BIN_EXE_bramah");

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1).filter(|argument| argument != "--bench");
    let seconds: u64 = arguments.next().map_or(Ok(3), |text| text.parse())?;
    let rounds: usize = arguments.next().map_or(Ok(3), |text| text.parse())?;
    let length = Duration::from_secs(seconds);
    // In the working folder: /tmp may be in memory, where a sync costs nothing.
    let folder = tempfile::TempDir::new_in(".")?;
    let (_ours, ours) = start_ours(folder.path())?;
    let (_theirs, theirs) = start_etcd(folder.path())?;
    println!("own locks, cycles/s (p50 us), median of {rounds} rounds of {seconds} s");
    for (clients, connections) in LOADS {
        let (mut here, mut there) = (Vec::new(), Vec::new());
        for _ in 0..rounds {
            here.push(run_ours(&ours, clients, connections, length)?);
            there.push(etcd::run(&theirs, clients, connections, length)?);
        }
        let (here, there) = (median(here), median(there));
        println!(
            "{clients:>4} clients, {connections:>3} connections  \
             bramah {:.0} ({:.0})  etcd {:.0} ({:.0})  ratio {:.1}",
            here.0,
            here.1,
            there.0,
            there.1,
            here.0 / there.0
        );
    }
    Ok(())
}

fn median(mut runs: Vec<(f64, f64)>) -> (f64, f64) {
    runs.sort_by(|a, b| a.0.total_cmp(&b.0));
    runs[runs.len() / 2]
}

/// A process that ends with its owner.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start(command: &mut Command, log: &Path) -> anyhow::Result<Process> {
    let log = File::create(log)?;
    command.stdin(Stdio::null()).stderr(log);
    let child = command.spawn().with_context(|| format!("could not start {command:?}"))?;
    Ok(Process(child))
}

fn free_addresses(count: usize) -> anyhow::Result<Vec<SocketAddr>> {
    let bind = |_| TcpListener::bind("127.0.0.1:0");
    let listeners: Vec<TcpListener> = (0..count).map(bind).collect::<Result<_, _>>()?;
    Ok(listeners.iter().map(TcpListener::local_addr).collect::<Result<_, _>>()?)
}

fn start_ours(folder: &Path) -> anyhow::Result<(Vec<Process>, Vec<SocketAddr>)> {
    let addresses = free_addresses(2 * MEMBERS)?;
    let (clients, peers) = addresses.split_at(MEMBERS);
    let all = join(clients);
    let mut members = Vec::new();
    for (at, (address, peer)) in clients.iter().zip(peers).enumerate() {
        let mut command = Command::new(BRAMAH);
        command.args(["serve", "--json", "--listen", &address.to_string()]);
        command.args(["--peer-listen", &peer.to_string(), "--join", &all]);
        command.args(["--bootstrap-expect", &MEMBERS.to_string(), "--data"]);
        command.arg(folder.join(format!("bramah-{at}"))).stdout(Stdio::piped());
        members.push(start(&mut command, &folder.join(format!("bramah-{at}.log")))?);
    }
    for Process(member) in &mut members {
        let mut line = String::new();
        let output = member.stdout.take().context("its output")?;
        BufReader::new(output).read_line(&mut line)?;
        ensure!(line.starts_with('{'), "a member does not start: {line:?}");
    }
    Ok((members, clients.to_vec()))
}

fn join(addresses: &[SocketAddr]) -> String {
    addresses.iter().map(SocketAddr::to_string).collect::<Vec<_>>().join(",")
}

fn start_etcd(folder: &Path) -> anyhow::Result<(Vec<Process>, Vec<SocketAddr>)> {
    let addresses = free_addresses(2 * MEMBERS)?;
    let (clients, peers) = addresses.split_at(MEMBERS);
    let named = peers.iter().enumerate().map(|(at, peer)| format!("e{at}=http://{peer}"));
    let all = named.collect::<Vec<_>>().join(",");
    let mut members = Vec::new();
    for (at, (client, peer)) in clients.iter().zip(peers).enumerate() {
        let (client, peer) = (format!("http://{client}"), format!("http://{peer}"));
        let mut command = Command::new("etcd");
        command.args(["--name", &format!("e{at}"), "--initial-cluster", &all]);
        command.args(["--listen-client-urls", &client, "--advertise-client-urls", &client]);
        command.args(["--listen-peer-urls", &peer, "--initial-advertise-peer-urls", &peer]);
        command.args(["--log-level", "error", "--data-dir"]);
        command.arg(folder.join(format!("etcd-{at}"))).stdout(Stdio::null());
        members.push(start(&mut command, &folder.join(format!("etcd-{at}.log")))?);
    }
    let began = Instant::now();
    let mut last = None;
    while began.elapsed() < START_TIME_MAX {
        let is_up = clients.iter().all(|client| TcpStream::connect(client).is_ok());
        // It serves before it has a leader.
        match is_up.then(|| etcd::run(clients, MEMBERS, MEMBERS, Duration::from_millis(100))) {
            Some(Ok(_)) => return Ok((members, clients.to_vec())),
            other => last = other,
        }
        sleep(Duration::from_millis(100));
    }
    anyhow::bail!("etcd does not serve within {START_TIME_MAX:?}: {last:?}")
}

fn run_ours(
    addresses: &[SocketAddr],
    clients: usize,
    connections: usize,
    length: Duration,
) -> anyhow::Result<(f64, f64)> {
    let mut command = Command::new(BRAMAH);
    command.args(["bench", "--json", "--mode", "own", "--clients", &clients.to_string()]);
    command.args(["--connections", &connections.to_string()]);
    command.args(["--seconds", &format!("{}s", length.as_secs())]);
    command.args(["--on", &format!("bramah://{}", join(addresses))]);
    let output = command.output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    let number = |key: &str| report[0][key].as_f64().context("a number");
    Ok((number("cycles_per_s")?, number("p50_us")?))
}
