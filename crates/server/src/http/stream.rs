//! A connection whose first bytes were read already, and what it has been doing.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};

use bytes::{Buf, BytesMut};
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

/// Gives the bytes that were read to tell the protocol, then the rest.
pub(crate) struct Rewound {
    input: OwnedReadHalf,
    output: Arc<OwnedWriteHalf>,
    first: BytesMut,
    activity: Arc<Activity>,
}

/// What a connection is doing, for the time-outs.
#[derive(Default)]
pub(crate) struct Activity {
    /// Requests that were read and are not answered to their last byte.
    requests: AtomicUsize,
    /// Something came since the last look.
    has_read: AtomicBool,
    /// A request ended since the last look.
    has_ended: AtomicBool,
    /// How many requests ended.
    answered: AtomicUsize,
    /// Parts of answers that wait to be taken, and how many were.
    untaken: AtomicUsize,
    taken: AtomicUsize,
}

/// What was seen since the last look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) is_busy: bool,
    pub(crate) has_read: bool,
    pub(crate) has_ended: bool,
}

impl Activity {
    pub(crate) fn look(&self) -> Seen {
        Seen {
            is_busy: self.is_busy(),
            has_read: self.has_read.swap(false, Ordering::Relaxed),
            has_ended: self.has_ended.swap(false, Ordering::Relaxed),
        }
    }

    /// A request is under way.
    pub(crate) fn is_busy(&self) -> bool {
        self.requests.load(Ordering::Relaxed) > 0
    }

    /// How many requests ended so far.
    pub(crate) fn answered(&self) -> usize {
        self.answered.load(Ordering::Relaxed)
    }

    /// How many parts of answers were taken so far.
    pub(crate) fn taken(&self) -> usize {
        self.taken.load(Ordering::Relaxed)
    }

    /// Some part of an answer waits to be taken.
    pub(crate) fn has_untaken(&self) -> bool {
        self.untaken.load(Ordering::Relaxed) > 0
    }

    /// A request begins; it ends when what is returned is dropped.
    pub(crate) fn begin(self: &Arc<Activity>) -> Busy {
        self.requests.fetch_add(1, Ordering::Relaxed);
        Busy(self.clone())
    }
}

/// A request that is not answered to its last byte.
pub(crate) struct Busy(Arc<Activity>);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.has_ended.store(true, Ordering::Relaxed);
        self.0.answered.fetch_add(1, Ordering::Relaxed);
        // What was read so far belonged to requests that are answered.
        self.0.has_read.store(false, Ordering::Relaxed);
        self.0.requests.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Busy {
    /// A part of the answer waits, until what is returned is dropped.
    pub(crate) fn untaken(&self) -> Untaken {
        self.0.untaken.fetch_add(1, Ordering::Relaxed);
        Untaken(self.0.clone())
    }
}

/// A part of an answer that waits to be taken.
pub(crate) struct Untaken(Arc<Activity>);

impl Drop for Untaken {
    fn drop(&mut self) {
        self.0.taken.fetch_add(1, Ordering::Relaxed);
        self.0.untaken.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Sees the end of a connection, whoever reads it, and though nobody does.
pub(crate) struct Ending(Arc<OwnedWriteHalf>);

impl Ending {
    /// Waits until the client says nothing more, or is gone. What it said before may be unread.
    pub(crate) async fn came(&self) {
        // In this interest is the end of what is read, and not that there is something to read. No
        // socket of this server has priority data.
        let ended = self.0.ready(Interest::PRIORITY | Interest::ERROR).await;
        debug_assert!(!ended.is_ok_and(|ready| ready.is_priority()));
    }

    /// How many bytes came that nobody read.
    pub(crate) fn unread(&self) -> u64 {
        let stream: &TcpStream = (*self.0).as_ref();
        rustix::io::ioctl_fionread(stream).unwrap_or_default()
    }
}

impl Rewound {
    pub(crate) fn new(stream: TcpStream, first: BytesMut, activity: Arc<Activity>) -> Rewound {
        let (input, output) = stream.into_split();
        Rewound { input, output: Arc::new(output), first, activity }
    }

    pub(crate) fn ending(&self) -> Ending {
        Ending(self.output.clone())
    }

    /// The connection, and what was read of it and not used. None while somebody looks for its end.
    pub(crate) fn into_parts(self) -> Option<(TcpStream, BytesMut)> {
        let output = Arc::try_unwrap(self.output).ok()?;
        Some((self.input.reunite(output).ok()?, self.first))
    }

    /// Writes as soon as the socket takes something.
    fn poll_try(
        &self,
        cx: &mut Context<'_>,
        mut write: impl FnMut(&OwnedWriteHalf) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        loop {
            let stream: &TcpStream = (*self.output).as_ref();
            ready!(stream.poll_write_ready(cx))?;
            match write(&self.output) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                done => return Poll::Ready(done),
            }
        }
    }
}

impl AsyncRead for Rewound {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        out: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.first.is_empty() {
            let len = self.first.len().min(out.remaining());
            out.put_slice(&self.first[..len]);
            self.first.advance(len);
            return Poll::Ready(Ok(()));
        }
        ready!(Pin::new(&mut self.input).poll_read(cx, out))?;
        self.activity.has_read.store(true, Ordering::Relaxed);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Rewound {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_try(cx, |output| output.try_write(bytes))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.poll_try(cx, |output| output.try_write_vectored(parts))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        let stream: &TcpStream = (*self.output).as_ref();
        Poll::Ready(SockRef::from(stream).shutdown(std::net::Shutdown::Write))
    }
}
