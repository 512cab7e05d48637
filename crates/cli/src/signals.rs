//! Signals that are sent to this process, and meant for the command that it runs.

use std::io;
use std::task::Poll;

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
    /// From here on these signals do nothing by themselves.
    pub(crate) fn take() -> io::Result<Signals> {
        let stream = |of: Signal| Ok((of, signal(SignalKind::from_raw(of.as_raw()))?));
        Ok(Signals { streams: TAKEN.into_iter().map(stream).collect::<io::Result<_>>()? })
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

/// Stops this process as ctrl-Z would, until it is continued.
pub(crate) fn stand_still() {
    // A process may always signal itself.
    let _ = kill_process(getpid(), Signal::STOP);
}
