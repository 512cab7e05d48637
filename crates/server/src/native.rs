//! The native front: length-prefixed protobuf frames over TCP, many requests at once.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bramah_core::Time;
use bramah_node::Notice;
use bramah_wire::frame::{put_frame, take_frame};
use bramah_wire::{Error, ErrorCode, proto, request};
use bytes::{Buf, BytesMut};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::Notify;
use tokio::task::yield_now;
use tokio::time::{Instant, sleep_until, timeout};
use tracing::debug;

use crate::encode;
use crate::keys::Keys;
use crate::limits::{
    CONNECTION_REQUEST_BYTES_MAX, CONNECTION_REQUESTS_MAX, FRAME_TIME_MAX, GOODBYE_TIME_MAX,
    OUT_BYTES_LAGGING, OUT_BYTES_MAX, OUT_BYTES_SOFT_MAX,
};
use crate::service::{Answer, Flow, Outlet, Service};

const READ_BYTES: usize = 16 * 1024;
/// Bytes after which a connection lets others take their turn, so that reading its requests keeps
/// nobody waiting for long.
const TURN_BYTES: usize = 256 * 1024;

/// Serves a connection that opened as native, until it ends. `buffer` holds what was read after the
/// opening.
pub(crate) async fn serve(stream: TcpStream, buffer: BytesMut, service: &dyn Service) {
    let (input, output) = stream.into_split();
    let outlet = Arc::new(NativeOutlet::new(output));
    let client = service.connect(outlet.clone());
    let keys = Keys::default();
    let mut front =
        Front { outlet: &outlet, input, service, client, buffer, keys, frame_since: None };
    let end = front.run().await;
    service.disconnect(client);
    match end {
        Ok(()) => debug!(client = client.0, "connection closed"),
        Err(error) => debug!(client = client.0, %error, "connection ended"),
    }
    let _ = timeout(GOODBYE_TIME_MAX, outlet.drain()).await;
}

struct Front<'a> {
    outlet: &'a NativeOutlet,
    input: OwnedReadHalf,
    service: &'a dyn Service,
    client: bramah_node::ClientId,
    buffer: BytesMut,
    keys: Keys,
    /// When the first byte of the frame that is not whole yet was seen.
    frame_since: Option<Instant>,
}

impl Front<'_> {
    async fn run(&mut self) -> io::Result<()> {
        let mut turn_bytes = 0;
        loop {
            let paused = self.take_requests()?;
            if turn_bytes >= TURN_BYTES {
                turn_bytes = 0;
                yield_now().await;
            }
            if paused || self.buffer.is_empty() {
                self.frame_since = None;
            } else {
                self.frame_since.get_or_insert_with(Instant::now);
            }
            self.buffer.reserve(READ_BYTES);
            tokio::select! {
                // Paused, only a reply or a send can go on from here, and they wake this task.
                read = self.input.read_buf(&mut self.buffer), if !paused => {
                    match read? {
                        0 => return Ok(()),
                        bytes => turn_bytes += bytes,
                    }
                }
                ready = self.outlet.stream.writable(), if self.outlet.is_blocked() => {
                    ready?;
                    self.outlet.send();
                }
                () = self.outlet.wake.notified() => {}
                () = late(self.frame_since) => {
                    let text = format!("read a frame: it did not end within {FRAME_TIME_MAX:?}");
                    self.refuse(0, Error::new(ErrorCode::InvalidFrame, text));
                    return Err(io::ErrorKind::TimedOut.into());
                }
            }
            if self.outlet.is_over() {
                return Err(io::Error::other("its reader is gone or too slow"));
            }
        }
    }

    /// Passes on all whole requests; true if there may be more than may be passed on now.
    fn take_requests(&mut self) -> io::Result<bool> {
        loop {
            if self.outlet.is_full() {
                return Ok(true);
            }
            match take_frame(&mut self.buffer) {
                Ok(None) => return Ok(false),
                Ok(Some(frame)) => {
                    self.frame_since = None;
                    let bytes = frame.len();
                    match request::read(frame, &mut || self.keys.draw()) {
                        Ok(parsed) => {
                            self.outlet.begin(bytes);
                            self.service.ask(self.client, parsed.id, parsed.ask);
                        }
                        Err(refused) => self.refuse(refused.id, refused.error),
                    }
                }
                // What follows cannot be told apart into frames any more.
                Err(too_long) => {
                    self.refuse(0, Error::from(too_long));
                    return Err(io::Error::other(too_long));
                }
            }
        }
    }

    fn refuse(&self, id: u64, error: Error) {
        self.outlet.put(&encode::refusal(id, &error));
        self.outlet.send();
    }
}

/// Waits until a frame that began then has taken too long.
async fn late(since: Option<Instant>) {
    match since {
        Some(since) => sleep_until(since + FRAME_TIME_MAX).await,
        None => std::future::pending().await,
    }
}

/// The sending half of a connection. Written to by whoever has something to say, without a task
/// between.
struct NativeOutlet {
    stream: OwnedWriteHalf,
    out: Mutex<BytesMut>,
    /// The socket took not all: the connection's own task goes on when it takes more.
    blocked: AtomicBool,
    /// More waited than may.
    over: AtomicBool,
    /// Requests that are not answered yet.
    requests: AtomicUsize,
    /// Their bytes, with those of requests that were answered while others waited.
    request_bytes: AtomicUsize,
    /// Wakes the connection's task: something is to be written, or may be read again.
    wake: Notify,
}

impl NativeOutlet {
    fn new(stream: OwnedWriteHalf) -> NativeOutlet {
        NativeOutlet {
            stream,
            out: Mutex::default(),
            blocked: AtomicBool::new(false),
            over: AtomicBool::new(false),
            requests: AtomicUsize::new(0),
            request_bytes: AtomicUsize::new(0),
            wake: Notify::new(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, BytesMut> {
        self.out.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_blocked(&self) -> bool {
        self.blocked.load(Ordering::Acquire)
    }

    fn is_over(&self) -> bool {
        self.over.load(Ordering::Acquire)
    }

    /// A request is passed on.
    fn begin(&self, bytes: usize) {
        if self.requests.fetch_add(1, Ordering::Relaxed) == 0 {
            self.request_bytes.store(0, Ordering::Relaxed);
        }
        self.request_bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// So many bytes were asked that all of it must be answered before there may be more.
    fn is_heavy(&self) -> bool {
        self.request_bytes.load(Ordering::Relaxed) >= CONNECTION_REQUEST_BYTES_MAX
    }

    /// Nothing more may be asked before something is answered or sent.
    fn is_full(&self) -> bool {
        let requests = self.requests.load(Ordering::Relaxed);
        requests >= CONNECTION_REQUESTS_MAX
            || (requests > 0 && self.is_heavy())
            || (self.is_blocked() && self.lock().len() >= OUT_BYTES_SOFT_MAX)
    }

    fn put(&self, message: &proto::Message) {
        // Nobody will read it: the connection is about to be closed.
        if self.is_over() {
            return;
        }
        let mut out = self.lock();
        if let Err(too_long) = put_frame(message, &mut out) {
            debug!(%too_long, "a reply did not fit a frame");
            let id = encode::reply_id(message);
            let text = format!("send the answer: {too_long}; ask for less at a time");
            let error = Error::new(ErrorCode::LimitExceeded, text);
            let _ = put_frame(&encode::refusal(id, &error), &mut out);
        }
        if out.len() > OUT_BYTES_MAX {
            self.over.store(true, Ordering::Release);
            self.wake.notify_one();
        }
    }

    /// Sends as much as the socket takes. An error is found again by the connection's own task.
    fn send(&self) {
        let mut out = self.lock();
        while !out.is_empty() {
            match self.stream.try_write(&out) {
                Ok(sent) => out.advance(sent),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(_) => {
                    out.clear();
                    self.over.store(true, Ordering::Release);
                }
            }
        }
        let was_blocked = self.blocked.swap(!out.is_empty(), Ordering::AcqRel);
        if was_blocked == out.is_empty() {
            self.wake.notify_one();
        }
    }

    /// Sends the rest before the connection is closed.
    async fn drain(&self) {
        while self.is_blocked() && !self.is_over() {
            if self.stream.writable().await.is_err() {
                return;
            }
            self.send();
        }
    }
}

impl Outlet for NativeOutlet {
    fn reply(&self, id: u64, now: Time, answer: Answer) {
        self.put(&encode::answer(id, now, answer));
        let requests = self.requests.fetch_sub(1, Ordering::Relaxed);
        if requests == CONNECTION_REQUESTS_MAX || (requests == 1 && self.is_heavy()) {
            self.wake.notify_one();
        }
    }

    fn notice(&self, now: Time, notice: Notice) {
        if let Some(message) = encode::notice(now, &notice) {
            self.put(&message);
        }
    }

    fn leave(&self, now: Time, revision: u64, servers: &[String]) {
        self.put(&encode::leave(now, revision, servers));
    }

    fn flush(&self) -> Flow {
        self.send();
        match self.is_blocked() && self.lock().len() > OUT_BYTES_LAGGING {
            true => Flow::Lagging,
            false => Flow::Open,
        }
    }
}

#[cfg(test)]
mod tests;
