//! What one connection may keep in memory, whatever its client does.

use bramah_wire::frame::FRAME_BYTES_MAX;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

use super::*;
use crate::limits::{CONNECTION_REQUEST_BYTES_MAX, OUT_BYTES_MAX};
use crate::memory::{Budget, plenty};
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
    let served =
        tokio::spawn(
            async move { serve(server, BytesMut::new(), &*serving, plenty().traffic).await },
        );
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
    let outlet = Outbox::new(output, NativeFraming, plenty().traffic);
    let answer = encode::refusal(1, &Error::new(ErrorCode::Internal, "x".repeat(1024)));
    for _ in 0..2 * OUT_BYTES_MAX / 1024 {
        outlet.put(&answer);
    }
    assert!(outlet.is_over());
    let kept = outlet.waiting_bytes();
    assert!(kept <= OUT_BYTES_MAX + FRAME_BYTES_MAX, "{kept} bytes are kept");
}

/// A kilobyte, with what is round it.
fn kilobyte() -> proto::Message {
    encode::refusal(1, &Error::new(ErrorCode::Internal, "x".repeat(1000)))
}

#[tokio::test]
async fn connections_that_read_nothing_share_what_there_is_and_a_reader_gets_all_of_it() {
    let budget = Arc::new(Budget::new("test_bytes", 8 * 1024 * 1024));
    let mut idle = Vec::new();
    for _ in 0..20 {
        let (client, server) = pair().await;
        let (input, output) = server.into_split();
        let outlet = Outbox::new(output, NativeFraming, budget.open());
        // What the sockets take does not count.
        while !outlet.is_blocked() {
            outlet.put(&kilobyte());
            outlet.send();
        }
        let mut kept = 0;
        for _ in 0..4 * 1024 {
            outlet.put(&kilobyte());
            kept = kept.max(outlet.waiting_bytes());
        }
        assert!(kept < 4 * 1024 * 1024 + 16 * 1024, "{kept} bytes are kept for one");
        assert!(outlet.is_over(), "more than there is was taken");
        // It gave back what it had, so the next one could have as much: keep some of it.
        let charge = budget.open().take(budget.free() / 2);
        idle.push((client, input, outlet, charge.expect("half of what is left")));
    }
    assert!(budget.free() < 64 * 1024, "{} bytes are left", budget.free());
    let (mut client, server) = pair().await;
    let (_input, output) = server.into_split();
    let reader = Outbox::new(output, NativeFraming, budget.open());
    const READ_BYTES: usize = 4 * 1024 * 1024;
    let reading = tokio::spawn(async move {
        client.read_exact(&mut vec![0; READ_BYTES]).await.expect("all of it comes");
    });
    for _ in 0..READ_BYTES / 1000 {
        reader.put(&kilobyte());
        reader.send();
        assert!(!reader.is_over(), "a reader was given up");
        while reader.is_blocked() {
            reader.stream.writable().await.expect("it is read");
            reader.send();
        }
    }
    reading.await.expect("it ends");
}

#[tokio::test]
async fn a_request_that_finds_no_room_as_it_comes_is_refused_by_the_name_of_the_bound() {
    const ROOM: usize = 128 * 1024;
    for (bytes, is_taken) in [(ROOM / 4, true), (ROOM, false)] {
        let (mut client, server) = pair().await;
        let service = Arc::new(Slow::default());
        let serving = service.clone();
        let account = Arc::new(Budget::new("test_bytes", ROOM)).open();
        let served =
            tokio::spawn(async move { serve(server, BytesMut::new(), &*serving, account).await });
        client.write_all(&padded_request(1, bytes)).await.expect("it is sent");
        if is_taken {
            service.answer_in_turns(1, 1).await;
        }
        let mut head = [0; 4];
        client.read_exact(&mut head).await.expect("an answer");
        let mut body = vec![0; u32::from_be_bytes(head) as usize];
        client.read_exact(&mut body).await.expect("all of it");
        let says_why = String::from_utf8_lossy(&body).contains("test_bytes: ");
        assert_eq!(says_why, !is_taken);
        drop(client);
        served.await.expect("it ends");
    }
}
