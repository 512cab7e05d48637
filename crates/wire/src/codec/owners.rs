//! Owners: many facts share one, so a snapshot writes it where it comes first and its number after
//! that.

use std::collections::HashMap;
use std::sync::Arc;

use bramah_core::Owner;

use super::{Code, DecodeError, Reader, Writer};

/// Stands for an owner that follows at once.
const NEW: u64 = 0;

/// The numbers of the owners that a snapshot has so far, from 1.
#[derive(Debug, Default)]
pub(crate) struct OwnersWritten {
    /// By address.
    numbers: HashMap<usize, u64>,
    /// Keeps each alive, so that no other can come to stand at its address.
    kept: Vec<Arc<Owner>>,
}

impl Code for Arc<Owner> {
    fn put(&self, to: &mut Writer<'_>) {
        let Some(written) = &mut to.owners else { return self.as_ref().put(to) };
        let address = Arc::as_ptr(self).addr();
        if let Some(number) = written.numbers.get(&address) {
            let number = *number;
            return to.varint(number);
        }
        written.kept.push(self.clone());
        written.numbers.insert(address, written.kept.len() as u64);
        to.varint(NEW);
        self.as_ref().put(to);
    }

    fn take(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        if from.owners.is_none() {
            return Owner::take(from).map(Arc::new);
        }
        let number = from.varint()?;
        let owner = if number == NEW { Some(Arc::new(Owner::take(from)?)) } else { None };
        let Some(read) = &mut from.owners else { return Err(DecodeError::Truncated) };
        match owner {
            Some(owner) => {
                read.push(owner.clone());
                Ok(owner)
            }
            None => {
                let index = usize::try_from(number - 1).ok();
                let known = index.and_then(|index| read.get(index));
                known.cloned().ok_or(DecodeError::OutOfRange("owner number"))
            }
        }
    }
}
