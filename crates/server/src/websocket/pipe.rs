//! What the protocol's state machine reads from and answers to.

use std::io::{self, Read, Write};

use tokio::net::tcp::OwnedReadHalf;

use super::framing::WebSocketFraming;
use crate::outbox::{Outbox, TURN_BYTES};

/// Reads from the socket, and writes to the connection's outbox.
pub(super) struct Pipe<'a> {
    pub(super) input: OwnedReadHalf,
    pub(super) outbox: &'a Outbox<WebSocketFraming>,
    turn_bytes: usize,
    /// What was read since the last whole message, at most.
    pub(super) message_bytes: usize,
}

impl<'a> Pipe<'a> {
    pub(super) fn new(input: OwnedReadHalf, outbox: &'a Outbox<WebSocketFraming>) -> Pipe<'a> {
        Pipe { input, outbox, turn_bytes: 0, message_bytes: 0 }
    }

    /// True if reading stopped to let others take their turn. There may be more.
    pub(super) fn end_turn(&mut self) -> bool {
        std::mem::take(&mut self.turn_bytes) >= TURN_BYTES
    }

    pub(super) fn into_input(self) -> OwnedReadHalf {
        self.input
    }
}

impl Read for Pipe<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.turn_bytes >= TURN_BYTES {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let bytes = self.input.try_read(buffer)?;
        self.turn_bytes += bytes;
        self.message_bytes += bytes;
        Ok(bytes)
    }
}

impl Write for Pipe<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.outbox.put_bytes(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.outbox.send();
        Ok(())
    }
}
