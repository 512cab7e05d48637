//! Signals that are sent to this process, and meant for the command that it runs.

use std::io;
use std::task::Poll;

use rustix::process::Signal;
use tokio::signal::unix::{Signal as Stream, SignalKind, signal};

/// What is passed on to the command.
const FORWARDED: [Signal; 7] = [
    Signal::TERM,
    Signal::INT,
    Signal::HUP,
    Signal::QUIT,
    Signal::USR1,
    Signal::USR2,
    Signal::WINCH,
];

/// Takes signals as they come, instead of dying of them.
pub(crate) struct Signals {
    streams: Vec<(Signal, Stream)>,
}

impl Signals {
    /// From here on the signals that are passed on end nothing by themselves.
    pub(crate) fn take() -> io::Result<Signals> {
        let stream = |of: Signal| Ok((of, signal(SignalKind::from_raw(of.as_raw()))?));
        Ok(Signals { streams: FORWARDED.into_iter().map(stream).collect::<io::Result<_>>()? })
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
            let signal = self.next().await;
            if matches!(signal, Signal::TERM | Signal::INT | Signal::HUP | Signal::QUIT) {
                return signal;
            }
        }
    }
}
