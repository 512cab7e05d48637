//! The library against three real servers, some of which are stopped, killed and restarted.

use std::time::{Duration, Instant};

use bramah::blocking::Locker;
use bramah::{AcquireError, ChangeKind, Effect, ErrorKind, Released};
use rustix::process::Signal;

use crate::cluster::Cluster;
use crate::harness::until;

const TTL: Duration = Duration::from_secs(3);

fn connect(url: impl Into<String>) -> Locker {
    Locker::connect(bramah::Locker::builder().url(url).ttl(TTL)).unwrap()
}

/// Acquires a lock and gives it back.
fn cycle(locks: &Locker) {
    let guard = locks.lock("other", |lock| lock).unwrap().acquire().unwrap();
    assert_eq!(guard.release().unwrap(), Released::Released);
}

#[test]
fn work_goes_on_when_any_member_falls_silent() {
    let cluster = Cluster::start();
    let locks = connect(cluster.url());
    let guard = locks.lock("held", |lock| lock).unwrap().acquire().unwrap();
    for server in cluster.servers.iter().flatten() {
        server.signal(Signal::STOP);
        let began = Instant::now();
        cycle(&locks);
        // An election, and less than a lease of silence.
        assert!(began.elapsed() < 2 * TTL, "{:?}", began.elapsed());
        server.signal(Signal::CONT);
        assert!(guard.is_held());
        cluster.until_all_vote();
    }
    assert_eq!(guard.release().unwrap(), Released::Released);
}

#[test]
fn one_address_is_enough_to_find_the_others_when_it_is_gone() {
    let mut cluster = Cluster::start();
    let locks = connect(format!("bramah://{}", cluster.addresses[2][0]));
    let guard = locks.lock("held", |lock| lock).unwrap().acquire().unwrap();
    let mut watched = locks.watch("held").unwrap();
    cluster.kill(2);
    cycle(&locks);
    assert!(guard.is_held());
    assert_eq!(guard.release().unwrap(), Released::Released);
    // It began anew with another member, which may have been before or after the release.
    until("the watch tells that it is free", || {
        let change = watched.next().unwrap().unwrap();
        let is_known = matches!(change.kind, ChangeKind::Snapshot | ChangeKind::Ended(_));
        assert!(is_known, "{change:?}");
        change.lock.holders.is_empty()
    });
}

#[test]
fn a_waiter_keeps_its_place_over_the_restart_of_every_member() {
    let mut cluster = Cluster::start();
    let holding = connect(cluster.url());
    let guard = holding.lock("x", |lock| lock).unwrap().acquire().unwrap();
    let url = cluster.url();
    let waiting = std::thread::spawn(move || {
        let locks = connect(url);
        let guard = locks.lock("x", |lock| lock).unwrap().acquire().unwrap();
        let token = guard.token();
        assert_eq!(guard.release().unwrap(), Released::Released);
        token
    });
    let place = |locks: &Locker| locks.get("x").unwrap().unwrap().waiters[0].clone();
    until("it waits", || holding.get("x").unwrap().unwrap().waiters_total == 1);
    let before = place(&holding);
    for server in 0..3 {
        cluster.restart(server);
    }
    let after = place(&holding);
    assert_eq!((after.position, after.session), (1, before.session));
    let token = guard.token();
    assert_eq!(guard.release().unwrap(), Released::Released);
    assert!(waiting.join().unwrap() > token);
}

#[test]
fn without_a_majority_nothing_is_granted_and_the_error_says_so() {
    let mut cluster = Cluster::start();
    let builder = bramah::Locker::builder().url(cluster.url());
    let locks = Locker::connect(builder.connect_timeout(Duration::from_secs(1))).unwrap();
    cycle(&locks);
    cluster.kill(0);
    cluster.kill(1);
    let refused = locks.lock("x", |lock| lock).unwrap().acquire().unwrap_err();
    let AcquireError::Failed(error) = refused else { panic!("{refused:?}") };
    let known = [ErrorKind::Unavailable, ErrorKind::OutcomeUnknown];
    assert!(known.contains(&error.kind()), "{error}");
    // What was sent and never answered is not said to have done nothing.
    assert_eq!(error.effect() == Effect::Unknown, error.kind() == ErrorKind::OutcomeUnknown);
    let known = locks.wait(locks.stale().list("", None)).unwrap();
    assert!(known.answer.items.is_empty());
    assert!(known.revision.is_some());
    let status = locks.wait(locks.cluster().status()).unwrap();
    assert_eq!((status.voters(), status.majority()), (3, 2));
}
