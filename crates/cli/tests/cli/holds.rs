//! Holds from the shell, and what can be seen of them.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Stdio;

use serde_json::Value;

use crate::harness::{Program, Server, run};

fn boot_ms() -> u64 {
    bramah::LocalTime::now().0 / 1_000
}

fn acquire(server: &Server, line: &str) -> (Value, String) {
    let acquired = server.json(&format!("acquire {line}"));
    let hold_id = acquired["hold_id"].as_str().unwrap().to_owned();
    (acquired, hold_id)
}

#[test]
fn acquire_tells_all_that_a_script_needs() {
    let (server, _dir) = Server::start();
    let before = boot_ms();
    let (acquired, _) = acquire(&server, "--ttl 30s n");
    let fields: Vec<&String> = acquired.as_object().unwrap().keys().collect();
    let expected = ["deadline_ms", "hold_id", "name", "session", "token", "ttl_ms", "url"];
    assert_eq!(fields, expected);
    assert_eq!((&acquired["name"], &acquired["token"]), (&"n".into(), &1.into()));
    assert_eq!(
        (&acquired["ttl_ms"], &acquired["url"]),
        (&30_000.into(), &server.url.clone().into())
    );
    let deadline = acquired["deadline_ms"].as_u64().unwrap();
    assert!((before + 29_000..=boot_ms() + 30_000).contains(&deadline), "{acquired}");
}

#[test]
fn a_detached_hold_is_renewed_changed_and_released_by_its_hold_id() {
    let (server, _dir) = Server::start();
    let (_, hold_id) = acquire(&server, "--value first n");
    assert_eq!(server.run("get n").stdout, "first", "no newline that was not set");
    assert!(server.run("get --help").stdout.contains("with no newline behind it"));

    let renewed = server.json(&format!("renew {hold_id} --ttl 1m"));
    let left = renewed["expires_in_ms"].as_u64().unwrap();
    assert!((58_000..=60_000).contains(&left), "{renewed}");
    assert!(renewed["deadline_ms"].as_u64().unwrap() <= boot_ms() + 60_000);

    assert_eq!(server.json(&format!("set {hold_id} second")), serde_json::json!({"bytes": 6}));
    assert_eq!(server.run("get n").stdout, "second");
    let mut command = server.command(&format!("set {hold_id} -"));
    command.stdin(
        std::io::pipe()
            .map(|(reader, mut writer)| {
                std::io::Write::write_all(&mut writer, b"a\x00\xff").unwrap();
                reader
            })
            .unwrap(),
    );
    assert_eq!(run(command).code, 0);
    assert_eq!(server.json("get n")["holders"][0]["value_hex"], "6100ff");

    assert_eq!(server.json("verify n 1")["held"], true);
    assert_eq!(server.json(&format!("release {hold_id}"))["released"], true);
    let output = server.run("verify n 1 --json");
    assert_eq!(output.code, 65);
    let verdict: Value = serde_json::from_str(&output.stdout).unwrap();
    assert_eq!((&verdict["held"], &verdict["reason"]), (&false.into(), &"released".into()));
    let past = &server.json("history n")[0];
    assert_eq!((&past["token"], &past["reason"]), (&1.into(), &"released".into()));
}

#[test]
fn a_hold_id_of_http_is_one_here() {
    let (server, _dir) = Server::start();
    let hold_id = acquire_by_http(&server, "n");
    assert!(hold_id.contains('.'), "it names a session too: {hold_id}");
    assert_eq!(server.run(&format!("set {hold_id} here")).code, 0);
    assert_eq!(server.run("get n").stdout, "here");
    let renewed = server.json(&format!("renew {hold_id} --ttl 1m"));
    assert!(renewed["expires_in_ms"].as_u64().unwrap() > 50_000, "{renewed}");
    assert_eq!(server.json(&format!("release {hold_id}"))["released"], true);
    assert_eq!(server.json("sessions"), serde_json::json!([]));
    assert_eq!(server.run(&format!("release {hold_id}")).code, 65);
}

/// As curl would.
fn acquire_by_http(server: &Server, name: &str) -> String {
    let address = server.url.strip_prefix("bramah://").unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    let request = format!(
        "POST /v1/locks/{name} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\
         Content-Length: 0\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    let hold: Value = serde_json::from_str(body).unwrap_or_else(|_| panic!("{answer}"));
    hold["hold"].as_str().unwrap().to_owned()
}

#[test]
fn nothing_is_left_of_a_hold_that_was_acquired_and_released() {
    let (server, _dir) = Server::start();
    let (_, hold_id) = acquire(&server, "--ttl 1h n");
    assert_eq!(server.json("sessions").as_array().unwrap().len(), 1);
    assert_eq!(server.run(&format!("release {hold_id}")).code, 0);
    assert_eq!(server.json("sessions"), serde_json::json!([]));
}

#[test]
fn a_quiet_acquire_prints_its_hold_id_and_no_more() {
    let (server, _dir) = Server::start();
    let output = server.run("acquire -q --permits 1 --of 3 n");
    assert_eq!(output.stdout.lines().count(), 1, "{output:?}");
    assert_eq!(server.run(&format!("release {}", output.stdout)).code, 0);
    assert!(server.run("history n").stdout.contains("1 of 3"));
}

#[test]
fn a_detached_hold_ends_with_its_ttl() {
    let (server, _dir) = Server::start();
    acquire(&server, "--ttl 500ms n");
    assert_eq!(server.run("lock -q n true").code, 0);
    assert_eq!(server.json("history n")[1]["reason"], "expired");
}

#[test]
fn listings_show_who_holds_and_who_waits_as_json_and_as_tables() {
    let (server, _dir) = Server::start();
    acquire(&server, "--reason nightly a/1");
    acquire(&server, "--permits 2 --of 5 a/2");
    acquire(&server, "-s b");
    let mut waiter = Program::start(server.command("lock -q --priority 3 -w 1m a/1 true"));
    server.until_waiting("a/1", 1);

    let locks = server.json("ls a/");
    assert_eq!(locks.as_array().unwrap().len(), 2);
    assert_eq!((&locks[0]["name"], &locks[0]["waiters_total"]), (&"a/1".into(), &1.into()));
    assert_eq!(locks[0]["holders"][0]["owner"]["reason"], "nightly");
    assert_eq!((&locks[1]["limit"], &locks[1]["holders"][0]["permits"]), (&5.into(), &2.into()));
    assert_eq!(server.json("ls").as_array().unwrap().len(), 3);
    assert_eq!(server.json("ls none"), serde_json::json!([]));
    assert_eq!(server.json("who b")["holders"][0]["mode"], "shared");
    assert_eq!(server.json("who free")["holders"], serde_json::json!([]));
    let waiting = &server.json("queue a/1")["waiters"][0];
    assert_eq!((&waiting["position"], &waiting["priority"]), (&1.into(), &3.into()));
    assert_eq!(waiting["owner"]["command"], "true");
    assert!(waiting["gives_up_in_ms"].as_u64().unwrap() <= 60_000);
    let sessions = server.json("sessions");
    assert!(sessions.as_array().unwrap().len() >= 4, "{sessions}");
    assert!(sessions.as_array().unwrap().iter().any(|session| session["waits"] == 1));

    let table = server.run("ls a/").stdout;
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(lines.len(), 3, "{table}");
    assert!(lines[0].starts_with("NAME  MODE       TOKEN  HELD"), "{table}");
    assert!(lines[1].starts_with("a/1   exclusive  1      "), "{table}");
    assert!(lines[2].starts_with("a/2   2 of 5     2      "), "{table}");
    assert!(server.run("who b").stdout.contains("shared"));
    assert_eq!(server.run("who free").stdout, "'free' is free\n");
    assert!(server.run("queue a/1").stdout.starts_with("PLACE  MODE"));
    assert_eq!(server.run("queue b").stdout, "nobody waits for 'b'\n");
    assert!(server.run("sessions").stdout.starts_with("SESSION  TTL"));
    waiter.signal(rustix::process::Signal::TERM);
    waiter.wait();
}

#[test]
fn nobody_s_words_reach_a_terminal_as_they_are() {
    let (server, _dir) = Server::start();
    let mut command = server.command("acquire n --value");
    command.args(["\x1b[2Jvalue", "--reason", "\x1b]0;title\x07"]);
    assert_eq!(run(command).code, 0);
    for line in ["ls", "who n", "sessions", "ls --json"] {
        let output = server.run(line);
        assert!(!output.stdout.contains('\x1b') && !output.stdout.contains('\x07'), "{output:?}");
    }
    assert!(!server.run("lock -n n true").stderr.contains('\x1b'));
}

#[test]
fn a_watch_tells_each_change_on_a_line() {
    let (server, _dir) = Server::start();
    let (_, first) = acquire(&server, "w/1");
    let mut watch = Program::read(server.command("watch --prefix w/ --json"));
    let mut next = || -> Value { serde_json::from_str(&watch.line()).unwrap() };
    let snapshot = next();
    assert_eq!((&snapshot["kind"], &snapshot["lock"]["name"]), (&"snapshot".into(), &"w/1".into()));
    acquire(&server, "other");
    assert_eq!(server.run(&format!("set {first} v")).code, 0);
    let change = next();
    assert_eq!(change["kind"], "value_set");
    assert_eq!(change["lock"]["holders"][0]["value"], "v");
    assert_eq!(server.run(&format!("release {first}")).code, 0);
    let change = next();
    assert_eq!((&change["kind"], &change["reason"]), (&"ended".into(), &"released".into()));
    assert!(change["revision"].as_u64() > snapshot["revision"].as_u64());
    drop(watch);

    let mut watch = Program::read(server.command("watch other"));
    assert!(watch.line().starts_with("other: held by "));
    let mut both = server.command("watch other --prefix o");
    both.stdout(Stdio::null());
    assert_eq!(run(both).code, 64);
}
