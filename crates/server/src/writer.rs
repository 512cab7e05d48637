//! Writes to the log beside the serving thread, while that has other work.

use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use bramah_node::Persist;
use bramah_wal::{DirDisk, FinishedSnapshot};

use crate::hall::Hall;
use crate::log::{Log, LogError};
use crate::mutex::lock;

/// A disk that takes so long for a write is worth the hand-over to another thread and back. One
/// that is faster writes sooner than that pays, and what comes meanwhile is one batch.
const SLOW_TIME_MIN: Duration = Duration::from_millis(1);

/// Something to be made durable.
pub(crate) enum Write {
    /// Entries, and what raft must not forget.
    Append(Persist),
    /// A snapshot in place of the whole log; none where there is no disk.
    Install { number: u64, finished: Option<Box<FinishedSnapshot<DirDisk>>> },
}

/// The log, and a thread that can write to it. One write at a time: whoever began one does not
/// touch the log before it is done.
pub(crate) struct Writer {
    log: Arc<Mutex<Log>>,
    /// None only while it is dropped.
    begin: Option<SyncSender<Vec<Write>>>,
    done: Receiver<(Written, Duration)>,
    is_writing: bool,
    /// How long the last write took.
    last_took: Duration,
    thread: Option<JoinHandle<()>>,
}

/// What came of a write: the writes that found no room, and the number of the last that did.
pub(crate) type Written = Result<(Vec<Write>, Option<u64>), LogError>;

impl Writer {
    /// `hall` is woken when a write is done.
    pub(crate) fn new(log: Log, hall: Arc<Hall>) -> std::io::Result<Writer> {
        let log = Arc::new(Mutex::new(log));
        let (begin, jobs) = sync_channel::<Vec<Write>>(1);
        let (finish, done) = sync_channel(1);
        let of_thread = log.clone();
        let thread = std::thread::Builder::new().name("log".into()).spawn(move || {
            // Ends with the writer, which drops its end.
            for writes in jobs {
                let written = append(&mut lock(&of_thread), writes);
                if finish.send(written).is_err() {
                    return;
                }
                hall.wake();
            }
        })?;
        let (begin, thread) = (Some(begin), Some(thread));
        Ok(Writer { log, begin, done, is_writing: false, last_took: Duration::ZERO, thread })
    }

    /// A write takes long enough to do something else meanwhile.
    pub(crate) fn is_slow(&self) -> bool {
        self.last_took >= SLOW_TIME_MIN
    }

    /// A write is under way on the thread.
    pub(crate) fn is_writing(&self) -> bool {
        self.is_writing
    }

    /// The log, while no write is under way.
    pub(crate) fn log(&self) -> MutexGuard<'_, Log> {
        debug_assert!(!self.is_writing, "the log is being written");
        lock(&self.log)
    }

    /// Writes now, on this thread.
    pub(crate) fn write(&mut self, writes: Vec<Write>) -> Written {
        let (written, took) = append(&mut self.log(), writes);
        self.last_took = took;
        written
    }

    /// Begins to write on the other thread.
    pub(crate) fn begin(&mut self, writes: Vec<Write>) {
        debug_assert!(!self.is_writing, "one write at a time");
        // The thread takes one job at a time and has none, so there is room; if it is gone, the
        // missing answer says so.
        let _ = self.begin.as_ref().map(|begin| begin.try_send(writes));
        self.is_writing = true;
    }

    /// What came of the write that was begun, once it is done.
    pub(crate) fn take(&mut self) -> Option<Written> {
        if !self.is_writing {
            return None;
        }
        let written = match self.done.try_recv() {
            Ok((written, took)) => {
                self.last_took = took;
                written
            }
            Err(TryRecvError::Empty) => return None,
            Err(TryRecvError::Disconnected) => Err(LogError::thread_ended()),
        };
        self.is_writing = false;
        Some(written)
    }
}

impl Drop for Writer {
    /// Waits for the thread. The folder is free for the next server when this is gone and no
    /// compaction runs any more.
    fn drop(&mut self) {
        drop(self.begin.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Writes in order, up to the first that finds no room, and says how long that took.
fn append(log: &mut Log, writes: Vec<Write>) -> (Written, Duration) {
    let began = Instant::now();
    (append_all(log, writes), began.elapsed())
}

fn append_all(log: &mut Log, mut writes: Vec<Write>) -> Written {
    let mut last = None;
    let mut count = 0;
    for write in &mut writes {
        let (number, written) = match write {
            Write::Append(persist) => (persist.number, log.append(persist)),
            Write::Install { number, finished } => {
                // In the end it is dropped with its write; without room it stays in it.
                let installed = finished.as_mut().map(|finished| log.install(finished));
                (*number, installed.unwrap_or(Ok(())))
            }
        };
        match written {
            Ok(()) => last = Some(number),
            Err(LogError::Full(_)) => break,
            Err(error) => return Err(error),
        }
        count += 1;
    }
    writes.drain(..count);
    Ok((writes, last))
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::fs::File;
    use std::io::Write as _;
    use std::path::Path;
    use std::process::{Command, Stdio};

    use bramah_wal::SnapshotMeta;

    use super::*;
    use crate::config::Storage;
    use crate::log::{Beginning, Opened};

    /// Where the part of a test runs that wants a small disk of its own.
    const DISK: &str = "BRAMAH_SMALL_DISK";
    const TEST: &str = "writer::tests::a_snapshot_that_finds_no_room_is_put_in_place_once_there_is";
    /// Room for two parts of a log, and some more.
    const MOUNT: &str = "mount -t tmpfs -o size=36m small \"$BRAMAH_SMALL_DISK\" && exec \"$@\"";

    #[test]
    fn a_snapshot_that_finds_no_room_is_put_in_place_once_there_is() {
        if let Some(disk) = std::env::var_os(DISK) {
            return install_without_room(Path::new(&disk));
        }
        let disk = tempfile::tempdir().expect("a folder");
        let apart = |program: &OsStr| {
            let mut unshare = Command::new("unshare");
            unshare.args(["--map-root-user", "--mount", "sh", "-c", MOUNT, "sh"]).arg(program);
            unshare.env(DISK, disk.path());
            unshare
        };
        if !apart("true".as_ref()).stderr(Stdio::null()).status().is_ok_and(|it| it.success()) {
            eprintln!("SKIPPED: this machine lets nobody make a mount namespace");
            return;
        }
        let mut test = apart(std::env::current_exe().expect("a program").as_os_str());
        test.args(["--nocapture", "--exact", TEST]);
        let output = test.output().expect("it runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    fn install_without_room(disk: &Path) {
        let storage = Storage::Folder(disk.join("data"));
        let beginning = Beginning::Cluster { cluster_id: 300, node_id: 7, epoch: 0 };
        let Opened { mut log, .. } = Log::open(&storage, beginning, 0).expect("it opens");
        let meta = SnapshotMeta { index: 9, term: 2, members: Vec::new() };
        let writer = log.begin_received(&meta).expect("there is room").expect("a disk");
        let finished = Some(Box::new(writer.finish().expect("there is room")));
        // As on a file system that writes nothing in its old place: its header needs new room.
        let names = std::fs::read_dir(disk.join("data")).expect("it is there");
        let mut paths = names.map(|name| name.expect("a name").path());
        let aside = paths.find(|path| path.extension() == Some("new".as_ref())).expect("a file");
        File::options().write(true).open(aside).expect("it opens").set_len(0).expect("it is cut");
        let fill = disk.join("fill");
        let mut filling = File::create(&fill).expect("it is made");
        while filling.write_all(&[7; 4096]).is_ok() {}

        let mut writer = Writer::new(log, Arc::default()).expect("a thread");
        let mut writes = vec![Write::Install { number: 5, finished }];
        for _ in 0..2 {
            let (stuck, last) = writer.write(writes).expect("it goes on");
            assert_eq!((stuck.len(), last), (1, None));
            writes = stuck;
        }
        std::fs::remove_file(fill).expect("it is there");
        drop(filling);
        let (stuck, last) = writer.write(writes).expect("it goes on");
        assert_eq!((stuck.len(), last), (0, Some(5)));
        assert!(disk.join("data/snapshot-0000000000000009").exists());
    }
}
