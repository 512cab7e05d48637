//! The test suite of distrilock, scenario by scenario under its names, over each transport; its two
//! daemons on one directory are two servers of one cluster here. Then the two defects that its
//! suite does not see.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use bramah_wire::proto::reply::Outcome;
use bramah_wire::proto::request::Op;
use bramah_wire::proto::{self, Handle};

use super::over_all_transports;
use super::speaker::{Speaker, holder_of};
use super::transport::Transport;
use crate::cluster::three;
use crate::running::Running;

over_all_transports! {
    acquire_and_release,
    acquire_verify_and_release,
    acquire_and_release_stale,
    acquire_interfere,
    release_non_existing,
    peek_stale_non_existing,
    peek_non_existing,
    peek_existing,
    acquire_twice,
    acquire_contention,
    acquire_and_release_diff_proc,
    acquire_twice_diff_proc,
    acquire_after_diff_proc_release,
    acquire_contention_diff_proc,
    a_hot_lock_through_two_servers_has_one_holder_at_a_time,
    a_lock_is_not_leaked_by_a_reset,
}

fn acquire_and_release<T: Transport>() {
    let server = Running::in_memory();
    let mut a = Speaker::<T>::new(server.address());
    let hold = a.take("x");
    a.give_back(hold);
}

fn acquire_verify_and_release<T: Transport>() {
    let server = Running::in_memory();
    let mut a = Speaker::<T>::new(server.address());
    let hold = a.take("x");
    assert!(a.verify("x", hold.number));
    a.give_back(hold);
    assert!(!a.verify("x", hold.number));
}

/// What an earlier holder left does not hinder the next.
fn acquire_and_release_stale<T: Transport>() {
    let server = Running::in_memory();
    let mut a = Speaker::<T>::new(server.address());
    let old = a.take("x");
    let value = Some(b"left behind"[..].into());
    let set = proto::SetValue { request: None, hold: Some(old), value };
    assert!(matches!(a.ask(Op::SetValue(set)), Outcome::ValueSet(_)));
    let close = proto::CloseSession { session: Some(a.session) };
    assert!(matches!(a.ask(Op::CloseSession(close)), Outcome::SessionClosed(_)));

    let mut a = Speaker::<T>::new(server.address());
    let hold = a.take("x");
    assert!(hold.number > old.number);
    a.give_back(hold);
}

/// Others look at the lock in every way, and go; it stays whose it is.
fn acquire_interfere<T: Transport>() {
    let servers = three();
    let mut a = Speaker::<T>::new(servers[0].address());
    let hold = a.take("x");
    let mut other = Speaker::<T>::bound(servers[1].address());
    assert!(other.peek("x"));
    let which = Some(proto::watch::Which::Name("x".to_owned()));
    assert!(matches!(other.ask(Op::Watch(proto::Watch { which })), Outcome::WatchStarted(_)));
    other.fin();
    let mut b = Speaker::<T>::new(servers[1].address());
    assert_eq!(holder_of(b.try_acquire("x")), a.session.number);
    assert!(a.verify("x", hold.number));
    a.give_back(hold);
}

fn release_non_existing<T: Transport>() {
    let server = Running::in_memory();
    let mut a = Speaker::<T>::new(server.address());
    assert_eq!(a.release_error(Handle { number: 1, key: 1 }), "not_holder");
}

fn peek_stale_non_existing<T: Transport>() {
    let server = Running::in_memory();
    let mut a = Speaker::<T>::new(server.address());
    let hold = a.take("x");
    a.give_back(hold);
    assert!(!a.peek("x"));
}

fn peek_non_existing<T: Transport>() {
    let server = Running::in_memory();
    assert!(!Speaker::<T>::new(server.address()).peek("x"));
}

fn peek_existing<T: Transport>() {
    let server = Running::in_memory();
    let mut a = Speaker::<T>::new(server.address());
    a.take("x");
    assert!(a.peek("x"));
}

fn acquire_twice<T: Transport>() {
    let server = Running::in_memory();
    let mut a = Speaker::<T>::new(server.address());
    let hold = a.take("x");
    match a.try_acquire("x") {
        Outcome::AlreadyHeld(grant) => assert_eq!(grant.hold, Some(hold)),
        other => panic!("not held already: {other:?}"),
    }
    a.give_back(hold);
    assert_eq!(a.release_error(hold), "not_holder");
}

fn acquire_contention<T: Transport>() {
    let server = Running::in_memory();
    contention::<T>(&server, &server);
}

fn contention<T: Transport>(one: &Running, other: &Running) {
    let mut a = Speaker::<T>::new(one.address());
    let mut b = Speaker::<T>::new(other.address());
    let hold = a.take("x");
    assert_eq!(holder_of(b.try_acquire("x")), a.session.number);
    assert!(b.peek("x"));
    a.give_back(hold);
    let next = b.take("x");
    assert!(next.number > hold.number);
    b.give_back(next);
}

/// Who has not the hold's key cannot release it. Whether it is held every server knows.
fn acquire_and_release_diff_proc<T: Transport>() {
    let servers = three();
    let mut a = Speaker::<T>::new(servers[0].address());
    let mut b = Speaker::<T>::new(servers[1].address());
    let hold = a.take("x");
    let guessed = Handle { key: hold.key ^ 1, ..hold };
    assert_eq!(b.release_error(guessed), "not_holder");
    assert!(b.verify("x", hold.number));
    a.give_back(hold);
    assert!(!b.verify("x", hold.number));
}

fn acquire_twice_diff_proc<T: Transport>() {
    let servers = three();
    let mut a = Speaker::<T>::new(servers[0].address());
    let mut b = Speaker::<T>::new(servers[1].address());
    let hold = a.take("x");
    assert_eq!(holder_of(b.try_acquire("x")), a.session.number);
    a.give_back(hold);
}

fn acquire_after_diff_proc_release<T: Transport>() {
    let servers = three();
    let mut a = Speaker::<T>::new(servers[0].address());
    let mut b = Speaker::<T>::new(servers[1].address());
    let hold = a.take("x");
    a.give_back(hold);
    let hold = b.take("x");
    b.give_back(hold);
}

fn acquire_contention_diff_proc<T: Transport>() {
    let servers = three();
    contention::<T>(&servers[0], &servers[1]);
}

/// Two of its daemons on one directory let half of all holders overlap: releasing was unlocking a
/// file and then removing its name.
fn a_hot_lock_through_two_servers_has_one_holder_at_a_time<T: Transport>() {
    const CLIENTS: u64 = 4;
    const TURNS: u64 = 100;
    let servers = three();
    let is_held = Arc::new(AtomicBool::new(false));
    let last_token = Arc::new(AtomicU64::new(0));
    let clients = (0..CLIENTS).map(|number| {
        let address = servers[number as usize % 2].address();
        let (is_held, last_token) = (is_held.clone(), last_token.clone());
        std::thread::spawn(move || {
            let mut speaker = Speaker::<T>::new(address);
            for _ in 0..TURNS {
                let hold = speaker.hold("hot");
                assert!(!is_held.swap(true, Ordering::SeqCst), "two hold it");
                assert!(last_token.swap(hold.number, Ordering::SeqCst) < hold.number);
                std::thread::yield_now();
                is_held.store(false, Ordering::SeqCst);
                speaker.give_back(hold);
            }
        })
    });
    clients.collect::<Vec<_>>().into_iter().for_each(|it| it.join().expect("one at a time"));
}

/// Its WebSocket front never let go of what a client had whose connection was reset.
fn a_lock_is_not_leaked_by_a_reset<T: Transport>() {
    let server = Running::in_memory();
    let mut waiter = Speaker::<T>::new(server.address());
    for turn in 0..10 {
        let name = format!("x{turn}");
        let mut holder = Speaker::<T>::bound(server.address());
        holder.take(&name);
        waiter.queue(&name);
        holder.reset();
        waiter.granted();
    }
}

impl<T: Transport> Speaker<T> {
    fn fin(self) {
        self.transport.fin();
    }

    fn reset(self) {
        self.transport.reset();
    }
}
