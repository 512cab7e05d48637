//! Other processes: this test binary again, told by an environment variable what to be.

use std::fs;
use std::io::{BufRead, BufReader, Lines, Write};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use bramah::backend::{AcquireRequest, OnQueued, Wait};
use bramah::{Mode, Value};
use rustix::process::{Pid, Signal};
use tokio::runtime::Builder;

use crate::many::hold_all;
use crate::{acquire, hold, open, request};

const ROLE: &str = "BRAMAH_TEST_LOCAL_ROLE";
/// What a child says begins so; the rest is of the test harness.
const SAYS: &str = "child says ";

/// A process that is killed at the latest when it is dropped.
pub(crate) struct Process {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Process {
    /// Starts a child in this role, such as `hold DIR LOCK`.
    pub(crate) fn start(role: &str, dir: &Path) -> Process {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "child::be_the_child", "--ignored", "--nocapture"])
            .env(ROLE, role)
            .env("BRAMAH_TEST_LOCAL_DIR", dir)
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Process { child, lines }
    }

    /// The next thing it says; blocks until it does.
    pub(crate) fn says(&mut self) -> String {
        loop {
            let line = self.lines.next().expect("the child still speaks").unwrap();
            // The harness writes the test's name before it, without a line's end.
            if let Some((_, said)) = line.split_once(SAYS) {
                return said.to_owned();
            }
        }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(self.pid().cast_signed()).unwrap();
        rustix::process::kill_process(pid, signal).unwrap();
    }

    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub(crate) fn ends_well(mut self) {
        assert!(self.child.wait().unwrap().success());
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

const PAIRS: [[&str; 2]; 6] =
    [["a", "b"], ["b", "a"], ["b", "c"], ["c", "b"], ["c", "a"], ["a", "c"]];

/// A request whose place in the queue is said.
fn told(wait: Wait) -> AcquireRequest {
    let say_place = |place, waiters| say(format!("{place} of {waiters}"));
    let on_queued = Some(OnQueued(Arc::new(say_place)));
    AcquireRequest { on_queued, ..request("a", Mode::Exclusive, wait) }
}

fn say(what: impl std::fmt::Display) {
    let mut out = std::io::stdout();
    writeln!(out, "{SAYS}{what}").unwrap();
    out.flush().unwrap();
}

#[test]
#[ignore = "it is what the other tests start as a process"]
fn be_the_child() {
    let Ok(role) = std::env::var(ROLE) else { return };
    let dir = std::env::var("BRAMAH_TEST_LOCAL_DIR").unwrap();
    let dir = Path::new(&dir);
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let local = open(dir);
        match role.as_str() {
            "hold" => {
                let hold = hold(&local, "a", Mode::Exclusive).await;
                say(hold.token());
                std::future::pending().await
            }
            "hold a value" => {
                let hold = hold(&local, "a", Mode::Exclusive).await;
                hold.set_value(Some(Value::new(b"of the child").unwrap())).await.unwrap();
                say(hold.token());
                std::future::pending().await
            }
            "hold and start a daemon" => {
                let _hold = hold(&local, "a", Mode::Exclusive).await;
                #[expect(clippy::zombie_processes, reason = "it is to outlive this process")]
                let daemon = Command::new("sleep").arg("60").spawn().unwrap();
                say(daemon.id());
                std::future::pending().await
            }
            "add" => {
                for _ in 0..500 {
                    let hold = hold(&local, "a", Mode::Exclusive).await;
                    let sum = dir.join("sum");
                    let old: u64 = fs::read_to_string(&sum).unwrap().parse().unwrap();
                    fs::write(&sum, (old + 1).to_string()).unwrap();
                    let log = fs::File::options().append(true).open(dir.join("tokens"));
                    writeln!(log.unwrap(), "{}", hold.token()).unwrap();
                    let _ = hold.release().await.unwrap();
                }
            }
            "add to two" => {
                for pair in PAIRS.iter().cycle().take(96) {
                    let holds = hold_all(&local, pair).await;
                    for lock in pair {
                        let sum = dir.join(format!("sum-{lock}"));
                        let old: u64 = fs::read_to_string(&sum).unwrap().parse().unwrap();
                        fs::write(&sum, (old + 1).to_string()).unwrap();
                    }
                    for hold in holds {
                        let _ = hold.release().await.unwrap();
                    }
                }
            }
            "enter the semaphore" => {
                for _ in 0..100 {
                    let hold = hold(&local, "a", Mode::Permits { count: 1, limit: 3 }).await;
                    let inside = dir.join(format!("inside-{}", std::process::id()));
                    fs::write(&inside, "").unwrap();
                    let entries = fs::read_dir(dir).unwrap();
                    let is_inside = |name: &str| name.starts_with("inside-");
                    let names = entries.map(|entry| entry.unwrap().file_name().into_string());
                    let count = names.filter(|name| is_inside(name.as_ref().unwrap())).count();
                    assert!(count <= 3, "{count} are inside");
                    tokio::task::yield_now().await;
                    fs::remove_file(&inside).unwrap();
                    let _ = hold.release().await.unwrap();
                }
            }
            "wait" => {
                let hold = acquire(&local, told(Wait::Forever)).await.unwrap();
                say(hold.token());
                std::future::pending().await
            }
            "wait for 300 ms" => {
                let wait = Wait::For(Duration::from_millis(300));
                let waited = acquire(&local, told(wait)).await;
                say(waited.map_or("in vain", |_| "granted"));
            }
            other => panic!("no role {other}"),
        }
    });
}
