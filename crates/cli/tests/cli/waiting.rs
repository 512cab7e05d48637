//! Locks that somebody else has, and the command that runs once they are free.

use std::io::Write;
use std::os::unix::process::CommandExt;
use std::process::Stdio;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::harness::{Program, Server, file, no_hangup, on, run, until};

/// Holds the lock `n` until it is killed.
fn hold(server: &Server, flags: &str) -> Program {
    let mut command = server.command(&format!("lock {flags} n -- sh -c"));
    command.arg("echo held; exec sleep 60");
    let mut holder = Program::read(command);
    assert_eq!(holder.line(), "held");
    holder
}

#[test]
fn a_lock_that_is_taken_is_75_at_once_and_names_the_holder() {
    let (server, _dir) = Server::start();
    let holder = hold(&server, "--reason nightly");
    for line in ["lock -n n true", "try n -- true"] {
        let output = server.run(line);
        assert_eq!(output.code, 75);
        let pid = format!("(pid {}, ", holder.pid());
        for part in [
            "bramah: could not acquire at once: 'n' held by ",
            &pid,
            "\"sh -c echo held; exec sleep 60\"",
            "because \"nightly\"",
            " unless renewed",
        ] {
            assert!(output.stderr.contains(part), "{part} in {output:?}");
        }
    }
}

#[test]
fn the_code_of_a_lock_that_is_taken_can_be_chosen() {
    let (server, _dir) = Server::start();
    let _holder = hold(&server, "");
    assert_eq!(server.run("lock -n -E 3 n true").code, 3);
    assert_eq!(server.run("acquire -n -E 3 n").code, 3);
    let output = server.run("lock -nq n true");
    assert_eq!((output.code, output.stderr.as_str()), (75, ""));
}

#[test]
fn a_wait_ends_when_it_was_said_and_tells_the_place() {
    let (server, _dir) = Server::start();
    let _holder = hold(&server, "");
    let started = Instant::now();
    let output = server.run("lock -w 300ms n true");
    let waited = started.elapsed();
    assert_eq!(output.code, 75);
    assert!(waited >= Duration::from_millis(300) && waited < Duration::from_secs(3), "{waited:?}");
    let lines: Vec<&str> = output.stderr.lines().collect();
    assert_eq!(lines.len(), 2, "{output:?}");
    assert!(lines[0].starts_with("bramah: 'n' held by "), "{output:?}");
    assert!(lines[0].ends_with("; you are 1st of 1"), "{output:?}");
    assert!(lines[1].starts_with("bramah: could not acquire within 300ms: 'n' held by "));
}

#[test]
fn an_acquire_waits_longer_than_its_own_ttl_and_gets_all_of_it_then() {
    let (server, _dir) = Server::start();
    let holder = hold(&server, "");
    let output = server.run("acquire -q -w 2500ms --ttl 1s n");
    assert_eq!((output.code, output.stderr.as_str()), (75, ""));
    holder.signal(Signal::TERM);

    let before = bramah::LocalTime::now();
    assert_eq!(server.run("acquire --ttl 1s m").code, 0);
    let acquired = server.run("acquire -q --ttl 30s --json m");
    assert_eq!((acquired.code, acquired.stderr.as_str()), (0, ""));
    let acquired: serde_json::Value = serde_json::from_str(&acquired.stdout).unwrap();
    // Less what clocks may differ by.
    let at_least = before.0 / 1_000 + 1_000 + 30_000 - 300 - 50;
    assert!(acquired["deadline_ms"].as_u64().unwrap() >= at_least, "{acquired} {at_least}");
}

#[test]
fn too_long_a_queue_is_not_joined() {
    let (server, _dir) = Server::start();
    let _holder = hold(&server, "");
    assert_eq!(server.run("lock --max-waiters 0 n true").code, 75);
}

#[test]
fn a_waiter_that_is_told_to_end_leaves_the_queue() {
    let (server, dir) = Server::start();
    let _holder = hold(&server, "");
    let mark = dir.path().join("mark");
    let line = format!("lock n -- touch {}", mark.display());
    let mut waiter = Program::start(server.command(&line));
    server.until_waiting("n", 1);
    waiter.signal(Signal::TERM);
    assert_eq!(waiter.wait().code, 143);
    assert_eq!(server.json("queue n")["waiters_total"], 0);
    assert!(!mark.exists());
}

#[test]
fn an_acquire_that_is_told_to_end_is_granted_nothing_later() {
    let (server, _dir) = Server::start();
    let _holder = hold(&server, "");
    let mut waiter = Program::start(server.command("acquire n"));
    server.until_waiting("n", 1);
    // It asks who is in its way once it waits, and a signal may come before the answer.
    let said = waiter.said();
    assert!(said.starts_with("bramah: 'n' held by "), "{said}");
    waiter.signal(Signal::INT);
    let output = waiter.wait();
    assert_eq!((output.code, output.stderr.as_str()), (130, ""));
    assert_eq!(server.json("queue n")["waiters_total"], 0);
}

#[test]
fn a_released_lock_goes_to_who_waits_at_the_front() {
    let (server, dir) = Server::start();
    let holder = hold(&server, "");
    let order = dir.path().join("order");
    let mut waiters = Vec::new();
    for (number, priority) in [(1, 0), (2, 0), (3, 5)] {
        let mut command = server.command(&format!("lock --priority {priority} -c"));
        command.arg(format!("echo {number} >> {}", order.display())).arg("n");
        waiters.push(Program::start(command));
        server.until_waiting("n", number);
    }
    holder.signal(Signal::TERM);
    for waiter in &mut waiters {
        assert_eq!(waiter.wait().code, 0);
    }
    assert_eq!(file(&order), "3\n1\n2");
}

#[test]
fn the_command_gets_stdin_and_knows_what_it_holds() {
    let (server, _dir) = Server::start();
    let mut command = server.command("lock -c");
    command.args(["cat; env | grep ^BRAMAH_ | sort", "a/b"]).stdin(Stdio::piped());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"from stdin\n").unwrap();
    let stdout = String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap();
    let mut lines = stdout.lines();
    assert_eq!(lines.next(), Some("from stdin"));
    let names: Vec<&str> = lines.map(|line| line.split('=').next().unwrap()).collect();
    let expected = ["DEADLINE_MS", "HELD", "HOLD_ID", "NAME", "SESSION", "TOKEN", "URL"];
    assert_eq!(names, expected.map(|name| format!("BRAMAH_{name}")));
    assert!(stdout.contains("BRAMAH_NAME=a/b\n") && stdout.contains("BRAMAH_TOKEN=1\n"));
    assert!(stdout.contains(&format!("BRAMAH_URL={}\n", server.url)));
}

/// A service of each kind, with what it lives in.
fn with_each_service(mut test: impl FnMut(&str)) {
    let (server, _dir) = Server::start();
    test(&server.url);
    let folder = tempfile::TempDir::new().unwrap();
    test(&format!("local:{}", folder.path().display()));
}

#[test]
fn a_command_that_waits_for_its_own_lock_for_ever_is_told() {
    let program = env!("CARGO_BIN_EXE_bramah");
    with_each_service(|url| {
        for (outer, inner) in [
            ("", ""),
            ("-s", ""),
            ("", "-s"),
            ("--of 4", "--permits 4 --of 4"),
            ("--of 4", "--of 5"),
        ] {
            let line = format!(
                "lock {outer} n -- {program} lock m -- {program} lock --on {url}/ {inner} n -- true"
            );
            let output = run(on(url, &line));
            assert_eq!(output.code, 64, "{line}");
            assert!(output.stderr.contains("already runs under it (token "), "{output:?}");
        }
    });
}

#[test]
fn a_command_may_ask_for_its_own_lock_if_that_goes_well_or_has_an_end() {
    let program = env!("CARGO_BIN_EXE_bramah");
    with_each_service(|url| {
        for (outer, inner, code) in [
            ("", "-n", 75),
            ("", "-w 100ms", 75),
            ("-s", "-s", 0),
            ("--of 4", "--of 4", 0),
            ("--of 4", "--permits 3 --of 4", 0),
        ] {
            let line = format!("lock {outer} n -- {program} lock {inner} n -- true");
            assert_eq!(run(on(url, &line)).code, code, "{url}: {line}");
        }
    });
}

#[test]
fn a_process_that_outlived_the_lock_of_its_parent_may_take_it() {
    let program = env!("CARGO_BIN_EXE_bramah");
    with_each_service(|url| {
        let held = run(on(url, "lock n -- printenv BRAMAH_HELD")).stdout;
        let mut again = on(url, "lock n -- true");
        again.env("BRAMAH_HELD", held.trim_end());
        assert_eq!(run(again).code, 0, "{held}");
        // The same hold is nothing to another lock of that name, nor to a waiter beside it.
        let mut holder =
            Program::start(on(url, &format!("lock n -- {program} lock m -- sleep 60")));
        until("it is held", || run(on(url, "get m --json")).code == 0);
        let mut beside = on(url, "lock -w 50ms n -- true");
        beside.env("BRAMAH_HELD", held.trim_end());
        assert_eq!(run(beside).code, 75);
        holder.signal(Signal::TERM);
        holder.wait();
    });
}

#[test]
fn signals_reach_the_command() {
    let (server, _dir) = Server::start();
    for signal in [
        Signal::TERM,
        Signal::INT,
        Signal::HUP,
        Signal::QUIT,
        Signal::USR1,
        Signal::USR2,
        Signal::WINCH,
    ] {
        let number = signal.as_raw();
        let script = format!(
            "trap 'echo got {number}; exit 9' {number}; echo ready; while :; do sleep 0.02; done"
        );
        let mut command = server.command("lock n -- sh -c");
        // Where the tests have a terminal, it is not theirs: it would send what a keyboard can.
        command.arg(script).process_group(0);
        let mut program = Program::read(command);
        assert_eq!(program.line(), "ready");
        program.signal(signal);
        assert_eq!(program.line(), format!("got {number}"));
        assert_eq!(program.wait().code, 9);
    }
}

#[test]
fn a_signal_that_was_ignored_at_the_start_stays_ignored() {
    let (server, _dir) = Server::start();
    let mut command = server.command("lock n -- sh -c");
    command.arg("trap 'exit 9' USR1; echo ready; while :; do sleep 0.02; done");
    let mut program = Program::read(no_hangup(&command));
    assert_eq!(program.line(), "ready");
    program.signal(Signal::HUP);
    // It is passed on after HUP would be, whose number is lower.
    program.signal(Signal::USR1);
    assert_eq!(program.wait().code, 9);
    let grep = server.command("lock n -- grep SigIgn /proc/self/status");
    let told = run(no_hangup(&grep)).stdout;
    let ignored = u64::from_str_radix(told.trim_start_matches("SigIgn:").trim(), 16).unwrap();
    assert_eq!(ignored & 1, 1, "the command has it ignored too: {told}");
}

#[test]
fn a_minimum_hold_outlives_the_command() {
    let (server, _dir) = Server::start();
    assert_eq!(server.run("lock --min-hold 1m n true").code, 0);
    let output = server.run("lock -n n true");
    assert_eq!(output.code, 75, "{output:?}");
}

#[test]
fn readers_share_and_a_writer_waits_for_them() {
    let (server, _dir) = Server::start();
    let _reader = hold(&server, "-s");
    assert_eq!(server.run("lock -n -s n true").code, 0);
    assert_eq!(server.run("lock -n -x n true").code, 75);
    let mut command = server.command("lock -n -s -c");
    command.args(["exit 4", "n"]);
    assert_eq!(run(command).code, 4);
}

#[test]
fn without_a_server_a_holder_is_named_and_its_death_frees_the_lock_at_once() {
    let dir = tempfile::TempDir::new().unwrap();
    let url = format!("local:{}", dir.path().display());
    let mut command = on(&url, "lock n -- sh -c");
    command.arg("echo held; exec sleep 60");
    let mut holder = Program::read(command);
    assert_eq!(holder.line(), "held");
    let output = run(on(&url, "lock -n n true"));
    assert_eq!(output.code, 75);
    assert!(output.stderr.contains(&format!("(pid {}, ", holder.pid())), "{output:?}");
    holder.signal(Signal::KILL);
    let killed = Instant::now();
    assert_eq!(run(on(&url, "lock n true")).code, 0);
    assert!(killed.elapsed() < Duration::from_secs(1), "{:?}", killed.elapsed());
    assert_eq!(run(on(&url, "acquire n")).code, 64);
}
