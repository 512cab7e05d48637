//! What a newsroom keeps, whoever follows.

use std::time::Duration;

use bramah_core::limits::VALUE_BYTES_MAX;
use bramah_core::{Event, FencingToken, Happening, LockView, Value};

use super::*;
use crate::http::tests::{holder_of, view_of};
use crate::service::slow::Slow;

fn change(revision: u64, bytes: usize) -> Change {
    let name = LockName::new("x").expect("a name");
    Change { revision, name, bytes: Bytes::from(vec![b'x'; bytes]) }
}

fn record(changes: usize, bytes: usize) -> Record {
    let mut record = Record { covered: Some(0), ..Record::default() };
    (1..=changes as u64).for_each(|revision| record.push(change(revision, bytes)));
    record
}

#[test]
fn a_record_keeps_as_many_changes_as_the_limit_and_forgets_the_oldest() {
    for (changes, kept, covered) in [
        (TOPIC_CHANGES_MAX - 1, TOPIC_CHANGES_MAX - 1, 0),
        (TOPIC_CHANGES_MAX, TOPIC_CHANGES_MAX, 0),
        (TOPIC_CHANGES_MAX + 1, TOPIC_CHANGES_MAX, 1),
    ] {
        let record = record(changes, 1);
        assert_eq!((record.changes.len(), record.covered), (kept, Some(covered)), "{changes}");
        assert_eq!((record.bytes, record.first), (kept, covered));
    }
}

#[test]
fn a_record_keeps_no_more_bytes_than_the_limit_but_always_its_last_change() {
    let quarter = TOPIC_BYTES_MAX / 4;
    assert_eq!(record(4, quarter).changes.len(), 4);
    assert_eq!(record(5, quarter).changes.len(), 4);
    assert_eq!(record(4, quarter + 1).changes.len(), 3);
    assert_eq!(record(3, TOPIC_BYTES_MAX + 1).changes.len(), 1);
}

#[test]
fn whoever_had_a_place_in_a_record_that_begins_anew_has_lost_it() {
    let mut record = record(3, 1);
    let next = record.first + 3;
    record.clear();
    assert!(record.first > next);
    assert_eq!((record.bytes, record.covered), (0, None));
}

fn name(number: usize) -> LockName {
    LockName::new(&format!("n{number}")).expect("a name")
}

fn newsroom() -> (Arc<Slow>, Arc<Newsroom>) {
    let service = Arc::new(Slow::default());
    (service.clone(), Newsroom::new(service, usize::MAX))
}

#[tokio::test]
async fn so_many_subjects_are_followed_and_one_that_nobody_follows_makes_room() {
    let (_service, newsroom) = newsroom();
    let follow = |number| newsroom.follow(Subject::Name(name(number)), 1);
    let mut followers: Vec<Follower> =
        (0..TOPICS_MAX).map(|number| follow(number).expect("there is room")).collect();
    let Err(problem) = follow(TOPICS_MAX) else { panic!("one too many") };
    assert!(problem.is(ErrorCode::LimitExceeded), "{problem:?}");
    // The same subject costs nothing more.
    followers.push(follow(0).expect("it is followed already"));
    drop(followers.swap_remove(1));
    follow(TOPICS_MAX).expect("there is room again");
    assert_eq!(lock(&newsroom.desk).topics.len(), TOPICS_MAX);
}

#[tokio::test(start_paused = true)]
async fn changes_are_kept_for_a_while_for_whoever_comes_back() {
    let (service, newsroom) = newsroom();
    let watched = || lock(&newsroom.desk).topics.len();
    drop(newsroom.follow(Subject::Name(name(1)), 1).expect("there is room"));
    let step = Duration::from_millis(10);
    // tidy: paced because time that passes without anybody is the subject, and it is paused
    let pass = |time| tokio::time::sleep(time);
    pass(TOPIC_LINGER - step).await;
    assert_eq!(watched(), 1);
    let back = newsroom.follow(Subject::Name(name(1)), 1).expect("it is there");
    drop(back);
    // Whoever left first does not end it for who left last.
    pass(TOPIC_LINGER - step).await;
    assert_eq!(watched(), 1);
    pass(step * 2).await;
    assert_eq!(watched(), 0);
    let back = newsroom.follow(Subject::Name(name(1)), 1).expect("there is room");
    pass(TOPIC_LINGER * 2).await;
    assert_eq!(watched(), 1, "somebody follows it");
    drop(back);
    pass(TOPIC_LINGER + step).await;
    assert_eq!(watched(), 0);
    assert!(service.is_gone());
}

/// A lock with the longest value.
fn large(name: &LockName) -> LockView {
    let value = Value::new(&[b'v'; VALUE_BYTES_MAX]).expect("a value");
    view_of(name, vec![holder_of(1, Some(value))])
}

#[tokio::test]
async fn the_changes_of_all_subjects_together_are_bounded_too() {
    let (_service, newsroom) = newsroom();
    let most = TOPIC_BYTES_MAX / VALUE_BYTES_MAX;
    let mut revision = 0;
    let mut follow = |number| {
        let name = name(number);
        let follower = newsroom.follow(Subject::Name(name.clone()), 1).expect("there is room");
        let watch_id = lock(&follower.topic.record).watch_id;
        let lock = Arc::new(large(&name));
        for _ in 0..most {
            revision += 1;
            let token = FencingToken(1);
            let what = Happening::ValueSet { name: name.clone(), token, value: None };
            let (event, lock) = (Arc::new(Event { revision, what }), lock.clone());
            newsroom.notice(Time(1), Notice::Change { watch_id, event, lock });
        }
        follower
    };
    let kept = |follower: &Follower| lock(&follower.topic.record).changes.len();
    // Enough for all, and some more.
    let all: Vec<Follower> =
        (0..TOPICS_BYTES_MAX / TOPIC_BYTES_MAX * 9 / 8).map(&mut follow).collect();
    let bytes = |follower: &Follower| lock(&follower.topic.record).bytes;
    let total = all.iter().map(bytes).sum::<usize>();
    assert_eq!(lock(&newsroom.desk).bytes, total);
    assert!(total <= TOPICS_BYTES_MAX, "{total} bytes");
    assert_eq!(kept(&all[0]), most - 1, "as many as one may have");
    assert_eq!(all.last().map(kept), Some(0), "not even the last, where there is no room");
}

#[tokio::test]
async fn a_follower_is_given_so_many_bytes_at_once_and_always_something() {
    let (_service, newsroom) = newsroom();
    let follower = newsroom.follow(Subject::Name(name(1)), 1).expect("there is room");
    let first = {
        let mut record = lock(&follower.topic.record);
        (1..=10).for_each(|revision| record.push(change(revision, 100)));
        record.first
    };
    for (bytes, given) in [(0, 1), (99, 1), (100, 1), (199, 1), (200, 2), (399, 3), (5_000, 10)] {
        match follower.next(first, bytes) {
            Next::Changes(changes, next) => {
                assert_eq!((changes.len() as u64, next - first), (given, given), "{bytes}");
            }
            _ => panic!("{bytes}"),
        }
    }
}
