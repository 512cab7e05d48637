//! The one task of a [`crate::Locker`]: finds a server, moves bytes, looks at the clock.

use std::future::{Future, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWrite};
use tokio::net::TcpStream;
use tokio::net::tcp::OwnedReadHalf;
use tokio::time::{Instant, Sleep, sleep, timeout};

use super::client::{Client, Flush, Shared};
use super::dial::dial;
use super::limits::{READ_BUFFER_BYTES, SLEEP_MAX};
use super::machine::{Life, Machine};
use super::servers::Next;
use super::tap::Ear;
use crate::clock::LocalTime;
use crate::show::Span;

/// Serves the machine until it has said goodbye.
pub(super) async fn run(client: Arc<Client>) {
    let end = EndOfTask(client);
    let client = &end.0;
    let mut clock = Clock::new();
    while !is_over(client) {
        let next = client.step(Flush::Usual, |machine, now| machine.next_server(now));
        let Some(Next { address, pause, dial_max }) = next else { return };
        if clock.beside(client, sleep(pause)).await.is_none() {
            return;
        }
        let dialed = clock.beside(client, timeout(dial_max, dial(&address, dial_max))).await;
        let why = match dialed {
            None => return,
            Some(Ok(Ok(stream))) => converse(client, &mut clock, stream).await,
            Some(Ok(Err(error))) => error.to_string(),
            Some(Err(_)) => format!("no connection within {}", Span(dial_max)),
        };
        client.step(Flush::Usual, |machine, now| machine.handle_disconnected(now, &why));
    }
}

/// Moves bytes until the connection ends, and says why it did.
async fn converse(client: &Client, clock: &mut Clock, stream: TcpStream) -> String {
    if let Err(error) = stream.set_nodelay(true) {
        return error.to_string();
    }
    let ear = Ear::new(&stream);
    let (mut reader, writer) = stream.into_split();
    {
        let mut shared = client.lock();
        (shared.writer, shared.tap) = (Some(writer), ear.tap());
    }
    client.step(Flush::Now, |machine, now| machine.handle_connected(now));
    let mut input = BytesMut::with_capacity(READ_BUFFER_BYTES);
    let why = poll_fn(|cx| {
        loop {
            if let Some(why) = prepare(client, cx) {
                return Poll::Ready(why);
            }
            let before = input.len();
            match poll_read(&mut reader, &mut input, cx) {
                Poll::Ready(Ok(0)) => return Poll::Ready("the server hung up".to_owned()),
                Poll::Ready(Err(error)) => return Poll::Ready(error.to_string()),
                Poll::Ready(Ok(_)) => {
                    ear.hears(&input[before..]);
                    let read = client
                        .step(Flush::Usual, |machine, now| machine.handle_bytes(now, &mut input));
                    if let Err(why) = read {
                        return Poll::Ready(why);
                    }
                }
                Poll::Pending => match clock.poll(client, cx) {
                    Poll::Ready(()) => {}
                    Poll::Pending => return Poll::Pending,
                },
            }
        }
    })
    .await;
    ear.ended();
    client.lock().writer = None;
    why
}

/// Does what is due, writes what is to be written; tells why the connection must end, if it must.
fn prepare(client: &Client, cx: &mut Context<'_>) -> Option<String> {
    let wakers = {
        let mut shared = client.lock();
        let Shared { machine, writer, tap } = &mut *shared;
        machine.handle_time(LocalTime::now());
        set_task(machine, cx);
        if let Some(why) = machine.hang_up.take() {
            return Some(why);
        }
        if machine.is_done(LocalTime::now()) {
            return Some("closed".to_owned());
        }
        while let Some(writer) = writer.as_mut().filter(|_| !machine.out.is_empty()) {
            tap.says(&machine.out);
            match Pin::new(writer).poll_write(cx, &machine.out) {
                Poll::Ready(Ok(written)) => {
                    tap.wrote(written);
                    machine.out.advance(written);
                }
                Poll::Ready(Err(error)) => return Some(error.to_string()),
                Poll::Pending => break,
            }
        }
        std::mem::take(&mut machine.wakers)
    };
    for waker in wakers {
        waker.wake();
    }
    None
}

fn poll_read(
    reader: &mut OwnedReadHalf,
    input: &mut BytesMut,
    cx: &mut Context<'_>,
) -> Poll<io::Result<usize>> {
    input.reserve(READ_BUFFER_BYTES / 2);
    pin!(reader.read_buf(input)).poll(cx)
}

fn set_task(machine: &mut Machine, cx: &Context<'_>) {
    if !machine.task.as_ref().is_some_and(|task| task.will_wake(cx.waker())) {
        machine.task = Some(cx.waker().clone());
    }
}

fn is_over(client: &Client) -> bool {
    client.lock().machine.is_over(LocalTime::now())
}

/// Wakes the task when something is due.
struct Clock {
    sleep: Pin<Box<Sleep>>,
    /// What the sleep is set to.
    due: LocalTime,
}

impl Clock {
    fn new() -> Clock {
        Clock { sleep: Box::pin(sleep(Duration::ZERO)), due: LocalTime::default() }
    }

    /// Ready when it is time to look at the machine again.
    fn poll(&mut self, client: &Client, cx: &mut Context<'_>) -> Poll<()> {
        let due = client.lock().machine.next_due;
        if due != self.due || self.sleep.is_elapsed() {
            // This timer stands still while the machine is suspended, so it is never set for long.
            let left = due.since(LocalTime::now()).min(SLEEP_MAX);
            self.sleep.as_mut().reset(Instant::now() + left);
            self.due = due;
        }
        self.sleep.as_mut().poll(cx)
    }

    /// Waits for something while there is no connection. None when the machine has come to its end.
    async fn beside<F: Future>(&mut self, client: &Client, future: F) -> Option<F::Output> {
        let mut future = pin!(future);
        poll_fn(|cx| {
            loop {
                if is_over(client) {
                    return Poll::Ready(None);
                }
                client.step(Flush::Usual, |machine, now| {
                    machine.handle_time(now);
                    set_task(machine, cx);
                });
                if let Poll::Ready(output) = future.as_mut().poll(cx) {
                    return Poll::Ready(Some(output));
                }
                if self.poll(client, cx).is_pending() {
                    return Poll::Pending;
                }
            }
        })
        .await
    }
}

/// However the task ends, nobody must wait for it.
struct EndOfTask(Arc<Client>);

impl Drop for EndOfTask {
    fn drop(&mut self) {
        self.0.lock().writer = None;
        self.0.step(Flush::Usual, |machine, now| {
            let why = match machine.life {
                Life::Open => "the runtime that served this Locker is gone",
                _ => "this Locker is closed",
            };
            machine.end(now, why);
        });
    }
}
