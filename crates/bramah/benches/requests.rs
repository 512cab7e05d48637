//! What a request costs its client: CPU time of the client's thread for one acquire or release,
//! against a peer that only says yes; and the floor, which is as many bytes sent to an echo and
//! read again.
//!
//! `cargo bench -p bramah --bench requests`

#![allow(clippy::unwrap_used, reason = "a bench may stop where it fails")]

use std::future::Future;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use bramah::Locker;
use bramah_wire::frame::{self, OPENING};
use bramah_wire::proto::message::Kind;
use bramah_wire::proto::reply::Outcome;
use bramah_wire::proto::request::Op;
use bramah_wire::proto::{self, event::What};
use bytes::{Buf, BytesMut};
use prost::Message as _;
use rustix::time::{ClockId, clock_gettime};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const CYCLES: u64 = 200_000;

fn main() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("bramah://{}", listener.local_addr().unwrap());
    let echo = TcpListener::bind("127.0.0.1:0").unwrap();
    let echo_address = echo.local_addr().unwrap();
    thread::spawn(move || accept(&listener, answer));
    thread::spawn(move || accept(&echo, send_back));
    for clients in [1, 16, 128] {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut tasks = Vec::new();
            for _ in 0..clients {
                let stream = tokio::net::TcpStream::connect(echo_address).await.unwrap();
                stream.set_nodelay(true).unwrap();
                tasks.push(bare(stream, CYCLES / clients));
            }
            measure("bare", clients, tasks).await;
            let mut tasks = Vec::new();
            for number in 0..clients {
                let locks = bramah::connect(&url).await.unwrap();
                cycle(&locks, number).await;
                tasks.push(async move {
                    for _ in 0..CYCLES / clients {
                        cycle(&locks, number).await;
                    }
                });
            }
            measure("lock", clients, tasks).await;
        });
    }
}

async fn measure<F: Future<Output = ()> + Send + 'static>(what: &str, clients: u64, tasks: Vec<F>) {
    let (cpu, started) = (cpu_time(), Instant::now());
    let tasks: Vec<_> = tasks.into_iter().map(tokio::spawn).collect();
    for task in tasks {
        task.await.unwrap();
    }
    let requests = (2 * CYCLES) as f64;
    let cpu_us = (cpu_time() - cpu).as_secs_f64() * 1e6 / requests;
    let rate = requests / started.elapsed().as_secs_f64();
    println!("{what} x {clients:3}: {cpu_us:5.2} us of CPU a request, {rate:7.0} requests/s");
}

async fn cycle(locks: &Locker, number: u64) {
    let guard = locks.lock(format!("bench/{number}")).unwrap().acquire().await.unwrap();
    let _ = guard.release().await.unwrap();
}

async fn bare(mut stream: tokio::net::TcpStream, cycles: u64) {
    let mut bytes = [0; 48];
    for _ in 0..2 * cycles {
        stream.write_all(&bytes).await.unwrap();
        stream.read_exact(&mut bytes).await.unwrap();
    }
}

/// CPU time of this thread, which is the client's alone.
fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// One thread for each connection: this side is not measured.
fn accept(listener: &TcpListener, serve: fn(TcpStream) -> Option<()>) {
    for stream in listener.incoming() {
        let stream = stream.unwrap();
        stream.set_nodelay(true).unwrap();
        thread::Builder::new().name("peer".into()).spawn(move || serve(stream)).unwrap();
    }
}

fn send_back(mut stream: TcpStream) -> Option<()> {
    let mut bytes = [0; 1024];
    loop {
        let read = stream.read(&mut bytes).ok().filter(|read| *read > 0)?;
        stream.write_all(&bytes[..read]).ok()?;
    }
}

fn answer(mut stream: TcpStream) -> Option<()> {
    static TOKENS: AtomicU64 = AtomicU64::new(0);
    let mut opening = [0; OPENING.len()];
    stream.read_exact(&mut opening).ok()?;
    let (mut input, mut out) = (BytesMut::new(), BytesMut::new());
    let mut chunk = [0; 16 * 1024];
    loop {
        while let Some(bytes) = frame::take_frame(&mut input).ok()? {
            let request = proto::Request::decode(bytes).ok()?;
            let token = TOKENS.fetch_add(1, Ordering::Relaxed);
            let (outcome, event) = say_yes(request.op?, token);
            let reply = proto::Reply {
                id: request.id,
                now_ms: 1_000,
                outcome: Some(outcome),
                staleness: None,
            };
            put(Kind::Reply(reply), &mut out);
            if let Some(what) = event {
                let event =
                    proto::Event { revision: token, now_ms: 1_000, watch_id: 0, what: Some(what) };
                put(Kind::Event(event), &mut out);
            }
        }
        stream.write_all(out.chunk()).ok()?;
        out.clear();
        match stream.read(&mut chunk).ok()? {
            0 => return None,
            read => input.extend_from_slice(&chunk[..read]),
        }
    }
}

fn put(kind: Kind, out: &mut BytesMut) {
    frame::put_frame(&proto::Message { kind: Some(kind) }, out).unwrap();
}

fn say_yes(op: Op, token: u64) -> (Outcome, Option<What>) {
    let session = Some(proto::Handle { number: 1, key: 2 });
    let hold = Some(proto::Handle { number: token, key: 3 });
    let outcome = match op {
        Op::OpenSession(_) => {
            Outcome::SessionOpened(proto::SessionOpened { session, deadline_ms: 16_000 })
        }
        Op::Acquire(acquire) => {
            let name = acquire.item.unwrap_or_default().name;
            let grant = proto::Grant {
                hold,
                name,
                mode: 1,
                ttl_ms: 15_000,
                count: 1,
                ..Default::default()
            };
            Outcome::Granted(proto::Grants { grants: vec![grant] })
        }
        Op::Release(release) => {
            let token = release.hold.unwrap_or_default().number;
            let end = Some(proto::End { reason: "released".into(), ..Default::default() });
            let ended = proto::HoldEnded { session: 1, name: "bench".into(), token, end };
            return (Outcome::Released(proto::Released::default()), Some(What::HoldEnded(ended)));
        }
        Op::KeepAlive(_) => {
            let result = Some(proto::renewal::Result::DeadlineMs(60_000));
            let renewals = vec![proto::Renewal { result }];
            Outcome::KeptAlive(proto::KeptAlive { renewals, ended: vec![] })
        }
        _ => Outcome::ServerInfo(proto::ServerInfo::default()),
    };
    (outcome, None)
}
