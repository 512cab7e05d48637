//! How things read: tables and lines for people, JSON for programs.

pub(crate) mod json;
mod table;

use std::fmt;
use std::io::{self, BufWriter, Write};
use std::sync::atomic::{AtomicBool, Ordering};

pub(crate) use table::Table;

use crate::exit::Failure;

/// Somebody else's words, which must not be able to move the cursor of a terminal or turn the
/// writing round.
pub(crate) struct Plain<'a>(pub(crate) &'a str);

impl fmt::Display for Plain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            match c {
                '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
                    write!(f, "{}", c.escape_unicode())?;
                }
                c if c.is_control() => write!(f, "{}", c.escape_default())?,
                c => write!(f, "{c}")?,
            }
        }
        Ok(())
    }
}

/// Whoever read what is printed has seen enough, which is no failure of whatever only shows
/// something. What cannot be written elsewhere is another matter, whatever the system calls it.
#[derive(Debug)]
struct ReaderLeft;

impl fmt::Display for ReaderLeft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("nobody reads stdout any more")
    }
}

impl std::error::Error for ReaderLeft {}

fn of_stdout(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::BrokenPipe => io::Error::new(io::ErrorKind::BrokenPipe, ReaderLeft),
        _ => error,
    }
}

/// Whether it is no more than a reader that has seen enough.
pub(crate) fn reader_left(error: &anyhow::Error) -> bool {
    let inner = error.downcast_ref().and_then(io::Error::get_ref);
    inner.is_some_and(|inner| inner.is::<ReaderLeft>())
}

/// The same without that: for a command whose exit code says more than what it prints.
pub(crate) fn as_far_as_read(printed: anyhow::Result<()>) -> anyhow::Result<()> {
    printed.or_else(|error| if reader_left(&error) { Ok(()) } else { Err(error) })
}

/// Whether this program was started without a stdout. Before `main` is called, Rust puts /dev/null
/// where one is missing, and whatever is written there is gone without an error.
static IS_STDOUT_CLOSED: AtomicBool = AtomicBool::new(false);

#[expect(unsafe_code, reason = "nothing else runs before Rust hides a closed stdout")]
// SAFETY: what the loader calls there is a function without arguments. It makes a system call and
// writes a number: neither needs what Rust sets up later.
#[unsafe(link_section = ".init_array")]
#[used]
static LOOK_AT_STDOUT: extern "C" fn() = {
    extern "C" fn look_at_stdout() {
        let is_closed = rustix::io::fcntl_getfd(rustix::stdio::stdout()).is_err();
        IS_STDOUT_CLOSED.store(is_closed, Ordering::Relaxed);
    }
    look_at_stdout
};

/// Refuses to do, without a stdout, what is of no use unless it can be printed.
pub(crate) fn needs_stdout(doing: &str) -> Result<(), Failure> {
    if IS_STDOUT_CLOSED.load(Ordering::Relaxed) {
        let message = format!("could not {doing}: stdout is closed; send it to a file or a pipe");
        return Err(Failure::usage(message));
    }
    Ok(())
}

/// Prints one line on stdout, as it is.
pub(crate) fn line(line: impl fmt::Display) -> io::Result<()> {
    bytes(format!("{line}\n").as_bytes())
}

/// Prints bytes on stdout, as they are.
pub(crate) fn bytes(bytes: &[u8]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(bytes).and_then(|()| out.flush()).map_err(of_stdout)
}

/// Prints one JSON object on a line of its own.
pub(crate) fn object(object: &impl serde::Serialize) -> anyhow::Result<()> {
    Ok(line(serde_json::to_string(object)?)?)
}

/// A JSON array that is printed while it is made, an element a line.
pub(crate) struct Array {
    out: BufWriter<io::StdoutLock<'static>>,
    is_empty: bool,
}

impl Array {
    pub(crate) fn begin() -> Array {
        Array { out: BufWriter::new(io::stdout().lock()), is_empty: true }
    }

    pub(crate) fn push(&mut self, element: &impl serde::Serialize) -> anyhow::Result<()> {
        let begin = if self.is_empty { b"[\n" } else { b",\n" };
        self.is_empty = false;
        let written = self
            .out
            .write_all(begin)
            .and_then(|()| serde_json::to_writer(&mut self.out, element).map_err(io::Error::from));
        Ok(written.map_err(of_stdout)?)
    }

    pub(crate) fn end(mut self) -> io::Result<()> {
        let end: &[u8] = if self.is_empty { b"[]\n" } else { b"\n]\n" };
        self.out.write_all(end).and_then(|()| self.out.flush()).map_err(of_stdout)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_people_s_words_cannot_move_the_cursor() {
        assert_eq!(Plain("a\x1b[2Jé\r\n").to_string(), "a\\u{1b}[2Jé\\r\\n");
        assert_eq!(Plain("\u{202e}x\u{9b}1m").to_string(), "\\u{202e}x\\u{9b}1m");
    }
}
