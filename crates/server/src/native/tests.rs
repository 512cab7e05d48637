//! What one connection may keep in memory, whatever its client does.

use bramah_wire::frame::FRAME_BYTES_MAX;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

use super::*;
use crate::limits::{CONNECTION_REQUEST_BYTES_MAX, OUT_BYTES_MAX};
use crate::service::slow::Slow;

async fn pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("it listens");
    let address = listener.local_addr().expect("an address");
    let client = TcpStream::connect(address).await.expect("it connects");
    (client, listener.accept().await.expect("it comes").0)
}

/// A frame of so many bytes that asks for the server's info; what it has too much is skipped.
fn padded_request(id: u64, bytes: usize) -> Vec<u8> {
    let mut message = vec![0x08, id as u8, 0xb2, 0x01, 0x00];
    const UNKNOWN_FIELD: [u8; 2] = [0xfa, 0x7f];
    message.extend(UNKNOWN_FIELD);
    let rest = bytes - message.len() - 3;
    message.extend([rest as u8 | 0x80, (rest >> 7) as u8 | 0x80, (rest >> 14) as u8]);
    message.resize(bytes, 0);
    let mut frame = (bytes as u32).to_be_bytes().to_vec();
    frame.append(&mut message);
    frame
}

#[tokio::test]
async fn heavy_requests_wait_in_the_socket_until_those_before_are_answered() {
    const REQUEST_BYTES: usize = FRAME_BYTES_MAX / 4;
    const REQUESTS_AT_ONCE: usize = CONNECTION_REQUEST_BYTES_MAX / REQUEST_BYTES;
    let (mut client, server) = pair().await;
    let service = Arc::new(Slow::default());
    let serving = service.clone();
    let served = tokio::spawn(async move { serve(server, BytesMut::new(), &*serving).await });
    let sent = tokio::spawn(async move {
        for id in 1..=100 {
            client.write_all(&padded_request(id, REQUEST_BYTES)).await.expect("it is sent");
        }
        client
    });
    service.answer_in_turns(100, REQUESTS_AT_ONCE).await;
    drop(sent.await.expect("all is sent"));
    served.await.expect("it ends");
}

#[tokio::test]
async fn answers_that_nobody_reads_are_not_kept_beyond_the_limit() {
    let (_client, server) = pair().await;
    let (_input, output) = server.into_split();
    let outlet = Outbox::new(output, NativeFraming);
    let answer = encode::refusal(1, &Error::new(ErrorCode::Internal, "x".repeat(1024)));
    for _ in 0..2 * OUT_BYTES_MAX / 1024 {
        outlet.put(&answer);
    }
    assert!(outlet.is_over());
    let kept = outlet.waiting_bytes();
    assert!(kept <= OUT_BYTES_MAX + FRAME_BYTES_MAX, "{kept} bytes are kept");
}
