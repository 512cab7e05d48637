//! A minimal HTTP client over a real socket: it can also do what is wrong. Every answer it gets is
//! held against the server's own description.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

use super::description::Description;

/// How long a test waits for what must come.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A kept-alive connection.
pub(crate) struct Http {
    pub(crate) stream: TcpStream,
    buffer: Vec<u8>,
    /// Methods and paths of the requests whose answers have not been read.
    asked: std::collections::VecDeque<(String, String)>,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let header = self.headers.iter().find(|(there, _)| there == name);
        header.map(|(_, value)| value.as_str())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| {
            panic!("no JSON: {error}: {:?}", String::from_utf8_lossy(&self.body))
        })
    }

    /// The answer of a request that must succeed.
    pub(crate) fn good(&self) -> Value {
        assert!((200..300).contains(&self.status), "{self}");
        if self.body.is_empty() { Value::Null } else { self.json() }
    }

    /// The status and the code of a request that must fail.
    pub(crate) fn problem(&self) -> (u16, String) {
        assert!(self.status >= 400, "{self}");
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{self}");
        let json = self.json();
        assert_eq!(json["status"], self.status, "{self}");
        (self.status, json["code"].as_str().expect("a code").to_owned())
    }

    /// What the problem says.
    pub(crate) fn detail(&self) -> String {
        self.json()["detail"].as_str().expect("a detail").to_owned()
    }
}

impl std::fmt::Display for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.status, String::from_utf8_lossy(&self.body))
    }
}

impl Http {
    pub(crate) fn connect(address: SocketAddr) -> Http {
        let stream = TcpStream::connect(address).expect("it connects");
        stream.set_read_timeout(Some(PATIENCE)).expect("a time-out");
        stream.set_nodelay(true).expect("no delay");
        Http { stream, buffer: Vec::new(), asked: Default::default() }
    }

    pub(crate) fn send_bytes(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).expect("it is sent");
    }

    /// Sends a request, and does not wait for its answer.
    pub(crate) fn send(&mut self, method: &str, path: &str, body: &str) {
        self.send_with(method, path, &[], body);
    }

    pub(crate) fn send_with(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) {
        let mut text = format!("{method} {path} HTTP/1.1\r\nhost: bramah\r\n");
        for (name, value) in headers {
            text += &format!("{name}: {value}\r\n");
        }
        if !body.is_empty() {
            text += &format!("content-length: {}\r\n", body.len());
        }
        text += "\r\n";
        text += body;
        self.asked.push_back((method.to_owned(), path.to_owned()));
        self.send_bytes(text.as_bytes());
    }

    /// The next answer.
    pub(crate) fn answer(&mut self) -> Answer {
        self.try_answer().expect("an answer")
    }

    /// The next answer; none if the server closed the connection.
    pub(crate) fn try_answer(&mut self) -> Option<Answer> {
        let (method, path) = self.asked.pop_front().unwrap_or_default();
        let answer = self.answer_as_it_is(&method)?;
        Description::of(&self.stream).check(&method, &path, &answer);
        Some(answer)
    }

    /// The next answer, whatever the description says of it; where there are very many.
    pub(crate) fn answer_as_it_is(&mut self, method: &str) -> Option<Answer> {
        let end = loop {
            if let Some(end) = find(&self.buffer, b"\r\n\r\n") {
                break end + 4;
            }
            if !self.read() {
                assert!(self.buffer.is_empty(), "{:?}", String::from_utf8_lossy(&self.buffer));
                return None;
            }
        };
        let head = String::from_utf8(self.buffer.drain(..end).collect()).expect("a head");
        let mut lines = head.lines();
        let first = lines.next().expect("a first line");
        let status = first.split(' ').nth(1).expect("a status").parse().expect("a number");
        let headers = lines.filter_map(|line| line.split_once(": "));
        let headers: Vec<_> =
            headers.map(|(name, value)| (name.to_lowercase(), value.to_owned())).collect();
        let mut answer = Answer { status, headers, body: Vec::new() };
        if let Some(length) = answer.header("content-length").filter(|_| method != "HEAD") {
            let length: usize = length.parse().expect("a length");
            while self.buffer.len() < length {
                assert!(self.read(), "the body broke off");
            }
            answer.body = self.buffer.drain(..length).collect();
        }
        Some(answer)
    }

    pub(crate) fn ask(&mut self, method: &str, path: &str, body: &str) -> Answer {
        self.send(method, path, body);
        self.answer()
    }

    pub(crate) fn get(&mut self, path: &str) -> Answer {
        self.ask("GET", path, "")
    }

    pub(crate) fn post(&mut self, path: &str, body: &str) -> Answer {
        self.ask("POST", path, body)
    }

    pub(crate) fn delete(&mut self, path: &str) -> Answer {
        self.ask("DELETE", path, "")
    }

    /// Acquires what must be free, and gives the answer.
    pub(crate) fn acquire(&mut self, name: &str, body: &str) -> Value {
        self.post(&format!("/v1/locks/{name}"), body).good()
    }

    /// Releases what must be held.
    pub(crate) fn release(&mut self, hold: &Value) -> Value {
        let hold = hold["hold"].as_str().expect("a hold");
        self.delete(&format!("/v1/holds/{hold}")).good()
    }

    /// The next so many bytes.
    pub(crate) fn bytes(&mut self, len: usize) -> Vec<u8> {
        while self.buffer.len() < len {
            assert!(self.read(), "it ended");
        }
        self.buffer.drain(..len).collect()
    }

    /// Everything up to the end of the connection.
    pub(crate) fn rest(&mut self) -> Vec<u8> {
        while self.read() {}
        std::mem::take(&mut self.buffer)
    }

    /// A line of a body without an end, such as a stream of events.
    pub(crate) fn line(&mut self) -> Option<String> {
        loop {
            if let Some(end) = find(&self.buffer, b"\n") {
                let line: Vec<u8> = self.buffer.drain(..=end).collect();
                let line = String::from_utf8(line).expect("text");
                return Some(line.trim_end().to_owned());
            }
            if !self.read() {
                return None;
            }
        }
    }

    fn read(&mut self) -> bool {
        let mut part = [0; 16 * 1024];
        match self.stream.read(&mut part) {
            Ok(bytes) => {
                self.buffer.extend_from_slice(&part[..bytes]);
                bytes > 0
            }
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => false,
            Err(error) => panic!("nothing came: {error}"),
        }
    }
}

pub(crate) fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}
