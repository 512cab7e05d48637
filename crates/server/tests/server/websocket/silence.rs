//! A peer that is silent because the network between is gone. It needs a network of its own, which
//! this test makes by running itself again in new namespaces.

use std::net::Ipv4Addr;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use bramah_server::limits::{TCP_USER_TIMEOUT, WEBSOCKET_SILENCE_TIME_MAX};

use super::speaker::Speaker;
use super::transport::{Native, Transport, WebSocketBinary, WebSocketJson};
use crate::running::Running;

const APART: &str = "BRAMAH_TEST_APART";
const NAME: &str = "websocket::silence::a_bound_session_ends_with_the_silence_of_its_connection";
/// For the kernel's timers, which double, and a busy machine.
const SLACK: Duration = Duration::from_secs(15);

#[test]
fn a_bound_session_ends_with_the_silence_of_its_connection() {
    if std::env::var_os(APART).is_some() {
        return lose_the_network();
    }
    let apart = |command: &str| {
        let mut unshare = Command::new("unshare");
        unshare.args(["--map-root-user", "--net", command]);
        unshare
    };
    let can = apart("true").stderr(Stdio::null()).status();
    if !can.is_ok_and(|status| status.success()) {
        eprintln!("SKIPPED: this machine lets nobody make a network namespace");
        return;
    }
    let myself = std::env::current_exe().expect("this program has a path");
    let mut again = apart(&myself.to_string_lossy());
    let status = again.args(["--exact", NAME, "--nocapture"]).env(APART, "1").status();
    assert!(status.expect("it runs").success());
}

fn lose_the_network() {
    ip("link set lo up");
    let server = Running::in_memory();
    let holders = [
        hold::<Native>(&server, 7, "native"),
        hold::<WebSocketBinary>(&server, 8, "binary"),
        hold::<WebSocketJson>(&server, 9, "json"),
    ];
    let limit = TCP_USER_TIMEOUT.max(WEBSOCKET_SILENCE_TIME_MAX) + SLACK;
    let address = server.address();
    let waiters: Vec<_> = ["native", "binary", "json"]
        .map(|name| {
            let mut waiter = Speaker::<Native>::new(address).patient(limit);
            waiter.queue(name);
            (name, waiter)
        })
        .into();
    for source in [7, 8, 9] {
        ip(&format!("route add blackhole 127.0.0.{source}/32 table local"));
    }
    let since = Instant::now();
    for (name, mut waiter) in waiters {
        waiter.granted();
        println!("{name}: released after {:?} of silence", since.elapsed());
        assert!(since.elapsed() < limit, "{name}");
    }
    assert!(since.elapsed() > Duration::from_secs(5), "it was not the silence");
    drop(holders);
}

/// A holder at an address of its own, which does nothing more.
fn hold<T: Transport>(server: &Running, source: u8, name: &str) -> Box<dyn Send> {
    let source = Ipv4Addr::new(127, 0, 0, source);
    let mut holder = Speaker::<T>::bound_from(source, server.address());
    holder.take(name);
    Box::new(holder.transport)
}

fn ip(arguments: &str) {
    let status = Command::new("ip").args(arguments.split(' ')).status();
    assert!(status.expect("ip runs").success(), "ip {arguments}");
}
