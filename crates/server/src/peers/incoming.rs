//! The port for other members: takes their connections, and passes on what they say.

use std::sync::Arc;
use std::time::Duration;

use bramah_wire::link::{
    Farewell, Frame, HELLO_BYTES_MAX, Hello, LINK_FRAME_BYTES_MAX, OPENING_BYTES, Purpose, Reason,
    check_opening,
};
use bramah_wire::peer::Message;
use bytes::{Buf, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::WriteHalf;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, interval, sleep, timeout};
use tracing::{debug, info, warn};

use super::call::{CallError, read_frame};
use super::link::ALIVE_EVERY;
use super::post::{Arrival, News, Post};
use super::starts::Call;
use super::transfer::blocking;
use crate::limits::{GOODBYE_TIME_MAX, PEER_CALLS_MAX, PEER_HELLO_TIME_MAX};
use crate::listener::{ACCEPT_REST, prepare, say_goodbye};

/// How long it is heard whether a start of a node that seems to be silent has spoken after all, and
/// this process was kept from reading it.
const LISTEN_AGAIN: Duration = Duration::from_millis(50);

/// Takes connections of other members for ever, at most [`PEER_CALLS_MAX`] at a time; beyond these
/// the kernel keeps them waiting.
pub(crate) async fn accept(listener: TcpListener, post: Arc<Post>) {
    let calls = Arc::new(Semaphore::new(PEER_CALLS_MAX));
    loop {
        // It is never closed.
        let Ok(call) = calls.clone().acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, _)) => {
                tokio::spawn(serve(stream, post.clone(), call));
            }
            Err(error) => {
                warn!(%error, "could not accept a connection of another member");
                sleep(ACCEPT_REST).await;
            }
        }
    }
}

async fn serve(mut stream: TcpStream, post: Arc<Post>, call: OwnedSemaphorePermit) {
    let Ok(caller) = stream.peer_addr() else { return };
    if prepare(&stream).is_err() {
        return;
    }
    let mut buffer = BytesMut::new();
    let hello = timeout(PEER_HELLO_TIME_MAX, read_hello(&mut stream, &mut buffer, &post)).await;
    let hello = match hello {
        Err(_) => {
            debug!(%caller, "a connection for members said nothing in time");
            return;
        }
        Ok(Err(error)) => {
            debug!(%caller, %error, "a connection for members ended before it began");
            return;
        }
        Ok(Ok(Err(farewell))) => {
            // Who is refused calls again.
            let why = &farewell.text;
            match post.seldom(&format!("{:?} {}", farewell.reason, caller.ip())) {
                Some(before) => warn!(%caller, why, before, "refused a connection for members"),
                None => debug!(%caller, why, "refused a connection for members"),
            }
            return refuse(stream, farewell).await;
        }
        Ok(Ok(Ok(hello))) => hello,
    };
    let from = hello.from;
    let end = match hello.purpose {
        Purpose::Snapshot => {
            post.tell(News::Places(hello.places));
            take_snapshot(stream, buffer, from, &post).await
        }
        Purpose::Messages => {
            let call = post.begin_call(&hello);
            info!(node = from, release = hello.release, "another member is connected");
            post.tell(News::Places(hello.places));
            post.tell(News::Called(from));
            let (mut input, output) = stream.split();
            let end = tokio::select! {
                end = listen(&mut input, &mut buffer, from, &post, &call) => end,
                () = call.over.notified() => Ok(()),
                () = say_alive(output) => Ok(()),
            };
            post.end_call(from, &call);
            end
        }
    };
    if let Err(error) = end {
        debug!(node = from, %error, "the connection of another member ended");
    }
    drop(call);
}

/// Reads who calls, and answers a caller that may go on.
async fn read_hello(
    stream: &mut TcpStream,
    buffer: &mut BytesMut,
    post: &Post,
) -> Result<Result<Hello, Farewell>, CallError> {
    let mut opening = [0; OPENING_BYTES];
    stream.read_exact(&mut opening).await?;
    let version = match check_opening(&opening) {
        Ok(version) => version,
        Err(farewell) => return Ok(Err(farewell)),
    };
    let Frame::Hello(hello) = read_frame(stream, buffer, HELLO_BYTES_MAX).await? else {
        let text = "a connection between members begins with a hello".to_owned();
        return Ok(Err(Farewell { reason: Reason::NotAMember, text }));
    };
    if post.is_to_replace(&hello) {
        sleep(LISTEN_AGAIN).await;
    }
    let welcome = match post.answer(version, &hello) {
        Ok(welcome) => welcome,
        Err(farewell) => return Ok(Err(farewell)),
    };
    let mut out = BytesMut::new();
    Frame::Welcome(welcome).put(&mut out);
    stream.write_all(&out).await?;
    Ok(Ok(hello))
}

async fn refuse(mut stream: TcpStream, farewell: Farewell) {
    let mut out = BytesMut::new();
    Frame::Farewell(farewell).put(&mut out);
    let _ = timeout(GOODBYE_TIME_MAX, stream.write_all(&out)).await;
    say_goodbye(stream).await;
}

/// Passes on what a member says, until the connection ends.
async fn listen(
    stream: &mut (impl AsyncReadExt + Unpin),
    buffer: &mut BytesMut,
    from: u64,
    post: &Post,
    call: &Call,
) -> Result<(), CallError> {
    loop {
        let frame = read_frame(stream, buffer, LINK_FRAME_BYTES_MAX).await?;
        call.hear(Instant::now());
        match frame {
            Frame::Message(bytes) => {
                let message = Message::decode(&bytes)?;
                post.deliver(from, message, bytes.len()).await;
            }
            Frame::Places(places) => post.tell(News::Places(places)),
            // It is there, or of a newer release.
            _ => {}
        }
    }
}

/// Tells the caller that this process is there, whatever else it does, until the connection ends.
async fn say_alive(mut output: WriteHalf<'_>) {
    let mut frame = BytesMut::new();
    Frame::Alive.put(&mut frame);
    let mut alive = interval(ALIVE_EVERY);
    loop {
        alive.tick().await;
        if output.write_all(&frame).await.is_err() {
            return;
        }
    }
}

/// Reads what the snapshot is of; the rest is for another thread.
async fn take_snapshot(
    mut stream: TcpStream,
    mut buffer: BytesMut,
    from: u64,
    post: &Post,
) -> Result<(), CallError> {
    let reading = read_frame(&mut stream, &mut buffer, LINK_FRAME_BYTES_MAX);
    let read = timeout(PEER_HELLO_TIME_MAX, reading).await.unwrap_or(Err(CallError::TimedOut));
    let Frame::SnapshotHead(head) = read? else { return Err(CallError::NoMember) };
    let stream = blocking(stream)?;
    let buffer = buffer.copy_to_bytes(buffer.len()).into();
    post.tell(News::Arrival(Arrival { from, head, stream, buffer }));
    Ok(())
}
