//! Snapshots on their way from one member to another: a connection and a thread for each, so that
//! nothing else waits behind one.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use bramah_node::{NodeError, Replay};
use bramah_wal::{DirDisk, SnapshotWriter, WalError};
use bramah_wire::DecodeError;
use bramah_wire::link::{Frame, LINK_FRAME_BYTES_MAX, Purpose, SnapshotHead};
use bramah_wire::membership::Membership;
use bramah_wire::peer::Message;
use bramah_wire::snapshot::SnapshotReader;
use bytes::{Buf, Bytes, BytesMut};
use tracing::{info, warn};

use super::call::{CallError, call};
use super::link::chain;
use super::post::{Arrival, News, Post, Received};
use crate::limits::{SNAPSHOT_PART_BYTES, SNAPSHOT_RETRY_TIME, SNAPSHOT_SILENCE_TIME_MAX};

/// Room for what is read at once.
const READ_BYTES: usize = 64 * 1024;

/// A snapshot for another member.
pub(crate) struct Outgoing {
    pub(crate) to: u64,
    pub(crate) head: SnapshotHead,
    pub(crate) data: Box<dyn Read + Send>,
}

/// Why a snapshot did not come over.
#[derive(Debug, thiserror::Error)]
enum TransferError {
    #[error("could not call the member")]
    Call(#[from] CallError),
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error("what it says cannot be read")]
    Unreadable(#[from] DecodeError),
    #[error("the snapshot holds no table")]
    Table(#[from] NodeError),
    #[error("the snapshot cannot be written aside")]
    Write(#[from] WalError),
    #[error("the receiver did not take it")]
    NotTaken,
}

/// What is told of work on a thread of its own: that it failed, if it ends without a word or the
/// thread cannot be started.
struct Outcome {
    post: Arc<Post>,
    news: Option<News>,
}

impl Outcome {
    fn new(post: Arc<Post>, failed: News) -> Outcome {
        Outcome { post, news: Some(failed) }
    }

    fn tell(mut self, news: News) {
        self.news = Some(news);
    }
}

impl Drop for Outcome {
    fn drop(&mut self) {
        if let Some(news) = self.news.take() {
            self.post.tell(news);
        }
    }
}

/// Sends a snapshot, and says what came of it.
pub(crate) async fn send(post: Arc<Post>, outgoing: Outgoing) {
    let (to, index) = (outgoing.to, outgoing.head.index);
    let outcome = Outcome::new(post.clone(), News::Sent { to, ok: false });
    let called = call(&post, to, Purpose::Snapshot).await.map_err(TransferError::from);
    let called = called.and_then(|(stream, buffer, _)| Ok((blocking(stream)?, buffer)));
    match called {
        Ok((stream, buffer)) => {
            spawn(sending(outcome, stream, buffer, outgoing, SNAPSHOT_RETRY_TIME));
        }
        Err(error) => not_sent(to, index, &error),
    }
}

fn sending(
    outcome: Outcome,
    stream: TcpStream,
    buffer: BytesMut,
    outgoing: Outgoing,
    rest: Duration,
) -> impl FnOnce() + Send + 'static {
    let (to, index, bytes) = (outgoing.to, outgoing.head.index, outgoing.head.bytes);
    move || match push(stream, buffer, outgoing) {
        Ok(()) => {
            info!(to, index, bytes, "sent a snapshot to another member");
            outcome.tell(News::Sent { to, ok: true });
        }
        Err(error) => {
            not_sent(to, index, &error);
            // Whoever hears of it sends all of it again at once.
            std::thread::sleep(rest);
            drop(outcome);
        }
    }
}

fn not_sent(to: u64, index: u64, error: &TransferError) {
    warn!(to, index, error = chain(error), "could not send a snapshot");
}

/// Runs beside the server, which does not wait for it when it stops.
fn spawn(work: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().name("snapshot".into()).spawn(work);
    if let Err(error) = thread {
        warn!(%error, "no thread for a snapshot");
    }
}

/// The connection for a thread of its own, which waits no longer than the other may be silent.
pub(super) fn blocking(stream: tokio::net::TcpStream) -> io::Result<TcpStream> {
    let stream = stream.into_std()?;
    stream.set_nonblocking(false)?;
    stream.set_read_timeout(Some(SNAPSHOT_SILENCE_TIME_MAX))?;
    stream.set_write_timeout(Some(SNAPSHOT_SILENCE_TIME_MAX))?;
    Ok(stream)
}

fn push(
    mut stream: TcpStream,
    mut buffer: BytesMut,
    mut outgoing: Outgoing,
) -> Result<(), TransferError> {
    let mut out = BytesMut::new();
    let mut left = outgoing.head.bytes;
    Frame::SnapshotHead(outgoing.head).put(&mut out);
    let mut part = vec![0; SNAPSHOT_PART_BYTES];
    loop {
        stream.write_all(&out)?;
        if left == 0 {
            break;
        }
        let bytes = outgoing.data.read(&mut part)?;
        if bytes == 0 || bytes as u64 > left {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
        }
        left -= bytes as u64;
        out.clear();
        Frame::SnapshotPart(Bytes::copy_from_slice(&part[..bytes])).put(&mut out);
    }
    match next_frame(&mut stream, &mut buffer)? {
        Frame::SnapshotTaken => Ok(()),
        _ => Err(TransferError::NotTaken),
    }
}

fn next_frame(stream: &mut TcpStream, buffer: &mut BytesMut) -> Result<Frame, TransferError> {
    let mut part = vec![0; READ_BYTES];
    loop {
        if let Some(frame) = Frame::take(buffer, LINK_FRAME_BYTES_MAX)? {
            return Ok(frame);
        }
        match stream.read(&mut part)? {
            0 => return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
            bytes => buffer.extend_from_slice(&part[..bytes]),
        }
    }
}

/// Takes a snapshot: writes it aside where there is a disk, reads the table in it, and passes both
/// on. Takes as long as it takes, on a thread of its own.
pub(crate) fn receive(
    post: Arc<Post>,
    arrival: Arrival,
    membership: Membership,
    writer: Option<SnapshotWriter<DirDisk>>,
) {
    spawn(receiving(post, arrival, membership, writer));
}

fn receiving(
    post: Arc<Post>,
    arrival: Arrival,
    membership: Membership,
    writer: Option<SnapshotWriter<DirDisk>>,
) -> impl FnOnce() + Send + 'static {
    let outcome = Outcome::new(post, News::NotReceived);
    let (from, index, bytes) = (arrival.from, arrival.head.index, arrival.head.bytes);
    move || match pull(arrival, membership, writer) {
        Ok(received) => {
            info!(from, index, bytes, "received a snapshot");
            outcome.tell(News::Received(Box::new(received)));
        }
        Err(error) => {
            warn!(from, index, error = chain(&error), "a snapshot did not come over");
        }
    }
}

fn pull(
    arrival: Arrival,
    membership: Membership,
    writer: Option<SnapshotWriter<DirDisk>>,
) -> Result<Received, TransferError> {
    let Arrival { from, head, stream, buffer } = arrival;
    let message = Message::decode(&head.message)?;
    let part = Bytes::new();
    let mut parts = Parts { stream, buffer, part, left: head.bytes, writer, error: None };
    let read = SnapshotReader::new(&mut parts).map_err(NodeError::Snapshot);
    let state = read.and_then(Replay::read_state);
    if let Some(error) = parts.error.take() {
        return Err(error.into());
    }
    let state = state?;
    if parts.left > 0 || !parts.part.is_empty() {
        return Err(DecodeError::TrailingBytes { bytes: parts.left as usize }.into());
    }
    let Parts { mut stream, writer, .. } = parts;
    let finished = writer.map(SnapshotWriter::finish).transpose()?;
    let mut out = BytesMut::new();
    Frame::SnapshotTaken.put(&mut out);
    stream.write_all(&out)?;
    Ok(Received { from, message, membership, state, finished })
}

/// The bytes of a snapshot as they arrive; what is read of them is written aside.
struct Parts {
    stream: TcpStream,
    buffer: BytesMut,
    part: Bytes,
    left: u64,
    writer: Option<SnapshotWriter<DirDisk>>,
    error: Option<WalError>,
}

impl Read for Parts {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.part.is_empty() {
            if self.left == 0 {
                return Ok(0);
            }
            let frame = next_frame(&mut self.stream, &mut self.buffer).map_err(io::Error::other)?;
            let Frame::SnapshotPart(part) = frame else { continue };
            self.left = self.left.checked_sub(part.len() as u64).ok_or_else(|| {
                io::Error::new(io::ErrorKind::InvalidData, "more comes than was announced")
            })?;
            if let Some(Err(error)) = self.writer.as_mut().map(|writer| writer.write(&part)) {
                let told = io::Error::other(error.to_string());
                self.error = Some(error);
                return Err(told);
            }
            self.part = part;
        }
        let bytes = out.len().min(self.part.len());
        self.part.copy_to_slice(&mut out[..bytes]);
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::time::Instant;

    use bramah_wire::link::Places;

    use super::*;
    use crate::hall::{Hall, Inbox};
    use crate::peers::Identity;

    /// More than any machine has.
    const STACK_BYTES: usize = 1 << 60;

    /// A node, a connection to another with the listener there, and what is to go over it.
    fn node() -> (Arc<Hall>, Arc<Post>, TcpStream, TcpListener, SnapshotHead) {
        let hall = Arc::new(Hall::default());
        let identity = Identity { cluster_id: 300, node_id: 7 };
        let post = Arc::new(Post::new(identity, hall.clone(), Places::default()));
        let listener = TcpListener::bind("127.0.0.1:0").expect("it listens");
        let address = listener.local_addr().expect("an address");
        let stream = TcpStream::connect(address).expect("it connects");
        let (members, message) = (Bytes::new(), Bytes::new());
        let head = SnapshotHead { index: 9, term: 1, members, message, bytes: 0 };
        (hall, post, stream, listener, head)
    }

    /// What the node is told.
    fn news(hall: &Hall) -> Vec<News> {
        let mut inbox = Inbox::default();
        hall.swap(&mut inbox);
        inbox.news
    }

    /// What is told of work for which there is no thread.
    fn told(
        work: impl FnOnce(Arc<Post>, TcpStream, SnapshotHead) -> Box<dyn FnOnce() + Send>,
    ) -> News {
        let (hall, post, stream, _listener, head) = node();
        let work = work(post, stream, head);
        let thread = std::thread::Builder::new().stack_size(STACK_BYTES).spawn(work);
        thread.expect_err("there is no room for its stack");
        let mut news = news(&hall);
        assert_eq!(news.len(), 1);
        news.remove(0)
    }

    #[test]
    fn a_snapshot_without_a_thread_to_receive_it_did_not_come() {
        let news = told(|post, stream, head| {
            let arrival = Arrival { from: 8, head, stream, buffer: BytesMut::new() };
            let (voters, learners) = (vec![7, 8], Vec::new());
            let members = Membership { cluster_id: 300, node_id: 7, voters, learners };
            Box::new(receiving(post, arrival, members, None))
        });
        assert!(matches!(news, News::NotReceived));
    }

    #[test]
    fn a_snapshot_without_a_thread_to_send_it_was_not_sent() {
        let news = told(|post, stream, head| {
            let outcome = Outcome::new(post, News::Sent { to: 8, ok: false });
            let outgoing = Outgoing { to: 8, head, data: Box::new(io::empty()) };
            Box::new(sending(outcome, stream, BytesMut::new(), outgoing, Duration::ZERO))
        });
        assert!(matches!(news, News::Sent { to: 8, ok: false }));
    }

    #[test]
    fn a_snapshot_that_was_not_taken_is_not_sent_again_at_once() {
        let (hall, post, stream, listener, head) = node();
        // As one whose disk is full.
        drop(listener.accept().expect("it is accepted"));
        let outcome = Outcome::new(post, News::Sent { to: 8, ok: false });
        let outgoing = Outgoing { to: 8, head, data: Box::new(io::empty()) };
        let (began, rest) = (Instant::now(), Duration::from_millis(200));
        sending(outcome, stream, BytesMut::new(), outgoing, rest)();
        assert!(began.elapsed() >= rest);
        assert!(matches!(news(&hall)[..], [News::Sent { to: 8, ok: false }]));
    }
}
