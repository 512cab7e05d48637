//! The port for other members: takes their connections, and passes on what they say.

use std::collections::VecDeque;
use std::net::SocketAddr;
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
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::task::yield_now;
use tokio::time::{Instant, interval, sleep, timeout};
use tracing::{debug, info, warn};

use super::call::{CallError, read_frame};
use super::link::ALIVE_EVERY;
use super::post::{Arrival, News, Post};
use super::starts::Call;
use super::transfer::blocking;
use crate::limits::{GOODBYE_TIME_MAX, PEER_CALLS_MAX, PEER_HELLO_TIME_MAX, PEER_STRANGERS_MAX};
use crate::listener::{ACCEPT_REST, prepare, say_goodbye};

/// How long it is heard whether a start of a node that seems to be silent has spoken after all, and
/// this process was kept from reading it.
const LISTEN_AGAIN: Duration = Duration::from_millis(50);

/// Takes connections of other members for ever, at most [`PEER_CALLS_MAX`] at a time. Who comes
/// says at once who it is; of those that did not, the oldest goes when there are too many: whoever
/// opens connections and says nothing keeps no member out.
pub(crate) async fn accept(listener: Arc<TcpListener>, post: Arc<Post>) {
    let calls = Arc::new(Semaphore::new(PEER_CALLS_MAX));
    let mut strangers = VecDeque::new();
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                strangers.retain(|stranger: &oneshot::Sender<()>| !stranger.is_closed());
                if strangers.len() >= PEER_STRANGERS_MAX {
                    strangers.pop_front();
                }
                let (stranger, sent_away) = oneshot::channel();
                strangers.push_back(stranger);
                tokio::spawn(serve(stream, post.clone(), calls.clone(), sent_away));
                // What it said already is read before the next one comes.
                yield_now().await;
            }
            Err(error) => {
                warn!(%error, "could not accept a connection of another member");
                sleep(ACCEPT_REST).await;
            }
        }
    }
}

async fn serve(
    mut stream: TcpStream,
    post: Arc<Post>,
    calls: Arc<Semaphore>,
    sent_away: oneshot::Receiver<()>,
) {
    let Ok(caller) = stream.peer_addr() else { return };
    if prepare(&stream).is_err() {
        return;
    }
    let mut buffer = BytesMut::new();
    let known = tokio::select! {
        known = get_to_know(&mut stream, &mut buffer, &post, calls, caller) => known,
        _ = sent_away => {
            debug!(%caller, "a connection for members made room for a newer one");
            return;
        }
    };
    let Some((hello, call)) = known else { return };
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

/// Who calls, if that is a member that may go on; refuses others.
async fn get_to_know(
    stream: &mut TcpStream,
    buffer: &mut BytesMut,
    post: &Post,
    calls: Arc<Semaphore>,
    caller: SocketAddr,
) -> Option<(Hello, OwnedSemaphorePermit)> {
    match timeout(PEER_HELLO_TIME_MAX, read_hello(stream, buffer, post, calls)).await {
        Err(_) => debug!(%caller, "a connection for members said nothing in time"),
        Ok(Err(error)) => {
            debug!(%caller, %error, "a connection for members ended before it began");
        }
        Ok(Ok(Err(farewell))) => {
            // Who is refused calls again.
            let why = &farewell.text;
            match post.seldom(&format!("{:?} {}", farewell.reason, caller.ip())) {
                Some(before) => warn!(%caller, why, before, "refused a connection for members"),
                None => debug!(%caller, why, "refused a connection for members"),
            }
            refuse(stream, farewell).await;
        }
        Ok(Ok(Ok(known))) => return Some(known),
    }
    None
}

/// Reads who calls, and answers a caller that may go on.
async fn read_hello(
    stream: &mut TcpStream,
    buffer: &mut BytesMut,
    post: &Post,
    calls: Arc<Semaphore>,
) -> Result<Result<(Hello, OwnedSemaphorePermit), Farewell>, CallError> {
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
    let Ok(call) = calls.try_acquire_owned() else {
        let text = format!("{PEER_CALLS_MAX} members and snapshots are connected, the most");
        return Ok(Err(Farewell { reason: Reason::TooMany, text }));
    };
    let mut out = BytesMut::new();
    Frame::Welcome(welcome).put(&mut out);
    stream.write_all(&out).await?;
    Ok(Ok((hello, call)))
}

async fn refuse(stream: &mut TcpStream, farewell: Farewell) {
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
