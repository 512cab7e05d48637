//! What the keeper of a command does when the wrapper cannot, and signals on their way.

use std::fs::File;
use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Stdio};

use rustix::pipe::{PipeFlags, pipe_with};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::harness::{Program, Server, bramah, file, is_alive, run, state, until};

/// `bramah lock --on local:DIR FLAGS n -- sh -c SCRIPT`, with its stdout at hand.
fn local(dir: &Path, flags: &str, script: &str) -> Command {
    let mut command = bramah(&["lock", "--on"]);
    command.arg(format!("local:{}", dir.display())).args(flags.split_whitespace());
    command.args(["n", "--", "sh", "-c", script]);
    command
}

/// The command of a script that leaves this many lines behind which are to be read first.
fn pids(program: &mut Program, count: usize) -> Vec<String> {
    (0..count).map(|_| program.line()).collect()
}

/// The writing end of a pipe that is full and stays so as long as the other end is kept.
fn full_pipe() -> (File, File) {
    let (read, write) = pipe_with(PipeFlags::CLOEXEC).unwrap();
    let mut full = File::from(write);
    rustix::io::ioctl_fionbio(&full, true).unwrap();
    while full.write(&[b'x'; 4096]).is_ok() {}
    while full.write(b"x").is_ok() {}
    rustix::io::ioctl_fionbio(&full, false).unwrap();
    (File::from(read), full)
}

#[test]
fn a_full_stderr_keeps_no_command_alive_that_has_lost_its_lock() {
    let (server, dir) = Server::start();
    let (_reader, full) = full_pipe();
    let pid = dir.path().join("pid");
    let mut command = server.command("lock -q --ttl 1s n -- sh -c");
    command.arg(format!("trap '' TERM; echo $$ >{}; while :; do sleep 0.02; done", pid.display()));
    let mut holder = command.stderr(full).spawn().unwrap();
    let pid = file(&pid);
    assert_eq!(server.run("revoke n").code, 0);
    until("the command is dead", || !is_alive(&pid));
    assert_eq!(holder.wait().unwrap().code(), Some(80));
}

#[test]
fn a_waiter_with_a_full_stderr_hears_a_signal_and_leaves_the_queue() {
    let (server, _dir) = Server::start();
    assert_eq!(server.run("acquire -q --ttl 1m n").code, 0);
    let (_reader, full) = full_pipe();
    // It says who is in the way as soon as it waits.
    let mut waiter = server.command("lock n true").stderr(full).spawn().unwrap();
    server.until_waiting("n", 1);
    kill_process(Pid::from_child(&waiter), Signal::TERM).unwrap();
    assert_eq!(waiter.wait().unwrap().signal(), Some(Signal::TERM.as_raw()));
    server.until_waiting("n", 0);
}

#[test]
fn a_waiter_with_a_full_stderr_takes_its_turn_and_hands_it_on() {
    let (server, _dir) = Server::start();
    let hold = server.run("acquire -q --ttl 1m n").stdout;
    let (_reader, full) = full_pipe();
    let mut waiter = server.command("lock n true").stderr(full).spawn().unwrap();
    server.until_waiting("n", 1);
    assert_eq!(server.run(&format!("release {}", hold.trim())).code, 0);
    assert_eq!(waiter.wait().unwrap().code(), Some(0));
}

#[test]
fn a_killed_wrapper_leaves_nothing_behind_beside_the_next_local_holder() {
    let dir = TempDir::new().unwrap();
    // One in a session of its own and one whose parent is gone; none listens.
    let script = "trap '' TERM HUP; setsid sleep 60 & echo $!; (sleep 60 & echo $!); echo $$; \
                  while :; do sleep 0.02; done";
    let mut holder = Program::read(local(dir.path(), "", script));
    let pids = pids(&mut holder, 3);
    holder.signal(Signal::KILL);
    assert_eq!(run(local(dir.path(), "-w 20s", "true")).code, 0);
    for pid in pids {
        assert!(!is_alive(&pid), "it runs beside the next holder");
    }
}

#[test]
fn a_wrapper_that_is_stopped_for_longer_than_its_ttl_keeps_no_command_alive() {
    let (server, _dir) = Server::start();
    let mut command = server.command("lock --ttl 1s n -- sh -c");
    command.arg("trap '' TERM; setsid sleep 60 & echo $!; echo $$; while :; do sleep 0.02; done");
    let mut holder = Program::read(command);
    let pids = pids(&mut holder, 2);
    holder.signal(Signal::STOP);
    assert_eq!(server.run("lock -q -w 20s n true").code, 0);
    for pid in pids {
        assert!(!is_alive(&pid), "it runs beside the next holder");
    }
    holder.signal(Signal::CONT);
    assert_eq!(holder.wait().code, 80);
}

#[test]
fn what_left_for_a_session_of_its_own_stands_still_with_the_command() {
    let (server, _dir) = Server::start();
    let mut command = server.command("lock n -- sh -c");
    command.arg("setsid sleep 60 & echo $!; echo $$; wait");
    let mut holder = Program::read(command);
    let pids = pids(&mut holder, 2);
    holder.signal(Signal::TSTP);
    for pid in &pids {
        until("it stands still", || state(pid) == Some('T'));
    }
    holder.signal(Signal::CONT);
    for pid in &pids {
        until("it goes on", || state(pid) != Some('T'));
    }
}

#[test]
fn a_chain_of_forks_is_ended_with_its_lock() {
    let (server, dir) = Server::start();
    let beat = dir.path().join("beat");
    // Each link starts the next and ends: no process is there for long.
    let script =
        format!("link() {{ echo >{}; (link &) }}; link; echo ready; sleep 60", beat.display());
    let mut command = server.command("lock --grace 50ms n -- sh -c");
    command.arg(script);
    let mut holder = Program::read(command);
    assert_eq!(holder.line(), "ready");
    assert_eq!(server.run("revoke n").code, 0);
    assert_eq!(holder.wait().code, 80);
    std::fs::remove_file(&beat).unwrap();
    // tidy: paced because what must not happen needs a time in which it could
    std::thread::sleep(std::time::Duration::from_millis(200));
    assert!(!beat.exists(), "the chain goes on");
}

#[test]
fn a_job_of_a_shell_gets_its_grace_although_the_shell_ends_at_once() {
    let (server, dir) = Server::start();
    let tidied = dir.path().join("tidied");
    let job = dir.path().join("job");
    let text = format!(
        "trap 'sleep 0.3; echo tidied >{}; exit' TERM; echo ready; while :; do sleep 0.02; done",
        tidied.display()
    );
    std::fs::write(&job, text).unwrap();
    let script = format!("sh {}; true", job.display());
    for lose in ["revoke n", ""] {
        let mut command = server.command("lock --ttl 10s -c");
        command.args([&script, "n"]);
        let mut holder = Program::read(command);
        assert_eq!(holder.line(), "ready");
        match lose {
            "" => holder.signal(Signal::TERM),
            lose => assert_eq!(server.run(lose).code, 0),
        }
        holder.wait();
        assert!(tidied.exists(), "{lose}: the job was cut short, or runs on without the lock");
        std::fs::remove_file(&tidied).unwrap();
    }
}

#[test]
fn children_that_were_there_before_it_are_not_the_command_s() {
    let (server, _dir) = Server::start();
    let lock = server.command("lock n -- sleep 60");
    let words: Vec<_> = lock.get_args().map(|word| word.to_string_lossy()).collect();
    let mut command = Command::new("sh");
    let program = env!("CARGO_BIN_EXE_bramah");
    command
        .args(["-c", &format!("sleep 60 >&- 2>&- & echo $!; exec {program} {}", words.join(" "))]);
    command.env("BRAMAH_URL", &server.url).stdin(Stdio::null());
    let mut holder = Program::read(command);
    let before = holder.line();
    until("it holds", || server.json("who n")["holders"][0]["token"] == 1);
    assert_eq!(server.run("revoke n").code, 0);
    assert_eq!(holder.wait().code, 80);
    assert!(is_alive(&before));
    kill_process(Pid::from_raw(before.parse().unwrap()).unwrap(), Signal::KILL).unwrap();
}

#[test]
fn who_is_sent_a_signal_dies_of_it_with_the_command() {
    let dir = TempDir::new().unwrap();
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        let mut command = local(dir.path(), "", "echo ready; exec sleep 60");
        let mut holder = command.stdout(Stdio::piped()).stdin(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        let stdout = holder.stdout.take().unwrap();
        std::io::BufRead::read_line(&mut std::io::BufReader::new(stdout), &mut line).unwrap();
        kill_process(Pid::from_child(&holder), signal).unwrap();
        assert_eq!(holder.wait().unwrap().signal(), Some(signal.as_raw()));
    }
    // A command that dies of what was not sent to us is told by a code.
    let status = local(dir.path(), "", "kill -TERM $$").status().unwrap();
    assert_eq!((status.code(), status.signal()), (Some(143), None));
}

#[test]
fn an_ignored_sigpipe_stays_ignored_and_another_does_not() {
    let dir = TempDir::new().unwrap();
    let ignored = |trap: &str| {
        let lock = local(dir.path(), "", "grep SigIgn /proc/self/status");
        let mut command = Command::new("sh");
        command.args(["-c", &format!("{trap} exec \"$0\" \"$@\"")]).arg(lock.get_program());
        let output = command.args(lock.get_args()).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let bits = u64::from_str_radix(text.split_whitespace().nth(1).unwrap(), 16).unwrap();
        bits >> (Signal::PIPE.as_raw() - 1) & 1 == 1
    };
    assert!(ignored("trap '' PIPE;"));
    assert!(!ignored(""));
}

#[test]
fn process_1_of_a_container_passes_signals_on_and_reaps() {
    let apart = ["--map-root-user", "--pid", "--fork", "--mount-proc"];
    let mut can = Command::new("unshare");
    if !can.args(apart).arg("true").stderr(Stdio::null()).status().is_ok_and(|it| it.success()) {
        eprintln!("SKIPPED: this machine lets nobody make a pid namespace");
        return;
    }
    let dir = TempDir::new().unwrap();
    let left = "ps -e -o stat=,comm= | grep -c '^Z' ; echo $?";
    // Orphans of the command, then a count of zombies, then waiting for the signal.
    let script = format!(
        "(sleep 0.01 &) ; (sleep 0.01 &); sleep 0.3; {left}; trap 'exit 7' TERM; echo ready; \
         while :; do sleep 0.02; done"
    );
    let lock = local(dir.path(), "", &script);
    let mut command = Command::new("unshare");
    command.args(apart).arg(lock.get_program()).args(lock.get_args()).stdin(Stdio::null());
    let mut holder = Program::read(command);
    assert_eq!(holder.line(), "0", "zombies");
    holder.line();
    assert_eq!(holder.line(), "ready");
    let children = format!("/proc/{0}/task/{0}/children", holder.pid());
    let pid: i32 = std::fs::read_to_string(children).unwrap().trim().parse().unwrap();
    kill_process(Pid::from_raw(pid).unwrap(), Signal::TERM).unwrap();
    assert_eq!(holder.wait().code, 7);
}
