//! The hosts, servers and clients of a run.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use bramah::Locker;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};
use tokio::time::sleep;

use super::Args;
use super::history::History;
use super::operator::Operator;
use super::place::{self, Host, Network, SmallDisk};
use super::record::{Line, Recorder};
use super::server::{self, PORT, Server, Terms};
use crate::random::Random;

/// Room on a member's disk: for four segments of the log and two snapshots.
const DISK_MIB: u64 = 112;
/// The last number in the address of the witness; those of servers and clients follow.
const FIRST_SERVER: u8 = 10;
const FIRST_CLIENT: u8 = 100;
/// Room for the whole log of a run.
const WITNESS_DISK_MIB: u64 = 4_096;
/// How long servers may take to become a cluster.
const FORMING_TIME_MAX: Duration = Duration::from_secs(30);
/// How long members may need to be a whole cluster again.
pub(super) const HEALING_TIME_MAX: Duration = Duration::from_secs(60);
/// How long a server may take to stop after it was told to.
pub(super) const STOPPING_TIME_MAX: Duration = Duration::from_secs(20);
/// How far the clock of a server may be ahead of another's: machines do not start together.
const AHEAD_SECONDS_MAX: u64 = 1_000_000;
/// How long a member may need before it works again, after whatever happened to it.
const GRACE: Duration = Duration::from_secs(4);
/// How often it is looked whether something has come about.
pub(super) const LOOK_EVERY: Duration = Duration::from_millis(20);

pub(super) struct Scene {
    pub(super) folder: PathBuf,
    /// Removes the folder at the end, if it is not to be kept.
    _temporary: Option<tempfile::TempDir>,
    pub(super) network: Network,
    pub(super) terms: Terms,
    pub(super) servers: Vec<Server>,
    /// A learner that no fault touches, and that never forgets the start of its log.
    pub(super) witness: Server,
    pub(super) clients: Vec<ClientProcess>,
    pub(super) operator: Operator,
    pub(super) recorder: Recorder,
    /// Copies the logs; none any more when all servers have stopped.
    pub(super) history: Option<History>,
    /// Cables were mended last.
    pub(super) mended_at: Instant,
    /// What was written down of it last.
    was_whole: Option<bool>,
    pub(super) random: Random,
}

/// A client's host, and its process of now.
pub(super) struct ClientProcess {
    pub(super) no: u32,
    pub(super) life: u32,
    pub(super) host: Host,
    pub(super) is_paused: bool,
    pub(super) child: Option<Child>,
}

impl Scene {
    /// Servers that are a cluster, with a witness that has the log from the beginning, or from
    /// before the first client.
    pub(super) async fn new(
        args: &Args,
        seed: u64,
        faketime: Option<PathBuf>,
    ) -> anyhow::Result<Scene> {
        let temporary = match &args.keep {
            Some(_) => None,
            None => Some(tempfile::Builder::new().prefix("bramah-chaos-").tempdir()?),
        };
        let folder = match (&args.keep, &temporary) {
            (Some(folder), _) => folder.clone(),
            (None, Some(temporary)) => temporary.path().to_owned(),
            (None, None) => PathBuf::from("."),
        };
        std::fs::create_dir_all(&folder)?;
        let folder = folder.canonicalize()?;
        let network = Network::new()?;
        let mut random = Random::new(seed, "scene");
        let count = usize::from(args.members);
        let server = |name: &str, number: u8, mib: u64| {
            let disk = SmallDisk::new(folder.join(format!("{name}.disk")), mib)?;
            anyhow::Ok(Server::new(network.host(name, number)?, disk, &folder))
        };
        let mut servers = Vec::new();
        for at in 1..=args.members {
            servers.push(server(&server_name(at), FIRST_SERVER + at, DISK_MIB)?);
        }
        let mut witness = server(WITNESS, FIRST_SERVER, WITNESS_DISK_MIB)?;
        witness.is_learner = true;
        let mut clients = Vec::new();
        for no in 0..args.clients {
            let host = network.host(&format!("client{no}"), FIRST_CLIENT + no)?;
            clients.push(ClientProcess {
                no: no.into(),
                life: 0,
                host,
                is_paused: false,
                child: None,
            });
        }
        let terms = Terms {
            program: server::program()?,
            servers: servers.iter().map(Server::address).collect(),
            expect: count,
            snapshot_after_mib: 1,
            has_clocks: server::has_clocks(),
            faketime,
        };
        let recorder = Recorder::new(&folder.join("run.record"))?;
        for server in &mut servers {
            server.start(&terms, ahead(&mut random))?;
        }
        let operator = Operator::new(&terms.servers).await?;
        operator.wait_until_whole(count, FORMING_TIME_MAX).await?;
        witness.start(&terms, ahead(&mut random))?;
        let began = Instant::now();
        while operator.member(&witness.address()).await.is_err() {
            ensure!(began.elapsed() < FORMING_TIME_MAX, "the witness does not join");
            sleep(LOOK_EVERY).await;
        }
        operator.wait_until_whole(count, FORMING_TIME_MAX).await?;
        let datas = servers.iter().map(|server| server.disk.data()).collect();
        let history = History::new(&folder, witness.disk.data(), datas)?;
        Ok(Scene {
            folder,
            _temporary: temporary,
            network,
            terms,
            servers,
            witness,
            clients,
            operator,
            recorder,
            history: Some(history),
            mended_at: Instant::now(),
            was_whole: None,
            random,
        })
    }

    /// Starts a member, with a clock that shows something new.
    pub(super) fn start_server(&mut self, at: usize) -> anyhow::Result<()> {
        let ahead = ahead(&mut self.random);
        self.servers[at].start(&self.terms, ahead)
    }

    /// Waits until a member has stopped that was told to.
    pub(super) async fn wait_until_stopped(&mut self, at: usize) -> anyhow::Result<()> {
        let has_ended = |scene: &mut Scene| {
            scene.servers[at].ended()?;
            Ok(!scene.servers[at].is_running())
        };
        let ended = self.wait_for(STOPPING_TIME_MAX, has_ended).await?;
        ensure!(ended, "member {at} does not stop:\n    {}", self.servers[at].last_words());
        Ok(())
    }

    /// Waits until all members are there and have everything.
    pub(super) async fn wait_until_whole(&self) -> anyhow::Result<()> {
        self.operator.wait_until_whole(self.servers.len(), HEALING_TIME_MAX).await?;
        Ok(())
    }

    /// A client of this process with the usual options, which turns to another member first than
    /// its brothers.
    pub(super) async fn connect(&self, number: usize) -> anyhow::Result<Locker> {
        let mut servers = self.terms.servers.clone();
        let count = servers.len();
        servers.rotate_left(number % count);
        Ok(bramah::connect(format!("bramah://{}", servers.join(","))).await?)
    }

    /// Which member leads, as far as anybody can tell.
    pub(super) async fn leader(&self) -> Option<usize> {
        let address = self.operator.leader().await?;
        self.servers.iter().position(|server| server.address() == address)
    }

    /// Starts all clients.
    pub(super) fn start_clients(&mut self) -> anyhow::Result<()> {
        (0..self.clients.len()).try_for_each(|client| self.start_client(client))
    }

    /// Starts the next process of a client.
    pub(super) fn start_client(&mut self, at: usize) -> anyhow::Result<()> {
        let seed = self.random.number();
        let servers = self.terms.servers.join(",");
        let client = &mut self.clients[at];
        let name = format!("client-{}-{}", client.no, client.life);
        let record = record_of(&self.folder, client.no, client.life);
        let mut command = client.host.command(&std::env::current_exe()?);
        command.arg("client").args(["--no", &client.no.to_string()]);
        command.args(["--life", &client.life.to_string(), "--seed", &seed.to_string()]);
        command.args(["--servers", &servers, "--record"]).arg(record);
        let log = File::create(self.folder.join(format!("{name}.log")))?;
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(log);
        client.child = Some(command.spawn().context("could not start a client")?);
        client.is_paused = false;
        Ok(())
    }

    /// Kills a client's process; the next one is another life.
    pub(super) fn kill_client(&mut self, at: usize) -> anyhow::Result<()> {
        let client = &mut self.clients[at];
        let Some(mut child) = client.child.take() else { return Ok(()) };
        // What it says until it stands still is from before it dies.
        let pid = Pid::from_child(&child);
        kill_process(pid, Signal::STOP)?;
        let stands_still = WaitIdOptions::STOPPED | WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        waitid(WaitId::Pid(pid), stands_still)?;
        self.recorder.now(&Line::Dies { client: client.no, life: client.life });
        child.kill()?;
        child.wait()?;
        client.life += 1;
        Ok(())
    }

    /// A majority of members runs, has room and is connected since a while.
    pub(super) fn is_whole(&self) -> bool {
        let is_well = |server: &&Server| {
            server.is_running() && !server.is_paused && server.well_since.elapsed() >= GRACE
        };
        let well: Vec<&Server> = self.servers.iter().filter(is_well).collect();
        let majority = self.servers.len() / 2 + 1;
        let meet = |one: &Server, other: &Server| {
            one.host == other.host || self.network.meet(&one.host, &other.host)
        };
        let leads = |one: &&&Server| well.iter().filter(|of| meet(one, of)).count() >= majority;
        // A leader without room lets nobody renew.
        self.servers.iter().all(|server| !server.is_full)
            && self.mended_at.elapsed() >= GRACE
            && well.iter().any(|one| leads(&one))
    }

    /// Writes down whether a leader could do its work, when that changes.
    pub(super) fn note_whole(&mut self) {
        let is_whole = self.is_whole();
        if self.was_whole != Some(is_whole) {
            self.was_whole = Some(is_whole);
            self.recorder.now(&Line::Whole(is_whole));
        }
    }

    /// Copies what servers left on their disks beside the records, which outlive this process.
    pub(super) fn keep_data(&self) -> anyhow::Result<()> {
        for server in self.servers.iter().chain([&self.witness]) {
            let to = self.folder.join(format!("{}.data", server.host.name));
            std::fs::create_dir_all(&to)?;
            // None, if it was just replaced when something broke.
            for file in std::fs::read_dir(server.disk.data()).into_iter().flatten() {
                let file = file?;
                std::fs::copy(file.path(), to.join(file.file_name()))?;
            }
        }
        Ok(())
    }

    pub(super) fn note(&self, text: String) {
        self.recorder.now(&Line::Note(text));
    }

    /// Looks every moment, for so long at most, until it is so.
    pub(super) async fn wait_for(
        &mut self,
        time_max: Duration,
        mut is_so: impl FnMut(&mut Scene) -> anyhow::Result<bool>,
    ) -> anyhow::Result<bool> {
        let began = Instant::now();
        while began.elapsed() < time_max {
            if is_so(self)? {
                return Ok(true);
            }
            sleep(LOOK_EVERY).await;
        }
        is_so(self)
    }
}

impl ClientProcess {
    pub(super) fn pause(&mut self) -> anyhow::Result<()> {
        self.is_paused = true;
        self.signal(Signal::STOP)
    }

    pub(super) fn go_on(&mut self) -> anyhow::Result<()> {
        self.is_paused = false;
        self.signal(Signal::CONT)
    }

    /// Tells it to begin nothing new, and to end when everything came to its end.
    pub(super) fn wind_down(&mut self) {
        if let Some(child) = &mut self.child {
            drop(child.stdin.take());
        }
    }

    fn signal(&self, signal: Signal) -> anyhow::Result<()> {
        let Some(child) = &self.child else { return Ok(()) };
        Ok(kill_process(Pid::from_child(child), signal)?)
    }
}

/// The name of the witness.
pub(super) const WITNESS: &str = "witness";

/// The name of a member's server, counted from 1.
pub(super) fn server_name(number: u8) -> String {
    format!("server{number}")
}

/// Where clients reach it.
pub(super) fn address(number: u8) -> String {
    format!("{}{}:{PORT}", place::SUBNET, FIRST_SERVER + number)
}

/// The data of a server: on its disk during the run, or beside that if it was kept.
pub(super) fn data_of(folder: &Path, name: &str) -> PathBuf {
    let kept = folder.join(format!("{name}.data"));
    if kept.exists() { kept } else { folder.join(format!("{name}.disk")).join("data") }
}

/// Where a client's process writes down what it sees.
pub(super) fn record_of(folder: &Path, client: u32, life: u32) -> PathBuf {
    folder.join(format!("client-{client}-{life}.record"))
}

/// Which processes of which clients wrote something down, in their order. One that was killed at
/// once has no record, and those after it have one.
pub(super) fn records_in(folder: &Path) -> std::io::Result<Vec<(u32, u32)>> {
    let mut records = Vec::new();
    for file in std::fs::read_dir(folder)? {
        let name = file?.file_name();
        let name = name.to_str().and_then(|name| name.strip_prefix("client-"));
        let numbers = name.and_then(|name| name.strip_suffix(".record")?.split_once('-'));
        let Some((client, life)) = numbers else { continue };
        records.extend(client.parse().ok().zip(life.parse().ok()));
    }
    records.sort_unstable();
    Ok(records)
}

fn ahead(random: &mut Random) -> Duration {
    Duration::from_secs(random.below(AHEAD_SECONDS_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_that_was_killed_before_it_wrote_hides_none_after_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let records = [(0, 0), (0, 2), (0, 10), (7, 1)];
        for (client, life) in records {
            File::create(record_of(folder.path(), client, life)).expect("a record");
        }
        for other in ["run.record", "client-0-1.log", "client-7-0.log"] {
            File::create(folder.path().join(other)).expect("a file");
        }
        assert_eq!(records_in(folder.path()).expect("a folder"), records);
    }
}
