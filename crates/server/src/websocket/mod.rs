//! The WebSocket front: the messages of the native protocol, each in a message of a WebSocket, as
//! protobuf or as JSON.
//!
//! The protocol's state machine is tungstenite's, which only reads here: what is sent is put into
//! the connection's [`Outbox`] by whoever has something to say, as on a native connection, without
//! a task between. Both sides of a connection may be silent for long, so a client that says nothing
//! is asked for a sign of life; a session that is bound to the connection ends with it.

mod framing;
mod handover;
mod handshake;
mod origin;
mod pipe;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bramah_wire::frame::FRAME_BYTES_MAX;
use bramah_wire::request::ErrorReply;
use bramah_wire::{Error, ErrorCode, json, request};
use tokio::net::TcpStream;
use tokio::task::yield_now;
use tokio::time::{Instant, sleep_until, timeout};
use tracing::debug;
use tungstenite::protocol::frame::coding::CloseCode;
use tungstenite::protocol::{CloseFrame, Message, Role, WebSocketConfig, WebSocketContext};

use self::framing::{Format, WebSocketFraming};
use self::pipe::Pipe;
use crate::encode;
use crate::keys::Keys;
use crate::limits::{GOODBYE_TIME_MAX, WEBSOCKET_PING_AFTER, WEBSOCKET_SILENCE_TIME_MAX};
use crate::listener::read_rest;
use crate::memory::{Account, Charge};
use crate::outbox::{Outbox, counted_bytes};
use crate::service::Service;

pub(crate) use self::handover::{Handover, upgrade};
pub(crate) use self::handshake::agree;
pub(crate) use self::origin::Origins;

/// Room for what is read at once. It is made for each connection, of which most are idle.
const READ_BYTES: usize = 4 * 1024;

/// How long a client may be silent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// Before it is asked for a sign of life.
    pub(crate) ping_after: Duration,
    /// Before its connection ends.
    pub(crate) silence_max: Duration,
}

/// Serves a connection that became a WebSocket, until it ends. `first` was read of it already;
/// `format` was agreed on, or else its first message decides.
pub(crate) async fn serve(
    stream: TcpStream,
    first: Vec<u8>,
    format: Option<Format>,
    patience: Patience,
    service: &dyn Service,
    account: Arc<Account>,
) {
    let (input, output) = stream.into_split();
    let charge = account.nothing();
    let outbox = Arc::new(Outbox::new(output, WebSocketFraming::new(format), account));
    let config = WebSocketConfig::default()
        .read_buffer_size(READ_BYTES)
        .write_buffer_size(0)
        .max_message_size(Some(FRAME_BYTES_MAX))
        .max_frame_size(Some(FRAME_BYTES_MAX));
    let client = service.connect(outbox.clone());
    let mut front = Front {
        context: WebSocketContext::from_partially_read(first, Role::Server, Some(config)),
        pipe: Pipe::new(input, &outbox),
        service,
        client,
        charge,
        keys: Keys::default(),
        patience,
        heard: Instant::now(),
        is_asked: false,
    };
    let end = front.run().await;
    outbox.finish();
    service.disconnect(client);
    debug!(client = client.0, ?end, "WebSocket ended");
    let mut input = front.pipe.into_input();
    // The answer to a close frame waits still.
    outbox.send();
    let goodbye = async {
        outbox.drain().await;
        if matches!(end, End::Refused(_)) {
            // As in `say_goodbye`, or the peer would not read why.
            outbox.shut();
            read_rest(&mut input).await;
        }
    };
    let _ = timeout(GOODBYE_TIME_MAX, goodbye).await;
}

impl Default for Patience {
    fn default() -> Patience {
        Patience { ping_after: WEBSOCKET_PING_AFTER, silence_max: WEBSOCKET_SILENCE_TIME_MAX }
    }
}

/// How a connection ended, and why, for the log.
#[derive(Debug)]
#[expect(dead_code, reason = "the log says why")]
enum End {
    /// By its client: a close frame, or the end of the stream.
    Closed,
    /// By this server, which said so in a close frame.
    Refused(&'static str),
    /// It broke.
    Broken(io::Error),
}

/// What there is to do when no more messages are taken for now.
enum Next {
    /// Wait for more.
    Read,
    /// First something must be answered or sent.
    Pause,
    /// Let others take their turn.
    Yield,
}

struct Front<'a> {
    context: WebSocketContext,
    pipe: Pipe<'a>,
    service: &'a dyn Service,
    client: bramah_node::ClientId,
    /// What came of messages that are not whole, and the requests that are under way.
    charge: Charge,
    keys: Keys,
    patience: Patience,
    /// When the last whole message came, of whatever kind.
    heard: Instant,
    /// It was asked for a sign of life since.
    is_asked: bool,
}

impl Front<'_> {
    async fn run(&mut self) -> End {
        loop {
            let next = match self.take_messages() {
                Ok(next) => next,
                Err(end) => return end,
            };
            let paused = match next {
                Next::Read => false,
                Next::Pause => {
                    // Its silence is this server's doing.
                    self.hear();
                    true
                }
                Next::Yield => {
                    yield_now().await;
                    continue;
                }
            };
            let outbox = self.pipe.outbox;
            tokio::select! {
                ready = self.pipe.input.readable(), if !paused => {
                    if let Err(error) = ready {
                        return End::Broken(error);
                    }
                }
                ready = outbox.stream.writable(), if outbox.is_blocked() => {
                    if let Err(error) = ready {
                        return End::Broken(error);
                    }
                    outbox.send();
                }
                () = outbox.wake.notified() => {}
                () = sleep_until(self.heard + self.patience_left()) => {
                    if let Some(end) = self.ask_for_sign() {
                        return end;
                    }
                }
            }
            if outbox.is_over() {
                return End::Broken(io::Error::other("its reader is gone or too slow"));
            }
        }
    }

    /// Passes on the requests that came, until there is a reason to stop.
    fn take_messages(&mut self) -> Result<Next, End> {
        use tungstenite::Error as Broken;
        loop {
            if self.pipe.outbox.is_full() {
                return Ok(Next::Pause);
            }
            let message = match self.context.read(&mut self.pipe) {
                Ok(message) => message,
                Err(Broken::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => {
                    let bytes = self.pipe.message_bytes + self.pipe.outbox.request_bytes();
                    if let Err(over) = self.charge.grow_to(counted_bytes(bytes)) {
                        let text = format!("read on from this connection: {over}");
                        let error = Error::new(ErrorCode::LimitExceeded, text);
                        return Err(self.refuse_all(&error, CloseCode::Again, "no memory"));
                    }
                    let next = if self.pipe.end_turn() { Next::Yield } else { Next::Read };
                    return Ok(next);
                }
                Err(Broken::Io(error)) => return Err(End::Broken(error)),
                Err(Broken::ConnectionClosed | Broken::AlreadyClosed) => return Err(End::Closed),
                Err(Broken::Protocol(
                    tungstenite::error::ProtocolError::ResetWithoutClosingHandshake,
                )) => return Err(End::Closed),
                Err(Broken::Capacity(error)) => {
                    let text = format!("take the message: {error}; send less at once");
                    let error = Error::new(ErrorCode::FrameTooLarge, text);
                    return Err(self.refuse_all(&error, CloseCode::Size, "message too long"));
                }
                Err(Broken::Utf8(error)) => {
                    let text = format!("read the text: it is not UTF-8: {error}");
                    let error = Error::new(ErrorCode::InvalidFrame, text);
                    return Err(self.refuse_all(&error, CloseCode::Invalid, "text is not UTF-8"));
                }
                Err(error) => {
                    let text = format!("go on with the WebSocket: {error}");
                    let error = Error::new(ErrorCode::InvalidFrame, text);
                    return Err(self.refuse_all(&error, CloseCode::Protocol, "protocol error"));
                }
            };
            self.hear();
            self.pipe.message_bytes = 0;
            let format = match message {
                Message::Text(_) => Format::Json,
                Message::Binary(_) => Format::Proto,
                // Answered by the state machine; a close frame too, before it says so.
                Message::Ping(_) | Message::Pong(_) | Message::Close(_) | Message::Frame(_) => {
                    continue;
                }
            };
            let bytes = message.len();
            let parsed = match self.pipe.outbox.framing.agree_on(format) {
                Err(error) => Err(ErrorReply { id: 0, error }),
                Ok(()) => match message {
                    Message::Text(text) => json::read(text.as_str(), &mut || self.keys.draw()),
                    other => request::read(other.into_data(), &mut || self.keys.draw()),
                },
            };
            match parsed {
                Ok(parsed) => {
                    self.pipe.outbox.begin(bytes);
                    self.service.ask(self.client, parsed.id, parsed.ask);
                }
                Err(refused) => self.refuse(refused.id, &refused.error),
            }
        }
    }

    fn hear(&mut self) {
        self.heard = Instant::now();
        self.is_asked = false;
    }

    fn patience_left(&self) -> Duration {
        match self.is_asked {
            false => self.patience.ping_after,
            true => self.patience.silence_max,
        }
    }

    /// The client was silent for as long as it may: asks for a sign of life, and ends the
    /// connection when there is none.
    fn ask_for_sign(&mut self) -> Option<End> {
        if self.is_asked {
            let text = format!("hear of the client: nothing for {:?}", self.patience.silence_max);
            let error = Error::new(ErrorCode::InvalidFrame, text);
            return Some(self.refuse_all(&error, CloseCode::Policy, "silence"));
        }
        self.is_asked = true;
        // What is wrong with the connection is found when it is read.
        let _ = self.context.write(&mut self.pipe, Message::Ping(Default::default()));
        let _ = self.context.flush(&mut self.pipe);
        None
    }

    fn refuse(&self, id: u64, error: &Error) {
        self.pipe.outbox.put(&encode::refusal(id, error));
        self.pipe.outbox.send();
    }

    /// Says why nothing more is read, and closes.
    fn refuse_all(&mut self, error: &Error, code: CloseCode, reason: &'static str) -> End {
        self.refuse(0, error);
        let frame = CloseFrame { code, reason: reason.into() };
        // A connection that takes no close frame needs none.
        let _ = self.context.close(&mut self.pipe, Some(frame));
        End::Refused(reason)
    }
}

#[cfg(test)]
mod tests;
