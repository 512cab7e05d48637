//! What many idle WebSockets cost: each has a session with the usual TTL that is kept alive as a
//! client does it, at a third of the TTL.

use std::time::{Duration, Instant};

use crate::clients::{Keeper, Protocol};
use crate::servers::{Kind, Server};

/// The usual TTL, and when a client renews.
const TTL: Duration = Duration::from_secs(15);
const KEEP_ALIVE_EVERY: Duration = Duration::from_secs(5);

pub(crate) fn run(sessions: usize, length: Duration) {
    raise_file_limit();
    for protocol in [Protocol::Binary, Protocol::Json] {
        let server = Server::start(Kind::Durable).expect("it starts");
        let before = server.usage();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let (opened, kept) = runtime.expect("a runtime").block_on(async {
            let mut keepers = Vec::with_capacity(sessions);
            for _ in 0..sessions {
                keepers.push(Keeper::open(protocol, server.address(), TTL).await);
            }
            let opened = server.usage();
            let begin = Instant::now();
            let tasks: Vec<_> = keepers
                .into_iter()
                .enumerate()
                .map(|(number, mut keeper)| {
                    tokio::spawn(async move {
                        // Spread, as clients are that did not all begin at once.
                        let first = KEEP_ALIVE_EVERY.mul_f64(number as f64 / sessions as f64);
                        let mut next = begin + first;
                        let mut kept = 0;
                        while next < begin + length {
                            tokio::time::sleep_until(next.into()).await;
                            keeper.keep_alive().await;
                            kept += 1;
                            next += KEEP_ALIVE_EVERY;
                        }
                        (kept, keeper)
                    })
                })
                .collect();
            tokio::time::sleep_until((begin + length).into()).await;
            let usage = server.usage();
            let mut kept = 0;
            for task in tasks {
                kept += task.await.expect("all live").0;
            }
            (opened, (kept, usage))
        });
        let (keepalives, usage) = kept;
        let cpu = (usage.cpu - opened.cpu).as_secs_f64() / length.as_secs_f64();
        let bytes = (usage.memory_bytes - before.memory_bytes) / sessions as u64;
        println!(
            "{protocol:?}: {sessions} sessions, {keepalives} keepalives in {length:?}: \
             {} MiB of memory, {bytes} bytes a session; {:.1} % of a core",
            usage.memory_bytes >> 20,
            cpu * 100.0,
        );
    }
}

/// As high as it may be: each session has a file here, and one in the server.
fn raise_file_limit() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let maximum = getrlimit(Resource::Nofile).maximum;
    let _ = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
}
