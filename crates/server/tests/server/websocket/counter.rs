//! Clients of three transports count together: each reads a number, lets the others run, and
//! writes it one higher, under one lock.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{JoinHandle, spawn};

use super::speaker::Speaker;
use super::transport::{Native, Transport, WebSocketBinary, WebSocketJson};
use crate::running::Running;

const TURNS: u64 = 200;

fn count<T: Transport>(server: &Running, counter: &Arc<AtomicU64>) -> JoinHandle<()> {
    let (address, counter) = (server.address(), counter.clone());
    spawn(move || {
        let mut speaker = Speaker::<T>::new(address);
        for _ in 0..TURNS {
            let hold = speaker.hold("counter");
            let seen = counter.load(Ordering::SeqCst);
            std::thread::yield_now();
            counter.store(seen + 1, Ordering::SeqCst);
            speaker.give_back(hold);
        }
    })
}

#[test]
fn text_binary_and_native_clients_count_to_the_exact_number_together() {
    let folder = tempfile::tempdir().expect("a folder");
    for server in [Running::in_memory(), Running::in_folder(folder.path())] {
        let counter = Arc::new(AtomicU64::new(0));
        let clients: Vec<_> = (0..2)
            .flat_map(|_| {
                [
                    count::<Native>(&server, &counter),
                    count::<WebSocketBinary>(&server, &counter),
                    count::<WebSocketJson>(&server, &counter),
                ]
            })
            .collect();
        let len = clients.len() as u64;
        clients.into_iter().for_each(|client| client.join().expect("it counts"));
        assert_eq!(counter.load(Ordering::SeqCst), len * TURNS);
    }
}
