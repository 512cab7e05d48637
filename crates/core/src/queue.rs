//! Who waits for a lock, in the order in which they will be granted.

use std::collections::BTreeSet;

use crate::facts::WaitFact;
use crate::mutant::{self, Mutant};

/// A waiter's place: first by rank, then by arrival.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    rank: i16,
    pub(crate) arrival: u64,
}

impl Place {
    /// An upgrade stands before everybody: nobody else can be granted before it is, or gives up.
    /// Otherwise the higher priority comes first. Arrival numbers are of the whole table, so that
    /// two waiters stand in the same order in every queue they share and cannot block each other.
    pub(crate) fn of(wait: &WaitFact) -> Place {
        let rank = match wait.upgrade_of {
            Some(_) => i16::MIN,
            None if mutant::is_on(Mutant::PriorityInverted) => i16::from(wait.priority.0),
            None => -i16::from(wait.priority.0),
        };
        Place { rank, arrival: wait.arrival }
    }
}

/// The waiters of one lock.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Queue {
    places: BTreeSet<Place>,
}

impl Queue {
    pub(crate) fn insert(&mut self, place: Place) {
        self.places.insert(place);
    }

    pub(crate) fn remove(&mut self, place: Place) -> bool {
        self.places.remove(&place)
    }

    pub(crate) fn first(&self) -> Option<Place> {
        if mutant::is_on(Mutant::LastInFirstOut) {
            return self.places.last().copied();
        }
        self.places.first().copied()
    }

    pub(crate) fn last(&self) -> Option<Place> {
        self.places.last().copied()
    }

    pub(crate) fn len(&self) -> usize {
        self.places.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// The place's number, counted from 1. Cheap at both ends, where nearly all questions are.
    pub(crate) fn position(&self, place: Place) -> usize {
        match self.places.last() {
            Some(last) if *last < place => self.places.len() + 1,
            Some(last) if *last == place => self.places.len(),
            _ => self.places.range(..place).count() + 1,
        }
    }

    /// Those that stand before `place`, first to last.
    pub(crate) fn before(&self, place: Place) -> impl DoubleEndedIterator<Item = Place> + '_ {
        self.places.range(..place).copied()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = Place> + '_ {
        self.places.iter().copied()
    }
}
