//! Cycles a second (acquire and release, both acknowledged) of this server over each of its
//! protocols, beside a bare echo and Redis in the same run, with the same client. Machines are
//! noisy: read the ratios, not the figures.
//!
//!     cargo bench -p bramah-server --bench cycles [-- SECONDS [ROUNDS [PROTOCOL,..]]]
//!     cargo bench -p bramah-server --bench cycles -- idle [SESSIONS [SECONDS]]
//!
//! The protocols are bramah, binary, json (both over WebSocket) and http; all of them, if not said.
//! The second tells what so many idle WebSockets cost, each with a session that is kept alive.
//!
//! Redis is left out where `redis-server` is not installed. Its lock is SET NX PX and DEL: the
//! least that somebody could call a lock, without the script that compares before it deletes.

mod clients;
mod idle;
mod servers;

use std::collections::BTreeMap;
use std::time::Duration;

use clients::{Protocol, Run, Workload};
use servers::{Kind, Server};

const CLIENTS: [usize; 3] = [1, 16, 128];
const HOT_CLIENTS: [usize; 3] = [2, 16, 64];

fn main() {
    let arguments = std::env::args().skip(1).filter(|argument| argument != "--bench");
    let mut arguments = arguments.peekable();
    if let Some(serve) = arguments.next_if(|argument| argument.starts_with("serve-")) {
        return servers::serve(&serve, arguments.next());
    }
    let number = |text: String| text.parse().expect("a number");
    if arguments.next_if(|argument| argument == "idle").is_some() {
        let sessions = arguments.next().map_or(10_000, number);
        let seconds = arguments.next().map_or(20, number);
        return idle::run(sessions as usize, Duration::from_secs(seconds));
    }
    let seconds = arguments.next().map_or(2, number);
    let rounds = arguments.next().map_or(3, number);
    let only = arguments.next().unwrap_or_default().to_lowercase();
    let length = Duration::from_secs(seconds);

    let kinds = [Kind::Echo, Kind::RedisAlways, Kind::Durable, Kind::RedisMemory, Kind::Memory];
    let servers: Vec<Server> = kinds.into_iter().filter_map(Server::start).collect();
    println!("own locks, cycles/s (p50 us), median of {rounds} rounds of {seconds} s");
    table(&servers, &CLIENTS, Workload::Own, (length, rounds, &only));
    println!("\none hot lock, hand-overs/s (p50 us)");
    let ours: Vec<&Server> = servers.iter().filter(|server| server.is_ours()).collect();
    table(&ours, &HOT_CLIENTS, Workload::Hot, (length, rounds, &only));
}

fn table<S: AsRef<Server>>(
    servers: &[S],
    clients: &[usize],
    workload: Workload,
    (length, rounds, only): (Duration, u64, &str),
) {
    let is_asked = |server: &Server, protocol: &Protocol| {
        let name = format!("{protocol:?}").to_lowercase();
        only.is_empty() || !server.is_ours() || only.split(',').any(|it| it == name)
    };
    for clients in clients {
        let mut runs: BTreeMap<(Kind, Protocol), Vec<Run>> = BTreeMap::new();
        for _ in 0..rounds {
            for server in servers {
                let server = server.as_ref();
                for protocol in server.protocols().iter().filter(|it| is_asked(server, it)) {
                    let run = clients::run(*protocol, server.address(), *clients, workload, length);
                    runs.entry((server.kind(), *protocol)).or_default().push(run);
                }
            }
        }
        let median = |which: (Kind, Protocol)| {
            let mut runs = runs.get(&which)?.clone();
            runs.sort_by(|a, b| a.cycles_per_second.total_cmp(&b.cycles_per_second));
            Some(runs[runs.len() / 2])
        };
        print!("{clients:>4} clients");
        for which in runs.keys() {
            let Some(run) = median(*which) else { continue };
            print!("  {} {:.0} ({})", label(*which), run.cycles_per_second, run.p50_us);
        }
        let native = |kind| (kind, Protocol::Bramah);
        for (ours, theirs) in [
            (native(Kind::Durable), (Kind::RedisAlways, Protocol::Redis)),
            (native(Kind::Memory), (Kind::RedisMemory, Protocol::Redis)),
            (native(Kind::Durable), (Kind::Echo, Protocol::Echo)),
            (native(Kind::Memory), (Kind::Echo, Protocol::Echo)),
            ((Kind::Durable, Protocol::Binary), native(Kind::Durable)),
            ((Kind::Memory, Protocol::Binary), native(Kind::Memory)),
            ((Kind::Durable, Protocol::Json), native(Kind::Durable)),
            ((Kind::Memory, Protocol::Json), native(Kind::Memory)),
            ((Kind::Durable, Protocol::Http), native(Kind::Durable)),
            ((Kind::Memory, Protocol::Http), native(Kind::Memory)),
        ] {
            if let (Some(a), Some(b)) = (median(ours), median(theirs)) {
                let ratio = a.cycles_per_second / b.cycles_per_second;
                print!("  {}/{} {ratio:.2}", label(ours), label(theirs));
            }
        }
        println!();
    }
}

/// The server, and what it is asked in where that is not its usual protocol.
fn label((kind, protocol): (Kind, Protocol)) -> String {
    match protocol {
        Protocol::Binary | Protocol::Json | Protocol::Http => format!("{kind:?}{protocol:?}"),
        _ => format!("{kind:?}"),
    }
}
