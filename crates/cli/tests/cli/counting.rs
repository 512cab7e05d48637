//! What a lock is for: nothing is lost, and never too many are inside.

use std::fs;
use std::path::Path;

use rustix::process::Signal;

use crate::harness::{Program, Server, file, is_full, on, run};

const PROCESSES: usize = 8;

/// How often each process counts.
fn turns() -> usize {
    if is_full() { 500 } else { 50 }
}

/// Eight shells, each of which takes the lock for each addition.
fn count_in_eight_processes(url: &str, dir: &Path) {
    let number = dir.join("number");
    fs::write(&number, "0\n").unwrap();
    let add = "read n < $FILE; echo $((n + 1)) > $FILE";
    let script = format!(
        "i=0; while [ $i -lt {} ]; do i=$((i + 1)); {} lock -q number -- sh -c '{add}' || exit; \
         done",
        turns(),
        env!("CARGO_BIN_EXE_bramah"),
    );
    let processes = (0..PROCESSES).map(|_| {
        let mut shell = std::process::Command::new("sh");
        shell.arg("-c").arg(&script).env("BRAMAH_URL", url).env("FILE", &number);
        Program::start(shell)
    });
    for mut process in processes.collect::<Vec<_>>() {
        let output = process.wait();
        assert_eq!((output.code, output.stderr.as_str()), (0, ""));
    }
    assert_eq!(file(&number), (PROCESSES * turns()).to_string());
}

/// Eight commands under a semaphore of three. The first to come wait inside until three are there,
/// so that a semaphore of fewer is found out too.
fn gather_under_permits(url: &str, dir: &Path) {
    let inside = dir.join("inside");
    let seen = dir.join("seen");
    fs::create_dir(&inside).unwrap();
    let script = format!(
        "cd {}; touch $$; echo $(ls | wc -l) >> {seen}; \
         until grep -q 3 {seen}; do sleep 0.01; done; echo $(ls | wc -l) >> {seen}; rm $$",
        inside.display(),
        seen = seen.display()
    );
    let commands = (0..PROCESSES).map(|_| {
        let mut command = on(url, "lock -q --permits 1 --of 3 room -- sh -c");
        command.arg(&script);
        Program::start(command)
    });
    for mut command in commands.collect::<Vec<_>>() {
        let output = command.wait();
        assert_eq!((output.code, output.stderr.as_str()), (0, ""));
    }
    let most = file(&seen).lines().map(|line| line.parse::<u32>().unwrap()).max();
    assert_eq!(most, Some(3));
}

#[test]
fn eight_processes_lose_no_addition() {
    let (server, dir) = Server::start();
    count_in_eight_processes(&server.url, dir.path());
}

#[test]
fn three_permits_never_show_four_inside() {
    let (server, dir) = Server::start();
    gather_under_permits(&server.url, dir.path());
}

#[test]
fn on_one_host_without_a_server_all_is_the_same() {
    let dir = tempfile::TempDir::new().unwrap();
    let locks = dir.path().join("locks");
    fs::create_dir(&locks).unwrap();
    let url = format!("local:{}", locks.display());
    count_in_eight_processes(&url, dir.path());
    gather_under_permits(&url, dir.path());
}

#[test]
fn all_permits_at_once_leave_room_for_nobody() {
    let (server, _dir) = Server::start();
    let mut command = server.command("lock --permits 3 --of 3 room -- sh -c");
    command.arg("echo held; exec sleep 60");
    let mut holder = Program::read(command);
    assert_eq!(holder.line(), "held");
    assert_eq!(server.run("lock -n --of 3 room true").code, 75);
}

#[test]
fn a_semaphore_s_new_limit_counts_once_the_holders_of_the_old_one_are_gone() {
    let (server, _dir) = Server::start();
    let mut command = server.command("lock --of 3 room -- sh -c");
    command.arg("echo held; exec sleep 60");
    let mut holder = Program::read(command);
    assert_eq!(holder.line(), "held");
    let output = run(server.command("lock -n --of 4 room true"));
    assert_eq!(output.code, 75);
    assert!(output.stderr.contains("it has 3 permits until"), "{output:?}");
    let mut waiting = Program::read(server.command("lock --of 4 room echo granted"));
    server.until_waiting("room", 1);
    holder.signal(Signal::TERM);
    assert_eq!(waiting.line(), "granted");
}
