//! Signals that are sent to this process, and meant for the command that it runs.

use std::task::Poll;
use std::{fs, io};

use rustix::process::{Signal, getpid, kill_process};
use tokio::signal::unix::{Signal as Stream, SignalKind, signal};

/// What does not end this process by itself, but is for the command as well or tells of it.
const TAKEN: [Signal; 9] = [
    Signal::TERM,
    Signal::INT,
    Signal::HUP,
    Signal::QUIT,
    Signal::USR1,
    Signal::USR2,
    Signal::WINCH,
    Signal::TSTP,
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
