//! What a WebSocket's client may do wrong, and what it is told.

use std::net::TcpStream;

use bramah_wire::json;
use bramah_wire::proto::message::Kind;
use bramah_wire::proto::reply::Outcome;
use tungstenite::{Message, WebSocket};

use super::transport::{next, websocket};
use crate::running::Running;

const INFO: &str = r#"{"id":7,"getServerInfo":{}}"#;
/// The same in protobuf.
const INFO_BYTES: [u8; 5] = [0x08, 0x07, 0xb2, 0x01, 0x00];

fn connect(server: &Running, subprotocol: Option<&str>) -> WebSocket<TcpStream> {
    let socket = TcpStream::connect(server.address()).expect("it connects");
    socket.set_read_timeout(Some(std::time::Duration::from_secs(10))).expect("a time-out");
    websocket(socket, subprotocol)
}

fn reply(client: &mut WebSocket<TcpStream>) -> (u64, Outcome, bool) {
    let (message, is_text) = match next(client).expect("it is open") {
        Message::Text(text) => (json::take_message(&text).expect("JSON"), true),
        Message::Binary(bytes) => (prost::Message::decode(bytes).expect("protobuf"), false),
        other => panic!("no message: {other}"),
    };
    match message.kind {
        Some(Kind::Reply(reply)) => (reply.id, reply.outcome.expect("an outcome"), is_text),
        other => panic!("no reply: {other:?}"),
    }
}

#[test]
fn each_text_that_is_no_request_is_refused_and_the_connection_goes_on() {
    let server = Running::in_memory();
    let mut client = connect(&server, Some("bramah.v1.json"));
    for (text, id, code, words) in [
        ("", 0, "invalid_frame", "EOF"),
        ("hello", 0, "invalid_frame", "line 1"),
        ("[1]", 0, "invalid_frame", "sequence"),
        (r#"{"id":7,"aquire":{}}"#, 7, "invalid_frame", "unknown field `aquire`"),
        (r#"{"id":8}"#, 8, "unsupported", "no operation"),
        (r#"{"acquire":{}}"#, 0, "invalid_request", "ids start at 1"),
        (r#"{"id":9,"acquire":{}}"#, 9, "invalid_request", "acquire"),
        (r#"{"id":"10","keepAlive":{"sessions":7}}"#, 10, "invalid_frame", "sequence"),
    ] {
        client.send(Message::text(text)).expect("it is sent");
        let (answered, outcome, _) = reply(&mut client);
        let Outcome::Error(error) = outcome else { panic!("no error for {text}") };
        assert_eq!((answered, error.code.as_str()), (id, code), "{error:?}");
        assert!(error.message.contains(words), "{error:?}");
    }
    client.send(Message::binary(INFO_BYTES.to_vec())).expect("it is sent");
    let (_, outcome, is_text) = reply(&mut client);
    let Outcome::Error(error) = outcome else { panic!("no error") };
    assert!(is_text && error.message.contains("bramah.v1.json in text messages"), "{error:?}");
    client.send(Message::text(INFO)).expect("it is sent");
    assert!(matches!(reply(&mut client), (7, Outcome::ServerInfo(_), true)));
}

#[test]
fn without_a_subprotocol_the_first_message_decides() {
    let server = Running::in_memory();
    for first_is_text in [true, false] {
        let mut client = connect(&server, None);
        let (text, bytes) = (Message::text(INFO), Message::binary(INFO_BYTES.to_vec()));
        let (right, wrong) = if first_is_text { (text, bytes) } else { (bytes, text) };
        client.send(right.clone()).expect("it is sent");
        assert!(
            matches!(reply(&mut client), (7, Outcome::ServerInfo(_), is) if is == first_is_text)
        );
        client.send(wrong).expect("it is sent");
        assert!(matches!(reply(&mut client), (0, Outcome::Error(_), is) if is == first_is_text));
        client.send(right).expect("it is sent");
        assert!(
            matches!(reply(&mut client), (7, Outcome::ServerInfo(_), is) if is == first_is_text)
        );
    }
}

#[test]
fn bytes_that_are_no_protobuf_are_refused_and_the_connection_goes_on() {
    let server = Running::in_memory();
    let mut client = connect(&server, Some("bramah.v1.proto"));
    client.send(Message::binary(vec![0xff; 4])).expect("it is sent");
    let (id, outcome, is_text) = reply(&mut client);
    let Outcome::Error(error) = outcome else { panic!("no error") };
    assert_eq!((id, error.code.as_str(), is_text), (0, "invalid_frame", false));
    client.send(Message::binary(INFO_BYTES.to_vec())).expect("it is sent");
    assert!(matches!(reply(&mut client), (7, Outcome::ServerInfo(_), false)));
}

#[test]
fn pings_are_answered_between_requests_of_a_pipeline() {
    let server = Running::in_memory();
    let mut client = connect(&server, None);
    for number in 0..100u8 {
        client.write(Message::text(INFO)).expect("it is sent");
        client.write(Message::Ping(vec![number].into())).expect("it is sent");
    }
    client.flush().expect("it is sent");
    let (mut pongs, mut replies) = (0, 0);
    while pongs < 100 || replies < 100 {
        match client.read().expect("a message") {
            Message::Pong(bytes) => {
                assert_eq!(bytes.as_ref(), [pongs]);
                pongs += 1;
            }
            Message::Text(_) => replies += 1,
            other => panic!("unexpected: {other}"),
        }
    }
}

#[test]
fn a_client_that_closes_gets_its_close_frame_back() {
    let server = Running::in_memory();
    let mut client = connect(&server, None);
    client.send(Message::text(INFO)).expect("it is sent");
    reply(&mut client);
    let frame = tungstenite::protocol::CloseFrame {
        code: tungstenite::protocol::frame::coding::CloseCode::Normal,
        reason: "enough".into(),
    };
    client.close(Some(frame.clone())).expect("it is sent");
    assert_eq!(client.read().expect("an answer"), Message::Close(Some(frame)));
}
