//! A question to another server, on a connection of its own, as any client asks it.

use std::io;
use std::time::Duration;

use bramah_wire::frame::{OPENING, put_frame, take_frame};
use bramah_wire::proto::message::Kind;
use bramah_wire::proto::reply::Outcome;
use bramah_wire::proto::request::Op;
use bramah_wire::{Error, answer, proto};
use bytes::BytesMut;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::error::Elapsed;
use tokio::time::timeout;

use crate::dial::dial;

/// How long a question may take.
const ASK_TIME_MAX: Duration = Duration::from_secs(2);
/// How long a change may take: members wait for each other.
const CHANGE_TIME_MAX: Duration = Duration::from_secs(10);

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AskError {
    #[error("no answer in time")]
    TimedOut,
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error(
        "the answer cannot be read: this may be the port for other members, and --join wants the \
         one for clients, which is 7420 if nothing else was said"
    )]
    Unreadable,
    #[error("could not {0}")]
    Refused(Error),
}

/// How a server sees its cluster.
pub(crate) async fn status(server: &str) -> Result<proto::ClusterStatus, AskError> {
    let op = Op::GetClusterStatus(proto::GetClusterStatus {});
    cluster_status(timeout(ASK_TIME_MAX, ask(server, op)).await)
}

/// What a server says of itself.
pub(crate) async fn info(server: &str) -> Result<proto::ServerInfo, AskError> {
    let op = Op::GetServerInfo(proto::GetServerInfo {});
    match timeout(ASK_TIME_MAX, ask(server, op)).await.unwrap_or(Err(AskError::TimedOut))? {
        Outcome::ServerInfo(info) => Ok(info),
        _ => Err(AskError::Unreadable),
    }
}

/// Has a server change its cluster.
pub(crate) async fn change(server: &str, op: Op) -> Result<proto::ClusterStatus, AskError> {
    cluster_status(timeout(CHANGE_TIME_MAX, ask(server, op)).await)
}

fn cluster_status(
    answer: Result<Result<Outcome, AskError>, Elapsed>,
) -> Result<proto::ClusterStatus, AskError> {
    match answer.unwrap_or(Err(AskError::TimedOut))? {
        Outcome::ClusterStatus(status) => Ok(status),
        _ => Err(AskError::Unreadable),
    }
}

async fn ask(server: &str, op: Op) -> Result<Outcome, AskError> {
    let mut stream = dial(server).await?;
    stream.set_nodelay(true)?;
    let mut out = BytesMut::from(&OPENING[..]);
    let request = proto::Request { id: 1, op: Some(op) };
    put_frame(&request, &mut out).map_err(|_| AskError::Unreadable)?;
    stream.write_all(&out).await?;
    let mut buffer = BytesMut::new();
    loop {
        if let Some(frame) = take_frame(&mut buffer).map_err(|_| AskError::Unreadable)? {
            let message = answer::message(frame).map_err(|_| AskError::Unreadable)?;
            // Whatever else is said was not asked.
            let Some(Kind::Reply(reply)) = message.kind else { continue };
            return match reply.outcome {
                Some(Outcome::Error(error)) => Err(AskError::Refused(error.into())),
                Some(outcome) => Ok(outcome),
                None => Err(AskError::Unreadable),
            };
        }
        if stream.read_buf(&mut buffer).await? == 0 {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
        }
    }
}

#[cfg(test)]
mod tests {
    use bramah_wire::link::{Farewell, Frame, Reason};

    use super::*;

    #[tokio::test]
    async fn whoever_asks_the_port_for_members_is_told_that_it_may_be_that() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address").to_string();
        let member = async {
            let (mut stream, _) = listener.accept().await.expect("it calls");
            let text = "this is the port for members".to_owned();
            let mut out = BytesMut::new();
            Frame::Farewell(Farewell { reason: Reason::NotAMember, text }).put(&mut out);
            stream.write_all(&out).await.expect("it is sent");
            stream
        };
        let (answer, _stream) = tokio::join!(status(&address), member);
        let said = answer.expect_err("no answer").to_string();
        assert!(said.contains("may be the port for other members"), "{said}");
    }
}
