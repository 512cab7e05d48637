//! The first words on a connection between members, on the side that calls.

use std::io;

use bramah_wire::DecodeError;
use bramah_wire::link::{Farewell, Frame, HELLO_BYTES_MAX, Purpose, VERSIONS, Welcome, opening};
use bytes::BytesMut;
use socket2::SockRef;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::post::Post;
use crate::dial::dial;
use crate::limits::{PEER_HELLO_TIME_MAX, PEER_SILENCE_TIME_MAX};
use crate::listener::prepare;

/// Why another node could not be called.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CallError {
    #[error("its address is not known")]
    NoAddress,
    #[error("it did not answer within {PEER_HELLO_TIME_MAX:?}")]
    TimedOut,
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error("what it says cannot be read")]
    Unreadable(#[from] DecodeError),
    #[error("it answers with something else than a member does")]
    NoMember,
    #[error("it refuses: {}", .0.text)]
    Refused(Farewell),
}

/// Connects to another node at the address that is known of it, a name looked up anew.
pub(crate) async fn call(
    post: &Post,
    to: u64,
    purpose: Purpose,
) -> Result<(TcpStream, BytesMut, Welcome), CallError> {
    let address = post.address_of(to).ok_or(CallError::NoAddress)?;
    let calling = async {
        let mut stream = dial(&address).await?;
        prepare(&stream)?;
        if purpose == Purpose::Messages {
            SockRef::from(&stream).set_tcp_user_timeout(Some(PEER_SILENCE_TIME_MAX))?;
        }
        let mut out = BytesMut::from(&opening()[..]);
        Frame::Hello(post.hello(to, purpose)).put(&mut out);
        stream.write_all(&out).await?;
        let mut buffer = BytesMut::new();
        match read_frame(&mut stream, &mut buffer, HELLO_BYTES_MAX).await? {
            Frame::Welcome(welcome) if (VERSIONS.0..=VERSIONS.1).contains(&welcome.version) => {
                Ok((stream, buffer, welcome))
            }
            Frame::Farewell(farewell) => Err(CallError::Refused(farewell)),
            _ => Err(CallError::NoMember),
        }
    };
    timeout(PEER_HELLO_TIME_MAX, calling).await.unwrap_or(Err(CallError::TimedOut))
}

/// The next frame, whole.
pub(crate) async fn read_frame(
    stream: &mut (impl AsyncReadExt + Unpin),
    buffer: &mut BytesMut,
    bytes_max: usize,
) -> Result<Frame, CallError> {
    loop {
        if let Some(frame) = Frame::take(buffer, bytes_max)? {
            return Ok(frame);
        }
        if stream.read_buf(buffer).await? == 0 {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
        }
    }
}
