//! What a search looks at, counted: the answers are tested with the whole table.

use std::ops::ControlFlow;
use std::sync::Arc;

use super::Search;
use crate::command::{
    AcquireMany, Action, Command, IfHeld, Item, Mode, OnDisconnect, OpenSession, RequestRef, Terms,
    Wait,
};
use crate::facts::WaitFact;
use crate::ids::{Key, LockName, Priority, RequestSeq, SessionHandle, Time, Ttl};
use crate::limits::DEADLOCK_LOOKS_MAX;
use crate::outcome::{Outcome, Refusal};
use crate::state::State;

struct Table {
    state: State,
    asked: u64,
}

impl Table {
    fn open(&mut self) -> SessionHandle {
        let open = OpenSession {
            key: Key(0),
            ttl: Ttl::from_ms(10_000).unwrap(),
            on_disconnect: OnDisconnect::Keep,
            owner: Arc::default(),
        };
        match self.state.apply(Time(0), Command::OpenSession(open), &mut Vec::new()) {
            Outcome::SessionOpened { session, .. } => session,
            other => panic!("{other:?}"),
        }
    }

    /// Asks for all of them at once.
    fn acquire_many(&mut self, session: SessionHandle, items: Vec<Item>) -> Outcome {
        self.asked += 1;
        let acquire = AcquireMany {
            items,
            key: Key(0),
            wait: Wait::Forever,
            priority: Priority(0),
            if_held: IfHeld::Refuse,
            terms: Terms::default(),
        };
        let seq = RequestSeq(self.asked);
        let request = RequestRef { seq, answered_below: seq };
        let command = Command::Request { session, request, action: Action::AcquireMany(acquire) };
        self.state.apply(Time(0), command, &mut Vec::new())
    }

    /// Asks, and says whether it was granted; else it waits.
    fn acquire(&mut self, session: SessionHandle, item: Item) -> bool {
        match self.acquire_many(session, vec![item]) {
            Outcome::Granted(_) => true,
            Outcome::Queued { .. } => false,
            other => panic!("{other:?}"),
        }
    }

    /// What would be looked at if this were asked for and a search were needed.
    fn looks(&self, session: SessionHandle, item: Item) -> usize {
        let new = WaitFact {
            arrival: self.state.counters.last_wait + 1,
            session: session.id,
            seq: RequestSeq(self.asked + 1),
            items: vec![item],
            key: Key(0),
            priority: Priority(0),
            queued_at: Time(0),
            deadline: None,
            if_held: IfHeld::Refuse,
            terms: Terms::default(),
            upgrade_of: None,
        };
        let mut search = Search::new(&self.state, &new);
        assert!(!matches!(search.run(), ControlFlow::Break(Some(_))), "there is no circle");
        DEADLOCK_LOOKS_MAX - search.looks_left
    }
}

fn table() -> Table {
    Table { state: State::new(0), asked: 0 }
}

fn exclusive(name: &str) -> Item {
    Item { name: LockName::new(name).unwrap(), mode: Mode::Exclusive, value: None }
}

#[test]
fn the_holders_of_a_semaphore_are_looked_at_once_for_all_who_wait() {
    let mut table = table();
    let mode = Mode::Permits { count: 1, limit: 1_000 };
    let permit = || Item { mode, ..exclusive("pool") };
    for _ in 0..1_000 {
        let holder = table.open();
        assert!(table.acquire(holder, permit()));
    }
    for _ in 0..1_000 {
        let waiter = table.open();
        assert!(!table.acquire(waiter, permit()));
    }
    let asker = table.open();
    // Each holder; and of each waiter its wait, what it waits for, and who stands before it.
    let looks = table.looks(asker, permit());
    assert!((3_000..=4_100).contains(&looks), "{looks}");
}

#[test]
fn what_the_asker_waits_for_already_is_not_looked_at() {
    let mut table = table();
    let (asker, other) = (table.open(), table.open());
    for n in 0..500 {
        assert!(table.acquire(other, exclusive(&format!("other {n}"))));
        assert!(table.acquire(asker, exclusive(&format!("own {n}"))));
        assert!(!table.acquire(asker, exclusive(&format!("other {n}"))));
    }
    table.acquire(other, exclusive("last"));
    assert_eq!(table.looks(asker, exclusive("last")), 2, "the item and its holder");
}

#[test]
fn a_search_ends_when_enough_was_looked_at() {
    let mut table = table();
    for n in 0..=DEADLOCK_LOOKS_MAX {
        let holder = table.open();
        table.acquire(holder, exclusive(&format!("{n}")));
        table.acquire(holder, Item { mode: Mode::Shared, ..exclusive("read by all") });
    }
    let asker = table.open();
    let looks = table.looks(asker, exclusive("read by all"));
    assert!((DEADLOCK_LOOKS_MAX / 2..=DEADLOCK_LOOKS_MAX).contains(&looks), "{looks}");
    assert_eq!(table.looks(asker, exclusive("1")), 2, "the item and its holder");
}

#[test]
fn a_reader_beside_readers_waits_for_none_of_them_but_for_what_else_it_wants() {
    let mut table = table();
    let [reader, other, third] = [table.open(), table.open(), table.open()];
    let read = || Item { mode: Mode::Shared, ..exclusive("read") };
    assert!(table.acquire(reader, read()));
    assert!(table.acquire(other, exclusive("x")));
    assert!(table.acquire(third, exclusive("y")));
    assert!(!table.acquire(reader, exclusive("x")));
    // The third may give back what it has whenever it likes.
    let outcome = table.acquire_many(other, vec![read(), exclusive("y")]);
    assert!(matches!(outcome, Outcome::Queued { .. }), "{outcome:?}");
    // Nobody can write before the reader reads no more, which waits for the other.
    let outcome = table.acquire_many(other, vec![exclusive("read")]);
    assert!(matches!(outcome, Outcome::Refused(Refusal::Deadlock { .. })), "{outcome:?}");
}

#[test]
fn a_long_list_leaves_something_to_look_at_for_the_others() {
    let mut table = table();
    let mode = Mode::Permits { count: 1, limit: 20_000 };
    let permit = || Item { mode, ..exclusive("pool") };
    for _ in 0..=DEADLOCK_LOOKS_MAX {
        let holder = table.open();
        assert!(table.acquire(holder, permit()));
    }
    let (asker, other) = (table.open(), table.open());
    assert!(table.acquire(asker, exclusive("one")));
    assert!(table.acquire(other, exclusive("two")));
    assert!(!table.acquire(other, exclusive("one")));
    let outcome = table.acquire_many(asker, vec![permit(), exclusive("two")]);
    assert!(matches!(outcome, Outcome::Refused(Refusal::Deadlock { .. })), "{outcome:?}");
}
