//! What happened in a run, a line for each thing: to be read, or as one number to be compared.

use std::fmt::{self, Write as _};
use std::io::Write;

use crate::time::SimTime;

/// What becomes of the lines of a run.
#[derive(Default)]
pub enum Sink {
    /// They are not even made.
    #[default]
    Nowhere,
    /// Only their digest is wanted.
    Digest,
    /// They go there, and into the digest.
    Text(Box<dyn Write + Send>),
}

/// The trace of one run.
pub struct Trace {
    sink: Sink,
    line: String,
    digest: u64,
}

impl Trace {
    /// A trace that begins.
    #[must_use]
    pub fn new(sink: Sink) -> Trace {
        // FNV-1a with 64 bits: the same everywhere, and enough to tell two runs apart.
        Trace { sink, line: String::new(), digest: 0xcbf2_9ce4_8422_2325 }
    }

    /// Somebody wants the lines.
    #[must_use]
    pub fn is_wanted(&self) -> bool {
        !matches!(self.sink, Sink::Nowhere)
    }

    /// Adds a line; `what` is put into words only if somebody wants them.
    pub fn add(&mut self, now: SimTime, what: fmt::Arguments<'_>) {
        if !self.is_wanted() {
            return;
        }
        self.line.clear();
        // Writing into a string fails only where a word's own form does.
        let _ = writeln!(self.line, "{now} {what}");
        for byte in self.line.bytes() {
            self.digest = (self.digest ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
        }
        if let Sink::Text(out) = &mut self.sink {
            // Nobody reads any more: the run goes on all the same.
            let _ = out.write_all(self.line.as_bytes());
        }
    }

    /// The digest of all lines so far, if it was wanted.
    #[must_use]
    pub fn digest(&self) -> Option<u64> {
        self.is_wanted().then_some(self.digest)
    }
}

impl fmt::Debug for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trace").field("digest", &self.digest()).finish_non_exhaustive()
    }
}
