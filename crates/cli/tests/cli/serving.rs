//! Servers: their settings, their start and their end.

use std::fs;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::process::Stdio;

use rustix::process::Signal;
use rustix::pty::{OpenptFlags, ioctl_tiocgptpeer, openpt, unlockpt};
use rustix::termios::{Action, tcflow};
use tempfile::TempDir;

use crate::harness::{Program, Server, bramah, no_hangup, run};

#[test]
fn the_ready_line_tells_where_and_how_it_serves() {
    let (mut server, dir) = Server::start();
    let ready = server.ready.clone();
    let fields: Vec<&String> = ready.as_object().unwrap().keys().collect();
    assert_eq!(
        fields,
        [
            "address",
            "cluster_id",
            "connections_max",
            "data",
            "durability",
            "node_id",
            "peer_address",
            "pid"
        ]
    );
    assert_eq!(ready["data"], dir.path().to_str().unwrap());
    assert_eq!(ready["durability"], "synced");
    assert!(ready["connections_max"].as_u64().unwrap() > 0);
    server.signal(Signal::TERM);
    let output = server.wait();
    assert_eq!(output.code, 0);
    let place = format!("serving {}; data in {}", server.url, dir.path().display());
    assert!(output.stderr.contains(&place), "{output:?}");
    assert!(output.stderr.contains("; no locks known yet; "), "{output:?}");
}

#[test]
fn holds_live_on_through_a_restart() {
    let (mut server, dir) = Server::start();
    let hold_id = server.json("acquire --ttl 1m n")["hold_id"].as_str().unwrap().to_owned();
    server.signal(Signal::INT);
    assert_eq!(server.wait().code, 0);
    let mut server = Server::start_in(dir.path());
    assert_eq!(server.json("who n")["holders"][0]["token"], 1);
    assert_eq!(server.json(&format!("release {hold_id}"))["released"], true);
    assert_eq!(server.json("acquire n")["token"], 2);
    server.signal(Signal::TERM);
    // Of a cluster it is what was committed before, and the rest of the log may add to it.
    let told = "; found 1 lock and 1 session that are known to be committed; ";
    let output = server.wait();
    assert!(output.stderr.contains(told), "{output:?}");
}

#[test]
fn a_server_goes_on_when_its_terminal_is_gone_if_it_was_told_to() {
    let command = bramah(&["serve", "--in-memory", "--listen", "127.0.0.1:0", "--json"]);
    let mut server = Server::of(no_hangup(&command));
    server.signal(Signal::HUP);
    assert_eq!(server.json("acquire n")["token"], 1);
    server.signal(Signal::TERM);
    let output = server.wait();
    assert_eq!(output.code, 0);
    assert!(!output.stderr.contains("stopped at once"), "HUP was one to end: {output:?}");
}

#[test]
fn in_memory_nothing_is_written() {
    let home = TempDir::new().unwrap();
    let mut command = bramah(&["serve", "--in-memory", "--listen", "127.0.0.1:0", "--json"]);
    command.env("HOME", home.path()).env_remove("XDG_STATE_HOME");
    let mut server = Program::read(command);
    let ready: serde_json::Value = serde_json::from_str(&server.line()).unwrap();
    assert_eq!((&ready["data"], &ready["durability"]), (&serde_json::Value::Null, &"none".into()));
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0);
}

#[test]
fn an_address_that_is_taken_is_told() {
    let (server, dir) = Server::start();
    let address = server.ready["address"].as_str().unwrap();
    let mut command = bramah(&["serve", "--listen", address, "--data"]);
    command.arg(dir.path().join("second"));
    let output = run(command);
    assert_eq!(output.code, 69);
    let expected = format!("could not listen on {address}: Address already in use");
    assert!(output.stderr.contains(&expected), "{output:?}");
}

#[test]
fn a_server_that_may_open_too_few_files_for_any_connection_does_not_start() {
    let dir = TempDir::new().unwrap();
    let start = |files_max: u32| {
        let mut command = std::process::Command::new("sh");
        command.arg("-c").arg(format!("ulimit -n {files_max}; exec \"$0\" \"$@\""));
        command.arg(env!("CARGO_BIN_EXE_bramah"));
        command.args(["serve", "--json", "--listen", "127.0.0.1:0", "--data"]).arg(dir.path());
        command
    };
    let output = run(start(128));
    assert_eq!(output.code, 69, "{output:?}");
    assert!(output.stderr.contains("128 files open"), "{output:?}");
    assert!(output.stderr.contains("ulimit -n"), "{output:?}");
    let server = Server::of(start(129));
    assert_eq!(server.ready["connections_max"], 1);
    assert_eq!(server.run("ls").code, 0);
}

#[test]
fn a_folder_that_cannot_be_used_is_told() {
    let output = run(bramah(&["serve", "--listen", "127.0.0.1:0", "--data", "/proc/none"]));
    assert_eq!(output.code, 74);
    assert!(output.stderr.contains("could not open the data folder"), "{output:?}");
    assert!(output.stderr.contains("/proc/none"), "{output:?}");
}

/// What `--print-config` says with this file.
fn settings(
    file: &str,
    arguments: &[&str],
    environment: &[(&str, &str)],
) -> crate::harness::Output {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("bramah.toml");
    fs::write(&path, file).unwrap();
    let mut command = bramah(&["serve", "--print-config", "--config"]);
    command.arg(&path).args(arguments).envs(environment.iter().copied());
    command.env("XDG_STATE_HOME", "/state");
    run(command)
}

#[test]
fn a_flag_goes_before_the_environment_the_file_and_the_default() {
    let file = "listen = '127.0.0.1:1'\ndata = '/file'\nlog_level = 'debug'\n";
    let listen = ("BRAMAH_LISTEN", "127.0.0.1:2");
    let data = ("BRAMAH_DATA", "/environment");
    let output = settings(file, &["--data", "/flag"], &[listen, data]);
    assert_eq!(output.code, 0);
    assert_eq!(
        output.stdout,
        "listen = \"127.0.0.1:2\" # environment\n\
         data = \"/flag\" # flag\n\
         # connections_max: as the limit of open files allows\n\
         # memory_max: a share of what there is\n\
         log_level = \"debug\" # file\n"
    );
    let output = settings("connections_max = 9", &[], &[]);
    assert_eq!(
        output.stdout,
        "listen = \"127.0.0.1:7420\" # default\n\
         data = \"/state/bramah\" # default\n\
         connections_max = 9 # file\n\
         # memory_max: a share of what there is\n\
         log_level = \"info\" # default\n"
    );
    let output = settings("data = '/file'", &["--in-memory"], &[]);
    assert!(output.stdout.contains("in_memory = true # flag\n"), "{output:?}");
}

#[test]
fn a_file_with_a_key_that_is_not_known_is_refused_by_the_key_s_name() {
    let output = settings("listn = '127.0.0.1:1'\n", &[], &[]);
    assert_eq!(output.code, 64);
    assert!(output.stderr.contains("unknown field `listn`"), "{output:?}");
    assert!(output.stderr.contains("bramah.toml"), "{output:?}");
    let output = settings("listen = 'here'\n", &[], &[]);
    assert_eq!(output.code, 64);
}

#[test]
fn a_learner_without_a_cluster_to_join_is_a_mistake_of_usage() {
    let (dir, shown) = (TempDir::new().unwrap(), "serve --in-memory --print-config");
    let file = dir.path().join("bramah.toml");
    fs::write(&file, "learner = true\n").unwrap();
    let serve = |more: &[&str]| {
        let mut arguments: Vec<&str> = shown.split(' ').collect();
        arguments.extend(more);
        run(bramah(&arguments))
    };
    let config = ["--config", file.to_str().unwrap()];
    for alone in [&["--learner"][..], &config] {
        let output = serve(alone);
        assert_eq!(output.code, 64, "{output:?}");
        assert!(output.stderr.contains("--join"), "{output:?}");
    }
    assert_eq!(serve(&["--learner", "--join", "db1:7420"]).code, 0);
    assert_eq!(serve(&["--learner=false"]).code, 0);
}

#[test]
fn how_many_begin_together_and_where_they_are_may_be_said_in_different_places() {
    let (join, expect) = ("join = ['a:1', 'b:1', 'c:1']", "bootstrap_expect = 3");
    for output in [
        settings(join, &["--bootstrap-expect", "3"], &[]),
        settings(join, &[], &[("BRAMAH_BOOTSTRAP_EXPECT", "3")]),
        settings(expect, &["--join", "a:1,b:1,c:1"], &[]),
    ] {
        assert_eq!(output.code, 0, "{output:?}");
        assert!(output.stdout.contains("bootstrap_expect = 3 # "), "{output:?}");
    }
    let output = settings("", &["--bootstrap-expect", "3"], &[]);
    assert_eq!(output.code, 64);
    assert!(output.stderr.contains("could not use --bootstrap-expect=3: name all"), "{output:?}");
    assert!(output.stderr.contains("--join"), "{output:?}");
}

#[test]
fn two_that_begin_together_are_told_that_they_survive_nothing() {
    let mut command = bramah(&["serve", "--in-memory", "--listen", "127.0.0.1:0"]);
    command.args(["--bootstrap-expect", "2", "--join", "127.0.0.1:9"]);
    let mut server = Program::start(command);
    let said = server.said();
    assert!(said.contains("MiB of memory"), "{said}");
    let said = server.said();
    assert!(said.contains("WARN"), "{said}");
    assert!(said.contains("stands still as soon as one member is down"), "{said}");
    server.signal(Signal::TERM);
    assert_eq!(server.wait().code, 0);
}

/// Writes until nothing more is taken.
fn fill(pipe: &OwnedFd) {
    rustix::io::ioctl_fionbio(pipe, true).unwrap();
    for size in [4_096, 1] {
        while rustix::io::write(pipe, &vec![b'.'; size]).is_ok() {}
    }
    rustix::io::ioctl_fionbio(pipe, false).unwrap();
}

/// A server that says a line about each request serves, and ends when it is told to, though nobody
/// takes a line.
fn serves_unheard(stderr: impl Into<Stdio>) {
    let mut command = bramah(&["serve", "--in-memory", "--listen", "127.0.0.1:0", "--json"]);
    command.env("BRAMAH_LOG_LEVEL", "trace").stdout(Stdio::piped());
    let mut server = Server::of_program(Program::start_with_stderr(command, stderr.into()));
    for token in 1..=20 {
        assert_eq!(server.json(&format!("acquire n{token}"))["token"], token);
    }
    server.signal(Signal::TERM);
    assert_eq!(server.wait().code, 0);
}

#[test]
fn a_log_that_nobody_reads_does_not_stop_the_server() {
    let (_reader, writer) = io::pipe().unwrap();
    let writer = OwnedFd::from(writer);
    fill(&writer);
    serves_unheard(writer);
}

#[test]
fn a_terminal_that_was_stopped_does_not_stop_the_server() {
    let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
    let terminal = openpt(flags).unwrap();
    unlockpt(&terminal).unwrap();
    let peer = ioctl_tiocgptpeer(&terminal, flags).unwrap();
    tcflow(peer.as_fd(), Action::OOff).unwrap();
    serves_unheard(peer);
}

#[test]
fn a_log_whose_reader_is_gone_does_not_stop_the_server() {
    let (reader, writer) = io::pipe().unwrap();
    drop(reader);
    serves_unheard(OwnedFd::from(writer));
}

#[test]
fn a_server_whose_ready_line_nobody_reads_serves() {
    let (_reader, writer) = io::pipe().unwrap();
    let writer = OwnedFd::from(writer);
    fill(&writer);
    let mut command = bramah(&["serve", "--in-memory", "--listen", "127.0.0.1:0", "--json"]);
    command.stdout(writer);
    let mut server = Program::start(command);
    // Its log may say something before.
    let serving = std::iter::repeat_with(|| server.said());
    let serving = serving.take(20).find(|line| line.contains("serving ")).unwrap();
    let address = serving.split_once("serving ").unwrap().1.split(';').next().unwrap();
    let output = run(crate::harness::on(address, "acquire n"));
    assert_eq!(output.code, 0, "{output:?}");
    server.signal(Signal::TERM);
    assert_eq!(server.wait().code, 0);
}
