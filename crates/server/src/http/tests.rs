//! Connections that take their time, in a time that does not pass by itself.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;
use crate::formation::Lobby;
use crate::limits::HTTP_BODY_TIME_MAX;

/// Sends each part and waits for its answer, if it is a whole request; then reads until the server
/// closes. Tells how long that took, and what came last.
async fn until_closed(parts: &[&str]) -> (Duration, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("it listens");
    let address = listener.local_addr().expect("its address");
    let mut client = TcpStream::connect(address).await.expect("it connects");
    let (stream, _) = listener.accept().await.expect("a connection");
    let front = Front::new(Arc::new(Lobby::new(1, None)), Arc::default());
    let serving = tokio::spawn(serve(front, stream, BytesMut::new(), Version::One));
    let mut came = Vec::new();
    for part in parts {
        client.write_all(part.as_bytes()).await.expect("it is sent");
        if part.ends_with("\r\n\r\n") && !part.contains("content-length") {
            came = vec![0; 4096];
            let bytes = client.read(&mut came).await.expect("an answer");
            came.truncate(bytes);
        }
    }
    let since = Instant::now();
    let _ = client.read_to_end(&mut came).await;
    let took = since.elapsed();
    drop(client);
    serving.await.expect("no panic");
    (took, String::from_utf8_lossy(&came).into_owned())
}

const REQUEST: &str = "GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n";

#[tokio::test(start_paused = true)]
async fn half_a_head_is_waited_for_only_so_long() {
    let (took, _) = until_closed(&["GET /healthz HT"]).await;
    let longest = HTTP_HEAD_TIME_MAX + GOODBYE_TIME_MAX;
    assert!((HTTP_HEAD_TIME_MAX..=longest + SLACK).contains(&took), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_silent_connection_is_kept_for_the_next_request_and_not_for_ever() {
    let (took, answer) = until_closed(&[REQUEST, REQUEST]).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let longest = HTTP_IDLE_TIME_MAX + HTTP_HEAD_TIME_MAX + GOODBYE_TIME_MAX;
    assert!((HTTP_IDLE_TIME_MAX..=longest + SLACK).contains(&took), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn half_a_head_after_a_request_is_not_waited_for_either() {
    let (took, _) = until_closed(&[REQUEST, "GET /hea"]).await;
    let longest = HTTP_IDLE_TIME_MAX + HTTP_HEAD_TIME_MAX * 2 + GOODBYE_TIME_MAX;
    assert!(took <= longest + SLACK, "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn half_a_body_is_answered_with_an_error_in_time() {
    let head = "POST /v1/sessions HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\n";
    let (took, answer) = until_closed(&[head, "{"]).await;
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    assert!(answer.contains("did not end within"), "{answer}");
    let longest = HTTP_BODY_TIME_MAX + HTTP_IDLE_TIME_MAX * 2 + GOODBYE_TIME_MAX;
    assert!((HTTP_BODY_TIME_MAX..=longest + SLACK).contains(&took), "{took:?}");
}

/// What timers are late by.
const SLACK: Duration = Duration::from_millis(100);
