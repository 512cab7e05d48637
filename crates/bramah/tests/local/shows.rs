//! What others see of a lock.

use bramah::backend::{Backend, Freshness, WatchSource, Watched};
use bramah::{Change, ChangeKind, LostReason, Mode, Value};
use tempfile::tempdir;

use crate::child::Process;
use crate::{DEADLINE, hold, name, open, until_waiters};

async fn next(watch: &mut Box<dyn WatchSource>) -> Change {
    let change = tokio::time::timeout(DEADLINE, watch.next()).await;
    change.expect("told in time").expect("not closed").unwrap()
}

#[tokio::test]
async fn a_list_has_what_is_held_in_the_order_of_names() {
    let dir = tempdir().unwrap();
    let local = open(dir.path());
    let long = "job/".to_owned() + &"é".repeat(254);
    let names = ["job/b", "job/a", "other", "job/./../etc", &long];
    let mut held = Vec::new();
    for name in names {
        held.push(hold(&local, name, Mode::Shared).await);
    }
    drop(hold(&local, "job/free", Mode::Shared).await);
    std::fs::write(dir.path().join("%61.lock"), "no name is written so").unwrap();
    let page = local.list("job/", None, Freshness::Current).await.unwrap().answer;
    let listed: Vec<&str> = page.items.iter().map(|lock| lock.name.as_str()).collect();
    assert_eq!(listed, ["job/./../etc", "job/a", "job/b", &long]);
    assert!(!page.more);
    let page = local.list("job/", Some("job/a"), Freshness::Current).await.unwrap().answer;
    assert_eq!(page.items[0].name.as_str(), "job/b");
    assert_eq!(page.items.len(), 2);
}

#[tokio::test]
async fn what_is_no_lock_file_is_not_listed_and_hides_no_lock() {
    let dir = tempdir().unwrap();
    let local = open(dir.path());
    let _held = hold(&local, "a", Mode::Exclusive).await;
    let path = |file: &str| dir.path().join(file);
    std::fs::write(path("package.lock"), "[[package]]").unwrap();
    std::fs::create_dir(path("folder.lock")).unwrap();
    std::os::unix::fs::symlink(path("a.lock"), path("link.lock")).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(path("socket.lock")).unwrap();
    let page = local.list("", None, Freshness::Current).await.unwrap().answer;
    assert_eq!(page.items.iter().map(|lock| lock.name.as_str()).collect::<Vec<_>>(), ["a"]);
    let mut watch = local.watch(Watched::Prefix(String::new())).await.unwrap();
    assert_eq!(next(&mut watch).await.lock.name.as_str(), "a");
}

#[tokio::test]
async fn a_damaged_lock_file_is_an_error_of_a_list() {
    let dir = tempdir().unwrap();
    let local = open(dir.path());
    drop(hold(&local, "a", Mode::Exclusive).await);
    let mut bytes = std::fs::read(dir.path().join("a.lock")).unwrap();
    bytes[8..1024].fill(0xff);
    bytes[512..520].copy_from_slice(b"BRAMAHL1");
    std::fs::write(dir.path().join("a.lock"), bytes).unwrap();
    let error = local.list("", None, Freshness::Current).await.unwrap_err();
    assert!(error.to_string().contains("a.lock: it is damaged"), "{error}");
}

#[tokio::test]
async fn a_value_of_any_allowed_length_is_read_whole_while_it_changes() {
    let dir = tempdir().unwrap();
    let local = open(dir.path());
    let held = hold(&local, "a", Mode::Exclusive).await;
    let write = async {
        for round in 0..200u8 {
            let value = Value::new(&vec![round; usize::from(round) * 329]).unwrap();
            held.set_value(Some(value)).await.unwrap();
            tokio::task::yield_now().await;
        }
    };
    let read = async {
        for _ in 0..200 {
            let lock = local.get(&name("a"), Freshness::Current).await.unwrap().answer.unwrap();
            if let Some(value) = &lock.holders[0].value {
                let bytes = value.as_bytes();
                assert!(bytes.iter().all(|byte| usize::from(*byte) * 329 == bytes.len()));
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::join!(write, read);
    held.set_value(None).await.unwrap();
    assert_eq!(
        local.get(&name("a"), Freshness::Current).await.unwrap().answer.unwrap().holders[0].value,
        None
    );
}

#[tokio::test]
async fn a_watch_tells_what_happens_to_a_lock() {
    let dir = tempdir().unwrap();
    let (local, watcher) = (open(dir.path()), open(dir.path()));
    let mut watch = watcher.watch(Watched::Name(name("a"))).await.unwrap();
    let first = next(&mut watch).await;
    assert_eq!(first.kind, ChangeKind::Snapshot);
    assert!(first.lock.holders.is_empty());

    let held = hold(&local, "a", Mode::Exclusive).await;
    let granted = next(&mut watch).await;
    assert_eq!((granted.kind, granted.token), (ChangeKind::Granted, Some(held.token())));
    held.set_value(Some(Value::new(b"v").unwrap())).await.unwrap();
    assert_eq!(next(&mut watch).await.kind, ChangeKind::ValueSet);
    held.downgrade().await.unwrap();
    assert_eq!(next(&mut watch).await.kind, ChangeKind::Downgraded);
    tokio::select! {
        _ = hold(&local, "a", Mode::Exclusive) => panic!("it is held"),
        () = async {
            until_waiters(&local, "a", 1).await;
            assert_eq!(next(&mut watch).await.kind, ChangeKind::Queued);
        } => {}
    }
    assert_eq!(next(&mut watch).await.kind, ChangeKind::WaitEnded);
    let _ = held.release().await.unwrap();
    let ended = next(&mut watch).await;
    assert_eq!(ended.kind, ChangeKind::Ended(LostReason::Released));
    assert!(ended.revision > granted.revision && ended.lock.holders.is_empty());

    watcher.close().await.unwrap();
    assert!(watch.next().await.is_none());
}

#[tokio::test]
async fn a_watch_of_a_prefix_tells_of_a_death() {
    let dir = tempdir().unwrap();
    let local = open(dir.path());
    drop(hold(&local, "a free one", Mode::Exclusive).await);
    let _other = hold(&local, "b", Mode::Exclusive).await;
    let mut holder = Process::start("hold", dir.path());
    let token: u64 = holder.says().parse().unwrap();
    let mut watch = local.watch(Watched::Prefix(String::new())).await.unwrap();
    let snapshots = [next(&mut watch).await, next(&mut watch).await];
    assert_eq!(snapshots.map(|change| change.lock.name.to_string()), ["a", "b"]);
    holder.kill();
    let ended = next(&mut watch).await;
    assert_eq!(ended.kind, ChangeKind::Ended(LostReason::Disconnected));
    assert_eq!(ended.token.unwrap().0, token);
}
