//! Texts that core keeps as `&'static str`: names of bounds, reasons of refusals.

use std::sync::{Mutex, PoisonError};

use super::{Code, DecodeError, Reader, Writer};

/// Most such texts, and bytes of one: they are constants of some version of the program, so there
/// are few.
const TEXTS_LEN_MAX: usize = 256;
const TEXT_BYTES_MAX: usize = 256;

/// Those that were read. A snapshot may be of another version, so they need not be in this program.
static TEXTS: Mutex<Vec<&'static str>> = Mutex::new(Vec::new());

impl Code for &'static str {
    fn put(&self, to: &mut Writer<'_>) {
        to.bytes(self.as_bytes());
    }

    fn take(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let text = from.text()?;
        let mut texts = TEXTS.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = texts.iter().find(|known| **known == text) {
            return Ok(known);
        }
        if texts.len() == TEXTS_LEN_MAX || text.len() > TEXT_BYTES_MAX {
            return Err(DecodeError::OutOfRange("reason of a refusal"));
        }
        let text: &'static str = Box::leak(Box::from(text));
        texts.push(text);
        Ok(text)
    }
}
