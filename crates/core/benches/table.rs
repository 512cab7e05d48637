//! What a decision costs: cycles, hand-overs, renewals, snapshots.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use bramah_core::facts::{Fact, Restore};
use bramah_core::{
    Acquire, Action, Command, Event, Happening, HoldAction, HoldId, IfHeld, Item, Key, LockName,
    Mode, OnDisconnect, OpenSession, Outcome, Owner, Priority, RequestRef, RequestSeq,
    RevokeTarget, SessionHandle, State, Terms, Time, Ttl, Wait,
};
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};

const LOCKS: u64 = 1_000_000;
const SESSIONS: u64 = 100;
/// The goal for one lock with one holder, all included.
const HELD_LOCK_BYTES_MAX: u64 = 400;

/// First, while nothing else has taken memory and given it back.
fn memory(_: &mut Criterion) {
    let Some(before) = resident_bytes() else {
        println!("memory not measured: this system has no /proc/self/statm");
        return;
    };
    let table = Table::holding(LOCKS);
    let each = resident_bytes().unwrap_or_default().saturating_sub(before) / LOCKS;
    println!("{each} bytes a held lock, with names of 20 bytes and {SESSIONS} sessions");
    assert_eq!(table.state.sizes().holds as u64, LOCKS);
    assert!(each <= HELD_LOCK_BYTES_MAX, "more than {HELD_LOCK_BYTES_MAX} bytes");
}

fn cycle(c: &mut Criterion) {
    let mut group = c.benchmark_group("acquire and release");
    for held in [0, LOCKS] {
        let mut table = Table::holding(held);
        let mut client = table.open();
        let names: Vec<LockName> =
            (0..1_000).map(|n| name(&format!("free/{n:05}/of/many"))).collect();
        let mut next = names.iter().cycle();
        group.bench_function(format!("{held} locks held"), |b| {
            b.iter(|| {
                let hold = table.acquire(&mut client, next.next().expect("a cycle"));
                table.release(&mut client, hold.expect("it is free"));
            });
        });
    }
}

fn hand_over(c: &mut Criterion) {
    let mut group = c.benchmark_group("hand over one hot lock");
    let hot = name("hot");
    for waiters in [2, 64, 10_000] {
        let mut table = Table::holding(0);
        let mut line: Vec<Client> = (0..=waiters).map(|_| table.open()).collect();
        let mut holds = table.acquire(&mut line[0], &hot);
        for client in &mut line[1..] {
            assert!(table.acquire(client, &hot).is_none(), "it waits");
        }
        let mut turn = 0;
        group.bench_function(format!("{waiters} wait"), |b| {
            b.iter(|| {
                // Whoever held queues again, so that the line stays as long.
                table.release(&mut line[turn], holds.take().expect("it holds"));
                holds = table.last_grant();
                let asked = table.acquire(&mut line[turn], &hot);
                assert!(asked.is_none(), "it waits");
                turn = (turn + 1) % line.len();
            });
        });
    }
}

/// Each of those who wait holds a lock of its own, for which nobody waits: no circle is possible.
fn queue_while_holding(c: &mut Criterion) {
    let hot = name("hot");
    let mut table = Table::holding(0);
    let mut line: Vec<Client> = (0..=10_000).map(|_| table.open()).collect();
    for (n, client) in line.iter_mut().enumerate() {
        table.acquire(client, &name(&format!("own/{n}")));
        if n < 10_000 {
            table.acquire(client, &hot);
        }
    }
    let last = line.last_mut().expect("somebody");
    c.bench_function("queue behind 9999 and cancel, holding another lock", |b| {
        b.iter(|| {
            assert!(table.acquire(last, &hot).is_none(), "it waits");
            let seq = RequestSeq(last.seq);
            table.request(last, Action::Cancel { seq });
        });
    });
}

fn renew(c: &mut Criterion) {
    let mut table = Table::holding(0);
    let sessions: Vec<SessionHandle> = (0..1_000).map(|_| table.open().handle).collect();
    c.bench_function("renew 1000 sessions", |b| {
        b.iter_batched(
            || Command::Renew(sessions.clone()),
            |command| {
                table.now = table.now.plus_ms(1);
                black_box(table.apply(command))
            },
            BatchSize::SmallInput,
        );
    });
}

fn snapshot(c: &mut Criterion) {
    let table = Table::holding(LOCKS);
    let mut group = c.benchmark_group("snapshot of 1000000 holds");
    group.sample_size(10).measurement_time(Duration::from_secs(10));
    group.bench_function("facts", |b| b.iter(|| table.state.facts().map(black_box).count()));
    group.bench_function("facts and restore", |b| b.iter(|| restored(table.state.facts())));
}

/// All readers of one lock at once: each of them must cost the same, however many there are.
fn revoke(c: &mut Criterion) {
    let mut group = c.benchmark_group("revoke a lock of readers");
    group.sample_size(10);
    for readers in [10_000, 100_000, 400_000] {
        let mut full = Table::holding(0);
        let shared = name("shared");
        let mut client = full.open();
        for n in 0..readers {
            // Fewer holds each than a session may have.
            if n % 10_000 == 0 {
                client = full.open();
            }
            full.read(&mut client, &shared);
        }
        group.bench_function(format!("{readers}"), |b| {
            b.iter_batched_ref(
                || full.clone(),
                |table| {
                    let target = RevokeTarget::Lock(shared.clone());
                    let by = "ops".into();
                    table.apply(Command::Revoke { target, wait_for_deadline: false, by })
                },
                BatchSize::PerIteration,
            );
        });
    }
}

criterion_group!(benches, memory, cycle, hand_over, queue_while_holding, renew, snapshot, revoke);
criterion_main!(benches);

fn restored(facts: impl Iterator<Item = Fact>) -> State {
    let mut restore = Restore::default();
    facts.for_each(|fact| restore.push(fact).expect("facts agree"));
    restore.finish().expect("all facts are in")
}

/// A table with the client side of its sessions, which acknowledge each answer by the next request.
#[derive(Clone)]
struct Table {
    state: State,
    now: Time,
    events: Vec<Event>,
    keys: u64,
}

struct Client {
    handle: SessionHandle,
    seq: u64,
}

impl Table {
    /// So many locks are held, in turn by [`SESSIONS`] sessions.
    fn holding(locks: u64) -> Table {
        let mut table = Table { state: State::new(0), now: Time(1), events: Vec::new(), keys: 0 };
        let mut clients: Vec<Client> = (0..SESSIONS).map(|_| table.open()).collect();
        for n in 0..locks {
            let client = &mut clients[(n % SESSIONS) as usize];
            // 20 bytes, as names often are.
            table.acquire(client, &name(&format!("bench/lock/{n:09}")));
        }
        table
    }

    fn open(&mut self) -> Client {
        let open = OpenSession {
            key: self.key(),
            ttl: Ttl::from_ms(15_000).expect("within bounds"),
            on_disconnect: OnDisconnect::Keep,
            owner: Arc::new(Owner { host: "bench".into(), ..Owner::default() }),
        };
        match self.apply(Command::OpenSession(open)) {
            Outcome::SessionOpened { session, .. } => Client { handle: session, seq: 0 },
            other => panic!("{other:?}"),
        }
    }

    fn acquire(&mut self, client: &mut Client, name: &LockName) -> Option<HoldId> {
        self.ask(client, name, Mode::Exclusive, IfHeld::Refuse)
    }

    fn read(&mut self, client: &mut Client, name: &LockName) {
        let granted = self.ask(client, name, Mode::Shared, IfHeld::Queue);
        assert!(granted.is_some(), "readers share");
    }

    fn ask(
        &mut self,
        client: &mut Client,
        name: &LockName,
        mode: Mode,
        if_held: IfHeld,
    ) -> Option<HoldId> {
        let acquire = Acquire {
            item: Item { name: name.clone(), mode, value: None },
            key: self.key(),
            wait: Wait::Forever,
            priority: Priority(0),
            if_held,
            max_waiters: None,
            terms: Terms::default(),
        };
        match self.request(client, Action::Acquire(acquire)) {
            Outcome::Granted(grants) => Some(grants[0].hold),
            Outcome::Queued { .. } => None,
            other => panic!("{other:?}"),
        }
    }

    fn release(&mut self, client: &mut Client, hold: HoldId) {
        let outcome = self.request(client, Action::Hold(hold, HoldAction::Release));
        assert!(matches!(outcome, Outcome::Released { .. }), "{outcome:?}");
    }

    /// The hold that the last command gave to a waiter.
    fn last_grant(&self) -> Option<HoldId> {
        self.events.iter().rev().find_map(|event| match &event.what {
            Happening::Granted { grants, .. } => Some(grants[0].hold),
            _ => None,
        })
    }

    fn request(&mut self, client: &mut Client, action: Action) -> Outcome {
        client.seq += 1;
        let seq = RequestSeq(client.seq);
        let request = RequestRef { seq, answered_below: seq };
        self.apply(Command::Request { session: client.handle, request, action })
    }

    fn apply(&mut self, command: Command) -> Outcome {
        self.events.clear();
        self.state.apply(self.now, command, &mut self.events)
    }

    fn key(&mut self) -> Key {
        self.keys += 1;
        Key(self.keys)
    }
}

fn name(text: &str) -> LockName {
    LockName::new(text).expect("a valid name")
}

/// Memory of this process that is in RAM, in pages of 4 KiB.
fn resident_bytes() -> Option<u64> {
    let statm = std::fs::read_to_string("/proc/self/statm").ok()?;
    Some(statm.split(' ').nth(1)?.parse::<u64>().ok()? * 4096)
}
