//! Bugs that users of other lock services met in their clients. Each is named after the thread that
//! reports it; `docs/internals/peer-bugs.md` has them all.

use std::time::Duration;

use bramah::{Locker, LostReason, Released, TTL_DEFAULT};
use bramah_wire::proto;
use bramah_wire::proto::event::What;
use bramah_wire::proto::request::Op;

use crate::peer::{Link, Peer, granted, released, soon};

/// A client of sessions with this TTL, and its connection as the peer sees it.
async fn connected(peer: &Peer, ttl: Duration) -> (Locker, Link) {
    let connect = Locker::builder().url(peer.url()).ttl(ttl).connect();
    let (locks, link) = tokio::join!(connect, peer.welcome());
    (locks.unwrap(), link)
}

/// A guard over a session that is opened for it, with this token.
async fn holding(locks: &Locker, link: &mut Link, ttl: Duration, token: u64) -> bramah::Guard {
    let acquire = locks.lock("x").unwrap().acquire();
    let serve = async {
        link.open_session(ttl).await;
        let (id, _) = link.acquire().await;
        link.reply(id, granted(token)).await;
    };
    let (guard, ()) = soon("an acquire", async { tokio::join!(acquire, serve) }).await;
    guard.unwrap()
}

/// The connection was lost while the lock was released: it was free for its client alone.
#[tokio::test]
async fn curator_678_a_release_without_an_answer_is_sent_again_under_its_number() {
    let peer = Peer::start().await;
    let (locks, mut link) = connected(&peer, TTL_DEFAULT).await;
    let guard = holding(&locks, &mut link, TTL_DEFAULT, 7).await;
    let serve = async {
        let (_, first) = link.next().await;
        assert!(matches!(first, Op::Release(_)), "{first:?}");
        drop(link);
        let mut link = peer.welcome().await;
        link.attach(&[7]).await;
        let (id, again) = link.next().await;
        assert_eq!(again, first);
        link.reply(id, released()).await;
        link
    };
    let release = guard.release();
    let (answer, _link) = soon("a release", async { tokio::join!(release, serve) }).await;
    assert_eq!(answer.unwrap(), Released::Released);
}

/// What was acquired again after an expiry was never renewed.
#[tokio::test]
async fn redisson_3712_after_an_expiry_the_next_session_is_kept_alive() {
    let ttl = Duration::from_millis(1_500);
    let peer = Peer::start().await;
    let (locks, mut link) = connected(&peer, ttl).await;
    let guard = holding(&locks, &mut link, ttl, 7).await;
    let end = proto::End { reason: "expired".into(), ..Default::default() };
    let ended = proto::SessionEnded { session: 40, end: Some(end) };
    link.tell(0, 3, What::SessionEnded(ended)).await;
    let reason = soon("the loss", guard.lost()).await;
    assert!(!matches!(reason, LostReason::Revoked { .. }), "{reason:?}");
    let second = holding(&locks, &mut link, ttl, 8).await;
    loop {
        let (_, op) = link.next().await;
        if matches!(op, Op::KeepAlive(_)) {
            break;
        }
    }
    assert!(second.is_held());
}
