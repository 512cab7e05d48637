//! A connection whose first bytes were read already, and what it has been doing.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// Gives the bytes that were read to tell the protocol, then the rest.
pub(crate) struct Rewound {
    stream: TcpStream,
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
            is_busy: self.requests.load(Ordering::Relaxed) > 0,
            has_read: self.has_read.swap(false, Ordering::Relaxed),
            has_ended: self.has_ended.swap(false, Ordering::Relaxed),
        }
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
        // What was read so far belonged to requests that are answered.
        self.0.has_read.store(false, Ordering::Relaxed);
        self.0.requests.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Rewound {
    pub(crate) fn new(stream: TcpStream, first: BytesMut, activity: Arc<Activity>) -> Rewound {
        Rewound { stream, first, activity }
    }

    /// The connection, and what was read of it and not used.
    pub(crate) fn into_parts(self) -> (TcpStream, BytesMut) {
        (self.stream, self.first)
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
        ready!(Pin::new(&mut self.stream).poll_read(cx, out))?;
        self.activity.has_read.store(true, Ordering::Relaxed);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Rewound {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
