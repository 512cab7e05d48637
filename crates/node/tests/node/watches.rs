//! Who follows which locks.

use bramah_node::{ClientId, Input, Notice, Reply};
use bramah_wire::request::{Watched, What};

use crate::harness::{Shell, name};

fn changes(shell: &mut Shell, client: u64) -> Vec<(String, usize)> {
    let mine = |(to, _): &mut (u64, Notice)| *to == client;
    let taken: Vec<_> = shell.notices.extract_if(.., mine).collect();
    let changes = taken.into_iter().filter_map(|(_, notice)| match notice {
        Notice::Change { lock, .. } => Some((lock.name.to_string(), lock.holders.len())),
        _ => None,
    });
    changes.collect()
}

#[test]
fn a_watch_begins_with_what_is_and_goes_on_with_every_change() {
    let mut shell = Shell::new();
    shell.connect(1);
    shell.connect(2);
    let session = shell.open(1, 60_000);
    shell.hold(1, session, "a/1");
    let Reply::WatchStarted(started) = shell.ask(2, What::Watch(Watched::Prefix("a/".into())))
    else {
        panic!("no watch")
    };
    assert_eq!(started.items.len(), 1);
    let grant = shell.hold(1, session, "a/2");
    shell.hold(1, session, "b");
    shell.release(1, grant.hold);
    assert_eq!(changes(&mut shell, 2), [("a/2".into(), 1), ("a/2".into(), 0)]);
}

#[test]
fn an_ended_watch_and_one_that_lagged_say_no_more() {
    let mut shell = Shell::new();
    shell.connect(1);
    shell.connect(2);
    let session = shell.open(1, 60_000);
    let ended = shell.send(2, What::Watch(Watched::Name(name("x"))));
    assert_eq!(shell.ask(2, What::Unwatch { watch_id: ended }), Reply::WatchEnded(true));
    assert_eq!(shell.ask(2, What::Unwatch { watch_id: ended }), Reply::WatchEnded(false));
    let lagged = shell.send(2, What::Watch(Watched::Name(name("x"))));
    shell.step([Input::Lagged(ClientId(2))]);
    let told = shell.notices.pop();
    assert!(
        matches!(told, Some((2, Notice::WatchLagged { watch_id, .. })) if watch_id == lagged),
        "{told:?}"
    );
    shell.hold(1, session, "x");
    assert_eq!(changes(&mut shell, 2), []);
}

#[test]
fn many_changes_at_once_times_many_watches_end_the_watches() {
    const WATCHES: u64 = 2_000;
    const CHANGES: u64 = 1_000;
    let mut shell = Shell::new();
    shell.connect(1);
    shell.connect(2);
    let session = shell.open(1, 60_000);
    for _ in 0..WATCHES {
        shell.ask(2, What::Watch(Watched::Prefix("".into())));
    }
    let asked = (0..CHANGES).map(|number| Input::Request {
        client: ClientId(1),
        id: 1_000_000 + number,
        what: What::Command(shell.acquire_command(session, &number.to_string())),
    });
    let asked: Vec<_> = asked.collect();
    shell.step(asked);
    let lagged = |notice: &(u64, Notice)| matches!(notice.1, Notice::WatchLagged { .. });
    assert_eq!(shell.notices.iter().filter(|notice| lagged(notice)).count() as u64, WATCHES);
    assert!(shell.notices.len() < 150_000, "{} notices in one step", shell.notices.len());
}
