//! Each exit code, for real, with what is said beside it.

use std::fs;
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixDatagram;
use std::process::Command;

use crate::harness::{Output, Program, Server, bramah, on, run};

#[test]
fn the_command_s_own_code_comes_through() {
    let (server, _dir) = Server::start();
    for code in [0, 1, 3, 255] {
        let mut command = server.command("lock n -- sh -c");
        command.arg(format!("exit {code}"));
        let output = run(command);
        assert_eq!((output.code, output.stderr.as_str()), (code, ""));
    }
}

#[test]
fn a_command_that_a_signal_ended_counts_from_128() {
    let (server, _dir) = Server::start();
    for (signal, code) in [("KILL", 137), ("TERM", 143), ("SEGV", 139)] {
        let mut command = server.command("lock -c");
        command.args([&format!("kill -{signal} $$"), "n"]);
        assert_eq!(run(command).code, code, "{signal}");
    }
}

#[test]
fn a_command_that_is_not_there_is_127_and_one_that_cannot_run_126() {
    let (server, dir) = Server::start();
    let output = server.run("lock n -- no-such-command");
    assert_eq!(output.code, 127);
    assert!(output.stderr.starts_with("bramah: could not run 'no-such-command': "), "{output:?}");

    let plain = dir.path().join("plain");
    fs::write(&plain, "exit 0").unwrap();
    fs::set_permissions(&plain, fs::Permissions::from_mode(0o644)).unwrap();
    assert_eq!(server.run(&format!("lock n -- {}", plain.display())).code, 126);
    assert_eq!(server.json("who n")["holders"], serde_json::json!([]));
}

#[test]
fn no_server_is_69_and_the_command_does_not_run() {
    let dir = tempfile::TempDir::new().unwrap();
    let mark = dir.path().join("mark");
    let line = format!("lock --connect-timeout 300ms n -- touch {}", mark.display());
    let output = run(on("bramah://127.0.0.1:1", &line));
    assert_eq!(output.code, 69);
    assert!(output.stderr.contains("could not connect to 127.0.0.1:1"), "{output:?}");
    assert!(output.stderr.contains("bramah serve"), "{output:?}");
    assert!(!mark.exists());
}

#[test]
fn what_cannot_be_understood_is_64() {
    for line in ["", "lock", "lock n", "lock -w soon n true", "lock -E 0 n true", "frobnicate"] {
        let output = run(bramah(&line.split_whitespace().collect::<Vec<_>>()));
        assert_eq!(output.code, 64, "{line}");
    }
    let output = run(on("nonsense://x", "ls"));
    assert_eq!(output.code, 64);
    assert!(output.stderr.contains("unknown scheme"), "{output:?}");

    let (server, _dir) = Server::start();
    assert_eq!(server.run("lock --grace 9s n true").code, 64);
    assert_eq!(server.run("lock --ttl 1ms n true").code, 64);
    assert_eq!(server.run("release not-a-hold-id").code, 64);
}

#[test]
fn a_wrong_duration_is_told_what_is_right() {
    let output = run(bramah(&["lock", "-w", "soon", "n", "true"]));
    assert!(output.stderr.contains("such as 5, 1.5, 500ms, 2m or 1h30m"), "{output:?}");
}

#[test]
fn help_is_0_and_has_the_table_of_codes() {
    for line in [&["--help"][..], &["lock", "--help"], &["try", "--help"]] {
        let output = run(bramah(line));
        assert_eq!(output.code, 0);
        assert!(output.stdout.contains("75       not acquired"), "{output:?}");
    }
}

#[test]
fn the_help_of_lock_names_what_a_command_finds_in_its_environment() {
    let (server, _dir) = Server::start();
    let help = server.run("lock --help").stdout;
    let names = server.run("lock n env").stdout;
    let names: Vec<_> = names.lines().filter_map(|line| line.split_once('=')).collect();
    let names = names.iter().filter(|(name, _)| name.starts_with("BRAMAH_"));
    assert!(names.clone().count() > 5, "{names:?}");
    for (name, _) in names {
        assert!(help.contains(&format!("\n  {name} ")), "{name} is missing: {help}");
    }
}

#[test]
fn a_hold_that_is_gone_is_65() {
    let (server, _dir) = Server::start();
    let hold_id = server.json("acquire n")["hold_id"].as_str().unwrap().to_owned();
    assert_eq!(server.run(&format!("release {hold_id}")).code, 0);
    for line in ["release", "renew"] {
        let output = server.run(&format!("{line} {hold_id}"));
        assert_eq!(output.code, 65, "{output:?}");
        assert!(output.stderr.starts_with("bramah: could not "), "{output:?}");
        assert!(output.stderr.contains("it was released"), "{output:?}");
    }
    assert_eq!(server.run(&format!("set {hold_id} v")).code, 65);
    assert_eq!(server.run("verify n 1").code, 65);
    assert_eq!(server.run("get n").code, 65);
}

/// What is left of a program whose reader is gone before it prints.
fn without_reader(mut command: Command) -> Output {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    command.stdout(writer);
    Program::start(command).wait()
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let (server, _dir) = Server::start();
    for line in ["ls --json", "ls", "who n"] {
        let output = without_reader(server.command(line));
        assert_eq!((output.code, output.stderr.as_str()), (0, ""), "{line}");
    }
    for line in ["verify n 1", "verify n 1 --json", "release 1-00000000000000ff --json"] {
        assert_eq!(without_reader(server.command(line)).code, 65, "{line}");
    }
}

#[test]
fn a_hold_that_nobody_heard_of_is_given_back_and_no_success() {
    let (server, _dir) = Server::start();
    for line in ["acquire n", "acquire -q n", "acquire --json n"] {
        let output = without_reader(server.command(line));
        assert_eq!(output.code, 74, "{line}: {output:?}");
        assert!(output.stderr.contains("could not print the hold id"), "{output:?}");
        assert!(output.stderr.ends_with("; the lock was released\n"), "{output:?}");
        assert_eq!(server.json("who n")["holders"], serde_json::json!([]));
    }
}

#[test]
fn without_a_stdout_nothing_is_done_whose_result_would_be_lost() {
    let (server, _dir) = Server::start();
    for (line, word) in [("acquire n", "could not print the hold id"), ("backup -", "the backup")] {
        let command = server.command(line);
        let mut shell = Command::new("sh");
        shell.args(["-c", "exec \"$0\" \"$@\" >&-"]).arg(command.get_program());
        shell.args(command.get_args()).env("BRAMAH_URL", &server.url);
        let output = Program::start(shell).wait();
        assert_eq!(output.code, 64, "{line}: {output:?}");
        assert!(output.stderr.contains(word), "{output:?}");
        assert!(output.stderr.contains("stdout is closed"), "{output:?}");
    }
    assert_eq!(server.json("history n"), serde_json::json!([]), "it was not acquired");
    assert_eq!(server.json("who n")["holders"], serde_json::json!([]));
}

#[test]
fn a_backup_that_nobody_took_is_74() {
    let (server, _dir) = Server::start();
    let output = without_reader(server.command("backup -"));
    assert_eq!(output.code, 74, "{output:?}");
    assert!(output.stderr.contains("could not write the backup"), "{output:?}");
    assert!(!output.stderr.contains("written"), "{output:?}");
}

#[test]
fn completions_are_for_the_shell_that_is_named() {
    for shell in ["bash", "zsh", "fish"] {
        let output = run(bramah(&["completions", shell]));
        assert_eq!(output.code, 0);
        assert!(output.stdout.contains("max-waiters"), "{shell}");
    }
}

#[test]
fn what_no_service_could_do_is_64_and_says_what_is_possible() {
    for (line, word) in [
        ("lock --ttl 0 n true", "from 500ms to 24h"),
        ("acquire --ttl 25h n", "from 500ms to 24h"),
        ("lock --on local: --ttl 0 n true", "from 500ms to 24h"),
        ("serve --in-memory --connections-max 0", "at least 1"),
        ("serve --in-memory --memory-max 63MiB", "at least 64 MiB"),
        ("serve --in-memory --memory-max 2", "KiB, MiB or GiB"),
    ] {
        let output = run(on("bramah://127.0.0.1:1", line));
        assert_eq!(output.code, 64, "{line}: {output:?}");
        assert!(output.stderr.contains(word), "{output:?}");
    }
}

#[test]
fn what_is_longer_than_a_server_allows_is_64_and_names_the_bound() {
    let (server, dir) = Server::start();
    for (flag, bound) in [
        ("-w 25h", "a wait is at most 1d, not 1d1h"),
        ("--lock-delay 31d", "at most 30d, not 31d"),
        ("--min-hold 31d", "at most 30d, not 31d"),
        ("--max-hold 31d", "at most 30d, not 31d"),
    ] {
        for line in [format!("lock {flag} n true"), format!("acquire {flag} n")] {
            let output = server.run(&line);
            assert_eq!(output.code, 64, "{line}: {output:?}");
            assert!(output.stderr.contains(bound), "{line}: {output:?}");
        }
    }
    // Where no server keeps the queue, a wait has no bound.
    let local = format!("local:{}", dir.path().join("locks").display());
    assert_eq!(run(on(&local, "lock -w 25h n true")).code, 0);
}

#[test]
fn a_flag_that_is_none_is_64_behind_the_name_too() {
    let (server, _dir) = Server::start();
    let output = server.run("lock n -t 5 -- true");
    assert_eq!(output.code, 64, "{output:?}");
    assert!(output.stderr.contains("could not understand -t"), "{output:?}");
    assert_eq!(server.run("try n --tll 5 true").code, 64);
    assert_eq!(server.run("lock n test -n word").code, 0);
}

#[test]
fn a_ttl_that_no_service_has_is_not_about_connecting() {
    for line in ["lock n --ttl 100ms -- true", "renew 1-00000000000000ff --ttl 25h"] {
        let output = run(on("bramah://127.0.0.1:1", line));
        assert_eq!(output.code, 64, "{output:?}");
        assert!(!output.stderr.contains("connect"), "{output:?}");
        assert!(output.stderr.contains("--ttl") && output.stderr.contains("from 500ms to 24h"));
    }
}

#[test]
fn a_full_disk_behind_stdout_is_74() {
    let (server, _dir) = Server::start();
    let mut command = server.command("who n");
    command.stdout(fs::File::options().write(true).open("/dev/full").unwrap());
    assert_eq!(Program::start(command).wait().code, 74);
}

#[test]
fn an_empty_url_in_the_environment_is_none() {
    let output = run(on("", "ls --connect-timeout 50ms"));
    assert!(!output.stderr.contains("scheme"), "{output:?}");
    assert_eq!(run(on("", "ls --on=")).code, 64);
}

#[test]
fn a_waiter_whose_server_is_away_for_longer_than_its_ttl_is_69() {
    let (server, _dir) = Server::start();
    assert_eq!(server.run("acquire --ttl 1m n").code, 0);
    let mut waiter = Program::start(server.command("lock -q --ttl 1s n true"));
    server.until_waiting("n", 1);
    server.signal(rustix::process::Signal::KILL);
    let output = waiter.wait();
    assert_eq!(output.code, 69, "{output:?}");
    assert!(output.stderr.contains("its place in the queue is lost"), "{output:?}");
    assert!(output.stderr.contains("bramah serve"), "{output:?}");
}

#[test]
fn a_line_on_stderr_is_not_mixed_with_those_of_others() {
    // Each packet is what was written at once.
    let (stderr, written) = UnixDatagram::pair().unwrap();
    let mut command = on("nowhere", "ls");
    assert_eq!(command.stderr(OwnedFd::from(stderr)).status().unwrap().code(), Some(64));
    let mut line = [0; 4096];
    let len = written.recv(&mut line).unwrap();
    let line = String::from_utf8_lossy(&line[..len]);
    assert!(line.starts_with("bramah: could not use") && line.ends_with('\n'), "{line:?}");
}

#[test]
fn an_error_says_nothing_twice() {
    let (server, _dir) = Server::start();
    let output = server.run("lock -w 48h n true");
    assert!(output.stderr.starts_with("bramah: could not acquire \"n\": a wait is "), "{output:?}");
    let output = run(on("bramah://127.0.0.1:1", "ls --connect-timeout 50ms"));
    assert_eq!(output.stderr.matches("127.0.0.1:1").count(), 1, "{output:?}");
    let output = server.run("revoke nope");
    assert_eq!(output.code, 65);
    assert!(output.stderr.contains("\"nope\": nobody holds it"), "{output:?}");
}

#[test]
fn with_few_file_descriptors_every_command_works_or_says_why_not() {
    let folder = tempfile::TempDir::new().unwrap();
    let local = format!("local:{}", folder.path().display());
    let with_limit = |limit: u32, line: &str| {
        let mut command = Command::new("sh");
        command.args(["-c", &format!("ulimit -n {limit}; exec \"$0\" \"$@\"")]);
        command.arg(env!("CARGO_BIN_EXE_bramah")).args(line.split(' ')).env("BRAMAH_URL", &local);
        run(command)
    };
    for limit in 5..24 {
        for line in ["lock -n n -- echo ran", "try n -- echo ran", "ls", "who n"] {
            let output = with_limit(limit, line);
            assert!([0, 69, 74, 126].contains(&output.code), "{limit}: {line}: {output:?}");
            assert_eq!(output.code == 0, output.stderr.is_empty(), "{limit}: {line}: {output:?}");
            let has_run = output.stdout.contains("ran");
            assert!(!has_run || output.code == 0, "{limit}: {line}: {output:?}");
        }
    }
    for limit in 5..9 {
        let output = with_limit(limit, "serve --in-memory --listen 127.0.0.1:0");
        assert_eq!(output.code, 69, "{limit}: {output:?}");
        assert!(output.stderr.contains("at least 8 files must be free"), "{output:?}");
    }
    assert_eq!(with_limit(24, "lock -n n -- echo ran").stdout, "ran\n");
}
