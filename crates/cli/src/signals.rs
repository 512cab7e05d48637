//! Signals that are sent to this process, and meant for the command that it runs.

use std::mem::MaybeUninit;
use std::ptr::null;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::Duration;
use std::{fs, io};

use nix::libc;
use rustix::process::{
    Resource, Rlimit, Signal, WaitOptions, getpid, kill_process, setrlimit, wait,
};
use tokio::signal::unix::{Signal as Stream, SignalKind, signal};
use tokio::time::timeout;

/// What does not end this process by itself, but is for the command as well or tells of it.
const TAKEN: [Signal; 10] = [
    Signal::TERM,
    Signal::INT,
    Signal::HUP,
    Signal::QUIT,
    Signal::USR1,
    Signal::USR2,
    Signal::WINCH,
    Signal::TSTP,
    Signal::CONT,
    Signal::CHILD,
];

/// Takes signals as they come, instead of dying of them.
pub(crate) struct Signals {
    streams: Vec<(Signal, Stream)>,
}

impl Signals {
    /// From here on these signals do nothing by themselves. Whoever started this program may have
    /// had some ignored, as `nohup` does: these stay so, for the command too.
    pub(crate) fn take() -> io::Result<Signals> {
        let ignored = Ignored::by_this_process();
        // Without it nobody hears that the command ended.
        let is_taken = |of: &Signal| *of == Signal::CHILD || !ignored.has(*of);
        let stream = |of: Signal| Ok((of, signal(SignalKind::from_raw(of.as_raw()))?));
        let streams = TAKEN.into_iter().filter(is_taken).map(stream);
        Ok(Signals { streams: streams.collect::<io::Result<_>>()? })
    }

    /// The next signal. Nothing is lost when the future is dropped.
    pub(crate) async fn next(&mut self) -> Signal {
        std::future::poll_fn(|cx| {
            let streams = self.streams.iter_mut();
            let mut arrived =
                streams.filter_map(|(of, stream)| stream.poll_recv(cx).is_ready().then_some(*of));
            arrived.next().map_or(Poll::Pending, Poll::Ready)
        })
        .await
    }

    /// Whether CONT comes within `time`, or has come. Others that come meanwhile wait.
    pub(crate) async fn continues_within(&mut self, time: Duration) -> bool {
        let Some((_, stream)) = self.streams.iter_mut().find(|(of, _)| *of == Signal::CONT) else {
            return false;
        };
        timeout(time, stream.recv()).await.is_ok()
    }

    /// The next signal that asks to end.
    pub(crate) async fn ending(&mut self) -> Signal {
        loop {
            match self.next().await {
                Signal::TSTP => stand_still(),
                signal @ (Signal::TERM | Signal::INT | Signal::HUP | Signal::QUIT) => {
                    return signal;
                }
                _ => {}
            }
        }
    }
}

/// Dies of a signal whose default is to end a process, leaving no second dump of memory beside that
/// of the command. Returns where that is not possible.
pub(crate) fn die_of(number: i32) {
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    // More files is the worst that comes of a failure.
    let _ = setrlimit(Resource::Core, none);
    let Some(signal) = Signal::from_named_raw(number) else { return };
    #[expect(unsafe_code, reason = "there is no safe call for it")]
    // SAFETY: the default of a signal runs no code of ours.
    unsafe {
        libc::signal(number, libc::SIG_DFL);
    }
    let _ = kill_process(getpid(), signal);
}

/// Lets go of children that ended and that nobody waits for: what was there before this program was
/// executed, and as process 1 of a container all that lost their parents.
pub(crate) fn bury_orphans() {
    while let Ok(Some(_)) = wait(WaitOptions::NOHANG) {}
}

/// Whether whoever started this program ignores SIGPIPE, as `trap '' PIPE` does. Rust ignores it
/// before `main` is called, so that nothing later can tell.
static IGNORED_BROKEN_PIPES: AtomicBool = AtomicBool::new(false);

#[expect(unsafe_code, reason = "nothing else runs before Rust ignores the signal")]
// SAFETY: what the loader calls there is a function without arguments. It makes a system call and
// writes a flag: neither needs what Rust sets up later.
#[unsafe(link_section = ".init_array")]
#[used]
static LOOK_AT_SIGPIPE: extern "C" fn() = {
    extern "C" fn look_at_sigpipe() {
        let mut now = MaybeUninit::<libc::sigaction>::zeroed();
        // SAFETY: it writes the struct, and changes nothing.
        let is_told = unsafe { libc::sigaction(libc::SIGPIPE, null(), now.as_mut_ptr()) } == 0;
        // SAFETY: all zero it is a valid struct, too.
        let is_ignored = unsafe { now.assume_init() }.sa_sigaction == libc::SIG_IGN;
        IGNORED_BROKEN_PIPES.store(is_told && is_ignored, Ordering::Relaxed);
    }
    look_at_sigpipe
};

/// Leaves SIGPIPE to the command as this program found it. To be called between fork and exec:
/// Rust's own start of a process sets it to end the process.
pub(crate) fn leave_sigpipe_as_found() {
    if IGNORED_BROKEN_PIPES.load(Ordering::Relaxed) {
        #[expect(unsafe_code, reason = "no safe wrapper of this call has none of its own checks")]
        // SAFETY: to ignore a signal runs no code of ours.
        unsafe {
            libc::signal(libc::SIGPIPE, libc::SIG_IGN);
        }
    }
}

/// The signals that do nothing to a process, a bit each.
struct Ignored(u64);

impl Ignored {
    /// None as far as nobody can tell.
    fn by_this_process() -> Ignored {
        let status = fs::read("/proc/self/status").unwrap_or_default();
        Ignored::parse(&String::from_utf8_lossy(&status)).unwrap_or(Ignored(0))
    }

    fn parse(status: &str) -> Option<Ignored> {
        let bits = status.lines().find_map(|line| line.strip_prefix("SigIgn:"))?;
        Some(Ignored(u64::from_str_radix(bits.trim(), 16).ok()?))
    }

    fn has(&self, signal: Signal) -> bool {
        self.0 >> (signal.as_raw() - 1) & 1 == 1
    }
}

/// Stops this process as ctrl-Z would, until it is continued.
pub(crate) fn stand_still() {
    // A process may always signal itself.
    let _ = kill_process(getpid(), Signal::STOP);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lowest_bit_is_of_the_first_signal() {
        let ignored = Ignored::parse("Name:\tx\nSigIgn:\t0000000000001001\nSigCgt:\tf\n").unwrap();
        assert!(ignored.has(Signal::HUP) && ignored.has(Signal::PIPE));
        assert!(!ignored.has(Signal::INT) && !ignored.has(Signal::TERM));
        assert!(Ignored::parse("Name:\tx\n").is_none());
    }
}
