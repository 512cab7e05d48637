//! The one port: takes connections, and tells by their first bytes which front serves them.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bramah_wire::frame::{OPENING, check_version, put_frame};
use bramah_wire::{Error, ErrorCode};
use bytes::{Buf, BytesMut};
use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::time::{sleep, timeout};
use tracing::{debug, warn};

use crate::http::opening::{OPENING_BYTES_MAX, Spoken, spoken};
use crate::http::{self, Front, Version};
use crate::limits::{
    CONNECTION_BYTES, GOODBYE_TIME_MAX, OPENING_TIME_MAX, REFUSALS_MAX, TCP_IDLE,
    TCP_PROBE_INTERVAL, TCP_PROBES, TCP_USER_TIMEOUT,
};
use crate::memory::{Accounts, Memory};
use crate::service::Service;
use crate::websocket::Origins;
use crate::{encode, native};

/// What is read at first: as much as most requests have.
const FIRST_READ_BYTES: usize = 1024;
/// To whoever speaks nothing that is known here. Most tools print it.
const UNKNOWN: &str = "bramah: this port speaks the native protocol of Bramah, version 1, and \
                       HTTP; the connection opened with something else\n";
/// To whoever begins TLS: a fatal alert, "handshake failure". Its library says so, instead of
/// wondering about the text above.
const TLS_REFUSED: [u8; 7] = [0x15, 0x03, 0x01, 0x00, 0x02, 0x02, 40];
/// How long accepting rests after it failed, for want of memory or file descriptors.
pub(crate) const ACCEPT_REST: Duration = Duration::from_millis(100);

/// Takes connections for ever, at most `connections_max` at a time. Some more are taken to be told
/// so; beyond these the kernel keeps them waiting, so that file descriptors are left for the log.
/// Connections end with this: nobody stays with a service whose place another one takes.
pub(crate) async fn accept(
    listener: Arc<TcpListener>,
    service: Arc<dyn Service>,
    connections_max: usize,
    origins: Arc<Origins>,
    memory: Arc<Memory>,
) {
    let front = Front::new(service.clone(), origins, memory.changes_bytes_max);
    let connections = Arc::new(Semaphore::new(connections_max));
    let refusals = Arc::new(Semaphore::new(REFUSALS_MAX));
    let (_open, closed) = watch::channel(());
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
        let accounts = memory.open();
        let counted = match accounts.connections.take(CONNECTION_BYTES) {
            Ok(counted) => counted,
            Err(over) => {
                tokio::spawn(async move {
                    let text = format!("take the connection: {over}");
                    refuse(stream, Error::new(ErrorCode::LimitExceeded, text)).await;
                    drop((connection, refusal));
                });
                continue;
            }
        };
        let (service, front, mut closed) = (service.clone(), front.clone(), closed.clone());
        tokio::spawn(async move {
            tokio::select! {
                biased;
                () = serve(stream, peer, service, front, accounts) => {}
                // Nothing is ever sent.
                _ = closed.changed() => {}
            }
            drop((connection, counted));
        });
    }
}

async fn serve(
    mut stream: TcpStream,
    peer: SocketAddr,
    service: Arc<dyn Service>,
    front: Arc<Front>,
    accounts: Accounts,
) {
    let mut first = BytesMut::with_capacity(FIRST_READ_BYTES);
    match timeout(OPENING_TIME_MAX, read_opening(&mut stream, &mut first)).await {
        Err(_) => {
            let text = format!("tell what is spoken: nothing came within {OPENING_TIME_MAX:?}");
            refuse(stream, Error::new(ErrorCode::InvalidFrame, text)).await;
        }
        Ok(Err(error)) => debug!(%peer, %error, "connection ended before it began"),
        Ok(Ok(Spoken::Native(version))) => match check_version(version) {
            Ok(()) => {
                first.advance(OPENING.len());
                native::serve(stream, first, service.as_ref(), accounts.traffic).await;
            }
            Err(error) => refuse(stream, error).await,
        },
        Ok(Ok(Spoken::Http1)) => http::serve(front, accounts, stream, first, Version::One).await,
        Ok(Ok(Spoken::Http2)) => http::serve(front, accounts, stream, first, Version::Two).await,
        Ok(Ok(Spoken::Tls)) => {
            debug!(%peer, "a TLS handshake, and TLS is not set up");
            say(stream, &TLS_REFUSED).await;
        }
        Ok(Ok(Spoken::Unknown | Spoken::Incomplete)) => {
            debug!(%peer, first = ?&first[..first.len().min(16)], "unknown protocol");
            say(stream, UNKNOWN.as_bytes()).await;
        }
    }
}

/// Reads until it is clear what the connection speaks; `buffer` holds what was read.
async fn read_opening(stream: &mut TcpStream, buffer: &mut BytesMut) -> io::Result<Spoken> {
    loop {
        match spoken(buffer) {
            // It never takes more bytes than this.
            Spoken::Incomplete if buffer.len() < OPENING_BYTES_MAX => {}
            spoken => return Ok(spoken),
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
    say_goodbye(&mut stream).await;
}

/// Says something in no protocol of this port, and closes.
async fn say(mut stream: TcpStream, what: &[u8]) {
    let _ = timeout(GOODBYE_TIME_MAX, stream.write_all(what)).await;
    say_goodbye(&mut stream).await;
}

/// Closes so that the peer can still read what was said: a close with unread bytes would reset the
/// connection and throw it away.
pub(crate) async fn say_goodbye(stream: &mut TcpStream) {
    let _ = stream.shutdown().await;
    let _ = timeout(GOODBYE_TIME_MAX, read_rest(stream)).await;
}

/// Reads whatever the peer still says.
pub(crate) async fn read_rest(input: &mut (impl AsyncReadExt + Unpin)) {
    let mut rest = [0; 1024];
    while matches!(input.read(&mut rest).await, Ok(1..)) {}
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
