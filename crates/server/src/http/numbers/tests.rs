use bramah_core::facts::Fact;
use bramah_core::limits::SESSION_ANSWERS_MAX;
use bramah_core::{
    Acquire, Action, Command, HoldAction, IfHeld, Item, Key, LockName, Mode, OnDisconnect,
    OpenSession, Outcome, Owner, Priority, Refusal, SessionHandle, State, Terms, Ttl, Wait,
};

use super::*;

/// A table with one session, at an instant that stays.
struct Table {
    state: State,
    session: SessionHandle,
}

const NOW: Time = Time(1_000_000);

impl Table {
    fn new() -> Table {
        let mut state = State::new(0);
        let open = OpenSession {
            key: Key(1),
            ttl: Ttl::from_ms(60_000).expect("a TTL"),
            on_disconnect: OnDisconnect::Keep,
            owner: Owner::default().into(),
        };
        match state.apply(NOW, Command::OpenSession(open), &mut Vec::new()) {
            Outcome::SessionOpened { session, .. } => Table { state, session },
            other => panic!("{other:?}"),
        }
    }

    fn acquire(&mut self, request: RequestRef) -> Outcome {
        let acquire = Acquire {
            item: Item {
                name: LockName::new("x").expect("a name"),
                mode: Mode::Exclusive,
                value: None,
            },
            key: Key(2),
            wait: Wait::Try,
            priority: Priority::default(),
            if_held: IfHeld::default(),
            max_waiters: None,
            terms: Terms::default(),
        };
        let (session, action) = (self.session, Action::Acquire(acquire));
        let command = Command::Request { session, request, action };
        self.state.apply(NOW, command, &mut Vec::new())
    }

    /// Acquires what must be free, and releases it.
    fn cycle(&mut self, request: RequestRef) {
        match self.acquire(request) {
            Outcome::Granted(grants) => {
                let command = Command::ByHold { hold: grants[0].hold, action: HoldAction::Release };
                self.state.apply(NOW, command, &mut Vec::new());
            }
            other => panic!("not granted: {other:?}"),
        }
    }

    fn answers(&self) -> usize {
        let answers = self.state.facts().map(|fact| match fact {
            Fact::Session(session) => session.answers.len(),
            _ => 0,
        });
        answers.sum()
    }
}

fn numbers(begin: u64) -> Numbers {
    let numbers = Numbers::new(begin);
    numbers.see(NOW);
    numbers
}

#[test]
fn a_session_takes_any_number_of_requests_within_an_instant() {
    let (mut table, numbers) = (Table::new(), numbers(7));
    table.cycle(numbers.named("x", "named"));
    for cycle in 0..20_000 {
        table.cycle(numbers.draw());
        // Not each time, since all of them are copied to be counted. This one and the one that was
        // named come on top.
        if cycle % 31 == 0 {
            assert!(table.answers() as u64 <= 2 * LATEST + 2, "{}", table.answers());
        }
    }
    // What was named is known for as long as the session lives.
    let again = table.acquire(numbers.named("x", "named"));
    assert!(matches!(again, Outcome::Refused(Refusal::NotHolder { .. })), "{again:?}");
}

#[test]
fn other_servers_requests_have_time_to_arrive() {
    let (mut table, a, b) = (Table::new(), numbers(0), numbers(500));
    let late = a.draw();
    let later = NOW.plus_ms(ANSWERED_AFTER_MS);
    b.see(later);
    table.cycle(b.draw());
    table.cycle(late);
    // One that comes too late has not happened, and gets another number.
    let too_late = a.draw();
    b.see(later.plus_ms(1));
    table.cycle(b.draw());
    assert_eq!(table.acquire(too_late), Outcome::Refused(Refusal::RequestStale));
    a.see(later);
    table.cycle(a.draw());
}

#[test]
fn numbers_of_two_servers_are_different_ones() {
    let (a, b) = (numbers(0), numbers(1 << 20));
    let of_a: Vec<_> = (0..10_000).map(|_| a.draw().seq).collect();
    assert!(of_a.is_sorted_by(|a, b| a < b));
    for _ in 0..10_000 {
        assert!(of_a.binary_search(&b.draw().seq).is_err());
    }
}

#[test]
fn a_session_keeps_so_many_answers_that_were_named_and_then_takes_no_more() {
    let (mut table, numbers) = (Table::new(), numbers(7));
    // What was not named before takes no room, once it is given up.
    for _ in 0..SESSION_ANSWERS_MAX {
        table.cycle(numbers.draw());
    }
    numbers.see(NOW.plus_ms(ANSWERED_AFTER_MS + 1));
    for id in 0..SESSION_ANSWERS_MAX {
        table.cycle(numbers.named("x", &id.to_string()));
    }
    for request in [numbers.named("x", "one more"), numbers.draw()] {
        let refused = table.acquire(request);
        assert!(
            matches!(
                refused,
                Outcome::Refused(Refusal::LimitExceeded { limit: "session_answers", .. })
            ),
            "{refused:?}"
        );
    }
}
