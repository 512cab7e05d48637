//! Servers and programs that end with their test.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

/// Longest wait for anything.
const PATIENCE: Duration = Duration::from_secs(20);
/// The same when BRAMAH_TEST_FULL=1 asks for more work.
const PATIENCE_FULL: Duration = Duration::from_secs(600);

/// Whether tests should do as much as it takes to believe them, rather than to find a gap.
pub(crate) fn is_full() -> bool {
    std::env::var_os("BRAMAH_TEST_FULL").is_some()
}

/// A server of its own, with its data in a folder that goes with it.
pub(crate) struct Server {
    process: Program,
    pub(crate) url: String,
    pub(crate) ready: Value,
}

impl Server {
    pub(crate) fn start() -> (Server, TempDir) {
        let dir = TempDir::new().unwrap();
        (Server::start_in(dir.path()), dir)
    }

    /// With its data in a folder that may have some.
    pub(crate) fn start_in(data: &Path) -> Server {
        let mut command = bramah(&["serve", "--json", "--listen", "127.0.0.1:0", "--data"]);
        command.arg(data);
        Server::of(command)
    }

    /// What this command starts.
    pub(crate) fn of(mut command: Command) -> Server {
        command.env("BRAMAH_LOG_LEVEL", "warn").stdout(Stdio::piped());
        Server::of_program(Program::start(command))
    }

    /// One that was started with its stdout at hand.
    pub(crate) fn of_program(mut process: Program) -> Server {
        let ready: Value = serde_json::from_str(&process.line()).unwrap();
        let url = format!("bramah://{}", ready["address"].as_str().unwrap());
        Server { process, url, ready }
    }

    /// `bramah` with these arguments, split at white space, asking this server.
    pub(crate) fn command(&self, line: &str) -> Command {
        on(&self.url, line)
    }

    pub(crate) fn run(&self, line: &str) -> Output {
        run(self.command(line))
    }

    /// What a command prints as one JSON document; it must succeed.
    pub(crate) fn json(&self, line: &str) -> Value {
        let output = self.run(&format!("{line} --json"));
        assert_eq!((output.code, output.stderr.as_str()), (0, ""), "{line}");
        serde_json::from_str(&output.stdout).unwrap_or_else(|error| panic!("{line}: {error}"))
    }

    pub(crate) fn signal(&self, signal: Signal) {
        self.process.signal(signal);
    }

    pub(crate) fn wait(&mut self) -> Output {
        self.process.wait()
    }

    /// Waits until so many wait for a lock.
    pub(crate) fn until_waiting(&self, name: &str, waiters: u64) {
        until(&format!("{waiters} wait for {name}"), || {
            self.json(&format!("queue {name}"))["waiters_total"] == waiters
        });
    }
}

/// `bramah` with these arguments, split at white space, asking this service.
pub(crate) fn on(url: &str, line: &str) -> Command {
    let mut command = bramah(&line.split_whitespace().collect::<Vec<_>>());
    command.env("BRAMAH_URL", url);
    command
}

/// `bramah` with these arguments and nothing from the environment of the test.
pub(crate) fn bramah(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bramah"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("BRAMAH_") {
            command.env_remove(name);
        }
    }
    command.args(arguments).stdin(Stdio::null());
    command
}

/// The same as `nohup` would start it: with HUP ignored.
pub(crate) fn no_hangup(command: &Command) -> Command {
    let mut shell = Command::new("sh");
    shell.args(["-c", "trap '' HUP; exec \"$0\" \"$@\""]).stdin(Stdio::null());
    shell.arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    shell
}

/// What a program left.
#[derive(Debug)]
pub(crate) struct Output {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

pub(crate) fn run(mut command: Command) -> Output {
    command.stdout(Stdio::piped());
    Program::start(command).wait()
}

/// A running program. It is killed with its test.
pub(crate) struct Program {
    child: Child,
    stdout: Option<BufReader<std::process::ChildStdout>>,
    stderr: Option<ChildStderr>,
}

impl Program {
    pub(crate) fn start(command: Command) -> Program {
        Program::start_with_stderr(command, Stdio::piped())
    }

    /// Starts it with its stderr somewhere else.
    pub(crate) fn start_with_stderr(mut command: Command, stderr: Stdio) -> Program {
        let mut child = command.stderr(stderr).spawn().unwrap();
        let stdout = child.stdout.take().map(BufReader::new);
        let stderr = child.stderr.take();
        Program { child, stdout, stderr }
    }

    /// Starts it with its stdout at hand.
    pub(crate) fn read(mut command: Command) -> Program {
        command.stdout(Stdio::piped());
        Program::start(command)
    }

    /// The next line that it prints.
    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        self.stdout.as_mut().unwrap().read_line(&mut line).unwrap();
        if line.is_empty() {
            let mut stderr = String::new();
            self.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
            panic!("it ended without a line: {stderr}");
        }
        line.trim_end().to_owned()
    }

    /// The next line that it says on stderr; what it says later is left for [`Program::wait`].
    pub(crate) fn said(&mut self) -> String {
        let stderr = self.stderr.as_mut().unwrap();
        let (mut line, mut byte) = (Vec::new(), [0]);
        while !line.ends_with(b"\n") && stderr.read(&mut byte).unwrap() == 1 {
            line.extend(byte);
        }
        String::from_utf8(line).unwrap()
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Waits until it ended. What it prints must fit a pipe.
    pub(crate) fn wait(&mut self) -> Output {
        let mut status = None;
        until("the program ends", || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        });
        let mut output =
            Output { code: code(status.unwrap()), stdout: "".into(), stderr: "".into() };
        if let Some(mut stdout) = self.stdout.take() {
            stdout.read_to_string(&mut output.stdout).unwrap();
        }
        if let Some(mut stderr) = self.stderr.take() {
            stderr.read_to_string(&mut output.stderr).unwrap();
        }
        output
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// As a shell tells it.
fn code(status: ExitStatus) -> i32 {
    use std::os::unix::process::ExitStatusExt;
    status.code().unwrap_or_else(|| 128 + status.signal().unwrap())
}

/// Waits for a state.
pub(crate) fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + if is_full() { PATIENCE_FULL } else { PATIENCE };
    while !is_so() {
        assert!(Instant::now() < deadline, "in vain: {what}");
        // tidy: paced because another process changes the state and cannot tell this one
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Waits for a file that a command writes, and reads it.
pub(crate) fn file(path: &Path) -> String {
    until(&format!("{} is written", path.display()), || {
        fs::read_to_string(path).is_ok_and(|text| text.ends_with('\n'))
    });
    fs::read_to_string(path).unwrap().trim_end().to_owned()
}

/// Whether a process is there and not yet a zombie.
pub(crate) fn is_alive(pid: &str) -> bool {
    !matches!(state(pid), None | Some('Z'))
}

/// The state of a process, as ps shows it; none if it is gone.
pub(crate) fn state(pid: &str) -> Option<char> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit(") ").next()?.chars().next()
}
