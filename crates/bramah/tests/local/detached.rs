//! Holds that were let go of without a release.

use std::sync::Arc;

use bramah::backend::{Backend, Wait};
use bramah::{Guard, Locker, Mode};
use tempfile::tempdir;

use crate::{acquire, hold, open, request, try_hold};

async fn guard(locker: &Locker, lock: &str) -> Guard {
    locker.lock(lock).unwrap().try_acquire().await.unwrap().expect("it is free")
}

#[tokio::test]
async fn a_detached_hold_lives_as_long_as_its_locker() {
    let dir = tempdir().unwrap();
    let other = open(dir.path());
    let locker = Locker::on(Arc::new(open(dir.path())));
    let detached = guard(&locker, "a").await;
    let kept = guard(&locker, "b").await;
    assert_eq!(detached.detach(), "", "nobody else can release it");
    try_hold(&other, "a", Mode::Exclusive).await.unwrap_err();
    drop(locker);
    try_hold(&other, "a", Mode::Exclusive).await.expect("nobody is left to release it");
    try_hold(&other, "b", Mode::Exclusive).await.unwrap_err();
    assert!(kept.is_held());
    assert_eq!(kept.detach(), "");
    try_hold(&other, "b", Mode::Exclusive).await.expect("nor for whom to keep this one");
}

#[tokio::test]
async fn closing_releases_what_was_detached() {
    let dir = tempdir().unwrap();
    let locker = Locker::on(Arc::new(open(dir.path())));
    guard(&locker, "a").await.detach();
    locker.close().await.unwrap();
    try_hold(&open(dir.path()), "a", Mode::Exclusive).await.unwrap();
}

#[tokio::test]
async fn a_detached_hold_keeps_its_entry_and_no_other() {
    let dir = tempdir().unwrap();
    let (local, other) = (open(dir.path()), open(dir.path()));
    let first = hold(&local, "a", Mode::Exclusive).await;
    let mut again = request("a", Mode::Exclusive, Wait::Try);
    again.reentrant = true;
    let second = acquire(&local, again.clone()).await.unwrap();
    first.detach();
    drop((first, second));
    try_hold(&other, "a", Mode::Exclusive).await.unwrap_err();
    let third = acquire(&local, again).await.expect("it is held by the same, still");
    local.close().await.unwrap();
    assert!(third.lost_reason().is_some());
    try_hold(&other, "a", Mode::Exclusive).await.unwrap();
}
