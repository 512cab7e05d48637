//! Being woken when a file or a folder changes, instead of asking again and again.
//!
//! The kernel tells of the last close of a file that was open for writing, also when it closed it
//! for a process that was killed. One thread for the whole process reads that from inotify and
//! wakes who listens. Where there is no inotify (none left for this user, no /proc), nobody is
//! woken, and whoever waits must look from time to time; they should look now and then in any case,
//! for the kernel tells of the close just before it drops the locks.

use std::collections::HashMap;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use rustix::fs::inotify::{self, CreateFlags, ReadFlags, WatchFlags};
use rustix::io::Errno;
use tokio::sync::watch;

/// Rings when the file or folder it hangs on changes.
#[derive(Debug)]
pub(super) struct Bell {
    tower: &'static Tower,
    id: i32,
    rung: watch::Receiver<()>,
}

impl Bell {
    /// A bell on one lock file: closed after writing, touched, moved, or removed.
    pub(super) fn on_file(file: impl AsFd) -> Option<Bell> {
        let changes = WatchFlags::CLOSE_WRITE | WatchFlags::ATTRIB | WatchFlags::MOVE_SELF;
        Bell::on(file, changes)
    }

    /// A bell on a folder and all that happens to its files.
    pub(super) fn on_folder(folder: impl AsFd) -> Option<Bell> {
        let files = WatchFlags::CREATE | WatchFlags::DELETE | WatchFlags::MOVE;
        let changes = WatchFlags::MODIFY | WatchFlags::CLOSE_WRITE | WatchFlags::ATTRIB;
        Bell::on(folder, changes | files)
    }

    fn on(what: impl AsFd, changes: WatchFlags) -> Option<Bell> {
        let tower = Tower::of_this_process()?;
        // By way of the open file, so that it is this one whatever its name means by now.
        let path = format!("/proc/self/fd/{}", what.as_fd().as_raw_fd());
        let mut ropes = tower.ropes();
        let id = inotify::add_watch(&tower.inotify, path, changes).ok()?;
        let rope =
            ropes.entry(id).or_insert_with(|| Rope { bells: 0, pull: watch::Sender::new(()) });
        rope.bells += 1;
        Some(Bell { tower, id, rung: rope.pull.subscribe() })
    }

    /// Waits until it has rung since it was hung up or last waited for.
    pub(super) async fn rung(&mut self) {
        if self.rung.changed().await.is_err() {
            // The file is gone for good, and so is its rope: whoever listened has heard that.
            std::future::pending().await
        }
    }
}

impl Drop for Bell {
    fn drop(&mut self) {
        let mut ropes = self.tower.ropes();
        if let Some(rope) = ropes.get_mut(&self.id) {
            rope.bells -= 1;
            if rope.bells == 0 {
                ropes.remove(&self.id);
                // Fails only if the file is gone, and the watch with it.
                let _ = inotify::remove_watch(&self.tower.inotify, self.id);
            }
        }
    }
}

/// All bells of this process.
#[derive(Debug)]
struct Tower {
    inotify: OwnedFd,
    /// By the kernel's number of the watch, which it never gives twice.
    ropes: Mutex<HashMap<i32, Rope>>,
}

#[derive(Debug)]
struct Rope {
    bells: usize,
    pull: watch::Sender<()>,
}

impl Tower {
    fn of_this_process() -> Option<&'static Tower> {
        static TOWER: OnceLock<Tower> = OnceLock::new();
        if let Some(tower) = TOWER.get() {
            return Some(tower);
        }
        let inotify = inotify::init(CreateFlags::CLOEXEC).ok()?;
        let mut is_new = false;
        let tower = TOWER.get_or_init(|| {
            is_new = true;
            Tower { inotify, ropes: Mutex::default() }
        });
        if is_new {
            let ringer = std::thread::Builder::new().name("bramah-local-bell".into());
            // Without the thread no bell rings, and whoever waits looks from time to time.
            ringer.spawn(|| tower.ring_for_ever()).ok()?;
        }
        Some(tower)
    }

    fn ring_for_ever(&self) {
        let mut buffer = [MaybeUninit::uninit(); 4096];
        let mut events = inotify::Reader::new(&self.inotify, &mut buffer);
        loop {
            match events.next() {
                Ok(event) if event.events().contains(ReadFlags::QUEUE_OVERFLOW) => {
                    self.ropes().values().for_each(Rope::ring);
                }
                Ok(event) => {
                    if let Some(rope) = self.ropes().get(&event.wd()) {
                        rope.ring();
                    }
                }
                Err(Errno::INTR) => {}
                Err(_) => return,
            }
        }
    }

    fn ropes(&self) -> MutexGuard<'_, HashMap<i32, Rope>> {
        // Nothing can panic half way through a change of this map.
        self.ropes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Rope {
    fn ring(&self) {
        self.pull.send_replace(());
    }
}
