//! The native front: length-prefixed protobuf frames over TCP, many requests at once.

use std::io;
use std::sync::Arc;

use bramah_wire::frame::{put_frame, take_frame};
use bramah_wire::{Error, ErrorCode, proto, request};
use bytes::BytesMut;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::net::tcp::OwnedReadHalf;
use tokio::task::yield_now;
use tokio::time::{Instant, sleep_until, timeout};
use tracing::debug;

use crate::encode;
use crate::keys::Keys;
use crate::limits::{BUFFER_BYTES_KEPT, FRAME_TIME_MAX, GOODBYE_TIME_MAX};
use crate::memory::{Account, Charge};
use crate::outbox::{Framing, Outbox, TURN_BYTES, counted_bytes};
use crate::service::Service;

const READ_BYTES: usize = 16 * 1024;

/// Serves a connection that opened as native, until it ends. `buffer` holds what was read after the
/// opening.
pub(crate) async fn serve(
    stream: TcpStream,
    buffer: BytesMut,
    service: &dyn Service,
    account: Arc<Account>,
) {
    let (input, output) = stream.into_split();
    let charge = account.nothing();
    let outlet = Arc::new(Outbox::new(output, NativeFraming, account));
    let client = service.connect(outlet.clone());
    let keys = Keys::default();
    let outbox = &*outlet;
    let mut front =
        Front { outlet: outbox, input, service, client, buffer, charge, keys, frame_since: None };
    let end = front.run().await;
    service.disconnect(client);
    match end {
        Ok(()) => debug!(client = client.0, "connection closed"),
        Err(error) => debug!(client = client.0, %error, "connection ended"),
    }
    let _ = timeout(GOODBYE_TIME_MAX, outlet.drain()).await;
}

struct Front<'a> {
    outlet: &'a Outbox<NativeFraming>,
    input: OwnedReadHalf,
    service: &'a dyn Service,
    client: bramah_node::ClientId,
    buffer: BytesMut,
    /// What is in the buffer, and the requests that came of it and are under way.
    charge: Charge,
    keys: Keys,
    /// When the first byte of the frame that is not whole yet was seen.
    frame_since: Option<Instant>,
}

impl Front<'_> {
    async fn run(&mut self) -> io::Result<()> {
        let mut turn_bytes = 0;
        loop {
            let paused = self.take_requests()?;
            self.count()?;
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

    /// Counts what this connection has under way. One that has more than there is room for is told
    /// so, and ends.
    fn count(&mut self) -> io::Result<()> {
        if self.buffer.is_empty() && self.buffer.capacity() > BUFFER_BYTES_KEPT {
            self.buffer = BytesMut::new();
        }
        let bytes = self.buffer.len() + self.outlet.request_bytes();
        self.charge.grow_to(counted_bytes(bytes)).map_err(|over| {
            let text = format!("read on from this connection: {over}");
            self.refuse(0, Error::new(ErrorCode::LimitExceeded, text));
            io::Error::other(over)
        })
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

/// Length-prefixed protobuf.
struct NativeFraming;

impl Framing for NativeFraming {
    fn put(&self, message: &proto::Message, out: &mut BytesMut) -> Result<(), String> {
        put_frame(message, out).map_err(|too_long| too_long.to_string())
    }
}

#[cfg(test)]
mod tests;
