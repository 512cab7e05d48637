//! A service whose answers are the test's, for tests of what fronts keep meanwhile.

use std::sync::{Arc, Mutex};

use bramah_core::Time;
use bramah_node::{ClientId, Reply, Unavailable};
use bramah_wire::request::Ask;
use tokio::task::yield_now;

use super::{Answer, Outlet, Service};
use crate::mutex::lock;

/// Takes requests, and answers only when the test says so.
#[derive(Default)]
pub(crate) struct Slow {
    outlet: Mutex<Option<Arc<dyn Outlet>>>,
    asked: Mutex<Vec<(u64, Ask)>>,
    is_gone: Mutex<bool>,
}

impl Slow {
    /// How many requests have no answer.
    pub(crate) fn asked(&self) -> usize {
        lock(&self.asked).len()
    }

    /// Whoever was connected last has disconnected.
    pub(crate) fn is_gone(&self) -> bool {
        *lock(&self.is_gone)
    }

    /// The requests that have no answer, in the order in which they came. They get none by this.
    pub(crate) fn take_asked(&self) -> Vec<(u64, Ask)> {
        std::mem::take(&mut *lock(&self.asked))
    }

    /// Where answers go.
    pub(crate) fn outlet(&self) -> Arc<dyn Outlet> {
        lock(&self.outlet).clone().expect("it is connected")
    }

    /// Answers all requests, and tells how many those were.
    pub(crate) fn answer_all(&self) -> usize {
        let (asked, outlet) = (self.take_asked(), self.outlet());
        for (id, _) in &asked {
            outlet.reply(*id, Time(1), Answer::Node(Reply::Unavailable(Unavailable::NoLeader)));
        }
        outlet.flush();
        asked.len()
    }

    /// Answers so many requests, as many at a time as may be under way: no more come before.
    pub(crate) async fn answer_in_turns(&self, requests: usize, at_once: usize) {
        let mut answered = 0;
        while answered < requests {
            let wanted = at_once.min(requests - answered);
            while self.asked() < wanted {
                yield_now().await;
            }
            // Time enough for more to come.
            for _ in 0..1_000 {
                yield_now().await;
            }
            assert_eq!(self.asked(), wanted);
            answered += self.answer_all();
        }
    }
}

impl Service for Slow {
    fn connect(&self, outlet: Arc<dyn Outlet>) -> ClientId {
        *lock(&self.outlet) = Some(outlet);
        *lock(&self.is_gone) = false;
        ClientId(1)
    }

    fn ask(&self, _: ClientId, id: u64, ask: Ask) {
        lock(&self.asked).push((id, ask));
    }

    fn disconnect(&self, _: ClientId) {
        *lock(&self.is_gone) = true;
    }
}
