//! What is to happen, in the order of time.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use crate::time::SimTime;

/// Things and their times. Of two at one instant, the one that came first goes first.
#[derive(Debug)]
pub(super) struct Queue<T> {
    heap: BinaryHeap<Item<T>>,
    next: u64,
}

#[derive(Debug)]
struct Item<T> {
    at: SimTime,
    number: u64,
    what: T,
}

impl<T> Default for Queue<T> {
    fn default() -> Queue<T> {
        Queue { heap: BinaryHeap::new(), next: 0 }
    }
}

impl<T> Queue<T> {
    pub(super) fn push(&mut self, at: SimTime, what: T) {
        self.heap.push(Item { at, number: self.next, what });
        self.next += 1;
    }

    pub(super) fn pop(&mut self) -> Option<(SimTime, T)> {
        self.heap.pop().map(|item| (item.at, item.what))
    }
}

// The heap gives the greatest first.
impl<T> Ord for Item<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        (other.at, other.number).cmp(&(self.at, self.number))
    }
}

impl<T> PartialOrd for Item<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> PartialEq for Item<T> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl<T> Eq for Item<T> {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn things_come_in_the_order_of_time_and_then_of_planning() {
        let mut queue = Queue::default();
        for (at, what) in [(5, 'c'), (3, 'a'), (5, 'd'), (3, 'b')] {
            queue.push(SimTime(at), what);
        }
        let order: String = std::iter::from_fn(|| queue.pop()).map(|(_, what)| what).collect();
        assert_eq!(order, "abcd");
    }
}
