//! A client of etcd's lock service with only what a lock takes: a lease, `Lock` and `Unlock`. Two
//! writes a cycle, as here. Clients may share HTTP/2 connections.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use bytes::{BufMut, Bytes, BytesMut};
use h2::client::SendRequest;
use prost::Message;
use tokio::net::TcpStream;

/// Of etcd's schema, rpc.proto: what of it is used, under its field numbers.
#[derive(Clone, PartialEq, Message)]
struct LeaseGrantRequest {
    #[prost(int64, tag = "1")]
    ttl: i64,
}

#[derive(Clone, PartialEq, Message)]
struct LeaseGrantResponse {
    #[prost(int64, tag = "2")]
    id: i64,
}

/// Of etcd's schema of its lock service, v3lock.proto.
#[derive(Clone, PartialEq, Message)]
struct LockRequest {
    #[prost(bytes = "bytes", tag = "1")]
    name: Bytes,
    #[prost(int64, tag = "2")]
    lease: i64,
}

#[derive(Clone, PartialEq, Message)]
struct LockResponse {
    #[prost(bytes = "bytes", tag = "2")]
    key: Bytes,
}

#[derive(Clone, PartialEq, Message)]
struct UnlockRequest {
    #[prost(bytes = "bytes", tag = "1")]
    key: Bytes,
}

#[derive(Clone, PartialEq, Message)]
struct UnlockResponse {}

#[derive(Clone)]
struct Client {
    requests: SendRequest<Bytes>,
    address: SocketAddr,
    lease: i64,
}

impl Client {
    async fn connect(address: SocketAddr) -> anyhow::Result<Client> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (requests, connection) = h2::client::handshake(stream).await?;
        tokio::spawn(connection);
        let mut client = Client { requests, address, lease: 0 };
        let granted: LeaseGrantResponse =
            client.call("etcdserverpb.Lease/LeaseGrant", &LeaseGrantRequest { ttl: 600 }).await?;
        client.lease = granted.id;
        Ok(client)
    }

    async fn cycle(&mut self, name: &Bytes) -> anyhow::Result<()> {
        let take = LockRequest { name: name.clone(), lease: self.lease };
        let LockResponse { key } = self.call("v3lockpb.Lock/Lock", &take).await?;
        ensure!(key.starts_with(name), "another lock was granted");
        let _: UnlockResponse = self.call("v3lockpb.Lock/Unlock", &UnlockRequest { key }).await?;
        Ok(())
    }

    async fn call<R: Message + Default>(
        &mut self,
        method: &str,
        message: &impl Message,
    ) -> anyhow::Result<R> {
        let request = http::Request::post(format!("http://{}/{method}", self.address))
            .header("content-type", "application/grpc")
            .header("te", "trailers")
            .body(())?;
        let mut frame = BytesMut::with_capacity(64);
        frame.put_u8(0);
        frame.put_u32(u32::try_from(message.encoded_len())?);
        message.encode(&mut frame)?;
        let (response, mut stream) = self.requests.send_request(request, false)?;
        stream.send_data(frame.freeze(), true)?;
        let mut body = response.await?.into_body();
        let mut bytes = BytesMut::new();
        while let Some(part) = body.data().await {
            let part = part?;
            body.flow_control().release_capacity(part.len())?;
            bytes.extend_from_slice(&part);
        }
        let trailers = body.trailers().await?;
        let status = trailers.as_ref().and_then(|them| them.get("grpc-status"));
        ensure!(status.is_none_or(|status| status == "0"), "{method}: {trailers:?}");
        R::decode(bytes.get(5..).context("an answer")?).context("an answer of another kind")
    }
}

/// Cycles a second, and the median of how long one takes.
pub(crate) fn run(
    addresses: &[SocketAddr],
    clients: usize,
    connections: usize,
    length: Duration,
) -> anyhow::Result<(f64, f64)> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut connected = Vec::new();
        for number in 0..connections {
            connected.push(Client::connect(addresses[number % addresses.len()]).await?);
        }
        let all = (0..clients).zip(connected.iter().cycle());
        let all = all.map(|(number, client)| (client.clone(), format!("bench/{number}").into()));
        let start = Instant::now();
        let run = |(mut client, name): (Client, Bytes)| async move {
            let mut cycles_us = Vec::new();
            while start.elapsed() < length {
                let begin = Instant::now();
                client.cycle(&name).await?;
                cycles_us.push(begin.elapsed().as_secs_f64() * 1e6);
            }
            anyhow::Ok(cycles_us)
        };
        let tasks: Vec<_> = all.map(|it| tokio::spawn(run(it))).collect();
        let mut all = Vec::new();
        for task in tasks {
            all.extend(task.await??);
        }
        let elapsed = start.elapsed().as_secs_f64();
        all.sort_unstable_by(f64::total_cmp);
        Ok((all.len() as f64 / elapsed, all[all.len() / 2]))
    })
}
