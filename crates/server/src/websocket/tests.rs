//! A connection with a client that does what a test says, in little time.

use std::net::TcpStream as Socket;

use bramah_wire::proto;
use bramah_wire::proto::message::Kind;
use bramah_wire::proto::reply::Outcome;
use bramah_wire::proto::request::Op;
use bytes::BytesMut;
use tokio::net::TcpListener;
use tungstenite::WebSocket;
use tungstenite::protocol::frame::coding::{Data, OpCode};
use tungstenite::protocol::frame::{Frame, FrameSocket};

use super::*;
use crate::limits::{CONNECTION_REQUEST_BYTES_MAX, CONNECTION_REQUESTS_MAX};
use crate::memory::{Budget, plenty};
use crate::service::slow::Slow;

/// A client on a thread of its own, and the connection's end here.
struct Scene {
    service: Arc<Slow>,
    served: tokio::task::JoinHandle<()>,
}

impl Scene {
    async fn begin<T: Send + 'static>(
        format: Option<Format>,
        patience: Patience,
        client: impl FnOnce(WebSocket<Socket>) -> T + Send + 'static,
    ) -> (Scene, tokio::task::JoinHandle<T>) {
        Scene::begin_with(format, patience, plenty().traffic, client).await
    }

    async fn begin_with<T: Send + 'static>(
        format: Option<Format>,
        patience: Patience,
        account: Arc<Account>,
        client: impl FnOnce(WebSocket<Socket>) -> T + Send + 'static,
    ) -> (Scene, tokio::task::JoinHandle<T>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("it listens");
        let address = listener.local_addr().expect("an address");
        let client = tokio::task::spawn_blocking(move || {
            let socket = Socket::connect(address).expect("it connects");
            socket.set_read_timeout(Some(Duration::from_secs(10))).expect("a time-out");
            client(WebSocket::from_raw_socket(socket, Role::Client, None))
        });
        let (stream, _) = listener.accept().await.expect("it comes");
        let service = Arc::new(Slow::default());
        let serving = service.clone();
        let served = tokio::spawn(async move {
            serve(stream, Vec::new(), format, patience, &*serving, account).await;
        });
        (Scene { service, served }, client)
    }

    /// Waits until it is over; then the service knows that the client is gone.
    async fn end(self) {
        self.served.await.expect("it ends");
        assert!(self.service.is_gone());
    }
}

const LONG: Duration = Duration::from_secs(100);
const SHORT: Duration = Duration::from_millis(50);
const PATIENT: Patience = Patience { ping_after: LONG, silence_max: LONG };

fn request(id: u64) -> Message {
    let op = Op::GetServerInfo(proto::GetServerInfo {});
    let mut text = BytesMut::new();
    json::put_request(&proto::Request { id, op: Some(op) }, &mut text).expect("it is written");
    Message::Text(text.freeze().try_into().expect("it is UTF-8"))
}

/// The error in the next message, and the id it answers.
fn error(client: &mut WebSocket<Socket>) -> (u64, proto::Error) {
    let message = match client.read().expect("a message") {
        Message::Text(text) => json::take_message(&text).expect("JSON"),
        Message::Binary(bytes) => prost::Message::decode(bytes).expect("protobuf"),
        other => panic!("no message: {other:?}"),
    };
    match message.kind {
        Some(Kind::Reply(reply)) => match reply.outcome {
            Some(Outcome::Error(error)) => (reply.id, error),
            other => panic!("no error: {other:?}"),
        },
        other => panic!("no reply: {other:?}"),
    }
}

fn close_code(client: &mut WebSocket<Socket>) -> Option<CloseCode> {
    match client.read() {
        Ok(Message::Close(frame)) => frame.map(|frame| frame.code),
        other => panic!("no close frame: {other:?}"),
    }
}

#[tokio::test]
async fn a_client_that_answers_pings_stays_and_one_that_is_silent_is_told_and_left() {
    let patience = Patience { ping_after: SHORT, silence_max: SHORT * 5 };
    let (scene, client) = Scene::begin(Some(Format::Json), patience, |mut client| {
        // Reading answers them, far longer than silence may be.
        let mut pings = 0;
        while pings < 20 {
            pings += usize::from(client.read().expect("a ping").is_ping());
        }
        client
    })
    .await;
    let mut client = client.await.expect("it got its pings");
    assert!(!scene.service.is_gone());
    let client = tokio::task::spawn_blocking(move || {
        // Now it reads what comes from the socket, and answers nothing.
        let told = loop {
            let mut frames = FrameSocket::new(client.get_mut());
            let frame = frames.read(None).expect("a frame").expect("a frame");
            if frame.header().opcode == OpCode::Data(Data::Text) {
                break frame.into_text().expect("text");
            }
        };
        json::take_message(&told).expect("JSON")
    });
    let told = format!("{:?}", client.await.expect("it was told"));
    assert!(told.contains("hear of the client: nothing for 250ms"), "{told}");
    scene.end().await;
}

#[tokio::test]
async fn half_a_message_is_no_sign_of_life() {
    let patience = Patience { ping_after: SHORT, silence_max: SHORT };
    let (scene, client) = Scene::begin(None, patience, |mut client| {
        // A byte again and again, of a message that never ends.
        let head = [0x81, 0xfe, 0x7f, 0xff, 0, 0, 0, 0];
        io::Write::write_all(client.get_mut(), &head).expect("it is sent");
        while io::Write::write_all(client.get_mut(), b"x").is_ok() {
            std::thread::yield_now();
        }
    })
    .await;
    scene.end().await;
    client.await.expect("it was cut off");
}

#[tokio::test]
async fn no_more_requests_are_taken_than_may_be_under_way() {
    const REQUESTS: usize = 5 * CONNECTION_REQUESTS_MAX;
    let (scene, client) = Scene::begin(Some(Format::Json), PATIENT, |mut client| {
        for id in 1..=REQUESTS as u64 {
            client.write(request(id)).expect("it is sent");
        }
        client.flush().expect("it is sent");
        (1..=REQUESTS as u64).for_each(|id| assert_eq!(error(&mut client).0, id));
    })
    .await;
    scene.service.answer_in_turns(REQUESTS, CONNECTION_REQUESTS_MAX).await;
    client.await.expect("all were answered");
    scene.end().await;
}

#[tokio::test]
async fn heavy_requests_wait_until_those_before_are_answered() {
    const REQUEST_BYTES: usize = FRAME_BYTES_MAX / 4;
    const AT_ONCE: usize = CONNECTION_REQUEST_BYTES_MAX / REQUEST_BYTES;
    let (scene, client) = Scene::begin(None, PATIENT, |mut client| {
        for id in 1..=100 {
            let Message::Text(text) = request(id) else { unreachable!() };
            let padding = " ".repeat(REQUEST_BYTES - text.len());
            let padded = format!("{padding}{text}");
            client.send(Message::text(padded)).expect("it is sent");
        }
        client
    })
    .await;
    scene.service.answer_in_turns(100, AT_ONCE).await;
    drop(client.await.expect("all is sent"));
    scene.end().await;
}

#[tokio::test]
async fn what_cannot_be_read_on_is_refused_with_its_reason_and_a_close_frame() {
    let masked = |first: u8, payload: &[u8]| {
        let mut frame = vec![first, 0x80 | payload.len() as u8, 0, 0, 0, 0];
        frame.extend_from_slice(payload);
        frame
    };
    let too_long = {
        let mut head = vec![0x81, 0xff];
        head.extend((FRAME_BYTES_MAX as u64 + 1).to_be_bytes());
        head.extend([0; 4]);
        // What follows is not read; the answer must get through all the same.
        head.extend(vec![b' '; 300_000]);
        head
    };
    for (bytes, code, close, words) in [
        (too_long, "frame_too_large", CloseCode::Size, "1048577"),
        (masked(0x81, &[0xff]), "invalid_frame", CloseCode::Invalid, "UTF-8"),
        (masked(0xf1, b"{}"), "invalid_frame", CloseCode::Protocol, "eserved"),
        (masked(0x80, b"{}"), "invalid_frame", CloseCode::Protocol, "ontinu"),
        (vec![0x81, 2, b'{', b'}'], "invalid_frame", CloseCode::Protocol, "mask"),
    ] {
        let (scene, client) = Scene::begin(None, PATIENT, move |mut client| {
            io::Write::write_all(client.get_mut(), &bytes).expect("it is sent");
            let (id, error) = error(&mut client);
            (id, error, close_code(&mut client))
        })
        .await;
        let (id, error, closed) = client.await.expect("it is told");
        assert_eq!((id, error.code.as_str(), closed), (0, code, Some(close)));
        assert!(error.message.contains(words), "{error:?}");
        scene.end().await;
    }
}

#[tokio::test]
async fn a_longest_message_is_read_in_parts_with_a_ping_between() {
    let (scene, client) = Scene::begin(None, PATIENT, |mut client| {
        let Message::Text(text) = request(7) else { unreachable!() };
        let whole = format!("{}{text}", " ".repeat(FRAME_BYTES_MAX - text.len()));
        let parts = whole.as_bytes().chunks(100_000).map(<[u8]>::to_vec);
        let last = parts.len() - 1;
        for (number, part) in parts.enumerate() {
            let data = if number == 0 { Data::Text } else { Data::Continue };
            let frame = Frame::message(part, OpCode::Data(data), number == last);
            client.send(Message::Frame(frame)).expect("it is sent");
            if number == last {
                break;
            }
            client.send(Message::Ping(vec![number as u8].into())).expect("it is sent");
            assert_eq!(client.read().expect("a pong").into_data(), vec![number as u8]);
        }
        error(&mut client)
    })
    .await;
    while scene.service.asked() == 0 {
        yield_now().await;
    }
    scene.service.answer_all();
    assert_eq!(client.await.expect("it is answered").0, 7);
    scene.end().await;
}

#[tokio::test]
async fn parts_of_a_message_that_find_no_room_are_refused_by_the_name_of_the_bound() {
    const ROOM: usize = 128 * 1024;
    let account = Arc::new(Budget::new("test_bytes", ROOM)).open();
    let (scene, client) = Scene::begin_with(None, PATIENT, account, |mut client| {
        // A message that never ends: each of its frames is small.
        let part = Frame::message(vec![b' '; ROOM / 8], OpCode::Data(Data::Text), false);
        let more = Frame::message(vec![b' '; ROOM / 8], OpCode::Data(Data::Continue), false);
        let _ = client.send(Message::Frame(part));
        for _ in 0..16 {
            // The server may have ended it.
            let _ = client.send(Message::Frame(more.clone()));
        }
        let (id, error) = error(&mut client);
        (id, error.message, close_code(&mut client))
    })
    .await;
    let (id, why, code) = client.await.expect("it ends");
    assert!(id == 0 && why.contains("test_bytes: "), "{why}");
    assert_eq!(code, Some(CloseCode::Again));
    scene.end().await;
}
