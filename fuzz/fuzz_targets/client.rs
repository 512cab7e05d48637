//! What a server says to the library, which waits for a lock and follows all.

#![no_main]

use std::pin::pin;
use std::task::{Context, Waker};
use std::time::Duration;

use bramah::Owner;
use bramah::sim::{Simulated, SimulatedTerms};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let (locks, mut client) = Simulated::new(SimulatedTerms {
        ttl: Duration::from_secs(15),
        owner: Owner::default(),
        on_disconnect_release: false,
        connect_timeout: Duration::from_secs(10),
        has_other_servers: true,
        seed: 1,
    });
    let mut acquire = pin!(locks.lock("x").expect("a name").acquire());
    let mut follow = pin!(async {
        let Ok(mut changes) = locks.watch_prefix("").await else { return };
        while changes.next().await.is_some() {}
    });
    let cx = &mut Context::from_waker(Waker::noop());
    client.handle_connected();
    let mut is_over = (acquire.as_mut().poll(cx).is_ready(), follow.as_mut().poll(cx).is_ready());
    for part in bytes.chunks(64) {
        client.input().extend_from_slice(part);
        if client.handle_bytes().is_err() || client.look().is_some() {
            break;
        }
        is_over.0 = is_over.0 || acquire.as_mut().poll(cx).is_ready();
        is_over.1 = is_over.1 || follow.as_mut().poll(cx).is_ready();
    }
});
