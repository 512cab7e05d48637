//! The cluster's time: what expires, and when.

use bramah_core::{EndReason, Outcome};
use bramah_wire::request::What;

use crate::harness::{Shell, end_of, is_grant_of};

#[test]
fn a_session_without_keepalives_expires_at_its_ttl_and_not_before() {
    let mut shell = Shell::new();
    shell.connect(1);
    shell.connect(2);
    let (one, two) = (shell.open(1, 5_000), shell.open(2, 60_000));
    shell.hold(1, one, "x");
    shell.acquire(2, two, "x");
    shell.pass(4_999);
    assert_eq!(shell.news(2), []);
    shell.pass(1);
    let news = shell.news(2);
    assert!(matches!(&news[..], [granted] if is_grant_of(granted, "x")), "{news:?}");
    let reasons: Vec<_> = shell.news(1).iter().filter_map(end_of).collect();
    assert!(matches!(reasons[..], [EndReason::Expired { .. }, EndReason::Expired { .. }]));
}

#[test]
fn the_next_tick_is_when_something_expires() {
    let mut shell = Shell::new();
    shell.connect(1);
    shell.open(1, 5_000);
    let next = shell.node.next_tick().expect("a session is due");
    assert_eq!(next.0, shell.now + 5_000);
}

#[test]
fn a_keepalive_sets_the_remaining_life_and_does_not_add_to_it() {
    let mut shell = Shell::new();
    shell.connect(1);
    let session = shell.open(1, 5_000);
    for _ in 0..3 {
        shell.send(1, What::KeepAlive(vec![session]));
    }
    shell.pass(100);
    assert_eq!(shell.node.next_tick().map(|time| time.0), Some(shell.now + 5_000));
}

#[test]
fn time_stands_still_while_the_node_is_down() {
    let mut shell = Shell::new();
    shell.connect(1);
    let session = shell.open(1, 5_000);
    shell.hold(1, session, "x");
    shell.pass(4_000);
    let mut shell = shell.restart(1_000_000);
    shell.connect(1);
    // No entry was written after the grant, so its whole TTL is left, and the millisecond that
    // clocks are read in: longer, never shorter.
    shell.pass(5_000);
    assert_eq!(shell.node.applied().0.sizes().holds, 1);
    shell.pass(1);
    assert_eq!(shell.node.applied().0.sizes().holds, 0);
}

#[test]
fn a_stalled_write_revokes_nothing_and_the_keepalive_behind_it_counts() {
    let mut shell = Shell::new();
    shell.connect(1);
    let session = shell.open(1, 1_000);
    shell.hold(1, session, "x");
    shell.writes_at_once = false;
    let command = shell.acquire_command(session, "y");
    shell.send(1, What::Command(command));
    let keepalive = shell.send(1, What::KeepAlive(vec![session]));
    shell.pass(900);
    shell.writes_at_once = true;
    shell.write();
    assert!(shell.replies.contains_key(&(1, keepalive)));
    shell.pass(500);
    assert_eq!(shell.node.applied().0.sizes().holds, 2);
    assert!(matches!(shell.acquire(1, session, "z"), Outcome::Granted(_)));
}
