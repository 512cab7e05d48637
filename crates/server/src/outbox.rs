//! The sending half of a connection, and what its client may have under way: the same for every
//! front that carries the protocol's messages, whatever their encoding.

use std::io;
use std::net::Shutdown;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use bramah_core::Time;
use bramah_node::Notice;
use bramah_wire::{Error, ErrorCode, proto};
use bytes::{Buf, BytesMut};
use socket2::SockRef;
use tokio::net::tcp::OwnedWriteHalf;
use tokio::sync::Notify;
use tracing::debug;

use crate::encode;
use crate::limits::{
    CONNECTION_REQUEST_BYTES_MAX, CONNECTION_REQUESTS_MAX, OUT_BYTES_LAGGING, OUT_BYTES_MAX,
    OUT_BYTES_SOFT_MAX,
};
use crate::mutex::lock;
use crate::service::{Answer, Flow, Outlet};

/// Bytes after which a connection lets others take their turn, so that reading its requests keeps
/// nobody waiting for long.
pub(crate) const TURN_BYTES: usize = 256 * 1024;

/// How messages become bytes of a connection.
pub(crate) trait Framing: Send + Sync + 'static {
    /// Adds a message to `out`; if it does not fit its protocol, adds nothing and says why, in
    /// words that stand after "send the answer: ".
    fn put(&self, message: &proto::Message, out: &mut BytesMut) -> Result<(), String>;
}

/// The sending half of a connection. Written to by whoever has something to say, without a task
/// between.
pub(crate) struct Outbox<F> {
    pub(crate) framing: F,
    pub(crate) stream: OwnedWriteHalf,
    out: Mutex<BytesMut>,
    /// The socket took not all: the connection's own task goes on when it takes more.
    blocked: AtomicBool,
    /// More waited than may.
    over: AtomicBool,
    /// The last word was said.
    finished: AtomicBool,
    /// Requests that are not answered yet.
    requests: AtomicUsize,
    /// Their bytes, with those of requests that were answered while others waited.
    request_bytes: AtomicUsize,
    /// Wakes the connection's task: something is to be written, or may be read again.
    pub(crate) wake: Notify,
}

impl<F: Framing> Outbox<F> {
    pub(crate) fn new(stream: OwnedWriteHalf, framing: F) -> Outbox<F> {
        Outbox {
            framing,
            stream,
            out: Mutex::default(),
            blocked: AtomicBool::new(false),
            over: AtomicBool::new(false),
            finished: AtomicBool::new(false),
            requests: AtomicUsize::new(0),
            request_bytes: AtomicUsize::new(0),
            wake: Notify::new(),
        }
    }

    pub(crate) fn is_blocked(&self) -> bool {
        self.blocked.load(Ordering::Acquire)
    }

    pub(crate) fn is_over(&self) -> bool {
        self.over.load(Ordering::Acquire)
    }

    /// A request is passed on.
    pub(crate) fn begin(&self, bytes: usize) {
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
    pub(crate) fn is_full(&self) -> bool {
        let requests = self.requests.load(Ordering::Relaxed);
        requests >= CONNECTION_REQUESTS_MAX
            || (requests > 0 && self.is_heavy())
            || (self.is_blocked() && lock(&self.out).len() >= OUT_BYTES_SOFT_MAX)
    }

    pub(crate) fn put(&self, message: &proto::Message) {
        // Nobody will read it: the connection is about to be closed.
        if self.is_over() || self.finished.load(Ordering::Acquire) {
            return;
        }
        let mut out = lock(&self.out);
        if let Err(why) = self.framing.put(message, &mut out) {
            debug!(why, "a reply did not fit a frame");
            let id = encode::reply_id(message);
            let text = format!("send the answer: {why}; ask for less at a time");
            let error = Error::new(ErrorCode::LimitExceeded, text);
            let _ = self.framing.put(&encode::refusal(id, &error), &mut out);
        }
        self.look_at_room(&out);
    }

    /// Bytes that wait to be sent.
    #[cfg(test)]
    pub(crate) fn waiting_bytes(&self) -> usize {
        lock(&self.out).len()
    }

    /// Adds what is no message: a part of the protocol that carries them.
    pub(crate) fn put_bytes(&self, bytes: &[u8]) {
        if !self.is_over() {
            let mut out = lock(&self.out);
            out.extend_from_slice(bytes);
            self.look_at_room(&out);
        }
    }

    fn look_at_room(&self, out: &BytesMut) {
        if out.len() > OUT_BYTES_MAX {
            self.over.store(true, Ordering::Release);
            self.wake.notify_one();
        }
    }

    /// Adds no more messages: the last word was said.
    pub(crate) fn finish(&self) {
        self.finished.store(true, Ordering::Release);
    }

    /// Tells the peer that nothing more comes.
    pub(crate) fn shut(&self) {
        // A connection that is gone needs no telling.
        let _ = SockRef::from(self.stream.as_ref()).shutdown(Shutdown::Write);
    }

    /// Sends as much as the socket takes. An error is found again by the connection's own task.
    pub(crate) fn send(&self) {
        let mut out = lock(&self.out);
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
    pub(crate) async fn drain(&self) {
        while self.is_blocked() && !self.is_over() {
            if self.stream.writable().await.is_err() {
                return;
            }
            self.send();
        }
    }
}

impl<F: Framing> Outlet for Outbox<F> {
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
        // A client that has nowhere to go finds out soon enough, and comes back here.
        if !servers.is_empty() {
            self.put(&encode::leave(now, revision, servers));
        }
    }

    fn flush(&self) -> Flow {
        self.send();
        match self.is_blocked() && lock(&self.out).len() > OUT_BYTES_LAGGING {
            true => Flow::Lagging,
            false => Flow::Open,
        }
    }
}
