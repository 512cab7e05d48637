//! A service whose answers are the test's, for tests of what fronts keep meanwhile.

use std::sync::{Arc, Mutex};

use bramah_core::Time;
use bramah_node::{ClientId, Reply, Unavailable};
use bramah_wire::request::Ask;

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
