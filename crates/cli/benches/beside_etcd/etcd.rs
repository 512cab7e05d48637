//! A client of etcd with only what a lock takes, over one HTTP/2 connection: the least that
//! somebody could call a lock there. Taken by a transaction that creates the key if it is not
//! there, under a lease; given back by deleting it. So two writes a cycle, as here.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use bytes::{BufMut, Bytes, BytesMut};
use h2::client::SendRequest;
use prost::Message;
use tokio::net::TcpStream;

/// Of etcd's own schema, rpc.proto: what of it is used, under its field numbers.
#[derive(Clone, PartialEq, Message)]
struct TxnRequest {
    #[prost(message, repeated, tag = "1")]
    compare: Vec<Compare>,
    #[prost(message, repeated, tag = "2")]
    success: Vec<RequestOp>,
}

/// Equal (0) by creation revision (1).
#[derive(Clone, PartialEq, Message)]
struct Compare {
    #[prost(int32, tag = "1")]
    result: i32,
    #[prost(int32, tag = "2")]
    target: i32,
    #[prost(bytes = "bytes", tag = "3")]
    key: Bytes,
    #[prost(int64, optional, tag = "5")]
    create_revision: Option<i64>,
}

const COMPARE_CREATE: i32 = 1;

#[derive(Clone, PartialEq, Message)]
struct RequestOp {
    #[prost(message, optional, tag = "2")]
    request_put: Option<PutRequest>,
}

#[derive(Clone, PartialEq, Message)]
struct PutRequest {
    #[prost(bytes = "bytes", tag = "1")]
    key: Bytes,
    #[prost(bytes = "bytes", tag = "2")]
    value: Bytes,
    #[prost(int64, tag = "3")]
    lease: i64,
}

#[derive(Clone, PartialEq, Message)]
struct TxnResponse {
    #[prost(bool, tag = "2")]
    succeeded: bool,
}

#[derive(Clone, PartialEq, Message)]
struct DeleteRangeRequest {
    #[prost(bytes = "bytes", tag = "1")]
    key: Bytes,
}

#[derive(Clone, PartialEq, Message)]
struct DeleteRangeResponse {
    #[prost(int64, tag = "2")]
    deleted: i64,
}

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
            client.call("Lease/LeaseGrant", &LeaseGrantRequest { ttl: 600 }).await?;
        client.lease = granted.id;
        Ok(client)
    }

    async fn cycle(&mut self, key: &Bytes) -> anyhow::Result<()> {
        let compare = Compare {
            target: COMPARE_CREATE,
            key: key.clone(),
            create_revision: Some(0),
            ..Compare::default()
        };
        let put =
            PutRequest { key: key.clone(), value: Bytes::from_static(b"me"), lease: self.lease };
        let success = vec![RequestOp { request_put: Some(put) }];
        let take = TxnRequest { compare: vec![compare], success };
        let taken: TxnResponse = self.call("KV/Txn", &take).await?;
        ensure!(taken.succeeded, "nobody else wants the lock, and it was not granted");
        let give = DeleteRangeRequest { key: key.clone() };
        let given: DeleteRangeResponse = self.call("KV/DeleteRange", &give).await?;
        ensure!(given.deleted == 1, "it was not held");
        Ok(())
    }

    async fn call<R: Message + Default>(
        &mut self,
        method: &str,
        message: &impl Message,
    ) -> anyhow::Result<R> {
        let request = http::Request::post(format!("http://{}/etcdserverpb.{method}", self.address))
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
    length: Duration,
) -> anyhow::Result<(f64, f64)> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut connected = Vec::new();
        for number in 0..clients {
            let client = Client::connect(addresses[number % addresses.len()]).await?;
            connected.push((client, Bytes::from(format!("bench/{number}"))));
        }
        let start = Instant::now();
        let run = |(mut client, key): (Client, Bytes)| async move {
            let mut cycles_us = Vec::new();
            while start.elapsed() < length {
                let begin = Instant::now();
                client.cycle(&key).await?;
                cycles_us.push(begin.elapsed().as_secs_f64() * 1e6);
            }
            anyhow::Ok(cycles_us)
        };
        let tasks: Vec<_> = connected.into_iter().map(|it| tokio::spawn(run(it))).collect();
        let mut all = Vec::new();
        for task in tasks {
            all.extend(task.await??);
        }
        let elapsed = start.elapsed().as_secs_f64();
        all.sort_unstable_by(f64::total_cmp);
        Ok((all.len() as f64 / elapsed, all[all.len() / 2]))
    })
}
