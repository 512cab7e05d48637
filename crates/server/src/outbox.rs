//! The sending half of a connection, and what its client may have under way: the same for every
//! front that carries the protocol's messages, whatever their encoding.

use std::io;
use std::net::Shutdown;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

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
    BUFFER_BYTES_KEPT, CONNECTION_BUFFER_BYTES, CONNECTION_REQUEST_BYTES_MAX,
    CONNECTION_REQUESTS_MAX, OUT_BYTES_LAGGING, OUT_BYTES_MAX, OUT_BYTES_SOFT_MAX,
};
use crate::memory::{Account, Charge};
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
    out: Mutex<Waiting>,
    /// What this connection has of the memory of all.
    pub(crate) account: Arc<Account>,
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

/// What waits to be sent.
struct Waiting {
    bytes: BytesMut,
    charge: Charge,
    /// The most that waited since the buffer was made.
    bytes_peak: usize,
}

impl<F: Framing> Outbox<F> {
    pub(crate) fn new(stream: OwnedWriteHalf, framing: F, account: Arc<Account>) -> Outbox<F> {
        let (bytes, charge) = (BytesMut::new(), account.nothing());
        Outbox {
            framing,
            stream,
            out: Mutex::new(Waiting { bytes, charge, bytes_peak: 0 }),
            account,
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

    /// Bytes of requests that are under way.
    pub(crate) fn request_bytes(&self) -> usize {
        match self.requests.load(Ordering::Relaxed) {
            0 => 0,
            _ => self.request_bytes.load(Ordering::Relaxed),
        }
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
            || (self.is_blocked() && self.waiting_bytes() >= self.bound(OUT_BYTES_SOFT_MAX))
    }

    pub(crate) fn put(&self, message: &proto::Message) {
        // Nobody will read it: the connection is about to be closed.
        if self.is_over() || self.finished.load(Ordering::Acquire) {
            return;
        }
        let mut out = lock(&self.out);
        if let Err(why) = self.framing.put(message, &mut out.bytes) {
            debug!(why, "a reply did not fit a frame");
            let id = encode::reply_id(message);
            let text = format!("send the answer: {why}; ask for less at a time");
            let error = Error::new(ErrorCode::LimitExceeded, text);
            let _ = self.framing.put(&encode::refusal(id, &error), &mut out.bytes);
        }
        self.look_at_room(&mut out);
    }

    /// Bytes that wait to be sent.
    pub(crate) fn waiting_bytes(&self) -> usize {
        lock(&self.out).bytes.len()
    }

    /// A bound on those, which falls with what is left for all connections: in the same ratio to
    /// [`OUT_BYTES_MAX`] as `bytes_max`.
    fn bound(&self, bytes_max: usize) -> usize {
        let most = self.account.bound(OUT_BYTES_MAX).max(CONNECTION_BUFFER_BYTES);
        bytes_max.min(most / (OUT_BYTES_MAX / bytes_max))
    }

    /// Adds what is no message: a part of the protocol that carries them.
    pub(crate) fn put_bytes(&self, bytes: &[u8]) {
        if !self.is_over() {
            let mut out = lock(&self.out);
            out.bytes.extend_from_slice(bytes);
            self.look_at_room(&mut out);
        }
    }

    fn look_at_room(&self, out: &mut Waiting) {
        out.bytes_peak = out.bytes_peak.max(out.bytes.len());
        let mut counted = out.charge.grow_to(counted_bytes(out.bytes.len()));
        if counted.is_err() && !self.is_blocked() {
            // Whoever reads must not pay for those who do not.
            self.send_of(out);
            counted = out.charge.grow_to(counted_bytes(out.bytes.len()));
        }
        if counted.is_err() || out.bytes.len() > OUT_BYTES_MAX {
            self.give_up(out);
        }
    }

    /// Sends nothing more: the connection is about to be closed.
    fn give_up(&self, out: &mut Waiting) {
        out.bytes = BytesMut::new();
        out.charge.set(0);
        self.over.store(true, Ordering::Release);
        self.wake.notify_one();
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
        self.send_of(&mut lock(&self.out));
    }

    fn send_of(&self, out: &mut Waiting) {
        while !out.bytes.is_empty() {
            match self.stream.try_write(&out.bytes) {
                Ok(sent) => out.bytes.advance(sent),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(_) => self.give_up(out),
            }
        }
        if out.bytes.is_empty() && out.bytes_peak > BUFFER_BYTES_KEPT {
            (out.bytes, out.bytes_peak) = (BytesMut::new(), 0);
        }
        out.charge.set(counted_bytes(out.bytes.len()));
        let was_blocked = self.blocked.swap(!out.bytes.is_empty(), Ordering::AcqRel);
        if was_blocked == out.bytes.is_empty() {
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

/// Of a buffer's bytes those that its connection is not counted as anyway.
pub(crate) fn counted_bytes(bytes: usize) -> usize {
    bytes.saturating_sub(CONNECTION_BUFFER_BYTES)
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
        match self.is_blocked() && self.waiting_bytes() > self.bound(OUT_BYTES_LAGGING) {
            true => Flow::Lagging,
            false => Flow::Open,
        }
    }
}
