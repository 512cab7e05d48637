//! The connection on which this node speaks to another: kept up, and bounded in what waits on it.

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bramah_wire::link::{Frame, Purpose, Reason};
use bytes::{Buf, BytesMut};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};
use tracing::{debug, info, warn};

use super::call::{CallError, call};
use super::post::{News, Post};
use super::starts::START_SILENCE_TIME_MAX;
use crate::keys::random_below;
use crate::limits::{
    PEER_OUT_BYTES_MAX, PEER_OUT_LEN_MAX, PEER_RETRY_TIME_MAX, PEER_RETRY_TIME_MIN,
};
use crate::mutex::lock;

/// How often this node says that it is there, whatever else it says.
pub(super) const ALIVE_EVERY: Duration = Duration::from_secs(1);
/// How often that is due in which the other says nothing, before it is taken for dead: three to
/// four seconds. The kernel of one that hangs goes on acknowledging for it. An older release never
/// says anything, and is not judged.
const QUIET_ROUNDS_MAX: u32 = 3;
/// How long another start of this node may be there before this one gives up: longer than one that
/// is dead is taken to be alive.
const ANOTHER_START_TIME_MAX: Duration =
    START_SILENCE_TIME_MAX.saturating_add(PEER_RETRY_TIME_MAX.saturating_mul(2));

/// What this node has to say to another. What finds no connection or no room is dropped: consensus
/// says again whatever matters.
pub(crate) struct Link {
    node: u64,
    out: Mutex<Out>,
    /// Something waits that the socket did not take.
    blocked: Notify,
    /// It is worth to call at once.
    retry: Notify,
    task: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Default)]
struct Out {
    stream: Option<OwnedWriteHalf>,
    bytes: BytesMut,
    /// Frames that were put since nothing waited.
    len: usize,
}

impl Link {
    /// Calls a node, and again whenever the connection ends, until [`Link::stop`].
    pub(crate) fn start(node: u64, post: Arc<Post>) -> Arc<Link> {
        let (out, blocked, retry) = (Mutex::default(), Notify::new(), Notify::new());
        let link = Arc::new(Link { node, out, blocked, retry, task: Mutex::default() });
        let task = tokio::spawn(run(link.clone(), post));
        *lock(&link.task) = Some(task);
        link
    }

    /// Takes a frame to be sent, if there is a connection and room.
    pub(crate) fn put(&self, frame: &Frame) {
        let mut out = lock(&self.out);
        let has_room = out.bytes.len() < PEER_OUT_BYTES_MAX && out.len < PEER_OUT_LEN_MAX;
        if out.stream.is_some() && has_room {
            frame.put(&mut out.bytes);
            out.len += 1;
        }
    }

    /// Sends as much as the socket takes.
    pub(crate) fn flush(&self) {
        if lock(&self.out).send().unwrap_or(true) {
            self.blocked.notify_one();
        }
    }

    /// The node was heard of: if it is not connected, it is worth a try.
    pub(crate) fn retry(&self) {
        self.retry.notify_one();
    }

    /// Says nothing more.
    pub(crate) fn stop(&self) {
        if let Some(task) = lock(&self.task).take() {
            task.abort();
        }
        self.end();
    }

    /// Bytes and frames that wait.
    #[cfg(test)]
    pub(super) fn waiting(&self) -> (usize, usize) {
        let out = lock(&self.out);
        (out.bytes.len(), out.len)
    }

    fn begin(&self, stream: OwnedWriteHalf) {
        *lock(&self.out) = Out { stream: Some(stream), ..Out::default() };
    }

    fn end(&self) {
        *lock(&self.out) = Out::default();
    }

    /// Reads, to know of the end, and goes on sending where the socket was full. Once the
    /// connection is stale, it speaks to nobody.
    async fn keep(
        &self,
        input: OwnedReadHalf,
        mut buffer: BytesMut,
        is_stale: impl Fn() -> bool,
    ) -> io::Error {
        let mut alive = interval(ALIVE_EVERY);
        // Those that this process was kept from would count a silence that nobody listened to.
        alive.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // Since the other was last heard; none before it said anything.
        let mut quiet_rounds = (!buffer.is_empty()).then_some(0);
        loop {
            buffer.clear();
            tokio::select! {
                // First: what it said counts, also what was not read in time.
                biased;
                ready = input.readable() => {
                    match ready.and_then(|()| input.try_read_buf(&mut buffer)) {
                        Ok(0) => return io::ErrorKind::UnexpectedEof.into(),
                        // That it is there; nothing else is said in this direction yet.
                        Ok(_) => quiet_rounds = Some(0),
                        Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                        Err(error) => return error,
                    }
                }
                // The writing half is behind the lock; both are of one socket.
                ready = writable(&input), if self.is_blocked() => match ready {
                    Ok(()) => {
                        if let Err(error) = lock(&self.out).send() {
                            return error;
                        }
                    }
                    Err(error) => return error,
                },
                () = self.blocked.notified() => {}
                _ = alive.tick() => {
                    if is_stale() {
                        return io::Error::other("another process took the place of a silent one");
                    }
                    quiet_rounds = quiet_rounds.map(|rounds| rounds + 1);
                    if quiet_rounds.is_some_and(|rounds| rounds > QUIET_ROUNDS_MAX) {
                        return io::Error::new(io::ErrorKind::TimedOut, "it says nothing any more");
                    }
                    self.put(&Frame::Alive);
                    if let Err(error) = lock(&self.out).send() {
                        return error;
                    }
                }
            }
        }
    }

    fn is_blocked(&self) -> bool {
        !lock(&self.out).bytes.is_empty()
    }
}

async fn writable(input: &OwnedReadHalf) -> io::Result<()> {
    let stream: &TcpStream = input.as_ref();
    stream.writable().await
}

impl Out {
    /// Sends as much as the socket takes; true if something is left.
    fn send(&mut self) -> io::Result<bool> {
        let Some(stream) = &self.stream else { return Ok(false) };
        while !self.bytes.is_empty() {
            match stream.try_write(&self.bytes) {
                Ok(sent) => self.bytes.advance(sent),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(true),
                Err(error) => return Err(error),
            }
        }
        self.len = 0;
        Ok(false)
    }
}

async fn run(link: Arc<Link>, post: Arc<Post>) {
    let node = link.node;
    let mut failures = 0;
    let mut told = String::new();
    // Another start of this node was there when this one called, since then.
    let mut doubled: Option<Instant> = None;
    loop {
        let takeovers = post.takeovers(node);
        match call(&post, node, Purpose::Messages).await {
            Ok((stream, buffer, welcome)) => {
                let (input, output) = stream.into_split();
                link.begin(output);
                post.tell(News::Reached(node, welcome.release));
                post.tell(News::Places(welcome.places));
                (failures, told, doubled) = (0, String::new(), None);
                let error = link.keep(input, buffer, || post.takeovers(node) != takeovers).await;
                link.end();
                info!(node, %error, "lost the connection to another member");
                post.tell(News::Lost(node));
            }
            Err(error) => {
                failures += 1;
                post.note_unreached();
                match &error {
                    CallError::Refused(why) if why.reason == Reason::Removed => {
                        post.tell(News::Removed);
                    }
                    CallError::Refused(why) if why.reason == Reason::SetBack => {
                        post.tell(News::Refused(why.text.clone()));
                    }
                    CallError::Refused(why) if why.reason == Reason::AnotherStart => {
                        let since = *doubled.get_or_insert_with(Instant::now);
                        if since.elapsed() >= ANOTHER_START_TIME_MAX {
                            post.tell(News::Refused(why.text.clone()));
                        }
                    }
                    _ => doubled = None,
                }
                // Once, not at every try.
                let text = chain(&error);
                let kind = match &error {
                    CallError::Refused(why) => format!("{:?}", why.reason),
                    _ => text.clone(),
                };
                match matches!(error, CallError::Refused(_)) && kind != told {
                    true => warn!(node, error = text, "another member cannot be called"),
                    false => debug!(node, error = text, "another member cannot be called"),
                }
                told = kind;
            }
        }
        let pause = retry_time(failures);
        tokio::select! {
            () = sleep(pause) => {}
            () = link.retry.notified() => {}
        }
    }
}

/// An error with all its causes.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}

/// A random pause, longer after each failure.
fn retry_time(failures: u32) -> Duration {
    let longest =
        PEER_RETRY_TIME_MIN.saturating_mul(1 << failures.min(10)).min(PEER_RETRY_TIME_MAX);
    let spread = longest.as_millis() as u64 / 2 + 1;
    longest / 2 + Duration::from_millis(random_below(spread))
}
