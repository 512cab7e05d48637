//! Backups, and what is made of them.

use std::fs;
use std::path::Path;

use rustix::process::Signal;
use serde_json::Value;
use tempfile::TempDir;

use crate::cluster::Cluster;
use crate::harness::{Output, Program, Server, bramah, on, run, until};

fn offline(arguments: &[&str]) -> Output {
    run(bramah(arguments))
}

fn path(dir: &TempDir, name: &str) -> String {
    dir.path().join(name).to_str().unwrap().to_owned()
}

fn size(file: &str) -> u64 {
    fs::metadata(file).unwrap().len()
}

fn json(output: &Output) -> Value {
    assert_eq!(output.code, 0, "{output:?}");
    serde_json::from_str(&output.stdout).unwrap()
}

#[test]
fn what_was_held_is_held_after_a_restore_and_tokens_go_on_above_all() {
    let (server, dir) = Server::start();
    let hold_id = server.json("acquire --ttl 1h kept")["hold_id"].as_str().unwrap().to_owned();
    let file = path(&dir, "locks.backup");
    let written = server.json(&format!("backup {file}"));
    assert_eq!((&written["locks"], &written["holds"]), (&1.into(), &1.into()), "{written}");
    assert_eq!(written["bytes"], size(&file));
    // It is not in the backup, and its token is known to whoever has it.
    assert_eq!(server.json("acquire --ttl 1h later")["token"], 2);
    drop(server);

    let folder = path(&dir, "restored");
    let restored = json(&offline(&["restore", &file, &folder, "--json"]));
    assert_eq!(restored["cluster_id"], written["cluster_id"]);
    assert_ne!(restored["new_cluster_id"], written["cluster_id"]);
    let server = Server::start_in(Path::new(&folder));
    assert_eq!(server.ready["cluster_id"], restored["new_cluster_id"]);
    assert_eq!(server.json("who kept")["holders"][0]["token"], 1);
    assert!(server.json("acquire --ttl 1h later")["token"].as_u64().unwrap() > 1 << 32);
    assert_eq!(server.json(&format!("release {hold_id}"))["released"], true);
}

#[test]
fn a_file_or_a_folder_that_is_there_is_left_as_it_is() {
    let (server, dir) = Server::start();
    let file = path(&dir, "locks.backup");
    fs::write(&file, "precious").unwrap();
    let output = server.run(&format!("backup {file}"));
    assert_eq!(output.code, 64, "{output:?}");
    assert!(output.stderr.contains("is there already"), "{output:?}");
    assert_eq!(fs::read_to_string(&file).unwrap(), "precious");
    let good = path(&dir, "good.backup");
    assert_eq!(server.run(&format!("backup {good}")).code, 0);
    let output = offline(&["restore", &good, dir.path().to_str().unwrap()]);
    assert_eq!(output.code, 64, "{output:?}");
    assert!(output.stderr.contains("restore into an empty one"), "{output:?}");
}

#[test]
fn a_damaged_backup_is_found_out_and_makes_nothing() {
    let (server, dir) = Server::start();
    let file = path(&dir, "locks.backup");
    assert_eq!(server.run("acquire --ttl 1h held").code, 0);
    assert_eq!(server.run(&format!("backup {file}")).code, 0);
    let whole = fs::read(&file).unwrap();
    assert_eq!(offline(&["backup", "--check", &file]).code, 0);
    let refused = |damaged: &[u8]| {
        fs::write(&file, damaged).unwrap();
        let check = offline(&["backup", "--check", &file]);
        let folder = path(&dir, "restored");
        let restore = offline(&["restore", &file, &folder]);
        [check, restore].map(|output| {
            assert_eq!(output.code, 74, "{output:?}");
            output.stderr
        })
    };
    refused(b"no backup at all");
    // The first bytes say that it is one, and of which version.
    for at in (8..whole.len()).step_by(5) {
        for said in refused(&whole[..at]) {
            assert!(said.contains("damaged or was cut"), "cut at {at}: {said}");
        }
        let mut flipped = whole.clone();
        flipped[at] ^= 1;
        for said in refused(&flipped) {
            // The table within has a version of its own.
            let is_known = said.contains("damaged or was cut") || said.contains("version 0");
            assert!(is_known, "byte {at}: {said}");
        }
    }
}

#[test]
fn a_backup_without_a_leader_says_how_old_it_is() {
    let mut cluster = Cluster::start();
    let url = cluster.url();
    let dir = TempDir::new().unwrap();
    let backup = |url: &str, name: &str| {
        let file = path(&dir, name);
        run(on(url, &format!("backup --json {file}")))
    };
    let output = backup(&url, "good");
    assert_eq!((json(&output)["quorum"].clone(), output.stderr.as_str()), (true.into(), ""));
    assert!(json(&output)["revision"].is_u64() && json(&output)["age_ms"].is_u64(), "{output:?}");
    cluster.kill(1);
    cluster.kill(2);
    until("the one that is left knows that nobody leads", || {
        run(on(&url, "cluster status")).code == 69
    });
    let output = backup(&url, "lone");
    assert_eq!(json(&output)["quorum"], false);
    assert!(output.stderr.contains("without a leader"), "{output:?}");
    assert!(output.stderr.contains("may be missing"), "{output:?}");
    // After a restart it does not even know how old it is.
    let folder = cluster.servers[0].as_ref().unwrap().ready["data"].as_str().unwrap().to_owned();
    cluster.kill(0);
    let server = Server::start_in(Path::new(&folder));
    let output = server.run(&format!("backup --json {}", path(&dir, "unknown")));
    assert_eq!((&json(&output)["quorum"], &json(&output)["age_ms"]), (&false.into(), &Value::Null));
    assert!(output.stderr.contains("nobody knows when"), "{output:?}");
}

#[test]
fn a_backup_that_cannot_be_had_leaves_no_file() {
    let dir = TempDir::new().unwrap();
    let file = path(&dir, "locks.backup");
    let line = format!("backup --connect-timeout 200ms {file}");
    let output = run(on("bramah://127.0.0.1:1", &line));
    assert_eq!(output.code, 69, "{output:?}");
    assert!(!Path::new(&file).exists());
}

#[test]
fn a_backup_goes_through_a_pipe_and_not_to_a_terminal() {
    let (server, dir) = Server::start();
    assert_eq!(server.run("acquire --ttl 1h held").code, 0);
    let file = path(&dir, "piped.backup");
    let mut command = server.command("backup -");
    command.stdout(fs::File::create(&file).unwrap());
    assert_eq!(Program::start(command).wait().code, 0);
    let mut command = bramah(&["backup", "--check", "-", "--json"]);
    command.stdin(fs::File::open(&file).unwrap());
    let checked = json(&run(command));
    assert_eq!((&checked["holds"], &checked["bytes"]), (&1.into(), &size(&file).into()));
    let mut command = bramah(&["backup", "--check", "-"]);
    command.stdin(fs::File::open(&file).unwrap());
    assert!(run(command).stdout.starts_with("stdin: is whole, "));
    assert_eq!(offline(&["backup", "--check", "-"]).code, 74, "nothing is no backup");
    let folder = path(&dir, "restored");
    let mut command = bramah(&["restore", "-", &folder, "--json"]);
    command.stdin(fs::File::open(&file).unwrap());
    assert_eq!(json(&run(command))["holds"], 1);

    let pty = rustix::pty::openpt(rustix::pty::OpenptFlags::RDWR).unwrap();
    rustix::pty::grantpt(&pty).unwrap();
    rustix::pty::unlockpt(&pty).unwrap();
    let name = rustix::pty::ptsname(&pty, Vec::new()).unwrap();
    let terminal = fs::OpenOptions::new().write(true).open(name.to_str().unwrap()).unwrap();
    let mut command = server.command("backup -");
    command.stdout(terminal);
    let output = Program::start(command).wait();
    assert_eq!(output.code, 64, "{output:?}");
    assert!(output.stderr.contains("is a terminal"), "{output:?}");
}

#[test]
fn the_folder_of_one_member_becomes_a_cluster_only_when_that_is_said() {
    let mut cluster = Cluster::start();
    assert_eq!(run(on(&cluster.url(), "acquire --ttl 1h held")).code, 0);
    let leader = cluster.leader();
    let before = cluster.servers[leader].as_ref().unwrap().ready.clone();
    let folder = before["data"].as_str().unwrap().to_owned();
    for arguments in [&["recover", &folder, "--yes"][..], &["recover", &folder]] {
        let output = offline(arguments);
        assert_eq!(output.code, 74, "a server runs in it: {output:?}");
    }
    for place in 0..3 {
        cluster.kill(place);
    }
    // What is there is told, as often as one likes.
    let output = offline(&["recover", &folder]);
    assert_eq!(output.code, 0, "{output:?}");
    assert!(output.stdout.contains("1 hold") && output.stdout.contains("term"), "{output:?}");
    assert!(output.stderr.contains("with --yes") && output.stderr.contains("lost"), "{output:?}");
    let found = json(&offline(&["recover", &folder, "--json"]));
    for member in ["cluster_id", "node_id"] {
        assert_eq!(found[member], before[member], "{found}");
    }
    assert_eq!(found["voters"].as_array().unwrap().len(), 3, "{found}");
    assert!(found["term"].as_u64() > Some(0), "{found}");
    assert!(found["index"].as_u64() >= found["committed"].as_u64(), "{found}");
    assert_eq!((&found["holds"], &found["recoverable"]), (&1.into(), &true.into()), "{found}");

    let recovered = json(&offline(&["recover", &folder, "--yes", "--json"]));
    assert_eq!(recovered["cluster_id"], before["cluster_id"]);
    assert_eq!((&recovered["holds"], &recovered["index"]), (&1.into(), &found["index"]));
    let server = Server::start_in(Path::new(&folder));
    assert_eq!(server.ready["cluster_id"], recovered["new_cluster_id"]);
    assert_eq!(server.json("who held")["holders"][0]["token"], 1);
}

#[test]
fn a_folder_that_is_a_cluster_already_is_left_as_it_is() {
    let (mut server, dir) = Server::start();
    let before = server.ready["cluster_id"].clone();
    assert_eq!(server.run("acquire --ttl 1h held").code, 0);
    server.signal(Signal::KILL);
    server.wait();
    let folder = dir.path().to_str().unwrap();
    let output = offline(&["recover", folder, "--yes"]);
    assert_eq!(output.code, 64, "{output:?}");
    assert!(output.stderr.contains("nothing is lost"), "{output:?}");
    assert!(output.stderr.contains("plain start"), "{output:?}");
    let output = offline(&["recover", folder, "--json"]);
    assert!(output.stderr.contains("nothing is to be recovered"), "{output:?}");
    assert_eq!(json(&output)["recoverable"], false);
    let server = Server::start_in(dir.path());
    assert_eq!(server.ready["cluster_id"], before);
    assert_eq!(server.json("who held")["holders"][0]["token"], 1);
}

#[test]
fn a_folder_that_is_not_there_is_not_recovered_and_not_made() {
    let dir = TempDir::new().unwrap();
    let folder = path(&dir, "nothere");
    let output = offline(&["recover", &folder, "--yes"]);
    assert_eq!(output.code, 64, "{output:?}");
    assert!(output.stderr.contains(&folder), "{output:?}");
    assert!(output.stderr.contains("there is no such folder"), "{output:?}");
    assert!(!Path::new(&folder).exists(), "nothing is made");
}
