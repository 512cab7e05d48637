//! The one port: takes connections, and tells by their first bytes which front serves them.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bramah_wire::frame::{OPENING, Opening, check_version, put_frame};
use bramah_wire::{Error, ErrorCode};
use bytes::{Buf, BytesMut};
use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};
use tracing::{debug, warn};

use crate::limits::{
    GOODBYE_TIME_MAX, OPENING_TIME_MAX, REFUSALS_MAX, TCP_IDLE, TCP_PROBE_INTERVAL, TCP_PROBES,
    TCP_USER_TIMEOUT,
};
use crate::service::Service;
use crate::{encode, native};

/// How long accepting rests after it failed, for want of memory or file descriptors.
const ACCEPT_REST: Duration = Duration::from_millis(100);

/// Takes connections for ever, at most `connections_max` at a time. Some more are taken to be told
/// so; beyond these the kernel keeps them waiting, so that file descriptors are left for the log.
pub(crate) async fn accept(
    listener: Arc<TcpListener>,
    service: Arc<dyn Service>,
    connections_max: usize,
) {
    let connections = Arc::new(Semaphore::new(connections_max));
    let refusals = Arc::new(Semaphore::new(REFUSALS_MAX));
    loop {
        // Neither semaphore is ever closed.
        let Ok(refusal) = refusals.clone().acquire_owned().await else { return };
        let (stream, peer) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                warn!(%error, "could not accept a connection");
                sleep(ACCEPT_REST).await;
                continue;
            }
        };
        if let Err(error) = prepare(&stream) {
            debug!(%peer, %error, "connection lost before it began");
            continue;
        }
        let Ok(connection) = connections.clone().try_acquire_owned() else {
            tokio::spawn(async move {
                let text =
                    format!("take the connection: the server has {connections_max}, its limit");
                refuse(stream, Error::new(ErrorCode::LimitExceeded, text)).await;
                drop(refusal);
            });
            continue;
        };
        let service = service.clone();
        tokio::spawn(async move {
            serve(stream, peer, service).await;
            drop(connection);
        });
    }
}

async fn serve(mut stream: TcpStream, peer: SocketAddr, service: Arc<dyn Service>) {
    let mut buffer = BytesMut::new();
    match timeout(OPENING_TIME_MAX, read_opening(&mut stream, &mut buffer)).await {
        Err(_) => {
            let text = format!("tell what is spoken: nothing came within {OPENING_TIME_MAX:?}");
            refuse(stream, Error::new(ErrorCode::InvalidFrame, text)).await;
        }
        Ok(Err(error)) => debug!(%peer, %error, "connection ended before it began"),
        Ok(Ok(Opening::Native(version))) => match check_version(version) {
            Ok(()) => native::serve(stream, buffer, service.as_ref()).await,
            Err(error) => refuse(stream, error).await,
        },
        Ok(Ok(Opening::Unknown | Opening::Incomplete)) => {
            debug!(%peer, first = ?&buffer[..buffer.len().min(16)], "unknown protocol");
            refuse_unknown(stream, &buffer).await;
        }
    }
}

/// Reads until it is clear what the connection speaks, and takes a native opening off the buffer.
async fn read_opening(stream: &mut TcpStream, buffer: &mut BytesMut) -> io::Result<Opening> {
    loop {
        match Opening::check(buffer) {
            Opening::Incomplete => {}
            Opening::Native(version) => {
                buffer.advance(OPENING.len());
                return Ok(Opening::Native(version));
            }
            Opening::Unknown => return Ok(Opening::Unknown),
        }
        if stream.read_buf(buffer).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
}

/// Says why, in native frames, and closes.
async fn refuse(mut stream: TcpStream, error: Error) {
    let mut out = BytesMut::new();
    if put_frame(&encode::refusal(0, &error), &mut out).is_ok() {
        let _ = timeout(GOODBYE_TIME_MAX, stream.write_all(&out)).await;
    }
    say_goodbye(stream).await;
}

/// Says in plain text what is spoken here. A browser or curl shows it, other tools print it.
async fn refuse_unknown(mut stream: TcpStream, first: &[u8]) {
    let text = "bramah: this port speaks the native protocol of Bramah, version 1; \
                the connection opened with something else\n";
    let verbs: [&[u8]; 6] = [b"GET ", b"PUT ", b"POST", b"HEAD", b"DELE", b"OPTI"];
    let is_http = verbs.iter().any(|verb| first.starts_with(verb));
    let answer = match is_http {
        true => format!(
            "HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain\r\ncontent-length: {}\r\n\
             connection: close\r\n\r\n{text}",
            text.len()
        ),
        false => text.to_owned(),
    };
    let _ = timeout(GOODBYE_TIME_MAX, stream.write_all(answer.as_bytes())).await;
    say_goodbye(stream).await;
}

/// Closes so that the peer can still read what was said: a close with unread bytes would reset the
/// connection and throw it away.
pub(crate) async fn say_goodbye(mut stream: TcpStream) {
    let _ = stream.shutdown().await;
    let mut rest = [0; 1024];
    let read_rest = async { while matches!(stream.read(&mut rest).await, Ok(1..)) {} };
    let _ = timeout(GOODBYE_TIME_MAX, read_rest).await;
}

/// Small messages go out at once, and a dead peer is noticed.
pub(crate) fn prepare(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let socket = SockRef::from(stream);
    let keepalive = TcpKeepalive::new()
        .with_time(TCP_IDLE)
        .with_interval(TCP_PROBE_INTERVAL)
        .with_retries(TCP_PROBES);
    socket.set_tcp_keepalive(&keepalive)?;
    socket.set_tcp_user_timeout(Some(TCP_USER_TIMEOUT))
}
