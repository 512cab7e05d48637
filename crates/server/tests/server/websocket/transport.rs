//! Three ways to carry the same messages.

use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

use bramah_wire::frame::{OPENING, put_frame, take_frame};
use bramah_wire::{json, proto};
use bytes::BytesMut;
use prost::Message as _;
use socket2::{Domain, SockRef, Socket, Type};
use tungstenite::error::ProtocolError;
use tungstenite::{ClientRequestBuilder, Error, Message, WebSocket};

/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(10);

pub(crate) trait Transport: Sized + Send + 'static {
    /// Makes a connection of this socket.
    fn open(socket: TcpStream) -> Self;

    fn send(&mut self, request: &proto::Request);

    /// The next message; none once the server closed the connection.
    fn receive(&mut self) -> Option<proto::Message>;

    /// Ends the connection as its protocol has it.
    fn close(self);

    fn socket(&self) -> &TcpStream;

    fn connect(address: SocketAddr) -> Self {
        Self::connect_from(Ipv4Addr::LOCALHOST, address)
    }

    fn connect_from(source: Ipv4Addr, address: SocketAddr) -> Self {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
        socket.bind(&SocketAddr::from((source, 0)).into()).expect("an address");
        socket.connect(&address.into()).expect("it connects");
        let socket = TcpStream::from(socket);
        socket.set_nodelay(true).expect("no delay");
        socket.set_read_timeout(Some(PATIENCE)).expect("a time-out");
        Self::open(socket)
    }

    /// Ends the connection with a FIN, and without a word.
    fn fin(self) {
        drop(self);
    }

    /// Ends the connection with a reset.
    fn reset(self) {
        let linger = Some(Duration::ZERO);
        SockRef::from(self.socket()).set_linger(linger).expect("no linger");
    }
}

pub(crate) struct Native {
    socket: TcpStream,
    buffer: BytesMut,
}

impl Transport for Native {
    fn open(mut socket: TcpStream) -> Native {
        std::io::Write::write_all(&mut socket, &OPENING).expect("it is sent");
        Native { socket, buffer: BytesMut::new() }
    }

    fn send(&mut self, request: &proto::Request) {
        let mut out = BytesMut::new();
        put_frame(request, &mut out).expect("it fits");
        std::io::Write::write_all(&mut self.socket, &out).expect("it is sent");
    }

    fn receive(&mut self) -> Option<proto::Message> {
        loop {
            if let Some(frame) = take_frame(&mut self.buffer).expect("a frame") {
                return Some(proto::Message::decode(frame).expect("a message"));
            }
            let mut part = [0; 16 * 1024];
            match std::io::Read::read(&mut self.socket, &mut part).expect("something") {
                0 => return None,
                bytes => self.buffer.extend_from_slice(&part[..bytes]),
            }
        }
    }

    /// It has no word for it: half of the connection is closed, and the server closes the other.
    fn close(mut self) {
        self.socket.shutdown(std::net::Shutdown::Write).expect("it is sent");
        while self.receive().is_some() {}
    }

    fn socket(&self) -> &TcpStream {
        &self.socket
    }
}

/// One WebSocket, in the subprotocol of this name or in none.
pub(crate) fn websocket(socket: TcpStream, subprotocol: Option<&str>) -> WebSocket<TcpStream> {
    let address = socket.peer_addr().expect("an address");
    let uri = format!("ws://{address}/v1/ws").parse().expect("a URI");
    let mut request = ClientRequestBuilder::new(uri);
    if let Some(subprotocol) = subprotocol {
        request = request.with_sub_protocol(subprotocol);
    }
    let (websocket, response) = tungstenite::client(request, socket).expect("it is a WebSocket");
    let agreed = response.headers().get("sec-websocket-protocol");
    assert_eq!(agreed.map(|it| it.to_str().expect("text")), subprotocol);
    websocket
}

/// The next message of a WebSocket that is no ping; none once it is closed.
pub(crate) fn next(websocket: &mut WebSocket<TcpStream>) -> Option<Message> {
    loop {
        match websocket.read() {
            Ok(Message::Ping(_) | Message::Pong(_)) => {}
            Ok(Message::Close(_)) => return None,
            Ok(message) => return Some(message),
            Err(Error::ConnectionClosed) => return None,
            Err(Error::Protocol(ProtocolError::ResetWithoutClosingHandshake)) => return None,
            Err(error) => panic!("nothing came: {error}"),
        }
    }
}

fn close(mut websocket: WebSocket<TcpStream>) {
    websocket.close(None).expect("it is sent");
    while next(&mut websocket).is_some() {}
}

pub(crate) struct WebSocketBinary(WebSocket<TcpStream>);

impl Transport for WebSocketBinary {
    fn open(socket: TcpStream) -> WebSocketBinary {
        WebSocketBinary(websocket(socket, Some("bramah.v1.proto")))
    }

    fn send(&mut self, request: &proto::Request) {
        self.0.send(Message::binary(request.encode_to_vec())).expect("it is sent");
    }

    fn receive(&mut self) -> Option<proto::Message> {
        match next(&mut self.0)? {
            Message::Binary(bytes) => Some(proto::Message::decode(bytes).expect("a message")),
            other => panic!("not binary: {other}"),
        }
    }

    fn close(self) {
        close(self.0);
    }

    fn socket(&self) -> &TcpStream {
        self.0.get_ref()
    }
}

pub(crate) struct WebSocketJson(WebSocket<TcpStream>);

impl Transport for WebSocketJson {
    fn open(socket: TcpStream) -> WebSocketJson {
        WebSocketJson(websocket(socket, Some("bramah.v1.json")))
    }

    fn send(&mut self, request: &proto::Request) {
        let mut text = BytesMut::new();
        json::put_request(request, &mut text).expect("it has JSON");
        let text = String::from_utf8(text.to_vec()).expect("UTF-8");
        self.0.send(Message::text(text)).expect("it is sent");
    }

    fn receive(&mut self) -> Option<proto::Message> {
        match next(&mut self.0)? {
            Message::Text(text) => Some(json::take_message(&text).expect("a message")),
            other => panic!("not text: {other}"),
        }
    }

    fn close(self) {
        close(self.0);
    }

    fn socket(&self) -> &TcpStream {
        self.0.get_ref()
    }
}
