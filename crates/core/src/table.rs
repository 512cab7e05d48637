//! Rows that know how many bytes they are, and can be read as they were while they change.
//!
//! A snapshot is read out of the living table in parts, between commands, and is of one instant all
//! the same: what a row said at that instant is kept, once, when the row first says something else
//! before it was read. So there is no second table, and what is kept is bounded by what changes
//! while the snapshot is read.
//!
//! ```text
//! begun       a=1 b=1 c=1 d=1
//! read        a=1                              read up to a
//! c becomes 2                    kept: c=1     c is ahead
//! a becomes 2                                  a was read
//! e is new                                     behind the last row of that instant
//! read        b=1 c=1 d=1        kept:         c from what is kept, which is empty again
//! ```

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::ops::{Bound, Deref, DerefMut};

use crate::facts::Fact;

/// What a [`Table`] holds.
pub(crate) trait Row {
    type Key: Clone + Debug + Ord;

    /// About the bytes that it and its key take in memory beyond their own size, at most: the same
    /// for the same row. Quickly, since it is asked before and after each change.
    fn more_bytes(&self, key: &Self::Key) -> usize;

    /// What a snapshot says of it, if anything.
    fn fact(&self, key: &Self::Key) -> Option<Fact>;
}

/// What an allocation takes beside what it was asked for, with the counts of what is shared.
pub(crate) const ALLOCATION_BYTES: usize = 32;

/// Rows in the order of their keys.
#[derive(Clone, Debug)]
pub(crate) struct Table<R: Row> {
    rows: BTreeMap<R::Key, R>,
    more_bytes: usize,
    reading: Option<Reading<R::Key>>,
}

/// A snapshot that is being read.
#[derive(Clone, Debug)]
struct Reading<K> {
    /// The last row that was read.
    after: Option<K>,
    /// The last row of all when it began.
    last: K,
    /// What rows ahead said then which say something else now, or are gone.
    kept: BTreeMap<K, Option<Fact>>,
    kept_bytes: usize,
}

/// A row that may be changed for as long as this lives.
pub(crate) struct RowMut<'a, R: Row> {
    key: &'a R::Key,
    row: &'a mut R,
    more_bytes: &'a mut usize,
    bytes_before: usize,
    before: Option<(&'a mut Reading<R::Key>, Option<Fact>)>,
}

impl<R: Row> Default for Table<R> {
    fn default() -> Table<R> {
        Table { rows: BTreeMap::new(), more_bytes: 0, reading: None }
    }
}

/// A snapshot that is being read is no part of what the rows say.
impl<R: Row + PartialEq> PartialEq for Table<R> {
    fn eq(&self, other: &Table<R>) -> bool {
        self.rows == other.rows && self.more_bytes == other.more_bytes
    }
}

impl<R: Row + Eq> Eq for Table<R> {}

impl<R: Row> Deref for Table<R> {
    type Target = BTreeMap<R::Key, R>;

    fn deref(&self) -> &BTreeMap<R::Key, R> {
        &self.rows
    }
}

impl<R: Row> Table<R> {
    /// A row with its place in a tree: nodes of trees are half empty at worst.
    const ROW_BYTES: usize = 2 * (size_of::<R::Key>() + size_of::<R>());

    /// About the bytes that all rows take in memory.
    pub(crate) fn bytes(&self) -> usize {
        self.rows.len() * Self::ROW_BYTES + self.more_bytes
    }

    pub(crate) fn get_mut<'a>(&'a mut self, key: &'a R::Key) -> Option<RowMut<'a, R>> {
        let row = self.rows.get_mut(key)?;
        let before = self.reading.as_mut().filter(|it| it.is_ahead(key) && !it.has(key));
        let before = before.map(|reading| (reading, row.fact(key)));
        let bytes_before = row.more_bytes(key);
        Some(RowMut { key, row, more_bytes: &mut self.more_bytes, bytes_before, before })
    }

    /// The row of this key, which is there from now on.
    pub(crate) fn get_or_insert<'a>(&'a mut self, key: &'a R::Key) -> RowMut<'a, R>
    where
        R: Default,
    {
        if !self.rows.contains_key(key) {
            self.insert(key.clone(), R::default());
        }
        match self.get_mut(key) {
            Some(row) => row,
            None => unreachable!("it was inserted"),
        }
    }

    /// Adds a row, or puts it in place of one.
    pub(crate) fn insert(&mut self, key: R::Key, row: R) -> Option<R> {
        if let Some(mut there) = self.get_mut(&key) {
            return Some(std::mem::replace(&mut *there, row));
        }
        if let Some(reading) = self.reading.as_mut().filter(|it| it.is_ahead(&key))
            && !reading.has(&key)
            && row.fact(&key).is_some()
        {
            reading.keep(key.clone(), None, 0);
        }
        self.more_bytes += row.more_bytes(&key);
        self.rows.insert(key, row)
    }

    pub(crate) fn remove(&mut self, key: &R::Key) -> Option<R> {
        let row = self.rows.remove(key)?;
        self.more_bytes -= row.more_bytes(key);
        if let Some(reading) = self.reading.as_mut().filter(|it| it.is_ahead(key))
            && !reading.has(key)
            && let Some(fact) = row.fact(key)
        {
            reading.keep(key.clone(), Some(fact), row.more_bytes(key));
        }
        Some(row)
    }

    /// Begins to read the rows as they are now.
    pub(crate) fn begin_reading(&mut self) {
        let last = self.rows.last_key_value().map(|(last, _)| last.clone());
        self.reading = last.map(|last| {
            let (kept, kept_bytes) = (BTreeMap::new(), 0);
            Reading { after: None, last, kept, kept_bytes }
        });
    }

    /// Nobody reads on.
    pub(crate) fn end_reading(&mut self) {
        self.reading = None;
    }

    /// Reads the next so many rows as they were, less what they cost more than a row, and adds what
    /// they said to `out`. Gives what is left of the number; nothing when all are read.
    pub(crate) fn read(&mut self, mut rows_max: usize, out: &mut Vec<Fact>) -> Option<usize> {
        let reading = self.reading.as_mut()?;
        let after = reading.after.take();
        let after = after.as_ref().map_or(Bound::Unbounded, Bound::Excluded);
        let ahead = (after, Bound::Included(&reading.last));
        let mut rows = self.rows.range::<R::Key, _>(ahead).peekable();
        while rows_max > 0 {
            let kept = reading.kept.first_key_value().map(|(key, _)| key);
            let key = match (rows.peek(), kept) {
                (None, None) => {
                    drop(rows);
                    self.reading = None;
                    return Some(rows_max);
                }
                (Some((key, _)), Some(kept)) => (*key).min(kept).clone(),
                (Some((key, _)), None) => (*key).clone(),
                (None, Some(kept)) => kept.clone(),
            };
            let row = rows.next_if(|(next, _)| **next == key);
            let (fact, more_bytes) = match (reading.kept.remove(&key), row) {
                (Some(kept), _) => (kept, 0),
                (None, Some((_, row))) => (row.fact(&key), row.more_bytes(&key)),
                (None, None) => (None, 0),
            };
            out.extend(fact);
            rows_max = rows_max.saturating_sub(1 + more_bytes / BYTES_PER_ROW);
            reading.after = Some(key);
        }
        None
    }

    /// About the bytes of what is kept for whoever reads.
    pub(crate) fn kept_bytes(&self) -> usize {
        self.reading.as_ref().map_or(0, |reading| {
            reading.kept.len() * 2 * (size_of::<R::Key>() + size_of::<Option<Fact>>())
                + reading.kept_bytes
        })
    }
}

/// A row with more than so many bytes counts as several where rows are read.
const BYTES_PER_ROW: usize = 256;

impl<K: Ord> Reading<K> {
    /// It was there, or between others, when this began, and is not read yet.
    fn is_ahead(&self, key: &K) -> bool {
        *key <= self.last && self.after.as_ref().is_none_or(|after| after < key)
    }

    fn has(&self, key: &K) -> bool {
        self.kept.contains_key(key)
    }

    fn keep(&mut self, key: K, fact: Option<Fact>, bytes: usize) {
        self.kept_bytes += bytes;
        self.kept.insert(key, fact);
    }
}

impl<R: Row> Deref for RowMut<'_, R> {
    type Target = R;

    fn deref(&self) -> &R {
        self.row
    }
}

impl<R: Row> DerefMut for RowMut<'_, R> {
    fn deref_mut(&mut self) -> &mut R {
        self.row
    }
}

impl<R: Row> Drop for RowMut<'_, R> {
    fn drop(&mut self) {
        *self.more_bytes -= self.bytes_before;
        *self.more_bytes += self.row.more_bytes(self.key);
        if let Some((reading, before)) = self.before.take()
            && before != self.row.fact(self.key)
        {
            reading.keep(self.key.clone(), before, self.bytes_before);
        }
    }
}
