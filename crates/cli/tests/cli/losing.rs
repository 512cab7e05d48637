//! Holders that die, are cut off, or are told to go.

use std::ffi::OsStr;
use std::fs::Permissions;
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, ioctl_tiocgptpeer, openpt, unlockpt};

use crate::harness::{Program, Server, file, is_alive, state, until};

/// Runs under the lock `n` until it is told to end, and leaves its process id in the file `pid`.
fn holder(server: &Server, flags: &str, script: &str) -> Program {
    let mut command = server.command(&format!("lock {flags} n -- sh -c"));
    command.arg(format!("{script}; echo $$; while :; do sleep 0.02; done"));
    Program::read(command)
}

/// Kills a holder as a crash would, and tells how long the next in line waited then.
fn time_after_a_crash(flags: &str) -> Duration {
    let (server, _dir) = Server::start();
    let mut holder = holder(&server, flags, ":");
    let pid = holder.line();
    let mut waiter = Program::start(server.command("lock -q n true"));
    server.until_waiting("n", 1);
    holder.signal(Signal::KILL);
    let killed = Instant::now();
    assert_eq!(waiter.wait().code, 0);
    let waited = killed.elapsed();
    until("the command of the dead holder is dead", || !is_alive(&pid));
    waited
}

#[test]
fn a_crashed_holder_is_gone_when_its_ttl_is_over() {
    let waited = time_after_a_crash("--ttl 1s");
    assert!(waited <= Duration::from_millis(1_250), "{waited:?}");
}

#[test]
fn a_crashed_holder_is_gone_with_its_connection_if_it_said_so() {
    // The machine may be busy, so the best of three counts.
    let waited = (0..3).map(|_| time_after_a_crash("--release-on-disconnect")).min().unwrap();
    assert!(waited <= Duration::from_millis(100), "{waited:?}");
}

#[test]
fn a_command_is_told_before_its_lock_is_lost_to_a_server_that_is_silent() {
    let (server, dir) = Server::start();
    let told = dir.path().join("told");
    let script = format!("trap 'echo told > {}; exit 0' TERM", told.display());
    let mut holder = holder(&server, "--ttl 1s", &script);
    holder.line();
    server.signal(Signal::STOP);
    let stopped = Instant::now();
    let output = holder.wait();
    assert!(stopped.elapsed() < Duration::from_secs(1), "{:?}", stopped.elapsed());
    assert_eq!(output.code, 80);
    assert!(output.stderr.contains("and is not renewed; stopping the command"), "{output:?}");
    assert_eq!(file(&told), "told");
}

#[test]
fn a_command_that_does_not_listen_is_killed_with_all_it_started_before_the_deadline() {
    let (server, dir) = Server::start();
    let child = dir.path().join("child");
    let script = format!("trap '' TERM; sleep 60 & echo $! > {}", child.display());
    let mut holder = holder(&server, "--ttl 1s", &script);
    let pid = holder.line();
    server.signal(Signal::STOP);
    let stopped = Instant::now();
    let output = holder.wait();
    assert!(stopped.elapsed() < Duration::from_secs(1), "{:?}", stopped.elapsed());
    assert_eq!(output.code, 80);
    assert!(!is_alive(&pid));
    until("what the command started is dead", || !is_alive(&file(&child)));
}

/// A terminal, and what a program has of it.
fn terminal() -> (OwnedFd, OwnedFd) {
    let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    unlockpt(&terminal).unwrap();
    let inside = ioctl_tiocgptpeer(&terminal, OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    (terminal, inside)
}

#[test]
fn a_signal_reaches_what_the_command_started_on_a_terminal_and_elsewhere() {
    let (server, _dir) = Server::start();
    let (_terminal, inside) = terminal();
    for stdin in [Stdio::null(), Stdio::from(inside)] {
        let mut command = server.command("lock n -- sh -c");
        command.arg("sleep 60 & echo $!; wait").stdin(stdin);
        let mut holder = Program::read(command);
        let started = holder.line();
        holder.signal(Signal::TSTP);
        for pid in [&started, &holder.pid().to_string()] {
            until("both stand still", || state(pid) == Some('T'));
        }
        holder.signal(Signal::CONT);
        until("what was started goes on", || state(&started) != Some('T'));
        holder.signal(Signal::TERM);
        assert_eq!(holder.wait().code, 128 + Signal::TERM.as_raw());
        until("what was started is dead", || !is_alive(&started));
    }
}

#[test]
fn what_left_its_group_on_a_terminal_is_killed_with_the_command_when_the_lock_is_lost() {
    let (server, dir) = Server::start();
    let left = dir.path().join("left");
    let (_terminal, stdin) = terminal();
    let mut command = server.command("lock n -- sh -c");
    // Its parent is gone, its session is its own, and it does not listen.
    let script = "(trap '' TERM; setsid sleep 60 & echo $! > ";
    command.arg(format!("{script}{}); echo $$; while :; do sleep 0.02; done", left.display()));
    command.stdin(stdin);
    let mut holder = Program::read(command);
    holder.line();
    assert_eq!(server.run("revoke n").code, 0);
    assert_eq!(holder.wait().code, 80);
    until("what the command left behind is dead", || !is_alive(&file(&left)));
}

#[test]
fn a_silence_shorter_than_the_lease_is_ridden_out() {
    let (server, dir) = Server::start();
    let go = dir.path().join("go");
    let mut command = server.command("lock --ttl 3s n -- sh -c");
    command.arg(format!("echo ready; until [ -e {} ]; do sleep 0.02; done", go.display()));
    let mut holder = Program::read(command);
    assert_eq!(holder.line(), "ready");
    server.signal(Signal::STOP);
    // tidy: paced because the length of the silence is the point
    std::thread::sleep(Duration::from_millis(1_200));
    server.signal(Signal::CONT);
    std::fs::write(&go, "").unwrap();
    let output = holder.wait();
    assert_eq!((output.code, output.stderr.as_str()), (0, ""));
}

/// A holder and its command, both standing still as after ctrl-Z.
fn stopped_holder(server: &Server, flags: &str) -> (Program, String) {
    let mut command = server.command(&format!("lock {flags} n -- sh -c"));
    command.arg("echo $$; exec sleep 60");
    let mut holder = Program::read(command);
    let pid = holder.line();
    holder.signal(Signal::TSTP);
    for pid in [&pid, &holder.pid().to_string()] {
        until("both stand still", || state(pid) == Some('T'));
    }
    (holder, pid)
}

#[test]
fn a_command_that_stands_still_is_ended_in_time_when_nobody_renews_its_lock() {
    let (server, _dir) = Server::start();
    let (mut holder, pid) = stopped_holder(&server, "--ttl 1s");
    until("the command is dead", || !is_alive(&pid));
    assert_eq!(server.json("who n")["holders"][0]["token"], 1, "it died before the lock was free");
    holder.signal(Signal::CONT);
    assert_eq!(holder.wait().code, 80);
}

#[test]
fn a_command_that_hears_of_ctrl_z_too_may_tidy_up_before_it_stands_still() {
    let (server, dir) = Server::start();
    let tidied = dir.path().join("tidied");
    let mut command = server.command("lock n -- sh -c");
    let script = format!("trap 'echo tidied > {}' TSTP", tidied.display());
    command.arg(format!("{script}; echo $$; while :; do :; done"));
    let mut holder = Program::read(command);
    let pid = holder.line();
    // The machine may be busy, so one of five counts.
    let tidies_up = (0..5).any(|_| {
        holder.signal(Signal::TSTP);
        // tidy: paced because the command of a busy machine hears of it a little later
        std::thread::sleep(Duration::from_millis(10));
        kill_process(Pid::from_raw(pid.parse().unwrap()).unwrap(), Signal::TSTP).unwrap();
        for pid in [&pid, &holder.pid().to_string()] {
            until("both stand still", || state(pid) == Some('T'));
        }
        let tidies_up = tidied.exists();
        holder.signal(Signal::CONT);
        until("it goes on", || state(&pid) != Some('T'));
        tidies_up
    });
    assert!(tidies_up);
}

#[test]
fn a_command_goes_on_with_its_holder() {
    let (server, _dir) = Server::start();
    let (mut holder, pid) = stopped_holder(&server, "");
    holder.signal(Signal::CONT);
    until("the command goes on", || state(&pid) != Some('T'));
    holder.signal(Signal::USR1);
    assert_eq!(holder.wait().code, 128 + Signal::USR1.as_raw());
}

#[test]
fn a_revoked_command_is_stopped_and_hears_why() {
    let (server, _dir) = Server::start();
    let mut holder = holder(&server, "", ":");
    holder.line();
    let mut revoke = server.command("revoke n --json --reason");
    revoke.arg("host goes down");
    let output = crate::harness::run(revoke);
    assert_eq!((output.code, output.stdout.as_str()), (0, "{\"name\":\"n\",\"tokens\":[1]}\n"));
    let output = holder.wait();
    assert_eq!(output.code, 80);
    assert!(output.stderr.contains("lock 'n' (token 1) was lost: it was revoked"), "{output:?}");
    assert!(output.stderr.contains("host goes down"), "{output:?}");
    assert_eq!(server.json("history n")[0]["reason"], "revoked");
}

#[test]
fn success_without_the_lock_is_none() {
    let (server, _dir) = Server::start();
    // The release by its hold id may be heard of before the command ended or after.
    let release = format!("{} release $BRAMAH_HOLD_ID", env!("CARGO_BIN_EXE_bramah"));
    let mut command = server.command("lock -c");
    command.args([&release, "n"]);
    let output = crate::harness::run(command);
    assert_eq!(output.code, 80, "{output:?}");
    assert!(output.stderr.contains("was lost"), "{output:?}");
}

#[test]
fn a_maximum_hold_ends_the_command_before_it_is_over() {
    let (server, _dir) = Server::start();
    let started = Instant::now();
    let mut holder = holder(&server, "--max-hold 2s", ":");
    holder.line();
    assert_eq!(holder.wait().code, 80);
    let held = started.elapsed();
    assert!(held >= Duration::from_secs(1) && held < Duration::from_secs(2), "{held:?}");
}

#[test]
fn a_command_is_asked_to_end_once() {
    let (server, dir) = Server::start();
    let asked = dir.path().join("asked");
    let mut command = server.command("lock --grace 100ms n -- sh -c");
    // It hears each of two signals only if nothing else keeps it from that.
    let script = format!("trap 'echo asked >> {}' TERM", asked.display());
    command.arg(format!("{script}; echo ready; while :; do :; done"));
    let mut holder = Program::read(command);
    holder.line();
    assert_eq!(server.run("revoke n").code, 0);
    assert_eq!(holder.wait().code, 80);
    assert_eq!(file(&asked), "asked");
}

#[test]
fn without_proc_the_command_is_stopped_at_least() {
    let apart = |program: &OsStr| {
        let mut unshare = Command::new("unshare");
        unshare.args(["--map-root-user", "--mount", "sh", "-c"]);
        unshare.args(["mount -t tmpfs none /proc && exec \"$0\" \"$@\""]).arg(program);
        unshare
    };
    if !apart("true".as_ref()).stderr(Stdio::null()).status().is_ok_and(|it| it.success()) {
        eprintln!("SKIPPED: this machine lets nobody make a mount namespace");
        return;
    }
    let (server, _dir) = Server::start();
    let lock = server.command("lock --grace 100ms n -- sh -c");
    let mut command = apart(lock.get_program());
    command.args(lock.get_args()).env("BRAMAH_URL", &server.url).stdin(Stdio::null());
    command.arg("trap '' TERM; echo $$; while :; do sleep 0.02; done");
    let mut holder = Program::read(command);
    let pid = holder.line();
    assert_eq!(server.run("revoke n").code, 0);
    assert_eq!(holder.wait().code, 80);
    assert!(!is_alive(&pid));
}

#[test]
fn a_command_that_runs_as_another_user_and_cannot_be_stopped_is_named() {
    // Neither root nor the owner of it: as whoever runs sudo.
    let without_rights = |program: &OsStr| {
        let mut setpriv = Command::new("setpriv");
        setpriv.arg("--bounding-set=-kill").arg(program);
        setpriv
    };
    let other = "setpriv --reuid=65534 --clear-groups";
    let mut can = without_rights("setpriv".as_ref());
    can.args(other.split(' ').skip(1)).arg("true");
    if !can.stderr(Stdio::null()).status().is_ok_and(|it| it.success()) {
        eprintln!("SKIPPED: only root can run a command as another user");
        return;
    }
    let (server, dir) = Server::start();
    let go = dir.path().join("go");
    std::fs::set_permissions(dir.path(), Permissions::from_mode(0o755)).unwrap();
    let lock = server.command(&format!("lock --grace 100ms n -- {other} sh -c"));
    let mut command = without_rights(lock.get_program());
    command.args(lock.get_args()).env("BRAMAH_URL", &server.url).stdin(Stdio::null());
    // It outlives the second attempt to kill it, and not the folder.
    let goes_on = format!("[ -d {} ] && [ ! -e {} ]", dir.path().display(), go.display());
    command.arg(format!("echo $$; while {goes_on}; do sleep 0.02; done; sleep 0.2"));
    let mut holder = Program::read(command);
    let pid = holder.line();
    holder.signal(Signal::TERM);
    let said = format!("could not pass signal 15 on to process {pid} (it runs as another user)");
    assert_eq!(holder.said(), format!("bramah: {said}\n"));
    assert_eq!(server.run("revoke n").code, 0);
    assert!(holder.said().contains("stopping the command"));
    let said = holder.said();
    let expected = "(it runs as another user): it runs on without the lock\n";
    assert_eq!(said, format!("bramah: could not stop process {pid} {expected}"));
    assert!(is_alive(&pid));
    std::fs::write(&go, "").unwrap();
    let output = holder.wait();
    assert_eq!((output.code, output.stderr.as_str()), (80, ""), "it is said once");
}
