//! What the application's tasks run in: a clock, timers, chance, and a note of what they believe to
//! hold. One thread, no runtime: whoever is woken is polled, in the order of numbers.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use bramah::{Guard, LocalTime};
use bramah_core::{FencingToken, HoldId, LockName, Mode, SessionId};

use crate::fact::{ClientNo, Held, LetCause};
use crate::random::Random;

/// Something that a task did.
#[derive(Debug)]
pub(super) enum News {
    Holds(Held),
    Lets(FencingToken, LetCause),
    Write(LockName, FencingToken),
}

/// What tasks share.
#[derive(Debug)]
pub(super) struct Shell {
    client: ClientNo,
    now: Cell<LocalTime>,
    winds_down: Cell<bool>,
    random: RefCell<Random>,
    timers: RefCell<BTreeMap<(LocalTime, u64), Waker>>,
    last_timer: Cell<u64>,
    /// Holds that some task believes in, and how many guards stand for each.
    believed: RefCell<BTreeMap<FencingToken, (Held, u32)>>,
    news: RefCell<Vec<News>>,
}

impl Shell {
    pub(super) fn new(client: ClientNo, random: Random) -> Rc<Shell> {
        Rc::new(Shell {
            client,
            now: Cell::new(LocalTime(0)),
            winds_down: Cell::new(false),
            random: RefCell::new(random),
            timers: RefCell::default(),
            last_timer: Cell::new(0),
            believed: RefCell::default(),
            news: RefCell::default(),
        })
    }

    pub(super) fn client(&self) -> ClientNo {
        self.client
    }

    pub(super) fn now(&self) -> LocalTime {
        self.now.get()
    }

    pub(super) fn winds_down(&self) -> bool {
        self.winds_down.get()
    }

    /// Begin nothing new.
    pub(super) fn wind_down(&self) {
        self.winds_down.set(true);
        for waker in self.timers.take().into_values() {
            waker.wake();
        }
    }

    /// Draws from this client's chance.
    pub(super) fn draw<T>(&self, draw: impl FnOnce(&mut Random) -> T) -> T {
        draw(&mut self.random.borrow_mut())
    }

    pub(super) fn chance(&self, ppm: u32) -> bool {
        self.draw(|random| random.chance(ppm))
    }

    /// It is so late now; wakes who slept until then.
    pub(super) fn set_now(&self, now: LocalTime) {
        self.now.set(now);
        while let Some(timer) = self.timers.borrow_mut().first_entry() {
            if timer.key().0 > now {
                break;
            }
            timer.remove().wake();
        }
    }

    pub(super) fn next_timer(&self) -> Option<LocalTime> {
        self.timers.borrow().first_key_value().map(|((at, _), _)| *at)
    }

    /// Sleeps until then, or until the client winds down.
    pub(super) fn sleep_until(self: &Rc<Self>, at: LocalTime) -> Sleep {
        Sleep { shell: self.clone(), at, timer: None }
    }

    pub(super) fn sleep(self: &Rc<Self>, length: Duration) -> Sleep {
        self.sleep_until(self.now().plus(length))
    }

    /// Runs a future for so long at most, and until the client winds down, then drops it.
    pub(super) async fn within<F: Future>(
        self: &Rc<Self>,
        length: Duration,
        future: F,
    ) -> Option<F::Output> {
        let mut future = std::pin::pin!(future);
        let mut sleep = self.sleep(length);
        std::future::poll_fn(|cx| {
            if let Poll::Ready(output) = future.as_mut().poll(cx) {
                return Poll::Ready(Some(output));
            }
            Pin::new(&mut sleep).poll(cx).map(|()| None)
        })
        .await
    }

    /// A task believes in this guard from here on.
    pub(super) fn holds(&self, guard: &Guard, mode: Mode) {
        let Ok(hold) = guard.hold_id().parse::<HoldId>() else { return };
        if !guard.is_held() {
            return;
        }
        let held = Held {
            client: self.client,
            session: SessionId(guard.session()),
            hold,
            name: guard.name().clone(),
            mode,
        };
        let mut believed = self.believed.borrow_mut();
        let (known, guards) = believed.entry(hold.token).or_insert((held.clone(), 0));
        if *guards == 0 || known.mode != mode {
            *known = held.clone();
            self.news.borrow_mut().push(News::Holds(held));
        }
        *guards += 1;
    }

    /// It may be shared from here on.
    pub(super) fn downgrades(&self, token: FencingToken) {
        if let Some((held, _)) = self.believed.borrow_mut().get_mut(&token)
            && held.mode == Mode::Exclusive
        {
            held.mode = Mode::Shared;
            self.news.borrow_mut().push(News::Holds(held.clone()));
        }
    }

    /// A task is about to let one of its guards go.
    pub(super) fn lets(&self, token: FencingToken, why: LetCause) {
        let mut believed = self.believed.borrow_mut();
        let Some((_, guards)) = believed.get_mut(&token) else { return };
        *guards -= 1;
        if *guards == 0 {
            believed.remove(&token);
            self.news.borrow_mut().push(News::Lets(token, why));
        }
    }

    /// All guards of a hold are lost.
    pub(super) fn loses(&self, token: FencingToken, why: LetCause) {
        if self.believed.borrow_mut().remove(&token).is_some() {
            self.news.borrow_mut().push(News::Lets(token, why));
        }
    }

    pub(super) fn writes(&self, guard: &Guard) {
        let news = News::Write(guard.name().clone(), guard.token());
        self.news.borrow_mut().push(news);
    }

    pub(super) fn believed(&self) -> Vec<Held> {
        self.believed.borrow().values().map(|(held, _)| held.clone()).collect()
    }

    pub(super) fn take_news(&self) -> Vec<News> {
        self.news.take()
    }
}

/// Waits for its time.
pub(super) struct Sleep {
    shell: Rc<Shell>,
    at: LocalTime,
    timer: Option<(LocalTime, u64)>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.stop();
        if self.shell.now() >= self.at || self.shell.winds_down() {
            return Poll::Ready(());
        }
        let number = self.shell.last_timer.get() + 1;
        self.shell.last_timer.set(number);
        let timer = (self.at, number);
        self.shell.timers.borrow_mut().insert(timer, cx.waker().clone());
        self.timer = Some(timer);
        Poll::Pending
    }
}

impl Sleep {
    fn stop(&mut self) {
        if let Some(timer) = self.timer.take() {
            self.shell.timers.borrow_mut().remove(&timer);
        }
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Futures that run to their end, each polled when it was woken.
#[derive(Default)]
pub(super) struct Tasks(Vec<Task>);

struct Task {
    future: Option<Pin<Box<dyn Future<Output = ()>>>>,
    woken: Arc<Woken>,
}

struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Tasks {
    pub(super) fn spawn(&mut self, future: impl Future<Output = ()> + 'static) {
        let woken = Arc::new(Woken(AtomicBool::new(true)));
        self.0.push(Task { future: Some(Box::pin(future)), woken });
    }

    /// Polls the first that was woken; false if none was.
    pub(super) fn poll_one(&mut self) -> bool {
        let woken =
            |task: &&mut Task| task.future.is_some() && task.woken.0.swap(false, Ordering::Relaxed);
        let Some(task) = self.0.iter_mut().find(woken) else { return false };
        let waker = Waker::from(task.woken.clone());
        if let Some(future) = &mut task.future
            && future.as_mut().poll(&mut Context::from_waker(&waker)).is_ready()
        {
            task.future = None;
        }
        true
    }

    pub(super) fn are_done(&self) -> bool {
        self.0.iter().all(|task| task.future.is_none())
    }
}

impl std::fmt::Debug for Tasks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Tasks({})", self.0.len())
    }
}
