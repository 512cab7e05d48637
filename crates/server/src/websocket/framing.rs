//! Messages of the protocol as messages of a WebSocket.

use std::sync::atomic::{AtomicU8, Ordering};

use bramah_wire::frame::put_bare;
use bramah_wire::{Error, ErrorCode, json, proto};
use bytes::{BufMut, BytesMut};
use tungstenite::protocol::frame::FrameHeader;
use tungstenite::protocol::frame::coding::{Data, OpCode};

use crate::outbox::Framing;

/// What the messages of a connection are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// Protobuf in binary messages.
    Proto = 1,
    /// JSON in text messages.
    Json = 2,
}

impl Format {
    const ALL: [Format; 2] = [Format::Proto, Format::Json];

    /// The name of the subprotocol.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Format::Proto => "bramah.v1.proto",
            Format::Json => "bramah.v1.json",
        }
    }

    /// The subprotocol of this name.
    pub(crate) fn from_name(name: &str) -> Option<Format> {
        Format::ALL.into_iter().find(|format| format.name() == name)
    }
}

/// Unmasked frames, as a server sends them: each message is one.
pub(super) struct WebSocketFraming {
    /// A [`Format`], or 0 while the client has not shown which.
    format: AtomicU8,
}

impl WebSocketFraming {
    pub(super) fn new(format: Option<Format>) -> WebSocketFraming {
        WebSocketFraming { format: AtomicU8::new(format.map_or(0, |format| format as u8)) }
    }

    fn format(&self) -> Option<Format> {
        let number = self.format.load(Ordering::Relaxed);
        Format::ALL.into_iter().find(|format| *format as u8 == number)
    }

    /// The client sends a message of this format: the first one decides, if nothing else did.
    pub(super) fn agree_on(&self, format: Format) -> Result<(), Error> {
        match self.format() {
            Some(agreed) if agreed == format => Ok(()),
            None => {
                self.format.store(format as u8, Ordering::Relaxed);
                Ok(())
            }
            Some(agreed) => {
                let (kind, other) = match agreed {
                    Format::Proto => ("binary", "text"),
                    Format::Json => ("text", "binary"),
                };
                let name = agreed.name();
                let text = format!(
                    "read the request: this connection speaks {name} in {kind} messages, \
                     and this was a {other} message"
                );
                Err(Error::new(ErrorCode::InvalidFrame, text))
            }
        }
    }
}

impl Framing for WebSocketFraming {
    fn put(&self, message: &proto::Message, out: &mut BytesMut) -> Result<(), String> {
        /// The header of most messages.
        const HEADER_BYTES: usize = 4;
        let start = out.len();
        // How long a message is is known behind it, and its header stands before.
        out.put_bytes(0, HEADER_BYTES);
        let (data, put) = match self.format() {
            Some(Format::Proto) => {
                (Data::Binary, put_bare(message, out).map_err(|error| error.to_string()))
            }
            // Who has not shown what it speaks can read text.
            Some(Format::Json) | None => {
                (Data::Text, json::put_message(message, out).map_err(|error| error.to_string()))
            }
        };
        put.inspect_err(|_| out.truncate(start))?;
        let payload = start + HEADER_BYTES..out.len();
        let header = FrameHeader { opcode: OpCode::Data(data), ..FrameHeader::default() };
        let to = start + header.len(payload.len() as u64);
        if to != payload.start {
            out.put_bytes(0, to.saturating_sub(payload.start));
            out.copy_within(payload.clone(), to);
            out.truncate(to + payload.len());
        }
        // There is as much room as it said.
        let _ = header.format(payload.len() as u64, &mut &mut out[start..to]);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use bramah_wire::frame::FRAME_BYTES_MAX;
    use proptest::prelude::*;

    use super::*;
    use crate::encode;

    /// A message whose JSON has about so many bytes.
    fn message(bytes: usize) -> proto::Message {
        encode::leave(bramah_core::Time(1), 1, &["x".repeat(bytes)])
    }

    fn text(out: &BytesMut, start: usize) -> String {
        let mut cursor = Cursor::new(&out[start..]);
        let (header, bytes) = FrameHeader::parse(&mut cursor).unwrap().unwrap();
        assert_eq!(header.opcode, OpCode::Data(Data::Text));
        assert!(header.is_final && header.mask.is_none());
        let payload = &out[start + cursor.position() as usize..];
        assert_eq!(payload.len() as u64, bytes);
        String::from_utf8(payload.to_vec()).unwrap()
    }

    #[test]
    fn a_text_s_header_has_its_length_whatever_it_is() {
        let framing = WebSocketFraming::new(Some(Format::Json));
        let empty = text_of(&framing, 0);
        for bytes in [0, 1, 125, 126, 127, 4_000, 65_535, 65_536, 65_537, 1_000_000] {
            let Some(len) = usize::checked_sub(bytes, empty.len()) else { continue };
            let text = text_of(&framing, len);
            assert_eq!(text.len(), bytes);
            assert_eq!(json::take_message(&text), Ok(message(len)));
        }
    }

    fn text_of(framing: &WebSocketFraming, name_bytes: usize) -> String {
        let mut out = BytesMut::from("before");
        framing.put(&message(name_bytes), &mut out).unwrap();
        assert_eq!(&out[..6], b"before");
        text(&out, 6)
    }

    #[test]
    fn what_fits_no_frame_adds_nothing() {
        for format in [Format::Json, Format::Proto] {
            let framing = WebSocketFraming::new(Some(format));
            let mut out = BytesMut::from("before");
            let why = framing.put(&message(FRAME_BYTES_MAX), &mut out).unwrap_err();
            assert!(why.contains("at most 1048576"), "{why}");
            assert_eq!(out, "before");
        }
    }

    #[test]
    fn the_first_message_decides_and_the_other_kind_is_refused_after_it() {
        for (first, other) in [(Format::Json, Format::Proto), (Format::Proto, Format::Json)] {
            let framing = WebSocketFraming::new(None);
            assert_eq!(framing.format(), None);
            framing.agree_on(first).unwrap();
            framing.agree_on(first).unwrap();
            let error = framing.agree_on(other).unwrap_err();
            assert!(error.message.contains(first.name()), "{error}");
            assert_eq!(framing.format(), Some(first));
        }
    }

    proptest! {
        #[test]
        fn every_length_is_framed(bytes in 0..70_000usize) {
            let framing = WebSocketFraming::new(Some(Format::Json));
            let text = text_of(&framing, bytes);
            prop_assert_eq!(json::take_message(&text), Ok(message(bytes)));
        }
    }
}
