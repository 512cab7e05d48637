//! Lines for stderr. In a server, and in what holds a lock or waits for one, they never wait for
//! their reader: a thread writes them, and what finds no room in its queue is dropped and counted.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, poll};

/// Bytes of lines that may wait to be written; what comes then is dropped.
const WAITING_BYTES_MAX: usize = 256 * 1024;
/// How long the end of the process waits for the reader of what it said last.
const FLUSH_TIME_MAX: Duration = Duration::from_millis(200);

static LOSSY: OnceLock<Lossy> = OnceLock::new();

/// From now on nothing that this process says on stderr waits for whoever reads it.
///
/// # Errors
/// No thread could be started.
pub(crate) fn make_lossy() -> io::Result<()> {
    let lossy = Lossy::start(io::stderr())?;
    let _ = LOSSY.set(lossy);
    Ok(())
}

/// Writes whole lines at once: others may write to the same file.
pub(crate) fn write(lines: &[u8]) {
    match LOSSY.get() {
        Some(lossy) => lossy.put(lines),
        // With stderr gone there is nobody to tell; that must not stop what is under way.
        None => drop(io::stderr().write_all(lines)),
    }
}

/// Gives the reader of a lossy stderr a moment to take what was said last.
pub(crate) fn flush() {
    if let Some(lossy) = LOSSY.get() {
        lossy.flush(FLUSH_TIME_MAX);
    }
}

/// Where a subscriber of the log writes: each event comes as one write.
#[derive(Clone, Copy)]
pub(crate) struct Log;

impl Write for Log {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        write(event);
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A queue of lines and the thread that writes them.
struct Lossy(Arc<Shared>);

#[derive(Default)]
struct Shared {
    queue: Mutex<Queue>,
    changed: Condvar,
}

#[derive(Default)]
struct Queue {
    lines: VecDeque<Vec<u8>>,
    /// Of `lines`.
    bytes: usize,
    /// What was dropped since the last line of the queue.
    dropped: u64,
    is_writing: bool,
}

impl Lossy {
    fn start(mut out: impl Write + std::os::fd::AsFd + Send + 'static) -> io::Result<Lossy> {
        let shared = Arc::new(Shared::default());
        let writer = shared.clone();
        std::thread::Builder::new().name("stderr".to_owned()).spawn(move || {
            loop {
                let line = writer.next();
                write_all(&mut out, &line);
            }
        })?;
        Ok(Lossy(shared))
    }

    /// Never waits for the reader.
    fn put(&self, line: &[u8]) {
        let mut queue = self.0.lock();
        if queue.bytes + line.len() > WAITING_BYTES_MAX {
            queue.dropped += 1;
            return;
        }
        queue.tell_dropped();
        queue.push(line.to_vec());
        self.0.changed.notify_all();
    }

    /// Waits until all is written, at most for so long.
    fn flush(&self, at_most: Duration) {
        let is_busy = |queue: &mut Queue| queue.is_writing || !queue.lines.is_empty();
        drop(self.0.changed.wait_timeout_while(self.0.lock(), at_most, is_busy));
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for the next line. The one before is written.
    fn next(&self) -> Vec<u8> {
        let mut queue = self.lock();
        queue.is_writing = false;
        loop {
            if queue.lines.is_empty() {
                queue.tell_dropped();
            }
            if let Some(line) = queue.lines.pop_front() {
                queue.bytes -= line.len();
                queue.is_writing = true;
                return line;
            }
            self.changed.notify_all();
            queue = self.changed.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl Queue {
    fn push(&mut self, line: Vec<u8>) {
        self.bytes += line.len();
        self.lines.push_back(line);
    }

    /// Puts a line where the dropped ones are missing.
    fn tell_dropped(&mut self) {
        let dropped = std::mem::take(&mut self.dropped);
        if dropped > 0 {
            let lines = if dropped == 1 { "line" } else { "lines" };
            let text = format!("bramah: {dropped} {lines} dropped here: stderr was not read\n");
            self.push(text.into_bytes());
        }
    }
}

/// Also where whoever shares the file made it non-blocking. With the reader gone there is nobody to
/// tell.
fn write_all(out: &mut (impl Write + std::os::fd::AsFd), mut line: &[u8]) {
    while !line.is_empty() {
        match out.write(line) {
            Ok(written @ 1..) => line = &line[written..],
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                let mut writable = [PollFd::new(out, PollFlags::OUT)];
                if poll(&mut writable, None).is_err() {
                    return;
                }
            }
            Ok(0) | Err(_) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader};

    use super::*;

    /// So many lines of 1 KiB, each with its number.
    fn put(lossy: &Lossy, numbers: std::ops::Range<usize>) {
        for number in numbers {
            lossy.put(format!("{number:>1023}\n").as_bytes());
        }
    }

    fn numbers(lines: impl Iterator<Item = io::Result<String>>) -> Vec<String> {
        lines.map(|line| line.expect("a line").trim().to_owned()).collect()
    }

    #[test]
    fn lines_that_nobody_reads_are_dropped_and_told_where_they_are_missing() {
        let (reader, pipe) = io::pipe().expect("a pipe");
        let lossy = Lossy::start(pipe).expect("a thread");
        // More than the pipe and the queue take: this would never end if one of them waited.
        put(&lossy, 0..1_000);
        let began = std::time::Instant::now();
        lossy.flush(Duration::from_millis(1));
        assert!(began.elapsed() < Duration::from_secs(5), "it waited for the reader");
        let mut lines = BufReader::new(reader).lines();
        let (mut next, mut dropped) = (0, 0);
        while next < 1_000 {
            let line = lines.next().expect("there is more").expect("a line");
            let line = line.trim();
            match line.strip_prefix("bramah: ").and_then(|told| told.split(' ').next()) {
                Some(count) => {
                    assert!(line.ends_with(" dropped here: stderr was not read"), "{line}");
                    let count = count.parse::<usize>().expect("a count");
                    (next, dropped) = (next + count, dropped + count);
                }
                None => {
                    assert_eq!(line, next.to_string());
                    next += 1;
                }
            }
        }
        assert!(dropped > 500, "{dropped}");
        // There is room again, and nothing is told twice.
        put(&lossy, 1_000..1_002);
        assert_eq!(numbers(lines.take(2)), ["1000", "1001"]);
    }

    #[test]
    fn a_pipe_that_does_not_block_gets_all_lines() {
        let (reader, pipe) = io::pipe().expect("a pipe");
        rustix::io::ioctl_fionbio(&pipe, true).expect("it is a pipe");
        let lossy = Lossy::start(pipe).expect("a thread");
        put(&lossy, 0..200);
        let all: Vec<String> = (0..200).map(|number| number.to_string()).collect();
        assert_eq!(numbers(BufReader::new(reader).lines().take(200)), all);
    }

    #[test]
    fn a_reader_that_is_gone_is_nobody_to_wait_for() {
        let (reader, pipe) = io::pipe().expect("a pipe");
        let lossy = Lossy::start(pipe).expect("a thread");
        drop(reader);
        put(&lossy, 0..10);
        lossy.flush(Duration::from_secs(60));
        let queue = lossy.0.lock();
        assert!(queue.lines.is_empty() && !queue.is_writing);
    }
}
