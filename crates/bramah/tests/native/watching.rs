//! A watch, and what it makes of an interruption.

use std::pin::pin;

use bramah::{Change, ChangeKind, Changes};
use bramah_wire::proto;
use bramah_wire::proto::event::What;
use bramah_wire::proto::reply::Outcome;
use bramah_wire::proto::request::Op;

use crate::peer::{Link, Peer, soon};

/// The next change, to a reader who gives up whenever it is not there yet and asks anew.
async fn next_of_many_attempts(changes: &mut Changes) -> Change {
    let anew = std::future::poll_fn(|cx| pin!(changes.next()).poll(cx));
    soon("a change", anew).await.expect("it goes on").unwrap()
}

fn lock(name: &str) -> proto::Lock {
    let holders = vec![proto::Holder { token: 1, ..Default::default() }];
    proto::Lock { name: name.into(), holders, ..Default::default() }
}

async fn start(link: &mut Link, revision: u64, locks: &[&str], more: bool) -> u64 {
    let (id, op) = link.next().await;
    assert!(matches!(op, Op::Watch(_)), "{op:?}");
    let locks = locks.iter().map(|name| lock(name)).collect();
    let started = proto::WatchStarted { revision, locks, more };
    link.reply(id, Outcome::WatchStarted(started)).await;
    id
}

fn changed(name: &str, kind: &str, lock: Option<proto::Lock>) -> What {
    let (name, kind) = (name.into(), kind.into());
    What::Changed(proto::Changed { name, kind, lock, token: None, end: None })
}

async fn next(changes: &mut Changes) -> Change {
    soon("a change", changes.next()).await.expect("it goes on").unwrap()
}

fn told(change: &Change) -> (&str, &ChangeKind, usize) {
    (change.lock.name.as_str(), &change.kind, change.lock.holders.len())
}

#[tokio::test]
async fn after_an_interruption_a_watch_tells_how_things_are_and_what_is_gone() {
    let peer = Peer::start().await;
    let (locks, mut link) = tokio::join!(bramah::connect(peer.url()), peer.welcome());
    let locks = locks.unwrap();
    let (changes, id) =
        tokio::join!(locks.watch_prefix(""), start(&mut link, 4, &["a", "b"], false));
    let mut changes = changes.unwrap();
    assert_eq!(told(&next(&mut changes).await), ("a", &ChangeKind::Snapshot, 1));
    assert_eq!(told(&next(&mut changes).await), ("b", &ChangeKind::Snapshot, 1));
    link.tell(id, 5, changed("c", "granted", Some(lock("c")))).await;
    assert_eq!(told(&next(&mut changes).await), ("c", &ChangeKind::Granted, 1));

    drop(link);
    let serve = async {
        let mut link = peer.welcome().await;
        start(&mut link, 9, &["b"], false).await;
        link
    };
    let (change, _link) = tokio::join!(next(&mut changes), serve);
    assert_eq!(told(&change), ("b", &ChangeKind::Snapshot, 1));
    assert_eq!(told(&next(&mut changes).await), ("a", &ChangeKind::Snapshot, 0));
    assert_eq!(told(&next(&mut changes).await), ("c", &ChangeKind::Snapshot, 0));
}

#[tokio::test]
async fn a_change_that_a_later_page_of_the_snapshot_shows_already_is_not_told_twice() {
    let peer = Peer::start().await;
    let (locks, mut link) = tokio::join!(bramah::connect(peer.url()), peer.welcome());
    let locks = locks.unwrap();
    let serve = async {
        let id = start(&mut link, 4, &["a"], true).await;
        link.tell(id, 5, changed("b", "granted", Some(lock("b")))).await;
        link.tell(id, 6, changed("a", "ended", None)).await;
        let (list, op) = link.next().await;
        assert!(matches!(&op, Op::ListLocks(list) if list.after == "a"), "{op:?}");
        let page = proto::LockList { locks: vec![lock("b")], more: false, revision: 7 };
        link.reply(list, Outcome::LockList(page)).await;
        link
    };
    let (changes, _link) = tokio::join!(locks.watch_prefix(""), serve);
    let mut changes = changes.unwrap();
    assert_eq!(told(&next(&mut changes).await), ("a", &ChangeKind::Snapshot, 1));
    assert_eq!(told(&next(&mut changes).await), ("b", &ChangeKind::Snapshot, 1));
    let ended = next(&mut changes).await;
    assert_eq!((ended.lock.name.as_str(), ended.revision), ("a", 6));
}

#[tokio::test]
async fn a_lock_that_nobody_holds_is_watched_too() {
    let peer = Peer::start().await;
    let (locks, mut link) = tokio::join!(bramah::connect(peer.url()), peer.welcome());
    let locks = locks.unwrap();
    let (changes, _) = tokio::join!(locks.watch("a"), start(&mut link, 4, &[], false));
    assert_eq!(told(&next(&mut changes.unwrap()).await), ("a", &ChangeKind::Snapshot, 0));
}

#[tokio::test]
async fn a_reader_who_gives_up_while_it_starts_again_loses_nothing() {
    let peer = Peer::start().await;
    let (locks, mut link) = tokio::join!(bramah::connect(peer.url()), peer.welcome());
    let locks = locks.unwrap();
    let (changes, _) = tokio::join!(locks.watch_prefix(""), start(&mut link, 4, &["a"], false));
    let mut changes = changes.unwrap();
    assert_eq!(told(&next_of_many_attempts(&mut changes).await), ("a", &ChangeKind::Snapshot, 1));

    drop(link);
    let serve = async {
        let mut link = peer.welcome().await;
        let id = start(&mut link, 9, &["b"], true).await;
        link.tell(id, 10, changed("d", "granted", Some(lock("d")))).await;
        let (list, op) = link.next().await;
        assert!(matches!(&op, Op::ListLocks(list) if list.after == "b"), "not a watch: {op:?}");
        let page = proto::LockList { locks: vec![lock("c")], more: false, revision: 9 };
        link.reply(list, Outcome::LockList(page)).await;
        link
    };
    let (change, _link) = tokio::join!(next_of_many_attempts(&mut changes), serve);
    assert_eq!(told(&change), ("b", &ChangeKind::Snapshot, 1));
    for expected in [
        ("c", &ChangeKind::Snapshot, 1),
        ("a", &ChangeKind::Snapshot, 0),
        ("d", &ChangeKind::Granted, 1),
    ] {
        assert_eq!(told(&next_of_many_attempts(&mut changes).await), expected);
    }
}
