//! The servers that are measured, each in a process of its own.

use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use bramah_server::{Config, Storage};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::clients::Protocol;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Echo,
    RedisAlways,
    Durable,
    RedisMemory,
    Memory,
}

pub(crate) struct Server {
    kind: Kind,
    address: SocketAddr,
    child: Child,
    _folder: TempDir,
}

/// What a process uses.
#[derive(Clone, Copy)]
pub(crate) struct Usage {
    /// Resident.
    pub(crate) memory_bytes: u64,
    /// Time so far.
    pub(crate) cpu: Duration,
}

impl AsRef<Server> for Server {
    fn as_ref(&self) -> &Server {
        self
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    /// Starts one; none if it is not installed.
    pub(crate) fn start(kind: Kind) -> Option<Server> {
        // In the working folder: /tmp may be in memory, where a sync costs nothing.
        let folder = TempDir::new_in(".").expect("a folder");
        let (child, address) = match kind {
            Kind::RedisAlways | Kind::RedisMemory => redis(kind, folder.path().to_owned())?,
            Kind::Echo => own(Command::new(myself()).arg("serve-echo")),
            Kind::Memory => own(Command::new(myself()).arg("serve-memory")),
            Kind::Durable => own(Command::new(myself()).arg("serve-durable").arg(folder.path())),
        };
        Some(Server { kind, address, child, _folder: folder })
    }

    /// What its process uses.
    pub(crate) fn usage(&self) -> Usage {
        let read = |file| std::fs::read_to_string(format!("/proc/{}/{file}", self.child.id()));
        let status = read("status").expect("it runs");
        let memory = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a line");
        let memory: u64 = memory.trim().trim_end_matches(" kB").parse().expect("a number");
        let stat = read("stat").expect("it runs");
        // Behind the name, which may have spaces: the times in user and in system mode.
        let fields = stat.rsplit_once(')').expect("a name").1.split_whitespace();
        let ticks: u64 = fields.skip(11).take(2).map(|it| it.parse::<u64>().expect("ticks")).sum();
        let per_second = rustix::param::clock_ticks_per_second();
        let cpu = Duration::from_secs_f64(ticks as f64 / per_second as f64);
        Usage { memory_bytes: memory * 1024, cpu }
    }

    pub(crate) fn kind(&self) -> Kind {
        self.kind
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it is asked in, one after the other.
    pub(crate) fn protocols(&self) -> &'static [Protocol] {
        match self.kind {
            Kind::Echo => &[Protocol::Echo],
            Kind::RedisAlways | Kind::RedisMemory => &[Protocol::Redis],
            Kind::Durable | Kind::Memory => {
                &[Protocol::Bramah, Protocol::Binary, Protocol::Json, Protocol::Http]
            }
        }
    }

    pub(crate) fn is_ours(&self) -> bool {
        matches!(self.kind, Kind::Durable | Kind::Memory)
    }
}

fn myself() -> PathBuf {
    std::env::current_exe().expect("this program has a path")
}

/// Starts this program as a server, which prints its address.
fn own(command: &mut Command) -> (Child, SocketAddr) {
    let mut child = command.stdout(Stdio::piped()).spawn().expect("it starts");
    let mut line = String::new();
    let mut output = BufReader::new(child.stdout.take().expect("its output"));
    output.read_line(&mut line).expect("a line");
    (child, line.trim().parse().expect("an address"))
}

fn redis(kind: Kind, folder: PathBuf) -> Option<(Child, SocketAddr)> {
    let free = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = free.local_addr().expect("its address");
    drop(free);
    let mut command = Command::new("redis-server");
    command.args(["--bind", "127.0.0.1", "--save", "", "--port", &address.port().to_string()]);
    command.arg("--dir").arg(folder);
    if kind == Kind::RedisAlways {
        command.args(["--appendonly", "yes", "--appendfsync", "always"]);
    }
    let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().ok()?;
    let deadline = Instant::now() + Duration::from_secs(10);
    while std::net::TcpStream::connect(address).is_err() {
        assert!(Instant::now() < deadline, "redis-server does not answer");
        std::thread::sleep(Duration::from_millis(10));
    }
    Some((child, address))
}

/// What a child process does.
pub(crate) fn serve(what: &str, folder: Option<String>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let listen = SocketAddr::from(([127, 0, 0, 1], 0));
    let storage = match what {
        "serve-memory" => Storage::Memory,
        "serve-durable" => Storage::Folder(folder.expect("a folder").into()),
        _ => return runtime.expect("a runtime").block_on(echo(listen)),
    };
    let config = Config::new(listen, storage);
    let started = |started: bramah_server::Started| println!("{}", started.address);
    let served = bramah_server::serve(config, started, std::future::pending());
    runtime.expect("a runtime").block_on(served).expect("it serves");
}

/// Sends back whatever comes: the least that two round trips can cost.
async fn echo(listen: SocketAddr) {
    let listener = tokio::net::TcpListener::bind(listen).await.expect("it listens");
    println!("{}", listener.local_addr().expect("its address"));
    loop {
        let (mut stream, _) = listener.accept().await.expect("a connection");
        stream.set_nodelay(true).expect("no delay");
        tokio::spawn(async move {
            let mut buffer = [0; 4096];
            while let Ok(bytes @ 1..) = stream.read(&mut buffer).await {
                if stream.write_all(&buffer[..bytes]).await.is_err() {
                    break;
                }
            }
        });
    }
}
