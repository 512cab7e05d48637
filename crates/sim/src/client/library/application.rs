//! What the tasks of an application do with locks: the things that the library's users do, and to
//! drop every future at any point.

use std::rc::Rc;
use std::time::Duration;

use bramah::{Guard, LockBuilder, Locker, Wait as LibraryWait};
use bramah_core::{FencingToken, Item, Mode, Owner, Terms, Wait};

use super::shell::Shell;
use crate::client::habits::{Habits, terms, value, wait};
use crate::fact::LetCause;

/// One task, until the client winds down.
pub(super) async fn live(shell: Rc<Shell>, locker: Locker, habits: Rc<Habits>, reenters: bool) {
    let task = Task { shell, locker, habits, reenters };
    while !task.shell.winds_down() {
        let pause = task.shell.draw(|random| task.habits.think(random));
        task.shell.sleep(pause).await;
        if !task.shell.winds_down() {
            task.act().await;
        }
    }
}

/// Closes the locker, after everything that its tasks held was given back. Of these sessions it
/// keeps alive nothing that nobody knows of.
pub(super) async fn close(shell: Rc<Shell>, locker: Locker, kept: Vec<u64>) {
    for session in kept {
        let Ok(page) = locker.sessions(session - 1).await else { continue };
        for found in page.items.into_iter().filter(|found| found.id == session) {
            let (holds, waits) = (found.holds, found.waits);
            assert!(
                holds + waits == 0,
                "session {session} of client {} keeps {holds} holds and {waits} waits alive that \
                 none of its tasks knows of",
                shell.client(),
            );
        }
    }
    let _ = locker.close().await;
}

struct Task {
    shell: Rc<Shell>,
    locker: Locker,
    habits: Rc<Habits>,
    /// The tasks of this client share holds that they enter again, or else detach holds now and
    /// then: a release by hold id that is repeated in doubt may give back another's share.
    reenters: bool,
}

impl Task {
    async fn act(&self) {
        match self.shell.draw(|random| random.below(20)) {
            0..13 => self.hold_one().await,
            13 => self.hold_many().await,
            14..17 => self.ask().await,
            17 => self.watch().await,
            18 => self.revoke().await,
            _ => self.elect().await,
        }
    }

    /// How long something is waited for before it is dropped.
    fn patience(&self) -> Duration {
        let ms = self.shell.draw(|random| 1 + random.skewed(10_000));
        Duration::from_millis(ms)
    }

    fn item(&self) -> Item {
        self.shell.draw(|random| {
            let index = self.habits.lock(random);
            self.habits.item(random, index)
        })
    }

    fn builder(&self, item: &Item) -> Option<LockBuilder<Guard>> {
        let lock = self.locker.lock(item.name.as_str()).ok()?;
        let lock = match item.mode {
            Mode::Exclusive => lock,
            Mode::Shared => lock.shared(),
            Mode::Permits { count, limit } => lock.permits(count).of(limit),
        };
        let lock = match &item.value {
            Some(value) => lock.value(value.as_bytes()),
            None => lock,
        };
        Some(lock)
    }

    /// Conditions that a request may have besides its locks.
    fn refine<G: bramah::FromGuards>(&self, lock: LockBuilder<G>) -> LockBuilder<G> {
        let (wait, terms) = self.shell.draw(|random| (wait(random), terms(random)));
        let lock = match wait {
            Wait::Try => lock.wait(Duration::ZERO),
            Wait::ForMs(ms) => lock.wait(Duration::from_millis(ms)),
            Wait::Forever => lock,
        };
        let Terms { lock_delay_ms, min_hold_ms, max_hold_ms } = terms;
        let lock = lock
            .lock_delay(Duration::from_millis(lock_delay_ms))
            .min_hold(Duration::from_millis(min_hold_ms))
            .max_hold(Duration::from_millis(max_hold_ms));
        let (first, last) = self.habits.ttl_ms;
        match self.shell.draw(|random| random.below(20)) {
            0 => lock.ttl(Duration::from_millis(
                self.shell.draw(|random| random.between(first, last.max(first))),
            )),
            1 => lock.owner(Owner { reason: "of its own".to_owned(), ..Owner::default() }),
            2 => lock.detached(),
            3 => lock.priority(self.shell.draw(|random| random.between(0, 4) as i8 - 2)),
            _ => lock,
        }
    }

    async fn hold_one(&self) {
        let item = self.item();
        let Some(lock) = self.builder(&item) else { return };
        let lock = match self.shell.draw(|random| random.below(10)) {
            0 => lock.max_waiters(self.shell.draw(|random| random.below(4) as u32)),
            1 | 2 if self.reenters => lock.reentrant(),
            _ => self.refine(lock),
        };
        let acquired = match self.shell.chance(300_000) {
            true => self.shell.within(self.patience(), lock.acquire()).await,
            false => Some(lock.acquire().await),
        };
        if let Some(Ok(guard)) = acquired {
            self.hold(guard, item.mode).await;
        }
    }

    async fn hold_many(&self) {
        let names: std::collections::BTreeSet<_> = (0..3).map(|_| self.item().name).collect();
        let names = names.iter().map(|name| name.as_str());
        let Ok(lock) = self.locker.lock_many(names) else { return };
        let acquire = self.refine(lock).acquire();
        if let Some(Ok(guards)) = self.shell.within(self.patience(), acquire).await {
            for guard in &guards {
                self.shell.holds(guard, Mode::Exclusive);
            }
            self.shell.sleep(self.shell.draw(|random| self.habits.hold_time(random))).await;
            for guard in guards {
                self.give_back(guard).await;
            }
        }
    }

    /// Works under a lock, and lets it go in one of the ways there are.
    async fn hold(&self, mut guard: Guard, mut mode: Mode) {
        self.shell.holds(&guard, mode);
        let until = self.shell.now().plus(self.shell.draw(|random| self.habits.hold_time(random)));
        loop {
            let step = self.shell.draw(|random| self.habits.write_pause(random));
            self.shell.sleep_until(until.min(self.shell.now().plus(step))).await;
            if !guard.is_held() || self.shell.now() >= until || self.shell.winds_down() {
                break;
            }
            if mode == Mode::Exclusive {
                self.shell.writes(&guard);
            }
            match self.shell.draw(|random| random.below(20)) {
                0 => {
                    let value = self.shell.draw(value);
                    let set = guard.set_value(Some(value.as_bytes()));
                    let _ = self.shell.within(self.patience(), set).await;
                }
                1 => {
                    self.shell.downgrades(guard.token());
                    if mode == Mode::Exclusive {
                        mode = Mode::Shared;
                    }
                    let _ = self.shell.within(self.patience(), guard.downgrade()).await;
                }
                2 | 3 if mode == Mode::Shared => self.upgrade(&mut guard, &mut mode).await,
                4 => {
                    let _ = self.shell.within(self.patience(), guard.lost()).await;
                }
                5 => {
                    let _ = guard.run(self.shell.sleep(self.patience())).await;
                }
                _ => {}
            }
        }
        self.give_back(guard).await;
    }

    async fn upgrade(&self, guard: &mut Guard, mode: &mut Mode) {
        let old = guard.token();
        let wait = match self.shell.draw(wait) {
            Wait::Try => LibraryWait::Try,
            Wait::ForMs(ms) => LibraryWait::For(Duration::from_millis(ms)),
            Wait::Forever => LibraryWait::Forever,
        };
        let upgraded = self.shell.within(self.patience(), guard.upgrade(wait)).await;
        if let Some(Ok(())) = upgraded {
            *mode = Mode::Exclusive;
            self.shell.lets(old, LetCause::Told);
            self.shell.holds(guard, Mode::Exclusive);
        }
    }

    async fn give_back(&self, guard: Guard) {
        self.shell.lets(guard.token(), LetCause::Releases);
        match self.shell.draw(|random| random.below(10)) {
            0..6 => {
                let _ = guard.release().await;
            }
            6 => {
                let _ = self.shell.within(self.patience(), guard.release()).await;
            }
            7 if !self.reenters => {
                let id = guard.detach();
                let renew = self.locker.renew(&id, None);
                let _ = self.shell.within(self.patience(), renew).await;
                // Such a release is an act that the library does not repeat by itself.
                while self.locker.release(&id).await.is_err() {
                    self.shell.sleep(Duration::from_millis(100)).await;
                }
            }
            _ => drop(guard),
        }
    }

    async fn ask(&self) {
        let name = self.item().name;
        let patience = self.patience();
        match self.shell.draw(|random| random.below(5)) {
            0 => drop(self.shell.within(patience, self.locker.get(name.as_str())).await),
            1 => drop(self.shell.within(patience, self.locker.list("a/", None)).await),
            2 => drop(self.shell.within(patience, self.locker.sessions(0)).await),
            3 => drop(self.shell.within(patience, self.locker.history(None, 3)).await),
            _ => {
                let verify = self.locker.verify(name.as_str(), FencingToken(1));
                drop(self.shell.within(patience, verify).await);
            }
        }
    }

    async fn watch(&self) {
        let name = self.item().name;
        let changes = match self.shell.chance(500_000) {
            true => self.shell.within(self.patience(), self.locker.watch(name.as_str())).await,
            false => self.shell.within(self.patience(), self.locker.watch_prefix("")).await,
        };
        let Some(Ok(mut changes)) = changes else { return };
        for _ in 0..20 {
            if self.shell.winds_down()
                || self.shell.within(self.patience(), changes.next()).await.is_none()
            {
                return;
            }
        }
    }

    async fn revoke(&self) {
        let name = self.item().name;
        let waits = self.shell.chance(500_000);
        let revoke = self.locker.revoke(name.as_str(), None, waits, "a task");
        drop(self.shell.within(self.patience(), revoke).await);
    }

    async fn elect(&self) {
        let item = self.item();
        let elect = self.locker.elect(item.name.as_str(), "me");
        if let Some(Ok(leadership)) = self.shell.within(self.patience(), elect).await {
            let token = leadership.guard().token();
            self.shell.holds(leadership.guard(), Mode::Exclusive);
            self.shell.sleep(self.patience()).await;
            drop(self.shell.within(self.patience(), leadership.proclaim("still me")).await);
            self.shell.lets(token, LetCause::Releases);
            drop(leadership.resign().await);
        }
    }
}
