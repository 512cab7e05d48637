//! What the tasks of a client do with locks, and what they believe meanwhile.

use std::cell::RefCell;
use std::future::Future;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bramah::{FromGuards, Guard, LocalTime, LockBuilder, Locker, LostReason, Wait};
use bramah_core::{FencingToken, HoldId, Mode, SessionId};
use tokio::time::{sleep, timeout};

use super::record::{Line, Recorder};
use crate::fact::LetCause;
use crate::random::Random;

/// Different locks. Every fourth is a semaphore.
const LOCKS: u64 = 12;
const THINKING_MS_MAX: u64 = 60;
const HOLDING_MS_MAX: u64 = 400;
/// How often a holder looks whether it still holds.
const LOOK_EVERY: Duration = Duration::from_millis(4);
/// Longest wait for anything that may be dropped.
const PATIENCE_MS_MAX: u64 = 8_000;

/// What one task has.
pub(super) struct Load {
    locker: Locker,
    recorder: Arc<Recorder>,
    ends: Arc<AtomicBool>,
    random: RefCell<Random>,
}

/// One task, until it is told to end.
pub(super) async fn live(load: Rc<Load>) {
    while !load.ends() {
        let pause = load.draw(|random| random.below(THINKING_MS_MAX));
        sleep(Duration::from_millis(pause)).await;
        load.act().await;
    }
}

/// What a holder knows of its hold.
struct Belief {
    token: FencingToken,
    /// Right before it was last seen held.
    seen_at: LocalTime,
    /// Until when it is held if nothing is told.
    deadline: LocalTime,
}

impl Load {
    pub(super) fn new(
        locker: Locker,
        recorder: Arc<Recorder>,
        ends: Arc<AtomicBool>,
        random: Random,
    ) -> Load {
        Load { locker, recorder, ends, random: RefCell::new(random) }
    }

    fn ends(&self) -> bool {
        self.ends.load(Ordering::Relaxed)
    }

    fn draw<T>(&self, draw: impl FnOnce(&mut Random) -> T) -> T {
        draw(&mut self.random.borrow_mut())
    }

    fn below(&self, end: u64) -> u64 {
        self.draw(|random| random.below(end))
    }

    /// Runs it for so long at most, then drops it wherever it stands.
    async fn within<F: Future>(&self, future: F) -> Option<F::Output> {
        let patience = self.draw(|random| 1 + random.skewed(PATIENCE_MS_MAX));
        timeout(Duration::from_millis(patience), future).await.ok()
    }

    async fn act(&self) {
        match self.below(24) {
            0..15 => self.hold_one().await,
            15 => self.hold_many().await,
            16..20 => self.ask().await,
            20 | 21 => self.watch().await,
            22 => self.revoke().await,
            _ => self.elect().await,
        }
    }

    /// A name, and how it is wanted.
    fn wish(&self) -> (String, Mode) {
        let index = self.draw(|random| random.skewed(LOCKS - 1));
        let mode = match index % 4 {
            3 => {
                let limit = 2 + index as u32 % 3;
                let count = self.draw(|random| random.between(1, u64::from(limit))) as u32;
                Mode::Permits { count, limit }
            }
            _ if self.below(10) < 4 => Mode::Shared,
            _ => Mode::Exclusive,
        };
        (format!("{}/{index}", ["a", "b"][index as usize % 2]), mode)
    }

    fn refine<G: FromGuards>(&self, lock: LockBuilder<G>) -> LockBuilder<G> {
        let ms = |random: &mut Random, max| Duration::from_millis(1 + random.skewed(max));
        let lock = match self.below(10) {
            0..2 => lock.wait(Duration::ZERO),
            2..8 => lock.wait(self.draw(|random| ms(random, 10_000))),
            _ => lock,
        };
        match self.below(24) {
            0 => lock.lock_delay(self.draw(|random| ms(random, 1_000))),
            1 => lock.min_hold(self.draw(|random| ms(random, 500))),
            2 => lock.max_hold(self.draw(|random| ms(random, 3_000))),
            3 => lock.ttl(self.draw(|random| Duration::from_millis(random.between(1_000, 5_000)))),
            4 => lock.detached(),
            5 => lock.priority(self.below(5) as i8 - 2),
            _ => lock,
        }
    }

    async fn hold_one(&self) {
        let (name, mode) = self.wish();
        let Ok(lock) = self.locker.lock(&name) else { return };
        let lock = match mode {
            Mode::Exclusive => lock,
            Mode::Shared => lock.shared(),
            Mode::Permits { count, limit } => lock.permits(count).of(limit),
        };
        let lock = match self.below(5) {
            0 => lock.value(self.below(1_000_000).to_string()),
            _ => lock,
        };
        let acquire = self.refine(lock).acquire();
        // One that is not dropped ends by itself.
        let acquired = match self.below(10) {
            0..3 => self.within(acquire).await,
            _ => Some(acquire.await),
        };
        if let Some(Ok(guard)) = acquired {
            self.hold(guard, mode).await;
        }
    }

    async fn hold_many(&self) {
        let names: std::collections::BTreeSet<String> =
            (0..3).map(|_| self.wish()).filter(|(_, m)| !is_permits(*m)).map(|it| it.0).collect();
        let Ok(lock) = self.locker.lock_many(&names) else { return };
        let Some(Ok(guards)) = self.within(self.refine(lock).acquire()).await else { return };
        let beliefs: Vec<_> =
            guards.iter().map(|guard| self.believes(guard, Mode::Exclusive)).collect();
        for (guard, belief) in guards.into_iter().zip(beliefs) {
            self.give_back(guard, belief).await;
        }
    }

    /// A task believes in this guard from here on.
    fn believes(&self, guard: &Guard, mode: Mode) -> Option<Belief> {
        let hold: HoldId = guard.hold_id().parse().ok()?;
        let seen_at = LocalTime::now();
        if !guard.is_held() {
            return None;
        }
        // It was held from before that instant on, and still is: so it was held then.
        let (session, name) = (SessionId(guard.session()), guard.name().clone());
        self.recorder.write(seen_at, &Line::Holds { hold, session, mode, name });
        Some(Belief { token: hold.token, seen_at, deadline: guard.deadline() })
    }

    /// Looks whether it is still held. If not, the belief is written off as of the instant until
    /// which it surely was.
    fn still(&self, guard: &Guard, belief: &mut Option<Belief>) -> bool {
        let Some(known) = belief else { return false };
        let now = LocalTime::now();
        if guard.is_held() {
            (known.seen_at, known.deadline) = (now, guard.deadline());
            return true;
        }
        let (at, why) = match guard.lost_reason() {
            None | Some(LostReason::NotRenewed | LostReason::MaxHold) => {
                // News are understood only when this process runs, and it looked before any.
                (known.seen_at.max(known.deadline.min(now)), LetCause::Deadline)
            }
            Some(LostReason::Disconnected) => (known.seen_at, LetCause::Disconnects),
            Some(_) => (known.seen_at, LetCause::Told),
        };
        self.recorder.write(at, &Line::Lets { token: known.token, why });
        *belief = None;
        false
    }

    /// Works under a lock, and lets it go in one of the ways there are.
    async fn hold(&self, mut guard: Guard, mut mode: Mode) {
        let mut belief = self.believes(&guard, mode);
        let mut length = self.below(HOLDING_MS_MAX);
        if self.below(20) == 0 {
            length *= 10;
        }
        let until = LocalTime::now().plus(Duration::from_millis(length));
        while self.still(&guard, &mut belief) && LocalTime::now() < until && !self.ends() {
            sleep(LOOK_EVERY).await;
            match self.below(400) {
                0..4 => {
                    let value = self.below(1_000_000).to_string();
                    drop(self.within(guard.set_value(Some(value.as_bytes()))).await);
                }
                4 | 5 if mode == Mode::Exclusive && self.still(&guard, &mut belief) => {
                    mode = Mode::Shared;
                    belief = self.believes(&guard, mode).or(belief);
                    drop(self.within(guard.downgrade()).await);
                }
                6..12 if mode == Mode::Shared => {
                    let wait = match self.below(3) {
                        0 => Wait::Try,
                        1 => Wait::For(Duration::from_millis(1 + self.below(2_000))),
                        _ => Wait::Forever,
                    };
                    self.still(&guard, &mut belief);
                    if let Some(Ok(())) = self.within(guard.upgrade(wait)).await {
                        if let Some(Belief { token, seen_at, .. }) = belief.take() {
                            self.recorder
                                .write(seen_at, &Line::Lets { token, why: LetCause::Told });
                        }
                        mode = Mode::Exclusive;
                        belief = self.believes(&guard, mode);
                    }
                }
                12 => drop(self.within(guard.lost()).await),
                _ => {}
            }
        }
        self.give_back(guard, belief).await;
    }

    async fn give_back(&self, guard: Guard, mut belief: Option<Belief>) {
        if self.still(&guard, &mut belief)
            && let Some(Belief { token, seen_at, .. }) = belief
        {
            self.recorder.write(seen_at, &Line::Lets { token, why: LetCause::Releases });
        }
        match self.below(10) {
            0..6 => drop(guard.release().await),
            6 => drop(self.within(guard.release()).await),
            7 => {
                let id = guard.detach();
                drop(self.within(self.locker.renew(&id, None)).await);
                drop(self.locker.release(&id).await);
            }
            _ => drop(guard),
        }
    }

    async fn ask(&self) {
        let (name, _) = self.wish();
        match self.below(5) {
            0 => drop(self.within(self.locker.get(&name)).await),
            1 => drop(self.within(self.locker.list("a/", None)).await),
            2 => drop(self.within(self.locker.sessions(0)).await),
            3 => drop(self.within(self.locker.history(None, 3)).await),
            _ => drop(self.within(self.locker.verify(&name, FencingToken(1))).await),
        }
    }

    async fn watch(&self) {
        let (name, _) = self.wish();
        let changes = match self.below(2) {
            0 => self.within(self.locker.watch(&name)).await,
            _ => self.within(self.locker.watch_prefix("")).await,
        };
        let Some(Ok(mut changes)) = changes else { return };
        for _ in 0..30 {
            if self.ends() || self.within(changes.next()).await.is_none() {
                return;
            }
        }
    }

    async fn revoke(&self) {
        let (name, _) = self.wish();
        let waits = self.below(2) == 0;
        drop(self.within(self.locker.revoke(&name, None, waits, "a task")).await);
    }

    async fn elect(&self) {
        let elect = self.locker.elect("leader", "me");
        let Some(Ok(leadership)) = self.within(elect).await else { return };
        let mut belief = self.believes(leadership.guard(), Mode::Exclusive);
        let until = LocalTime::now().plus(Duration::from_millis(self.below(HOLDING_MS_MAX)));
        while self.still(leadership.guard(), &mut belief) && LocalTime::now() < until {
            sleep(LOOK_EVERY).await;
        }
        drop(self.within(leadership.proclaim("still me")).await);
        if self.still(leadership.guard(), &mut belief)
            && let Some(Belief { token, seen_at, .. }) = belief
        {
            self.recorder.write(seen_at, &Line::Lets { token, why: LetCause::Releases });
        }
        drop(leadership.resign().await);
    }
}

fn is_permits(mode: Mode) -> bool {
    matches!(mode, Mode::Permits { .. })
}
